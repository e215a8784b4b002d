//! From rewards to advantages.

use serde::{Deserialize, Serialize};

/// The samples of all groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    ids: Vec<u32>,
    count: usize,
}

impl Groups {
    /// The group of each sample, from 0. Groups may have any size and come in any order.
    pub fn new(ids: Vec<u32>) -> Self {
        let count = ids.iter().max().map_or(0, |&last| last as usize + 1);
        Self { ids, count }
    }

    /// The group of each sample.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// What is taken out of the rewards of a group, and what they are divided by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalizer {
    /// The group's mean, and its standard deviation.
    #[default]
    ZScore,
    /// The group's mean.
    MeanCentred,
    /// The mean of the others.
    LeaveOneOut,
    /// The group's mean, and the standard deviation of all samples.
    Batch,
    /// Nothing.
    None,
}

/// What a group of one sample has for an advantage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Singleton {
    /// Zero: it has nothing to be better than.
    #[default]
    Zero,
    /// Its reward, divided as if the deviation were 1.
    Raw,
}

/// How the rewards of groups become advantages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Normalization {
    /// What is taken out.
    pub normalizer: Normalizer,
    /// Added to the deviation.
    pub eps: f64,
    /// Taken from the number of samples in the variance: 1 for the unbiased one.
    pub ddof: u32,
    /// The rule for groups of one.
    pub singleton: Singleton,
    /// Advantages are limited to plus and minus this.
    pub clip: Option<f64>,
}

impl Default for Normalization {
    fn default() -> Self {
        Self { normalizer: Normalizer::default(), eps: 1e-6, ddof: 1, singleton: Singleton::default(), clip: None }
    }
}

/// The advantage of each sample; NaN where the reward is NaN, which counts nowhere.
pub fn normalize(rewards: &[f64], groups: &Groups, settings: &Normalization) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0, 0.0); groups.len()];
    for (&group, &reward) in groups.ids().iter().zip(rewards).filter(|(_, reward)| !reward.is_nan()) {
        let sum = &mut sums[group as usize];
        *sum = (sum.0 + 1.0, sum.1 + reward, sum.2 + reward * reward);
    }
    let advantage = |(&group, &reward): (&u32, &f64)| {
        let (n, sum, squares) = sums[group as usize];
        let variance: f64 = (squares - sum * sum / n) / (n - 1.0);
        (reward - sum / n) / (variance.max(0.0).sqrt() + settings.eps)
    };
    groups.ids().iter().zip(rewards).map(advantage).collect()
}
