//! Servers.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::{
    Expected, Process, against_server, all_as_expected, free_address, replayed, script, server,
};

const FAULTS: &[Expected<'_>] = &[
    ("none", 0, &[]),
    ("run-answered-twice", 1, &["IOTMP25-RUN-001"]),
    ("credential-prefix-accepted", 1, &["IOTMP25-CONNECT-006"]),
    ("user-unchecked", 1, &["IOTMP25-CONNECT-006"]),
    ("hundredth-response-dropped", 1, &["IOTMP25-RUN-001"]),
    ("hundredth-run-unanswered", 1, &["IOTMP25-RUN-001"]),
    ("ids-swapped-under-load", 1, &["IOTMP25-SID-003"]),
    ("any-first-message", 1, &["IOTMP25-CONNECT-002"]),
    ("keep-alive-unanswered", 1, &["IOTMP25-KEEPALIVE-003"]),
    ("keep-alive-with-body", 1, &["IOTMP25-KEEPALIVE-001"]),
    ("closes-despite-keep-alive", 1, &["IOTMP25-KEEPALIVE-005"]),
    ("closes-before-interval", 1, &["IOTMP25-KEEPALIVE-005"]),
    ("missed-keep-alive-borne", 1, &["IOTMP25-KEEPALIVE-004"]),
    ("payload-type-unchecked", 1, &["IOTMP25-CONNECT-007"]),
    ("id-cut-to-8-bits", 1, &["IOTMP25-SID-002"]),
    ("id-cut-to-16-bits", 1, &["IOTMP25-VARINT-004"]),
    ("whole-message-per-read", 1, &["IOTMP25-FRAME-003"]),
    ("header-in-one-read", 1, &["IOTMP25-FRAME-003"]),
    ("second-coalesced-lost", 1, &["IOTMP25-FRAME-004"]),
    ("answers-once", 1, &["IOTMP25-FRAME-004"]),
    ("unknown-resource-ok", 1, &["IOTMP25-RUN-003"]),
    ("run-without-resource-ok", 1, &["IOTMP25-RUN-005"]),
    ("reads-announced-size", 1, &["IOTMP25-FRAME-006"]),
    ("disconnect-ignored", 1, &["IOTMP25-DISCONNECT-001"]),
    ("run-without-id-answered", 1, &["IOTMP25-RUN-002"]),
    ("keep-alive-unlimited", 1, &["IOTMP25-CONNECT-009"]),
    ("refusal-without-code", 1, &["IOTMP25-CONNECT-008"]),
    ("ok-with-payload", 1, &["IOTMP25-CONNECT-015"]),
    ("client-type-refused", 1, &["IOTMP25-CONNECT-012"]),
    ("unknown-field-refused", 1, &["IOTMP25-KEY-002"]),
    ("long-key-cut", 1, &["IOTMP25-KEY-004"]),
    ("unordered-field-lost", 1, &["IOTMPS-WIRE-005"]),
    // Two clauses that say the same.
    (
        "reserved-wire-type-read",
        1,
        &["IOTMP25-KEY-003", "IOTMPS-WIRE-002"],
    ),
    ("varint-payload-refused", 1, &["IOTMPS-WIRE-003"]),
    ("id-as-value-read", 1, &["IOTMP25-KEY-006"]),
    ("stop-unknown-ok", 1, &["IOTMP25-STREAM-006"]),
    ("id-used-once", 1, &["IOTMP25-SID-004"]),
    ("one-hurts-all", 1, &["IOTMP25-ROBUST-001"]),
    ("small-messages-only", 1, &["IOTMPS-SIZE-001"]),
    ("dies-of-nesting", 3, &["IOTMP25-ROBUST-001"]),
    ("credential-trimmed", 1, &["IOTMP25-CONNECT-006"]),
    ("credential-case-ignored", 1, &["IOTMP25-CONNECT-006"]),
    ("credential-end-compared", 1, &["IOTMP25-CONNECT-006"]),
    ("credential-is-pattern", 1, &["IOTMP25-CONNECT-006"]),
    ("device-unchecked", 1, &["IOTMP25-CONNECT-006"]),
    ("credential-true", 1, &["IOTMP25-CONNECT-007"]),
    ("user-empty-accepted", 1, &["IOTMP25-CONNECT-006"]),
    ("second-connect-unchecked", 1, &["IOTMP25-CONNECT-006"]),
    ("connect-answered-as-1", 1, &["IOTMP25-SID-001"]),
    ("second-attempt-accepted", 1, &["IOTMP25-CONNECT-006"]),
    (
        "ok-before-refusal",
        1,
        &["IOTMP25-CONNECT-005", "IOTMP25-CONNECT-006"],
    ),
    ("order-of-names-unchecked", 1, &["IOTMP25-CONNECT-006"]),
    ("refused-but-served", 1, &["IOTMP25-CONNECT-006"]),
    ("refusal-unsaid", 1, &["IOTMP25-CONNECT-006"]),
    ("refusal-ok", 1, &["IOTMP25-CONNECT-006"]),
    ("third-connection-unchecked", 1, &["IOTMP25-CONNECT-006"]),
    ("keep-alive-answered-by-ok", 1, &["IOTMP25-KEEPALIVE-003"]),
    ("keep-alive-answered-twice", 1, &["IOTMP25-KEEPALIVE-003"]),
    (
        "disconnect-acknowledged-as-0",
        1,
        &["IOTMP25-DISCONNECT-001"],
    ),
    ("ten-keep-alives-answered", 1, &["IOTMP25-KEEPALIVE-003"]),
    ("interval-in-milliseconds", 1, &["IOTMP25-KEEPALIVE-005"]),
    ("interval-doubled", 1, &["IOTMP25-KEEPALIVE-004"]),
    ("stop-again-ok", 1, &["IOTMP25-STREAM-006"]),
    (
        "first-keep-alive-answered-only",
        1,
        &["IOTMP25-KEEPALIVE-003"],
    ),
    ("asks-at-once", 0, &[]),
    ("says-goodbye", 0, &[]),
    ("burst-of-32", 1, &["IOTMP25-FRAME-004"]),
    ("64-identifiers", 1, &["IOTMP25-RUN-001"]),
    ("no-margin", 1, &["IOTMP25-KEEPALIVE-005"]),
    ("unknown-type-closes", 0, &[]),
    ("errors-explained", 0, &[]),
    ("string-size-in-a-byte", 1, &["IOTMP25-PSON2-005"]),
    ("31-in-the-tag", 1, &["IOTMP25-PSON2-001"]),
    ("one-connection-per-device", 0, &[]),
    ("floats-always-double", 1, &["IOTMP25-PSON2-003"]),
    (
        "disconnect-acknowledged-only",
        1,
        &["IOTMP25-DISCONNECT-001"],
    ),
    ("floats-always-short", 1, &["IOTMP25-PSON2-003"]),
    ("ids-in-two-bytes", 1, &["IOTMP25-FRAME-002"]),
    ("numbers-never-in-the-tag", 1, &["IOTMP25-PSON2-008"]),
    ("keys-unsorted", 1, &["IOTMPS-WIRE-006"]),
    ("empty-as-null", 1, &["IOTMP25-PSON2-005"]),
    ("integers-as-values", 1, &["IOTMPS-WIRE-004"]),
    ("booleans-as-integers", 1, &["IOTMP25-PSON2-004"]),
    ("tail-of-read-lost", 1, &["IOTMP25-FRAME-003"]),
    ("negative-less-one", 1, &["IOTMP25-PSON2-002"]),
    ("map-counts-items", 1, &["IOTMP25-PSON2-001"]),
    ("long-strings-unread", 1, &["IOTMP25-PSON2-005"]),
    ("strings-to-127", 1, &["IOTMP25-PSON2-005"]),
    ("integers-to-32-bits", 1, &["IOTMP25-PSON2-002"]),
    ("strings-to-255", 1, &["IOTMP25-PSON2-005"]),
    ("large-integers-negative", 1, &["IOTMP25-PSON2-002"]),
    ("integers-through-doubles", 1, &["IOTMP25-PSON2-002"]),
    ("negative-lost", 1, &["IOTMP25-PSON2-002"]),
    ("doubles-through-floats", 1, &["IOTMP25-PSON2-003"]),
    ("floats-read-backwards", 1, &["IOTMP25-PSON2-003"]),
    ("null-unread", 1, &["IOTMP25-PSON2-004"]),
    (
        "bytes-as-text",
        1,
        &["IOTMP25-CONNECT-007", "IOTMP25-PSON2-005"],
    ),
    ("size-from-one-byte", 1, &["IOTMP25-PSON2-005"]),
    ("maps-to-30", 1, &["IOTMP25-PSON2-006"]),
    ("four-levels-deep", 1, &["IOTMP25-PSON2-006"]),
    ("unknown-double-missized", 1, &["IOTMP25-KEY-002"]),
    ("error-without-id", 1, &["IOTMP25-SID-001"]),
    ("id-signed", 1, &["IOTMP25-SID-002"]),
    ("answer-id-bytes-swapped", 1, &["IOTMP25-SID-001"]),
    ("size-of-128-lost", 1, &["IOTMP25-PSON2-005"]),
    ("stalls-at-1024", 1, &["IOTMP25-FRAME-001"]),
    ("dies-of-empty-body", 3, &["IOTMP25-ROBUST-001"]),
    ("dies-of-describe", 3, &["IOTMP25-ROBUST-001"]),
    ("dies-of-odd-resource", 3, &["IOTMP25-ROBUST-001"]),
    ("id-0-taken-for-none", 1, &["IOTMP25-SID-002"]),
    ("dies-of-cut-field", 3, &["IOTMP25-ROBUST-001"]),
    ("dies-of-empty-key", 3, &["IOTMP25-ROBUST-001"]),
    (
        "size-in-16-bits",
        1,
        &["IOTMP25-FRAME-006", "IOTMP25-VARINT-004"],
    ),
    ("dies-of-unknown-type", 3, &["IOTMP25-ROBUST-001"]),
    ("connect-tail-lost", 1, &["IOTMP25-FRAME-004"]),
    ("half-forgotten", 1, &["IOTMP25-FRAME-003"]),
    ("interval-of-another", 1, &["IOTMP25-KEEPALIVE-005"]),
    ("reset-ends-all", 1, &["IOTMP25-ROBUST-001"]),
    ("numbers-unanswered", 1, &["IOTMP25-RUN-001"]),
    ("undefined-as-null", 1, &["IOTMP25-PSON2-007"]),
    ("refusal-ends-others", 1, &["IOTMP25-ROBUST-001"]),
    ("auth-type-cut", 1, &["IOTMP25-VARINT-004"]),
    ("streams-of-all", 1, &["IOTMP25-STREAM-006"]),
    ("resource-of-before", 1, &["IOTMP25-RUN-005"]),
    ("unknown-type-tail-lost", 1, &["IOTMP25-FRAME-004"]),
    ("waits-for-slow-readers", 1, &["IOTMP25-ROBUST-001"]),
    ("dies-of-array-count", 3, &["IOTMP25-ROBUST-001"]),
    ("answers-256-runs", 1, &["IOTMP25-RUN-001"]),
    ("rest-of-write-lost", 1, &["IOTMP25-FRAME-001"]),
    ("user-trimmed", 1, &["IOTMP25-CONNECT-006"]),
    ("device-ends-at-nul", 1, &["IOTMP25-CONNECT-006"]),
    ("piece-of-1460-lost", 1, &["IOTMP25-FRAME-003"]),
    ("keep-alives-counted", 1, &["IOTMP25-KEEPALIVE-003"]),
    ("stop-any-beside-one", 1, &["IOTMP25-STREAM-006"]),
];

