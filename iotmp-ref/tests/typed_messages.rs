//! Messages with values of types of their own: the bytes of the message whose
//! values are bytes, and what they refuse.

use iotmp_ref::message::{iotmp_2020, iotmp_2023, iotmp_2025, iotmp_shipping};
use iotmp_ref::pson::{self, Generation, Ignored, Pson, Value};
use iotmp_ref::wire::{Any, EncodeError, Encoded, Encoding};

#[derive(Debug, Clone, PartialEq, Pson)]
struct Reading<'a> {
    temperature: f64,
    status: &'a str,
}

const READING: Reading<'static> = Reading {
    temperature: 23.5,
    status: "ok",
};

fn any(generation: Generation, value: &impl pson::Encode) -> Any<'static> {
    let mut bytes = vec![0; pson::encoded_len(value, generation)];
    pson::encode(value, generation, &mut bytes).unwrap();
    let encoding = match generation {
        Generation::One => Encoding::Pson1,
        Generation::Two => Encoding::Pson2,
    };
    Any::Encoded(
        Encoded::new(encoding, &bytes, pson::MAX_DEPTH)
            .unwrap()
            .into_owned(),
    )
}

fn written(expected: &[u8], encode: impl Fn(&mut [u8]) -> Result<usize, EncodeError>) {
    let len = expected.len();
    let mut buffer = vec![0; len + 3];
    assert_eq!(encode(&mut buffer), Ok(len));
    assert_eq!(&buffer[..len], expected);
    assert_eq!(encode(&mut buffer[..len]), Ok(len));
    // With room to spare, what is short is written in another way.
    let mut roomy = vec![0; len + 256];
    assert_eq!(encode(&mut roomy), Ok(len));
    assert_eq!(&roomy[..len], expected);
    for cut in [0, 1, 2, 3, len / 2, len - 1] {
        let small = EncodeError::BufferTooSmall {
            needed: len,
            left: cut,
        };
        assert_eq!(encode(&mut buffer[..cut]), Err(small));
    }
}

macro_rules! same_as_any {
    ($module:ident, $generation:expr, $encoding:expr) => {{
        use $module::typed::StreamData;

        // Sizes of one, two and three bytes, on both sides of each boundary.
        for len in [
            0, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 16_330, 16_370, 16_400,
        ] {
            let text = "x".repeat(len);
            let reading = Reading {
                status: &text,
                ..READING
            };
            let message = $module::StreamData {
                payload: Some(any($generation, &reading)),
                ..$module::StreamData::new(7)
            };
            let bytes = $module::Message::from(message).to_vec().unwrap();
            let typed = StreamData {
                stream_id: 7,
                parameters: None::<Ignored>,
                payload: Some(reading),
            };
            assert_eq!(typed.encoded_len($generation), bytes.len());
            written(&bytes, |buffer| typed.encode_as($generation, buffer));
            let decoded = StreamData::decode_as(&bytes, $encoding);
            assert_eq!(decoded, Ok((typed, bytes.len())));
        }
    }};
}

#[test]
fn the_bytes_are_those_of_plain_messages() {
    same_as_any!(iotmp_2023, Generation::One, Encoding::Pson1);
    same_as_any!(iotmp_2025, Generation::One, Encoding::Pson1);
    same_as_any!(iotmp_2025, Generation::Two, Encoding::Pson2);
    same_as_any!(iotmp_shipping, Generation::Two, Encoding::Pson2);

    let event = iotmp_2020::StreamEvent {
        payload: Some(any(Generation::One, &READING)),
        ..iotmp_2020::StreamEvent::new(7)
    };
    let bytes = iotmp_2020::Message::from(event).to_vec().unwrap();
    let (typed, _) = iotmp_2020::typed::StreamEvent::<Reading<'_>>::decode(&bytes).unwrap();
    assert_eq!((typed.stream_id, &typed.payload), (7, &Some(READING)));
    written(&bytes, |buffer| typed.encode(buffer));
}

