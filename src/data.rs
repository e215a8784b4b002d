//! Comparisons: items, outcomes and the log that holds them, as a struct of arrays.
//!
//! A [`Log`] keeps the rows, for raters that need their order and for clusters; a
//! [`Tally`](graph::Tally) keeps only counts, in memory that does not grow with the rows. Both
//! become a [`PreferenceGraph`](graph::PreferenceGraph).

mod covariates;
pub mod folds;
pub mod graph;
pub mod profile;
pub mod read;
pub mod records;
pub mod samples;
pub mod table;

use indexmap::IndexSet;
use serde::{Deserialize, Serialize};

pub use self::covariates::Covariates;

/// The index of an item, in the order in which items were first seen (left before right in a row).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ItemId(pub u32);

impl ItemId {
    /// The id as an index into a slice that has one entry an item.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Names in first-seen order: the interner of items, judges, tasks and groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Items {
    names: IndexSet<Box<str>>,
}

impl Items {
    /// An interner without names.
    pub fn new() -> Self {
        Self::default()
    }

    /// The id of `name`, which is added if it is new. O(length of the name).
    ///
    /// # Panics
    /// At the 2^32nd distinct name, which no input that fits in memory has.
    pub fn intern(&mut self, name: &str) -> ItemId {
        if let Some(index) = self.names.get_index_of(name) {
            return ItemId(index as u32);
        }
        let (index, _) = self.names.insert_full(name.into());
        ItemId(u32::try_from(index).expect("fewer than 2^32 distinct names"))
    }

    /// The id of `name`, if it was seen.
    pub fn get(&self, name: &str) -> Option<ItemId> {
        self.names.get_index_of(name).map(|index| ItemId(index as u32))
    }

    /// The name of an item of this interner.
    ///
    /// # Panics
    /// If the id was made by another interner and is out of range here.
    pub fn name(&self, id: ItemId) -> &str {
        &self.names[id.index()]
    }

    /// The names of `ids` as a list for people: the first five, and how many more there are.
    pub(crate) fn listed(&self, ids: &[ItemId], mut with: impl FnMut(ItemId) -> &'static str) -> String {
        const SHOWN: usize = 5;
        let names: Vec<String> = ids.iter().take(SHOWN).map(|&id| format!("{}{}", self.name(id), with(id))).collect();
        let more = ids.len().saturating_sub(SHOWN);
        if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names in the order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }
}

impl<S: AsRef<str>> FromIterator<S> for Items {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut items = Self::new();
        for name in names {
            items.intern(name.as_ref());
        }
        items
    }
}

/// What came of one comparison, seen from the left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The left item won.
    Left,
    /// The right item won.
    Right,
    /// Neither won.
    Tie,
    /// The left item's share of the comparison, strictly between 0 and 1 and not one half.
    Share(f64),
}

impl Outcome {
    /// The outcome for the left item's share, or `None` outside [0, 1].
    pub fn from_share(share: f64) -> Option<Self> {
        match share {
            1.0 => Some(Self::Left),
            0.0 => Some(Self::Right),
            0.5 => Some(Self::Tie),
            s if s > 0.0 && s < 1.0 => Some(Self::Share(s)),
            _ => None,
        }
    }

    /// The left item's share: 1 for a win, one half for a tie, 0 for a loss.
    pub fn share(self) -> f64 {
        match self {
            Self::Left => 1.0,
            Self::Right => 0.0,
            Self::Tie => 0.5,
            Self::Share(share) => share,
        }
    }

    /// The same comparison with its sides exchanged.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
            Self::Tie => Self::Tie,
            Self::Share(share) => Self::Share(1.0 - share),
        }
    }
}

/// One row of a [`Log`]: `count` equal comparisons, each of the given weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The item on the left.
    pub left: ItemId,
    /// The item on the right.
    pub right: ItemId,
    /// What came of it.
    pub outcome: Outcome,
    /// How many equal comparisons the row stands for: 1 unless the input gave counts.
    pub count: f64,
    /// The weight of each of them: 1 unless the input gave weights.
    pub weight: f64,
}

