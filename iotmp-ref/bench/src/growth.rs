//! What a message costs as it grows.

mod compile;
mod device;

use std::hint::black_box;

use iotmp_ref::message::iotmp_2025;
use iotmp_ref::pson::{self, Generation, Map, Value, View};
use iotmp_ref::wire::{Any, Encoded, Encoding};

use crate::harness::{self, Case, Op};
use crate::ours::{self, Message};
use crate::payloads::{Batch, Blob, STREAM, batch, blob};
use crate::peers::{SOURCE, aligned};
use crate::plot::{Plot, Series};

pub use self::compile::{measure as measure_compile, plot as compile, rebuild};

const ROUNDS: usize = 7;

/// A plot, the file it goes to, and what it shows.
pub struct Growth {
    pub file: &'static str,
    pub plot: Plot,
    /// Where it is linear and where it stops being.
    pub says: &'static str,
}

/// Everything that grows at run time.
pub fn all() -> Vec<Growth> {
    vec![payload(), fields(), depth(), device::resources()]
}

/// Collects the cases of each size, and makes a line of each name.
struct Sweep {
    names: Vec<&'static str>,
    points: Vec<Vec<(f64, f64)>>,
}

impl Sweep {
    const fn new() -> Self {
        Self {
            names: Vec::new(),
            points: Vec::new(),
        }
    }

    /// Measures the cases of one size.
    fn at(&mut self, x: f64, cases: Vec<Case>) {
        for measured in harness::measure(cases, ROUNDS) {
            let found = self.names.iter().position(|name| *name == measured.codec);
            let index = found.unwrap_or_else(|| {
                self.names.push(measured.codec);
                self.points.push(Vec::new());
                self.points.len() - 1
            });
            self.points[index].push((x, measured.least()));
        }
    }

    fn series(self) -> Vec<Series> {
        let lines = self.names.into_iter().zip(self.points);
        lines
            .map(|(name, points)| Series { name, points })
            .collect()
    }
}

/// A case whose name is that of its line.
fn case<R>(name: &'static str, work: impl FnMut() -> R + 'static) -> Case {
    Case::new("", Op::Encode, name, 0, work)
}

fn payload() -> Growth {
    let mut sweep = Sweep::new();
    for size in (4..=18).step_by(2).map(|power| 1_usize << power) {
        let source = aligned(size, SOURCE);
        source.copy_from_slice(&blob(size));
        let source = &*source;
        let blob = Blob {
            stream_id: STREAM,
            payload: source,
        };
        let buffer = aligned(2 * size + 256, 0);
        let copy = aligned(size, 0);
        let written = blob.encode(buffer);
        let blob_wire = buffer[..written].to_vec();
        // An element is 47 bytes, so this is about the size.
        let elements = Batch {
            stream_id: STREAM,
            payload: batch(size.div_ceil(47)),
        };
        let maps = aligned(4 * size + 512, 0);
        let written = elements.encode(maps);
        let maps_wire = maps[..written].to_vec();
        let walked = maps_wire.clone();
        let mut nodes = Vec::new();
        sweep.at(
            size as f64,
            vec![
                case("memcpy", move || {
                    black_box(&mut *copy).copy_from_slice(black_box(source));
                }),
                case("bytes, encode", move || black_box(&blob).encode(buffer)),
                case("bytes, decode", move || Blob::decode(black_box(&blob_wire))),
                case("maps, encode", move || black_box(&elements).encode(maps)),
                case("maps, decode typed", move || {
                    Batch::decode(black_box(&maps_wire))
                }),
                case("maps, tape", move || {
                    ours::walk_tape(ours::tape(black_box(&walked), &mut nodes).root())
                }),
            ],
        );
    }
    Growth {
        file: "payload.svg",
        plot: Plot {
            title: "A Stream Data by the size of its payload",
            x: "payload, bytes",
            y: "nanoseconds",
            series: sweep.series(),
        },
        says: "Reading bytes takes the same time whatever their number, as they are lent and not \
               copied. Writing them is the copy, and bends where that leaves the caches. Maps are \
               linear in both directions from a hundred bytes on; below, the message around them \
               is what counts.",
    }
}

