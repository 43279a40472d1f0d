//! What the dissector has to know of a specification.

use iotmp_spec::model::{
    Body, ByteOrder, Direction, Enum, Extent, Field, FieldType, IntEncoding, KeyPart, MapEntry,
    Message, Shape, Spec, WireType,
};
use serde_json::{Map, Value, json};

/// The table `SPEC`.
pub(super) fn of(spec: &Spec, ports: &str) -> Value {
    json!({
        "name": spec.name.replace('-', "_"),
        "title": spec.title,
        "ports": ports,
        "code": number(spec.framing.code),
        "size": spec.framing.size.map(number),
        "min_size": spec.framing.min_size,
        "max_message_size": spec.limit("max_message_size"),
        "max_depth": spec.limit("max_depth").unwrap_or(DEFAULT_MAX_DEPTH),
        "body": body(spec),
        "enums": object(spec.enums.iter().map(|e| (e.name.clone(), enumeration(e)))),
        "maps": object(spec.maps.iter().map(|map| {
            let entries = map.entries.iter().map(|entry| map_entry(spec, entry));
            (map.name.clone(), entries.collect())
        })),
        "messages": spec.messages.iter().map(|m| message(spec, m)).collect::<Value>(),
    })
}

/// Deepest nesting of a value where a specification sets no limit.
const DEFAULT_MAX_DEPTH: u64 = 128;

fn object(entries: impl Iterator<Item = (String, Value)>) -> Value {
    Value::Object(Map::from_iter(entries))
}

fn number(encoding: IntEncoding) -> Value {
    let kind = match encoding {
        IntEncoding::Varint(_) => "varint",
        IntEncoding::BigEndian(_) => "big",
        IntEncoding::LittleEndian(_) => "little",
    };
    json!({ "kind": kind, "bits": encoding.bits() })
}

fn body(spec: &Spec) -> Value {
    match &spec.body {
        Body::KeyValue(layout) => json!({
            "kind": "key-value",
            "key": number(layout.key),
            "field_high": layout.high == KeyPart::Field,
            "low_bits": layout.low_bits,
            "wire_types": layout.wire_types.iter().map(wire_type).collect::<Value>(),
            "encodings": super::encodings(spec),
            "default_encoding": layout.values.default_encoding,
            "integers_as_varint": layout.values.integers_as_varint,
        }),
        Body::Fixed(layout) => json!({
            "kind": "fixed",
            "little": layout.byte_order == ByteOrder::LittleEndian,
            "prefix_size": layout.prefix.iter().filter_map(|f| spec.width(f)).sum::<u64>(),
        }),
    }
}

fn wire_type(wire: &WireType) -> Value {
    let (shape, bytes, encodings) = match &wire.shape {
        Shape::Varint => ("varint", None, None),
        Shape::Fixed(bytes) => ("fixed", Some(*bytes), None),
        Shape::Sized(names) => ("sized", None, Some(names)),
        Shape::Encoded(names) => ("encoded", None, Some(names)),
    };
    json!({ "id": wire.id, "name": wire.name, "shape": shape, "bytes": bytes, "encodings": encodings })
}

fn enumeration(e: &Enum) -> Value {
    let named = e.values.iter();
    let encodings = e.values.iter().filter_map(|value| {
        let encoding = value.encoding.as_ref()?;
        Some(json!({ "number": value.value, "encoding": encoding }))
    });
    json!({
        "values": named.map(|v| json!({ "number": v.value, "name": v.name })).collect::<Value>(),
        "encodings": encodings.collect::<Value>(),
    })
}

fn map_entry(spec: &Spec, entry: &MapEntry) -> Value {
    let known = spec.enumeration(&entry.ty).map(|e| e.name.as_str());
    json!({ "name": entry.name, "key": entry.key, "enum": known, "doc": entry.doc })
}

fn message(spec: &Spec, message: &Message) -> Value {
    json!({
        "name": message.name,
        "code": message.code,
        "direction": match message.direction {
            Direction::ToServer => "to-server",
            Direction::ToDevice => "to-device",
            Direction::Both => "both",
        },
        "answers_to": !message.answers_to.is_empty(),
        "answers": answers(spec, message),
        "fields": message.fields.iter().map(|f| field(spec, f)).collect::<Value>(),
    })
}

/// How answers to a message are told apart that share a code.
fn answers(spec: &Spec, request: &Message) -> Value {
    let mut codes: Vec<u32> = Vec::new();
    for message in &spec.messages {
        if message.answers_to.contains(&request.name) && !codes.contains(&message.code) {
            codes.push(message.code);
        }
    }
    codes
        .into_iter()
        .map(|code| {
            let messages = spec.answers_by_code(code, &request.name);
            let selector = spec.selector(&messages).filter(|_| messages.len() > 1);
            let selector = selector.map(|selector| {
                let cases = selector.cases.iter();
                json!({
                    "offset": selector.offset,
                    "bytes": selector.encoding.bits() / 8,
                    "cases": cases
                        .map(|(number, name)| json!({ "number": number, "name": name }))
                        .collect::<Value>(),
                })
            });
            let only = messages.first().map(|message| message.name.as_str());
            json!({ "code": code, "only": only, "selector": selector })
        })
        .collect()
}

fn field(spec: &Spec, field: &Field) -> Value {
    let mut table = json!({
        "name": field.name,
        "id": field.id,
        "mandatory": field.mandatory,
        "constant": field.constant,
        "max": field.max,
        "doc": field.doc,
    });
    let ty = match &field.ty {
        FieldType::Varint(bits) => json!({ "kind": "number", "bits": bits }),
        FieldType::Int(encoding) => json!({ "kind": "number", "bits": encoding.bits() }),
        FieldType::Enum(name) => {
            let bits = spec.enumeration(name).map(|e| e.bits);
            json!({ "kind": "number", "bits": bits, "enum": name })
        }
        FieldType::Any(map) => json!({ "kind": "any", "map": map }),
        FieldType::Text(extent) => sized("string", *extent),
        FieldType::Bytes(extent) => sized("bytes", *extent),
    };
    if let (Value::Object(table), Value::Object(ty)) = (&mut table, ty) {
        table.extend(ty);
    }
    table
}

fn sized(kind: &str, extent: Extent) -> Value {
    match extent {
        Extent::Exact(size) => json!({ "kind": kind, "size": size }),
        Extent::Prefixed(prefix) => json!({ "kind": kind, "prefix": prefix.bits() }),
        Extent::Rest => json!({ "kind": kind, "rest": true }),
    }
}
