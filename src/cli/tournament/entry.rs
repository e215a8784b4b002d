//! What a tournament is played with, and what is made of its matches.

use std::borrow::Cow;
use std::io::{self, Write as _};

use anyhow::bail;
use palio::advantages::{AdvantageError, Column, Columns, ranks};
use palio::data::ItemId;
use palio::data::read::{Input, InputFormat, RecordReading, read_records};
use palio::data::records::Records;
use palio::judges::{
    EntrantError, Entrants, GroupOutcome, JudgeReport, Outcomes, PlaySettings, are_constant, cost, entrants, numbers,
};
use palio::report::{AdvantageTable, Report};
use palio::structure::Note;
use palio::tournaments::History;

use super::arguments::TournamentArgs;
use super::outcome::Outcome;
use super::{Order, Steps, notes, shown};
use crate::cli::advantage::ColumnArgs;
use crate::cli::advantage::contests::{GroupHistory, Making, advantages, fill, slices};
use crate::cli::advantage::notes::{alone, of};
use crate::cli::output::{Format, Output};
use crate::cli::{Ended, Global};

/// What was read.
pub(super) struct Entry {
    pub(super) records: Records,
    pub(super) inputs: Vec<Input>,
    pub(super) groups: Vec<Entrants>,
    format: InputFormat,
    /// Whether each group is played.
    plays: Vec<bool>,
    /// The scores that groups have that are not played.
    scores: Vec<f64>,
    known: Known,
}

/// Columns of the records that rewards and normalisations need.
#[derive(Default)]
struct Known {
    length: Option<Vec<f64>>,
    logprob: Option<Vec<f64>>,
    reference: Vec<Vec<f64>>,
    criteria: Vec<Vec<f64>>,
}

impl Known {
    fn read(records: &Records, columns: &ColumnArgs) -> Result<Self, EntrantError> {
        let mut known = Self::default();
        for (column, name) in columns.named() {
            let values = numbers(records, name)?;
            match column {
                Column::Length => known.length = Some(values),
                Column::LogProb => known.logprob = Some(values),
                Column::Reference => known.reference.push(values),
                Column::Criteria => known.criteria.push(values),
            }
        }
        Ok(known)
    }
}

impl Entry {
    pub(super) fn read(args: &TournamentArgs) -> anyhow::Result<Self> {
        let RecordReading { records, inputs, format } = read_records(&args.items, &args.record_options())?;
        let mut groups = entrants(&records, args.dedupe.as_deref())?;
        if let Some(column) = &args.seeds_by {
            let seeds = numbers(&records, column)?;
            for group in &mut groups {
                group.seed_by(&seeds);
            }
        }
        if !args.judge.show.is_empty() {
            groups.iter_mut().try_for_each(|group| group.show_only(&records, &args.judge.show))?;
        }
        let scores = args.only_constant.as_deref().map(|column| numbers(&records, column)).transpose()?;
        let plays = groups.iter().map(|group| scores.as_ref().is_none_or(|scores| are_constant(group, scores)));
        let (plays, scores) = (plays.collect(), scores.unwrap_or_default());
        let known = Known::read(&records, &args.columns)?;
        Ok(Self { records, inputs, groups, format, plays, scores, known })
    }

    /// Refuses steps that can't be done, before a call is paid: they are done without a match.
    pub(super) fn check(&self, steps: &Steps) -> Result<(), AdvantageError> {
        let histories = self.histories(Vec::new());
        let mut table = self.table();
        self.make_rewards(&mut table, &histories, steps)?;
        // What is asked of the other columns is asked of samples with a reward only.
        table.rewards.fill(0.0);
        advantages(&table, self.known.length.as_deref(), &steps.advantages.normalize).map(drop)
    }

