//! Solves with the Laplacian of a network: one inverse where it is small, conjugate gradients above.

use nalgebra::DMatrix;
use rand::RngExt;
use rayon::prelude::*;

use super::DENSE_ITEMS;
use crate::random::{Purpose, stream};
use crate::structure::hodge::Flow;
use crate::structure::hodge::solve::{Components, conjugate_gradients, laplacian};

/// Projections of the wires from which a large network is estimated: 64 tell the resistance of a single pair
/// to about 18 % and the mean of many pairs far better.
const PROJECTIONS: u64 = 64;
/// Items of a large network among which the worst pair is looked for, each with its own partner.
const LOOSEST: usize = 12;

/// Wires, what each item has of them, and which items they connect.
#[derive(Debug, Clone)]
pub(super) struct Network {
    pub(super) flow: Flow,
    pub(super) components: Components,
    diagonal: Vec<f64>,
}

impl Network {
    /// The weights of `flow` are conductances; its values are not looked at.
    pub(super) fn new(flow: Flow) -> Self {
        let mut diagonal = vec![0.0; flow.items()];
        for (pair, weight) in flow.pairs().iter().zip(flow.weights()) {
            diagonal[pair.low.index()] += weight;
            diagonal[pair.high.index()] += weight;
        }
        Self { components: Components::of(&flow), flow, diagonal }
    }

    pub(super) fn items(&self) -> usize {
        self.flow.items()
    }

    pub(super) fn component_size(&self, item: usize) -> usize {
        self.components.sizes[self.components.of_item[item]]
    }

    /// The items of each component.
    pub(super) fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.components.sizes.len()];
        for (item, &component) in self.components.of_item.iter().enumerate() {
            members[component].push(item);
        }
        members
    }

    /// The potentials of currents that sum to 0 in each component, with mean 0 there, and whether the solve converged.
    fn potentials(&self, currents: &[f64]) -> (Vec<f64>, bool) {
        let apply = |x: &[f64], y: &mut [f64]| laplacian(&self.flow, &self.diagonal, x, y);
        let (mut found, converged) = conjugate_gradients(currents, Some(&self.diagonal), apply);
        self.components.centre(&mut found);
        (found, converged)
    }

    /// The resistance of two items of one component.
    pub(super) fn between(&self, i: usize, j: usize) -> f64 {
        let mut currents = vec![0.0; self.items()];
        currents[i] += 1.0;
        currents[j] -= 1.0;
        let (found, _) = self.potentials(&currents);
        found[i] - found[j]
    }

    /// The column of the pseudo-inverse that belongs to an item, and whether its solve converged.
    fn column(&self, item: usize) -> (Vec<f64>, bool) {
        let mut currents = vec![0.0; self.items()];
        currents[item] = 1.0;
        self.components.centre(&mut currents);
        self.potentials(&currents)
    }

    /// Pairs among the items with the largest diagonal entries of the pseudo-inverse, and their most distant
    /// partners, with their exact resistances.
    pub(super) fn loosest_pairs(&self, sketch: &Sketch) -> Loosest {
        let mut order: Vec<usize> = (0..self.items()).filter(|&item| self.component_size(item) > 1).collect();
        order.sort_by(|&a, &b| sketch.diagonal[b].total_cmp(&sketch.diagonal[a]));
        order.truncate(LOOSEST);
        let mut solved = self.columns(&order);
        let component = &self.components.of_item;
        let partner = |it: &Column| {
            let others = (0..self.items()).filter(|&j| j != it.item && component[j] == component[it.item]);
            let far = |j: usize| sketch.diagonal[j] - 2.0 * it.values[j];
            others.max_by(|&a, &b| far(a).total_cmp(&far(b)).then(b.cmp(&a)))
        };
        let mut partners: Vec<usize> = solved.iter().filter_map(partner).filter(|j| !order.contains(j)).collect();
        partners.sort_unstable();
        partners.dedup();
        solved.extend(self.columns(&partners));
        let mut pairs = Vec::new();
        for (place, one) in solved.iter().enumerate() {
            for other in &solved[place + 1..] {
                let (i, j) = (one.item, other.item);
                if component[i] == component[j] {
                    pairs.push((i, j, one.values[i] + other.values[j] - one.values[j] - other.values[i]));
                }
            }
        }
        Loosest { pairs, converged: solved.iter().all(|it| it.converged) }
    }

    fn columns(&self, items: &[usize]) -> Vec<Column> {
        let column = |&item: &usize| {
            let (values, converged) = self.column(item);
            Column { item, values, converged }
        };
        items.par_iter().map(column).collect()
    }
}

/// A column of the pseudo-inverse.
struct Column {
    item: usize,
    values: Vec<f64>,
    converged: bool,
}

