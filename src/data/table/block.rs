//! The largest part of a table without a hole: a maximum edge biclique, which is NP-hard to find.
//!
//! The search goes over benchmarks: each is taken, and the models that have no score on it go, or it
//! is left. What can still come below a node is bounded in two ways. Taking `t` more benchmarks
//! leaves no more models than the `t`-th largest number that any of them leaves alone. And of a
//! model and a benchmark with a hole between them one must go: with holes that are apart from each
//! other, up to `w` at a benchmark and one at a model, `models + w · benchmarks` falls by one for
//! each (Kőnig's bound with weights, from a matching that is only good, not the largest).
//!
//! A first search settles how many cells there are. A second one, with the effort that is left, looks
//! for the block among those of so many cells that comes first.

use std::cmp::{Ordering, Reverse};

use serde::Serialize;

/// Models and benchmarks of a table between which no score is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Block {
    /// The models' indices in the table, rising.
    pub models: Vec<usize>,
    /// The benchmarks' indices in the table, rising.
    pub benchmarks: Vec<usize>,
    /// Whether the search came to its end, so that it is proven that no block has more cells.
    pub proven: bool,
}

impl Block {
    /// How many scores the block holds.
    pub fn cells(&self) -> usize {
        self.models.len() * self.benchmarks.len()
    }
}

/// A set of models, 64 a word.
type Bits = Vec<u64>;

/// How much all searches together may do, in words looked at: a few tenths of a second.
const EFFORT: u64 = 50_000_000;
/// How much of that may go into good starts.
const STARTS: u64 = EFFORT / 5;
/// What a node costs beside the words it looks at.
const NODE: u64 = 32;

/// The largest block, where `has_score` tells of a model and a benchmark.
pub(super) fn largest(models: usize, benchmarks: usize, has_score: impl Fn(usize, usize) -> bool) -> Block {
    let set = |benchmark| bits(models, |model| has_score(model, benchmark));
    let columns: Vec<Bits> = (0..benchmarks).map(set).collect();
    let all = bits(models, |_| true);
    let empty = Best { cells: 0, count: 0, models: bits(models, |_| false) };
    let mut search = Search { columns, effort: EFFORT, cut_off: false, best: empty, price: 1, ties: false };
    search.starts(&all);
    let proven = search.run(&all, false);
    search.run(&all, true);
    search.block(models, proven)
}

/// The best block so far: its benchmarks are all that have a score of each of its models.
struct Best {
    cells: usize,
    count: usize,
    models: Bits,
}

impl Best {
    /// Models for each benchmark, at least one.
    fn shape(&self) -> usize {
        (self.count * self.count / self.cells.max(1)).max(1)
    }

    /// Whether a block with so many cells and so many models, which are all or some of `models`,
    /// would come first.
    fn is_after(&self, cells: usize, count: usize, models: &[u64]) -> bool {
        match (cells, count).cmp(&(self.cells, self.count)) {
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal => comes_before(models, &self.models),
        }
    }
}

/// A benchmark that can be taken.
#[derive(Clone, Copy)]
struct Candidate {
    /// How many models it would leave.
    leaves: usize,
    /// The first model that it would not leave.
    first_hole: usize,
    column: usize,
}

struct Search {
    /// The models that have a score, one set a benchmark.
    columns: Vec<Bits>,
    effort: u64,
    cut_off: bool,
    best: Best,
    /// How many models a benchmark is worth in the bound by holes. Any number is right; one near the
    /// shape of the largest block is good.
    price: usize,
    /// Whether blocks of as many cells as the best has are looked for too.
    ties: bool,
}

impl Search {
    /// Searches everything, unless the effort runs out. Whether it did not is the answer.
    fn run(&mut self, all: &[u64], ties: bool) -> bool {
        (self.ties, self.price) = (ties, self.best.shape());
        let candidates: Vec<usize> = (0..self.columns.len()).collect();
        self.visit(all, 0, &candidates, &[]);
        !self.cut_off
    }

    /// Good blocks to start from: one for each benchmark that is taken first, then always the one
    /// that leaves most models.
    fn starts(&mut self, all: &[u64]) {
        let candidates: Vec<usize> = (0..self.columns.len()).collect();
        self.dive(all.to_vec(), candidates.clone());
        for first in 0..self.columns.len() {
            if self.effort < EFFORT - STARTS {
                return;
            }
            self.dive(intersection(all, &self.columns[first]), candidates.clone());
        }
    }

    fn dive(&mut self, mut models: Bits, mut candidates: Vec<usize>) {
        let mut taken = 0;
        loop {
            self.pay(candidates.len(), models.len());
            let (full, open) = self.candidates(&models, &candidates);
            taken += full;
            self.offer(&models, taken);
            let Some(next) = open.first().filter(|next| next.leaves * (taken + open.len()) > self.best.cells) else {
                return;
            };
            models = intersection(&models, &self.columns[next.column]);
            candidates = open.iter().map(|candidate| candidate.column).collect();
        }
    }

