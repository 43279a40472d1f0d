//! The suite against the reference: its codec, its server and its device, in this process.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use iotmp_ref::device::{Backoff, Client, ClientConfig, Device};
use iotmp_ref::server::{self, Server};
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::session::{self, Iotmp2025, IotmpShipping};
use iotmp_spec::model::{Party, Spec};
use tokio::net::TcpListener;

use crate::case::{Case, Role};
use crate::ledger::{Claim, Ledger};
use crate::plan::{Selection, vectors_of};
use crate::report::{CaseResult, Run, SubjectKind};
use crate::runner::{self, Finished, Settings};
use crate::subject::{Credentials, Manner, Reference, Subject};
use crate::vector;

/// Devices that dial the suite side by side.
const DEVICES: usize = 8;
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
        .map(|one| CaseResult::of_vector(one, &vector::run(set, one, &mut Reference)))
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
    let dialects: [&'static dyn Dialect; 2] = [&Iotmp2025, &IotmpShipping];
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

/// A device that has something of everything.
fn reference_device(dialect: &'static dyn Dialect) -> Device {
    let who = credentials();
    let mut level = 0_i64;
    Device::new(who.user, who.device, who.credential)
        .dialect(dialect)
        .keep_alive(Duration::from_secs(1))
        .output("temperature", || 22.5)
        .alias(1)
        .output("uptime", || 86_400)
        .output("status/:part", || "fine")
        .input("led", |_| ())
        .sample(true)
        .input_output("level", move |value| {
            level = value.as_i64().unwrap_or(level);
            level
        })
        .sample(5)
        .run("reset", || ())
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
        let accepted = server::Credentials::new()
            .with(&who.user, &who.device, &who.credential)
            .map_err(|error| runner::Unreachable(error.to_string()))?;
        let mut config = server::Config::new((Ipv4Addr::LOCALHOST, 0).into(), accepted);
        config.session = session::Config::new(self.dialect);
        let (server, _hub) = Server::bind(config).await?;
        let address = server.local_addr().to_string();
        let subject = Subject::server(self.spec, address, who, self.manner.clone());
        let finished = runner::run(&[Arc::new(subject)], cases, self.settings).await?;
        Ok(Some(self.report(SubjectKind::Server, began, finished)))
    }

    async fn device(&self, cases: Vec<&'static Case>) -> Result<Option<Run>, SelfTestError> {
        if cases.is_empty() {
            return Ok(None);
        }
        let began = Instant::now();
        let mut subjects = Vec::new();
        let mut clients = Vec::new();
        for _ in 0..DEVICES.min(cases.len()) {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let mut config = ClientConfig::new(listener.local_addr()?);
            // The suite ends connections all the time, and waits for the next one.
            config.backoff = Backoff {
                first: Duration::from_millis(1),
                max: Duration::from_millis(20),
            };
            clients.push(Client::start(reference_device(self.dialect), config));
            let who = Some(credentials());
            let subject = Subject::device(self.spec, listener, WAIT, who, self.manner.clone());
            subjects.push(Arc::new(subject));
        }
        let finished = runner::run(&subjects, cases, self.settings).await?;
        Ok(Some(self.report(SubjectKind::Device, began, finished)))
    }

    fn report(&self, subject: SubjectKind, began: Instant, finished: Finished) -> Run {
        Run {
            spec: self.spec.name.clone(),
            subject,
            address: "reference".to_owned(),
            seed: Some(self.manner.seed),
            again: again(self.spec),
            elapsed_ms: millis(began),
            gone: finished.gone,
            notes: finished.notes,
            cases: finished.results,
        }
    }
}
