//! Names of resources that stand for many.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// The name under which a resource is declared: segments between slashes, of
/// which `:name` stands for any one and a last `*name` for all that are left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    segments: Vec<Segment>,
}

/// One segment. The order is that of precedence: what says more comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    One(String),
    Rest(String),
}

/// What the variable segments of a pattern stood for in one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Captures {
    pairs: Vec<(String, String)>,
}

impl Captures {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.pairs.iter();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let count = text.split('/').count();
        let segments = text.split('/').enumerate();
        let segments = segments.map(|(index, segment)| {
            if let Some(name) = segment.strip_prefix(':') {
                Segment::One(name.to_owned())
            } else if let Some(name) = segment.strip_prefix('*')
                && index + 1 == count
            {
                Segment::Rest(name.to_owned())
            } else {
                Segment::Literal(segment.to_owned())
            }
        });
        Self {
            text: text.to_owned(),
            segments: segments.collect(),
        }
    }

    /// The pattern as it was declared.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What its segments stand for in `name`, if it stands for `name` at all.
    pub(super) fn matches(&self, name: &str) -> Option<Captures> {
        let mut rest = Some(name);
        let mut captures = Captures::default();
        for segment in &self.segments {
            let left = rest?;
            if let Segment::Rest(key) = segment {
                captures.pairs.push((key.clone(), left.to_owned()));
                return Some(captures);
            }
            let (first, following) = match left.split_once('/') {
                Some((first, following)) => (first, Some(following)),
                None => (left, None),
            };
            match segment {
                Segment::Literal(text) if text == first => {}
                Segment::One(key) => captures.pairs.push((key.clone(), first.to_owned())),
                Segment::Literal(_) | Segment::Rest(_) => return None,
            }
            rest = following;
        }
        rest.is_none().then_some(captures)
    }

    /// Whether it says more than `other`, where both stand for one name.
    pub(super) fn beats(&self, other: &Self) -> bool {
        let rank = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::One(_) => 1,
            Segment::Rest(_) => 2,
        };
        let ours = self.segments.iter().map(rank);
        ours.lt(other.segments.iter().map(rank))
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;

    use super::Pattern;

    fn capture(pattern: &str, name: &str, key: &str) -> Option<alloc::string::String> {
        let captures = Pattern::new(pattern).matches(name)?;
        captures.get(key).map(ToOwned::to_owned)
    }

    #[test]
    fn a_variable_stands_for_one_segment() {
        assert_eq!(capture("cfg/:id", "cfg/7", "id").as_deref(), Some("7"));
        assert_eq!(capture("cfg/:id", "cfg/", "id").as_deref(), Some(""));
        assert_eq!(capture("cfg/:id", "cfg/7/8", "id"), None);
        assert_eq!(capture("cfg/:id", "cfg", "id"), None);
        assert_eq!(capture("cfg/:id", "other/7", "id"), None);
        assert_eq!(capture(":a/x/:b", "1/x/2", "b").as_deref(), Some("2"));
    }

    #[test]
    fn a_star_stands_for_the_rest() {
        assert_eq!(
            capture("files/*rest", "files/a/b", "rest").as_deref(),
            Some("a/b")
        );
        assert_eq!(
            capture("files/*rest", "files/", "rest").as_deref(),
            Some("")
        );
        assert_eq!(capture("files/*rest", "files", "rest"), None);
        assert!(Pattern::new("a/*b/c").matches("a/*b/c").is_some());
        assert!(Pattern::new("a/*b/c").matches("a/x/c").is_none());
    }

    #[test]
    fn a_literal_is_only_itself() {
        assert!(Pattern::new("led").matches("led").is_some());
        assert!(Pattern::new("led").matches("led/").is_none());
        assert!(Pattern::new("led").matches("").is_none());
    }

    #[test]
    fn the_more_literal_pattern_wins() {
        let (exact, one, rest) = (
            Pattern::new("cfg/main"),
            Pattern::new("cfg/:id"),
            Pattern::new("cfg/*all"),
        );
        assert!(exact.beats(&one) && one.beats(&rest) && exact.beats(&rest));
        assert!(!rest.beats(&exact) && !one.beats(&exact) && !one.beats(&one));
        assert!(Pattern::new("a/:b").beats(&Pattern::new(":a/b")));
    }
}
