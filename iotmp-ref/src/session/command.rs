//! What the application wants of an established connection.

use core::time::Duration;

use super::event::Call;
use super::packet::{
    Action, Answer, DataKind, Describe, Packet, Resource, Run, StartStream, StopStream, StreamData,
};
use super::requests::SentKind;
use super::streams::Read;
use super::{CloseReason, Misuse, Reply, RequestId, Role, Session, State};
use crate::pson::Value;

/// Requests.
///
/// All fail with [`Misuse::NotReady`] or [`Misuse::Closed`] outside of an
/// established connection, with [`Misuse::TooManyRequests`] and
/// [`Misuse::Backpressure`] when the peer is behind, with [`Misuse::TooLarge`]
/// and [`Misuse::Unencodable`] for what cannot be sent. Each answered request
/// ends in one [`Event::Answered`](super::Event::Answered).
impl Session {
    /// Runs a resource of the peer.
    ///
    /// # Errors
    /// Those of every request.
    pub fn run(&mut self, now: Duration, call: Call) -> Result<RequestId, Misuse> {
        self.ready(now)?;
        let request = self.request(SentKind::Run)?;
        self.send_request(request, run(Some(request.stream_id), call))
    }

    /// Runs a resource of the peer without wanting an answer.
    ///
    /// # Errors
    /// Those of every request, but for the number of requests.
    pub fn run_unanswered(&mut self, now: Duration, call: Call) -> Result<(), Misuse> {
        self.ready(now)?;
        self.queue(run(None, call))
    }

    /// Asks a device for its resources, or what one of them takes and gives.
    ///
    /// # Errors
    /// Those of every request; [`Misuse::WrongRole`] on a device.
    pub fn describe(
        &mut self,
        now: Duration,
        resource: Option<Resource>,
    ) -> Result<RequestId, Misuse> {
        self.ready(now)?;
        if self.role == Role::Device {
            return Err(Misuse::WrongRole(self.role.name()));
        }
        let request = self.request(SentKind::Describe)?;
        let packet = Packet::Describe(Describe {
            stream_id: request.stream_id,
            resource,
            parameters: None,
        });
        self.send_request(request, packet)
    }

    /// Opens a stream of a resource of the peer: a value every `interval`, or
    /// at events only if that is zero. It is open once the answer is Ok; its
    /// stream identifier is that of the request.
    ///
    /// # Errors
    /// Those of every request; [`Misuse::TooManyStreams`].
    pub fn start_stream(
        &mut self,
        now: Duration,
        call: Call,
        interval: Duration,
    ) -> Result<RequestId, Misuse> {
        self.ready(now)?;
        let limit = self.config.max_streams;
        if self.streams.read_len() + self.requests.streams_sent() >= limit {
            return Err(Misuse::TooManyStreams { limit });
        }
        let request = self.request(SentKind::StartStream)?;
        self.send_request(request, start(request.stream_id, Some(call), interval))
    }

    /// Asks for another interval of a stream that this end opened, without
    /// naming its resource again.
    ///
    /// # Errors
    /// Those of every request; [`Misuse::UnknownStream`] and [`Misuse::Busy`];
    /// [`Misuse::Unencodable`] where the revision
    /// [cannot say that](super::dialect::Constants::reconfigures):
    /// [`change_stream`](Self::change_stream) can.
    pub fn change_interval(
        &mut self,
        now: Duration,
        stream_id: u16,
        interval: Duration,
    ) -> Result<RequestId, Misuse> {
        self.change(now, stream_id, None, interval)
    }

    /// Asks for another interval of a stream that this end opened. The call has
    /// to name its resource again.
    ///
    /// # Errors
    /// Those of every request; [`Misuse::UnknownStream`] and [`Misuse::Busy`].
    pub fn change_stream(
        &mut self,
        now: Duration,
        stream_id: u16,
        call: Call,
        interval: Duration,
    ) -> Result<RequestId, Misuse> {
        self.change(now, stream_id, Some(call), interval)
    }

    /// Closes a stream, whoever opened it. No value comes or goes after this.
    ///
    /// # Errors
    /// Those of every request; [`Misuse::UnknownStream`] and [`Misuse::Busy`].
    pub fn stop_stream(&mut self, now: Duration, stream_id: u16) -> Result<RequestId, Misuse> {
        self.ready(now)?;
        let is_read = self.streams.read(stream_id) == Some(Read::Open);
        if !is_read && !self.streams.is_fed(stream_id) {
            return Err(Misuse::UnknownStream(stream_id));
        }
        let request = self.request_on(stream_id, SentKind::StopStream)?;
        let packet = Packet::StopStream(StopStream {
            stream_id,
            ..StopStream::default()
        });
        let request = self.send_request(request, packet)?;
        if is_read {
            self.streams.set_read(stream_id, Read::Closing);
        } else {
            self.streams.unfeed(stream_id);
        }
        Ok(request)
    }