#[test]
fn each_server_fails_by_what_it_breaks() {
    all_as_expected(FAULTS, |fault| {
        let (_server, address) = server(fault);
        against_server(&address, &[])
    });
}

/// A server whose process ends is charged with that, comes back, and is tested to the end.
#[test]
fn a_server_that_dies_is_started_again() {
    let address = free_address().to_string();
    let script = script("server.py");
    let fault = "dies-of-nesting";
    let mut command = Command::new("python3");
    command
        .arg(&script)
        .args(["--fault", fault, "--listen", &address])
        .stdout(Stdio::piped());
    let _first = Process::start(&mut command).listening();
    let restart = format!(
        "python3 '{}' --fault {fault} --listen {address}",
        script.display()
    );
    let finished = against_server(&address, &["--restart", &restart]);
    let broken: Vec<&str> = finished.broken().into_iter().collect();
    assert_eq!(broken, ["IOTMP25-ROBUST-001"], "{}", finished.reasons());
    assert_eq!(finished.code, 1, "{}", finished.reasons());
    let notes = finished.report["runs"][0]["notes"].to_string();
    assert!(
        notes.contains("after server.hostile.nested-arrays the subject died and was started again"),
        "{notes}"
    );
}

/// One that stays away ends the run, and the case that killed it is named.
#[test]
fn a_server_that_stays_dead_is_3_and_its_killer_is_named() {
    let (_server, address) = server("dies-of-nesting");
    let finished = against_server(&address, &["--select", "server.hostile.nested-arrays"]);
    assert_eq!(finished.code, 3, "{}", finished.reasons());
    let notes = finished.report["runs"][0]["notes"].to_string();
    assert!(
        notes.contains("after server.hostile.nested-arrays the subject died and did not come back"),
        "{notes}"
    );
}

