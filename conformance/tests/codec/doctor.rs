//! The doctor says what is wrong with an adapter, and what to do.

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
    assert_eq!(stdout.matches('✓').count(), 10, "{stdout}");
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
