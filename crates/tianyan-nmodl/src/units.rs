//! What units mean: the factors of UNITS (`FARADAY = (faraday) (coulomb)` is a number), and dimensions for the check.
//!
//! Grammar as in UNIX `units`: a space
//! or `-` multiplies, what follows `/` divides, digits at the end of a word are its power.

use std::collections::HashMap;

/// Powers of metre, kilogram, second, coulomb, kelvin, mole.
type Dimension = [i8; 6];

/// A unit: so many of the SI's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Unit {
    factor: f64,
    dimension: Dimension,
}

const ONE: Unit = Unit { factor: 1.0, dimension: [0; 6] };

/// Names of the base units, in the order of [`Dimension`].
const BASE: [&str; 6] = ["m", "kg", "s", "C", "K", "mol"];

impl Unit {
    /// The unit of plain numbers.
    pub(crate) fn one() -> Unit {
        ONE
    }

    /// The product (`sign` 1) or quotient (-1).
    pub(crate) fn times(&self, other: &Unit, sign: i8) -> Unit {
        let mut product = *self;
        multiply(&mut product, *other, sign);
        product
    }

    /// The unit whose square this is.
    pub(crate) fn root(&self) -> Option<Unit> {
        let even = self.dimension.iter().all(|power| power % 2 == 0);
        even.then(|| Unit { factor: self.factor.sqrt(), dimension: self.dimension.map(|power| power / 2) })
    }

    /// The same dimension; a mole may stand for a number.
    pub(crate) fn same_dimension(&self, other: &Unit) -> bool {
        self.dimension[..5] == other.dimension[..5]
    }

    /// The same dimension and scale.
    pub(crate) fn fits(&self, other: &Unit) -> bool {
        let scale = self.dimension[5] != other.dimension[5] || (self.factor / other.factor - 1.0).abs() < 1e-3;
        self.same_dimension(other) && scale
    }

    /// `0.001 m2 kg s-2 C-1`
    pub(crate) fn spelled(&self) -> String {
        let powers = BASE.iter().zip(self.dimension).filter(|(_, power)| *power != 0);
        let words = powers.map(|(name, power)| if power == 1 { name.to_string() } else { format!("{name}{power}") });
        let words: Vec<String> = words.collect();
        let factor = format!("{:.4e}", self.factor);
        let number = factor.parse::<f64>().map_or(factor, |number| format!("{number}"));
        match (number.as_str(), words.is_empty()) {
            ("1", false) => format!("({})", words.join(" ")),
            (number, true) => format!("({number})"),
            (number, false) => format!("({number} {})", words.join(" ")),
        }
    }
}

