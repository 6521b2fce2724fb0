//! What ranks tell each other, as 64-bit words.
//!
//! Spikes of an epoch are one word each, `gid << 32 | step of the epoch`, if all are those of threshold detectors; else
//! four: the time's bits, the gid, and the two halves of the cause.

use crate::backend::{Cause, Fired};
use crate::step::DETECTION_DELAY_MS;
use tianyan_model::{CellState, Gid, Spike, TraceBlock};

/// First word of a message of spikes on the grid.
const ON_GRID: u64 = 1;
/// First word of one of any spikes.
const EXACT: u64 = 0;

/// Spikes of an epoch whose steps start at `times_ms`.
pub fn encode_spikes<'a>(fired: impl Iterator<Item = &'a Fired> + Clone, times_ms: &[f64]) -> Vec<u8> {
    let on_grid: Option<Vec<u64>> = fired.clone().map(|fired| grid_word(fired, times_ms)).collect();
    match on_grid {
        Some(words) if words.is_empty() => Vec::new(),
        Some(words) => to_bytes(std::iter::once(ON_GRID).chain(words)),
        None => to_bytes(std::iter::once(EXACT).chain(fired.flat_map(exact_words))),
    }
}

/// Spikes of an epoch, decoded.
pub fn decode_spikes(bytes: &[u8], times_ms: &[f64]) -> Vec<Fired> {
    let mut words = words(bytes);
    match words.next() {
        Some(ON_GRID) => words.map(|word| from_grid(word, times_ms)).collect(),
        _ => exact(&mut words, usize::MAX),
    }
}

fn grid_word(fired: &Fired, times_ms: &[f64]) -> Option<u64> {
    let after = times_ms.partition_point(|start| start + DETECTION_DELAY_MS <= fired.spike.time_ms);
    let step = after.checked_sub(1)?;
    let is_exact = times_ms[step] + DETECTION_DELAY_MS == fired.spike.time_ms && fired.cause == Cause::NONE;
    is_exact.then_some(u64::from(fired.spike.gid.0) << 32 | step as u64)
}

fn from_grid(word: u64, times_ms: &[f64]) -> Fired {
    let start = times_ms.get((word & u64::from(u32::MAX)) as usize).copied().unwrap_or(f64::NAN);
    let spike = Spike { time_ms: start + DETECTION_DELAY_MS, gid: Gid((word >> 32) as u32) };
    Fired { spike, cause: Cause::NONE }
}

fn exact_words(fired: &Fired) -> [u64; 4] {
    let Fired { spike, cause } = fired;
    [spike.time_ms.to_bits(), u64::from(spike.gid.0), cause.emitted_ms.to_bits(), cause.sequence]
}

fn exact(words: &mut impl Iterator<Item = u64>, most: usize) -> Vec<Fired> {
    let mut next = || {
        let [time, gid, emitted, sequence] = [words.next()?, words.next()?, words.next()?, words.next()?];
        let spike = Spike { time_ms: f64::from_bits(time), gid: Gid(gid as u32) };
        Some(Fired { spike, cause: Cause { emitted_ms: f64::from_bits(emitted), sequence } })
    };
    std::iter::from_fn(&mut next).take(most).collect()
}

/// Spikes and rows of one rank, for the rank that writes.
pub fn encode_results(fired: &[Fired], traces: &[TraceBlock]) -> Vec<u8> {
    let spikes = std::iter::once(fired.len() as u64).chain(fired.iter().flat_map(exact_words));
    let block = |block: &TraceBlock| {
        let head = [block.report as u64, block.first_row, block.columns as u64, block.values.len() as u64];
        head.into_iter().chain(block.values.iter().map(|value| value.to_bits())).collect::<Vec<u64>>()
    };
    to_bytes(spikes.chain(traces.iter().flat_map(block)))
}