#[test]
fn whatever_the_room_the_bytes_are_the_same() {
    let numbers = [0, 1, 30, 31, 127, 128, 16_383, 16_384, 65_535];
    let edges = (14..64).step_by(7).chain([32, 63]);
    let long = edges.flat_map(|bits| [(1 << bits) - 1, 1 << bits]);
    let parameters = numbers.map(u64::from).into_iter().chain(long);
    let texts = (0..=70).chain(120..=135).map(|len| "x".repeat(len));
    let texts: Vec<String> = texts.collect();
    let mut alone = Vec::new();
    for stream_id in numbers {
        for parameter in parameters.clone() {
            for text in &texts {
                let error = iotmp_2023::typed::Error {
                    stream_id,
                    parameters: Some(parameter),
                    payload: Some([text.as_str(), "", "ok"]),
                };
                alone.resize(error.encoded_len(Generation::One), 0);
                let encode = |buffer: &mut [u8]| error.encode_as(Generation::One, buffer);
                assert_eq!(encode(&mut alone), Ok(alone.len()));
                written(&alone, encode);
            }
        }
    }
}

#[test]
fn whole_numbers_travel_as_varints_where_they_do() {
    let typed = iotmp_shipping::typed::StreamData {
        stream_id: 1,
        parameters: Some(300_u32),
        payload: Some(-1_i8),
    };
    let bytes = [0x0a, 7, 0x08, 1, 0x10, 0xac, 0x02, 0x1a, 0x21];
    written(&bytes, |buffer| typed.encode(buffer));
    let read = iotmp_shipping::typed::StreamData::decode(&bytes);
    assert_eq!(read, Ok((typed, bytes.len())));
    let any = iotmp_shipping::typed::StreamData::<Any<'_>, Value>::decode(&bytes);
    let (message, _) = any.unwrap();
    assert_eq!(message.parameters, Some(Any::Varint(300)));
    assert_eq!(message.payload, Some(Value::from(-1)));
}

type Typed<'a> = iotmp_2025::typed::StreamData<Ignored, Reading<'a>>;

fn refused(bytes: &[u8], text: &str) {
    let error = Typed::decode_as(bytes, Encoding::Pson2).unwrap_err();
    assert_eq!(error.to_string(), text);
}

#[test]
fn refusals_name_message_and_field() {
    refused(&[3, 0], "offset 0: number 3, but expected 10");
    refused(
        &[10, 0],
        "offset 2, StreamData.stream_id: mandatory field stream_id is absent",
    );
    refused(
        &[10, 4, 8, 1, 0x18, 5],
        "offset 4, StreamData.payload: a varint, but expected a value of the type of the field",
    );
    refused(
        b"\x0a\x04\x08\x01\x19\xc0",
        "offset 5, StreamData.payload: mandatory field status is absent",
    );
    refused(
        b"\x0a\x0c\x08\x01\x19\xc1\x86status\x01",
        "offset 13, StreamData.payload.status: integer, but expected string",
    );
    refused(
        &[10, 3, 8, 1, 0x1d],
        "offset 4, StreamData.payload: wire type 5 is reserved: its size is not known",
    );
    refused(
        &[10, 3, 8, 1],
        "offset 2: body of 3 bytes, but only 2 bytes are left",
    );
}

#[test]
fn encodings_that_a_revision_does_not_have_are_refused() {
    let typed = iotmp_2023::typed::Ok {
        stream_id: 1,
        parameters: None::<Ignored>,
        payload: None::<Ignored>,
    };
    let mut buffer = [0; 8];
    let refused = Err(EncodeError::Encoding { name: "pson2" });
    assert_eq!(typed.encode_as(Generation::Two, &mut buffer), refused);
    let json = [1, 7, 8, 1, 0x1f, 3, b'1', b'2', b'3'];
    type Read = iotmp_2023::typed::Ok<Ignored, u64>;
    let error = Read::decode_as(&json, Encoding::Json).unwrap_err();
    assert_eq!((error.class(), error.offset()), ("encoding", 6));
}