/// Words with their value in SI units. Physical constants: CODATA 2018.
const WORDS: &[(&str, f64, Dimension)] = &[
    ("m", 1.0, [1, 0, 0, 0, 0, 0]),
    ("meter", 1.0, [1, 0, 0, 0, 0, 0]),
    ("metre", 1.0, [1, 0, 0, 0, 0, 0]),
    ("cm", 1e-2, [1, 0, 0, 0, 0, 0]),
    ("mm", 1e-3, [1, 0, 0, 0, 0, 0]),
    ("um", 1e-6, [1, 0, 0, 0, 0, 0]),
    ("micron", 1e-6, [1, 0, 0, 0, 0, 0]),
    ("nm", 1e-9, [1, 0, 0, 0, 0, 0]),
    ("angstrom", 1e-10, [1, 0, 0, 0, 0, 0]),
    ("kg", 1.0, [0, 1, 0, 0, 0, 0]),
    ("g", 1e-3, [0, 1, 0, 0, 0, 0]),
    ("gram", 1e-3, [0, 1, 0, 0, 0, 0]),
    ("s", 1.0, [0, 0, 1, 0, 0, 0]),
    ("sec", 1.0, [0, 0, 1, 0, 0, 0]),
    ("second", 1.0, [0, 0, 1, 0, 0, 0]),
    ("ms", 1e-3, [0, 0, 1, 0, 0, 0]),
    ("minute", 60.0, [0, 0, 1, 0, 0, 0]),
    ("hour", 3600.0, [0, 0, 1, 0, 0, 0]),
    ("hertz", 1.0, [0, 0, -1, 0, 0, 0]),
    ("Hz", 1.0, [0, 0, -1, 0, 0, 0]),
    ("coul", 1.0, [0, 0, 0, 1, 0, 0]),
    ("coulomb", 1.0, [0, 0, 0, 1, 0, 0]),
    ("amp", 1.0, [0, 0, -1, 1, 0, 0]),
    ("ampere", 1.0, [0, 0, -1, 1, 0, 0]),
    ("A", 1.0, [0, 0, -1, 1, 0, 0]),
    ("mA", 1e-3, [0, 0, -1, 1, 0, 0]),
    ("nA", 1e-9, [0, 0, -1, 1, 0, 0]),
    ("volt", 1.0, [2, 1, -2, -1, 0, 0]),
    ("V", 1.0, [2, 1, -2, -1, 0, 0]),
    ("mV", 1e-3, [2, 1, -2, -1, 0, 0]),
    ("ohm", 1.0, [2, 1, -1, -2, 0, 0]),
    ("megohm", 1e6, [2, 1, -1, -2, 0, 0]),
    ("mho", 1.0, [-2, -1, 1, 2, 0, 0]),
    ("siemens", 1.0, [-2, -1, 1, 2, 0, 0]),
    ("S", 1.0, [-2, -1, 1, 2, 0, 0]),
    ("uS", 1e-6, [-2, -1, 1, 2, 0, 0]),
    ("farad", 1.0, [-2, -1, 2, 2, 0, 0]),
    ("joule", 1.0, [2, 1, -2, 0, 0, 0]),
    ("newton", 1.0, [1, 1, -2, 0, 0, 0]),
    ("watt", 1.0, [2, 1, -3, 0, 0, 0]),
    ("calorie", 4.1868, [2, 1, -2, 0, 0, 0]),
    ("molar", 1e3, [-3, 0, 0, 0, 0, 1]),
    ("M", 1e3, [-3, 0, 0, 0, 0, 1]),
    ("mM", 1.0, [-3, 0, 0, 0, 0, 1]),
    ("F", 1.0, [-2, -1, 2, 2, 0, 0]),
    ("uF", 1e-6, [-2, -1, 2, 2, 0, 0]),
    ("pS", 1e-12, [-2, -1, 1, 2, 0, 0]),
    ("nS", 1e-9, [-2, -1, 1, 2, 0, 0]),
    ("mS", 1e-3, [-2, -1, 1, 2, 0, 0]),
    ("umho", 1e-6, [-2, -1, 1, 2, 0, 0]),
    ("uA", 1e-6, [0, 0, -1, 1, 0, 0]),
    ("pA", 1e-12, [0, 0, -1, 1, 0, 0]),
    ("uV", 1e-6, [2, 1, -2, -1, 0, 0]),
    ("us", 1e-6, [0, 0, 1, 0, 0, 0]),
    ("degC", 1.0, [0, 0, 0, 0, 1, 0]),
    ("degK", 1.0, [0, 0, 0, 0, 1, 0]),
    ("kelvin", 1.0, [0, 0, 0, 0, 1, 0]),
    ("K", 1.0, [0, 0, 0, 0, 1, 0]),
    ("mole", 1.0, [0, 0, 0, 0, 0, 1]),
    ("mol", 1.0, [0, 0, 0, 0, 0, 1]),
    ("liter", 1e-3, [3, 0, 0, 0, 0, 0]),
    ("litre", 1e-3, [3, 0, 0, 0, 0, 0]),
    ("l", 1e-3, [3, 0, 0, 0, 0, 0]),
    ("cc", 1e-6, [3, 0, 0, 0, 0, 0]),
    ("pi", std::f64::consts::PI, [0; 6]),
    ("radian", 1.0, [0; 6]),
    ("degree", std::f64::consts::PI / 180.0, [0; 6]),
    ("percent", 0.01, [0; 6]),
    ("e", 1.602_176_634e-19, [0, 0, 0, 1, 0, 0]),
    ("electron", 1.602_176_634e-19, [0, 0, 0, 1, 0, 0]),
    ("k", 1.380_649e-23, [2, 1, -2, 0, -1, 0]),
    ("faraday", 96485.33212331001, [0, 0, 0, 1, 0, 0]),
    ("planck", 6.626_070_15e-34, [2, 1, -1, 0, 0, 0]),
    ("h", 6.626_070_15e-34, [2, 1, -1, 0, 0, 0]),
    ("hbar", 1.054_571_817e-34, [2, 1, -1, 0, 0, 0]),
    ("R", 8.314_462_618_153_24, [2, 1, -2, 0, -1, 0]),
    ("boltzmann", 1.380_649e-23, [2, 1, -2, 0, -1, 0]),
    ("c", 299_792_458.0, [1, 0, -1, 0, 0, 0]),
    ("avogadro", 6.022_140_76e23, [0; 6]),
];

/// The gas constant is written `(k-mole)`: in UNIX `units` a mole is a number.
const MOLE: f64 = 6.022_140_76e23;

