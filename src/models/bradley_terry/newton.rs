//! Damped Newton on the likelihood: a weighted graph Laplacian in the ratings, bordered by what all
//! comparisons share: the tie parameter and the coefficients of covariates, where there are any.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::design::{Design, OWN_SHARE};
use super::outcomes::{Outcomes, PairDerivatives, TieRule};
use super::solver::{Adjacency, LaplacianSolver};
use crate::data::ItemId;
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
/// Newton steps after which a likelihood without an end in sight is asked whether it has one. From anywhere near a
/// maximum few are needed, and many more lead to where rounding hides all slopes.
const RUNAWAY_STEPS: u32 = 15;
/// Newton steps after which it is taken for one without.
const MOST_RUNAWAY_STEPS: u32 = 60;
/// A Newton step that moves nothing by more than this, on log-odds, proves that there is a maximum: 1 would do.
const SHORT_STEP: f64 = 0.5;
/// What a direction without an end moves by no more than this, in log-odds, it leaves where it is.
pub(super) const TOLD: f64 = 0.01;
/// A direction that moves no outcome back by more than this, in log-odds, has no end: what is left of other moves by
/// the time it is asked is far less.
const NOTHING_BACK: f64 = 1e-3;
const MAX_HALVINGS: u32 = 40;
/// The share of a mean curvature that makes a Laplacian regular, and no more.
const LOOSE: f64 = 1e-9;
/// Pairs a parallel task works on; fixed, so that the number of threads changes no sum.
const CHUNK: usize = 1 << 14;

/// A log-likelihood to maximise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problem<'a> {
    pub(super) items: usize,
    pub(super) pairs: &'a PairSums,
    pub(super) rule: TieRule,
    /// Whether the tie parameter is fitted.
    pub(super) has_parameter: bool,
    /// The ridge on the ratings, λ in λ/2 |r|².
    pub(super) penalty: f64,
    /// The comparisons one by one, where they have covariates. `pairs` then only says who met.
    pub(super) design: Option<&'a Design>,
    /// The ridge on each coefficient of a covariate, λ in λ/2 β².
    pub(super) ridges: &'a [f64],
}

/// A place in the space of parameters, or a step in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Point {
    pub(super) ratings: Vec<f64>,
    /// The logarithm of the tie parameter.
    pub(super) log_parameter: f64,
    /// Of the covariates.
    pub(super) coefficients: Vec<f64>,
}

#[derive(Debug)]
pub(super) struct Optimum {
    pub(super) point: Point,
    /// The derivatives there.
    pub(super) slope: Slope,
    pub(super) convergence: Convergence,
}

impl Optimum {
    /// What the next search finds from here, with the iterations of both.
    pub(super) fn then(self, search: impl FnOnce(Point) -> Self) -> Self {
        let before = self.convergence.iterations;
        let mut found = search(self.point);
        found.convergence.iterations += before;
        found
    }
}

/// What belongs to ratings and shared parameters together: a column for each of the latter.
struct Borders {
    borders: Vec<Vec<f64>>,
    /// The same, solved with the Laplacian.
    through: Vec<Vec<f64>>,
}

/// First derivatives and curvatures at a point. What all comparisons share stands in the order: tie
/// parameter, if it is fitted, and coefficients.
#[derive(Debug, Clone, Default)]
pub(super) struct Slope {
    pub(super) gradient: Vec<f64>,
    pub(super) shared_gradient: Vec<f64>,
    /// By pair.
    pub(super) curvature: Vec<f64>,
    /// By pair, one number for each shared parameter.
    pub(super) cross: Vec<f64>,
    pub(super) corner: DMatrix<f64>,
}

impl Point {
    /// The rating of the low item of a pair minus that of the high one.
    #[inline]
    pub(super) fn difference(&self, pairs: &PairSums, pair: usize) -> f64 {
        self.ratings[pairs.low[pair] as usize] - self.ratings[pairs.high[pair] as usize]
    }

    /// The ratings of `members` around their mean, and 0 for the others.
    pub(super) fn among(&self, members: &[ItemId]) -> Self {
        let mean = members.iter().map(|item| self.ratings[item.index()]).sum::<f64>() / members.len().max(1) as f64;
        let mut ratings = vec![0.0; self.ratings.len()];
        for item in members {
            ratings[item.index()] = self.ratings[item.index()] - mean;
        }
        Self { ratings, ..self.clone() }
    }

