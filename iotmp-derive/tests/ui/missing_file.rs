//! The file does not exist.

iotmp_derive::messages!("no_such_file.yaml");

fn main() {}
