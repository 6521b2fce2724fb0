//! A comparison for people, and as JSON.

use super::{ComparedSpikes, ComparedTraces, Comparison, Divergence};
use crate::spikes::named;
use serde_json::{Value, json};
use std::fmt;
use tianyan_analysis::{LoneSpike, TraceDifference};

/// Cells with other counts that are named one by one.
const MOST_CELLS: usize = 8;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "A  {}\nB  {}", self.names[0].display(), self.names[1].display())?;
        for spikes in &self.spikes {
            writeln!(f)?;
            self.write_spikes(f, spikes)?;
        }
        for traces in &self.traces {
            writeln!(f)?;
            self.write_traces(f, traces)?;
        }
        writeln!(f)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        match self.first() {
            Some(first) => writeln!(f, "different, first at {}", self.place(&first)),
            None if self.equal() && self.is_whole() => writeln!(f, "equal within the tolerances"),
            None if self.equal() => writeln!(f, "equal within the tolerances, where both have something"),
            None => writeln!(f, "different: some reports have nothing in common"),
        }
    }
}

impl Comparison {
    fn write_spikes(&self, f: &mut fmt::Formatter<'_>, spikes: &ComparedSpikes) -> fmt::Result {
        let (c, tolerance) = (&spikes.comparison, self.options.tolerance_ms);
        let ([a, b], [lone_a, lone_b]) = (c.spikes, c.lone());
        let percent = |matched| percent(c.share(matched));
        writeln!(f, "spikes of {}: {a} in A, {b} in B", named(&spikes.population))?;
        let matched = format!("{} ({}), only in A {lone_a}, only in B {lone_b}", c.matched, percent(c.matched));
        line(f, &format!("within {} ms", number(tolerance)), &matched)?;
        if let (Some(within), Some(step)) = (c.within_step, self.step_ms) {
            line(f, &format!("within a step, {step} ms"), &format!("{within} ({})", percent(within)))?;
        }
        if let Some(s) = c.shifts {
            let at = format!(" (node {}, {} ms)", s.node_id, number(s.time_ms));
            let at = if s.largest_ms > 0.0 { at } else { String::new() };
            let (median, largest) = (number(s.median_ms), number(s.largest_ms));
            line(f, "shift of k-th spikes", &format!("median {median} ms, largest {largest} ms{at}"))?;
        }
        if !c.unequal_cells.is_empty() {
            let cells = c.unequal_cells.iter().take(MOST_CELLS);
            let mut text: Vec<String> = cells.map(|n| format!("node {}: {} and {}", n.node_id, n.a, n.b)).collect();
            if c.unequal_cells.len() > MOST_CELLS {
                text.push(format!("and {} more cells", c.unequal_cells.len() - MOST_CELLS));
            }
            line(f, "counts that differ", &text.join("; "))?;
        }
        match &c.first {
            Some(first) => line(f, "first without partner", &lone(first)),
            None => Ok(()),
        }
    }

    fn write_traces(&self, f: &mut fmt::Formatter<'_>, traces: &ComparedTraces) -> fmt::Result {
        let c = &traces.comparison;
        let unit = unit(traces);
        let [columns, columns_a, columns_b] = c.columns;
        let [rows, rows_a, rows_b] = c.rows;
        writeln!(f, "report {} of {}", traces.report, named(&traces.population))?;
        line(f, "columns", &format!("{columns} of both, only in A {columns_a}, only in B {columns_b}"))?;
        let times = c.times_ms.map(|(from, to)| format!(" ({} to {} ms)", number(from), number(to)));
        let times = times.unwrap_or_default();
        line(f, "times", &format!("{rows} of both{times}, only in A {rows_a}, only in B {rows_b}"))?;
        if traces.units_differ() {
            line(f, "units", &format!("{} in A, {} in B", traces.units[0], traces.units[1]))?;
        }
        if columns == 0 || rows == 0 {
            return line(f, "nothing in common", "no value can be compared");
        }
        let largest = c.largest.as_ref();
        let size = largest.map_or(0.0, TraceDifference::size);
        line(f, "difference", &format!("RMS {}, largest {}", with(c.rms, &unit), with(size, &unit)))?;
        if c.rounded && size > 0.0 {
            line(f, "", "32-bit values: differences of their rounding do not count")?;
        }
        if let Some(largest) = largest {
            line(f, "largest at", &difference(largest, &unit))?;
        }
        match &c.first {
            Some(first) => {
                line(f, &format!("first above {}", number(self.options.trace_tolerance)), &difference(first, &unit))
            }
            None => Ok(()),
        }
    }

    fn place(&self, first: &Divergence) -> String {
        match first {
            Divergence::Spike { population, spike } => {
                format!("{} ms: a spike of {}, {}", number(spike.time_ms), named(population), lone(spike))
            }
            Divergence::Trace { report, population, difference } => {
                let (time, place) = (number(difference.time_ms), place(difference));
                format!("{time} ms: report {report}, {}, {place}", named(population))
            }
        }
    }
}

