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

/// The rank of each value, 1 for the highest; `None` for NaN, which ranks nowhere. O(n log n).
pub fn ranks(values: &[f64], ties: RankTies) -> Vec<Option<f64>> {
    let order = descending(values);
    let mut ranks = vec![None; values.len()];
    let mut first = 0;
    #[expect(clippy::float_cmp, reason = "equal values share a rank")]
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = match ties {
            RankTies::Min => first as f64 + 1.0,
            RankTies::Mean => first as f64 + f64::midpoint(1.0, tied.len() as f64),
        };
        for &item in tied {
            ranks[item] = Some(rank);
        }
        first += tied.len();
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
