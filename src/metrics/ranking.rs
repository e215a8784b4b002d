//! Rank correlations and measures of a ranking, with the definitions of scipy and scikit-learn.

use super::{correlation, order};

/// Spearman's correlation: Pearson's of the ranks, tied values having their mean rank. `None` where one of
/// the two is constant, or has a NaN. O(n log n).
///
/// # Panics
/// If the two have not the same length.
pub fn spearman(first: &[f64], second: &[f64]) -> Option<f64> {
    let nan = |values: &[f64]| values.iter().any(|value| value.is_nan());
    if nan(first) || nan(second) {
        return None;
    }
    correlation(&mean_ranks(first), &mean_ranks(second))
}

/// Ranks from 0 in ascending order, the mean of them for tied values.
fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = |value: &f64| {
        let (below, not_above) =
            (sorted.partition_point(|other| other < value), sorted.partition_point(|other| other <= value));
        (below + not_above - 1) as f64 / 2.0
    };
    values.iter().map(rank).collect()
}

/// What the pairs of two lists add up to.
#[derive(Default)]
struct PairSums {
    agreement: f64,
    first: f64,
    second: f64,
}

/// Sums over all pairs, each with its weight.
fn pair_sums(first: &[f64], second: &[f64], weight: impl Fn(usize, usize) -> f64) -> PairSums {
    assert_eq!(first.len(), second.len(), "one value an item in both");
    let mut sums = PairSums::default();
    for i in 0..first.len() {
        for j in 0..i {
            let (a, b) = (order(first[i], first[j]) as f64, order(second[i], second[j]) as f64);
            let weight = weight(i, j);
            sums.agreement += weight * a * b;
            sums.first += weight * a.abs();
            sums.second += weight * b.abs();
        }
    }
    sums
}

/// Kendall's tau-c, for tables of different numbers of values: Stuart's. `None` where one of the two is
/// constant. O(n²).
///
/// # Source
/// Stuart 1953, *Biometrika* 40; scipy's `kendalltau(variant="c")`.
///
/// # Panics
/// If the two have not the same length.
pub fn kendall_tau_c(first: &[f64], second: &[f64]) -> Option<f64> {
    let distinct = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        sorted.len()
    };
    let classes = distinct(first).min(distinct(second)) as f64;
    let n = first.len() as f64;
    let sums = pair_sums(first, second, |_, _| 1.0);
    (classes > 1.0).then(|| 2.0 * sums.agreement / (n * n * (classes - 1.0) / classes))
}

/// Somers' D of `second` given `first`: agreement over the pairs that `first` orders. `None` where it orders
/// none. O(n²).
///
/// # Source
/// Somers 1962; scipy's `somersd(first, second)`.
///
/// # Panics
/// If the two have not the same length.
pub fn somers_d(first: &[f64], second: &[f64]) -> Option<f64> {
    let sums = pair_sums(first, second, |_, _| 1.0);
    (sums.first > 0.0).then(|| sums.agreement / sums.first)
}

/// How the importance of two items makes that of their pair in a weighted tau.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PairWeight {
    /// The sum of theirs.
    #[default]
    Sum,
    /// Their product.
    Product,
}

/// What the rank is of which the importance of an item is 1 / (rank + 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImportanceRank {
    /// That by one list, the other deciding ties, and that by the other: the mean of both taus.
    #[default]
    Both,
    /// The place in the lists, which are in order of importance already.
    Place,
}

/// Vigna's weighted tau with hyperbolic weights: pairs of important items count more. `None` where one of
/// the two orders no pair. O(n²).
///
/// # Source
/// Vigna 2015, WWW; scipy's `weightedtau`.
///
/// # Panics
/// If the two have not the same length.
pub fn weighted_tau(first: &[f64], second: &[f64], rank: ImportanceRank, pair: PairWeight) -> Option<f64> {
    let tau = |ranks: &[usize]| {
        let importance = |item: usize| 1.0 / (ranks[item] as f64 + 1.0);
        let sums = pair_sums(first, second, |i, j| match pair {
            PairWeight::Sum => importance(i) + importance(j),
            PairWeight::Product => importance(i) * importance(j),
        });
        let size = sums.first.sqrt() * sums.second.sqrt();
        (size > 0.0).then(|| sums.agreement / size)
    };
    match rank {
        ImportanceRank::Place => tau(&(0..first.len()).collect::<Vec<_>>()),
        ImportanceRank::Both => {
            let both = [tau(&ranks(first, second))?, tau(&ranks(second, first))?];
            Some(f64::midpoint(both[0], both[1]))
        }
    }
}

/// Ranks from 0 for the largest; ties by the other list, and then the last is first.
fn ranks(by: &[f64], ties: &[f64]) -> Vec<usize> {
    let mut items: Vec<usize> = (0..by.len()).collect();
    items.sort_by(|&a, &b| by[a].total_cmp(&by[b]).then(ties[a].total_cmp(&ties[b])));
    let mut ranks = vec![0; by.len()];
    for (rank, &item) in items.iter().rev().enumerate() {
        ranks[item] = rank;
    }
    ranks
}

/// What an item of some relevance is worth at the top of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gain {
    /// Its relevance.
    #[default]
    Linear,
    /// 2 to the power of it, less 1.
    Exponential,
}

/// Which order items of equal score have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EqualScores {
    /// All of them: gains are averaged.
    #[default]
    Averaged,
    /// That of the list.
    AsListed,
}

/// Discounted cumulative gain of the first `top` places: gains over log2(place + 1), places from 1.
/// O(n log n).
///
/// # Source
/// Järvelin and Kekäläinen 2002; ties averaged as in `McSherry` and Najork 2008; scikit-learn's `dcg_score`.
///
/// # Panics
/// If the two have not the same length.
pub fn dcg(relevance: &[f64], scores: &[f64], top: Option<usize>, gain: Gain, equal: EqualScores) -> f64 {
    assert_eq!(relevance.len(), scores.len(), "one score an item");
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let worth = |item: usize| match gain {
        Gain::Linear => relevance[item],
        Gain::Exponential => relevance[item].exp2() - 1.0,
    };
    let top = top.unwrap_or(usize::MAX);
    let discount = |place: usize| if place < top { 1.0 / (place as f64 + 2.0).log2() } else { 0.0 };
    if equal == EqualScores::AsListed {
        return order.iter().enumerate().map(|(place, &item)| worth(item) * discount(place)).sum();
    }
    let mut place = 0;
    let mut sum = 0.0;
    for group in order.chunk_by(|&a, &b| order_is_tied(scores, a, b)) {
        let mean = group.iter().map(|&item| worth(item)).sum::<f64>() / group.len() as f64;
        sum += mean * (place..place + group.len()).map(discount).sum::<f64>();
        place += group.len();
    }
    sum
}

fn order_is_tied(scores: &[f64], a: usize, b: usize) -> bool {
    order(scores[a], scores[b]) == 0
}

/// [`dcg`] over that of the best order; `None` where that is not positive.
///
/// # Panics
/// If the two have not the same length.
pub fn ndcg(relevance: &[f64], scores: &[f64], top: Option<usize>, gain: Gain, equal: EqualScores) -> Option<f64> {
    let ideal = dcg(relevance, relevance, top, gain, EqualScores::AsListed);
    (ideal > 0.0).then(|| dcg(relevance, scores, top, gain, equal) / ideal)
}
