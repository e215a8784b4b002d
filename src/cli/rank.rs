//! `palio rank`: logs to leaderboards.

mod arguments;
mod ballots;
mod boards;
mod covariates;
mod known;
mod names;
mod previous;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, bail};
use palio::data::graph::PreferenceGraph;
use palio::data::read::{Comparisons, Input, LabelColumn, ReadOptions, Reading};
use palio::data::{Items, Log};
use palio::leaderboard::published::PublishedUnits;
use palio::leaderboard::{BoardSettings, ELO_PER_LOG_ODDS, Leaderboard, Scale, ScaleKind};
use palio::models::Units;
use palio::report::{self, Board, FixedBoard, Report};
use palio::structure::Note;
use palio::uncertainty::{NormalDraws, RankRule, RankSettings, Uncertainty};

pub(crate) use self::arguments::RankArgs;
use self::arguments::{ColumnsArg, RankRuleArg, check_numbers, scale};
use self::known::{BoardFile, Known};
use self::names::Renamed;
use super::filters;
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
    let format = plan.format()?;
    let output = Output::open(global)?;
    let Ranked { mut inputs, mut notes, mut boards } =
        if args.ballots.are_given(&args.input.logs) { plan.ballots()? } else { plan.log()? };
    inputs.extend(plan.files().map(|file| file.input.clone()));
    notes.extend(notes_of(&boards));
    notes.extend(plan.add_moves(&mut boards)?);
    warn(&notes, global);
    filters::tell_counts(&inputs, format, global);
    if matches!(format, Format::Csv | Format::Jsonl)
        && let Some(elsewhere) = boards.iter().find_map(|made| covariates::elsewhere(&made.board.board.fit.covariates))
    {
        tell(&elsewhere, global);
    }
    if !matches!(format, Format::Table | Format::Json) {
        for made in &boards {
            let words = [plan.words_of_placed(made), plan.words_of_moves(made)];
            words.iter().flatten().for_each(|words| tell(words.trim_end(), global));
        }
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
    /// What is known of items before the log is read.
    known: Option<Known>,
    previous: Option<BoardFile>,
    hidden: Vec<String>,
    renamed: Renamed,
    /// Draws for rank intervals, once it is known that several boards share them.
    draws: OnceLock<Arc<NormalDraws>>,
}

/// What was read and made of it.
struct Ranked {
    inputs: Vec<Input>,
    notes: Vec<Note>,
    boards: Vec<Made>,
}

/// A board of a fit.
struct Fit {
    board: Leaderboard,
    uncertainty: Uncertainty,
    rule: RankRule,
    fixed: Option<FixedBoard>,
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
    /// What the board is of, in words; `None` where there is only one.
    fn name(&self) -> Option<&str> {
        let by = self.board.by.as_deref().map(|by| if by.is_empty() { "(empty)" } else { by });
        by.or(self.board.of.as_ref().map(|of| of.board.as_str()))
    }
}

impl<'a> Plan<'a> {
    fn new(args: &'a RankArgs, global: &'a Global) -> anyhow::Result<Self> {
        let mut rating = Rating::with(&args.rating, args.covariates.settings(), global)?;
        args.covariates.check(&rating)?;
        check_numbers(args)?;
        boards::check_names(&args.board)?;
        let scale = scale(args, rating.entry)?;
        let hidden = args.hide.as_deref().map(names::hidden).transpose()?.unwrap_or_default();
        let renamed = args.rename.as_deref().map(Renamed::read).transpose()?.unwrap_or_default();
        // Names to hide may be those that are shown, as they stand on last week's board.
        let hidden = hidden.iter().flat_map(|name| renamed.log_names(name)).map(str::to_owned).collect();
        let known = Known::of(args, &rating, &scale, &renamed)?;
        let units = known::units(rating.entry, &scale);
        let previous = args.previous.as_deref().map(|path| BoardFile::read("--previous", path, &units)).transpose()?;
        let previous = previous.map(|file| file.shown(&renamed));
        rating.start = previous.as_ref().and_then(|file| start_of(file, &units, &renamed));
        Ok(Self { args, global, rating, scale, known, previous, hidden, renamed, draws: OnceLock::new() })
    }

