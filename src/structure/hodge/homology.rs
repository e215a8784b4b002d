//! The rank of the triangles of a graph, over a large prime field.
//!
//! Ranks over a prime field and over the numbers differ only where the complex has torsion of that
//! very prime, which takes a complex with far more triangles than the budget admits.

use super::{Flow, Triangle};

const PRIME: u64 = (1 << 31) - 1;
/// Additions of matrix entries after which the rank is given up.
const BUDGET: usize = 40_000_000;

/// One entry of a sparse column.
#[derive(Debug, Clone, Copy)]
struct Entry {
    pair: u32,
    value: u64,
}

/// The rank of the boundary matrix of triangles, at most `most`; `None` where finding it costs more
/// than the budget. Columns are reduced from the left, as for persistent homology.
pub(super) fn rank_of_triangles(flow: &Flow, most: usize) -> Option<usize> {
    let mut search = Search { columns: vec![Vec::new(); flow.pairs.len()], rank: 0, left: BUDGET, scratch: Vec::new() };
    flow.each_triangle(|triangle| {
        if search.rank < most && search.left > 0 {
            search.add(triangle);
        }
    });
    (search.rank == most || search.left > 0).then_some(search.rank)
}

struct Search {
    /// By pair the reduced column whose last entry, a one, is that pair; empty where there is none.
    columns: Vec<Vec<Entry>>,
    rank: usize,
    left: usize,
    scratch: Vec<Entry>,
}

impl Search {
    /// Reduces the triangle's column and keeps it if anything is left.
    fn add(&mut self, Triangle { ij, jk, ik }: Triangle) {
        let entry = |pair: usize, value| Entry { pair: pair as u32, value };
        // In the order of pairs ij < ik < jk, since i < j.
        let mut column = vec![entry(ij, 1), entry(ik, PRIME - 1), entry(jk, 1)];
        self.left = self.left.saturating_sub(1);
        while let Some(&last) = column.last() {
            let pivot = &self.columns[last.pair as usize];
            if pivot.is_empty() {
                let scale = inverse(last.value);
                for entry in &mut column {
                    entry.value = entry.value * scale % PRIME;
                }
                self.columns[last.pair as usize] = column;
                self.rank += 1;
                return;
            }
            self.left = self.left.saturating_sub(column.len() + pivot.len());
            if self.left == 0 {
                return;
            }
            add_multiple(&column, pivot, PRIME - last.value, &mut self.scratch);
            std::mem::swap(&mut column, &mut self.scratch);
        }
    }
}

/// `column + factor · other`, both sorted by pair, without zeros.
fn add_multiple(column: &[Entry], other: &[Entry], factor: u64, into: &mut Vec<Entry>) {
    into.clear();
    let (mut a, mut b) = (0, 0);
    while a < column.len() || b < other.len() {
        let pair_a = column.get(a).map_or(u32::MAX, |entry| entry.pair);
        let pair_b = other.get(b).map_or(u32::MAX, |entry| entry.pair);
        let pair = pair_a.min(pair_b);
        let mut value = 0;
        if pair_a == pair {
            value += column[a].value;
            a += 1;
        }
        if pair_b == pair {
            value += factor * other[b].value % PRIME;
            b += 1;
        }
        if !value.is_multiple_of(PRIME) {
            into.push(Entry { pair, value: value % PRIME });
        }
    }
}

/// By Fermat's little theorem.
fn inverse(value: u64) -> u64 {
    let (mut power, mut square, mut left) = (1, value, PRIME - 2);
    while left > 0 {
        if left & 1 == 1 {
            power = power * square % PRIME;
        }
        square = square * square % PRIME;
        left >>= 1;
    }
    power
}
