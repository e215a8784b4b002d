//! Tables of scores: models × benchmarks, with holes where a model was not measured.
//!
//! ```
//! use palio::data::read::{TableOptions, read_table_bytes};
//!
//! let text = b"model,mmlu,gsm8k\nada,0.7,0.5\nbob,0.6,\ncleo,0.4,0.3\n";
//! let table = read_table_bytes("scores.csv", text, &TableOptions::default())?.table;
//! assert_eq!((table.score(0, 1), table.score(1, 1)), (Some(0.5), None));
//!
//! let block = table.largest_complete_block();
//! assert!(table.select(&block.models, &block.benchmarks).is_complete());
//! # Ok::<(), palio::data::read::ReadError>(())
//! ```

mod block;

pub use self::block::Block;

use super::{ItemId, Items};

/// Scores of models on benchmarks; a hole where there is none.
#[derive(Debug, Clone)]
pub struct ScoreTable {
    models: Items,
    benchmarks: Items,
    /// One column a benchmark, in each one number a model. NaN is a hole, nothing is infinite, and
    /// zero has no sign.
    scores: Vec<f64>,
}

/// Why numbers are no table of scores.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// Not one number for each model and benchmark.
    #[error(
        "a table of {models} models and {benchmarks} benchmarks has {found} numbers; give one for each model and benchmark, NaN for a hole"
    )]
    Size {
        /// How many models there are.
        models: usize,
        /// How many benchmarks there are.
        benchmarks: usize,
        /// How many numbers there are.
        found: usize,
    },
    /// An infinite score.
    #[error("the score of {model:?} on {benchmark:?} is {score}; give a finite number, or NaN where there is none")]
    Infinite {
        /// The model's name.
        model: String,
        /// The benchmark's name.
        benchmark: String,
        /// The score.
        score: f64,
    },
}

impl ScoreTable {
    /// A table of `scores`, one column a benchmark and in each one number a model: models ×
    /// benchmarks numbers, that of model `m` on benchmark `b` at `b * models + m`; NaN for a hole.
    ///
    /// # Errors
    /// Another number of scores, or an infinite one.
    pub fn new(models: Items, benchmarks: Items, scores: Vec<f64>) -> Result<Self, TableError> {
        if models.len().checked_mul(benchmarks.len()) != Some(scores.len()) {
            let (models, benchmarks) = (models.len(), benchmarks.len());
            return Err(TableError::Size { models, benchmarks, found: scores.len() });
        }
        if let Some(index) = scores.iter().position(|score| score.is_infinite()) {
            let model = models.name(ItemId((index % models.len()) as u32)).to_owned();
            let benchmark = benchmarks.name(ItemId((index / models.len()) as u32)).to_owned();
            return Err(TableError::Infinite { model, benchmark, score: scores[index] });
        }
        Ok(Self::of_finite(models, benchmarks, scores))
    }

    /// A table of one number for each model and benchmark, none of which is infinite.
    pub(super) fn of_finite(models: Items, benchmarks: Items, mut scores: Vec<f64>) -> Self {
        for score in &mut scores {
            *score = without_sign_of_zero(*score);
        }
        Self { models, benchmarks, scores }
    }

    /// The models, in the order in which they were first seen.
    pub fn models(&self) -> &Items {
        &self.models
    }

    /// The benchmarks, in the order in which they were first seen.
    pub fn benchmarks(&self) -> &Items {
        &self.benchmarks
    }

    /// The score of a model on a benchmark, if it has one.
    ///
    /// # Panics
    /// If there is no such model or no such benchmark.
    pub fn score(&self, model: usize, benchmark: usize) -> Option<f64> {
        Some(self.column(benchmark)[model]).filter(|score| !score.is_nan())
    }

    /// The scores on a benchmark, one number a model, NaN for a hole.
    ///
    /// # Panics
    /// If there is no such benchmark.
    pub fn column(&self, benchmark: usize) -> &[f64] {
        let models = self.models.len();
        assert!(benchmark < self.benchmarks.len(), "a benchmark of the table");
        &self.scores[benchmark * models..][..models]
    }

    /// How many scores are missing.
    pub fn holes(&self) -> usize {
        self.scores.iter().filter(|score| score.is_nan()).count()
    }

    /// Whether no score is missing.
    pub fn is_complete(&self) -> bool {
        !self.scores.iter().any(|score| score.is_nan())
    }

    /// The table in which the scores on `benchmarks`, where lower is better, have the other sign, so
    /// that higher is better. Holes stay. A benchmark that is given twice is turned round once.
    ///
    /// # Panics
    /// If there is no such benchmark.
    #[must_use]
    pub fn negated(&self, benchmarks: &[usize]) -> Self {
        let mut turned = vec![false; self.benchmarks.len()];
        for &benchmark in benchmarks {
            turned[benchmark] = true;
        }
        let mut table = self.clone();
        let columns = table.scores.chunks_mut(self.models.len().max(1)).zip(turned);
        for score in columns.filter(|(_, turned)| *turned).flat_map(|(column, _)| column) {
            *score = without_sign_of_zero(-*score);
        }
        table
    }

