//! Kemeny's rule: the order that agrees with the most votes on pairs.

mod bounded;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

pub use self::bounded::BOUNDED_ITEMS;
use self::bounded::Margins;
use super::games::ITEM_LIMIT;
use super::voting::{Optimum, first_seen_order, ordered, places_below, unmet_pairs};
use super::{Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, Rater, RaterEntry, Units};
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::structure::feedback_arcs::{FeedbackArcs, Search, ordered_components};

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
/// margins, and its strong components are ordered one by one (Truchon 1998): up to [`EXACT_ITEMS`](crate::structure::feedback_arcs::EXACT_ITEMS) items
/// by dynamic programming over subsets, up to [`BOUNDED_ITEMS`] by the same within bounds, and beyond by
/// local search.
///
/// Of equal orders of a component of up to [`EXACT_ITEMS`](crate::structure::feedback_arcs::EXACT_ITEMS) items the one that puts first-seen items first is
/// taken, as `OpenSpiel`'s `kemeny_young` does, which tries all orders. Components are then put together: of
/// the next items of all components, those above which nothing is left, the first-seen comes next. Where
/// items of different components have no majority either way, `OpenSpiel` may find an order that is as good
/// and puts first-seen items further up, by another order within a component.
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
    /// Whether it is the only order with its distance; `None` where that was not asked: with a component
    /// of more than [`EXACT_ITEMS`](crate::structure::feedback_arcs::EXACT_ITEMS) items, or with so many of that size that some were ordered within bounds.
    pub unique: Option<bool>,
}

impl Rater for Kemeny {
    /// O(2ⁿ n) for each strong component of n items up to [`EXACT_ITEMS`](crate::structure::feedback_arcs::EXACT_ITEMS); up to [`BOUNDED_ITEMS`] a few
    /// million subsets at most; beyond O(n³), and above [`ITEM_LIMIT`] items no bound better than that each
    /// pair is in the order of its majority.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let found = KemenyOrder::of(evidence.graph);
        let order: Vec<usize> = found.order.iter().map(|item| item.index()).collect();
        let gap = found.distance - found.bound;
        let mut notes: Vec<Note> = unmet_pairs(evidence.graph).into_iter().collect();
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
        let components = ordered_components(&majority);
        let exact = components.iter().all(|component| component.exact);
        let mut bound = 0.0;
        let mut parts: Vec<Vec<ItemId>> = Vec::with_capacity(components.len());
        for component in components {
            let items = component.items;
            // Nothing is against one item, and for too many a table of margins would not fit.
            if items.len() == 1 || items.len() > ITEM_LIMIT {
                parts.push(items);
                continue;
            }
            let margins = Margins::of(&majority, &items);
            if component.exact {
                bound += margins.against_order();
                parts.push(items);
            } else {
                let search = margins.search();
                bound += search.bound;
                parts.push(search.order.iter().map(|&place| items[place]).collect());
            }
        }
        let (order, chosen) = merged(&majority, &parts);
        let unique = if chosen { Some(false) } else { exact.then(|| parts.concat() == last_of_equals(&majority)) };
        Self::of_order(graph, order, bound, unique)
    }

    /// Counts the votes for and against an order, of which the majorities against are at least `bound`.
    fn of_order(graph: &PreferenceGraph, order: Vec<ItemId>, bound: f64, unique: Option<bool>) -> Self {
        let mut place = vec![0; order.len()];
        for (at, item) in order.iter().enumerate() {
            place[item.index()] = at;
        }
        let (mut agreement, mut distance, mut unavoidable, mut whole) = (0.0, 0.0, 0.0, true);
        let pairs = graph.pair_sums();
        for pair in 0..pairs.low.len() {
            let (low, high) = (pairs.low_wins[pair], pairs.high_wins[pair]);
            let low_above = place[pairs.low[pair] as usize] < place[pairs.high[pair] as usize];
            let (with, against) = if low_above { (low, high) } else { (high, low) };
            agreement += with;
            distance += against;
            unavoidable += low.min(high);
            whole &= low.fract() == 0.0 && high.fract() == 0.0;
        }
        let bound = unavoidable + bound;
        // What rounding leaves of a proof. Whole votes add up exactly, and differ by one or more.
        let rounding = if whole { 0.5 } else { 1e-9 * (agreement + distance) };
        let bound = if bound >= distance - rounding { distance } else { bound };
        Self { order, agreement, distance, bound, unique }
    }
}

