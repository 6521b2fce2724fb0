//! The program as a user meets it: files, messages, exit codes, signals.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tianyan_io::output::RunStatus;
use tianyan_io::read_back;
use tianyan_tests::{program, root};

fn tianyan(arguments: &[&str], folder: &Path) -> Output {
    Command::new(program()).args(arguments).current_dir(folder).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn ball() -> String {
    root().join("models/ball_and_stick/ball_and_stick.toml").display().to_string()
}

#[test]
fn run_leaves_complete_files_and_a_summary() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = tianyan(&["run", &ball(), "--output", "out", "--duration-ms", "20", "--dt-ms", "0.05"], folder.path());
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    assert!(text(&run.stdout).contains("results in out"));
    let summary = read_back::read_run_json(&folder.path().join("out/run.json")).expect("run.json");
    assert_eq!((summary.status, summary.steps, summary.dt_ms), (RunStatus::Done, 400, 0.05));
    for file in &summary.outputs {
        assert!(folder.path().join("out").join(file).exists(), "{file}");
    }
    let again = tianyan(&["run", &ball(), "--output", "out"], folder.path());
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("--overwrite"), "{}", text(&again.stderr));
    let replaced = tianyan(&["run", &ball(), "--output", "out", "--overwrite", "--quiet"], folder.path());
    assert_eq!(replaced.status.code(), Some(0));
    assert!(replaced.stdout.is_empty() && replaced.stderr.is_empty());
}

#[test]
fn closed_pipes_stop_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in
        [&["run", &ball(), "--output", "out", "--duration-ms", "20"][..], &["check", &ball()], &["explain"]]
    {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().expect("an end").code(), Some(0), "{arguments:?}");
    }
    let summary = read_back::read_run_json(&folder.path().join("out/run.json")).expect("run.json");
    assert_eq!(summary.status, RunStatus::Done);
}

#[test]
fn threads_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = root().join("models/ring/ring_hh.toml").display().to_string();
    for threads in ["1", "2", "3"] {
        let run =
            tianyan(&["run", &ring, "--output", threads, "--threads", threads, "--duration-ms", "15"], folder.path());
        assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    }
    let spikes = |run: &str| read_back::read_spikes(&folder.path().join(run).join("spikes.h5")).expect("spikes");
    assert!(!spikes("1").iter().all(|p| p.times_ms.is_empty()));
    assert_eq!(format!("{:?}", spikes("1")), format!("{:?}", spikes("2")));
    assert_eq!(format!("{:?}", spikes("1")), format!("{:?}", spikes("3")));
}

#[test]
fn wrong_input_is_exit_code_2_with_all_problems_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "schema_version = 1\n[run]\nduration = 10.0\n[populations.a]\ncell = \"b\"\nsize = 1\n";
    std::fs::write(folder.path().join("wrong.toml"), config).expect("written");
    for command in [vec!["run", "wrong.toml"], vec!["check", "wrong.toml"]] {
        let run = tianyan(&command, folder.path());
        assert_eq!(run.status.code(), Some(2));
        let message = text(&run.stderr);
        assert!(message.contains("wrong.toml:3:1"), "{message}");
        assert!(message.contains("duration_ms"), "{message}");
    }
    let missing = tianyan(&["run", "nowhere.toml"], folder.path());
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("nowhere.toml"));
    assert!(!folder.path().join("out").exists(), "nothing was begun");
}

#[test]
fn mechanisms_print_their_stages_or_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    for stage in ["ast", "ir", "kernels", "c"] {
        let run = tianyan(&["mod", "hh", "--print", stage], folder.path());
        assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
        assert!(text(&run.stdout).lines().count() > 10, "{stage}: {}", text(&run.stdout));
    }
    let wrong = "NEURON { SUFFIX a RANGE g }\nPARAMETER { g = 1 }\nBREAKPOINT { i = g*q }\n";
    std::fs::write(folder.path().join("a.mod"), wrong).expect("written");
    std::fs::write(folder.path().join("b.mod"), wrong.replace("SUFFIX a", "SUFFIX b")).expect("written");
    let run = tianyan(&["mod", "a.mod", "b.mod"], folder.path());
    assert_eq!(run.status.code(), Some(2));
    let message = text(&run.stderr);
    assert!(message.contains("a.mod:3:") && message.contains("b.mod:3:"), "{message}");
}

