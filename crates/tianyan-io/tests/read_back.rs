//! Files as other programs write them, and files that are broken.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use hdf5::types::{FixedAscii, VarLenUnicode};
use hdf5::{File, Group};
use tempfile::{TempDir, tempdir};
use tianyan_io::read_back::{Contents, contents, read_node_classes, read_report, read_spikes};

/// One test at a time: snapshots start a program, which inherits the open files of other tests and, with them, HDF5's
/// locks.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn folder() -> TempDir {
    tempdir().expect("a folder")
}

fn spikes_file(at: &Path, name: &str, fill: impl FnOnce(&Group) -> hdf5::Result<()>) -> PathBuf {
    let path = at.join(name);
    let file = File::create(&path).expect("created");
    fill(&file.create_group("spikes").expect("a group")).expect("filled");
    file.close().expect("closed");
    path
}

fn put<T: hdf5::H5Type>(group: &Group, name: &str, values: &[T]) -> hdf5::Result<hdf5::Dataset> {
    group.new_dataset_builder().with_data(values).create(name)
}

fn text(words: &str) -> VarLenUnicode {
    words.parse().expect("no zeros")
}

#[test]
fn both_layouts_are_read_and_sorted_whatever_they_claim() {
    let _turn = ONE_AT_A_TIME.lock();
    let at = folder();
    let new = spikes_file(at.path(), "new.h5", |top| {
        let group = top.create_group("v1")?;
        group.new_attr::<VarLenUnicode>().create("sorting")?.write_scalar(&text("by_time"))?;
        group.new_dataset_builder().with_data(&[3.0, 1.0, 1.0]).chunk(2).deflate(4).create("timestamps")?;
        put(&group, "node_ids", &[7i64, 9, 2]).map(|_| ())
    });
    let old = spikes_file(at.path(), "old.h5", |top| {
        top.new_attr::<u8>().create("sorting")?.write_scalar(&2)?;
        let times = put(top, "timestamps", &[0.003f32, 0.001, 0.001])?;
        let seconds = FixedAscii::<3>::from_ascii("s").expect("ascii");
        times.new_attr::<FixedAscii<3>>().shape(1).create("units")?.write_raw(&[seconds])?;
        put(top, "gids", &[7u32, 9, 2]).map(|_| ())
    });
    for (path, population) in [(new, "v1"), (old, "")] {
        let read = read_spikes(&path).expect("read");
        assert_eq!((read.len(), read[0].population.as_str()), (1, population));
        assert_eq!(read[0].node_ids, [2, 9, 7]);
        for (time, want) in read[0].times_ms.iter().zip([1.0, 1.0, 3.0]) {
            assert!((time - want).abs() < 1e-6, "{time}");
        }
        assert_eq!(contents(&path), Ok(Contents::Spikes));
    }
}

type Fill = fn(&Group) -> hdf5::Result<()>;

/// What is wrong in a population's group, by the name of the file.
const FAULTS: [(&str, Fill); 9] = [
    ("empty-group", |_| Ok(())),
    ("lengths-differ", |g| put(g, "timestamps", &[1.0, 2.0]).and(put(g, "node_ids", &[1u64])).map(|_| ())),
    ("nan", |g| put(g, "timestamps", &[1.0, f64::NAN]).and(put(g, "node_ids", &[1u64, 2])).map(|_| ())),
    ("negative-time", |g| put(g, "timestamps", &[1.0, -0.5]).and(put(g, "node_ids", &[1u64, 2])).map(|_| ())),
    ("negative-id", |g| put(g, "timestamps", &[1.0]).and(put(g, "node_ids", &[-1i32])).map(|_| ())),
    ("fraction-as-id", |g| put(g, "timestamps", &[1.0]).and(put(g, "node_ids", &[1.5])).map(|_| ())),
    ("text-as-time", |g| put(g, "timestamps", &[text("soon")]).and(put(g, "node_ids", &[1u64])).map(|_| ())),
    ("group-as-time", |g| g.create_group("timestamps").map(|_| ())),
    ("minutes", |g| {
        let times = put(g, "timestamps", &[1.0]).and_then(|t| put(g, "node_ids", &[1u64]).map(|_| t))?;
        times.new_attr::<VarLenUnicode>().create("units")?.write_scalar(&text("min"))
    }),
];

#[test]
fn broken_spikes_say_what_and_where() {
    let _turn = ONE_AT_A_TIME.lock();
    let at = folder();
    let mut said = String::new();
    for (name, fill) in FAULTS {
        let path = spikes_file(at.path(), name, |top| fill(&top.create_group("v1")?));
        let problems = read_spikes(&path).expect_err(name);
        said += &format!("{problems}\n\n");
    }
    let whole = std::fs::read(at.path().join("nan")).expect("bytes");
    std::fs::write(at.path().join("cut"), &whole[..whole.len() / 2]).expect("written");
    std::fs::write(at.path().join("text"), "timestamps node_ids\n1.0 3\n").expect("written");
    std::fs::write(at.path().join("nothing"), "").expect("written");
    File::create(at.path().join("no-spikes")).expect("created");
    for name in ["cut", "text", "nothing", "no-spikes", "absent", "."] {
        said += &format!("{}\n\n", read_spikes(&at.path().join(name)).expect_err(name));
    }
    insta::assert_snapshot!(said.replace(&at.path().display().to_string(), "DIR"));
}

