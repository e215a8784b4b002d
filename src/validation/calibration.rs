//! Whether probabilities mean what they say.

use serde::Serialize;

use crate::metrics::SUREST;
use crate::models::bradley_terry::logistic;

/// A probability that was stated and the share that came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement {
    pub(super) probability: f64,
    pub(super) share: f64,
    pub(super) weight: f64,
}

/// How stated probabilities compare with what came.
///
/// Which item of a pair is asked about is arbitrary, so that bins hold the probability of the favourite,
/// from one half to one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The factor on stated log-odds with which they fit best: below 1 where predictions are too sure of
    /// themselves, above 1 where not sure enough. `None` where no finite factor fits best.
    pub slope: Option<f64>,
    /// The mean distance of stated probability and share that came, over bins by their weight.
    pub expected_error: f64,
    /// Bins of width 0.05 with a comparison in them.
    pub bins: Vec<CalibrationBin>,
}

/// Predictions of about the same probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// The lower end of the probabilities.
    pub from: f64,
    /// The upper end.
    pub to: f64,
    /// The weight of the comparisons.
    pub weight: f64,
    /// Their mean stated probability.
    pub predicted: f64,
    /// The share that the favourites took.
    pub observed: f64,
}

/// Bins from one half to one.
const BINS: usize = 10;
/// A factor on log-odds beyond this is none that was found.
const STEEPEST: f64 = 1e3;
const MAX_ITERATIONS: u32 = 50;

impl Calibration {
    /// Of statements, in the order given. O(statements).
    ///
    /// # Source
    /// The expected error is that of Naeini, Cooper and Hauskrecht 2015; the slope that of Cox 1958 without
    /// an intercept, which would depend on which item of a pair is asked about.
    pub(super) fn of(statements: &[Statement]) -> Self {
        let mut bins = [[0.0; 3]; BINS];
        for it in statements {
            let is_favourite = it.probability >= 0.5;
            let (p, share) =
                if is_favourite { (it.probability, it.share) } else { (1.0 - it.probability, 1.0 - it.share) };
            // Of two equal items both are favourites.
            let share = if (p - 0.5).abs() < 1e-12 { 0.5 } else { share };
            let bin = (((p - 0.5) * 2.0 * BINS as f64) as usize).min(BINS - 1);
            for (sum, value) in bins[bin].iter_mut().zip([1.0, p, share]) {
                *sum += it.weight * value;
            }
        }
        let total: f64 = bins.iter().map(|[weight, ..]| weight).sum();
        let end = |bin: usize| (BINS + bin) as f64 / (2 * BINS) as f64;
        let filled = bins.iter().enumerate().filter(|(_, [weight, ..])| *weight > 0.0);
        let bins: Vec<CalibrationBin> = filled
            .map(|(bin, &[weight, predicted, observed])| CalibrationBin {
                from: end(bin),
                to: end(bin + 1),
                weight,
                predicted: predicted / weight,
                observed: observed / weight,
            })
            .collect();
        let distance = |bin: &CalibrationBin| bin.weight * (bin.predicted - bin.observed).abs();
        Self { slope: slope(statements), expected_error: bins.iter().map(distance).sum::<f64>() / total, bins }
    }
}

/// The factor b of log-odds x that maximises Σ w (s ln σ(bx) + (1−s) ln σ(−bx)), by Newton: concave in b.
fn slope(statements: &[Statement]) -> Option<f64> {
    let log_odds = |it: &Statement| {
        let p = it.probability.clamp(SUREST, 1.0 - SUREST);
        p.ln() - (1.0 - p).ln()
    };
    let mut b = 1.0_f64;
    for _ in 0..MAX_ITERATIONS {
        let (mut score, mut curvature) = (0.0, 0.0);
        for it in statements {
            let x = log_odds(it);
            let expected = logistic(b * x);
            score += it.weight * x * (it.share - expected);
            curvature += it.weight * x * x * expected * (1.0 - expected);
        }
        if curvature <= 0.0 {
            return None;
        }
        let step = (score / curvature).clamp(-b.abs().max(1.0), b.abs().max(1.0));
        b += step;
        if b.abs() > STEEPEST {
            return None;
        }
        if step.abs() <= 1e-12 * b.abs().max(1.0) {
            return Some(b);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn statement(probability: f64, share: f64, weight: f64) -> Statement {
        Statement { probability, share, weight }
    }

    /// Wins and losses of which exactly the stated share are wins.
    fn exact(probability: f64) -> [Statement; 2] {
        [statement(probability, 1.0, probability), statement(probability, 0.0, 1.0 - probability)]
    }

    #[test]
    fn what_comes_as_often_as_stated_is_calibrated() {
        let statements: Vec<Statement> = [0.5, 0.62, 0.13, 0.97].into_iter().flat_map(exact).collect();
        let found = Calibration::of(&statements);
        assert_relative_eq!(found.slope.unwrap(), 1.0, epsilon = 1e-10);
        assert!(found.expected_error < 1e-15);
        assert_eq!(found.bins.len(), 4);
    }

    #[test]
    fn log_odds_stated_twice_too_large_have_a_slope_of_one_half() {
        let doubled = |p: f64| logistic(2.0 * (p / (1.0 - p)).ln());
        let statements: Vec<Statement> = [0.6, 0.8, 0.3]
            .into_iter()
            .flat_map(|p| exact(p).map(|it| Statement { probability: doubled(p), ..it }))
            .collect();
        assert_relative_eq!(Calibration::of(&statements).slope.unwrap(), 0.5, epsilon = 1e-10);
    }

    #[test]
    fn which_item_is_asked_about_does_not_matter() {
        let statements = [statement(0.7, 1.0, 2.0), statement(0.4, 0.0, 1.0), statement(0.9, 0.0, 3.0)];
        let mirrored = statements.map(|it| statement(1.0 - it.probability, 1.0 - it.share, it.weight));
        let (one, other) = (Calibration::of(&statements), Calibration::of(&mirrored));
        assert_relative_eq!(one.expected_error, other.expected_error, epsilon = 1e-12);
        assert_relative_eq!(one.slope.unwrap(), other.slope.unwrap(), epsilon = 1e-9);
    }

    #[test]
    fn predictions_that_are_always_right_or_always_even_have_no_slope() {
        assert_eq!(Calibration::of(&[statement(0.7, 1.0, 1.0), statement(0.2, 0.0, 1.0)]).slope, None);
        assert_eq!(Calibration::of(&[statement(0.5, 1.0, 1.0)]).slope, None);
    }
}
