//! Several judges' preference graphs made into one without cycles.

use petgraph::graph::{DiGraph, NodeIndex};

use super::feedback_arcs::{FeedbackArcs, Search, WeightedArc};
use crate::data::graph::margin;
use crate::data::{ItemId, Labels, Log};

/// What each judge says of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JudgeArcs {
    /// Margins of all judges are summed, and the pair's majority is what is left: one arc a pair.
    #[default]
    Net,
    /// Each judge's majority is an arc with its margin; arcs one way are summed, and a pair on which
    /// judges disagree has both.
    Each,
    /// As `Net`, but that each judge has one vote a pair, whatever its margin.
    Votes,
}

/// The ensemble of judges' graphs.
///
/// # Source
/// GED, "Language Model Preference Evaluation with Multiple Weak Evaluators" (arXiv 2410.12869), section
/// 3.2: the summed graph, a feedback arc set taken out, items ranked by the number of their descendants,
/// ties by id. The paper's feedback arc set is the greedy one ([`Search::Greedy`]); [`Search::Best`]
/// removes less. What is removed is told: an ensemble hides cycles.
#[derive(Debug, Clone)]
pub struct Ensemble {
    /// The arcs of all judges.
    pub summed: DiGraph<ItemId, f64>,
    /// The order, and the arcs that lead up in it.
    pub feedback: FeedbackArcs,
    /// The arcs that are left: no cycle.
    pub acyclic: DiGraph<ItemId, f64>,
    /// For each item the number of items below it in what is left.
    pub descendants: Vec<usize>,
    /// All items, those with most descendants first, equal ones by id.
    pub ranking: Vec<ItemId>,
}

impl Ensemble {
    /// The ensemble of the majorities of judges over the same items: for each judge an arc, with a margin
    /// more than 0, for each pair that has one. Beside the feedback arc set O(items × arcs / 64) in time
    /// and O(items²/8) bytes.
    pub fn of(items: usize, judges: &[Vec<WeightedArc>], arcs: JudgeArcs, search: Search) -> Self {
        let summed = summed(items, judges, arcs);
        let feedback = FeedbackArcs::of(&summed, search);
        let acyclic = feedback.acyclic(&summed);
        let descendants = descendants(&acyclic, &feedback.order);
        let mut ranking: Vec<ItemId> = (0..items as u32).map(ItemId).collect();
        ranking.sort_by_key(|item| (std::cmp::Reverse(descendants[item.index()]), *item));
        Self { summed, feedback, acyclic, descendants, ranking }
    }
}

/// The majorities of each judge of a log, in the order of the labels' names. O(rows log rows).
///
/// # Panics
/// If `judges` are not of this log.
pub fn majorities_by_judge(log: &Log, judges: &Labels) -> Vec<Vec<WeightedArc>> {
    let rows = judges.rows().into_iter().filter(|rows| !rows.is_empty());
    rows.map(|rows| majorities(log, &rows)).collect()
}

/// The majorities of some rows.
fn majorities(log: &Log, rows: &[u32]) -> Vec<WeightedArc> {
    let mut points: Vec<(ItemId, ItemId, [f64; 2])> = rows
        .iter()
        .map(|&row| {
            let row = log.row(row as usize);
            let (weight, share) = (row.count * row.weight, row.outcome.share());
            let (left, right) = (weight * share, weight * (1.0 - share));
            if row.left < row.right {
                (row.left, row.right, [left, right])
            } else {
                (row.right, row.left, [right, left])
            }
        })
        .collect();
    // Stable: points of a pair are summed in the order of the log.
    points.sort_by_key(|&(low, high, _)| (low, high));
    points.dedup_by(|next, kept| {
        let same = (next.0, next.1) == (kept.0, kept.1);
        if same {
            kept.2 = [kept.2[0] + next.2[0], kept.2[1] + next.2[1]];
        }
        same
    });
    let arc = |&(low, high, [low_points, high_points]): &(ItemId, ItemId, [f64; 2])| {
        let margin = margin(low_points, high_points);
        let (from, to) = if margin > 0.0 { (low, high) } else { (high, low) };
        (margin != 0.0).then_some(WeightedArc { from, to, weight: margin.abs() })
    };
    points.iter().filter_map(arc).collect()
}