    /// Gives up waiting for an answer: no event will tell of it, and a stream
    /// that it would have opened is stopped.
    ///
    /// # Errors
    /// [`Misuse::UnknownRequest`] if it is answered already.
    pub fn abandon(&mut self, request: RequestId) -> Result<(), Misuse> {
        if self.requests.abandon(request) {
            Ok(())
        } else {
            Err(Misuse::UnknownRequest(request.stream_id))
        }
    }
}

/// Answers.
impl Session {
    /// Answers a request of the peer by Ok. The stream that it asked for, if it
    /// did, is open now and its timer runs.
    ///
    /// # Errors
    /// [`Misuse::UnknownRequest`] for a second answer; [`Misuse::TooLarge`] and
    /// [`Misuse::Unencodable`] for an answer that cannot be sent: the request
    /// still waits for one. [`Misuse::Backpressure`] ends the connection.
    pub fn answer_ok(
        &mut self,
        now: Duration,
        request: RequestId,
        reply: Reply,
    ) -> Result<(), Misuse> {
        self.answer(now, request, reply, Packet::Ok)?;
        let received = self.requests.answer(request);
        let (stream, aside) = received.map_or_else(Default::default, |received| {
            (received.stream, received.aside)
        });
        if let Some(stream) = stream {
            if let Some(replaced) = self.replaced(&stream) {
                self.streams.unfeed(replaced);
            }
            let (stream_id, interval) = (stream.stream_id, stream.interval);
            self.streams
                .feed(self.now, stream_id, stream.resource, interval);
        }
        self.resume(aside);
        Ok(())
    }

    /// Answers a request of the peer by Error.
    ///
    /// # Errors
    /// Those of [`answer_ok`](Self::answer_ok).
    pub fn answer_error(
        &mut self,
        now: Duration,
        request: RequestId,
        reply: Reply,
    ) -> Result<(), Misuse> {
        self.answer(now, request, reply, Packet::Error)?;
        let received = self.requests.answer(request);
        self.resume(received.map(|received| received.aside).unwrap_or_default());
        Ok(())
    }

    fn answer(
        &mut self,
        now: Duration,
        request: RequestId,
        reply: Reply,
        packet: fn(Answer) -> Packet,
    ) -> Result<(), Misuse> {
        self.ready(now)?;
        let stream_id = request.stream_id;
        if self.requests.received(request).is_none() {
            return Err(Misuse::UnknownRequest(stream_id));
        }
        let result = self.queue(packet(Answer {
            stream_id,
            parameters: reply.parameters,
            payload: reply.payload,
        }));
        if matches!(result, Err(Misuse::Backpressure { .. })) {
            self.close(CloseReason::Overflow, None);
        }
        result
    }
}

/// Streams that the peer opened, and the end.
impl Session {
    /// Sends a value on a stream that the peer opened: whether it goes out, or
    /// is dropped because too much output waits. Where the revision tells
    /// samples from events, it is a sample if the stream has an interval.
    ///
    /// # Errors
    /// [`Misuse::UnknownStream`] if nobody listens; [`Misuse::TooLarge`] and
    /// [`Misuse::Unencodable`] for what cannot be sent.
    pub fn stream_data(
        &mut self,
        now: Duration,
        stream_id: u16,
        reply: Reply,
    ) -> Result<bool, Misuse> {
        let labels = self.config.dialect.constants().data_labels;
        let label = labels.map(|labels| labels.output.into());
        let data = StreamData {
            stream_id,
            kind: self.streams.kind(stream_id),
            parameters: reply.parameters.or(label),
            input: None,
            payload: reply.payload,
        };
        self.send_data(now, data)
    }

    /// As [`stream_data`](Self::stream_data), with a value that is the input of
    /// the resource rather than its output, which some revisions tell.
    ///
    /// # Errors
    /// Those of [`stream_data`](Self::stream_data).
    pub fn stream_input(
        &mut self,
        now: Duration,
        stream_id: u16,
        value: Value,
    ) -> Result<bool, Misuse> {
        let constants = self.config.dialect.constants();
        let label = constants.data_labels.map(|labels| labels.input.into());
        let kind = self.streams.kind(stream_id);
        let has_input = constants.samples_have_input && kind == DataKind::Sample;
        let (input, payload) = match has_input {
            true => (Some(value), None),
            false => (None, Some(value)),
        };
        let data = StreamData {
            stream_id,
            kind,
            parameters: label,
            input,
            payload,
        };
        self.send_data(now, data)
    }

