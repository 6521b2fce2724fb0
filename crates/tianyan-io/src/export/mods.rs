//! Mechanism files for NEURON: names that do not collide with what NEURON has built in.

/// Mechanisms and classes that NEURON 9 has built in; a file with one of these names cannot be loaded.
const BUILT_IN: [&str; 34] = [
    "APCount",
    "AlphaSynapse",
    "Exp2Syn",
    "ExpSyn",
    "File",
    "GUIMath",
    "Graph",
    "IClamp",
    "Impedance",
    "IntFire1",
    "IntFire2",
    "IntFire4",
    "KSChan",
    "List",
    "Matrix",
    "NetCon",
    "NetStim",
    "OClamp",
    "PatternStim",
    "PointProcessMark",
    "Random",
    "SEClamp",
    "SectionList",
    "SectionRef",
    "Shape",
    "StringFunctions",
    "Timer",
    "VClamp",
    "Vector",
    "capacitance",
    "extracellular",
    "fastpas",
    "hh",
    "pas",
];

/// What the mechanism is called in NEURON: its own name, or `hh_tianyan` for what NEURON has built in.
pub fn neuron_name(name: &str) -> String {
    if BUILT_IN.contains(&name) { format!("{name}_tianyan") } else { name.to_string() }
}

/// The file of a mechanism. nrnivmodl takes files in alphabetical order, NEURON runs mechanisms in that order: the
/// number keeps the recipe's.
pub fn file_name(index: usize, name: &str) -> String {
    format!("m{index:03}_{name}.mod")
}

/// The text with the word after SUFFIX or POINT_PROCESS changed from `name` to `new_name`.
pub fn renamed(text: &str, name: &str, new_name: &str) -> String {
    if name == new_name {
        return text.to_string();
    }
    match name_range(text) {
        Some(range) if text[range.clone()] == *name => {
            format!("{}{new_name}{}", &text[..range.start], &text[range.end..])
        }
        _ => text.to_string(),
    }
}

/// Where the name stands: the word after the first SUFFIX, POINT_PROCESS or ARTIFICIAL_CELL outside comments.
fn name_range(text: &str) -> Option<std::ops::Range<usize>> {
    let mut expected = false;
    for (start, word) in words(text) {
        if expected {
            return Some(start..start + word.len());
        }
        expected = matches!(word, "SUFFIX" | "POINT_PROCESS" | "ARTIFICIAL_CELL");
    }
    None
}

/// The words outside comments, with their places.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_comment = false;
    let mut start = 0;
    let lines = text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        let first = line.split_whitespace().next();
        let skipped = in_comment || matches!(first, Some("COMMENT" | "TITLE"));
        in_comment = (in_comment || first == Some("COMMENT")) && first != Some("ENDCOMMENT");
        let code = line.split([':', '?']).next().unwrap_or("");
        (at, if skipped { "" } else { code })
    });
    lines.flat_map(|(at, code)| {
        code.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|word| !word.is_empty())
            .map(move |word| (at + word.as_ptr() as usize - code.as_ptr() as usize, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_is_changed() {
        let text =
            "TITLE SUFFIX hh\nCOMMENT\nSUFFIX hh\nENDCOMMENT\nNEURON { : SUFFIX hh\n    SUFFIX hh\n    RANGE hh\n}\n";
        let expected = text.replace("    SUFFIX hh\n", "    SUFFIX hh_tianyan\n");
        assert_eq!(renamed(text, "hh", &neuron_name("hh")), expected);
        assert_eq!(renamed(text, "other", "new"), text);
        assert_eq!(neuron_name("shl1"), "shl1");
        assert_eq!(file_name(3, "hh"), "m003_hh.mod");
    }
}
