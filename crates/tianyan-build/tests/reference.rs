//! configs/build.toml shows every key, its defaults are those of the code, and it builds; so does models/v1.

mod common;

use std::path::{Path, PathBuf};

use tianyan_build::{BuildOptions, Plan, parse, read, schema_keys};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_key_of_the_schema_is_shown() {
    let text = std::fs::read_to_string(root().join("configs/build.toml")).expect("the reference");
    let keys = schema_keys();
    assert!(keys.len() > 90, "{}", keys.len());
    let shown = |key: &str| {
        text.match_indices(key).any(|(start, _)| {
            let before = text[..start].chars().next_back().unwrap_or('\n');
            let after = text[start + key.len()..].trim_start();
            !(before.is_alphanumeric() || before == '_') && after.starts_with(['=', ']', '.'])
        })
    };
    let missing: Vec<_> = keys.iter().filter(|(_, key)| !shown(key)).collect();
    assert!(missing.is_empty(), "not in configs/build.toml: {missing:?}");
}

#[test]
fn defaults_of_the_reference_are_those_of_the_code() {
    let full = read(&root().join("configs/build.toml")).unwrap_or_else(|problems| panic!("{problems}")).document;
    let bare = "schema_version = 1\n[simulation]\n[components]\n[populations.a.types.a]\ncount = 1\nmodel_type = \"virtual\"\n\
                geometry = { shape = \"sphere\" }\n[[connections]]\nsource = \"a\"\ntarget = \"a\"\nrule = \"total\"\n\
                falloff = { profile = \"step\", length_um = 1 }\ntuning = { property = \"a\", ratio = 1 }\n\
                [[inputs]]\nnodes = \"a\"\n[reports.a]\ncells = \"a\"\n";
    let bare = parse("bare.toml", bare, Path::new("")).unwrap_or_else(|problems| panic!("{problems}")).document;
    assert_eq!((full.seed, full.scale), (bare.seed, bare.scale));
    let simulation = |d: &tianyan_build::schema::Document| {
        let s = d.simulation.clone().expect("a simulation");
        [s.duration_ms, s.dt_ms, s.dl_um, s.spike_threshold_mv, s.temperature_celsius, s.v_init_mv]
    };
    assert_eq!(simulation(&full), simulation(&bare));
    assert_eq!(full.components.as_ref().map(|c| c.mechanisms), bare.components.as_ref().map(|c| c.mechanisms));
    let (full_type, bare_type) = (&full.populations.0[0].1.types.0[0].1, &bare.populations.0[0].1.types.0[0].1);
    assert_eq!(full_type.count_scales, bare_type.count_scales);
    let (full_place, bare_place) =
        (full_type.geometry.as_ref().expect("one"), bare_type.geometry.as_ref().expect("one"));
    assert_eq!(full_place.inner_radius_um, bare_place.inner_radius_um);
    assert_eq!((full_place.center_um, full_place.extent_scales), (bare_place.center_um, bare_place.extent_scales));
    let (shown, default) = (&full.connections[0], &bare.connections[0]);
    assert_eq!((shown.autapses, shown.multapses, shown.conserve_input), (false, false, false));
    assert_eq!((default.autapses, default.multapses, default.conserve_input), (false, false, false));
    assert_eq!(shown.minimum_delay_ms, default.minimum_delay_ms);
    assert_eq!(shown.falloff.as_ref().map(|f| f.distance), default.falloff.as_ref().map(|f| f.distance));
    assert_eq!(shown.tuning.as_ref().map(|t| t.period_degrees), default.tuning.as_ref().map(|t| t.period_degrees));
    assert_eq!(full.inputs[0].start_ms, bare.inputs[0].start_ms);
    let report =
        |d: &tianyan_build::schema::Document| (d.reports.0[0].1.variable.clone(), d.reports.0[0].1.sections.clone());
    assert_eq!(report(&full), report(&bare));
}

#[test]
fn the_reference_builds() {
    let description = read(&root().join("configs/build.toml")).unwrap_or_else(|problems| panic!("{problems}"));
    let folder = tempfile::tempdir().expect("a folder");
    let built = Plan::new(&description, &BuildOptions::default()).and_then(|plan| plan.write(folder.path(), false));
    let built = built.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(built.nodes.iter().map(|population| population.nodes).collect::<Vec<_>>(), [100, 37]);
    assert!(built.edges.iter().all(|edges| edges.edges > 300) && built.spikes > 100, "{built:?}");
}

/// Empty files stand in for the Allen Institute's.
#[test]
fn the_visual_cortex_builds() {
    let folder = tempfile::tempdir().expect("a folder");
    let components = folder.path().join("components");
    std::fs::create_dir(&components).expect("a folder");
    let table = std::fs::read_to_string(root().join("models/v1/populations.csv")).expect("the table");
    for name in table.split([',', '\n']).filter(|field| field.ends_with(".swc") || field.ends_with("_fit.json")) {
        std::fs::write(components.join(name), "").expect("written");
    }
    let description = read(&root().join("models/v1/v1.toml")).unwrap_or_else(|problems| panic!("{problems}"));
    let options = BuildOptions { scale: Some(0.002), seed: None, components: Some(components) };
    let out = folder.path().join("out");
    let built = Plan::new(&description, &options).and_then(|plan| plan.write(&out, false));
    let built = built.unwrap_or_else(|problems| panic!("{problems}"));
    let count = |ring: &str| -> u64 {
        let of = description.document.populations.0[0].1.types.iter();
        of.filter(|(name, _)| name.ends_with("_lif") == (ring == "annulus")).map(|(_, t)| u64::from(t.count)).sum()
    };
    assert_eq!((count("core"), count("annulus")), (51_978, 230_924 - 51_978));
    assert!((462..520).contains(&built.nodes[0].nodes), "{built:?}");
    assert!(built.edges[0].edges > 5_000, "{built:?}");
}
