//! The preference graph: pair counts, collapsed before any fit and sorted, and the directed graph
//! over them that structural questions are asked of.

mod finder;

use std::sync::{Arc, OnceLock};

use petgraph::graph::{DiGraph, NodeIndex};

pub(crate) use self::finder::CellFinder;
use super::{CODE_LEFT, CODE_RIGHT, CODE_TIE, Comparison, ItemId, Items, Log, Outcome};

/// What the comparisons of one cell (a pair of items and an outcome) add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CellSum {
    /// The number of comparisons, n.
    pub count: f64,
    /// The sum of their weights, Σw.
    pub weight: f64,
    /// The sum of their squared weights, Σw²: what a weighted sandwich needs.
    pub weight_squared: f64,
}

impl CellSum {
    /// Of `count` comparisons of the given weight each.
    pub(crate) fn of(count: f64, weight: f64) -> Self {
        Self { count, weight: count * weight, weight_squared: count * weight * weight }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.weight += other.weight;
        self.weight_squared += other.weight_squared;
    }
}

/// A pair of items that met, `low < high` by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The item that was seen first.
    pub low: ItemId,
    /// The item that was seen later.
    pub high: ItemId,
}

/// Points taken less points lost. What sums of weights such as 0.1 and 0.2 differ by through rounding
/// alone is no majority: it is 0.
pub(crate) fn margin(taken: f64, lost: f64) -> f64 {
    const ROUNDING: f64 = 1e-12;
    let margin = taken - lost;
    if margin.abs() <= ROUNDING * (taken + lost) { 0.0 } else { margin }
}

/// A pair and an outcome: the unit in which evidence is counted and resampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// The index of the pair in [`PreferenceGraph::pairs`].
    pub pair: u32,
    /// The share that the pair's low item took: 1 win, one half tie, 0 loss, or any other share.
    pub share: f64,
}

/// The outcomes a dense table tells apart: the low item lost, tied, won.
const PLAIN_OUTCOMES: usize = 3;
/// Above this many items pair counts are kept as a sorted list instead of a table.
const DENSE_ITEMS: usize = 1024;
/// A list of fewer entries than this is not worth compacting.
const COMPACT_FROM: usize = 1 << 20;

/// Counts of comparisons by pair and outcome, in memory that depends on the pairs, not on the rows.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    items: Items,
    /// Items that the dense tables have room for: a power of two.
    side: usize,
    /// Single comparisons of weight one, by `(low, high, outcome)`.
    plain: Vec<u64>,
    /// Weighted or counted comparisons, by the same index; empty until one comes.
    sums: Vec<CellSum>,
    /// What the tables have no place for: other shares, and items beyond [`DENSE_ITEMS`].
    entries: Vec<Entry>,
    compacted: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    pair: Pair,
    share: f64,
    sum: CellSum,
}

impl Entry {
    fn key(&self) -> (Pair, u64) {
        // Shares are in [0, 1], where the order of the bits is the order of the numbers.
        (self.pair, self.share.to_bits())
    }
}

impl Tally {
    /// No comparisons, over the given items.
    pub fn new(items: Items) -> Self {
        let mut tally = Self { items, ..Self::default() };
        tally.widen();
        tally
    }

    /// The items counted.
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// The id of an item, which is added if it is new.
    pub fn intern(&mut self, name: &str) -> ItemId {
        let id = self.items.intern(name);
        self.widen();
        id
    }

    /// Counts one row of a log. The ids must be of this tally's items.
    pub fn add(&mut self, row: Comparison) {
        let (pair, outcome) = if row.left < row.right {
            (Pair { low: row.left, high: row.right }, row.outcome)
        } else {
            (Pair { low: row.right, high: row.left }, row.outcome.mirrored())
        };
        let slot = match outcome {
            Outcome::Right => CODE_RIGHT,
            Outcome::Tie => CODE_TIE,
            Outcome::Left => CODE_LEFT,
            Outcome::Share(share) => return self.push_entry(pair, share, CellSum::of(row.count, row.weight)),
        };
        if pair.high.index() >= self.side {
            return self.push_entry(pair, outcome.share(), CellSum::of(row.count, row.weight));
        }
        let index = (pair.low.index() * self.side + pair.high.index()) * PLAIN_OUTCOMES + slot as usize;
        #[expect(clippy::float_cmp, reason = "exactly one is the default")]
        if row.count == 1.0 && row.weight == 1.0 {
            self.plain[index] += 1;
        } else {
            if self.sums.is_empty() {
                self.sums = vec![CellSum::default(); self.plain.len()];
            }
            self.sums[index].add(CellSum::of(row.count, row.weight));
        }
    }

