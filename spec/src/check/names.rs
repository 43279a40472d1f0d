//! Names: how they are spelt, and which would collide in what is made from them.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::diagnostic::{Mistake, Report};
use crate::source::Span;

/// Names of types that every generated module has.
const TYPES: [&str; 3] = ["message", "message_type", "unknown"];
/// Names of modules that every generated module has.
const MODULES: [&str; 3] = ["timers", "limits", "typed"];

/// Checks a name in snake case.
pub(super) fn snake(name: &str, at: Span, kind: &str, report: &mut Report) {
    if !words(name, '_') {
        let message = format!("the name of {kind}, `{name}`, is not in snake case");
        report.push(
            Mistake::new("bad-name", at, message)
                .help("write lower-case words and digits, with `_` between words")
                .maybe_help(respelt(name, '_')),
        );
    }
}

/// Checks a name in kebab case.
pub(super) fn kebab(name: &str, at: Span, what: &str, report: &mut Report) {
    if !words(name, '-') {
        report.push(
            Mistake::new(
                "bad-name",
                at,
                format!("{what}, `{name}`, is not in kebab case"),
            )
            .help("write lower-case words and digits, with `-` between words")
            .maybe_help(respelt(name, '-')),
        );
    }
}

/// Checks the names of what stands side by side in generated code: messages and enums, which
/// become types, and maps, which become modules.
pub(super) fn generated(scope: &Scope<'_>, report: &mut Report) {
    let mut types = Vec::new();
    let kinds = [
        ("messages", "message", &TYPES[..]),
        ("enums", "enum", &TYPES[..]),
        ("maps", "map", &MODULES[..]),
    ];
    for (key, kind, reserved) in kinds {
        for entry in scope.entries(key) {
            let name = entry.name.as_str();
            if reserved.contains(&name) {
                let message = format!("a {kind} cannot be called `{name}`");
                report.push(
                    Mistake::new("reserved-name", entry.span, message)
                        .label("every generated module has this name already")
                        .help("choose another name"),
                );
            }
            if kind != "map" {
                types.push((format!("{kind} `{name}`"), name, entry.span));
            }
        }
    }
    distinct(&types, report);
}

/// Checks that names are still distinct as types, in upper camel case. Each has a title, a name and
/// a place.
fn distinct(all: &[(String, &str, Span)], report: &mut Report) {
    let mut first = BTreeMap::new();
    for (title, name, at) in all {
        let camel = camel(name);
        let Some((other, other_at)) = first.get(&camel) else {
            first.insert(camel, (title, *at));
            continue;
        };
        report.push(
            Mistake::new(
                "name-collision",
                *at,
                format!("{other} and {title} would both be the type `{camel}`"),
            )
            .also(*other_at, format!("{other} is here"))
            .help("give one of them another name"),
        );
    }
}

/// The name in upper camel case: `read_page` becomes `ReadPage`.
fn camel(name: &str) -> String {
    name.split('_')
        .filter_map(|word| {
            let mut chars = word.chars();
            let first = chars.next()?.to_ascii_uppercase();
            Some(format!("{first}{}", chars.as_str()))
        })
        .collect()
}

/// Whether a name is lower-case words, the first of which begins with a letter.
fn words(name: &str, separator: char) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.split(separator).all(|word| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

/// What a name was probably meant to be.
fn respelt(name: &str, separator: char) -> Option<String> {
    let mut new = String::new();
    let mut lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && lower {
            new.push(separator);
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        if c.is_ascii_alphanumeric() {
            new.push(c.to_ascii_lowercase());
        } else if !new.is_empty() && !new.ends_with(separator) {
            new.push(separator);
        }
    }
    let new = new.trim_end_matches(separator);
    words(new, separator).then(|| format!("write `{new}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_is_words_of_letters_and_digits() {
        for good in ["a", "page_number", "page_number_1", "page1"] {
            assert!(words(good, '_'), "{good}");
        }
        for bad in ["", "_a", "a_", "a__b", "1a", "A", "a-b", "a b", "ä"] {
            assert!(!words(bad, '_'), "{bad}");
        }
    }

    #[test]
    fn a_name_is_respelt() {
        assert_eq!(
            respelt("ReadPage", '_').as_deref(),
            Some("write `read_page`")
        );
        assert_eq!(
            respelt("read-page", '_').as_deref(),
            Some("write `read_page`")
        );
        assert_eq!(respelt("GREET", '_').as_deref(), Some("write `greet`"));
        assert_eq!(respelt("1", '_'), None);
    }

    #[test]
    fn camel_case_drops_the_separators() {
        assert_eq!(camel("read_page"), "ReadPage");
        assert_eq!(camel("page_1"), camel("page1"));
    }
}
