//! The sums of a whole simulation, or of a part of its trials.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::rules::HALVES;
use super::settings::{GRID, LEVELS, MOST_RUNS};
use super::standings::SwissContext;
use super::sums::{DamagedPart, PointSums, Sums, add};

/// Samples and orders beside the main one get this share of the runs.
pub(super) const SHARE: u64 = 100;

/// Sums of all tournaments of a range of trials. Those of ranges that follow each other
/// [`merge`](Self::merge) into those of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwissSums {
    /// The trials, from the first to before the last.
    pub trials: Range<u64>,
    /// Sums over the trials themselves.
    pub main: Sums,
    /// Sums over other orders and samples of the benchmarks.
    #[serde(flatten)]
    pub beside: Beside,
    /// Sums for each elimination number of the grid, and of the slopes over it.
    pub grid: Option<GridSums>,
}

/// Sums over other orders and other samples of the benchmarks than those of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Sums for each random order: of the trials themselves where orders are shuffled, of trials
    /// beside them where the order is given; empty where they were not played to the end.
    pub orders: Vec<PointSums>,
    /// Sums for each sample of benchmarks; empty where they were not played to the end.
    pub samples: Vec<PointSums>,
}

impl Beside {
    /// Whether all was played, so many samples being asked for.
    pub fn is_complete(&self, samples: u64) -> bool {
        !self.orders.is_empty() && (samples == 0 || !self.samples.is_empty())
    }
}

/// Sums over a grid of elimination numbers, each played with the same streams of random numbers.
///
/// The tournaments of one trial are the same until the first elimination and drift apart from there,
/// so that a slope gains little from it: on 30 models and 38 rounds its error is 0.97 of that with
/// independent numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridSums {
    /// The elimination numbers.
    pub eliminate: Vec<u32>,
    /// For each of them, for each model, the sum of its half points.
    pub points: Vec<Vec<u64>>,
    /// For each model the sum over trials of Σ c·h, where h are half points and c twice the
    /// distance of the elimination number from the grid's mean.
    pub slopes: Vec<i64>,
    /// For each model the sum of the squares of that.
    pub slope_squares: Vec<u64>,
}

/// Sums over some of the trials of a simulation, and what it takes to make standings of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What standings need to know beside.
    pub context: SwissContext,
    /// The sums.
    pub sums: SwissSums,
}

impl Part {
    /// Whether the sums are such as tournaments of this context can give; if not, which are not.
    pub fn check(&self) -> Result<(), DamagedPart> {
        let context = &self.context;
        self.sums.check(context.items.len(), context.rounds.len(), context.runs, context.shuffled)?;
        let models = self.context.items.len();
        let sound = self.context.mean_scores.len() == models
            && self.context.eliminate.len() == self.context.rounds.len()
            && LEVELS.contains(&self.context.level);
        if sound { Ok(()) } else { Err(DamagedPart("context")) }
    }
}

impl SwissSums {
    /// The sums of the trials of both, where the other's follow these; otherwise both come back.
    pub fn merge(mut self, other: Self) -> Result<Self, Box<(Self, Self)>> {
        if !self.fits(&other) {
            return Err(Box::new((self, other)));
        }
        self.trials.end = other.trials.end;
        self.main.add(&other.main);
        let (beside, others) = (&mut self.beside, &other.beside);
        for (sums, others) in [(&mut beside.orders, &others.orders), (&mut beside.samples, &others.samples)] {
            for (sum, other) in sums.iter_mut().zip(others) {
                sum.add(other);
            }
        }
        if let (Some(grid), Some(other)) = (&mut self.grid, &other.grid) {
            grid.add(other);
        }
        Ok(self)
    }

