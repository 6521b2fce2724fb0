//! Event synapses and connections of a rank: asked for in batches of cells, merged, and kept in compact columns.

use crate::cells::{Kinds, extra_end};
use crate::connect::{Columns, EventTarget};
use crate::kinds::Kind;
use crate::shape::{CellShape, ExtraEnd};
use crate::wiring::Points;
use rayon::prelude::*;
use std::collections::HashMap;
use tianyan_model::{Connections, Gid, KindId, Parameter, PointProcess, Problem, Problems, Recipe};
use tianyan_nmodl::Inputs;

/// Most cells in a batch.
const MOST_CELLS: usize = 256;
/// Connections that a batch should have: enough to make asking cheap, few enough to be no burden to the memory.
const CONNECTIONS: usize = 1 << 14;
/// Cells of the first batches, before it is known how many connections a cell has.
const FIRST_CELLS: usize = 16;

/// A synapse on which connections end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synapse {
    /// Its cell.
    pub gid: Gid,
    /// Row of the cell; once it is placed, its instance in the table of its mechanism.
    pub at: u32,
    /// Index into the recipe's mechanisms.
    pub mechanism: u32,
    /// Index into [`Gathered::sets`].
    pub set: u32,
}

/// The synapses of a rank, by gid.
#[derive(Debug, Default)]
pub struct Synapses {
    list: Vec<Synapse>,
    /// Of each gid that has any the first, and one behind the last.
    range: Vec<(u32, u32)>,
}

impl Synapses {
    /// The synapses of a cell.
    pub fn on(&mut self, gid: Gid) -> &mut [Synapse] {
        let (from, to) = self.range.get(gid.0 as usize).copied().unwrap_or_default();
        &mut self.list[from as usize..to as usize]
    }

    /// All of them.
    pub fn list(&self) -> &[Synapse] {
        &self.list
    }
}

/// What connections need of a rank.
#[derive(Debug, Default)]
pub struct Gathered {
    /// The synapses.
    pub synapses: Synapses,
    /// The parameters of synapses, each set once.
    pub sets: Vec<Vec<Parameter>>,
    /// The connections; the instance of a target is a number among the synapses.
    pub columns: Columns,
    /// Those onto inputs of point neurons.
    pub points: Points,
    /// Which of the recipe's mechanisms receive events, and which sit on cells.
    pub used: Used,
}

/// The recipe's mechanisms (by index) that synapses name, and those at which connections end.
#[derive(Debug, Default)]
pub struct Used {
    /// Named by synapses.
    pub placed: Vec<bool>,
    /// Ends of connections.
    pub targets: Vec<bool>,
}

/// What is known of each of the recipe's mechanisms.
#[derive(Debug)]
pub struct Known {
    /// Its synapses become one where compartment and parameters are the same.
    pub merged: Vec<bool>,
    /// It is a point neuron.
    pub stepped: Vec<bool>,
    /// What events add to, if they only add.
    pub inputs: Vec<Option<Inputs>>,
}

/// Asks for the connections onto `gids` (ascending). `extra` are the ends at which other point processes sit.
pub fn gather(
    recipe: &dyn Recipe,
    gids: &[Gid],
    mechanisms: &Known,
    extra: &HashMap<Gid, Vec<ExtraEnd>>,
    kinds: &mut Kinds,
    threads: usize,
) -> Result<Gathered, Problems> {
    let range = vec![(0, 0); gids.last().map_or(0, |last| last.0 as usize + 1)];
    let count = mechanisms.merged.len();
    let used = Used { placed: vec![false; count], targets: vec![false; count] };
    let gathered = Gathered { synapses: Synapses { list: Vec::new(), range }, used, ..Gathered::default() };
    let (known, same, renamed) = (HashMap::new(), HashMap::new(), Vec::new());
    let dt_ms = recipe.run().dt_ms;
    let mut gatherer = Gatherer { recipe, mechanisms, dt_ms, extra, kinds, known, same, renamed, gathered };
    let mut problems = Problems::default();
    let mut buffers: Vec<Connections> = vec![Connections::default(); threads.max(1)];
    let (mut rest, mut size) = (gids, FIRST_CELLS);
    while !rest.is_empty() {
        let (round, after) = rest.split_at(rest.len().min(size * buffers.len()));
        rest = after;
        let batches: Vec<&[Gid]> = round.chunks(size).collect();
        let answers = ask(recipe, &batches, &mut buffers);
        for answer in answers {
            problems.take(answer);
        }
        let found: usize = buffers.iter().map(|buffer| buffer.source.len()).sum();
        for (batch, buffer) in batches.iter().zip(&buffers) {
            if !problems.0.is_empty() {
                break;
            }
            let mut ids = Vec::with_capacity(batch.len());
            recipe.kind_of(batch, &mut ids);
            problems.take(gatherer.batch(batch, &ids, buffer));
        }
        size = (round.len() * CONNECTIONS / found.max(1)).clamp(1, MOST_CELLS);
    }
    problems.or(gatherer.gathered)
}

/// Fills a buffer for each batch, side by side if there are several.
fn ask(recipe: &dyn Recipe, batches: &[&[Gid]], buffers: &mut [Connections]) -> Vec<Result<(), Problems>> {
    let one = |(buffer, batch): (&mut Connections, &&[Gid])| {
        clear(buffer);
        recipe.connections_on(batch, buffer)
    };
    buffers.iter_mut().skip(batches.len()).for_each(clear);
    match batches {
        [batch] => vec![one((&mut buffers[0], batch))],
        _ => buffers.par_iter_mut().zip(batches).map(one).collect(),
    }
}

