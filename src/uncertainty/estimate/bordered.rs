//! Curvature and scores of fits whose comparisons differ within a cell.

use nalgebra::DMatrix;

use super::{Estimate, OUTSIDE, OuterProducts};
use crate::models::bradley_terry::dense_laplacian;
use crate::models::{Bordered, RowLikelihood, ScoreProducts};

impl Estimate<'_> {
    pub(super) fn hessian_of_rows(&self, rows: &dyn RowLikelihood) -> DMatrix<f64> {
        let sum = rows.curvature(&self.is_member());
        let (low, high): (Vec<u32>, Vec<u32>) = self.pairs_of(&sum).map(|(_, i, j)| (i as u32, j as u32)).unzip();
        let weights: Vec<f64> = self.pairs_of(&sum).map(|(pair, ..)| sum.difference[pair]).collect();
        let ratings = dense_laplacian(self.members, &low, &high, &weights, sum.penalty);
        let mut full = ratings.resize(self.size(), self.size(), 0.0);
        self.add_borders(&sum, &mut full);
        full
    }

    pub(super) fn outer_products_of_rows(&self, rows: &dyn RowLikelihood) -> OuterProducts {
        let ScoreProducts { sum, counts } = rows.outer_products(&self.is_member());
        let mut outer = DMatrix::zeros(self.size(), self.size());
        let mut units = vec![0.0; self.members + self.groups];
        for (pair, i, j) in self.pairs_of(&sum) {
            self.count_units(&mut units, [i, j], counts[pair]);
            let square = sum.difference[pair];
            outer[(i, i)] += square;
            outer[(j, j)] += square;
            outer[(i, j)] -= square;
            outer[(j, i)] -= square;
        }
        self.add_borders(&sum, &mut outer);
        OuterProducts { sum: outer, units, clusters: 0 }
    }

    /// For each item whether it is a member.
    fn is_member(&self) -> Vec<bool> {
        self.row.iter().map(|&row| row != OUTSIDE).collect()
    }

    /// The pairs between members, with the rows of both items.
    fn pairs_of<'s>(&'s self, sum: &'s Bordered) -> impl Iterator<Item = (usize, usize, usize)> + 's {
        let pairs = sum.low.iter().zip(&sum.high).enumerate();
        pairs.filter_map(|(pair, (&low, &high))| self.rows(low as usize, high as usize).map(|(i, j)| (pair, i, j)))
    }

    /// Adds what belongs to shared parameters.
    fn add_borders(&self, sum: &Bordered, full: &mut DMatrix<f64>) {
        let shared = self.shared();
        for (pair, i, j) in self.pairs_of(sum) {
            for (place, &value) in sum.cross[pair * shared..][..shared].iter().enumerate() {
                let at = self.members + place;
                for (row, value) in [(i, value), (j, -value)] {
                    full[(row, at)] += value;
                    full[(at, row)] += value;
                }
            }
        }
        full.view_mut((self.members, self.members), (shared, shared)).copy_from(&sum.corner);
    }
}