    /// The most that it moves a rating or a shared parameter, as a step.
    fn size(&self) -> f64 {
        self.ratings.iter().chain(&self.coefficients).fold(self.log_parameter.abs(), |size, s| size.max(s.abs()))
    }

    /// Where a step of so many times `step` leads.
    fn moved(&self, step: &Self, length: f64) -> Self {
        let moved = |from: &[f64], step: &[f64]| from.iter().zip(step).map(|(r, s)| r + length * s).collect();
        Self {
            ratings: moved(&self.ratings, &step.ratings),
            log_parameter: self.log_parameter + length * step.log_parameter,
            coefficients: moved(&self.coefficients, &step.coefficients),
        }
    }

    /// A tie parameter, if there is one, and coefficients.
    fn with_shared(ratings: Vec<f64>, shared: &[f64], has_parameter: bool) -> Self {
        let (log_parameter, coefficients) = shared.split_at(usize::from(has_parameter));
        Self {
            ratings,
            log_parameter: log_parameter.first().copied().unwrap_or(0.0),
            coefficients: coefficients.to_vec(),
        }
    }
}

impl Slope {
    /// What it is at a point without these ridges on coefficients.
    pub(super) fn without(mut self, ridges: &[f64], point: &Point) -> Self {
        let first = self.shared_gradient.len() - ridges.len();
        for (place, (ridge, coefficient)) in (first..).zip(ridges.iter().zip(&point.coefficients)) {
            self.shared_gradient[place] += ridge * coefficient;
            self.corner[(place, place)] -= ridge;
        }
        self
    }

    fn norm(&self) -> f64 {
        // Not f64::max, which would hide a NaN.
        let all = self.gradient.iter().chain(&self.shared_gradient);
        all.fold(0.0, |norm, g| if g.abs() <= norm { norm } else { g.abs() })
    }

    fn along(&self, step: &Point, has_parameter: bool) -> f64 {
        let ratings: f64 = self.gradient.iter().zip(&step.ratings).map(|(g, s)| g * s).sum();
        let parameter = has_parameter.then_some(&step.log_parameter);
        let shared = parameter.into_iter().chain(&step.coefficients).zip(&self.shared_gradient);
        shared.fold(ratings, |along, (s, g)| along + g * s)
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
        Optimum { point, slope, convergence: Convergence { converged, iterations, gradient_norm: Some(norm) } }
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
        step: &Point,
        adjacency: Option<&Adjacency>,
    ) -> Option<(Point, Slope)> {
        let gain = slope.along(step, self.has_parameter);
        if !gain.is_finite() || gain <= 0.0 {
            return None;
        }
        // A longer step may land on a plateau from which no curvature leads back.
        let mut length = (LONGEST_STEP / self.longest_change(step)).min(1.0);
        for _ in 0..MAX_HALVINGS {
            let to = from.moved(step, length);
            let there = self.slope(&to, adjacency);
            // The likelihood is concave along the step: its slope there tells an overshoot.
            if there.along(step, self.has_parameter) >= -0.25 * gain {
                return Some((to, there));
            }
            length *= 0.5;
        }
        None
    }

    /// The most that a step changes the log-odds of a pair, or the logarithm of the parameter.
    fn longest_change(&self, step: &Point) -> f64 {
        let ratings = self.change_of_pairs(step).max(step.log_parameter.abs());
        self.design.map_or(ratings, |design| ratings.max(design.longest_change(&step.coefficients)))
    }

    /// The most that a step of the ratings changes the log-odds of a pair.
    fn change_of_pairs(&self, step: &Point) -> f64 {
        let pairs = self.pairs.low.iter().zip(&self.pairs.high);
        let changes = pairs.map(|(&low, &high)| (step.ratings[low as usize] - step.ratings[high as usize]).abs());
        changes.fold(0.0, f64::max)
    }

