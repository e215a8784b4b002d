//! What filters left of the rows, and the boards that rows are on.

use serde::Serialize;

use super::super::Log;
use super::super::graph::{BoardSets, BoardTally, Tally};
use super::filter::{Chosen, Doubt};
use super::{Comparisons, Input, Notes, ReadOptions};

/// What filters and boards left of the rows of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filtered {
    /// The filters, in the order in which they are asked.
    pub steps: Vec<FilterStep>,
    /// Rows that no board has, where there are boards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside_boards: Option<u64>,
    /// Rows that were let through and say nothing of their outcome, or both of whose items were called bad where such
    /// rows are dropped. They are no comparisons, so that no duplicate and no cap is counted of them.
    pub without_outcome: u64,
    /// The rows left.
    pub kept: u64,
}

/// A filter, and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterStep {
    /// Its kind: `where`, `since`, `until`, `dedupe` or `max-per`.
    pub filter: String,
    /// What it was given.
    pub value: String,
    /// The rows it left out, of those that the filters before it let through.
    pub dropped: u64,
}

/// A column that is no number in some rows, though a filter asks for the order of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotNumbers {
    /// The column.
    pub column: String,
    /// How many rows there are.
    pub rows: u64,
    /// What the first of them holds.
    pub example: String,
}

/// Times that are no seconds since 1970, though a bound of the period is a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddTimes {
    /// How many rows there are.
    pub rows: u64,
    /// What the first of them holds.
    pub example: String,
}

impl Filtered {
    pub(super) fn new(options: &ReadOptions) -> Self {
        let names = options.filters.names();
        Self {
            steps: names.into_iter().map(|[filter, value]| FilterStep { filter, value, dropped: 0 }).collect(),
            outside_boards: (!options.boards.is_empty()).then_some(0),
            without_outcome: 0,
            kept: 0,
        }
    }

    /// Adds what was made of a block, of which so many rows are left.
    pub(super) fn add(&mut self, chosen: &Chosen, left: u64) {
        for (step, dropped) in self.steps.iter_mut().zip(&chosen.dropped) {
            step.dropped += dropped;
        }
        if let Some(outside) = &mut self.outside_boards {
            *outside += chosen.outside;
        }
        self.without_outcome += chosen.without_outcome;
        self.kept += left;
    }

    /// All rows of the inputs, and in words what became of them. `None` where filters left out none of them.
    pub(super) fn total(inputs: &[Input], skipped: u64) -> Option<(u64, String)> {
        let all = Self::sum(inputs)?;
        let steps = all.steps.iter().filter(|step| step.dropped > 0);
        let steps = steps.map(|step| format!("--{} '{}' left out {}", step.filter, step.value, step.dropped));
        let outside = all.outside_boards.filter(|&rows| rows > 0).map(|rows| format!("{rows} are on no board"));
        let mut words: Vec<String> = steps.chain(outside).collect();
        let rows = inputs.iter().map(|input| input.rows).sum();
        if words.is_empty() {
            return None;
        }
        if all.without_outcome > 0 {
            words.push(format!("{} say nothing of their outcome", all.without_outcome));
        }
        if skipped > 0 {
            words.push(format!("{skipped} more were bad and skipped"));
        }
        Some((rows, words.join(", ")))
    }

    /// What filters and boards left of the rows of all inputs. `None` where there are none.
    pub fn sum(inputs: &[Input]) -> Option<Self> {
        let mut all = inputs.iter().filter_map(|input| input.filters.as_ref());
        let mut sum = all.next()?.clone();
        for other in all {
            for (step, other) in sum.steps.iter_mut().zip(&other.steps) {
                step.dropped += other.dropped;
            }
            sum.outside_boards = sum.outside_boards.zip(other.outside_boards).map(|(one, other)| one + other);
            sum.without_outcome += other.without_outcome;
            sum.kept += other.kept;
        }
        Some(sum)
    }
}

impl Notes {
    /// Takes down times that are no dates.
    pub(super) fn add_odd_times(&mut self, odd: &Doubt) {
        if odd.rows > 0 {
            let known = self.odd_times.get_or_insert_with(|| OddTimes { rows: 0, example: odd.example.clone() });
            known.rows += odd.rows;
        }
    }

