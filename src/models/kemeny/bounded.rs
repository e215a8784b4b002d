//! The best order of one strong component of more items than all subsets can be gone through for.

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::data::ItemId;

/// Up to this many items of a strong component the order is looked for with a proof.
pub const BOUNDED_ITEMS: usize = 64;
/// The search ends without a proof when it has kept this many subsets.
const MOST_STATES: usize = 2_000_000;
/// Costs that differ by no more than this share of all margins are equal: what rounding leaves.
const ROUNDING: f64 = 1e-12;

/// The margins among some items, which are numbered from 0 in an order that is known to be good.
pub(super) struct Margins {
    items: usize,
    /// At `i * items + j` by how much i is above j; 0 where it is not.
    above: Vec<f64>,
    /// Weights that differ by no more are equal.
    tolerance: f64,
}

/// What the search found.
pub(super) struct Found {
    /// The best order found.
    pub(super) order: Vec<usize>,
    /// No order has less weight against it.
    pub(super) bound: f64,
}

/// A set of items that an order may begin with, and the best way found to order it.
#[derive(Clone, Copy)]
struct State {
    set: u64,
    /// The weight of the majorities against: of items behind over items in the set, and within it.
    cost: f64,
    /// At least so much more is against any order of the other items.
    rest: f64,
    /// The state without the last item, in the layer before.
    parent: u32,
    last: u8,
}

/// A cycle of three items, one of whose majorities every order is against.
#[derive(Clone, Copy)]
struct Triangle {
    set: u64,
    weight: f64,
}

impl Margins {
    pub(super) fn of(majority: &DiGraph<ItemId, f64>, order: &[ItemId]) -> Self {
        let items = order.len();
        let mut place = vec![None; majority.node_count()];
        for (at, item) in order.iter().enumerate() {
            place[item.index()] = Some(at);
        }
        let mut margins = vec![0.0; items * items];
        for (at, item) in order.iter().enumerate() {
            for arc in majority.edges(NodeIndex::new(item.index())) {
                if let Some(to) = place[arc.target().index()] {
                    margins[at * items + to] = *arc.weight();
                }
            }
        }
        let tolerance = ROUNDING * margins.iter().sum::<f64>();
        Self { items, above: margins, tolerance }
    }

    fn over(&self, i: usize, j: usize) -> f64 {
        self.above[i * self.items + j]
    }

    /// The weight against the order in which the items are numbered.
    pub(super) fn against_order(&self) -> f64 {
        (0..self.items).flat_map(|above| (0..above).map(move |below| self.over(above, below))).sum()
    }

    /// Dynamic programming over the sets that an order may begin with, layer by layer, of which only those
    /// are kept that may lead to something better than the order known.
    ///
    /// # Source
    /// The bound of disjoint cycles of three: Davenport and Kalagnanam 2004; Conitzer, Davenport and
    /// Kalagnanam 2006. A best order has no block that is better behind the item that follows it, so that
    /// an item is not put where moving it up helps.
    pub(super) fn search(&self) -> Found {
        let n = self.items;
        let known = self.against_order();
        let order = || (0..n).collect::<Vec<_>>();
        if n > BOUNDED_ITEMS {
            return Found { order: order(), bound: self.disjoint_triangles() };
        }
        let through = self.triangles_through();
        let tolerance = self.tolerance;
        // What is not among the states kept is no better than what is known.
        let proved = |open: &[State]| open.iter().map(|state| state.cost + state.rest).fold(known, f64::min);
        let mut layers = vec![vec![State { set: 0, cost: 0.0, rest: self.disjoint_triangles(), parent: 0, last: 0 }]];
        let mut kept = 1;
        for _ in 0..n {
            let mut next = Vec::new();
            let layer = layers.len() - 1;
            for parent in 0..layers[layer].len() {
                self.children(&layers, parent, &through, known - tolerance, |state| next.push(state));
                if next.len() > 2 * MOST_STATES {
                    return Found { order: order(), bound: proved(&layers[layer]) };
                }
            }
            next.sort_by(|a, b| (a.set, a.last).cmp(&(b.set, b.last)).then(a.cost.total_cmp(&b.cost)));
            // Of equal sets the cheapest; of equally cheap ones that with the lowest last item.
            next.dedup_by(|other, best| {
                let same = other.set == best.set;
                if same && other.cost < best.cost - tolerance {
                    *best = *other;
                }
                same
            });
            kept += next.len();
            if kept > MOST_STATES {
                return Found { order: order(), bound: proved(&next) };
            }
            layers.push(next);
        }
        match layers[n].first() {
            // Nothing is better than what was known.
            None => Found { order: order(), bound: known },
            Some(best) => Found { order: self.path(&layers), bound: best.cost },
        }
    }

    /// The sets with one item more that an optimal order may begin with, if it has less than `most` against it.
    fn children(
        &self,
        layers: &[Vec<State>],
        parent: usize,
        through: &[Vec<Triangle>],
        most: f64,
        mut add: impl FnMut(State),
    ) {
        let layer = layers.len() - 1;
        let state = layers[layer][parent];
        let behind = self.all() & !state.set;
        for item in members(behind) {
            let cost = state.cost + members(behind).map(|other| self.over(other, item)).sum::<f64>();
            let broken = through[item].iter().filter(|it| it.set & behind == it.set);
            let rest = state.rest - broken.map(|it| it.weight).sum::<f64>();
            if cost + rest >= most {
                continue;
            }
            // By how much the block of items just before, however long, is above the item.
            let (mut above, mut at, mut helps) = (0.0, parent, false);
            for back in (1..=layer).rev() {
                let before = layers[back][at];
                above += self.over(before.last as usize, item) - self.over(item, before.last as usize);
                helps |= above < -self.tolerance;
                if helps {
                    break;
                }
                at = before.parent as usize;
            }
            if !helps {
                add(State { set: state.set | 1 << item, cost, rest, parent: parent as u32, last: item as u8 });
            }
        }
    }

