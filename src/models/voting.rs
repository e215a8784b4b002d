//! Voting rules: orders of items from ballots, or from the pair counts that ballots come to.
//!
//! Ties between items are reported as such where a rule has scores. Where it must choose, the item that
//! was seen first comes first, as in `OpenSpiel`, and a note says so.

mod lotteries;
mod positional;
mod ranked_pairs;
mod schulze;
mod scores;
mod stv;

pub(super) use self::lotteries::ITERATIVE_MAXIMAL_LOTTERY;
pub use self::lotteries::IterativeMaximalLottery;
pub(super) use self::positional::{APPROVAL, PLURALITY};
pub use self::positional::{Approval, Plurality};
pub(super) use self::ranked_pairs::ENTRY as RANKED_PAIRS;
pub use self::ranked_pairs::{LockedPair, LockedPairs, RankedPairs};
pub(super) use self::schulze::ENTRY as SCHULZE;
pub use self::schulze::{Schulze, strongest_paths};
pub(super) use self::scores::{BORDA, COPELAND, MINIMAX};
pub use self::scores::{Copeland, Minimax};
pub(super) use self::stv::ENTRY as STV;
pub use self::stv::{Stv, StvRound, Surplus};

use super::games::ITEM_LIMIT;
use super::{Convergence, Evidence, FitError, Fitted, PlainFit};
use crate::data::graph::{PreferenceGraph, margin};
use crate::data::profile::Profile;
use crate::structure::{Identification, Note};

/// What the defeat of one item by another counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strength {
    /// The votes for the winner.
    WinningVotes,
    /// The votes for the winner less those for the loser.
    #[default]
    Margins,
}

impl Strength {
    /// What a defeat counts by `votes` against `against`, and 0 if it is none.
    fn of(self, votes: f64, against: f64) -> f64 {
        let margin = margin(votes, against);
        match self {
            _ if margin <= 0.0 => 0.0,
            Self::WinningVotes => votes,
            Self::Margins => margin,
        }
    }
}

/// The weight of the votes for i over j, ties being votes for neither, as a dense matrix.
#[derive(Debug, Clone)]
pub(super) struct Votes {
    pub(super) items: usize,
    votes: Vec<f64>,
}

impl Votes {
    /// O(items² + pairs).
    pub(super) fn of(graph: &PreferenceGraph, method: &'static str) -> Result<Self, FitError> {
        let items = graph.items().len();
        if items > ITEM_LIMIT {
            return Err(FitError::TooManyItems { method, items, limit: ITEM_LIMIT });
        }
        let mut votes = vec![0.0; items * items];
        let pairs = graph.pair_sums();
        for pair in 0..pairs.low.len() {
            let (low, high) = (pairs.low[pair] as usize, pairs.high[pair] as usize);
            votes[low * items + high] = pairs.low_wins[pair];
            votes[high * items + low] = pairs.high_wins[pair];
        }
        Ok(Self { items, votes })
    }

    pub(super) fn over(&self, i: usize, j: usize) -> f64 {
        self.votes[i * self.items + j]
    }

    /// By how much more votes i is above j than j above i; exactly 0 for a tie.
    pub(super) fn margin(&self, i: usize, j: usize) -> f64 {
        margin(self.over(i, j), self.over(j, i))
    }
}

/// The ballots, without which the method can't be applied, over the items of the graph.
pub(super) fn ballots<'a>(evidence: &Evidence<'a>, method: &'static str) -> Result<&'a Profile, FitError> {
    checked_ballots(evidence)?.ok_or(FitError::NeedsBallots { method })
}

/// The ballots, if there are any, over the items of the graph.
pub(super) fn checked_ballots<'a>(evidence: &Evidence<'a>) -> Result<Option<&'a Profile>, FitError> {
    let items = evidence.graph.items();
    match evidence.ballots {
        Some(profile) if !profile.items().iter().eq(items.iter()) => {
            Err(FitError::OtherItems { ballots: profile.items().len(), graph: items.len() })
        }
        ballots => Ok(ballots),
    }
}

/// For each item how many stand below it in an order of all, which begins at the top.
pub(super) fn places_below(order: &[usize]) -> Vec<f64> {
    let mut ratings = vec![0.0; order.len()];
    for (place, &item) in order.iter().enumerate() {
        ratings[item] = (order.len() - 1 - place) as f64;
    }
    ratings
}

/// A note that equal items were put in the order in which they were first seen.
pub(super) fn first_seen_order(what: &str) -> Note {
    Note::new("first-seen-order", format!("{what} were put in the order in which the items were first seen"))
}

