//! What is said of wrong configs: the messages word for word, and never a panic.

use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;
use tianyan_io::config::{parse_config, recipe};
use tianyan_model::Problems;

mod common;

const HEAD: &str = "schema_version = 1\n[run]\nduration_ms = 10.0\n";
const CELLS: &str = r#"
[cells.ball]
sections = [{ name = "soma", type = "soma", length_um = 20.0, diameter_um = 20.0 }]
paint = [{ mechanism = "hh" }]
detector = { threshold_mv = 0.0 }
[cells.ball.synapses.excitation]
mechanism = "ExpSyn"
[cells.mute]
sections = [{ name = "soma", length_um = 20.0, diameter_um = 20.0 }]
[populations.neurons]
cell = "ball"
size = 2
[populations.mutes]
cell = "mute"
size = 2
[populations.inputs]
spike_times_ms = [1.0]
"#;

fn problems(text: &str) -> Problems {
    let read = || recipe(&parse_config("model.toml", text, Path::new("tests/config"))?, &common::shipped);
    read().err().unwrap_or_default()
}

/// The messages for each fault, added to a good model.
fn told(faults: &[(&str, &str)]) -> String {
    let mut told = String::new();
    for (what, fault) in faults {
        let text =
            if fault.starts_with("schema_version") { fault.to_string() } else { format!("{HEAD}{CELLS}{fault}\n") };
        let problems = problems(&text);
        assert!(!problems.0.is_empty(), "accepted: {fault}");
        let _ = writeln!(told, "=== {what}\n{problems}\n");
    }
    told
}

#[test]
fn the_good_model_is_good() {
    assert_eq!(problems(&format!("{HEAD}{CELLS}")).to_string(), "");
}

#[test]
fn keys_and_values() {
    insta::assert_snapshot!(told(&[
        ("syntax", "schema_version = 1\n[run\nduration_ms = = 2\n"),
        ("number too large", "schema_version = 99999999999999999999\n"),
        ("no unit", "schema_version = 1\n[run]\nduration = 10.0\ndt_us = 25\n"),
        (
            "types",
            "schema_version = \"1\"\n[run]\nduration_ms = \"10 ms\"\nsecond_order = -1\ncurrent_derivative = \"exact\"\n"
        ),
        ("version", "schema_version = 2\n[run]\nduration_ms = 10.0\n"),
        ("duration", "schema_version = 1\n[run]\nduration_ms = 10.01\n"),
        ("dt", "schema_version = 1\n[run]\nduration_ms = 10.0\ndt_ms = 0\nsecond_order = 3\nv_init_mv = nan\n"),
        ("unknown table", "[[conections]]\nsource = \"inputs\""),
        ("generator", "[generator]\nkind = \"ring\"\nbranches = [8, 4]"),
        ("formula", "[cells.a]\npaint = [{ mechanism = \"pas\", parameters = { g = \"exp(x\", e = \"epx(x)\" } }]"),
    ]));
}

