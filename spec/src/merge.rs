//! `extends`: a file, the file that it extends, and so on, made into one tree.

use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{Mistake, Report};
use crate::source::{self, Entry, Files, Node, Span};
use crate::suggest::did_you_mean;

/// Most files that are read for one specification.
const MAX_FILES: usize = 16;
/// What a file says of itself; an extending file does not inherit it.
pub(crate) const IDENTITY: [&str; 6] = ["spec", "extends", "title", "revision", "status", "doc"];

const CLAUSES: &str = "clauses";
/// What makes a clause the rule that it is; the rest may change under one id.
const RULE: &str = "text";

/// Gives the bytes of a file: by its path, and by the words after `extends:` that led to it, if any did.
/// An error says in a few words why not.
pub(crate) type Reader<'a> = dyn Fn(&Path, Option<&str>) -> Result<Vec<u8>, String> + 'a;

/// A specification in one tree.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) root: Node,
    /// Names of the extended specifications, nearest first.
    pub(crate) extends: Vec<String>,
}

/// Reads `path` and what it extends. `None` where that is too broken to be checked.
pub(crate) fn load(
    path: &Path,
    read: &Reader<'_>,
    files: &mut Files,
    report: &mut Report,
) -> Option<Merged> {
    let mut trees = Vec::new();
    let mut next = Some((path.to_owned(), None, Span::whole_file(0)));
    while let Some((path, word, at)) = next {
        let bytes = match read(&path, word.as_deref()) {
            Ok(bytes) => bytes,
            Err(why) => {
                if trees.is_empty() {
                    files.add(path.clone(), Vec::new());
                }
                let message = format!("cannot read `{}`: {why}", path.display());
                let help = "the path is as seen from this file".to_owned();
                report.push(Mistake::new("unreadable", at, message).maybe_help(word.map(|_| help)));
                return None;
            }
        };
        let file = files.add(path.clone(), bytes);
        let tree = source::parse(files, file, report)?;
        next = parent(&tree, &path, files, report)?;
        trees.push(tree);
    }
    let extends = trees.iter().skip(1).filter_map(|tree| {
        let name = tree.get("spec").and_then(Node::text).map(str::to_owned);
        if name.is_none() {
            let message = "an extended specification has no name";
            report.push(
                Mistake::new("missing-key", Span::whole_file(tree.span.file), message)
                    .help("add `spec:` and a name"),
            );
        }
        name
    });
    let extends = extends.collect();
    let mut trees = trees.into_iter().rev();
    let mut root = trees.next()?;
    refuse_deletions(&mut root, report);
    for child in trees {
        retain(&mut root, |entry| !IDENTITY.contains(&entry.name.as_str()));
        refuse_reuse(&root, &child, report);
        merge(&mut root, child, report);
    }
    Some(Merged { root, extends })
}

/// A file to read next: its path, the words that name it, and where they stand.
type Next = (PathBuf, Option<String>, Span);

/// What a file extends: `Some(None)` for nothing, `None` for a mistake.
fn parent(tree: &Node, path: &Path, files: &Files, report: &mut Report) -> Option<Option<Next>> {
    let Some(node) = tree.get("extends").filter(|node| !node.is_deletion()) else {
        return Some(None);
    };
    let Some(word) = node.text().filter(|word| !word.is_empty()) else {
        report.push(
            Mistake::new("wrong-type", node.span, "`extends` is the path of a file")
                .help("give the path as seen from this file"),
        );
        return None;
    };
    let next = path.parent().unwrap_or(Path::new("")).join(word);
    let cycle = files.paths().any(|file| normal(file) == normal(&next));
    if cycle || files.paths().count() >= MAX_FILES {
        let message = if cycle {
            format!("`{word}` extends this file, or is this file")
        } else {
            format!("more than {MAX_FILES} files extend one another")
        };
        report.push(
            Mistake::new("extends-cycle", node.span, message)
                .help("let one of the files stand alone"),
        );
        return None;
    }
    Some(Some((next, Some(word.to_owned()), node.span)))
}

