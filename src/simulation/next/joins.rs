//! Comparisons that connect a graph.

use petgraph::unionfind::UnionFind;
use rand::seq::SliceRandom;

use crate::data::graph::PreferenceGraph;
use crate::random::SimRng;
use crate::simulation::samplers::{Belief, Counts};

/// The open pairs that connect what comparisons of positive weight did not, as far as they can: the maximum
/// spanning forest of expected information times worth over the groups, most informative first, equal ones by
/// lot. None for a connected graph. O(items² log items).
pub(super) fn joins(graph: &PreferenceGraph, counts: &Counts, belief: &Belief, rng: &mut SimRng) -> Vec<usize> {
    let mut groups = UnionFind::<u32>::new(counts.items());
    let mut left = counts.items();
    for (cell, _) in graph.cells().iter().zip(graph.sums()).filter(|(_, sum)| sum.weight > 0.0) {
        let met = graph.pairs()[cell.pair as usize];
        left -= usize::from(groups.union(met.low.0, met.high.0));
    }
    if left <= 1 {
        return Vec::new();
    }
    let gain = |pair: usize| {
        let [low, high] = counts.ends(pair);
        counts.worth(pair) * belief.gain(low, high)
    };
    let apart = |pair: usize| {
        let [low, high] = counts.ends(pair);
        counts.worth(pair) > 0.0 && !groups.equiv(low as u32, high as u32)
    };
    let mut pairs: Vec<(usize, f64)> =
        (0..counts.pairs()).filter(|&pair| apart(pair)).map(|pair| (pair, gain(pair))).collect();
    pairs.shuffle(rng);
    pairs.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut found = Vec::new();
    for (pair, _) in pairs {
        let [low, high] = counts.ends(pair);
        if groups.union(low as u32, high as u32) {
            found.push(pair);
        }
    }
    found
}

/// Whether what was compared and the open pairs connect all items. O(items²).
pub(super) fn can_connect(graph: &PreferenceGraph, counts: &Counts) -> bool {
    let mut groups = UnionFind::<u32>::new(counts.items());
    let mut left = counts.items();
    let met = graph.cells().iter().zip(graph.sums()).filter(|(_, sum)| sum.weight > 0.0);
    let met = met.map(|(cell, _)| graph.pairs()[cell.pair as usize]).map(|pair| [pair.low.0, pair.high.0]);
    let open = (0..counts.pairs()).filter(|&pair| counts.worth(pair) > 0.0);
    let open = open.map(|pair| counts.ends(pair).map(|item| item as u32));
    for [low, high] in met.chain(open) {
        left -= usize::from(groups.union(low, high));
    }
    left <= 1
}
