use std::path::Path;

use tianyan_model::*;

use super::*;
use tianyan_nmodl::MechanismKind;

/// Two cells with a synapse and a gap junction, a source and a clamp.
struct Pair {
    populations: Vec<Population>,
    run: RunSettings,
    mechanisms: Vec<MechanismSource>,
    reports: Vec<Report>,
}

const MECHANISMS: [(&str, &str, bool); 5] = [
    ("hh", include_str!("../../../tianyan-nmodl/mechanisms/hh.mod"), false),
    ("pas", include_str!("../../../tianyan-nmodl/mechanisms/pas.mod"), false),
    ("ExpSyn", include_str!("../../../tianyan-nmodl/mechanisms/expsyn.mod"), true),
    ("gap_junction", include_str!("../../../tianyan-nmodl/mechanisms/celegans/gap_junction.mod"), true),
    ("IClamp", include_str!("../../../tianyan-nmodl/mechanisms/iclamp.mod"), true),
];

fn pair() -> Pair {
    let population = |name: &str, first_gid, size| Population {
        name: name.into(),
        first_gid: Gid(first_gid),
        size,
        cell_names: Vec::new(),
    };
    let source = |(name, text, _): (&str, &str, bool)| MechanismSource {
        name: name.into(),
        origin: format!("shipped:{name}"),
        text: text.into(),
    };
    Pair {
        populations: vec![population("cells", 0, 2), population("input", 2, 1)],
        run: RunSettings {
            duration_ms: 20.0,
            dt_ms: 0.025,
            temperature_celsius: 6.3,
            second_order: SecondOrder::Off,
            current_derivative: CurrentDerivative::Neuron,
            seed: 1,
            self_events: 16,
            tables: false,
            rate_error: None,
            synapses: tianyan_model::Synapses::Merged,
            precision: Default::default(),
        },
        mechanisms: MECHANISMS.map(source).to_vec(),
        reports: vec![Report {
            name: "v".into(),
            quantity: Quantity::Voltage,
            variable: "v".into(),
            unit: "mV".into(),
            rows: Rows::every(0.025),
            double: true,
        }],
    }
}

fn parameter(name: &str, value: f64) -> Parameter {
    Parameter { name: name.into(), values: Values::Uniform(value) }
}

fn process(gid: u32, section: usize, mechanism: usize) -> PointProcess {
    let location = Location { section, x: 0.5 };
    PointProcess { gid: Gid(gid), location, mechanism, parameter_set: 0 }
}

fn ball_and_stick() -> Cell {
    let point = |x_um| Point { x_um, y_um: 0.0, z_um: 0.1, diameter_um: 2.0 };
    let section =
        |name: &str, parent, shape| Section { name: name.into(), section_type: SectionType::Soma, parent, shape };
    let soma = section("soma", None, Shape::Cylinder { length_um: 20.0, diameter_um: 20.0 });
    let dendrite =
        section("dend[0]", Some(Attachment { section: 0, x: 1.0 }), Shape::Points(vec![point(20.0), point(120.0)]));
    let per_compartment = Values::PerCompartment(vec![0.001, 0.002, 0.0015, 0.001]);
    Cell {
        morphology: Morphology { sections: vec![soma, dendrite] },
        compartments: vec![1, 4],
        cm_uf_per_cm2: vec![Values::Uniform(1.0), Values::PerCompartment(vec![1.0, 2.0, 3.0, 4.0])],
        ra_ohm_cm: vec![100.0, 150.0],
        v_init_mv: vec![-65.0, -60.0],
        densities: vec![
            Density { mechanism: "hh".into(), section: 0, parameters: vec![parameter("gnabar", 0.11)] },
            Density {
                mechanism: "pas".into(),
                section: 1,
                parameters: vec![Parameter { name: "g".into(), values: per_compartment }],
            },
        ],
        ions: vec![IonSetting { variable: "ena".into(), section: 0, value: 52.0 }],
        detector: Some(Detector { location: Location { section: 0, x: 0.5 }, threshold_mv: 0.0 }),
    }
}

