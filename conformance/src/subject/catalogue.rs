//! What a device says that it offers.

use std::collections::BTreeMap;

use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};

use super::event::Received;
use super::{Link, Want};
use crate::verdict::{Outcome, Step, Stop};

/// Resources whose samples are asked for.
const MAX_SAMPLED: usize = 32;

/// The rank of what is only run where there is nothing else: it may reboot the device.
const RISKY: u8 = 3;

/// What a resource takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// It only runs.
    None,
    /// It takes a value.
    Input,
    /// It gives one.
    Output,
    /// Both.
    InputOutput,
}

impl Function {
    /// The function of that number in the spec.
    pub(crate) fn of(spec: &Spec, number: u64) -> Option<Self> {
        let values = &spec.enumeration("function_type")?.values;
        let named = values.iter().find(|value| value.value == number)?;
        match named.name.as_str() {
            "none" => Some(Self::None),
            "input" => Some(Self::Input),
            "output" => Some(Self::Output),
            "input_output" => Some(Self::InputOutput),
            _ => None,
        }
    }
}

/// One resource of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// What it takes and gives.
    pub function: Function,
    /// Whether it needs parameters, which nobody can guess.
    pub needs_parameters: bool,
    /// Whether it can be streamed.
    pub can_stream: bool,
    /// Number that names it as well.
    pub alias: Option<u64>,
    /// A sample of its input.
    pub input: Option<Json>,
    /// A sample of its output.
    pub output: Option<Json>,
}

impl Resource {
    /// Whether its name stands for itself, without a part to be filled in.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.name
            .split('/')
            .all(|segment| !segment.starts_with([':', '*']))
    }

    /// Whether that may be a name of it, by the most generous reading of a path with parameters.
    pub(crate) fn may_mean(&self, name: &str) -> bool {
        let mut segments = name.split('/');
        for part in self.name.split('/') {
            if part.starts_with('*') {
                return true;
            }
            let segment = segments.next();
            let fits = segment.is_some_and(|segment| part.starts_with(':') || part == segment);
            if !fits {
                return false;
            }
        }
        segments.next().is_none()
    }

    /// A Run of it, with the sample of its input where it takes one.
    ///
    /// Without `stream_id` it wants no answer.
    #[must_use]
    pub fn run(&self, stream_id: Option<u16>) -> Json {
        let mut message = json!({"type": "run", "resource": self.name});
        if let Some(object) = message.as_object_mut() {
            if let Some(id) = stream_id {
                object.insert("stream_id".to_owned(), id.into());
            }
            if let (Function::Input | Function::InputOutput, Some(input)) =
                (self.function, &self.input)
            {
                object.insert("payload".to_owned(), input.clone());
            }
        }
        message
    }

    /// Whether it gives a value to a Run that brings nothing.
    pub(crate) fn gives_by_itself(&self) -> bool {
        self.function == Function::Output && self.preference().is_some()
    }

    /// Whether a Run of it can be put together, and how gladly: 0 first. `None` if it cannot.
    fn preference(&self) -> Option<u8> {
        if self.needs_parameters || !self.is_plain() {
            return None;
        }
        match self.function {
            Function::Output => Some(0),
            Function::InputOutput if self.input.is_some() => Some(1),
            Function::Input if self.input.is_some() => Some(2),
            Function::None => Some(RISKY),
            _ => None,
        }
    }
}

/// What a device offers, by its own word.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalogue {
    /// Resources by name.
    pub resources: Vec<Resource>,
}

impl Catalogue {
    /// Asks a device for its resources, and for their samples.
    ///
    /// # Errors
    /// A failure where it does not answer as the spec says.
    pub async fn ask(link: &mut Link) -> Outcome<Self> {
        let id = link.id();
        link.send(json!({"type": "describe", "stream_id": id}))
            .await?;
        let answer = link.message(&[Want::Ok(id)]).await?;
        let described = match answer.field("payload") {
            Some(Json::Object(map)) => untagged(map),
            other => {
                let got = other.map_or_else(|| "no payload".to_owned(), ToString::to_string);
                return Err(Stop::fail(
                    "a payload that maps resources to descriptions",
                    got,
                ));
            }
        };
        let spec = link.codec().spec();
        let mut resources: Vec<Resource> = described
            .iter()
            .filter_map(|(name, description)| resource(spec, name, description))
            .collect();
        for resource in resources.iter_mut().take(MAX_SAMPLED) {
            if let Ok(answer) = samples(link, &resource.name)
                .await
                .unrelated("asking for samples")
            {
                let sample = |key| {
                    answer
                        .field("payload")
                        .and_then(|payload| payload.get(key))
                        .cloned()
                };
                resource.input = sample("in");
                resource.output = sample("out");
            }
        }
        Ok(Self { resources })
    }

