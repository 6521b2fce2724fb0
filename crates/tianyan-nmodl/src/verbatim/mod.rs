//! VERBATIM: C between NMODL. What public files do with it is read and replaced before names are resolved; the rest is
//! an error.
//!
//! | C | becomes |
//! |---|---|
//! | outside of blocks; in blocks that no kernel reaches (hoc's own glue) | nothing |
//! | `return;`, `return x;` | the end of the block, with its value |
//! | `x = a*b;`, `if`, `switch`, `for`, `double y;`: arithmetic on NMODL's names (`_la`, `_ion_cai`) | the same in NMODL |
//! | a function of numbers outside of blocks that some block calls | a FUNCTION |
//! | `printf`, `hoc_execerror` and their like | nothing |
//! | `nrn_random_pick(_p_r)`, `nrnran123_negexp(...)` ... | a RANDOM stream `r` |
//! | `exprand`, `scop_random`, `normrand` in NMODL | a RANDOM stream `scop` |
//! | reading a hoc Vector (VecStim's `element`) | what happens without one: no more events |

mod c;

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Block, BlockKind, Expression, ExpressionKind, File, Name, Neuron, Statement, StatementKind};
use crate::builtins;
use crate::diagnostic::Report;
use crate::flow;
use crate::span::Span;

/// What to write instead of C.
const CURE: &str = "write it in NMODL: assignments, if, WHILE, FUNCTION and PROCEDURE; random numbers come from RANDOM, \
                    tables from FUNCTION_TABLE";

/// The stream of exprand and its like.
const SCOP: &str = "scop";

/// Replaces all C in a file.
pub(crate) fn replace(file: &mut File, report: &mut Report) {
    let outside = std::mem::take(&mut file.verbatim);
    let inside = file.blocks.iter().flat_map(|block| flow::codes(&block.body));
    let context = c::Context::new(pointers(file), outside.iter().chain(inside).map(|code| code.text.as_str()));
    let functions = c::functions(outside.iter().map(|code| (code.text.as_str(), code.span)), &context);
    let calls = |name: &str| functions.get(name).map(c::CFunction::words).unwrap_or_default();
    let reached = flow::reached(file, &calls);
    let mut streams: BTreeSet<String> = BTreeSet::new();
    for (index, block) in file.blocks.iter_mut().enumerate() {
        let (own, name, distribution) = (own_name(block), block.name.clone(), distribution(block));
        let names = c::Names::default();
        let mut pass = Pass { report, context: &context, streams: &mut streams, own, name, distribution, names };
        if !reached.contains(&index) {
            // Names in it may be those of C; nothing runs it.
            if !outside.is_empty() || !flow::codes(&block.body).is_empty() {
                block.body.clear();
            }
        } else if !pass.idiom(block) {
            let body = pass.body(std::mem::take(&mut block.body));
            block.body = settled(body, block.name.span, pass.report);
        }
        pass.old_random(&mut block.body);
    }
    add_functions(file, &functions, &context, report, &mut streams);
    declare(file, &streams);
}

/// Makes FUNCTIONs of those functions of C that some block calls.
fn add_functions(
    file: &mut File,
    functions: &BTreeMap<String, c::CFunction>,
    context: &c::Context,
    report: &mut Report,
    streams: &mut BTreeSet<String>,
) {
    let mut done = 0;
    while done < file.blocks.len() {
        let mut names = BTreeSet::new();
        flow::names_called(&file.blocks[done].body, &mut names);
        done += 1;
        for (name, function) in functions.iter().filter(|(name, _)| names.contains(*name)) {
            if file.blocks.iter().any(|block| block.name.text == *name) {
                continue;
            }
            match c::function(name, function, context) {
                Ok((block, found)) => {
                    streams.extend(found.streams);
                    let body = settled(block.body, function.span(), report);
                    file.blocks.push(Block { body, ..block });
                }
                Err(why) => {
                    let message = format!("the C function `{name}` cannot be translated: {why}");
                    report.error_help("nmodl-verbatim", function.span(), message, CURE);
                }
            }
        }
    }
}

fn settled(body: Vec<Statement>, span: Span, report: &mut Report) -> Vec<Statement> {
    flow::settle(body).unwrap_or_else(|| {
        report.error("nmodl-too-large", span, "too many statements of this block leave it early");
        Vec::new()
    })
}

