//! Projected Newton steps down a sum of sigmoids, in a box.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::SoftCondorcetFit;
use crate::data::graph::PairSums;
use crate::models::Convergence;
use crate::models::bradley_terry::logistic;

/// The box and the temperature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) temperature: f64,
}

/// The margins of pairs as shares of all votes.
pub(super) struct Margins {
    items: usize,
    low: Vec<u32>,
    high: Vec<u32>,
    margin: Vec<f64>,
}

/// Converged means that no component of the projected gradient exceeds this share of all votes.
const TOLERANCE: f64 = 1e-10;
/// Where steps end: rounding error of the gradient.
const POLISHED: f64 = 1e-16;
const MAX_ITERATIONS: u32 = 200;
const MAX_HALVINGS: u32 = 30;
/// Minima whose losses differ by less than this share of all votes are equal.
const EQUAL_LOSS: f64 = 1e-10;
/// Ratings that differ by more than this share of the box are not the same minimum.
const SAME_PLACE: f64 = 1e-4;
/// Curvature below this share of the steepest possible is none.
const FLAT: f64 = 1e-9;
/// How far a symmetric saddle is left, as a share of the temperature.
const NUDGE: f64 = 1e-2;

/// The loss and its derivatives at a point, without what does not depend on the ratings.
struct Slope {
    loss: f64,
    gradient: Vec<f64>,
    /// For each pair the second derivative by its difference.
    curvature: Vec<f64>,
}

/// Where one descent ended.
struct Descent {
    ratings: Vec<f64>,
    loss: f64,
    convergence: Convergence,
    /// Whether it had to be pushed off a saddle.
    nudged: bool,
}

impl Bounds {
    fn clamp(self, rating: f64) -> f64 {
        rating.clamp(self.lower, self.upper)
    }

    /// Whether a rating can't move against its gradient.
    fn holds(self, rating: f64, gradient: f64) -> bool {
        (rating <= self.lower && gradient >= 0.0) || (rating >= self.upper && gradient <= 0.0)
    }
}

impl Margins {
    pub(super) fn of(pairs: &PairSums, items: usize) -> Self {
        let votes = |pair: usize| pairs.low_wins[pair] + pairs.high_wins[pair] + pairs.ties[pair];
        let all: f64 = (0..pairs.low.len()).map(votes).sum();
        let mut margins = Self { items, low: Vec::new(), high: Vec::new(), margin: Vec::new() };
        for pair in 0..pairs.low.len() {
            let margin = pairs.low_wins[pair] - pairs.high_wins[pair];
            if margin != 0.0 {
                margins.low.push(pairs.low[pair]);
                margins.high.push(pairs.high[pair]);
                margins.margin.push(margin / all);
            }
        }
        margins
    }

    /// The lowest of the minima below the starts; of equal ones the first.
    pub(super) fn minimum(&self, bounds: Bounds, starts: &[Vec<f64>]) -> SoftCondorcetFit {
        let mut descents: Vec<Descent> = starts.par_iter().map(|start| self.descent(bounds, start)).collect();
        let lowest = descents.iter().map(|descent| descent.loss).fold(f64::INFINITY, f64::min);
        let best = descents.iter().position(|descent| descent.loss <= lowest + EQUAL_LOSS).unwrap_or_default();
        let width = bounds.upper - bounds.lower;
        let elsewhere = |other: &Descent| {
            let off = other.ratings.iter().zip(&descents[best].ratings).map(|(a, b)| (a - b).abs());
            off.fold(0.0, f64::max) > SAME_PLACE * width
        };
        let equal = || descents.iter().filter(|descent| descent.loss <= lowest + EQUAL_LOSS);
        let unique = !equal().any(|descent| descent.nudged || elsewhere(descent));
        let best = descents.swap_remove(best);
        SoftCondorcetFit { ratings: best.ratings, loss: best.loss, convergence: best.convergence, unique: Some(unique) }
    }

