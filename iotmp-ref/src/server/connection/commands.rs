//! What the server's own program asks of a device.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::super::command::{Ask, Change, Command, Question, Start, Stop, Waiting};
use super::super::hub::CallError;
use super::Connection;
use crate::session::{Misuse, RequestId};

impl<S: AsyncRead + AsyncWrite> Connection<S> {
    pub(super) fn handle_command(&mut self, command: Command) {
        let now = self.link.now();
        match command {
            Command::Ask(Ask {
                question,
                deadline,
                reply,
            }) => {
                let sent = match question {
                    Question::Run(call) => self.session.run(now, call),
                    Question::Describe(resource) => self.session.describe(now, resource),
                };
                self.wait(sent, deadline, Waiting::Answer(reply));
            }
            Command::Tell { call, reply } => {
                let sent = self.session.run_unanswered(now, call);
                // Whoever asked may have gone.
                let _ = reply.send(sent.map_err(CallError::from));
            }
            Command::Start(Start {
                call,
                interval,
                samples,
                deadline,
                reply,
            }) => {
                let sent = self.session.start_stream(now, call.clone(), interval);
                let waiting = Waiting::Start {
                    call,
                    samples,
                    reply,
                };
                self.wait(sent, deadline, waiting);
            }
            Command::Change(change) => self.handle_change(change),
            Command::Stop(stop) => self.handle_stop(stop),
            Command::Publish { stream_id, reply } => self.publish(stream_id, reply),
            Command::Disconnect => {
                // It may have ended just now.
                let _ = self.session.disconnect(now, None);
            }
        }
    }

    fn handle_change(&mut self, change: Change) {
        let Change {
            request,
            interval,
            deadline,
            reply,
        } = change;
        let (now, stream_id) = (self.link.now(), request.stream_id());
        let feed = self.streams.get(&stream_id);
        let Some(feed) = feed.filter(|feed| feed.request == request) else {
            // Whoever asked may have gone.
            let _ = reply.send(Err(Misuse::UnknownStream(stream_id).into()));
            return;
        };
        let sent = match self.session.dialect().constants().reconfigures {
            true => self.session.change_interval(now, stream_id, interval),
            false => {
                let call = feed.call.clone();
                self.session.change_stream(now, stream_id, call, interval)
            }
        };
        self.wait(sent, deadline, Waiting::Done(reply));
    }

    fn handle_stop(&mut self, stop: Stop) {
        let stream_id = stop.request.stream_id();
        let feed = self.streams.get(&stream_id);
        let is_open = feed.is_some_and(|feed| feed.request == stop.request);
        match stop.reply {
            // Whoever asked may have gone.
            Some(reply) if !is_open => drop(reply.send(Ok(()))),
            Some(reply) => {
                self.streams.remove(&stream_id);
                let sent = self.session.stop_stream(self.link.now(), stream_id);
                self.wait(sent, stop.deadline, Waiting::Done(reply));
            }
            None if is_open => self.stop(stream_id),
            None => {}
        }
    }

    fn wait(&mut self, sent: Result<RequestId, Misuse>, deadline: Instant, waiting: Waiting) {
        match sent {
            Ok(request) => self.pending.insert(request, deadline, waiting),
            Err(misuse) => waiting.fail(misuse.into()),
        }
    }

    pub(super) fn expire(&mut self) {
        let now = Instant::now();
        while let Some((request, waiting)) = self.pending.expired(now) {
            // No answer has come, so it can be abandoned.
            let _ = self.session.abandon(request);
            waiting.fail(CallError::TimedOut);
        }
    }
}