impl Recipe for Pair {
    fn populations(&self) -> &[Population] {
        &self.populations
    }
    fn run(&self) -> &RunSettings {
        &self.run
    }
    fn mechanisms(&self) -> &[MechanismSource] {
        &self.mechanisms
    }
    fn reports(&self) -> &[Report] {
        &self.reports
    }
    fn kinds(&self) -> usize {
        2
    }
    fn kind_of(&self, gids: &[Gid], kinds: &mut Vec<KindId>) {
        kinds.extend(gids.iter().map(|gid| KindId(u32::from(gid.0 == 2))));
    }
    fn cell(&self, kind: KindId) -> Result<Cell, Problems> {
        Ok(if kind.0 == 0 { ball_and_stick() } else { Cell::default() })
    }
    fn source_spikes_on(&self, _: &[Gid], out: &mut Vec<(Gid, Vec<f64>)>) -> Result<(), Problems> {
        out.push((Gid(2), vec![3.0, 9.5]));
        Ok(())
    }
    fn connections_on(&self, _: &[Gid], out: &mut Connections) -> Result<(), Problems> {
        out.synapses = vec![process(0, 1, 2), process(1, 1, 2)];
        out.parameter_sets = vec![vec![parameter("tau", 2.0)]];
        (out.source, out.synapse) = (vec![Gid(2), Gid(0)], vec![0, 1]);
        (out.delay_ms, out.weight) = (vec![1.0, 2.0], vec![0.01, 0.02]);
        Ok(())
    }
    fn couplings_on(&self, _: &[Gid], out: &mut Couplings) -> Result<(), Problems> {
        out.instances = vec![process(0, 1, 3), process(1, 1, 3)];
        out.parameter_sets = vec![vec![parameter("weight", 1e-4)]];
        let peer = |instance, gid| Peer {
            instance,
            pointer: "vpre".into(),
            gid: Gid(gid),
            location: Location { section: 1, x: 0.5 },
            quantity: Quantity::Voltage,
        };
        out.peers = vec![peer(0, 1), peer(1, 0)];
        Ok(())
    }
    fn stimuli_on(&self, _: &[Gid], out: &mut Stimuli) -> Result<(), Problems> {
        out.instances = vec![process(1, 0, 4)];
        out.parameter_sets = vec![Vec::new()];
        let waveform = Waveform::Pulse { start_ms: 12.0, duration_ms: 2.0, amplitude: 1.0 };
        out.driven = vec![Driven { instance: 0, parameter: "amp".into(), waveform }];
        Ok(())
    }
    fn probes_on(&self, _: &[Gid], out: &mut Vec<Probe>) -> Result<(), Problems> {
        let probe = |gid, section, x| Probe {
            report: 0,
            gid: Gid(gid),
            location: Location { section, x },
            instance: 0,
            element_id: section as u32,
        };
        out.extend([probe(0, 0, 0.5), probe(0, 1, 1.0), probe(1, 0, 0.5)]);
        Ok(())
    }
}

fn export(directory: &Path) -> Vec<PathBuf> {
    let mechanism = |(name, text, point_process): (&str, &str, bool)| ExportMechanism {
        name: name.into(),
        text: text.into(),
        kind: if point_process { MechanismKind::PointProcess } else { MechanismKind::Density },
        streams: Vec::new(),
        function_tables: Vec::new(),
    };
    export_neuron(&pair(), &MECHANISMS.map(mechanism), directory).unwrap()
}

#[test]
fn a_folder_holds_all_that_neuron_needs() {
    let folder = tempfile::tempdir().unwrap();
    let files = export(folder.path());
    assert!(files.iter().all(|file| file.exists()));
    assert_eq!(files.len(), MECHANISMS.len() + 2);
    let hh = fs::read_to_string(folder.path().join("mods/m000_hh.mod")).unwrap();
    assert!(hh.contains("SUFFIX hh_tianyan"));
    let gap = fs::read_to_string(folder.path().join("mods/m003_gap_junction.mod")).unwrap();
    assert_eq!(gap, MECHANISMS[3].1);
}

#[test]
fn the_network_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    export(folder.path());
    let text = fs::read_to_string(folder.path().join("network.json")).unwrap();
    let network: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(network["kinds"][0]["sections"][1]["hoc_name"], "dend_0");
    assert_eq!(network["kinds"][0]["sections"][1]["cm_uf_per_cm2"][3], 4.0);
    assert_eq!(network["kind_of"], serde_json::json!([0, 0, 1]));
    assert_eq!(network["synapses"]["gid"], serde_json::json!([0, 1]));
    assert_eq!(network["connections"]["weight"][1], 0.02);
    assert_eq!(network["peers"][1]["gid"], 0);
    assert_eq!(network["driven"][0]["waveform"]["pulses"][0][2], 1.0);
    assert_eq!(network["source_spikes"][0]["times_ms"][1], 9.5);
    assert_eq!(network["reports"][0]["x"], serde_json::json!([0.5, 1.0, 0.5]));
}

#[test]
fn an_unwritable_folder_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let problems = export_neuron(&pair(), &[], &file).unwrap_err();
    assert_eq!(problems.0[0].code, "export-write");
}

/// For a look at a whole export: the folder in TIANYAN_EXPORT_TO is filled.
#[test]
#[ignore = "writes where it is told"]
fn write_the_pair() {
    if let Some(folder) = std::env::var_os("TIANYAN_EXPORT_TO") {
        export(Path::new(&folder));
    }
}
