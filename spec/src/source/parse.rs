//! From text to the tree, by way of the marked events of a YAML parser.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as Marks};

use super::{Entry, Files, Kind, MAX_DEPTH, MAX_SIZE, Node, Span, Text};
use crate::diagnostic::{Mistake, Report};

/// Reads a file as a map. `None` where it is too broken to go on; the report says why.
pub(crate) fn parse(files: &Files, index: usize, report: &mut Report) -> Option<Node> {
    let file = files.get(index)?;
    let whole = Span::whole_file(index);
    if file.text.len() > MAX_SIZE {
        let message = format!("the file is larger than the {MAX_SIZE} bytes that are read");
        report.push(Mistake::new("too-large", whole, message));
        return None;
    }
    let mut builder = Builder {
        index,
        file,
        open: Vec::new(),
        root: None,
        broken: false,
        documents: 0,
        report,
    };
    if let Some(error) = file.not_utf8 {
        builder.refuse_bytes(error.valid_up_to());
        return None;
    }
    builder.events()?;
    let root = builder.root.take();
    if builder.broken {
        return None;
    }
    let help = "begin with `spec:` and the name of the specification";
    match root {
        Some(root) if root.is_map() => return Some(root),
        Some(root) if !root.is_empty() => report.push(
            Mistake::new("not-a-map", root.span, "a specification is a map of keys").help(help),
        ),
        _ => {
            report.push(Mistake::new("empty-spec", whole, "the specification is empty").help(help))
        }
    }
    None
}

/// A map or list whose end has not come.
struct Open {
    span: Span,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        seen: HashMap<String, Span>,
        key: Key,
    },
}

/// The key whose value is awaited.
enum Key {
    None,
    Some {
        name: String,
        span: Span,
    },
    /// A key that was refused; its value is dropped.
    Refused,
}

struct Builder<'a> {
    index: usize,
    file: &'a Text,
    open: Vec<Open>,
    root: Option<Node>,
    /// Whether the tree lacks parts that the file has.
    broken: bool,
    documents: usize,
    report: &'a mut Report,
}

