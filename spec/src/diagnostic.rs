//! What is wrong with a specification, told as a compiler tells it.
//!
//! The checks collect [`Mistake`]s, which hold spans. When all are known they
//! become [`Diagnostics`], which hold their own excerpts of the text and so
//! outlive it.

mod excerpt;

use core::fmt;
use std::path::PathBuf;

use self::excerpt::Excerpt;
use crate::model::Spec;
use crate::source::{Files, Span};

/// Every mistake found in a specification; never empty.
///
/// `Display` prints them all, in the order of the files, without colour:
///
/// ```text
/// error[duplicate-code]: messages `ping` and `pong` share code 0x03
///   --> spec/foo.yaml:41:11
///    |
/// 41 |     code: 0x03
///    |           ^^^^ second use of 0x03
///    ::: spec/foo.yaml:17:11  first use, by `ping`
///    = help: give `pong` a code of its own; 0x04 is free
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    salvage: Option<Box<Spec>>,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that is broken, in kebab case, e.g. `duplicate-code`. Stable.
    pub code: &'static str,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// Where.
    pub primary: Place,
    /// Other places that have to do with it.
    pub secondary: Vec<Place>,
    /// What to write instead.
    pub help: Option<String>,
}

/// A place that a diagnostic speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named to the loader or as `extends` leads to it.
    pub path: PathBuf,
    /// Line, from 1; 1 where the whole file is meant.
    pub line: usize,
    /// Column in characters, from 1; 1 where the whole file is meant.
    pub column: usize,
    /// Characters that are meant, on that line; 0 where the whole file is meant.
    pub length: usize,
    /// What to see there; may be empty.
    pub label: String,
    excerpt: Option<Excerpt>,
}

impl Diagnostics {
    /// The diagnostics, by file and line.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// What can be made of the specification all the same, so that code made from it does not add
    /// errors of its own. Not valid: never use it for anything else.
    #[must_use]
    pub fn salvage(&self) -> Option<&Spec> {
        self.salvage.as_deref()
    }

    pub(crate) fn salvaging(mut self, spec: Option<Spec>) -> Self {
        self.salvage = spec.map(Box::new);
        self
    }

    /// How many there are; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Always false: without a mistake there is a [`Spec`](crate::model::Spec) instead.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl core::error::Error for Diagnostics {}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)?;
        let width = self.primary.line.to_string().len();
        write!(f, "\n{:width$}--> {}", "", self.primary)?;
        if let Some(excerpt) = &self.primary.excerpt {
            let line = self.primary.line;
            write!(f, "\n{:width$} |\n{line} | {}", "", excerpt.text())?;
            write!(f, "\n{:width$} | {}", "", excerpt.carets())?;
            if !self.primary.label.is_empty() {
                write!(f, " {}", self.primary.label)?;
            }
        }
        for place in &self.secondary {
            write!(f, "\n{:width$} ::: {place}", "")?;
            if !place.label.is_empty() {
                write!(f, "  {}", place.label)?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n{:width$} = help: {help}", "")?;
        }
        Ok(())
    }
}

/// `path:line:column`, or the path alone where the whole file is meant.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if self.length > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        Ok(())
    }
}

impl Place {
    fn new(span: Span, label: String, files: &Files) -> Self {
        let file = files.get(span.file);
        let excerpt = file
            .filter(|_| span.length > 0)
            .map(|file| Excerpt::new(file.line(span.line), span.column, span.length));
        Self {
            path: file.map(|file| file.path().to_owned()).unwrap_or_default(),
            line: span.line,
            column: span.column,
            length: span.length,
            label,
            excerpt,
        }
    }
}

/// A mistake whose places are still spans.
#[derive(Debug)]
pub(crate) struct Mistake {
    code: &'static str,
    message: String,
    primary: (Span, String),
    secondary: Vec<(Span, String)>,
    help: Option<String>,
}

impl Mistake {
    pub(crate) fn new(code: &'static str, at: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            primary: (at, String::new()),
            secondary: Vec::new(),
            help: None,
        }
    }

    /// Says what to see at the place.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.primary.1 = label.into();
        self
    }

    /// Adds another place.
    pub(crate) fn also(mut self, at: Span, label: impl Into<String>) -> Self {
        self.secondary.push((at, label.into()));
        self
    }

    /// Says what to write instead.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// As [`help`](Self::help), where there is something to say.
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    mistakes: Vec<Mistake>,
}

impl Report {
    pub(crate) fn push(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Resolves the spans. The order is that of the files, and that of finding
    /// where two mistakes share a place.
    pub(crate) fn finish(mut self, files: &Files) -> Diagnostics {
        if self.mistakes.is_empty() {
            self.push(Mistake::new(
                "incomplete",
                Span::whole_file(0),
                "the specification could not be completed",
            ));
        }
        self.mistakes.sort_by_key(|mistake| {
            let at = mistake.primary.0;
            (at.file, at.line, at.column)
        });
        let list = self
            .mistakes
            .into_iter()
            .map(|mistake| Diagnostic {
                code: mistake.code,
                message: mistake.message,
                primary: Place::new(mistake.primary.0, mistake.primary.1, files),
                secondary: mistake
                    .secondary
                    .into_iter()
                    .map(|(at, label)| Place::new(at, label, files))
                    .collect(),
                help: mistake.help,
            })
            .collect();
        Diagnostics {
            list,
            salvage: None,
        }
    }
}