impl Comparison {
    /// A single comparison of weight one.
    pub fn new(left: ItemId, right: ItemId, outcome: Outcome) -> Self {
        Self { left, right, outcome, count: 1.0, weight: 1.0 }
    }
}

/// A categorical column that was read along with the comparisons: judges, tasks, groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// The column's name in the input.
    pub column: String,
    /// The distinct values, in first-seen order.
    pub names: Items,
    /// For each row of the log, the index of its value in `names`.
    pub ids: Vec<u32>,
}

/// Comparisons in file order, as a struct of arrays: 9 bytes a row, and more only for the optional
/// columns that the input had and the caller asked for.
#[derive(Debug, Clone, Default)]
pub struct Log {
    pub(crate) items: Items,
    pub(crate) left: Vec<u32>,
    pub(crate) right: Vec<u32>,
    /// 0 right won, 1 tie, 2 left won, 3 the share stands in `shares`.
    pub(crate) codes: Vec<u8>,
    /// Empty, or one entry a row (read only where the code is 3).
    pub(crate) shares: Vec<f64>,
    /// Empty where every row is one comparison, else one entry a row.
    pub(crate) counts: Vec<f64>,
    /// Empty where every weight is 1, else one entry a row.
    pub(crate) weights: Vec<f64>,
    /// Empty, or one entry a row; seconds since 1970 for dates, the number itself for numbers.
    pub(crate) times: Vec<f64>,
    /// Empty, or one pair a row: the judge's scores for left and right, NaN where there are none.
    pub(crate) scores: Vec<[f64; 2]>,
    pub(crate) covariates: Covariates,
    pub(crate) labels: Vec<Labels>,
}

/// The scores of a row that has none.
const NO_SCORES: [f64; 2] = [f64::NAN; 2];

pub(crate) const CODE_RIGHT: u8 = 0;
pub(crate) const CODE_TIE: u8 = 1;
pub(crate) const CODE_LEFT: u8 = 2;
pub(crate) const CODE_SHARE: u8 = 3;

impl Log {
    /// A log without rows over the given items.
    pub fn new(items: Items) -> Self {
        Self { items, ..Self::default() }
    }

    /// Adds one row. Optional columns are widened to all rows when a first row needs them.
    ///
    /// # Panics
    /// If the log has covariates, of which the row would have none: they are added last.
    pub fn push(&mut self, row: Comparison) {
        assert!(self.covariates.is_empty(), "rows are pushed before covariates are added");
        self.left.push(row.left.0);
        self.right.push(row.right.0);
        self.codes.push(match row.outcome {
            Outcome::Right => CODE_RIGHT,
            Outcome::Tie => CODE_TIE,
            Outcome::Left => CODE_LEFT,
            Outcome::Share(_) => CODE_SHARE,
        });
        self.push_optional(row);
    }

    /// Adds one row with the judge's scores for left and right. Rows without scores have none.
    ///
    /// # Panics
    /// If the log has covariates, as [`push`](Self::push) does.
    pub fn push_scored(&mut self, row: Comparison, scores: [f64; 2]) {
        self.scores.resize(self.len(), NO_SCORES);
        self.scores.push(scores);
        self.push(row);
    }

    /// Adds one comparison of weight one by the code of its outcome, which is not a share.
    #[inline]
    pub(crate) fn push_single(&mut self, left: u32, right: u32, code: u8) {
        self.left.push(left);
        self.right.push(right);
        self.codes.push(code);
        if !(self.shares.is_empty() && self.counts.is_empty() && self.weights.is_empty()) {
            self.push_optional(Comparison::new(ItemId(left), ItemId(right), Outcome::Tie));
        }
    }

