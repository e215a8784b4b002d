//! Schulze's method: the widest paths of defeats.

use nalgebra::DMatrix;

use super::{Strength, Votes, ordered, unmet_pairs};
use crate::data::graph::PreferenceGraph;
use crate::models::{Evidence, FitError, Fitted, Laws, Mirror, Needs, Rater, RaterEntry, Setting, Units};

pub(in crate::models) const ENTRY: RaterEntry = RaterEntry {
    name: "schulze",
    summary: "Schulze: an item is above another if its strongest chain of defeats to it is stronger than the one back",
    needs: Needs::Counts,
    units: Units::Items,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[Setting {
        name: "strength",
        default: "winning-votes",
        summary: "of a defeat: winning-votes or margins",
    }],
    build: |settings| {
        let strengths = [("winning-votes", Strength::WinningVotes), ("margins", Strength::Margins)];
        Ok(Box::new(Schulze { strength: settings.choice("strength", &strengths)? }))
    },
};

/// Schulze's method. His winners, of which no other has a stronger path to them than the one back, are level; below
/// them stand the winners among the others, and so on. The rating is the number of items below.
///
/// # Source
/// Schulze 2011, *Social Choice and Welfare* 36. With level items in first-seen order that is the order of `OpenSpiel`'s
/// `schulze` where his relation orders all items. It sorts by comparing two items at a time, which is no order where
/// some are unordered, and so may contradict the relation: of votes for the third over the first of three items alone
/// it makes 1, 2, 3, and here the second and the third are level above the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schulze {
    /// What a defeat counts.
    pub strength: Strength,
}

impl Default for Schulze {
    fn default() -> Self {
        Self { strength: Strength::WinningVotes }
    }
}

impl Rater for Schulze {
    /// O(items³).
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let paths = strongest_paths(evidence.graph, self.strength)?;
        let ratings = below_winners(paths.nrows(), |i, j| paths[(i, j)] > paths[(j, i)]);
        Ok(Box::new(ordered(evidence.graph, ratings, unmet_pairs(evidence.graph).into_iter().collect())))
    }
}

/// For each item how many stand below it where those that none is above come first, all level, then those that none
/// of the others is above, and so on. The relation has no cycles. O(items²).
fn below_winners(items: usize, is_above: impl Fn(usize, usize) -> bool) -> Vec<f64> {
    let mut above: Vec<usize> =
        (0..items).map(|item| (0..items).filter(|&other| is_above(other, item)).count()).collect();
    let (mut ratings, mut left) = (vec![0.0; items], (0..items).collect::<Vec<_>>());
    while !left.is_empty() {
        let (winners, others): (Vec<usize>, Vec<usize>) = left.into_iter().partition(|&item| above[item] == 0);
        for &winner in &winners {
            ratings[winner] = others.len() as f64;
            others.iter().filter(|&&other| is_above(winner, other)).for_each(|&other| above[other] -= 1);
        }
        left = if winners.is_empty() { Vec::new() } else { others };
    }
    ratings
}

/// At `(i, j)` the strength of the strongest chain of defeats from i to j, which is that of its weakest
/// defeat; 0 where there is none. O(items³).
///
/// # Errors
/// If there are more than [`ITEM_LIMIT`](crate::models::games::ITEM_LIMIT) items.
pub fn strongest_paths(graph: &PreferenceGraph, strength: Strength) -> Result<DMatrix<f64>, FitError> {
    let votes = Votes::of(graph, ENTRY.name)?;
    let n = votes.items;
    // Column j holds the paths to j, so that the inner loop runs down two columns.
    let mut paths = DMatrix::from_fn(n, n, |i, j| strength.of(votes.over(i, j), votes.over(j, i)));
    for via in 0..n {
        let to_via: Vec<f64> = paths.column(via).iter().copied().collect();
        for j in (0..n).filter(|&j| j != via) {
            let from_via = paths[(via, j)];
            if from_via > 0.0 {
                for (path, &first) in paths.column_mut(j).iter_mut().zip(&to_via) {
                    *path = path.max(first.min(from_via));
                }
            }
        }
    }
    paths.fill_diagonal(0.0);
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ItemId;
    use crate::data::profile::Profile;

    fn ratings(orders: &[&[u32]]) -> Vec<f64> {
        let mut profile = Profile::new(["a", "b", "c"].into_iter().collect());
        for order in orders {
            let places: Vec<[ItemId; 1]> = order.iter().map(|&item| [ItemId(item)]).collect();
            profile.push(&places, 1.0).unwrap();
        }
        Schulze::default().fit((&profile.graph()).into(), None).unwrap().ratings().to_vec()
    }

    #[test]
    fn an_unordered_item_does_not_hide_a_defeat() {
        // The third item beat the first, and nobody met the second: OpenSpiel's sort leaves 1, 2, 3.
        assert_eq!(ratings(&[&[2, 0]]), [0.0, 1.0, 1.0]);
        // Where all are ordered, both agree.
        assert_eq!(ratings(&[&[2, 0, 1]]), [1.0, 0.0, 2.0]);
    }

    #[test]
    fn items_in_a_level_cycle_are_equal() {
        assert_eq!(ratings(&[&[0, 1, 2], &[1, 2, 0], &[2, 0, 1]]), [0.0; 3]);
        assert_eq!(ratings(&[&[0, 1, 2], &[1, 0, 2]]), [1.0, 1.0, 0.0]);
    }
}
