//! What a checked specification says: plain data, valid by construction.
//!
//! Names are in the order in which the YAML gives them; an `extends:` parent's
//! come first. A lookup by name cannot fail where another part of the model
//! holds that name: the checks have resolved it.

mod layout;
mod select;

use std::path::PathBuf;

pub use self::layout::{
    Body, ByteOrder, Extent, Fixed, Framing, IntEncoding, KeyPart, KeyValue, Shape, Values,
    WireType,
};
pub use self::select::Selector;
pub(crate) use self::select::{Sizes, answers_by_code};

/// One revision of one protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// Stable name in kebab case, e.g. `greeter-2`: the `--spec` of the command line.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// The revision in the words of its publisher, e.g. `2025-09`.
    pub revision: String,
    /// `current`, `superseded` or `profile`.
    pub status: Status,
    /// Prose for the documentation.
    pub doc: String,
    /// Every file read: this one first, then what it extends.
    pub files: Vec<PathBuf>,
    /// The specs that this one extends, nearest first.
    pub extends: Vec<String>,
    /// Where the facts come from.
    pub sources: Vec<Source>,
    /// How messages are delimited on the byte stream.
    pub framing: Framing,
    /// How a message's body is laid out.
    pub body: Body,
    /// Named numbers.
    pub enums: Vec<Enum>,
    /// Messages, by code.
    pub messages: Vec<Message>,
    /// Maps with known keys that travel inside values.
    pub maps: Vec<MapSchema>,
    /// States of a connection.
    pub states: Vec<State>,
    /// Intervals and margins.
    pub timers: Vec<Quantity>,
    /// Largest sizes and counts.
    pub limits: Vec<Quantity>,
    /// The rules.
    pub clauses: Vec<Clause>,
    /// What the sources leave open or contradict.
    pub ambiguities: Vec<Ambiguity>,
}

/// How far a revision is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The newest of its line.
    Current,
    /// A newer one exists.
    Superseded,
    /// What implementations do, rather than what a document says.
    Profile,
}

/// A document, or an observation, that facts come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Short key used in `source:`, e.g. `S4`.
    pub key: String,
    /// What it is.
    pub title: String,
}

/// A file and a place in it, 1-based.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    /// Index into [`Spec::files`].
    pub file: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Named numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enum {
    /// Name in snake case.
    pub name: String,
    /// Bits of the number: 8, 16, 32 or 64.
    pub bits: u8,
    /// Whether a field refuses a number without a name; otherwise it survives.
    pub closed: bool,
    /// Values.
    pub values: Vec<EnumValue>,
    /// Prose.
    pub doc: String,
}

impl Enum {
    /// Whether a field of it may hold a number.
    #[must_use]
    pub fn allows(&self, number: u64) -> bool {
        !self.closed || self.values.iter().any(|value| value.value == number)
    }
}

/// One named number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumValue {
    /// Name in snake case.
    pub name: String,
    /// Number.
    pub value: u64,
    /// Registered encoding of values that the number stands for where it is negotiated.
    pub encoding: Option<String>,
    /// Prose.
    pub doc: String,
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Name in snake case, e.g. `read_page`.
    pub name: String,
    /// Code in the header. Of the messages that share one, all but one say what they answer.
    pub code: u32,
    /// Who sends it.
    pub direction: Direction,
    /// Fields in the order of the file; those of the prefix, if there is one, come first.
    pub fields: Vec<Field>,
    /// Messages that may answer it, whichever of the two says so.
    pub answers: Vec<String>,
    /// Messages that it answers, where those alone tell it from others of its code.
    pub answers_to: Vec<String>,
    /// Prose.
    pub doc: String,
    /// Where the fact comes from.
    pub source: String,
    /// Where the message stands.
    pub position: Position,
}

/// Who sends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Device to server.
    ToServer,
    /// Server to device.
    ToDevice,
    /// Either.
    Both,
}

/// A field of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name in snake case.
    pub name: String,
    /// Identifier in the key; in a fixed layout its place in the body, from 0.
    pub id: u32,
    /// Type.
    pub ty: FieldType,
    /// Whether a message without it is malformed. In a fixed layout all that are not stand at the end.
    pub mandatory: bool,
    /// Number meant by its absence.
    pub default: Option<u64>,
    /// The one number that it holds, which tells the message from others of its code.
    pub constant: Option<u64>,
    /// Most bytes that it may hold, of text and bytes whose size is not fixed.
    pub max: Option<u64>,
    /// Prose.
    pub doc: String,
    /// Where the fact comes from.
    pub source: String,
    /// Where the field stands.
    pub position: Position,
}

