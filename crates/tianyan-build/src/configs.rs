//! circuit_config.json, simulation_config.json and node_sets.json.

use serde_json::{Map, Value, json};

use crate::components::{BIOPHYSICAL, MORPHOLOGIES, POINT, SYNAPTIC};
use crate::nodes::Population;
use crate::schema::{Document, ModelType, Simulation};
use crate::values::Cell;

/// An edges file: the names of source and target.
pub type Ends = (String, String);

/// circuit_config.json.
pub fn circuit(populations: &[Population], edges: &[Ends]) -> Value {
    let nodes = populations.iter().map(|population| {
        let name = &population.name;
        json!({
            "nodes_file": format!("$NETWORK_DIR/{name}_nodes.h5"),
            "node_types_file": format!("$NETWORK_DIR/{name}_node_types.csv"),
            "populations": { name: { "type": kind(population) } },
        })
    });
    let edges = edges.iter().map(|(source, target)| {
        json!({
            "edges_file": format!("$NETWORK_DIR/{source}_{target}_edges.h5"),
            "edge_types_file": format!("$NETWORK_DIR/{source}_{target}_edge_types.csv"),
            "populations": { format!("{source}_to_{target}"): { "type": "chemical" } },
        })
    });
    let folder = |name: &str| format!("$COMPONENTS_DIR/{name}");
    json!({
        "version": 2,
        "manifest": {
            "$BASE_DIR": ".",
            "$NETWORK_DIR": "$BASE_DIR/network",
            "$COMPONENTS_DIR": "$BASE_DIR/components",
        },
        "components": {
            "morphologies_dir": folder(MORPHOLOGIES),
            "biophysical_neuron_models_dir": folder(BIOPHYSICAL),
            "point_neuron_models_dir": folder(POINT),
            "synaptic_models_dir": folder(SYNAPTIC),
            "mechanisms_dir": folder("mechanisms"),
        },
        "node_sets_file": "$BASE_DIR/node_sets.json",
        "networks": { "nodes": nodes.collect::<Vec<_>>(), "edges": edges.collect::<Vec<_>>() },
    })
}

/// The type of a population as libsonata's readers have it.
fn kind(population: &Population) -> &'static str {
    match population.types.iter().map(|t| t.model).min_by_key(|model| *model as u8) {
        Some(ModelType::Biophysical) => "biophysical",
        Some(ModelType::PointNeuron) => "point_neuron",
        _ => "virtual",
    }
}

/// simulation_config.json; `inputs` are the populations that have spikes.
pub fn simulation(document: &Document, inputs: &[String]) -> Value {
    let fallback;
    let run = match &document.simulation {
        Some(simulation) => simulation,
        None => {
            fallback = defaults(document);
            &fallback
        }
    };
    let input = |name: &String| {
        let value = json!({
            "input_type": "spikes",
            "module": "sonata",
            "input_file": format!("$INPUT_DIR/{name}_spikes.h5"),
            "node_set": name,
        });
        (format!("{name}_spikes"), value)
    };
    let reports = document.reports.iter().map(|(name, report)| {
        let value = json!({
            "module": "membrane_report",
            "type": "compartment",
            "variable_name": report.variable,
            "cells": report.cells,
            "sections": report.sections,
            "dt": run.dt_ms,
            "start_time": 0.0,
            "end_time": run.duration_ms,
        });
        (name.to_string(), value)
    });
    json!({
        "version": 2,
        "manifest": { "$BASE_DIR": ".", "$INPUT_DIR": "$BASE_DIR/inputs", "$OUTPUT_DIR": "$BASE_DIR/output" },
        "network": "$BASE_DIR/circuit_config.json",
        "node_sets_file": "$BASE_DIR/node_sets.json",
        "target_simulator": "NEURON",
        "run": {
            "tstop": run.duration_ms,
            "dt": run.dt_ms,
            "dL": run.dl_um,
            "spike_threshold": run.spike_threshold_mv,
            "nsteps_block": 5000,
            "random_seed": document.seed,
        },
        "conditions": { "celsius": run.temperature_celsius, "v_init": run.v_init_mv },
        "inputs": inputs.iter().map(input).collect::<Map<String, Value>>(),
        "reports": reports.collect::<Map<String, Value>>(),
        "output": {
            "output_dir": "$OUTPUT_DIR",
            "log_file": "log.txt",
            "spikes_file": "spikes.h5",
            "spikes_sort_order": "by_time",
            "overwrite_output_dir": true,
        },
    })
}

fn defaults(document: &Document) -> Simulation {
    Simulation {
        duration_ms: 1000.0,
        dt_ms: 0.1,
        dl_um: 20.0,
        spike_threshold_mv: -15.0,
        temperature_celsius: 34.0,
        v_init_mv: -80.0,
        spot: document.spot.clone(),
    }
}

/// How long the simulation lasts, ms.
pub fn duration_ms(document: &Document) -> f64 {
    document.simulation.as_ref().map_or_else(|| defaults(document).duration_ms, |simulation| simulation.duration_ms)
}

/// node_sets.json: the document's, and one for each type of nodes.
pub fn node_sets(document: &Document, populations: &[Population]) -> Value {
    let mut sets = Map::new();
    for population in populations {
        for of in &population.types {
            let name = format!("{}_{}", population.name, of.name);
            let of = |column: &str| of.columns.get(column).cloned().unwrap_or_default();
            let (pop_name, model) = (of("pop_name"), of("model_type"));
            sets.insert(name, json!({ "population": population.name, "pop_name": pop_name, "model_type": model }));
        }
    }
    for (name, values) in document.node_sets.iter() {
        sets.insert(name.into(), values.iter().map(|(k, v): (&str, &Cell)| (k.to_string(), v.json())).collect());
    }
    Value::Object(sets)
}