#[test]
fn synapses_merge_unless_told_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = tianyan(&["mod", "ExpSyn"], folder.path());
    assert!(text(&said.stdout).contains("equal instances merge"), "{}", text(&said.stdout));
    let said = tianyan(&["mod", "graded_synapse"], folder.path());
    assert!(text(&said.stdout).contains("stay separate: no event changes it"), "{}", text(&said.stdout));
    let model = tianyan_tests::root().join("tests/tests/models/synapses.toml");
    let model = model.to_str().expect("a path");
    for how in ["merged", "separate"] {
        let run = tianyan(&["run", model, "--duration-ms", "1", "--output", how, "--synapses", how], folder.path());
        assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    }
}

#[test]
fn own_mechanisms_are_compiled_or_interpreted_to_the_same_spikes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, hh) = tianyan_nmodl::shipped::source("hh").expect("hh");
    std::fs::write(folder.path().join("own.mod"), hh.replace("SUFFIX hh", "SUFFIX own")).expect("written");
    let model = |mechanism: &str, files: &str| {
        format!(
            "schema_version = 1\n[run]\nduration_ms = 30.0\n{files}\n[cells.a]\nsections = [{{ name = \"soma\", type = \
             \"soma\", length_um = 20.0, diameter_um = 20.0 }}]\npaint = [{{ mechanism = \"{mechanism}\" }}]\n\
             detector = {{ threshold_mv = 0.0 }}\n[populations.a]\ncell = \"a\"\nsize = 1\n[[stimuli]]\nkind = \
             \"current_clamp\"\ncells = \"a\"\nstart_ms = 1.0\nduration_ms = 25.0\namplitude_nanoamp = 0.3\n"
        )
    };
    std::fs::write(folder.path().join("own.toml"), model("own", "[mechanisms]\nfiles = [\"own.mod\"]"))
        .expect("written");
    std::fs::write(folder.path().join("hh.toml"), model("hh", "")).expect("written");
    let run = |config: &str, output: &str, compiler: &str| {
        let cache = folder.path().join("cache");
        let run = Command::new(program())
            .args(["run", config, "--output", output])
            .env("CC", compiler)
            .env("XDG_CACHE_HOME", &cache)
            .env(
                "PATH",
                if compiler.is_empty() { std::env::var_os("PATH").unwrap_or_default() } else { "/nonexistent".into() },
            )
            .current_dir(folder.path())
            .output()
            .expect("the program runs");
        assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
        format!("{:?}", read_back::read_spikes(&folder.path().join(output).join("spikes.h5")).expect("spikes"))
    };
    let want = run("hh.toml", "shipped", "");
    assert!(want.contains("times_ms: ["), "{want}");
    assert_eq!(want, run("own.toml", "compiled", ""));
    assert_eq!(want, run("own.toml", "interpreted", "/nonexistent/cc"));
}

#[test]
fn signals_stop_a_run_cleanly() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = root().join("models/ring/ring_pas.toml").display().to_string();
    for signal in ["-INT", "-TERM"] {
        let mut run = Command::new(program())
            .args(["run", &ring, "--output", "out", "--duration-ms", "100000", "--overwrite"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let spikes = folder.path().join("out/spikes.h5.part");
        let patience = Instant::now() + Duration::from_secs(60);
        while !spikes.exists() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(500));
        let kill = Command::new("kill").args([signal, &run.id().to_string()]).status().expect("kill runs");
        assert!(kill.success());
        assert_eq!(run.wait().expect("it ends").code(), Some(75));
        let summary = read_back::read_run_json(&folder.path().join("out/run.json")).expect("run.json");
        assert_eq!(summary.status, RunStatus::Interrupted);
        assert!(summary.simulated_ms > 0.0 && summary.simulated_ms < 100_000.0);
        let read = read_back::read_spikes(&spikes).expect("readable after the signal");
        assert!(read.iter().flat_map(|p| &p.times_ms).all(|t| *t <= summary.simulated_ms));
    }
}

#[test]
fn look_commands_say_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let swc = root().join("models/celegans/swc/AVAL.swc").display().to_string();
    let morph = tianyan(&["morph", &swc], folder.path());
    assert_eq!(morph.status.code(), Some(0), "{}", text(&morph.stderr));
    assert!(text(&morph.stdout).contains("soma") && text(&morph.stdout).contains("dendrite"));
    let info = text(&tianyan(&["info"], folder.path()).stdout);
    assert!(info.contains("hh") && info.contains("C compiler"), "{info}");
    let worm = root().join("models/celegans/celegans302.toml").display().to_string();
    let check = text(&tianyan(&["check", &worm], folder.path()).stdout);
    assert!(check.contains("48105") && check.contains("memory"), "{check}");
}

