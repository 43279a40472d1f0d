//! The programs as a user starts them.

#![cfg(all(unix, feature = "cli"))]

mod program;

use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpListener;

use program::Program;

/// Long enough for a busy machine; only a failing test waits for so long.
const PATIENCE: Duration = Duration::from_secs(30);

const DEVICE: [&str; 2] = ["--device", "user1/sensor1/secret/123"];

#[test]
fn a_server_without_a_prompt_outlives_its_input_and_stops_by_signal() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Program::server(&[&["--listen", "127.0.0.1:0"], &DEVICE[..]].concat());
        let address = server.line();
        server.hang_up();
        let device = Program::device(&address, "secret/123", &[]);
        device.logs("connected");
        server.logs("connected");
        server.signal(signal);
        let (code, stdout, stderr) = server.end();
        assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
        assert!(stderr.contains("stopped"), "{stderr}");
        assert!(!stderr.contains("secret"), "{stderr}");
        device.logs("disconnected");
        device.signal(signal);
        let (code, stdout, stderr) = device.end();
        assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
        assert!(!stderr.contains("secret"), "{stderr}");
    }
}

#[test]
fn the_prompt_calls_a_device() {
    let mut server =
        Program::server(&[&["--listen", "127.0.0.1:0", "--prompt"], &DEVICE[..]].concat());
    let address = server.line();
    let device = Program::device(&address, "secret/123", &["--keep-alive", "30"]);
    let mut ask = |line: &str| {
        server.say(line);
        server.line()
    };
    assert_eq!(ask("wait user1/sensor1"), "user1/sensor1 is connected");
    let devices = ask("devices");
    assert!(
        devices.starts_with("user1/sensor1 from 127.0.0.1:"),
        "{devices}"
    );
    assert!(
        devices.ends_with("keep alive 30 s, connections 1"),
        "{devices}"
    );
    let all = ask("describe user1/sensor1");
    assert!(all.contains(r#""sum":{"fn":4"#), "{all}");
    let by_number = ask("run user1/sensor1 #1");
    assert!(by_number.starts_with(r#"{"celsius":"#), "{by_number}");
    assert_eq!(
        ask("describe user1/sensor1 sum"),
        r#"{"in":{"a":1,"b":2},"out":{"sum":3}}"#
    );
    assert_eq!(
        ask(r#"run user1/sensor1 sum {"a": 1.5, "b": -4}"#),
        r#"{"sum":-2.5}"#
    );
    assert_eq!(ask(r#"run user1/sensor1 led {"state": true}"#), "ok");
    device.logs("led");
    assert_eq!(
        ask("run user1/sensor1 led"),
        r#"refused: {"error":"expected {\"state\": true or false}"}"#
    );
    assert_eq!(ask("run user1/sensor1 cfg/a 1"), "1");
    assert_eq!(ask("run user1/sensor1 cfg/a"), "1");
    assert_eq!(ask("run user1/sensor1 counter"), "1");
    assert_eq!(ask("run user1/sensor1 reboot"), "ok");
    device.logs("reboot");
    assert_eq!(
        ask("run user1/sensor2 led"),
        "error: user1/sensor2 is not connected"
    );
    assert_eq!(ask("run user1/sensor1 nothing"), "refused: no reason given");
    assert!(ask("run user1 led").starts_with("error: which device?"));

    server.say("stream user1/sensor1 heading");
    // The answer, the value now, and one by an event; values do not wait for the
    // answer to be shown.
    let said = [server.line(), server.line(), server.line()];
    let (answers, values): (Vec<_>, Vec<_>) =
        said.into_iter().partition(|line| line == "streaming");
    assert_eq!((answers.len(), values.len()), (1, 2), "{values:?}");
    for line in values {
        let value = line.strip_prefix("user1/sensor1 heading: ");
        assert!(
            value.is_some_and(|value| value.parse::<u64>().is_ok()),
            "{line}"
        );
    }
    server.say("stop user1/sensor1 heading");
    while server.line() != "stopped" {}
    server.say("quit");
    let (code, stdout, stderr) = server.end();
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
}

#[test]
fn a_prompt_ends_with_its_input() {
    let mut server =
        Program::server(&[&["--listen", "127.0.0.1:0", "--prompt"], &DEVICE[..]].concat());
    server.line();
    server.say("devices");
    assert_eq!(server.line(), "no device is connected");
    server.hang_up();
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_device_dials_again_and_again_and_says_why() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    drop(taken);
    let device = Program::device(&address, "secret/123", &["--spec", "iotmp-2025"]);
    device.logs("not reachable");
    let args = ["--listen", &address, "--spec", "iotmp-2025"];
    let server = Program::server(&[&args, &DEVICE[..]].concat());
    assert_eq!(server.line(), address);
    device.logs("connected");
    let wrong = Program::device(&address, "wrong", &["--spec", "iotmp-2025"]);
    wrong.logs("refused");
    wrong.logs("refused");
    server.logs("bad credentials");
}

#[test]
fn a_server_tells_the_revisions_apart_and_says_which() {
    let mut server = Program::server(
        &[
            &["--listen", "127.0.0.1:0", "--prompt", "--spec", "auto"],
            &DEVICE[..],
        ]
        .concat(),
    );
    let address = server.line();
    server.logs("spec=\"auto\"");
    for (args, spec, encoding) in [
        (&[][..], "iotmp-shipping", "pson2"),
        (&["--spec", "iotmp-2025"], "iotmp-2025", "pson1"),
        (
            &["--spec", "iotmp-2023", "--encoding", "cbor"],
            "iotmp-2023",
            "cbor",
        ),
        (
            &["--spec", "iotmp-2023", "--encoding", "pson1"],
            "iotmp-2023",
            "pson1",
        ),
        (&["--spec", "iotmp-2020"], "iotmp-2020", "pson1"),
    ] {
        let device = Program::device(&address, "secret/123", args);
        let line = server.logs("connected");
        let said = format!("spec=\"{spec}\" encoding=\"{encoding}\"");
        assert!(line.contains(&said), "{line}");
        server.say("wait user1/sensor1");
        assert_eq!(server.line(), "user1/sensor1 is connected");
        server.say(r#"run user1/sensor1 sum {"a": 1.5, "b": -4}"#);
        assert_eq!(server.line(), r#"{"sum":-2.5}"#);
        device.signal("-TERM");
        assert_eq!(device.end().0, Some(0));
        server.logs("closed");
    }
}

/// A certificate for 127.0.0.1 and its key, in files of this name.
fn certificate(name: &str) -> (String, String) {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let write = |ending: &str, text: String| {
        let path = format!("{}/{name}.{ending}.pem", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(&path, text).unwrap();
        path
    };
    let certificate = write("cert", issued.cert.pem());
    (
        certificate,
        write("key", issued.signing_key.serialize_pem()),
    )
}

#[test]
fn tls_and_websocket_are_spoken_by_both() {
    let (cert, key) = certificate("spoken");
    let listen = ["--listen", "--tls-listen", "--ws-listen", "--wss-listen"];
    let mut args: Vec<&str> = listen
        .iter()
        .flat_map(|flag| [flag, "127.0.0.1:0"])
        .collect();
    args.extend(["--cert", &cert, "--key", &key, "--prompt"]);
    let mut server = Program::server(&[&args, &DEVICE[..]].concat());
    server.line();
    let listens = |name: &str| {
        let line = server.line();
        let address = line
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(' '));
        address
            .unwrap_or_else(|| panic!("{name}: {line}"))
            .to_owned()
    };
    let (tls, ws, wss) = (listens("tls"), listens("ws"), listens("wss"));
    let url = format!("iotmps://{tls}");
    for (address, flags) in [
        (&tls, &["--tls", "--ca", &cert][..]),
        (&url, &["--insecure"]),
        (&ws, &["--ws"]),
        (&wss, &["--ws", "--tls", "--ca", &cert]),
        (&wss, &["--ws", "--tls", "--insecure"]),
    ] {
        let device = Program::device(address, "secret/123", flags);
        server.say("wait user1/sensor1");
        assert_eq!(server.line(), "user1/sensor1 is connected", "{flags:?}");
        server.say(r#"run user1/sensor1 sum {"a": 1.5, "b": -4}"#);
        assert_eq!(server.line(), r#"{"sum":-2.5}"#, "{flags:?}");
        device.signal("-TERM");
        assert_eq!(device.end().0, Some(0), "{flags:?}");
        server.logs("closed");
    }
    // A certificate that the system knows nothing of, and a server without TLS.
    let (other, _) = certificate("other");
    let device = Program::device(&tls, "secret/123", &["--tls", "--ca", &other]);
    let line = device.logs("not reachable");
    assert!(line.contains("trust the CA that issued it"), "{line}");
    let device = Program::device(&ws, "secret/123", &["--tls", "--insecure"]);
    let line = device.logs("not reachable");
    assert!(line.contains("does not seem to speak TLS here"), "{line}");
}

#[test]
fn wrong_usage_of_tls_is_told_what_to_write() {
    let (cert, key) = certificate("usage");
    let check = |program: Program, what: &str| {
        let (code, stdout, stderr) = program.end();
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.contains(what), "{what}: {stderr}");
    };
    let server = |args: &[&str]| {
        let listen = ["--listen", "127.0.0.1:0"];
        Program::server(&[&listen, &DEVICE[..], args].concat())
    };
    let tls = ["--tls-listen", "127.0.0.1:0"];
    check(server(&tls), "--cert <FILE>");
    check(server(&["--cert", &cert]), "--key <FILE>");
    check(
        server(&["--cert", &cert, "--key", &key]),
        "--cert and --key are for --tls-listen and --wss-listen",
    );
    let files = |cert, key| server(&[&tls[..], &["--cert", cert, "--key", key]].concat());
    check(files("/nowhere.pem", &key), "/nowhere.pem cannot be read: ");
    check(files(&key, &key), "holds no certificate");
    check(files(&cert, &cert), "holds no private key");
    let nubison = ["--spec", "nubison", "--ws-listen", "127.0.0.1:0"];
    check(server(&nubison), "nubison is spoken over TCP alone");

    let device = |args: &[&str]| Program::device("h", "c", args);
    check(device(&["--insecure"]), "--ca and --insecure are for --tls");
    check(
        device(&["--tls", "--insecure", "--ca", &cert]),
        "cannot be used with",
    );
    check(device(&["--tls", "--ca", &key]), "holds no certificate");
}

#[test]
fn nubison_is_spoken_by_both() {
    let (id, secret) = ("client-0000000000001", "secret-0000/00000001");
    let device = format!("{id}/SENSOR01_kitchen/{secret}");
    let args = ["--listen", "127.0.0.1:0", "--prompt", "--spec", "nubison"];
    let mut server = Program::server(&[&args[..], &["--device", &device]].concat());
    let address = server.line();
    let args = ["--server", &address, "--spec", "nubison", "--user", id];
    let rest = ["--device", "SENSOR01_kitchen", "--credential", secret];
    let program = env!("CARGO_BIN_EXE_iotmp-device");
    let device = Program::start(program, &[&args[..], &rest[..]].concat());
    let mut ask = |line: &str| {
        server.say(line);
        server.line()
    };
    assert_eq!(
        ask("wait SENSOR01_kitchen"),
        "SENSOR01_kitchen is logged in"
    );
    assert_eq!(ask("devices"), "SENSOR01_kitchen");
    assert_eq!(ask("command SENSOR01_kitchen turn on"), "turn on");
    assert_eq!(ask("command SENSOR01_kitchen"), "ok");
    assert_eq!(
        ask("command SENSOR01_cellar"),
        "error: SENSOR01_cellar is not logged in"
    );
    server.logs("heading");
    device.signal("-TERM");
    let (code, _, stderr) = device.end();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!stderr.contains("secret-"), "{stderr}");
    server.logs("logged out");
    server.say("quit");
    let (code, stdout, stderr) = server.end();
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
    assert!(!stderr.contains("secret-"), "{stderr}");
}

#[test]
fn what_does_not_fit_a_field_of_nubison_is_told_its_size() {
    let args = ["--listen", "127.0.0.1:0", "--spec", "nubison"];
    let check = |device: &str, why: &str| {
        let server = Program::server(&[&args[..], &["--device", device]].concat());
        let (code, _, stderr) = server.end();
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(why), "{why}: {stderr}");
    };
    let secret = "secret-0000000000001";
    check("user1/sensor1/secret123", "product code of exactly 8 bytes");
    check(
        &format!("user1/SENSOR01_a/{secret}"),
        "client_id takes exactly 20 bytes, not 5",
    );
    check(
        "client-0000000000001/SENSOR01_a/secret123",
        "client_secret takes exactly 20 bytes, not 9",
    );
}

#[test]
fn a_port_in_use_is_one_line_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let server = Program::server(&[&["--listen", &address], &DEVICE[..]].concat());
    let (code, stdout, stderr) = server.end();
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let start = format!("error: cannot listen on {address}: Address already in use");
    assert!(stderr.starts_with(&start), "{stderr}");
}

#[test]
fn wrong_usage_is_told_what_to_write() {
    let check = |program: Program, what: &str| {
        let (code, stdout, stderr) = program.end();
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.contains(what), "{what}: {stderr}");
    };
    let server = |args: &[&str]| Program::server(args);
    let listen = ["--listen", "127.0.0.1:0"];
    check(
        server(&[&["--listen", "1"], &DEVICE[..]].concat()),
        "write IP:PORT",
    );
    check(server(&listen), "--device <USER/DEVICE/CREDENTIAL>");
    let triple = [&listen[..], &["--device", "u/d"]].concat();
    check(server(&triple), "write USER/DEVICE/CREDENTIAL");
    let twice = [&listen[..], &DEVICE[..], &DEVICE[..]].concat();
    check(server(&twice), "is given twice");
    let spec = [&listen[..], &DEVICE[..], &["--spec", "iotmp-2026"]].concat();
    check(
        server(&spec),
        "[possible values: iotmp-shipping, iotmp-2025, iotmp-2023, iotmp-2020, nubison, auto]",
    );

    let device = |address: &str, args: &[&str]| Program::device(address, "c", args);
    check(
        device("http://h", &[]),
        "http is not supported; write HOST:PORT",
    );
    check(device("h:0", &[]), "write HOST:PORT with a port");
    check(
        device("h", &["--keep-alive", "1801"]),
        "use 1 to 1800 seconds",
    );
    check(device("h", &["--keep-alive", "0"]), "use 1 to 1800 seconds");
    check(device("h", &["--spec", "x"]), "[possible values:");
    check(device("h", &["--spec", "auto"]), "[possible values:");
    check(
        device("h", &["--encoding", "json"]),
        "--encoding json: iotmp-shipping does not let a device choose it",
    );
    let spec = ["--spec", "iotmp-2023", "--encoding"];
    check(
        device("h", &[&spec[..], &["pson2"]].concat()),
        "--encoding pson2: iotmp-2023 does not let a device choose it",
    );
    check(
        device("h", &[&spec[..], &["xml"]].concat()),
        "[possible values:",
    );
}

#[test]
fn a_server_with_an_http_face_says_where_it_is() {
    let http = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    let server = Program::server(&[&http[..], &["--token", "s3cret"], &DEVICE].concat());
    let _address = server.line();
    let url = server.line();
    let address = url.strip_prefix("http ").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let path = "/v3/users/user1/devices/sensor1";
    let head = "Host: h\r\nConnection: close\r\nAuthorization: Bearer s3cret";
    write!(stream, "GET {path} HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.signal("-TERM");
    let (code, _, stderr) = server.end();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!stderr.contains("s3cret"), "{stderr}");

    for (args, why) in [
        (&http[..], "--token"),
        (&["--listen", "127.0.0.1:0", "--token", "t"], "--http"),
        (
            &[&http[..], &["--token", ""]].concat(),
            "the token is empty",
        ),
        (
            &[&http[..], &["--token", "t", "--spec", "nubison"]].concat(),
            "have no resources to show",
        ),
    ] {
        let (code, _, stderr) = Program::server(&[args, &DEVICE].concat()).end();
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(why), "{stderr}");
    }
}
