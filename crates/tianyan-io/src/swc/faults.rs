//! Collects the problems of one file, each with its line.

use super::Note;
use super::text::Line;
use std::collections::BTreeMap;
use tianyan_model::{Place, Problem, Problems};

/// So many problems of one code are shown in full; the rest is counted.
const SHOWN: usize = 20;

/// Longer lines are cut in messages.
const WIDTH: usize = 160;

/// A collector for one file.
pub(super) struct Faults<'a> {
    file: &'a str,
    lines: BTreeMap<u32, &'a str>,
    problems: Vec<Problem>,
    counts: BTreeMap<&'static str, usize>,
    notes: Vec<Note>,
}

impl<'a> Faults<'a> {
    pub fn new(file: &'a str, lines: &'a [Line]) -> Faults<'a> {
        let lines = lines.iter().map(|line| (line.number, line.text.as_str())).collect();
        Faults { file, lines, problems: Vec::new(), counts: BTreeMap::new(), notes: Vec::new() }
    }

    /// Adds a problem at a line and column.
    pub fn add(&mut self, line: u32, column: u32, problem: Problem) {
        let count = self.counts.entry(problem.code).or_default();
        *count += 1;
        if *count <= SHOWN {
            let place = self.place(line, column);
            self.problems.push(problem.at(place));
        }
    }

    /// Adds a problem of the whole file.
    pub fn add_to_file(&mut self, problem: Problem) {
        *self.counts.entry(problem.code).or_default() += 1;
        self.problems.push(problem.at(Place::file(self.file)));
    }

    /// Adds a note at a line.
    pub fn note(&mut self, line: u32, code: &'static str, message: impl Into<String>) {
        self.notes.push(Note { code, message: message.into(), place: self.place(line, 1) });
    }

    /// True while nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// The notes, or all problems sorted by line.
    pub fn finish(mut self) -> Result<Vec<Note>, Problems> {
        self.problems.sort_by_key(|p| (p.place.line, p.place.column));
        for (code, count) in &self.counts {
            if *count > SHOWN {
                let message = format!("and {} more problems of this kind", count - SHOWN);
                self.problems.push(Problem::new(code, message).at(Place::file(self.file)));
            }
        }
        Problems(self.problems).or(self.notes)
    }

    /// A place with its line's text.
    fn place(&self, line: u32, column: u32) -> Place {
        let mut place = Place::file(self.file).at(line, column);
        place.source_line = self.lines.get(&line).map(|text| shown(text));
        place
    }
}

/// The text of a line as messages show it: tabs as one space, so that the mark stands under its column.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(WIDTH).map(|c| if c.is_whitespace() { ' ' } else { c }).collect()
}
