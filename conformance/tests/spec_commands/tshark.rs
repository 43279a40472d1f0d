//! Running tshark, and reading what it prints.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::capture::{Capture, Sender};
use super::command::spec;

/// Whether tshark is there. Where it is not, a test says so and passes, but not on a build machine.
pub(super) fn is_missing() -> bool {
    let found = Command::new("tshark").arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return false;
    }
    assert_ne!(
        env::var("CI").as_deref(),
        Ok("true"),
        "tshark is not installed: apt-get install --no-install-recommends tshark"
    );
    eprintln!("skipped: tshark is not installed (apt-get install --no-install-recommends tshark)");
    true
}

/// A message as tshark shows it.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) address: String,
    /// Fields by their names; of one that comes several times, all values.
    pub(super) fields: Map<String, Value>,
}

impl Shown {
    /// The value of a field, of several the last.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        match self.fields.get(name)? {
            Value::Array(values) => values.last()?.as_str(),
            value => value.as_str(),
        }
    }

    /// Whether there is a key anywhere in it.
    pub(super) fn has(&self, key: &str) -> bool {
        fn holds(value: &Value, key: &str) -> bool {
            match value {
                Value::Object(map) => map
                    .iter()
                    .any(|(name, value)| name == key || holds(value, key)),
                Value::Array(values) => values.iter().any(|value| holds(value, key)),
                _ => false,
            }
        }
        self.fields
            .iter()
            .any(|(name, value)| name == key || holds(value, key))
    }

    pub(super) fn sender(&self) -> Sender {
        let senders = [Sender::Device, Sender::Server];
        let found = senders
            .into_iter()
            .find(|sender| sender.address() == self.address);
        found.expect("one of the two")
    }
}

/// A dissector, written where tshark finds it.
#[derive(Debug)]
pub(super) struct Dissector {
    script: PathBuf,
    protocol: String,
    folder: PathBuf,
}

impl Dissector {
    /// The dissector of a specification, given as `spec dissector` takes it.
    pub(super) fn of(name: &str, test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        std::fs::create_dir_all(&folder).expect("a folder");
        let script = folder.join("dissector.lua");
        let ran = spec(&["dissector", name, "--out", &script.to_string_lossy()]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let stem = Path::new(name).file_stem().expect("a name");
        Self {
            script,
            protocol: stem.to_string_lossy().replace('-', "_"),
            folder,
        }
    }

    pub(super) fn protocol(&self) -> &str {
        &self.protocol
    }

    /// What tshark prints of a capture, with more arguments.
    pub(super) fn print(&self, capture: &Capture, arguments: &[&str]) -> String {
        let file = self.folder.join("capture.pcap");
        capture.write(&file);
        let output = Command::new("tshark")
            .arg("-X")
            .arg(format!("lua_script:{}", self.script.display()))
            .arg("-r")
            .arg(&file)
            .args(["-o", "tcp.check_checksum:false"])
            .args(arguments)
            // Nobody's own preferences and plugins.
            .env("HOME", &self.folder)
            .env("XDG_CONFIG_HOME", &self.folder)
            .output()
            .expect("tshark runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{err}");
        for said in [&out, &err] {
            let faults = said
                .lines()
                .filter(|line| line.contains("Lua Error") || line.contains("error during loading"));
            assert_eq!(faults.collect::<Vec<_>>(), Vec::<&str>::new());
        }
        out
    }

    /// Every message of a capture, in order.
    pub(super) fn messages(&self, capture: &Capture, arguments: &[&str]) -> Vec<Shown> {
        let mut all = vec!["-T", "json", "--no-duplicate-keys"];
        all.extend(arguments);
        let text = self.print(capture, &all);
        // The tree of a value is as deep as the value.
        let mut reader = serde_json::Deserializer::from_str(&text);
        reader.disable_recursion_limit();
        let packets = Vec::<Value>::deserialize(&mut reader).expect("JSON");
        let mut messages = Vec::new();
        for packet in packets {
            let layers = &packet["_source"]["layers"];
            let address = layers["ip"]["ip.src"].as_str().expect("an address");
            let shown = match layers.get(&self.protocol) {
                None => Vec::new(),
                Some(Value::Array(several)) => several.clone(),
                Some(one) => vec![one.clone()],
            };
            for message in shown {
                let Value::Object(fields) = message else {
                    panic!("not a message: {message}")
                };
                let address = address.to_owned();
                messages.push(Shown { address, fields });
            }
        }
        messages
    }
}
