//! The examples for others keep every rule, and are short.

use std::fs;
use std::process::Command;

use crate::{file, has, program, text};

/// Most lines of an adapter.
const MOST: usize = 150;

fn conformant(command: &[&str]) {
    let mut arguments = vec!["codec", "--report", "json=-", "--"];
    arguments.extend(command);
    let output = program(&arguments);
    let stdout = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{stdout}{}",
        text(&output.stderr)
    );
    let report: serde_json::Value = serde_json::from_str(stdout).unwrap();
    let run = &report["runs"][0];
    let cases = run["cases"].as_array().unwrap().len();
    let seconds = run["elapsed_ms"].as_f64().unwrap() / 1000.0;
    println!("{}: {cases} cases in {seconds} s", run["address"]);
    assert!(cases > 400, "{cases}");
    let skipped = report["counts"].get("skip");
    assert_eq!(skipped, None, "an example does everything");
}

fn short(adapter: &str) {
    let lines = fs::read_to_string(file(adapter)).unwrap().lines().count();
    assert!(lines <= MOST, "{adapter} has {lines} lines");
}

#[test]
fn python() {
    let adapter = "adapters/python/adapter.py";
    short(adapter);
    if has("python3") {
        conformant(&["python3", "-B", file(adapter).to_str().unwrap()]);
    }
}

#[test]
fn javascript() {
    let adapter = "adapters/javascript/adapter.mjs";
    short(adapter);
    if has("node") {
        conformant(&["node", file(adapter).to_str().unwrap()]);
    }
}

#[test]
fn c() {
    short("adapters/c/adapter.c");
    if !has("cc") {
        return;
    }
    let folder = tempfile("c-adapter");
    let adapter = folder.join("adapter");
    let compiled = Command::new("cc")
        .args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&adapter)
        .args(["adapter.c", "json.c", "codec.c"].map(|name| file("adapters/c").join(name)))
        .arg("-lm")
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", text(&compiled.stderr));
    conformant(&[adapter.to_str().unwrap()]);
}

fn tempfile(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}
