//! Effective resistance: how well a graph of comparisons ties two items together.
//!
//! Each pair that met is a wire whose conductance is its number of comparisons. The effective resistance
//! between two items, in units of 1/comparisons, is the resistance of the whole network between them: `1/n`
//! for a pair that met `n` times and is connected no other way, less with every other path, infinite where
//! there is no path. It needs no outcome, so it tells of a schedule before anyone has played.
//!
//! Where all items are equally good, a comparison has the Fisher information 1/4 on the difference of its two
//! log-odds ratings, a tie counting as half a win for both. So the variance of the Bradley-Terry estimate of a
//! difference is four times the resistance, and its standard error in Elo points
//! `2 √R · 400/ln 10`. Items that differ make it larger, and resistance tells by how much the shape of the
//! graph alone does.
//!
//! # Source
//! Klein and Randić 1993 for the distance; Foster 1949 for the sum over the pairs that met, `Σ n_e R_e = items
//! − components`; Ghosh, Boyd and Saberi 2008 on the mean, which the complete graph makes smallest.

mod regular;
mod shapes;
mod solve;

use crate::data::ItemId;
use crate::data::graph::{Pair, PreferenceGraph};

use self::solve::{Dense, Network, Sketch};
use super::hodge::{Flow, FlowEdge};

pub use self::shapes::{Shape, ShapeResistance, shapes};

/// Up to this many items the Laplacian is inverted, and every number is exact but for rounding.
///
/// Above it the mean is estimated from random projections with its standard error, and the worst pair is the
/// worst of those near the items that these show to be loosest: its own resistance is solved for, and another
/// pair may have a larger one.
pub const DENSE_ITEMS: usize = 700;

/// Effective resistances between the items of a graph of comparisons, in 1/comparisons.
#[derive(Debug, Clone)]
pub struct Resistance {
    /// Items.
    pub items: usize,
    /// Pairs that met, in comparisons of positive weight.
    pub met_pairs: usize,
    /// Comparisons of positive weight.
    pub comparisons: f64,
    /// Pairs of items that the graph connects.
    pub connected_pairs: u64,
    /// Pairs of items that it does not connect: their resistance is infinite.
    pub infinite_pairs: u64,
    /// The mean over the connected pairs; `None` where there are none.
    pub mean_connected: Option<f64>,
    /// The standard error of that mean where it is an estimate; `None` where it is exact.
    pub mean_error: Option<f64>,
    /// The connected pairs with the largest resistances, largest first, equal ones by item.
    pub worst_connected: Vec<PairResistance>,
    /// For each item its mean resistance to the others that it is connected with; `None` for a single one.
    pub by_item: Vec<Option<f64>>,
    /// Whether every iterative solve converged; true where there is none.
    pub converged: bool,
    network: Network,
    dense: Option<Dense>,
}

/// The effective resistance of a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairResistance {
    /// The two items.
    pub pair: Pair,
    /// In 1/comparisons.
    pub resistance: f64,
}

impl Resistance {
    /// Resistances of a graph, with the `listed` worst pairs. `seed` matters above [`DENSE_ITEMS`] items only.
    ///
    /// O(items³) up to [`DENSE_ITEMS`] items. Above, about a hundred solves by conjugate gradients:
    /// O(pairs × iterations) each, iterations being about the root of the ratio of the Laplacian's largest to its
    /// smallest eigenvalue.
    ///
    /// # Source
    /// Above the limit: Spielman and Srivastava 2011 for the projections, Hutchinson 1990 for the mean.
    pub fn of(graph: &PreferenceGraph, listed: usize, seed: u64) -> Self {
        Self::of_network(network(graph), listed, seed)
    }

    fn of_network(network: Network, listed: usize, seed: u64) -> Self {
        match Dense::of(&network) {
            Some(dense) => Self::exact(network, dense, listed),
            None => Self::estimated(network, listed, seed),
        }
    }

    /// The mean over all pairs; `None` where some are infinite, or there are none.
    pub fn mean(&self) -> Option<f64> {
        self.mean_connected.filter(|_| self.infinite_pairs == 0)
    }

    /// The worst pair; `None` where some are infinite, or there are none.
    pub fn worst(&self) -> Option<PairResistance> {
        self.worst_connected.first().copied().filter(|_| self.infinite_pairs == 0)
    }

    /// Whether every number is exact but for rounding, the worst pair among them.
    pub fn is_exact(&self) -> bool {
        self.dense.is_some()
    }

    /// The resistance between two items: infinite where nothing connects them, 0 between an item and itself.
    /// O(1) up to [`DENSE_ITEMS`] items, one solve above.
    pub fn between(&self, i: ItemId, j: ItemId) -> f64 {
        let components = &self.network.components.of_item;
        if components[i.index()] != components[j.index()] {
            return f64::INFINITY;
        }
        match &self.dense {
            Some(dense) => dense.between(i.index(), j.index()),
            None => self.network.between(i.index(), j.index()),
        }
    }

