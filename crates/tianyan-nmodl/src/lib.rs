//! Translates NMODL, NEURON's language for mechanisms, into typed mechanisms and kernel text.
//!
//! ```text
//! &str -> ast::File -> symbols::Symbols -> ir::Kernels (inside Mechanism) -> String (C, CUDA)
//!   lex, parse    resolve             lower, validate                   emit
//!                                            \-> interpret (the oracle of the tests and the fallback)
//! ```
//!
//! The reference for meaning is nocmodl, the translator that NEURON uses. Nothing here opens a file, knows a
//! network or a device; the kernels address one flat array of numbers through tables of offsets that the
//! layout fills (see [`ir`]).
#![forbid(unsafe_code)]

pub mod diagnostic;
pub mod ir;
pub mod mechanism;

pub use diagnostic::Diagnostic;
pub use mechanism::{Field, FieldClass, IonUse, Mechanism, MechanismKind, Options};
