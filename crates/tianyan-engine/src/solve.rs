//! Gaussian elimination on trees (Hines 1984), for many cells at the same time.
//!
//! Rows are visited from the outer ends to the roots, chain beside chain as [`Plan`] lays them; each gives its parent
//! what elimination takes from it, and on the way back gets its parent's result. The equation of row i with parent p:
//!
//! ```text
//! (mechanisms + cm/dt + axial) dv_i + up_i dv_p + sum down_c dv_c = rhs_i - up_i (v_p - v_i) + sum down_c (v_i - v_c)
//! ```
//!
//! with the negative couplings `up` (row i, column p) and `down` (row p, column i). For each row one order of operations
//! holds, whatever lies beside it: what its children give is summed in descending order of their rows, and then
//! subtracted at once. `solve.c` is the same for the vectors of a processor.

use tianyan_layout::{Layout, Plan};

/// Arrays of a group, each with one number a node, and one for nobody behind.
pub struct Arrays<'a> {
    /// Membrane potential, mV.
    pub v: &'a mut [f64],
    /// Currents, mA/cm2; then the change of v, mV.
    pub rhs: &'a mut [f64],
    /// Conductances of the membrane, S/cm2; then inverse pivots.
    pub diagonal: &'a mut [f64],
    /// What couplings add to the diagonal.
    pub axial: &'a [f64],
    /// Couplings to the parent in the row's own equation.
    pub up: &'a [f64],
    /// Couplings to the row in its parent's equation.
    pub down: &'a [f64],
}

/// What chains give to the rows they hang on: for each chain what is to be subtracted from the diagonal and from the
/// right-hand side. The last is always 0.
#[derive(Debug, Clone, Default)]
pub struct Given {
    pub(crate) diagonal: Vec<f64>,
    pub(crate) rhs: Vec<f64>,
}

