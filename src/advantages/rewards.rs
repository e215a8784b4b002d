//! From a standing to rewards.

use serde::{Deserialize, Serialize};

use super::aggregate::Standing;

/// How a standing becomes rewards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// The value itself.
    #[default]
    Value,
}

/// The rewards of one group; NaN where the standing is unknown.
pub fn reward(standing: &Standing, _reward: Reward) -> Vec<f64> {
    standing.values.iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}
