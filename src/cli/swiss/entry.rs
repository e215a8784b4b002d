//! What enters a simulation of Swiss rounds: a table or a log, and what was made of it.

use std::borrow::Cow;

use anyhow::{Context, bail};
use palio::data::read::{
    Comparisons, Input, Keep, LabelColumn, ReadOptions, Reading, Role, TableOrLog, read_table_or_log,
};
use palio::data::table::ScoreTable;
use palio::data::{Items, Log};
use palio::simulation::swiss_rounds::{Holes, Majorities, Order, SwissSettings, TieRule, WinTensor};
use palio::structure::Note;
use serde_json::{Value, json};

use super::arguments::{MissingArg, SwissArgs, TiesArg, named};
use crate::cli::input;

/// Models, benchmarks and what their meetings are worth.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) tensor: WinTensor,
    pub(super) models: Items,
    pub(super) benchmarks: Items,
    /// In which order the benchmarks are played.
    pub(super) order: Order,
    /// For each model the plain mean of its scores, where there are scores.
    pub(super) mean_scores: Vec<Option<f64>>,
    pub(super) inputs: Vec<Input>,
    pub(super) notes: Vec<Note>,
    from_log: bool,
}

impl Entry {
    pub(super) fn read(args: &SwissArgs) -> anyhow::Result<Self> {
        let labels = vec![LabelColumn::Role(Role::Task)];
        let wanted = args.reading.options(ReadOptions { keep: Keep::Rows, labels, ..ReadOptions::default() });
        match read_table_or_log(&args.inputs, &args.table.options(), &wanted)? {
            TableOrLog::Table(reading) => Self::of_table(args, &reading.table, reading.inputs),
            TableOrLog::Log(reading) => Self::of_log(args, reading),
        }
    }

    fn of_table(args: &SwissArgs, table: &ScoreTable, inputs: Vec<Input>) -> anyhow::Result<Self> {
        if let Some(option) = args.reading.first_given() {
            bail!("{option} goes with a log of comparisons; this is a table of scores");
        }
        let table = oriented(args, table)?;
        let order = args.order(table.benchmarks())?;
        let (table, order) = chosen(table, order);
        let (table, notes) = filled(args, &table)?;
        let holes = if args.missing == Some(MissingArg::Skip) { Holes::Skip } else { Holes::Lose };
        let mut notes = notes;
        if holes == Holes::Skip {
            notes.extend(notes_of_skipping(&table));
        }
        Ok(Self {
            tensor: WinTensor::from_table(&table, args.ties.rule(), holes)?,
            models: table.models().clone(),
            benchmarks: table.benchmarks().clone(),
            order,
            mean_scores: table.mean_scores(),
            inputs,
            notes,
            from_log: false,
        })
    }

    fn of_log(args: &SwissArgs, reading: Reading) -> anyhow::Result<Self> {
        if args.lower_is_better.is_some() || args.missing.is_some() {
            bail!("--lower-is-better and --missing go with a table of scores; this is a log of comparisons");
        }
        let mut notes = input::notes(&args.reading, &reading);
        let log = match reading.comparisons {
            Comparisons::Rows(log) => log,
            Comparisons::Counts(tally) => Log::new(tally.items().clone()),
        };
        let found = reading.notes.label_roles.iter().find(|(role, _)| *role == Role::Task);
        let tasks = found.and_then(|(_, column)| log.labels(column)).context(
            "a log of comparisons needs a task column, each task a round: name it with --task (or is this a table of \
             scores? then name its columns with --model, --benchmark and --score)",
        )?;
        let made = Majorities::of(&log, tasks, args.ties.rule())?;
        let benchmarks: Items = made.tasks.iter().map(String::as_str).collect();
        if benchmarks.is_empty() {
            bail!("no row of the log has a task, so there is no round: name the column of the tasks with --task");
        }
        let order = args.order(&benchmarks)?;
        notes.extend(notes_of_log(&made, &order, args.ties.rule()));
        Ok(Self {
            tensor: made.tensor,
            mean_scores: vec![None; log.items().len()],
            models: log.items().clone(),
            order,
            benchmarks,
            inputs: reading.inputs,
            notes,
            from_log: true,
        })
    }

    /// All that changes a number.
    pub(super) fn report_settings(&self, args: &SwissArgs, settings: &SwissSettings) -> anyhow::Result<Value> {
        let reading =
            if self.from_log { serde_json::to_value(&args.reading)? } else { serde_json::to_value(&args.table)? };
        let lower = args.lower_is_better.as_ref();
        Ok(json!({
            "runs": settings.runs,
            "eliminate": settings.eliminate,
            "shortfall": settings.shortfall,
            "ties": args.ties.rule(),
            "bye": args.bye.points(),
            "order": args.order,
            "lower_is_better": lower.map(|names| names.as_deref().unwrap_or("all")),
            "missing": args.missing,
            "sensitivity": args.sensitivity,
            "resample": settings.samples,
            "level": settings.level,
            "exact": args.exact,
            "input_kind": if self.from_log { "log" } else { "table" },
            "reading": reading,
            "seed": settings.seed,
        }))
    }
}

/// The table with higher scores better everywhere.
fn oriented<'a>(args: &SwissArgs, table: &'a ScoreTable) -> anyhow::Result<Cow<'a, ScoreTable>> {
    let Some(lower) = &args.lower_is_better else { return Ok(Cow::Borrowed(table)) };
    if args.ties == TiesArg::Bernoulli {
        bail!("--lower-is-better turns scores round, which --ties bernoulli takes for probabilities of a point");
    }
    let benchmarks = match lower {
        None => (0..table.benchmarks().len()).collect(),
        Some(names) => named(names, table.benchmarks(), "--lower-is-better")?,
    };
    Ok(Cow::Owned(table.negated(&benchmarks)))
}

