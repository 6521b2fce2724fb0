use crate::swc::parse_swc;
use tianyan_model::Shape;

fn read(text: &str) -> crate::swc::SwcMorphology {
    parse_swc("t.swc", text.as_bytes()).unwrap()
}

/// `name parent@x points`, section by section.
fn sketch(text: &str) -> String {
    let read = read(text);
    let sections = &read.morphology.sections;
    let line = |s: &tianyan_model::Section| {
        let parent = s.parent.map_or("-".into(), |p| format!("{}@{}", sections[p.section].name, p.x));
        let Shape::Points(points) = &s.shape else { unreachable!() };
        let xs: Vec<String> = points.iter().map(|p| format!("{}/{}", p.x_um, p.diameter_um)).collect();
        format!("{} {parent} {}", s.name, xs.join(" "))
    };
    sections.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_neurite_begins_at_its_own_first_sample() {
    let text = "1 1 0 0 0 5 -1\n2 3 6 0 0 1 1\n3 3 9 0 0 0.5 2\n4 3 -20 0 0 0.5 1\n";
    let expected = "soma[0] - -5/10 0/10 5/10\ndend[0] soma[0]@0.5 6/2 9/1\ndend[1] soma[0]@0.5 0/1 -20/1";
    assert_eq!(sketch(text), expected);
}

#[test]
fn an_axon_on_a_dendrite_stands_behind_it_but_keeps_its_place_in_all() {
    let text = "1 1 0 0 0 5 -1\n2 3 6 0 0 1 1\n3 3 9 0 0 1 2\n4 2 20 0 0 1 3\n5 2 30 0 0 1 4\n";
    let read = read(text);
    let names: Vec<&str> = read.morphology.sections.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["soma[0]", "dend[0]", "axon[0]"]);
    assert_eq!(read.all_order, [0, 2, 1]);
}

#[test]
fn three_samples_for_one_soma() {
    let text = "1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 3 6 0 0 1 1\n5 3 9 0 0 1 4\n";
    assert_eq!(sketch(text), "soma[0] - -5/10 0/10 5/10\ndend[0] soma[0]@0.5 6/2 9/2");
}

#[test]
fn a_section_without_length_is_left_out_and_its_children_handed_up() {
    let text =
        "1 1 0 0 0 5 -1\n2 3 6 0 0 1 1\n3 3 9 0 0 1 2\n4 3 9 0 0 1 3\n5 3 12 0 0 1 4\n6 3 0 9 0 1 4\n7 3 9 9 0 1 3\n";
    let read = read(text);
    assert_eq!(read.notes[0].code, "swc-no-length");
    let parents: Vec<_> = read.morphology.sections.iter().map(|s| s.parent.map(|p| p.section)).collect();
    assert_eq!(parents, [None, Some(0), Some(1), Some(1), Some(1)]);
}

#[test]
fn samples_may_stand_in_any_order() {
    let (ordered, mixed) =
        ("1 1 0 0 0 5 -1\n2 3 6 0 0 1 1\n3 3 9 0 0 1 2\n", "3 3 9 0 0 1 2\n2 3 6 0 0 1 1\n1 1 0 0 0 5 -1\n");
    assert_eq!(sketch(ordered), sketch(mixed));
    let backwards = read("5 1 0 0 0 5 -1\n2 3 6 0 0 1 5\n3 3 9 0 0 1 2\n");
    assert_eq!(backwards.notes[0].code, "swc-order");
    assert_eq!(backwards.morphology.sections.len(), 2);
}

#[test]
fn more_columns_line_endings_comments_and_whole_floats_are_accepted() {
    let plain = sketch("1 1 0 0 0 5 -1\n2 3 6 0 0 1 1\n3 3 9 0 0 1 2\n");
    let other = "# caf\u{e9}\r\n\r\n1.0 1 0 0 0 5 -1 9 9\r\n 2\t3 6 0 0 1 1 # first\r\n3 3 9 0 0 1 2.0";
    assert_eq!(sketch(other), plain);
    assert_eq!(sketch("1 1 0 0 0 5 -1\r2 3 6 0 0 1 1\r3 3 9 0 0 1 2\r"), plain);
}

#[test]
fn samples_that_do_not_touch_are_never_joined() {
    // NEURON joins samples 3 and 4 here: the neurite's first sample has a child that is not next to it.
    let text = "1 1 0 0 0 5 -1\n2 3 6 0 0 1 1\n3 3 -6 0 0 1 1\n4 3 16 0 0 1 2\n5 3 -16 0 0 1 3\n";
    let expected = "soma[0] - -5/10 0/10 5/10\n\
        dend[0] soma[0]@0.5 0/2 6/2\ndend[1] soma[0]@0.5 0/2 -6/2\ndend[2] dend[0]@1 6/2 16/2\ndend[3] dend[1]@1 -6/2 -16/2";
    assert_eq!(sketch(text), expected);
}

#[test]
fn a_soma_without_length_is_refused() {
    let problems = parse_swc("t.swc", b"1 1 0 0 0 5 -1\n2 1 0 0 0 4 1\n3 3 6 0 0 1 2\n").unwrap_err();
    assert_eq!(problems.0[0].code, "swc-soma");
}
