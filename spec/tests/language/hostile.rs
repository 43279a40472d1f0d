//! Files cut short and lines changed: a diagnostic comes of it, never a panic.

use std::path::Path;

use iotmp_spec::{Diagnostics, Place, load_str};

const FILES: [&str; 3] = ["iotmp-2025.yaml", "iotmp-shipping.yaml", "nubison.yaml"];

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).expect("a published file")
}

/// Loads a changed text, and checks that what is said of it points into the files.
fn load(name: &str, changed: &str) -> Result<(), Diagnostics> {
    let parent = text("iotmp-2025.yaml");
    let resolve = |word: &str| (word == "iotmp-2025.yaml").then(|| parent.clone());
    let Err(diagnostics) = load_str(name, changed, &resolve) else {
        return Ok(());
    };
    for diagnostic in diagnostics.iter() {
        for place in core::iter::once(&diagnostic.primary).chain(&diagnostic.secondary) {
            let text = if place.path == Path::new(name) {
                changed
            } else {
                &parent
            };
            assert!(inside(place, text), "{diagnostic}");
        }
    }
    assert!(!diagnostics.to_string().is_empty());
    Err(diagnostics)
}

fn inside(place: &Place, text: &str) -> bool {
    let mut lines: Vec<_> = text.split('\n').collect();
    lines
        .iter_mut()
        .for_each(|line| *line = line.trim_end_matches('\r'));
    let whole = (place.line, place.column, place.length) == (1, 1, 0);
    let line = lines.get(place.line.wrapping_sub(1));
    whole
        || line.is_some_and(|line| {
            let end = place.column + place.length;
            // A place may be the end of a line, one column behind its last character.
            place.column > 0 && end <= line.chars().count().max(1) + 2
        })
}

#[test]
fn a_file_that_is_cut_short_never_panics() {
    for name in FILES {
        let whole = text(name);
        for size in (0..whole.len()).step_by(97) {
            let cut = whole.get(..size).expect("the files are ASCII");
            if load(name, cut).is_ok() {
                let needed = if name == FILES[1] {
                    "\ndoc:"
                } else {
                    "\nmessages:"
                };
                assert!(
                    cut.contains(needed),
                    "{size} bytes of {name} cannot be right"
                );
            }
        }
    }
}

#[test]
fn a_line_that_is_changed_never_panics() {
    let changes: [fn(&str) -> String; 9] = [
        |_| String::new(),
        |line| format!(" {line}"),
        |line| line.trim_start().to_owned(),
        |line| format!("{line}\n{line}"),
        |line| line.replace(": ", ":"),
        |line| line.replacen([':', ','], " \u{e4}\t{", 1),
        |line| line.replace(|c: char| c.is_ascii_digit(), "-"),
        |line| line.replace(['{', '}', '[', ']'], "~"),
        |line| line.chars().rev().collect(),
    ];
    for name in FILES {
        let whole = text(name);
        let lines: Vec<_> = whole.lines().collect();
        let mut refused = 0;
        for (change, number) in changes.iter().cycle().zip((0..lines.len()).step_by(3)) {
            let mut changed: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
            changed[number] = change(&changed[number]);
            refused += usize::from(load(name, &changed.join("\n")).is_err());
        }
        assert!(
            refused * 3 > lines.len() / 3,
            "{name}: only {refused} refused"
        );
    }
}

#[test]
fn deep_and_odd_texts_never_panic() {
    let deep = "[".repeat(10_000);
    let nested = (0..500).fold(String::new(), |text, depth| {
        format!("{text}{}a:\n", " ".repeat(depth))
    });
    let odd = [
        deep.as_str(),
        nested.as_str(),
        "\u{feff}",
        "\r",
        "a\rb",
        "%YAML 1.2\n---\n",
        "? ",
        "- ",
        "key: |\n",
        "\"",
        "{",
        "}",
        "*a",
        "&a",
        "!a",
        "--- ---",
        "...",
        "\0",
        "spec: \u{85}",
        "a: 'b",
        "<<: {a: b}",
        "? [a]: b",
        "spec:\n\textends: a",
        "extends: []",
        "extends: ''",
        "extends: ~",
        "extends: .",
        "extends: /",
    ];
    for text in odd {
        assert!(load("odd.yaml", text).is_err(), "{text:?}");
    }
}
