//! Simulated budgets as CSV, JSON lines and Markdown.

use std::fmt::Write as _;

use super::leaderboard::{escaped, lines, text};
use crate::simulation::budget::{BudgetResult, SummaryRow};

/// The curves as CSV with a header, numbers in full.
///
/// # Errors
/// None that writing to memory can have.
pub fn budget_csv(result: &BudgetResult) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "world",
        "sampler",
        "ranker",
        "batch",
        "samples",
        "rounds",
        "cost",
        "error",
        "std_error",
        "kendall",
        "kendall_error",
        "top_k",
        "top_k_error",
        "reached",
    ])?;
    for point in &result.curves {
        let names = [&point.world, &point.sampler, &point.ranker].map(String::clone);
        let counts = [point.batch, point.samples, point.rounds].map(|count| count.to_string());
        let numbers = [
            point.cost,
            point.error,
            point.std_error,
            point.kendall,
            point.kendall_error,
            point.top_k,
            point.top_k_error,
            point.reached,
        ];
        let fields = names.into_iter().chain(counts).chain(numbers.map(|number| number.to_string()));
        writer.write_record(fields)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// The points of the curves as JSON objects, one a line.
///
/// # Errors
/// None that a point can have.
pub fn budget_jsonl(result: &BudgetResult) -> serde_json::Result<Vec<u8>> {
    lines(&result.curves)
}

/// The summary as a Markdown table, numbers rounded for reading.
pub fn budget_markdown(rows: &[SummaryRow]) -> Vec<u8> {
    let batches = rows.iter().any(|row| row.batch > 1);
    let (head, rule) = if batches { (" batch |", "--:|") } else { ("", "") };
    let mut out = format!(
        "| world | sampler | ranker |{head} average error | behind the lowest | error at the end | to target |\n\
         |:--|:--|:--|{rule}--:|--:|--:|--:|\n"
    );
    for row in rows {
        let batch = if batches { format!(" {} |", row.batch) } else { String::new() };
        let end = |value: Option<u64>| text(value);
        let to_target = match (row.samples_to_target, row.samples_to_target_low) {
            (None, None) => String::new(),
            (met, low) => {
                format!("{} ({}–{})", end(met), end(low), end(row.samples_to_target_high)).trim_start().to_owned()
            }
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} |{batch} {:.4} ±{:.4} | {:.4} ±{:.4} | {:.4} ±{:.4} | {} |",
            escaped(&row.world),
            escaped(&row.sampler),
            escaped(&row.ranker),
            row.average_error,
            row.std_error,
            row.behind_best,
            row.behind_best_error,
            row.final_error,
            row.final_std_error,
            if to_target.is_empty() { "–" } else { &to_target },
        );
    }
    out.into_bytes()
}
