//! `palio rank`: logs to leaderboards.

mod arguments;

use std::borrow::Cow;

use anyhow::{Context, bail};
use palio::data::graph::PreferenceGraph;
use palio::data::read::{Comparisons, Input, Keep, LabelColumn, ReadOptions, Reading, Role};
use palio::data::{Labels, Log};
use palio::leaderboard::{BoardSettings, Leaderboard, Scale};
use palio::models::{Evidence, Fitted, Needs, RATERS, Rater, RaterEntry, Settings, Units};
use palio::report::{self, Board, Report};
use palio::structure::Note;
use palio::uncertainty::{
    BootstrapSettings, Clusters, CovarianceKind, FEW_CLUSTERS, RankRule, RankSettings, Uncertainty, bootstrap,
    covariance,
};

pub(crate) use self::arguments::RankArgs;
use self::arguments::{IntervalKind, RankRuleArg, check_numbers, interval, scale};
use super::input;
use super::output::{Format, Output, progress_bar, warn};
use super::table::{self, Heading};
use super::{Ended, Global};

/// Above this many items joint tests of all pairs take too much memory.
const MOST_SIMULTANEOUS_ITEMS: usize = 2_000;
/// Above this many items rank intervals are by overlap unless asked otherwise.
const SIMULTANEOUS_ITEMS: usize = 500;

/// The rater of this name, or an error that lists them.
fn find_rater(name: &str) -> anyhow::Result<&'static RaterEntry> {
    RaterEntry::find(name).with_context(|| {
        let known: Vec<&str> = RATERS.iter().map(|entry| entry.name).collect();
        format!("there is no method '{name}'; there are: {}", known.join(", "))
    })
}

/// Reads, rates, ranks and writes.
pub(super) fn run(args: &RankArgs, global: &Global) -> anyhow::Result<Ended> {
    let plan = Plan::new(args, global)?;
    let format = Format::of(global, Format::Table)?;
    let output = Output::open(global)?;
    let reading = args.input.read(plan.read_options())?;
    let mut notes = input::notes(&args.input.reading, &reading);
    let inputs = reading.inputs.clone();
    let boards = plan.boards(reading)?;
    notes.extend(notes_of(&boards));
    warn(&notes, global);
    let bytes = plan.written(format, boards, &inputs, &notes)?;
    output.write(&bytes)?;
    Ok(Ended::with(&notes))
}

