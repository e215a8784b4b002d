//! Ranks with ties.

use serde::{Deserialize, Serialize};

/// What equal values have for a rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RankTies {
    /// The best of the places that they share: 1, 2, 2, 4.
    #[default]
    Min,
    /// The mean of the places that they share: 1, 2.5, 2.5, 4.
    Mean,
}

impl RankTies {
    /// The rank of `tied` equal values with `above` higher ones.
    fn rank(self, above: u64, tied: impl FnOnce() -> u64) -> f64 {
        match self {
            Self::Min => above as f64 + 1.0,
            Self::Mean => above as f64 + f64::midpoint(1.0, tied() as f64),
        }
    }
}

/// The rank of each value, 1 for the highest; `None` for NaN, which ranks nowhere. O(n log n).
pub fn ranks(values: &[f64], ties: RankTies) -> Vec<Option<f64>> {
    if values.len() <= FEW { ranks_by_counting(values, ties) } else { ranks_by_sorting(values, ties) }
}

/// So few values are counted faster than sorted: no branch depends on them.
const FEW: usize = 64;

#[expect(clippy::float_cmp, reason = "equal values share a rank")]
fn ranks_by_counting(values: &[f64], ties: RankTies) -> Vec<Option<f64>> {
    let rank = |&value: &f64| {
        let above = values.iter().map(|&other| u64::from(other > value)).sum();
        let tied = || values.iter().map(|&other| u64::from(other == value)).sum();
        (!value.is_nan()).then(|| ties.rank(above, tied))
    };
    values.iter().map(rank).collect()
}

fn ranks_by_sorting(values: &[f64], ties: RankTies) -> Vec<Option<f64>> {
    let order = descending(values);
    let mut ranks = vec![None; values.len()];
    let mut above = 0;
    #[expect(clippy::float_cmp, reason = "equal values share a rank")]
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = ties.rank(above, || tied.len() as u64);
        for &item in tied {
            ranks[item] = Some(rank);
        }
        above += tied.len() as u64;
    }
    ranks
}

/// The places of the known values, the highest first; equal values in their order.
pub(super) fn descending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).filter(|&item| !values[item].is_nan()).collect();
    // Zeros of both signs are equal.
    order.sort_by(|&a, &b| values[b].partial_cmp(&values[a]).unwrap_or(std::cmp::Ordering::Equal));
    order
}

/// Makes values equal that differ by no more than `near`, so that rounding doesn't decide a rank: each
/// takes the highest value that is near.
pub(super) fn merge_close(values: &mut [f64], near: f64) {
    let order = descending(values);
    let Some(&highest) = order.first() else { return };
    let mut kept = values[highest];
    for place in order {
        if kept - values[place] > near {
            kept = values[place];
        } else {
            values[place] = kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_same_whether_counted_or_sorted() {
        let values = [2.0, f64::NAN, -0.0, 7.5, 0.0, 2.0, f64::INFINITY, 2.0, f64::NEG_INFINITY, f64::NAN, -3.0];
        for length in 0..=values.len() {
            for ties in [RankTies::Min, RankTies::Mean] {
                let values = &values[..length];
                assert_eq!(ranks_by_counting(values, ties), ranks_by_sorting(values, ties), "{values:?} {ties:?}");
            }
        }
    }
}
