//! Fits with covariates, the advantage of a side and weights by pair against what peers make of them.

use palio::data::Log;
use palio::data::graph::PreferenceGraph;
use palio::models::{BradleyTerry, CovariateSettings, Evidence, Fitted, Standardize, TieRule};
use palio::uncertainty::{CovarianceKind, covariance};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, by_item, centred, numbers};
use crate::fitting::{fit, points, std_errors};
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("arena_rank_contextual", arena_rank_contextual),
    ("arena_rank_reweighted", arena_rank_reweighted),
    ("fastchat_style_control", fastchat_style_control),
    ("arenakit_position", arenakit_position),
];

fn food(shared: &Shared) -> Log {
    shared.table("vectors/golden/food.csv").log()
}

/// The log with the three features that the peers' runs name, of the row's number i from 0.
fn with_features(mut log: Log) -> Log {
    let rows = 0..log.len();
    let spread = |factor: usize, modulus: usize| move |i: usize| ((i * factor) % modulus) as f64 / modulus as f64 - 0.5;
    let column = |feature: &dyn Fn(usize) -> f64| rows.clone().map(feature).collect::<Vec<f64>>();
    let features =
        [column(&spread(7919, 101)), column(&spread(104_729, 211)), column(&|i| if i % 2 == 1 { 1.0 } else { -1.0 })];
    for (name, feature) in ["f0", "f1", "f2"].into_iter().zip(features) {
        log.add_covariate(name, &feature);
    }
    log
}

fn rater(penalty: f64) -> BradleyTerry {
    BradleyTerry {
        covariates: CovariateSettings { penalty, ..CovariateSettings::default() },
        ..BradleyTerry::default()
    }
}

fn fit_rows(rater: &BradleyTerry, log: &Log) -> (PreferenceGraph, Box<dyn Fitted>) {
    let graph = PreferenceGraph::from_log(log);
    let fitted = fit(rater, Evidence { graph: &graph, rows: Some(log), ballots: None });
    (graph, fitted)
}

fn coefficients(fitted: &dyn Fitted) -> Vec<f64> {
    fitted.covariates().iter().map(|it| it.coefficient.expect("a coefficient")).collect()
}

fn elo(fitted: &dyn Fitted) -> Vec<f64> {
    fitted.ratings().iter().map(|rating| 1000.0 + points() * rating).collect()
}

fn runs(file: &Value, key: &'static str, name: &'static str) -> impl Iterator<Item = Value> + use<> {
    let runs: Vec<Value> = file["runs"].as_array().expect("runs").clone();
    runs.into_iter().filter(move |run| run[key] == name)
}

/// Its penalty is of the mean loss a comparison, and it stops when that changes by less than 1e-14: the smallest
/// curvature of it being 0.02 or more, a parameter is then within sqrt(2e-14 / 0.02) = 1e-6. Its variances have a
/// ridge on the Hessian that makes them 0.01 to 0.3 % smaller.
fn arena_rank_contextual(shared: &Shared) {
    const LEFT: f64 = 1e-6;
    let log = with_features(food(shared));
    let file = shared.json("vectors/golden/arena_rank_food.json");
    let mut seen = 0;
    for run in runs(&file, "model", "ContextualBradleyTerry") {
        seen += 1;
        let penalty = run["params"]["reg(features only)"].as_f64().expect("reg") * log.len() as f64;
        let reweighted = run["params"]["reweighted"] == true;
        let log = if reweighted { log.clone().reweighted_by_pair(50.0, |_| true) } else { log.clone() };
        let (graph, fitted) = fit_rows(&rater(penalty), &log);
        assert_close("coefficients", &coefficients(&*fitted), &numbers(&run["coeffs"]), LEFT);
        assert_close("ratings", &elo(&*fitted), &by_item(&run["ratings"], graph.items()), points() * LEFT);
        let errors = std_errors(&covariance(&*fitted, &graph, CovarianceKind::Sandwich, None), &graph);
        for (ours, theirs) in errors.iter().zip(by_item(&run["variances"], graph.items())) {
            let share = theirs / (points() * ours).powi(2);
            assert!((0.997..0.9999).contains(&share), "the ridge shrinks variances: {share}");
        }
    }
    assert_eq!(seen, 4);
}

