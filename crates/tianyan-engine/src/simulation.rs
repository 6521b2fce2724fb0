//! The loop over epochs.

use crate::backend::{Backend, Cause, Fired, GroupInputs, GroupOutputs, Heard, Inputs, Outputs, Phase};
use crate::collect::Collector;
use crate::digest::digest;
use crate::events::Queue;
use crate::exchange::{SpikeExchange, Way};
use crate::grid::Grid;
use crate::peers::Peers;
use crate::step::next_ms;
use crate::wire::decode_numbers;
use crate::{EngineError, Profile, Unfit, start};
use std::sync::Arc;
use std::time::Instant;
use tianyan_comm::Communicator;
use tianyan_layout::{Connectivity, Layout, Network, Sampler};
use tianyan_model::{Epoch, Gid, RunSettings, Spike, TraceBlock, Waveform};

mod snapshot;

/// Steps after which an epoch ends where no delay says so: the block in which output is written.
pub const MOST_EPOCH_STEPS: u64 = 400;

/// Wall time of this rank since the run began, s.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Advancing its own cells.
    pub computing_s: f64,
    /// Exchanging spikes, and waiting for ranks that take longer.
    pub spikes_s: f64,
    /// Exchanging what coupled cells see of each other, and waiting.
    pub peers_s: f64,
    /// Bringing results to rank 0.
    pub results_s: f64,
}

/// A network in motion.
pub struct Simulation {
    backend: Box<dyn Backend>,
    comm: Box<dyn Communicator>,
    run: RunSettings,
    step: u64,
    time_ms: f64,
    epoch_steps: u64,
    longest_delay_ms: f64,
    connectivity: Connectivity,
    waveforms: Vec<Vec<Waveform>>,
    peers: Peers,
    coupled: bool,
    uncoupled: bool,
    samplers: Vec<Sampler>,
    columns: Vec<Vec<Vec<u32>>>,
    layouts: Vec<Arc<Layout>>,
    queue: Queue,
    exchange: SpikeExchange,
    /// None where this rank's results are its own affair.
    collector: Option<Collector>,
    /// Spikes younger than the longest delay, in their order.
    recent: Vec<Fired>,
    trains: Trains,
    inputs: Inputs,
    outputs: Outputs,
    /// The spikes of t = 0, which belong to the first epoch.
    started: Vec<Fired>,
    /// Spikes that the next epoch hands out: so late that others of an earlier time may follow.
    held: Vec<Fired>,
    /// Up to then all spikes were handed out.
    handed_out_ms: f64,
    /// Spikes that point neurons have not heard yet.
    later: Vec<Heard>,
    spikes: u64,
    spent: Spent,
}

/// Known spikes not yet expanded, ascending in time.
#[derive(Debug, Default)]
struct Trains {
    spikes: Vec<Spike>,
    next: usize,
}

