//! Rewards scaled by how clear a win was, or by how hard the group was.

use std::sync::Arc;

use super::settings::{not_negative, positive};
use super::{Reads, RewardEntry, RewardError, RewardRule, by_group};
use crate::advantages::{Contest, Samples};
use crate::settings::Setting;

pub(super) const MARGIN: RewardEntry = RewardEntry {
    name: "margin-scaled",
    summary: "wins less losses against the group, each by how far the scores are apart",
    reads: Reads::Matches,
    needs: &[],
    rare: true,
    settings: &[Setting {
        name: "scale",
        default: "1",
        summary: "the difference of scores that counts tanh(1) = 0.76",
    }],
    build: |settings| Ok(Arc::new(MarginScaled { scale: positive(settings, "scale", 1.0)? })),
};

pub(super) const DIFFICULTY: RewardEntry = RewardEntry {
    name: "difficulty-scaled",
    summary: "the score, less of it the easier the group was: (1 − mean)^power",
    reads: Reads::Scores,
    needs: &[],
    rare: true,
    settings: &[Setting {
        name: "power",
        default: "1",
        summary: "0 for no scaling; the larger, the less easy groups count",
    }],
    build: |settings| Ok(Arc::new(DifficultyScaled { power: not_negative(settings, "power", 1.0)? })),
};

/// The mean over an item's matches of (2 share − 1) tanh(|margin|/scale), where the margin is the
/// difference of the match's two scores: a narrow win counts little, a wide one up to 1. Of scores, every
/// other sample of the group is such an opponent. Sums to 0 where all met alike.
///
/// # Source
/// palio's own; tanh as in the PAR variants, so that one huge margin can't outweigh all others.
#[derive(Debug, Clone, Copy)]
struct MarginScaled {
    scale: f64,
}

impl RewardRule for MarginScaled {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let scores = samples.scores;
        Ok(by_group(samples, |_, members| {
            let others = (members.len() as f64 - 1.0).max(1.0);
            let clear = |i: usize, j: usize| ((scores[i] - scores[j]) / self.scale).tanh();
            members.iter().map(|&i| members.iter().map(|&j| clear(i, j)).sum::<f64>() / others).collect()
        }))
    }

    fn of_contest(&self, contest: &Contest<'_>) -> Result<Vec<f64>, RewardError> {
        let mut sums = vec![(0.0, 0.0); contest.standing.values.len()];
        for played in contest.matches() {
            let [left, right] = played.result.scores;
            let won = (2.0 * played.result.outcome.share() - 1.0) * ((left - right).abs() / self.scale).tanh();
            for (item, won) in [(played.game.left, won), (played.game.right, -won)] {
                let (sum, weight) = &mut sums[item as usize];
                *sum += played.weight * won;
                *weight += played.weight;
            }
        }
        Ok(sums.into_iter().map(|(sum, weight)| sum / weight).collect())
    }
}

/// r (1 − m)^power, where m is the mean score of the group limited to 0..1: with scores of 0 and 1 its
/// success rate. It is a factor of the group's own, which a z-score takes out again: normalise by
/// mean-centred, leave-one-out, batch or none.
///
/// # Source
/// palio's own: the simplest of the weights by success rate that are used to spend updates on hard
/// prompts.
#[derive(Debug, Clone, Copy)]
struct DifficultyScaled {
    power: f64,
}

impl RewardRule for DifficultyScaled {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let scores = samples.scores;
        Ok(by_group(samples, |_, members| {
            let mean = members.iter().map(|&sample| scores[sample]).sum::<f64>() / members.len().max(1) as f64;
            let factor = (1.0 - mean.clamp(0.0, 1.0)).powf(self.power);
            members.iter().map(|&sample| scores[sample] * factor).collect()
        }))
    }
}
