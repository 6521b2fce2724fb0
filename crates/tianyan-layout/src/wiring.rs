//! Connections onto point neurons whose events only add to inputs ([`tianyan_nmodl::Inputs`]): of each there is kept
//! which neuron and input it ends at, its delay in steps, and what it adds.
//!
//! # Sums that do not depend on their order
//!
//! Events that arrive in a step are summed as they come, whatever rank, thread and epoch they come from. So that the
//! sum is the same in any order, what the connections of one neuron add to one input is rounded to multiples of the
//! power of two below which 53 bits hold all of them together ([`BURST`] times over): no partial sum is rounded then.
//! The price is at most 2^-49 of a neuron's only weight, and 2^-38 of each of 4,000 equal ones. A source that spikes
//! more often than that in one step brings rounding back, and with it the order.

use crate::cells::Addresses;
use crate::gather::Synapse;
use crate::group::Layout;
use rayon::prelude::*;
use tianyan_model::{Gid, Problem, Problems};
use tianyan_nmodl::Inputs;

/// Times that all sources of a neuron may spike in a step with sums still exact.
const BURST: f64 = 16.0;

/// Numbers in 32 bits as long as that loses nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Weights {
    /// All are 32-bit numbers.
    Single(Vec<f32>),
    /// Some are not.
    Double(Vec<f64>),
}

impl Default for Weights {
    fn default() -> Weights {
        Weights::Single(Vec::new())
    }
}

impl Weights {
    fn push(&mut self, weight: f64) {
        match self {
            Weights::Single(list) => list.push(0.0),
            Weights::Double(list) => list.push(0.0),
        }
        self.set(self.len() - 1, weight);
    }

    fn len(&self) -> usize {
        match self {
            Weights::Single(list) => list.len(),
            Weights::Double(list) => list.len(),
        }
    }

    /// So many weights of 0, as wide as these.
    fn zeros(&self, count: usize) -> Weights {
        match self {
            Weights::Single(_) => Weights::Single(vec![0.0; count]),
            Weights::Double(_) => Weights::Double(vec![0.0; count]),
        }
    }

    /// Replaces a weight, and widens all if it asks for that.
    fn set(&mut self, i: usize, weight: f64) {
        match self {
            Weights::Single(list) if f64::from(weight as f32) == weight => list[i] = weight as f32,
            Weights::Single(list) => {
                let mut wide: Vec<f64> = list.iter().map(|weight| f64::from(*weight)).collect();
                wide[i] = weight;
                *self = Weights::Double(wide);
            }
            Weights::Double(list) => list[i] = weight,
        }
    }

    fn at(&self, i: usize) -> f64 {
        match self {
            Weights::Single(list) => f64::from(list[i]),
            Weights::Double(list) => list[i],
        }
    }

    /// Bytes of a weight.
    pub fn width(&self) -> usize {
        match self {
            Weights::Single(_) => 4,
            Weights::Double(_) => 8,
        }
    }
}

/// Connections onto point neurons in the order of the model's description.
#[derive(Debug, Default)]
pub struct Points {
    source: Vec<u32>,
    /// Number among the synapses of the rank.
    synapse: Vec<u32>,
    delay_steps: Vec<u16>,
    weight: Weights,
    /// The longest delay that is too long to be kept, ms.
    too_long_ms: Option<f64>,
    /// A weight that is no number.
    odd_weight: Option<f64>,
    /// The shortest delay of those that are less than half a step, or one that is no number, ms.
    shortest_ms: Option<f64>,
}

impl Points {
    /// Adds a connection. Its delay becomes a number of steps, the nearest.
    pub fn push(&mut self, source: Gid, synapse: u32, delay_ms: f64, weight: f64, dt_ms: f64) {
        let steps = (delay_ms / dt_ms).round();
        if steps > f64::from(u16::MAX) {
            self.too_long_ms = Some(self.too_long_ms.map_or(delay_ms, |before| before.max(delay_ms)));
        }
        if steps < 1.0 || steps.is_nan() {
            let worse = |before: f64| if before < delay_ms || before.is_nan() { before } else { delay_ms };
            self.shortest_ms = Some(self.shortest_ms.map_or(delay_ms, worse));
        }
        self.odd_weight = self.odd_weight.or(Some(weight).filter(|weight| !weight.is_finite()));
        self.source.push(source.0);
        self.synapse.push(synapse);
        self.delay_steps.push(steps as u16);
        self.weight.push(weight);
    }

    /// Source and delay of each connection, ms; of those below half a step the worst, as it was given.
    pub fn delays(&self, dt_ms: f64) -> impl Iterator<Item = (Gid, f64)> {
        let shortest_ms = self.shortest_ms.unwrap_or(0.0);
        let delay_ms = move |steps: &u16| if *steps == 0 { shortest_ms } else { f64::from(*steps) * dt_ms };
        self.source.iter().map(|source| Gid(*source)).zip(self.delay_steps.iter().map(delay_ms))
    }

