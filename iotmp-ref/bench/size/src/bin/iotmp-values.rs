//! As `iotmp`, with the payload of Stream Data read into a tree and written
//! from it.

#![no_std]
#![no_main]

use iotmp_ref::message::iotmp_2025::{Message, StreamData, decode_as};
use iotmp_ref::wire::{Any, Encoding};

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let mut buffer = [0; 512];
    let Ok((message, _)) = decode_as(iotmp_size::input(), Encoding::Pson2) else {
        return 1;
    };
    let mut message = core::hint::black_box(message);
    if let Message::StreamData(StreamData {
        payload: Some(payload),
        ..
    }) = &mut message
    {
        let Ok(value) = payload.to_value() else {
            return 2;
        };
        let value = core::hint::black_box(value);
        let Ok(any) = Any::from_value(&value, Encoding::Pson2, false) else {
            return 3;
        };
        *payload = any;
    }
    let Ok(length) = message.encode(&mut buffer) else {
        return 4;
    };
    iotmp_size::output(buffer.get(..length).unwrap_or_default());
    0
}