    /// A direction in which the likelihood rises without end from `start`, where its derivatives are `slope` if they
    /// are known; the threshold between outcomes stands for the logarithm of the parameter. `None` where it surely has
    /// a maximum. Only of problems with a design.
    ///
    /// Where outcomes are told without a fault along a direction, every one of the scores of a logistic likelihood
    /// is at least its curvature there, and so a Newton step from anywhere moves the log-odds of some row by 1 or
    /// more: a shorter step is a proof that there is a maximum. (With tie parameters the same holds of the gaps
    /// between outcomes, which a step changes by no more than row and parameter together.) A direction found along
    /// which no outcome becomes less probable is one of the opposite.
    pub(super) fn runaway(&self, design: &Design, start: &Point, slope: Option<Slope>) -> Option<Point> {
        let adjacency = LaplacianSolver::is_sparse(self.items).then(|| Adjacency::new(self.items, self.pairs));
        let weight = self.total_weight();
        let mut point = start.clone();
        let mut slope = slope.unwrap_or_else(|| self.slope(&point, adjacency.as_ref()));
        let mut direction = Point { log_parameter: 0.0, ..start.clone() };
        for steps in 1..=MOST_RUNAWAY_STEPS {
            let Some(step) = self.step(&slope, adjacency.as_ref(), slope.norm() / weight) else { break };
            let of_rows = design.longest_change(&step.coefficients);
            if self.change_of_pairs(&step) + of_rows + step.log_parameter.abs() < SHORT_STEP {
                return None;
            }
            let threshold = self.rule.threshold_step(point.log_parameter.exp(), step.log_parameter);
            direction = Point { log_parameter: threshold, ..step.clone() };
            if steps >= RUNAWAY_STEPS && design.worst_told(self.pairs, &direction) <= NOTHING_BACK {
                break;
            }
            let Some((next, next_slope)) = self.search(&point, &slope, &step, adjacency.as_ref()) else { break };
            (point, slope) = (next, next_slope);
        }
        Some(direction)
    }

    /// A ridge on ratings that is just enough for a Laplacian to be regular.
    pub(super) fn looseness(&self) -> f64 {
        LOOSE * self.total_weight() / self.items.max(1) as f64
    }

    /// Newton's step; what is shared is eliminated, so that all solves are of a Laplacian.
    fn step(&self, slope: &Slope, adjacency: Option<&Adjacency>, residual: f64) -> Option<Point> {
        let solver = LaplacianSolver::new(self.items, self.pairs, &slope.curvature, self.penalty, adjacency)?;
        let mut ratings = solver.solve(&slope.gradient, residual)?;
        let Borders { borders, through } = self.borders(slope, &solver, residual)?;
        let complement = complement(&slope.corner, &borders, &through);
        let right = slope.shared_gradient.iter().zip(&borders).map(|(g, border)| g - dot(border, &ratings)).collect();
        let shared = solved_small(complement, right);
        for (value, through) in shared.iter().zip(&through) {
            for (rating, t) in ratings.iter_mut().zip(through) {
                *rating -= value * t;
            }
        }
        Some(Point::with_shared(ratings, &shared, self.has_parameter))
    }

    /// For each shared parameter its second derivatives with the ratings, and those solved for.
    fn borders(&self, slope: &Slope, solver: &LaplacianSolver<'_>, residual: f64) -> Option<Borders> {
        let width = slope.corner.nrows();
        let border = |place: usize| {
            let mut border = vec![0.0; self.items];
            self.scatter(slope.cross.iter().skip(place).step_by(width), &mut border);
            border
        };
        let borders: Vec<Vec<f64>> = (0..width).map(border).collect();
        let through = borders.iter().map(|border| solver.solve(border, residual)).collect::<Option<_>>()?;
        Some(Borders { borders, through })
    }

    /// For each covariate the share of its curvature that neither the ratings nor the covariates before it
    /// explain; 0 where the log cannot tell it from them.
    pub(super) fn shares_of_their_own(&self, design: &Design) -> Option<Vec<f64>> {
        Problem { design: Some(design), ..*self }.shares_of(&design.gram(self.pairs.low.len()))
    }

    /// The same, of the curvature of least squares over some rows.
    pub(super) fn shares_of(&self, slope: &Slope) -> Option<Vec<f64>> {
        let adjacency = LaplacianSolver::is_sparse(self.items).then(|| Adjacency::new(self.items, self.pairs));
        // Enough to make the Laplacian of separate components regular; their means are not excited.
        let ridge = LOOSE * slope.curvature.iter().sum::<f64>() / self.items.max(1) as f64;
        let solver = LaplacianSolver::new(self.items, self.pairs, &slope.curvature, ridge, adjacency.as_ref())?;
        let Borders { borders, through } = self.borders(slope, &solver, 0.0)?;
        let whole = slope.corner.diagonal();
        let floors: Vec<f64> = whole.iter().map(|whole| OWN_SHARE * whole).collect();
        let (left, _) = eliminated(complement(&slope.corner, &borders, &through), vec![0.0; floors.len()], &floors);
        Some(left.diagonal().iter().zip(&whole).map(|(left, whole)| left / whole).collect())
    }

