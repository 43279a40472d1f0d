//! Who stands behind a subject: makes it do what only it can start, and knows what the wire does not show.
//!
//! A server runs a resource of a device when one of its users asks for that, and
//! a device sends data when something happens. How they are brought to it is no
//! matter of the protocol, so that it takes somebody who knows the subject at
//! hand: a [`HubOperator`] a server in this process, a [`RestOperator`] one with
//! an HTTP face, a [`ColleagueOperator`] one whose devices can call each other.
//!
//! [`RestOperator`]: super::RestOperator
//! [`ColleagueOperator`]: super::ColleagueOperator

use core::fmt;
use core::pin::Pin;
use core::time::Duration;

use iotmp_ref::server::{CallError, Hub, Stream};
use iotmp_ref::session::{Call, Reply};
use serde_json::Value as Json;

use super::Credentials;
use crate::json;
use crate::verdict::Stop;

/// Something to ask of the application behind a subject of Nubison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Of that behind a server: a command to the device; what comes of it is the answer.
    Command(Option<Vec<u8>>),
    /// Of that behind a server: whether a device's payload has arrived.
    Arrived(Vec<u8>),
    /// Of that behind a device: data to the server.
    Data(Vec<u8>),
    /// Of that behind a device: a heartbeat to the server.
    Heartbeat(Option<Vec<u8>>),
    /// Of that behind a device: the end of its login.
    Logout,
    /// Of that behind a device: whether a command's payload has arrived.
    Heard(Option<Vec<u8>>),
}

/// Why nothing comes of what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// The operator cannot do that.
    #[error("nobody who stands behind the subject can be asked for that")]
    Unable,
    /// It was done, and the subject broke a rule in it.
    #[error("{}", .0.verdict().reason().unwrap_or_default())]
    Broken(Stop),
    /// It was done and failed, or did not come to pass.
    #[error("{0}")]
    Failed(String),
}

/// What comes of something asked of an operator, or why nothing does.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unheard>> + Send + 'a>>;

/// What comes of an [`Ask`]; it does not need the operator any more.
pub type Answering = Asked<'static, Option<Vec<u8>>>;

/// What a server tells a user of its call to a device.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// What the device has given, if anything.
    Value(Option<Json>),
    /// That it has failed, and why.
    Error(String),
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(Some(value)) => write!(f, "the value {value}"),
            Self::Value(None) => f.write_str("no value"),
            Self::Error(why) => write!(f, "the error {why:?}"),
        }
    }
}

/// Payloads that mean something to a subject of Nubison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payloads {
    /// One that the server takes; none where it takes any but the next two.
    pub right: Option<Vec<u8>>,
    /// One that has not the structure that the server wants.
    pub wrong: Option<Vec<u8>>,
    /// One on which the subject fails.
    pub failing: Option<Vec<u8>>,
}

impl Payloads {
    /// None is known.
    pub const UNKNOWN: Self = Self {
        right: None,
        wrong: None,
        failing: None,
    };
}

/// Whoever stands behind a subject. What it does not say is what it cannot do.
pub trait Operator: fmt::Debug + Send + Sync {
    /// Lets a server run a resource of a device with that input, for an answer
    /// that it waits for as long as `within`, where that can be chosen.
    fn run<'a>(
        &'a self,
        _device: &'a Credentials,
        _resource: &'a str,
        _input: Option<Json>,
        _within: Duration,
    ) -> Asked<'a, Told> {
        unable()
    }

    /// Lets a server ask a device for all of its resources, or for samples of one.
    fn describe<'a>(
        &'a self,
        _device: &'a Credentials,
        _resource: Option<&'a str>,
    ) -> Asked<'a, Told> {
        unable()
    }

    /// Listens to a resource of a device, with a value every `interval`.
    ///
    /// It ends when the device has answered what the server asks of it.
    fn listen<'a>(
        &'a self,
        _device: &'a Credentials,
        _resource: &'a str,
        _interval: Duration,
    ) -> Asked<'a, Box<dyn Listener>> {
        unable()
    }

    /// Whether those who listen to one resource are users of the server, and not
    /// parts of its program that take streams from each other.
    fn shares_streams(&self) -> bool {
        true
    }

    /// Asks the application behind a subject of Nubison.
    fn ask(&self, _what: Ask) -> Answering {
        unable()
    }

    /// What is known of a subject of Nubison.
    fn payloads(&self) -> &Payloads {
        &Payloads::UNKNOWN
    }
}

fn unable<'a, T: Send + 'a>() -> Asked<'a, T> {
    Box::pin(core::future::ready(Err(Unheard::Unable)))
}

/// A user of a server who listens to a resource, until it is dropped.
pub trait Listener: Send + Sync {
    /// Wants a value every `interval` from now on.
    fn set_interval(&mut self, interval: Duration) -> Asked<'_, ()>;

    /// The next value. None is lost where the future is dropped.
    fn next(&mut self) -> Asked<'_, Json>;
}

/// Makes a server of the reference in this process call its devices.
#[derive(Debug)]
pub struct HubOperator(Hub);

impl HubOperator {
    /// An operator that calls by `hub`.
    #[must_use]
    pub const fn new(hub: Hub) -> Self {
        Self(hub)
    }
}

fn told(result: Result<Reply, CallError>) -> Told {
    match result {
        Ok(reply) => Told::Value(reply.payload.as_ref().map(json::meaning_to)),
        Err(error) => Told::Error(error.to_string()),
    }
}

fn failed(error: impl fmt::Display) -> Unheard {
    Unheard::Failed(error.to_string())
}

impl Operator for HubOperator {
    fn run<'a>(
        &'a self,
        device: &'a Credentials,
        resource: &'a str,
        input: Option<Json>,
        within: Duration,
    ) -> Asked<'a, Told> {
        Box::pin(async move {
            let mut call = Call::new(resource);
            call.payload = match &input {
                Some(input) => Some(json::meaning_from(input).map_err(failed)?),
                None => None,
            };
            let hub = self.0.clone().with_timeout(within);
            Ok(told(hub.run(&device.user, &device.device, call).await))
        })
    }

    fn describe<'a>(
        &'a self,
        device: &'a Credentials,
        resource: Option<&'a str>,
    ) -> Asked<'a, Told> {
        Box::pin(async move {
            let resource = resource.map(Into::into);
            let described = self.0.describe(&device.user, &device.device, resource);
            Ok(told(described.await))
        })
    }

    fn listen<'a>(
        &'a self,
        device: &'a Credentials,
        resource: &'a str,
        interval: Duration,
    ) -> Asked<'a, Box<dyn Listener>> {
        Box::pin(async move {
            let call = Call::new(resource);
            let stream = self.0.stream(&device.user, &device.device, call, interval);
            match stream.await {
                Ok(stream) => Ok(Box::new(HubListener(stream)) as Box<dyn Listener>),
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn shares_streams(&self) -> bool {
        false
    }
}

/// A stream of a hub.
struct HubListener(Stream);

impl Listener for HubListener {
    fn set_interval(&mut self, interval: Duration) -> Asked<'_, ()> {
        Box::pin(async move { self.0.set_interval(interval).await.map_err(failed) })
    }

    fn next(&mut self) -> Asked<'_, Json> {
        Box::pin(async move {
            let sample = self.0.next().await;
            let sample = sample.ok_or_else(|| failed("the stream has ended"))?;
            let value = sample.payload.as_ref().map(json::meaning_to);
            Ok(value.unwrap_or_default())
        })
    }
}
