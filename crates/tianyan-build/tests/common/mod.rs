//! Building small networks, and reading them back.
#![allow(dead_code)]

use std::path::Path;

use tianyan_build::{BuildOptions, Built, Plan, parse};
use tianyan_io::network_files::{EdgeBlock, read_edges};
use tianyan_model::Problems;

/// 400 excitatory and 100 inhibitory point neurons, and 60 sources without places.
pub const NODES: &str = r#"
schema_version = 1
seed = 3
[populations.net.types.e]
count = 400
model_type = "point_neuron"
model_template = "nrn:IntFire1"
dynamics_params = "fire"
columns = { ei = "e" }
properties = { angle = { even = [0.0, 360.0] }, size = { uniform = [0.5, 1.5] } }
geometry = { shape = "cylinder", radius_um = 200.0, y_um = [-300.0, -100.0] }
[populations.net.types.i]
count = 100
model_type = "point_neuron"
model_template = "nrn:IntFire1"
dynamics_params = "fire"
columns = { ei = "i" }
geometry = { shape = "box", x_um = [-100.0, 100.0], y_um = [[-300.0, -250.0], [-150.0, -100.0]], z_um = [-50.0, 50.0] }
[populations.input.types.input]
count = 60
model_type = "virtual"
[neurons.fire]
tau = 0.02
refrac = 0.003
type = "NEURON_IntFire1"
[synapses.instant]
sign = 1
"#;

/// What every connection of a point neuron needs.
pub const COMMON: &str = "weight = 0.01\ndelay_ms = 1.0\ndynamics_params = \"instant\"\n";

/// Builds a text into `folder`/out.
pub fn build(text: &str, folder: &Path, options: &BuildOptions) -> Result<Built, Problems> {
    let description = parse("net.toml", text, folder)?;
    Plan::new(&description, options)?.write(&folder.join("out"), true)
}

/// The edges that [`NODES`] with one connection have, sources in `source`; keys that `connection` names replace those
/// of [`COMMON`].
pub fn edges_from(source: &str, connection: &str) -> EdgeBlock {
    let named = |line: &&str| !connection.contains(line.split(' ').next().unwrap_or_default());
    let common: String = COMMON.lines().filter(named).map(|line| format!("{line}\n")).collect();
    let text = format!("{NODES}\n[[connections]]\nsource = \"{source}\"\ntarget = \"net\"\n{common}{connection}");
    let folder = tempfile::tempdir().expect("a folder");
    build(&text, folder.path(), &BuildOptions::default()).unwrap_or_else(|problems| panic!("{problems}"));
    read_edges(&folder.path().join(format!("out/network/{source}_net_edges.h5"))).expect("edges")
}

/// Edges of each target.
pub fn in_degrees(edges: &EdgeBlock, targets: usize) -> Vec<f64> {
    let mut degrees = vec![0.0; targets];
    edges.target.iter().for_each(|&target| degrees[target as usize] += 1.0);
    degrees
}

/// Mean and variance.
pub fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64)
}
