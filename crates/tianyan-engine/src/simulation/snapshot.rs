//! The state of a simulation at an epoch's border, out and in.

use super::{Simulation, in_sequence};
use crate::EngineError;
use crate::backend::{Cause, Fired};
use crate::events::Queue;
use crate::exchange::Way;
use crate::grid::Grid;
use crate::step::next_ms;
use crate::wire::{decode_cells, decode_results, encode_cells, encode_results};
use std::collections::BTreeSet;
use tianyan_layout::{Slot, cell_slots};
use tianyan_model::{CellState, Gid, Snapshot, Spike};

impl Simulation {
    /// Everything that changes, in an order that no layout can change, and the spikes still on their way: of all ranks on
    /// rank 0, of nothing elsewhere. All ranks ask together.
    pub fn snapshot(&mut self) -> Snapshot {
        let mut cells: Vec<CellState> = (0..self.comm.size()).flat_map(|rank| self.cells_of(rank)).collect();
        cells.sort_by_key(|cell| cell.gid);
        let spikes = self.recent_spikes();
        Snapshot { step: self.step, cells, spikes, handed_out_ms: self.handed_out_ms }
    }

    /// The state of the cells of a rank, on rank 0; nothing elsewhere. All ranks ask together, for one rank after the
    /// other, so that no rank must hold them all.
    pub fn cells_of(&mut self, rank: usize) -> Vec<CellState> {
        let here = self.comm.rank();
        let own = if here == rank { self.own_cells() } else { Vec::new() };
        match (here, rank) {
            (0, 0) => own,
            (0, _) => self.comm.exchange(Vec::new(), &[rank]).iter().flat_map(|part| decode_cells(part)).collect(),
            _ if here == rank => {
                self.comm.exchange(vec![(0, encode_cells(&own))], &[]);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn own_cells(&self) -> Vec<CellState> {
        let cell = |(gid, slots): (Gid, Vec<Slot>)| {
            let mut values = vec![0.0; slots.len()];
            self.backend.gather(&slots, &mut values);
            CellState { gid, values }
        };
        cell_slots(&self.layouts).into_iter().map(cell).collect()
    }

    /// The spikes of all cells that are younger than the longest delay, in their order, on rank 0. All ranks ask together.
    pub fn recent_spikes(&mut self) -> Vec<Spike> {
        // Elsewhere rank 0 has them all.
        if self.exchange.way != Way::ToListeners {
            return self.recent.iter().map(|fired| fired.spike).collect();
        }
        let own: BTreeSet<Gid> = cell_slots(&self.layouts).into_keys().collect();
        let own: Vec<Fired> = self.recent.iter().filter(|fired| own.contains(&fired.spike.gid)).copied().collect();
        let parts = self.comm.gather_to_root(&encode_results(&own, &[]));
        let mut all: Vec<Fired> = parts.iter().flat_map(|part| decode_results(part).0).collect();
        all.sort_by(in_sequence);
        all.into_iter().map(|fired| fired.spike).collect()
    }

    /// Up to then all spikes were handed out, ms.
    pub fn handed_out_ms(&self) -> f64 {
        self.handed_out_ms
    }

    /// Counts spikes from this number of all ranks on.
    pub fn count_spikes_from(&mut self, spikes: u64) {
        self.spikes = if self.comm.rank() == 0 { spikes } else { 0 };
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
        self.time_ms = (0..snapshot.step).fold(0.0, |t, _| next_ms(t, self.run.dt_ms));
        let before = (1..snapshot.step).fold(0.0, |t, _| next_ms(t, self.run.dt_ms));
        self.queue = Queue::default();
        self.inputs.heard.clear();
        self.later.clear();
        self.inputs.forget = true;
        self.trains.next = 0;
        let of_snapshot = |spike: &Spike| Fired { spike: *spike, cause: Cause::NONE };
        self.recent = snapshot.spikes.iter().map(of_snapshot).collect();
        // What fired at t = 0 is still to be handed out at step 0.
        if snapshot.step > 0 {
            self.started.clear();
        }
        let now = self.time_ms();
        let oldest = now - self.longest_delay_ms - self.run.dt_ms;
        self.trains.next = self.trains.spikes.partition_point(|s| s.time_ms < oldest);
        // Of simultaneous spikes the known ones come first, as in a run without a stop.
        self.expand_trains(now, Grid::before(oldest, self.run.dt_ms));
        let mut grid = Grid::before(oldest, self.run.dt_ms);
        for spike in &snapshot.spikes {
            self.queue.push(*spike, &self.connectivity);
            self.later.push(grid.hear(spike));
        }
        if snapshot.step > 0 {
            self.queue.forget_until(before, self.run.dt_ms);
        }
        self.handed_out_ms = snapshot.handed_out_ms;
        if snapshot.step > 0 {
            // Rank 0 has late ones of all ranks, if it collects.
            let (collects, is_root) = (self.collector.is_some(), self.comm.rank() == 0);
            let hands_out = |gid: &Gid| if collects { is_root } else { slots_of.contains_key(gid) };
            let is_late = |spike: &&Spike| spike.time_ms > self.handed_out_ms && hands_out(&spike.gid);
            self.held = snapshot.spikes.iter().filter(is_late).map(of_snapshot).collect();
        }
        // What cells see of each other is theirs, and restored with them.
        Ok(())
    }
}