    /// Counts the rows of a log, whose item ids index `ids` for the ids of this tally's items.
    pub(crate) fn append(&mut self, rows: &Log, ids: &[u32]) {
        let single = rows.shares.is_empty() && rows.counts.is_empty() && rows.weights.is_empty();
        if !single || self.items.len() > self.side {
            let id = |id: ItemId| ItemId(ids[id.index()]);
            rows.rows().for_each(|row| self.add(Comparison { left: id(row.left), right: id(row.right), ..row }));
            return;
        }
        for ((&left, &right), &code) in rows.left.iter().zip(&rows.right).zip(&rows.codes) {
            let (left, right) = (ids[left as usize] as usize, ids[right as usize] as usize);
            let (low, high, slot) = if left < right { (left, right, code) } else { (right, left, CODE_LEFT - code) };
            self.plain[(low * self.side + high) * PLAIN_OUTCOMES + slot as usize] += 1;
        }
    }

    /// Makes room in the tables for all items, up to [`DENSE_ITEMS`].
    fn widen(&mut self) {
        let wanted = self.items.len().next_power_of_two().clamp(16, DENSE_ITEMS);
        if wanted <= self.side {
            return;
        }
        self.plain = widened(&self.plain, self.side, wanted);
        if !self.sums.is_empty() {
            self.sums = widened(&self.sums, self.side, wanted);
        }
        self.side = wanted;
    }

    fn push_entry(&mut self, pair: Pair, share: f64, sum: CellSum) {
        if self.entries.len() >= COMPACT_FROM.max(2 * self.compacted) {
            compact(&mut self.entries);
            self.compacted = self.entries.len();
        }
        self.entries.push(Entry { pair, share, sum });
    }

    fn table_entries(&self) -> impl Iterator<Item = Entry> {
        (0..self.plain.len()).filter_map(|index| {
            let mut sum = CellSum::of(self.plain[index] as f64, 1.0);
            if let Some(&weighted) = self.sums.get(index) {
                sum.add(weighted);
            }
            let (cell, slot) = (index / PLAIN_OUTCOMES, index % PLAIN_OUTCOMES);
            let pair = Pair { low: ItemId((cell / self.side) as u32), high: ItemId((cell % self.side) as u32) };
            (sum.count > 0.0).then_some(Entry { pair, share: slot as f64 / 2.0, sum })
        })
    }
}

fn widened<T: Copy + Default>(table: &[T], side: usize, wanted: usize) -> Vec<T> {
    let mut wide = vec![T::default(); wanted * wanted * PLAIN_OUTCOMES];
    for low in 0..side {
        let row = &table[low * side * PLAIN_OUTCOMES..][..side * PLAIN_OUTCOMES];
        wide[low * wanted * PLAIN_OUTCOMES..][..row.len()].copy_from_slice(row);
    }
    wide
}

/// Sorts by cell and adds up equal cells, in the order in which they came.
fn compact(entries: &mut Vec<Entry>) {
    use rayon::slice::ParallelSliceMut;
    entries.par_sort_by_key(Entry::key);
    entries.dedup_by(|next, kept| {
        let same = next.key() == kept.key();
        if same {
            kept.sum.add(next.sum);
        }
        same
    });
}

/// Which cells there are: shared by a graph and all its resampled copies.
#[derive(Debug)]
struct Layout {
    items: Items,
    pairs: Vec<Pair>,
    cells: Vec<Cell>,
    /// For each pair the index of its first cell, and the number of cells at the end.
    first_cell: Vec<u32>,
}

/// Sorted pair counts and the directed graph over them.
///
/// Cells are sorted by pair and share, so that sums over them have one order. Memory is O(pairs).
#[derive(Debug, Clone)]
pub struct PreferenceGraph {
    layout: Arc<Layout>,
    sums: Vec<CellSum>,
    wins: OnceLock<DiGraph<ItemId, f64>>,
}

/// Weights by pair, as columns: what a likelihood over pairs reads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PairSums {
    /// The lower item's id.
    pub low: Vec<u32>,
    /// The higher item's id.
    pub high: Vec<u32>,
    /// The weight that the low item won, shares that are not a tie included in proportion.
    pub low_wins: Vec<f64>,
    /// The weight that the high item won.
    pub high_wins: Vec<f64>,
    /// The weight that was tied.
    pub ties: Vec<f64>,
}

/// What an item did: numbers of comparisons, unweighted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Record {
    /// Comparisons won (a share counts in proportion).
    pub wins: f64,
    /// Comparisons lost.
    pub losses: f64,
    /// Comparisons tied.
    pub ties: f64,
}

