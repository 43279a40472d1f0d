//! Words in diagnostics: the one that was probably meant, and those that there are.

/// Most slips in a word that is still recognised.
const MAX_SLIPS: usize = 3;

/// The most similar of `words`, if one is similar enough: one slip in three letters.
pub(crate) fn closest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    words
        .into_iter()
        .filter_map(|other| {
            let slips = strsim::damerau_levenshtein(&word, &other.to_lowercase());
            let limit = (length.max(other.chars().count()) / 3).min(MAX_SLIPS);
            (slips <= limit).then_some((slips, other))
        })
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, other)| other)
}

/// The help for a word that is none of `words`.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    words: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    closest(word, words).map(|other| format!("did you mean `{other}`?"))
}

/// The words as a list in a sentence.
pub(crate) fn list(words: &[&str]) -> String {
    let mut list = String::new();
    for (index, word) in words.iter().enumerate() {
        list.push_str(match index {
            0 => "",
            _ if index + 1 == words.len() => " and ",
            _ => ", ",
        });
        list.push('`');
        list.push_str(word);
        list.push('`');
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let words = ["code", "direction", "fields", "doc", "page_number"];
        assert_eq!(closest("feilds", words), Some("fields"));
        assert_eq!(closest("Code", words), Some("code"));
        assert_eq!(closest("pagenumber", words), Some("page_number"));
        assert_eq!(closest("dco", words), Some("doc"));
    }

    #[test]
    fn other_words_are_not() {
        let words = ["code", "direction", "fields", "doc"];
        assert_eq!(closest("banana", words), None);
        assert_eq!(closest("", words), None);
    }
}
