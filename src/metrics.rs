//! How well two orders of the same items agree, and how much a predicted probability costs.

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

/// Pearson's correlation; `None` where one of the two is constant. O(n).
///
/// # Panics
/// If the two have not the same length.
pub fn correlation(first: &[f64], second: &[f64]) -> Option<f64> {
    assert_eq!(first.len(), second.len(), "one value an item in both");
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_first, mean_second) = (mean(first), mean(second));
    let (mut both, mut squares_first, mut squares_second) = (0.0, 0.0, 0.0);
    for (&a, &b) in first.iter().zip(second) {
        let (a, b) = (a - mean_first, b - mean_second);
        both += a * b;
        squares_first += a * a;
        squares_second += b * b;
    }
    // Deviations of equal values from their own mean are no more than rounding.
    let spread = |squares: f64, values: &[f64]| {
        let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        squares > values.len() as f64 * (largest * 1e-14).powi(2)
    };
    let known = spread(squares_first, first) && spread(squares_second, second);
    known.then(|| (both / (squares_first * squares_second).sqrt()).clamp(-1.0, 1.0))
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
        assert_eq!(correlation(&[], &[]), None);
    }
}
