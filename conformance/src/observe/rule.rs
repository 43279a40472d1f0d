//! The rules that traffic shows to be kept or broken without a word of the judge.

use iotmp_spec::model::{Clause, Level, Spec};

use crate::case::Role;
use crate::family;

/// One rule, for one side or for both.
#[derive(Debug)]
pub struct Rule {
    /// Stable id without its side, `area.what`.
    pub slug: &'static str,
    /// What is seen, in one line.
    pub title: &'static str,
    /// Sides that it is about.
    pub sides: &'static [Role],
    /// Clauses that say so, by their ids in 2025 where that has them; the first that a spec has counts.
    /// None at all is a rule of the states of the session.
    pub clauses: &'static [&'static str],
}

impl Rule {
    /// Its id for a side, e.g. `device.observed.connect.first`.
    #[must_use]
    pub fn id(&self, side: Role) -> String {
        format!("{side}.observed.{}", self.slug)
    }

    /// The heading that it stands under.
    #[must_use]
    pub fn area(&self) -> &'static str {
        self.slug.split('.').next().unwrap_or(self.slug)
    }

    /// The clause of that spec.
    #[must_use]
    pub fn clause<'s>(&self, spec: &'s Spec) -> Option<&'s Clause> {
        self.clauses.iter().find_map(|id| family::clause(spec, id))
    }

    /// Whether that spec has the rule.
    #[must_use]
    pub fn fits(&self, spec: &Spec) -> bool {
        self.clauses.is_empty() || self.clause(spec).is_some()
    }

    /// How binding it is.
    #[must_use]
    pub fn level(&self, spec: &Spec) -> Level {
        self.clause(spec).map_or(Level::Must, |clause| clause.level)
    }
}

const DEVICE: &[Role] = &[Role::Device];
const SERVER: &[Role] = &[Role::Server];
const BOTH: &[Role] = &Role::ALL;

macro_rules! rules {
    ($($name:ident: $slug:literal, $sides:ident, [$($clause:literal),*], $title:literal;)*) => {
        $(pub(super) const $name: Rule = Rule {
            slug: $slug,
            title: $title,
            sides: $sides,
            clauses: &[$($clause),*],
        };)*

        /// Every rule, in the order of a report.
        pub(super) const ALL: &[Rule] = &[$($name),*];
    };
}

