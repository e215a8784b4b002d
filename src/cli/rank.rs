//! `palio rank`: logs to leaderboards.

mod arguments;
mod ballots;
mod covariates;

use anyhow::{Context, bail};
use palio::data::Log;
use palio::data::graph::PreferenceGraph;
use palio::data::read::{Comparisons, Input, LabelColumn, ReadOptions, Reading};
use palio::leaderboard::{BoardSettings, Leaderboard, Scale};
use palio::models::Units;
use palio::report::{self, Board, Report};
use palio::structure::Note;
use palio::uncertainty::{RankRule, RankSettings};

pub(crate) use self::arguments::RankArgs;
use self::arguments::{RankRuleArg, check_numbers, scale};
use super::input;
use super::output::{Format, Output, tell, warn};
use super::rating::{IntervalKind, Rated, Rating, task_column};
use super::table::{self, Heading};
use super::{Ended, Global};

/// Above this many items joint tests of all pairs take too much memory.
const MOST_SIMULTANEOUS_ITEMS: usize = 2_000;
/// Above this many items rank intervals are by overlap unless asked otherwise.
const SIMULTANEOUS_ITEMS: usize = 500;

/// Reads, rates, ranks and writes.
pub(super) fn run(args: &RankArgs, global: &Global) -> anyhow::Result<Ended> {
    let plan = Plan::new(args, global)?;
    let format = Format::of(global, Format::Table)?;
    let output = Output::open(global)?;
    let Ranked { inputs, mut notes, boards } =
        if args.ballots.are_given(&args.input.logs) { plan.ballots()? } else { plan.log()? };
    notes.extend(notes_of(&boards));
    warn(&notes, global);
    if matches!(format, Format::Csv | Format::Jsonl)
        && let Some(elsewhere) = boards.iter().find_map(|made| covariates::elsewhere(&made.board.board.fit.covariates))
    {
        tell(&elsewhere, global);
    }
    let bytes = plan.written(format, boards, &inputs, &notes)?;
    output.write(&bytes)?;
    Ok(Ended::with(&notes))
}

/// The arguments, checked and resolved.
struct Plan<'a> {
    args: &'a RankArgs,
    global: &'a Global,
    rating: Rating<'a>,
    scale: Scale,
}

/// What was read and made of it.
struct Ranked {
    inputs: Vec<Input>,
    notes: Vec<Note>,
    boards: Vec<Made>,
}

/// A board and how its errors were made.
struct Made {
    board: Board,
    heading: Heading,
}

/// Boards with the same warning, beyond this many, are told in one sentence.
const BOARDS_NAMED: usize = 3;

/// What is to be said of the boards, the same thing of many boards at once.
fn notes_of(boards: &[Made]) -> Vec<Note> {
    let all = || boards.iter().flat_map(|made| made.board.board.notes.iter().map(|note| (made.name(), note)));
    let mut told: Vec<&str> = Vec::new();
    let mut notes = Vec::new();
    for (name, note) in all() {
        let same: Vec<Option<&str>> =
            all().filter(|(_, other)| other.code == note.code).map(|(name, _)| name).collect();
        if same.len() > BOARDS_NAMED {
            if !told.contains(&&*note.code) {
                told.push(&note.code);
                let names: Vec<&str> = same.iter().flatten().take(BOARDS_NAMED).copied().collect();
                let message = format!(
                    "{} of {} boards ({}, …); of the first: {}",
                    same.len(),
                    boards.len(),
                    names.join(", "),
                    note.message
                );
                notes.push(Note::new(note.code.clone(), message));
            }
            continue;
        }
        let message = name.map_or_else(|| note.message.clone(), |name| format!("{name}: {}", note.message));
        notes.push(Note::new(note.code.clone(), message));
    }
    notes
}

impl Made {
    /// The value the board is of, in words; `None` where the log was not split.
    fn name(&self) -> Option<&str> {
        self.board.by.as_deref().map(|by| if by.is_empty() { "(empty)" } else { by })
    }
}

