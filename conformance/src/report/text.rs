//! A tree of cases, what failed with its bytes, and the ledger.

use std::io::{self, Write};

use super::{CaseResult, Report, Run, SubjectKind};
use crate::baseline::Standing;
use crate::evidence::{Annotated, Difference, Evidence};
use crate::ledger::{Entry, Ledger};
use crate::subject::{Line, Side};
use crate::vector::Operation;
use crate::verdict::{Failure, Kind, Verdict};

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";

const fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Pass => "\x1b[32m",
        Kind::Fail => "\x1b[31m",
        Kind::Inconclusive => "\x1b[33m",
        Kind::Skip => DIM,
        Kind::Info => "\x1b[36m",
    }
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for run in &report.runs {
        tree(report, run, out)?;
    }
    for (run, case) in report.unexpected() {
        if let Verdict::Fail(failure) = &case.verdict {
            failed(report, run, case, failure, out)?;
        }
    }
    for ledger in &report.ledgers {
        account(ledger, report.allow_untested, out)?;
    }
    expectations(report, out)?;
    closing(report, out)
}

/// One run: its areas, and under each the cases.
fn tree(report: &Report, run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let subject = run.subject.name();
    writeln!(out, "{BOLD}{} · {subject} {}{RESET}", run.spec, run.address)?;
    for note in &run.notes {
        writeln!(out, "  {DIM}{note}{RESET}")?;
    }
    let mut areas: Vec<&str> = Vec::new();
    for case in &run.cases {
        if !areas.contains(&case.area.as_str()) {
            areas.push(&case.area);
        }
    }
    for area in areas {
        let cases: Vec<&CaseResult> = run.cases.iter().filter(|case| case.area == area).collect();
        let passed = cases
            .iter()
            .filter(|case| matches!(case.verdict.kind(), Kind::Pass | Kind::Info))
            .count();
        writeln!(
            out,
            "  {BOLD}{area}{RESET} {DIM}{passed}/{}{RESET}",
            cases.len()
        )?;
        // Vectors are many; what they showed of an ambiguity stands in the ledger.
        let dull = |case: &&&CaseResult| {
            run.subject == SubjectKind::Codec
                && matches!(case.verdict.kind(), Kind::Pass | Kind::Info)
        };
        for case in cases.iter().filter(|case| !dull(case)) {
            branch(case, report.known(run, case), out)?;
        }
    }
    if let Some(why) = &run.gone {
        writeln!(
            out,
            "  {}the subject is gone: {why}{RESET}",
            colour(Kind::Fail)
        )?;
    }
    writeln!(out)
}

/// One case on one line.
fn branch(case: &CaseResult, known: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let kind = case.verdict.kind();
    let mark = mark(kind);
    write!(out, "    {}{mark}{RESET} {}", colour(kind), case.id)?;
    match &case.verdict {
        Verdict::Pass => {
            write!(out, " {DIM}{}{RESET}", case.title)?;
            if let Some(seen) = case.seen {
                write!(out, " {DIM}({seen}×){RESET}")?;
            }
        }
        Verdict::Info { ambiguity, reading } => {
            write!(out, " {DIM}{ambiguity} = {reading}{RESET}")?
        }
        other => write!(
            out,
            " {DIM}{kind}: {}{RESET}",
            other.reason().unwrap_or_default()
        )?,
    }
    if let Some(reason) = known {
        write!(out, " {}known: {reason}{RESET}", colour(Kind::Inconclusive))?;
    }
    writeln!(out)
}

/// One character for a verdict.
pub(super) const fn mark(kind: Kind) -> &'static str {
    match kind {
        Kind::Pass => "✓",
        Kind::Fail => "✗",
        Kind::Inconclusive => "?",
        Kind::Skip => "-",
        Kind::Info => "i",
    }
}

