//! Streams of random numbers (Philox): each use of the run's seed has its own, and so has each entry of the config and
//! each cell.

/// Which pairs of cells an entry of `[[connections]]` joins.
pub(crate) const PAIR_STREAM: u32 = 0x1000_0000;
/// Their weights and delays.
pub(crate) const NUMBER_STREAM: u32 = 0x2000_0000;
/// Parameters of a cell's synapses, and of point neurons.
pub(crate) const PARAMETER_STREAM: u32 = 0x3000_0000;
/// Random spikes of an entry of `[[stimuli]]`.
pub(crate) const POISSON_STREAM: u32 = 0x4000_0000;
