//! The win tensor: what each meeting of two models on a benchmark is worth.

use super::rules::{HALVES, TieRule};

/// W(i, j, k): what model i earns against model j on benchmark k.
///
/// Shape: models × models × benchmarks. Tables of scores keep a level for each cell instead of all
/// pairs: O(models × benchmarks) numbers.
#[derive(Debug, Clone)]
pub struct WinTensor {
    models: usize,
    benchmarks: Vec<Worth>,
    /// For each benchmark the models that have no score there and sit its round out; empty where
    /// nobody does.
    absent: Vec<Vec<bool>>,
}

/// What meetings on one benchmark are worth.
#[derive(Debug, Clone)]
pub(crate) enum Worth {
    /// By a strict order: the higher number wins. What `Levels` says too, in fewer steps.
    Order(Vec<u32>),
    /// By score, where some are equal or missing.
    Levels(Vec<Level>),
    /// Every model wins its point with a probability of its own.
    Chances(Vec<f64>),
    /// Half points of the row's model against the column's, model-major.
    Pairs(Vec<u8>),
    /// The probability that the row's model wins and the column's does not, model-major.
    PairChances(Vec<f64>),
}

/// Where a model's score stands among those of a benchmark. Against j, i earns half a point for
/// each of `halves` that is above `floor` of j: so every tie rule costs two comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) halves: [u32; HALVES as usize],
    pub(crate) floor: u32,
}

/// One way a meeting can end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ending {
    pub(crate) probability: f64,
    /// Half points to the first and to the second model.
    pub(crate) halves: [u32; 2],
}

impl WinTensor {
    /// How many models there are.
    pub fn models(&self) -> usize {
        self.models
    }

    /// How many benchmarks there are.
    pub fn benchmarks(&self) -> usize {
        self.benchmarks.len()
    }

    pub(crate) fn worth(&self, benchmark: usize) -> &Worth {
        &self.benchmarks[benchmark]
    }

    /// Whether the model sits the round of this benchmark out.
    pub(crate) fn sits_out(&self, benchmark: usize, model: usize) -> bool {
        self.absent[benchmark].get(model).copied().unwrap_or(false)
    }

    /// Whether anyone sits the round of this benchmark out.
    pub(crate) fn has_absent(&self, benchmark: usize) -> bool {
        !self.absent[benchmark].is_empty()
    }

    /// Whether a meeting can give half points.
    pub(crate) fn gives_half_points(&self) -> bool {
        self.benchmarks.iter().any(|worth| match worth {
            Worth::Levels(levels) => levels.iter().any(|level| level.halves[0] != level.halves[1]),
            Worth::Pairs(halves) => halves.iter().any(|half| u32::from(*half) % HALVES != 0),
            Worth::Order(_) | Worth::Chances(_) | Worth::PairChances(_) => false,
        })
    }

    /// All ways in which a meeting of two models on a benchmark can end, none of them impossible.
    pub(crate) fn endings(&self, benchmark: usize, first: usize, second: usize) -> Vec<Ending> {
        let certain = |halves| vec![Ending { probability: 1.0, halves }];
        let mut endings = match &self.benchmarks[benchmark] {
            Worth::Order(order) if order[first] > order[second] => certain([HALVES, 0]),
            Worth::Order(_) => certain([0, HALVES]),
            Worth::Levels(levels) => {
                certain([levels[first].against(levels[second]), levels[second].against(levels[first])])
            }
            Worth::Pairs(halves) => {
                let of = |i: usize, j: usize| u32::from(halves[i * self.models + j]);
                certain([of(first, second), of(second, first)])
            }
            Worth::Chances(chances) => drawn_apart(chances[first], chances[second]),
            Worth::PairChances(chances) => {
                let p = chances[first * self.models + second];
                vec![
                    Ending { probability: p, halves: [HALVES, 0] },
                    Ending { probability: 1.0 - p, halves: [0, HALVES] },
                ]
            }
        };
        endings.retain(|ending| ending.probability > 0.0);
        endings
    }
}

impl Level {
    /// The level of the `rank`th lowest of the distinct scores of a benchmark, counted from 0.
    pub(crate) fn new(rank: u32, ties: TieRule) -> Self {
        let (strict, weak) = (2 * rank + 1, 2 * rank + 2);
        let halves = match ties {
            TieRule::Lose | TieRule::Bernoulli => [strict, strict],
            TieRule::Half => [strict, weak],
            TieRule::Win => [weak, weak],
        };
        Self { halves, floor: strict }
    }

    /// The level of a hole: it loses to any score, and against another hole neither earns a thing.
    pub(crate) const HOLE: Self = Self { halves: [0, 0], floor: 0 };

    /// Half points against another model.
    pub(crate) fn against(self, other: Self) -> u32 {
        self.halves.iter().map(|&half| u32::from(half > other.floor)).sum()
    }
}

fn drawn_apart(p: f64, q: f64) -> Vec<Ending> {
    let ending = |first: bool, second: bool| Ending {
        probability: if first { p } else { 1.0 - p } * if second { q } else { 1.0 - q },
        halves: [HALVES * u32::from(first), HALVES * u32::from(second)],
    };
    vec![ending(true, true), ending(true, false), ending(false, true), ending(false, false)]
}

impl WinTensor {
    /// The same, but that these models sit out the rounds of each benchmark.
    pub(super) fn with_absent(self, absent: Vec<Vec<bool>>) -> Self {
        Self::from_parts(self.models, self.benchmarks, absent)
    }

    /// A tensor whose parts fit together.
    pub(crate) fn from_parts(models: usize, benchmarks: Vec<Worth>, absent: Vec<Vec<bool>>) -> Self {
        debug_assert_eq!(benchmarks.len(), absent.len());
        Self { models, benchmarks, absent }
    }
}