/// Weights 1/max(n, MIN) by pair, without covariates. With their ridge its variances are ours.
fn arena_rank_reweighted(shared: &Shared) {
    for name in ["food", "simple"] {
        let log = shared.table(&format!("vectors/golden/{name}.csv")).log();
        let file = shared.json(&format!("vectors/golden/arena_rank_{name}.json"));
        for run in runs(&file, "model", "BradleyTerry").filter(|run| run["params"]["reweighted"] == true) {
            let least = run["params"]["min_pair_count"].as_f64().expect("a count");
            let graph = PreferenceGraph::from_log(&log.clone().reweighted_by_pair(least, |_| true));
            assert!((graph.weight() - graph.comparisons()).abs() < 1e-9, "weights are 1 on average");
            let fitted = fit(&BradleyTerry::default(), &graph);
            // It stops at a change of 1e-9 or 1e-14 of a mean loss that weights of 1/50 make 50 times smaller.
            let left = (2.0 * 50.0 * run["params"]["ftol"].as_f64().expect("ftol") / 0.02).sqrt();
            let expected = by_item(&run["ratings"], graph.items());
            assert_close("ratings", &elo(&*fitted), &expected, points() * left);
            let errors = std_errors(&covariance(&*fitted, &graph, CovarianceKind::Sandwich, None), &graph);
            for (ours, theirs) in errors.iter().zip(by_item(&run["variances"], graph.items())) {
                let share = theirs / (points() * ours).powi(2);
                // The same ridge against a Hessian that is up to 50 times smaller.
                assert!((0.93..1.0001).contains(&share), "the ridge shrinks variances: {share}");
            }
        }
    }
}

/// Its ridge is on all parameters, ratings being in units of ln 10 log-odds. Run to a gradient of 1e-10.
fn fastchat_style_control(shared: &Shared) {
    let log = with_features(food(shared));
    let file = shared.json("vectors/golden/fastchat_food.json");
    let mut seen = 0;
    for run in runs(&file, "fn", "fit_contextual_bt (style control)") {
        seen += 1;
        let penalty = run["params"]["reg"].as_f64().expect("reg");
        let rater = BradleyTerry { penalty: penalty / 10.0_f64.ln().powi(2), ..rater(penalty) };
        let (graph, fitted) = fit_rows(&rater, &log);
        // The smallest curvature, of a coefficient, is above 1, but it stops by the change of the loss too.
        assert_close("coefficients", &coefficients(&*fitted), &numbers(&run["coeffs"]), 1e-6);
        assert_close("ratings", &elo(&*fitted), &by_item(&run["ratings"], graph.items()), points() * 1e-6);
    }
    assert_eq!(seen, 2);
}

/// The first position as a covariate without a penalty; it stops at a step of 1e-10, and steps shrink by a tenth
/// or more.
fn arenakit_position(shared: &Shared) {
    let mut seen = 0;
    for name in ["food", "simple"] {
        let log = shared.table(&format!("vectors/golden/{name}.csv")).log();
        let file = shared.json(&format!("vectors/golden/arenakit_{name}.json"));
        for run in runs(&file, "fn", "fit_bt").filter(|run| run["params"]["order"] == true) {
            if run["params"]["prior"].as_f64() != Some(0.0) {
                continue;
            }
            seen += 1;
            let covariates = CovariateSettings { penalty: 0.0, standardize: Standardize::None, side_advantage: true };
            let rater = BradleyTerry { covariates, ties: TieRule::Half, ..BradleyTerry::default() };
            let (graph, fitted) = fit_rows(&rater, &log);
            assert_close("ratings", fitted.ratings(), &centred(by_item(&run["theta"], graph.items())), 2e-9);
            assert_close("position", &coefficients(&*fitted), &[run["order_log"].as_f64().expect("a number")], 2e-9);
        }
    }
    assert!(seen > 0);
}
