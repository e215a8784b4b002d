//! Ratings that are known before the log is read: boards that stay, anchors, priors.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use palio::data::graph::PreferenceGraph;
use palio::data::read::Input;
use palio::data::{Items, Log};
use palio::leaderboard::published::{PublishedBoard, PublishedItem, PublishedUnits, matching, read_boards};
use palio::leaderboard::{BoardSettings, ELO_PER_LOG_ODDS, Leaderboard, Row, Scale, ScaleKind, normal_quantile};
use palio::models::anchored::{AnchoredBradleyTerry, Prior};
use palio::models::{Fitted, RaterEntry, Units};
use palio::report::FixedBoard;
use palio::structure::Note;
use xxhash_rust::xxh3::xxh3_64;

use super::names::{self, Renamed};
use super::{Fit, Plan, RankArgs};
use crate::cli::rating::{IntervalKind, Rating};

/// A rating that an item is given.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(super) struct Anchor {
    pub(super) item: String,
    pub(super) rating: f64,
    /// The standard deviation of the normal prior around it; without one the rating stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deviation: Option<f64>,
}

impl Anchor {
    /// From `ITEM=RATING`, `ITEM=RATING±SD` or `ITEM=RATING+-SD`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let form = "write ITEM=RATING, or ITEM=RATING±SD (or +-SD) for a rating that is known so far";
        let (item, value) = text.rsplit_once('=').ok_or_else(|| format!("this is not of that form; {form}"))?;
        let (rating, deviation) = match value.split_once('±').or_else(|| value.split_once("+-")) {
            Some((rating, deviation)) => (rating, Some(deviation)),
            None => (value, None),
        };
        let number = |text: &str| {
            const LARGEST: f64 = 1e6;
            let number = text.trim().parse().ok().filter(|number: &f64| number.abs() <= LARGEST);
            number.ok_or_else(|| format!("'{text}' is not a number up to a million; {form}"))
        };
        let deviation = deviation.map(number).transpose()?;
        if deviation.is_some_and(|deviation| deviation <= 0.0) {
            return Err("a deviation is above 0; leave it out for a rating that stays".to_owned());
        }
        Ok(Self { item: item.to_owned(), rating: number(rating)?, deviation })
    }
}

/// A file of boards, and what is told of it in the result.
#[derive(Debug, Clone)]
pub(super) struct BoardFile {
    pub(super) path: String,
    pub(super) boards: Vec<PublishedBoard>,
    pub(super) input: Input,
}

impl BoardFile {
    /// The boards of a file that an option names, in the units of the board that is made.
    pub(super) fn read(option: &str, path: &Path, units: &PublishedUnits) -> anyhow::Result<Self> {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| format!("cannot read the board {shown}"))?;
        let boards = read_boards(&shown, &bytes)?;
        for board in boards.iter().filter(|board| board.units.is_none()) {
            check_scale(option, &shown, board, units)?;
        }
        let converted = |board: &PublishedBoard| {
            board.in_units(units).with_context(|| {
                let found = board.units.as_ref().map_or_else(String::new, ToString::to_string);
                format!(
                    "{option} {shown}: its ratings are {found}, and those here {units}, which can't be made of them; give \
                     a board in {units}, or ask for {found} here too"
                )
            })
        };
        let boards: Vec<PublishedBoard> = boards.iter().map(converted).collect::<anyhow::Result<_>>()?;
        let rows = boards.iter().map(|board| board.items.len() as u64).sum();
        let input = Input {
            path: shown.clone(),
            rows,
            xxh3: format!("{:016x}", xxh3_64(&bytes)),
            from: None,
            delimiter: None,
            filters: None,
        };
        Ok(Self { path: shown, boards, input })
    }

    /// The same boards, their items called as they are shown.
    pub(super) fn shown(mut self, renamed: &Renamed) -> Self {
        for board in &mut self.boards {
            let names = board.items.iter_mut().map(|item| &mut item.item).chain(&mut board.unrated);
            names.for_each(|name| *name = renamed.shown(name).to_owned());
        }
        self
    }

    /// The names of all items on its boards, each once.
    fn items(&self) -> BTreeSet<&str> {
        self.boards.iter().flat_map(|board| &board.items).map(|item| item.item.as_str()).collect()
    }

    /// The board that goes with one of that name.
    pub(super) fn board(&self, name: Option<&str>) -> Option<&PublishedBoard> {
        matching(&self.boards, name)
    }

    /// The names of its boards, for a message.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.boards.iter().map(|board| board.name.as_deref().unwrap_or("(no name)")).collect();
        names.join(", ")
    }
}