fn own_name(block: &Block) -> Option<String> {
    (block.kind == BlockKind::Function).then(|| block.name.text.clone())
}

/// Names of POINTER and BBCOREPOINTER.
fn pointers(file: &File) -> BTreeSet<String> {
    let lists = file.neuron.iter().filter_map(|statement| match statement {
        Neuron::Pointer(names) => Some(names),
        _ => None,
    });
    lists.flatten().map(|name| name.text.clone()).collect()
}

/// Turns POINTERs into RANDOM streams, and adds the one of exprand.
fn declare(file: &mut File, streams: &BTreeSet<String>) {
    for statement in &mut file.neuron {
        if let Neuron::Pointer(names) = statement {
            names.retain(|name| !streams.contains(&name.text));
        }
    }
    file.declarations.retain(|declaration| !streams.contains(&declaration.name.text));
    if streams.is_empty() {
        return;
    }
    let names = streams.iter().map(|text| Name { text: text.clone(), span: Span::default() });
    file.neuron.push(Neuron::Random(names.collect()));
}

fn drop_code(body: &mut Vec<Statement>) {
    body.retain(|statement| !matches!(statement.kind, StatementKind::Verbatim(_)));
    flow::inner_bodies(body, &mut drop_code);
}

/// One block.
struct Pass<'a, 'b> {
    report: &'a mut Report<'b>,
    context: &'a c::Context,
    streams: &'a mut BTreeSet<String>,
    /// The name of the FUNCTION this is.
    own: Option<String>,
    /// The name of the block.
    name: Name,
    /// What hoc's Random behind a POINTER is set to draw.
    distribution: &'static str,
    /// Local names of C so far.
    names: c::Names,
}

impl Pass<'_, '_> {
    /// Whole blocks that are known by what they do; true if this was one.
    fn idiom(&mut self, block: &mut Block) -> bool {
        let code: String = flow::codes(&block.body).iter().map(|code| code.text.as_str()).collect();
        let callable = matches!(block.kind, BlockKind::Function | BlockKind::Procedure);
        if callable && code.contains("vector_capacity") && code.contains("vector_vec") {
            self.vector(block);
            return true;
        }
        false
    }

    fn say_drawn(&mut self, block: &Name, stream: &str) {
        let drawn = self.distribution;
        let message =
            format!("`{}` draws from the RANDOM stream `{stream}` ({drawn}), in place of its C code", block.text);
        let help = format!("{stream}_id1, {stream}_id2 and {stream}_id3 choose the stream");
        self.report.warning("nmodl-verbatim-replaced", block.span, message, help);
    }

    /// VecStim: without a hoc Vector there are no events.
    fn vector(&mut self, block: &mut Block) {
        let span = flow::codes(&block.body).first().map_or(block.name.span, |code| code.span);
        let message = format!("`{}` reads a Vector that only hoc can give: it is empty here", block.name.text);
        let help = "known spike times are a population of their own: spike_times_ms, or spikes = \"file.csv\"";
        self.report.warning("nmodl-verbatim-replaced", span, message, help);
        let minus_one = Expression { kind: ExpressionKind::Number(-1.0, String::new()), span, depth: 1 };
        let index = Name { text: "index".into(), span };
        drop_code(&mut block.body);
        block.body.push(assign(&index, minus_one));
    }

    /// Replaces C statement by statement. C that opens a brace for NMODL, which a later piece closes, is read as one
    /// with all that stands between.
    fn body(&mut self, body: Vec<Statement>) -> Vec<Statement> {
        let mut result = Vec::new();
        let mut parts: Vec<c::Part> = Vec::new();
        let mut open = 0;
        for statement in body {
            match statement.kind {
                StatementKind::Verbatim(code) => {
                    open += c::braces(&code.text);
                    parts.push(c::Part::C(code));
                }
                _ => {
                    let mut replaced = vec![statement];
                    flow::inner_bodies(&mut replaced, &mut |inner| *inner = self.body(std::mem::take(inner)));
                    if parts.is_empty() { result.extend(replaced) } else { parts.push(c::Part::Nmodl(replaced)) }
                }
            }
            if open <= 0 && !parts.is_empty() {
                result.extend(self.code(std::mem::take(&mut parts)));
                open = 0;
            }
        }
        if !parts.is_empty() {
            result.extend(self.code(parts));
        }
        result
    }

