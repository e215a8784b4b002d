//! Kemeny's rule: the order that agrees with the most votes on pairs.

mod bounded;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

pub use self::bounded::BOUNDED_ITEMS;
use self::bounded::Margins;
use super::voting::{Optimum, first_seen_order, ordered, places_below};
use super::{Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, Rater, RaterEntry, Units};
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::structure::Connectivity;
use crate::structure::feedback_arcs::{EXACT_ITEMS, FeedbackArcs, Search};

pub(super) const ENTRY: RaterEntry = RaterEntry {
    name: "kemeny",
    summary: "Kemeny-Young: the order that contradicts the fewest votes on pairs, with a proof or a bound",
    needs: Needs::Counts,
    units: Units::Items,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[],
    build: |_| Ok(Box::new(Kemeny)),
};

/// Kemeny's rule. The rating is the number of items below in the order.
///
/// # Source
/// Kemeny 1959; Young 1988. The order is a minimum feedback arc set of the majority digraph, weighted by
/// margins, and its strong components are ordered one by one (Truchon 1998): up to [`EXACT_ITEMS`] items
/// by dynamic programming over subsets, up to [`BOUNDED_ITEMS`] by the same within bounds, and beyond by
/// local search. Of equal orders the one that puts first-seen items first, as in `OpenSpiel`'s
/// `kemeny_young`, which tries all orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kemeny;

/// An order and how far it agrees with the votes on pairs. Ties are no votes.
#[derive(Debug, Clone, PartialEq)]
pub struct KemenyOrder {
    /// All items, from the top down.
    pub order: Vec<ItemId>,
    /// The weight of the votes that agree with it.
    pub agreement: f64,
    /// The weight of those that contradict it: the sum of Kendall's distances to the ballots.
    pub distance: f64,
    /// No order has a smaller distance than this; equal to `distance` where that is proved.
    pub bound: f64,
    /// Whether it is the only order with its distance; `None` where that was not asked, in components
    /// of more than [`EXACT_ITEMS`] items.
    pub unique: Option<bool>,
}

impl Rater for Kemeny {
    /// O(2ⁿ n) for each strong component of n items up to [`EXACT_ITEMS`]; up to [`BOUNDED_ITEMS`] a few
    /// million subsets at most.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let found = KemenyOrder::of(evidence.graph);
        let order: Vec<usize> = found.order.iter().map(|item| item.index()).collect();
        let gap = found.distance - found.bound;
        let mut notes = Vec::new();
        if found.unique == Some(false) {
            notes.push(first_seen_order("several orders agree with as many votes; items free to move"));
        }
        if gap > 0.0 {
            let message = format!(
                "the order contradicts {} votes on pairs, and it is proved only that none contradicts fewer than {}",
                found.distance, found.bound
            );
            notes.push(Note::new("not-proved", message));
        }
        Ok(Box::new(Optimum {
            fit: ordered(evidence.graph, places_below(&order), notes),
            parameters: vec![
                ("agreement", Some(found.agreement)),
                ("distance", Some(found.distance)),
                ("gap", Some(gap)),
            ],
            log_likelihood: None,
        }))
    }
}

impl KemenyOrder {
    /// The order of a graph's pair counts.
    pub fn of(graph: &PreferenceGraph) -> Self {
        let majority = graph.majority();
        let components = Connectivity::of(&majority).strong_components;
        let found = FeedbackArcs::of(&majority, Search::Best);
        let mut bound = found.weight;
        let mut parts: Vec<Vec<ItemId>> = Vec::with_capacity(components.len());
        let mut rest = found.order.as_slice();
        for component in &components {
            let (part, below) = rest.split_at(component.len());
            rest = below;
            if part.len() <= EXACT_ITEMS {
                parts.push(part.to_vec());
                continue;
            }
            let margins = Margins::of(&majority, part);
            let search = margins.search();
            bound -= margins.against_order() - search.bound;
            parts.push(search.order.iter().map(|&place| part[place]).collect());
        }
        let (order, chosen) = merged(&majority, &parts);
        let small = components.iter().all(|component| component.len() <= EXACT_ITEMS);
        let unique = if chosen { Some(false) } else { small.then(|| found.order == last_of_equals(&majority)) };
        Self::of_order(graph, order, bound, unique)
    }

    /// Counts the votes for and against an order, of which the majorities against are at least `bound`.
    fn of_order(graph: &PreferenceGraph, order: Vec<ItemId>, bound: f64, unique: Option<bool>) -> Self {
        let mut place = vec![0; order.len()];
        for (at, item) in order.iter().enumerate() {
            place[item.index()] = at;
        }
        let (mut agreement, mut distance, mut unavoidable) = (0.0, 0.0, 0.0);
        let pairs = graph.pair_sums();
        for pair in 0..pairs.low.len() {
            let (low, high) = (pairs.low_wins[pair], pairs.high_wins[pair]);
            let low_above = place[pairs.low[pair] as usize] < place[pairs.high[pair] as usize];
            let (with, against) = if low_above { (low, high) } else { (high, low) };
            agreement += with;
            distance += against;
            unavoidable += low.min(high);
        }
        let bound = unavoidable + bound;
        // What rounding leaves of a proof.
        let bound = if bound >= distance - 1e-9 * (agreement + distance) { distance } else { bound };
        Self { order, agreement, distance, bound, unique }
    }
}

