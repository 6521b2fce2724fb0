//! The CUDA backend under a mock of the driver that runs the kernels on the CPU, thread by thread in random order.

use tianyan_cuda::{CudaBackend, CudaOptions};
use tianyan_engine::Backend;
use tianyan_tests::model::{Record, cpu, recipe, run, simulation};
use tianyan_tests::root;

fn cuda(options: CudaOptions) -> Box<dyn Backend> {
    Box::new(CudaBackend::new(CudaOptions { threads: 64, ..options }).unwrap_or_else(|e| panic!("{e}")))
}

fn record(text: &str, backend: Box<dyn Backend>) -> Record {
    let recipe = recipe(text, &root().join("tests/tests/models"));
    let mut simulation = simulation(&recipe, backend);
    run(&mut simulation, usize::MAX)
}

fn same(what: &str, text: &str) {
    let want = record(text, cpu(1));
    let got = record(text, cuda(CudaOptions::default()));
    assert_eq!(want.spikes.len(), got.spikes.len(), "{what}");
    for (report, (x, y)) in want.traces.iter().zip(&got.traces).enumerate() {
        let first = x.iter().zip(y).position(|(x, y)| x != y);
        if let Some(i) = first {
            panic!("{what}: report {report}, value {i} of {}: {:e} and {:e}", x.len(), f64::from_bits(x[i]), f64::from_bits(y[i]));
        }
    }
    assert!(want == got, "{what}");
}

#[test]
fn synapses() {
    same("synapses", include_str!("models/synapses.toml"));
}
#[test]
fn coupled() {
    same("coupled", include_str!("models/coupled.toml"));
}
#[test]
fn points() {
    same("points", include_str!("models/points.toml"));
}
