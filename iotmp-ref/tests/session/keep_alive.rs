//! Keep alives, to the instant.

use iotmp_ref::session::{CloseReason, Event, TimedOut};

use crate::script::{OK, SHIPPING, Script, Y2025, bytes, millis, secs};

fn missed() -> CloseReason {
    CloseReason::TimedOut(TimedOut::KeepAlive)
}

/// IOTMP25-KEEPALIVE-001, -002
#[test]
fn a_device_sends_one_every_interval() {
    for dialect in [SHIPPING, Y2025] {
        let mut device = Script::connected_device(dialect);
        assert_eq!(device.end.poll_timeout(), Some(secs(60)));
        device.at(millis(59_999));
        device.is_quiet();
        for round in 1..=3 {
            device.at(secs(60 * round));
            device.sends("05 00");
            device.receives("05 00");
            device.is_quiet();
        }
    }
}

/// IOTMP25-KEEPALIVE-002
#[test]
fn other_traffic_does_not_replace_one() {
    let mut device = Script::connected_device(SHIPPING);
    device.at(secs(59));
    device.receives("06 06  08 07  22 82 6c65");
    let request = device.request();
    device
        .end
        .answer_ok(device.now, request, Default::default())
        .unwrap();
    device.sends("01 02  08 07");
    device.at(secs(60));
    device.sends("05 00");
}

/// IOTMP25-KEEPALIVE-006 and IOTMP25-AMB-KEEP-ALIVE-ANSWER
#[test]
fn a_device_that_misses_the_answer_ends_the_connection() {
    let mut device = Script::connected_device(SHIPPING);
    device.at(secs(60));
    device.sends("05 00");
    device.at(millis(69_999));
    // any other message is no answer
    device.receives("0b 00");
    assert!(matches!(device.event(), Event::Ignored(_)));
    device.is_quiet();
    device.at(secs(70));
    device.closes(missed());

    let mut device = Script::connected_device(SHIPPING);
    device.at(secs(60));
    device.sends("05 00");
    device.at(millis(69_999));
    device.receives("05 00");
    device.at(millis(119_999));
    device.is_quiet();
}

#[test]
fn the_answer_has_to_come_within_a_short_interval() {
    let mut device = Script::device_with(SHIPPING, |_, identity| {
        identity.keep_alive = Some(secs(3));
    });
    device.connected();
    device.at(secs(3));
    device.sends("05 00");
    device.at(millis(5_999));
    device.is_quiet();
    device.at(secs(6));
    device.closes(missed());
}

#[test]
fn a_late_timer_sends_one_and_keeps_its_phase() {
    let mut device = Script::connected_device(SHIPPING);
    device.now = secs(200);
    device.end.handle_timeout(device.now);
    device.sends("05 00");
    device.receives("05 00");
    assert_eq!(device.end.poll_timeout(), Some(secs(240)));
}

/// IOTMP25-KEEPALIVE-003
#[test]
fn a_server_answers_at_once_and_a_device_does_not() {
    let mut server = Script::connected_server(SHIPPING);
    server.receives("05 00");
    server.sends("05 00");
    server.receives("05 00 05 00");
    server.sends("05 00 05 00");

    let mut device = Script::connected_device(SHIPPING);
    device.receives("05 00");
    device.is_quiet();
}

/// IOTMP25-KEEPALIVE-004, -005
#[test]
fn a_server_waits_for_the_interval_and_its_margin() {
    let mut server = Script::connected_server(SHIPPING);
    // 60 s and 15 %
    assert_eq!(server.end.poll_timeout(), Some(secs(69)));
    server.at(millis(68_999));
    server.receives("05 00");
    server.sends("05 00");
    server.at(millis(137_998));
    server.is_quiet();
    server.at(millis(137_999));
    server.closes(missed());
}

/// IOTMP25-KEEPALIVE-005: at the very end of the margin it is still in time.
#[test]
fn a_keep_alive_at_the_last_instant_counts() {
    let mut server = Script::connected_server(SHIPPING);
    server.now = secs(69);
    server.receives("05 00");
    server.end.handle_timeout(server.now);
    server.sends("05 00");
    assert_eq!(server.end.poll_timeout(), Some(secs(138)));
}

/// IOTMP25-KEEPALIVE-004: other messages do not stand in for it.
#[test]
fn a_server_counts_keep_alives_only() {
    let mut server = Script::connected_server(SHIPPING);
    server.at(secs(68));
    server.receives("0b 00");
    assert!(matches!(server.event(), Event::Ignored(_)));
    server.at(secs(69));
    server.closes(missed());
}

#[test]
fn the_margin_follows_the_interval_asked_for() {
    // {"ka": 10} at 5 s, accepted at 8 s
    let mut server = Script::server(SHIPPING);
    server.at(secs(5));
    server.receives_bytes(&bytes(
        "03 10  08 01  12 c1 826b61 0a  1a e3 8175 8164 8163",
    ));
    server.event();
    server.at(secs(8));
    server.end.accept(server.now).unwrap();
    server.sends(OK);
    assert_eq!(server.end.poll_timeout(), Some(millis(19_500)));
}
