//! network.json: everything that network.py reads.
//!
//! Columns of equal length stand for tables: `gid[i]`, `section[i]` ... describe row i. All numbers are written
//! so that reading them gives the same bits.

use serde_json::{Value, json};

use tianyan_model::{
    Cell, Connections, Couplings, CurrentDerivative, Driven, Gid, KindId, Location, Parameter, Peer, PointProcess,
    Population, Probe, Problems, Quantity, Recipe, Report, RunSettings, SecondOrder, Section, Shape, Stimuli, Values,
    Waveform,
};

use super::{ExportMechanism, mods, names};

/// The text of network.json.
pub fn network(recipe: &dyn Recipe, mechanisms: &[ExportMechanism]) -> Result<String, Problems> {
    let cells: u32 = recipe.populations().iter().map(|p| p.size).sum();
    let gids: Vec<Gid> = (0..cells).map(Gid).collect();
    let mut problems = Problems::default();
    let kinds: Vec<Value> = (0..recipe.kinds() as u32)
        .filter_map(|kind| problems.take(recipe.cell(KindId(kind))))
        .map(|cell| kind(&cell))
        .collect();
    let mut kind_of = Vec::with_capacity(gids.len());
    recipe.kind_of(&gids, &mut kind_of);
    let mut document = vec![
        ("format", json!("tianyan-neuron-export")),
        ("version", json!(1)),
        ("run", run(recipe.run())),
        ("mechanisms", mechanisms.iter().enumerate().map(|(i, m)| mechanism(i, m, recipe)).collect()),
        ("populations", populations(recipe)),
        ("kinds", Value::Array(kinds)),
        ("kind_of", kind_of.iter().map(|kind| kind.0).collect()),
    ];
    document.extend(joins(recipe, &gids, &mut problems));
    problems.or(lines(&document))
}

/// JSON with one line for each of the upper keys, and for each item of the longer ones.
fn lines(document: &[(&str, Value)]) -> String {
    let item = |(key, value): &(&str, Value)| match value {
        Value::Array(items) if items.iter().any(|item| item.is_object()) => {
            let items: Vec<String> = items.iter().map(|item| format!("  {item}")).collect();
            format!("{}: [\n{}\n]", json!(key), items.join(",\n"))
        }
        value => format!("{}: {value}", json!(key)),
    };
    let items: Vec<String> = document.iter().map(item).collect();
    format!("{{\n{}\n}}\n", items.join(",\n"))
}

fn run(run: &RunSettings) -> Value {
    json!({
        "duration_ms": run.duration_ms,
        "dt_ms": run.dt_ms,
        "temperature_celsius": run.temperature_celsius,
        "second_order": match run.second_order {
            SecondOrder::Off => 0,
            SecondOrder::Voltage => 1,
            SecondOrder::VoltageAndCurrents => 2,
        },
        "current_derivative": match run.current_derivative {
            CurrentDerivative::Neuron => "neuron",
            CurrentDerivative::Analytic => "analytic",
        },
        "seed": run.seed,
        "tables": run.tables,
    })
}

fn mechanism(index: usize, mechanism: &ExportMechanism, recipe: &dyn Recipe) -> Value {
    let table = |name: &String| {
        let points = recipe.function_table(&mechanism.name, name).unwrap_or_default();
        let (arguments, values): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        json!({ "name": name, "arguments": arguments, "values": values })
    };
    json!({
        "name": mechanism.name,
        "neuron_name": mods::neuron_name(&mechanism.name),
        "file": mods::file_name(index, &mechanism.name),
        "kind": mechanism.kind.word(),
        "streams": mechanism.streams,
        "function_tables": mechanism.function_tables.iter().map(table).collect::<Vec<_>>(),
    })
}

fn populations(recipe: &dyn Recipe) -> Value {
    let population = |p: &Population| {
        let first_gid = p.first_gid.0;
        json!({ "name": p.name, "first_gid": first_gid, "size": p.size, "cell_names": p.cell_names })
    };
    recipe.populations().iter().map(population).collect()
}

