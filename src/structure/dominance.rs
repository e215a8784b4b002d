//! Who is above whom by majority: strong components, the Condorcet winner, Smith and Schwartz sets.

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::Connectivity;
use crate::data::ItemId;
use crate::data::graph::{PreferenceGraph, margin};

/// What the majorities of the pairs that met say. A pair that never met says nothing: it is not taken
/// for a tie.
///
/// # Source
/// Smith 1973; Schwartz 1972. The Smith set is the source of the condensation of the weak majority
/// digraph (arcs where the margin is 0 or more), the Schwartz set the union of the sources of that of
/// the strict one. Where unmet pairs leave several sources of the former, the Smith set here is their
/// union. The Schwartz set is part of the Smith set where all pairs met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dominance {
    /// The strong components of the strict majority digraph, each sorted by id: those that no majority
    /// leads to first, and each after all that have a majority over one of its items; where that leaves
    /// a choice, the larger first.
    pub strong_components: Vec<Vec<ItemId>>,
    /// The item with a majority over every item that it met, where all others are below it: the only
    /// member of the Smith set.
    pub condorcet_winner: Option<ItemId>,
    /// The smallest sets whose members have a majority over all others that they met, each sorted by id;
    /// several where some pairs never met.
    pub smith_sets: Vec<Vec<ItemId>>,
    /// The items from which a path of majorities leads to each item that has one to them, sorted by id.
    pub schwartz: Vec<ItemId>,
    /// Pairs that met.
    pub pairs: usize,
    /// Of these, pairs without a majority.
    pub tied_pairs: usize,
    /// Pairs that never met.
    pub unmet_pairs: usize,
}

impl Dominance {
    /// The majorities of a log. O(items + pairs).
    pub fn of(graph: &PreferenceGraph) -> Self {
        let majority = graph.majority();
        let weak = weak_majority(graph);
        let strict = Condensation::of(&majority);
        let smith_sets = Condensation::of(&weak).sources();
        let items = graph.items().len();
        // Every pair that met has an arc of the weak digraph, and a tied one has two.
        let tied_pairs = weak.edge_count() - observed_pairs(graph);
        let pairs = weak.edge_count() - tied_pairs;
        Self {
            condorcet_winner: match smith_sets.as_slice() {
                [only] if only.len() == 1 => Some(only[0]),
                _ => None,
            },
            schwartz: sorted(strict.sources().concat()),
            strong_components: strict.in_order(),
            smith_sets,
            pairs,
            tied_pairs,
            unmet_pairs: items * items.saturating_sub(1) / 2 - pairs,
        }
    }

    /// The union of the [`smith_sets`](Self::smith_sets), sorted by id.
    pub fn smith(&self) -> Vec<ItemId> {
        sorted(self.smith_sets.concat())
    }

    /// The strong components with two or more items: those whose majorities run in circles.
    pub fn circles(&self) -> impl Iterator<Item = &[ItemId]> {
        self.strong_components.iter().map(Vec::as_slice).filter(|component| component.len() > 1)
    }
}

fn sorted(mut items: Vec<ItemId>) -> Vec<ItemId> {
    items.sort_unstable();
    items
}

fn observed_pairs(graph: &PreferenceGraph) -> usize {
    points(graph).count()
}

/// The items of each pair that met, with the points each took.
fn points(graph: &PreferenceGraph) -> impl Iterator<Item = (ItemId, ItemId, f64, f64)> {
    let sums = graph.pair_sums();
    (0..sums.low.len()).filter_map(move |pair| {
        let half = sums.ties[pair] / 2.0;
        let (low, high) = (sums.low_wins[pair] + half, sums.high_wins[pair] + half);
        (low + high > 0.0).then(|| (ItemId(sums.low[pair]), ItemId(sums.high[pair]), low, high))
    })
}

/// An arc from i to j, with its margin, where i took at least as much from j as j from i.
fn weak_majority(graph: &PreferenceGraph) -> DiGraph<ItemId, f64> {
    let mut weak = DiGraph::with_capacity(graph.items().len(), graph.pairs().len());
    for item in 0..graph.items().len() {
        weak.add_node(ItemId(item as u32));
    }
    for (low, high, low_points, high_points) in points(graph) {
        let (low, high) = (NodeIndex::new(low.index()), NodeIndex::new(high.index()));
        let margin = margin(low_points, high_points);
        if margin >= 0.0 {
            weak.add_edge(low, high, margin);
        }
        if margin <= 0.0 {
            weak.add_edge(high, low, -margin);
        }
    }
    weak
}