/// Refuses ratings that can't be on this scale, of a board that does not say on which they are.
fn check_scale(option: &str, path: &str, board: &PublishedBoard, units: &PublishedUnits) -> anyhow::Result<()> {
    /// No log-odds are larger, and all points of an Elo board within less of 0 are no Elo board.
    const MOST_LOG_ODDS: f64 = 50.0;
    const LEAST_ELO: f64 = 10.0;
    let largest = board.items.iter().map(|item| item.rating.abs()).fold(0.0, f64::max);
    let mend = match units {
        PublishedUnits::Elo if board.items.len() > 1 && largest < LEAST_ELO => {
            "log-odds or shares; give --scale log-odds"
        }
        PublishedUnits::LogOdds if largest > MOST_LOG_ODDS => "Elo points; leave out --scale log-odds",
        _ => return Ok(()),
    };
    bail!(
        "{option} {path}: its ratings, of which the largest is {largest}, are not {units} as those here but seem to be {mend}, \
         or give the board as JSON, which says what its ratings are"
    )
}

/// What is known before the log is read.
#[derive(Debug)]
pub(super) struct Known {
    anchors: Vec<Anchor>,
    pub(super) fixed: Option<BoardFile>,
    pub(super) priors: Option<BoardFile>,
    /// Points of the scale a unit of log-odds.
    factor: f64,
    kind: ScaleKind,
}

impl Known {
    /// `None` where nothing is known but at most where the scale lies.
    pub(super) fn of(
        args: &RankArgs,
        rating: &Rating<'_>,
        scale: &Scale,
        renamed: &Renamed,
    ) -> anyhow::Result<Option<Self>> {
        let units = units(rating.entry, scale);
        let read = |option: &str, path: &Option<PathBuf>| {
            path.as_deref().map(|path| BoardFile::read(option, path, &units)).transpose()
        };
        if args.fixed.is_none() && args.priors.is_none() && scale.anchor.is_some() | args.anchor.is_empty() {
            return Ok(None);
        }
        check(args, rating, scale)?;
        let factor = if scale.kind == ScaleKind::Elo { ELO_PER_LOG_ODDS } else { 1.0 };
        let (fixed, priors) = (read("--fixed", &args.fixed)?, read("--priors", &args.priors)?);
        for item in fixed.iter().flat_map(BoardFile::items) {
            if let Some(anchor) = args.anchor.iter().find(|it| renamed.log_names(item).any(|name| name == it.item)) {
                bail!(
                    "--anchor {}: the board of --fixed has this item, and its rating stays there; leave out one of them",
                    anchor.item
                );
            }
        }
        Ok(Some(Self { anchors: args.anchor.clone(), fixed, priors, factor, kind: scale.kind }))
    }

    /// What priors were put on ratings, in words, if there are any.
    pub(super) fn words(&self) -> Option<String> {
        let of_boards = self.priors.as_ref().map(|file| format!("the board {}", file.path));
        let anchors = self.anchors.iter().filter(|anchor| anchor.deviation.is_some()).count();
        let of_anchors = (anchors > 0).then(|| format!("{anchors} --anchor with ±"));
        let sources: Vec<String> = of_boards.into_iter().chain(of_anchors).collect();
        let from = sources.join(" and ");
        (!sources.is_empty()).then(|| format!("priors from {from}, as if independent of this log"))
    }