#[test]
fn cells_and_mechanisms() {
    let cell = |keys: &str| format!("[cells.x]\n{keys}\n[populations.xs]\ncell = \"x\"\nsize = 1");
    let sections = "sections = [{ name = \"soma\", length_um = 20.0, diameter_um = 20.0 }]";
    let painted = |paint: &str| cell(&format!("{sections}\npaint = [{paint}]"));
    let faults = [
        ("mechanism", painted("{ mechanism = \"hhh\" }")),
        ("two kinds", format!("{}\n[cells.x.synapses.s]\nmechanism = \"hh\"", painted("{ mechanism = \"hh\" }"))),
        ("region", painted("{ region = \"sona\", cm_uf_per_cm2 = 1.0 }")),
        ("variable", painted("{ mechanism = \"pas\", parameters = { g = \"0.1 * distance\" } }")),
        ("values", painted("{ mechanism = \"pas\", parameters = { g = nan, e = \"1/0\" }, ra_ohm_cm = 0 }")),
        ("ions", painted("{ ions = { ena = 50.0, cai_mv = 1.0 } }")),
        ("parameters alone", painted("{ parameters = { g = 1.0 } }")),
        (
            "sections",
            cell(
                "sections = [\n{ name = \"soma\", length_um = 20.0, diameter_um = 0 },\n\
                 { name = \"dend\", length_um = 20.0, diameter_um = 1.0, parent = \"sona\" },\n\
                 { name = \"dend\", points_um = [[0, 0, 0, 1]] },\n]",
            ),
        ),
        ("rules", cell(&format!("{sections}\ncompartments = {{ count = 1, d_lambda = 0.1 }}"))),
        ("no body", "[cells.x]\n[populations.xs]\ncell = \"x\"\nsize = 1".to_string()),
        ("no file", cell("morphology = \"absent.swc\"")),
        ("detector", cell(&format!("{sections}\ndetector = {{ section = \"axon\", x = 2.0 }}"))),
        ("synapse", format!("{}\n[cells.x.synapses.s]\nmechanism = \"ExpSyn\"\nx = 1.5", cell(sections))),
        ("population", "[populations.xs]\ncell = \"bal\"\nsize = 1\n[populations.ys]\ncell = \"ball\"".to_string()),
        ("sources", "[populations.xs]\nspike_times_ms = [[1.0], [-1.0]]\nsize = 1\ncell = \"ball\"".to_string()),
        ("files", "[mechanisms]\nfiles = [\"absent.mod\", \"absent/*.mod\", \"ring8.json\"]".to_string()),
    ];
    insta::assert_snapshot!(told(&faults.each_ref().map(|(what, fault)| (*what, fault.as_str()))));
}

#[test]
fn connections() {
    let joined = |keys: &str| format!("[[connections]]\nsource = \"neurons\"\ntarget = \"neurons\"\n{keys}");
    let good = "rule = \"all_to_all\"\nsynapse = \"excitation\"\nweight = 0.1\n";
    let tabled = |file: &str, keys: &str| format!("[[connections]]\nsource = \"neurons\"\ntable = \"{file}\"\n{keys}");
    let faults = [
        ("rule", joined("synapse = \"excitation\"\nweight = 0.1\ndelay_ms = 1.0")),
        ("negative delay", joined(&format!("{good}delay_ms = -1.0"))),
        ("nan delay", joined(&format!("{good}delay_ms = nan"))),
        ("short delay", joined(&format!("{good}delay_ms = 0.01"))),
        ("no delay", joined(&format!("{good}delay_ms = 0"))),
        ("no weight", joined("rule = \"all_to_all\"\nsynapse = \"excitation\"\ndelay_ms = 1.0")),
        ("synapse", joined("rule = \"all_to_all\"\nsynapse = \"excitaton\"\nweight = 0.1\ndelay_ms = 1.0")),
        ("both", joined(&format!("{good}mechanism = \"ExpSyn\"\ndelay_ms = 1.0"))),
        ("section of a named synapse", joined(&format!("{good}section = \"soma\"\ndelay_ms = 1.0"))),
        (
            "section",
            joined(
                "rule = \"all_to_all\"\nmechanism = \"ExpSyn\"\nsection = \"sona\"\nx = 2\nweight = 0.1\ndelay_ms = 1",
            ),
        ),
        ("pairs", joined("pairs = [[0, 2]]\nsynapse = \"excitation\"\nweight = 0.1\ndelay_ms = 1.0")),
        ("detector", format!("[[connections]]\nsource = \"mutes\"\ntarget = \"neurons\"\n{good}delay_ms = 1.0")),
        ("target", format!("[[connections]]\nsource = \"neurons\"\ntarget = \"inputs\"\n{good}delay_ms = 1.0")),
        (
            "cells",
            format!("[[connections]]\nsource = \"neuron\"\ntarget = [\"neurons[2]\", \"zzz\"]\n{good}delay_ms = 1.0"),
        ),
        ("fields", tabled("wrong_edges.csv", "synapse = \"excitation\"")),
        ("cells of a table", tabled("wrong_cells.csv", "synapse = \"excitation\"\nweight = \"weight\"")),
        ("numbers of a table", tabled("wrong_numbers.csv", "mechanism = \"ExpSyn\"")),
        ("places of a table", tabled("wrong_places.csv", "mechanism = \"ExpSyn\"")),
        ("file", tabled("absent.csv", "synapse = \"excitation\"")),
        ("column", tabled("wrong_places.csv", "synapse = \"excitation\"\ncolumns = { source = \"sorce\" }")),
        ("filter", tabled("wrong_places.csv", "synapse = \"excitation\"\nfilter = { sections = \"soma\" }")),
        ("formula without table", joined(&format!("{}weight = \"count\"\ndelay_ms = 1.0", &good[..good.len() - 13]))),
        (
            "couplings",
            "[[gap_junctions]]\nsource = \"inputs\"\ntarget = \"neurons[0]\"\nweight_usiemens = 0.1\n\
             [[graded_synapses]]\nmechanism = \"graded_synapse\"\nsource = \"neurons[0]\"\nsource_section = \"axon\"\n\
             target = \"neurons[1]\"\ntarget_x = -1"
                .to_string(),
        ),
    ];
    insta::assert_snapshot!(told(&faults.each_ref().map(|(what, fault)| (*what, fault.as_str()))));
}

