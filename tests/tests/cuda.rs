//! The CUDA backend without a GPU: a mock of the driver and of NVRTC (tests/cuda) runs the kernels on the CPU, thread by
//! thread in random order. cudarc looks for its libraries when a process asks for the first time: each test starts this
//! program once more, with the mock in LD_LIBRARY_PATH, for one of the `inner` tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use tianyan_cuda::{CudaBackend, CudaOptions};
use tianyan_engine::{Backend, EngineError};
use tianyan_tests::model::{Record, cpu, recipe, run, simulation};
use tianyan_tests::ranks::{has_mpi, mpiexec};
use tianyan_tests::{program, root, test_data};

const SYNAPSES: &str = include_str!("models/synapses.toml");
const COUPLED: &str = include_str!("models/coupled.toml");
const POINTS: &str = include_str!("models/points.toml");
const EVENTS: &str = include_str!("models/events.toml");

/// The folder of the mocks, built once; none without a C++ compiler.
fn mock() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mock");
        let built = Command::new(root().join("tests/cuda/build")).arg(&folder).output();
        let is_built = built.as_ref().is_ok_and(|output| output.status.success());
        if !is_built {
            eprintln!("skipped: the CUDA backend under a mock of the driver (no C++ compiler: {built:?})");
        }
        is_built.then_some(folder)
    };
    BUILT.get_or_init(build).as_deref()
}

/// Something that runs under the mock.
fn under_mock(mut command: Command, mock: &Path, environment: &[(&str, &str)]) -> Output {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mock-kernels");
    command.env("LD_LIBRARY_PATH", mock).env("TIANYAN_MOCK_CACHE", cache).envs(environment.iter().copied());
    command.output().expect("the program starts")
}

/// One of the inner tests, in a process of its own. What it said if it failed.
fn try_inner(name: &str, environment: &[(&str, &str)]) -> Result<(), String> {
    let Some(mock) = mock() else { return Ok(()) };
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--ignored", "--exact", &format!("inner::{name}"), "--nocapture"]);
    let output = under_mock(command, mock, environment);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let ran = said.contains("1 passed") || said.contains("1 failed") || !output.status.success();
    assert!(ran, "there is no inner test {name}: {said}");
    if output.status.success() { Ok(()) } else { Err(said) }
}

fn inner(name: &str, environment: &[(&str, &str)]) {
    try_inner(name, environment).unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn bits_are_those_of_the_cpu() {
    ["synapses", "couplings", "points", "events", "orders", "rings", "rates"].iter().for_each(|name| inner(name, &[]));
}

#[test]
fn bits_do_not_depend_on_how_groups_lie() {
    inner("layouts", &[("TIANYAN_MOCK_SEED", "7")]);
    inner("single", &[]);
    inner("small_devices", &[("TIANYAN_MOCK_SMS", "1")]);
}

/// Without its barriers the same kernels compute something else: the mock would notice one that is missing.
#[test]
fn a_missing_barrier_is_noticed() {
    let without = [("TIANYAN_MOCK_NO_BARRIER", "syncthreads")];
    if mock().is_some() {
        assert!(try_inner("synapses", &without).is_err(), "kernels need their barriers");
    }
}

#[test]
fn an_epoch_with_too_many_spikes_is_run_again() {
    inner("few_spikes_fit", &[]);
}

#[test]
fn snapshots_move_between_the_devices() {
    inner("snapshots", &[]);
}

#[test]
fn what_a_driver_refuses_is_told() {
    inner("collisions", &[]);
    inner("no_device", &[("TIANYAN_MOCK_DEVICES", "0")]);
    inner("two_devices", &[("TIANYAN_MOCK_DEVICES", "2")]);
    inner("too_large", &[("TIANYAN_MOCK_MEMORY", "100000")]);
    // The network fits, but not what its epochs need.
    inner("out_of_memory", &[("TIANYAN_MOCK_MEMORY", "800000")]);
    inner("missing_kernel", &[("TIANYAN_MOCK_NO_FUNCTION", "hear")]);
    inner("failing_launch", &[("TIANYAN_MOCK_LAUNCH_FAILS", "2")]);
}

fn tianyan(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program());
    command.current_dir(root()).args(arguments).arg("--output").arg(folder).arg("--double");
    command
}

