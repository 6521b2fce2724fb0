//! Streams of random numbers: one for each purpose, so that a change of one leaves the others as they are.

/// What numbers are drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
#[allow(missing_docs)]
pub enum Purpose {
    Position = 1,
    Variant,
    Property,
    Edges,
    Totals,
    Spikes,
}

/// The stream of a purpose; `number` (below 2^24) tells apart the rules or inputs of a file.
pub fn stream(purpose: Purpose, number: u32) -> u32 {
    (purpose as u32) << 24 | (number & 0x00ff_ffff)
}
