//! Several criteria, added up: weighted, normalised before, or after an overall one.

use std::sync::Arc;

use super::settings::{finite, not_negative, numbers};
use super::{Reads, RewardEntry, RewardError, RewardRule};
use crate::advantages::{Column, Normalization, Samples, normalize};
use crate::settings::{Setting, Settings, SettingsError};

const WEIGHTED: &str = "weighted-sum";
const NORMALIZED: &str = "normalized-sum";
const FLEX: &str = "flex";

const WEIGHTS: Setting =
    Setting { name: "weights", default: "1", summary: "of the criteria in their order, with commas" };
const MISSING: Setting =
    Setting { name: "missing", default: "mask", summary: "mask samples that lack a criterion, or skip what they lack" };

pub(super) const WEIGHTED_ENTRY: RewardEntry = RewardEntry {
    name: WEIGHTED,
    summary: "the weighted sum of the criteria, for samples that pass the guards among them",
    reads: Reads::Columns,
    needs: &[],
    rare: false,
    settings: &[
        WEIGHTS,
        MISSING,
        Setting {
            name: "guards",
            default: "none",
            summary: "the least values of the first criteria, with commas: these are not summed, but must be met",
        },
        Setting { name: "failed", default: "0", summary: "the reward of samples that don't pass a guard" },
    ],
    build: |settings| {
        let guards = if settings.get("guards") == Some("none") {
            Vec::new()
        } else {
            numbers(settings, "guards", "none, or numbers with commas between them", |_| true)?
        };
        Ok(Arc::new(WeightedSum { sum: Sum::of(settings, false)?, guards, failed: finite(settings, "failed", 0.0)? }))
    },
};

pub(super) const NORMALIZED_ENTRY: RewardEntry = RewardEntry {
    name: NORMALIZED,
    summary: "the weighted sum of each criterion's z-score in its group",
    reads: Reads::Columns,
    needs: &[Column::Criteria],
    rare: true,
    settings: &[
        WEIGHTS,
        Setting { default: "skip", ..MISSING },
        Setting { name: "eps", default: "1e-8", summary: "added to the deviations" },
    ],
    build: |settings| {
        let normalization = Normalization { eps: not_negative(settings, "eps", 1e-8)?, ..Normalization::default() };
        Ok(Arc::new(NormalizedSum { sum: Sum::of(settings, true)?, normalization }))
    },
};

pub(super) const FLEX_ENTRY: RewardEntry = RewardEntry {
    name: FLEX,
    summary: "the mean of the overall score and of the criteria's mean, by weight",
    reads: Reads::Scores,
    needs: &[Column::Criteria],
    rare: true,
    settings: &[
        Setting { name: "overall_weight", default: "1", summary: "of the score" },
        Setting { name: "dimension_weight", default: "1", summary: "of the mean of the criteria" },
        WEIGHTS,
    ],
    build: |settings| {
        let overall = not_negative(settings, "overall_weight", 1.0)?;
        let expected = "a number of 0 or more, and above 0 if overall_weight is 0";
        let usable = |x: f64| x.is_finite() && x >= 0.0 && x + overall > 0.0;
        let dimensions = settings.number("dimension_weight", 1.0, expected, usable)?;
        Ok(Arc::new(Flex { overall, dimensions, sum: Sum::of(settings, true)? }))
    },
};

/// How criteria are added up.
#[derive(Debug, Clone)]
struct Sum {
    /// One a criterion; all 1 where there is none.
    weights: Vec<f64>,
    /// Whether a criterion that a sample lacks is left out.
    skip: bool,
}

/// What the criteria of one sample add up to.
struct Added {
    sum: f64,
    /// The weight of what was added.
    weight: f64,
}

impl Sum {
    fn of(settings: &Settings, skips: bool) -> Result<Self, SettingsError> {
        let (mask, skip) = (("mask", false), ("skip", true));
        let missing = if skips { [skip, mask] } else { [mask, skip] };
        Ok(Self {
            weights: numbers(settings, "weights", "numbers with commas between them", |_| true)?,
            skip: settings.choice("missing", &missing)?,
        })
    }

    fn check(&self, reward: &'static str, found: usize) -> Result<(), RewardError> {
        let expected = self.weights.len();
        if expected == 0 || expected == found {
            return Ok(());
        }
        Err(RewardError::Columns { reward, column: Column::Criteria, found, setting: "weights", expected })
    }

