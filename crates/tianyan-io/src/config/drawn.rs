//! Pairs that are drawn: rules fixed_in_degree, fixed_total and probability.

use tianyan_model::random::Philox;
use tianyan_model::{Gid, Problems};

use super::document::Spot;
use super::joins::Pair;
use super::network_schema::Rule;

/// The keys of random rules, and the stream of their draws.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RandomKeys {
    pub in_degree: Option<u32>,
    pub total: Option<u32>,
    pub probability: Option<f64>,
    pub random: (u64, u32),
}

/// Random pairs: for each target drawn by itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawn {
    pub sources: Vec<Gid>,
    /// Ascending.
    pub targets: Vec<Gid>,
    counts: Counts,
    /// Seed and stream of the draws; each target has its own.
    random: (u64, u32),
}

/// How many connections a target gets.
#[derive(Debug, Clone, PartialEq)]
enum Counts {
    Each(u32),
    /// By place among the targets.
    Of(Vec<u32>),
    /// Each source with this probability.
    Probability(f64),
}

impl Drawn {
    /// As a random `rule` has it; what is missing or wrong is told at the entry.
    pub fn new(
        spot: &Spot,
        random: RandomKeys,
        rule: Rule,
        sources: Vec<Gid>,
        mut targets: Vec<Gid>,
    ) -> Result<Drawn, Problems> {
        let missing = |key: &str| {
            let message = format!("the key `{key}` is missing");
            Problems::from(spot.problem(key, "config-missing-key", message).help(format!("this rule needs `{key}`")))
        };
        if sources.is_empty() && !targets.is_empty() {
            return Err(spot.problem("source", "cells-none", "there are no cells to draw sources from").into());
        }
        targets.sort_unstable();
        targets.dedup();
        let counts = match rule {
            Rule::FixedInDegree => Counts::Each(random.in_degree.ok_or_else(|| missing("in_degree"))?),
            Rule::FixedTotal => {
                let total = random.total.ok_or_else(|| missing("total"))?;
                let mut counts = vec![0; targets.len()];
                // The draws of a cell that no network has.
                let mut draws = Philox::new(random.random.0, random.random.1, u64::MAX);
                for _ in 0..if targets.is_empty() { 0 } else { total } {
                    counts[draws.below(targets.len() as u32) as usize] += 1;
                }
                Counts::Of(counts)
            }
            _ => match random.probability.ok_or_else(|| missing("probability"))? {
                probability if (0.0..=1.0).contains(&probability) => Counts::Probability(probability),
                _ => {
                    let message = "a probability lies between 0 and 1";
                    return Err(spot.problem("probability", "config-value", message).into());
                }
            },
        };
        Ok(Drawn { sources, targets, counts, random: random.random })
    }

    /// Calls `f` for each pair with this target.
    pub fn on(&self, target: Gid, mut f: impl FnMut(Pair)) {
        let Ok(place) = self.targets.binary_search(&target) else { return };
        let (seed, stream) = self.random;
        let mut random = Philox::new(seed, stream, u64::from(target.0));
        let count = match &self.counts {
            Counts::Each(count) => *count,
            Counts::Of(counts) => counts[place],
            Counts::Probability(probability) => {
                for &source in self.sources.iter().filter(|source| **source != target) {
                    if random.uniform() < *probability {
                        f(Pair { source, target, rank: None });
                    }
                }
                return;
            }
        };
        for _ in 0..if self.sources.is_empty() { 0 } else { count } {
            let source = self.sources[random.below(self.sources.len() as u32) as usize];
            f(Pair { source, target, rank: None });
        }
    }
}
