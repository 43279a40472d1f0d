//! Two fields of one key.

use iotmp_ref::pson::Pson;

#[derive(Pson)]
struct Same {
    a: u8,
    #[pson(rename = "a")]
    b: u8,
}

fn main() {}
