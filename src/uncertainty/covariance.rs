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
/// An item whose rating rests on fewer than [`FEW_UNITS`] clusters (or comparisons) that say anything
/// about its error gets at least the variance of the model, times the design effect: its own
/// residuals sum to nothing at the fit, so that the sandwich would call the least known item the
/// best known one. A note names such items.
///
/// # Source
/// White 1982; Liang and Zeger 1986; equal to statsmodels' `HC0` and `cluster`, and to arena-rank's
/// variances but for the ridge that it adds. None of them guards items with little data.
pub fn covariance(
    fitted: &dyn Fitted,
    graph: &PreferenceGraph,
    kind: CovarianceKind,
    clusters: Option<&Clusters>,
) -> Uncertainty {
    let items = graph.items().len();
    let members = &fitted.identification().members;
    let Some(likelihood) = fitted.likelihood().filter(|_| members.len() > 1) else {
        return Uncertainty::unknown(items);
    };
    if items > DENSE_LIMIT {
        let message = format!(
            "{items} items: intervals in closed form are computed for up to {DENSE_LIMIT}; --interval bootstrap works"
        );
        return refused(items, Note::new("intervals-skipped", message));
    }
    match Errors::among(likelihood, graph, members, kind, clusters) {
        Ok(errors) if kind == CovarianceKind::Sandwich => errors.with_floor(graph).uncertainty(items),
        Ok(errors) => errors.uncertainty(items),
        Err(note) => refused(graph.items().len(), note),
    }
}

/// The covariance among `members`, relative to their mean, whether or not the data identify them and
/// however few their comparisons: the bare formula, for callers who know that it applies.
/// [`covariance`] asks the fit.
pub fn covariance_among(
    likelihood: &dyn Likelihood,
    graph: &PreferenceGraph,
    members: &[ItemId],
    kind: CovarianceKind,
    clusters: Option<&Clusters>,
) -> Uncertainty {
    match Errors::among(likelihood, graph, members, kind, clusters) {
        Ok(errors) => errors.uncertainty(graph.items().len()),
        Err(note) => refused(graph.items().len(), note),
    }
}

/// A covariance and what it rests on.
struct Errors {
    members: Vec<ItemId>,
    has_parameter: bool,
    /// Of the ratings and, at the end, of the tie parameter.
    covariance: DMatrix<f64>,
    /// The variances of the ratings if the model holds.
    model_variances: Vec<f64>,
    /// For each member the clusters, or else the comparisons, with a say in its error.
    units: Vec<f64>,
    clusters: Option<ClusterSummary>,
    notes: Vec<Note>,
}

impl Errors {
    fn among(
        likelihood: &dyn Likelihood,
        graph: &PreferenceGraph,
        members: &[ItemId],
        kind: CovarianceKind,
        clusters: Option<&Clusters>,
    ) -> Result<Self, Note> {
        let estimate = Estimate::new(likelihood, graph, members);
        let plain = estimate.outer_products();
        let scale: f64 = graph.sums().iter().map(|sum| sum.weight_squared).sum();
        if plain.sum.trace() <= NO_SPREAD * scale {
            let message =
                "every comparison is exactly what was expected (only ties?): there is no spread to tell errors from";
            return Err(Note::new("no-spread", message.to_owned()));
        }
        let Some(bread) = estimate.bread() else {
            let message = "the curvature of the likelihood is singular: no interval was computed";
            return Err(Note::new("intervals-skipped", message.to_owned()));
        };
        let sandwich = |outer: &DMatrix<f64>| &bread * outer * bread.transpose();
        let mut found = Self {
            members: members.to_vec(),
            has_parameter: estimate.has_parameter(),
            model_variances: (0..members.len()).map(|i| bread[(i, i)]).collect(),
            covariance: DMatrix::zeros(0, 0),
            units: plain.units,
            clusters: None,
            notes: Vec::new(),
        };
        match (kind, clusters) {
            (CovarianceKind::Fisher, _) => found.covariance = bread,
            (CovarianceKind::Sandwich, None) => found.covariance = sandwich(&plain.sum),
            (CovarianceKind::Sandwich, Some(clusters)) => {
                let clustered = estimate.clustered_outer_products(clusters);
                let used = clustered.clusters;
                if used < 2 || clustered.sum.trace() <= NO_SPREAD * scale {
                    let message = format!(
                        "the comparisons fall into {used} by {}, from which no errors can be told",
                        clusters.column
                    );
                    return Err(Note::new("few-clusters", message));
                }
                found.covariance = sandwich(&clustered.sum) * estimate.small_sample_factor(used);
                let design_effect = median_ratio(&found.covariance, &sandwich(&plain.sum), members.len());
                let summary = ClusterSummary { column: clusters.column.clone(), clusters: used, design_effect };
                found.notes.extend(few_clusters(&summary));
                found.clusters = Some(summary);
                found.units = clustered.units;
            }
        }
        Ok(found)
    }

