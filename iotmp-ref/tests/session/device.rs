//! A device's resources, under a script of what its server sends.

use std::sync::{Arc, Mutex};

use iotmp_ref::device::{Device, Failure};
use iotmp_ref::pson::Value;
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::{Call, Event, Reply};

use crate::script::{CONNECT, CONNECT_2025, OK, SHIPPING, Script, Y2025, secs};

fn script(dialect: &'static dyn Dialect, build: fn(Device) -> Device) -> Script<Device> {
    let mut device = build(Device::new("u", "d", "c").dialect(dialect));
    device.connect(secs(0)).unwrap();
    let mut script = Script::new(device);
    let is_2025 = dialect.name() == Y2025.name();
    script.sends(if is_2025 { CONNECT_2025 } else { CONNECT });
    script.receives(OK);
    assert_eq!(script.event(), Event::Connected);
    script
}

/// IOTMP25-RUN-001, -002, -003, -004, -005
#[test]
fn each_kind_of_resource_answers_in_its_way() {
    let mut device = script(SHIPPING, |device| {
        device
            .output("t", || 5)
            .input("i", |value: Value| {
                value.as_bool().map(drop).ok_or("no boolean")
            })
            .input_output("e", |value| value)
            .run("r", || ())
            .run("f", || Err::<(), _>(Failure::new("teapot").code(418)))
    });
    let mut check = |received: &str, sent: &str| {
        device.receives(received);
        device.sends(sent);
    };
    check("06 05  08 07  22 81 74", "01 04  08 07  18 05");
    check("06 07  08 07  1a 61  22 81 69", "01 02  08 07");
    // {"error": "no boolean"}
    check(
        "06 05  08 07  22 81 69",
        "02 15  08 07  1a c1 856572726f72 8a6e6f20626f6f6c65616e",
    );
    check("06 08  08 07  1a 81 78  22 81 65", "01 05  08 07  1a 81 78");
    check("06 05  08 07  22 81 72", "01 02  08 07");
    check(
        "06 05  08 07  22 81 66",
        "02 14  08 07  10 a203  1a c1 856572726f72 86746561706f74",
    );
    check("06 05  08 07  22 81 78", "02 02  08 07");
    check("06 02  08 07", "02 02  08 07");
    // without an identifier nothing comes back, whatever happens
    check("06 03  22 81 74", "");
    check("06 03  22 81 66", "");
    check("06 03  22 81 78", "");
}

/// IOTMPS-RESOURCE-001, -002
#[test]
fn a_handler_sees_how_it_was_asked_for() {
    let mut device = script(SHIPPING, |device| {
        device
            .output_with("c/:a/:b", |request| {
                let (a, b) = (request.path("a").unwrap(), request.path("b").unwrap());
                format!("{}={a}+{b}", request.name())
            })
            .output_with("c/x/*rest", |request| {
                request.path("rest").map(String::from)
            })
            .output("c/x/y", || "exact")
            .run_with("p", |request| request.parameters().cloned())
    });
    let mut check = |received: &str, sent: &str| {
        device.receives(received);
        device.sends(sent);
    };
    // c/1/2
    check(
        "06 09  08 07  22 85 632f312f32",
        "01 0d  08 07  1a 89 632f312f323d312b32",
    );
    // the same by its segments
    check(
        "06 0a  08 07  22 e3 8163 8131 8132",
        "01 0d  08 07  1a 89 632f312f323d312b32",
    );
    // c/x/y, c/x/1: the literal segment goes before the variable one
    check(
        "06 09  08 07  22 85 632f782f79",
        "01 09  08 07  1a 85 6578616374",
    );
    check("06 09  08 07  22 85 632f782f31", "01 05  08 07  1a 81 31");
    // call parameters
    check("06 07  08 07  10 09  22 81 70", "01 04  08 07  18 09");
    check("06 05  08 07  22 81 70", "01 04  08 07  1a 62");
}

/// Which path wins does not depend on which was declared last.
#[test]
fn the_more_literal_path_wins_in_any_order() {
    fn exact(device: Device) -> Device {
        device.output("c/x", || 1)
    }
    fn one(device: Device) -> Device {
        device.output("c/:a", || 2)
    }
    fn rest(device: Device) -> Device {
        device.output("c/*a", || 3)
    }
    for build in [
        (|device| exact(one(rest(device)))) as fn(Device) -> Device,
        |device| rest(one(exact(device))),
        |device| one(exact(rest(device))),
    ] {
        let mut device = script(SHIPPING, build);
        // c/x, c/y, c/y/z
        device.receives("06 07  08 07  22 83 632f78");
        device.sends("01 04  08 07  18 01");
        device.receives("06 07  08 07  22 83 632f79");
        device.sends("01 04  08 07  18 02");
        device.receives("06 09  08 07  22 85 632f792f7a");
        device.sends("01 04  08 07  18 03");
    }
}

