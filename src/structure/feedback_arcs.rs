//! Minimum feedback arc sets: the lightest arcs whose removal leaves no cycle, and the order in which
//! all others lead down.

mod exact;
mod greedy;

use petgraph::graph::{DiGraph, EdgeReference, NodeIndex};
use petgraph::visit::EdgeRef;

use super::Connectivity;
use crate::data::ItemId;

pub use self::exact::EXACT_ITEMS;

/// An arc and its weight: of a majority digraph, who beat whom by what margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightedArc {
    /// Where it starts: the item with the majority.
    pub from: ItemId,
    /// Where it leads.
    pub to: ItemId,
    /// Its weight, more than 0.
    pub weight: f64,
}

impl WeightedArc {
    /// All arcs of a digraph.
    pub fn all(digraph: &DiGraph<ItemId, f64>) -> Vec<Self> {
        let arc = |arc: EdgeReference<'_, f64>| Self {
            from: digraph[arc.source()],
            to: digraph[arc.target()],
            weight: *arc.weight(),
        };
        digraph.edge_references().map(arc).collect()
    }
}

/// How a feedback arc set was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Search {
    /// The minimum in each strong component of up to [`EXACT_ITEMS`] items; in larger ones, and where
    /// dozens of that size would take long, the greedy order, improved by moving single items for as long
    /// as that helps.
    #[default]
    Best,
    /// The greedy order alone, of all items at once.
    Greedy,
}

/// Arcs that lead up in an order of the items.
///
/// # Source
/// Of net margins the order of the minimum is Kemeny's. Exact: dynamic programming over subsets
/// (Lawler 1964). Greedy: Eades, Lin and Smyth 1993, here with weights, which petgraph's
/// `greedy_feedback_arc_set` leaves aside.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedbackArcs {
    /// All items, from the top down.
    pub order: Vec<ItemId>,
    /// The arcs that lead up in it, heaviest first.
    pub removed: Vec<WeightedArc>,
    /// Their weight.
    pub weight: f64,
    /// The weight of all arcs.
    pub total_weight: f64,
    /// Whether no lighter set exists.
    pub exact: bool,
}

/// Steps that all exact orders together may take: a second or two of one core.
const EXACT_STEPS: f64 = 4e8;

impl FeedbackArcs {
    /// A feedback arc set of a digraph whose node k is item k, without loops, and whose weights are
    /// positive.
    ///
    /// An arc between strong components is on no cycle, so each component is ordered for itself.
    /// Exact: O(2ⁿ n) in time and memory of 8 · 2ⁿ bytes for the n items of a component; the order is
    /// the first by ids among the best. Greedy: O(arcs log arcs) and, with moves, as much for each of
    /// at most 50 rounds.
    pub fn of(digraph: &DiGraph<ItemId, f64>, search: Search) -> Self {
        let mut exact = false;
        let order = match search {
            Search::Greedy => {
                let all: Vec<ItemId> = digraph.node_weights().copied().collect();
                let order = greedy::order(&Local::new(digraph, &all));
                order.into_iter().map(|place| all[place]).collect()
            }
            Search::Best => {
                let components = ordered_components(digraph);
                exact = components.iter().all(|component| component.exact);
                components.into_iter().flat_map(|component| component.items).collect()
            }
        };
        let mut found = Self::of_order(digraph, order);
        found.exact = match search {
            Search::Best => exact,
            Search::Greedy => found.removed.is_empty(),
        };
        found
    }

    /// The arcs of `digraph` that lead up in `order`, of which no more is claimed.
    fn of_order(digraph: &DiGraph<ItemId, f64>, order: Vec<ItemId>) -> Self {
        let mut place = vec![0; digraph.node_count()];
        for (at, item) in order.iter().enumerate() {
            place[item.index()] = at;
        }
        let mut removed = WeightedArc::all(digraph);
        removed.retain(|arc| place[arc.from.index()] > place[arc.to.index()]);
        removed.sort_by(|a, b| b.weight.total_cmp(&a.weight).then((a.from, a.to).cmp(&(b.from, b.to))));
        Self {
            order,
            // Not a sum, which is −0 of nothing.
            weight: removed.iter().fold(0.0, |weight, arc| weight + arc.weight),
            total_weight: digraph.edge_weights().fold(0.0, |weight, arc| weight + arc),
            removed,
            exact: false,
        }
    }

    /// The digraph without the removed arcs: it has no cycle. O(arcs).
    pub fn acyclic(&self, digraph: &DiGraph<ItemId, f64>) -> DiGraph<ItemId, f64> {
        let mut place = vec![0; digraph.node_count()];
        for (at, item) in self.order.iter().enumerate() {
            place[item.index()] = at;
        }
        digraph.filter_map(
            |_, item| Some(*item),
            |arc, weight| {
                let (from, to) = digraph.edge_endpoints(arc)?;
                (place[from.index()] < place[to.index()]).then_some(*weight)
            },
        )
    }
}

/// A strong component in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OrderedComponent {
    /// Its items, from the top down.
    pub(crate) items: Vec<ItemId>,
    /// Whether no order of them has less weight upwards.
    pub(crate) exact: bool,
}

