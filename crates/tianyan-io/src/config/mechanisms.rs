//! Which mechanisms a model uses, in the fixed order in which their currents are summed.
//!
//! Density mechanisms come first, in the order in which the config first mentions them, then point processes
//! likewise.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tianyan_model::{MechanismSource, Place, Problem, Problems};
use tianyan_nmodl::source::outline;

use super::nearest::did_you_mean;
use super::schema::MechanismFiles;

/// Gives origin and text of the mechanisms that come with Tianyan, by name.
pub(crate) type Shipped<'a> = &'a dyn Fn(&str) -> Option<(String, String)>;

/// Names that a shipped set may hold, for "did you mean".
const USUAL: [&str; 19] = [
    "hh",
    "pas",
    "ExpSyn",
    "Exp2Syn",
    "IClamp",
    "SEClamp",
    "gap_junction",
    "graded_synapse",
    "IntFire1",
    "IntFire2",
    "IntFire4",
    "LifCurrExp",
    "LifCurrAlpha",
    "LifCurrDelta",
    "LifCondExp",
    "AdEx",
    "Izhikevich",
    "Glif",
    "Poisson",
];

/// Mechanism files of the user, by the name of their mechanism.
pub(crate) struct Library<'a> {
    files: BTreeMap<String, MechanismSource>,
    shipped: Shipped<'a>,
}

impl<'a> Library<'a> {
    /// Reads the files named in `[mechanisms]`.
    pub fn read(
        entry: Option<&MechanismFiles>,
        base_dir: &Path,
        shipped: Shipped<'a>,
        problems: &mut Problems,
    ) -> Library<'a> {
        let mut library = Library { files: BTreeMap::new(), shipped };
        for (i, written) in entry.iter().flat_map(|entry| entry.files.iter().enumerate()) {
            let place = entry.map(|entry| entry.spot.at("files")).unwrap_or_default();
            let place = Place { key: Some(format!("mechanisms.files[{i}]")), ..place };
            match listed(&base_dir.join(written)) {
                Ok(paths) => paths.iter().for_each(|path| library.add(path, &place, problems)),
                Err(message) => problems.push(Problem::new("mechanism-file", message).at(place)),
            }
        }
        library
    }

    fn add(&mut self, path: &Path, place: &Place, problems: &mut Problems) {
        let origin = path.display().to_string();
        let text = match crate::read_mechanism(path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read {origin}: {error}");
                problems.push(Problem::new("mechanism-file", message).at(place.clone()));
                return;
            }
        };
        let Some(name) = outline(&origin, &text).name else {
            let message = format!("{origin} names no SUFFIX or POINT_PROCESS in a NEURON block");
            problems.push(Problem::new("mechanism-file", message).at(place.clone()));
            return;
        };
        let source = MechanismSource { name: name.clone(), origin: origin.clone(), text };
        if let Some(other) = self.files.insert(name.clone(), source) {
            let message = format!("mechanism `{name}` is in {} and in {origin}", other.origin);
            problems.push(Problem::new("mechanism-twice", message).at(place.clone()));
        }
    }

    fn find(&self, name: &str) -> Option<MechanismSource> {
        let shipped = |(origin, text)| MechanismSource { name: name.into(), origin, text };
        self.files.get(name).cloned().or_else(|| (self.shipped)(name).map(shipped))
    }

    fn known(&self) -> impl Iterator<Item = &str> {
        let usual = USUAL.iter().copied().filter(|name| (self.shipped)(name).is_some());
        self.files.keys().map(String::as_str).chain(usual)
    }
}

/// The files that a path names: itself, the .mod files of a folder, or those that match `folder/start*end`.
fn listed(path: &Path) -> Result<Vec<PathBuf>, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (folder, start, end) = match name.split_once('*') {
        Some((start, end)) => (path.parent().unwrap_or(Path::new("")), start, end),
        None if path.is_dir() => (path, "", ".mod"),
        None => return Ok(vec![path.to_path_buf()]),
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let fits = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(fits).collect();
    found.sort();
    if found.is_empty() { Err(format!("no file matches {}", path.display())) } else { Ok(found) }
}

/// A mechanism where the config names it.
#[derive(Debug, Clone)]
pub(crate) struct Mention {
    pub name: String,
    pub density: bool,
    pub place: Place,
    pub parameters: Vec<(String, Place)>,
}

/// The mechanisms of a model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mechanisms {
    /// In their fixed order.
    pub list: Vec<MechanismSource>,
    /// How many of them, from the front, are density mechanisms.
    pub densities: usize,
    /// The ions that each of them uses.
    pub ions: Vec<Vec<String>>,
    /// Which of them are ARTIFICIAL_CELLs.
    pub artificial: Vec<bool>,
    places: BTreeMap<(String, Option<String>), Place>,
}

impl Mechanisms {
    /// Finds the text of every mechanism that is mentioned.
    pub fn new(mentions: &[Mention], library: &Library, problems: &mut Problems) -> Mechanisms {
        let mut found = Mechanisms::default();
        for density in [true, false] {
            for mention in mentions.iter().filter(|mention| mention.density == density) {
                found.add(mention, library, problems);
            }
            found.densities = if density { found.list.len() } else { found.densities };
        }
        found
    }

    fn add(&mut self, mention: &Mention, library: &Library, problems: &mut Problems) {
        let name = &mention.name;
        for (parameter, place) in &mention.parameters {
            self.places.entry((name.clone(), Some(parameter.clone()))).or_insert_with(|| place.clone());
        }
        if let Some(index) = self.index(name) {
            if (index < self.densities || self.densities == 0) && !mention.density && self.densities > 0 {
                let message = format!("`{name}` is painted as a density mechanism, it cannot be a point process");
                problems.push(Problem::new("mechanism-kind", message).at(mention.place.clone()));
            }
            return;
        }
        let Some(source) = library.find(name) else {
            let problem = Problem::new("mechanism-unknown", format!("there is no mechanism `{name}`"));
            let help = did_you_mean(name, library.known());
            let help = format!("{help} Mechanisms that are not shipped are listed under [mechanisms] files");
            problems.push(problem.at(mention.place.clone()).help(help));
            return;
        };
        self.places.insert((name.clone(), None), mention.place.clone());
        let outline = outline(&source.origin, &source.text);
        self.ions.push(outline.ions);
        self.artificial.push(outline.artificial);
        self.list.push(source);
    }

    /// The index of a mechanism.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|source| source.name == name)
    }

    /// Where the config first names a mechanism, or a parameter of it.
    pub fn place(&self, mechanism: &str, parameter: Option<&str>) -> Option<&Place> {
        let key = (mechanism.to_string(), parameter.map(String::from));
        self.places.get(&key).or_else(|| self.places.get(&(key.0, None)))
    }
}
