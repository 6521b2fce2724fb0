//! Reads what this module wrote, whole, for tests and comparisons.

use std::path::Path;

use hdf5::{File, Group, H5Type};
use tianyan_model::Problems;

use super::{EdgeBlock, unreadable};

/// Columns by name.
pub type Columns = Vec<(String, Vec<f64>)>;

/// Row of the types table for each node, and the columns of the nodes file.
pub fn read_nodes(path: &Path) -> Result<(Vec<u64>, Columns), Problems> {
    let read = || -> hdf5::Result<_> {
        let group = only(File::open(path)?.group("nodes")?)?;
        let properties = group.group("0")?;
        let names = properties.member_names()?;
        let columns = names.into_iter().map(|name| column(&properties, &name).map(|values| (name, values)));
        Ok((column(&group, "node_type_id")?, columns.collect::<hdf5::Result<Columns>>()?))
    };
    read().map_err(|error| unreadable(path, &error).into())
}

/// All edges of a file.
pub fn read_edges(path: &Path) -> Result<EdgeBlock, Problems> {
    let read = || -> hdf5::Result<EdgeBlock> {
        let group = only(File::open(path)?.group("edges")?)?;
        let properties = group.group("0")?;
        Ok(EdgeBlock {
            source: column(&group, "source_node_id")?,
            target: column(&group, "target_node_id")?,
            edge_type: column(&group, "edge_type_id")?,
            nsyns: optional(&properties, "nsyns")?,
            weight: optional(&properties, "syn_weight")?,
            delay_ms: optional(&properties, "delay")?,
        })
    };
    read().map_err(|error| unreadable(path, &error).into())
}

/// The first group inside.
fn only(group: Group) -> hdf5::Result<Group> {
    let name = group.member_names()?.into_iter().next().unwrap_or_default();
    group.group(&name)
}

fn column<T: H5Type>(group: &Group, name: &str) -> hdf5::Result<Vec<T>> {
    group.dataset(name)?.read_raw()
}

fn optional<T: H5Type>(group: &Group, name: &str) -> hdf5::Result<Vec<T>> {
    if group.link_exists(name) { column(group, name) } else { Ok(Vec::new()) }
}
