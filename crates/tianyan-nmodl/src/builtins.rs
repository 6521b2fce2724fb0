//! The functions that every file has.

/// How many arguments a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arity {
    /// Exactly so many.
    Exactly(usize),
    /// Any number.
    Any,
}

use Arity::{Any, Exactly};

/// Name and number of arguments. Those that act on events and random streams are lowered in `lower::events` and
/// `lower::random`, the others are arithmetic.
const BUILTINS: [(&str, Arity); 59] = [
    ("exp", Exactly(1)),
    ("log", Exactly(1)),
    ("log10", Exactly(1)),
    ("sqrt", Exactly(1)),
    ("fabs", Exactly(1)),
    ("abs", Exactly(1)),
    ("floor", Exactly(1)),
    ("ceil", Exactly(1)),
    ("sin", Exactly(1)),
    ("cos", Exactly(1)),
    ("tan", Exactly(1)),
    ("asin", Exactly(1)),
    ("acos", Exactly(1)),
    ("atan", Exactly(1)),
    ("atan2", Exactly(2)),
    ("sinh", Exactly(1)),
    ("cosh", Exactly(1)),
    ("tanh", Exactly(1)),
    ("pow", Exactly(2)),
    ("fmod", Exactly(2)),
    ("fmin", Exactly(2)),
    ("fmax", Exactly(2)),
    ("INT", Exactly(1)),
    ("max", Exactly(2)),
    ("min", Exactly(2)),
    ("exprelr", Exactly(1)),
    ("sigmoid", Exactly(4)),
    ("hyperbol", Exactly(3)),
    ("at_time", Exactly(1)),
    ("state_discontinuity", Exactly(2)),
    ("nrn_pointing", Exactly(1)),
    ("nrn_ghk", Exactly(4)),
    ("net_send", Exactly(2)),
    ("net_event", Exactly(1)),
    ("net_move", Exactly(1)),
    ("random_setseq", Exactly(2)),
    ("random_setids", Exactly(4)),
    ("random_uniform", Any),
    ("random_negexp", Any),
    ("random_normal", Any),
    ("random_ipick", Exactly(1)),
    ("random_dpick", Exactly(1)),
    ("scop_random", Any),
    ("exprand", Exactly(1)),
    ("normrand", Exactly(2)),
    ("poisrand", Exactly(1)),
    ("set_seed", Exactly(1)),
    ("setseed", Exactly(1)),
    ("printf", Any),
    ("prterr", Any),
    ("nrn_random_play", Any),
    ("first_time", Exactly(0)),
    ("step", Exactly(3)),
    ("pulse", Exactly(4)),
    ("ramp", Exactly(4)),
    ("boundary", Any),
    ("deflate", Any),
    ("romberg", Any),
    ("force", Any),
];

/// Functions of the SCoP library that no one has written again here.
const ABSENT: [&str; 11] = [
    "first_time",
    "step",
    "pulse",
    "ramp",
    "boundary",
    "deflate",
    "romberg",
    "force",
    "poisrand",
    "sigmoid",
    "hyperbol",
];

/// The number of arguments of a function that every file has.
pub(crate) fn arity(name: &str) -> Option<Arity> {
    BUILTINS.iter().find(|(builtin, _)| *builtin == name).map(|(_, arity)| *arity)
}

/// True for functions that NEURON has and this compiler has not.
pub(crate) fn is_absent(name: &str) -> bool {
    ABSENT.contains(&name)
}

/// All names, for "did you mean".
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|(name, _)| *name).filter(|name| !is_absent(name))
}
