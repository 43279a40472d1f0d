//! What the bytes of one message show, whatever its place in the session.

use iotmp_ref::pson::Value;
use iotmp_ref::wire::Encoding;
use iotmp_spec::model::{Body, KeyPart, KeyValue, Shape, Spec, WireType};

use super::super::message::Passed;
use super::super::rule::{self, Rule};
use crate::codec::{Annotation, Class};
use crate::subject::vocabulary;

/// A rule, and how a message broke it.
#[derive(Debug)]
pub(in crate::observe) struct Break {
    pub(in crate::observe) rule: &'static Rule,
    pub(in crate::observe) expected: String,
    pub(in crate::observe) got: String,
}

/// What a message shows of the rules about bytes.
#[derive(Debug, Default)]
pub(in crate::observe) struct Shown {
    pub(in crate::observe) kept: Vec<&'static Rule>,
    pub(in crate::observe) broken: Vec<Break>,
}

impl Shown {
    fn kept(&mut self, rule: &'static Rule) {
        if !self.kept.iter().any(|known| known.slug == rule.slug) {
            self.kept.push(rule);
        }
    }

    fn broken(&mut self, rule: &'static Rule, expected: &str, got: impl Into<String>) {
        self.kept.retain(|known| known.slug != rule.slug);
        self.broken.push(Break {
            rule,
            expected: expected.to_owned(),
            got: got.into(),
        });
    }
}

/// Looks at the bytes of a message whose values are in `encoding` where nothing else says otherwise.
pub(in crate::observe) fn look(spec: &Spec, encoding: Encoding, passed: &Passed) -> Shown {
    let mut shown = Shown::default();
    shown.kept(&rule::MESSAGE);
    shown.kept(&rule::VARINT);
    let Body::KeyValue(layout) = &spec.body else {
        return shown;
    };
    let mut keys = Keys {
        layout,
        encoding,
        wire: None,
    };
    let mut field: Option<&Annotation> = None;
    for note in &passed.annotations {
        let bytes = passed.bytes.get(note.offset..note.offset + note.length);
        let bytes = bytes.unwrap_or_default();
        if note.label == "key" {
            keys.pass(bytes);
            shown.kept(&rule::KEY);
            if keys.carries_values() {
                shown.kept(&rule::WIRE_TYPE);
            }
            field = Some(note);
            continue;
        }
        match note.label {
            "number" => shown.kept(&rule::NUMBER),
            "float" => float(&mut shown, keys.encoding(), bytes),
            "json" => shown.kept(&rule::JSON),
            _ => {}
        }
        if keys.is_negotiated() {
            shown.kept(&rule::NEGOTIATED);
        }
        match keys.encoding() {
            Some(Encoding::Pson1) => pson1(&mut shown, note),
            Some(Encoding::Pson2) => pson2(&mut shown, note, bytes),
            _ => {}
        }
        if note.label == "integer" && field.is_some_and(|field| field.path == note.path) {
            // The whole of a field, which an encoder of bare integers writes as a varint.
            match keys.encoding() {
                Some(_) => shown.broken(
                    &rule::BARE_INTEGER,
                    "a varint field",
                    format!("{} = {} as a value", note.path, note.value),
                ),
                None => shown.kept(&rule::BARE_INTEGER),
            }
        }
    }
    match passed.fault() {
        Some(class) => refused(&mut shown, keys.encoding(), class, passed),
        None => {
            shown.kept(&rule::SIZE);
            shown.kept(&rule::MANDATORY);
            whole(&mut shown, passed);
        }
    }
    shown
}

/// What only a message that was read shows.
fn whole(shown: &mut Shown, passed: &Passed) {
    if passed.stream_id().is_some() {
        shown.kept(&rule::ID_WIDTH);
    }
    if vocabulary::is_value(passed.name()) {
        shown.kept(&rule::STREAM_ID);
    }
    for name in ["parameters", "payload", "resource", "input", "output"] {
        if let Some(value) = passed.field(name) {
            sorted(shown, name, &value);
        }
    }
}

fn sorted(shown: &mut Shown, path: &str, value: &Value) {
    match value {
        Value::Map(map) => {
            let keys: Vec<&str> = map.iter().map(|(key, _)| key).collect();
            let mut pairs = keys.iter().zip(keys.iter().skip(1));
            match pairs.find(|(one, next)| one.as_bytes() > next.as_bytes()) {
                Some((one, next)) => shown.broken(
                    &rule::SORTED_KEYS,
                    "keys sorted by their bytes",
                    format!("{one:?} before {next:?} in {path}"),
                ),
                None if keys.len() > 1 => shown.kept(&rule::SORTED_KEYS),
                None => {}
            }
            for (_, value) in map.iter() {
                sorted(shown, path, value);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| sorted(shown, path, value)),
        _ => {}
    }
}

/// Which wire type the values that are passed stand under.
struct Keys<'s> {
    layout: &'s KeyValue,
    encoding: Encoding,
    wire: Option<&'s WireType>,
}

