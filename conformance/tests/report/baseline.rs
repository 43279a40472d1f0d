//! The four rows, the entries that do not hold, and files that are none.

use iotmp_conformance::baseline::{Baseline, Standing};
use iotmp_conformance::plan::Selection;
use iotmp_conformance::report::{Format, Report, Run};
use iotmp_conformance::verdict::Verdict;

use crate::fixture::{RUN, case, fail, inconclusive, report, run, skip, written};

const OUTPUT: &str = "server.run.no-resource";
const ANSWER: &str = "server.run.one-answer";

fn failing() -> Verdict {
    fail(None, "Ok", "Error")
}

/// The report of two cases, held against entries.
fn held(answer: Verdict, output: Verdict, entries: &str) -> Report {
    let run = run(vec![
        case(ANSWER, &[RUN], answer),
        case(OUTPUT, &[RUN], output),
    ]);
    held_run(run, entries, &Selection::default())
}

fn held_run(run: Run, entries: &str, selection: &Selection) -> Report {
    let mut report = report(run);
    let baseline = Baseline::read(&format!("expected: [{entries}]")).unwrap();
    report.hold_against(&baseline, selection);
    report
}

fn standings(report: &Report) -> Vec<(Standing, Vec<&str>)> {
    let judged = report.baseline.iter().flatten();
    let told = judged.map(|one| (one.standing, one.cases.iter().map(String::as_str).collect()));
    told.collect()
}

const KNOWN: &str = "{case: server.run.one-answer, reason: ticket}";

#[test]
fn expected_and_failing_is_tolerated_and_shown() {
    let report = held(failing(), Verdict::Pass, KNOWN);
    assert_eq!(report.exit_code, 0);
    assert_eq!(standings(&report), [(Standing::Tolerated, vec![ANSWER])]);
    let text = written(&report, Format::Text);
    let text = anstream::adapter::strip_str(&text).to_string();
    assert!(text.contains("known: ticket"), "{text}");
    assert!(!text.contains("FAIL"), "{text}");
    assert!(
        text.ends_with("1 pass, 1 fail (1 known): conformant, but for what is known\n"),
        "{text}"
    );
}

#[test]
fn expected_and_passing_is_stale() {
    let report = held(Verdict::Pass, Verdict::Pass, KNOWN);
    assert_eq!(report.exit_code, 1);
    assert_eq!(standings(&report), [(Standing::Stale, vec![ANSWER])]);
    let text = written(&report, Format::Text);
    let text = anstream::adapter::strip_str(&text).to_string();
    let line = "baseline  server.run.one-answer: stale: what it expects not to pass passes; remove the entry";
    assert!(text.contains(line), "{text}");
    assert!(
        text.ends_with("2 pass: the baseline does not hold\n"),
        "{text}"
    );
}

#[test]
fn failing_and_not_listed_fails_and_passing_passes() {
    assert_eq!(held(failing(), failing(), KNOWN).exit_code, 1);
    assert_eq!(held(Verdict::Pass, failing(), "").exit_code, 1);
    assert_eq!(held(Verdict::Pass, Verdict::Pass, "").exit_code, 0);
}

#[test]
fn what_also_matches_passing_cases_is_over_wide() {
    let wide = "{case: 'server.run.*', reason: ticket}";
    let report = held(failing(), Verdict::Pass, wide);
    assert_eq!(report.exit_code, 1);
    assert_eq!(standings(&report), [(Standing::OverWide, vec![OUTPUT])]);
    let report = held(failing(), failing(), wide);
    assert_eq!(report.exit_code, 0);
    assert_eq!(
        standings(&report),
        [(Standing::Tolerated, vec![ANSWER, OUTPUT])]
    );
}

