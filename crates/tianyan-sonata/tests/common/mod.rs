//! A small network on disk: two biophysical cells, a point neuron and two virtual nodes, with edges of all sorts.

#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};

use hdf5::types::VarLenUnicode;
use hdf5::{File, Group};
use tianyan_model::{Connections, Gid, Problems, Recipe};
use tianyan_sonata::{Overrides, SonataRecipe};

/// A network in a folder of its own.
pub struct Network {
    pub folder: tempfile::TempDir,
}

const SWC: &str = "1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 105 0 0 1 2\n4 4 0 5 0 1 1\n5 4 0 85 0 1 4\n6 2 0 -5 0 1 1\n7 2 0 -55 0 0.5 6\n";

const FIT: &str = r#"{
  "passive": [{"ra": 100.0, "e_pas": -70.0, "cm": [
    {"section": "soma", "cm": 1.0}, {"section": "axon", "cm": 1.0},
    {"section": "dend", "cm": 2.0}, {"section": "apic", "cm": 2.0}]}],
  "conditions": [{"erev": [{"section": "soma", "ena": 53.0, "ek": -107.0}]}],
  "genome": [
    {"section": "soma", "name": "g_pas", "value": 1e-4, "mechanism": ""},
    {"section": "soma", "name": "gnabar_hh", "value": "0.12", "mechanism": "hh"}]
}"#;

const CONFIG: &str = r#"{
  "manifest": {"$BASE": ".", "$NET": "$BASE/network"},
  "run": {"tstop": 20.0, "dt": 0.1, "dL": 20.0, "spike_threshold": -15.0},
  "conditions": {"celsius": 34.0, "v_init": -70.0},
  "output": {"output_dir": "$BASE/output", "spikes_file": "spikes.h5"},
  "components": {
    "morphologies_dir": "$BASE/components", "biophysical_neuron_models_dir": "$BASE/components",
    "synaptic_models_dir": "$BASE/components", "point_neuron_models_dir": "$BASE/components",
    "mechanisms_dir": "$BASE/components"
  },
  "networks": {
    "nodes": [
      {"nodes_file": "$NET/cells_nodes.h5", "node_types_file": "$NET/cells_node_types.csv"},
      {"nodes_file": "$NET/input_nodes.h5", "node_types_file": "$NET/input_node_types.csv"}
    ],
    "edges": [
      {"edges_file": "$NET/cells_edges.h5", "edge_types_file": "$NET/cells_edge_types.csv"},
      {"edges_file": "$NET/input_edges.h5", "edge_types_file": "$NET/input_edge_types.csv"}
    ]
  },
  "inputs": {
    "spikes": {"input_type": "spikes", "module": "sonata", "input_file": "$BASE/spikes.h5", "node_set": "input"},
    "clamp": {"input_type": "current_clamp", "module": "IClamp", "node_set": {"model_type": "biophysical"},
              "amp": 0.1, "delay": 5.0, "duration": 5.0}
  },
  "reports": {
    "v": {"module": "membrane_report", "cells": "cells", "variable_name": "v", "sections": "soma"}
  }
}"#;

