//! Other people's readers take our files: h5py, libsonata and BMTK, run by readers.py beside this file.
//!
//! Needs a Python with libsonata, bmtk and h5py, named by the environment variable TIANYAN_PYTHON.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::{Value, json};
use tempfile::tempdir;
use tianyan_io::output::{Output, OutputSettings, RunStatus, RunSummary};
use tianyan_model::{
    CurrentDerivative, Epoch, Gid, Location, Population, Probe, Quantity, Report, Rows, RunSettings, SecondOrder,
    Spike, TraceBlock,
};

/// Sections and positions of the columns of every cell that is recorded.
const ELEMENTS: [(usize, f64); 3] = [(0, 0.5), (2, 0.25), (2, 0.75)];
/// Cells that are recorded: two of population `exc`, one of `inh`.
const RECORDED: [u32; 3] = [1, 3, 5];
/// Rows at t = 0, 0.1 ... 1 ms.
const ROWS: usize = 11;

fn populations() -> Vec<Population> {
    let of = |name: &str, first: u32, size| Population {
        name: name.into(),
        first_gid: Gid(first),
        size,
        cell_names: Vec::new(),
    };
    vec![of("exc", 0, 4), of("inh", 4, 3), of("lgn", 7, 5), of("background", 12, 2)]
}

fn run() -> RunSettings {
    RunSettings {
        duration_ms: 1.0,
        dt_ms: 0.025,
        temperature_celsius: 6.3,
        second_order: SecondOrder::Off,
        current_derivative: CurrentDerivative::Neuron,
        seed: 1,
        self_events: 16,
        tables: false,
        rate_error: None,
        synapses: tianyan_model::Synapses::Merged,
        precision: Default::default(),
    }
}

fn reports() -> Vec<Report> {
    let of = |name: &str, double| Report {
        name: name.into(),
        quantity: Quantity::Voltage,
        variable: "v".into(),
        unit: "mV".into(),
        rows: Rows::every(0.1),
        double,
    };
    vec![of("v_report", false), of("v_exact", true)]
}

fn probes() -> Vec<Probe> {
    let cells = (0..2).flat_map(|report| RECORDED.map(|gid| (report, gid)));
    cells
        .flat_map(|(report, gid)| {
            ELEMENTS.map(|(section, x)| Probe {
                report,
                gid: Gid(gid),
                location: Location { section, x },
                instance: 0,
                element_id: section as u32,
            })
        })
        .collect()
}

fn value(row: usize, column: usize) -> f64 {
    -65.0 + 0.1 * row as f64 + 7.0 * column as f64 / 3.0
}

fn rows_of(report: usize, rows: std::ops::Range<usize>) -> TraceBlock {
    let columns = RECORDED.len() * ELEMENTS.len();
    let values = rows.clone().flat_map(|row| (0..columns).map(move |column| value(row, column))).collect();
    TraceBlock { report, first_row: rows.start as u64, columns, values }
}

fn spikes() -> Vec<Spike> {
    [(0.1, 3), (0.1, 8), (0.25 + 1e-10, 0), (0.25 + 1e-10, 3), (0.5, 8), (0.5 + 1e-10, 1), (0.7, 11)]
        .map(|(time_ms, gid)| Spike { time_ms, gid: Gid(gid) })
        .to_vec()
}

fn summary(status: RunStatus) -> RunSummary {
    RunSummary {
        tianyan_version: "0.1.0".into(),
        git: String::new(),
        config_path: String::new(),
        config_hash: String::new(),
        seed: 1,
        dt_ms: 0.025,
        duration_ms: 1.0,
        simulated_ms: 1.0,
        status,
        threads: 1,
        ranks: 1,
        backend: "cpu".into(),
        backend_reason: "asked for".into(),
        precision: "f64".into(),
        populations: Vec::new(),
        cells: 0,
        compartments: 0,
        steps: 40,
        setup_s: 0.0,
        solve_s: 0.0,
        cpu_s: 0.0,
        ns_per_compartment_step: 0.0,
        spikes: 7,
        peak_rss_mb: 0.0,
        exchange: String::new(),
        places: Vec::new(),
        outputs: Vec::new(),
        started: String::new(),
    }
}