/// Pairs far apart, with their resistances.
pub(super) struct Loosest {
    pub(super) pairs: Vec<(usize, usize, f64)>,
    /// Whether all solves for them converged.
    pub(super) converged: bool,
}

/// For each component the inverse of its Laplacian without the row and column of its first item: potentials
/// relative to that item.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    /// For each item its component, and its place there.
    place: Vec<(usize, usize)>,
    inverses: Vec<DMatrix<f64>>,
}

impl Dense {
    /// `None` above [`DENSE_ITEMS`] items, and where conductances are so far apart that no factor exists.
    pub(super) fn of(network: &Network) -> Option<Self> {
        if network.items() > DENSE_ITEMS {
            return None;
        }
        let mut place = vec![(0, 0); network.items()];
        let members = network.members();
        for (component, items) in members.iter().enumerate() {
            for (at, &item) in items.iter().enumerate() {
                place[item] = (component, at);
            }
        }
        let mut inverses: Vec<DMatrix<f64>> =
            members.iter().map(|items| DMatrix::zeros(items.len() - 1, items.len() - 1)).collect();
        for (pair, &weight) in network.flow.pairs().iter().zip(network.flow.weights()) {
            let ((component, low), (_, high)) = (place[pair.low.index()], place[pair.high.index()]);
            let matrix = &mut inverses[component];
            for at in [low, high].into_iter().filter(|&at| at > 0) {
                matrix[(at - 1, at - 1)] += weight;
            }
            if low > 0 && high > 0 {
                matrix[(low - 1, high - 1)] -= weight;
                matrix[(high - 1, low - 1)] -= weight;
            }
        }
        let inverses = inverses.into_iter().map(|matrix| Some(matrix.cholesky()?.inverse())).collect::<Option<_>>()?;
        Some(Self { place, inverses })
    }

    /// The resistance of two items of one component.
    pub(super) fn between(&self, i: usize, j: usize) -> f64 {
        let ((component, i), (_, j)) = (self.place[i], self.place[j]);
        let inverse = &self.inverses[component];
        let entry = |a: usize, b: usize| if a > 0 && b > 0 { inverse[(a - 1, b - 1)] } else { 0.0 };
        (entry(i, i) + entry(j, j) - 2.0 * entry(i, j)).max(0.0)
    }
}

/// Random projections of a large network.
pub(super) struct Sketch {
    /// The diagonal of the pseudo-inverse, estimated.
    pub(super) diagonal: Vec<f64>,
    /// For each projection and component the trace that it alone estimates.
    by_projection: Vec<Vec<f64>>,
    /// Whether all solves converged.
    pub(super) converged: bool,
}

impl Sketch {
    pub(super) fn of(network: &Network, seed: u64) -> Self {
        let potentials: Vec<(Vec<f64>, bool)> = (0..PROJECTIONS)
            .into_par_iter()
            .map(|number| {
                let mut rng = stream(seed, Purpose::ResistanceSketch, number);
                let mut currents = vec![0.0; network.items()];
                for (pair, weight) in network.flow.pairs().iter().zip(network.flow.weights()) {
                    let current = if rng.random::<bool>() { weight.sqrt() } else { -weight.sqrt() };
                    currents[pair.low.index()] += current;
                    currents[pair.high.index()] -= current;
                }
                network.potentials(&currents)
            })
            .collect();
        let mut diagonal = vec![0.0; network.items()];
        let mut by_projection = Vec::with_capacity(potentials.len());
        for (found, _) in &potentials {
            let mut traces = vec![0.0; network.components.sizes.len()];
            for (item, potential) in found.iter().enumerate() {
                diagonal[item] += potential * potential / PROJECTIONS as f64;
                traces[network.components.of_item[item]] += potential * potential;
            }
            by_projection.push(traces);
        }
        Self { diagonal, by_projection, converged: potentials.iter().all(|(_, converged)| *converged) }
    }

    /// The trace of the pseudo-inverse in each component.
    pub(super) fn traces(&self, components: &Components) -> Vec<f64> {
        let mut traces = vec![0.0; components.sizes.len()];
        for (item, own) in self.diagonal.iter().enumerate() {
            traces[components.of_item[item]] += own;
        }
        traces
    }

    /// The mean resistance of the connected pairs, and its standard error: in a component of n items they sum
    /// to n tr L⁺.
    pub(super) fn mean(&self, components: &Components, pairs: f64) -> (f64, f64) {
        let of = |traces: &Vec<f64>| {
            traces.iter().zip(&components.sizes).map(|(trace, &size)| size as f64 * trace).sum::<f64>() / pairs
        };
        let means: Vec<f64> = self.by_projection.iter().map(of).collect();
        let n = means.len() as f64;
        let mean = means.iter().sum::<f64>() / n;
        let variance = means.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, (variance / n).sqrt())
    }
}
