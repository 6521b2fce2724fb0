//! Every stage as text, for people and for snapshots.

use std::fmt::Write;

use crate::diagnostic::{Diagnostic, Report};
use crate::emit::emit;
use crate::ir::{Kernel, Op};
use crate::mechanism::{Mechanism, Options};
use crate::symbols::Symbols;
use crate::{compile, parse, understand};

/// A stage of the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What the parser understood.
    Ast,
    /// What the names mean.
    Ir,
    /// The kernels as operations.
    Kernels,
    /// The kernels as C.
    C,
}

/// A stage as text.
///
/// # Errors
/// What keeps the text from reaching that stage.
pub fn print(file: &str, text: &str, stage: Stage) -> Result<String, Vec<Diagnostic>> {
    let text = &*crate::source::with_newlines(text);
    let mut report = Report::new(file, text);
    let mut parsed = parse::parse(text, &mut report);
    crate::verbatim::replace(&mut parsed, &mut report);
    match stage {
        Stage::Ast if report.failed() => Err(report.diagnostics),
        Stage::Ast => Ok(format!("{parsed:#?}\n")),
        Stage::Ir => match understand(&parsed, &mut report) {
            Some(symbols) => Ok(table(&symbols)),
            None => Err(report.diagnostics),
        },
        Stage::Kernels => compile(file, text, &Options::default()).map(|(mechanism, _)| kernels(&mechanism)),
        Stage::C => compile(file, text, &Options::default()).map(|(mechanism, _)| emit(&mechanism, "")),
    }
}

fn table(symbols: &Symbols) -> String {
    let mut text = format!("{:?} {}\n", symbols.kind, symbols.name);
    for ion in &symbols.ions {
        let _ = writeln!(text, "{ion:?}");
    }
    for symbol in &symbols.list {
        let kind = if symbol.range { " RANGE" } else { "" };
        let _ = writeln!(text, "{}: {:?}{kind} ({}) = {}", symbol.name, symbol.role, symbol.unit, symbol.default);
    }
    text
}

/// The kernels of a mechanism, one operation a line.
pub(crate) fn kernels(mechanism: &Mechanism) -> String {
    let kernels = &mechanism.kernels;
    let mut text = format!("{:?} {}\n", mechanism.kind, mechanism.name);
    for field in &mechanism.fields {
        let _ = writeln!(text, "{field:?}");
    }
    for ion in &mechanism.ions {
        let _ = writeln!(text, "{ion:?}");
    }
    for (number, binding) in kernels.bindings.iter().enumerate() {
        let _ = writeln!(text, "binding {number}: {binding:?}");
    }
    for (name, kernel) in kernels.all() {
        if !kernel.is_empty() {
            let _ = writeln!(text, "{name}:");
            text += &one_kernel(kernel);
        }
    }
    for diffusion in &kernels.diffusions {
        let _ = writeln!(text, "{diffusion:?}");
    }
    for share in &kernels.shares {
        let _ = writeln!(text, "{share:?}");
    }
    text
}

fn one_kernel(kernel: &Kernel) -> String {
    let mut text = String::new();
    for (number, op) in kernel.ops.iter().enumerate() {
        let _ = writeln!(text, "  x{number} = {}", operation(op));
    }
    for iteration in &kernel.iterations {
        let _ = writeln!(text, "  {iteration:?}");
    }
    for (destination, value) in &kernel.stores {
        let _ = writeln!(text, "  {destination:?} <- x{}", value.0);
    }
    for effect in &kernel.effects {
        let (when, time, flag) = (effect.when.0, effect.time.0, effect.flag.0);
        let _ = writeln!(text, "  {:?} at x{time} with x{flag} if x{when}", effect.kind);
    }
    text
}

/// `Add(Value(1), Value(2))` as `Add(x1, x2)`.
fn operation(op: &Op) -> String {
    let mut text = format!("{op:?}");
    while let Some(start) = text.find("Value(") {
        let end = text[start..].find(')').map_or(text.len(), |end| start + end);
        let number = text[start + "Value(".len()..end].to_string();
        text.replace_range(start..(end + 1).min(text.len()), &format!("x{number}"));
    }
    text
}
