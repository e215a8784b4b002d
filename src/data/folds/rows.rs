//! Rows shared out to folds.

use std::ops::Range;

use rand::seq::SliceRandom;

use super::thinning::{HeldCell, check_number};
use super::{FoldError, FoldSettings};
use crate::data::graph::{CellFinder, CellSum, PreferenceGraph};
use crate::data::{Labels, Log};
use crate::random::{Purpose, stream};

/// The rows of a log in parts.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    log: &'a Log,
    /// Where the rows of each part begin, and where the last one ends.
    offsets: Vec<usize>,
    /// The rows part by part: in each in the order of the log, or of time. A row that stands for several
    /// comparisons may be in several parts, and several times in one.
    rows: Vec<u32>,
    /// Whether each of `rows` is one of the comparisons that the row stands for, not all of them.
    single: bool,
    /// For each row of the log its cell, or [`NO_CELL`].
    cells: Vec<u32>,
}

/// The cell of a row that counts no comparison: the graph may not have it.
const NO_CELL: u32 = u32::MAX;

impl<'a> Parts<'a> {
    /// As many comparisons of each cell in each part as are held out, of those that there are any.
    pub(super) fn arranged(
        log: &'a Log,
        graph: &PreferenceGraph,
        held: &[Vec<HeldCell>],
        settings: FoldSettings,
    ) -> Result<Self, FoldError> {
        let singles = log.singles().map_err(|count| FoldError::NotWholeCounts { count: count.to_string() })?;
        let cells = cells_of(log, graph);
        let mut next = Vec::with_capacity(graph.cells().len());
        let mut end = 0;
        for sum in graph.sums() {
            next.push(end);
            end += sum.count as usize;
        }
        // For each cell the parts that its comparisons go to, in a drawn order.
        let mut dealt = vec![0_u32; end];
        let mut free = next.clone();
        for (part, of_part) in held.iter().enumerate() {
            for it in of_part {
                let start = &mut free[it.cell as usize];
                dealt[*start..*start + it.count as usize].fill(part as u32);
                *start += it.count as usize;
            }
        }
        let mut rng = stream(settings.seed, Purpose::Folds, 2 * u64::from(settings.repeat) + 1);
        for (cell, sum) in graph.sums().iter().enumerate() {
            dealt[next[cell]..next[cell] + sum.count as usize].shuffle(&mut rng);
        }
        let parts: Vec<u32> = singles
            .iter()
            .map(|&row| {
                let place = &mut next[cells[row as usize] as usize];
                *place += 1;
                dealt[*place - 1]
            })
            .collect();
        Ok(Self { single: log.is_counted(), ..Self::sorted(log, &singles, &parts, held.len(), cells) })
    }

    /// The rows of each label in one part.
    pub(super) fn by_label(
        log: &'a Log,
        labels: &Labels,
        graph: &PreferenceGraph,
        settings: FoldSettings,
    ) -> Result<Self, FoldError> {
        let mut sizes = vec![0.0; labels.names.len()];
        for (row, &label) in labels.ids.iter().enumerate() {
            sizes[label as usize] += log.row(row).count;
        }
        let mut order: Vec<usize> = (0..sizes.len()).filter(|&label| sizes[label] > 0.0).collect();
        if order.len() < 2 {
            return Err(FoldError::OneValue { column: labels.column.clone() });
        }
        let folds = settings.folds.min(order.len());
        check_number(folds, order.len() as u64, "labels")?;
        order.shuffle(&mut stream(settings.seed, Purpose::Folds, 2 * u64::from(settings.repeat)));
        let mut filled = vec![0.0; folds];
        let mut part_of = vec![0; sizes.len()];
        for label in order {
            let emptiest = (0..folds).min_by(|&a, &b| f64::total_cmp(&filled[a], &filled[b])).unwrap_or(0);
            filled[emptiest] += sizes[label];
            part_of[label] = emptiest as u32;
        }
        let parts: Vec<u32> = labels.ids.iter().map(|&label| part_of[label as usize]).collect();
        let rows: Vec<u32> = (0..log.len() as u32).collect();
        Ok(Self::sorted(log, &rows, &parts, folds, cells_of(log, graph)))
    }