    /// The groups that are played.
    pub(super) fn played(&self) -> Cow<'_, [Entrants]> {
        if self.plays.iter().all(|&plays| plays) {
            return Cow::Borrowed(&self.groups);
        }
        Cow::Owned(self.groups.iter().zip(&self.plays).filter(|(_, plays)| **plays).map(|it| it.0.clone()).collect())
    }

    /// Tells what a run would cost.
    pub(super) fn tell_cost(&self, settings: &PlaySettings, global: &Global) -> anyhow::Result<Ended> {
        let total = cost(&self.played(), settings)?;
        let bytes = match Format::of(global, Format::Table)? {
            Format::Json => {
                Report::new("tournament", settings, &self.inputs, &[], shown::cost_json(&total)).to_json()?
            }
            Format::Table => shown::cost(&total, settings.calls_per_match()).into_bytes(),
            _ => bail!("--dry-run writes a table or JSON: leave --format out, or give --format json"),
        };
        Output::open(global)?.write(&bytes)?;
        Ok(Ended::Well)
    }

    /// Advantages from what was played.
    pub(super) fn outcome(&self, outcomes: Outcomes, order: &Order<'_>) -> anyhow::Result<Outcome> {
        let Outcomes { groups, judge, progress } = outcomes;
        let (args, steps) = (order.args, &order.steps);
        let mut notes = self.notes(&groups, &judge, order);
        let histories = self.histories(groups);
        let mut table = self.table();
        self.make_rewards(&mut table, &histories, steps)?;
        self.take_scores(&mut table, args);
        table.advantages = advantages(&table, self.known.length.as_deref(), &steps.advantages.normalize)?;
        notes.extend(alone(&table));
        notes.extend(of(&table, &steps.advantages, args.steps.preset()?));
        let global = order.global;
        if !global.quiet && !matches!(Format::of(global, Format::Table)?, Format::Json) {
            let _ = writeln!(io::stderr(), "{}", shown::judge(&judge, progress));
        }
        Ok(Outcome { table, histories, judge, notes })
    }

    /// What the judge and the budget have the user know.
    fn notes(&self, outcomes: &[GroupOutcome], judge: &JudgeReport, order: &Order<'_>) -> Vec<Note> {
        let played = (0..).zip(&self.plays).filter(|(_, plays)| **plays).map(|(group, _)| ItemId(group));
        let outcomes: Vec<(ItemId, &GroupOutcome)> = played.zip(outcomes).collect();
        let notes = [
            notes::unanswered(judge, &outcomes, &order.settings),
            notes::over_budget(&self.records.groups, &outcomes, &order.settings),
            notes::without_scores(&outcomes, &order.steps.aggregation),
        ];
        notes.into_iter().flatten().collect()
    }

    /// The matches of all groups, with none in those that were not played.
    fn histories(&self, played: Vec<GroupOutcome>) -> Vec<GroupHistory> {
        let mut played = played.into_iter().map(|group| group.history);
        let history = |(group, plays): (&Entrants, &bool)| GroupHistory {
            history: plays.then(|| played.next()).flatten().unwrap_or_else(|| History::new(group.items.len() as u32)),
            rows: group.rows.iter().map(|&row| row as u32).collect(),
        };
        self.groups.iter().zip(&self.plays).map(history).collect()
    }

    /// A table of the items.
    fn table(&self) -> AdvantageTable {
        AdvantageTable {
            groups: self.records.groups.clone(),
            group_ids: self.records.rows.iter().map(|record| record.group).collect(),
            items: self.records.rows.iter().map(|record| record.item.as_str()).collect(),
            ..AdvantageTable::default()
        }
    }

    fn make_rewards(
        &self,
        table: &mut AdvantageTable,
        histories: &[GroupHistory],
        steps: &Steps,
    ) -> Result<(), AdvantageError> {
        let (reference, criteria) = (slices(&self.known.reference), slices(&self.known.criteria));
        let columns = Columns {
            length: self.known.length.as_deref(),
            logprob: self.known.logprob.as_deref(),
            reference: &reference,
            criteria: &criteria,
        };
        fill(table, histories, Making { aggregation: &steps.aggregation, reward: &steps.advantages.reward, columns })
    }

    /// Groups that are not played take their score for a reward.
    fn take_scores(&self, table: &mut AdvantageTable, args: &TournamentArgs) {
        for (group, _) in self.groups.iter().zip(&self.plays).filter(|(_, plays)| !**plays) {
            let scores: Vec<f64> = group.rows.iter().map(|&row| self.scores[row]).collect();
            let ranks = ranks(&scores, args.steps.rank_ties());
            for ((&row, score), rank) in group.rows.iter().zip(scores).zip(ranks) {
                table.rewards[row] = score;
                table.ranks[row] = rank.unwrap_or(f64::NAN);
            }
        }
    }

    /// The format of the input.
    pub(super) fn default_format(&self) -> Format {
        match self.format {
            InputFormat::Csv | InputFormat::Tsv | InputFormat::Parquet => Format::Csv,
            InputFormat::Jsonl => Format::Jsonl,
        }
    }
}
