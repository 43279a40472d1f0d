//! The rules under which differences fall: what each does to a peer of the
//! other revision.

use core::fmt::{self, Write};

use serde::Serialize;

/// What a difference does to a peer of the other revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Severity {
    /// It may fail to understand, or understand something else.
    #[serde(rename = "wire-breaking")]
    Breaking,
    /// It goes on as before.
    #[serde(rename = "compatible")]
    Compatible,
    /// It cannot notice.
    #[serde(rename = "prose")]
    Prose,
}

impl Severity {
    /// All, the worst first.
    pub const ALL: [Self; 3] = [Self::Breaking, Self::Compatible, Self::Prose];
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Breaking => "wire-breaking",
            Self::Compatible => "compatible",
            Self::Prose => "prose",
        })
    }
}

/// A kind of difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Name in kebab case. Stable.
    #[serde(rename = "rule")]
    pub name: &'static str,
    /// What it does.
    pub severity: Severity,
    /// Why it does that.
    #[serde(skip)]
    pub why: &'static str,
}

macro_rules! rules {
    ($($constant:ident $severity:ident $name:literal $why:literal)*) => {
        $(
            pub(super) const $constant: Rule = Rule {
                name: $name,
                severity: Severity::$severity,
                why: $why,
            };
        )*
        /// Every rule: the breaking ones first, and those about framing before those about meaning.
        pub const RULES: &[Rule] = &[$($constant),*];
    };
}

