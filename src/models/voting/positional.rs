//! Rules that count the first places of ballots: plurality and approval.

use super::{ballots, decided};
use crate::data::profile::Profile;
use crate::models::{Evidence, FitError, Fitted, Laws, Mirror, Needs, Rater, RaterEntry, Setting, Units};

pub(in crate::models) const PLURALITY: RaterEntry = RaterEntry {
    name: "plurality",
    summary: "the ballots on which an item is first; tied first items share a ballot",
    needs: Needs::Ballots,
    units: Units::Votes,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: false, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[],
    build: |_| Ok(Box::new(Plurality)),
};

pub(in crate::models) const APPROVAL: RaterEntry = RaterEntry {
    name: "approval",
    summary: "the ballots on which an item is among the first k; items tied for the last of these places share them",
    needs: Needs::Ballots,
    units: Units::Votes,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: false, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[Setting { name: "k", default: "1", summary: "how many places of a ballot are approved, 1 or more" }],
    build: |settings| {
        Ok(Box::new(Approval { places: settings.number("k", 1, "a whole number of 1 or more", |k: u32| k > 0)? }))
    },
};

/// The weight of the ballots on which an item is first: `OpenSpiel`'s `plurality`, with ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plurality;

/// The weight of the ballots on which an item is among the first places: `OpenSpiel`'s `approval`, with
/// ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    /// How many places of a ballot are approved.
    pub places: u32,
}

impl Default for Approval {
    fn default() -> Self {
        Self { places: 1 }
    }
}

impl Rater for Plurality {
    fn counts_ballots(&self) -> bool {
        true
    }

    /// O(ballots + tied first places).
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        Ok(Box::new(decided(evidence.graph, approvals(ballots(&evidence, PLURALITY.name)?, 1), Vec::new())))
    }
}

impl Rater for Approval {
    fn counts_ballots(&self) -> bool {
        true
    }

    /// O(places on all ballots).
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let approvals = approvals(ballots(&evidence, APPROVAL.name)?, self.places as usize);
        Ok(Box::new(decided(evidence.graph, approvals, Vec::new())))
    }
}

/// For each item the weight of its first `places` places. The last of them is shared by those tied for it.
fn approvals(profile: &Profile, places: usize) -> Vec<f64> {
    let mut approvals = vec![0.0; profile.items().len()];
    for ballot in profile.ballots() {
        let mut left = places;
        for group in ballot.groups() {
            let taken = left.min(group.len());
            let share = ballot.count * taken as f64 / group.len() as f64;
            for item in group {
                approvals[item.index()] += share;
            }
            left -= taken;
            if left == 0 {
                break;
            }
        }
    }
    approvals
}
