//! The shipped batch scripts under a real Slurm of two nodes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tianyan_tests::ranks::{assert_same_files, has_mpi, told, wait_until};
use tianyan_tests::{program, root};

/// A Slurm that is stopped when the test ends, however it ends.
struct Cluster {
    folder: PathBuf,
    /// One at a time: jobs would wait for each other's processors.
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Cluster {
    /// Starts one, if this machine can; says what is skipped otherwise.
    fn start() -> Option<Cluster> {
        let has = |program: &str| Command::new("which").arg(program).output().is_ok_and(|o| o.status.success());
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
        if !(has_mpi("batch scripts under Slurm") && has("sbatch") && has("munged") && is_root) {
            eprintln!("skipped: batch scripts under Slurm (they take root, slurm-wlm, munge and Open MPI)");
            return None;
        }
        // Paths of sockets must be short.
        let folder = PathBuf::from(format!("/tmp/ty-slurm-{}", std::process::id()));
        let cluster = Cluster { folder, _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner) };
        let started = cluster.script("start");
        if !started.status.success() {
            eprintln!("skipped: batch scripts under Slurm (it does not start here: {})", told(&started).trim());
            return None;
        }
        Some(cluster)
    }

    fn script(&self, what: &str) -> Output {
        let script = root().join("tests/slurm/cluster.sh");
        Command::new(script).arg(what).arg(&self.folder).output().expect("the script runs")
    }