/// The path without `.` and with `name/..` left out, so that two spellings compare equal.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// Puts `child` over `parent`: maps are merged key by key, everything else replaces, `~` deletes.
fn merge(parent: &mut Node, child: Node, report: &mut Report) {
    let (source::Kind::Map(old), source::Kind::Map(new)) = (&mut parent.kind, child.kind) else {
        return;
    };
    for mut entry in new {
        let found = old.iter().position(|other| other.name == entry.name);
        let Some(index) = found else {
            if entry.node.is_deletion() {
                let names = old.iter().map(|other| other.name.as_str());
                report.push(delete_nothing(&entry, did_you_mean(&entry.name, names)));
            } else {
                refuse_deletions(&mut entry.node, report);
                old.push(entry);
            }
            continue;
        };
        if entry.node.is_empty() {
            let message = format!("`{}` has no value", entry.name);
            report.push(
                Mistake::new("empty-value", entry.span, message)
                    .help("remove the line to keep what is extended, or write `~` to delete it"),
            );
        } else if entry.node.is_deletion() {
            old.remove(index);
        } else if let Some(other) = old.get_mut(index) {
            if other.node.is_map() && entry.node.is_map() {
                if says_something(&entry.node) {
                    other.span = entry.span;
                }
                merge(&mut other.node, entry.node, report);
            } else if other.node.is_map() {
                // No key holds a map here and something else there. What is extended stays, so that
                // what refers to it is not refused as well.
                let message = format!("`{}` has to be a map, as in what is extended", entry.name);
                report.push(
                    Mistake::new("wrong-type", entry.node.span, message)
                        .also(other.span, "the extended map")
                        .help("write the names that change, each with a value"),
                );
            } else {
                refuse_deletions(&mut entry.node, report);
                *other = entry;
            }
        }
    }
}

/// Refuses a clause that says something else than the clause of that id in what is extended.
fn refuse_reuse(parent: &Node, child: &Node, report: &mut Report) {
    let Some(known) = parent.get(CLAUSES) else {
        return;
    };
    for entry in child.get(CLAUSES).map_or(&[][..], Node::entries) {
        let (Some(first), Some(rule)) = (known.entry(&entry.name), entry.node.entry(RULE)) else {
            continue;
        };
        // What is no text is refused as such.
        let new = rule.node.value();
        let is_text = new.as_str().is_some_and(|new| !new.trim().is_empty());
        let same = first.node.get(RULE).is_some_and(|old| old.value() == new);
        if is_text && !same {
            let message = format!("the id `{}` means another rule already", entry.name);
            report.push(
                Mistake::new("reused-clause-id", rule.span, message)
                    .also(first.span, "the rule that it means")
                    .help("an id is never used again; delete this one by `~`, and give the new rule an id of its own"),
            );
        }
    }
}

/// Whether a map does more than lead to other maps: then what it is merged into stands where it stands.
fn says_something(map: &Node) -> bool {
    map.entries().iter().any(|entry| !entry.node.is_map())
}

/// Drops each `~` below `node`, where there is nothing to delete.
fn refuse_deletions(node: &mut Node, report: &mut Report) {
    retain(node, |entry| {
        let deletion = entry.node.is_deletion();
        if deletion {
            report.push(delete_nothing(entry, None));
        } else {
            refuse_deletions(&mut entry.node, report);
        }
        !deletion
    });
}

fn retain(node: &mut Node, keep: impl FnMut(&mut Entry) -> bool) {
    if let source::Kind::Map(entries) = &mut node.kind {
        entries.retain_mut(keep);
    }
}

fn delete_nothing(entry: &Entry, help: Option<String>) -> Mistake {
    let message = format!("`~` deletes `{}`, but no extended file has it", entry.name);
    Mistake::new("delete-nothing", entry.span, message)
        .help("remove the line, or write a value")
        .maybe_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_a_path_compare_equal() {
        assert_eq!(normal(Path::new("a/./b/../c")), Path::new("a/c"));
        assert_eq!(normal(Path::new("../a")), Path::new("../a"));
        assert_eq!(normal(Path::new("/a/../b")), Path::new("/b"));
    }
}
