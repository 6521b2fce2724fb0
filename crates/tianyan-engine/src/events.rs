//! From spikes to the events of an epoch.
//!
//! Events that reach an instance at the same time are taken in the order of the spikes they come from: the earlier
//! first, and of simultaneous spikes in the order of what caused these, as a queue of one process would have them
//! (NEURON's), whatever ranks and threads they come from.

use crate::backend::{Cause, Event, GroupInputs};
use tianyan_layout::Connectivity;
use tianyan_model::Spike;

/// An event that is not yet due, with the keys that order it.
#[derive(Debug, Clone, Copy)]
struct Pending {
    group: u32,
    connection: u32,
    event: Event,
}

/// Events on their way. Filled from spikes, emptied epoch by epoch.
#[derive(Debug, Default)]
pub struct Queue {
    pending: Vec<Pending>,
    /// Spikes expanded so far.
    sequence: u64,
    /// Events made of spikes so far.
    pub expanded: u64,
    /// Events handed to backends so far.
    pub delivered: u64,
}

impl Queue {
    /// Expands a spike into the events of all its connections on this rank. Simultaneous spikes come in their order.
    pub fn push(&mut self, spike: Spike, connectivity: &Connectivity) {
        let cause = Cause { emitted_ms: spike.time_ms, sequence: self.sequence };
        self.sequence += 1;
        for (target, connection) in connectivity.targets(spike.gid).iter().zip(0..) {
            let event = Event {
                step: 0,
                table: u32::from(target.table),
                instance: target.instance,
                argument: target.argument,
                time_ms: spike.time_ms + target.delay_ms,
                cause,
            };
            self.pending.push(Pending { group: target.group, connection, event });
            self.expanded += 1;
        }
    }

    /// Events on their way.
    pub fn pending(&self) -> u64 {
        self.pending.len() as u64
    }

    /// Drops the events that were due in a step that starts at `t_ms` or before: a snapshot's state already holds
    /// what they did.
    pub fn forget_until(&mut self, t_ms: f64, dt_ms: f64) {
        self.pending.retain(|pending| !is_due(pending.event.time_ms, t_ms, dt_ms));
        self.expanded = self.pending();
    }

    /// Moves the events that are due in the steps that start at `times_ms` into the groups' inputs.
    pub fn take(&mut self, times_ms: &[f64], dt_ms: f64, groups: &mut [GroupInputs]) {
        let mut due: Vec<Pending> = Vec::new();
        self.pending.retain(|pending| {
            let step = times_ms.partition_point(|t| !is_due(pending.event.time_ms, *t, dt_ms));
            if step == times_ms.len() {
                return true;
            }
            let event = Event { step: step as u32, ..pending.event };
            due.push(Pending { event, ..*pending });
            false
        });
        due.sort_unstable_by(|a, b| {
            let key = |p: &Pending| (p.group, p.event.step, p.event.table, p.event.instance);
            key(a)
                .cmp(&key(b))
                .then(a.event.time_ms.total_cmp(&b.event.time_ms))
                .then(a.event.cause.order(&b.event.cause))
                .then(a.connection.cmp(&b.connection))
        });
        self.delivered += due.len() as u64;
        for pending in due {
            groups[pending.group as usize].events.push(pending.event);
        }
    }
}

/// Whether an event is due in the step that starts at `t_ms`, or was before: its time is not after the middle.
pub fn is_due(time_ms: f64, t_ms: f64, dt_ms: f64) -> bool {
    time_ms <= t_ms + 0.5 * dt_ms
}

#[cfg(test)]
mod tests {
    use super::is_due;
    use crate::step::next_ms;

    fn step_of(time_ms: f64) -> usize {
        let starts = std::iter::successors(Some(0.0), |t| Some(next_ms(*t, 0.1)));
        starts.take(1000).position(|t| is_due(time_ms, t, 0.1)).unwrap()
    }

    #[test]
    fn events_act_in_the_step_whose_first_half_holds_them() {
        assert_eq!(step_of(0.0), 0);
        assert_eq!(step_of(0.05), 0);
        assert_eq!(step_of(0.05 + 1e-9), 1);
        // A threshold spike with delay dt/2 misses the current step: it carries 1e-10 more.
        assert_eq!(step_of(1.0 + 1e-10 + 0.05), 11);
        assert_eq!(step_of(1.0 + 1e-10 + 0.04), 10);
    }

    #[test]
    fn middles_are_those_of_neurons_sums() {
        // After 616 steps of 0.1 ms the sum is 61.59999999999864: 59.65 + 2 ms is taken a step later.
        assert_eq!(step_of(59.65 + 2.0), 617);
    }
}
