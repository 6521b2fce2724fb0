//! Pointers of C, which are null but for random streams, and code that is left out.

use super::{NUMBERS, Read, Reader, Token};

impl Reader<'_> {
    /// `IvocVect* vv`, `double *px`, `void **p`; also behind `if (`.
    pub(super) fn is_pointer_declaration(&self) -> bool {
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
    pub(super) fn pointer_declaration(&mut self) -> Read<()> {
        let to_number = matches!(self.word(), Some("double" | "float"));
        let mut last = String::new();
        let mut open = 0;
        let mut named = false;
        for at in self.at..self.tokens.len() {
            match &self.tokens[at] {
                Token::Word(word) => last = word.clone(),
                Token::Symbol("(" | "[" | "{") => open += 1,
                Token::Symbol(")" | "]" | "}") if open == 0 => break,
                Token::Symbol(")" | "]" | "}") => open -= 1,
                Token::Symbol("&") if to_number && named && open == 0 => {
                    return Err(format!("`{last}` points at a variable"));
                }
                Token::Symbol("=") if open == 0 && !named => {
                    self.names.nulls.insert(last.clone());
                    named = true;
                }
                Token::Symbol("," | ";") if open == 0 => {
                    if !named {
                        self.names.nulls.insert(last.clone());
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
    pub(super) fn is_about_pointers(&self) -> bool {
        let Some(first) = self.word() else { return false };
        if self.names.nulls.contains(first) {
            return true;
        }
        let is_call = self.is_at(self.at + 1, "(") && !matches!(first, "if" | "for" | "while" | "switch" | "return");
        let end = self.tokens[self.at..].iter().position(|token| *token == Token::Symbol(";"));
        let all = &self.tokens[self.at..self.at + end.unwrap_or(0)];
        is_call && all.iter().any(|token| matches!(token, Token::Word(word) if self.names.nulls.contains(word)))
    }

    /// `(vv)`, `(!vv)`, `(vv != NULL)`, `(auto* vv = ...)`, `(_p_r)`: whether the pointer exists; none for what asks
    /// something else.
    pub(super) fn asked_pointer(&mut self) -> Read<Option<bool>> {
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
            self.names.nulls.extend(name);
            self.skip_parentheses()?;
            return Ok(Some(false));
        }
        if !self.names.nulls.contains(&word) {
            return Ok(None);
        }
        if self.is_at(at + 1, ")") {
            self.at = at + 2;
            return Ok(Some(denied));
        }
        let other = self.word_at(at + 2).is_some_and(|word| self.names.nulls.contains(word))
            || matches!(self.tokens.get(at + 2), Some(Token::Number(zero, _)) if *zero == 0.0);
        if other && !denied && self.is_at(at + 3, ")") && (self.is_at(at + 1, "==") || self.is_at(at + 1, "!=")) {
            let equal = self.is_at(at + 1, "==");
            self.at = at + 4;
            return Ok(Some(equal));
        }
        Ok(None)
    }

    /// Leaves a statement out.
    pub(super) fn skip(&mut self) -> Read<()> {
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
    pub(super) fn skip_dead(&mut self) -> Read<()> {
        if self.take_word("if") {
            self.skip_parentheses()?;
            self.deeper(Self::skip_dead)?;
            return if self.take_word("else") { self.deeper(Self::skip_dead) } else { Ok(()) };
        }
        if self.take_word("do") {
            self.deeper(Self::skip_dead)?;
            self.take_word("while");
            self.skip_parentheses()?;
            return self.expect(";");
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

    pub(super) fn skip_parentheses(&mut self) -> Read<()> {
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
}
