//! A server or a device, and how a run treats it.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use iotmp_ref::transport::Transport;
use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};
use tokio::sync::Mutex as AsyncMutex;

use super::catalogue::Catalogue;
use super::link::{Link, Terms};
use super::operator::Operator;
use super::peer::Peer;
use super::transcript::Transcript;
use crate::case::Role;
use crate::verdict::Stop;

/// Who a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Name of the account.
    pub user: String,
    /// Name of the device in it.
    pub device: String,
    /// What proves it.
    pub credential: String,
}

impl Credentials {
    /// The payload of a Connect.
    #[must_use]
    pub fn payload(&self) -> Json {
        json!([self.user, self.device, self.credential])
    }
}

/// How a run treats its subject.
#[derive(Debug, Clone)]
pub struct Manner {
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long a case about time may wait for one thing.
    pub patience: Duration,
    /// Where random choices begin.
    pub seed: u64,
    /// Told of every long wait, in words.
    pub progress: fn(&str),
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3),
            patience: Duration::from_secs(150),
            seed: 1,
            progress: |_| (),
        }
    }
}

/// What is under test.
#[derive(Debug)]
pub struct Subject {
    door: Door,
    spec: &'static Spec,
    manner: Manner,
    start: Instant,
    connections: AtomicU64,
    gone: OnceLock<String>,
    catalogue: OnceLock<Catalogue>,
    /// Whether a server ends a device's connection when a new one opens.
    takes_over: AtomicBool,
    /// Who stands behind it.
    operator: Option<Arc<dyn Operator>>,
    /// A device's connection that was opened to see whether it lives; the next case takes it.
    parked: Mutex<Option<Link>>,
}

/// Where connections come from.
#[derive(Debug)]
pub(super) enum Door {
    /// The suite dials.
    Dial {
        address: String,
        transport: Transport,
        credentials: Credentials,
    },
    /// The suite listens.
    Listen {
        listener: AsyncMutex<tokio::net::TcpListener>,
        /// Longest wait for a device to dial.
        wait: Duration,
        /// The only device that is let in; none is any.
        credentials: Option<Credentials>,
    },
}

impl Subject {
    /// A server at `address`, where `credentials` are valid.
    #[must_use]
    pub fn server(
        spec: &'static Spec,
        address: String,
        credentials: Credentials,
        manner: Manner,
    ) -> Self {
        Self::new(
            spec,
            Door::Dial {
                address,
                transport: Transport::tcp(),
                credentials,
            },
            manner,
        )
    }

    /// Dials a server over something else than TCP alone.
    #[must_use]
    pub fn over(mut self, other: Transport) -> Self {
        if let Door::Dial { transport, .. } = &mut self.door {
            *transport = other;
        }
        self
    }

    /// The device that dials `listener`, again and again, at the latest `wait` after the end of a connection.
    ///
    /// With `credentials` other devices are turned away.
    #[must_use]
    pub fn device(
        spec: &'static Spec,
        listener: tokio::net::TcpListener,
        wait: Duration,
        credentials: Option<Credentials>,
        manner: Manner,
    ) -> Self {
        let door = Door::Listen {
            listener: AsyncMutex::new(listener),
            wait,
            credentials,
        };
        Self::new(spec, door, manner)
    }

    fn new(spec: &'static Spec, door: Door, manner: Manner) -> Self {
        Self {
            door,
            spec,
            manner,
            start: Instant::now(),
            connections: AtomicU64::new(0),
            gone: OnceLock::new(),
            catalogue: OnceLock::new(),
            takes_over: AtomicBool::new(false),
            operator: None,
            parked: Mutex::new(None),
        }
    }

    /// The same with `operator` behind it.
    #[must_use]
    pub fn operated_by(mut self, operator: Arc<dyn Operator>) -> Self {
        self.operator = Some(operator);
        self
    }

    /// Who stands behind it, if anybody is within reach.
    #[must_use]
    pub fn operator(&self) -> Option<&dyn Operator> {
        self.operator.as_deref()
    }

    /// Which end it is.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self.door {
            Door::Dial { .. } => Role::Server,
            Door::Listen { .. } => Role::Device,
        }
    }

    /// What it is tested against.
    #[must_use]
    pub const fn spec(&self) -> &'static Spec {
        self.spec
    }

    /// How the run treats it.
    #[must_use]
    pub const fn manner(&self) -> &Manner {
        &self.manner
    }

    /// Why it can no longer be reached, once that is so.
    #[must_use]
    pub fn gone(&self) -> Option<&str> {
        self.gone.get().map(String::as_str)
    }

    /// What a device offers, once it was asked.
    #[must_use]
    pub fn catalogue(&self) -> Option<&Catalogue> {
        self.catalogue.get()
    }

    pub(crate) fn learn(&self, catalogue: Catalogue) {
        // Learned once; a second answer changes nothing.
        let _ = self.catalogue.set(catalogue);
    }

    /// A handle for one case.
    #[must_use]
    pub fn peer(self: &Arc<Self>) -> Peer {
        Peer::new(Arc::clone(self), Transcript::new(self.start))
    }

    pub(crate) fn set_takes_over(&self) {
        self.takes_over.store(true, Ordering::Relaxed);
    }

    pub(super) fn lose(&self, why: String) -> Stop {
        // Whoever noticed first says why.
        let _ = self.gone.set(why.clone());
        Stop::inconclusive(why)
    }

    pub(super) fn parked(&self) -> Option<Link> {
        self.parked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    pub(super) fn park(&self, link: Link) {
        *self.parked.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
    }

    pub(super) const fn door(&self) -> &Door {
        &self.door
    }

    /// Whether a server ends a device's connection when a new one opens.
    pub(super) fn takes_over(&self) -> bool {
        self.takes_over.load(Ordering::Relaxed)
    }

    /// The number of the next connection, from 1.
    pub(super) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What its connections are told.
    pub(super) fn terms(&self) -> Terms {
        Terms {
            role: self.role(),
            spec: self.spec,
            timeout: self.manner.timeout,
            first_id: 100 + u16::try_from(self.manner.seed % 50_000).unwrap_or(0),
            seed: self.manner.seed,
        }
    }
}
