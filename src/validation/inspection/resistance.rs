//! How well the graph of comparisons ties its items together, by name.

use serde::Serialize;

use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::structure::Note;
use crate::structure::resistance::{PairResistance, Resistance, ShapeResistance, shapes};

/// Effective resistances of a log's graph, in 1/comparisons: a quarter of the variance of a difference of
/// log-odds ratings, if all items were equal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResistanceFacts {
    /// The mean over all pairs; `None` where some pair is not connected, for then it is infinite.
    pub mean: Option<f64>,
    /// The largest; `None` where some pair is not connected.
    pub worst: Option<f64>,
    /// Pairs of items that nothing connects.
    pub infinite_pairs: u64,
    /// The mean over the pairs that are connected; `None` where there are none.
    pub mean_connected: Option<f64>,
    /// Its standard error where it is an estimate.
    pub mean_error: Option<f64>,
    /// The largest of a connected pair.
    pub worst_connected: Option<f64>,
    /// Whether all this is exact but for rounding. If not, the mean is an estimate and other pairs than those
    /// listed may be worse.
    pub exact: bool,
    /// Whether the solves for it converged; if not, all of it may be off.
    pub converged: bool,
    /// The connected pairs with the largest resistances.
    pub worst_pairs: Vec<PairFacts>,
    /// For each item, in first-seen order, its mean resistance to the others it is connected with.
    pub items: Vec<ItemFacts>,
    /// What schedules of a known shape would give with the same items and comparisons, best first.
    pub shapes: Vec<ShapeResistance>,
}

/// A pair and its resistance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairFacts {
    /// The item seen first.
    pub left: String,
    /// The other.
    pub right: String,
    /// In 1/comparisons.
    pub resistance: f64,
}

/// An item and its mean resistance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemFacts {
    /// The item.
    pub item: String,
    /// Its mean over the others that it is connected with, in 1/comparisons; `None` if there are none.
    pub mean: Option<f64>,
}

/// Others that each item meets in random regular graphs: few, and already near the best there is.
const REGULAR_DEGREE: usize = 4;
/// Pairs that are listed.
const LISTED: usize = 5;

impl ResistanceFacts {
    /// Of a log's graph. `seed` is that of the random regular graphs, and of estimates on large logs. O(items³) for a
    /// few graphs up to [`DENSE_ITEMS`](crate::structure::resistance::DENSE_ITEMS) items.
    pub fn of(graph: &PreferenceGraph, seed: u64) -> Self {
        let found = Resistance::of(graph, LISTED, seed);
        let name = |item: ItemId| graph.items().name(item).to_owned();
        let pair = |it: &PairResistance| PairFacts {
            left: name(it.pair.low),
            right: name(it.pair.high),
            resistance: it.resistance,
        };
        let items = graph.items().iter().zip(&found.by_item);
        Self {
            mean: found.mean(),
            worst: found.worst().map(|it| it.resistance),
            infinite_pairs: found.infinite_pairs,
            mean_connected: found.mean_connected,
            mean_error: found.mean_error,
            worst_connected: found.worst_connected.first().map(|it| it.resistance),
            exact: found.is_exact(),
            converged: found.converged,
            worst_pairs: found.worst_connected.iter().map(pair).collect(),
            items: items.map(|(item, &mean)| ItemFacts { item: item.to_owned(), mean }).collect(),
            shapes: shapes(found.items, found.comparisons, REGULAR_DEGREE, seed),
        }
    }

    /// What the reader must know.
    pub fn note(&self) -> Option<Note> {
        let message = "the solves for effective resistances had not converged, so these may be off";
        (!self.converged).then(|| Note::new("not-converged", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::graph::Tally;

    #[test]
    fn solves_that_did_not_converge_are_told() {
        let facts = ResistanceFacts::of(&PreferenceGraph::from_tally(Tally::new(["x", "y"].into_iter().collect())), 1);
        assert_eq!(facts.note(), None);
        let note = ResistanceFacts { converged: false, ..facts }.note().expect("a note");
        assert_eq!(note.code, "not-converged");
    }
}
