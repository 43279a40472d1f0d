//! A server's HTTP face, as `docs/http.md` describes it, and who uses it.

mod events;
mod url;

use core::fmt;
use core::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use iotmp_ref::device::Address;
use iotmp_ref::transport::Transport;
use serde_json::Value as Json;
use tokio::task::JoinSet;

use self::events::Events;
use self::url::segment;
use super::Credentials;
use super::operator::{Asked, Listener, Operator, Told, Unheard};

pub use self::url::{BaseUrl, InvalidUrl};

/// Most of an answer's body that is read, in bytes.
const MAX_BODY: usize = 1 << 20;
/// Most of an error's body that is shown, in characters.
const SHOWN: usize = 200;

/// Uses the HTTP face of a server.
pub struct RestOperator {
    face: Face,
}

/// Where the face is, and how to get in.
#[derive(Clone)]
struct Face {
    address: Address,
    transport: Transport,
    host: HeaderValue,
    prefix: String,
    authorization: HeaderValue,
}

/// Why there is no [`RestOperator`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFace {
    /// The URL cannot be used.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// A header does not carry the token.
    #[error("a token is of visible ASCII characters")]
    Token,
}

impl fmt::Debug for RestOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestOperator")
            .field("address", &self.face.address)
            .finish_non_exhaustive()
    }
}

impl RestOperator {
    /// Uses the face below `base`, over `transport`, which has TLS where the URL
    /// says so, with `token` as the bearer token.
    ///
    /// # Errors
    /// Where a header cannot carry one of them.
    pub fn new(base: &BaseUrl, transport: Transport, token: &str) -> Result<Self, InvalidFace> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| InvalidFace::Token)?;
        authorization.set_sensitive(true);
        let face = Face {
            address: base.address.clone(),
            transport,
            host: base.host.clone(),
            prefix: base.prefix.clone(),
            authorization,
        };
        Ok(Self { face })
    }
}

/// An answer whose body goes on as long as the connection is kept.
struct Answer {
    response: Response<Incoming>,
    /// Ends the connection when it is dropped.
    _connection: JoinSet<()>,
}

fn failed(why: impl fmt::Display) -> Unheard {
    Unheard::Failed(why.to_string())
}

impl Face {
    /// The path of a device's resources.
    fn resources(&self, device: &Credentials) -> String {
        let Self { prefix, .. } = self;
        let (user, device) = (segment(&device.user), segment(&device.device));
        format!("{prefix}/v3/users/{user}/devices/{device}/resources")
    }

    fn resource(&self, device: &Credentials, resource: &str) -> String {
        let segments: Vec<String> = resource.split('/').map(segment).collect();
        format!("{}/{}", self.resources(device), segments.join("/"))
    }

    /// Sends a request on a connection of its own.
    async fn ask(
        &self,
        method: Method,
        path: String,
        accept: &'static str,
        body: Option<Json>,
    ) -> Result<Answer, Unheard> {
        let place = format!("{method} {path}");
        let broken = |why: &dyn fmt::Display| failed(format!("{place}: {why}"));
        let stream = self.transport.dial(&self.address).await;
        let stream = stream.map_err(|error| broken(&error))?;
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| broken(&error))?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // What goes wrong shows in the answer.
            let _ = connection.await;
        });
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::ACCEPT, accept);
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::new(Bytes::from(body.to_string()))),
            None => request.body(Full::new(Bytes::new())),
        };
        let request = request.map_err(|error| broken(&error))?;
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| broken(&error))?;
        match response.status() {
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Err(broken(&format!("answered by {status}; check --token")))
            }
            _ => Ok(Answer {
                response,
                _connection: tasks,
            }),
        }
    }

    /// Sends a request for a value.
    async fn call(
        &self,
        method: Method,
        path: String,
        body: Option<Json>,
    ) -> Result<Told, Unheard> {
        let answer = self.ask(method, path, "application/json", body).await?;
        let status = answer.response.status();
        let text = text(answer).await?;
        if !status.is_success() {
            return Ok(Told::Error(refusal(status, &text)));
        }
        if text.trim().is_empty() {
            return Ok(Told::Value(None));
        }
        let value: Json = serde_json::from_str(&text)
            .map_err(|error| failed(format!("the answer is not JSON: {error}")))?;
        Ok(Told::Value(Some(value)))
    }
}

async fn text(answer: Answer) -> Result<String, Unheard> {
    let Answer {
        response,
        _connection,
    } = answer;
    let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
    let body = body.map_err(|error| failed(format!("the answer broke off: {error}")))?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}

fn refusal(status: StatusCode, body: &str) -> String {
    let shown: String = body.trim().chars().take(SHOWN).collect();
    format!("{status} {shown}").trim_end().to_owned()
}

impl Operator for RestOperator {
    fn run<'a>(
        &'a self,
        device: &'a Credentials,
        resource: &'a str,
        input: Option<Json>,
        _within: Duration,
    ) -> Asked<'a, Told> {
        Box::pin(async move {
            let path = self.face.resource(device, resource);
            let method = match input {
                Some(_) => Method::POST,
                None => Method::GET,
            };
            self.face.call(method, path, input).await
        })
    }

    fn describe<'a>(
        &'a self,
        device: &'a Credentials,
        resource: Option<&'a str>,
    ) -> Asked<'a, Told> {
        Box::pin(async move {
            let path = match resource {
                Some(resource) => format!("{}?describe", self.face.resource(device, resource)),
                None => self.face.resources(device),
            };
            self.face.call(Method::GET, path, None).await
        })
    }

    fn listen<'a>(
        &'a self,
        device: &'a Credentials,
        resource: &'a str,
        interval: Duration,
    ) -> Asked<'a, Box<dyn Listener>> {
        Box::pin(async move {
            let path = self.face.resource(device, resource);
            let mut listener = RestListener {
                face: self.face.clone(),
                path,
                events: None,
            };
            listener.open(interval).await?;
            Ok(Box::new(listener) as Box<dyn Listener>)
        })
    }
}

/// A listener by Server-Sent Events.
struct RestListener {
    face: Face,
    path: String,
    events: Option<Events>,
}

impl RestListener {
    /// Listens anew, and only then no longer as before: the stream is never without a listener.
    async fn open(&mut self, interval: Duration) -> Result<(), Unheard> {
        let path = format!("{}?interval={}", self.path, interval.as_secs_f64());
        let accept = "text/event-stream";
        let answer = self.face.ask(Method::GET, path, accept, None).await?;
        let status = answer.response.status();
        if !status.is_success() {
            return Err(failed(refusal(status, &text(answer).await?)));
        }
        let kind = answer.response.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with(accept) {
            return Err(failed(format!("{accept} was asked for, {kind:?} came")));
        }
        self.events = Some(Events::new(answer));
        Ok(())
    }
}

impl Listener for RestListener {
    fn set_interval(&mut self, interval: Duration) -> Asked<'_, ()> {
        Box::pin(self.open(interval))
    }

    fn next(&mut self) -> Asked<'_, Json> {
        Box::pin(async move {
            match &mut self.events {
                Some(events) => events.next().await,
                None => Err(failed("nobody listens")),
            }
        })
    }
}
