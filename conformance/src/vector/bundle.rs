//! Vectors for others: a folder that needs nothing of this program, and the check of one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::check::Fault;
use super::contradiction::against_reference;
use super::{FILES, like, load};
use crate::ledger::level_name;
use crate::{json, specs};

/// Version of the layout of a bundle: goes up when a reader of it would break.
pub const BUNDLE: u64 = 1;
/// The JSON Schema of a file of vectors.
pub const SCHEMA: &str = include_str!("../../vectors/schema.json");

const README: &str = include_str!("bundle.md");
const MANIFEST: &str = "bundle.json";

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFile {
    /// Path below the bundle's folder, with `/`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// What `bundle.json` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    bundle: u64,
    #[serde(rename = "suite")]
    _suite: String,
    files: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    vectors: usize,
}

/// The bundle of all vectors that the suite is built with.
#[must_use]
pub fn export() -> Vec<BundleFile> {
    let vectors: Vec<BundleFile> = FILES
        .iter()
        .map(|(path, text)| BundleFile {
            path: (*path).to_owned(),
            text: match like::written_out(path, text, FILES) {
                Ok(text) => text,
                // The files are part of the program, and a test loads them all.
                Err(error) => unreachable!("vectors of the suite are not valid: {error}"),
            },
        })
        .collect();
    let mut files = vec![
        file(MANIFEST, &manifest(&vectors)),
        BundleFile {
            path: "README.md".to_owned(),
            text: README.replace("{version}", env!("CARGO_PKG_VERSION")),
        },
        BundleFile {
            path: "schema.json".to_owned(),
            text: SCHEMA.to_owned(),
        },
        file("specs.json", &named()),
    ];
    files.extend(vectors);
    files
}

fn file(path: &str, json: &Json) -> BundleFile {
    BundleFile {
        path: path.to_owned(),
        text: format!("{json:#}\n"),
    }
}

fn manifest(vectors: &[BundleFile]) -> Json {
    let files: Vec<Json> = vectors
        .iter()
        .map(|file| json!({"path": file.path, "vectors": count(&file.text)}))
        .collect();
    json!({"bundle": BUNDLE, "suite": env!("CARGO_PKG_VERSION"), "files": files})
}

/// How many vectors a file holds.
fn count(text: &str) -> usize {
    let json = json::parse(text).ok();
    let vectors = json
        .as_ref()
        .and_then(|json| json.get("vectors")?.as_array());
    vectors.map_or(0, Vec::len)
}

/// What the ids in the vectors stand for.
fn named() -> Json {
    let mut all = Map::new();
    for spec in specs::all() {
        let clauses: Map<String, Json> = spec
            .clauses
            .iter()
            .map(|clause| {
                let level = level_name(clause.level);
                let about = json!({"level": level, "text": clause.text, "source": clause.source});
                (clause.id.clone(), about)
            })
            .collect();
        let ambiguities: Map<String, Json> = spec
            .ambiguities
            .iter()
            .map(|ambiguity| {
                let readings: Map<String, Json> = ambiguity
                    .readings
                    .iter()
                    .map(|reading| (reading.name.clone(), json!(reading.text)))
                    .collect();
                let about = json!({"question": ambiguity.question, "readings": readings, "reference": ambiguity.reference});
                (ambiguity.id.clone(), about)
            })
            .collect();
        let sources: Map<String, Json> = spec
            .sources
            .iter()
            .map(|source| (source.key.clone(), json!(source.title)))
            .collect();
        let about = json!({
            "revision": spec.revision,
            "sources": sources,
            "clauses": clauses,
            "ambiguities": ambiguities,
        });
        all.insert(spec.name.clone(), about);
    }
    Json::Object(all)
}

/// Everything that is wrong with a whole bundle, and how many vectors it holds.
///
/// Without a `bundle.json` any folder of `<spec>/<area>.json` will do.
#[must_use]
pub fn check_bundle(files: &[BundleFile]) -> (Vec<Fault>, usize) {
    let manifest = files.iter().find(|file| file.path == MANIFEST);
    let vectors: Vec<(&str, &str)> = files
        .iter()
        .filter(|file| file.path.contains('/'))
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    let mut faults = match manifest {
        Some(manifest) => check_manifest(&manifest.text, &vectors),
        None => Vec::new(),
    };
    faults.extend(check_all(&vectors, &vectors));
    (faults, vectors.iter().map(|(_, text)| count(text)).sum())
}

/// Everything that is wrong with some files, and how many vectors they hold.
/// Their controls may be vectors of the suite.
#[must_use]
pub fn check_files(files: &[BundleFile]) -> (Vec<Fault>, usize) {
    let given: Vec<(&str, &str)> = files
        .iter()
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    let mut whole = given.clone();
    let replaced = |path: &str| given.iter().any(|(given, _)| *given == path);
    whole.extend(FILES.iter().filter(|(path, _)| !replaced(path)));
    let faults = check_all(&whole, &given);
    (faults, given.iter().map(|(_, text)| count(text)).sum())
}

