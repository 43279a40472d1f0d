//! What stands at which path.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequestParts, Path, RawQuery, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::StreamExt as _;
use serde_json::json;
use tokio::time::timeout;

use super::Face;
use super::error::Refusal;
use super::guard::{guard, wants_events, wants_socket};
use super::query::Query;
use super::{kept, socket, sse};
use crate::json;
use crate::pson::Value;
use crate::server::{DeviceId, DeviceInfo};
use crate::session::{Call, Reply};
use crate::wire::Encoding;

pub(super) const JSON: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

/// How many times the largest body is read and dropped, so that a client that
/// sends all before it reads anything comes to see why it was refused.
const DRAINED: usize = 16;

/// What the gateway answers to.
pub(super) fn router(face: Arc<Face>) -> Router {
    let device = "/v3/users/{user}/devices/{device}";
    let path = |rest: &str| format!("{device}{rest}");
    let router = Router::new()
        .route("/v3/users/{user}/devices", get(devices))
        .route(device, get(one_device))
        .route(&path("/resources"), get(all_resources))
        .route(&path("/resources/"), get(all_resources))
        .route(&path("/resources/{*path}"), get(resource).post(run))
        .route(&path("/properties"), get(kept::properties))
        .route(
            &path("/properties/{property}"),
            get(kept::property).put(kept::set_property),
        )
        .route("/v3/users/{user}/buckets/{bucket}", get(kept::bucket))
        .route("/v3/users/{user}/events/{event}", post(kept::event))
        .layer(from_fn_with_state(Arc::clone(&face), guard))
        .route("/openapi.json", get(description));
    // Devices show no token: what they connect with says who they are.
    #[cfg(feature = "ws")]
    let router = router.route(crate::transport::ws::PATH, get(super::devices::connect));
    router
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .with_state(face)
}

async fn description() -> Response {
    (JSON, include_str!("openapi.json")).into_response()
}

pub(super) async fn nothing() -> Refusal {
    Refusal::not_found(
        "no_such_path",
        "nothing stands at this path",
        "use /v3/users/USER/devices/DEVICE/resources/RESOURCE; /openapi.json lists all paths",
    )
}

async fn not_so(method: Method) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("{method} means nothing at this path"),
        "use GET to read or to run without input, POST to run with input; /openapi.json says more",
    )
}

/// What a path names.
pub(super) struct Place(HashMap<String, String>);

