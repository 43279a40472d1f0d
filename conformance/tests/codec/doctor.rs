//! The doctor says what is wrong with an adapter, and what to do.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::{fake, file, has, program, text};

#[test]
fn a_healthy_adapter_is_0() {
    if !has("python3") {
        return;
    }
    let adapter = file("adapters/python/adapter.py");
    let output = program(&[
        "codec",
        "--doctor",
        "--",
        "python3",
        "-B",
        adapter.to_str().unwrap(),
    ]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert!(
        stdout.ends_with("the adapter keeps to the protocol\n"),
        "{stdout}"
    );
    assert!(!stdout.contains('✗'), "{stdout}");
    assert_eq!(stdout.matches('✓').count(), 11, "{stdout}");
}

#[test]
fn a_protocol_of_layouts_has_its_own_message() {
    let Some(output) = fake("nubison", &["--doctor", "--spec", "nubison"]) else {
        return;
    };
    let stdout = text(&output.stdout);
    // The example does not speak it, and says so.
    let said = "✗ a message there and back: encode gave \"{\\\"id\\\": ";
    assert!(stdout.contains(said), "{stdout}");
    assert!(!stdout.contains("tagged values"), "{stdout}");
}

/// Sees that the doctor says this of an adapter, and nothing worse.
fn diagnosed(fault: &str, said: &str) {
    let Some(output) = fake(fault, &["--doctor", "--timeout", "20000"]) else {
        return;
    };
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{fault}: {stdout}");
    assert!(
        stdout.contains(said),
        "{fault}: {said:?} is not in\n{stdout}"
    );
    assert!(
        stdout.contains("✓ the end of its input"),
        "{fault}: {stdout}"
    );
}

#[test]
fn an_answer_that_a_run_would_not_take_is_told() {
    diagnosed(
        "upper-hex",
        "bytes are an even number of lower-case hex digits",
    );
    diagnosed(
        "never-consumed",
        "`consumed` beside the `ok` of a decode is a number of bytes",
    );
    diagnosed("consumed-zero", "gave `consumed` 0");
    diagnosed(
        "ok-and-reject",
        "it needs exactly one of `ok`, `reject` and `unsupported`",
    );
}

#[test]
fn a_refusal_that_a_run_would_not_take_is_told() {
    let title = "✗ a message that ends early: ";
    diagnosed(
        "reject-text",
        &format!("{title}`reject` is an object with `class`"),
    );
    diagnosed(
        "error-key",
        &format!("{title}it needs exactly one of `ok`, `reject` and `unsupported`"),
    );
}

#[test]
fn a_slow_adapter_is_not_waited_for_a_thousand_times() {
    let Some(output) = fake("slow", &["--doctor", "--timeout", "1000"]) else {
        return;
    };
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    let said = " were answered within 5 s, in order; the others were not waited for";
    assert!(stdout.contains(said), "{stdout}");
}

#[test]
fn each_thing_is_told_as_soon_as_it_is_known() {
    if !has("python3") {
        return;
    }
    let script = file("tests/codec/fake.py");
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_iotmp-conformance"))
        .args(["codec", "--doctor", "--timeout", "600000", "--", "python3"])
        .arg(script)
        .arg("mute")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(doctor.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    assert!(first.contains("✓ hello: "), "{first}");
    assert_eq!(doctor.try_wait().unwrap(), None);
    doctor.kill().unwrap();
    doctor.wait().unwrap();
}

#[test]
fn a_fragile_adapter_is_1_and_told_what_to_mend() {
    let Some(output) = fake("fragile", &["--doctor", "--timeout", "20000"]) else {
        return;
    };
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    for part in [
        "✗ an unknown op: crash (exit status: 1); its last words: KeyError: 'dance'\n      → answer what you do not know by",
        "✗ an empty line: crash (exit status: 1)",
        "✗ a line that is no JSON: crash (exit status: 1)",
        "✓ an unknown spec: answered `unsupported`",
        "✓ tagged values: 10 come back as they went",
        "✗ the end of its input: it ended with exit status: 1\n      → end with 0 when the standard input ends",
        "\n4 things to mend\n",
    ] {
        assert!(stdout.contains(part), "{part:?} is not in\n{stdout}");
    }
}

#[test]
fn a_spec_that_it_does_not_list_is_told() {
    let Some(output) = fake("other-spec", &["--doctor"]) else {
        return;
    };
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    let said = "✗ speaks the spec: iotmp-shipping is not among its specs [\"iotmp-2025\"]";
    assert!(stdout.contains(said), "{stdout}");
}

#[test]
fn a_patient_that_does_not_answer_is_3() {
    let Some(output) = fake("dies-at-hello", &["--doctor"]) else {
        return;
    };
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).starts_with("error: python3: no hello: crash"));
}

/// What is wrong before there is a hello is what beginners meet first.
#[test]
fn no_hello_is_told_with_what_to_do() {
    let wrong = "read line; echo '{\"proto\":2,\"impl\":\"a\",\"version\":\"1\",\"ops\":[\"decode\"],\"specs\":[]}'; cat";
    for (script, advice) in [
        ("echo starting up; cat", "goes to the standard error"),
        ("cat >/dev/null", "flush the standard output"),
        ("exit 1", "see why it ends"),
        (wrong, "by \"proto\":1"),
    ] {
        let codec = ["--", "sh", "-c", script];
        let doctor = ["codec", "--doctor", "--timeout", "300"];
        let output = program(&[&doctor[..], &codec].concat());
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{script}: {stdout}");
        assert!(stdout.contains(advice), "{script}: {stdout}");
    }
}
