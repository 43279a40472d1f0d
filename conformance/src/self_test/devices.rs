//! The reference devices that the suite is run against.

use core::time::Duration;

use iotmp_ref::device::{Device, Handle, Status};
use iotmp_ref::session::dialect::Dialect;
use iotmp_ref::wire::Encoding;
use tokio::time::MissedTickBehavior;

use super::credentials;

/// How long a device may wait for its turn, connected, while a case that is run again and again
/// holds up what builds on it.
const IDLE: Duration = Duration::from_secs(3600);
/// How often something happens at a device.
const EVENTS: Duration = Duration::from_millis(100);

/// A device that has something of everything.
pub(super) fn reference_device(dialect: &'static dyn Dialect) -> Device {
    plain_device(dialect).output("status/:part", || "fine")
}

/// A device each of whose resources has one name.
pub(super) fn plain_device(dialect: &'static dyn Dialect) -> Device {
    let who = credentials();
    let mut level = 0_i64;
    Device::new(who.user, who.device, who.credential)
        .dialect(dialect)
        .config(|config| config.connect_timeout = IDLE)
        .keep_alive(Duration::from_secs(1))
        .output("temperature", || 22.5)
        .alias(1)
        .output("uptime", || 86_400)
        .input("led", |_| ())
        .sample(true)
        .input_output("level", move |value| {
            level = value.as_i64().unwrap_or(level);
            level
        })
        .sample(5)
        .input_output("echo", |value| value)
        .sample("hello")
        .run("reset", || ())
        .output(EVENTFUL, || 1)
}

/// The resource of [`reference_device`] at which something happens.
const EVENTFUL: &str = "visitors";

/// Makes something happen at a device again and again, as long as it runs.
pub(super) async fn happen(device: Handle) {
    let mut status = device.status();
    let mut beat = tokio::time::interval(EVENTS);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while *status.borrow_and_update() != Status::Stopped {
        beat.tick().await;
        // One that waits in vain is made up for by the next.
        device.event(EVENTFUL);
    }
}

/// Devices that ask for something else when they connect, which others give no occasion to see.
pub(super) fn other_devices(dialect: &'static dyn Dialect) -> Vec<Device> {
    let mut others = vec![plain_device(dialect)];
    if dialect.constants().auth_string.is_some() {
        others.push(reference_device(dialect).token("token123"));
    }
    // The encodings that cannot say everything.
    for encoding in [Encoding::Bson, Encoding::Json] {
        if dialect.negotiated(0, Some(encoding)).is_some() {
            others.push(reference_device(dialect).encoding(encoding));
        }
    }
    others
}