/// A failure with everything that proves it.
fn failed(
    report: &Report,
    run: &Run,
    case: &CaseResult,
    failure: &Failure,
    out: &mut dyn Write,
) -> io::Result<()> {
    let red = colour(Kind::Fail);
    writeln!(out, "{red}{BOLD}FAIL {}{RESET} ({})", case.id, run.spec)?;
    writeln!(out, "  {}", case.title)?;
    for id in failure.clauses(&case.clauses) {
        match clause(report, &run.spec, id) {
            Some(entry) => writeln!(
                out,
                "  {} {id}: {} {DIM}[{}]{RESET}",
                entry.level, entry.text, entry.source
            )?,
            None => writeln!(out, "  {id}")?,
        }
    }
    writeln!(out, "  expected  {}", failure.expected)?;
    writeln!(out, "  got       {red}{}{RESET}", failure.got)?;
    if !failure.detail.is_empty() {
        writeln!(out, "  because   {}", failure.detail)?;
    }
    if let Some(evidence) = &case.evidence {
        proof(evidence, out)?;
    }
    if !case.transcript.is_empty() {
        writeln!(out, "  transcript")?;
        for line in &case.transcript {
            step(line, out)?;
        }
    }
    writeln!(out, "  again     {}", again(&run.again, &case.id))?;
    writeln!(out)
}

/// What proves that a codec failed: the bytes, and where it parts from them.
fn proof(evidence: &Evidence, out: &mut dyn Write) -> io::Result<()> {
    if let Some(difference) = &evidence.difference {
        let Difference {
            offset,
            path,
            expected,
            got,
            ..
        } = difference;
        let mut place = Vec::new();
        place.extend((!path.is_empty()).then(|| path.clone()));
        place.extend(offset.map(|offset| format!("byte {offset}")));
        let red = colour(Kind::Fail);
        writeln!(
            out,
            "  differs   {}: {expected} expected, {red}{got}{RESET} came",
            place.join(", ")
        )?;
    }
    if let Some(given) = &evidence.given {
        writeln!(out, "  given     {given}")?;
    }
    let (asked, came) = match evidence.operation {
        Operation::Decode => ("read", ""),
        Operation::Encode => ("wanted", "came"),
    };
    for (name, annotated) in [(asked, &evidence.bytes), (came, &evidence.got)] {
        if let Some(annotated) = annotated {
            table(name, annotated, out)?;
        }
    }
    Ok(())
}

/// Bytes field by field; an arrow stands before the row of the difference.
fn table(name: &str, annotated: &Annotated, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {name:<8}  {}", annotated.hex)?;
    for (index, row) in annotated.fields.iter().enumerate() {
        if annotated.mark == Some(index) {
            writeln!(out, "      {}→ {row}{RESET}", colour(Kind::Fail))?;
        } else {
            writeln!(out, "        {DIM}{row}{RESET}")?;
        }
    }
    Ok(())
}

/// The command with the choice of one case; what follows `--` is the subject's own.
pub(super) fn again(command: &str, id: &str) -> String {
    // A bundle holds one case.
    if command.starts_with("iotmp-conformance replay ") {
        return command.to_owned();
    }
    match command.split_once(" -- ") {
        Some((ours, theirs)) => format!("{ours} --select {id} -- {theirs}"),
        None => format!("{command} --select {id}"),
    }
}

pub(super) fn clause<'a>(report: &'a Report, spec: &str, id: &str) -> Option<&'a Entry> {
    let mut ledgers = report.ledgers.iter().filter(|ledger| ledger.spec == spec);
    ledgers.find_map(|ledger| ledger.clauses.iter().find(|entry| entry.clause == id))
}

/// One line of a transcript, and its bytes field by field.
pub(super) fn step(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    let arrow = arrow(line.from);
    let (seconds, micros) = (line.at_us / 1_000_000, line.at_us % 1_000_000);
    writeln!(
        out,
        "    {DIM}{seconds:>3}.{micros:06} #{}{RESET} {arrow} {}",
        line.connection, line.note
    )?;
    for row in &line.fields {
        writeln!(out, "        {DIM}{row}{RESET}")?;
    }
    Ok(())
}

