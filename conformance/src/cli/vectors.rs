//! `vectors`: the vectors for others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use iotmp_conformance::exit;
use iotmp_conformance::vector::{self, BundleFile, Fault};

use super::input::text;
use super::{Outcome, print};

/// Writes the vectors for use without this program, or checks some.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Writes all vectors, their schema and a README into a folder.
    Export {
        /// The folder; it has to be new, empty, or an earlier bundle.
        #[arg(long, value_name = "DIR", default_value = "iotmp-vectors")]
        out: PathBuf,
    },
    /// Checks bundles and files of vectors: schema, ids, clauses, controls.
    Check {
        /// Folders of `<spec>/<area>.json`, or such files.
        #[arg(required = true, value_name = "DIR|FILE")]
        paths: Vec<PathBuf>,
    },
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    match &arguments.action {
        Action::Export { out } => export(out),
        Action::Check { paths } => check(paths),
    }
}

fn export(out: &Path) -> Outcome {
    let told = |error: std::io::Error| format!("{} cannot be written: {error}", out.display());
    let used = fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some());
    if used && !out.join("bundle.json").is_file() {
        return Err(format!(
            "{} holds something else than a bundle; give another folder by --out",
            out.display()
        ));
    }
    let files = vector::export();
    // It may lead out of the bundle, to what others own.
    let below = |path: &str| {
        let path = Path::new(path);
        let parts = path.ancestors().filter(|part| !part.as_os_str().is_empty());
        parts.map(|part| out.join(part)).collect::<Vec<_>>()
    };
    let mut places = files.iter().flat_map(|file| below(&file.path));
    if let Some(link) = places.find(|place| place.is_symlink()) {
        return Err(format!(
            "{} is a link, and is not written through; remove it, or give another folder by --out",
            link.display()
        ));
    }
    for file in &files {
        let path = out.join(&file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(told)?;
        }
        // What a link leads to is no part of the bundle.
        let mut parts = path.ancestors().take_while(|part| *part != out);
        if let Some(link) = parts.find(|part| part.is_symlink()) {
            let shown = link.display();
            return Err(format!(
                "{shown} is a link; remove it, or give another folder by --out"
            ));
        }
        fs::write(&path, &file.text).map_err(told)?;
    }
    let count: usize = vector::all().iter().map(|set| set.vectors.len()).sum();
    print(&format!(
        "{count} vectors in {} files are in {}\n",
        vector::FILES.len(),
        out.display()
    ))?;
    Ok(ExitCode::from(exit::CONFORMANT))
}

fn check(paths: &[PathBuf]) -> Outcome {
    let (mut faults, mut count) = (Vec::new(), 0);
    let mut alone = Vec::new();
    for path in paths {
        if path.is_dir() {
            let (found, vectors) = vector::check_bundle(&bundle(path)?);
            if vectors == 0 && found.is_empty() {
                return Err(format!(
                    "{} holds no vectors: they stand in <spec>/<area>.json",
                    path.display()
                ));
            }
            let found = found.into_iter().map(|fault| match paths {
                [_] => fault,
                _ => fault.below(path),
            });
            faults.extend(found);
            count += vectors;
        } else {
            alone.push(BundleFile {
                path: home(path),
                text: text(path)?,
            });
        }
    }
    if !alone.is_empty() {
        let (found, vectors) = vector::check_files(&alone);
        faults.extend(found);
        count += vectors;
    }
    let lines: String = faults
        .iter()
        .map(|fault: &Fault| format!("{fault}\n"))
        .collect();
    let (sum, code) = match faults.len() {
        0 => (format!("{count} vectors: valid\n"), exit::CONFORMANT),
        1 => ("1 fault\n".to_owned(), exit::FAILED),
        many => (format!("{many} faults\n"), exit::FAILED),
    };
    print(&format!("{lines}{sum}"))?;
    Ok(ExitCode::from(code))
}

/// The files of a folder, and of the folders right below it.
fn bundle(root: &Path) -> Result<Vec<BundleFile>, String> {
    let mut files = Vec::new();
    for path in entries(root)? {
        if path.is_dir() {
            for path in entries(&path)? {
                if path
                    .extension()
                    .is_some_and(|extension| extension == "json")
                {
                    files.push(BundleFile {
                        path: home(&path),
                        text: text(&path)?,
                    });
                }
            }
        } else if path.file_name().is_some_and(|name| name == "bundle.json") {
            files.push(BundleFile {
                path: "bundle.json".to_owned(),
                text: text(&path)?,
            });
        }
    }
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let told = |error: std::io::Error| format!("{} cannot be read: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(told)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|e| e.path())).collect();
    let mut paths = paths.map_err(told)?;
    paths.sort();
    Ok(paths)
}

/// The last two parts of a path, which say what the file is about.
fn home(path: &Path) -> String {
    let mut parts: Vec<String> = path
        .iter()
        .rev()
        .take(2)
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    parts.reverse();
    parts.join("/")
}
