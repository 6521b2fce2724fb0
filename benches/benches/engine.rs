//! The pieces of a step: the tree solve, and a whole epoch of the rings.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tianyan_engine::{Arrays, Backend, CpuBackend, CpuOptions, Given, solve};
use tianyan_layout::{Chains, Member, plan};
use tianyan_tests::model::{cpu, network, recipe, simulation};
use tianyan_tests::root;

/// 32 binary trees of branches of four compartments, as in the rings, with vectors of this machine.
fn tree(c: &mut Criterion) {
    let rows = 64 * 4 + 1;
    let parent: Vec<u32> = (0..rows as u32)
        .map(|row| match row {
            0 => 0,
            _ if (row - 1) % 4 > 0 => row - 1,
            _ => ((row - 1) / 4).saturating_sub(1) / 2 * 4 + u32::from(row > 8) * 4,
        })
        .collect();
    let chains = Chains::new(&parent, vec![0; rows], 1);
    let members: Vec<Member> = (0..32).map(|cell| Member { chains: &chains, first_row: cell * rows as u32 }).collect();
    let (plan, _, _) = plan(&members, CpuBackend::new(CpuOptions::default()).target().lanes);
    let mut group = c.benchmark_group("solve");
    group.throughput(Throughput::Elements(32 * rows as u64));
    group.bench_function("32 trees of 257 rows", |b| {
        let new = |value: f64| vec![value; plan.nodes() + 1];
        let [mut v, mut rhs, mut diagonal, axial, up, down] = [-65.0, 0.1, 1.0, 0.2, -0.1, -0.1].map(new);
        let mut given = Given::default();
        b.iter(|| {
            rhs.fill(0.1);
            diagonal.fill(1.0);
            let (v, rhs, diagonal) = (&mut v, &mut rhs, &mut diagonal);
            solve(&plan, &mut Arrays { v, rhs, diagonal, axial: &axial, up: &up, down: &down }, &mut given, 1.0);
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

criterion_group!(benches, tree, epoch);
criterion_main!(benches);
