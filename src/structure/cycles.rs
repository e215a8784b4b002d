//! Cycles of majorities: the shortest, the strongest, and how many there are.

use std::collections::{BTreeSet, VecDeque};

use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};
use rustworkx_core::connectivity::johnson_simple_cycles;

use super::Connectivity;
use super::feedback_arcs::WeightedArc;
use super::hodge::Flow;
use super::triads::each_cyclic_triad;
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;

/// Items each of which has a majority over the next, and the last over the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Cycle {
    /// The items, from the lowest id on.
    pub items: Vec<ItemId>,
    /// The strength of the cycle: the smallest margin on it.
    pub weakest: f64,
}

/// How much is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CycleLimits {
    /// Cycles counted at most.
    pub count: usize,
    /// Cycles listed at most, of the shortest and of the strongest each.
    pub listed: usize,
    /// Arcs looked at, at most, in each of the searches for a shortest or a strong cycle.
    pub visits: usize,
}

impl Default for CycleLimits {
    fn default() -> Self {
        Self { count: 1_000, listed: 5, visits: 20_000_000 }
    }
}

/// The cycles of the strict majority digraph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cycles {
    /// Elementary cycles (those that pass no item twice), counted up to the limit.
    pub count: usize,
    /// Whether these are all.
    pub all_counted: bool,
    /// The strongest of the shortest cycles, strongest first, equal ones in the order of their items.
    pub shortest: Vec<Cycle>,
    /// Cycles with the largest weakest margin, strongest first, then shorter first. The first is as strong
    /// as any.
    pub strongest: Vec<Cycle>,
    /// Whether both searches ended before their limit.
    pub searched: bool,
}

impl Cycles {
    /// The cycles of the majorities of a log.
    ///
    /// Counting is Johnson's algorithm, O((items + pairs) × cycles counted). Neither search needs it:
    /// three-cycles are found from triangles of pairs; where there is none, the shortest cycle from
    /// each item is found breadth first; and strong cycles by adding majorities from the largest margin
    /// down, each of which closes one if a path leads back. O(triangles + limit of visits).
    ///
    /// # Source
    /// Johnson 1975, as in rustworkx. That a cycle is as strong as its weakest majority is the measure of
    /// Ranked Pairs and Schulze.
    pub fn of(graph: &PreferenceGraph, limits: CycleLimits) -> Self {
        let majority = graph.majority();
        let within = within_circles(&majority);
        if within.edge_count() == 0 {
            return Self { all_counted: true, searched: true, ..Self::default() };
        }
        let all = elementary_cycles(&within, limits.count);
        let three = strongest_triads(graph, limits.listed);
        let mut budget = limits.visits;
        let shortest = if three.is_empty() { shortest(&within, limits.listed, &mut budget) } else { three.clone() };
        let mut strong_budget = limits.visits;
        let mut strongest = closed_by_weakest(&within, limits.listed, &mut strong_budget);
        for cycle in three {
            if !strongest.contains(&cycle) {
                strongest.push(cycle);
            }
        }
        keep_strongest(&mut strongest, limits.listed);
        Self {
            count: all.cycles.len(),
            all_counted: all.complete,
            shortest,
            strongest,
            searched: budget > 0 && strong_budget > 0,
        }
    }
}

/// Cycles that pass no item twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementaryCycles {
    /// Each from its lowest id on; shorter ones first, then by their items.
    pub cycles: Vec<Vec<ItemId>>,
    /// Whether these are all.
    pub complete: bool,
}

