//! Plackett-Luce by maximum likelihood, on full and partial rankings.

mod stages;

use self::stages::Stages;
use super::bradley_terry::FALLBACK_PENALTY;
use super::voting::{Optimum, ballots};
use super::{
    Convergence, Evidence, FitError, Fitted, Laws, Mirror, Needs, PlainFit, Rater, RaterEntry, Setting, Units,
};
use crate::data::graph::{PreferenceGraph, Tally};
use crate::data::profile::Profile;
use crate::data::{Comparison, Outcome};
use crate::structure::{Identification, Status};

pub(super) const ENTRY: RaterEntry = RaterEntry {
    name: "plackett-luce",
    summary: "Plackett-Luce maximum likelihood: each place of a ballot is a choice among the items from there down",
    needs: Needs::Ballots,
    units: Units::LogOdds,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[Setting {
        name: "penalty",
        default: "0",
        summary: "ridge λ in λ/2 Σ r², on log-odds; 0.1 is used where no estimate exists",
    }],
    build: |settings| {
        let number = |x: f64| x.is_finite() && x >= 0.0;
        Ok(Box::new(PlackettLuce { penalty: settings.number("penalty", 0.0, "a number of 0 or more", number)? }))
    },
};

/// Plackett-Luce: the item at each place is chosen from those that stand there or below, with a chance
/// in proportion to exp of its rating.
///
/// Items tied at the bottom of a ballot are not chosen among, as of a top-k list; items tied elsewhere are
/// each chosen from all that stand there or below (Breslow's rule). A ballot of two items is a comparison,
/// of which a tie says nothing.
///
/// # Source
/// Luce 1959; Plackett 1975; existence and uniqueness: Hunter 2004, *Annals of Statistics* 32, who fits by
/// MM. Here by Newton's method with conjugate gradients on the concave likelihood. Ties: Breslow 1974.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlackettLuce {
    /// The ridge λ of λ/2 Σ r², with r in natural log-odds.
    pub penalty: f64,
}

/// Converged means that no component of the gradient exceeds this share of all choices.
const TOLERANCE: f64 = 1e-10;
/// What Newton's method is driven on to: rounding error of the gradient.
const POLISHED: f64 = 1e-15;
const MAX_ITERATIONS: u32 = 100;
const MAX_HALVINGS: u32 = 40;
/// The longest step of a rating: a longer one may land where the likelihood is flat.
const LONGEST_STEP: f64 = 3.0;

impl Rater for PlackettLuce {
    /// O(places on all ballots) for each of up to n inner iterations in each of 5 to 10 outer ones.
    fn fit(&self, evidence: Evidence<'_>, start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let profile = ballots(&evidence, ENTRY.name)?;
        let choices = choices(profile);
        let identification = Identification::by_strong_connection(&choices);
        let regular = self.penalty > 0.0 || identification.status == Status::Identified;
        let penalty = if regular { self.penalty } else { FALLBACK_PENALTY };
        let stages = Stages::of(profile);
        let start = start.map_or_else(|| vec![0.0; profile.items().len()], <[f64]>::to_vec);
        let (ratings, convergence) = maximise(&stages, penalty, start);
        let mut notes = identification.notes(&choices);
        if !regular {
            let fallback =
                format!("; all were fitted with penalty {penalty}, and what is not identified has no interval");
            for note in &mut notes {
                note.message.push_str(&fallback);
            }
        }
        Ok(Box::new(Optimum {
            log_likelihood: Some(stages.log_likelihood(&ratings)),
            parameters: if regular { Vec::new() } else { vec![("penalty", Some(penalty))] },
            fit: PlainFit { ratings, convergence, identification, notes, log_odds: Some(1.0) },
        }))
    }
}

/// Which item was chosen while which other was there: what decides whether an estimate exists.
fn choices(profile: &Profile) -> PreferenceGraph {
    let mut tally = Tally::new(profile.items().clone());
    for ballot in profile.ballots().filter(|ballot| ballot.count > 0.0) {
        let lowest = ballot.levels.last().copied().unwrap_or_default();
        for (place, (&chosen, &level)) in ballot.ranked.iter().zip(ballot.levels).enumerate() {
            let others = ballot.ranked.iter().zip(ballot.levels).enumerate();
            let there = others.filter(|&(other, (_, &other_level))| other != place && other_level >= level);
            for (_, (&other, _)) in there.filter(|_| level < lowest) {
                tally.add(Comparison { count: ballot.count, ..Comparison::new(chosen, other, Outcome::Left) });
            }
        }
    }
    PreferenceGraph::from_tally(tally)
}

