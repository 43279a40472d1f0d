//! Codecs in processes of their own: the examples, and examples with one thing
//! broken.

mod action;
mod adapters;
mod children;
mod doctor;
mod planted;
mod replay;
mod vectors;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file of this package.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn program(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iotmp-conformance"));
    command.args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap()
}

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

/// Runs `codec` on the example with one thing broken.
fn fake(fault: &str, options: &[&str]) -> Option<Output> {
    fake_with(&[fault], options)
}

fn fake_with(fault: &[&str], options: &[&str]) -> Option<Output> {
    let script = file("tests/codec/fake.py");
    let mut arguments = vec!["codec"];
    arguments.extend(options);
    arguments.extend(["--", "python3", script.to_str().unwrap()]);
    arguments.extend(fault);
    has("python3").then(|| program(&arguments))
}

/// The ids of the clauses that a report says are broken.
fn broken(stdout: &str) -> Vec<&str> {
    let lines = stdout.lines().filter(|line| line.starts_with("  broken"));
    lines
        .filter_map(|line| line.split_whitespace().nth(2))
        .map(|id| id.trim_end_matches(':'))
        .collect()
}
