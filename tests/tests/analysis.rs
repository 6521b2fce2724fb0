//! `tianyan spikes` and `tianyan compare`, on our own output and on BMTK's.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tianyan_tests::{program, root, test_data};

fn tianyan(arguments: &[&str], folder: &Path) -> Output {
    Command::new(program()).args(arguments).current_dir(folder).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the ring for 20 ms, with an output folder and a step.
fn run_ring(folder: &Path, output: &str, dt_ms: &str) {
    let ring = root().join("models/ring/ring_hh.toml").display().to_string();
    let options = ["--output", output, "--duration-ms", "20", "--dt-ms", dt_ms, "--quiet"];
    let run = tianyan(&[&["run", &ring], &options[..]].concat(), folder);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&output.stderr)))
}

#[test]
fn a_run_has_rates_and_pictures() {
    let folder = tempfile::tempdir().expect("a folder");
    run_ring(folder.path(), "out", "0.025");
    let pictures = ["--raster", "raster.png", "--psth", "psth.svg", "--bin-ms", "1"];
    let said = tianyan(&[&["spikes", "out/spikes.h5"], &pictures[..]].concat(), folder.path());
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    let table = text(&said.stdout);
    assert!(table.contains("0 to 20 ms (end from run.json)") && table.contains("median"), "{table}");
    let raster = std::fs::read(folder.path().join("raster.png")).expect("a raster");
    assert!(raster.starts_with(b"\x89PNG") && raster.len() > 5000, "{}", raster.len());
    let psth = std::fs::read_to_string(folder.path().join("psth.svg")).expect("rates");
    assert!(psth.contains("bins of 1 ms") && psth.ends_with("</svg>\n"));
    let all = json(&tianyan(&["spikes", "out/spikes.h5", "--json"], folder.path()));
    let half = json(&tianyan(&["spikes", "out/spikes.h5", "--json", "--to-ms", "10"], folder.path()));
    let (all, half) = (&all["groups"][0], &half["groups"][0]);
    assert_eq!((&all["cells"], &all["cells_known"]), (&128.into(), &true.into()));
    assert!(half["spikes"].as_u64() < all["spikes"].as_u64() && half["spikes"].as_u64() > Some(0));
    assert!(half["silent_cells"].as_u64() > all["silent_cells"].as_u64());
}

#[test]
fn runs_equal_themselves_and_differ_by_their_step() {
    let folder = tempfile::tempdir().expect("a folder");
    run_ring(folder.path(), "a", "0.025");
    run_ring(folder.path(), "b", "0.0125");
    let same = tianyan(&["compare", "a", "a"], folder.path());
    assert_eq!(same.status.code(), Some(0), "{}", text(&same.stdout));
    assert!(text(&same.stdout).contains("equal within the tolerances"));
    let other = tianyan(&["compare", "a", "b"], folder.path());
    assert_eq!(other.status.code(), Some(1), "{}", text(&other.stderr));
    let said = text(&other.stdout);
    assert!(said.contains("different, first at") && said.contains("within a step, 0.025 ms"), "{said}");
    let wide = ["compare", "a", "b", "--tolerance-ms", "1", "--trace-tolerance", "50"];
    assert_eq!(tianyan(&wide, folder.path()).status.code(), Some(0));
    let files = tianyan(&["compare", "a/soma_v.h5", "b/soma_v.h5", "--json"], folder.path());
    let said = json(&files);
    assert_eq!((files.status.code(), &said["equal"]), (Some(1), &false.into()));
    assert!(said["reports"][0]["largest"]["difference"].as_f64() > Some(1e-3), "{said:#}");
    assert_eq!(said["first"]["kind"], "trace");
    // Rows taken as later ones are compared with other moments.
    let shifted =
        json(&tianyan(&["compare", "a/soma_v.h5", "a/soma_v.h5", "--shift-rows", "-1", "--json"], folder.path()));
    assert_eq!((&shifted["equal"], &shifted["reports"][0]["rows"]["only_a"]), (&false.into(), &1.into()));
}