    /// What reading must keep: rows only where something needs them.
    fn read_options(&self) -> anyhow::Result<ReadOptions> {
        let mut labels = self.rating.label_columns();
        labels.extend(self.args.by.clone().map(LabelColumn::Named));
        let covariates = self.args.covariates.columns()?;
        let keep = self.args.covariates.keep(self.rating.keep());
        Ok(ReadOptions { keep, labels, covariates, boards: self.args.board.clone(), ..ReadOptions::default() })
    }

    fn log(&self) -> anyhow::Result<Ranked> {
        self.args.ballots.refuse()?;
        let reading = self.args.input.read(self.read_options()?)?;
        let mut notes = input::notes(&self.args.input.reading, &reading);
        notes.extend(covariates::side_of_counts(&reading, &self.rating));
        notes.extend(self.unknown_names(items_of(&reading.comparisons)));
        notes.extend(reading.boards.iter().flat_map(|found| boards::empty_boards(&self.args.board, found)));
        let inputs = reading.inputs.clone();
        let boards = self.boards(reading, &mut notes)?;
        Ok(Ranked { inputs, notes, boards })
    }

    /// Of a profile there is one board.
    fn ballots(&self) -> anyhow::Result<Ranked> {
        self.refuse_for_ballots()?;
        let (profile, inputs) = self.args.ballots.read(&self.args.input.logs)?;
        let graph = profile.graph();
        let notes = self.unknown_names(graph.items());
        let rated = self.rating.rated_ballots(&graph, &profile)?;
        let mut made = self.made(None, self.plain_board(&graph, rated)?)?;
        let entries = profile.ballots().filter(|ballot| ballot.count > 0.0).count() as f64;
        made.board.board.graph.ballots = Some(if profile.is_weighted() { entries } else { profile.voters() });
        Ok(Ranked { inputs, notes, boards: vec![made] })
    }

    /// Refuses what rows of comparisons are asked for.
    fn refuse_for_ballots(&self) -> anyhow::Result<()> {
        let (by, board) = (self.args.by.is_some(), !self.args.board.is_empty());
        for (option, is_given) in [("--by", by), ("--board", board)] {
            if is_given {
                bail!("{option} is for comparisons, and the input holds ballots");
            }
        }
        if self.known.is_some() {
            bail!("{} are for comparisons, and the input holds ballots", known::OPTIONS);
        }
        if let Some(option) = self.args.covariates.of_comparisons() {
            bail!("{option} is for comparisons, and the input holds ballots");
        }
        self.args.input.refuse_for_ballots()
    }

    /// The boards of what was read. What there is to say of those that can't be made is added to the notes.
    fn boards(&self, mut reading: Reading, notes: &mut Vec<Note>) -> anyhow::Result<Vec<Made>> {
        let task = task_column(&reading);
        if let Some(found) = reading.boards.take() {
            return boards::made(self.named_boards(found, &reading.comparisons, task.as_deref()), notes);
        }
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
        self.share_draws(parts.len(), log.items().len());
        let one = |(value, part): (String, Log)| {
            let part = self.args.covariates.reweighted(part, &self.rating);
            let graph = PreferenceGraph::from_log(&part);
            let made = self.board(Some(value.clone()), &graph, Some(&part), task.as_deref());
            made.with_context(|| format!("board {value}"))
        };
        boards::made(parts.into_iter().map(one).collect(), notes)
    }

    fn board(
        &self,
        by: Option<String>,
        graph: &PreferenceGraph,
        log: Option<&Log>,
        task: Option<&str>,
    ) -> anyhow::Result<Made> {
        let fit = match &self.known {
            Some(known) => self.anchored_board(known, by.as_deref(), graph, log, task)?,
            None => self.plain_board(graph, self.rating.rated(graph, log, task)?)?,
        };
        self.made(by, fit)
    }

    fn made(&self, by: Option<String>, fit: Fit) -> anyhow::Result<Made> {
        let Fit { mut board, uncertainty, rule, fixed } = fit;
        self.renamed.apply(&mut board)?;
        let heading = Heading {
            interval: self.rating.interval_name(&uncertainty),
            level: self.args.rating.level,
            ranks: rule,
            weights: self.args.covariates.weights(),
            known: self.known.as_ref().and_then(Known::words),
        };
        Ok(Made { board: Board { by, of: None, fixed, previous: None, board }, heading })
    }

