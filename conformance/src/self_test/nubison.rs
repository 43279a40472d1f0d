//! The suite against the reference's Nubison peers, with the applications behind them within reach.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use iotmp_ref::device::Backoff;
use iotmp_ref::nubison::client::{
    Client, ClientConfig, CommandFailed, Device, Handle, RequestError,
};
use iotmp_ref::nubison::cloud::{Check, Config, Hub, Notification, Registry, Rejection, Server};
use iotmp_ref::nubison::{DeviceKey, Identity};
use iotmp_spec::model::Spec;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::{DEVICES, SelfTestError, WAIT, report};
use crate::case::Case;
use crate::report::{Run, SubjectKind};
use crate::runner::{self, Settings};
use crate::subject::{Answering, Ask, Credentials, Manner, Operator, Payloads, Subject, Unheard};

/// A payload that the reference server finds to be of no structure.
const WRONG: &[u8] = b"wrong structure";
/// A payload on which the reference server, or a command of the device, fails.
const FAILING: &[u8] = b"failure";
/// What the reference server gives every device.
const KEY: &[u8] = b"0123456789abcdef";
/// How long the reference waits for the rest of a packet: a peer of this process is never slow.
const PIECE_TIMEOUT: Duration = Duration::from_millis(500);
/// How long an application may take to hear of something.
const HEARING: Duration = Duration::from_secs(1);

/// Who the reference device is.
#[must_use]
pub fn credentials() -> Credentials {
    Credentials {
        user: "client-0000000000001".to_owned(),
        device: "SENSOR01_kitchen".to_owned(),
        credential: "secret-0000000000001".to_owned(),
    }
}

fn unusable(error: impl ToString) -> SelfTestError {
    runner::Unreachable(error.to_string()).into()
}

fn identity() -> Result<(Identity, DeviceKey), SelfTestError> {
    let who = credentials();
    let key: DeviceKey = who.device.parse().map_err(unusable)?;
    let identity = Identity::new(who.user, who.credential, key.clone());
    Ok((identity.map_err(unusable)?, key))
}

/// Who stands behind a peer of the reference.
struct Behind {
    doing: Box<dyn Fn(Ask) -> Answering + Send + Sync>,
    payloads: Payloads,
}

impl fmt::Debug for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Behind(..)")
    }
}

impl Operator for Behind {
    fn ask(&self, what: Ask) -> Answering {
        (self.doing)(what)
    }

    fn payloads(&self) -> &Payloads {
        &self.payloads
    }
}

/// Everything that has arrived at an application.
#[derive(Debug)]
struct Inbox {
    payloads: Mutex<Vec<Option<Vec<u8>>>>,
    count: watch::Sender<usize>,
}

impl Inbox {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            payloads: Mutex::default(),
            count: watch::Sender::new(0),
        })
    }

    fn put(&self, payload: Option<Vec<u8>>) {
        let payloads = self.payloads.lock();
        payloads
            .unwrap_or_else(PoisonError::into_inner)
            .push(payload);
        self.count.send_modify(|count| *count += 1);
    }

    fn has(&self, payload: Option<&[u8]>) -> bool {
        let payloads = self.payloads.lock();
        let payloads = payloads.unwrap_or_else(PoisonError::into_inner);
        payloads.iter().any(|other| other.as_deref() == payload)
    }

    /// Waits until a payload has arrived.
    async fn wait_for(&self, payload: Option<&[u8]>) -> Result<Option<Vec<u8>>, Unheard> {
        let mut count = self.count.subscribe();
        let there = count.wait_for(|_| self.has(payload));
        match tokio::time::timeout(HEARING, there).await {
            Ok(Ok(_)) => Ok(None),
            _ => Err(Unheard::Failed("it has not arrived".to_owned())),
        }
    }
}

/// The server that a device may send all but two payloads to.
fn server_config(registry: Registry) -> Config {
    let mut config = Config::new((Ipv4Addr::LOCALHOST, 0).into(), registry);
    config.encryption_key = Some(KEY.to_vec());
    config.session.piece_timeout = PIECE_TIMEOUT;
    config.check = Check::new(|_, payload| match payload {
        WRONG => Err(Rejection::Structure),
        FAILING => Err(Rejection::Failure),
        _ => Ok(()),
    });
    config
}

fn behind_server(hub: Hub, key: DeviceKey) -> Arc<dyn Operator> {
    let inbox = Inbox::new();
    let mut news = hub.subscribe();
    tokio::spawn({
        let inbox = Arc::clone(&inbox);
        async move {
            loop {
                match news.recv().await {
                    Ok(Notification::Data { payload, .. }) => inbox.put(Some(payload)),
                    // News that came too fast is news that nobody asks for.
                    Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(_) => return,
                }
            }
        }
    });
    let doing = Box::new(move |ask| -> Answering {
        let (hub, key, inbox) = (hub.clone(), key.clone(), Arc::clone(&inbox));
        Box::pin(async move {
            match ask {
                Ask::Command(payload) => {
                    let done = hub.command(&key, payload.as_deref()).await;
                    done.map_err(|error| Unheard::Failed(error.to_string()))
                }
                Ask::Arrived(payload) => inbox.wait_for(Some(&payload)).await,
                _ => Err(Unheard::Unable),
            }
        })
    });
    Arc::new(Behind {
        doing,
        payloads: Payloads {
            wrong: Some(WRONG.to_vec()),
            failing: Some(FAILING.to_vec()),
            ..Payloads::UNKNOWN
        },
    })
}

