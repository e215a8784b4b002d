//! `HodgeRank`: how much of the pairwise evidence a single number an item can carry, how much goes
//! round in triangles, and how much round longer loops only.
//!
//! A flow has a value on every pair that met, such as its log-odds. It splits, orthogonally in its
//! weights, into the gradient of one potential an item, a curl that is made of triangles, and a
//! harmonic rest that is consistent on each triangle and still no gradient.
//!
//! # Source
//! Jiang, Lim, Yao and Ye 2011, "Statistical ranking and combinatorial Hodge theory".

mod homology;
pub(super) mod solve;

use crate::data::ItemId;
use crate::data::graph::{Pair, PreferenceGraph, margin};

/// A flow on the pairs of a graph: how far the low item is above the high one.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    items: usize,
    pairs: Vec<Pair>,
    values: Vec<f64>,
    weights: Vec<f64>,
    /// Whether a weight is the inverse of its value's variance.
    weights_are_precisions: bool,
    /// For each item the index of the first pair in which it is the low one, and the number of pairs at
    /// the end.
    first_pair: Vec<u32>,
}

/// One value of a flow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowEdge {
    /// The item the flow comes from.
    pub from: ItemId,
    /// The item it goes to.
    pub to: ItemId,
    /// How far `from` is above `to`.
    pub value: f64,
    /// What the value weighs: the inverse of its variance, where standard errors are to be right.
    pub weight: f64,
}

/// A flow that can't be taken apart.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// An item of no graph, or a pair of an item with itself.
    #[error("a flow between items {from} and {to}, of {items}: both must be items of the graph, and different ones")]
    NoPair {
        /// The index of the first item.
        from: u32,
        /// The index of the second item.
        to: u32,
        /// The number of items.
        items: usize,
    },
    /// A value or weight that is no number, or a weight that is not positive.
    #[error(
        "the flow between items {from} and {to} is {value} with weight {weight}: a number and a positive weight are needed"
    )]
    NoNumber {
        /// The index of the first item.
        from: u32,
        /// The index of the second item.
        to: u32,
        /// The value.
        value: f64,
        /// The weight.
        weight: f64,
    },
    /// Two values for one pair.
    #[error("the flow between items {low} and {high} is given twice; add them up first")]
    Twice {
        /// The index of the lower item.
        low: u32,
        /// The index of the higher item.
        high: u32,
    },
}

impl Flow {
    /// A flow among `items` items. Its pairs are sorted, and a value given from the higher item to the
    /// lower one is turned round.
    ///
    /// # Errors
    /// If an edge joins no two items, has a value or weight that is no number, or a pair comes twice.
    pub fn new(items: usize, edges: impl IntoIterator<Item = FlowEdge>) -> Result<Self, FlowError> {
        let mut sorted = Vec::new();
        for edge in edges {
            sorted.push(oriented(edge, items)?);
        }
        sorted.sort_by_key(|edge| (edge.from, edge.to));
        if let Some(twice) = sorted.windows(2).find(|two| (two[0].from, two[0].to) == (two[1].from, two[1].to)) {
            return Err(FlowError::Twice { low: twice[0].from.0, high: twice[0].to.0 });
        }
        Ok(Self::from_sorted(items, true, sorted))
    }

    /// The log-odds of each pair that met, `log((w_ij + 1/2) / (w_ji + 1/2))`, with the inverse of their
    /// variance, `1 / (1/(w_ij + 1/2) + 1/(w_ji + 1/2))`, as weight; a tie is half a win for both, and a
    /// weight of two is two comparisons. O(cells).
    pub fn log_odds(graph: &PreferenceGraph) -> Self {
        Self::of_points(graph, true, |_, low, high| log_odds(low, high))
    }

    /// [`log_odds`](Self::log_odds) with right standard errors: weighted comparisons of a pair count as
    /// (Σw)²/Σw² of them, so that the unit of weights changes nothing. O(cells).
    pub fn log_odds_of_independent(graph: &PreferenceGraph) -> Self {
        let counts = graph.counts_a_weight();
        Self::of_points(graph, true, |pair, low, high| log_odds(counts[pair] * low, counts[pair] * high))
    }

