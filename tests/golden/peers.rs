//! Other engines and independent fits on evalica's two small logs.

use nalgebra::DMatrix;
use palio::data::graph::PreferenceGraph;
use palio::data::{Items, Log};
use palio::models::{Average, Elo, Evidence, Fitted, PageRank, TieRule, WinRate, Wins};
use palio::models::{BradleyTerry, Eigenvector, Rater};
use palio::structure::Status;
use palio::uncertainty::{CovarianceKind, covariance};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, by_item, centred, numbers};
use crate::fitting::{
    all_items, bradley_terry, distance_left, errors_against, fit, hessian, points, scores_squared, std_errors,
};
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("independent_fit_of_half_ties", independent_half),
    ("independent_fit_of_tie_models", independent_tie_models),
    ("evalica_counts_and_win_rates", evalica_counts),
    ("evalica_bradley_terry_and_newman", evalica_likelihood),
    ("evalica_bradley_terry_where_no_estimate_exists", evalica_not_identified),
    ("evalica_elo", evalica_elo),
    ("evalica_pagerank", evalica_pagerank),
    ("evalica_eigen_is_of_the_transpose", evalica_eigen),
    ("arena_rank_ratings", arena_rank_ratings),
    ("arena_rank_variances_contain_a_ridge", arena_rank_variances),
    ("choix", choix),
    ("arenakit", arenakit),
    ("fastchat_elo_and_bradley_terry", fastchat),
    ("scikit_learn_logistic_regression", scikit_learn),
    ("skillratings_elo", skillratings),
];

/// A log, its graph, and the name that its files share.
struct Board {
    name: &'static str,
    log: Log,
    graph: PreferenceGraph,
}

impl Board {
    fn items(&self) -> &Items {
        self.graph.items()
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence { graph: &self.graph, rows: Some(&self.log), ballots: None }
    }

    fn file(&self, shared: &Shared, prefix: &str) -> Value {
        shared.json(&format!("vectors/golden/{prefix}_{}.json", self.name))
    }
}

fn boards(shared: &Shared) -> [Board; 2] {
    ["food", "simple"].map(|name| {
        let log = shared.table(&format!("vectors/golden/{name}.csv")).log();
        Board { name, graph: PreferenceGraph::from_log(&log), log }
    })
}

/// The runs in `file` of a function or method of this name.
fn runs<'a>(file: &'a Value, name: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = file["runs"].as_array().expect("a list of runs");
    let is_it = move |run: &&Value| ["method", "fn", "model"].iter().any(|key| run[key] == name);
    all.iter().filter(is_it).inspect(|run| assert!(!run["params"].is_null()))
}

fn parameter(run: &Value, name: &str) -> f64 {
    run["params"][name].as_f64().unwrap_or_else(|| panic!("{name} of {}", run["params"]))
}

fn parameter_of(fitted: &dyn Fitted, name: &str) -> f64 {
    let found = fitted.parameters().into_iter().find(|(known, _)| *known == name);
    found.and_then(|(_, value)| value).unwrap_or_else(|| panic!("no {name}"))
}

/// Newton to a gradient below 1e-13, written apart from any engine.
const INDEPENDENT: f64 = 1e-8;

fn independent_half(shared: &Shared) {
    for board in boards(shared) {
        let reference = &board.file(shared, "reference")["bt_ties_half"];
        let fitted = fit(&bradley_terry(TieRule::Half), &board.graph);
        let expected = |key: &str| by_item(&reference[key], board.items());
        assert_close("theta", fitted.ratings(), &expected("theta"), INDEPENDENT);
        let log_likelihood = fitted.log_likelihood().expect("a likelihood");
        assert_close("loglik", &[log_likelihood], &[reference["loglik"].as_f64().unwrap()], INDEPENDENT);
        let fisher = covariance(&*fitted, &board.graph, CovarianceKind::Fisher, None);
        assert_close("Fisher", &std_errors(&fisher, &board.graph), &expected("se_model_based"), INDEPENDENT);
        let sandwich = covariance(&*fitted, &board.graph, CovarianceKind::Sandwich, None);
        assert_close("sandwich", &std_errors(&sandwich, &board.graph), &expected("se_sandwich"), INDEPENDENT);
        // The matrix is in the order of the names.
        let mut names: Vec<&str> = board.items().iter().collect();
        names.sort_unstable();
        let matrix: Vec<Vec<f64>> = reference["cov_sandwich"].as_array().unwrap().iter().map(numbers).collect();
        for (i, first) in names.iter().enumerate() {
            let reference = board.items().get(first).unwrap();
            let error = |(j, _): (usize, &&str)| (matrix[i][i] + matrix[j][j] - 2.0 * matrix[i][j]).max(0.0).sqrt();
            let expected: Vec<f64> = names.iter().enumerate().map(error).collect();
            let against = errors_against(&sandwich, &board.graph, reference);
            let found: Vec<f64> = names.iter().map(|name| against[board.items().get(name).unwrap().index()]).collect();
            assert_close("differences", &found, &expected, INDEPENDENT);
        }
    }
}

