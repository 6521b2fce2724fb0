//! The edges of a population, made in blocks of targets and written while the next ones are made.

use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use tianyan_io::network_files::{EdgeBlock, EdgeColumns, EdgesFile};
use tianyan_model::Problems;
use tianyan_model::random::Philox;

use crate::connect::{EdgePopulation, Method, Pair, TypeRule};
use crate::grid::square;
use crate::nodes::Population;
use crate::sample::{Chance, Scratch, distinct, weighted};
use crate::schema::Metric;
use crate::streams::{Purpose, stream};

/// Targets in a block: the work of one thread at a time.
const BLOCK: u32 = 32;
/// About so many edges are in memory twice: while they are made, and while they are written.
const WINDOW_EDGES: u64 = 4_000_000;
/// Targets of the first window, before anything is known of the degrees.
const FIRST_WINDOW: u32 = 256;

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EdgeCount {
    /// Number of edges.
    pub edges: u64,
    /// Number of synapses: the sum of nsyns.
    pub synapses: u64,
}

/// Writes all edges of a population to `path`. The bytes do not depend on the number of threads.
pub fn write_edges(
    path: &Path,
    edges: &EdgePopulation,
    populations: &[Population],
    seed: u64,
) -> Result<EdgeCount, Problems> {
    let (source, target) = (&populations[edges.source], &populations[edges.target]);
    let sources = edges.index_sources.then_some(source.len());
    let (from, to) = (&source.name, &target.name);
    let mut file = EdgesFile::create(path.to_path_buf(), from, to, target.len(), sources, edges.columns)?;
    let maker = Maker { edges, source, target, seed };
    let targets = target.len() as u32;
    let mut count = EdgeCount::default();
    let mut window = 0..FIRST_WINDOW.min(targets);
    let mut made = maker.window(window.clone());
    while !window.is_empty() {
        made.iter().for_each(|(_, synapses)| count.synapses += synapses);
        count.edges += made.iter().map(|(block, _)| block.len() as u64).sum::<u64>();
        let next = following(&window, targets, count.edges);
        let (written, ahead) = rayon::join(
            || made.into_iter().try_for_each(|(block, _)| file.append(block)),
            || maker.window(next.clone()),
        );
        written?;
        (made, window) = (ahead, next);
    }
    file.finish()?;
    Ok(count)
}

/// The next targets, as many as the mean degree so far lets fit.
fn following(window: &Range<u32>, targets: u32, edges: u64) -> Range<u32> {
    let degree = (edges / u64::from(window.end.max(1))).max(1);
    let size = (WINDOW_EDGES / degree).clamp(u64::from(BLOCK), 1 << 20) as u32;
    window.end..window.end.saturating_add(size).min(targets)
}

/// Makes edges.
struct Maker<'a> {
    edges: &'a EdgePopulation,
    source: &'a Population,
    target: &'a Population,
    seed: u64,
}

/// Sources of one target under one rule: node id, and the index of its pair.
type Found = Vec<(u32, u32)>;

