//! What the tests of configs share.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use tianyan_io::config::{TomlRecipe, parse_config, read_config, recipe};
use tianyan_model::Problems;

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Stand-ins for the shipped mechanisms: io only needs their names and ions.
pub fn shipped(name: &str) -> Option<(String, String)> {
    let ions = match name {
        "hh" => "USEION na READ ena WRITE ina USEION k READ ek WRITE ik",
        "LifCurrExp" => return Some((format!("shipped:{name}"), "NEURON { ARTIFICIAL_CELL LifCurrExp }".into())),
        "pas" | "ExpSyn" | "IClamp" | "SEClamp" | "gap_junction" | "graded_synapse" => "",
        _ => return None,
    };
    Some((format!("shipped:{name}"), format!("NEURON {{ SUFFIX {name} {ions} }}")))
}

/// The recipe of a file of the repository.
pub fn read(path: &str) -> TomlRecipe {
    let config = read_config(&root().join(path)).unwrap_or_else(|problems| panic!("{problems}"));
    recipe(&config, &shipped).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The recipe of a text, with the files of configs/ beside it.
pub fn recipe_of(text: &str) -> Result<TomlRecipe, Problems> {
    recipe(&parse_config("test.toml", text, &root().join("configs"))?, &shipped)
}