    /// A command of Slurm.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env("SLURM_CONF", self.folder.join("slurm.conf")).env("TIANYAN", program());
        command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        command.env("OMPI_MCA_mpi_yield_when_idle", "1");
        command
    }

    /// Submits a shipped script; the job's number comes back.
    fn submit(&self, options: &[&str], script: &str, arguments: &[&str], folder: &Path) -> String {
        let script = root().join("slurm").join(script);
        let mut command = self.command("sbatch");
        command.args(["--parsable", "--mem-per-cpu=500M"]).args(options).arg(script).args(arguments);
        let output = command.current_dir(folder).output().expect("sbatch runs");
        assert!(output.status.success(), "{}", told(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    /// What Slurm says of a job: a word for a key.
    fn of_job(&self, job: &str, key: &str) -> String {
        let output = self.command("scontrol").args(["show", "job", "-o", job]).output().expect("scontrol runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let word = text.split_whitespace().find_map(|word| word.strip_prefix(&format!("{key}=")).map(String::from));
        word.unwrap_or_default()
    }

    fn is_over(&self, job: &str) -> bool {
        let state = self.of_job(job, "JobState");
        !["PENDING", "RUNNING", "COMPLETING", "CONFIGURING"].contains(&state.as_str())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.script("stop");
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Whether the daemons of all steps of this machine have ended: those of a job that starts again must not meet its old ones.
fn no_step_is_left() -> bool {
    let processes = std::fs::read_dir("/proc").expect("Linux").flatten();
    let name = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
    processes.map(name).all(|name| name.trim() != "slurmstepd")
}

fn said_in(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let logs = entries.filter(|path| path.extension().is_some_and(|ending| ending == "out"));
    logs.map(|path| std::fs::read_to_string(path).unwrap_or_default()).collect()
}

#[test]
fn shipped_scripts_run_stop_go_on_and_complete() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let ring = root().join("models/ring/ring_hh.toml").display().to_string();
    let arguments = |duration: &'static str, output: &'static str| {
        vec![ring.clone(), "--duration-ms".into(), duration.into(), "--output".into(), output.into()]
    };
    let as_strs = |list: &[String]| list.to_vec();
    let alone = |duration: &'static str, output: &'static str| {
        let run = Command::new(program()).arg("run").args(arguments(duration, output)).current_dir(here).output();
        assert!(run.expect("it runs").status.success());
    };
    let two_nodes = ["--nodes=2", "--ntasks=2"];

    // A job that completes.
    alone("50", "alone");
    let short = as_strs(&arguments("50", "short"));
    let short: Vec<&str> = short.iter().map(String::as_str).collect();
    let job = cluster.submit(&two_nodes, "cpu.sbatch", &short, here);
    wait_until("the end of a short job", || cluster.is_over(&job));
    assert_eq!(cluster.of_job(&job, "JobState"), "COMPLETED", "{}", said_in(here));
    assert_same_files("a job", &here.join("alone"), &here.join("short"));

    // A job that is told to end, as it is before its limit: it writes a checkpoint, goes back into the queue, and goes on.
    alone("600", "whole");
    let long = as_strs(&arguments("600", "long"));
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let job = cluster.submit(&two_nodes, "cpu.sbatch", &long, here);
    wait_until("a running job", || here.join("long/spikes.h5.part").exists());
    std::thread::sleep(std::time::Duration::from_millis(300));
    let told_to_end = cluster.command("scancel").args(["--batch", "--signal=USR1", &job]).status();
    assert!(told_to_end.expect("scancel runs").success());
    wait_until("the job in the queue again", || cluster.of_job(&job, "Restarts") == "1");
    wait_until("the job to wait", || cluster.of_job(&job, "JobState") == "PENDING");
    // The step's daemons leave first; after that Slurm would wait for two minutes.
    wait_until("the end of the old step", no_step_is_left);
    let now = cluster.command("scontrol").args(["update", &format!("jobid={job}"), "StartTime=now"]).status();
    assert!(now.expect("scontrol runs").success());
    wait_until("the end of a job that goes on", || cluster.is_over(&job));
    assert_eq!(cluster.of_job(&job, "JobState"), "COMPLETED", "{}", said_in(here));
    assert!(said_in(here).contains("going on from the checkpoint"), "{}", said_in(here));
    assert_same_files("a job that went on", &here.join("whole"), &here.join("long"));

    // An array.
    let lines: Vec<String> = (1..=3).map(|k| format!("{ring} --duration-ms 20 --output array{k}")).collect();
    std::fs::write(here.join("list.txt"), lines.join("\n") + "\n").expect("written");
    let job = cluster.submit(&["--array=1-3", "--ntasks=1"], "array.sbatch", &["list.txt"], here);
    wait_until("the end of an array", || (1..=3).all(|k| here.join(format!("array{k}/run.json")).exists()));
    wait_until("the array's jobs to be over", || (1..=3).all(|k| cluster.is_over(&format!("{job}_{k}"))));
    assert_same_files("tasks of an array", &here.join("array1"), &here.join("array3"));
}

/// srun by itself lets the others wait when one rank dies; the watch does not, with or without --kill-on-bad-exit.
#[test]
fn a_rank_that_dies_under_srun_ends_the_step() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let ring = root().join("models/ring/ring_hh.toml").display().to_string();
    for (output, options) in [("plain", &[][..]), ("strict", &["--kill-on-bad-exit=1"][..])] {
        let began = Instant::now();
        let mut command = cluster.command("timeout");
        command.args(["-k", "5", "60", "srun", "--mpi=pmix", "-N2", "-n2"]).args(options).arg(program());
        command.args(["run", &ring, "--duration-ms", "100000", "--threads", "1", "--output", output]);
        let run = command.env("TIANYAN_DRILL", "kill:1:20").current_dir(folder.path()).output().expect("srun runs");
        let seconds = began.elapsed().as_secs_f64();
        assert!(!run.status.success() && seconds < 30.0, "{seconds} s: {}", told(&run));
        let said = told(&run);
        assert!(said.contains("run-lost-rank") || said.contains("srun: error"), "{said}");
        // What was flushed is there.
        let spikes = folder.path().join(output).join("spikes.h5.part");
        tianyan_io::read_back::read_spikes(&spikes).unwrap_or_else(|problems| panic!("{problems}"));
    }
}
