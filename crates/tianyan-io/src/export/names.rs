//! Names that hoc accepts.

use std::collections::BTreeSet;

/// Words that a section cannot be called in hoc.
const TAKEN: [&str; 11] = ["L", "Ra", "access", "area", "cm", "diam", "for", "if", "nseg", "proc", "v"];

/// Names for sections: letters, digits and underscores, not a digit first, each once. `dend[3]` becomes `dend_3`.
pub fn hoc_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut used: BTreeSet<String> = TAKEN.iter().map(|word| word.to_string()).collect();
    names
        .map(|name| {
            let plain = plain(name);
            let numbered = (1..).map(|i| format!("{plain}_{i}"));
            let free = std::iter::once(plain.clone()).chain(numbered).find(|candidate| !used.contains(candidate));
            let name = free.unwrap_or(plain);
            used.insert(name.clone());
            name
        })
        .collect()
}

fn plain(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let plain: String = name.trim_end_matches(']').chars().map(safe).collect();
    if plain.starts_with(|c: char| c.is_ascii_alphabetic()) { plain } else { format!("section_{plain}") }
}

#[cfg(test)]
mod tests {
    use super::hoc_names;

    #[test]
    fn names_are_safe_and_differ() {
        let names = hoc_names(["soma", "dend[3]", "dend_3", "3rd", "L", "bäume"].into_iter());
        assert_eq!(names, ["soma", "dend_3", "dend_3_1", "section_3rd", "L_1", "b_ume"]);
    }
}
