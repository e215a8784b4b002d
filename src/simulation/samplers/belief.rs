//! What is believed of the items: Bradley-Terry ratings and how they vary.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::Counts;
use super::gain::information_gain;
use crate::models::bradley_terry::logistic;

/// Ratings in log-odds with a covariance, of which only differences matter.
///
/// It is the normal approximation at the penalised maximum of the
/// likelihood (Laplace). Between refits a comparison that is scheduled shrinks the covariance by its
/// information, whatever its result, and one that is told moves the ratings by one Newton step.
#[derive(Debug, Clone)]
pub struct Belief {
    ratings: DVector<f64>,
    covariance: DMatrix<f64>,
    precision: f64,
    /// Room for Newton's steps.
    curvature: DMatrix<f64>,
    gradient: DVector<f64>,
}

/// Newton's steps of a refit at most, and the move at which they end.
const MOST_STEPS: u32 = 25;
const SMALLEST_STEP: f64 = 1e-8;
/// The most that one of them changes a rating.
const LONGEST_STEP: f64 = 2.0;

impl Belief {
    /// Nothing known of `items` items but that ratings are normal with this precision (1 / variance).
    ///
    /// # Panics
    /// If the precision is not above 0.
    pub fn prior(items: usize, precision: f64) -> Self {
        assert!(precision > 0.0, "a precision above 0");
        Self {
            ratings: DVector::zeros(items),
            covariance: DMatrix::from_diagonal_element(items, items, 1.0 / precision),
            precision,
            curvature: DMatrix::zeros(items, items),
            gradient: DVector::zeros(items),
        }
    }

    /// The ratings, in log-odds.
    pub fn ratings(&self) -> &[f64] {
        self.ratings.as_slice()
    }

    /// The share expected of item `i` against item `j` at their ratings.
    pub fn probability(&self, i: usize, j: usize) -> f64 {
        logistic(self.ratings[i] - self.ratings[j])
    }

    /// The variance of the difference of two ratings, 0 or more.
    pub fn variance(&self, i: usize, j: usize) -> f64 {
        let s = &self.covariance;
        (s[(i, i)] + s[(j, j)] - 2.0 * s[(i, j)]).max(0.0)
    }

    /// The information of a comparison of the two in nats, as expected before its result
    /// ([`information_gain`]).
    pub fn gain(&self, i: usize, j: usize) -> f64 {
        information_gain(self.ratings[i] - self.ratings[j], self.variance(i, j))
    }

    /// The Fisher information of a comparison times the variance of the difference, `p(1 − p) dᵀΣd`: by 1
    /// plus this the determinant of the information grows.
    pub fn determinant_gain(&self, i: usize, j: usize) -> f64 {
        let p = self.probability(i, j);
        p * (1.0 - p) * self.variance(i, j)
    }

    /// Takes in that the two are compared, whatever the result will be (Sherman and Morrison). O(items²).
    pub fn schedule(&mut self, i: usize, j: usize) {
        let p = self.probability(i, j);
        let (weight, variance) = (p * (1.0 - p), self.variance(i, j));
        let share = weight / (1.0 + weight * variance);
        let items = self.ratings.len();
        for item in 0..items {
            self.gradient[item] = self.covariance[(item, i)] - self.covariance[(item, j)];
        }
        for column in 0..items {
            let by = share * self.gradient[column];
            for row in 0..items {
                self.covariance[(row, column)] -= by * self.gradient[row];
            }
        }
    }

    /// Takes in the share of `i` in a comparison that was scheduled: one Newton step. O(items).
    pub fn told(&mut self, i: usize, j: usize, share: f64) {
        let surprise = share - self.probability(i, j);
        for item in 0..self.ratings.len() {
            self.ratings[item] += surprise * (self.covariance[(item, i)] - self.covariance[(item, j)]);
        }
    }

    /// Fits ratings to all results, and the covariance to all that is scheduled. O(items³) a step of
    /// Newton's, a few of them.
    pub fn refit(&mut self, counts: &Counts) {
        for _ in 0..MOST_STEPS {
            self.gradient.copy_from(&self.ratings);
            self.gradient *= -self.precision;
            self.begin();
            for pair in 0..counts.pairs() {
                let (n, [i, j]) = (counts.played(pair), counts.ends(pair));
                if n > 0.0 {
                    let p = self.probability(i, j);
                    let pull = counts.low_points(pair) - n * p;
                    self.gradient[i] += pull;
                    self.gradient[j] -= pull;
                    self.bend(i, j, n * p * (1.0 - p));
                }
            }
            let Some(longest) = self.step() else { break };
            if longest < SMALLEST_STEP {
                break;
            }
        }
        self.begin();
        for pair in 0..counts.pairs() {
            let (n, [i, j]) = (counts.scheduled(pair), counts.ends(pair));
            if n > 0.0 {
                let p = self.probability(i, j);
                self.bend(i, j, n * p * (1.0 - p));
            }
        }
        if let Some(factor) = Cholesky::new(std::mem::take(&mut self.curvature)) {
            self.covariance.fill_with_identity();
            factor.solve_mut(&mut self.covariance);
            self.curvature = factor.unpack_dirty();
        }
    }

    /// The curvature of the prior alone.
    fn begin(&mut self) {
        let items = self.ratings.len();
        if self.curvature.nrows() != items {
            self.curvature = DMatrix::zeros(items, items);
        }
        self.curvature.fill(0.0);
        self.curvature.fill_diagonal(self.precision);
    }

