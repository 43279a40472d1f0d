//! What uses the module of a bad specification adds errors of its own only about what it names in it.

iotmp_derive::messages!("duplicate_code.yaml");

pub use duplicate_code as messages;

fn main() {}
