//! Maximal lotteries, level by level.

use super::{Votes, ordered};
use crate::models::games::{Equilibrium, Payoffs};
use crate::models::{Evidence, FitError, Fitted, Laws, Mirror, Needs, Rater, RaterEntry, Units};

pub(in crate::models) const ITERATIVE_MAXIMAL_LOTTERY: RaterEntry = RaterEntry {
    name: "iterative-maximal-lottery",
    summary: "maximal lotteries of what earlier ones left: the number of levels below plus the item's probability in its own",
    needs: Needs::Counts,
    units: Units::Own,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[],
    build: |_| Ok(Box::new(IterativeMaximalLottery)),
};

/// More items than this may have as many levels, each with a linear program of its own.
const MOST_ITEMS: usize = 200;

/// The maximal lottery of all items, then of those that it does not play, and so on.
///
/// # Source
/// `OpenSpiel`'s `maximal_lotteries(iterative=True)` (Lanctot and others 2023, arXiv 2312.03121), without
/// the noise of 1e-10 that it adds: of several lotteries of a level the one of highest entropy is taken,
/// and it plays all items that any of them plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IterativeMaximalLottery;

impl Rater for IterativeMaximalLottery {
    /// That of [`MaximalLottery`](crate::models::MaximalLottery) for each level; up to 200 items.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let items = evidence.graph.items().len();
        if items > MOST_ITEMS {
            let method = ITERATIVE_MAXIMAL_LOTTERY.name;
            return Err(FitError::TooManyItems { method, items, limit: MOST_ITEMS });
        }
        let votes = Votes::of(evidence.graph, ITERATIVE_MAXIMAL_LOTTERY.name)?;
        let mut left: Vec<usize> = (0..items).collect();
        let mut levels: Vec<Vec<(usize, f64)>> = Vec::new();
        while !left.is_empty() {
            let level = level(&votes, &left);
            left.retain(|item| level.iter().all(|(played, _)| played != item));
            levels.push(level);
        }
        let mut ratings = vec![0.0; items];
        for (below, level) in levels.iter().rev().enumerate() {
            for &(item, probability) in level {
                ratings[item] = below as f64 + probability;
            }
        }
        Ok(Box::new(ordered(evidence.graph, ratings, Vec::new())))
    }
}

/// The items that a maximal lottery of those left plays, with their probabilities.
fn level(votes: &Votes, left: &[usize]) -> Vec<(usize, f64)> {
    let margins = |&i: &usize| left.iter().map(|&j| votes.margin(i, j)).collect::<Vec<f64>>();
    let rows: Vec<Vec<f64>> = left.iter().map(margins).collect();
    let even = || left.iter().map(|&item| (item, 1.0 / left.len() as f64)).collect();
    if rows.iter().flatten().all(|&margin| margin == 0.0) {
        return even();
    }
    let Ok(payoffs) = Payoffs::from_scores(&rows) else { return even() };
    let found = Equilibrium::of(&payoffs);
    let played = left.iter().zip(&found.probabilities).zip(&found.support).filter(|(_, plays)| **plays);
    let level: Vec<(usize, f64)> = played.map(|((&item, &probability), _)| (item, probability)).collect();
    if level.is_empty() { even() } else { level }
}
