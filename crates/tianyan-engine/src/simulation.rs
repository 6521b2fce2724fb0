//! The loop over epochs.

use crate::backend::{Backend, GroupInputs, GroupOutputs, Inputs, Outputs, Phase};
use crate::events::Queue;
use crate::{EngineError, start};
use std::sync::Arc;
use tianyan_comm::Communicator;
use tianyan_layout::{Connectivity, Layout, Network, Sampler, Slot, cell_slots};
use tianyan_model::{CellState, Epoch, Gid, RunSettings, Snapshot, Spike, TraceBlock, Waveform};

/// Steps after which an epoch ends where no delay says so: the block in which output is written.
const OUTPUT_BLOCK_STEPS: u64 = 400;

/// A network in motion.
pub struct Simulation {
    backend: Box<dyn Backend>,
    comm: Box<dyn Communicator>,
    run: RunSettings,
    step: u64,
    epoch_steps: u64,
    connectivity: Connectivity,
    waveforms: Vec<Vec<Waveform>>,
    peers_from: Vec<Slot>,
    peers_to: Vec<Slot>,
    peer_values: Vec<f64>,
    coupled: bool,
    uncoupled: bool,
    samplers: Vec<Sampler>,
    columns: Vec<Vec<Vec<u32>>>,
    layouts: Vec<Arc<Layout>>,
    queue: Queue,
    recent: Vec<Spike>,
    trains: Trains,
    inputs: Inputs,
    outputs: Outputs,
    /// Spikes of t = 0, until the first epoch hands them out.
    first_spikes: Vec<Spike>,
    spikes: u64,
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
        let start = start::initialise(&mut network, backend.target().threads);
        if let Some((group, overflow)) = &start.overflow {
            return Err(EngineError::self_events(&network.groups[*group].layout, overflow));
        }
        let layouts = network.groups.iter().map(|group| group.layout.clone()).collect();
        let group_count = network.groups.len();
        let coupled = network.groups.iter().any(|g| g.layout.coupled);
        let uncoupled = network.groups.iter().any(|g| !g.layout.coupled);
        let epoch_steps = epoch_steps(network.least_delay_ms, run, comm.as_mut());
        let columns = network.samplers.iter().map(|s| columns_of(s, group_count)).collect();
        backend.load(network.groups)?;
        backend.set_probes(&network.samplers);
        let outputs = GroupOutputs { spikes: Vec::new(), rows: vec![Vec::new(); network.samplers.len()] };
        Ok(Simulation {
            backend,
            comm,
            run: run.clone(),
            step: 0,
            epoch_steps,
            connectivity: network.connectivity,
            waveforms: network.waveforms,
            peers_from: network.peers.iter().map(|p| p.from).collect(),
            peers_to: network.peers.iter().map(|p| p.to).collect(),
            peer_values: vec![0.0; network.peers.len()],
            coupled,
            uncoupled,
            samplers: network.samplers,
            columns,
            layouts,
            queue: Queue::default(),
            recent: Vec::new(),
            trains: Trains::new(network.trains),
            inputs: Inputs { first_step: 0, groups: vec![GroupInputs::default(); group_count] },
            outputs: Outputs { groups: vec![outputs; group_count] },
            first_spikes: start.spikes,
            spikes: 0,
        })
    }

    /// Model time, ms.
    pub fn time_ms(&self) -> f64 {
        self.step as f64 * self.run.dt_ms
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

    /// Row 0 of every report that begins at t = 0.
    pub fn first_rows(&self) -> Epoch {
        let row = |(i, sampler): (usize, &Sampler)| {
            let mut values = vec![0.0; sampler.slots.len()];
            self.backend.gather(&sampler.slots, &mut values);
            TraceBlock { report: self.samplers[i].report, first_row: 0, columns: sampler.slots.len(), values }
        };
        let due = self.samplers.iter().enumerate().filter(|(_, sampler)| sampler.is_due(0));
        Epoch { end_ms: 0.0, spikes: Vec::new(), traces: due.map(row).collect() }
    }

    /// Advances one epoch, or what is left of the run.
    pub fn advance(&mut self) -> Result<Epoch, EngineError> {
        let steps = self.epoch_steps.min(self.run.steps().saturating_sub(self.step)) as usize;
        self.prepare(steps);
        if self.uncoupled {
            self.backend.advance(0..steps, Phase::Whole, &self.inputs, &mut self.outputs)?;
        }
        if self.coupled {
            for s in 0..steps {
                self.backend.advance(s..s + 1, Phase::ToVoltage, &self.inputs, &mut self.outputs)?;
                self.exchange_peers();
                self.backend.advance(s..s + 1, Phase::ToStates, &self.inputs, &mut self.outputs)?;
            }
        }
        let first_step = self.step;
        self.step += steps as u64;
        let spikes = self.collect_spikes();
        self.exchange_spikes(&spikes);
        Ok(Epoch { end_ms: self.time_ms(), spikes, traces: self.traces(first_step) })
    }

    /// Everything that changes, in an order that no layout can change, and the spikes still on their way.
    pub fn snapshot(&self) -> Snapshot {
        let cell = |(gid, slots): (Gid, Vec<Slot>)| {
            let mut values = vec![0.0; slots.len()];
            self.backend.gather(&slots, &mut values);
            CellState { gid, values }
        };
        let cells = cell_slots(&self.layouts).into_iter().map(cell).collect();
        Snapshot { step: self.step, cells, spikes: self.recent.clone() }
    }

    /// Continues from a snapshot of the same model, made by any layout on any number of ranks.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), EngineError> {
        let slots_of = cell_slots(&self.layouts);
        for cell in &snapshot.cells {
            let Some(slots) = slots_of.get(&cell.gid) else { continue };
            if slots.len() != cell.values.len() {
                let message = format!("gid {} has {} numbers, not {}", cell.gid.0, slots.len(), cell.values.len());
                return Err(EngineError::Layout(message));
            }
            self.backend.scatter(slots, &cell.values);
        }
        self.step = snapshot.step;
        self.queue = Queue::default();
        self.trains.next = 0;
        self.recent = snapshot.spikes.clone();
        let now = self.time_ms();
        let before = now - self.connectivity.longest_delay_ms() - self.run.dt_ms;
        self.trains.next = self.trains.spikes.partition_point(|s| s.time_ms < before);
        for spike in &snapshot.spikes {
            self.queue.push(*spike, &self.connectivity);
        }
        self.trains.expand(now, &mut self.queue, &self.connectivity);
        self.queue.forget_before(snapshot.step, self.run.dt_ms);
        self.exchange_peers();
        Ok(())
    }

    fn prepare(&mut self, steps: usize) {
        let dt = self.run.dt_ms;
        let end = (self.step + steps as u64) as f64 * dt;
        self.inputs.first_step = self.step;
        for (inputs, waveforms) in self.inputs.groups.iter_mut().zip(&self.waveforms) {
            inputs.events.clear();
            inputs.driven.clear();
            for s in 0..steps {
                let t = (self.step + s as u64) as f64 * dt;
                inputs.driven.extend(waveforms.iter().map(|w| w.value(t, dt)));
            }
        }
        for outputs in &mut self.outputs.groups {
            outputs.spikes.clear();
            outputs.rows.iter_mut().for_each(Vec::clear);
        }
        self.trains.expand(end, &mut self.queue, &self.connectivity);
        self.queue.take(self.step, steps, dt, &mut self.inputs.groups);
    }

    fn exchange_peers(&mut self) {
        self.backend.gather(&self.peers_from, &mut self.peer_values);
        self.backend.scatter(&self.peers_to, &self.peer_values);
    }

    fn collect_spikes(&mut self) -> Vec<Spike> {
        let mut spikes = std::mem::take(&mut self.first_spikes);
        spikes.extend(self.outputs.groups.iter().flat_map(|g| g.spikes.iter().copied()));
        spikes.sort_by(|a, b| a.time_ms.total_cmp(&b.time_ms).then(a.gid.cmp(&b.gid)));
        self.spikes += spikes.len() as u64;
        spikes
    }

    /// Sends this rank's spikes to all ranks and turns everybody's into events.
    fn exchange_spikes(&mut self, spikes: &[Spike]) {
        let bytes: Vec<u8> = spikes.iter().flat_map(encode).collect();
        self.comm.start_exchange(vec![bytes; self.comm.size()]);
        let received = self.comm.finish_exchange();
        let keep_after = self.time_ms() - self.connectivity.longest_delay_ms() - self.run.dt_ms;
        self.recent.retain(|s| s.time_ms > keep_after);
        for spike in received.iter().flat_map(|bytes| bytes.chunks_exact(16)).map(decode) {
            self.queue.push(spike, &self.connectivity);
            if spike.time_ms > keep_after {
                self.recent.push(spike);
            }
        }
        self.recent.sort_by(|a, b| a.time_ms.total_cmp(&b.time_ms).then(a.gid.cmp(&b.gid)));
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
        let mut spikes: Vec<Spike> = trains
            .into_iter()
            .flat_map(|(gid, times)| times.into_iter().map(move |time_ms| Spike { time_ms, gid }))
            .collect();
        spikes.sort_by(|a, b| a.time_ms.total_cmp(&b.time_ms).then(a.gid.cmp(&b.gid)));
        Trains { spikes, next: 0 }
    }

    /// Expands all spikes up to `end_ms`: no event is due before its spike.
    fn expand(&mut self, end_ms: f64, queue: &mut Queue, connectivity: &Connectivity) {
        while let Some(spike) = self.spikes.get(self.next).filter(|s| s.time_ms <= end_ms) {
            queue.push(*spike, connectivity);
            self.next += 1;
        }
    }
}

/// Steps of an epoch: the least delay between simulated cells on any rank, at most an output block.
fn epoch_steps(least_delay_ms: Option<f64>, run: &RunSettings, comm: &mut dyn Communicator) -> u64 {
    let least = comm.min(least_delay_ms.unwrap_or(f64::INFINITY));
    let steps = (least / run.dt_ms + 1e-9).floor();
    (steps.min(OUTPUT_BLOCK_STEPS as f64) as u64).max(1)
}

/// For each group the columns of a sampler that lie there.
fn columns_of(sampler: &Sampler, groups: usize) -> Vec<Vec<u32>> {
    let mut columns = vec![Vec::new(); groups];
    for (column, slot) in sampler.slots.iter().enumerate() {
        columns[slot.group as usize].push(column as u32);
    }
    columns
}

fn encode(spike: &Spike) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&spike.time_ms.to_le_bytes());
    bytes[8..12].copy_from_slice(&spike.gid.0.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Spike {
    let (mut time, mut gid) = ([0; 8], [0; 4]);
    time.copy_from_slice(&bytes[..8]);
    gid.copy_from_slice(&bytes[8..12]);
    Spike { time_ms: f64::from_le_bytes(time), gid: Gid(u32::from_le_bytes(gid)) }
}