    /// Adds the curvature of a pair.
    fn bend(&mut self, i: usize, j: usize, weight: f64) {
        self.curvature[(i, i)] += weight;
        self.curvature[(j, j)] += weight;
        self.curvature[(i, j)] -= weight;
        self.curvature[(j, i)] -= weight;
    }

    /// Newton's step, and the most it moved a rating; `None` where the curvature is singular to rounding.
    fn step(&mut self) -> Option<f64> {
        let factor = Cholesky::new(std::mem::take(&mut self.curvature))?;
        factor.solve_mut(&mut self.gradient);
        self.curvature = factor.unpack_dirty();
        let longest = self.gradient.amax();
        self.ratings.axpy((LONGEST_STEP / longest).min(1.0), &self.gradient, 1.0);
        Some(longest)
    }
}

/// A belief that follows the counts: refitted as results come in, and updated between.
#[derive(Debug)]
pub(super) struct Followed {
    belief: Option<Belief>,
    precision: f64,
    /// The results that it was fitted to, and those that it has heard of.
    fitted_to: f64,
    heard: f64,
    refit_every: u32,
}

impl Followed {
    /// `refit_every` results; 0 for as many as there are items.
    pub(super) fn new(precision: f64, refit_every: u32) -> Self {
        Self { belief: None, precision, fitted_to: 0.0, heard: 0.0, refit_every }
    }

    /// The belief as it is.
    pub(super) fn now(&mut self, counts: &Counts) -> &mut Belief {
        self.belief.get_or_insert_with(|| {
            let mut belief = Belief::prior(counts.items(), self.precision);
            belief.refit(counts);
            self.fitted_to = counts.results();
            self.heard = self.fitted_to;
            belief
        })
    }

    /// The belief, refitted if results came in since.
    pub(super) fn refitted(&mut self, counts: &Counts) -> &mut Belief {
        let has_news = counts.results() > self.fitted_to;
        self.fitted_to = counts.results();
        let belief = self.now(counts);
        if has_news {
            belief.refit(counts);
        }
        belief
    }

    /// Takes in the latest result: by a step, or by a fit where it is time for one, or more than one came.
    pub(super) fn told(&mut self, counts: &Counts, pair: usize, share: f64) {
        if self.belief.is_none() {
            self.now(counts);
            return;
        }
        let came = counts.results() - std::mem::replace(&mut self.heard, counts.results());
        let every = if self.refit_every == 0 { counts.items() as f64 } else { f64::from(self.refit_every) };
        if came > 1.5 || counts.results() - self.fitted_to >= every {
            self.refitted(counts);
        } else {
            let [i, j] = counts.ends(pair);
            self.now(counts).told(i, j, share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Choice;
    use super::*;
    use crate::data::ItemId;
    use crate::data::graph::{PairSums, PreferenceGraph};
    use crate::models::{BradleyTerry, Rater};

    fn graph() -> PreferenceGraph {
        let sums = PairSums {
            low: vec![0, 0, 1],
            high: vec![1, 2, 2],
            low_wins: vec![6.0, 7.0, 3.0],
            high_wins: vec![2.0, 1.0, 2.0],
            ties: vec![1.0, 0.0, 2.0],
        };
        PreferenceGraph::from_pair_sums((0..3).map(|item| item.to_string()).collect(), &sums)
    }

    #[test]
    fn a_refit_is_the_penalised_bradley_terry_fit() {
        let graph = graph();
        let mut belief = Belief::prior(3, 0.3);
        belief.refit(&Counts::of_graph(&graph).unwrap());
        let fitted = BradleyTerry { penalty: 0.3, ..BradleyTerry::default() }.fit((&graph).into(), None).unwrap();
        for (found, expected) in belief.ratings().iter().zip(fitted.ratings()) {
            assert!((found - expected).abs() < 1e-9, "{found} and {expected}");
        }
        let p = fitted.probability(ItemId(0), ItemId(2)).unwrap();
        assert!((belief.probability(0, 2) - p).abs() < 1e-9);
    }

    #[test]
    fn what_is_scheduled_shrinks_the_covariance_as_a_refit_does() {
        let mut counts = Counts::of_graph(&graph()).unwrap();
        let mut updated = Belief::prior(3, 0.3);
        updated.refit(&counts);
        let choice = Choice { pair: counts.pair(2, 0), task: 0 };
        counts.schedule(choice);
        let mut refitted = updated.clone();
        refitted.refit(&counts);
        assert_eq!(counts.items_of(choice), [0, 2]);
        let before = updated.gain(0, 2);
        updated.schedule(0, 2);
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            let (found, expected) = (updated.variance(i, j), refitted.variance(i, j));
            assert!((found - expected).abs() < 1e-12, "{i}, {j}: {found} and {expected}");
        }
        assert!(updated.gain(0, 2) < before);
    }

    #[test]
    fn a_result_moves_ratings_most_of_the_way_to_the_refit() {
        let mut counts = Counts::of_graph(&graph()).unwrap();
        let mut belief = Belief::prior(3, 0.3);
        belief.refit(&counts);
        let before = belief.clone();
        let choice = Choice { pair: counts.pair(0, 1), task: 0 };
        counts.schedule(choice);
        belief.schedule(0, 1);
        counts.record(choice, 0.0);
        belief.told(0, 1, 0.0);
        let mut refitted = before.clone();
        refitted.refit(&counts);
        let moves = |to: &Belief| [0, 1, 2].map(|item| to.ratings()[item] - before.ratings()[item]);
        let (moved, whole) = (moves(&belief), moves(&refitted));
        for item in 0..3 {
            assert!((moved[item] - whole[item]).abs() < 0.1 * whole[1], "{moved:?} of {whole:?}");
        }
    }
}