    /// Takes down the columns that are no numbers.
    pub(super) fn add_not_numbers(&mut self, columns: &[String], doubts: &[Doubt]) {
        for (column, doubt) in columns.iter().zip(doubts).filter(|(_, doubt)| doubt.rows > 0) {
            if let Some(known) = self.not_numbers.iter_mut().find(|known| known.column == *column) {
                known.rows += doubt.rows;
            } else {
                let Doubt { rows, example } = doubt.clone();
                self.not_numbers.push(NotNumbers { column: column.clone(), rows, example });
            }
        }
    }
}

/// The boards that were asked for.
#[derive(Debug)]
pub struct Boards {
    /// For each board how many rows of the inputs are on it.
    pub rows: Vec<u64>,
    /// Their comparisons.
    pub parts: BoardParts,
}

/// The comparisons of boards as counts or as rows, like those of the reading.
#[derive(Debug)]
pub enum BoardParts {
    /// Of each board, over its own items.
    Counts(Vec<Tally>),
    /// Which rows of the log are on which boards.
    Rows(Membership),
}

/// Which rows of a log are on which boards.
#[derive(Debug)]
pub struct Membership {
    sets: BoardSets,
    of_row: Vec<u32>,
}

impl Membership {
    /// The rows of the log that are on a board, in order. O(rows).
    ///
    /// # Panics
    /// If there is no such board.
    pub fn rows(&self, board: usize) -> Vec<u32> {
        let on: Vec<bool> = (0..self.sets.len() as u32).map(|set| self.sets.has(set, board)).collect();
        (0..self.of_row.len() as u32).filter(|&row| on[self.of_row[row as usize] as usize]).collect()
    }

    /// The part of the log that is on a board, over its own items. O(rows).
    ///
    /// # Panics
    /// If there is no such board, or the log is another one.
    pub fn part(&self, log: &Log, board: usize) -> Log {
        log.part(&self.rows(board))
    }
}

/// Boards that are being read.
#[derive(Debug)]
pub(super) struct BoardBuilder {
    sets: BoardSets,
    rows: Vec<u64>,
    tally: BoardTally,
    of_row: Vec<u32>,
}

impl BoardBuilder {
    /// `None` where there are no boards.
    pub(super) fn new(boards: usize) -> Option<Self> {
        (boards > 0).then(|| Self {
            sets: BoardSets::new(boards),
            rows: vec![0; boards],
            tally: BoardTally::new(boards),
            of_row: Vec::new(),
        })
    }

    /// The sets of a block's comparisons by the numbers that sets have here.
    fn sets_of<'c>(&mut self, chosen: &'c Chosen) -> impl Iterator<Item = u32> + use<'c> {
        let words = self.sets.words();
        // A block may know sets that none of its rows has.
        let sets = chosen.masks.chunks_exact(words).zip(&chosen.mask_rows);
        let known: Vec<u32> = sets.map(|(set, &rows)| if rows > 0 { self.sets.intern(set) } else { 0 }).collect();
        for (&set, &rows) in known.iter().zip(&chosen.mask_rows).filter(|&(_, &rows)| rows > 0) {
            for (board, sum) in self.rows.iter_mut().enumerate() {
                *sum += if self.sets.has(set, board) { rows } else { 0 };
            }
        }
        chosen.of_row.iter().map(move |&set| known[set as usize])
    }

    /// Counts the rows of a block, whose item ids index `ids` for those of all `items` so far.
    pub(super) fn count(&mut self, rows: &Log, ids: &[u32], items: usize, chosen: &Chosen) {
        let of_row: Vec<u32> = self.sets_of(chosen).collect();
        self.tally.append(rows, ids, items, &of_row, &self.sets);
    }

    /// Keeps which boards the rows of a block are on.
    pub(super) fn keep(&mut self, chosen: &Chosen) {
        let of_row = self.sets_of(chosen);
        self.of_row.extend(of_row);
    }

    pub(super) fn finish(self, comparisons: &Comparisons) -> Boards {
        let parts = match comparisons {
            Comparisons::Counts(tally) => BoardParts::Counts(self.tally.finish(tally.items(), &self.sets)),
            Comparisons::Rows(_) => BoardParts::Rows(Membership { sets: self.sets, of_row: self.of_row }),
        };
        Boards { rows: self.rows, parts }
    }
}
