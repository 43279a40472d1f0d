//! How far a run is, on one line that overwrites itself.
//!
//! Only a person at a terminal sees it: what goes to a file or another program stays free of it.

use core::fmt;
use core::time::Duration;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::verdict::Kind;

/// Least time between two updates: more often than eyes can follow only costs.
const PAUSE: Duration = Duration::from_millis(80);
/// Carriage return, and delete to the end of the line.
const CLEAR: &str = "\r\x1b[K";

/// Counts cases as they end; cheap to clone, and silent unless it was told where to write.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Mutex<State>>>);

struct State {
    out: Box<dyn Write + Send>,
    began: Instant,
    shown: Option<Instant>,
    total: usize,
    done: usize,
    failed: usize,
}

impl Progress {
    /// Writes to the standard error, if that is a terminal.
    #[must_use]
    pub fn on_terminal() -> Self {
        if io::stderr().is_terminal() {
            Self::to(Box::new(io::stderr()))
        } else {
            Self::default()
        }
    }

    /// Writes to `out`, whatever that is.
    #[must_use]
    pub fn to(out: Box<dyn Write + Send>) -> Self {
        Self(Some(Arc::new(Mutex::new(State {
            out,
            began: Instant::now(),
            shown: None,
            total: 0,
            done: 0,
            failed: 0,
        }))))
    }

    /// So many more cases are to be run.
    pub fn expect(&self, cases: usize) {
        self.with(|state| {
            state.total += cases;
            state.show();
        });
    }

    /// One case has ended.
    pub fn ended(&self, id: &str, kind: Kind) {
        self.with(|state| {
            state.done += 1;
            if kind == Kind::Fail {
                state.failed += 1;
                state.say(&format!("✗ {id}"));
            }
            state.show();
        });
    }

    /// Takes the line away.
    pub fn clear(&self) {
        self.with(|state| state.write(CLEAR));
    }

    fn with(&self, act: impl FnOnce(&mut State)) {
        if let Some(state) = &self.0 {
            act(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Says something that stays on the standard error, above whatever line is shown there.
pub fn interject(what: &str) {
    let clear = if io::stderr().is_terminal() {
        CLEAR
    } else {
        ""
    };
    anstream::eprintln!("{clear}{what}");
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.0.is_some()).finish()
    }
}

impl State {
    fn show(&mut self) {
        let last = self.done == self.total;
        if !last && self.shown.is_some_and(|shown| shown.elapsed() < PAUSE) {
            return;
        }
        self.shown = Some(Instant::now());
        let seconds = self.began.elapsed().as_secs();
        let failed = match self.failed {
            0 => String::new(),
            count => format!(", \x1b[31m{count} failed\x1b[0m"),
        };
        let line = format!(
            "{CLEAR}{}/{} cases{failed}, {seconds} s",
            self.done, self.total
        );
        self.write(&line);
    }

    fn say(&mut self, what: &str) {
        self.write(&format!("{CLEAR}{what}\n"));
        self.shown = None;
    }

    /// A terminal that is gone is no reason to end a run.
    fn write(&mut self, text: &str) {
        let written = self.out.write_all(text.as_bytes());
        drop(written.and_then(|()| self.out.flush()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_last_case_is_always_shown_and_a_failure_stays() {
        let screen = Screen::default();
        let progress = Progress::to(Box::new(screen.clone()));
        progress.expect(2);
        progress.ended("server.a", Kind::Fail);
        progress.ended("server.b", Kind::Pass);
        progress.clear();
        let bytes = screen.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.split(CLEAR).collect();
        assert_eq!(lines[1], "0/2 cases, 0 s");
        assert_eq!(lines[2], "✗ server.a\n");
        let last = lines[lines.len() - 2];
        assert!(
            last.starts_with("2/2 cases, \x1b[31m1 failed\x1b[0m, "),
            "{text:?}"
        );
        assert_eq!(lines.last(), Some(&""));
    }
}
