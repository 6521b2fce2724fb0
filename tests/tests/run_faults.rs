//! What goes wrong while a run goes on, or when it is to go on: the message, the exit code, and what is left.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tianyan_io::output::RunStatus;
use tianyan_io::read_back;
use tianyan_tests::ranks::{assert_same_files, told, wait_until};
use tianyan_tests::{program, root};

/// Two cells with a detector; a clamp makes them fire.
const MODEL: &str = "schema_version = 1\n[run]\nduration_ms = 100.0\n[cells.a]\nsections = [{ name = \"soma\", length_um = \
    20.0, diameter_um = 20.0 }]\npaint = [{ mechanism = \"hh\" }]\ndetector = { threshold_mv = 0.0 }\n[populations.a]\n\
    cell = \"a\"\nsize = 2\n[[stimuli]]\nkind = \"current_clamp\"\ncells = \"a\"\nstart_ms = 1.0\nduration_ms = 90.0\n\
    amplitude_nanoamp = AMPLITUDE\n[[probes]]\nreport = \"v\"\nvariable = \"v\"\ncells = \"a\"\n";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(amplitude: &str) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("model.toml"), MODEL.replace("AMPLITUDE", amplitude)).expect("written");
        Place { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a run says on standard error, and its exit code.
    fn run(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let mut command = Command::new(program());
        command.args(["run", "model.toml", "--threads", "1"]).args(arguments).current_dir(self.folder.path());
        let output = command.output().expect("it runs");
        (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code())
    }

    fn checkpoints(&self, output: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path(output).join("checkpoints")).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        found.sort();
        found
    }

    /// A run that was stopped half way, with checkpoints at 20 and 40 ms.
    fn stopped(&self) {
        let (said, code) = self.run(&["--output", "out", "--duration-ms", "40", "--checkpoint-every-ms", "20"]);
        assert_eq!(code, Some(0), "{said}");
        // As if it had been killed at 40 ms: the last checkpoint but one of the whole run.
        for name in ["spikes.h5", "v.h5"] {
            std::fs::rename(self.path("out").join(name), self.path("out").join(format!("{name}.part")))
                .expect("a file");
        }
        std::fs::remove_file(self.path("out/run.json")).expect("a file");
    }
}

#[test]
fn a_cell_that_blows_up_is_named() {
    let place = Place::new("1e9");
    let (said, code) = place.run(&["--output", "out"]);
    assert_eq!(code, Some(1));
    let (before, after) = said.split_once(" became ").expect("a value");
    assert_eq!(before, "error[run-not-finite]: v of gid 0, soma(0.5),");
    assert!(after.contains(" mV by t = 10 ms"), "{said}");
    assert!(
        after.ends_with("\n  help: a smaller dt_ms, or the conductances and reversal potentials of this cell\n"),
        "{said}"
    );
    assert!(!place.path("out/run.json").exists() && place.path("out/v.h5.part").exists());
}

#[test]
fn a_full_disk_leaves_what_was_flushed() {
    let place = Place::new("0.3");
    let small = place.path("small");
    std::fs::create_dir(&small).expect("a folder");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"])
        .arg(&small)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("skipped: a full disk (this user cannot mount one)");
        return;
    }
    let (said, code) = place.run(&["--output", "small/out", "--duration-ms", "20000", "--double"]);
    let report = read_back::read_report(&small.join("out/v.h5.part"));
    let spikes = read_back::read_spikes(&small.join("out/spikes.h5.part"));
    let complete = small.join("out/run.json").exists() || small.join("out/v.h5").exists();
    let unmounted = Command::new("umount").arg(&small).status();
    assert!(unmounted.expect("umount runs").success());
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("error[output-write-failed]: cannot write to this file") && said.contains("No space left"),
        "{said}"
    );
    assert!(said.contains("help: is the disk full or the quota used up?"), "{said}");
    assert!(!complete, "nothing claims to be complete");
    let report = report.unwrap_or_else(|problems| panic!("{problems}"));
    spikes.unwrap_or_else(|problems| panic!("{problems}"));
    assert!(report[0].stop_ms >= 0.0);
}

