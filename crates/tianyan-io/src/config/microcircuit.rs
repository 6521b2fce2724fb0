//! The cortical microcircuit at any scale, written out as a config.
//!
//! Potjans TC, Diesmann M (2014) The cell-type specific cortical microcircuit: relating structure and activity in a
//! full-scale spiking network model. Cereb Cortex 24:785-806: tables 4 and 5, as many connections as the probabilities
//! give with replacement, each drawn by itself. Random spikes of 8 Hz times the number of outside connections stand for
//! the rest of the brain.
//!
//! With fewer neurons (`scale`) and fewer connections a neuron (`in_degree_scale`), weights grow by the root of the
//! latter, and a current replaces the mean input that is lost, at the mean rates of the whole network (van Albada SJ,
//! Helias M, Diesmann M (2015) Scalability of asynchronous networks is limited by one-to-one mapping between effective
//! connectivity and correlations. PLoS Comput Biol 11:e1004490; rates as in NEST's example of the model).

use std::fmt::Write;

use tianyan_model::Problems;

use super::schema::{GeneratorEntry, GeneratorKind};

/// Name, neurons, connections from outside, mean rate of the whole network (Hz).
const POPULATIONS: [(&str, f64, f64, f64); 8] = [
    ("L23E", 20_683.0, 1600.0, 0.903),
    ("L23I", 5834.0, 1500.0, 2.965),
    ("L4E", 21_915.0, 2100.0, 4.414),
    ("L4I", 5479.0, 1900.0, 5.876),
    ("L5E", 4850.0, 2000.0, 7.569),
    ("L5I", 1065.0, 1900.0, 8.633),
    ("L6E", 14_395.0, 2900.0, 1.105),
    ("L6I", 2948.0, 2100.0, 7.829),
];

/// Probability of a connection: a row a target, a column a source.
const PROBABILITY: [[f64; 8]; 8] = [
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
];

const CM_NF: f64 = 0.25;
const TAU_M_MS: f64 = 10.0;
const TAU_SYN_MS: f64 = 0.5;
const V_REST_MV: f64 = -65.0;
/// Of an excitatory connection: 0.15 mV at the peak.
const WEIGHT_NANOAMP: f64 = 0.0878;
/// An inhibitory connection's is so many times that.
const INHIBITION: f64 = 4.0;
/// L4E's onto L23E is so many times that.
const FEED_FORWARD: f64 = 2.0;
/// Deviation of weights, of their mean.
const WEIGHT_SPREAD: f64 = 0.1;
/// Mean delay of excitatory and inhibitory connections; the deviation is half of it.
const DELAY_MS: [f64; 2] = [1.5, 0.8];
const OUTSIDE_HZ: f64 = 8.0;

/// The text of the config.
pub(crate) fn text(entry: &GeneratorEntry, dt_ms: f64) -> Result<String, Problems> {
    let (scale, in_degree) = scales(entry)?;
    let mut text = String::from("schema_version = 1\n[run]\nduration_ms = 0\n");
    // Writing to a String cannot fail.
    for (target, (name, size, outside, _)) in POPULATIONS.into_iter().enumerate() {
        let size = (size * scale).round().max(1.0);
        let _ = write!(
            text,
            "[cells.{name}]\nartificial = {{ mechanism = \"LifCurrExp\", parameters = {{ cm = {CM_NF}, tau_m = {TAU_M_MS}, \
             tau_refrac = 2.0, tau_syn_e = {TAU_SYN_MS}, tau_syn_i = {TAU_SYN_MS}, v_rest = {V_REST_MV}, v_reset = \
             {V_REST_MV}, v_thresh = -50.0, v_init = \"normal(-58, 10)\", i_offset = {:?} }} }}\n\
             [populations.{name}]\ncell = \"{name}\"\nsize = {size}\n\
             [[stimuli]]\nkind = \"poisson\"\ncells = \"{name}\"\nrate_hz = {:?}\nweight = {:?}\n",
            lost_current(target, in_degree),
            OUTSIDE_HZ * outside * in_degree,
            WEIGHT_NANOAMP / in_degree.sqrt(),
        );
        for (source, (source_name, ..)) in POPULATIONS.into_iter().enumerate() {
            let total = (connections(target, source) * scale * in_degree).round();
            if total < 1.0 {
                continue;
            }
            let mean = weight(target, source) / in_degree.sqrt();
            let sign = if mean < 0.0 { "-" } else { "" };
            let (mean, spread) = (mean.abs(), mean.abs() * WEIGHT_SPREAD);
            let delay = DELAY_MS[usize::from(is_inhibitory(source))];
            // Half a step rounds to one.
            let (deviation, least) = (delay / 2.0, dt_ms / 2.0);
            let _ = write!(
                text,
                "[[connections]]\nsource = \"{source_name}\"\ntarget = \"{name}\"\nrule = \"fixed_total\"\ntotal = {total}\n\
                 weight = \"{sign}normal_above({mean:?}, {spread:?}, 0)\"\n\
                 delay_ms = \"normal_above({delay:?}, {deviation:?}, {least:?})\"\n",
            );
        }
    }
    Ok(text)
}

