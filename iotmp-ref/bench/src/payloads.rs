//! What is measured: the same fields for every codec.
//!
//! A peer has no message around its payload, so each has a struct of the same
//! fields; it is spared the code and the size that a message begins with.

use bincode::{BorrowDecode, Encode};
use iotmp_ref::pson::Pson;
use serde::{Deserialize, Serialize};

/// A map of four values, as a sensor sends it.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
    Pson,
)]
#[cbor(map)]
pub struct Reading<'a> {
    #[n(0)]
    pub temperature: f64,
    #[n(1)]
    pub humidity: u32,
    #[b(2)]
    #[serde(borrow)]
    pub status: &'a str,
    #[n(3)]
    pub active: bool,
}

impl Reading<'_> {
    pub const SAMPLE: Reading<'static> = Reading {
        temperature: 23.5,
        humidity: 65,
        status: "ok",
        active: true,
    };
}

/// Input of a resource.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
    Pson,
)]
#[cbor(map)]
pub struct Unit {
    #[n(0)]
    pub celsius: bool,
}

/// Parameters of Start Stream.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
    Pson,
)]
#[cbor(map)]
pub struct Interval {
    #[n(0)]
    pub interval: u32,
}

/// Stream Data with a map.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Sample<'a> {
    #[n(0)]
    pub stream_id: u16,
    #[b(1)]
    #[serde(borrow)]
    pub payload: Reading<'a>,
}

/// Connect with user name, device and credential.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Login<'a> {
    #[n(0)]
    pub stream_id: u16,
    #[b(1)]
    #[serde(borrow)]
    pub payload: [&'a str; 3],
}

/// Run of a resource with an input.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Call<'a> {
    #[n(0)]
    pub stream_id: u16,
    #[n(1)]
    pub payload: Unit,
    #[b(2)]
    pub resource: &'a str,
}

/// Stream Data with an array of maps.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Batch<'a> {
    #[n(0)]
    pub stream_id: u16,
    #[b(1)]
    #[serde(borrow)]
    pub payload: Vec<Reading<'a>>,
}

/// Stream Data with bytes.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Blob<'a> {
    #[n(0)]
    pub stream_id: u16,
    #[b(1)]
    #[cbor(with = "minicbor::bytes")]
    #[serde(borrow, with = "serde_bytes")]
    pub payload: &'a [u8],
}

/// Start Stream of a resource every so many seconds.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Subscription<'a> {
    #[n(0)]
    pub stream_id: u16,
    #[n(1)]
    pub parameters: Interval,
    #[b(2)]
    pub resource: &'a str,
}

/// Error with a code and a text.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Refusal<'a> {
    #[n(0)]
    pub stream_id: u16,
    #[n(1)]
    pub parameters: u32,
    #[b(2)]
    pub payload: &'a str,
}

/// Data of Nubison: fixed fields, then bytes.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    Encode,
    BorrowDecode,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Measurement<'a> {
    #[b(0)]
    #[cbor(with = "minicbor::bytes")]
    #[serde(borrow, with = "serde_bytes")]
    pub session_id: &'a [u8],
    #[b(1)]
    pub access_token: &'a str,
    #[b(2)]
    #[cbor(with = "minicbor::bytes")]
    #[serde(borrow, with = "serde_bytes")]
    pub payload: &'a [u8],
}

pub const STREAM: u16 = 7;
pub const CREDENTIALS: [&str; 3] = ["alice", "thermostat", "correct horse battery"];
pub const RESOURCE: &str = "temperature";
pub const REFUSED: &str = "there is no such resource";
pub const TOKEN: &str = "0123456789abcdef01234567";
pub const SESSION: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
/// Payload of the Nubison packet.
pub const MEASURED: [u8; 16] = [0x5a; 16];
/// Elements of D.
pub const BATCH: usize = 1_000;
/// Bytes of E.
pub const BLOB: usize = 64 * 1024;

/// D's array: the readings differ, as real ones would.
pub fn batch(len: usize) -> Vec<Reading<'static>> {
    let reading = |index: usize| Reading {
        temperature: 23.5 + (index % 16) as f64 * 0.0625,
        humidity: 40 + (index % 50) as u32,
        status: if index % 7 == 0 { "low" } else { "ok" },
        active: index % 3 != 0,
    };
    (0..len).map(reading).collect()
}

/// E's bytes.
pub fn blob(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 31 % 251) as u8).collect()
}