impl<'a> Plan<'a> {
    fn new(args: &'a RankArgs, global: &'a Global) -> anyhow::Result<Self> {
        let rating = Rating::with(&args.rating, args.covariates.settings(), global)?;
        args.covariates.check(&rating)?;
        check_numbers(args)?;
        Ok(Self { args, global, scale: scale(args, rating.entry)?, rating })
    }

    /// What reading must keep: rows only where something needs them.
    fn read_options(&self) -> anyhow::Result<ReadOptions> {
        let mut labels = self.rating.label_columns();
        labels.extend(self.args.by.clone().map(LabelColumn::Named));
        let covariates = self.args.covariates.columns()?;
        let keep = self.args.covariates.keep(self.rating.keep());
        Ok(ReadOptions { keep, labels, covariates, ..ReadOptions::default() })
    }

    fn log(&self) -> anyhow::Result<Ranked> {
        self.args.ballots.refuse()?;
        let reading = self.args.input.read(self.read_options()?)?;
        let mut notes = input::notes(&self.args.input.reading, &reading);
        notes.extend(covariates::side_of_counts(&reading, &self.rating));
        Ok(Ranked { inputs: reading.inputs.clone(), notes, boards: self.boards(reading)? })
    }

    /// Of a profile there is one board.
    fn ballots(&self) -> anyhow::Result<Ranked> {
        if self.args.by.is_some() {
            bail!("--by is for comparisons, and the input holds ballots");
        }
        self.args.input.reading.refuse_for_ballots()?;
        let (profile, inputs) = self.args.ballots.read(&self.args.input.logs)?;
        let graph = profile.graph();
        let rated = self.rating.rated_ballots(&graph, &profile)?;
        let mut made = self.made(None, &graph, rated)?;
        let entries = profile.ballots().filter(|ballot| ballot.count > 0.0).count() as f64;
        made.board.board.graph.ballots = Some(if profile.is_weighted() { entries } else { profile.voters() });
        Ok(Ranked { inputs, notes: Vec::new(), boards: vec![made] })
    }

    fn boards(&self, reading: Reading) -> anyhow::Result<Vec<Made>> {
        let task = task_column(&reading);
        let log = match reading.comparisons {
            Comparisons::Counts(tally) => {
                return Ok(vec![self.board(None, &PreferenceGraph::from_tally(tally), None, None)?]);
            }
            Comparisons::Rows(log) if self.args.input.sorts_by_time() => log.sorted_by_time(),
            Comparisons::Rows(log) => log,
        };
        let Some(column) = &self.args.by else {
            let log = self.args.covariates.reweighted(log, &self.rating);
            return Ok(vec![self.board(None, &PreferenceGraph::from_log(&log), Some(&log), task.as_deref())?]);
        };
        let labels = log.labels(column).context("the column to split by was not read")?;
        let parts = log.split(labels);
        parts
            .into_iter()
            .map(|(value, part)| {
                let part = self.args.covariates.reweighted(part, &self.rating);
                self.board(Some(value), &PreferenceGraph::from_log(&part), Some(&part), task.as_deref())
            })
            .collect()
    }

    fn board(
        &self,
        by: Option<String>,
        graph: &PreferenceGraph,
        log: Option<&Log>,
        task: Option<&str>,
    ) -> anyhow::Result<Made> {
        self.made(by, graph, self.rating.rated(graph, log, task)?)
    }

    fn made(&self, by: Option<String>, graph: &PreferenceGraph, rated: Rated) -> anyhow::Result<Made> {
        let Rated { fitted, mut uncertainty } = rated;
        uncertainty.notes.extend(self.few_resamples(uncertainty.members().len()));
        let settings = self.board_settings(graph.items().len())?;
        let board = Leaderboard::new(graph, &*fitted, &uncertainty, &settings)?;
        let heading = Heading {
            interval: self.rating.interval_name(&uncertainty),
            level: self.args.rating.level,
            ranks: settings.ranks.rule,
            weights: self.args.covariates.weights(),
        };
        Ok(Made { board: Board { by, board }, heading })
    }

    /// A note where resamples are too few for joint statements about all pairs.
    fn few_resamples(&self, members: usize) -> Option<Note> {
        let few =
            self.rating.interval == IntervalKind::Bootstrap && (self.args.rating.resamples as usize) < 2 * members;
        few.then(|| {
            let message = format!(
                "{} resamples of {members} items: rank ranges are poorly known; give --resamples {} or more",
                self.args.rating.resamples,
                2 * members
            );
            Note::new("few-resamples", message)
        })
    }

