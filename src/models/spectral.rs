//! Raters that are stationary vectors of the matrix of points: an item is good if it beats good
//! items.

use super::win_rate::for_each_side;
use super::{
    Convergence, Evidence, FitError, Fitted, Laws, Mirror, Needs, PlainFit, Rater, RaterEntry, Setting, Units,
};
use crate::data::graph::PreferenceGraph;
use crate::structure::Identification;

pub(super) const EIGENVECTOR: RaterEntry = RaterEntry {
    name: "eigenvector",
    summary: "leading right eigenvector of wins + ties/2, of length 1: an item is good if it beats good items",
    needs: Needs::Counts,
    units: Units::Weight,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[],
    build: |_| Ok(Box::new(Eigenvector)),
};

pub(super) const PAGERANK: RaterEntry = RaterEntry {
    name: "pagerank",
    summary: "PageRank of the graph in which losers link to winners; sums to 1",
    needs: Needs::Counts,
    units: Units::Weight,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[Setting { name: "damping", default: "0.85", summary: "chance of following a link, in [0, 1)" }],
    build: |settings| {
        let damping =
            settings.number("damping", 0.85, "a number from 0 to below 1", |d: f64| (0.0..1.0).contains(&d))?;
        Ok(Box::new(PageRank { damping }))
    },
};

/// A vector has converged when no entry moves by more than this in an iteration.
const TOLERANCE: f64 = 1e-14;
const MAX_ITERATIONS: u32 = 10_000;

/// The leading right eigenvector of M, `M_ij` being the points that i took from j, with unit 2-norm.
///
/// # Source
/// Landau 1895; Keener 1993. evalica's `eigen` multiplies by the transpose, which puts the item
/// that loses to the strongest on top: a deviation on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Eigenvector;

/// `PageRank` with a uniform jump; an item that never lost links to all.
///
/// # Source
/// Brin and Page 1998; equal to evalica's `pagerank`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageRank {
    /// The chance of following a link instead of jumping.
    pub damping: f64,
}

impl Default for PageRank {
    fn default() -> Self {
        Self { damping: 0.85 }
    }
}

/// The nonzero points that one item took from another, as a list.
struct Points {
    winner: Vec<u32>,
    loser: Vec<u32>,
    taken: Vec<f64>,
}

impl Points {
    fn of(graph: &PreferenceGraph) -> Self {
        let mut list = Self { winner: Vec::new(), loser: Vec::new(), taken: Vec::new() };
        for_each_side(&graph.pair_sums(), |item, opponent, taken, _| {
            if taken > 0.0 {
                list.winner.push(item as u32);
                list.loser.push(opponent as u32);
                list.taken.push(taken);
            }
        });
        list
    }

    /// Adds M x to `y`.
    fn multiply(&self, x: &[f64], y: &mut [f64]) {
        for ((&winner, &loser), points) in self.winner.iter().zip(&self.loser).zip(&self.taken) {
            y[winner as usize] += points * x[loser as usize];
        }
    }

    fn column_sums(&self, items: usize) -> Vec<f64> {
        let mut sums = vec![0.0; items];
        for (&loser, points) in self.loser.iter().zip(&self.taken) {
            sums[loser as usize] += points;
        }
        sums
    }
}

/// Repeats `next(x, y)` from `start` until x stands still.
fn iterate(start: Vec<f64>, mut next: impl FnMut(&[f64], &mut [f64])) -> (Vec<f64>, Convergence) {
    let (mut x, mut y) = (start.clone(), start);
    for iterations in 1..=MAX_ITERATIONS {
        next(&x, &mut y);
        let moved = x.iter().zip(&y).fold(0.0_f64, |most, (x, y)| most.max((x - y).abs()));
        std::mem::swap(&mut x, &mut y);
        if moved <= TOLERANCE {
            return (x, Convergence { converged: true, iterations, gradient_norm: None });
        }
    }
    (x, Convergence { converged: false, iterations: MAX_ITERATIONS, gradient_norm: None })
}

impl Rater for Eigenvector {
    /// Power iteration: O(pairs) each, as many as the gap of the two leading eigenvalues asks for.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let items = evidence.graph.items().len();
        let mut points = Points::of(evidence.graph);
        let total: f64 = points.taken.iter().sum();
        points.taken.iter_mut().for_each(|taken| *taken /= total);
        // A multiple of the identity changes no eigenvector and keeps a periodic matrix from cycling.
        let shift = 0.5 / items.max(1) as f64;
        let (ratings, convergence) = iterate(vec![1.0 / (items as f64).sqrt(); items], |x, y| {
            y.iter_mut().zip(x).for_each(|(y, x)| *y = shift * x);
            points.multiply(x, y);
            let norm = y.iter().map(|y| y * y).sum::<f64>().sqrt();
            if norm > 0.0 {
                for y in y.iter_mut() {
                    *y /= norm;
                }
            }
        });
        Ok(PlainFit::boxed(evidence.graph, ratings, convergence, Identification::by_strong_connection(evidence.graph)))
    }
}

impl Rater for PageRank {
    /// Power iteration: O(pairs) each, at most ln(1e-14)/ln(damping) of them.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let items = evidence.graph.items().len();
        let mut points = Points::of(evidence.graph);
        let lost = points.column_sums(items);
        for (&loser, points) in points.loser.iter().zip(&mut points.taken) {
            *points *= self.damping / lost[loser as usize];
        }
        let (ratings, convergence) = iterate(vec![1.0 / items as f64; items], |x, y| {
            let undefeated: f64 = x.iter().zip(&lost).filter(|(_, lost)| **lost <= 0.0).map(|(x, _)| x).sum();
            let jump = (1.0 - self.damping + self.damping * undefeated) / items as f64;
            y.fill(jump);
            points.multiply(x, y);
        });
        Ok(PlainFit::boxed(evidence.graph, ratings, convergence, Identification::by_connection(evidence.graph)))
    }
}