#[test]
fn plots_are_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = tianyan(&["run", &ball(), "--output", "out"], folder.path());
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    for file in ["out/v.h5", "out/spikes.h5"] {
        let plot = tianyan(&["plot", file, "--output", "picture.svg"], folder.path());
        assert_eq!(plot.status.code(), Some(0), "{}", text(&plot.stderr));
        let svg = std::fs::read_to_string(folder.path().join("picture.svg")).expect("the picture");
        assert!(svg.starts_with("<svg") || svg.contains("<svg "), "{file}");
    }
    let png = tianyan(&["plot", "out/v.h5", "--output", "picture.png"], folder.path());
    assert_eq!(png.status.code(), Some(0), "{}", text(&png.stderr));
    assert!(std::fs::read(folder.path().join("picture.png")).expect("the picture").starts_with(b"\x89PNG"));
    let bitmap = tianyan(&["plot", "out/v.h5", "--output", "picture.bmp"], folder.path());
    assert!(bitmap.status.code() == Some(2) && text(&bitmap.stderr).contains(".svg or .png"));
    let none = tianyan(&["plot", "out/v.h5", "--cells", "AVAL"], folder.path());
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn an_unknown_parameter_is_shown_where_it_was_typed() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "schema_version = 1\n[run]\nduration_ms = 10.0\n[cells.a]\nsections = [{ name = \"soma\", length_um = \
                  20.0, diameter_um = 20.0 }]\npaint = [{ mechanism = \"hh\", parameters = { gna = 0.1 } }]\n\
                  [populations.a]\ncell = \"a\"\nsize = 1\n";
    std::fs::write(folder.path().join("wrong.toml"), config).expect("written");
    let run = tianyan(&["check", "wrong.toml"], folder.path());
    assert_eq!(run.status.code(), Some(2), "{}", text(&run.stderr));
    let message = text(&run.stderr);
    assert!(message.contains("wrong.toml:6:") && message.contains("gnabar"), "{message}");
}

#[test]
fn a_run_that_blows_up_says_where_and_ends_with_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "schema_version = 1\n[run]\nduration_ms = 50.0\n[cells.a]\nsections = [{ name = \"soma\", length_um = \
                  20.0, diameter_um = 20.0 }]\npaint = [{ mechanism = \"hh\" }]\n[populations.a]\ncell = \"a\"\nsize = \
                  2\n[[stimuli]]\nkind = \"current_clamp\"\ncells = \"a[1]\"\nstart_ms = 1.0\nduration_ms = 10.0\n\
                  amplitude_nanoamp = 1e9\n";
    std::fs::write(folder.path().join("hot.toml"), config).expect("written");
    let run = tianyan(&["run", "hot.toml", "--output", "out"], folder.path());
    assert_eq!(run.status.code(), Some(1));
    let message = text(&run.stderr);
    assert!(message.contains("run-not-finite") && message.contains("gid 1"), "{message}");
    assert!(!folder.path().join("out/spikes.h5").exists(), "nothing claims success");
}

#[test]
fn odd_numbers_on_the_command_line_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (flag, value) in [("--threads", "0"), ("--dt-ms", "0"), ("--duration-ms", "-1"), ("--dt-ms", "0.03")] {
        let run = tianyan(&["run", &ball(), "--output", "out", flag, value], folder.path());
        assert_eq!(run.status.code(), Some(2), "{flag} {value}");
        assert!(text(&run.stderr).contains(flag), "{}", text(&run.stderr));
    }
    assert!(!folder.path().join("out").exists());
}

#[test]
fn tables_interpolate_on_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = root().join("crates/tianyan-nmodl/tests/mod/tabled.mod").display().to_string();
    let config = format!(
        "schema_version = 1\n[run]\nduration_ms = 1.0\ndt_ms = 0.025\n[mechanisms]\nfiles = [{file:?}]\n\
         [cells.ball]\nsections = [{{ name = \"soma\", length_um = 20.0, diameter_um = 20.0 }}]\n\
         paint = [{{ mechanism = \"tabled\" }}, {{ mechanism = \"hh\" }}]\n[populations.ball]\ncell = \"ball\"\nsize = 1\n\
         [[probes]]\nreport = \"f\"\nvariable = \"f\"\nmechanism = \"tabled\"\ncells = \"ball\"\nprecision = \"f64\"\n"
    );
    std::fs::write(folder.path().join("model.toml"), &config).expect("written");
    std::fs::write(folder.path().join("same.toml"), config.replace("[run]\n", "[run]\ntables = true\n"))
        .expect("written");
    let f = |config: &str, output: &str, more: &[&str]| {
        let run = tianyan(&[&["run", config, "--output", output, "--quiet"], more].concat(), folder.path());
        assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
        read_back::read_report(&folder.path().join(output).join("f.h5")).expect("f")
    };
    let exact = format!("{:?}", f("model.toml", "exact", &[]));
    let tabled = format!("{:?}", f("model.toml", "tabled", &["--tables"]));
    assert_ne!(exact, tabled, "a table is not exact");
    assert_eq!(tabled, format!("{:?}", f("same.toml", "same", &[])));
}

