//! Covariances in closed form, from the curvature of a likelihood and the scores of its
//! comparisons.

use nalgebra::{DMatrix, DVector};

use super::clusters::Clusters;
use super::estimate::{Cut, Estimate, Leverage};
use super::{ClusterSummary, FEW_CLUSTERS, Spread, Uncertainty, percentile};
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::models::bradley_terry::DENSE_LIMIT;
use crate::models::{Fitted, Likelihood};
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

/// The covariance of the identified ratings of `fitted`, relative to their mean.
///
/// With clusters the sandwich has the small-sample factor G/(G−1) · (N−1)/(N−p) and intervals use t
/// with G−1 degrees of freedom. A penalised fit's covariance leaves out the variance of the common
/// shift, which is pure prior. Refused, with a note, above [`DENSE_LIMIT`] items and where all
/// residuals are zero. O(items³ + pairs + comparisons in clusters).
///
/// An item, or a group of items that met each other, which fewer than [`FEW_UNITS`] clusters (or
/// comparisons) with a residual connect with the rest, gets at least the variance of the model, times the design effect: its own
/// residuals sum to nothing at the fit, so that the sandwich would call the least known item the
/// best known one. A note names such items. The same holds of the coefficients of covariates, where as good as
/// fewer than [`FEW_UNITS`] clusters (or comparisons) have the information.
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
        Ok(errors) if kind == CovarianceKind::Sandwich => {
            errors.with_floor(graph).with_floor_of_coefficients().uncertainty(items)
        }
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
    /// What the coefficients of covariates are divided by to be told.
    units: Vec<f64>,
    /// The names of the covariates with what tells their coefficients; none for other kinds than the sandwich.
    leverages: Vec<(String, Leverage)>,
    /// Of the ratings and, behind them, of the tie parameter and of coefficients.
    covariance: DMatrix<f64>,
    /// Of the ratings if the model holds.
    model: DMatrix<f64>,
    /// Single items and groups of them, with the clusters, or else the comparisons, that tell how far
    /// off they are from the rest.
    cuts: Vec<Cut>,
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
        if !estimate.is_spread(&plain) {
            let message =
                "every comparison is exactly what was expected (only ties?): there is no spread to tell errors from";
            return Err(Note::new("no-spread", message));
        }
        let Some(bread) = estimate.bread() else {
            let message = "the curvature of the likelihood is singular: no interval was computed";
            return Err(Note::new("intervals-skipped", message));
        };
        let found = Self {
            members: members.to_vec(),
            has_parameter: estimate.has_parameter(),
            units: estimate.units(),
            leverages: Vec::new(),
            model: bread.view((0, 0), (members.len(), members.len())).into_owned(),
            covariance: sandwich(&bread, &plain.sum),
            cuts: estimate.cuts(&plain),
            clusters: None,
            notes: Vec::new(),
        };
        match (kind, clusters) {
            (CovarianceKind::Fisher, _) => Ok(Self { covariance: bread, ..found }),
            (CovarianceKind::Sandwich, None) => Ok(found.with_leverages(&estimate, &bread, None)),
            (CovarianceKind::Sandwich, Some(clusters)) => found.clustered(&estimate, &bread, clusters),
        }
    }

    /// The sandwich with the scores summed within clusters, in place of the one without.
    fn clustered(mut self, estimate: &Estimate<'_>, bread: &DMatrix<f64>, clusters: &Clusters) -> Result<Self, Note> {
        if estimate.is_by_row() != clusters.are_of_rows() {
            let message = "clusters of cells tell nothing of rows with covariates, nor the other way round";
            return Err(Note::new("intervals-skipped", message));
        }
        let outer = estimate.clustered_outer_products(clusters);
        let used = outer.clusters;
        if used < 2 || !estimate.is_spread(&outer) {
            let message =
                format!("the comparisons fall into {used} by {}, from which no errors can be told", clusters.column);
            return Err(Note::new("few-clusters", message));
        }
        let covariance = sandwich(bread, &outer.sum) * estimate.small_sample_factor(used);
        let design_effect = median_ratio(&covariance, &self.covariance, self.members.len());
        let summary = ClusterSummary { column: clusters.column.clone(), clusters: used, design_effect };
        self.notes.extend(few_clusters(&summary));
        let found = Self { covariance, cuts: estimate.cuts(&outer), clusters: Some(summary), ..self };
        Ok(found.with_leverages(estimate, bread, Some(clusters)))
    }

    fn with_leverages(self, estimate: &Estimate<'_>, bread: &DMatrix<f64>, clusters: Option<&Clusters>) -> Self {
        let found = estimate.leverages(bread, clusters).into_iter().enumerate();
        Self { leverages: found.map(|(place, leverage)| (estimate.name(place), leverage)).collect(), ..self }
    }

    /// At least the model's variance, times the design effect, of a coefficient that few clusters or comparisons
    /// tell: their residuals sum to nothing at the fit. It is added along the direction in which all moves with the
    /// coefficient, so that the errors of ratings grow with it.
    fn with_floor_of_coefficients(mut self) -> Self {
        let effect = self.design_effect();
        let first = self.members.len() + usize::from(self.has_parameter);
        let mut raised = Vec::new();
        for (place, (name, leverage)) in std::mem::take(&mut self.leverages).into_iter().enumerate() {
            let at = (first + place, first + place);
            let excess = effect * leverage.model - self.covariance[at];
            if leverage.units < FEW_UNITS && excess > 0.0 {
                self.covariance.ger(excess, &leverage.direction, &leverage.direction, 1.0);
                raised.push(name);
            }
        }
        if !raised.is_empty() {
            let what = counted_units(self.clusters.as_ref().map(|clusters| clusters.column.as_str()));
            let message = format!(
                "as good as fewer than {FEW_UNITS} {what} tell the effect of {}, so the error is the model's",
                raised.join(", ")
            );
            self.notes.push(Note::new("few-comparisons", message));
        }
        self
    }

    /// What clusters do to a typical variance, if they widen it.
    fn design_effect(&self) -> f64 {
        self.clusters.as_ref().and_then(|clusters| clusters.design_effect).unwrap_or(1.0).max(1.0)
    }

    /// At least the model's variance, times the design effect, between an item or a group and the rest
    /// where few comparisons tell it. It is added along that contrast, so that errors of differences
    /// grow with it and ratings stay relative to their mean.
    fn with_floor(mut self, graph: &PreferenceGraph) -> Self {
        let effect = self.design_effect();
        let n = self.members.len();
        let mut raised: Vec<ItemId> = Vec::new();
        for cut in std::mem::take(&mut self.cuts).iter().filter(|cut| cut.units < FEW_UNITS) {
            let share = cut.members.len() as f64 / n as f64;
            let mut direction = DVector::from_element(n, -share);
            for &member in &cut.members {
                direction[member] += 1.0;
            }
            // Mean of the members minus mean of the rest: the direction has 1 of it.
            let contrast = &direction / (direction.dot(&direction));
            let ratings = self.covariance.view((0, 0), (n, n));
            let excess = effect * contrast.dot(&(&self.model * &contrast)) - contrast.dot(&(ratings * &contrast));
            if excess > 0.0 {
                let mut ratings = self.covariance.view_mut((0, 0), (n, n));
                ratings.ger(excess, &direction, &direction, 1.0);
                raised.extend(cut.members.iter().map(|&member| self.members[member]));
            }
        }
        raised.sort_unstable();
        raised.dedup();
        if !raised.is_empty() {
            self.notes.push(self.few_units(graph, &raised));
        }
        self
    }

    fn few_units(&self, graph: &PreferenceGraph, raised: &[ItemId]) -> Note {
        let what = counted_units(self.clusters.as_ref().map(|clusters| clusters.column.as_str()));
        let names = graph.items().listed(raised, |_| "");
        let message = format!(
            "fewer than {FEW_UNITS} {what} tell how far {} of {} items are from the rest, so they got the model's errors: {names}",
            raised.len(),
            graph.items().len()
        );
        Note::new("few-comparisons", message)
    }

    fn uncertainty(self, items: usize) -> Uncertainty {
        let n = self.members.len();
        let parameter_error = self.has_parameter.then(|| self.covariance[(n, n)].max(0.0).sqrt());
        let error = |place: usize| super::root(self.covariance[(place, place)]);
        let first = n + usize::from(self.has_parameter);
        let coefficient_errors = (first..).zip(&self.units).map(|(place, unit)| error(place) / unit).collect();
        let ratings = self.covariance.view((0, 0), (n, n)).into_owned();
        let degrees_of_freedom = self.clusters.as_ref().map(|summary| (summary.clusters - 1) as f64);
        let found = Uncertainty::new(items, self.members, Spread::Covariance(ratings));
        Uncertainty {
            degrees_of_freedom,
            parameter_error,
            coefficient_errors,
            clusters: self.clusters,
            notes: self.notes,
            ..found
        }
    }
}

/// An item whose error rests on fewer clusters or comparisons than this has at least the model's.
pub const FEW_UNITS: f64 = 5.0;

/// H⁺ J H⁺.
fn sandwich(bread: &DMatrix<f64>, outer: &DMatrix<f64>) -> DMatrix<f64> {
    bread * outer * bread.transpose()
}

/// The median over the members of the ratio of two variances.
fn median_ratio(of: &DMatrix<f64>, to: &DMatrix<f64>, members: usize) -> Option<f64> {
    let mut ratios: Vec<f64> =
        (0..members).map(|i| of[(i, i)] / to[(i, i)]).filter(|ratio| ratio.is_finite()).collect();
    ratios.sort_by(f64::total_cmp);
    percentile(&ratios, 0.5)
}

/// What errors rest on, in words: the clusters of a column, or single comparisons.
pub(super) fn counted_units(column: Option<&str>) -> String {
    column.map_or("comparisons".to_owned(), |column| format!("values of {column} (the clusters)"))
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
