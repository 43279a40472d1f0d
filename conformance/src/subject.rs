//! What is under test: a server that the suite dials, or a device that dials the suite.
//!
//! A [`Subject`] is where connections come from. A case gets a [`Peer`], opens
//! a [`Link`] on it and talks. Everything that passes is in the case's
//! [`Transcript`].

mod background;
mod catalogue;
mod device;
mod event;
mod frame;
mod link;
mod server;
mod transcript;

use core::time::Duration;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use iotmp_spec::model::Spec;
use serde_json::{Value as Json, json};
use tokio::sync::Mutex as AsyncMutex;

pub(crate) use self::catalogue::untagged;
pub use self::catalogue::{Catalogue, Function, Resource};
pub use self::event::{Event, Received, Want, any_of, phrase};
use self::link::Terms;
pub use self::link::{Link, Settled};
pub use self::server::connect;
pub use self::transcript::{From, Line, Transcript};
use crate::case::Role;
use crate::codec::Codec;
use crate::verdict::{Outcome, Step, Stop};

/// A resource that no subject has.
pub const NO_SUCH_RESOURCE: &str = "conformance/no-such-resource";

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
    /// A device's connection that was opened to see whether it lives; the next case takes it.
    parked: Mutex<Option<Link>>,
}

/// Where connections come from.
#[derive(Debug)]
enum Door {
    /// The suite dials.
    Dial {
        address: String,
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
                credentials,
            },
            manner,
        )
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
            parked: Mutex::new(None),
        }
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
        Peer {
            subject: Arc::clone(self),
            transcript: Transcript::new(self.start),
        }
    }

    pub(crate) fn set_takes_over(&self) {
        self.takes_over.store(true, Ordering::Relaxed);
    }

    fn lose(&self, why: String) -> Stop {
        // Whoever noticed first says why.
        let _ = self.gone.set(why.clone());
        Stop::inconclusive(why)
    }

    fn parked(&self) -> Option<Link> {
        self.parked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// A connection that has nothing to do with what a case tries.
#[derive(Debug)]
pub(crate) struct Witness(Option<Link>);

impl Witness {
    /// Shows that the connection noticed nothing.
    ///
    /// # Errors
    /// A failure where it did.
    pub(crate) async fn undisturbed(self) -> Outcome {
        let Some(mut link) = self.0 else {
            return Ok(());
        };
        link.quiet("nothing on another connection")
            .await
            .blaming(crate::suite::ALIVE)
            .because("seen on another connection of the server")
    }
}

/// What a case talks to.
#[derive(Debug)]
pub struct Peer {
    subject: Arc<Subject>,
    transcript: Transcript,
}

impl Peer {
    /// What is under test.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Which end the subject is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.subject.role()
    }

    /// What the subject is tested against.
    #[must_use]
    pub fn spec(&self) -> &'static Spec {
        self.subject.spec
    }

    /// The codec of a connection's beginning.
    #[must_use]
    pub fn codec(&self) -> Codec<'static> {
        Codec::new(self.subject.spec)
    }

    /// How long an answer may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.subject.manner.timeout
    }

    /// How long a case about time may wait for one thing.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.subject.manner.patience
    }

    /// Says on the side that the case waits, and for how long at most.
    pub fn waits(&self, what: &str, at_most: Duration) {
        (self.subject.manner.progress)(&format!(
            "waiting up to {} s for {what}",
            at_most.as_secs().max(1)
        ));
    }

    /// Everything that passed on the wire.
    #[must_use]
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// A new connection on which nothing was said yet.
    ///
    /// # Errors
    /// Inconclusive where the subject cannot be reached; [`Subject::gone`] then says so too.
    pub async fn open(&self) -> Outcome<Link> {
        match &self.subject.door {
            Door::Dial { address, .. } => server::dial(self, address).await,
            Door::Listen { .. } => device::accept(self).await,
        }
    }

    /// A new connection, established: its Connect was answered by Ok.
    ///
    /// # Errors
    /// Inconclusive where that is not to be had.
    pub async fn connected(&self) -> Outcome<Link> {
        match &self.subject.door {
            Door::Dial { credentials, .. } => server::connected(self, credentials).await,
            Door::Listen { .. } => match self.subject.parked() {
                Some(mut link) => {
                    link.move_to(&self.transcript);
                    Ok(link)
                }
                None => device::connected(self).await,
            },
        }
    }

    /// A device's new connection, whose Connect has come and waits for its answer.
    ///
    /// # Errors
    /// Inconclusive where no device dials or introduces itself.
    pub async fn introduced(&self) -> Outcome<Link> {
        device::introduced(self).await
    }

    /// Leaves a device's connection to the next case, if it is as good as new.
    ///
    /// It saves the time that the device would take to dial again. Servers are
    /// dialled anew for every case.
    pub(crate) async fn keep(&self, mut link: Link) {
        if self.role() == Role::Device && link.quiet("").await.is_ok() {
            *self
                .subject
                .parked
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(link);
        }
    }

    /// Another connection to a server, which must not notice what happens on the first.
    ///
    /// # Errors
    /// Inconclusive where it is not to be had.
    pub(crate) async fn witness(&self) -> Outcome<Witness> {
        let alone = self.role() == Role::Device || self.subject.takes_over.load(Ordering::Relaxed);
        Ok(Witness(if alone {
            None
        } else {
            Some(self.connected().await?)
        }))
    }

    /// Credentials that a server accepts.
    ///
    /// # Errors
    /// Skip where the subject is no server.
    pub fn credentials(&self) -> Outcome<&Credentials> {
        match &self.subject.door {
            Door::Dial { credentials, .. } => Ok(credentials),
            Door::Listen { .. } => Err(Stop::skip("only a server knows credentials")),
        }
    }

    /// What a device offers.
    ///
    /// # Errors
    /// Inconclusive where it did not say.
    pub fn catalogue(&self) -> Outcome<&Catalogue> {
        let known = self.subject.catalogue();
        known.ok_or_else(|| Stop::inconclusive("the device does not describe its resources"))
    }

    fn terms(&self) -> Terms {
        Terms {
            role: self.role(),
            spec: self.subject.spec,
            timeout: self.timeout(),
            first_id: 100 + u16::try_from(self.subject.manner.seed % 50_000).unwrap_or(0),
        }
    }

    fn link(&self, stream: tokio::net::TcpStream, note: String) -> Link {
        let number = self.subject.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let opener = match self.role() {
            Role::Server => From::Suite,
            Role::Device => From::Subject,
        };
        self.transcript.add(number, opener, note);
        Link::new(stream, number, &self.terms(), self.transcript.clone())
    }
}