impl Record {
    /// All comparisons of the item.
    pub fn comparisons(&self) -> f64 {
        self.wins + self.losses + self.ties
    }
}

impl PreferenceGraph {
    /// The graph of a log's rows. O(rows + pairs log pairs).
    pub fn from_log(log: &Log) -> Self {
        let mut tally = Tally::new(log.items().clone());
        let ids: Vec<u32> = (0..log.items().len() as u32).collect();
        tally.append(log, &ids);
        Self::from_tally(tally)
    }

    /// The graph of counted comparisons. O(pairs log pairs).
    pub fn from_tally(mut tally: Tally) -> Self {
        let mut entries: Vec<Entry> = tally.table_entries().collect();
        entries.append(&mut tally.entries);
        compact(&mut entries);
        Self::from_sorted(tally.items, &entries)
    }

    /// The graph of weights by pair, whose pairs are sorted; each unit of weight counts as a comparison.
    /// Every pair has a cell for either winner, empty ones included, so that other sums
    /// ([`with_sums`](Self::with_sums)) may give it other winners. O(pairs).
    pub fn from_pair_sums(items: Items, sums: &PairSums) -> Self {
        let mut entries = Vec::with_capacity(2 * sums.low.len());
        for index in 0..sums.low.len() {
            let pair = Pair { low: ItemId(sums.low[index]), high: ItemId(sums.high[index]) };
            let entry = |share, weight| Entry { pair, share, sum: CellSum::of(weight, 1.0) };
            entries.push(entry(0.0, sums.high_wins[index]));
            if sums.ties[index] > 0.0 {
                entries.push(entry(0.5, sums.ties[index]));
            }
            entries.push(entry(1.0, sums.low_wins[index]));
        }
        Self::from_sorted(items, &entries)
    }

    fn from_sorted(items: Items, entries: &[Entry]) -> Self {
        let mut layout =
            Layout { items, pairs: Vec::new(), cells: Vec::with_capacity(entries.len()), first_cell: Vec::new() };
        for entry in entries {
            if layout.pairs.last() != Some(&entry.pair) {
                layout.pairs.push(entry.pair);
                layout.first_cell.push(layout.cells.len() as u32);
            }
            layout.cells.push(Cell { pair: layout.pairs.len() as u32 - 1, share: entry.share });
        }
        layout.first_cell.push(layout.cells.len() as u32);
        let sums = entries.iter().map(|entry| entry.sum).collect();
        Self { layout: Arc::new(layout), sums, wins: OnceLock::new() }
    }

    /// The same cells with other sums: a resampled copy. O(1) beside the vector given.
    ///
    /// # Panics
    /// If there is not one sum a cell.
    #[must_use]
    pub fn with_sums(&self, sums: Vec<CellSum>) -> Self {
        assert_eq!(sums.len(), self.layout.cells.len(), "one sum a cell");
        Self { layout: Arc::clone(&self.layout), sums, wins: OnceLock::new() }
    }

