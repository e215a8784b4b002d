//! Short ways to a fit and to its errors.

use palio::data::ItemId;
use palio::data::graph::PreferenceGraph;
use palio::models::{BradleyTerry, Curvature, Evidence, Fitted, Likelihood, Rater, Settings, TieRule};
use palio::uncertainty::Uncertainty;

/// Elo points a unit of log-odds.
pub(crate) fn points() -> f64 {
    400.0 / 10.0_f64.ln()
}

pub(crate) fn fit<'a>(rater: &dyn Rater, evidence: impl Into<Evidence<'a>>) -> Box<dyn Fitted> {
    let fitted = rater.fit(evidence.into(), None).expect("a fit");
    assert!(fitted.convergence().converged, "{rater:?} converged");
    fitted
}

pub(crate) fn bradley_terry(ties: TieRule) -> BradleyTerry {
    BradleyTerry { ties, ..BradleyTerry::default() }
}

/// The registered rater of this name with `key=value` settings.
pub(crate) fn registered(name: &str, settings: &[String]) -> Box<dyn Rater> {
    let entry = palio::models::RaterEntry::find(name).unwrap_or_else(|| panic!("no rater {name}"));
    entry.rater(&Settings::parse(settings).expect("settings")).expect("a rater")
}

pub(crate) fn all_items(graph: &PreferenceGraph) -> Vec<ItemId> {
    (0..graph.items().len() as u32).map(ItemId).collect()
}

pub(crate) fn std_errors(uncertainty: &Uncertainty, graph: &PreferenceGraph) -> Vec<f64> {
    let error = |item| uncertainty.std_error(item).unwrap_or_else(|| panic!("{item:?} has an error"));
    all_items(graph).into_iter().map(error).collect()
}

/// The errors of all items' ratings relative to one item's.
pub(crate) fn errors_against(uncertainty: &Uncertainty, graph: &PreferenceGraph, reference: ItemId) -> Vec<f64> {
    let error = |item| uncertainty.difference_error(item, reference).expect("an error");
    all_items(graph).into_iter().map(error).collect()
}

/// The Hessian of the negative log-likelihood in the ratings, as a matrix.
pub(crate) fn hessian(likelihood: &dyn Likelihood, items: usize) -> nalgebra::DMatrix<f64> {
    let Curvature { low, high, difference, penalty, .. } = likelihood.curvature();
    let mut matrix = nalgebra::DMatrix::from_diagonal_element(items, items, penalty);
    for ((&low, &high), value) in low.iter().zip(&high).zip(difference) {
        let (low, high) = (low as usize, high as usize);
        matrix[(low, low)] += value;
        matrix[(high, high)] += value;
        matrix[(low, high)] -= value;
        matrix[(high, low)] -= value;
    }
    matrix
}

/// J: the sum over comparisons of the outer products of their scores.
pub(crate) fn scores_squared(likelihood: &dyn Likelihood, graph: &PreferenceGraph) -> nalgebra::DMatrix<f64> {
    let mut matrix = nalgebra::DMatrix::zeros(graph.items().len(), graph.items().len());
    for ((cell, score), sum) in graph.cells().iter().zip(likelihood.cell_scores(graph)).zip(graph.sums()) {
        let pair = graph.pairs()[cell.pair as usize];
        let square = sum.weight_squared * score.difference * score.difference;
        let (low, high) = (pair.low.index(), pair.high.index());
        matrix[(low, low)] += square;
        matrix[(high, high)] += square;
        matrix[(low, high)] -= square;
        matrix[(high, low)] -= square;
    }
    matrix
}

/// How far, in log-odds, a solver may be from the optimum when it stops at a change of `change` in the
/// mean loss a comparison: f − f* ≥ λ/2 |r − r*|², λ being the smallest curvature of that mean.
pub(crate) fn distance_left(change: f64, likelihood: &dyn Likelihood, graph: &PreferenceGraph) -> f64 {
    let mean_curvature = hessian(likelihood, graph.items().len()) / graph.weight();
    let mut eigenvalues: Vec<f64> = mean_curvature.symmetric_eigenvalues().iter().copied().collect();
    eigenvalues.sort_by(f64::total_cmp);
    // The smallest of all belongs to a common shift of all ratings.
    (2.0 * change / eigenvalues[1]).sqrt()
}
