//! Ranked pairs: defeats are locked from the strongest down, unless they close a cycle.

use super::{Votes, first_seen_order, ordered, places_below, unmet_pairs};
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::models::{Evidence, FitError, Fitted, Laws, Mirror, Needs, Rater, RaterEntry, Units};

pub(in crate::models) const ENTRY: RaterEntry = RaterEntry {
    name: "ranked-pairs",
    summary: "ranked pairs (Tideman): majorities from the largest margin down, without those that close a cycle",
    needs: Needs::Counts,
    units: Units::Items,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[],
    build: |_| Ok(Box::new(RankedPairs)),
};

/// Tideman's ranked pairs by margins. The rating is the number of items below in the order.
///
/// # Source
/// Tideman 1987. Choices as in `OpenSpiel`'s `ranked_pairs`: of equal margins the one comes first whose
/// winner, and then whose loser, was seen first; the order is read off by taking away the first-seen item
/// that nothing left is above and that is above something left, and then the rest as seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RankedPairs;

/// A majority, and whether it was locked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LockedPair {
    /// The item with the majority.
    pub winner: ItemId,
    /// The other.
    pub loser: ItemId,
    /// By how much.
    pub margin: f64,
    /// Whether it closes no cycle with those before it.
    pub locked: bool,
}

/// What ranked pairs makes of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct LockedPairs {
    /// All majorities, in the order in which they were looked at.
    pub pairs: Vec<LockedPair>,
    /// All items, from the top down.
    pub order: Vec<ItemId>,
    /// Whether the order in which items were first seen decided something.
    pub by_first_seen: bool,
}

impl Rater for RankedPairs {
    /// O(items² log items), and O(items² / 64) for each majority that adds something.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let found = LockedPairs::of(evidence.graph)?;
        let order: Vec<usize> = found.order.iter().map(|item| item.index()).collect();
        let chosen = found.by_first_seen.then(|| first_seen_order("equal margins, or items without one"));
        let notes = unmet_pairs(evidence.graph).into_iter().chain(chosen).collect();
        Ok(Box::new(ordered(evidence.graph, places_below(&order), notes)))
    }
}

impl LockedPairs {
    /// Locks the majorities of a graph.
    ///
    /// # Errors
    /// If there are more than [`ITEM_LIMIT`](crate::models::games::ITEM_LIMIT) items.
    pub fn of(graph: &PreferenceGraph) -> Result<Self, FitError> {
        let votes = Votes::of(graph, ENTRY.name)?;
        let mut pairs = majorities(&votes);
        let equal = |pair: &[LockedPair]| pair[0].margin <= pair[1].margin;
        let equal_margins = pairs.windows(2).any(equal);
        let mut reached = Reached::new(votes.items);
        for pair in &mut pairs {
            pair.locked = !reached.contains(pair.loser.index(), pair.winner.index());
            if pair.locked {
                reached.add(pair.winner.index(), pair.loser.index());
            }
        }
        let (order, chosen) = peeled(votes.items, &pairs);
        Ok(Self { pairs, order, by_first_seen: equal_margins || chosen })
    }
}

/// All positive margins, largest first; of equal ones by winner and then by loser.
fn majorities(votes: &Votes) -> Vec<LockedPair> {
    let n = votes.items;
    let all = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
    let mut pairs: Vec<LockedPair> = all
        .filter_map(|(i, j)| {
            let margin = votes.margin(i, j);
            let pair = LockedPair { winner: ItemId(i as u32), loser: ItemId(j as u32), margin, locked: false };
            (margin > 0.0).then_some(pair)
        })
        .collect();
    pairs.sort_by(|a, b| b.margin.total_cmp(&a.margin));
    pairs
}

/// For each item the items that locked pairs lead to, as bits.
struct Reached {
    words: usize,
    bits: Vec<u64>,
}

impl Reached {
    fn new(items: usize) -> Self {
        let words = items.div_ceil(64);
        let mut reached = Self { words, bits: vec![0; items * words] };
        for item in 0..items {
            reached.bits[item * words + item / 64] |= 1 << (item % 64);
        }
        reached
    }

    fn contains(&self, from: usize, to: usize) -> bool {
        self.bits[from * self.words + to / 64] >> (to % 64) & 1 == 1
    }

    /// Adds an arc: what leads to `from` leads to all that `to` leads to.
    fn add(&mut self, from: usize, to: usize) {
        if self.contains(from, to) {
            return;
        }
        let beyond = self.bits[to * self.words..][..self.words].to_vec();
        for item in 0..self.bits.len() / self.words {
            if self.contains(item, from) {
                let row = &mut self.bits[item * self.words..][..self.words];
                row.iter_mut().zip(&beyond).for_each(|(bits, beyond)| *bits |= beyond);
            }
        }
    }
}

/// The items from the top down, and whether there was ever a choice.
fn peeled(items: usize, pairs: &[LockedPair]) -> (Vec<ItemId>, bool) {
    let (mut above, mut below) = (vec![0_u32; items], vec![0_u32; items]);
    let mut arcs: Vec<Vec<usize>> = vec![Vec::new(); items];
    for pair in pairs.iter().filter(|pair| pair.locked) {
        above[pair.loser.index()] += 1;
        below[pair.winner.index()] += 1;
        arcs[pair.winner.index()].push(pair.loser.index());
    }
    let (mut placed, mut order, mut chosen) = (vec![false; items], Vec::with_capacity(items), false);
    loop {
        let mut sources = (0..items).filter(|&item| !placed[item] && above[item] == 0 && below[item] > 0);
        let Some(source) = sources.next() else { break };
        chosen |= (0..items).any(|item| item != source && !placed[item] && above[item] == 0);
        placed[source] = true;
        order.push(ItemId(source as u32));
        for &loser in &arcs[source] {
            above[loser] -= 1;
        }
    }
    let rest: Vec<ItemId> = (0..items).filter(|&item| !placed[item]).map(|item| ItemId(item as u32)).collect();
    chosen |= rest.len() > 1;
    order.extend(rest);
    (order, chosen)
}
