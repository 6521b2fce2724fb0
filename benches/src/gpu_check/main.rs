//! `gpu-check`: whether a GPU computes the bits of the CPU, and how fast. One program, no cargo, no network.
//!
//! gpu-check [bits] [speed] [--threads N] [--processor-threads N] [--group-kb N] [--cases a,b]

use std::time::Instant;
use tianyan_cuda::{CudaBackend, CudaOptions};
use tianyan_engine::{Backend, CpuBackend, CpuOptions, Simulation};
use tianyan_tests::model::{cpu, recipe, run, simulation};

const HH: &str = include_str!("../../../models/ring/ring_hh.toml");
const RICH: &str = include_str!("../../../models/ring/ring_rich.toml");
const PAS: &str = include_str!("../../../models/ring/ring_pas.toml");
const SYNAPSES: &str = include_str!("../../../tests/tests/models/synapses.toml");
const COUPLED: &str = include_str!("../../../tests/tests/models/coupled.toml");
const POINTS: &str = include_str!("../../../tests/tests/models/points.toml");

fn ring(text: &str, rings: usize, duration_ms: f64) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with("[[probes]]") {
            break;
        }
        if line.starts_with("rings =") {
            out += &format!("rings = {rings}\n");
        } else if line.starts_with("duration_ms") {
            out += &format!("duration_ms = {duration_ms:?}\n");
        } else {
            out += line;
            out.push('\n');
        }
    }
    out
}

fn cuda(options: &CudaOptions) -> Box<dyn Backend> {
    Box::new(CudaBackend::new(options.clone()).unwrap_or_else(|e| panic!("{e}")))
}

fn bits(name: &str, text: &str, options: &CudaOptions) -> bool {
    let base = std::path::Path::new(".");
    let recipe = recipe(text, base);
    let began = Instant::now();
    let mut a = simulation(&recipe, cpu(1));
    let want = run(&mut a, usize::MAX);
    let cpu_s = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let mut b = simulation(&recipe, cuda(options));
    let got = run(&mut b, usize::MAX);
    let gpu_s = began.elapsed().as_secs_f64();
    let same = want == got && a.snapshot() == b.snapshot();
    println!("bits {name}: {} ({} steps, {} spikes; CPU {cpu_s:.2} s, GPU {gpu_s:.2} s)", if same { "same" } else { "DIFFERENT" }, a.step(), want.spikes.len());
    same
}

fn time(name: &str, text: &str, epochs: usize, options: Option<&CudaOptions>, threads: usize) -> f64 {
    let recipe = recipe(text, std::path::Path::new("."));
    let backend: Box<dyn Backend> = match options {
        Some(options) => cuda(options),
        None => Box::new(CpuBackend::new(CpuOptions { threads, ..CpuOptions::default() })),
    };
    let network = tianyan_tests::model::network(&recipe, backend.as_ref());
    let comps = network.compartments;
    let groups = network.groups.len();
    use tianyan_model::Recipe;
    let built = Instant::now();
    let mut s = Simulation::new(network, recipe.run(), backend, Box::new(tianyan_comm::Solo)).unwrap_or_else(|e| panic!("{e}"));
    let init_s = built.elapsed().as_secs_f64();
    s.advance().unwrap();
    s.advance().unwrap();
    let (began, from) = (Instant::now(), s.step());
    for _ in 0..epochs {
        s.advance().unwrap();
    }
    let took = began.elapsed().as_secs_f64();
    let steps = s.step() - from;
    let ns = took * 1e9 / steps as f64 / comps as f64;
    let spent = s.spent();
    println!(
        "speed {name}: {ns:.4} ns/comp-step ({comps} compartments, {groups} groups, {steps} steps, {:.2} us/step, computing {:.4} s of {took:.4}, init {init_s:.1} s)",
        took * 1e6 / steps as f64, spent.computing_s
    );
    if let Some(profile) = s.profile() {
        let all = (s.step() * groups as u64) as f64;
        let parts: Vec<String> = profile.parts.iter().filter(|p| p.1 > 0).map(|(p, ns)| format!("{} {:.2}", p.word(), *ns as f64 / all / 1e3)).collect();
        println!("    us of a step of a block: {}", parts.join(", "));
    }
    ns
}

