//! The ten messages in protobuf: one of ten, with the values as bytes.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;

use prost::{Message as _, Oneof};

#[derive(Clone, PartialEq, prost::Message)]
struct Ok {
    #[prost(uint32, tag = "1")]
    stream_id: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    parameters: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    payload: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Error {
    #[prost(uint32, tag = "1")]
    stream_id: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    parameters: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    payload: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Connect {
    #[prost(uint32, tag = "1")]
    stream_id: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    parameters: Option<Vec<u8>>,
    #[prost(bytes = "vec", tag = "3")]
    payload: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Disconnect {
    #[prost(uint32, optional, tag = "1")]
    stream_id: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "2")]
    parameters: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    payload: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct KeepAlive {}

#[derive(Clone, PartialEq, prost::Message)]
struct Run {
    #[prost(uint32, optional, tag = "1")]
    stream_id: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "2")]
    parameters: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    payload: Option<Vec<u8>>,
    #[prost(bytes = "vec", tag = "4")]
    resource: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Describe {
    #[prost(uint32, tag = "1")]
    stream_id: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    parameters: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    resource: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StartStream {
    #[prost(uint32, tag = "1")]
    stream_id: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    parameters: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    payload: Option<Vec<u8>>,
    #[prost(bytes = "vec", tag = "4")]
    resource: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StopStream {
    #[prost(uint32, tag = "1")]
    stream_id: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    parameters: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    payload: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StreamData {
    #[prost(uint32, tag = "1")]
    stream_id: u32,
    #[prost(bytes = "vec", optional, tag = "2")]
    parameters: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    payload: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Body {
    #[prost(message, tag = "1")]
    Ok(Ok),
    #[prost(message, tag = "2")]
    Error(Error),
    #[prost(message, tag = "3")]
    Connect(Connect),
    #[prost(message, tag = "4")]
    Disconnect(Disconnect),
    #[prost(message, tag = "5")]
    KeepAlive(KeepAlive),
    #[prost(message, tag = "6")]
    Run(Run),
    #[prost(message, tag = "7")]
    Describe(Describe),
    #[prost(message, tag = "8")]
    StartStream(StartStream),
    #[prost(message, tag = "9")]
    StopStream(StopStream),
    #[prost(message, tag = "10")]
    StreamData(StreamData),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Message {
    #[prost(oneof = "Body", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10")]
    body: Option<Body>,
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let mut buffer = [0; 512];
    let Ok(message) = Message::decode(iotmp_size::input()) else {
        return 1;
    };
    let message = core::hint::black_box(message);
    let length = message.encoded_len();
    if message.encode(&mut &mut buffer[..]).is_err() {
        return 2;
    }
    iotmp_size::output(buffer.get(..length).unwrap_or_default());
    0
}