#[test]
fn point_neurons_and_draws() {
    let drawn = |keys: &str| {
        format!("[[connections]]\nsource = \"inputs\"\ntarget = \"points\"\nweight = 0.1\ndelay_ms = 1.0\n{keys}")
    };
    let points = "[cells.point]\nartificial = { mechanism = \"LifCurrExp\" }\n[populations.points]\ncell = \"point\"\nsize = 3\n";
    let poisson = |keys: &str| format!("{points}[[stimuli]]\nkind = \"poisson\"\ncells = \"points\"\n{keys}");
    let on_points = |keys: &str| format!("{points}{}", drawn(keys));
    let faults = [
        ("no in_degree", on_points("rule = \"fixed_in_degree\"")),
        ("of another rule", on_points("rule = \"fixed_total\"\ntotal = 3\nin_degree = 2\npairs = [[0, 0]]")),
        ("probability", on_points("rule = \"probability\"\nprobability = 2")),
        ("nobody", on_points("rule = \"fixed_in_degree\"\nin_degree = 1").replace("\"inputs\"", "[]")),
        (
            "drawn here",
            drawn("rule = \"all_to_all\"\nmechanism = \"ExpSyn\"\nx = \"uniform(0, 1)\"").replace("points", "neurons"),
        ),
        ("out of reach", on_points("rule = \"all_to_all\"").replace("0.1", "\"normal_above(0, 1, 100)\"")),
        ("parameters of a point neuron", on_points("rule = \"all_to_all\"\nparameters = { tau_m = 3 }")),
        ("no artificial cell", points.replace("LifCurrExp", "ExpSyn")),
        ("random spikes", poisson("start_ms = -1\namplitude_nanoamp = 1.0")),
        ("rate", poisson("rate_hz = 1e9\nweight = nan")),
        ("rate of a clamp", "[[stimuli]]\nkind = \"current_clamp\"\ncells = \"neurons\"\nrate_hz = 1".into()),
        ("scale", "[generator]\nkind = \"microcircuit\"\nscale = 2\nseed = 3".into()),
        ("scale of rings", "[generator]\nkind = \"ring\"\nscale = 1".into()),
    ];
    insta::assert_snapshot!(told(&faults.each_ref().map(|(what, fault)| (*what, fault.as_str()))));
}

