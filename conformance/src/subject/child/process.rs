//! A process that is spoken to in lines, none of which can block or swamp whoever speaks.
//!
//! Three threads stand between: one writes requests, one reads lines of
//! bounded length, one keeps the end of the standard error. They end with the
//! process, whose pipes they hold.

use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, channel, sync_channel,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// Longest line that is read, in bytes.
pub(super) const MAX_LINE: usize = 16 << 20;
/// How much of the standard error is kept, in bytes.
const MAX_STDERR: usize = 4096;
/// Lines that are read ahead of being asked for.
const AHEAD: usize = 4;
/// How long a process that ends may take for its exit status and its last words.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a process failed to give a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breakdown {
    /// It ended; its exit status in words.
    Crash(String),
    /// It gave no line in this time.
    Hang(Duration),
    /// It wrote what is no answer to what was asked; why not.
    Malformed(String),
}

impl fmt::Display for Breakdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash(status) => write!(f, "crash ({status})"),
            Self::Hang(limit) => write!(f, "hang (nothing within {} ms)", limit.as_millis()),
            Self::Malformed(why) => write!(f, "malformed reply ({why})"),
        }
    }
}

/// What the reading thread found.
enum Found {
    Line(Vec<u8>),
    TooLong,
}

/// A running process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// `None` once the standard input was closed.
    requests: Option<Sender<Vec<u8>>>,
    lines: Receiver<Found>,
    /// Disconnected when the standard error was closed.
    errors_closed: Receiver<()>,
    errors: Arc<Mutex<Tail>>,
}

impl Process {
    /// Starts a program with its arguments.
    pub(super) fn start(program: &str, arguments: &[String]) -> std::io::Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (requests, to_write) = channel();
        if let Some(stdin) = child.stdin.take() {
            thread::spawn(move || write_all(stdin, &to_write));
        }
        let (found, lines) = sync_channel(AHEAD);
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || read_lines(stdout, &found));
        }
        let errors = Arc::new(Mutex::new(Tail::default()));
        let (closing, errors_closed) = channel();
        if let Some(stderr) = child.stderr.take() {
            let errors = Arc::clone(&errors);
            thread::spawn(move || {
                keep_tail(stderr, &errors);
                drop(closing);
            });
        }
        Ok(Self {
            child,
            requests: Some(requests),
            lines,
            errors_closed,
            errors,
        })
    }

    /// Writes one line. A process that does not read is noticed by its missing answer.
    pub(super) fn send(&self, line: &str) {
        let Some(requests) = &self.requests else {
            return;
        };
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        // The writing thread ends when the process does, which the next read tells.
        let _ = requests.send(bytes);
    }

    /// The next line, without its end.
    pub(super) fn line(&mut self, limit: Duration) -> Result<String, Breakdown> {
        match self.lines.recv_timeout(limit) {
            Ok(read) => text(read),
            Err(RecvTimeoutError::Timeout) => Err(Breakdown::Hang(limit)),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    /// A line that stands there without having been asked for.
    pub(super) fn unasked(&mut self) -> Option<Result<String, Breakdown>> {
        match self.lines.try_recv() {
            Ok(read) => Some(text(read)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(self.ended())),
        }
    }

    /// Closes the standard input and waits for the end: its status, or `None`
    /// where the process goes on.
    pub(super) fn finish(&mut self, limit: Duration) -> Option<std::process::ExitStatus> {
        self.requests = None;
        self.status(limit)
    }

    fn ended(&mut self) -> Breakdown {
        match self.status(LAST_WORDS) {
            Some(status) => Breakdown::Crash(status.to_string()),
            None => Breakdown::Malformed("it closed its standard output but goes on".to_owned()),
        }
    }

    fn status(&mut self, limit: Duration) -> Option<std::process::ExitStatus> {
        let until = Instant::now() + limit;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(2)),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Forgets what stood on the standard error until now.
    pub(super) fn forget_errors(&self) {
        *self.errors.lock().unwrap_or_else(PoisonError::into_inner) = Tail::default();
    }

    /// Ends the process, and gives the end of its standard error.
    pub(super) fn kill(mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.errors_closed.recv_timeout(LAST_WORDS);
        self.errors()
    }

    /// The end of the standard error so far.
    pub(super) fn errors(&self) -> String {
        let tail = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        tail.to_string()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Whoever lets go of a process has no use for it any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(read: Found) -> Result<String, Breakdown> {
    let malformed = |why: String| Err(Breakdown::Malformed(why));
    match read {
        Found::Line(bytes) => match String::from_utf8(bytes) {
            Ok(line) => Ok(line),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                malformed(format!("its line is not UTF-8 at byte {at}"))
            }
        },
        Found::TooLong => malformed(format!("its line is longer than {} MiB", MAX_LINE >> 20)),
    }
}

fn write_all(mut stdin: ChildStdin, requests: &Receiver<Vec<u8>>) {
    for line in requests {
        if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn read_lines(stdout: ChildStdout, found: &SyncSender<Found>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut stdout).take(MAX_LINE as u64 + 1);
        match bounded.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        } else if line.len() > MAX_LINE {
            let _ = found.send(Found::TooLong);
            return;
        }
        if found.send(Found::Line(line)).is_err() {
            return;
        }
    }
}

/// The end of a text of unknown length.
#[derive(Debug, Default)]
struct Tail {
    bytes: VecDeque<u8>,
    dropped: u64,
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dropped > 0 {
            write!(f, "[{} bytes before] ", self.dropped)?;
        }
        let (front, back) = self.bytes.as_slices();
        let text = [front, back].concat();
        let text = String::from_utf8_lossy(&text);
        // What a terminal would obey is not passed on to one.
        let shown = text.trim_end().chars();
        let shown: String = shown
            .map(|c| {
                if c.is_control() && c != '\n' {
                    '\u{fffd}'
                } else {
                    c
                }
            })
            .collect();
        f.write_str(&shown)
    }
}

