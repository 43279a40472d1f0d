//! The suite against the reference: its codec, its server and its device, in this process.

mod devices;
pub mod nubison;
mod parts;

use core::net::Ipv4Addr;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use iotmp_ref::device::{Backoff, Client, ClientConfig, Device};
use iotmp_ref::server::{self, Server};
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::{self, Iotmp2020, Iotmp2023, Iotmp2025, IotmpShipping};
use iotmp_spec::model::{Party, Spec};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use self::devices::{happen, other_devices, plain_device, reference_device};
use self::parts::{add_broken, fill_in, in_order, skipped};
use crate::case::{Case, Pace, Role};
use crate::ledger::{Claim, Ledger};
use crate::plan::{Selection, vectors_of};
use crate::report::{CaseResult, Run, SubjectKind};
use crate::runner::{self, Finished, Settings};
use crate::subject::{Credentials, HubOperator, Manner, Protocol, Reference, Subject};
use crate::vector;

/// Devices that dial the suite side by side for cases that wait: no fewer than there are of those.
const DEVICES: usize = 40;
/// Devices for cases that do not wait.
const QUICK: usize = 8;
/// Devices for what they may not come back from.
const APART: usize = 4;
/// The area of the cases whose messages are put together field by field.
const BY_HAND: &str = "fields";
/// How long a case may wait for one thing: what takes longer is for subjects outside.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a device of this process may take to dial again.
const WAIT: Duration = Duration::from_secs(5);

