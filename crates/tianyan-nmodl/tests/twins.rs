//! The compiled text and the interpreter give the same bits; the loops vectorise.
#![allow(missing_docs)]

mod common;

use common::{Case, build, c_text, files, load, mechanism, same, scratch, targets};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tianyan_nmodl::emit::{EVENTS, SWEEPS};
use tianyan_nmodl::ir::{Binding, Destination, NodeVariable};
use tianyan_nmodl::{Mechanism, MechanismKind, Options};

/// A number that such a binding might hold, from two random ones.
fn number(mechanism: &Mechanism, binding: &Binding, scale: f64, wild: f64) -> f64 {
    match binding {
        Binding::Node(NodeVariable::Voltage) => -130.0 + 200.0 * scale,
        Binding::Node(NodeVariable::Area | NodeVariable::Diameter) => 1.0 + 500.0 * scale,
        Binding::Ion(..) => -80.0 + 160.0 * wild,
        Binding::Field(f) if mechanism.fields[*f].default != 0.0 && wild < 0.9 => {
            mechanism.fields[*f].default * (0.5 + scale)
        }
        Binding::Celsius => 40.0 * scale,
        _ => 2.0 * scale - wild,
    }
}

fn first_difference(a: &Case, b: &Case) -> Option<(usize, f64, f64)> {
    let pairs = a.state.iter().zip(&b.state).enumerate();
    pairs.map(|(at, (a, b))| (at, *a, *b)).find(|(_, a, b)| !same(*a, *b))
}

#[test]
fn interpreter_and_c_agree() {
    let (compilers, all) = (targets(), files());
    let prepared: Vec<_> = all
        .iter()
        .enumerate()
        .flat_map(|(which, (file, text))| [false, true].map(|extra| (which, file, text, extra)))
        .map(|(which, file, text, extra)| {
            let options = Options { analytic_derivative: extra, ion_conductance: extra, tables: extra };
            let mechanism = mechanism(file, text, &options);
            let text = c_text(&mechanism);
            let libraries: Vec<_> = (compilers.iter().enumerate())
                .filter(|(k, _)| !extra || *k == 0)
                .map(|(k, (compiler, flags))| load(&build(&format!("{which}-{extra}-{k}"), &text, compiler, flags)))
                .collect();
            (file, mechanism, libraries)
        })
        .collect();
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let strategy = (any::<u64>(), prop::sample::select(vec![8usize, 16, 72]));
    let test = |(seed, n): (u64, usize)| {
        for (file, mechanism, libraries) in &prepared {
            compare(file, mechanism, libraries, seed, n)?;
        }
        Ok(())
    };
    runner.run(&strategy, test).unwrap();
}

fn compare(
    file: &str,
    mechanism: &Mechanism,
    libraries: &[libloading::Library],
    seed: u64,
    n: usize,
) -> Result<(), TestCaseError> {
    let mut seed = seed | 1;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as f64 / (1u64 << 53) as f64
    };
    let start = Case::new(mechanism, n, |binding| number(mechanism, binding, random(), random()));
    let kernels = &mechanism.kernels;
    for (name, kernel) in kernels.all().into_iter().filter(|(name, _)| SWEEPS.contains(name)) {
        let mut oracle = start.clone();
        oracle.interpret(mechanism, kernel);
        for (which, library) in libraries.iter().enumerate().filter(|_| !kernel.is_empty()) {
            let mut compiled = start.clone();
            compiled.run_c(library, &format!("k_{}_{name}", mechanism.name));
            let difference = first_difference(&oracle, &compiled);
            prop_assert!(difference.is_none(), "{file} {name} target {which}: {difference:?}");
        }
    }
    compare_runs(file, mechanism, libraries, &start)?;
    for (name, kernel) in kernels.all().into_iter().filter(|(name, kernel)| EVENTS.contains(name) && !kernel.is_empty())
    {
        let mut arguments: Vec<f64> = mechanism.arguments.iter().map(|_| random() - 0.2).collect();
        arguments.push((4.0 * random()).floor());
        let mut oracle = start.clone();
        let (mut expected, mut wanted) = (arguments.clone(), vec![0.0; 3 * kernel.effects.len()]);
        tianyan_nmodl::interpret::event(mechanism, kernel, &mut oracle.call(), n - 1, &mut expected, &mut wanted);
        for library in libraries {
            let (mut compiled, mut found, mut effects) = (start.clone(), arguments.clone(), vec![0.0; wanted.len()]);
            compiled.event_c(library, &format!("k_{}_{name}", mechanism.name), n - 1, &mut found, &mut effects);
            prop_assert!(first_difference(&oracle, &compiled).is_none(), "{file} {name}");
            prop_assert!(expected.iter().zip(&found).all(|(a, b)| same(*a, *b)), "{file} {name} arguments");
            prop_assert!(wanted.iter().zip(&effects).all(|(a, b)| same(*a, *b)), "{file} {name} effects");
        }
    }
    Ok(())
}

