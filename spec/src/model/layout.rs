//! How messages are laid out: the frame, the body, and how numbers are written.

use super::Field;

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
    /// Fewest bytes of a whole message, header included; fewer are not processed.
    pub min_size: Option<u64>,
}

/// How a message's body is laid out.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Key-value pairs in any order.
    KeyValue(KeyValue),
    /// Fields one behind the other, in the order of the file.
    Fixed(Fixed),
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
    /// How values of type `any` are written.
    pub values: Values,
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    /// Registered encoding used unless another is negotiated.
    pub default_encoding: String,
    /// Whether a non-negative integer that is the whole value travels as a varint field.
    pub integers_as_varint: bool,
}

/// The layout of bodies without keys.
///
/// Fields that are not mandatory stand at the end of a message and are there if bytes are left.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// Order of the bytes of every number.
    pub byte_order: ByteOrder,
    /// Fields that every message begins with; they are the first of its fields too.
    pub prefix: Vec<Field>,
}

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// The most significant one.
    BigEndian,
    /// The least significant one.
    LittleEndian,
}

/// How many bytes a field of text or bytes takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Exactly so many; at least one.
    Exact(u32),
    /// As many as a number before them says.
    Prefixed(IntEncoding),
    /// All that are left. Only the last field of a message.
    Rest,
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

    /// The largest number that it can write.
    #[must_use]
    pub const fn max(self) -> u64 {
        match 1_u64.checked_shl(self.bits() as u32) {
            Some(power) => power - 1,
            None => u64::MAX,
        }
    }

    /// Bytes of every number, where all take the same.
    #[must_use]
    pub const fn width(self) -> Option<u8> {
        match self {
            Self::Varint(_) => None,
            Self::BigEndian(bytes) | Self::LittleEndian(bytes) => Some(bytes),
        }
    }

    /// Bytes of the shortest form of `number`.
    #[must_use]
    pub fn len(self, number: u64) -> u64 {
        match self.width() {
            Some(width) => width.into(),
            None => u64::from((u64::BITS - (number | 1).leading_zeros()).div_ceil(7)),
        }
    }
}

impl Fixed {
    /// How a number of 8, 16, 32 or 64 bits is written.
    #[must_use]
    pub const fn int(&self, bits: u8) -> IntEncoding {
        self.byte_order.int(bits)
    }
}

impl ByteOrder {
    /// How a number of 8, 16, 32 or 64 bits is written. A single byte has no order.
    #[must_use]
    pub const fn int(self, bits: u8) -> IntEncoding {
        match self {
            Self::LittleEndian if bits > 8 => IntEncoding::LittleEndian(bits / 8),
            _ => IntEncoding::BigEndian(bits / 8),
        }
    }
}

impl Extent {
    /// The most bytes that it can hold.
    #[must_use]
    pub fn capacity(self) -> u64 {
        match self {
            Self::Exact(size) => size.into(),
            Self::Prefixed(prefix) => prefix.max(),
            Self::Rest => u64::MAX,
        }
    }
}