#[test]
fn what_cannot_be_read_is_exit_code_2() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("text.h5"), "spikes").expect("written");
    std::fs::create_dir(folder.path().join("empty")).expect("made");
    let wrong: [(&[&str], &str); 10] = [
        (&["spikes", "text.h5"], "no HDF5 file"),
        (&["spikes", "absent.h5"], "absent.h5"),
        (&["spikes", "empty"], "folder"),
        (&["spikes", "text.h5", "--raster", "picture.gif"], ".svg or .png"),
        (&["spikes", "text.h5", "--bin-ms", "wide"], "--bin-ms"),
        (&["compare", "empty", "empty"], "neither spikes nor reports"),
        (&["compare", "text.h5", "empty"], "no HDF5 file"),
        (&["compare", "absent", "empty"], "absent"),
        (&["compare", "empty", "empty", "--tolerance-ms", "inf"], "--tolerance-ms is inf"),
        (&["compare", "empty", "empty", "--dt-ms", "NaN"], "--dt-ms is NaN"),
    ];
    for (arguments, words) in wrong {
        let run = tianyan(arguments, folder.path());
        let said = text(&run.stderr);
        assert!(run.status.code() == Some(2) && said.contains(words), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

fn reference(data: &Path, run: &str) -> String {
    data.join("reference").join(run).display().to_string()
}

#[test]
fn outputs_of_bmtk_are_compared() {
    let Some(data) = test_data("comparisons of BMTK's outputs") else { return };
    let folder = root();
    for run in ["bio_14cells", "sonata_5_cells_iclamp"] {
        let same = tianyan(&["compare", &reference(&data, run), &reference(&data, run)], &folder);
        assert_eq!(same.status.code(), Some(0), "{run}: {}{}", text(&same.stdout), text(&same.stderr));
    }
    let (a, b) = (reference(&data, "bio_1cell_iclamp"), reference(&data, "bio_1cell_syns"));
    let other = tianyan(&["compare", &a, &b, "--dt-ms", "0.1", "--json"], &folder);
    let said = json(&other);
    assert_eq!(other.status.code(), Some(1));
    let spikes = &said["spikes"][0];
    assert_eq!((&spikes["spikes_a"], &spikes["spikes_b"]), (&20.into(), &39.into()));
    assert_eq!(said["reports"][0]["unit"], "mV");
}

#[test]
fn classes_of_cells_come_from_the_network() {
    let Some(data) = test_data("rates by class of BMTK's networks") else { return };
    let network = data.join("sonata/bmtk/point_450glifs/network");
    let file = |name: &str| network.join(name).display().to_string();
    let spikes = PathBuf::from(reference(&data, "point_450glifs")).join("spikes.h5").display().to_string();
    let (nodes, types) = (file("v1_nodes.h5"), file("v1_node_types.csv"));
    let options = ["spikes", &spikes, "--nodes", &nodes, "--node-types", &types, "--json", "--by"];
    let by = |column: &str| tianyan(&[&options[..], &[column]].concat(), &root());
    let said = json(&by("ei"));
    let groups = said["groups"].as_array().expect("groups");
    let sum = |key: &str| groups.iter().filter_map(|g| g[key].as_u64()).sum::<u64>();
    assert_eq!((groups.len(), sum("cells"), sum("spikes")), (2, 450, 76_896));
    let unknown = by("colour");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("model_name"), "{}", text(&unknown.stderr));
    // The first layout of spikes files names no population.
    let lgn = data.join("sonata/sonata/300_intfire/inputs/lgn_spikes.h5").display().to_string();
    let said = json(&tianyan(&["spikes", &lgn, "--json"], &root()));
    assert_eq!((&said["groups"][0]["spikes"], &said["groups"][0]["silent_cells"]), (&2738.into(), &().into()));
}
