//! MT19937 as NumPy's `RandomState(seed)` has it: seeded by init_genrand, 53-bit doubles.
//! M. Matsumoto and T. Nishimura, ACM Transactions on Modeling and Computer Simulation 8 (1998) 3.

const N: usize = 624;
const M: usize = 397;

/// A generator.
#[derive(Debug, Clone)]
pub(crate) struct MersenneTwister {
    state: [u32; N],
    next: usize,
}

impl MersenneTwister {
    /// Seeds it.
    pub fn new(seed: u32) -> MersenneTwister {
        let mut state = [seed; N];
        for i in 1..N {
            let before = state[i - 1];
            state[i] = 1_812_433_253_u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(i as u32);
        }
        MersenneTwister { state, next: N }
    }

    /// In [0, 1).
    pub fn uniform(&mut self) -> f64 {
        let (high, low) = (self.bits() >> 5, self.bits() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    fn bits(&mut self) -> u32 {
        if self.next == N {
            self.twist();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn twist(&mut self) {
        for k in 0..N {
            let y = (self.state[k] & 0x8000_0000) | (self.state[(k + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[k] = self.state[(k + M) % N] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_numpy() {
        // numpy.random.RandomState(42).random_sample(3), and the 1000th of RandomState(0).
        let mut random = MersenneTwister::new(42);
        let first = [random.uniform(), random.uniform(), random.uniform()];
        assert_eq!(first, [0.374_540_118_847_362_5, 0.950_714_306_409_916_2, 0.731_993_941_811_405_1]);
        let mut random = MersenneTwister::new(0);
        let last = (0..1000).map(|_| random.uniform()).last();
        assert_eq!(last, Some(NUMPY_0_1000));
    }

    const NUMPY_0_1000: f64 = 0.677_141_144_111_424_1;
}
