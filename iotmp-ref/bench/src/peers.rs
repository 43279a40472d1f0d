//! The codecs beside ours, each doing the same with the same fields.

pub mod prost;
pub mod quick_protobuf;

use std::hint::black_box;

use crate::harness::{Case, Op};

/// The cases of one payload, to which every codec adds its own.
pub struct Set {
    payload: &'static str,
    /// What an encoded message of any codec fits in.
    room: usize,
    pub cases: Vec<Case>,
}

impl Set {
    pub fn new(payload: &'static str, room: usize) -> Self {
        Self {
            payload,
            room,
            cases: Vec::new(),
        }
    }

    /// Encodes into a slice, and gives what was written.
    pub fn encode<T: 'static>(
        &mut self,
        codec: &'static str,
        value: T,
        encode: impl Fn(&T, &mut [u8]) -> usize + 'static,
    ) -> Vec<u8> {
        let buffer = aligned(self.room, 0);
        let wire = encode(&value, buffer);
        let written = buffer[..wire].to_vec();
        self.push(Op::Encode, codec, wire, move || {
            encode(black_box(&value), black_box(buffer))
        });
        written
    }

    /// Encodes into a vector that has room, where a codec takes nothing less.
    pub fn append<T: 'static>(
        &mut self,
        codec: &'static str,
        value: T,
        encode: impl Fn(&T, &mut Vec<u8>) + 'static,
    ) -> Vec<u8> {
        let mut buffer = Vec::with_capacity(self.room);
        encode(&value, &mut buffer);
        let written = buffer.clone();
        self.push(Op::Encode, codec, written.len(), move || {
            buffer.clear();
            encode(black_box(&value), black_box(&mut buffer));
            buffer.len()
        });
        written
    }

    /// Reads `wire`; `decode` has to keep its result from being optimised away.
    pub fn decode(
        &mut self,
        op: Op,
        codec: &'static str,
        wire: &[u8],
        mut decode: impl FnMut(&[u8]) + 'static,
    ) {
        let bytes = wire.to_vec();
        self.push(op, codec, wire.len(), move || decode(black_box(&bytes)));
    }

    pub fn push<R>(
        &mut self,
        op: Op,
        codec: &'static str,
        wire: usize,
        work: impl FnMut() -> R + 'static,
    ) {
        self.cases
            .push(Case::new(self.payload, op, codec, wire, work));
    }
}

/// Where in a page payloads begin: half a page away from the messages.
pub const SOURCE: usize = 2048;

/// Zeros that begin `offset` bytes into a page, and live as long as the program.
///
/// Copies between addresses that differ by little in their last twelve bits are
/// slow on some machines, whoever makes them: nobody shall be lucky.
pub fn aligned(len: usize, offset: usize) -> &'static mut [u8] {
    const PAGE: usize = 4096;

    let memory = Vec::leak(vec![0; len + 2 * PAGE]);
    let start = memory.as_ptr().align_offset(PAGE) + offset;
    &mut memory[start..start + len]
}

/// A text where payloads stand: away from the addresses that messages are written to.
pub fn placed(text: &str) -> &'static str {
    let bytes = aligned(text.len(), SOURCE);
    bytes.copy_from_slice(text.as_bytes());
    std::str::from_utf8(bytes).expect("a copy of a text")
}

