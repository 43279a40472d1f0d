//! The reference's generated codec as a subject: one typed message enum for
//! every specification, reached by names.

use iotmp_ref::message::{iotmp_2020, iotmp_2023, iotmp_2025, iotmp_shipping, nubison};
use iotmp_ref::pson::Value;
use iotmp_ref::wire::{
    Any, BuildError, DecodeError, EncodeError, Encoding, FieldValue, KeyLayout, Shape,
};
use iotmp_spec::model::FieldType;
use serde_json::{Map, Value as Json, json};

use crate::json;
use crate::vector::Kind;

use super::{CodecSubject, Question, Reply};

/// The codec that the reference peers use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference;

impl CodecSubject for Reference {
    fn name(&self) -> &'static str {
        "reference codec"
    }

    fn refuses_exactly(&self) -> bool {
        true
    }

    fn decode(&mut self, question: Question<'_>, bytes: &[u8]) -> Reply {
        match (question.kind, question.encoding) {
            (Kind::Message, _) => decode_message(&question, bytes),
            (Kind::Value, Some(encoding)) => match encoding.decode(bytes) {
                Ok(value) => Reply::Decoded {
                    value: json::meaning_to(&value),
                    consumed: bytes.len(),
                },
                Err(error) => error.into(),
            },
            (Kind::Value, None) => Reply::Unsupported("a value needs its encoding".to_owned()),
        }
    }

    fn encode(&mut self, question: Question<'_>, value: &Json) -> Reply {
        match (question.kind, question.encoding) {
            (Kind::Message, _) => encode_message(&question, value),
            (Kind::Value, Some(encoding)) => match json::meaning_from(value) {
                Ok(value) => match encoding.to_vec(&value) {
                    Ok(bytes) => Reply::Encoded(bytes),
                    Err(error) => error.into(),
                },
                Err(error) => Reply::Unsupported(error.to_string()),
            },
            (Kind::Value, None) => Reply::Unsupported("a value needs its encoding".to_owned()),
        }
    }
}

/// What code for all specifications has to know of a generated module.
struct Dialect {
    /// Keys and wire types; none where fields have no keys.
    layout: Option<&'static KeyLayout>,
    /// Encoding of values unless another is asked for or announced.
    default: Encoding,
    /// Whether a whole non-negative integer travels as a varint field.
    integers_as_varint: bool,
    /// Where a message announces the encoding of its own values.
    announcement: Option<Announcement>,
}

/// A number of a message that names an encoding.
#[derive(Clone, Copy)]
struct Announcement {
    message: &'static str,
    /// The field that is the number, or the map that holds it.
    field: &'static str,
    /// The key in the map.
    key: Option<&'static str>,
    /// What the number stands for.
    encoding: fn(u64) -> Option<Encoding>,
}

impl Announcement {
    /// The encoding in what the field holds.
    fn encoding_in(&self, field: &Value) -> Option<Encoding> {
        let number = match self.key {
            Some(key) => field.get(key)?.as_u64()?,
            None => field.as_u64()?,
        };
        (self.encoding)(number)
    }
}

/// What differs between the generated modules is their names, and what they hold.
macro_rules! per_spec {
    ($question:expr, |$module:ident, $dialect:ident| $body:expr) => {
        match $question.spec.name.as_str() {
            iotmp_2020::NAME => {
                use iotmp_2020 as $module;
                let $dialect = keys!($module, None);
                $body
            }
            iotmp_2023::NAME => {
                use iotmp_2023 as $module;
                let field = "encoding";
                let $dialect = keys!(
                    $module,
                    announcement!($module, PayloadEncoding, field, None)
                );
                $body
            }
            iotmp_2025::NAME => {
                use iotmp_2025 as $module;
                let key = Some($module::connect_parameters::PROTOCOL_VERSION);
                let field = "parameters";
                let $dialect = keys!($module, announcement!($module, ProtocolVersion, field, key));
                $body
            }
            iotmp_shipping::NAME => {
                use iotmp_shipping as $module;
                let $dialect = keys!($module, None);
                $body
            }
            nubison::NAME => {
                use nubison as $module;
                let $dialect = Dialect {
                    layout: None,
                    default: $module::DEFAULT_ENCODING,
                    integers_as_varint: false,
                    announcement: None,
                };
                $body
            }
            name => Reply::Unsupported(format!("no messages of {name} were generated")),
        }
    };
}

