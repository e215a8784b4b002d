//! Newton's method on an objective that is not convex: with a dense factorisation where it is small,
//! and by conjugate gradients in a trust region above.
//!
//! Both use the full second derivative. Without the coupling of residuals (Fisher scoring) convergence
//! stalls: at the optimum that coupling cancels the penalty along the directions that leave scores as they
//! are.

use nalgebra::{DMatrix, DVector};

use super::problem::{Problem, Slope};
use crate::models::Convergence;

/// Up to this many unknowns each step factorises the dense matrix: where both were measured to cost the
/// same, on 12 to 43 items with one to three blocks.
const DENSE_UNKNOWNS: usize = 128;
/// The gradient, by component, at which a fit has converged: absolute, and as a share of the weight of all
/// comparisons, below which there is only rounding.
const TOLERANCE: f64 = 1e-11;
const ROUNDING: f64 = 1e-14;
const MAX_ITERATIONS: u32 = 300;

/// Where a fit ended.
#[derive(Debug, Clone)]
pub(super) struct Optimum {
    pub(super) x: Vec<f64>,
    pub(super) slope: Slope,
    pub(super) convergence: Convergence,
}

impl Problem {
    /// Minimises the objective from `start`. O(unknowns³) an iteration up to a few unknowns, products of
    /// O(pairs × blocks) above.
    pub(super) fn minimise(&self, start: Vec<f64>) -> Optimum {
        let tolerance = TOLERANCE.max(ROUNDING * self.pairs.weight());
        self.minimise_to(start, tolerance)
    }

    /// The same, up to a gradient of `tolerance` by component.
    pub(super) fn minimise_to(&self, start: Vec<f64>, tolerance: f64) -> Optimum {
        let descent = Descent::new(self, start, tolerance);
        if self.unknowns() <= DENSE_UNKNOWNS { descent.dense() } else { descent.truncated() }
    }
}

/// A way down.
struct Descent<'a> {
    problem: &'a Problem,
    x: Vec<f64>,
    slope: Slope,
    iterations: u32,
    tolerance: f64,
}

impl<'a> Descent<'a> {
    fn new(problem: &'a Problem, start: Vec<f64>, tolerance: f64) -> Self {
        let mut slope = Slope::default();
        problem.evaluate(&start, &mut slope);
        Self { problem, x: start, slope, iterations: 0, tolerance }
    }

    fn goes_on(&self) -> bool {
        self.iterations < MAX_ITERATIONS && self.slope.norm() > self.tolerance
    }

    fn end(self) -> Optimum {
        let norm = self.slope.norm();
        let convergence =
            Convergence { converged: norm <= self.tolerance, iterations: self.iterations, gradient_norm: Some(norm) };
        Optimum { x: self.x, slope: self.slope, convergence }
    }

    /// Goes to `x + step` if that is better; `promised` is what the quadratic model gains. Returns the
    /// share of it that was gained.
    fn try_step(&mut self, step: &[f64], promised: f64, spare: &mut Trial) -> f64 {
        self.iterations += 1;
        spare.x.clear();
        spare.x.extend(self.x.iter().zip(step).map(|(x, s)| x + s));
        self.problem.evaluate(&spare.x, &mut spare.slope);
        let gained = self.slope.objective - spare.slope.objective;
        // Where rounding hides what is gained the gradient tells.
        let hidden = promised <= 1e-11 * self.slope.objective.abs();
        let better = if hidden { spare.slope.norm() < self.slope.norm() } else { gained > 1e-4 * promised };
        if better {
            std::mem::swap(&mut self.x, &mut spare.x);
            std::mem::swap(&mut self.slope, &mut spare.slope);
        }
        match (better, hidden) {
            (true, true) => 1.0,
            (false, true) => 0.0,
            _ => gained / promised,
        }
    }

