//! As `iotmp`, in either generation of PSON.

#![no_std]
#![no_main]

use iotmp_ref::message::iotmp_2025::decode_as;
use iotmp_ref::wire::Encoding;

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let mut buffer = [0; 512];
    let input = iotmp_size::input();
    let encoding = if input.first() == Some(&1) {
        Encoding::Pson1
    } else {
        Encoding::Pson2
    };
    let Ok((message, _)) = decode_as(input, encoding) else {
        return 1;
    };
    let message = core::hint::black_box(message);
    let Ok(length) = message.encode(&mut buffer) else {
        return 2;
    };
    iotmp_size::output(buffer.get(..length).unwrap_or_default());
    0
}
