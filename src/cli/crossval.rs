//! `palio crossval`: raters compared on comparisons that they have not seen.

mod arguments;

use anyhow::{Context, anyhow, bail};
use palio::data::Log;
use palio::data::folds::{FoldError, FoldSettings, Folds};
use palio::data::graph::PreferenceGraph;
use palio::data::profile::Profile;
use palio::data::read::{Input, Keep, LabelColumn, ReadOptions, Reading};
use palio::models::Needs;
use palio::report::{Compared, Report, signed};
use palio::structure::Note;
use palio::validation::{Candidate, Crossval, HeldOut, TieScore, crossval};

pub(crate) use self::arguments::CrossvalArgs;
use self::arguments::{FoldBy, Method, TieScoreArg, methods};
use super::input;
use super::output::{Format, Output, progress_bar, warn};
use super::rating::{Evidences, weighted_ballots};
use super::table::{self, Column};
use super::{Ended, Global};

/// Reads, splits, fits, scores and writes.
pub(super) fn run(args: &CrossvalArgs, global: &Global) -> anyhow::Result<Ended> {
    let plan = Plan::new(args, global)?;
    let format = Format::of(global, Format::Table)?;
    let output = Output::open(global)?;
    let mut notes = Vec::new();
    let (found, inputs) = if input::hold_ballots(&args.input.logs) {
        let reading = args.input.read_profile()?;
        (plan.crossval_ballots(&reading.profile, &mut notes)?, reading.inputs)
    } else {
        let reading = args.input.read(plan.read_options())?;
        notes.extend(input::notes(&args.input.reading, &reading));
        let inputs = reading.inputs.clone();
        (plan.crossval(reading, &mut notes)?, inputs)
    };
    warn(&notes, global);
    let compared = Compared::new(found, plan.methods.iter().map(Method::settings).collect());
    let bytes = match format {
        Format::Table => plan.text(&compared).into_bytes(),
        Format::Csv => compared.to_csv()?,
        Format::Jsonl => compared.to_jsonl()?,
        Format::Markdown => compared.to_markdown(),
        Format::Json => plan.report(&inputs, &notes, compared)?,
    };
    output.write(&bytes)?;
    Ok(Ended::with(&notes))
}

/// The arguments, checked and resolved.
struct Plan<'a> {
    args: &'a CrossvalArgs,
    global: &'a Global,
    methods: Vec<Method>,
    fold_by: FoldBy,
    tie_score: TieScore,
}

impl<'a> Plan<'a> {
    fn new(args: &'a CrossvalArgs, global: &'a Global) -> anyhow::Result<Self> {
        let ballots = input::hold_ballots(&args.input.logs);
        let fold_by = FoldBy::of(&args.fold_by);
        let fold_by = if ballots { of_ballots(&fold_by)? } else { fold_by };
        if fold_by == FoldBy::Time && args.repeats != 1 {
            bail!("--repeats {}: folds by time are not drawn, and repeating them changes nothing", args.repeats);
        }
        let tie_score = match args.tie_score {
            TieScoreArg::Decisive => TieScore::Decisive,
            TieScoreArg::Half => TieScore::Half,
            TieScoreArg::ThreeWay => TieScore::ThreeWay,
        };
        let methods = methods(&args.methods, global.seed)?;
        let replays = |method: &&Method| ballots && method.entry.needs == Needs::Rows;
        if let Some(method) = methods.iter().find(replays) {
            bail!("{} replays comparisons in order, and ballots have none; leave it out of --methods", method.label);
        }
        Ok(Self { args, global, methods, fold_by, tie_score })
    }

    fn read_options(&self) -> ReadOptions {
        let needs_rows = self.methods.iter().any(|method| method.entry.needs != Needs::Counts);
        ReadOptions {
            keep: if needs_rows { Keep::Rows } else { Keep::Counts },
            labels: match &self.fold_by {
                FoldBy::Comparison | FoldBy::Time => Vec::new(),
                FoldBy::Role(role) => vec![LabelColumn::Role(*role)],
                FoldBy::Column(column) => vec![LabelColumn::Named(column.clone())],
            },
            read_time: self.fold_by == FoldBy::Time,
            ..ReadOptions::default()
        }
    }

