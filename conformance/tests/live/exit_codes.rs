//! What the program ends with, and what it says on the way.

use std::process::{Command, Output};

use tokio::net::TcpListener;

use crate::mini_server::{Fault, MiniServer};

const PROGRAM: &str = env!("CARGO_BIN_EXE_iotmp-conformance");

/// Runs the program while the servers of the test go on.
pub(crate) async fn program(arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

/// Runs `server ADDR` with valid credentials and short waits.
pub(crate) async fn against(address: &str, more: &[&str]) -> Output {
    let mut arguments = vec![
        "server",
        address,
        "--user",
        "u",
        "--device",
        "d",
        "--credential",
        "secret",
    ];
    arguments.extend(["--timeout", "1500", "--patience", "1"]);
    arguments.extend(more);
    program(&arguments).await
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn conformant_is_0() {
    let server = MiniServer::start(Fault::None).await;
    let output = against(&server.address.to_string(), &["--select", "server.run.*"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("✓ server.run.one-answer"), "{stdout}");
    assert!(
        stdout.contains("\n10 pass, 2 skip, 1 info: conformant; 13 of "),
        "{stdout}"
    );
    assert!(stdout.ends_with(" cases were selected\n"), "{stdout}");
    assert!(
        !stdout.contains('\u{1b}'),
        "colours where there is no terminal"
    );
    assert_eq!(text(&output.stderr), "");
}

#[tokio::test]
async fn a_failure_is_1_and_is_shown_with_its_bytes() {
    let server = MiniServer::start(Fault::AnswersRunTwice).await;
    let address = server.address.to_string();
    let output = against(&address, &["--select", "server.run.one-answer"]).await;
    assert_eq!(output.status.code(), Some(1));
    let stdout = text(&output.stdout);
    for part in [
        "FAIL server.run.one-answer (iotmp-shipping)",
        "MUST IOTMP25-RUN-001: A Run with a stream identifier gets exactly one answer, Ok or Error. [D25]",
        "expected  one answer",
        "got       error stream_id=102",
        "because   after the first answer",
        "→ run resource=\"conformance/no-such-resource\" stream_id=102",
        "2  08                       run.stream_id  key: field 1 stream_id",
        "← error stream_id=102",
        "1 broken",
    ] {
        assert!(stdout.contains(part), "{part:?} is not in\n{stdout}");
    }
    let again = format!(
        "again     iotmp-conformance server {address} --spec iotmp-shipping \
         --user u --device d --credential secret --select server.run.one-answer"
    );
    assert!(stdout.contains(&again), "{stdout}");
}

#[tokio::test]
async fn wrong_credentials_fail_by_the_clause_that_says_so() {
    let server = MiniServer::start(Fault::None).await;
    let address = server.address.to_string();
    let arguments = [
        "server",
        &address,
        "--user",
        "u",
        "--device",
        "d",
        "--credential",
        "wrong",
    ];
    let output = program(&arguments).await;
    assert_eq!(output.status.code(), Some(1));
    let stdout = text(&output.stdout);
    let broken: Vec<&str> = stdout
        .lines()
        .filter(|line| line.starts_with("  broken"))
        .collect();
    assert_eq!(
        broken,
        [
            "  broken    MUST IOTMP25-CONNECT-005: A Connect with valid credentials is answered by Ok. (server.connect.ok)"
        ]
    );
}

#[tokio::test]
async fn a_pattern_that_matches_nothing_is_2_and_names_what_is_near() {
    let output = against("127.0.0.1:1", &["--select", "server.conect.wrong-*"]).await;
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("error: \"server.conect.wrong-*\" matches no case; the nearest are server.connect.wrong-user"),
        "{stderr}"
    );
    assert_eq!(text(&output.stdout), "");
}

#[tokio::test]
async fn a_report_that_cannot_be_written_is_2_before_anything_runs() {
    let output = against("127.0.0.1:1", &["--report", "json=/nowhere/at/all.json"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: /nowhere/at/all.json cannot be written: "));
    let output = against("127.0.0.1:1", &["--report", "xml=-"]).await;
    assert_eq!(output.status.code(), Some(2));
    let said = "there is no format \"xml\"; there are text, json, junit, tap, html, badge";
    assert!(
        text(&output.stderr).contains(said),
        "{}",
        text(&output.stderr)
    );
}

#[tokio::test]
async fn nobody_there_is_3_and_one_line() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let output = against(&address, &[]).await;
    assert_eq!(output.status.code(), Some(3));
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with(&format!("error: {address} cannot be reached: ")),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert_eq!(text(&output.stdout), "");
}

#[tokio::test]
async fn no_device_is_3_and_one_line() {
    let output = program(&["device", "--listen", "127.0.0.1:0", "--wait", "0"]).await;
    assert_eq!(output.status.code(), Some(3));
    let stderr = text(&output.stderr);
    let last = stderr.lines().last().unwrap();
    assert!(
        last.starts_with("error: no device dialled 127.0.0.1:"),
        "{stderr}"
    );
    assert!(last.ends_with(" within 0 s"), "{stderr}");
}

#[tokio::test]
async fn death_is_3_after_the_report() {
    let server = MiniServer::start(Fault::DiesOfHugeBody).await;
    let output = against(
        &server.address.to_string(),
        &["--select", "server.framing.*"],
    )
    .await;
    assert_eq!(output.status.code(), Some(3));
    let stdout = text(&output.stdout);
    assert!(
        stdout.contains("FAIL server.framing.body-of-4-gib"),
        "{stdout}"
    );
    assert!(stdout.contains(": the subject died; "), "{stdout}");
}

#[tokio::test]
async fn an_untested_must_is_4_unless_that_is_allowed() {
    let server = MiniServer::start(Fault::RefusesKeepAliveParameter).await;
    let address = server.address.to_string();
    let output = against(&address, &["--select", "server.keep-alive.missed"]).await;
    assert_eq!(output.status.code(), Some(4));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("MUST 0/2, 2 untested"), "{stdout}");
    let line = "untested  MUST IOTMP25-KEEPALIVE-004: server.keep-alive.missed: the server does not accept";
    assert!(stdout.contains(line), "{stdout}");
    // Leave to skip some clauses is no leave to prove nothing.
    let nothing = ["--select", "server.keep-alive.missed", "--allow-untested"];
    let output = against(&address, &nothing).await;
    assert_eq!(output.status.code(), Some(4));
    let something = [&nothing[..], &["--select", "server.connect.ok"]].concat();
    let output = against(&address, &something).await;
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn explain_knows_every_kind_of_id() {
    for (id, part) in [
        ("server.connect.ok", "a case"),
        ("iotmp-shipping/framing/keep-alive", "a vector"),
        ("IOTMP25-RUN-001", "a clause"),
        ("IOTMP25-AMB-UTF8", "an ambiguity"),
    ] {
        let output = program(&["explain", id]).await;
        assert_eq!(output.status.code(), Some(0), "{id}");
        assert!(text(&output.stdout).contains(part), "{id}");
    }
    let output = program(&["explain", "IOTMP25-RUN-01"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("the nearest are IOTMP25-RUN-001"));
}

#[tokio::test]
async fn nothing_is_left_over() {
    for spec in iotmp_conformance::specs::names() {
        let output = program(&["coverage", "--spec", spec]).await;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).ends_with("no orphans\n"), "{spec}");
    }
}

#[tokio::test]
async fn the_list_has_enough_live_cases() {
    let output = program(&["list", "--select", "*.*"]).await;
    let live = |line: &&str| line.starts_with("server.") || line.starts_with("device.");
    let count = text(&output.stdout).lines().filter(live).count();
    assert!(count >= 75, "{count}");
}
