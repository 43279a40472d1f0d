//! What should come of a vector, from its keys: which of them go together, and
//! what each may say.

use iotmp_spec::model::Spec;
use serde_json::Value as Json;

use crate::codec::Class;
use crate::{json, specs};

use super::check::hex_bytes;
use super::raw;
use super::{Expected, Kind, Operation, Reading, ReadingOutcome, Reject};

pub(super) fn expected(spec: &Spec, raw: &raw::Vector, length: usize) -> Result<Expected, String> {
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
