//! Who may ask.

use alloc::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Face;
use super::error::Refusal;
use super::query::Query;

/// Lets a request through that shows the token.
pub(super) async fn guard(State(face): State<Arc<Face>>, request: Request, next: Next) -> Response {
    let is_let_in = match bearer(request.headers()) {
        Some(token) => face.config.token.matches(token),
        None => in_query(&face, &request),
    };
    if is_let_in {
        return next.run(request).await;
    }
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "the request shows no token, or a wrong one",
        "send the header `Authorization: Bearer TOKEN`",
    )
    .into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start())
}

/// A browser can give a stream of events or a WebSocket no header, so that these
/// may show their token as RFC 6750, section 2.3, says. Nothing else may: what
/// stands in a URL is written down in many places.
fn in_query(face: &Face, request: &Request) -> bool {
    let is_stream = wants_events(request.headers()) || wants_socket(request.headers());
    if !is_stream || request.method() != Method::GET {
        return false;
    }
    let query = Query::new(request.uri().query());
    let token = query.get("access_token");
    token.is_some_and(|token| face.config.token.matches(&token))
}

/// Whether Server-Sent Events are what is wanted.
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    lists(headers, header::ACCEPT, "text/event-stream")
}

/// Whether a WebSocket is what is wanted.
pub(super) fn wants_socket(headers: &HeaderMap) -> bool {
    lists(headers, header::UPGRADE, "websocket")
}

/// Whether a header names `what`, alone or in a list.
fn lists(headers: &HeaderMap, name: header::HeaderName, what: &str) -> bool {
    let values = headers.get_all(name).into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut items = values.flat_map(|value| value.split(','));
    items.any(|item| {
        let kind = item.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case(what)
    })
}
