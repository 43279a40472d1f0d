//! The specifications that the suite is built with.

use core::fmt;
use std::sync::LazyLock;

use iotmp_spec::model::{Message, Spec};

/// The YAML files: name and text. A file may extend one that stands before or
/// behind it.
const FILES: &[(&str, &str)] = &[
    (
        "iotmp-2020.yaml",
        include_str!("../../spec/iotmp-2020.yaml"),
    ),
    (
        "iotmp-2023.yaml",
        include_str!("../../spec/iotmp-2023.yaml"),
    ),
    (
        "iotmp-2025.yaml",
        include_str!("../../spec/iotmp-2025.yaml"),
    ),
    (
        "iotmp-shipping.yaml",
        include_str!("../../spec/iotmp-shipping.yaml"),
    ),
    ("nubison.yaml", include_str!("../../spec/nubison.yaml")),
];

/// The specification that commands mean which are given none: what devices in
/// the field speak.
pub const DEFAULT: &str = "iotmp-shipping";

/// Every specification, in the order of [`FILES`].
static SPECS: LazyLock<Vec<Spec>> = LazyLock::new(|| FILES.iter().map(load).collect());

fn load((name, text): &(&str, &str)) -> Spec {
    let resolve = |word: &str| {
        let mut files = FILES.iter();
        files
            .find(|(name, _)| *name == word)
            .map(|(_, text)| (*text).to_owned())
    };
    match iotmp_spec::load_str(name, text, &resolve) {
        Ok(spec) => spec,
        // The files are part of the program, and a test reads each of them.
        Err(errors) => unreachable!("a specification of the suite is not valid:\n{errors}"),
    }
}

/// Every specification.
#[must_use]
pub fn all() -> &'static [Spec] {
    &SPECS
}

/// The names of all specifications.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().iter().map(|spec| spec.name.as_str())
}

/// The specification of that name.
///
/// # Errors
/// [`UnknownSpec`], which names the nearest.
pub fn by_name(name: &str) -> Result<&'static Spec, UnknownSpec> {
    let found = all().iter().find(|spec| spec.name == name);
    found.ok_or_else(|| UnknownSpec(name.to_owned()))
}

/// The message of that name.
///
/// # Errors
/// [`UnknownMessage`], which names the nearest.
pub fn message<'s>(spec: &'s Spec, name: &str) -> Result<&'s Message, UnknownMessage> {
    spec.message(name).ok_or_else(|| {
        let names = spec.messages.iter().map(|message| message.name.as_str());
        UnknownMessage {
            spec: spec.name.clone(),
            name: name.to_owned(),
            hint: nearest(name, names),
        }
    })
}

/// A name that no message of a specification has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMessage {
    /// The specification.
    pub spec: String,
    /// The name.
    pub name: String,
    /// The end of the sentence, which names what there is.
    hint: String,
}

impl fmt::Display for UnknownMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spec, name, hint } = self;
        write!(f, "{spec} has no message {name:?}{hint}")
    }
}

impl core::error::Error for UnknownMessage {}

/// A name that no specification has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSpec(pub String);

impl fmt::Display for UnknownSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = nearest(&self.0, names());
        write!(f, "there is no specification {:?}{hint}", self.0)
    }
}

impl core::error::Error for UnknownSpec {}

/// The end of a sentence that names the words most like `word`, or all of
/// `words` where none is.
pub(crate) fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.into_iter().collect();
    if words.is_empty() {
        return "; there are none".to_owned();
    }
    let likeness = |other: &str| strsim::jaro_winkler(word, other);
    // Of equals the first: the last maximum of the reversed list.
    let best = words
        .iter()
        .copied()
        .rev()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best {
        Some(best) if likeness(best) > 0.75 => format!("; did you mean {best}?"),
        _ => {
            words.sort_unstable();
            format!("; there are {}", words.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FILES, all, by_name, names};

    #[test]
    fn every_file_is_a_specification() {
        assert_eq!(all().len(), FILES.len());
        let names: Vec<_> = names().collect();
        assert_eq!(
            names,
            [
                "iotmp-2020",
                "iotmp-2023",
                "iotmp-2025",
                "iotmp-shipping",
                "nubison"
            ]
        );
        assert_eq!(
            by_name("iotmp-2025").map(|spec| spec.revision.as_str()),
            Ok("2025-09")
        );
    }

    #[test]
    fn every_yaml_file_is_here() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".yaml"))
            .collect();
        found.sort();
        let mut embedded: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
        embedded.sort_unstable();
        assert_eq!(found, embedded);
    }

    #[test]
    fn an_unknown_name_gets_the_nearest() {
        let text = |name| by_name(name).unwrap_err().to_string();
        assert_eq!(
            text("iotmp-shiping"),
            "there is no specification \"iotmp-shiping\"; did you mean iotmp-shipping?"
        );
        assert_eq!(
            text("mqtt"),
            "there is no specification \"mqtt\"; there are iotmp-2020, iotmp-2023, iotmp-2025, \
             iotmp-shipping, nubison"
        );
    }
}
