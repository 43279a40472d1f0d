//! Two messages share a code: the error names both lines.

iotmp_derive::messages!("duplicate_code.yaml");

fn main() {}
