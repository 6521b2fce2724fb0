//! Where the rows of a group's cells lie, so that the tree solver works on several at the same time.
//!
//! A *chain* is a run of rows without a fork: the compartments of a section, and its end node if it has one.
//! Chains whose rows are alike lie side by side in a tile of `lanes` chains, of one cell or of many: position p of
//! all of them is a block of `lanes` nodes, and one vector. Chains that hang on a row come in earlier tiles than the
//! chain of that row. Shorter chains stand at the outer end of a tile.
//!
//! ```text
//! tile      position 0        1        2        3
//! lane 0    [soma side] row   row      row      end    the last row gathers from the chains that hang on it
//! lane 1    -           row   row      row      end
//! ```
//!
//! Blocks of rows with the same mechanisms follow each other, from whole vectors on, so that a mechanism sweeps over
//! plain ranges of nodes. Where a tile has no row (`-`, or a lane without a chain) stands a ghost: a copy of another row of its block, coupled to
//! nothing. What the solver computes for a row, and in which order, does not depend on any of this.

use crate::state::ALIGN;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// No chain, no parent.
const NONE: u32 = u32::MAX;

/// The chains of a kind of cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chains {
    list: Vec<Chain>,
    /// Class of each row: which mechanisms it carries.
    class: Vec<u32>,
    /// Class of end nodes.
    ends: u32,
}

/// A class, and whether an end node follows.
type Pattern = (u32, bool);

#[derive(Debug, Clone, PartialEq, Default)]
struct Chain {
    /// From the root outwards.
    rows: Vec<u32>,
    /// The chain on whose last row it hangs.
    parent: u32,
    /// The chains that hang on its last row, in descending order of their rows.
    children: Vec<u32>,
}

impl Chains {
    /// The chains of a tree: the parent of each row (before it; the root is its own), a number for the mechanisms that
    /// each carries, and the number of end nodes, which carry none. A chain has rows of one class, and perhaps an end node
    /// behind them.
    pub fn new(parent: &[u32], class: Vec<u32>, ends: u32) -> Chains {
        let mut count = vec![0u32; parent.len()];
        for (_, parent) in parent.iter().enumerate().filter(|(row, parent)| **parent as usize != *row) {
            count[*parent as usize] += 1;
        }
        let mut list: Vec<Chain> = Vec::new();
        let mut chain_of = vec![NONE; parent.len()];
        for (row, &parent) in parent.iter().enumerate() {
            let parent = parent as usize;
            let above = if parent == row { NONE } else { chain_of[parent] };
            let goes_on = class[parent] != ends && (class[row] == class[parent] || class[row] == ends);
            if above != NONE && count[parent] == 1 && goes_on {
                list[above as usize].rows.push(row as u32);
                chain_of[row] = above;
                continue;
            }
            let own = list.len() as u32;
            chain_of[row] = own;
            if above != NONE {
                list[above as usize].children.insert(0, own);
            }
            list.push(Chain { rows: vec![row as u32], parent: above, children: Vec::new() });
        }
        Chains { list, class, ends }
    }

    /// What chains must have in common to share a tile: the class of their rows, and whether an end node is behind them.
    fn pattern(&self, chain: &Chain) -> Pattern {
        let class = |row: Option<&u32>| row.map_or(NONE, |row| self.class[*row as usize]);
        let has_end = chain.rows.len() > 1 && class(chain.rows.last()) == self.ends;
        (class(chain.rows.first()), has_end)
    }
}

/// A cell of the group.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its chains.
    pub chains: &'a Chains,
    /// Its first row among the rows of all cells.
    pub first_row: u32,
}

/// Chains side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Tile {
    /// Its blocks in [`Plan::blocks`], from the root outwards.
    pub first_block: u32,
    /// Positions.
    pub len: u32,
    /// Its lanes in [`Plan::parents`] and [`Plan::starts`].
    pub first_lane: u32,
    /// Its children in [`Plan::children`]: this many times `lanes`.
    pub first_child: u32,
    /// Most children of a lane.
    pub children: u32,
    /// Whether some lane begins later than position 0.
    pub ragged: bool,
    /// Whether the next tile needs nothing of this one, so that both may go side by side. No tile is in two pairs.
    pub paired: bool,
}

/// Which row a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeRow {
    /// The cell, by its place in the group.
    pub cell: u32,
    /// Its row.
    pub row: u32,
    /// A copy that belongs to no cell.
    pub ghost: bool,
}

