//! What a subject of Nubison sends that breaks a rule whatever the case is about.
//!
//! No packet says how long it is: one that is laid out wrong makes what comes
//! behind it unreadable, and so fails cases about other packets.

use std::collections::HashMap;

use super::super::event::Received;
use super::super::link::Link;
use super::order::Order;
use crate::case::Role;

/// Offsets in a packet.
const SESSION_ID: core::ops::Range<usize> = 1..9;
const STATUS: usize = 9;
const TOKEN: core::ops::Range<usize> = 9..33;

/// A device logs in first.
const LOGIN_FIRST: &str = "NUB-LOGIN-002";
/// A response has the type R and one of two statuses.
const RESPONSE: &str = "NUB-RESPONSE-001";

/// The account of one connection.
#[derive(Debug)]
pub(in crate::subject) struct Account {
    role: Role,
    order: Order,
    /// Access tokens that were issued on the connection.
    tokens: Vec<String>,
    /// Rules about the refusal of what is no request, by its session identifier.
    refusals: HashMap<Vec<u8>, &'static str>,
    /// Whether a Login was refused, after which what a device may send is the matter of a case.
    is_refused: bool,
    /// Bytes that had come before the Login was answered.
    early: usize,
    /// The rule about what the last packet holds.
    last: Option<&'static str>,
    /// Whether the device has logged out, and not in again.
    has_left: bool,
    /// Whether the device has sent an access token of the connection.
    is_in: bool,
}

impl Account {
    pub(in crate::subject) fn new(role: Role, order: Order) -> Self {
        Self {
            role,
            order,
            tokens: Vec::new(),
            refusals: HashMap::new(),
            is_refused: false,
            early: 0,
            last: None,
            has_left: false,
            is_in: false,
        }
    }

    /// Turns a length whose bytes stand the other way round, where they do.
    pub(in crate::subject) fn straighten(&self, bytes: &mut [u8], is_late: bool) -> bool {
        self.role == Role::Device && self.order.straighten(bytes, is_late)
    }

    /// Takes down an access token of the connection.
    pub(in crate::subject) fn issued(&mut self, token: &str) {
        self.tokens.push(token.to_owned());
    }

    /// Takes down which rule the refusal of a packet falls under that is no request.
    pub(in crate::subject) fn refuses(&mut self, session_id: &[u8], clause: &'static str) {
        self.refusals.insert(session_id.to_vec(), clause);
    }

    /// Takes down that so many bytes came before the Login was answered.
    pub(in crate::subject) const fn came_early(&mut self, bytes: usize) {
        self.early = bytes;
    }

