//! A fault counts against the side that made it, by its own rule, and against nobody else.

use iotmp_conformance::verdict::{Kind, Verdict};
use serde_json::json;

use crate::talk::{Device, Server, Talk, cases, seen, text};

const KEYED: [&str; 4] = ["iotmp-2020", "iotmp-2023", "iotmp-2025", "iotmp-shipping"];

fn value_message(spec: &str) -> &'static str {
    match spec {
        "iotmp-2020" => "stream_sample",
        _ => "stream_data",
    }
}

/// A talk in which nobody does wrong.
fn good(spec: &str) -> Talk {
    let mut value = json!({"type": value_message(spec), "stream_id": 9});
    let field = if spec == "iotmp-2020" {
        "output"
    } else {
        "payload"
    };
    value[field] = json!(22.5);
    if spec == "iotmp-2023" {
        value["parameters"] = json!(2);
    }
    Talk::connected(spec)
        .say(Device, json!({"type": "keep_alive"}))
        .say(Server, json!({"type": "keep_alive"}))
        .say(Server, json!({"type": "describe", "stream_id": 2}))
        .say(
            Device,
            json!({"type": "ok", "stream_id": 2, "payload": {"led": {"fn": 2}}}),
        )
        .say(
            Server,
            json!({"type": "run", "stream_id": 3, "resource": "led", "payload": true}),
        )
        .say(
            Server,
            json!({"type": "run", "stream_id": 4, "resource": "led"}),
        )
        .say(Device, json!({"type": "error", "stream_id": 4}))
        .say(Device, json!({"type": "ok", "stream_id": 3}))
        .say(Server, json!({"type": "run", "resource": "led"}))
        .say(
            Server,
            json!({"type": "run", "stream_id": 3, "resource": "led"}),
        )
        .say(Device, json!({"type": "ok", "stream_id": 3}))
        .say(
            Server,
            json!({"type": "start_stream", "stream_id": 9, "resource": "temperature"}),
        )
        .say(Device, json!({"type": "ok", "stream_id": 9}))
        .say(Device, value)
        .say(Server, json!({"type": "stop_stream", "stream_id": 9}))
        .say(Device, json!({"type": "ok", "stream_id": 9}))
        .say(Server, json!({"type": "stop_stream", "stream_id": 9}))
        .say(Device, json!({"type": "error", "stream_id": 9}))
        .say(Device, json!({"type": "disconnect", "stream_id": 7}))
        .say(Server, json!({"type": "ok", "stream_id": 7}))
}

#[test]
fn a_good_talk_breaks_nothing_in_any_revision() {
    for spec in KEYED {
        let talk = good(spec);
        talk.fails(&[]);
        let report = talk.report();
        let passed = cases(&report, Kind::Pass);
        for id in [
            "device.observed.connect.first",
            "server.observed.connect.accepted",
            "server.observed.keep-alive.answered",
            "device.observed.describe.all",
            "device.observed.run.one-answer",
            "device.observed.run.no-answer",
            "device.observed.id.interleaved",
            "device.observed.stream.started",
            "device.observed.stream.opened",
            "device.observed.stream.stopped",
            "device.observed.stream.stop-unknown",
            "device.observed.disconnect.last",
        ] {
            assert!(passed.contains(&id), "{spec}: {id}\n{}", text(&report));
        }
        assert_eq!(seen(&report, "device.observed.run.one-answer"), 3);
        assert_eq!(report.exit_code, 4, "{spec}");
    }
}

/// A talk that goes wrong in one place, with the case that says so.
fn bad(case: &str, talk: Talk) {
    talk.fails(&[case]);
}

#[test]
fn faults_of_a_device() {
    for spec in KEYED {
        let talk = || Talk::connected(spec);
        let asked = || {
            talk().say(
                Server,
                json!({"type": "run", "stream_id": 3, "resource": "led"}),
            )
        };
        bad(
            "device.observed.connect.first",
            Talk::new(spec).say(Device, json!({"type": "keep_alive"})),
        );
        bad(
            "device.observed.connect.payload",
            Talk::new(spec).say(
                Device,
                json!({"type": "connect", "stream_id": 1, "payload": ["u", "d"]}),
            ),
        );
        bad(
            "device.observed.run.one-answer",
            asked()
                .say(Device, json!({"type": "ok", "stream_id": 3}))
                .say(Device, json!({"type": "ok", "stream_id": 3})),
        );
        bad(
            "device.observed.id.of-request",
            asked().say(Device, json!({"type": "ok", "stream_id": 4})),
        );
        bad("device.observed.run.one-answer", asked().wait(4000));
        bad(
            "device.observed.stream.opened",
            talk().say(
                Device,
                json!({"type": value_message(spec), "stream_id": 5, "parameters": 2})
                    .as_object()
                    .map(|object| {
                        let mut object = object.clone();
                        if spec == "iotmp-2020" {
                            object.remove("parameters");
                        }
                        object.into()
                    })
                    .unwrap(),
            ),
        );
        bad(
            "device.observed.state.allowed",
            talk().say(Device, json!({"type": "describe", "stream_id": 5})),
        );
        bad(
            "device.observed.disconnect.last",
            talk()
                .say(Device, json!({"type": "disconnect", "stream_id": 5}))
                .say(Device, json!({"type": "keep_alive"})),
        );
        bad(
            "device.observed.connect.wait",
            Talk::new(spec)
                .say(
                    Device,
                    json!({"type": "connect", "stream_id": 1, "payload": ["u", "d", "c"]}),
                )
                .say(Device, json!({"type": "ok", "stream_id": 3})),
        );
        bad(
            "device.observed.describe.all",
            talk()
                .say(Server, json!({"type": "describe", "stream_id": 2}))
                .say(
                    Device,
                    json!({"type": "ok", "stream_id": 2, "payload": [1]}),
                ),
        );
    }
}

