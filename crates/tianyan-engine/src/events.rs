//! From spikes to the events of an epoch.

use crate::backend::{Event, GroupInputs};
use tianyan_layout::Connectivity;
use tianyan_model::{Gid, Spike};

/// An event that is not yet due, with the keys that order it.
#[derive(Debug, Clone, Copy)]
struct Pending {
    group: u32,
    source: Gid,
    connection: u32,
    event: Event,
}

/// Events on their way. Filled from spikes, emptied epoch by epoch.
#[derive(Debug, Default)]
pub struct Queue {
    pending: Vec<Pending>,
    /// Events handed to backends so far.
    pub delivered: u64,
}

impl Queue {
    /// Expands a spike into the events of all its connections on this rank.
    pub fn push(&mut self, spike: Spike, connectivity: &Connectivity) {
        for (target, connection) in connectivity.targets(spike.gid).iter().zip(0..) {
            let event = Event {
                step: 0,
                table: u32::from(target.table),
                instance: target.instance,
                argument: target.argument,
                time_ms: spike.time_ms + target.delay_ms,
            };
            self.pending.push(Pending { group: target.group, source: spike.gid, connection, event });
        }
    }

    /// Drops the events that were due before `step`: a snapshot's state already holds what they did.
    pub fn forget_before(&mut self, step: u64, dt_ms: f64) {
        self.pending.retain(|pending| step_of(pending.event.time_ms, dt_ms) >= step);
    }

    /// Moves the events that are due in the steps `first_step .. first_step + steps` into the groups' inputs.
    pub fn take(&mut self, first_step: u64, steps: usize, dt_ms: f64, groups: &mut [GroupInputs]) {
        let last = first_step + steps as u64;
        let mut due: Vec<Pending> = Vec::new();
        self.pending.retain(|pending| {
            let step = step_of(pending.event.time_ms, dt_ms).max(first_step);
            if step >= last {
                return true;
            }
            let event = Event { step: (step - first_step) as u32, ..pending.event };
            due.push(Pending { event, ..*pending });
            false
        });
        due.sort_unstable_by(|a, b| {
            let key = |p: &Pending| (p.group, p.event.step, p.event.table, p.event.instance);
            key(a)
                .cmp(&key(b))
                .then(a.event.time_ms.total_cmp(&b.event.time_ms))
                .then(a.source.cmp(&b.source))
                .then(a.connection.cmp(&b.connection))
        });
        self.delivered += due.len() as u64;
        for pending in due {
            groups[pending.group as usize].events.push(pending.event);
        }
    }
}

/// The step at whose start an event of time `te` is delivered: the first n with te <= n*dt + dt/2.
fn step_of(time_ms: f64, dt_ms: f64) -> u64 {
    let reached = |n: f64| time_ms <= n * dt_ms + 0.5 * dt_ms;
    let mut n = (time_ms / dt_ms - 0.5).ceil().max(0.0);
    while !reached(n) {
        n += 1.0;
    }
    while n > 0.0 && reached(n - 1.0) {
        n -= 1.0;
    }
    n as u64
}

#[cfg(test)]
mod tests {
    use super::step_of;

    #[test]
    fn events_act_in_the_step_whose_first_half_holds_them() {
        assert_eq!(step_of(0.0, 0.1), 0);
        assert_eq!(step_of(0.05, 0.1), 0);
        assert_eq!(step_of(0.05 + 1e-9, 0.1), 1);
        // A threshold spike with delay dt/2 misses the current step: it carries 1e-10 more.
        assert_eq!(step_of(1.0 + 1e-10 + 0.05, 0.1), 11);
        assert_eq!(step_of(1.0 + 1e-10 + 0.04, 0.1), 10);
    }
}
