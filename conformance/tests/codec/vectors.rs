//! The bundle of vectors, as others get it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{program, text};

fn exported(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    let output = program(&["vectors", "export", "--out", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    folder
}

fn check(path: &Path) -> (Option<i32>, String, String) {
    let output = program(&["vectors", "check", path.to_str().unwrap()]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    (output.status.code(), stdout.to_owned(), stderr.to_owned())
}

#[test]
fn a_bundle_is_whole_and_valid() {
    let folder = exported("bundle");
    for name in [
        "README.md",
        "bundle.json",
        "schema.json",
        "specs.json",
        "iotmp-shipping/pson2.json",
    ] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(readme.starts_with(&format!(
        "# Vectors for IOTMP {}\n",
        env!("CARGO_PKG_VERSION")
    )));
    let (code, stdout, _) = check(&folder);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.ends_with(" vectors: valid\n"), "{stdout}");
    // Again over itself, but not over what somebody else put there.
    let again = program(&["vectors", "export", "--out", folder.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(0));
    let other = program(&["vectors", "export", "--out", env!("CARGO_MANIFEST_DIR")]);
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("holds something else than a bundle"));
}

#[test]
fn a_fault_is_1_and_said_where() {
    let folder = exported("faulty");
    let path = folder.join("iotmp-shipping/varint.json");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        good.replacen("\"hex\": \"0103088001\"", "\"hex\": \"010308800\"", 1),
    )
    .unwrap();
    let (code, stdout, _) = check(&folder);
    assert_eq!(code, Some(1));
    assert_eq!(
        stdout,
        "iotmp-shipping/varint.json: iotmp-shipping/varint/stream-id-128: \
         bytes are an even number of lower-case hex digits\n1 fault\n"
    );
    // The same file on its own, and a good one beside it.
    let (code, alone, _) = check(&path);
    assert_eq!((code, alone), (Some(1), stdout));
    let (code, stdout, _) = check(&folder.join("iotmp-shipping/keys.json"));
    assert_eq!((code, stdout.as_str()), (Some(0), "134 vectors: valid\n"));
}

#[test]
fn nothing_to_check_is_2() {
    let (code, _, stderr) = check(Path::new("/nowhere/vectors"));
    assert_eq!(code, Some(2));
    assert!(
        stderr.starts_with("error: /nowhere/vectors cannot be read: "),
        "{stderr}"
    );
    let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty");
    fs::create_dir_all(&empty).unwrap();
    let (code, _, stderr) = check(&empty);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("holds no vectors"), "{stderr}");
}
