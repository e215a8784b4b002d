//! How much a comparison is expected to tell.

use std::sync::LazyLock;

use nalgebra::{DMatrix, SymmetricEigen};

use crate::metrics::entropy;
use crate::models::bradley_terry::logistic;

/// Nodes of the quadrature, as many as in Hybrid-MST.
const NODES: usize = 30;

/// Nodes and weights for the mean over a standard normal variable.
static QUADRATURE: LazyLock<Vec<[f64; 2]>> =
    LazyLock::new(|| {
        // Golub and Welsch 1969: the eigenvalues of the recurrence of Hermite's polynomials.
        let recurrence = DMatrix::from_fn(NODES, NODES, |row, column| {
            if row.abs_diff(column) == 1 { (row.max(column) as f64).sqrt() } else { 0.0 }
        });
        let eigen = SymmetricEigen::new(recurrence);
        let mut nodes: Vec<[f64; 2]> =
            (0..NODES).map(|node| [eigen.eigenvalues[node], eigen.eigenvectors[(0, node)].powi(2)]).collect();
        nodes.sort_by(|a, b| a[0].total_cmp(&b[0]));
        nodes
    });

/// The information, in nats, that the winner of a comparison is expected to give about a difference of
/// log-odds that is believed to be normal with this mean and variance: the entropy of the outcome less what
/// is left of it when the difference is known. By Gauss-Hermite quadrature with 30 nodes.
///
/// # Source
/// Lindley 1956; as a rule for comparisons Li et al. 2018, "Hybrid-MST" (`NeurIPS`), and Mikhailiuk et al. 2021
/// (ASAP).
pub fn information_gain(mean: f64, variance: f64) -> f64 {
    let deviation = variance.max(0.0).sqrt();
    let (mut share, mut left) = (0.0, 0.0);
    for &[node, weight] in QUADRATURE.iter() {
        let p = logistic(mean + deviation * node);
        share += weight * p;
        left += weight * entropy(p);
    }
    (entropy(share) - left).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by the trapezoid rule, which for such integrands converges faster than any power.
    fn by_trapezoids(mean: f64, variance: f64) -> f64 {
        let (mut all, mut share, mut left) = (0.0, 0.0, 0.0);
        for step in -4_000..=4_000 {
            let z = f64::from(step) / 400.0;
            let weight = (-z * z / 2.0).exp();
            let p = logistic(mean + variance.sqrt() * z);
            all += weight;
            share += weight * p;
            left += weight * entropy(p);
        }
        entropy(share / all) - left / all
    }

    #[test]
    fn the_quadrature_is_that_of_the_normal_law() {
        let moment = |power: i32| QUADRATURE.iter().map(|[node, weight]| weight * node.powi(power)).sum::<f64>();
        for (power, expected) in [(0, 1.0), (1, 0.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)] {
            assert!((moment(power) - expected).abs() < 1e-10 * expected.max(1.0), "{power}: {}", moment(power));
        }
    }

    #[test]
    fn the_gain_is_the_mutual_information() {
        for (mean, variance, tolerance) in [(0.0, 0.01, 1e-12), (1.0, 0.5, 1e-10), (-2.0, 2.0, 1e-6), (0.3, 10.0, 2e-3)]
        {
            let (found, expected) = (information_gain(mean, variance), by_trapezoids(mean, variance));
            assert!((found - expected).abs() < tolerance, "{mean}, {variance}: {found} and {expected}");
        }
    }

    #[test]
    fn a_known_difference_tells_nothing_and_no_comparison_tells_more_than_a_bit() {
        assert!(information_gain(0.7, 0.0) < 1e-15);
        assert!(information_gain(0.0, 1e6) <= 2.0_f64.ln());
        assert!(information_gain(0.0, 1.0) > information_gain(3.0, 1.0));
        // For small variances it is half the information times the variance.
        assert!((information_gain(0.0, 1e-4) / (0.5 * 0.25 * 1e-4) - 1.0).abs() < 1e-3);
    }
}