impl Simulation {
    /// Initialises the network (NEURON's finitialize), loads it into the backend, and stands at t = 0.
    pub fn new(
        mut network: Network,
        run: &RunSettings,
        mut backend: Box<dyn Backend>,
        mut comm: Box<dyn Communicator>,
    ) -> Result<Simulation, EngineError> {
        let alone = network.remote.read.is_empty() && network.remote.seen.is_empty();
        let peers = Peers::new(&network.peers, std::mem::take(&mut network.remote));
        let start = start::initialise(&mut network, backend.target().workers, &peers, comm.as_mut());
        if let Some((group, overflow)) = &start.overflow {
            return Err(EngineError::self_events(&network.groups[*group].layout, overflow));
        }
        let layouts = network.groups.iter().map(|group| group.layout.clone()).collect();
        let group_count = network.groups.len();
        let [uncoupled, coupled] = [false, true].map(|is| network.groups.iter().any(|g| g.layout.coupled == is));
        let epoch_steps = epoch_steps(network.least_delay_ms, run, comm.as_mut());
        // Any rank's snapshot must have what another one still waits for.
        let longest_delay_ms = -comm.min(-network.longest_delay_ms);
        let exchange = SpikeExchange::new(&network.heard, network.ordered, comm.as_mut());
        let columns = network.samplers.iter().map(|s| columns_of(s, group_count)).collect();
        backend.load(network.groups)?;
        let by_backend = coupled && alone && backend.couple(&network.peers);
        backend.set_probes(&network.samplers);
        let outputs = GroupOutputs { spikes: Vec::new(), rows: vec![Vec::new(); network.samplers.len()] };
        Ok(Simulation {
            backend,
            comm,
            run: run.clone(),
            step: 0,
            time_ms: 0.0,
            epoch_steps,
            longest_delay_ms,
            connectivity: network.connectivity,
            waveforms: network.waveforms,
            peers,
            coupled: coupled && !by_backend,
            uncoupled: uncoupled || by_backend,
            samplers: network.samplers,
            columns,
            layouts,
            queue: Queue::default(),
            exchange,
            collector: None,
            recent: Vec::new(),
            trains: Trains::new(network.trains),
            inputs: Inputs { groups: vec![GroupInputs::default(); group_count], ..Inputs::default() },
            outputs: Outputs { groups: vec![outputs; group_count] },
            started: start.spikes,
            held: Vec::new(),
            handed_out_ms: f64::NEG_INFINITY,
            later: Vec::new(),
            spikes: 0,
            spent: Spent::default(),
        })
    }

    /// Model time, ms: the sum of all steps.
    pub fn time_ms(&self) -> f64 {
        self.time_ms
    }

    /// Steps done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Steps of a whole epoch.
    pub fn epoch_steps(&self) -> u64 {
        self.epoch_steps
    }

    /// Shortens epochs. Results do not depend on it; tests prove that.
    pub fn limit_epoch(&mut self, steps: u64) {
        self.epoch_steps = self.epoch_steps.min(steps.max(1));
    }

    /// True when the run's duration is reached.
    pub fn is_done(&self) -> bool {
        self.step >= self.run.steps()
    }

    /// Spikes detected so far on this rank.
    pub fn spikes(&self) -> u64 {
        self.spikes
    }

    /// Spikes detected so far on all ranks. All ranks ask together.
    pub fn all_spikes(&mut self) -> u64 {
        self.comm.sum(self.spikes)
    }

    /// The sum of a number of all ranks; they ask together.
    pub fn sum(&mut self, value: f64) -> f64 {
        let parts = self.comm.all_gather(&value.to_bits().to_le_bytes());
        parts.iter().flat_map(|part| decode_numbers(part)).sum()
    }

    /// A number that tells this network from others, the same on any number of ranks. All ranks ask together.
    pub fn digest(&mut self) -> u64 {
        let own = digest(&self.layouts, &self.connectivity, self.backend.as_ref());
        let all = self.comm.all_gather(&own.to_le_bytes());
        let word = |bytes: &Vec<u8>| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        all.iter().map(word).fold(0, u64::wrapping_add)
    }

    /// How spikes reach other ranks.
    pub fn way(&self) -> Way {
        self.exchange.way
    }

    /// The other ranks.
    pub fn comm(&mut self) -> &mut dyn Communicator {
        self.comm.as_mut()
    }

    /// From now on rank 0 gets the results of all ranks, and the others none. `rank_of` has for each report the rank of
    /// each column; it may be empty on other ranks.
    pub fn collect_on_root(&mut self, rank_of: &[Vec<u32>]) {
        self.collector = Some(Collector::new(rank_of, self.comm.size()));
    }

