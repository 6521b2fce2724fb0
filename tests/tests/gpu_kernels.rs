//! Kernels for GPUs are compiled with NVIDIA's own compiler, NVRTC, which needs no GPU: their registers, stack and shared
//! memory stay within limits, and their instructions near what they were. `TIANYAN_NVRTC` names the folder of libnvrtc
//! (the Makefile installs it as a Python package); with `TIANYAN_GPU_KERNELS=all` every shipped mechanism is compiled.

use std::collections::BTreeMap;
use std::process::Command;
use tianyan_cuda::device::compile;
use tianyan_cuda::loaded::Blueprint;
use tianyan_cuda::{CudaOptions, target};
use tianyan_engine::RateTables;
use tianyan_tests::cubin::{Needs, kernels};
use tianyan_tests::model::{network_for, recipe};
use tianyan_tests::root;

/// Of an H100 and an H200; an A100 has less.
const SHARED_BYTES: usize = 232_448;
const MULTIPROCESSORS: usize = 132;

/// Instructions of the kernel `epoch` as they were; a change of more than a tenth is worth a look.
const RECORDED: &str = include_str!("gpu_kernels.txt");

#[test]
fn kernels_stay_within_limits() {
    let Some(folder) = std::env::var_os("TIANYAN_NVRTC").filter(|folder| !folder.is_empty()) else {
        eprintln!("skipped: kernels compiled with NVRTC (TIANYAN_NVRTC names no folder)");
        return;
    };
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--ignored", "--exact", "with_nvrtc", "--nocapture"]).env("LD_LIBRARY_PATH", folder);
    let output = command.output().expect("the program starts");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// See the top.
#[test]
#[ignore = "runs in a process of its own"]
fn with_nvrtc() {
    tianyan_cuda::compiler().expect("NVRTC");
    let hh = std::fs::read_to_string(root().join("models/ring/ring_hh.toml")).expect("a model");
    let rich = std::fs::read_to_string(root().join("models/ring/ring_rich.toml")).expect("a model");
    let mut models: Vec<(String, String)> = vec![
        ("ring_hh".into(), hh),
        ("ring_rich".into(), rich),
        ("points".into(), include_str!("models/points.toml").into()),
    ];
    if std::env::var("TIANYAN_GPU_KERNELS").is_ok_and(|which| which == "all") {
        models.push(("synapses".into(), include_str!("models/synapses.toml").into()));
        models.push(("coupled".into(), include_str!("models/coupled.toml").into()));
        models.push(("events".into(), include_str!("models/events.toml").into()));
        models.extend(
            tianyan_nmodl::shipped::all().iter().filter_map(|(name, ..)| Some((name.to_string(), alone(name)?))),
        );
    }
    let mut found = BTreeMap::new();
    for (name, text) in &models {
        for capability in [80, 90] {
            found.insert(format!("{name} sm_{capability}"), needs(text, capability));
        }
    }
    let limits = |(name, needs): (&String, &Needs)| {
        // 512 threads share the 65,536 registers of a processor; stack is for the arguments of events alone.
        (needs.registers > 128 || needs.stack > 1024).then(|| format!("{name}: {needs:?}"))
    };
    let over: Vec<String> = found.iter().filter_map(limits).collect();
    assert!(over.is_empty(), "over the limits: {over:?}");
    let recorded: BTreeMap<&str, usize> = RECORDED
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, count)| (name, count.parse().expect("a number")))
        .collect();
    let changed = |(name, needs): (&String, &Needs)| {
        let before = *recorded.get(name.as_str())?;
        (needs.instructions.abs_diff(before) * 10 > before).then(|| format!("{name} {}", needs.instructions))
    };
    let changed: Vec<String> = found.iter().filter_map(changed).collect();
    assert!(
        changed.is_empty(),
        "instructions changed; if that is right, enter in gpu_kernels.txt:\n{}",
        changed.join("\n")
    );
    assert!(recorded.keys().all(|name| found.contains_key(*name)), "all that is recorded is compiled");
}

/// What the kernel `epoch` of a model needs.
fn needs(text: &str, capability: i32) -> Needs {
    let recipe = recipe(text, &root().join("tests/tests/models"));
    let options = CudaOptions::default();
    let cells = tianyan_model::Recipe::populations(&recipe).iter().map(|p| p.size as usize).sum();
    let mut network = network_for(&recipe, &target(&options, MULTIPROCESSORS, SHARED_BYTES), &vec![0; cells], 0);
    let blueprint =
        Blueprint::new(&options, SHARED_BYTES, &mut network.groups, &network.peers, &mut RateTables::default())
            .unwrap_or_else(|error| panic!("{error}"));
    assert!(blueprint.sizes.shared_bytes() <= SHARED_BYTES);
    let cubin = compile(&blueprint.text, capability, None).unwrap_or_else(|error| panic!("{error}"));
    kernels(&cubin)["epoch"]
}

/// A model of one shipped mechanism; none of what stands on no cell by itself.
fn alone(name: &str) -> Option<String> {
    use tianyan_nmodl::MechanismKind::{ArtificialCell, Density, PointProcess};
    let (file, text) = tianyan_nmodl::shipped::source(name)?;
    let (mechanism, _) = tianyan_nmodl::compile(file, text, &Default::default()).ok()?;
    let head = "schema_version = 1\n[run]\nduration_ms = 1.0\n[cells.cell]\n";
    let soma = "sections = [{ name = \"soma\", type = \"soma\", length_um = 20.0, diameter_um = 20.0 }]\n";
    let tail = "\n[populations.cells]\ncell = \"cell\"\nsize = 40\n";
    Some(match mechanism.kind {
        Density => format!("{head}{soma}paint = [{{ region = \"all\", mechanism = \"{name}\" }}]{tail}"),
        ArtificialCell => format!("{head}artificial = {{ mechanism = \"{name}\" }}{tail}"),
        PointProcess if mechanism.arguments.is_empty() => return None,
        PointProcess => format!(
            "{head}{soma}synapses.own = {{ mechanism = \"{name}\", section = \"soma\", x = 0.5 }}{tail}[populations.train]\n\
             spike_times_ms = [[0.5]]\n[[connections]]\nsource = \"train\"\ntarget = \"cells\"\nsynapse = \"own\"\nrule = \"all_to_all\"\nweight \
             = 0.001\ndelay_ms = 0.5\n"
        ),
    })
}
