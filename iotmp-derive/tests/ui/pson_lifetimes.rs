//! A struct cannot borrow from two inputs.

use iotmp_ref::pson::Pson;

#[derive(Pson)]
struct Two<'a, 'b> {
    a: &'a str,
    b: &'b str,
}

fn main() {}
