//! Conformance suite for IOTMP: what is tested, with what, against what.
//!
//! - [`specs`]: the specifications that the suite is built with.
//! - [`codec`]: the suite's own judge, a codec that interprets a specification.
//! - [`vector`]: bytes and what they mean, as data.
//! - [`spec_tools`]: what can be made of a specification.
//! - [`json`], [`value`]: values without loss, in JSON and in memory.
//! - [`case`](mod@case), [`suite`]: what is tried on a live subject.
//! - [`subject`]: what is tested, and the connections to it.
//! - [`plan`], [`select`]: which cases; [`runner`]: runs them; [`self_test`]: against the reference.
//! - [`observe`]: traffic that passes between others.
//! - [`certify`]: the vectors against a codec in a process of its own.
//! - [`family`]: rules that revisions share; [`coverage`]: what proves what.
//! - [`verdict`], [`ledger`], [`report`]: what came of it; [`exit`]: in one number.

pub mod baseline;
pub mod case;
pub mod certify;
pub mod codec;
pub mod comparison;
pub mod coverage;
pub mod exit;
pub mod family;
pub mod json;
pub mod ledger;
pub mod observe;
mod path;
pub mod plan;
pub mod progress;
pub mod report;
pub mod runner;
pub mod select;
pub mod self_test;
pub mod spec_tools;
pub mod specs;
pub mod subject;
pub mod suite;
pub mod value;
pub mod vector;
pub mod verdict;
