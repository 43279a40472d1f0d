//! Sessions of a real device, played again to this one.
//!
//! The server's messages are those that were recorded; the answers are compared
//! as messages, since the order of fields carries no meaning. Where this device
//! answers otherwise on purpose, the probe is listed with the reason.

use std::collections::BTreeMap;
use std::fs;

use iotmp_ref::device::{Device, Failure};
use iotmp_ref::framing::Framer;
use iotmp_ref::pson::{Map, Value};
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::packet::Packet;
use iotmp_ref::session::{Call, CloseReason, ConnectError, Event, IotmpShipping, Reply, TimedOut};
use iotmp_ref::wire::Encoding;

use crate::script::{Script, secs};

/// One line of a recording.
#[derive(Debug)]
struct Line {
    probe: String,
    is_from_device: bool,
    bytes: Vec<u8>,
}

fn recording(name: &str) -> Vec<Line> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../conformance/vectors/shipping/sessions"
    );
    let text = fs::read_to_string(format!("{folder}/{name}.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        Line {
            probe: text("probe"),
            is_from_device: text("from") == "device",
            bytes: hex::decode(text("hex")).unwrap(),
        }
    });
    lines.collect()
}

/// The messages that bytes hold.
fn packets(bytes: &[u8]) -> Vec<Packet> {
    let mut framer = Framer::new(1 << 20);
    framer.push(bytes);
    let mut found = Vec::new();
    while let Some(frame) = framer.next_frame().unwrap() {
        let packet = IotmpShipping.decode(frame.code, &mut frame.reader(), Encoding::Pson2);
        found.push(packet.unwrap());
    }
    assert_eq!(framer.buffered(), 0);
    found
}

fn map<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Map::from(pairs).into()
}

/// A device with the resources of the recorded one.
fn device() -> Device {
    let sum = |input: Value| {
        let part = |key| input.get(key).and_then(Value::as_f64).unwrap_or(0.0);
        map([("r", (part("a") + part("b")).into())])
    };
    let mut device = Device::new("user", "dev1", "secret")
        .output("temperature", || map([("celsius", 22.5.into())]))
        .input("led", |value: Value| match value.get("state") {
            Some(Value::Bool(_)) => Ok(()),
            None if value.is_null() => Ok(()),
            _ => Err("state is not a boolean"),
        })
        .sample(map([("state", false.into())]))
        .input_output("sum", sum)
        .sample(map([("a", 0.into()), ("b", 0.into())]))
        .run("reboot", || ())
        .input_output("echo", |value| value)
        .output("fail", || Err::<(), _>(Failure::new("teapot").code(418)))
        .output("throws", || Err::<(), _>("thrown"))
        .input_output_with("cfg/:id", |request, value| {
            let id = request.path("id").unwrap_or_default();
            map([("id", id.into()), ("in", value)])
        })
        .output("sensor", || 0)
        .output("slow", || 0);
    device.connect(secs(0)).unwrap();
    device
}