    fn send_data(&mut self, now: Duration, data: StreamData) -> Result<bool, Misuse> {
        self.ready(now)?;
        if !self.streams.is_fed(data.stream_id) {
            return Err(Misuse::UnknownStream(data.stream_id));
        }
        match self.queue(Packet::StreamData(data)) {
            Ok(()) => Ok(true),
            Err(Misuse::Backpressure { .. }) => {
                self.stats.data_dropped += 1;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the peer has opened a stream of that identifier, for this end to
    /// feed.
    #[must_use]
    pub fn feeds(&self, stream_id: u16) -> bool {
        self.streams.is_fed(stream_id)
    }

    /// Takes the timer from a stream that the peer opened: it brings events
    /// only, whatever interval the peer has asked for.
    ///
    /// # Errors
    /// [`Misuse::UnknownStream`] if there is none.
    pub fn untime_stream(&mut self, stream_id: u16) -> Result<(), Misuse> {
        match self
            .streams
            .set_interval(self.now, stream_id, Duration::ZERO)
        {
            true => Ok(()),
            false => Err(Misuse::UnknownStream(stream_id)),
        }
    }

    /// Forgets a stream that the peer opened without a word to it, where
    /// another one has taken its place.
    ///
    /// # Errors
    /// [`Misuse::UnknownStream`] if there is none.
    pub fn drop_stream(&mut self, stream_id: u16) -> Result<(), Misuse> {
        if self.streams.unfeed(stream_id) {
            Ok(())
        } else {
            Err(Misuse::UnknownStream(stream_id))
        }
    }

    /// Announces the end and ends the connection, in whatever state it is.
    ///
    /// # Errors
    /// [`Misuse::Closed`] if it has ended before.
    pub fn disconnect(&mut self, now: Duration, reason: Option<Value>) -> Result<(), Misuse> {
        self.set_time(now);
        if self.is_closed() {
            return Err(Misuse::Closed);
        }
        self.close(CloseReason::Disconnected { reason }, None);
        Ok(())
    }
}

impl Session {
    fn ready(&mut self, now: Duration) -> Result<(), Misuse> {
        self.set_time(now);
        match self.state {
            State::Ready => Ok(()),
            State::Closed => Err(Misuse::Closed),
            State::Connecting | State::Authenticating => Err(Misuse::NotReady),
        }
    }

    fn send_request(&mut self, request: RequestId, packet: Packet) -> Result<RequestId, Misuse> {
        if let Err(error) = self.queue(packet) {
            self.requests.answered(request.stream_id);
            return Err(error);
        }
        Ok(request)
    }

    fn change(
        &mut self,
        now: Duration,
        stream_id: u16,
        call: Option<Call>,
        interval: Duration,
    ) -> Result<RequestId, Misuse> {
        self.ready(now)?;
        if self.streams.read(stream_id) != Some(Read::Open) {
            return Err(Misuse::UnknownStream(stream_id));
        }
        let request = self.request_on(stream_id, SentKind::ChangeStream)?;
        self.send_request(request, start(stream_id, call, interval))
    }

    /// A request under the identifier of a stream.
    fn request_on(&mut self, stream_id: u16, kind: SentKind) -> Result<RequestId, Misuse> {
        if self.requests.is_sent(stream_id) {
            return Err(Misuse::Busy(stream_id));
        }
        self.make_room()?;
        Ok(self.requests.send(stream_id, kind))
    }

    /// Stops a stream that was opened after nobody wanted it any more.
    pub(super) fn stop_unwanted(&mut self, stream_id: u16) {
        match self.stop_stream(self.now, stream_id) {
            Ok(request) => {
                // It was made just now, so it waits.
                let _ = self.abandon(request);
            }
            Err(_) => {
                // Its values are not wanted even if the peer cannot be told.
                self.streams.unread(stream_id);
            }
        }
    }
}

fn run(stream_id: Option<u16>, call: Call) -> Packet {
    Packet::Run(Run {
        stream_id,
        action: Action::Run,
        resource: call.resource,
        parameters: call.parameters,
        payload: call.payload,
    })
}

fn start(stream_id: u16, call: Option<Call>, interval: Duration) -> Packet {
    let (resource, parameters, payload) = match call {
        Some(call) => (Some(call.resource), call.parameters, call.payload),
        None => (None, None, None),
    };
    Packet::StartStream(StartStream {
        stream_id,
        resource,
        parameters,
        interval,
        payload,
    })
}