/// `scale` and `in_degree_scale`, and no key of another kind.
fn scales(entry: &GeneratorEntry) -> Result<(f64, f64), Problems> {
    let mut problems = Problems::default();
    let of_rings = ["rings", "cells_per_ring", "branches", "compartments", "fan_in", "seed", "dendrites"];
    for (key, _) in entry.spot.keys.iter().filter(|(key, _)| of_rings.contains(&key.as_str())) {
        let problem = entry.spot.problem(key, "config-value", format!("`{key}` belongs to kind = \"ring\""));
        let help = if key == "seed" { "the microcircuit is drawn with seed under [run]" } else { "leave it out" };
        problems.push(problem.help(help));
    }
    let scale = entry.scale.unwrap_or(1.0);
    let in_degree = entry.in_degree_scale.unwrap_or(scale);
    for (key, value) in [("scale", entry.scale), ("in_degree_scale", entry.in_degree_scale)] {
        if value.is_some_and(|value| !(value > 0.0 && value <= 1.0)) {
            problems.push(entry.spot.problem(key, "config-value", format!("{key} must be above 0 and at most 1")));
        }
    }
    problems.or((scale, in_degree))
}

fn is_inhibitory(population: usize) -> bool {
    population % 2 == 1
}

/// Connections of two populations of the whole network: as many as let a pair be joined with its probability.
fn connections(target: usize, source: usize) -> f64 {
    let pairs = POPULATIONS[target].1 * POPULATIONS[source].1;
    ((1.0 - PROBABILITY[target][source]).ln() / (1.0 - 1.0 / pairs).ln()).max(0.0)
}

/// Mean weight in the whole network, nA.
fn weight(target: usize, source: usize) -> f64 {
    match (target, source) {
        (0, 2) => FEED_FORWARD * WEIGHT_NANOAMP,
        (_, source) if is_inhibitory(source) => -INHIBITION * WEIGHT_NANOAMP,
        _ => WEIGHT_NANOAMP,
    }
}

/// The mean of the input that fewer connections leave out, nA.
fn lost_current(target: usize, in_degree: f64) -> f64 {
    let inside = (0..POPULATIONS.len()).map(|source| {
        let each = connections(target, source) / POPULATIONS[target].1;
        each * weight(target, source) * POPULATIONS[source].3
    });
    let outside = POPULATIONS[target].2 * WEIGHT_NANOAMP * OUTSIDE_HZ;
    (1.0 - in_degree.sqrt()) * TAU_SYN_MS * 1e-3 * (inside.sum::<f64>() + outside)
}

/// True if the generator is this one.
pub(crate) fn is_wanted(entry: &GeneratorEntry) -> bool {
    entry.kind == GeneratorKind::Microcircuit
}