    /// The rule about what the packet that came last holds.
    pub(in crate::subject) const fn last(&self) -> Option<&'static str> {
        self.last
    }

    /// The rule that the answer which came last breaks by coming at all.
    pub(in crate::subject) const fn answer(&self) -> Option<&'static str> {
        match self.role {
            Role::Device => Some("NUB-COMMAND-002"),
            Role::Server => self.last,
        }
    }

    /// The clause that a packet breaks by what it is, if any; `request` is what it answers.
    pub(in crate::subject) fn received(
        &mut self,
        received: &Received,
        request: Option<&str>,
    ) -> Option<&'static str> {
        let bytes = &received.bytes;
        let is_early = self.early > 0;
        self.early = self.early.saturating_sub(bytes.len());
        if received.name().starts_with("0x") {
            return self.stray(bytes, request);
        }
        let own = self.layout(bytes, request);
        self.last = own;
        let was_out = self.has_left;
        self.has_left = match received.name() {
            "login" => false,
            "logout" => true,
            _ => was_out,
        };
        let token = received.field("access_token")?.as_str()?;
        let is_own = self.tokens.iter().any(|issued| issued == token);
        self.is_in |= is_own;
        match (self.role, received.name()) {
            _ if self.is_refused => None,
            (Role::Device, _) if is_early || was_out || self.tokens.is_empty() => Some(LOGIN_FIRST),
            (Role::Device, _) => own.filter(|_| !is_own),
            (Role::Server, "command") => own.filter(|_| !is_own && !self.tokens.is_empty()),
            _ => None,
        }
    }

    /// The clause that bytes break which are no packet, or not a whole one.
    pub(in crate::subject) fn unreadable(
        &self,
        bytes: &[u8],
        request: Option<&str>,
    ) -> Option<&'static str> {
        match bytes.first() {
            Some(b'A'..=b'Z') => self.layout(bytes, request).or(self.last),
            _ => self.stray(bytes, request),
        }
    }

    /// Bytes of no type: a packet whose letter is small, or what an earlier one has left over.
    fn stray(&self, bytes: &[u8], request: Option<&str>) -> Option<&'static str> {
        let token = bytes.get(TOKEN).unwrap_or_default();
        let is_own = self.tokens.iter().any(|issued| issued.as_bytes() == token);
        let is_packet = is_own || request.is_some() || self.last.is_none();
        self.layout(bytes, request)
            .filter(|_| is_packet)
            .or(self.last)
    }

    /// The rule about what a packet of that type holds, a response in answer to `request`.
    fn layout(&self, bytes: &[u8], request: Option<&str>) -> Option<&'static str> {
        let letter = bytes.first()?;
        match (self.role, letter.to_ascii_uppercase()) {
            (_, b'R') if *letter == b'r' => Some(RESPONSE),
            (_, b'R') => self.response(bytes, request),
            (Role::Device, b'L') => Some("NUB-LOGIN-001"),
            (Role::Device, b'O') => Some("NUB-LOGOUT-001"),
            (Role::Device, b'D') => Some("NUB-DATA-001"),
            (Role::Device, b'H') => Some("NUB-HEARTBEAT-001"),
            (Role::Server, b'C') => Some("NUB-COMMAND-001"),
            _ => None,
        }
    }

    fn response(&self, bytes: &[u8], request: Option<&str>) -> Option<&'static str> {
        let status = *bytes.get(STATUS)?;
        let refusal = self.refusals.get(bytes.get(SESSION_ID)?);
        match (request?, status) {
            (_, 2..) => Some(RESPONSE),
            (_, 0) if refusal.is_some() => refusal.copied(),
            ("login", 1) => Some("NUB-LOGIN-003"),
            ("login", 0) => Some("NUB-LOGIN-006"),
            ("logout", _) => Some("NUB-LOGOUT-002"),
            ("data", 1) => Some("NUB-DATA-002"),
            ("data", 0) => Some("NUB-DATA-003"),
            ("heartbeat", 1) => Some("NUB-HEARTBEAT-003"),
            ("heartbeat", 0) => Some("NUB-HEARTBEAT-004"),
            ("command", 1) => Some("NUB-COMMAND-003"),
            ("command", 0) => Some("NUB-COMMAND-004"),
            _ => None,
        }
    }
}

