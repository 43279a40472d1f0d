//! What commands read: files and the standard input, neither of which need ever end.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Longest text that is read: more than any report of a run has.
const MOST: u64 = 256 << 20;

/// A file as text.
pub(super) fn text(path: &Path) -> Result<String, String> {
    let read = File::open(path).and_then(|file| all(file, MOST));
    read.map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// All of the standard input as text.
pub(super) fn stdin() -> Result<String, String> {
    let read = all(io::stdin().lock(), MOST);
    read.map_err(|error| format!("the standard input cannot be read: {error}"))
}

fn all(from: impl Read, most: u64) -> io::Result<String> {
    let mut text = String::new();
    from.take(most + 1).read_to_string(&mut text)?;
    match text.len() as u64 > most {
        true => Err(io::Error::other(format!("it is longer than {most} bytes"))),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use std::io::repeat;

    use super::*;

    #[test]
    fn what_has_no_end_is_not_read_to_it() {
        assert_eq!(all(&b"abc"[..], 3).unwrap(), "abc");
        let error = all(repeat(b' '), 1000).unwrap_err();
        assert_eq!(error.to_string(), "it is longer than 1000 bytes");
    }
}