    /// The board of a file that goes with one of that name.
    fn board<'f>(file: Option<&'f BoardFile>, name: Option<&str>) -> anyhow::Result<&'f [PublishedItem]> {
        let Some(file) = file else { return Ok(&[]) };
        let board = file.board(name).with_context(|| {
            format!(
                "{} has no board for this one ({}); its boards are {}",
                file.path,
                name.unwrap_or("of all rows"),
                file.names()
            )
        })?;
        Ok(&board.items)
    }

    /// The items that stay, by the log's names.
    fn staying(&self, name: Option<&str>, of_log: &OfLog<'_>) -> anyhow::Result<Vec<PublishedItem>> {
        of_log.called(Self::board(self.fixed.as_ref(), name)?)
    }

    /// What the fit is told, in log-odds. An anchor goes before a prior of a board.
    fn model(
        &self,
        name: Option<&str>,
        of_log: &OfLog<'_>,
        staying: &[PublishedItem],
    ) -> anyhow::Result<AnchoredBradleyTerry> {
        let mut priors = Vec::new();
        for item in of_log.called(Self::board(self.priors.as_ref(), name)?)? {
            let deviation = item.error().filter(|&error| error > 0.0).with_context(|| {
                format!("--priors: the board gives no standard error, variance or interval for {:?}", item.item)
            })?;
            priors.push(self.prior(&item.item, item.rating, deviation));
        }
        priors.extend(staying.iter().map(|item| self.prior(&item.item, item.rating, 0.0)));
        let anchors = self.anchors.iter();
        priors.extend(anchors.map(|it| self.prior(&it.item, it.rating, it.deviation.unwrap_or(0.0))));
        Ok(AnchoredBradleyTerry { priors })
    }

    /// The names on the boards of `--priors` that the log has not.
    pub(super) fn unknown_priors(&self, renamed: &Renamed, is_item: impl Fn(&str) -> bool) -> Option<Note> {
        let names = self.priors.iter().flat_map(BoardFile::items).map(str::to_owned).collect::<Vec<_>>();
        names::unknown("--priors", names.iter(), |name| renamed.log_names(name).any(&is_item))
    }

    fn prior(&self, item: &str, rating: f64, deviation: f64) -> Prior {
        Prior { item: item.to_owned(), rating: rating / self.factor, deviation: deviation / self.factor }
    }

    /// The scale on which the fit's own origin is shown as it is.
    fn scale(&self, graph: &PreferenceGraph, fitted: &dyn Fitted) -> Scale {
        let first = graph.items().iter().next().unwrap_or_default().to_owned();
        let shown = fitted.ratings().first().map_or(0.0, |rating| self.factor * rating);
        Scale { kind: self.kind, anchor: Some((first, shown)), ..Scale::default() }
    }
}

/// What ratings of a rater are in on a scale.
pub(super) fn units(entry: &RaterEntry, scale: &Scale) -> PublishedUnits {
    match (entry.units, scale.kind) {
        (Units::LogOdds, ScaleKind::Elo) => PublishedUnits::Elo,
        (Units::LogOdds, ScaleKind::LogOdds) => PublishedUnits::LogOdds,
        (Units::LogOdds, ScaleKind::WinRate) => PublishedUnits::WinRate(scale.baseline.clone()),
        _ => PublishedUnits::Own(entry.name.to_owned()),
    }
}

/// The options that say what is known.
pub(super) const OPTIONS: &str = "--fixed, --priors and anchors with a deviation or of several items";

fn check(args: &RankArgs, rating: &Rating<'_>, scale: &Scale) -> anyhow::Result<()> {
    let what = OPTIONS;
    if let Some(option) = args.covariates.of_rows() {
        bail!("{what} fit no covariates; leave out {option}");
    }
    if scale.kind == ScaleKind::WinRate {
        bail!("{what} go with --scale elo or log-odds");
    }
    if args.center.is_some() {
        bail!("--center moves all ratings, and {what} say where they are; leave it out");
    }
    if rating.interval == IntervalKind::Bootstrap {
        bail!("{what} go with --interval sandwich, fisher or none");
    }
    let set = rating.set();
    let is = |key: &str, values: &[&str]| set.get(key).and_then(|it| it.as_str()).is_none_or(|it| values.contains(&it));
    let plain = is("ties", &["half", "drop"]) && is("penalty", &["0"]) && is("pseudo_count", &["0"]);
    if rating.entry.name != "bradley-terry" || rating.entry.units != Units::LogOdds || !plain {
        bail!("{what} go with --method bradley-terry, --ties half or drop, and no penalty or pseudo counts");
    }
    Ok(())
}

