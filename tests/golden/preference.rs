//! The cases of the preference and evaluation vectors, each at its own tolerance.

use nalgebra::DMatrix;
use palio::data::graph::PreferenceGraph;
use palio::data::{Comparison, ItemId, Log, Outcome};
use palio::models::{BradleyTerry, Fitted, Likelihood, TieRule};
use palio::structure::{Connectivity, Identification, Status};
use palio::uncertainty::{Clusters, CovarianceKind, Uncertainty, covariance, covariance_among};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, numbers};
use crate::fitting::{all_items, bradley_terry, errors_against, fit, hessian, points, scores_squared, std_errors};
use crate::shared::{Shared, graph_of_matrices};

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("bt_fit", |shared| each(shared, "bt_fit", bt_fit)),
    ("bt_existence", |shared| each(shared, "bt_existence", bt_existence)),
    ("bt_elo_scale", |shared| each(shared, "bt_elo_scale", bt_elo_scale)),
    ("bt_cluster", |shared| each(shared, "bt_cluster", bt_cluster)),
    ("tie_fit", |shared| each(shared, "tie_fit", tie_fit)),
    ("tie_prob", |shared| each(shared, "tie_prob", tie_prob)),
    ("open_spiel_elo_is_a_pseudo_count", open_spiel_elo),
];

/// A case of the preference vectors.
pub(crate) struct Case<'a> {
    pub(crate) input: &'a Value,
    pub(crate) expected: &'a Value,
    pub(crate) tolerance: f64,
}

impl Case<'_> {
    pub(crate) fn graph(&self) -> PreferenceGraph {
        graph_of_matrices(&self.input["W"], &self.input["T"])
    }

    /// Holds `found` against the expected numbers of this name, where the case has them.
    pub(crate) fn holds(&self, name: &str, found: &[f64]) {
        let expected = match &self.expected[name] {
            Value::Null => return,
            Value::Array(rows) if rows[0].is_array() => rows.iter().flat_map(numbers).collect(),
            list @ Value::Array(_) => numbers(list),
            number => vec![number.as_f64().expect("a number")],
        };
        assert_close(name, found, &expected, self.tolerance);
    }
}