/// What a model with one mechanism on a ball says when it runs.
fn said_of(mechanism: &str, text: &str, more: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("it.mod"), text).expect("written");
    let config = format!(
        "schema_version = 1\n[run]\nduration_ms = 5.0\n[mechanisms]\nfiles = [\"it.mod\"]\n[cells.ball]\n\
         sections = [{{ name = \"soma\", length_um = 20.0, diameter_um = 20.0 }}]\n{}[populations.ball]\ncell = \"ball\"\n\
         size = 1\n{more}",
        if more.is_empty() {
            format!("paint = [{{ mechanism = \"{mechanism}\" }}]\n")
        } else {
            format!("synapses.it = {{ mechanism = \"{mechanism}\" }}\n")
        }
    );
    std::fs::write(folder.path().join("model.toml"), config).expect("written");
    let run = tianyan(&["run", "model.toml", "--quiet"], folder.path());
    (run.status.code(), text_of(&run))
}

fn text_of(run: &std::process::Output) -> String {
    text(&run.stderr)
}

#[test]
fn mechanisms_in_the_wrong_place_are_errors() {
    let synapse = "NEURON { POINT_PROCESS it NONSPECIFIC_CURRENT i }\nASSIGNED { i v }\nBREAKPOINT { i = 0*v }\n";
    let (code, said) = said_of("it", synapse, "");
    assert!(code == Some(2) && said.contains("cannot be painted"), "{said}");
    let pointer = "NEURON { SUFFIX it POINTER p NONSPECIFIC_CURRENT i }\nASSIGNED { i v p }\nBREAKPOINT { i = p*v }\n";
    let (code, said) = said_of("it", pointer, "");
    assert!(code == Some(2) && said.contains("POINTER `p` of `it` points at nothing"), "{said}");
}

#[test]
fn events_into_the_past_and_without_end_stop_a_run() {
    let more = "[populations.kick]\nspike_times_ms = [[1.0]]\n[[connections]]\nsource = \"kick\"\ntarget = \"ball\"\n\
                rule = \"all_to_all\"\nsynapse = \"it\"\nweight = 1.0\ndelay_ms = 1.0\n";
    for (delay, words) in [("-3", "into the past"), ("0", "without end")] {
        let text = format!(
            "NEURON {{ POINT_PROCESS it RANGE n }}\nASSIGNED {{ n }}\nNET_RECEIVE(w) {{ n = n + 1 net_send({delay}, 1) }}\n"
        );
        let (code, said) = said_of("it", &text, more);
        assert!(code.is_some_and(|code| code != 0) && said.contains(words), "{delay}: {said}");
    }
}

#[test]
fn warnings_to_deny_are_known_ones() {
    let file = root().join("crates/tianyan-nmodl/tests/mod/pool.mod").display().to_string();
    let denied = |word: &str| tianyan(&["mod", &file, "--deny", word], &root()).status.code();
    assert_eq!((denied("units"), denied("nmodl-units"), denied("unit")), (Some(0), Some(0), Some(2)));
}

#[test]
fn build_makes_a_network_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = root().join("configs/build.toml").display().to_string();
    let build = |more: &[&str]| tianyan(&[&["build", &file, "--output", "net"], more].concat(), folder.path());
    let first = build(&[]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    assert!(text(&first.stdout).contains("cortex_to_cortex"), "{}", text(&first.stdout));
    assert!(folder.path().join("net/circuit_config.json").exists());
    let again = build(&[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("--overwrite"), "{}", text(&again.stderr));
    assert_eq!(build(&["--overwrite", "--scale", "0.5", "--threads", "2"]).status.code(), Some(0));
    let wrong = build(&["--overwrite", "--scale", "7"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("scale"), "{}", text(&wrong.stderr));
}