#[test]
fn faults_of_a_server() {
    for spec in KEYED {
        let talk = || Talk::connected(spec);
        // 2020 does not say it.
        if spec != "iotmp-2020" {
            bad(
                "server.observed.connect.bare-ok",
                Talk::new(spec)
                    .say(
                        Device,
                        json!({"type": "connect", "stream_id": 1, "payload": ["u", "d", "c"]}),
                    )
                    .say(
                        Server,
                        json!({"type": "ok", "stream_id": 1, "payload": "hi"}),
                    ),
            );
        }
        bad(
            "server.observed.state.allowed",
            talk().say(
                Server,
                json!({"type": "connect", "stream_id": 1, "payload": ["u", "d", "c"]}),
            ),
        );
        bad(
            "server.observed.keep-alive.answered",
            talk()
                .say(Device, json!({"type": "keep_alive"}))
                .wait(12_000),
        );
        bad(
            "server.observed.run.no-answer",
            talk()
                .say(Device, json!({"type": "run", "resource": "led"}))
                .say(Server, json!({"type": "error", "stream_id": 8})),
        );
        // A body that ends inside of its field.
        bad(
            "server.observed.framing.size",
            talk().bytes(Server, &[4, 1, 0x08]),
        );
    }
}

#[test]
fn a_revision_without_a_rule_is_not_judged_by_it() {
    let unsorted = json!({"type": "run", "stream_id": 3, "resource": "led"});
    Talk::connected("iotmp-2025")
        .say(Server, unsorted)
        .fails(&[]);
    // In the shipping profile: keys b, a; written by hand, as the encoder sorts them.
    let message = [
        6, 0x0e, 0x08, 3, 0x22, 0x83, b'l', b'e', b'd', 0x1a, 0xc2, 0x81, b'b', 1, 0x81, b'a',
    ];
    let mut message = message.to_vec();
    message.push(2);
    message[1] = u8::try_from(message.len() - 2).unwrap();
    let talk = Talk::connected("iotmp-shipping").bytes(Server, &message);
    talk.fails(&["server.observed.value.sorted-keys"]);
}

#[test]
fn values_in_a_form_that_is_not_theirs() {
    let run = |value: &[u8]| {
        let mut message = vec![6, 0, 0x08, 3, 0x22, 0x81, b'a', 0x1a];
        message.extend(value);
        message[1] = u8::try_from(message.len() - 2).unwrap();
        Talk::connected("iotmp-shipping").bytes(Server, &message)
    };
    // An integral float; a double that a float holds; a short number in a long form; an integer of
    // its own that is no varint field; text that is none.
    run(&[0x40, 0, 0, 0x80, 0x3f]).fails(&["server.observed.value.pson2-float"]);
    run(&[0x41, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]).fails(&["server.observed.value.pson2-float"]);
    run(&[0xff, 1, 0x61]).fails(&["server.observed.value.pson2-short"]);
    run(&[5]).fails(&["server.observed.value.bare-integer"]);
    run(&[0x81, 0xff]).fails(&["server.observed.value.pson2-text"]);
    run(&[0x7f]).fails(&["server.observed.value.pson2-form"]);
    run(&[0x63]).fails(&["server.observed.value.pson2-form"]);
}

#[test]
fn what_cannot_be_read_is_held_against_its_sender_alone() {
    // A Run whose resource is missing, answered by Error; and a header that is none.
    let bare = [6, 2, 0x08, 3];
    Talk::connected("iotmp-shipping")
        .bytes(Server, &bare)
        .say(Device, json!({"type": "error", "stream_id": 3}))
        .fails(&["server.observed.field.mandatory"]);
    Talk::connected("iotmp-shipping")
        .bytes(Server, &bare)
        .say(Device, json!({"type": "ok", "stream_id": 3}))
        .fails(&[
            "device.observed.run.resource",
            "server.observed.field.mandatory",
        ]);
    Talk::connected("iotmp-shipping")
        .bytes(Server, &[0xff, 0xff, 0xff, 0xff, 0xff])
        .say(Device, json!({"type": "error", "stream_id": 77}))
        .fails(&["server.observed.framing.varint"]);
}

