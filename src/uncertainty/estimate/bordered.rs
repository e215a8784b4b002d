//! Curvature and scores of fits whose comparisons differ within a cell.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::super::clusters::Clusters;
use super::super::covariance::FEW_UNITS;
use super::{Estimate, OUTSIDE, OuterProducts, PARTS};
use crate::models::bradley_terry::dense_laplacian;
use crate::models::{Bordered, Direction, RowLikelihood, ScoreProducts};

/// Units of which it does not matter how many they are.
const MANY_UNITS: f64 = 2.0 * FEW_UNITS;

/// What tells a coefficient.
#[derive(Debug)]
pub(in super::super) struct Leverage {
    /// The clusters, or else the comparisons, that tell it, each counted by its share of the information:
    /// (Σ q)²/Σ q² (Kish 1965), where q is the information of one; or less, if they are many.
    pub(in super::super) units: f64,
    /// How everything moves with the coefficient, which itself moves by 1.
    pub(in super::super) direction: DVector<f64>,
    /// The coefficient's variance if the model holds.
    pub(in super::super) model: f64,
}

/// Sums of the information of units and of its squares, one a coefficient.
#[derive(Debug, Clone)]
struct InformationSums {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl InformationSums {
    fn new(width: usize) -> Self {
        Self { first: vec![0.0; width], second: vec![0.0; width] }
    }

    /// Adds so many units of equal information.
    fn add(&mut self, number: f64, information: &[f64]) {
        for ((first, second), q) in self.first.iter_mut().zip(&mut self.second).zip(information) {
            *first += number * q;
            *second += number * q * q;
        }
    }

    /// (Σ q)²/Σ q².
    fn units(&self) -> Vec<f64> {
        self.first.iter().zip(&self.second).map(|(q, q2)| if *q2 > 0.0 { q * q / q2 } else { 0.0 }).collect()
    }

    fn merged(parts: Vec<Self>, width: usize) -> Self {
        let mut all = Self::new(width);
        for part in parts {
            all.first.iter_mut().zip(part.first).for_each(|(sum, part)| *sum += part);
            all.second.iter_mut().zip(part.second).for_each(|(sum, part)| *sum += part);
        }
        all
    }
}

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

    /// For each coefficient what tells it, given P H⁻¹.
    pub(in super::super) fn leverages(&self, bread: &DMatrix<f64>, clusters: Option<&Clusters>) -> Vec<Leverage> {
        let Some(rows) = &self.rows else { return Vec::new() };
        let first = self.members + usize::from(self.has_parameter());
        let width = self.covariates();
        let columns: Vec<DVector<f64>> = (first..first + width).map(|at| bread.column(at) / bread[(at, at)]).collect();
        let rating = |column: &DVector<f64>, row: usize| if row == OUTSIDE { 0.0 } else { column[row] };
        let direction = |column: &DVector<f64>| Direction {
            ratings: self.row.iter().map(|&row| rating(column, row)).collect(),
            coefficients: column.rows(first, width).iter().copied().collect(),
        };
        let directions: Vec<Direction> = columns.iter().map(direction).collect();
        let models: Vec<f64> = (first..first + width).map(|at| bread[(at, at)]).collect();
        // The sum of the information is known, so that where no unit can have much of it all are not looked through.
        // (Where a tie parameter moves too, some of it is that parameter's.)
        let most_of_one = clusters.map_or_else(|| rows.largest_weight(), Clusters::largest_weight);
        let all = |(model, column): (&f64, &DVector<f64>)| {
            1.0 / model - rows.penalty() * column.rows(0, self.members).norm_squared()
        };
        let most = rows.most_information(&directions);
        let least = models.iter().zip(&columns).map(all).zip(most).map(|(all, most)| all / (most * most_of_one));
        let least: Vec<f64> = least.collect();
        let units = if !self.has_parameter() && least.iter().all(|&units| units >= MANY_UNITS) {
            least
        } else {
            match clusters {
                Some(clusters) => self.information_of_clusters(&**rows, &directions, clusters),
                None => self.information_of_rows(&**rows, &directions),
            }
            .units()
        };
        let found = columns.into_iter().zip(units).zip(models);
        found.map(|((direction, units), model)| Leverage { units, direction, model }).collect()
    }

    fn information_of_rows(&self, rows: &dyn RowLikelihood, directions: &[Direction]) -> InformationSums {
        let (members, width) = (self.is_member(), directions.len());
        let size = rows.rows().div_ceil(PARTS).max(1);
        let of_part = |part: usize| {
            let mut sums = InformationSums::new(width);
            let mut by = vec![0.0; width];
            for row in part * size..((part + 1) * size).min(rows.rows()) {
                let comparisons = rows.information(row, &members, directions, &mut by);
                if comparisons > 0.0 {
                    sums.add(comparisons, &by);
                }
            }
            sums
        };
        InformationSums::merged((0..PARTS).into_par_iter().map(of_part).collect(), width)
    }

    fn information_of_clusters(
        &self,
        rows: &dyn RowLikelihood,
        directions: &[Direction],
        clusters: &Clusters,
    ) -> InformationSums {
        let (members, width) = (self.is_member(), directions.len());
        let size = clusters.len().div_ceil(PARTS).max(1);
        let of_part = |part: usize| {
            let mut sums = InformationSums::new(width);
            let (mut by, mut total) = (vec![0.0; width], vec![0.0; width]);
            for cluster in part * size..((part + 1) * size).min(clusters.len()) {
                total.fill(0.0);
                for (row, _) in clusters.comparisons(cluster) {
                    let comparisons = rows.information(row, &members, directions, &mut by);
                    if comparisons > 0.0 {
                        total.iter_mut().zip(&by).for_each(|(total, q)| *total += comparisons * q);
                    }
                }
                sums.add(1.0, &total);
            }
            sums
        };
        InformationSums::merged((0..PARTS).into_par_iter().map(of_part).collect(), width)
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
