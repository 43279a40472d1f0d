//! A failure that is kept, tried again, and made small.
//!
//! A [`Bundle`] is one file per failure. It holds everything that the failure
//! needs to be seen again, on another machine and by another version of the
//! suite: the vectors themselves and not only their names, how the subject was
//! started or reached, and what was said.
//!
//! A bundle names a program or an address, and may come from a stranger. What
//! reads one runs no program of it without being told to, and lets it name no
//! option but those that say where a subject is ([`Subject::arguments`]).

mod shrink;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use iotmp_spec::model::Spec;

use crate::report::{CaseResult, Report, Run, SubjectKind};
use crate::vector::{self, Operation, Vector, VectorSet};
use crate::verdict::{Failure, Verdict};
use crate::{json, plan, specs};

pub use self::shrink::{Limits, NotShrunk, Shrunk, shrink};

/// Version of the form of a bundle: goes up when a reader of it would break.
pub const BUNDLE: u32 = 1;

/// Options that may stand in the command of a bundle, and whether a value follows.
const OPTIONS: [(&str, bool); 12] = [
    ("--spec", true),
    ("--user", true),
    ("--device", true),
    ("--credential", true),
    ("--listen", true),
    ("--wait", true),
    ("--rest", true),
    ("--token", true),
    ("--ca", true),
    ("--tls", false),
    ("--insecure", false),
    ("--ws", false),
];

/// One failure, with all that it takes to see it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// [`BUNDLE`].
    pub replay: u32,
    /// Name and version of the program that wrote it.
    pub tool: String,
    /// Name of the specification.
    pub spec: String,
    /// What failed.
    pub subject: Subject,
    /// Id of the case or vector.
    pub case: String,
    /// What it shows.
    pub title: String,
    /// Whether a decoder failed or an encoder, of a vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Where random choices began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How long an answer might take, in milliseconds.
    pub timeout_ms: u64,
    /// The clauses that were broken.
    pub clauses: Vec<Rule>,
    /// What is allowed.
    pub expected: String,
    /// What was seen.
    pub got: String,
    /// What led to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The vector that failed, and its control if it has one, as they stand in files of vectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vectors: Vec<Json>,
    /// What proves it, of a vector: bytes field by field, and the lines that were said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Json>,
    /// What passed on the wire, of a server or a device: bytes, direction, time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<Json>,
}

/// A clause as it stood when it was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// `MUST`, `SHOULD` or `MAY`.
    pub level: String,
    /// The rule.
    pub text: String,
    /// Where it comes from.
    pub source: String,
}

/// What failed, and how it is started or reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// A codec in a process of its own.
    Codec {
        /// Its name and version.
        name: String,
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// A server, which is dialled.
    Server {
        /// Where it was.
        address: String,
        /// The words of this program's command that reach it.
        command: Vec<String>,
    },
    /// A device, which dials.
    Device {
        /// Where it dialled.
        address: String,
        /// The words of this program's command that let it in.
        command: Vec<String>,
    },
    /// The reference in this program.
    Reference {
        /// The words of this program's command that test it.
        command: Vec<String>,
    },
}

/// Why a file is no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It is no JSON of that form.
    #[error("it is no replay bundle: {0}")]
    Form(String),
    /// It is of a version that this program does not know.
    #[error("it is a bundle of version {0}; this program knows version {BUNDLE}")]
    Version(u64),
    /// The specification is not known.
    #[error("{0}")]
    Spec(String),
    /// The vectors in it are not sound.
    #[error("its vectors are not valid: {0}")]
    Vectors(String),
    /// Its command asks for more than to reach a subject.
    #[error(
        "its command holds {0:?}; a bundle may only say where a subject is, by {options}",
        options = OPTIONS.map(|(name, _)| name).join(", ")
    )]
    Command(String),
}