/// Writes a run of two epochs.
fn write(directory: &Path, spikes: &[Spike], status: RunStatus) {
    let sources = vec!["lgn".to_string(), "background".to_string()];
    let settings = OutputSettings { source_populations: sources, overwrite: true, ..OutputSettings::default() };
    let mut output = Output::create(directory, &settings, &populations(), &reports(), &probes(), &run()).unwrap();
    let half = spikes.partition_point(|s| s.time_ms < 0.45);
    let first =
        Epoch { end_ms: 0.45, spikes: spikes[..half].to_vec(), traces: vec![rows_of(0, 0..5), rows_of(1, 0..5)] };
    let second = vec![rows_of(0, 5..ROWS), rows_of(1, 5..ROWS)];
    output.write(&first).unwrap();
    output.flush().unwrap();
    output.write(&Epoch { end_ms: 1.0, spikes: spikes[half..].to_vec(), traces: second }).unwrap();
    output.close(&summary(status)).unwrap();
}

fn expected_spikes(spikes: &[Spike], file: &str) -> Value {
    let mut all = serde_json::Map::new();
    for population in populations() {
        let of = spikes.iter().filter_map(|s| population.node_id(s.gid).map(|id| (s.time_ms, id)));
        let (times_ms, node_ids): (Vec<f64>, Vec<u32>) = of.unzip();
        if !times_ms.is_empty() || population.first_gid < Gid(7) {
            all.insert(population.name, json!({ "times_ms": times_ms, "node_ids": node_ids }));
        }
    }
    json!({ "file": file, "populations": all })
}

fn expected_report(double: bool, file: &str) -> Value {
    let part = |node_ids: &[u32], columns: std::ops::Range<usize>| {
        let cells = node_ids.len();
        let data: Vec<f64> = (0..ROWS).flat_map(|row| columns.clone().map(move |c| value(row, c))).collect();
        json!({
            "node_ids": node_ids,
            "index_pointers": (0..=cells).map(|i| i * ELEMENTS.len()).collect::<Vec<_>>(),
            "element_ids": ELEMENTS.repeat(cells).iter().map(|e| e.0).collect::<Vec<_>>(),
            "element_pos": ELEMENTS.repeat(cells).iter().map(|e| e.1).collect::<Vec<_>>(),
            "time": [0.0, ROWS as f64 * 0.1, 0.1],
            "data": data,
        })
    };
    json!({ "file": file, "double": double, "populations": { "exc": part(&[1, 3], 0..6), "inh": part(&[1], 6..9) } })
}

/// One test at a time: a Python started while another test writes inherits that test's open files and, with them,
/// HDF5's locks.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs readers.py on a directory; says so and passes where there is no Python for it.
fn read_with_python(directory: &Path, spikes: &[Spike], ending: &str) {
    let Ok(python) = std::env::var("TIANYAN_PYTHON") else {
        println!("skipped: TIANYAN_PYTHON names no Python with libsonata, bmtk and h5py");
        return;
    };
    let name = |stem: &str| format!("{stem}.h5{ending}");
    let expected = json!({
        "spikes": expected_spikes(spikes, &name("spikes")),
        "reports": [expected_report(false, &name("v_report")), expected_report(true, &name("v_exact"))],
    });
    std::fs::write(directory.join("expected.json"), expected.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers.py");
    let output = Command::new(python).arg(script).arg(directory).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    println!("{text}");
}

#[test]
fn readers_take_a_whole_run() {
    let _turn = ONE_AT_A_TIME.lock();
    let at = tempdir().unwrap();
    write(at.path(), &spikes(), RunStatus::Done);
    read_with_python(at.path(), &spikes(), "");
}

#[test]
fn readers_take_a_run_without_spikes() {
    let _turn = ONE_AT_A_TIME.lock();
    let at = tempdir().unwrap();
    write(at.path(), &[], RunStatus::Done);
    read_with_python(at.path(), &[], "");
}

#[test]
fn readers_take_an_interrupted_run() {
    let _turn = ONE_AT_A_TIME.lock();
    let at = tempdir().unwrap();
    write(at.path(), &spikes(), RunStatus::Interrupted);
    read_with_python(at.path(), &spikes(), ".part");
}
