//! What is given on the command line, and what is said where it will not do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use tokio::net::TcpListener;

use crate::exit_codes::{program, text};

/// An empty folder of a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("command-line")
        .join(name);
    // That of an earlier run.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs what is to be refused as wrong usage, and gives what it says.
async fn refused(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = program(arguments).await;
    let said = text(&stderr).to_owned();
    assert_eq!(status.code(), Some(2), "{arguments:?}: {said}");
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    said
}

#[tokio::test]
#[cfg(unix)]
async fn a_file_without_an_end_is_not_read_to_it() {
    let zero = "/dev/zero";
    for arguments in [
        &["vectors", "check", zero][..],
        &["diff", zero, zero],
        &["replay", zero],
        &["self", "--baseline", zero],
    ] {
        let said = refused(arguments).await;
        assert!(said.contains("it is longer than"), "{arguments:?}: {said}");
    }
    let output = program(&["spec", "check", zero]).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
}

#[tokio::test]
async fn numbers_out_of_their_range_are_refused_with_it() {
    let most = u64::MAX.to_string();
    let range = "a number from ";
    for arguments in [
        &["device", "--listen", "127.0.0.1:0", "--wait", &most][..],
        &["self", "--jobs", &most],
        &["self", "--jobs", "1000000000000"],
        &["self", "--jobs", "0"],
        &["self", "--timeout", &most],
        &["self", "--patience", &most],
        &["self", "--repeat", &most],
        &["replay", "x", "--timeout", &most],
        &["replay", "x", "--shrink", "--time", &most],
    ] {
        let said = refused(arguments).await;
        assert!(said.contains(range), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn an_address_to_listen_on_has_a_port() {
    let said = refused(&["device", "--listen", "nope"]).await;
    assert!(said.contains("write HOST:PORT"), "{said}");
}

#[tokio::test]
async fn a_tap_that_nobody_dials_says_its_port() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = server.local_addr().unwrap().to_string();
    let listen = ["tap", "--listen", "127.0.0.1:0", "--wait", "0"];
    let output = program(&[&listen[..], &["--upstream", &upstream]].concat()).await;
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("no device dialled 127.0.0.1:"), "{said}");
    assert!(!said.contains("127.0.0.1:0\n"), "{said}");
}

#[tokio::test]
async fn what_tap_and_pcap_watch_for_is_listed_and_explained() {
    let id = "server.observed.id.of-request";
    let output = program(&["list", "--select", id]).await;
    assert!(text(&output.stdout).starts_with(id));
    let output = program(&["explain", id]).await;
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("proves     MUST IOTMP25-SID-001"));
    let nubison = ["list", "--spec", "nubison"];
    let output = program(&nubison).await;
    assert!(!text(&output.stdout).contains(".observed."));
}

#[tokio::test]
async fn a_list_leaves_out_what_a_run_would() {
    let spec = ["list", "--spec", "iotmp-shipping"];
    let choice = [
        "--select",
        "server.connect.*",
        "--level",
        "must",
        "--skip",
        "*.ok",
    ];
    let output = program(&[&spec[..], &choice].concat()).await;
    let listed = text(&output.stdout);
    assert!(listed.contains("server.connect.wrong-user"), "{listed}");
    for left_out in ["server.connect.ok ", "SHOULD", "device."] {
        assert!(!listed.contains(left_out), "{left_out}: {listed}");
    }
}

#[tokio::test]
async fn a_run_has_no_account_of_what_was_not_asked_for() {
    let output = program(&["self", "--select", "iotmp-2025/pson2/null"]).await;
    let stdout = text(&output.stdout);
    assert!(stdout.contains("iotmp-2025  MUST 1/1"), "{stdout}");
    assert!(!stdout.contains("nubison"), "{stdout}");
}

#[tokio::test]
async fn a_fault_of_vectors_says_in_which_folder() {
    let folder = folder("folders");
    let [good, bad] = ["good", "bad"].map(|name| folder.join(name));
    let [good, bad] = [&good, &bad].map(|path| path.to_str().unwrap());
    for out in [good, bad] {
        program(&["vectors", "export", "--out", out]).await;
    }
    let framing = format!("{bad}/iotmp-shipping/framing.json");
    let text_of = fs::read_to_string(&framing).unwrap();
    fs::write(&framing, text_of.replacen("0500", "0600", 1)).unwrap();
    let output = program(&["vectors", "check", good, bad]).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with(&framing), "{said}");
}

#[tokio::test]
#[cfg(unix)]
async fn an_export_writes_through_no_link() {
    let folder = folder("links");
    let precious = folder.join("precious.txt");
    fs::write(&precious, "mine").unwrap();
    let out = folder.join("bundle");
    let shown = out.to_str().unwrap();
    program(&["vectors", "export", "--out", shown]).await;
    fs::remove_file(out.join("README.md")).unwrap();
    std::os::unix::fs::symlink(&precious, out.join("README.md")).unwrap();
    let said = refused(&["vectors", "export", "--out", shown]).await;
    assert!(said.contains("is a link"), "{said}");
    assert_eq!(fs::read_to_string(&precious).unwrap(), "mine");
}