    /// The difference of the shares of each pair that met, from −1 to 1, with its comparisons as weight.
    /// O(cells).
    pub fn win_rate_difference(graph: &PreferenceGraph) -> Self {
        Self::of_points(graph, false, |_, low, high| ((low - high) / (low + high), low + high))
    }

    /// The margin of each pair that met, points taken less points lost, each of weight 1; a tie is half
    /// a win for both. O(cells).
    pub fn margins(graph: &PreferenceGraph) -> Self {
        Self::of_points(graph, false, |_, low, high| (margin(low, high), 1.0))
    }

    fn of_points(
        graph: &PreferenceGraph,
        weights_are_precisions: bool,
        value_and_weight: impl Fn(usize, f64, f64) -> (f64, f64),
    ) -> Self {
        let sums = graph.pair_sums();
        let edges = graph.pairs().iter().enumerate().filter_map(|(index, pair)| {
            let half = sums.ties[index] / 2.0;
            let (low, high) = (sums.low_wins[index] + half, sums.high_wins[index] + half);
            let (value, weight) = value_and_weight(index, low, high);
            (low + high > 0.0).then_some(FlowEdge { from: pair.low, to: pair.high, value, weight })
        });
        Self::from_sorted(graph.items().len(), weights_are_precisions, edges.collect())
    }

    pub(super) fn from_sorted(items: usize, weights_are_precisions: bool, edges: Vec<FlowEdge>) -> Self {
        let mut first_pair = vec![0_u32; items + 1];
        for edge in &edges {
            first_pair[edge.from.index() + 1] += 1;
        }
        for item in 0..items {
            first_pair[item + 1] += first_pair[item];
        }
        Self {
            items,
            weights_are_precisions,
            first_pair,
            values: edges.iter().map(|edge| edge.value).collect(),
            weights: edges.iter().map(|edge| edge.weight).collect(),
            pairs: edges.into_iter().map(|edge| Pair { low: edge.from, high: edge.to }).collect(),
        }
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.items
    }

    /// The pairs, sorted.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// How far the low item of each pair is above the high one.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The weight of each pair.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The number of connected components, single items among them. O(pairs).
    pub fn components(&self) -> usize {
        solve::Components::of(self).sizes.len()
    }

    /// The pairs in which `item` is the low one.
    fn pairs_above(&self, item: usize) -> std::ops::Range<usize> {
        self.first_pair[item] as usize..self.first_pair[item + 1] as usize
    }

    /// Calls `visit` with the pairs ij, jk and ik of each triangle i < j < k, in that order of triangles.
    /// O(Σ over pairs of the pairs of their items).
    pub(super) fn each_triangle(&self, mut visit: impl FnMut(Triangle)) {
        for item in 0..self.items {
            let above = self.pairs_above(item);
            for ij in above.clone() {
                let (mut ik, mut jk) = (ij + 1, self.pairs_above(self.pairs[ij].high.index()));
                while ik < above.end && !jk.is_empty() {
                    let (a, b) = (self.pairs[ik].high, self.pairs[jk.start].high);
                    if a == b {
                        visit(Triangle { ij, jk: jk.start, ik });
                    }
                    ik += usize::from(a <= b);
                    jk.start += usize::from(b <= a);
                }
            }
        }
    }

    /// How far it goes from `from` to `to`, summed in the weights' norm.
    fn squared(&self, part: &[f64]) -> f64 {
        part.iter().zip(&self.weights).map(|(x, w)| w * x * x).sum()
    }

    /// The potentials whose differences come nearest to the flow. O(items³) up to
    /// [`DENSE_ITEMS`] items, conjugate gradients above.
    pub fn gradient(&self) -> Gradient {
        let (potentials, converged, components) = solve::potentials(self);
        let differences: Vec<f64> =
            self.pairs.iter().map(|pair| potentials[pair.low.index()] - potentials[pair.high.index()]).collect();
        let (total, norm) = (self.squared(&self.values), self.squared(&differences));
        Gradient { potentials, differences, total, norm, components, converged }
    }

