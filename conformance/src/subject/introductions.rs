//! How a device introduced itself, over all of its connections.

use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;

use super::event::Received;

/// Introductions that are kept; a device that says something new every time is judged by these.
const MOST: usize = 64;

/// The introductions of one device, the first of those that say the same.
#[derive(Debug, Default)]
pub(super) struct Introductions(Mutex<Vec<Received>>);

impl Introductions {
    pub(super) fn add(&self, hello: &Received) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = known.iter().all(|one| content(one) != content(hello));
        if is_new && known.len() < MOST {
            known.push(hello.clone());
        }
    }

    pub(super) fn all(&self) -> Vec<Received> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What an introduction says, whatever identifier it is under.
fn content(hello: &Received) -> Json {
    let mut message = hello.message.clone();
    if let Some(object) = message.as_object_mut() {
        object.remove("stream_id");
    }
    message
}
