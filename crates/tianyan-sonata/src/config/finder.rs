//! Where files are.

use std::path::{Component, Path, PathBuf};

use tianyan_model::Problems;

use super::Entry;

/// Finds the files that a config names.
#[derive(Debug, Clone)]
pub(crate) struct Finder {
    folder: PathBuf,
}

impl Finder {
    /// Paths are relative to the folder of this config.
    pub fn new(config: &Path) -> Finder {
        Finder { folder: config.parent().unwrap_or(Path::new("")).to_path_buf() }
    }

    /// Where a path leads that need not exist yet: in the config's folder.
    pub fn beside(&self, written: &str) -> PathBuf {
        plain(&self.folder.join(written))
    }

    /// Where a path leads: in the config's folder, or in the working directory if only that exists.
    pub fn path(&self, written: &str) -> PathBuf {
        let beside = self.beside(written);
        if !beside.exists() && Path::new(written).exists() { PathBuf::from(written) } else { beside }
    }

    /// The files that a key names, one or a list; each must exist.
    pub fn existing(&self, entry: &Entry, key: &str, problems: &mut Problems) -> Vec<PathBuf> {
        if entry.get(key).is_none() {
            entry.need_text(key, problems);
        }
        let mut found = Vec::new();
        for written in entry.texts(key, problems).unwrap_or_default() {
            let path = self.path(&written);
            if path.is_file() {
                found.push(path);
            } else {
                let message = format!("there is no file {}", path.display());
                let help = if written.contains('$') {
                    "a $VARIABLE in it has no value: give it one in the manifest"
                } else {
                    "paths are relative to the folder of the config"
                };
                problems.push(entry.problem(key, "file-missing", message).help(help));
            }
        }
        found
    }
}

/// The path without its `.`s.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}