    /// The whole decomposition. Memory O(pairs): triangles are run through and never kept. Each
    /// iteration of the curl costs a run through all triangles; where the triangles span all loops, as
    /// on a complete graph, none is needed.
    pub fn decompose(&self) -> Decomposition {
        let gradient = self.gradient();
        let rest: Vec<f64> = self.values.iter().zip(&gradient.differences).map(|(y, g)| y - g).collect();
        let loops = self.pairs.len() + gradient.components - self.items;
        let triangle_rank = homology::rank_of_triangles(self, loops);
        let (curl, curl_converged) = if triangle_rank == Some(loops) {
            (rest.clone(), true)
        } else if triangle_rank == Some(0) {
            (vec![0.0; rest.len()], true)
        } else {
            solve::curl(self, &rest)
        };
        let harmonic: Vec<f64> = rest.iter().zip(&curl).map(|(r, c)| r - c).collect();
        Decomposition {
            norms: Norms {
                total: gradient.total,
                gradient: gradient.norm,
                curl: self.squared(&curl),
                harmonic: self.squared(&harmonic),
            },
            dimensions: Dimensions {
                pairs: self.pairs.len(),
                gradient: self.items - gradient.components,
                curl: triangle_rank,
                harmonic: triangle_rank.map(|rank| loops - rank),
            },
            converged: gradient.converged && curl_converged,
            potentials: gradient.potentials,
            gradient: gradient.differences,
            curl,
            harmonic,
        }
    }

    /// The number of triangles.
    pub fn triangles(&self) -> u64 {
        let mut count = 0;
        self.each_triangle(|_| count += 1);
        count
    }

    /// The `count` triangles with the largest curl in absolute value, largest first, equal ones in the
    /// order of their items. O(triangles · log count), memory O(count).
    pub fn largest_curls(&self, count: usize) -> Vec<TriangleCurl> {
        self.first_curls(count, |found| found.curl.abs())
    }

    /// The `count` triangles whose curl is the largest multiple of its standard error, clearest first; without
    /// standard errors the largest. O(triangles · log count), memory O(count).
    pub fn clearest_curls(&self, count: usize) -> Vec<TriangleCurl> {
        self.first_curls(count, |found| found.curl.abs() / found.std_error.unwrap_or(1.0))
    }

    fn first_curls(&self, count: usize, size: impl Fn(&TriangleCurl) -> f64) -> Vec<TriangleCurl> {
        let mut kept: Vec<TriangleCurl> = Vec::new();
        let mut least = 0.0;
        self.each_triangle(|triangle| {
            let found = self.triangle_curl(triangle);
            if count > 0 && (kept.len() < count || size(&found) > least) {
                kept.push(found);
                if kept.len() >= 2 * count.max(8) {
                    least = keep_largest(&mut kept, count, &size);
                }
            }
        });
        keep_largest(&mut kept, count, &size);
        kept
    }

    /// The curl of every triangle i < j < k, in the order of their items. Memory O(triangles).
    pub fn curls(&self) -> Vec<TriangleCurl> {
        let mut all = Vec::new();
        self.each_triangle(|triangle| all.push(self.triangle_curl(triangle)));
        all
    }

    fn curl_around(&self, Triangle { ij, jk, ik }: Triangle) -> f64 {
        self.values[ij] + self.values[jk] - self.values[ik]
    }

    fn triangle_curl(&self, triangle: Triangle) -> TriangleCurl {
        let Triangle { ij, jk, ik } = triangle;
        let variance = 1.0 / self.weights[ij] + 1.0 / self.weights[jk] + 1.0 / self.weights[ik];
        TriangleCurl {
            items: [self.pairs[ij].low, self.pairs[ij].high, self.pairs[ik].high],
            curl: self.curl_around(triangle),
            std_error: self.weights_are_precisions.then(|| variance.sqrt()),
        }
    }
}

/// Up to this many items potentials are solved for by one dense factorisation.
pub const DENSE_ITEMS: usize = 400;

/// The log-odds of so many points, half a point given to either side, and their precision.
fn log_odds(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = (low + 0.5, high + 0.5);
    ((low / high).ln(), 1.0 / (1.0 / low + 1.0 / high))
}

fn oriented(edge: FlowEdge, items: usize) -> Result<FlowEdge, FlowError> {
    let FlowEdge { from, to, value, weight } = edge;
    if from == to || from.index().max(to.index()) >= items {
        return Err(FlowError::NoPair { from: from.0, to: to.0, items });
    }
    if !value.is_finite() || !weight.is_finite() || weight <= 0.0 {
        return Err(FlowError::NoNumber { from: from.0, to: to.0, value, weight });
    }
    Ok(if from < to { edge } else { FlowEdge { from: to, to: from, value: -value, weight } })
}

