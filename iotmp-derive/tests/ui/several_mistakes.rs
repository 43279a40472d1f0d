//! Several mistakes are reported at once.

iotmp_derive::messages!("several_mistakes.yaml");

fn main() {}