fn equal(a: &Path, b: &Path) {
    let none = ["--tolerance-ms", "0", "--trace-tolerance", "0"];
    let compared = Command::new(program()).arg("compare").args([a, b]).args(none).output();
    let compared = compared.expect("tianyan compare");
    assert!(compared.status.success(), "{}", String::from_utf8_lossy(&compared.stdout));
}

/// The same run on the CPU and under the mock, from the command line.
fn same_run(name: &str, arguments: &[&str]) {
    let Some(mock) = mock() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let [a, b] = ["cpu", "cuda"].map(|backend| folder.path().join(format!("{name}-{backend}")));
    let on = |backend: &str, folder: &Path| tianyan(&[&["run"], arguments, &["--backend", backend]].concat(), folder);
    let cpu = on("cpu", &a).output().expect("tianyan");
    assert!(cpu.status.success(), "{}", String::from_utf8_lossy(&cpu.stderr));
    let cuda = under_mock(on("cuda", &b), mock, &[("XDG_CACHE_HOME", folder.path().to_str().expect("a path"))]);
    let said = String::from_utf8_lossy(&cuda.stderr);
    assert!(cuda.status.success() && said.contains("on cuda: asked for; Tianyan mock device 0"), "{said}");
    let record = std::fs::read_to_string(b.join("run.json")).expect("run.json");
    assert!(record.contains("\"backend\": \"cuda\""), "{record}");
    equal(&a, &b);
}

#[test]
fn whole_runs_are_the_same() {
    same_run("worm", &["models/celegans/celegans302.toml", "--duration-ms", "10"]);
    let microcircuit = std::fs::read_to_string(root().join("models/microcircuit/microcircuit.toml")).expect("a model");
    let folder = tempfile::tempdir().expect("a folder");
    let small = folder.path().join("small.toml");
    let scaled: String = microcircuit
        .lines()
        .map(|line| if line.trim_start().starts_with("scale") { "scale = 0.005\n".into() } else { format!("{line}\n") })
        .collect();
    std::fs::write(&small, scaled).expect("a config");
    same_run("microcircuit", &[small.to_str().expect("a path"), "--duration-ms", "20"]);
}

/// Two ranks, each with a GPU: spikes are exchanged once an epoch, and what coupled cells see in every step.
#[test]
fn two_ranks_are_as_one() {
    let Some(mock) = mock().filter(|_| has_mpi("two ranks under the mock of CUDA")) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().to_str().expect("a path");
    for model in ["models/ring/ring_hh.toml", "models/celegans/celegans302.toml"] {
        let [one, two] = ["one", "two"].map(|ranks| folder.path().join(ranks));
        let run = ["run", model, "--duration-ms", "5", "--overwrite", "--backend"];
        let cpu = tianyan(&[&run[..], &["cpu"]].concat(), &one).output().expect("tianyan");
        assert!(cpu.status.success(), "{}", String::from_utf8_lossy(&cpu.stderr));
        let mut command = mpiexec(2);
        command.args(["-x", "LD_LIBRARY_PATH"]).arg(program()).args(run).arg("cuda").current_dir(root());
        command.arg("--output").arg(&two).arg("--double");
        let cuda = under_mock(command, mock, &[("XDG_CACHE_HOME", cache), ("TIANYAN_MOCK_DEVICES", "2")]);
        let said = String::from_utf8_lossy(&cuda.stderr);
        assert!(cuda.status.success() && said.contains("on cuda: "), "{said}");
        equal(&one, &two);
    }
}

