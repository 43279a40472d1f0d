//! Which payloads are measured. A new one is a struct in `payloads`, what the
//! generators of protobuf would write for it in `peers`, its message in `ours`,
//! and a line here.

use crate::harness::Case;
use crate::ours;
use crate::payloads::{
    BATCH, BLOB, Batch, Blob, CREDENTIALS, Call, Interval, Login, MEASURED, Measurement, REFUSED,
    RESOURCE, Reading, Refusal, SESSION, STREAM, Sample, Subscription, TOKEN, Unit, batch, blob,
};
use crate::peers::{SOURCE, Set, aligned, derived, json, placed};

/// What a small message and its payload fit in, one beside the other.
const SMALL: usize = 1024;

/// The payloads by name, and what each is.
pub const PAYLOADS: [(&str, &str); 8] = [
    (
        "A",
        "Stream Data with a map of a float, an integer, a text and a boolean",
    ),
    ("B", "Connect with three texts"),
    ("C", "Run of a resource with a map of a boolean"),
    ("D", "Stream Data with an array of 1,000 maps like A's"),
    ("E", "Stream Data with 64 KiB of bytes"),
    ("F", "Start Stream of 2025 with an interval"),
    ("G", "Error of 2023 with a code and a text"),
    ("H", "Data of Nubison with 16 bytes"),
];

/// All cases of a payload, by its name.
pub fn of(payload: &str) -> Vec<Case> {
    match payload {
        "A" => {
            let value = Sample {
                stream_id: STREAM,
                payload: Reading {
                    status: placed(Reading::SAMPLE.status),
                    ..Reading::SAMPLE
                },
            };
            let mut set = Set::new("A", SMALL);
            let wire = ours::typed!(&mut set, Sample, value.clone());
            ours::memcpy(&mut set, &wire);
            ours::dynamic(&mut set, &wire);
            derived!(&mut set, Sample, value.clone());
            json!(&mut set, Sample, value.clone());
            set.cases
        }
        "B" => {
            let value = Login {
                stream_id: STREAM,
                payload: CREDENTIALS.map(placed),
            };
            let mut set = Set::new("B", SMALL);
            let wire = ours::typed!(&mut set, Login, value.clone());
            ours::memcpy(&mut set, &wire);
            ours::dynamic(&mut set, &wire);
            derived!(&mut set, Login, value.clone());
            json!(&mut set, Login, value.clone());
            set.cases
        }
        "C" => {
            let value = Call {
                stream_id: STREAM,
                payload: Unit { celsius: true },
                resource: placed(RESOURCE),
            };
            let mut set = Set::new("C", SMALL);
            let wire = ours::typed!(&mut set, Call, value.clone());
            ours::memcpy(&mut set, &wire);
            ours::dynamic(&mut set, &wire);
            derived!(&mut set, Call, value.clone());
            json!(&mut set, Call, value.clone());
            set.cases
        }
        "D" => {
            let value = || Batch {
                stream_id: STREAM,
                payload: batch(BATCH),
            };
            let mut set = Set::new("D", 2 * BATCH * 128);
            let wire = ours::typed!(&mut set, Batch, value());
            ours::memcpy(&mut set, &wire);
            ours::dynamic(&mut set, &wire);
            derived!(&mut set, Batch, value());
            json!(&mut set, Batch, value());
            set.cases
        }
        "E" => {
            let bytes = aligned(BLOB, SOURCE);
            bytes.copy_from_slice(&blob(BLOB));
            let bytes = &*bytes;
            let value = || Blob {
                stream_id: STREAM,
                payload: bytes,
            };
            let mut set = Set::new("E", 2 * (BLOB + SMALL));
            let wire = ours::typed!(&mut set, Blob, value());
            ours::memcpy_ahead(&mut set, &wire, wire.len() - BLOB);
            ours::dynamic(&mut set, &wire);
            // JSON has no bytes.
            derived!(&mut set, Blob, value());
            set.cases
        }
        "F" => {
            let value = Subscription {
                stream_id: STREAM,
                parameters: Interval { interval: 10 },
                resource: placed(RESOURCE),
            };
            let mut set = Set::new("F", SMALL);
            let wire = ours::typed!(&mut set, Subscription, value.clone());
            ours::memcpy(&mut set, &wire);
            ours::dynamic(&mut set, &wire);
            derived!(&mut set, Subscription, value.clone());
            json!(&mut set, Subscription, value.clone());
            set.cases
        }
        "G" => {
            let value = Refusal {
                stream_id: STREAM,
                parameters: 404,
                payload: placed(REFUSED),
            };
            let mut set = Set::new("G", SMALL);
            let wire = ours::typed!(&mut set, Refusal, value.clone());
            ours::memcpy(&mut set, &wire);
            derived!(&mut set, Refusal, value.clone());
            json!(&mut set, Refusal, value.clone());
            set.cases
        }
        "H" => {
            let value = Measurement {
                session_id: &SESSION,
                access_token: placed(TOKEN),
                payload: &MEASURED,
            };
            let mut set = Set::new("H", SMALL);
            let wire = ours::typed!(&mut set, Measurement, value.clone());
            ours::memcpy(&mut set, &wire);
            // JSON has no bytes.
            derived!(&mut set, Measurement, value.clone());
            set.cases
        }
        _ => Vec::new(),
    }
}
