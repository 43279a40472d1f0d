//! Peers as processes of their own, and the program against them.

use core::net::SocketAddr;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, RwLock};

use serde_json::Value as Json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_iotmp-conformance");

/// Subjects at a time: each waits more than it works.
const AT_ONCE: usize = 12;
/// Of how many the outcome may be put down to the others that ran beside them.
const DOUBTED: usize = 8;

/// A script beside this file.
pub(crate) fn script(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "peers", name]
        .iter()
        .collect()
}

/// A process that ends with whoever started it.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// Waits until it says something.
    pub(crate) fn listening(mut self) -> Self {
        self.said(false);
        self
    }

    /// The last word of the first line that it says.
    fn said(&mut self, errors: bool) -> String {
        let mut line = String::new();
        if errors {
            let stderr = self.0.stderr.as_mut().unwrap();
            BufReader::new(stderr).read_line(&mut line).unwrap();
        } else {
            let stdout = self.0.stdout.as_mut().unwrap();
            BufReader::new(stdout).read_line(&mut line).unwrap();
        }
        line.split_whitespace().next_back().unwrap().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server with a fault, and where it listens.
pub(crate) fn server(fault: &str) -> (Process, String) {
    served_by("server.py", fault)
}

/// A server of that script with a fault, and where it listens.
pub(crate) fn served_by(name: &str, fault: &str) -> (Process, String) {
    let mut command = Command::new("python3");
    command.arg(script(name)).args(["--fault", fault]);
    let mut server = Process::start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
    let address = server.said(false);
    (server, address)
}

/// An address where nobody listens yet.
pub(crate) fn free_address() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap()
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) report: Json,
}

impl Finished {
    fn of(code: Option<i32>, stdout: &[u8]) -> Self {
        Self {
            code: code.unwrap(),
            report: serde_json::from_slice(stdout).unwrap_or_default(),
        }
    }

    /// The clauses that the report calls broken.
    pub(crate) fn broken(&self) -> BTreeSet<&str> {
        let ledgers = self.report["ledgers"].as_array().into_iter().flatten();
        let entries = ledgers.flat_map(|ledger| ledger["clauses"].as_array().into_iter().flatten());
        entries
            .filter(|entry| entry["status"] == "broken")
            .map(|entry| entry["clause"].as_str().unwrap())
            .collect()
    }

    /// Reasons of everything that did not pass.
    pub(crate) fn reasons(&self) -> String {
        let runs = self.report["runs"].as_array().into_iter().flatten();
        let cases = runs.flat_map(|run| run["cases"].as_array().into_iter().flatten());
        let bad = cases.filter(|case| {
            ["fail", "inconclusive"]
                .iter()
                .any(|v| case["verdict"] == *v)
        });
        bad.map(|case| {
            let (got, why, clause) = (&case["got"], &case["reason"], &case["clause"]);
            format!("\n  {} {clause} {got} {why} {}", case["id"], case["detail"])
        })
        .collect()
    }
}

const WAITS: [&str; 6] = ["--timeout", "2000", "--patience", "8", "--report", "json=-"];

const WHO: [&str; 6] = ["--user", "u", "--device", "d", "--credential", "secret"];

/// Runs the suite against a server.
pub(crate) fn against_server(address: &str, more: &[&str]) -> Finished {
    against(address, &WHO, more)
}

/// Runs the suite against a server that knows that device.
pub(crate) fn against(address: &str, who: &[&str], more: &[&str]) -> Finished {
    let output = Command::new(PROGRAM)
        .args(["server", address])
        .args(who)
        .args(WAITS)
        .args(more)
        .output()
        .unwrap();
    Finished::of(output.status.code(), &output.stdout)
}

/// What `replay` ends with, and its last word on the case.
pub(crate) fn replayed(bundle: &Path) -> (i32, String) {
    let output = Command::new(PROGRAM)
        .arg("replay")
        .arg(bundle)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let last = said.lines().next_back().unwrap_or_default();
    let verdict = last.split_once(": ").unwrap_or_default().1;
    (output.status.code().unwrap(), verdict.to_owned())
}

/// Runs the suite against a device with a fault.
pub(crate) fn against_device(fault: &str) -> Finished {
    dialled_by("device.py", fault, &[])
}

/// Runs the suite against a device of that script with a fault.
pub(crate) fn dialled_by(name: &str, fault: &str, more: &[&str]) -> Finished {
    let mut command = Command::new(PROGRAM);
    command
        .args(["device", "--listen", "127.0.0.1:0", "--wait", "20"])
        .args(WAITS)
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut suite = Process::start(&mut command);
    let address = suite.said(true);
    let mut device = Command::new("python3");
    device
        .arg(script(name))
        .args(["--server", &address, "--fault", fault])
        .stderr(Stdio::null());
    let _device = Process::start(&mut device);
    let mut stdout = Vec::new();
    std::io::copy(suite.0.stdout.as_mut().unwrap(), &mut stdout).unwrap();
    let status = suite.0.wait().unwrap();
    Finished::of(status.code(), &stdout)
}

/// What a fault has to come to: its name, the exit code, and the clauses broken.
pub(crate) type Expected<'a> = (&'a str, i32, &'a [&'a str]);

/// The machine: shared by runs that go on side by side, and had alone by one that is looked at again.
static MACHINE: RwLock<()> = RwLock::new(());

/// Runs every fault, some at a time, and compares all of them before it complains.
///
/// Two dozen runs on two cores hold each other up for longer than a subject may take. What comes out
/// wrong among them is run once more, with nothing beside it.
pub(crate) fn all_as_expected(faults: &[Expected<'_>], run: impl Fn(&str) -> Finished + Sync) {
    let queue = Mutex::new(faults.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(fault) = next else { return };
                    let beside = MACHINE.read().unwrap();
                    let seen = unexpected(fault, &run);
                    drop(beside);
                    if let Some(seen) = seen {
                        wrong.lock().unwrap().push((fault, seen));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    if wrong.len() <= DOUBTED {
        let _alone = MACHINE.write().unwrap();
        wrong.retain(|(fault, seen)| {
            eprintln!("once more and alone: {seen}");
            unexpected(fault, &run).is_some()
        });
    }
    let wrong: Vec<_> = wrong.into_iter().map(|(_, seen)| seen).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What came of a fault, unless that is what has to.
fn unexpected(
    (fault, code, clauses): &Expected<'_>,
    run: impl Fn(&str) -> Finished,
) -> Option<String> {
    let finished = run(fault);
    let broken = finished.broken();
    let is_right = finished.code == *code && broken == clauses.iter().copied().collect();
    let seen = || format!("{fault}: exit {}, {broken:?}", finished.code);
    (!is_right).then(|| seen() + &finished.reasons())
}
