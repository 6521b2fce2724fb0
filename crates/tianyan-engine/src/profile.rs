//! Where the time of a run goes: by phase of the step, and by mechanism.
//!
//! A [`Stopwatch`] that is off costs a branch a phase. One that is on takes the time after each phase (some 30 ns),
//! which counts as that phase's.

use std::collections::BTreeMap;
use std::time::Instant;
use tianyan_layout::Layout;

/// A part of a step that belongs to no mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Spikes and events reach synapses and point neurons.
    Delivery,
    /// Thresholds of detectors, spikes of point neurons.
    Detection,
    /// Clamps, and what depends on the parameters that they drive.
    Stimuli,
    /// What is set to 0 before currents are summed, Nernst's equation, and BEFORE BREAKPOINT.
    Preparation,
    /// Point processes' shares are added to their nodes.
    Sums,
    /// The tree, and the new voltages.
    Solve,
    /// Along the cable.
    Diffusion,
    /// Reports.
    Recording,
    /// Mechanisms in one loop, on devices that fuse them.
    Mechanisms,
}

impl Part {
    const ALL: [Part; 9] = [
        Part::Delivery,
        Part::Detection,
        Part::Stimuli,
        Part::Preparation,
        Part::Sums,
        Part::Solve,
        Part::Diffusion,
        Part::Recording,
        Part::Mechanisms,
    ];

    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Part::Delivery => "delivery of events",
            Part::Detection => "detection of spikes",
            Part::Stimuli => "stimuli",
            Part::Preparation => "zeros and Nernst",
            Part::Sums => "sums of point processes",
            Part::Solve => "voltage equation",
            Part::Diffusion => "diffusion",
            Part::Recording => "reports",
            Part::Mechanisms => "mechanisms together",
        }
    }
}

/// Times of one group.
#[derive(Debug, Clone, Default)]
pub struct Stopwatch {
    last: Option<Instant>,
    parts: [u64; Part::ALL.len()],
    /// By table: currents, and all else.
    tables: Vec<[u64; 2]>,
}

impl Stopwatch {
    /// A stopwatch that runs.
    pub fn running(tables: usize) -> Stopwatch {
        Stopwatch { last: Some(Instant::now()), tables: vec![[0; 2]; tables], ..Stopwatch::default() }
    }

    /// What follows counts from now.
    pub fn start(&mut self) {
        if let Some(last) = &mut self.last {
            *last = Instant::now();
        }
    }

    fn lap(&mut self) -> u64 {
        let Some(last) = &mut self.last else { return 0 };
        let now = Instant::now();
        let took = now.duration_since(*last).as_nanos() as u64;
        *last = now;
        took
    }

    /// What ran since the last lap was this part.
    pub fn part(&mut self, part: Part) {
        if self.last.is_some() {
            self.parts[part as usize] += self.lap();
        }
    }

    /// What ran since the last lap was a kernel of this table.
    pub fn table(&mut self, table: usize, is_current: bool) {
        if self.last.is_some() {
            self.tables[table][usize::from(!is_current)] += self.lap();
        }
    }
}

/// Times of a run, ns of all threads together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// Of the parts of a step, in their order.
    pub parts: Vec<(Part, u64)>,
    /// Of each mechanism: currents, states and all else; by name.
    pub mechanisms: BTreeMap<String, [u64; 2]>,
    /// Instances of each mechanism.
    pub instances: BTreeMap<String, u64>,
    /// Groups, and bytes of the state of the largest.
    pub groups: (usize, usize),
    /// Events that synapses and point neurons received.
    pub events: u64,
}

impl Profile {
    /// Adds the times of a group.
    pub fn add(&mut self, layout: &Layout, state_bytes: usize, watch: &Stopwatch) {
        if self.parts.is_empty() {
            self.parts = Part::ALL.map(|part| (part, 0)).to_vec();
        }
        self.parts.iter_mut().zip(watch.parts).for_each(|((_, sum), time)| *sum += time);
        for (table, times) in layout.tables.iter().zip(&watch.tables) {
            let sums = self.mechanisms.entry(table.mechanism.name.clone()).or_default();
            sums.iter_mut().zip(times).for_each(|(sum, time)| *sum += time);
            *self.instances.entry(table.mechanism.name.clone()).or_default() += table.count as u64;
        }
        self.groups = (self.groups.0 + 1, self.groups.1.max(state_bytes));
    }

    /// All times together, ns.
    pub fn whole(&self) -> u64 {
        self.parts.iter().map(|(_, time)| time).sum::<u64>() + self.mechanisms.values().flatten().sum::<u64>()
    }
}
