//! The program on ranks that mpiexec starts: the same files as on one, and one message when a rank fails.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tianyan_io::read_back;
use tianyan_tests::ranks::{assert_same_files, has_mpi, mpiexec, run, told, wait_until};
use tianyan_tests::{program, root, test_data};

/// (ranks, threads)
const PAIRS: [(usize, usize); 5] = [(1, 2), (2, 1), (3, 1), (4, 1), (2, 2)];

fn same_on_all_pairs(config: &str, duration_ms: &str) {
    if !has_mpi(config) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let of = |ranks: usize, threads: usize| {
        let output = format!("{ranks}-{threads}");
        let run = run(ranks, threads, &[config, "--duration-ms", duration_ms, "--output", &output], folder.path());
        assert!(run.status.success(), "{ranks} ranks, {threads} threads: {}", told(&run));
        folder.path().join(output)
    };
    let want = of(1, 1);
    for (ranks, threads) in PAIRS {
        let files = assert_same_files(&format!("{ranks} ranks, {threads} threads"), &want, &of(ranks, threads));
        assert!(files > 0, "{config} leaves files");
    }
}

fn model(name: &str) -> String {
    root().join("models").join(name).display().to_string()
}

#[test]
fn the_worm() {
    same_on_all_pairs(&model("celegans/celegans302.toml"), "100");
}

#[test]
fn a_ring() {
    same_on_all_pairs(&model("ring/ring_hh.toml"), "100");
}

#[test]
fn part_of_the_microcircuit_with_random_spikes() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(model("microcircuit/microcircuit.toml")).expect("the model");
    let small: Vec<String> =
        text.lines().map(|l| if l.starts_with("scale") { "scale = 0.02".into() } else { l.into() }).collect();
    let config = folder.path().join("small.toml");
    std::fs::write(&config, small.join("\n")).expect("written");
    same_on_all_pairs(&config.display().to_string(), "100");
}

/// Events that cause events, RANDOM streams, plasticity.
#[test]
fn random_mechanisms() {
    same_on_all_pairs(&root().join("tests/tests/models/events.toml").display().to_string(), "20");
}

#[test]
fn cells_of_the_allen_institute() {
    let Some(data) = test_data("bio_450cells on several ranks") else { return };
    let config = data.join("sonata/bmtk/bio_450cells/config.simulation_vm.json");
    same_on_all_pairs(&config.display().to_string(), "100");
}

/// A run that goes on after SIGTERM and after kill -9, each time on another number of ranks: the same files.
#[test]
fn restarts_on_other_numbers_of_ranks() {
    if !has_mpi("restarts on other numbers of ranks") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let ring = model("ring/ring_hh.toml");
    let arguments = |output: &'static str| {
        vec![ring.clone(), "--duration-ms".into(), "400".into(), "--output".into(), output.into()]
    };
    let as_text = |arguments: &[String]| arguments.to_vec();
    let whole = run(1, 2, &arguments("whole").iter().map(String::as_str).collect::<Vec<_>>(), folder.path());
    assert!(whole.status.success(), "{}", told(&whole));
    let checkpoints = folder.path().join("parts/checkpoints");
    let written = || {
        std::fs::read_dir(&checkpoints)
            .map_or(0, |entries| entries.flatten().filter(|e| e.path().extension().is_some_and(|e| e == "h5")).count())
    };
    for (ranks, signal) in [(2, "-TERM"), (1, "-KILL"), (3, "-TERM")] {
        let mut command = if ranks > 1 { mpiexec(ranks) } else { Command::new("env") };
        command.arg(program()).args(["run", "--threads", "1", "--resume", "--checkpoint-every-ms", "10"]);
        let mut child = command
            .args(as_text(&arguments("parts")))
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let before = newest(&checkpoints);
        wait_until("a new checkpoint", || newest(&checkpoints) > before && written() > 0);
        signal_all(&mut child, signal);
    }
    let rest = [arguments("parts"), vec!["--resume".into()]].concat();
    let rest = run(4, 1, &rest.iter().map(String::as_str).collect::<Vec<_>>(), folder.path());
    assert!(rest.status.success() && told(&rest).contains("going on from the checkpoint"), "{}", told(&rest));
    assert_eq!(assert_same_files("restarts", &folder.path().join("whole"), &folder.path().join("parts")), 2);
}