/// Puts the ordered components together: of the items whose predecessors are placed the first-seen comes
/// next. With whether there ever was a choice. O(arcs + items log items).
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
    // For each part how many of its items are placed, and the next items that nothing left is above.
    let mut placed = vec![0; parts.len()];
    let next = |part: usize, placed: &[usize]| parts[part].get(placed[part]).copied();
    let is_free = |item: &ItemId, above: &[usize]| above[item.index()] == 0;
    let heads = (0..parts.len()).filter_map(|part| next(part, &placed));
    let mut free: BinaryHeap<Reverse<ItemId>> = heads.filter(|item| is_free(item, &above)).map(Reverse).collect();
    let (mut order, mut chosen) = (Vec::with_capacity(n), false);
    while let Some(Reverse(item)) = free.pop() {
        chosen |= !free.is_empty();
        order.push(item);
        for to in crossing(item.index()) {
            above[to] -= 1;
            let head = next(part_of[to], &placed).filter(|head| head.index() == to);
            free.extend(head.filter(|head| is_free(head, &above)).map(Reverse));
        }
        let part = part_of[item.index()];
        placed[part] += 1;
        free.extend(next(part, &placed).filter(|head| is_free(head, &above)).map(Reverse));
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
    use rand::RngExt;

    use super::*;
    use crate::data::graph::Tally;
    use crate::data::profile::Profile;
    use crate::data::{Comparison, Outcome};
    use crate::random::{Purpose, stream};

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
    fn components_are_put_together_by_their_next_items() {
        // A cycle of the first three, and the last item above the first. Any turn of the cycle is as good:
        // OpenSpiel's first order is 1 2 3 0; here the cycle is turned to 0 1 2 first, and 3 goes before it.
        let graph = profile(4, &[(1.0, &[0, 1]), (1.0, &[1, 2]), (1.0, &[2, 0]), (2.0, &[3, 0])]);
        let found = KemenyOrder::of(&graph);
        assert_eq!((found.order, found.distance, found.unique), (ids([3, 0, 1, 2]), 1.0, Some(false)));
    }

    /// Tournaments of 20 items each, full of cycles, one above the other.
    fn tournaments(blocks: std::ops::Range<u32>) -> PreferenceGraph {
        let mut tally = Tally::new((0..20 * blocks.len()).map(|item| item.to_string()).collect());
        let mut add = |above: u32, below: u32, count: u32| {
            let row = Comparison::new(ItemId(above), ItemId(below), Outcome::Left);
            tally.add(Comparison { count: f64::from(count), ..row });
        };
        for (first, block) in (0..).step_by(20).zip(blocks) {
            let mut rng = stream(u64::from(block), Purpose::TaskOrders, 0);
            for (i, j) in (0..20).flat_map(|i| (i + 1..20).map(move |j| (i, j))) {
                let (turned, count) = (rng.random_bool(0.4) || j == i + 19, rng.random_range(1..=5));
                let (above, below) = if turned { (j, i) } else { (i, j) };
                add(first + above, first + below, count);
            }
            for (above, below) in (0..first).flat_map(|above| (first..first + 20).map(move |below| (above, below))) {
                add(above, below, 1);
            }
        }
        PreferenceGraph::from_tally(tally)
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "whole votes are exact")]
    fn an_order_is_called_proved_only_where_it_is() {
        // All subsets are gone through for the first blocks only; the others are searched within bounds.
        let graph = tournaments(0..25);
        assert!(!FeedbackArcs::of(&graph.majority(), Search::Best).exact);
        let found = KemenyOrder::of(&graph);
        assert_eq!((found.unique, found.bound), (None, found.distance));
        let against = |items: std::ops::Range<usize>| {
            let within: Vec<usize> = found.order.iter().map(|it| it.index()).filter(|it| items.contains(it)).collect();
            let pairs = graph.pair_sums();
            let place = |item: u32| within.iter().position(|&other| other == item as usize);
            let of_pair = |pair: usize| match (place(pairs.low[pair]), place(pairs.high[pair])) {
                (Some(low), Some(high)) if low < high => pairs.high_wins[pair],
                (Some(_), Some(_)) => pairs.low_wins[pair],
                _ => 0.0,
            };
            (0..pairs.low.len()).map(of_pair).sum::<f64>()
        };
        for block in 22..25 {
            let alone = KemenyOrder::of(&tournaments(block..block + 1));
            assert_eq!(alone.bound, alone.distance);
            assert_eq!(against(20 * block as usize..20 * block as usize + 20), alone.distance);
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "whole votes are exact")]
    fn a_vote_among_milliards_is_not_called_rounding() {
        // A gap of one vote of more than 10⁹ is a gap.
        let graph = profile(2, &[(3e9, &[0, 1]), (2e9, &[1, 0])]);
        assert_eq!(KemenyOrder::of_order(&graph, ids([0, 1]), -1.0, None).bound, 2e9 - 1.0);
        assert_eq!(KemenyOrder::of_order(&graph, ids([0, 1]), 0.0, None).bound, 2e9);
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
