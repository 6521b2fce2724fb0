//! Equal linear synapses of a compartment become one: the same spikes, the same voltages up to rounding, and the same
//! bits on any threads, groups, lanes and epochs.

use tianyan_engine::{Backend, CpuBackend, CpuOptions};
use tianyan_layout::Network;
use tianyan_model::{Recipe, Synapses};
use tianyan_tests::made::{Made, Size};
use tianyan_tests::model::{Record, cpu, network, recipe, run, simulation};
use tianyan_tests::reference::Reference;
use tianyan_tests::root;

/// Eleven cells of three kinds and few compartments, 60 synapses on each.
fn made(synapses: Synapses) -> Made {
    Made::new(Size { kinds: 3, cells: 11, compartments: 4, synapses_per_cell: 60, synapses, v_everywhere: true })
}

fn record(recipe: &dyn Recipe, backend: Box<dyn Backend>, epoch: Option<u64>) -> Record {
    let mut simulation = simulation(recipe, backend);
    if let Some(steps) = epoch {
        simulation.limit_epoch(steps);
    }
    run(&mut simulation, usize::MAX)
}

fn small_groups(threads: usize) -> Box<dyn Backend> {
    Box::new(CpuBackend::new(CpuOptions { threads, group_bytes: 1, ..CpuOptions::default() }))
}

/// Instances of the point processes.
fn instances(network: &Network) -> usize {
    let tables = network.groups.iter().flat_map(|group| &group.layout.tables);
    tables.filter(|table| !table.mechanism.arguments.is_empty()).map(|table| table.count).sum()
}

#[test]
fn merged_synapses_do_what_separate_ones_do() {
    let (merged, separate) = (made(Synapses::Merged), made(Synapses::Separate));
    // Two mechanisms with two sets of parameters in each of four compartments.
    let backend = cpu(1);
    assert!(instances(&network(&merged, backend.as_ref())) <= 11 * 16);
    assert_eq!(instances(&network(&separate, backend.as_ref())), 11 * 60);
    let (a, b) = (record(&merged, cpu(1), None), record(&separate, cpu(1), None));
    assert!(a.spikes.len() > 5, "{}", a.spikes.len());
    assert_eq!(a.spikes, b.spikes);
    let pairs = a.traces[0].iter().zip(&b.traces[0]).map(|(a, b)| (f64::from_bits(*a) - f64::from_bits(*b)).abs());
    let worst = pairs.fold(0.0, f64::max);
    assert!(worst < 1e-9 && worst > 0.0, "{worst:e} mV");
}

#[test]
fn merging_is_the_same_on_any_layout() {
    let recipe = made(Synapses::Merged);
    let want = record(&recipe, cpu(1), None);
    assert_eq!(want, record(&recipe, cpu(3), None), "three threads");
    assert_eq!(want, record(&recipe, small_groups(1), None), "a group a cell");
    assert_eq!(want, record(&recipe, small_groups(2), None), "a group a cell, two threads");
    assert_eq!(want, record(&recipe, cpu(1), Some(1)), "epochs of one step");
    assert_eq!(want, record(&recipe, cpu(2), Some(7)), "epochs of seven steps");
    assert_eq!(want, record(&recipe, Box::new(Reference::new(4)), None), "reference backend, four lanes");
}

#[test]
fn snapshots_hold_merged_synapses() {
    let recipe = made(Synapses::Merged);
    let mut whole = simulation(&recipe, cpu(1));
    run(&mut whole, 9);
    let snapshot = whole.snapshot();
    let rest = run(&mut whole, usize::MAX);
    for backend in [small_groups(2), Box::new(Reference::new(4))] {
        let mut other = simulation(&recipe, backend);
        other.restore(&snapshot).expect("the same model");
        assert_eq!(other.snapshot(), snapshot);
        assert_eq!(rest, run(&mut other, usize::MAX));
    }
}

/// Synapses of their own, made by connections.
fn own(more: &str) -> String {
    format!(
        r#"
schema_version = 1
[run]
duration_ms = 10.0
{more}
[cells.stick]
sections = [
    {{ name = "soma", type = "soma", length_um = 20.0, diameter_um = 20.0 }},
    {{ name = "dend", length_um = 100.0, diameter_um = 2.0, compartments = 2, parent = "soma" }},
]
paint = [{{ mechanism = "pas" }}]
[populations.sticks]
cell = "stick"
size = 3
[populations.inputs]
spike_times_ms = [[1.0, 2.0], [1.5], [3.0], [3.5]]
[[connections]]
source = "inputs"
target = "sticks"
rule = "all_to_all"
mechanism = "ExpSyn"
section = "dend"
x = 0.3
parameters = {{ tau = 2.0 }}
weight = 0.001
delay_ms = 1.0
[[connections]]
source = "inputs"
target = "sticks"
rule = "all_to_all"
mechanism = "ExpSyn"
section = "dend"
x = 0.9
parameters = {{ tau = 2.0 }}
weight = 0.001
delay_ms = 1.0
[[connections]]
source = "inputs"
target = "sticks"
rule = "all_to_all"
mechanism = "Exp2Syn"
section = "dend"
x = 0.1
weight = 0.001
delay_ms = 1.0
"#
    )
}

fn instances_of(text: &str) -> usize {
    instances(&network(&recipe(text, &root()), cpu(1).as_ref()))
}

#[test]
fn what_is_recorded_stays_separate() {
    // An ExpSyn in each compartment of the dendrite, an Exp2Syn in the first.
    assert_eq!(instances_of(&own("")), 3 * 3);
    assert_eq!(instances_of(&own("synapses = \"separate\"")), 3 * 12);
    let probe = "[[probes]]\nreport = \"g\"\nvariable = \"g\"\nmechanism = \"ExpSyn\"\ncells = \"sticks\"\n";
    assert_eq!(instances_of(&(own("") + probe)), 3 * (8 + 1));
}
