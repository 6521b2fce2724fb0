//! The models of the repository, read as configs.

mod common;

use serde_json::Value;
use tianyan_io::config::TomlRecipe;
use tianyan_model::{Connections, Gid, KindId, Location, Probe, Quantity, Recipe, Shape, Stimuli, Values, Waveform};

fn read(model: &str) -> TomlRecipe {
    common::read(&format!("models/{model}"))
}

fn number(value: &Value) -> f64 {
    value.as_str().map_or_else(|| value.as_f64().unwrap(), |text| text.parse().unwrap())
}

#[test]
fn rings_equal_those_of_the_python_script() {
    let known: Value = serde_json::from_str(include_str!("config/ring8.json")).unwrap();
    let recipe = read("ring/ring_pas.toml");

    for (gid, wanted) in known["cells"].as_object().unwrap() {
        let gid: u32 = gid.parse().unwrap();
        let cell = recipe.cell(KindId(gid)).unwrap();
        let sections = &cell.morphology.sections[1..];
        assert_eq!(sections.len(), wanted["parent"].as_array().unwrap().len());
        for (i, section) in sections.iter().enumerate() {
            let parent = section.parent.unwrap();
            assert_eq!(parent.section as i64 - 1, wanted["parent"][i].as_i64().unwrap());
            assert_eq!(parent.x, 1.0);
            let (length_um, diameter_um) = (number(&wanted["length_um"][i]), number(&wanted["diameter_um"][i]));
            assert_eq!(section.shape, Shape::Cylinder { length_um, diameter_um });
            assert_eq!(f64::from(cell.compartments[i + 1]), number(&wanted["compartments"]));
        }
        let mut connections = Connections::default();
        recipe.connections_on(&[Gid(gid)], &mut connections).unwrap();
        for (i, input) in wanted["inputs"].as_array().unwrap().iter().enumerate() {
            assert_eq!(f64::from(connections.source[i].0), number(&input[0]));
            assert_eq!(connections.weight[i], number(&input[1]));
            assert_eq!(connections.delay_ms[i], number(&input[2]));
        }
    }
}

#[test]
fn rings_have_the_totals_of_the_python_script() {
    let known: Value = serde_json::from_str(include_str!("config/ring8.json")).unwrap();
    let recipe = read("ring/ring_hh.toml");
    let (mut branches, mut length, mut compartments, mut delay, mut sources) = (0, 0.0, 0, 0.0, 0u64);
    for gid in 0..128 {
        let cell = recipe.cell(KindId(gid)).unwrap();
        branches += cell.morphology.sections.len() - 1;
        length += cell.morphology.sections[1..].iter().map(|section| section.length_um()).sum::<f64>();
        compartments += cell.compartments[1..].iter().sum::<u32>();
        assert_eq!(cell.densities.len(), cell.morphology.sections.len());
        let mut connections = Connections::default();
        recipe.connections_on(&[Gid(gid)], &mut connections).unwrap();
        let kicked = gid % 16 == 0;
        assert_eq!(connections.source.len(), 11 + usize::from(kicked));
        if kicked {
            assert_eq!(connections.source[11], Gid(128 + gid / 16));
            assert_eq!((connections.weight[11], connections.delay_ms[11]), (0.04, 1.0));
        }
        delay += connections.delay_ms[..11].iter().sum::<f64>();
        sources += connections.source[..11].iter().zip(1..).map(|(source, i)| u64::from(source.0) * i).sum::<u64>();
    }
    assert_eq!(branches as u64, known["branches"].as_u64().unwrap());
    assert_eq!(u64::from(compartments), known["compartments"].as_u64().unwrap());
    assert_eq!(sources, known["sources"].as_u64().unwrap());
    assert!((length - number(&known["length_um"])).abs() < 1e-6);
    assert!((delay - number(&known["delay_ms"])).abs() < 1e-9);
    let mut spikes = Vec::new();
    recipe.source_spikes_on(&[Gid(5), Gid(128), Gid(135)], &mut spikes).unwrap();
    assert_eq!(spikes, [(Gid(128), vec![1.0]), (Gid(135), vec![1.0])]);
}

#[test]
fn a_batch_of_gids_is_the_sum_of_its_parts() {
    let recipe = read("ring/ring_pas.toml");
    let (mut whole, mut parts) = (Connections::default(), Connections::default());
    recipe.connections_on(&[Gid(3), Gid(16), Gid(17)], &mut whole).unwrap();
    for gid in [3, 16, 17] {
        recipe.connections_on(&[Gid(gid)], &mut parts).unwrap();
    }
    assert_eq!(whole.source, parts.source);
    assert_eq!(whole.synapse, parts.synapse);
    assert_eq!(whole.parameter_sets.len(), 1);
    assert_eq!(parts.parameter_sets.len(), 3);
}

#[test]
fn ball_and_stick_is_what_its_file_says() {
    let recipe = read("ball_and_stick/ball_and_stick.toml");
    let names: Vec<_> = recipe.mechanisms().iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["hh", "pas", "ExpSyn", "IClamp"]);
    let cell = recipe.cell(KindId(0)).unwrap();
    assert_eq!(cell.compartments, [1, 11]);
    assert_eq!(cell.ra_ohm_cm, [100.0, 100.0]);
    assert_eq!(cell.cm_uf_per_cm2, [Values::Uniform(1.0), Values::Uniform(1.0)]);
    assert_eq!(cell.densities.len(), 2);
    assert_eq!(cell.ions.len(), 2);

    let mut connections = Connections::default();
    recipe.connections_on(&[Gid(0), Gid(1)], &mut connections).unwrap();
    assert_eq!(connections.synapses.len(), 1);
    assert_eq!(connections.synapses[0].location, Location { section: 1, x: 0.5 });
    assert_eq!(connections.synapses[0].mechanism, 2);
    assert_eq!((connections.source.as_slice(), connections.weight[0]), (&[Gid(1)][..], 0.01));

    let mut stimuli = Stimuli::default();
    recipe.stimuli_on(&[Gid(0), Gid(1)], &mut stimuli).unwrap();
    let pulse = Waveform::Pulse { start_ms: 5.0, duration_ms: 2.0, amplitude: 0.5 };
    assert_eq!((stimuli.driven[0].parameter.as_str(), &stimuli.driven[0].waveform), ("amp", &pulse));

    let mut probes = Vec::new();
    recipe.probes_on(&[Gid(0), Gid(1)], &mut probes).unwrap();
    assert_eq!(probes.len(), 12 + 1 + 1);
    let place = |section, x| Probe {
        report: 0,
        gid: Gid(0),
        location: Location { section, x },
        instance: 0,
        element_id: section as u32,
    };
    assert_eq!(probes[..2], [place(0, 0.5), place(1, 0.5 / 11.0)]);
    let report = &recipe.reports()[2];
    let (mechanism, variable) = ("ExpSyn".to_string(), "i".to_string());
    assert_eq!(report.quantity, Quantity::PointProcess { mechanism, variable });
}
