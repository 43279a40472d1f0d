//! The exchange of either role that is right in only one way: its answer is Ok.
//!
//! For a server it is a Connect with valid credentials, for a device a Describe
//! of everything. A case edits one thing in it; whether the receiver saw the
//! edit shows in the answer.

use serde_json::{Value as Json, json};

use super::connect::payload::not_accepted;
use super::craft::Craft;
use crate::case::Role;
use crate::subject::vocabulary::connect;
use crate::subject::{Link, Peer, Received, Want, phrase};
use crate::verdict::{Outcome, Stop};

/// A connection on which the request may come next, and the request.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) link: Link,
    pub(super) craft: Craft,
    /// The request as it has to be.
    pub(super) message: Json,
    /// Its stream identifier.
    pub(super) id: u16,
}

impl Exchange {
    /// Gets ready for the request, under a stream identifier that matters if one is given.
    pub(super) async fn new(peer: &Peer, id: Option<u16>) -> Outcome<Self> {
        let mut link = match peer.role() {
            Role::Server => peer.open().await?,
            Role::Device => peer.connected().await?,
        };
        let id = id.unwrap_or_else(|| link.id());
        let message = match peer.role() {
            Role::Server => connect(peer.spec(), id, &Json::Null, &peer.credentials()?.payload())?,
            Role::Device => {
                // One that refuses every Describe does not refuse what a case changes in it.
                peer.catalogue()?;
                json!({"type": "describe", "stream_id": id})
            }
        };
        Ok(Self {
            craft: Craft::new(link.codec()),
            link,
            message,
            id,
        })
    }

    /// The name of the request.
    pub(super) fn name(&self) -> &'static str {
        match self.link.role() {
            Role::Server => "connect",
            Role::Device => "describe",
        }
    }

    /// The fields of the request as bytes.
    pub(super) fn fields(&self) -> Outcome<Vec<Vec<u8>>> {
        self.craft.fields(&self.message)
    }

    /// Identifier of the field that holds the stream identifier.
    pub(super) fn id_field(&self) -> Outcome<u32> {
        self.craft.field(self.name(), "stream_id")
    }

    /// Sends the request with these fields instead of its own.
    pub(super) async fn send(&mut self, fields: &[Vec<u8>], what: &str) -> Outcome {
        let bytes = self
            .craft
            .frame(self.craft.code(self.name())?, &fields.concat());
        self.link
            .send_raw(&bytes, &format!("{} {what}", self.name()))
            .await;
        Ok(())
    }

    /// Waits for Ok.
    pub(super) async fn accepted(&mut self) -> Outcome<Received> {
        self.link.message(&[Want::Ok(self.id)]).await
    }

    /// Waits for anything but Ok.
    pub(super) async fn refused(&mut self) -> Outcome {
        if self.link.role() == Role::Server {
            return not_accepted(&mut self.link).await;
        }
        let settled = self.link.settle_spoiled().await?;
        match settled
            .messages
            .iter()
            .find(|message| message.name() == "ok")
        {
            None => Ok(()),
            Some(ok) => Err(Stop::fail(
                "an Error, no answer, or the end of the connection",
                phrase(&ok.message),
            )),
        }
    }
}
