//! What a case waits for on a connection, and how it shows that nothing came.

use core::sync::atomic::Ordering;
use core::time::Duration;

use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::NO_SUCH_RESOURCE;
use super::event::{Event, Received, Want, any_of, phrase};
use super::link::Link;
use super::{Protocol, nubison, vocabulary};
use crate::case::Role;
use crate::suite;
use crate::verdict::{Failure, Outcome, Step, Stop};

/// Whether a message is the answer to a fence.
type Answers = Box<dyn Fn(&Received) -> bool + Send + Sync>;

/// Fences in a row that are raised twice in vain before one is enough.
const IN_VAIN: u32 = 3;

/// How a subject took something that may cost the connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// What it sent before.
    pub messages: Vec<Received>,
    /// Whether the connection lives.
    pub alive: bool,
}

impl Link {
    /// Waits for one of `wants`, which has to be the very next thing.
    ///
    /// # Errors
    /// A failure on anything else.
    pub async fn expect(&mut self, wants: &[Want]) -> Outcome<Event> {
        let event = self.next().await;
        if wants.iter().any(|want| want.allows(&event)) {
            return Ok(event);
        }
        Err(Stop::fail(any_of(wants), event.to_string()))
    }

    /// Waits for a message that is one of `wants`.
    ///
    /// # Errors
    /// A failure on anything else.
    pub async fn message(&mut self, wants: &[Want]) -> Outcome<Received> {
        match self.expect(wants).await? {
            Event::Message(received) => Ok(received),
            other => Err(Stop::fail(any_of(wants), other.to_string())),
        }
    }

    /// Waits for the answer to the request of that identifier.
    ///
    /// # Errors
    /// A failure on anything else; an answer under another identifier breaks
    /// the rule of identifiers, whatever the case is about.
    pub async fn answer(&mut self, id: u16) -> Outcome<Received> {
        let want = Want::Answer(id);
        let event = self.next().await;
        match event {
            Event::Message(received) if want.allows_message(&received) => Ok(received),
            Event::Message(received) if matches!(received.name(), "ok" | "error") => {
                let got = phrase(&received.message);
                Err(Stop::fail(want.to_string(), got).blaming(suite::OWN_ID))
            }
            other => Err(Stop::fail(want.to_string(), other.to_string())),
        }
    }

    /// Waits for the end of the connection, which has to come next but for Error and Disconnect.
    ///
    /// # Errors
    /// A failure on anything else.
    pub async fn closed(&mut self) -> Outcome {
        let deadline = Instant::now() + self.timeout();
        loop {
            let event = self.next_before(deadline).await;
            match &event {
                Event::Closed { .. } => return Ok(()),
                Event::Message(received) if matches!(received.name(), "error" | "disconnect") => {}
                _ => return Err(Stop::fail(Want::Closed.to_string(), event.to_string())),
            }
        }
    }

    /// Waits for the end of the connection, whatever comes before it.
    ///
    /// # Errors
    /// A failure where it does not end in time.
    pub async fn closed_in_the_end(&mut self) -> Outcome {
        let deadline = Instant::now() + self.timeout();
        loop {
            match self.next_before(deadline).await {
                Event::Closed { .. } => return Ok(()),
                Event::Message(_) => {}
                other => return Err(Stop::fail(Want::Closed.to_string(), other.to_string())),
            }
        }
    }

    /// A request that the subject has to answer, whatever else it offers.
    #[must_use]
    pub fn request(&self, stream_id: u16) -> Json {
        match self.role() {
            Role::Server => {
                json!({"type": "run", "stream_id": stream_id, "resource": NO_SUCH_RESOURCE})
            }
            Role::Device => json!({"type": "describe", "stream_id": stream_id}),
        }
    }

    /// Sends [`request`](Self::request) and waits for its answer.
    ///
    /// # Errors
    /// A failure where the next thing is not its answer.
    pub async fn ask(&mut self) -> Outcome<Received> {
        let id = self.id();
        self.send(self.request(id)).await?;
        self.answer(id).await
    }

    /// Everything that comes before the answer to something that has to be answered.
    ///
    /// What was not sent before it, in answer to something sent earlier, is not
    /// sent at all. A server is asked by Keep Alive, or by a call where it leaves that
    /// unanswered, a device by Describe.
    ///
    /// # Errors
    /// A failure where the answer does not come.
    pub async fn fence(&mut self) -> Outcome<Vec<Received>> {
        let (messages, end) = self.raise_fence().await?;
        match end {
            None => Ok(messages),
            Some(event) => Err(Stop::fail("the connection to go on", event.to_string())),
        }
    }

