//! Spikes on the grid of steps, as point neurons hear them.

use crate::backend::Heard;
use crate::events::is_due;
use crate::step::next_ms;
use tianyan_model::Spike;

/// Walks along the steps with spikes in the order of their times.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    step: u64,
    start_ms: f64,
    dt_ms: f64,
}

/// So many steps are walked; what lies farther off is found by division.
const LONGEST_WALK: f64 = 1e7;

impl Grid {
    /// From a step that starts at that time on.
    pub fn new(step: u64, start_ms: f64, dt_ms: f64) -> Grid {
        Grid { step, start_ms, dt_ms }
    }

    /// From the last step that starts before a time, or the first one.
    pub fn before(time_ms: f64, dt_ms: f64) -> Grid {
        let mut grid = Grid::new(0, 0.0, dt_ms);
        loop {
            let next = next_ms(grid.start_ms, dt_ms);
            if next >= time_ms {
                return grid;
            }
            (grid.step, grid.start_ms) = (grid.step + 1, next);
        }
    }

    /// The step in which events of that time are delivered (the one whose middle is not before it), or the first one.
    pub fn hear(&mut self, spike: &Spike) -> Heard {
        let away = (spike.time_ms - self.start_ms) / self.dt_ms;
        if away > LONGEST_WALK {
            return Heard { source: spike.gid, step: self.step.saturating_add(away as u64) };
        }
        while !is_due(spike.time_ms, self.start_ms, self.dt_ms) && spike.time_ms.is_finite() {
            self.start_ms = next_ms(self.start_ms, self.dt_ms);
            self.step += 1;
        }
        Heard { source: spike.gid, step: self.step }
    }
}

#[cfg(test)]
mod tests {
    use super::Grid;
    use crate::events::is_due;
    use crate::step::next_ms;
    use tianyan_model::{Gid, Spike};

    #[test]
    fn steps_are_those_in_which_events_are_delivered() {
        let dt_ms = 0.1;
        let starts: Vec<f64> = std::iter::successors(Some(0.0), |t| Some(next_ms(*t, dt_ms))).take(2000).collect();
        let mut grid = Grid::new(0, 0.0, dt_ms);
        // Half steps, where rounding decides.
        for k in 0..3000 {
            let time_ms = f64::from(k) * 0.05;
            let wanted = starts.iter().position(|start| is_due(time_ms, *start, dt_ms)).unwrap();
            assert_eq!(grid.hear(&Spike { time_ms, gid: Gid(0) }).step, wanted as u64, "{time_ms} ms");
        }
        let far = |time_ms| Grid::new(7, 0.0, dt_ms).hear(&Spike { time_ms, gid: Gid(0) }).step;
        assert_eq!((far(f64::INFINITY), far(-1.0)), (u64::MAX, 7));
    }
}
