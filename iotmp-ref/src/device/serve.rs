//! Doing what the server asks of the resources.

use alloc::vec::Vec;
use core::time::Duration;

use super::outcome::Failure;
use super::resources::Found;
use super::{Device, Streaming};
use crate::pson::Value;
use crate::session::dialect::Function;
use crate::session::{Event, Misuse, Reply, RequestId, Resource};

/// Why a request gets an Error.
enum Refusal {
    /// There is no such resource, or it does not do that.
    NotThere,
    Failed(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotThere => Self::empty(),
            Refusal::Failed(failure) => failure.into(),
        }
    }
}

/// Values of the device's own accord.
impl Device {
    /// Something has happened to `resource`: asks it for its value and sends
    /// that to whoever streams it. Says how many streams it went to.
    ///
    /// # Errors
    /// [`Misuse::TooLarge`] and [`Misuse::Unencodable`] for a value that cannot
    /// be sent.
    pub fn event(&mut self, now: Duration, resource: &str) -> Result<usize, Misuse> {
        let mut sent = 0;
        for stream_id in self.streams_of(resource) {
            sent += usize::from(self.send_current(now, stream_id)?);
        }
        Ok(sent)
    }

    /// As [`event`](Self::event), with a value at hand.
    ///
    /// # Errors
    /// Those of [`event`](Self::event).
    pub fn event_value(
        &mut self,
        now: Duration,
        resource: &str,
        value: impl Into<Value>,
    ) -> Result<usize, Misuse> {
        let value = value.into();
        let mut sent = 0;
        for stream_id in self.streams_of(resource) {
            sent += usize::from(self.send(now, stream_id, value.clone())?);
        }
        Ok(sent)
    }
}

impl Device {
    /// Does what an event asks for, or gives it back.
    pub(super) fn serve(&mut self, now: Duration, event: Event) -> Option<Event> {
        match event {
            Event::RunRequested {
                request,
                resource,
                parameters,
                payload,
            } => {
                let (news, result) = self.run_resource(&resource, parameters.as_ref(), payload);
                if let Some(request) = request {
                    self.answer(now, request, result);
                }
                if let Some((found, value)) = news
                    && self.config.dialect.constants().echoes
                {
                    // What cannot be sent to a stream is not sent.
                    let _ = self.event_value(now, &found.name, value);
                }
            }
            Event::DescribeRequested {
                request,
                resource,
                parameters,
            } => {
                let result = self.describe(resource.as_ref(), parameters.as_ref());
                self.answer(now, request, result);
            }
            Event::StreamRequested {
                request,
                replaces,
                resource,
                parameters,
                payload,
                ..
            } => self.open_stream(now, request, replaces, &resource, parameters, payload),
            // The session minds its timer, and nothing else has changed.
            Event::StreamChanged { .. } => {}
            Event::StreamStopped { stream_id } => {
                // A stream of the device's own is nothing to the resources.
                if self.streams.remove(&stream_id).is_none() {
                    return Some(event);
                }
            }
            Event::StreamDue { stream_id } => {
                // A value that cannot be sent is not sent; the next may be.
                let _ = self.send_current(now, stream_id);
            }
            Event::Closed(_) => {
                self.streams.clear();
                return Some(event);
            }
            other => return Some(other),
        }
        None
    }

    /// Runs a resource: its reply and, if it took a value, what that changed.
    fn run_resource(
        &mut self,
        resource: &Resource,
        parameters: Option<&Value>,
        payload: Option<Value>,
    ) -> (Option<(Found, Value)>, Result<Reply, Refusal>) {
        let Some(found) = self.resources.find(resource) else {
            return (None, Err(Refusal::NotThere));
        };
        let Some(entry) = self.resources.get(&found) else {
            return (None, Err(Refusal::NotThere));
        };
        match entry.run(&found, parameters, payload) {
            Ok(done) => {
                let reply = Reply {
                    parameters: None,
                    payload: done.output,
                };
                (done.news.map(|value| (found, value)), Ok(reply))
            }
            Err(failure) => (None, Err(failure.into())),
        }
    }

