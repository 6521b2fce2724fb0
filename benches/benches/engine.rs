//! The pieces of a step: the tree solve, and a whole epoch of the rings.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tianyan_engine::{Tree, solve_tree};
use tianyan_tests::model::{cpu, network, recipe, simulation};
use tianyan_tests::root;

/// A binary tree of `rows` rows.
fn solve(c: &mut Criterion) {
    let rows = 512;
    let parent: Vec<u32> = (0..rows as u32).map(|r| r.saturating_sub(1) / 2).collect();
    let couplings = vec![-0.1; rows];
    let mut group = c.benchmark_group("solve_tree");
    group.throughput(Throughput::Elements(rows as u64));
    group.bench_function("512 rows, 1 lane", |b| {
        b.iter(|| {
            let tree = Tree { parent: &parent, to_parent: &couplings, from_parent: &couplings };
            let (mut diagonal, mut rhs) = (vec![1.0; rows], vec![1.0; rows]);
            solve_tree::<1>(&tree, black_box(&mut diagonal), black_box(&mut rhs));
            rhs
        });
    });
}

/// One epoch (200 steps) of 8 rings of 16 cells, one thread.
fn epoch(c: &mut Criterion) {
    let mut group = c.benchmark_group("epoch");
    group.sample_size(10);
    for name in ["ring_pas", "ring_hh"] {
        let file = root().join(format!("models/ring/{name}.toml"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let recipe = recipe(&text.replace("duration_ms = 50.0", "duration_ms = 1e6"), &root().join("models/ring"));
        let compartments = network(&recipe, cpu(1).as_ref()).compartments;
        let mut running = simulation(&recipe, cpu(1));
        group.throughput(Throughput::Elements(compartments * running.epoch_steps()));
        group.bench_function(name, |b| b.iter(|| running.advance().map(|epoch| epoch.spikes.len())));
    }
}

criterion_group!(benches, solve, epoch);
criterion_main!(benches);