rules! {
    MESSAGE: "framing.message", BOTH, ["IOTMP25-FRAME-001"], "bytes are messages of a type, a size and a body";
    SIZE: "framing.size", BOTH, ["IOTMP25-FRAME-002"], "the size is that of the body";
    VARINT: "framing.varint", BOTH, ["IOTMP25-VARINT-002"], "numbers end, and fit their width";
    KEY: "field.key", BOTH, ["IOTMP25-KEY-001"], "keys hold a field and a wire type";
    WIRE_TYPE: "field.wire-type", BOTH, ["IOTMPS-WIRE-001", "IOTMP23-WIRE-001", "IOTMP25-KEY-001"], "values have a wire type of the revision";
    NUMBER: "field.number", BOTH, ["IOTMP25-KEY-006"], "fields that are numbers are varints in their range";
    MANDATORY: "field.mandatory", BOTH, ["IOTMP25-KEY-005"], "mandatory fields are there";
    PSON1_FORM: "value.pson1-form", BOTH, ["IOTMP25-PSON1-001"], "values are PSON of generation 1";
    PSON1_FLOAT: "value.pson1-float", BOTH, ["IOTMP25-PSON1-003"], "floats of generation 1 have a fraction";
    PSON1_TEXT: "value.pson1-text", BOTH, ["IOTMP25-PSON1-005"], "text of generation 1 is text";
    PSON1_CONTAINER: "value.pson1-container", BOTH, ["IOTMP25-PSON1-006"], "the members of generation 1 fill their container";
    PSON2_FORM: "value.pson2-form", BOTH, ["IOTMP25-PSON2-001"], "values are PSON of generation 2";
    PSON2_FLOAT: "value.pson2-float", BOTH, ["IOTMP25-PSON2-003"], "floats of generation 2 have a fraction, and the shorter form that holds them";
    PSON2_TEXT: "value.pson2-text", BOTH, ["IOTMP25-PSON2-005"], "text of generation 2 is text";
    PSON2_CONTAINER: "value.pson2-container", BOTH, ["IOTMP25-PSON2-006"], "maps and arrays of generation 2 hold what they count";
    PSON2_SHORT: "value.pson2-short", BOTH, ["IOTMP25-PSON2-008"], "small numbers of generation 2 stand in the tag";
    JSON: "value.json", BOTH, ["IOTMP23-JSON-001"], "values under the wire type of JSON are JSON";
    NEGOTIATED: "value.negotiated", BOTH, ["IOTMP23-ENCODING-003"], "values are in the encoding that was negotiated";
    BARE_INTEGER: "value.bare-integer", BOTH, ["IOTMPS-WIRE-004"], "an integer that is a whole field is a varint";
    SORTED_KEYS: "value.sorted-keys", BOTH, ["IOTMPS-WIRE-006"], "the keys of maps are sorted";
    STATE: "state.allowed", BOTH, [], "messages are those that the state of the session allows";
    ID_WIDTH: "id.width", BOTH, ["IOTMP25-SID-002"], "stream identifiers have 16 bits";
    ID_OF_REQUEST: "id.of-request", BOTH, ["IOTMP25-SID-001"], "an answer carries the stream identifier of an open request";
    ID_INTERLEAVED: "id.interleaved", BOTH, ["IOTMP25-SID-003"], "requests are answered while others are open";
    ID_FREE: "id.free", BOTH, ["IOTMP23-SID-006", "IOTMP25-SID-004"], "a request takes a stream identifier that is free";
    CONNECT_FIRST: "connect.first", DEVICE, ["IOTMP25-CONNECT-001"], "the first message is Connect";
    CONNECT_OTHER_FIRST: "connect.other-first", SERVER, ["IOTMP25-CONNECT-002"], "whoever does not begin with Connect is let go at once";
    CONNECT_FIELDS: "connect.fields", DEVICE, ["IOTMP25-CONNECT-003"], "Connect carries a stream identifier and a payload";
    CONNECT_PAYLOAD: "connect.payload", DEVICE, ["IOTMP25-CONNECT-004"], "credentials are three strings";
    CONNECT_ACCEPTED: "connect.accepted", SERVER, ["IOTMP25-CONNECT-005"], "Connect is answered by Ok";
    CONNECT_BAD_PAYLOAD: "connect.bad-payload", SERVER, ["IOTMP25-CONNECT-007"], "a payload that is no credentials is not answered by Ok";
    CONNECT_KEEP_ALIVE: "connect.keep-alive-limit", SERVER, ["IOTMP25-CONNECT-009"], "too long a keep alive interval is answered by Error";
    CONNECT_WAIT: "connect.wait", DEVICE, ["IOTMP25-CONNECT-013"], "nothing is answered before the Ok of Connect";
    CONNECT_REFUSED: "connect.refused", DEVICE, ["IOTMP25-CONNECT-014"], "a device that was refused says no more";
    CONNECT_BARE_OK: "connect.bare-ok", SERVER, ["IOTMP25-CONNECT-015"], "the Ok of Connect holds nothing else";
    ALIVE_EMPTY: "keep-alive.empty", BOTH, ["IOTMP25-KEEPALIVE-001"], "Keep Alive has no body";
    ALIVE_INTERVAL: "keep-alive.interval", DEVICE, ["IOTMP25-KEEPALIVE-002"], "Keep Alive comes every interval";
    ALIVE_ANSWERED: "keep-alive.answered", SERVER, ["IOTMP25-KEEPALIVE-003"], "Keep Alive is answered at once";
    ALIVE_MISSED: "keep-alive.missed", SERVER, ["IOTMP25-KEEPALIVE-004"], "a device whose Keep Alive is overdue is let go";
    ALIVE_IN_TIME: "keep-alive.in-time", SERVER, ["IOTMP25-KEEPALIVE-005"], "a device whose Keep Alive is in time is kept";
    ALIVE_UNANSWERED: "keep-alive.unanswered", DEVICE, ["IOTMP25-KEEPALIVE-006"], "a server that does not answer Keep Alive is left";
    DISCONNECT_LAST: "disconnect.last", BOTH, ["IOTMP25-DISCONNECT-001"], "Disconnect is the last message";
    RUN_ANSWER: "run.one-answer", BOTH, ["IOTMP25-RUN-001"], "a Run with a stream identifier gets one answer";
    RUN_SILENT: "run.no-answer", BOTH, ["IOTMP25-RUN-002"], "a Run without a stream identifier gets none";
    RUN_RESOURCE: "run.resource", BOTH, ["IOTMP25-RUN-005"], "a Run without a resource is not answered by Ok";
    DESCRIBE_ALL: "describe.all", DEVICE, ["IOTMP25-DESCRIBE-001"], "Describe maps every resource to what it is";
    DESCRIBE_FUNCTION: "describe.function", DEVICE, ["IOTMP25-DESCRIBE-002"], "every description has the function";
    DESCRIBE_ONE: "describe.one", DEVICE, ["IOTMP25-DESCRIBE-003"], "Describe of a resource gives samples";
    DESCRIBE_UNKNOWN: "describe.unknown", DEVICE, ["IOTMP25-DESCRIBE-004"], "Describe of a resource that was not described is answered by Error";
    DESCRIBE_TYPES: "describe.types", DEVICE, ["IOTMP25-DESCRIBE-005"], "what a description holds has its type";
    STREAM_STARTED: "stream.started", DEVICE, ["IOTMP25-STREAM-001"], "Start Stream is answered by Ok";
    STREAM_INTERVAL: "stream.interval", DEVICE, ["IOTMP25-STREAM-003"], "values come every interval";
    STREAM_OPENED: "stream.opened", BOTH, ["IOTMP25-STREAM-004"], "values belong to a stream that was opened";
    STREAM_STOPPED: "stream.stopped", BOTH, ["IOTMP25-STREAM-005"], "Stop Stream is answered by Ok, and nothing follows";
    STREAM_STOP_UNKNOWN: "stream.stop-unknown", BOTH, ["IOTMP25-STREAM-006"], "Stop Stream of no stream is answered by Error";
    STREAM_SEVERAL: "stream.several", DEVICE, ["IOTMP25-STREAM-007"], "several streams are open at once";
    STREAM_REPLACED: "stream.replaced", DEVICE, ["IOTMP25-STREAM-008"], "a stream that another one replaced says no more";
    STREAM_ID: "stream.id", BOTH, ["IOTMP25-STREAM-010"], "values carry the stream identifier of their stream";
    STREAM_NAMED: "stream.named", DEVICE, ["IOTMP20-STREAM-015"], "the first Start Stream of a stream names the resource, or is answered by Error";
    STREAM_KIND: "stream.kind", BOTH, ["IOTMP23-STREAM-020"], "Stream Data says whether it is input or output";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ALL;
    use crate::specs;

    #[test]
    fn every_rule_has_an_id_of_its_own_and_a_clause_somewhere() {
        let slugs: BTreeSet<&str> = ALL.iter().map(|rule| rule.slug).collect();
        assert_eq!(slugs.len(), ALL.len());
        for rule in ALL.iter().filter(|rule| !rule.clauses.is_empty()) {
            for id in rule.clauses {
                let known = specs::all().iter().any(|spec| spec.clause(id).is_some());
                assert!(known, "{}: no specification has {id}", rule.slug);
            }
        }
    }
}
