//! Text out of bytes.

use core::str::Utf8Error;

use ascii::AsAsciiStr;

/// The text that `bytes` are.
///
/// Short ASCII, as most text in messages is, takes a multiple of its time in
/// [`from_utf8`](core::str::from_utf8), which goes byte by byte up to an aligned place.
#[inline(always)]
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Utf8Error> {
    match bytes.as_ascii_str() {
        Ok(text) => Ok(text.as_str()),
        Err(_) => beyond_ascii(bytes),
    }
}

#[inline(never)]
fn beyond_ascii(bytes: &[u8]) -> Result<&str, Utf8Error> {
    core::str::from_utf8(bytes)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::text;

    #[test]
    fn as_the_standard_library_has_it() {
        let pieces: [&[u8]; 7] = [
            b"a",
            b"thermostat",
            "\u{e9}".as_bytes(),
            "\u{1f600}".as_bytes(),
            b"\xff",
            b"\xc3",
            b"\xed\xa0\x80",
        ];
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    for ascii in 0..40 {
                        let mut bytes: Vec<u8> = b"x".repeat(ascii);
                        bytes.extend([first, second, third].concat());
                        assert_eq!(text(&bytes), core::str::from_utf8(&bytes));
                    }
                }
            }
        }
    }
}
