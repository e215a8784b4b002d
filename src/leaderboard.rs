//! Leaderboards: ratings on a scale people read, ranks, and what is known of both.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use crate::data::ItemId;
use crate::data::graph::{PreferenceGraph, Record};
use crate::models::general_preference::{BlockReading, Canonical, Search};
use crate::models::{Fitted, FittedCovariate, Units};
use crate::structure::{Note, Status};
use crate::uncertainty::{ClusterSummary, RankIntervals, RankSettings, Uncertainty, rank_intervals, share_slope};

/// Elo points a unit of natural log-odds.
pub const ELO_PER_LOG_ODDS: f64 = 400.0 / std::f64::consts::LN_10;

/// The scale on which log-odds ratings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScaleKind {
    /// Elo points: a lead of 400 is odds of 10 to 1.
    Elo,
    /// Natural log-odds, as fitted.
    LogOdds,
    /// The fitted share of comparisons won against the baseline.
    WinRate,
}

impl ScaleKind {
    /// What the mean item is shown as unless another centre is asked for.
    pub fn default_centre(self) -> f64 {
        match self {
            Self::Elo => 1000.0,
            Self::LogOdds => 0.0,
            Self::WinRate => 0.5,
        }
    }
}

/// How log-odds ratings are shown. Other raters are shown in their own units.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// The scale.
    pub kind: ScaleKind,
    /// What the mean of the identified items (of all where none is) is shown as; by default 1000 on the
    /// Elo scale and 0 in log-odds.
    pub centre: Option<f64>,
    /// An item whose rating is shown as this number, in place of a centre. It moves the numbers,
    /// not the errors, which stay those relative to the mean item.
    pub anchor: Option<(String, f64)>,
    /// The item that a win rate is against; by default the mean item.
    pub baseline: Option<String>,
}

impl Default for Scale {
    fn default() -> Self {
        Self { kind: ScaleKind::Elo, centre: None, anchor: None, baseline: None }
    }
}

/// Why a board can't be made as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScaleError {
    /// The anchor or the baseline is not an item of the log.
    #[error("the log has no item '{name}' to be the {role}; it has {items} items, '{example}' among them")]
    UnknownItem {
        /// The name given.
        name: String,
        /// What it was to be.
        role: &'static str,
        /// The number of items.
        items: usize,
        /// One of them.
        example: String,
    },
}

/// How a board is made from a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardSettings {
    /// What the rater's numbers mean.
    pub units: Units,
    /// The scale.
    pub scale: Scale,
    /// How ranks are told, and the level of all intervals.
    pub ranks: RankSettings,
    /// Items with fewer comparisons are hidden, after the fit.
    pub min_comparisons: f64,
}

impl Default for BoardSettings {
    fn default() -> Self {
        Self { units: Units::LogOdds, scale: Scale::default(), ranks: RankSettings::default(), min_comparisons: 0.0 }
    }
}

/// One row of a leaderboard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The rank; items with equal ratings share it.
    pub rank: usize,
    /// The best rank it may have. Not available without an error.
    pub rank_best: Option<usize>,
    /// The worst rank it may have.
    pub rank_worst: Option<usize>,
    /// The item's name.
    pub item: String,
    /// The rating, on the board's scale. Not available for an item that the method can't rate.
    pub rating: Option<f64>,
    /// Its standard error, on the board's scale.
    pub std_error: Option<f64>,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Comparisons won.
    pub wins: f64,
    /// Comparisons lost.
    pub losses: f64,
    /// Comparisons tied.
    pub ties: f64,
    /// All comparisons.
    pub comparisons: f64,
    /// Whether the data identify the rating.
    pub identified: bool,
    /// Whether it is surely above the next row. Not available without errors of both.
    pub separated_from_next: Option<bool>,
    /// The fitted share of comparisons won against the next row, for methods that predict.
    pub win_rate_against_next: Option<f64>,
    /// Its coordinates in the blocks of a general preference embedding, (a, b) a block; of other raters none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vector: Vec<f64>,
    /// The ranks of the other items that it can't be told from, as ranges `[first, last]`.
    pub tied_with: Vec<(usize, usize)>,
}