    /// Looks at all blocks that hold `taken` benchmarks, whose common models are `models`, and any of
    /// the `candidates`. Those with an `excluded` benchmark have been looked at.
    fn visit(&mut self, models: &[u64], mut taken: usize, candidates: &[usize], excluded: &[usize]) {
        if !self.pay(candidates.len() + excluded.len(), models.len()) {
            self.cut_off = true;
            return;
        }
        let size = count(models);
        if excluded.iter().any(|&column| overlap(models, &self.columns[column]) == size) {
            return;
        }
        let (full, open) = self.candidates(models, candidates);
        taken += full;
        self.offer(models, taken);
        if !self.promises(models, taken, &open, usize::MAX) {
            return;
        }
        let room = (size + self.price * open.len()).saturating_sub(self.apart(models, &open));
        let mut excluded = excluded.to_vec();
        for (index, next) in open.iter().enumerate() {
            if self.cut_off || !self.promises(models, taken, &open[index..], room) {
                return;
            }
            let rest: Vec<usize> = open[index + 1..].iter().map(|candidate| candidate.column).collect();
            let left = intersection(models, &self.columns[next.column]);
            self.visit(&left, taken + 1, &rest, &excluded);
            excluded.push(next.column);
        }
    }

    /// Whether there is effort left to look at so many sets.
    fn pay(&mut self, sets: usize, words: usize) -> bool {
        let cost = (sets * words) as u64 + NODE;
        let affordable = self.effort >= cost;
        self.effort = self.effort.saturating_sub(cost);
        affordable
    }

    /// How many of the candidates have a score of all `models`, and those others that have some,
    /// most first, and where these are equal those first that leave more of the first models.
    fn candidates(&self, models: &[u64], candidates: &[usize]) -> (usize, Vec<Candidate>) {
        let size = count(models);
        let candidate = |&column: &usize| {
            let scores = &self.columns[column];
            Candidate { leaves: overlap(models, scores), first_hole: first_without(models, scores), column }
        };
        let mut open: Vec<Candidate> = candidates.iter().map(candidate).filter(|next| next.leaves > 0).collect();
        let some = open.len();
        open.retain(|candidate| candidate.leaves < size);
        let full = some - open.len();
        open.sort_by_key(|candidate| (Reverse((candidate.leaves, candidate.first_hole)), candidate.column));
        (full, open)
    }

    fn offer(&mut self, models: &[u64], taken: usize) {
        let size = count(models);
        if taken > 0 && self.best.is_after(size * taken, size, models) {
            self.best = Best { cells: size * taken, count: size, models: models.to_vec() };
        }
    }

    /// Whether one more benchmark or several of `open` may give a block that comes before the best.
    /// `room` bounds models plus `price` times the benchmarks taken from `open`.
    fn promises(&self, models: &[u64], taken: usize, open: &[Candidate], room: usize) -> bool {
        open.iter().enumerate().any(|(index, candidate)| {
            let more = index + 1;
            let count = candidate.leaves.min(room.saturating_sub(self.price * more));
            let cells = (taken + more) * count;
            if self.ties { self.best.is_after(cells, count, models) } else { cells > self.best.cells }
        })
    }

    /// How many holes are apart from each other: no two at a model, no more than `price` at a benchmark.
    fn apart(&self, models: &[u64], open: &[Candidate]) -> usize {
        let mut free = models.to_vec();
        let mut holes = 0;
        for candidate in open {
            let mut left = self.price;
            for (free, scores) in free.iter_mut().zip(&self.columns[candidate.column]) {
                let taken = lowest(*free & !scores, left);
                *free &= !taken;
                left -= taken.count_ones() as usize;
            }
            holes += self.price - left;
        }
        holes
    }

    fn block(self, models: usize, proven: bool) -> Block {
        let best = self.best;
        let holds = |column: &Bits| best.cells > 0 && overlap(&best.models, column) == best.count;
        let benchmarks = self.columns.iter().enumerate().filter(|(_, column)| holds(column));
        Block {
            models: (0..models).filter(|&model| best.models[model / 64] >> (model % 64) & 1 == 1).collect(),
            benchmarks: benchmarks.map(|(benchmark, _)| benchmark).collect(),
            proven,
        }
    }
}

fn bits(models: usize, holds: impl Fn(usize) -> bool) -> Bits {
    let mut bits = vec![0; models.div_ceil(64)];
    for model in (0..models).filter(|&model| holds(model)) {
        bits[model / 64] |= 1 << (model % 64);
    }
    bits
}

fn count(set: &[u64]) -> usize {
    set.iter().map(|word| word.count_ones() as usize).sum()
}

fn overlap(a: &[u64], b: &[u64]) -> usize {
    a.iter().zip(b).map(|(a, b)| (a & b).count_ones() as usize).sum()
}

