//! The program against peers in another language, each of which breaks one rule.
//!
//! Nothing here shares a line with the suite: a mistake in the codec of both
//! ends cannot cancel out.

mod device;
mod nubison;
mod process;
mod server;
