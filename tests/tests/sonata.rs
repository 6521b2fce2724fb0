//! Networks of BMTK and of SONATA's repository, run from their own config.json, against what BMTK 1.2.0 with NEURON
//! 9.0.2 made of them: the same spikes, and the same voltages up to the 32 bits of the reference files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tianyan_io::read_back::{read_report, read_spikes};
use tianyan_tests::{program, test_data};

/// Spike times by population and node.
type Trains = BTreeMap<(String, u64), Vec<f64>>;

struct Case {
    config: &'static str,
    reference: &'static str,
    duration_ms: f64,
    /// A report of soma voltages that both have, and whether its rows are the reference's.
    voltages: Option<&'static str>,
    spikes: usize,
}

fn trains(file: &Path, before_ms: f64) -> Trains {
    let mut found = Trains::new();
    for population in read_spikes(file).unwrap_or_else(|problems| panic!("{problems}")) {
        for (time, id) in population.times_ms.iter().zip(&population.node_ids).filter(|(t, _)| **t < before_ms) {
            found.entry((population.population.clone(), *id)).or_default().push(*time);
        }
    }
    found.values_mut().for_each(|times| times.sort_by(f64::total_cmp));
    found
}

fn run(data: &Path, case: &Case, folder: &Path) -> PathBuf {
    let output = folder.join("out");
    let done = Command::new(program())
        .arg("run")
        .arg(data.join("sonata").join(case.config))
        .args(["--quiet", "--overwrite", "--double", "--duration-ms", &case.duration_ms.to_string()])
        .arg("--output")
        .arg(&output)
        .output()
        .expect("the program runs");
    assert!(done.status.success(), "{}: {}", case.config, String::from_utf8_lossy(&done.stderr));
    output
}

fn check(case: &Case) {
    let Some(data) = test_data(case.config) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(&data, case, folder.path());
    let reference = data.join("reference").join(case.reference);
    let ours = trains(&output.join("spikes.h5"), case.duration_ms);
    let theirs = trains(&reference.join("spikes.h5"), case.duration_ms);
    let count = |trains: &Trains| trains.values().map(Vec::len).sum::<usize>();
    assert_eq!((count(&ours), count(&theirs)), (case.spikes, case.spikes), "{}", case.config);
    for (cell, times) in &theirs {
        let own = &ours[cell];
        assert_eq!(own.len(), times.len(), "{}: {cell:?}", case.config);
        let worst = own.iter().zip(times).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-9, "{}: {cell:?} is off by {worst} ms", case.config);
    }
    if let Some(name) = case.voltages {
        compare_voltages(case, &output.join(name), &reference.join(name), &theirs);
    }
}

/// Up to the first spike of each cell; afterwards a rounding of the 32 bits may be as large as a steep flank makes it.
fn compare_voltages(case: &Case, ours: &Path, theirs: &Path, spikes: &Trains) {
    let ours = read_report(ours).unwrap_or_else(|problems| panic!("{problems}"));
    let mut cells = 0;
    for reference in read_report(theirs).unwrap_or_else(|problems| panic!("{problems}")) {
        let own = ours.iter().find(|report| report.population == reference.population).expect("the population");
        assert_eq!(own.interval_ms, reference.interval_ms, "{}", case.config);
        for &id in &reference.node_ids {
            let first = spikes.get(&(reference.population.clone(), id)).map_or(f64::INFINITY, |times| times[0]);
            let rows = ((first.min(case.duration_ms) / own.interval_ms) as usize).saturating_sub(2).min(own.rows);
            let (a, b) = (own.columns_of(id).expect("the cell").start, reference.columns_of(id).expect("a cell").start);
            let (a, b) = (own.trace(a), reference.trace(b));
            let worst = a[..rows].iter().zip(&b[..rows]).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            assert!(rows > 10 && worst <= 1e-5, "{}: node {id} is off by {worst} mV in {rows} rows", case.config);
            cells += 1;
        }
    }
    assert!(cells > 0, "{}", case.config);
}

macro_rules! case {
    ($name:ident, $config:literal, $reference:literal, $duration:literal, $voltages:expr, $spikes:literal) => {
        #[test]
        fn $name() {
            check(&Case {
                config: $config,
                reference: $reference,
                duration_ms: $duration,
                voltages: $voltages,
                spikes: $spikes,
            });
        }
    };
}

const V: Option<&str> = Some("membrane_potential.h5");

