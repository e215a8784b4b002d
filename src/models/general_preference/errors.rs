//! Errors of log-odds: what the curvature of the objective says of differences it can see.

use nalgebra::DMatrix;

use super::newton::{BlockPreconditioner, dot};
use super::problem::{Problem, Slope};

/// Up to this many unknowns the curvature is taken apart once for all pairs; above, each pair costs a
/// solve.
const DENSE_UNKNOWNS: usize = 320;
/// Eigenvalues below this share of the largest belong to changes of coordinates that leave all scores as
/// they are, or can't be told from them: each unknown is in units of its own curvature first, so that a
/// heavy pair doesn't hide a light one.
const NO_CURVATURE: f64 = 1e-9;
/// A score with more than this share of its derivative along such directions has no known error.
const UNSEEN: f64 = 1e-6;
/// Relative residual of a solve for one pair.
const TOLERANCE: f64 = 1e-8;

/// The pseudo-inverse of the second derivatives at an optimum.
///
/// A score does not change along the directions without curvature, so that its variance `gᵀ H⁺ g`, g being
/// its derivative, is the same for all embeddings of the same scores.
pub(super) enum Curvature {
    /// Columns whose products with g give the variance: `vectors · diag(roots)`; and the vectors without
    /// curvature, along which g must not lie. Rows are in units of `1/√curvature` of each unknown.
    Dense { seen: DMatrix<f64>, unseen: DMatrix<f64>, units: Vec<f64> },
    /// Solved for each pair.
    Iterative(BlockPreconditioner),
}

impl std::fmt::Debug for Curvature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Dense { .. }) { "Dense" } else { "Iterative" })
    }
}

impl Curvature {
    /// O(unknowns³) where dense.
    pub(super) fn at(problem: &Problem, x: &[f64], slope: &Slope) -> Self {
        if problem.unknowns() > DENSE_UNKNOWNS {
            Self::Iterative(BlockPreconditioner::new(problem, x, slope))
        } else {
            Self::dense(problem, x, slope)
        }
    }

    fn dense(problem: &Problem, x: &[f64], slope: &Slope) -> Self {
        let mut hessian = problem.hessian(x, slope);
        let unit = |value: f64| if value > 0.0 { value.sqrt().recip() } else { 1.0 };
        let units: Vec<f64> = hessian.diagonal().iter().map(|&value| unit(value)).collect();
        for (j, &unit) in units.iter().enumerate() {
            hessian.column_mut(j).iter_mut().zip(&units).for_each(|(value, other)| *value *= unit * other);
        }
        let eigen = hessian.symmetric_eigen();
        let largest = eigen.eigenvalues.iter().fold(0.0_f64, |largest, value| largest.max(*value));
        let (mut seen, mut unseen) = (eigen.eigenvectors.clone(), eigen.eigenvectors);
        for (column, &value) in eigen.eigenvalues.iter().enumerate() {
            let has_curvature = value > NO_CURVATURE * largest;
            seen.column_mut(column).scale_mut(if has_curvature { value.sqrt().recip() } else { 0.0 });
            unseen.column_mut(column).scale_mut(if has_curvature { 0.0 } else { 1.0 });
        }
        Self::Dense { seen, unseen, units }
    }

    /// The variance of `s_ij`; `None` where a solve fails. O(unknowns × blocks), or a solve.
    pub(super) fn variance(&self, problem: &Problem, x: &[f64], slope: &Slope, i: usize, j: usize) -> Option<f64> {
        let stride = problem.stride();
        let (mut row_i, mut row_j) = (vec![0.0; stride], vec![0.0; stride]);
        problem.rows(x, i, j, &mut row_i, &mut row_j);
        match self {
            Self::Dense { seen, unseen, units } => {
                for l in 0..stride {
                    row_i[l] *= units[i * stride + l];
                    row_j[l] *= units[j * stride + l];
                }
                let squared = |matrix: &DMatrix<f64>| -> f64 {
                    let along = |column: nalgebra::DVectorView<'_, f64>| -> f64 {
                        (0..stride).map(|l| row_i[l] * column[i * stride + l] + row_j[l] * column[j * stride + l]).sum()
                    };
                    matrix.column_iter().map(|column| along(column).powi(2)).sum()
                };
                let size: f64 = row_i.iter().chain(&row_j).map(|value| value * value).sum();
                (squared(unseen) <= UNSEEN * size).then(|| squared(seen))
            }
            Self::Iterative(blocks) => {
                let mut right = vec![0.0; problem.unknowns()];
                right[i * stride..][..stride].copy_from_slice(&row_i);
                right[j * stride..][..stride].copy_from_slice(&row_j);
                quadratic_form(problem, x, slope, blocks, &right)
            }
        }
    }
}

/// `gᵀ H⁺ g` by conjugate gradients. They stay where H has curvature, as g does.
fn quadratic_form(
    problem: &Problem,
    at: &[f64],
    slope: &Slope,
    blocks: &BlockPreconditioner,
    right: &[f64],
) -> Option<f64> {
    let n = right.len();
    let (mut residual, mut product, mut z) = (right.to_vec(), vec![0.0; n], vec![0.0; n]);
    blocks.solve(&residual, &mut z);
    let mut direction = z.clone();
    let mut size = dot(&residual, &z);
    let target = TOLERANCE * TOLERANCE * size;
    let mut form = 0.0;
    for _ in 0..200 + 2 * n {
        if size <= target {
            return Some(form);
        }
        problem.hessian_times(at, slope, &direction, &mut product);
        let bend = dot(&direction, &product);
        if bend.is_nan() || bend <= 0.0 {
            return None;
        }
        let length = size / bend;
        // Each step adds its part of the form.
        form += length * size;
        residual.iter_mut().zip(&product).for_each(|(r, p)| *r -= length * p);
        blocks.solve(&residual, &mut z);
        let next = dot(&residual, &z);
        direction.iter_mut().zip(&z).for_each(|(d, z)| *d = z + next / size * *d);
        size = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::problem::tests::problem;
    use super::*;

    #[test]
    fn a_solve_finds_what_the_whole_matrix_says() {
        for (items, blocks) in [(6, 0), (7, 1), (9, 2)] {
            let problem = problem(items, blocks);
            let start: Vec<f64> = (0..problem.unknowns()).map(|place| (place as f64).sin()).collect();
            let found = problem.minimise(start);
            let (x, slope) = (&found.x, &found.slope);
            let dense = Curvature::dense(&problem, x, slope);
            let iterative = Curvature::Iterative(BlockPreconditioner::new(&problem, x, slope));
            for j in 1..items {
                let [a, b] = [&dense, &iterative].map(|it| it.variance(&problem, x, slope, 0, j).expect("a variance"));
                assert!((a - b).abs() < 1e-6 * a && a > 0.0, "{items} items, {blocks} blocks: {a} and {b}");
            }
        }
    }
}
