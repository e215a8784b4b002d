//! How well two orders of the same items agree, and how much a predicted probability costs.

mod benchmarks;
mod order_error;
mod ranking;

pub use self::benchmarks::{
    ConfidentAgreement, Interval, TiesPrompt, TiesScore, agreement_with_confidence, separability, ties_score,
};
pub use self::order_error::{kendall_distance, normalised_kendall_distance, ranking_error, top_k_error};
pub use self::ranking::{
    EqualScores, Gain, ImportanceRank, PairWeight, dcg, kendall_tau_c, ndcg, somers_d, spearman, weighted_tau,
};

/// Kendall's rank correlation with its correction for ties, tau-b: pairs in the same order in both,
/// minus pairs in opposite order, over the geometric mean of the pairs that each of them orders.
///
/// `None` where one of the two orders no pair. A pair with a NaN is ordered by neither. O(n²), which
/// for the small groups that it is used on is less than sorting them.
///
/// # Source
/// Kendall, *Biometrika* 33 (1945), 239-251.
///
/// # Panics
/// If the two have not the same length.
pub fn kendall_tau(first: &[f64], second: &[f64]) -> Option<f64> {
    assert_eq!(first.len(), second.len(), "one value an item in both");
    let (mut agreement, mut in_first, mut in_second) = (0i64, 0i64, 0i64);
    for i in 0..first.len() {
        for j in 0..i {
            let (a, b) = (order(first[i], first[j]), order(second[i], second[j]));
            agreement += a * b;
            in_first += a.abs();
            in_second += b.abs();
        }
    }
    let pairs = (in_first as f64 * in_second as f64).sqrt();
    (pairs > 0.0).then(|| agreement as f64 / pairs)
}

/// The sign of a difference: 0 for equal values, and where one is NaN.
fn order(a: f64, b: f64) -> i64 {
    i64::from(a > b) - i64::from(a < b)
}

/// Pearson's correlation; `None` where one of the two is constant or has a value that is not finite. O(n).
///
/// # Panics
/// If the two have not the same length.
pub fn correlation(first: &[f64], second: &[f64]) -> Option<f64> {
    assert_eq!(first.len(), second.len(), "one value an item in both");
    let (first, second) = (Deviations::of(first)?, Deviations::of(second)?);
    let both: f64 = (0..first.values.len()).map(|at| first.at(at) * second.at(at)).sum();
    Some((both / (first.size * second.size)).clamp(-1.0, 1.0))
}

/// Values less their mean, in units of the largest of them, so that squares of the huge and of the tiny
/// stay numbers.
struct Deviations<'a> {
    values: &'a [f64],
    unit: f64,
    mean: f64,
    /// The root of the sum of squares.
    size: f64,
}

impl<'a> Deviations<'a> {
    /// `None` if the values are constant, or not all finite.
    fn of(values: &'a [f64]) -> Option<Self> {
        let (&first, n) = (values.first()?, values.len() as f64);
        // Differences of halves don't overflow.
        let unit = values.iter().fold(0.0, |largest: f64, value| largest.max((value / 2.0 - first / 2.0).abs()));
        let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        // Differences this small are what rounding leaves of equal values.
        if !largest.is_finite() || values.iter().any(|value| value.is_nan()) || unit <= largest * 1e-14 {
            return None;
        }
        let mut deviations = Self { values, unit, mean: 0.0, size: 0.0 };
        deviations.mean = (0..values.len()).map(|at| deviations.at(at)).sum::<f64>() / n;
        deviations.size = (0..values.len()).map(|at| deviations.at(at).powi(2)).sum::<f64>().sqrt();
        Some(deviations)
    }

    fn at(&self, at: usize) -> f64 {
        (self.values[at] / 2.0 - self.values[0] / 2.0) / self.unit - self.mean
    }
}

/// No prediction is taken as surer than this when its logarithm is scored: one that called impossible what
/// happened costs ln 10⁹ = 20.7, not infinity.
pub const SUREST: f64 = 1e-9;