/// Where everything lies in a group. Only [`plan`] makes one: all its numbers lie within the group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    lanes: usize,
    tiles: Vec<Tile>,
    blocks: Vec<u32>,
    parents: Vec<u32>,
    starts: Vec<u32>,
    children: Vec<u32>,
    nodes: usize,
}

impl Plan {
    /// Pairs tiles that need nothing of each other.
    fn pair(&mut self) {
        let mut first = 0;
        while first + 1 < self.tiles.len() {
            let next = self.tiles[first + 1];
            let children = &self.children[next.first_child as usize..][..next.children as usize * self.lanes];
            let own = (first * self.lanes) as u32..((first + 1) * self.lanes) as u32;
            let paired = !children.iter().any(|child| own.contains(child));
            self.tiles[first].paired = paired;
            first += if paired { 2 } else { 1 };
        }
    }

    /// Chains side by side in a tile.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// In the order of elimination.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// First node of each block.
    pub fn blocks(&self) -> &[u32] {
        &self.blocks
    }

    /// For each lane of each tile the node on which it hangs; the number of nodes if on none.
    pub fn parents(&self) -> &[u32] {
        &self.parents
    }

    /// For each lane of each tile the position of its first row; the tile's length if it has no chain.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// For each tile, k and lane: the k-th chain that hangs on its last row, as tile * lanes + lane; the number of all
    /// lanes if there is none.
    pub fn children(&self) -> &[u32] {
        &self.children
    }

    /// Number of nodes, ghosts too.
    pub fn nodes(&self) -> usize {
        self.nodes
    }
}

/// Lays the chains of some cells side by side. The second value has the row of each node, the third the node of each
/// row, cell by cell.
pub fn plan(members: &[Member], lanes: usize) -> (Plan, Vec<NodeRow>, Vec<u32>) {
    Planner::new(members, lanes).plan()
}

#[derive(Default)]
struct Planner<'a> {
    lanes: usize,
    members: &'a [Member<'a>],
    /// Number of the first chain of each cell.
    first_chain: Vec<u32>,
    /// Chains of each chain that are not in a tile yet.
    waiting: Vec<u32>,
    /// By pattern, longest first.
    ready: BTreeMap<Pattern, BTreeMap<Reverse<u32>, Vec<u32>>>,
    /// Where enough are ready for a tile.
    full: BTreeSet<(Pattern, Reverse<u32>)>,
    /// Tile * lanes + lane of each chain.
    slot: Vec<u32>,
    /// Chains of each tile.
    chosen: Vec<Vec<u32>>,
    /// Cell of each chain.
    cell_of: Vec<u32>,
}

