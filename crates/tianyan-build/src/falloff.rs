//! How the probability of a pair depends on distance and on tuning.

use crate::schema::Profile;

/// A falloff with distance, 1 at none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Falloff {
    /// The profile.
    pub profile: Profile,
    /// Its length, um.
    pub length_um: f64,
    /// 0 beyond this, um.
    pub maximum_um: f64,
}

impl Falloff {
    /// The factor at the square of a distance, um2.
    pub fn at(&self, square_um2: f64) -> f64 {
        if square_um2 > self.reach_um().powi(2) {
            return 0.0;
        }
        match self.profile {
            Profile::Gaussian => (-0.5 * square_um2 / self.length_um.powi(2)).exp(),
            Profile::Exponential => (-square_um2.sqrt() / self.length_um).exp(),
            Profile::Linear => 1.0 - square_um2.sqrt() / self.length_um,
            Profile::Step => 1.0,
        }
    }

    /// Logarithm to base 2 of the factor, for bounds.
    pub fn log2(&self, square_um2: f64) -> f64 {
        match self.profile {
            Profile::Gaussian => -0.5 * std::f64::consts::LOG2_E * square_um2 / self.length_um.powi(2),
            Profile::Exponential => -std::f64::consts::LOG2_E * square_um2.sqrt() / self.length_um,
            Profile::Linear | Profile::Step => self.at(square_um2).log2(),
        }
    }

    /// There is nothing beyond this distance, um.
    pub fn reach_um(&self) -> f64 {
        match self.profile {
            Profile::Linear | Profile::Step => self.length_um.min(self.maximum_um),
            Profile::Gaussian | Profile::Exponential => self.maximum_um,
        }
    }
}

/// A factor that falls linearly with the difference of two angles; its mean over all differences is 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// The factor at the greatest difference, relative to that at none.
    pub ratio: f64,
    /// Angles that differ by this are the same, degrees.
    pub period_degrees: f64,
}

impl Tuning {
    /// The factor at no difference.
    pub fn peak(&self) -> f64 {
        2.0 / (1.0 + self.ratio)
    }

    /// The greatest factor.
    pub fn bound(&self) -> f64 {
        self.peak() * self.ratio.max(1.0)
    }

    /// The factor for two angles, degrees. Where one is unknown (NaN) it is 1.
    pub fn at(&self, one: f64, other: f64) -> f64 {
        let apart = (one - other).rem_euclid(self.period_degrees);
        let folded = apart.min(self.period_degrees - apart) / (0.5 * self.period_degrees);
        if folded.is_nan() { 1.0 } else { self.peak() * (1.0 + (self.ratio - 1.0) * folded) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_and_their_logarithms_agree() {
        for profile in [Profile::Gaussian, Profile::Exponential, Profile::Linear, Profile::Step] {
            let falloff = Falloff { profile, length_um: 80.0, maximum_um: 300.0 };
            for distance in [0.0, 10.0, 79.0] {
                let square: f64 = distance * distance;
                assert!((falloff.at(square).log2() - falloff.log2(square)).abs() < 1e-12, "{profile:?} {distance}");
            }
            assert_eq!(falloff.at(301.0 * 301.0), 0.0);
        }
    }

    #[test]
    fn tuning_folds_angles() {
        let tuning = Tuning { ratio: 0.5, period_degrees: 180.0 };
        assert!((tuning.at(10.0, 190.0) - tuning.peak()).abs() < 1e-12);
        assert!((tuning.at(0.0, 90.0) - 0.5 * tuning.peak()).abs() < 1e-12);
        assert!((tuning.at(350.0, 35.0) - tuning.at(0.0, 45.0)).abs() < 1e-12);
        assert_eq!(tuning.at(f64::NAN, 0.0), 1.0);
    }
}