/// The dialect of a module whose fields have keys.
macro_rules! keys {
    ($module:ident, $announcement:expr) => {
        Dialect {
            layout: Some(&$module::LAYOUT),
            default: $module::DEFAULT_ENCODING,
            integers_as_varint: $module::INTEGERS_AS_VARINT,
            announcement: $announcement,
        }
    };
}

/// Where a Connect names the encoding of values.
macro_rules! announcement {
    ($module:ident, $numbers:ident, $field:expr, $key:expr) => {
        Some(Announcement {
            message: $module::Connect::NAME,
            field: $field,
            key: $key,
            encoding: |number| $module::$numbers(u8::try_from(number).ok()?).encoding(),
        })
    };
}

fn decode_message(question: &Question<'_>, bytes: &[u8]) -> Reply {
    per_spec!(question, |spec, dialect| {
        let decode = |encoding| match question.request {
            Some(request) => {
                spec::decode_answer_as(bytes, spec::MessageType(request.code), encoding)
            }
            None => spec::decode_as(bytes, encoding),
        };
        let result = match question.encoding {
            Some(encoding) => decode(encoding),
            None => announced(&dialect, decode, |message, place| {
                let mut announced = None;
                if message.name() == Some(place.message) {
                    message.visit(&mut |name, value| {
                        if name == place.field {
                            announced = meaning(&value).and_then(|v| place.encoding_in(&v));
                        }
                    });
                }
                announced
            }),
        };
        match result {
            Ok((spec::Message::Unknown(message), consumed)) => Reply::Decoded {
                value: json!({
                    "type": format!("0x{:02x}", message.code),
                    "body": {"type": "bytes", "value": hex::encode(&message.body)},
                }),
                consumed,
            },
            Ok((message, consumed)) => {
                let mut object = Map::new();
                object.insert("type".to_owned(), json!(message.name()));
                let mut failure = None;
                message.visit(
                    &mut |name, value| match field_to(&value, dialect.integers_as_varint) {
                        Ok(value) => {
                            object.insert(name.to_owned(), value);
                        }
                        Err(error) => failure = Some(error),
                    },
                );
                match failure {
                    Some(error) => error.into(),
                    None => Reply::Decoded {
                        value: Json::Object(object),
                        consumed,
                    },
                }
            }
            Err(error) => error.into(),
        }
    })
}

/// A message that announces the encoding of its own values is read in the one
/// that it announces when read in it; one that contradicts itself in all of
/// them is read in the default.
fn announced<M>(
    dialect: &Dialect,
    decode: impl Fn(Encoding) -> Result<(M, usize), DecodeError>,
    announced: impl Fn(&M, Announcement) -> Option<Encoding>,
) -> Result<(M, usize), DecodeError> {
    let first = decode(dialect.default);
    let Some(place) = dialect.announcement else {
        return first;
    };
    let agrees = |result: &Result<(M, usize), DecodeError>, encoding| {
        result.as_ref().is_ok_and(|(message, _)| {
            announced(message, place).unwrap_or(dialect.default) == encoding
        })
    };
    if agrees(&first, dialect.default) {
        return first;
    }
    let others = dialect.encodings();
    let others = others.into_iter().filter(|other| *other != dialect.default);
    others
        .map(|other| (decode(other), other))
        .find(|(result, other)| agrees(result, *other))
        .map_or(first, |(result, _)| result)
}

impl Dialect {
    /// The encodings that there are wire types for.
    fn encodings(&self) -> Vec<Encoding> {
        let shapes = self.layout.map_or(&[][..], |layout| layout.shapes);
        let lists = shapes.iter().flatten().filter_map(|shape| match shape {
            Shape::Encoded(encodings) | Shape::Sized(encodings) => Some(*encodings),
            _ => None,
        });
        lists.flatten().copied().collect()
    }
}

/// What a field means.
fn meaning(value: &FieldValue<'_>) -> Option<Value> {
    match value {
        FieldValue::Number(number) => Some(Value::from(*number)),
        FieldValue::Any(any) => any.to_value().ok(),
        _ => None,
    }
}

