//! Comparisons to buy next as CSV, JSON lines and Markdown.

use std::fmt::Write as _;

use super::leaderboard::{escaped, lines, text};
use crate::simulation::next::NextComparison;

const COLUMNS: [&str; 8] = ["left", "right", "task", "gain", "probability", "met", "met_on_task", "joins"];

/// All comparisons as CSV with a header, numbers in full.
///
/// # Errors
/// None that writing to memory can have.
pub fn next_csv(comparisons: &[NextComparison]) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for it in comparisons {
        writer.write_record([
            &it.left,
            &it.right,
            &text(it.task.as_ref()),
            &it.gain.to_string(),
            &it.probability.to_string(),
            &it.met.to_string(),
            &text(it.met_on_task),
            &it.joins.to_string(),
        ])?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// All comparisons as JSON objects, one a line, with the keys of the JSON report's `comparisons`.
///
/// # Errors
/// None that a comparison can have.
pub fn next_jsonl(comparisons: &[NextComparison]) -> serde_json::Result<Vec<u8>> {
    lines(comparisons)
}

/// All comparisons as a Markdown table.
pub fn next_markdown(comparisons: &[NextComparison]) -> Vec<u8> {
    let mut text =
        "| left | right | task | probability of left | gain, nats | met | joins |\n|:--|:--|:--|--:|--:|--:|:--|\n"
            .to_owned();
    for it in comparisons {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.3} | {:.2e} | {} | {} |",
            escaped(&it.left),
            escaped(&it.right),
            it.task.as_deref().map(escaped).unwrap_or_default(),
            it.probability,
            it.gain,
            it.met,
            if it.joins { "joins" } else { "" }
        );
    }
    text.into_bytes()
}