/// Type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// A number written as a varint, of at most this many bits (8, 16, 32 or 64). Key-value only.
    Varint(u8),
    /// A number named by this enum.
    Enum(String),
    /// A value of any type. The name is that of the map schema, if it is known to be one. Key-value only.
    Any(Option<String>),
    /// A number of fixed width. Fixed layouts only.
    Int(IntEncoding),
    /// Text in UTF-8. Fixed layouts only.
    Text(Extent),
    /// Bytes. Fixed layouts only.
    Bytes(Extent),
}

/// A map with known keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapSchema {
    /// Name in snake case.
    pub name: String,
    /// Entries.
    pub entries: Vec<MapEntry>,
    /// Prose.
    pub doc: String,
}

/// One known key of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapEntry {
    /// Name in snake case.
    pub name: String,
    /// Key on the wire.
    pub key: String,
    /// Type in words of the value model: `integer`, `float`, `boolean`, `string`, `bytes`, `map`, `array`, `any`, or an enum's name.
    pub ty: String,
    /// Whether a map without it is malformed.
    pub mandatory: bool,
    /// Number meant by its absence.
    pub default: Option<u64>,
    /// Prose.
    pub doc: String,
    /// Where the fact comes from.
    pub source: String,
}

/// A state of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Name in snake case.
    pub name: String,
    /// Whether a connection begins here.
    pub initial: bool,
    /// Messages that the device may send.
    pub device_sends: Vec<String>,
    /// Messages that the server may send.
    pub server_sends: Vec<String>,
    /// What leads out: event (a message's name, `close` or `timeout`) and the state it leads to.
    pub next: Vec<(String, String)>,
    /// Prose.
    pub doc: String,
}

/// A named number with a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// Name in snake case.
    pub name: String,
    /// Value.
    pub value: u64,
    /// Unit: `seconds`, `milliseconds`, `percent`, `bytes`, `levels`, `streams`, `messages`, …
    pub unit: String,
    /// Prose.
    pub doc: String,
    /// Where the fact comes from; an ambiguity's id where the reference chose.
    pub source: String,
}

/// How strictly a clause binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A violation is a failure.
    Must,
    /// A violation needs a reason.
    Should,
    /// Permitted.
    May,
}

/// Whom a clause binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The server.
    Server,
    /// The device.
    Device,
    /// Whatever writes messages.
    Encoder,
    /// Whatever reads messages.
    Decoder,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Immutable id, e.g. `GREET2-HELLO-003`.
    pub id: String,
    /// Earlier ids of the same rule.
    pub aliases: Vec<String>,
    /// Level.
    pub level: Level,
    /// Whom it binds; never empty.
    pub binds: Vec<Party>,
    /// The rule in our words.
    pub text: String,
    /// Where it comes from.
    pub source: String,
    /// Why no case or vector can prove it, if so.
    pub untestable: Option<String>,
    /// Where the clause stands.
    pub position: Position,
}

/// What the sources leave open or contradict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguity {
    /// Immutable id, e.g. `GREET2-AMB-CASE`.
    pub id: String,
    /// The question.
    pub question: String,
    /// The readings: slug and what it means.
    pub readings: Vec<Reading>,
    /// Slug of the reading that the reference follows.
    pub reference: String,
    /// Why that one.
    pub reason: String,
    /// Where it comes from.
    pub source: String,
}

/// One reading of an ambiguity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Slug.
    pub name: String,
    /// What an implementation that reads it so does.
    pub text: String,
}

impl Spec {
    /// The message of that name.
    #[must_use]
    pub fn message(&self, name: &str) -> Option<&Message> {
        self.messages.iter().find(|m| m.name == name)
    }

    /// The message of that code; of several, the one that stands for them all while nobody says what
    /// is answered.
    #[must_use]
    pub fn message_by_code(&self, code: u32) -> Option<&Message> {
        let mut all = self.messages.iter().filter(|m| m.code == code);
        let first = all.clone().next();
        all.find(|m| m.answers_to.is_empty()).or(first)
    }

    /// The enum of that name.
    #[must_use]
    pub fn enumeration(&self, name: &str) -> Option<&Enum> {
        self.enums.iter().find(|e| e.name == name)
    }

    /// The map schema of that name.
    #[must_use]
    pub fn map(&self, name: &str) -> Option<&MapSchema> {
        self.maps.iter().find(|m| m.name == name)
    }

    /// The clause of that id, or of which it is an alias.
    #[must_use]
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses
            .iter()
            .find(|c| c.id == id || c.aliases.iter().any(|a| a == id))
    }

    /// The value of a limit.
    #[must_use]
    pub fn limit(&self, name: &str) -> Option<u64> {
        self.limits.iter().find(|q| q.name == name).map(|q| q.value)
    }

    /// The value of a timer.
    #[must_use]
    pub fn timer(&self, name: &str) -> Option<u64> {
        self.timers.iter().find(|q| q.name == name).map(|q| q.value)
    }
}

impl Message {
    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}