    /// The order that leads to the only state of the last layer.
    fn path(&self, layers: &[Vec<State>]) -> Vec<usize> {
        let (mut order, mut at) = (Vec::with_capacity(self.items), 0);
        for layer in layers[1..].iter().rev() {
            order.push(layer[at].last as usize);
            at = layer[at].parent as usize;
        }
        order.reverse();
        order
    }

    /// All items, as a set.
    fn all(&self) -> u64 {
        if self.items >= 64 { u64::MAX } else { (1 << self.items) - 1 }
    }

    /// For each item the cycles of three that it is on, of some that share no weight: what is left of the
    /// margins after each is taken out.
    fn triangles_through(&self) -> Vec<Vec<Triangle>> {
        let mut through = vec![Vec::new(); self.items];
        self.each_triangle(|items, weight| {
            let triangle = Triangle { set: items.into_iter().map(|item| 1_u64 << item).sum(), weight };
            for item in items {
                through[item].push(triangle);
            }
        });
        through
    }

    /// The weight of such cycles.
    fn disjoint_triangles(&self) -> f64 {
        let mut sum = 0.0;
        self.each_triangle(|_, weight| sum += weight);
        sum
    }

    fn each_triangle(&self, mut each: impl FnMut([usize; 3], f64)) {
        let n = self.items;
        let mut left = self.above.clone();
        let below = |item: usize| (0..n).filter(|&other| self.over(item, other) > 0.0).collect::<Vec<_>>();
        let below: Vec<Vec<usize>> = (0..n).map(below).collect();
        for i in 0..n {
            for &j in below[i].iter().filter(|&&j| j > i) {
                for &k in below[j].iter().filter(|&&k| k > i) {
                    let arcs = [i * n + j, j * n + k, k * n + i];
                    let weight = arcs.iter().fold(f64::INFINITY, |least: f64, &arc| least.min(left[arc]));
                    if weight > 0.0 {
                        for arc in arcs {
                            left[arc] -= weight;
                        }
                        each([i, j, k], weight);
                    }
                }
            }
        }
    }
}

fn members(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let item = (set != 0).then(|| set.trailing_zeros() as usize)?;
        set &= set - 1;
        Some(item)
    })
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rand::seq::SliceRandom;

    use super::*;
    use crate::random::{Purpose, stream};
    use crate::structure::feedback_arcs::{FeedbackArcs, Search};

    /// A tournament in which the item of the lower number mostly wins, and by how much.
    fn tournament(items: u32, upsets: f64, seed: u64) -> DiGraph<ItemId, f64> {
        let mut rng = stream(seed, Purpose::TaskOrders, 0);
        let mut majority = DiGraph::new();
        let nodes: Vec<NodeIndex> = (0..items).map(|item| majority.add_node(ItemId(item))).collect();
        for (high, &below) in nodes.iter().enumerate() {
            for &above in &nodes[..high] {
                let (from, to) = if rng.random_bool(upsets) { (below, above) } else { (above, below) };
                majority.add_edge(from, to, f64::from(rng.random_range(1..=5)));
            }
        }
        majority
    }

    fn weight_against(margins: &Margins, order: &[usize]) -> f64 {
        let pairs = (0..order.len()).flat_map(|above| (above + 1..order.len()).map(move |below| (above, below)));
        pairs.map(|(above, below)| margins.over(order[below], order[above])).sum()
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "whole weights are exact")]
    fn from_any_order_the_minimum_of_all_subsets_is_found() {
        for seed in 0..40 {
            let items = 6 + seed % 7;
            let majority = tournament(items as u32, 0.4, seed);
            let mut order: Vec<ItemId> = majority.node_weights().copied().collect();
            order.shuffle(&mut stream(seed, Purpose::TaskOrders, 1));
            let margins = Margins::of(&majority, &order);
            let found = margins.search();
            let exact = FeedbackArcs::of(&majority, Search::Best);
            assert_eq!((exact.exact, found.bound), (true, exact.weight), "{seed}");
            assert_eq!(weight_against(&margins, &found.order), exact.weight, "{seed}");
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "whole weights are exact")]
    fn an_order_that_is_not_the_best_is_beaten() {
        for (items, seed) in [(26, 1), (32, 2), (38, 3)] {
            let majority = tournament(items, 0.04, seed);
            let mut order: Vec<ItemId> = majority.node_weights().copied().collect();
            let line = Margins::of(&majority, &order);
            // Neighbours change places here and there.
            for place in [2, 9, 15, 21] {
                order.swap(place, place + 1);
            }
            let worse = Margins::of(&majority, &order);
            let (found, from_line) = (worse.search(), line.search());
            assert!(found.bound < worse.against_order(), "{items}");
            assert_eq!(weight_against(&worse, &found.order), found.bound, "{items}");
            assert_eq!(found.bound, from_line.bound, "{items}");
        }
    }
}
