//! Stochastic gradient descent, one ballot a step.

use rand_distr::Distribution;
use rand_distr::weighted::WeightedAliasIndex;

use super::{OnlineSteps, SoftCondorcet};
use crate::data::ItemId;
use crate::data::profile::Profile;
use crate::models::bradley_terry::logistic;
use crate::models::voting::checked_ballots;
use crate::models::{Evidence, FitError};
use crate::random::{Purpose, stream};

/// The ratings after all steps, which begin in the middle of the box. Without ballots, comparisons are
/// drawn, each of which is a ballot of two.
pub(super) fn ratings(
    settings: &SoftCondorcet,
    steps: OnlineSteps,
    evidence: &Evidence<'_>,
) -> Result<Vec<f64>, FitError> {
    let mut ratings = vec![f64::midpoint(settings.lower, settings.upper); evidence.graph.items().len()];
    let pairs;
    let profile = if let Some(profile) = checked_ballots(evidence)? {
        profile
    } else {
        pairs = pairs_as_ballots(evidence);
        &pairs
    };
    let counts: Vec<f64> = profile.ballots().map(|ballot| ballot.count).collect();
    let Ok(urn) = WeightedAliasIndex::new(counts) else { return Ok(ratings) };
    let mut rng = stream(steps.seed, Purpose::SoftCondorcet, 0);
    let mut pulls: Vec<f64> = Vec::new();
    for _ in 0..steps.steps {
        let ballot = profile.ballot(urn.sample(&mut rng));
        pulls.clear();
        pulls.resize(ballot.ranked.len(), 0.0);
        for above in 0..ballot.ranked.len() {
            for below in above + 1..ballot.ranked.len() {
                if ballot.levels[above] < ballot.levels[below] {
                    let [a, b] = [above, below].map(|place| ratings[ballot.ranked[place].index()]);
                    let wrong = logistic((b - a) / settings.temperature);
                    let pull = wrong * (1.0 - wrong) / settings.temperature;
                    pulls[above] += pull;
                    pulls[below] -= pull;
                }
            }
        }
        for (item, pull) in ballot.ranked.iter().zip(&pulls) {
            let rating = &mut ratings[item.index()];
            *rating = (*rating + steps.rate * pull).clamp(settings.lower, settings.upper);
        }
    }
    Ok(ratings)
}

fn pairs_as_ballots(evidence: &Evidence<'_>) -> Profile {
    let mut profile = Profile::new(evidence.graph.items().clone());
    let pairs = evidence.graph.pair_sums();
    for pair in 0..pairs.low.len() {
        let (low, high) = (ItemId(pairs.low[pair]), ItemId(pairs.high[pair]));
        for (ranked, count) in [([low, high], pairs.low_wins[pair]), ([high, low], pairs.high_wins[pair])] {
            if count > 0.0 {
                profile.extend(&ranked, &[0, 1], count);
            }
        }
    }
    profile
}
