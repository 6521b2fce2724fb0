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

/// The text of an NMODL file, with the files of its INCLUDEs spliced in; they are looked for beside it.
pub fn read_mechanism(path: &Path) -> Result<String, Problems> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut read = |name: &str| read_text(&folder.join(name)).ok();
    Ok(tianyan_nmodl::source::splice(&read_text(path)?, &mut read))
}
