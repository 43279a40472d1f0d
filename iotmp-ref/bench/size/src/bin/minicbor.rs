//! The ten messages in CBOR: a code, then a map of the fields by their numbers,
//! with the values as bytes.

#![no_std]
#![no_main]

use minicbor::bytes::ByteSlice;
use minicbor::encode::write::Cursor;
use minicbor::{Decode, Encode};

#[derive(Encode, Decode)]
#[cbor(map)]
struct Ok<'a> {
    #[n(1)]
    stream_id: u16,
    #[b(2)]
    parameters: Option<&'a ByteSlice>,
    #[b(3)]
    payload: Option<&'a ByteSlice>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Error<'a> {
    #[n(1)]
    stream_id: u16,
    #[b(2)]
    parameters: Option<&'a ByteSlice>,
    #[b(3)]
    payload: Option<&'a ByteSlice>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Connect<'a> {
    #[n(1)]
    stream_id: u16,
    #[b(2)]
    parameters: Option<&'a ByteSlice>,
    #[b(3)]
    payload: &'a ByteSlice,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Disconnect<'a> {
    #[n(1)]
    stream_id: Option<u16>,
    #[b(2)]
    parameters: Option<&'a ByteSlice>,
    #[b(3)]
    payload: Option<&'a ByteSlice>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct KeepAlive {}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Run<'a> {
    #[n(1)]
    stream_id: Option<u16>,
    #[b(2)]
    parameters: Option<&'a ByteSlice>,
    #[b(3)]
    payload: Option<&'a ByteSlice>,
    #[b(4)]
    resource: &'a ByteSlice,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Describe<'a> {
    #[n(1)]
    stream_id: u16,
    #[b(2)]
    parameters: Option<&'a ByteSlice>,
    #[b(4)]
    resource: Option<&'a ByteSlice>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StartStream<'a> {
    #[n(1)]
    stream_id: u16,
    #[b(2)]
    parameters: Option<&'a ByteSlice>,
    #[b(3)]
    payload: Option<&'a ByteSlice>,
    #[b(4)]
    resource: &'a ByteSlice,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StopStream<'a> {
    #[n(1)]
    stream_id: u16,
    #[b(2)]
    parameters: Option<&'a ByteSlice>,
    #[b(3)]
    payload: Option<&'a ByteSlice>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StreamData<'a> {
    #[n(1)]
    stream_id: u16,
    #[b(2)]
    parameters: Option<&'a ByteSlice>,
    #[b(3)]
    payload: Option<&'a ByteSlice>,
}

#[derive(Encode, Decode)]
enum Message<'a> {
    #[n(1)]
    Ok(#[b(0)] Ok<'a>),
    #[n(2)]
    Error(#[b(0)] Error<'a>),
    #[n(3)]
    Connect(#[b(0)] Connect<'a>),
    #[n(4)]
    Disconnect(#[b(0)] Disconnect<'a>),
    #[n(5)]
    KeepAlive(#[n(0)] KeepAlive),
    #[n(6)]
    Run(#[b(0)] Run<'a>),
    #[n(7)]
    Describe(#[b(0)] Describe<'a>),
    #[n(8)]
    StartStream(#[b(0)] StartStream<'a>),
    #[n(9)]
    StopStream(#[b(0)] StopStream<'a>),
    #[n(10)]
    StreamData(#[b(0)] StreamData<'a>),
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let mut buffer = [0; 512];
    let Ok(message) = minicbor::decode::<Message<'_>>(iotmp_size::input()) else {
        return 1;
    };
    let message = core::hint::black_box(message);
    let mut cursor = Cursor::new(&mut buffer[..]);
    if minicbor::encode(&message, &mut cursor).is_err() {
        return 2;
    }
    let length = cursor.position();
    iotmp_size::output(buffer.get(..length).unwrap_or_default());
    0
}
