//! Measures iotmp-ref beside other codecs.
//!
//! Without an argument all that is quick, and `docs/performance.md` of it.

mod callgrind;
mod cases;
mod growth;
mod harness;
mod limits;
mod ours;
mod payloads;
mod peers;
mod plot;
mod report;
mod size;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use harness::Measured;

const ROUNDS: usize = 41;

/// The exit code of `case` where there is none of that name.
const NO_SUCH_CASE: i32 = 3;

const USAGE: &str = "\
usage: iotmp-bench [COMMAND]
  (none)                          table, growth and size, written to docs/performance.md
  table [PAYLOAD]...              times beside the peers, and the limits
  size                            bytes of code
  compile                         compile time by messages, written to docs/performance/compile.tsv
  rebuild                         what an edit of a specification costs in this repository
  callgrind                       instructions, written to docs/performance/instructions.md
  case PAYLOAD OP CODEC TIMES     one case alone, such as: case A encode iotmp 1000
                                  (OP is encode, typed or dynamic)";

fn main() -> ExitCode {
    keep_memory();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => everything(),
        ["table", ref payloads @ ..] => {
            let all = table(payloads);
            print!("{}{}", report::tables(&all), report::held(&all, &[]));
        }
        ["size"] => print!("{}", size::table(&size::weigh())),
        ["compile"] => growth::measure_compile(&compile_file()),
        ["rebuild"] => growth::rebuild(),
        ["callgrind"] => {
            if let Err(error) = callgrind::count(&docs().join("performance/instructions.md")) {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
        ["case", payload, op, codec, times] => {
            let times = times.parse().unwrap_or(1);
            if !callgrind::run(payload, op, codec, times) {
                eprintln!("there is no such case");
                return ExitCode::from(NO_SUCH_CASE as u8);
            }
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Asks glibc not to give memory back after each free: whether it does depends on
/// what lies behind, and costs whom it hits a hundred times what is measured.
fn keep_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: these parameters only say when memory goes back to the system.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, 1 << 28);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 28);
    }
}

fn everything() {
    let weights = size::weigh();
    let all = table(&[]);
    let mut growths = growth::all();
    growths.extend(growth::compile(&compile_file()));
    report::write(&docs(), &all, &growths, &weights);
    print!(
        "{}{}{}",
        report::tables(&all),
        size::table(&weights),
        report::held(&all, &weights)
    );
}

/// Measures the payloads of these names, or all where there are none.
fn table(payloads: &[&str]) -> Vec<Measured> {
    let names = cases::PAYLOADS.iter().map(|(name, _)| *name);
    let wanted = names.filter(|name| payloads.is_empty() || payloads.contains(name));
    wanted
        .flat_map(|name| harness::measure(cases::of(name), ROUNDS))
        .collect()
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn compile_file() -> PathBuf {
    docs().join("performance/compile.tsv")
}