/// How the fit went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitSummary {
    /// Whether it converged.
    pub converged: bool,
    /// Iterations used.
    pub iterations: u32,
    /// The largest component of the gradient left.
    pub gradient_norm: Option<f64>,
    /// The log-likelihood of the log at the ratings.
    pub log_likelihood: Option<f64>,
    /// Further fitted parameters; null where the data hold none.
    pub parameters: BTreeMap<&'static str, Option<f64>>,
    /// The covariates and their effects; none where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub covariates: Vec<CovariateRow>,
    /// The blocks of a general preference embedding, the largest first; none of other raters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<BlockReading>,
    /// The cross-validation that chose their number and the penalties; `None` of other raters, and where nothing
    /// was to be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// What clustering did to the errors, where comparisons were clustered.
    pub cluster: Option<ClusterSummary>,
}

/// A covariate and its effect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CovariateRow {
    /// What was fitted.
    #[serde(flatten)]
    pub fitted: FittedCovariate,
    /// The standard error of its coefficient.
    pub std_error: Option<f64>,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

impl CovariateRow {
    /// The covariates of a fit with their errors and intervals.
    fn all(fitted: &dyn Fitted, uncertainty: &Uncertainty, level: f64) -> Vec<Self> {
        let mut errors = uncertainty.coefficient_errors().iter().copied();
        let row = |fitted: FittedCovariate| {
            let std_error = fitted.coefficient.filter(|_| fitted.identified).and_then(|_| errors.next());
            let interval = fitted.coefficient.zip(std_error);
            let interval = interval.map(|(middle, error)| uncertainty.coefficient_interval(middle, error, level));
            Self { std_error, low: interval.map(|(low, _)| low), high: interval.map(|(_, high)| high), fitted }
        };
        fitted.covariates().into_iter().map(row).collect()
    }
}

/// What the log looked like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GraphSummary {
    /// Items, hidden ones included.
    pub items: usize,
    /// Pairs that met.
    pub pairs: usize,
    /// Comparisons.
    pub comparisons: f64,
    /// The ballots that they come from: how many voters cast one, or entries where these have weights. `None` of a log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ballots: Option<f64>,
    /// Weak components.
    pub components: usize,
    /// Strong components.
    pub strong_components: usize,
    /// What the data can answer.
    pub status: Status,
}

/// Items with ranks, ratings and intervals, best first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Leaderboard {
    /// The rows, best first; equal ones by name.
    pub items: Vec<Row>,
    /// How the fit went.
    pub fit: FitSummary,
    /// What the log looked like.
    pub graph: GraphSummary,
    /// Items fitted and not shown, for having too few comparisons.
    pub hidden: usize,
    /// What the reader must know.
    #[serde(skip)]
    pub notes: Vec<Note>,
}

impl Leaderboard {
    /// The board of a fit. O(items² × draws) for simultaneous rank intervals, else O(items²).
    ///
    /// # Errors
    /// If the anchor or the baseline is not an item of the graph.
    pub fn new(
        graph: &PreferenceGraph,
        fitted: &dyn Fitted,
        uncertainty: &Uncertainty,
        settings: &BoardSettings,
    ) -> Result<Self, ScaleError> {
        let records = graph.records();
        let shown: Vec<ItemId> = (0..graph.items().len() as u32)
            .map(ItemId)
            .filter(|item| records[item.index()].comparisons() >= settings.min_comparisons)
            .collect();
        let order = ranked(&shown, fitted.ratings(), tolerance(settings.units), |item| graph.items().name(item));
        let ids: Vec<ItemId> = order.iter().map(|&(_, item)| item).collect();
        let ratings: Vec<f64> = ids.iter().map(|item| fitted.ratings()[item.index()]).collect();
        let intervals = rank_intervals(&ids, &ratings, uncertainty, settings.ranks);
        let view = View::new(graph, fitted, uncertainty, settings)?;
        let ranks: Vec<usize> = order.iter().map(|&(rank, _)| rank).collect();
        let items = (0..ids.len())
            .into_par_iter()
            .map(|place| {
                let known = RankKnowledge { place, ranks: &ranks, intervals: &intervals };
                view.row(&ids, &known, records[ids[place].index()])
            })
            .collect();
        Ok(Self {
            items,
            fit: FitSummary::of(fitted, uncertainty, settings.ranks.level),
            graph: GraphSummary::of(graph, fitted),
            hidden: graph.items().len() - ids.len(),
            notes: uncertainty.notes_with(fitted),
        })
    }
}

impl FitSummary {
    /// Of a fit and its errors, with intervals of this level.
    pub fn of(fitted: &dyn Fitted, uncertainty: &Uncertainty, level: f64) -> Self {
        let convergence = fitted.convergence();
        Self {
            converged: convergence.converged,
            iterations: convergence.iterations,
            gradient_norm: convergence.gradient_norm,
            log_likelihood: fitted.log_likelihood(),
            parameters: fitted.parameters().into_iter().collect(),
            covariates: CovariateRow::all(fitted, uncertainty, level),
            blocks: fitted.embedding().map(Canonical::readings).unwrap_or_default(),
            search: fitted.search().cloned(),
            cluster: uncertainty.clusters.clone(),
        }
    }
}