fn independent_tie_models(shared: &Shared) {
    let rules = [
        (TieRule::Davidson, "davidson", "nu", "nu (P(tie)=nu*sqrt(pi pj)/(pi+pj+nu sqrt(pi pj)))"),
        (TieRule::RaoKupper, "rao_kupper", "eta", "eta=ln(theta)"),
    ];
    for board in boards(shared) {
        for (rule, name, parameter, key) in rules {
            let reference = &board.file(shared, "reference")[name];
            let fitted = fit(&bradley_terry(rule), &board.graph);
            assert_close(name, fitted.ratings(), &by_item(&reference["theta"], board.items()), INDEPENDENT);
            let found = [parameter_of(&*fitted, parameter), fitted.log_likelihood().expect("a likelihood")];
            let expected = [&reference[key], &reference["loglik"]].map(|value| value.as_f64().unwrap());
            assert_close("parameter and likelihood", &found, &expected, INDEPENDENT);
        }
    }
}

/// With a tie weight of 0 evalica sees the log without its ties.
fn graph_by_tie_weight(board: &Board, run: &Value) -> PreferenceGraph {
    if parameter(run, "tie_weight") > 0.0 { board.graph.clone() } else { board.graph.decisive() }
}

fn evalica_counts(shared: &Shared) {
    let win_rate = WinRate { average: Average::Opponents };
    let raters: [(&str, &dyn Rater); 2] = [("counting", &Wins), ("average_win_rate", &win_rate)];
    for board in boards(shared) {
        let file = board.file(shared, "evalica");
        for (method, rater) in raters {
            for run in runs(&file, method) {
                let fitted = fit(rater, &graph_by_tie_weight(&board, run));
                let scale = parameter(run, "win_weight");
                let found: Vec<f64> = fitted.ratings().iter().map(|rating| scale * rating).collect();
                // A sum of a few fractions: exact but for the order in which it was added up.
                assert_close(method, &found, &by_item(&run["scores"], board.items()), 1e-15);
            }
        }
    }
}

/// Runs to a tolerance of 1e-12 a step; a step shrinks by a tenth or more, so that less than 1e-11 is
/// left. Strengths are log-odds after a logarithm.
const EVALICA_TIGHT: f64 = 1e-12;
const EVALICA_LEFT: f64 = 2e-11;

/// The runs of a method to that tolerance.
fn tight_runs<'a>(file: &'a Value, method: &'a str) -> impl Iterator<Item = &'a Value> {
    runs(file, method).filter(|run| parameter(run, "tolerance") <= EVALICA_TIGHT)
}

fn evalica_likelihood(shared: &Shared) {
    for board in boards(shared) {
        let file = board.file(shared, "evalica");
        let log_odds = |run: &Value| centred(by_item(&run["scores"], board.items()).into_iter().map(f64::ln));
        for run in tight_runs(&file, "bradley_terry") {
            let fitted = bradley_terry(TieRule::Half).fit((&graph_by_tie_weight(&board, run)).into(), None).unwrap();
            if fitted.identification().status == Status::Identified {
                assert_close("bradley_terry", fitted.ratings(), &log_odds(run), EVALICA_LEFT);
            }
        }
        for run in tight_runs(&file, "newman") {
            let fitted = fit(&bradley_terry(TieRule::Davidson), &board.graph);
            assert_close("newman", fitted.ratings(), &log_odds(run), EVALICA_LEFT);
            let nu = parameter_of(&*fitted, "nu");
            assert_close("nu = 2v", &[nu], &[2.0 * parameter(run, "v")], EVALICA_LEFT);
        }
    }
}

