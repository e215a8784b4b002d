//! The score itself, limited, or in tiers.

use std::sync::Arc;

use super::{Reads, RewardEntry, RewardError, RewardRule};
use crate::advantages::Samples;

pub(super) const ENTRY: RewardEntry = RewardEntry {
    name: "value",
    summary: "the score, or what the aggregation gives, itself",
    reads: Reads::Scores,
    needs: &[],
    rare: false,
    settings: &[],
    build: |_| Ok(Arc::new(Value)),
};

/// The score itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value;

impl RewardRule for Value {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        Ok(samples.scores.to_vec())
    }
}
