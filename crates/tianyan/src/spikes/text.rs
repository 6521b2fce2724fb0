//! The numbers as a table and as JSON.

use super::{SpikeGroup, SpikeReport, named};
use crate::compare::number;
use serde_json::{Value, json};
use std::fmt;

impl fmt::Display for SpikeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (number(self.window.from_ms), number(self.window.to_ms));
        let (file, end_from, bin_ms) = (self.file.display(), self.end_from, self.bin_ms);
        writeln!(f, "{file}: {from} to {to} ms (end from {end_from}); synchrony in bins of {bin_ms} ms\n")?;
        let classed = self.groups.iter().any(|g| g.class.is_some());
        let mut rows = vec![header(classed)];
        rows.extend(self.groups.iter().map(|group| row(group, classed)));
        let left = if classed { 2 } else { 1 };
        f.write_str(&table(&rows, left))?;
        if self.groups.is_empty() {
            writeln!(f, "no populations")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

fn header(classed: bool) -> Vec<String> {
    let words = ["cells", "spikes", "mean (Hz)", "median", "max", "silent", "CV of ISI", "synchrony"];
    let first: &[&str] = if classed { &["population", "class"] } else { &["population"] };
    first.iter().chain(&words).map(|w| w.to_string()).collect()
}

fn row(group: &SpikeGroup, classed: bool) -> Vec<String> {
    let s = &group.statistics;
    let maybe = |value: Option<f64>| value.map_or("-".to_string(), |v| format!("{v:.2}"));
    let mut row = vec![named(&group.population).to_string()];
    if classed {
        row.push(group.class.clone().unwrap_or_else(|| "-".into()));
    }
    row.extend([s.cells.to_string(), s.spikes.to_string()]);
    row.extend([s.mean_hz, s.median_hz, s.max_hz].map(|rate| format!("{rate:.2}")));
    row.push(if group.cells_known { s.silent_cells.to_string() } else { "-".into() });
    row.extend([maybe(s.mean_cv), maybe(s.synchrony)]);
    row
}

/// Columns under each other, the first `left` to the left and the others to the right.
fn table(rows: &[Vec<String>], left: usize) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (i, cell) in row.iter().enumerate() {
            let width = width(i);
            line += &if i < left { format!("{cell:<width$}  ") } else { format!("{cell:>width$}  ") };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

impl SpikeReport {
    /// The numbers as JSON. What is not known is null.
    pub fn to_json(&self) -> Value {
        json!({
            "file": self.file.display().to_string(),
            "from_ms": self.window.from_ms,
            "to_ms": self.window.to_ms,
            "end_from": self.end_from,
            "bin_ms": self.bin_ms,
            "groups": self.groups.iter().map(group_json).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }
}

fn group_json(group: &SpikeGroup) -> Value {
    let s = &group.statistics;
    json!({
        "population": group.population,
        "class": group.class,
        "cells": s.cells,
        "cells_known": group.cells_known,
        "spikes": s.spikes,
        "mean_hz": s.mean_hz,
        "median_hz": s.median_hz,
        "max_hz": s.max_hz,
        "silent_cells": group.cells_known.then_some(s.silent_cells),
        "mean_cv": s.mean_cv,
        "synchrony": s.synchrony,
    })
}
