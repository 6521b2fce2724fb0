//! The pieces of a step: kernels of mechanisms, the tree solve, delivery, exchange; and a whole epoch of the rings.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tianyan_comm::{Communicator, Threads};
use tianyan_engine::{
    Arrays, Backend, CpuBackend, CpuOptions, Event, Given, GroupInputs, GroupOutputs, Heard, Inputs, Outputs, Phase,
    Sweep, solve,
};
use tianyan_layout::{Chains, Member, Network, plan};
use tianyan_model::Gid;
use tianyan_tests::model::{cpu, network, recipe, simulation};
use tianyan_tests::root;

/// Currents and states of each mechanism of the rich ring, and of hh, in one group.
fn kernels(c: &mut Criterion) {
    for name in ["ring_rich", "ring_hh"] {
        let text = std::fs::read_to_string(root().join(format!("models/ring/{name}.toml"))).expect("a model");
        let recipe = recipe(&text, &root().join("models/ring"));
        let backend = CpuBackend::new(CpuOptions::default());
        let mut group = network(&recipe, &backend).groups.swap_remove(0);
        let layout = group.layout.clone();
        for (what, sweep) in [("current", Sweep::Current), ("state", Sweep::State)] {
            let mut bench = c.benchmark_group(what);
            for table in &layout.tables {
                let (kernels, _) = backend.kernels(&table.mechanism).expect("shipped");
                bench.throughput(Throughput::Elements(table.count as u64));
                bench.bench_function(&table.mechanism.name, |b| {
                    b.iter(|| kernels.sweep(sweep, table, group.state.values_mut(), 0.0, 0.025));
                });
            }
        }
    }
}

fn ten_thousand(target: &str) -> Network {
    let text = format!(
        "schema_version = 1\n[run]\nduration_ms = 1e6\ndt_ms = 0.1\n[cells.point]\nartificial = {{ mechanism = \"LifCurrExp\" }}\n\
         [cells.body]\nsections = [{{ name = \"soma\", length_um = 10.0, diameter_um = 10.0 }}]\npaint = [{{ mechanism = \"pas\" }}]\n\
         synapses.s = {{ mechanism = \"ExpSyn\" }}\n[populations]\nsource = {{ spike_times_ms = [1e9], size = 1000 }}\n\
         target = {{ cell = \"{target}\", size = 10000 }}\n[[connections]]\nsource = \"source\"\ntarget = \"target\"\n\
         rule = \"fixed_in_degree\"\nin_degree = 100\nweight = 1e-6\ndelay_ms = \"uniform(0.1, 4)\"\n{}",
        if target == "body" { "synapse = \"s\"\n" } else { "" }
    );
    network(&recipe(&text, &root()), cpu(1).as_ref())
}

/// A million events: onto point neurons from spikes, onto synapses one by one.
fn delivery(c: &mut Criterion) {
    let mut bench = c.benchmark_group("delivery");
    bench.sample_size(10);
    bench.throughput(Throughput::Elements(1_000_000));
    let loaded = |network: Network| {
        let mut backend = CpuBackend::new(CpuOptions::default());
        let groups = network.groups.len();
        backend.load(network.groups).expect("shipped mechanisms");
        (backend, Outputs { groups: vec![GroupOutputs::default(); groups] }, vec![GroupInputs::default(); groups])
    };
    let (mut points, mut outputs, groups) = loaded(ten_thousand("point"));
    let heard = (0..1000).map(|source| Heard { source: Gid(source), step: 0 }).collect();
    let mut inputs = Inputs { times_ms: vec![0.0], heard, groups, ..Inputs::default() };
    bench.bench_function("point neurons", |b| {
        b.iter(|| {
            inputs.heard.iter_mut().for_each(|heard| heard.step = inputs.first_step);
            points.advance(0..1, Phase::Whole, &inputs, &mut outputs).expect("finite voltages");
            inputs.first_step += 1;
        });
    });
    let bodies = ten_thousand("body");
    let mut events: Vec<Vec<Event>> = vec![Vec::new(); bodies.groups.len()];
    for target in (0..1000).flat_map(|source| bodies.connectivity.targets(Gid(source))) {
        let (table, instance, argument) = (u32::from(target.table), target.instance, target.argument);
        let cause = tianyan_engine::Cause::NONE;
        events[target.group as usize].push(Event { step: 0, table, instance, argument, time_ms: 0.0, cause });
    }
    events.iter_mut().for_each(|events| events.sort_by_key(|event| (event.table, event.instance)));
    let (mut backend, mut outputs, mut groups) = loaded(bodies);
    groups.iter_mut().zip(events).for_each(|(group, events)| group.events = events);
    let inputs = Inputs { times_ms: vec![0.0], groups, ..Inputs::default() };
    bench.bench_function("synapses", |b| {
        b.iter(|| backend.advance(0..1, Phase::Whole, &inputs, &mut outputs).expect("finite voltages"));
    });
}

/// Ten thousand spikes of 28 bytes to each of two ranks, which are threads.
fn exchange(c: &mut Criterion) {
    let mut bench = c.benchmark_group("exchange");
    bench.throughput(Throughput::Elements(10_000));
    let ranks = Threads::new(2);
    let [mut first, mut second] = <[Threads; 2]>::try_from(ranks).unwrap_or_else(|_| panic!("two ranks"));
    let (go, goes) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || {
        while goes.recv().is_ok() {
            second.all_gather(&[0; 280_000]);
        }
    });
    bench.bench_function("two ranks", |b| {
        b.iter(|| {
            go.send(()).expect("the other rank waits");
            first.all_gather(&[0; 280_000]).len()
        });
    });
    drop(go);
    other.join().expect("the other rank ends");
}

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

criterion_group!(benches, kernels, tree, delivery, exchange, epoch);
criterion_main!(benches);
