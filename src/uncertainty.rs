//! How well ratings are known: Fisher, sandwich and clustered covariances, the bootstrap, and
//! statements about ranks. One mechanism for all raters: those with a likelihood have covariances,
//! and every rater can be refitted on resampled evidence.
//!
//! # Coverage
//! Measured by `tests/coverage.rs` on 500 generated logs of each kind, 10 items and 2,000 comparisons of
//! random pairs, at a nominal 95 % (standard errors over logs in parentheses). Of the ratings relative to
//! their mean, as many are in their intervals:
//!
//! | log | Fisher | sandwich | bootstrap | clustered sandwich | clustered bootstrap |
//! |---|---|---|---|---|---|
//! | strengths N(0, 1), no ties | 95.6 % (0.3) | 95.5 % (0.3) | 95.2 % (0.3) | | |
//! | 20 % ties, as half wins | 97.9 % (0.2) | 95.7 % (0.3) | 95.2 % (0.3) | | |
//! | effects N(0, 0.7) of 200 tasks on each item | | 93.3 % (0.4) | | 95.1 % (0.3) | 94.4 % (0.3) |
//! | the same of 40 tasks | | 85.1 % (0.6) | | 94.5 % (0.4) | 93.2 % (0.4) |
//!
//! Fisher errors take a tie for a win or a loss, and are too wide where there are ties. With few clusters
//! the clustered bootstrap is somewhat too narrow, as it has no small-sample factor.
//!
//! All simultaneous rank intervals of a board hold at once on 100 % of the logs without ties, 99.6 % with
//! ties, 99.8 % (clustered) with tasks, 99.4 % where items differ by hundredths in groups of three, and
//! 94.2 % (1.0) where all items are equal, the case they are made for; overlapping intervals hold there on
//! 77.4 % (1.9) of the logs.

mod bootstrap;
mod clusters;
mod covariance;
mod estimate;
mod ranks;

use nalgebra::DMatrix;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

pub use self::bootstrap::{BootstrapSettings, bootstrap};
pub use self::clusters::Clusters;
pub use self::covariance::{CovarianceKind, FEW_UNITS, covariance, covariance_among};
pub use self::ranks::{RankIntervals, RankRule, RankSettings, rank_intervals};
use crate::data::ItemId;
use crate::models::Fitted;
use crate::models::bradley_terry::logistic;
use crate::structure::Note;

/// Clusters fewer than this get a warning: the cluster-robust error itself is then poorly known.
pub const FEW_CLUSTERS: usize = 30;

/// What clustering the comparisons did to the errors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterSummary {
    /// The column whose values are the clusters.
    pub column: String,
    /// How many clusters there are.
    pub clusters: usize,
    /// The median over the items of a rating's variance with clusters as a multiple of that without.
    /// Its square root is how many times wider an interval became. `None` where there is no closed
    /// form.
    pub design_effect: Option<f64>,
}

/// How far fitted ratings may be off.
///
/// Errors of log-odds ratings are those of a rating relative to the mean of the items that have
/// one; errors of differences do not depend on that choice.
#[derive(Debug, Clone)]
pub struct Uncertainty {
    members: Vec<ItemId>,
    /// For each item of the graph its position in `members`.
    position: Vec<Option<u32>>,
    spread: Spread,
    degrees_of_freedom: Option<f64>,
    parameter_error: Option<f64>,
    coefficient_errors: Vec<f64>,
    /// Whether not even what the fit itself knows of its predictions is asked for.
    unwanted: bool,
    /// What clustering did, where the comparisons were clustered.
    pub clusters: Option<ClusterSummary>,
    /// What the reader must know.
    pub notes: Vec<Note>,
}

#[derive(Debug, Clone)]
enum Spread {
    /// Of the members' ratings.
    Covariance(DMatrix<f64>),
    /// For each member its ratings over the replicates; NaN where a replicate has none.
    Replicates(Vec<Vec<f64>>),
}

impl Uncertainty {
    /// Nothing is known: every error and interval is `None`.
    pub fn unknown(items: usize) -> Self {
        Self {
            members: Vec::new(),
            position: vec![None; items],
            spread: Spread::Covariance(DMatrix::zeros(0, 0)),
            degrees_of_freedom: None,
            parameter_error: None,
            coefficient_errors: Vec::new(),
            unwanted: false,
            clusters: None,
            notes: Vec::new(),
        }
    }

    /// No errors and intervals are asked for, not even those that the fit itself knows
    /// ([`Fitted::log_odds_error`]).
    pub fn unwanted(items: usize) -> Self {
        Self { unwanted: true, ..Self::unknown(items) }
    }

