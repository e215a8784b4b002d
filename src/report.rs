//! Writers: a result as bytes. They compute no number.

mod advantage;
mod budget;
mod crossval;
mod inspect;
mod leaderboard;
mod next;
mod predict;
mod swiss;
mod topologies;
mod tournament;

use serde::Serialize;

pub use self::advantage::{AdvantageRow, AdvantageTable, Results};
pub use self::budget::{budget_csv, budget_jsonl, budget_markdown};
pub use self::crossval::{Compared, MethodLine, signed};
pub use self::inspect::{inspection_csv, inspection_jsonl, inspection_markdown};
pub use self::leaderboard::{Board, csv, jsonl, markdown, ranges, rank_range};
pub use self::next::{next_csv, next_jsonl, next_markdown};
pub use self::predict::{predictions_csv, predictions_jsonl, predictions_markdown};
pub use self::topologies::{topologies_csv, topologies_jsonl, topologies_markdown};
pub use self::tournament::{MatchRow, matches_csv, matches_jsonl};
use crate::structure::Note;

/// The version of the JSON layout.
pub const SCHEMA: u32 = 1;

/// One JSON result: what was asked, of what, and what came out, so that it can be made again.
#[derive(Debug, Serialize)]
pub struct Report<'a, S: Serialize, I: Serialize, R: Serialize> {
    schema: u32,
    command: &'a str,
    version: &'a str,
    settings: S,
    input: I,
    warnings: &'a [Note],
    #[serde(flatten)]
    result: R,
}

impl<'a, S: Serialize, I: Serialize, R: Serialize> Report<'a, S, I, R> {
    /// The report of a command's result, with all settings that change a number.
    pub fn new(command: &'a str, settings: S, input: I, warnings: &'a [Note], result: R) -> Self {
        Self { schema: SCHEMA, command, version: env!("CARGO_PKG_VERSION"), settings, input, warnings, result }
    }

    /// The report as JSON, indented, with a newline at the end. Numbers are written in full; what
    /// is not a finite number is null.
    ///
    /// # Errors
    /// If a setting or a result can't be written as JSON, which none of palio's own can't.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