#[test]
fn a_run_goes_on_from_its_checkpoint_and_from_an_older_one() {
    let place = Place::new("0.3");
    let (said, code) = place.run(&["--output", "whole"]);
    assert_eq!(code, Some(0), "{said}");
    place.stopped();
    let checkpoints = place.checkpoints("out");
    assert_eq!(checkpoints.len(), 1, "the end needs none: {checkpoints:?}");
    let (said, code) = place.run(&["--output", "out", "--resume"]);
    assert_eq!((said.as_str(), code), ("going on from the checkpoint at 20 ms\n", Some(0)));
    assert_same_files("gone on", &place.path("whole"), &place.path("out"));
    let (said, code) = place.run(&["--output", "out", "--resume"]);
    assert_eq!((said.as_str(), code), ("", Some(0)), "nothing is left to do");
    let (said, code) = place.run(&["--output", "new", "--resume"]);
    assert_eq!((said.as_str(), code), ("no checkpoint: beginning at 0 ms\n", Some(0)));
}

#[test]
fn a_checkpoint_that_was_cut_is_refused() {
    let place = Place::new("0.3");
    place.stopped();
    let path = &place.checkpoints("out")[0];
    let whole = std::fs::read(path).expect("a checkpoint");
    std::fs::write(path, &whole[..whole.len() / 2]).expect("written");
    let (said, code) = place.run(&["--output", "out", "--resume"]);
    assert!(said.starts_with("error[checkpoint-broken]: this checkpoint is not whole: "), "{said}");
    assert!(
        said.contains("--> out/checkpoints/000000000800.h5\n  help: was it copied whole?") && code == Some(2),
        "{said}"
    );
}

#[test]
fn a_checkpoint_of_another_model_is_refused() {
    let place = Place::new("0.3");
    place.stopped();
    let (said, code) = place.run(&["--output", "out", "--resume", "--dt-ms", "0.05", "--rate-error", "1e-6"]);
    assert_eq!(code, Some(2));
    let wanted = "error[checkpoint-other-model]: dt_ms was 0.025 then, and is 0.05 now
  --> out/checkpoints/000000000800.h5
  help: go on with the model as it was, or begin anew with --overwrite; --duration-ms may be longer

error[checkpoint-other-model]: rate_error was none then, and is 0.000001 now
  --> out/checkpoints/000000000800.h5
  help: go on with the model as it was, or begin anew with --overwrite; --duration-ms may be longer
";
    assert_eq!(said, wanted);
    std::fs::write(place.path("model.toml"), MODEL.replace("AMPLITUDE", "0.31")).expect("written");
    let (said, code) = place.run(&["--output", "out", "--resume"]);
    assert!(said.contains("the digest of the config's text was ") && code == Some(2), "{said}");
    // What changes no result may change.
    let other = MODEL.replace("AMPLITUDE", "0.3").replace("duration_ms = 100.0", "duration_ms = 60.0 # less");
    std::fs::write(place.path("model.toml"), other + "[checkpoint]\nevery_minutes = 30.0\n").expect("written");
    let (said, code) = place.run(&["--output", "out", "--resume"]);
    assert_eq!((said.as_str(), code), ("going on from the checkpoint at 20 ms\n", Some(0)));
}

/// SIGTERM at any moment, also while a checkpoint is written, again and again: the files are those of a run in one go.
#[test]
fn signals_in_the_middle_of_checkpoints_lose_nothing() {
    let place = Place::new("0.3");
    let ring = root().join("models/ring/ring_hh.toml");
    let command = |output: &str| {
        let mut command = Command::new(program());
        command.args(["run", "--threads", "1", "--duration-ms", "150", "--output", output]).arg(&ring);
        command.current_dir(place.folder.path());
        command
    };
    assert!(command("whole").output().expect("it runs").status.success());
    for moment in 0..6_u64 {
        let mut child = command("parts")
            .args(["--resume", "--checkpoint-every-ms", "5"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let is_over = |child: &mut std::process::Child| child.try_wait().expect("a child").is_some();
        wait_until("its files", || place.path("parts/spikes.h5.part").exists() || is_over(&mut child));
        std::thread::sleep(std::time::Duration::from_millis(10 + moment * 17));
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        let code = child.wait().expect("it ends").code();
        if code == Some(0) || place.path("parts/spikes.h5").exists() {
            break;
        }
        assert!(code == Some(75) || code.is_none(), "{code:?}");
    }
    if !place.path("parts/spikes.h5").exists() {
        let rest = command("parts").arg("--resume").output().expect("it runs");
        assert!(rest.status.success(), "{}", told(&rest));
    }
    assert_same_files("after signals", &place.path("whole"), &place.path("parts"));
    let summary = read_back::read_run_json(&place.path("parts/run.json")).expect("run.json");
    assert_eq!((summary.status, summary.simulated_ms), (RunStatus::Done, 150.0));
    assert!(is_folder(&place.path("parts/checkpoints")));
}

fn is_folder(path: &Path) -> bool {
    path.is_dir()
}
