//! Real logs: published ratings, and what clustering by task does to errors.

use palio::data::graph::PreferenceGraph;
use palio::models::TieRule;
use palio::structure::Status;
use palio::uncertainty::{Clusters, CovarianceKind, covariance};

use crate::Check;
use crate::close::{assert_close, centred};
use crate::fitting::{bradley_terry, fit};
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] =
    &[("arena_ratings_as_published", arena_ratings), ("errors_by_task_are_wider", design_effects)];

/// The counts are those between the 25 best of the 76 models that the published fit had.
fn arena_ratings(shared: &Shared) {
    let log = shared.table("data/lmarena_20240329/pairs_full.csv").counted_log();
    let graph = PreferenceGraph::from_log(&log);
    let fitted = fit(&bradley_terry(TieRule::Half), &graph);
    assert_eq!(fitted.identification().status, Status::Identified);
    let published = shared.table("data/lmarena_20240329/reference_ratings_full.csv");
    let published = published.column(&["model"]).into_iter().zip(published.numbers("bt_elo_published"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (model, rating) in published {
        if let Some(item) = graph.items().get(model) {
            ours.push(fitted.ratings()[item.index()]);
            theirs.push(rating);
        }
    }
    assert_eq!(ours.len(), 25);
    let correlation = correlation(ours, theirs);
    assert_close("correlation", &[correlation], &[1.0], 0.01);
}

fn correlation(x: Vec<f64>, y: Vec<f64>) -> f64 {
    let (x, y) = (centred(x), centred(y));
    let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    sum(&x, &y) / (sum(&x, &x) * sum(&y, &y)).sqrt()
}

/// How many times wider intervals get when the comparisons of one task are not taken as independent:
/// the root of the median over items of the variance with clusters, by statsmodels' rule with its
/// small-sample factor, over that without. The numbers come from a fit and a sandwich written apart in numpy.
fn design_effects(shared: &Shared) {
    for (name, times) in [
        ("mt_bench", 1.749_574_414_704_233_4),
        ("pandalm", 1.843_273_753_071_643_2),
        ("vicuna_gpt4", 1.252_430_855_046_566_4),
    ] {
        let table = shared.table(&format!("data/{name}/battles.csv"));
        let mut log = table.log();
        log.add_labels("task", table.column(&["task"]));
        let graph = PreferenceGraph::from_log(&log);
        let fitted = fit(&bradley_terry(TieRule::Half), &graph);
        let clusters = Clusters::new(&log, log.labels("task").unwrap(), &graph);
        let found = covariance(&*fitted, &graph, CovarianceKind::Sandwich, Some(&clusters));
        let effect = found.clusters.unwrap().design_effect.unwrap();
        assert_close(name, &[effect.sqrt()], &[times], 1e-9);
    }
}