    /// At least the model's variance, times the design effect, for items with little data.
    fn with_floor(mut self, graph: &PreferenceGraph) -> Self {
        let effect = self.clusters.as_ref().and_then(|clusters| clusters.design_effect).unwrap_or(1.0).max(1.0);
        let mut raised = Vec::new();
        for (i, &member) in self.members.iter().enumerate() {
            let excess = self.model_variances[i] * effect - self.covariance[(i, i)];
            if self.units[i] < FEW_UNITS && excess > 0.0 {
                self.covariance[(i, i)] += excess;
                raised.push(member);
            }
        }
        if !raised.is_empty() {
            self.notes.push(self.few_units(graph, &raised));
        }
        self
    }

    fn few_units(&self, graph: &PreferenceGraph, raised: &[ItemId]) -> Note {
        let what = match &self.clusters {
            Some(clusters) => format!("values of {} (the clusters)", clusters.column),
            None => "comparisons".to_owned(),
        };
        let names = graph.items().listed(raised, |_| "");
        let message = format!(
            "fewer than {FEW_UNITS} {what} tell how far off a rating is for {} of {} items, so they got the model's errors: {names}",
            raised.len(),
            graph.items().len()
        );
        Note::new("few-comparisons", message)
    }

    fn uncertainty(self, items: usize) -> Uncertainty {
        let n = self.members.len();
        let parameter_error = self.has_parameter.then(|| self.covariance[(n, n)].max(0.0).sqrt());
        let ratings = self.covariance.view((0, 0), (n, n)).into_owned();
        let degrees_of_freedom = self.clusters.as_ref().map(|summary| (summary.clusters - 1) as f64);
        let found = Uncertainty::new(items, self.members, Spread::Covariance(ratings));
        Uncertainty { degrees_of_freedom, parameter_error, clusters: self.clusters, notes: self.notes, ..found }
    }
}

/// An item whose error rests on fewer clusters or comparisons than this has at least the model's.
pub const FEW_UNITS: f64 = 5.0;
/// Squared scores that sum to less than this share of the squared weights are rounding.
const NO_SPREAD: f64 = 1e-20;
/// A score below this share of what it is the sum of is zero but for rounding.
const NO_SCORE: f64 = 1e-9;

