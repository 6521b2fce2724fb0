//! Runs of the program on several ranks.

use crate::program;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tianyan_io::read_back;

/// Whether mpiexec is there and the program knows MPI; says what is skipped without.
pub fn has_mpi(what: &str) -> bool {
    let info = Command::new(program()).arg("info").output().map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
    let built_in = info.is_ok_and(|text| text.contains("Open MPI"));
    let there = Command::new("mpiexec").arg("--version").output().is_ok_and(|output| output.status.success());
    if !(built_in && there) {
        eprintln!("skipped: {what} (it takes mpiexec of Open MPI, and a program built with it)");
    }
    built_in && there
}

/// `mpiexec -n ranks`, with an end after a minute and the mercy that ranks on too few cores need.
pub fn mpiexec(ranks: usize) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-k", "5", "60", "mpiexec", "--oversubscribe", "-n", &ranks.to_string()]);
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.env("OMPI_MCA_mpi_yield_when_idle", "1");
    command
}

/// `tianyan run` on so many ranks and threads, with these arguments.
pub fn run(ranks: usize, threads: usize, arguments: &[&str], folder: &Path) -> Output {
    let mut command = if ranks > 1 { mpiexec(ranks) } else { Command::new("env") };
    command.arg(program()).args(["run", "--threads", &threads.to_string()]).args(arguments);
    command.current_dir(folder).output().expect("it starts")
}

/// What a run printed, for messages.
pub fn told(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Fails unless every file of results in one folder is there in the other, with the same spikes and rows to the bit. (Where
/// in a file HDF5 places a block depends on when it was written.) The number of files comes back.
pub fn assert_same_files(what: &str, a: &Path, b: &Path) -> usize {
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".h5") || name.ends_with(".part")).collect();
        names.sort();
        names
    };
    assert_eq!(names(a), names(b), "{what}: other files");
    for name in names(a) {
        let [one, other] = [a, b].map(|folder| content(&folder.join(&name)));
        assert!(one == other, "{what}: {name} differs");
    }
    names(a).len()
}

/// All that is in a file of results: names, and the bits of the numbers.
fn content(path: &Path) -> (Vec<String>, Vec<u64>) {
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
    if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("spikes")) {
        let all = read_back::read_spikes(path).unwrap_or_else(|problems| panic!("{problems}"));
        let numbers = all.iter().flat_map(|s| bits(&s.times_ms).into_iter().chain(s.node_ids.iter().copied()));
        return (all.iter().map(|s| format!("{} {}", s.population, s.times_ms.len())).collect(), numbers.collect());
    }
    let all = read_back::read_report(path).unwrap_or_else(|problems| panic!("{problems}"));
    let head = all.iter().map(|report| {
        let time = (report.start_ms, report.stop_ms, report.interval_ms);
        let columns = (&report.node_ids, &report.index_pointers, &report.element_ids, &report.element_pos);
        let what = (&report.population, &report.variable, &report.unit, report.single);
        format!("{what:?} {time:?} {columns:?} {} x {}", report.rows, report.columns)
    });
    (head.collect(), all.iter().flat_map(|report| bits(&report.values)).collect())
}

/// Waits until something holds, for half a minute at most.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
