//! The way down to a part of a message, as text: `connect.payload[2].name`.

use core::fmt::Write;

/// Longest key that is shown whole, in characters.
const SHOWN_CHARS: usize = 64;

/// Adds the name of a field. Returns the length to truncate to afterwards.
pub(crate) fn push_name(path: &mut String, name: &str) -> usize {
    let mark = path.len();
    if mark > 0 {
        path.push('.');
    }
    path.push_str(name);
    mark
}

/// Adds the key of a map, quoted where it is not a plain word.
pub(crate) fn push_key(path: &mut String, key: &str) -> usize {
    let plain = (1..=SHOWN_CHARS).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if plain {
        return push_name(path, key);
    }
    let mark = path.len();
    let shown: String = key.chars().take(SHOWN_CHARS).collect();
    let cut = if shown.len() < key.len() { "…" } else { "" };
    // Writing to a string cannot fail.
    let _ = write!(path, "[{shown:?}{cut}]");
    mark
}

/// Adds the index of an array's element.
pub(crate) fn push_index(path: &mut String, index: usize) -> usize {
    let mark = path.len();
    let _ = write!(path, "[{index}]");
    mark
}

#[cfg(test)]
mod tests {
    use super::{push_index, push_key, push_name};

    #[test]
    fn reads_like_an_expression() {
        let mut path = String::new();
        push_name(&mut path, "connect");
        push_name(&mut path, "payload");
        let mark = push_index(&mut path, 2);
        push_key(&mut path, "name");
        assert_eq!(path, "connect.payload[2].name");
        path.truncate(mark);
        push_key(&mut path, "a.b\n");
        assert_eq!(path, "connect.payload[\"a.b\\n\"]");
        path.truncate(mark);
        push_key(&mut path, &"ñ".repeat(65));
        assert!(path.ends_with("ñ\"…]"));
    }
}
