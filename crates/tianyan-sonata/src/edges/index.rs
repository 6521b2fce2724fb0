//! Which edges end in a node.

use std::ops::Range;

use tianyan_io::columns::{Column, ColumnGroup};
use tianyan_model::{Problem, Problems};

/// Which edges end in a node, in the order in which BMTK visits them.
#[derive(Debug)]
pub(super) enum TargetIndex {
    /// The file's own: ranges of each node, and edges of each range.
    Stored { ranges: Vec<[u64; 2]>, edges: Vec<[u64; 2]> },
    /// Sorted by us: the edges of node n are `edges[first[n]..first[n + 1]]`.
    Made { first: Vec<u64>, edges: Vec<u64> },
}

impl TargetIndex {
    /// The index of a population of edges, or one made of their targets.
    pub fn new(group: &ColumnGroup, targets: &[u32], nodes: u32) -> Result<TargetIndex, Problems> {
        let indices = ["indices", "indicies"].into_iter().find(|name| group.has_group(name));
        let stored = indices.and_then(|name| group.group(name).ok());
        let stored = stored.filter(|group| group.has_group("target_to_source"));
        let Some(group) = stored.and_then(|group| group.group("target_to_source").ok()) else {
            return Ok(made(targets, nodes));
        };
        let name = ["node_id_to_range", "node_id_to_ranges"].into_iter().find(|name| group.has(name));
        let ranges = pairs(&group.column(name.unwrap_or("node_id_to_range"))?)?;
        let edges = pairs(&group.column("range_to_edge_id")?)?;
        let index = TargetIndex::Stored { ranges, edges };
        index.check(&group, targets, nodes)?;
        Ok(index)
    }

    /// An index that does not lead to the edges of a node would silently leave connections out.
    fn check(&self, group: &ColumnGroup, targets: &[u32], nodes: u32) -> Result<(), Problem> {
        let help = "leave the group `indices` out, and it will be made anew";
        let mut found = 0;
        for node in 0..nodes {
            for rows in self.ranges(node, targets.len()) {
                if targets[rows.clone()].iter().any(|target| *target != node) {
                    let message = format!(
                        "the index gives edges {} to {} to node {node}, which is not their target",
                        rows.start, rows.end
                    );
                    let problem = Problem::new("sonata-index", message).at(group.place("range_to_edge_id"));
                    return Err(problem.help(help));
                }
                found += rows.len();
            }
        }
        if found != targets.len() {
            let message = format!("the index leads to {found} of {} edges", targets.len());
            return Err(Problem::new("sonata-index", message).at(group.place("node_id_to_range")).help(help));
        }
        Ok(())
    }

    /// The edges of a node, of `rows` in all.
    pub fn edges_of(&self, node: u32, rows: usize) -> Vec<usize> {
        match self {
            TargetIndex::Stored { .. } => self.ranges(node, rows).into_iter().flatten().collect(),
            TargetIndex::Made { first, edges } => {
                let range = first[node as usize] as usize..first[node as usize + 1] as usize;
                edges[range].iter().map(|edge| *edge as usize).collect()
            }
        }
    }

    /// The ranges of a node, cut to what there is.
    fn ranges(&self, node: u32, rows: usize) -> Vec<Range<usize>> {
        let TargetIndex::Stored { ranges, edges } = self else { return Vec::new() };
        let Some([from, to]) = ranges.get(node as usize) else { return Vec::new() };
        let of = edges.get(*from as usize..(*to as usize).max(*from as usize).min(edges.len())).unwrap_or(&[]);
        let cut = |[start, end]: &[u64; 2]| {
            (*start as usize).min(rows)..(*end as usize).clamp((*start as usize).min(rows), rows)
        };
        of.iter().map(cut).collect()
    }
}

fn pairs(column: &Column) -> Result<Vec<[u64; 2]>, Problem> {
    if column.shape().len() != 2 || column.shape()[1] != 2 {
        return Err(column.problem(format!("an index has two columns, not the shape {:?}", column.shape())));
    }
    Ok(column.integers()?.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}

/// An index made of the targets of all edges.
fn made(targets: &[u32], nodes: u32) -> TargetIndex {
    let mut first = vec![0u64; nodes as usize + 1];
    targets.iter().for_each(|target| first[*target as usize + 1] += 1);
    for node in 0..nodes as usize {
        first[node + 1] += first[node];
    }
    let mut next = first.clone();
    let mut edges = vec![0u64; targets.len()];
    for (edge, target) in targets.iter().enumerate() {
        let at = &mut next[*target as usize];
        edges[*at as usize] = edge as u64;
        *at += 1;
    }
    TargetIndex::Made { first, edges }
}
