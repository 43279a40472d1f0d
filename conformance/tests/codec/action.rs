//! What the GitHub Action makes of its inputs, and where it shows what came of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::{file, has, text};

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("action")
        .join(name);
    // That of an earlier run.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn action(folder: &Path, program: &str, command: &str, options: &str) -> Option<Output> {
    let script = file("../.github/actions/conformance/run.sh");
    let mut bash = Command::new("bash");
    bash.arg(script).current_dir(folder).envs([
        ("PROGRAM", program),
        ("COMMAND", command),
        ("OPTIONS", options),
        ("BASELINE", ""),
        ("REPORTS", "reports"),
        ("GITHUB_OUTPUT", "output"),
        ("GITHUB_STEP_SUMMARY", "summary"),
    ]);
    (has("bash") && has("python3")).then(|| bash.output().unwrap())
}

#[test]
fn quotes_and_lines_of_a_command_are_those_of_a_shell_and_nothing_is_run() {
    let folder = folder("words");
    let command = "server x\n  --restart \"two words $(touch pwned)\"\n  --user 'it is'";
    let Some(output) = action(&folder, "/bin/echo", command, "--level must") else {
        return;
    };
    let said = text(&output.stdout);
    assert!(said.starts_with("server --level must --report "), "{said}");
    let words = "x --restart two words $(touch pwned) --user it is\n";
    assert!(said.ends_with(words), "{said}");
    assert!(!folder.join("pwned").exists());
}

#[test]
fn a_failure_is_an_annotation_and_stands_in_the_summary() {
    let folder = folder("shown");
    let script = file("tests/codec/fake.py");
    let command = format!("codec\n-- python3 '{}' never-consumed", script.display());
    let program = env!("CARGO_BIN_EXE_iotmp-conformance");
    let select = "--select iotmp-shipping/framing/keep-alive";
    let Some(output) = action(&folder, program, &command, select) else {
        return;
    };
    let said = text(&output.stdout);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("::error title=IOTMP conformance::MUST IOTMP"),
        "{said}"
    );
    let summary = read("summary");
    assert!(summary.starts_with("### IOTMP conformance: "), "{summary}");
    assert!(
        summary.contains("\nFAIL iotmp-shipping/framing/keep-alive"),
        "{summary}"
    );
    assert_eq!(read("output"), "exit-code=1\n");
}
