//! How long a step of a compartment takes, beside the least that the arithmetic takes, and beside the cores.

use crate::models::{Dendrites, bare, microcircuit, ring};
use crate::report::{Report, Row};
use std::path::Path;
use std::time::Instant;
use tianyan_comm::Solo;
use tianyan_cuda::{CudaBackend, CudaOptions};
use tianyan_engine::{Backend, CpuBackend, CpuOptions, Simulation};
use tianyan_model::Recipe;
use tianyan_tests::model::{network, recipe};

/// A case: its text, and the least time of a compartment's step on an H200 in f64, ns, from the instructions of its kernels.
struct Case {
    name: &'static str,
    text: String,
    floor_ns: Option<f64>,
}

fn case(name: &str) -> Option<Case> {
    let of = |name, text, floor_ns| Some(Case { name, text, floor_ns });
    match name {
        "hh" => of("hh, 300,000 compartments", ring(Dendrites::Hh, 306, 1000.0, false), Some(0.027)),
        "hh-large" => of("hh, 3,000,000 compartments", ring(Dendrites::Hh, 3060, 1000.0, false), Some(0.032)),
        "rich" => of("rich, 150,000 compartments", ring(Dendrites::Rich, 60, 1000.0, false), Some(0.12)),
        "passive" => of("passive, 300,000 compartments", ring(Dendrites::Passive, 306, 1000.0, false), Some(0.02)),
        "solve" => of("voltage equation alone, 2,000 cells of 1,401", bare(2000, 350, 4), Some(0.02)),
        "empty" => of("empty epochs", ring(Dendrites::Passive, 1, 1000.0, false), None),
        "microcircuit" => of("microcircuit, whole", microcircuit(1.0, 1000.0), None),
        _ => None,
    }
}

/// Whether there is a case of that name.
pub fn is_case(name: &str) -> bool {
    case(name).is_some()
}

/// All cases, or those named.
pub fn all(options: &CudaOptions, names: Option<&str>, epochs: usize, report: &mut Report) {
    for name in names.unwrap_or("hh,hh-large,rich,passive,solve,empty").split(',') {
        let Some(case) = case(name) else {
            eprintln!("there is no case {name}");
            continue;
        };
        let gpu = || -> Box<dyn Backend> {
            Box::new(CudaBackend::new(options.clone()).unwrap_or_else(|error| panic!("{error}")))
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let _ = rayon::ThreadPoolBuilder::new().num_threads(cores).build_global();
        let cpu = |threads| -> Box<dyn Backend> {
            Box::new(CpuBackend::new(CpuOptions { threads, ..CpuOptions::default() }))
        };
        let measured = measure(&case.text, gpu(), epochs);
        if let Some(profile) = &measured.profile {
            println!("  us of a step of a block: {profile}");
        }
        let one_ns = measure(&case.text, cpu(1), 1).ns;
        let all_ns = measure(&case.text, cpu(cores), 2).ns;
        let Measured { compartments, ns, step_us, .. } = measured;
        let (name, floor_ns) = (case.name, case.floor_ns);
        report.row(Row { name, compartments, ns, step_us, floor_ns, one_ns, all_ns, cores });
    }
}

struct Measured {
    compartments: u64,
    ns: f64,
    step_us: f64,
    profile: Option<String>,
}

/// Advances after two epochs of warming up.
fn measure(text: &str, backend: Box<dyn Backend>, epochs: usize) -> Measured {
    let recipe = recipe(text, Path::new("."));
    let network = network(&recipe, backend.as_ref());
    let (compartments, groups) = (network.compartments, network.groups.len());
    let advance = |simulation: &mut Simulation, epochs: usize| {
        for _ in 0..epochs {
            simulation.advance().unwrap_or_else(|error| panic!("{error}"));
        }
    };
    let mut simulation =
        Simulation::new(network, recipe.run(), backend, Box::new(Solo)).unwrap_or_else(|error| panic!("{error}"));
    advance(&mut simulation, 2);
    let (began, from) = (Instant::now(), simulation.step());
    advance(&mut simulation, epochs);
    let (took_s, steps) = (began.elapsed().as_secs_f64(), (simulation.step() - from).max(1));
    let of_block = (simulation.step() * groups as u64).max(1) as f64;
    let profile = simulation.profile().filter(|profile| !profile.parts.is_empty()).map(|profile| {
        let part =
            |(part, ns): &(tianyan_engine::Part, u64)| format!("{} {:.2}", part.word(), *ns as f64 / of_block / 1e3);
        profile.parts.iter().filter(|(_, ns)| *ns > 0).map(part).collect::<Vec<_>>().join(", ")
    });
    let step_us = took_s * 1e6 / steps as f64;
    Measured { compartments, ns: step_us * 1e3 / compartments.max(1) as f64, step_us, profile }
}