/// J, and for each rating how many comparisons or clusters have a score that is not zero.
struct OuterProducts {
    sum: DMatrix<f64>,
    units: Vec<f64>,
    /// The number of clusters with a comparison between members that enters the likelihood.
    clusters: usize,
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

fn refused(items: usize, note: Note) -> Uncertainty {
    Uncertainty { notes: vec![note], ..Uncertainty::unknown(items) }
}

/// A fit restricted to some items, and the likelihood around it.
struct Estimate<'a> {
    graph: &'a PreferenceGraph,
    curvature: Curvature,
    scores: Vec<CellScore>,
    /// For each cell whether it enters the likelihood.
    used: Vec<bool>,
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
        Self {
            graph,
            curvature: likelihood.curvature(),
            scores: likelihood.cell_scores(graph),
            used: graph.cells().iter().map(|cell| likelihood.uses(cell.share)).collect(),
            members: members.len(),
            row,
        }
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
    fn outer_products(&self) -> OuterProducts {
        let mut outer = DMatrix::zeros(self.size(), self.size());
        let mut units = vec![0.0; self.members];
        for ((cell, score), sum) in self.graph.cells().iter().zip(&self.scores).zip(self.graph.sums()) {
            let pair = self.graph.pairs()[cell.pair as usize];
            let Some((i, j)) = self.rows(pair.low.index(), pair.high.index()) else { continue };
            if sum.weight > 0.0 && score.difference.abs() > NO_SCORE {
                units[i] += sum.count;
                units[j] += sum.count;
            }
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
        OuterProducts { sum: outer, units, clusters: 0 }
    }

    /// J with the scores summed within clusters first.
    fn clustered_outer_products(&self, clusters: &Clusters) -> OuterProducts {
        let size = clusters.len().div_ceil(PARTS).max(1);
        let rows = self.cell_rows();
        let parts: Vec<OuterProducts> = (0..clusters.len())
            .collect::<Vec<_>>()
            .par_chunks(size)
            .map(|part| self.outer_products_of(clusters, part, &rows))
            .collect();
        let mut lower = DMatrix::zeros(self.size(), self.size());
        let mut units = vec![0.0; self.members];
        let mut used = 0;
        for part in parts {
            lower += part.sum;
            used += part.clusters;
            units.iter_mut().zip(part.units).for_each(|(total, units)| *total += units);
        }
        let sum = DMatrix::from_fn(self.size(), self.size(), |i, j| lower[(i.max(j), i.min(j))]);
        OuterProducts { sum, units, clusters: used }
    }

    /// The lower triangle of J of some clusters. Each touches few items, and only those are added.
    fn outer_products_of(&self, clusters: &Clusters, part: &[usize], rows: &[Option<(usize, usize)>]) -> OuterProducts {
        let mut outer = DMatrix::zeros(self.size(), self.size());
        let mut units = vec![0.0; self.members];
        let mut total = ClusterScore::new(self.size());
        let mut used = 0;
        for &cluster in part {
            let mut is_used = false;
            for (cell, weight) in clusters.comparisons(cluster) {
                let Some((i, j)) = rows[cell] else { continue };
                is_used = true;
                let score = self.scores[cell];
                total.add(i, weight * score.difference);
                total.add(j, -weight * score.difference);
                if self.has_parameter() {
                    total.add(self.members, weight * score.parameter);
                }
            }
            total.touched.sort_unstable();
            for (place, &j) in total.touched.iter().enumerate() {
                let by = total.sum[j];
                let column = &mut outer.as_mut_slice()[j * self.size()..][..self.size()];
                for &i in &total.touched[place..] {
                    column[i] += total.sum[i] * by;
                }
                if j < self.members && by.abs() > NO_SCORE * total.size[j] {
                    units[j] += 1.0;
                }
            }
            total.clear();
            used += usize::from(is_used);
        }
        OuterProducts { sum: outer, units, clusters: used }
    }

    /// For each cell the rows of its items, if it is between members and enters the likelihood.
    fn cell_rows(&self) -> Vec<Option<(usize, usize)>> {
        let cells = self.graph.cells().iter().zip(&self.used);
        cells
            .map(|(cell, &used)| {
                let pair = self.graph.pairs()[cell.pair as usize];
                self.rows(pair.low.index(), pair.high.index()).filter(|_| used)
            })
            .collect()
    }

    /// The number of comparisons between members that enter the likelihood.
    fn comparisons(&self) -> f64 {
        self.cell_rows()
            .iter()
            .zip(self.graph.sums())
            .filter(|(rows, _)| rows.is_some())
            .map(|(_, sum)| sum.count)
            .sum()
    }

    /// G/(G−1) · (N−1)/(N−p), as statsmodels and Stata have it.
    fn small_sample_factor(&self, clusters: usize) -> f64 {
        let (g, n) = (clusters as f64, self.comparisons());
        let p = (self.size() - 1) as f64;
        if g > 1.0 && n > p { g / (g - 1.0) * (n - 1.0) / (n - p) } else { 1.0 }
    }
}

/// The score of one cluster, with the list of its entries that are in use.
struct ClusterScore {
    sum: Vec<f64>,
    /// The sums of the absolute values, by which rounding is told from a score.
    size: Vec<f64>,
    touched: Vec<usize>,
}

impl ClusterScore {
    fn new(entries: usize) -> Self {
        Self { sum: vec![0.0; entries], size: vec![0.0; entries], touched: Vec::new() }
    }

    fn add(&mut self, entry: usize, value: f64) {
        if self.size[entry] <= 0.0 && value.abs() > 0.0 {
            self.touched.push(entry);
        }
        self.sum[entry] += value;
        self.size[entry] += value.abs();
    }

    fn clear(&mut self) {
        for entry in self.touched.drain(..) {
            (self.sum[entry], self.size[entry]) = (0.0, 0.0);
        }
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
