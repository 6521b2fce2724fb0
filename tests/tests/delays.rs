//! Delays of connections: any from known spikes, at least a step between simulated cells.

use tianyan_model::{Epoch, Recipe};
use tianyan_tests::model::{cpu, network, recipe, simulation};
use tianyan_tests::root;

const DT_MS: f64 = 0.025;
const TAU_MS: f64 = 2.0;

/// A cell and an artificial one, which hear a train with this delay.
fn model(times_ms: &str, delay_ms: f64) -> String {
    let integrator = root().join("crates/tianyan-nmodl/tests/mod/integrator.mod");
    format!(
        r#"
schema_version = 1
[run]
duration_ms = 1.0
dt_ms = {DT_MS}
[mechanisms]
files = ["{}"]
[cells.ball]
sections = [{{ name = "soma", length_um = 10.0, diameter_um = 10.0 }}]
synapses.s = {{ mechanism = "ExpSyn", parameters = {{ tau = {TAU_MS} }} }}
[cells.integrator]
artificial = {{ mechanism = "integrator" }}
[populations.ball]
cell = "ball"
size = 1
[populations.integrator]
cell = "integrator"
size = 1
[populations.input]
spike_times_ms = {times_ms}
[[connections]]
source = "input"
target = "ball"
synapse = "s"
weight = 0.001
delay_ms = {delay_ms:?}
[[connections]]
source = "input"
target = "integrator"
weight = 100.0
delay_ms = {delay_ms:?}
[[probes]]
report = "g"
variable = "g"
synapse = "s"
cells = "ball"
precision = "f64"
"#,
        integrator.display()
    )
}

/// All of a run: the spikes, and g of the synapse at each step.
fn run(text: &str, epoch: u64) -> (Vec<f64>, Vec<f64>) {
    let recipe = recipe(text, &root());
    let mut simulation = simulation(&recipe, cpu(1));
    assert_eq!(simulation.epoch_steps(), 400, "known spikes do not shorten epochs");
    simulation.limit_epoch(epoch);
    let (mut spikes, mut g) = (Vec::new(), simulation.first_rows().traces.remove(0).values);
    while !simulation.is_done() {
        let Epoch { spikes: more, traces, .. } = simulation.advance().unwrap_or_else(|e| panic!("{e}"));
        spikes.extend(more.iter().map(|spike| spike.time_ms));
        traces.iter().for_each(|block| g.extend(&block.values));
    }
    (spikes, g)
}

/// NEURON's rule: an event of time te acts in step n (from n dt to (n + 1) dt) if te lies in its first half or in the
/// second half of the step before. An artificial cell fires at te itself.
#[test]
fn known_spikes_may_have_any_delay() {
    for (time_ms, delay_ms, step) in [
        (0.0, 0.0, 0),
        (0.003, 0.0, 0),
        (0.0, 0.0126, 1),
        (0.503, 0.0, 20),
        (0.503, 0.007, 20),
        (0.503, 0.012, 21),
        (0.514, 0.001, 21),
        (0.501, 0.024, 21),
        (0.5, 0.25, 30),
    ] {
        let text = model(&format!("[{time_ms:?}]"), delay_ms);
        for epoch in [400, 1, 7] {
            let (spikes, g) = run(&text, epoch);
            let what = format!("{time_ms} + {delay_ms}, epochs of {epoch}");
            assert_eq!(spikes, [time_ms + delay_ms], "{what}");
            let first = g.iter().position(|g| *g > 0.0);
            assert_eq!(first, Some(step + 1), "{what}");
            let want = 0.001 * (-DT_MS / TAU_MS).exp();
            assert!((g[step + 1] - want).abs() < 1e-15, "{what}: {} is not {want}", g[step + 1]);
        }
    }
}

#[test]
fn simulated_cells_need_a_step() {
    let text = |delay_ms: f64| {
        model("[0.5]", 0.0)
            + &format!(
                "[[connections]]\nsource = \"integrator\"\ntarget = \"ball\"\nsynapse = \"s\"\nweight = 0.0\n\
                 delay_ms = {delay_ms:?}\n"
            )
    };
    assert_eq!(network(&recipe(&text(0.05), &root()), cpu(1).as_ref()).least_delay_ms, Some(0.05));
    let config = tianyan_io::config::parse_config("model.toml", &text(0.02), &root()).expect("it is TOML");
    let shipped = |name: &str| tianyan_nmodl::shipped::source(name).map(|(file, text)| (file.into(), text.into()));
    let problems = tianyan_io::config::recipe(&config, &shipped).map(|recipe| recipe.kinds()).unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems}");
    assert_eq!(problems.0[0].code, "delay-short");
    assert!(problems.to_string().contains("dt_ms of 0.02 or less would do"), "{problems}");
}