    fn board_settings(&self, items: usize) -> anyhow::Result<BoardSettings> {
        Ok(BoardSettings {
            units: self.rating.entry.units,
            scale: self.scale.clone(),
            ranks: RankSettings {
                rule: self.rank_rule(items)?,
                level: self.args.rating.level,
                seed: self.global.seed,
                ..RankSettings::default()
            },
            min_comparisons: self.args.min_comparisons,
        })
    }

    fn rank_rule(&self, items: usize) -> anyhow::Result<RankRule> {
        match self.args.rank_interval {
            Some(RankRuleArg::Overlap) => Ok(RankRule::Overlap),
            None if items > SIMULTANEOUS_ITEMS => Ok(RankRule::Overlap),
            // Against an equilibrium, or of one, ratings stand at their bounds: they don't vary as sums do.
            None if matches!(self.rating.entry.units, Units::Probability | Units::Payoff) => Ok(RankRule::Overlap),
            Some(_) if items > MOST_SIMULTANEOUS_ITEMS => {
                bail!(
                    "{items} items: simultaneous rank intervals work up to {MOST_SIMULTANEOUS_ITEMS}; use --rank-interval overlap"
                )
            }
            Some(RankRuleArg::Simultaneous) | None => Ok(RankRule::Simultaneous),
        }
    }

    fn written(&self, format: Format, made: Vec<Made>, inputs: &[Input], notes: &[Note]) -> anyhow::Result<Vec<u8>> {
        if format == Format::Table {
            let table = |made: &Made| {
                let board = table::leaderboard(&made.board, &made.heading, self.rating.entry);
                board + &covariates::table(&made.board.board.fit.covariates)
            };
            let tables: Vec<String> = made.iter().map(table).collect();
            return Ok(tables.join("\n").into_bytes());
        }
        let rule = made.first().map_or(RankRule::Simultaneous, |made| made.heading.ranks);
        let mut boards: Vec<Board> = made.into_iter().map(|made| made.board).collect();
        Ok(match format {
            Format::Csv => report::csv(&boards)?,
            Format::Jsonl => report::jsonl(&boards)?,
            Format::Markdown => report::markdown(&boards),
            Format::Json | Format::Table => {
                let settings = self.report_settings(rule)?;
                if self.args.by.is_some() {
                    let result = serde_json::json!({ "boards": boards });
                    Report::new("rank", settings, inputs, notes, result).to_json()?
                } else {
                    Report::new("rank", settings, inputs, notes, boards.remove(0).board).to_json()?
                }
            }
        })
    }

    /// All that changes a number, as it was resolved.
    fn report_settings(&self, rule: RankRule) -> anyhow::Result<serde_json::Value> {
        let args = self.args;
        let anchor =
            self.scale.anchor.as_ref().map(|(item, rating)| serde_json::json!({ "item": item, "rating": rating }));
        let scale = (self.rating.entry.units == Units::LogOdds).then_some(self.scale.kind);
        let center = scale.filter(|_| anchor.is_none()).map(|kind| self.scale.centre.unwrap_or(kind.default_centre()));
        let mut settings = serde_json::json!({
            "method": self.rating.entry.name,
            "set": self.rating.set(),
            "interval": self.rating.interval,
            "level": args.rating.level,
            "resamples": args.rating.resamples,
            "cluster": args.rating.cluster,
            "rank_interval": rule,
            "rank_draws": RankSettings::default().draws,
            "scale": scale,
            "center": center,
            "anchor": anchor,
            "baseline": self.scale.baseline,
            "by": args.by,
            "min_comparisons": args.min_comparisons,
            "reading": serde_json::to_value(args.input.settings())?,
            "ballots": args.ballots.are_given(&args.input.logs).then_some(&args.ballots),
            "seed": self.global.seed,
        });
        settings
            .as_object_mut()
            .into_iter()
            .try_for_each(|all| args.covariates.report().map(|given| all.extend(given)))?;
        Ok(settings)
    }
}
