//! Two outputs side by side: where and when do they part?

mod files;
mod text;

use crate::Error;
use crate::spikes::named;
use files::Side;
use std::path::{Path, PathBuf};
pub(crate) use text::number;
use tianyan_analysis::{
    LoneSpike, SpikeComparison, TraceComparison, TraceDifference, TraceTolerance, compare_spikes, compare_traces,
};
use tianyan_io::read_back;
use tianyan_model::{Place, PopulationReport, PopulationSpikes, Problem, Problems};

/// What counts as equal.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareOptions {
    /// Spikes this close are the same.
    pub tolerance_ms: f64,
    /// Largest difference of traces that counts as none, in the report's unit.
    pub trace_tolerance: f64,
    /// Row k of B's reports is taken as row k + this.
    pub shift_rows: i64,
    /// The step of the runs; `None` asks the run.json of A, then of B.
    pub dt_ms: Option<f64>,
    /// Populations by name; all if empty.
    pub populations: Vec<String>,
}

impl Default for CompareOptions {
    fn default() -> CompareOptions {
        CompareOptions {
            tolerance_ms: 1e-6,
            trace_tolerance: 1e-6,
            shift_rows: 0,
            dt_ms: None,
            populations: Vec::new(),
        }
    }
}

impl CompareOptions {
    fn check(&self) -> Result<(), Problems> {
        let numbers = [
            ("--tolerance-ms", self.tolerance_ms),
            ("--trace-tolerance", self.trace_tolerance),
            ("--dt-ms", self.dt_ms.unwrap_or(0.0)),
        ];
        match numbers.iter().find(|(_, value)| !value.is_finite() || *value < 0.0) {
            Some((name, value)) => {
                let problem = Problem::new("compare-options", format!("{name} is {value}"));
                Err(problem.help("give a finite number, not less than 0").into())
            }
            None => Ok(()),
        }
    }
}

/// The spikes of a population in both outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedSpikes {
    /// Its name.
    pub population: String,
    /// What came out.
    pub comparison: SpikeComparison,
}

/// The traces of a population in a report of both outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedTraces {
    /// Name of the report: the file's name without its ending.
    pub report: String,
    /// Name of the population.
    pub population: String,
    /// Unit in A and B; empty if the file does not say.
    pub units: [String; 2],
    /// What came out.
    pub comparison: TraceComparison,
}

impl ComparedTraces {
    /// Numbers in different units cannot be compared.
    pub fn units_differ(&self) -> bool {
        let [a, b] = &self.units;
        !a.is_empty() && !b.is_empty() && a != b
    }

    /// True if nothing is above the tolerance.
    pub fn equal(&self) -> bool {
        self.comparison.equal() && !self.units_differ()
    }
}

/// The earliest sign that the outputs differ.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Divergence {
    Spike { population: String, spike: LoneSpike },
    Trace { report: String, population: String, difference: TraceDifference },
}

impl Divergence {
    /// When.
    pub fn time_ms(&self) -> f64 {
        match self {
            Divergence::Spike { spike, .. } => spike.time_ms,
            Divergence::Trace { difference, .. } => difference.time_ms,
        }
    }
}

/// Two outputs side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The outputs as they were named.
    pub names: [PathBuf; 2],
    /// What counted as equal.
    pub options: CompareOptions,
    /// The step of the runs, if it is known.
    pub step_ms: Option<f64>,
    /// By population.
    pub spikes: Vec<ComparedSpikes>,
    /// By report, then population.
    pub traces: Vec<ComparedTraces>,
    /// What a reader should know besides: what only one of them has.
    pub notes: Vec<String>,
}

impl Comparison {
    /// True if everything that was compared is equal within the tolerances.
    pub fn equal(&self) -> bool {
        self.spikes.iter().all(|s| s.comparison.equal()) && self.traces.iter().all(ComparedTraces::equal)
    }

    /// True if both have the same columns and times.
    fn is_whole(&self) -> bool {
        self.traces.iter().all(|t| t.comparison.columns[1..] == [0, 0] && t.comparison.rows[1..] == [0, 0])
    }

    /// The earliest difference of all.
    pub fn first(&self) -> Option<Divergence> {
        let spike = |s: &ComparedSpikes| {
            s.comparison.first.map(|spike| Divergence::Spike { population: s.population.clone(), spike })
        };
        let trace = |t: &ComparedTraces| {
            let (report, population) = (t.report.clone(), t.population.clone());
            t.comparison.first.map(|difference| Divergence::Trace { report, population, difference })
        };
        let all = self.spikes.iter().filter_map(spike).chain(self.traces.iter().filter_map(trace));
        all.min_by(|l, r| l.time_ms().total_cmp(&r.time_ms()))
    }
}

