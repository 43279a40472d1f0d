//! This codec, through what `messages!` makes of the specifications.

use std::hint::black_box;

use iotmp_ref::message::{iotmp_2023, iotmp_2025, nubison};
use iotmp_ref::pson::{Generation, Ignored, Item, Node, Tape, View};
use iotmp_ref::wire::{Encoding, Reader};

use crate::harness::Op;
use crate::payloads::{
    Batch, Blob, Call, Interval, Login, Measurement, Reading, Refusal, Sample, Subscription, Unit,
};
use crate::peers::{SOURCE, Set, aligned};

/// The name of this codec in tables.
pub const NAME: &str = "iotmp";

const ENCODING: Encoding = Encoding::Pson2;
const TWO: Generation = Generation::Two;

/// A payload in a message of a specification.
pub trait Message {
    /// Writes the whole message to the start of `buffer`; gives its size.
    fn encode(&self, buffer: &mut [u8]) -> usize;
    /// Reads the whole message, and keeps the compiler from leaving it.
    fn decode(bytes: &[u8]);
}

/// Adds the typed cases, and gives what was encoded.
macro_rules! typed {
    ($set:expr, $type:ident, $value:expr) => {{
        use $crate::ours::Message;

        let set: &mut $crate::peers::Set = $set;
        let wire = set.encode($crate::ours::NAME, $value, |value, buffer| {
            value.encode(buffer)
        });
        set.decode(
            $crate::harness::Op::Typed,
            $crate::ours::NAME,
            &wire,
            |bytes| {
                $crate::payloads::$type::decode(bytes);
            },
        );
        wire
    }};
}
pub(crate) use typed;

/// Adds the copying of `wire`: nothing that writes it can be faster.
pub fn memcpy(set: &mut Set, wire: &[u8]) {
    memcpy_ahead(set, wire, 0);
}

/// The same from `ahead` bytes before [`SOURCE`]: with as many before a payload that
/// stands there, both copy between addresses that differ alike.
pub fn memcpy_ahead(set: &mut Set, wire: &[u8], ahead: usize) {
    let bytes = aligned(wire.len(), SOURCE - ahead);
    bytes.copy_from_slice(wire);
    let buffer = aligned(wire.len(), 0);
    set.push(Op::Encode, "memcpy", wire.len(), move || {
        black_box(&mut *buffer).copy_from_slice(black_box(bytes));
    });
}

/// Adds the cases that know only the message, of 2025.
pub fn dynamic(set: &mut Set, wire: &[u8]) {
    let mut nodes = Vec::new();
    set.decode(Op::Dynamic, "iotmp tape", wire, move |bytes| {
        black_box(tape(bytes, &mut nodes).len());
    });
    let mut nodes = Vec::new();
    set.decode(Op::Dynamic, "iotmp tape, walk", wire, move |bytes| {
        black_box(walk_tape(tape(bytes, &mut nodes).root()));
    });
    set.decode(Op::Dynamic, "iotmp view", wire, |bytes| {
        black_box(view(bytes));
    });
    set.decode(Op::Dynamic, "iotmp view, walk", wire, |bytes| {
        black_box(walk_message(bytes));
    });
    set.decode(Op::Dynamic, "iotmp tree", wire, |bytes| {
        black_box(view(bytes).to_value());
    });
}

/// Reads a message of 2025, and the places of what is in its payload, or in its
/// parameters where it has none: in one pass, whatever the order of the fields.
pub fn tape<'t, 'a>(bytes: &'a [u8], nodes: &'t mut Vec<Node>) -> Tape<'t, 'a> {
    use iotmp_2025::{FRAME, LAYOUT, StartStream};

    let mut opened = FRAME.open(bytes).unwrap();
    let wanted = match opened.code {
        StartStream::CODE => PARAMETERS,
        _ => PAYLOAD,
    };
    let body = &mut opened.body;
    let tape = loop {
        let at = body.offset();
        let key = LAYOUT.read_key(body).unwrap();
        if key == wanted {
            let (tape, taken) = Tape::read_first(TWO, body.rest(), nodes).unwrap();
            body.take(taken as u64).unwrap();
            break tape;
        }
        skip(body, key, at);
    };
    while !body.is_empty() {
        let at = body.offset();
        let key = LAYOUT.read_key(body).unwrap();
        skip(body, key, at);
    }
    tape
}

/// The key of parameters in PSON.
const PARAMETERS: u32 = 2 << 3 | 1;
/// The key of a payload in PSON.
const PAYLOAD: u32 = 3 << 3 | 1;

fn skip(body: &mut Reader<'_>, key: u32, at: usize) {
    match iotmp_2025::LAYOUT.split(key).1 {
        0 => drop(black_box(body.varint(u64::BITS).unwrap())),
        _ => iotmp_2025::LAYOUT.skip(body, key, at, ENCODING).unwrap(),
    }
}

/// The payload of a message of 2025, or its parameters where it has none.
fn view(bytes: &[u8]) -> View<'_> {
    use iotmp_2025::{Connect, Run, StartStream, StreamData, typed};

    // The code of every message is one byte.
    match u32::from(bytes[0]) {
        StreamData::CODE => {
            let read = typed::StreamData::<Ignored, View<'_>>::decode_as(bytes, ENCODING);
            read.unwrap().0.payload.unwrap()
        }
        Connect::CODE => {
            let read = typed::Connect::<Ignored, View<'_>>::decode_as(bytes, ENCODING);
            read.unwrap().0.payload
        }
        Run::CODE => {
            let read = typed::Run::<Ignored, View<'_>, &str>::decode_as(bytes, ENCODING);
            read.unwrap().0.payload.unwrap()
        }
        StartStream::CODE => {
            let read = typed::StartStream::<View<'_>, Ignored, &str>::decode_as(bytes, ENCODING);
            read.unwrap().0.parameters.unwrap()
        }
        code => panic!("no case has a message of the code {code}"),
    }
}