fn sass(name: &str, text: &str, options: &CudaOptions) {
    struct Fake(CudaOptions);
    impl Backend for Fake {
        fn target(&self) -> tianyan_layout::Target {
            let blocks = self.0.threads_of_processor / self.0.threads;
            let group_bytes = 232448 / blocks / 64 * 240;
            tianyan_layout::Target { lanes: self.0.lanes, alike: 1, group_bytes, threads: 1, groups: 132 * blocks, precision: tianyan_layout::Precision::Double }
        }
        fn load(&mut self, _: Vec<tianyan_layout::Group>) -> Result<(), tianyan_engine::EngineError> { Ok(()) }
        fn advance(&mut self, _: std::ops::Range<usize>, _: tianyan_engine::Phase, _: &tianyan_engine::Inputs, _: &mut tianyan_engine::Outputs) -> Result<(), tianyan_engine::EngineError> { Ok(()) }
        fn gather(&self, _: &[tianyan_layout::Slot], _: &mut [f64]) {}
        fn scatter(&mut self, _: &[tianyan_layout::Slot], _: &[f64]) {}
        fn set_probes(&mut self, _: &[tianyan_layout::Sampler]) {}
        fn save(&self) -> Vec<tianyan_layout::State> { Vec::new() }
    }
    let recipe = recipe(text, std::path::Path::new("."));
    let mut network = tianyan_tests::model::network(&recipe, &Fake(options.clone()));
    let blueprint = tianyan_cuda::loaded::Blueprint::new(options, 232448, &mut network.groups, &[], &mut tianyan_engine::RateTables::default());
    let began = Instant::now();
    std::fs::write(format!("/tmp/{name}.cu"), &blueprint.text).unwrap();
    let cubin = tianyan_cuda::device::compile(&blueprint.text, 90, None).unwrap_or_else(|e| panic!("{e}"));
    std::fs::write(format!("/tmp/{name}.cubin"), &cubin).unwrap();
    let (nodes, rows): (usize, usize) = network.groups.iter().map(|g| (g.layout.nodes, g.layout.rows.node_of.len())).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let sizes: Vec<usize> = network.groups.iter().map(|g| g.layout.nodes).collect();
    println!("{nodes} nodes for {rows} rows, {} groups of {} to {}", sizes.len(), sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    let plan = &network.groups[0].layout.rows.plan;
    let mut level = vec![0usize; plan.tiles().len()];
    let mut longest = std::collections::BTreeMap::<usize, (u32, usize)>::new();
    for (t, tile) in plan.tiles().iter().enumerate() {
        let l = plan.lanes();
        let children = &plan.children()[tile.first_child as usize..][..tile.children as usize * l];
        level[t] = children.iter().map(|c| *c as usize / l).filter(|c| *c < level.len()).map(|c| level[c] + 1).max().unwrap_or(0);
        let e = longest.entry(level[t]).or_default();
        e.0 = e.0.max(tile.len);
        e.1 += 1;
    }
    println!("cells {} levels {} critical rows {} tiles {}: {:?}", network.groups[0].layout.rows.cells.len(), longest.len(), longest.values().map(|x| x.0).sum::<u32>(), plan.tiles().len(), longest);
    println!("{name}: {:.2} s, shared {} KB, {:?}", began.elapsed().as_secs_f64(), blueprint.sizes.shared_bytes() >> 10, blueprint.sizes);
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1)).cloned();
    let number = |name: &str, default: usize| value(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let has = |name: &str| args.iter().any(|a| a == name);
    let options = CudaOptions {
        lanes: number("--lanes", 1),
        threads: number("--threads", 128),
        threads_of_processor: number("--processor-threads", 1024),
        group_bytes: number("--group-kb", 0) << 10,
        tree_in_state: has("--tree-in-state"),
        profile: has("--profile"),
        ..CudaOptions::default()
    };
    let mut all = true;
    if has("bits") {
        for (name, text) in [("synapses", SYNAPSES), ("coupled", COUPLED), ("points", POINTS)] {
            all &= bits(name, text, &options);
        }
        all &= bits("ring hh", &ring(HH, 2, 250.0), &options);
        all &= bits("ring rich", &ring(RICH, 1, 50.0), &options);
    }
    if has("sass") {
        for (name, text) in [("hh", &ring(HH, 306, 10.0)[..]), ("rich", &ring(RICH, 60, 10.0)), ("points", POINTS), ("synapses", SYNAPSES)] {
            sass(name, text, &options);
        }
    }
    if has("speed") {
        let cases = value("--cases").unwrap_or_else(|| "hh,rich,pas".into());
        for case in cases.split(',') {
            let (text, rings) = match case {
                "hh" => (HH, 306),
                "hh3m" => (HH, 3060),
                "rich" => (RICH, 60),
                "pas" => (PAS, 306),
                _ => panic!("case {case}"),
            };
            let text = ring(text, rings, 1000.0);
            if let Some(t) = value("--cpu") {
                let threads: usize = t.parse().unwrap();
                time(&format!("{case} cpu {threads}"), &text, 1, None, threads);
            } else {
                time(case, &text, number("--epochs", 20), Some(&options), 1);
            }
        }
    }
    std::process::exit(i32::from(!all));
}
