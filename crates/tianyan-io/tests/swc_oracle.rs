//! SWC files and their compartments against figures of a live NEURON (see swc_oracle/make.py).

use serde_json::Value;
use std::path::{Path, PathBuf};
use tianyan_io::swc::{SwcMorphology, read_swc};
use tianyan_model::{Geometry, Location, Section, lambda_f};

fn oracle_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/swc_oracle")
}

fn json(name: &str) -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(oracle_folder().join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn read(path: &Path) -> SwcMorphology {
    read_swc(path).unwrap_or_else(|problems| panic!("{problems}"))
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// The largest relative deviation seen, and where.
#[derive(Default)]
struct Worst(f64, String);

impl Worst {
    fn compare(&mut self, what: impl Fn() -> String, ours: f64, theirs: f64) {
        let deviation = (ours - theirs).abs() / theirs.abs().max(1e-3);
        assert!(!deviation.is_nan(), "{} is no number", what());
        if deviation > self.0 {
            *self = Worst(deviation, what());
        }
    }
}

fn parent(read: &SwcMorphology, section: &Section) -> (i64, f64) {
    let place = |of: usize| read.all_order.iter().position(|i| *i == of).unwrap() as i64;
    section.parent.map_or((-1, 0.0), |p| (place(p.section), p.x))
}

#[test]
fn every_compartment_of_our_files_is_neuron_s() {
    let mut worst = Worst::default();
    let files = json("detailed.json");
    assert!(files.len() >= 10);
    for (name, rows) in &files {
        compare_file(name, rows.as_array().unwrap(), &mut worst);
    }
    println!("largest deviation {:.2e} at {}", worst.0, worst.1);
    assert!(worst.0 < 1e-12, "{:e} at {}", worst.0, worst.1);
}

fn compare_file(name: &str, rows: &[Value], worst: &mut Worst) {
    let read = read(&oracle_folder().join(name));
    assert_eq!(read.morphology.sections.len(), rows.len(), "{name}");
    let mut nseg = vec![0; rows.len()];
    for (row, i) in rows.iter().zip(&read.all_order) {
        nseg[*i] = row["nseg"].as_u64().unwrap() as u32;
    }
    let geometry = Geometry::new(&read.morphology, &nseg);
    for (row, &i) in rows.iter().zip(&read.all_order) {
        let section = &read.morphology.sections[i];
        assert_eq!(section.name, row["name"].as_str().unwrap(), "{name}");
        let place = format!("{name} {}", section.name);
        let theirs =
            (row.get("parent").map_or(-1, |p| p.as_i64().unwrap()), row.get("x").map_or(0.0, |x| x.as_f64().unwrap()));
        assert_eq!(parent(&read, section), theirs, "{place}");
        worst.compare(|| format!("{place} L"), section.length_um(), row["L"].as_f64().unwrap());
        worst.compare(
            || format!("{place} lambda_f"),
            lambda_f(section, 150.0, 0.9, 100.0),
            row["lambda_f"].as_f64().unwrap(),
        );
        compartments(&place, &geometry.sections[i], row, worst);
        for (k, theirs) in floats(&row["distance"]).into_iter().enumerate() {
            let to = Location { section: i, x: (k as f64 + 0.5) / f64::from(nseg[i]) };
            worst.compare(|| format!("{place} distance"), read.morphology.distance_from_soma_um(&nseg, to), theirs);
        }
    }
}

fn compartments(place: &str, ours: &[tianyan_model::Compartment], row: &Value, worst: &mut Worst) {
    const RA: f64 = 150.0;
    let (areas, diameters, resistances) = (floats(&row["areas"]), floats(&row["diams"]), floats(&row["ri"]));
    assert_eq!(ours.len(), areas.len(), "{place}");
    for (k, c) in ours.iter().enumerate() {
        worst.compare(|| format!("{place} area {k}"), c.area_um2, areas[k]);
        worst.compare(|| format!("{place} diameter {k}"), c.diameter_um, diameters[k]);
        let before = k.checked_sub(1).map_or(0.0, |j| ours[j].right_mohm);
        worst.compare(|| format!("{place} ri {k}"), RA * (before + c.left_mohm), resistances[k]);
    }
    let end = ours.last().unwrap().right_mohm * RA;
    worst.compare(|| format!("{place} ri at the end"), end, row["ri_end"].as_f64().unwrap());
}

#[test]
fn the_data_s_cells_are_neuron_s() {
    let Some(folder) = std::env::var_os("TIANYAN_TEST_DATA").map(PathBuf::from) else {
        println!("skipped: set TIANYAN_TEST_DATA to the folder of test data (celegans/swc, sonata)");
        return;
    };
    let (mut worst, mut sections) = (Worst::default(), 0);
    let cells = json("summary.json");
    for (name, figures) in &cells {
        let read = read(&folder.join(name));
        sections += read.morphology.sections.len();
        compare_summary(name, &read, figures, &mut worst);
    }
    println!("{} cells, {sections} sections, largest deviation {:.2e} at {}", cells.len(), worst.0, worst.1);
    // The figures were written with seven digits.
    assert!(worst.0 < 6e-7, "{:e} at {}", worst.0, worst.1);
}

fn compare_summary(name: &str, read: &SwcMorphology, figures: &Value, worst: &mut Worst) {
    let counts = figures["count"].as_object().unwrap();
    let names = ["soma", "axon", "dend", "apic"].into_iter().flat_map(|kind| {
        let n = counts.get(kind).map_or(0, |n| n.as_u64().unwrap());
        (0..n).map(move |i| format!("{kind}[{i}]"))
    });
    let in_order = read.all_order.iter().map(|i| &read.morphology.sections[*i]);
    assert!(names.eq(in_order.clone().map(|s| s.name.clone())), "{name}");
    let geometry = Geometry::new(&read.morphology, &vec![1; read.morphology.sections.len()]);
    let (lengths, areas, parents) = (floats(&figures["L"]), floats(&figures["area"]), floats(&figures["parent"]));
    for (k, (section, x)) in in_order.zip(figures["x"].as_str().unwrap().chars()).enumerate() {
        let x = match x {
            '5' => 0.5,
            digit => f64::from(digit.to_digit(10).unwrap()),
        };
        assert_eq!(parent(read, section), (parents[k] as i64, x), "{name} {}", section.name);
        worst.compare(|| format!("{name} {} L", section.name), section.length_um(), lengths[k]);
        let area = geometry.sections[read.all_order[k]][0].area_um2;
        worst.compare(|| format!("{name} {} area", section.name), area, areas[k]);
    }
}

#[test]
fn every_swc_file_of_the_data_is_read() {
    let Some(folder) = std::env::var_os("TIANYAN_TEST_DATA").map(PathBuf::from) else {
        println!("skipped: set TIANYAN_TEST_DATA to the folder of test data (celegans/swc, sonata)");
        return;
    };
    let (mut folders, mut cells, mut notes, mut moved) =
        (vec![folder.join("celegans/swc"), folder.join("sonata")], 0, 0, 0);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "swc") {
                let read = read(&path);
                cells += 1;
                read.notes.iter().for_each(|note| println!("{note}"));
                notes += read.notes.len();
                moved += usize::from(!read.all_order.iter().enumerate().all(|(k, i)| k == *i));
            }
        }
    }
    println!("{cells} files, {notes} notes, {moved} with an axon on a dendrite or the like");
    assert!(cells >= 317);
}
