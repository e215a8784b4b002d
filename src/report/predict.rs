//! Predictions as CSV, JSON lines and Markdown.

use std::fmt::Write as _;

use super::leaderboard::{escaped, lines, text};
use crate::validation::Prediction;

const COLUMNS: [&str; 8] = ["left", "right", "probability", "low", "high", "tie", "identified", "met"];

/// All predictions as CSV with a header, numbers in full.
///
/// # Errors
/// None that writing to memory can have.
pub fn predictions_csv(predictions: &[Prediction]) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for it in predictions {
        writer.write_record([
            &it.left,
            &it.right,
            &text(it.probability),
            &text(it.low),
            &text(it.high),
            &text(it.tie),
            &it.identified.to_string(),
            &it.met.to_string(),
        ])?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// All predictions as JSON objects, one a line, with the keys of the JSON report's `pairs`.
///
/// # Errors
/// None that a prediction can have.
pub fn predictions_jsonl(predictions: &[Prediction]) -> serde_json::Result<Vec<u8>> {
    lines(predictions)
}

/// The predictions as a Markdown table, in percent and rounded for reading.
pub fn predictions_markdown(predictions: &[Prediction]) -> Vec<u8> {
    let percent = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{:.1}%", 100.0 * share));
    let mut out =
        String::from("| left | right | probability | low | high | tie | met |\n|:--|:--|--:|--:|--:|--:|--:|\n");
    for it in predictions {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            escaped(&it.left),
            escaped(&it.right),
            percent(it.probability),
            percent(it.low),
            percent(it.high),
            percent(it.tie),
            it.met
        );
    }
    out.into_bytes()
}
