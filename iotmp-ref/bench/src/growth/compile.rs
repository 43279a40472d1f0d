//! What a specification costs the compiler, by its messages.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};
use std::{env, fs};

use crate::plot::{Plot, Series};

use super::Growth;

const COUNTS: [usize; 3] = [10, 100, 1000];

/// Measures, and writes what was measured to `file`: seconds for the macro
/// alone, for `cargo check` and for an optimised build.
pub fn measure(file: &Path) {
    let folder = env::temp_dir().join(format!("iotmp-bench-{}", std::process::id()));
    let package = folder.join("package");
    fs::create_dir_all(package.join("src")).expect("a temporary folder");
    let manifest = format!(
        "[package]\nname = \"expanded\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\niotmp-derive = {{ path = {0:?} }}\n\
         iotmp-ref = {{ path = {1:?}, default-features = false }}\n",
        repository().join("iotmp-derive"),
        repository().join("iotmp-ref"),
    );
    fs::write(package.join("Cargo.toml"), manifest).expect("a temporary file");
    fs::copy(
        repository().join("iotmp-ref/bench/Cargo.lock"),
        package.join("Cargo.lock"),
    )
    .expect("a temporary file");
    let write = |count: usize| {
        fs::write(package.join("spec.yaml"), specification(count)).expect("a temporary file");
        let source = "#![no_std]\niotmp_derive::messages!(\"../spec.yaml\");\n";
        fs::write(package.join("src/lib.rs"), source).expect("a temporary file");
    };
    // The dependencies are built ahead.
    write(1);
    seconds(&package, &["check"]);
    seconds(&package, &["build", "--release"]);
    let mut lines = String::from("messages\tmacro\tcheck\trelease\n");
    for count in COUNTS {
        write(count);
        let check = seconds(&package, &["check"]);
        let release = seconds(&package, &["build", "--release"]);
        let expansion = expansion(&package);
        let _ = writeln!(lines, "{count}\t{expansion:.3}\t{check:.3}\t{release:.3}");
        fs::write(file, &lines).expect("docs can be written");
        eprintln!(
            "{count} messages: macro {expansion:.2} s, check {check:.2} s, release {release:.2} s"
        );
    }
    let _ = fs::remove_dir_all(folder);
}

/// Prints what an edit of a specification costs whoever works on iotmp-ref: how long cargo takes
/// from then on, and what it compiles.
pub fn rebuild() {
    let target = env::temp_dir().join(format!("iotmp-bench-{}", std::process::id()));
    let spec = repository().join("spec/iotmp-2025.yaml");
    let build = || {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        command
            .args(["build", "--package", "iotmp-ref", "--offline"])
            .current_dir(repository())
            .env("CARGO_TARGET_DIR", &target);
        let start = Instant::now();
        let output = command.stderr(Stdio::piped()).output().expect("cargo runs");
        assert!(output.status.success(), "iotmp-ref does not build");
        let seconds = start.elapsed().as_secs_f64();
        (
            seconds,
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    build();
    let file = fs::File::options().append(true).open(&spec);
    let touched = file.and_then(|file| file.set_modified(SystemTime::now()));
    touched.expect("the specification can be touched");
    let (seconds, said) = build();
    println!("spec/iotmp-2025.yaml touched: {seconds:.1} s");
    let compiled = said.lines().filter(|line| line.contains("Compiling"));
    compiled.for_each(|line| println!("{}", line.trim()));
    let _ = fs::remove_dir_all(target);
}

/// The plot of what was measured last.
pub fn plot(file: &Path) -> Option<Growth> {
    let lines = fs::read_to_string(file).ok()?;
    let mut series =
        ["the macro alone", "cargo check", "cargo build --release"].map(|name| Series {
            name,
            points: Vec::new(),
        });
    for line in lines.lines().skip(1) {
        let mut numbers = line.split('\t').filter_map(|cell| cell.parse::<f64>().ok());
        let count = numbers.next()?;
        for (line, number) in series.iter_mut().zip(numbers) {
            line.points.push((count, number.max(0.001)));
        }
    }
    Some(Growth {
        file: "compile.svg",
        plot: Plot {
            title: "A specification by its messages",
            x: "messages",
            y: "seconds",
            series: series.into(),
        },
        says: "The macro is linear in the messages. So is what the compiler makes of them, once \
               there are enough to outweigh the start of the compiler.",
    })
}

fn repository() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.canonicalize().expect("this package's repository")
}

fn cargo(package: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command
        .args(arguments)
        .args(["--quiet", "--offline", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", package.join("../target"))
        .env("CARGO_INCREMENTAL", "0");
    command
}

fn seconds(package: &Path, arguments: &[&str]) -> f64 {
    let start = Instant::now();
    let status = cargo(package, arguments).status().expect("cargo runs");
    assert!(status.success(), "the expansion does not build");
    start.elapsed().as_secs_f64()
}

/// Seconds that the compiler takes to expand macros; it tells that only to
/// those who ask for what is unstable.
fn expansion(package: &Path) -> f64 {
    let source = package.join("src/lib.rs");
    let text = fs::read_to_string(&source).expect("the source");
    // What has not changed would not be compiled again.
    fs::write(&source, text + "\n").expect("the source");
    let mut command = cargo(package, &["rustc", "--lib", "--profile", "check"]);
    // Dependencies are built anew where the variable changes: in a folder of their own, those of
    // the builds that are timed stay.
    command
        .args(["--", "-Ztime-passes"])
        .env("CARGO_TARGET_DIR", package.join("../expansion"))
        .env("RUSTC_BOOTSTRAP", "1");
    let output = command.stdout(Stdio::piped()).output().expect("cargo runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let line = text
        .lines()
        .find(|line| line.ends_with("macro_expand_crate"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|number| number.trim_end_matches(';').parse().ok())
        .unwrap_or(f64::NAN)
}

/// A specification of so many messages of four fields each.
fn specification(count: usize) -> String {
    let mut text = String::from(
        "spec: expanded\ntitle: Expanded\nrevision: '1'\nstatus: current\ndoc: Grows.\n\
         sources: { S: A source }\n\
         framing: { code: varint32, size: varint32 }\n\
         body:\n  layout: key-value\n  key: varint32\n  high: field\n  low_bits: 3\n  \
         wire_types:\n    varint: { id: 0, shape: varint, doc: A number. }\n    \
         pson: { id: 1, shape: encoded, encodings: [pson2], doc: A value. }\n\
         values: { default_encoding: pson2, integers_as_varint: false }\n\
         limits:\n  max_depth: { value: 128, unit: levels, source: S, doc: Deepest nesting. }\n\
         messages:\n",
    );
    for index in 0..count {
        let _ = write!(
            text,
            "  message_{index}:\n    code: {}\n    direction: both\n    source: S\n    \
             doc: A message.\n    fields:\n      \
             stream_id: {{ id: 1, type: varint16, mandatory: true, source: S, doc: Number. }}\n      \
             parameters: {{ id: 2, type: any, source: S, doc: Value. }}\n      \
             payload: {{ id: 3, type: any, source: S, doc: Value. }}\n      \
             resource: {{ id: 4, type: any, mandatory: true, source: S, doc: Value. }}\n",
            index + 1
        );
    }
    text
}
