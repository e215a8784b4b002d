//! The penalised likelihood of ratings and blocks, its gradient and its curvature.
//!
//! Unknowns lie item by item, `[a₁ b₁ … a_k b_k r]`, so that a pair reads two short runs of memory. Sums
//! over pairs are in the order of the pairs, so that they have the same bytes for any number of threads.

use nalgebra::DMatrix;

use super::embedding::{Canonical, Embedding, Split};
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;

/// A model with the counts it is fitted to.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) items: usize,
    pub(super) blocks: usize,
    /// Whether there are ratings; without them they stay 0.
    pub(super) has_ratings: bool,
    pub(super) penalty: f64,
    pub(super) rating_penalty: f64,
    pub(super) pairs: Pairs,
}

/// Pairs that met, sorted, and the points in them, a tie being half a win for both.
#[derive(Debug, Clone, Default)]
pub(super) struct Pairs {
    pub(super) low: Vec<u32>,
    pub(super) high: Vec<u32>,
    /// Points of the low item.
    pub(super) won: Vec<f64>,
    /// Points of the high item.
    pub(super) lost: Vec<f64>,
}

impl Pairs {
    pub(super) fn of(graph: &PreferenceGraph) -> Self {
        let sums = graph.pair_sums();
        let mut pairs = Self::default();
        for index in 0..sums.low.len() {
            let half = 0.5 * sums.ties[index];
            let (won, lost) = (sums.low_wins[index] + half, sums.high_wins[index] + half);
            if won + lost > 0.0 {
                pairs.low.push(sums.low[index]);
                pairs.high.push(sums.high[index]);
                pairs.won.push(won);
                pairs.lost.push(lost);
            }
        }
        pairs
    }

    pub(super) fn len(&self) -> usize {
        self.low.len()
    }

    pub(super) fn weight(&self) -> f64 {
        self.won.iter().sum::<f64>() + self.lost.iter().sum::<f64>()
    }

    fn ends(&self, pair: usize) -> (usize, usize) {
        (self.low[pair] as usize, self.high[pair] as usize)
    }
}

/// The objective and its derivatives at a point.
#[derive(Debug, Clone, Default)]
pub(super) struct Slope {
    pub(super) objective: f64,
    /// By unknown.
    pub(super) gradient: Vec<f64>,
    /// By pair: points minus expected points of the low item.
    pub(super) residual: Vec<f64>,
    /// By pair: the curvature N p (1 − p).
    pub(super) curvature: Vec<f64>,
}

impl Slope {
    /// The largest component of the gradient.
    pub(super) fn norm(&self) -> f64 {
        // Not f64::max, which would hide a NaN.
        self.gradient.iter().fold(0.0, |norm, g| if g.abs() <= norm { norm } else { g.abs() })
    }
}

/// Calls a method with the number of unknowns an item as a constant where it is small, so that its loops
/// over blocks are unrolled.
macro_rules! with_constant_stride {
    ($problem:expr, $method:ident($($argument:expr),*)) => {
        match $problem.stride() {
            1 => $problem.$method(1, $($argument),*),
            3 => $problem.$method(3, $($argument),*),
            5 => $problem.$method(5, $($argument),*),
            7 => $problem.$method(7, $($argument),*),
            9 => $problem.$method(9, $($argument),*),
            stride => $problem.$method(stride, $($argument),*),
        }
    };
}

impl Problem {
    /// Unknowns an item.
    pub(super) fn stride(&self) -> usize {
        2 * self.blocks + 1
    }

    /// All unknowns.
    pub(super) fn unknowns(&self) -> usize {
        self.items * self.stride()
    }

    fn rating_slope(&self) -> f64 {
        if self.has_ratings { 1.0 } else { 0.0 }
    }

    /// The penalty on each unknown: without ratings their rows are those of the identity.
    pub(super) fn ridge(&self, place: usize) -> f64 {
        match (place == self.stride() - 1, self.has_ratings) {
            (false, _) => self.penalty,
            (true, true) => self.rating_penalty,
            (true, false) => 1.0,
        }
    }