/// What [`encode_results`] made.
pub fn decode_results(bytes: &[u8]) -> (Vec<Fired>, Vec<TraceBlock>) {
    let mut words = words(bytes);
    let count = words.next().unwrap_or(0) as usize;
    let fired = exact(&mut words, count);
    let mut traces = Vec::new();
    while let Some(report) = words.next() {
        let [first_row, columns, values] = [words.next(), words.next(), words.next()].map(Option::unwrap_or_default);
        let values = words.by_ref().take(values as usize).map(f64::from_bits).collect();
        traces.push(TraceBlock { report: report as usize, first_row, columns: columns as usize, values });
    }
    (fired, traces)
}

/// States of cells.
pub fn encode_cells(cells: &[CellState]) -> Vec<u8> {
    let words = |cell: &CellState| {
        let head = [u64::from(cell.gid.0), cell.values.len() as u64];
        head.into_iter().chain(cell.values.iter().map(|value| value.to_bits())).collect::<Vec<u64>>()
    };
    to_bytes(cells.iter().flat_map(words))
}

/// What [`encode_cells`] made.
pub fn decode_cells(bytes: &[u8]) -> Vec<CellState> {
    let (mut words, mut cells) = (words(bytes), Vec::new());
    while let Some(gid) = words.next() {
        let count = words.next().unwrap_or(0) as usize;
        let values = words.by_ref().take(count).map(f64::from_bits).collect();
        cells.push(CellState { gid: Gid(gid as u32), values });
    }
    cells
}

/// Numbers as bytes.
pub fn encode_numbers(numbers: impl Iterator<Item = f64>) -> Vec<u8> {
    to_bytes(numbers.map(f64::to_bits))
}

/// Bytes as numbers.
pub fn decode_numbers(bytes: &[u8]) -> impl Iterator<Item = f64> {
    words(bytes).map(f64::from_bits)
}

/// Gids as bytes.
pub fn encode_gids(gids: &[Gid]) -> Vec<u8> {
    to_bytes(gids.iter().map(|gid| u64::from(gid.0)))
}

/// Bytes as gids.
pub fn decode_gids(bytes: &[u8]) -> impl Iterator<Item = Gid> {
    words(bytes).map(|word| Gid(word as u32))
}

fn to_bytes(words: impl Iterator<Item = u64>) -> Vec<u8> {
    words.flat_map(u64::to_le_bytes).collect()
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks_exact(8).map(|bytes| {
        let mut word = [0; 8];
        word.copy_from_slice(bytes);
        u64::from_le_bytes(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fired(time_ms: f64, gid: u32, cause: Cause) -> Fired {
        Fired { spike: Spike { time_ms, gid: Gid(gid) }, cause }
    }

    #[test]
    fn spikes_of_detectors_are_one_word() {
        let times_ms = [1.0, 1.025, 1.05];
        let all =
            [fired(1.0 + DETECTION_DELAY_MS, 7, Cause::NONE), fired(1.05 + DETECTION_DELAY_MS, u32::MAX, Cause::NONE)];
        let bytes = encode_spikes(all.iter(), &times_ms);
        assert_eq!(bytes.len(), 24);
        assert_eq!(decode_spikes(&bytes, &times_ms), all);
        let exact = [all[0], fired(1.03, 3, Cause { emitted_ms: 0.5, sequence: 9 }), fired(0.0, 1, Cause::LAST)];
        assert_eq!(decode_spikes(&encode_spikes(exact.iter(), &times_ms), &times_ms), exact);
        assert_eq!(encode_spikes([].iter(), &times_ms), [0_u8; 0]);
        assert_eq!(decode_spikes(&[], &times_ms), []);
    }

    #[test]
    fn results_come_back() {
        let spikes = [fired(1.03, 3, Cause::NONE), fired(2.0, 4, Cause::BEFORE)];
        let block = |report, values: &[f64]| TraceBlock { report, first_row: 5, columns: 2, values: values.to_vec() };
        let traces = [block(1, &[1.0, -0.0, f64::INFINITY, 4.0]), block(3, &[])];
        let (fired, back) = decode_results(&encode_results(&spikes, &traces));
        assert_eq!((fired, back), (spikes.to_vec(), traces.to_vec()));
        let cells = [CellState { gid: Gid(1), values: vec![] }, CellState { gid: Gid(9), values: vec![1.0, 2.0] }];
        assert_eq!(decode_cells(&encode_cells(&cells)), cells);
    }
}
