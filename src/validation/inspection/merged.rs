//! The judges of a log, made into one.

use serde::Serialize;

use super::{ArcRow, arc_rows};
use crate::data::graph::PreferenceGraph;
use crate::data::{ItemId, Labels, Log};
use crate::structure::ensemble::{Ensemble, JudgeArcs, majorities_by_judge};
use crate::structure::feedback_arcs::Search;

/// The ranking of an ensemble of judges' graphs, and what it hides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Merged {
    /// The column of the judges.
    pub column: String,
    /// How many judges there are.
    pub judges: usize,
    /// What each judge says of a pair.
    pub arcs: JudgeArcs,
    /// Whether no lighter set of arcs could be removed.
    pub exact: bool,
    /// The weight of the removed arcs.
    pub removed_weight: f64,
    /// The weight of all arcs.
    pub total_weight: f64,
    /// The removed arcs, heaviest first.
    pub removed: Vec<ArcRow>,
    /// The items, those with most below them first.
    pub ranking: Vec<MergedRow>,
}

/// A row of a merged ranking.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MergedRow {
    /// The rank; equal for items with equally many below them.
    pub rank: usize,
    /// The item.
    pub item: String,
    /// The number of items below it.
    pub descendants: usize,
}

impl Merged {
    /// The ensemble of a log's judges.
    ///
    /// # Panics
    /// If `judges` are not of this log.
    pub fn of(log: &Log, judges: &Labels, arcs: JudgeArcs) -> Self {
        let graph = PreferenceGraph::from_log(log);
        let majorities = majorities_by_judge(log, judges);
        let found = Ensemble::of(log.items().len(), &majorities, arcs, Search::Best);
        let below = |item: ItemId| found.descendants[item.index()];
        let row = |&item: &ItemId| MergedRow {
            rank: 1 + found.ranking.partition_point(|&other| below(other) > below(item)),
            item: log.items().name(item).to_owned(),
            descendants: below(item),
        };
        Self {
            column: judges.column.clone(),
            judges: majorities.len(),
            arcs,
            exact: found.feedback.exact,
            removed_weight: found.feedback.weight,
            total_weight: found.feedback.total_weight,
            removed: arc_rows(&graph, &found.feedback.removed),
            ranking: found.ranking.iter().map(row).collect(),
        }
    }
}
