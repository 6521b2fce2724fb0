//! `<source>_<target>_edges.h5`, written while the edges are made.

use std::path::PathBuf;

use hdf5::{Dataset, Group};
use tianyan_model::Problems;

use super::index;
use crate::output::{PartFile, append_column, growing_column, text_attribute};

/// Which properties are written edge by edge; the others stand in the types table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EdgeColumns {
    /// Number of synapses, `nsyns`.
    pub nsyns: bool,
    /// Weight, `syn_weight`, in the unit of the synapse.
    pub weight: bool,
    /// Delay in ms, `delay`.
    pub delay: bool,
}

/// Some edges, sorted by target. Columns that [`EdgeColumns`] leaves out stay empty, all others are equally long.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct EdgeBlock {
    pub source: Vec<u64>,
    pub target: Vec<u64>,
    pub edge_type: Vec<u32>,
    pub nsyns: Vec<u16>,
    pub weight: Vec<f32>,
    pub delay_ms: Vec<f32>,
}

impl EdgeBlock {
    /// Number of edges.
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
    }
}

/// The edges between two populations of nodes, growing block by block.
#[derive(Debug)]
pub struct EdgesFile {
    file: PartFile,
    group: Group,
    datasets: Datasets,
    columns: EdgeColumns,
    /// Edges of each target so far.
    in_degree: Vec<u64>,
    /// Edges of each source so far; empty where no index of sources is wanted.
    out_degree: Vec<u64>,
    edges: u64,
}

#[derive(Debug)]
struct Datasets {
    source: Dataset,
    target: Dataset,
    edge_type: Dataset,
    group_id: Dataset,
    group_index: Dataset,
    nsyns: Option<Dataset>,
    weight: Option<Dataset>,
    delay: Option<Dataset>,
}

impl EdgesFile {
    /// Creates the file for the edges from population `source` to population `target`, which has `targets` nodes. An
    /// index by source is written where `sources` says how many there are; BMTK asks for one within a population.
    pub fn create(
        path: PathBuf,
        source: &str,
        target: &str,
        targets: usize,
        sources: Option<usize>,
        columns: EdgeColumns,
    ) -> Result<EdgesFile, Problems> {
        let file = PartFile::create(path)?;
        let chunk = (4 * targets).next_power_of_two().clamp(1024, 65_536);
        let (group, datasets) = file.check(create(file.root(), source, target, chunk, columns))?;
        let (in_degree, out_degree) = (vec![0; targets], vec![0; sources.unwrap_or(0)]);
        Ok(EdgesFile { file, group, datasets, columns, in_degree, out_degree, edges: 0 })
    }

    /// Properties that are written edge by edge.
    pub fn columns(&self) -> EdgeColumns {
        self.columns
    }

    /// Appends edges; their targets are not before those of earlier blocks.
    pub fn append(&mut self, mut block: EdgeBlock) -> Result<(), Problems> {
        block.target.iter().for_each(|&target| self.in_degree[target as usize] += 1);
        if !self.out_degree.is_empty() {
            block.source.iter().for_each(|&source| self.out_degree[source as usize] += 1);
        }
        let first = self.edges;
        self.edges += block.len() as u64;
        self.file.check(self.datasets.append(&mut block, first..self.edges))
    }

    /// Writes the indices, closes the file and gives the number of edges.
    pub fn finish(self) -> Result<u64, Problems> {
        let EdgesFile { file, group, datasets, in_degree, out_degree, edges, .. } = self;
        file.check(index::by_target(&group, &in_degree))?;
        if !out_degree.is_empty() {
            file.check(index::by_source(&group, &datasets.source, &out_degree, index::SORTED_AT_ONCE))?;
        }
        drop((datasets, group));
        file.finish(true)?;
        Ok(edges)
    }
}

fn create(
    root: &Group,
    source: &str,
    target: &str,
    chunk: usize,
    columns: EdgeColumns,
) -> hdf5::Result<(Group, Datasets)> {
    let group = root.create_group("edges")?.create_group(&format!("{source}_to_{target}"))?;
    let properties = group.create_group("0")?;
    let optional = |wanted: bool, name: &str| wanted.then(|| growing_column::<f32>(&properties, name, chunk));
    let datasets = Datasets {
        source: growing_column::<u64>(&group, "source_node_id", chunk)?,
        target: growing_column::<u64>(&group, "target_node_id", chunk)?,
        edge_type: growing_column::<u32>(&group, "edge_type_id", chunk)?,
        group_id: growing_column::<u16>(&group, "edge_group_id", chunk)?,
        group_index: growing_column::<u64>(&group, "edge_group_index", chunk)?,
        nsyns: columns.nsyns.then(|| growing_column::<u16>(&properties, "nsyns", chunk)).transpose()?,
        weight: optional(columns.weight, "syn_weight").transpose()?,
        delay: optional(columns.delay, "delay").transpose()?,
    };
    text_attribute(&datasets.source, "node_population", source)?;
    text_attribute(&datasets.target, "node_population", target)?;
    Ok((group, datasets))
}

impl Datasets {
    fn append(&self, block: &mut EdgeBlock, numbers: std::ops::Range<u64>) -> hdf5::Result<()> {
        // All edges are of group 0, which is HDF5's fill value: the column grows without taking space.
        self.group_id.resize(numbers.end as usize)?;
        append_column(&self.group_index, &mut numbers.collect())?;
        append_column(&self.source, &mut block.source)?;
        append_column(&self.target, &mut block.target)?;
        append_column(&self.edge_type, &mut block.edge_type)?;
        if let Some(column) = &self.nsyns {
            append_column(column, &mut block.nsyns)?;
        }
        if let Some(column) = &self.weight {
            append_column(column, &mut block.weight)?;
        }
        match &self.delay {
            Some(column) => append_column(column, &mut block.delay_ms),
            None => Ok(()),
        }
    }
}
