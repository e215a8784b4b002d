//! Sums over all tournaments.

use super::standings::{Standings, bits};
use crate::simulation::swiss_rounds::moments::Moments;
use crate::simulation::swiss_rounds::rules::HALVES;

/// A sum that keeps what rounding would lose (Neumaier, *ZAMM* 54 (1974), 39-51).
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    fn add(&mut self, term: f64) {
        let high = self.high + term;
        let (large, small) = if self.high >= term { (self.high, term) } else { (term, self.high) };
        self.low += (large - high) + small;
        self.high = high;
    }

    fn value(self) -> f64 {
        self.high + self.low
    }
}

/// The weights of what can happen to each model, summed over all tournaments.
#[derive(Debug)]
pub(super) struct Totals {
    models: usize,
    rounds: usize,
    /// Ends with so many half points; models × (most + 1).
    halves: Vec<Sum>,
    /// Ends at this rank; models × models.
    ranks: Vec<Sum>,
    /// Is active after this round; rounds × models.
    active: Vec<Sum>,
    /// Meets somebody.
    met: Vec<Sum>,
    /// The half points of whom it meets.
    met_halves: Vec<Sum>,
    /// Room for how many models have more points than others.
    above: Vec<usize>,
}

impl Totals {
    /// Nothing yet, of models that end with up to `most` half points.
    pub(super) fn new(models: usize, rounds: usize, most: u64) -> Self {
        let sums = |columns: usize| vec![Sum::default(); models * columns];
        Self {
            models,
            rounds,
            halves: sums(most as usize + 1),
            ranks: sums(models),
            active: sums(rounds),
            met: sums(1),
            met_halves: sums(1),
            above: Vec::new(),
        }
    }

    /// A bucket of these members plays.
    pub(super) fn play(&mut self, bucket: u64, standings: &Standings, weight: f64) {
        let size = bucket.count_ones();
        let share = weight * f64::from(size - size % 2) / f64::from(size);
        for model in bits(bucket) {
            self.met[model].add(share);
            self.met_halves[model].add(share * f64::from(standings.halves[model]));
        }
    }

    /// A model is active after a round.
    pub(super) fn survives(&mut self, model: usize, round: usize, weight: f64) {
        self.active[round * self.models + model].add(weight);
    }

    /// Nobody leaves after a round.
    pub(super) fn all_survive(&mut self, round: usize) {
        let models = self.models;
        if let Some(before) = round.checked_sub(1) {
            self.active.copy_within(before * models..round * models, round * models);
        } else {
            self.active[..models].fill(Sum { high: 1.0, low: 0.0 });
        }
    }

    /// Models end with the points and the rank that they have in these standings.
    pub(super) fn end(&mut self, ending: u64, standings: &Standings, weight: f64) {
        if ending == 0 {
            return;
        }
        let lowest = standings.count_above(&mut self.above);
        let columns = self.halves.len() / self.models;
        for model in bits(ending) {
            let halves = standings.halves[model];
            self.halves[model * columns + halves as usize].add(weight);
            self.ranks[model * self.models + self.above[(halves - lowest) as usize]].add(weight);
        }
    }

    pub(super) fn moments(&self) -> Moments {
        let columns = self.halves.len().checked_div(self.models).unwrap_or(1);
        let spreads: Vec<(f64, f64)> = self.halves.chunks(columns).map(mean_and_deviation).collect();
        let survival = |model| (0..self.rounds).map(move |round| round * self.models + model);
        Moments {
            expected_score: spreads.iter().map(|&(mean, _)| mean).collect(),
            std_dev: spreads.iter().map(|&(_, deviation)| deviation).collect(),
            rank_probability: self.ranks.iter().map(|sum| sum.value()).collect(),
            survival: (0..self.models).flat_map(survival).map(|place| self.active[place].value()).collect(),
            meetings: self.met.iter().map(|sum| sum.value()).collect(),
            mean_opponent_score: self
                .met
                .iter()
                .zip(&self.met_halves)
                .map(|(&met, &halves)| ratio(met, halves))
                .collect(),
        }
    }
}

fn ratio(met: Sum, halves: Sum) -> Option<f64> {
    (met.value() > 0.0).then(|| points(halves.value() / met.value()))
}

/// Of points, by the probabilities of half points.
fn mean_and_deviation(probabilities: &[Sum]) -> (f64, f64) {
    let of = |value: &dyn Fn(f64) -> f64| {
        let mut sum = Sum::default();
        for (halves, probability) in probabilities.iter().enumerate() {
            sum.add(probability.value() * value(points(halves as f64)));
        }
        sum.value()
    };
    let mean = of(&|points| points);
    (mean, of(&|points| (points - mean).powi(2)).sqrt())
}

fn points(halves: f64) -> f64 {
    halves / f64::from(HALVES)
}
