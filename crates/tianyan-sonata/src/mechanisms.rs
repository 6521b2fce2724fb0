//! Mechanisms: the .mod files of `mechanisms_dir`, and those that come with Tianyan.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tianyan_model::{MechanismSource, Place, Problem, Problems};
use tianyan_nmodl::source::outline;

/// Gives origin and text of the mechanisms that come with Tianyan, by name.
pub(crate) type Shipped<'a> = &'a (dyn Fn(&str) -> Option<(String, String)> + Sync);

/// Where mechanisms are found.
pub(crate) struct Library<'a> {
    files: BTreeMap<String, MechanismSource>,
    folders: Vec<PathBuf>,
    shipped: Shipped<'a>,
}

/// Folders in folders that are searched: `mechanisms/modfiles`.
const DEEPEST: usize = 2;

impl<'a> Library<'a> {
    /// Reads the .mod files of some folders; of two files with one mechanism the first counts.
    pub fn read(folders: Vec<PathBuf>, shipped: Shipped<'a>, warnings: &mut Problems) -> Library<'a> {
        let mut files = BTreeMap::new();
        for path in folders.iter().flat_map(|folder| mod_files(folder, 0)) {
            let origin = path.display().to_string();
            match tianyan_io::read_mechanism(&path) {
                Ok(text) => {
                    if let Some(name) = outline(&origin, &text).name {
                        files.entry(name.clone()).or_insert(MechanismSource { name, origin, text });
                    }
                }
                Err(error) => {
                    let problem = Problem::new("mechanism-file", format!("cannot read {origin}: {error}"));
                    warnings.push(problem.at(Place::file(&origin)));
                }
            }
        }
        Library { files, folders, shipped }
    }

    /// The text of a mechanism.
    pub fn find(&self, name: &str) -> Option<MechanismSource> {
        let shipped = |(origin, text)| MechanismSource { name: name.into(), origin, text };
        self.files.get(name).cloned().or_else(|| (self.shipped)(name).map(shipped))
    }

    /// The ions of a mechanism; none if it does not exist.
    pub fn ions(&self, name: &str) -> Vec<String> {
        self.find(name).map(|source| outline(&source.origin, &source.text).ions).unwrap_or_default()
    }

    /// A mechanism that is nowhere, with the places that were searched.
    pub fn missing(&self, name: &str, place: Place) -> Problem {
        let folders: Vec<String> = self.folders.iter().map(|folder| folder.display().to_string()).collect();
        let searched = if folders.is_empty() {
            "the config has no mechanisms_dir".to_string()
        } else {
            format!("searched the .mod files in {}", folders.join(", "))
        };
        let near = match self.files.is_empty() {
            true => String::new(),
            false => format!("; {}", tianyan_io::did_you_mean(name, self.files.keys().map(String::as_str))),
        };
        let problem = Problem::new("mechanism-unknown", format!("there is no mechanism `{name}`"));
        problem.at(place).help(format!("{searched}, and what comes with Tianyan{near}"))
    }
}

fn mod_files(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    inside.sort();
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = inside.into_iter().partition(|path| path.is_dir());
    let mut found: Vec<PathBuf> = files.into_iter().filter(|p| p.extension().is_some_and(|e| e == "mod")).collect();
    // nrnivmodl's own folder holds copies.
    let searched = folders.into_iter().filter(|path| !path.ends_with("x86_64") && !path.ends_with("arm64"));
    if depth < DEEPEST {
        found.extend(searched.flat_map(|path| mod_files(&path, depth + 1)));
    }
    found
}

/// The mechanisms that a network uses, in the fixed order in which their currents are summed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mechanisms {
    pub list: Vec<MechanismSource>,
    places: BTreeMap<(String, Option<String>), Place>,
}

impl Mechanisms {
    /// Adds a mechanism if it is new, and gives its index.
    pub fn add(&mut self, name: &str, place: &Place, library: &Library, problems: &mut Problems) -> Option<usize> {
        if let Some(index) = self.index(name) {
            return Some(index);
        }
        let key = (name.to_string(), None);
        if self.places.contains_key(&key) {
            // It was looked for before, and told.
            return None;
        }
        self.places.insert(key, place.clone());
        match library.find(name) {
            Some(source) => {
                self.list.push(source);
                Some(self.list.len() - 1)
            }
            None => {
                problems.push(library.missing(name, place.clone()));
                None
            }
        }
    }

    /// Notes where a parameter is given.
    pub fn note(&mut self, mechanism: &str, parameter: &str, place: &Place) {
        self.places.entry((mechanism.into(), Some(parameter.into()))).or_insert_with(|| place.clone());
    }

    /// The index of a mechanism.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|source| source.name == name)
    }

    /// Where the network names a mechanism, or a parameter of it.
    pub fn place(&self, mechanism: &str, parameter: Option<&str>) -> Option<&Place> {
        let key = (mechanism.to_string(), parameter.map(String::from));
        self.places.get(&key).or_else(|| self.places.get(&(key.0, None)))
    }
}
