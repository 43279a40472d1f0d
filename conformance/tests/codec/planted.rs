//! A codec with one bug is caught by the clause that it breaks.

use crate::{broken, fake, text};

/// Sees that a bug is charged to `clause`, for `vector` among others, and that
/// nothing is charged to the ones that it has nothing to do with.
fn caught(plant: &str, clause: &str, vector: &str) {
    let Some(output) = fake(plant, &[]) else {
        return;
    };
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{plant}: {stdout}");
    assert!(broken(stdout).contains(&clause), "{plant}: {stdout}");
    let failure = stdout
        .split("\nFAIL ")
        .find(|failure| failure.starts_with(vector));
    let blamed: Vec<&str> = failure
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("  MUST ") || line.starts_with("  SHOULD "))
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    assert_eq!(blamed, [format!("{clause}:")], "{plant}");
    for alien in [
        "IOTMP25-VARINT-001",
        "IOTMP25-PSON2-004",
        "IOTMP25-FRAME-005",
    ] {
        assert!(!broken(stdout).contains(&alien), "{plant}: {alien}");
    }
}

#[test]
fn numbers_that_are_cut() {
    let clause = "IOTMP25-VARINT-004";
    caught("plant-cut", clause, "iotmp-shipping/varint/stream-id-2-32 ");
}

#[test]
fn floats_the_wrong_way_round() {
    let clause = "IOTMP25-PSON2-003";
    caught(
        "plant-big-endian",
        clause,
        "iotmp-shipping/pson2/float-0.5 ",
    );
}

#[test]
fn a_missing_field_that_is_not_missed() {
    let clause = "IOTMP25-KEY-005";
    caught(
        "plant-optional",
        clause,
        "iotmp-shipping/framing/ok-size-zero ",
    );
}

#[test]
fn keys_that_are_not_sorted() {
    let clause = "IOTMPS-WIRE-006";
    caught("plant-sorted", clause, "iotmp-shipping/pson2/map-sorted ");
}
