//! What a subject may ask at any time, and what it gets for an answer.
//!
//! A server may describe and run the resources of any device that connects, and
//! a device may call the server as soon as it is connected. No case is about
//! that, and none may fail because of it.

use serde_json::{Value as Json, json};

use super::event::Received;
use crate::case::Role;

/// How a message is answered in passing: `None` leaves it to the case, `Some(None)` needs no answer.
pub(super) fn reply(
    role: Role,
    received: &Received,
    answers_keep_alive: bool,
) -> Option<Option<Json>> {
    let refuse = || {
        let id = received.stream_id()?;
        Some(json!({"type": "error", "stream_id": id}))
    };
    match (role, received.name()) {
        (Role::Device, "keep_alive") if answers_keep_alive => {
            Some(Some(json!({"type": "keep_alive"})))
        }
        (Role::Server, "describe") if received.field("resource").is_none() => {
            let id = received.stream_id()?;
            Some(Some(json!({"type": "ok", "stream_id": id, "payload": {}})))
        }
        (Role::Server, "describe") | (_, "run" | "start_stream" | "stop_stream") => Some(refuse()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(message: Json) -> Received {
        Received {
            message,
            bytes: vec![],
        }
    }

    #[test]
    fn requests_are_answered_and_answers_are_left_alone() {
        let run = received(json!({"type": "run", "stream_id": 3, "resource": "x"}));
        let error = Some(Some(json!({"type": "error", "stream_id": 3})));
        assert_eq!(reply(Role::Server, &run, true), error);
        assert_eq!(reply(Role::Device, &run, true), error);
        let silent = received(json!({"type": "run", "resource": "x"}));
        assert_eq!(reply(Role::Server, &silent, true), Some(None));
        let ok = received(json!({"type": "ok", "stream_id": 3}));
        assert_eq!(reply(Role::Server, &ok, true), None);
    }

    #[test]
    fn a_keep_alive_is_a_request_of_a_device_and_an_answer_of_a_server() {
        let keep_alive = received(json!({"type": "keep_alive"}));
        assert_eq!(
            reply(Role::Device, &keep_alive, true),
            Some(Some(json!({"type": "keep_alive"})))
        );
        assert_eq!(reply(Role::Device, &keep_alive, false), None);
        assert_eq!(reply(Role::Server, &keep_alive, true), None);
    }
}
