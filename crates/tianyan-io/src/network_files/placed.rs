//! Synapses as they were placed: an edges file in which each synapse is an edge, with the section and the position
//! that it got. BMTK's module save_synapses writes the same.

use std::path::Path;

use hdf5::Group;
use tianyan_model::Problems;

use super::index;
use crate::output::{PartFile, append_column, growing_column, text_attribute};

/// Some synapses, sorted by target.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct PlacedBlock {
    pub source: Vec<u64>,
    pub target: Vec<u64>,
    pub edge_type: Vec<u32>,
    pub weight: Vec<f64>,
    /// SONATA's section id and the position on it; none on point neurons.
    pub place: Vec<Option<(u64, f64)>>,
}

/// Writes the synapses from one population onto another, all at once: `<source>_<target>_edges.h5` with group 0 for
/// biophysical targets and group 1 for point neurons. `targets` and `sources` are the sizes of the populations.
pub fn write_placed(
    folder: &Path,
    (source, target): (&str, &str),
    (sources, targets): (usize, usize),
    block: PlacedBlock,
) -> Result<(), Problems> {
    let file = PartFile::create(folder.join(format!("{source}_{target}_edges.h5")))?;
    let written = write(file.root(), (source, target), (sources, targets), block);
    file.check(written)?;
    file.finish(true).map(|_| ())
}

const CHUNK: usize = 16_384;

fn write(
    root: &Group,
    (source, target): (&str, &str),
    (sources, targets): (usize, usize),
    mut block: PlacedBlock,
) -> hdf5::Result<()> {
    let group = root.create_group("edges")?.create_group(&format!("{source}_{target}"))?;
    let count = |ids: &[u64], size: usize| {
        let mut degree = vec![0u64; size];
        ids.iter().filter_map(|id| usize::try_from(*id).ok()).for_each(|id| degree[id] += 1);
        degree
    };
    let (in_degree, out_degree) = (count(&block.target, targets), count(&block.source, sources));
    let from = growing_column::<u64>(&group, "source_node_id", CHUNK)?;
    let to = growing_column::<u64>(&group, "target_node_id", CHUNK)?;
    text_attribute(&from, "node_population", source)?;
    text_attribute(&to, "node_population", target)?;
    append_column(&from, &mut block.source)?;
    append_column(&to, &mut block.target)?;
    append_column(&growing_column::<u32>(&group, "edge_type_id", CHUNK)?, &mut block.edge_type)?;
    let mut next = [0u64; 2];
    let (mut ids, mut rows) = (Vec::new(), Vec::new());
    let mut own: [(Vec<f64>, Vec<u64>, Vec<f64>); 2] = Default::default();
    for (weight, place) in block.weight.iter().zip(&block.place) {
        let g = usize::from(place.is_none());
        ids.push(g as u16);
        rows.push(next[g]);
        next[g] += 1;
        own[g].0.push(*weight);
        if let Some((section, x)) = place {
            own[g].1.push(*section);
            own[g].2.push(*x);
        }
    }
    append_column(&growing_column::<u16>(&group, "edge_group_id", CHUNK)?, &mut ids)?;
    append_column(&growing_column::<u64>(&group, "edge_group_index", CHUNK)?, &mut rows)?;
    let [mut bodies, mut points] = own;
    let properties = group.create_group("0")?;
    append_column(&growing_column::<f64>(&properties, "syn_weight", CHUNK)?, &mut bodies.0)?;
    append_column(&growing_column::<u64>(&properties, "sec_id", CHUNK)?, &mut bodies.1)?;
    append_column(&growing_column::<f64>(&properties, "sec_x", CHUNK)?, &mut bodies.2)?;
    let properties = group.create_group("1")?;
    append_column(&growing_column::<f64>(&properties, "syn_weight", CHUNK)?, &mut points.0)?;
    index::by_target(&group, &in_degree)?;
    index::by_source(&group, &from, &out_degree, index::SORTED_AT_ONCE)
}
