//! Aggregations that count: win rate, mean score, Copeland.

use super::matches;
use crate::tournaments::History;

/// The weighted share of matches won, ties counting half and other shares in proportion.
pub(super) fn win_rate(history: &History) -> Vec<f64> {
    means(history, |share, _| share)
}

/// The weighted mean of the judge's scores over the matches of an item. In the anchor topology this is
/// the raw score of `ArenaRL`: a challenger's one score, and the mean of all for the anchor.
pub(super) fn mean_score(history: &History) -> Vec<f64> {
    means(history, |_, score| score)
}

/// The weighted mean over an item's matches of a function of its share and its score.
fn means(history: &History, value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); history.items()];
    for played in matches(history) {
        let (share, scores) = (played.result.outcome.share(), played.result.scores);
        let sides = [(played.game.left, share, scores[0]), (played.game.right, 1.0 - share, scores[1])];
        for (item, share, score) in sides {
            let (sum, weight) = &mut sums[item as usize];
            *sum += played.weight * value(share, score);
            *weight += played.weight;
        }
    }
    // Without a match this is 0/0, which is what unknown is.
    sums.into_iter().map(|(sum, weight)| sum / weight).collect()
}

/// The opponents against whom an item took more than half of the weight, minus those against whom it
/// took less.
///
/// # Source
/// Copeland 1951, in its form "wins minus losses".
pub(super) fn copeland(history: &History) -> Vec<f64> {
    let mut pairs: Vec<(u32, u32, f64)> = matches(history)
        .map(|played| {
            let (left, right) = (played.game.left, played.game.right);
            let lead = played.weight * (played.result.outcome.share() - 0.5);
            if left < right { (left, right, lead) } else { (right, left, -lead) }
        })
        .collect();
    pairs.sort_by_key(|&(low, high, _)| (low, high));
    let mut values = vec![f64::NAN; history.items()];
    let mut add = |item: u32, won: f64| {
        let value = &mut values[item as usize];
        *value = if value.is_nan() { won } else { *value + won };
    };
    for pair in pairs.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let (lead, size) = pair.iter().fold((0.0, 0.0), |sums, &(.., lead)| (sums.0 + lead, sums.1 + lead.abs()));
        // Weights that cancel leave rounding behind.
        let won = if lead.abs() <= 1e-12 * size { 0.0 } else { f64::signum(lead) };
        add(pair[0].0, won);
        add(pair[0].1, -won);
    }
    values
}
