//! Where an HTTP face is.

use core::fmt::{self, Write as _};
use core::str::FromStr;

use hyper::Uri;
use hyper::header::HeaderValue;
use iotmp_ref::device::Address;

/// Port of HTTP where a URL names none.
const HTTP: u16 = 80;
/// Port of HTTPS where a URL names none.
const HTTPS: u16 = 443;

/// What the paths of an HTTP face are below: `http://HOST[:PORT][/PATH]`, or `https://`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    pub(super) address: Address,
    pub(super) host: HeaderValue,
    /// What stands before all paths, without a slash at its end.
    pub(super) prefix: String,
}

/// Why a text is no such URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no URL of an HTTP face; write http://HOST:PORT or https://HOST:PORT")]
pub struct InvalidUrl(String);

impl BaseUrl {
    /// Whether it is reached over TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.address.is_tls
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls() { "https" } else { "http" };
        let host = self.host.to_str().unwrap_or_default();
        write!(f, "{scheme}://{host}{}", self.prefix)
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let invalid = || InvalidUrl(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let (is_tls, port) = match uri.scheme_str() {
            Some("http") => (false, HTTP),
            Some("https") => (true, HTTPS),
            _ => return Err(invalid()),
        };
        let authority = uri.authority().ok_or_else(invalid)?;
        // Who asks shows a token, and nothing is asked for yet.
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(invalid());
        }
        let mut address = Address::parse_or(authority.as_str(), port).map_err(|_| invalid())?;
        address.is_tls = is_tls;
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| invalid())?;
        Ok(Self {
            address,
            host,
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

/// A name as one segment of a path.
pub(super) fn segment(name: &str) -> String {
    let mut written = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(written, "%{byte:02X}");
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_the_face_is() {
        let check = |text: &str, host: &str, port: u16, is_tls: bool, prefix: &str| {
            let url: BaseUrl = text.parse().unwrap();
            assert_eq!(url.address.host, host, "{text}");
            assert_eq!(url.address.port, port, "{text}");
            assert_eq!(
                (url.is_tls(), url.prefix.as_str()),
                (is_tls, prefix),
                "{text}"
            );
        };
        check("http://127.0.0.1:8080", "127.0.0.1", 8080, false, "");
        check("http://h/", "h", 80, false, "");
        check("https://h/a/b/", "h", 443, true, "/a/b");
        for text in [
            "",
            "h:1",
            "127.0.0.1:8080",
            "ftp://h",
            "http://u@h",
            "http://h?x",
            "http://h:x",
        ] {
            let error = text.parse::<BaseUrl>().unwrap_err();
            assert_eq!(error, InvalidUrl(text.to_owned()));
        }
    }

    #[test]
    fn whatever_is_no_plain_letter_is_escaped() {
        assert_eq!(segment("a-Z_0.~"), "a-Z_0.~");
        assert_eq!(segment("a/b ?é"), "a%2Fb%20%3F%C3%A9");
    }
}
