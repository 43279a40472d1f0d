//! The programs, where they speak Nubison.

mod prompt;

use alloc::string::{String, ToString};
use core::net::SocketAddr;
use core::time::Duration;
use std::process::ExitCode;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use self::prompt::prompt;
use super::demo::Heading;
use super::server::cannot_listen;
use super::{Signals, fail, say};
use crate::device::Address;
use crate::message::nubison::timers;
use crate::nubison::client::{Client, ClientConfig, Device, Handle, RequestError};
use crate::nubison::cloud::{Config, Hub, Notification, Registry, Server};
use crate::nubison::{DeviceKey, Identity};
use crate::server::Credential;

/// Longest interval of heartbeats, in seconds, that a server bears.
pub(super) const LONGEST_HEARTBEAT: u64 = timers::SILENCE;

/// How often the heading turns.
const TURN_EVERY: Duration = Duration::from_secs(1);

/// What the flags for user, device and credential mean here: client id, device
/// key and client secret.
pub(super) fn identity(user: &str, device: &str, credential: &str) -> Result<Identity, String> {
    let key: DeviceKey = device
        .parse()
        .map_err(|error| alloc::format!("device {device:?}: {error}"))?;
    let identity = Identity::new(user, credential, key);
    identity.map_err(|error| alloc::format!("device {user}/{device}: {error}"))
}

/// Registers what was given on the command line.
pub(super) fn registry(devices: &[Credential]) -> Result<Registry, String> {
    let mut registry = Registry::new();
    for Credential { id, secret } in devices {
        let identity = identity(&id.user, &id.device, secret)?;
        let taken = |error| alloc::format!("--device {id}: {error}");
        registry.insert(&identity).map_err(taken)?;
    }
    Ok(registry)
}

/// Runs the server.
pub(super) async fn serve(listen: SocketAddr, registry: Registry, has_prompt: bool) -> ExitCode {
    let mut signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => return fail(format_args!("signals cannot be caught: {error}")),
    };
    let (server, hub) = match Server::bind(Config::new(listen, registry)).await {
        Ok(bound) => bound,
        Err(error) => {
            return cannot_listen(&format_args!("{listen}: {error}"), error.kind());
        }
    };
    // Where nobody reads standard output, there is still the log.
    say(format_args!("{}", server.local_addr()));
    let news = log_data(hub.clone());
    let commands = async {
        match has_prompt {
            true => prompt(hub).await,
            false => core::future::pending().await,
        }
    };
    tokio::select! {
        () = signals.wait() => {}
        () = commands => {}
        () = news => {}
    }
    server.shutdown().await;
    ExitCode::SUCCESS
}

/// Writes to the log what devices send, for as long as the server runs.
async fn log_data(hub: Hub) {
    let mut news = hub.subscribe();
    loop {
        match news.recv().await {
            Ok(Notification::Data { device, payload }) => {
                info!(%device, payload = shown(&payload), "data");
            }
            Ok(_) => {}
            Err(RecvError::Lagged(count)) => warn!(count, "data came too fast to be shown"),
            Err(RecvError::Closed) => return,
        }
    }
}

/// Bytes as they may be shown: text as it is, the rest escaped.
fn shown(bytes: &[u8]) -> String {
    match core::str::from_utf8(bytes) {
        Ok(text) => text.escape_debug().to_string(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// How the device dials `server`.
pub(super) fn client_config(server: Address) -> ClientConfig {
    let mut config = ClientConfig::new(server);
    // Someone may yet register the device.
    config.retry_refused = true;
    config
}

/// Runs the device: it sends its heading and a heartbeat by turns, one every second, and echoes commands.
pub(super) async fn run(identity: Identity, config: ClientConfig) -> ExitCode {
    let mut signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => return fail(format_args!("signals cannot be caught: {error}")),
    };
    let device = Device::new(identity).on_command(|payload| {
        info!(payload = payload.map(shown), "command");
        Ok(payload.map(<[u8]>::to_vec))
    });
    let (mut client, handle) = Client::start(device, config);
    let ended = tokio::select! {
        ended = client.stopped() => ended,
        () = turn(&handle) => Ok(()),
        () = signals.wait() => {
            info!("stopping");
            client.stop().await
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(format_args!("{error}")),
    }
}

/// Sends data and heartbeats by turns, for ever.
async fn turn(handle: &Handle) {
    let heading = Heading::default();
    let mut ticks = interval(TURN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_beat = false;
    loop {
        ticks.tick().await;
        let taken = if is_beat {
            handle.heartbeat(None).await
        } else {
            heading.turn();
            let payload = alloc::format!("{{\"heading\":{}}}", heading.degrees());
            handle.data(payload.as_bytes()).await
        };
        match taken {
            // Without a login nobody takes it, and the next one is of the same kind.
            Err(RequestError::NotLoggedIn) => continue,
            Ok(()) => {}
            Err(error) => warn!(%error, is_beat, "a request was not taken"),
        }
        is_beat = !is_beat;
    }
}

#[cfg(test)]
mod tests {
    use super::{identity, shown};

    #[test]
    fn what_does_not_fit_is_told_what_does() {
        let (id, secret) = ("client-0000000000001", "secret-0000000000001");
        identity(id, "SENSOR01_kitchen", secret).unwrap();
        let check = |user: &str, device: &str, credential: &str, why: &str| {
            let refused = identity(user, device, credential).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        };
        check(id, "sensor1", secret, "write PRODUCTCODE_IDENTIFIER");
        check(
            "user1",
            "SENSOR01_x",
            secret,
            "client_id takes exactly 20 bytes, not 5",
        );
        check(
            id,
            "SENSOR01_x",
            "s",
            "client_secret takes exactly 20 bytes, not 1",
        );
    }

    #[test]
    fn bytes_are_shown_without_harm() {
        assert_eq!(shown(b"{\"a\":1}\n"), "{\\\"a\\\":1}\\n");
        assert_eq!(shown(b"\xff\x1b"), "\\xff\\x1b");
    }
}
