//! Text files of the user.

use std::path::Path;

use tianyan_model::{Place, Problem, Problems};

/// The text of a file; bytes that are no UTF-8 (old comments) become replacement characters.
pub fn read_text(path: &Path) -> Result<String, Problems> {
    let bytes = std::fs::read(path).map_err(|error| {
        Problem::new("file-unreadable", format!("cannot read the file: {error}"))
            .at(Place::file(path.display().to_string()))
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
