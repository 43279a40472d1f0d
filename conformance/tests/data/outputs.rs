//! Files that commands write: nothing is lost that stood there, and nothing goes over what is read.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command_line::run;

/// Cases that take no time.
const QUICK: [&str; 5] = ["self", "--spec", "nubison", "--select", "nubison/framing/*"];

/// An empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A file of that folder.
fn kept(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn report(format: &str, path: &str) -> String {
    format!("--report={format}={path}")
}

#[test]
fn an_earlier_report_stays_where_nothing_was_tested() {
    let folder = folder("earlier");
    let path = kept(&folder, "report.json", "earlier");
    let target = report("json", &path);
    for arguments in [
        &["codec", &target, "--", "/nowhere/codec"][..],
        &["device", "--listen", "127.0.0.1:0", "--wait", "0", &target],
        &[
            "server",
            "127.0.0.1:1",
            "--user=u",
            "--device=d",
            "--credential=c",
            &target,
        ],
    ] {
        let (code, _, said) = run(arguments, "");
        assert_eq!(code, 3, "{said}");
        let line = format!("{path} is not written: nothing was tested\n");
        assert!(said.ends_with(&line), "{said}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "earlier");
    }
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        1,
        "something is left over"
    );
}

#[test]
fn a_report_takes_the_place_of_an_earlier_one() {
    let folder = folder("replaced");
    let path = kept(&folder, "report.tap", &"earlier\n".repeat(9999));
    let (code, _, said) = run(&[&QUICK[..], &[&report("tap", &path)]].concat(), "");
    assert_eq!((code, said.as_str()), (0, ""));
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.starts_with("TAP version 14\n"), "{written}");
    assert!(!written.contains("earlier"), "{written}");
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        1,
        "something is left over"
    );
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_device_a_device() {
    let folder = folder("linked");
    let path = kept(&folder, "report.tap", "earlier");
    let link = folder.join("link");
    std::os::unix::fs::symlink("report.tap", &link).unwrap();
    let (code, _, said) = run(
        &[
            &QUICK[..],
            &[
                &report("tap", link.to_str().unwrap()),
                &report("json", "/dev/null"),
                &report("html", "/dev/null"),
            ],
        ]
        .concat(),
        "",
    );
    assert_eq!((code, said.as_str()), (0, ""));
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .starts_with("TAP version 14\n")
    );
}

#[test]
fn what_cannot_be_written_is_2_before_anything_runs() {
    let folder = folder("unwritable");
    for path in [folder.to_str().unwrap(), "/nowhere/at/all.json"] {
        let (code, out, said) = run(&["codec", &report("json", path), "--", "/nowhere"], "");
        assert_eq!((code, out.as_str()), (2, ""), "{said}");
        let said_of = format!("error: {path} cannot be written: ");
        assert!(said.starts_with(&said_of), "{said}");
    }
}

#[test]
fn what_is_read_is_not_written_over() {
    let folder = folder("inputs");
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/events.pcap");
    let capture_before = fs::read(capture).unwrap();
    let baseline = "expected: [{case: server.connect.ok, reason: x}]";
    let known = kept(&folder, "known.yaml", baseline);
    let script = kept(&folder, "adapter.py", "x");
    let run_json = kept(&folder, "run.json", "{}");
    // Another way to the same file.
    let around = format!("{}/../inputs/known.yaml", folder.display());
    let reading = format!("--baseline={known}");
    for arguments in [
        &["pcap", capture, &report("text", capture)][..],
        &[
            "codec",
            &reading,
            &report("text", &around),
            "--",
            "/nowhere",
        ],
        &["codec", &report("html", &script), "--", "python3", &script],
        &["diff", &run_json, &run_json, &report("json", &run_json)],
        &["spec", "dissector", &script, "--out", &script],
    ] {
        let (code, out, said) = run(arguments, "");
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {said}");
        assert!(said.contains(" would overwrite what is read, "), "{said}");
    }
    assert_eq!(fs::read(capture).unwrap(), capture_before);
    assert_eq!(fs::read_to_string(&known).unwrap(), baseline);
    assert_eq!(fs::read_to_string(&script).unwrap(), "x");
}

