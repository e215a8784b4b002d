//! What logs drawn from a ladder look like.

use serde::Serialize;

/// The spread of a number over drawn logs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub std_dev: f64,
    /// The value that one log in 20 is below.
    pub low: f64,
    /// The value that one log in 20 is above.
    pub high: f64,
}

impl Range {
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let at = |share: f64| values[(share * (n - 1.0)).round() as usize];
        Self { mean, std_dev: (squares / (n - 1.0).max(1.0)).sqrt(), low: at(0.05), high: at(0.95) }
    }
}

/// What is computed of one drawn log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replicate {
    pub(super) deviance: f64,
    pub(super) cyclicity: f64,
    pub(super) triads: f64,
}

/// The same of all of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    pub(super) deviance: Range,
    pub(super) cyclicity: Range,
    pub(super) triads: Range,
}

impl Chance {
    pub(super) fn of(replicates: &[Replicate]) -> Self {
        let range = |value: fn(&Replicate) -> f64| Range::of(replicates.iter().map(value).collect());
        Self {
            deviance: range(|replicate| replicate.deviance),
            cyclicity: range(|replicate| replicate.cyclicity),
            triads: range(|replicate| replicate.triads),
        }
    }
}
