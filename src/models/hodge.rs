//! `HodgeRank` as a rater: least squares potentials of the log-odds of the pairs.

use super::{Convergence, Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, Rater, RaterEntry, Units};
use crate::models::bradley_terry::logistic;
use crate::structure::Identification;
use crate::structure::hodge::Flow;

pub(super) const ENTRY: RaterEntry = RaterEntry {
    name: "hodge",
    summary: "HodgeRank: weighted least squares on the pairs' log-odds, and the share of them that goes round in cycles",
    needs: Needs::Counts,
    units: Units::LogOdds,
    laws: Laws { mirror: Mirror::Reflects, doubling_changes_nothing: false, dominated_ranks_last: false },
    has_covariance: false,
    settings: &[],
    build: |_| Ok(Box::new(HodgeRank)),
};

/// The potentials nearest to the log-odds of the pairs, half a win being added to both sides of each and
/// the inverse variance being the weight: close to Bradley-Terry's ratings where that model holds.
///
/// Unit: log-odds, with mean 0 in each connected component. Finite on any log; each comparison more
/// makes the half wins matter less, so that the ratings of a doubled log differ a little. Between items
/// that met rarely, an item that only lost need not come last: its log-odds weigh little.
///
/// # Source
/// Jiang, Lim, Yao and Ye 2011; the half wins are those of Haldane and Anscombe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HodgeRank;

/// What keeps the log-odds of a pair that went one way from being infinite.
const HELD: &str = "their ratings are held by the half win that each side of a pair is given";

#[derive(Debug)]
struct FittedHodge {
    ratings: Vec<f64>,
    cyclicity: Option<f64>,
    converged: bool,
    identification: Identification,
    notes: Vec<Note>,
}

impl Rater for HodgeRank {
    /// O(items³) up to [`DENSE_ITEMS`](crate::structure::hodge::DENSE_ITEMS) items, conjugate gradients above.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let found = Flow::log_odds(evidence.graph).gradient();
        let identification = Identification::by_strong_connection(evidence.graph);
        Ok(Box::new(FittedHodge {
            cyclicity: (found.total > 0.0).then(|| found.cyclicity()),
            ratings: found.potentials,
            converged: found.converged,
            notes: identification.notes_held_by(evidence.graph, HELD),
            identification,
        }))
    }
}

impl Fitted for FittedHodge {
    fn ratings(&self) -> &[f64] {
        &self.ratings
    }

    fn convergence(&self) -> Convergence {
        Convergence { converged: self.converged, ..Convergence::CLOSED_FORM }
    }

    fn identification(&self) -> &Identification {
        &self.identification
    }

    /// The share of the log-odds, squared and weighed, that no ratings carry; `None` where all are 0.
    fn parameters(&self) -> Vec<(&'static str, Option<f64>)> {
        vec![("cyclicity", self.cyclicity)]
    }

    fn share_at(&self, difference: f64) -> Option<f64> {
        Some(logistic(difference))
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}
