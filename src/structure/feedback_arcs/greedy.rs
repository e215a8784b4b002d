//! The greedy order, and its improvement by moves of single items.

use std::cmp::Ordering;
use std::collections::{BTreeSet, BinaryHeap};

use super::Local;

/// Rounds of moves after which a better order is no longer looked for.
const MOST_ROUNDS: u32 = 50;
/// Arcs looked at, at most, before the last round begins: a few seconds.
const MOST_LOOKS: usize = 50_000_000;
/// A move that gains no more than this share of all weights is rounding.
const LEAST_GAIN: f64 = 1e-12;

/// An item with what leads out of it less what leads into it, at some time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    surplus: f64,
    item: usize,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.surplus.total_cmp(&other.surplus).then(other.item.cmp(&self.item))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Sinks go to the end and sources to the front for as long as there are any, else the item with the
/// largest surplus goes to the front; of equal ones the first by number.
///
/// # Source
/// Eades, Lin and Smyth 1993. O(arcs log arcs).
pub(super) fn order(local: &Local) -> Vec<usize> {
    let mut left = Left::new(local);
    let (mut front, mut back) = (Vec::new(), Vec::new());
    while front.len() + back.len() < local.len() {
        if let Some(sink) = left.sinks.pop_first() {
            left.take(sink);
            back.push(sink);
        } else if let Some(source) = left.sources.pop_first() {
            left.take(source);
            front.push(source);
        } else if let Some(item) = left.largest_surplus() {
            left.take(item);
            front.push(item);
        }
    }
    back.reverse();
    front.append(&mut back);
    front
}

/// The items not yet placed, and the arcs among them.
struct Left<'a> {
    local: &'a Local,
    placed: Vec<bool>,
    out_degree: Vec<usize>,
    in_degree: Vec<usize>,
    surplus: Vec<f64>,
    sinks: BTreeSet<usize>,
    sources: BTreeSet<usize>,
    /// Every surplus an item ever had: what is out of date is passed over.
    candidates: BinaryHeap<Candidate>,
}

impl<'a> Left<'a> {
    fn new(local: &'a Local) -> Self {
        let sum = |arcs: &[(usize, f64)]| arcs.iter().map(|arc| arc.1).sum::<f64>();
        let items = 0..local.len();
        let surplus: Vec<f64> = items.clone().map(|item| sum(&local.out[item]) - sum(&local.into[item])).collect();
        let candidates = items.clone().map(|item| Candidate { surplus: surplus[item], item }).collect();
        Self {
            placed: vec![false; local.len()],
            out_degree: local.out.iter().map(Vec::len).collect(),
            in_degree: local.into.iter().map(Vec::len).collect(),
            sinks: items.clone().filter(|&item| local.out[item].is_empty()).collect(),
            sources: items.filter(|&item| local.into[item].is_empty()).collect(),
            local,
            surplus,
            candidates,
        }
    }

    fn largest_surplus(&mut self) -> Option<usize> {
        #[expect(clippy::float_cmp, reason = "a candidate is current if nothing changed since")]
        while let Some(Candidate { surplus, item }) = self.candidates.pop() {
            if !self.placed[item] && self.surplus[item] == surplus {
                return Some(item);
            }
        }
        None
    }

    fn take(&mut self, item: usize) {
        self.placed[item] = true;
        self.sinks.remove(&item);
        self.sources.remove(&item);
        for &(to, weight) in &self.local.out[item] {
            if !self.placed[to] {
                self.surplus[to] += weight;
                self.in_degree[to] -= 1;
                self.changed(to);
            }
        }
        for &(from, weight) in &self.local.into[item] {
            if !self.placed[from] {
                self.surplus[from] -= weight;
                self.out_degree[from] -= 1;
                self.changed(from);
            }
        }
    }

    fn changed(&mut self, item: usize) {
        self.candidates.push(Candidate { surplus: self.surplus[item], item });
        if self.out_degree[item] == 0 {
            self.sinks.insert(item);
        }
        if self.in_degree[item] == 0 {
            self.sources.insert(item);
        }
    }
}

/// Moves single items to where the weight upwards falls most, for as long as one can be moved, and at
/// most [`MOST_ROUNDS`] rounds. O(items + arcs log arcs) a round, beside the moves.
pub(super) fn improve(local: &Local, order: &mut Vec<usize>) {
    let least_gain = LEAST_GAIN * local.out.iter().flatten().map(|arc| arc.1).sum::<f64>();
    let mut place = vec![0; order.len()];
    for (at, &item) in order.iter().enumerate() {
        place[item] = at;
    }
    let arcs_of_all: usize = local.out.iter().chain(&local.into).map(Vec::len).sum();
    for round in 0..MOST_ROUNDS {
        if round as usize * arcs_of_all > MOST_LOOKS {
            break;
        }
        let mut moved = false;
        for item in 0..local.len() {
            let Some(to) = best_place(local, &place, item, least_gain) else { continue };
            let from = place[item];
            order.remove(from);
            order.insert(to, item);
            for at in from.min(to)..=from.max(to) {
                place[order[at]] = at;
            }
            moved = true;
        }
        if !moved {
            break;
        }
    }
}

/// Where an item should stand, if the weight upwards falls there by more than `least_gain`.
fn best_place(local: &Local, place: &[usize], item: usize, least_gain: f64) -> Option<usize> {
    let here = place[item];
    // What is gained where the item comes to stand on the other side of a neighbour: it is better off
    // above what it leads to, and below what leads to it.
    let above = local.out[item].iter().map(|&(to, weight)| (place[to], weight));
    let below = local.into[item].iter().map(|&(from, weight)| (place[from], -weight));
    let mut neighbours: Vec<(usize, f64)> = above.chain(below).collect();
    neighbours.sort_by_key(|neighbour| neighbour.0);
    // Arcs both ways are passed at once.
    neighbours.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0.0 };
        same
    });
    let mut best = (least_gain, None);
    let mut gain = 0.0;
    for &(at, weight) in neighbours.iter().rev().filter(|neighbour| neighbour.0 < here) {
        gain += weight;
        if gain > best.0 {
            best = (gain, Some(at));
        }
    }
    gain = 0.0;
    for &(at, weight) in neighbours.iter().filter(|neighbour| neighbour.0 > here) {
        gain -= weight;
        if gain > best.0 {
            best = (gain, Some(at));
        }
    }
    best.1
}
