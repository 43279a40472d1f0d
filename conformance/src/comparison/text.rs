//! What changed, worst first.

use std::io::{self, Write};

use super::{CaseChange, Comparison, Summary, Turn};
use crate::report::SubjectKind;
use crate::verdict::Kind;

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";

const fn colour(turn: Turn) -> &'static str {
    match turn {
        Turn::Worse => "\x1b[31m",
        Turn::Better => "\x1b[32m",
        Turn::Other => DIM,
    }
}

const fn mark(turn: Turn) -> &'static str {
    match turn {
        Turn::Worse => "-",
        Turn::Better => "+",
        Turn::Other => " ",
    }
}

pub(super) fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    summary("before", &comparison.before, out)?;
    summary("after ", &comparison.after, out)?;
    for gone in &comparison.gone {
        writeln!(out, "{}- gone: {gone}{RESET}", colour(Turn::Worse))?;
    }
    for turn in [Turn::Worse, Turn::Better, Turn::Other] {
        let changes = comparison.cases.iter();
        for change in changes.filter(|change| change.turn == turn) {
            case(change, out)?;
        }
        for change in comparison
            .clauses
            .iter()
            .filter(|change| change.turn == turn)
        {
            let (tone, mark) = (colour(turn), mark(turn));
            writeln!(
                out,
                "{tone}{mark} clause {} {DIM}{}{}{RESET}: {} → {}",
                change.clause,
                change.spec,
                change.subject.map_or("", |subject| match subject {
                    SubjectKind::Codec => " codec",
                    SubjectKind::Server => " server",
                    SubjectKind::Device => " device",
                }),
                change.before,
                change.after
            )?;
        }
    }
    for change in &comparison.readings {
        writeln!(
            out,
            "  reading {} {DIM}{}{RESET}: {} → {}",
            change.ambiguity,
            change.spec,
            told(&change.before),
            told(&change.after)
        )?;
    }
    closing(comparison, out)
}

fn summary(which: &str, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let kinds = Kind::ALL.into_iter();
    let counts: Vec<String> = kinds
        .filter_map(|kind| Some(format!("{} {kind}", summary.counts.get(&kind)?)))
        .collect();
    let Summary {
        name,
        tool,
        exit_code,
        ..
    } = summary;
    let counts = counts.join(", ");
    writeln!(
        out,
        "{BOLD}{which}{RESET}  {name} {DIM}({tool}): {counts}, exit code {exit_code}{RESET}"
    )
}

fn case(change: &CaseChange, out: &mut dyn Write) -> io::Result<()> {
    let turn = change.turn;
    write!(
        out,
        "{}{} {} {}{RESET} {DIM}{} {}{RESET}",
        colour(turn),
        mark(turn),
        change.words(),
        change.id,
        change.spec,
        change.subject.name()
    )?;
    let kind = |kind: Option<Kind>| kind.map_or("-", Kind::name);
    write!(out, ": {} → {}", kind(change.before), kind(change.after))?;
    if let Some(why) = &change.why {
        write!(out, " {DIM}({why}){RESET}")?;
    }
    writeln!(out)
}

fn told(readings: &[String]) -> String {
    if readings.is_empty() {
        "not seen".to_owned()
    } else {
        readings.join(" and ")
    }
}

fn closing(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let count = |turn| {
        let cases = comparison.cases.iter().filter(|change| change.turn == turn);
        let clauses = comparison.clauses.iter();
        cases.count() + clauses.filter(|change| change.turn == turn).count()
    };
    let worse = count(Turn::Worse) + comparison.gone.len();
    let better = count(Turn::Better);
    let other = count(Turn::Other) + comparison.readings.len();
    let word = match (worse, better + other) {
        (0, 0) => "nothing changed",
        (0, _) => "nothing got worse",
        _ => "something got worse",
    };
    writeln!(
        out,
        "{worse} worse, {better} better, {other} other: {BOLD}{word}{RESET}"
    )
}
