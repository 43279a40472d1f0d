//! The argument is not a string.

iotmp_derive::messages!(duplicate_code);

fn main() {}
