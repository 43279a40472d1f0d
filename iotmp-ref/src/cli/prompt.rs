//! The prompt of `iotmp-server`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::collections::HashMap;
use std::io::{self, BufRead, IsTerminal, Write};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::say;
use crate::json;
use crate::pson::Value;
use crate::server::{CallError, DeviceId, Hub, Stream};
use crate::session::{Call, Resource};

/// How long a device is waited for, unless the command says.
const WAIT: Duration = Duration::from_secs(30);

/// What an answer without a value is shown as.
const OK: &str = "ok";

const HELP: &str = "\
devices                                    who is connected
wait USER/DEVICE [SECONDS]                 wait until a device is connected
describe USER/DEVICE [RESOURCE]            what a device has, or what a resource takes and gives
run USER/DEVICE RESOURCE [JSON]            run a resource, with JSON as its input
stream USER/DEVICE RESOURCE [SECONDS]      show its values, every SECONDS or at events only
stop USER/DEVICE RESOURCE                  stop showing them
help                                       this
quit                                       stop the server
A resource is named by its name, or by #NUMBER.";

/// What a line asks for.
#[derive(Debug, PartialEq)]
enum Command {
    Nothing,
    Help,
    Quit,
    Devices,
    Wait(DeviceId, Duration),
    Describe(DeviceId, Option<Resource>),
    Run(DeviceId, Call),
    Stream(DeviceId, Resource, Duration),
    Stop(DeviceId, Resource),
}

/// Does what the lines of standard input say, until they end or one says `quit`.
pub(super) async fn prompt(hub: Hub) {
    let mut lines = lines();
    let mut streams = Streams::default();
    let is_terminal = io::stdin().is_terminal();
    loop {
        if is_terminal {
            let mut out = io::stdout().lock();
            // Without a reader there is nobody to prompt.
            let _ = write!(out, "> ").and_then(|()| out.flush());
        }
        let Some(line) = lines.recv().await else {
            break;
        };
        let is_over = match parse(&line) {
            Ok(Command::Quit) => true,
            Ok(command) => !say(format_args!("{}", obey(&hub, &mut streams, command).await)),
            Err(why) => !say(format_args!("error: {why}")),
        };
        if is_over {
            break;
        }
    }
}

/// The lines of standard input, from a thread that nobody waits for: a read
/// from a terminal cannot be broken off.
pub(super) fn lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

async fn obey(hub: &Hub, streams: &mut Streams, command: Command) -> String {
    let answer = match command {
        Command::Nothing | Command::Quit => Ok(String::new()),
        Command::Help => Ok(HELP.to_string()),
        Command::Devices => Ok(devices(hub)),
        Command::Wait(id, timeout) => {
            let hub = hub.clone().with_timeout(timeout);
            let waited = hub.wait_for(&id.user, &id.device).await;
            waited.map(|()| alloc::format!("{id} is connected"))
        }
        Command::Describe(id, resource) => {
            let reply = hub.describe(&id.user, &id.device, resource).await;
            reply.map(|reply| json::reply(OK, &reply))
        }
        Command::Run(id, call) => {
            let reply = hub.run(&id.user, &id.device, call).await;
            reply.map(|reply| json::reply(OK, &reply))
        }
        Command::Stream(id, resource, interval) => {
            let call = Call::new(resource.clone());
            let stream = hub.stream(&id.user, &id.device, call, interval).await;
            stream.map(|stream| streams.show(id, resource, stream))
        }
        Command::Stop(id, resource) => streams.stop(id, resource).await,
    };
    answer.unwrap_or_else(|error| match error {
        CallError::Failed(reply) => {
            alloc::format!("refused: {}", json::reply("no reason given", &reply))
        }
        error => alloc::format!("error: {error}"),
    })
}

fn devices(hub: &Hub) -> String {
    let devices = hub.devices();
    if devices.is_empty() {
        return "no device is connected".to_string();
    }
    let devices = devices.iter().map(|info| {
        let keep_alive = info.keep_alive.as_secs();
        let (id, peer, count) = (&info.id, info.peer, info.connections);
        alloc::format!("{id} from {peer}, keep alive {keep_alive} s, connections {count}")
    });
    devices.collect::<Vec<_>>().join("\n")
}

/// Streams whose values are shown.
#[derive(Default)]
struct Streams {
    shown: HashMap<(DeviceId, String), Shown>,
}

struct Shown {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), CallError>>,
}

impl Streams {
    fn show(&mut self, id: DeviceId, resource: Resource, stream: Stream) -> String {
        let key = (id, resource.to_string());
        let title = alloc::format!("{} {}", key.0, key.1);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(show(title, stream, stopped));
        // One that it replaces ends by itself.
        self.shown.insert(key, Shown { stop, task });
        "streaming".to_string()
    }

    async fn stop(&mut self, id: DeviceId, resource: Resource) -> Result<String, CallError> {
        let Some(shown) = self.shown.remove(&(id, resource.to_string())) else {
            return Ok("no such stream is shown".to_string());
        };
        // It may have ended by itself.
        let _ = shown.stop.send(());
        let stopped = shown.task.await.unwrap_or(Err(CallError::Lost));
        stopped.map(|()| "stopped".to_string())
    }
}

