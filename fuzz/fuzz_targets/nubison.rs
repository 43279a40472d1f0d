//! Either end of Nubison under any bytes and any commands: it keeps its bounds, its deadlines lie
//! ahead, and it ends once.

#![no_main]

use core::time::Duration;

use arbitrary::Arbitrary;
use iotmp_ref::message::nubison::{ErrorCode, Message};
use iotmp_ref::nubison::{
    AccessToken, Config, DeviceEvent, DeviceKey, DeviceSession, Identity, RequestId, ServerEvent,
    ServerSession,
};
use libfuzzer_sys::fuzz_target;

const MAX_OUTPUT: usize = 1000;
const MAX_PENDING: usize = 4;
const TOKEN: &str = "0123456789abcdefghijklmn";
const ID: core::ops::Range<usize> = 1..9;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    is_server: bool,
    steps: Vec<Step<'a>>,
}

/// What may happen.
#[derive(Debug, Arbitrary)]
enum Step<'a> {
    Bytes(&'a [u8]),
    /// A packet; whether with the last identifier that this end sent, and with the token.
    Packet(Message<'static>, bool, bool),
    Pass(u16),
    Written(u8),
    Poll,
    Ask(u8, &'a [u8]),
    Accept(Option<&'a [u8]>),
    Refuse(ErrorCode),
    Close,
    End,
}

fuzz_target!(|input: Input<'_>| {
    let mut config = Config::new(7);
    config.max_output = MAX_OUTPUT;
    config.max_pending = MAX_PENDING;
    let now = Duration::ZERO;
    if input.is_server {
        run(ServerSession::new(now, config), input.steps);
    } else {
        run(DeviceSession::new(now, config), input.steps);
    }
});

fn run<E: End>(mut end: E, steps: Vec<Step<'_>>) {
    let mut now = Duration::ZERO;
    let mut asked = Vec::new();
    let mut last_id: Option<[u8; 8]> = None;
    let mut has_ended = false;
    for step in steps {
        match step {
            Step::Bytes(bytes) => end.input(now, bytes),
            Step::Packet(message, tells_id, tells_token) => {
                let mut bytes = message.to_vec().expect("it holds only what can be written");
                let id = last_id.filter(|_| tells_id);
                if let (Some(place), Some(id)) = (bytes.get_mut(ID), id) {
                    place.copy_from_slice(&id);
                }
                let token = ID.end..ID.end + TOKEN.len();
                if let (true, Some(place)) = (tells_token, bytes.get_mut(token)) {
                    place.copy_from_slice(TOKEN.as_bytes());
                }
                end.input(now, &bytes);
            }
            Step::Pass(milliseconds) => {
                now += Duration::from_millis(milliseconds.into());
                end.timeout(now);
                assert!(end.deadline().is_none_or(|by| by > now));
            }
            Step::Written(count) => end.written(now, count.into()),
            Step::Poll => {
                while let Some((request, is_end)) = end.event() {
                    assert!(!has_ended, "an event after the end");
                    asked.extend(request);
                    has_ended = is_end;
                }
                assert!(asked.len() <= MAX_PENDING || end.is_closed());
            }
            Step::Ask(what, payload) => last_id = end.ask(now, what, payload).or(last_id),
            Step::Accept(payload) => {
                if let Some(request) = asked.pop() {
                    let is_taken = end.accept(now, request, payload);
                    let again = end.accept(now, request, None);
                    assert!(!(is_taken && again), "answered twice");
                    if !is_taken && !again {
                        asked.push(request);
                    }
                }
            }
            Step::Refuse(error) => {
                if let Some(request) = asked.pop()
                    && !end.refuse(now, request, error)
                {
                    asked.push(request);
                }
            }
            Step::Close => end.close(now),
            Step::End => end.end(now),
        }
        assert!(end.output().len() <= MAX_OUTPUT);
        assert!(end.is_closed() || !has_ended);
        if end.is_closed() {
            assert!(!end.wants_input());
            assert_eq!(end.deadline(), None);
            asked.clear();
        }
    }
}

/// What both ends have in common.
trait End {
    /// The request that the next event brings, and whether it is the last event.
    fn event(&mut self) -> Option<(Option<RequestId>, bool)>;
    fn ask(&mut self, now: Duration, what: u8, payload: &[u8]) -> Option<[u8; 8]>;
    fn accept(&mut self, now: Duration, request: RequestId, payload: Option<&[u8]>) -> bool;
    fn refuse(&mut self, now: Duration, request: RequestId, error: ErrorCode) -> bool;
    fn input(&mut self, now: Duration, bytes: &[u8]);
    fn written(&mut self, now: Duration, count: usize);
    fn timeout(&mut self, now: Duration);
    fn close(&mut self, now: Duration);
    fn end(&mut self, now: Duration);
    fn output(&self) -> &[u8];
    fn deadline(&self) -> Option<Duration>;
    fn is_closed(&self) -> bool;
    fn wants_input(&self) -> bool;
}

macro_rules! shared {
    () => {
        fn input(&mut self, now: Duration, bytes: &[u8]) {
            self.handle_input(now, bytes);
        }
        fn written(&mut self, now: Duration, count: usize) {
            self.handle_written(now, count);
        }
        fn timeout(&mut self, now: Duration) {
            self.handle_timeout(now);
        }
        fn close(&mut self, now: Duration) {
            self.close(now);
        }
        fn end(&mut self, now: Duration) {
            self.handle_end(now);
        }
        fn output(&self) -> &[u8] {
            self.poll_output()
        }
        fn deadline(&self) -> Option<Duration> {
            self.poll_timeout()
        }
        fn is_closed(&self) -> bool {
            self.is_closed()
        }
        fn wants_input(&self) -> bool {
            self.wants_input()
        }
    };
}

impl End for ServerSession {
    fn event(&mut self) -> Option<(Option<RequestId>, bool)> {
        self.poll_event().map(|event| match event {
            ServerEvent::Login { request, .. }
            | ServerEvent::Data { request, .. }
            | ServerEvent::Heartbeat { request, .. } => (Some(request), false),
            event => (None, matches!(event, ServerEvent::Closed(_))),
        })
    }

    fn ask(&mut self, now: Duration, what: u8, payload: &[u8]) -> Option<[u8; 8]> {
        let payload = what.is_multiple_of(2).then_some(payload);
        self.command(now, payload).ok().map(|id| id.0)
    }

    fn accept(&mut self, now: Duration, request: RequestId, payload: Option<&[u8]>) -> bool {
        let token = AccessToken::new(TOKEN).expect("it has the size of one");
        self.accept_login(now, request, token, payload)
            .or_else(|_| self.accept(now, request))
            .is_ok()
    }

    fn refuse(&mut self, now: Duration, request: RequestId, error: ErrorCode) -> bool {
        self.refuse(now, request, error).is_ok()
    }

    shared!();
}

impl End for DeviceSession {
    fn event(&mut self) -> Option<(Option<RequestId>, bool)> {
        self.poll_event().map(|event| match event {
            DeviceEvent::Command { request, .. } => (Some(request), false),
            event => (None, matches!(event, DeviceEvent::Closed(_))),
        })
    }

    fn ask(&mut self, now: Duration, what: u8, payload: &[u8]) -> Option<[u8; 8]> {
        match what % 5 {
            0 => {
                let key = DeviceKey::new("SENSOR01", "kitchen").expect("of the right sizes");
                let identity = Identity::new("client-0000000000001", "secret-0000000000001", key);
                let before = self.poll_output().len();
                self.login(now, &identity.expect("of the right sizes"))
                    .ok()?;
                let login = self.poll_output().get(before..)?;
                login.get(ID)?.try_into().ok()
            }
            1 => self.data(now, payload).ok().map(|id| id.0),
            2 => self.heartbeat(now, Some(payload)).ok().map(|id| id.0),
            3 => self.heartbeat(now, None).ok().map(|id| id.0),
            _ => self.logout(now).ok().map(|id| id.0),
        }
    }

    fn accept(&mut self, now: Duration, request: RequestId, payload: Option<&[u8]>) -> bool {
        self.answer_done(now, request, payload).is_ok()
    }

    fn refuse(&mut self, now: Duration, request: RequestId, _: ErrorCode) -> bool {
        self.answer_failed(now, request).is_ok()
    }

    shared!();
}
