//! A server or a device, and how a run treats it.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use iotmp_ref::device::Address;
use iotmp_ref::transport::Transport;
use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::timeout;

use super::allowance::Floods;
use super::catalogue::Catalogue;
use super::event::Received;
use super::introductions::Introductions;
use super::link::{InVain, Link, Terms};
use super::nubison;
use super::operator::Operator;
use super::peer::Peer;
use super::restart::{LOOKS, Restart, STARTING};
use super::transcript::Transcript;
use super::watch::Streams;
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
    /// Whether a server leaves Keep Alive unanswered, so that a call has to be the fence.
    fences_by_call: AtomicBool,
    /// Fences in a row that were raised twice in vain.
    in_vain: InVain,
    /// Connections on which it sent more than is read.
    floods: Floods,
    /// Streams of all connections.
    streams: Streams,
    /// How a device of Nubison writes numbers.
    order: nubison::Order,
    /// Who stands behind it.
    operator: Option<Arc<dyn Operator>>,
    /// How a device introduced itself so far.
    introductions: Introductions,
    /// A device's connection that was opened to see whether it lives; the next case takes it.
    parked: Mutex<Option<Link>>,
    /// What brings it back when it died; one case at a time sees to that.
    restart: AsyncMutex<Option<Restart>>,
    /// Whether it was ever reached.
    was_reached: AtomicBool,
    /// Whether a case came to nothing because it was gone.
    was_missed: AtomicBool,
    deaths: Mutex<Vec<Death>>,
}

/// That a subject died, and what became of it.
#[derive(Debug)]
struct Death {
    what: String,
    /// Id of the case that killed it, where that is known.
    of: Option<String>,
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
            fences_by_call: AtomicBool::new(false),
            in_vain: InVain::default(),
            floods: Floods::default(),
            streams: Streams::default(),
            order: nubison::Order::default(),
            operator: None,
            introductions: Introductions::default(),
            parked: Mutex::new(None),
            restart: AsyncMutex::new(None),
            was_reached: AtomicBool::new(false),
            was_missed: AtomicBool::new(false),
            deaths: Mutex::default(),
        }
    }

    /// The same with `operator` behind it.
    #[must_use]
    pub fn operated_by(mut self, operator: Arc<dyn Operator>) -> Self {
        self.operator = Some(operator);
        self
    }

    /// A subject that the shell command `restart` brings back when it died.
    #[must_use]
    pub fn restarted_by(mut self, restart: String) -> Self {
        self.restart = AsyncMutex::new(Some(Restart::new(restart)));
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

    pub(crate) fn fence_by_call(&self) {
        self.fences_by_call.store(true, Ordering::Relaxed);
    }

    pub(super) fn reached(&self) {
        self.was_reached.store(true, Ordering::Relaxed);
    }

    /// Gives a subject that was there before the time to come back, by its command if it has one.
    ///
    /// The case that noticed is over either way, and says why.
    pub(super) async fn revive(&self, why: String) -> Stop {
        if !self.was_reached.load(Ordering::Relaxed) || self.gone().is_some() {
            return self.lose(why);
        }
        let mut restart = self.restart.lock().await;
        // Whoever waited for another case to see to it finds the subject there.
        if self.is_back().await {
            return Stop::inconclusive(format!("{why}; it was there again a moment later"));
        }
        let wait = match &mut *restart {
            None => self.manner.timeout,
            Some(restart) => {
                if let Err(error) = restart.run() {
                    self.bury(&why, "could not be started again");
                    return self.lose(format!("{why}; {error}"));
                }
                STARTING
            }
        };
        let deadline = Instant::now() + wait;
        while Instant::now() < deadline {
            if self.is_back().await {
                let how = match &*restart {
                    Some(_) => "was started again",
                    None => "came back by itself",
                };
                self.bury(&why, how);
                return Stop::inconclusive(format!("the subject died and {how}: {why}"));
            }
            tokio::time::sleep(LOOKS).await;
        }
        let how = format!("did not come back within {} ms", wait.as_millis());
        self.bury(&why, &how);
        self.lose(format!("{why}; it {how}"))
    }

    /// Whether a server takes connections.
    async fn is_back(&self) -> bool {
        let Door::Dial {
            address, transport, ..
        } = &self.door
        else {
            return false;
        };
        let Ok(server) = Address::parse_or(address, transport.default_port()) else {
            return false;
        };
        let dialled = timeout(self.manner.timeout, transport.dial(&server)).await;
        matches!(dialled, Ok(Ok(_)))
    }

    fn bury(&self, why: &str, how: &str) {
        let what = format!("the subject died and {how}: {why}");
        self.graves().push(Death { what, of: None });
    }

    fn graves(&self) -> std::sync::MutexGuard<'_, Vec<Death>> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says which case killed it the last time.
    pub(crate) fn died_of(&self, case: &str) {
        if let Some(last) = self.graves().last_mut() {
            last.of.get_or_insert_with(|| case.to_owned());
        }
    }

    /// How often it died, in words.
    #[must_use]
    pub fn deaths(&self) -> Vec<String> {
        let graves = self.graves();
        let words = graves.iter().map(|death| match &death.of {
            Some(case) => format!("after {case} {}", death.what),
            None => death.what.clone(),
        });
        words.collect()
    }

    pub(super) fn lose(&self, why: String) -> Stop {
        // Whoever noticed first says why.
        let _ = self.gone.set(why.clone());
        Stop::inconclusive(why)
    }

    pub(super) fn introduced_as(&self, hello: &Received) {
        self.introductions.add(hello);
    }

    /// Whether a device has opened a stream, on any connection.
    pub(crate) fn had_streams(&self) -> bool {
        let streams = self.streams.lock();
        !streams.unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// How a device introduced itself so far, on any connection.
    pub(crate) fn introductions(&self) -> Vec<Received> {
        self.introductions.all()
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

    /// How long one case may take whatever a subject does; lawful ones end long before.
    pub(crate) fn longest(&self) -> Duration {
        let Manner {
            timeout, patience, ..
        } = self.manner;
        let dialling = match self.door {
            Door::Dial { .. } => Duration::ZERO,
            Door::Listen { wait, .. } => wait,
        };
        let waits = [(timeout, 64), (patience, 4), (dialling, 16)];
        waits.iter().fold(Duration::ZERO, |sum, (wait, times)| {
            sum.saturating_add(wait.saturating_mul(*times))
        })
    }

    pub(super) const fn door(&self) -> &Door {
        &self.door
    }

    /// Whether a server ends a device's connection when a new one opens.
    pub(crate) fn takes_over(&self) -> bool {
        self.takes_over.load(Ordering::Relaxed)
    }

    /// Notes that a case needed it when it was gone.
    pub(crate) fn miss(&self) {
        self.was_missed.store(true, Ordering::Relaxed);
    }

    /// Whether a case needed it when it was gone.
    pub(crate) fn was_missed(&self) -> bool {
        self.was_missed.load(Ordering::Relaxed)
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
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
            streams: Arc::clone(&self.streams),
            order: self.order.clone(),
            fences_by_call: self.fences_by_call.load(Ordering::Relaxed),
            in_vain: Arc::clone(&self.in_vain),
            floods: Arc::clone(&self.floods),
        }
    }
}