#[test]
fn what_matches_nothing_fails_unless_not_everything_was_run() {
    let other = "{case: server.connect.ok, reason: ticket}";
    let report = held(Verdict::Pass, Verdict::Pass, other);
    assert_eq!(report.exit_code, 1);
    assert_eq!(standings(&report), [(Standing::Unmatched, vec![])]);

    let narrow = Selection {
        select: vec!["server.run.*".to_owned()],
        ..Selection::default()
    };
    let passing = || run(vec![case(OUTPUT, &[RUN], Verdict::Pass)]);
    let report = held_run(passing(), other, &narrow);
    assert_eq!(
        (report.exit_code, standings(&report)),
        (0, vec![(Standing::NotRun, vec![])])
    );
    for elsewhere in [
        "{case: server.connect.ok, spec: iotmp-2025, reason: ticket}",
        "{case: device.connect.first-message, subject: device, reason: ticket}",
    ] {
        let report = held_run(passing(), elsewhere, &Selection::default());
        assert_eq!(
            standings(&report),
            [(Standing::NotRun, vec![])],
            "{elsewhere}"
        );
    }
}

#[test]
fn no_verdict_neither_proves_an_entry_nor_outdates_it() {
    let report = held(skip(), Verdict::Pass, KNOWN);
    assert_eq!(standings(&report), [(Standing::Undecided, vec![ANSWER])]);
    assert_eq!(report.exit_code, 0);
}

#[test]
fn an_expected_gap_is_excused_by_name_only() {
    let cases = || {
        run(vec![
            case(ANSWER, &[RUN], inconclusive()),
            case(OUTPUT, &[], Verdict::Pass),
        ])
    };
    assert_eq!(report(cases()).exit_code, 4);
    let gap = "{case: server.run.one-answer, verdict: inconclusive, reason: slow}";
    assert_eq!(held_run(cases(), gap, &Selection::default()).exit_code, 0);
    assert_eq!(held_run(cases(), KNOWN, &Selection::default()).exit_code, 4);
}

#[test]
fn a_baseline_proves_nothing_by_itself() {
    let nothing = run(vec![case(ANSWER, &[], skip())]);
    let entry = "{case: server.run.one-answer, verdict: skip, reason: ticket}";
    assert_eq!(held_run(nothing, entry, &Selection::default()).exit_code, 4);
    let mut dead = run(vec![case(ANSWER, &[RUN], failing())]);
    dead.gone = Some("it died".to_owned());
    assert_eq!(held_run(dead, KNOWN, &Selection::default()).exit_code, 3);
}

#[test]
fn what_is_written_is_refused_until_its_reasons_are_given() {
    let report = held(failing(), failing(), KNOWN);
    let yaml = Baseline::of(&report, &[]).to_yaml().unwrap();
    insta::assert_snapshot!("written-baseline", yaml);
    insta::assert_snapshot!("no-reason", Baseline::read(&yaml).unwrap_err());
    let filled = yaml.replace("reason: ''", "reason: ticket 13");
    let mut again = report;
    again.hold_against(&Baseline::read(&filled).unwrap(), &Selection::default());
    assert_eq!(again.exit_code, 0);
}

#[test]
fn a_file_is_told_everything_that_is_wrong_with_it() {
    let entries = "expected:\n\
                   - {case: server.conect.ok, reason: ticket}\n\
                   - {case: server.connect.ok, spec: iotmp-2026, reason: ' '}\n";
    let told = Baseline::read(entries).unwrap_err().to_string();
    // What else comes near depends on the cases that there are.
    let expected = [
        "entry 1, \"server.conect.ok\": no case has such an id; the nearest are server.connect.ok, ",
        "       entry 2, \"server.connect.ok\": the reason is empty; say why this is known and accepted",
        "       entry 2, \"server.connect.ok\": there is no specification \"iotmp-2026\"; did you mean iotmp-2020?",
    ];
    assert_eq!(told.lines().count(), expected.len(), "{told}");
    for (line, expected) in told.lines().zip(expected) {
        assert!(line.starts_with(expected), "{told}");
    }
    let unknown = Baseline::read("expected: [{case: server.connect.ok, raeson: ticket}]");
    insta::assert_snapshot!("unknown-key", unknown.unwrap_err());
    let json = r#"{"expected": [{"case": "server.connect.ok", "reason": "ticket"}]}"#;
    assert_eq!(Baseline::read(json).unwrap().expected.len(), 1);
}
