//! Rates that are looked up: near the computed ones, the same bits however a run is cut, and said where it cannot be.

use std::path::Path;
use tianyan_engine::{Backend, CpuBackend, CpuOptions};
use tianyan_tests::model::{Record, cpu, recipe, run, simulation};
use tianyan_tests::root;

const SYNAPSES: &str = include_str!("models/synapses.toml");

fn looked_up(text: &str, bound: &str) -> String {
    text.replacen("[run]\n", &format!("[run]\nrate_error = {bound}\n"), 1)
}

fn record(text: &str, backend: Box<dyn Backend>) -> Record {
    run(&mut simulation(&recipe(text, &root().join("tests/tests/models")), backend), usize::MAX)
}

fn largest_difference(a: &Record, b: &Record) -> f64 {
    let values = |record: &Record| record.traces[0].iter().map(|bits| f64::from_bits(*bits)).collect::<Vec<_>>();
    values(a).iter().zip(values(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn nearer_with_a_smaller_bound() {
    let exact = record(SYNAPSES, cpu(1));
    let mut before = f64::INFINITY;
    for (bound, most_mv) in [("1e-6", 1e-4), ("1e-8", 1e-6), ("1e-10", 1e-8)] {
        let tabled = record(&looked_up(SYNAPSES, bound), cpu(1));
        let difference = largest_difference(&exact, &tabled);
        assert!(difference > 0.0 && difference < most_mv && difference < before, "{bound}: {difference} mV");
        assert_eq!(exact.spikes.len(), tabled.spikes.len());
        before = difference;
    }
}

#[test]
fn the_same_bits() {
    let text = looked_up(SYNAPSES, "1e-6");
    let want = record(&text, cpu(1));
    let with = |options: CpuOptions| record(&text, Box::new(CpuBackend::new(options)));
    assert_eq!(want, with(CpuOptions { threads: 3, group_bytes: 1, ..CpuOptions::default() }), "a group a cell");
    assert_eq!(want, with(CpuOptions { interpret: true, ..CpuOptions::default() }), "interpreted");
    for lanes in [1, 2, 4, 8] {
        assert_eq!(want, with(CpuOptions { lanes, ..CpuOptions::default() }), "{lanes} lanes");
    }
}

/// A gate that opens at a voltage in the middle of the narrowest row.
const JUMPS: &str = "NEURON { SUFFIX jumps NONSPECIFIC_CURRENT i RANGE g }
PARAMETER { g = 0.001 where = -50.01 }
ASSIGNED { v i }
STATE { m }
INITIAL { m = 0 }
BREAKPOINT { SOLVE states METHOD cnexp i = g*m*(v + 70) }
DERIVATIVE states { m' = (open(v) - m)/(1 + exp(v/20)) }
FUNCTION open(v) { if (v < where) { open = exp(v/30) } else { open = 1 } }
";

#[test]
fn what_stays_computed_is_said() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rates-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("jumps.mod"), JUMPS).unwrap();
    let text = "schema_version = 1\n[run]\nduration_ms = 5\nrate_error = 1e-6\n[mechanisms]\nfiles = [\"jumps.mod\"]\n\
        [cells.ball]\nsections = [{ name = \"soma\", length_um = 20, diameter_um = 20 }]\n\
        paint = [{ mechanism = \"MECHANISM\" }]\n[populations.balls]\ncell = \"ball\"\nsize = 2\n";
    let unfit = |mechanism: &str, rate_error: &str| {
        let text = text.replace("MECHANISM", mechanism).replace("rate_error = 1e-6\n", rate_error);
        let simulation = simulation(&recipe(&text, &folder), cpu(1));
        simulation.unfit().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let said = unfit("jumps", "rate_error = 1e-6\n");
    assert_eq!(said.len(), 1);
    assert!(
        said[0].starts_with("warning[rates-computed]: the rates of `jumps` are computed, not looked up"),
        "{said:?}"
    );
    assert!(said[0].contains("at -50.0"), "{said:?}");
    assert_eq!(unfit("jumps", ""), Vec::<String>::new());
    assert_eq!(unfit("hh", "rate_error = 1e-6\n"), Vec::<String>::new());
}
