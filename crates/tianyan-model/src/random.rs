//! Random numbers that models need.
//!
//! [`PythonRandom`] draws the very numbers of Python's `random.Random(seed)`, so that networks which a Python
//! script describes can be built here again, figure for figure. [`Philox`] gives every (seed, stream, cell) numbers of
//! its own, so that what is drawn does not depend on who draws first.

mod philox;

pub use philox::{Philox, philox_lanes};

const N: usize = 624;
const M: usize = 397;

/// The 32-bit Mersenne Twister MT19937 (Matsumoto and Nishimura 1998).
#[derive(Debug, Clone)]
pub struct Mt19937 {
    state: [u32; N],
    next: usize,
}

impl Mt19937 {
    /// Seeded with one number (`init_genrand`).
    pub fn from_seed(seed: u32) -> Mt19937 {
        let mut state = [0u32; N];
        state[0] = seed;
        for i in 1..N {
            let last = state[i - 1];
            state[i] = 1_812_433_253u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(i as u32);
        }
        Mt19937 { state, next: N }
    }

    /// Seeded with several numbers (`init_by_array`); an empty key counts as `[0]`.
    pub fn from_key(key: &[u32]) -> Mt19937 {
        let key = if key.is_empty() { &[0][..] } else { key };
        let mut generator = Mt19937::from_seed(19_650_218);
        let state = &mut generator.state;
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let mixed = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_664_525);
            state[i] = (state[i] ^ mixed).wrapping_add(key[j]).wrapping_add(j as u32);
            i = following(state, i);
            j = (j + 1) % key.len();
        }
        for _ in 0..N - 1 {
            let mixed = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_566_083_941);
            state[i] = (state[i] ^ mixed).wrapping_sub(i as u32);
            i = following(state, i);
        }
        state[0] = 0x8000_0000;
        generator
    }

    /// The next 32 bits (`genrand_int32`).
    pub fn next_u32(&mut self) -> u32 {
        if self.next == N {
            self.renew();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// Uniform in [0, 1) with 53 bits (`genrand_res53`).
    pub fn next_f64(&mut self) -> f64 {
        let high = f64::from(self.next_u32() >> 5);
        let low = f64::from(self.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    fn renew(&mut self) {
        for i in 0..N {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
    }
}

/// The index after `i` in `init_by_array`, which wraps to 1 and carries the last number to the front.
fn following(state: &mut [u32; N], i: usize) -> usize {
    if i + 1 < N {
        return i + 1;
    }
    state[0] = state[N - 1];
    1
}

/// CPython's `random.Random(seed)` for whole-number seeds: the same draws in the same order.
#[derive(Debug, Clone)]
pub struct PythonRandom(Mt19937);

impl PythonRandom {
    /// `random.Random(seed)`.
    pub fn new(seed: u64) -> PythonRandom {
        let (low, high) = (seed as u32, (seed >> 32) as u32);
        let key = [low, high];
        PythonRandom(Mt19937::from_key(if high == 0 { &key[..1] } else { &key }))
    }

    /// `random.random()`: uniform in [0, 1).
    pub fn random(&mut self) -> f64 {
        self.0.next_f64()
    }

    /// `random.uniform(low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random()
    }

    /// `random.randrange(end)`: a whole number below `end`; 0 where Python raises because `end` is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        if end == 0 {
            return 0;
        }
        let shift = end.leading_zeros();
        loop {
            let draw = self.0.next_u32() >> shift;
            if draw < end {
                return draw;
            }
        }
    }

    /// `random.randint(low, high)`: a whole number, both ends included; `low` where `high` is not above it.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_cpython() {
        let draw = |seed| {
            let mut python = PythonRandom::new(seed);
            [0; 3].map(|_| python.0.next_u32())
        };
        assert_eq!(draw(0), [3626764237, 1654615998, 3255389356]);
        assert_eq!(draw(1), [577090037, 2444712010, 3639700191]);
        assert_eq!(draw(1_000_003), [2215683690, 2842942155, 1374965217]);
        assert_eq!(draw((1 << 40) + 12345), [1332995613, 1500173691, 493462063]);
    }

    #[test]
    fn distributions_are_those_of_cpython() {
        let mut python = PythonRandom::new(1);
        (0..3).for_each(|_| {
            python.0.next_u32();
        });
        assert_eq!(python.random(), 0.8022650611681835);
        assert_eq!(python.between(8, 40), 12);
        assert_eq!(python.below(7), 2);
        assert_eq!(python.uniform(50.0, 150.0), 61.79187036710611);
        assert_eq!(python.0.next_u32() >> 27, 24);
        assert_eq!([0; 3].map(|_| python.below(1000)), [460, 483, 667]);
    }

    #[test]
    fn empty_ranges_do_not_panic() {
        let mut python = PythonRandom::new(5);
        assert_eq!(python.below(0), 0);
        assert_eq!(python.between(4, 4), 4);
        assert_eq!(python.between(4, 2), 4);
    }
}