impl<'a> Arrays<'a> {
    /// Those of a state.
    pub fn of(layout: &Layout, state: &'a mut [f64]) -> Option<Arrays<'a>> {
        let fields = &layout.node_fields;
        let range = |offset: usize| offset..offset + layout.nodes + 1;
        let ranges = [fields.voltage, fields.rhs, fields.diagonal, fields.axial, fields.to_parent, fields.from_parent];
        let [v, rhs, diagonal, axial, up, down] = state.get_disjoint_mut(ranges.map(range)).ok()?;
        Some(Arrays { v, rhs, diagonal, axial, up, down })
    }

    /// Prepares a solve; panics if an array is too short for the plan.
    pub fn begin(&mut self, plan: &Plan, given: &mut Given) {
        let least = [&*self.v, self.rhs, self.diagonal, self.axial, self.up, self.down].map(|array| array.len());
        assert!(least.iter().all(|len| *len > plan.nodes()), "arrays of {least:?} for {} nodes", plan.nodes());
        self.rhs[plan.nodes()] = 0.0;
        given.diagonal.resize(plan.parents().len() + 1, 0.0);
        given.rhs.resize(plan.parents().len() + 1, 0.0);
        (given.diagonal[plan.parents().len()], given.rhs[plan.parents().len()]) = (0.0, 0.0);
    }
}

/// Solves for the change of v over a step, in place of the right-hand side, and adds `factor` times it to v.
pub fn solve<const L: usize>(plan: &Plan, arrays: &mut Arrays, given: &mut Given, factor: f64) {
    debug_assert_eq!(plan.lanes(), L);
    arrays.begin(plan, given);
    eliminate::<L>(plan, arrays, given);
    substitute::<L>(plan, arrays, factor);
}

/// From the outer ends to the roots.
fn eliminate<const L: usize>(plan: &Plan, arrays: &mut Arrays, given: &mut Given) {
    let n = plan.nodes() + 1;
    let Arrays { v, rhs, diagonal, axial, up, down } = arrays;
    // Slices of one length: one check serves them all.
    let (v, rhs, diagonal) = (&v[..n], &mut rhs[..n], &mut diagonal[..n]);
    let (axial, up, down) = (&axial[..n], &up[..n], &down[..n]);
    for tile in plan.tiles() {
        let lanes = tile.first_lane as usize;
        let blocks = &plan.blocks()[tile.first_block as usize..][..tile.len as usize];
        let parents: &[u32; L] = block(plan.parents(), lanes);
        let starts: &[u32; L] = block(plan.starts(), lanes);
        let (mut from_diagonal, mut from_rhs) = ([0.0; L], [0.0; L]);
        for k in 0..tile.children as usize {
            let children: &[u32; L] = block(plan.children(), tile.first_child as usize + k * L);
            from_diagonal = each(|l| from_diagonal[l] + given.diagonal[children[l] as usize]);
            from_rhs = each(|l| from_rhs[l] + given.rhs[children[l] as usize]);
        }
        let v_parents = parents.map(|parent| v[parent as usize]);
        let mut v_own: [f64; L] = *block(v, blocks[blocks.len() - 1] as usize);
        let (mut out_diagonal, mut out_rhs) = ([0.0; L], [0.0; L]);
        for (position, &node) in blocks.iter().enumerate().rev() {
            let node = node as usize;
            let next = if position > 0 { *block(v, blocks[position - 1] as usize) } else { v_parents };
            let mut v_parent = next;
            if tile.ragged {
                v_parent = each(|l| if starts[l] as usize == position { v_parents[l] } else { next[l] });
            }
            assert!(node + L <= n);
            let (up, down) = (*block::<_, L>(up, node), *block::<_, L>(down, node));
            let (axial, own_diagonal) = (*block::<_, L>(axial, node), *block::<_, L>(diagonal, node));
            let own_rhs = *block::<_, L>(rhs, node);
            let dv: [f64; L] = each(|l| v_parent[l] - v_own[l]);
            let pivot: [f64; L] = each(|l| (own_diagonal[l] + axial[l]) - from_diagonal[l]);
            let right: [f64; L] = each(|l| (own_rhs[l] - up[l] * dv[l]) - from_rhs[l]);
            let inverse: [f64; L] = each(|l| 1.0 / pivot[l]);
            *block_mut(diagonal, node) = inverse;
            *block_mut(rhs, node) = right;
            from_diagonal = each(|l| (down[l] * up[l]) * inverse[l]);
            from_rhs = each(|l| (down[l] * right[l]) * inverse[l] - down[l] * dv[l]);
            if tile.ragged {
                let leaves: [bool; L] = starts.map(|start| start as usize == position);
                out_diagonal = each(|l| if leaves[l] { from_diagonal[l] } else { out_diagonal[l] });
                out_rhs = each(|l| if leaves[l] { from_rhs[l] } else { out_rhs[l] });
                from_diagonal = each(|l| if leaves[l] { 0.0 } else { from_diagonal[l] });
                from_rhs = each(|l| if leaves[l] { 0.0 } else { from_rhs[l] });
            }
            v_own = next;
        }
        if !tile.ragged {
            (out_diagonal, out_rhs) = (from_diagonal, from_rhs);
        }
        *block_mut(&mut given.diagonal, lanes) = out_diagonal;
        *block_mut(&mut given.rhs, lanes) = out_rhs;
    }
}

/// From the roots to the outer ends.
fn substitute<const L: usize>(plan: &Plan, arrays: &mut Arrays, factor: f64) {
    let n = plan.nodes() + 1;
    let Arrays { v, rhs, diagonal, up, .. } = arrays;
    let (v, rhs, diagonal, up) = (&mut v[..n], &mut rhs[..n], &diagonal[..n], &up[..n]);
    for tile in plan.tiles().iter().rev() {
        let lanes = tile.first_lane as usize;
        let blocks = &plan.blocks()[tile.first_block as usize..][..tile.len as usize];
        let parents: &[u32; L] = block(plan.parents(), lanes);
        let starts: &[u32; L] = block(plan.starts(), lanes);
        let mut known = parents.map(|parent| rhs[parent as usize]);
        for (position, &node) in blocks.iter().enumerate() {
            let node = node as usize;
            assert!(node + L <= n);
            let (up, inverse) = (*block::<_, L>(up, node), *block::<_, L>(diagonal, node));
            let (own_rhs, own_v) = (*block::<_, L>(rhs, node), *block::<_, L>(v, node));
            let dv: [f64; L] = each(|l| (own_rhs[l] - up[l] * known[l]) * inverse[l]);
            *block_mut(rhs, node) = dv;
            *block_mut(v, node) = each::<L>(|l| own_v[l] + factor * dv[l]);
            known = match tile.ragged {
                false => dv,
                true => each(|l| if position >= starts[l] as usize { dv[l] } else { known[l] }),
            };
        }
    }
}

/// A vector, lane by lane.
fn each<const L: usize>(lane: impl Fn(usize) -> f64) -> [f64; L] {
    std::array::from_fn(lane)
}

/// The numbers of a block of lanes.
fn block<T, const L: usize>(array: &[T], start: usize) -> &[T; L] {
    array[start..start + L].first_chunk().expect("a block has as many numbers as lanes")
}

fn block_mut<T, const L: usize>(array: &mut [T], start: usize) -> &mut [T; L] {
    array[start..start + L].first_chunk_mut().expect("a block has as many numbers as lanes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tianyan_layout::{Chains, Member, plan};

    /// A row: where its parent is, up, down, conductance beside the couplings, current, v.
    type Row = (u32, f64, f64, f64, f64, f64);

    fn parents(rows: &[Row]) -> Vec<u32> {
        let parent = |(i, row): (usize, &Row)| match i {
            0 => 0,
            _ if row.0 % 3 > 0 => i as u32 - 1,
            _ => row.0 / 3 % i as u32,
        };
        rows.iter().enumerate().map(parent).collect()
    }

    /// dv of one cell, by LU without pivoting of the dense matrix (it is diagonally dominant).
    fn dense(parent: &[u32], rows: &[Row]) -> Vec<f64> {
        let n = rows.len();
        let mut m = vec![vec![0.0; n + 1]; n];
        for (i, &(_, up, down, g, current, v)) in rows.iter().enumerate() {
            m[i][i] += g;
            m[i][n] += current;
            if i > 0 {
                let p = parent[i] as usize;
                m[i][p] = up;
                m[p][i] = down;
                m[i][i] -= up;
                m[p][p] -= down;
                m[i][n] -= up * (rows[p].5 - v);
                m[p][n] += down * (rows[p].5 - v);
            }
        }
        for k in 0..n {
            for i in k + 1..n {
                let factor = m[i][k] / m[k][k];
                let pivot = m[k].clone();
                m[i].iter_mut().zip(&pivot).skip(k).for_each(|(x, p)| *x -= factor * p);
            }
        }
        for k in (0..n).rev() {
            m[k][n] /= m[k][k];
            for i in 0..k {
                m[i][n] -= m[i][k] * m[k][n];
            }
        }
        m.iter().map(|row| row[n]).collect()
    }

    /// dv of all rows of some cells, cell by cell.
    fn solved<const L: usize>(cells: &[Vec<Row>]) -> Vec<f64> {
        let parents: Vec<Vec<u32>> = cells.iter().map(|rows| parents(rows)).collect();
        let chains: Vec<Chains> = parents.iter().map(|parent| Chains::new(parent, vec![0; parent.len()], 1)).collect();
        let starts = parents.iter().scan(0, |sum, parent| {
            *sum += parent.len() as u32;
            Some(*sum - parent.len() as u32)
        });
        let members: Vec<Member> =
            chains.iter().zip(starts).map(|(chains, first_row)| Member { chains, first_row }).collect();
        let (plan, _, node_of) = plan(&members, L);
        let new = |value: f64| vec![value; plan.nodes() + 1];
        let [mut v, mut rhs, mut diagonal, mut axial, mut up, mut down] = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0].map(new);
        for ((rows, parent), member) in cells.iter().zip(&parents).zip(&members) {
            let node = |row: usize| node_of[member.first_row as usize + row] as usize;
            for (row, &(_, u, d, g, current, potential)) in rows.iter().enumerate() {
                (diagonal[node(row)], rhs[node(row)], v[node(row)]) = (g, current, potential);
                if row > 0 {
                    (up[node(row)], down[node(row)]) = (u, d);
                    axial[node(row)] -= u;
                    axial[node(parent[row] as usize)] -= d;
                }
            }
        }
        let mut arrays =
            Arrays { v: &mut v, rhs: &mut rhs, diagonal: &mut diagonal, axial: &axial, up: &up, down: &down };
        solve::<L>(&plan, &mut arrays, &mut Given::default(), 1.0);
        node_of.iter().map(|node| rhs[*node as usize]).collect()
    }

    proptest! {
        #[test]
        fn equals_dense_elimination_in_any_number_of_lanes(
            cells in prop::collection::vec(prop::collection::vec(
                (any::<u32>(), -1.0..-0.01f64, -1.0..-0.01f64, 0.01..2.0f64, -5.0..5.0f64, -80.0..20.0f64), 1..40), 1..12)
        ) {
            let want: Vec<f64> = cells.iter().flat_map(|rows| dense(&parents(rows), rows)).collect();
            let one = solved::<1>(&cells);
            for (a, b) in one.iter().zip(&want) {
                prop_assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{a} {b}");
            }
            prop_assert_eq!(&one, &solved::<2>(&cells));
            prop_assert_eq!(&one, &solved::<4>(&cells));
            prop_assert_eq!(&one, &solved::<8>(&cells));
        }
    }
}
