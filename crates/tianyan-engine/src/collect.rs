//! Results of all ranks, brought together on the one that writes.

use crate::backend::Fired;
use crate::wire::{decode_results, encode_results};
use std::collections::BTreeMap;
use tianyan_comm::Communicator;
use tianyan_model::TraceBlock;

/// Brings spikes and rows to rank 0.
#[derive(Debug, Default)]
pub struct Collector {
    /// On rank 0, for each report and rank the columns that come from there.
    columns: Vec<Vec<Vec<u32>>>,
}

impl Collector {
    /// `rank_of` has for each report the rank of each column; it is asked for on rank 0 alone.
    pub fn new(rank_of: &[Vec<u32>], ranks: usize) -> Collector {
        let of_report = |rank_of: &Vec<u32>| {
            let mut columns = vec![Vec::new(); ranks];
            (0..).zip(rank_of).for_each(|(column, rank)| columns[*rank as usize].push(column));
            columns
        };
        Collector { columns: rank_of.iter().map(of_report).collect() }
    }

    /// All ranks' spikes and rows on rank 0, nothing elsewhere.
    pub fn collect(
        &self,
        fired: Vec<Fired>,
        traces: Vec<TraceBlock>,
        comm: &mut dyn Communicator,
    ) -> (Vec<Fired>, Vec<TraceBlock>) {
        let parts = comm.gather_to_root(&encode_results(&fired, &traces));
        let (mut fired, mut blocks) = (Vec::new(), BTreeMap::new());
        for (rank, part) in parts.iter().enumerate() {
            let (more, traces) = decode_results(part);
            fired.extend(more);
            traces.into_iter().for_each(|block| self.merge(rank, &block, &mut blocks));
        }
        (fired, blocks.into_values().collect())
    }

    fn merge(&self, rank: usize, part: &TraceBlock, blocks: &mut BTreeMap<usize, TraceBlock>) {
        let by_rank = &self.columns[part.report];
        let columns: usize = by_rank.iter().map(Vec::len).sum();
        if part.columns == 0 {
            return;
        }
        let rows = part.values.len() / part.columns;
        let TraceBlock { report, first_row, .. } = *part;
        let empty = TraceBlock { report, first_row, columns, values: vec![0.0; rows * columns] };
        let whole = blocks.entry(part.report).or_insert(empty);
        for (row, values) in part.values.chunks_exact(part.columns).enumerate() {
            for (column, value) in by_rank[rank].iter().zip(values) {
                whole.values[row * columns + *column as usize] = *value;
            }
        }
    }
}