/// Without ties item 0 of the simple log never won: evalica's scores are all equal to its tolerance.
fn evalica_not_identified(shared: &Shared) {
    let [_, board] = boards(shared);
    let file = board.file(shared, "evalica");
    let degenerate: Vec<&Value> =
        runs(&file, "bradley_terry").filter(|run| parameter(run, "tie_weight") <= 0.0).collect();
    assert_eq!(degenerate.len(), 2, "one of each of evalica's solvers");
    for run in degenerate {
        let scores = by_item(&run["scores"], board.items());
        assert!(scores.iter().all(|&score| score <= EVALICA_TIGHT), "{scores:?}");
    }
    let fitted = bradley_terry(TieRule::Drop).fit((&board.graph).into(), None).unwrap();
    let found = fitted.identification();
    assert_eq!((found.status, found.strong_components), (Status::PartiallyIdentified, 5));
    assert!(found.members.is_empty(), "no two items beat each other");
    assert_eq!(fitted.notes()[0].code, "not-identified");
    assert!(fitted.ratings().iter().all(|rating| rating.is_finite()));
}

fn evalica_elo(shared: &Shared) {
    for board in boards(shared) {
        let file = board.file(shared, "evalica");
        for run in runs(&file, "elo") {
            let [k, start, base, scale] = ["k", "initial", "base", "scale"].map(|name| parameter(run, name));
            let fitted = fit(&Elo { k, start, base, scale, ..Elo::default() }, board.evidence());
            let expected = by_item(&run["scores"], board.items());
            // A few rounding errors of the largest rating.
            assert_close("elo", fitted.ratings(), &expected, 8.0 * f64::EPSILON * start.max(1.0));
        }
    }
}

fn evalica_pagerank(shared: &Shared) {
    for board in boards(shared) {
        let file = board.file(shared, "evalica");
        for run in tight_runs(&file, "pagerank") {
            let damping = parameter(run, "damping");
            let fitted = fit(&PageRank { damping }, &board.graph);
            // What is left is at most the last step times damping / (1 - damping).
            let left = EVALICA_TIGHT * damping / (1.0 - damping);
            assert_close("pagerank", fitted.ratings(), &by_item(&run["scores"], board.items()), left);
        }
    }
}

/// M: in row i and column j the points that i took from j.
fn points_matrix(graph: &PreferenceGraph) -> DMatrix<f64> {
    let (n, sums) = (graph.items().len(), graph.pair_sums());
    let mut matrix = DMatrix::zeros(n, n);
    for pair in 0..sums.low.len() {
        let (low, high) = (sums.low[pair] as usize, sums.high[pair] as usize);
        matrix[(low, high)] = sums.low_wins[pair] + 0.5 * sums.ties[pair];
        matrix[(high, low)] = sums.high_wins[pair] + 0.5 * sums.ties[pair];
    }
    matrix
}

/// How far x is from M x = λ x with the λ that fits best.
fn eigen_residual(matrix: &DMatrix<f64>, x: &[f64]) -> f64 {
    let x = nalgebra::DVector::from_column_slice(x);
    let image = matrix * &x;
    let lambda = image.dot(&x) / x.norm_squared();
    (image - lambda * x).amax()
}

/// A deviation on purpose: the right eigenvector puts the item on top that beats good items, and
/// evalica's, which is that of the transpose, the item that loses to bad ones.
fn evalica_eigen(shared: &Shared) {
    let ours_on_food = [("Tacos", 0.6032), ("Sushi", 0.5099), ("Burger", 0.4365), ("Pasta", 0.3341), ("Pizza", 0.2721)];
    for board in boards(shared) {
        let matrix = points_matrix(&board.graph);
        let fitted = fit(&Eigenvector, &board.graph);
        assert!(eigen_residual(&matrix, fitted.ratings()) < 1e-12);
        if board.name == "food" {
            for (item, expected) in ours_on_food {
                let found = fitted.ratings()[board.items().get(item).unwrap().index()];
                assert_close(item, &[found], &[expected], 0.5e-4);
            }
        }
        for run in tight_runs(&board.file(shared, "evalica"), "eigen") {
            let theirs = by_item(&run["scores"], board.items());
            assert!(theirs.iter().all(|&score| score > 0.0), "a positive eigenvector is the leading one");
            assert!(eigen_residual(&matrix.transpose(), &theirs) < 1e-10);
            assert!(eigen_residual(&matrix, &theirs) > 0.1);
        }
    }
}

