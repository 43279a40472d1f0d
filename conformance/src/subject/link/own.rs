//! What a device asks by itself, which goes under an identifier that is free.
//!
//! No case is about that, as nobody can make a device ask. What it may not do it
//! may not do in any case, which fails by it although it would have passed.

use super::Link;
use crate::family;
use crate::subject::event::{Received, phrase};
use crate::subject::frame::{self, Cut};

/// Whoever opens an exchange chooses its identifier among those that are free.
const FREE_ID: &str = "IOTMP23-SID-006";

/// Whether a request opens an exchange; others belong to one that is open.
pub(super) fn opens(request: &Received) -> bool {
    matches!(request.name(), "run" | "start_stream")
}

impl Link {
    /// Whether the identifier of a request that the device opens an exchange with is taken: by a stream
    /// that it knows to be open, or by another request that waits for its answer.
    pub(super) async fn look_at_own(&mut self, request: &Received) {
        let Some(id) = request.stream_id() else {
            return;
        };
        if self.watch.is_known_open(id) {
            let expected = format!("another identifier than {id}, which is that of an open stream");
            return self.convict(FREE_ID, &expected, request);
        }
        // What comes before the answer can be sent was sent before it came.
        self.pause().await;
        if self.comes_again(id) {
            let expected = format!("two identifiers for two requests at once, not {id} twice");
            self.convict(FREE_ID, &expected, request);
        }
    }

    /// Whether what has arrived by now holds another request that opens an exchange under `id`.
    fn comes_again(&self, id: u64) -> bool {
        let mut rest = &*self.buffer;
        loop {
            let decode = |bytes: &[u8]| self.reader(bytes).decode(bytes);
            let Cut::Whole(len) = frame::cut(&self.codec.spec().framing, rest, decode) else {
                return false;
            };
            let (bytes, behind) = rest.split_at(len);
            if let Ok(decoded) = self.reader(bytes).decode(bytes) {
                let other = Received {
                    message: decoded.message,
                    bytes: Vec::new(),
                };
                if opens(&other) && other.stream_id() == Some(id) {
                    return true;
                }
            }
            rest = behind;
        }
    }

    /// Has the case fail by a clause that a message breaks, whatever it is about.
    pub(super) fn convict(&self, clause: &'static str, expected: &str, by: &Received) {
        if family::clause(self.codec.spec(), clause).is_some() {
            let got = phrase(&by.message);
            self.transcript.convict(clause, expected.to_owned(), got);
        }
    }
}
