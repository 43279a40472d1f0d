//! There is no argument.

iotmp_derive::messages!();

fn main() {}
