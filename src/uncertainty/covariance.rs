//! Covariances in closed form, from the curvature of a likelihood and the scores of its
//! comparisons.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::clusters::Clusters;
use super::{ClusterSummary, FEW_CLUSTERS, Spread, Uncertainty, percentile};
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::models::bradley_terry::{DENSE_LIMIT, dense_laplacian};
use crate::models::{CellScore, Curvature, Fitted, Likelihood};
use crate::structure::Note;

/// Which covariance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CovarianceKind {
    /// H⁺: right where the model is.
    Fisher,
    /// H⁺ J H⁺: right also where comparisons vary more or less than the model says, or where the
    /// model is only an approximation. With clusters, J sums within them first.
    Sandwich,
}

/// Parts into which the clusters are cut for parallel sums: fixed, so that the number of threads
/// changes no sum.
const PARTS: usize = 16;
const OUTSIDE: usize = usize::MAX;

/// The covariance of the identified ratings of `fitted`, relative to their mean.
///
/// With clusters the sandwich has the small-sample factor G/(G−1) · (N−1)/(N−p) and intervals use t
/// with G−1 degrees of freedom. A penalised fit's covariance leaves out the variance of the common
/// shift, which is pure prior. Refused, with a note, above [`DENSE_LIMIT`] items and where all
/// residuals are zero. O(items³ + pairs + comparisons in clusters).
///
/// # Source
/// White 1982; Liang and Zeger 1986; equal to statsmodels' `HC0` and `cluster`, and to arena-rank's
/// variances but for the ridge that it adds.
pub fn covariance(
    fitted: &dyn Fitted,
    graph: &PreferenceGraph,
    kind: CovarianceKind,
    clusters: Option<&Clusters>,
) -> Uncertainty {
    let items = graph.items().len();
    let members = fitted.identification().members.clone();
    let Some(likelihood) = fitted.likelihood().filter(|_| members.len() > 1) else {
        return Uncertainty::unknown(items);
    };
    if items > DENSE_LIMIT {
        return refused(
            items,
            "intervals-skipped",
            format!(
                "{items} items: intervals in closed form are computed for up to {DENSE_LIMIT}; --interval bootstrap works"
            ),
        );
    }
    covariance_among(likelihood, graph, &members, kind, clusters)
}

/// The covariance among `members`, relative to their mean, whether or not the data identify them: for
/// callers who know that they do. [`covariance`] asks the fit.
pub fn covariance_among(
    likelihood: &dyn Likelihood,
    graph: &PreferenceGraph,
    members: &[ItemId],
    kind: CovarianceKind,
    clusters: Option<&Clusters>,
) -> Uncertainty {
    let items = graph.items().len();
    let estimate = Estimate::new(likelihood, graph, members);
    let plain = estimate.outer_products();
    if plain.trace() <= 1e-20 * graph.weight() {
        return refused(
            items,
            "no-spread",
            "every comparison is exactly what was expected (only ties?): there is no spread to tell errors from"
                .to_owned(),
        );
    }
    let Some(bread) = estimate.bread() else {
        return refused(
            items,
            "intervals-skipped",
            "the curvature of the likelihood is singular: no interval was computed".to_owned(),
        );
    };
    let sandwich = |outer: &DMatrix<f64>| &bread * outer * bread.transpose();
    let mut summary = None;
    let full = match (kind, clusters) {
        (CovarianceKind::Fisher, _) => bread.clone(),
        (CovarianceKind::Sandwich, None) => sandwich(&plain),
        (CovarianceKind::Sandwich, Some(clusters)) => {
            let clustered =
                sandwich(&estimate.clustered_outer_products(clusters)) * estimate.small_sample_factor(clusters.used());
            summary = Some(ClusterSummary {
                column: clusters.column.clone(),
                clusters: clusters.used(),
                design_effect: median_ratio(&clustered, &sandwich(&plain), members.len()),
            });
            clustered
        }
    };
    let parameter_error = estimate.has_parameter().then(|| full[(members.len(), members.len())].max(0.0).sqrt());
    let ratings = full.view((0, 0), (members.len(), members.len())).into_owned();
    let degrees_of_freedom = summary.as_ref().map(|summary| (summary.clusters.max(2) - 1) as f64);
    let mut found = Uncertainty::new(items, members.to_vec(), Spread::Covariance(ratings));
    found.notes.extend(summary.as_ref().and_then(few_clusters));
    Uncertainty { degrees_of_freedom, parameter_error, clusters: summary, ..found }
}