    fn slope(&self, bounds: Bounds, ratings: &[f64]) -> Slope {
        let tau = bounds.temperature;
        let mut slope =
            Slope { loss: 0.0, gradient: vec![0.0; self.items], curvature: Vec::with_capacity(self.low.len()) };
        for ((&low, &high), margin) in self.low.iter().zip(&self.high).zip(&self.margin) {
            let (low, high) = (low as usize, high as usize);
            let wrong = logistic((ratings[high] - ratings[low]) / tau);
            let bend = wrong * (1.0 - wrong);
            slope.loss += margin * wrong;
            slope.gradient[low] -= margin * bend / tau;
            slope.gradient[high] += margin * bend / tau;
            slope.curvature.push(margin * bend * (1.0 - 2.0 * wrong) / (tau * tau));
        }
        slope
    }

    /// The largest component of the gradient that the box leaves.
    fn projected(bounds: Bounds, ratings: &[f64], slope: &Slope) -> f64 {
        let free = ratings.iter().zip(&slope.gradient).filter(|&(&rating, &part)| !bounds.holds(rating, part));
        free.fold(0.0, |most: f64, (_, part)| most.max(part.abs()))
    }

    /// The minimum below a start. Where the steps end at a point from which the loss may fall further, as
    /// in the middle of a symmetric cycle, it is left in the order of first sight.
    fn descent(&self, bounds: Bounds, start: &[f64]) -> Descent {
        let first = self.descend(bounds, start);
        if self.is_strict(bounds, &first.ratings) {
            return first;
        }
        let second = self.descend(bounds, &self.nudged(bounds, &first.ratings));
        if second.loss < first.loss - EQUAL_LOSS { Descent { nudged: true, ..second } } else { first }
    }

    fn descend(&self, bounds: Bounds, start: &[f64]) -> Descent {
        let mut at: Vec<f64> = start.iter().map(|&rating| bounds.clamp(rating)).collect();
        let mut slope = self.slope(bounds, &at);
        let mut iterations = 0;
        while iterations < MAX_ITERATIONS {
            let left = Self::projected(bounds, &at, &slope);
            let next = if left > POLISHED { self.step(bounds, &at, &slope, left) } else { None };
            let Some(next) = next else { break };
            iterations += 1;
            slope = self.slope(bounds, &next);
            at = next;
        }
        let convergence = self.convergence(bounds, &at, iterations);
        Descent { loss: slope.loss, ratings: at, convergence, nudged: false }
    }

    /// How near to a minimum some iterations have come: by the projected gradient, as a share of all votes.
    pub(super) fn convergence(&self, bounds: Bounds, at: &[f64], iterations: u32) -> Convergence {
        let slope = self.slope(bounds, at);
        let gradient = Self::projected(bounds, at, &slope);
        let converged = gradient <= TOLERANCE && slope.loss.is_finite();
        Convergence { converged, iterations, gradient_norm: Some(gradient) }
    }

    /// The free items' Newton step, as long as it goes down; `None` where nothing does.
    fn step(&self, bounds: Bounds, at: &[f64], slope: &Slope, left: f64) -> Option<Vec<f64>> {
        let free: Vec<usize> = (0..self.items).filter(|&item| !bounds.holds(at[item], slope.gradient[item])).collect();
        let newton = self.newton(&free, slope);
        self.line_search(bounds, at, slope, &free, &newton, left).or_else(|| {
            let steepest: Vec<f64> =
                free.iter().map(|&item| -slope.gradient[item] * bounds.temperature / left).collect();
            self.line_search(bounds, at, slope, &free, &steepest, left)
        })
    }

