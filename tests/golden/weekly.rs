//! The public arena of March 2024: its board told against the published one, and models placed on a board that stays.

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;

use crate::Check;
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("a_left_out_model_is_placed_where_it_was", left_out_models),
    ("moves_since_the_published_board_are_told_in_words", moves_in_words),
];

const PAIRS: &str = "data/lmarena_20240329/pairs_full.csv";

/// What a run of the command writes.
fn written(args: &[&str]) -> Vec<u8> {
    let output = cargo_bin_cmd!("palio").args(args).output().expect("palio runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn report(args: &[&str]) -> Value {
    serde_json::from_slice(&written(&[args, &["--format", "json"]].concat())).expect("JSON")
}

fn rows(report: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let rows = report["items"].as_array().expect("items").iter();
    rows.map(|row| (row["item"].as_str().expect("a name"), row))
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("no {key}: {row}"))
}

/// Each of the 25 models is left out in turn: a board is made of the others, and the model is placed on it. The rating
/// that the fit of all gives it, on the scale on which the others have the board's mean, must be in its interval.
fn left_out_models(shared: &Shared) {
    let log = shared.path(PAIRS).display().to_string();
    let all = report(&["rank", &log]);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("board.json").display().to_string();
    let (mut covered, mut models) = (0, 0);
    for (model, row) in rows(&all) {
        models += 1;
        let condition = format!("model_a != '{model}' and model_b != '{model}'");
        written(&["rank", &log, "--where", &condition, "-o", &path]);
        let placed = report(&["rank", &log, "--fixed", &path]);
        assert_eq!(placed["fixed"], serde_json::json!({"staying": 24, "without_error": 0, "new": [model]}));
        let others = rows(&all).filter(|(name, _)| *name != model).map(|(_, row)| number(row, "rating")).sum::<f64>();
        let expected = number(row, "rating") - others / 24.0 + 1000.0;
        let (_, found) = rows(&placed).find(|(name, _)| *name == model).expect("the model");
        covered += usize::from((number(found, "low")..=number(found, "high")).contains(&expected));
    }
    assert!(models == 25 && covered >= 24, "{covered} of {models}");
}

fn moves_in_words(shared: &Shared) {
    let path = |name: &str| shared.path(name).display().to_string();
    let (log, board) = (path(PAIRS), path("data/lmarena_20240329/leaderboard_full.csv"));
    let args = ["rank", &log, "--previous", &board];
    let text = String::from_utf8(written(&args)).expect("UTF-8");
    // Sentences are broken to the width of a terminal.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "leaderboard_full.csv: 25 items on both boards",
        "the median change",
        "times as far apart as then",
        "intervals are as if the boards rested on different comparisons",
        "gone: 51 (",
    ] {
        assert!(words.contains(part), "{part}: {text}");
    }
    assert!(words.contains("changed within them, the most "), "{text}");
    let report = report(&args);
    let moves = report["previous"]["items"].as_array().expect("moves");
    assert_eq!(moves.len(), 25);
    for found in moves {
        let change = number(found, "rating") - number(found, "previous");
        assert!((change - number(found, "change")).abs() < 1e-9);
        assert_eq!(found["beyond"], change.abs() > 1.959_963_984_540_054 * number(found, "std_error"));
    }
}
