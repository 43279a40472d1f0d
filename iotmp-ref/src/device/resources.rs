//! The resources of a device: what it has, finds and runs.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::outcome::{Failure, Outcome};
use super::path::{Captures, Pattern};
use crate::pson::{Map, Value};
use crate::session::Resource;
use crate::session::dialect::{Description, Dialect, Function};

/// What a handler is told besides its input.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    name: &'a str,
    captures: &'a Captures,
    parameters: Option<&'a Value>,
}

impl<'a> Request<'a> {
    /// The name that was asked for, such as `cfg/7` for the resource `cfg/:id`.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// What `:name` or `*name` of the resource's path stands for.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<&'a str> {
        self.captures.get(name)
    }

    /// Parameters of the call.
    #[must_use]
    pub const fn parameters(&self) -> Option<&'a Value> {
        self.parameters
    }
}

type Handler = Box<dyn FnMut(&Request<'_>, Value) -> Outcome + Send>;

/// What a device has.
#[derive(Debug, Default)]
pub(super) struct Resources {
    entries: Vec<Entry>,
}

/// One resource.
pub(super) struct Entry {
    pattern: Pattern,
    description: Description,
    handler: Handler,
    sample: Option<Value>,
    /// The last value of each name that it was asked for: what a stream of it
    /// carries where the handler cannot be asked without an input.
    last: BTreeMap<String, Value>,
}

/// How many names of one resource keep their last value.
const MAX_LAST: usize = 256;

/// What came of running a resource.
pub(super) struct Done {
    pub(super) output: Option<Value>,
    pub(super) news: Option<Value>,
}

/// A resource that was found, by the name that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) index: usize,
    pub(super) name: String,
    captures: Captures,
}

impl Resources {
    /// Adds a resource; one of the same path gives way.
    pub(super) fn add(&mut self, path: &str, function: Function, handler: Handler) {
        let entry = Entry {
            pattern: Pattern::new(path),
            description: Description {
                function,
                needs_parameters: false,
                can_stream: function != Function::Run,
                alias: None,
            },
            handler,
            sample: None,
            last: BTreeMap::new(),
        };
        self.entries.retain(|old| old.pattern != entry.pattern);
        self.entries.push(entry);
    }

    pub(super) fn last_added(&mut self) -> Option<&mut Entry> {
        self.entries.last_mut()
    }

    pub(super) fn get(&mut self, found: &Found) -> Option<&mut Entry> {
        self.entries.get_mut(found.index)
    }

    /// The resource that a name or number stands for. A literal path goes before
    /// `:name`, and that before `*name`.
    pub(super) fn find(&self, resource: &Resource) -> Option<Found> {
        if let Resource::Number(number) = resource {
            let mut entries = self.entries.iter();
            let index = entries.position(|entry| entry.description.alias == Some(*number))?;
            return Some(Found {
                index,
                name: self.entries.get(index)?.pattern.text().to_string(),
                captures: Captures::default(),
            });
        }
        let name = resource.name()?;
        let mut best: Option<(usize, &Pattern, Captures)> = None;
        for (index, entry) in self.entries.iter().enumerate() {
            let Some(captures) = entry.pattern.matches(&name) else {
                continue;
            };
            let is_better = match &best {
                Some((_, pattern, _)) => entry.pattern.beats(pattern),
                None => true,
            };
            if is_better {
                best = Some((index, &entry.pattern, captures));
            }
        }
        best.map(|(index, _, captures)| Found {
            index,
            name,
            captures,
        })
    }

    /// The answer to Describe of everything.
    pub(super) fn describe(&self, dialect: &dyn Dialect) -> Value {
        let entries = self.entries.iter();
        let described = entries.map(|entry| {
            let description = dialect.description(&entry.description);
            (entry.pattern.text(), description)
        });
        described.collect::<Map>().into()
    }
}

impl Entry {
    pub(super) const fn function(&self) -> Function {
        self.description.function
    }

    pub(super) const fn can_stream(&self) -> bool {
        self.description.can_stream
    }

    pub(super) fn description_mut(&mut self) -> &mut Description {
        &mut self.description
    }

    pub(super) fn set_sample(&mut self, sample: Value) {
        self.sample = Some(sample);
    }

    /// Runs the resource: what it gives, and what its streams are told where it
    /// took a value.
    pub(super) fn run(
        &mut self,
        found: &Found,
        parameters: Option<&Value>,
        payload: Option<Value>,
    ) -> Result<Done, Failure> {
        let input = payload.unwrap_or_default();
        let kept = (self.function() == Function::Input).then(|| input.clone());
        let output = self.call(found, parameters, input)?;
        let news = match self.function() {
            Function::Input => kept,
            Function::InputOutput => output.clone(),
            Function::Run | Function::Output => None,
        };
        if let Some(value) = &news
            && (self.last.len() < MAX_LAST || self.last.contains_key(&found.name))
        {
            self.last.insert(found.name.clone(), value.clone());
        }
        Ok(Done { output, news })
    }

    fn call(&mut self, found: &Found, parameters: Option<&Value>, input: Value) -> Outcome {
        let request = Request {
            name: &found.name,
            captures: &found.captures,
            parameters,
        };
        guarded(&mut self.handler, &request, input)
    }

    /// What a stream carries now, if the resource can tell.
    pub(super) fn current(
        &mut self,
        found: &Found,
        parameters: Option<&Value>,
    ) -> Result<Option<Value>, Failure> {
        if self.function() == Function::Output {
            return self.call(found, parameters, Value::Null);
        }
        Ok(self.last.get(&found.name).cloned())
    }

    /// The answer to Describe of this resource; nothing for one that only runs.
    pub(super) fn samples(
        &mut self,
        found: &Found,
        parameters: Option<&Value>,
        dialect: &dyn Dialect,
    ) -> Option<Value> {
        let function = self.function();
        let last = self.last.get(&found.name).cloned();
        let sample = self.sample.clone();
        let (input, output) = match function {
            Function::Run => return None,
            Function::Input => (sample.or(last), None),
            Function::Output => {
                // A handler that fails has no sample to show.
                (
                    None,
                    self.call(found, parameters, Value::Null).ok().flatten(),
                )
            }
            Function::InputOutput => {
                let output = match sample.clone() {
                    Some(sample) => self.call(found, parameters, sample).ok().flatten(),
                    None => last,
                };
                (sample, output)
            }
        };
        // What it has is shown even while its value is not known.
        let input = function.takes().then(|| input.unwrap_or_default());
        let output = function.gives().then(|| output.unwrap_or_default());
        Some(dialect.samples(input, output))
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("path", &self.pattern.text())
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

/// Runs a handler so that its panic costs one answer, not the device.
#[cfg(feature = "std")]
fn guarded(handler: &mut Handler, request: &Request<'_>, input: Value) -> Outcome {
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;

    // What a handler leaves half done is its own state: the session is not in its reach.
    catch_unwind(AssertUnwindSafe(|| handler(request, input)))
        .unwrap_or_else(|_| Err(Failure::new("the resource failed unexpectedly")))
}

/// Runs a handler.
#[cfg(not(feature = "std"))]
fn guarded(handler: &mut Handler, request: &Request<'_>, input: Value) -> Outcome {
    handler(request, input)
}
