//! `decode`: hex to messages as JSON, or byte by byte.

use std::process::ExitCode;

use iotmp_conformance::codec::{Codec, explain, explain_refusal};
use iotmp_conformance::specs;

use super::input::stdin;
use super::{Notation, Outcome, REFUSED, print};

/// Reads messages as hex and prints each as one line of JSON.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Bytes of one or more messages as hex; spaces, line ends and `0x` are ignored. Without it they come from the
    /// standard input.
    hex: Vec<String>,
    #[command(flatten)]
    notation: Notation,
    /// The request that the messages answer, where that decides what they hold.
    #[arg(long, value_name = "MESSAGE")]
    answers: Option<String>,
    /// Say of every byte what it means.
    #[arg(long)]
    explain: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let mut codec = arguments.notation.codec()?;
    if let Some(name) = &arguments.answers {
        let request = specs::message(codec.spec(), name).map_err(|error| error.to_string())?;
        codec = codec.answering(request);
    }
    let text = if arguments.hex.is_empty() {
        stdin()?
    } else {
        arguments.hex.join(" ")
    };
    let bytes = bytes_of(&text)?;
    if bytes.is_empty() {
        return Err(
            "there are no bytes to decode: give hex as an argument or on the standard input"
                .to_owned(),
        );
    }
    messages(&codec, &bytes, arguments.explain)
}

fn messages(codec: &Codec<'_>, bytes: &[u8], annotated: bool) -> Outcome {
    let mut start = 0;
    while let Some(rest) = bytes.get(start..).filter(|rest| !rest.is_empty()) {
        match codec.decode(rest) {
            Ok(decoded) => {
                print(&format!("{}\n", decoded.message))?;
                if annotated {
                    let taken = rest.get(..decoded.consumed).unwrap_or(rest);
                    print(&explain(taken, &decoded.annotations, start))?;
                }
                start += decoded.consumed;
            }
            Err(refusal) => {
                if annotated {
                    print(&explain_refusal(rest, &refusal, start))?;
                }
                let at = start + refusal.offset;
                let refusal = refusal.moved_to(at);
                anstream::eprintln!("refused: {refusal}");
                return Ok(ExitCode::from(REFUSED));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The bytes in hex that people write: grouped, with `0x`, over several lines.
fn bytes_of(text: &str) -> Result<Vec<u8>, String> {
    let is_between = |c: char| c.is_whitespace() || matches!(c, ',' | ':');
    let mut digits = String::new();
    for (line, row) in text.lines().enumerate() {
        let mut column = 1;
        for word in row.split(is_between) {
            let bare = word.strip_prefix("0x").or(word.strip_prefix("0X"));
            let bare = bare.unwrap_or(word);
            let prefix = word.len() - bare.len();
            let mut numbered = bare.chars().enumerate();
            if let Some((at, other)) = numbered.find(|(_, c)| !c.is_ascii_hexdigit()) {
                let (line, column) = (line + 1, column + prefix + at);
                return Err(format!(
                    "{other:?} is not a hex digit (line {line}, column {column})"
                ));
            }
            column += word.chars().count() + 1;
            digits.push_str(bare);
        }
    }
    hex::decode(&digits)
        .map_err(|_| format!("{} hex digits are no whole number of bytes", digits.len()))
}

#[cfg(test)]
mod tests {
    use super::bytes_of;

    #[test]
    fn hex_as_people_write_it() {
        for text in [
            "0500",
            "05 00",
            "0x05 0x00",
            "0x0500\n",
            "05:00",
            "0x05,\n0x00",
        ] {
            assert_eq!(bytes_of(text), Ok(vec![5, 0]), "{text}");
        }
        assert_eq!(
            bytes_of("050"),
            Err("3 hex digits are no whole number of bytes".to_owned())
        );
        for (text, place) in [
            ("05g0", "line 1, column 3"),
            ("0x05 0xg0", "line 1, column 8"),
            ("05 00\n05:0g", "line 2, column 5"),
        ] {
            let error = format!("'g' is not a hex digit ({place})");
            assert_eq!(bytes_of(text), Err(error), "{text}");
        }
    }
}
