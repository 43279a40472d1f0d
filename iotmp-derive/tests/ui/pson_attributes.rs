//! Attributes that `Pson` does not know, or that contradict each other.

use iotmp_ref::pson::Pson;

#[derive(Pson)]
struct Misspelt {
    #[pson(renamed = "b")]
    a: u8,
}

#[derive(Pson)]
struct Twice {
    #[pson(rename = "b", rename = "c")]
    a: u8,
}

#[derive(Pson)]
#[pson(encode, decode)]
struct Both {
    a: u8,
}

#[derive(Pson)]
struct NotText {
    #[pson(rename = 7)]
    a: u8,
}

fn main() {}
