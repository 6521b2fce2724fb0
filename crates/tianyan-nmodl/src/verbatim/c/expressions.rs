//! Expressions of C.

use super::{FRACTIONS, NUMBERS, Read, Reader, Token, plain};
use crate::ast::{Binary, Expression, ExpressionKind, StatementKind, Unary};
use crate::builtins;

/// The longest expression.
const DEEPEST: u32 = 100;

/// Binary operators by level, loosest first. `&` and `|` stand between conditions only.
const LEVELS: [&[(&str, Binary)]; 8] = [
    &[("||", Binary::Or)],
    &[("&&", Binary::And)],
    &[("|", Binary::Or)],
    &[("&", Binary::And)],
    &[("==", Binary::Equal), ("!=", Binary::NotEqual)],
    &[("<", Binary::Less), ("<=", Binary::LessEqual), (">", Binary::Greater), (">=", Binary::GreaterEqual)],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[("*", Binary::Multiply), ("/", Binary::Divide)],
];

/// An expression, and whether its value is a whole number by its type.
type Typed = (Expression, bool);

impl Reader<'_> {
    pub(super) fn binary(&self, operator: Binary, left: Expression, right: Expression) -> Expression {
        let depth = 1 + left.depth.max(right.depth);
        self.node(ExpressionKind::Binary(operator, Box::new(left), Box::new(right)), depth)
    }

    fn call_of(&self, name: &str, arguments: Vec<Expression>) -> Expression {
        let depth = 1 + arguments.iter().map(|argument| argument.depth).max().unwrap_or(0);
        self.node(ExpressionKind::Call(self.named(name), arguments), depth)
    }

    /// Towards 0.
    pub(super) fn truncated(&self, value: Expression) -> Expression {
        self.call_of("INT", vec![value])
    }

    /// Reads an expression.
    pub(super) fn expression(&mut self) -> Read<Expression> {
        Ok(self.typed()?.0)
    }

    pub(super) fn typed(&mut self) -> Read<Typed> {
        self.deeper(|reader| {
            if let Some(value) = reader.inner_assignment()? {
                return Ok((value, false));
            }
            let (first, whole) = reader.level(0)?;
            if reader.take("?") { reader.choice(first) } else { Ok((first, whole)) }
        })
    }

    /// `condition ? a : b`: a local variable that is set before.
    fn choice(&mut self, condition: Expression) -> Read<Typed> {
        let outside = std::mem::take(&mut self.before);
        let (yes, yes_whole) = self.typed()?;
        let mut then = std::mem::take(&mut self.before);
        self.expect(":")?;
        let (no, no_whole) = self.typed()?;
        let mut otherwise = std::mem::replace(&mut self.before, outside);
        let name = self.new_name();
        then.push(self.set(&name, yes));
        otherwise.push(self.set(&name, no));
        let arms = vec![(condition, then)];
        self.before.push(self.local(&name));
        self.before.push(self.made(StatementKind::If { arms, otherwise }));
        Ok((self.node(ExpressionKind::Name(name), 1), yes_whole && no_whole))
    }

    fn level(&mut self, level: usize) -> Read<Typed> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let (mut left, mut whole) = self.level(level + 1)?;
        loop {
            if level == LEVELS.len() - 1 && self.take("%") {
                let (right, _) = self.level(level + 1)?;
                left = self.call_of("fmod", vec![left, right]);
                continue;
            }
            let found = match self.peek() {
                Some(Token::Symbol(symbol)) => operators.iter().find(|(text, _)| text == symbol),
                _ => None,
            };
            let Some((text, operator)) = found else { return Ok((left, whole)) };
            self.at += 1;
            let before = self.before.len();
            let (right, right_whole) = self.level(level + 1)?;
            if level < 2 && self.before.len() > before {
                return Err(format!("behind `{text}` it changes something"));
            }
            if matches!(*text, "&" | "|") && !(is_condition(&left) && is_condition(&right)) {
                return Err(format!("`{text}` between numbers"));
            }
            left = self.binary(*operator, left, right);
            whole = level < 6 || (whole && right_whole);
            if *operator == Binary::Divide && whole {
                left = self.truncated(left);
            }
            if left.depth > DEEPEST {
                return Err("an expression is too long".into());
            }
        }
    }

    fn unary(&mut self) -> Read<Typed> {
        if self.is("++") || self.is("--") {
            return self.stepped();
        }
        let operator = match () {
            _ if self.take("-") => Unary::Negate,
            _ if self.take("!") => Unary::Not,
            _ if self.take("+") => return self.deeper(Self::unary),
            _ => return self.primary(),
        };
        let (operand, whole) = self.deeper(Self::unary)?;
        let depth = operand.depth + 1;
        Ok((self.node(ExpressionKind::Unary(operator, Box::new(operand)), depth), whole))
    }

    /// `++x`: x changes before.
    fn stepped(&mut self) -> Read<Typed> {
        let mut step = Vec::new();
        let Some(name) = self.word_at(self.at + 1).map(String::from) else { return Err(self.here()) };
        self.assignment(&mut step)?;
        self.before.append(&mut step);
        Ok((self.node(ExpressionKind::Name(plain(&name)), 1), self.names.wholes.contains(&plain(&name))))
    }

    fn primary(&mut self) -> Read<Typed> {
        match self.peek().cloned() {
            Some(Token::Number(number, whole)) => {
                self.at += 1;
                Ok((self.number(number), whole))
            }
            Some(Token::Symbol("(")) => self.parentheses(),
            Some(Token::Word(word)) => {
                self.at += 1;
                let whole = self.names.wholes.contains(&plain(&word));
                Ok((self.after_name(&word)?, whole))
            }
            _ => Err(self.here()),
        }
    }

    /// `(a + b)` or a conversion.
    fn parentheses(&mut self) -> Read<Typed> {
        self.at += 1;
        if self.word().is_some_and(|word| NUMBERS.contains(&word)) {
            let mut whole = false;
            while let Some(word) = self.word().filter(|word| NUMBERS.contains(word)) {
                whole |= !FRACTIONS.contains(&word);
                self.at += 1;
            }
            self.expect(")")?;
            let (value, was_whole) = self.deeper(Self::unary)?;
            return Ok((if whole && !was_whole { self.truncated(value) } else { value }, whole));
        }
        let inner = self.typed()?;
        self.expect(")")?;
        Ok(inner)
    }

    fn after_name(&mut self, word: &str) -> Read<Expression> {
        if self.names.nulls.contains(word) {
            return Err(format!("`{word}` is a pointer"));
        }
        if self.take("[") {
            let index = self.expression()?;
            self.expect("]")?;
            let depth = index.depth + 1;
            return Ok(self.node(ExpressionKind::Element(self.named(&plain(word)), Box::new(index)), depth));
        }
        if self.is("->") || self.is(".") || self.is("::") {
            return Err(format!("`{word}` is no number of NMODL"));
        }
        if !self.take("(") {
            if word.starts_with("_p_") {
                return Err(format!("`{word}` is a pointer"));
            }
            return Ok(self.node(ExpressionKind::Name(plain(word)), 1));
        }
        if let Some(call) = random(word, self.place.drawn) {
            return self.draw(call);
        }
        self.call(word)
    }

    fn call(&mut self, word: &str) -> Read<Expression> {
        let mut arguments = Vec::new();
        while !self.take(")") {
            match self.word() {
                Some("_threadargscomma_" | "_threadargs_" | "_p") => self.at += 1,
                _ => arguments.push(self.expression()?),
            }
            self.take(",");
            if self.peek().is_none() {
                return Err("`)` is missing".into());
            }
        }
        let known = builtins::arity(word).is_some() || !word.starts_with("hoc_") && !word.starts_with("nrn");
        if !known {
            return Err(format!("`{word}` is a function of hoc"));
        }
        Ok(self.call_of(&plain(word), arguments))
    }

    /// `nrnran123_dblpick((nrnran123_State*)_p_r)`: the first POINTER among what stands in the parentheses.
    fn draw(&mut self, call: &'static str) -> Read<Expression> {
        let mut stream = None;
        let mut open = 1;
        while open > 0 {
            match self.peek().cloned() {
                Some(Token::Symbol("(")) => open += 1,
                Some(Token::Symbol(")")) => open -= 1,
                Some(Token::Word(word)) => {
                    let name = word.strip_prefix("_p_").filter(|name| self.context.pointers.contains(*name));
                    stream = stream.or(name.map(String::from));
                }
                Some(_) => {}
                None => return Err("`)` is missing".into()),
            }
            self.at += 1;
        }
        let stream = stream.ok_or("a random stream that is no POINTER of the file")?;
        self.found.streams.insert(stream.clone());
        self.found.drawn.insert(stream.clone());
        Ok(crate::verbatim::stream_call(call, &stream, Vec::new(), self.span))
    }
}

/// True for comparisons and what is made of them.
fn is_condition(expression: &Expression) -> bool {
    use Binary::{And, Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual, Or};
    match &expression.kind {
        ExpressionKind::Binary(operator, ..) => {
            matches!(operator, And | Equal | Greater | GreaterEqual | Less | LessEqual | NotEqual | Or)
        }
        ExpressionKind::Unary(Unary::Not, _) => true,
        _ => false,
    }
}

/// The function of a RANDOM stream that does what this function of NEURON does, where hoc's Random draws `drawn`.
fn random(word: &str, drawn: &'static str) -> Option<&'static str> {
    match word {
        "nrn_random_pick" => Some(drawn),
        "nrnran123_dblpick" | "nrnran123_uniform" => Some("random_dpick"),
        "nrnran123_negexp" => Some("random_negexp"),
        "nrnran123_normal" => Some("random_normal"),
        "nrnran123_ipick" => Some("random_ipick"),
        _ => None,
    }
}
