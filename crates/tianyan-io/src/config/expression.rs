//! Formulas in text: `0.0003*exp(-distance_um/100)`.
//!
//! Numbers, variables, `+ - * / ^`, parentheses, `pi`, and the functions of [`FUNCTIONS`]. Those of the second half
//! draw random numbers: `normal(mean, deviation)`, `normal_above(mean, deviation, least)`, which is drawn again until
//! it is at least `least`, and `uniform(low, high)`. `^` binds closest and to the right; a minus sign binds like a
//! factor, so `-2^2` is -4.

use super::nearest::did_you_mean;
use tianyan_model::random::Philox;

/// Functions of formulas with their number of arguments.
pub const FUNCTIONS: &[(&str, usize)] = &[
    ("exp", 1),
    ("log", 1),
    ("sqrt", 1),
    ("abs", 1),
    ("min", 2),
    ("max", 2),
    ("uniform", 2),
    ("normal", 2),
    ("normal_above", 3),
];

/// The first of them that draws.
const FIRST_DRAW: usize = 6;

/// `normal_above` draws no farther from its mean than so many deviations.
const FARTHEST: f64 = 5.0;

/// `normal_above` gives up after so many draws.
const MOST_DRAWS: usize = 10_000;

/// Parentheses and signs may be nested this deep.
const DEEPEST: usize = 64;

