//! A log of comparisons to the matches of its groups, and on to advantages.

use anyhow::{Context, bail};
use palio::advantages::{AdvantageSettings, AggregateSettings, Aggregation, Columns};
use palio::data::read::{Comparisons, Reading, Role};
use palio::data::samples::{ByGroup, ItemNames};
use palio::data::{ItemId, Items, Labels, Log};
use palio::report::AdvantageTable;
use palio::structure::Note;
use palio::tournaments::{History, Match, MatchResult, Played, ReportError};
use rayon::prelude::*;

use super::arguments::AdvantageArgs;
use super::brackets::outside_a_bracket;
use super::contests::{self, GroupHistory, Making, fill};
use super::notes::{disconnected, rows_without_group, rows_without_scores};
use super::rounds::Rounds;

/// Advantages, the settings that were used, and what the user must know.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) settings: AdvantageSettings,
    pub(super) table: AdvantageTable,
    pub(super) notes: Vec<Note>,
}

/// The advantages of the items of all groups, in the order in which they are first seen.
pub(super) fn advantages(
    reading: Reading,
    args: &AdvantageArgs,
    mut settings: AdvantageSettings,
) -> anyhow::Result<Compared> {
    let aggregation = settings.aggregate.clone().unwrap_or_else(|| {
        let mut usual = AggregateSettings::new(Aggregation::WinRate);
        args.steps.rules_and_ties(&mut usual);
        usual
    });
    let column = |role: Role| reading.notes.label_roles.iter().find(|(found, _)| *found == role).map(|(_, name)| name);
    let columns = [Role::Group, Role::Round, Role::Stage].map(|role| column(role).cloned());
    let log = match reading.comparisons {
        Comparisons::Rows(log) if args.reading.sorts_by_time() => log.sorted_by_time(),
        Comparisons::Rows(log) => log,
        Comparisons::Counts(tally) => Log::new(tally.items().clone()),
    };
    let [groups, rounds, stages] = columns.map(|column| column.and_then(|column| log.labels(&column)));
    let all = args.one_group.then(|| all_rows(&log));
    let groups = all.as_ref().or(groups).context(
        "comparisons need a group column (group, group_id or uid): name it with --group COLUMN, so that it is known \
         which samples are compared with each other, or give --one-group if all rows belong to one group",
    )?;
    let schedule = Rounds::of(aggregation.aggregation, rounds, stages)?;
    let field = Field::of(&log, groups);
    if field.samples.is_empty() {
        bail!("no row has a group: name the column of the groups with --group");
    }
    let histories = field.histories(&log, &schedule)?;
    if aggregation.aggregation == Aggregation::Bracket {
        field.refuse_without_a_bracket(&log, &histories)?;
    }
    let mut notes: Vec<Note> = rows_without_group(field.rows_without).into_iter().collect();
    if matches!(aggregation.aggregation, Aggregation::MeanScore | Aggregation::Margin) {
        notes.extend(rows_without_scores(&log, aggregation.aggregation));
    }
    notes.extend(disconnected(&field.groups, &histories));
    let mut table = field.table(&log);
    let making = Making { aggregation: &aggregation, reward: &settings.reward, columns: Columns::default() };
    fill(&mut table, &histories, making)?;
    table.advantages = contests::advantages(&table, None, &settings.normalize)?;
    settings.aggregate = Some(aggregation);
    Ok(Compared { settings, table, notes })
}

/// One group of all rows.
fn all_rows(log: &Log) -> Labels {
    Labels { column: String::new(), names: ["all"].into_iter().collect(), ids: vec![0; log.len()] }
}

/// Who is in which group, and which rows are its matches.
struct Field {
    groups: Items,
    /// For each group the label that it has in the log.
    labels: Vec<u32>,
    by_label: ByGroup,
    /// The items of each row as numbers in its group.
    sides: Vec<[u32; 2]>,
    /// In first-seen order.
    samples: Vec<Sample>,
    /// For each group how many items it has.
    sizes: Vec<u32>,
    rows_without: usize,
}

