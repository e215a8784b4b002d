//! Samples in groups, with numbers that were measured on each: scores, lengths, log-probabilities.

use super::{ItemId, Items};

/// Samples in input order, as a struct of arrays. Groups may have any size and be interleaved.
#[derive(Debug, Clone, Default)]
pub struct SampleTable {
    pub(crate) groups: Items,
    /// One entry a sample.
    pub(crate) group_ids: Vec<u32>,
    pub(crate) items: ItemNames,
    /// Each with one entry a sample; the score comes first.
    pub(crate) columns: Vec<NumberColumn>,
}

/// A column of numbers: one a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberColumn {
    /// The column's name in the input.
    pub name: String,
    /// The numbers, all finite but for NaN where there is none.
    pub values: Vec<f64>,
}

impl SampleTable {
    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.group_ids.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.group_ids.is_empty()
    }

    /// The groups, in first-seen order.
    pub fn groups(&self) -> &Items {
        &self.groups
    }

    /// The group of each sample, as an index into [`groups`](Self::groups).
    pub fn group_ids(&self) -> &[u32] {
        &self.group_ids
    }

    /// The name of each sample, which no other one of its group has.
    pub fn items(&self) -> &ItemNames {
        &self.items
    }

    /// The score of each sample, NaN where there is none.
    pub fn scores(&self) -> &[f64] {
        self.columns.first().map_or(&[], |column| column.values.as_slice())
    }

    /// The numbers of the column of that name, if it was read.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|column| column.name == name).map(|column| column.values.as_slice())
    }

    /// The name of a sample's group.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn group(&self, sample: usize) -> &str {
        self.groups.name(ItemId(self.group_ids[sample]))
    }
}

/// Names in a row, of which any may be equal: they lie end to end in one string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemNames {
    text: String,
    /// Where each name ends in `text`.
    ends: Vec<usize>,
}

impl ItemNames {
    /// No names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name behind the others.
    pub fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    /// Adds all names of another list.
    pub(super) fn append(&mut self, other: &Self) {
        let before = self.text.len();
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|end| before + end));
    }

    /// The name at `index`, counted from 0.
    ///
    /// # Panics
    /// If there is no such name.
    #[inline]
    pub fn get(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The names in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }
}

impl<S: AsRef<str>> FromIterator<S> for ItemNames {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut all = Self::new();
        for name in names {
            all.push(name.as_ref());
        }
        all
    }
}

/// The index of each sample in its group, from 0, as its name.
pub(super) fn index_names(group_ids: &[u32], groups: usize) -> ItemNames {
    let mut sizes = vec![0_u32; groups];
    let mut digits = itoa::Buffer::new();
    let mut names = ItemNames::new();
    for &group in group_ids {
        let size = &mut sizes[group as usize];
        names.push(digits.format(*size));
        *size += 1;
    }
    names
}

/// The samples of each group, whose numbers lie in arrays that are in input order.
#[derive(Debug, Clone)]
pub struct ByGroup {
    /// Groups one after another, in each the samples in their order.
    rows: Vec<u32>,
    /// Where each group starts in `rows`, and the last one ends.
    starts: Vec<usize>,
}

impl ByGroup {
    /// Sorts samples, of which `group_ids` are the groups, by group. O(samples + groups).
    ///
    /// # Panics
    /// If a sample's group is not below the number of `groups`.
    pub fn new(group_ids: &[u32], groups: usize) -> Self {
        let mut starts = vec![0; groups + 1];
        for &group in group_ids {
            starts[group as usize + 1] += 1;
        }
        for group in 0..groups {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; group_ids.len()];
        for (row, &group) in group_ids.iter().enumerate() {
            let place = &mut next[group as usize];
            rows[*place] = row as u32;
            *place += 1;
        }
        Self { rows, starts }
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples of one group, in their order.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn rows(&self, group: usize) -> &[u32] {
        &self.rows[self.starts[group]..self.starts[group + 1]]
    }
}
