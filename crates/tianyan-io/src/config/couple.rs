//! Continuous couplings: graded synapses and the halves of gap junctions.

use std::sync::Arc;

use tianyan_model::{Gid, Location, Problems};

use super::Config;
use super::document::Spot;
use super::joins::{self, End, Keys, Pair, Pairing, pair_problem};
use super::mechanisms::Mechanisms;
use super::network_schema::{GapJunctionEntry, GradedSynapseEntry};
use super::select::Directory;
use super::tables::{Numbers, Table, shortened};
use super::world::World;

/// Instances that sit on the targets and read the sources.
#[derive(Debug)]
pub(crate) struct Coupling {
    pub mechanism: usize,
    pub pointer: String,
    pairing: Pairing,
    table: Option<Arc<Table>>,
    here: End,
    there: End,
    parameters: Vec<(String, Numbers)>,
    spot: Spot,
    /// True for the second halves of gap junctions, which are checked with the first.
    mirror: bool,
}

type Side = (Gid, Location);

/// The graded synapses of an entry.
pub(crate) fn graded(
    config: &Config,
    directory: &Directory,
    mechanisms: &Mechanisms,
    entry: &GradedSynapseEntry,
) -> Result<Coupling, Problems> {
    let keys = Keys::from(entry);
    let joined = joins::join(config, directory, &keys)?;
    let table = joined.table.as_deref();
    let mut problems = Problems::default();
    let there = problems.take(End::new("source_", (&entry.source_section, &entry.source_x), &keys, table));
    let here = problems.take(End::new("target_", (&entry.target_section, &entry.target_x), &keys, table));
    let parameters = problems.take(joins::parameters(&entry.parameters, table));
    let (Some(there), Some(here), Some(parameters)) = (there, here, parameters) else { return Err(problems) };
    Ok(Coupling {
        mechanism: mechanisms.index(&entry.mechanism).unwrap_or_default(),
        pointer: entry.pointer.clone(),
        pairing: joined.pairing,
        table: joined.table,
        here,
        there,
        parameters,
        spot: entry.spot.clone(),
        mirror: false,
    })
}

/// Both halves of the gap junctions of an entry.
pub(crate) fn gap_junction(
    config: &Config,
    directory: &Directory,
    mechanisms: &Mechanisms,
    entry: &GapJunctionEntry,
) -> Result<[Coupling; 2], Problems> {
    let keys = Keys::from(entry);
    let joined = joins::join(config, directory, &keys)?;
    let table = joined.table.as_deref();
    let mut problems = Problems::default();
    let source = problems.take(End::new("source_", (&entry.source_section, &entry.source_x), &keys, table));
    let target = problems.take(End::new("target_", (&entry.target_section, &entry.target_x), &keys, table));
    let weight = Numbers::evaluate(&entry.weight_usiemens, table);
    let weight = weight.and_then(|weight| joins::undrawn(weight, &entry.weight_usiemens.spot.place()));
    let weight = problems.take(weight);
    let further = problems.take(joins::parameters(&entry.parameters, table));
    let (Some(source), Some(target), Some(weight), Some(further)) = (source, target, weight, further) else {
        return Err(problems);
    };
    let parameters: Vec<_> = std::iter::once(("weight".to_string(), weight)).chain(further).collect();
    let half = |pairing: Pairing, here: &End, there: &End, mirror: bool| Coupling {
        mechanism: mechanisms.index(&entry.mechanism).unwrap_or_default(),
        pointer: entry.pointer.clone(),
        pairing,
        table: joined.table.clone(),
        here: here.clone(),
        there: there.clone(),
        parameters: parameters.clone(),
        spot: entry.spot.clone(),
        mirror,
    };
    let pairing = joined.pairing.without_mirrors();
    let mirrored = pairing.mirrored();
    Ok([half(pairing, &target, &source, false), half(mirrored, &source, &target, true)])
}

impl Coupling {
    /// Calls `f` for each instance on a cell: where it sits, what it reads, its parameters and row.
    pub fn on(
        &self,
        config: &Config,
        world: &World,
        gid: Gid,
        mut f: impl FnMut(Side, Side, &[(String, Numbers)], Option<u32>),
    ) -> Result<(), Problems> {
        let mut problems = Problems::default();
        self.pairing.on(gid, |pair| {
            if let Some((here, there)) = problems.take(self.sides(config, world, &pair)) {
                f(here, there, &self.parameters, pair.row());
            }
        });
        problems.or(())
    }

    fn sides(&self, config: &Config, world: &World, pair: &Pair) -> Result<(Side, Side), Problems> {
        let mut problems = Problems::default();
        let mut side = |gid: Gid, end: &End, key: &str| {
            if world.is_source(gid) {
                let message = "a source cell has no voltage".to_string();
                let (at, row) = ((&self.spot, key), (self.table.as_deref(), pair.row()));
                problems.push(pair_problem(at, row, ("coupling-source", message)));
                return None;
            }
            let cell = problems.take(world.cell_of(config, gid))?;
            let location = problems.take(end.on(&cell.morphology, self.table.as_deref(), pair.row()))?;
            Some((gid, location))
        };
        let (here, there) = (side(pair.target, &self.here, "target"), side(pair.source, &self.there, "source"));
        match (here, there) {
            (Some(here), Some(there)) => Ok((here, there)),
            _ => Err(problems),
        }
    }

    /// Whether all places exist.
    pub fn check(&self, config: &Config, world: &World, problems: &mut Problems) {
        if self.mirror {
            return;
        }
        let mut found = Problems::default();
        let mut seen = std::collections::HashSet::new();
        for pair in self.pairing.samples() {
            let kinds = (world.kind_of(pair.source), world.kind_of(pair.target));
            if self.table.is_none() && !seen.insert(kinds) {
                continue;
            }
            found.take(self.sides(config, world, &pair));
            if found.0.len() > 1000 {
                break;
            }
        }
        problems.0.extend(shortened(found).0);
    }
}