case!(one_cell_clamped, "bmtk/bio_1cell/config.simulation_iclamp.json", "bio_1cell_iclamp", 3000.0, V, 20);
case!(one_cell_with_synapses, "bmtk/bio_1cell/config.simulation_syns.json", "bio_1cell_syns", 3000.0, V, 39);
case!(fourteen_cells, "bmtk/bio_14cells/config.simulation.json", "bio_14cells", 1000.0, V, 120);
case!(ring_of_point_neurons, "bmtk/bio_intfire_ring/config.simulation.json", "bio_intfire_ring", 3000.0, V, 532);
case!(on_and_off, "bmtk/bio_on_off/config.simulation.json", "bio_on_off", 3000.0, V, 31);
case!(three_hundred_point_neurons, "sonata/300_intfire/config.json", "sonata_300_intfire", 3000.0, None, 4322);
case!(five_cells_clamped, "sonata/5_cells_iclamp/config.json", "sonata_5_cells_iclamp", 1100.0, V, 28);

/// 450 cells, before their first spikes: BMTK needs a minute to set this up.
#[test]
fn four_hundred_and_fifty_cells() {
    let config = "bmtk/bio_450cells/config.simulation_vm.json";
    check(&Case { config, reference: "bio_450cells_1s", duration_ms: 300.0, voltages: V, spikes: 0 });
}

