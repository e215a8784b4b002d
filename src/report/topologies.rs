//! Topologies held against each other, as CSV, JSON lines and Markdown.

use std::fmt::Write as _;

use super::leaderboard::lines;
use crate::simulation::topologies::StudyRow;

/// The rows as CSV with a header, numbers in full.
///
/// # Errors
/// None that writing to memory can have.
pub fn topologies_csv(rows: &[StudyRow]) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "noise",
        "topology",
        "aggregation",
        "is_own",
        "matches",
        "calls",
        "rounds",
        "kendall_tau",
        "kendall_tau_error",
        "advantage_correlation",
        "advantage_correlation_error",
        "best_first",
        "best_first_error",
    ])?;
    for row in rows {
        let counts = [row.matches.mean, row.calls.mean, row.rounds.mean];
        let measures = [row.kendall_tau, row.advantage_correlation, row.best_first];
        let numbers = counts.into_iter().chain(measures.into_iter().flat_map(|it| [it.mean, it.std_error]));
        let mut fields = vec![row.noise.to_string(), row.topology.clone()];
        fields.extend([row.aggregation.name().to_owned(), row.is_own.to_string()]);
        fields.extend(numbers.map(|number| number.to_string()));
        writer.write_record(fields)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// The rows as JSON objects, one a line.
///
/// # Errors
/// None that a row can have.
pub fn topologies_jsonl(rows: &[StudyRow]) -> serde_json::Result<Vec<u8>> {
    lines(rows)
}

/// The rows as a Markdown table, numbers rounded for reading.
pub fn topologies_markdown(rows: &[StudyRow]) -> Vec<u8> {
    let mut out = String::from(
        "| noise | topology | aggregation | calls | rounds | Kendall tau | advantage correlation |\n|--:|:--|:--|--:|--:|--:|--:|\n",
    );
    for row in rows {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {:.1} | {:.1} | {:.3} ±{:.3} | {:.3} ±{:.3} |",
            row.noise,
            row.topology,
            row.aggregation.name(),
            row.calls.mean,
            row.rounds.mean,
            row.kendall_tau.mean,
            row.kendall_tau.std_error,
            row.advantage_correlation.mean,
            row.advantage_correlation.std_error,
        );
    }
    out.into_bytes()
}