fn check_manifest(text: &str, vectors: &[(&str, &str)]) -> Vec<Fault> {
    let fault = |detail: String| Fault {
        file: MANIFEST.to_owned(),
        id: None,
        detail,
    };
    let manifest = json::parse(text)
        .map_err(|error| error.to_string())
        .and_then(|json| Manifest::deserialize(json).map_err(|error| error.to_string()));
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(error) => return vec![fault(error)],
    };
    if manifest.bundle != BUNDLE {
        let version = manifest.bundle;
        return vec![fault(format!(
            "it is a bundle of version {version}; this program knows version {BUNDLE}"
        ))];
    }
    let there: BTreeMap<&str, usize> = vectors
        .iter()
        .map(|(path, text)| (*path, count(text)))
        .collect();
    let mut faults = Vec::new();
    for Entry { path, vectors } in &manifest.files {
        match there.get(path.as_str()) {
            None => faults.push(fault(format!("{path} is listed, but is not there"))),
            Some(count) if count != vectors => faults.push(fault(format!(
                "{path} is listed with {vectors} vectors, but holds {count}"
            ))),
            Some(_) => {}
        }
    }
    for path in there.keys() {
        if !manifest.files.iter().any(|entry| entry.path == *path) {
            faults.push(fault(format!("{path} is there, but is not listed")));
        }
    }
    faults
}

/// What is wrong with `given`, read together with all of `whole`.
fn check_all(whole: &[(&str, &str)], given: &[(&str, &str)]) -> Vec<Fault> {
    let mut faults = match load(whole) {
        Ok(sets) => against_reference(&sets, given),
        Err(error) => error.0,
    };
    for (path, text) in given {
        // The loader's words are plainer; the schema has the last.
        if !faults.iter().any(|fault| fault.file == *path) {
            faults.extend(against_schema(path, text));
        }
    }
    faults
}

fn against_schema(path: &str, text: &str) -> Vec<Fault> {
    let fault = |detail: String| Fault {
        file: path.to_owned(),
        id: None,
        detail,
    };
    let (schema, file) = match (json::parse(SCHEMA), json::parse(text)) {
        (Ok(schema), Ok(file)) => (schema, file),
        (Err(error), _) | (_, Err(error)) => return vec![fault(error.to_string())],
    };
    let validator = match jsonschema::validator_for(&schema) {
        Ok(validator) => validator,
        Err(error) => return vec![fault(format!("the schema itself is not valid: {error}"))],
    };
    validator
        .iter_errors(&file)
        .map(|error| fault(format!("{}: {error}", error.instance_path())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(path: &str, from: &str, to: &str) -> Vec<BundleFile> {
        let mut files = export();
        let file = files.iter_mut().find(|file| file.path == path).unwrap();
        assert!(file.text.contains(from), "{from} is not in {path}");
        file.text = file.text.replacen(from, to, 1);
        files
    }

    fn faults(files: &[BundleFile]) -> Vec<String> {
        let (faults, _) = check_bundle(files);
        faults.iter().map(ToString::to_string).collect()
    }

    const FRAMING: &str = "iotmp-shipping/framing.json";

    #[test]
    fn what_is_exported_is_valid() {
        let (faults, count) = check_bundle(&export());
        assert_eq!(faults, []);
        let all: usize = super::super::all()
            .iter()
            .map(|set| set.vectors.len())
            .sum();
        assert_eq!(count, all);
    }

    #[test]
    fn a_reader_needs_no_other_file_for_the_vectors_of_one() {
        for file in export().iter().filter(|file| file.path.contains('/')) {
            let json = json::parse(&file.text).unwrap();
            assert!(json.get("like").is_none(), "{}", file.path);
            assert!(count(&file.text) > 0, "{}", file.path);
        }
    }

    #[test]
    fn each_kind_of_fault_is_told() {
        assert_eq!(
            faults(&changed(FRAMING, "IOTMP25-FRAME-002", "IOTMP25-FRAME-902")),
            [
                "iotmp-shipping/framing.json: iotmp-shipping/framing/keep-alive: \
              there is no clause IOTMP25-FRAME-902; did you mean IOTMP25-FRAME-002?"
            ]
        );
        let told = faults(&changed(
            FRAMING,
            "\"since\": \"0.1.0\"",
            "\"since\": \"soon\"",
        ));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("iotmp-shipping/framing.json: /vectors/0/since: \"soon\""),
            "{told:?}"
        );
        assert_eq!(
            faults(&changed(MANIFEST, "\"bundle\": 1", "\"bundle\": 2")),
            ["bundle.json: it is a bundle of version 2; this program knows version 1"]
        );
        assert_eq!(
            faults(&changed(MANIFEST, "\"vectors\": 31", "\"vectors\": 30")),
            ["bundle.json: iotmp-2025/framing.json is listed with 30 vectors, but holds 31"]
        );
    }

    #[test]
    fn a_vector_that_contradicts_itself_is_told() {
        let told = faults(&changed(FRAMING, r#""hex": "0500""#, r#""hex": "0600""#));
        assert_eq!(told.len(), 1, "{told:?}");
        let expected = "iotmp-shipping/framing.json: iotmp-shipping/framing/keep-alive: the vector contradicts itself: it expects ";
        assert!(told[0].starts_with(expected), "{told:?}");
        let advice = "correct `value`, `consumed` or `hex`, or make it `invalid`";
        assert!(told[0].ends_with(advice), "{told:?}");
        let twice = r#""hex": "0500", "hex": "0500""#;
        let told = faults(&changed(FRAMING, r#""hex": "0500""#, twice));
        assert!(
            told[0].contains("the key \"hex\" is there twice"),
            "{told:?}"
        );
    }

    #[test]
    fn a_file_alone_may_use_the_controls_of_the_suite() {
        let files: Vec<BundleFile> = export()
            .into_iter()
            .filter(|file| file.path == "iotmp-shipping/truncation.json")
            .collect();
        let (faults, count) = check_files(&files);
        assert_eq!((faults, count > 0), (Vec::new(), true));
    }
}