/// To describe a resource is not to change it.
#[test]
fn a_sample_is_no_input() {
    let mut device = script(SHIPPING, |device| {
        device.input_output("e", |value| value).sample(1)
    });
    device.receives("06 07  08 07  18 05  22 81 65");
    device.sends("01 04  08 07  18 05");
    device.receives("07 05  08 07  22 81 65");
    // {"in": 1, "out": 1}
    device.sends("01 0d  08 07  1a c2 82696e 01 836f7574 01");
    device.receives("08 05  08 01  22 81 65");
    device.sends("01 02  08 01  0a 04  08 01  18 05");
}

#[test]
fn the_secret_stays_out_of_logs() {
    let mut device = Device::new("user1", "sensor1", "secret123");
    device.connect(secs(0)).unwrap();
    let shown = format!("{device:?}");
    assert!(shown.contains("sensor1"), "{shown}");
    assert!(!shown.contains("secret123"), "{shown}");
    assert!(!shown.contains("115, 101, 99, 114, 101, 116"), "{shown}");
}

/// IOTMP25-RUN-006
#[test]
fn a_number_names_a_resource_that_has_it() {
    let mut device = script(SHIPPING, |device| device.output("t", || 5).alias(300));
    device.receives("06 05  08 07  20 ac02");
    device.sends("01 04  08 07  18 05");
    device.receives("06 04  08 07  20 05");
    device.sends("02 02  08 07");
}

#[test]
fn a_later_resource_of_the_same_path_replaces() {
    let mut device = script(SHIPPING, |device| {
        device.output("t", || 1).output("t", || 2)
    });
    device.receives("06 05  08 07  22 81 74");
    device.sends("01 04  08 07  18 02");
}

#[cfg(feature = "std")]
#[test]
fn a_handler_that_panics_costs_one_answer() {
    let mut device = script(SHIPPING, |device| {
        device.output("t", || 5).run("p", || -> () {
            panic!("on purpose: this is part of the test")
        })
    });
    device.receives("06 05  08 07  22 81 70  06 05  08 08  22 81 74");
    let text = hex::encode("the resource failed unexpectedly");
    device.sends(&format!(
        "02 2c  08 07  1a c1 856572726f72 9f20{text}  01 04  08 08  18 05"
    ));
}

/// IOTMPS-STREAM-002, -003
#[test]
fn a_shipping_device_echoes() {
    let mut device = script(SHIPPING, |device| {
        device
            .input("i", |_| ())
            .input_output("e", |value| value)
            .output("t", || 5)
    });
    // a resource that gives a value sends it at once
    device.receives("08 05  08 01  22 81 74");
    device.sends("01 02  08 01  0a 04  08 01  18 05");
    // one that has none yet does not
    device.receives("08 05  08 02  22 81 69  08 05  08 03  22 81 65");
    device.sends("01 02  08 02  01 02  08 03");
    // each input comes back on the stream, after its answer
    device.receives("06 07  08 09  18 04  22 81 69");
    device.sends("01 02  08 09  0a 04  08 02  18 04");
    device.receives("06 07  08 09  18 06  22 81 65");
    device.sends("01 04  08 09  18 06  0a 04  08 03  18 06");
    // even where the input wanted no answer
    device.receives("06 05  18 07  22 81 69");
    device.sends("0a 04  08 02  18 07");
    // an output that is asked for has not changed by that
    device.receives("06 05  08 09  22 81 74");
    device.sends("01 04  08 09  18 05");
}

#[test]
fn a_2025_device_sends_events_and_samples_only() {
    let mut device = script(Y2025, |device| device.output("t", || 5).input("i", |_| ()));
    device.receives("08 06  08 01  21 4a0174  08 06  08 02  21 4a0169");
    device.sends("01 02  08 01  01 02  08 02");
    device.receives("06 08  08 09  19 40  21 4a0169");
    device.sends("01 02  08 09");
    assert_eq!(device.end.event(device.now, "t"), Ok(1));
    device.sends("0a 05  08 01  19 0805");
    // {"interval": 1}
    device.receives("08 13  08 01  11 6a0a 08696e74657276616c 40  21 4a0174");
    device.sends("01 02  08 01");
    device.at(secs(1));
    device.sends("0a 05  08 01  19 0805");
}

