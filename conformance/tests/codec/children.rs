//! What a process does wrong is charged to the vector that was open, and to no other.

use std::fs;
use std::path::Path;

use crate::{broken, fake, fake_with, file, has, program, text};

const TARGET: &str = "iotmp-shipping/varint/stream-id-128";
const VARINTS: [&str; 2] = ["--select", "iotmp-shipping/varint/*"];

/// Runs the vectors of numbers on a fake that goes wrong at one of them, and
/// sees that only that one fails, with `got`.
fn only_the_target_fails(fault: &str, got: &str) -> Option<String> {
    let mut options = VARINTS.to_vec();
    let patience = if fault == "hang" { "700" } else { "20000" };
    options.extend(["--timeout", patience]);
    let output = fake(fault, &options)?;
    let stdout = text(&output.stdout).to_owned();
    assert_eq!(
        output.status.code(),
        Some(1),
        "{stdout}{}",
        text(&output.stderr)
    );
    let failed: Vec<&str> = stdout
        .lines()
        .filter(|line| line.starts_with("FAIL "))
        .collect();
    assert_eq!(
        failed,
        [format!("FAIL {TARGET} (iotmp-shipping)")],
        "{stdout}"
    );
    assert!(stdout.contains("46 pass, 1 fail, 6 info"), "{stdout}");
    let line = format!("  got       no answer: {got}\n");
    assert!(stdout.contains(&line), "{line:?} is not in\n{stdout}");
    Some(stdout)
}

#[test]
fn a_crash_is_told_with_its_last_words() {
    let Some(stdout) = only_the_target_fails("crash", "crash (exit status: 7)") else {
        return;
    };
    assert!(
        stdout.contains("its standard error says\n              boom: no such luck\n"),
        "{stdout}"
    );
    assert_eq!(broken(&stdout), ["IOTMP25-ROBUST-002"]);
    let again = format!("--spec iotmp-shipping --select {TARGET} -- python3 ");
    assert!(stdout.contains(&again), "{stdout}");
}

#[test]
fn a_crash_by_a_signal_names_it() {
    if let Some(stdout) = only_the_target_fails("segfault", "crash (signal: 11 (SIGSEGV))") {
        assert_eq!(broken(&stdout), ["IOTMP25-ROBUST-002"]);
    }
}

#[test]
fn a_hang_is_cut_short() {
    if let Some(stdout) = only_the_target_fails("hang", "hang (nothing within 700 ms)") {
        assert_eq!(broken(&stdout), ["IOTMP25-ROBUST-002"]);
    }
}

#[test]
fn garbage_is_no_answer_and_does_not_reach_the_terminal() {
    let got = "malformed reply (not JSON: expected value at line 1 column 1: \
               \"Segmentation fault? \\u{1b}[31mno\")";
    let Some(stdout) = only_the_target_fails("garbage", got) else {
        return;
    };
    // The adapter is at fault, not the decoder's robustness.
    assert!(!broken(&stdout).contains(&"IOTMP25-ROBUST-002"));
}

