//! Cross-validation: raters compared by what they say of comparisons that they were not fitted to.

mod summary;

use rayon::prelude::*;
use serde::Serialize;

use super::calibration::Calibration;
use super::scores::{FoldScore, TieScore, score};
use crate::data::folds::{Fold, Folds};
use crate::data::graph::PreferenceGraph;
use crate::data::profile::Profile;
use crate::data::{Comparison, ItemId, Log, Outcome};
use crate::metrics::entropy;
use crate::models::{Evidence, FitError, Needs, RATERS, Rater, RaterEntry, Settings};
use crate::structure::Note;

/// A rater that is compared with others.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// What it is called in the result.
    pub name: &'a str,
    /// The rater with its settings.
    pub rater: &'a dyn Rater,
    /// What it needs of the log.
    pub needs: Needs,
}

/// What raters said of comparisons that they were not fitted to, and what it was worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crossval {
    /// The raters, in the order in which they were given.
    pub methods: Vec<MethodScore>,
    /// Each rater against each one given after it, over the same folds.
    pub differences: Vec<LossDifference>,
    /// The rater of the lowest loss.
    pub lowest: String,
    /// The first given whose loss is within one standard error of the lowest: raters are given simplest
    /// first.
    pub best: String,
    /// What was held out.
    pub held_out: HeldOut,
    /// What the reader must know.
    #[serde(skip)]
    pub notes: Vec<Note>,
}

/// The scores of one rater, over all comparisons that were held out and scored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodScore {
    /// The rater.
    pub method: String,
    /// The mean logarithmic loss, in nats a comparison. Lower is better, and a coin's throw is ln 2.
    pub log_loss: f64,
    /// Its standard error over folds; `None` with one fold.
    pub std_error: Option<f64>,
    /// The mean Brier score: the squared distance of probability and outcome.
    pub brier: f64,
    /// The share of comparisons won by the item that was called more likely to win, half where neither was.
    pub accuracy: f64,
    /// Whether the probabilities mean what they say.
    pub calibration: Calibration,
    /// Fold by fold.
    pub folds: Vec<FoldLoss>,
}

/// The scores of one rater on one fold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FoldLoss {
    /// The repetition, from 0.
    pub repeat: usize,
    /// The fold, from 0.
    pub fold: usize,
    /// The weight of the comparisons scored.
    pub weight: f64,
    /// The mean logarithmic loss; `None` where nothing was scored.
    pub log_loss: Option<f64>,
    /// The mean Brier score.
    pub brier: Option<f64>,
    /// The share called right.
    pub accuracy: Option<f64>,
}

/// The loss of one rater minus that of another on the same comparisons.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LossDifference {
    /// The rater.
    pub method: String,
    /// The one it is compared with.
    pub against: String,
    /// The difference of their mean logarithmic losses: below 0 where `method` predicts better.
    pub log_loss: f64,
    /// Its standard error over folds, paired: what makes a fold hard for both cancels. `None` with one fold.
    pub std_error: Option<f64>,
}

/// The comparisons that were held out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HeldOut {
    /// Folds of one repetition.
    pub folds: usize,
    /// Repetitions.
    pub repeats: usize,
    /// Comparisons that were scored, in one repetition.
    pub scored: f64,
    /// Ties among the comparisons held out.
    pub ties: f64,
    /// Whether the ties were scored.
    pub ties_scored: bool,
    /// What no prediction can fall below: the mean entropy of the shares scored, 0 where each is a win or a
    /// loss or ties are outcomes of their own.
    pub floor: f64,
}

impl Crossval {
    /// The difference of `method` from `against`, whichever of the two was given first.
    pub fn difference(&self, method: &str, against: &str) -> Option<LossDifference> {
        let between = |a: &str, b: &str| self.differences.iter().find(|it| it.method == a && it.against == b).cloned();
        let mirrored = |it: LossDifference| LossDifference {
            method: it.against,
            against: it.method,
            log_loss: -it.log_loss,
            std_error: it.std_error,
        };
        between(method, against).or_else(|| between(against, method).map(mirrored))
    }
}

/// Why raters can't be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrossvalError {
    /// A rater whose numbers say nothing of who wins.
    #[error("{method} gives no probabilities, so it can't be scored on held-out comparisons; these do: {known}")]
    CannotPredict {
        /// The rater.
        method: String,
        /// The raters that do.
        known: String,
    },
    /// Ties are to be an outcome and a rater gives no probability of one.
    #[error(
        "{method} gives no probability of a tie, which three-way scoring needs; bradley-terry with ties=davidson or ties=rao-kupper does, and other tie scores ask for none"
    )]
    NoTieProbability {
        /// The rater.
        method: String,
    },
    /// A rater could not be fitted.
    #[error("{method}: {source}")]
    Fit {
        /// The rater.
        method: String,
        /// Why.
        source: FitError,
    },
    /// No rater, or no fold.
    #[error("nothing to compare: give at least one rater and one set of folds")]
    Nothing,
    /// All that was held out are ties.
    #[error("all {ties} comparisons held out are ties, and ties are not scored; score them as half or as an outcome")]
    OnlyTies {
        /// How many.
        ties: f64,
    },
}