impl Place {
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(super) fn device(&self) -> DeviceId {
        DeviceId::new(self.get("user"), self.get("device"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(names)| Self(names)).map_err(|_| {
            Refusal::bad_request(
                "bad_path",
                "the path is not UTF-8",
                "write other characters than ASCII as percent-encoded UTF-8",
            )
        })
    }
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

pub(super) fn upgraded(upgrade: Upgrade) -> Result<WebSocketUpgrade, Refusal> {
    upgrade.map_err(|rejection| {
        Refusal::bad_request(
            "bad_upgrade",
            format!("this is no handshake of a WebSocket: {rejection}"),
            "send Connection: upgrade, Upgrade: websocket, and the Sec-WebSocket headers",
        )
    })
}

async fn devices(State(face): State<Arc<Face>>, place: Place) -> Response {
    let user = place.get("user");
    let mut known: Vec<_> = face.hub.known(user).collect();
    known.sort_unstable();
    let connected = face.hub.devices();
    let all = known.iter().map(|id| {
        let info = connected.iter().find(|info| info.id == **id);
        shown(id, info)
    });
    (JSON, serde_json::Value::from_iter(all).to_string()).into_response()
}

async fn one_device(State(face): State<Arc<Face>>, place: Place) -> Result<Response, Refusal> {
    let id = place.device();
    known(&face, &id)?;
    let info = face.hub.device(&id);
    Ok((JSON, shown(&id, info.as_ref()).to_string()).into_response())
}

fn shown(id: &DeviceId, info: Option<&DeviceInfo>) -> serde_json::Value {
    match info {
        None => json!({ "device": id.device, "connected": false }),
        Some(info) => json!({
            "device": id.device,
            "connected": true,
            "connections": info.connections,
            "spec": info.spec,
            "encoding": info.encoding.name(),
            "keep_alive": info.keep_alive.as_secs(),
            "client_type": info.client_type,
            "firmware": info.firmware,
        }),
    }
}

/// Refuses a device that may not connect.
pub(super) fn known(face: &Face, id: &DeviceId) -> Result<(), Refusal> {
    if face.hub.is_known(id) {
        return Ok(());
    }
    let error = crate::server::CallError::NotConnected(id.clone());
    Err(Refusal::call(&face.hub, error))
}

async fn all_resources(
    State(face): State<Arc<Face>>,
    place: Place,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    let id = place.device();
    if wants_socket(&headers) {
        known(&face, &id)?;
        return socket::switched(&face, upgraded(upgrade)?, id);
    }
    let reply = face.hub.describe(&id.user, &id.device, None).await;
    reply
        .map(answer)
        .map_err(|error| Refusal::call(&face.hub, error))
}

async fn resource(
    State(face): State<Arc<Face>>,
    place: Place,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    let (id, path) = (place.device(), place.get("path"));
    let query = Query::new(query.as_deref());
    if wants_socket(&headers) {
        let upgrade = upgraded(upgrade)?;
        let listener = face.listen(id, path, query).await?;
        return socket::of_one(&face, upgrade, listener);
    }
    if wants_events(&headers) {
        let listener = face.listen(id, path, query).await?;
        return Ok(sse::events(&face, listener));
    }
    let reply = match query.get("describe") {
        Some(_) => {
            let resource = Some(path.into());
            face.hub.describe(&id.user, &id.device, resource).await
        }
        None => face.hub.run(&id.user, &id.device, Call::new(path)).await,
    };
    reply
        .map(answer)
        .map_err(|error| Refusal::call(&face.hub, error))
}

async fn run(
    State(face): State<Arc<Face>>,
    place: Place,
    request: Request,
) -> Result<Response, Refusal> {
    let (id, path) = (place.device(), place.get("path"));
    let mut call = Call::new(path);
    call.payload = body(&face, request).await?;
    let reply = face.hub.run(&id.user, &id.device, call).await;
    reply
        .map(answer)
        .map_err(|error| Refusal::call(&face.hub, error))
}

fn answer(reply: Reply) -> Response {
    match reply.payload {
        Some(value) => (JSON, json::text(&value)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

/// The body of a request as a value; `None` if there is none.
pub(super) async fn body(face: &Face, request: Request) -> Result<Option<Value>, Refusal> {
    let limit = face.config.max_body;
    let too_large = || {
        Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("the body has more than {limit} bytes"),
            "send less",
        )
    };
    if announced(request.headers()).is_some_and(|length| length > limit)
        && request.headers().contains_key(header::EXPECT)
    {
        return Err(too_large());
    }
    let read = timeout(face.config.read_timeout, read(request.into_body(), limit));
    let bytes = match read.await {
        Ok(Ok(Some(bytes))) => bytes,
        Ok(Ok(None)) => return Err(too_large()),
        Ok(Err(error)) => {
            return Err(Refusal::bad_request(
                "bad_body",
                format!("the body broke off: {error}"),
                "send as many bytes as the request says",
            ));
        }
        Err(_) => {
            return Err(Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_timeout",
                "the body did not arrive in time",
                "send it at once, and as many bytes as the request says",
            ));
        }
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let value = Encoding::Json.decode(&bytes).map_err(|error| {
        Refusal::bad_request(
            "bad_json",
            format!("the body is not JSON: {error}"),
            "send one JSON value; a text needs quotes",
        )
    })?;
    Ok(Some(value))
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// All of a body; `None` if that is more than `limit` bytes.
async fn read(body: Body, limit: usize) -> Result<Option<Vec<u8>>, axum::Error> {
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut length) = (Vec::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        length = length.saturating_add(chunk.len());
        if length > limit.saturating_mul(DRAINED) {
            break;
        }
        match length > limit {
            true => bytes = Vec::new(),
            false => bytes.extend_from_slice(&chunk),
        }
    }
    Ok((length <= limit).then_some(bytes))
}
