//! README, CONTRIBUTING and ARCHITECTURE must not name what is not there.

use std::process::Command;
use tianyan_tests::{program, root};

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).expect(name)
}

/// Every `code` that looks like a path of this repository.
fn paths(text: &str) -> Vec<&str> {
    let tokens = text.split(['`', '(', ')', ' ', '\n']);
    let top = ["crates/", "models/", "configs/", "validation/", "tests/", "benches/", "docs/"];
    let ours = tokens.filter(|token| top.iter().any(|t| token.starts_with(t)));
    ours.filter(|token| !token.contains(['*', '{', 'N'])).collect()
}

#[test]
fn paths_exist() {
    for document in ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"] {
        for path in paths(&read(document)) {
            let path = path.trim_end_matches([',', '.', ':', ';']);
            assert!(root().join(path).exists(), "{document} names {path}, which does not exist");
        }
    }
}

/// The point neuron of docs/point_neurons.md compiles, and events only add to it.
#[test]
fn the_point_neuron_of_the_docs_is_one() {
    let text = read("docs/point_neurons.md");
    let file = text.split("```\n").nth(1).expect("an NMODL file");
    let compiled = tianyan_nmodl::compile("mine.mod", file, &tianyan_nmodl::Options::default());
    let (mechanism, warnings) = compiled.unwrap_or_else(|errors| panic!("{}", errors[0]));
    assert!(mechanism.is_stepped() && mechanism.spike.is_some() && mechanism.inputs().is_some());
    assert!(warnings.is_empty(), "{}", warnings[0]);
}

#[test]
fn architecture_stays_short() {
    assert!(read("ARCHITECTURE.md").lines().count() <= 200);
}

#[test]
fn commands_of_the_readme_exist() {
    let readme = read("README.md");
    let commands = readme.lines().filter(|line| line.starts_with("tianyan "));
    let mut seen = 0;
    for line in commands {
        let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().skip(1).collect();
        let help = Command::new(program()).args([words[0], "--help"]).output().expect("the program runs");
        assert!(help.status.success(), "README: `{line}`: no such command");
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        for flag in words.iter().filter(|w| w.starts_with("--")) {
            assert!(help.contains(flag), "README: `{line}`: no option {flag}");
        }
        seen += 1;
    }
    assert!(seen >= 6, "README shows only {seen} commands");
}

#[test]
fn model_of_the_readme_runs() {
    let readme = read("README.md");
    let model = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a TOML block");
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("model.toml");
    std::fs::write(&config, model).expect("written");
    let out = folder.path().join("out");
    let run = Command::new(program()).arg("run").arg(&config).arg("--output").arg(&out).output().expect("runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let spikes = tianyan_io::read_back::read_spikes(&out.join("spikes.h5")).expect("spikes");
    assert!(!spikes[0].times_ms.is_empty(), "the README's cell fires");
}
