//! Where a fit begins: `HodgeRank` of the pairs' log-odds, and the leading planes of what it leaves.

use nalgebra::DMatrix;
use rand_distr::{Distribution, StandardNormal};

use super::problem::Problem;
use super::schur::{Plane, leading_planes};
use crate::random::{Purpose, stream};
use crate::structure::hodge::Flow;

/// Iterations towards the planes of the residual, and rounds in which pairs that never met take their
/// value from them.
const FIRST_ROUNDS: usize = 12;
const IMPUTATIONS: usize = 5;
const LATER_ROUNDS: usize = 3;
/// How far coordinates start from a saddle that symmetry would hold them at.
const OFF_SADDLE: f64 = 1e-3;
/// Blocks that a wider fit has beside twice those asked for, and the gradient it goes to, as a share of an
/// item's comparisons.
const EXTRA_BLOCKS: usize = 2;
const ROUGHLY: f64 = 1e-2;
/// A plane with a smaller σ is nothing to begin with.
const NO_PLANE: f64 = 1e-12;

impl Problem {
    /// From `flow`, the log-odds of the same pairs: the same start in every run.
    /// O(items³ + pairs × blocks) up to a few hundred items, iterations of O(pairs × blocks) above.
    pub(super) fn deterministic_start(&self, flow: &Flow) -> Vec<f64> {
        let ratings = if self.has_ratings { flow.gradient().potentials } else { vec![0.0; self.items] };
        let planes = if self.blocks == 0 { Vec::new() } else { self.residual_planes(flow, &ratings) };
        let mut rng = stream(0, Purpose::Embedding, 1);
        let mut start = Vec::with_capacity(self.unknowns());
        for (item, rating) in ratings.iter().enumerate() {
            for block in 0..self.blocks {
                if let Some(plane) = planes.get(block).filter(|plane| plane.sigma > NO_PLANE) {
                    let length = plane.sigma.sqrt();
                    start.extend([length * plane.u[item], length * plane.w[item]]);
                } else {
                    let mut draw = || -> f64 { StandardNormal.sample(&mut rng) };
                    start.extend([OFF_SADDLE * draw(), OFF_SADDLE * draw()]);
                }
            }
            start.push(*rating);
        }
        start
    }

    /// A second start where pairs never met, which is where the first may lead to a minimum that is not the
    /// lowest: the leading blocks of a fit with more of them, whose minima are fewer, and with ⌊items/2⌋
    /// only one.
    pub(super) fn start_from_wider(&self, flow: &Flow, most: usize) -> Option<Vec<f64>> {
        let complete = flow.pairs().len() == self.items * self.items.saturating_sub(1) / 2;
        if complete || self.blocks == 0 || self.blocks >= most {
            return None;
        }
        let wider = Self { blocks: most.min(2 * self.blocks + EXTRA_BLOCKS), ..self.clone() };
        let tolerance = ROUGHLY * self.pairs.weight() / self.items as f64;
        let found = wider.minimise_to(wider.deterministic_start(flow), tolerance);
        let canonical = wider.canonical(&found.x);
        Some(self.unknowns_of(&canonical.embedding.with_blocks(self.blocks)))
    }

    /// The leading planes of the log-odds without the ratings. What a pair that never met lacks is taken
    /// from the planes themselves, a few times over.
    fn residual_planes(&self, flow: &Flow, ratings: &[f64]) -> Vec<Plane> {
        let left: Vec<f64> = (flow.pairs().iter().zip(flow.values()))
            .map(|(pair, value)| value - ratings[pair.low.index()] + ratings[pair.high.index()])
            .collect();
        let found = leading_planes(self.items, self.blocks, FIRST_ROUNDS, None, |x| self.skew_times(&left, x));
        let (mut planes, mut basis) = (found.planes, found.basis);
        if flow.pairs().len() < self.items * (self.items - 1) / 2 {
            for _ in 0..IMPUTATIONS {
                let rest: Vec<f64> = (flow.pairs().iter().zip(&left))
                    .map(|(pair, value)| value - score(&planes, pair.low.index(), pair.high.index()))
                    .collect();
                let found = leading_planes(self.items, self.blocks, LATER_ROUNDS, Some(basis), |x| {
                    self.skew_times(&rest, x) + planes_times(&planes, x)
                });
                (planes, basis) = (found.planes, found.basis);
            }
        }
        planes
    }

    /// The product with the skew matrix that has `values` on the pairs and zeros elsewhere.
    fn skew_times(&self, values: &[f64], x: &DMatrix<f64>) -> DMatrix<f64> {
        // Transposed, so that an item's entries are together.
        let columns = x.ncols();
        let across = x.transpose();
        let mut product = DMatrix::<f64>::zeros(columns, self.items);
        for (pair, value) in values.iter().enumerate() {
            let (i, j) = (self.pairs.low[pair] as usize, self.pairs.high[pair] as usize);
            product.column_mut(i).axpy(*value, &across.column(j), 1.0);
            product.column_mut(j).axpy(-*value, &across.column(i), 1.0);
        }
        product.transpose()
    }
}

fn score(planes: &[Plane], i: usize, j: usize) -> f64 {
    planes.iter().map(|plane| plane.sigma * (plane.u[i] * plane.w[j] - plane.w[i] * plane.u[j])).sum()
}

fn planes_times(planes: &[Plane], x: &DMatrix<f64>) -> DMatrix<f64> {
    let mut product = DMatrix::zeros(x.nrows(), x.ncols());
    for plane in planes {
        let (u, w) = (
            nalgebra::DVectorView::from_slice(&plane.u, plane.u.len()),
            nalgebra::DVectorView::from_slice(&plane.w, plane.w.len()),
        );
        product.ger(plane.sigma, &u, &x.tr_mul(&w), 1.0);
        product.ger(-plane.sigma, &w, &x.tr_mul(&u), 1.0);
    }
    product
}
