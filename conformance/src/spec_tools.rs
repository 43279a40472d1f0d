//! What can be made of a specification without talking to anybody.
//!
//! - [`summary`]: what it holds, counted.
//! - [`diff`]: how it differs from another one, and what breaks by that.
//! - [`dissector`]: a program that shows its messages in Wireshark.
//! - [`docs`]: what it says, for people.

pub mod diff;
pub mod dissector;
pub mod docs;
pub mod summary;
mod wire;
mod words;
