//! The lines of one record: the first ones and the last ones, however many there are.

use std::collections::VecDeque;

use super::{Line, Side};

/// Lines that are kept from the beginning, and as many from the end: a subject that floods the suite
/// is to fill no report.
const KEPT: usize = 100;

/// Lines in their order, with those in the middle left out where there are too many.
#[derive(Debug, Default)]
pub(super) struct Lines {
    first: Vec<Line>,
    last: VecDeque<Line>,
    left_out: u64,
}

impl Lines {
    pub(super) fn push(&mut self, line: Line) {
        if self.first.len() < KEPT {
            self.first.push(line);
            return;
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
            self.left_out += 1;
        }
        self.last.push_back(line);
    }

    /// Takes over the lines of another record.
    pub(super) fn append(&mut self, other: Self) {
        for line in other.all() {
            self.push(line);
        }
    }

    /// Forgets all but the last `count`.
    pub(super) fn keep_last(&mut self, count: usize) {
        let Some(surplus) = (self.first.len() + self.last.len()).checked_sub(count) else {
            return;
        };
        let all = core::mem::take(self);
        let kept = all.first.into_iter().chain(all.last).skip(surplus);
        kept.for_each(|line| self.push(line));
    }

    /// A copy; a line of its own says how many are left out.
    pub(super) fn snapshot(&self) -> Vec<Line> {
        let mut all = self.first.clone();
        all.extend(self.gap());
        all.extend(self.last.iter().cloned());
        all
    }

    fn all(mut self) -> Vec<Line> {
        self.first.extend(self.gap());
        self.first.extend(self.last);
        self.first
    }

    fn gap(&self) -> Option<Line> {
        let next = self.last.front().filter(|_| self.left_out > 0)?;
        Some(Line {
            at_us: next.at_us,
            connection: next.connection,
            from: Side::Suite,
            hex: String::new(),
            note: format!("[{} lines are left out here]", self.left_out),
            fields: Vec::new(),
            codec: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize) -> Line {
        Line {
            at_us: 0,
            connection: 1,
            from: Side::Subject,
            hex: String::new(),
            note: number.to_string(),
            fields: Vec::new(),
            codec: None,
        }
    }

    fn of(count: usize) -> Lines {
        let mut lines = Lines::default();
        (0..count).for_each(|number| lines.push(line(number)));
        lines
    }

    fn notes(lines: &Lines) -> Vec<String> {
        let all = lines.snapshot().into_iter();
        all.map(|line| line.note).collect()
    }

    #[test]
    fn the_first_and_the_last_are_kept_and_the_others_counted() {
        let numbers: Vec<_> = (0..2 * KEPT).map(|number| number.to_string()).collect();
        assert_eq!(notes(&of(2 * KEPT)), numbers);
        let many = notes(&of(1000));
        assert_eq!(many.len(), 2 * KEPT + 1);
        assert_eq!(many[KEPT - 1], "99");
        assert_eq!(many[KEPT], "[800 lines are left out here]");
        assert_eq!(many[KEPT + 1], "900");
        assert_eq!(many.last().map(String::as_str), Some("999"));
    }

    #[test]
    fn what_a_case_forgets_is_not_left_out() {
        let mut lines = of(1000);
        lines.keep_last(2);
        assert_eq!(notes(&lines), ["998", "999"]);
        lines.push(line(1000));
        assert_eq!(notes(&lines), ["998", "999", "1000"]);
        lines.keep_last(8);
        assert_eq!(notes(&lines).len(), 3);
    }
}
