//! Matches of group tournaments as CSV and JSON lines, which are logs of comparisons again.

use serde::Serialize;

use super::leaderboard::{lines, text};
use crate::data::Outcome;
use crate::tournaments::{Match, MatchResult, Stage};

/// A match of a group. As a row of a log it is read by its columns `group`, `left`, `right`, `winner` and
/// `score_a`, `score_b`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchRow<'a> {
    /// The group's name.
    pub group: &'a str,
    /// The sequential round, from 1.
    pub round: u32,
    /// The part of the tournament.
    pub stage: Stage,
    /// The item on the left.
    pub left: &'a str,
    /// The item on the right.
    pub right: &'a str,
    /// `left`, `right` or `tie`; `None` if nobody could answer.
    pub winner: Option<&'static str>,
    /// The left item's score.
    pub score_a: Option<f64>,
    /// The right item's score.
    pub score_b: Option<f64>,
    /// The number of the match in its group, from 0.
    #[serde(rename = "match")]
    pub id: u32,
}

impl<'a> MatchRow<'a> {
    /// The row of a match of items with these names; `None` stands for no result.
    pub fn new(group: &'a str, [left, right]: [&'a str; 2], game: Match, result: Option<MatchResult>) -> Self {
        let winner = result.map(|result| match result.outcome {
            Outcome::Left => "left",
            Outcome::Right => "right",
            Outcome::Tie | Outcome::Share(_) => "tie",
        });
        let score = |side: usize| result.map(|result| result.scores[side]);
        let Match { id, round, stage, .. } = game;
        Self { group, round, stage, left, right, winner, score_a: score(0), score_b: score(1), id }
    }
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Seeding => "seeding",
        Stage::Main => "main",
        Stage::Losers => "losers",
        Stage::GrandFinal => "grand-final",
        Stage::Reset => "reset",
    }
}

/// The matches that have a result, as CSV with a header.
///
/// # Errors
/// None that writing to memory can have.
pub fn matches_csv(rows: &[MatchRow<'_>]) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["group", "round", "stage", "left", "right", "winner", "score_a", "score_b", "match"])?;
    for row in rows {
        let Some(winner) = row.winner else { continue };
        let [round, id] = [row.round, row.id].map(|number| number.to_string());
        let [score_a, score_b] = [row.score_a, row.score_b].map(text);
        let fields = [row.group, &round, stage(row.stage), row.left, row.right, winner, &score_a, &score_b, &id];
        writer.write_record(fields)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// The matches that have a result, as JSON objects, one a line.
///
/// # Errors
/// None that a row can have.
pub fn matches_jsonl(rows: &[MatchRow<'_>]) -> serde_json::Result<Vec<u8>> {
    lines(rows.iter().filter(|row| row.winner.is_some()))
}
