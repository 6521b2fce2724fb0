//! configs/reference.toml shows every key, and runs.

mod common;

use common::{read, recipe_of};
use tianyan_io::config::schema_keys;
use tianyan_model::{Connections, Couplings, Gid, Probe, Recipe, Stimuli, Values, Waveform};

#[test]
fn every_key_of_the_schema_is_shown() {
    let text = std::fs::read_to_string(common::root().join("configs/reference.toml")).unwrap();
    let keys = schema_keys();
    assert!(keys.len() > 100, "{}", keys.len());
    let shown = |key: &str| {
        text.match_indices(key).any(|(start, _)| {
            let before = text[..start].chars().next_back().unwrap_or('\n');
            let after = text[start + key.len()..].trim_start();
            !(before.is_alphanumeric() || before == '_') && after.starts_with(['=', ']', '.'])
        })
    };
    let missing: Vec<_> = keys.iter().filter(|(_, key)| !shown(key)).collect();
    assert!(missing.is_empty(), "not in configs/reference.toml: {missing:?}");
}

#[test]
fn the_generator_of_the_reference_is_accepted() {
    let text = std::fs::read_to_string(common::root().join("configs/reference.toml")).unwrap();
    let generated = |text: &str| {
        let lines = text.lines().take_while(|line| *line != "#");
        let generator: String = lines.map(|line| format!("{}\n", line.trim_start_matches("# "))).collect();
        recipe_of(&format!("schema_version = 1\n[run]\nduration_ms = 1.0\n[generator]{generator}")).unwrap()
    };
    let mut generators = text.split("# [generator]").skip(1);
    assert_eq!(generated(generators.next().unwrap()).populations()[0].size, 256);
    let circuit = generated(generators.next().unwrap());
    let sizes: Vec<_> = circuit.populations().iter().map(|population| population.size).collect();
    assert_eq!(sizes, [2068, 583, 2192, 548, 485, 107, 1440, 295]);
}

#[test]
fn the_defaults_of_the_reference_are_those_of_the_code() {
    let config = "schema_version = 1\n[run]\nduration_ms = 20.0\n";
    let (bare, full) = (recipe_of(config).unwrap(), read("configs/reference.toml"));
    assert_eq!(bare.run(), full.run());
    assert_eq!(bare.config().output_directory(), std::path::Path::new("out/test"));
    assert_eq!(full.config().output_directory(), std::path::Path::new("out/reference"));
}

fn everybody(recipe: &dyn Recipe) -> Vec<Gid> {
    (0..recipe.populations().iter().map(|population| population.size).sum()).map(Gid).collect()
}

#[test]
fn populations_and_kinds_of_the_reference() {
    let recipe = read("configs/reference.toml");
    let sizes: Vec<_> = recipe.populations().iter().map(|p| (p.name.as_str(), p.first_gid.0, p.size)).collect();
    let wanted = [("pyramids", 0, 4), ("sticks", 4, 2), ("listed", 6, 2), ("inputs", 8, 2), ("recorded", 10, 3)];
    let wanted: Vec<_> = wanted.into_iter().chain([("points", 13, 10)]).collect();
    assert_eq!(sizes, wanted);
    assert_eq!(recipe.populations()[2].cell_names, ["L5A", "L5B"]);
    let mut kinds = Vec::new();
    recipe.kind_of(&everybody(&recipe), &mut kinds);
    assert_eq!(
        kinds.iter().map(|kind| kind.0).collect::<Vec<_>>(),
        [[0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 4].as_slice(), &[4; 9]].concat()
    );
    let mut trains = Vec::new();
    recipe.source_spikes_on(&everybody(&recipe), &mut trains).unwrap();
    let trains: Vec<_> = trains.into_iter().map(|(_, times)| times).collect();
    assert_eq!(trains, [vec![2.0, 5.0], vec![3.0], vec![4.0, 8.0], vec![6.0], vec![]]);
}

#[test]
fn cells_of_the_reference() {
    let recipe = read("configs/reference.toml");
    let cell = recipe.cell(tianyan_model::KindId(0)).unwrap();
    assert_eq!(cell.compartments, [1, 7, 4]);
    assert_eq!(cell.v_init_mv, [-65.0, -66.0, -65.0]);
    let pas = cell.densities.iter().find(|density| density.mechanism == "pas" && density.section == 2).unwrap();
    let Values::PerCompartment(g) = &pas.parameters[0].values else { panic!("{pas:?}") };
    // The middle of the first of four compartments of 20 um, behind half a soma of 20 um.
    assert_eq!(g[0], 0.0003 * (-(10.0 + 10.0) / 200.0f64).exp());
    assert_eq!(pas.parameters[1].values, Values::Uniform(-65.0));
    let stick = recipe.cell(tianyan_model::KindId(1)).unwrap();
    assert_eq!(stick.morphology.sections.len(), 2);
}

