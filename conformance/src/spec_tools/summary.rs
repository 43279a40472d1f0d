//! What a specification holds, counted.

use core::fmt;

use iotmp_spec::model::{Level, Spec};

use super::words;

/// How much a specification holds.
///
/// `Display` is one line: `10 messages, 27 fields, 67 clauses (57 MUST, 10 SHOULD), 20 ambiguities`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Messages.
    pub messages: usize,
    /// Fields of all messages.
    pub fields: usize,
    /// Clauses by level: MUST, SHOULD, MAY.
    pub clauses: [usize; 3],
    /// Ambiguities.
    pub ambiguities: usize,
}

/// The levels in the order of [`Summary::clauses`].
const LEVELS: [Level; 3] = [Level::Must, Level::Should, Level::May];

impl Summary {
    /// Counts.
    #[must_use]
    pub fn of(spec: &Spec) -> Self {
        let clauses = |level| spec.clauses.iter().filter(|c| c.level == level).count();
        Self {
            messages: spec.messages.len(),
            fields: spec.messages.iter().map(|m| m.fields.len()).sum(),
            clauses: LEVELS.map(clauses),
            ambiguities: spec.ambiguities.len(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clauses = self.clauses.iter().sum();
        let levels: Vec<_> = LEVELS
            .iter()
            .zip(self.clauses)
            .filter(|(_, count)| *count > 0)
            .map(|(level, count)| format!("{count} {}", words::level(*level)))
            .collect();
        write!(
            f,
            "{}, {}, {}",
            counted(self.messages, "message", "messages"),
            counted(self.fields, "field", "fields"),
            counted(clauses, "clause", "clauses"),
        )?;
        if !levels.is_empty() {
            write!(f, " ({})", levels.join(", "))?;
        }
        let ambiguities = counted(self.ambiguities, "ambiguity", "ambiguities");
        write!(f, ", {ambiguities}")
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn one_is_not_many() {
        let mut summary = Summary {
            messages: 1,
            fields: 0,
            clauses: [0, 0, 0],
            ambiguities: 1,
        };
        assert_eq!(
            summary.to_string(),
            "1 message, 0 fields, 0 clauses, 1 ambiguity"
        );
        summary.clauses = [2, 0, 1];
        assert_eq!(
            summary.to_string(),
            "1 message, 0 fields, 3 clauses (2 MUST, 1 MAY), 1 ambiguity"
        );
    }
}