/// The first model of a set that is not in the other.
fn first_without(models: &[u64], others: &[u64]) -> usize {
    let mut words = models.iter().zip(others).map(|(models, others)| models & !others).enumerate();
    let found = words.find(|&(_, word)| word != 0);
    found.map_or(usize::MAX, |(index, word)| 64 * index + word.trailing_zeros() as usize)
}

fn intersection(a: &[u64], b: &[u64]) -> Bits {
    a.iter().zip(b).map(|(a, b)| a & b).collect()
}

/// The lowest bits of a word, no more than `most`.
fn lowest(word: u64, most: usize) -> u64 {
    let mut above = word;
    for _ in 0..most.min(word.count_ones() as usize) {
        above &= above - 1;
    }
    word & !above
}

/// Whether some of `models`, as many as `best` has, have an earlier model than `best` where the two
/// first differ.
fn comes_before(models: &[u64], best: &[u64]) -> bool {
    let Some(word) = models.iter().zip(best).position(|(a, b)| a != b) else { return false };
    let bit = (models[word] ^ best[word]).trailing_zeros();
    let later = best[word] >> bit != 0 || best[word + 1..].iter().any(|&word| word != 0);
    models[word] >> bit & 1 == 1 && later
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The first of the largest blocks by trying every set of benchmarks.
    fn brute_force(models: usize, benchmarks: usize, has_score: impl Fn(usize, usize) -> bool) -> Block {
        let mut best = Block { models: Vec::new(), benchmarks: Vec::new(), proven: true };
        for set in 1_u32..1 << benchmarks {
            let columns: Vec<usize> = (0..benchmarks).filter(|benchmark| set >> benchmark & 1 == 1).collect();
            let complete = |&model: &usize| columns.iter().all(|&benchmark| has_score(model, benchmark));
            let block = Block { models: (0..models).filter(complete).collect(), benchmarks: columns, proven: true };
            let key = |block: &Block| (block.cells(), block.models.len(), Reverse(block.models.clone()));
            if block.cells() > 0 && key(&block) > key(&best) {
                best = block;
            }
        }
        best
    }

    fn table() -> impl Strategy<Value = (usize, usize, Vec<bool>)> {
        (0_usize..12, 0_usize..9, 0.05..0.95).prop_flat_map(|(models, benchmarks, share)| {
            let cells = prop::collection::vec(prop::bool::weighted(share), models * benchmarks);
            (Just(models), Just(benchmarks), cells)
        })
    }

    proptest! {
        #[test]
        fn no_block_comes_before_the_one_found((models, benchmarks, cells) in table()) {
            let has_score = |model: usize, benchmark: usize| cells[benchmark * models + model];
            let found = largest(models, benchmarks, has_score);
            prop_assert_eq!(found, brute_force(models, benchmarks, has_score));
        }
    }

    #[test]
    fn a_set_comes_before_one_that_is_later_where_they_differ() {
        let set = |models: &[usize]| bits(130, |model| models.contains(&model));
        let before = |a: &[usize], b: &[usize]| comes_before(&set(a), &set(b));
        assert!(before(&[0, 9], &[0, 70]) && before(&[0, 64, 129], &[0, 129]) && before(&[1, 2, 3], &[1, 3]));
        assert!(!before(&[0, 70], &[0, 9]) && !before(&[0, 9], &[0, 9]) && !before(&[0, 9, 70], &[0, 9]));
        assert!(!before(&[0], &[]));
    }

    #[test]
    fn a_word_gives_its_lowest_bits() {
        assert_eq!(lowest(0b1_0110, 2), 0b110);
        assert_eq!(lowest(0b1_0110, 9), 0b1_0110);
        assert_eq!((lowest(u64::MAX, 64), lowest(u64::MAX, 0), lowest(0, 3)), (u64::MAX, 0, 0));
    }

    #[test]
    fn holes_that_are_apart_cost_a_model_or_a_benchmark_each() {
        let block = largest(60, 60, |model, benchmark| model != benchmark);
        assert_eq!((block.models.len(), block.cells(), block.proven), (30, 900, true));
        assert_eq!(block.models, (0..30).collect::<Vec<_>>());
        let wide = largest(3, 500, |model, benchmark| model != benchmark % 3);
        assert_eq!((wide.models, wide.benchmarks.len(), wide.proven), (vec![0, 2], 167, true));
    }

    #[test]
    fn a_search_without_end_is_cut_off_with_a_good_block() {
        let has_score = |model: usize, benchmark: usize| (model * 7919 + benchmark * 104_729) * 31 % 1009 > 150;
        let block = largest(300, 120, has_score);
        assert!(!block.proven && block.cells() > 300);
        assert!(block.models.iter().all(|&model| block.benchmarks.iter().all(|&bench| has_score(model, bench))));
        assert_eq!(block, largest(300, 120, has_score));
    }
}