fn arena_rank_runs(file: &Value) -> impl Iterator<Item = &Value> {
    runs(file, "BradleyTerry").filter(|run| run["params"]["reweighted"] == false)
}

fn to_elo(log_odds: &[f64]) -> Vec<f64> {
    log_odds.iter().map(|rating| 1000.0 + points() * rating).collect()
}

/// arena-rank stops when the mean loss changes by less than its `ftol`: 1e-4 points at 1e-14.
fn arena_rank_ratings(shared: &Shared) {
    for board in boards(shared) {
        let fitted = fit(&bradley_terry(TieRule::Half), &board.graph);
        for run in arena_rank_runs(&board.file(shared, "arena_rank")) {
            let left = distance_left(parameter(run, "ftol"), fitted.likelihood().unwrap(), &board.graph);
            let expected = by_item(&run["ratings"], board.items());
            assert_close("ratings", &to_elo(fitted.ratings()), &expected, points() * left);
        }
    }
}

/// arena-rank adds `hessian_reg` × rows to the diagonal of the Hessian; its variances are ours with that
/// ridge and not without.
fn arena_rank_variances(shared: &Shared) {
    for board in boards(shared) {
        let fitted = fit(&bradley_terry(TieRule::Half), &board.graph);
        let likelihood = fitted.likelihood().unwrap();
        for run in arena_rank_runs(&board.file(shared, "arena_rank")) {
            let n = board.items().len();
            let ridge = DMatrix::from_diagonal_element(n, n, parameter(run, "hessian_reg") * board.graph.comparisons());
            let bread = (hessian(likelihood, n) + ridge).try_inverse().unwrap();
            let sandwich = &bread * scores_squared(likelihood, &board.graph) * &bread;
            let found: Vec<f64> = sandwich.diagonal().iter().map(|variance| points().powi(2) * variance).collect();
            let expected = by_item(&run["variances"], board.items());
            // Logarithms of p(1-p) move by at most 1 a unit of difference, those of the squared residuals by
            // at most 2, and a difference by twice what is left of a rating: two brackets and one filling.
            let left = distance_left(parameter(run, "ftol"), likelihood, &board.graph);
            let largest = expected.iter().copied().fold(0.0, f64::max);
            assert_close("variances", &found, &expected, 8.0 * left * largest);
            let ours = std_errors(&covariance(&*fitted, &board.graph, CovarianceKind::Sandwich, None), &board.graph);
            for (ours, theirs) in ours.iter().zip(expected) {
                let share = theirs / (points() * ours).powi(2);
                assert!((0.99..0.9999).contains(&share), "the ridge shrinks variances: {share}");
            }
        }
    }
}

fn choix(shared: &Shared) {
    let [board, _] = boards(shared);
    let file = board.file(shared, "choix_pairwise");
    // Iterations to 1e-12 a step that shrinks by a tenth or more. Its Newton-CG stops at a step of 1e-10 and
    // leaves a gradient of up to 6e-9 where the smallest curvature is 1.9.
    for (function, rule, left) in [
        ("ilsr_pairwise", TieRule::Drop, 2e-11),
        ("mm_pairwise", TieRule::Drop, 2e-11),
        ("opt_pairwise", TieRule::Drop, 3.2e-9),
        ("ilsr_pairwise_dense", TieRule::Half, 2e-11),
    ] {
        for run in runs(&file, function) {
            let alpha = parameter(run, "alpha");
            // choix's documentation calls 1/alpha the variance of its prior; it is 1/(2 alpha). The alpha of
            // its iterations is another regulariser, which this engine does not have.
            if alpha > 0.0 && function != "opt_pairwise" {
                continue;
            }
            let fitted = fit(&BradleyTerry { penalty: 2.0 * alpha, ..bradley_terry(rule) }, &board.graph);
            assert_close(function, fitted.ratings(), &centred(by_item(&run["theta"], board.items())), left);
        }
    }
}

