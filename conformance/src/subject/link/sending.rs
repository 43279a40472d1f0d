//! What the suite sends over a connection.

use core::time::Duration;

use iotmp_ref::wire::Encoding;
use serde_json::Value as Json;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::Link;
use crate::case::Role;
use crate::subject::event::phrase;
use crate::subject::transcript::Side;
use crate::verdict::{Outcome, Stop};

impl Link {
    /// The bytes of a message.
    ///
    /// # Errors
    /// Inconclusive where the spec has no way to write it.
    pub fn encode(&self, message: &Json) -> Outcome<Vec<u8>> {
        let bytes = self.codec.encode(message).map_err(|refusal| {
            Stop::inconclusive(format!("{} cannot be written: {refusal}", phrase(message)))
        })?;
        Ok(self.transactions.turned(&bytes).unwrap_or(bytes))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Inconclusive where the spec has no way to write it. That the subject has
    /// closed the connection is no error here: it is the next event.
    pub async fn send(&mut self, message: Json) -> Outcome {
        let bytes = self.encode(&message)?;
        self.allowance.sent(bytes.len());
        self.write(&bytes, phrase(&message)).await;
        if self.role == Role::Server
            && let Some(encoding) = self.codec.announced(&message)
        {
            self.negotiate(encoding);
        }
        Ok(())
    }

    /// Speaks the encoding that a Connect asked for, as soon as it was answered.
    pub fn negotiate(&mut self, encoding: Encoding) {
        self.set_encoding(encoding);
        self.is_asking = true;
    }

    /// Sends bytes as they are; `what` says in the record what they are.
    pub async fn send_raw(&mut self, bytes: &[u8], what: &str) {
        self.watch.crafts();
        self.allowance.sent(bytes.len());
        self.write(bytes, format!("[{what}]")).await;
    }

    pub(super) async fn write(&mut self, bytes: &[u8], note: String) {
        self.write_within(self.patience, bytes, note).await;
    }

    pub(super) async fn write_within(&mut self, limit: Duration, bytes: &[u8], note: String) {
        self.transactions.sent(bytes);
        self.watch.sent(bytes, self.codec);
        self.transcript
            .bytes(self.number, Side::Suite, bytes, note, self.codec);
        let written = self.outgoing.write(&mut self.stream, bytes, limit).await;
        if let Err(failed) = written {
            self.transcript
                .add(self.number, Side::Suite, format!("sending ended: {failed}"));
        }
    }

    /// Closes the sending direction: over WebSocket a Close, to which the subject can say nothing more.
    pub async fn finish(&mut self) {
        self.transcript
            .add(self.number, Side::Suite, "sending closed");
        // Where it fails the connection is closed already.
        let _ = timeout(self.patience, self.stream.shutdown()).await;
    }

    /// Closes the connection.
    pub fn close(self) {
        self.transcript
            .add(self.number, Side::Suite, "connection closed");
    }
}
