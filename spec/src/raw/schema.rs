//! A JSON Schema of the language, so that editors complete and check.
//!
//! The structs of [`raw`](super) say which keys there are, the tables of
//! [`check`](crate::check) which words. A file that extends another one may
//! leave out everything but what it says of itself, and may delete, so that
//! there are two schemas in one: for files that stand alone, and for files that
//! extend.

use core::marker::PhantomData;
use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{Constant, Field, Fixed, FixedField, KeyValue, Revision, Spec};
use crate::check;
use crate::merge::IDENTITY;

/// What a definition is called that belongs to files that extend.
const EXTENDING: &str = "extending.";

/// Names, and what each of them names.
pub(super) struct Items<T>(PhantomData<T>);

/// The body of either kind.
pub(super) struct Body;

/// A field of either kind of body.
pub(super) struct AnyField;

impl<T: JsonSchema> JsonSchema for Items<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("ItemsOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let item = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": item })
    }
}

impl JsonSchema for Body {
    fn schema_name() -> Cow<'static, str> {
        "Body".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        either(
            generator.subschema_for::<KeyValue>(),
            generator.subschema_for::<Fixed>(),
        )
    }
}

impl JsonSchema for AnyField {
    fn schema_name() -> Cow<'static, str> {
        "AnyField".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        either(
            generator.subschema_for::<Field>(),
            generator.subschema_for::<FixedField>(),
        )
    }
}

impl JsonSchema for Revision {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Revision".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "minimum": 0 })
    }
}

impl JsonSchema for Constant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Constant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "minimum": 0 })
    }
}

fn either(first: Schema, second: Schema) -> Schema {
    json_schema!({ "anyOf": [first, second] })
}

/// The schema of the language.
pub(crate) fn schema() -> Value {
    // The default settings are those of draft 2020-12, in which an option may be null; here a key
    // without a value is a mistake.
    let settings = SchemaSettings::draft2020_12();
    let generated = settings.into_generator().into_root_schema_for::<Spec>();
    let mut root = generated.to_value();
    let Some(object) = root.as_object_mut() else {
        return root;
    };
    let mut defs = match object.remove("$defs") {
        Some(Value::Object(defs)) => defs,
        _ => Map::new(),
    };
    let dialect = object.remove("$schema");
    let title = json!("Protocol specification");
    object.remove("title");
    defs.insert("Spec".to_owned(), root);
    for def in defs.values_mut() {
        tidy(def);
    }
    for (name, key, words) in check::words() {
        restrict(&mut defs, name, key, words);
    }
    let extending: Vec<_> = defs
        .iter()
        .map(|(name, def)| {
            let is_root = name == "Spec";
            let mut def = def.clone();
            extend(&mut def, is_root);
            if !is_root {
                or_null(&mut def);
            }
            (format!("{EXTENDING}{name}"), def)
        })
        .collect();
    defs.extend(extending);
    if let Some(extends) = defs
        .get_mut("Spec")
        .and_then(|spec| spec.get_mut("properties"))
    {
        // A file that has it is held against the other schema.
        if let Some(properties) = extends.as_object_mut() {
            properties.remove("extends");
        }
    }
    let reference = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    let mut sorted: Vec<_> = defs.into_iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    json!({
        "$schema": dialect,
        "title": title,
        "if": { "type": "object", "required": ["extends"] },
        "then": reference(&format!("{EXTENDING}Spec")),
        "else": reference("Spec"),
        "$defs": Map::from_iter(sorted),
    })
}

/// Takes out what serde says of types and YAML does not: nulls, formats, titles of Rust.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.remove("format");
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|ty| ty != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(options)) = object.get_mut("anyOf") {
                options.retain(|option| *option != json!({ "type": "null" }));
                if let [only] = options.as_slice() {
                    let only = only.clone();
                    object.remove("anyOf");
                    if let Value::Object(only) = only {
                        object.extend(only);
                    }
                }
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(elements) => elements.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// Restricts the value of a key, or each element of its list.
fn restrict(defs: &mut Map<String, Value>, name: &str, key: &str, words: Value) {
    let property = defs
        .get_mut(name)
        .and_then(|def| def.get_mut("properties")?.get_mut(key));
    let target = match property {
        Some(property) if property.get("items").is_some() => property.get_mut("items"),
        property => property,
    };
    if let (Some(Value::Object(target)), Value::Object(words)) = (target, words) {
        target.extend(words);
    }
}

/// Makes a schema one for files that extend: keys may be absent, and null where they are deleted.
fn extend(schema: &mut Value, is_root: bool) {
    let Value::Object(object) = schema else {
        if let Value::Array(elements) = schema {
            elements
                .iter_mut()
                .for_each(|element| extend(element, false));
        }
        return;
    };
    if let Some(Value::String(reference)) = object.get_mut("$ref") {
        *reference = reference.replace("#/$defs/", &format!("#/$defs/{EXTENDING}"));
    }
    if is_root {
        if let Some(Value::Array(required)) = object.get_mut("required") {
            required.retain(|key| key.as_str().is_some_and(|key| IDENTITY.contains(&key)));
        }
    } else {
        object.remove("required");
    }
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                for (name, property) in properties {
                    extend(property, false);
                    if !(is_root && IDENTITY.contains(&name.as_str())) {
                        or_null(property);
                    }
                }
            }
            ("additionalProperties", item @ Value::Object(_)) => {
                extend(item, false);
                or_null(item);
            }
            (_, value) => extend(value, false),
        }
    }
}

/// Allows `~` as well. What a reference leads to allows it by itself.
fn or_null(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(ty) = object.get_mut("type") {
        match ty {
            Value::Array(types) => types.push(json!("null")),
            only => *only = json!([only.clone(), "null"]),
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.push(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_restriction_meets_its_key() {
        let schema = schema();
        for (name, key, words) in check::words() {
            let property = schema.pointer(&format!("/$defs/{name}/properties/{key}"));
            let property = property.unwrap_or_else(|| panic!("{name} has no key {key}"));
            let target = property.get("items").unwrap_or(property);
            for (word, value) in words.as_object().expect("an object") {
                assert_eq!(target.get(word), Some(value), "{name}.{key}");
            }
        }
    }

    #[test]
    fn no_key_may_be_null_unless_a_file_extends() {
        let schema = schema();
        for (name, def) in schema["$defs"].as_object().expect("definitions") {
            let text = def.to_string();
            let nullable = text.contains("\"null\"");
            let holds_keys = def.get("properties").is_some();
            assert_eq!(
                nullable,
                name.starts_with(EXTENDING) && holds_keys,
                "{name}"
            );
        }
    }
}
