//! The worm of models/celegans: it stays a nervous system, and its couplings matter. `make validate` runs it longer.

use tianyan_model::Recipe;
use tianyan_tests::model::{cpu, recipe, simulation};
use tianyan_tests::root;

const DURATION_MS: f64 = 500.0;
/// Just before the stimulus begins.
const QUIET_MS: usize = 99;

/// Voltages of the 302 somata, one row a millisecond.
struct Voltages {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
}

impl Voltages {
    fn of(&self, name: &str) -> Vec<f64> {
        let column = self.names.iter().position(|n| n == name).expect("a neuron's name");
        self.rows.iter().map(|row| row[column]).collect()
    }
}

fn config() -> String {
    let text = std::fs::read_to_string(root().join("models/celegans/celegans302.toml")).expect("the worm's config");
    text.replace("duration_ms = 1000.0", &format!("duration_ms = {DURATION_MS}"))
}

/// The config without its tables of that name.
fn without(text: &str, table: &str) -> String {
    let mut skipping = false;
    let mut kept = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') && line.trim_end().ends_with(']') {
            skipping = line.trim() == format!("[[{table}]]");
        }
        if !skipping {
            kept.push(line);
        }
    }
    kept.join("\n")
}

fn run(text: &str) -> Voltages {
    let recipe = recipe(text, &root().join("models/celegans"));
    let names = recipe.populations()[0].cell_names.clone();
    let mut simulation = simulation(&recipe, cpu(1));
    let first = simulation.first_rows();
    let mut rows: Vec<Vec<f64>> = first.traces[0].values.chunks(names.len()).map(<[f64]>::to_vec).collect();
    while !simulation.is_done() {
        let epoch = simulation.advance().unwrap_or_else(|e| panic!("{e}"));
        rows.extend(epoch.traces.iter().flat_map(|b| b.values.chunks(names.len()).map(<[f64]>::to_vec)));
    }
    Voltages { names, rows }
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

#[test]
fn it_answers_and_its_couplings_matter() {
    let text = config();
    let whole = run(&text);
    assert_eq!(whole.names.len(), 302);
    assert_eq!(whole.rows.len(), DURATION_MS as usize + 1);
    let all = whole.rows.iter().flatten();
    assert!(all.clone().all(|v| (-120.0..=80.0).contains(v)), "a voltage left [-120, 80] mV");

    let moved = (0..302).filter(|&n| {
        let rest = whole.rows[QUIET_MS][n];
        whole.rows[QUIET_MS..].iter().any(|row| (row[n] - rest).abs() > 5.0)
    });
    let moved = moved.count();
    assert!(moved >= 100, "only {moved} neurons moved by more than 5 mV");

    for table in ["graded_synapses", "gap_junctions"] {
        let cut = run(&without(&text, table));
        for name in ["AVDL", "AVDR", "AIBL", "RIML", "RIMR", "RIAL", "RIBL", "SMDVL"] {
            let change = largest_difference(&whole.of(name), &cut.of(name));
            assert!(change > 1.0, "without {table}, {name} changes by {change} mV only");
        }
    }
}

#[test]
fn half_the_step_changes_little() {
    let text = config();
    let (coarse, fine) = (run(&text), run(&text.replace("dt_ms = 0.1 ", "dt_ms = 0.05 ")));
    assert_eq!(coarse.rows.len(), fine.rows.len());
    let squares: Vec<f64> =
        coarse.rows.iter().flatten().zip(fine.rows.iter().flatten()).map(|(a, b)| (a - b) * (a - b)).collect();
    let rms = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
    assert!(rms > 0.0, "the step was halved");
    assert!(rms <= 1.0, "dt 0.1 and 0.05 ms differ by {rms} mV RMS");
}