/// The strong components of a digraph and how far each is below the top.
struct Condensation {
    components: Vec<Vec<ItemId>>,
    /// For each component the longest path of components that leads to it.
    depth: Vec<usize>,
}

impl Condensation {
    fn of(digraph: &DiGraph<ItemId, f64>) -> Self {
        let components = Connectivity::of(digraph).strong_components;
        let mut component_of = vec![0; digraph.node_count()];
        for (place, component) in components.iter().enumerate() {
            for item in component {
                component_of[item.index()] = place;
            }
        }
        let mut depth = vec![0; components.len()];
        // Arcs lead from earlier components to later ones.
        for (place, component) in components.iter().enumerate() {
            for item in component {
                for arc in digraph.edges(NodeIndex::new(item.index())) {
                    let below = component_of[arc.target().index()];
                    if below != place {
                        depth[below] = depth[below].max(depth[place] + 1);
                    }
                }
            }
        }
        Self { components, depth }
    }

    /// The components that nothing leads to, by their first items.
    fn sources(&self) -> Vec<Vec<ItemId>> {
        let tops = self.components.iter().zip(&self.depth).filter(|(_, depth)| **depth == 0);
        let mut sources: Vec<Vec<ItemId>> = tops.map(|(component, _)| component.clone()).collect();
        sources.sort_unstable();
        sources
    }

    /// All components from the top down.
    fn in_order(self) -> Vec<Vec<ItemId>> {
        let mut order: Vec<(usize, Vec<ItemId>)> = self.depth.into_iter().zip(self.components).collect();
        order.sort_by_key(|(depth, component)| (*depth, std::cmp::Reverse(component.len()), component[0]));
        order.into_iter().map(|(_, component)| component).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::graph::Tally;
    use crate::data::{Comparison, Outcome};

    fn dominance(items: usize, rows: &[(u32, u32, Outcome)]) -> Dominance {
        let mut tally = Tally::new((0..items).map(|i| i.to_string()).collect());
        for &(left, right, outcome) in rows {
            tally.add(Comparison::new(ItemId(left), ItemId(right), outcome));
        }
        Dominance::of(&PreferenceGraph::from_tally(tally))
    }

    fn ids(items: &[u32]) -> Vec<ItemId> {
        items.iter().copied().map(ItemId).collect()
    }

    use Outcome::{Left, Tie};

    #[test]
    fn an_unmet_pair_is_no_tie() {
        let found = dominance(4, &[(0, 1, Left), (2, 3, Left)]);
        assert_eq!(found.smith_sets, [ids(&[0]), ids(&[2])]);
        assert_eq!(found.smith(), ids(&[0, 2]));
        assert_eq!(found.condorcet_winner, None);
        assert_eq!((found.pairs, found.tied_pairs, found.unmet_pairs), (2, 0, 4));
    }

    #[test]
    fn only_ties_leave_everyone_in_both_sets() {
        let found = dominance(3, &[(0, 1, Tie), (1, 2, Tie)]);
        assert_eq!((found.smith(), &found.schwartz), (ids(&[0, 1, 2]), &ids(&[0, 1, 2])));
        assert_eq!((found.tied_pairs, found.unmet_pairs), (2, 1));
        assert_eq!(found.circles().count(), 0);
    }

    #[test]
    fn components_stand_below_all_that_beat_them() {
        // 3 and 4 go round with 5, under 0 and above 1; 2 is under 0 alone.
        let rows = [(3, 4, Left), (4, 5, Left), (5, 3, Left), (0, 3, Left), (4, 1, Left), (0, 2, Left)];
        let found = dominance(6, &rows);
        assert_eq!(found.strong_components, [ids(&[0]), ids(&[3, 4, 5]), ids(&[2]), ids(&[1])]);
        assert_eq!(found.condorcet_winner, Some(ItemId(0)));
        assert_eq!(found.circles().collect::<Vec<_>>(), [ids(&[3, 4, 5])]);
    }

    #[test]
    fn no_item_and_one_item_have_their_sets() {
        assert_eq!(dominance(0, &[]).smith(), ids(&[]));
        let one = dominance(1, &[]);
        assert_eq!((one.condorcet_winner, one.unmet_pairs), (Some(ItemId(0)), 0));
    }
}
