//! Running the program.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a run of the program left.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

/// Runs `iotmp-conformance spec …` in the folder of the package.
pub(super) fn spec(arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_iotmp-conformance"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("spec")
        .args(arguments)
        .output()
        .expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

impl Ran {
    /// Everything in one text, for a snapshot.
    pub(super) fn all(&self) -> String {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        let mut text = format!("exit code {code}\n");
        for (name, part) in [("stdout", &self.out), ("stderr", &self.err)] {
            if !part.is_empty() {
                text.push_str(&format!("--- {name}\n{part}"));
            }
        }
        text
    }
}

/// A folder beside this one.
pub(super) fn tests(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder)
}
