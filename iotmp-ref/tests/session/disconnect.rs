//! How a connection ends.

use iotmp_ref::session::{Call, CloseReason, Misuse, Reply, Session};

use crate::script::{CONNECT, SHIPPING, Script, secs};

fn both() -> [Script<Session>; 2] {
    [
        Script::connected_device(SHIPPING),
        Script::connected_server(SHIPPING),
    ]
}

fn by_peer() -> CloseReason {
    CloseReason::PeerDisconnected {
        reason: None,
        payload: None,
    }
}

/// IOTMP25-DISCONNECT-001
#[test]
fn either_end_says_goodbye() {
    for mut end in both() {
        end.end.disconnect(end.now, None).unwrap();
        end.sends("04 00");
        end.closes(CloseReason::Disconnected { reason: None });
        assert_eq!(end.end.disconnect(end.now, None), Err(Misuse::Closed));
    }
    for mut end in both() {
        end.end.disconnect(end.now, Some("bye".into())).unwrap();
        end.sends("04 05  12 83 627965");
    }
}

/// IOTMP25-DISCONNECT-001 and IOTMP25-AMB-DISCONNECT-ACK
#[test]
fn either_end_hears_it() {
    for mut end in both() {
        end.receives("04 00");
        end.closes(by_peer());
    }
    for mut end in both() {
        end.receives("04 02  08 07");
        end.sends("01 02  08 07");
        end.closes(by_peer());
    }
    for mut end in both() {
        end.receives("04 07  10 02  1a 83 627965");
        end.closes(CloseReason::PeerDisconnected {
            reason: Some(2.into()),
            payload: Some("bye".into()),
        });
    }
}

#[test]
fn what_comes_after_it_is_not_heard() {
    for mut end in both() {
        end.receives("04 00 05 00 06 06  08 07  22 82 6c65");
        end.closes(by_peer());
        end.receives("05 00");
        end.is_quiet();
        let run = end.end.run(end.now, Call::new("x"));
        assert_eq!(run, Err(Misuse::Closed));
    }
}

#[test]
fn it_may_come_before_the_decision() {
    let mut device = Script::device(SHIPPING);
    device.sends(CONNECT);
    device.receives("04 00");
    device.closes(by_peer());

    let mut device = Script::device(SHIPPING);
    device.end.disconnect(device.now, None).unwrap();
    device.sends(&format!("{CONNECT} 04 00"));
}

#[test]
fn a_lost_transport_ends_it_without_a_word() {
    for mut end in both() {
        end.end.handle_end(secs(1));
        end.closes(CloseReason::Ended);
    }
}

/// IOTMP25-STREAM-009
#[test]
fn nothing_survives_the_end() {
    let mut device = Script::connected_device(SHIPPING);
    device.receives("08 06  08 07  22 82 6c65");
    let request = device.request();
    device.end.handle_end(device.now);
    device.closes(CloseReason::Ended);
    let answered = device.end.answer_ok(device.now, request, Reply::empty());
    assert_eq!(answered, Err(Misuse::Closed));
    let sent = device.end.stream_data(device.now, 7, Reply::empty());
    assert_eq!(sent, Err(Misuse::Closed));
}