async fn show(
    title: String,
    mut stream: Stream,
    mut stop: oneshot::Receiver<()>,
) -> Result<(), CallError> {
    loop {
        let sample = tokio::select! {
            sample = stream.next() => sample,
            // Nobody can stop a stream that was replaced, but it has ended.
            Ok(()) = &mut stop => return stream.stop().await,
        };
        let Some(sample) = sample else {
            say(format_args!("{title}: the stream has ended"));
            return Ok(());
        };
        let value = sample.payload.unwrap_or(Value::Null);
        say(format_args!("{title}: {}", json::text(&value)));
    }
}

fn parse(line: &str) -> Result<Command, String> {
    let (word, rest) = word(line);
    let command = match word {
        "" => Command::Nothing,
        "help" | "?" => Command::Help,
        "quit" | "exit" => Command::Quit,
        "devices" => Command::Devices,
        "wait" => {
            let (id, rest) = device(rest)?;
            let (timeout, rest) = seconds(rest)?;
            return end(rest, Command::Wait(id, timeout.unwrap_or(WAIT)));
        }
        "describe" => {
            let (id, rest) = device(rest)?;
            let (name, rest) = self::word(rest);
            let name = (!name.is_empty()).then(|| named(name)).transpose()?;
            return end(rest, Command::Describe(id, name));
        }
        "run" => {
            let (id, rest) = device(rest)?;
            let (name, rest) = resource(rest)?;
            let mut call = Call::new(name);
            if !rest.is_empty() {
                let input = json::parse(rest);
                call = call.payload(input.map_err(|error| {
                    alloc::format!("{rest} is not JSON: {error}; a text needs quotes")
                })?);
            }
            return Ok(Command::Run(id, call));
        }
        "stream" => {
            let (id, rest) = device(rest)?;
            let (name, rest) = resource(rest)?;
            let (interval, rest) = seconds(rest)?;
            let interval = interval.unwrap_or_default();
            return end(rest, Command::Stream(id, name, interval));
        }
        "stop" => {
            let (id, rest) = device(rest)?;
            let (name, rest) = resource(rest)?;
            return end(rest, Command::Stop(id, name));
        }
        other => return Err(alloc::format!("{other:?} is no command; try help")),
    };
    end(rest, command)
}

/// The first word of a line, and the rest.
pub(super) fn word(line: &str) -> (&str, &str) {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (word, rest.trim_start())
}

pub(super) fn end<T>(rest: &str, command: T) -> Result<T, String> {
    if rest.is_empty() {
        return Ok(command);
    }
    Err(alloc::format!("{rest:?} is too much; try help"))
}

fn device(line: &str) -> Result<(DeviceId, &str), String> {
    let (id, rest) = word(line);
    let id = id.parse();
    Ok((
        id.map_err(|error| alloc::format!("which device? {error}"))?,
        rest,
    ))
}

fn resource(line: &str) -> Result<(Resource, &str), String> {
    match word(line) {
        ("", _) => Err("which resource? write its name; describe lists them".to_string()),
        (name, rest) => Ok((named(name)?, rest)),
    }
}

fn named(name: &str) -> Result<Resource, String> {
    let Some(number) = name.strip_prefix('#') else {
        return Ok(name.into());
    };
    let number = number.parse::<u64>().map(Resource::from);
    number.map_err(|_| alloc::format!("{name:?} is no number; write #NUMBER or a name"))
}

fn seconds(line: &str) -> Result<(Option<Duration>, &str), String> {
    let (text, rest) = word(line);
    if text.is_empty() {
        return Ok((None, rest));
    }
    let seconds = text.parse().ok().map(Duration::try_from_secs_f64);
    match seconds {
        Some(Ok(seconds)) => Ok((Some(seconds), rest)),
        _ => Err(alloc::format!("{text:?} is no number of seconds")),
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Command, parse};
    use crate::pson::Map;
    use crate::server::DeviceId;
    use crate::session::Call;

    fn id() -> DeviceId {
        DeviceId::new("u", "d")
    }

    #[test]
    fn lines_are_commands() {
        let check = |line: &str, command| assert_eq!(parse(line), Ok(command), "{line}");
        check("", Command::Nothing);
        check("  devices ", Command::Devices);
        check("describe u/d", Command::Describe(id(), None));
        check(
            "describe u/d cfg/1",
            Command::Describe(id(), Some("cfg/1".into())),
        );
        check("run u/d a", Command::Run(id(), Call::new("a")));
        let call = Call::new("a").payload(Map::from([("b c", 1)]));
        check("run u/d a {\"b c\": 1}", Command::Run(id(), call));
        check("run u/d #7", Command::Run(id(), Call::new(7_u64)));
        let half = Duration::from_millis(500);
        check("stream u/d a 0.5", Command::Stream(id(), "a".into(), half));
        check(
            "stream u/d a",
            Command::Stream(id(), "a".into(), Duration::ZERO),
        );
        check("stop u/d a", Command::Stop(id(), "a".into()));
        check("wait u/d 2", Command::Wait(id(), Duration::from_secs(2)));
    }

    #[test]
    fn what_is_no_command_says_what_to_write() {
        let check = |line: &str, why: &str| {
            let refused = parse(line).unwrap_err();
            assert!(refused.contains(why), "{line}: {refused}");
        };
        check("fly", "try help");
        check("devices all", "\"all\" is too much");
        check("run", "write USER/DEVICE");
        check("run u/d", "which resource?");
        check("run u/d a hello", "a text needs quotes");
        check("run u/d #x", "write #NUMBER");
        check("stream u/d a soon", "no number of seconds");
        check("stream u/d a -1", "no number of seconds");
    }
}