    /// The board of a fit to the evidence alone.
    fn plain_board(&self, graph: &PreferenceGraph, rated: Rated) -> anyhow::Result<Fit> {
        let Rated { fitted, mut uncertainty } = rated;
        uncertainty.notes.extend(self.few_resamples(uncertainty.members().len()));
        let settings = self.board_settings(graph.items().len())?;
        let board = Leaderboard::new(graph, &*fitted, &uncertainty, &settings)?;
        Ok(Fit { board, uncertainty, rule: settings.ranks.rule, fixed: None })
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
            ranks: self.ranks(self.rank_rule(items)?),
            draws: self.draws.get().cloned(),
            min_comparisons: self.args.min_comparisons,
            hidden: self.hidden.clone(),
        })
    }

    fn ranks(&self, rule: RankRule) -> RankSettings {
        let (level, seed) = (self.args.rating.level, self.global.seed);
        RankSettings { rule, level, seed, ..RankSettings::default() }
    }

    /// Has boards of up to so many items share their draws, where there are several.
    fn share_draws(&self, boards: usize, items: usize) {
        if boards > 1 && items <= SIMULTANEOUS_ITEMS {
            let draws = NormalDraws::new(items, self.ranks(RankRule::Simultaneous));
            self.draws.get_or_init(|| Arc::new(draws));
        }
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
                let board = board + &covariates::table(&made.board.board.fit.covariates);
                let told = [self.words_of_placed(made), self.words_of_moves(made)];
                told.into_iter().flatten().fold(board, |text, words| text + "\n" + &words)
            };
            let tables: Vec<String> = made.iter().map(table).collect();
            return Ok(filters::with_counts(inputs, &tables.join("\n")));
        }
        let rule = made.first().map_or(RankRule::Simultaneous, |made| made.heading.ranks);
        let mut boards: Vec<Board> = made.into_iter().map(|made| made.board).collect();
        Ok(match format {
            Format::Csv if self.args.columns == ColumnsArg::Arena => {
                report::arena_csv(&boards, &self.args.publish_date)?
            }
            Format::Jsonl if self.args.columns == ColumnsArg::Arena => {
                report::arena_jsonl(&boards, &self.args.publish_date)?
            }
            Format::Csv => report::csv(&boards)?,
            Format::Jsonl => report::jsonl(&boards)?,
            Format::Markdown => report::markdown(&boards),
            Format::Json | Format::Table => {
                let settings = self.report_settings(rule)?;
                if self.args.by.is_some() || !self.args.board.is_empty() {
                    let result = serde_json::json!({ "boards": boards });
                    Report::new("rank", settings, inputs, notes, result).to_json()?
                } else {
                    Report::new("rank", settings, inputs, notes, boards.remove(0)).to_json()?
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
        let center = scale
            .filter(|_| anchor.is_none() && self.known.is_none())
            .map(|kind| self.scale.centre.unwrap_or(kind.default_centre()));
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
            "anchors": if self.known.is_some() { args.anchor.as_slice() } else { &[] },
            "fixed": args.fixed,
            "priors": args.priors,
            "previous": args.previous,
            "hidden": self.hidden,
            "renamed": args.rename,
            "baseline": self.scale.baseline,
            "by": args.by,
            "boards": args.board,
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

impl Plan<'_> {
    /// How the result is written: the columns of public leaderboards are those of CSV unless asked otherwise.
    fn format(&self) -> anyhow::Result<Format> {
        let arena = self.args.columns == ColumnsArg::Arena;
        let format = Format::of(self.global, if arena { Format::Csv } else { Format::Table })?;
        if arena && !matches!(format, Format::Csv | Format::Jsonl) {
            bail!("--columns arena goes with --format csv or jsonl");
        }
        if !arena && !self.args.publish_date.is_empty() {
            bail!("--publish-date goes with --columns arena");
        }
        Ok(format)
    }

    /// The boards that were read beside the log.
    fn files(&self) -> impl Iterator<Item = &BoardFile> {
        let known = self.known.iter().flat_map(|known| known.fixed.iter().chain(&known.priors));
        known.chain(&self.previous)
    }

    /// What is to be said of names that were given and that the log has not.
    fn unknown_names(&self, items: &Items) -> Vec<Note> {
        let on_fixed = |name: &str| {
            let boards = self.known.iter().flat_map(|known| &known.fixed).flat_map(|file| &file.boards);
            let mut items = boards.flat_map(|board| &board.items);
            items.any(|item| self.renamed.log_names(&item.item).any(|known| known == name))
        };
        let is_item = |name: &str| items.get(name).is_some() || on_fixed(name);
        let priors =
            self.known.iter().filter_map(|known| known.unknown_priors(&self.renamed, |name| items.get(name).is_some()));
        let hidden = names::unknown("--hide", self.hidden.iter(), is_item);
        let renamed = names::unknown("--rename", self.renamed.of_log(), is_item);
        let anchors = self.args.anchor.iter().filter(|_| self.known.is_some()).map(|anchor| &anchor.item);
        [hidden, renamed, names::unknown("--anchor", anchors, is_item)].into_iter().flatten().chain(priors).collect()
    }

    /// Adds to each board what moved since the earlier one.
    fn add_moves(&self, boards: &mut [Made]) -> anyhow::Result<Vec<Note>> {
        let Some(file) = &self.previous else { return Ok(Vec::new()) };
        let is_difference = matches!(self.rating.entry.units, Units::LogOdds | Units::Points);
        let shifts = is_difference && self.scale.kind != ScaleKind::WinRate && self.known.is_none();
        let several = boards.len() > 1;
        let mut notes = Vec::from_iter(self.other_method(file));
        for made in boards {
            let name = made.board.name().map(str::to_owned);
            match previous::moves(file, name.as_deref(), &made.board.board, shifts, self.args.rating.level) {
                Ok(moves) => made.board.previous = Some(moves),
                Err(note) if note.code == previous::NOTHING_IN_COMMON && !several => bail!("{}", note.message),
                Err(note) => notes.push(match &name {
                    Some(name) => Note::new(note.code, format!("{name}: {}", note.message)),
                    None => note,
                }),
            }
        }
        Ok(notes)
    }

    /// A word where another method made the earlier board.
    fn other_method(&self, file: &BoardFile) -> Option<Note> {
        let mut methods = file.boards.iter().filter_map(|board| board.method.as_deref());
        let other = methods.find(|&method| method != self.rating.entry.name)?;
        let message = format!(
            "{} was made by {other} and this board by {}: what differs between the methods is among what moved",
            file.path, self.rating.entry.name
        );
        Some(Note::new("other-method", message))
    }

    fn words_of_placed(&self, made: &Made) -> Option<String> {
        let file = self.known.as_ref()?.fixed.as_ref()?;
        let has_intervals = made.heading.interval.is_some();
        Some(previous::words_of_placed(made.board.fixed.as_ref()?, &file.path, has_intervals))
    }

    fn words_of_moves(&self, made: &Made) -> Option<String> {
        Some(previous::words(made.board.previous.as_ref()?, &self.previous.as_ref()?.path))
    }
}

fn items_of(comparisons: &Comparisons) -> &Items {
    match comparisons {
        Comparisons::Counts(tally) => tally.items(),
        Comparisons::Rows(log) => log.items(),
    }
}

/// The ratings of an earlier board from which fits start, in log-odds and by the log's names.
fn start_of(file: &BoardFile, units: &PublishedUnits, renamed: &Renamed) -> Option<BTreeMap<String, f64>> {
    let factor = match units {
        PublishedUnits::Elo => ELO_PER_LOG_ODDS,
        PublishedUnits::LogOdds => 1.0,
        PublishedUnits::WinRate(_) | PublishedUnits::Own(_) => return None,
    };
    let items = &file.board(None)?.items;
    let named = items.iter().flat_map(|item| renamed.log_names(&item.item).map(move |name| (name, item.rating)));
    Some(named.map(|(name, rating)| (name.to_owned(), rating / factor)).collect())
}