/// Sorts by size, keeps the first `count` and tells the least of them.
fn keep_largest(kept: &mut Vec<TriangleCurl>, count: usize, size: impl Fn(&TriangleCurl) -> f64) -> f64 {
    kept.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.items.cmp(&b.items)));
    kept.truncate(count);
    if kept.len() < count { 0.0 } else { kept.last().map_or(0.0, size) }
}

/// The indices of the pairs of a triangle i < j < k.
#[derive(Debug, Clone, Copy)]
pub(super) struct Triangle {
    pub(super) ij: usize,
    pub(super) jk: usize,
    pub(super) ik: usize,
}

/// The part of a flow that one number an item carries.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// One potential an item, in the flow's units, with mean 0 in each connected component.
    pub potentials: Vec<f64>,
    /// Their differences, by pair.
    pub differences: Vec<f64>,
    /// Σ w y² of the flow.
    pub total: f64,
    /// Σ w g² of the differences.
    pub norm: f64,
    /// The number of connected components, single items among them.
    pub components: usize,
    /// Whether the solve met its tolerance.
    pub converged: bool,
}

impl Gradient {
    /// The share of the flow that no potentials carry, from 0 to 1; 0 of a flow that is zero.
    pub fn cyclicity(&self) -> f64 {
        cyclicity(self.norm, self.total)
    }
}

fn cyclicity(gradient: f64, total: f64) -> f64 {
    if total > 0.0 { (1.0 - gradient / total).clamp(0.0, 1.0) } else { 0.0 }
}

/// A flow as a sum of three orthogonal parts. By pair, in the order of [`Flow::pairs`].
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// One potential an item, in the flow's units, with mean 0 in each connected component.
    pub potentials: Vec<f64>,
    /// The differences of the potentials.
    pub gradient: Vec<f64>,
    /// What is made of loops round triangles.
    pub curl: Vec<f64>,
    /// What is made of longer loops only: its curl is 0 on each triangle.
    pub harmonic: Vec<f64>,
    /// The squared length of each part.
    pub norms: Norms,
    /// The room each part has.
    pub dimensions: Dimensions,
    /// Whether all solves met their tolerance.
    pub converged: bool,
}

/// Squared lengths Σ w x², of a flow and its parts; those of the parts add up to that of the flow.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Norms {
    /// Of the flow.
    pub total: f64,
    /// Of the gradient.
    pub gradient: f64,
    /// Of the curl.
    pub curl: f64,
    /// Of the harmonic part.
    pub harmonic: f64,
}

impl Norms {
    /// The share of the flow that no potentials carry, from 0 to 1; 0 of a flow that is zero.
    pub fn cyclicity(&self) -> f64 {
        cyclicity(self.gradient, self.total)
    }

    /// The share that goes round in triangles; 0 of a flow that is zero.
    pub fn curl_share(&self) -> f64 {
        if self.total > 0.0 { self.curl / self.total } else { 0.0 }
    }

    /// The share that goes round in longer loops only; 0 of a flow that is zero.
    pub fn harmonic_share(&self) -> f64 {
        if self.total > 0.0 { self.harmonic / self.total } else { 0.0 }
    }
}

/// The dimensions of the spaces of all flows on the pairs, and of each part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Dimensions {
    /// Of all flows: the number of pairs.
    pub pairs: usize,
    /// Of gradients: items minus components.
    pub gradient: usize,
    /// Of curls: the rank of the triangles. `None` where finding it takes too long.
    pub curl: Option<usize>,
    /// Of harmonic flows: the number of holes that triangles don't fill.
    pub harmonic: Option<usize>,
}

/// How much a flow gains going round one triangle i → j → k → i, i < j < k.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct TriangleCurl {
    /// i, j and k.
    #[serde(skip)]
    pub items: [ItemId; 3],
    /// `y_ij + y_jk − y_ik`, in the flow's units: of log-odds, the log odds ratio of the cycle. Above 0
    /// where the cycle runs i beats j beats k beats i.
    pub curl: f64,
    /// √(Σ 1/w) over the three pairs, where weights are inverse variances.
    pub std_error: Option<f64>,
}

#[cfg(test)]
mod tests;