/// Kernels for runs, on instances one behind the other: what is shown only stays as it was, the rest has the same bits.
fn compare_runs(
    file: &str,
    mechanism: &Mechanism,
    libraries: &[libloading::Library],
    start: &Case,
) -> Result<(), TestCaseError> {
    let mut start = start.clone();
    let n = start.n;
    start.index.iter_mut().enumerate().for_each(|(k, index)| *index = (k % n) as i32);
    let shown_only = mechanism.shown_only();
    let bindings = mechanism.kernels.bindings.iter().zip(&start.field);
    let left_out: Vec<usize> = bindings
        .filter(|(binding, _)| matches!(binding, Binding::Field(f) if shown_only[*f]))
        .flat_map(|(_, offset)| *offset as usize..*offset as usize + n)
        .collect();
    let swept =
        mechanism.kernels.all().into_iter().filter(|(name, kernel)| SWEEPS.contains(name) && !kernel.is_empty());
    for (name, kernel) in swept.filter(|_| mechanism.kind == MechanismKind::Density) {
        let mut oracle = start.clone();
        oracle.interpret(mechanism, kernel);
        left_out.iter().for_each(|at| oracle.state[*at] = start.state[*at]);
        for (which, library) in libraries.iter().enumerate() {
            let mut compiled = start.clone();
            compiled.run_c(library, &format!("k_{}_{name}_run", mechanism.name));
            let difference = first_difference(&oracle, &compiled);
            prop_assert!(difference.is_none(), "{file} {name}_run target {which}: {difference:?}");
        }
    }
    Ok(())
}

/// Lines of the loops of current and state kernels.
fn loops(text: &str) -> Vec<(String, usize)> {
    let mut kernel = String::new();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(head) = line.strip_prefix("KERNEL ") {
            kernel = head.split('(').next().unwrap().to_string();
        }
        if line.starts_with("  FOREACH") && !kernel.contains("_prepare") {
            found.push((kernel.clone(), number + 1));
        }
    }
    found
}

#[test]
fn every_loop_of_shipped_mechanisms_vectorises() {
    for architecture in [&["-march=x86-64-v4"][..], &["-mavx2", "-mfma"]] {
        for (file, text) in files().iter().filter(|(file, _)| tianyan_nmodl::shipped::all().iter().any(|s| s.1 == file))
        {
            let text = c_text(&mechanism(file, text, &Options::default()));
            let notes = scratch("notes.txt");
            let note = format!("-fopt-info-vec-optimized={}", notes.display());
            let flags = [&common::FLAGS[..], architecture, &["-fno-thread-jumps", &note]].concat();
            let _ = std::fs::remove_file(&notes);
            build("vectorised", &text, "gcc", &flags);
            let notes = std::fs::read_to_string(&notes).unwrap_or_default();
            for (kernel, line) in loops(&text) {
                let wanted = format!(".c:{line}:");
                let done = notes.lines().any(|note| note.contains(&wanted) && note.contains("loop vectorized"));
                assert!(done, "{file}: {kernel} (line {line}) is not vectorised with {architecture:?}\n{notes}");
            }
        }
    }
}

#[test]
fn point_processes_only_set() {
    for (file, text) in files() {
        let mechanism = mechanism(&file, &text, &Options::default());
        if mechanism.kind == tianyan_nmodl::MechanismKind::PointProcess {
            let stores = &mechanism.kernels.current.stores;
            assert!(!stores.iter().any(|(destination, _)| matches!(destination, Destination::Add(_))), "{file}");
        }
    }
}
