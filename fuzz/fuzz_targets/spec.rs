//! Any text as a specification: every diagnostic names a place that is in the text, and prints.

#![no_main]

use std::path::Path;

use iotmp_spec::Place;
use libfuzzer_sys::fuzz_target;

/// What the text may extend, as the corpus does.
const BASE: &str = include_str!("../../spec/tests/base.yaml");

fuzz_target!(|text: &str| {
    let resolve = |word: &str| match word {
        "self.yaml" => Some(text.to_owned()),
        _ => word.ends_with("base.yaml").then(|| BASE.to_owned()),
    };
    let Err(diagnostics) = iotmp_spec::load_str("self.yaml", text, &resolve) else {
        return;
    };
    assert_eq!(diagnostics.len(), diagnostics.iter().count());
    assert!(!diagnostics.is_empty());
    for diagnostic in diagnostics.iter() {
        assert!(!diagnostic.message.is_empty() && !diagnostic.code.is_empty());
        for place in [&diagnostic.primary]
            .into_iter()
            .chain(&diagnostic.secondary)
        {
            stands(place, text);
        }
    }
    let again = iotmp_spec::load_str("self.yaml", text, &resolve).unwrap_err();
    assert_eq!(again.to_string(), diagnostics.to_string());
});

fn stands(place: &Place, text: &str) {
    if place.length == 0 {
        assert_eq!((place.line, place.column), (1, 1), "{place:?}");
        return;
    }
    let is_own = place.path == Path::new("self.yaml");
    let text = if is_own { text } else { BASE };
    let text = text.replace("\r\n", "\n");
    let line = text.split(['\n', '\r']).nth(place.line - 1);
    let line = line.unwrap_or_else(|| panic!("no such line: {place:?}"));
    // Behind the end stands what is missing there.
    let last = line.chars().count() + 1;
    assert!(
        place.column >= 1 && place.column <= last,
        "{place:?} of {line:?}"
    );
    let behind = place.column + place.length;
    assert!(
        behind <= last + usize::from(place.length == 1),
        "{place:?} of {line:?}"
    );
}
