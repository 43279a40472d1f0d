//! One result, many views: each is read back by something that did not write it.

mod baseline;
mod comparison;
mod fixture;
mod page;
mod tap;
mod views;

use std::process::Command;

/// Whether a program is there. Without it a test has nothing to run, which only
/// a machine of one's own is forgiven.
fn has(tool: &str) -> bool {
    if Command::new(tool).arg("--version").output().is_ok() {
        return true;
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "{tool} is not installed");
    println!("skipped: {tool} is not installed");
    false
}
