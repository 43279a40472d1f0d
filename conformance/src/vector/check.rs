//! From files to vectors: everything that can be wrong with one is said.

use core::fmt;
use std::collections::BTreeMap;

use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Level, Spec};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::codec::{Class, Codec};
use crate::{json, specs};

use super::raw;
use super::{Expected, Kind, Operation, Reading, ReadingOutcome, Reject, Vector, VectorSet};

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
        match read(file, text, &mut faults) {
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
    for set in &sets {
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
    faults: &mut Vec<Fault>,
) -> Result<(&'static Spec, Vec<Vector>), String> {
    let json = json::parse(text).map_err(|error| error.to_string())?;
    let raw = raw::File::deserialize(json).map_err(|error| error.to_string())?;
    let spec = specs::by_name(&raw.spec).map_err(|error| error.to_string())?;
    let home = format!("{}/{}", raw.spec, raw.area);
    if file != format!("{home}.json") {
        return Err(format!("vectors of {home} belong into {home}.json"));
    }
    if raw.doc.is_empty() {
        return Err("`doc` says what the vectors of the file are about; it is empty".to_owned());
    }
    let mut vectors = Vec::with_capacity(raw.vectors.len());
    for json in raw.vectors {
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
    match text {
        "MUST" => Ok(Level::Must),
        "SHOULD" => Ok(Level::Should),
        "MAY" => Ok(Level::May),
        _ => Err(format!(
            "there is no level {text:?}; there are MUST, SHOULD, MAY"
        )),
    }
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

fn hex_bytes(text: &str) -> Result<Vec<u8>, String> {
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let bytes = hex::decode(text).ok().filter(|_| lower);
    bytes.ok_or_else(|| "bytes are an even number of lower-case hex digits".to_owned())
}

fn expected(spec: &Spec, raw: &raw::Vector, length: usize) -> Result<Expected, String> {
    let only = |allowed: &[&str]| {
        let present = [
            ("ambiguity", raw.ambiguity.is_some()),
            ("control", raw.control.is_some()),
            ("value", raw.value.is_some()),
            ("canonical", raw.canonical.is_some()),
            ("consumed", raw.consumed.is_some()),
            ("reject", raw.reject.is_some()),
            ("outcomes", raw.outcomes.is_some()),
        ];
        let mut present = present.iter().filter(|(_, is)| *is);
        match present.find(|(name, _)| !allowed.contains(name)) {
            Some((name, _)) => Err(format!("`{name}` has no place in a vector of this result")),
            None => Ok(()),
        }
    };
    let needs = |name: &str| format!("`{name}` is absent, but a vector of this result needs it");
    let encode = raw.applies.contains(&Operation::Encode);
    match raw.result {
        raw::Result::Valid => {
            only(&["value", "canonical", "consumed"])?;
            let value = raw.value.clone().ok_or_else(|| needs("value"))?;
            check_value(raw.kind, &value)?;
            let canonical = raw.canonical.as_deref().map(hex_bytes).transpose()?;
            if raw.canonical.is_some() && raw.canonical == raw.hex {
                return Err("`canonical` says the same as `hex`: leave it out".to_owned());
            }
            let consumed = raw.consumed.unwrap_or(length);
            if consumed > length {
                return Err(format!(
                    "`consumed` is {consumed}, but there are {length} bytes"
                ));
            }
            Ok(Expected::Valid {
                value,
                consumed,
                canonical,
            })
        }
        raw::Result::Invalid => {
            only(&["control", "reject", "value"])?;
            if encode != raw.value.is_some() {
                return Err(
                    "an invalid vector has a `value` where, and only where, an encoder is asked"
                        .to_owned(),
                );
            }
            let reject = raw.reject.as_ref().ok_or_else(|| needs("reject"))?;
            Ok(Expected::Invalid {
                control: raw.control.clone().ok_or_else(|| needs("control"))?,
                reject: check_reject(reject, length)?,
                value: raw.value.clone(),
            })
        }
        raw::Result::Acceptable => {
            only(&["ambiguity", "outcomes"])?;
            if encode {
                return Err("only a decoder can be asked about what is acceptable".to_owned());
            }
            let id = raw.ambiguity.clone().ok_or_else(|| needs("ambiguity"))?;
            let outcomes = raw.outcomes.as_deref().ok_or_else(|| needs("outcomes"))?;
            if outcomes.is_empty() {
                return Err("`outcomes` is empty".to_owned());
            }
            let readings: Result<Vec<_>, _> = outcomes
                .iter()
                .map(|outcome| reading(spec, raw.kind, &id, outcome, length))
                .collect();
            Ok(Expected::Acceptable {
                ambiguity: id,
                outcomes: readings?,
            })
        }
    }
}

fn reading(
    spec: &Spec,
    kind: Kind,
    id: &str,
    raw: &raw::Outcome,
    length: usize,
) -> Result<Reading, String> {
    let mut ambiguities = spec.ambiguities.iter();
    let ambiguity = ambiguities.find(|a| a.id == id).ok_or_else(|| {
        let ids = spec.ambiguities.iter().map(|a| a.id.as_str());
        format!(
            "{} has no ambiguity {id}{}",
            spec.name,
            specs::nearest(id, ids)
        )
    })?;
    if !ambiguity
        .readings
        .iter()
        .any(|reading| reading.name == raw.reading)
    {
        let names = ambiguity
            .readings
            .iter()
            .map(|reading| reading.name.as_str());
        let hint = specs::nearest(&raw.reading, names);
        return Err(format!("{id} has no reading {:?}{hint}", raw.reading));
    }
    let outcome = match (&raw.value, &raw.reject, raw.any) {
        (Some(value), None, false) => {
            check_value(kind, value)?;
            ReadingOutcome::Value(value.clone())
        }
        (None, Some(reject), false) => ReadingOutcome::Reject(check_reject(reject, length)?),
        (None, None, true) => ReadingOutcome::Any,
        _ => return Err("an outcome has one of `value`, `reject` and `any`".to_owned()),
    };
    Ok(Reading {
        name: raw.reading.clone(),
        outcome,
    })
}

fn check_value(kind: Kind, value: &Json) -> Result<(), String> {
    match kind {
        Kind::Value => json::value_from(value)
            .map(|_| ())
            .map_err(|error| error.to_string()),
        Kind::Message if value.get("type").is_some_and(Json::is_string) => Ok(()),
        Kind::Message => Err("a message is an object with a `type`".to_owned()),
    }
}

fn check_reject(raw: &raw::Reject, length: usize) -> Result<Reject, String> {
    if let Some(class) = &raw.class {
        let mut classes = Class::DECODE.iter().map(|class| class.as_str());
        if !classes.any(|known| known == class) {
            let classes = Class::DECODE.iter().map(|class| class.as_str());
            return Err(format!(
                "there is no class {class:?}{}",
                specs::nearest(class, classes)
            ));
        }
    }
    match raw.offset {
        Some(offset) if offset > length => Err(format!(
            "`offset` is {offset}, but there are {length} bytes"
        )),
        _ => Ok(Reject {
            class: raw.class.clone(),
            offset: raw.offset,
        }),
    }
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
