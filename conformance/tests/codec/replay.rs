//! A failure is kept, tried again, and made small.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::{broken, fake, file, program, text};

/// Runs the example with one bug, and keeps its failures in a folder.
fn kept(plant: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bundles-{plant}"));
    let _ = fs::remove_dir_all(&folder);
    let output = fake(plant, &["--bundles", folder.to_str().unwrap()])?;
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{plant}: {stdout}");
    let failures = stdout.matches("\nFAIL ").count();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), failures, "{plant}");
    Some(folder)
}

fn bundle(folder: &Path, vector: &str) -> PathBuf {
    folder.join(format!("iotmp-shipping.{}.json", vector.replace('/', ".")))
}

/// Sees that the bug that `vector` shows is broken by `clauses` and by nothing
/// else, and shrinks to a vector of these bytes, which the suite takes.
fn shrinks(plant: &str, clauses: &[&str], vector: &str, hex: &str) {
    let Some(output) = fake(plant, &[]) else {
        return;
    };
    assert_eq!(broken(text(&output.stdout)), clauses, "{plant}");
    let folder = kept(plant).unwrap();
    let bundle = bundle(&folder, vector);
    let out = folder.join("small");
    let arguments = [
        "replay",
        bundle.to_str().unwrap(),
        "--shrink",
        "--run",
        "--out",
        out.to_str().unwrap(),
    ];
    let output = program(&arguments);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{plant}: {stderr}");
    let json: Json = serde_json::from_str(stdout).unwrap();
    let small = &json["vectors"][0];
    assert_eq!(small["hex"], hex, "{plant}: {stderr}");
    assert!(hex.len() <= 16 || plant == "plant-double", "{plant}");
    assert!(stderr.contains("\noffset  hex "), "{plant}: {stderr}");
    let out = out.join("iotmp-shipping/shrunk.json");
    assert_eq!(fs::read_to_string(&out).unwrap(), stdout);
    let checked = program(&["vectors", "check", out.to_str().unwrap()]);
    assert_eq!(text(&checked.stdout), "1 vectors: valid\n", "{plant}");
}

#[test]
fn numbers_that_are_cut() {
    let clause = ["IOTMP25-VARINT-004"];
    shrinks(
        "plant-cut",
        &clause,
        "varint/stream-id-2-32",
        "048080808010",
    );
}

#[test]
fn numbers_of_two_bytes() {
    let clause = ["IOTMP25-VARINT-001"];
    shrinks(
        "plant-second-byte",
        &clause,
        "framing/body-of-128",
        "0103088001",
    );
    shrinks(
        "plant-write-second-byte",
        &clause,
        "varint/stream-id-16383",
        "0103088001",
    );
}

#[test]
fn what_is_small_is_tried_before_what_is_large() {
    let Some(folder) = kept("plant-three-bytes") else {
        return;
    };
    for large in ["framing/body-of-16384", "pson2/string-16384"] {
        let bundle = bundle(&folder, large);
        // Cuts of the large input alone are far more.
        let bounds = ["--shrink", "--run", "--tries", "2000"];
        let output = program(&[&["replay", bundle.to_str().unwrap()][..], &bounds].concat());
        let stderr = text(&output.stderr);
        let json: Json = serde_json::from_str(text(&output.stdout)).unwrap();
        let hex = json["vectors"][0]["hex"].as_str().unwrap();
        assert!(hex.len() <= 16, "{large}: {stderr}");
    }
}

#[test]
fn a_count_that_is_wrong_in_every_tag() {
    let Some(folder) = kept("plant-thirty") else {
        return;
    };
    for counted in ["pson2/map-30", "pson2/string-30"] {
        let bundle = bundle(&folder, counted);
        let output = program(&["replay", bundle.to_str().unwrap(), "--shrink", "--run"]);
        let json: Json = serde_json::from_str(text(&output.stdout)).unwrap();
        let small = &json["vectors"][0]["hex"];
        assert_eq!(small, "1e", "{counted}: {}", text(&output.stderr));
    }
}

#[test]
fn a_crash_is_made_small_however_often_it_crashes() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bundles-crash");
    let _ = fs::remove_dir_all(&folder);
    let only = [
        "--select",
        "iotmp-shipping/pson2/array-mixed",
        "--bundles",
        folder.to_str().unwrap(),
    ];
    if fake("crash-of-two-bytes", &only).is_none() {
        return;
    }
    let bundle = bundle(&folder, "pson2/array-mixed");
    let output = program(&["replay", bundle.to_str().unwrap(), "--shrink", "--run"]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let json: Json = serde_json::from_str(text(&output.stdout)).unwrap();
    let hex = json["vectors"][0]["hex"].as_str().unwrap();
    assert_eq!(hex.len(), 4, "{stderr}");
}

