//! Where synapses lie that the files do not place: BMTK's random choice, bit for bit.
//!
//! Each target cell has NumPy's `RandomState(gid)`. A synapse takes one draw u, and lies in the first candidate whose
//! cumulated probability exceeds u. Candidates are the compartments of the wanted regions, in the order of NEURON's
//! list `all`, as far as they overlap the wanted range of path distances from soma(0); their weight is the length of
//! the overlap.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tianyan_model::{Location, Morphology, SectionType};

use crate::mersenne::MersenneTwister;

/// Regions by BMTK's names, as SWC's tags.
pub(crate) fn region(name: &str) -> Option<u8> {
    Some(match name {
        "soma" | "somatic" => 1,
        "axon" | "axonal" => 2,
        "dend" | "basal" => 3,
        "apic" | "apical" => 4,
        _ => return None,
    })
}

/// A compartment as BMTK's seg_props have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Segment {
    /// SONATA's section id.
    pub section_id: u32,
    /// Its middle.
    pub location: Location,
    /// SWC's tag of its region.
    pub region: u8,
    /// Path distance of its middle from soma(0).
    pub distance_um: f64,
    pub length_um: f64,
}

/// Regions and range that synapses aim at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Aim {
    pub regions: Vec<u8>,
    pub range_um: [f64; 2],
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let names = self.regions.iter().map(|tag| ["soma", "axon", "basal", "apical"][usize::from(*tag) - 1]);
        let [from, to] = self.range_um;
        write!(f, "{} from {from} to {to} um", names.collect::<Vec<_>>().join(", "))
    }
}

/// Candidates for an aim: segments, and their cumulated probabilities.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Candidates {
    segments: Vec<u32>,
    cumulated: Vec<f64>,
}

/// The compartments of a cell, in the order of section ids.
#[derive(Debug)]
pub(crate) struct Segments {
    pub all: Vec<Segment>,
    found: Mutex<HashMap<Key, Arc<Candidates>>>,
}

type Key = (Vec<u8>, [u64; 2]);

impl Segments {
    /// `sections` gives each section id's index in the morphology.
    pub fn new(morphology: &Morphology, compartments: &[u32], sections: &[usize]) -> Segments {
        let base = distances(morphology);
        let mut all = Vec::new();
        for (section_id, &index) in sections.iter().enumerate() {
            let section = &morphology.sections[index];
            let (length, count) = (section.length_um(), compartments[index]);
            for i in 0..count {
                let x = (f64::from(i) + 0.5) / f64::from(count);
                all.push(Segment {
                    section_id: section_id as u32,
                    location: Location { section: index, x },
                    region: tag(section.section_type),
                    distance_um: base[index] + length * x,
                    length_um: length / f64::from(count),
                });
            }
        }
        Segments { all, found: Mutex::default() }
    }

    /// The candidates of an aim; they are looked for once.
    pub fn candidates(&self, aim: &Aim) -> Arc<Candidates> {
        let key = (aim.regions.clone(), aim.range_um.map(f64::to_bits));
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.entry(key).or_insert_with(|| Arc::new(Candidates::new(&self.all, aim))).clone()
    }
}

/// Path distance of each section's start from soma(0).
fn distances(morphology: &Morphology) -> Vec<f64> {
    let mut base: Vec<f64> = Vec::with_capacity(morphology.sections.len());
    for section in &morphology.sections {
        let start = section.parent.map_or(0.0, |p| base[p.section] + p.x * morphology.sections[p.section].length_um());
        base.push(start);
    }
    base
}

fn tag(section_type: SectionType) -> u8 {
    match section_type {
        SectionType::Soma => 1,
        SectionType::Axon => 2,
        SectionType::Apical => 4,
        SectionType::Dendrite | SectionType::Custom(_) => 3,
    }
}

impl Candidates {
    fn new(all: &[Segment], aim: &Aim) -> Candidates {
        let [from, to] = aim.range_um;
        let mut segments = Vec::new();
        let mut lengths = Vec::new();
        for (i, segment) in all.iter().enumerate() {
            let half = segment.length_um / 2.0;
            let overlap = (segment.distance_um + half).min(to) - (segment.distance_um - half).max(from);
            let share = overlap.max(0.0) / segment.length_um;
            if share > 0.0 && aim.regions.contains(&segment.region) {
                segments.push(i as u32);
                lengths.push(segment.length_um * share);
            }
        }
        let total = pairwise_sum(&lengths);
        let mut sum = 0.0;
        let mut cumulated: Vec<f64> = lengths
            .iter()
            .map(|length| {
                sum += length / total;
                sum
            })
            .collect();
        let last = cumulated.last().copied().unwrap_or(1.0);
        cumulated.iter_mut().for_each(|c| *c /= last);
        Candidates { segments, cumulated }
    }

    /// True if nothing fits the aim.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The segment of the next synapse: an index into [`Segments::all`].
    pub fn draw(&self, random: &mut MersenneTwister) -> usize {
        let u = random.uniform();
        let i = self.cumulated.partition_point(|c| *c <= u).min(self.segments.len() - 1);
        self.segments[i] as usize
    }
}

/// NumPy's sum: eight partial sums in blocks of 128, halves above that.
fn pairwise_sum(values: &[f64]) -> f64 {
    let n = values.len();
    if n < 8 {
        return values.iter().fold(0.0, |sum, x| sum + x);
    }
    if n > 128 {
        let half = n / 2 - (n / 2) % 8;
        return pairwise_sum(&values[..half]) + pairwise_sum(&values[half..]);
    }
    let mut r: [f64; 8] = std::array::from_fn(|k| values[k]);
    let whole = n - n % 8;
    for block in values[8..whole].chunks_exact(8) {
        r.iter_mut().zip(block).for_each(|(sum, x)| *sum += x);
    }
    let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    values[whole..].iter().fold(sum, |sum, x| sum + x)
}
