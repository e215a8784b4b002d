//! Win tensors from scores.

use thiserror::Error;

use super::rules::TieRule;
use super::tensor::{Level, WinTensor, Worth};
use crate::data::ItemId;
use crate::data::table::ScoreTable;

/// What a missing score means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Holes {
    /// It loses to any score, and earns nothing against another hole.
    #[default]
    Lose,
    /// The model sits the round out: it meets nobody, has no bye, and can't be eliminated.
    Skip,
}

/// Why scores make no tensor.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
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
    /// A score of a table is to be the probability of a point.
    #[error(
        "the score of {model:?} on {benchmark:?} is {score}, which is no probability of a point: give 0 to 1, or \
         another rule for ties"
    )]
    ProbabilityOf {
        /// The model.
        model: String,
        /// The benchmark.
        benchmark: String,
        /// The score.
        score: f64,
    },
}

impl WinTensor {
    /// The tensor of a table whose higher scores are better everywhere.
    ///
    /// Under [`TieRule::Bernoulli`] a score is the probability of a point, whoever the opponent is:
    /// both sides draw, and both or neither may win. O(models × benchmarks × log models).
    ///
    /// # Errors
    /// A score that is to be a probability and is none.
    pub fn from_table(table: &ScoreTable, ties: TieRule, holes: Holes) -> Result<Self, TensorError> {
        let columns: Vec<Vec<f64>> =
            (0..table.benchmarks().len()).map(|benchmark| table.column(benchmark).to_vec()).collect();
        if ties == TieRule::Bernoulli {
            check_probabilities(table, &columns)?;
        }
        let tensor = Self::from_scores(&columns, ties)?;
        Ok(match holes {
            Holes::Lose => tensor,
            Holes::Skip => tensor.with_absent(columns.iter().map(|column| absent(column)).collect()),
        })
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
        let absent = vec![Vec::new(); benchmarks.len()];
        Ok(Self::from_parts(models, benchmarks, absent))
    }
}

/// Who has no score; empty where everyone has one.
fn absent(column: &[f64]) -> Vec<bool> {
    let absent: Vec<bool> = column.iter().map(|score| score.is_nan()).collect();
    if absent.contains(&true) { absent } else { Vec::new() }
}

fn check_probabilities(table: &ScoreTable, columns: &[Vec<f64>]) -> Result<(), TensorError> {
    for (benchmark, column) in columns.iter().enumerate() {
        let wrong = column.iter().position(|score| !score.is_nan() && !(0.0..=1.0).contains(score));
        if let Some(model) = wrong {
            return Err(TensorError::ProbabilityOf {
                model: table.models().name(ItemId(model as u32)).to_owned(),
                benchmark: table.benchmarks().name(ItemId(benchmark as u32)).to_owned(),
                score: column[model],
            });
        }
    }
    Ok(())
}

fn levels(column: &[f64], ties: TieRule) -> Worth {
    let mut distinct: Vec<f64> = column.iter().copied().filter(|score| !score.is_nan()).collect();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let rank = |score: &f64| distinct.partition_point(|other| other < score) as u32;
    if distinct.len() == column.len() {
        return Worth::Order(column.iter().map(rank).collect());
    }
    let level = |score: &f64| if score.is_nan() { Level::HOLE } else { Level::new(rank(score), ties) };
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
