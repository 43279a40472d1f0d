//! A device by the number of its resources.

use std::hint::black_box;
use std::time::Duration;

use iotmp_ref::device::Device;
use iotmp_ref::message::iotmp_shipping;
use iotmp_ref::pson::Value;
use iotmp_ref::wire::{Any, Encoding};

use super::{Growth, Sweep, case};
use crate::plot::Plot;

const NOW: Duration = Duration::ZERO;

pub(super) fn resources() -> Growth {
    let mut sweep = Sweep::new();
    for count in [1_usize, 4, 16, 64, 256, 1024] {
        let mut cases = Vec::new();
        let first = name(0);
        let last = name(count - 1);
        for (line, resource) in [("run the first", first), ("run the last", last)] {
            let mut device = connected(count);
            let run = run(&resource);
            cases.push(case(line, move || exchange(&mut device, black_box(&run))));
        }
        let mut device = connected(count);
        let describe = iotmp_shipping::Message::Describe(iotmp_shipping::Describe::new(7));
        let describe = describe.to_vec().unwrap();
        cases.push(case("describe all", move || {
            exchange(&mut device, black_box(&describe))
        }));
        sweep.at(count as f64, cases);
    }
    Growth {
        file: "resources.svg",
        plot: Plot {
            title: "A request to a device by its resources",
            x: "resources",
            y: "nanoseconds",
            series: sweep.series(),
        },
        says: "Describe is linear, as its answer is. So is a Run: paths may hold patterns, and \
               the best of all that match is sought, which costs the same for the first as for \
               the last. Below some 16 resources the session around it costs more.",
    }
}

fn name(index: usize) -> String {
    format!("sensor/{index}")
}

/// A device that the server has accepted.
fn connected(count: usize) -> Device {
    let device = Device::new("user", "device", "credential");
    let mut device = (0..count).fold(device, |device, index| device.output(&name(index), || 5));
    device.connect(NOW).unwrap();
    let (message, _) = iotmp_shipping::decode(device.poll_output()).unwrap();
    let iotmp_shipping::Message::Connect(connect) = message else {
        panic!("a device begins with Connect");
    };
    let ok = iotmp_shipping::Ok::new(connect.stream_id);
    let ok = iotmp_shipping::Message::Ok(ok).to_vec().unwrap();
    assert!(exchange(&mut device, &ok) > 0);
    device
}

fn run(resource: &str) -> Vec<u8> {
    let resource = Any::from_value(&Value::from(resource), Encoding::Pson2, false).unwrap();
    let message = iotmp_shipping::Run {
        stream_id: Some(7),
        ..iotmp_shipping::Run::new(resource)
    };
    iotmp_shipping::Message::Run(message).to_vec().unwrap()
}

/// Gives a message to the device, and takes its answer; gives the bytes taken.
fn exchange(device: &mut Device, message: &[u8]) -> usize {
    device.handle_input(NOW, message);
    while device.poll_event(NOW).is_some() {}
    let written = device.poll_output().len();
    device.handle_written(NOW, written);
    written
}