    /// Whether every spike that was sent arrived. All ranks ask together, at the end of a run.
    ///
    /// # Errors
    /// If not: numbers that no run may give out.
    pub fn check_exchange(&mut self) -> Result<(), EngineError> {
        let lost = self.exchange.lost(self.comm.as_mut());
        let queued = self.queue.expanded == self.queue.delivered + self.queue.pending();
        match lost {
            Some((sent, received)) => Err(EngineError::LostSpikes { sent, received }),
            None if !queued => Err(EngineError::Layout("events were lost in the queue".into())),
            None => Ok(()),
        }
    }

    /// Mechanisms whose rates are computed though the run wants them looked up.
    pub fn unfit(&self) -> Vec<Unfit> {
        self.backend.unfit()
    }

    /// What went wrong while numbers were read off the device: they are not to be used.
    pub fn failure(&self) -> Option<EngineError> {
        self.backend.failure()
    }

    /// Where time went, if the backend was asked to measure.
    pub fn profile(&self) -> Option<Profile> {
        let mut profile = self.backend.profile()?;
        profile.events += self.queue.delivered;
        Some(profile)
    }

    /// Row 0 of every report that begins at t = 0.
    pub fn first_rows(&mut self) -> Epoch {
        let row = |(i, sampler): (usize, &Sampler)| {
            let mut values = vec![0.0; sampler.slots.len()];
            self.backend.gather(&sampler.slots, &mut values);
            TraceBlock { report: self.samplers[i].report, first_row: 0, columns: sampler.slots.len(), values }
        };
        let due = self.samplers.iter().enumerate().filter(|(_, sampler)| sampler.is_due(0));
        let traces = due.map(row).collect();
        let (_, traces) = self.collected(Vec::new(), traces);
        Epoch { end_ms: 0.0, spikes: Vec::new(), traces }
    }

    /// Spikes and rows as they leave this rank.
    fn collected(&mut self, fired: Vec<Fired>, traces: Vec<TraceBlock>) -> (Vec<Fired>, Vec<TraceBlock>) {
        match &self.collector {
            Some(collector) => collector.collect(fired, traces, self.comm.as_mut()),
            None => (fired, traces),
        }
    }

    /// Advances one epoch, or what is left of the run.
    pub fn advance(&mut self) -> Result<Epoch, EngineError> {
        let steps = self.epoch_steps.min(self.run.steps().saturating_sub(self.step)) as usize;
        let began = Instant::now();
        let before = self.spent.peers_s;
        self.prepare(steps);
        if self.uncoupled {
            self.backend.advance(0..steps, Phase::Whole, &self.inputs, &mut self.outputs)?;
        }
        if self.coupled {
            self.advance_coupled(steps)?;
        }
        self.inputs.heard.clear();
        self.inputs.forget = false;
        let first_step = self.step;
        self.step += steps as u64;
        self.time_ms = self.inputs.times_ms.last().map_or(self.time_ms, |t| next_ms(*t, self.run.dt_ms));
        let fired = self.collect_spikes();
        let computed = Instant::now();
        self.spent.computing_s += (computed - began).as_secs_f64() - (self.spent.peers_s - before);
        self.exchange_spikes(&fired);
        let exchanged = Instant::now();
        self.spent.spikes_s += (exchanged - computed).as_secs_f64();
        let traces = self.traces(first_step);
        let (fired, traces) = self.collected(fired, traces);
        let spikes = self.hand_out(fired);
        self.spent.results_s += exchanged.elapsed().as_secs_f64();
        Ok(Epoch { end_ms: self.time_ms(), spikes, traces })
    }

    /// Step by step: cells see each other's new voltages.
    fn advance_coupled(&mut self, steps: usize) -> Result<(), EngineError> {
        for s in 0..=steps {
            let (phase, range) = match s {
                _ if steps == 0 => return Ok(()),
                0 => (Phase::ToVoltage, 0..1),
                _ if s == steps => (Phase::ToStates, s - 1..s),
                _ => (Phase::ToNextVoltage, s - 1..s + 1),
            };
            self.backend.advance(range, phase, &self.inputs, &mut self.outputs)?;
            if s < steps {
                self.exchange_peers();
            }
        }
        Ok(())
    }