impl Link {
    /// The name of the request that a message answers, if it is an answer.
    pub(in crate::subject) fn answers(&self, bytes: &[u8]) -> Option<&'static str> {
        let request = self.transactions.request(bytes)?;
        Some(&request.name)
    }

    /// Takes another access token for one of the connection.
    pub fn issue(&mut self, token: &str) {
        if let Some(account) = &mut self.account {
            account.issued(token);
        }
    }

    /// Says which rule the refusal of a packet falls under that is no request.
    pub fn refuses(&mut self, session_id: &[u8], clause: &'static str) {
        if let Some(account) = &mut self.account {
            account.refuses(session_id, clause);
        }
    }

    /// The rule about what the packet that came last holds.
    #[must_use]
    pub fn last_layout(&self) -> Option<&'static str> {
        self.account.as_ref().and_then(Account::last)
    }

    /// Says whether the subject takes the less significant byte of a length first.
    pub(crate) fn set_little(&self, is_little: bool) {
        if let Some(account) = &self.account {
            account.order.set(is_little);
        }
    }

    /// Whether the subject writes the less significant byte of a length first, or takes it so.
    #[must_use]
    pub fn is_little(&self) -> bool {
        let account = self.account.as_ref();
        account.is_some_and(|account| account.order.is_little())
    }

    /// Says that the Login of the connection is refused.
    pub const fn turn_away(&mut self) {
        if let Some(account) = &mut self.account {
            account.is_refused = true;
        }
    }

    /// Whether the device has sent an access token of the connection, which shows that it is logged in.
    #[must_use]
    pub fn is_logged_in(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.is_in)
    }

    /// Whether the device has logged out on the connection, and not in again.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.account
            .as_ref()
            .is_some_and(|account| account.has_left)
    }

    /// Sees what a device sends behind its Login, whatever the answer will be.
    pub(in crate::subject) async fn before_answer(&mut self) {
        self.pause().await;
        let bytes = self.unfinished();
        if let Some(account) = &mut self.account {
            account.came_early(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;
    use crate::specs::by_name;

    const TOKEN: &str = "access-token-of-24-bytes";

    fn packet(letter: u8, rest: &[u8]) -> Vec<u8> {
        [&[letter], b"session1".as_slice(), rest].concat()
    }

    fn received(bytes: Vec<u8>) -> Received {
        let codec = Codec::new(by_name("nubison").unwrap());
        let message = codec.decode(&bytes).unwrap().message;
        Received { message, bytes }
    }

    fn logged_in(role: Role) -> Account {
        let mut account = Account::new(role, Order::default());
        account.issued(TOKEN);
        account
    }

    #[test]
    fn what_is_left_over_is_charged_to_the_packet_before_it() {
        let mut account = logged_in(Role::Device);
        let beat = received(packet(b'H', TOKEN.as_bytes()));
        assert_eq!(account.received(&beat, None), None);
        let left = received(packet(b'\x08', b"{}"));
        assert_eq!(account.received(&left, None), Some("NUB-HEARTBEAT-001"));
        assert_eq!(account.unreadable(b"\x08", None), Some("NUB-HEARTBEAT-001"));
    }

    #[test]
    fn a_small_letter_is_charged_to_its_own_packet() {
        let mut account = logged_in(Role::Device);
        account.received(&received(packet(b'H', TOKEN.as_bytes())), None);
        let small = received(packet(b'o', TOKEN.as_bytes()));
        assert_eq!(account.received(&small, None), Some("NUB-LOGOUT-001"));
        let small = packet(b'r', &[1]);
        assert_eq!(account.unreadable(&small, Some("command")), Some(RESPONSE));
    }

    #[test]
    fn a_token_is_one_of_the_connection() {
        let mut account = Account::new(Role::Device, Order::default());
        let beat = received(packet(b'H', TOKEN.as_bytes()));
        assert_eq!(account.received(&beat, None), Some(LOGIN_FIRST));
        account.issued("another-token-of-24-byte");
        assert_eq!(account.received(&beat, None), Some("NUB-HEARTBEAT-001"));
        account.came_early(beat.bytes.len());
        assert_eq!(account.received(&beat, None), Some(LOGIN_FIRST));
        account.issued(TOKEN);
        assert_eq!(account.received(&beat, None), None);
    }

    #[test]
    fn a_response_falls_under_the_rule_of_its_request_and_status() {
        let mut account = Account::new(Role::Server, Order::default());
        let cut = packet(b'R', &[0]);
        let charged = |account: &Account| account.unreadable(&cut, Some("data"));
        assert_eq!(charged(&account), Some("NUB-DATA-003"));
        account.refuses(b"session1", "NUB-ERROR-001");
        assert_eq!(charged(&account), Some("NUB-ERROR-001"));
        let odd = packet(b'R', b"1");
        assert_eq!(account.unreadable(&odd, Some("login")), Some(RESPONSE));
    }
}
