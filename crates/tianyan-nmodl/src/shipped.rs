//! The mechanisms that come with Tianyan: the texts under `mechanisms/`, built in.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::ast::Neuron;

include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// SUFFIX, POINT_PROCESS or ARTIFICIAL_CELL name, file name and text of each, sorted by file name.
static ALL: LazyLock<Vec<(&str, &str, &str)>> =
    LazyLock::new(|| FILES.iter().map(|(file, text)| (name_of(file, text), *file, *text)).collect());

static BY_NAME: LazyLock<HashMap<&str, usize>> =
    LazyLock::new(|| ALL.iter().enumerate().map(|(index, (name, ..))| (*name, index)).collect());

/// Name, file name (below `mechanisms/`) and text of every shipped mechanism.
pub fn all() -> &'static [(&'static str, &'static str, &'static str)] {
    &ALL
}

/// File name and text of the mechanism with that SUFFIX, POINT_PROCESS or ARTIFICIAL_CELL name.
pub fn source(name: &str) -> Option<(&'static str, &'static str)> {
    BY_NAME.get(name).map(|index| (ALL[*index].1, ALL[*index].2))
}

/// The name a file gives itself; its stem if it gives none.
fn name_of(file: &'static str, text: &'static str) -> &'static str {
    let mut report = crate::diagnostic::Report::new(file, text);
    let parsed = crate::parse::parse(text, &mut report);
    let span = parsed.neuron.iter().find_map(|statement| match statement {
        Neuron::Suffix(name) | Neuron::PointProcess(name) | Neuron::ArtificialCell(name) => Some(name.span),
        _ => None,
    });
    let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".mod");
    span.map_or(stem, |span| &text[span.start as usize..span.end as usize])
}