fn line(f: &mut fmt::Formatter<'_>, what: &str, text: &str) -> fmt::Result {
    writeln!(f, "  {what:<24}  {text}")
}

fn lone(spike: &LoneSpike) -> String {
    let letter = if spike.in_a { "A" } else { "B" };
    format!("node {}, {} ms, only in {letter}", spike.node_id, number(spike.time_ms))
}

fn place(of: &TraceDifference) -> String {
    format!("node {}, section {} ({})", of.node_id, of.section_id, of.position)
}

fn difference(of: &TraceDifference, unit: &str) -> String {
    let values = format!("{} in A, {} in B", with(of.a, unit), with(of.b, unit));
    format!("{} ms, {}: {values}", number(of.time_ms), place(of))
}

fn unit(traces: &ComparedTraces) -> String {
    traces.units.iter().find(|unit| !unit.is_empty()).cloned().unwrap_or_default()
}

fn with(value: f64, unit: &str) -> String {
    format!("{} {unit}", number(value)).trim_end().to_string()
}

/// Up to eight digits that count; small numbers with a power of ten.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let size = value.abs();
    let short = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_string();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return short(&format!("{value:.6}"));
    }
    let text = format!("{value:.3e}");
    text.split_once('e').map_or(text.clone(), |(digits, power)| format!("{}e{power}", short(digits)))
}

/// Never 100 % if something is missing.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if share < 1.0 && percent > 99.99 { ">99.99 %".into() } else { format!("{} %", (100.0 * percent).round() / 100.0) }
}

impl Comparison {
    /// The comparison as JSON. What is not known is null; a difference between a number and NaN has no size.
    pub fn to_json(&self) -> Value {
        json!({
            "a": self.names[0].display().to_string(),
            "b": self.names[1].display().to_string(),
            "equal": self.equal(),
            "tolerance_ms": self.options.tolerance_ms,
            "trace_tolerance": self.options.trace_tolerance,
            "shift_rows": self.options.shift_rows,
            "dt_ms": self.step_ms,
            "first": self.first().map(|first| first_json(&first)),
            "spikes": self.spikes.iter().map(spikes_json).collect::<Vec<_>>(),
            "reports": self.traces.iter().map(traces_json).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }
}

fn first_json(first: &Divergence) -> Value {
    match first {
        Divergence::Spike { population, spike } => json!({
            "kind": "spike", "population": population, "time_ms": spike.time_ms, "node_id": spike.node_id,
            "only_in": if spike.in_a { "a" } else { "b" },
        }),
        Divergence::Trace { report, population, difference } => json!({
            "kind": "trace", "report": report, "population": population, "time_ms": difference.time_ms,
            "node_id": difference.node_id, "section_id": difference.section_id,
        }),
    }
}

fn spikes_json(spikes: &ComparedSpikes) -> Value {
    let c = &spikes.comparison;
    let [only_a, only_b] = c.lone();
    let cells = c.unequal_cells.iter().map(|n| json!({ "node_id": n.node_id, "a": n.a, "b": n.b }));
    json!({
        "population": spikes.population,
        "equal": c.equal(),
        "spikes_a": c.spikes[0],
        "spikes_b": c.spikes[1],
        "matched": c.matched,
        "only_a": only_a,
        "only_b": only_b,
        "matched_share": c.share(c.matched),
        "within_step": c.within_step,
        "within_step_share": c.within_step.map(|within| c.share(within)),
        "median_shift_ms": c.shifts.map(|s| s.median_ms),
        "largest_shift_ms": c.shifts.map(|s| s.largest_ms),
        "cells_that_differ": cells.collect::<Vec<_>>(),
    })
}

fn traces_json(traces: &ComparedTraces) -> Value {
    let c = &traces.comparison;
    json!({
        "report": traces.report,
        "population": traces.population,
        "unit": unit(traces),
        "equal": traces.equal(),
        "columns": { "both": c.columns[0], "only_a": c.columns[1], "only_b": c.columns[2] },
        "rows": { "both": c.rows[0], "only_a": c.rows[1], "only_b": c.rows[2] },
        "from_ms": c.times_ms.map(|t| t.0),
        "to_ms": c.times_ms.map(|t| t.1),
        "rms": c.rms,
        "largest": c.largest.map(difference_json),
        "first": c.first.map(difference_json),
        "rounded_to_32_bits": c.rounded,
    })
}

fn difference_json(of: TraceDifference) -> Value {
    json!({
        "time_ms": of.time_ms, "node_id": of.node_id, "section_id": of.section_id, "position": of.position,
        "a": of.a, "b": of.b, "difference": of.size(),
    })
}
