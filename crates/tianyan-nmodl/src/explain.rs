//! What each code of a [`crate::Diagnostic`] means. A test keeps the list and the code in step, and compiles each
//! example to see that it gets its code.

use std::fmt;

/// A code with its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The code.
    pub code: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Why it matters, and what to do.
    pub text: &'static str,
    /// What leads to it: statements beside a mechanism `test` with a current `i`, parameters `g` and `e`, a RANGE
    /// variable `x` and states `m` and `h`; or, if it begins with NEURON, a whole file.
    pub example: &'static str,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}\n\n{}\n\nFor example:", self.code, self.summary, self.text)?;
        self.example.lines().try_for_each(|line| writeln!(f, "    {line}"))
    }
}

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.code == code)
}

/// All entries, by code.
pub fn all() -> &'static [Entry] {
    ENTRIES
}

macro_rules! entries {
    ($($code:literal, $summary:literal, $text:literal, $example:literal;)*) => {
        const ENTRIES: &[Entry] =
            &[$(Entry { code: $code, summary: $summary, text: $text, example: $example },)*];
    };
}

entries! {
    "nmodl-arguments", "a call has too many or too few arguments",
        "FUNCTIONs, PROCEDUREs and the built-in functions take a fixed number of arguments.",
        "BREAKPOINT { i = exp(v, e) }";
    "nmodl-array", "an array is used as a number, a number as an array, or an element does not exist",
        "Elements are counted from 0. The index of an element in an equation must be known when the file is compiled: \
         a number, a name of DEFINE, or the variable of a FROM loop with known ends.",
        "ASSIGNED { a[3] }\nBREAKPOINT { i = a[3]*v }";
    "nmodl-assign", "something is assigned that cannot be",
        "Constants, and t, dt, celsius, area and diam are set elsewhere.",
        "CONSTANT { c = 3 }\nBREAKPOINT { c = 4 i = v }";
    "nmodl-coupled-cnexp", "cnexp advances each equation alone, and these depend on each other",
        "cnexp holds the other states fixed at their newest values, in the order of the text, as NEURON does. Where the \
         coupling is strong, METHOD derivimplicit solves all equations together.",
        "BREAKPOINT { SOLVE s METHOD cnexp i = v }\nDERIVATIVE s { m' = h - m h' = m - h }";
    "nmodl-duplicate", "a name stands for two things",
        "Give one of them another name.",
        "ASSIGNED { g }\nBREAKPOINT { i = g*v }";
    "nmodl-external", "EXTERNAL names a variable of another file",
        "Mechanisms do not read each other's variables here: it is a PARAMETER, and the model must give it the value \
         that the other mechanism has.",
        "NEURON { SUFFIX a EXTERNAL gmax_b RANGE y }\nASSIGNED { y }\nINITIAL { y = gmax_b }";
    "nmodl-file", "a file, or a file of an INCLUDE, cannot be read",
        "Included files are looked for beside the file that includes them.",
        "INCLUDE \"rates.inc\"\nBREAKPOINT { i = v }";
    "nmodl-global-assigned", "a variable that all instances share in NEURON is set by the mechanism",
        "In NEURON the last instance that sets it decides for all. Here each instance has its own, which is the same \
         as long as every instance sets it before it reads it.",
        "NEURON { SUFFIX a GLOBAL y NONSPECIFIC_CURRENT i }\nASSIGNED { y i v }\nBREAKPOINT { y = v i = y }";
    "nmodl-ion", "a variable does not belong to the ion",
        "An ion x has the variables ex, ix, xi and xo.",
        "NEURON { SUFFIX a USEION ca READ cax }";
    "nmodl-kinetic", "a reaction cannot be understood",
        "`~ a << (flux)` has one STATE on its left.",
        "KINETIC k { ~ m + h << (1) }\nBREAKPOINT { SOLVE k METHOD sparse i = v }";
    "nmodl-misplaced", "a statement stands in a block where it means nothing",
        "Reactions belong to KINETIC, WATCH and FOR_NETCONS to NET_RECEIVE, net_send to NET_RECEIVE or INITIAL.",
        "BREAKPOINT { ~ m <-> h (1, 2) i = v }";
    "nmodl-no-name", "the file does not name its mechanism",
        "NEURON { SUFFIX name } makes a density mechanism, POINT_PROCESS a point process, ARTIFICIAL_CELL a cell \
         without a membrane. Without any of these the file's name is taken.",
        "NEURON { RANGE y }\nASSIGNED { y }";
    "nmodl-not-linear", "cnexp cannot solve this equation",
        "The exponential formula holds where the equation is linear in its own state; this one is solved by backward \
         Euler (derivimplicit), as NEURON does.",
        "BREAKPOINT { SOLVE s METHOD cnexp i = v }\nDERIVATIVE s { m' = -m*m h' = -h }";
    "nmodl-pointer-written", "a mechanism writes through a POINTER",
        "In NEURON this changes a variable of something else: a sum over cells, the weight of a connection, \
         e_extracellular. Mechanisms do not change each other's variables here, so that results never depend on the \
         order in which cells are computed: the POINTER is a variable of each instance, which starts at 0 and can be \
         recorded. Whatever is to react to it must read it.",
        "NEURON { SUFFIX a POINTER sum NONSPECIFIC_CURRENT i }\nASSIGNED { sum i v }\nBREAKPOINT { i = v sum = i }";
    "nmodl-random", "a RANDOM variable is used as a number, or a number as a RANDOM variable",
        "A RANDOM variable is a stream: random_uniform(r), random_negexp(r, mean), random_normal(r, mean, deviation), \
         random_ipick(r), random_dpick(r), random_setseq(r, place) and random_setids(r, a, b, c) take it as their \
         first argument.",
        "NEURON { SUFFIX a RANDOM r RANGE y }\nASSIGNED { y }\nINITIAL { y = r + 1 }";
    "nmodl-recursion", "a procedure or function calls itself",
        "Calls are written out when the file is compiled. Use WHILE.",
        "FUNCTION f(a) { f = f(a - 1) }\nBREAKPOINT { i = f(v) }";
    "nmodl-shadowed", "a local name hides a variable of the file",
        "Inside of the block the name means the local one; the variable of the file keeps its value.",
        "PROCEDURE p(m) { x = m }\nBREAKPOINT { p(3) i = v }";
    "nmodl-solve", "SOLVE, its METHOD or its equations do not fit together",
        "DERIVATIVE takes cnexp, derivimplicit, euler or runge, KINETIC sparse, NONLINEAR newton, LINEAR simeq. A \
         system has as many equations as states.",
        "BREAKPOINT { SOLVE s METHOD sparse i = v }\nDERIVATIVE s { m' = -m h' = -h }";
    "nmodl-syntax", "the text is not NMODL",
        "The place is where the compiler stopped understanding; the mistake is there or just before.",
        "BREAKPOINT { i = (v - e }";
    "nmodl-table", "a TABLE has no sensible number of intervals",
        "WITH is followed by a number between 1 and 1000000.",
        "FUNCTION f(a) { TABLE FROM 0 TO 1 WITH 0\n f = a }\nBREAKPOINT { i = f(v) }";
    "nmodl-too-large", "the mechanism is too large or nested too deep",
        "Procedures and loops are written out; so many operations help nobody. Systems have at most 300 states.",
        "FUNCTION a(x) { a = b(x) + b(x+1) + b(x+2) + b(x+3) + b(x+4) + b(x+5) + b(x+6) + b(x+7) }\n\
         FUNCTION b(x) { b = c(x) + c(x*2) + c(x*3) + c(x*4) + c(x*5) + c(x*6) + c(x*7) + c(x*8) }\n\
         FUNCTION c(x) { c = d(x) + d(x/2) + d(x/3) + d(x/4) + d(x/5) + d(x/6) + d(x/7) + d(x/8) }\n\
         FUNCTION d(x) { LOCAL k k = x FROM j = 0 TO 1000 { k = k*k + x } d = k }\n\
         BREAKPOINT { i = a(v) }";
    "nmodl-undeclared-range", "RANGE or GLOBAL names a variable that is not declared",
        "Nothing comes of it. Probably a misspelling, or a variable that was removed elsewhere.",
        "NEURON { SUFFIX a RANGE gbra }";
    "nmodl-undefined-function", "a function or block does not exist",
        "Functions are those of the file (FUNCTION, PROCEDURE, FUNCTION_TABLE) and NMODL's own.",
        "BREAKPOINT { i = expp(v) }";
    "nmodl-undefined-name", "a name is not declared",
        "Variables are declared in PARAMETER, ASSIGNED, STATE, CONSTANT or LOCAL; ions' variables in USEION.",
        "BREAKPOINT { i = gbar*v }";
    "nmodl-units", "units do not fit, or are not known",
        "Both sides of +, -, = and of comparisons have the same dimension and scale; arguments of exp and log have \
         none. Numbers fit everything, and so do names without a unit: give them one, `(1)` if they have none. A number \
         among the factors counts as the conversion between two scales. Between UNITSOFF and UNITSON nothing is checked. \
         `--deny units` makes these warnings errors.",
        "UNITS { (mV) = (millivolt) (ms) = (millisecond) }\nPARAMETER { a = 1 (mV) b = 2 (ms) }\n\
         BREAKPOINT { i = a + b }";
    "nmodl-unset-assigned", "a variable is read but never set",
        "It is 0. A RANGE variable may be set by the model.",
        "ASSIGNED { y }\nBREAKPOINT { i = y*v }";
    "nmodl-unsolved-state", "a STATE keeps its initial value",
        "Either a SOLVE is missing, or it should be a PARAMETER.",
        "DERIVATIVE s { m' = -m h' = -h }\nBREAKPOINT { i = m*h*v }";
    "nmodl-unsupported", "NMODL has this, Tianyan has not",
        "The message names the construct; see the documentation for what to write instead.",
        "DISCRETE d { m = 1 }\nBREAKPOINT { i = v }";
    "nmodl-verbatim", "VERBATIM holds C code that computes something",
        "Assignments, conditions, loops, switch, return, functions of numbers and random numbers are translated; pointers \
         to variables, vectors, files and functions of hoc are not. Write the computation in NMODL.",
        "BREAKPOINT { VERBATIM\n double *p = hoc_pgetarg(1); i = p[0]->x;\nENDVERBATIM\n i = v }";
    "nmodl-verbatim-dropped", "C code without effect on the model was left out",
        "Printing, file output and error messages do not change what is computed.",
        "BREAKPOINT { i = v VERBATIM\n printf(\"%g\", v);\nENDVERBATIM\n }";
    "nmodl-verbatim-replaced", "C code was replaced by something that does the same",
        "Random numbers through a POINTER become a RANDOM stream; a Vector that only hoc can give is empty.",
        "NEURON { POINT_PROCESS a POINTER r RANGE y }\nASSIGNED { y r }\nINITIAL { y = pick() }\n\
         FUNCTION pick() { VERBATIM\n if (_p_r) { _lpick = nrn_random_pick(_p_r); } else { _lpick = 0; }\n\
         ENDVERBATIM }";
}
