//! The score itself, limited, or in tiers.

use std::sync::Arc;

use super::settings::{finite, numbers};
use super::{Reads, RewardEntry, RewardError, RewardRule};
use crate::advantages::Samples;
use crate::settings::{Setting, Settings, SettingsError};

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

pub(super) const CLIP: RewardEntry = RewardEntry {
    name: "clip",
    summary: "the score, limited to a range",
    reads: Reads::Scores,
    needs: &[],
    rare: true,
    settings: &[
        Setting { name: "low", default: "-1", summary: "the least reward" },
        Setting { name: "high", default: "1", summary: "the largest reward" },
    ],
    build: |settings| {
        let low = finite(settings, "low", -1.0)?;
        let above = |high: f64| high.is_finite() && high >= low;
        let high = settings.number("high", 1.0_f64.max(low), "a number that is no less than low", above)?;
        Ok(Arc::new(Clip { low, high }))
    },
};

pub(super) const TIERS: RewardEntry = RewardEntry {
    name: "tiers",
    summary: "a reward for each tier that the score is in",
    reads: Reads::Scores,
    needs: &[],
    rare: true,
    settings: &[
        Setting { name: "at", default: "0.5", summary: "the least score of each tier but the lowest, ascending" },
        Setting { name: "values", default: "even", summary: "the reward of each tier, the lowest first; even: 0 to 1" },
    ],
    build: |settings| Ok(Arc::new(Tiers::of(settings)?)),
};

/// The score limited to `low..=high`.
#[derive(Debug, Clone, Copy)]
struct Clip {
    low: f64,
    high: f64,
}

impl RewardRule for Clip {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        Ok(samples.scores.iter().map(|score| score.clamp(self.low, self.high)).collect())
    }
}

/// A step function: a score at or above a tier's threshold, and below the next one's, has the tier's
/// value. Thresholds are inclusive, as in rubrics ("8 or more is good").
#[derive(Debug, Clone)]
struct Tiers {
    at: Vec<f64>,
    values: Vec<f64>,
}

impl Tiers {
    fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let value = |name: &str, expected: String| SettingsError::Value {
            name: name.to_owned(),
            value: settings.get(name).unwrap_or_default().to_owned(),
            expected,
        };
        let mut at = numbers(settings, "at", "numbers with commas between them", |_| true)?;
        if at.is_empty() {
            at.push(0.5);
        }
        if !at.is_sorted_by(|a, b| a < b) {
            return Err(value("at", "ascending numbers with commas between them".to_owned()));
        }
        let even = settings.get("values").is_none_or(|text| text == "even");
        let values = if even {
            (0..=at.len()).map(|tier| tier as f64 / at.len() as f64).collect()
        } else {
            numbers(settings, "values", "numbers with commas between them", |_| true)?
        };
        if values.len() != at.len() + 1 {
            return Err(value("values", format!("{} numbers, one more than there are in at", at.len() + 1)));
        }
        Ok(Self { at, values })
    }
}

impl RewardRule for Tiers {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let reward = |&score: &f64| {
            let tier = self.at.partition_point(|&least| least <= score);
            if score.is_nan() { f64::NAN } else { self.values[tier] }
        };
        Ok(samples.scores.iter().map(reward).collect())
    }
}
