//! TAP, read by a small parser that knows version 14 and nothing of what wrote it.

use iotmp_conformance::baseline::Baseline;
use iotmp_conformance::plan::Selection;
use iotmp_conformance::report::Format;

use crate::fixture::{everything, report, run, written};

#[derive(Debug, Default, PartialEq)]
struct Point {
    ok: bool,
    name: String,
    directive: Option<(String, String)>,
    yaml: Option<serde_yaml::Value>,
}

/// The points of a stream, and why it was given up, if it was.
fn parse(text: &str) -> (Vec<Point>, Option<String>) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    let plan = lines
        .next()
        .and_then(|plan| plan.strip_prefix("1.."))
        .unwrap();
    let plan: usize = plan.parse().unwrap();
    let mut points: Vec<Point> = Vec::new();
    let mut block: Option<String> = None;
    let mut bail = None;
    for line in lines {
        if let Some(yaml) = &mut block {
            if line == "  ..." {
                let point = points.last_mut().unwrap();
                point.yaml = Some(serde_yaml::from_str(yaml).unwrap());
                block = None;
            } else {
                yaml.push_str(line.strip_prefix("  ").unwrap());
                yaml.push('\n');
            }
        } else if line == "  ---" {
            block = Some(String::new());
        } else if let Some(why) = line.strip_prefix("Bail out! ") {
            bail = Some(why.to_owned());
        } else {
            let (ok, rest) = match line.strip_prefix("not ok ") {
                Some(rest) => (false, rest),
                None => (true, line.strip_prefix("ok ").unwrap()),
            };
            let (number, rest) = rest.split_once(" - ").unwrap();
            assert_eq!(number.parse::<usize>().unwrap(), points.len() + 1);
            let (name, directive) = directive(rest);
            points.push(Point {
                ok,
                name,
                directive,
                yaml: None,
            });
        }
    }
    assert_eq!(block, None);
    assert_eq!(points.len(), plan);
    (points, bail)
}

/// Splits at the first number sign that no backslash stands before.
fn directive(text: &str) -> (String, Option<(String, String)>) {
    let (mut name, mut rest) = (String::new(), text.chars());
    while let Some(c) = rest.next() {
        match c {
            '\\' => name.extend(rest.next()),
            '#' => {
                let (word, reason) = rest.as_str().trim().split_once(' ').unwrap();
                let reason = reason.replace("\\#", "#");
                return (name.trim_end().to_owned(), Some((word.to_owned(), reason)));
            }
            c => name.push(c),
        }
    }
    (name, None)
}

#[test]
fn tap_is_read_by_another_parser() {
    let text = written(&everything(), Format::Tap);
    insta::assert_snapshot!("tap", text);
    let (points, bail) = parse(&text);
    assert_eq!(bail, None);
    let oks: Vec<bool> = points.iter().map(|point| point.ok).collect();
    assert_eq!(oks, [true, false, false, true, true, false]);
    assert_eq!(
        points[0].name,
        "iotmp-shipping server server.run.no-resource"
    );
    let yaml = points[1].yaml.as_ref().unwrap();
    assert_eq!(yaml["title"], "does # \"this\" & </script><b>that</b>");
    assert_eq!(yaml["expected"], "0101");
    assert_eq!(yaml["got"], "0102ff");
    assert_eq!(yaml["reason"], "after # 'one'\\u{1b}[31m\\u{0}\\nand <two>");
    let skipped = Some(("SKIP".to_owned(), "no resource # here".to_owned()));
    assert_eq!(points[3].directive, skipped);
    assert_eq!(
        points[5].name,
        "iotmp-shipping clause IOTMP25-KEEPALIVE-001 is tested"
    );
}

#[test]
fn what_is_known_is_still_to_do_and_a_dead_subject_bails_out() {
    let mut all = everything();
    let entries = "expected: [{case: server.run.one-answer, reason: 'ticket #12'}]";
    all.hold_against(&Baseline::read(entries).unwrap(), &Selection::default());
    let (points, _) = parse(&written(&all, Format::Tap));
    let todo = Some(("TODO".to_owned(), "ticket #12".to_owned()));
    assert_eq!((points[1].ok, &points[1].directive), (false, &todo));

    let mut lost = run(Vec::new());
    lost.gone = Some("it refuses\nconnections".to_owned());
    let (points, bail) = parse(&written(&report(lost), Format::Tap));
    assert_eq!(points, []);
    assert_eq!(bail.as_deref(), Some("it refuses\\nconnections"));
}
