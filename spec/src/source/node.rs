//! The tree: what YAML spells, with the place of every part.

use serde_yaml::Value;

use super::Span;

/// A value.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Text; whether it is a number, say, depends on whether it is `plain`, that is, without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    /// Keys are unique.
    Map(Vec<Entry>),
}

/// A key of a map and what it holds.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Where the key stands.
    pub(crate) span: Span,
    pub(crate) node: Node,
}

impl Node {
    /// The entries; none where this is no map.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Scalar { .. } | Kind::List(_) => &[],
        }
    }

    /// The entry of that name.
    pub(crate) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.name == name)
    }

    /// The value of the entry of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.entry(name).map(|entry| &entry.node)
    }

    /// The elements; none where this is no list.
    pub(crate) fn elements(&self) -> &[Self] {
        match &self.kind {
            Kind::List(elements) => elements,
            Kind::Scalar { .. } | Kind::Map(_) => &[],
        }
    }

    /// The text as written, of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.kind, Kind::Map(_))
    }

    /// Whether nothing is written where a value belongs.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if text.is_empty())
    }

    /// Whether `~` is written, which deletes what an extended file has there.
    pub(crate) fn is_deletion(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if text == "~" || text == "null")
    }

    /// The value without its places.
    pub(crate) fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar { text, plain: true } => plain(text),
            Kind::Scalar { text, plain: false } => Value::String(text.clone()),
            Kind::List(elements) => Value::Sequence(elements.iter().map(Self::value).collect()),
            Kind::Map(entries) => Value::Mapping(
                entries
                    .iter()
                    .map(|entry| (Value::String(entry.name.clone()), entry.node.value()))
                    .collect(),
            ),
        }
    }
}

/// Gives a plain scalar the type that serde_yaml gives it.
fn plain(text: &str) -> Value {
    // What null, booleans and numbers begin with; most scalars are prose and need no second parser.
    let typed = |c: char| c.is_ascii_digit() || "+-.~nNtTfF".contains(c);
    if !text.is_empty() && !text.starts_with(typed) {
        return Value::String(text.to_owned());
    }
    match serde_yaml::from_str(text) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_typed() {
        assert_eq!(plain("0x0A"), Value::from(10));
        assert_eq!(plain("-3"), Value::from(-3));
        assert_eq!(plain("true"), Value::Bool(true));
        assert_eq!(plain("1.5"), Value::from(1.5));
        assert_eq!(plain(".inf"), Value::from(f64::INFINITY));
        assert_eq!(plain("~"), Value::Null);
        assert_eq!(plain("Null"), Value::Null);
        assert_eq!(plain(""), Value::Null);
        assert_eq!(plain("2025-09"), Value::from("2025-09"));
        assert_eq!(plain("[1]"), Value::from("[1]"));
        assert_eq!(plain("a: b"), Value::from("a: b"));
    }
}