impl Bundle {
    /// Reads a bundle, and sees that everything in it can be used.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn read(text: &str) -> Result<Self, BundleError> {
        let form = |error: &dyn core::fmt::Display| BundleError::Form(error.to_string());
        let json = json::parse(text).map_err(|error| form(&error))?;
        let version = json.get("replay").and_then(Json::as_u64);
        match version {
            Some(version) if version != u64::from(BUNDLE) => {
                return Err(BundleError::Version(version));
            }
            _ => {}
        }
        let bundle = Self::deserialize(json).map_err(|error| form(&error))?;
        bundle.spec()?;
        match &bundle.subject {
            Subject::Codec { command, .. } if command.is_empty() => {
                return Err(BundleError::Form("its codec has no command".to_owned()));
            }
            Subject::Codec { .. } => {
                bundle.set()?;
            }
            other => {
                other.arguments()?;
            }
        }
        Ok(bundle)
    }

    /// The specification.
    ///
    /// # Errors
    /// [`BundleError::Spec`].
    pub fn spec(&self) -> Result<&'static Spec, BundleError> {
        specs::by_name(&self.spec).map_err(|error| BundleError::Spec(error.to_string()))
    }

    /// The vectors of it, the one that failed first.
    ///
    /// # Errors
    /// [`BundleError::Vectors`].
    pub fn set(&self) -> Result<VectorSet, BundleError> {
        let set = vector::from_json(&self.spec, &self.vectors);
        let set = set.map_err(|error| BundleError::Vectors(error.to_string()))?;
        if set.get(&self.case).is_none() {
            let why = format!("{} is not among them", self.case);
            return Err(BundleError::Vectors(why));
        }
        Ok(set)
    }

    /// The file that it is written to, below a folder of bundles.
    #[must_use]
    pub fn file_name(&self) -> String {
        let case = self.case.replace('/', ".");
        if case.starts_with(&format!("{}.", self.spec)) {
            format!("{case}.json")
        } else {
            format!("{}.{case}.json", self.spec)
        }
    }

    /// The bundle as the text of a file.
    #[must_use]
    pub fn text(&self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        format!("{json:#}\n")
    }
}

impl Subject {
    /// The words of this program's command that reach the subject, all of which
    /// say where it is; of a codec there are none.
    ///
    /// # Errors
    /// [`BundleError::Command`] with the first word that asks for something else.
    pub fn arguments(&self) -> Result<&[String], BundleError> {
        let (name, places, command) = match self {
            Self::Codec { .. } => return Ok(&[]),
            Self::Server { command, .. } => ("server", 1, command),
            Self::Device { command, .. } => ("device", 0, command),
            Self::Reference { command } => ("self", 0, command),
        };
        let refused = |word: &str| Err(BundleError::Command(word.to_owned()));
        let mut words = command.iter();
        match words.next() {
            Some(first) if first == name => {}
            other => return refused(other.map_or("", String::as_str)),
        }
        let mut places = places;
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                if places == 0 {
                    return refused(word);
                }
                places -= 1;
                continue;
            }
            let known = OPTIONS.iter().find(|(option, _)| option == word);
            let Some((_, has_value)) = known else {
                return refused(word);
            };
            if *has_value && let Some(value) = words.next().filter(|value| value.starts_with('-')) {
                return refused(value);
            }
        }
        Ok(command)
    }
}

/// A bundle for every failure of a report that can be tried again; traffic
/// between others cannot.
#[must_use]
pub fn bundles(report: &Report, timeout_ms: u64) -> Vec<Bundle> {
    let mut bundles = Vec::new();
    for run in &report.runs {
        for case in &run.cases {
            if let Verdict::Fail(failure) = &case.verdict {
                bundles.extend(bundle(report, run, case, failure, timeout_ms));
            }
        }
    }
    bundles
}

