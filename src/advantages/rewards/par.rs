//! Rewards relative to those of other answers to the same prompt.

use std::sync::Arc;

use statrs::distribution::{ContinuousCDF, Normal};

use super::settings::{not_negative, numbers, positive};
use super::{Reads, RewardEntry, RewardError, RewardRule};
use crate::advantages::{Column, Columns, Samples};
use crate::models::bradley_terry::{logistic, softplus};
use crate::settings::{Setting, Settings, SettingsError};

const PAR: &str = "par";
const LOG_SIGMOID: &str = "log-sigmoid";

pub(super) const ENTRY: RewardEntry = RewardEntry {
    name: PAR,
    summary: "the mean chance of being better than the reference scores (sigmoid), or variants of it",
    reads: Reads::Scores,
    needs: &[Column::Reference],
    rare: false,
    settings: &[
        Setting { name: "shape", default: "sigmoid", summary: "sigmoid, centred, tanh or atan of score − reference" },
        Setting { name: "k", default: "1", summary: "steepness of the sigmoid" },
        Setting { name: "length_penalty", default: "0", summary: "taken from the score for each unit of length" },
        Setting { name: "length_limit", default: "0", summary: "beyond this length" },
    ],
    build: |settings| Ok(Arc::new(Par::of(settings)?)),
};

pub(super) const LOG_SIGMOID_ENTRY: RewardEntry = RewardEntry {
    name: LOG_SIGMOID,
    summary: "log sigmoid(score − reference), summed over criteria where there are several",
    reads: Reads::Scores,
    needs: &[Column::Reference],
    rare: false,
    settings: &[
        Setting { name: "quantile", default: "0.85", summary: "which quantile of several reference scores counts" },
        Setting { name: "weights", default: "1", summary: "of the criteria, with commas" },
    ],
    build: |settings| {
        let inside = |x: f64| x > 0.0 && x < 1.0;
        Ok(Arc::new(LogSigmoid {
            quantile: settings.number("quantile", 0.85, "a number between 0 and 1", inside)?,
            weights: numbers(settings, "weights", "numbers of 0 or more with commas between them", |x| x >= 0.0)?,
        }))
    },
};

#[derive(Debug, Clone, Copy)]
enum Shape {
    Sigmoid,
    Centred,
    Tanh,
    Atan,
}

/// Preference as reward: `r' = (1/M) Σ sigmoid(k (r − r_m))` over the M reference scores of the sample's
/// prompt, each a column; unknown references are left out. The variants put `r − r_m`, `tanh(r − r_m)` and
/// `atan(r − r_m)` for the sigmoid. Before, where `length_penalty` is given, a sample longer than
/// `length_limit` loses that much for each unit.
///
/// # Source
/// Fu et al. 2025, Reward Shaping to Mitigate Reward Hacking in RLHF (arXiv 2502.18770); code PAR
/// b8caf40, `reward_shaper.py`.
#[derive(Debug, Clone, Copy)]
struct Par {
    shape: Shape,
    k: f64,
    length_penalty: f64,
    length_limit: f64,
}

impl Par {
    fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let shapes =
            [("sigmoid", Shape::Sigmoid), ("centred", Shape::Centred), ("tanh", Shape::Tanh), ("atan", Shape::Atan)];
        Ok(Self {
            shape: settings.choice("shape", &shapes)?,
            k: positive(settings, "k", 1.0)?,
            length_penalty: not_negative(settings, "length_penalty", 0.0)?,
            length_limit: not_negative(settings, "length_limit", 0.0)?,
        })
    }

    fn shaped(self, difference: f64) -> f64 {
        match self.shape {
            Shape::Sigmoid => logistic(self.k * difference),
            Shape::Centred => difference,
            Shape::Tanh => difference.tanh(),
            Shape::Atan => difference.atan(),
        }
    }
}

impl RewardRule for Par {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let references = samples.columns.references(PAR)?;
        let length = if self.length_penalty > 0.0 { Some(samples.columns.length(PAR)?) } else { None };
        let reward = |(sample, &score): (usize, &f64)| {
            let excess = length.map_or(0.0, |length| (length[sample] - self.length_limit).max(0.0));
            let score = score - self.length_penalty * excess;
            mean(known(references, sample).map(|reference| self.shaped(score - reference)))
        };
        Ok(samples.scores.iter().enumerate().map(reward).collect())
    }
}

/// The log-sigmoid centred transform: `r' = log sigmoid(r − r_ref) = −softplus(r_ref − r)`.
///
/// With one reference column `r_ref` is its value; with several it is the `quantile` of a normal
/// distribution with their mean and their unbiased standard deviation + 1e-5. With criteria, which
/// have one reference column each, the reward is `Σ weight log sigmoid(r_k − r_ref,k)`: the log of the
/// chance that all are good, if they are independent.
///
/// # Source
/// Wang et al. 2024, Transforming and Combining Rewards for Aligning Large Language Models (arXiv
/// 2402.00742); the reference by a quantile is that of PAR's code b8caf40.
#[derive(Debug, Clone)]
struct LogSigmoid {
    quantile: f64,
    weights: Vec<f64>,
}

impl LogSigmoid {
    fn combined(&self, columns: &Columns<'_>, samples: usize) -> Result<Vec<f64>, RewardError> {
        let (criteria, references) = (columns.criteria, columns.references(LOG_SIGMOID)?);
        let uneven = |column, found, setting, expected| {
            Err(RewardError::Columns { reward: LOG_SIGMOID, column, found, setting, expected })
        };
        if criteria.len() != references.len() {
            return uneven(Column::Criteria, criteria.len(), "references", references.len());
        }
        if !self.weights.is_empty() && self.weights.len() != criteria.len() {
            return uneven(Column::Criteria, criteria.len(), "weights", self.weights.len());
        }
        let part = |k: usize, sample: usize| {
            self.weights.get(k).unwrap_or(&1.0) * log_sigmoid(criteria[k][sample] - references[k][sample])
        };
        Ok((0..samples).map(|sample| (0..criteria.len()).map(|k| part(k, sample)).sum()).collect())
    }
}

impl RewardRule for LogSigmoid {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        if !samples.columns.criteria.is_empty() {
            return self.combined(&samples.columns, samples.len());
        }
        let references = samples.columns.references(LOG_SIGMOID)?;
        let reward = |(sample, &score): (usize, &f64)| {
            let reference = if references.len() == 1 {
                references[0][sample]
            } else {
                normal_quantile(&known(references, sample).collect::<Vec<_>>(), self.quantile)
            };
            log_sigmoid(score - reference)
        };
        Ok(samples.scores.iter().enumerate().map(reward).collect())
    }
}

/// log(1 / (1 + e^−x)) without overflow.
fn log_sigmoid(x: f64) -> f64 {
    -softplus(-x)
}

/// The quantile of the normal distribution that values have the moments of; NaN for fewer than two.
fn normal_quantile(values: &[f64], quantile: f64) -> f64 {
    let centre = mean(values.iter().copied());
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    let deviation = (squares / (values.len() as f64 - 1.0)).sqrt() + 1e-5;
    Normal::new(centre, deviation).map_or(f64::NAN, |normal| normal.inverse_cdf(quantile))
}

/// The known values of a sample in several columns.
fn known<'a>(columns: &'a [&'a [f64]], sample: usize) -> impl Iterator<Item = f64> + 'a {
    columns.iter().map(move |column| column[sample]).filter(|value| value.is_finite())
}

/// The mean; NaN of nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    sum / count
}
