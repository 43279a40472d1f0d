//! Which request an answer belongs to, where that decides what the answer holds.

use std::collections::{HashMap, HashSet};

use iotmp_spec::model::{Body, IntEncoding, Message, Spec};
use serde_json::Value as Json;

use super::link::Link;
use super::nubison::Order;
use crate::codec::Codec;
use crate::json;
use crate::value::WireValue;

/// What the identifiers of transactions are made of.
const SYMBOLS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The requests of one connection, by what every message begins with behind its
/// code and an answer returns.
#[derive(Debug)]
pub(super) struct Transactions {
    spec: &'static Spec,
    /// Bytes of the code.
    code: usize,
    /// Bytes behind the code that name a transaction; 0 where nothing does.
    name: usize,
    sent: HashMap<Vec<u8>, &'static Message>,
    /// Names of requests that were not answered yet.
    open: HashSet<Vec<u8>>,
    random: u64,
    order: Order,
}

impl Transactions {
    pub(super) fn new(spec: &'static Spec, seed: u64, order: Order) -> Self {
        let name = match &spec.body {
            Body::Fixed(layout) => layout.prefix.iter().filter_map(|f| spec.width(f)).sum(),
            Body::KeyValue(_) => 0,
        };
        let code = match spec.framing.code {
            IntEncoding::BigEndian(bytes) | IntEncoding::LittleEndian(bytes) => bytes.into(),
            IntEncoding::Varint(_) => 0,
        };
        Self {
            spec,
            code,
            name: usize::try_from(name).unwrap_or(0),
            sent: HashMap::new(),
            open: HashSet::new(),
            random: seed,
            order,
        }
    }

    /// The name of the transaction that the message at the start of `bytes` belongs to.
    pub(super) fn name<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let name = bytes.get(self.code..self.code + self.name)?;
        (!name.is_empty()).then_some(name)
    }

    /// A name that was not drawn before.
    pub(super) fn draw(&mut self) -> Vec<u8> {
        // Steps of a full cycle: all symbols of a name change with each.
        self.random = self
            .random
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        let symbol = |index: usize| {
            let bits = self.random.rotate_right(29) >> (5 * index % 60);
            SYMBOLS[usize::try_from(bits % 32).unwrap_or(0)]
        };
        (0..self.name).map(symbol).collect()
    }

    /// Remembers the requests among messages that are sent.
    pub(super) fn sent(&mut self, mut bytes: &[u8]) {
        let codec = Codec::new(self.spec);
        while let Some(name) = self.name(bytes) {
            let turned = self.order.turned(bytes);
            let Ok(decoded) = codec.decode(turned.as_deref().unwrap_or(bytes)) else {
                return;
            };
            let known = decoded.message.get("type").and_then(|name| name.as_str());
            let known = known.and_then(|name| self.spec.message(name));
            if let Some(message) = known.filter(|message| !message.answers.is_empty()) {
                self.sent.insert(name.to_vec(), message);
                self.open.insert(name.to_vec());
            }
            bytes = bytes.get(decoded.consumed.max(1)..).unwrap_or_default();
        }
    }

    /// How to read the message at the start of `bytes`.
    pub(super) fn reader(&self, codec: Codec<'static>, bytes: &[u8]) -> Codec<'static> {
        match self.request(bytes) {
            Some(request) => codec.answering(request),
            None => codec,
        }
    }

    /// Data as the subject reads it, where that is not how it is written.
    pub(super) fn turned(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.order.turned(bytes)
    }

    /// Takes down an answer, and whether its request was answered before.
    pub(super) fn answered(&mut self, bytes: &[u8]) -> bool {
        let name = self.name(bytes).map(<[u8]>::to_vec);
        name.is_some_and(|name| self.sent.contains_key(&name) && !self.open.remove(&name))
    }

    /// The request that the message at the start of `bytes` answers, if it is an answer.
    pub(super) fn request(&self, bytes: &[u8]) -> Option<&'static Message> {
        let name = self.name(bytes)?;
        self.sent.get(name).copied()
    }
}

impl Link {
    /// A name for a new transaction, as JSON.
    pub fn transaction(&mut self) -> Json {
        json::value_to(&WireValue::Bytes(self.transactions.draw()))
    }

    /// The access token of the connection, once it was issued.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// An access token that no other connection has.
    pub(super) fn new_token(&mut self) -> String {
        let drawn = self.transactions.draw();
        format!("{}{:016}", String::from_utf8_lossy(&drawn), self.number)
    }

    /// Speaks with another access token from here on.
    pub fn set_token(&mut self, token: impl Into<String>) {
        let token = token.into();
        self.issue(&token);
        self.token = Some(token);
    }

    /// Remembers a request that is sent in pieces, so that its answer can be read.
    pub fn sends(&mut self, request: &[u8]) {
        self.transactions.sent(request);
    }
}