impl Maker<'_> {
    fn window(&self, targets: Range<u32>) -> Vec<(EdgeBlock, u64)> {
        let blocks: Vec<u32> = targets.clone().step_by(BLOCK as usize).collect();
        let block = |scratch: &mut Scratch, first: u32| {
            self.block(first..(first.saturating_add(BLOCK)).min(targets.end), scratch)
        };
        blocks.into_par_iter().map_init(Scratch::default, block).collect()
    }

    /// The edges of some targets, and how many synapses they have.
    fn block(&self, targets: Range<u32>, scratch: &mut Scratch) -> (EdgeBlock, u64) {
        let mut block = EdgeBlock::default();
        let (mut synapses, mut found) = (0, Vec::new());
        for target in targets {
            let of = self.target.types.partition_point(|t| t.nodes.end <= target);
            for rule in &self.edges.rules[of] {
                let gid = self.target.first_gid + u64::from(target);
                // Rules that draw source types apart get streams of their own.
                let apart = rule.pairs.first().map_or(0, |pair| u64::from(pair.sources.start));
                let purpose = stream(Purpose::Edges, rule.number);
                let mut random = Philox::new(self.seed, purpose, gid | apart << 32);
                found.clear();
                self.sources(
                    rule,
                    target,
                    target - self.target.types[of].nodes.start,
                    &mut random,
                    scratch,
                    &mut found,
                );
                for &(source, pair) in &found {
                    synapses += self.push(&mut block, source, target, &rule.pairs[pair as usize], &mut random);
                }
            }
        }
        (block, synapses)
    }

    /// Draws the sources of a target, which is number `place` of its type.
    fn sources(
        &self,
        rule: &TypeRule,
        target: u32,
        place: u32,
        random: &mut Philox,
        scratch: &mut Scratch,
        found: &mut Found,
    ) {
        let allowed = |source: u32| rule.autapses || source != target;
        let add = |found: &mut Found, pair: usize, source: u32| found.push((source, pair as u32));
        let all: u32 = rule.pairs.iter().map(|pair| pair.sources.len() as u32).sum();
        match &rule.method {
            Method::AllToAll => {
                for (i, pair) in rule.pairs.iter().enumerate() {
                    pair.sources.clone().filter(|&s| allowed(s)).for_each(|source| add(found, i, source));
                }
            }
            Method::Pairwise => {
                let mut drawn = Vec::new();
                for (i, pair) in rule.pairs.iter().enumerate() {
                    drawn.clear();
                    let position = &self.target.positions[target as usize];
                    self.chance(rule, pair, target).sources(
                        pair.sources.clone(),
                        position,
                        random,
                        scratch,
                        &mut drawn,
                    );
                    drawn.iter().filter(|&&s| allowed(s)).for_each(|&source| add(found, i, source));
                }
            }
            Method::OneToOne(first) => {
                let (pair, source) = nth(&rule.pairs, *first as u32 + place);
                found.extend(allowed(source).then_some((source, pair)));
            }
            Method::InDegree(degree, multapses) => {
                self.in_degree(rule, target, degree.whole(random), *multapses, random, found);
            }
            Method::Total(counts, first) => {
                for _ in 0..counts[first + place as usize] {
                    found.extend(any(rule, target, all, random));
                }
                found.sort_unstable();
            }
        }
    }

    fn in_degree(
        &self,
        rule: &TypeRule,
        target: u32,
        degree: u32,
        multapses: bool,
        random: &mut Philox,
        found: &mut Found,
    ) {
        let all: u32 = rule.pairs.iter().map(|pair| pair.sources.len() as u32).sum();
        if multapses {
            (0..degree).for_each(|_| found.extend(any(rule, target, all, random)));
            found.sort_unstable();
            return;
        }
        let allowed = |&(source, _): &(u32, u32)| rule.autapses || source != target;
        if rule.pairs.iter().any(|pair| pair.falloff.is_some()) {
            let position = &self.target.positions[target as usize];
            let weight = |(pair, source): (u32, u32)| match &rule.pairs[pair as usize].falloff {
                _ if !allowed(&(source, pair)) => 0.0,
                Some((falloff, grid)) => falloff.at(grid.square(&self.source.positions[source as usize], position)),
                None => 1.0,
            };
            let weights = (0..all).map(|i| weight(nth(&rule.pairs, i)));
            let chosen = weighted(degree as usize, weights, random);
            found.extend(chosen.into_iter().map(|i| nth(&rule.pairs, i)).map(|(pair, source)| (source, pair)));
            return;
        }
        // The target itself is left out by drawing among one fewer and stepping over it.
        let itself = if rule.autapses { None } else { position_of(&rule.pairs, target) };
        let chosen = distinct(degree, all - u32::from(itself.is_some()), random);
        let step = |i: u32| if itself.is_some_and(|itself| i >= itself) { i + 1 } else { i };
        found.extend(chosen.into_iter().map(|i| nth(&rule.pairs, step(i))).map(|(pair, source)| (source, pair)));
    }

    fn chance<'a>(&'a self, rule: &'a TypeRule, pair: &'a Pair, target: u32) -> Chance<'a> {
        let property = |name: &str| self.target.properties.get(name).map_or(f64::NAN, |values| values[target as usize]);
        let factor = rule.target_factor.as_deref().map_or(1.0, property);
        let tuning = pair
            .tuning
            .as_ref()
            .and_then(|(tuning, name)| Some((*tuning, self.source.properties.get(name)?.as_slice(), property(name))));
        let falloff = pair.falloff.as_ref().map(|(falloff, grid)| (*falloff, &**grid));
        Chance { peak: pair.peak * factor, falloff, tuning }
    }

    /// Adds an edge with its numbers; gives its number of synapses.
    fn push(&self, block: &mut EdgeBlock, source: u32, target: u32, pair: &Pair, random: &mut Philox) -> u64 {
        let EdgeColumns { nsyns, weight, delay } = self.edges.columns;
        block.source.push(u64::from(source));
        block.target.push(u64::from(target));
        block.edge_type.push(pair.edge_type);
        let number = pair.nsyns.whole(random).max(1);
        if nsyns {
            block.nsyns.push(number.min(u32::from(u16::MAX)) as u16);
        }
        if weight {
            block.weight.push(pair.weight.value(random) as f32);
        }
        if delay {
            block.delay_ms.push(self.delay_ms(source, target, pair, random) as f32);
        }
        u64::from(number)
    }

    fn delay_ms(&self, source: u32, target: u32, pair: &Pair, random: &mut Philox) -> f64 {
        let (source, target) = (&self.source.positions[source as usize], &self.target.positions[target as usize]);
        let travel = pair.velocity.map_or(0.0, |velocity| square(Metric::Space, source, target).sqrt() / velocity);
        (pair.delay_ms.value(random) + travel).max(pair.minimum_delay_ms)
    }
}

/// Pair and node id of the source at a place, all types of sources in a row.
fn nth(pairs: &[Pair], mut place: u32) -> (u32, u32) {
    for (i, pair) in pairs.iter().enumerate() {
        let count = pair.sources.len() as u32;
        if place < count {
            return (i as u32, pair.sources.start + place);
        }
        place -= count;
    }
    (0, pairs.first().map_or(0, |pair| pair.sources.start))
}

/// Where a node stands among all sources in a row.
fn position_of(pairs: &[Pair], node: u32) -> Option<u32> {
    let mut before = 0;
    for pair in pairs {
        if pair.sources.contains(&node) {
            return Some(before + node - pair.sources.start);
        }
        before += pair.sources.len() as u32;
    }
    None
}

/// Any source, as (node id, pair); `None` where there is none but the target itself.
fn any(rule: &TypeRule, target: u32, all: u32, random: &mut Philox) -> Option<(u32, u32)> {
    if all == 0 || (all == 1 && !rule.autapses && position_of(&rule.pairs, target).is_some()) {
        return None;
    }
    loop {
        let (pair, source) = nth(&rule.pairs, random.below(all));
        if rule.autapses || source != target {
            return Some((source, pair));
        }
    }
}
