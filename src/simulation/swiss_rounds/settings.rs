//! What a simulation of Swiss rounds is asked for, and what can be wrong with it.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::field::MOST;
use super::rules::{Bye, HALVES, Rules, Shortfall};
use super::tensor::WinTensor;

/// How many models leave after each round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Eliminate {
    /// The same number after every round.
    Every(u32),
    /// One number a round.
    List(Vec<u32>),
}

/// In which order benchmarks are played.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Order {
    /// As the table has them.
    #[default]
    AsGiven,
    /// Those of these indices and no other, in this order.
    Listed(Vec<usize>),
    /// This many random orders, each in its share of the tournaments.
    Shuffle(u32),
}

/// What a simulation of Swiss rounds is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct SwissSettings {
    /// How many tournaments are played, defaults to 100,000 as in the paper.
    pub runs: u64,
    /// How many models leave after each round, defaults to none.
    pub eliminate: Eliminate,
    /// What happens where the lowest bucket is smaller than that.
    pub shortfall: Shortfall,
    /// What a model without an opponent gets.
    pub bye: Bye,
    /// In which order benchmarks are played.
    pub order: Order,
    /// The elimination numbers, the same in every round, that failure sensitivity is told over.
    pub sensitivity: Option<RangeInclusive<u32>>,
    /// How many samples of benchmarks, drawn with replacement, rank intervals come from, each with
    /// a hundredth of the runs; defaults to 200, none for no rank intervals.
    pub samples: u32,
    /// The level of rank intervals, defaults to 0.95.
    pub level: f64,
    /// The seed of every draw, defaults to 0.
    pub seed: u64,
}

impl Default for SwissSettings {
    fn default() -> Self {
        Self {
            runs: 100_000,
            eliminate: Eliminate::Every(0),
            shortfall: Shortfall::default(),
            bye: Bye::default(),
            order: Order::default(),
            sensitivity: None,
            samples: 200,
            level: 0.95,
            seed: 0,
        }
    }
}

/// How many elimination numbers a grid may have.
pub(super) const GRID: RangeInclusive<u64> = 2..=1_000;
/// The most benchmarks samples: their numbers take 16 bits of a stream's number.
const MOST_SAMPLES: u32 = 1 << 16;
/// The most places for members, 8 bytes each, that a thread may need.
const MOST_PLACES: usize = 1 << 26;
/// The most sums of points, over models and random orders or samples.
const MOST_SUMS: f64 = (1_u64 << 21) as f64;
/// The levels that rank intervals may have.
pub(super) const LEVELS: RangeInclusive<f64> = 0.5..=0.9999;
/// The most tournaments: numbers of tournaments take 32 bits of a stream's number.
pub(super) const MOST_RUNS: u64 = 1 << 32;

/// Why a tournament can't be played as asked. Every message says what to change.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SwissError {
    /// Nobody to meet.
    #[error("a tournament needs two models, but there {}: give a table of two or more", are(*.0))]
    TooFewModels(usize),
    /// Nothing to meet on.
    #[error("a tournament needs a benchmark, but there is none")]
    NoBenchmark,
    /// Numbers of models and rounds have 16 bits.
    #[error("{count} {what} are too many: at most {MOST} are supported")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
    /// The rows of members would not fit in memory.
    #[error("{models} models in {rounds} rounds are too many for memory: give fewer models or fewer benchmarks")]
    TooLarge {
        /// How many models there are.
        models: usize,
        /// How many rounds there are.
        rounds: usize,
    },
    /// An elimination list for another number of rounds.
    #[error(
        "the elimination list has {found} numbers, and the tournament as many rounds as benchmarks, {rounds}: give one \
         number for each round, or one for all"
    )]
    EliminationList {
        /// The length of the list.
        found: usize,
        /// How many rounds there are.
        rounds: usize,
    },
    /// An order that names a benchmark that is not there.
    #[error("the order names benchmark {0}, which is not there: give indices of benchmarks, counted from 0")]
    UnknownBenchmark(usize),
    /// An order that names a benchmark twice.
    #[error("the order names benchmark {0} twice: name each once")]
    RepeatedBenchmark(usize),
    /// A number that is out of range.
    #[error("{what} {value} is out of range: give {range}")]
    OutOfRange {
        /// What the number is.
        what: &'static str,
        /// The number.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// No grid of elimination numbers.
    #[error("sensitivity needs two elimination numbers or more, and at most 1,000: give a range such as 0..=5")]
    Grid,
}

