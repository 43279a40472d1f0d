//! One connection to a subject.

mod charges;
mod own;
mod passing;
mod reading;
mod sending;
mod served;

use core::net::SocketAddr;
use core::sync::atomic::AtomicU32;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use iotmp_ref::transport::Stream;
use iotmp_ref::wire::Encoding;
use iotmp_spec::model::Spec;
use serde_json::Value as Json;
use tokio::time::Instant;

use self::served::Served;
use super::allowance::{Allowance, Floods};
use super::event::Received;
use super::nubison;
use super::outgoing::Outgoing;
use super::protocol::Protocol;
use super::transactions::Transactions;
use super::transcript::{Side, Transcript};
use super::watch::{Streams, Watch};
use crate::case::Role;
use crate::codec::Codec;

/// Connections in a row whose first identifiers differ, and how many those are: all of them take one
/// byte.
const TURNS: u64 = 4;
const OWN_IDS: u16 = 7;

/// How often in a row something was done in vain.
pub(super) type InVain = Arc<AtomicU32>;

/// A connection that speaks messages as JSON and bytes as they are.
///
/// What the subject may send at any time and what no case is about, such as a
/// device's Keep Alive, is answered in passing.
#[derive(Debug)]
pub struct Link {
    pub(super) number: u64,
    role: Role,
    codec: Codec<'static>,
    stream: Stream,
    buffer: Vec<u8>,
    transcript: Transcript,
    patience: Duration,
    next_id: u16,
    pub(super) transactions: Transactions,
    /// What the end that is no device was logged in with.
    pub(super) token: Option<String>,
    /// Whether what the subject asks by itself is answered in passing.
    answers_keep_alive: bool,
    served: Served,
    /// Answers in passing that wait for the end of a message half sent.
    held: Option<Vec<Json>>,
    /// The Connect that a device introduced itself with.
    hello: Option<Received>,
    /// The address that a device dialled.
    own_address: Option<SocketAddr>,
    /// When the connection began.
    opened: Instant,
    watch: Watch,
    /// Of a connection of Nubison.
    pub(super) account: Option<nubison::Account>,
    allowance: Allowance,
    outgoing: Outgoing,
    /// Whether a call and not a Keep Alive shows what a server does not send.
    fences_by_call: bool,
    /// Fences in a row that were raised twice in vain.
    pub(super) in_vain: InVain,
    /// Whether the Connect that asked for an encoding waits for its answer.
    is_asking: bool,
}

/// What a link needs to know of its subject.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// Which end the subject is.
    pub(super) role: Role,
    /// What both ends speak.
    pub(super) spec: &'static Spec,
    /// How long an answer may take.
    pub(super) timeout: Duration,
    /// First stream identifier to use.
    pub(super) first_id: u16,
    /// Where random identifiers begin.
    pub(super) seed: u64,
    /// Streams of all connections.
    pub(super) streams: Streams,
    /// How a device of Nubison writes numbers.
    pub(super) order: nubison::Order,
    /// Whether a server leaves Keep Alive unanswered.
    pub(super) fences_by_call: bool,
    /// Fences in a row that were raised twice in vain, on all connections.
    pub(super) in_vain: InVain,
    /// Connections on which the subject sent more than is read.
    pub(super) floods: Floods,
}

impl Link {
    pub(super) fn new(stream: Stream, number: u64, terms: &Terms, transcript: Transcript) -> Self {
        // What a device keeps of a connection is not to be met again under the same identifiers by
        // chance; a case that is about that uses those of before.
        let turn = match terms.role {
            Role::Server => 0,
            Role::Device => (number % TURNS) as u16 * OWN_IDS,
        };
        Self {
            number,
            role: terms.role,
            codec: Codec::new(terms.spec),
            stream,
            buffer: Vec::new(),
            transcript,
            patience: terms.timeout,
            next_id: terms.first_id + turn,
            transactions: Transactions::new(
                terms.spec,
                terms.seed ^ (number << 32),
                terms.order.clone(),
            ),
            token: None,
            answers_keep_alive: true,
            served: Served::default(),
            held: None,
            hello: None,
            own_address: None,
            opened: Instant::now(),
            watch: Watch::new(Codec::new(terms.spec), Arc::clone(&terms.streams)),
            account: (Protocol::of(terms.spec) == Protocol::Nubison)
                .then(|| nubison::Account::new(terms.role, terms.order.clone())),
            allowance: Allowance::new(Arc::clone(&terms.floods)),
            outgoing: Outgoing::default(),
            fences_by_call: terms.fences_by_call,
            in_vain: Arc::clone(&terms.in_vain),
            is_asking: false,
        }
    }

    /// What both ends speak.
    #[must_use]
    pub const fn codec(&self) -> Codec<'static> {
        self.codec
    }

    /// Which end the subject is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The address of the suite that the subject knows, where it dialled.
    pub(super) fn own_address(&self) -> io::Result<SocketAddr> {
        self.own_address
            .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    /// When the connection began.
    #[must_use]
    pub const fn opened(&self) -> Instant {
        self.opened
    }

    /// How long an answer may take.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.patience
    }

    /// The Connect of a device, once it has come.
    #[must_use]
    pub const fn hello(&self) -> Option<&Received> {
        self.hello.as_ref()
    }

    pub(super) const fn set_own_address(&mut self, address: SocketAddr) {
        self.own_address = Some(address);
    }

    pub(super) fn set_hello(&mut self, hello: Received) {
        self.hello = Some(hello);
    }

    /// Speaks another encoding of values from here on.
    pub fn set_encoding(&mut self, encoding: Encoding) {
        self.codec = self.codec.with_encoding(encoding);
    }

    /// Leaves to the case what a device sends by itself: its Keep Alive, or its requests.
    pub fn leave_keep_alive(&mut self) {
        self.answers_keep_alive = false;
    }

    /// Writes from here on into another record, which is told of the beginning only.
    pub(super) fn move_to(&mut self, transcript: &Transcript) {
        self.transcript = transcript.clone();
        self.allowance = self.allowance.renewed();
        let note = "established earlier, by this";
        match &self.hello {
            Some(hello) => {
                self.transcript
                    .bytes(self.number, Side::Subject, &hello.bytes, note, self.codec);
            }
            None => self.transcript.add(self.number, Side::Subject, note),
        }
    }

    /// A stream identifier that this connection has not used.
    pub const fn id(&mut self) -> u16 {
        let id = self.next_id;
        self.next_id = match id {
            // Leaves 0 and the last ones to the cases that are about them.
            60_000.. => 100,
            _ => id + 1,
        };
        id
    }

    /// Whether a call and not a Keep Alive shows what a server does not send.
    pub(super) const fn fences_by_call(&self) -> bool {
        self.fences_by_call
    }
}