    /// Objective, gradient and curvatures at `x`. O(pairs × blocks).
    pub(super) fn evaluate(&self, x: &[f64], into: &mut Slope) {
        into.residual.resize(self.pairs.len(), 0.0);
        into.curvature.resize(self.pairs.len(), 0.0);
        into.gradient.clear();
        into.gradient.resize(x.len(), 0.0);
        let mut objective = 0.0;
        let stride = self.stride();
        for (place, (x, g)) in x.iter().zip(&mut into.gradient).enumerate() {
            let ridge = self.ridge(place % stride);
            *g = ridge * x;
            objective += 0.5 * ridge * x * x;
        }
        into.objective = objective + with_constant_stride!(self, likelihood(x, into));
    }

    /// The negative log-likelihood, filling in the derivatives of each pair and adding to the gradient.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the stride is a constant only where it is inlined")]
    fn likelihood(&self, stride: usize, x: &[f64], into: &mut Slope) -> f64 {
        let rating = self.rating_slope();
        let mut total = 0.0;
        for pair in 0..self.pairs.len() {
            let (i, j) = self.pairs.ends(pair);
            let (xi, xj) = (&x[i * stride..][..stride], &x[j * stride..][..stride]);
            let score = score(xi, xj, rating);
            let (won, lost) = (self.pairs.won[pair], self.pairs.lost[pair]);
            let tail = (-score.abs()).exp();
            let far = 1.0 / (1.0 + tail);
            // p of the low item, and 1 − p without cancellation.
            let (p, q) = if score >= 0.0 { (far, tail * far) } else { (tail * far, far) };
            let n = won + lost;
            total += n * tail.ln_1p() + if score >= 0.0 { lost * score } else { -won * score };
            let residual = won * q - lost * p;
            into.residual[pair] = residual;
            into.curvature[pair] = n * p * q;
            add_coupled(&mut into.gradient, i, j, stride, xi, xj, -residual, rating);
        }
        total
    }