/// Newton's method from `start`. The ratings returned have mean 0.
fn maximise(stages: &Stages, penalty: f64, start: Vec<f64>) -> (Vec<f64>, Convergence) {
    let scale = stages.weight().max(f64::MIN_POSITIVE);
    let largest = |slope: &[f64]| slope.iter().fold(0.0_f64, |most, part| most.max(part.abs())) / scale;
    let mut at = centred(start);
    let mut slope = stages.slope(&at, penalty);
    let mut iterations = 0;
    while iterations < MAX_ITERATIONS && largest(&slope.gradient) > POLISHED {
        let step = stages.newton_step(&slope, penalty, largest(&slope.gradient));
        let gain: f64 = step.iter().zip(&slope.gradient).map(|(step, part)| step * part).sum();
        let longest = step.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        let mut length = (LONGEST_STEP / longest.max(f64::MIN_POSITIVE)).min(1.0);
        let mut better = None;
        for _ in 0..MAX_HALVINGS {
            let to = centred(at.iter().zip(&step).map(|(at, step)| at + length * step).collect());
            let there = stages.slope(&to, penalty);
            // The likelihood is concave along the step: its slope there tells an overshoot.
            let along: f64 = step.iter().zip(&there.gradient).map(|(step, part)| step * part).sum();
            if along >= -0.25 * gain {
                better = Some((to, there));
                break;
            }
            length *= 0.5;
        }
        let Some((to, there)) = better else { break };
        iterations += 1;
        let polished = largest(&slope.gradient) <= TOLERANCE;
        if polished && largest(&there.gradient) >= largest(&slope.gradient) {
            break;
        }
        (at, slope) = (to, there);
    }
    let gradient = largest(&slope.gradient);
    (at, Convergence { converged: gradient <= TOLERANCE, iterations, gradient_norm: Some(gradient * scale) })
}

fn centred(mut ratings: Vec<f64>) -> Vec<f64> {
    let mean = ratings.iter().sum::<f64>() / ratings.len().max(1) as f64;
    for rating in &mut ratings {
        *rating -= mean;
    }
    ratings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ItemId;
    use crate::models::BradleyTerry;
    use approx::assert_relative_eq;

    fn profile(ballots: &[(f64, &[&[u32]])]) -> Profile {
        let mut profile = Profile::new(["a", "b", "c"].into_iter().collect());
        for (count, groups) in ballots {
            let groups: Vec<Vec<ItemId>> =
                groups.iter().map(|group| group.iter().map(|&id| ItemId(id)).collect()).collect();
            profile.push(&groups, *count).unwrap();
        }
        profile
    }

    fn fit(profile: &Profile) -> Box<dyn Fitted> {
        let graph = profile.graph();
        PlackettLuce::default().fit(Evidence { graph: &graph, rows: None, ballots: Some(profile) }, None).unwrap()
    }

    #[test]
    fn ballots_of_two_are_comparisons() {
        let profile = profile(&[
            (3.0, &[&[0], &[1]]),
            (1.0, &[&[1], &[0]]),
            (2.0, &[&[1], &[2]]),
            (1.0, &[&[2], &[1]]),
            (1.0, &[&[2], &[0]]),
        ]);
        let expected = BradleyTerry::default().fit((&profile.graph()).into(), None).unwrap();
        let found = fit(&profile);
        for (found, expected) in found.ratings().iter().zip(expected.ratings()) {
            assert_relative_eq!(*found, *expected, epsilon = 1e-10);
        }
        assert_relative_eq!(found.log_likelihood().unwrap(), expected.log_likelihood().unwrap(), epsilon = 1e-10);
    }

    #[test]
    fn items_tied_at_the_bottom_are_not_chosen_among() {
        let top = profile(&[(2.0, &[&[0], &[1, 2]]), (1.0, &[&[1], &[0, 2]]), (1.0, &[&[2], &[0, 1]])]);
        // A single choice each: the shares of first places.
        let ratings = fit(&top);
        let odds: Vec<f64> = ratings.ratings().iter().map(|rating| rating.exp()).collect();
        assert_relative_eq!(odds[0] / odds.iter().sum::<f64>(), 0.5, epsilon = 1e-10);
        assert_relative_eq!(odds[1], odds[2], epsilon = 1e-10);
    }

    #[test]
    fn an_item_always_first_has_no_estimate() {
        let found = fit(&profile(&[(2.0, &[&[0], &[1], &[2]]), (1.0, &[&[0], &[2], &[1]])]));
        assert_eq!(found.identification().members, [ItemId(1), ItemId(2)]);
        assert!(found.notes()[0].message.contains("penalty 0.1"));
        assert!(found.convergence().converged);
    }
}
