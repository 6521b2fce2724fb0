//! Gaussian elimination, written out. Entries that are 0 whatever the numbers cost nothing, and the order of the
//! pivots keeps them 0 (Markowitz 1957): of the possible pivots, the one that can fill the fewest others, on the
//! diagonal if there is one.

use super::Run;
use crate::ir::{Comparison, Function, Value};

/// Systems whose pivots the run chooses are no larger: their operations grow with the third power.
const LARGEST_PIVOTED: usize = 16;

impl Run<'_, '_, '_> {
    /// The solution of `matrix x = right`.
    pub(super) fn eliminate(&mut self, mut matrix: Vec<Vec<Value>>, mut right: Vec<Value>) -> Vec<Value> {
        let n = right.len();
        let mut rows: Vec<usize> = (0..n).collect();
        let mut columns: Vec<usize> = (0..n).collect();
        let mut order = Vec::with_capacity(n);
        while let Some((row, column)) = self.pivot(&matrix, &rows, &columns) {
            rows.retain(|other| *other != row);
            columns.retain(|other| *other != column);
            order.push((row, column, columns.clone()));
            let pivot = matrix[row].clone();
            for &other in &rows {
                if self.graph.is_zero(matrix[other][column]) {
                    continue;
                }
                let factor = self.graph.loose_over(matrix[other][column], pivot[column]);
                for &c in &columns {
                    let part = self.graph.loose_times(factor, pivot[c]);
                    matrix[other][c] = self.graph.loose_minus(matrix[other][c], part);
                }
                let part = self.graph.loose_times(factor, right[row]);
                right[other] = self.graph.loose_minus(right[other], part);
            }
        }
        if order.len() < n {
            self.report.error("nmodl-solve", self.place, "these equations do not determine all their states");
        }
        let mut solution = vec![Value(0); n];
        for (row, column, others) in order.into_iter().rev() {
            let mut value = right[row];
            for c in others {
                let part = self.graph.loose_times(matrix[row][c], solution[c]);
                value = self.graph.loose_minus(value, part);
            }
            solution[column] = self.graph.loose_over(value, matrix[row][column]);
        }
        solution
    }

    /// The solution of `matrix x = right`, whose entries may vanish: of each column the largest entry is the pivot, as
    /// the run finds it.
    pub(super) fn eliminate_pivoted(&mut self, mut matrix: Vec<Vec<Value>>, mut right: Vec<Value>) -> Vec<Value> {
        let n = right.len();
        if n > LARGEST_PIVOTED {
            return self.eliminate(matrix, right);
        }
        for k in 0..n {
            for row in k + 1..n {
                self.larger_first(&mut matrix, &mut right, k, row);
            }
            if self.graph.is_zero(matrix[k][k]) {
                self.report.error("nmodl-solve", self.place, "these equations do not determine all their states");
                return right;
            }
            for row in k + 1..n {
                if self.graph.is_zero(matrix[row][k]) {
                    continue;
                }
                let factor = self.graph.loose_over(matrix[row][k], matrix[k][k]);
                let pivot = matrix[k].clone();
                for (entry, above) in matrix[row].iter_mut().zip(pivot).skip(k + 1) {
                    let part = self.graph.loose_times(factor, above);
                    *entry = self.graph.loose_minus(*entry, part);
                }
                let part = self.graph.loose_times(factor, right[k]);
                right[row] = self.graph.loose_minus(right[row], part);
            }
        }
        for k in (0..n).rev() {
            for c in k + 1..n {
                let part = self.graph.loose_times(matrix[k][c], right[c]);
                right[k] = self.graph.loose_minus(right[k], part);
            }
            right[k] = self.graph.loose_over(right[k], matrix[k][k]);
        }
        right
    }

    /// Exchanges rows `k` and `row` if the second is larger in column `k`.
    fn larger_first(&mut self, matrix: &mut [Vec<Value>], right: &mut [Value], k: usize, row: usize) {
        let (here, there) = (matrix[k][k], matrix[row][k]);
        if self.graph.is_zero(there) {
            return;
        }
        let sizes = [here, there].map(|value| self.graph.call(Function::Abs, value));
        let swaps = self.graph.compare(Comparison::Less, sizes[0], sizes[1]);
        match self.graph.decided(swaps) {
            Some(false) => {}
            Some(true) => {
                matrix.swap(k, row);
                right.swap(k, row);
            }
            None => {
                let (mut upper, mut lower) = (std::mem::take(&mut matrix[k]), std::mem::take(&mut matrix[row]));
                for (a, b) in upper.iter_mut().zip(&mut lower).skip(k) {
                    (*a, *b) = self.exchanged(swaps, *a, *b);
                }
                (matrix[k], matrix[row]) = (upper, lower);
                (right[k], right[row]) = self.exchanged(swaps, right[k], right[row]);
            }
        }
    }

    fn exchanged(&mut self, swaps: Value, a: Value, b: Value) -> (Value, Value) {
        (self.graph.select(swaps, b, a), self.graph.select(swaps, a, b))
    }

    fn pivot(&self, matrix: &[Vec<Value>], rows: &[usize], columns: &[usize]) -> Option<(usize, usize)> {
        let filled = |row: usize, column: usize| !self.graph.is_zero(matrix[row][column]);
        let in_row = |row: usize| columns.iter().filter(|c| filled(row, **c)).count();
        let in_column = |column: usize| rows.iter().filter(|r| filled(**r, column)).count();
        let cost = |&(row, column): &(usize, usize)| ((in_row(row) - 1) * (in_column(column) - 1), row, column);
        let diagonal = rows.iter().map(|row| (*row, *row)).filter(|(r, c)| columns.contains(c) && filled(*r, *c));
        let anywhere = || {
            let all = rows.iter().flat_map(|row| columns.iter().map(move |column| (*row, *column)));
            all.filter(|(r, c)| filled(*r, *c)).min_by_key(cost)
        };
        diagonal.min_by_key(cost).or_else(anywhere)
    }
}
