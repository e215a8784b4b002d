//! Solves with a weighted graph Laplacian: dense Cholesky for up to [`DENSE_LIMIT`] items,
//! preconditioned conjugate gradients on the sparse matrix above.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use rayon::prelude::*;

use crate::data::graph::PairSums;

/// Up to this many items matrices are dense, and intervals are computed from them.
pub const DENSE_LIMIT: usize = 700;
/// Items a parallel task works on; fixed, so that the number of threads changes no sum.
const CHUNK: usize = 1 << 12;
const MIN_ITERATIONS: usize = 2_000;

/// For each item its pairs, as compressed sparse rows.
#[derive(Debug)]
pub(super) struct Adjacency {
    offsets: Vec<u32>,
    neighbours: Vec<u32>,
    pairs: Vec<u32>,
}

impl Adjacency {
    pub(super) fn new(items: usize, pairs: &PairSums) -> Self {
        let mut offsets = vec![0_u32; items + 1];
        for &item in pairs.low.iter().chain(&pairs.high) {
            offsets[item as usize + 1] += 1;
        }
        for item in 0..items {
            offsets[item + 1] += offsets[item];
        }
        let mut next = offsets.clone();
        let mut neighbours = vec![0; 2 * pairs.low.len()];
        let mut pair_of = neighbours.clone();
        let mut place = |item: u32, neighbour: u32, pair: usize| {
            let slot = next[item as usize] as usize;
            next[item as usize] += 1;
            neighbours[slot] = neighbour;
            pair_of[slot] = pair as u32;
        };
        for (pair, (&low, &high)) in pairs.low.iter().zip(&pairs.high).enumerate() {
            place(low, high, pair);
            place(high, low, pair);
        }
        Self { offsets, neighbours, pairs: pair_of }
    }

    fn row(&self, item: usize) -> std::ops::Range<usize> {
        self.offsets[item] as usize..self.offsets[item + 1] as usize
    }

    /// Adds each pair's value to its low item and subtracts it from its high one, item by item.
    pub(super) fn gather(&self, by_pair: &[f64], by_item: &mut [f64]) {
        by_item.par_iter_mut().enumerate().with_min_len(CHUNK).for_each(|(item, total)| {
            for slot in self.row(item) {
                let value = by_pair[self.pairs[slot] as usize];
                *total += if item < self.neighbours[slot] as usize { value } else { -value };
            }
        });
    }
}

/// A Laplacian with its ridge, ready to solve with.
pub(super) enum LaplacianSolver<'a> {
    Dense(Cholesky<f64, Dyn>),
    Sparse { adjacency: &'a Adjacency, weights: Vec<f64>, diagonal: Vec<f64>, singular: bool },
}

impl<'a> LaplacianSolver<'a> {
    pub(super) fn is_sparse(items: usize) -> bool {
        items > DENSE_LIMIT
    }

    /// The Laplacian of the pairs with these weights, plus `penalty` on the diagonal. Without a
    /// penalty its null space, a shift of all items of a connected graph, is filled in.
    pub(super) fn new(
        items: usize,
        pairs: &PairSums,
        weights: &[f64],
        penalty: f64,
        adjacency: Option<&'a Adjacency>,
    ) -> Option<Self> {
        let Some(adjacency) = adjacency else {
            let laplacian = || dense_laplacian(items, &pairs.low, &pairs.high, weights, penalty);
            let factor = laplacian().cholesky().or_else(|| {
                // Curvature that rounding has taken away is put back: a shorter step, not a wrong one.
                let mut ridges = [1e-12, 1e-9, 1e-6].into_iter();
                ridges.find_map(|ridge| with_ridge(laplacian(), ridge).cholesky())
            });
            return factor.map(Self::Dense);
        };
        let by_slot: Vec<f64> =
            adjacency.pairs.par_iter().with_min_len(CHUNK).map(|&pair| weights[pair as usize]).collect();
        let row_sum = |item| penalty + adjacency.row(item).map(|slot| by_slot[slot]).sum::<f64>();
        let diagonal = (0..items).into_par_iter().with_min_len(CHUNK).map(row_sum).collect();
        Some(Self::Sparse { adjacency, weights: by_slot, diagonal, singular: penalty <= 0.0 })
    }