    fn crossval(&self, reading: Reading, notes: &mut Vec<Note>) -> anyhow::Result<Crossval> {
        let column = match &self.fold_by {
            FoldBy::Role(role) => {
                let found = reading.notes.label_roles.iter().find(|(other, _)| other == role);
                let name = role.name();
                let found = found.with_context(|| {
                    format!("--fold-by {name}: the log has no column for the {name}; name it with --{name} COLUMN")
                })?;
                Some(found.1.clone())
            }
            FoldBy::Column(column) => Some(column.clone()),
            FoldBy::Comparison | FoldBy::Time => None,
        };
        let found = Evidences::of(reading, &self.args.input.reading);
        let repetitions: Vec<Folds<'_>> = (0..self.args.repeats)
            .map(|repeat| self.folds(&found.graph, found.log.as_ref(), column.as_deref(), repeat))
            .collect::<anyhow::Result<_>>()?;
        self.scored(&repetitions, column.as_deref(), notes)
    }

    /// Whole ballots are held out, so that raters of ballots are fitted to ballots.
    fn crossval_ballots(&self, profile: &Profile, notes: &mut Vec<Note>) -> anyhow::Result<Crossval> {
        let graph = profile.graph();
        let folds = |repeat| {
            let settings = FoldSettings { folds: self.args.folds, seed: self.global.seed, repeat };
            Folds::of_ballots(profile, &graph, settings).map_err(|error| self.with_option(&error))
        };
        let repetitions: Vec<Folds<'_>> = (0..self.args.repeats).map(folds).collect::<anyhow::Result<_>>()?;
        if profile.is_weighted() {
            notes.push(weighted_ballots());
        }
        self.scored(&repetitions, Some(Profile::BALLOT), notes)
    }

    fn scored(
        &self,
        repetitions: &[Folds<'_>],
        column: Option<&str>,
        notes: &mut Vec<Note>,
    ) -> anyhow::Result<Crossval> {
        notes.extend(self.fold_notes(&repetitions[0], column));
        let candidates: Vec<Candidate<'_>> = self.methods.iter().map(Method::candidate).collect();
        let length = repetitions.iter().map(Folds::len).sum::<usize>();
        let bar = progress_bar(length as u64, "folds", self.global);
        let scored = crossval(&candidates, repetitions, self.tie_score, &|| bar.inc(1))?;
        bar.finish_and_clear();
        notes.extend(scored.notes.iter().cloned());
        Ok(scored)
    }

    fn folds<'l>(
        &self,
        graph: &'l PreferenceGraph,
        log: Option<&'l Log>,
        column: Option<&str>,
        repeat: u32,
    ) -> anyhow::Result<Folds<'l>> {
        let settings = FoldSettings { folds: self.args.folds, seed: self.global.seed, repeat };
        let rows = || log.context("folds by a column need the rows of the log");
        let found = match (&self.fold_by, column) {
            (FoldBy::Time, _) => Folds::of_time(rows()?, graph, self.args.folds),
            (_, Some(column)) => {
                let labels = rows()?.labels(column).context("the column to fold by was not read")?;
                Folds::of_labels(rows()?, labels, graph, settings)
            }
            (_, None) => match log {
                Some(log) => Folds::of_rows(log, graph, settings),
                None => Folds::of_comparisons(graph, settings),
            },
        };
        found.map_err(|error| self.with_option(&error))
    }

    /// The error with the option that mends it.
    fn with_option(&self, error: &FoldError) -> anyhow::Error {
        match error {
            FoldError::TooFew { .. } | FoldError::TooMany { .. } => anyhow!("--folds {}: {error}", self.args.folds),
            FoldError::OneValue { .. } | FoldError::NoTimes => anyhow!("--fold-by {}: {error}", self.args.fold_by),
            FoldError::NotWholeCounts { .. } => {
                let replays = self.methods.iter().filter(|method| method.entry.needs == Needs::Rows);
                let names: Vec<&str> = replays.map(|method| method.entry.name).collect();
                if names.is_empty() {
                    anyhow!("{error}")
                } else {
                    anyhow!("{error} (as {} does, of the --methods given)", names.join(" and "))
                }
            }
            _ => anyhow!("{error}"),
        }
    }

    /// What the user must know of the split.
    fn fold_notes(&self, folds: &Folds<'_>, column: Option<&str>) -> Vec<Note> {
        let mut notes = Vec::new();
        if folds.len() < self.args.folds {
            let what = column.map_or("different times".to_owned(), |column| format!("values of {column}"));
            let message = format!("{} folds, not {}: there are no more {what}", folds.len(), self.args.folds);
            notes.push(Note::new("fewer-folds", message));
        }
        if folds.averages_weights() {
            let message = "comparisons of different weights were read as counts: within a pair and outcome each was held out with their mean weight";
            notes.push(Note::new("weights-averaged", message));
        }
        notes
    }

    fn report(&self, inputs: &[Input], notes: &[Note], compared: Compared) -> anyhow::Result<Vec<u8>> {
        let names: Vec<&str> = self.methods.iter().map(|method| method.label.as_str()).collect();
        let settings = serde_json::json!({
            "methods": names,
            "folds": self.args.folds,
            "fold_by": self.fold_by.name(),
            "repeats": self.args.repeats,
            "tie_score": self.tie_score,
            "reading": serde_json::to_value(self.args.input.settings())?,
            "seed": self.global.seed,
        });
        Ok(Report::new("crossval", settings, inputs, notes, compared).to_json()?)
    }

    /// A header line, one line a rater and the verdict.
    fn text(&self, compared: &Compared) -> String {
        let width = table::width();
        let rows: Vec<usize> = (0..compared.methods.len()).collect();
        let score = |row: &usize| &compared.methods[*row].score;
        let difference = |row: &usize| compared.from_lowest[*row].as_ref();
        let error = |error: Option<f64>| error.map_or_else(String::new, |error| format!("±{error:.4}"));
        let columns = [
            Column::new("method", false, &rows, |row| score(row).method.clone()),
            Column::new("log loss", true, &rows, |row| format!("{:.4}", score(row).log_loss)),
            Column::new("", false, &rows, |row| error(score(row).std_error)),
            Column::new("from lowest", true, &rows, |row| {
                let lowest = || if rows.len() > 1 { "lowest".to_owned() } else { String::new() };
                difference(row).map_or_else(lowest, |it| signed(it.log_loss))
            }),
            Column::new("", false, &rows, |row| difference(row).map_or_else(String::new, |it| error(it.std_error))),
            Column::new("Brier", true, &rows, |row| format!("{:.4}", score(row).brier)),
            Column::new("right", true, &rows, |row| format!("{:.1}%", 100.0 * score(row).accuracy)),
            Column::new("slope", true, &rows, |row| {
                score(row).calibration.slope.map_or_else(|| "?".to_owned(), |slope| format!("{slope:.2}"))
            }),
            Column::new("off by", true, &rows, |row| format!("{:.1}%", 100.0 * score(row).calibration.expected_error)),
        ];
        let header = table::wrapped(&self.header(&compared.held_out), width);
        format!("{header}\n{}{}\n", table::render(&columns), verdict(compared))
    }

    fn header(&self, held_out: &HeldOut) -> Vec<String> {
        let by =
            if self.fold_by == FoldBy::Comparison { String::new() } else { format!(" by {}", self.fold_by.name()) };
        let times = if held_out.repeats > 1 { format!(", {} times", held_out.repeats) } else { String::new() };
        let mut parts = vec![format!(
            "{} comparisons held out in {} folds{by}{times}",
            table::grouped(held_out.scored),
            held_out.folds
        )];
        let ties = table::grouped(held_out.ties);
        if held_out.ties > 0.0 {
            parts.push(match self.tie_score {
                TieScore::Decisive => format!("{ties} ties left out"),
                TieScore::Half => {
                    format!("{ties} ties as half, at ln 2 or more each: {:.4} of any loss", held_out.floor)
                }
                TieScore::ThreeWay => format!("{ties} ties as an outcome"),
            });
        }
        parts.push("± one standard error over folds".to_owned());
        parts
    }
}

