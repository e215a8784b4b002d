//! Rewards of predicted numbers: near a true one, and in the right order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use super::settings::{positive, share};
use super::{Reads, RewardEntry, RewardError, RewardRule};
use crate::advantages::{Column, Contest, Samples};
use crate::settings::Setting;

const BELL: &str = "bell";
const FIDELITY: &str = "fidelity";

pub(super) const BELL_ENTRY: RewardEntry = RewardEntry {
    name: BELL,
    summary: "how near the score is to the true one, on a bell curve",
    reads: Reads::Scores,
    needs: &[Column::Reference],
    rare: true,
    settings: &[
        Setting { name: "sigma", default: "0.5", summary: "the width of the bell" },
        Setting { name: "penalty_factor", default: "0.8", summary: "of scores with too few decimals; 1 for none" },
        Setting { name: "decimals", default: "2", summary: "how many decimals are enough" },
    ],
    build: |settings| {
        Ok(Arc::new(Bell {
            sigma: positive(settings, "sigma", 0.5)?,
            penalty_factor: share(settings, "penalty_factor", 0.8)?,
            decimals: settings.number("decimals", 2, "a whole number", |_| true)?,
        }))
    },
};

pub(super) const FIDELITY_ENTRY: RewardEntry = RewardEntry {
    name: FIDELITY,
    summary: "whether scores put groups in their true order, as a fidelity",
    reads: Reads::AllGroups,
    needs: &[Column::Reference],
    rare: true,
    settings: &[],
    build: |_| Ok(Arc::new(Fidelity)),
};

/// exp(−(score − truth)²/(2 sigma²)), times `penalty_factor` where the score has fewer than `decimals`
/// decimals after trailing zeros are stripped: a predictor that only says halves and quarters is held
/// back. The truth is the first reference column.
///
/// # Source
/// `VQAThinker`, `grpo_jsonl.py` `regression_reward`. Decimals there are those of the answer's text; here
/// of the shortest text of the number.
#[derive(Debug, Clone, Copy)]
struct Bell {
    sigma: f64,
    penalty_factor: f64,
    decimals: usize,
}

impl RewardRule for Bell {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let truth = samples.columns.references(BELL)?[0];
        let reward = |(&score, &truth): (&f64, &f64)| {
            let bell = (-((score - truth) / self.sigma).powi(2) / 2.0).exp();
            if decimals(score) < self.decimals { bell * self.penalty_factor } else { bell }
        };
        Ok(samples.scores.iter().zip(truth).map(reward).collect())
    }
}

/// The decimals of the shortest text of a number.
fn decimals(number: f64) -> usize {
    number.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len())
}

/// Scores of a group: what a prediction is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Their mean.
    pub mean: f64,
    /// Their unbiased variance.
    pub variance: f64,
}

impl Spread {
    /// Of known values; a single one has variance 0, none at all NaN.
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { mean, variance: squares / (n - 1.0).max(1.0) }
    }
}

/// The fidelity of one prediction: `truth` is 1 where its group is truly above the `other`, 1/2 where
/// they are equal, 0 where it is below; `own_variance` is that of the prediction's own group.
///
/// p = Φ((prediction − mean)/√(own variance + other variance + 1e-6)), and the reward
/// √(p truth + 1e-6) + √((1 − p)(1 − truth) + 1e-6), about 1 for the right order.
///
/// # Source
/// `VQAThinker`, `grpo_jsonl.py` `fidelity_reward`: Thurstone's case V as a probability, and the fidelity
/// of Tsai et al. 2007 (`FRank`).
pub fn fidelity(prediction: f64, own_variance: f64, other: Spread, truth: f64) -> f64 {
    const SMALL: f64 = 1e-6;
    let deviation = (own_variance + other.variance + SMALL).sqrt();
    let p = Normal::standard().cdf((prediction - other.mean) / deviation);
    (p * truth + SMALL).sqrt() + ((1.0 - p) * (1.0 - truth) + SMALL).sqrt()
}

/// The mean of [`fidelity`] over all other groups. The true value of a group is the first known one of
/// the first reference column. Unknown without another group. O(samples × groups).
#[derive(Debug, Clone, Copy)]
struct Fidelity;

impl RewardRule for Fidelity {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let reference = samples.columns.references(FIDELITY)?[0];
        let group = |members: &[usize]| {
            let known = |column: &[f64]| -> Vec<f64> {
                members.iter().map(|&sample| column[sample]).filter(|value| value.is_finite()).collect()
            };
            (Spread::of(&known(samples.scores)), known(reference).first().copied().unwrap_or(f64::NAN))
        };
        let groups: Vec<(Spread, f64)> = samples.groups.members().iter().map(group).collect();
        let reward = |(&id, &score): (&u32, &f64)| {
            let (own, truth) = groups[id as usize];
            let others = groups.iter().enumerate().filter(|&(other, _)| other != id as usize).map(|(_, &other)| other);
            let each = others.map(|(other, its)| fidelity(score, own.variance, other, above(truth, its)));
            let known = each.filter(|fidelity| !fidelity.is_nan());
            let (count, sum) = known.fold((0.0, 0.0), |(count, sum), each| (count + 1.0, sum + each));
            sum / count
        };
        Ok(samples.groups.ids().iter().zip(samples.scores).map(reward).collect())
    }

    fn of_contest(&self, _contest: &Contest<'_>) -> Result<Vec<f64>, RewardError> {
        Err(RewardError::AllGroups { reward: FIDELITY })
    }
}

/// 1, 1/2 or 0 as one number is above, equal to or below another; NaN for NaN.
fn above(a: f64, b: f64) -> f64 {
    a.partial_cmp(&b).map_or(f64::NAN, |order| f64::from(order as i8 + 1) / 2.0)
}