/// The median over the members of the ratio of two variances.
fn median_ratio(of: &DMatrix<f64>, to: &DMatrix<f64>, members: usize) -> Option<f64> {
    let mut ratios: Vec<f64> =
        (0..members).map(|i| of[(i, i)] / to[(i, i)]).filter(|ratio| ratio.is_finite()).collect();
    ratios.sort_by(f64::total_cmp);
    percentile(&ratios, 0.5)
}

/// A note where there are too few clusters to trust their errors.
pub(super) fn few_clusters(summary: &ClusterSummary) -> Option<Note> {
    (summary.clusters < FEW_CLUSTERS).then(|| {
        Note::new(
            "few-clusters",
            format!(
                "{} clusters by {}: fewer than {FEW_CLUSTERS} tell errors poorly",
                summary.clusters, summary.column
            ),
        )
    })
}

fn refused(items: usize, code: &'static str, message: String) -> Uncertainty {
    Uncertainty { notes: vec![Note::new(code, message)], ..Uncertainty::unknown(items) }
}

/// A fit restricted to some items, and the likelihood around it.
struct Estimate<'a> {
    graph: &'a PreferenceGraph,
    curvature: Curvature,
    scores: Vec<CellScore>,
    members: usize,
    /// For each item its row, or [`OUTSIDE`].
    row: Vec<usize>,
}

impl<'a> Estimate<'a> {
    fn new(likelihood: &dyn Likelihood, graph: &'a PreferenceGraph, members: &[ItemId]) -> Self {
        let mut row = vec![OUTSIDE; graph.items().len()];
        for (place, member) in members.iter().enumerate() {
            row[member.index()] = place;
        }
        let curvature = likelihood.curvature();
        Self { graph, curvature, scores: likelihood.cell_scores(graph), members: members.len(), row }
    }

    fn has_parameter(&self) -> bool {
        !self.curvature.cross.is_empty()
    }

    fn size(&self) -> usize {
        self.members + usize::from(self.has_parameter())
    }

    /// Both rows of a pair, if both items are members.
    fn rows(&self, low: usize, high: usize) -> Option<(usize, usize)> {
        let (low, high) = (self.row[low], self.row[high]);
        (low != OUTSIDE && high != OUTSIDE).then_some((low, high))
    }

    /// P H⁻¹, P taking the mean out of the ratings.
    fn bread(&self) -> Option<DMatrix<f64>> {
        let inverse = self.hessian().cholesky()?.inverse();
        Some(without_mean(inverse, self.members))
    }

