//! Did you mean ...? The known word nearest to what was typed.

/// Help text that names the nearest of the known words, or lists them where none is near.
pub fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    if let Some(word) = nearest(typed, &known) {
        return format!("did you mean `{word}`?");
    }
    known.sort_unstable();
    known.dedup();
    match known.len() {
        0 => "there are none".into(),
        1..=16 => format!("there are: {}", known.join(", ")),
        more => format!("there are: {} ... ({more} in all)", known[..16].join(", ")),
    }
}

/// The nearest word, if one is near enough to have been meant.
pub fn nearest<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let score = |word: &str| {
        let (typed, word) = (typed.to_lowercase(), word.to_lowercase());
        let inside = typed.len() >= 2 && word.starts_with(&format!("{typed}_"));
        if inside { 1 } else { distance(&typed, &word) * 2 }
    };
    let best = known.iter().map(|word| (score(word), *word)).min_by_key(|(score, _)| *score)?;
    let allowed = 2 * (typed.chars().count().max(best.1.chars().count()) / 3).clamp(1, 4);
    (best.0 <= allowed).then_some(best.1)
}

/// Damerau-Levenshtein distance (optimal string alignment) in characters.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        assert_eq!(nearest("duration", &["dt_ms", "duration_ms"]), Some("duration_ms"));
        assert_eq!(nearest("gnabra", &["gkbar", "gnabar"]), Some("gnabar"));
        assert_eq!(nearest("expsyn", &["Exp2Syn", "ExpSyn"]), Some("ExpSyn"));
        assert_eq!(nearest("wholly", &["dt_ms", "hh"]), None);
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn far_words_are_listed() {
        assert_eq!(did_you_mean("zzzz", ["pas", "hh"]), "there are: hh, pas");
        assert_eq!(did_you_mean("zzzz", []), "there are none");
    }
}