fn bundle(
    report: &Report,
    run: &Run,
    case: &CaseResult,
    failure: &Failure,
    timeout_ms: u64,
) -> Option<Bundle> {
    let spec = specs::by_name(&run.spec).ok()?;
    let broken = match &failure.clause {
        Some(clause) => core::slice::from_ref(clause),
        None => case.clauses.as_slice(),
    };
    let clauses = broken
        .iter()
        .filter_map(|id| spec.clause(id))
        .map(|clause| Rule {
            id: clause.id.clone(),
            level: crate::ledger::level_name(clause.level).to_owned(),
            text: clause.text.clone(),
            source: clause.source.clone(),
        })
        .collect();
    let set = plan::vectors_of(spec);
    let vector = set.and_then(|set| set.get(&case.id));
    let evidence = case.evidence.as_deref();
    Some(Bundle {
        replay: BUNDLE,
        tool: report.tool.clone(),
        spec: run.spec.clone(),
        subject: subject(run)?,
        case: case.id.clone(),
        title: case.title.clone(),
        operation: evidence.map(|evidence| evidence.operation),
        seed: run.seed,
        timeout_ms,
        clauses,
        expected: failure.expected.clone(),
        got: failure.got.clone(),
        detail: failure.detail.clone(),
        vectors: match (set, vector) {
            (Some(set), Some(vector)) => with_control(set, vector),
            _ => Vec::new(),
        },
        evidence: evidence.and_then(|evidence| serde_json::to_value(evidence).ok()),
        transcript: case
            .transcript
            .iter()
            .filter_map(|line| serde_json::to_value(line).ok())
            .collect(),
    })
}

fn with_control(set: &VectorSet, vector: &Vector) -> Vec<Json> {
    let control = match &vector.expected {
        vector::Expected::Invalid { control, .. } => set.get(control),
        _ => None,
    };
    let both = core::iter::once(vector).chain(control);
    both.map(vector::to_json).collect()
}

/// How the subject of a run is reached, from the command that does it again.
fn subject(run: &Run) -> Option<Subject> {
    let mut command = words(&run.again);
    command.remove(0);
    let address = run.address.clone();
    match (command.first()?.as_str(), run.subject) {
        ("self", _) => Some(Subject::Reference { command }),
        ("server", SubjectKind::Server) => Some(Subject::Server { address, command }),
        ("device", SubjectKind::Device) => Some(Subject::Device { address, command }),
        ("codec", SubjectKind::Codec) => {
            let end = command.iter().position(|word| word == "--")?;
            Some(Subject::Codec {
                name: address,
                command: command.split_off(end + 1),
            })
        }
        _ => None,
    }
}

/// The words of a command, as a shell takes those that hold single quotes and
/// backslashes only; at least one.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in command.chars() {
        if is_escaped {
            word.get_or_insert_default().push(c);
            is_escaped = false;
        } else if c == '\'' {
            is_quoted = !is_quoted;
            word.get_or_insert_default();
        } else if is_quoted {
            word.get_or_insert_default().push(c);
        } else if c == '\\' {
            is_escaped = true;
        } else if c == ' ' {
            words.extend(word.take());
        } else {
            word.get_or_insert_default().push(c);
        }
    }
    words.extend(word);
    if words.is_empty() {
        words.push(String::new());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_as_it_was_quoted() {
        let command = r"iotmp-conformance codec -- 'my codec' '' 'it'\''s' -x";
        let split = [
            "iotmp-conformance",
            "codec",
            "--",
            "my codec",
            "",
            "it's",
            "-x",
        ];
        assert_eq!(words(command), split);
    }

    fn server(words: &[&str]) -> Subject {
        Subject::Server {
            address: "127.0.0.1:1".to_owned(),
            command: words.iter().map(|&word| word.to_owned()).collect(),
        }
    }

    #[test]
    fn a_bundle_says_where_a_subject_is_and_no_more() {
        let good = ["server", "127.0.0.1:1", "--user", "u", "--tls"];
        assert_eq!(server(&good).arguments().unwrap(), good);
        for (bad, word) in [
            (
                &["server", "a:1", "--report", "json=/etc/passwd"][..],
                "--report",
            ),
            (&["server", "a:1", "--report=json=x"], "--report=json=x"),
            (&["server", "a:1", "--user", "--report"], "--report"),
            (&["server", "a:1", "b:2"], "b:2"),
            (&["codec", "--", "sh"], "codec"),
            (&[], ""),
        ] {
            let refused = BundleError::Command(word.to_owned());
            assert_eq!(server(bad).arguments(), Err(refused));
        }
    }
}
