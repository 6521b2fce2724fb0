//! What a group's threads read in every step, together, so that it moves into shared memory.

use crate::loaded::prefix_sums;
use crate::program::Steps;
use crate::tables::{Image, Op, Plan, Stage};
use tianyan_layout::Layout;

/// Longer lists of shares stay where they are, bytes.
const HOT_LIST: usize = 4 << 10;

/// What a group's threads read in every step, with offsets in place of addresses: it moves into shared memory.
pub struct Hot {
    /// Without the stages' addresses.
    pub bytes: Vec<u8>,
    /// Where the plan of the tree lies in it.
    pub plan: Plan,
    /// Where the stages begin, behind all else.
    stages: usize,
}

impl Hot {
    /// The plan of the tree, and the lists of fused loops, whose stages are told where they lie.
    pub fn new(layout: &Layout, steps: &mut Steps, small: bool) -> Hot {
        let mut image = Image::new(0);
        let plan = put_plan(layout, small, &mut image);
        for draft in steps.drafts.iter_mut().filter(|draft| draft.stage.op == Op::Fused as i32) {
            draft.stage.at = image.put(&std::mem::take(&mut draft.lists[0])) as i32;
        }
        for draft in steps.drafts.iter_mut().filter(|draft| draft.stage.op == Op::Share as i32) {
            let all = draft.lists.concat();
            if size_of_val(&all[..]) <= HOT_LIST {
                draft.stage.at = image.put(&all) as i32;
                draft.lists = Default::default();
            }
        }
        let stages = image.put(&vec![Stage::default(); steps.drafts.len()]) as usize;
        let mut bytes = image.bytes().to_vec();
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        Hot { bytes, plan, stages }
    }

    /// With the stages, now that their lists have addresses; and where these begin.
    pub fn with(&self, stages: &[Stage]) -> (Vec<u8>, i32) {
        let mut bytes = self.bytes.clone();
        let all: &[u8] = bytemuck::cast_slice(stages);
        bytes[self.stages..self.stages + all.len()].copy_from_slice(all);
        (bytes, self.stages as i32)
    }
}

/// The tiles of a group, sorted into levels: what hangs on a tile lies in lower ones.
fn put_plan(layout: &Layout, small: bool, image: &mut Image) -> Plan {
    let plan = &layout.rows.plan;
    let (tiles, lanes) = (plan.tiles(), plan.lanes());
    let mut level = vec![0usize; tiles.len()];
    for (t, tile) in tiles.iter().enumerate() {
        let children = &plan.children()[tile.first_child as usize..][..tile.children as usize * lanes];
        let below = children.iter().map(|lane| *lane as usize / lanes).filter(|child| *child < tiles.len());
        level[t] = below.map(|child| level[child] + 1).max().unwrap_or(0);
    }
    let levels = level.iter().max().map_or(0, |most| most + 1);
    let mut counts = vec![0usize; levels];
    level.iter().for_each(|l| counts[*l] += 1);
    let mut level_first: Vec<u32> = prefix_sums(&counts).into_iter().map(|first| first as u32).collect();
    level_first.push(tiles.len() as u32);
    let mut order: Vec<usize> = (0..tiles.len()).collect();
    // The longest of a level begin first.
    order.sort_by_key(|t| (level[*t], std::cmp::Reverse(tiles[*t].len)));
    let tile = |t: usize| {
        let tile = &tiles[t];
        let block = |position: u32| plan.blocks()[(tile.first_block + position) as usize];
        let (first, last, ragged) = (block(0), block(tile.len - 1), u32::from(tile.ragged));
        [first, last, tile.len, tile.first_lane, tile.first_child, tile.children, ragged, 0]
    };
    let sorted: Vec<u32> = order.into_iter().flat_map(tile).collect();
    let mut put = |numbers: &[u32]| match small {
        true => image.put(&numbers.iter().map(|number| *number as u16).collect::<Vec<_>>()) as i32,
        false => image.put(numbers) as i32,
    };
    Plan {
        tiles: put(&sorted),
        parents: put(plan.parents()),
        starts: if lanes > 1 { put(plan.starts()) } else { 0 },
        children: put(plan.children()),
        level_first: image.put(&level_first) as i32,
        levels: levels as i32,
        nodes: plan.nodes() as i32,
        lanes: plan.parents().len() as i32,
    }
}
