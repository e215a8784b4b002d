//! Questions about a board that more comparisons are to settle.

use std::fmt;
use std::str::FromStr;

use statrs::distribution::{ContinuousCDF, Normal};

use crate::data::ItemId;
use crate::uncertainty::{RankIntervals, RankSettings, Uncertainty, rank_intervals};

/// What is to be told apart, by the rank intervals of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Each of the items with the highest ratings, so many of them, is surely above every other item. Which items
    /// these are, and their order, is left open.
    Top(usize),
    /// Each of the first so many rows is surely above the next one; without a number each row is.
    Neighbours(Option<usize>),
}

/// A goal that can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GoalError {
    /// Not a goal.
    #[error(
        "'{text}' is no goal; give 'separable 3', 'separable neighbours' or 'separable neighbours 3', with any number"
    )]
    Unknown {
        /// What was given.
        text: String,
    },
    /// More rows than there are items below them.
    #[error("'{goal}' needs {needed} items or more, and the log has {items}")]
    TooFewItems {
        /// The goal.
        goal: String,
        /// The items that it needs.
        needed: usize,
        /// The items of the log.
        items: usize,
    },
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(items) => write!(f, "separable {items}"),
            Self::Neighbours(None) => write!(f, "separable neighbours"),
            Self::Neighbours(Some(rows)) => write!(f, "separable neighbours {rows}"),
        }
    }
}

impl FromStr for Goal {
    type Err = GoalError;

    fn from_str(text: &str) -> Result<Self, GoalError> {
        let unknown = || GoalError::Unknown { text: text.to_owned() };
        let number = |word: &str| word.parse().ok().filter(|number| *number > 0).ok_or_else(unknown);
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["separable", "neighbours" | "neighbors"] => Ok(Self::Neighbours(None)),
            ["separable", "neighbours" | "neighbors", rows] => Ok(Self::Neighbours(Some(number(rows)?))),
            ["separable", items] => Ok(Self::Top(number(items)?)),
            _ => Err(unknown()),
        }
    }
}

/// A difference over its standard error that no rank interval tells apart: joint tests have a larger critical
/// value than the single two-sided one has, up to the error of the draws that it is simulated from.
fn least_ratio(level: f64) -> f64 {
    0.85 * Normal::standard().inverse_cdf(0.5 * (1.0 + level))
}

impl Goal {
    /// Refuses a goal that needs more items.
    pub(super) fn check(self, items: usize) -> Result<(), GoalError> {
        let needed = match self {
            Self::Top(rows) | Self::Neighbours(Some(rows)) => rows + 1,
            Self::Neighbours(None) => 2,
        };
        if items < needed {
            return Err(GoalError::TooFewItems { goal: self.to_string(), needed, items });
        }
        Ok(())
    }

    /// Whether ratings with these errors meet it. Items without an error are told from nobody.
    pub(super) fn is_met(self, ratings: &[f64], uncertainty: &Uncertainty, ranks: RankSettings) -> bool {
        let order = best_first(ratings);
        let sorted: Vec<f64> = order.iter().map(|item| ratings[item.index()]).collect();
        let least = least_ratio(ranks.level);
        let near = |i: usize, j: usize| {
            let error = uncertainty.difference_error(order[i], order[j]);
            error.is_none_or(|error| sorted[i] - sorted[j] <= least * error)
        };
        // Most boards that don't meet it are told by one look, without joint tests of all pairs.
        if self.pairs(sorted.len()).any(|(i, j)| near(i, j)) {
            return false;
        }
        let found: RankIntervals = rank_intervals(&order, &sorted, uncertainty, ranks);
        self.pairs(sorted.len()).all(|(i, j)| found.is_above(i, j) == Some(true))
    }

    /// Whether what it tells apart on a board with these ratings is so in truth.
    pub(super) fn is_true(self, ratings: &[f64], truth: &[f64]) -> bool {
        let order = best_first(ratings);
        let place = |at: usize| truth[order[at].index()];
        self.pairs(order.len()).all(|(i, j)| place(i) > place(j))
    }

    /// The places of a board the first of which is to be surely above the second, neighbours first.
    fn pairs(self, items: usize) -> Box<dyn Iterator<Item = (usize, usize)>> {
        match self {
            Self::Top(rows) => Box::new((0..rows).rev().flat_map(move |i| (rows..items).map(move |j| (i, j)))),
            Self::Neighbours(rows) => Box::new((0..rows.unwrap_or(items - 1)).map(|i| (i, i + 1))),
        }
    }
}

/// Items from the highest rating down, equal ones by their ids.
fn best_first(ratings: &[f64]) -> Vec<ItemId> {
    let mut order: Vec<ItemId> = (0..ratings.len() as u32).map(ItemId).collect();
    order.sort_by(|a, b| ratings[b.index()].total_cmp(&ratings[a.index()]).then(a.cmp(b)));
    order
}