/// What fits into no GPU runs on the processor under auto; where a GPU was asked for that cannot, earlier results stay.
#[test]
fn a_gpu_that_cannot_harms_nothing() {
    let Some(mock) = mock() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let [results, other] = ["results", "other"].map(|name| folder.path().join(name));
    let model = ["models/ring/ring_hh.toml", "--duration-ms", "8", "--threads", "1"];
    let full = ("TIANYAN_MOCK_MEMORY", "1000000");
    let odd = ("TIANYAN_MOCK_NO_FUNCTION", "hear");
    let run = |folder: &Path, more: &[&str], what| {
        under_mock(tianyan(&[&["run"], &model[..], more].concat(), folder), mock, &[what])
    };
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(run(&results, &["--backend", "cpu"], full).status.success());
    for (what, message) in [(full, "MB of the GPU, which has 0 MB free"), (odd, "the GPU has no kernel `hear`")] {
        let asked = run(&results, &["--backend", "cuda", "--overwrite"], what);
        assert!(!asked.status.success() && said(&asked).contains(message), "{}", said(&asked));
    }
    let auto = run(&other, &["--backend", "auto"], full);
    assert!(auto.status.success() && said(&auto).contains("on cpu: the network takes"), "{}", said(&auto));
    equal(&results, &other);
    // A device that fails while a run goes on makes no other model of it.
    let half = folder.path().join("half");
    let stopped = run(&half, &["--backend", "cpu", "--checkpoint-every-ms", "1"], ("TIANYAN_DRILL", "panic:0:5"));
    assert!(!stopped.status.success() && half.join("checkpoints").is_dir(), "{}", said(&stopped));
    let failed = run(&half, &["--backend", "cuda", "--resume"], ("TIANYAN_MOCK_LAUNCH_FAILS", "1"));
    assert!(said(&failed).contains("CUDA_ERROR_LAUNCH_FAILED"), "{}", said(&failed));
    assert!(!said(&failed).contains("other-model"), "{}", said(&failed));
    let gone_on = run(&half, &["--backend", "cuda", "--resume"], ("TIANYAN_MOCK_LAUNCH_FAILS", "0"));
    assert!(said(&gone_on).contains("going on from the checkpoint at 5 ms"), "{}", said(&gone_on));
    equal(&results, &half);
}

#[test]
fn a_sonata_network_is_the_same() {
    let Some(data) = test_data("bio_450cells under the mock of CUDA") else { return };
    let Some(config) = find(&data, "bio_450cells") else {
        eprintln!("skipped: bio_450cells under the mock of CUDA (not among the data)");
        return;
    };
    same_run("bio_450cells", &[config.to_str().expect("a path"), "--duration-ms", "2"]);
}

/// The simulation config of a network among the data.
fn find(data: &Path, name: &str) -> Option<PathBuf> {
    let mut folders = vec![data.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries: Vec<PathBuf> = std::fs::read_dir(&folder).ok()?.flatten().map(|entry| entry.path()).collect();
        if folder.file_name().is_some_and(|own| own == name) {
            let is_config = |path: &&PathBuf| {
                let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                file.starts_with("config.simulation") && file.ends_with(".json")
            };
            return entries.iter().find(is_config).cloned();
        }
        folders.extend(entries.into_iter().filter(|path| path.is_dir()));
    }
    None
}

#[test]
fn without_a_driver_auto_takes_the_cpu_in_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |backend: &str| {
        let mut command = tianyan(
            &["run", "models/ring/ring_hh.toml", "--duration-ms", "1", "--overwrite", "--backend", backend],
            folder.path(),
        );
        command.env("LD_LIBRARY_PATH", "").output().expect("tianyan")
    };
    if tianyan_cuda::devices().is_ok() {
        eprintln!("skipped: runs without a driver (this machine has one)");
        return;
    }
    let auto = run("auto");
    assert!(auto.status.success());
    let about = |text: &[u8]| String::from_utf8_lossy(text).lines().filter(|line| line.contains("GPU")).count();
    assert!(about(&auto.stderr) + about(&auto.stdout) <= 1, "{}", String::from_utf8_lossy(&auto.stderr));
    let cuda = run("cuda");
    let said = String::from_utf8_lossy(&cuda.stderr);
    assert_eq!(cuda.status.code(), Some(1));
    assert!(said.contains("error[device]: --backend cuda: there is no NVIDIA driver (libcuda)"), "{said}");
    assert!(said.contains("help: "), "{said}");
}

fn cuda(options: CudaOptions) -> Box<dyn Backend> {
    Box::new(CudaBackend::new(CudaOptions { threads: 64, ..options }).unwrap_or_else(|e| panic!("{e}")))
}

fn base() -> PathBuf {
    root().join("tests/tests/models")
}

fn record(text: &str, backend: Box<dyn Backend>) -> Record {
    record_in(&base(), text, backend)
}

/// The same of a model whose files lie in this folder.
fn record_in(folder: &Path, text: &str, backend: Box<dyn Backend>) -> Record {
    run(&mut simulation(&recipe(text, folder), backend), usize::MAX)
}

fn same(what: &str, text: &str, options: CudaOptions) {
    same_in(&base(), what, text, options);
}

fn same_in(folder: &Path, what: &str, text: &str, options: CudaOptions) {
    compare(what, &record_in(folder, text, cpu(1)), &record_in(folder, text, cuda(options)));
}

