//! Who gets what, so that all together fit best. Pure.
//!
//! The Hungarian method, by shortest augmenting paths (Jonker and Volgenant, Computing 38, 1987): n persons
//! and n boxes take in the order of n³ steps, a crowd of 100 some ms.

/// Pairs of a row and a column, each in one pair at most, such that the sum of their fits, each with
/// `1` for being there at all, is the highest. `fits` are `(fit, row, column)`; what is not in it does not fit.
pub(super) fn assign(fits: &[(f32, usize, usize)], rows: usize, columns: usize) -> Vec<(usize, usize)> {
    let side = rows.max(columns);
    let mut costs = Costs { side, costs: vec![0.0; side * side] };
    for (fit, row, column) in fits {
        costs.set(*row, *column, -(fit + 1.0));
    }
    let all = cheapest(&costs).into_iter();
    all.filter(|(row, column)| costs.of(*row, *column) < 0.0).collect()
}

/// A square of costs; what is outside of it costs nothing.
struct Costs {
    side: usize,
    costs: Vec<f32>,
}

impl Costs {
    fn of(&self, row: usize, column: usize) -> f32 {
        self.costs.get(row * self.side + column).copied().unwrap_or(0.0)
    }

    fn set(&mut self, row: usize, column: usize, cost: f32) {
        let is_inside = row < self.side && column < self.side && cost.is_finite();
        if let Some(known) = self.costs.get_mut(row * self.side + column).filter(|_| is_inside) {
            *known = cost;
        }
    }
}

/// Every row with its column, at the lowest cost together.
#[expect(clippy::indexing_slicing, reason = "every index is at most `side`, every list one longer")]
fn cheapest(costs: &Costs) -> Vec<(usize, usize)> {
    let side = costs.side;
    // Rows and columns are counted from 1: column 0 is where the row begins that has none yet.
    let (mut of_row, mut of_column) = (vec![0.0f32; side + 1], vec![0.0f32; side + 1]);
    let mut row_of = vec![0usize; side + 1];
    for row in 1..=side {
        row_of[0] = row;
        let (mut column, mut came_from) = (0, vec![0usize; side + 1]);
        let (mut shortest, mut is_done) = (vec![f32::INFINITY; side + 1], vec![false; side + 1]);
        while row_of[column] != 0 {
            is_done[column] = true;
            let from = row_of[column];
            let (mut step, mut next) = (f32::INFINITY, 0);
            for to in (1..=side).filter(|to| !is_done[*to]) {
                let path = costs.of(from - 1, to - 1) - of_row[from] - of_column[to];
                if path < shortest[to] {
                    (shortest[to], came_from[to]) = (path, column);
                }
                if shortest[to] < step {
                    (step, next) = (shortest[to], to);
                }
            }
            for at in 0..=side {
                if is_done[at] {
                    of_row[row_of[at]] += step;
                    of_column[at] -= step;
                } else {
                    shortest[at] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[came_from[column]];
            column = came_from[column];
        }
    }
    (1..=side).map(|column| (row_of[column] - 1, column - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The best there is, found by trying everything.
    fn best(fits: &[(f32, usize, usize)], row: usize, rows: usize, taken: &mut Vec<usize>) -> f32 {
        if row == rows {
            return 0.0;
        }
        let mut most = best(fits, row + 1, rows, taken);
        for (fit, of, column) in fits {
            if *of == row && !taken.contains(column) {
                taken.push(*column);
                most = most.max(fit + 1.0 + best(fits, row + 1, rows, taken));
                taken.pop();
            }
        }
        most
    }

    #[test]
    fn the_second_best_is_taken_where_all_together_fit_better() {
        // By itself row 0 fits column 0 best, but then row 1 has nothing good.
        let fits = [(0.9, 0, 0), (0.8, 0, 1), (0.8, 1, 0)];
        let mut pairs = assign(&fits, 2, 2);
        pairs.sort_unstable();
        assert_eq!(pairs, [(0, 1), (1, 0)]);
        assert_eq!(assign(&[], 3, 0), []);
        assert_eq!(assign(&[], 0, 0), []);
    }

    proptest! {
        #[test]
        fn nothing_fits_better_and_nobody_has_two(
            rows in 0usize..5,
            columns in 0usize..5,
            fits in prop::collection::vec(prop::option::of((-500i16..1500).prop_map(|n| f32::from(n) / 1000.0)), 25),
        ) {
            let fits: Vec<_> = fits
                .into_iter()
                .enumerate()
                .filter_map(|(at, fit)| Some((fit?, at / 5, at % 5)))
                .filter(|(_, row, column)| *row < rows && *column < columns)
                .collect();
            let pairs = assign(&fits, rows, columns);
            let fit_of = |pair: &(usize, usize)| fits.iter().find(|(_, r, c)| (*r, *c) == *pair);
            prop_assert!(pairs.iter().all(|pair| fit_of(pair).is_some()), "{pairs:?}");
            for (i, (row, column)) in pairs.iter().enumerate() {
                prop_assert!(pairs[..i].iter().all(|(r, c)| r != row && c != column));
            }
            let sum: f32 = pairs.iter().filter_map(fit_of).map(|(fit, ..)| fit + 1.0).sum();
            prop_assert!((sum - best(&fits, 0, rows, &mut Vec::new())).abs() < 1e-3);
        }
    }
}
