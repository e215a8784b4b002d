//! Standings of Swiss rounds as CSV, JSON lines and Markdown.

use std::fmt::Write as _;

use super::leaderboard::{escaped, lines, rank_range, text};
use crate::simulation::swiss_rounds::{Profile, SwissRow, SwissStandings};

const COLUMNS: [&str; 16] = [
    "rank",
    "rank_best",
    "rank_worst",
    "item",
    "expected_score",
    "mc_error",
    "std_dev",
    "win_probability",
    "survival",
    "mean_opponent_score",
    "sensitivity",
    "sensitivity_error",
    "profile",
    "order_spread",
    "mean_score",
    "mean_score_rank",
];

/// The fields of a row in the order of [`COLUMNS`]; empty where there is none. Survival is that of the last round.
fn fields(row: &SwissRow) -> [String; 16] {
    [
        row.rank.to_string(),
        text(row.rank_best),
        text(row.rank_worst),
        row.item.clone(),
        row.expected_score.to_string(),
        text(row.mc_error),
        row.std_dev.to_string(),
        row.win_probability.to_string(),
        text(row.survival.last()),
        text(row.mean_opponent_score),
        text(row.sensitivity),
        text(row.sensitivity_error),
        row.profile.map_or_else(String::new, |profile| profile.words().to_owned()),
        text(row.order_spread),
        text(row.mean_score),
        text(row.mean_score_rank),
    ]
}

impl Profile {
    /// The profile in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::RobustGeneralist => "robust generalist",
            Self::AggressiveSpecialist => "aggressive specialist",
        }
    }
}

impl SwissStandings {
    /// All rows as CSV with a header, numbers in full.
    ///
    /// # Errors
    /// None that writing to memory can have.
    pub fn to_csv(&self) -> Result<Vec<u8>, std::io::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(COLUMNS)?;
        for row in &self.items {
            writer.write_record(fields(row))?;
        }
        writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }

    /// All rows as JSON objects, one a line, with the keys of the JSON report's `items`.
    ///
    /// # Errors
    /// None that a row can have.
    pub fn to_jsonl(&self) -> serde_json::Result<Vec<u8>> {
        lines(&self.items)
    }

    /// The rows as a Markdown table, numbers rounded for reading.
    pub fn to_markdown(&self) -> Vec<u8> {
        let mut out = String::from(
            "| rank | rank interval | item | expected score | ± | first | rank by mean score |\n|--:|:-:|:--|--:|--:|--:|--:|\n",
        );
        for row in &self.items {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {:.2} | {} | {:.1}% | {} |",
                row.rank,
                rank_range(row.rank_best, row.rank_worst).unwrap_or_else(|| "–".to_owned()),
                escaped(&row.item),
                row.expected_score,
                row.mc_error.map_or_else(|| "–".to_owned(), |error| format!("{error:.3}")),
                100.0 * row.win_probability,
                row.mean_score_rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string()),
            );
        }
        out.into_bytes()
    }
}