/// Each rank writes its own files, is stopped, goes on, and `tianyan merge` makes of them what one writer writes.
#[test]
fn what_ranks_wrote_for_themselves_merges() {
    if !has_mpi("writers of all ranks") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let model = root().join("tests/tests/models/synapses.toml").display().to_string();
    let whole = run(1, 1, &[&model, "--output", "whole"], folder.path());
    assert!(whole.status.success(), "{}", told(&whole));
    let arguments = [&model, "--output", "parts", "--writers", "per-rank", "--checkpoint-every-ms", "10"];
    let merge = || {
        let mut command = Command::new(program());
        command.args(["merge", &model, "--output", "parts"]).current_dir(folder.path()).output().expect("it runs")
    };
    let some = run(3, 1, &[&arguments[..], &["--duration-ms", "20"]].concat(), folder.path());
    assert!(some.status.success(), "{}", told(&some));
    let nothing =
        Command::new(program()).args(["merge", &model, "--output", "whole"]).current_dir(folder.path()).output();
    let nothing = nothing.expect("it runs");
    assert!(nothing.status.success() && told(&nothing).contains("there is nothing to merge"), "{}", told(&nothing));
    // As if it had been stopped there.
    std::fs::remove_file(folder.path().join("parts/run.json")).expect("a file");
    for rank in 0..3 {
        let part = folder.path().join(format!("parts/rank-000{rank}"));
        for entry in std::fs::read_dir(&part).expect("a folder").flatten() {
            let path = entry.path();
            match path.extension().is_some_and(|ending| ending == "h5") {
                true => std::fs::rename(&path, format!("{}.part", path.display())).expect("a file"),
                false => std::fs::remove_file(&path).expect("a file"),
            }
        }
    }
    assert!(!merge().status.success());
    let rest = run(3, 1, &[&arguments[..], &["--resume"]].concat(), folder.path());
    assert!(told(&rest).contains("going on from the checkpoint at 10.2 ms"), "{}", told(&rest));
    let merged = merge();
    assert!(merged.status.success(), "{}", told(&merged));
    assert_eq!(assert_same_files("merged", &folder.path().join("whole"), &folder.path().join("parts")), 4);
}

fn newest(checkpoints: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(checkpoints).ok()?.flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "h5")).max()
}

/// A signal for all processes of the program under a child; the child has ended afterwards.
fn signal_all(child: &mut Child, signal: &str) {
    // timeout and mpiexec hand TERM on; KILL they cannot.
    let target = match signal {
        "-KILL" => ranks_under(child.id()),
        _ => vec![child.id()],
    };
    for process in target {
        let _ = Command::new("kill").args([signal, &process.to_string()]).status();
    }
    wait_until("the end of the run", || child.try_wait().expect("a child").is_some());
}

/// The processes of the program among the descendants of a process, itself included.
fn ranks_under(ancestor: u32) -> Vec<u32> {
    let stat = |process: u32| std::fs::read_to_string(format!("/proc/{process}/stat")).ok();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("Linux").flatten() {
        let Ok(process) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Some(text) = stat(process).filter(|text| text.contains("(tianyan)")) else { continue };
        let parent_in =
            |text: &str| text.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        let mut parent = parent_in(&text);
        let mut above = process;
        while above != ancestor {
            let Some(next) = parent.filter(|parent| *parent > 1) else { break };
            above = next;
            parent = stat(next).and_then(|text| parent_in(&text));
        }
        if above == ancestor {
            found.push(process);
        }
    }
    found
}

/// Runs two ranks until they end by themselves; what they said, the exit code and the seconds come back.
fn drill(arguments: &[&str], drill: &str) -> (String, Option<i32>, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let began = Instant::now();
    let output = mpiexec(2)
        .arg(program())
        .args(["run", "--threads", "1", "--output", "out"])
        .args(arguments)
        .env("TIANYAN_DRILL", drill)
        .current_dir(folder.path())
        .output()
        .expect("it starts");
    (told(&output), output.status.code(), began.elapsed().as_secs_f64())
}

/// How long a failure may take to end all ranks, with the start of the run, on a machine that does other things too; by
/// itself it is a second or two.
const SOON: f64 = 30.0;

#[test]
fn a_panic_ends_all_ranks() {
    if !has_mpi("a panic of one rank") {
        return;
    }
    let (said, code, seconds) = drill(&[&model("ring/ring_hh.toml"), "--duration-ms", "100000"], "panic:1:20");
    assert!(said.contains("a drill at 20 ms") && seconds < SOON, "{seconds} s: {said}");
    assert_eq!(code, Some(101), "{said}");
}