/// The elementary cycles of a digraph without loops, at most `most` of them (which, if there are more,
/// is the search's own choice). O((items + arcs) × cycles).
pub fn elementary_cycles(digraph: &DiGraph<ItemId, f64>, most: usize) -> ElementaryCycles {
    let mut search = johnson_simple_cycles(digraph, None);
    let mut cycles = Vec::new();
    let mut complete = true;
    while let Some(nodes) = search.next(digraph) {
        if cycles.len() == most {
            complete = false;
            break;
        }
        cycles.push(from_lowest(nodes.into_iter().map(|node| digraph[node]).collect()));
    }
    cycles.sort_by(|a: &Vec<ItemId>, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    ElementaryCycles { cycles, complete }
}

/// The same cycle from its lowest id on.
fn from_lowest(mut items: Vec<ItemId>) -> Vec<ItemId> {
    let lowest = (0..items.len()).min_by_key(|&place| items[place]).unwrap_or_default();
    items.rotate_left(lowest);
    items
}

/// The same items, and the arcs within strong components: all that cycles are made of.
fn within_circles(digraph: &DiGraph<ItemId, f64>) -> DiGraph<ItemId, f64> {
    let mut component_of = vec![0; digraph.node_count()];
    for (place, component) in Connectivity::of(digraph).strong_components.iter().enumerate() {
        for item in component {
            component_of[item.index()] = place;
        }
    }
    digraph.filter_map(
        |_, item| Some(*item),
        |arc, weight| {
            let (from, to) = digraph.edge_endpoints(arc)?;
            (component_of[from.index()] == component_of[to.index()]).then_some(*weight)
        },
    )
}

/// The strongest three-cycles, strongest first.
fn strongest_triads(graph: &PreferenceGraph, count: usize) -> Vec<Cycle> {
    let mut kept: Vec<Cycle> = Vec::new();
    let mut least = 0.0;
    each_cyclic_triad(&Flow::margins(graph), |items, weakest| {
        if kept.len() < count || weakest > least {
            kept.push(Cycle { items: items.to_vec(), weakest });
            if kept.len() >= 4 * count.max(8) {
                keep_strongest(&mut kept, count);
                least = kept.last().map_or(0.0, |last| last.weakest);
            }
        }
    });
    keep_strongest(&mut kept, count);
    kept
}

fn keep_strongest(cycles: &mut Vec<Cycle>, count: usize) {
    cycles.sort_by(|a, b| {
        let by_strength = b.weakest.total_cmp(&a.weakest);
        by_strength.then(a.items.len().cmp(&b.items.len())).then_with(|| a.items.cmp(&b.items))
    });
    cycles.truncate(count);
}

/// The strongest of the shortest cycles, each the first found from one of its items.
fn shortest(digraph: &DiGraph<ItemId, f64>, count: usize, budget: &mut usize) -> Vec<Cycle> {
    let out = sorted_successors(digraph);
    let mut length = usize::MAX;
    let mut found: BTreeSet<Vec<ItemId>> = BTreeSet::new();
    for start in 0..out.len() {
        let Some(items) = path_back(&out, start, start, budget) else { continue };
        if items.len() < length {
            length = items.len();
            found.clear();
        }
        if items.len() == length {
            found.insert(from_lowest(items));
        }
    }
    let mut cycles: Vec<Cycle> = found.into_iter().map(|items| measured(digraph, items)).collect();
    keep_strongest(&mut cycles, count);
    cycles
}

fn sorted_successors(digraph: &DiGraph<ItemId, f64>) -> Vec<Vec<usize>> {
    let successors = |node| {
        let mut after: Vec<usize> = digraph.neighbors(node).map(NodeIndex::index).collect();
        after.sort_unstable();
        after
    };
    digraph.node_indices().map(successors).collect()
}

fn measured(digraph: &DiGraph<ItemId, f64>, items: Vec<ItemId>) -> Cycle {
    let next = items.iter().cycle().skip(1);
    let margins = items.iter().zip(next).filter_map(|(from, to)| {
        let arc = digraph.find_edge(NodeIndex::new(from.index()), NodeIndex::new(to.index()))?;
        Some(digraph[arc])
    });
    Cycle { weakest: margins.fold(f64::INFINITY, f64::min), items }
}

/// A shortest path from `from` to `to` of one arc or more, breadth first, without its end; `None` if
/// there is none or the budget of arcs is spent.
fn path_back(out: &[Vec<usize>], from: usize, to: usize, budget: &mut usize) -> Option<Vec<ItemId>> {
    let mut before = vec![usize::MAX; out.len()];
    let mut queue = VecDeque::from([from]);
    while let Some(item) = queue.pop_front() {
        *budget = budget.saturating_sub(out[item].len());
        if *budget == 0 {
            return None;
        }
        for &next in &out[item] {
            if next == to {
                let mut path = vec![ItemId(item as u32)];
                let mut at = item;
                while at != from {
                    at = before[at];
                    path.push(ItemId(at as u32));
                }
                path.reverse();
                return Some(path);
            }
            if before[next] == usize::MAX && next != from {
                before[next] = item;
                queue.push_back(next);
            }
        }
    }
    None
}

/// Cycles by the largest weakest margin: majorities are added from the largest down, and one that
/// leads to where a path leads back closes a cycle that is as strong as itself.
fn closed_by_weakest(digraph: &DiGraph<ItemId, f64>, count: usize, budget: &mut usize) -> Vec<Cycle> {
    let mut arcs = WeightedArc::all(digraph);
    arcs.sort_by(|a, b| b.weight.total_cmp(&a.weight).then((a.from, a.to).cmp(&(b.from, b.to))));
    let first = first_to_close(digraph.node_count(), &arcs);
    let mut out = vec![Vec::new(); digraph.node_count()];
    let mut found = Vec::new();
    for (place, arc) in arcs.iter().enumerate() {
        if found.len() == count {
            break;
        }
        if place >= first
            && let Some(mut items) = path_back(&out, arc.to.index(), arc.from.index(), budget)
        {
            items.push(arc.from);
            found.push(Cycle { items: from_lowest(items), weakest: arc.weight });
        }
        out[arc.from.index()].push(arc.to.index());
    }
    found
}

/// The number of arcs that can be added, in order, without closing a cycle. O(arcs log arcs).
fn first_to_close(items: usize, arcs: &[WeightedArc]) -> usize {
    let closes = |count: usize| {
        let mut part: DiGraph<(), ()> = DiGraph::with_capacity(items, count);
        (0..items).for_each(|_| {
            part.add_node(());
        });
        for arc in &arcs[..count] {
            part.add_edge(NodeIndex::new(arc.from.index()), NodeIndex::new(arc.to.index()), ());
        }
        // Not is_cyclic_directed, which is a recursion as deep as the longest path.
        toposort(&part, None).is_err()
    };
    let (mut low, mut high) = (0, arcs.len());
    while low < high {
        let middle = (low + high).div_ceil(2);
        if closes(middle) {
            high = middle - 1;
        } else {
            low = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::graph::Tally;
    use crate::data::{Comparison, Outcome};

    fn graph(items: usize, margins: &[(u32, u32, f64)]) -> PreferenceGraph {
        let mut tally = Tally::new((0..items).map(|i| i.to_string()).collect());
        for &(left, right, count) in margins {
            let row = Comparison::new(ItemId(left), ItemId(right), Outcome::Left);
            tally.add(Comparison { count, ..row });
        }
        PreferenceGraph::from_tally(tally)
    }

    fn cycles(items: usize, margins: &[(u32, u32, f64)]) -> Cycles {
        Cycles::of(&graph(items, margins), CycleLimits::default())
    }

    fn cycle(items: &[u32], weakest: f64) -> Cycle {
        Cycle { items: items.iter().copied().map(ItemId).collect(), weakest }
    }

    #[test]
    fn the_strongest_cycle_need_not_be_the_shortest() {
        let margins = [(0, 1, 9.0), (1, 2, 8.0), (2, 3, 7.0), (3, 0, 6.0), (2, 0, 1.0), (1, 3, 2.0)];
        let found = cycles(4, &margins);
        assert_eq!(found.strongest[0], cycle(&[0, 1, 2, 3], 6.0));
        assert_eq!(found.shortest, [cycle(&[0, 1, 3], 2.0), cycle(&[0, 1, 2], 1.0)]);
        assert_eq!((found.count, found.all_counted, found.searched), (3, true, true));
    }

    #[test]
    fn without_triangles_the_shortest_cycle_is_found_breadth_first() {
        let ring = [(0, 1, 1.0), (1, 2, 2.0), (2, 3, 3.0), (3, 0, 4.0), (3, 4, 1.0), (4, 5, 1.0), (5, 0, 1.0)];
        let found = cycles(6, &ring);
        assert_eq!(found.shortest, [cycle(&[0, 1, 2, 3], 1.0)]);
        assert_eq!(found.count, 2);
    }

    #[test]
    fn an_order_has_no_cycle() {
        let found = cycles(3, &[(0, 1, 1.0), (1, 2, 1.0), (0, 2, 1.0)]);
        assert_eq!((found.count, found.all_counted, found.shortest.len(), found.strongest.len()), (0, true, 0, 0));
    }

    #[test]
    fn the_count_stops_at_its_limit() {
        let ring: Vec<(u32, u32, f64)> =
            (0..9).flat_map(|i| (1..5).map(move |step| (i, (i + step) % 9, 1.0))).collect();
        let limits = CycleLimits { count: 10, ..CycleLimits::default() };
        let found = Cycles::of(&graph(9, &ring), limits);
        assert_eq!((found.count, found.all_counted), (10, false));
        assert_eq!(found.shortest[0].items.len(), 3);
    }

    #[test]
    fn a_circle_of_very_many_items_is_found() {
        let ring: Vec<(u32, u32, f64)> = (0..60_000).map(|i| (i, (i + 1) % 60_000, 1.0)).collect();
        let found = cycles(60_000, &ring);
        assert_eq!((found.count, found.all_counted, found.strongest[0].items.len()), (1, true, 60_000));
    }
}