impl Network {
    /// The network, as it should be.
    pub fn new() -> Network {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let network = Network { folder };
        for sub in ["network", "components"] {
            fs::create_dir(network.path(sub)).expect("a folder");
        }
        network.write("config.json", CONFIG);
        network.write("components/cell.swc", SWC);
        network.write("components/fit.json", FIT);
        network.write("components/lif.json", r#"{"tau": 0.02, "refrac": 0.003}"#);
        network.write("components/exc.json", r#"{"erev": 0.0, "tau1": 1.0, "tau2": 3.0}"#);
        network.write("components/point.json", r#"{"sign": 1}"#);
        network.write(
            "network/cells_node_types.csv",
            "node_type_id model_type model_template morphology dynamics_params model_processing\n\
             100 biophysical ctdb:Biophys1.hoc cell fit.json aibs_perisomatic\n\
             101 point_neuron nrn:IntFire1 NULL lif.json NULL\n",
        );
        network.write("network/input_node_types.csv", "node_type_id model_type\n200 virtual\n");
        network.write(
            "network/cells_edge_types.csv",
            "edge_type_id syn_weight delay model_template dynamics_params target_sections distance_range\n\
             1 0.001 2.0 exp2syn exc.json \"['basal', 'apical']\" \"[0.0, 150.0]\"\n\
             2 0.5 2.0 NULL point.json NULL NULL\n",
        );
        network.write(
            "network/input_edge_types.csv",
            "edge_type_id syn_weight delay model_template dynamics_params\n7 0.002 0.0 exp2syn exc.json\n",
        );
        network.nodes("network/cells_nodes.h5", "cells", &[100, 100, 101]);
        network.nodes("network/input_nodes.h5", "input", &[200, 200]);
        network.edges("network/cells_edges.h5", ("cells", "cells"), &[0, 1, 0], &[1, 0, 2], &[1, 1, 2], |group| {
            column(group, "nsyns", &[3u32, 2, 1]);
        });
        network.edges("network/input_edges.h5", ("input", "cells"), &[0, 1], &[0, 1], &[7, 7], |group| {
            column(group, "afferent_section_id", &[1u32, 2]);
            column(group, "afferent_section_pos", &[0.5f64, 0.25]);
        });
        let file = File::create(network.path("spikes.h5")).expect("a file");
        let group = file.create_group("spikes").and_then(|spikes| spikes.create_group("input")).expect("a group");
        column(&group, "timestamps", &[3.0f64, 4.0, 9.0]);
        column(&group, "node_ids", &[0u64, 1, 0]);
        network
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a text.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    /// Replaces text in a file; it must be there.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).expect("a file");
        assert!(text.contains(from), "{name} does not contain {from}");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// Changes an HDF5 file.
    pub fn change(&self, name: &str, change: impl FnOnce(&File)) {
        change(&File::append(self.path(name)).expect("an HDF5 file"));
    }

    /// Replaces a dataset.
    pub fn replace<T: hdf5::H5Type>(&self, name: &str, dataset: &str, values: &[T]) {
        self.change(name, |file| {
            let (group, short) = dataset.rsplit_once('/').expect("a path");
            let group = file.group(group).expect("a group");
            let attribute = group
                .dataset(short)
                .and_then(|d| d.attr("node_population"))
                .and_then(|a| a.read_scalar::<VarLenUnicode>());
            group.unlink(short).expect("a dataset");
            column(&group, short, values);
            if let Ok(population) = attribute {
                text(&group.dataset(short).expect("a dataset"), "node_population", &population);
            }
        });
    }

    fn nodes(&self, name: &str, population: &str, types: &[u64]) {
        let file = File::create(self.path(name)).expect("a file");
        let group = file.create_group("nodes").and_then(|nodes| nodes.create_group(population)).expect("a group");
        let count = types.len() as u64;
        column(&group, "node_type_id", types);
        column(&group, "node_id", &(0..count).collect::<Vec<u64>>());
        column(&group, "node_group_id", &vec![0u32; types.len()]);
        column(&group, "node_group_index", &(0..count).collect::<Vec<u64>>());
        let own = group.create_group("0").expect("a group");
        column(&own, "x", &(0..count).map(|i| i as f64).collect::<Vec<f64>>());
    }

    fn edges(
        &self,
        name: &str,
        (source, target): (&str, &str),
        from: &[u64],
        to: &[u64],
        types: &[u32],
        own: impl Fn(&Group),
    ) {
        let file = File::create(self.path(name)).expect("a file");
        let group = file.create_group("edges").and_then(|edges| edges.create_group("population")).expect("a group");
        column(&group, "source_node_id", from);
        column(&group, "target_node_id", to);
        column(&group, "edge_type_id", types);
        column(&group, "edge_group_id", &vec![0u16; from.len()]);
        column(&group, "edge_group_index", &(0..from.len() as u64).collect::<Vec<u64>>());
        text(&group.dataset("source_node_id").expect("a dataset"), "node_population", source);
        text(&group.dataset("target_node_id").expect("a dataset"), "node_population", target);
        own(&group.create_group("0").expect("a group"));
    }

    /// Opens the config and asks for all connections, stimuli and probes, as a run does.
    pub fn open(&self) -> Result<(SonataRecipe, Problems), Problems> {
        open(&self.path("config.json"))
    }

    /// What a user would read, with the folder's name taken out.
    pub fn said(&self) -> String {
        let text = match self.open() {
            Ok((_, warnings)) => {
                let warnings: Vec<String> = warnings.0.iter().map(|warning| warning.as_warning().to_string()).collect();
                format!("no error\n{}", warnings.join("\n"))
            }
            Err(problems) => problems.to_string(),
        };
        text.replace(&self.folder.path().display().to_string(), "DIR")
    }
}

/// Opens a config and asks for everything.
pub fn open(config: &Path) -> Result<(SonataRecipe, Problems), Problems> {
    let (recipe, warnings) = SonataRecipe::open(config, Overrides::default(), &shipped)?;
    let cells: u32 = recipe.populations().iter().map(|population| population.size).sum();
    let gids: Vec<Gid> = (0..cells).map(Gid).collect();
    let mut problems = Problems::default();
    problems.take(recipe.connections_on(&gids, &mut Connections::default()));
    problems.take(recipe.couplings_on(&gids, &mut Default::default()));
    problems.take(recipe.stimuli_on(&gids, &mut Default::default()));
    problems.take(recipe.probes_on(&gids, &mut Vec::new()));
    problems.or((recipe, warnings))
}

/// Mechanisms that come with Tianyan.
pub fn shipped(name: &str) -> Option<(String, String)> {
    let (file, text) = tianyan_nmodl::shipped::source(name)?;
    Some((format!("shipped:{file}"), text.to_string()))
}

pub fn column<T: hdf5::H5Type>(group: &Group, name: &str, values: &[T]) {
    group.new_dataset_builder().with_data(values).create(name).expect("a dataset");
}

pub fn text(place: &hdf5::Location, name: &str, value: &str) {
    let value: VarLenUnicode = value.parse().expect("text");
    let attribute = place.new_attr::<VarLenUnicode>().shape(()).create(name).expect("an attribute");
    attribute.write_scalar(&value).expect("an attribute");
}
