//! The reader and the macro know no protocol: what one needs, its YAML says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use iotmp_spec::{ENCODINGS, load};

/// The only file that may name an encoding.
const TABLE: &str = "encoding.rs";
/// A derive for payloads in one encoding, which is no part of `messages!`.
const PAYLOADS: &str = "iotmp-derive/src/pson";
/// Where that is exported, under its name.
const EXPORTS: &str = "iotmp-derive/src/lib.rs";
/// What the crates themselves are called; their paths hold the name of a protocol.
const CRATES: [&str; 3] = ["ref", "spec", "derive"];

/// Names of messages and fields that are words of the language, of Rust or of plain prose.
const WORDS: [(&str, &str); 11] = [
    ("ok", "a variant of `Result`"),
    (
        "error",
        "what a fallible function gives, and how a diagnostic begins",
    ),
    (
        "encoding",
        "a key of the language, and how values are written",
    ),
    ("status", "a key of the language"),
    ("reason", "a key of the language, and of lints"),
    ("rest", "a length in the language"),
    (
        "input",
        "what is read: an argument of every generated decoder",
    ),
    (
        "identifier",
        "what a field with a key has, in prose; a method of serde",
    ),
    ("refused", "what happens to a mistake, in prose"),
    ("data", "prose: the model is plain data"),
    ("command", "prose: the command line"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).expect("a folder");
            open.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|extension| extension == end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The source of the reader and of the macro, each file with its name.
fn sources() -> Vec<(PathBuf, String)> {
    let folders = [root().join("spec/src"), root().join("iotmp-derive/src")];
    let files = folders.iter().flat_map(|folder| files(folder, "rs"));
    let files = files.filter(|path| !path.to_string_lossy().contains(PAYLOADS));
    let mut sources: Vec<_> = files
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("source");
            (path, text)
        })
        .collect();
    assert!(sources.len() > 40, "both crates are read");
    for (_, text) in &mut sources {
        for name in CRATES {
            for separator in ["-", "_"] {
                *text = text.replace(&format!("iotmp{separator}{name}"), "");
            }
        }
    }
    sources
}

/// Names that the published specifications give.
struct Names {
    protocols: BTreeSet<String>,
    things: BTreeSet<String>,
}

fn names() -> Names {
    let mut names = Names {
        protocols: BTreeSet::new(),
        things: BTreeSet::new(),
    };
    let specs = std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("a folder");
    for entry in specs {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let spec = load(&path).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        names
            .protocols
            .extend(spec.name.split('-').next().map(str::to_owned));
        for message in spec.messages {
            names.things.insert(message.name);
            names
                .things
                .extend(message.fields.into_iter().map(|field| field.name));
        }
    }
    names
}

/// Every way in which source could write a name.
fn spellings(name: &str) -> [String; 4] {
    let camel = name.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    });
    [
        name.to_owned(),
        name.replace('_', "-"),
        name.to_uppercase(),
        camel.collect(),
    ]
}

/// Words of source, with and without their dashes.
fn words(text: &str) -> BTreeSet<&str> {
    let word = |c: char| !(c.is_alphanumeric() || c == '_' || c == '-');
    let dashed = text.split(word);
    let parts = text.split(|c| word(c) || c == '-');
    dashed.chain(parts).collect()
}

#[test]
fn no_protocol_is_named() {
    let names = names();
    assert_eq!(names.protocols.len(), 2);
    for (path, text) in sources() {
        let text = text.to_lowercase();
        for name in &names.protocols {
            assert!(!text.contains(name), "{} names {name}", path.display());
        }
    }
}

#[test]
fn no_message_and_no_field_is_named() {
    let names = names();
    let known = |name: &str| WORDS.iter().any(|(word, _)| *word == name);
    for (word, _) in WORDS {
        assert!(names.things.contains(word), "`{word}` is no name any more");
    }
    let looked_for: Vec<_> = names.things.iter().filter(|name| !known(name)).collect();
    assert!(looked_for.len() > 30, "{looked_for:?}");
    for (path, text) in sources() {
        let words = words(&text);
        for name in &looked_for {
            for spelling in spellings(name) {
                let found = words.contains(spelling.as_str());
                assert!(!found, "{} names {spelling}", path.display());
            }
        }
    }
}

#[test]
fn no_encoding_is_named_but_in_the_table() {
    let stems: BTreeSet<_> = ENCODINGS
        .iter()
        .map(|encoding| encoding.name.trim_end_matches(|c: char| c.is_ascii_digit()))
        .collect();
    assert!(stems.len() >= 6, "{stems:?}");
    for (path, text) in sources() {
        if path.ends_with(EXPORTS) {
            continue;
        }
        let is_table = path.ends_with(Path::new("spec/src").join(TABLE));
        // The schema of the language is written in JSON, whatever a protocol encodes.
        let text = ["json schema", "jsonschema", "serde_json"]
            .iter()
            .fold(text.to_lowercase(), |text, word| text.replace(word, ""));
        let is_schema = path.file_name().is_some_and(|name| name == "schema.rs");
        let found: Vec<_> = stems
            .iter()
            .filter(|stem| text.contains(**stem) && !(is_schema && **stem == "json"))
            .collect();
        assert_eq!(is_table, !found.is_empty(), "{}: {found:?}", path.display());
    }
}
