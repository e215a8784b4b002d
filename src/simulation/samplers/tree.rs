//! Batches that connect all items: spanning trees of the most informative pairs.

use rand::{Rng, RngExt};

use super::belief::Followed;
use super::designs::{PRECISION, precision};
use super::tasks::{self, TASKS};
use super::{Chooses, Counts, PairRule, Sampler, SamplerEntry};

pub(super) const ENTRY: SamplerEntry = SamplerEntry {
    name: "information-gain-tree",
    summary: "batches of items − 1 pairs: the tree over all items with the most expected information",
    chooses: Chooses::Pairs,
    settings: &[TASKS, PRECISION],
    holds_belief: true,
    build: |settings| {
        let rule = InformationGainTree {
            belief: Followed::new(precision(settings)?, u32::MAX),
            tree: Vec::new(),
            gains: Vec::new(),
        };
        Ok(Sampler::new(Box::new(rule), tasks::of(settings, "uniform")?))
    },
};

/// The maximum spanning tree of expected information, a batch at a time; a forest, where the open pairs
/// don't connect all items. Within a batch the most informative pair comes first.
///
/// # Source
/// Li et al. 2018, "Hybrid-MST" (`NeurIPS`), as minimum spanning tree of 1 / gain, which is the same tree. That
/// begins with the globally most informative pairs for one round; here every batch is a tree.
#[derive(Debug)]
struct InformationGainTree {
    belief: Followed,
    /// What is left of the batch, the next one last.
    tree: Vec<u32>,
    /// One a pair: its gain in nats times its worth.
    gains: Vec<f64>,
}

impl PairRule for InformationGainTree {
    fn pair(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<usize> {
        loop {
            let is_new = self.tree.is_empty();
            if is_new {
                self.plant(counts, rng);
            }
            let pair = self.tree.pop()? as usize;
            // A pair may have been closed since the batch was made; of a new batch none is.
            if is_new || counts.worth(pair) > 0.0 {
                let [i, j] = counts.ends(pair);
                self.belief.now(counts).schedule(i, j);
                return Some(pair);
            }
        }
    }
}

impl InformationGainTree {
    /// Makes the next batch.
    fn plant(&mut self, counts: &Counts, rng: &mut dyn Rng) {
        let belief = self.belief.refitted(counts);
        self.gains.clear();
        self.gains.extend((0..counts.pairs()).map(|pair| match (counts.worth(pair), counts.ends(pair)) {
            // Equal gains are told apart by lot.
            (worth, [i, j]) if worth > 0.0 => worth * belief.gain(i, j) * (1.0 + 1e-9 * rng.random::<f64>()),
            _ => f64::NEG_INFINITY,
        }));
        self.tree = largest_tree(counts, &self.gains);
        let gains = &self.gains;
        self.tree.sort_by(|&a, &b| gains[a as usize].total_cmp(&gains[b as usize]).then(b.cmp(&a)));
    }
}

/// The pairs of a maximum spanning forest; pairs of weight −∞ are not there. O(items²).
///
/// # Source
/// Prim 1957.
fn largest_tree(counts: &Counts, weights: &[f64]) -> Vec<u32> {
    let items = counts.items();
    let mut outside = vec![true; items];
    // For each item outside the heaviest pair into the tree.
    let mut best: Vec<Option<usize>> = vec![None; items];
    let weight = |pair: Option<usize>| pair.map_or(f64::NEG_INFINITY, |pair| weights[pair]);
    let mut tree = Vec::with_capacity(items - 1);
    for _ in 0..items {
        let mut next: Option<usize> = None;
        for item in (0..items).filter(|&item| outside[item]) {
            if next.is_none_or(|next| weight(best[item]) > weight(best[next])) {
                next = Some(item);
            }
        }
        let Some(next) = next else { break };
        outside[next] = false;
        tree.extend(best[next].map(|pair| pair as u32));
        for item in (0..items).filter(|&item| outside[item]) {
            let pair = Some(counts.pair(next, item));
            if weight(pair) > weight(best[item]) {
                best[item] = pair;
            }
        }
    }
    tree
}