    fn describe(
        &mut self,
        resource: Option<&Resource>,
        parameters: Option<&Value>,
    ) -> Result<Reply, Refusal> {
        let dialect = self.config.dialect;
        let Some(resource) = resource else {
            return Ok(Reply::value(self.resources.describe(dialect)));
        };
        let found = self.resources.find(resource).ok_or(Refusal::NotThere)?;
        let entry = self.resources.get(&found).ok_or(Refusal::NotThere)?;
        Ok(Reply {
            parameters: None,
            payload: entry.samples(&found, parameters, dialect),
        })
    }

    fn open_stream(
        &mut self,
        now: Duration,
        request: RequestId,
        replaces: Option<u16>,
        resource: &Resource,
        parameters: Option<Value>,
        payload: Option<Value>,
    ) {
        let found = match self.try_stream(resource, parameters.as_ref(), payload) {
            Ok(found) => found,
            Err(refusal) => return self.answer(now, request, Err(refusal)),
        };
        let stream_id = request.stream_id();
        // Another way to name the resource may hide that it streams already.
        let same = self.streams.iter();
        let same = same.filter(|(_, stream)| stream.found == found);
        let same: Vec<u16> = same.map(|(&id, _)| id).chain(replaces).collect();
        self.answer(now, request, Ok(Reply::empty()));
        for old in same {
            self.streams.remove(&old);
            if old != stream_id
                && let Some(session) = &mut self.session
            {
                // The session may have dropped it by itself.
                let _ = session.drop_stream(old);
            }
        }
        if self.is_closed() {
            return;
        }
        self.streams
            .insert(stream_id, Streaming { found, parameters });
        if self.config.dialect.constants().echoes {
            // Nothing to send yet is no failure of the stream.
            let _ = self.send_current(now, stream_id);
        }
    }

    fn try_stream(
        &mut self,
        resource: &Resource,
        parameters: Option<&Value>,
        payload: Option<Value>,
    ) -> Result<Found, Refusal> {
        let found = self.resources.find(resource).ok_or(Refusal::NotThere)?;
        let entry = self.resources.get(&found).ok_or(Refusal::NotThere)?;
        if !entry.can_stream() {
            return Err(Refusal::NotThere);
        }
        if payload.is_some() && entry.function().takes() {
            entry.run(&found, parameters, payload)?;
        }
        Ok(found)
    }

    /// Sends the current value of a stream, if the resource can tell it.
    fn send_current(&mut self, now: Duration, stream_id: u16) -> Result<bool, Misuse> {
        let Some(Streaming { found, parameters }) = self.streams.get(&stream_id) else {
            return Ok(false);
        };
        let Some(entry) = self.resources.get(found) else {
            return Ok(false);
        };
        match entry.current(found, parameters.as_ref()) {
            Ok(Some(value)) => self.send(now, stream_id, value),
            // A resource that fails has no value now.
            Ok(None) | Err(_) => Ok(false),
        }
    }

    fn send(&mut self, now: Duration, stream_id: u16, value: Value) -> Result<bool, Misuse> {
        let stream = self.streams.get(&stream_id);
        let entry = stream.and_then(|stream| self.resources.get(&stream.found));
        let is_input = entry.is_some_and(|entry| entry.function() == Function::Input);
        match &mut self.session {
            Some(session) if is_input => session.stream_input(now, stream_id, value),
            Some(session) => session.stream_data(now, stream_id, Reply::value(value)),
            None => Ok(false),
        }
    }

    fn streams_of(&self, name: &str) -> Vec<u16> {
        let streams = self.streams.iter();
        let streams = streams.filter(|(_, stream)| stream.found.name == name);
        streams.map(|(&stream_id, _)| stream_id).collect()
    }

    /// Answers a request, by Error if the answer cannot be sent.
    fn answer(&mut self, now: Duration, request: RequestId, result: Result<Reply, Refusal>) {
        let Some(session) = &mut self.session else {
            return;
        };
        let has_parameters = self.config.dialect.constants().answers_have_parameters;
        let sent = match result {
            Ok(reply) => session.answer_ok(now, request, reply),
            Err(refusal) => {
                let mut reply = Reply::from(refusal);
                reply.parameters = reply.parameters.filter(|_| has_parameters);
                session.answer_error(now, request, reply)
            }
        };
        if let Err(error @ (Misuse::TooLarge { .. } | Misuse::Unencodable(_))) = sent {
            // It is small; where even that does not fit, the session has ended.
            let _ = session.answer_error(now, request, Failure::new(error).into());
        }
    }
}
