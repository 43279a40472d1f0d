//! Vectors: bytes and what they mean, as data.
//!
//! They stand in `vectors/<spec>/<area>.json`, in the form that
//! `vectors/schema.json` describes, and are part of the program. They were
//! written from the sources of the protocol, never from what a program put out.
//!
//! A vector is *valid* (its bytes have one meaning), *invalid* (they have none;
//! its control is a valid vector one edit away, so that refusing everything is
//! not passing), or *acceptable*: the sources leave it open, and what a codec
//! does is recorded as one of the readings of an ambiguity.

mod bundle;
mod check;
mod contradiction;
mod embedded;
mod expect;
mod like;
mod raw;
mod run;
mod write;

use core::fmt;

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Level, Message, Spec};
use serde_json::Value as Json;

pub use self::bundle::{BUNDLE, BundleFile, SCHEMA, check_bundle, check_files, export};
pub(crate) use self::check::hex_bytes;
pub use self::check::{Fault, LoadError, load};
pub use self::embedded::{FILES, all};
pub use self::run::{Finding, Judgement, Verdict, run, same};
pub use self::write::{file_of, from_json, to_json};

/// One vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// Stable name, `<spec>/<area>/<slug>`.
    pub id: String,
    /// Earlier names of the same vector.
    pub aliases: Vec<String>,
    /// Version of the suite that brought it.
    pub since: String,
    /// What it shows.
    pub doc: String,
    /// The clauses that it proves.
    pub clauses: Vec<String>,
    /// Whether failing it is a failure.
    pub level: Level,
    /// What the vector is about, as words of the schema.
    pub flags: Vec<Flag>,
    /// Whether the bytes are a message or a value.
    pub kind: Kind,
    /// The request that the message answers, where that decides what it holds.
    pub answers: Option<&'static Message>,
    /// Encoding of values, where it is not the one that a receiver finds by itself.
    pub encoding: Option<Encoding>,
    /// The bytes; absent where only an encoder is asked.
    pub bytes: Option<Vec<u8>>,
    /// What should come of it.
    pub expected: Expected,
    /// Whether a decoder is asked, and whether an encoder.
    pub applies: Vec<Operation>,
    /// Where the fact comes from: a key of the specification's sources.
    pub source: String,
}

/// What should come of a vector.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// The bytes mean this, and an encoder writes them.
    Valid {
        /// The message or the value.
        value: Json,
        /// How many of the bytes it takes; all of them unless more follow.
        consumed: usize,
        /// The bytes that an encoder writes, where they are others.
        canonical: Option<Vec<u8>>,
    },
    /// The bytes, or the value, have to be refused.
    Invalid {
        /// The valid vector one edit away.
        control: String,
        /// Why.
        reject: Reject,
        /// What an encoder is given.
        value: Option<Json>,
    },
    /// One of these outcomes.
    Acceptable {
        /// The ambiguity that leaves it open.
        ambiguity: String,
        /// What may come of it.
        outcomes: Vec<Reading>,
    },
}

/// Why something is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// A word of [`Class`](crate::codec::Class); `None` stands for any.
    pub class: Option<String>,
    /// Bytes from the start of the input; `None` stands for anywhere.
    pub offset: Option<usize>,
}

/// One outcome of an acceptable vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The reading of the ambiguity that it shows.
    pub name: String,
    /// What comes of it.
    pub outcome: ReadingOutcome,
}

/// What comes of a reading.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadingOutcome {
    /// This message or value.
    Value(Json),
    /// A refusal.
    Reject(Reject),
    /// Anything but a refusal.
    Any,
}

/// What a vector's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A whole message.
    Message,
    /// A value in its encoding.
    Value,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// A decoder is given the bytes.
    Decode,
    /// An encoder is given the value.
    Encode,
}

/// What a vector is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// At the edge of a length, a width or a limit.
    Boundary,
    /// Something comes twice.
    Duplicate,
    /// Nested deep.
    Depth,
    /// An encoder has to write these very bytes; otherwise any that mean the same.
    ExactBytes,
    /// Made to hurt: it must neither crash, nor hang, nor take memory.
    Hostile,
    /// A size or count that does not agree with the bytes.
    Lie,
    /// Something mandatory is absent.
    Missing,
    /// Not a number, or infinite.
    Nan,
    /// Longer than it needs to be.
    NonMinimal,
    /// Fields in an unusual order.
    Order,
    /// A number beyond its width.
    Overflow,
    /// Longer than any number of its width needs to be.
    OverWide,
    /// A wire type, tag or type that means nothing.
    Reserved,
    /// Something follows where nothing should.
    Trailing,
    /// Cut short.
    Truncated,
    /// A field or message that this revision does not name.
    Unknown,
    /// Text that is not UTF-8.
    Utf8,
    /// A type that exists but is not allowed there.
    WrongType,
}

/// The vectors of one specification.
#[derive(Clone, Debug)]
pub struct VectorSet {
    /// The specification.
    pub spec: &'static Spec,
    /// Its vectors, in the order of the files.
    pub vectors: Vec<Vector>,
}

impl VectorSet {
    /// The vector of that id, or of which it is an alias.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Vector> {
        let mut vectors = self.vectors.iter();
        vectors.find(|v| v.id == id || v.aliases.iter().any(|alias| alias == id))
    }
}

impl Vector {
    /// Whether the vector is about `flag`.
    #[must_use]
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Whether `operation` is asked.
    #[must_use]
    pub fn asks(&self, operation: Operation) -> bool {
        self.applies.contains(&operation)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decode => "decode",
            Self::Encode => "encode",
        })
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.class {
            Some(class) => write!(f, "refused as {class}")?,
            None => f.write_str("refused")?,
        }
        match self.offset {
            Some(offset) => write!(f, " at offset {offset}"),
            None => Ok(()),
        }
    }
}
