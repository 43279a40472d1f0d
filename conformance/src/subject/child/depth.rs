//! How deep values are nested, which a codec may limit.

use serde_json::Value as Json;

/// How many containers stand in each other.
pub(super) fn depth(value: &Json) -> u64 {
    let inside = match value {
        Json::Array(elements) => elements.iter().map(depth).max(),
        Json::Object(members) => match (members.get("type"), members.get("value")) {
            (None, _) => members.values().map(depth).max(),
            // A map of tagged form: an array of arrays of key and value.
            (Some(_), Some(Json::Array(pairs))) => {
                let values = pairs.iter().filter_map(|pair| pair.get(1));
                values.map(depth).max()
            }
            (Some(_), _) => return 0,
        },
        _ => return 0,
    };
    1 + inside.unwrap_or(0)
}
