//! The files of a config, one within the other.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use tianyan_model::{Place, Problem, Problems};

use super::manifest;

/// Configs that name configs that name configs ... deeper than this go round in circles.
const DEEPEST: usize = 8;

/// A config and all parts it names, with its variables replaced; none if one cannot be read. `text` grows by what was read.
pub(super) fn merged(
    path: &Path,
    text: &mut String,
    depth: usize,
    problems: &mut Problems,
) -> Option<Map<String, Value>> {
    let name = path.display().to_string();
    if depth > DEEPEST {
        let message = "the configs name each other in a circle";
        problems.push(
            Problem::new("sonata-circular", message)
                .at(Place::file(name))
                .help("`network` and `simulation` name the parts of a config; a part must not name its whole"),
        );
        return None;
    }
    let mut config = object(path, text, problems)?;
    let variables = manifest::variables(path, &config, &mut problems.0);
    for (key, value) in &mut config {
        if key != "manifest" {
            *value = manifest::replaced(value, &variables);
        }
    }
    // As in BMTK, the second part is looked for beside the first.
    let mut folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    for part in ["network", "simulation"] {
        let Some(Value::String(written)) = config.get(part) else { continue };
        let child = folder.join(written);
        config.extend(merged(&child, text, depth + 1, problems)?);
        folder = child.parent().unwrap_or(Path::new("")).to_path_buf();
    }
    Some(config)
}

/// The object in a JSON file.
pub(super) fn object(path: &Path, text: &mut String, problems: &mut Problems) -> Option<Map<String, Value>> {
    let place = || Place::file(path.display().to_string());
    let own = match fs::read_to_string(path) {
        Ok(own) => own,
        Err(error) => {
            let message = format!("cannot read {}: {error}", path.display());
            problems.push(Problem::new("file-unreadable", message).at(place()).help("is the path right?"));
            return None;
        }
    };
    let parsed = serde_json::from_str::<Value>(&own);
    text.push_str(&own);
    match parsed {
        Ok(Value::Object(object)) => Some(object),
        Ok(_) => {
            problems.push(Problem::new("sonata-json", "the file holds no JSON object").at(place()));
            None
        }
        Err(error) => {
            let mut at = place().at(error.line() as u32, error.column() as u32);
            at.source_line = own.lines().nth(error.line().saturating_sub(1)).map(String::from);
            let message = format!("this is no JSON: {error}");
            problems.push(Problem::new("sonata-json", message).at(at).help("look for a missing comma, quote or brace"));
            None
        }
    }
}