/// The table with the benchmarks that an order names, in that order: what is not played has no say in holes and means.
fn chosen(table: Cow<'_, ScoreTable>, order: Order) -> (Cow<'_, ScoreTable>, Order) {
    let Order::Listed(benchmarks) = order else { return (table, order) };
    let models: Vec<usize> = (0..table.models().len()).collect();
    (Cow::Owned(table.select(&models, &benchmarks)), Order::AsGiven)
}

/// The table that is played: all of it, or its largest block without holes.
fn filled<'a>(args: &SwissArgs, table: &'a ScoreTable) -> anyhow::Result<(Cow<'a, ScoreTable>, Vec<Note>)> {
    let holes = table.holes();
    if holes == 0 || matches!(args.missing, Some(MissingArg::Lose | MissingArg::Skip)) {
        return Ok((Cow::Borrowed(table), Vec::new()));
    }
    let block = table.largest_complete_block();
    let (models, benchmarks) = (block.models.len(), block.benchmarks.len());
    let found = if block.proven { "the largest block" } else { "the largest block found" };
    if args.missing.is_none() {
        bail!(
            "{holes} of the {} scores are missing: say what a hole means with --missing lose (it loses to any score), \
             skip (the model sits that round out) or complete (only {found} without holes: {models} of {} models on \
             {benchmarks} of {} benchmarks)",
            table.models().len() * table.benchmarks().len(),
            table.models().len(),
            table.benchmarks().len(),
        );
    }
    if models < 2 || benchmarks == 0 {
        bail!("no two models have a benchmark in common: give --missing lose or --missing skip");
    }
    let message = format!(
        "{holes} scores are missing; {found} without holes is played, which leaves out {} and {}",
        left_out("models", table.models(), &block.models),
        left_out("benchmarks", table.benchmarks(), &block.benchmarks),
    );
    Ok((Cow::Owned(table.select(&block.models, &block.benchmarks)), vec![Note::new("left-out-for-holes", message)]))
}

/// How many of all are not kept, and which.
fn left_out(what: &str, all: &Items, kept: &[usize]) -> String {
    let out: Vec<&str> =
        all.iter().enumerate().filter(|(place, _)| !kept.contains(place)).map(|(_, name)| name).collect();
    let names = if out.is_empty() { String::new() } else { format!(" ({})", out.join(", ")) };
    format!("{} of {} {what}{names}", out.len(), all.len())
}

/// What sitting rounds out does to a ranking.
fn notes_of_skipping(table: &ScoreTable) -> Vec<Note> {
    let mut notes = Vec::new();
    let (models, benchmarks) = (table.models().len(), table.benchmarks().len());
    let missing = |model: usize| (0..benchmarks).filter(|&benchmark| table.score(model, benchmark).is_none()).count();
    let holes: Vec<usize> = (0..models).map(missing).collect();
    if let Some((most, name)) =
        holes.iter().zip(table.models().iter()).max_by_key(|(holes, _)| **holes).filter(|(holes, _)| **holes > 0)
    {
        let message = format!(
            "{} of {models} models sit out rounds, in which they can earn nothing, so that the points of models with \
             holes are too low: {name} sits out {most} of {benchmarks}",
            holes.iter().filter(|&&holes| holes > 0).count()
        );
        notes.push(Note::new("rounds-sat-out", message));
    }
    let apart = groups_that_never_meet(table);
    if apart > 1 {
        let message =
            format!("the models fall into {apart} groups without a common benchmark; their ranks can't be compared");
        notes.push(Note::new("disconnected", message));
    }
    notes
}

/// Into how many groups the models fall, of which no two have a score on the same benchmark.
fn groups_that_never_meet(table: &ScoreTable) -> usize {
    let mut groups: Vec<usize> = (0..table.models().len()).collect();
    for benchmark in 0..table.benchmarks().len() {
        let present: Vec<usize> = (0..groups.len()).filter(|&model| table.score(model, benchmark).is_some()).collect();
        let joined: Vec<usize> = present.iter().map(|&model| groups[model]).collect();
        let Some(&into) = joined.iter().min() else { continue };
        for group in &mut groups {
            if joined.contains(group) {
                *group = into;
            }
        }
    }
    groups.sort_unstable();
    groups.dedup();
    groups.len()
}

fn notes_of_log(made: &Majorities, order: &Order, ties: TieRule) -> Vec<Note> {
    let mut notes = Vec::new();
    if made.rows_without_task > 0 {
        let message = format!("{} rows have no task and are left out", made.rows_without_task);
        notes.push(Note::new("rows-without-task", message));
    }
    let rounds: Vec<usize> = match order {
        Order::Listed(listed) => listed.clone(),
        Order::AsGiven | Order::Shuffle(_) => (0..made.tasks.len()).collect(),
    };
    let not_met: u64 = rounds.iter().map(|&round| made.pairs_not_met[round]).sum();
    if not_met > 0 {
        let pairs = made.tensor.models() * (made.tensor.models() - 1) / 2 * rounds.len();
        let taken = match ties {
            TieRule::Bernoulli => "an even chance",
            TieRule::Lose => "a tie, which is worth nothing to either",
            TieRule::Half | TieRule::Win => "a tie",
        };
        let message = format!("{not_met} of {pairs} meetings of a pair on a task are not in the log; each is {taken}");
        notes.push(Note::new("pairs-not-met", message));
    }
    notes
}