/// Reads a message of 2025, and looks at every value of its payload.
pub fn walk_message(bytes: &[u8]) -> u64 {
    walk(view(bytes))
}

/// Looks at every value, and keeps the compiler from leaving it.
fn walk(view: View<'_>) -> u64 {
    if let Some(pairs) = view.pairs() {
        pairs
            .map(|(key, value)| key.len() as u64 ^ walk(value))
            .sum()
    } else if let Some(elements) = view.elements() {
        elements.fold(0, |sum, element| sum ^ walk(element))
    } else if let Some(text) = view.as_str() {
        text.len() as u64
    } else if let Some(number) = view.as_f64() {
        number.to_bits()
    } else {
        u64::from(view.as_bool() == Some(true))
    }
}

/// As [`walk`], over a tape.
pub fn walk_tape(item: Item<'_, '_>) -> u64 {
    if let Some(pairs) = item.pairs() {
        pairs.fold(0, |sum, (key, value)| {
            sum ^ key.len() as u64 ^ walk_tape(value)
        })
    } else if let Some(elements) = item.elements() {
        elements.fold(0, |sum, element| sum ^ walk_tape(element))
    } else if let Some(text) = item.as_str() {
        text.len() as u64
    } else if let Some(number) = item.as_f64() {
        number.to_bits()
    } else {
        u64::from(item.as_bool() == Some(true))
    }
}

impl Message for Sample<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        let message = iotmp_2025::typed::StreamData {
            stream_id: self.stream_id,
            parameters: None::<bool>,
            payload: Some(&self.payload),
        };
        message.encode_as(TWO, buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) =
            iotmp_2025::typed::StreamData::<Ignored, Reading<'_>>::decode_as(input, ENCODING)
                .unwrap();
        black_box(Sample {
            stream_id: message.stream_id,
            payload: message.payload.unwrap(),
        });
    }
}

impl Message for Batch<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        let message = iotmp_2025::typed::StreamData {
            stream_id: self.stream_id,
            parameters: None::<bool>,
            payload: Some(&self.payload),
        };
        message.encode_as(TWO, buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) =
            iotmp_2025::typed::StreamData::<Ignored, Vec<Reading<'_>>>::decode_as(input, ENCODING)
                .unwrap();
        black_box(Batch {
            stream_id: message.stream_id,
            payload: message.payload.unwrap(),
        });
    }
}

impl Message for Blob<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        let message = iotmp_2025::typed::StreamData {
            stream_id: self.stream_id,
            parameters: None::<bool>,
            payload: Some(self.payload),
        };
        message.encode_as(TWO, buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) =
            iotmp_2025::typed::StreamData::<Ignored, &[u8]>::decode_as(input, ENCODING).unwrap();
        black_box(Blob {
            stream_id: message.stream_id,
            payload: message.payload.unwrap(),
        });
    }
}

impl Message for Login<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        let message = iotmp_2025::typed::Connect {
            stream_id: self.stream_id,
            parameters: None::<bool>,
            payload: self.payload,
        };
        message.encode_as(TWO, buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) =
            iotmp_2025::typed::Connect::<Ignored, [&str; 3]>::decode_as(input, ENCODING).unwrap();
        black_box(Login {
            stream_id: message.stream_id,
            payload: message.payload,
        });
    }
}

impl Message for Call<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        let message = iotmp_2025::typed::Run {
            stream_id: Some(self.stream_id),
            parameters: None::<bool>,
            payload: Some(&self.payload),
            resource: self.resource,
        };
        message.encode_as(TWO, buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) =
            iotmp_2025::typed::Run::<Ignored, Unit, &str>::decode_as(input, ENCODING).unwrap();
        black_box(Call {
            stream_id: message.stream_id.unwrap(),
            payload: message.payload.unwrap(),
            resource: message.resource,
        });
    }
}

impl Message for Subscription<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        let message = iotmp_2025::typed::StartStream {
            stream_id: self.stream_id,
            parameters: Some(&self.parameters),
            payload: None::<bool>,
            resource: self.resource,
        };
        message.encode_as(TWO, buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) =
            iotmp_2025::typed::StartStream::<Interval, Ignored, &str>::decode_as(input, ENCODING)
                .unwrap();
        black_box(Subscription {
            stream_id: message.stream_id,
            parameters: message.parameters.unwrap(),
            resource: message.resource,
        });
    }
}

impl Message for Refusal<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        let message = iotmp_2023::typed::Error {
            stream_id: self.stream_id,
            parameters: Some(self.parameters),
            payload: Some(self.payload),
        };
        message.encode_as(Generation::One, buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) =
            iotmp_2023::typed::Error::<u32, &str>::decode_as(input, Encoding::Pson1).unwrap();
        black_box(Refusal {
            stream_id: message.stream_id,
            parameters: message.parameters.unwrap(),
            payload: message.payload.unwrap(),
        });
    }
}

impl Message for Measurement<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        let message = nubison::Data {
            session_id: self.session_id.try_into().unwrap(),
            access_token: self.access_token.into(),
            payload: self.payload.into(),
        };
        message.encode(buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = nubison::Data::decode(input).unwrap();
        black_box(Measurement {
            session_id: &message.session_id,
            access_token: &message.access_token,
            payload: &message.payload,
        });
    }
}