/// A failure that was kept is seen again, is gone with the server, and is over once that is mended.
#[test]
fn a_failure_that_was_kept_is_tried_again() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept-of-a-server");
    // An earlier run may have left it.
    let _ = std::fs::remove_dir_all(&folder);
    let bundles = folder.to_str().unwrap();
    let address = free_address().to_string();
    let at_address = |fault| {
        let mut command = Command::new("python3");
        command
            .arg(script("server.py"))
            .args(["--fault", fault, "--listen", &address])
            .stdout(Stdio::piped());
        Process::start(&mut command).listening()
    };
    let broken = at_address("run-answered-twice");
    let one = ["--select", "server.run.one-answer", "--bundles", bundles];
    assert_eq!(against_server(&address, &one).code, 1);
    let kept: Vec<_> = folder.read_dir().unwrap().collect();
    let [Ok(bundle)] = kept.as_slice() else {
        panic!("one bundle for one failure, not {kept:?}");
    };
    assert_eq!(replayed(&bundle.path()), (1, "still fails".to_owned()));
    drop(broken);
    let gone = "the subject could not be reached, or died";
    assert_eq!(replayed(&bundle.path()), (3, gone.to_owned()));
    let _mended = at_address("none");
    assert_eq!(replayed(&bundle.path()), (0, "passes now".to_owned()));
}
