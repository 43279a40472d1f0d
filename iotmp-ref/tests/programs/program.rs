//! One program, what it says, and what it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use crate::PATIENCE;

/// A program that runs, until it is dropped at the latest.
pub(crate) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Program {
    pub(crate) fn server(args: &[&str]) -> Self {
        Self::start(env!("CARGO_BIN_EXE_iotmp-server"), args)
    }

    pub(crate) fn device(address: &str, credential: &str, args: &[&str]) -> Self {
        let mut words = vec!["--server", address, "--user", "user1"];
        words.extend(["--device", "sensor1", "--credential", credential]);
        words.extend(["--backoff", "10"]);
        words.extend(args);
        Self::start(env!("CARGO_BIN_EXE_iotmp-device"), &words)
    }

    pub(crate) fn start(program: &str, args: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(args)
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: lines(child.stdout.take().unwrap()),
            stderr: lines(child.stderr.take().unwrap()),
            child,
        }
    }

    /// The next line of standard output.
    pub(crate) fn line(&self) -> String {
        self.stdout.recv_timeout(PATIENCE).unwrap()
    }

    /// Waits for a line of the log that says `what`.
    pub(crate) fn logs(&self, what: &str) -> String {
        loop {
            let line = self.stderr.recv_timeout(PATIENCE).expect(what);
            if line.contains(what) {
                return line;
            }
        }
    }

    pub(crate) fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(status.success());
    }

    /// Says no more to it.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Waits for the end: the exit code, and all that it has still said.
    pub(crate) fn end(mut self) -> (Option<i32>, String, String) {
        let stdout = rest(&self.stdout);
        let stderr = rest(&self.stderr);
        // Both outputs are closed, so it has ended or is about to.
        let status = self.child.wait().unwrap();
        (status.code(), stdout, stderr)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            if sender.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    receiver
}

fn rest(lines: &Receiver<String>) -> String {
    let mut text = String::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => text = text + &line + "\n",
            Err(RecvTimeoutError::Disconnected) => return text,
            Err(RecvTimeoutError::Timeout) => panic!("it does not end; so far: {text}"),
        }
    }
}
