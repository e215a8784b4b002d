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

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    sum: f64,
    squares: f64,
}

impl Sum {
    pub(super) fn add(&mut self, value: f64) {
        self.sum += value;
        self.squares += value * value;
    }

    fn merge(&mut self, other: Self) {
        self.sum += other.sum;
        self.squares += other.squares;
    }

    pub(super) fn mean(self, trials: u64) -> Mean {
        let n = trials as f64;
        let mean = self.sum / n;
        let variance = ((self.squares - n * mean * mean) / (n - 1.0)).max(0.0);
        Mean { mean, std_error: (variance / n).sqrt() }
    }
}

/// What an aggregation made of one topology's groups.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AggregationSums {
    pub(super) tau: Sum,
    pub(super) correlation: Sum,
    pub(super) best_first: Sum,
}

/// The groups of one topology.
#[derive(Debug, Clone)]
pub(super) struct ScheduleSums {
    pub(super) matches: Sum,
    pub(super) calls: Sum,
    pub(super) rounds: Sum,
    pub(super) aggregations: Vec<AggregationSums>,
}

impl ScheduleSums {
    pub(super) fn new(aggregations: usize) -> Self {
        let none = Sum::default();
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