/// Whether a GPU takes the model.
fn accepts(folder: &Path, text: &str, options: CudaOptions) -> Result<(), EngineError> {
    let backend = cuda(options);
    backend.accepts(&tianyan_tests::model::network(&recipe(text, folder), backend.as_ref()).groups)
}

fn compare(what: &str, want: &Record, got: &Record) {
    assert!(!want.spikes.is_empty(), "{what}: the model fires");
    let first = want.spikes.iter().zip(&got.spikes).position(|(a, b)| a != b);
    assert_eq!((first, want.spikes.len()), (None, got.spikes.len()), "{what}: spikes");
    for (report, (x, y)) in want.traces.iter().zip(&got.traces).enumerate() {
        let first = x.iter().zip(y).position(|(x, y)| x != y);
        let values = first.map(|i| (f64::from_bits(x[i]), f64::from_bits(y[i])));
        assert_eq!((first, values, x.len()), (None, None, y.len()), "{what}: report {report}");
    }
    assert!(want == got, "{what}");
}

/// An electrode that lies on all compartments, one of few channels; BEFORE BREAKPOINT that looks at a current; a mechanism
/// called as an ion, with a variable called as one of its numbers.
const ORDERS: [(&str, &str); 3] = [
    (
        "el",
        "NEURON { SUFFIX el ELECTRODE_CURRENT i RANGE i, amp }\nPARAMETER { amp = 0.05 (mA/cm2) }\nASSIGNED { v (mV) i \
         (mA/cm2) }\nBREAKPOINT { i = amp + v * 1e-9 }\n",
    ),
    (
        "peek",
        "NEURON { SUFFIX peek USEION na READ ina, ena NONSPECIFIC_CURRENT i RANGE seen }\nASSIGNED { ina (mA/cm2) ena (mV) i \
         (mA/cm2) v (mV) seen }\nBEFORE BREAKPOINT { seen = ina }\nBREAKPOINT { i = 1e-5 * (v + 60) + 0 * seen }\n",
    ),
    (
        "na",
        "NEURON { SUFFIX na USEION na READ ena WRITE ina RANGE current, g }\nPARAMETER { g = 0.0001 (S/cm2) }\nASSIGNED { v \
         (mV) ena (mV) ina (mA/cm2) current (mA/cm2) }\nBREAKPOINT { current = g * (v - ena) ina = current }\n",
    ),
];

const OF_ORDERS: &str = "schema_version = 1\n[run]\nduration_ms = 20.0\n[mechanisms]\nfiles = [\"el.mod\", \"peek.mod\", \
    \"na.mod\"]\n[cells.cell]\nsections = [\n    { name = \"soma\", type = \"soma\", length_um = 20.0, diameter_um = 20.0 },\n    \
    { name = \"dend\", type = \"dend\", length_um = 300.0, diameter_um = 2.0, compartments = 9, parent = \"soma\" },\n]\npaint \
    = [\n    { region = \"all\", mechanism = \"el\" },\n    { region = \"all\", mechanism = \"pas\" },\n    { region = \"soma\", \
    mechanism = \"hh\" },\n    { region = \"all\", mechanism = \"peek\" },\n    { region = \"dend\", mechanism = \"na\" },\n]\n\
    detector = { section = \"soma\", threshold_mv = -20.0 }\n[populations.cells]\ncell = \"cell\"\nsize = 45\n[[probes]]\n\
    report = \"v\"\nvariable = \"v\"\ncells = \"cells\"\nsections = \"all\"\nx = \"all\"\nprecision = \"f64\"\n[[probes]]\n\
    report = \"seen\"\nvariable = \"seen\"\nmechanism = \"peek\"\ncells = \"cells\"\nsections = \"all\"\nx = \
    \"all\"\nprecision = \"f64\"\n";