    fn new(items: usize, members: Vec<ItemId>, spread: Spread) -> Self {
        let mut position = vec![None; items];
        for (place, member) in members.iter().enumerate() {
            position[member.index()] = Some(place as u32);
        }
        Self { members, position, spread, ..Self::unknown(0) }
    }

    /// What the reader of numbers from `fitted` must know: of the fit, and of these errors.
    pub fn notes_with(&self, fitted: &dyn Fitted) -> Vec<Note> {
        let mut notes = fitted.notes();
        let convergence = fitted.convergence();
        if !convergence.converged {
            let message = format!("the fit had not converged after {} iterations", convergence.iterations);
            notes.push(Note::new("not-converged", message));
        }
        notes.extend(self.notes.iter().cloned());
        notes
    }

    fn place(&self, item: ItemId) -> Option<usize> {
        self.position[item.index()].map(|place| place as usize)
    }

    /// The items that have errors and intervals.
    pub fn members(&self) -> &[ItemId] {
        &self.members
    }

    /// The standard error of an item's rating, in the rater's units.
    pub fn std_error(&self, item: ItemId) -> Option<f64> {
        let place = self.place(item)?;
        match &self.spread {
            Spread::Covariance(matrix) => Some(root(matrix[(place, place)])),
            Spread::Replicates(ratings) => std_deviation(ratings[place].iter().copied()),
        }
    }

    /// The standard error of the rating of `i` minus that of `j`.
    pub fn difference_error(&self, i: ItemId, j: ItemId) -> Option<f64> {
        let (i, j) = (self.place(i)?, self.place(j)?);
        match &self.spread {
            Spread::Covariance(matrix) => Some(root(matrix[(i, i)] + matrix[(j, j)] - 2.0 * matrix[(i, j)])),
            Spread::Replicates(ratings) => std_deviation(ratings[i].iter().zip(&ratings[j]).map(|(x, y)| x - y)),
        }
    }

    /// The standard error of the logarithm of the tie parameter, for fits that have one.
    pub fn parameter_error(&self) -> Option<f64> {
        self.parameter_error
    }

    /// The standard errors of the coefficients of the covariates that were fitted, in their order; none where they
    /// are not known.
    pub fn coefficient_errors(&self) -> &[f64] {
        &self.coefficient_errors
    }

    /// The interval of a coefficient with this standard error.
    pub fn coefficient_interval(&self, coefficient: f64, std_error: f64, level: f64) -> (f64, f64) {
        self.around(coefficient, std_error, level)
    }

    /// Degrees of freedom of the t distribution that intervals use; `None` for the normal one.
    pub fn degrees_of_freedom(&self) -> Option<f64> {
        self.degrees_of_freedom
    }

    /// The interval of an item with this fitted rating: normal or t around it, or the percentiles
    /// of the replicates.
    pub fn interval(&self, item: ItemId, rating: f64, level: f64) -> Option<(f64, f64)> {
        match &self.spread {
            Spread::Covariance(_) => Some(self.around(rating, self.std_error(item)?, level)),
            Spread::Replicates(ratings) => percentiles(ratings[self.place(item)?].iter().copied(), level),
        }
    }

    /// The interval of the difference of two items with this fitted difference.
    pub fn difference_interval(&self, i: ItemId, j: ItemId, difference: f64, level: f64) -> Option<(f64, f64)> {
        match &self.spread {
            Spread::Covariance(_) => Some(self.around(difference, self.difference_error(i, j)?, level)),
            Spread::Replicates(ratings) => {
                let (i, j) = (self.place(i)?, self.place(j)?);
                percentiles(ratings[i].iter().zip(&ratings[j]).map(|(x, y)| x - y), level)
            }
        }
    }

    /// The standard error of the share of item `i` against item `j` under `fitted`.
    pub fn share_error(&self, fitted: &dyn Fitted, i: ItemId, j: ItemId) -> Option<f64> {
        if self.unwanted {
            return None;
        }
        fitted.probability_error(i, j).or_else(|| {
            let difference = fitted.ratings()[i.index()] - fitted.ratings()[j.index()];
            let error = self.difference_error(i, j).filter(|_| fitted.predicts_by_differences())?;
            Some(error * share_slope(fitted, difference)?)
        })
    }

    /// The interval of the share of item `i` against item `j` under `fitted`, whose errors these are: made on
    /// the scale of the ratings, or of the log-odds where predictions are no differences of ratings
    /// ([`Fitted::log_odds_error`]), and carried over to shares, so that it stays within 0 and 1 and that of
    /// (j, i) mirrors it.
    pub fn share_interval(&self, fitted: &dyn Fitted, i: ItemId, j: ItemId, level: f64) -> Option<(f64, f64)> {
        if self.unwanted {
            return None;
        }
        if let Some(error) = fitted.log_odds_error(i, j) {
            let share = fitted.probability(i, j)?;
            let middle = share.ln() - (1.0 - share).ln();
            let half = Normal::standard().inverse_cdf(0.5 * (1.0 + level)) * error;
            return Some((logistic(middle - half), logistic(middle + half)));
        }
        if !fitted.predicts_by_differences() {
            return None;
        }
        let difference = fitted.ratings()[i.index()] - fitted.ratings()[j.index()];
        let (low, high) = self.difference_interval(i, j, difference, level)?;
        fitted.share_at(low).zip(fitted.share_at(high))
    }

