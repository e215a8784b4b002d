//! Folds: comparisons held out of a fit, to see how well it predicts what it has not seen.
//!
//! Each fold is a pair of graphs over the same items, what is trained on and what is held out. Where only
//! counts are known, counts are split; raters that replay rows get the rows of the very same split.

mod ballots;
mod rows;
mod thinning;

use std::borrow::Cow;

use self::ballots::HeldBallots;
use self::rows::Parts;
use self::thinning::HeldCell;
use super::graph::{CellSum, PreferenceGraph};
use super::profile::Profile;
use super::{Labels, Log};

/// How many folds, and which of the many ways to draw them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldSettings {
    /// The number of folds, 2 or more.
    pub folds: usize,
    /// The seed.
    pub seed: u64,
    /// The number of the repetition: each draws folds of its own from the same seed.
    pub repeat: u32,
}

impl Default for FoldSettings {
    /// Ten folds, seed 0, the first repetition.
    fn default() -> Self {
        Self { folds: 10, seed: 0, repeat: 0 }
    }
}

/// Why comparisons can't be split into folds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// One fold leaves nothing to train on.
    #[error("folds: {folds}, and there must be 2 or more")]
    TooFew {
        /// The number of folds asked for.
        folds: usize,
    },
    /// A fold would be empty.
    #[error("{folds} folds of {count} {what}: give at most as many folds")]
    TooMany {
        /// The number of folds asked for.
        folds: usize,
        /// How many there are to share out.
        count: String,
        /// What is shared out.
        what: &'static str,
    },
    /// Part of a comparison can't be held out.
    #[error(
        "folds share out single comparisons, and the log counts {count} of them in one place; give whole counts, of at most 2^40 in all, or 2^28 where a rater replays rows"
    )]
    NotWholeCounts {
        /// The count, as a number.
        count: String,
    },
    /// All comparisons have the same label, or the same time.
    #[error("folds by {column} need two values or more, and all comparisons have the same; fold by something else")]
    OneValue {
        /// The column.
        column: String,
    },
    /// The rows have no times.
    #[error("folds by time need a time for each row; read the log with its time column")]
    NoTimes,
}

/// What is trained on and what is held out: graphs over the same items, with the same cells, of which
/// those without a comparison have sums of zero.
#[derive(Debug, Clone)]
pub struct Fold {
    /// What is trained on.
    pub train: PreferenceGraph,
    /// What is held out.
    pub test: PreferenceGraph,
}

/// A split of comparisons into folds.
///
/// Memory is O(comparisons held out in cells) for folds of counts, 8 bytes a row for folds of rows. Graphs
/// are made when asked for.
#[derive(Debug)]
pub struct Folds<'a> {
    graph: &'a PreferenceGraph,
    split: Split<'a>,
}

