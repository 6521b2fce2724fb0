//! Other people's readers take our networks: BMTK, libsonata and h5py, run by readers.py beside this file.
//!
//! Needs a Python with libsonata, bmtk and h5py, named by the environment variable TIANYAN_PYTHON.

mod common;

use std::path::Path;
use std::process::Command;

use common::{NODES, build};
use tianyan_build::BuildOptions;

const CONNECTIONS: &str = r#"
[[connections]]
source = { population = "net", where = { ei = "e" } }
target = "net"
rule = "pairwise"
probability = 0.4
falloff = { profile = "gaussian", length_um = 50.0 }
weight = { lognormal = [0.01, 0.3] }
nsyns = { uniform = [1, 4] }
delay_ms = 1.0
velocity_um_per_ms = 300.0
dynamics_params = "instant"

[[connections]]
source = { population = "net", where = { ei = ["i"] } }
target = { population = "net", where = { ei = "e" } }
rule = "in_degree"
degree = 3
weight = 0.02
delay_ms = 2.0
dynamics_params = "instant"

[[connections]]
source = "input"
target = "net"
rule = "in_degree"
degree = 5
weight = 0.01
delay_ms = 1.5
dynamics_params = "instant"

[[inputs]]
nodes = "input"
rate_hz = 20.0
"#;

#[test]
fn readers_take_a_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let built = build(&format!("{NODES}{CONNECTIONS}"), folder.path(), &BuildOptions::default());
    built.unwrap_or_else(|problems| panic!("{problems}"));
    let Ok(python) = std::env::var("TIANYAN_PYTHON") else {
        println!("skipped: TIANYAN_PYTHON names no Python with libsonata, bmtk and h5py");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers.py");
    // From within, as BMTK resolves paths against the working directory.
    let output =
        Command::new(python).arg(script).arg(".").current_dir(folder.path().join("out")).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    println!("{text}");
}
