//! Ranks with ties.

use serde::{Deserialize, Serialize};

/// What equal values have for a rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RankTies {
    /// The best of the places that they share.
    Min,
    /// The mean of the places that they share.
    #[default]
    Mean,
}

/// The rank of each value, 1 for the highest; `None` for NaN, which ranks nowhere. O(n log n).
pub fn ranks(values: &[f64], ties: RankTies) -> Vec<Option<f64>> {
    let mut order: Vec<usize> = (0..values.len()).filter(|&item| !values[item].is_nan()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
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
