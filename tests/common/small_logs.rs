//! Small logs of all kinds, for properties.

use palio::data::graph::PreferenceGraph;
use palio::data::profile::Profile;
use palio::data::{Comparison, ItemId, Items, Log, Outcome};
use palio::models::Evidence;
use proptest::collection::vec;
use proptest::prelude::*;

/// A log, its graph, and the ballots of two that its comparisons are.
#[derive(Debug, Clone)]
pub(crate) struct Small {
    pub(crate) log: Log,
    pub(crate) graph: PreferenceGraph,
    pub(crate) ballots: Profile,
}

impl Small {
    pub(crate) fn new(items: usize, rows: impl IntoIterator<Item = Comparison>) -> Self {
        let mut log = Log::new(names(items));
        for row in rows {
            log.push(row);
        }
        Self::of(log)
    }

    pub(crate) fn of(log: Log) -> Self {
        Self { graph: PreferenceGraph::from_log(&log), ballots: Profile::from_log(&log), log }
    }

    pub(crate) fn items(&self) -> usize {
        self.log.items().len()
    }

    pub(crate) fn evidence(&self) -> Evidence<'_> {
        Evidence { graph: &self.graph, rows: Some(&self.log), ballots: Some(&self.ballots) }
    }

    /// The same items with each row turned into others.
    pub(crate) fn map<R: IntoIterator<Item = Comparison>>(&self, change: impl Fn(Comparison) -> R) -> Self {
        Self::new(self.items(), self.log.rows().flat_map(change))
    }
}

fn names(items: usize) -> Items {
    (0..items).map(|item| format!("item {item}")).collect()
}

/// Wins, losses, ties and other shares, in that order of frequency.
fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Left),
        4 => Just(Outcome::Right),
        2 => Just(Outcome::Tie),
        1 => (0.05..0.95_f64).prop_map(|share| Outcome::from_share(share).expect("a share")),
    ]
}

fn comparisons(items: usize) -> impl Strategy<Value = Comparison> {
    let n = items as u32;
    let sides = (0..n, 1..n).prop_map(move |(left, step)| (ItemId(left), ItemId((left + step) % n)));
    (sides, outcomes()).prop_map(|((left, right), outcome)| Comparison::new(left, right, outcome))
}

/// 2 to 8 items and up to 60 comparisons, each a row of its own.
pub(crate) fn small_logs() -> impl Strategy<Value = Small> {
    (2..=8_usize).prop_flat_map(|items| vec(comparisons(items), 0..=60).prop_map(move |rows| Small::new(items, rows)))
}

/// Logs on which nearly every method has an estimate: more comparisons among fewer items.
pub(crate) fn connected_logs() -> impl Strategy<Value = Small> {
    (2..=5_usize).prop_flat_map(|items| vec(comparisons(items), 20..=60).prop_map(move |rows| Small::new(items, rows)))
}

/// Anything a caller may give: no items, one item, items without comparisons, counts and weights, 0
/// among them.
pub(crate) fn odd_logs() -> impl Strategy<Value = Small> {
    let amounts = || prop_oneof![4 => Just(1.0), 1 => Just(0.0), 1 => Just(2.5), 1 => Just(3.0)];
    let counts = || prop_oneof![4 => Just(1.0), 1 => Just(0.0), 1 => Just(4.0)];
    let weighted = move |items: usize| {
        let row = (comparisons(items), counts(), amounts());
        row.prop_map(|(row, count, weight)| Comparison { count, weight, ..row })
    };
    let some = (2..=8_usize).prop_flat_map(move |items| {
        let rows = prop_oneof![vec(comparisons(items), 0..=60).boxed(), vec(weighted(items), 0..=30).boxed()];
        (rows, 0..=2_usize).prop_map(move |(rows, unseen)| Small::new(items + unseen, rows))
    });
    prop_oneof![1 => (0..=1_usize).prop_map(|items| Small::new(items, [])), 20 => some]
}