    /// The optional columns of the row that was pushed last.
    fn push_optional(&mut self, row: Comparison) {
        let before = self.len() - 1;
        let share = if let Outcome::Share(share) = row.outcome { share } else { 0.0 };
        if matches!(row.outcome, Outcome::Share(_)) || !self.shares.is_empty() {
            self.shares.resize(before, 0.0);
            self.shares.push(share);
        }
        push_default_one(&mut self.counts, before, row.count);
        push_default_one(&mut self.weights, before, row.weight);
        if !self.scores.is_empty() {
            self.scores.resize(before + 1, NO_SCORES);
        }
    }

    /// Adds the rows of another log, whose item ids index `ids` for the ids here. Labels are left out.
    pub(crate) fn append(&mut self, block: &Self, ids: &[u32]) {
        let (rows, added) = (self.len(), block.len());
        self.left.extend(block.left.iter().map(|&id| ids[id as usize]));
        self.right.extend(block.right.iter().map(|&id| ids[id as usize]));
        self.codes.extend_from_slice(&block.codes);
        append_optional(&mut self.shares, rows, &block.shares, added, 0.0);
        append_optional(&mut self.counts, rows, &block.counts, added, 1.0);
        append_optional(&mut self.weights, rows, &block.weights, added, 1.0);
        self.times.extend_from_slice(&block.times);
        append_optional(&mut self.scores, rows, &block.scores, added, NO_SCORES);
        self.covariates.append(&block.covariates);
    }

    /// Adds a categorical column: one label a row, in row order.
    ///
    /// # Panics
    /// If there is not exactly one label a row.
    pub fn add_labels<S: AsRef<str>>(&mut self, column: &str, labels: impl IntoIterator<Item = S>) {
        let mut names = Items::new();
        let ids: Vec<u32> = labels.into_iter().map(|label| names.intern(label.as_ref()).0).collect();
        assert_eq!(ids.len(), self.len(), "one label a row");
        self.labels.push(Labels { column: column.to_owned(), names, ids });
    }

    /// Adds a covariate: one finite number a row, in row order, seen from the left item, so that with
    /// exchanged sides it has the other sign. No rows can be pushed after it.
    ///
    /// # Panics
    /// If there is not exactly one value a row, or if one is not finite.
    pub fn add_covariate(&mut self, name: &str, values: &[f64]) {
        assert_eq!(values.len(), self.len(), "one value a row");
        assert!(values.iter().all(|value| value.is_finite()), "finite values");
        self.covariates.add(name, values);
    }

    /// The covariates of the rows; none unless they were asked for.
    pub fn covariates(&self) -> &Covariates {
        &self.covariates
    }

    /// Every weight times the factor of its pair: 1/max(n, `least`), n being the number of comparisons of the
    /// pair that enter a fit, which are those of a positive weight with an outcome that `enters` accepts, and all
    /// that divided by its mean over such comparisons. O(rows + pairs).
    ///
    /// # Source
    /// Inverse propensity weights as in arena-rank 0.1.1 (`reweighted=True`, `min_pair_count`).
    #[must_use]
    pub fn reweighted_by_pair(mut self, least: f64, enters: impl Fn(Outcome) -> bool) -> Self {
        let graph = graph::PreferenceGraph::from_log(&self);
        let finder = graph::CellFinder::new(&graph);
        let pair = |row| finder.cell_of(&self, row).map(|cell| graph.cells()[cell as usize].pair as usize);
        let pairs: Vec<Option<usize>> = (0..self.len()).map(pair).collect();
        let mut counts = vec![0.0; graph.pairs().len()];
        for (row, pair) in self.rows().zip(&pairs) {
            if let Some(pair) = pair.filter(|_| row.weight > 0.0 && enters(row.outcome)) {
                counts[pair] += row.count;
            }
        }
        let factor = |count: f64| 1.0 / count.max(least);
        let total: f64 = counts.iter().map(|&count| count * factor(count)).sum();
        let mean = total / counts.iter().sum::<f64>();
        let mean = if mean > 0.0 { mean } else { 1.0 };
        let of_row = |pair: &Option<usize>| pair.map_or(1.0, |pair| factor(counts[pair]) / mean);
        let weight = |row: usize| self.weights.get(row).copied().unwrap_or(1.0);
        self.weights = pairs.iter().enumerate().map(|(row, pair)| of_row(pair) * weight(row)).collect();
        self
    }