    /// Whether tournaments of this many models and rounds, out of so many runs, can add up to these sums.
    pub(super) fn check(&self, models: usize, rounds: usize, runs: u64, shuffled: bool) -> Result<(), DamagedPart> {
        if models < 2 || rounds == 0 || runs > MOST_RUNS || self.trials.is_empty() || self.trials.end > runs {
            return Err(DamagedPart("trials"));
        }
        let most = u64::from(HALVES) * rounds as u64;
        if u128::from(runs) * u128::from(most).pow(2) > u128::from(u64::MAX) {
            return Err(DamagedPart("trials"));
        }
        let trials = self.trials.end - self.trials.start;
        let shared = share(self.trials.end) - share(self.trials.start);
        self.main.check(models, rounds, trials)?;
        for sums in &self.beside.orders {
            sums.check(models, most, (!shuffled).then_some(shared))?;
        }
        if shuffled && self.beside.orders.iter().map(|order| u128::from(order.runs)).sum::<u128>() != u128::from(trials)
        {
            return Err(DamagedPart("orders"));
        }
        for sums in &self.beside.samples {
            sums.check(models, most, Some(shared))?;
        }
        self.grid.as_ref().map_or(Ok(()), |grid| grid.check(models, most, trials))
    }

    fn fits(&self, other: &Self) -> bool {
        let shape = |sums: &Self| {
            let grid = sums.grid.as_ref().map(|grid| grid.eliminate.clone());
            (sums.main.shape(), sums.beside.orders.len(), sums.beside.samples.len(), grid)
        };
        self.trials.end == other.trials.start && shape(self) == shape(other)
    }
}

impl GridSums {
    pub(super) fn new(eliminate: Vec<u32>, models: usize) -> Self {
        Self {
            points: vec![vec![0; models]; eliminate.len()],
            eliminate,
            slopes: vec![0; models],
            slope_squares: vec![0; models],
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (points, other) in self.points.iter_mut().zip(&other.points) {
            add(points, other);
        }
        for (slope, other) in self.slopes.iter_mut().zip(&other.slopes) {
            *slope += other;
        }
        add(&mut self.slope_squares, &other.slope_squares);
    }

    fn check(&self, models: usize, most: u64, runs: u64) -> Result<(), DamagedPart> {
        let places = self.eliminate.len() as u64;
        // Numbers of a part may be any: their products take more than 64 bits.
        let (runs, most) = (u128::from(runs), u128::from(most));
        let possible = |&sum: &u64| u128::from(sum) <= runs * most;
        let whole = self.points.len() == self.eliminate.len()
            && GRID.contains(&places)
            && self.eliminate.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]))
            && self.points.iter().all(|points| points.len() == models && points.iter().all(possible))
            && self.slopes.len() == models
            && self.slope_squares.len() == models;
        // Σ c·h of a trial is no more than this.
        let steepest = u128::from(places * places) * most;
        let possible = |(&sum, &square): (&i64, &u64)| {
            u128::from(sum.unsigned_abs()) <= runs * steepest && u128::from(square) <= runs * steepest.pow(2)
        };
        let sound = whole && self.slopes.iter().zip(&self.slope_squares).all(possible);
        if sound { Ok(()) } else { Err(DamagedPart("slopes")) }
    }

    /// Adds one trial, `halves[place][model]` for each elimination number.
    pub(super) fn note(&mut self, halves: &[Vec<u32>]) {
        for (points, halves) in self.points.iter_mut().zip(halves) {
            for (sum, &halves) in points.iter_mut().zip(halves) {
                *sum += u64::from(halves);
            }
        }
        let last = i64::from(self.eliminate.len() as u32) - 1;
        for (model, (sum, square)) in self.slopes.iter_mut().zip(&mut self.slope_squares).enumerate() {
            let slope: i64 =
                halves.iter().zip(0..).map(|(halves, place)| (2 * place - last) * i64::from(halves[model])).sum();
            *sum += slope;
            *square += slope.unsigned_abs().pow(2);
        }
    }
}

/// How many of the first `trials` trials are played for each order and sample beside.
pub(super) fn share(trials: u64) -> u64 {
    trials.div_ceil(SHARE)
}
