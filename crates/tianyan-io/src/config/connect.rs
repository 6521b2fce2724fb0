//! Event connections: from `[[connections]]` to rows for asked targets.

use std::sync::Arc;

use tianyan_model::random::Philox;
use tianyan_model::{Gid, PointProcess, Problem, Problems, delay_problem};

use super::Config;
use super::document::Spot;
use super::drawn::RandomKeys;
use super::joins::{self, End, Keys, Pair, Pairing, Sets, pair_problem};
use super::mechanisms::Mechanisms;
use super::nearest::did_you_mean;
use super::network_schema::{ConnectionEntry, Rule};
use super::ring::Columns;
use super::select::Directory;
use super::streams::{NUMBER_STREAM, PAIR_STREAM};
use super::tables::{Numbers, Table, Texts, shortened};
use super::world::World;

/// The connections of an entry.
#[derive(Debug)]
pub(crate) struct Connection {
    pairing: Pairing,
    table: Option<Arc<Table>>,
    onto: Onto,
    weight: Numbers,
    delay_ms: Numbers,
    /// Seed and stream of drawn numbers.
    random: (u64, u32),
    spot: Spot,
}

/// What a connection arrives at.
#[derive(Debug)]
enum Onto {
    /// A synapse that the target's template names.
    Named(Texts),
    /// A synapse of its own.
    Own { mechanism: usize, end: End, parameters: Vec<(String, Numbers)> },
}

impl Connection {
    /// Reads an entry.
    pub fn new(
        config: &Config,
        directory: &Directory,
        mechanisms: &Mechanisms,
        index: usize,
    ) -> Result<Connection, Problems> {
        let entry = &config.document.connections[index];
        let random = (config.document.run.seed, PAIR_STREAM + index as u32);
        let (in_degree, total, probability) = (entry.in_degree, entry.total, entry.probability);
        let keys = Keys::from(entry).with_random(RandomKeys { in_degree, total, probability, random });
        only_of_rule(entry)?;
        let joined = joins::join(config, directory, &keys)?;
        let table = joined.table.as_deref();
        let mut problems = Problems::default();
        let onto = problems.take(onto(entry, &keys, mechanisms, table));
        let mut number = |key: &str, formula| {
            let found = problems.take(joins::number(key, formula, &keys, table))?;
            if found.is_none() {
                let message = format!("the key `{key}` is missing: a number or a formula in quotes");
                problems.push(entry.spot.problem(key, "config-missing-key", message));
            }
            found
        };
        let (weight, delay_ms) = (number("weight", &entry.weight), number("delay_ms", &entry.delay_ms));
        let (Some(onto), Some(weight), Some(delay_ms)) = (onto, weight, delay_ms) else { return Err(problems) };
        let (pairing, spot) = (joined.pairing, entry.spot.clone());
        let random = (config.document.run.seed, NUMBER_STREAM + index as u32);
        problems.or(Connection { pairing, table: joined.table, onto, weight, delay_ms, random, spot })
    }

    /// Appends the connections onto a cell whose named synapses begin at `named`.
    pub fn on(
        &self,
        config: &Config,
        world: &World,
        gid: Gid,
        named: u32,
        (sets, out): (&mut Sets, &mut Columns),
    ) -> Result<(), Problems> {
        let mut problems = Problems::default();
        let mut random = Philox::new(self.random.0, self.random.1, u64::from(gid.0));
        let mut same = None;
        self.pairing.on(gid, |pair| {
            let known = same.filter(|_| self.is_one_synapse());
            let found = known.map_or_else(|| self.synapse(config, world, &pair, named, (sets, out)), Ok);
            let Some(synapse) = problems.take(found) else { return };
            same = Some(synapse);
            // Drawn weights are 32-bit numbers, which take half the memory.
            let weight = match &self.weight {
                Numbers::Drawn(expression) => f64::from(expression.draw(&mut random) as f32),
                weight => weight.at(pair.row()),
            };
            out.connection(pair.source, synapse, weight, self.delay_ms.drawn(pair.row(), &mut random));
        });
        problems.or(())
    }

    /// True if all connections onto a cell end at the same synapse.
    fn is_one_synapse(&self) -> bool {
        matches!(self.onto, Onto::Named(Texts::Same(_)))
    }

    fn synapse(
        &self,
        config: &Config,
        world: &World,
        pair: &Pair,
        named: u32,
        (sets, out): (&mut Sets, &mut Columns),
    ) -> Result<u32, Problems> {
        match &self.onto {
            Onto::Named(_) => self.rank(config, world, pair).map(|rank| named + rank),
            Onto::Own { mechanism, end, parameters } => {
                let cell = world.cell_of(config, pair.target)?;
                let location = end.on(&cell.morphology, self.table.as_deref(), pair.row())?;
                let parameter_set = sets.of_row(parameters, pair.row());
                Ok(out.synapse(PointProcess { gid: pair.target, location, mechanism: *mechanism, parameter_set }))
            }
        }
    }

    /// Rank of the named synapse among those of the target.
    fn rank(&self, config: &Config, world: &World, pair: &Pair) -> Result<u32, Problems> {
        let Onto::Named(texts) = &self.onto else { return Ok(0) };
        let name = texts.at(self.table.as_deref(), pair.row()).unwrap_or_default();
        let synapses = world.template(config, pair.target).map(|template| &template.synapses);
        let rank = synapses.and_then(|synapses| synapses.names().position(|known| known == name));
        rank.map(|rank| rank as u32).ok_or_else(|| {
            let known = synapses.into_iter().flat_map(|synapses| synapses.names());
            if name == super::artificial::NAME {
                let message = "give a synapse of the target's template, or a mechanism".to_string();
                return self.problem(pair, "synapse", "config-missing-key", message).into();
            }
            let message = format!("the target carries no synapse `{name}`");
            self.problem(pair, "synapse", "synapse-unknown", message).help(did_you_mean(name, known)).into()
        })
    }