    /// Whether some rows stand for another number of comparisons than one.
    pub fn has_counts(&self) -> bool {
        !self.counts.is_empty()
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.left.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// The items, some of which may have no row here.
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// Row `index`, counted from 0.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, index: usize) -> Comparison {
        let outcome = match self.codes[index] {
            CODE_RIGHT => Outcome::Right,
            CODE_TIE => Outcome::Tie,
            CODE_LEFT => Outcome::Left,
            _ => Outcome::Share(self.shares[index]),
        };
        Comparison {
            left: ItemId(self.left[index]),
            right: ItemId(self.right[index]),
            outcome,
            count: self.counts.get(index).copied().unwrap_or(1.0),
            weight: self.weights.get(index).copied().unwrap_or(1.0),
        }
    }

    /// The left item's share of a row.
    pub(crate) fn share(&self, row: usize) -> f64 {
        if self.codes[row] == CODE_SHARE { self.shares[row] } else { f64::from(self.codes[row]) / 2.0 }
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Comparison> {
        (0..self.len()).map(|index| self.row(index))
    }

    /// Whether some row stands for more or fewer than one comparison, as counted input does.
    pub fn is_counted(&self) -> bool {
        !self.counts.is_empty()
    }

    /// The categorical column of that name, if it was read.
    pub fn labels(&self, column: &str) -> Option<&Labels> {
        self.labels.iter().find(|labels| labels.column == column)
    }

    /// The rows' times, if a time column was read: one a row.
    pub fn times(&self) -> Option<&[f64]> {
        (!self.times.is_empty()).then_some(self.times.as_slice())
    }

    /// The judge's scores of a row for left and right, if they were read and the row has both.
    pub fn scores(&self, row: usize) -> Option<[f64; 2]> {
        self.scores.get(row).copied().filter(|scores| !scores.iter().any(|score| score.is_nan()))
    }

    /// The rows at `indices`, in that order, over the same items, optional columns included.
    ///
    /// # Panics
    /// If an index is out of range.
    #[must_use]
    pub fn select(&self, indices: &[u32]) -> Self {
        let labels = self.labels.iter().map(|labels| Labels {
            column: labels.column.clone(),
            names: labels.names.clone(),
            ids: pick(&labels.ids, indices),
        });
        Self { items: self.items.clone(), labels: labels.collect(), ..self.picked(indices) }
    }

    /// The rows at `indices`, in that order, over the same items and without labels.
    pub(crate) fn select_unlabelled(&self, indices: &[u32]) -> Self {
        Self { items: self.items.clone(), ..self.picked(indices) }
    }

    /// The rows at `indices` without names of items and without labels.
    fn picked(&self, indices: &[u32]) -> Self {
        Self {
            items: Items::new(),
            left: pick(&self.left, indices),
            right: pick(&self.right, indices),
            codes: pick(&self.codes, indices),
            shares: pick(&self.shares, indices),
            counts: pick(&self.counts, indices),
            weights: pick(&self.weights, indices),
            times: pick(&self.times, indices),
            scores: pick(&self.scores, indices),
            covariates: self.covariates.select(indices),
            labels: Vec::new(),
        }
    }

    /// One log for each value of `labels`, in first-seen order: its rows in order, over only the items
    /// that occur in them.
    ///
    /// # Panics
    /// If `labels` are not of this log.
    pub fn split(&self, labels: &Labels) -> Vec<(String, Self)> {
        let values = labels.names.iter().zip(labels.rows()).filter(|(_, rows)| !rows.is_empty());
        values.map(|(value, rows)| (value.to_owned(), self.compact_selection(&rows))).collect()
    }

    /// The rows at `indices` over only the items and labels that occur in them.
    fn compact_selection(&self, indices: &[u32]) -> Self {
        let mut part = self.picked(indices);
        for (left, right) in part.left.iter_mut().zip(&mut part.right) {
            *left = part.items.intern(self.items.name(ItemId(*left))).0;
            *right = part.items.intern(self.items.name(ItemId(*right))).0;
        }
        let compact = |labels: &Labels| {
            let mut names = Items::new();
            let ids = indices.iter().map(|&row| names.intern(labels.name(row as usize)).0).collect();
            Labels { column: labels.column.clone(), names, ids }
        };
        part.labels = self.labels.iter().map(compact).collect();
        part
    }

    /// The row of each single comparison that the rows stand for, in row order: rows themselves unless
    /// the log counts.
    ///
    /// # Errors
    /// The count that is not whole, or with which there are more than [`MAX_SINGLES`] in all.
    pub(crate) fn singles(&self) -> Result<Vec<u32>, f64> {
        let mut total = 0.0;
        for &count in &self.counts {
            total += count;
            if count.fract() != 0.0 || total > MAX_SINGLES {
                return Err(count);
            }
        }
        if !self.is_counted() {
            return Ok((0..self.len() as u32).collect());
        }
        let mut rows = Vec::with_capacity(total as usize);
        for (row, &count) in self.counts.iter().enumerate() {
            rows.extend(std::iter::repeat_n(row as u32, count as usize));
        }
        Ok(rows)
    }

    /// The rows at `indices` as single comparisons: each stands for one, whatever it counted.
    pub(crate) fn select_singles(&self, indices: &[u32]) -> Self {
        Self { counts: Vec::new(), ..self.select_unlabelled(indices) }
    }

    /// The rows in order of time; rows of equal time keep their order. Without a time column, as is.
    #[must_use]
    pub fn sorted_by_time(&self) -> Self {
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        if let Some(times) = self.times() {
            order.sort_by(|&a, &b| times[a as usize].total_cmp(&times[b as usize]));
        }
        self.select(&order)
    }
}

/// More single comparisons than this are not made of counts: 1 GB of indices.
const MAX_SINGLES: f64 = 268_435_456.0;

fn pick<T: Copy>(column: &[T], indices: &[u32]) -> Vec<T> {
    if column.is_empty() { Vec::new() } else { indices.iter().map(|&i| column[i as usize]).collect() }
}

impl Labels {
    /// The label of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn name(&self, row: usize) -> &str {
        self.names.name(ItemId(self.ids[row]))
    }

