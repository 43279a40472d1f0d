//! `Pson` on what has no fields with names.

use iotmp_ref::pson::Pson;

#[derive(Pson)]
enum Choice {
    One,
}

#[derive(Pson)]
struct Tuple(u8);

#[derive(Pson)]
struct Unit;

fn main() {}