#[test]
fn stimuli_and_probes() {
    let clamp = |keys: &str| format!("[[stimuli]]\nkind = \"current_clamp\"\ncells = \"neurons\"\n{keys}");
    let probe = |keys: &str| format!("[[probes]]\nreport = \"a\"\ncells = \"neurons\"\n{keys}");
    let faults = [
        ("no pulse", clamp("start_ms = 1.0")),
        ("infinite", clamp("start_ms = 1.0\nduration_ms = inf\namplitude_nanoamp = 1.0")),
        ("mixed", clamp("start_ms = 1.0\npulses = []\nlevels = []\ntable = \"t.csv\"")),
        ("interpolation", clamp("table = \"wrong_places.csv\"\ninterval_ms = 1.0")),
        ("no interval", clamp("table = \"wrong_places.csv\"\ninterpolation = \"step\"")),
        (
            "order",
            clamp(
                "table = \"wrong_places.csv\"\ninterpolation = \"step\"\ntime_column = \"weight\"\ncolumn = \"source\"",
            ),
        ),
        ("place", clamp("start_ms = 1.0\nduration_ms = 1.0\namplitude_nanoamp = 1.0\nsection = \"dend\"")),
        (
            "source",
            "[[stimuli]]\nkind = \"voltage_clamp\"\ncells = \"inputs\"\nlevels = [{ duration_ms = 1, v_mv = 0 }]"
                .into(),
        ),
        ("levels", "[[stimuli]]\nkind = \"voltage_clamp\"\ncells = \"neurons\"\nstart_ms = 1".into()),
        ("variable", probe("variable = \"ikk\"")),
        ("mechanism", probe("variable = \"m\"\nmechanism = \"hhh\"")),
        ("interval", probe("variable = \"v\"\ninterval_ms = 0.03")),
        ("section", probe("variable = \"v\"\nsections = [\"soma\", \"axon[3]\"]")),
        ("carried", "[[probes]]\nreport = \"a\"\ncells = \"mutes\"\nvariable = \"m_hh\"".into()),
        (
            "carried there",
            "[[probes]]\nreport = \"a\"\ncells = \"mutes\"\nvariable = \"m_hh\"\nsections = [{ section = \"soma\" }]"
                .into(),
        ),
        ("twice", format!("{}\n{}", probe("variable = \"v\""), probe("variable = \"ina\""))),
        ("name", "[[probes]]\nreport = \"../a\"\ncells = \"inputs\"\nvariable = \"v\"".into()),
        ("synapse", probe("variable = \"g\"\nsynapse = \"inhibition\"")),
    ];
    insta::assert_snapshot!(told(&faults.each_ref().map(|(what, fault)| (*what, fault.as_str()))));
}

#[test]
fn all_at_once() {
    let text =
        format!("{}{}", HEAD.replace("10.0", "10.01"), CELLS.replace("length_um", "lenght_um").replace("size", "siz"));
    let found = problems(&text);
    assert_eq!(found.0.len(), 5, "{found}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(400), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_configs_do_not_panic(
        cuts in prop::collection::vec((0usize..20_000, 0usize..12, "[-a-z0-9\"\\[\\]{}=.,#\n]{0,6}"), 1..6)
    ) {
        let text = std::fs::read_to_string(common::root().join("configs/reference.toml")).unwrap();
        let mut characters: Vec<char> = text.chars().collect();
        for (start, length, put) in cuts {
            let start = start % characters.len();
            let end = (start + length).min(characters.len());
            characters.splice(start..end, put.chars());
        }
        let text: String = characters.into_iter().collect();
        let _ = common::recipe_of(&text);
    }

    #[test]
    fn formulas_do_not_panic(text in "[-+*/^() .,0-9a-z]{0,24}") {
        if let Ok(formula) = tianyan_io::config::Expression::parse(&text) {
            formula.evaluate(&[1.0, -2.0, f64::NAN]);
        }
    }
}
