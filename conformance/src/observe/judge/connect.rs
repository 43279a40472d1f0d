//! How a session begins.

use iotmp_ref::pson::Value;

use super::super::message::{Mark, Passed};
use super::super::rule;
use super::Judge;
use crate::case::Role;
use crate::codec::Class;
use crate::json;
use crate::subject::vocabulary;

/// What a device introduced itself with.
#[derive(Debug)]
pub(super) struct Hello {
    mark: Mark,
    id: Option<u64>,
    /// Why its payload is not what its type of authentication calls for.
    bad_payload: Option<String>,
    /// An interval beyond the limit, in seconds.
    beyond: Option<u64>,
    /// Interval in seconds.
    keep_alive: u64,
}

impl Hello {
    /// Its stream identifier, as far as it can be read.
    pub(super) const fn id(&self) -> Option<u64> {
        self.id
    }
}

impl Judge {
    /// A Connect passed.
    pub(super) fn connect(&mut self, passed: &Passed) {
        let spec = self.book.spec;
        let mut hello = Hello {
            mark: passed.mark.clone(),
            id: passed.stream_id(),
            bad_payload: None,
            beyond: None,
            keep_alive: spec.timer("keep_alive_default").unwrap_or(u64::MAX),
        };
        match &passed.content {
            Ok(received) => {
                let number = |part| {
                    let part = vocabulary::part(spec, received, part)?;
                    json::field_meaning(part).ok()?.as_u64()
                };
                self.book.kept(&rule::CONNECT_FIELDS, Role::Device);
                if let Some(seconds) = number("keep_alive") {
                    hello.keep_alive = seconds;
                    let most = spec.timer("keep_alive_max");
                    hello.beyond = most.filter(|most| seconds > *most).map(|_| seconds);
                }
                let credentials = spec.enumeration("auth_type").and_then(|types| {
                    let mut values = types.values.iter();
                    values.find(|value| value.name == "credentials")
                });
                let asked = number("auth_type");
                let by_credentials = match (asked, credentials) {
                    (Some(asked), Some(known)) => asked == known.value,
                    (None, _) => true,
                    (Some(_), None) => false,
                };
                if by_credentials {
                    match fault(passed.field("payload").as_ref()) {
                        None => self.book.kept(&rule::CONNECT_PAYLOAD, Role::Device),
                        Some(got) => {
                            let texts = ("an array of three strings", got.clone());
                            let marks = [&passed.mark];
                            self.book
                                .broken(&rule::CONNECT_PAYLOAD, Role::Device, texts, &marks);
                            hello.bad_payload = Some(got);
                        }
                    }
                }
                if let Some(encoding) = self.codec.announced(&received.message) {
                    self.codec = self.codec.with_encoding(encoding);
                }
            }
            Err(refusal) if refusal.class == Class::MissingField => {
                hello.bad_payload = Some(refusal.to_string());
            }
            Err(_) => {}
        }
        self.hello = Some(hello);
        self.request(passed);
    }

    /// The answer to a Connect passed.
    pub(super) fn connect_answered(&mut self, passed: &Passed) {
        let Some(hello) = &self.hello else { return };
        let side = Role::Server;
        let marks = [&hello.mark, &passed.mark];
        let ok = passed.name() == "ok";
        let conditions = [
            (&rule::CONNECT_BAD_PAYLOAD, hello.bad_payload.is_some()),
            (&rule::CONNECT_KEEP_ALIVE, hello.beyond.is_some()),
        ];
        for (rule, _) in conditions.iter().filter(|(_, calls)| *calls) {
            if ok {
                let texts = ("Error", passed.mark.phrase());
                self.book.broken(rule, side, texts, &marks);
            } else {
                self.book.kept(rule, side);
            }
        }
        if !ok {
            return;
        }
        if conditions.iter().all(|(_, calls)| !calls) {
            self.book.kept(&rule::CONNECT_ACCEPTED, side);
        }
        match ["parameters", "payload"]
            .into_iter()
            .find(|name| passed.json(name).is_some())
        {
            Some(_) => {
                let texts = ("nothing but the stream identifier", passed.mark.phrase());
                self.book
                    .broken(&rule::CONNECT_BARE_OK, side, texts, &marks);
            }
            None => self.book.kept(&rule::CONNECT_BARE_OK, side),
        }
        self.alive.begin(passed.mark.at, hello.keep_alive);
    }
}

/// Why a payload is no credentials.
fn fault(payload: Option<&Value>) -> Option<String> {
    match payload.and_then(Value::as_array) {
        Some(parts) if parts.len() != 3 => Some(format!("an array of {}", parts.len())),
        Some(parts) => {
            let wrong = parts.iter().position(|part| part.as_str().is_none())?;
            Some(format!("element {wrong} is no string"))
        }
        None => Some("no array".to_owned()),
    }
}
