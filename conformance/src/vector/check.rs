//! From files to vectors: everything that can be wrong with one is said.

use core::fmt;
use std::collections::BTreeMap;
use std::path::Path;

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Level, Spec};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::codec::Codec;
use crate::ledger::level_named;
use crate::{json, specs};

use super::expect::expected;
use super::{Expected, Kind, Operation, Vector, VectorSet};
use super::{like, raw};

/// One mistake in a file of vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The vector, if it has an id.
    pub id: Option<String>,
    /// What is wrong and what to write instead.
    pub detail: String,
}

/// Every mistake that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError(pub Vec<Fault>);

impl Fault {
    /// The same of a file in that folder.
    #[must_use]
    pub fn below(mut self, folder: &Path) -> Self {
        self.file = folder.join(&self.file).display().to_string();
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(id) = &self.id {
            write!(f, "{id}: ")?;
        }
        f.write_str(&self.detail)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut faults = self.0.iter();
        if let Some(first) = faults.next() {
            write!(f, "{first}")?;
        }
        faults.try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

impl core::error::Error for LoadError {}

/// Reads vectors from files, each given by its path below `vectors/` and its text.
///
/// # Errors
/// Every mistake in any of them.
pub fn load(files: &[(&str, &str)]) -> Result<Vec<VectorSet>, LoadError> {
    let mut sets: Vec<VectorSet> = specs::all()
        .iter()
        .map(|spec| VectorSet {
            spec,
            vectors: Vec::new(),
        })
        .collect();
    let mut faults = Vec::new();
    let mut homes = BTreeMap::new();
    for (file, text) in files {
        match read(file, text, files, &mut faults) {
            Ok((spec, vectors)) => {
                for vector in &vectors {
                    for id in core::iter::once(&vector.id).chain(&vector.aliases) {
                        if let Some(other) = homes.insert(id.clone(), (*file).to_owned()) {
                            let detail = format!("the id {id} is taken, in {other}");
                            faults.push(fault(file, Some(&vector.id), detail));
                        }
                    }
                }
                if let Some(set) = sets.iter_mut().find(|set| set.spec.name == spec.name) {
                    set.vectors.extend(vectors);
                }
            }
            Err(detail) => faults.push(fault(file, None, detail)),
        }
    }
    // A vector that did not load would be missed as a control as well.
    let whole = if faults.is_empty() {
        sets.as_slice()
    } else {
        &[]
    };
    for set in whole {
        for vector in &set.vectors {
            if let Err(detail) = check_control(set, vector) {
                let file = homes.get(&vector.id).cloned().unwrap_or_default();
                faults.push(fault(&file, Some(&vector.id), detail));
            }
        }
    }
    if faults.is_empty() {
        Ok(sets)
    } else {
        Err(LoadError(faults))
    }
}

fn fault(file: &str, id: Option<&str>, detail: impl Into<String>) -> Fault {
    Fault {
        file: file.to_owned(),
        id: id.map(ToOwned::to_owned),
        detail: detail.into(),
    }
}

fn read(
    file: &str,
    text: &str,
    files: &[(&str, &str)],
    faults: &mut Vec<Fault>,
) -> Result<(&'static Spec, Vec<Vector>), String> {
    let json = json::parse_unique(text).map_err(|error| error.to_string())?;
    let raw = raw::File::deserialize(json).map_err(|error| error.to_string())?;
    let spec = specs::by_name(&raw.spec).map_err(|error| error.to_string())?;
    let home = format!("{}/{}", raw.spec, raw.area);
    if file != format!("{home}.json") {
        return Err(format!("vectors of {home} belong into {home}.json"));
    }
    if raw.doc.is_empty() {
        return Err("`doc` says what the vectors of the file are about; it is empty".to_owned());
    }
    let raws = match &raw.like {
        None => raw.vectors,
        Some(_) if !raw.vectors.is_empty() => {
            return Err("a file has either `vectors` or `like`".to_owned());
        }
        Some(like) => like::vectors(like, &home, files)?,
    };
    let mut vectors = Vec::with_capacity(raws.len());
    for json in raws {
        let id = json.get("id").and_then(Json::as_str).map(ToOwned::to_owned);
        let vector = raw::Vector::deserialize(json).map_err(|error| error.to_string());
        match vector.and_then(|raw| check(spec, &home, raw)) {
            Ok(vector) => vectors.push(vector),
            Err(detail) => faults.push(fault(file, id.as_deref(), detail)),
        }
    }
    Ok((spec, vectors))
}

fn check(spec: &'static Spec, home: &str, raw: raw::Vector) -> Result<Vector, String> {
    let slug = raw
        .id
        .strip_prefix(home)
        .and_then(|rest| rest.strip_prefix('/'));
    if !slug.is_some_and(is_slug) {
        return Err(format!(
            "an id here is {home}/ and a slug of a-z, 0-9, `.` and `-`"
        ));
    }
    for clause in &raw.clauses {
        check_clause(spec, clause)?;
    }
    let level = level(&raw.level)?;
    check_level(spec, &raw, level)?;
    let encoding = match &raw.encoding {
        None if raw.kind == Kind::Value => return Err("a value needs its `encoding`".to_owned()),
        None => None,
        Some(name) => {
            let known = Encoding::from_name(name).filter(|known| Codec::new(spec).knows(*known));
            Some(known.ok_or_else(|| format!("{} has no encoding {name:?}", spec.name))?)
        }
    };
    let answers = match &raw.answers {
        None => None,
        Some(_) if raw.kind == Kind::Value => {
            return Err("`answers` has no place in a value".to_owned());
        }
        Some(name) => Some(specs::message(spec, name).map_err(|error| error.to_string())?),
    };
    let bytes = raw.hex.as_deref().map(hex_bytes).transpose()?;
    if raw.applies.is_empty() {
        return Err("`applies` needs decode, encode or both".to_owned());
    }
    let decode = raw.applies.contains(&Operation::Decode);
    if decode != bytes.is_some() && (decode || raw.result != raw::Result::Valid) {
        return Err("`hex` stands where, and only where, a decoder is asked".to_owned());
    }
    if !spec.sources.iter().any(|source| source.key == raw.source) {
        let keys = spec.sources.iter().map(|source| source.key.as_str());
        let hint = specs::nearest(&raw.source, keys);
        return Err(format!(
            "{} has no source {:?}{hint}",
            spec.name, raw.source
        ));
    }
    let length = bytes.as_ref().map_or(0, Vec::len);
    let vector = Vector {
        expected: expected(spec, &raw, length)?,
        id: raw.id,
        aliases: raw.aliases,
        since: raw.since,
        doc: raw.doc,
        clauses: raw.clauses,
        level,
        flags: raw.flags,
        kind: raw.kind,
        answers,
        encoding,
        bytes,
        applies: raw.applies,
        source: raw.source,
    };
    Ok(vector)
}

fn is_slug(text: &str) -> bool {
    let good = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    !text.is_empty() && text.bytes().all(good)
}

fn check_clause(spec: &Spec, id: &str) -> Result<(), String> {
    if spec.clause(id).is_some() {
        return Ok(());
    }
    if let Some(other) = specs::all().iter().find(|other| other.clause(id).is_some()) {
        return Err(format!(
            "{id} is a clause of {}, not of {}",
            other.name, spec.name
        ));
    }
    let ids = spec.clauses.iter().map(|clause| clause.id.as_str());
    Err(format!(
        "there is no clause {id}{}",
        specs::nearest(id, ids)
    ))
}

fn level(text: &str) -> Result<Level, String> {
    level_named(text)
        .ok_or_else(|| format!("there is no level {text:?}; there are MUST, SHOULD, MAY"))
}

/// Failing a vector is as bad as breaking the laxest of its clauses; an
/// acceptable one cannot be failed by a choice that the sources leave.
fn check_level(spec: &Spec, raw: &raw::Vector, level: Level) -> Result<(), String> {
    if raw.clauses.is_empty() {
        return Err("a vector proves at least one clause".to_owned());
    }
    let laxest = raw
        .clauses
        .iter()
        .filter_map(|id| spec.clause(id))
        .map(|clause| clause.level)
        .max();
    let expected = match raw.result {
        raw::Result::Acceptable => Some(Level::May),
        raw::Result::Valid | raw::Result::Invalid => laxest,
    };
    match expected {
        Some(expected) if expected != level => Err(format!(
            "the level is {}, but its clauses and its result make it {}",
            raw.level,
            format!("{expected:?}").to_uppercase()
        )),
        _ => Ok(()),
    }
}

pub(crate) fn hex_bytes(text: &str) -> Result<Vec<u8>, String> {
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let bytes = hex::decode(text).ok().filter(|_| lower);
    bytes.ok_or_else(|| "bytes are an even number of lower-case hex digits".to_owned())
}

fn check_control(set: &VectorSet, vector: &Vector) -> Result<(), String> {
    let Expected::Invalid { control, .. } = &vector.expected else {
        return Ok(());
    };
    let Some(twin) = set.get(control) else {
        let ids = set.vectors.iter().map(|v| v.id.as_str());
        // Without a near one, the list of all would be no help.
        let hint = specs::nearest(control, ids);
        let hint = if hint.contains("did you mean") {
            hint.as_str()
        } else {
            ""
        };
        return Err(format!("there is no control {control}{hint}"));
    };
    if !matches!(twin.expected, Expected::Valid { .. }) {
        return Err(format!("the control {control} is not valid"));
    }
    if twin.kind != vector.kind {
        return Err(format!("the control {control} is of another kind"));
    }
    Ok(())
}
