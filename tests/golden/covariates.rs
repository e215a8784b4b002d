//! Fits with covariates, the advantage of a side and weights by pair against what peers make of them.

use nalgebra::DMatrix;
use palio::data::Log;
use palio::data::graph::PreferenceGraph;
use palio::models::{Bordered, BradleyTerry, CovariateSettings, Evidence, Fitted, Likelihood, Standardize, TieRule};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, by_item, centred, numbers};
use crate::fitting::{fit, hessian, points, scores_squared};
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

/// A sum over pairs and shared parameters as one matrix.
fn whole(sum: &Bordered, items: usize) -> DMatrix<f64> {
    let shared = sum.corner.nrows();
    let mut matrix = DMatrix::zeros(items + shared, items + shared);
    for (pair, (&low, &high)) in sum.low.iter().zip(&sum.high).enumerate() {
        for (row, sign) in [(low as usize, 1.0), (high as usize, -1.0)] {
            matrix[(row, low as usize)] += sign * sum.difference[pair];
            matrix[(row, high as usize)] -= sign * sum.difference[pair];
            for place in 0..shared {
                let cross = sign * sum.cross[pair * shared + place];
                matrix[(row, items + place)] += cross;
                matrix[(items + place, row)] += cross;
            }
        }
    }
    matrix.view_mut((items, items), (shared, shared)).copy_from(&sum.corner);
    matrix
}

/// Variances on the Elo scale as arena-rank makes them, with a ridge on the Hessian.
fn with_its_ridge(hessian: DMatrix<f64>, products: DMatrix<f64>, ridge: f64, items: usize) -> Vec<f64> {
    let ridge = DMatrix::from_diagonal_element(hessian.nrows(), hessian.nrows(), ridge);
    let bread = (hessian + ridge).try_inverse().expect("a regular matrix");
    let covariance = &bread * products * &bread;
    (0..items).map(|item| covariance[(item, item)] * points().powi(2)).collect()
}

/// How far off variances may be where a difference is within `left`: logarithms of p(1-p) move by at most 1 a unit of
/// difference, and those of the squared residuals by at most 2, in two brackets and one filling.
fn of_what_is_left(left: f64, variances: &[f64]) -> f64 {
    4.0 * left * variances.iter().copied().fold(0.0, f64::max)
}

/// Its penalty is of the mean loss a comparison, and it stops when that changes by less than 1e-14: the smallest
/// curvature of it being 0.02 or more, a parameter is then within sqrt(2e-14 / 0.02) = 1e-6.
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
        let rows = fitted.likelihood().and_then(Likelihood::rows).expect("rows");
        let items = graph.items().len();
        let all = vec![true; items];
        let (hessian, products) = (whole(&rows.curvature(&all), items), whole(&rows.outer_products(&all).sum, items));
        let variances = with_its_ridge(hessian, products, 1e-5 * graph.comparisons(), items);
        let expected = by_item(&run["variances"], graph.items());
        // With a penalty of 1 a comparison they differ by 6 parts in 100,000 more than its solver explains.
        let tolerance = if penalty < 1.0 { 1e-6 } else { 1e-4 };
        for (ours, theirs) in variances.iter().zip(expected) {
            assert!((ours / theirs - 1.0).abs() < tolerance, "penalty {penalty}: {ours} instead of {theirs}");
        }
    }
    assert_eq!(seen, 4);
}

/// Weights 1/max(n, MIN) by pair, without covariates.
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
            let (likelihood, items) = (fitted.likelihood().expect("a likelihood"), graph.items().len());
            let (hessian, products) = (hessian(likelihood, items), scores_squared(likelihood, &graph));
            // Here its ridge is 1e-5 in all, beside weights that are ours times their mean.
            let counts = PreferenceGraph::from_log(&log).pair_sums();
            let of_pair = |pair: usize| counts.low_wins[pair] + counts.high_wins[pair] + counts.ties[pair];
            let weight: f64 = (0..counts.low.len()).map(of_pair).map(|n| n / n.max(least)).sum();
            let variances = with_its_ridge(hessian, products, 1e-5 * graph.comparisons() / weight, items);
            let expected = by_item(&run["variances"], graph.items());
            assert_close("variances", &variances, &expected, of_what_is_left(2.0 * left, &expected));
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