/// The arguments, checked and resolved.
struct Plan<'a> {
    args: &'a RankArgs,
    global: &'a Global,
    entry: &'static RaterEntry,
    rater: Box<dyn Rater>,
    settings: Settings,
    interval: IntervalKind,
    scale: Scale,
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
        let entry = find_rater(&args.method)?;
        let mut settings = Settings::parse(&args.set)?;
        settings.seed = global.seed;
        if let Some(ties) = &args.ties {
            settings.set("ties", ties);
        }
        check_numbers(args)?;
        let plan = Self {
            args,
            global,
            entry,
            rater: entry.rater(&settings)?,
            interval: interval(args, entry)?,
            scale: scale(args, entry)?,
            settings,
        };
        if !plan.clusters_matter() && !matches!(args.cluster.as_str(), "auto" | "none") {
            bail!("--cluster {} goes with --interval sandwich or bootstrap", args.cluster);
        }
        Ok(plan)
    }

    /// What reading must keep: rows only where something needs them.
    fn read_options(&self) -> ReadOptions {
        let mut labels = Vec::new();
        if self.clusters_matter() {
            match self.args.cluster.as_str() {
                "none" => {}
                "auto" => labels.push(LabelColumn::Role(Role::Task)),
                column => labels.push(LabelColumn::Named(column.to_owned())),
            }
        }
        labels.extend(self.args.by.clone().map(LabelColumn::Named));
        let keep = if self.entry.needs == Needs::Rows { Keep::Rows } else { Keep::Counts };
        ReadOptions { keep, labels, ..ReadOptions::default() }
    }

    fn clusters_matter(&self) -> bool {
        matches!(self.interval, IntervalKind::Sandwich | IntervalKind::Bootstrap)
    }

    fn boards(&self, reading: Reading) -> anyhow::Result<Vec<Made>> {
        let task =
            reading.notes.label_roles.iter().find(|(role, _)| *role == Role::Task).map(|(_, column)| column.clone());
        let log = match reading.comparisons {
            Comparisons::Counts(tally) => {
                return Ok(vec![self.board(None, &PreferenceGraph::from_tally(tally), None, None)?]);
            }
            Comparisons::Rows(log) if self.args.input.sorts_by_time() => log.sorted_by_time(),
            Comparisons::Rows(log) => log,
        };
        let Some(column) = &self.args.by else {
            return Ok(vec![self.board(None, &PreferenceGraph::from_log(&log), Some(&log), task.as_deref())?]);
        };
        let labels = log.labels(column).context("the column to split by was not read")?;
        let parts = log.split(labels);
        parts
            .iter()
            .map(|(value, part)| {
                self.board(Some(value.clone()), &PreferenceGraph::from_log(part), Some(part), task.as_deref())
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
        let rows = log.filter(|_| self.entry.needs == Needs::Rows);
        let evidence = Evidence { graph, rows };
        let fitted = self.rater.fit(evidence, None)?;
        let labels = log.and_then(|log| self.cluster_labels(log, task));
        let own = labels.and_then(Labels::with_own_where_empty);
        let unlabelled = own.as_ref().map(|(_, rows)| *rows);
        let labels = own.as_ref().map(|(labels, _)| labels).or(labels);
        let clusters = match (log, labels) {
            (Some(log), Some(labels)) => Some((Clusters::new(log, labels, graph), labels)),
            _ => None,
        };
        let clusters = clusters.as_ref().map(|(clusters, labels)| (clusters, *labels));
        let mut uncertainty = self.uncertainty(evidence, &*fitted, clusters)?;
        uncertainty
            .notes
            .extend(clusters.zip(unlabelled).map(|((clusters, _), rows)| unlabelled_rows(rows, &clusters.column)));
        uncertainty.notes.extend(self.few_resamples(uncertainty.members().len()));
        let settings = self.board_settings(graph.items().len())?;
        let board = Leaderboard::new(graph, &*fitted, &uncertainty, &settings)?;
        let heading =
            Heading { interval: self.interval_name(&uncertainty), level: self.args.level, ranks: settings.ranks.rule };
        Ok(Made { board: Board { by, board }, heading })
    }

    /// The labels that rows are clustered by, if any.
    fn cluster_labels<'l>(&self, log: &'l Log, task: Option<&str>) -> Option<&'l Labels> {
        if !self.clusters_matter() {
            return None;
        }
        match self.args.cluster.as_str() {
            "none" => None,
            "auto" => log.labels(task?).filter(|labels| labels.names.len() >= FEW_CLUSTERS),
            column => log.labels(column),
        }
    }

    fn uncertainty(
        &self,
        evidence: Evidence<'_>,
        fitted: &dyn Fitted,
        clusters: Option<(&Clusters, &Labels)>,
    ) -> anyhow::Result<Uncertainty> {
        let closed = |kind| covariance(fitted, evidence.graph, kind, clusters.map(|(clusters, _)| clusters));
        Ok(match self.interval {
            IntervalKind::None => Uncertainty::unknown(evidence.graph.items().len()),
            IntervalKind::Fisher => closed(CovarianceKind::Fisher),
            IntervalKind::Sandwich => closed(CovarianceKind::Sandwich),
            IntervalKind::Bootstrap => {
                let settings = BootstrapSettings {
                    resamples: self.args.resamples,
                    seed: self.global.seed,
                    units: self.entry.units,
                };
                let bar = progress_bar(u64::from(self.args.resamples), "resampling", self.global);
                let found = bootstrap(&*self.rater, evidence, fitted, clusters, settings, &|| bar.inc(1))?;
                bar.finish_and_clear();
                found
            }
        })
    }

    /// A note where resamples are too few for joint statements about all pairs.
    fn few_resamples(&self, members: usize) -> Option<Note> {
        let few = self.interval == IntervalKind::Bootstrap && (self.args.resamples as usize) < 2 * members;
        few.then(|| {
            let message = format!(
                "{} resamples of {members} items: rank ranges are poorly known; give --resamples {} or more",
                self.args.resamples,
                2 * members
            );
            Note::new("few-resamples", message)
        })
    }

    fn board_settings(&self, items: usize) -> anyhow::Result<BoardSettings> {
        Ok(BoardSettings {
            units: self.entry.units,
            scale: self.scale.clone(),
            ranks: RankSettings {
                rule: self.rank_rule(items)?,
                level: self.args.level,
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
            Some(_) if items > MOST_SIMULTANEOUS_ITEMS => {
                bail!(
                    "{items} items: simultaneous rank intervals work up to {MOST_SIMULTANEOUS_ITEMS}; use --rank-interval overlap"
                )
            }
            Some(RankRuleArg::Simultaneous) | None => Ok(RankRule::Simultaneous),
        }
    }

    /// How errors were made, in words; `None` if there are none.
    fn interval_name(&self, uncertainty: &Uncertainty) -> Option<&'static str> {
        if uncertainty.members().is_empty() {
            return None;
        }
        match self.interval {
            IntervalKind::Sandwich => Some("sandwich"),
            IntervalKind::Fisher => Some("Fisher"),
            IntervalKind::Bootstrap => Some("bootstrap"),
            IntervalKind::None => None,
        }
    }

    fn written(&self, format: Format, made: Vec<Made>, inputs: &[Input], notes: &[Note]) -> anyhow::Result<Vec<u8>> {
        if format == Format::Table {
            let tables: Vec<String> =
                made.iter().map(|made| table::leaderboard(&made.board, &made.heading, self.entry)).collect();
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
        let settings = self.entry.settings.iter();
        let set: serde_json::Map<String, serde_json::Value> = settings
            .map(|it| (it.name.to_owned(), Cow::from(self.settings.get(it.name).unwrap_or(it.default)).into()))
            .collect();
        let anchor =
            self.scale.anchor.as_ref().map(|(item, rating)| serde_json::json!({ "item": item, "rating": rating }));
        let scale = (self.entry.units == Units::LogOdds).then_some(self.scale.kind);
        let center = scale.filter(|_| anchor.is_none()).map(|kind| self.scale.centre.unwrap_or(kind.default_centre()));
        Ok(serde_json::json!({
            "method": self.entry.name,
            "set": set,
            "interval": self.interval,
            "level": args.level,
            "resamples": args.resamples,
            "cluster": args.cluster,
            "rank_interval": rule,
            "rank_draws": RankSettings::default().draws,
            "scale": scale,
            "center": center,
            "anchor": anchor,
            "baseline": self.scale.baseline,
            "by": args.by,
            "min_comparisons": args.min_comparisons,
            "reading": serde_json::to_value(args.input.settings())?,
            "seed": self.global.seed,
        }))
    }
}

fn unlabelled_rows(rows: usize, column: &str) -> Note {
    let message = format!("{rows} rows have no {column}: each was taken as a cluster of its own");
    Note::new("rows-without-cluster", message)
}