#[test]
fn two_outputs_do_not_go_to_one_place() {
    let folder = folder("twice");
    let path = folder.join("report");
    let path = path.to_str().unwrap();
    for place in [path, "-"] {
        let (text, json) = (report("text", place), report("json", place));
        let (code, out, said) = run(&[&QUICK[..], &[&text, &json]].concat(), "");
        assert_eq!((code, out.as_str()), (2, ""), "{said}");
        assert!(said.contains(" go to the same place; "), "{said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_2_and_a_reader_that_has_seen_enough_is_none() {
    use std::process::{Command, Stdio};

    let program = env!("CARGO_BIN_EXE_iotmp-conformance");
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/nubison.yaml");
    for arguments in [
        &["list", "--spec", "nubison"][..],
        &["explain", "server.connect.ok"],
        &["explain", "IOTMP25-AMB-UTF8"],
        &["explain", "IOTMP25-RUN-001"],
        &["coverage", "--spec", "nubison"],
        &["spec", "check", spec],
        &["spec", "diff", spec, "nubison"],
        &["spec", "dissector", "nubison"],
        &["spec", "schema"],
        &["decode", "0500"],
        &QUICK,
    ] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(program);
        let output = command.args(arguments).stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.starts_with("error: "), "{said}");
        assert!(said.contains(" cannot be written: No space left"), "{said}");

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(program);
        let output = command
            .args(arguments)
            .stdout(writer)
            .stderr(Stdio::piped());
        let output = output.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), said.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_narrowed_run_says_how_much_of_the_suite_it_was() {
    let one = ["self", "--select", "iotmp-2025/pson2/null"];
    let (code, out, said) = run(&one, "");
    assert_eq!((code, said.as_str()), (0, ""), "{out}");
    let last = out.lines().last().unwrap();
    assert!(last.starts_with("1 pass: conformant; 1 of "), "{out}");
    assert!(last.ends_with(" cases were selected"), "{out}");
    // Nothing is said of the specifications that nothing was asked for of.
    let empty = |line: &str| line.ends_with("  ");
    assert!(!out.lines().any(empty), "{out}");
    assert!(!out.contains("iotmp-2020"), "{out}");

    let (_, json, _) = run(&[&one[..], &["--report=json=-"]].concat(), "");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["selected"]["cases"], 1);
    assert!(
        json["selected"]["of"].as_u64() > Some(1000),
        "{}",
        json["selected"]
    );
    let schema = include_str!("../../schema/report.json");
    let schema = serde_json::from_str(schema).unwrap();
    assert!(jsonschema::is_valid(&schema, &json));
    let (_, tap, _) = run(&[&one[..], &["--report=tap=-"]].concat(), "");
    assert!(tap.contains("\n# 1 of "), "{tap}");
}

#[test]
fn an_entry_that_matches_nothing_is_told_without_an_empty_list() {
    let folder = folder("unmatched");
    let entry = "expected: [{case: device.connect.first-message, reason: x}]";
    let known = kept(&folder, "known.yaml", entry);
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/events.pcap");
    let (code, out, _) = run(&["pcap", capture, "--baseline", &known], "");
    assert_eq!(code, 1, "{out}");
    let line = "\nbaseline  device.connect.first-message: matches no case of this run; \
                remove it, or say its spec or subject\n";
    assert!(out.contains(line), "{out}");
}

#[cfg(unix)]
#[test]
fn a_bundle_is_not_written_through_a_link() {
    let folder = folder("exported");
    let out = folder.join("bundle");
    let export = ["vectors", "export", "--out", out.to_str().unwrap()];
    assert_eq!(run(&export, "").0, 0);
    let precious = kept(&folder, "precious", "a letter");
    for inside in ["README.md", "iotmp-shipping"] {
        let link = out.join(inside);
        let aside = folder.join("aside");
        fs::rename(&link, &aside).unwrap();
        let target = if inside == "README.md" {
            &precious
        } else {
            "../aside"
        };
        std::os::unix::fs::symlink(target, &link).unwrap();
        let (code, _, said) = run(&export, "");
        assert_eq!(code, 2, "{said}");
        assert!(
            said.contains(" is a link, and is not written through; "),
            "{said}"
        );
        fs::remove_file(&link).unwrap();
        fs::rename(&aside, &link).unwrap();
    }
    assert_eq!(fs::read_to_string(&precious).unwrap(), "a letter");
    assert_eq!(run(&export, "").0, 0);
}