    /// The longest delay, ms.
    pub fn longest_delay_ms(&self, dt_ms: f64) -> f64 {
        f64::from(self.delay_steps.iter().copied().max().unwrap_or(0)) * dt_ms
    }

    /// Delays that cannot be kept.
    pub fn check(&self, dt_ms: f64, problems: &mut Problems) {
        if let Some(delay_ms) = self.too_long_ms {
            let most = f64::from(u16::MAX) * dt_ms;
            let message =
                format!("the delay {delay_ms} is too long: a point neuron's are at most {most} (65535 steps)");
            problems.push(Problem::new("delay-long", message).help("use a longer dt_ms or an event-driven cell"));
        }
        if let Some(weight) = self.odd_weight {
            problems.push(Problem::new("weight-not-finite", format!("a weight is {weight}, not a finite number")));
        }
        if u32::try_from(self.source.len()).is_err() {
            let message = format!("{} connections onto point neurons are more than a rank can hold", self.source.len());
            problems.push(Problem::new("connections-many", message).help("use more ranks"));
        }
    }

    /// Whether each gid is heard by a point neuron.
    pub fn heard(&self) -> Vec<bool> {
        let mut heard = vec![false; self.source.iter().max().map_or(0, |last| *last as usize + 1)];
        self.source.iter().for_each(|source| heard[*source as usize] = true);
        heard
    }
}

/// The connections that end at the point neurons of one table, by source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wiring {
    /// Table of the group.
    pub table: usize,
    /// Offset in the state of each input.
    pub inputs: Vec<usize>,
    /// Those of gid `g` are `first[g] .. first[g + 1]`, sorted by delay and target.
    first: Vec<u32>,
    /// Input times the table's padded count, plus instance.
    target: Vec<u32>,
    delay_steps: Vec<u16>,
    longest_delay_steps: u16,
    weight: Weights,
}

impl Wiring {
    /// The longest delay, steps.
    pub fn longest_delay_steps(&self) -> u16 {
        self.longest_delay_steps
    }

    /// Number of connections.
    pub fn len(&self) -> usize {
        self.target.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.target.is_empty()
    }

    /// Bytes of all connections.
    pub fn bytes(&self) -> usize {
        self.len() * (4 + 2 + self.weight.width()) + 4 * self.first.len()
    }

    /// The first connection of each gid, and behind them the end of the last one's.
    pub fn first(&self) -> &[u32] {
        &self.first
    }

    /// Where each connection ends: input times the table's padded count, plus instance.
    pub fn targets(&self) -> &[u32] {
        &self.target
    }

    /// The delay of each connection, steps.
    pub fn delays(&self) -> &[u16] {
        &self.delay_steps
    }

    /// What each connection adds.
    pub fn weights(&self) -> &Weights {
        &self.weight
    }

    /// Calls `add(delay_steps, target, weight)` for each connection of a source.
    #[inline]
    pub fn each(&self, source: Gid, mut add: impl FnMut(u16, u32, f64)) {
        let Some(&[from, to]) = self.first.get(source.0 as usize..source.0 as usize + 2) else { return };
        let range = from as usize..to as usize;
        let ends = self.delay_steps[range.clone()].iter().zip(&self.target[range.clone()]);
        match &self.weight {
            Weights::Single(list) => {
                ends.zip(&list[range]).for_each(|((delay, target), weight)| add(*delay, *target, f64::from(*weight)));
            }
            Weights::Double(list) => {
                ends.zip(&list[range]).for_each(|((delay, target), weight)| add(*delay, *target, *weight));
            }
        }
    }
}

/// Sorts the connections into the groups' tables. `inputs` are those of the recipe's mechanisms.
pub fn wire(points: Points, synapses: &[Synapse], at: &Addresses, inputs: &[Option<Inputs>], layouts: &mut [Layout]) {
    if points.source.is_empty() {
        return;
    }
    let by_group = by_group(&points, synapses, at, layouts.len());
    let sort = |(layout, connections): (&mut Layout, Vec<u32>)| {
        for t in 0..layout.tables.len() {
            let Some(inputs) = &inputs[layout.tables[t].source] else { continue };
            let wiring = of_table(layout, t, inputs, (&points, &connections, synapses));
            layout.wirings.push(wiring);
        }
    };
    layouts.par_iter_mut().zip(by_group).for_each(sort);
}

/// The numbers of the connections that end in each group.
fn by_group(points: &Points, synapses: &[Synapse], at: &Addresses, groups: usize) -> Vec<Vec<u32>> {
    let group_of = |synapse: u32| at.of(synapses[synapse as usize].gid).map(|address| address.group as usize);
    let mut counts = vec![0; groups];
    points.synapse.iter().filter_map(|synapse| group_of(*synapse)).for_each(|group| counts[group] += 1);
    let mut numbers: Vec<Vec<u32>> = counts.into_iter().map(Vec::with_capacity).collect();
    for (synapse, number) in points.synapse.iter().zip(0..) {
        if let Some(group) = group_of(*synapse) {
            numbers[group].push(number);
        }
    }
    numbers
}