/// A ring of the models folder, smaller and shorter.
fn ring(file: &str, rings: usize, duration_ms: f64) -> String {
    let text = std::fs::read_to_string(root().join("models/ring").join(file)).expect("a model");
    let line = |line: &str| match line {
        line if line.starts_with("rings =") => format!("rings = {rings}\n"),
        line if line.starts_with("duration_ms") => format!("duration_ms = {duration_ms:?}\n"),
        line => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// What runs under the mock: see the top.
mod inner {
    use super::*;

    #[test]
    #[ignore = "runs under the mock"]
    fn synapses() {
        same("synapses", SYNAPSES, CudaOptions::default());
        let seen = "\n[[probes]]\nreport = \"gates\"\nvariable = \"minf_hh\"\ncells = \"small\"\nsections = \"soma\"\n";
        same("synapses, seen", &format!("{SYNAPSES}{seen}"), CudaOptions::default());
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn couplings() {
        same("couplings", COUPLED, CudaOptions::default());
        same("couplings, step by step", COUPLED, CudaOptions { step_by_step: true, ..CudaOptions::default() });
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn points() {
        same("points", POINTS, CudaOptions::default());
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn events() {
        same("events", EVENTS, CudaOptions::default());
        // Two quantities that diffuse in a branched cell, one of them an ion.
        let folder = root().join("validation/cases");
        let text = std::fs::read_to_string(folder.join("diffusion.toml")).expect("a model");
        let short = text.replace("duration_ms = 100.0", "duration_ms = 12.0");
        same_in(&folder, "diffusion", &short, CudaOptions::default());
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn orders() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in ORDERS {
            std::fs::write(folder.path().join(format!("{name}.mod")), text).expect("a file");
        }
        let seen = "[[probes]]\nreport = \"current\"\nvariable = \"current\"\nmechanism = \"na\"\ncells = \"cells\"\n\
            sections = \"dend\"\nx = \"all\"\nprecision = \"f64\"\n";
        for text in [OF_ORDERS.to_string(), format!("{OF_ORDERS}{seen}")] {
            same_in(folder.path(), "orders", &text, CudaOptions::default());
        }
    }

    /// Events that change what others at the same place see have an order.
    #[test]
    #[ignore = "runs under the mock"]
    fn collisions() {
        let folder = tempfile::tempdir().expect("a folder");
        let sets = "NEURON { POINT_PROCESS setv RANGE x }\nASSIGNED { v (mV) x }\nNET_RECEIVE(w) { v = -90 }\n";
        let reads =
            "NEURON { POINT_PROCESS readv RANGE seen }\nASSIGNED { v (mV) seen }\nNET_RECEIVE(w) { seen = v }\n";
        std::fs::write(folder.path().join("setv.mod"), sets).expect("a file");
        std::fs::write(folder.path().join("readv.mod"), reads).expect("a file");
        let text = "schema_version = 1\n[run]\nduration_ms = 1.0\n[mechanisms]\nfiles = [\"setv.mod\", \
            \"readv.mod\"]\n[cells.cell]\nsections = [{ name = \"soma\", type = \"soma\", length_um = 20.0, diameter_um = 20.0 \
            }]\npaint = [{ region = \"all\", mechanism = \"pas\" }]\nsynapses.set = { mechanism = \"setv\", section = \"soma\", \
            x = 0.5 }\nsynapses.read = { mechanism = \"readv\", section = \"soma\", x = 0.5 }\n[populations.cells]\ncell = \
            \"cell\"\nsize = 3\n[populations.train]\nspike_times_ms = [[0.2]]\n";
        let connect = |synapse: &str| {
            format!(
                "[[connections]]\nsource = \"train\"\ntarget = \"cells\"\nsynapse = \"{synapse}\"\nrule = \
                 \"all_to_all\"\nweight = 1.0\ndelay_ms = 0.2\n"
            )
        };
        let both = format!("{text}{}{}", connect("set"), connect("read"));
        let error = accepts(folder.path(), &both, CudaOptions::default()).expect_err("an order").to_string();
        assert!(error.contains("events of `setv` change what events of others"), "{error}");
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn rings() {
        same("hh", &ring("ring_hh.toml", 1, 25.0), CudaOptions::default());
        same("rich", &ring("ring_rich.toml", 1, 8.0), CudaOptions::default());
    }

    /// Mechanisms with 32 bits: other bits, nearly the same spikes.
    #[test]
    #[ignore = "runs under the mock"]
    fn single() {
        for (file, duration_ms) in [("ring_hh.toml", 100.0), ("ring_rich.toml", 20.0)] {
            let text = ring(file, 1, duration_ms);
            let wide = record(&text, cpu(1));
            let narrow = record(&text.replace("[run]\n", "[run]\nprecision = \"f32\"\n"), cuda(CudaOptions::default()));
            assert_ne!(wide.traces, narrow.traces, "32 bits are not 64");
            assert_eq!(wide.spikes.len(), narrow.spikes.len(), "{file}");
            let shift = |(a, b): (&(u64, u32), &(u64, u32))| (f64::from_bits(a.0) - f64::from_bits(b.0)).abs();
            let largest_ms = wide.spikes.iter().zip(&narrow.spikes).map(shift).fold(0.0, f64::max);
            assert!(largest_ms < 0.026, "{file}: spikes move by {largest_ms} ms");
        }
        // Random streams keep their 64 bits.
        let events = EVENTS.replace("[run]\n", "[run]\nprecision = \"f32\"\n");
        assert!(!record(&events, cuda(CudaOptions::default())).spikes.is_empty());
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn rates() {
        let text = ring("ring_rich.toml", 1, 8.0).replace("[run]\n", "[run]\nrate_error = 1e-6\n");
        same("rich, with rates looked up", &text, CudaOptions::default());
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn layouts() {
        for lanes in [2, 8, 32] {
            same("lanes", SYNAPSES, CudaOptions { lanes, ..CudaOptions::default() });
        }
        for text in [SYNAPSES, COUPLED, EVENTS] {
            same("in global memory", text, CudaOptions { tree_in_state: true, ..CudaOptions::default() });
        }
        same("a group a cell", SYNAPSES, CudaOptions { group_bytes: 1, ..CudaOptions::default() });
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn small_devices() {
        same("one processor", SYNAPSES, CudaOptions { threads_of_processor: 64, ..CudaOptions::default() });
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn few_spikes_fit() {
        for text in [POINTS, EVENTS] {
            same("room for one spike", text, CudaOptions { spikes: 1, ..CudaOptions::default() });
        }
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn snapshots() {
        for text in [SYNAPSES, COUPLED, POINTS, EVENTS] {
            let recipe = recipe(text, &base());
            let backends: [fn() -> Box<dyn Backend>; 2] = [|| cpu(1), || cuda(CudaOptions::default())];
            for (from, to) in [(0, 1), (1, 0)] {
                let mut whole = simulation(&recipe, backends[from]());
                whole.limit_epoch(60);
                run(&mut whole, 7);
                let snapshot = whole.snapshot();
                let mut other = simulation(&recipe, backends[to]());
                other.restore(&snapshot).expect("the same model");
                assert_eq!(other.snapshot(), snapshot, "a snapshot survives another device");
                let (rest, got) = (run(&mut whole, usize::MAX), run(&mut other, usize::MAX));
                assert!(rest == got, "continued on the other device");
            }
        }
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn no_device() {
        let missing = tianyan_cuda::devices().expect_err("no device");
        assert!(missing.contains("sees no GPU"), "{missing}");
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn two_devices() {
        assert_eq!(tianyan_cuda::devices(), Ok(2));
        same("the second device", POINTS, CudaOptions { ordinal: 1, ..CudaOptions::default() });
        assert!(CudaBackend::new(CudaOptions { ordinal: 2, ..CudaOptions::default() }).is_err());
    }

    /// The error of a run on the mock.
    fn error() -> EngineError {
        let recipe = recipe(POINTS, &base());
        let backend = cuda(CudaOptions::default());
        let network = tianyan_tests::model::network(&recipe, backend.as_ref());
        let run = &tianyan_model::Recipe::run(&recipe).clone();
        let comm = Box::new(tianyan_comm::Solo);
        let simulation = tianyan_engine::Simulation::new(network, run, backend, comm);
        let ran = simulation.and_then(|mut simulation| {
            simulation.first_rows();
            simulation.advance()?;
            simulation.advance()
        });
        ran.expect_err("the driver refuses")
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn too_large() {
        let options = |ranks| CudaOptions { ranks, ..CudaOptions::default() };
        let error = |ranks| accepts(&base(), POINTS, options(ranks)).expect_err("no room");
        let (alone, shared) = (error(1).to_string(), error(2).to_string());
        assert!(alone.contains("MB of the GPU, which has 0 MB free\n") && alone.contains("use more GPUs"), "{alone}");
        assert!(shared.contains("MB free for 2 ranks"), "{shared}");
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn out_of_memory() {
        let error = error().to_string();
        assert!(error.contains("error[device]: the GPU has no") && error.contains("use more GPUs"), "{error}");
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn missing_kernel() {
        let error = error().to_string();
        assert!(error.contains("the GPU has no kernel `hear`"), "{error}");
    }

    #[test]
    #[ignore = "runs under the mock"]
    fn failing_launch() {
        let error = error().to_string();
        assert!(error.starts_with("error[device]: ") && error.contains("nvidia-smi"), "{error}");
    }
}