/// Puts the ordered components together: of the items whose predecessors are placed the first-seen comes
/// next. With whether there ever was a choice.
fn merged(majority: &DiGraph<ItemId, f64>, parts: &[Vec<ItemId>]) -> (Vec<ItemId>, bool) {
    let n = majority.node_count();
    let mut part_of = vec![0; n];
    for (part, items) in parts.iter().enumerate() {
        for item in items {
            part_of[item.index()] = part;
        }
    }
    let crossing = |from: usize| {
        let arcs = majority.edges(NodeIndex::new(from)).map(|arc| arc.target().index());
        arcs.filter(|&to| part_of[to] != part_of[from]).collect::<Vec<_>>()
    };
    let mut above = vec![0_usize; n];
    for to in (0..n).flat_map(crossing) {
        above[to] += 1;
    }
    let mut heads: Vec<&[ItemId]> = parts.iter().map(Vec::as_slice).collect();
    let (mut order, mut chosen) = (Vec::with_capacity(n), false);
    for _ in 0..n {
        let free = || (0..heads.len()).filter(|&part| heads[part].first().is_some_and(|item| above[item.index()] == 0));
        let Some(part) = free().min_by_key(|&part| heads[part][0]) else { break };
        chosen |= free().nth(1).is_some();
        let item = heads[part][0];
        heads[part] = &heads[part][1..];
        order.push(item);
        for to in crossing(item.index()) {
            above[to] -= 1;
        }
    }
    (order, chosen)
}

/// The best order that puts last-seen items first. The best order is unique where it is that too: at
/// the first place where two best orders differ, one of them has the later item.
fn last_of_equals(majority: &DiGraph<ItemId, f64>) -> Vec<ItemId> {
    let n = majority.node_count();
    let turned = |index: usize| n - 1 - index;
    let mut mirror = DiGraph::with_capacity(n, majority.edge_count());
    for id in 0..n {
        mirror.add_node(ItemId(id as u32));
    }
    for arc in majority.edge_references() {
        let [from, to] = [arc.source(), arc.target()].map(|node| NodeIndex::new(turned(node.index())));
        mirror.add_edge(from, to, *arc.weight());
    }
    let order = FeedbackArcs::of(&mirror, Search::Best).order;
    order.into_iter().map(|item| ItemId(turned(item.index()) as u32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::profile::Profile;

    fn ids<const N: usize>(ids: [u32; N]) -> Vec<ItemId> {
        ids.map(ItemId).to_vec()
    }

    fn profile(items: usize, ballots: &[(f64, &[u32])]) -> PreferenceGraph {
        let mut profile = Profile::new((0..items).map(|item| item.to_string()).collect());
        for (count, ranked) in ballots {
            let places: Vec<[ItemId; 1]> = ranked.iter().map(|&id| [ItemId(id)]).collect();
            profile.push(&places, *count).unwrap();
        }
        profile.graph()
    }

    #[test]
    fn a_cycle_is_cut_at_its_weakest_majority() {
        let graph = profile(3, &[(4.0, &[0, 1, 2]), (3.0, &[1, 2, 0]), (2.0, &[2, 0, 1])]);
        let found = KemenyOrder::of(&graph);
        assert_eq!((found.order, found.agreement, found.distance), (ids([0, 1, 2]), 17.0, 10.0));
        assert_eq!((found.bound, found.unique), (10.0, Some(true)));
    }

    #[test]
    fn of_equal_orders_the_first_seen_is_taken_and_said_not_to_be_the_only_one() {
        let cycle = profile(3, &[(1.0, &[1, 2, 0]), (1.0, &[2, 0, 1]), (1.0, &[0, 1, 2])]);
        let found = KemenyOrder::of(&cycle);
        assert_eq!((found.order, found.unique), (ids([0, 1, 2]), Some(false)));
        // Items 0 and 2 never met.
        let apart = KemenyOrder::of(&profile(4, &[(1.0, &[3, 0]), (1.0, &[1, 2])]));
        assert_eq!((apart.order, apart.unique), (ids([1, 2, 3, 0]), Some(false)));
    }

    #[test]
    fn a_large_component_is_proved_within_bounds() {
        // Thirty items in a line, and one ballot that closes a cycle of all.
        let line: Vec<u32> = (0..30).collect();
        let turned: Vec<u32> = (0..30).rev().collect();
        let closing = [29, 0];
        let graph = profile(30, &[(3.0, &line), (1.0, &turned), (5.0, &closing)]);
        let found = KemenyOrder::of(&graph);
        assert_eq!(found.order, line.iter().map(|&id| ItemId(id)).collect::<Vec<_>>());
        assert_eq!((found.bound, found.distance), (440.0, 440.0));
    }
}
