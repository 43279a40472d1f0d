//! What cannot be read costs an answer, or the connection where no other
//! message can be found.

use iotmp_ref::session::dialect::Kind;
use iotmp_ref::session::{CloseReason, Event, Ignored, Session};

use crate::script::{SHIPPING, Script, Y2025};

fn both() -> [Script<Session>; 2] {
    [
        Script::connected_device(SHIPPING),
        Script::connected_server(SHIPPING),
    ]
}

/// A malformed message that the connection survives.
fn survives(end: &mut Script<Session>, hex: &str, kind: Kind, class: &str, reply: &str) {
    end.receives(hex);
    end.sends(reply);
    let event = end.event();
    let Event::Ignored(Ignored::Malformed { kind: found, error }) = event else {
        panic!("{hex}: {event:?}");
    };
    assert_eq!((found, error.class()), (kind, class), "{hex}: {error}");
    end.is_quiet();
    // alive
    end.receives("06 05  08 6f  22 81 61");
    let request = end.request();
    end.end
        .answer_ok(end.now, request, Default::default())
        .unwrap();
    end.sends("01 02  08 6f");
}

#[test]
fn a_malformed_request_is_answered_by_error() {
    for mut end in both() {
        let error = "02 02  08 07";
        // no resource: IOTMP25-RUN-005
        survives(&mut end, "06 02  08 07", Kind::Run, "missing-field", error);
        survives(
            &mut end,
            "08 02  08 07",
            Kind::StartStream,
            "missing-field",
            error,
        );
        // reserved wire types behind the identifier: IOTMPS-WIRE-002
        for wire in [0x19, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f] {
            let hex = format!("06 07  08 07  {wire:02x} 61  22 81 61");
            survives(&mut end, &hex, Kind::Run, "wire-type", error);
        }
        // a value cut short
        survives(
            &mut end,
            "06 04  08 07  22 85",
            Kind::Run,
            "truncated",
            error,
        );
        // text that is none
        survives(&mut end, "06 05  08 07  22 81 ff", Kind::Run, "utf8", error);
        survives(
            &mut end,
            "09 04  08 07  1a 85",
            Kind::StopStream,
            "truncated",
            error,
        );
        // the identifier after the resource
        survives(
            &mut end,
            "06 06  22 81 61  08 07  1a",
            Kind::Run,
            "truncated",
            error,
        );
        // of two the last counts: IOTMP25-AMB-DUPLICATE-FIELD
        survives(
            &mut end,
            "06 04  08 09  08 07",
            Kind::Run,
            "missing-field",
            error,
        );
    }
}

#[test]
fn without_a_readable_identifier_nobody_is_answered() {
    for mut end in both() {
        survives(&mut end, "06 00", Kind::Run, "missing-field", "");
        // 65536 is none: IOTMP25-SID-002, IOTMP25-VARINT-004
        survives(
            &mut end,
            "06 07  08 808004  22 81 61",
            Kind::Run,
            "range",
            "",
        );
        // a number under the wire type of values: IOTMP25-KEY-006
        survives(
            &mut end,
            "06 05  0a 07  22 81 61",
            Kind::Run,
            "wrong-type",
            "",
        );
        // what is unreadable hides the identifier behind it
        survives(
            &mut end,
            "06 06  19 61  08 07  22 81",
            Kind::Run,
            "wire-type",
            "",
        );
        survives(&mut end, "09 00", Kind::StopStream, "missing-field", "");
    }
}

#[test]
fn a_malformed_message_that_asks_for_nothing_is_ignored() {
    for mut end in both() {
        survives(&mut end, "01 00", Kind::Ok, "missing-field", "");
        survives(
            &mut end,
            "02 04  08 07  1a 85",
            Kind::Error,
            "truncated",
            "",
        );
        survives(
            &mut end,
            "0a 04  08 07  1a 85",
            Kind::StreamData,
            "truncated",
            "",
        );
        survives(
            &mut end,
            "04 03  08 07  1b",
            Kind::Disconnect,
            "wire-type",
            "",
        );
        survives(&mut end, "05 01  1b", Kind::KeepAlive, "wire-type", "");
        assert_eq!(end.end.stats().malformed, 5);
    }
}

#[test]
fn a_device_does_not_answer_a_connect() {
    let mut device = Script::connected_device(SHIPPING);
    survives(
        &mut device,
        "03 02  08 07",
        Kind::Connect,
        "missing-field",
        "",
    );
    device.receives("03 0a  08 07  1a e3 8175 8164 8163");
    let kind = Kind::Connect;
    let event = Event::Ignored(Ignored::Unexpected { kind });
    assert_eq!(device.event(), event);
    device.is_quiet();
}

