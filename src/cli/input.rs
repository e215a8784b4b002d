//! Options of every command that reads a log.

use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;
use palio::data::profile::Profile;
use palio::data::read::{
    BallotColumns, BallotReading, BothBad, ColumnNames, Comparisons, Dialect, InputFormat, Keep, LabelColumn, Notes,
    OutcomeAs, ReadOptions, Reading, Role, is_preflib, read, read_ballots,
};
use palio::structure::Note;
use serde::Serialize;

/// A log and how to read it.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct InputArgs {
    /// Logs of comparisons: CSV, TSV, JSON (lines or an array; .gz or .zst too) or Parquet, or - for stdin
    #[arg(required = true, value_name = "LOG")]
    pub(super) logs: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) reading: ReadingArgs,
}

/// How the columns of a log are understood.
#[derive(Debug, Clone, Serialize, clap::Args)]
#[command(next_help_heading = "Reading a log")]
pub(super) struct ReadingArgs {
    /// What the file is: lmarena, lmsys-55k, arena-hard[:BASELINE], alpaca-eval, mt-bench, comparia, evalica,
    /// wildbench or pairwisellm; `palio methods` says what is taken for what [default: by the columns]
    #[arg(long, value_name = "DIALECT", value_parser = from)]
    from: Option<From>,
    /// Column of the left item [default: model_a, item_a, player_a, left, agent_a or a]
    #[arg(long, value_name = "COLUMN")]
    left: Option<String>,
    /// Column of the right item [default: the same with b, or right]
    #[arg(long, value_name = "COLUMN")]
    right: Option<String>,
    /// Column of the outcome [default: winner, outcome or result]
    #[arg(long, value_name = "COLUMN")]
    winner: Option<String>,
    /// Column of the left item's number of wins [default: wins_a]
    #[arg(long, value_name = "COLUMN")]
    wins_a: Option<String>,
    /// Column of the right item's number of wins [default: wins_b]
    #[arg(long, value_name = "COLUMN")]
    wins_b: Option<String>,
    /// Column of the number of ties [default: ties]
    #[arg(long, value_name = "COLUMN")]
    ties_column: Option<String>,
    /// Column of the left item's score [default: score_a]
    #[arg(long, value_name = "COLUMN")]
    score_a: Option<String>,
    /// Column of the right item's score [default: score_b]
    #[arg(long, value_name = "COLUMN")]
    score_b: Option<String>,
    /// Column of the weight [default: weight]
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
    /// Column of the time [default: timestamp, time, date or tstamp]
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// Column of the judge [default: judge or judger]
    #[arg(long, value_name = "COLUMN")]
    judge: Option<String>,
    /// Column of the task [default: task, question_id or prompt_id]; like any other it may stand inside of
    /// others: conv_metadata.turns, or games[0].score in JSON
    #[arg(long, value_name = "COLUMN")]
    task: Option<String>,
    /// Column of the group [default: group or group_id; where samples are compared, uid too]
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Let scores decide even where the log has outcomes or counts
    #[arg(long)]
    scores: bool,
    /// Scores that differ by no more than this are a tie
    #[arg(long, value_name = "M", default_value_t = 0.0)]
    margin: f64,
    /// What a row means in which both are called bad
    #[arg(long, value_name = "RULE", default_value = "tie")]
    both_bad: BothBadArg,
    /// Weight of a strong grade such as a>>b [default: 1, and 3 in arena-hard]
    #[arg(long, value_name = "W")]
    strong_weight: Option<f64>,
    /// How to read a word that is a side and also the name of the other side's item
    #[arg(long, value_name = "READING")]
    outcome_as: Option<OutcomeAsArg>,
    /// Count bad rows and go on without them
    #[arg(long)]
    skip_bad_rows: bool,
    /// Order of the rows for methods that depend on it [default: as in the files]
    #[arg(long, value_name = "ORDER")]
    sort: Option<Sort>,
}

/// A dialect, and what its baseline is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct From {
    dialect: Dialect,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<String>,
}