    /// Halves the step until it goes down enough along the bounds of the box, or, where the loss is exact
    /// to its last digits already, until the gradient gets smaller.
    fn line_search(
        &self,
        bounds: Bounds,
        at: &[f64],
        slope: &Slope,
        free: &[usize],
        direction: &[f64],
        left: f64,
    ) -> Option<Vec<f64>> {
        let longest = direction.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        let mut length = (2.0 * bounds.temperature / longest.max(f64::MIN_POSITIVE)).min(1.0);
        for _ in 0..MAX_HALVINGS {
            let mut to = at.to_vec();
            for (&item, part) in free.iter().zip(direction) {
                to[item] = bounds.clamp(at[item] + length * part);
            }
            let gain: f64 = free.iter().map(|&item| slope.gradient[item] * (at[item] - to[item])).sum();
            let there = self.slope(bounds, &to);
            let exact = gain.abs() <= 1e-14;
            let better = if exact {
                Self::projected(bounds, &to, &there) < 0.9 * left
            } else {
                gain > 0.0 && there.loss <= slope.loss - 1e-4 * gain
            };
            if better {
                return Some(to);
            }
            length *= 0.5;
        }
        None
    }

    fn hessian(&self, free: &[usize], slope: &Slope) -> DMatrix<f64> {
        let mut place = vec![usize::MAX; self.items];
        for (at, &item) in free.iter().enumerate() {
            place[item] = at;
        }
        let mut hessian = DMatrix::zeros(free.len(), free.len());
        for ((&low, &high), &curvature) in self.low.iter().zip(&self.high).zip(&slope.curvature) {
            let (low, high) = (place[low as usize], place[high as usize]);
            if low != usize::MAX {
                hessian[(low, low)] += curvature;
            }
            if high != usize::MAX {
                hessian[(high, high)] += curvature;
            }
            if low != usize::MAX && high != usize::MAX {
                hessian[(low, high)] -= curvature;
                hessian[(high, low)] -= curvature;
            }
        }
        hessian
    }

    /// Newton's step, with as much added to the diagonal as makes the curvature positive; none where nothing
    /// does, as where the curvature is no number.
    fn newton(&self, free: &[usize], slope: &Slope) -> Vec<f64> {
        let hessian = self.hessian(free, slope);
        let right = DVector::from_iterator(free.len(), free.iter().map(|&item| -slope.gradient[item]));
        let level = hessian.diagonal().iter().fold(0.0_f64, |most, part| most.max(part.abs())).max(f64::MIN_POSITIVE);
        let mut ridge = 1e-12 * level;
        while ridge.is_finite() && hessian.iter().all(|part| part.is_finite()) {
            let mut shifted = hessian.clone();
            for at in 0..free.len() {
                shifted[(at, at)] += ridge;
            }
            if let Some(factor) = shifted.cholesky() {
                return factor.solve(&right).data.into();
            }
            ridge = (10.0 * ridge).max(1e-3 * level);
        }
        vec![0.0; free.len()]
    }

    /// Whether the loss bends up in all directions in which the items inside the box may move, a shift of
    /// all of them aside.
    fn is_strict(&self, bounds: Bounds, at: &[f64]) -> bool {
        let inside: Vec<usize> =
            (0..self.items).filter(|&item| at[item] > bounds.lower && at[item] < bounds.upper).collect();
        let steepest = self.margin.iter().fold(0.0_f64, |most, margin| most.max(margin.abs()));
        let scale = steepest / bounds.temperature.powi(2);
        let mut hessian = self.hessian(&inside, &self.slope(bounds, at));
        if inside.len() == self.items {
            hessian.add_scalar_mut(scale / self.items.max(1) as f64);
        }
        for place in 0..inside.len() {
            hessian[(place, place)] -= FLAT * scale;
        }
        inside.is_empty() || steepest <= 0.0 || hessian.cholesky().is_some()
    }

    /// The ratings, with first-seen items a little higher.
    fn nudged(&self, bounds: Bounds, at: &[f64]) -> Vec<f64> {
        let lift = |item: usize| NUDGE * bounds.temperature * (0.5 - item as f64 / self.items as f64);
        at.iter().enumerate().map(|(item, &rating)| bounds.clamp(rating + lift(item))).collect()
    }
}