rules! {
    FRAMING Breaking "framing"
        "a receiver does not find where a message begins or ends"
    BODY_LAYOUT Breaking "body-layout"
        "no body can be read"
    BYTE_ORDER Breaking "byte-order"
        "every number of more than one byte is another number"
    MIN_SIZE_LARGER Breaking "min-size-larger"
        "a message that was long enough is not processed"
    LAYOUT_SHIFTED Breaking "layout-shifted"
        "what stands behind it is read at another place, or taken for the next message"
    KEY_LAYOUT Breaking "key-layout"
        "every key means another field or another wire type, or none"
    WIRE_TYPE_ID Breaking "wire-type-id"
        "a value under the number of one revision is refused, or read as something else, by the other"
    WIRE_TYPE_SHAPE Breaking "wire-type-shape"
        "a receiver takes too many or too few bytes for the value"
    WIRE_TYPE_ADDED Breaking "wire-type-added"
        "a receiver cannot even skip a field whose wire type it does not know"
    WIRE_TYPE_REMOVED Breaking "wire-type-removed"
        "a field under a wire type that is gone is refused"
    DEFAULT_ENCODING Breaking "default-encoding"
        "values are read in an encoding that they are not written in, unless another one is negotiated"
    ENCODING_ORDER Breaking "encoding-order"
        "the first encoding is the default, and negotiation may go by their places"
    ENCODING_REMOVED Breaking "encoding-removed"
        "a peer that knows no other encoding can send no value"
    INTEGERS Breaking "integers-as-varint"
        "an integer that is a whole value travels under another wire type than is expected"
    MESSAGE_CODE Breaking "message-code"
        "a receiver does not know the message, or takes it for another"
    MESSAGE_ADDED_UNSIZED Breaking "message-added-unsized"
        "without a size in the frame a receiver cannot skip a message that it does not know"
    MESSAGE_REMOVED Breaking "message-removed"
        "a peer that still sends it is not understood"
    DIRECTION_NARROWED Breaking "direction-narrowed"
        "a peer may still send it in the direction that is not allowed any more"
    ANSWERS Breaking "answers"
        "a request gets an answer that its sender does not expect, or waits for one that does not come"
    FIELD_ID Breaking "field-id"
        "a receiver does not find the field under its key, or finds another one there"
    FIELD_TYPE Breaking "field-type"
        "the value is read as something else, or refused"
    FIELD_NARROWER Breaking "field-narrower"
        "what was allowed is refused"
    FIELD_MAP Breaking "field-map"
        "the value is held against other keys than it was written with"
    FIELD_MANDATORY Breaking "field-mandatory"
        "a message without the field, which the older revision allows, is refused by the newer"
    FIELD_OPTIONAL Breaking "field-optional"
        "a message without the field, which the newer revision allows, is refused by the older"
    FIELD_DEFAULT Breaking "field-default"
        "the absence of the field means something else"
    FIELD_CONSTANT Breaking "field-constant"
        "the number tells which message it is, and another one is refused"
    FIELD_ADDED_MANDATORY Breaking "field-added-mandatory"
        "messages of the older revision do not have it and are refused"
    FIELD_REMOVED Breaking "field-removed"
        "what a peer says in it is not heard any more; if it was mandatory, messages without it are refused"
    ENUM_NUMBER Breaking "enum-number"
        "a name stands for another number, a number for another name"
    ENUM_ENCODING Breaking "enum-encoding"
        "the two ends agree on a number and mean two encodings by it"
    ENUM_VALUE_REMOVED Breaking "enum-value-removed"
        "a peer that still sends the number is not understood"
    ENUM_CLOSED Breaking "enum-closed"
        "a number without a name, which survived, is refused"
    ENUM_OPENED Breaking "enum-opened"
        "a number without a name, which the newer revision allows, is refused by the older"
    CLOSED_ENUM_VALUE Breaking "closed-enum-value"
        "the enum is closed: the older revision refuses the number"
    ENUM_NARROWER Breaking "enum-narrower"
        "a number that was allowed is refused"
    ENUM_REMOVED Breaking "enum-removed"
        "its numbers mean nothing any more"
    ENTRY_KEY Breaking "entry-key"
        "a receiver does not find the entry under its key"
    ENTRY_TYPE Breaking "entry-type"
        "the value of the entry is read as something else, or refused"
    ENTRY_MANDATORY Breaking "entry-mandatory"
        "a map without the entry, which the older revision allows, is refused by the newer"
    ENTRY_OPTIONAL Breaking "entry-optional"
        "a map without the entry, which the newer revision allows, is refused by the older"
    ENTRY_DEFAULT Breaking "entry-default"
        "the absence of the entry means something else"
    ENTRY_ADDED_MANDATORY Breaking "entry-added-mandatory"
        "maps of the older revision do not have it and are refused"
    ENTRY_REMOVED Breaking "entry-removed"
        "what a peer says in it is not heard any more"
    MAP_REMOVED Breaking "map-removed"
        "its keys mean nothing any more"
    INITIAL_STATE Breaking "initial-state"
        "the two ends begin in different states"
    STATE_REMOVED Breaking "state-removed"
        "one end is in a state that the other does not know"
    STATE_SENDS Breaking "state-sends"
        "a message comes in a state in which it is not expected"
    TRANSITION Breaking "transition"
        "after the same event the two ends are in different states"
    TIMER Breaking "timer"
        "the two ends wait for different times: one gives up, or comes late"
    LIMIT_SMALLER Breaking "limit-smaller"
        "what was small enough is refused"
    READING Breaking "reading"
        "the reference, and all who follow it, behave in another way where the sources leave it open"
    MUST_ADDED Breaking "must-added"
        "who kept every rule may break this one; others may count on it"
    MUST_REMOVED Breaking "must-removed"
        "others may have counted on it"

    FRAMING_WIDER Compatible "framing-wider"
        "what could be written before is written as before; larger numbers are new"
    MIN_SIZE_SMALLER Compatible "min-size-smaller"
        "a message that was long enough still is"
    WIRE_TYPE_RENAMED Compatible "wire-type-renamed"
        "names do not travel"
    ENCODING_ADDED Compatible "encoding-added"
        "it is used only by those who agree on it"
    MESSAGE_ADDED Compatible "message-added"
        "a receiver that does not know it can skip it by its size"
    MESSAGE_RENAMED Compatible "message-renamed"
        "names do not travel; in generated code the name changes"
    DIRECTION_WIDENED Compatible "direction-widened"
        "who could send it before sends it as before"
    FIELD_ADDED Compatible "field-added"
        "a receiver that does not know it skips it; messages without it stay good"
    FIELD_RENAMED Compatible "field-renamed"
        "names do not travel; in generated code the name changes"
    FIELD_WIDER Compatible "field-wider"
        "what could be written before is written as before; what is larger is new"
    FIELD_NAMES Compatible "field-names"
        "the number stays; only whether it has a name is new"
    FIELD_ORDER Compatible "field-order"
        "fields are found by their keys, in any order"
    ENUM_ADDED Compatible "enum-added"
        "nothing of before holds it"
    ENUM_RENAMED Compatible "enum-renamed"
        "names do not travel; in generated code the name changes"
    ENUM_VALUE_ADDED Compatible "enum-value-added"
        "enums are open: a number without a name survives"
    ENUM_VALUE_RENAMED Compatible "enum-value-renamed"
        "names do not travel; in generated code the name changes"
    ENUM_WIDER Compatible "enum-wider"
        "what could be written before is written as before; larger numbers are new"
    ENTRY_ADDED Compatible "entry-added"
        "a receiver that does not know it skips it; maps without it stay good"
    ENTRY_RENAMED Compatible "entry-renamed"
        "the key is what travels; in generated code the name changes"
    ENTRY_NAMES Compatible "entry-names"
        "the number stays; only whether it has a name is new"
    MAP_ADDED Compatible "map-added"
        "nothing of before holds it"
    MAP_RENAMED Compatible "map-renamed"
        "names do not travel; in generated code the name changes"
    STATE_ADDED Compatible "state-added"
        "what leads to it is listed by itself"
    STATE_RENAMED Compatible "state-renamed"
        "names do not travel"
    STATE_SENDS_NEW Compatible "state-sends-new"
        "the message itself is new; who does not know it skips it in every state"
    LIMIT_LARGER Compatible "limit-larger"
        "what was small enough still is"
    LIMIT_REMOVED Compatible "limit-removed"
        "what was small enough still is"
    RENAMED Compatible "renamed"
        "names do not travel; in generated code the name changes"
    RULE_ADDED Compatible "rule-added"
        "nobody has to keep it, so nobody may count on it"
    RULE_REMOVED Compatible "rule-removed"
        "nobody had to keep it, so nobody could count on it"
    RULE_LEVEL Compatible "rule-level"
        "nobody had to keep it, and nobody has to now"
    AMBIGUITY Compatible "ambiguity"
        "what is open is told more fully; the reference does as before"

    IDENTITY Prose "identity"
        "what the specification is called"
    CLAUSE_RENAMED Prose "clause-renamed"
        "the rule stays, and its older id is kept as an alias"
    CLAUSE_TEXT Prose "clause-text"
        "an id stands for one rule for ever, so its words only tell it better; a rule that changes takes a new id"
    WORDS Prose "words"
        "words for people"
}

/// The table of all rules, for people.
#[must_use]
pub fn policy() -> String {
    let mut text = String::from("Every change falls under one rule:\n");
    for severity in Severity::ALL {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{severity}\n");
        for rule in RULES.iter().filter(|rule| rule.severity == severity) {
            let _ = writeln!(text, "  {:<22} {}", rule.name, rule.why);
        }
    }
    text.push_str(
        "\nWhat has the same name in both is the same thing. Of the rest, what has the same code, identifier, number or\n\
         key is the same thing under another name.",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::{RULES, Severity};

    #[test]
    fn names_are_unique_and_severities_in_order() {
        let mut names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
        let rank = |severity| Severity::ALL.iter().position(|other| *other == severity);
        assert!(RULES.is_sorted_by_key(|rule| rank(rule.severity)));
    }
}