    /// The resource that is run most gladly: one that gives a value first, one that only runs last.
    #[must_use]
    pub fn runnable(&self) -> Option<&Resource> {
        let ranked = self
            .resources
            .iter()
            .filter_map(|r| Some((r.preference()?, r)));
        ranked
            .min_by_key(|(rank, _)| *rank)
            .map(|(_, resource)| resource)
    }

    /// A resource that can be run and that a number names as well.
    #[must_use]
    pub fn with_alias(&self) -> Option<&Resource> {
        let fits =
            |r: &&Resource| r.alias.is_some() && r.preference().is_some_and(|rank| rank < RISKY);
        self.resources.iter().find(fits)
    }

    /// A resource of one of these functions that can be run.
    #[must_use]
    pub fn with(&self, functions: &[Function]) -> Option<&Resource> {
        let fits = |r: &&Resource| functions.contains(&r.function) && r.preference().is_some();
        self.resources.iter().find(fits)
    }

    /// Resources that can be run with a sample of their input; those first that give a value as well.
    pub(crate) fn takers(&self) -> impl Iterator<Item = &Resource> {
        let of = |function| self.all_with(function);
        of(Function::InputOutput).chain(of(Function::Input))
    }

    /// All resources of a function that can be run.
    pub(crate) fn all_with(&self, function: Function) -> impl Iterator<Item = &Resource> {
        let resources = self.resources.iter();
        resources.filter(move |r| r.function == function && r.preference().is_some())
    }

    /// Resources whose values can be streamed, those first that need no input.
    #[must_use]
    pub fn streamable(&self) -> Vec<&Resource> {
        let can = |r: &&Resource| r.can_stream && !r.needs_parameters && r.is_plain();
        let of = |function| {
            self.resources
                .iter()
                .filter(can)
                .filter(move |r| r.function == function)
        };
        of(Function::Output)
            .chain(of(Function::InputOutput))
            .collect()
    }
}

/// Asks for the samples of one resource.
async fn samples(link: &mut Link, name: &str) -> Outcome<Received> {
    let id = link.id();
    link.send(json!({"type": "describe", "stream_id": id, "resource": name}))
        .await?;
    link.message(&[Want::Ok(id)]).await
}

/// A map, also where JSON needs a tag to say it because a resource is called `type`.
pub(crate) fn untagged(map: &serde_json::Map<String, Json>) -> BTreeMap<String, Json> {
    let tagged = (map.get("type"), map.get("value"));
    if let (Some(Json::String(tag)), Some(Json::Array(pairs))) = tagged
        && tag == "map"
    {
        let pair = |pair: &Json| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.clone()));
        return pairs.iter().filter_map(pair).collect();
    }
    map.iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// What a description says, if it says what it must.
fn resource(spec: &Spec, name: &str, description: &Json) -> Option<Resource> {
    let function = Function::of(spec, description.get("fn")?.as_u64()?)?;
    let flag = |key: &str, default| {
        description
            .get(key)
            .and_then(Json::as_bool)
            .unwrap_or(default)
    };
    Some(Resource {
        name: name.to_owned(),
        function,
        needs_parameters: flag("pr", false),
        can_stream: flag("st", true),
        alias: description.get("id").and_then(Json::as_u64),
        input: None,
        output: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Resource {
        Resource {
            name: name.to_owned(),
            function: Function::Output,
            needs_parameters: false,
            can_stream: true,
            alias: None,
            input: None,
            output: None,
        }
    }

    #[test]
    fn a_parameter_is_one_segment_and_a_star_the_rest() {
        let room = named("room/:id/name");
        assert!(room.may_mean("room/1/name"));
        assert!(room.may_mean("room//name"));
        for other in [
            "room/1/names",
            "room/1/2/name",
            "room/1",
            "room/1/name/x",
            "",
        ] {
            assert!(!room.may_mean(other), "{other:?}");
        }
        let rest = named("log/*path");
        assert!(rest.may_mean("log/a/b") && rest.may_mean("log"));
        assert!(!rest.may_mean("logs/a"));
        assert!(named("a/b").may_mean("a/b"));
    }
}
