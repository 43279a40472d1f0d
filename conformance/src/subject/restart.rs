//! How a subject that died comes back.

use core::time::Duration;
use std::process::Stdio;

use tokio::process::{Child, Command};

/// How long a subject may take to come back after its command was run.
pub(super) const STARTING: Duration = Duration::from_secs(15);
/// How often is looked whether it is back.
pub(super) const LOOKS: Duration = Duration::from_millis(50);

/// A command that starts a subject again: one that returns when that is done,
/// or one that is the subject itself.
#[derive(Debug)]
pub(super) struct Restart {
    command: String,
    running: Option<Child>,
}

impl Restart {
    pub(super) const fn new(command: String) -> Self {
        Self {
            command,
            running: None,
        }
    }

    /// Runs the command by the shell. What it started before has to be over by then, and is ended.
    ///
    /// # Errors
    /// In words, where there is no shell.
    pub(super) fn run(&mut self) -> Result<(), String> {
        // Dropping it ends it.
        self.running = None;
        // By `exec` the process that is ended later is the subject and not a shell around it.
        let child = Command::new("sh")
            .arg("-c")
            .arg(format!("exec {}", self.command))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let child = child.map_err(|error| format!("{:?} cannot be run: {error}", self.command))?;
        self.running = Some(child);
        Ok(())
    }
}
