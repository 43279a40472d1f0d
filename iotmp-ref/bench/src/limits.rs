//! What this codec has to reach beside its peers.

use crate::harness::{Measured, Op};
use crate::ours;

/// A limit, and what was measured against it.
pub struct Row {
    pub what: String,
    pub measured: f64,
    pub limit: f64,
    /// Whether it counts something rather than being a ratio.
    pub is_count: bool,
}

impl Row {
    pub fn holds(&self) -> bool {
        self.measured <= self.limit
    }
}

/// Times of ours by those of a peer.
#[rustfmt::skip]
const RATIOS: [(&str, Op, &str, f64); 11] = [
    ("A", Op::Encode, "quick-protobuf", 0.7),
    ("A", Op::Encode, "prost", 0.7),
    ("A", Op::Encode, "bincode", 1.3),
    ("D", Op::Encode, "postcard", 0.7),
    ("A", Op::Typed, "postcard", 1.0),
    ("A", Op::Typed, "quick-protobuf", 0.45),
    ("D", Op::Typed, "postcard", 1.6),
    ("D", Op::Typed, "quick-protobuf", 0.55),
    ("A", Op::Dynamic, "sonic-rs", 0.25),
    ("D", Op::Dynamic, "sonic-rs", 0.85),
    ("E", Op::Encode, "memcpy", 1.05),
];

/// Messages that nobody tuned for are held to what A is.
const UNNAMED: [&str; 3] = ["F", "G", "H"];

/// All rows for which there are measurements.
pub fn rows(all: &[Measured]) -> Vec<Row> {
    let named = RATIOS.iter().copied();
    let like_a = RATIOS
        .iter()
        .filter(|(payload, op, ..)| *payload == "A" && *op != Op::Dynamic);
    let unnamed = UNNAMED.iter().flat_map(|payload| {
        let like_a = like_a.clone();
        like_a.map(|&(_, op, peer, limit)| (*payload, op, peer, limit))
    });
    let mut rows: Vec<Row> = named
        .chain(unnamed)
        .filter_map(|(payload, op, peer, limit)| ratio(all, payload, op, peer, limit))
        .collect();
    rows.extend(
        ["A", "B", "C", "D", "E", "F", "G", "H"]
            .iter()
            .flat_map(|payload| {
                [Op::Encode, Op::Typed, Op::Dynamic]
                    .into_iter()
                    .filter_map(|op| allocations(all, payload, op))
            }),
    );
    rows
}

/// What stands for this codec: in dynamic decoding, the fastest that takes all.
pub fn ours<'m>(all: &'m [Measured], payload: &str, op: Op) -> Option<&'m Measured> {
    let names: &[&str] = match op {
        Op::Dynamic => &["iotmp tape"],
        _ => &[ours::NAME],
    };
    names.iter().find_map(|name| find(all, payload, op, name))
}

pub fn find<'m>(all: &'m [Measured], payload: &str, op: Op, codec: &str) -> Option<&'m Measured> {
    let mut same = all.iter().filter(|m| m.payload == payload && m.op == op);
    same.find(|measured| measured.codec == codec)
}

fn ratio(all: &[Measured], payload: &str, op: Op, peer: &str, limit: f64) -> Option<Row> {
    let ours = ours(all, payload, op)?;
    let peer = find(all, payload, op, peer)?;
    Some(Row {
        what: format!("{payload} {op}: {} by {}", ours.codec, peer.codec),
        measured: ours.ratio(peer),
        limit,
        is_count: false,
    })
}

/// No allocation, but the vector that D is read into.
fn allocations(all: &[Measured], payload: &str, op: Op) -> Option<Row> {
    let ours = ours(all, payload, op)?;
    let is_vector = payload == "D" && op == Op::Typed;
    let of_what = if is_vector { " (the vector)" } else { "" };
    Some(Row {
        what: format!("{payload} {op}: allocations of {}{of_what}", ours.codec),
        measured: ours.allocations as f64,
        limit: if is_vector { 1.0 } else { 0.0 },
        is_count: true,
    })
}