    /// As [`fence`](Self::fence), where the end of the connection is right as well.
    ///
    /// # Errors
    /// A failure where neither the answer nor the end comes.
    pub async fn settle(&mut self) -> Outcome<Settled> {
        let (messages, end) = self.raise_fence().await?;
        match end {
            None => Ok(Settled {
                messages,
                alive: true,
            }),
            Some(Event::Closed { .. }) => Ok(Settled {
                messages,
                alive: false,
            }),
            Some(event) => Err(Stop::fail(Failure::SETTLES, event.to_string())),
        }
    }

    /// As [`settle`](Self::settle), after what nobody has to understand: a connection that neither
    /// goes on nor ends breaks the rule of that, and none of the case.
    ///
    /// # Errors
    /// Those of it.
    pub(crate) async fn settle_spoiled(&mut self) -> Outcome<Settled> {
        let rule = Protocol::of(self.codec().spec()).lives_on();
        self.settle().await.blaming(rule)
    }

    /// Shows that the subject sends nothing more.
    ///
    /// # Errors
    /// A failure where something comes before the fence's answer, or no answer.
    pub async fn quiet(&mut self, expected: &str) -> Outcome {
        match self.fence().await?.first() {
            None => Ok(()),
            Some(received) => Err(Stop::fail(expected, phrase(&received.message))),
        }
    }

    async fn raise_fence(&mut self) -> Outcome<(Vec<Received>, Option<Event>)> {
        let mut messages = Vec::new();
        let end = self.fenced(&mut messages, self.timeout()).await?;
        // Whoever loses what stands behind another message breaks a rule which the case may not be
        // about; what comes by itself it hears.
        match (end, self.hears_again()) {
            (Some(Event::Silence(_)), Some(time)) => {
                let end = self.fenced(&mut messages, time).await?;
                match end {
                    Some(Event::Silence(_)) => self.in_vain.fetch_add(1, Ordering::Relaxed),
                    _ => self.in_vain.swap(0, Ordering::Relaxed),
                };
                Ok((messages, end))
            }
            (end, _) => Ok((messages, end)),
        }
    }

    /// How long an answer may take to what comes by itself, where it may have been lost before.
    fn hears_again(&self) -> Option<Duration> {
        let is_vain = self.in_vain.load(Ordering::Relaxed) >= IN_VAIN;
        if is_vain || Protocol::of(self.codec().spec()) != Protocol::Iotmp {
            return None;
        }
        Some(match self.role() {
            Role::Server => self.timeout(),
            Role::Device => self.timeout() / 8,
        })
    }

    /// Sends a fence and keeps what comes before its answer; what comes instead of that is returned.
    async fn fenced(
        &mut self,
        messages: &mut Vec<Received>,
        time: Duration,
    ) -> Outcome<Option<Event>> {
        let (fence, answers) = self.next_fence();
        self.send(fence).await?;
        let deadline = Instant::now() + time;
        loop {
            match self.next_before(deadline).await {
                Event::Message(received) if answers(&received) => return Ok(None),
                Event::Message(received) => messages.push(received),
                end => return Ok(Some(end)),
            }
        }
    }

    /// Something that has to be answered, and what its answer is.
    fn next_fence(&mut self) -> (Json, Answers) {
        let id = self.id();
        match (Protocol::of(self.codec().spec()), self.role()) {
            (Protocol::Nubison, _) => {
                let fence = nubison::fence(self);
                let name = fence.get("session_id").cloned();
                let answers = move |received: &Received| {
                    nubison::is_response(received) && received.field("session_id") == name.as_ref()
                };
                (fence, Box::new(answers))
            }
            (Protocol::Iotmp, Role::Server) if !self.fences_by_call() => (
                json!({"type": "keep_alive"}),
                Box::new(|received| received.name() == "keep_alive"),
            ),
            (Protocol::Iotmp, _) => (
                self.request(id),
                Box::new(move |received| Want::Answer(id).allows_message(received)),
            ),
        }
    }

    /// Opens a stream and waits for its Ok; parameters are by their names, and null is none.
    ///
    /// # Errors
    /// A failure where the next thing is not its Ok.
    pub async fn start_stream(&mut self, resource: &str, parameters: &Json) -> Outcome<u16> {
        let id = self.id();
        self.send_start_stream(id, resource, parameters).await?;
        self.message(&[Want::Ok(id)]).await?;
        Ok(id)
    }

    /// Asks for a stream under an identifier of the caller's.
    ///
    /// # Errors
    /// Inconclusive where the spec has no way to write it.
    pub async fn send_start_stream(
        &mut self,
        id: u16,
        resource: &str,
        parameters: &Json,
    ) -> Outcome {
        let mut message = json!({"type": "start_stream", "stream_id": id, "resource": resource});
        match (parameters, message.as_object_mut()) {
            (Json::Null | Json::Object(_), _) | (_, None) => {
                vocabulary::add(self.codec().spec(), &mut message, parameters)?;
            }
            (bare, Some(object)) => {
                object.insert("parameters".to_owned(), bare.clone());
            }
        }
        self.send(message).await
    }
}