    /// `folds + 1` stretches of time, of about the same number of comparisons.
    pub(super) fn by_time(log: &'a Log, graph: &PreferenceGraph, folds: usize) -> Result<Self, FoldError> {
        if folds == 0 {
            return Err(FoldError::TooFew { folds });
        }
        let times = log.times().ok_or(FoldError::NoTimes)?;
        let mut rows: Vec<u32> = (0..log.len() as u32).collect();
        rows.sort_by(|&a, &b| times[a as usize].total_cmp(&times[b as usize]));
        let count = |row: u32| log.row(row as usize).count;
        let total: f64 = rows.iter().map(|&row| count(row)).sum();
        let (mut offsets, mut before, mut end) = (vec![0], 0.0, total / (folds + 1) as f64);
        for place in 1..rows.len() {
            before += count(rows[place - 1]);
            let is_later = times[rows[place] as usize] > times[rows[place - 1] as usize];
            if is_later && before >= end && offsets.len() <= folds {
                offsets.push(place);
                // What is left is shared out anew: many rows of one time may have filled several parts.
                end = before + (total - before) / (folds + 2 - offsets.len()) as f64;
            }
        }
        if offsets.len() < 2 {
            return Err(FoldError::OneValue { column: "time".to_owned() });
        }
        offsets.push(rows.len());
        Ok(Self { log, offsets, rows, single: false, cells: cells_of(log, graph) })
    }

    /// Rows by their part, by counting sort.
    fn sorted(log: &'a Log, rows: &[u32], parts: &[u32], number: usize, cells: Vec<u32>) -> Self {
        let mut offsets = vec![0; number + 1];
        for &part in parts {
            offsets[part as usize + 1] += 1;
        }
        for part in 0..number {
            offsets[part + 1] += offsets[part];
        }
        let mut next = offsets.clone();
        let mut sorted = vec![0; rows.len()];
        for (&row, &part) in rows.iter().zip(parts) {
            sorted[next[part as usize]] = row;
            next[part as usize] += 1;
        }
        Self { log, offsets, rows: sorted, single: false, cells }
    }

    /// The number of parts.
    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn rows(&self, parts: Range<usize>) -> &[u32] {
        &self.rows[self.offsets[parts.start]..self.offsets[parts.end]]
    }

    /// What the comparisons of some parts add up to, cell by cell.
    pub(super) fn sums(&self, parts: Range<usize>, graph: &PreferenceGraph) -> Vec<CellSum> {
        let mut sums = vec![CellSum::default(); graph.cells().len()];
        for &row in self.rows(parts) {
            let row = row as usize;
            if self.cells[row] == NO_CELL {
                continue;
            }
            let value = |column: &[f64]| column.get(row).copied().unwrap_or(1.0);
            let count = if self.single { 1.0 } else { value(&self.log.counts) };
            sums[self.cells[row] as usize].add(CellSum::of(count, value(&self.log.weights)));
        }
        sums
    }

    /// The rows of all parts but one, in the order of the log.
    pub(super) fn without(&self, part: usize) -> Log {
        let log = self.log;
        let mut held = vec![0_u32; log.len()];
        for &row in self.rows(part..part + 1) {
            held[row as usize] += 1;
        }
        if !self.single {
            let rows: Vec<u32> = (0..log.len() as u32).filter(|&row| held[row as usize] == 0).collect();
            return log.select_unlabelled(&rows);
        }
        let left = |row: u32| log.row(row as usize).count - f64::from(held[row as usize]);
        let rows: Vec<u32> = (0..log.len() as u32).filter(|&row| left(row) > 0.0).collect();
        Log { counts: rows.iter().map(|&row| left(row)).collect(), ..log.select_unlabelled(&rows) }
    }

    /// The rows of the first parts, in their order.
    pub(super) fn first(&self, number: usize) -> Log {
        self.log.select_unlabelled(self.rows(0..number))
    }
}

/// For each row its cell.
fn cells_of(log: &Log, graph: &PreferenceGraph) -> Vec<u32> {
    let finder = CellFinder::new(graph);
    (0..log.len()).map(|row| finder.cell_of(log, row).unwrap_or(NO_CELL)).collect()
}
