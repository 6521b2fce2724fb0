//! How much input a target loses when a network is built at a smaller scale.

use std::collections::BTreeMap;

use tianyan_model::random::Philox;

use crate::falloff::Falloff;
use crate::grid::square;
use crate::nodes::Type;
use crate::place::Place;
use crate::schema::Metric;

/// Pairs of places that are compared. Distances are spread evenly enough for 2 % at the falloffs of cortex.
const PAIRS: u64 = 16_384;

/// Means found so far, by places and falloff.
#[derive(Debug, Default)]
pub struct Means(BTreeMap<String, f64>);

impl Means {
    /// Expected number of sources of a target at full scale, relative to that at the scale that is built.
    pub fn lost_input(&mut self, source: &Type, target: &Type, falloff: Option<(Falloff, Metric)>) -> f64 {
        let count = f64::from(source.full_count) / source.nodes.len().max(1) as f64;
        let Some((falloff, metric)) = falloff else { return count };
        let mut mean = |source: &Option<Place>, target: &Option<Place>| match (source, target) {
            (Some(source), Some(target)) => self.mean(source, target, falloff, metric),
            _ => 1.0,
        };
        let whole = mean(&source.full_place, &target.full_place);
        let here = mean(&source.place, &target.place);
        if here > 0.0 { count * whole / here } else { 1.0 }
    }

    fn mean(&mut self, source: &Place, target: &Place, falloff: Falloff, metric: Metric) -> f64 {
        let flat = metric == Metric::Lateral;
        let key = format!("{falloff:?} {flat} {} {}", source.describe(flat), target.describe(flat));
        *self.0.entry(key).or_insert_with(|| mean_factor(source, target, falloff, metric))
    }
}

/// Mean of the falloff over pairs of places. Always the same places, so that no seed changes a weight.
fn mean_factor(source: &Place, target: &Place, falloff: Falloff, metric: Metric) -> f64 {
    let factor = |number: u64| {
        let mut random = Philox::new(0, 0, number);
        let (one, other) = (source.any(&mut random), target.any(&mut random));
        falloff.at(square(metric, &one, &other))
    };
    (0..PAIRS).map(factor).sum::<f64>() / PAIRS as f64
}
