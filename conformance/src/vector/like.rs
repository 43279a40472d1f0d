//! Vectors that are those of another specification but for the names in them.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::json;

use super::raw;

/// The vectors of the file that `like` names, named as those of `home`.
pub(super) fn vectors(
    like: &raw::Like,
    home: &str,
    files: &[(&str, &str)],
) -> Result<Vec<Json>, String> {
    let name = format!("{}.json", like.area);
    let text = files.iter().find(|(file, _)| *file == name);
    let (_, text) = text.ok_or_else(|| format!("there is no file {name}"))?;
    let json = json::parse(text).map_err(|error| format!("{name}: {error}"))?;
    let other = raw::File::deserialize(json).map_err(|error| format!("{name}: {error}"))?;
    if other.like.is_some() {
        return Err(format!("{name} is itself like another: name that one"));
    }
    let mut vectors = other.vectors;
    for vector in &mut vectors {
        for key in ["id", "control"] {
            if let Some(id) = vector.get_mut(key) {
                rename(id, &like.area, home);
            }
        }
        // Earlier names are those of the other specification.
        if let Some(object) = vector.as_object_mut() {
            object.remove("aliases");
        }
        let ambiguity = vector.get_mut("ambiguity");
        ambiguity.into_iter().for_each(|id| rename_clause(like, id));
        let clauses = vector.get_mut("clauses").and_then(Json::as_array_mut);
        for id in clauses.into_iter().flatten() {
            rename_clause(like, id);
        }
    }
    Ok(vectors)
}

/// The text of a file with its vectors written out, where it names those of another.
///
/// # Errors
/// What is wrong with the file or with the one that it names.
pub(super) fn written_out(
    path: &str,
    text: &str,
    files: &[(&str, &str)],
) -> Result<String, String> {
    let mut json = json::parse(text).map_err(|error| format!("{path}: {error}"))?;
    let Some(like) = json.get("like").cloned() else {
        return Ok(text.to_owned());
    };
    let like = raw::Like::deserialize(like).map_err(|error| format!("{path}: {error}"))?;
    let vectors = vectors(&like, path.trim_end_matches(".json"), files)?;
    if let Some(object) = json.as_object_mut() {
        object.remove("like");
        object.insert("vectors".to_owned(), Json::Array(vectors));
    }
    Ok(format!("{json:#}\n"))
}

fn rename_clause(like: &raw::Like, id: &mut Json) {
    for (from, to) in &like.clauses {
        if rename(id, from, to) {
            break;
        }
    }
}

/// Replaces the beginning of a text, if it is there.
fn rename(json: &mut Json, from: &str, to: &str) -> bool {
    let rest = json.as_str().and_then(|text| text.strip_prefix(from));
    let Some(rest) = rest.map(|rest| format!("{to}{rest}")) else {
        return false;
    };
    *json = Json::String(rest);
    true
}
