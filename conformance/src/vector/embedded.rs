//! The files of vectors that are part of the program.

use std::sync::LazyLock;

use super::{VectorSet, load};

macro_rules! files {
    ($($path:literal)*) => {
        &[$(($path, include_str!(concat!("../../vectors/", $path)))),*]
    };
}

/// Every file: its path below `vectors/`, and its text.
pub const FILES: &[(&str, &str)] = files! {
    "iotmp-2020/framing.json"
    "iotmp-2020/keys.json"
    "iotmp-2020/messages.json"
    "iotmp-2020/pson1.json"
    "iotmp-2020/truncation.json"
    "iotmp-2020/varint.json"
    "iotmp-2020/wire-types.json"
    "iotmp-2023/encodings.json"
    "iotmp-2023/framing.json"
    "iotmp-2023/keys.json"
    "iotmp-2023/messages.json"
    "iotmp-2023/pson1.json"
    "iotmp-2023/truncation.json"
    "iotmp-2023/varint.json"
    "iotmp-2025/framing.json"
    "iotmp-2025/keys.json"
    "iotmp-2025/messages.json"
    "iotmp-2025/pson1.json"
    "iotmp-2025/pson2.json"
    "iotmp-2025/truncation.json"
    "iotmp-2025/varint.json"
    "iotmp-shipping/framing.json"
    "iotmp-shipping/keys.json"
    "iotmp-shipping/messages.json"
    "iotmp-shipping/pson2.json"
    "iotmp-shipping/truncation.json"
    "iotmp-shipping/varint.json"
    "nubison/answers.json"
    "nubison/framing.json"
    "nubison/lengths.json"
    "nubison/messages.json"
    "nubison/text.json"
    "nubison/truncation.json"
};

static SETS: LazyLock<Vec<VectorSet>> = LazyLock::new(|| match load(FILES) {
    Ok(sets) => sets,
    // The files are part of the program, and a test loads them all.
    Err(errors) => unreachable!("vectors of the suite are not valid:\n{errors}"),
});

/// The vectors of every specification.
#[must_use]
pub fn all() -> &'static [VectorSet] {
    &SETS
}