fn keep_tail(mut stderr: impl Read, tail: &Mutex<Tail>) {
    let mut chunk = [0; 4096];
    while let Ok(count) = stderr.read(&mut chunk) {
        if count == 0 {
            return;
        }
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.bytes.extend(chunk.iter().take(count));
        let over = tail.bytes.len().saturating_sub(MAX_STDERR);
        tail.bytes.drain(..over);
        tail.dropped += over as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Process {
        Process::start("sh", &["-c".to_owned(), script.to_owned()]).unwrap()
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn lines_come_back_one_by_one_and_then_the_exit_status() {
        let mut process = sh("read a; echo \"<$a>\"; read b; echo \"<$b>\"; exit 3");
        process.send("one");
        assert_eq!(process.line(LONG), Ok("<one>".to_owned()));
        process.send("two");
        assert_eq!(process.line(LONG), Ok("<two>".to_owned()));
        let ended = process.line(LONG);
        assert_eq!(ended, Err(Breakdown::Crash("exit status: 3".to_owned())));
    }

    #[test]
    fn silence_is_a_hang_and_a_stubborn_reader_does_not_block() {
        let mut process = sh("exec sleep 600");
        // Far more than a pipe holds.
        process.send(&"x".repeat(4 << 20));
        let limit = Duration::from_millis(1);
        assert_eq!(process.line(limit), Err(Breakdown::Hang(limit)));
        assert_eq!(process.kill(), "");
    }

    #[test]
    fn of_a_flood_of_errors_the_end_is_kept() {
        let mut process = sh("head -c 60000 /dev/zero | tr '\\0' e >&2; echo >&2; echo last >&2; echo done");
        assert_eq!(process.line(LONG), Ok("done".to_owned()));
        assert_eq!(
            process.finish(LONG).and_then(|status| status.code()),
            Some(0)
        );
        let errors = process.kill();
        assert!(errors.starts_with("[55910 bytes before] "), "{errors}");
        assert!(errors.ends_with("e\nlast"), "{errors}");
    }

    #[test]
    fn a_line_without_end_is_cut_off() {
        let mut process = sh("head -c 17000000 /dev/zero | tr '\\0' x");
        let long = Err(Breakdown::Malformed(
            "its line is longer than 16 MiB".to_owned(),
        ));
        assert_eq!(process.line(LONG), long);
    }
}