/// What one fold gave.
struct Scored {
    /// One a candidate.
    methods: Vec<ScoredFit>,
    /// Comparisons held out of items that were not trained on.
    unseen: f64,
    held: Held,
}

/// What one fit to a fold gave.
struct ScoredFit {
    score: FoldScore,
    /// Whether the training comparisons identify all ratings.
    is_identified: bool,
    has_converged: bool,
}

/// Sums over what a fold holds out.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    /// Comparisons that are scored.
    scored: f64,
    /// Their weight.
    weight: f64,
    /// Ties, scored or not.
    ties: f64,
    /// The weighted sum of the entropies of the shares scored.
    entropy: f64,
}

/// Fits each of `candidates` to what each fold trains on, and scores what it says of what the fold holds
/// out. `repetitions` are splits of the same comparisons, each scored by itself. Ratings stand still while a
/// fold is predicted, those of sequential raters too.
///
/// All are scored by one rule. Win or loss: the logarithmic loss of the probability of the winner, kept
/// [`SUREST`](crate::metrics::SUREST) away from 0 and 1; ties by `ties`. A pair that a rater says nothing
/// of, and an item without training comparisons, are scored at what the rater says of them (one half where
/// it says nothing) and told in a note, not left out: raters would else be scored on different comparisons.
///
/// Standard errors are over folds: with losses L and weights W of the K folds and r = ΣL/ΣW, the variance
/// is K/(K−1) Σ(L − rW)²/(ΣW)², which for folds of equal size is that of the mean of fold means. Training
/// sets overlap, so that it is an approximation (Bengio and Grandvalet 2004). Over repetitions losses and
/// variances are averaged: more of them take away the chance of the split, not that of the log.
///
/// Of the raters within one standard error of the lowest loss, by the paired difference, the first is the
/// best; differences below 10⁻⁴ count as none. `progress` is called after each fold.
/// O(folds × (cells + fits)), in parallel over folds and raters.
///
/// # Errors
/// If a rater can't be fitted or gives no probabilities, or nothing is scored.
///
/// # Source
/// Stone 1974; the rule of one standard error: Breiman, Friedman, Olshen and Stone 1984, section 3.4.3.
pub fn crossval(
    candidates: &[Candidate<'_>],
    repetitions: &[Folds<'_>],
    ties: TieScore,
    progress: &(dyn Fn() + Sync),
) -> Result<Crossval, CrossvalError> {
    let first = repetitions.first().filter(|_| !candidates.is_empty()).ok_or(CrossvalError::Nothing)?;
    for candidate in candidates {
        check_predicts(candidate)?;
    }
    let places: Vec<(usize, usize)> = repetitions
        .iter()
        .enumerate()
        .flat_map(|(repeat, folds)| (0..folds.len()).map(move |it| (repeat, it)))
        .collect();
    let scored: Vec<Result<Scored, CrossvalError>> = places
        .par_iter()
        .map(|&(repeat, fold)| {
            let found = score_fold(candidates, &repetitions[repeat], fold, ties);
            progress();
            found
        })
        .collect();
    // Of several errors the first, whichever thread came first.
    let scored: Vec<Scored> = scored.into_iter().collect::<Result<_, _>>()?;
    let held_out = held_out(&scored[..first.len()], repetitions.len(), ties);
    if held_out.scored <= 0.0 {
        return Err(CrossvalError::OnlyTies { ties: held_out.ties });
    }
    Ok(summary::summarised(candidates, &places, &scored, held_out, ties))
}

fn score_fold(
    candidates: &[Candidate<'_>],
    folds: &Folds<'_>,
    index: usize,
    ties: TieScore,
) -> Result<Scored, CrossvalError> {
    let fold = folds.fold(index);
    let need = |needs| candidates.iter().any(|it| it.needs == needs);
    let needs_rows = need(Needs::Rows) || need(Needs::Ballots);
    let rows = if needs_rows { folds.train_rows(index) } else { None };
    // A rater of ballots is fitted to ballots where those are what is held out, else to rows as ballots of two.
    let of_rows = || rows.as_ref().filter(|_| need(Needs::Ballots)).map(Profile::from_log);
    let ballots = folds.train_ballots(index).or_else(of_rows);
    let evidence = Evidence { graph: &fold.train, rows: rows.as_ref(), ballots: ballots.as_ref() };
    let fits: Vec<Result<ScoredFit, CrossvalError>> =
        candidates.par_iter().map(|candidate| score_fit(candidate, evidence, &fold.test, ties)).collect();
    Ok(Scored {
        methods: fits.into_iter().collect::<Result<_, _>>()?,
        unseen: unseen(&fold, ties),
        held: Held::of(&fold.test, ties),
    })
}

fn score_fit(
    candidate: &Candidate<'_>,
    train: Evidence<'_>,
    test: &PreferenceGraph,
    ties: TieScore,
) -> Result<ScoredFit, CrossvalError> {
    let method = || candidate.name.to_owned();
    let fitted = candidate.rater.fit(train, None).map_err(|source| CrossvalError::Fit { method: method(), source })?;
    let score = score(&*fitted, test, ties).ok_or_else(|| CrossvalError::NoTieProbability { method: method() })?;
    Ok(ScoredFit {
        score,
        is_identified: fitted.identification().members.len() == test.items().len(),
        has_converged: fitted.convergence().converged,
    })
}

/// The scored comparisons of a fold of which an item was not trained on.
fn unseen(fold: &Fold, ties: TieScore) -> f64 {
    let mut seen = vec![false; fold.train.items().len()];
    for (cell, sum) in fold.train.cells().iter().zip(fold.train.sums()) {
        if sum.weight > 0.0 {
            let pair = fold.train.pairs()[cell.pair as usize];
            seen[pair.low.index()] = true;
            seen[pair.high.index()] = true;
        }
    }
    let cells = fold.test.cells().iter().zip(fold.test.sums());
    let unseen = cells.filter(|(cell, sum)| {
        let pair = fold.test.pairs()[cell.pair as usize];
        sum.weight > 0.0 && ties.scores(cell.share) && !(seen[pair.low.index()] && seen[pair.high.index()])
    });
    unseen.map(|(_, sum)| sum.count).sum()
}

impl Held {
    #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
    fn of(test: &PreferenceGraph, rule: TieScore) -> Self {
        let mut held = Self::default();
        for (cell, sum) in test.cells().iter().zip(test.sums()).filter(|(_, sum)| sum.weight > 0.0) {
            let is_tie = cell.share == 0.5;
            held.ties += if is_tie { sum.count } else { 0.0 };
            if rule.scores(cell.share) {
                held.scored += sum.count;
                held.weight += sum.weight;
                let is_outcome = is_tie && rule == TieScore::ThreeWay;
                held.entropy += if is_outcome { 0.0 } else { sum.weight * entropy(cell.share) };
            }
        }
        held
    }
}

/// What the folds of one repetition hold out together.
fn held_out(folds: &[Scored], repeats: usize, rule: TieScore) -> HeldOut {
    let sum = |of: fn(&Held) -> f64| folds.iter().map(|fold| of(&fold.held)).sum::<f64>();
    let weight = sum(|held| held.weight);
    HeldOut {
        folds: folds.len(),
        repeats,
        scored: sum(|held| held.scored),
        ties: sum(|held| held.ties),
        ties_scored: rule != TieScore::Decisive,
        floor: if weight > 0.0 { sum(|held| held.entropy) / weight } else { 0.0 },
    }
}

/// Refuses a rater that says nothing of who wins.
fn check_predicts(candidate: &Candidate<'_>) -> Result<(), CrossvalError> {
    if predicts(candidate.rater) {
        return Ok(());
    }
    let known: Vec<&str> = predicting_raters().iter().map(|entry| entry.name).collect();
    Err(CrossvalError::CannotPredict { method: candidate.name.to_owned(), known: known.join(", ") })
}

/// The registered raters that give the probability of a win.
pub fn predicting_raters() -> Vec<&'static RaterEntry> {
    let predicts = |entry: &&RaterEntry| entry.rater(&Settings::default()).is_ok_and(|rater| predicts(&*rater));
    RATERS.iter().filter(predicts).collect()
}

/// Whether a rater has a probability for two items that beat each other once.
fn predicts(rater: &dyn Rater) -> bool {
    let (a, b) = (ItemId(0), ItemId(1));
    let mut log = Log::new(["a", "b"].into_iter().collect());
    for outcome in [Outcome::Left, Outcome::Right] {
        log.push(Comparison::new(a, b, outcome));
    }
    let graph = PreferenceGraph::from_log(&log);
    // One that can't be fitted to so little is asked again when it meets the log.
    let evidence = Evidence { graph: &graph, rows: Some(&log), ballots: Some(&Profile::from_log(&log)) };
    rater.fit(evidence, None).map_or(true, |it| it.probability(a, b).is_some())
}
