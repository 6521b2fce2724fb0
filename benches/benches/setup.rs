//! What setting a network up costs: time, and resident memory a synapse.
//!
//! Each case runs in a process of its own, once without connections and once with them; the difference of the two peaks
//! is what the connections cost.
#![allow(missing_docs)]

use std::process::Command;
use tianyan_comm::Solo;
use tianyan_engine::Simulation;
use tianyan_layout::build;
use tianyan_model::{Recipe, Synapses};
use tianyan_tests::made::{Made, Size};
use tianyan_tests::model::cpu;
use tianyan_tests::root;

/// Name, and the network.
fn cases() -> Vec<(&'static str, Size)> {
    let size = |cells, compartments, synapses_per_cell, v_everywhere| Size {
        kinds: 5,
        cells,
        compartments,
        synapses_per_cell,
        synapses: Synapses::Merged,
        v_everywhere,
    };
    let thousand = size(1_000, 10, 1_000, false);
    vec![
        ("300 cells of 150 compartments, v everywhere", size(300, 150, 217, true)),
        ("50,000 cells of 10 compartments", size(50_000, 10, 20, false)),
        ("1,000 cells of 10 compartments", thousand),
        ("the same, separate synapses", Size { synapses: Synapses::Separate, ..thousand }),
    ]
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [case, synapses] = asked.as_slice() {
        let (_, size) = cases()[case.parse::<usize>().expect("a case")];
        return measure(&Made::new(Size { synapses_per_cell: synapses.parse().expect("a number"), ..size }));
    }
    let mut lines = vec![
        "# What setting up costs".to_string(),
        String::new(),
        "One thread; layout and start (INITIAL) in processor time, bytes from peaks of resident memory, those of a synapse \
         without those of its cell. `cargo bench -p tianyan-benches --bench setup` writes this file."
            .into(),
        String::new(),
        "| network | synapses | layout, ms | start, ms | bytes a cell | bytes a synapse |".into(),
        "|---|---|---|---|---|---|".into(),
    ];
    for (number, (name, size)) in cases().iter().enumerate() {
        let bare = child(number, 0);
        let full = child(number, size.synapses_per_cell);
        let cells = f64::from(size.cells);
        let synapses = cells * f64::from(size.synapses_per_cell);
        lines.push(format!(
            "| {name} | {synapses} | {:.0} | {:.0} | {:.0} | {:.0} |",
            full[0],
            full[1],
            (bare[3] - bare[2]) * 1024.0 / cells,
            (full[3] - bare[3]) * 1024.0 / synapses,
        ));
    }
    let text = lines.join("\n") + "\n";
    print!("{text}");
    std::fs::write(root().join("benches/setup.md"), text).expect("benches/setup.md is written");
}

/// Layout and start in ms, peak before and after in KiB.
fn child(case: usize, synapses: u32) -> Vec<f64> {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args([case.to_string(), synapses.to_string()]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().map(|word| word.parse().expect("a number")).collect()
}

fn measure(recipe: &Made) {
    let mechanisms = recipe.compiled();
    let backend = cpu(1);
    let before = peak_kib();
    let began_ms = processor_ms();
    let network = build(recipe, &mechanisms, &vec![0; recipe.gids()], 0, &backend.target()).expect("a network");
    let laid_out_ms = processor_ms();
    let simulation = Simulation::new(network, recipe.run(), backend, Box::new(Solo)).expect("a simulation");
    let started_ms = processor_ms();
    let after = peak_kib();
    println!("{} {} {before} {after}", laid_out_ms - began_ms, started_ms - laid_out_ms);
    assert_eq!(simulation.step(), 0);
}

/// What this thread has used.
fn processor_ms() -> f64 {
    let used = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = used.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) * 1e-6
}

fn peak_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0.0)
}
