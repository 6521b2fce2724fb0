//! The indices of an edges file: which edges end at a node, and which begin there.
//!
//! `node_id_to_range` (BMTK) or `node_id_to_ranges` (libsonata), one dataset under both names: which ranges belong to a
//! node. `range_to_edge_id`: the edges of a range, first and end.

use std::ops::Range;

use hdf5::{Dataset, Group};
use ndarray::Array2;

/// Edges that are sorted by source at a time; the column of sources is read once for so many.
pub(super) const SORTED_AT_ONCE: u64 = 1 << 24;
/// Values read at a time.
const READ_AT_ONCE: usize = 1 << 20;

/// Edges are sorted by target, so that a target with edges has one range.
pub(super) fn by_target(group: &Group, in_degree: &[u64]) -> hdf5::Result<()> {
    let (mut ranges, mut edges) = (Vec::with_capacity(2 * in_degree.len()), Vec::new());
    let (mut range, mut edge) = (0u64, 0u64);
    for &degree in in_degree {
        let next = range + u64::from(degree > 0);
        ranges.extend([range, next]);
        if degree > 0 {
            edges.extend([edge, edge + degree]);
        }
        (range, edge) = (next, edge + degree);
    }
    let index = create(group, "target_to_source", ranges)?;
    let edges = pairs(edges)?;
    index.new_dataset::<u64>().shape(edges.dim()).create("range_to_edge_id")?.write(&edges)
}

/// The edges of a source lie anywhere: each has a range of its own. The column of sources is read again for every part
/// of the sources with at most `at_once` edges.
pub(super) fn by_source(group: &Group, sources: &Dataset, out_degree: &[u64], at_once: u64) -> hdf5::Result<()> {
    let mut ends = out_degree.to_vec();
    (1..ends.len()).for_each(|i| ends[i] += ends[i - 1]);
    let ranges = ends.iter().zip(out_degree).flat_map(|(end, degree)| [end - degree, *end]).collect();
    let index = create(group, "source_to_target", ranges)?;
    let edges = ends.last().copied().unwrap_or(0) as usize;
    let column = index.new_dataset::<u64>().shape((edges, 2)).create("range_to_edge_id")?;
    let mut first = 0;
    while first < out_degree.len() {
        let before = ends[first] - out_degree[first];
        let end = ends.partition_point(|end| *end <= before + at_once).max(first + 1);
        let of = edges_of(sources, first..end, &ends, before)?;
        let rows = before as usize..before as usize + of.len();
        let of = pairs(of.into_iter().flat_map(|edge| [edge, edge + 1]).collect())?;
        if !rows.is_empty() {
            column.write_slice(&of, (rows, ..))?;
        }
        first = end;
    }
    Ok(())
}

/// The edges of some sources, by source; `before` edges belong to earlier ones.
fn edges_of(sources: &Dataset, of: Range<usize>, ends: &[u64], before: u64) -> hdf5::Result<Vec<u64>> {
    let start = |source: usize| if source == 0 { 0 } else { ends[source - 1] };
    let mut next: Vec<u64> = of.clone().map(|source| start(source) - before).collect();
    let mut edges = vec![0; (ends[of.end - 1] - before) as usize];
    let size = sources.size();
    for begin in (0..size).step_by(READ_AT_ONCE) {
        let part = sources.read_slice_1d::<u64, _>(begin..(begin + READ_AT_ONCE).min(size))?;
        for (i, &source) in part.iter().enumerate().filter(|(_, source)| of.contains(&(**source as usize))) {
            let at = &mut next[source as usize - of.start];
            edges[*at as usize] = (begin + i) as u64;
            *at += 1;
        }
    }
    Ok(edges)
}

fn create(group: &Group, name: &str, ranges: Vec<u64>) -> hdf5::Result<Group> {
    let indices = if group.link_exists("indices") { group.group("indices")? } else { group.create_group("indices")? };
    let index = indices.create_group(name)?;
    let ranges = pairs(ranges)?;
    index.new_dataset::<u64>().shape(ranges.dim()).create("node_id_to_range")?.write(&ranges)?;
    index.link_hard("node_id_to_range", "node_id_to_ranges")?;
    Ok(index)
}

fn pairs(values: Vec<u64>) -> hdf5::Result<Array2<u64>> {
    Array2::from_shape_vec((values.len() / 2, 2), values).map_err(|error| hdf5::Error::from(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However few edges are sorted at a time, each source has its edges, ascending.
    #[test]
    fn the_index_by_source_does_not_depend_on_its_parts() {
        let folder = tempfile::tempdir().expect("a folder");
        let sources: Vec<u64> = (0..1000u64).map(|edge| edge * edge % 17).collect();
        let mut out_degree = vec![0; 20];
        sources.iter().for_each(|&source| out_degree[source as usize] += 1);
        for at_once in [1, 7, 100, SORTED_AT_ONCE] {
            let file = hdf5::File::create(folder.path().join(format!("{at_once}.h5"))).expect("a file");
            let column = file.new_dataset::<u64>().shape(sources.len()).create("sources").expect("a column");
            column.write_raw(&sources).expect("written");
            by_source(&file, &column, &out_degree, at_once).expect("an index");
            let read = |name: &str| {
                let path = format!("indices/source_to_target/{name}");
                file.dataset(&path).and_then(|dataset| dataset.read_2d::<u64>()).expect("a table")
            };
            let (ranges, edges) = (read("node_id_to_ranges"), read("range_to_edge_id"));
            for source in 0..20u64 {
                let of = ranges[[source as usize, 0]] as usize..ranges[[source as usize, 1]] as usize;
                let found: Vec<u64> = of.map(|range| edges[[range, 0]]).collect();
                let expected: Vec<u64> = (0..1000).filter(|&edge| sources[edge as usize] == source).collect();
                assert_eq!(found, expected, "source {source}, {at_once} at once");
            }
        }
    }
}
