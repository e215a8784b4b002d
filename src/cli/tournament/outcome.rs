//! What came out of a tournament, and how it is written.

use std::path::Path;

use anyhow::bail;
use palio::judges::JudgeReport;
use palio::report::{AdvantageTable, MatchRow, Report, matches_csv, matches_jsonl};
use palio::structure::Note;
use serde::Serialize;
use serde_json::{Value, json};

use super::Order;
use super::entry::Entry;
use crate::cli::advantage::contests::GroupHistory;
use crate::cli::advantage::shown;
use crate::cli::output::{Format, Output, warn};
use crate::cli::{Ended, Global};

/// What came out.
pub(super) struct Outcome {
    pub(super) table: AdvantageTable,
    pub(super) histories: Vec<GroupHistory>,
    pub(super) judge: JudgeReport,
    pub(super) notes: Vec<Note>,
}

/// The result as JSON.
#[derive(Serialize)]
struct Result<'a> {
    #[serde(flatten)]
    table: &'a AdvantageTable,
    matches: Vec<MatchRow<'a>>,
    judge: &'a JudgeReport,
}

impl Outcome {
    /// All matches, those without a result among them, by group and number.
    pub(super) fn rows<'e>(&self, entry: &'e Entry) -> Vec<MatchRow<'e>> {
        let mut rows = Vec::new();
        for (group, played) in entry.groups.iter().zip(&self.histories) {
            let history = &played.history;
            let answered = history.played().map(|played| (played.game, Some(played.result)));
            let mut matches: Vec<_> = answered.chain(history.unanswered().map(|game| (game, None))).collect();
            matches.sort_by_key(|(game, _)| game.id);
            for (game, result) in matches {
                let names = [game.left, game.right].map(|item| group.items[item as usize].name.as_str());
                rows.push(MatchRow::new(&group.group, names, game, result));
            }
        }
        rows
    }

    /// Writes the result, of which `judge` is the judge's name in journals.
    pub(super) fn write(&self, entry: &Entry, order: &Order<'_>, judge: &str, output: Output) -> anyhow::Result<Ended> {
        warn(&self.notes, order.global);
        match Format::of(order.global, entry.default_format())? {
            Format::Table => output.write(shown::advantages(&self.table).as_bytes())?,
            Format::Csv => output.write_with(|out| Ok(self.table.write_csv(out)?))?,
            Format::Jsonl => output.write_with(|out| Ok(self.table.write_jsonl(out)?))?,
            Format::Markdown => output.write_with(|out| Ok(self.table.write_markdown(out)?))?,
            Format::Json => {
                let result = Result { table: &self.table, matches: self.rows(entry), judge: &self.judge };
                let settings = order.report_settings(judge);
                output.write(&Report::new("tournament", settings, &entry.inputs, &self.notes, result).to_json()?)?;
            }
        }
        Ok(Ended::with(&self.notes))
    }
}

impl Order<'_> {
    /// All that changes a number, as it was resolved.
    fn report_settings(&self, judge: &str) -> Value {
        let Self { args, steps, settings, .. } = self;
        json!({
            "play": settings,
            "judge": judge,
            "seeds_by": args.seeds_by,
            "only_constant": args.only_constant,
            "dedupe": args.dedupe,
            "show": args.judge.show,
            "columns": args.columns,
            "preset": args.steps.preset,
            "aggregate": steps.aggregation,
            "reward": steps.advantages.reward,
            "normalize": steps.advantages.normalize,
        })
    }
}

/// A place for the matches.
pub(super) struct MatchesOutput {
    output: Output,
    format: Format,
}

impl MatchesOutput {
    pub(super) fn open(path: &Path, global: &Global) -> anyhow::Result<Self> {
        let own = Global { format: None, output: Some(path.to_owned()), ..*global };
        let format = Format::of(&own, Format::Csv)?;
        if !matches!(format, Format::Csv | Format::Jsonl) {
            bail!(
                "--matches {}: matches are written as CSV or JSON lines; give the extension .csv or .jsonl",
                path.display()
            );
        }
        Ok(Self { output: Output::open(&own)?, format })
    }

    pub(super) fn write(self, rows: &[MatchRow<'_>]) -> anyhow::Result<()> {
        let bytes = if self.format == Format::Csv { matches_csv(rows)? } else { matches_jsonl(rows)? };
        self.output.write(&bytes)
    }
}