fn summed(items: usize, judges: &[Vec<WeightedArc>], arcs: JudgeArcs) -> DiGraph<ItemId, f64> {
    let mut all: Vec<(ItemId, ItemId, f64)> = judges
        .iter()
        .flatten()
        .map(|&WeightedArc { from, to, weight }| {
            let weight = if arcs == JudgeArcs::Votes { 1.0 } else { weight };
            if arcs != JudgeArcs::Each && from > to { (to, from, -weight) } else { (from, to, weight) }
        })
        .collect();
    // Stable: equal arcs are summed in the order of the judges.
    all.sort_by_key(|&(from, to, _)| (from, to));
    all.dedup_by(|next, kept| {
        let same = (next.0, next.1) == (kept.0, kept.1);
        kept.2 += if same { next.2 } else { 0.0 };
        same
    });
    let mut summed = DiGraph::with_capacity(items, all.len());
    for item in 0..items as u32 {
        summed.add_node(ItemId(item));
    }
    for (from, to, weight) in all {
        let (from, to) = (NodeIndex::new(from.index()), NodeIndex::new(to.index()));
        if weight > 0.0 {
            summed.add_edge(from, to, weight);
        } else if weight < 0.0 {
            summed.add_edge(to, from, -weight);
        }
    }
    summed
}

/// How many items each item leads to, given an order in which all arcs lead down.
fn descendants(acyclic: &DiGraph<ItemId, f64>, order: &[ItemId]) -> Vec<usize> {
    let words = order.len().div_ceil(64);
    let mut below: Vec<Vec<u64>> = vec![Vec::new(); order.len()];
    for item in order.iter().rev() {
        let mut set = vec![0_u64; words];
        for next in acyclic.neighbors(NodeIndex::new(item.index())).map(NodeIndex::index) {
            set[next / 64] |= 1 << (next % 64);
            for (word, further) in set.iter_mut().zip(&below[next]) {
                *word |= further;
            }
        }
        below[item.index()] = set;
    }
    below.iter().map(|set| set.iter().map(|word| word.count_ones() as usize).sum()).collect()
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use petgraph::visit::EdgeRef;

    use super::*;

    fn judge(arcs: &[(u32, u32, f64)]) -> Vec<WeightedArc> {
        let arc = |&(from, to, weight): &(u32, u32, f64)| WeightedArc { from: ItemId(from), to: ItemId(to), weight };
        arcs.iter().map(arc).collect()
    }

    fn weights(found: &Ensemble) -> Vec<(usize, usize, f64)> {
        let arcs = found.summed.edge_references();
        arcs.map(|arc| (arc.source().index(), arc.target().index(), *arc.weight())).collect()
    }

    #[test]
    fn judges_who_disagree_leave_a_net_two_arcs_or_a_count_of_votes() {
        let judges = [judge(&[(0, 1, 5.0)]), judge(&[(1, 0, 2.0)]), judge(&[(1, 0, 1.0)])];
        let of = |arcs| Ensemble::of(3, &judges, arcs, Search::Best);
        assert_eq!(weights(&of(JudgeArcs::Net)), [(0, 1, 2.0)]);
        assert_eq!(weights(&of(JudgeArcs::Each)), [(0, 1, 5.0), (1, 0, 3.0)]);
        assert_eq!(weights(&of(JudgeArcs::Votes)), [(1, 0, 1.0)]);
        assert_relative_eq!(of(JudgeArcs::Each).feedback.weight, 3.0);
    }

    #[test]
    fn items_rank_by_all_that_is_below_them() {
        let found = Ensemble::of(3, &[judge(&[(2, 1, 1.0), (1, 0, 1.0)])], JudgeArcs::Net, Search::Best);
        assert_eq!(found.descendants, [0, 1, 2]);
        assert_eq!(found.ranking, [ItemId(2), ItemId(1), ItemId(0)]);
    }

    #[test]
    fn without_judges_all_items_are_level() {
        let found = Ensemble::of(3, &[], JudgeArcs::Net, Search::Best);
        assert_eq!((found.descendants, found.ranking), (vec![0; 3], vec![ItemId(0), ItemId(1), ItemId(2)]));
    }
}