fn field_to(value: &FieldValue<'_>, integers_as_varint: bool) -> Result<Json, DecodeError> {
    Ok(match value {
        FieldValue::Number(number) => json::meaning_to(&Value::from(*number)),
        FieldValue::Any(Any::Varint(number)) if !integers_as_varint => json::varint_to(*number),
        FieldValue::Any(any) => json::meaning_to(&any.to_value()?),
        FieldValue::Text(text) => json!(text),
        FieldValue::Bytes(bytes) => json::meaning_to(&Value::Bytes(bytes.to_vec())),
        _ => json!(null),
    })
}

fn encode_message(question: &Question<'_>, value: &Json) -> Reply {
    let name = value.get("type").and_then(Json::as_str).unwrap_or_default();
    let Some(message) = question.spec.message(name) else {
        return Reply::Unsupported(format!("there is no message {name:?}"));
    };
    per_spec!(question, |spec, dialect| {
        let announced = dialect
            .announcement
            .filter(|place| name == place.message)
            .and_then(|place| {
                place.encoding_in(&json::meaning_from(value.get(place.field)?).ok()?)
            });
        let encoding = question.encoding.or(announced).unwrap_or(dialect.default);
        let mut failure = None;
        let mut field = |name: &'static str| {
            let json = value.get(name)?;
            let result = match message.field(name).map(|field| &field.ty) {
                Some(FieldType::Any(_)) => {
                    any_from(json, encoding, dialect.integers_as_varint).map(FieldValue::Any)
                }
                Some(FieldType::Text(_) | FieldType::Bytes(_)) => sized_from(json),
                _ => number_from(json).map(FieldValue::Number),
            };
            result.map_err(|reply| failure = Some(reply)).ok()
        };
        let built = spec::Message::build(name, &mut field);
        match (failure, built) {
            (Some(reply), _) => reply,
            (None, Err(error)) => error.into(),
            (None, Ok(message)) => match message.to_vec() {
                Ok(bytes) => Reply::Encoded(bytes),
                Err(error) => error.into(),
            },
        }
    })
}

fn number_from(json: &Json) -> Result<u64, Reply> {
    let value = json::meaning_from(json).map_err(|error| Reply::Unsupported(error.to_string()))?;
    value
        .as_u64()
        .ok_or_else(|| Reply::Unsupported(format!("{json} is no number")))
}

/// Text or bytes, whichever the field takes.
fn sized_from(json: &Json) -> Result<FieldValue<'static>, Reply> {
    match json::meaning_from(json) {
        Ok(Value::String(text)) => Ok(FieldValue::Text(text.into())),
        Ok(Value::Bytes(bytes)) => Ok(FieldValue::Bytes(bytes.into())),
        Ok(_) => Err(Reply::Unsupported(format!(
            "{json} is neither text nor bytes"
        ))),
        Err(error) => Err(Reply::Unsupported(error.to_string())),
    }
}

fn any_from(
    json: &Json,
    encoding: Encoding,
    integers_as_varint: bool,
) -> Result<Any<'static>, Reply> {
    if json.get("type").and_then(Json::as_str) == Some("varint") {
        let value =
            json::field_meaning(json).map_err(|error| Reply::Unsupported(error.to_string()))?;
        return Ok(Any::Varint(value.as_u64().unwrap_or_default()));
    }
    let value = json::meaning_from(json).map_err(|error| Reply::Unsupported(error.to_string()))?;
    Any::from_value(&value, encoding, integers_as_varint).map_err(Reply::from)
}

fn refused(class: &str, offset: Option<usize>, detail: String) -> Reply {
    Reply::Refused {
        class: class.to_owned(),
        offset,
        detail,
    }
}

impl From<DecodeError> for Reply {
    fn from(error: DecodeError) -> Self {
        refused(error.class(), Some(error.offset()), error.to_string())
    }
}

impl From<BuildError> for Reply {
    fn from(error: BuildError) -> Self {
        let class = match &error {
            BuildError::UnknownMessage => "unknown-message",
            BuildError::MissingField { .. } => "missing-field",
            BuildError::Range { .. } => "range",
            _ => "wrong-type",
        };
        refused(class, None, error.to_string())
    }
}

impl From<EncodeError> for Reply {
    fn from(error: EncodeError) -> Self {
        let class = match &error {
            EncodeError::TooDeep { .. } => "depth",
            EncodeError::Constant { .. } => "constant",
            EncodeError::Size { .. } => "wrong-type",
            EncodeError::TooLarge { .. } => "too-large",
            EncodeError::Gap { .. } => "missing-field",
            _ => "encoding",
        };
        refused(class, None, error.to_string())
    }
}