    fn hessian(&self) -> DMatrix<f64> {
        let curvature = &self.curvature;
        let (mut low, mut high, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        let mut border = vec![0.0; self.members];
        let mut corner = 0.0;
        for pair in 0..curvature.low.len() {
            let Some((i, j)) = self.rows(curvature.low[pair] as usize, curvature.high[pair] as usize) else { continue };
            low.push(i as u32);
            high.push(j as u32);
            weights.push(curvature.difference[pair]);
            if self.has_parameter() {
                border[i] += curvature.cross[pair];
                border[j] -= curvature.cross[pair];
                corner += curvature.parameter[pair];
            }
        }
        let ratings = dense_laplacian(self.members, &low, &high, &weights, curvature.penalty);
        if !self.has_parameter() {
            return ratings;
        }
        let mut full = ratings.resize(self.size(), self.size(), 0.0);
        for (i, value) in border.into_iter().enumerate() {
            full[(i, self.members)] = value;
            full[(self.members, i)] = value;
        }
        full[(self.members, self.members)] = corner;
        full
    }

    /// J: the sum over comparisons of w² s sᵀ.
    fn outer_products(&self) -> DMatrix<f64> {
        let mut outer = DMatrix::zeros(self.size(), self.size());
        for ((cell, score), sum) in self.graph.cells().iter().zip(&self.scores).zip(self.graph.sums()) {
            let pair = self.graph.pairs()[cell.pair as usize];
            let Some((i, j)) = self.rows(pair.low.index(), pair.high.index()) else { continue };
            let square = sum.weight_squared * score.difference * score.difference;
            outer[(i, i)] += square;
            outer[(j, j)] += square;
            outer[(i, j)] -= square;
            outer[(j, i)] -= square;
            if self.has_parameter() {
                let (cross, t) = (sum.weight_squared * score.difference * score.parameter, self.members);
                for (row, value) in [(i, cross), (j, -cross)] {
                    outer[(row, t)] += value;
                    outer[(t, row)] += value;
                }
                outer[(t, t)] += sum.weight_squared * score.parameter * score.parameter;
            }
        }
        outer
    }

    /// J with the scores summed within clusters first.
    fn clustered_outer_products(&self, clusters: &Clusters) -> DMatrix<f64> {
        let size = clusters.len().div_ceil(PARTS).max(1);
        let parts: Vec<DMatrix<f64>> = (0..clusters.len())
            .collect::<Vec<_>>()
            .par_chunks(size)
            .map(|part| self.outer_products_of(clusters, part))
            .collect();
        let lower = parts.into_iter().fold(DMatrix::zeros(self.size(), self.size()), |sum, part| sum + part);
        DMatrix::from_fn(self.size(), self.size(), |i, j| lower[(i.max(j), i.min(j))])
    }

    /// The lower triangle of J of some clusters. Each touches few items, and only those are added.
    fn outer_products_of(&self, clusters: &Clusters, part: &[usize]) -> DMatrix<f64> {
        let rows = self.cell_rows();
        let mut outer = DMatrix::zeros(self.size(), self.size());
        let mut total = vec![0.0; self.size()];
        let mut seen = vec![false; self.size()];
        let mut touched = Vec::new();
        for &cluster in part {
            for (cell, weight) in clusters.comparisons(cluster) {
                let Some((i, j)) = rows[cell] else { continue };
                let score = self.scores[cell];
                let t = self.members;
                for (row, value) in [(i, score.difference), (j, -score.difference), (t, score.parameter)] {
                    if row < self.size() {
                        total[row] += weight * value;
                        if !std::mem::replace(&mut seen[row], true) {
                            touched.push(row);
                        }
                    }
                }
            }
            touched.sort_unstable();
            for (place, &j) in touched.iter().enumerate() {
                let by = total[j];
                let column = &mut outer.as_mut_slice()[j * self.size()..][..self.size()];
                for &i in &touched[place..] {
                    column[i] += total[i] * by;
                }
            }
            for row in touched.drain(..) {
                (total[row], seen[row]) = (0.0, false);
            }
        }
        outer
    }

    fn cell_rows(&self) -> Vec<Option<(usize, usize)>> {
        let of = |pair: u32| self.graph.pairs()[pair as usize];
        self.graph.cells().iter().map(|cell| self.rows(of(cell.pair).low.index(), of(cell.pair).high.index())).collect()
    }

    /// G/(G−1) · (N−1)/(N−p), as statsmodels and Stata have it.
    fn small_sample_factor(&self, clusters: usize) -> f64 {
        let (g, n) = (clusters as f64, self.graph.comparisons());
        let p = (self.size() - 1) as f64;
        if g > 1.0 && n > p { g / (g - 1.0) * (n - 1.0) / (n - p) } else { 1.0 }
    }
}

/// Takes the mean over the first `members` rows out of them, in every column.
fn without_mean(mut matrix: DMatrix<f64>, members: usize) -> DMatrix<f64> {
    for mut column in matrix.column_iter_mut() {
        let mut ratings = column.rows_mut(0, members);
        let mean = ratings.sum() / members as f64;
        ratings.add_scalar_mut(-mean);
    }
    matrix
}