/// What this device answers instead, and why.
enum Instead {
    Nothing(&'static str),
    /// Messages in hex.
    This(&'static str, &'static str),
}

use Instead::{Nothing, This};

const IDENTIFIER: &str = "a stream identifier is mandatory, a varint, and of 16 bits";
const NO_IDENTIFIER: &str = "IOTMPS-AMB-RUN-WITHOUT-ID: without one there is no answer";
const RESERVED: &str = "a message with a reserved wire type is refused as a whole";
const LOSSLESS: &str = "an echo is what was sent";
const NO_SILENCE: &str = "a handler that fails is answered by Error";

#[rustfmt::skip]
fn differences() -> BTreeMap<&'static str, Instead> {
    let mut all = BTreeMap::from([
        ("describe_all_no_sid", Nothing(IDENTIFIER)),
        ("run_no_sid", Nothing(NO_IDENTIFIER)),
        ("run_no_sid_unknown", Nothing(NO_IDENTIFIER)),
        ("run_sid_65536", Nothing(IDENTIFIER)),
        ("run_sid_2^32", Nothing(IDENTIFIER)),
        ("run_sid_pson", Nothing(IDENTIFIER)),
        ("run_sid_pson_string", Nothing(IDENTIFIER)),
        ("run_led_wrong_type", This(NO_SILENCE,
            "0221 0871 1ac1856572726f7296 7374617465206973206e6f74206120626f6f6c65616e")),
        ("run_led_scalar_payload", This(NO_SILENCE,
            "0221 0871 1ac1856572726f7296 7374617465206973206e6f74206120626f6f6c65616e")),
        ("run_throws", This(NO_SILENCE, "0211 0876 1ac1856572726f7286 7468726f776e")),
        ("run_echo_neg_int(pson payload)", This(LOSSLESS, "0105 0877 1a3f4d")),
        ("run_echo_varint33bit_payload", This(LOSSLESS, "0108 0877 188080808020")),
        ("run_echo_str_nul", This(LOSSLESS, "0107 0877 1a83610062")),
        ("run_echo_key_nul", This(LOSSLESS, "0109 0877 1ac18361006201")),
        ("run_resource_array", This("IOTMPS-RESOURCE-002, which the recorded device has not",
            "0111 087a 1ac18763656c73697573400000b441")),
        ("run_extra_field260_alias4", This("IOTMP25-KEY-004: field 260 is not field 4",
            "0112 088501 1ac18763656c73697573400000b441")),
    ]);
    for (wire, answer) in [
        (1, "0203 088d01"), (3, "0203 088f01"), (4, "0203 089001"), (5, "0203 089101"),
        (6, "0203 089201"), (7, "0203 089301"),
    ] {
        let probe = format!("run_wiretype{wire}_payload_after").leak();
        all.insert(probe, This(RESERVED, answer));
    }
    let sample = "the input of cfg/:id has no sample, which is shown as null, and it is not run without one";
    for probe in ["describe_one:cfg/7", "describe_one:cfg/:id"] {
        all.insert(probe, This(sample, "010d 0865 1ac2 82696e62 836f757462"));
    }
    all.insert("describe_all", This("what only runs cannot be streamed, and says so",
        "017a 0864 1aca
         876366672f3a6964c182666e04 846563686fc182666e04 846661696cc182666e03 836c6564c182666e02
         867265626f6f74c282666e01 82737460 8673656e736f72c182666e03 84736c6f77c182666e03
         8373756dc182666e04 8b74656d7065726174757265c182666e03 867468726f7773c182666e03"));
    all
}

#[test]
fn requests_are_answered_as_the_recorded_device_does() {
    let mut device = Script::new(device());
    let mut differences = differences();
    let mut lines = recording("basic").into_iter().peekable();

    let connect = lines.next().unwrap();
    assert_eq!(identified(connect.bytes, 1), packets(&device.taken()));
    let ok = lines.next().unwrap();
    device.receives_bytes(&encoded(identified(ok.bytes, 1)));
    assert_eq!(device.event(), Event::Connected);

    let mut compared = 0;
    while let Some(request) = lines.next() {
        assert!(!request.is_from_device, "{}", request.probe);
        let mut recorded = Vec::new();
        while let Some(answer) = lines.next_if(|line| line.is_from_device) {
            recorded.extend(packets(&answer.bytes));
        }
        device.receives_bytes(&request.bytes);
        let answered = packets(&device.taken());
        match differences.remove(request.probe.as_str()) {
            None => assert_eq!(answered, recorded, "{}", request.probe),
            Some(Nothing(why)) => {
                assert_ne!(recorded, [], "{}: no difference: {why}", request.probe);
                assert_eq!(answered, [], "{}: {why}", request.probe);
            }
            Some(This(why, hex)) => {
                let expected = packets(&crate::script::bytes(hex));
                assert_ne!(
                    recorded, expected,
                    "{}: no difference: {why}",
                    request.probe
                );
                assert_eq!(answered, expected, "{}: {why}", request.probe);
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 222);
    let unused: Vec<_> = differences.keys().collect();
    assert!(unused.is_empty(), "listed but never asked: {unused:?}");
}

/// The messages with their stream identifiers set to `stream_id`.
fn identified(bytes: Vec<u8>, stream_id: u16) -> Vec<Packet> {
    let set = |mut packet: Packet| {
        match &mut packet {
            Packet::Ok(answer) | Packet::Error(answer) => answer.stream_id = stream_id,
            Packet::Connect(connect) => connect.stream_id = stream_id,
            Packet::Run(run) => run.stream_id = run.stream_id.map(|_| stream_id),
            Packet::StartStream(start) => start.stream_id = stream_id,
            Packet::StreamData(data) => data.stream_id = stream_id,
            other => panic!("{other:?}"),
        }
        packet
    };
    packets(&bytes).into_iter().map(set).collect()
}

fn encoded(packets: Vec<Packet>) -> Vec<u8> {
    let encode = |packet| IotmpShipping.encode(packet, Encoding::Pson2).unwrap();
    packets.into_iter().flat_map(encode).collect()
}

#[test]
fn its_own_calls_are_those_of_the_recorded_device() {
    let calls = [
        Call::new(2)
            .parameters("p1")
            .payload(map([("v", 1.into())])),
        Call::new(5)
            .parameters("b1")
            .payload(map([("t", 22.5.into())])),
        Call::new(4).parameters("e1"),
        Call::new(4)
            .parameters("e2")
            .payload(map([("x", 1.into())])),
        Call::new(3)
            .parameters(Value::Array(vec!["d2".into(), "led".into()]))
            .payload(map([("state", true.into())])),
    ];
    let lines = recording("calls");
    let recorded: Vec<_> = lines.iter().filter(|line| line.is_from_device).collect();
    let mut device = Script::new(device());
    device.taken();
    device.receives("01 02  08 01");
    for (call, line) in calls.into_iter().zip(&recorded[1..]) {
        let session = device.end.session_mut().unwrap();
        session.run_unanswered(secs(0), call).unwrap();
        assert_eq!(packets(&device.taken()), packets(&line.bytes));
    }
    // the last call wants an answer, and gets it
    let session = device.end.session_mut().unwrap();
    let request = session.run(secs(0), Call::new(1).parameters("p1")).unwrap();
    let stream_id = request.stream_id();
    let sent = packets(&device.taken());
    assert_eq!(sent, identified(recorded[6].bytes.clone(), stream_id));
    let answers = lines.iter().filter(|line| !line.is_from_device);
    let answer = answers.map(|line| line.bytes.clone()).nth(1).unwrap();
    assert_eq!(device.event(), Event::Connected);
    device.receives_bytes(&encoded(identified(answer, stream_id)));
    let result = Ok(Reply::value(map([("v", 1.into())])));
    assert_eq!(device.event(), Event::Answered { request, result });
}

#[test]
fn its_subscriptions_are_those_of_the_recorded_device() {
    let subscriptions = [
        map([
            ("event", "device_topic_publish".into()),
            ("scope", "subscribe".into()),
            ("topic", "a/b".into()),
            ("qos", 1.into()),
        ]),
        map([
            ("event", "device_topic_publish".into()),
            ("scope", "publish".into()),
            ("topic", "p/q".into()),
            ("retained", true.into()),
        ]),
        map([
            ("event", "device_property_update".into()),
            ("current", true.into()),
            ("filters", map([("property", "conf".into())])),
        ]),
        map([("event", "device_state_change".into())]),
    ];
    let lines = recording("events");
    let mut device = Script::new(device());
    device.taken();
    device.receives("01 02  08 01");
    assert_eq!(device.event(), Event::Connected);
    let mut lines = lines.into_iter().skip(2).peekable();
    let mut told = Vec::new();
    for parameters in subscriptions {
        let line = lines.next().unwrap();
        let session = device.end.session_mut().unwrap();
        let call = Call::new(8).parameters(parameters);
        let request = session.start_stream(secs(0), call, secs(0)).unwrap();
        let stream_id = request.stream_id();
        let sent = packets(&device.taken());
        assert_eq!(sent, identified(line.bytes, stream_id));
        while let Some(line) =
            lines.next_if(|line| !line.is_from_device && !line.probe.ends_with("/ping"))
        {
            device.receives_bytes(&encoded(identified(line.bytes, stream_id)));
            told.push(device.event());
        }
    }
    let kinds: Vec<_> = told
        .iter()
        .map(|event| match event {
            Event::Answered { result: Ok(_), .. } => "ok",
            Event::Answered { result: Err(_), .. } => "error",
            Event::StreamData { .. } => "data",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["ok", "data", "ok", "ok", "error"]);
}

/// How each recorded attempt to connect ends here. `None` is a connection.
#[test]
fn connecting_goes_as_with_the_recorded_device_or_better() {
    let refused = |error, payload: Option<Value>| Some(CloseReason::Refused { error, payload });
    let url = Some("iotmp://127.0.0.1:25999".into());
    let timed_out = || Some(CloseReason::TimedOut(TimedOut::Connect));
    #[rustfmt::skip]
    let expected = BTreeMap::from([
        ("connect_refused", refused(ConnectError::BadCredentials, None)),
        // an answer to somebody else, which the recorded device takes for its own
        ("connect_ok_wrong_sid", timed_out()),
        // the recorded device closes for what came before the Ok, which is ignored here
        ("connect_keepalive_before_ok", None),
        ("connect_run_before_ok", None),
        ("connect_reserved0", timed_out()),
        ("connect_error_redirect", refused(ConnectError::Redirect, url)),
        ("connect_no_reply_20s", timed_out()),
    ]);
    let mut attempts = 0;
    let mut lines = recording("connect").into_iter().peekable();
    while let Some(line) = lines.next() {
        if !line.is_from_device || line.bytes.first() != Some(&0x03) {
            continue;
        }
        let Packet::Connect(connect) = packets(&line.bytes).remove(0) else {
            panic!("{line:?}");
        };
        let mut device = Script::new(device());
        assert_eq!(packets(&device.taken()), identified(line.bytes, 1));
        while let Some(answer) = lines.next_if(|line| !line.is_from_device) {
            if answer.probe.ends_with("/ping") {
                break;
            }
            device.receives_bytes(&readdressed(&answer.bytes, connect.stream_id));
        }
        device.at(secs(10));
        attempts += 1;
        if line.probe == "connect_ok_no_sid" {
            // the recorded device takes it for an Ok of its own
            let event = device.event();
            let Event::Closed(CloseReason::Malformed(error)) = event else {
                panic!("{event:?}");
            };
            assert_eq!(error.class(), "missing-field");
            continue;
        }
        let mut end = None;
        let mut is_connected = false;
        while let Some(event) = device.next_event() {
            match event {
                Event::Closed(reason) => end = Some(reason),
                Event::Connected => is_connected = true,
                Event::Ignored(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(&end, &expected[line.probe.as_str()], "{}", line.probe);
        assert_eq!(is_connected, end.is_none(), "{}", line.probe);
        assert_eq!(device.end.is_closed(), end.is_some());
    }
    assert_eq!(attempts, 10);
}

/// Messages to the recorded device's Connect, addressed to the one of this:
/// its stream identifier is 1, and one beside it is 2.
fn readdressed(bytes: &[u8], connect: u16) -> Vec<u8> {
    let mut framer = Framer::new(1 << 20);
    framer.push(bytes);
    let mut all = Vec::new();
    while let Some(frame) = framer.next_frame().unwrap() {
        let raw = [&[frame.code as u8, frame.body.len() as u8], frame.body].concat();
        match IotmpShipping.decode(frame.code, &mut frame.reader(), Encoding::Pson2) {
            Ok(Packet::Ok(answer)) => {
                let stream_id = answer.stream_id - connect + 1;
                all.extend(encoded(identified(raw, stream_id)));
            }
            Ok(Packet::Error(answer)) => {
                let stream_id = answer.stream_id - connect + 1;
                all.extend(encoded(identified(raw, stream_id)));
            }
            // wrong on purpose, or not about the Connect
            _ => all.extend(raw),
        }
    }
    all
}
