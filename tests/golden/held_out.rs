//! Real logs with circles and without: what a general preference predicts of comparisons that it was not
//! fitted to, beside Bradley-Terry.
//!
//! The bounds are those that the method's description asks for: a clear gain where items beat each other
//! in circles, and nothing lost where they don't. The guide shows the same numbers.

use palio::data::folds::{FoldSettings, Folds};
use palio::data::graph::PreferenceGraph;
use palio::models::{BradleyTerry, GeneralPreference, Needs, Rater};
use palio::validation::{Candidate, LossDifference, TieScore, crossval};

use crate::Check;
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("bots_in_circles", |shared| gains(shared, "roshambo_bots/pairs.csv", 0.06, 1)),
    ("blotto", |shared| gains(shared, "blotto_generated/blotto_5_3.csv", 0.10, 2)),
    ("mt_bench_needs_no_blocks", |shared| needs_no_blocks(shared, "mt_bench/battles.csv")),
    ("pandalm_needs_no_blocks", |shared| needs_no_blocks(shared, "pandalm/battles.csv")),
    ("vicuna_loses_nothing", |shared| loses_nothing(shared, "vicuna_gpt4/battles.csv")),
    ("pokemon_types_lose_nothing", |shared| loses_nothing(shared, "pokemon_types/pairs.csv")),
];

fn graph(shared: &Shared, path: &str) -> PreferenceGraph {
    PreferenceGraph::from_log(&shared.table(&format!("data/{path}")).log())
}

/// What the automatic choice has over Bradley-Terry in five repetitions of ten folds, ties as half wins.
/// The guide has it, too.
fn difference(graph: &PreferenceGraph) -> LossDifference {
    let (ladder, circles) = (BradleyTerry::default(), GeneralPreference::default());
    let candidate = |name, rater| Candidate { name, rater, needs: Needs::Counts };
    let candidates = [candidate("ladder", &ladder as &dyn Rater), candidate("circles", &circles)];
    let folds = |repeat| Folds::of_comparisons(graph, FoldSettings { repeat, ..FoldSettings::default() });
    let folds: Vec<Folds<'_>> = (0..5).map(|repeat| folds(repeat).expect("folds")).collect();
    let found = crossval(&candidates, &folds, TieScore::Half, &|| ()).expect("scores");
    let difference = found.difference("circles", "ladder").expect("both were compared");
    let [ladder, circles] = [0, 1].map(|method: usize| found.methods[method].log_loss);
    let LossDifference { log_loss, std_error, .. } = difference;
    let sign = if format!("{log_loss:.4}").trim_matches(['-', '0', '.']).is_empty() {
        ""
    } else if log_loss < 0.0 {
        "−"
    } else {
        "+"
    };
    let row =
        format!("| {ladder:.4} | {circles:.4} | {sign}{:.4} ± {:.4} |", log_loss.abs(), std_error.expect("folds"));
    let readme = std::fs::read_to_string("docs/ladders.md").expect("docs/ladders.md");
    assert!(readme.contains(&row), "docs lacks {row}");
    difference
}

/// The number of blocks chosen for all of the log, by seed.
fn blocks(graph: &PreferenceGraph) -> Vec<usize> {
    let chosen = |seed| {
        let model = GeneralPreference { seed, ..GeneralPreference::default() };
        model.fit_embedding(graph.into()).expect("a fit").blocks()
    };
    (0..5).map(chosen).collect()
}

fn gains(shared: &Shared, path: &str, least: f64, blocks_needed: usize) {
    let graph = graph(shared, path);
    let LossDifference { log_loss, std_error, .. } = difference(&graph);
    let std_error = std_error.expect("folds");
    assert!(-log_loss >= least && -log_loss > 2.0 * std_error, "{path}: {log_loss} ± {std_error}");
    let blocks = blocks(&graph);
    assert!(blocks.iter().all(|&blocks| blocks >= blocks_needed), "{path}: {blocks:?}");
}

fn needs_no_blocks(shared: &Shared, path: &str) {
    let graph = graph(shared, path);
    difference(&graph);
    let blocks = blocks(&graph);
    assert!(blocks.iter().filter(|&&blocks| blocks == 0).count() >= 4, "{path}: {blocks:?}");
}

fn loses_nothing(shared: &Shared, path: &str) {
    let LossDifference { log_loss, std_error, .. } = difference(&graph(shared, path));
    assert!(log_loss < std_error.expect("folds"), "{path}: {log_loss} ± {std_error:?}");
}
