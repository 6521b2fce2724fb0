//! Spikes as bytes, on their way to other ranks.

use crate::backend::{Cause, Fired};
use tianyan_model::{Gid, Spike};

/// Bytes of a spike on its way to another rank.
pub const FIRED_BYTES: usize = 28;

/// A spike as bytes.
pub fn encode(fired: &Fired) -> [u8; FIRED_BYTES] {
    let mut bytes = [0; FIRED_BYTES];
    bytes[..8].copy_from_slice(&fired.spike.time_ms.to_le_bytes());
    bytes[8..12].copy_from_slice(&fired.spike.gid.0.to_le_bytes());
    bytes[12..20].copy_from_slice(&fired.cause.emitted_ms.to_le_bytes());
    bytes[20..].copy_from_slice(&fired.cause.sequence.to_le_bytes());
    bytes
}

/// Bytes of [`FIRED_BYTES`] as a spike.
pub fn decode(bytes: &[u8]) -> Fired {
    let eight = |at: usize| {
        let mut number = [0; 8];
        number.copy_from_slice(&bytes[at..at + 8]);
        number
    };
    let mut gid = [0; 4];
    gid.copy_from_slice(&bytes[8..12]);
    let spike = Spike { time_ms: f64::from_le_bytes(eight(0)), gid: Gid(u32::from_le_bytes(gid)) };
    let cause = Cause { emitted_ms: f64::from_le_bytes(eight(12)), sequence: u64::from_le_bytes(eight(20)) };
    Fired { spike, cause }
}
