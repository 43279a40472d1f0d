//! One connection of a device, from its first byte to its last.

mod commands;

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use std::collections::HashMap;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::command::{Command, Pending, Waiting};
use super::config::Config;
use super::credentials::DeviceId;
use super::hub::{CallError, Hub};
use super::registry::{DeviceInfo, Registration, Registry};
use super::resources::{Caller, Run};
use super::shown;
use super::stream::Sample;
use crate::link::{Link, Turn, reached, told};
use crate::pson::Value;
use crate::session::{
    Call, CloseReason, ConnectError, ConnectRequest, Event, Reply, RequestId, Resource, Session,
};

/// How many commands wait while the connection does something else.
const COMMANDS: usize = 64;

/// What all connections of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) registry: Arc<Registry>,
    pub(super) hub: Hub,
}

/// A session, its transport, and who waits for what on it.
pub(super) struct Connection<S> {
    shared: Arc<Shared>,
    peer: SocketAddr,
    link: Link<S>,
    session: Session,
    commands: mpsc::Receiver<Command>,
    sender: mpsc::Sender<Command>,
    pending: Pending,
    /// Streams that the server has opened, by stream identifier.
    streams: HashMap<u16, Feed>,
    /// Calls of other devices for this one, as many as it may have requests.
    calls: JoinSet<(RequestId, Result<Reply, Reply>)>,
    registration: Option<Registration>,
    /// Held until the device is let in.
    admission: Option<OwnedSemaphorePermit>,
}

/// Where the values of a stream go.
struct Feed {
    /// The request that opened it.
    request: RequestId,
    call: Call,
    samples: broadcast::Sender<Sample>,
}

impl<S: AsyncRead + AsyncWrite> Connection<S> {
    /// A connection that has just come up and whose Connect has to come before
    /// `connect_by`. `admission` is given back as soon as the device is let in.
    pub(super) fn new(
        shared: Arc<Shared>,
        stream: S,
        peer: SocketAddr,
        admission: OwnedSemaphorePermit,
        connect_by: Instant,
    ) -> Self {
        let link = Link::new(stream, shared.config.write_timeout);
        let mut config = shared.config.session.clone();
        config.connect_timeout = connect_by.saturating_duration_since(Instant::now());
        let session = Session::server(link.now(), config);
        let (sender, commands) = mpsc::channel(COMMANDS);
        Self {
            shared,
            peer,
            link,
            session,
            commands,
            sender,
            pending: Pending::default(),
            streams: HashMap::new(),
            calls: JoinSet::new(),
            registration: None,
            admission: Some(admission),
        }
    }

    /// Serves the device until the connection ends or `stop` says so.
    pub(super) async fn serve(mut self, mut stop: watch::Receiver<bool>) {
        let mut is_stalled = false;
        let mut is_abandoned = false;
        let reason = loop {
            if let Some(reason) = self.handle_events() {
                break reason;
            }
            let expiry = self.pending.deadline();
            tokio::select! {
                turn = self.link.turn(&mut self.session) => match turn {
                    Turn::Progress => {}
                    Turn::Ended(None) => debug!("the peer has stopped sending"),
                    Turn::Ended(Some(error)) => debug!(%error, "the transport failed"),
                    Turn::Stalled => is_stalled = true,
                },
                Some(command) = self.commands.recv() => self.handle_command(command),
                Some(called) = self.calls.join_next() => {
                    // A call neither panics nor is aborted while this lives.
                    if let Ok((request, result)) = called {
                        self.answer(request, result);
                    }
                }
                () = reached(expiry) => self.expire(),
                () = told(&mut stop) => {
                    // An owner that is gone asked for no goodbyes.
                    if stop.has_changed().is_err() {
                        is_abandoned = true;
                        break CloseReason::Ended;
                    }
                    let now = self.link.now();
                    // It may have ended just now.
                    let _ = self.session.disconnect(now, None);
                }
            }
        };
        self.log_end(&reason, is_stalled);
        if let Some(caller) = self.caller() {
            self.shared.hub.store().leave(caller);
        }
        if let Some(registration) = self.registration.take() {
            registration.close(reason);
        }
        // Whoever waits is told before the peer is waited for.
        drop((self.pending, self.commands, self.streams, self.calls));
        if !is_stalled && !is_abandoned {
            self.link
                .finish(self.session.poll_output(), self.shared.config.linger)
                .await;
        }
    }