/// An item of a group.
struct Sample {
    /// Where it is first seen: twice the row, and one more on the right.
    seen: u64,
    group: u32,
    item: ItemId,
    /// Its number in the group.
    number: u32,
}

impl Field {
    fn of(log: &Log, labels: &Labels) -> Self {
        let by_label = ByGroup::new(&labels.ids, labels.names.len());
        let mut field = Self {
            groups: Items::new(),
            labels: Vec::new(),
            by_label,
            sides: vec![[0; 2]; log.len()],
            samples: Vec::new(),
            sizes: Vec::new(),
            rows_without: 0,
        };
        // The group in which an item was seen last, and its number there.
        let mut last = vec![(u32::MAX, 0); log.items().len()];
        for (label, name) in (0..).zip(labels.names.iter()) {
            let rows = field.by_label.rows(label as usize);
            if name.trim().is_empty() {
                field.rows_without += rows.len();
                continue;
            }
            let group = field.groups.intern(name).0;
            let mut size = 0;
            for &row in rows {
                let comparison = log.row(row as usize);
                for (side, item) in [comparison.left, comparison.right].into_iter().enumerate() {
                    let known = &mut last[item.index()];
                    if known.0 != group {
                        *known = (group, size);
                        let seen = 2 * u64::from(row) + side as u64;
                        field.samples.push(Sample { seen, group, item, number: size });
                        size += 1;
                    }
                    field.sides[row as usize][side] = known.1;
                }
            }
            field.labels.push(label);
            field.sizes.push(size);
        }
        field.samples.sort_unstable_by_key(|sample| sample.seen);
        field
    }

    /// The matches of each group.
    fn histories(&self, log: &Log, rounds: &Rounds<'_>) -> Result<Vec<GroupHistory>, ReportError> {
        let mut rows: Vec<Vec<u32>> = self.sizes.iter().map(|&size| vec![0; size as usize]).collect();
        for (row, sample) in (0..).zip(&self.samples) {
            rows[sample.group as usize][sample.number as usize] = row;
        }
        let histories = self.labels.par_iter().zip(&self.sizes).zip(rows).map(|((&label, &size), rows)| {
            let mut history = History::new(size);
            for &row in self.by_label.rows(label as usize) {
                let row = row as usize;
                history.push(played(log, row, rounds.game(row, self.sides[row])))?;
            }
            Ok(GroupHistory { history, rows })
        });
        histories.collect()
    }

    /// Refuses matches that are not those of a bracket: how far an item came in them means nothing.
    fn refuse_without_a_bracket(&self, log: &Log, histories: &[GroupHistory]) -> anyhow::Result<()> {
        for (group, history) in self.groups.iter().zip(histories) {
            let name = |item: u32| {
                let sample = &self.samples[history.rows[item as usize] as usize];
                log.items().name(sample.item).to_owned()
            };
            if let Some(stray) = outside_a_bracket(&history.history) {
                bail!(stray.in_words(group, name));
            }
        }
        Ok(())
    }

    /// A table of the samples.
    fn table(self, log: &Log) -> AdvantageTable {
        let items: ItemNames = self.samples.iter().map(|sample| log.items().name(sample.item)).collect();
        let group_ids = self.samples.iter().map(|sample| sample.group).collect();
        AdvantageTable { groups: self.groups, group_ids, items, ..AdvantageTable::default() }
    }
}

/// The match on a row. Without scores the winner has 1 and the loser 0.
fn played(log: &Log, row: usize, game: Match) -> Played {
    let comparison = log.row(row);
    let share = comparison.outcome.share();
    let scores = log.scores(row).unwrap_or([share, 1.0 - share]);
    let result = MatchResult { outcome: comparison.outcome, scores };
    Played { game, result, weight: comparison.count * comparison.weight }
}
