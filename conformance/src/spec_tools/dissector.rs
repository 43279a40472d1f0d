//! A Wireshark dissector of a specification, in Lua.
//!
//! What is written is data and code: a table made from the model, and behind it
//! the reader of its layout and of the encodings that it names. The code knows
//! no protocol.

mod lua;
mod table;

use iotmp_spec::model::{Body, Shape, Spec};

use self::lua::literal;

/// Readers of values, by the name of their encoding. Values in others are shown as bytes.
const DECODERS: &[(&str, &str)] = &[
    ("pson1", include_str!("dissector/pson1.lua")),
    ("pson2", include_str!("dissector/pson2.lua")),
    ("json", include_str!("dissector/json.lua")),
    ("messagepack", include_str!("dissector/messagepack.lua")),
    ("bson", include_str!("dissector/bson.lua")),
    ("cbor", include_str!("dissector/cbor.lua")),
    ("ubjson", include_str!("dissector/ubjson.lua")),
];

/// A dissector that listens on these TCP ports: a number, or ranges such as `25204,4000-4010`;
/// users can change them.
#[must_use]
pub fn dissector(spec: &Spec, ports: &str) -> String {
    let mut text = format!(
        "-- Wireshark dissector of {}, revision {}.\n\
         -- Made from its specification by `iotmp-conformance spec dissector {}`.\n\
         --\n\
         -- Copy it to the folder of personal Lua plugins (Help, About, Folders), or:\n\
         --   tshark -X lua_script:{}.lua -r capture.pcap\n\n",
        spec.title, spec.revision, spec.name, spec.name
    );
    text.push_str(&format!(
        "local SPEC = {}\n\n",
        literal(&table::of(spec, ports))
    ));
    text.push_str(include_str!("dissector/index.lua"));
    let mut parts = vec![
        include_str!("dissector/cursor.lua"),
        include_str!("dissector/values.lua"),
    ];
    let encodings = encodings(spec);
    let decoders = DECODERS.iter().filter(|(name, _)| encodings.contains(name));
    parts.extend(decoders.map(|(_, source)| *source));
    parts.push(match spec.body {
        Body::KeyValue(_) => include_str!("dissector/key_value.lua"),
        Body::Fixed(_) => include_str!("dissector/fixed.lua"),
    });
    parts.push(include_str!("dissector/tree.lua"));
    parts.push(include_str!("dissector/connection.lua"));
    parts.push(include_str!("dissector/main.lua"));
    for part in parts {
        text.push('\n');
        text.push_str(part);
    }
    text
}

/// The encodings that values may be in, without repetition, in the order of the wire types.
fn encodings(spec: &Spec) -> Vec<&str> {
    let mut encodings: Vec<&str> = Vec::new();
    if let Body::KeyValue(layout) = &spec.body {
        for wire in &layout.wire_types {
            if let Shape::Sized(names) | Shape::Encoded(names) = &wire.shape {
                for name in names {
                    if !encodings.contains(&name.as_str()) {
                        encodings.push(name);
                    }
                }
            }
        }
    }
    encodings
}
