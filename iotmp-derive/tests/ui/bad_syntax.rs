//! The file is not YAML.

iotmp_derive::messages!("bad_syntax.yaml");

fn main() {}
