//! Random regular graphs.

use std::collections::HashSet;

use rand::RngExt;

use crate::data::ItemId;
use crate::random::SimRng;
use crate::structure::hodge::solve::Components;
use crate::structure::hodge::{Flow, FlowEdge};

/// Switches tried for each pair before a graph counts as drawn.
const SWITCHES_A_PAIR: usize = 20;

/// A random connected graph in which each item has `degree` neighbours, every wire with this conductance.
/// `degree` is at least 3 and less than `items`, and one of both is even.
///
/// A circulant graph, or for more than half of all neighbours its complement, is stirred by switches: two pairs
/// exchange partners where that makes no pair twice, which leaves every degree as it is and in the end every
/// such graph equally probable. It goes on while the graph is not connected. O(pairs).
///
/// # Source
/// Cooper, Dyer and Greenhill 2007 on the chain; Milo et al. 2003 on the number of its steps.
pub(super) fn random_regular(items: usize, degree: usize, conductance: f64, rng: &mut SimRng) -> Flow {
    let is_dense = 2 * degree > items - 1;
    let mut graph = Pairs::circulant(items, if is_dense { items - 1 - degree } else { degree });
    loop {
        graph.stir(SWITCHES_A_PAIR * graph.pairs.len(), rng);
        let pairs = if is_dense { graph.complement(items) } else { graph.sorted() };
        let wire = |(low, high)| FlowEdge { from: ItemId(low), to: ItemId(high), value: 0.0, weight: conductance };
        let flow = Flow::from_sorted(items, true, pairs.into_iter().map(wire).collect());
        if Components::of(&flow).sizes.len() == 1 {
            return flow;
        }
    }
}

/// Pairs, as a list to draw from and a set to ask.
struct Pairs {
    pairs: Vec<(u32, u32)>,
    known: HashSet<(u32, u32)>,
}

fn ordered(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}

impl Pairs {
    /// Each item with the next ones on a circle, and for an odd degree with the one opposite.
    fn circulant(items: usize, degree: usize) -> Self {
        let mut pairs = Vec::with_capacity(items * degree / 2);
        for item in 0..items {
            let next = (1..=degree / 2).map(|step| (item + step) % items);
            let opposite = (degree % 2 == 1 && 2 * item < items).then_some(item + items / 2);
            pairs.extend(next.chain(opposite).map(|other| ordered(item as u32, other as u32)));
        }
        Self { known: pairs.iter().copied().collect(), pairs }
    }

    fn stir(&mut self, switches: usize, rng: &mut SimRng) {
        let count = self.pairs.len();
        if count < 2 {
            return;
        }
        for _ in 0..switches {
            let (one, other) = (rng.random_range(0..count), rng.random_range(0..count));
            let ((a, b), (c, d)) = (self.pairs[one], self.pairs[other]);
            let (c, d) = if rng.random::<bool>() { (c, d) } else { (d, c) };
            let (first, second) = (ordered(a, d), ordered(c, b));
            if a == d || c == b || first == second || self.known.contains(&first) || self.known.contains(&second) {
                continue;
            }
            self.known.remove(&self.pairs[one]);
            self.known.remove(&self.pairs[other]);
            self.known.extend([first, second]);
            (self.pairs[one], self.pairs[other]) = (first, second);
        }
    }

    fn sorted(&self) -> Vec<(u32, u32)> {
        let mut pairs = self.pairs.clone();
        pairs.sort_unstable();
        pairs
    }

    fn complement(&self, items: usize) -> Vec<(u32, u32)> {
        let all = (0..items as u32).flat_map(|low| (low + 1..items as u32).map(move |high| (low, high)));
        all.filter(|pair| !self.known.contains(pair)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn every_item_has_the_degree_and_graphs_differ() {
        for (items, degree) in [(4, 3), (6, 3), (8, 3), (9, 4), (10, 7), (30, 5), (31, 28), (50, 26)] {
            let draw = |seed| random_regular(items, degree, 1.0, &mut stream(seed, Purpose::RegularGraphs, 0));
            let graph = draw(1);
            let mut degrees = vec![0; items];
            for pair in graph.pairs() {
                assert!(pair.low < pair.high);
                degrees[pair.low.index()] += 1;
                degrees[pair.high.index()] += 1;
            }
            assert!(degrees.iter().all(|&it| it == degree), "{items} items of degree {degree}: {degrees:?}");
            assert!(graph.pairs().is_sorted_by(|a, b| a < b), "each pair once");
            assert_eq!(draw(1), graph);
            if items > 6 && degree + 2 < items {
                assert_ne!(draw(2), graph);
            }
        }
    }

    #[test]
    fn pairs_are_equally_probable() {
        // Each of the 45 pairs of 10 items is in a graph of degree 3 with probability 1/3.
        let mut met = vec![0.0; 100];
        let draws = 3_000;
        for draw in 0..draws {
            let graph = random_regular(10, 3, 1.0, &mut stream(5, Purpose::RegularGraphs, draw));
            for pair in graph.pairs() {
                met[pair.low.index() * 10 + pair.high.index()] += 1.0 / draws as f64;
            }
        }
        let error = (1.0 / 3.0 * 2.0 / 3.0 / draws as f64).sqrt();
        for low in 0..10 {
            for high in low + 1..10 {
                assert!(
                    (met[low * 10 + high] - 1.0 / 3.0).abs() < 4.5 * error,
                    "{low} {high}: {}",
                    met[low * 10 + high]
                );
            }
        }
    }
}
