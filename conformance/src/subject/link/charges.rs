//! What is held against the subject, whatever the case is about.

use iotmp_ref::wire::Encoding;

use super::Link;
use crate::case::Role;
use crate::codec::Codec;
use crate::family;
use crate::subject::event::Received;
use crate::subject::frame;

/// Rules of the encoding that a Connect asked for, and of that of a connection whose Connect did not,
/// of which a revision has one.
const CHOSEN: &[&str] = &["IOTMP23-ENCODING-003", "IOTMP25-CONNECT-010"];
const UNCHOSEN: &[&str] = &["IOTMP23-ENCODING-004", "IOTMP25-CONNECT-010"];

impl Link {
    /// The clause that bytes break which can be read in an encoding that is not that of the connection.
    pub(super) fn encoded_otherwise(&self, bytes: &[u8]) -> Option<&'static str> {
        // A device has chosen by its Connect, which is read in what it says itself.
        if self.hello.is_some() {
            return None;
        }
        let own = self.codec.encoding_in_force();
        let others = self.codec.encodings().into_iter();
        let read = |other: Encoding| self.codec.with_encoding(other).decode(bytes).ok();
        let read = others.filter(|other| *other != own).find_map(read)?;
        let is_usual = match self.role {
            Role::Server => own == Codec::new(self.codec.spec()).encoding_in_force(),
            Role::Device => self.codec.announced(&read.message).is_none(),
        };
        let rules = if is_usual { UNCHOSEN } else { CHOSEN };
        let mut rules = rules.iter().copied();
        rules.find(|rule| family::clause(self.codec.spec(), rule).is_some())
    }

    /// Charges what is no message, or not a whole one, to what it breaks.
    pub(super) fn accuse_unreadable(&self) {
        let broken = match &self.account {
            Some(_) if self.buffer.is_empty() => None,
            Some(account) => account.unreadable(&self.buffer, self.answers(&self.buffer)),
            None => frame::misread(&self.codec.spec().framing, &self.buffer),
        };
        if let Some(clause) = broken {
            self.transcript.accuse(clause);
        }
    }

    /// Charges a message with the rule that it breaks, whatever the case is about.
    pub(super) fn judge(&mut self, received: &Received) {
        let answers = self.answers(&received.bytes);
        let broken = match &mut self.account {
            Some(account) => {
                let is_again = answers.is_some() && self.transactions.answered(&received.bytes);
                let broken = account.received(received, answers);
                broken.or_else(|| account.answer().filter(|_| is_again))
            }
            None => self.watch.received(received, self.role),
        };
        if let Some(clause) = broken {
            self.transcript.accuse(clause);
            if self.watch.is_past_its_own_end(received) {
                self.convict(
                    clause,
                    "no value of a stream that the device has closed",
                    received,
                );
            }
        }
    }
}
