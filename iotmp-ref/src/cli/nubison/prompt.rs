//! Commands to the server, line by line.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::io::{self, IsTerminal, Write};

use super::shown;
use crate::cli::prompt::{end, lines, word};
use crate::cli::say;
use crate::nubison::DeviceKey;
use crate::nubison::cloud::Hub;

const HELP: &str = "\
devices                                    who is logged in
wait DEVICE                                wait until a device is logged in
command DEVICE [TEXT]                      tell a device to do something
help                                       this
quit                                       stop the server
A DEVICE is written PRODUCTCODE_IDENTIFIER.";

/// What a line asks for.
#[derive(Debug, PartialEq)]
enum Line {
    Nothing,
    Help,
    Quit,
    Devices,
    Wait(DeviceKey),
    Command(DeviceKey, Option<String>),
}

/// Does what the lines of standard input say, until they end or one says `quit`.
pub(super) async fn prompt(hub: Hub) {
    let mut lines = lines();
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
        let is_heard = match parse(&line) {
            Ok(Line::Quit) => break,
            Ok(line) => say(format_args!("{}", obey(&hub, line).await)),
            Err(why) => say(format_args!("error: {why}")),
        };
        if !is_heard {
            break;
        }
    }
}

async fn obey(hub: &Hub, line: Line) -> String {
    let answer = match line {
        Line::Nothing | Line::Quit => Ok(String::new()),
        Line::Help => Ok(HELP.to_string()),
        Line::Devices => Ok(devices(hub)),
        Line::Wait(device) => {
            let waited = hub.wait_for(&device).await;
            waited.map(|()| alloc::format!("{device} is logged in"))
        }
        Line::Command(device, text) => {
            let answer = hub.command(&device, text.as_deref().map(str::as_bytes));
            let answer = answer.await;
            answer.map(|payload| payload.map_or_else(|| "ok".to_string(), |bytes| shown(&bytes)))
        }
    };
    answer.unwrap_or_else(|error| alloc::format!("error: {error}"))
}

fn devices(hub: &Hub) -> String {
    let devices = hub.devices();
    if devices.is_empty() {
        return "no device is logged in".to_string();
    }
    let devices: Vec<_> = devices.iter().map(DeviceKey::to_string).collect();
    devices.join("\n")
}

fn parse(line: &str) -> Result<Line, String> {
    let (first, rest) = word(line);
    let parsed = match first {
        "" => Line::Nothing,
        "help" | "?" => Line::Help,
        "quit" | "exit" => Line::Quit,
        "devices" => Line::Devices,
        "wait" => {
            let (device, rest) = device(rest)?;
            return end(rest, Line::Wait(device));
        }
        "command" => {
            let (device, rest) = device(rest)?;
            let text = rest.trim_end();
            let text = (!text.is_empty()).then(|| text.to_string());
            return Ok(Line::Command(device, text));
        }
        other => return Err(alloc::format!("{other:?} is no command; try help")),
    };
    end(rest, parsed)
}

fn device(line: &str) -> Result<(DeviceKey, &str), String> {
    let (key, rest) = word(line);
    let key = key.parse();
    Ok((
        key.map_err(|error| alloc::format!("which device? {error}"))?,
        rest,
    ))
}

#[cfg(test)]
mod tests {
    use super::{Line, parse};

    #[test]
    fn lines_are_commands() {
        let key = || "SENSOR01_a".parse().unwrap();
        let check = |line: &str, expected| assert_eq!(parse(line), Ok(expected), "{line}");
        check("", Line::Nothing);
        check(" devices ", Line::Devices);
        check("wait SENSOR01_a", Line::Wait(key()));
        check("command SENSOR01_a", Line::Command(key(), None));
        let text = Some("turn on".into());
        check("command SENSOR01_a turn on ", Line::Command(key(), text));
    }

    #[test]
    fn what_is_no_command_says_what_to_write() {
        let check = |line: &str, why: &str| {
            let refused = parse(line).unwrap_err();
            assert!(refused.contains(why), "{line}: {refused}");
        };
        check("fly", "try help");
        check("devices all", "\"all\" is too much");
        check("command", "write PRODUCTCODE_IDENTIFIER");
        check("wait SENSOR_a", "write PRODUCTCODE_IDENTIFIER");
    }
}
