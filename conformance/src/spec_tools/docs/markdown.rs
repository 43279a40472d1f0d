//! Writing Markdown.

/// A document that grows by paragraphs.
#[derive(Debug, Default)]
pub(super) struct Document {
    text: String,
}

impl Document {
    /// Adds a line of its own.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.paragraph(line);
    }

    /// Adds a paragraph, a list, a table; nothing where it is empty.
    pub(super) fn paragraph(&mut self, text: impl AsRef<str>) {
        let text = text.as_ref().trim_end();
        if text.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    pub(super) fn heading(&mut self, level: usize, text: impl AsRef<str>) {
        self.paragraph(format!("{} {}", "#".repeat(level), text.as_ref()));
    }

    /// Adds text that is shown as it is written.
    pub(super) fn block(&mut self, language: &str, text: &str) {
        self.paragraph(format!("```{language}\n{}\n```", text.trim_end()));
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A table; nothing where there are no rows.
pub(super) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!(
        "| {} |\n|{}\n",
        head.join(" | "),
        " --- |".repeat(head.len())
    );
    let bare = text.len();
    for row in rows {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    if text.len() == bare {
        text.clear();
    }
    text
}

/// Text as it may stand in a cell of a table.
pub(super) fn cell(text: &str) -> String {
    let mut safe = String::new();
    let mut code = false;
    for c in text.chars() {
        match c {
            '|' => safe.push_str("\\|"),
            '\n' => safe.push(' '),
            '<' if !code => safe.push_str("&lt;"),
            '*' if !code => safe.push_str("\\*"),
            c => {
                code ^= c == '`';
                safe.push(c);
            }
        }
    }
    safe
}

/// A place that links lead to.
pub(super) fn anchor(kind: &str, name: &str) -> String {
    if kind.is_empty() {
        return format!("<a id=\"{name}\"></a>");
    }
    format!("<a id=\"{kind}-{name}\"></a>")
}

/// A link to an [`anchor`] whose text is the name as code.
pub(super) fn link(kind: &str, name: &str) -> String {
    format!("[`{name}`](#{kind}-{name})")
}

#[cfg(test)]
mod tests {
    use super::{cell, table};

    #[test]
    fn cells_keep_their_table_whole() {
        assert_eq!(cell("a|b\n<c> `<d>`*"), "a\\|b &lt;c> `<d>`\\*");
        assert_eq!(
            table(&["a", "b"], [vec!["1".to_owned(), "2".to_owned()]]),
            "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
        );
        assert_eq!(table(&["a"], []), "");
    }
}
