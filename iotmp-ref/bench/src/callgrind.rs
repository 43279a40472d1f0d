//! Instructions of a case, as callgrind counts them.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::cases;
use crate::ours;

const CODECS: [&str; 4] = [ours::NAME, "bincode", "postcard", "quick-protobuf"];
const DYNAMIC: [&str; 4] = ["iotmp tape", "iotmp view", "minicbor skip", "sonic-rs"];

/// Runs one case so often, for a tool that counts what a process does.
///
/// Gives whether there is such a case.
pub fn run(payload: &str, op: &str, codec: &str, times: u64) -> bool {
    let mut cases = cases::of(payload);
    let case = cases
        .iter_mut()
        .find(|case| case.op.word() == op && case.codec == codec);
    case.map(|case| case.run(times)).is_some()
}

/// Counts the instructions of the named limits, and writes them to `file`.
///
/// # Errors
/// Where valgrind does not run.
pub fn count(file: &Path) -> Result<(), String> {
    let mut text = String::from(
        "## Instructions\n\nCounted by callgrind, for one message: what a process with many does \
         more than one with few.\n\n| payload | what | codec | instructions |\n\
         | --- | --- | --- | ---: |\n",
    );
    for payload in ["A", "D", "F", "G"] {
        for (op, codecs) in [("encode", CODECS), ("typed", CODECS), ("dynamic", DYNAMIC)] {
            for codec in codecs {
                let few = if payload == "D" { 2 } else { 1_000 };
                let Some(first) = instructions(payload, op, codec, few)? else {
                    continue;
                };
                let second = instructions(payload, op, codec, 3 * few)?.unwrap_or(first);
                let one = (second - first) as f64 / (2 * few) as f64;
                let row = format!("| {payload} | {op} | {codec} | {one:.0} |\n");
                print!("{row}");
                text += &row;
            }
        }
    }
    fs::write(file, text).map_err(|error| error.to_string())
}

/// Of a whole process; none where there is no such case.
fn instructions(payload: &str, op: &str, codec: &str, times: u64) -> Result<Option<u64>, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["case", payload, op, codec, &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind does not run ({error}); install its package"))?;
    if output.status.code() == Some(crate::NO_SUCH_CASE) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("Collected : "));
    let number = line.and_then(|line| line.split_whitespace().last());
    match number.and_then(|number| number.parse().ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(format!("valgrind counted nothing:\n{text}")),
    }
}