#[test]
fn an_answer_to_another_question_is_no_answer() {
    let Some(output) = fake("wrong-id", &["--select", TARGET]) else {
        return;
    };
    assert_eq!(output.status.code(), Some(1));
    let got = "no answer: malformed reply (it answers id 2, but was asked id 1)";
    assert!(
        text(&output.stdout).contains(got),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn a_line_beyond_all_bounds_is_no_answer() {
    only_the_target_fails(
        "huge-line",
        "malformed reply (its line is longer than 16 MiB)",
    );
}

#[test]
fn an_answer_without_its_size_is_no_answer() {
    only_the_target_fails(
        "no-consumed",
        "malformed reply (`consumed` beside the `ok` of a decode is a number of bytes)",
    );
}

#[test]
fn of_a_flood_on_the_standard_error_the_end_is_shown() {
    let Some(stdout) = only_the_target_fails("flood", "crash (exit status: 7)") else {
        return;
    };
    assert!(
        stdout.contains("its standard error says\n              [1195919 bytes before] "),
        "{stdout}"
    );
    assert!(
        stdout.contains("\n              the last word\n"),
        "{stdout}"
    );
}

#[test]
fn a_codec_that_cannot_be_started_is_3() {
    let output = program(&["codec", "--", "/nowhere/codec", "-x"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        text(&output.stderr),
        "error: /nowhere/codec: cannot be started: No such file or directory (os error 2)\n"
    );
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_codec_that_does_not_introduce_itself_is_3() {
    for (fault, timeout, said) in [
        (
            "dies-at-hello",
            "20000",
            "crash (exit status: 1); its last words: no license found",
        ),
        ("silent-at-hello", "100", "hang (nothing within 500 ms)"),
        (
            "hello-proto-2",
            "20000",
            "malformed reply (it speaks proto 2, not 1)",
        ),
        (
            "hello-garbage",
            "20000",
            "malformed reply (not JSON: expected value at line 1 column 1: \"Welcome to codec 1.0\")",
        ),
    ] {
        let Some(output) = fake(fault, &["--timeout", timeout]) else {
            return;
        };
        assert_eq!(output.status.code(), Some(3), "{fault}");
        assert_eq!(
            text(&output.stderr),
            format!("error: python3: no hello: {said}\n")
        );
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn a_codec_that_dies_of_everything_ends_the_run_by_3() {
    let Some(output) = fake("always-crash", &VARINTS) else {
        return;
    };
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{stdout}");
    let why = "the subject is gone: it broke down 5 times in a row and answers nothing any more";
    assert!(stdout.contains(why), "{stdout}");
    assert!(
        stdout.contains("inconclusive: the codec is gone: it broke down 5 times"),
        "{stdout}"
    );
}

#[test]
fn a_codec_that_is_gone_is_not_started_again() {
    let starts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("starts");
    let _ = fs::remove_file(&starts);
    let fault = ["always-crash", starts.to_str().unwrap()];
    if fake_with(&fault, &VARINTS).is_none() {
        return;
    }
    // Once at first, and once after each breakdown before it is given up.
    let starts = fs::read_to_string(&starts).unwrap();
    assert!(starts.len() <= 6, "{} starts", starts.len());
}

#[test]
fn a_codec_that_does_not_come_back_ends_the_run_by_3() {
    let marker = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dead");
    let _ = fs::remove_file(&marker);
    let fault = ["dies-for-good", marker.to_str().unwrap()];
    let Some(output) = fake_with(&fault, &VARINTS) else {
        return;
    };
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{stdout}");
    let why = "the subject is gone: it could not be started again: python3: no hello: \
               crash (exit status: 1); its last words: already dead";
    assert!(stdout.contains(why), "{stdout}");
    assert!(stdout.contains(&format!("FAIL {TARGET}")), "{stdout}");
}

#[test]
fn half_a_codec_is_held_to_its_half() {
    let Some(output) = fake("decode-only", &[]) else {
        return;
    };
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert!(
        stdout.contains("the codec says that it does only decode: "),
        "{stdout}"
    );
    // Written by encoders alone.
    assert!(!stdout.contains("IOTMP25-PSON2-008"), "{stdout}");
}

#[test]
fn what_is_beyond_a_codec_is_skipped_with_the_reason() {
    let only = ["--select", "iotmp-shipping/framing/body-of-12*"];
    let Some(output) = fake("small", &only) else {
        return;
    };
    let stdout = text(&output.stdout);
    let why =
        "body-of-127 skip: decode: the codec's limit max_message_size is 64, and 129 are needed";
    assert!(stdout.contains(why), "{stdout}");
    assert_eq!(output.status.code(), Some(4), "nothing was tested");

    let Some(output) = fake("other-spec", &only) else {
        return;
    };
    let stdout = text(&output.stdout);
    let why = "the codec does not speak iotmp-shipping; it lists iotmp-2025";
    assert!(stdout.contains(why), "{stdout}");
    assert_eq!(output.status.code(), Some(4), "nothing was tested");
}

#[test]
fn wrong_usage_is_2() {
    let script = file("adapters/python/adapter.py");
    let codec = ["--", "python3", script.to_str().unwrap()];
    let run = |options: &[&str]| program(&[&["codec"], options, &codec].concat());
    for (options, said) in [
        (
            &["--select", "iotmp-shipping/varnt/*"][..],
            "error: \"iotmp-shipping/varnt/*\" matches no case; the nearest are ",
        ),
        (
            &["--spec", "iotmp-shiping"],
            "error: there is no specification \"iotmp-shiping\"; did you mean iotmp-shipping?",
        ),
        (
            &["--select", TARGET, "--skip", TARGET],
            "error: --select, --skip and --level leave no vector to run",
        ),
    ] {
        if !has("python3") {
            return;
        }
        let output = run(options);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(
            text(&output.stderr).starts_with(said),
            "{}",
            text(&output.stderr)
        );
    }
    assert_eq!(program(&["codec"]).status.code(), Some(2));
}

#[test]
fn a_name_is_no_more_than_a_name_in_any_report() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("loud");
    fs::create_dir_all(&folder).unwrap();
    let formats = ["text", "junit", "tap", "html"];
    let path = |format: &str| folder.join(format);
    let targets = formats.map(|format| format!("--report={format}={}", path(format).display()));
    let mut options = vec!["--select", TARGET];
    options.extend(targets.iter().map(String::as_str));
    let Some(output) = fake("loud", &options) else {
        return;
    };
    let stdout = text(&output.stdout).to_owned();
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    let seen = "\\u{1b}[31mred\\n509 pass: conformant\\u{fffe}\\u{202e}";
    assert!(stdout.contains(seen), "{stdout}");
    let written = formats.map(|format| fs::read_to_string(path(format)).unwrap());
    for report in written.iter().chain([&stdout]) {
        let bad = |c: char| "\u{1b}\u{fffe}\u{202e}".contains(c);
        assert!(!report.contains(bad), "{report}");
        assert!(
            !report.lines().any(|line| line.starts_with("509 ")),
            "{report}"
        );
    }
    let doctor = fake("loud", &["--doctor", "--timeout", "20000"]).unwrap();
    let said = text(&doctor.stdout);
    assert!(!said.lines().any(|line| line.starts_with("509 ")), "{said}");
    // Well-formed, as a parser sees it that is none of ours.
    let parse = "import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])";
    let junit = path("junit");
    let mut python = std::process::Command::new("python3");
    let parsed = python
        .args(["-c", parse, junit.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(parsed.status.success(), "{}", text(&parsed.stderr));
}

#[test]
fn what_the_doctor_does_not_look_at_is_no_option_of_it() {
    for option in [
        "--report=json=-",
        "--select=*",
        "--bundles=b",
        "--baseline=b",
        "--level=must",
    ] {
        let output = program(&["codec", "--doctor", option, "--", "/nowhere"]);
        assert_eq!(output.status.code(), Some(2), "{option}");
        let said = text(&output.stderr);
        assert!(said.contains("cannot be used with"), "{said}");
    }
}