/// Runs the network of fourteen cells with other reports; results go to `out`.
fn fourteen_cells_with(data: &Path, folder: &Path, duration_ms: f64, reports: serde_json::Value) {
    let base = data.join("sonata/bmtk/bio_14cells");
    for (name, file) in [("circuit.json", "config.circuit.json"), ("config.json", "config.simulation.json")] {
        let text = std::fs::read_to_string(base.join(file)).expect("a config");
        let mut config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        config["manifest"]["$BASE_DIR"] = base.display().to_string().into();
        if name == "config.json" {
            config["network"] = "circuit.json".into();
            config["run"]["tstop"] = duration_ms.into();
            config["reports"] = reports.clone();
        }
        std::fs::write(folder.join(name), config.to_string()).expect("a file");
    }
    let run = ["run", "config.json", "--quiet", "--output", "out"];
    let done = Command::new(program()).args(run).current_dir(folder).output().expect("the program runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The names of BMTK's synapses, sections and positions: placed as there, draw by draw.
#[test]
fn all_synapses_lie_where_bmtk_puts_them() {
    let Some(data) = test_data("placed synapses") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let reports = serde_json::json!({"synapses": {"module": "save_synapses", "network_dir": "synapses"}});
    fourteen_cells_with(&data, folder.path(), 1.0, reports);
    // Sums over all synapses of BMTK's own files (save_synapses, BMTK 1.2.0): number, sections, positions.
    let wanted = [("lgn_v1", PLACED[0]), ("tw_v1", PLACED[1]), ("v1_v1", PLACED[2])];
    for (name, (count, sections, positions)) in wanted {
        let path = folder.path().join(format!("synapses/{name}_edges.h5"));
        let group = tianyan_io::columns::open(&path).and_then(|root| root.group("edges")?.group(name)?.group("0"));
        let group = group.unwrap_or_else(|problem| panic!("{problem}"));
        let ids = group.column("sec_id").and_then(|c| c.numbers()).unwrap_or_else(|problem| panic!("{problem}"));
        let xs = group.column("sec_x").and_then(|c| c.numbers()).unwrap_or_else(|problem| panic!("{problem}"));
        let weighted = |values: &[f64]| values.iter().enumerate().map(|(i, v)| v * (i % 97 + 1) as f64).sum::<f64>();
        assert_eq!((ids.len(), weighted(&ids)), (count, sections), "{name}");
        assert!((weighted(&xs) - positions).abs() < 1e-6, "{name}: {}", weighted(&xs));
    }
}

const PLACED: [(usize, f64, f64); 3] = [
    (4800, 7_539_788.0, 111_066.192_929_292_93),
    (1500, 2_155_102.0, 35_001.948_340_548_34),
    (700, 892_204.0, 15_657.661_183_261_183),
];

/// A netcon_report: the synapses of some cells, one by one, in BMTK's order and with its labels.
#[test]
fn synapses_are_recorded_one_by_one() {
    let Some(data) = test_data("recorded synapses") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let reports = serde_json::json!({"tau1": {
        "module": "netcon_report", "variable_name": "tau1", "cells": [0, 1, 2, 3], "syn_type": "Exp2Syn"
    }});
    fourteen_cells_with(&data, folder.path(), 1.0, reports);
    let path = folder.path().join("out/tau1.h5");
    let report = &read_report(&path).unwrap_or_else(|problems| panic!("{problems}"))[0];
    let row: Vec<f64> = report.values[9 * report.columns..].to_vec();
    let mapping = tianyan_io::columns::open(&path).and_then(|root| root.group("report")?.group("v1")?.group("mapping"));
    let mapping = mapping.unwrap_or_else(|problem| panic!("{problem}"));
    let label = |name: &str| {
        mapping.column(name).and_then(|column| column.numbers()).unwrap_or_else(|problem| panic!("{problem}"))
    };
    let weighted = |values: &[f64]| values.iter().enumerate().map(|(i, v)| v * (i % 97 + 1) as f64).sum::<f64>();
    // The same sums over the file that BMTK 1.2.0 writes.
    assert_eq!((row.len(), weighted(&label("element_ids"))), (3280, 7_217_609.0));
    assert_eq!((weighted(&label("src_ids")), weighted(&label("trg_ids"))), (-64_978.0, 241_594.0));
    assert!((weighted(&label("element_pos")) - 75_071.1).abs() < 0.01);
    assert!((weighted(&row) - 168_327.1).abs() < 0.01);
}

/// A clamp_report: the current of a pulse is its amplitude, that of a voltage clamp follows from v.
#[test]
fn currents_of_clamps_are_recorded() {
    let Some(data) = test_data("recorded clamps") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let base = data.join("sonata/bmtk/bio_1cell");
    let text = std::fs::read_to_string(base.join("config.simulation_iclamp.json")).expect("a config");
    let text = text.replace("\"components/", &format!("\"{}/components/", base.display()));
    let mut config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    config["manifest"]["$BASE_DIR"] = base.display().to_string().into();
    config["run"]["tstop"] = 40.0.into();
    config["inputs"] = serde_json::json!({
        "pulse": {"input_type": "current_clamp", "module": "IClamp", "node_set": "all", "amp": 0.15, "delay": 10.0,
                  "duration": 5.0},
        "hold": {"input_type": "voltage_clamp", "module": "SEClamp", "node_set": "all", "amp": -40.0, "delay": 20.0,
                 "duration": 10.0, "resistance": 2.0}
    });
    config["reports"] = serde_json::json!({
        "pulse": {"module": "clamp_report", "variable_name": "ic"},
        "hold": {"module": "clamp_report", "variable_name": "se"},
        "v": {"module": "membrane_report", "variable_name": "v", "sections": "soma", "cells": "all"}
    });
    std::fs::write(folder.path().join("config.json"), config.to_string()).expect("a file");
    let run = ["run", "config.json", "--quiet", "--double", "--output", "out"];
    let done = Command::new(program()).args(run).current_dir(folder.path()).output().expect("the program runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let [pulse, hold, v] = ["pulse", "hold", "v"].map(|name| {
        let read = read_report(&folder.path().join(format!("out/{name}.h5")));
        read.unwrap_or_else(|problems| panic!("{problems}"))[0].trace(0)
    });
    for (k, current) in pulse.iter().enumerate() {
        // Row k is the step from k dt on; the pulse acts in those whose middle it covers.
        assert_eq!(*current, if (100..150).contains(&k) { 0.15 } else { 0.0 }, "row {k}");
    }
    let steps: Vec<usize> = (205..295).collect();
    assert!(steps.iter().all(|k| hold[*k].abs() > 0.0), "the clamp is on");
    for k in steps {
        let expected = (-40.0 - v[k]) / 2.0;
        assert!((hold[k] - expected).abs() < 1e-9 * expected.abs().max(1.0), "row {k}: {} for {expected}", hold[k]);
    }
    assert!(hold[320..].iter().all(|current| *current == 0.0), "the clamp is off");
}

/// libsonata, BMTK, bluepysnap, pandas and h5py read all outputs, with the same values.
#[test]
fn other_peoples_readers_take_the_outputs() {
    let Some(data) = test_data("other people's readers") else { return };
    let Ok(python) = std::env::var("TIANYAN_PYTHON") else {
        eprintln!("skipped: TIANYAN_PYTHON names no Python with libsonata, bmtk, bluepysnap and h5py");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let report = |sections: &str| {
        let cells = [0, 3, 7];
        serde_json::json!({"module": "membrane_report", "variable_name": "v", "sections": sections, "cells": cells})
    };
    let reports = serde_json::json!({"v": report("soma"), "all": report("all")});
    fourteen_cells_with(&data, folder.path(), 100.0, reports);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sonata_readers.py");
    let output = folder.path().join("out");
    let read = Command::new(python).arg(script).arg(output).arg("14").output().expect("Python runs");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let said = String::from_utf8_lossy(&read.stdout);
    let said: serde_json::Value = serde_json::from_str(said.lines().last().unwrap_or_default()).expect("JSON");
    assert_eq!((&said["rows"], &said["spikes"]), (&1000.into(), &0.into()));
    // The state after the first step, as BMTK has it.
    assert!((said["soma"]["0"].as_f64().expect("a voltage") + 80.06).abs() < 0.1, "{said}");
}