impl Plan<'_> {
    /// The board of a fit that is told what is known.
    pub(super) fn anchored_board(
        &self,
        known: &Known,
        name: Option<&str>,
        graph: &PreferenceGraph,
        log: Option<&Log>,
        task: Option<&str>,
    ) -> anyhow::Result<Fit> {
        let of_log = OfLog { renamed: &self.renamed, items: graph.items() };
        let staying = known.staying(name, &of_log)?;
        let model = known.model(name, &of_log, &staying)?;
        let graph = graph.with_items(staying.iter().map(|item| item.item.as_str()));
        let places: HashMap<&str, &PublishedItem> = staying.iter().map(|item| (item.item.as_str(), item)).collect();
        let error = |item: &str| places.get(item).and_then(|item| item.error()).map_or(0.0, |it| it / known.factor);
        let held: Vec<f64> = graph.items().iter().map(error).collect();
        let rated = self.rating.anchored(&graph, log, task, &model, &held)?;
        let scale = known.scale(&graph, &*rated.fitted);
        let mut settings = BoardSettings { scale, ..self.board_settings(graph.items().len())? };
        if !staying.is_empty() {
            // What stays on a board stays whatever the log has of it.
            let records = graph.records().into_iter().zip(graph.items().iter());
            let few = records
                .filter(|(record, item)| record.comparisons() < settings.min_comparisons && !places.contains_key(item));
            settings.hidden.extend(few.map(|(_, item)| item.to_owned()));
            settings.min_comparisons = 0.0;
        }
        let mut board = Leaderboard::new(&graph, &*rated.fitted, &rated.uncertainty, &settings)?;
        for row in &mut board.items {
            if let Some(item) = places.get(row.item.as_str()) {
                keep(row, item, self.args.rating.level);
            }
            // What stays is shown as it was given, not as it comes back from log-odds.
            let anchor = known.anchors.iter().find(|it| it.item == row.item && it.deviation.is_none());
            row.rating = anchor.map_or(row.rating, |anchor| Some(anchor.rating));
        }
        let fixed = known.fixed.as_ref().map(|_| placed(&board, &staying, &self.renamed));
        if let (Some(fixed), true) = (&fixed, self.rating.interval != IntervalKind::None) {
            board.notes.extend(without_errors(fixed));
        }
        Ok(Fit { board, uncertainty: rated.uncertainty, rule: settings.ranks.rule, fixed })
    }
}

/// What is to be said of the items that were placed on a board.
fn placed(board: &Leaderboard, staying: &[PublishedItem], renamed: &Renamed) -> FixedBoard {
    let new = |row: &&Row| !staying.iter().any(|item| item.item == row.item);
    FixedBoard {
        staying: staying.len(),
        without_error: staying.iter().filter(|item| item.error().is_none()).count(),
        new: board.items.iter().filter(new).map(|row| renamed.shown(&row.item).to_owned()).collect(),
    }
}

/// A warning where the board's ratings must be taken as exact.
fn without_errors(fixed: &FixedBoard) -> Option<Note> {
    let message = format!(
        "the fixed board gives no error of {} of its {} items: the intervals of new items take these ratings as exact, \
         and are too narrow as far as they are not",
        fixed.without_error, fixed.staying
    );
    (fixed.without_error > 0 && !fixed.new.is_empty()).then(|| Note::new("board-without-errors", message))
}

/// What the log's items are called on boards.
struct OfLog<'a> {
    renamed: &'a Renamed,
    items: &'a Items,
}

impl OfLog<'_> {
    /// Items of a board by the log's names.
    fn called(&self, items: &[PublishedItem]) -> anyhow::Result<Vec<PublishedItem>> {
        let mut seen = HashMap::new();
        let mut found = Vec::new();
        for item in items {
            let name = self.renamed.log_name(&item.item, |name| self.items.get(name).is_some()).to_owned();
            if let Some(other) = seen.insert(name.clone(), &item.item) {
                bail!(
                    "the board has {other:?} and {:?}, which are both {name:?} by --rename; keep one of them",
                    item.item
                );
            }
            found.push(PublishedItem { item: name, ..item.clone() });
        }
        Ok(found)
    }
}

/// Shows an item that stays as its board has it, with an interval of the level that is asked for here. What is told of
/// ranks is told of the new items.
fn keep(row: &mut Row, item: &PublishedItem, level: f64) {
    row.rating = Some(item.rating);
    row.std_error = item.error();
    let half = item.error().map(|error| error * normal_quantile(level));
    (row.low, row.high) = (half.map(|half| item.rating - half), half.map(|half| item.rating + half));
    (row.rank_best, row.rank_worst, row.separated_from_next) = (None, None, None);
    row.tied_with.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_ratings_with_or_without_a_deviation() {
        let anchor = |rating, deviation| Anchor { item: "a=b".to_owned(), rating, deviation };
        assert_eq!(Anchor::parse("a=b=1114"), Ok(anchor(1114.0, None)));
        assert_eq!(Anchor::parse("a=b=-5.5±20"), Ok(anchor(-5.5, Some(20.0))));
        assert_eq!(Anchor::parse("a=b=1e3+-2"), Ok(anchor(1000.0, Some(2.0))));
        for (text, part) in [
            ("x", "not of that form"),
            ("x=high", "'high' is not a number"),
            ("x=1e300", "up to a million"),
            ("x=1±0", "above 0"),
        ] {
            assert!(Anchor::parse(text).unwrap_err().contains(part), "{text}");
        }
    }
}
