//! Statements of C: declarations, assignments, `return`.

use super::{FRACTIONS, NUMBERS, Read, Reader, Token, plain};
use crate::ast::{Binary, Expression, ExpressionKind, Local, Name, Statement, StatementKind, Variable};
use crate::verbatim::stream_call;

/// Calls whose value nobody uses and that do not act on the model.
const WITHOUT_EFFECT: [&str; 19] = [
    "printf",
    "fprintf",
    "fflush",
    "fputs",
    "puts",
    "fopen",
    "fclose",
    "sprintf",
    "strcpy",
    "hoc_execerror",
    "hoc_execerr_ext",
    "hoc_warning",
    "assert",
    "exit",
    "abort",
    "nrn_assert",
    "nrnran123_deletestream",
    "vector_resize",
    "free",
];

impl Reader<'_> {
    /// Reads a statement.
    pub(super) fn statement(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.deeper(|reader| {
            let mut own = Vec::new();
            reader.any_statement(&mut own)?;
            out.append(&mut reader.before);
            out.append(&mut own);
            Ok(())
        })
    }

    fn any_statement(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        if self.take(";") {
            return Ok(());
        }
        if let Some(Token::Nmodl(k)) = self.peek() {
            out.extend(self.between[*k].iter().cloned());
            self.at += 1;
            return Ok(());
        }
        if self.is("{") {
            let body = self.body()?;
            if !body.is_empty() {
                out.push(self.made(StatementKind::Block(body)));
            }
            return Ok(());
        }
        if self.is_pointer_declaration() {
            return self.pointer_declaration();
        }
        if self.is("*") || self.is_about_pointers() {
            return self.skip();
        }
        match self.word().unwrap_or_default() {
            "" => Err(self.here()),
            "if" => self.condition(out),
            "for" => self.counted(out),
            "while" => self.while_loop(out),
            "do" => self.do_loop(out),
            "switch" => self.switch(out),
            "break" => self.leave(StatementKind::Break, out),
            "continue" => self.leave(StatementKind::Continue, out),
            "return" => self.give_back(out),
            word if NUMBERS.contains(&word) => self.declaration(out),
            "nrnran123_setseq" => self.set_sequence(out),
            "FILE" | "char" | "struct" | "extern" | "void" => self.skip(),
            word if WITHOUT_EFFECT.contains(&word) || word.contains("printf") || self.assigns_nothing() => self.skip(),
            _ => {
                self.assignment(out)?;
                self.expect(";")
            }
        }
    }

    /// `{ ... }`
    pub(super) fn body(&mut self) -> Read<Vec<Statement>> {
        self.expect("{")?;
        let mut body = Vec::new();
        while !self.take("}") {
            if self.peek().is_none() {
                return Err("`}` is missing".into());
            }
            self.statement(&mut body)?;
        }
        Ok(body)
    }

    /// `nrnran123_setseq((nrnran123_State*)_p_r, 3, 0);`: the sequence, and which of its four words.
    fn set_sequence(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        self.expect("(")?;
        let mut stream = None;
        while !self.take(",") {
            let name = self.word().and_then(|word| word.strip_prefix("_p_")).map(String::from);
            stream = stream.or(name.filter(|name| self.context.pointers.contains(name)));
            if self.peek().is_none() {
                return Err("`,` is missing".into());
            }
            self.at += 1;
        }
        let stream = stream.ok_or("a random stream that is no POINTER of the file")?;
        let sequence = self.expression()?;
        let four = self.number(4.0);
        let mut place = self.binary(Binary::Multiply, sequence, four);
        if self.take(",") {
            let which = self.expression()?;
            place = self.binary(Binary::Add, place, which);
        }
        self.expect(")")?;
        out.append(&mut self.before);
        self.found.streams.insert(stream.clone());
        out.push(self.made(StatementKind::Call(stream_call("random_setseq", &stream, vec![place], self.span))));
        self.expect(";")
    }

    /// `file = fopen(...)`
    fn assigns_nothing(&self) -> bool {
        self.is_at(self.at + 1, "=") && self.word_at(self.at + 2).is_some_and(|word| WITHOUT_EFFECT.contains(&word))
    }

    /// Assignments with commas between.
    pub(super) fn several(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.assignment(out)?;
        while self.take(",") {
            self.assignment(out)?;
        }
        Ok(())
    }

    fn give_back(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        if !self.is(";") {
            let value = self.expression()?;
            out.append(&mut self.before);
            if let Some(own) = self.place.own {
                out.push(self.set(own, value));
            }
        }
        self.expect(";")?;
        out.push(self.made(StatementKind::Return));
        Ok(())
    }

    /// `double a, b = 1, c[3] = {1, 2, 3};`
    pub(super) fn declaration(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        let (mut whole, mut kept) = (false, false);
        while let Some(word) = self.word().filter(|word| NUMBERS.contains(word)) {
            whole |= !FRACTIONS.contains(&word);
            kept |= word == "static";
            self.at += 1;
        }
        loop {
            let name = self.name()?;
            self.names.nulls.remove(&name.text);
            match whole {
                true => drop(self.names.wholes.insert(name.text.clone())),
                false => drop(self.names.wholes.remove(&name.text)),
            }
            let length = self.length()?;
            let filled = length.is_some() && self.is("=");
            if kept && !filled {
                return Err("`static` keeps a value between calls".into());
            }
            out.push(self.made(StatementKind::Local(vec![Local { name: name.clone(), length }])));
            if filled {
                self.at += 1;
                self.elements(&name, out)?;
            } else if self.take("=") {
                let value = self.value_for(&name.text)?;
                out.append(&mut self.before);
                out.push(self.made(StatementKind::Assign { target: Variable { name, index: None }, value }));
            }
            if !self.take(",") {
                return self.expect(";");
            }
        }
    }

    /// `[3]`
    fn length(&mut self) -> Read<Option<u32>> {
        if !self.take("[") {
            return Ok(None);
        }
        let length = match self.peek() {
            Some(Token::Number(length, true)) if (1.0..=30_000.0).contains(length) => *length as u32,
            _ => return Err(self.here()),
        };
        self.at += 1;
        self.expect("]")?;
        Ok(Some(length))
    }

    /// `{1, 2, 3}` of an array.
    fn elements(&mut self, name: &Name, out: &mut Vec<Statement>) -> Read<()> {
        self.expect("{")?;
        let mut k = 0.0;
        while !self.take("}") {
            let value = self.expression()?;
            let index = Some(Box::new(self.number(k)));
            out.push(self.made(StatementKind::Assign { target: Variable { name: name.clone(), index }, value }));
            k += 1.0;
            if !self.take(",") && !self.is("}") {
                return Err(self.here());
            }
        }
        Ok(())
    }

    fn name(&mut self) -> Read<Name> {
        let Some(word) = self.word().map(String::from) else { return Err(self.here()) };
        self.at += 1;
        Ok(self.named(&plain(&word)))
    }

    /// A name of our own.
    pub(super) fn new_name(&mut self) -> String {
        self.made += 1;
        format!("_c{}", self.made)
    }

    pub(super) fn local(&self, name: &str) -> Statement {
        self.made(StatementKind::Local(vec![Local { name: self.named(name), length: None }]))
    }

    /// The value of an assignment; towards 0 where the name holds whole numbers.
    fn value_for(&mut self, name: &str) -> Read<Expression> {
        let (value, whole) = self.typed()?;
        Ok(if self.names.wholes.contains(name) && !whole { self.truncated(value) } else { value })
    }

    /// An assignment or a call, without its semicolon.
    pub(super) fn assignment(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        for (symbol, operator) in [("++", Binary::Add), ("--", Binary::Subtract)] {
            if self.take(symbol) {
                let name = self.name()?.text;
                let here = self.node(ExpressionKind::Name(name.clone()), 1);
                let value = self.binary(operator, here, self.number(1.0));
                out.push(self.set(&name, value));
                return Ok(());
            }
        }
        if self.is_at(self.at + 1, "(") {
            let call = self.expression()?;
            out.append(&mut self.before);
            out.push(self.made(StatementKind::Call(call)));
            return Ok(());
        }
        let target = self.target()?;
        let assign = self.assigned(target)?;
        out.append(&mut self.before);
        out.push(assign);
        Ok(())
    }

    fn target(&mut self) -> Read<Variable> {
        let name = self.name()?;
        let index = if self.take("[") {
            let index = self.expression()?;
            self.expect("]")?;
            Some(Box::new(index))
        } else {
            None
        };
        Ok(Variable { name, index })
    }

    /// What follows the target of an assignment.
    fn assigned(&mut self, target: Variable) -> Read<Statement> {
        let operator = match self.peek() {
            Some(Token::Symbol(symbol)) => *symbol,
            _ => return Err(self.here()),
        };
        self.at += 1;
        let name = &target.name;
        let here = match &target.index {
            Some(index) => self.node(ExpressionKind::Element(name.clone(), index.clone()), index.depth + 1),
            None => self.node(ExpressionKind::Name(name.text.clone()), 1),
        };
        let operators =
            [("+=", Binary::Add), ("-=", Binary::Subtract), ("*=", Binary::Multiply), ("/=", Binary::Divide)];
        let value = match operator {
            "=" => self.value_for(&name.text.clone())?,
            "++" | "--" => {
                let one = self.number(1.0);
                self.binary(if operator == "++" { Binary::Add } else { Binary::Subtract }, here, one)
            }
            other => {
                let found = operators.iter().find(|(text, _)| *text == other);
                let (_, found) = found.ok_or_else(|| format!("`{other}`"))?;
                let (value, whole) = self.typed()?;
                let value = self.binary(*found, here, value);
                let stays = !self.names.wholes.contains(&name.text) || (whole && *found != Binary::Divide);
                if stays { value } else { self.truncated(value) }
            }
        };
        Ok(self.made(StatementKind::Assign { target, value }))
    }

    /// `(x = a) < b`: the assignment stands before; its value is x.
    pub(super) fn inner_assignment(&mut self) -> Read<Option<Expression>> {
        let mut at = self.at;
        if self.word_at(at).is_none() {
            return Ok(None);
        }
        at += 1;
        if self.is_at(at, "[") {
            let close = self.tokens[at..].iter().position(|token| *token == Token::Symbol("]"));
            at += close.unwrap_or(0) + 1;
        }
        if !self.is_at(at, "=") {
            return Ok(None);
        }
        let target = self.target()?;
        let value = match &target.index {
            Some(index) => self.node(ExpressionKind::Element(target.name.clone(), index.clone()), index.depth + 1),
            None => self.node(ExpressionKind::Name(target.name.text.clone()), 1),
        };
        let assign = self.assigned(target)?;
        self.before.push(assign);
        Ok(Some(value))
    }
}
