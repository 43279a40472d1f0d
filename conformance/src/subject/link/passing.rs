//! What a subject may ask at any time, and no case is about: it is answered in passing.

use core::time::Duration;

use serde_json::{Value as Json, json};

use super::{Link, own};
use crate::case::Role;
use crate::subject::event::{Received, phrase};
use crate::subject::{background, nubison};

impl Link {
    /// Answers nothing in passing until [`release`](Self::release): a message is half sent.
    pub fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// Gives the answers that were held.
    pub async fn release(&mut self) {
        let held = self.held.take().unwrap_or_default();
        if held.is_empty() {
            return;
        }
        for message in held {
            self.reply(message).await;
        }
        self.pause().await;
    }

    /// Answers what the subject may ask at any time, or returns what is left to the case.
    pub(super) async fn in_passing(&mut self, received: Received) -> Option<Received> {
        // Before its Connect a device has nothing to ask.
        let may_ask = self.role == Role::Server || self.hello.is_some();
        if may_ask && self.role == Role::Device && own::opens(&received) {
            self.look_at_own(&received).await;
        }
        let is_for_case = !may_ask || self.served.has(&received);
        let has_left = self.has_left();
        if has_left && received.name() == "logout" {
            self.transcript
                .excuse("the device logged out by itself, as it may");
        }
        // Who has logged out has none, unless that is what it asks for.
        let is_in = !has_left || matches!(received.name(), "logout" | "login");
        let token = self.token.as_deref().filter(|_| is_in);
        let reply = match background::reply(self.role, &received, self.answers_keep_alive) {
            None if self.answers_keep_alive => nubison::reply(self.role, &received, token),
            reply => reply,
        };
        let reply = if may_ask && self.role == Role::Device && self.watch.closes(&received) {
            self.transcript
                .excuse("the device closed a stream by itself, as it may");
            let id = received.stream_id();
            Some(Some(json!({"type": "ok", "stream_id": id})))
        } else {
            reply
        };
        let Some(reply) = reply.filter(|_| !is_for_case) else {
            return Some(received);
        };
        match (reply, &mut self.held) {
            (Some(message), Some(held)) => held.push(message),
            (Some(message), None) => self.reply(message).await,
            (None, _) => {}
        }
        None
    }

    /// Answers in passing.
    async fn reply(&mut self, message: Json) {
        if let Ok(bytes) = self.encode(&message) {
            let note = format!("{} (in passing)", phrase(&message));
            // Whoever takes no answers is not waited for at every one of them.
            let limit = match self.outgoing.is_stalled() {
                true => Duration::ZERO,
                false => self.patience,
            };
            self.write_within(limit, &bytes, note).await;
        }
    }
}