fn from(text: &str) -> Result<From, String> {
    let (name, baseline) = text.split_once(':').map_or((text, None), |(name, baseline)| (name, Some(baseline)));
    let dialect: Dialect = name.parse()?;
    match baseline {
        Some(_) if dialect != Dialect::ArenaHard => {
            Err(format!("the files of {dialect} name both items; leave the name of the baseline out"))
        }
        Some("") => Err(format!("the baseline has no name; write {dialect}:NAME, or {dialect}")),
        _ => Ok(From { dialect, baseline: baseline.map(str::to_owned) }),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum BothBadArg {
    Tie,
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum OutcomeAsArg {
    Side,
    Name,
}

/// An order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum Sort {
    Time,
}

impl InputArgs {
    /// Whether the rows are to be sorted by time.
    pub(super) fn sorts_by_time(&self) -> bool {
        self.reading.sorts_by_time()
    }

    /// Reads the logs with these options, beside what the caller wants kept.
    pub(super) fn read(&self, wanted: ReadOptions) -> anyhow::Result<Reading> {
        if hold_ballots(&self.logs) {
            self.read_pairs(&wanted)
        } else {
            Ok(read(&self.logs, &self.reading.options(wanted))?)
        }
    }

    /// Reads ballots as such.
    pub(super) fn read_profile(&self) -> anyhow::Result<BallotReading> {
        self.reading.refuse_for_ballots()?;
        Ok(read_ballots(&self.logs, &BallotColumns::default())?)
    }

    /// Reads ballots as the comparisons that they are. A ballot is the task and the judge of its rows.
    fn read_pairs(&self, wanted: &ReadOptions) -> anyhow::Result<Reading> {
        self.reading.refuse_for_ballots()?;
        let (mut label_roles, ballot) = (Vec::new(), Profile::BALLOT);
        for column in &wanted.labels {
            match column {
                LabelColumn::Role(role @ (Role::Task | Role::Judge)) => label_roles.push((*role, ballot.to_owned())),
                LabelColumn::Named(name) if name != ballot => {
                    bail!("there is no column {name}: the input holds ballots, and its one column is {ballot}")
                }
                LabelColumn::Role(_) | LabelColumn::Named(_) => {}
            }
        }
        let found = read_ballots(&self.logs, &BallotColumns::default())?;
        let rows = wanted.keep == Keep::Rows || !wanted.labels.is_empty();
        let profile = found.profile;
        let mut taken = vec!["ballots were taken as the comparisons of each two items that they rank".to_owned()];
        if rows && !profile.has_few_voters() {
            let many = "so many voters, or weights: the equal ballots of an entry were taken as one";
            taken.push(many.to_owned());
        }
        let comparisons = if rows { Comparisons::Rows(profile.to_log()) } else { Comparisons::Counts(profile.tally()) };
        let notes = Notes { taken, counted: true, label_roles, ..Notes::default() };
        Ok(Reading { comparisons, inputs: found.inputs, format: InputFormat::Csv, notes })
    }

    /// The options that change how rows are read, for a report.
    pub(super) fn settings(&self) -> impl Serialize + use<'_> {
        &self.reading
    }
}

/// Whether one of the inputs is known to hold ballots by its name.
pub(super) fn hold_ballots(inputs: &[PathBuf]) -> bool {
    inputs.iter().any(is_preflib)
}

impl ReadingArgs {
    /// Refuses options that say how comparisons are read where there are ballots.
    pub(super) fn refuse_for_ballots(&self) -> anyhow::Result<()> {
        match self.first_given() {
            Some(option) => bail!("{option} is for comparisons, and the input holds ballots"),
            None => Ok(()),
        }
    }

    /// An option that was given, if one was.
    pub(super) fn first_given(&self) -> Option<String> {
        self.first_given_beside(&[])
    }

    /// The column of the group, if it was named.
    pub(super) fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// An option that was given, if one was that is not among `others`.
    pub(super) fn first_given_beside(&self, others: &[&str]) -> Option<String> {
        #[derive(clap::Parser)]
        struct Plain {
            #[command(flatten)]
            reading: ReadingArgs,
        }
        let plain = <Plain as clap::Parser>::try_parse_from([""]).ok()?;
        let values = |args: &Self| serde_json::to_value(args).unwrap_or_default();
        let (given, plain) = (values(self), values(&plain.reading));
        let mut differing = given.as_object()?.iter().filter(|&(name, value)| plain.get(name) != Some(value));
        let (name, _) = differing.find(|(name, _)| !others.contains(&name.as_str()))?;
        Some(format!("--{}", name.replace('_', "-")))
    }

    /// Whether the rows are to be sorted by time.
    pub(super) fn sorts_by_time(&self) -> bool {
        self.sort == Some(Sort::Time)
    }

    /// These options, beside what the caller wants kept.
    pub(super) fn options(&self, wanted: ReadOptions) -> ReadOptions {
        ReadOptions {
            columns: ColumnNames {
                left: self.left.clone(),
                right: self.right.clone(),
                winner: self.winner.clone(),
                wins_a: self.wins_a.clone(),
                wins_b: self.wins_b.clone(),
                ties: self.ties_column.clone(),
                score_a: self.score_a.clone(),
                score_b: self.score_b.clone(),
                weight: self.weight.clone(),
                time: self.time.clone(),
                judge: self.judge.clone(),
                task: self.task.clone(),
                group: self.group.clone(),
            },
            prefer_scores: self.scores,
            margin: self.margin,
            both_bad: match self.both_bad {
                BothBadArg::Tie => BothBad::Tie,
                BothBadArg::Drop => BothBad::Drop,
            },
            strong_weight: self.strong_weight,
            from: self.from.as_ref().map(|from| from.dialect),
            baseline: self.from.as_ref().and_then(|from| from.baseline.clone()),
            outcome_as: self.outcome_as.map(|reading| match reading {
                OutcomeAsArg::Side => OutcomeAs::Side,
                OutcomeAsArg::Name => OutcomeAs::Name,
            }),
            skip_bad_rows: self.skip_bad_rows,
            read_time: wanted.read_time || self.sorts_by_time(),
            ..wanted
        }
    }
}

/// Items whose names differ only by white space around them: mostly one item, written in two ways.
fn names_apart_by_space(comparisons: &Comparisons) -> Option<Note> {
    let items = match comparisons {
        Comparisons::Counts(tally) => tally.items(),
        Comparisons::Rows(log) => log.items(),
    };
    let apart: Vec<&str> =
        items.iter().filter(|name| name.trim() != *name && items.get(name.trim()).is_some()).collect();
    let first = apart.first()?;
    let message = format!("names that differ only by white space are rated apart: {} such as {first:?}", apart.len());
    Some(Note::new("names-apart-by-space", message))
}

/// What reading found that the user must know.
pub(super) fn notes(args: &ReadingArgs, reading: &Reading) -> Vec<Note> {
    let found = &reading.notes;
    let mut notes: Vec<Note> = found.taken.iter().map(|taken| Note::new("input-guessed", taken.clone())).collect();
    if found.no_verdict > 0 {
        let message = format!("rows that say nothing of their outcome, left out: {}", found.no_verdict);
        notes.push(Note::new("no-verdict", message));
    }
    if found.skipped > 0 {
        let shown = found.first_skipped.join("\n  ");
        notes.push(Note::new(
            "bad-rows-skipped",
            format!("bad rows left out: {}, of which the first:\n  {shown}", found.skipped),
        ));
    }
    if found.disagreements > 0 {
        let (taken, other) =
            if args.scores { ("the scores were", "") } else { ("the outcome was", "; --scores takes the scores") };
        let message = format!(
            "outcome, counts or scores disagree on the winner in {} rows; {taken} taken{other}",
            found.disagreements
        );
        notes.push(Note::new("outcome-disagreement", message));
    }
    notes.extend(names_apart_by_space(&reading.comparisons));
    notes
}
