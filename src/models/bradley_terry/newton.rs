//! Damped Newton on the likelihood: a weighted graph Laplacian in the ratings, bordered by the tie
//! parameter where there is one.

use rayon::prelude::*;

use super::outcomes::{Outcomes, PairDerivatives, TieRule};
use super::solver::{Adjacency, LaplacianSolver};
use crate::data::graph::PairSums;
use crate::models::Convergence;

/// Converged means that no component of the gradient exceeds this share of the total weight.
pub(super) const TOLERANCE: f64 = 1e-10;
/// Where quadratic convergence is driven on to: rounding error of the gradient.
const POLISHED: f64 = 1e-14;
/// Converged means as well that the last step moved nothing by more than this: on a long, sparse
/// graph a gradient can be small far from the maximum.
const STEP_TOLERANCE: f64 = 1e-6;
/// The most that a step changes a difference of log-odds, or the logarithm of the parameter.
const LONGEST_STEP: f64 = 4.0;
const MAX_ITERATIONS: u32 = 100;
const MAX_HALVINGS: u32 = 40;
/// Pairs a parallel task works on; fixed, so that the number of threads changes no sum.
const CHUNK: usize = 1 << 14;

/// A log-likelihood to maximise.
#[derive(Debug)]
pub(super) struct Problem<'a> {
    pub(super) items: usize,
    pub(super) pairs: &'a PairSums,
    pub(super) rule: TieRule,
    /// Whether the tie parameter is fitted.
    pub(super) has_parameter: bool,
    /// The ridge on the ratings, λ in λ/2 |r|².
    pub(super) penalty: f64,
}

/// Ratings and the logarithm of the tie parameter.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) ratings: Vec<f64>,
    pub(super) log_parameter: f64,
}

#[derive(Debug)]
pub(super) struct Optimum {
    pub(super) point: Point,
    pub(super) convergence: Convergence,
}

/// First derivatives and curvatures at a point.
#[derive(Debug, Default)]
struct Slope {
    gradient: Vec<f64>,
    parameter_gradient: f64,
    /// By pair.
    curvature: Vec<f64>,
    /// By pair; empty without a parameter.
    cross: Vec<f64>,
    parameter_curvature: f64,
}

struct Step {
    ratings: Vec<f64>,
    log_parameter: f64,
}

impl Step {
    /// The most that it moves a rating, or the logarithm of the parameter.
    fn size(&self) -> f64 {
        self.ratings.iter().fold(self.log_parameter.abs(), |size, s| size.max(s.abs()))
    }
}

impl Slope {
    fn norm(&self) -> f64 {
        // Not f64::max, which would hide a NaN.
        self.gradient.iter().fold(self.parameter_gradient.abs(), |norm, g| if g.abs() <= norm { norm } else { g.abs() })
    }

    fn along(&self, step: &Step) -> f64 {
        let ratings: f64 = self.gradient.iter().zip(&step.ratings).map(|(g, s)| g * s).sum();
        ratings + self.parameter_gradient * step.log_parameter
    }
}

