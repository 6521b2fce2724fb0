//! Gaussian elimination on trees (Hines 1984).

/// The matrix of a tile of `L` equal trees that lie side by side. Row 0 is the root, parents stand before their
/// children; element (row, lane) of a field is number `row * L + lane`.
pub struct Tree<'a> {
    /// Parent row of each row.
    pub parent: &'a [u32],
    /// Element (row, parent): negative.
    pub to_parent: &'a [f64],
    /// Element (parent, row): negative.
    pub from_parent: &'a [f64],
}

/// Solves in place: `diagonal` is overwritten, `rhs` becomes the solution. One division a row: its inverse is kept
/// for the way back. Children are eliminated in descending order of their rows, so the sums of every row have one
/// order on every machine.
pub fn solve_tree<const L: usize>(tree: &Tree, diagonal: &mut [f64], rhs: &mut [f64]) {
    let rows = tree.parent.len();
    for row in (1..rows).rev() {
        eliminate::<L>(tree, row, diagonal, rhs);
    }
    for lane in 0..L {
        rhs[lane] /= diagonal[lane];
    }
    for row in 1..rows {
        substitute::<L>(tree, row, diagonal, rhs);
    }
}

/// A tree with its numbers, to be solved beside others.
pub type Solving<'a> = (Tree<'a>, &'a mut [f64], &'a mut [f64]);

/// Solves several trees of one lane at the same time, row by row: a row must wait for the division of its child,
/// and meanwhile the processor works on the other trees. Each tree's own order, and so its bits, are those of
/// [`solve_tree`].
pub fn solve_beside<const N: usize>(trees: &mut [Solving; N]) {
    let most = trees.iter().map(|(tree, _, _)| tree.parent.len()).max().unwrap_or(0);
    for back in 1..most {
        for (tree, diagonal, rhs) in trees.iter_mut() {
            let rows = tree.parent.len();
            if back < rows {
                eliminate::<1>(tree, rows - back, diagonal, rhs);
            }
        }
    }
    for (_, diagonal, rhs) in trees.iter_mut() {
        rhs[0] /= diagonal[0];
    }
    for row in 1..most {
        for (tree, diagonal, rhs) in trees.iter_mut() {
            if row < tree.parent.len() {
                substitute::<1>(tree, row, diagonal, rhs);
            }
        }
    }
}

#[inline(always)]
fn eliminate<const L: usize>(tree: &Tree, row: usize, diagonal: &mut [f64], rhs: &mut [f64]) {
    let parent = tree.parent[row] as usize * L;
    for (own, parent) in (row * L..row * L + L).zip(parent..parent + L) {
        let inverse = 1.0 / diagonal[own];
        let factor = tree.from_parent[own] * inverse;
        diagonal[own] = inverse;
        diagonal[parent] -= factor * tree.to_parent[own];
        rhs[parent] -= factor * rhs[own];
    }
}

#[inline(always)]
fn substitute<const L: usize>(tree: &Tree, row: usize, diagonal: &mut [f64], rhs: &mut [f64]) {
    let parent = tree.parent[row] as usize * L;
    for (own, parent) in (row * L..row * L + L).zip(parent..parent + L) {
        rhs[own] = (rhs[own] - tree.to_parent[own] * rhs[parent]) * diagonal[own];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Dense LU without pivoting of the same matrix (it is diagonally dominant).
    fn dense(parent: &[u32], up: &[f64], down: &[f64], d: &[f64], rhs: &[f64]) -> Vec<f64> {
        let n = d.len();
        let mut m = vec![vec![0.0; n + 1]; n];
        for i in 0..n {
            m[i][i] = d[i];
            m[i][n] = rhs[i];
            if i > 0 {
                m[i][parent[i] as usize] = up[i];
                m[parent[i] as usize][i] = down[i];
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

    fn side_by_side(values: &[f64], lanes: usize) -> Vec<f64> {
        values.iter().flat_map(|&v| std::iter::repeat_n(v, lanes)).collect()
    }

    proptest! {
        #[test]
        fn equals_dense_elimination(
            rows in prop::collection::vec((any::<u32>(), -1.0..-0.01f64, -1.0..-0.01f64, 0.01..2.0f64, -5.0..5.0f64), 1..40)
        ) {
            let n = rows.len();
            let parent: Vec<u32> = (0..n).map(|i| if i == 0 { 0 } else { rows[i].0 % i as u32 }).collect();
            let up: Vec<f64> = rows.iter().map(|r| r.1).collect();
            let down: Vec<f64> = rows.iter().map(|r| r.2).collect();
            let rhs: Vec<f64> = rows.iter().map(|r| r.4).collect();
            let mut d: Vec<f64> = rows.iter().map(|r| r.3).collect();
            for i in 1..n {
                d[i] -= up[i];
                d[parent[i] as usize] -= down[i];
            }
            let want = dense(&parent, &up, &down, &d, &rhs);
            let one = {
                let tree = Tree { parent: &parent, to_parent: &up, from_parent: &down };
                let (mut d, mut x) = (d.clone(), rhs.clone());
                solve_tree::<1>(&tree, &mut d, &mut x);
                x
            };
            for (a, b) in one.iter().zip(&want) {
                prop_assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{a} {b}");
            }
            let (up, down) = (side_by_side(&up, 4), side_by_side(&down, 4));
            let (mut d, mut x) = (side_by_side(&d, 4), side_by_side(&rhs, 4));
            solve_tree::<4>(&Tree { parent: &parent, to_parent: &up, from_parent: &down }, &mut d, &mut x);
            prop_assert_eq!(x, side_by_side(&one, 4));
        }
    }
}