/// It stops at a step of 1e-10. The steps shrank to that at a constant rate, so that those left out add
/// up to the last one times rate / (1 - rate); twice that for the first steps, which are not at that rate.
fn arenakit_left(run: &Value) -> f64 {
    let step = parameter(run, "tol(max |dlog|)");
    let rate = step.powf(1.0 / run["n_iter"].as_f64().unwrap());
    2.0 * step * rate / (1.0 - rate)
}

fn arenakit(shared: &Shared) {
    for board in boards(shared) {
        let file = board.file(shared, "arenakit");
        let plain = |run: &&Value| parameter(run, "prior") <= 0.0 && run["params"]["order"].is_null();
        for run in runs(&file, "fit_bt").filter(plain) {
            let fitted = fit(&bradley_terry(TieRule::Half), &board.graph);
            assert_close("fit_bt", fitted.ratings(), &by_item(&run["theta"], board.items()), arenakit_left(run));
        }
        for run in runs(&file, "fit_rao_kupper").filter(plain) {
            let (fitted, left) = (fit(&bradley_terry(TieRule::RaoKupper), &board.graph), arenakit_left(run));
            assert_close("fit_rao_kupper", fitted.ratings(), &by_item(&run["theta"], board.items()), left);
            let theta = run["tie_theta"].as_f64().unwrap();
            assert_close("theta = e^eta", &[parameter_of(&*fitted, "eta").exp()], &[theta], left * theta);
        }
    }
}

fn fastchat(shared: &Shared) {
    let [board, _] = boards(shared);
    let file = board.file(shared, "fastchat");
    for run in runs(&file, "compute_elo") {
        let [k, start, base, scale] = ["k", "init", "base", "scale"].map(|name| parameter(run, name));
        let fitted = fit(&Elo { k, start, base, scale, ..Elo::default() }, board.evidence());
        assert_close("compute_elo", fitted.ratings(), &by_item(&run["ratings"], board.items()), 1e-12 * start);
    }
    for run in runs(&file, "compute_bt") {
        let fitted = fit(&bradley_terry(TieRule::Half), &board.graph);
        // scipy's L-BFGS-B also stops when the loss changes by less than 2.22e-9 of itself, or of 1.
        let left = distance_left(2.220_446e-9, fitted.likelihood().unwrap(), &board.graph);
        let expected = by_item(&run["ratings"], board.items());
        assert_close("compute_bt", &to_elo(fitted.ratings()), &expected, points() * left);
    }
}

/// The arena notebook: ±ln 10 as features, so that a ridge of 1/C is one of 1/(C ln² 10) on log-odds.
fn scikit_learn(shared: &Shared) {
    let [board, _] = boards(shared);
    let file = board.file(shared, "fastchat");
    for run in runs(&file, "sklearn LogisticRegression (Arena notebook / Arena-Hard form)") {
        let c: f64 = run["params"]["C"].as_str().unwrap().parse().unwrap();
        let penalty = 1.0 / (c * 10.0_f64.ln().powi(2));
        let fitted = fit(&BradleyTerry { penalty, ..bradley_terry(TieRule::Half) }, &board.graph);
        let expected = by_item(&run["ratings"], board.items());
        assert_close("LogisticRegression", &to_elo(fitted.ratings()), &expected, 1e-5);
    }
}

fn skillratings(shared: &Shared) {
    for board in boards(shared) {
        for run in runs(&board.file(shared, "skillratings"), "elo") {
            let elo = Elo { k: parameter(run, "k"), start: parameter(run, "init"), ..Elo::default() };
            let fitted = fit(&elo, board.evidence());
            assert_eq!(all_items(&board.graph).len(), fitted.ratings().len());
            assert_close("elo", fitted.ratings(), &by_item(&run["rating"], board.items()), 1e-12 * elo.start);
        }
    }
}