    /// `y = H x`, H being the full second derivative, the coupling of residuals included. O(pairs ×
    /// blocks).
    pub(super) fn hessian_times(&self, at: &[f64], slope: &Slope, x: &[f64], y: &mut [f64]) {
        let stride = self.stride();
        for (place, (y, x)) in y.iter_mut().zip(x).enumerate() {
            *y = self.ridge(place % stride) * x;
        }
        with_constant_stride!(self, add_hessian_times(at, slope, x, y));
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the stride is a constant only where it is inlined")]
    fn add_hessian_times(&self, stride: usize, at: &[f64], slope: &Slope, x: &[f64], y: &mut [f64]) {
        let rating = self.rating_slope();
        for pair in 0..self.pairs.len() {
            let (i, j) = self.pairs.ends(pair);
            let (ai, aj) = (&at[i * stride..][..stride], &at[j * stride..][..stride]);
            let (xi, xj) = (&x[i * stride..][..stride], &x[j * stride..][..stride]);
            let last = stride - 1;
            let mut change = rating * (xi[last] - xj[last]);
            for l in 0..last / 2 {
                let (a, b) = (2 * l, 2 * l + 1);
                change += xi[a] * aj[b] - xi[b] * aj[a] + ai[a] * xj[b] - ai[b] * xj[a];
            }
            add_coupled(y, i, j, stride, ai, aj, slope.curvature[pair] * change, rating);
            add_coupled(y, i, j, stride, xi, xj, -slope.residual[pair], 0.0);
        }
    }

    /// The second derivatives as a matrix. O(pairs × blocks² + unknowns²).
    pub(super) fn hessian(&self, at: &[f64], slope: &Slope) -> DMatrix<f64> {
        let (stride, n) = (self.stride(), self.unknowns());
        let mut matrix = DMatrix::zeros(n, n);
        for place in 0..n {
            matrix[(place, place)] = self.ridge(place % stride);
        }
        let (mut row_i, mut row_j) = (vec![0.0; stride], vec![0.0; stride]);
        for pair in 0..self.pairs.len() {
            let (i, j) = self.pairs.ends(pair);
            self.rows(at, i, j, &mut row_i, &mut row_j);
            let (start_i, start_j) = (i * stride, j * stride);
            for column in 0..stride {
                let (by_i, by_j) = (slope.curvature[pair] * row_i[column], slope.curvature[pair] * row_j[column]);
                for row in 0..stride {
                    matrix[(start_i + row, start_i + column)] += by_i * row_i[row];
                    matrix[(start_j + row, start_j + column)] += by_j * row_j[row];
                    // The lower triangle first; j comes after i.
                    matrix[(start_j + row, start_i + column)] += by_i * row_j[row];
                }
            }
            let residual = slope.residual[pair];
            for l in 0..self.blocks {
                let (a, b) = (2 * l, 2 * l + 1);
                matrix[(start_j + b, start_i + a)] -= residual;
                matrix[(start_j + a, start_i + b)] += residual;
            }
        }
        matrix.fill_upper_triangle_with_lower_triangle();
        matrix
    }

    /// The derivative of `s_ij` with respect to the unknowns of i and of j.
    pub(super) fn rows(&self, at: &[f64], i: usize, j: usize, row_i: &mut [f64], row_j: &mut [f64]) {
        let stride = self.stride();
        let (ai, aj) = (&at[i * stride..][..stride], &at[j * stride..][..stride]);
        for l in 0..self.blocks {
            let (a, b) = (2 * l, 2 * l + 1);
            (row_i[a], row_i[b]) = (aj[b], -aj[a]);
            (row_j[a], row_j[b]) = (-ai[b], ai[a]);
        }
        (row_i[stride - 1], row_j[stride - 1]) = (self.rating_slope(), -self.rating_slope());
    }

    /// The blocks of `Jᵀ D J` and the penalty on the diagonal, one an item, each a matrix of
    /// `stride × stride`, columns one after the other.
    pub(super) fn diagonal_blocks(&self, at: &[f64], slope: &Slope) -> Vec<f64> {
        let stride = self.stride();
        let size = stride * stride;
        let mut blocks = vec![0.0; self.items * size];
        for block in blocks.chunks_exact_mut(size) {
            for place in 0..stride {
                block[place * stride + place] = self.ridge(place);
            }
        }
        let (mut row_i, mut row_j) = (vec![0.0; stride], vec![0.0; stride]);
        for pair in 0..self.pairs.len() {
            let (i, j) = self.pairs.ends(pair);
            self.rows(at, i, j, &mut row_i, &mut row_j);
            for (item, row) in [(i, &row_i), (j, &row_j)] {
                let block = &mut blocks[item * size..][..size];
                for column in 0..stride {
                    let by = slope.curvature[pair] * row[column];
                    for (entry, row) in block[column * stride..][..stride].iter_mut().zip(row) {
                        *entry += by * row;
                    }
                }
            }
        }
        blocks
    }

    /// The negative log-likelihood alone.
    pub(super) fn negative_log_likelihood(&self, x: &[f64]) -> f64 {
        self.loss_of(&self.pairs, x)
    }

    /// The negative log-likelihood of any pairs.
    pub(super) fn loss_of(&self, pairs: &Pairs, x: &[f64]) -> f64 {
        let stride = self.stride();
        let of_pair = |pair: usize| {
            let (i, j) = pairs.ends(pair);
            let score = score(&x[i * stride..][..stride], &x[j * stride..][..stride], self.rating_slope());
            let (won, lost) = (pairs.won[pair], pairs.lost[pair]);
            (won + lost) * (-score.abs()).exp().ln_1p() + if score >= 0.0 { lost * score } else { -won * score }
        };
        (0..pairs.len()).map(of_pair).sum()
    }

    /// An embedding as unknowns.
    pub(super) fn unknowns_of(&self, embedding: &Embedding) -> Vec<f64> {
        let mut x = Vec::with_capacity(self.unknowns());
        for (item, rating) in embedding.ratings().iter().enumerate() {
            x.extend_from_slice(embedding.vector(ItemId(item as u32)));
            x.push(*rating);
        }
        x
    }

    /// The unknowns in canonical form; without ratings the blocks keep what is transitive.
    pub(super) fn canonical(&self, x: &[f64]) -> Canonical {
        self.embedding(x).canonical(if self.has_ratings { Split::Ratings } else { Split::None })
    }

    /// The unknowns as an embedding.
    pub(super) fn embedding(&self, x: &[f64]) -> Embedding {
        let stride = self.stride();
        let mut vectors = Vec::with_capacity(2 * self.blocks * self.items);
        let mut ratings = Vec::with_capacity(self.items);
        for unknowns in x.chunks_exact(stride) {
            vectors.extend_from_slice(&unknowns[..stride - 1]);
            ratings.push(unknowns[stride - 1]);
        }
        Embedding::from_parts(ratings, vectors, self.blocks)
    }
}

/// `s_ij`.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the stride is a constant only where it is inlined")]
fn score(xi: &[f64], xj: &[f64], rating: f64) -> f64 {
    let last = xi.len() - 1;
    let mut score = rating * (xi[last] - xj[last]);
    for l in 0..last / 2 {
        let (a, b) = (2 * l, 2 * l + 1);
        score += xi[a] * xj[b] - xi[b] * xj[a];
    }
    score
}

/// Adds `by` times the derivative of `s_ij` at (`xi`, `xj`) to the places of items i and j.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the stride is a constant only where it is inlined")]
#[expect(clippy::too_many_arguments, reason = "the innermost loop: two items and what is added")]
fn add_coupled(to: &mut [f64], i: usize, j: usize, stride: usize, xi: &[f64], xj: &[f64], by: f64, rating: f64) {
    let last = stride - 1;
    let to_i = &mut to[i * stride..][..stride];
    for l in 0..last / 2 {
        let (a, b) = (2 * l, 2 * l + 1);
        to_i[a] += by * xj[b];
        to_i[b] -= by * xj[a];
    }
    to_i[last] += by * rating;
    let to_j = &mut to[j * stride..][..stride];
    for l in 0..last / 2 {
        let (a, b) = (2 * l, 2 * l + 1);
        to_j[a] -= by * xi[b];
        to_j[b] += by * xi[a];
    }
    to_j[last] -= by * rating;
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Every pair with counts that no order explains.
    pub(in super::super) fn problem(items: usize, blocks: usize) -> Problem {
        let mut pairs = Pairs::default();
        for low in 0..items as u32 {
            for high in low + 1..items as u32 {
                let (i, j) = (f64::from(low), f64::from(high));
                pairs.low.push(low);
                pairs.high.push(high);
                pairs.won.push((12.0 + 9.0 * (2.0 * i - 1.3 * j * j).sin()).round());
                pairs.lost.push((10.0 + 8.0 * (i + 3.1 * j).cos()).round());
            }
        }
        Problem { items, blocks, has_ratings: true, penalty: 1.5, rating_penalty: 0.2, pairs }
    }

    #[test]
    fn derivatives_are_those_of_the_objective() {
        let problem = problem(5, 2);
        let x: Vec<f64> = (0..problem.unknowns()).map(|place| (1.7 * place as f64).sin()).collect();
        let at = |x: &[f64]| {
            let mut slope = Slope::default();
            problem.evaluate(x, &mut slope);
            slope
        };
        let slope = at(&x);
        let hessian = problem.hessian(&x, &slope);
        let step = 1e-5;
        for place in 0..x.len() {
            let moved = |by: f64| {
                let mut x = x.clone();
                x[place] += by;
                at(&x)
            };
            let (up, down) = (moved(step), moved(-step));
            let gradient = (up.objective - down.objective) / (2.0 * step);
            assert!((gradient - slope.gradient[place]).abs() < 1e-6);
            let mut unit = vec![0.0; x.len()];
            unit[place] = 1.0;
            let mut product = vec![0.0; x.len()];
            problem.hessian_times(&x, &slope, &unit, &mut product);
            for other in 0..x.len() {
                let curvature = (up.gradient[other] - down.gradient[other]) / (2.0 * step);
                assert!((curvature - hessian[(other, place)]).abs() < 1e-6, "{other} {place}");
                assert!((product[other] - hessian[(other, place)]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn long_strides_are_read_like_short_ones() {
        // Six blocks of which four are empty: the loop without a constant stride.
        let (short, long) = (problem(5, 2), problem(5, 6));
        let x: Vec<f64> = (0..short.unknowns()).map(|place| (1.7 * place as f64).sin()).collect();
        let mut wide = Vec::new();
        for unknowns in x.chunks_exact(5) {
            wide.extend_from_slice(&unknowns[..4]);
            wide.extend([0.0; 8]);
            wide.push(unknowns[4]);
        }
        let at = |problem: &Problem, x: &[f64]| {
            let mut slope = Slope::default();
            problem.evaluate(x, &mut slope);
            slope
        };
        let (a, b) = (at(&short, &x), at(&long, &wide));
        assert!((a.objective - b.objective).abs() < 1e-12);
        assert_eq!(a.residual, b.residual);
    }
}