impl Keys<'_> {
    fn pass(&mut self, key: &[u8]) {
        let fold = |number: u64, byte: &u8| number << 7 | u64::from(byte & 0x7f);
        let key = key.iter().rev().fold(0, fold);
        let wire = match self.layout.high {
            KeyPart::Field => key & ((1 << self.layout.low_bits) - 1),
            KeyPart::WireType => key >> self.layout.low_bits,
        };
        let mut wires = self.layout.wire_types.iter();
        self.wire = wires.find(|known| u64::from(known.id) == wire);
    }

    fn names(&self) -> Option<&[String]> {
        match &self.wire?.shape {
            Shape::Encoded(names) | Shape::Sized(names) => Some(names),
            Shape::Varint | Shape::Fixed(_) => None,
        }
    }

    fn carries_values(&self) -> bool {
        self.names().is_some_and(|names| !names.is_empty())
    }

    fn is_negotiated(&self) -> bool {
        self.names().is_some_and(|names| names.len() > 1)
    }

    fn encoding(&self) -> Option<Encoding> {
        match self.names()? {
            [] => None,
            [one] => Encoding::from_name(one),
            _ => Some(self.encoding),
        }
    }
}

fn pson1(shown: &mut Shown, note: &Annotation) {
    shown.kept(&rule::PSON1_FORM);
    match note.label {
        "string" => shown.kept(&rule::PSON1_TEXT),
        "tag" if note.value.starts_with("object") || note.value.starts_with("array") => {
            shown.kept(&rule::PSON1_CONTAINER);
        }
        _ => {}
    }
}

fn pson2(shown: &mut Shown, note: &Annotation, bytes: &[u8]) {
    shown.kept(&rule::PSON2_FORM);
    match note.label {
        "string" => shown.kept(&rule::PSON2_TEXT),
        "tag" if note.value.starts_with("map") || note.value.starts_with("array") => {
            shown.kept(&rule::PSON2_CONTAINER);
        }
        _ => {}
    }
    let is_tag = ["tag", "integer", "negative integer", "value"].contains(&note.label);
    // The number that says that a varint follows.
    const CONTINUED: u8 = 31;
    match bytes {
        [_] if is_tag => shown.kept(&rule::PSON2_SHORT),
        [tag, rest @ ..] if is_tag && tag & 0x1f == CONTINUED => {
            let fold = |number: u128, byte: &u8| number << 7 | u128::from(byte & 0x7f);
            let number = rest.iter().rev().take(10).fold(0, fold);
            if number < u128::from(CONTINUED) {
                let got = format!("{number} behind the tag of {}", note.path);
                shown.broken(&rule::PSON2_SHORT, "a number below 31 in the tag", got);
            }
        }
        _ => {}
    }
}

/// Whether a float had to be one, and had to be as long.
fn float(shown: &mut Shown, encoding: Option<Encoding>, bytes: &[u8]) {
    let rule = match encoding {
        Some(Encoding::Pson1) => &rule::PSON1_FLOAT,
        Some(Encoding::Pson2) => &rule::PSON2_FLOAT,
        _ => return,
    };
    let value = match (<[u8; 4]>::try_from(bytes), <[u8; 8]>::try_from(bytes)) {
        (Ok(bytes), _) => f64::from(f32::from_le_bytes(bytes)),
        (_, Ok(bytes)) => f64::from_le_bytes(bytes),
        _ => return,
    };
    // Beyond, no integer is left to write it as; what becomes of negative zero is left open.
    let integral = value.fract() == 0.0 && value.abs() < 18_446_744_073_709_551_616.0;
    if integral && value != 0.0 {
        shown.broken(rule, "an integer", format!("{value} as a float"));
    } else if bytes.len() == 8
        && matches!(encoding, Some(Encoding::Pson2))
        && f64::from(value as f32) == value
        && value != 0.0
    {
        shown.broken(rule, "a float of 4 bytes", format!("{value} in 8 bytes"));
    } else {
        shown.kept(rule);
    }
}

/// Charges what a codec refused.
fn refused(shown: &mut Shown, encoding: Option<Encoding>, class: Class, passed: &Passed) {
    let Err(refusal) = &passed.content else {
        return;
    };
    let in_field = refusal.path.contains('.');
    let pick = |first: &'static Rule, second: &'static Rule| match encoding {
        Some(Encoding::Pson1) => first,
        Some(Encoding::Pson2) => second,
        Some(Encoding::Json) => &rule::JSON,
        Some(_) => &rule::NEGOTIATED,
        None => &rule::SIZE,
    };
    let (rule, expected) = match class {
        Class::Truncated | Class::TrailingBytes if !in_field => {
            (&rule::SIZE, "fields that fill the body")
        }
        Class::VarintOverflow => (&rule::VARINT, "a number that fits its width"),
        Class::Range if refusal.path.ends_with("stream_id") => {
            (&rule::ID_WIDTH, "a stream identifier of 16 bits")
        }
        Class::Range | Class::Constant => (&rule::NUMBER, "a number in its range"),
        Class::WireType => (&rule::WIRE_TYPE, "a wire type of the revision"),
        Class::WrongType => (&rule::NUMBER, "a varint"),
        Class::MissingField => (missing(passed.name()), "every mandatory field"),
        Class::Utf8 => (pick(&rule::PSON1_TEXT, &rule::PSON2_TEXT), "text in UTF-8"),
        Class::Key => (
            pick(&rule::PSON1_CONTAINER, &rule::PSON2_CONTAINER),
            "keys that are strings",
        ),
        _ => (
            pick(&rule::PSON1_FORM, &rule::PSON2_FORM),
            "a value in its encoding",
        ),
    };
    shown.broken(rule, expected, refusal.to_string());
}

/// The rule that a message breaks which lacks a mandatory field.
fn missing(name: &str) -> &'static Rule {
    match name {
        "connect" => &rule::CONNECT_FIELDS,
        "ok" | "error" => &rule::ID_OF_REQUEST,
        name if vocabulary::is_value(name) => &rule::STREAM_ID,
        _ => &rule::MANDATORY,
    }
}
