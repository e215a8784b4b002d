//! Counting: the share of comparisons won, and the number.

use super::{
    Convergence, Evidence, FitError, Fitted, Laws, Mirror, Needs, PlainFit, Rater, RaterEntry, Setting, Units,
};
use crate::data::graph::{PairSums, PreferenceGraph};
use crate::structure::Identification;

pub(super) const WIN_RATE: RaterEntry = RaterEntry {
    name: "win-rate",
    summary: "the share of comparisons won, a tie being half; who the opponents were does not matter",
    needs: Needs::Counts,
    units: Units::Share,
    laws: Laws { mirror: Mirror::Reflects, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[Setting {
        name: "average",
        default: "comparisons",
        summary: "comparisons: over all of them; opponents: over opponents, each with the same say",
    }],
    build: |settings| {
        let averages = [("comparisons", Average::Comparisons), ("opponents", Average::Opponents)];
        Ok(Box::new(WinRate { average: settings.choice("average", &averages)? }))
    },
};

pub(super) const WINS: RaterEntry = RaterEntry {
    name: "wins",
    summary: "the number of comparisons won, a tie being half",
    needs: Needs::Counts,
    units: Units::Count,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: false, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[],
    build: |_| Ok(Box::new(Wins)),
};

/// What a win rate is the mean of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Average {
    /// The weighted comparisons: (wins + ties/2) / comparisons.
    #[default]
    Comparisons,
    /// The opponents met, each counting once: evalica's `average_win_rate`.
    Opponents,
}

/// The share of comparisons won. Unit: a share between 0 and 1; NaN for an item without comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WinRate {
    /// What the mean is taken over.
    pub average: Average,
}

/// The weight of the comparisons won, ties being half: evalica's `counting`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wins;

impl Rater for WinRate {
    /// O(pairs).
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let items = evidence.graph.items().len();
        let (mut points, mut total) = (vec![0.0; items], vec![0.0; items]);
        for_each_side(&evidence.graph.pair_sums(), |item, _, taken, all| {
            if all > 0.0 {
                let (share, say) = match self.average {
                    Average::Comparisons => (taken, all),
                    Average::Opponents => (taken / all, 1.0),
                };
                points[item] += share;
                total[item] += say;
            }
        });
        let ratings = points.iter().zip(&total).map(|(points, total)| points / total).collect();
        Ok(counted(ratings, evidence.graph))
    }
}

impl Rater for Wins {
    /// O(pairs).
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let mut ratings = vec![0.0; evidence.graph.items().len()];
        for_each_side(&evidence.graph.pair_sums(), |item, _, taken, _| ratings[item] += taken);
        Ok(counted(ratings, evidence.graph))
    }
}

/// A count stands alone: it is what it is whether or not the items are connected. Only the share of no
/// comparisons at all is unknown.
fn counted(ratings: Vec<f64>, graph: &PreferenceGraph) -> Box<dyn Fitted> {
    let mut identification = Identification::unconditional(graph);
    identification.members.retain(|member| ratings[member.index()].is_finite());
    Box::new(PlainFit {
        ratings,
        convergence: Convergence::CLOSED_FORM,
        identification,
        notes: Vec::new(),
        log_odds: None,
    })
}

/// Calls `visit(item, opponent, points taken, all points)` for both sides of each pair, in order.
pub(super) fn for_each_side(pairs: &PairSums, mut visit: impl FnMut(usize, usize, f64, f64)) {
    for pair in 0..pairs.low.len() {
        let (low, high) = (pairs.low[pair] as usize, pairs.high[pair] as usize);
        let half = 0.5 * pairs.ties[pair];
        let (low_points, high_points) = (pairs.low_wins[pair] + half, pairs.high_wins[pair] + half);
        visit(low, high, low_points, low_points + high_points);
        visit(high, low, high_points, low_points + high_points);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::graph::Tally;
    use crate::data::{Comparison, ItemId, Outcome};

    #[test]
    fn an_item_without_comparisons_has_a_count_and_no_share() {
        let mut tally = Tally::new(["a", "b", "unseen"].into_iter().collect());
        tally.add(Comparison::new(ItemId(0), ItemId(1), Outcome::Left));
        let graph = PreferenceGraph::from_tally(tally);
        for average in [Average::Comparisons, Average::Opponents] {
            let fitted = WinRate { average }.fit((&graph).into(), None).unwrap();
            assert_eq!(fitted.identification().members, [ItemId(0), ItemId(1)]);
            assert!(fitted.ratings()[2].is_nan());
        }
        let fitted = Wins.fit((&graph).into(), None).unwrap();
        assert_eq!(fitted.identification().members.len(), 3);
        assert_eq!(fitted.ratings(), [1.0, 0.0, 0.0]);
    }
}
