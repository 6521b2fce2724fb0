//! From the text of a build file to its document.

use std::path::{Path, PathBuf};

use tianyan_io::config::decode::{Decode, Keys};
use tianyan_io::config::document;
use tianyan_model::{Place, Problem, Problems};

use crate::expand::expand;
use crate::schema::Document;

/// The version of the schema that this program reads.
pub const SCHEMA_VERSION: u32 = 1;

/// What was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// All keys, entries with `for_each` expanded.
    pub document: Document,
    /// Folder to which the paths in the file are relative.
    pub base: PathBuf,
}

/// Reads a build file; all its problems at once.
pub fn read(path: &Path) -> Result<Description, Problems> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Problem::new("config-unreadable", format!("cannot read the build file: {error}")).at(Place::file(&name))
    })?;
    parse(&name, &text, path.parent().unwrap_or(Path::new("")))
}

/// Reads the text of a build file; `name` is for messages, tables are relative to `base`.
pub fn parse(name: &str, text: &str, base: &Path) -> Result<Description, Problems> {
    let mut node = document::parse(name, text)?;
    let mut problems = Problems::default();
    expand(&mut node, base, &mut problems);
    let document = Document::decode(&node, &mut problems);
    let Some(document) = document else { return Err(problems) };
    check(&document, &mut problems);
    problems.or(Description { document, base: base.to_path_buf() })
}

/// All keys of the schema: (table, key), for documentation and its tests.
pub fn schema_keys() -> Vec<(&'static str, &'static str)> {
    let mut found = Keys::new();
    Document::keys(&mut found);
    found.into_iter().collect()
}

fn check(document: &Document, problems: &mut Problems) {
    let spot = &document.spot;
    if document.schema_version != SCHEMA_VERSION {
        let message = format!("schema_version is {}, this program reads {SCHEMA_VERSION}", document.schema_version);
        problems.push(spot.problem("schema_version", "config-version", message));
    }
    if !(document.scale > 0.0 && document.scale <= 1.0) {
        problems.push(spot.problem("scale", "config-value", "scale must lie above 0 and not above 1"));
    }
    if document.populations.0.is_empty() {
        problems.push(spot.problem("populations", "build-empty", "there are no populations"));
    }
    if let Some(simulation) = &document.simulation {
        let spot = &simulation.spot;
        for (key, value) in
            [("duration_ms", simulation.duration_ms), ("dt_ms", simulation.dt_ms), ("dl_um", simulation.dl_um)]
        {
            if !(value > 0.0 && value.is_finite()) {
                problems.push(spot.problem(key, "config-value", format!("{key} must be above 0")));
            }
        }
    }
}