impl Builder<'_> {
    /// Handles every event; `None` where the rest of the file cannot be read.
    fn events(&mut self) -> Option<()> {
        for event in Parser::new_from_str(&self.file.text) {
            let (event, marks) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = self.last_word(self.point(*error.marker()));
                    let tab = self.indented_by_tab(at.line);
                    let at = tab.unwrap_or(at);
                    let help = tab.map(|_| "indent by spaces: YAML takes no tabs".to_owned());
                    let message = format!("this is not YAML: {}", error.info());
                    self.report
                        .push(Mistake::new("syntax", at, message).maybe_help(help));
                    return None;
                }
            };
            self.event(event, marks)?;
        }
        Some(())
    }

    fn event(&mut self, event: Event<'_>, marks: Marks) -> Option<()> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.report.push(
                        Mistake::new(
                            "several-documents",
                            self.span(marks),
                            "a second document begins here",
                        )
                        .help("write one specification per file"),
                    );
                    return None;
                }
            }
            Event::Alias(_) => {
                let span = self.span(marks);
                self.refuse_anchor(span);
                self.broken = true;
                let kind = Kind::List(Vec::new());
                self.close(Node { span, kind });
            }
            Event::Scalar(text, style, anchor, tag) => {
                let span = self.span(marks);
                self.refuse(span, anchor, tag.is_some());
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                };
                self.close(Node { span, kind });
            }
            Event::SequenceStart(anchor, tag) => {
                let span = self.point(marks.start);
                self.refuse(span, anchor, tag.is_some());
                self.enter(span, Content::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                let span = self.point(marks.start);
                self.refuse(span, anchor, tag.is_some());
                let content = Content::Map {
                    entries: Vec::new(),
                    seen: HashMap::new(),
                    key: Key::None,
                };
                self.enter(span, content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(marks),
        }
        Some(())
    }

    fn enter(&mut self, span: Span, content: Content) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("maps and lists are nested more than {MAX_DEPTH} deep");
            self.report.push(Mistake::new("too-deep", span, message));
            return None;
        }
        self.open.push(Open { span, content });
        Some(())
    }

    fn leave(&mut self, marks: Marks) {
        let Some(Open { mut span, content }) = self.open.pop() else {
            return;
        };
        let end = self.point(marks.end);
        if end.line == span.line && end.column > span.column {
            span.length = end.column - span.column;
        }
        let kind = match content {
            Content::List(elements) => Kind::List(elements),
            Content::Map { entries, .. } => Kind::Map(entries),
        };
        self.close(Node { span, kind });
    }

    /// Puts a complete value where it belongs.
    fn close(&mut self, mut node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        match &mut open.content {
            Content::List(elements) => elements.push(node),
            Content::Map { entries, seen, key } => match core::mem::replace(key, Key::None) {
                Key::None => *key = as_key(node, seen, self.report),
                Key::Refused => {}
                Key::Some { name, span } => {
                    // What is not there has no place; its key has.
                    if node.is_empty() {
                        node.span = span;
                    }
                    entries.push(Entry { name, span, node });
                }
            },
        }
    }

    fn refuse(&mut self, at: Span, anchor: usize, tag: bool) {
        if anchor != 0 {
            self.refuse_anchor(at);
        }
        if tag {
            let at = self.word(at);
            self.report.push(
                Mistake::new("tag", at, "tags are not part of the language")
                    .help("leave out the word that begins with `!`; quotes make text of a number"),
            );
        }
    }

    fn refuse_anchor(&mut self, at: Span) {
        let at = self.word(at);
        let message = "anchors and aliases are not part of the language";
        self.report.push(
            Mistake::new("anchor", at, message)
                .help("write the value out, or share a whole file by `extends`"),
        );
    }

    /// Says where the bytes stop being text: at the character that stands for them.
    fn refuse_bytes(&mut self, offset: usize) {
        let line = self
            .file
            .lines
            .partition_point(|line| line.start <= offset)
            .saturating_sub(1);
        let start = self.file.lines.get(line).map_or(0, |line| line.start);
        let before = self.file.text.get(start..offset).unwrap_or("");
        let at = Span {
            file: self.index,
            line: line + 1,
            column: before.chars().count() + 1,
            length: 1,
        };
        self.report
            .push(Mistake::new("not-utf8", at, "the file is not UTF-8").label("invalid bytes"));
    }

    /// One character, moved into the file where the parser points behind its end.
    fn point(&self, mark: Marker) -> Span {
        let number = mark.line().clamp(1, self.file.lines.len().max(1));
        let end = self.chars(number);
        let column = if number == mark.line() {
            mark.col().min(end)
        } else {
            end
        };
        Span {
            file: self.index,
            line: number,
            column: column + 1,
            length: 1,
        }
    }

    /// The characters between two marks, as far as they are on the first line.
    fn span(&self, marks: Marks) -> Span {
        let mut span = self.point(marks.start);
        let end = self.point(marks.end);
        let width = self.file.lines.get(span.line - 1).map_or(0, |l| l.width);
        let end = if end.line == span.line {
            (end.column - 1).min(width)
        } else {
            width
        };
        span.length = (end + 1).saturating_sub(span.column).max(1);
        span
    }

    /// The whole word that begins at a place, up to a space or comma.
    fn word(&self, at: Span) -> Span {
        let rest = self.file.line(at.line).chars().skip(at.column - 1);
        let length = rest.take_while(|c| !c.is_whitespace() && *c != ',').count();
        Span {
            length: length.max(1),
            ..at
        }
    }

    /// The place itself, or if nothing is written on its line, behind what is written last.
    fn last_word(&self, at: Span) -> Span {
        let width = |number: usize| self.file.lines.get(number - 1).map_or(0, |l| l.width);
        let above = (1..=at.line).rev().find(|number| width(*number) > 0);
        match above {
            Some(line) if line < at.line => Span {
                line,
                column: width(line) + 1,
                ..at
            },
            _ => at,
        }
    }

    /// The first tab before the first word of a line.
    fn indented_by_tab(&self, number: usize) -> Option<Span> {
        let line = self.file.lines.get(number - 1)?;
        let text = self.file.text.get(line.start..line.end)?;
        let mut indentation = text.chars().take_while(|c| c.is_whitespace());
        let column = indentation.position(|c| c == '\t')? + 1;
        Some(Span {
            file: self.index,
            line: number,
            column,
            length: 1,
        })
    }

    /// Characters of a line, by its number from 1.
    fn chars(&self, number: usize) -> usize {
        self.file.lines.get(number - 1).map_or(0, |l| l.chars)
    }
}

/// Takes a value that stands where a key belongs.
fn as_key(node: Node, seen: &mut HashMap<String, Span>, report: &mut Report) -> Key {
    let span = node.span;
    let name = match node.kind {
        Kind::Scalar { text, .. } if !text.is_empty() => text,
        _ => {
            report.push(
                Mistake::new("bad-key", span, "a key has to be a word")
                    .help("write a name before the colon"),
            );
            return Key::Refused;
        }
    };
    if let Some(first) = seen.get(&name) {
        report.push(
            Mistake::new(
                "duplicate-key",
                span,
                format!("`{name}` is written twice in one map"),
            )
            .label("second use")
            .also(*first, "first use")
            .help("remove one of them, or give it another name"),
        );
        return Key::Refused;
    }
    seen.insert(name.clone(), span);
    Key::Some { name, span }
}
