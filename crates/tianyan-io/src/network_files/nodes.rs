//! `<population>_nodes.h5`.

use std::path::Path;

use hdf5::{File, Group, H5Type};
use tianyan_model::Problems;

use crate::output::PartFile;

/// Writes the nodes of one population: `type_ids` (rows of the types table) in node order, and the columns that differ
/// from node to node, each as long. Node ids count from 0.
pub fn write_nodes(
    path: &Path,
    population: &str,
    type_ids: &[u64],
    columns: &[(String, Vec<f64>)],
) -> Result<(), Problems> {
    let file = PartFile::create(path.to_path_buf())?;
    file.check(fill(file.root(), population, type_ids, columns))?;
    file.finish(true).map(|_| ())
}

fn fill(root: &File, population: &str, type_ids: &[u64], columns: &[(String, Vec<f64>)]) -> hdf5::Result<()> {
    let group = root.create_group("nodes")?.create_group(population)?;
    let ids: Vec<u64> = (0..type_ids.len() as u64).collect();
    column(&group, "node_id", &ids)?;
    column(&group, "node_type_id", type_ids)?;
    column(&group, "node_group_id", &vec![0u32; ids.len()])?;
    column(&group, "node_group_index", &ids)?;
    let properties = group.create_group("0")?;
    columns.iter().try_for_each(|(name, values)| column(&properties, name, values))
}

/// A contiguous column.
pub(super) fn column<T: H5Type>(group: &Group, name: &str, values: &[T]) -> hdf5::Result<()> {
    group.new_dataset::<T>().shape(values.len()).create(name)?.write_raw(values)
}