/// Which way something went, as seen from the suite.
pub(super) const fn arrow(from: Side) -> &'static str {
    match from {
        Side::Suite | Side::Peer => "→",
        Side::Subject => "←",
    }
}

/// The ledger of one spec.
fn account(ledger: &Ledger, allow_untested: bool, out: &mut dyn Write) -> io::Result<()> {
    let untested = ledger.untested().count();
    let broken = ledger.broken().count();
    write!(out, "{BOLD}{}", ledger.spec)?;
    if let Some(subject) = ledger.subject {
        write!(out, " · {}", subject.name())?;
    }
    write!(out, "{RESET}  {}", ledger.totals())?;
    if untested > 0 {
        write!(out, ", {untested} untested")?;
    }
    if broken > 0 {
        write!(out, ", {}{broken} broken{RESET}", colour(Kind::Fail))?;
    }
    writeln!(out)?;
    for entry in ledger.broken() {
        let proof: Vec<&str> = entry
            .evidence
            .iter()
            .filter(|evidence| evidence.verdict == Kind::Fail)
            .map(|evidence| evidence.id.as_str())
            .collect();
        let red = colour(Kind::Fail);
        writeln!(
            out,
            "  {red}broken{RESET}    {} {}: {} {DIM}({}){RESET}",
            entry.level,
            entry.clause,
            entry.text,
            proof.join(", ")
        )?;
    }
    for (entry, reason) in ledger.untested() {
        let tone = if entry.level == "MUST" && !allow_untested {
            colour(Kind::Inconclusive)
        } else {
            DIM
        };
        writeln!(
            out,
            "  {tone}untested{RESET}  {} {}: {DIM}{reason}{RESET}",
            entry.level, entry.clause
        )?;
    }
    for seen in &ledger.profile {
        let same = if seen.reference {
            ""
        } else {
            ", unlike the reference"
        };
        let blue = colour(Kind::Info);
        let proof = abridged(&seen.evidence);
        writeln!(
            out,
            "  {blue}profile{RESET}   {} = {}{same} {DIM}({proof}){RESET}",
            seen.ambiguity, seen.reading
        )?;
    }
    Ok(())
}

/// The first of some ids, and how many there are beside it.
pub(super) fn abridged(ids: &[String]) -> String {
    match ids {
        [] => String::new(),
        [one] => one.clone(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    }
}

/// What became of the entries of a baseline; those that were right stand with their cases.
fn expectations(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for judged in report.baseline.iter().flatten() {
        let tone = match judged.standing {
            Standing::Tolerated => continue,
            standing if standing.is_fault() => colour(Kind::Fail),
            _ => DIM,
        };
        let (entry, words) = (&judged.entry, judged.standing.words());
        write!(out, "{tone}baseline{RESET}  {entry}: {words}")?;
        if !judged.cases.is_empty() {
            write!(out, " {DIM}({}){RESET}", abridged(&judged.cases))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The last line.
fn closing(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let counts: Vec<String> = Kind::ALL
        .into_iter()
        .filter(|kind| report.count(*kind) > 0)
        .map(|kind| format!("{}{} {kind}{RESET}", colour(kind), report.count(kind)))
        .collect();
    let known = report.cases();
    let known = known.filter(|(run, case)| report.known(run, case).is_some());
    let known = match known.count() {
        0 => String::new(),
        count => format!(" ({count} known)"),
    };
    let word = report.word();
    // Nothing lets a run pass that came to no verdict at all.
    let way_out = if report.exit_code == crate::exit::UNTESTED && !report.is_empty() {
        " (--allow-untested lets that pass)"
    } else {
        ""
    };
    let counts = counts.join(", ");
    write!(out, "{counts}{known}: {BOLD}{word}{RESET}{way_out}")?;
    if let Some(selected) = report.selected {
        write!(out, "; {selected}")?;
    }
    writeln!(out)
}
