//! What to do where there is no hello: nothing else can be looked at then.

use serde_json::Value as Json;

use super::super::process::Breakdown;
use super::super::protocol::PROTO;
use crate::json;

/// The program cannot be run.
pub(in super::super) const NO_PROGRAM: &str = "give the program and its arguments behind `--`, each as a word of its own; it is run without a \
     shell, and a name without a path is looked for in PATH";
const LOG: &str = "write nothing but answers to the standard output: one JSON object a line. What \
     else there is to say, such as a log, goes to the standard error";
const HANG: &str = "answer every line as soon as it has come, end the answer with a line end, and \
     flush the standard output: most languages keep what goes to a pipe until there is much of it";
const CRASH: &str = "run it by hand, write {\"op\":\"hello\",\"proto\":1} to it, and see why it ends: it \
     has to read on until its standard input does";
const VERSION: &str = "answer the hello by \"proto\":1, the version that was asked for, whatever \
     version the codec itself has";
const FORM: &str = "answer {\"op\":\"hello\",\"proto\":1} by \
     {\"proto\":1,\"impl\":NAME,\"version\":TEXT,\"ops\":[\"decode\",\"encode\"],\"specs\":[NAME,…]}";

/// What to do where a line came that is no hello.
pub(in super::super) fn advice_for_hello(line: &str) -> &'static str {
    match json::parse(line) {
        Ok(Json::Object(hello)) => match hello.get("proto").and_then(Json::as_u64) {
            Some(version) if version != PROTO => VERSION,
            _ => FORM,
        },
        _ => LOG,
    }
}

/// What to do where no line came.
pub(in super::super) const fn advice_without_hello(breakdown: &Breakdown) -> &'static str {
    match breakdown {
        Breakdown::Hang(_) => HANG,
        Breakdown::Crash(_) => CRASH,
        Breakdown::Malformed(_) => LOG,
    }
}