    fn around(&self, middle: f64, error: f64, level: f64) -> (f64, f64) {
        let half = self.quantile(level) * error;
        (middle - half, middle + half)
    }

    /// The two-sided quantile of a standardised error at a level.
    fn quantile(&self, level: f64) -> f64 {
        let tail = 0.5 * (1.0 + level);
        match self.degrees_of_freedom.map(|df| StudentsT::new(0.0, 1.0, df)) {
            Some(Ok(t)) => t.inverse_cdf(tail),
            _ => Normal::standard().inverse_cdf(tail),
        }
    }

    /// The same with all variances of ratings multiplied by `factor`, such as a design effect.
    #[must_use]
    pub fn widened(mut self, factor: f64) -> Self {
        match &mut self.spread {
            Spread::Covariance(matrix) => *matrix *= factor,
            Spread::Replicates(ratings) => {
                for replicates in ratings {
                    let finite = || replicates.iter().copied().filter(|rating| rating.is_finite());
                    let mean = finite().sum::<f64>() / finite().count().max(1) as f64;
                    for rating in replicates {
                        *rating = mean + factor.sqrt() * (*rating - mean);
                    }
                }
            }
        }
        self
    }

    /// A matrix L such that L z, for independent standard normal z, is distributed as the errors of the ratings of
    /// `items`, which must be members; a shift common to all is added. `None` where there is no spread.
    pub(crate) fn factor_of(&self, items: &[ItemId]) -> Option<DMatrix<f64>> {
        ranks::factor(&self.covariance_of(items))
    }

    /// The covariance of the ratings of `items`, which must be members.
    fn covariance_of(&self, items: &[ItemId]) -> DMatrix<f64> {
        let places: Vec<usize> = items.iter().filter_map(|&item| self.place(item)).collect();
        match &self.spread {
            Spread::Covariance(matrix) => {
                DMatrix::from_fn(places.len(), places.len(), |i, j| matrix[(places[i], places[j])])
            }
            Spread::Replicates(ratings) => {
                let columns: Vec<&[f64]> = places.iter().map(|&place| ratings[place].as_slice()).collect();
                sample_covariance(&columns)
            }
        }
    }
}

/// The root of a variance, which rounding may have left below 0; NaN stays NaN.
fn root(variance: f64) -> f64 {
    if variance < 0.0 { 0.0 } else { variance.sqrt() }
}

/// Sample standard deviation of the finite values, if there are two.
fn std_deviation(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let finite = values.filter(|value| value.is_finite());
    let n = finite.clone().count() as f64;
    let mean = finite.clone().sum::<f64>() / n;
    (n > 1.0).then(|| (finite.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

/// How much the share moves with a difference of ratings.
pub(crate) fn share_slope(fitted: &dyn Fitted, difference: f64) -> Option<f64> {
    const STEP: f64 = 1e-6;
    Some((fitted.share_at(difference + STEP)? - fitted.share_at(difference - STEP)?) / (2.0 * STEP))
}

/// The two percentiles between which `level` of the finite values lie.
fn percentiles(values: impl Iterator<Item = f64>, level: f64) -> Option<(f64, f64)> {
    let mut sorted: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    Some((percentile(&sorted, 0.5 * (1.0 - level))?, percentile(&sorted, 0.5 * (1.0 + level))?))
}

/// The quantile of sorted values by linear interpolation (type 7, the default of R and numpy).
fn percentile(sorted: &[f64], probability: f64) -> Option<f64> {
    let at = probability * (sorted.len().checked_sub(1)? as f64);
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(below + (above - below) * at.fract())
}

/// Of columns of equal length; replicates with a NaN anywhere are left out.
fn sample_covariance(columns: &[&[f64]]) -> DMatrix<f64> {
    let length = columns.first().map_or(0, |column| column.len());
    let whole: Vec<usize> = (0..length).filter(|&row| columns.iter().all(|column| column[row].is_finite())).collect();
    let n = whole.len() as f64;
    let mut centred = DMatrix::from_fn(whole.len(), columns.len(), |row, column| columns[column][whole[row]]);
    for mut column in centred.column_iter_mut() {
        let mean = column.sum() / n;
        column.add_scalar_mut(-mean);
    }
    centred.tr_mul(&centred) / (n - 1.0).max(1.0)
}