    fn code(&mut self, parts: Vec<c::Part>) -> Vec<Statement> {
        let Some(c::Part::C(code)) = parts.first().cloned() else { return Vec::new() };
        if parts.len() > 1 && ["vector_capacity", "vector_vec"].iter().any(|word| code.text.contains(word)) {
            let message = "this loop runs over a Vector that only hoc can give: it is empty here";
            self.report.warning("nmodl-verbatim-replaced", code.span, message, "");
            return Vec::new();
        }
        let place = c::Place { span: code.span, own: self.own.as_deref(), drawn: self.distribution };
        match c::translate(parts, place, self.context, &mut self.names) {
            Ok(found) => {
                let name = self.name.clone();
                found.drawn.iter().for_each(|stream| self.say_drawn(&name, stream));
                self.streams.extend(found.streams);
                if found.dropped {
                    let message = "this C code does not act on the model: it is left out";
                    self.report.warning("nmodl-verbatim-dropped", code.span, message, "");
                }
                found.statements
            }
            Err(why) => {
                let message = format!("this C code cannot be translated: {why}");
                self.report.error_help("nmodl-verbatim", code.span, message, CURE);
                Vec::new()
            }
        }
    }

    /// exprand(m), normrand(m, s), scop_random(): calls of a RANDOM stream.
    fn old_random(&mut self, body: &mut [Statement]) {
        let mut used = false;
        flow::expressions(body, &mut |expression| {
            let ExpressionKind::Call(name, arguments) = &mut expression.kind else { return };
            let Some(call) = old_random(&name.text) else { return };
            used = true;
            let arguments = if call == "random_dpick" { Vec::new() } else { std::mem::take(arguments) };
            *expression = stream_call(call, SCOP, arguments, name.span);
        });
        if used {
            self.streams.insert(SCOP.into());
        }
    }
}

/// What a block draws from hoc's Random: what it calls, what it draws without one, what its comments ask for, what its
/// name says.
fn distribution(block: &Block) -> &'static str {
    let code: String = flow::codes(&block.body).iter().map(|code| code.text.as_str()).collect();
    let calls = ["negexp", "normal", "ipick", "dblpick"].map(|call| code.contains(&format!("nrnran123_{call}")));
    let asks = |words: &[&str]| words.iter().any(|word| code.contains(word));
    let lower = block.name.text.to_lowercase();
    let named = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let without = block.body.iter().find_map(|statement| match &statement.kind {
        StatementKind::Assign { value: Expression { kind: ExpressionKind::Call(name, _), .. }, .. } => {
            old_random(&name.text)
        }
        _ => None,
    });
    match (calls, without) {
        ([true, ..], _) => "random_negexp",
        ([_, true, ..], _) => "random_normal",
        ([_, _, true, _], _) => "random_ipick",
        ([_, _, _, true], _) => "random_dpick",
        (_, Some(drawn)) => drawn,
        _ if asks(&["Random.negexp", "exprand"]) => "random_negexp",
        _ if asks(&["Random.normal", "normrand"]) => "random_normal",
        _ if asks(&["Random.uniform"]) => "random_dpick",
        _ if named(&["negexp", "exprand", "erand"]) || lower.ends_with("exp") => "random_negexp",
        _ if named(&["norm", "gauss", "grand"]) => "random_normal",
        _ => "random_dpick",
    }
}

/// The function of a RANDOM stream that does what this function of SCoP does.
fn old_random(name: &str) -> Option<&'static str> {
    match name {
        "exprand" => Some("random_negexp"),
        "normrand" => Some("random_normal"),
        "scop_random" => Some("random_dpick"),
        _ => None,
    }
}

fn stream_call(call: &str, stream: &str, arguments: Vec<Expression>, span: Span) -> Expression {
    debug_assert!(builtins::arity(call).is_some());
    let first = Expression { kind: ExpressionKind::Name(stream.into()), span, depth: 1 };
    let depth = 1 + arguments.iter().map(|argument| argument.depth).max().unwrap_or(1);
    let arguments = std::iter::once(first).chain(arguments).collect();
    Expression { kind: ExpressionKind::Call(Name { text: call.into(), span }, arguments), span, depth }
}

fn assign(target: &Name, value: Expression) -> Statement {
    let span = target.span;
    let target = crate::ast::Variable { name: target.clone(), index: None };
    Statement { kind: StatementKind::Assign { target, value }, span }
}
