//! Names of populations, and which keys of a connection go together.

use tianyan_io::config::Spot;
use tianyan_model::{Problem, Problems};

use crate::schema::{ConnectionEntry, Rule};

/// Checks the name of a population, which becomes that of files and HDF5 groups.
pub fn population_name(name: &str, spot: &Spot) -> Option<Problem> {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
    let problem = || Problem::new("build-name", format!("`{name}` cannot be the name of a population"));
    (!plain).then(|| problem().at(spot.place()).help("use letters, digits, - and _"))
}

/// Checks one connection.
pub fn connection(entry: &ConnectionEntry, problems: &mut Problems) {
    let rule = entry.rule;
    let keys = [
        ("probability", entry.probability.is_some(), rule == Rule::Pairwise, rule == Rule::Pairwise),
        ("degree", entry.degree.is_some(), rule == Rule::InDegree, rule == Rule::InDegree),
        ("total", entry.total.is_some(), rule == Rule::Total, rule == Rule::Total),
        ("falloff", entry.falloff.is_some(), matches!(rule, Rule::Pairwise | Rule::InDegree), false),
        ("tuning", entry.tuning.is_some(), rule == Rule::Pairwise, false),
        ("target_factor", entry.target_factor.is_some(), rule == Rule::Pairwise, false),
        ("conserve_input", entry.conserve_input, matches!(rule, Rule::Pairwise | Rule::AllToAll), false),
        ("multapses", entry.multapses, rule == Rule::InDegree, false),
    ];
    for (key, given, fits, needed) in keys {
        if given && !fits {
            let message = format!("`{key}` says nothing to this rule");
            problems.push(entry.spot.problem(key, "build-rule", message).help("take it out, or choose another rule"));
        } else if needed && !given {
            problems.push(entry.spot.problem(key, "config-missing-key", format!("this rule needs `{key}`")));
        }
    }
    if entry.delay_ms.is_none() && entry.velocity_um_per_ms.is_none() {
        let message = "a connection needs `delay_ms`, `velocity_um_per_ms` or both";
        problems.push(entry.spot.problem("delay_ms", "config-missing-key", message));
    }
    if entry.weight.is_none() {
        problems.push(entry.spot.problem("weight", "config-missing-key", "a connection needs `weight`"));
    }
    if entry.velocity_um_per_ms.is_some_and(|velocity| velocity.is_nan() || velocity <= 0.0) {
        problems.push(entry.spot.problem("velocity_um_per_ms", "config-value", "the velocity must be above 0"));
    }
    for section in &entry.target_sections {
        if !["somatic", "soma", "axonal", "axon", "basal", "dend", "apical", "apic"].contains(&section.as_str()) {
            let message = format!("there are no sections `{section}`");
            let help = tianyan_io::config::nearest::did_you_mean(section, ["somatic", "axonal", "basal", "apical"]);
            problems.push(entry.spot.problem("target_sections", "build-sections", message).help(help));
        }
    }
}