    /// Levenberg and Marquardt: (H + μ I) step = −g by Cholesky.
    fn dense(mut self) -> Optimum {
        let mut spare = Trial::default();
        let mut damping = 1.0;
        let mut hessian = self.problem.hessian(&self.x, &self.slope);
        let mut rejected = 0;
        while self.goes_on() && rejected < 60 {
            let step = damped_step(&hessian, &self.slope.gradient, damping);
            let gain = step.as_ref().map_or(0.0, |step| {
                let along = dot(step.as_slice(), &self.slope.gradient);
                let promised = -along - 0.5 * step.dot(&(&hessian * step));
                self.try_step(step.as_slice(), promised, &mut spare)
            });
            if gain > 1e-4 {
                hessian = self.problem.hessian(&self.x, &self.slope);
                damping = (damping / 6.0_f64).max(1e-10);
                rejected = 0;
            } else {
                damping *= 4.0;
                rejected += 1;
            }
        }
        self.end()
    }

    /// Conjugate gradients on the Hessian's products within a trust region (Steihaug 1983), the blocks of
    /// single items being the preconditioner and the measure of the region.
    fn truncated(mut self) -> Optimum {
        let mut spare = Trial::default();
        let first = self.slope.norm();
        let mut blocks = BlockPreconditioner::new(self.problem, &self.x, &self.slope);
        let mut radius = 0.0;
        let mut inner = Inner::new(self.x.len());
        let mut rejected = 0;
        while self.goes_on() && rejected < 40 {
            let forcing = (self.slope.norm() / first).sqrt().clamp(1e-4, 0.1);
            if radius <= 0.0 {
                radius = 4.0 * blocks.length(&self.slope.gradient);
            }
            let found = inner.solve(self.problem, &self.x, &self.slope, &blocks, radius, forcing);
            let gain = self.try_step(&inner.step, found.promised, &mut spare);
            if gain < 0.25 {
                radius = 0.25 * found.length;
            } else if gain > 0.75 && found.at_the_edge {
                radius *= 3.0;
            }
            if gain > 1e-4 {
                blocks = BlockPreconditioner::new(self.problem, &self.x, &self.slope);
                rejected = 0;
            } else {
                rejected += 1;
            }
        }
        self.end()
    }
}

/// Where a step leads.
#[derive(Default)]
struct Trial {
    x: Vec<f64>,
    slope: Slope,
}

fn damped_step(hessian: &DMatrix<f64>, gradient: &[f64], damping: f64) -> Option<DVector<f64>> {
    let mut damped = hessian.clone();
    for place in 0..damped.nrows() {
        damped[(place, place)] += damping;
    }
    let mut step = DVector::from_iterator(gradient.len(), gradient.iter().map(|g| -g));
    damped.cholesky()?.solve_mut(&mut step);
    Some(step)
}

/// The Cholesky factors of the blocks of single items.
pub(super) struct BlockPreconditioner {
    stride: usize,
    factors: Vec<f64>,
}

impl BlockPreconditioner {
    pub(super) fn new(problem: &Problem, at: &[f64], slope: &Slope) -> Self {
        let stride = problem.stride();
        let mut factors = problem.diagonal_blocks(at, slope);
        for block in factors.chunks_exact_mut(stride * stride) {
            factorise(block, stride);
        }
        Self { stride, factors }
    }

    /// `z = M⁻¹ r`.
    pub(super) fn solve(&self, r: &[f64], z: &mut [f64]) {
        z.copy_from_slice(r);
        let n = self.stride;
        for (block, z) in self.factors.chunks_exact(n * n).zip(z.chunks_exact_mut(n)) {
            for column in 0..n {
                let value = z[column] / block[column * n + column];
                z[column] = value;
                for row in column + 1..n {
                    z[row] -= block[column * n + row] * value;
                }
            }
            for column in (0..n).rev() {
                let below: f64 = (column + 1..n).map(|row| block[column * n + row] * z[row]).sum();
                z[column] = (z[column] - below) / block[column * n + column];
            }
        }
    }

    /// √(rᵀ M⁻¹ r).
    fn length(&self, r: &[f64]) -> f64 {
        let mut z = vec![0.0; r.len()];
        self.solve(r, &mut z);
        dot(r, &z).sqrt()
    }
}