#[test]
fn streams_that_go_on_or_stand_still() {
    let value = json!({"type": "stream_data", "stream_id": 9, "payload": 1.5});
    let started = |interval: u64| {
        let parameters = json!({"interval": interval});
        Talk::connected("iotmp-shipping")
            .say(
                Server,
                json!({"type": "start_stream", "stream_id": 9, "resource": "t", "parameters": parameters}),
            )
            .say(Device, json!({"type": "ok", "stream_id": 9}))
    };
    let stop = json!({"type": "stop_stream", "stream_id": 9});
    started(0)
        .say(Server, stop.clone())
        // What was on its way before the answer is no fault.
        .say(Device, value.clone())
        .say(Device, json!({"type": "ok", "stream_id": 9}))
        .fails(&[]);
    started(0)
        .say(Server, stop.clone())
        .say(Device, json!({"type": "ok", "stream_id": 9}))
        .say(Device, value.clone())
        .fails(&["device.observed.stream.stopped"]);
    // 500 ms between values: two seconds and a half without one are too many, 1.9 s are not.
    started(500)
        .wait(2500)
        .fails(&["device.observed.stream.interval"]);
    started(500)
        .wait(1900)
        .say(Device, value.clone())
        .fails(&[]);
    // Each within the time that one may take, and all of them too slow.
    let paced = |pace: u64, values: usize| {
        let first = started(500);
        (0..values).fold(first, |talk, _| talk.wait(pace).say(Device, value.clone()))
    };
    let slow = &["device.observed.stream.interval"];
    paced(1000, 3).fails(&[]);
    paced(1000, 5).fails(slow);
    paced(700, 60).fails(&[]);
    let again = json!({"type": "start_stream", "stream_id": 10, "resource": "t"});
    started(0)
        .say(Server, again)
        .say(Device, json!({"type": "ok", "stream_id": 10}))
        .say(Device, value)
        .fails(&["device.observed.stream.replaced"]);
}

#[test]
fn keep_alive_that_does_not_come() {
    // 60 s, and 15 percent of them: nobody is late in 69 s.
    Talk::connected("iotmp-shipping").wait(69_000).fails(&[]);
    let device = "device.observed.keep-alive.interval";
    Talk::connected("iotmp-shipping")
        .wait(71_000)
        .fails(&[device]);
    let server = "server.observed.keep-alive.missed";
    Talk::connected("iotmp-shipping")
        .wait(80_000)
        .stays_open()
        .fails(&[device, server]);
}

#[test]
fn an_answer_that_is_overtaken_again_and_again_was_left_out() {
    let run = |id: u16| json!({"type": "run", "stream_id": id, "resource": "led"});
    let ok = |id: u16| json!({"type": "ok", "stream_id": id});
    let mut talk = Talk::connected("iotmp-shipping").say(Server, run(100));
    for id in 0..7 {
        talk = talk.say(Server, run(id)).say(Device, ok(id));
    }
    talk.fails(&[]);
    let talk = talk.say(Server, run(7)).say(Device, ok(7));
    talk.fails(&["device.observed.run.one-answer"]);
}

#[test]
fn evidence_names_the_message_and_its_bytes() {
    let report = Talk::connected("iotmp-shipping")
        .say(
            Server,
            json!({"type": "run", "stream_id": 3, "resource": "led"}),
        )
        .say(Device, json!({"type": "ok", "stream_id": 3}))
        .say(Device, json!({"type": "error", "stream_id": 3}))
        .report();
    let mut cases = report.runs.iter().flat_map(|run| &run.cases);
    let case = cases
        .find(|case| case.verdict.kind() == Kind::Fail)
        .unwrap();
    let Verdict::Fail(failure) = &case.verdict else {
        panic!("not a failure")
    };
    assert_eq!(failure.clause.as_deref(), Some("IOTMP25-RUN-001"));
    assert_eq!(failure.expected, "one answer");
    assert_eq!(failure.got, "another: error stream_id=3");
    assert_eq!(
        failure.detail,
        "message 3 at offset 16 of the device, connection 1"
    );
    let last = case.transcript.last().unwrap();
    assert_eq!(last.hex, "02020803");
    assert_eq!(
        last.note,
        "device message 3 at offset 16: error stream_id=3"
    );
    assert!(
        last.fields
            .iter()
            .any(|row| row.contains("error.stream_id"))
    );
    assert_eq!(report.exit_code, 1);
}