fn clear(buffer: &mut Connections) {
    let Connections { synapses, parameter_sets, source, synapse, delay_ms, weight } = buffer;
    synapses.clear();
    parameter_sets.clear();
    source.clear();
    synapse.clear();
    delay_ms.clear();
    weight.clear();
}

struct Gatherer<'a, 'b> {
    recipe: &'a dyn Recipe,
    mechanisms: &'a Known,
    dt_ms: f64,
    extra: &'a HashMap<Gid, Vec<ExtraEnd>>,
    kinds: &'a mut Kinds<'b>,
    /// Sets that were met before, by name and bits of their values.
    known: HashMap<Vec<(String, u64)>, u32>,
    /// Synapses of the present cell that others may become, by row, mechanism and set.
    same: HashMap<(u32, u32, u32), u32>,
    /// Number among all synapses of each synapse of the batch.
    renamed: Vec<u32>,
    gathered: Gathered,
}

impl Gatherer<'_, '_> {
    fn batch(&mut self, gids: &[Gid], ids: &[KindId], of: &Connections) -> Result<(), Problems> {
        let mut sets: Vec<Option<u32>> = vec![None; of.parameter_sets.len()];
        self.renamed.clear();
        let mut rest = &of.synapses[..];
        for (&gid, &id) in gids.iter().zip(ids) {
            let (own, after) = rest.split_at(rest.iter().take_while(|synapse| synapse.gid == gid).count());
            rest = after;
            self.cell(gid, id, own, &of.parameter_sets, &mut sets)?;
        }
        if let Some(stray) = rest.first() {
            let message = format!("synapses are not sorted by cell: one of gid {} is out of place", stray.gid.0);
            return Err(Problem::new("connection-order", message).into());
        }
        self.connections(of);
        Ok(())
    }

    fn cell(
        &mut self,
        gid: Gid,
        id: KindId,
        synapses: &[PointProcess],
        parameters: &[Vec<Parameter>],
        sets: &mut [Option<u32>],
    ) -> Result<(), Problems> {
        let mut ends = self.extra.get(&gid).cloned().unwrap_or_default();
        ends.extend(synapses.iter().filter_map(extra_end));
        ends.sort_unstable();
        ends.dedup();
        let first = self.gathered.synapses.list.len() as u32;
        self.same.clear();
        let added = self.kinds.add(gid, id, ends, self.point(synapses));
        let Some(Kind { shape, point, .. }) = added else {
            self.renamed.extend(synapses.iter().map(|_| 0));
            if synapses.is_empty() || self.kinds.failed(id) {
                return Ok(());
            }
            let message = format!("gid {} is a source without a body and receives no spikes", gid.0);
            return Err(Problem::new("connection-target", message).into());
        };
        let is_point = point.is_some();
        if let Some(process) = synapses.iter().find(|s| self.mechanisms.stepped[s.mechanism]).filter(|_| !is_point) {
            let message = format!("gid {} has a point neuron as a synapse", gid.0);
            let help = "a point neuron is a cell of its own: artificial = { mechanism = ... }";
            let mut problem = Problem::new("mechanism-kind", message).help(help);
            problem.place =
                self.recipe.place_of(&self.recipe.mechanisms()[process.mechanism].name, None).unwrap_or_default();
            return Err(problem.into());
        }
        for process in synapses {
            let set = &mut sets[process.parameter_set];
            let set = *set.get_or_insert_with(|| {
                intern(&parameters[process.parameter_set], &mut self.known, &mut self.gathered.sets)
            });
            let synapse = Synapse { gid, at: row(shape, process), mechanism: process.mechanism as u32, set };
            let list = &mut self.gathered.synapses.list;
            let mut new = || {
                list.push(synapse);
                list.len() as u32 - 1
            };
            self.gathered.used.placed[process.mechanism] = true;
            self.renamed.push(match self.mechanisms.merged[process.mechanism] {
                true => *self.same.entry((synapse.at, synapse.mechanism, set)).or_insert_with(new),
                false => new(),
            });
        }
        self.gathered.synapses.range[gid.0 as usize] = (first, self.gathered.synapses.list.len() as u32);
        Ok(())
    }

    fn connections(&mut self, of: &Connections) {
        let Gathered { columns, points, used, .. } = &mut self.gathered;
        let ends = of.source.iter().zip(&of.weight).zip(of.synapse.iter().zip(&of.delay_ms));
        for ((&source, &weight), (&synapse, &delay_ms)) in ends {
            let mechanism = of.synapses[synapse as usize].mechanism;
            used.targets[mechanism] = true;
            let instance = self.renamed[synapse as usize];
            if self.mechanisms.inputs[mechanism].is_some() {
                points.push(source, instance, delay_ms, weight, self.dt_ms);
                continue;
            }
            columns.source.push(source.0);
            columns.weight.push(weight);
            columns.targets.push(EventTarget { delay_ms, instance, argument: 0, group: 0, table: 0 });
        }
    }

    /// The point neuron among a cell's synapses, if there is just one.
    fn point(&self, synapses: &[PointProcess]) -> Option<u32> {
        let mut stepped = synapses.iter().filter(|synapse| self.mechanisms.stepped[synapse.mechanism]);
        stepped.next().filter(|_| stepped.next().is_none()).map(|point| point.mechanism as u32)
    }
}

fn row(shape: &CellShape, process: &PointProcess) -> u32 {
    shape.row_at(process.location)
}

/// The number of a set among all; equal ones have the same.
fn intern(set: &[Parameter], known: &mut HashMap<Vec<(String, u64)>, u32>, sets: &mut Vec<Vec<Parameter>>) -> u32 {
    let key = set.iter().map(|parameter| (parameter.name.clone(), parameter.values.at(0).to_bits())).collect();
    *known.entry(key).or_insert_with(|| {
        sets.push(set.to_vec());
        sets.len() as u32 - 1
    })
}
