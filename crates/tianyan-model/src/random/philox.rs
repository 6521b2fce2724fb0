//! Counted random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2,
//! 3"). The seed is the key; the counter is (number of the draw, stream, cell).

/// The numbers of one cell in one stream, in the order of drawing.
#[derive(Debug, Clone)]
pub struct Philox {
    key: [u32; 2],
    /// Block of four words, stream, cell.
    counter: [u32; 4],
    words: [u32; 4],
    used: usize,
    /// The second of a pair of normal numbers.
    spare: Option<f64>,
}

impl Philox {
    /// The numbers of `cell` in `stream`; each combination has its own.
    pub fn new(seed: u64, stream: u32, cell: u64) -> Philox {
        let counter = [0, stream, cell as u32, (cell >> 32) as u32];
        Philox { key: [seed as u32, (seed >> 32) as u32], counter, words: [0; 4], used: 4, spare: None }
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.words = rounds(self.counter, self.key);
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    /// Uniform in (0, 1), with 53 bits.
    pub fn uniform(&mut self) -> f64 {
        let bits = (u64::from(self.next_u32()) << 32 | u64::from(self.next_u32())) >> 11;
        (bits as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A whole number below `end`, each as likely (Lemire 2019, without bias); 0 if `end` is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        let mut product = u64::from(self.next_u32()) * u64::from(end);
        if (product as u32) < end {
            let least = end.wrapping_neg() % end.max(1);
            while (product as u32) < least {
                product = u64::from(self.next_u32()) * u64::from(end);
            }
        }
        (product >> 32) as u32
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        if let Some(second) = self.spare.take() {
            return second;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let (sin, cos) = (2.0 * std::f64::consts::PI * self.uniform()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }
}

/// The four words of block `block` of the numbers of several cells at once, word by word: [`Philox`] draws them one
/// after the other.
pub fn philox_lanes<const LANES: usize>(seed: u64, stream: u32, cells: [u32; LANES], block: u32) -> [[u32; LANES]; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = [[block; LANES], [stream; LANES], cells, [0; LANES]];
    let mut key = [seed as u32, (seed >> 32) as u32];
    for _ in 0..10 {
        for k in 0..LANES {
            let a = u64::from(c0[k]) * MULTIPLIERS[0];
            let b = u64::from(c2[k]) * MULTIPLIERS[1];
            c0[k] = (b >> 32) as u32 ^ c1[k] ^ key[0];
            c1[k] = b as u32;
            c2[k] = (a >> 32) as u32 ^ c3[k] ^ key[1];
            c3[k] = a as u32;
        }
        key = next_key(key);
    }
    [c0, c1, c2, c3]
}

const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];

fn next_key(key: [u32; 2]) -> [u32; 2] {
    [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)]
}

fn rounds(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let a = u64::from(counter[0]) * MULTIPLIERS[0];
        let b = u64::from(counter[2]) * MULTIPLIERS[1];
        counter = [(b >> 32) as u32 ^ counter[1] ^ key[0], b as u32, (a >> 32) as u32 ^ counter[3] ^ key[1], a as u32];
        key = next_key(key);
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published test vectors of Random123 (kat_vectors, philox 4x32 10).
    #[test]
    fn philox_is_philox() {
        assert_eq!(rounds([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(rounds([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    }

    #[test]
    fn lanes_draw_what_one_cell_draws() {
        let words = philox_lanes(7 << 33 | 5, 2, [9, 10, 11], 1);
        for (lane, cell) in [9, 10, 11].into_iter().enumerate() {
            let mut random = Philox::new(7 << 33 | 5, 2, cell);
            for _ in 0..4 {
                random.next_u32();
            }
            assert_eq!(words.map(|word| word[lane]), [0; 4].map(|_| random.next_u32()));
        }
    }

    #[test]
    fn draws_are_spread_as_they_should() {
        let mut random = Philox::new(7, 1, 3);
        let count = 40_000;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let uniforms: Vec<f64> = (0..count).map(|_| random.uniform()).collect();
        let normals: Vec<f64> = (0..count).map(|_| random.normal()).collect();
        let squares: Vec<f64> = normals.iter().map(|x| x * x).collect();
        let waits: Vec<f64> = (0..count).map(|_| random.exponential()).collect();
        let wholes: Vec<f64> = (0..count).map(|_| f64::from(random.below(7))).collect();
        assert!((mean(&uniforms) - 0.5).abs() < 0.006 && uniforms.iter().all(|u| *u > 0.0 && *u < 1.0));
        assert!(mean(&normals).abs() < 0.02 && (mean(&squares) - 1.0).abs() < 0.03);
        assert!((mean(&waits) - 1.0).abs() < 0.02 && (mean(&wholes) - 3.0).abs() < 0.04);
        assert!(wholes.contains(&6.0) && !wholes.contains(&7.0));
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn cells_streams_and_seeds_differ() {
        let first = |seed, stream, cell| Philox::new(seed, stream, cell).next_u32();
        let all = [first(1, 1, 1), first(2, 1, 1), first(1, 2, 1), first(1, 1, 2), first(1, 1, 1 << 32)];
        assert!((0..5).all(|i| (0..i).all(|j| all[i] != all[j])));
    }
}
