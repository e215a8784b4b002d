//! `TSPRank`: the order whose neighbours prefer each other the most.

use nalgebra::DMatrix;

use super::voting::{Optimum, Votes, first_seen_order, ordered, places_below};
use super::{Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, Rater, RaterEntry, Units};
use crate::data::ItemId;

pub(super) const ENTRY: RaterEntry = RaterEntry {
    name: "tsp-rank",
    summary: "TSPRank: the order with the largest sum of margins between neighbours, as shares of their comparisons",
    needs: Needs::Counts,
    units: Units::Items,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: false },
    has_covariance: false,
    settings: &[],
    build: |_| Ok(Box::new(TspRank)),
};

/// Up to this many items the best path is computed exactly.
pub const EXACT_ITEMS: usize = 20;
/// Passes over all moves after which the local search ends even if it still gets better.
const MOST_PASSES: usize = 200;
/// The longest run of items that a move takes along.
const LONGEST_RUN: usize = 3;

/// `TSPRank`: the path through all items with the largest sum of consecutive preferences, which are
/// `(w_ij − w_ji) / n_ij` and 0 for two that never met. The rating is the number of items below in it.
///
/// # Source
/// Li, Ziser, Xie, Cohen and Ma, KDD 2025, arXiv 2411.12064. Held and Karp 1962 up to [`EXACT_ITEMS`] items; beyond, moves of up to
/// three items together for as long as they help. It rewards neighbours only, which is far from Kemeny's
/// rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TspRank;

/// A path through all items.
#[derive(Debug, Clone, PartialEq)]
pub struct BestPath {
    /// All items, from the top down.
    pub order: Vec<ItemId>,
    /// The sum of the scores of neighbours.
    pub score: f64,
    /// Whether no path has a larger one.
    pub exact: bool,
    /// Whether no other path is as good; `None` after a local search, which does not tell.
    pub unique: Option<bool>,
}

impl Rater for TspRank {
    /// O(2ⁿ n²) and 8 · 2ⁿ n bytes up to [`EXACT_ITEMS`] items, O(n²) a pass beyond.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let votes = Votes::of(evidence.graph, ENTRY.name)?;
        let pairs = evidence.graph.pair_sums();
        let mut scores = DMatrix::zeros(votes.items, votes.items);
        for pair in 0..pairs.low.len() {
            let (low, high) = (pairs.low[pair] as usize, pairs.high[pair] as usize);
            let all = pairs.low_wins[pair] + pairs.high_wins[pair] + pairs.ties[pair];
            if all > 0.0 {
                scores[(low, high)] = votes.margin(low, high) / all;
                scores[(high, low)] = -scores[(low, high)];
            }
        }
        let found = BestPath::of(&scores);
        let order: Vec<usize> = found.order.iter().map(|item| item.index()).collect();
        let mut notes = Vec::new();
        if found.unique == Some(false) {
            notes.push(first_seen_order("several paths are as good; items free to move"));
        }
        if !found.exact {
            let message = format!(
                "of more than {EXACT_ITEMS} items the path is the best that a local search found, not proved to be best"
            );
            notes.push(Note::new("not-proved", message));
        }
        Ok(Box::new(Optimum {
            fit: ordered(evidence.graph, places_below(&order), notes),
            parameters: vec![("score", Some(found.score))],
            log_likelihood: None,
        }))
    }
}

impl BestPath {
    /// The path with the largest sum of `scores[(i, j)]` over neighbours i above j; of equal ones the one
    /// that has first-seen items first.
    ///
    /// # Panics
    /// If the matrix is not square.
    pub fn of(scores: &DMatrix<f64>) -> Self {
        assert!(scores.is_square(), "a score for each two items");
        let exact = scores.nrows() <= EXACT_ITEMS;
        let (order, unique) = if exact { held_karp(scores) } else { (local_search(scores), None) };
        let score = order.windows(2).map(|pair| scores[(pair[0], pair[1])]).sum();
        Self { order: order.into_iter().map(|item| ItemId(item as u32)).collect(), score, exact, unique }
    }
}

/// Sums that differ by no more than this share of the largest score are equal.
const ROUNDING: f64 = 1e-12;

