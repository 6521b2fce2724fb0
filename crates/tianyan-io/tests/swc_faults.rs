//! Every fault of an SWC file and the words it is reported with.

use proptest::prelude::*;
use std::path::Path;
use tianyan_io::swc::{parse_swc, read_swc};
use tianyan_model::{Problems, Shape};

fn problems(name: &str) -> Problems {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/swc_faults");
    let bytes = std::fs::read(folder.join(name)).unwrap();
    match parse_swc(name, &bytes) {
        Ok(_) => panic!("{name} was accepted"),
        Err(problems) => problems,
    }
}

/// One test a file: its snapshot, and that only the expected codes occur.
macro_rules! faults {
    ($($test:ident: $file:literal => $($code:literal)*,)*) => {$(
        #[test]
        fn $test() {
            let problems = problems(concat!($file, ".swc"));
            insta::assert_snapshot!($file, problems.to_string());
            for problem in &problems.0 {
                assert!([$($code),*].contains(&problem.code), "{problem}");
            }
        }
    )*};
}

faults! {
    cycle: "01_cycle" => "swc-cycle",
    self_parent: "02_self_parent" => "swc-self-parent",
    missing_parent: "03_missing_parent" => "swc-missing-parent",
    duplicate_id: "04_duplicate_id" => "swc-duplicate-id",
    second_root: "05_second_root" => "swc-second-root",
    radius: "06_radius" => "swc-radius",
    numbers: "07_numbers" => "swc-number",
    columns: "07_columns" => "swc-columns",
    cut_short: "07_cut_short" => "swc-columns",
    empty: "08_empty" => "swc-empty",
    only_comments: "08_only_comments" => "swc-empty",
    binary: "08_binary" => "swc-binary",
    byte_order_mark: "08_bom" => "swc-bom",
    not_swc: "08_not_swc" => "swc-not-swc",
    nanometres: "09_nanometres" => "swc-scale",
    millimetres: "09_millimetres" => "swc-scale",
    unknown_type: "10_unknown_type" => "swc-type",
    soma_on_neurite: "10_soma_on_neurite" => "swc-type",
    no_soma: "10_no_soma" => "swc-type",
    root_is_no_soma: "10_root_is_no_soma" => "swc-type",
    soma_without_length: "soma_without_length" => "swc-soma",
    many_at_once: "many_at_once" => "swc-number" "swc-radius" "swc-type" "swc-missing-parent" "swc-self-parent"
        "swc-columns" "swc-second-root",
}

#[test]
fn a_file_that_is_not_there() {
    let problems = read_swc(Path::new("no/such.swc")).unwrap_err();
    assert_eq!(problems.0[0].code, "swc-read");
    assert!(problems.to_string().contains("no/such.swc"));
}

#[test]
fn a_flood_is_counted() {
    let text: String = (1..=500).map(|i| format!("{i} 3 0 0 0 0 {}\n", i - 1)).collect();
    let problems = parse_swc("flood.swc", text.as_bytes()).unwrap_err();
    assert!(problems.0.len() < 50);
    assert!(problems.to_string().contains("and 480 more problems of this kind"));
}

/// What is accepted must be sound: parents first, points, one root, and nothing that is no number.
fn sound(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(read) = parse_swc("random.swc", bytes) else { return Ok(()) };
    let sections = &read.morphology.sections;
    prop_assert_eq!(read.all_order.len(), sections.len());
    for (i, section) in sections.iter().enumerate() {
        prop_assert_eq!(section.parent.is_none(), i == 0);
        prop_assert!(section.parent.is_none_or(|p| p.section < i));
        prop_assert!(matches!(&section.shape, Shape::Points(points) if points.len() > 1));
        prop_assert!(section.length_um() > 0.0);
    }
    let geometry = tianyan_model::Geometry::new(&read.morphology, &vec![3; sections.len()]);
    for c in geometry.sections.iter().flatten() {
        prop_assert!(c.area_um2 > 0.0 && c.diameter_um > 0.0 && c.left_mohm > 0.0 && c.right_mohm > 0.0, "{:?}", c);
        prop_assert!(c.area_um2.is_finite() && c.left_mohm.is_finite() && c.right_mohm.is_finite(), "{:?}", c);
    }
    Ok(())
}

const GOOD: &str = "# a cell\n1 1 0 0 0 5 -1\n2 3 6 0 0 1 1\n3 3 16 1 0 0.9 2\n4 2 -6 0 0 1.1 1\n5 2 -16 0 3 0.8 4\n";

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0..9i32).prop_map(|n| n.to_string()),
        1 => any::<f64>().prop_map(|x| x.to_string()),
        1 => any::<i64>().prop_map(|n| n.to_string()),
        1 => Just("#".to_owned()),
        1 => "\\PC{0,4}",
    ]
}

/// Trees of valid lines with any types, so that most are accepted or refused for a rule.
fn tree() -> impl Strategy<Value = String> {
    let line = (0..100usize, 1..5u8, -9..9i8, -9..9i8, 1..4u8);
    prop::collection::vec(line, 0..20).prop_map(|lines| {
        let mut text = "1 1 0 0 0 5 -1\n".to_owned();
        for (i, (parent, tag, x, y, radius)) in lines.iter().enumerate() {
            text += &format!("{} {tag} {x} {y} 0 {radius} {}\n", i + 2, parent % (i + 1) + 1);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        sound(&bytes)?;
    }

    #[test]
    fn any_words(words in prop::collection::vec(prop_oneof![5 => word(), 1 => Just("\n".to_owned())], 0..80)) {
        sound(words.join(" ").as_bytes())?;
    }

    #[test]
    fn any_change_of_a_good_file(at in 0..GOOD.len(), cut in 0..20usize, put in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes.splice(at..(at + cut).min(GOOD.len()), put);
        sound(&bytes)?;
    }

    #[test]
    fn any_tree(text in tree()) {
        sound(text.as_bytes())?;
    }
}
