//! The same spikes, rows and states on both devices, to the bit.

use crate::models::{Dendrites, SMALL, events, microcircuit, ring};
use crate::report::Report;
use std::path::Path;
use std::time::Instant;
use tianyan_cuda::{CudaBackend, CudaOptions};
use tianyan_engine::Simulation;
use tianyan_tests::model::{cpu, recipe, run, simulation};

/// Checks the small models; true if none differs.
pub fn small(options: &CudaOptions, report: &mut Report) -> bool {
    let mut same = true;
    for (name, text) in SMALL {
        same &= check(name, text, Path::new("."), options, report);
    }
    let folder = tempfile::tempdir();
    match folder.as_ref().map(|folder| (folder.path(), events(folder.path()))) {
        Ok((folder, Ok(text))) => same &= check("events", &text, folder, options, report),
        _ => report.line("events: no folder for temporary files".into()),
    }
    same
}

/// Checks the large ones; true if none differs.
pub fn large(options: &CudaOptions, models: Option<&Path>, report: &mut Report) -> bool {
    let mut same = true;
    for (name, text) in [
        ("ring, hh", ring(Dendrites::Hh, 2, 250.0, true)),
        ("ring, rich", ring(Dendrites::Rich, 1, 250.0, true)),
        ("microcircuit, 1 %", microcircuit(0.01, 1000.0)),
    ] {
        same &= check(name, &text, Path::new("."), options, report);
    }
    let worm = models.map(|models| models.join("celegans"));
    match worm.as_deref().map(|folder| (folder, std::fs::read_to_string(folder.join("celegans302.toml")))) {
        Some((folder, Ok(text))) => same &= check("worm", &text, folder, options, report),
        _ => report.line("worm: not there (--data)".into()),
    }
    same
}

fn check(name: &str, text: &str, base: &Path, options: &CudaOptions, report: &mut Report) -> bool {
    let recipe = recipe(text, base);
    let whole = |simulation: &mut Simulation| {
        let began = Instant::now();
        let record = run(simulation, usize::MAX);
        (record, simulation.snapshot(), began.elapsed().as_secs_f64())
    };
    let mut on_cpu = simulation(&recipe, cpu(1));
    let (record, snapshot, cpu_s) = whole(&mut on_cpu);
    let backend = CudaBackend::new(options.clone()).unwrap_or_else(|error| panic!("{error}"));
    let (other_record, other_snapshot, gpu_s) = whole(&mut simulation(&recipe, Box::new(backend)));
    let same = record == other_record && snapshot == other_snapshot;
    report.line(format!(
        "{name}: {} over {} steps ({} spikes; one core {cpu_s:.2} s, GPU {gpu_s:.2} s)",
        if same { "the same bits" } else { "DIFFERENT" },
        on_cpu.step(),
        record.spikes.len()
    ));
    same
}