impl GraphSummary {
    /// Of a graph and what a fit to it identifies.
    pub fn of(graph: &PreferenceGraph, fitted: &dyn Fitted) -> Self {
        let found = fitted.identification();
        Self {
            items: graph.items().len(),
            pairs: graph.pairs().len(),
            comparisons: graph.comparisons(),
            ballots: None,
            components: found.components,
            strong_components: found.strong_components,
            status: found.status,
        }
    }
}

/// Ratings closer than this are equal: what rounding in the fit may leave between equal items.
fn tolerance(units: Units) -> f64 {
    match units {
        Units::LogOdds | Units::Points | Units::Own | Units::Payoff => 1e-9,
        Units::Share | Units::Count | Units::Items | Units::Votes | Units::Weight | Units::Probability => 1e-12,
    }
}

/// Rank and item, best first; equal ratings share a rank and stand by name. NaN ranks last.
fn ranked<'a>(
    shown: &[ItemId],
    ratings: &[f64],
    tolerance: f64,
    name: impl Fn(ItemId) -> &'a str,
) -> Vec<(usize, ItemId)> {
    let key = |item: &ItemId| {
        let rating = ratings[item.index()];
        if rating.is_nan() { f64::NEG_INFINITY } else { rating }
    };
    let mut order = shown.to_vec();
    order.sort_by(|a, b| key(b).total_cmp(&key(a)));
    let mut found: Vec<(usize, ItemId)> = Vec::with_capacity(order.len());
    for group in order.chunk_by(|a, b| key(b) >= key(a) - tolerance) {
        let mut group = group.to_vec();
        group.sort_by(|&a, &b| name(a).cmp(name(b)));
        let rank = found.len() + 1;
        found.extend(group.into_iter().map(|item| (rank, item)));
    }
    found
}

/// What the rank intervals say of the row at a place of the order.
struct RankKnowledge<'a> {
    place: usize,
    ranks: &'a [usize],
    intervals: &'a RankIntervals,
}

impl RankKnowledge<'_> {
    fn separated_from_next(&self) -> Option<bool> {
        (self.place + 1 < self.ranks.len()).then(|| self.intervals.is_above(self.place, self.place + 1)).flatten()
    }

    /// The ranks of the items it can't be told from, as ranges of consecutive rows.
    fn tied_with(&self) -> Vec<(usize, usize)> {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        let mut previous = None;
        for place in self.intervals.tied_with(self.place) {
            // The row itself interrupts no range.
            let follows = previous.is_some_and(|it| it + 1 == place || (it + 1 == self.place && it + 2 == place));
            match ranges.last_mut() {
                Some(range) if follows => range.1 = self.ranks[place],
                _ => ranges.push((self.ranks[place], self.ranks[place])),
            }
            previous = Some(place);
        }
        ranges
    }
}

/// Turns fitted ratings into numbers on the board's scale.
struct View<'a> {
    graph: &'a PreferenceGraph,
    fitted: &'a dyn Fitted,
    uncertainty: &'a Uncertainty,
    identified: Vec<bool>,
    level: f64,
    /// What fitted ratings, their errors and intervals are relative to: the mean of the identified
    /// items, or of all where none is; 0 for raters with units of their own.
    reference: f64,
    scaling: Scaling,
}

enum Scaling {
    /// shown = shift + factor × (fitted − reference).
    Linear { shift: f64, factor: f64 },
    /// The share against an item, or against the reference.
    Share { baseline: Option<ItemId> },
}

/// A rating as it is shown.
struct Shown {
    rating: f64,
    std_error: Option<f64>,
    interval: Option<(f64, f64)>,
}

impl<'a> View<'a> {
    fn new(
        graph: &'a PreferenceGraph,
        fitted: &'a dyn Fitted,
        uncertainty: &'a Uncertainty,
        settings: &BoardSettings,
    ) -> Result<Self, ScaleError> {
        let (reference, scaling) = match settings.units {
            Units::LogOdds => {
                let reference = reference(fitted);
                (reference, scaling(graph, fitted.ratings(), reference, &settings.scale)?)
            }
            _ => (0.0, Scaling::Linear { shift: 0.0, factor: 1.0 }),
        };
        let identified = fitted.identification().flags(graph.items().len());
        Ok(Self { graph, fitted, uncertainty, identified, level: settings.ranks.level, reference, scaling })
    }

