//! The part of a line that a diagnostic shows.

/// Most characters of a line that are shown; the rest is left out around the place.
const WIDTH: usize = 120;
/// Characters kept before the place when the line is cut there.
const BEFORE: usize = 40;
const CUT: &str = "...";

/// A line, or the part of it around the place, ready to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excerpt {
    text: String,
    indent: usize,
    length: usize,
}

impl Excerpt {
    /// The excerpt of `line` around the `length` characters at `column`, from 1.
    pub(crate) fn new(line: &str, column: usize, length: usize) -> Self {
        let total = line.chars().count();
        let offset = column.saturating_sub(1);
        let start = if total <= WIDTH || offset <= BEFORE {
            0
        } else {
            (offset - BEFORE).min(total - WIDTH)
        };
        let shown = line.chars().skip(start).take(WIDTH).map(printable);
        let mut text = String::new();
        if start > 0 {
            text.push_str(CUT);
        }
        let cut = text.len();
        text.extend(shown);
        if start + WIDTH < total {
            text.push_str(CUT);
        }
        let indent = offset.min(start + WIDTH) - start + cut;
        let room = (total.min(start + WIDTH) + cut)
            .saturating_sub(start + indent)
            .max(1);
        Self {
            text: text.trim_end().to_owned(),
            indent,
            length: length.clamp(1, room),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The carets below the text, with the spaces before them.
    pub(crate) fn carets(&self) -> String {
        let mut carets = " ".repeat(self.indent);
        carets.extend(core::iter::repeat_n('^', self.length));
        carets
    }
}

/// One column for one character, so that the carets stand below their place.
fn printable(c: char) -> char {
    if c == '\t' {
        ' '
    } else if c.is_control() {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lines_are_shown_whole() {
        let excerpt = Excerpt::new("\tcode: 0x03", 8, 4);
        assert_eq!(excerpt.text(), " code: 0x03");
        assert_eq!(excerpt.carets(), "       ^^^^");
    }

    #[test]
    fn a_place_behind_the_end_gets_one_caret() {
        assert_eq!(Excerpt::new("ab", 3, 5).carets(), "  ^");
        assert_eq!(Excerpt::new("", 1, 1).carets(), "^");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let line = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let excerpt = Excerpt::new(&line, 501, 4);
        let at = excerpt.text().find("HERE");
        assert_eq!(at, Some(BEFORE + CUT.len()));
        assert_eq!(excerpt.carets().find('^'), at);
        assert_eq!(excerpt.carets().len(), BEFORE + CUT.len() + 4);
        assert_eq!(excerpt.text().len(), WIDTH + 2 * CUT.len());
    }

    #[test]
    fn carets_end_with_a_cut_line() {
        let line = "x".repeat(1000);
        let excerpt = Excerpt::new(&line, 1, 1000);
        assert_eq!(excerpt.carets(), "^".repeat(WIDTH));
    }
}
