//! Rules that score each item by its comparisons: Borda, Copeland and minimax.

use super::{Strength, scored};
use crate::data::graph::margin;
use crate::models::{Evidence, FitError, Fitted, Laws, Mirror, Needs, Rater, RaterEntry, Setting, Units, Wins};

pub(in crate::models) const BORDA: RaterEntry = RaterEntry {
    name: "borda",
    summary: "Borda count: on each ballot a point for every item ranked lower, half a point for a tied one",
    needs: Needs::Counts,
    units: Units::Count,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: false, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[],
    // An item is above as many on its ballots as it wins comparisons when these are taken apart.
    build: |_| Ok(Box::new(Wins)),
};

pub(in crate::models) const COPELAND: RaterEntry = RaterEntry {
    name: "copeland",
    summary: "Copeland: the number of items that a majority puts below, half for each without a majority, unmet ones too",
    needs: Needs::Counts,
    units: Units::Items,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[],
    build: |_| Ok(Box::new(Copeland)),
};

pub(in crate::models) const MINIMAX: RaterEntry = RaterEntry {
    name: "minimax",
    summary: "minimax (Simpson-Kramer): the votes of the worst defeat, as a negative number; 0 without a defeat",
    needs: Needs::Counts,
    units: Units::Votes,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: false, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[Setting { name: "strength", default: "margins", summary: "of a defeat: margins or winning-votes" }],
    build: |settings| {
        let strengths = [("margins", Strength::Margins), ("winning-votes", Strength::WinningVotes)];
        Ok(Box::new(Minimax { strength: settings.choice("strength", &strengths)? }))
    },
};

/// Copeland's score: items beaten by a majority of their comparisons, and half of those neither beaten
/// nor lost to.
///
/// # Source
/// Copeland 1951; `OpenSpiel`'s `copeland`, which like this counts pairs that never met as ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Copeland;

impl Rater for Copeland {
    /// O(pairs).
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let items = evidence.graph.items().len();
        let mut scores = vec![(items as f64 - 1.0) / 2.0; items];
        let pairs = evidence.graph.pair_sums();
        for pair in 0..pairs.low.len() {
            let margin = margin(pairs.low_wins[pair], pairs.high_wins[pair]);
            if margin != 0.0 {
                scores[pairs.low[pair] as usize] += 0.5 * margin.signum();
                scores[pairs.high[pair] as usize] -= 0.5 * margin.signum();
            }
        }
        Ok(scored(evidence.graph, scores))
    }
}

/// The strength of an item's worst defeat, with a minus sign.
///
/// # Source
/// Simpson 1969; Kramer 1977. Margins are the default of `pref_voting`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Minimax {
    /// What a defeat counts.
    pub strength: Strength,
}

impl Rater for Minimax {
    /// O(pairs).
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let mut worst = vec![0.0_f64; evidence.graph.items().len()];
        let pairs = evidence.graph.pair_sums();
        for pair in 0..pairs.low.len() {
            let (low, high) = (pairs.low[pair] as usize, pairs.high[pair] as usize);
            let (for_low, for_high) = (pairs.low_wins[pair], pairs.high_wins[pair]);
            worst[low] = worst[low].max(self.strength.of(for_high, for_low));
            worst[high] = worst[high].max(self.strength.of(for_low, for_high));
        }
        // Without a defeat it is 0, which has no sign.
        let ratings = worst.into_iter().map(|worst| 0.0 - worst).collect();
        Ok(scored(evidence.graph, ratings))
    }
}