/// What is held out of ballots, whose comparisons go together.
fn of_ballots(asked: &FoldBy) -> anyhow::Result<FoldBy> {
    match asked {
        FoldBy::Time => bail!("--fold-by time: ballots have no time; leave it out, and whole ballots are held out"),
        FoldBy::Column(column) if column != Profile::BALLOT => {
            bail!(
                "--fold-by {column}: there is no column {column}: the input holds ballots, and whole ones are held out"
            )
        }
        FoldBy::Comparison | FoldBy::Role(_) | FoldBy::Column(_) => Ok(FoldBy::Column(Profile::BALLOT.to_owned())),
    }
}

/// Whether the best rater's loss is within a standard error of the lowest, not only too near it to tell.
fn is_within_error(compared: &Compared) -> bool {
    let rows = compared.methods.iter().zip(&compared.from_lowest);
    let best = rows.filter(|(row, _)| row.score.method == compared.best).find_map(|(_, it)| it.as_ref());
    best.is_some_and(|it| it.std_error.is_some_and(|error| it.log_loss <= error))
}

fn verdict(compared: &Compared) -> String {
    if compared.methods.len() < 2 {
        return "a coin's throw has log loss 0.6931".to_owned();
    }
    let why = if compared.best == compared.lowest {
        "the lowest loss, and none listed before it is within a standard error".to_owned()
    } else {
        let near = if is_within_error(compared) { "a standard error" } else { "0.0001" };
        format!("listed before {}, and within {near} of its loss", compared.lowest)
    };
    format!("best: {} ({why})", compared.best)
}
