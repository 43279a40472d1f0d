//! What a case talks to.

use core::time::Duration;
use std::sync::Arc;

use iotmp_ref::transport::Stream;
use iotmp_spec::model::Spec;

use super::catalogue::Catalogue;
use super::elsewhere::Elsewhere;
use super::link::Link;
use super::live::{Credentials, Door, Subject};
use super::operator::Operator;
use super::protocol::Protocol;
use super::transcript::{Side, Transcript};
use super::{device, server};
use crate::case::Role;
use crate::codec::Codec;
use crate::verdict::{Outcome, Step, Stop};

/// Waits that nobody needs to be told of.
const UNNOTICED: Duration = Duration::from_secs(10);

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
            .blaming(Protocol::of(link.codec().spec()).lives_on())
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
    pub(super) const fn new(subject: Arc<Subject>, transcript: Transcript) -> Self {
        Self {
            subject,
            transcript,
        }
    }

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
        self.subject.spec()
    }

    /// The codec of a connection's beginning.
    #[must_use]
    pub fn codec(&self) -> Codec<'static> {
        Codec::new(self.subject.spec())
    }

    /// How long an answer may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.subject.manner().timeout
    }

    /// How long a case about time may wait for one thing.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.subject.manner().patience
    }

    /// Says on the side that the case waits, if that may take long.
    pub fn waits(&self, what: &str, at_most: Duration) {
        if at_most > self.timeout() + UNNOTICED {
            let seconds = at_most.as_secs();
            (self.subject.manner().progress)(&format!("waiting up to {seconds} s for {what}"));
        }
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
        match self.subject.door() {
            Door::Dial {
                address, transport, ..
            } => server::dial(self, address, transport).await,
            Door::Listen { .. } => device::accept(self).await,
        }
    }

    /// A new connection, established: its Connect was answered by Ok.
    ///
    /// # Errors
    /// Inconclusive where that is not to be had.
    pub async fn connected(&self) -> Outcome<Link> {
        match self.subject.door() {
            Door::Dial { credentials, .. } => server::connected(self, credentials).await,
            Door::Listen { .. } => match self.unparked().await {
                Some(mut link) => {
                    link.move_to(&self.transcript);
                    Ok(link)
                }
                None => device::connected(self).await,
            },
        }
    }

    /// As [`connected`](Self::connected), when the server has asked what it asks of every device that
    /// connects, as it may; that was answered in passing.
    ///
    /// # Errors
    /// Inconclusive where that is not to be had.
    pub(crate) async fn greeted(&self) -> Outcome<Link> {
        let mut link = self.connected().await?;
        // What was answered may lead to more.
        for _ in 0..2 {
            link.fence()
                .await
                .unrelated("letting the server greet its device")?;
        }
        Ok(link)
    }

    /// The connection that an earlier case left, if it lives. Nobody answered
    /// the device's Keep Alive in the meantime.
    async fn unparked(&self) -> Option<Link> {
        let mut link = self.subject.parked()?;
        link.quiet("").await.is_ok().then_some(link)
    }

    /// A device's new connection, whose Connect has come and waits for its answer.
    ///
    /// # Errors
    /// Inconclusive where no device dials or introduces itself.
    pub async fn introduced(&self) -> Outcome<Link> {
        device::introduced(self).await
    }

    /// Another server of the suite, where the device of `link` can reach it.
    ///
    /// # Errors
    /// Inconclusive where nobody lets the suite listen.
    pub(crate) async fn elsewhere(&self, link: &Link) -> Outcome<Elsewhere<'_>> {
        Elsewhere::listen(self, link).await
    }

    /// Answers a device's Connect by Ok and leaves the connection to the next case.
    ///
    /// # Errors
    /// Inconclusive where the Connect cannot be answered.
    pub(crate) async fn accept(&self, mut link: Link) -> Outcome {
        device::accept_hello(&mut link).await?;
        self.keep(link).await;
        Ok(())
    }

    /// Leaves a device's connection to the next case, if it is as good as new.
    ///
    /// It saves the time that the device would take to dial again. Servers are
    /// dialled anew for every case.
    pub(crate) async fn keep(&self, mut link: Link) {
        if self.role() == Role::Device && link.quiet("").await.is_ok() {
            self.subject.park(link);
        }
    }

    /// Another connection to a server, which must not notice what happens on the first.
    ///
    /// # Errors
    /// Inconclusive where it is not to be had.
    pub(crate) async fn witness(&self) -> Outcome<Witness> {
        let alone = self.role() == Role::Device || self.subject.takes_over();
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
        match self.subject.door() {
            Door::Dial { credentials, .. } => Ok(credentials),
            Door::Listen { .. } => Err(Stop::skip("only a server knows credentials")),
        }
    }

    /// Who stands behind the subject.
    ///
    /// # Errors
    /// Skip where nobody is within reach.
    pub fn operator(&self) -> Outcome<&dyn Operator> {
        let known = self.subject.operator();
        known.ok_or_else(|| {
            Stop::skip(match self.role() {
                Role::Server => {
                    "nothing here makes this server turn to its devices; \
                     give --rest URL --token T, or --caller DEVICE/CREDENTIAL"
                }
                Role::Device => "nothing here reaches what stands behind this device",
            })
        })
    }

    /// What a device offers.
    ///
    /// # Errors
    /// Inconclusive where it did not say.
    pub fn catalogue(&self) -> Outcome<&Catalogue> {
        let known = self.subject.catalogue();
        known.ok_or_else(|| Stop::inconclusive("the device does not describe its resources"))
    }

    pub(super) fn link(&self, stream: Stream, note: String) -> Link {
        let number = self.subject.next_connection();
        let opener = match self.role() {
            Role::Server => Side::Suite,
            Role::Device => Side::Subject,
        };
        self.transcript.add(number, opener, note);
        Link::new(
            stream,
            number,
            &self.subject.terms(),
            self.transcript.clone(),
        )
    }
}
