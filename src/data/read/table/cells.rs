//! The scores of all files of a table, each with the place it came from.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::super::super::table::ScoreTable;
use super::super::super::{ItemId, Items};
use super::super::error::{Fault, ReadError};

/// More cells than this are not made: 1 GB of scores.
const MOST: usize = 1 << 27;

/// What has been read so far.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) models: Items,
    pub(super) benchmarks: Items,
    /// The files, of which the last is being read.
    pub(super) paths: Vec<String>,
    scores: HashMap<(ItemId, ItemId), Cell>,
}

#[derive(Debug)]
struct Cell {
    score: f64,
    /// The index of its file.
    file: usize,
    line: u64,
}

impl Cells {
    /// Adds the score on `line` of the last file.
    pub(super) fn add(&mut self, model: ItemId, benchmark: ItemId, score: f64, line: u64) -> Result<(), Fault> {
        let file = self.paths.len() - 1;
        let earlier = match self.scores.entry((model, benchmark)) {
            Entry::Vacant(vacant) => {
                vacant.insert(Cell { score, file, line });
                return Ok(());
            }
            Entry::Occupied(occupied) => occupied.into_mut(),
        };
        let place = format!("line {}", earlier.line);
        let other_file = (earlier.file != file).then(|| format!("{}, ", self.paths[earlier.file]));
        Err(Fault::DuplicateScore {
            model: self.models.name(model).to_owned(),
            benchmark: self.benchmarks.name(benchmark).to_owned(),
            earlier: other_file.unwrap_or_default() + &place,
        })
    }

    /// The table of all scores.
    pub(super) fn finish(self) -> Result<ScoreTable, ReadError> {
        let (models, benchmarks) = (self.models.len(), self.benchmarks.len());
        let paths = self.paths.join(", ");
        if models < 2 {
            return Err(ReadError::FewModels { paths, models });
        }
        if benchmarks == 0 {
            return Err(ReadError::NoBenchmark { paths });
        }
        let size = models.checked_mul(benchmarks).filter(|&size| size <= MOST);
        let Some(size) = size else { return Err(ReadError::TableSize { paths, models, benchmarks, most: MOST }) };
        let mut scores = vec![f64::NAN; size];
        for ((model, benchmark), cell) in self.scores {
            scores[benchmark.index() * models + model.index()] = cell.score;
        }
        Ok(ScoreTable::of_finite(self.models, self.benchmarks, scores))
    }
}