    fn row(&self, order: &[ItemId], known: &RankKnowledge<'_>, record: Record) -> Row {
        let item = order[known.place];
        let shown = self.shown(item);
        let ranks = known.intervals.interval(known.place);
        let next = order.get(known.place + 1);
        Row {
            rank: known.ranks[known.place],
            rank_best: ranks.map(|(best, _)| best),
            rank_worst: ranks.map(|(_, worst)| worst),
            item: self.graph.items().name(item).to_owned(),
            rating: shown.rating.is_finite().then_some(shown.rating),
            std_error: shown.std_error,
            low: shown.interval.map(|(low, _)| low),
            high: shown.interval.map(|(_, high)| high),
            wins: record.wins,
            losses: record.losses,
            ties: record.ties,
            comparisons: record.comparisons(),
            identified: self.identified[item.index()],
            separated_from_next: known.separated_from_next(),
            win_rate_against_next: next
                .and_then(|&next| self.fitted.probability(item, next))
                .filter(|it| it.is_finite()),
            vector: self.fitted.embedding().map(|found| found.embedding.vector(item).to_vec()).unwrap_or_default(),
            tied_with: known.tied_with(),
        }
    }

    fn shown(&self, item: ItemId) -> Shown {
        let fitted = self.fitted.ratings()[item.index()] - self.reference;
        match self.scaling {
            Scaling::Linear { shift, factor } => Shown {
                rating: shift + factor * fitted,
                std_error: self.uncertainty.std_error(item).map(|error| factor * error),
                interval: self
                    .uncertainty
                    .interval(item, fitted, self.level)
                    .map(|(low, high)| (shift + factor * low, shift + factor * high)),
            },
            Scaling::Share { baseline } => self.share(item, baseline),
        }
    }

    /// The expected share against an item, or against the mean one.
    fn share(&self, item: ItemId, baseline: Option<ItemId>) -> Shown {
        let Some(other) = baseline else { return self.share_against_the_mean(item) };
        Shown {
            rating: self.fitted.probability(item, other).unwrap_or(f64::NAN),
            std_error: self.uncertainty.share_error(self.fitted, item, other),
            interval: self.uncertainty.share_interval(self.fitted, item, other, self.level),
        }
    }

    fn share_against_the_mean(&self, item: ItemId) -> Shown {
        let difference = self.fitted.ratings()[item.index()] - self.reference;
        let share = |difference: f64| self.fitted.share_at(difference);
        let error = self.uncertainty.std_error(item);
        let interval = self.uncertainty.interval(item, difference, self.level);
        Shown {
            rating: share(difference).unwrap_or(f64::NAN),
            std_error: error.zip(share_slope(self.fitted, difference)).map(|(error, slope)| error * slope),
            interval: interval.and_then(|(low, high)| share(low).zip(share(high))),
        }
    }
}

/// The mean rating of the identified items: what their errors are relative to. Others don't enter,
/// for how far they are off is nothing that the data say.
fn reference(fitted: &dyn Fitted) -> f64 {
    let ratings = fitted.ratings();
    let members = &fitted.identification().members;
    if members.is_empty() {
        return ratings.iter().sum::<f64>() / ratings.len().max(1) as f64;
    }
    members.iter().map(|member| ratings[member.index()]).sum::<f64>() / members.len() as f64
}

