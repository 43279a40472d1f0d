//! This codec, through what `messages!` makes of the specifications.

use std::hint::black_box;

use iotmp_ref::message::{iotmp_2023, iotmp_2025, nubison};
use iotmp_ref::pson::{self, View};
use iotmp_ref::wire::{Any, Encoded, Encoding};
use serde::Serialize;

use crate::harness::Op;
use crate::payloads::{Batch, Blob, Call, Login, Measurement, Refusal, Sample, Subscription};
use crate::peers::{Set, aligned};

/// The name of this codec in tables.
pub const NAME: &str = "iotmp";

const ENCODING: Encoding = Encoding::Pson2;
/// Where in a page large payloads begin.
pub const SOURCE: usize = 2048;

const DEPTH: usize = pson::MAX_DEPTH;

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
    set.decode(Op::Dynamic, "iotmp tree", wire, |bytes| {
        let message = iotmp_2025::decode_as(bytes, ENCODING).unwrap().0;
        black_box(pson::Generation::Two.decode(payload(&message)).unwrap());
    });
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

fn any<T: Serialize + ?Sized>(value: &T) -> Any<'static> {
    let bytes = pson::to_vec(value).unwrap();
    let encoded = Encoded::new(ENCODING, &bytes, DEPTH).unwrap();
    Any::Encoded(encoded.into_owned())
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
        let message = StreamData {
            payload: Some(any(&self.payload)),
            ..StreamData::new(self.stream_id)
        };
        iotmp_2025::Message::StreamData(message)
            .encode(buffer)
            .unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::StreamData(message) = message else {
            panic!("another message");
        };
        black_box(Sample {
            stream_id: message.stream_id,
            payload: pson::from_slice(bytes(message.payload.as_ref().unwrap())).unwrap(),
        });
    }
}

impl Message for Batch<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::StreamData;
        let message = StreamData {
            payload: Some(any(&self.payload)),
            ..StreamData::new(self.stream_id)
        };
        iotmp_2025::Message::StreamData(message)
            .encode(buffer)
            .unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::StreamData(message) = message else {
            panic!("another message");
        };
        black_box(Batch {
            stream_id: message.stream_id,
            payload: pson::from_slice(bytes(message.payload.as_ref().unwrap())).unwrap(),
        });
    }
}

impl Message for Blob<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::StreamData;
        let message = StreamData {
            payload: Some(any(serde_bytes::Bytes::new(self.payload))),
            ..StreamData::new(self.stream_id)
        };
        iotmp_2025::Message::StreamData(message)
            .encode(buffer)
            .unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::StreamData(message) = message else {
            panic!("another message");
        };
        black_box(Blob {
            stream_id: message.stream_id,
            payload: pson::from_slice::<&serde_bytes::Bytes>(bytes(
                message.payload.as_ref().unwrap(),
            ))
            .unwrap(),
        });
    }
}

impl Message for Login<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::Connect;
        let message = Connect {
            ..Connect::new(any(&self.payload), self.stream_id)
        };
        iotmp_2025::Message::Connect(message)
            .encode(buffer)
            .unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::Connect(message) = message else {
            panic!("another message");
        };
        black_box(Login {
            stream_id: message.stream_id,
            payload: pson::from_slice(bytes(&message.payload)).unwrap(),
        });
    }
}

impl Message for Call<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::Run;
        let message = Run {
            stream_id: Some(self.stream_id),
            payload: Some(any(&self.payload)),
            ..Run::new(any(self.resource))
        };
        iotmp_2025::Message::Run(message).encode(buffer).unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::Run(message) = message else {
            panic!("another message");
        };
        black_box(Call {
            stream_id: message.stream_id.unwrap(),
            payload: pson::from_slice(bytes(message.payload.as_ref().unwrap())).unwrap(),
            resource: pson::from_slice(bytes(&message.resource)).unwrap(),
        });
    }
}

impl Message for Subscription<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        use iotmp_2025::StartStream;
        let message = StartStream {
            parameters: Some(any(&self.parameters)),
            ..StartStream::new(any(self.resource), self.stream_id)
        };
        iotmp_2025::Message::StartStream(message)
            .encode(buffer)
            .unwrap()
    }

    fn decode(input: &[u8]) {
        let (message, _) = iotmp_2025::decode_as(input, ENCODING).unwrap();
        let iotmp_2025::Message::StartStream(message) = message else {
            panic!("another message");
        };
        black_box(Subscription {
            stream_id: message.stream_id,
            parameters: pson::from_slice(bytes(message.parameters.as_ref().unwrap())).unwrap(),
            resource: pson::from_slice(bytes(&message.resource)).unwrap(),
        });
    }
}

impl Message for Refusal<'_> {
    fn encode(&self, buffer: &mut [u8]) -> usize {
        let first = |value: pson::Value| {
            let bytes = pson::gen1::to_vec(&value).unwrap();
            let encoded = Encoded::new(Encoding::Pson1, &bytes, DEPTH).unwrap();
            Any::Encoded(encoded.into_owned())
        };
        let message = iotmp_2023::Error {
            parameters: Some(first(self.parameters.into())),
            payload: Some(first(self.payload.into())),
            ..iotmp_2023::Error::new(self.stream_id)
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
            parameters: pson::gen1::from_slice(parameters).unwrap(),
            payload: pson::gen1::from_slice(payload).unwrap(),
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