    fn prepare(&mut self, steps: usize) {
        let dt = self.run.dt_ms;
        let times = std::iter::successors(Some(self.time_ms), |t| Some(next_ms(*t, dt)));
        self.inputs.times_ms.clear();
        self.inputs.times_ms.extend(times.take(steps));
        let end = self.inputs.times_ms.last().map_or(self.time_ms, |t| next_ms(*t, dt));
        self.inputs.first_step = self.step;
        let times_ms = &self.inputs.times_ms;
        for (inputs, waveforms) in self.inputs.groups.iter_mut().zip(&self.waveforms) {
            inputs.events.clear();
            inputs.driven.clear();
            for t in times_ms {
                inputs.driven.extend(waveforms.iter().map(|w| w.value(*t, dt)));
            }
        }
        for outputs in &mut self.outputs.groups {
            outputs.spikes.clear();
            outputs.rows.iter_mut().for_each(Vec::clear);
        }
        self.expand_trains(end, Grid::new(self.step, self.time_ms, dt));
        self.queue.take(&self.inputs.times_ms, dt, &mut self.inputs.groups);
        let (last, heard) = (self.step + steps as u64, &mut self.inputs.heard);
        self.later.retain(|later| {
            if later.step <= last {
                heard.push(*later);
            }
            later.step > last
        });
    }

    /// Expands all known spikes up to `end_ms`: no event is due before its spike.
    fn expand_trains(&mut self, end_ms: f64, mut grid: Grid) {
        let Trains { spikes, next } = &mut self.trains;
        while let Some(spike) = spikes.get(*next).filter(|s| s.time_ms <= end_ms) {
            self.queue.push(*spike, &self.connectivity);
            self.later.push(grid.hear(spike));
            *next += 1;
        }
    }

    fn exchange_peers(&mut self) {
        let began = Instant::now();
        self.peers.exchange(self.backend.as_mut(), self.comm.as_mut());
        self.spent.peers_s += began.elapsed().as_secs_f64();
    }

    /// Where this rank's time went.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// What fired in an epoch; before the first one the spikes of t = 0 did.
    fn collect_spikes(&mut self) -> Vec<Fired> {
        let mut spikes = std::mem::take(&mut self.started);
        spikes.extend(self.outputs.groups.iter().flat_map(|g| g.spikes.iter().copied()));
        spikes.sort_by(order);
        self.spikes += spikes.len() as u64;
        spikes
    }

    /// The spikes that are known to be next in time. Cells that live on events fire half a step before the step that
    /// delivers them or later, point neurons at the end of theirs.
    fn hand_out(&mut self, fired: Vec<Fired>) -> Vec<Spike> {
        let mut all = std::mem::take(&mut self.held);
        all.extend(fired);
        all.sort_by(order);
        self.handed_out_ms = if self.is_done() { f64::INFINITY } else { self.time_ms() - 0.5 * self.run.dt_ms };
        self.held = all.split_off(all.partition_point(|fired| fired.spike.time_ms <= self.handed_out_ms));
        all.into_iter().map(|fired| fired.spike).collect()
    }

    /// The spikes that were held back, of a run that ends before its time.
    pub fn rest(&mut self) -> Epoch {
        let spikes = std::mem::take(&mut self.held).into_iter().map(|fired| fired.spike).collect();
        Epoch { end_ms: self.time_ms(), spikes, traces: Vec::new() }
    }