fn message(payload: Vec<u8>) -> Vec<u8> {
    let encoded = Encoded::new(Encoding::Pson2, &payload, pson::MAX_DEPTH).unwrap();
    let message = iotmp_2025::StreamData {
        payload: Some(Any::Encoded(encoded)),
        ..iotmp_2025::StreamData::new(STREAM)
    };
    let message = iotmp_2025::Message::StreamData(message);
    message.to_vec().unwrap()
}

fn fields() -> Growth {
    let mut sweep = Sweep::new();
    for count in [1_u32, 4, 16, 64, 256, 1024, 4096] {
        let name = |index| format!("field{index:04}");
        let map: Map = (0..count)
            .map(|index| (name(index), Value::from(index)))
            .collect();
        let value = Value::from(map);
        let bytes = Generation::Two.to_vec(&value).unwrap();
        let wire = message(bytes.clone());
        let mut buffer = vec![0; bytes.len()];
        let last = name(count - 1);
        let taped = wire.clone();
        let mut nodes = Vec::new();
        let (tree, looked) = (bytes.clone(), bytes);
        sweep.at(
            f64::from(count),
            vec![
                case("encode a tree", move || {
                    let mut writer = iotmp_ref::wire::Writer::new(&mut buffer);
                    Generation::Two.encode(black_box(&value), &mut writer)
                }),
                case("decode to a tree", move || {
                    Generation::Two.decode(black_box(&tree))
                }),
                case("view, walk", move || ours::walk_message(black_box(&wire))),
                case("tape, walk", move || {
                    ours::walk_tape(ours::tape(black_box(&taped), &mut nodes).root())
                }),
                case("view, find last", move || {
                    let view = View::new(black_box(&looked)).unwrap();
                    view.get(&last).and_then(View::as_u64)
                }),
            ],
        );
    }
    Growth {
        file: "fields.svg",
        plot: Plot {
            title: "A map by the number of its pairs",
            x: "pairs",
            y: "nanoseconds",
            series: sweep.series(),
        },
        says: "Linear throughout for what reads or walks all pairs: a view finds one pair by \
               going over those before it, so finding each of n by its key would be quadratic. \
               The tree sorts its pairs and finds one by bisection, and pays in allocations.",
    }
}

fn depth() -> Growth {
    let mut sweep = Sweep::new();
    for depth in [1_usize, 2, 4, 8, 16, 32, 64, 127] {
        let mut value = Value::from(1);
        for _ in 0..depth {
            value = Value::from(vec![value]);
        }
        let bytes = Generation::Two.to_vec(&value).unwrap();
        let wire = message(bytes.clone());
        let checked = wire.clone();
        let taped = wire.clone();
        let mut nodes = Vec::new();
        let mut buffer = vec![0; bytes.len()];
        sweep.at(
            depth as f64,
            vec![
                case("encode a tree", move || {
                    let mut writer = iotmp_ref::wire::Writer::new(&mut buffer);
                    Generation::Two.encode(black_box(&value), &mut writer)
                }),
                case("decode to a tree", move || {
                    Generation::Two.decode(black_box(&bytes))
                }),
                case("decode the message", move || {
                    let bytes = black_box(&checked);
                    iotmp_2025::decode_as(bytes, Encoding::Pson2).map(drop)
                }),
                case("view, walk", move || ours::walk_message(black_box(&wire))),
                case("tape, walk", move || {
                    ours::walk_tape(ours::tape(black_box(&taped), &mut nodes).root())
                }),
            ],
        );
    }
    Growth {
        file: "depth.svg",
        plot: Plot {
            title: "A value by its depth",
            x: "arrays in each other",
            y: "nanoseconds",
            series: sweep.series(),
        },
        says: "Checking and decoding are linear in the depth. Walking a view is quadratic: every \
               level steps over its element once to know where it ends, and into it once more; 128 \
               levels are the limit, which bounds the loss. A tape knows where everything ends, \
               and is linear.",
    }
}