    fn slope(&self, at: &Point, adjacency: Option<&Adjacency>) -> Slope {
        let (score, mut slope) = match self.design {
            Some(design) => design.slope(self, at),
            None => self.pair_slope(at),
        };
        slope.gradient = at.ratings.iter().map(|r| -self.penalty * r).collect();
        match adjacency {
            Some(adjacency) => adjacency.gather(&score, &mut slope.gradient),
            None => self.scatter(score.iter(), &mut slope.gradient),
        }
        slope
    }

    /// The scores of the pairs, and curvatures and what is shared.
    fn pair_slope(&self, at: &Point) -> (Vec<f64>, Slope) {
        let n = self.pairs.low.len();
        let mut score = vec![0.0; n];
        let mut slope = Slope { curvature: vec![0.0; n], ..Slope::default() };
        if self.has_parameter {
            slope.cross = vec![0.0; n];
            let (mut gradient, mut corner) = (0.0, 0.0);
            let columns = score.iter_mut().zip(&mut slope.curvature).zip(&mut slope.cross);
            for (pair, ((score, curvature), cross)) in columns.enumerate() {
                let found = self.derivatives(pair, at);
                (*score, *curvature, *cross) = (found.score, found.curvature, found.cross);
                gradient += found.parameter_score;
                corner += found.parameter_curvature;
            }
            slope.shared_gradient = vec![gradient];
            slope.corner = DMatrix::from_element(1, 1, corner);
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
        (score, slope)
    }

    /// The derivatives of one pair at a point.
    pub(super) fn derivatives(&self, pair: usize, at: &Point) -> PairDerivatives {
        let pairs = self.pairs;
        let difference = at.difference(pairs, pair);
        let weights = Outcomes { low: pairs.low_wins[pair], high: pairs.high_wins[pair], ties: pairs.ties[pair] };
        self.rule.derivatives(weights, difference, at.log_parameter.exp())
    }

    /// Adds each pair's value to its low item and subtracts it from its high one.
    fn scatter<'v>(&self, by_pair: impl Iterator<Item = &'v f64>, by_item: &mut [f64]) {
        for ((&low, &high), value) in self.pairs.low.iter().zip(&self.pairs.high).zip(by_pair) {
            by_item[low as usize] += value;
            by_item[high as usize] -= value;
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>()
}

/// The Schur complement of the ratings: what they leave of the curvature of the shared parameters.
fn complement(corner: &DMatrix<f64>, borders: &[Vec<f64>], through: &[Vec<f64>]) -> DMatrix<f64> {
    DMatrix::from_fn(corner.nrows(), corner.ncols(), |i, j| {
        let (i, j) = (i.max(j), i.min(j));
        corner[(i, j)] - dot(&borders[i], &through[j])
    })
}

/// Takes each row's part out of those below it, but for rows of which no more than their floor is left. Of a
/// positive semidefinite matrix.
fn eliminated(mut matrix: DMatrix<f64>, mut right: Vec<f64>, floors: &[f64]) -> (DMatrix<f64>, Vec<f64>) {
    for place in 0..right.len() {
        let pivot = matrix[(place, place)];
        if pivot <= floors[place] {
            continue;
        }
        for below in place + 1..right.len() {
            let factor = matrix[(below, place)] / pivot;
            for column in place..right.len() {
                let value = matrix[(place, column)];
                matrix[(below, column)] -= factor * value;
            }
            right[below] -= factor * right[place];
        }
    }
    (matrix, right)
}

/// The solution with a small matrix that is positive definite but for rounding.
fn solved_small(matrix: DMatrix<f64>, right: Vec<f64>) -> Vec<f64> {
    let floors = vec![0.0; right.len()];
    let (matrix, mut solution) = eliminated(matrix, right, &floors);
    for place in (0..solution.len()).rev() {
        let known: f64 = (place + 1..solution.len()).map(|column| matrix[(place, column)] * solution[column]).sum();
        solution[place] = (solution[place] - known) / matrix[(place, place)].max(f64::MIN_POSITIVE);
    }
    solution
}
