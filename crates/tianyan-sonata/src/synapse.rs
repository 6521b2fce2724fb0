//! `model_template` of an edge: which point process a synapse is, and what its parameters become.
//!
//! | template | point process | parameters taken from dynamics_params |
//! |---|---|---|
//! | exp2syn, Exp2Syn | Exp2Syn | erev (e), tau1, tau2 |
//! | expsyn | ExpSyn | erev (e), tau1 (tau) |
//! | stp1syn | stp1syn | erev (e); p0 = 0.5, tau_r = 200, tau_1 = 5 |
//! | stp2syn | stp2syn | erev (e), p0, tau_r0, tau_FDR, tau_1; a_FDR is not taken, as in BMTK |
//! | stp3syn | stp3syn | erev (e); p0 = 0.6, tau_r0 = 200, tau_FDR = 2000, tau_D = 500, tau_1 = 5 |
//! | stp4syn | stp4syn | erev (e); p0 = 0.6, tau_r = 200, tau_1 = 5 |
//! | stp5syn, stp5isyn | of that name | erev (e), tau_1, tau_r0, tau_FDR, a_FDR, a_D, a_i, a_f, pbtilde |
//! | tmgsyn | tmgsyn | erev (e), tau_1, tau_rec, tau_facil, U, u0 |
//! | exp1syn, exp1isyn | of that name | erev (e), tau_1 (tau) |
//! | any other POINT_PROCESS | of that name | all numbers, by name; erev is e if there is no erev |
//!
//! BMTK can place stp1syn, stp3syn, stp4syn, stp5isyn, tmgsyn, exp1syn and exp1isyn nowhere: its functions for them
//! want lists. The last line is not BMTK's; there a function in Python stands for it.

use tianyan_model::Problems;

use crate::config::{Entry, as_number};

/// A point process and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Synapse {
    pub mechanism: String,
    pub parameters: Vec<(String, f64)>,
}

/// (name in the mechanism, key in dynamics_params)
type Taken = &'static [(&'static str, &'static str)];
type Fixed = &'static [(&'static str, f64)];

const STP5: Taken = &[
    ("e", "erev"),
    ("tau_1", "tau_1"),
    ("tau_r0", "tau_r0"),
    ("tau_FDR", "tau_FDR"),
    ("a_FDR", "a_FDR"),
    ("a_D", "a_D"),
    ("a_i", "a_i"),
    ("a_f", "a_f"),
    ("pbtilde", "pbtilde"),
];
const TMG: Taken =
    &[("e", "erev"), ("tau_1", "tau_1"), ("tau_rec", "tau_rec"), ("tau_facil", "tau_facil"), ("U", "U"), ("u0", "u0")];

/// Template, mechanism, what is taken, what is fixed.
const TEMPLATES: &[(&str, &str, Taken, Fixed)] = &[
    ("exp2syn", "Exp2Syn", &[("e", "erev"), ("tau1", "tau1"), ("tau2", "tau2")], &[]),
    ("Exp2Syn", "Exp2Syn", &[("e", "erev"), ("tau1", "tau1"), ("tau2", "tau2")], &[]),
    ("expsyn", "ExpSyn", &[("e", "erev"), ("tau", "tau1")], &[]),
    ("stp1syn", "stp1syn", &[("e", "erev")], &[("p0", 0.5), ("tau_r", 200.0), ("tau_1", 5.0)]),
    (
        "stp2syn",
        "stp2syn",
        &[("e", "erev"), ("p0", "p0"), ("tau_r0", "tau_r0"), ("tau_FDR", "tau_FDR"), ("tau_1", "tau_1")],
        &[],
    ),
    (
        "stp3syn",
        "stp3syn",
        &[("e", "erev")],
        &[("p0", 0.6), ("tau_r0", 200.0), ("tau_FDR", 2000.0), ("tau_D", 500.0), ("tau_1", 5.0)],
    ),
    ("stp4syn", "stp4syn", &[("e", "erev")], &[("p0", 0.6), ("tau_r", 200.0), ("tau_1", 5.0)]),
    ("stp5syn", "stp5syn", STP5, &[]),
    ("stp5isyn", "stp5isyn", STP5, &[]),
    ("tmgsyn", "tmgsyn", TMG, &[]),
    ("exp1syn", "exp1syn", &[("e", "erev"), ("tau", "tau_1")], &[]),
    ("exp1isyn", "exp1isyn", &[("e", "erev"), ("tau", "tau_1")], &[]),
];

impl Synapse {
    /// The synapse of a template; `parameters` are its dynamics_params.
    pub fn new(template: &str, parameters: &Entry) -> Result<Synapse, Problems> {
        let Some((_, mechanism, taken, fixed)) = TEMPLATES.iter().find(|(name, ..)| *name == template) else {
            return Ok(Synapse { mechanism: template.into(), parameters: numbers(parameters) });
        };
        let mut problems = Problems::default();
        let mut found = Vec::new();
        for (name, key) in *taken {
            found.extend(parameters.need_number(key, &mut problems).map(|value| (name.to_string(), value)));
        }
        found.extend(fixed.iter().map(|(name, value)| (name.to_string(), *value)));
        problems.or(Synapse { mechanism: (*mechanism).into(), parameters: found })
    }

    /// All templates with a name of their own.
    pub fn templates() -> impl Iterator<Item = &'static str> {
        TEMPLATES.iter().map(|(name, ..)| *name)
    }
}

fn numbers(parameters: &Entry) -> Vec<(String, f64)> {
    let own_erev = parameters.get("e").is_some();
    let renamed = |name: &str| if name == "erev" && !own_erev { "e".to_string() } else { name.to_string() };
    let number = |(name, value): (&str, &serde_json::Value)| {
        let number = if value.is_number() { as_number(value) } else { None };
        number.map(|number| (renamed(name), number))
    };
    parameters.iter().filter_map(number).collect()
}
