//! Packets, written by hand as the guide lays them out.

use core::time::Duration;

pub(crate) const ID: &str = "client-0000000000001";
pub(crate) const SECRET: &str = "secret-0000000000001";
pub(crate) const TOKEN: &str = "0123456789abcdefghijklmn";

/// The start of every test.
pub(crate) const T0: Duration = Duration::ZERO;

/// Pieces one behind the other.
pub(crate) fn packet(pieces: &[&[u8]]) -> Vec<u8> {
    pieces.concat()
}

/// `R`, the session identifier and what follows.
pub(crate) fn response(session_id: &[u8; 8], rest: &[u8]) -> Vec<u8> {
    packet(&[b"R", session_id, rest])
}

pub(crate) fn login(session_id: &[u8; 8], id: &str, secret: &str, product: &str) -> Vec<u8> {
    let fields = [id, secret, product, "\x07kitchen"].concat();
    packet(&[b"L", session_id, fields.as_bytes()])
}

pub(crate) fn login_accepted(session_id: &[u8; 8]) -> Vec<u8> {
    response(session_id, &[b"\x01", TOKEN.as_bytes()].concat())
}

pub(crate) fn data(session_id: &[u8; 8], token: &str, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    packet(&[b"D", session_id, token.as_bytes(), &length, payload])
}

/// Heartbeat, Command or Logout: what follows the token is `tail`.
pub(crate) fn with_token(code: u8, session_id: &[u8; 8], token: &str, tail: &[u8]) -> Vec<u8> {
    packet(&[&[code], session_id, token.as_bytes(), tail])
}