    fn empty(network: Network) -> Self {
        let items = network.items();
        let all = pairs_of(items);
        let connected = network.components.sizes.iter().map(|&size| pairs_of(size)).sum();
        Self {
            items,
            met_pairs: network.flow.pairs().len(),
            comparisons: network.flow.weights().iter().sum(),
            connected_pairs: connected,
            infinite_pairs: all - connected,
            mean_connected: None,
            mean_error: None,
            worst_connected: Vec::new(),
            by_item: vec![None; items],
            converged: true,
            network,
            dense: None,
        }
    }

    fn exact(network: Network, dense: Dense, listed: usize) -> Self {
        let mut found = Self::empty(network);
        let (mut sums, mut total) = (vec![0.0; found.items], 0.0);
        let mut worst = Worst::new(listed);
        for members in found.network.members() {
            for (place, &i) in members.iter().enumerate() {
                for &j in &members[place + 1..] {
                    let resistance = dense.between(i, j);
                    total += resistance;
                    sums[i] += resistance;
                    sums[j] += resistance;
                    worst.offer(i, j, resistance);
                }
            }
        }
        let size = |item: usize| found.network.component_size(item);
        found.by_item =
            sums.iter().enumerate().map(|(i, sum)| (size(i) > 1).then(|| sum / (size(i) - 1) as f64)).collect();
        found.mean_connected = (found.connected_pairs > 0).then(|| total / found.connected_pairs as f64);
        found.worst_connected = worst.sorted();
        found.dense = Some(dense);
        found
    }

    fn estimated(network: Network, listed: usize, seed: u64) -> Self {
        let mut found = Self::empty(network);
        let sketch = Sketch::of(&found.network, seed);
        let size = |item: usize| found.network.component_size(item) as f64;
        let traces = sketch.traces(&found.network.components);
        // Over the others of a component of n items the resistances to i sum to n L⁺_ii + tr L⁺.
        let mean_of = |(i, own): (usize, &f64)| {
            let trace = traces[found.network.components.of_item[i]];
            (size(i) > 1.0).then(|| (size(i) * own + trace) / (size(i) - 1.0))
        };
        found.by_item = sketch.diagonal.iter().enumerate().map(mean_of).collect();
        if found.connected_pairs > 0 {
            let (mean, error) = sketch.mean(&found.network.components, found.connected_pairs as f64);
            (found.mean_connected, found.mean_error) = (Some(mean), Some(error));
        }
        let mut worst = Worst::new(listed);
        let loosest = found.network.loosest_pairs(&sketch);
        for &(i, j, resistance) in &loosest.pairs {
            worst.offer(i, j, resistance);
        }
        found.converged = sketch.converged && loosest.converged;
        found.worst_connected = worst.sorted();
        found
    }
}

/// Pairs with comparisons, as conductances.
fn network(graph: &PreferenceGraph) -> Network {
    let mut counts = vec![0.0; graph.pairs().len()];
    for (cell, sum) in graph.cells().iter().zip(graph.sums()).filter(|(_, sum)| sum.weight > 0.0) {
        counts[cell.pair as usize] += sum.count;
    }
    let met = graph.pairs().iter().zip(counts).filter(|(_, count)| *count > 0.0);
    let wires = met.map(|(pair, count)| FlowEdge { from: pair.low, to: pair.high, value: 0.0, weight: count });
    Network::new(Flow::from_sorted(graph.items().len(), true, wires.collect()))
}

fn pairs_of(items: usize) -> u64 {
    let items = items as u64;
    items * items.saturating_sub(1) / 2
}

/// Resistances closer than this share are equal: rounding must not choose between pairs of equal standing.
const EQUAL: f64 = 1e-9;

/// The pairs with the largest resistances so far.
struct Worst {
    listed: usize,
    kept: Vec<PairResistance>,
    /// A resistance that is not kept if it is smaller.
    least: f64,
}

impl Worst {
    fn new(listed: usize) -> Self {
        Self { listed, kept: Vec::new(), least: 0.0 }
    }

    fn offer(&mut self, i: usize, j: usize, resistance: f64) {
        if self.listed == 0 || resistance < self.least * (1.0 - EQUAL) {
            return;
        }
        let pair = Pair { low: ItemId(i.min(j) as u32), high: ItemId(i.max(j) as u32) };
        self.kept.push(PairResistance { pair, resistance });
        if self.kept.len() >= 2 * self.listed.max(8) {
            self.keep_worst();
        }
    }

    fn keep_worst(&mut self) {
        self.kept.sort_by(|a, b| b.resistance.total_cmp(&a.resistance).then(a.pair.cmp(&b.pair)));
        for group in self.kept.chunk_by_mut(|a, b| b.resistance >= a.resistance * (1.0 - EQUAL)) {
            group.sort_by_key(|it| it.pair);
        }
        self.kept.truncate(self.listed);
        self.least = if self.kept.len() < self.listed { 0.0 } else { self.kept.last().map_or(0.0, |it| it.resistance) };
    }

    fn sorted(mut self) -> Vec<PairResistance> {
        self.keep_worst();
        self.kept
    }
}

#[cfg(test)]
mod tests;
