//! What moved between two boards, and whether beyond what chance allows.

use std::collections::HashMap;

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::published::PublishedBoard;
use super::{Leaderboard, Row};

/// A board against an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moves {
    /// What was added to the earlier ratings so that both boards have one scale: the median change of the items on
    /// both. `None` where ratings are no differences, and were compared as they are.
    pub shift: Option<f64>,
    /// How many times as far apart the ratings are now, by their standard deviations. `None` with fewer than three
    /// items, or where they were all equal.
    pub spread: Option<f64>,
    /// The level of the statements.
    pub level: f64,
    /// The items on both boards, by the size of their change in standard errors, the largest first.
    pub items: Vec<Move>,
    /// Items that are only on this board.
    pub new: Vec<String>,
    /// Items that are only on the earlier one.
    pub gone: Vec<String>,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Move {
    /// The item.
    pub item: String,
    /// Its rating then, on the scale of now.
    pub previous: f64,
    /// Its rating now.
    pub rating: f64,
    /// What lies between.
    pub change: f64,
    /// The standard error of the change as if the two boards rested on comparisons of their own. Where they share
    /// some it is smaller. `None` if neither board has one.
    pub std_error: Option<f64>,
    /// Whether the change is beyond its interval.
    pub beyond: Option<bool>,
    /// Its rank then among the items on both.
    pub rank_before: usize,
    /// Its rank now among the items on both.
    pub rank_now: usize,
}

impl Moves {
    /// What moved from `previous` to `board`. `shifts` says whether ratings are known up to a shift only. `None`
    /// where no item is on both. O(items log items).
    ///
    /// An item's change is its own less the median change, so that the mean item of either board, which changes
    /// with those on it, does not matter.
    pub fn between(previous: &PublishedBoard, board: &Leaderboard, shifts: bool, level: f64) -> Option<Self> {
        let then: HashMap<&str, usize> =
            previous.items.iter().enumerate().map(|(place, item)| (item.item.as_str(), place)).collect();
        let rated = |row: &&Row| row.identified && row.rating.is_some();
        let mut both: Vec<(usize, &Row, f64)> = Vec::new();
        for row in board.items.iter().filter(rated) {
            if let (Some(&place), Some(rating)) = (then.get(row.item.as_str()), row.rating) {
                both.push((place, row, rating));
            }
        }
        if both.is_empty() {
            return None;
        }
        let shift = shifts.then(|| median(both.iter().map(|&(place, _, now)| now - previous.items[place].rating)));
        let quantile = Normal::standard().inverse_cdf(0.5 * (1.0 + level));
        let ratings_then: Vec<f64> = both.iter().map(|&(place, ..)| previous.items[place].rating).collect();
        let ratings_now: Vec<f64> = both.iter().map(|&(.., now)| now).collect();
        let one = |(index, &(place, row, rating)): (usize, &(usize, &Row, f64))| {
            let old = &previous.items[place];
            let before = old.rating + shift.unwrap_or(0.0);
            let (change, errors) = (rating - before, [old.error(), row.std_error]);
            let known = errors.iter().any(Option::is_some);
            let error = known.then(|| errors.into_iter().flatten().map(|error| error * error).sum::<f64>().sqrt());
            Move {
                item: row.item.clone(),
                previous: before,
                rating,
                change,
                std_error: error,
                beyond: error.map(|error| change.abs() > quantile * error),
                rank_before: rank(&ratings_then, index),
                rank_now: rank(&ratings_now, index),
            }
        };
        let mut items: Vec<Move> = both.iter().enumerate().map(one).collect();
        items.sort_by(|a, b| b.size().total_cmp(&a.size()).then_with(|| a.item.cmp(&b.item)));
        let on_board = |name: &str| board.items.iter().any(|row| row.item == name);
        Some(Self {
            shift,
            spread: spread(&ratings_then, &ratings_now),
            level,
            items,
            new: board
                .items
                .iter()
                .map(|row| &row.item)
                .filter(|item| !then.contains_key(item.as_str()))
                .cloned()
                .collect(),
            gone: previous.items.iter().map(|item| &item.item).filter(|item| !on_board(item)).cloned().collect(),
        })
    }
}

impl Move {
    /// The change in standard errors, or as it is where there are none.
    fn size(&self) -> f64 {
        self.change.abs() / self.std_error.filter(|&error| error > 0.0).unwrap_or(1.0)
    }
}

/// The ratio of two standard deviations.
fn spread(then: &[f64], now: &[f64]) -> Option<f64> {
    let deviation = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>().sqrt()
    };
    let ratio = deviation(now) / deviation(then);
    (then.len() > 2 && ratio.is_finite()).then_some(ratio)
}

fn rank(ratings: &[f64], index: usize) -> usize {
    1 + ratings.iter().filter(|&&other| other > ratings[index]).count()
}

/// The median; of an even number the mean of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[middle - 1], sorted[middle]) } else { sorted[middle] }
}
