//! Bytes of code of the programs in `size/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The programs, and what each is.
const PROGRAMS: [(&str, &str); 6] = [
    ("empty", "no codec: the start of a program and its memory"),
    ("iotmp", "iotmp, ten messages, values left as checked bytes"),
    ("iotmp-both", "the same, in either generation of PSON"),
    ("iotmp-values", "the same, values into a tree and back"),
    ("minicbor", "minicbor, the same ten, values left as bytes"),
    ("prost", "prost, the same ten, values left as bytes"),
];

/// Most bytes of code that the ten messages may take.
pub const LIMIT: u64 = 24 * 1024;

const CORTEX: &str = "thumbv7em-none-eabihf";

/// Code of one program.
pub struct Weight {
    pub program: &'static str,
    pub what: &'static str,
    /// Bytes of `.text` on the host.
    pub host: u64,
    /// The same on a Cortex-M4, where the toolchain has it.
    pub cortex: Option<u64>,
}

/// Builds all programs and weighs them.
pub fn weigh() -> Vec<Weight> {
    let host = build(None);
    let cortex = has_cortex().then(|| build(Some(CORTEX)));
    PROGRAMS
        .iter()
        .map(|&(program, what)| Weight {
            program,
            what,
            host: text(&host.join(program)),
            cortex: cortex.as_ref().map(|folder| text(&folder.join(program))),
        })
        .collect()
}

/// Whether the toolchain can build for a Cortex-M4.
fn has_cortex() -> bool {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output();
    let Ok(output) = output else {
        return false;
    };
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    sysroot.join("lib/rustlib").join(CORTEX).is_dir()
}

/// Gives the folder of the programs.
fn build(target: Option<&str>) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("size");
    let folder = match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => PathBuf::from(folder).join("size"),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/size"),
    };
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&folder);
    if let Some(target) = target {
        command.args(["--target", target]);
        // Without a system nothing else calls it.
        command.env("RUSTFLAGS", "-C link-arg=--entry=main");
    }
    let status = command.status().expect("cargo runs");
    assert!(status.success(), "the programs of size/ do not build");
    match target {
        Some(target) => folder.join(target).join("release"),
        None => folder.join("release"),
    }
}

/// Bytes of the sections of code of an ELF file.
fn text(path: &Path) -> u64 {
    use object::{Object, ObjectSection, SectionKind};

    let bytes = fs::read(path).expect("a program that was just built");
    let file = object::File::parse(&*bytes).expect("an ELF file");
    let sections = file.sections();
    let code = sections.filter(|section| {
        section.kind() == SectionKind::Text && section.name().is_ok_and(|n| n.starts_with(".text"))
    });
    code.map(|section| section.size()).sum()
}

/// A table of the programs.
pub fn table(weights: &[Weight]) -> String {
    let mut table = String::from("| program | what it reads and writes | host, bytes | ");
    table.push_str(CORTEX);
    table.push_str(", bytes |\n| --- | --- | ---: | ---: |\n");
    for weight in weights {
        let cortex = match weight.cortex {
            Some(bytes) => bytes.to_string(),
            None => "no such target here".into(),
        };
        table.push_str(&format!(
            "| {} | {} | {} | {cortex} |\n",
            weight.program, weight.what, weight.host
        ));
    }
    table
}
