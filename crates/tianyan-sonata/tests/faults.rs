//! What users get wrong: each fault has its message, with its place and its cure.

mod common;

use common::{Network, column, text};

/// The message of a network with one fault.
macro_rules! fault {
    ($name:literal, $break:expr) => {{
        let network = Network::new();
        let damage: fn(&Network) = $break;
        damage(&network);
        insta::assert_snapshot!($name, network.said());
    }};
}

#[test]
fn the_network_itself_is_fine() {
    assert_eq!(Network::new().said(), "no error\n");
}

#[test]
fn mechanisms() {
    fault!("mechanism_missing", |n| n.edit("components/fit.json", r#""mechanism": "hh""#, r#""mechanism": "hhh""#));
    fault!("parameter_unknown", |n| n.edit("components/fit.json", "g_pas", "gg_pass"));
    fault!("parameter_not_a_number", |n| n.edit("components/fit.json", "1e-4", "\"nan\""));
    fault!("template_hoc", |n| n.edit("network/cells_node_types.csv", "ctdb:Biophys1.hoc", "hoc:MyCell"));
    fault!("template_unknown", |n| n.edit("network/cells_node_types.csv", "ctdb:Biophys1.hoc", "ctdb:Biophys2"));
    fault!("processing_python", |n| n.edit("network/cells_node_types.csv", "aibs_perisomatic", "my_function"));
    fault!("synapse_python", |n| n.edit("network/cells_edge_types.csv", "exp2syn", "my_synapse"));
    fault!("model_type", |n| n.edit("network/cells_node_types.csv", "point_neuron", "point_neurone"));
}

#[test]
fn nodes_and_edges() {
    fault!("edge_out_of_range", |n| n.replace(
        "network/cells_edges.h5",
        "edges/population/target_node_id",
        &[1u64, 0, 99]
    ));
    fault!("node_twice", |n| n.replace("network/cells_nodes.h5", "nodes/cells/node_id", &[0u64, 1, 1]));
    fault!("lengths", |n| n.replace("network/cells_edges.h5", "edges/population/edge_type_id", &[1u32, 1]));
    fault!("lengths_of_group", |n| n.replace(
        "network/input_edges.h5",
        "edges/population/0/afferent_section_pos",
        &[0.5f64]
    ));
    fault!("population_missing", |n| n.change("network/input_edges.h5", |file| {
        file.dataset("edges/population/source_node_id").unwrap().delete_attr("node_population").unwrap();
    }));
    fault!("population_unknown", |n| n.change("network/input_edges.h5", |file| {
        let dataset = file.dataset("edges/population/source_node_id").unwrap();
        dataset.delete_attr("node_population").unwrap();
        text(&dataset, "node_population", "inputs");
    }));
    fault!("type_without_row", |n| n.replace(
        "network/cells_nodes.h5",
        "nodes/cells/node_type_id",
        &[100u64, 105, 101]
    ));
    fault!("edge_type_without_row", |n| n.replace(
        "network/cells_edges.h5",
        "edges/population/edge_type_id",
        &[1u32, 1, 9]
    ));
    fault!("delay_negative", |n| n.edit("network/cells_edge_types.csv", "1 0.001 2.0", "1 0.001 -2.0"));
    fault!("delay_nan", |n| n.change("network/cells_edges.h5", |file| {
        column(&file.group("edges/population/0").unwrap(), "delay", &[f64::NAN, 2.0, 2.0]);
    }));
    fault!("delay_below_dt", |n| n.edit("network/cells_edge_types.csv", "1 0.001 2.0", "1 0.001 0.05"));
    fault!("delay_zero", |n| n.edit("network/cells_edge_types.csv", "1 0.001 2.0", "1 0.001 0.0"));
    fault!("section_id", |n| n.replace(
        "network/input_edges.h5",
        "edges/population/0/afferent_section_id",
        &[1u32, 40]
    ));
    fault!("section_pos", |n| n.replace(
        "network/input_edges.h5",
        "edges/population/0/afferent_section_pos",
        &[1.5f64, 0.5]
    ));
    fault!("weight_function", |n| n.edit("network/cells_edge_types.csv", "syn_weight", "weight_function"));
    fault!("gap_junction_alone", |n| n.change("network/cells_edges.h5", |file| {
        column(&file.group("edges/population/0").unwrap(), "is_gap_junction", &[0u8, 0, 1]);
    }));
}

#[test]
fn files() {
    fault!("no_json", |n| n.edit("config.json", "\"tstop\": 20.0,", "\"tstop\": 20.0"));
    fault!("nodes_are_text", |n| n.write("network/cells_nodes.h5", "no HDF5"));
    fault!("nodes_cut_short", |n| {
        let bytes = std::fs::read(n.path("network/cells_nodes.h5")).unwrap();
        std::fs::write(n.path("network/cells_nodes.h5"), &bytes[..200]).unwrap();
    });
    fault!("types_too_wide", |n| n.edit(
        "network/cells_edge_types.csv",
        "\"['basal', 'apical']\"",
        "['basal', 'apical']"
    ));
    fault!("file_missing", |n| std::fs::remove_file(n.path("network/cells_edges.h5")).unwrap());
    fault!("morphology_missing", |n| std::fs::remove_file(n.path("components/cell.swc")).unwrap());
    fault!("spike_units", |n| n.change("spikes.h5", |file| {
        text(&file.dataset("spikes/input/timestamps").unwrap(), "units", "furlongs");
    }));
    fault!("spike_negative", |n| n.replace("spikes.h5", "spikes/input/timestamps", &[3.0f64, -4.0, 9.0]));
    fault!("spike_lengths", |n| n.replace("spikes.h5", "spikes/input/node_ids", &[0u64, 1]));
}

#[test]
fn config() {
    fault!("manifest_circular", |n| n.edit("config.json", "\"$BASE\": \".\"", "\"$BASE\": \"$NET/..\""));
    fault!("manifest_missing", |n| n.edit(
        "config.json",
        "\"$NET\": \"$BASE/network\"",
        "\"$NETWORK\": \"$BASE/network\""
    ));
    fault!("unknown_keys", |n| n.edit("config.json", "\"dL\"", "\"dl\""));
    fault!("tstop_no_multiple", |n| n.edit("config.json", "20.0", "20.03"));
    fault!("report_interval", |n| n.edit(
        "config.json",
        "\"sections\": \"soma\"",
        "\"sections\": \"soma\", \"dt\": 0.25"
    ));
    fault!("report_variable", |n| n.edit("config.json", "\"variable_name\": \"v\"", "\"variable_name\": \"vv\""));
    fault!("conditions_missing", |n| n.edit("config.json", "\"celsius\": 34.0, ", ""));
    fault!("node_set_unknown", |n| n.edit("config.json", "\"node_set\": \"input\"", "\"node_set\": \"inputs\""));
    fault!("clamp_lists", |n| n.edit("config.json", "\"amp\": 0.1", "\"amp\": [0.1, 0.2]"));
    fault!("clamp_on_point_neurons", |n| n.edit("config.json", "{\"model_type\": \"biophysical\"}", "\"cells\""));
    fault!("python_function", |n| n.edit("config.json", "\"module\": \"sonata\"", "\"module\": \"function\""));
    fault!("several_at_once", |n| {
        n.edit("config.json", "20.0", "\"long\"");
        n.edit("config.json", "-70.0", "\"low\"");
        n.edit("config.json", "cells_edges.h5", "cells_edgez.h5");
    });
}

/// What BMTK passes over in silence is told.
#[test]
fn silences() {
    fault!("sigma_zero", |n| {
        let csv = "network/cells_edge_types.csv";
        n.edit(csv, "distance_range", "distance_range weight_function weight_sigma");
        n.edit(csv, "\"[0.0, 150.0]\"", "\"[0.0, 150.0]\" gaussianLL 0.0");
        n.change("network/cells_nodes.h5", |file| {
            column(&file.group("nodes/cells/0").unwrap(), "tuning_angle", &[0.0f64, 90.0, 0.0]);
        });
    });
    fault!("synapses_without_a_place", |n| n.edit("network/cells_edge_types.csv", "[0.0, 150.0]", "[900.0, 950.0]"));
    fault!("column_misspelt", |n| n.edit("network/cells_edge_types.csv", "distance_range", "distance_rang"));
    fault!("compartments_too_short", |n| n.edit("config.json", "\"dL\": 20.0", "\"dL\": 1e-4"));
    fault!("key_misspelt", |n| n.edit("config.json", "\"tstop\"", "\"tsop\""));
    fault!("circuit_alone", |n| {
        n.edit("config.json", "\"run\"", "\"_run\"");
        n.edit("config.json", "\"conditions\"", "\"_conditions\"");
    });
    fault!("simulation_alone", |n| n.edit("config.json", "\"networks\"", "\"_networks\""));
    fault!("meant_for_nest", |n| {
        n.edit("config.json", "\"conditions\"", "\"target_simulator\": \"NEST\", \"_conditions\"");
    });
    fault!("input_type", |n| n.edit("config.json", "\"input_type\": \"spikes\"", "\"input_type\": \"spike\""));
    fault!("no_mechanisms_dir", |n| n.edit("config.json", "\"$BASE/components\"\n  }", "\"$BASE/mods\"\n  }"));
    fault!("no_synaptic_models_dir", |n| n.edit(
        "config.json",
        "\"synaptic_models_dir\": \"$BASE/c",
        "\"synaptic_models_dir\": \"$BASE/synaptic_c"
    ));
    fault!("nodes_that_are_nowhere", |n| n.edit("config.json", "\"cells\": \"cells\"", "\"cells\": [0, 98, 99]"));
    fault!("cells_empty", |n| n.edit("config.json", "\"cells\": \"cells\"", "\"cells\": []"));
    fault!("sections_unknown", |n| n.edit(
        "config.json",
        "\"sections\": \"soma\"",
        "\"sections\": [\"basal dendrite\", \"spine\"]"
    ));
    fault!("synapse_type", |n| n.edit(
        "config.json",
        "\"membrane_report\"",
        "\"netcon_report\", \"syn_type\": \"AMPA\""
    ));
    fault!("clamp_kind", |n| n.edit("config.json", "\"membrane_report\"", "\"clamp_report\""));
    fault!("clamp_of_no_kind", |n| {
        n.edit("config.json", "\"membrane_report\"", "\"clamp_report\"");
        n.edit("config.json", "\"variable_name\": \"v\"", "\"variable_name\": \"se\"");
    });
    fault!("edges_twice", |n| {
        let input = "{\"edges_file\": \"$NET/input_edges.h5\", \"edge_types_file\": \"$NET/input_edge_types.csv\"}";
        n.edit("config.json", input, &format!("{input}, {input}"));
    });
    fault!("clamp_negative", |n| n.edit("config.json", "\"duration\": 5.0", "\"duration\": -5.0"));
    fault!("clamp_section", |n| n.edit("config.json", "\"amp\": 0.1", "\"amp\": 0.1, \"section_name\": \"dendrite\""));
    fault!("report_begins_too_late", |n| n.edit(
        "config.json",
        "\"sections\": \"soma\"",
        "\"sections\": \"soma\", \"start_time\": 20.0"
    ));
    fault!("spikes_of_strangers", |n| n.change("spikes.h5", |file| {
        file.group("spikes").and_then(|spikes| spikes.relink("input", "other")).unwrap();
    }));
    fault!("activity_of_nobody", |n| n.edit(
        "config.json",
        "\"clamp\"",
        "\"own\": {\"input_type\": \"syn_activity\", \"module\": \"syn_activity\", \"timestamps\": [5.0],
                 \"precell_filter\": {\"pop\": \"x\"}}, \"clamp\""
    ));
}
