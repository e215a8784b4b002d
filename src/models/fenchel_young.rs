//! The Fenchel-Young variant of Soft Condorcet optimisation, which is Bradley-Terry in other units.

use super::bradley_terry::{BradleyTerry, logistic};
use super::voting::Optimum;
use super::{Evidence, FitError, Fitted, Laws, Mirror, Needs, PlainFit, Rater, RaterEntry, Setting, Units};
use crate::data::graph::PreferenceGraph;

pub(super) const ENTRY: RaterEntry = RaterEntry {
    name: "fenchel-young",
    summary: "Fenchel-Young loss of perturbed orders, solved as the convex Bradley-Terry problem that it is",
    needs: Needs::Counts,
    units: Units::Own,
    laws: Laws { mirror: Mirror::Reflects, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[Setting {
        name: "scale",
        default: "100",
        summary: "the scale σ of the Gumbel noise: ratings are σ times log-odds",
    }],
    build: |settings| {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        Ok(Box::new(FenchelYoung { scale: settings.number("scale", 100.0, "a number above 0", positive)? }))
    },
};

/// The minimum of `Σ N(a, b) σ softplus((θ_b − θ_a) / σ)`.
///
/// # Source
/// Lanctot, Larson, Kaisers and others 2024, arXiv 2411.00119, who step along the gradient of a sample of
/// orders perturbed by Gumbel noise of scale σ. The mean of that gradient is the one of this sum: a pair of
/// perturbed ratings is in the wrong order with the probability of a logistic variable. So the minimum is
/// the Bradley-Terry estimate from all pairs of the ballots, times σ, and has no noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FenchelYoung {
    /// The scale σ of the noise.
    pub scale: f64,
}

impl Default for FenchelYoung {
    fn default() -> Self {
        Self { scale: 100.0 }
    }
}

impl Rater for FenchelYoung {
    /// That of [`BradleyTerry`].
    fn fit(&self, evidence: Evidence<'_>, start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let start: Option<Vec<f64>> = start.map(|start| start.iter().map(|rating| rating / self.scale).collect());
        let fitted = BradleyTerry::default().fit(evidence, start.as_deref())?;
        let fit = PlainFit {
            ratings: fitted.ratings().iter().map(|rating| self.scale * rating).collect(),
            convergence: fitted.convergence(),
            identification: fitted.identification().clone(),
            notes: fitted.notes(),
            log_odds: Some(1.0 / self.scale),
        };
        Ok(Box::new(Optimum { fit, parameters: fitted.parameters(), log_likelihood: fitted.log_likelihood() }))
    }
}

impl FenchelYoung {
    /// The derivatives of the loss, summed over votes, by the ratings: the mean of what `OpenSpiel`'s
    /// steps sample, times the number of ballots. A tie is half a vote each way.
    ///
    /// # Panics
    /// If there is not one rating an item.
    pub fn gradient(&self, graph: &PreferenceGraph, ratings: &[f64]) -> Vec<f64> {
        let pairs = graph.pair_sums();
        let mut gradient = vec![0.0; ratings.len()];
        for pair in 0..pairs.low.len() {
            let (low, high) = (pairs.low[pair] as usize, pairs.high[pair] as usize);
            let wrong = logistic((ratings[high] - ratings[low]) / self.scale);
            let half = pairs.ties[pair] / 2.0;
            let pull = (pairs.low_wins[pair] + half) * wrong - (pairs.high_wins[pair] + half) * (1.0 - wrong);
            gradient[low] -= pull;
            gradient[high] += pull;
        }
        gradient
    }
}