/// The strong components of a digraph from the top down, each ordered as [`Search::Best`] says.
pub(crate) fn ordered_components(digraph: &DiGraph<ItemId, f64>) -> Vec<OrderedComponent> {
    let mut steps = EXACT_STEPS;
    let components = Connectivity::of(digraph).strong_components;
    let in_order = components.iter().map(|component| {
        let cost = exact::steps(component.len());
        let exact = component.len() <= EXACT_ITEMS && cost <= steps;
        steps -= if exact { cost } else { 0.0 };
        OrderedComponent { items: ordered(digraph, component, exact), exact }
    });
    in_order.collect()
}

/// The items of a strong component from the top down.
fn ordered(digraph: &DiGraph<ItemId, f64>, component: &[ItemId], exactly: bool) -> Vec<ItemId> {
    if component.len() == 1 {
        return component.to_vec();
    }
    let local = Local::new(digraph, component);
    let order = if exactly {
        exact::order(&local)
    } else {
        let mut order = greedy::order(&local);
        greedy::improve(&local, &mut order);
        order
    };
    order.into_iter().map(|place| component[place]).collect()
}

/// The arcs among some items, which are numbered anew from 0.
#[derive(Debug)]
struct Local {
    /// For each item what it leads to, with weights.
    out: Vec<Vec<(usize, f64)>>,
    /// For each item what leads to it, with weights.
    into: Vec<Vec<(usize, f64)>>,
}

impl Local {
    fn new(digraph: &DiGraph<ItemId, f64>, items: &[ItemId]) -> Self {
        let mut place = vec![None; digraph.node_count()];
        for (at, item) in items.iter().enumerate() {
            place[item.index()] = Some(at);
        }
        let mut local = Self { out: vec![Vec::new(); items.len()], into: vec![Vec::new(); items.len()] };
        for (from, item) in items.iter().enumerate() {
            let mut arcs: Vec<(usize, f64)> = digraph
                .edges(NodeIndex::new(item.index()))
                .filter_map(|arc| place[arc.target().index()].map(|to| (to, *arc.weight())))
                .filter(|(to, _)| *to != from)
                .collect();
            // Not in the order in which petgraph keeps them, so that sums have one order.
            arcs.sort_by_key(|arc| arc.0);
            for &(to, weight) in &arcs {
                local.into[to].push((from, weight));
            }
            local.out[from] = arcs;
        }
        local
    }

    fn len(&self) -> usize {
        self.out.len()
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    /// The digraph of the case `mfas_weighted` of the shared vectors.
    fn weighted() -> DiGraph<ItemId, f64> {
        digraph(
            5,
            &[
                (0, 1, 5.0),
                (0, 3, 1.0),
                (0, 4, 3.0),
                (1, 2, 4.0),
                (1, 4, 2.0),
                (2, 0, 6.0),
                (2, 3, 3.0),
                (3, 1, 2.0),
                (3, 4, 4.0),
                (4, 2, 3.0),
            ],
        )
    }

    fn digraph(items: u32, arcs: &[(u32, u32, f64)]) -> DiGraph<ItemId, f64> {
        let mut digraph = DiGraph::new();
        for item in 0..items {
            digraph.add_node(ItemId(item));
        }
        for &(from, to, weight) in arcs {
            digraph.add_edge(NodeIndex::new(from as usize), NodeIndex::new(to as usize), weight);
        }
        digraph
    }

    fn numbers(order: &[ItemId]) -> Vec<u32> {
        order.iter().map(|item| item.0).collect()
    }

    #[test]
    fn the_minimum_is_the_first_order_of_least_weight() {
        let found = FeedbackArcs::of(&weighted(), Search::Best);
        assert_eq!((numbers(&found.order), found.weight, found.exact), (vec![2, 0, 3, 1, 4], 7.0, true));
        assert_relative_eq!(found.total_weight, 33.0);
    }

    #[test]
    fn the_greedy_order_can_be_heavier() {
        let found = FeedbackArcs::of(&weighted(), Search::Greedy);
        assert_eq!((numbers(&found.order), found.weight, found.exact), (vec![0, 1, 3, 4, 2], 11.0, false));
    }

    #[test]
    fn moving_items_mends_the_greedy_order() {
        let digraph = weighted();
        let all: Vec<ItemId> = digraph.node_weights().copied().collect();
        let local = Local::new(&digraph, &all);
        let mut order = greedy::order(&local);
        greedy::improve(&local, &mut order);
        let order = order.into_iter().map(|place| all[place]).collect();
        assert_relative_eq!(FeedbackArcs::of_order(&digraph, order).weight, 7.0);
    }

    #[test]
    fn without_a_cycle_nothing_is_removed() {
        let found = FeedbackArcs::of(&digraph(3, &[(2, 1, 1.0), (1, 0, 2.0)]), Search::Best);
        assert_eq!((numbers(&found.order), found.removed.len(), found.exact), (vec![2, 1, 0], 0, true));
        let none = FeedbackArcs::of(&digraph(0, &[]), Search::Best);
        assert!(none.order.is_empty() && none.exact);
    }

    #[test]
    fn what_is_left_has_no_cycle() {
        let digraph = weighted();
        for search in [Search::Best, Search::Greedy] {
            let found = FeedbackArcs::of(&digraph, search);
            assert!(petgraph::algo::toposort(&found.acyclic(&digraph), None).is_ok());
        }
    }

    #[test]
    fn arcs_both_ways_lose_the_lighter_one() {
        let found = FeedbackArcs::of(&digraph(2, &[(0, 1, 1.0), (1, 0, 3.0)]), Search::Best);
        assert_eq!((numbers(&found.order), found.weight), (vec![1, 0], 1.0));
    }
}