    /// Solves for `right`; iterative solves stop at an error that keeps Newton's convergence fast
    /// where `residual` is the gradient's size as a share of the weight.
    pub(super) fn solve(&self, right: &[f64], residual: f64) -> Option<Vec<f64>> {
        match self {
            Self::Dense(factor) => {
                let mut x = DVector::from_column_slice(right);
                factor.solve_mut(&mut x);
                Some(x.data.into())
            }
            Self::Sparse { .. } => self.conjugate_gradients(right, (residual * 10.0).clamp(1e-8, 1e-2)),
        }
    }

    /// y = A x of the sparse matrix.
    fn multiply(&self, x: &[f64], y: &mut [f64]) {
        let Self::Sparse { adjacency, weights, diagonal, .. } = self else { return };
        y.par_iter_mut().enumerate().with_min_len(CHUNK / 8).for_each(|(item, y)| {
            let mut total = diagonal[item] * x[item];
            for slot in adjacency.row(item) {
                total -= weights[slot] * x[adjacency.neighbours[slot] as usize];
            }
            *y = total;
        });
    }

    /// Conjugate gradients with the diagonal as preconditioner, to a relative residual.
    fn conjugate_gradients(&self, right: &[f64], tolerance: f64) -> Option<Vec<f64>> {
        let Self::Sparse { diagonal, singular, .. } = self else { return None };
        let n = right.len();
        let (mut x, mut residual, mut product) = (vec![0.0; n], right.to_vec(), vec![0.0; n]);
        let precondition =
            |r: &[f64]| -> Vec<f64> { r.iter().zip(diagonal).map(|(r, d)| r / d.max(f64::MIN_POSITIVE)).collect() };
        let mut z = precondition(&residual);
        let mut direction = z.clone();
        let mut size = dot(&residual, &z);
        let target = tolerance * tolerance * size;
        // In exact arithmetic n steps are enough; a solve that needs far more has failed.
        let mut steps = 0;
        while size > target && size > 0.0 {
            steps += 1;
            if steps > MIN_ITERATIONS + 2 * n {
                return None;
            }
            self.multiply(&direction, &mut product);
            let bend = dot(&direction, &product);
            if !bend.is_finite() || bend <= 0.0 {
                return None;
            }
            let length = size / bend;
            for i in 0..n {
                x[i] += length * direction[i];
                residual[i] -= length * product[i];
            }
            z = precondition(&residual);
            let next = dot(&residual, &z);
            for (d, z) in direction.iter_mut().zip(&z) {
                *d = z + next / size * *d;
            }
            size = next;
        }
        if *singular {
            let mean = x.iter().sum::<f64>() / n as f64;
            for x in &mut x {
                *x -= mean;
            }
        }
        Some(x)
    }
}

/// The matrix with a share of its mean diagonal added to the diagonal.
fn with_ridge(mut matrix: DMatrix<f64>, ridge: f64) -> DMatrix<f64> {
    let level = matrix.trace() / matrix.nrows().max(1) as f64;
    for i in 0..matrix.nrows() {
        matrix[(i, i)] += ridge * level;
    }
    matrix
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The dense Laplacian of weighted pairs plus `penalty` on the diagonal, and a multiple of 11ᵀ, which
/// leaves solutions of sum zero as they are and makes the matrix of a connected graph regular.
pub(crate) fn dense_laplacian(items: usize, low: &[u32], high: &[u32], weights: &[f64], penalty: f64) -> DMatrix<f64> {
    let mut matrix = DMatrix::zeros(items, items);
    for ((&low, &high), &weight) in low.iter().zip(high).zip(weights) {
        let (low, high) = (low as usize, high as usize);
        matrix[(low, low)] += weight;
        matrix[(high, high)] += weight;
        matrix[(high, low)] -= weight;
        matrix[(low, high)] -= weight;
    }
    for item in 0..items {
        matrix[(item, item)] += penalty;
    }
    if items > 0 {
        let level = matrix.trace() / (items * items) as f64;
        matrix.add_scalar_mut(if level > 0.0 { level } else { 1.0 / items as f64 });
    }
    matrix
}
