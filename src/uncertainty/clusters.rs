//! Comparisons grouped by judge, task or any other column, so that what they share is not counted
//! as independent evidence.

use crate::data::graph::PreferenceGraph;
use crate::data::{CODE_LEFT, CODE_RIGHT, CODE_SHARE, CODE_TIE, Labels, Log};

/// The cells of a graph that each cluster's comparisons fell into.
#[derive(Debug, Clone)]
pub struct Clusters {
    /// The column whose values are the clusters.
    pub column: String,
    /// For each cluster the position of its first comparison, and their number at the end.
    offsets: Vec<u32>,
    /// For each comparison, sorted by cluster, the index of its cell.
    cells: Vec<u32>,
    /// For each comparison its weight, times its count; empty where all are 1.
    weights: Vec<f64>,
}

/// Items up to this many find their pairs in a table, more by search.
const TABLE_ITEMS: usize = 2048;
const NO_PAIR: u32 = u32::MAX;

impl Clusters {
    /// The rows of `log` by the values of `labels`, in the cells of `graph`, which must be the
    /// graph of that log. Rows whose cell the graph does not have (ties that were dropped) are left
    /// out. O(rows + clusters).
    pub fn new(log: &Log, labels: &Labels, graph: &PreferenceGraph) -> Self {
        let finder = CellFinder::new(graph);
        let mut next = vec![0_u32; labels.names.len() + 1];
        for &label in &labels.ids {
            next[label as usize + 1] += 1;
        }
        for label in 0..labels.names.len() {
            next[label + 1] += next[label];
        }
        let starts = next.clone();
        let weighted = log.is_counted() || !log.weights.is_empty();
        let mut cells = vec![NO_PAIR; log.len()];
        let mut weights = if weighted { vec![0.0; log.len()] } else { Vec::new() };
        for (row, &label) in labels.ids.iter().enumerate() {
            let Some(cell) = finder.cell_of(log, row) else { continue };
            let slot = next[label as usize] as usize;
            next[label as usize] += 1;
            cells[slot] = cell;
            if weighted {
                let row = log.row(row);
                weights[slot] = row.weight * row.count;
            }
        }
        Self { column: labels.column.clone(), offsets: starts, cells, weights }
    }

    /// The number of clusters, empty ones included.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no cluster.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of clusters with a comparison in the graph.
    pub fn used(&self) -> usize {
        (0..self.len()).filter(|&cluster| self.comparisons(cluster).next().is_some()).count()
    }

    /// Cell and weight of each comparison of a cluster.
    pub(super) fn comparisons(&self, cluster: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.offsets[cluster] as usize..self.offsets[cluster + 1] as usize;
        let used = range.take_while(|&slot| self.cells[slot] != NO_PAIR);
        used.map(|slot| (self.cells[slot] as usize, self.weights.get(slot).copied().unwrap_or(1.0)))
    }
}

/// Finds the cell of a row.
struct CellFinder<'a> {
    graph: &'a PreferenceGraph,
    side: usize,
    /// For each (pair, plain outcome) of the table its cell, seen from the row's left.
    table: Vec<u32>,
}

impl<'a> CellFinder<'a> {
    fn new(graph: &'a PreferenceGraph) -> Self {
        let items = graph.items().len();
        if items > TABLE_ITEMS {
            return Self { graph, side: 0, table: Vec::new() };
        }
        let mut table = vec![NO_PAIR; items * items * 3];
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
        Self { graph, side: items, table }
    }

    fn cell_of(&self, log: &Log, row: usize) -> Option<u32> {
        let (left, right, code) = (log.left[row] as usize, log.right[row] as usize, log.codes[row]);
        if self.side > 0 && code != CODE_SHARE {
            let cell = self.table[(left * self.side + right) * 3 + usize::from(code)];
            return (cell != NO_PAIR).then_some(cell);
        }
        let row = log.row(row);
        let (low, high, outcome) = if row.left < row.right {
            (row.left, row.right, row.outcome)
        } else {
            (row.right, row.left, row.outcome.mirrored())
        };
        let pair = self.graph.pairs().binary_search(&crate::data::graph::Pair { low, high }).ok()?;
        self.graph.cell_index(pair, outcome.share()).map(|cell| cell as u32)
    }
}

#[expect(clippy::float_cmp, reason = "plain outcomes have exact shares")]
fn is_share(code: u8, share: f64) -> bool {
    f64::from(code) / 2.0 == share
}
