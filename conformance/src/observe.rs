//! Judging traffic that passes between a device and a server, without a word of its own.
//!
//! A [`Judge`] is told what each side of one connection sent and when. It cuts
//! and reads the messages as the specification has them, follows the session,
//! and keeps a [`Score`] of each rule for each side: how often the rule was
//! kept, and how it was broken. A fault counts against the side that made it;
//! where a fault, or bytes that nobody saw, leave in doubt what the other side
//! knew, the rules that depend on it are not judged.
//!
//! [`tap`] feeds it from a connection that it forwards, [`capture`] from a file;
//! [`report`] makes of the scores what every other command makes of its cases.

pub mod capture;
mod flow;
mod header;
mod judge;
mod message;
mod report;
mod rule;
mod score;
pub mod tap;
mod websocket;
mod written;

pub use self::judge::{End, Judge};
pub(crate) use self::report::rules;
pub use self::report::{Observed, case_ids, report};
pub use self::rule::Rule;
pub use self::score::{Findings, Score};
pub(crate) use self::written::{Written, unreadable, written_wrong};