const PREFIXES: &[(&str, f64)] = &[
    ("tera", 1e12),
    ("giga", 1e9),
    ("mega", 1e6),
    ("kilo", 1e3),
    ("hecto", 1e2),
    ("deci", 1e-1),
    ("centi", 1e-2),
    ("milli", 1e-3),
    ("micro", 1e-6),
    ("nano", 1e-9),
    ("pico", 1e-12),
    ("femto", 1e-15),
];

/// The units a file knows: those of the table and its own.
#[derive(Debug, Default)]
pub(crate) struct Units {
    own: HashMap<String, Unit>,
}

impl Units {
    /// `(name) = (meaning)`; a meaning that is not known is left for the unit check.
    pub(crate) fn define(&mut self, name: &str, meaning: &str) {
        if let Some(unit) = self.read(meaning) {
            self.own.insert(name.to_string(), unit);
        }
    }

    /// How many `to` make one `from`, or what is wrong.
    pub(crate) fn factor(&self, from: &str, to: &str) -> Result<f64, String> {
        let read = |text: &str| self.read(text).ok_or_else(|| format!("unknown unit `({text})`"));
        let (from_unit, to_unit) = (read(from)?, read(to)?);
        let mut factor = from_unit.factor / to_unit.factor;
        let mut dimension = from_unit.dimension;
        dimension.iter_mut().zip(to_unit.dimension).for_each(|(a, b)| *a -= b);
        // A mole may stand for its number of things.
        factor *= MOLE.powi(i32::from(dimension[5]));
        // A plain number is what the file says it is.
        match dimension[..5] == [0; 5] || from_unit.dimension == [0; 6] {
            true => Ok(factor),
            false => Err(format!("`({from})` cannot be expressed in `({to})`")),
        }
    }

    /// A unit as it stands between parentheses.
    pub(crate) fn read(&self, text: &str) -> Option<Unit> {
        let mut result = ONE;
        let mut sign = 1;
        for (index, part) in text.split('/').enumerate() {
            if index == 1 {
                sign = -1;
            }
            for word in part.replace('*', " ").split_whitespace() {
                multiply(&mut result, self.factor_word(word)?, sign);
            }
        }
        Some(result)
    }

    /// A number, or words joined by `-`.
    fn factor_word(&self, word: &str) -> Option<Unit> {
        if let Ok(factor) = word.parse::<f64>() {
            return Some(Unit { factor, dimension: [0; 6] });
        }
        let mut result = ONE;
        for word in word.split('-').filter(|word| !word.is_empty()) {
            multiply(&mut result, self.word(word)?, 1);
        }
        Some(result)
    }

    fn word(&self, word: &str) -> Option<Unit> {
        if let Some(unit) = self.simple(word) {
            return Some(unit);
        }
        let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let power: i8 = word[stem.len()..].parse().ok().filter(|power| *power <= 9)?;
        let unit = self.simple(stem)?;
        let mut result = ONE;
        (0..power).for_each(|_| multiply(&mut result, unit, 1));
        Some(result)
    }

    fn simple(&self, word: &str) -> Option<Unit> {
        if let Some(unit) = self.own.get(word) {
            return Some(*unit);
        }
        let found = |word: &str| WORDS.iter().find(|(name, ..)| *name == word);
        if let Some((_, factor, dimension)) = found(word).or_else(|| found(word.strip_suffix('s')?)) {
            return Some(Unit { factor: *factor, dimension: *dimension });
        }
        let (prefix, scale) = PREFIXES.iter().find(|(prefix, _)| word.starts_with(prefix))?;
        let rest = match &word[prefix.len()..] {
            "" => ONE,
            "molar" => Unit { factor: 1e3, dimension: [-3, 0, 0, 0, 0, 1] },
            rest => self.simple(rest)?,
        };
        Some(Unit { factor: scale * rest.factor, ..rest })
    }
}

fn multiply(result: &mut Unit, by: Unit, sign: i8) {
    result.factor = if sign > 0 { result.factor * by.factor } else { result.factor / by.factor };
    result.dimension.iter_mut().zip(by.dimension).for_each(|(a, b)| *a = a.saturating_add(sign.saturating_mul(b)));
}

#[cfg(test)]
mod tests {
    use super::Units;

    #[test]
    fn constants_of_nature() {
        let mut units = Units::default();
        units.define("mM", "milli/liter");
        let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
        near(units.factor("faraday", "coulomb").unwrap(), 96485.33212331001);
        near(units.factor("faraday", "10000 coulomb").unwrap(), 9.648533212331001);
        near(units.factor("k-mole", "joule/degC").unwrap(), 8.31446261815324);
        near(units.factor("pi", "1").unwrap(), std::f64::consts::PI);
        near(units.factor("mA/cm2", "A/m2").unwrap(), 10.0);
        assert!(units.factor("mV", "mA").is_err());
        assert!(units.factor("bananas", "1").is_err());
    }
}