    /// The same items without the cells that `keep` refuses.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(Pair, f64) -> bool) -> Self {
        let entries: Vec<Entry> = self.entries().filter(|entry| keep(entry.pair, entry.share)).collect();
        Self::from_sorted(self.layout.items.clone(), &entries)
    }

    /// The same items without ties.
    #[must_use]
    pub fn decisive(&self) -> Self {
        #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
        self.filtered(|_, share| share != 0.5)
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        let pairs = &self.layout.pairs;
        let cells = self.layout.cells.iter().zip(&self.sums);
        cells.map(|(cell, &sum)| Entry { pair: pairs[cell.pair as usize], share: cell.share, sum })
    }

    /// The items, in first-seen order.
    pub fn items(&self) -> &Items {
        &self.layout.items
    }

    /// The pairs that met, sorted.
    pub fn pairs(&self) -> &[Pair] {
        &self.layout.pairs
    }

    /// The cells, sorted by pair and then by the low item's share.
    pub fn cells(&self) -> &[Cell] {
        &self.layout.cells
    }

    /// The sums of the cells, in the order of [`cells`](Self::cells).
    pub fn sums(&self) -> &[CellSum] {
        &self.sums
    }

    /// The number of comparisons.
    pub fn comparisons(&self) -> f64 {
        // Nothing sums to -0.
        self.sums.iter().map(|sum| sum.count).sum::<f64>() + 0.0
    }

    /// The sum of the weights of all comparisons.
    pub fn weight(&self) -> f64 {
        self.sums.iter().map(|sum| sum.weight).sum::<f64>() + 0.0
    }

    /// What a comparison weighs, each counting as much as it weighs itself: Σw² / Σw; 1 where nothing weighs anything.
    /// Comparisons of these weights know as much as Σw / this of one weight do.
    ///
    /// # Source
    /// Kish 1965, "Survey Sampling": the effective sample size (Σw)² / Σw².
    pub fn typical_weight(&self) -> f64 {
        typical_weight(self.weight(), self.sums.iter().map(|sum| sum.weight_squared).sum())
    }

    /// The weight that was tied.
    pub fn tied_weight(&self) -> f64 {
        #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
        let ties = self.cells().iter().zip(&self.sums).filter(|(cell, _)| cell.share == 0.5);
        ties.map(|(_, sum)| sum.weight).sum()
    }

    /// The index of the cell of `pair` (an index into [`pairs`](Self::pairs)) with exactly `share`.
    pub fn cell_index(&self, pair: usize, share: f64) -> Option<usize> {
        let cells = self.layout.first_cell[pair] as usize..self.layout.first_cell[pair + 1] as usize;
        #[expect(clippy::float_cmp, reason = "cells are keyed by the exact share")]
        cells.into_iter().find(|&cell| self.layout.cells[cell].share == share)
    }

    /// Weights by pair. O(cells).
    pub fn pair_sums(&self) -> PairSums {
        let n = self.pairs().len();
        let zeros = || vec![0.0; n];
        let mut sums = PairSums {
            low: self.pairs().iter().map(|pair| pair.low.0).collect(),
            high: self.pairs().iter().map(|pair| pair.high.0).collect(),
            low_wins: zeros(),
            high_wins: zeros(),
            ties: zeros(),
        };
        for (cell, sum) in self.cells().iter().zip(&self.sums) {
            let pair = cell.pair as usize;
            #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
            if cell.share == 0.5 {
                sums.ties[pair] += sum.weight;
            } else {
                sums.low_wins[pair] += cell.share * sum.weight;
                sums.high_wins[pair] += (1.0 - cell.share) * sum.weight;
            }
        }
        sums
    }

    /// What each item did, in the order of the items. O(cells).
    pub fn records(&self) -> Vec<Record> {
        let mut records = vec![Record::default(); self.items().len()];
        for entry in self.entries() {
            let (low, high) = (entry.pair.low.index(), entry.pair.high.index());
            #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
            if entry.share == 0.5 {
                records[low].ties += entry.sum.count;
                records[high].ties += entry.sum.count;
            } else {
                let (won, lost) = (entry.share * entry.sum.count, (1.0 - entry.share) * entry.sum.count);
                records[low].wins += won;
                records[low].losses += lost;
                records[high].wins += lost;
                records[high].losses += won;
            }
        }
        records
    }

    /// For each pair Σw/Σw²: how many independent comparisons a unit of weight stands for, 1 where nothing is
    /// weighted and 0 without a comparison. O(cells).
    pub fn counts_a_weight(&self) -> Vec<f64> {
        let mut sums = vec![[0.0; 2]; self.pairs().len()];
        for (cell, sum) in self.cells().iter().zip(&self.sums) {
            let pair = &mut sums[cell.pair as usize];
            *pair = [pair[0] + sum.weight, pair[1] + sum.weight_squared];
        }
        sums.into_iter().map(|[weight, squared]| if squared > 0.0 { weight / squared } else { 0.0 }).collect()
    }

    /// The directed graph of points taken: an arc from i to j where i took a positive weight from
    /// j, a tie being half a win for both. Node k is item k. Built on first use. O(pairs).
    pub fn wins(&self) -> &DiGraph<ItemId, f64> {
        self.wins
            .get_or_init(|| self.digraph(|low, _| (low > 0.0).then_some(low), |_, high| (high > 0.0).then_some(high)))
    }

    /// The majority digraph: an arc from i to j, with the margin as its weight, where i took more
    /// weight from j than j from i, by more than rounding. O(pairs).
    pub fn majority(&self) -> DiGraph<ItemId, f64> {
        let above = |for_it: f64, against: f64| Some(margin(for_it, against)).filter(|&margin| margin > 0.0);
        self.digraph(above, |low, high| above(high, low))
    }

    /// One possible arc each way a pair, given the points of the low and of the high item.
    fn digraph(
        &self,
        down: impl Fn(f64, f64) -> Option<f64>,
        up: impl Fn(f64, f64) -> Option<f64>,
    ) -> DiGraph<ItemId, f64> {
        let sums = self.pair_sums();
        let mut graph = DiGraph::with_capacity(self.items().len(), 2 * self.pairs().len());
        for id in 0..self.items().len() {
            graph.add_node(ItemId(id as u32));
        }
        for pair in 0..self.pairs().len() {
            let (low, high) = (NodeIndex::new(sums.low[pair] as usize), NodeIndex::new(sums.high[pair] as usize));
            let half = sums.ties[pair] / 2.0;
            let (low_points, high_points) = (sums.low_wins[pair] + half, sums.high_wins[pair] + half);
            if let Some(weight) = down(low_points, high_points) {
                graph.add_edge(low, high, weight);
            }
            if let Some(weight) = up(low_points, high_points) {
                graph.add_edge(high, low, weight);
            }
        }
        graph
    }
}