/// The reference server, which lets [`credentials`] in, and the application behind it.
///
/// # Errors
/// [`SelfTestError`] where it cannot listen.
pub async fn serve() -> Result<(Server, Arc<dyn Operator>), SelfTestError> {
    let (identity, key) = identity()?;
    let registry = Registry::new().with(identity).map_err(unusable)?;
    let (server, hub) = Server::bind(server_config(registry)).await?;
    Ok((server, behind_server(hub, key)))
}

/// The reference device, which dials that address again and again for as long as
/// the application behind it lives.
///
/// # Errors
/// [`SelfTestError`] where its credentials are no good.
pub fn dial(server: SocketAddr) -> Result<Arc<dyn Operator>, SelfTestError> {
    let mut config = ClientConfig::new(server);
    // The suite ends connections all the time, and refuses logins.
    config.backoff = Backoff {
        first: Duration::from_millis(1),
        max: Duration::from_millis(20),
    };
    config.retry_refused = true;
    config.session.piece_timeout = PIECE_TIMEOUT;
    reference_device(config, &Inbox::new())
}

/// Tests the reference server.
pub(super) async fn server(
    spec: &'static Spec,
    cases: Vec<&'static Case>,
    settings: &Settings,
    manner: &Manner,
) -> Result<Option<Run>, SelfTestError> {
    if cases.is_empty() {
        return Ok(None);
    }
    let began = Instant::now();
    let (server, application) = serve().await?;
    let address = server.local_addr().to_string();
    let subject =
        Subject::server(spec, address, credentials(), manner.clone()).operated_by(application);
    let finished = runner::run(&[Arc::new(subject)], cases, settings).await?;
    Ok(Some(report(
        spec,
        manner,
        SubjectKind::Server,
        began,
        finished,
    )))
}

/// A device that is started again whenever it was told to log out.
fn reference_device(
    config: ClientConfig,
    inbox: &Arc<Inbox>,
) -> Result<Arc<dyn Operator>, SelfTestError> {
    let (identity, _) = identity()?;
    let (leave, mut leaving) = mpsc::channel::<()>(1);
    let heard = Arc::clone(inbox);
    let start = move || {
        let heard = Arc::clone(&heard);
        let device = Device::new(identity.clone()).on_command(move |payload| {
            heard.put(payload.map(<[u8]>::to_vec));
            match payload {
                Some(FAILING) => Err(CommandFailed),
                payload => Ok(payload.map(<[u8]>::to_vec)),
            }
        });
        Client::start(device, config.clone())
    };
    let (mut client, handle) = start();
    let (publish, current) = watch::channel(handle);
    tokio::spawn(async move {
        while leaving.recv().await.is_some() {
            // Why it had stopped before says the case.
            let _ = client.stop().await;
            let handle;
            (client, handle) = start();
            publish.send_replace(handle);
        }
    });
    let inbox = Arc::clone(inbox);
    let doing = Box::new(move |ask| -> Answering {
        let handle: Handle = current.borrow().clone();
        let (leave, inbox) = (leave.clone(), Arc::clone(&inbox));
        Box::pin(async move {
            let failed = |error: RequestError| Unheard::Failed(error.to_string());
            match ask {
                Ask::Data(payload) => handle.data(&payload).await.map_err(failed)?,
                Ask::Heartbeat(payload) => {
                    handle.heartbeat(payload.as_deref()).await.map_err(failed)?;
                }
                Ask::Heard(payload) => return inbox.wait_for(payload.as_deref()).await,
                Ask::Logout => {
                    let told = leave.send(()).await;
                    told.map_err(|_| Unheard::Failed("it has stopped".to_owned()))?;
                }
                Ask::Command(_) | Ask::Arrived(_) => return Err(Unheard::Unable),
            }
            Ok(None)
        })
    });
    Ok(Arc::new(Behind {
        doing,
        payloads: Payloads {
            failing: Some(FAILING.to_vec()),
            ..Payloads::UNKNOWN
        },
    }))
}

/// Tests the reference device.
pub(super) async fn device(
    spec: &'static Spec,
    cases: Vec<&'static Case>,
    settings: &Settings,
    manner: &Manner,
) -> Result<Option<Run>, SelfTestError> {
    if cases.is_empty() {
        return Ok(None);
    }
    let began = Instant::now();
    let mut subjects = Vec::new();
    for _ in 0..DEVICES.min(cases.len()) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let application = dial(listener.local_addr()?)?;
        let who = Some(credentials());
        let subject = Subject::device(spec, listener, WAIT, who, manner.clone());
        subjects.push(Arc::new(subject.operated_by(application)));
    }
    let finished = runner::run(&subjects, cases, settings).await?;
    Ok(Some(report(
        spec,
        manner,
        SubjectKind::Device,
        began,
        finished,
    )))
}