/// The lower factor in place, columns one after the other. Pivots that rounding leaves at nothing are
/// raised: it is a preconditioner.
fn factorise(block: &mut [f64], n: usize) {
    let trace: f64 = (0..n).map(|place| block[place * n + place]).sum();
    let least = 1e-12 * trace + f64::MIN_POSITIVE.sqrt();
    for column in 0..n {
        for earlier in 0..column {
            let factor = block[earlier * n + column];
            for row in column..n {
                block[column * n + row] -= factor * block[earlier * n + row];
            }
        }
        let pivot = block[column * n + column].max(least).sqrt();
        block[column * n + column] = pivot;
        for row in column + 1..n {
            block[column * n + row] /= pivot;
        }
    }
}

/// The vectors of conjugate gradients, kept from step to step.
struct Inner {
    step: Vec<f64>,
    residual: Vec<f64>,
    direction: Vec<f64>,
    product: Vec<f64>,
    z: Vec<f64>,
}

/// What a truncated solve promises.
struct Promise {
    promised: f64,
    /// In the preconditioner's measure.
    length: f64,
    at_the_edge: bool,
}

impl Inner {
    fn new(n: usize) -> Self {
        let zeros = || vec![0.0; n];
        Self { step: zeros(), residual: zeros(), direction: zeros(), product: zeros(), z: zeros() }
    }

    /// Minimises the quadratic model within `radius`, up to a residual of `forcing` times the gradient.
    fn solve(
        &mut self,
        problem: &Problem,
        at: &[f64],
        slope: &Slope,
        blocks: &BlockPreconditioner,
        radius: f64,
        forcing: f64,
    ) -> Promise {
        self.step.fill(0.0);
        self.residual.iter_mut().zip(&slope.gradient).for_each(|(r, g)| *r = -g);
        blocks.solve(&self.residual, &mut self.z);
        self.direction.copy_from_slice(&self.z);
        let mut size = dot(&self.residual, &self.z);
        let target = forcing * forcing * size;
        // Squares and products in the measure of M: of the step, of both, of the direction.
        let (mut square, mut mixed, mut reach) = (0.0, 0.0, size);
        let mut promised = 0.0;
        for _ in 0..2 * at.len() + 50 {
            problem.hessian_times(at, slope, &self.direction, &mut self.product);
            let bend = dot(&self.direction, &self.product);
            let length = size / bend;
            let beyond = square + 2.0 * length * mixed + length * length * reach;
            if bend <= 1e-14 * reach || beyond >= radius * radius {
                let to_edge = (-mixed + (mixed * mixed + reach * (radius * radius - square)).max(0.0).sqrt()) / reach;
                self.advance(to_edge);
                promised += to_edge * (size - 0.5 * to_edge * bend);
                return Promise { promised, length: radius, at_the_edge: true };
            }
            self.advance(length);
            promised += 0.5 * length * size;
            blocks.solve(&self.residual, &mut self.z);
            let next = dot(&self.residual, &self.z);
            let turn = next / size;
            for (d, z) in self.direction.iter_mut().zip(&self.z) {
                *d = z + turn * *d;
            }
            square = beyond;
            mixed = turn * (mixed + length * reach);
            reach = next + turn * turn * reach;
            size = next;
            if size <= target {
                break;
            }
        }
        Promise { promised, length: square.sqrt(), at_the_edge: false }
    }

    fn advance(&mut self, by: f64) {
        for place in 0..self.step.len() {
            self.step[place] += by * self.direction[place];
            self.residual[place] -= by * self.product[place];
        }
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::super::problem::tests::problem;
    use super::*;

    #[test]
    fn both_solvers_reach_the_same_scores() {
        for (items, blocks) in [(3, 1), (6, 0), (7, 3), (12, 2)] {
            let problem = problem(items, blocks);
            let start: Vec<f64> = (0..problem.unknowns()).map(|place| (place as f64).sin()).collect();
            let dense = Descent::new(&problem, start.clone(), TOLERANCE).dense();
            let truncated = Descent::new(&problem, start, TOLERANCE).truncated();
            assert!(dense.convergence.converged && truncated.convergence.converged, "{items} items, {blocks} blocks");
            assert!((dense.slope.objective - truncated.slope.objective).abs() < 1e-9);
            let [a, b] = [&dense.x, &truncated.x].map(|x| problem.embedding(x).scores());
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6), "{items} items, {blocks} blocks");
        }
    }
}
