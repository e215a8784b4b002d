//! The rows of a log brought into the order of their pairs.

use rayon::prelude::*;

use crate::data::Log;
use crate::data::graph::{CellFinder, PreferenceGraph};

/// The place of a row that does not enter the fit.
pub(super) const NOWHERE: u32 = u32::MAX;

/// The rows that enter a fit, pair by pair, those of a pair in the order of the log.
pub(super) struct Order {
    /// For each pair the place of its first row, and the number of rows at the end.
    pub(super) first_row: Vec<u32>,
    /// For each place its row of the log.
    pub(super) rows: Vec<u32>,
    /// For each place the pair of its row.
    pub(super) pairs: Vec<u32>,
    /// For each row of the log its place, or [`NOWHERE`].
    pub(super) places: Vec<u32>,
}

impl Order {
    /// Of the rows of `log` that have a cell in `graph`, and a weight. O(rows + pairs).
    pub(super) fn new(log: &Log, graph: &PreferenceGraph) -> Self {
        let finder = CellFinder::new(graph);
        let enters = |row: usize| log.weights.get(row).is_none_or(|&weight| weight > 0.0);
        let cell = |row| finder.cell_of(log, row).filter(|_| enters(row));
        let pair = |row| cell(row).map_or(NOWHERE, |cell| graph.cells()[cell as usize].pair);
        let pair_of_row: Vec<u32> = (0..log.len()).into_par_iter().map(pair).collect();
        Self::sorted(pair_of_row, graph.pairs().len())
    }

    /// By counting sort.
    fn sorted(pair_of_row: Vec<u32>, pairs: usize) -> Self {
        let mut first_row = vec![0_u32; pairs + 1];
        for &pair in pair_of_row.iter().filter(|&&pair| pair != NOWHERE) {
            first_row[pair as usize + 1] += 1;
        }
        for pair in 0..pairs {
            first_row[pair + 1] += first_row[pair];
        }
        let entering = first_row[pairs] as usize;
        let mut next = first_row.clone();
        let mut rows = vec![0; entering];
        let mut places = pair_of_row;
        for (row, place) in places.iter_mut().enumerate().filter(|(_, place)| **place != NOWHERE) {
            let slot = &mut next[*place as usize];
            rows[*slot as usize] = row as u32;
            *place = *slot;
            *slot += 1;
        }
        let mut sorted = Vec::with_capacity(entering);
        for (pair, bounds) in first_row.windows(2).enumerate() {
            sorted.resize(bounds[1] as usize, pair as u32);
        }
        Self { first_row, rows, pairs: sorted, places }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_pair_by_pair_in_their_order() {
        let found = Order::sorted(vec![2, 0, NOWHERE, 2, 0, 0], 4);
        assert_eq!(found.first_row, [0, 3, 3, 5, 5]);
        assert_eq!(found.rows, [1, 4, 5, 0, 3]);
        assert_eq!(found.pairs, [0, 0, 0, 2, 2]);
        assert_eq!(found.places, [3, 0, NOWHERE, 4, 1, 2]);
    }
}
