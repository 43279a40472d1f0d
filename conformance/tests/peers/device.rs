//! Devices.

use crate::process::{Expected, against_device, all_as_expected};

const FAULTS: &[Expected<'_>] = &[
    ("none", 0, &[]),
    ("streams-after-stop", 1, &["IOTMP25-STREAM-005"]),
    ("one-value-after-stop", 1, &["IOTMP25-STREAM-005"]),
    ("disconnect-ignored", 1, &["IOTMP25-DISCONNECT-001"]),
    ("answers-unaccepted", 1, &["IOTMP25-CONNECT-013"]),
    ("run-without-id-answered", 1, &["IOTMP25-RUN-002"]),
    ("run-answered-twice", 1, &["IOTMP25-RUN-001"]),
    ("hundredth-response-dropped", 1, &["IOTMP25-RUN-001"]),
    ("interval-ignored", 1, &["IOTMP25-STREAM-003"]),
    ("interval-in-seconds", 1, &["IOTMPS-STREAM-001"]),
    ("streams-swapped", 1, &["IOTMP25-STREAM-007"]),
    ("ids-swapped-under-load", 1, &["IOTMP25-SID-003"]),
    ("describes-phantoms", 1, &["IOTMP25-DESCRIBE-003"]),
    ("describe-unknown-ok", 1, &["IOTMP25-DESCRIBE-004"]),
    ("description-without-function", 1, &["IOTMP25-DESCRIBE-002"]),
    ("description-mistyped", 1, &["IOTMP25-DESCRIBE-005"]),
    ("describe-one-empty", 1, &["IOTMP25-DESCRIBE-003"]),
    ("keep-alive-unsent", 1, &["IOTMP25-KEEPALIVE-002"]),
    ("keep-alive-with-body", 1, &["IOTMP25-KEEPALIVE-001"]),
    ("unanswered-keep-alive-borne", 1, &["IOTMP25-KEEPALIVE-006"]),
    ("streams-after-reconnect", 1, &["IOTMP25-STREAM-009"]),
    ("two-strings", 1, &["IOTMP25-CONNECT-004"]),
    ("payload-string", 1, &["IOTMP25-CONNECT-004"]),
    ("connect-second", 1, &["IOTMP25-CONNECT-001"]),
    ("stays-after-refusal", 1, &["IOTMP25-CONNECT-014"]),
    ("unordered-field-lost", 1, &["IOTMPS-WIRE-005"]),
    ("unknown-field-refused", 1, &["IOTMP25-KEY-002"]),
    ("long-key-cut", 1, &["IOTMP25-KEY-004"]),
    // A bare interval is a number as well.
    (
        "varint-payload-refused",
        1,
        &["IOTMPS-STREAM-004", "IOTMPS-WIRE-003"],
    ),
    ("id-cut-to-8-bits", 1, &["IOTMP25-SID-002"]),
    ("id-cut-to-16-bits", 1, &["IOTMP25-VARINT-004"]),
    ("whole-message-per-read", 1, &["IOTMP25-FRAME-003"]),
    ("header-in-one-read", 1, &["IOTMP25-FRAME-003"]),
    ("second-coalesced-lost", 1, &["IOTMP25-FRAME-004"]),
    ("reads-announced-size", 1, &["IOTMP25-FRAME-006"]),
    ("unknown-resource-ok", 1, &["IOTMP25-RUN-003"]),
    ("run-without-resource-ok", 1, &["IOTMP25-RUN-005"]),
    ("run-without-value", 1, &["IOTMP25-RUN-004"]),
    ("start-unknown-ok", 1, &["IOTMP25-STREAM-002"]),
    ("start-refused", 1, &["IOTMP25-STREAM-001"]),
    ("stop-unknown-ok", 1, &["IOTMP25-STREAM-006"]),
    ("second-start-ignored", 1, &["IOTMP25-STREAM-008"]),
    ("one-stream-only", 1, &["IOTMP25-STREAM-007"]),
    ("first-value-unsent", 1, &["IOTMPS-STREAM-002"]),
    ("input-not-echoed", 1, &["IOTMPS-STREAM-003"]),
    ("unopened-stream", 1, &["IOTMP25-STREAM-004"]),
    ("id-used-once", 1, &["IOTMP25-SID-004"]),
    ("alias-unknown", 1, &["IOTMP25-RUN-006"]),
    ("dies-of-nesting", 3, &["IOTMP25-ROBUST-001"]),
];

#[test]
fn each_device_fails_by_what_it_breaks() {
    all_as_expected(FAULTS, against_device);
}
