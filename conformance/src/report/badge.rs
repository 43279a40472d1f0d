//! What a README shows: the totals of the MUST clauses and whether they hold.

use std::io;

use maud::html;
use serde_json::json;

use super::Report;
use crate::exit;

/// Width of a character of 11 px Verdana, roughly, in tenths of a pixel.
const GLYPH: usize = 66;
/// Space on both sides of a text, in pixels.
const MARGIN: usize = 12;

/// The JSON of a shields.io endpoint.
pub(super) fn endpoint(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let (message, colour) = said(report);
    let badge = json!({
        "schemaVersion": 1,
        "label": label(report),
        "message": message,
        "color": colour,
        "isError": report.exit_code == exit::UNREACHABLE,
    });
    serde_json::to_writer_pretty(&mut *out, &badge)?;
    writeln!(out)
}

/// The same as a picture.
pub(super) fn svg(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let label = label(report);
    let (message, colour) = said(report);
    let fill = match colour {
        "brightgreen" => "#2c7d32",
        "yellow" => "#8a6100",
        "red" => "#b3261e",
        _ => "#5f5f5f",
    };
    let (left, right) = (width(&label), width(&message));
    let all = left + right;
    let title = format!("{label}: {message}");
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(all) height="20" role="img" aria-label=(title) {
            title { (title) }
            clipPath id="r" { rect width=(all) height="20" rx="3" fill="#fff" {} }
            g clip-path="url(#r)" {
                rect width=(left) height="20" fill="#444" {}
                rect x=(left) width=(right) height="20" fill=(fill) {}
            }
            g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" {
                text x=(left / 2) y="14" { (label) }
                text x=(left + right / 2) y="14" { (message) }
            }
        }
    };
    writeln!(out, "{}", picture.into_string())
}

fn width(text: &str) -> usize {
    text.chars().count() * GLYPH / 10 + MARGIN
}

fn label(report: &Report) -> String {
    let mut specs: Vec<&str> = Vec::new();
    for ledger in &report.ledgers {
        if !specs.contains(&ledger.spec.as_str()) {
            specs.push(&ledger.spec);
        }
    }
    match specs.as_slice() {
        [one] => (*one).to_owned(),
        [] => "conformance".to_owned(),
        more => format!("{} protocols", more.len()),
    }
}

/// The message, and the colour by its name at shields.io.
fn said(report: &Report) -> (String, &'static str) {
    let (mut kept, mut total, mut broken) = (0, 0, 0);
    let levels = report.ledgers.iter().flat_map(|ledger| &ledger.levels);
    for tally in levels.filter(|tally| tally.level == "MUST") {
        kept += tally.tested - tally.broken.min(tally.tested);
        total += tally.total;
        broken += tally.broken;
    }
    let part = report.selected.map_or("", |_| " of a selection");
    let must = format!("MUST {kept}/{total}{part}");
    match report.exit_code {
        exit::CONFORMANT => (must, "brightgreen"),
        exit::FAILED if broken == 0 => (format!("{must}, failing"), "red"),
        exit::FAILED => (format!("{must}, {broken} broken"), "red"),
        exit::UNREACHABLE => ("subject died".to_owned(), "lightgrey"),
        _ => (format!("{must}, untested"), "yellow"),
    }
}
