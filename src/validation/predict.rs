//! What a fit says of any two items, and how well it knows it.

use serde::Serialize;

use crate::data::ItemId;
use crate::data::graph::{Pair, PreferenceGraph};
use crate::models::Fitted;
use crate::uncertainty::Uncertainty;

/// Two items that may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matchup {
    /// The item that is asked about.
    pub left: ItemId,
    /// Its opponent.
    pub right: ItemId,
}

impl Matchup {
    /// Each two of so many items once, the one seen first on the left.
    pub fn all(items: usize) -> impl Iterator<Item = Self> {
        let items = items as u32;
        (0..items)
            .flat_map(move |left| (left + 1..items).map(move |right| Self { left: ItemId(left), right: ItemId(right) }))
    }
}

/// What is predicted of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// The left item.
    pub left: String,
    /// The right item.
    pub right: String,
    /// The expected share of the left item, a tie being half: its probability of a win where there are no
    /// ties. `None` where the rater has none.
    pub probability: Option<f64>,
    /// The lower end of its interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// The probability of a tie, where the rater tells ties apart. Left wins with the probability less half
    /// of it.
    pub tie: Option<f64>,
    /// Whether the data identify both ratings. What is predicted without is the rater's penalty or start.
    pub identified: bool,
    /// How often the two met in the log, unweighted.
    pub met: f64,
}

/// What `fitted` says of some pairs of items of `graph`.
///
/// Intervals are those of [`Uncertainty::share_interval`]. A fitted tie parameter is taken as known.
/// A pair that the data don't identify has none, nor has any where `uncertainty` is unknown or unwanted and the fit knows none itself. O(pairs).
///
/// # Panics
/// If an item is not one of the graph.
pub fn predict(
    graph: &PreferenceGraph,
    fitted: &dyn Fitted,
    uncertainty: &Uncertainty,
    matchups: impl IntoIterator<Item = Matchup>,
    level: f64,
) -> Vec<Prediction> {
    let identified = fitted.identification().flags(graph.items().len());
    let met = meetings(graph);
    let one = |Matchup { left, right }: Matchup| {
        let known = identified[left.index()] && identified[right.index()];
        let probability = fitted.probability(left, right).filter(|it| it.is_finite());
        let interval =
            probability.filter(|_| known).and_then(|_| uncertainty.share_interval(fitted, left, right, level));
        let pair = Pair { low: left.min(right), high: left.max(right) };
        Prediction {
            left: graph.items().name(left).to_owned(),
            right: graph.items().name(right).to_owned(),
            probability,
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
            tie: fitted.tie_probability(left, right),
            identified: known,
            met: graph.pairs().binary_search(&pair).map_or(0.0, |index| met[index]),
        }
    };
    matchups.into_iter().map(one).collect()
}

/// The number of comparisons of each pair.
fn meetings(graph: &PreferenceGraph) -> Vec<f64> {
    let mut met = vec![0.0; graph.pairs().len()];
    for (cell, sum) in graph.cells().iter().zip(graph.sums()) {
        met[cell.pair as usize] += sum.count;
    }
    met
}
