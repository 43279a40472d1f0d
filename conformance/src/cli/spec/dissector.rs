//! `spec dissector`: a specification for Wireshark.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use iotmp_conformance::spec_tools::dissector::dissector;
use iotmp_ref::device::DEFAULT_PORT;

use super::{Outcome, load};
use crate::cli::output::{Named, apart};
use crate::cli::print;

/// Writes a Wireshark dissector of a specification, in Lua.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The specification: the name of one that is built in, or a file.
    name: String,
    /// The file to write; without it the dissector goes to the standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// TCP ports of servers, such as `25204` or `25204,4000-4010`; a user can change them in Wireshark's preferences.
    #[arg(long, value_name = "PORTS", default_value_t = DEFAULT_PORT.to_string(), value_parser = ports)]
    ports: String,
}

fn ports(text: &str) -> Result<String, String> {
    let port = |word: &str| word.parse::<u16>().ok().filter(|port| *port > 0);
    let range = |word: &str| match word.split_once('-') {
        Some((from, to)) => port(from)
            .zip(port(to))
            .is_some_and(|(from, to)| from <= to),
        None => port(word).is_some(),
    };
    if text.split(',').all(range) {
        return Ok(text.to_owned());
    }
    Err(
        "give ports from 1 to 65535 and ranges of them, the lower one first, with commas between"
            .to_owned(),
    )
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    if let Some(path) = &arguments.out {
        let name = &arguments.name;
        let input = Named::new(format!("the specification {name}"), Some(name.as_ref()));
        apart(&[input], &[Named::option("--out", path)])?;
    }
    let spec = load(&arguments.name)?;
    let text = dissector(&spec, &arguments.ports);
    match &arguments.out {
        None => print(&text)?,
        Some(path) => {
            let shown = path.display();
            fs::write(path, text)
                .map_err(|error| format!("`{shown}` cannot be written: {error}"))?;
            say!("{shown}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::ports;

    #[test]
    fn a_range_begins_with_its_lower_end() {
        for good in ["25204", "1-65535", "25204,4000-4010", "7-7"] {
            assert_eq!(ports(good).as_deref(), Ok(good));
        }
        for bad in ["10-5", "0", "65536", "", "1,", "1-2-3"] {
            assert!(ports(bad).is_err(), "{bad}");
        }
    }
}
