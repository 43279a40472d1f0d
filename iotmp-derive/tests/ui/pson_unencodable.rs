//! A field of a type that PSON cannot say.

use iotmp_ref::pson::Pson;

struct Opaque;

#[derive(Pson)]
struct Holder {
    opaque: Opaque,
}

fn main() {}
