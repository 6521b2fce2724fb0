//! Distributions, ready to be drawn from.

use tianyan_model::random::Philox;

/// A distribution with its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// The distribution.
    pub law: Law,
    /// Lower values become this.
    pub minimum: f64,
    /// Higher values become this.
    pub maximum: f64,
}

/// A distribution.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Law {
    Constant(f64),
    Uniform {
        low: f64,
        high: f64,
    },
    Normal {
        mean: f64,
        deviation: f64,
    },
    /// exp(ln(median) + sigma * normal).
    Lognormal {
        median: f64,
        sigma: f64,
    },
    /// first + (end - first) * index / count.
    Even {
        first: f64,
        end: f64,
    },
    Choice(Vec<f64>),
}

impl Draw {
    /// Always the same.
    pub fn constant(value: f64) -> Draw {
        Draw { law: Law::Constant(value), minimum: f64::NEG_INFINITY, maximum: f64::INFINITY }
    }

    /// The value, if it is always the same.
    pub fn as_constant(&self) -> Option<f64> {
        match self.law {
            Law::Constant(value) => Some(self.bounded(value)),
            _ => None,
        }
    }

    /// The value multiplied by a factor.
    pub fn scaled(mut self, factor: f64) -> Draw {
        self.minimum *= factor;
        self.maximum *= factor;
        self.law = match self.law {
            Law::Constant(value) => Law::Constant(value * factor),
            Law::Uniform { low, high } => Law::Uniform { low: low * factor, high: high * factor },
            Law::Normal { mean, deviation } => Law::Normal { mean: mean * factor, deviation: deviation * factor },
            Law::Lognormal { median, sigma } => Law::Lognormal { median: median * factor, sigma },
            Law::Even { first, end } => Law::Even { first: first * factor, end: end * factor },
            Law::Choice(values) => Law::Choice(values.iter().map(|value| value * factor).collect()),
        };
        self
    }

    /// A value for number `index` of `count`.
    pub fn at(&self, index: usize, count: usize, random: &mut Philox) -> f64 {
        let value = match &self.law {
            Law::Constant(value) => *value,
            Law::Uniform { low, high } => low + (high - low) * random.uniform(),
            Law::Normal { mean, deviation } => mean + deviation * random.normal(),
            Law::Lognormal { median, sigma } => median * (sigma * random.normal()).exp(),
            Law::Even { first, end } => first + (end - first) * index as f64 / count as f64,
            Law::Choice(values) => values[random.below(values.len() as u32) as usize],
        };
        self.bounded(value)
    }

    fn bounded(&self, value: f64) -> f64 {
        value.max(self.minimum).min(self.maximum)
    }

    /// A value.
    pub fn value(&self, random: &mut Philox) -> f64 {
        self.at(0, 1, random)
    }

    /// A whole number: uniform distributions include both ends, others are rounded; never below 0.
    pub fn whole(&self, random: &mut Philox) -> u32 {
        match self.law {
            Law::Uniform { low, high } => {
                let (low, high) = (low.round().max(0.0) as u32, high.round().max(0.0) as u32);
                low + random.below(high.saturating_sub(low).saturating_add(1))
            }
            _ => self.value(random).round().max(0.0) as u32,
        }
    }
}