#[test]
fn a_missing_field_that_is_not_missed() {
    let Some(folder) = kept("plant-optional") else {
        return;
    };
    let bundle = bundle(&folder, "truncation/connect-body-of-10");
    let output = program(&["replay", bundle.to_str().unwrap(), "--shrink", "--run"]);
    let json: Json = serde_json::from_str(text(&output.stdout)).unwrap();
    let small = &json["vectors"][0];
    assert_eq!(small["hex"], "0100");
    assert_eq!(small["result"], "invalid");
    assert_eq!(small["reject"]["class"], "missing-field");
}

#[test]
fn negative_integers() {
    let clause = ["IOTMP25-PSON2-002"];
    shrinks(
        "plant-write-negative",
        &clause,
        "messages/disconnect-full",
        "21",
    );
}

#[test]
fn floats_of_four_bytes_out_of_a_message() {
    let clause = ["IOTMP25-PSON2-003"];
    shrinks(
        "plant-big-endian",
        &clause,
        "messages/ok-full",
        "4000000001",
    );
}

#[test]
fn floats_of_eight_bytes_have_nine() {
    let clause = ["IOTMP25-PSON2-003"];
    shrinks(
        "plant-double",
        &clause,
        "pson2/double-0.1",
        "410000000000000001",
    );
}

#[test]
fn empty_text() {
    let clause = ["IOTMP25-PSON2-005"];
    shrinks("plant-empty-string", &clause, "pson2/string-0", "80");
    shrinks(
        "plant-write-empty-string",
        &clause,
        "pson2/map-empty-key",
        "c18000",
    );
}

#[test]
fn maps_in_maps() {
    let clause = ["IOTMP25-PSON2-006"];
    shrinks(
        "plant-nested-map",
        &clause,
        "pson2/map-nested",
        "c180c18080",
    );
}

#[test]
fn discrete_values() {
    let clause = ["IOTMP25-PSON2-004"];
    shrinks("plant-boolean", &clause, "keys/order-descending", "60");
    shrinks("plant-null", &clause, "messages/start-stream-full", "62");
}

#[test]
fn octets() {
    let clause = ["IOTMP25-PSON2-005"];
    shrinks("plant-octets", &clause, "messages/stop-stream-full", "a0");
}

#[test]
fn fields_without_a_name() {
    let clause = ["IOTMP25-KEY-002"];
    shrinks(
        "plant-unknown-field",
        &clause,
        "keys/unknown-15-string",
        "04020000",
    );
}

#[test]
fn a_bundle_is_tried_again() {
    let Some(folder) = kept("plant-null") else {
        return;
    };
    let bundle = bundle(&folder, "pson2/null");
    let bundle = bundle.to_str().unwrap();
    let still = program(&["replay", bundle, "--run"]);
    let stdout = text(&still.stdout);
    assert_eq!(still.status.code(), Some(1), "{stdout}");
    assert!(
        stdout.ends_with("iotmp-shipping/pson2/null: still fails\n"),
        "{stdout}"
    );
    assert_eq!(broken(stdout), ["IOTMP25-PSON2-004"]);
    assert!(stdout.contains("\n      →      0  62 "), "{stdout}");

    let sound = file("adapters/python/adapter.py");
    let sound = ["--", "python3", "-B", sound.to_str().unwrap()];
    let passes = program(&[&["replay", bundle][..], &sound].concat());
    assert_eq!(passes.status.code(), Some(0), "{}", text(&passes.stdout));
    assert!(text(&passes.stdout).ends_with("iotmp-shipping/pson2/null: passes now\n"));
    let shrunk = program(&[&["replay", bundle, "--shrink"][..], &sound].concat());
    assert_eq!(shrunk.status.code(), Some(0));

    let gone = program(&["replay", bundle, "--", "/nowhere/codec"]);
    assert_eq!(gone.status.code(), Some(3));
}