    /// For each value the rows that have it, in order.
    pub(crate) fn rows(&self) -> Vec<Vec<u32>> {
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); self.names.len()];
        for (row, &label) in self.ids.iter().enumerate() {
            rows[label as usize].push(row as u32);
        }
        rows
    }

    /// The same labels, but that each row without one gets one of its own: rows that lack a label
    /// share nothing. With the number of such rows, or `None` if there are none.
    pub fn with_own_where_empty(&self) -> Option<(Self, usize)> {
        let empty = self.names.get("")?.0;
        let mut filled = self.clone();
        let mut rows = 0;
        for (row, id) in filled.ids.iter_mut().enumerate().filter(|(_, id)| **id == empty) {
            // No label that was read begins with the control character NUL.
            *id = filled.names.intern(&format!("\0row {row}")).0;
            rows += 1;
        }
        Some((filled, rows))
    }
}

/// Pushes onto a column that stays empty for as long as all its values are 1.
fn push_default_one(column: &mut Vec<f64>, rows: usize, value: f64) {
    #[expect(clippy::float_cmp, reason = "exactly one is the default")]
    let default = value == 1.0;
    if !default || !column.is_empty() {
        column.resize(rows, 1.0);
        column.push(value);
    }
}

/// Appends `added` rows to a column of `rows` rows, either of which is empty while it holds defaults only.
fn append_optional<T: Copy>(column: &mut Vec<T>, rows: usize, addition: &[T], added: usize, default: T) {
    if column.is_empty() && addition.is_empty() {
        return;
    }
    column.resize(rows, default);
    column.extend_from_slice(addition);
    column.resize(rows + added, default);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covariates_are_appended_with_their_rows() {
        let log = |values: &[f64]| {
            let mut log = Log::new(["a", "b"].into_iter().collect());
            for _ in values {
                log.push(Comparison::new(ItemId(0), ItemId(1), Outcome::Left));
            }
            log.add_covariate("x", values);
            log
        };
        let mut all = log(&[1.0, 2.0]);
        all.append(&log(&[3.0]), &[0, 1]);
        let found: Vec<f64> = (0..all.len()).map(|row| all.covariates().row(row)[0]).collect();
        assert_eq!(found, [1.0, 2.0, 3.0]);
    }

    #[test]
    fn weights_by_pair_count_what_enters_the_fit() {
        let mut log = Log::new(["a", "b", "c"].into_iter().collect());
        let rows = [(1, Outcome::Left, 1.0), (1, Outcome::Right, 1.0), (1, Outcome::Tie, 1.0), (1, Outcome::Left, 0.0)];
        for (right, outcome, weight) in rows.into_iter().chain([(2, Outcome::Left, 1.0)]) {
            log.push(Comparison { weight, ..Comparison::new(ItemId(0), ItemId(right), outcome) });
        }
        // Three of the first pair and one of the second, so 1/3 and 1 divided by their mean, which is 1/2.
        let all = log.clone().reweighted_by_pair(1.0, |_| true);
        for (found, expected) in all.weights.iter().zip([2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 0.0, 2.0]) {
            assert!((found - expected).abs() < 1e-15, "{found} instead of {expected}");
        }
        // Without ties two and one: 1/2 and 1 divided by 2/3.
        let decisive = log.reweighted_by_pair(1.0, |outcome| outcome != Outcome::Tie);
        for (row, expected) in [(0, 0.75), (1, 0.75), (3, 0.0), (4, 1.5)] {
            assert!((decisive.weights[row] - expected).abs() < 1e-15, "{row}");
        }
    }

    #[test]
    fn optional_columns_appear_only_when_a_row_needs_them() {
        let mut log = Log::new(["a", "b"].into_iter().collect());
        let (a, b) = (ItemId(0), ItemId(1));
        log.push(Comparison::new(a, b, Outcome::Left));
        assert!(log.weights.is_empty() && log.shares.is_empty());
        log.push(Comparison { weight: 2.0, ..Comparison::new(b, a, Outcome::Share(0.25)) });
        assert_eq!(log.weights, [1.0, 2.0]);
        assert_eq!(log.row(0), Comparison::new(a, b, Outcome::Left));
        assert_eq!(log.row(1).outcome, Outcome::Share(0.25));
        log.push(Comparison::new(a, b, Outcome::Tie));
        assert_eq!(log.row(2), Comparison::new(a, b, Outcome::Tie));
    }

    #[test]
    fn a_share_of_zero_half_or_one_is_a_plain_outcome() {
        assert_eq!(Outcome::from_share(0.5), Some(Outcome::Tie));
        assert_eq!(Outcome::from_share(1.0), Some(Outcome::Left));
        assert_eq!(Outcome::from_share(0.25).map(Outcome::mirrored), Some(Outcome::Share(0.75)));
        assert_eq!(Outcome::from_share(1.5), None);
        assert_eq!(Outcome::from_share(f64::NAN), None);
    }

    #[test]
    fn rows_of_equal_time_keep_their_order() {
        let mut log = Log::new(["a", "b"].into_iter().collect());
        for outcome in [Outcome::Left, Outcome::Right, Outcome::Tie] {
            log.push(Comparison::new(ItemId(0), ItemId(1), outcome));
        }
        log.times = vec![2.0, 1.0, 1.0];
        let sorted: Vec<Outcome> = log.sorted_by_time().rows().map(|row| row.outcome).collect();
        assert_eq!(sorted, [Outcome::Right, Outcome::Tie, Outcome::Left]);
    }
}
