//! Comparisons grouped by judge, task or any other column, so that what they share is not counted
//! as independent evidence.

use std::ops::Range;

use rayon::prelude::*;

use crate::data::graph::{CellFinder, PreferenceGraph};
use crate::data::{Labels, Log};
use crate::models::Fitted;

/// The cells of a graph that each cluster's comparisons fell into.
#[derive(Debug, Clone)]
pub struct Clusters {
    /// The column whose values are the clusters.
    pub column: String,
    len: usize,
    of_rows: bool,
    /// Stretches of the log, each sorted by cluster.
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    /// For each cluster the position of its first comparison, and the number of rows at the end.
    offsets: Vec<u32>,
    /// For each comparison, sorted by cluster, the index of its cell, or of its row in the log. A cluster's comparisons that
    /// the graph has no cell for leave [`NO_CELL`] at its end.
    cells: Vec<u32>,
    /// For each comparison its weight, times its count; empty where all are 1.
    weights: Vec<f64>,
}

/// Rows sorted at a time: few enough to stay in a processor's cache.
const PART_ROWS: usize = 1 << 20;
const NO_CELL: u32 = u32::MAX;

impl Clusters {
    /// The rows of `log` by the values of `labels`, in the cells of `graph`, which must be the
    /// graph of that log. Rows whose cell the graph does not have (ties that were dropped) are left
    /// out. O(rows + clusters).
    pub fn new(log: &Log, labels: &Labels, graph: &PreferenceGraph) -> Self {
        let finder = CellFinder::new(graph);
        Self::sorted(log, labels, false, |row| finder.cell_of(log, row))
    }

    /// The rows of `log` by the values of `labels`, each for itself: for fits whose comparisons differ within a cell,
    /// as with covariates. O(rows + clusters).
    pub fn of_rows(log: &Log, labels: &Labels) -> Self {
        Self::sorted(log, labels, true, |row| Some(row as u32))
    }

    /// Those that `fitted` needs of a log and its graph.
    pub fn for_fit(fitted: &dyn Fitted, log: &Log, labels: &Labels, graph: &PreferenceGraph) -> Self {
        let by_row = fitted.likelihood().is_some_and(|likelihood| likelihood.rows().is_some());
        if by_row { Self::of_rows(log, labels) } else { Self::new(log, labels, graph) }
    }

    fn sorted(log: &Log, labels: &Labels, of_rows: bool, slot: impl Fn(usize) -> Option<u32> + Sync) -> Self {
        let clusters = labels.names.len();
        // Every part has an offset a cluster: with many clusters there must be few parts.
        let size = PART_ROWS.max(4 * clusters);
        let part = |number: usize| {
            let rows = number * size..((number + 1) * size).min(log.len());
            Part::sorted(log, rows, &labels.ids, clusters, &slot)
        };
        let parts = (0..log.len().div_ceil(size)).into_par_iter().map(part).collect();
        Self { column: labels.column.clone(), len: clusters, of_rows, parts }
    }

    /// Whether they are of rows rather than of cells.
    pub fn are_of_rows(&self) -> bool {
        self.of_rows
    }

    /// The number of clusters, empty ones included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no cluster.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of clusters with a comparison in the graph.
    pub fn used(&self) -> usize {
        (0..self.len()).filter(|&cluster| self.comparisons(cluster).next().is_some()).count()
    }

    /// Cell (or row) and weight of each comparison of a cluster, in the order of the log.
    pub(crate) fn comparisons(&self, cluster: usize) -> impl Iterator<Item = (usize, f64)> {
        self.parts.iter().flat_map(move |part| {
            let range = part.offsets[cluster] as usize..part.offsets[cluster + 1] as usize;
            let used = range.take_while(|&slot| part.cells[slot] != NO_CELL);
            used.map(|slot| (part.cells[slot] as usize, part.weights.get(slot).copied().unwrap_or(1.0)))
        })
    }
}

impl Part {
    /// Some rows by counting sort.
    fn sorted(
        log: &Log,
        rows: Range<usize>,
        labels: &[u32],
        clusters: usize,
        slot_of: &impl Fn(usize) -> Option<u32>,
    ) -> Self {
        let mut next = vec![0_u32; clusters + 1];
        for &label in &labels[rows.clone()] {
            next[label as usize + 1] += 1;
        }
        for cluster in 0..clusters {
            next[cluster + 1] += next[cluster];
        }
        let offsets = next.clone();
        let weighted = log.is_counted() || !log.weights.is_empty();
        let mut cells = vec![NO_CELL; rows.len()];
        let mut weights = if weighted { vec![0.0; rows.len()] } else { Vec::new() };
        for row in rows {
            let Some(cell) = slot_of(row) else { continue };
            let place = &mut next[labels[row] as usize];
            let slot = *place as usize;
            *place += 1;
            cells[slot] = cell;
            if weighted {
                let row = log.row(row);
                weights[slot] = row.weight * row.count;
            }
        }
        Self { offsets, cells, weights }
    }
}
