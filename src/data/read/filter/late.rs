//! Filters that depend on the rows before: duplicates and caps, in the order of the files.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use super::super::super::filter::Filters;
use super::super::block::Block;
use super::super::names::Names;
use super::{NO_VALUE, is_empty};

/// What was seen of the rows so far.
#[derive(Debug, Default)]
pub(in super::super) struct Late {
    /// The number of the filter of duplicates, if there is one, and of the first cap.
    dedupe: Option<usize>,
    first_cap: usize,
    keys: HashSet<u128, BuildHasherDefault<Hashed>>,
    caps: Vec<Cap>,
    /// For each cap the value of the row being looked at.
    values: Vec<Option<u32>>,
}

/// The hash of what is a hash itself.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, &byte| hash.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
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
        Some(Self { dedupe, first_cap, caps, ..Self::default() })
    }

    /// Leaves out the rows of a block that come too late, and then those that are on no board. How many are left of
    /// those that were read is the answer. A row that is no comparison uses up no duplicate and no cap.
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
        let words = chosen.masks.len() / chosen.mask_rows.len().max(1);
        let outside: Vec<bool> = chosen.masks.chunks(words.max(1)).map(is_empty).collect();
        let mut keep = vec![true; block.rows.len()];
        let (mut start, mut left) = (0, 0);
        for (row, key) in chosen.keys.iter().enumerate() {
            let comparisons = start..key.end as usize;
            start = key.end as usize;
            if comparisons.is_empty() {
                continue;
            }
            let dropped = self.refused(key.dedupe, |cap| {
                let value = chosen.caps[cap].1[row];
                (value != NO_VALUE).then(|| local[cap][value as usize])
            });
            let mask = chosen.of_row.get(comparisons.start).map(|&mask| mask as usize);
            let is_outside = mask.is_some_and(|mask| outside[mask]);
            match dropped {
                None if is_outside => chosen.outside += 1,
                None => left += 1,
                Some(step) => chosen.dropped[step] += 1,
            }
            if dropped.is_some() || is_outside {
                if let Some(mask) = mask {
                    chosen.mask_rows[mask] -= 1;
                }
                keep[comparisons].fill(false);
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
        self.values.clear();
        self.values.extend((0..self.caps.len()).map(value));
        let rows = |cap: &Cap, value: &Option<u32>| value.map_or(0, |value| cap.rows[value as usize]);
        let full = |(cap, value): (&Cap, &Option<u32>)| value.is_some() && rows(cap, value) >= cap.most;
        if let Some(cap) = self.caps.iter().zip(&self.values).position(full) {
            return Some(self.first_cap + cap);
        }
        for (cap, value) in self.caps.iter_mut().zip(&self.values) {
            if let Some(value) = value {
                cap.rows[*value as usize] += 1;
            }
        }
        None
    }
}
