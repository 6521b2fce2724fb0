//! Lines to samples.

use super::faults::Faults;
use super::text::Line;
use std::collections::HashSet;
use tianyan_model::{Problem, SectionType};

/// One line of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub id: i64,
    pub section_type: SectionType,
    pub place_um: [f64; 3],
    pub radius_um: f64,
    /// `None` for a root: any negative number.
    pub parent: Option<i64>,
    /// Line and columns for messages.
    pub line: u32,
    pub type_column: u32,
    pub parent_column: u32,
}

/// What the lines gave.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub samples: Vec<Sample>,
    /// Ids of lines that could not be understood otherwise; children of these are no orphans.
    pub broken_ids: HashSet<i64>,
    /// True if a line's very id could not be understood.
    pub unknown_ids: bool,
}

/// Understands every line.
pub(super) fn samples(lines: &[Line], faults: &mut Faults) -> Parsed {
    let mut parsed = Parsed::default();
    for line in lines {
        match sample(line, faults) {
            Ok(sample) => parsed.samples.push(sample),
            Err(Some(id)) => {
                parsed.broken_ids.insert(id);
            }
            Err(None) => parsed.unknown_ids = true,
        }
    }
    parsed
}

const COLUMNS: [&str; 7] = ["id", "type", "x", "y", "z", "radius", "parent"];

/// A sample, or the id of a line that makes none. All faults of the line are reported.
fn sample(line: &Line, faults: &mut Faults) -> Result<Sample, Option<i64>> {
    let words = line.words();
    let mut reader = Reader { line, words: &words, faults };
    let id = reader.whole(0);
    if id.is_some_and(|id| id < 0) {
        reader.wrong(0, "a sample's id must not be negative", "number the samples from 1");
    }
    let section_type = reader.section_type(1);
    let place = [2, 3, 4].map(|i| reader.length(i));
    let radius = reader.radius(5);
    let parent = reader.whole(6);
    reader.count();
    match (id.filter(|id| *id >= 0), section_type, place, radius, parent) {
        (Some(id), Some(section_type), [Some(x), Some(y), Some(z)], Some(radius_um), Some(parent)) => Ok(Sample {
            id,
            section_type,
            place_um: [x, y, z],
            radius_um,
            parent: (parent >= 0).then_some(parent),
            line: line.number,
            type_column: words[1].0,
            parent_column: words[6].0,
        }),
        (id, ..) => Err(id),
    }
}

/// Reads the words of one line and reports what is wrong with them.
struct Reader<'a, 'b, 'c> {
    line: &'a Line,
    words: &'a [(u32, &'a str)],
    faults: &'b mut Faults<'c>,
}

impl Reader<'_, '_, '_> {
    /// Too few columns; missing words were passed over in silence.
    fn count(&mut self) {
        let Some(missing) = COLUMNS.get(self.words.len()..).filter(|missing| !missing.is_empty()) else { return };
        let message = format!("{} of {} columns: {} missing", self.words.len(), COLUMNS.len(), missing.join(", "));
        let help = if self.line.unfinished {
            "the file ends within this line: it may have been cut short; fetch it again"
        } else {
            "a sample is `id type x y z radius parent`, separated by blanks"
        };
        let column = self.words.last().map_or(1, |(column, word)| column + word.chars().count() as u32);
        self.faults.add(self.line.number, column, Problem::new("swc-columns", message).help(help));
    }

    fn wrong(&mut self, i: usize, message: impl Into<String>, help: &str) {
        self.faults.add(self.line.number, self.words[i].0, Problem::new("swc-number", message).help(help));
    }

    /// A position or radius, which NEURON reads as f32.
    fn length(&mut self, i: usize) -> Option<f64> {
        self.real(i).map(|value| f64::from(value as f32))
    }

    fn real(&mut self, i: usize) -> Option<f64> {
        let word = self.words.get(i)?.1;
        let value = word.parse::<f64>().ok().filter(|v| (*v as f32).is_finite());
        if value.is_none() {
            let help = if word.contains(',') {
                "write decimals with a point and separate columns with blanks"
            } else {
                "write a finite decimal number such as 12.5 or -3e-2"
            };
            self.wrong(i, format!("{} is `{}`, which is no finite number", COLUMNS[i], clip(word)), help);
        }
        value
    }

    /// A whole number; `3.0` is one too, as some tools write.
    fn whole(&mut self, i: usize) -> Option<i64> {
        let value = self.real(i)?;
        if value.fract() == 0.0 && value.abs() < 1e15 {
            return Some(value as i64);
        }
        let message = format!("{} is `{}`, which is no whole number", COLUMNS[i], clip(self.words[i].1));
        self.wrong(i, message, "ids, types and parents are whole numbers");
        None
    }

    fn section_type(&mut self, i: usize) -> Option<SectionType> {
        match self.whole(i)? {
            1 => Some(SectionType::Soma),
            2 => Some(SectionType::Axon),
            3 => Some(SectionType::Dendrite),
            4 => Some(SectionType::Apical),
            other => {
                let problem = Problem::new("swc-type", format!("type {other} is unknown"))
                    .help("rule: a type is 1 soma, 2 axon, 3 basal dendrite or neurite, 4 apical dendrite");
                self.faults.add(self.line.number, self.words[i].0, problem);
                None
            }
        }
    }

    fn radius(&mut self, i: usize) -> Option<f64> {
        let radius = self.length(i)?;
        // What vanishes in f32 is no radius either.
        if radius > 0.0 {
            return Some(radius);
        }
        let problem = Problem::new("swc-radius", format!("radius {} is not above zero", clip(self.words[i].1)))
            .help("measure it, or give it the radius of its neighbours");
        self.faults.add(self.line.number, self.words[i].0, problem);
        None
    }
}

/// A word short enough for a message.
fn clip(word: &str) -> String {
    if word.chars().count() <= 24 { word.into() } else { word.chars().take(21).chain("...".chars()).collect() }
}
