//! `docs/performance.md`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::cases::PAYLOADS;
use crate::growth::Growth;
use crate::harness::{Measured, Op};
use crate::limits::{self, Row};
use crate::size::{self, Weight};

/// Writes the report, and the plots beside it.
pub fn write(docs: &Path, all: &[Measured], growths: &[Growth], weights: &[Weight]) {
    let plots = docs.join("performance");
    fs::create_dir_all(&plots).expect("docs can be written");
    let mut text = String::from(
        "# Performance\n\n\
         <!-- Written by `cargo run --release --manifest-path iotmp-ref/bench/Cargo.toml`; \
         the parts on instructions and on what was tried are \
         `performance/instructions.md` and `performance/gains.md`. -->\n\n",
    );
    text += &machine();
    text += METHOD;
    text += &held(all, weights);
    text += &tables(all);
    text += "## Growth\n\nThe least of seven rounds.\n\n";
    for growth in growths {
        fs::write(plots.join(growth.file), growth.plot.svg()).expect("docs can be written");
        let _ = write!(
            text,
            "![{}](performance/{})\n\n{}\n\n",
            growth.plot.title, growth.file, growth.says
        );
    }
    let _ = write!(text, "## Size\n\n{SIZE}\n\n{}", size::table(weights));
    for part in ["instructions.md", "gains.md"] {
        if let Ok(part) = fs::read_to_string(plots.join(part)) {
            let _ = write!(text, "\n{}\n", part.trim_end());
        }
    }
    fs::write(docs.join("performance.md"), text).expect("docs can be written");
}

const METHOD: &str = "\
Every codec does the same with the same fields, in one process, in turns: a round runs each of a \
payload's cases once, and a later round begins with another. Times are medians over the rounds, \
ratios medians of the ratios within a round, so that what else the machine did cancels out.

Encoding goes into a buffer that is there already. Decoding gives a struct that borrows its texts \
where the codec allows it (prost does not). The peers write the identifier of the stream and the \
payload; iotmp writes the code and the size of a message besides, and the keys of the payload, \
which bincode, postcard and the protobufs leave to a schema.

";

const SIZE: &str = "\
Bytes of `.text` of a `no_std` program that reads and writes all ten messages of iotmp-2025, with \
`opt-level = \"z\"`, link-time optimisation and `panic = \"abort\"`; the start of a program is \
counted in all of them alike.";

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |line| line.trim_start_matches(['\t', ' ', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let git = ["-C", env!("CARGO_MANIFEST_DIR")];
    let commit = output(
        "git",
        &[&git[..], &["rev-parse", "--short=12", "HEAD"]].concat(),
    );
    let date = output("date", &["-u", "+%Y-%m-%d %H:%M UTC"]);
    let rustc = output("rustc", &["--version"]);
    format!(
        "| machine | {model}, {cores} cores, {} {} |\n| --- | --- |\n| commit | {commit} |\n\
         | date | {date} |\n| compiler | {rustc}, optimisation 3, link-time optimisation |\n\n",
        env::consts::OS,
        env::consts::ARCH,
    )
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| "unknown".into(),
        |output| String::from_utf8_lossy(&output.stdout).trim().into(),
    )
}

/// The table of limits.
pub fn held(all: &[Measured], weights: &[Weight]) -> String {
    let mut rows = limits::rows(all);
    let ten = weights.iter().find(|weight| weight.program == "iotmp");
    rows.extend(ten.map(|weight| Row {
        what: "bytes of code for the ten messages".into(),
        measured: weight.host as f64,
        limit: size::LIMIT as f64,
        is_count: true,
    }));
    let missed = rows.iter().filter(|row| !row.holds()).count();
    let mut text = format!(
        "## Limits\n\n{} of {} hold.\n\n\
         | what | measured | limit | held |\n| --- | ---: | ---: | --- |\n",
        rows.len() - missed,
        rows.len(),
    );
    for row in &rows {
        let held = if row.holds() { "yes" } else { "**no**" };
        let digits = if row.is_count { 0 } else { 2 };
        let _ = writeln!(
            text,
            "| {} | {:.digits$} | {:.digits$} | {held} |",
            row.what, row.measured, row.limit,
        );
    }
    text.push('\n');
    text
}

/// A table of every payload, the fastest first.
pub fn tables(all: &[Measured]) -> String {
    let mut text = String::from("## Beside other codecs\n\n");
    for (payload, what) in PAYLOADS {
        if all.iter().all(|measured| measured.payload != payload) {
            continue;
        }
        let _ = write!(text, "### {payload}: {what}\n\n");
        for op in [Op::Encode, Op::Typed, Op::Dynamic] {
            let mut rows: Vec<&Measured> = all
                .iter()
                .filter(|measured| measured.payload == payload && measured.op == op)
                .collect();
            rows.sort_by(|one, other| one.nanos().total_cmp(&other.nanos()));
            let Some(ours) = limits::ours(all, payload, op) else {
                continue;
            };
            let _ = write!(
                text,
                "| {op} | time | {} by it | bytes on the wire | allocations | bytes allocated |\n\
                 | --- | ---: | ---: | ---: | ---: | ---: |\n",
                ours.codec
            );
            for row in rows {
                let is_ours = row.codec.starts_with(crate::ours::NAME);
                let name = if is_ours {
                    format!("**{}**", row.codec)
                } else {
                    row.codec.into()
                };
                let _ = writeln!(
                    text,
                    "| {name} | {} | {:.2} | {} | {} | {} |",
                    time(row.nanos()),
                    ours.ratio(row),
                    row.wire,
                    row.allocations,
                    row.allocated,
                );
            }
            text.push('\n');
        }
    }
    text
}

fn time(nanos: f64) -> String {
    if nanos < 1_000.0 {
        format!("{nanos:.1} ns")
    } else {
        format!("{:.2} µs", nanos / 1_000.0)
    }
}
