//! Items in an order that is refined step by step.

use std::cmp::Ordering;

use super::encounter::{self, EncounterScore};
use super::sheet::Sheets;

/// Items in the order found so far, in groups that are still tied.
pub(super) struct Groups {
    order: Vec<u32>,
    /// Where groups end, ascending.
    ends: Vec<usize>,
}

impl Groups {
    pub(super) fn new(items: impl Iterator<Item = u32>) -> Self {
        let order: Vec<u32> = items.collect();
        Self { ends: vec![order.len()], order }
    }

    /// Splits each group by values, highest first. Values are asked for once an item, and not at all
    /// where nobody is tied.
    pub(super) fn split_by(&mut self, value: impl Fn(u32) -> f64) {
        let mut values = Vec::new();
        self.split(|group, start, ends| {
            values.clear();
            values.extend(group.iter().map(|&item| (value(item), item)));
            values.sort_unstable_by(|a, b| descending(a.0, b.0).then(a.1.cmp(&b.1)));
            for (place, &(_, item)) in group.iter_mut().zip(&values) {
                *place = item;
            }
            let mut end = start;
            ends.extend(values.chunk_by(|a, b| nearly_equal(a.0, b.0)).map(|part| {
                end += part.len();
                end
            }));
        });
    }

    /// Splits each group by the matches inside it, and what is still tied by the matches inside that.
    /// Notes the score of each item in the first of them.
    pub(super) fn split_by_encounters(&mut self, sheets: &Sheets, mut note: impl FnMut(&EncounterScore)) {
        self.split(|group, start, ends| split_encounters(group, start, sheets, ends).iter().for_each(&mut note));
    }

    /// Splits each group of two or more by a function that orders it and appends where its parts end.
    fn split(&mut self, mut parts: impl FnMut(&mut [u32], usize, &mut Vec<usize>)) {
        if self.ends.len() == self.order.len() {
            return;
        }
        let mut ends = Vec::with_capacity(self.order.len());
        let mut start = 0;
        for &end in &self.ends {
            if end - start > 1 {
                parts(&mut self.order[start..end], start, &mut ends);
            } else {
                ends.push(end);
            }
            start = end;
        }
        self.ends = ends;
    }

    /// Gives each item its rank, equal ones the best of their places.
    pub(super) fn for_each_rank(&self, mut rank: impl FnMut(u32, u32)) {
        let mut start = 0;
        for &end in &self.ends {
            self.order[start..end].iter().for_each(|&item| rank(item, start as u32 + 1));
            start = end;
        }
    }
}

/// Orders a group that begins at `start`, and appends where its parts end. Gives the scores of the whole
/// group, none where they decide nothing. Each level has fewer items than the one above.
fn split_encounters(group: &mut [u32], start: usize, sheets: &Sheets, ends: &mut Vec<usize>) -> Vec<EncounterScore> {
    let Some(mut scores) = encounter::scores(group, sheets) else {
        ends.push(start + group.len());
        return Vec::new();
    };
    scores.sort_unstable_by(|a, b| descending(a.score, b.score).then(a.item.cmp(&b.item)));
    for (place, it) in group.iter_mut().zip(&scores) {
        *place = it.item;
    }
    let mut from = 0;
    for part in scores.chunk_by(|a, b| nearly_equal(a.score, b.score)) {
        let to = from + part.len();
        if part.len() == group.len() {
            ends.push(start + to);
        } else {
            split_encounters(&mut group[from..to], start + from, sheets, ends);
        }
        from = to;
    }
    scores
}

fn descending(a: f64, b: f64) -> Ordering {
    b.total_cmp(&a)
}

fn nearly_equal(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}