/// IOTMP25-KEY-003 in the 2025 revision
#[test]
fn the_wire_types_are_those_of_the_revision() {
    let mut device = Script::connected_device(Y2025);
    device.receives("06 07  08 07  1a 61  21 4a0161");
    device.sends("02 02  08 07");
    let event = device.event();
    let Event::Ignored(Ignored::Malformed { error, .. }) = event else {
        panic!("{event:?}");
    };
    assert_eq!((error.class(), error.offset()), ("wire-type", 8));
}

/// IOTMP25-AMB-UNKNOWN-TYPE
#[test]
fn unknown_messages_are_ignored() {
    for mut end in both() {
        for (hex, code, size) in [
            ("00 00", 0, 0),
            ("0b 03  ffffff", 0x0b, 3),
            ("ac02 01  00", 300, 1),
            ("ffffffff0f 00", u32::MAX, 0),
        ] {
            end.receives(hex);
            let event = Event::Ignored(Ignored::UnknownMessage { code, size });
            assert_eq!(end.event(), event);
            end.is_quiet();
        }
        assert_eq!(end.end.stats().unknown, 4);
    }
}

/// IOTMP25-KEY-002, -004
#[test]
fn unknown_fields_are_skipped() {
    for mut end in both() {
        // field 5 as a varint, field 6 as a map, field 260
        for field in ["28 09", "32 c1 8161 01", "a210 836c6564"] {
            let field = crate::script::bytes(field);
            let mut run = vec![0x06, 5 + field.len() as u8, 0x08, 0x07];
            run.extend(field);
            run.extend([0x22, 0x81, 0x61]);
            end.receives_bytes(&run);
            let event = end.event();
            let Event::RunRequested {
                request: Some(request),
                resource,
                payload: None,
                ..
            } = event
            else {
                panic!("{event:?}");
            };
            assert_eq!(resource, "a".into());
            end.end
                .answer_ok(end.now, request, Default::default())
                .unwrap();
            end.taken();
        }
    }
}

/// IOTMP25-FRAME-006, IOTMP25-VARINT-003, -004
#[test]
fn a_broken_frame_ends_the_connection() {
    for mut end in both() {
        end.receives("05 00  06 81 80 10");
        end.taken();
        let event = end.event();
        let Event::Closed(CloseReason::Malformed(error)) = event else {
            panic!("{event:?}");
        };
        // the other messages of the connection count: Ok or Connect came before
        assert_eq!(error.class(), "too-large");
        end.receives("05 00");
        end.is_quiet();
    }
    for hex in ["80 80 80 80 80", "06 80 80 80 80 80", "06 ff ff ff ff 1f"] {
        for mut end in both() {
            end.receives(hex);
            let event = end.event();
            let Event::Closed(CloseReason::Malformed(error)) = event else {
                panic!("{event:?}");
            };
            assert_eq!(error.class(), "varint-overflow");
            end.is_quiet();
        }
    }
}

/// IOTMPS-SIZE-001 and the limit itself
#[test]
fn a_message_as_large_as_allowed_is_read() {
    for size in [32 * 1024, 256 * 1024] {
        let mut device = Script::connected_device(SHIPPING);
        // 08 07  22 81 61  1a bf SIZE BYTES
        let head = 5 + 2 + 3;
        let payload = vec![0xee; size - head];
        let mut run = vec![0x06];
        let varint = |mut number: usize| {
            let mut bytes = Vec::new();
            while number >= 0x80 {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
            bytes
        };
        run.extend(varint(size));
        run.extend([0x08, 0x07, 0x22, 0x81, 0x61, 0x1a, 0xbf]);
        run.extend(varint(payload.len()));
        run.extend(&payload);
        device.receives_bytes(&run);
        let event = device.event();
        let Event::RunRequested { payload: got, .. } = event else {
            panic!("{event:?}");
        };
        assert_eq!(got, Some(payload.into()));
    }
}

/// IOTMP25-FRAME-003, -004, -005
#[test]
fn a_message_is_the_same_however_it_is_cut() {
    let stream = "06 05  08 07  22 81 61  0b 00  06 05  08 08  22 81 62  05 00";
    let bytes = crate::script::bytes(stream);
    let told = |pieces: &[&[u8]]| {
        let mut server = Script::connected_server(SHIPPING);
        for piece in pieces {
            server.receives_bytes(piece);
        }
        let events = [server.event(), server.event(), server.event()];
        (format!("{events:?}"), server.taken())
    };
    let whole = told(&[&bytes]);
    for cut in 1..bytes.len() {
        assert_eq!(told(&[&bytes[..cut], &bytes[cut..]]), whole, "cut at {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(told(&single), whole);
}