    fn problem(&self, pair: &Pair, key: &str, code: &'static str, message: String) -> Problem {
        pair_problem((&self.spot, key), (self.table.as_deref(), pair.row()), (code, message))
    }

    /// Detectors, delays and places.
    pub fn check(&self, config: &Config, world: &World, problems: &mut Problems) {
        let mut found = Problems::default();
        let mut seen = std::collections::HashSet::new();
        let tabled = self.table.is_some();
        for pair in self.pairing.samples() {
            let kinds = (world.kind_of(pair.source), world.kind_of(pair.target));
            if !tabled && !seen.insert(kinds) {
                continue;
            }
            found.0.extend(self.check_pair(config, world, &pair));
            if found.0.len() > 1000 {
                break;
            }
        }
        problems.0.extend(shortened(found).0);
    }

    fn check_pair(&self, config: &Config, world: &World, pair: &Pair) -> Vec<Problem> {
        let mut found = Vec::new();
        if world.is_source(pair.target) {
            found.push(self.problem(pair, "target", "connection-target", "a source cell receives no spikes".into()));
            return found;
        }
        let source = world.is_source(pair.source);
        let dt = config.document.run.dt_ms;
        // Of drawn ones the layout tells.
        let delay = if let Numbers::Drawn(_) = self.delay_ms { dt } else { self.delay_ms.at(pair.row()) };
        if let Some(problem) = delay_problem(delay, dt, source) {
            let place = self.problem(pair, "delay_ms", problem.code, String::new()).place;
            found.push(problem.at(place));
        }
        let artificial = world.template(config, pair.source).is_some_and(|template| template.artificial.is_some());
        if !source && !artificial && world.cell_of(config, pair.source).is_ok_and(|cell| cell.detector.is_none()) {
            let problem = self.problem(pair, "source", "connection-detector", "the source detects no spikes".into());
            found.push(problem.help("give its template a detector = { threshold_mv = 10 }"));
        }
        let place = match &self.onto {
            Onto::Named(_) => self.rank(config, world, pair).map(|_| ()),
            Onto::Own { end, .. } => world
                .cell_of(config, pair.target)
                .and_then(|cell| end.on(&cell.morphology, self.table.as_deref(), pair.row()).map(|_| ())),
        };
        found.extend(place.err().into_iter().flat_map(|problems| problems.0));
        found
    }
}

fn onto(
    entry: &ConnectionEntry,
    keys: &Keys,
    mechanisms: &Mechanisms,
    table: Option<&Table>,
) -> Result<Onto, Problems> {
    let column = match (&entry.synapse, &entry.mechanism, table) {
        (None, None, Some(table)) => table.role("synapse", &entry.columns, &entry.spot)?,
        _ => None,
    };
    match (&entry.synapse, &entry.mechanism, column) {
        (Some(name), None, _) => {
            only_own(entry)?;
            Ok(Onto::Named(Texts::Same(Some(name.clone()))))
        }
        (None, Some(name), _) => {
            let end = End::new("", (&entry.section, &entry.x), keys, table)?;
            let parameters = joins::parameters(&entry.parameters, table)?;
            Ok(Onto::Own { mechanism: mechanisms.index(name).unwrap_or_default(), end, parameters })
        }
        (None, None, Some(column)) => {
            only_own(entry)?;
            Ok(Onto::Named(Texts::Column(column)))
        }
        // Artificial cells have only one place to go to; other targets carry no synapse of that name.
        (None, None, None) if !entry.spot.keys.iter().any(|(key, _)| key == "section" || key == "x") => {
            only_own(entry)?;
            Ok(Onto::Named(Texts::Same(Some(super::artificial::NAME.into()))))
        }
        (given, ..) => {
            let message = match given {
                Some(_) => "give either synapse or mechanism, not both",
                None => "give a synapse of the target's template, or a mechanism",
            };
            Err(entry.spot.problem("synapse", "config-missing-key", message).into())
        }
    }
}

/// in_degree, total, probability and pairs each belong to a rule.
fn only_of_rule(entry: &ConnectionEntry) -> Result<(), Problems> {
    let keys = [
        ("in_degree", Rule::FixedInDegree, "fixed_in_degree"),
        ("total", Rule::FixedTotal, "fixed_total"),
        ("probability", Rule::Probability, "probability"),
        ("pairs", Rule::Pairs, "pairs"),
    ];
    let written = |key: &str| entry.spot.keys.iter().any(|(known, _)| known == key);
    let is_other = |rule: Rule| entry.rule != Some(rule) && (rule != Rule::Pairs || entry.rule.is_some());
    let wrong = keys.into_iter().filter(|(key, rule, _)| written(key) && is_other(*rule));
    let problem = |(key, _, word): (&str, Rule, &str)| {
        entry.spot.problem(key, "config-value", format!("`{key}` belongs to rule = \"{word}\""))
    };
    Problems(wrong.map(problem).collect()).or(())
}

/// section, x and parameters belong to synapses of their own.
fn only_own(entry: &ConnectionEntry) -> Result<(), Problems> {
    let keys = ["section", "x", "parameters"];
    let written = entry.spot.keys.iter().filter(|(key, _)| keys.contains(&key.as_str()));
    let problem = |(key, _): &(String, usize)| {
        let message = format!("`{key}` belongs to a mechanism; a named synapse has its own");
        entry.spot.problem(key, "config-value", message)
    };
    Problems(written.map(problem).collect()).or(())
}