#[derive(Debug)]
enum Split<'a> {
    /// For each fold the comparisons of each cell that it holds out.
    Cells(Vec<Vec<HeldCell>>),
    /// One part of rows a fold, held out in turn.
    Rows(Parts<'a>),
    /// Whole ballots, in one fold each.
    Ballots(HeldBallots<'a>),
    /// Parts in order of time: each but the first is predicted from those before it.
    Chain(Parts<'a>),
}

impl<'a> Folds<'a> {
    /// Single comparisons, each in one fold, all folds of the same size up to one comparison: a uniform
    /// draw among such splits. A fold of counts alone: where weights differ within a cell, each of its
    /// comparisons has their mean ([`averages_weights`](Self::averages_weights) tells).
    /// O(cells × folds), or O(comparisons) if that is less.
    ///
    /// # Errors
    /// If there are fewer than two folds, more of them than comparisons, or counts that are not whole.
    pub fn of_comparisons(graph: &'a PreferenceGraph, settings: FoldSettings) -> Result<Self, FoldError> {
        let split = Split::Cells(thinning::thinned(graph, settings)?);
        Ok(Self { graph, split })
    }

    /// The split of [`of_comparisons`](Self::of_comparisons) with rows, for raters that replay them: each
    /// fold holds out the same number of comparisons of each cell, and which of them it holds out is drawn.
    /// `graph` must be that of `log`. O(comparisons).
    ///
    /// # Errors
    /// The same, and if counted rows stand for more than 2^28 comparisons in all.
    ///
    /// # Panics
    /// If `graph` is not of this log.
    pub fn of_rows(log: &'a Log, graph: &'a PreferenceGraph, settings: FoldSettings) -> Result<Self, FoldError> {
        let held = thinning::thinned(graph, settings)?;
        let split = Split::Rows(Parts::arranged(log, graph, &held, settings)?);
        Ok(Self { graph, split })
    }

    /// All rows of a label in the same fold: labels in a drawn order, each to the fold that has the
    /// fewest comparisons so far. With fewer labels than folds, one fold a label. Rows without a label
    /// share nothing: each is a label of its own. O(rows).
    ///
    /// # Errors
    /// If there are fewer than two folds or labels.
    ///
    /// # Panics
    /// If `labels` or `graph` are not of this log.
    pub fn of_labels(
        log: &'a Log,
        labels: &Labels,
        graph: &'a PreferenceGraph,
        settings: FoldSettings,
    ) -> Result<Self, FoldError> {
        let own = labels.with_own_where_empty();
        let labels = own.as_ref().map_or(Cow::Borrowed(labels), |(labels, _)| Cow::Borrowed(labels));
        let split = Split::Rows(Parts::by_label(log, &labels, graph, settings)?);
        Ok(Self { graph, split })
    }

    /// Whole ballots, each in one fold with all its comparisons, all folds of as many ballots up to one.
    /// Ballots that rank fewer than two items are left out. Where counts are
    /// [weights](Profile::is_weighted), each entry is one ballot. O(ballots × folds), or O(voters) if that is
    /// less.
    ///
    /// # Errors
    /// If there are fewer than two folds, more of them than ballots, or more than 2^40 ballots.
    pub fn of_ballots(
        profile: &'a Profile,
        graph: &'a PreferenceGraph,
        settings: FoldSettings,
    ) -> Result<Self, FoldError> {
        let split = Split::Ballots(HeldBallots::drawn(profile, settings)?);
        Ok(Self { graph, split })
    }

    /// Forward chaining: the rows in order of time are cut into `folds + 1` parts of about the same number
    /// of comparisons, and each part but the first is held out from a fit to all parts before it. Rows of
    /// equal time are not cut apart, so that there may be fewer folds. O(rows log rows).
    ///
    /// # Errors
    /// If there is no fold, the log has no times, or they are all equal.
    ///
    /// # Panics
    /// If `graph` is not of this log.
    pub fn of_time(log: &'a Log, graph: &'a PreferenceGraph, folds: usize) -> Result<Self, FoldError> {
        let split = Split::Chain(Parts::by_time(log, graph, folds)?);
        Ok(Self { graph, split })
    }

    /// The number of folds.
    pub fn len(&self) -> usize {
        match &self.split {
            Split::Cells(held) => held.len(),
            Split::Rows(parts) => parts.len(),
            Split::Ballots(held) => held.len(),
            Split::Chain(parts) => parts.len() - 1,
        }
    }

    /// Whether there is no fold, which no constructor lets happen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The graph that is split.
    pub fn graph(&self) -> &'a PreferenceGraph {
        self.graph
    }

    /// Whether rows of different weights were split as counts, each with the mean weight of its cell.
    pub fn averages_weights(&self) -> bool {
        matches!(self.split, Split::Cells(_))
            && self.graph.sums().iter().any(|sum| {
                let spread = sum.count * sum.weight_squared - sum.weight * sum.weight;
                spread > 1e-9 * sum.weight * sum.weight
            })
    }

    /// Both graphs of fold `index`. O(cells), and O(rows of the fold) where rows are split.
    ///
    /// # Panics
    /// If there is no such fold.
    pub fn fold(&self, index: usize) -> Fold {
        let (train, test) = match &self.split {
            Split::Cells(held) => {
                let test = thinning::held_sums(self.graph, &held[index]);
                (rest(self.graph.sums(), &test), test)
            }
            Split::Rows(parts) => {
                let test = parts.sums(index..index + 1, self.graph);
                (rest(self.graph.sums(), &test), test)
            }
            Split::Ballots(held) => {
                let test = held.sums(index, self.graph);
                (rest(self.graph.sums(), &test), test)
            }
            Split::Chain(parts) => (parts.sums(0..index + 1, self.graph), parts.sums(index + 1..index + 2, self.graph)),
        };
        Fold { train: self.graph.with_sums(train), test: self.graph.with_sums(test) }
    }

    /// All folds in turn.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Fold> + use<'_, 'a> {
        (0..self.len()).map(|index| self.fold(index))
    }

    /// The rows that fold `index` trains on, over the same items and without labels: in the order of the
    /// log, or of time where folds are of time. `None` where counts or ballots were split. O(rows).
    ///
    /// # Panics
    /// If there is no such fold.
    pub fn train_rows(&self, index: usize) -> Option<Log> {
        match &self.split {
            Split::Cells(_) | Split::Ballots(_) => None,
            Split::Rows(parts) => Some(parts.without(index)),
            Split::Chain(parts) => Some(parts.first(index + 1)),
        }
    }

    /// The ballots that fold `index` trains on; `None` where comparisons were split. O(places).
    ///
    /// # Panics
    /// If there is no such fold.
    pub fn train_ballots(&self, index: usize) -> Option<Profile> {
        match &self.split {
            Split::Ballots(held) => Some(held.without(index)),
            Split::Cells(_) | Split::Rows(_) | Split::Chain(_) => None,
        }
    }
}

/// Mean losses closer than this are equal: below it solvers decide, not data.
pub(crate) const NO_DIFFERENCE: f64 = 1e-4;

/// A mean over all that the folds of one split hold out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FoldMean {
    pub(crate) mean: f64,
    /// Over folds; `None` with fewer than two that hold anything out.
    pub(crate) std_error: Option<f64>,
}

impl FoldMean {
    /// Of the sum and the weight of each fold. With sums S, weights W and r = ΣS/ΣW the variance over K folds
    /// is K/(K−1) Σ(S − rW)²/(ΣW)²: the ratio estimator's.
    pub(crate) fn of(folds: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let (sum, total) = folds.clone().fold((0.0, 0.0), |sums, (sum, weight)| (sums.0 + sum, sums.1 + weight));
        let mean = sum / total;
        let squares: f64 = folds.clone().map(|(sum, weight)| (sum - mean * weight).powi(2)).sum();
        let number = folds.filter(|&(_, weight)| weight > 0.0).count() as f64;
        let std_error = (number > 1.0).then(|| (number / (number - 1.0) * squares / (total * total)).sqrt());
        Self { mean, std_error }
    }
}

/// What is left of the cells without what is held out.
fn rest(all: &[CellSum], held: &[CellSum]) -> Vec<CellSum> {
    let left = |(all, held): (&CellSum, &CellSum)| {
        let count = all.count - held.count;
        // Weights may leave a rounding error where nothing is left.
        if count <= 0.0 {
            return CellSum::default();
        }
        CellSum {
            count,
            weight: (all.weight - held.weight).max(0.0),
            weight_squared: (all.weight_squared - held.weight_squared).max(0.0),
        }
    };
    all.iter().zip(held).map(left).collect()
}

#[cfg(test)]
mod tests;
