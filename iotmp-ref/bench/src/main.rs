//! Measures iotmp-ref beside other codecs: `cargo run --release`.

mod cases;
mod harness;
mod ours;
mod payloads;
mod peers;

fn main() {
    for (payload, what) in cases::PAYLOADS {
        println!("{payload}: {what}");
        for measured in harness::measure(cases::of(payload), 15) {
            println!(
                "  {:15} {:16} {:12.1} ns {:6} bytes {:5} allocations",
                measured.op,
                measured.codec,
                measured.nanos(),
                measured.wire,
                measured.allocations,
            );
        }
    }
}
