//! Conformance suite for IOTMP: what is tested, with what, against what.
//!
//! - [`specs`]: the specifications that the suite is built with.
//! - [`codec`]: the suite's own judge, a codec that interprets a specification.
//! - [`json`], [`value`]: values without loss, in JSON and in memory.

pub mod codec;
pub mod json;
mod path;
pub mod specs;
pub mod value;