    /// The weighted sum of a sample's values; `None` where none is known, or one isn't that must be.
    fn add(&self, values: impl Iterator<Item = f64>) -> Option<Added> {
        let mut added: Option<Added> = None;
        for (k, value) in values.enumerate() {
            let weight = *self.weights.get(k).unwrap_or(&1.0);
            if !value.is_nan() {
                let so_far = added.get_or_insert(Added { sum: 0.0, weight: 0.0 });
                so_far.sum += weight * value;
                so_far.weight += weight;
            } else if !self.skip {
                return None;
            }
        }
        added
    }
}

/// Σ weight criterion over the criteria that are no guards. The first criteria are guards, as many as
/// there are thresholds: a sample whose guard is below its threshold has the reward `failed`, whatever
/// the others say, and one whose guard is unknown is unknown. So the judge need not be asked to trade
/// safety or format for quality. Without criteria the score is the only one.
///
/// # Source
/// Sum and `missing=skip`: trl f2cd577 `GRPOTrainer`, the weighted `nansum` of its reward functions. Guards
/// are palio's own.
#[derive(Debug, Clone)]
struct WeightedSum {
    sum: Sum,
    guards: Vec<f64>,
    failed: f64,
}

impl RewardRule for WeightedSum {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let only = [samples.scores];
        let criteria = if samples.columns.criteria.is_empty() { &only[..] } else { samples.columns.criteria };
        if self.guards.len() >= criteria.len() {
            let (found, expected, setting) = (criteria.len(), self.guards.len() + 1, "guards and summed criteria");
            return Err(RewardError::Columns { reward: WEIGHTED, column: Column::Criteria, found, setting, expected });
        }
        let (guards, summed) = criteria.split_at(self.guards.len());
        self.sum.check(WEIGHTED, summed.len())?;
        let reward = |sample: usize| {
            let guards = || guards.iter().zip(&self.guards).map(|(column, &least)| (column[sample], least));
            if guards().any(|(value, least)| value < least) {
                self.failed
            } else if guards().any(|(value, _)| value.is_nan()) {
                f64::NAN
            } else {
                self.sum.add(summed.iter().map(|column| column[sample])).map_or(f64::NAN, |added| added.sum)
            }
        };
        Ok((0..samples.len()).map(reward).collect())
    }
}

/// Σ weight z-score of each criterion in its group, so that criteria of different units count alike. Its
/// sum has no unit variance: normalise by `none` (Pref-GRPO), or by `global` for GDPO.
///
/// # Source
/// Pref-GRPO 3e787f6 `compute_weighted_advantages` (eps 1e-8; `--apply_gdpo` takes the z-score over the
/// batch after it); trl f2cd577 `normalize_then_sum` (eps 1e-4, then over the batch).
#[derive(Debug, Clone)]
struct NormalizedSum {
    sum: Sum,
    normalization: Normalization,
}

impl RewardRule for NormalizedSum {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let criteria = samples.columns.criteria(NORMALIZED)?;
        self.sum.check(NORMALIZED, criteria.len())?;
        let z_score = |column: &&[f64]| normalize(column, samples.groups, None, &self.normalization);
        let columns = criteria.iter().map(z_score).collect::<Result<Vec<_>, _>>();
        // A z-score takes any column that has a value for each sample, which was checked before.
        let columns = columns.unwrap_or_else(|_| vec![vec![f64::NAN; samples.len()]; criteria.len()]);
        let sum = |sample: usize| self.sum.add(columns.iter().map(|column| column[sample]));
        Ok((0..samples.len()).map(|sample| sum(sample).map_or(f64::NAN, |added| added.sum)).collect())
    }
}

/// (`overall_weight` score + `dimension_weight` mean)/(sum of both), where the mean is that of the known
/// criteria by weight; the score alone where none is known.
///
/// # Source
/// Pref-GRPO 3e787f6 `unifiedreward_flex.py`: the score is the overall win rate, the criteria are win rates
/// by dimension, all with 3 decimals.
#[derive(Debug, Clone)]
struct Flex {
    overall: f64,
    dimensions: f64,
    sum: Sum,
}

impl RewardRule for Flex {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let criteria = samples.columns.criteria(FLEX)?;
        self.sum.check(FLEX, criteria.len())?;
        let reward = |(sample, &score): (usize, &f64)| match self.sum.add(criteria.iter().map(|c| c[sample])) {
            Some(Added { sum, weight }) if weight > 0.0 => {
                (self.overall * score + self.dimensions * sum / weight) / (self.overall + self.dimensions)
            }
            _ => score,
        };
        Ok(samples.scores.iter().enumerate().map(reward).collect())
    }
}
