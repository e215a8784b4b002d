//! Sums over trials, and the means they make.

use serde::Serialize;

use super::group::SimulatedGroup;

/// A mean over trials.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub std_error: f64,
}

/// A mean and the squared deviations from it, so that small spreads of large numbers keep their digits.
///
/// # Source
/// Welford 1962; merged as in Chan, Golub and `LeVeque` 1979.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::simulation) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    pub(in crate::simulation) fn add(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
    }

    pub(in crate::simulation) fn merge(&mut self, other: Self) {
        let count = self.count + other.count;
        if count > 0.0 {
            let apart = other.mean - self.mean;
            self.mean += apart * (other.count / count);
            self.squares += other.squares + apart * apart * (self.count * other.count / count);
            self.count = count;
        }
    }

    pub(in crate::simulation) fn mean(self) -> Mean {
        let variance = self.squares / (self.count - 1.0);
        Mean { mean: self.mean, std_error: (variance / self.count).sqrt() }
    }
}

/// What an aggregation made of one topology's groups.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AggregationSums {
    pub(super) tau: Moments,
    pub(super) correlation: Moments,
    pub(super) best_first: Moments,
}

/// The groups of one topology.
#[derive(Debug, Clone)]
pub(super) struct ScheduleSums {
    pub(super) matches: Moments,
    pub(super) calls: Moments,
    pub(super) rounds: Moments,
    pub(super) aggregations: Vec<AggregationSums>,
}

impl ScheduleSums {
    pub(super) fn new(aggregations: usize) -> Self {
        let none = Moments::default();
        let aggregations = vec![AggregationSums::default(); aggregations];
        Self { matches: none, calls: none, rounds: none, aggregations }
    }

    pub(super) fn add_group(&mut self, group: &SimulatedGroup) {
        self.matches.add(group.history().played().count() as f64);
        self.calls.add(2.0 * f64::from(group.pairs()));
        let rounds = group.history().played().map(|played| played.game.round).max();
        self.rounds.add(rounds.unwrap_or(0).into());
    }

    pub(super) fn add(&mut self, part: &Self) {
        self.matches.merge(part.matches);
        self.calls.merge(part.calls);
        self.rounds.merge(part.rounds);
        for (sum, part) in self.aggregations.iter_mut().zip(&part.aggregations) {
            sum.tau.merge(part.tau);
            sum.correlation.merge(part.correlation);
            sum.best_first.merge(part.best_first);
        }
    }
}
