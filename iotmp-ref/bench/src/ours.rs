//! This codec, through what `messages!` makes of the specifications.

use std::hint::black_box;

use iotmp_ref::message::{iotmp_2023, iotmp_2025, nubison};
use iotmp_ref::pson::{self, Generation, Item, Node, Tape, View};
use iotmp_ref::wire::{Any, Encoded, Encoding};

use crate::harness::Op;
use crate::payloads::{Batch, Blob, Call, Login, Measurement, Refusal, Sample, Subscription};
use crate::peers::{Set, aligned};

/// The name of this codec in tables.
pub const NAME: &str = "iotmp";

const ENCODING: Encoding = Encoding::Pson2;
/// Where in a page large payloads begin.
pub const SOURCE: usize = 2048;

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
    let bytes = aligned(wire.len(), SOURCE);
    bytes.copy_from_slice(wire);
    let buffer = aligned(wire.len(), 0);
    set.push(Op::Encode, "memcpy", wire.len(), move || {
        black_box(&mut *buffer).copy_from_slice(black_box(bytes));
    });
}

/// Adds the cases that know only the message, of 2025.
pub fn dynamic(set: &mut Set, wire: &[u8]) {
    set.decode(Op::Dynamic, "iotmp walk", wire, |bytes| {
        black_box(walk_message(bytes));
    });
    let mut nodes = Vec::new();
    set.decode(Op::Dynamic, "iotmp tape", wire, move |bytes| {
        black_box(tape(bytes, &mut nodes).len());
    });
    let mut nodes = Vec::new();
    set.decode(Op::Dynamic, "iotmp tape, walk", wire, move |bytes| {
        black_box(walk_tape(tape(bytes, &mut nodes).root()));
    });
    set.decode(Op::Dynamic, "iotmp tree", wire, |bytes| {
        let message = iotmp_2025::decode_as(bytes, ENCODING).unwrap().0;
        black_box(pson::Generation::Two.decode(payload(&message)).unwrap());
    });
}

/// Finds the payload of a message of 2025, and the places of what is in it.
pub fn tape<'t, 'a>(bytes: &'a [u8], nodes: &'t mut Vec<Node>) -> Tape<'t, 'a> {
    let message = iotmp_2025::decode_as(bytes, ENCODING).unwrap().0;
    let payload = payload(&message);
    let start = payload.as_ptr().addr() - bytes.as_ptr().addr();
    let payload = &bytes[start..start + payload.len()];
    Tape::read(Generation::Two, payload, nodes).unwrap()
}

fn payload<'m>(message: &'m iotmp_2025::Message<'_>) -> &'m [u8] {
    use iotmp_2025::Message::{Connect, Run, StartStream, StreamData};

    let any = match message {
        Connect(message) => Some(&message.payload),
        Run(message) => message.payload.as_ref(),
        StartStream(message) => message.parameters.as_ref(),
        StreamData(message) => message.payload.as_ref(),
        _ => None,
    };
    bytes(any.unwrap())
}

/// Reads a message of 2025, and looks at every value of its payload.
pub fn walk_message(bytes: &[u8]) -> u64 {
    let message = iotmp_2025::decode_as(bytes, ENCODING).unwrap().0;
    walk(View::new(payload(&message)).unwrap())
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

/// Encodes a payload ahead of its message.
fn any<'s, T: pson::Encode>(generation: Generation, value: &T, scratch: &'s mut [u8]) -> Any<'s> {
    let encoding = match generation {
        Generation::One => Encoding::Pson1,
        Generation::Two => Encoding::Pson2,
    };
    let size = pson::encode(value, generation, scratch).unwrap();
    let bytes = &scratch[..size];
    Any::Encoded(Encoded::new(encoding, bytes, pson::MAX_DEPTH).unwrap())
}

/// Room for the message, and for a payload of it.
fn halves(buffer: &mut [u8]) -> (&mut [u8], &mut [u8]) {
    let middle = buffer.len() / 2;
    buffer.split_at_mut(middle)
}

fn read<'a, T: pson::Decode<'a>>(any: &'a Any<'_>) -> T {
    pson::decode(Generation::Two, bytes(any)).unwrap()
}

fn bytes<'m>(any: &'m Any<'_>) -> &'m [u8] {
    match any {
        Any::Encoded(encoded) => encoded.bytes(),
        _ => panic!("no value of PSON"),
    }
}

