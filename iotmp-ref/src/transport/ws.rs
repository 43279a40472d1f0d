//! WebSocket: binary messages that carry a stream of bytes.
//!
//! [`accept`] and [`connect`] do the whole handshake. Where an HTTP server has
//! done the upgrade, [`ByteStream::server`] takes over what is left.

mod stream;

use alloc::string::{String, ToString};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{ProtocolError, SubProtocolError};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{accept_hdr_async_with_config, client_async_with_config};

pub use self::stream::ByteStream;

/// Path of the protocol on a web server (source C).
pub const PATH: &str = "/iotmp";
/// The subprotocol that both ends have to name (source C).
pub const SUBPROTOCOL: &str = "iotmp";
/// Port of a server over WebSocket where an address names none: that of HTTP.
pub const DEFAULT_PORT: u16 = 80;
/// Port of a server over WebSocket and TLS where an address names none: that of
/// HTTPS (source C).
pub const DEFAULT_TLS_PORT: u16 = 443;

/// Most bytes of one WebSocket message, unless told otherwise: enough for the
/// longest message of shipping clients with others beside it.
pub const MAX_MESSAGE: usize = 512 * 1024;

/// How much is read from the transport at once.
const READ_SIZE: usize = 16 * 1024;

/// Whether the headers of a request name [`SUBPROTOCOL`].
#[must_use]
pub fn is_offered(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let mut names = lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','));
    names.any(|name| name.trim() == SUBPROTOCOL)
}

/// The server's part of the handshake on a connection that has just come up,
/// for [`PATH`] and [`SUBPROTOCOL`] alone. It takes as long as the peer lets it,
/// but not more than a request of reasonable size. `max_message` is the most
/// bytes of one WebSocket message.
///
/// # Errors
/// Where the request is another one, which was answered by what is wrong with
/// it, or the transport fails.
pub async fn accept<S>(stream: S, max_message: usize) -> io::Result<ByteStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = Some(config(max_message));
    match accept_hdr_async_with_config(stream, check, config).await {
        Ok(socket) => Ok(ByteStream::new(socket)),
        Err(Error::Http(response)) => {
            let status = response.status();
            Err(io::Error::other(alloc::format!("refused by {status}")))
        }
        Err(Error::Io(error)) => Err(error),
        Err(error) => Err(io::Error::other(error)),
    }
}

// The size of the error is not ours to choose.
#[expect(clippy::result_large_err)]
fn check(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let refuse = |status, why: String| {
        let mut response = ErrorResponse::new(Some(why));
        *response.status_mut() = status;
        Err(response)
    };
    if request.uri().path() != PATH {
        return refuse(
            StatusCode::NOT_FOUND,
            alloc::format!("nothing here; the path is {PATH}\n"),
        );
    }
    if !is_offered(request.headers()) {
        return refuse(
            StatusCode::BAD_REQUEST,
            alloc::format!("offer the subprotocol {SUBPROTOCOL} (Sec-WebSocket-Protocol)\n"),
        );
    }
    let name = HeaderValue::from_static(SUBPROTOCOL);
    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
    Ok(response)
}

/// The device's part of the handshake on a connection that has just come up, to
/// the server that `authority`, `HOST:PORT`, names. It takes as long as the
/// peer lets it. `is_tls` says what `stream` runs over; `max_message` is the
/// most bytes of one WebSocket message.
///
/// # Errors
/// Why the server did not take it, in words.
pub async fn connect<S>(
    stream: S,
    authority: &str,
    is_tls: bool,
    max_message: usize,
) -> Result<ByteStream<S>, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let scheme = if is_tls { "wss" } else { "ws" };
    let url = alloc::format!("{scheme}://{authority}{PATH}");
    let mut request = url
        .into_client_request()
        .map_err(|error| error.to_string())?;
    let name = HeaderValue::from_static(SUBPROTOCOL);
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
    match client_async_with_config(request, stream, Some(config(max_message))).await {
        Ok((socket, _)) => Ok(ByteStream::new(socket)),
        Err(error) => Err(explain(&error)),
    }
}

fn explain(error: &Error) -> String {
    match error {
        Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            let body = String::from_utf8_lossy(body);
            let body: String = body.trim().escape_debug().take(200).collect();
            let status = response.status();
            match body.is_empty() {
                true => alloc::format!("{PATH} was answered by {status}"),
                false => alloc::format!("{PATH} was answered by {status}: {body}"),
            }
        }
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(
            SubProtocolError::NoSubProtocol | SubProtocolError::InvalidSubProtocol,
        )) => alloc::format!("the server does not speak the subprotocol {SUBPROTOCOL}"),
        Error::Protocol(ProtocolError::HandshakeIncomplete) => {
            "the server closed the connection; it does not seem to speak WebSocket here".to_string()
        }
        error => error.to_string(),
    }
}

fn config(max_message: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message))
        .read_buffer_size(READ_SIZE)
        // What is written goes out at once; who writes much at a time waits.
        .write_buffer_size(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subprotocol_is_found_in_any_list() {
        let check = |values: &[&'static str], is_there| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(value));
            }
            assert_eq!(is_offered(&headers), is_there, "{values:?}");
        };
        check(&["iotmp"], true);
        check(&["mqtt, iotmp"], true);
        check(&["mqtt", "iotmp ,x"], true);
        check(&["iotmp2", "xiotmp", "mqtt,"], false);
        check(&[], false);
    }
}
