//! What is on its way to point neurons: for each step to come the sum of what its events add to each input.
//!
//! Sums are exact (see `tianyan_layout::Wiring`), so that it does not matter when a spike is heard. A row is emptied
//! when its step begins.

use crate::backend::Heard;
use tianyan_layout::Wiring;

/// The steps to come of one table of point neurons.
#[derive(Debug, Clone)]
pub struct Ring {
    /// Step by step; a power of two of rows.
    rows: Vec<f64>,
    /// Numbers in a row: the inputs of all neurons, with padding.
    width: usize,
}

impl Ring {
    /// Nothing on its way; `width` numbers a step.
    pub fn new(wiring: &Wiring, width: usize) -> Ring {
        let steps = (usize::from(wiring.longest_delay_steps()) + 2).next_power_of_two();
        Ring { rows: vec![0.0; steps * width], width }
    }

    /// Nothing is on its way any more.
    pub fn forget(&mut self) {
        self.rows.fill(0.0);
    }

    /// Adds what these spikes do from step `now` on; what was due before has been done. Returns the number of events.
    pub fn hear(&mut self, wiring: &Wiring, heard: &[Heard], now: u64) -> u64 {
        let last = heard.iter().map(|heard| heard.step).max().unwrap_or(0) + u64::from(wiring.longest_delay_steps());
        self.reach((last + 1).saturating_sub(now) as usize, now);
        let mask = self.steps() - 1;
        let (rows, width, mut events) = (&mut self.rows[..], self.width, 0);
        for spike in heard {
            wiring.each(spike.source, |delay, target, weight| {
                let step = spike.step + u64::from(delay);
                if step >= now {
                    events += 1;
                    rows[(step as usize & mask) * width + target as usize] += weight;
                }
            });
        }
        events
    }

    /// Adds what is due in a step to the inputs.
    pub fn take(&mut self, wiring: &Wiring, step: u64, state: &mut [f64]) {
        let first = (step as usize & (self.steps() - 1)) * self.width;
        let row = &mut self.rows[first..first + self.width];
        let neurons = self.width / wiring.inputs.len().max(1);
        for (&input, due) in wiring.inputs.iter().zip(row.chunks_exact_mut(neurons.max(1))) {
            let state = &mut state[input..input + neurons];
            state.iter_mut().zip(&*due).for_each(|(value, due)| *value += due);
            due.fill(0.0);
        }
    }

    fn steps(&self) -> usize {
        (self.rows.len() / self.width.max(1)).max(1)
    }

    /// Makes room for so many steps from `now` on.
    fn reach(&mut self, wanted: usize, now: u64) {
        let before = self.steps();
        if wanted <= before {
            return;
        }
        let after = wanted.next_power_of_two();
        let mut rows = vec![0.0; after * self.width];
        for step in now as usize..now as usize + before {
            let [from, to] = [(step & (before - 1)) * self.width, (step & (after - 1)) * self.width];
            rows[to..to + self.width].copy_from_slice(&self.rows[from..from + self.width]);
        }
        self.rows = rows;
    }
}

#[cfg(test)]
mod tests {
    use super::Ring;

    #[test]
    fn what_is_on_its_way_survives_more_room() {
        let mut ring = Ring { rows: vec![0.0; 4 * 2], width: 2 };
        (7..11u64).for_each(|step| ring.rows[(step as usize & 3) * 2] = step as f64);
        ring.reach(23, 7);
        assert_eq!(ring.steps(), 32);
        let due = |step: u64| ring.rows[(step as usize & 31) * 2];
        assert_eq!((5..13).map(due).collect::<Vec<_>>(), [0.0, 0.0, 7.0, 8.0, 9.0, 10.0, 0.0, 0.0]);
    }
}
