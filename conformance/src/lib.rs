//! Conformance suite for IOTMP: what is tested, with what, against what.
//!
//! - [`specs`]: the specifications that the suite is built with.
//! - [`codec`]: the suite's own judge, a codec that interprets a specification.
//! - [`vector`]: bytes and what they mean, as data.
//! - [`subject`]: what is tested.
//! - [`spec_tools`]: what can be made of a specification.
//! - [`json`], [`value`]: values without loss, in JSON and in memory.

pub mod codec;
pub mod json;
mod path;
pub mod spec_tools;
pub mod specs;
pub mod subject;
pub mod value;
pub mod vector;
