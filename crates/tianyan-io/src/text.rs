//! Text files of the user.

use std::io;
use std::path::Path;

/// The text of an NMODL file, with the files of its INCLUDEs spliced in; they are looked for beside it. Bytes that are
/// no UTF-8 (old comments) become replacement characters.
pub fn read_mechanism(path: &Path) -> io::Result<String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut read = |name: &str| read_text(&folder.join(name)).ok();
    Ok(tianyan_nmodl::source::splice(&read_text(path)?, &mut read))
}

fn read_text(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}