#[test]
fn connections_of_the_reference() {
    let recipe = read("configs/reference.toml");
    let mut found = Connections::default();
    recipe.connections_on(&everybody(&recipe), &mut found).unwrap();
    let target = |i: usize| found.synapses[found.synapse[i] as usize].gid.0;
    let rows: Vec<_> =
        (0..found.source.len()).map(|i| (found.source[i].0, target(i), found.weight[i], found.delay_ms[i])).collect();
    let wanted = [
        (8, 0, 0.02, 1.0),
        (9, 1, 0.02, 1.0),
        (0, 1, 0.01, 1.5),
        (1, 2, 0.01, 1.5),
        (10, 2, 0.015, 1.0),
        (11, 3, 0.005, 1.25),
        (2, 6, 0.01, 1.5),
    ];
    let (drawn, listed): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.1 >= 13);
    assert_eq!(listed, wanted);
    // 5 onto each of ten, 20 in all, and a tenth of 90; a voltage for each point neuron.
    let of = |weight: f64| drawn.iter().filter(|row| row.2 == weight).count();
    assert_eq!((of(-0.2), drawn.len() - of(-0.2) - of(0.1)), (20, 50));
    assert!((1..30).contains(&of(0.1)), "{}", of(0.1));
    assert!(drawn.iter().all(|row| row.2 > -0.3 && row.3 >= 0.1), "{drawn:?}");
    assert_eq!(found.parameter_sets.len(), 2 + 10);
    assert_eq!(found.synapses.len(), 4 + 3 + 10);
}

#[test]
fn couplings_of_the_reference() {
    let recipe = read("configs/reference.toml");
    let mut found = Couplings::default();
    recipe.couplings_on(&everybody(&recipe), &mut found).unwrap();
    assert_eq!(found.instances.len(), found.peers.len());
    let pair = |i: usize| (found.instances[i].gid.0, found.peers[i].gid.0);
    let pairs: Vec<_> = (0..found.peers.len()).map(pair).collect();
    let graded = [(0, 6), (1, 0)];
    assert!(graded.iter().all(|pair| pairs.contains(pair)));
    let is_gap = |i: usize| recipe.mechanisms()[found.instances[i].mechanism].name == "gap_junction";
    let set = |i: usize| &found.parameter_sets[found.instances[i].parameter_set];
    for i in (0..pairs.len()).filter(|i| is_gap(*i)) {
        let other = (0..pairs.len()).find(|&j| is_gap(j) && pairs[j] == (pairs[i].1, pairs[i].0)).unwrap();
        assert_eq!(set(i), set(other));
    }
    // Six pairs among four pyramids and one of the table, two halves each, and the graded ones.
    assert_eq!(pairs.len(), 2 * 6 + 2 + 2);
    let weight = |i: usize| &set(i)[0].values;
    assert_eq!(weight(pairs.iter().position(|pair| *pair == (0, 6)).unwrap()), &Values::Uniform(0.0015));
    assert_eq!(weight(pairs.iter().position(|pair| *pair == (7, 6)).unwrap()), &Values::Uniform(0.0002));
}

#[test]
fn stimuli_of_the_reference() {
    let recipe = read("configs/reference.toml");
    let mut found = Stimuli::default();
    recipe.stimuli_on(&everybody(&recipe), &mut found).unwrap();
    assert_eq!((found.random.len(), found.random[9].gid, found.random[0].rate_hz), (10, Gid(22), 800.0));
    let gids: Vec<_> = found.instances.iter().map(|instance| instance.gid.0).collect();
    assert_eq!(gids, [0, 1, 4, 5, 6, 7]);
    let of = |gid: u32| {
        let instance = gids.iter().position(|found| *found == gid).unwrap() as u32;
        found.driven.iter().filter(move |driven| driven.instance == instance).collect::<Vec<_>>()
    };
    assert_eq!(of(6)[0].waveform, Waveform::Step { start_ms: 0.0, interval_ms: 0.5, samples: vec![0.01, 0.01, 0.0] });
    assert_eq!(of(7)[0].waveform, Waveform::Step { start_ms: 0.0, interval_ms: 0.5, samples: vec![0.0, 0.005, 0.005] });
    assert_eq!(of(4)[0].waveform, Waveform::Linear(vec![(0.0, 0.0), (5.0, 0.01), (10.0, 0.0)]));
    let clamp: Vec<_> = of(5).iter().map(|driven| driven.parameter.as_str()).collect();
    assert_eq!(clamp, ["vc", "on"]);
    assert_eq!(of(5)[0].waveform.value(7.0, 0.0), -40.0);
    assert_eq!((of(5)[1].waveform.value(9.9, 0.0), of(5)[1].waveform.value(10.0, 0.0)), (1.0, 0.0));
}

#[test]
fn probes_of_the_reference() {
    let recipe = read("configs/reference.toml");
    let mut probes: Vec<Probe> = Vec::new();
    recipe.probes_on(&everybody(&recipe), &mut probes).unwrap();
    assert_eq!(probes.len(), 4 + 4 + 4);
    assert!(probes.windows(2).all(|pair| (pair[0].report, pair[0].gid) < (pair[1].report, pair[1].gid)));
    let names: Vec<_> = recipe.reports().iter().map(|report| report.variable.as_str()).collect();
    assert_eq!(names, ["v", "m_hh", "i"]);
}