#[test]
fn flipped_bytes_never_panic() {
    let _turn = ONE_AT_A_TIME.lock();
    let at = folder();
    let path = spikes_file(at.path(), "whole.h5", |top| {
        let group = top.create_group("v1")?;
        put(&group, "timestamps", &[1.0, 2.0, 3.0])?;
        put(&group, "node_ids", &[1u64, 2, 3]).map(|_| ())
    });
    let whole = std::fs::read(&path).expect("bytes");
    let mut refused = 0;
    for i in (0..whole.len()).step_by(whole.len() / 400 + 1) {
        let mut bytes = whole.clone();
        bytes[i] ^= 0xff;
        let broken = at.path().join(format!("{i}.h5"));
        std::fs::write(&broken, bytes).expect("written");
        match read_spikes(&broken) {
            Ok(read) => assert!(read.iter().all(|p| p.times_ms.len() == p.node_ids.len() && p.times_ms.is_sorted())),
            Err(problems) => {
                assert!(problems.0.iter().all(|p| p.place.file.is_some() && p.help.is_some()), "{problems}");
                refused += 1;
            }
        }
        let _ = contents(&broken);
        assert!(read_report(&broken).is_err() && read_node_classes(&broken, None, None).is_err());
    }
    assert!(refused > 10, "{refused}");
}

fn report_file(path: &Path, interval_ms: f64, pointers: &[u64]) {
    let fill = || -> hdf5::Result<()> {
        let group = File::create(path)?.create_group("report")?.create_group("v1")?;
        let data = ndarray::arr2(&[[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        group.new_dataset_builder().with_data(&data).create("data")?;
        let mapping = group.create_group("mapping")?;
        put(&mapping, "node_ids", &[5u64, 2])?;
        put(&mapping, "index_pointer", pointers)?;
        put(&mapping, "element_ids", &[0i64, 1, 0])?;
        put(&mapping, "element_pos", &[0.5, 0.25, 0.5])?;
        put(&mapping, "time", &[0.0, 0.2, interval_ms]).map(|_| ())
    };
    fill().expect("written");
}

#[test]
fn reports_of_bmtk_are_read() {
    let _turn = ONE_AT_A_TIME.lock();
    let at = folder();
    let path = at.path().join("v.h5");
    for pointers in [&[0, 2, 3][..], &[0, 2]] {
        report_file(&path, 0.1, pointers);
        let read = read_report(&path).expect("read");
        assert_eq!((read[0].rows, read[0].columns, read[0].single), (2, 3, true));
        assert_eq!((read[0].columns_of(2), read[0].columns_of(5)), (Some(2..3), Some(0..2)));
        assert_eq!((read[0].trace(2), read[0].unit.as_str()), (vec![3.0, 6.0], ""));
        assert_eq!(contents(&path), Ok(Contents::Report));
    }
    let mut said = String::new();
    for (interval_ms, pointers) in [(0.0, &[0, 2, 3][..]), (0.1, &[0, 2, 4]), (0.1, &[0]), (f64::NAN, &[0, 2, 3])] {
        report_file(&path, interval_ms, pointers);
        said += &format!("{}\n\n", read_report(&path).expect_err("broken"));
    }
    insta::assert_snapshot!(said.replace(&at.path().display().to_string(), "DIR"));
}

fn nodes_file(path: &Path) {
    let fill = || -> hdf5::Result<()> {
        let group = File::create(path)?.create_group("nodes")?.create_group("v1")?;
        put(&group, "node_id", &[0u64, 1, 2, 3])?;
        put(&group, "node_type_id", &[100u64, 100, 101, 102])?;
        put(&group, "node_group_id", &[0u32, 0, 1, 1])?;
        put(&group, "node_group_index", &[1u64, 0, 0, 1])?;
        let first = group.create_group("0")?;
        put(&first, "layer", &[4i32, 5])?;
        put(&first, "kind", &[1u32, 0])?;
        put(&first.create_group("@library")?, "kind", &[text("basket"), text("pyramid")])?;
        put(&group.create_group("1")?, "x", &[0.5, 1.5]).map(|_| ())
    };
    fill().expect("written");
}

#[test]
fn classes_come_from_the_file_or_its_types() {
    let _turn = ONE_AT_A_TIME.lock();
    let at = folder();
    let (nodes, types) = (at.path().join("nodes.h5"), at.path().join("types.csv"));
    nodes_file(&nodes);
    std::fs::write(&types, "node_type_id pop_name layer\n100 \"L4 e\" 9\n101 PV 2\n").expect("written");
    let classes = |column| read_node_classes(&nodes, Some(&types), Some(column)).map(|mut read| read.remove(0).classes);
    assert_eq!(classes("pop_name").expect("read"), ["L4 e", "L4 e", "PV", "NULL"]);
    assert_eq!(classes("layer").expect("read"), ["5", "4", "2", "NULL"]);
    assert_eq!(classes("kind").expect("read"), ["basket", "pyramid", "NULL", "NULL"]);
    let bare = read_node_classes(&nodes, None, None).expect("read");
    assert_eq!((bare[0].node_ids.len(), bare[0].classes.len()), (4, 0));
    let mut said = format!("{}\n\n", classes("ei").expect_err("no such column"));
    for table in ["node_type_id,ei\n100,e\n", "node_type_id ei\n100 e\n101 i 5\n", ""] {
        std::fs::write(&types, table).expect("written");
        said += &format!("{}\n\n", classes("ei").expect_err(table));
    }
    insta::assert_snapshot!(said.replace(&at.path().display().to_string(), "DIR"));
}
