//! Which sample is in which group.

/// The group of each sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    ids: Vec<u32>,
    count: usize,
}

/// The samples of each group, in their order: groups one after another.
#[derive(Debug)]
pub(in crate::advantages) struct Members {
    starts: Vec<usize>,
    order: Vec<usize>,
}

impl Groups {
    /// The group of each sample. Groups are numbered from 0 without gaps worth the name (memory grows
    /// with the highest number), have any size, and come in any order.
    pub fn new(ids: Vec<u32>) -> Self {
        let count = ids.iter().max().map_or(0, |&last| last as usize + 1);
        Self { ids, count }
    }

    /// Groups of `size` samples one after another, as trainers have them; the last is smaller where
    /// they don't come out even. A size of 0 is taken for 1.
    pub fn blocks(samples: usize, size: usize) -> Self {
        Self::new((0..samples).map(|sample| (sample / size.max(1)) as u32).collect())
    }

    /// The group of each sample.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The samples by group. O(samples + groups).
    pub(in crate::advantages) fn members(&self) -> Members {
        let mut starts = vec![0; self.count + 1];
        for &id in &self.ids {
            starts[id as usize + 1] += 1;
        }
        for group in 0..self.count {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut order = vec![0; self.ids.len()];
        for (sample, &id) in self.ids.iter().enumerate() {
            order[next[id as usize]] = sample;
            next[id as usize] += 1;
        }
        Members { starts, order }
    }
}

impl Members {
    /// The samples of each group, by number of the group.
    pub(in crate::advantages) fn iter(&self) -> impl Iterator<Item = &[usize]> {
        self.starts.windows(2).map(|bounds| &self.order[bounds[0]..bounds[1]])
    }
}