    /// Sends this rank's spikes to others and turns everybody's into events.
    fn exchange_spikes(&mut self, spikes: &[Fired]) {
        let mut fired = self.exchange.exchange(spikes, &self.inputs.times_ms, self.comm.as_mut());
        fired.sort_by(in_sequence);
        let keep_after = self.time_ms() - self.longest_delay_ms - self.run.dt_ms;
        self.recent.retain(|fired| fired.spike.time_ms > keep_after);
        let start_ms = self.inputs.times_ms.first().copied().unwrap_or_default();
        let mut grid = Grid::new(self.inputs.first_step, start_ms, self.run.dt_ms);
        for fired in fired {
            self.queue.push(fired.spike, &self.connectivity);
            self.later.push(grid.hear(&fired.spike));
            if fired.spike.time_ms > keep_after {
                self.recent.push(fired);
            }
        }
        // Stable: simultaneous ones keep their order.
        self.recent.sort_by(|a, b| a.spike.time_ms.total_cmp(&b.spike.time_ms));
    }

    fn traces(&self, first_step: u64) -> Vec<TraceBlock> {
        let mut blocks = Vec::new();
        for (s, sampler) in self.samplers.iter().enumerate() {
            let first_row = sampler.rows_until(first_step);
            let rows = (sampler.rows_until(self.step) - first_row) as usize;
            if rows == 0 {
                continue;
            }
            let columns = sampler.slots.len();
            let mut values = vec![0.0; rows * columns];
            for (group, places) in self.outputs.groups.iter().zip(&self.columns[s]) {
                let chunk = places.len().max(1);
                for (row, from) in group.rows[s].chunks_exact(chunk).enumerate() {
                    places.iter().zip(from).for_each(|(&c, &v)| values[row * columns + c as usize] = v);
                }
            }
            blocks.push(TraceBlock { report: sampler.report, first_row, columns, values });
        }
        blocks
    }
}

impl Trains {
    fn new(trains: Vec<(Gid, Vec<f64>)>) -> Trains {
        // Of simultaneous ones that whose train spiked earlier before: NEURON's VecStim queues its next spike then.
        let mut spikes: Vec<(Spike, f64)> = Vec::new();
        for (gid, times) in trains {
            let before = std::iter::once(f64::NEG_INFINITY).chain(times.iter().copied());
            spikes.extend(times.iter().zip(before).map(|(&time_ms, before)| (Spike { time_ms, gid }, before)));
        }
        spikes.sort_by(|(a, a_before), (b, b_before)| {
            a.time_ms.total_cmp(&b.time_ms).then(a_before.total_cmp(b_before)).then(a.gid.cmp(&b.gid))
        });
        Trains { spikes: spikes.into_iter().map(|(spike, _)| spike).collect(), next: 0 }
    }
}

/// Steps of an epoch: the least delay between simulated cells on any rank, at most an output block.
fn epoch_steps(least_delay_ms: Option<f64>, run: &RunSettings, comm: &mut dyn Communicator) -> u64 {
    let least = comm.min(least_delay_ms.unwrap_or(f64::INFINITY));
    let steps = (least / run.dt_ms + 1e-9).floor();
    (steps.min(MOST_EPOCH_STEPS as f64) as u64).max(1)
}

/// For each group the columns of a sampler that lie there.
fn columns_of(sampler: &Sampler, groups: usize) -> Vec<Vec<u32>> {
    let mut columns = vec![Vec::new(); groups];
    for (column, slot) in sampler.slots.iter().enumerate() {
        columns[slot.group as usize].push(column as u32);
    }
    columns
}

/// Simultaneous spikes in the order of what caused them.
fn in_sequence(a: &Fired, b: &Fired) -> std::cmp::Ordering {
    let cause = a.spike.time_ms.total_cmp(&b.spike.time_ms).then(a.cause.order(&b.cause));
    cause.then(a.spike.gid.cmp(&b.spike.gid))
}

/// Time, then gid; but those that fire at the start of a step after those that did at the end of the step before.
fn order(a: &Fired, b: &Fired) -> std::cmp::Ordering {
    let late = |fired: &Fired| fired.cause == Cause::LAST;
    a.spike.time_ms.total_cmp(&b.spike.time_ms).then(late(a).cmp(&late(b))).then(a.spike.gid.cmp(&b.spike.gid))
}