    /// The scores of these models on these benchmarks only, in the order given.
    ///
    /// # Panics
    /// If there is no such model or no such benchmark, or one is given twice.
    #[must_use]
    pub fn select(&self, models: &[usize], benchmarks: &[usize]) -> Self {
        let columns = benchmarks.iter().map(|&benchmark| self.column(benchmark));
        let scores = columns.flat_map(|column| models.iter().map(|&model| column[model])).collect();
        Self { models: picked(&self.models, models), benchmarks: picked(&self.benchmarks, benchmarks), scores }
    }

    /// The mean of the scores that a model has, one entry a model; `None` for a model without any.
    pub fn mean_scores(&self) -> Vec<Option<f64>> {
        let mean = |model: usize| {
            let scores = (0..self.benchmarks.len()).filter_map(|benchmark| self.score(model, benchmark));
            let (count, sum) = scores.fold((0, 0.0), |(count, sum), score| (count + 1, sum + score));
            (count > 0).then(|| sum / f64::from(count))
        };
        (0..self.models.len()).map(mean).collect()
    }

    /// The models and benchmarks without a hole between them that have the most cells. Among several
    /// such blocks the one with more models; among these the one whose models are earlier in the
    /// table where the two first differ.
    ///
    /// The problem is NP-hard (maximum edge biclique: Peeters 2003). Branch and bound mostly finishes in
    /// milliseconds where holes are few or lie together. It stops after a fixed effort of a few
    /// tenths of a second: `proven` tells whether it had settled the number of cells by then. Where many
    /// blocks are equal it may stop before it knows which of them comes first. A block without cells, where all is
    /// hole, has neither models nor benchmarks. The same table gives the same block on every machine.
    pub fn largest_complete_block(&self) -> Block {
        block::largest(self.models.len(), self.benchmarks.len(), |model, benchmark| {
            !self.column(benchmark)[model].is_nan()
        })
    }
}

/// Tables are equal that have the same names in the same order, the same scores and the same holes.
impl PartialEq for ScoreTable {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        self.models.iter().eq(other.models.iter())
            && self.benchmarks.iter().eq(other.benchmarks.iter())
            && self.scores.iter().zip(&other.scores).all(same)
    }
}

/// Two equal scores are to have the same bytes.
fn without_sign_of_zero(score: f64) -> f64 {
    score + 0.0
}

fn picked(names: &Items, indices: &[usize]) -> Items {
    let picked: Items = indices.iter().map(|&index| names.name(ItemId(index as u32))).collect();
    assert_eq!(picked.len(), indices.len(), "each name once");
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLE: f64 = f64::NAN;

    fn items(names: &str) -> Items {
        names.split_whitespace().collect()
    }

    fn table() -> ScoreTable {
        let scores = vec![1.0, 2.0, HOLE, -0.0, HOLE, 5.0];
        ScoreTable::new(items("ada bob cleo"), items("x y"), scores).unwrap()
    }

    #[test]
    fn a_score_stands_where_its_model_and_benchmark_meet() {
        let table = table();
        assert_eq!([table.score(1, 0), table.score(2, 0), table.score(2, 1)], [Some(2.0), None, Some(5.0)]);
        assert_eq!((table.column(0)[1], table.holes(), table.is_complete()), (2.0, 2, false));
        assert_eq!(table.mean_scores(), [Some(0.5), Some(2.0), Some(5.0)]);
        assert!(table.score(0, 1).unwrap().is_sign_positive());
    }

    #[test]
    fn numbers_that_are_no_table_are_refused() {
        let error = ScoreTable::new(items("ada bob"), items("x y"), vec![1.0; 3]).unwrap_err();
        assert_eq!(error, TableError::Size { models: 2, benchmarks: 2, found: 3 });
        let error = ScoreTable::new(items("ada bob"), items("x"), vec![1.0, f64::INFINITY]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the score of \"bob\" on \"x\" is inf; give a finite number, or NaN where there is none"
        );
        assert!(ScoreTable::new(Items::new(), items("x y"), Vec::new()).unwrap().negated(&[1]).is_complete());
    }

    #[test]
    fn lower_is_better_turns_a_column_round() {
        let turned = table().negated(&[0, 0]);
        assert_eq!([turned.score(0, 0), turned.score(2, 0), turned.score(2, 1)], [Some(-1.0), None, Some(5.0)]);
        assert_eq!(turned.negated(&[0]), table());
        let zero = table().negated(&[1]).score(0, 1).unwrap();
        assert!(zero == 0.0 && zero.is_sign_positive());
    }

    #[test]
    fn a_part_has_the_order_asked_for() {
        let part = table().select(&[2, 0], &[1]);
        assert_eq!(part, ScoreTable::new(items("cleo ada"), items("y"), vec![5.0, 0.0]).unwrap());
        assert_ne!(part, table().select(&[0, 2], &[1]));
        assert_eq!(table().select(&[], &[0]).models().len(), 0);
    }

    #[test]
    fn the_largest_block_has_no_hole() {
        let block = table().largest_complete_block();
        assert_eq!(block, Block { models: vec![0, 1], benchmarks: vec![0], proven: true });
        let nothing = ScoreTable::new(items("ada bob"), items("x"), vec![HOLE; 2]).unwrap();
        assert_eq!(nothing.mean_scores(), [None, None]);
        let block = nothing.largest_complete_block();
        assert_eq!(block, Block { models: vec![], benchmarks: vec![], proven: true });
    }
}
