//! The win tensor: what each meeting of two models on a benchmark is worth.

use thiserror::Error;

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
    /// By score.
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

    /// All ways in which a meeting of two models on a benchmark can end, none of them impossible.
    pub(crate) fn endings(&self, benchmark: usize, first: usize, second: usize) -> Vec<Ending> {
        let certain = |halves| vec![Ending { probability: 1.0, halves }];
        let mut endings = match &self.benchmarks[benchmark] {
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
    /// A tensor whose parts fit together.
    pub(crate) fn from_parts(models: usize, benchmarks: Vec<Worth>, absent: Vec<Vec<bool>>) -> Self {
        debug_assert_eq!(benchmarks.len(), absent.len());
        Self { models, benchmarks, absent }
    }

    /// The tensor of scores, higher ones better. Shape: `scores[benchmark][model]`.
    ///
    /// A score that is not a number is a hole, which loses to any score; between two holes neither
    /// earns a thing. Under [`TieRule::Bernoulli`] scores are probabilities, and a hole is 0.
    /// O(models × benchmarks × log models).
    ///
    /// # Errors
    /// Benchmarks of different numbers of models, and a probability that is none.
    pub fn from_scores(scores: &[Vec<f64>], ties: TieRule) -> Result<Self, TensorError> {
        let models = scores.first().map_or(0, Vec::len);
        if let Some(benchmark) = scores.iter().position(|column| column.len() != models) {
            return Err(TensorError::Ragged { benchmark, found: scores[benchmark].len(), models });
        }
        let worth = |column: &Vec<f64>| match ties {
            TieRule::Bernoulli => chances(column),
            TieRule::Lose | TieRule::Half | TieRule::Win => Ok(levels(column, ties)),
        };
        let benchmarks = scores.iter().map(worth).collect::<Result<Vec<_>, _>>()?;
        let absent = benchmarks.iter().map(|_| Vec::new()).collect();
        Ok(Self::from_parts(models, benchmarks, absent))
    }
}

/// Why scores make no tensor.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TensorError {
    /// The benchmarks have scores of different numbers of models.
    #[error(
        "benchmark {benchmark} has {found} scores and the first one has {models}: give one a model, NaN for a hole"
    )]
    Ragged {
        /// The benchmark, counted from 0.
        benchmark: usize,
        /// How many scores it has.
        found: usize,
        /// How many the first one has.
        models: usize,
    },
    /// A score is to be the probability of a point.
    #[error("the score {0} is no probability of a point: give 0 to 1, or another rule for ties")]
    Probability(f64),
}

fn levels(column: &[f64], ties: TieRule) -> Worth {
    let mut distinct: Vec<f64> = column.iter().copied().filter(|score| !score.is_nan()).collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let level = |score: &f64| {
        if score.is_nan() {
            return Level::HOLE;
        }
        Level::new(distinct.partition_point(|other| other < score) as u32, ties)
    };
    Worth::Levels(column.iter().map(level).collect())
}

fn chances(column: &[f64]) -> Result<Worth, TensorError> {
    let filled = |&score: &f64| if score.is_nan() { 0.0 } else { score };
    let chances: Vec<f64> = column.iter().map(filled).collect();
    match chances.iter().find(|chance| !(0.0..=1.0).contains(*chance)) {
        Some(&wrong) => Err(TensorError::Probability(wrong)),
        None => Ok(Worth::Chances(chances)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_make_no_tensor_are_refused() {
        let message = |scores: &[Vec<f64>], ties| WinTensor::from_scores(scores, ties).unwrap_err().to_string();
        let ragged = message(&[vec![1.0, 2.0], vec![1.0]], TieRule::Lose);
        assert_eq!(ragged, "benchmark 1 has 1 scores and the first one has 2: give one a model, NaN for a hole");
        let chance = message(&[vec![0.5, 1.5]], TieRule::Bernoulli);
        assert_eq!(chance, "the score 1.5 is no probability of a point: give 0 to 1, or another rule for ties");
        assert!(WinTensor::from_scores(&[vec![f64::NAN, 1.0]], TieRule::Bernoulli).is_ok());
    }
}