/// Compares two outputs: folders with spikes and reports, or single files. Reports are partners if they have the same
/// name, or if both outputs are single files.
///
/// Fails if something cannot be read, or if the outputs have nothing in common to compare.
pub fn compare(a: &Path, b: &Path, options: &CompareOptions) -> Result<Comparison, Error> {
    options.check()?;
    let sides = [Side::open(a)?, Side::open(b)?];
    let names = [a.to_path_buf(), b.to_path_buf()];
    let step_ms = options.dt_ms.or(sides[0].step_ms).or(sides[1].step_ms);
    let (spikes, traces, notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut comparison = Comparison { names, options: options.clone(), step_ms, spikes, traces, notes };
    comparison.notes.extend(sides.iter().flat_map(|side| side.notes.clone()));
    comparison.compare_spike_files(&sides)?;
    comparison.compare_reports(&sides)?;
    if comparison.spikes.is_empty() && comparison.traces.is_empty() {
        let problem = Problem::new("compare-nothing", "these outputs have nothing in common to compare");
        let place = Place::file(format!("{} and {}", a.display(), b.display()));
        let help = match comparison.notes.is_empty() {
            true => "spikes are compared with spikes, reports with reports of the same name".to_string(),
            false => comparison.notes.join("; "),
        };
        return Err(Problems::from(problem.at(place).help(help)).into());
    }
    Ok(comparison)
}

impl Comparison {
    fn compare_spike_files(&mut self, sides: &[Side; 2]) -> Result<(), Problems> {
        let (Some(a), Some(b)) = (&sides[0].spikes, &sides[1].spikes) else {
            let only = sides.iter().position(|side| side.spikes.is_some());
            self.notes.extend(only.map(|i| format!("spikes are only in {}", LETTERS[i])));
            return Ok(());
        };
        let spikes = [read_back::read_spikes(a)?, read_back::read_spikes(b)?];
        let name = |of: &PopulationSpikes| of.population.clone();
        for (population, [a, b]) in partners(&spikes, name) {
            if !self.wants(&population) {
                continue;
            }
            for (i, there) in [a, b].iter().enumerate() {
                if there.is_none() {
                    self.notes.push(format!("{} has no spikes of {}", LETTERS[i], named(&population)));
                }
            }
            let none = PopulationSpikes::default();
            let (a, b) = (a.unwrap_or(&none), b.unwrap_or(&none));
            let comparison = compare_spikes(a, b, self.options.tolerance_ms, self.step_ms);
            self.spikes.push(ComparedSpikes { population, comparison });
        }
        Ok(())
    }

    fn compare_reports(&mut self, sides: &[Side; 2]) -> Result<(), Problems> {
        let mut of = [sides[0].reports.clone(), sides[1].reports.clone()];
        if sides.iter().all(|side| side.single && side.reports.len() == 1) {
            of[1] = of[0].keys().cloned().zip(of[1].values().cloned()).collect();
        }
        for (name, a) in &of[0] {
            match of[1].get(name) {
                Some(b) => self.compare_report(name, &[read_back::read_report(a)?, read_back::read_report(b)?]),
                None => self.notes.push(format!("report {name} is only in A")),
            }
        }
        let only_b = of[1].keys().filter(|name| !of[0].contains_key(*name));
        self.notes.extend(only_b.map(|name| format!("report {name} is only in B")));
        Ok(())
    }

    fn compare_report(&mut self, report: &str, reports: &[Vec<PopulationReport>; 2]) {
        let name = |of: &PopulationReport| of.population.clone();
        for (population, partners) in partners(reports, name) {
            if !self.wants(&population) {
                continue;
            }
            let [Some(a), Some(b)] = partners else {
                let letter = LETTERS[usize::from(partners[0].is_none())];
                self.notes.push(format!("report {report} has {} only in {letter}", named(&population)));
                continue;
            };
            let tolerance = TraceTolerance { value: self.options.trace_tolerance, shift_rows: self.options.shift_rows };
            self.traces.push(ComparedTraces {
                report: report.into(),
                population,
                units: [a.unit.clone(), b.unit.clone()],
                comparison: compare_traces(a, b, &tolerance),
            });
        }
    }

    fn wants(&self, population: &str) -> bool {
        self.options.populations.is_empty() || self.options.populations.iter().any(|p| p == named(population))
    }
}

/// How the outputs are called.
const LETTERS: [&str; 2] = ["A", "B"];

/// Things of the same name. One without a name is the partner of the other side's only one.
fn partners<T>(sides: &[Vec<T>; 2], name: impl Fn(&T) -> String) -> Vec<(String, [Option<&T>; 2])> {
    if let ([a], [b]) = (&sides[0][..], &sides[1][..]) {
        let (of_a, of_b) = (name(a), name(b));
        if of_a.is_empty() || of_b.is_empty() {
            return vec![(if of_a.is_empty() { of_b } else { of_a }, [Some(a), Some(b)])];
        }
    }
    let mut names: Vec<String> = sides.iter().flatten().map(&name).collect();
    names.sort();
    names.dedup();
    let of = |side: usize, wanted: &str| sides[side].iter().find(|thing| name(thing) == wanted);
    names.into_iter().map(|wanted| (wanted.clone(), [of(0, &wanted), of(1, &wanted)])).collect()
}

#[cfg(test)]
mod tests;