    /// Does what the session asks for, until it ends.
    fn handle_events(&mut self) -> Option<CloseReason> {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::ConnectRequested(request) => self.decide(request),
                Event::RunRequested {
                    request,
                    resource,
                    parameters,
                    payload,
                } => {
                    debug!(%resource, "the device runs a resource of the server");
                    self.run(request, resource, parameters, payload);
                }
                Event::StreamRequested {
                    request,
                    resource,
                    parameters,
                    ..
                } => self.subscribe(request, &resource, parameters),
                Event::StreamData {
                    stream_id,
                    input,
                    payload,
                    ..
                } if !self.streams.contains_key(&stream_id) && self.session.feeds(stream_id) => {
                    let value = payload.or(input).unwrap_or_default();
                    if let Some(caller) = self.caller() {
                        self.shared.hub.store().published(caller, stream_id, value);
                    }
                }
                Event::StreamData {
                    stream_id,
                    kind,
                    parameters,
                    input,
                    payload,
                } => self.deliver(
                    stream_id,
                    Sample {
                        kind,
                        parameters,
                        input,
                        payload,
                    },
                ),
                Event::StreamStopped { stream_id } => {
                    self.streams.remove(&stream_id);
                    if let Some(caller) = self.caller() {
                        self.shared.hub.store().unsubscribe(caller, stream_id);
                    }
                }
                Event::Answered { request, result } => self.answered(request, result),
                Event::Ignored(ignored) => debug!(?ignored, "ignored"),
                Event::Closed(reason) => return Some(reason),
                // The server feeds no streams and is never asked to describe.
                _ => {}
            }
        }
        None
    }

    /// The device, to the rest of the server.
    fn caller(&self) -> Option<Caller<'_>> {
        let registration = self.registration.as_ref()?;
        Some(Caller {
            id: registration.id(),
            connection: registration.serial(),
        })
    }

    fn run(
        &mut self,
        request: Option<RequestId>,
        resource: Resource,
        parameters: Option<Value>,
        payload: Option<Value>,
    ) {
        let Some(caller) = self.caller() else {
            return;
        };
        let hub = &self.shared.hub;
        let (device, call) = match hub.store().run(caller, resource, parameters, payload) {
            Run::Done(result) => {
                if let Some(request) = request {
                    self.answer(request, result);
                }
                return;
            }
            Run::Call { device, call } => (device, call),
        };
        let (user, hub) = (caller.id.user.clone(), hub.clone());
        match request {
            Some(request) => {
                self.calls.spawn(async move {
                    let reply = hub.run(&user, &device, call).await;
                    (request, reply.map_err(CallError::into_reply))
                });
            }
            // Nobody waits, so neither does the server.
            None => hub.run_soon(&user, &device, call),
        }
    }

    fn subscribe(&mut self, request: RequestId, resource: &Resource, parameters: Option<Value>) {
        let Some(caller) = self.caller() else {
            return;
        };
        let (stream_id, sender) = (request.stream_id(), self.sender.clone());
        let store = self.shared.hub.store();
        match store.subscribe(caller, stream_id, sender, resource, parameters) {
            Err(refused) => self.answer(request, Err(refused)),
            Ok(first) => {
                self.answer(request, Ok(Reply::empty()));
                // Events come when they come, whatever interval was asked for.
                let _ = self.session.untime_stream(stream_id);
                for reply in first {
                    self.publish(stream_id, reply);
                }
            }
        }
    }

    /// Sends a value on a stream of the device's.
    fn publish(&mut self, stream_id: u16, mut reply: Reply) {
        if !self.session.dialect().constants().answers_have_parameters {
            reply.parameters = None;
        }
        if let Err(error) = self.session.stream_data(self.link.now(), stream_id, reply) {
            debug!(stream_id, %error, "an event could not be sent");
        }
    }

    fn decide(&mut self, request: ConnectRequest) {
        let now = self.link.now();
        let config = &self.shared.config;
        let id = DeviceId::new(request.username, request.device);
        let is_known = config.credentials.verify(&id, &request.credential);
        // The session asks once, so there is a Connect to decide on.
        if !is_known {
            let error = ConnectError::BadCredentials;
            info!(
                user = shown(&id.user),
                device = shown(&id.device),
                "refused: bad credentials"
            );
            let _ = self.session.refuse(now, error, None);
        } else if let Some(url) = &config.redirect {
            info!(device = %id, url, "redirected");
            let url = Some(url.as_str().into());
            let _ = self.session.refuse(now, ConnectError::Redirect, url);
        } else {
            let (spec, encoding) = (self.session.dialect().name(), request.encoding);
            info!(
                device = %id,
                keep_alive = ?request.keep_alive,
                spec,
                encoding = encoding.name(),
                "connected"
            );
            let info = DeviceInfo {
                id,
                peer: self.peer,
                spec,
                encoding,
                keep_alive: request.keep_alive,
                client_type: request.client_type,
                firmware: request.firmware,
                connections: 1,
            };
            let _ = self.session.accept(now);
            self.registration = Some(self.shared.registry.add(info, self.sender.clone()));
            self.admission = None;
        }
    }

    fn answer(&mut self, request: RequestId, mut result: Result<Reply, Reply>) {
        let now = self.link.now();
        if !self.session.dialect().constants().answers_have_parameters {
            let (Ok(reply) | Err(reply)) = &mut result;
            reply.parameters = None;
        }
        let answered = match result {
            Ok(reply) => self.session.answer_ok(now, request, reply),
            Err(reply) => self.session.answer_error(now, request, reply),
        };
        if let Err(error) = answered {
            debug!(%error, "an answer could not be sent");
            // It is smaller; where even that is too much, the session has ended.
            let _ = self.session.answer_error(now, request, Reply::empty());
        }
    }

    fn answered(&mut self, request: RequestId, result: Result<Reply, Reply>) {
        let Some(waiting) = self.pending.answered(request) else {
            return;
        };
        let reply = match result {
            Ok(reply) => reply,
            Err(reply) => return waiting.fail(CallError::Failed(reply)),
        };
        match waiting {
            // Whoever asked may have gone.
            Waiting::Answer(to) => drop(to.send(Ok(reply))),
            Waiting::Done(to) => drop(to.send(Ok(()))),
            Waiting::Start {
                call,
                samples,
                reply,
            } => {
                self.replace(&call.resource);
                let feed = Feed {
                    request,
                    call,
                    samples,
                };
                self.streams.insert(request.stream_id(), feed);
                if reply.send(Ok(request)).is_err() {
                    self.stop(request.stream_id());
                }
            }
        }
    }

    /// Ends the streams of a resource of which a new one has been opened.
    fn replace(&mut self, resource: &Resource) {
        let same = self.streams.iter();
        let same = same.filter(|(_, feed)| feed.call.resource.same(resource));
        let replaced: Vec<u16> = same.map(|(&stream_id, _)| stream_id).collect();
        for stream_id in replaced {
            self.stop(stream_id);
        }
    }

    fn deliver(&mut self, stream_id: u16, sample: Sample) {
        let feed = self.streams.get(&stream_id);
        let is_wanted = feed.is_some_and(|feed| feed.samples.send(sample).is_ok());
        if !is_wanted {
            self.stop(stream_id);
        }
    }

    /// Stops a stream without waiting for the answer.
    fn stop(&mut self, stream_id: u16) {
        self.streams.remove(&stream_id);
        let now = self.link.now();
        match self.session.stop_stream(now, stream_id) {
            // It was made just now, so it can be abandoned.
            Ok(request) => drop(self.session.abandon(request)),
            // Its next value brings another try.
            Err(error) => debug!(stream_id, %error, "a stream could not be stopped"),
        }
    }

    fn log_end(&self, reason: &CloseReason, is_stalled: bool) {
        let device = self.registration.as_ref().map(Registration::id);
        let device = device.map(ToString::to_string);
        if is_stalled {
            warn!(device, "closed: the peer does not read");
        } else {
            info!(device, %reason, "closed");
        }
    }
}