/// Checks every case of a kind.
pub(crate) fn each(shared: &Shared, kind: &str, check: fn(&Case<'_>)) {
    let file = shared.json("vectors/preference.json");
    let cases = file["cases"].as_array().expect("cases").iter().filter(|case| case["kind"] == kind);
    let mut checked = 0;
    for case in cases {
        let tolerance = case["tol"].as_f64().expect("a tolerance");
        check(&Case { input: &case["input"], expected: &case["expected"], tolerance });
        checked += 1;
    }
    assert!(checked > 0, "no case of kind {kind}");
}

/// The likelihood and, at its optimum, errors of every definition the case knows.
fn bt_fit(case: &Case<'_>) {
    let graph = case.graph();
    let penalty = case.input["l2"].as_f64().unwrap();
    let fitted = fit(&BradleyTerry { penalty, ..bradley_terry(TieRule::Half) }, &graph);
    case.holds("r", fitted.ratings());
    case.holds("nll", &[-fitted.log_likelihood().unwrap()]);
    let likelihood = fitted.likelihood().unwrap();
    let among = |kind| covariance_among(likelihood, &graph, &all_items(&graph), kind, None);
    let (fisher, sandwich) = (among(CovarianceKind::Fisher), among(CovarianceKind::Sandwich));
    let last = ItemId(graph.items().len() as u32 - 1);
    if penalty > 0.0 {
        with_penalty(case, &graph, likelihood, &fisher, &sandwich);
    } else {
        case.holds("se_sumzero", &std_errors(&fisher, &graph));
        case.holds("sandwich_se_sumzero", &std_errors(&sandwich, &graph));
        case.holds("se_ref_last", &errors_against(&fisher, &graph, last));
        case.holds("sandwich_se_ref_last", &errors_against(&sandwich, &graph, last));
        case.holds("cov_sumzero", &covariances(&fisher, &graph));
    }
    let public = covariance(&*fitted, &graph, CovarianceKind::Sandwich, None);
    match fitted.identification().status {
        Status::Identified => assert_close("public", &std_errors(&public, &graph), &std_errors(&sandwich, &graph), 0.0),
        Status::PartiallyIdentified | Status::Disconnected => {
            let errors = all_items(&graph).into_iter().filter_map(|item| public.std_error(item));
            let members = fitted.identification().members.len();
            assert_eq!(errors.count(), members, "no error where no estimate exists");
        }
    }
}

/// `se` is from the inverse of H + λI, which holds the variance 1/(nλ) of a common shift: pure prior.
fn with_penalty(
    case: &Case<'_>,
    graph: &PreferenceGraph,
    likelihood: &dyn Likelihood,
    fisher: &Uncertainty,
    sandwich: &Uncertainty,
) {
    let n = graph.items().len();
    let raw = hessian(likelihood, n).try_inverse().unwrap();
    let naive: Vec<f64> = raw.diagonal().iter().map(|variance| variance.sqrt()).collect();
    case.holds("se", &naive);
    let ours = std_errors(fisher, graph);
    case.holds("se_projected", &ours);
    case.holds("sandwich_se_projected", &std_errors(sandwich, graph));
    let penalty = case.input["l2"].as_f64().unwrap();
    for (naive, ours) in naive.iter().zip(&ours) {
        let shift = (naive * naive - ours * ours) * penalty * n as f64;
        assert_close("the rest is the shift", &[shift], &[1.0], 1e-8);
    }
}

/// Covariances of sum-zero ratings from variances v and those of differences d: `(v_i + v_j - d_ij) / 2`.
fn covariances(found: &Uncertainty, graph: &PreferenceGraph) -> Vec<f64> {
    let items = all_items(graph);
    let variance = |item| found.std_error(item).unwrap().powi(2);
    let difference = |i, j| found.difference_error(i, j).unwrap().powi(2);
    let entry = |i, j| 0.5 * (variance(i) + variance(j) - difference(i, j));
    items.iter().flat_map(|&i| items.iter().map(move |&j| (i, j))).map(|(i, j)| entry(i, j)).collect()
}

fn bt_existence(case: &Case<'_>) {
    let graph = case.graph();
    let found = Connectivity::of(graph.wins());
    let mut components: Vec<Vec<u64>> =
        found.strong_components.iter().map(|ids| ids.iter().map(|id| u64::from(id.0)).collect()).collect();
    components.sort_unstable();
    let expected: Vec<Vec<u64>> = serde_json::from_value(case.expected["sccs"].clone()).unwrap();
    assert_eq!(components, expected);
    let identification = Identification::by_strong_connection(&graph);
    assert_eq!(identification.status == Status::Identified, case.expected["strongly_connected"] == true);
    assert_eq!(identification.status != Status::Disconnected, case.expected["weakly_connected"] == true);
}

fn bt_elo_scale(case: &Case<'_>) {
    let graph = case.graph();
    let fitted = fit(&bradley_terry(TieRule::Half), &graph);
    let ratings: Vec<f64> = fitted.ratings().iter().map(|rating| 1000.0 + points() * rating).collect();
    case.holds("ratings", &ratings);
    let sandwich = covariance(&*fitted, &graph, CovarianceKind::Sandwich, None);
    let variances: Vec<f64> = std_errors(&sandwich, &graph).iter().map(|error| (points() * error).powi(2)).collect();
    // Given to four digits after the point.
    case.holds("variances_without_ridge", &variances);
    let (n, likelihood) = (graph.items().len(), fitted.likelihood().unwrap());
    let ridge = case.input["hessian_reg"].as_f64().unwrap() * graph.comparisons();
    let bread = (hessian(likelihood, n) + DMatrix::from_diagonal_element(n, n, ridge)).try_inverse().unwrap();
    let ridged = &bread * scores_squared(likelihood, &graph) * &bread;
    let variances: Vec<f64> = ridged.diagonal().iter().map(|variance| points().powi(2) * variance).collect();
    case.holds("variances", &variances);
}

/// statsmodels without its small-sample factor, which ours has: 12/11 · 95/93.
fn bt_cluster(case: &Case<'_>) {
    let rows: Vec<[u32; 4]> = serde_json::from_value(case.input["rows_i_j_y_cluster"].clone()).unwrap();
    let items = case.input["W"].as_array().unwrap().len();
    let mut log = Log::new((0..items).map(|item| item.to_string()).collect());
    for &[i, j, y, _] in &rows {
        let outcome = if y == 1 { Outcome::Left } else { Outcome::Right };
        log.push(Comparison::new(ItemId(i), ItemId(j), outcome));
    }
    log.add_labels("cluster", rows.iter().map(|row| row[3].to_string()));
    let graph = PreferenceGraph::from_log(&log);
    assert_eq!(graph.pair_sums(), case.graph().pair_sums(), "the rows and the matrix agree");
    let fitted = fit(&bradley_terry(TieRule::Half), &graph);
    case.holds("r", fitted.ratings());
    let plain = |kind| std_errors(&covariance(&*fitted, &graph, kind, None), &graph);
    case.holds("se", &plain(CovarianceKind::Fisher));
    case.holds("hc0_se", &plain(CovarianceKind::Sandwich));

    let clusters = Clusters::new(&log, log.labels("cluster").unwrap(), &graph);
    let clustered = covariance(&*fitted, &graph, CovarianceKind::Sandwich, Some(&clusters));
    let factor = 12.0 / 11.0 * 95.0 / 93.0;
    assert_close("factor", &[factor], &[1.114_370], 0.5e-6);
    let without = |errors: Vec<f64>| errors.iter().map(|error| error / f64::sqrt(factor)).collect::<Vec<_>>();
    case.holds("cluster_se", &without(std_errors(&clustered, &graph)));
    let last = ItemId(items as u32 - 1);
    case.holds("cluster_se_ref_last", &without(errors_against(&clustered, &graph, last))[..items - 1]);
    assert_eq!(clustered.degrees_of_freedom(), Some(11.0));
    assert_eq!(clustered.notes[0].code, "few-clusters");
}

fn tie_rule(model: &Value) -> (TieRule, &'static str) {
    match model.as_str().unwrap() {
        "davidson" => (TieRule::Davidson, "nu"),
        "rao-kupper" => (TieRule::RaoKupper, "eta"),
        other => panic!("no rule {other}"),
    }
}

fn tie_fit(case: &Case<'_>) {
    let graph = case.graph();
    let (rule, name) = tie_rule(&case.input["model"]);
    let fitted = fit(&bradley_terry(rule), &graph);
    case.holds("r", fitted.ratings());
    case.holds("nll", &[-fitted.log_likelihood().unwrap()]);
    let parameter = parameter_of(&*fitted, name);
    case.holds(name, &[parameter]);
    case.holds("log_tie_param", &[parameter.ln()]);
    let (ratings, tie) = (fitted.ratings(), |d| rule.probabilities(d, parameter));
    let found = tie(ratings[0] - ratings[1]);
    case.holds("P_win_01", &[found.win]);
    case.holds("P_tie_01", &[found.tie]);
    case.holds("P_win_10", &[found.loss]);
    assert_close("share", &[fitted.probability(ItemId(0), ItemId(1)).unwrap()], &[found.share()], 1e-15);
    for (kind, ratings, tie) in [
        (CovarianceKind::Fisher, "se_r", "se_log_tie"),
        (CovarianceKind::Sandwich, "sandwich_se_r", "sandwich_se_log_tie"),
    ] {
        let errors = covariance(&*fitted, &graph, kind, None);
        case.holds(ratings, &std_errors(&errors, &graph));
        case.holds(tie, &[errors.parameter_error().unwrap()]);
    }
}

fn parameter_of(fitted: &dyn Fitted, name: &str) -> f64 {
    fitted.parameters().into_iter().find(|(known, _)| *known == name).and_then(|(_, value)| value).unwrap()
}

fn tie_prob(case: &Case<'_>) {
    let (rule, _) = tie_rule(&case.input["model"]);
    let [d, parameter] = ["d", "param"].map(|name| case.input[name].as_f64().unwrap());
    let found = rule.probabilities(d, parameter);
    case.holds("win", &[found.win]);
    case.holds("tie", &[found.tie]);
    case.holds("loss", &[found.loss]);
}

/// `OpenSpiel` adds 0.01 wins to both sides of every pair and puts the last item at 0.
fn open_spiel_elo(shared: &Shared) {
    let file = shared.json("vectors/evaluation.json");
    let cases: Vec<&Value> = file["vectors"].as_array().unwrap().iter().filter(|case| case["group"] == "elo").collect();
    assert!(!cases.is_empty());
    for case in cases {
        let input = &case["input"];
        let graph = graph_of_matrices(&input["win_matrix"], &input["draw_matrix"]);
        let pseudo_count = input["smoothing"].as_f64().unwrap();
        let fitted = fit(&BradleyTerry { pseudo_count, ..bradley_terry(TieRule::Half) }, &graph);
        let lowest = fitted.ratings().iter().copied().fold(f64::INFINITY, f64::min);
        let found: Vec<f64> = fitted.ratings().iter().map(|rating| points() * (rating - lowest)).collect();
        let tolerance = case["tolerance"].as_f64().unwrap();
        assert_close("ratings", &found, &numbers(&case["output"]["ratings"]), tolerance);
    }
}
