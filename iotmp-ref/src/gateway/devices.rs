//! Devices that connect over WebSocket at the listener of the HTTP face.

use alloc::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::time::timeout_at;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::{Instrument, info, info_span};

use super::Face;
use super::error::Refusal;
use super::listen::Peer;
use super::routes::{nothing, upgraded};
use crate::transport::ws::{self, ByteStream};

/// Makes a connection of a device out of a request.
pub(super) async fn connect(
    State(face): State<Arc<Face>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Result<Response, Refusal> {
    let Some(acceptor) = &face.config.devices else {
        return Err(nothing().await);
    };
    let (mut parts, _) = request.into_parts();
    let taken = parts.extensions.get::<OnUpgrade>().cloned();
    // The bytes are the server's own business: of this only the checks are needed.
    let _ = upgraded(WebSocketUpgrade::from_request_parts(&mut parts, &()).await)?;
    let key = parts.headers.get(header::SEC_WEBSOCKET_KEY);
    let (Some(taken), Some(key)) = (taken, key) else {
        return Err(Refusal::bad_request(
            "bad_upgrade",
            "this connection cannot become a WebSocket",
            "open one over HTTP/1.1, with a Sec-WebSocket-Key",
        ));
    };
    if !ws::is_offered(&parts.headers) {
        return Err(Refusal::bad_request(
            "bad_subprotocol",
            "devices speak the subprotocol iotmp here",
            "send Sec-WebSocket-Protocol: iotmp",
        ));
    }
    let accept = derive_accept_key(key.as_bytes());
    let Some(admission) = acceptor.admit() else {
        return Err(Refusal::busy("too many devices are connected"));
    };
    let serving = async move {
        match timeout_at(admission.deadline(), taken).await {
            Ok(Ok(stream)) => {
                let stream = ByteStream::server(TokioIo::new(stream), ws::MAX_MESSAGE).await;
                admission.serve(stream, peer).await;
            }
            Ok(Err(error)) => info!(%error, "closed: the handshake failed"),
            Err(_) => info!("closed: no handshake in time"),
        }
    };
    tokio::spawn(serving.instrument(info_span!("connection", %peer, over = "http")));
    let switching = (
        StatusCode::SWITCHING_PROTOCOLS,
        [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (
                header::SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_static(ws::SUBPROTOCOL),
            ),
        ],
        [(header::SEC_WEBSOCKET_ACCEPT, accept)],
        Body::empty(),
    );
    Ok(switching.into_response())
}
