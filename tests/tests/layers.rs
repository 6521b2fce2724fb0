//! The house's walls: which crate may know which, and who owns each native library.

use std::collections::BTreeMap;
use std::process::Command;

/// Crate, what it may depend on inside the workspace.
const ALLOWED: &[(&str, &[&str])] = &[
    ("tianyan-model", &[]),
    ("tianyan-nmodl", &[]),
    ("tianyan-comm", &[]),
    ("tianyan-layout", &["tianyan-model", "tianyan-nmodl"]),
    ("tianyan-io", &["tianyan-model", "tianyan-nmodl"]),
    ("tianyan-analysis", &["tianyan-model"]),
    ("tianyan-sonata", &["tianyan-model", "tianyan-nmodl", "tianyan-io"]),
    ("tianyan-engine", &["tianyan-model", "tianyan-nmodl", "tianyan-comm", "tianyan-layout"]),
    ("tianyan-cuda", &["tianyan-model", "tianyan-nmodl", "tianyan-layout", "tianyan-engine"]),
    ("tianyan-build", &["tianyan-model", "tianyan-io"]),
    (
        "tianyan",
        &[
            "tianyan-model",
            "tianyan-nmodl",
            "tianyan-comm",
            "tianyan-layout",
            "tianyan-io",
            "tianyan-sonata",
            "tianyan-analysis",
            "tianyan-build",
            "tianyan-engine",
            "tianyan-cuda",
        ],
    ),
    ("tianyan-cli", &["tianyan"]),
];

/// Library that only one crate may use.
const OWNERS: &[(&str, &str)] = &[
    ("hdf5-metno", "tianyan-io"),
    ("mpi", "tianyan-comm"),
    ("cudarc", "tianyan-cuda"),
    ("libloading", "tianyan-engine"),
    ("clap", "tianyan-cli"),
    ("toml", "tianyan-io"),
];

fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--all-features"])
        .current_dir(tianyan_tests::root())
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap_or_default().to_string();
    packages
        .iter()
        .map(|package| {
            // Dependencies of tests and of build scripts build no walls into the product.
            let of_product = |d: &&serde_json::Value| d["kind"].is_null();
            let names = package["dependencies"].as_array().expect("dependencies").iter().filter(of_product).map(name);
            (name(package), names.collect())
        })
        .collect()
}

#[test]
fn nothing_points_up_or_sideways() {
    for (package, dependencies) in dependencies() {
        if ["tianyan-tests", "tianyan-benches"].contains(&package.as_str()) {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(name, _)| *name == package);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("say in this test where {package} stands"));
        for dependency in dependencies.iter().filter(|d| d.starts_with("tianyan")) {
            assert!(allowed.contains(&dependency.as_str()), "{package} must not know {dependency}");
        }
    }
}

#[test]
fn native_libraries_have_one_owner() {
    for (package, dependencies) in dependencies() {
        for (library, owner) in OWNERS {
            let uses = dependencies.iter().any(|d| d == library);
            assert!(!uses || package == *owner, "{library} belongs to {owner}, but {package} uses it");
        }
    }
}
