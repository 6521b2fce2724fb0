//! The JSON files of the Allen Institute's fits: `passive`, `genome`, `conditions`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use tianyan_model::{Place, Problem, Problems};

use crate::config::Entry;

/// A fit.
#[derive(Debug)]
pub(super) struct Fit {
    pub passive: Entry,
    pub conditions: Entry,
    pub genome: Vec<Entry>,
}

/// A line of the genome.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gene {
    pub section: String,
    pub name: String,
    pub value: f64,
    pub mechanism: String,
    pub place: Place,
}

/// Reversal potentials of a region.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reversal {
    pub section: String,
    pub ena_mv: Option<f64>,
    pub ek_mv: Option<f64>,
    pub place: Place,
}

/// Reads a JSON object.
pub(crate) fn read_object(path: &Path) -> Result<Entry, Problem> {
    let file = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        Problem::new("file-unreadable", format!("cannot read {file}: {error}")).at(Place::file(&file))
    })?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(values)) => Ok(Entry::new(file, "", values)),
        Ok(_) => Err(Problem::new("sonata-json", "the file holds no JSON object").at(Place::file(file))),
        Err(error) => {
            let place = Place::file(file).at(error.line() as u32, error.column() as u32);
            Err(Problem::new("sonata-json", format!("this is no JSON: {error}")).at(place))
        }
    }
}

impl Fit {
    /// Reads a fit.
    pub fn read(path: &Path) -> Result<Fit, Problems> {
        let whole = read_object(path)?;
        let mut problems = Problems::default();
        let mut first = |key: &str| {
            let found = whole.list(key, &mut problems).into_iter().next();
            found.unwrap_or_else(|| Entry::new(path.display().to_string(), key, Map::new()))
        };
        let (passive, conditions) = (first("passive"), first("conditions"));
        let genome = whole.list("genome", &mut problems);
        problems.or(Fit { passive, conditions, genome })
    }

    /// The lines of the genome.
    pub fn genes(&self, problems: &mut Problems) -> Vec<Gene> {
        let gene = |entry: &Entry| {
            let mut own = Problems::default();
            let gene = Gene {
                section: entry.need_text("section", &mut own).unwrap_or_default(),
                name: entry.need_text("name", &mut own).unwrap_or_default(),
                value: entry.need_number("value", &mut own).unwrap_or_default(),
                mechanism: entry.text("mechanism", &mut own).unwrap_or_default(),
                place: entry.place(""),
            };
            own.or(gene)
        };
        // Old files have a section `glob` whose values may be anything.
        let genes = self.genome.iter().filter(|entry| entry.get("section").and_then(Value::as_str) != Some("glob"));
        genes.filter_map(|entry| problems.take(gene(entry))).collect()
    }

    /// Whether some line is of the section `glob`.
    pub fn has_glob(&self) -> bool {
        self.genome.iter().any(|entry| entry.get("section").and_then(Value::as_str) == Some("glob"))
    }

    /// Reversal potentials.
    pub fn reversals(&self, problems: &mut Problems) -> Vec<Reversal> {
        let entries = self.conditions.list("erev", problems);
        let reversal = |entry: &Entry, problems: &mut Problems| Reversal {
            section: entry.text("section", problems).unwrap_or_default(),
            ena_mv: entry.number("ena", problems),
            ek_mv: entry.number("ek", problems),
            place: entry.place(""),
        };
        entries.iter().map(|entry| reversal(entry, problems)).collect()
    }

    /// Capacitances by region.
    pub fn capacitances(&self, problems: &mut Problems) -> Vec<(String, f64)> {
        let entries = self.passive.list("cm", problems);
        let one = |entry: &Entry, problems: &mut Problems| {
            Some((entry.need_text("section", problems)?, entry.need_number("cm", problems)?))
        };
        entries.iter().filter_map(|entry| one(entry, problems)).collect()
    }
}