#[test]
fn a_rank_that_dies_ends_all() {
    if !has_mpi("a rank that dies") {
        return;
    }
    let (said, code, seconds) = drill(&[&model("ring/ring_hh.toml"), "--duration-ms", "100000"], "kill:1:20");
    assert!(code != Some(0) && seconds < SOON, "{seconds} s, {code:?}: {said}");
    // Launcher or watch: whoever is first tells.
    assert!(said.contains("run-lost-rank") || said.contains("signal"), "{said}");
}

#[test]
fn a_cell_that_blows_up_ends_all_ranks_with_its_name() {
    if !has_mpi("a cell that blows up") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let config = "schema_version = 1\n[run]\nduration_ms = 100000.0\n[cells.a]\nsections = [{ name = \"soma\", length_um = \
                  20.0, diameter_um = 20.0 }]\npaint = [{ mechanism = \"hh\" }]\n[populations.a]\ncell = \"a\"\nsize = \
                  4\n[[stimuli]]\nkind = \"current_clamp\"\ncells = \"a[3]\"\nstart_ms = 20.0\nduration_ms = 10.0\n\
                  amplitude_nanoamp = 1e9\n";
    let path = folder.path().join("wrong.toml");
    std::fs::write(&path, config).expect("written");
    let (said, code, seconds) = drill(&[path.to_str().expect("a path")], "");
    assert_eq!(said.matches("error[run-not-finite]: v of gid 3, soma(0.5), became").count(), 1, "{said}");
    assert!(code == Some(1) && seconds < SOON, "{code:?}, {seconds} s: {said}");
}

#[test]
fn input_that_one_rank_misses_stops_all_with_one_message() {
    if !has_mpi("input that one rank misses") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let ring = model("ring/ring_hh.toml");
    let mut command = mpiexec(1);
    command.arg(program()).args(["run", &ring, "--output", "out", ":", "-n", "1"]);
    let output = command.arg(program()).args(["run", "missing.toml", "--output", "out"]);
    let output = output.current_dir(folder.path()).output().expect("it starts");
    let said = told(&output);
    assert_eq!(said.matches("error[config-unreadable]").count(), 1, "{said}");
    assert!(said.contains("on rank 1 only, of 2") && output.status.code() == Some(2), "{said}");
    assert!(!folder.path().join("out").exists(), "nothing was begun");
}

#[test]
fn launchers_that_start_copies_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = model("ring/ring_hh.toml");
    let with = |variables: &[(&str, &str)]| {
        let mut command = Command::new(program());
        command.args(["run", &ring, "--output", "out"]).envs(variables.iter().copied());
        let output = command.current_dir(folder.path()).output().expect("it starts");
        (told(&output), output.status.code())
    };
    let (said, code) = with(&[("SLURM_STEP_ID", "0"), ("SLURM_PROCID", "0"), ("SLURM_STEP_NUM_TASKS", "4")]);
    assert!(said.contains("error[launch-no-interface]") && said.contains("--mpi=pmix") && code == Some(2), "{said}");
    let (said, code) = with(&[("PMI_SIZE", "2"), ("PMI_RANK", "0")]);
    assert!(
        said.contains("error[launch-other-mpi]: 2 processes") || said.contains("error[launch-no-mpi]: 2"),
        "{said}"
    );
    assert_eq!(code, Some(2));
    assert!(!folder.path().join("out").exists(), "nothing was begun");
}

/// kill -9 at any moment: what was flushed is there.
#[test]
fn a_killed_writer_leaves_what_it_flushed() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = model("ring/ring_pas.toml");
    let mut rows_seen = 0;
    for moment in 0..10_u64 {
        let mut child = Command::new(program())
            .args(["run", &ring, "--output", "out", "--overwrite", "--duration-ms", "100000", "--threads", "1"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let spikes = folder.path().join("out/spikes.h5.part");
        let trace = folder.path().join("out/soma_v.h5.part");
        std::thread::sleep(Duration::from_millis(50));
        wait_until("the files", || spikes.exists() && trace.exists());
        // Spread over two flushes.
        std::thread::sleep(Duration::from_millis(150 + (moment * 7919) % 2000));
        child.kill().expect("it is there");
        child.wait().expect("it ends");
        read_back::read_spikes(&spikes).unwrap_or_else(|problems| panic!("after {moment}: {problems}"));
        let reports = read_back::read_report(&trace).unwrap_or_else(|problems| panic!("after {moment}: {problems}"));
        rows_seen += reports.iter().map(|report| report.stop_ms).sum::<f64>() as usize;
    }
    assert!(rows_seen > 0, "some were killed after a flush");
}
