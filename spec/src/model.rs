//! What a checked specification says: plain data, valid by construction.
//!
//! Names are in the order in which the YAML gives them; an `extends:` parent's
//! come first. A lookup by name cannot fail where another part of the model
//! holds that name: the checks have resolved it.

use std::path::PathBuf;

/// One revision of one protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// Stable name, e.g. `iotmp-2025`: the `--spec` of the command line.
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
    /// How values of type `any` are written.
    pub values: Values,
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

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntEncoding {
    /// Base-128, least significant group first; refused over this many bits (8, 16, 32 or 64).
    Varint(u8),
    /// Big-endian, this many bytes (1, 2, 4 or 8).
    BigEndian(u8),
    /// Little-endian, this many bytes (1, 2, 4 or 8).
    LittleEndian(u8),
}

/// How messages are delimited on the byte stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framing {
    /// How the message code is written.
    pub code: IntEncoding,
    /// How the size of the body is written; `None` where the layout alone tells.
    pub size: Option<IntEncoding>,
}

/// How a message's body is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Key-value pairs in any order.
    KeyValue(KeyValue),
}

/// The layout of key-value bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// How a key is written.
    pub key: IntEncoding,
    /// Which part of the key is the high one; it takes the bits that the low part leaves.
    pub high: KeyPart,
    /// Bits of the low part.
    pub low_bits: u8,
    /// Wire types in the order of the file.
    pub wire_types: Vec<WireType>,
}

/// The two parts of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPart {
    /// The field identifier.
    Field,
    /// The wire type.
    WireType,
}

/// How the value behind a key is delimited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireType {
    /// Name, e.g. `varint`.
    pub name: String,
    /// Number in the key.
    pub id: u8,
    /// How the value is delimited.
    pub shape: Shape,
    /// Prose.
    pub doc: String,
}

/// How a value behind a key is delimited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A varint of at most 64 bits.
    Varint,
    /// This many bytes, 4 or 8.
    Fixed(u8),
    /// A varint size, then that many bytes, which hold a value in one of these encodings; none: opaque bytes.
    Sized(Vec<String>),
    /// A value in one of these encodings, which delimits itself. The first is the default.
    Encoded(Vec<String>),
}

/// How values of type `any` are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Registered encoding used unless another is negotiated.
    pub default_encoding: String,
    /// Whether a non-negative integer that is the whole value travels as a varint field.
    pub integers_as_varint: bool,
}

/// Named numbers. Always open: unknown numbers survive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enum {
    /// Name in snake case.
    pub name: String,
    /// Bits of the number: 8, 16, 32 or 64.
    pub bits: u8,
    /// Values.
    pub values: Vec<EnumValue>,
    /// Prose.
    pub doc: String,
}

/// One named number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumValue {
    /// Name in snake case.
    pub name: String,
    /// Number.
    pub value: u64,
    /// Prose.
    pub doc: String,
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Name in snake case, e.g. `start_stream`.
    pub name: String,
    /// Code in the header.
    pub code: u32,
    /// Who sends it.
    pub direction: Direction,
    /// Fields in the order of the file.
    pub fields: Vec<Field>,
    /// Messages that may answer it.
    pub answers: Vec<String>,
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
    /// Identifier in the key.
    pub id: u32,
    /// Type.
    pub ty: FieldType,
    /// Whether a message without it is malformed.
    pub mandatory: bool,
    /// Number meant by its absence.
    pub default: Option<u64>,
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
    /// A number written as a varint, of at most this many bits (8, 16, 32 or 64).
    Varint(u8),
    /// A number named by this enum.
    Enum(String),
    /// A value of any type. The name is that of the map schema, if it is known to be one.
    Any(Option<String>),
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
    /// Immutable id, e.g. `IOTMP25-CONNECT-003`.
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
    /// Immutable id, e.g. `IOTMP25-AMB-NON-MINIMAL`.
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

impl IntEncoding {
    /// Bits of the largest number that it can write: 8, 16, 32 or 64.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::Varint(bits) => bits,
            Self::BigEndian(bytes) | Self::LittleEndian(bytes) => bytes.saturating_mul(8),
        }
    }
}

impl Spec {
    /// The message of that name.
    #[must_use]
    pub fn message(&self, name: &str) -> Option<&Message> {
        self.messages.iter().find(|m| m.name == name)
    }

    /// The message of that code.
    #[must_use]
    pub fn message_by_code(&self, code: u32) -> Option<&Message> {
        self.messages.iter().find(|m| m.code == code)
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