/// A formula, ready to be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    root: Term,
    variables: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    Number(f64),
    Variable(usize),
    Call(Function, Vec<Term>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Function {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Negate,
    Named(usize),
}

impl Expression {
    /// A formula that is only a number.
    pub fn constant(value: f64) -> Expression {
        Expression { root: Term::Number(value), variables: Vec::new() }
    }

    /// Reads a formula. The error says what is wrong and at which character.
    pub fn parse(text: &str) -> Result<Expression, String> {
        let mut parser = Parser { text: text.chars().collect(), at: 0, depth: 0, variables: Vec::new() };
        let root = parser.sum()?;
        match parser.peek() {
            None => Ok(Expression { root, variables: parser.variables }),
            Some(found) => Err(parser.error(&format!("expected an operator, found `{found}`"))),
        }
    }

    /// Names of the variables, in the order in which [`Expression::evaluate`] takes their values.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The value, given those of the variables; not a number where it is to be drawn.
    pub fn evaluate(&self, values: &[f64]) -> f64 {
        self.root.evaluate(values, &mut None)
    }

    /// The value, with random numbers from there; for formulas without variables.
    pub fn draw(&self, random: &mut Philox) -> f64 {
        self.root.evaluate(&[], &mut Some(random))
    }

    /// True if it draws random numbers.
    pub fn draws(&self) -> bool {
        self.root.draws()
    }

    /// The value, if there are no variables.
    pub fn as_constant(&self) -> Option<f64> {
        (self.variables.is_empty() && !self.draws()).then(|| self.evaluate(&[]))
    }
}

impl Term {
    fn draws(&self) -> bool {
        match self {
            Term::Call(function, arguments) => {
                matches!(function, Function::Named(FIRST_DRAW..)) || arguments.iter().any(Term::draws)
            }
            _ => false,
        }
    }

    fn evaluate(&self, values: &[f64], random: &mut Option<&mut Philox>) -> f64 {
        let (function, arguments) = match self {
            Term::Number(number) => return *number,
            Term::Variable(index) => return values.get(*index).copied().unwrap_or(f64::NAN),
            Term::Call(function, arguments) => (function, arguments),
        };
        let mut argument = |i: usize| arguments.get(i).map_or(f64::NAN, |term| term.evaluate(values, random));
        match function {
            Function::Add => argument(0) + argument(1),
            Function::Subtract => argument(0) - argument(1),
            Function::Multiply => argument(0) * argument(1),
            Function::Divide => argument(0) / argument(1),
            Function::Power => argument(0).powf(argument(1)),
            Function::Negate => -argument(0),
            Function::Named(0) => argument(0).exp(),
            Function::Named(1) => argument(0).ln(),
            Function::Named(2) => argument(0).sqrt(),
            Function::Named(3) => argument(0).abs(),
            Function::Named(4) => argument(0).min(argument(1)),
            Function::Named(5) => argument(0).max(argument(1)),
            Function::Named(draw) => {
                let (a, b, least) =
                    (argument(0), argument(1), if *draw == 8 { argument(2) } else { f64::NEG_INFINITY });
                let Some(random) = random else { return f64::NAN };
                match draw {
                    6 => a + (b - a) * random.uniform(),
                    _ => (0..MOST_DRAWS).map(|_| a + b * random.normal()).find(|x| *x >= least).unwrap_or(least),
                }
            }
        }
    }
}

struct Parser {
    text: Vec<char>,
    at: usize,
    depth: usize,
    variables: Vec<String>,
}

impl Parser {
    fn error(&self, message: &str) -> String {
        format!("{message} at character {}", self.at.min(self.text.len()) + 1)
    }

    fn peek(&mut self) -> Option<char> {
        while self.text.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.accept(wanted) { Ok(()) } else { Err(self.error(&format!("expected `{wanted}`"))) }
    }

    fn sum(&mut self) -> Result<Term, String> {
        let mut left = self.product()?;
        loop {
            let function = match self.peek() {
                Some('+') => Function::Add,
                Some('-') => Function::Subtract,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Term::Call(function, vec![left, self.product()?]);
        }
    }

    fn product(&mut self) -> Result<Term, String> {
        let mut left = self.signed()?;
        loop {
            let function = match self.peek() {
                Some('*') => Function::Multiply,
                Some('/') => Function::Divide,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Term::Call(function, vec![left, self.signed()?]);
        }
    }

    fn signed(&mut self) -> Result<Term, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error("the formula is nested too deeply"));
        }
        let term = if self.accept('-') {
            Term::Call(Function::Negate, vec![self.signed()?])
        } else if self.accept('+') {
            self.signed()?
        } else {
            self.power()?
        };
        self.depth -= 1;
        Ok(term)
    }

    fn power(&mut self) -> Result<Term, String> {
        let base = self.atom()?;
        if self.accept('^') {
            return Ok(Term::Call(Function::Power, vec![base, self.signed()?]));
        }
        Ok(base)
    }

    fn atom(&mut self) -> Result<Term, String> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.sum()?;
                self.expect(')')?;
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' => self.name(),
            Some(c) => Err(self.error(&format!("expected a number, a variable or `(`, found `{c}`"))),
            None => Err(self.error("expected a number, a variable or `(`, found the end")),
        }
    }

    fn number(&mut self) -> Result<Term, String> {
        let start = self.at;
        while let Some(&c) = self.text.get(self.at) {
            let exponent_sign =
                matches!(c, '+' | '-') && matches!(self.text[self.at - 1], 'e' | 'E') && self.at > start;
            if !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E') || exponent_sign) {
                break;
            }
            self.at += 1;
        }
        let text: String = self.text[start..self.at].iter().collect();
        let number = text.parse().map_err(|_| format!("`{text}` is no number at character {}", start + 1))?;
        Ok(Term::Number(number))
    }

    fn name(&mut self) -> Result<Term, String> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
            self.at += 1;
        }
        let name: String = self.text[start..self.at].iter().collect();
        if self.peek() == Some('(') {
            return self.call(&name, start);
        }
        if name == "pi" {
            return Ok(Term::Number(std::f64::consts::PI));
        }
        let known = self.variables.iter().position(|variable| *variable == name);
        Ok(Term::Variable(known.unwrap_or_else(|| {
            self.variables.push(name);
            self.variables.len() - 1
        })))
    }

    fn call(&mut self, name: &str, start: usize) -> Result<Term, String> {
        let Some(index) = FUNCTIONS.iter().position(|(known, _)| *known == name) else {
            let help = did_you_mean(name, FUNCTIONS.iter().map(|(known, _)| *known));
            return Err(format!("unknown function `{name}` at character {} ({help})", start + 1));
        };
        self.expect('(')?;
        let mut arguments = vec![self.sum()?];
        while self.accept(',') {
            arguments.push(self.sum()?);
        }
        self.expect(')')?;
        let wanted = FUNCTIONS[index].1;
        if arguments.len() != wanted {
            return Err(format!("`{name}` takes {wanted} argument(s), not {}", arguments.len()));
        }
        if let [Term::Number(mean), Term::Number(deviation), Term::Number(least)] = arguments[..]
            && least > mean + FARTHEST * deviation.abs()
        {
            return Err(format!("no number drawn about {mean} is at least {least} at character {}", start + 1));
        }
        Ok(Term::Call(Function::Named(index), arguments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> f64 {
        Expression::parse(text).unwrap().as_constant().unwrap()
    }

    #[test]
    fn precedence_is_that_of_mathematics() {
        assert_eq!(value("1 + 2*3"), 7.0);
        assert_eq!(value("-2^2"), -4.0);
        assert_eq!(value("2^3^2"), 512.0);
        assert_eq!(value("2^-1"), 0.5);
        assert_eq!(value("(1 - 2) - 3"), -4.0);
        assert_eq!(value("8/4/2"), 1.0);
        assert_eq!(value("1.5e-3*2E+3"), 3.0);
        assert_eq!(value("min(2, max(1, 5)) + sqrt(abs(-9))"), 5.0);
        assert_eq!(value("pi"), std::f64::consts::PI);
    }

    #[test]
    fn draws_are_drawn() {
        let formula = Expression::parse("-normal_above(1, 2, 0.5) + 0*uniform(3, 4)").unwrap();
        assert!(formula.draws() && formula.as_constant().is_none() && formula.evaluate(&[]).is_nan());
        let mut random = Philox::new(1, 2, 3);
        let drawn: Vec<f64> = (0..2000).map(|_| formula.draw(&mut random)).collect();
        assert!(drawn.iter().all(|x| *x <= -0.5) && drawn.iter().any(|x| *x < -4.0));
        let normal = Expression::parse("normal(3, 0)").unwrap();
        assert_eq!(normal.draw(&mut random), 3.0);
    }

    #[test]
    fn variables_come_in_order_of_appearance() {
        let formula = Expression::parse("0.0003*exp(-distance_um/100) + x*x").unwrap();
        assert_eq!(formula.variables(), ["distance_um", "x"]);
        assert_eq!(formula.evaluate(&[100.0, 2.0]), 0.0003 * (-1.0f64).exp() + 4.0);
    }

    #[test]
    fn errors_say_what_and_where() {
        let error = |text: &str| Expression::parse(text).unwrap_err();
        assert_eq!(error("1 +"), "expected a number, a variable or `(`, found the end at character 4");
        assert_eq!(error("1 2"), "expected an operator, found `2` at character 3");
        assert_eq!(error("epx(1)"), "unknown function `epx` at character 1 (did you mean `exp`?)");
        assert_eq!(error("min(1)"), "`min` takes 2 argument(s), not 1");
        assert_eq!(error("1e"), "`1e` is no number at character 1");
        assert!(error(&"(".repeat(10_000)).contains("too deeply"));
        assert!(error(&"-".repeat(10_000)).contains("too deeply"));
    }
}