/// The logarithmic loss, in nats, of a predicted `probability` where the outcome took `share`: −ln of the
/// probability of what happened for a win or a loss, and the cross-entropy for a share between. Whatever is
/// predicted, a tie counted as half costs at least ln 2 ([`entropy`]). Probabilities are kept [`SUREST`] away
/// from 0 and 1.
///
/// # Source
/// Good, *Journal of the Royal Statistical Society B* 14 (1952); equal to scikit-learn's `log_loss` on wins
/// and losses but for where it is kept from 0.
pub fn log_loss(probability: f64, share: f64) -> f64 {
    let p = probability.clamp(SUREST, 1.0 - SUREST);
    let cost = |weight: f64, p: f64| if weight > 0.0 { -weight * p.ln() } else { 0.0 };
    cost(share, p) + cost(1.0 - share, 1.0 - p)
}

/// The entropy of a share, in nats: what its logarithmic loss can't fall below.
pub fn entropy(share: f64) -> f64 {
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    term(share) + term(1.0 - share)
}

/// The Brier score of one prediction: its squared distance from the share that the outcome took.
///
/// # Source
/// Brier, *Monthly Weather Review* 78 (1950), halved as is usual for two outcomes.
pub fn brier(probability: f64, share: f64) -> f64 {
    (probability - share).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_those_of_the_textbook() {
        assert!((log_loss(0.8, 1.0) + 0.8f64.ln()).abs() < 1e-15);
        assert!((log_loss(0.8, 0.0) + 0.2f64.ln()).abs() < 1e-15);
        assert!((log_loss(0.5, 0.5) - 2f64.ln()).abs() < 1e-15);
        assert!((log_loss(0.3, 0.3) - entropy(0.3)).abs() < 1e-15);
        assert!((log_loss(0.0, 1.0) - 1e9f64.ln()).abs() < 1e-12);
        assert!(log_loss(1.0, 1.0) < 1.1e-9);
        assert!(entropy(0.0).abs() + entropy(1.0).abs() < 1e-15);
        assert!((brier(0.8, 1.0) - 0.04).abs() < 1e-15);
    }

    #[test]
    fn tau_counts_pairs() {
        assert_eq!(kendall_tau(&[1.0, 2.0, 3.0], &[10.0, 20.0, 30.0]), Some(1.0));
        assert_eq!(kendall_tau(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        // Five pairs of six agree and one does not.
        let tau = kendall_tau(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 4.0, 3.0]);
        assert!((tau.unwrap() - 4.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn tau_corrects_for_ties() {
        // Kendall 1945: two pairs agree, none disagrees, and the first orders two of three pairs.
        let tau = kendall_tau(&[1.0, 1.0, 2.0], &[1.0, 2.0, 3.0]).unwrap();
        assert!((tau - 2.0 / 6.0f64.sqrt()).abs() < 1e-15);
        assert_eq!(kendall_tau(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(kendall_tau(&[], &[]), None);
    }

    #[test]
    fn correlation_is_that_of_deviations() {
        let found = correlation(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0]).unwrap();
        assert!((found - 0.8).abs() < 1e-15);
        assert_eq!(correlation(&[0.1, 0.1, 0.1], &[1.0, 2.0, 3.0]), None);
        assert_eq!(correlation(&[f64::NAN, 0.1, 0.1], &[1.0, 2.0, 3.0]), None);
        for (scale, shift) in [(1e300, 0.0), (1e-300, 0.0), (-f64::MAX / 4.0, 0.0), (1.0, 1e8)] {
            let values = [1.0, 3.0, 2.0, 4.0].map(|value| scale * value + shift);
            let found = correlation(&values, &[1.0, 2.0, 3.0, 4.0]).unwrap();
            assert!((found - 0.8_f64.copysign(scale)).abs() < 1e-14, "{scale}: {found}");
        }
        assert_eq!(correlation(&[], &[]), None);
    }
}
