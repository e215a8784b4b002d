//! Filters that depend on the rows before: duplicates and caps, in the order of the files.

use std::collections::HashSet;

use super::super::super::filter::Filters;
use super::super::block::Block;
use super::super::names::Names;
use super::NO_VALUE;

/// What was seen of the rows so far.
#[derive(Debug, Default)]
pub(in super::super) struct Late {
    /// The number of the filter of duplicates, if there is one, and of the first cap.
    dedupe: Option<usize>,
    first_cap: usize,
    keys: HashSet<u128>,
    caps: Vec<Cap>,
}

#[derive(Debug)]
struct Cap {
    most: u64,
    values: Names,
    /// For each value how many rows had it.
    rows: Vec<u64>,
}

impl Late {
    /// `None` where no filter depends on the rows before.
    pub(in super::super) fn new(filters: &Filters) -> Option<Self> {
        if !filters.depend_on_order() {
            return None;
        }
        let steps = filters.names().len();
        let cap = |most| Cap { most, values: Names::default(), rows: Vec::new() };
        let caps: Vec<Cap> = filters.max_per.iter().map(|max| cap(max.rows)).collect();
        let first_cap = steps - caps.len();
        let dedupe = (!filters.dedupe.is_empty()).then(|| first_cap - 1);
        Some(Self { dedupe, first_cap, keys: HashSet::new(), caps })
    }

    /// Leaves out the rows of a block that come too late. How many are left of those that were read is the answer.
    pub(in super::super) fn apply(&mut self, block: &mut Block) -> u64 {
        let Some(chosen) = &mut block.chosen else { return block.read };
        let local: Vec<Vec<u32>> = self
            .caps
            .iter_mut()
            .zip(&chosen.caps)
            .map(|(cap, (names, _))| names.iter().map(|name| cap.values.intern(name)).collect())
            .collect();
        for cap in &mut self.caps {
            cap.rows.resize(cap.values.len(), 0);
        }
        let mut keep = vec![true; block.rows.len()];
        let (mut start, mut left) = (0, 0);
        for (row, key) in chosen.keys.iter().enumerate() {
            let comparisons = start..key.end as usize;
            start = key.end as usize;
            let dropped = self.refused(key.dedupe, |cap| {
                let value = chosen.caps[cap].1[row];
                (value != NO_VALUE).then(|| local[cap][value as usize])
            });
            match dropped {
                None => left += 1,
                Some(step) => {
                    chosen.dropped[step] += 1;
                    if let Some(&mask) = chosen.of_row.get(comparisons.start).filter(|_| !comparisons.is_empty()) {
                        chosen.mask_rows[mask as usize] -= 1;
                    }
                    keep[comparisons].fill(false);
                }
            }
        }
        if keep.contains(&false) {
            block.retain(&keep);
        }
        left
    }

    /// The number of the filter that leaves a row out. A row that is left out by one counts for none.
    fn refused(&mut self, key: Option<u128>, value: impl Fn(usize) -> Option<u32>) -> Option<usize> {
        if let (Some(step), Some(key)) = (self.dedupe, key)
            && !self.keys.insert(key)
        {
            return Some(step);
        }
        let values: Vec<Option<u32>> = (0..self.caps.len()).map(value).collect();
        let rows = |cap: &Cap, value: &Option<u32>| value.map_or(0, |value| cap.rows[value as usize]);
        let full = |(cap, value): (&Cap, &Option<u32>)| value.is_some() && rows(cap, value) >= cap.most;
        if let Some(cap) = self.caps.iter().zip(&values).position(full) {
            return Some(self.first_cap + cap);
        }
        for (cap, value) in self.caps.iter_mut().zip(values) {
            if let Some(value) = value {
                cap.rows[value as usize] += 1;
            }
        }
        None
    }
}
