//! What comparisons that share a task, or another column, say less than as many that don't.

use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::Serialize;

use super::ladder::{Fit, Table};
use crate::data::graph::{CellSum, PreferenceGraph};
use crate::models::bradley_terry::DENSE_LIMIT;
use crate::uncertainty::Clusters;

/// Parts into which the clusters are cut for parallel sums: fixed, so that threads change no bit.
const PARTS: usize = 64;
/// Fixes the levels of components of pairs to each other, as a share of the mean information of an item.
/// Scores sum to zero inside each, so that it changes nothing else.
const RIDGE: f64 = 1e-9;

/// How comparisons were clustered, and what a deviance loses by it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clustering {
    /// The column whose values are the clusters.
    pub column: String,
    /// How many clusters there are.
    pub clusters: usize,
    /// What chance adds to the deviance, as a multiple of what it would add if comparisons were independent;
    /// never below 1. `None` where it isn't known: above the dense limit of items, or of one cluster.
    pub design_effect: Option<f64>,
}

impl Clustering {
    /// Of the comparisons of `graph`, whose ladder is `fit`.
    ///
    /// The deviance is, to first order, the squared length of the residuals of pairs that no ladder can
    /// carry, and its mean is the trace of their covariance. That is summed once over clusters and once over
    /// single comparisons. O(items³ + Σ over clusters of their pairs²).
    ///
    /// # Source
    /// The first-order correction of Rao and Scott 1981, 1984.
    pub(super) fn of(graph: &PreferenceGraph, table: &Table, fit: &Fit, clusters: &Clusters) -> Self {
        let used = clusters.used();
        let known = used > 1 && graph.items().len() <= DENSE_LIMIT && fit.degrees_of_freedom > 0;
        let residuals = known.then(|| Residuals::new(graph, table, fit)).flatten();
        Self {
            column: clusters.column.clone(),
            clusters: used,
            design_effect: residuals.and_then(|residuals| residuals.design_effect(clusters, used)),
        }
    }
}

/// What each comparison took beyond the ladder's chance, and what a ladder could carry of sums of that.
struct Residuals<'a> {
    graph: &'a PreferenceGraph,
    /// For each pair the low item's chance.
    chance: Vec<f64>,
    /// For each pair the variance of its points at that chance; 0 where it isn't tested.
    variance: Vec<f64>,
    /// The inverse of the ladder's information.
    covariance: DMatrix<f64>,
}

impl<'a> Residuals<'a> {
    fn new(graph: &'a PreferenceGraph, table: &Table, fit: &Fit) -> Option<Self> {
        let chance: Vec<f64> = (0..graph.pairs().len()).map(|pair| table.chance(fit, pair)).collect();
        let variance: Vec<f64> = (0..graph.pairs().len()).map(|pair| table.variance(fit, pair)).collect();
        let items = graph.items().len();
        let mut information = DMatrix::zeros(items, items);
        for (pair, &variance) in graph.pairs().iter().zip(&variance) {
            let (low, high) = (pair.low.index(), pair.high.index());
            information[(low, low)] += variance;
            information[(high, high)] += variance;
            information[(low, high)] -= variance;
            information[(high, low)] -= variance;
        }
        // The level of all items is fixed likewise, by as much as an item's information.
        let mean = information.trace() / items as f64;
        information.add_scalar_mut(mean / items as f64);
        for item in 0..items {
            information[(item, item)] += RIDGE * mean;
        }
        Some(Self { graph, chance, variance, covariance: information.cholesky()?.inverse() })
    }

    /// The trace over clusters as a multiple of that over comparisons.
    fn design_effect(&self, clusters: &Clusters, used: usize) -> Option<f64> {
        let size = clusters.len().div_ceil(PARTS).max(1);
        let parts: Vec<f64> = (0..clusters.len().div_ceil(size))
            .into_par_iter()
            .map(|part| self.of_clusters(clusters, part * size..((part + 1) * size).min(clusters.len())))
            .collect();
        let small_sample = used as f64 / (used as f64 - 1.0);
        let independent = self.of_comparisons();
        (independent > 0.0).then(|| (parts.iter().sum::<f64>() * small_sample / independent).max(1.0))
    }

    fn of_clusters(&self, clusters: &Clusters, part: std::ops::Range<usize>) -> f64 {
        let mut sums = vec![0.0; self.chance.len()];
        let mut scores = vec![0.0; self.graph.items().len()];
        let (mut pairs, mut items) = (Vec::new(), Vec::new());
        let mut total = 0.0;
        for cluster in part {
            pairs.clear();
            for (cell, weight) in clusters.comparisons(cluster) {
                let pair = self.graph.cells()[cell].pair as usize;
                if let Some(residual) = self.residual(cell) {
                    pairs.push(pair);
                    sums[pair] += weight * residual;
                }
            }
            pairs.sort_unstable();
            pairs.dedup();
            items.clear();
            for &pair in &pairs {
                let (ends, sum) = (self.graph.pairs()[pair], std::mem::take(&mut sums[pair]));
                total += sum * sum / self.variance[pair];
                for (item, score) in [(ends.low.index(), sum), (ends.high.index(), -sum)] {
                    scores[item] += score;
                    items.push(item);
                }
            }
            items.sort_unstable();
            items.dedup();
            total -= self.carried(&items, &scores);
            for &item in &items {
                scores[item] = 0.0;
            }
        }
        total
    }

    /// What a ladder carries of some items' scores.
    fn carried(&self, items: &[usize], scores: &[f64]) -> f64 {
        let of = |&i: &usize| scores[i] * items.iter().map(|&j| self.covariance[(j, i)] * scores[j]).sum::<f64>();
        items.iter().map(of).sum()
    }

    /// The same of every comparison for itself.
    fn of_comparisons(&self) -> f64 {
        let of_cell = |(cell, sum): (usize, &CellSum)| {
            let pair = self.graph.cells()[cell].pair as usize;
            let residual = self.residual(cell)?;
            let (low, high) = (self.graph.pairs()[pair].low.index(), self.graph.pairs()[pair].high.index());
            let of_ladder =
                self.covariance[(low, low)] + self.covariance[(high, high)] - 2.0 * self.covariance[(low, high)];
            Some(sum.weight_squared * residual * residual * (1.0 / self.variance[pair] - of_ladder))
        };
        self.graph.sums().iter().enumerate().filter_map(of_cell).sum()
    }

    /// What the low item took in a comparison of this cell beyond its chance; `None` of ties and untested pairs.
    fn residual(&self, cell: usize) -> Option<f64> {
        let cell = &self.graph.cells()[cell];
        let pair = cell.pair as usize;
        #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
        let is_tested = cell.share != 0.5 && self.variance[pair] > 0.0;
        is_tested.then(|| cell.share - self.chance[pair])
    }
}