/// A note of pairs that never met, where a rule takes them for undecided.
pub(super) fn unmet_pairs(graph: &PreferenceGraph) -> Option<Note> {
    let items = graph.items().len();
    let all = items * items.saturating_sub(1) / 2;
    let pairs = graph.pair_sums();
    let is_met = |pair: &usize| pairs.low_wins[*pair] + pairs.high_wins[*pair] + pairs.ties[*pair] > 0.0;
    let unmet = all - (0..pairs.low.len()).filter(is_met).count();
    let message =
        format!("{unmet} of {all} pairs never met and count as undecided, which favours items that met few others");
    (unmet > 0).then(|| Note::new("unmet-pairs", message))
}

/// A score that stands alone, whether or not the items are connected.
fn scored(graph: &PreferenceGraph, ratings: Vec<f64>) -> Box<dyn Fitted> {
    Box::new(PlainFit {
        ratings,
        convergence: Convergence::CLOSED_FORM,
        identification: Identification::unconditional(graph),
        notes: unmet_pairs(graph).into_iter().collect(),
        log_odds: None,
    })
}

/// What ballots decide by themselves, each as a whole, whether or not comparisons connect the items.
pub(super) fn decided(graph: &PreferenceGraph, ratings: Vec<f64>, notes: Vec<Note>) -> PlainFit {
    let identification = Identification::by_ballots(graph);
    PlainFit { ratings, convergence: Convergence::CLOSED_FORM, identification, notes, log_odds: None }
}

/// An order that is made of comparisons of each two items, which must be connected.
pub(super) fn ordered(graph: &PreferenceGraph, ratings: Vec<f64>, notes: Vec<Note>) -> PlainFit {
    let identification = Identification::by_connection(graph);
    let mut all = identification.notes(graph);
    all.extend(notes);
    PlainFit { ratings, convergence: Convergence::CLOSED_FORM, identification, notes: all, log_odds: None }
}

/// A fit with further numbers that were found along with it.
#[derive(Debug)]
pub(super) struct Optimum {
    pub(super) fit: PlainFit,
    pub(super) parameters: Vec<(&'static str, Option<f64>)>,
    pub(super) log_likelihood: Option<f64>,
}

impl Fitted for Optimum {
    fn ratings(&self) -> &[f64] {
        self.fit.ratings()
    }

    fn convergence(&self) -> Convergence {
        self.fit.convergence()
    }

    fn identification(&self) -> &Identification {
        self.fit.identification()
    }

    fn log_likelihood(&self) -> Option<f64> {
        self.log_likelihood
    }

    fn parameters(&self) -> Vec<(&'static str, Option<f64>)> {
        self.parameters.clone()
    }

    fn share_at(&self, difference: f64) -> Option<f64> {
        self.fit.share_at(difference)
    }

    fn notes(&self) -> Vec<Note> {
        self.fit.notes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ItemId;
    use crate::models::soft_condorcet::OnlineSteps;
    use crate::models::{PlackettLuce, Rater, SoftCondorcet};

    #[test]
    fn ratings_are_places_from_below() {
        assert_eq!(places_below(&[2, 0, 1]), [1.0, 0.0, 2.0]);
    }

    #[test]
    fn ballots_of_other_items_are_refused() {
        let [two, three] = [&["a", "b"][..], &["a", "b", "c"]].map(|names| {
            let mut profile = Profile::new(names.iter().copied().collect());
            profile.push(&(0..names.len()).map(|item| [ItemId(item as u32)]).collect::<Vec<_>>(), 2.0).unwrap();
            profile
        });
        let graph = two.graph();
        let evidence = Evidence::of_ballots(&graph, &three);
        let steps = OnlineSteps { steps: 10, rate: 0.1, seed: 1 };
        let online = SoftCondorcet { online: Some(steps), ..SoftCondorcet::default() };
        for rater in [
            &Plurality as &dyn Rater,
            &Stv { winners: Some(1), surplus: Surplus::Last },
            &PlackettLuce::default(),
            &online,
        ] {
            assert_eq!(rater.fit(evidence, None).unwrap_err(), FitError::OtherItems { ballots: 3, graph: 2 });
            assert!(rater.fit(Evidence::of_ballots(&graph, &two), None).is_ok());
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "these values are exact")]
    fn a_margin_of_rounding_is_a_tie() {
        assert_eq!(Strength::WinningVotes.of(0.1 + 0.2, 0.3), 0.0);
        assert_eq!(Strength::WinningVotes.of(3.0, 1.0), 3.0);
        assert_eq!(Strength::Margins.of(3.0, 1.0), 2.0);
    }
}