impl<'a> Planner<'a> {
    fn new(members: &'a [Member<'a>], lanes: usize) -> Planner<'a> {
        let (mut first_chain, mut waiting, mut cell_of) = (Vec::with_capacity(members.len()), Vec::new(), Vec::new());
        for (cell, member) in members.iter().enumerate() {
            first_chain.push(waiting.len() as u32);
            let list = &member.chains.list;
            waiting.extend(list.iter().map(|chain| chain.children.len() as u32));
            cell_of.extend(std::iter::repeat_n(cell as u32, list.len()));
        }
        let slot = vec![NONE; waiting.len()];
        let mut planner = Planner { lanes, members, first_chain, waiting, slot, cell_of, ..Planner::default() };
        for chain in 0..planner.waiting.len() as u32 {
            if planner.waiting[chain as usize] == 0 {
                planner.make_ready(chain);
            }
        }
        planner
    }

    fn chains(&self, chain: u32) -> (&'a Chains, &'a Chain, u32) {
        let cell = self.cell_of[chain as usize];
        let of = self.members[cell as usize].chains;
        (of, &of.list[(chain - self.first_chain[cell as usize]) as usize], cell)
    }

    fn make_ready(&mut self, chain: u32) {
        let (of, own, _) = self.chains(chain);
        let (pattern, length) = (of.pattern(own), Reverse(own.rows.len() as u32));
        let chains = self.ready.entry(pattern).or_default().entry(length).or_default();
        chains.push(chain);
        if chains.len() >= self.lanes {
            self.full.insert((pattern, length));
        }
    }

    /// Fills tiles with chains of one length as long as there are enough that can come next, and else with what there is.
    fn choose(&mut self) {
        while let Some(tile) = self.take_equal().or_else(|| self.take_any()) {
            let number = self.chosen.len() * self.lanes;
            for (lane, &chain) in tile.iter().enumerate() {
                self.slot[chain as usize] = (number + lane) as u32;
                let (_, own, cell) = self.chains(chain);
                if own.parent != NONE {
                    let above = self.first_chain[cell as usize] + own.parent;
                    self.waiting[above as usize] -= 1;
                    if self.waiting[above as usize] == 0 {
                        self.make_ready(above);
                    }
                }
            }
            self.chosen.push(tile);
        }
    }

    /// As many chains of one pattern and length as there are lanes.
    fn take_equal(&mut self) -> Option<Vec<u32>> {
        let key = self.full.pop_first()?;
        let chains = self.ready.get_mut(&key.0)?.get_mut(&key.1)?;
        let tile = chains.split_off(chains.len().saturating_sub(self.lanes));
        if chains.len() >= self.lanes {
            self.full.insert(key);
        }
        Some(tile)
    }

    /// The longest of the pattern of which there are most.
    fn take_any(&mut self) -> Option<Vec<u32>> {
        let count = |by_length: &BTreeMap<Reverse<u32>, Vec<u32>>| by_length.values().map(Vec::len).sum::<usize>();
        let by_length = self.ready.values_mut().max_by_key(|by_length| count(by_length))?;
        let mut tile = Vec::with_capacity(self.lanes);
        for chains in by_length.values_mut() {
            tile.extend(chains.split_off(chains.len().saturating_sub(self.lanes - tile.len())));
        }
        by_length.retain(|_, chains| !chains.is_empty());
        (!tile.is_empty()).then_some(tile)
    }

    fn plan(mut self) -> (Plan, Vec<NodeRow>, Vec<u32>) {
        self.choose();
        let lanes = self.lanes;
        // Class, tile and position of each block; sorted, their nodes.
        let mut order: Vec<(u32, u32, u32)> = Vec::new();
        let mut lengths = Vec::with_capacity(self.chosen.len());
        for (tile, chains) in self.chosen.iter().enumerate() {
            // The first is the longest.
            let (of, first, _) = self.chains(chains[0]);
            lengths.push(first.rows.len());
            let classes = first.rows.iter().map(|row| of.class[*row as usize]);
            order.extend(classes.zip(0..).map(|(class, position)| (class, tile as u32, position)));
        }
        let mut plan = Plan { lanes, ..Plan::default() };
        let mut first_block = Vec::with_capacity(lengths.len());
        let mut blocks = 0;
        for len in &lengths {
            first_block.push(blocks as u32);
            blocks += len;
        }
        plan.blocks = vec![0; blocks];
        order.sort_unstable();
        for of_class in order.chunk_by(|a, b| a.0 == b.0) {
            for (_, tile, position) in of_class {
                plan.blocks[(first_block[*tile as usize] + position) as usize] = plan.nodes as u32;
                plan.nodes += lanes;
            }
            plan.nodes = plan.nodes.next_multiple_of(ALIGN);
        }
        let (rows, node_of) = self.rows(&plan, &first_block, &lengths);
        self.tiles(&mut plan, &first_block, &lengths, &node_of);
        plan.pair();
        (plan, rows, node_of)
    }

    /// The row of each node, and the node of each row.
    fn rows(&self, plan: &Plan, first_block: &[u32], lengths: &[usize]) -> (Vec<NodeRow>, Vec<u32>) {
        let rows = |member: &Member| member.first_row as usize + member.chains.class.len();
        let mut node_of = vec![NONE; self.members.last().map_or(0, rows)];
        let nobody = NodeRow { cell: NONE, row: 0, ghost: true };
        let mut rows = vec![nobody; plan.nodes];
        for ((chains, first), &len) in self.chosen.iter().zip(first_block).zip(lengths) {
            let blocks = &plan.blocks[*first as usize..*first as usize + len];
            // The rows of the longest lend themselves to all gaps.
            let (_, longest, of) = self.chains(chains[0]);
            for lane in 0..self.lanes {
                for (block, row) in blocks.iter().zip(&longest.rows) {
                    rows[*block as usize + lane] = NodeRow { cell: of, row: *row, ghost: true };
                }
                let Some(chain) = chains.get(lane) else { continue };
                let (_, own, cell) = self.chains(*chain);
                for (block, row) in blocks[len - own.rows.len()..].iter().zip(&own.rows) {
                    let node = *block as usize + lane;
                    rows[node] = NodeRow { cell, row: *row, ghost: false };
                    node_of[(self.members[cell as usize].first_row + row) as usize] = node as u32;
                }
            }
        }
        // What fills up a class is like the node before.
        for node in 1..rows.len() {
            if rows[node] == nobody {
                rows[node] = NodeRow { ghost: true, ..rows[node - 1] };
            }
        }
        (rows, node_of)
    }

    fn tiles(&self, plan: &mut Plan, first_block: &[u32], lengths: &[usize], node_of: &[u32]) {
        let nowhere = (self.chosen.len() * self.lanes) as u32;
        for ((chains, first), &len) in self.chosen.iter().zip(first_block).zip(lengths) {
            let (first_lane, first_child) = (plan.parents.len() as u32, plan.children.len() as u32);
            let of = |lane: usize| chains.get(lane).map(|chain| self.chains(*chain));
            let most = (0..self.lanes).filter_map(of).map(|(_, own, _)| own.children.len()).max().unwrap_or(0);
            for lane in 0..self.lanes {
                let (mut parent, mut start) = (plan.nodes as u32, len as u32);
                if let Some((of, own, cell)) = of(lane) {
                    start = (len - own.rows.len()) as u32;
                    if own.parent != NONE {
                        let row = of.list[own.parent as usize].rows.last().copied().unwrap_or_default();
                        parent = node_of[(self.members[cell as usize].first_row + row) as usize];
                    }
                }
                plan.parents.push(parent);
                plan.starts.push(start);
            }
            for k in 0..most {
                for lane in 0..self.lanes {
                    let child = of(lane).and_then(|(_, own, cell)| {
                        own.children.get(k).map(|child| self.slot[(self.first_chain[cell as usize] + child) as usize])
                    });
                    plan.children.push(child.unwrap_or(nowhere));
                }
            }
            let starts = &plan.starts[first_lane as usize..];
            let ragged = starts.iter().any(|start| *start != 0 && *start != len as u32);
            plan.tiles.push(Tile {
                first_block: *first,
                len: len as u32,
                first_lane,
                first_child,
                children: most as u32,
                ragged,
                paired: false,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_row_has_one_node_behind_those_it_gathers_from(
            trees in prop::collection::vec(prop::collection::vec((any::<u32>(), 0..3u32), 1..40), 1..20),
            lanes in prop::sample::select(vec![1usize, 2, 4, 8]),
        ) {
            let parents = |tree: &Vec<(u32, u32)>| -> Vec<u32> {
                // Long runs as in dendrites, with forks now and then.
                tree.iter().enumerate().map(|(i, (r, _))| match i {
                    0 => 0,
                    _ if r % 3 > 0 => i as u32 - 1,
                    _ => r / 3 % i as u32,
                }).collect()
            };
            let parents: Vec<Vec<u32>> = trees.iter().map(parents).collect();
            let class = |tree: &Vec<(u32, u32)>| tree.iter().map(|(_, class)| *class / 2).collect();
            let chains: Vec<Chains> = trees.iter().zip(&parents).map(|(t, p)| Chains::new(p, class(t), 1)).collect();
            let mut first_row = 0;
            let members: Vec<Member> = chains.iter().zip(&parents).map(|(chains, parent)| {
                first_row += parent.len() as u32;
                Member { chains, first_row: first_row - parent.len() as u32 }
            }).collect();
            let (plan, rows, node_of) = plan(&members, lanes);
            prop_assert_eq!(rows.len(), plan.nodes);
            prop_assert_eq!(rows.iter().filter(|row| !row.ghost).count(), node_of.len());
            let mut visited = vec![usize::MAX; plan.nodes];
            let mut at = 0;
            for tile in &plan.tiles {
                for position in (0..tile.len).rev() {
                    let block = plan.blocks[(tile.first_block + position) as usize] as usize;
                    visited[block..block + lanes].fill(at);
                    at += 1;
                }
            }
            for (member, (cell, parent)) in members.iter().zip(parents.iter().enumerate()) {
                for (row, &parent) in parent.iter().enumerate() {
                    let node = node_of[member.first_row as usize + row] as usize;
                    prop_assert_eq!(rows[node], NodeRow { cell: cell as u32, row: row as u32, ghost: false });
                    if row > 0 {
                        let above = node_of[(member.first_row + parent) as usize] as usize;
                        prop_assert!(visited[node] < visited[above]);
                    }
                }
            }
        }
    }
}