#[test]
fn an_event_goes_to_whoever_listens() {
    let mut device = script(SHIPPING, |device| {
        device.output_with("h/:n", |request| request.path("n").map(String::from))
    });
    assert_eq!(device.end.event(device.now, "h/1"), Ok(0));
    device.is_quiet();
    device.receives("08 07  08 01  22 83 682f31  08 07  08 02  22 83 682f32");
    device.sends("01 02  08 01  0a 05  08 01  1a 81 31  01 02  08 02  0a 05  08 02  1a 81 32");
    assert_eq!(device.end.event(device.now, "h/2"), Ok(1));
    device.sends("0a 05  08 02  1a 81 32");
    assert_eq!(device.end.event_value(device.now, "h/1", 9), Ok(1));
    device.sends("0a 04  08 01  18 09");
    device.receives("09 02  08 01");
    device.sends("01 02  08 01");
    assert_eq!(device.end.event_value(device.now, "h/1", 9), Ok(0));
    device.is_quiet();
}

/// IOTMP25-STREAM-001, -002
#[test]
fn what_cannot_stream_refuses() {
    let mut device = script(SHIPPING, |device| {
        device.run("r", || ()).output("t", || 5).no_streams()
    });
    for resource in ["72", "74", "78"] {
        device.receives(&format!("08 05  08 01  22 81 {resource}"));
        device.sends("02 02  08 01");
    }
    device.is_quiet();
}

/// IOTMP25-STREAM-008, however the resource is named.
#[test]
fn one_resource_has_one_stream() {
    let mut device = script(SHIPPING, |device| device.output("t", || 5).alias(3));
    device.receives("08 05  08 01  22 81 74");
    device.sends("01 02  08 01  0a 04  08 01  18 05");
    device.receives("08 04  08 02  20 03");
    device.sends("01 02  08 02  0a 04  08 02  18 05");
    assert_eq!(device.end.event(device.now, "t"), Ok(1));
    device.sends("0a 04  08 02  18 05");
    device.receives("09 02  08 01");
    device.sends("02 02  08 01");
}

#[test]
fn a_stream_remembers_how_it_was_asked_for() {
    let mut device = script(SHIPPING, |device| {
        device.output_with("t", |request| {
            request.parameters().and_then(|p| p.get("k")).cloned()
        })
    });
    // {"interval": 1000, "k": 8}
    device.receives("08 16  08 01  12 c2 88696e74657276616c 1f e807 816b 08  22 81 74");
    device.sends("01 02  08 01  0a 04  08 01  18 08");
    device.at(secs(1));
    device.sends("0a 04  08 01  18 08");
}

#[test]
fn a_start_may_bring_an_input() {
    let mut device = script(SHIPPING, |device| {
        device.input_output("e", |value: Value| value.as_u64().ok_or("no"))
    });
    device.receives("08 07  08 01  18 04  22 81 65");
    device.sends("01 02  08 01  0a 04  08 01  18 04");
    device.receives("08 07  08 02  1a 62  22 81 65");
    device.sends("02 0d  08 02  1a c1 856572726f72 826e6f");
}

#[test]
fn a_value_that_fails_is_left_out() {
    let failing = Arc::new(Mutex::new(false));
    let seen = Arc::clone(&failing);
    let mut device = Device::new("u", "d", "c").output("t", move || {
        if *seen.lock().unwrap() {
            Err("broken")
        } else {
            Ok(5)
        }
    });
    device.connect(secs(0)).unwrap();
    let mut device = Script::new(device);
    device.taken();
    device.receives(OK);
    device.receives("08 08  08 01  10 e807  22 81 74");
    device.sends("01 02  08 01  0a 04  08 01  18 05");
    *failing.lock().unwrap() = true;
    device.at(secs(1));
    device.sends("");
    *failing.lock().unwrap() = false;
    device.at(secs(2));
    device.sends("0a 04  08 01  18 05");
}

#[test]
fn an_answer_that_cannot_be_sent_becomes_an_error() {
    let mut device = Device::new("u", "d", "c")
        .config(|config| config.max_message_size = 100)
        .output("t", || vec![0_u8; 100]);
    device.connect(secs(0)).unwrap();
    let mut device = Script::new(device);
    device.taken();
    device.receives(OK);
    device.receives("06 05  08 07  22 81 74");
    let text = "a body of 105 bytes, but at most 100 are allowed";
    let text = hex::encode(text);
    device.sends(&format!("02 3c  08 07  1a c1 856572726f72 9f30{text}"));
}

#[test]
fn a_device_has_requests_of_its_own() {
    let mut device = script(SHIPPING, |device| device);
    let now = device.now;
    let session = device.end.session_mut().unwrap();
    let request = session.run(now, Call::new(1).parameters("p")).unwrap();
    device.sends("06 07  08 02  12 81 70  20 01");
    device.receives("01 04  08 02  18 09");
    let result = Ok(Reply::value(9));
    assert_eq!(device.event(), Event::Answered { request, result });
}