/// Adds the codecs that are told the fields by derives, each after a check that
/// it reads what it has written.
macro_rules! derived {
    ($set:expr, $type:ident, $value:expr) => {{
        use std::hint::black_box;

        use $crate::harness::Op::{Dynamic, Typed};
        use $crate::payloads::$type;

        let set: &mut $crate::peers::Set = $set;

        let wire = set.encode("bincode", $value, |value, buffer| {
            bincode::encode_into_slice(value, buffer, bincode::config::standard()).unwrap()
        });
        let read = bincode::borrow_decode_from_slice(&wire, bincode::config::standard());
        assert_eq!(read.unwrap(), ($value, wire.len()));
        set.decode(Typed, "bincode", &wire, |bytes| {
            let config = bincode::config::standard();
            black_box(bincode::borrow_decode_from_slice::<$type<'_>, _>(bytes, config).unwrap());
        });

        let wire = set.encode("postcard", $value, |value, buffer| {
            postcard::to_slice(value, buffer).unwrap().len()
        });
        assert_eq!(postcard::from_bytes(&wire), Ok($value));
        set.decode(Typed, "postcard", &wire, |bytes| {
            black_box(postcard::from_bytes::<$type<'_>>(bytes).unwrap());
        });

        // The size is asked for ahead: the writer does not say how far it has come.
        let size = quick_protobuf::MessageWrite::get_size(&$value);
        let wire = set.encode("quick-protobuf", $value, move |value, buffer| {
            $crate::peers::quick_protobuf::write(value, buffer);
            size
        });
        assert_eq!(
            $crate::peers::quick_protobuf::read::<$type<'_>>(&wire),
            $value
        );
        set.decode(Typed, "quick-protobuf", &wire, |bytes| {
            black_box($crate::peers::quick_protobuf::read::<$type<'_>>(bytes));
        });

        let wire = set.append(
            "prost",
            $crate::peers::prost::$type::from(&$value),
            |value, buffer| {
                prost::Message::encode(value, buffer).unwrap();
            },
        );
        assert_eq!(
            prost::Message::decode(&*wire),
            Ok($crate::peers::prost::$type::from(&$value))
        );
        set.decode(Typed, "prost", &wire, |bytes| {
            let message: $crate::peers::prost::$type = prost::Message::decode(bytes).unwrap();
            black_box(message);
        });

        let wire = set.encode("minicbor", $value, |value, buffer| {
            let mut cursor = minicbor::encode::write::Cursor::new(buffer);
            minicbor::encode(value, &mut cursor).unwrap();
            cursor.position()
        });
        assert_eq!(minicbor::decode::<$type<'_>>(&wire).unwrap(), $value);
        set.decode(Typed, "minicbor", &wire, |bytes| {
            black_box(minicbor::decode::<$type<'_>>(bytes).unwrap());
        });
        set.decode(Dynamic, "minicbor skip", &wire, |bytes| {
            black_box(minicbor::Decoder::new(bytes).skip().unwrap());
        });

        let wire = set.append("rmp-serde named", $value, |value, buffer| {
            rmp_serde::encode::write_named(buffer, value).unwrap();
        });
        assert_eq!(rmp_serde::from_slice::<$type<'_>>(&wire).unwrap(), $value);
        set.decode(Typed, "rmp-serde named", &wire, |bytes| {
            black_box(rmp_serde::from_slice::<$type<'_>>(bytes).unwrap());
        });
        set.decode(Dynamic, "rmpv ValueRef", &wire, |mut bytes| {
            black_box(rmpv::decode::read_value_ref(&mut bytes).unwrap());
        });

        let wire = set.append("ciborium", $value, |value, buffer| {
            ciborium::into_writer(value, buffer).unwrap();
        });
        // It lends no text to a struct, so there is no typed case.
        set.decode(Dynamic, "ciborium", &wire, |bytes| {
            black_box(ciborium::from_reader::<ciborium::Value, _>(bytes).unwrap());
        });
    }};
}

/// Adds JSON, and the Struct of protobuf that JSON maps to.
macro_rules! json {
    ($set:expr, $type:ident, $value:expr) => {{
        use std::hint::black_box;

        use $crate::harness::Op::{Dynamic, Typed};
        use $crate::payloads::$type;

        let set: &mut $crate::peers::Set = $set;

        let wire = set.append("serde_json", $value, |value, buffer| {
            serde_json::to_writer(buffer, value).unwrap();
        });
        assert_eq!(serde_json::from_slice::<$type<'_>>(&wire).unwrap(), $value);
        set.decode(Typed, "serde_json", &wire, |bytes| {
            black_box(serde_json::from_slice::<$type<'_>>(bytes).unwrap());
        });
        set.decode(Dynamic, "serde_json", &wire, |bytes| {
            black_box(serde_json::from_slice::<serde_json::Value>(bytes).unwrap());
        });
        let wire = set.append("sonic-rs", $value, |value, buffer| {
            sonic_rs::to_writer(buffer, value).unwrap();
        });
        assert_eq!(sonic_rs::from_slice::<$type<'_>>(&wire).unwrap(), $value);
        set.decode(Typed, "sonic-rs", &wire, |bytes| {
            black_box(sonic_rs::from_slice::<$type<'_>>(bytes).unwrap());
        });
        set.decode(Dynamic, "sonic-rs", &wire, |bytes| {
            black_box(sonic_rs::from_slice::<sonic_rs::Value>(bytes).unwrap());
        });
        let wire = $crate::peers::prost::dynamic(&serde_json::to_value(&$value).unwrap());
        set.decode(Dynamic, "prost Struct", &wire, |bytes| {
            let value: prost_types::Value = prost::Message::decode(bytes).unwrap();
            black_box(value);
        });
    }};
}

pub(crate) use {derived, json};