impl Problem<'_> {
    /// Maximises the likelihood from `start`. Newton's iterations are few (4 to 8); each costs a
    /// pass over the pairs and a solve: O(items³) dense, O(pairs × iterations of conjugate
    /// gradients) sparse.
    pub(super) fn maximise(&self, start: Point) -> Optimum {
        let adjacency = LaplacianSolver::is_sparse(self.items).then(|| Adjacency::new(self.items, self.pairs));
        let weight: f64 = self.total_weight();
        let mut point = start;
        let mut slope = self.slope(&point, adjacency.as_ref());
        let mut norm = slope.norm();
        let mut iterations = 0;
        let mut moved = f64::INFINITY;
        while iterations < MAX_ITERATIONS && norm > 0.0 && (norm > POLISHED * weight || moved > STEP_TOLERANCE) {
            let Some(step) = self.step(&slope, adjacency.as_ref(), norm / weight) else { break };
            moved = step.size();
            let Some((next, next_slope)) = self.search(&point, &slope, &step, adjacency.as_ref()) else { break };
            let next_norm = next_slope.norm();
            // Below the tolerances go on for as long as it pays: mostly one step more.
            if norm <= TOLERANCE * weight && moved <= STEP_TOLERANCE && next_norm > 0.5 * norm {
                break;
            }
            (point, slope, norm) = (next, next_slope, next_norm);
            iterations += 1;
        }
        let converged = norm <= TOLERANCE * weight && (moved <= STEP_TOLERANCE || norm <= 0.0);
        Optimum { point, convergence: Convergence { converged, iterations, gradient_norm: Some(norm) } }
    }

    fn total_weight(&self) -> f64 {
        let pairs = self.pairs;
        let sum = |column: &[f64]| column.iter().sum::<f64>();
        sum(&pairs.low_wins) + sum(&pairs.high_wins) + sum(&pairs.ties)
    }

    /// Where the step, shortened as far as need be, leads; `None` if nowhere better.
    fn search(
        &self,
        from: &Point,
        slope: &Slope,
        step: &Step,
        adjacency: Option<&Adjacency>,
    ) -> Option<(Point, Slope)> {
        let gain = slope.along(step);
        if !gain.is_finite() || gain <= 0.0 {
            return None;
        }
        // A longer step may land on a plateau from which no curvature leads back.
        let mut length = (LONGEST_STEP / self.longest_change(step)).min(1.0);
        for _ in 0..MAX_HALVINGS {
            let to = Point {
                ratings: from.ratings.iter().zip(&step.ratings).map(|(r, s)| r + length * s).collect(),
                log_parameter: from.log_parameter + length * step.log_parameter,
            };
            let there = self.slope(&to, adjacency);
            // The likelihood is concave along the step: its slope there tells an overshoot.
            if there.along(step) >= -0.25 * gain {
                return Some((to, there));
            }
            length *= 0.5;
        }
        None
    }

    /// The most that a step changes the difference of a pair, or the logarithm of the parameter.
    fn longest_change(&self, step: &Step) -> f64 {
        let pairs = self.pairs.low.iter().zip(&self.pairs.high);
        let changes = pairs.map(|(&low, &high)| (step.ratings[low as usize] - step.ratings[high as usize]).abs());
        changes.fold(step.log_parameter.abs(), f64::max)
    }

    /// Newton's step; the tie parameter is eliminated, so that both solves are of a Laplacian.
    fn step(&self, slope: &Slope, adjacency: Option<&Adjacency>, residual: f64) -> Option<Step> {
        let solver = LaplacianSolver::new(self.items, self.pairs, &slope.curvature, self.penalty, adjacency)?;
        let mut ratings = solver.solve(&slope.gradient, residual)?;
        if !self.has_parameter {
            return Some(Step { ratings, log_parameter: 0.0 });
        }
        let mut border = vec![0.0; self.items];
        self.scatter(&slope.cross, &mut border);
        let through = solver.solve(&border, residual)?;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let complement = slope.parameter_curvature - dot(&border, &through);
        let log_parameter = (slope.parameter_gradient - dot(&border, &ratings)) / complement.max(f64::MIN_POSITIVE);
        for (rating, t) in ratings.iter_mut().zip(&through) {
            *rating -= log_parameter * t;
        }
        Some(Step { ratings, log_parameter })
    }

    fn slope(&self, at: &Point, adjacency: Option<&Adjacency>) -> Slope {
        let n = self.pairs.low.len();
        let mut score = vec![0.0; n];
        let mut slope = Slope { curvature: vec![0.0; n], ..Slope::default() };
        if self.has_parameter {
            slope.cross = vec![0.0; n];
            let columns = score.iter_mut().zip(&mut slope.curvature).zip(&mut slope.cross);
            for (pair, ((score, curvature), cross)) in columns.enumerate() {
                let found = self.derivatives(pair, at);
                (*score, *curvature, *cross) = (found.score, found.curvature, found.cross);
                slope.parameter_gradient += found.parameter_score;
                slope.parameter_curvature += found.parameter_curvature;
            }
        } else {
            let chunks = score.par_chunks_mut(CHUNK).zip(slope.curvature.par_chunks_mut(CHUNK)).enumerate();
            let fill = |(chunk, (score, curvature)): (usize, (&mut [f64], &mut [f64]))| {
                for (offset, (score, curvature)) in score.iter_mut().zip(curvature).enumerate() {
                    let found = self.derivatives(chunk * CHUNK + offset, at);
                    (*score, *curvature) = (found.score, found.curvature);
                }
            };
            if n > CHUNK { chunks.for_each(fill) } else { fill((0, (&mut score, &mut slope.curvature))) }
        }
        slope.gradient = at.ratings.iter().map(|r| -self.penalty * r).collect();
        match adjacency {
            Some(adjacency) => adjacency.gather(&score, &mut slope.gradient),
            None => self.scatter(&score, &mut slope.gradient),
        }
        slope
    }

    /// The derivatives of one pair at a point.
    pub(super) fn derivatives(&self, pair: usize, at: &Point) -> PairDerivatives {
        let pairs = self.pairs;
        let difference = at.ratings[pairs.low[pair] as usize] - at.ratings[pairs.high[pair] as usize];
        let weights = Outcomes { low: pairs.low_wins[pair], high: pairs.high_wins[pair], ties: pairs.ties[pair] };
        self.rule.derivatives(weights, difference, at.log_parameter.exp())
    }

    /// Adds each pair's value to its low item and subtracts it from its high one.
    fn scatter(&self, by_pair: &[f64], by_item: &mut [f64]) {
        for ((&low, &high), value) in self.pairs.low.iter().zip(&self.pairs.high).zip(by_pair) {
            by_item[low as usize] += value;
            by_item[high as usize] -= value;
        }
    }
}