fn are(count: usize) -> String {
    if count == 1 { "is 1".to_owned() } else { format!("are {count}") }
}

impl SwissSettings {
    /// The rounds: which benchmark is played in each, before any shuffling.
    pub(super) fn rounds(&self, tensor: &WinTensor) -> Result<Vec<usize>, SwissError> {
        let Order::Listed(listed) = &self.order else { return Ok((0..tensor.benchmarks()).collect()) };
        let mut seen = vec![false; tensor.benchmarks()];
        for &benchmark in listed {
            let seen = seen.get_mut(benchmark).ok_or(SwissError::UnknownBenchmark(benchmark))?;
            if std::mem::replace(seen, true) {
                return Err(SwissError::RepeatedBenchmark(benchmark));
            }
        }
        Ok(listed.clone())
    }

    /// The rules of a tournament of this many rounds.
    pub(super) fn rules(&self, rounds: usize) -> Result<Rules, SwissError> {
        let eliminate = match &self.eliminate {
            Eliminate::Every(number) => vec![*number; rounds],
            Eliminate::List(list) if list.len() == rounds => list.clone(),
            Eliminate::List(list) => return Err(SwissError::EliminationList { found: list.len(), rounds }),
        };
        Ok(Rules { eliminate, shortfall: self.shortfall, bye: self.bye })
    }

    /// Whether these settings fit the tensor; if not, what to change. O(benchmarks).
    pub fn validate(&self, tensor: &WinTensor) -> Result<(), SwissError> {
        let (models, rounds) = (tensor.models(), self.rounds(tensor)?.len());
        check_size(models, rounds)?;
        self.rules(rounds)?;
        check("the number of runs", self.runs as f64, 1.0..=MOST_RUNS as f64, "1 to 2^32")?;
        let most = f64::from(MOST_SAMPLES).min(MOST_SUMS / models as f64);
        check("the number of samples", self.samples.into(), 0.0..=most, "0 to 65536, fewer for very many models")?;
        if let Order::Shuffle(orders) = self.order {
            check(
                "the number of orders",
                orders.into(),
                1.0..=most.min(self.runs as f64),
                "1 to 65536, no more than runs and fewer for very many models",
            )?;
        }
        // Squares of half points are summed in 64 bits.
        let most = u64::MAX as f64 / (f64::from(HALVES) * rounds as f64).powi(2);
        check("the number of runs of so many rounds", self.runs as f64, 1.0..=most, "fewer runs or fewer benchmarks")?;
        check("the level", self.level, LEVELS, "0.5 to 0.9999")?;
        match &self.sensitivity {
            Some(grid) if !GRID.contains(&(grid.clone().count() as u64)) => Err(SwissError::Grid),
            Some(grid) => check_slopes(grid, rounds, self.runs),
            None => Ok(()),
        }
    }
}

fn check_size(models: usize, rounds: usize) -> Result<(), SwissError> {
    if models < 2 {
        return Err(SwissError::TooFewModels(models));
    }
    if rounds == 0 {
        return Err(SwissError::NoBenchmark);
    }
    for (what, count) in [("models", models), ("rounds", rounds)] {
        if count > MOST {
            return Err(SwissError::TooMany { what, count });
        }
    }
    // Points in halves take up to two rows a round.
    let places = models.saturating_mul(HALVES as usize * rounds + 1).max(models.saturating_mul(models));
    if places > MOST_PLACES { Err(SwissError::TooLarge { models, rounds }) } else { Ok(()) }
}

/// Squares of slopes are summed in 64 bits.
fn check_slopes(grid: &RangeInclusive<u32>, rounds: usize, runs: u64) -> Result<(), SwissError> {
    let steps = f64::from(grid.end() - grid.start());
    let most = (steps + 1.0) * steps * f64::from(HALVES) * rounds as f64 / 2.0;
    let runs_that_fit = u64::MAX as f64 / (most * most);
    check("the number of runs with this sensitivity", runs as f64, 1.0..=runs_that_fit, "fewer runs or a shorter range")
}

fn check(what: &'static str, value: f64, range: RangeInclusive<f64>, words: &'static str) -> Result<(), SwissError> {
    if range.contains(&value) { Ok(()) } else { Err(SwissError::OutOfRange { what, value, range: words }) }
}