fn of_table(
    layout: &Layout,
    t: usize,
    inputs: &Inputs,
    (points, connections, synapses): (&Points, &[u32], &[Synapse]),
) -> Wiring {
    let table = &layout.tables[t];
    let mut numbers = Vec::new();
    // Calls `f(connection, target, weight)` for all that they add to some input.
    let mut each = |f: &mut dyn FnMut(usize, u32, f64)| {
        for &number in connections {
            let number = number as usize;
            let synapse = &synapses[points.synapse[number] as usize];
            if synapse.mechanism as usize != table.source {
                continue;
            }
            let added = inputs.added(points.weight.at(number), &mut numbers);
            for (input, weight) in added.enumerate().filter(|(_, weight)| *weight != 0.0) {
                f(number, (input * table.padded) as u32 + synapse.at, weight);
            }
        }
    };
    let mut sums = vec![0.0; inputs.fields.len() * table.padded];
    let sources = connections.iter().map(|number| points.source[*number as usize] as usize + 1).max().unwrap_or(0);
    let mut first = vec![0; sources + 1];
    each(&mut |number, target, weight| {
        sums[target as usize] += weight.abs();
        first[points.source[number] as usize + 1] += 1;
    });
    let quanta: Vec<f64> = sums.into_iter().map(quantum).collect();
    (0..sources).for_each(|s| first[s + 1] += first[s]);
    let count = first.last().map_or(0, |last| *last as usize);
    let (mut target_of, mut delay_steps) = (vec![0; count], vec![0; count]);
    let mut weights = points.weight.zeros(count);
    let mut next = first.clone();
    each(&mut |number, target, weight| {
        let place = &mut next[points.source[number] as usize];
        let (at, quantum) = (*place as usize, quanta[target as usize]);
        *place += 1;
        target_of[at] = target;
        delay_steps[at] = points.delay_steps[number];
        weights.set(at, (weight / quantum).round_ties_even() * quantum);
    });
    let mut room = Vec::new();
    for pair in first.windows(2) {
        let range = pair[0] as usize..pair[1] as usize;
        sort(&mut delay_steps[range.clone()], &mut target_of[range.clone()], &mut weights, range.start, &mut room);
    }
    Wiring {
        table: t,
        inputs: inputs.fields.iter().map(|field| table.offsets[*field]).collect(),
        first,
        target: target_of,
        longest_delay_steps: delay_steps.iter().copied().max().unwrap_or(0),
        delay_steps,
        weight: weights,
    }
}

/// Sorts the connections of a source, whose weights begin at `first`, by delay and target.
fn sort(delays: &mut [u16], targets: &mut [u32], weights: &mut Weights, first: usize, room: &mut Vec<(u16, u32, f64)>) {
    room.clear();
    let ends = delays.iter().zip(&*targets).enumerate();
    room.extend(ends.map(|(i, (delay, target))| (*delay, *target, weights.at(first + i))));
    // Of equal ones the order is nothing.
    room.sort_unstable_by_key(|(delay, target, _)| u64::from(*delay) << 32 | u64::from(*target));
    for (i, &(delay, target, weight)) in room.iter().enumerate() {
        delays[i] = delay;
        targets[i] = target;
        weights.set(first + i, weight);
    }
}

/// The power of two of which all weights of an input become multiples, given the sum of their sizes.
fn quantum(sum: f64) -> f64 {
    let most = sum * BURST;
    match most.is_finite() && most > 0.0 {
        true => 2.0f64.powi((most.log2().ceil() as i32 - 53).max(-1000)),
        false => 2.0f64.powi(-1000),
    }
}

#[cfg(test)]
mod tests {
    use super::{BURST, Weights, quantum};

    #[test]
    fn sums_do_not_depend_on_their_order() {
        let weights: Vec<f64> = (1..4000).map(|k| 0.0878 * (1.0 + (k as f64).sin() * 0.1)).collect();
        let quantum = quantum(weights.iter().sum());
        let rounded: Vec<f64> = weights.iter().map(|w| (w / quantum).round_ties_even() * quantum).collect();
        let forwards: f64 = (0..BURST as usize).flat_map(|_| &rounded).sum();
        let backwards: f64 = (0..BURST as usize).flat_map(|_| rounded.iter().rev()).sum();
        assert_eq!(forwards.to_bits(), backwards.to_bits());
        let change = weights.iter().zip(&rounded).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(change < 1e-12 * 0.0878 * 16.0, "{change}");
        let sum: f64 = weights.iter().sum();
        assert_ne!(sum.to_bits(), weights.iter().rev().sum::<f64>().to_bits(), "as they were they do");
    }

    #[test]
    fn weights_are_wide_when_they_must() {
        let mut weights = Weights::default();
        [0.5, 87.75].iter().for_each(|weight| weights.push(*weight));
        assert_eq!(weights.width(), 4);
        weights.push(0.1);
        assert_eq!((weights.width(), weights.at(1), weights.at(2)), (8, 87.75, 0.1));
    }
}
