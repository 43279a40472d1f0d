//! The page: nothing from elsewhere, nothing that a subject said taken for markup, and a filter
//! that a browser carries out.

use std::process::Command;

use iotmp_conformance::report::Format;

use crate::fixture::{everything, written};
use crate::has;

#[test]
fn the_page_asks_nobody_for_anything() {
    let page = written(&everything(), Format::Html);
    for reference in [
        "src=", "url(", "@import", "http://", "https://", "fetch(", "XMLHttp",
    ] {
        assert!(!page.contains(reference), "{reference}");
    }
    let links = page.matches("href=\"").count();
    let own = page.matches("href=\"#").count() + page.matches("href=\"data:,\"").count();
    assert_eq!(links, own);
    assert!(page.contains("content=\"default-src 'none';"));
}

#[test]
fn what_a_subject_says_is_text() {
    let page = written(&everything(), Format::Html);
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(!page.contains("<b>that</b>"));
    assert!(page.contains("&lt;/script&gt;&lt;b&gt;that&lt;/b&gt;"));
}

#[test]
fn a_failure_shows_both_sides_and_marks_what_differs() {
    let page = written(&everything(), Format::Html);
    let sides = page.split("<div class=\"sides\">").nth(1).unwrap();
    let (expected, got) = sides.split_once("<h4>Got</h4>").unwrap();
    assert!(expected.contains("01 <mark>01</mark> "), "{expected}");
    assert!(got.contains("01 <mark>02</mark> <mark>ff</mark> "), "{got}");
    assert!(got.contains("message type: 1 ok"), "{got}");
    assert!(page.contains("server 127.0.0.1:1 --select server.run.one-answer"));
}

/// What a browser shows of the page under a fragment: the number of cases, and those not hidden.
fn shown(name: &str, fragment: &str) -> Option<(String, Vec<String>)> {
    if !has("chromium") {
        return None;
    }
    let file = format!("iotmp-{name}-{}.html", std::process::id());
    let path = std::env::temp_dir().join(file);
    std::fs::write(&path, written(&everything(), Format::Html)).unwrap();
    let address = format!("file://{}#{fragment}", path.display());
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(address)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    let dom = String::from_utf8(output.stdout).unwrap();
    let count = dom.split("id=\"shown\"").nth(1).unwrap();
    let count = count.split('>').nth(1).unwrap().split('<').next().unwrap();
    let cases = dom.split("<details class=\"case\"").skip(1);
    let open = cases.filter(|case| !case.split('>').next().unwrap().contains("hidden"));
    let ids = open.map(|case| {
        let id = case.split("<code>").nth(1).unwrap();
        id.split('<').next().unwrap().to_owned()
    });
    Some((count.to_owned(), ids.collect()))
}

#[test]
fn a_browser_filters_by_the_fragment() {
    for (name, fragment, expected) in [
        ("verdict", "verdict=fail", vec!["server.run.one-answer"]),
        (
            "clause",
            "clause=IOTMP25-RUN-001",
            vec!["server.run.no-resource", "server.run.one-answer"],
        ),
        (
            "both",
            "verdict=fail&clause=IOTMP25-RUN-001&spec=iotmp-shipping&subject=server&level=MUST",
            vec!["server.run.one-answer"],
        ),
        ("text", "q=DESCRIBE.all", vec!["server.describe.all"]),
        ("none", "verdict=fail&clause=IOTMP25-RUN-002", vec![]),
    ] {
        let Some((count, ids)) = shown(name, fragment) else {
            return;
        };
        assert_eq!(ids, expected, "{fragment}");
        assert_eq!(
            count,
            format!("{} of 5 cases", expected.len()),
            "{fragment}"
        );
    }
}
