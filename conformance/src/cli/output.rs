//! Files that a command writes: each takes its place only once it is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Display, Path, PathBuf};

/// Names that are tried for what is not yet whole.
const NAMES: u32 = 100;

/// Where a file is to stand, known to be writable. What stands there stays until there is something to
/// take its place.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// A new file is written beside this one, and takes its name.
    Renamed(PathBuf),
    /// What is no plain file, or stands in a folder that takes no new ones, is written as it is.
    Open(File),
}

impl Place {
    /// Sees that a file can be written there, and leaves no trace of that.
    ///
    /// # Errors
    /// The line to be said where none can.
    pub(super) fn find(path: &Path) -> Result<Self, String> {
        let told = |error: io::Error| unwritable(path, &error);
        let open = || File::options().write(true).open(path);
        let way = match fs::metadata(path) {
            Ok(found) if found.is_file() => {
                let file = open().map_err(told)?;
                let target = path.canonicalize().map_err(told)?;
                match beside(&target).and_then(|(draft, _)| fs::remove_file(draft)) {
                    Ok(()) => Way::Renamed(target),
                    Err(_) => Way::Open(file),
                }
            }
            Ok(_) => Way::Open(open().map_err(told)?),
            Err(_) => {
                let (draft, _) = beside(path).map_err(told)?;
                fs::remove_file(draft).map_err(told)?;
                Way::Renamed(path.to_owned())
            }
        };
        let path = path.to_owned();
        Ok(Self { path, way })
    }

    pub(super) fn shown(&self) -> Display<'_> {
        self.path.display()
    }

    /// Lets `write` write the file, and puts it in its place.
    ///
    /// # Errors
    /// The line to be said; what stood there is still there then, where that can be.
    pub(super) fn fill(self, write: impl FnOnce(File) -> io::Result<()>) -> Result<(), String> {
        let written = match self.way {
            Way::Renamed(target) => replace(&target, write),
            Way::Open(file) => emptied(&file).and_then(|()| tolerant(write(file))),
        };
        written.map_err(|error| unwritable(&self.path, &error))
    }
}

fn replace(target: &Path, write: impl FnOnce(File) -> io::Result<()>) -> io::Result<()> {
    let (draft, file) = beside(target)?;
    let permitted = match fs::metadata(target) {
        Ok(old) => fs::set_permissions(&draft, old.permissions()),
        Err(_) => Ok(()),
    };
    let done = permitted
        .and_then(|()| write(file))
        .and_then(|()| fs::rename(&draft, target));
    if done.is_err() {
        // The first error is the one to be told.
        drop(fs::remove_file(&draft));
    }
    done
}

/// Only a plain file holds anything from before.
fn emptied(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(())
}

/// A new file in the folder of `path`.
fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..NAMES {
        let name = format!(".iotmp-{}-{number}.part", std::process::id());
        let draft = path.with_file_name(name);
        match File::create_new(&draft) {
            Ok(file) => return Ok((draft, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}

/// A file that a command reads or writes, and the words of the command line for it.
pub(super) struct Named<'a> {
    words: String,
    /// `None` is the standard output.
    path: Option<&'a Path>,
}

impl<'a> Named<'a> {
    pub(super) fn new(words: impl Into<String>, path: Option<&'a Path>) -> Self {
        let words = words.into();
        Self { words, path }
    }

    /// One of an option.
    pub(super) fn option(option: &str, path: &'a Path) -> Self {
        Self::new(format!("{option} {}", path.display()), Some(path))
    }
}

/// Sees that no output goes over an input, or to where another goes.
///
/// # Errors
/// The line to be said where one does.
pub(super) fn apart(inputs: &[Named<'_>], outputs: &[Named<'_>]) -> Result<(), String> {
    for (index, output) in outputs.iter().enumerate() {
        let Some(place) = identity(output.path) else {
            continue;
        };
        let same = |other: &&Named<'_>| identity(other.path).as_ref() == Some(&place);
        if let Some(input) = inputs.iter().find(same) {
            return Err(format!(
                "{} would overwrite what is read, {}; give it another path",
                output.words, input.words
            ));
        }
        if let Some(other) = outputs.iter().take(index).find(same) {
            return Err(format!(
                "{} and {} go to the same place; give one another path",
                other.words, output.words
            ));
        }
    }
    Ok(())
}

/// Where a path leads to; nowhere where it keeps nothing, such as /dev/null.
fn identity(path: Option<&Path>) -> Option<PathBuf> {
    let Some(path) = path else {
        return Some(PathBuf::from("-"));
    };
    match path.metadata() {
        Ok(found) if found.is_file() => path.canonicalize().ok(),
        Ok(_) => None,
        Err(_) => {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
            Some(folder.join(path.file_name()?))
        }
    }
}

/// Lets `write` write to a file or the standard output; colours go to terminals only.
pub(super) fn deliver(
    place: Option<Place>,
    coloured: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), String> {
    let buffered = |out: Box<dyn Write>| {
        let mut out = io::BufWriter::new(out);
        write(&mut out).and_then(|()| out.flush())
    };
    let Some(place) = place else {
        let out: Box<dyn Write> = if coloured {
            Box::new(anstream::stdout().lock())
        } else {
            Box::new(io::stdout().lock())
        };
        let written = tolerant(buffered(out));
        return written.map_err(|error| format!("a report cannot be written: {error}"));
    };
    place.fill(|file| {
        if coloured {
            buffered(Box::new(anstream::StripStream::new(file)))
        } else {
            buffered(Box::new(file))
        }
    })
}

/// A reader that has seen enough, such as `head`, is no fault.
fn tolerant(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
