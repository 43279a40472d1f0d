//! Servers and devices of Nubison.

use crate::process::{Expected, against, all_as_expected, dialled_by, served_by};

const SCRIPT: &str = "nubison.py";
// Nobody here says what stands behind a peer.
const SPEC: [&str; 3] = ["--spec", "nubison", "--allow-untested"];
const WHO: [&str; 6] = [
    "--user",
    "client-0000000000001",
    "--device",
    "SENSOR01_kitchen",
    "--credential",
    "secret-0000000000001",
];

const SERVERS: &[Expected<'_>] = &[
    ("none", 0, &[]),
    ("id-cut-at-nul", 1, &["NUB-SESSION-001"]),
    ("status-as-digit", 1, &["NUB-RESPONSE-001"]),
    ("token-of-23-bytes", 1, &["NUB-LOGIN-003"]),
    ("login-refused-bare", 1, &["NUB-LOGIN-006"]),
    ("secret-unread", 1, &["NUB-ERROR-003"]),
    ("product-unread", 1, &["NUB-LOGIN-007"]),
    ("part-of-identifier", 1, &["NUB-LOGIN-007"]),
    ("long-identifier-refused", 1, &["NUB-ERROR-004"]),
    ("token-by-prefix", 1, &["NUB-ERROR-005"]),
    ("empty-data-refused", 1, &["NUB-DATA-002"]),
    ("data-length-in-one-byte", 1, &["NUB-DATA-002"]),
    ("data-refused-bare", 1, &["NUB-DATA-003"]),
    ("heartbeat-tail-unread", 1, &["NUB-HEARTBEAT-002"]),
    ("heartbeat-echoed", 1, &["NUB-HEARTBEAT-003"]),
    ("logout-with-code", 1, &["NUB-LOGOUT-002"]),
    ("whole-packet-per-read", 1, &["NUB-FRAME-010"]),
    ("second-in-one-read-lost", 1, &["NUB-FRAME-011"]),
    ("short-answered", 1, &["NUB-FRAME-003"]),
    ("unknown-type-0002", 1, &["NUB-ERROR-001"]),
    ("structure-9999", 1, &["NUB-ERROR-002"]),
    ("dies-of-unknown-type", 3, &["NUB-ROBUST-001"]),
];

const DEVICES: &[Expected<'_>] = &[
    ("none", 0, &[]),
    ("id-per-connection", 1, &["NUB-SESSION-002"]),
    ("ids-count", 1, &["NUB-SESSION-003"]),
    ("any-answer-taken", 1, &["NUB-SESSION-004"]),
    ("answer-id-in-ascii", 1, &["NUB-SESSION-001"]),
    ("success-as-digit", 1, &["NUB-RESPONSE-001"]),
    ("odd-status-taken", 1, &["NUB-RESPONSE-003"]),
    ("identifier-length-in-two-bytes", 1, &["NUB-LOGIN-001"]),
    ("data-before-answer", 1, &["NUB-LOGIN-002"]),
    ("key-refused", 1, &["NUB-LOGIN-005"]),
    ("refusal-ignored", 1, &["NUB-LOGIN-008"]),
    ("unnamed-code-ignored", 1, &["NUB-ERROR-008"]),
    ("data-length-in-one-byte", 1, &["NUB-DATA-001"]),
    ("token-in-ascii", 1, &["NUB-DATA-001"]),
    ("heartbeat-length-in-two-bytes", 1, &["NUB-HEARTBEAT-001"]),
    ("bare-command-unanswered", 1, &["NUB-COMMAND-002"]),
    ("long-command-unanswered", 1, &["NUB-COMMAND-002"]),
    ("answer-length-in-two-bytes", 1, &["NUB-COMMAND-003"]),
    ("failure-with-code", 1, &["NUB-COMMAND-004"]),
    ("second-in-one-read-lost", 1, &["NUB-FRAME-011"]),
    ("dies-of-odd-status", 3, &["NUB-ROBUST-001"]),
];

#[test]
fn each_server_fails_by_what_it_breaks() {
    all_as_expected(SERVERS, |fault| {
        let (_server, address) = served_by(SCRIPT, fault);
        against(&address, &WHO, &SPEC)
    });
}

#[test]
fn each_device_fails_by_what_it_breaks() {
    all_as_expected(DEVICES, |fault| dialled_by(SCRIPT, fault, &SPEC));
}