/// The first of the best paths, and whether it is the only one.
fn held_karp(scores: &DMatrix<f64>) -> (Vec<usize>, Option<bool>) {
    let n = scores.nrows();
    let tolerance = ROUNDING * scores.iter().fold(0.0, |most: f64, score| most.max(score.abs())) * n as f64;
    // best[set * n + first]: the best path through the set that begins with first.
    let mut best = vec![f64::NEG_INFINITY; n << n];
    for set in 1..1_usize << n {
        for first in (0..n).filter(|first| set >> first & 1 == 1) {
            let rest = set & !(1 << first);
            let on = |next: usize| scores[(first, next)] + best[rest * n + next];
            let further = (0..n).filter(|next| rest >> next & 1 == 1).map(on).fold(f64::NEG_INFINITY, f64::max);
            best[set * n + first] = if rest == 0 { 0.0 } else { further };
        }
    }
    let (mut order, mut set, mut unique) = (Vec::with_capacity(n), (1_usize << n) - 1, true);
    while set != 0 {
        let last = order.last().copied();
        let value = |next: usize| last.map_or(0.0, |last| scores[(last, next)]) + best[set * n + next];
        let open = || (0..n).filter(|next| set >> next & 1 == 1);
        let most = open().map(value).fold(f64::NEG_INFINITY, f64::max);
        let mut equal = open().filter(|&next| value(next) >= most - tolerance);
        let Some(next) = equal.next() else { break };
        unique &= equal.next().is_none();
        order.push(next);
        set &= !(1 << next);
    }
    (order, Some(unique))
}

/// From the order of row sums, runs of items are moved to where they help most.
fn local_search(scores: &DMatrix<f64>) -> Vec<usize> {
    let n = scores.nrows();
    let sums: Vec<f64> = (0..n).map(|item| scores.row(item).sum()).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| sums[b].total_cmp(&sums[a]));
    for _ in 0..MOST_PASSES {
        let mut moved = false;
        for length in 1..=LONGEST_RUN.min(n - 1) {
            for from in 0..=n - length {
                moved |= move_run(scores, &mut order, from, length);
            }
        }
        if !moved {
            break;
        }
    }
    order
}

/// Moves a run of items to the best place, if that is better than its own.
fn move_run(scores: &DMatrix<f64>, order: &mut Vec<usize>, from: usize, length: usize) -> bool {
    let link = |before: Option<&usize>, after: Option<&usize>| match (before, after) {
        (Some(&before), Some(&after)) => scores[(before, after)],
        _ => 0.0,
    };
    let run: Vec<usize> = order.drain(from..from + length).collect();
    let gain = |to: usize| {
        let (before, after) = (to.checked_sub(1).and_then(|place| order.get(place)), order.get(to));
        link(before, run.first()) + link(run.last(), after) - link(before, after)
    };
    let mut best = from;
    for to in 0..=order.len() {
        if gain(to) > gain(best) + ROUNDING {
            best = to;
        }
    }
    order.splice(best..best, run);
    best != from
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(n: usize) -> DMatrix<f64> {
        let value = |i: usize, j: usize| ((i * 7 + j * 13) % 11) as f64 / 11.0 - 0.5;
        DMatrix::from_fn(n, n, |i, j| if i < j { value(i, j) } else { -value(j, i) })
    }

    #[test]
    fn no_order_has_a_better_path() {
        let scores = scores(6);
        let found = BestPath::of(&scores);
        let mut best = f64::NEG_INFINITY;
        let mut order: Vec<usize> = (0..6).collect();
        permute(&mut order, 0, &mut |order| {
            best = best.max(order.windows(2).map(|pair| scores[(pair[0], pair[1])]).sum());
        });
        assert!((found.score - best).abs() < 1e-12 && found.exact);
    }

    fn permute(order: &mut Vec<usize>, from: usize, each: &mut impl FnMut(&[usize])) {
        if from == order.len() {
            return each(order);
        }
        for at in from..order.len() {
            order.swap(from, at);
            permute(order, from + 1, each);
            order.swap(from, at);
        }
    }

    #[test]
    fn a_local_search_ends_where_no_move_helps() {
        let scores = scores(25);
        let found = BestPath::of(&scores);
        assert!(!found.exact && found.order.len() == 25);
        // Whether other paths are as good is not known, so that nothing is said of it.
        assert_eq!(found.unique, None);
        let mut again: Vec<usize> = found.order.iter().map(|item| item.index()).collect();
        assert!((0..24).all(|from| !move_run(&scores, &mut again, from, 2)));
    }

    #[test]
    fn equal_paths_are_not_unique() {
        let found = BestPath::of(&DMatrix::zeros(3, 3));
        assert_eq!((found.order, found.unique), (vec![ItemId(0), ItemId(1), ItemId(2)], Some(false)));
        assert!(BestPath::of(&DMatrix::zeros(0, 0)).order.is_empty());
    }
}
