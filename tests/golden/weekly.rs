//! The public arena of March 2024: its board told against the published one, and models placed on a board that stays.

use assert_cmd::cargo::cargo_bin_cmd;
use palio::data::graph::PreferenceGraph;
use palio::data::{Items, Log};
use palio::models::anchored::{AnchoredBradleyTerry, Prior};
use palio::models::{Fitted, TieRule};
use palio::uncertainty::{CovarianceKind, anchored_covariance};

use crate::Check;
use crate::fitting::{bradley_terry, fit};
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("a_left_out_model_is_placed_where_it_was", left_out_models),
    ("moves_since_the_published_board_are_told_in_words", moves_in_words),
];

const PAIRS: &str = "data/lmarena_20240329/pairs_full.csv";

/// The rows without those of one item, over the other items.
fn without(log: &Log, item: &str) -> Log {
    let mut rest = Log::new(log.items().iter().filter(|&name| name != item).collect::<Items>());
    let renamed = |id| rest.items().get(log.items().name(id));
    let rows: Vec<_> = log.rows().filter_map(|row| Some((renamed(row.left)?, renamed(row.right)?, row))).collect();
    for (left, right, row) in rows {
        rest.push(palio::data::Comparison { left, right, ..row });
    }
    rest
}

/// Each of the 25 models is left out, a board is made of the others, and the model is placed on it with all
/// comparisons. The rating that the fit of all gives it must be in its interval.
fn left_out_models(shared: &Shared) {
    let log = shared.table(PAIRS).counted_log();
    let graph = PreferenceGraph::from_log(&log);
    let all = fit(&bradley_terry(TieRule::Half), &graph);
    let mut covered = 0;
    for (place, item) in log.items().iter().enumerate() {
        let rest = PreferenceGraph::from_log(&without(&log, item));
        let board = fit(&bradley_terry(TieRule::Half), &rest);
        let priors = rest.items().iter().zip(board.ratings());
        let priors = priors.map(|(name, &rating)| Prior { item: name.to_owned(), rating, deviation: 0.0 }).collect();
        let placed = AnchoredBradleyTerry { priors }.fit(&graph).expect("a fit");
        assert!(placed.convergence().converged);
        let id = graph.items().get(item).expect("an item");
        let errors = anchored_covariance(&placed, &graph, CovarianceKind::Sandwich, None);
        let (low, high) = errors.interval(id, placed.ratings()[place], 0.95).expect("an interval");
        // Both scales have the mean of the others at 0.
        let others = all.ratings().iter().sum::<f64>() - all.ratings()[place];
        let expected = all.ratings()[place] - others / (log.items().len() - 1) as f64;
        covered += usize::from((low..=high).contains(&expected));
    }
    assert!(covered >= 24, "{covered} of {}", log.items().len());
}

fn moves_in_words(shared: &Shared) {
    let path = |name: &str| shared.path(name).display().to_string();
    let (log, board) = (path(PAIRS), path("data/lmarena_20240329/leaderboard_full.csv"));
    let output = cargo_bin_cmd!("palio").args(["rank", &log, "--previous", &board]).output().expect("palio runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for part in [
        "25 items on both boards",
        "the median change",
        "changed within them, the most ",
        "times as far apart as then",
        "gone: 51 (",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = cargo_bin_cmd!("palio")
        .args(["rank", &log, "--previous", &board, "--format", "json"])
        .output()
        .expect("palio runs");
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let moves = report["previous"]["items"].as_array().expect("moves");
    assert_eq!(moves.len(), 25);
    for found in moves {
        let change = found["rating"].as_f64().unwrap() - found["previous"].as_f64().unwrap();
        assert!((change - found["change"].as_f64().unwrap()).abs() < 1e-9);
    }
}
