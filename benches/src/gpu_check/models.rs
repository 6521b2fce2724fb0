//! The models: generated, or of the texts that tests use.

use std::path::Path;

const HH: &str = include_str!("../../../models/ring/ring_hh.toml");
const RICH: &str = include_str!("../../../models/ring/ring_rich.toml");
const PASSIVE: &str = include_str!("../../../models/ring/ring_pas.toml");
const MICROCIRCUIT: &str = include_str!("../../../models/microcircuit/microcircuit.toml");

/// Small models with everything a GPU must do, by name.
pub const SMALL: [(&str, &str); 3] = [
    ("synapses", include_str!("../../../tests/tests/models/synapses.toml")),
    ("couplings", include_str!("../../../tests/tests/models/coupled.toml")),
    ("point neurons", include_str!("../../../tests/tests/models/points.toml")),
];

const EVENTS: &str = include_str!("../../../tests/tests/models/events.toml");

/// Where its mechanisms lie as it has them.
const OF_EVENTS: &str = "../../../crates/tianyan-nmodl/tests/mod/";

/// Those mechanisms: self-events, WATCH, plasticity, tables, random numbers, diffusion.
const MECHANISMS: [(&str, &str); 7] = [
    ("integrator.mod", include_str!("../../../crates/tianyan-nmodl/tests/mod/integrator.mod")),
    ("alarm.mod", include_str!("../../../crates/tianyan-nmodl/tests/mod/alarm.mod")),
    ("watcher.mod", include_str!("../../../crates/tianyan-nmodl/tests/mod/watcher.mod")),
    ("plastic.mod", include_str!("../../../crates/tianyan-nmodl/tests/mod/plastic.mod")),
    ("looked_up.mod", include_str!("../../../crates/tianyan-nmodl/tests/mod/looked_up.mod")),
    ("noise.mod", include_str!("../../../crates/tianyan-nmodl/tests/mod/noise.mod")),
    ("cable.mod", include_str!("../../../crates/tianyan-nmodl/tests/mod/cable.mod")),
];

/// A model of what events do inside mechanisms, whose mechanisms are put into the folder.
pub fn events(folder: &Path) -> std::io::Result<String> {
    MECHANISMS.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))?;
    Ok(EVENTS.replace(OF_EVENTS, ""))
}

/// What the dendrites of rings carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dendrites {
    /// hh: 60 compartments a cell.
    Hh,
    /// Twelve mechanisms: 320 compartments a cell.
    Rich,
    /// pas.
    Passive,
}

/// Rings of branched cells.
pub fn ring(dendrites: Dendrites, rings: usize, duration_ms: f64, probes: bool) -> String {
    let text = match dendrites {
        Dendrites::Hh => HH,
        Dendrites::Rich => RICH,
        Dendrites::Passive => PASSIVE,
    };
    let end = if probes { text.len() } else { text.find("[[probes]]").unwrap_or(text.len()) };
    with(&text[..end], &[("rings", rings.to_string()), ("duration_ms", format!("{duration_ms:?}"))])
}

/// Part of a cortical microcircuit of point neurons.
pub fn microcircuit(scale: f64, duration_ms: f64) -> String {
    with(MICROCIRCUIT, &[("scale", scale.to_string()), ("duration_ms", format!("{duration_ms:?}"))])
}

/// Cells of many compartments without a mechanism: the voltage equation alone.
pub fn bare(cells: usize, branches: usize, compartments: usize) -> String {
    let sections: Vec<String> = (0..branches)
        .map(|k| {
            let parent = if k == 0 { "soma".into() } else { format!("d{}", (k - 1) / 2) };
            format!(
                "    {{ name = \"d{k}\", type = \"dend\", length_um = 100.0, diameter_um = 1.0, compartments = \
                 {compartments}, parent = \"{parent}\", parent_x = 1.0 }},\n"
            )
        })
        .collect();
    format!(
        "schema_version = 1\n[run]\nduration_ms = 1000.0\n[cells.bare]\nsections = [\n    {{ name = \"soma\", type = \
         \"soma\", length_um = 20.0, diameter_um = 20.0 }},\n{}]\n[populations.bare]\ncell = \"bare\"\nsize = {cells}\n",
        sections.concat()
    )
}

/// A config with other values of some keys.
fn with(text: &str, values: &[(&str, String)]) -> String {
    let line = |line: &str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        match values.iter().find(|(name, _)| *name == key) {
            Some((name, value)) => format!("{name} = {value}\n"),
            None => format!("{line}\n"),
        }
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tianyan_engine::CpuOptions;
    use tianyan_model::Recipe;
    use tianyan_tests::model::{network, recipe};

    #[test]
    fn models_are_what_their_cases_say() {
        let built = |text: &str| {
            let backend = tianyan_engine::CpuBackend::new(CpuOptions::default());
            let network = network(&recipe(text, std::path::Path::new(".")), &backend);
            (network.cells, network.compartments)
        };
        let folder = tempfile::tempdir().expect("a folder");
        let of_events = events(folder.path()).expect("files");
        assert!(recipe(&of_events, folder.path()).run().duration_ms > 0.0);
        assert_eq!(built(&bare(3, 350, 4)), (3, 3 * 1401));
        assert_eq!(built(&ring(Dendrites::Hh, 2, 10.0, false)).0, 34);
        assert!(built(&ring(Dendrites::Rich, 1, 10.0, true)).1 > 2000);
        assert!(built(&ring(Dendrites::Passive, 1, 10.0, false)).1 > 500);
        assert!((700..850).contains(&built(&microcircuit(0.01, 1.0)).0));
    }
}