fn kind(cell: &Cell) -> Value {
    let names = names::hoc_names(cell.morphology.sections.iter().map(|s| s.name.as_str()));
    let sections = cell.morphology.sections.iter().enumerate().map(|(i, s)| section(cell, i, s, &names[i]));
    let densities = cell.densities.iter().map(|d| {
        let parameters = parameters(&d.parameters);
        json!({ "mechanism": d.mechanism, "section": d.section, "parameters": parameters })
    });
    let ions = cell.ions.iter().map(|i| json!({ "variable": i.variable, "section": i.section, "value": i.value }));
    let detector = cell.detector.map(|d| {
        let Location { section, x } = d.location;
        json!({ "section": section, "x": x, "threshold_mv": d.threshold_mv })
    });
    json!({
        "sections": sections.collect::<Value>(),
        "densities": densities.collect::<Value>(),
        "ions": ions.collect::<Value>(),
        "detector": detector,
    })
}

fn section(cell: &Cell, index: usize, section: &Section, hoc_name: &str) -> Value {
    let mut value = json!({
        "name": section.name,
        "hoc_name": hoc_name,
        "parent": section.parent.map(|p| p.section),
        "parent_x": section.parent.map(|p| p.x),
        "nseg": cell.compartments[index].max(1),
        "ra_ohm_cm": cell.ra_ohm_cm[index],
        "cm_uf_per_cm2": values(&cell.cm_uf_per_cm2[index]),
        "v_init_mv": cell.v_init_mv[index],
    });
    match &section.shape {
        Shape::Cylinder { length_um, diameter_um } => {
            value["length_um"] = json!(length_um);
            value["diameter_um"] = json!(diameter_um);
        }
        Shape::Points(points) => {
            value["points_um"] = points.iter().map(|p| json!([p.x_um, p.y_um, p.z_um, p.diameter_um])).collect();
        }
    }
    value
}

fn values(values: &Values) -> Value {
    match values {
        Values::Uniform(value) => json!(value),
        Values::PerCompartment(values) => json!(values),
    }
}

fn parameters(parameters: &[Parameter]) -> Value {
    Value::Object(parameters.iter().map(|p| (p.name.clone(), values(&p.values))).collect())
}

/// What joins the cells, and what is done to them and recorded.
fn joins(recipe: &dyn Recipe, gids: &[Gid], problems: &mut Problems) -> Vec<(&'static str, Value)> {
    let mut connections = Connections::default();
    let mut couplings = Couplings::default();
    let mut stimuli = Stimuli::default();
    let (mut trains, mut probes) = (Vec::new(), Vec::new());
    problems.take(recipe.connections_on(gids, &mut connections));
    problems.take(recipe.couplings_on(gids, &mut couplings));
    problems.take(recipe.stimuli_on(gids, &mut stimuli));
    problems.take(recipe.source_spikes_on(gids, &mut trains));
    problems.take(recipe.probes_on(gids, &mut probes));
    let trains = trains.iter().map(|(gid, times)| json!({ "gid": gid.0, "times_ms": times }));
    vec![
        ("synapses", point_processes(&connections.synapses, &connections.parameter_sets)),
        ("connections", connection_columns(&connections)),
        ("couplings", point_processes(&couplings.instances, &couplings.parameter_sets)),
        ("peers", peers(&couplings)),
        ("stimuli", point_processes(&stimuli.instances, &stimuli.parameter_sets)),
        ("driven", driven(&stimuli)),
        ("source_spikes", trains.collect()),
        ("reports", reports(recipe, &probes)),
    ]
}

