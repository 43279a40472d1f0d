//! The suite's data and the codec that judges by it: vectors, recorded bytes of
//! shipping implementations, the commands that read and write messages,
//! and what becomes of the files that commands write.

#[path = "data/codec.rs"]
mod codec;
#[path = "data/command_line.rs"]
mod command_line;
#[path = "data/mutation.rs"]
mod mutation;
#[path = "data/outputs.rs"]
mod outputs;
#[path = "data/rules.rs"]
mod rules;
#[path = "data/saboteurs.rs"]
mod saboteurs;
#[path = "data/shipping.rs"]
mod shipping;
#[path = "data/vectors.rs"]
mod vectors;
