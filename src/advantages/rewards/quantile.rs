//! Rewards of ranks.

use std::sync::Arc;

use super::{Reads, RewardEntry, RewardError, RewardRule, by_group};
use crate::advantages::ranks::{RankTies, descending, ranks};
use crate::advantages::{Aggregation, Contest, Samples};
use crate::settings::{Setting, Settings, SettingsError};

pub(super) const ENTRY: RewardEntry = RewardEntry {
    name: "quantile",
    summary: "how high the rank is, from 1 for the best to 0 for the worst",
    reads: Reads::Ranks,
    needs: &[],
    rare: false,
    settings: &[Setting {
        name: "ties",
        default: "auto",
        summary: "min, mean, or auto: mean for points and min for all else, as in ArenaRL",
    }],
    build: |settings| Ok(Arc::new(Quantile::of(settings)?)),
};

pub(super) const RANK_OVER_N: RewardEntry = RewardEntry {
    name: "rank-over-n",
    summary: "the share of the group that is worse: 0 to (N−1)/N",
    reads: Reads::Ranks,
    needs: &[],
    rare: false,
    settings: &[Setting {
        name: "ties",
        default: "auto",
        summary: "order (equal ones as they come), min or mean of their places, or auto: mean for matches, order for scores",
    }],
    build: |settings| {
        let (order, auto) = (("order", Equal::AsTheyCome), ("auto", Equal::Auto));
        let (min, mean) = (("min", Equal::Share(RankTies::Min)), ("mean", Equal::Share(RankTies::Mean)));
        Ok(Arc::new(RankOverN { equal: settings.choice("ties", &[auto, order, min, mean])? }))
    },
};

/// Quantile rewards: for a strict order of N items 1 − k/(N−1), where k is the rank from 0.
///
/// With `ties=min` equal items have the best of their places and r = (M − rank)/(M − 1), where M is
/// the largest rank given, so that the worst always has 0; all equal gives 0. With `ties=mean` equal
/// items have the mean of (N − 1 − k)/(N − 1) over their places. A group of one has 0.
///
/// # Source
/// `ArenaRL` (qqr 8653a9a): `min` for round robin and anchor, `mean` for Swiss; its elimination formats
/// have strict orders.
#[derive(Debug, Clone, Copy)]
struct Quantile {
    /// The rule for equal items; by the aggregation where it is not given.
    ties: Option<RankTies>,
}

impl Quantile {
    fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let ties = [("auto", None), ("min", Some(RankTies::Min)), ("mean", Some(RankTies::Mean))];
        Ok(Self { ties: settings.choice("ties", &ties)? })
    }
}

/// The quantile rewards of values that are higher for the better; NaN for NaN.
fn quantiles(values: &[f64], ties: RankTies) -> Vec<f64> {
    let ranks = ranks(values, ties);
    let last = match ties {
        RankTies::Min => ranks.iter().flatten().fold(1.0, |last: f64, &rank| last.max(rank)),
        RankTies::Mean => ranks.iter().flatten().count() as f64,
    };
    let reward = |rank: f64| if last > 1.0 { (last - rank) / (last - 1.0) } else { 0.0 };
    ranks.iter().map(|rank| rank.map_or(f64::NAN, reward)).collect()
}

/// What ranks a standing: its ranks, the lower the better, so that tie-breaks count.
fn by_rank(contest: &Contest<'_>) -> Vec<f64> {
    contest.standing.ranks.iter().map(|rank| rank.map_or(f64::NAN, |rank| -rank)).collect()
}

fn pick(scores: &[f64], members: &[usize]) -> Vec<f64> {
    members.iter().map(|&sample| scores[sample]).collect()
}

impl RewardRule for Quantile {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let ties = self.ties.unwrap_or_default();
        Ok(by_group(samples, |_, members| quantiles(&pick(samples.scores, members), ties)))
    }

    fn of_contest(&self, contest: &Contest<'_>) -> Result<Vec<f64>, RewardError> {
        let points = contest.standing.aggregation == Aggregation::Points;
        let ties = self.ties.unwrap_or(if points { RankTies::Mean } else { RankTies::Min });
        Ok(quantiles(&by_rank(contest), ties))
    }
}

/// r = rank / N, where the rank counts from 0 for the worst.
///
/// # Source
/// Flow-Factory's `PickScore_Rank`: `argsort(argsort(score)) / N`, where equal scores come in the order
/// that the sort leaves them in; here the earlier one is the lower. It has no matches: of those, equal
/// items share the mean of their places unless told otherwise, since their order says nothing.
#[derive(Debug, Clone, Copy)]
struct RankOverN {
    equal: Equal,
}

/// What equal samples have.
#[derive(Debug, Clone, Copy)]
enum Equal {
    Auto,
    AsTheyCome,
    Share(RankTies),
}

impl RankOverN {
    /// `shared` is the rule for equal values; without one the earlier is the lower.
    fn rewards(shared: Option<RankTies>, values: &[f64]) -> Vec<f64> {
        let mut rewards = vec![f64::NAN; values.len()];
        let known = values.iter().filter(|value| !value.is_nan()).count() as f64;
        if let Some(ties) = shared {
            for (reward, rank) in rewards.iter_mut().zip(ranks(values, ties)) {
                *reward = rank.map_or(f64::NAN, |rank| (known - rank) / known);
            }
            return rewards;
        }
        // From the last to the first, so that the sort, which keeps the order of equal ones, has the
        // later one first.
        let reversed: Vec<f64> = values.iter().rev().copied().collect();
        for (above, place) in descending(&reversed).into_iter().enumerate() {
            rewards[values.len() - 1 - place] = (known - 1.0 - above as f64) / known;
        }
        rewards
    }
}

impl RewardRule for RankOverN {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let shared = if let Equal::Share(ties) = self.equal { Some(ties) } else { None };
        Ok(by_group(samples, |_, members| Self::rewards(shared, &pick(samples.scores, members))))
    }

    fn of_contest(&self, contest: &Contest<'_>) -> Result<Vec<f64>, RewardError> {
        let shared = match self.equal {
            Equal::Auto => Some(RankTies::Mean),
            Equal::AsTheyCome => None,
            Equal::Share(ties) => Some(ties),
        };
        Ok(Self::rewards(shared, &by_rank(contest)))
    }
}