fn point_processes(instances: &[PointProcess], sets: &[Vec<Parameter>]) -> Value {
    json!({
        "gid": instances.iter().map(|i| i.gid.0).collect::<Vec<_>>(),
        "section": instances.iter().map(|i| i.location.section).collect::<Vec<_>>(),
        "x": instances.iter().map(|i| i.location.x).collect::<Vec<_>>(),
        "mechanism": instances.iter().map(|i| i.mechanism).collect::<Vec<_>>(),
        "parameter_set": instances.iter().map(|i| i.parameter_set).collect::<Vec<_>>(),
        "parameter_sets": sets.iter().map(|set| parameters(set)).collect::<Vec<_>>(),
    })
}

fn connection_columns(connections: &Connections) -> Value {
    json!({
        "source": connections.source.iter().map(|gid| gid.0).collect::<Vec<_>>(),
        "synapse": connections.synapse,
        "delay_ms": connections.delay_ms,
        "weight": connections.weight,
    })
}

fn peers(couplings: &Couplings) -> Value {
    let peer = |p: &Peer| {
        json!({
            "instance": p.instance,
            "pointer": p.pointer,
            "gid": p.gid.0,
            "section": p.location.section,
            "x": p.location.x,
            "quantity": quantity(&p.quantity),
        })
    };
    couplings.peers.iter().map(peer).collect()
}

fn driven(stimuli: &Stimuli) -> Value {
    let driven = |d: &Driven| {
        let waveform = waveform(&d.waveform);
        json!({ "instance": d.instance, "parameter": d.parameter, "waveform": waveform })
    };
    stimuli.driven.iter().map(driven).collect()
}

fn waveform(waveform: &Waveform) -> Value {
    match waveform {
        Waveform::Pulse { start_ms, duration_ms, amplitude } => {
            json!({ "kind": "pulses", "pulses": [[start_ms, duration_ms, amplitude]] })
        }
        Waveform::Pulses(pulses) => json!({ "kind": "pulses", "pulses": pulses }),
        Waveform::Step { start_ms, interval_ms, samples } => {
            json!({ "kind": "step", "start_ms": start_ms, "interval_ms": interval_ms, "samples": samples })
        }
        Waveform::Linear(points) => json!({ "kind": "linear", "points": points }),
        Waveform::Shared { samples, dt_ms, factor } => {
            let samples: Vec<f64> = samples.iter().map(|sample| sample * factor).collect();
            json!({ "kind": "step", "start_ms": 0.0, "interval_ms": dt_ms, "samples": samples })
        }
        Waveform::Played { samples, interval_ms, start_ms, duration_ms } => json!({
            "kind": "played", "interval_ms": interval_ms, "samples": samples, "start_ms": start_ms,
            "duration_ms": duration_ms,
        }),
    }
}

fn quantity(quantity: &Quantity) -> Value {
    match quantity {
        Quantity::Voltage => json!({ "kind": "voltage" }),
        Quantity::MembraneCurrent => json!({ "kind": "membrane_current" }),
        Quantity::Ion(variable) => json!({ "kind": "ion", "variable": variable }),
        Quantity::Density { mechanism, variable } => {
            json!({ "kind": "density", "mechanism": mechanism, "variable": variable })
        }
        Quantity::PointProcess { mechanism, variable } => {
            json!({ "kind": "point_process", "mechanism": mechanism, "variable": variable })
        }
    }
}

fn reports(recipe: &dyn Recipe, probes: &[Probe]) -> Value {
    let report = |(index, report): (usize, &Report)| {
        let probes: Vec<_> = probes.iter().filter(|probe| probe.report == index).collect();
        json!({
            "name": report.name,
            "quantity": quantity(&report.quantity),
            "variable": report.variable,
            "unit": report.unit,
            "interval_ms": report.rows.interval_ms,
            "gid": probes.iter().map(|p| p.gid.0).collect::<Vec<_>>(),
            "section": probes.iter().map(|p| p.location.section).collect::<Vec<_>>(),
            "x": probes.iter().map(|p| p.location.x).collect::<Vec<_>>(),
            "instance": probes.iter().map(|p| p.instance).collect::<Vec<_>>(),
        })
    };
    recipe.reports().iter().enumerate().map(report).collect()
}
