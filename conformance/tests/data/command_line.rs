//! `encode` and `decode` as they are run by hand.

use core::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Runs the program with `arguments` and `input`: its exit code, output and errors.
pub(crate) fn run(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_iotmp-conformance"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that needs no input may be gone before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn encode(message: &str, arguments: &[&str]) -> String {
    let (code, out, errors) = run(&[&["encode"], arguments].concat(), message);
    assert_eq!((code, errors.as_str()), (0, ""), "{message}");
    out.trim_end().to_owned()
}

/// Everything that one call says.
fn transcript(arguments: &[&str], input: &str) -> String {
    let (code, out, errors) = run(arguments, input);
    let mut transcript = format!("$ iotmp-conformance {}\n{out}", arguments.join(" "));
    write!(transcript, "{errors}exit code {code}").unwrap();
    transcript
}

#[test]
fn the_connection_of_the_benchmark_takes_34_bytes() {
    let connect = encode(
        r#"{"type":"connect","stream_id":1,"payload":["user1","sensor1","secret123"]}"#,
        &[],
    );
    let ok = encode(r#"{"type":"ok","stream_id":1}"#, &[]);
    assert_eq!(
        connect,
        "031c08011ae38575736572318773656e736f723189736563726574313233"
    );
    assert_eq!(ok, "01020801");
    assert_eq!((connect.len() + ok.len()) / 2, 34);
}

#[test]
fn the_stream_data_of_the_benchmark_takes_35_bytes() {
    let data = encode(
        r#"{"type":"stream_data","stream_id":161,"payload":{"temperature": 23.5, "humidity": 60}}"#,
        &[],
    );
    assert_eq!(
        data,
        "0a2108a1011ac28868756d69646974791f3c8b74656d7065726174757265400000bc41"
    );
    assert_eq!(data.len() / 2, 35);
}

#[test]
fn what_is_encoded_decodes_to_the_same() {
    for (message, arguments) in [
        (r#"{"type":"keep_alive"}"#, &[][..]),
        (
            r#"{"type":"run","stream_id":7,"payload":{"type":"bytes","value":"00ff"},"resource":"led"}"#,
            &[],
        ),
        (
            r#"{"type":"run","resource":{"type":"varint","value":"2"}}"#,
            &["--spec", "iotmp-2025"],
        ),
        (
            r#"{"type":"connect","stream_id":1,"parameters":{"pv":1},"payload":["u","d","c"]}"#,
            &["--spec", "iotmp-2025"],
        ),
        (
            r#"{"type":"run","payload":-5,"resource":"x"}"#,
            &["--spec", "iotmp-2025", "--encoding", "pson2"],
        ),
        (
            r#"{"type":"0x7f","body":{"type":"bytes","value":"0801"}}"#,
            &[],
        ),
    ] {
        let hex = encode(message, arguments);
        let decode = [&["decode", hex.as_str()], arguments].concat();
        assert_eq!(run(&decode, ""), (0, format!("{message}\n"), String::new()));
        assert_eq!(
            run(&[&["decode"], arguments].concat(), &hex).1,
            format!("{message}\n")
        );
    }
}

#[test]
fn every_byte_of_a_connection_is_named() {
    insta::assert_snapshot!(transcript(
        &[
            "decode",
            "--explain",
            "031c08011ae38575736572318773656e736f723189736563726574313233",
            "01020801"
        ],
        ""
    ));
}

#[test]
fn every_byte_of_stream_data_is_named() {
    insta::assert_snapshot!(transcript(
        &["decode", "--explain"],
        "0a 21 08 a1 01 1a c2 88 68756d6964697479 1f3c\n 8b 74656d7065726174757265 40 0000bc41\n"
    ));
}

#[test]
fn every_byte_of_generation_1_is_named() {
    insta::assert_snapshot!(transcript(
        &[
            "decode",
            "--explain",
            "--spec",
            "iotmp-2025",
            "032e 0801 11 6a09 026b61 08ac02 0178 40 19 721d 4a0175 50 5a020102 60 28 30 00 38 1002 1d0000003f 219a9999999999b93f",
        ],
        ""
    ));
}

#[test]
fn unknown_fields_and_messages_are_named() {
    insta::assert_snapshot!(transcript(
        &[
            "decode",
            "--explain",
            "0x06 0x11 0807 4a8178 8001ac02 a210c0 22836c6564",
            "7f020801"
        ],
        ""
    ));
}

#[test]
fn a_refusal_is_marked_where_it_stands() {
    let mut all = String::new();
    for hex in [
        "060808071b6122816100",   // a reserved wire type
        "06080a07 22826c65 0807", // a stream identifier that is a value
        "0605 1ae20142 00",       // a tag that means nothing
        "0606 228461e28261",      // a text that is not UTF-8
        "0606 1ac1a1610100",      // a map key that is no string
        "0604 0807 18ff",         // a varint that is cut
        "0605 08878004 00",       // a stream identifier beyond 16 bits
        "06020807",               // no resource
        "060f086e228b74656d7065", // a message that has not arrived whole
        "05",                     // nor its header
        "0500 0580",              // a good message, and one that is not
    ] {
        writeln!(all, "{}\n", transcript(&["decode", "--explain", hex], "")).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn without_explain_a_refusal_is_one_line() {
    assert_eq!(
        run(&["decode", "0500 06020807"], ""),
        (
            1,
            "{\"type\":\"keep_alive\"}\n".to_owned(),
            "refused: missing-field at offset 6, run: mandatory field resource is absent\n"
                .to_owned()
        )
    );
    assert_eq!(
        run(&["encode"], r#"{"type":"ok","stream_id":65536}"#),
        (
            1,
            String::new(),
            "refused: range: ok.stream_id: number 65536, but only 0 to 65535 is allowed\n"
                .to_owned()
        )
    );
}

#[test]
fn wrong_usage_is_told_in_one_line() {
    let usage = |arguments: &[&str], input: &str, expected: &str| {
        let expected = format!("error: {expected}\n");
        assert_eq!(
            run(arguments, input),
            (2, String::new(), expected),
            "{arguments:?}"
        );
    };
    usage(
        &["decode", "05g0"],
        "",
        "'g' is not a hex digit (line 1, column 3)",
    );
    usage(
        &["decode", "050"],
        "",
        "3 hex digits are no whole number of bytes",
    );
    usage(
        &["decode"],
        " \n",
        "there are no bytes to decode: give hex as an argument or on the standard input",
    );
    usage(
        &["decode", "--spec", "iotmp-shiping", "0500"],
        "",
        "there is no specification \"iotmp-shiping\"; did you mean iotmp-shipping?",
    );
    usage(
        &["decode", "--encoding", "pson1", "0500"],
        "",
        "iotmp-shipping has no encoding \"pson1\"; there is pson2",
    );
    usage(
        &["encode"],
        "{",
        "not JSON: EOF while parsing an object at line 1 column 1",
    );
    usage(
        &["encode"],
        r#"{"type":"conect"}"#,
        "iotmp-shipping has no message \"conect\"; did you mean connect?",
    );
    usage(
        &["encode"],
        r#"{"type":"ok","stream":1}"#,
        "ok has no field \"stream\"; did you mean stream_id?",
    );
    usage(
        &["encode"],
        r#"{"type":"run","resource":{"type":"bytes","value":"0"}}"#,
        "run.resource: a tagged bytes needs `value`: an even number of hex digits, not \"0\"",
    );
}
