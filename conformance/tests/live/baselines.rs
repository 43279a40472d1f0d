//! Baselines, and outcomes that must not look like success, from real invocations.

use std::path::{Path, PathBuf};

use crate::exit_codes::{against, program, text};
use crate::mini_server::{Fault, MiniServer};

/// A file that is gone when the test is.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &str) -> Self {
        let name = format!("iotmp-{name}-{}.yaml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

const KNOWN: &str = "expected: [{case: server.run.one-answer, reason: ticket 12}]";
const BOTH: &str = "expected: [{case: 'server.connect.ok*', reason: ticket 12}]";

/// Runs the cases about Run against a server, with a baseline.
async fn run(fault: Fault, select: &str, baseline: &str) -> (Option<i32>, String) {
    let server = MiniServer::start(fault).await;
    let arguments = ["--select", select, "--baseline", baseline];
    let output = against(&server.address.to_string(), &arguments).await;
    let said = [text(&output.stdout), text(&output.stderr)].concat();
    (output.status.code(), said)
}

#[tokio::test]
async fn what_is_known_is_0_and_what_is_stale_is_1() {
    let known = Scratch::new("known", KNOWN);
    let one = "server.run.one-answer";
    let (code, said) = run(Fault::AnswersRunTwice, one, known.path()).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("known: ticket 12"), "{said}");
    let (code, said) = run(Fault::None, one, known.path()).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("baseline  server.run.one-answer: stale"),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_over_wide_is_1() {
    let wide = Scratch::new("wide", BOTH);
    let (code, said) = run(Fault::OkWithPayload, "server.connect.ok*", wide.path()).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("baseline  server.connect.ok*: over-wide"),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_not_listed_is_1() {
    let other = Scratch::new("other", "expected: [{case: server.connect.ok, reason: x}]");
    let one = "server.run.one-answer";
    let (code, said) = run(Fault::AnswersRunTwice, one, other.path()).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("FAIL server.run.one-answer"), "{said}");
}

#[tokio::test]
async fn a_written_baseline_is_refused_until_it_has_reasons() {
    let file = Scratch::new("written", "");
    let server = MiniServer::start(Fault::AnswersRunTwice).await;
    let address = server.address.to_string();
    let select = ["--select", "server.run.one-answer"];
    let writing = [&select[..], &["--write-baseline", file.path()]].concat();
    assert_eq!(against(&address, &writing).await.status.code(), Some(1));
    let written = std::fs::read_to_string(file.path()).unwrap();
    assert!(
        written.contains("- case: server.run.one-answer\n"),
        "{written}"
    );

    let reading = [&select[..], &["--baseline", file.path()]].concat();
    let output = against(&address, &reading).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("entry 1, \"server.run.one-answer\": the reason is empty")
    );
    assert_eq!(text(&output.stdout), "");

    std::fs::write(
        file.path(),
        written.replace("reason: ''", "reason: ticket 12"),
    )
    .unwrap();
    assert_eq!(against(&address, &reading).await.status.code(), Some(0));

    let filled = std::fs::read_to_string(file.path()).unwrap();
    assert_eq!(against(&address, &writing).await.status.code(), Some(1));
    let again = std::fs::read_to_string(file.path()).unwrap();
    assert_eq!(again, filled, "the reasons are lost");
}

#[tokio::test]
async fn a_wide_entry_leaves_its_reason_to_what_still_fails() {
    let file = Scratch::new("renewed", BOTH);
    let server = MiniServer::start(Fault::OkWithPayload).await;
    let address = server.address.to_string();
    let writing = [
        "--select",
        "server.connect.ok*",
        "--write-baseline",
        file.path(),
    ];
    assert_eq!(against(&address, &writing).await.status.code(), Some(1));
    let written = std::fs::read_to_string(file.path()).unwrap();
    let entry = "- case: server.connect.ok-is-bare\n  spec: iotmp-shipping\n  subject: server\n  reason: ticket 12\n";
    assert!(written.contains(entry), "{written}");
    assert!(!written.contains("server.connect.ok*"), "{written}");
}

#[tokio::test]
async fn what_is_no_baseline_is_not_written_over() {
    let file = Scratch::new("precious", "a letter\n");
    let output = against("127.0.0.1:1", &["--write-baseline", file.path()]).await;
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    let words = format!(
        "error: {} is no baseline, and is not written over: ",
        file.path()
    );
    assert!(said.starts_with(&words), "{said}");
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "a letter\n");
    let output = against("127.0.0.1:1", &["--write-baseline", "-"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("a file is needed"));
}

#[tokio::test]
async fn a_bare_list_is_told_where_its_entries_belong() {
    let file = Scratch::new("bare", "- {case: server.connect.ok, reason: x}");
    let output = against("127.0.0.1:1", &["--baseline", file.path()]).await;
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    let hint = "the entries stand under `expected:`, such as\n       expected:\n       - case: ";
    assert!(said.contains(hint), "{said}");
}

#[tokio::test]
async fn a_baseline_that_cannot_be_read_is_2_before_anything_runs() {
    let unknown = Scratch::new("unknown", "expected: [{case: server.conect.ok, reason: x}]");
    let shapeless = Scratch::new("shapeless", "- server.connect.ok");
    for path in [unknown.path(), shapeless.path(), "/nowhere/at/all.yaml"] {
        let output = against("127.0.0.1:1", &["--baseline", path]).await;
        assert_eq!(output.status.code(), Some(2), "{path}");
        let said = text(&output.stderr);
        assert!(said.starts_with(&format!("error: {path}")), "{said}");
    }
    let folder = Path::new("/nowhere/at/all.yaml").to_str().unwrap();
    let output = against("127.0.0.1:1", &["--write-baseline", folder]).await;
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn nothing_left_to_run_is_2() {
    let all = ["--skip", "*"];
    let output = against("127.0.0.1:1", &all).await;
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "error: --select, --skip and --level leave no case to run\n"
    );
    assert_eq!(
        program(&["self", "--skip", "*"]).await.status.code(),
        Some(2)
    );
}

#[tokio::test]
async fn only_inconclusive_is_4_and_cannot_be_allowed() {
    let server = MiniServer::start(Fault::RefusesKeepAliveParameter).await;
    let address = server.address.to_string();
    // Its control fails: the interval is refused.
    let select = ["--select", "server.connect.keep-alive-too-long"];
    for more in [&[][..], &["--allow-untested"]] {
        let output = against(&address, &[&select[..], more].concat()).await;
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(4), "{stdout}");
        assert!(
            stdout.contains("\n1 inconclusive: nothing was tested; 1 of "),
            "{stdout}"
        );
    }
}
