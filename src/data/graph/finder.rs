//! Which cell of a graph a row of a log falls into.

use std::borrow::Cow;

use super::{Pair, PreferenceGraph};
use crate::data::{CODE_LEFT, CODE_RIGHT, CODE_SHARE, CODE_TIE, Comparison, Log, Outcome};

/// Items up to this many find their pairs in a table, more by search.
const TABLE_ITEMS: usize = 2048;
const NO_CELL: u32 = u32::MAX;

/// Finds the cell of a row.
#[derive(Debug, Clone)]
pub(crate) struct CellFinder<'a> {
    graph: Cow<'a, PreferenceGraph>,
    side: usize,
    /// For each (pair, plain outcome) of the table its cell, seen from the row's left.
    table: Vec<u32>,
}

impl<'a> CellFinder<'a> {
    /// For the rows of logs over the items of `graph`.
    pub(crate) fn new(graph: &'a PreferenceGraph) -> Self {
        let items = graph.items().len();
        if items > TABLE_ITEMS {
            return Self { graph: Cow::Borrowed(graph), side: 0, table: Vec::new() };
        }
        let mut table = vec![NO_CELL; items * items * 3];
        for (index, cell) in graph.cells().iter().enumerate() {
            let pair = graph.pairs()[cell.pair as usize];
            let Some(code) = [CODE_RIGHT, CODE_TIE, CODE_LEFT].into_iter().find(|&code| is_share(code, cell.share))
            else {
                continue;
            };
            let (low, high) = (pair.low.index(), pair.high.index());
            table[(low * items + high) * 3 + usize::from(code)] = index as u32;
            table[(high * items + low) * 3 + usize::from(CODE_LEFT - code)] = index as u32;
        }
        Self { graph: Cow::Borrowed(graph), side: items, table }
    }

    /// The same with a graph of its own.
    pub(crate) fn into_owned(self) -> CellFinder<'static> {
        CellFinder { graph: Cow::Owned(self.graph.into_owned()), side: self.side, table: self.table }
    }

    /// The index of the cell of a row of `log`, if the graph has it.
    pub(crate) fn cell_of(&self, log: &Log, row: usize) -> Option<u32> {
        let (left, right, code) = (log.left[row] as usize, log.right[row] as usize, log.codes[row]);
        if self.side > 0 && code != CODE_SHARE {
            let cell = self.table[(left * self.side + right) * 3 + usize::from(code)];
            return (cell != NO_CELL).then_some(cell);
        }
        self.searched(log.row(row))
    }

    /// The index of the cell of a comparison, if the graph has it.
    pub(crate) fn cell(&self, row: Comparison) -> Option<u32> {
        let code = match row.outcome {
            Outcome::Left => CODE_LEFT,
            Outcome::Tie => CODE_TIE,
            Outcome::Right => CODE_RIGHT,
            Outcome::Share(_) => return self.searched(row),
        };
        let (left, right) = (row.left.index(), row.right.index());
        if left >= self.side || right >= self.side {
            return self.searched(row);
        }
        let cell = self.table[(left * self.side + right) * 3 + usize::from(code)];
        (cell != NO_CELL).then_some(cell)
    }

    fn searched(&self, row: Comparison) -> Option<u32> {
        let (low, high, outcome) = if row.left < row.right {
            (row.left, row.right, row.outcome)
        } else {
            (row.right, row.left, row.outcome.mirrored())
        };
        let pair = self.graph.pairs().binary_search(&Pair { low, high }).ok()?;
        self.graph.cell_index(pair, outcome.share()).map(|cell| cell as u32)
    }
}

#[expect(clippy::float_cmp, reason = "plain outcomes have exact shares")]
fn is_share(code: u8, share: f64) -> bool {
    f64::from(code) / 2.0 == share
}