#[test]
fn no_program_is_run_unasked() {
    let Some(folder) = kept("plant-null") else {
        return;
    };
    let bundle = bundle(&folder, "pson2/null");
    let output = program(&["replay", bundle.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("names a program, which is run only if you say so:\n  python3 "),
        "{stderr}"
    );
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_bad_file_is_2() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bad-bundles");
    fs::create_dir_all(&folder).unwrap();
    for (name, content, said) in [
        ("none", "", "it is no replay bundle: "),
        (
            "other",
            "{}",
            "it is no replay bundle: missing field `replay`",
        ),
        (
            "later",
            "{\"replay\":2}",
            "it is a bundle of version 2; this program knows version 1",
        ),
    ] {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        let output = program(&["replay", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(
            text(&output.stderr).contains(said),
            "{}",
            text(&output.stderr)
        );
    }
}

/// A bundle of a live case that has failed once.
fn live(name: &str, subject: &Json) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("live-bundles");
    fs::create_dir_all(&folder).unwrap();
    let bundle = json!({
        "replay": 1,
        "tool": "a test",
        "spec": "iotmp-shipping",
        "subject": subject,
        "case": "server.connect.ok",
        "title": "A device connects.",
        "timeout_ms": 3000,
        "clauses": [],
        "expected": "ok",
        "got": "nothing",
    });
    let path = folder.join(name);
    fs::write(&path, bundle.to_string()).unwrap();
    path
}

#[test]
fn a_live_case_runs_by_its_own_command() {
    let subject = json!({"kind": "reference", "command": ["self", "--spec", "iotmp-shipping"]});
    let path = live("reference", &subject);
    let output = program(&["replay", path.to_str().unwrap()]);
    let stdout = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{stdout}{}",
        text(&output.stderr)
    );
    assert!(
        stdout.ends_with("server.connect.ok: passes now\n"),
        "{stdout}"
    );
}

/// A port that nobody listens on.
fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn a_server_that_is_not_there_is_3() {
    let who = ["--user", "u", "--device", "d", "--credential", "c"];
    let command = [
        &["server", "192.0.2.1:1", "--spec", "iotmp-shipping"][..],
        &who,
    ]
    .concat();
    let subject = json!({"kind": "server", "address": "192.0.2.1:1", "command": command});
    let path = live("server", &subject);
    let address = closed();
    let output = program(&["replay", path.to_str().unwrap(), "--address", &address]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.starts_with(&format!("running iotmp-conformance server {address} ")),
        "{stderr}"
    );
}

#[test]
fn a_bundle_that_asks_for_more_than_a_subject_is_2() {
    let command = ["server", "127.0.0.1:1", "--report", "json=/tmp/taken"];
    let subject = json!({"kind": "server", "address": "127.0.0.1:1", "command": command});
    let path = live("greedy", &subject);
    let output = program(&["replay", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said =
        "its command holds \"--report\"; a bundle may only say where a subject is, by --spec, ";
    assert!(
        text(&output.stderr).contains(said),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn what_was_made_small_before_stays() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shrunk-twice");
    let _ = fs::remove_dir_all(&folder);
    let out = folder.join("small");
    let small = out.join("iotmp-shipping/shrunk.json");
    let mut counts = Vec::new();
    for (plant, vector) in [
        ("plant-null", "pson2/null"),
        ("plant-empty-string", "pson2/string-0"),
        ("plant-null", "pson2/null"),
    ] {
        let id = format!("iotmp-shipping/{vector}");
        let only = ["--select", &id, "--bundles", folder.to_str().unwrap()];
        if fake(plant, &only).is_none() {
            return;
        }
        let bundle = bundle(&folder, vector);
        let shrink = ["--shrink", "--run", "--out", out.to_str().unwrap()];
        let output = program(&[&["replay", bundle.to_str().unwrap()][..], &shrink].concat());
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let all: Json = serde_json::from_str(&fs::read_to_string(&small).unwrap()).unwrap();
        counts.push(all["vectors"].as_array().unwrap().len());
    }
    assert_eq!(counts, [1, 2, 2]);
    let checked = program(&["vectors", "check", small.to_str().unwrap()]);
    assert_eq!(text(&checked.stdout), "2 vectors: valid\n");

    fs::write(&small, "a letter\n").unwrap();
    let bundle = bundle(&folder, "pson2/null");
    let shrink = ["--shrink", "--run", "--out", out.to_str().unwrap()];
    let output = program(&[&["replay", bundle.to_str().unwrap()][..], &shrink].concat());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(&small).unwrap(), "a letter\n");
}
