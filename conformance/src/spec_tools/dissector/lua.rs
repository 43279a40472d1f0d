//! Data as Lua.

use serde_json::Value;

/// A table constructor, a string, a number: what an expression of Lua can be. Keys of tables are
/// text; what is null is left out.
pub(super) fn literal(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

/// Longest table on one line, in bytes.
const MAX_LINE: usize = 100;

fn write(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("nil"),
        Value::Bool(value) => out.push_str(&value.to_string()),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => quote(text, out),
        Value::Array(_) | Value::Object(_) => {
            let mut entries = Vec::new();
            let inner = indent + 2;
            if let Value::Array(elements) = value {
                entries.extend(elements.iter().map(|element| entry(None, element, inner)));
            }
            if let Value::Object(map) = value {
                let set = map.iter().filter(|(_, value)| !value.is_null());
                entries.extend(set.map(|(key, value)| entry(Some(key), value, inner)));
            }
            let line = entries.join(", ");
            if entries.is_empty() {
                out.push_str("{}");
            } else if line.len() + indent < MAX_LINE && !line.contains('\n') {
                out.push_str(&format!("{{ {line} }}"));
            } else {
                out.push_str("{\n");
                for entry in entries {
                    out.push_str(&format!("{:inner$}{entry},\n", ""));
                }
                out.push_str(&format!("{:indent$}}}", ""));
            }
        }
    }
}

fn entry(key: Option<&String>, value: &Value, indent: usize) -> String {
    let mut text = match key {
        None => String::new(),
        Some(key) if is_name(key) => format!("{key} = "),
        Some(key) => {
            let mut text = String::from("[");
            quote(key, &mut text);
            text.push_str("] = ");
            text
        }
    };
    write(value, indent, &mut text);
    text
}

const RESERVED: [&str; 22] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
    "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
];

fn is_name(key: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(word)
        && !RESERVED.contains(&key)
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_ascii_control() => out.push_str(&format!("\\{:03}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::literal;
    use serde_json::json;

    #[test]
    fn data_as_lua() {
        let value = json!({"a": 1, "end": [true, "x\"\u{1}1"], "b-c": null, "d e": {}});
        assert_eq!(
            literal(&value),
            "{ a = 1, [\"end\"] = { true, \"x\\\"\\0011\" }, [\"d e\"] = {} }"
        );
        let long = json!(["x".repeat(60), "y".repeat(60)]);
        let lines: Vec<_> = literal(&long).lines().map(str::len).collect();
        assert_eq!(lines, [1, 65, 65, 1]);
    }
}