fn scaling(graph: &PreferenceGraph, ratings: &[f64], reference: f64, scale: &Scale) -> Result<Scaling, ScaleError> {
    let find = |name: &str, role| {
        graph.items().get(name).ok_or_else(|| ScaleError::UnknownItem {
            name: name.to_owned(),
            role,
            items: graph.items().len(),
            example: graph.items().iter().next().unwrap_or_default().to_owned(),
        })
    };
    let factor = match scale.kind {
        ScaleKind::WinRate => {
            let baseline = scale.baseline.as_deref().map(|name| find(name, "baseline")).transpose()?;
            return Ok(Scaling::Share { baseline });
        }
        ScaleKind::Elo => ELO_PER_LOG_ODDS,
        ScaleKind::LogOdds => 1.0,
    };
    let shift = match &scale.anchor {
        Some((name, rating)) => rating - factor * (ratings[find(name, "anchor")?.index()] - reference),
        None => scale.centre.unwrap_or(scale.kind.default_centre()),
    };
    Ok(Scaling::Linear { shift, factor })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::graph::Tally;
    use crate::data::{Comparison, Outcome};
    use crate::models::{BradleyTerry, Rater};
    use crate::uncertainty::{CovarianceKind, covariance};
    use approx::assert_relative_eq;

    /// Item 0 beats item 1 three times of four, and so on down the chain.
    fn chain(items: u32) -> PreferenceGraph {
        let mut tally = Tally::new((0..items).map(|i| format!("item {i}")).collect());
        for low in 0..items - 1 {
            for (outcome, count) in [(Outcome::Left, 300.0), (Outcome::Right, 100.0)] {
                tally.add(Comparison { count, ..Comparison::new(ItemId(low), ItemId(low + 1), outcome) });
            }
        }
        PreferenceGraph::from_tally(tally)
    }

    fn board(graph: &PreferenceGraph, settings: &BoardSettings) -> Result<Leaderboard, ScaleError> {
        let fitted = BradleyTerry::default().fit(graph.into(), None).expect("a fit");
        let uncertainty = covariance(&*fitted, graph, CovarianceKind::Sandwich, None);
        Leaderboard::new(graph, &*fitted, &uncertainty, settings)
    }

    fn scaled(kind: ScaleKind) -> BoardSettings {
        BoardSettings { scale: Scale { kind, ..Scale::default() }, ..BoardSettings::default() }
    }

    #[test]
    fn odds_of_three_to_one_are_190_points() {
        let found = board(&chain(3), &BoardSettings::default()).unwrap();
        let step = 400.0 * 3.0_f64.log10();
        for (row, expected) in found.items.iter().zip([1000.0 + step, 1000.0, 1000.0 - step]) {
            assert_relative_eq!(row.rating.unwrap(), expected, epsilon = 1e-8);
        }
        assert_relative_eq!(found.items[0].win_rate_against_next.unwrap(), 0.75, epsilon = 1e-12);
        assert_eq!(found.items[0].separated_from_next, Some(true));
        assert_eq!((found.items[0].rank_best, found.items[0].rank_worst), (Some(1), Some(1)));
        assert!(found.items[0].tied_with.is_empty());
    }

    #[test]
    fn an_anchor_moves_the_numbers_and_not_the_errors() {
        let plain = board(&chain(3), &BoardSettings::default()).unwrap();
        let mut settings = BoardSettings::default();
        settings.scale.anchor = Some(("item 2".to_owned(), 500.0));
        let anchored = board(&chain(3), &settings).unwrap();
        assert_relative_eq!(anchored.items[2].rating.unwrap(), 500.0, epsilon = 1e-9);
        assert_eq!(anchored.items[0].std_error, plain.items[0].std_error);
        settings.scale.anchor = Some(("nobody".to_owned(), 500.0));
        assert!(board(&chain(3), &settings).unwrap_err().to_string().contains("no item 'nobody' to be the anchor"));
    }

    #[test]
    fn the_baseline_wins_half_against_itself() {
        let mut settings = scaled(ScaleKind::WinRate);
        settings.scale.baseline = Some("item 1".to_owned());
        let found = board(&chain(3), &settings).unwrap();
        let shares: Vec<f64> = found.items.iter().map(|row| row.rating.unwrap()).collect();
        for (share, expected) in shares.iter().zip([0.75, 0.5, 0.25]) {
            assert_relative_eq!(*share, expected, epsilon = 1e-10);
        }
        assert_eq!(found.items[1].std_error, Some(0.0));
    }

    #[test]
    fn equal_ratings_share_a_rank_and_stand_by_name() {
        let mut tally = Tally::new(["b", "a", "c"].into_iter().collect());
        for (left, right) in [(0, 2), (1, 2), (2, 0), (2, 1), (0, 2), (1, 2)] {
            tally.add(Comparison::new(ItemId(left), ItemId(right), Outcome::Left));
        }
        let found = board(&PreferenceGraph::from_tally(tally), &BoardSettings::default()).unwrap();
        let order: Vec<(usize, &str)> = found.items.iter().map(|row| (row.rank, row.item.as_str())).collect();
        assert_eq!(order, [(1, "a"), (1, "b"), (3, "c")]);
    }

    #[test]
    fn hidden_items_are_fitted_and_not_ranked() {
        let settings = BoardSettings { min_comparisons: 500.0, ..BoardSettings::default() };
        let found = board(&chain(4), &settings).unwrap();
        let order: Vec<(usize, &str)> = found.items.iter().map(|row| (row.rank, row.item.as_str())).collect();
        assert_eq!(order, [(1, "item 1"), (2, "item 2")]);
        assert_eq!(found.graph.items, 4);
        assert_eq!((found.hidden, found.notes.len()), (2, 0));
    }
}
