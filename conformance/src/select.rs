//! Which cases to run: patterns over ids, and what was meant where one matches nothing.

/// Whether `pattern` matches the whole of `id`: `*` is any run of characters, `?` any one.
#[must_use]
pub fn matches(pattern: &str, id: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let id: Vec<char> = id.chars().collect();
    let (mut at, mut seen) = (0, 0);
    // Where to go on if the text after the last `*` does not match here.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&c) = id.get(seen) {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, seen));
                at += 1;
            }
            Some(&p) if p == '?' || p == c => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((after, from)) = retry else {
                    return false;
                };
                retry = Some((after, from + 1));
                at = after;
                seen = from + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|&p| p == '*')
}

/// The ids that come nearest to `wanted`, nearest first, at most `count` of them.
///
/// A wild card says nothing about what was meant, so that it is left out of the comparison.
#[must_use]
pub fn nearest<'a>(
    wanted: &str,
    ids: impl IntoIterator<Item = &'a str>,
    count: usize,
) -> Vec<&'a str> {
    let wanted: String = wanted.chars().filter(|c| !matches!(c, '*' | '?')).collect();
    let wanted = wanted.to_lowercase();
    let mut scored: Vec<(f64, &str)> = ids
        .into_iter()
        .map(|id| {
            let lower = id.to_lowercase();
            let distance = strsim::normalized_damerau_levenshtein(&wanted, &lower);
            let start = strsim::jaro_winkler(&wanted, &lower);
            (distance + start, id)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.dedup_by_key(|(_, id)| *id);
    scored.into_iter().take(count).map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_ids() {
        for (pattern, id, expected) in [
            ("server.connect.ok", "server.connect.ok", true),
            ("server.connect", "server.connect.ok", false),
            ("server.connect.*", "server.connect.ok", true),
            ("*.ok", "server.connect.ok", true),
            ("*connect*", "server.connect.ok", true),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("?", "", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("*aab", "aaaab", true),
            ("server.?onnect.ok*", "server.connect.ok", true),
        ] {
            assert_eq!(matches(pattern, id), expected, "{pattern} on {id}");
        }
    }

    #[test]
    fn the_nearest_id_is_the_one_mistyped() {
        let ids = [
            "server.run.no-stream-id",
            "server.connect.ok",
            "device.connect.first-message",
        ];
        assert_eq!(nearest("server.conect.ok", ids, 1), ["server.connect.ok"]);
        assert_eq!(
            nearest("device.conn*", ids, 1),
            ["device.connect.first-message"]
        );
        assert_eq!(nearest("zzz", ids, 5).len(), 3);
        let clauses = ["IOTMP23-SID-006", "IOTMP25-RUN-001", "iotmp25.run"];
        assert_eq!(nearest("iotmp25-run-001", clauses, 1), ["IOTMP25-RUN-001"]);
    }
}
