//! Translates NMODL, NEURON's language for mechanisms, into typed mechanisms and kernel text.
//!
//! ```text
//! &str -> ast::File -> symbols::Symbols -> ir::Kernels (inside Mechanism) -> String (C, CUDA)
//!   lex, parse,   resolve, check      lower                             emit
//!   verbatim
//!                                            \-> interpret (the oracle of the tests and the fallback)
//! ```
//!
//! The reference for meaning is nocmodl, the translator that NEURON uses. Nothing here opens a file, knows a
//! network or a device; the kernels address one flat array of numbers through tables of offsets that the
//! layout fills (see [`ir`]).
#![forbid(unsafe_code)]

pub mod ast;
mod builtins;
mod check;
mod derive;
pub mod diagnostic;
mod dimensions;
pub mod emit;
pub mod explain;
mod flow;
mod graph;
mod inputs;
pub mod interpret;
pub mod ir;
mod lex;
pub mod lookup;
mod lower;
pub mod math;
pub mod mechanism;
mod merge;
mod parse;
mod print;
pub mod rates;
pub mod shipped;
pub mod source;
pub mod span;
pub mod streams;
pub mod symbols;
mod units;
mod verbatim;

pub use diagnostic::Diagnostic;
pub use inputs::Inputs;
pub use mechanism::{Field, FieldClass, IonUse, Mechanism, MechanismKind, Options};
pub use print::{Stage, print};
pub use rates::{RateTable, Rates};

use diagnostic::Report;

/// Compiles the text of one NMODL file; `file` is only what messages call it. Beside the mechanism there may
/// be warnings.
///
/// # Errors
/// Everything that is wrong with the text, in the order of the passes. Never panics, whatever the text.
pub fn compile(file: &str, text: &str, options: &Options) -> Result<(Mechanism, Vec<Diagnostic>), Vec<Diagnostic>> {
    let text = &source::with_newlines(text);
    let mut report = Report::new(file, text);
    let mut parsed = parse::parse(text, &mut report);
    verbatim::replace(&mut parsed, &mut report);
    let symbols = understand(&parsed, &mut report);
    let mechanism = symbols.and_then(|symbols| lower::lower(&parsed, &symbols, options, &mut report));
    match mechanism {
        Some(mechanism) => Ok((mechanism, report.diagnostics)),
        None => Err(report.diagnostics),
    }
}

/// Resolves and checks all names; none if anything is wrong so far.
fn understand(parsed: &ast::File, report: &mut Report) -> Option<symbols::Symbols> {
    if report.failed() {
        return None;
    }
    let symbols = symbols::resolve(parsed, report);
    check::check(parsed, &symbols, report);
    if !report.failed() {
        dimensions::check(parsed, &symbols, report);
    }
    (!report.failed()).then_some(symbols)
}
