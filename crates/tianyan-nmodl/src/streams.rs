//! Random numbers, draw by draw those of NEURON's nrnran123: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel
//! random numbers: as easy as 1, 2, 3") with counter (sequence, id3, id1, id2) and key 0. The twins in C stand in
//! `kernel.h`.

/// Ten rounds of Philox 4x32 with key (0, 0).
fn philox(mut counter: [u32; 4]) -> [u32; 4] {
    let mut key = [0u32, 0];
    for _ in 0..10 {
        let a = u64::from(counter[0]) * 0xD251_1F53;
        let b = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [(b >> 32) as u32 ^ counter[1] ^ key[0], b as u32, (a >> 32) as u32 ^ counter[3] ^ key[1], a as u32];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

/// A number as a word; 0 if it is none.
fn word(x: f64) -> u32 {
    if x > 0.0 && x < 4_294_967_296.0 { x as u32 } else { 0 }
}

/// The 32-bit word at a place of the stream with these identifiers.
pub fn integer(ids: [f64; 3], place: f64) -> f64 {
    let sequence = (place * 0.25).floor();
    let words = philox([word(sequence), word(ids[2]), word(ids[0]), word(ids[1])]);
    let which = place - 4.0 * sequence;
    let number = match () {
        _ if which < 1.0 => 0,
        _ if which < 2.0 => 1,
        _ if which < 3.0 => 2,
        _ => 3,
    };
    f64::from(words[number])
}

/// Uniform between 0 and 1, ends excluded.
pub fn uniform(ids: [f64; 3], place: f64) -> f64 {
    (integer(ids, place) + 1.0) * (1.0 / 4_294_967_297.0)
}

/// Normally distributed (mean 0, deviation 1), and how many words that took.
pub fn normal(ids: [f64; 3], place: f64) -> (f64, f64) {
    let mut length = 0.0;
    loop {
        let a = 2.0 * uniform(ids, place + length) - 1.0;
        let b = 2.0 * uniform(ids, place + length + 1.0) - 1.0;
        length += 2.0;
        let square = a * a + b * b;
        if square <= 1.0 || length > 1000.0 {
            return (((-2.0 * crate::math::log(square)) / square).sqrt() * a, length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published test vectors of Random123 (kat_vectors, philox 4x32 10).
    #[test]
    fn philox_is_philox() {
        assert_eq!(philox([0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    }

    #[test]
    fn draws_are_spread_as_they_should() {
        let ids = [1.0, 2.0, 3.0];
        let count = 40_000;
        let uniforms: Vec<f64> = (0..count).map(|k| uniform(ids, f64::from(k))).collect();
        let mean = uniforms.iter().sum::<f64>() / f64::from(count);
        assert!((mean - 0.5).abs() < 0.005 && uniforms.iter().all(|u| *u > 0.0 && *u < 1.0), "{mean}");
        let (mut place, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for _ in 0..count {
            let (value, length) = normal(ids, place);
            place += length;
            sum += value;
            squares += value * value;
        }
        let (mean, variance) = (sum / f64::from(count), squares / f64::from(count));
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }
}
