//! Statements of C.

use super::{FRACTIONS, NUMBERS, Read, Reader, Token, plain};
use crate::ast::{Binary, Expression, ExpressionKind, Local, Name, Statement, StatementKind, Variable};

/// Calls whose value nobody uses and that do not act on the model.
const WITHOUT_EFFECT: [&str; 20] = [
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
    "nrnran123_setseq",
    "nrnran123_deletestream",
    "vector_resize",
    "free",
];

/// A loop of C.
struct Loop {
    condition: Expression,
    /// What the condition does each time before it is looked at.
    before: Vec<Statement>,
    body: Vec<Statement>,
    /// What happens behind the body, also after `continue`.
    step: Vec<Statement>,
}

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
            "FILE" | "char" | "struct" | "extern" | "void" => self.skip(),
            word if WITHOUT_EFFECT.contains(&word) || word.contains("printf") || self.assigns_nothing() => self.skip(),
            _ => {
                self.assignment(out)?;
                self.expect(";")
            }
        }
    }

    /// `{ ... }`
    fn body(&mut self) -> Read<Vec<Statement>> {
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

    /// `file = fopen(...)`
    fn assigns_nothing(&self) -> bool {
        self.is_at(self.at + 1, "=") && self.word_at(self.at + 2).is_some_and(|word| WITHOUT_EFFECT.contains(&word))
    }

    /// `IvocVect* vv`, `double *px`, `void **p`; also behind `if (`.
    fn is_pointer_declaration(&self) -> bool {
        let mut at = self.at;
        while self.word_at(at).is_some_and(|word| NUMBERS.contains(&word) || word == "struct") {
            at += 1;
        }
        let named =
            at > self.at || self.word_at(at).is_some_and(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
        let at = if at > self.at && self.is_at(at, "*") { at } else { at + 1 };
        // `a * b;` alone would be a product for nothing.
        named && self.is_at(at, "*") && (self.word_at(at + 1).is_some() || self.is_at(at + 1, "*"))
    }

    /// Notes the names of pointers, and leaves the statement out.
    fn pointer_declaration(&mut self) -> Read<()> {
        let mut last = String::new();
        let mut open = 0;
        let mut named = false;
        for at in self.at..self.tokens.len() {
            match &self.tokens[at] {
                Token::Word(word) => last = word.clone(),
                Token::Symbol("(" | "[" | "{") => open += 1,
                Token::Symbol(")" | "]" | "}") if open == 0 => break,
                Token::Symbol(")" | "]" | "}") => open -= 1,
                Token::Symbol("=") if open == 0 && !named => {
                    self.nulls.insert(last.clone());
                    named = true;
                }
                Token::Symbol("," | ";") if open == 0 => {
                    if !named {
                        self.nulls.insert(last.clone());
                    }
                    named = false;
                    if self.is_at(at, ";") {
                        break;
                    }
                }
                _ => {}
            }
        }
        self.skip()
    }

    /// True if a statement only moves pointers: `vector_resize(vv, 0);`, `px = vector_vec(vv);`, `px[i] = t;`
    fn is_about_pointers(&self) -> bool {
        let Some(first) = self.word() else { return false };
        if self.nulls.contains(first) {
            return true;
        }
        let is_call = self.is_at(self.at + 1, "(") && !matches!(first, "if" | "for" | "while" | "switch" | "return");
        let end = self.tokens[self.at..].iter().position(|token| *token == Token::Symbol(";"));
        let all = &self.tokens[self.at..self.at + end.unwrap_or(0)];
        is_call && all.iter().any(|token| matches!(token, Token::Word(word) if self.nulls.contains(word)))
    }

    /// Leaves a statement out.
    fn skip(&mut self) -> Read<()> {
        self.found.dropped = true;
        while !self.take(";") {
            if self.peek().is_none() || self.is("{") || self.is("}") {
                return Err(self.here());
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Leaves out a statement that is never reached, whatever it is.
    fn skip_dead(&mut self) -> Read<()> {
        if self.take_word("if") {
            self.skip_parentheses()?;
            self.skip_dead()?;
            return if self.take_word("else") { self.skip_dead() } else { Ok(()) };
        }
        let mut open = 0;
        loop {
            match self.peek() {
                None => return Err("`}` is missing".into()),
                Some(Token::Symbol("{" | "(")) => open += 1,
                Some(Token::Symbol(")")) => open -= 1,
                Some(Token::Symbol("}")) => {
                    open -= 1;
                    if open == 0 {
                        self.at += 1;
                        return Ok(());
                    }
                }
                Some(Token::Symbol(";")) if open == 0 => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => {}
            }
            self.at += 1;
        }
    }

    fn skip_parentheses(&mut self) -> Read<()> {
        self.expect("(")?;
        let mut open = 1;
        while open > 0 {
            match self.peek() {
                None => return Err("`)` is missing".into()),
                Some(Token::Symbol("(")) => open += 1,
                Some(Token::Symbol(")")) => open -= 1,
                Some(_) => {}
            }
            self.at += 1;
        }
        Ok(())
    }

    fn condition(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        match self.asked_pointer()? {
            Some(exists) => return self.decided(exists, out),
            None => self.expect("(")?,
        }
        let condition = self.expression()?;
        self.expect(")")?;
        out.append(&mut self.before);
        let (mut then, mut otherwise) = (Vec::new(), Vec::new());
        self.statement(&mut then)?;
        if self.take_word("else") {
            self.statement(&mut otherwise)?;
        }
        if !(then.is_empty() && otherwise.is_empty()) {
            out.push(self.made(StatementKind::If { arms: vec![(condition, then)], otherwise }));
        }
        Ok(())
    }

    /// An `if` whose answer is known.
    fn decided(&mut self, holds: bool, out: &mut Vec<Statement>) -> Read<()> {
        self.found.dropped |= !holds;
        if holds {
            self.statement(out)?
        } else {
            self.skip_dead()?
        }
        if self.take_word("else") {
            if holds { self.skip_dead()? } else { self.statement(out)? }
        }
        Ok(())
    }

    /// `(vv)`, `(!vv)`, `(vv != NULL)`, `(auto* vv = ...)`, `(_p_r)`: whether the pointer exists; none for what asks
    /// something else.
    fn asked_pointer(&mut self) -> Read<Option<bool>> {
        let start = self.at + 1;
        let denied = self.is_at(start, "!");
        let at = start + usize::from(denied);
        let Some(word) = self.word_at(at).map(String::from) else { return Ok(None) };
        let stream = word.strip_prefix("_p_").filter(|name| self.context.pointers.contains(*name));
        if let (Some(stream), true) = (stream, self.is_at(at + 1, ")")) {
            self.found.streams.insert(stream.to_string());
            self.at = at + 2;
            return Ok(Some(!denied));
        }
        self.at = start;
        let declares = self.is_pointer_declaration();
        self.at -= 1;
        if declares {
            let equals = self.tokens[start..].iter().position(|token| *token == Token::Symbol("="));
            let name = equals.and_then(|equals| self.word_at(start + equals - 1)).map(String::from);
            self.nulls.extend(name);
            self.skip_parentheses()?;
            return Ok(Some(false));
        }
        if !self.nulls.contains(&word) {
            return Ok(None);
        }
        if self.is_at(at + 1, ")") {
            self.at = at + 2;
            return Ok(Some(denied));
        }
        let other = self.word_at(at + 2).is_some_and(|word| self.nulls.contains(word))
            || matches!(self.tokens.get(at + 2), Some(Token::Number(zero, _)) if *zero == 0.0);
        if other && !denied && self.is_at(at + 3, ")") && (self.is_at(at + 1, "==") || self.is_at(at + 1, "!=")) {
            let equal = self.is_at(at + 1, "==");
            self.at = at + 4;
            return Ok(Some(equal));
        }
        Ok(None)
    }

    /// `for (i = 0; i < n; i++) ...`
    fn counted(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        self.expect("(")?;
        let mut whole = Vec::new();
        if self.word().is_some_and(|word| NUMBERS.contains(&word)) {
            self.declaration(&mut whole)?;
        } else if !self.take(";") {
            self.several(&mut whole)?;
            self.expect(";")?;
        }
        whole.append(&mut self.before);
        let condition = if self.is(";") { self.number(1.0) } else { self.expression()? };
        let before = std::mem::take(&mut self.before);
        self.expect(";")?;
        let mut step = Vec::new();
        if !self.is(")") {
            self.several(&mut step)?;
        }
        self.expect(")")?;
        let mut body = Vec::new();
        self.statement(&mut body)?;
        whole.extend(self.looped(Loop { condition, before, body, step }));
        out.push(self.made(StatementKind::Block(whole)));
        Ok(())
    }

    /// Assignments with commas between.
    fn several(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.assignment(out)?;
        while self.take(",") {
            self.assignment(out)?;
        }
        Ok(())
    }

    fn while_loop(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        self.expect("(")?;
        let condition = self.expression()?;
        let before = std::mem::take(&mut self.before);
        self.expect(")")?;
        let mut body = Vec::new();
        self.statement(&mut body)?;
        out.extend(self.looped(Loop { condition, before, body, step: Vec::new() }));
        Ok(())
    }

    /// A loop as WHILE. What the condition does first stands before the loop and at the end of its body.
    fn looped(&mut self, Loop { condition, before, body, step }: Loop) -> Vec<Statement> {
        let mut whole = before.clone();
        let body = [vec![self.made(StatementKind::Round(body))], step, before].concat();
        whole.push(self.made(StatementKind::While { condition, body }));
        whole
    }

    /// `do ... while (condition);`
    fn do_loop(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        let mut body = Vec::new();
        self.statement(&mut body)?;
        if !self.take_word("while") {
            return Err(format!("`while` is missing before {}", self.here()));
        }
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        self.expect(";")?;
        let again = self.new_name();
        out.push(self.local(&again));
        out.push(self.set(&again, self.number(1.0)));
        let mut step = std::mem::take(&mut self.before);
        step.push(self.set(&again, condition));
        let condition = self.node(ExpressionKind::Name(again), 1);
        out.extend(self.looped(Loop { condition, before: Vec::new(), body, step }));
        Ok(())
    }

    /// `switch (x) { case 1: ... break; default: ... }` as conditions. A case without `break` goes on with the next.
    fn switch(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        self.expect("(")?;
        let value = self.expression()?;
        self.expect(")")?;
        out.append(&mut self.before);
        self.expect("{")?;
        let chosen = self.new_name();
        out.push(self.local(&chosen));
        out.push(self.set(&chosen, value));
        // Conditions (none for `default`) and statements, in text order.
        let mut cases: Vec<(Vec<Expression>, bool, Vec<Statement>)> = Vec::new();
        while !self.take("}") {
            let is_default = self.word() == Some("default");
            if is_default || self.word() == Some("case") {
                self.at += 1;
                if cases.last().is_none_or(|(_, _, body)| !body.is_empty()) {
                    cases.push((Vec::new(), false, Vec::new()));
                }
                let label = if is_default { None } else { Some(self.expression()?) };
                self.expect(":")?;
                let own = self.node(ExpressionKind::Name(chosen.clone()), 1);
                let condition = label.map(|label| self.binary(Binary::Equal, own, label));
                if let Some((conditions, default, _)) = cases.last_mut() {
                    conditions.extend(condition);
                    *default |= is_default;
                }
                continue;
            }
            let Some((_, _, body)) = cases.last_mut() else { return Err(self.here()) };
            let mut body = std::mem::take(body);
            self.statement(&mut body)?;
            if let Some((_, _, place)) = cases.last_mut() {
                *place = body;
            }
        }
        out.extend(self.chosen(cases));
        Ok(())
    }

    /// The cases of a `switch`, each with all that follows it, up to a `break`.
    fn chosen(&self, cases: Vec<(Vec<Expression>, bool, Vec<Statement>)>) -> Vec<Statement> {
        let (mut arms, mut otherwise) = (Vec::new(), Vec::new());
        for (k, (conditions, default, _)) in cases.iter().enumerate() {
            let mut body = Vec::new();
            for (_, _, own) in &cases[k..] {
                body.extend(own.iter().cloned());
                if matches!(own.last().map(|last| &last.kind), Some(StatementKind::Break | StatementKind::Return)) {
                    break;
                }
            }
            let body = vec![self.made(StatementKind::Case(body))];
            if *default {
                otherwise = body;
                continue;
            }
            let all = conditions.iter().cloned().reduce(|a, b| self.binary(Binary::Or, a, b));
            arms.extend(all.map(|condition| (condition, body)));
        }
        if arms.is_empty() { otherwise } else { vec![self.made(StatementKind::If { arms, otherwise })] }
    }

    fn leave(&mut self, kind: StatementKind, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        out.push(self.made(kind));
        self.expect(";")
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
    fn declaration(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        let (mut whole, mut kept) = (false, false);
        while let Some(word) = self.word().filter(|word| NUMBERS.contains(word)) {
            whole |= !FRACTIONS.contains(&word);
            kept |= word == "static";
            self.at += 1;
        }
        loop {
            let name = self.name()?;
            if whole {
                self.wholes.insert(name.text.clone());
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
        Ok(if self.wholes.contains(name) && !whole { self.truncated(value) } else { value })
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
                let stays = !self.wholes.contains(&name.text) || (whole && *found != Binary::Divide);
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
