//! The device that `iotmp-device` shows: a resource of every sort.

use alloc::string::ToString;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::collections::HashMap;
use std::time::Instant;

use tracing::info;

use crate::device::{Device, Failure};
use crate::pson::{Map, Value};

/// Most settings that `cfg/:id` keeps.
const MAX_SETTINGS: usize = 1000;

/// Degrees that the heading turns with every event.
const TURN: u64 = 15;

/// Where the device is heading, in degrees.
#[derive(Debug, Clone, Default)]
pub(super) struct Heading(Arc<AtomicU64>);

impl Heading {
    /// Turns a little.
    pub(super) fn turn(&self) {
        self.0.fetch_add(TURN, Relaxed);
    }

    pub(super) fn degrees(&self) -> u64 {
        self.0.load(Relaxed) % 360
    }
}

/// Gives a device its resources.
pub(super) fn furnish(device: Device, heading: Heading) -> Device {
    let started = Instant::now();
    let mut count = 0_u64;
    let mut settings = HashMap::new();
    device
        .output("temperature", move || {
            // A day of ten minutes.
            let phase = started.elapsed().as_secs_f64() / 600.0 * core::f64::consts::TAU;
            Map::from([
                ("celsius", rounded(21.0 + 4.0 * phase.sin())),
                ("humidity", rounded(55.0 - 10.0 * phase.sin())),
            ])
        })
        .alias(1)
        .input("led", |value| {
            let state = value.get("state").and_then(Value::as_bool);
            let state = state.ok_or_else(|| failure("expected {\"state\": true or false}"))?;
            info!(state, "led");
            Ok::<_, Failure>(())
        })
        .sample(Map::from([("state", false)]))
        .input_output("sum", |value| {
            let number = |key| value.get(key).and_then(Value::as_f64);
            let sum = number("a").zip(number("b")).map(|(a, b)| a + b);
            sum.map(|sum| Map::from([("sum", sum)]))
                .ok_or_else(|| failure("expected two numbers, {\"a\": 1, \"b\": 2}"))
        })
        .sample(Map::from([("a", 1), ("b", 2)]))
        .input_output("echo", |value| value)
        .sample("hello")
        .run("reboot", || info!("reboot, if it were a real one"))
        .input_output_with("cfg/:id", move |request, value| {
            let id = request.path("id").unwrap_or_default();
            if !value.is_null() {
                if settings.len() >= MAX_SETTINGS && !settings.contains_key(id) {
                    return Err(failure("there is no room for another setting"));
                }
                settings.insert(id.to_string(), value);
            }
            let setting = settings.get(id).cloned();
            setting.ok_or_else(|| failure("not set; send a value to set it"))
        })
        .output("counter", move || {
            count += 1;
            count
        })
        .output("heading", move || heading.degrees())
}

fn failure(text: &str) -> Failure {
    Failure::new(text)
}

/// To a tenth, as a sensor has it.
fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