impl Message for Sample<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::StreamData;

        let (buffer, scratch) = halves(buffer);

        let message = StreamData {
            payload: Some(any(Generation::Two, &self.payload, scratch)),
            ..StreamData::new(self.stream_id)
        };
        let message = iotmp_2025::Message::StreamData(message);
        message.encode(buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::StreamData(message) = message else {
            panic!("another message");
        };
        black_box(Sample {
            stream_id: message.stream_id,
            payload: read(message.payload.as_ref().unwrap()),
        });
    }
}

impl Message for Batch<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::StreamData;

        let (buffer, scratch) = halves(buffer);

        let message = StreamData {
            payload: Some(any(Generation::Two, &self.payload, scratch)),
            ..StreamData::new(self.stream_id)
        };
        let message = iotmp_2025::Message::StreamData(message);
        message.encode(buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::StreamData(message) = message else {
            panic!("another message");
        };
        black_box(Batch {
            stream_id: message.stream_id,
            payload: read(message.payload.as_ref().unwrap()),
        });
    }
}

impl Message for Blob<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::StreamData;

        let (buffer, scratch) = halves(buffer);

        let message = StreamData {
            payload: Some(any(Generation::Two, &self.payload, scratch)),
            ..StreamData::new(self.stream_id)
        };
        let message = iotmp_2025::Message::StreamData(message);
        message.encode(buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::StreamData(message) = message else {
            panic!("another message");
        };
        black_box(Blob {
            stream_id: message.stream_id,
            payload: read(message.payload.as_ref().unwrap()),
        });
    }
}

impl Message for Login<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::Connect;

        let (buffer, scratch) = halves(buffer);

        let message = Connect::new(any(Generation::Two, &self.payload, scratch), self.stream_id);
        let message = iotmp_2025::Message::Connect(message);
        message.encode(buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::Connect(message) = message else {
            panic!("another message");
        };
        black_box(Login {
            stream_id: message.stream_id,
            payload: read(&message.payload),
        });
    }
}

impl Message for Call<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::Run;

        let (buffer, scratch) = halves(buffer);
        let (scratch, resource) = halves(scratch);
        let message = Run {
            stream_id: Some(self.stream_id),
            payload: Some(any(Generation::Two, &self.payload, scratch)),
            ..Run::new(any(Generation::Two, &self.resource, resource))
        };
        let message = iotmp_2025::Message::Run(message);
        message.encode(buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::Run(message) = message else {
            panic!("another message");
        };
        black_box(Call {
            stream_id: message.stream_id.unwrap(),
            payload: read(message.payload.as_ref().unwrap()),
            resource: read(&message.resource),
        });
    }
}

impl Message for Subscription<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::StartStream;

        let (buffer, scratch) = halves(buffer);
        let (scratch, resource) = halves(scratch);
        let message = StartStream {
            parameters: Some(any(Generation::Two, &self.parameters, scratch)),
            ..StartStream::new(
                any(Generation::Two, &self.resource, resource),
                self.stream_id,
            )
        };
        let message = iotmp_2025::Message::StartStream(message);
        message.encode(buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::StartStream(message) = message else {
            panic!("another message");
        };
        black_box(Subscription {
            stream_id: message.stream_id,
            parameters: read(message.parameters.as_ref().unwrap()),
            resource: read(&message.resource),
        });
    }
}

impl Message for Refusal<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2023::Error;

        let (buffer, scratch) = halves(buffer);
        let (first, second) = halves(scratch);
        let message = Error {
            parameters: Some(any(Generation::One, &self.parameters, first)),
            payload: Some(any(Generation::One, &self.payload, second)),
            ..Error::new(self.stream_id)
        };
        let message = iotmp_2023::Message::Error(message);
        message.encode(buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2023::decode(input).unwrap();
        let iotmp_2023::Message::Error(message) = message else {
            panic!("another message");
        };
        let parameters = bytes(message.parameters.as_ref().unwrap());
        let payload = bytes(message.payload.as_ref().unwrap());
        black_box(Refusal {
            stream_id: message.stream_id,
            parameters: pson::decode(Generation::One, parameters).unwrap(),
            payload: pson::decode(Generation::One, payload).unwrap(),
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
        nubison::Message::Data(message).encode(buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = nubison::decode(input).unwrap();
        let nubison::Message::Data(message) = message else {
            panic!("another message");
        };
        black_box(Measurement {
            session_id: &message.session_id,
            access_token: &message.access_token,
            payload: &message.payload,
        });
    }
}
