//! Event connections: from `[[connections]]` to rows for asked targets.

use std::sync::Arc;

use tianyan_model::{Gid, PointProcess, Problem, Problems, delay_problem};

use super::Config;
use super::document::Spot;
use super::joins::{self, End, Keys, Pair, Pairing, Sets, pair_problem};
use super::mechanisms::Mechanisms;
use super::nearest::did_you_mean;
use super::network_schema::ConnectionEntry;
use super::ring::Columns;
use super::select::Directory;
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
        entry: &ConnectionEntry,
    ) -> Result<Connection, Problems> {
        let keys = Keys::from(entry);
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
        problems.or(Connection { pairing, table: joined.table, onto, weight, delay_ms, spot })
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
        self.pairing.on(gid, |pair| {
            let Some(synapse) = problems.take(self.synapse(config, world, &pair, named, (sets, out))) else { return };
            out.connection(pair.source, synapse, self.weight.at(pair.row()), self.delay_ms.at(pair.row()));
        });
        problems.or(())
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
        let (delay, dt) = (self.delay_ms.at(pair.row()), config.document.run.dt_ms);
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