/// Why the reference could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestError {
    /// The system did not let it listen.
    #[error("the loopback interface cannot be used: {0}")]
    Io(#[from] std::io::Error),
    /// A vector, server or device that was started could not be reached.
    #[error("the reference cannot be reached: {0}")]
    Unreachable(#[from] runner::Unreachable),
}

/// Tests the reference against one spec; of a spec that it has no peers for, its codec alone.
///
/// # Errors
/// [`SelfTestError`] where it could not even be started.
pub async fn run(
    spec: &'static Spec,
    selection: &Selection,
    settings: &Settings,
    manner: &Manner,
) -> Result<(Vec<Run>, Ledger), SelfTestError> {
    let codec = tokio::task::spawn_blocking({
        let selection = selection.clone();
        move || codec_run(spec, &selection)
    });
    let mut parties = vec![Party::Encoder, Party::Decoder];
    let mut runs = Vec::new();
    let manner = &Manner {
        patience: manner.patience.min(PATIENCE),
        ..manner.clone()
    };
    let live = match dialect(spec) {
        Some(dialect) => {
            parties.extend([Party::Server, Party::Device]);
            let bench = Bench {
                spec,
                dialect,
                settings,
                manner,
            };
            let server = bench.server(selection.cases(spec, Role::Server));
            let device = bench.device(selection.cases(spec, Role::Device));
            tokio::join!(server, device)
        }
        None if Protocol::of(spec) == Protocol::Nubison => {
            parties.extend([Party::Server, Party::Device]);
            let server = selection.cases(spec, Role::Server);
            let device = selection.cases(spec, Role::Device);
            tokio::join!(
                nubison::server(spec, server, settings, manner),
                nubison::device(spec, device, settings, manner)
            )
        }
        None => (Ok(None), Ok(None)),
    };
    let codec = codec
        .await
        .map_err(|error| runner::Unreachable(format!("the vectors broke down: {error}")))?;
    runs.extend(codec);
    runs.extend(live.0?);
    runs.extend(live.1?);
    let results: Vec<&CaseResult> = runs.iter().flat_map(|run| &run.cases).collect();
    let claims: Vec<Claim<'_>> = results.iter().map(|result| result.claim()).collect();
    let scope = selection.scope(results.iter().flat_map(|result| &result.clauses));
    let ledger = Ledger::reckon(spec, &parties, scope.as_deref(), &claims);
    Ok((runs, ledger))
}

fn again(spec: &Spec) -> String {
    format!("iotmp-conformance self --spec {}", spec.name)
}

fn codec_run(spec: &'static Spec, selection: &Selection) -> Option<Run> {
    let set = vectors_of(spec)?;
    let began = Instant::now();
    let cases: Vec<CaseResult> = selection
        .vectors(set)
        .into_iter()
        .map(|one| {
            let finding = vector::run(set, one, &mut Reference);
            let mut result = CaseResult::of_vector(one, &finding);
            result.prove(set, one, &finding, &mut Reference);
            result
        })
        .collect();
    (!cases.is_empty()).then(|| Run {
        spec: spec.name.clone(),
        subject: SubjectKind::Codec,
        address: "reference".to_owned(),
        seed: None,
        again: again(spec),
        elapsed_ms: millis(began),
        gone: None,
        notes: Vec::new(),
        cases,
    })
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// How the reference speaks a spec, if it has peers for it.
fn dialect(spec: &Spec) -> Option<&'static dyn Dialect> {
    let dialects: [&'static dyn Dialect; 4] = [&Iotmp2020, &Iotmp2023, &Iotmp2025, &IotmpShipping];
    dialects
        .into_iter()
        .find(|dialect| dialect.name() == spec.name)
}

/// Who the reference device is.
fn credentials() -> Credentials {
    Credentials {
        user: "user1".to_owned(),
        device: "sensor1".to_owned(),
        credential: "secret123".to_owned(),
    }
}

/// What the peers of one spec need.
struct Bench<'a> {
    spec: &'static Spec,
    dialect: &'static dyn Dialect,
    settings: &'a Settings,
    manner: &'a Manner,
}

impl Bench<'_> {
    async fn server(&self, cases: Vec<&'static Case>) -> Result<Option<Run>, SelfTestError> {
        if cases.is_empty() {
            return Ok(None);
        }
        let began = Instant::now();
        let who = credentials();
        // What needs a server for itself has one beside that of the others.
        let (alone, beside): (Vec<_>, Vec<_>) =
            cases.iter().partition(|case| case.pace == Pace::Alone);
        let (beside, alone) = tokio::join!(
            self.serve(&who, None, beside),
            self.serve(&who, None, alone)
        );
        let mut finished = in_order(&cases, Role::Server, [beside?, alone?]);
        let left = skipped(&finished, &cases, Role::Server);
        if !left.is_empty() {
            let elsewhere = Some("iotmp://127.0.0.1".to_owned());
            fill_in(&mut finished, self.serve(&who, elsewhere, left).await?);
        }
        Ok(Some(self.report(SubjectKind::Server, began, finished)))
    }

    /// Runs cases against a server, which may send all devices elsewhere.
    async fn serve(
        &self,
        who: &Credentials,
        redirect: Option<String>,
        cases: Vec<&'static Case>,
    ) -> Result<Finished, SelfTestError> {
        let accepted = server::Credentials::new()
            .with(&who.user, &who.device, &who.credential)
            .map_err(|error| runner::Unreachable(error.to_string()))?;
        let mut config = server::Config::new((Ipv4Addr::LOCALHOST, 0).into(), accepted);
        config.session = session::Config::new(self.dialect);
        config.redirect = redirect;
        let (server, hub) = Server::bind(config).await?;
        let address = server.local_addr().to_string();
        let subject = Subject::server(self.spec, address, who.clone(), self.manner.clone())
            .operated_by(Arc::new(HubOperator::new(hub)));
        Ok(runner::run(&[Arc::new(subject)], cases, self.settings).await?)
    }

    async fn device(&self, cases: Vec<&'static Case>) -> Result<Option<Run>, SelfTestError> {
        if cases.is_empty() {
            return Ok(None);
        }
        let began = Instant::now();
        let of = |paces: &[Pace]| {
            let of_pace = cases
                .iter()
                .copied()
                .filter(|case| paces.contains(&case.pace));
            of_pace.collect::<Vec<_>>()
        };
        // What waits holds nobody else up, nor does what a device may not come back from.
        let (slow, quick, apart, chosen) = tokio::join!(
            self.filled(DEVICES, of(&[Pace::Slow])),
            self.filled(QUICK, of(&[Pace::Normal])),
            self.filled(APART, of(&[Pace::Alone, Pace::Last])),
            self.of_version(1, of(&[Pace::Normal]))
        );
        let mut finished = in_order(&cases, Role::Device, [slow?, quick?, apart?]);
        add_broken(&mut finished, chosen?);
        Ok(Some(self.report(SubjectKind::Device, began, finished)))
    }

    /// Runs cases against devices that are alike, and what they give no occasion to see against
    /// others.
    async fn filled(
        &self,
        devices: usize,
        cases: Vec<&'static Case>,
    ) -> Result<Finished, SelfTestError> {
        let devices = (0..devices.min(cases.len())).map(|_| reference_device(self.dialect));
        let mut finished = self.dialled(devices, cases.clone()).await?;
        let left = skipped(&finished, &cases, Role::Device);
        if !left.is_empty() {
            // Side by side, as each of them takes its time to be met.
            let others = other_devices(self.dialect).into_iter();
            let others = others.map(|device| self.dialled([device], left.clone()));
            for other in join_all(others).await {
                fill_in(&mut finished, other?);
            }
        }
        Ok(finished)
    }

    /// Runs what is put together by hand against a device of that protocol version, if there is
    /// such: its values are in an encoding of its choice.
    async fn of_version(
        &self,
        version: u64,
        cases: Vec<&'static Case>,
    ) -> Result<Finished, SelfTestError> {
        let by_hand = |case: &&'static Case| case.area() == BY_HAND;
        let cases: Vec<_> = cases.into_iter().filter(by_hand).collect();
        if self.dialect.negotiated(version, None).is_none() {
            return Ok(Finished::default());
        }
        let device = plain_device(self.dialect).protocol_version(version);
        self.dialled([device], cases).await
    }

    /// Runs cases against devices that dial the suite, each its own port.
    async fn dialled(
        &self,
        devices: impl IntoIterator<Item = Device>,
        cases: Vec<&'static Case>,
    ) -> Result<Finished, SelfTestError> {
        if cases.is_empty() {
            return Ok(Finished::default());
        }
        let mut subjects = Vec::new();
        let mut clients = Vec::new();
        // Ends with this function, as the devices do.
        let mut events = JoinSet::new();
        for device in devices {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let mut config = ClientConfig::new(listener.local_addr()?);
            // The suite ends connections all the time, and waits for the next one.
            config.backoff = Backoff {
                first: Duration::from_millis(1),
                max: Duration::from_millis(20),
            };
            let (client, handle) = Client::start(device, config);
            clients.push(client);
            events.spawn(happen(handle));
            let subject = Subject::device(self.spec, listener, WAIT, None, self.manner.clone());
            subjects.push(Arc::new(subject));
        }
        Ok(runner::run(&subjects, cases, self.settings).await?)
    }

    fn report(&self, subject: SubjectKind, began: Instant, finished: Finished) -> Run {
        report(self.spec, self.manner, subject, began, finished)
    }
}

/// What there is to say of a run against a peer of this process.
fn report(
    spec: &Spec,
    manner: &Manner,
    subject: SubjectKind,
    began: Instant,
    finished: Finished,
) -> Run {
    Run {
        spec: spec.name.clone(),
        subject,
        address: "reference".to_owned(),
        seed: Some(manner.seed),
        again: again(spec),
        elapsed_ms: millis(began),
        gone: finished.gone,
        notes: finished.notes,
        cases: finished.results,
    }
}