impl From<&Log> for PreferenceGraph {
    fn from(log: &Log) -> Self {
        Self::from_log(log)
    }
}

/// Σw² / Σw of comparisons whose weights and squared weights sum to these; 1 where nothing weighs anything.
pub(crate) fn typical_weight(weight: f64, weight_squared: f64) -> f64 {
    if weight > 0.0 { weight_squared / weight } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(left: u32, right: u32, outcome: Outcome) -> Comparison {
        Comparison::new(ItemId(left), ItemId(right), outcome)
    }

    fn named(n: usize) -> Items {
        (0..n).map(|i| format!("item {i}")).collect()
    }

    #[test]
    fn the_side_of_a_comparison_does_not_matter() {
        let mut one = Tally::new(named(2));
        one.add(row(0, 1, Outcome::Left));
        one.add(row(0, 1, Outcome::Share(0.25)));
        let mut other = Tally::new(named(2));
        other.add(row(1, 0, Outcome::Right));
        other.add(row(1, 0, Outcome::Share(0.75)));
        let (one, other) = (PreferenceGraph::from_tally(one), PreferenceGraph::from_tally(other));
        assert_eq!(one.cells(), other.cells());
        assert_eq!(one.sums(), other.sums());
        assert_eq!(one.cells(), [Cell { pair: 0, share: 0.25 }, Cell { pair: 0, share: 1.0 }]);
    }

    #[test]
    fn the_table_and_the_list_count_alike() {
        let items = DENSE_ITEMS + 3;
        let mut tally = Tally::new(named(items));
        for (left, right) in [(0, 1), (0, items - 1), (items - 2, items - 1), (1, 0)] {
            for outcome in [Outcome::Left, Outcome::Left, Outcome::Tie] {
                tally.add(row(left as u32, right as u32, outcome));
            }
            let weighted = Comparison { count: 2.0, weight: 3.0, ..row(left as u32, right as u32, Outcome::Left) };
            tally.add(weighted);
        }
        let graph = PreferenceGraph::from_tally(tally);
        assert_eq!(graph.pairs().len(), 3);
        let sums = graph.pair_sums();
        assert_eq!(sums.low_wins, [8.0, 8.0, 8.0]);
        assert_eq!(sums.high_wins, [8.0, 0.0, 0.0]);
        assert_eq!(sums.ties, [2.0, 1.0, 1.0]);
        let win = graph.cell_index(1, 1.0).unwrap();
        assert_eq!(graph.sums()[win], CellSum { count: 4.0, weight: 8.0, weight_squared: 20.0 });
    }

    #[test]
    fn growing_the_table_keeps_the_counts() {
        let mut tally = Tally::default();
        let first = (tally.intern("a"), tally.intern("b"));
        tally.add(Comparison::new(first.0, first.1, Outcome::Left));
        for i in 0..200 {
            tally.intern(&format!("more {i}"));
        }
        tally.add(Comparison::new(first.1, first.0, Outcome::Right));
        let graph = PreferenceGraph::from_tally(tally);
        assert_eq!(graph.sums(), [CellSum { count: 2.0, weight: 2.0, weight_squared: 2.0 }]);
    }

    #[test]
    fn a_tie_is_an_arc_both_ways_and_no_majority() {
        let mut tally = Tally::new(named(3));
        tally.add(row(0, 1, Outcome::Tie));
        tally.add(row(1, 2, Outcome::Left));
        let graph = PreferenceGraph::from_tally(tally);
        assert_eq!(graph.wins().edge_count(), 3);
        assert_eq!(graph.majority().edge_count(), 1);
        assert_eq!(graph.decisive().pairs().len(), 1);
        assert_eq!(graph.records()[1], Record { wins: 1.0, losses: 0.0, ties: 1.0 });
    }
}
