//! Rewards of how samples do against each other: BRPO, SPPO, DNO.

use std::cmp::Ordering;
use std::sync::Arc;

use rand::RngExt;

use super::settings::{positive, share};
use super::{Reads, RewardEntry, RewardError, RewardRule, by_group};
use crate::advantages::{Contest, Samples};
use crate::models::bradley_terry::logistic;
use crate::settings::{Setting, Settings, SettingsError};
use crate::tournaments::Draw;

const BRPO: &str = "brpo";

pub(super) const BRPO_ENTRY: RewardEntry = RewardEntry {
    name: BRPO,
    summary: "1 for better than one item of the group, −1 otherwise; nothing where most of a group agree",
    reads: Reads::Matches,
    needs: &[],
    rare: false,
    settings: &[
        Setting {
            name: "reference",
            default: "drawn",
            summary: "drawn (by the seed, among those that all others met), or a number from 0 in the group",
        },
        Setting { name: "threshold", default: "0.6", summary: "groups with |Σ reward|/N above it get zeros" },
    ],
    build: |settings| Ok(Arc::new(Brpo::of(settings)?)),
};

const OUTPUT: Setting = Setting {
    name: "output",
    default: "payoff",
    summary: "payoff (p − 1/2), rate (p), or log-ratio (the target (p − 1/2)/beta)",
};
const BETA: Setting = Setting { name: "beta", default: "0.001", summary: "of the log-ratio" };

pub(super) const SPPO: RewardEntry = RewardEntry {
    name: "sppo",
    summary: "the expected win rate against the group, itself included, less a half",
    reads: Reads::Matches,
    needs: &[],
    rare: false,
    settings: &[OUTPUT, BETA],
    build: |settings| Ok(Arc::new(ExpectedWinRate::of(settings, Own::Included)?)),
};

pub(super) const DNO: RewardEntry = RewardEntry {
    name: "dno",
    summary: "the expected win rate against the rest of the group",
    reads: Reads::Matches,
    needs: &[],
    rare: false,
    settings: &[Setting { default: "rate", ..OUTPUT }, BETA],
    build: |settings| Ok(Arc::new(ExpectedWinRate::of(settings, Own::LeftOut)?)),
};

/// The number of the draw of a reference among those of a group; rounds of a tournament have the
/// small ones.
const REFERENCE_DRAW: u32 = u32::MAX;

/// Bootstrapped relative policy optimisation: +1 for an item that was judged better than the reference
/// item, −1 for one that was not (a tie is not better), 0 for the reference. Where |Σ A|/N is above the
/// threshold, N counting the reference, the reference is an outlier and the group gets zeros; and so it
/// does where nobody differs from the reference, of which the paper says nothing: a judge that only ties
/// has given no signal.
///
/// Of scores, better is higher. Of matches, better is more than half of the weight; whether both orders
/// must agree is the judge's matter. An item that didn't meet the reference is unknown; where no item
/// met all others, the whole group is.
///
/// # Source
/// Jia et al. 2025, Writing-Zero (arXiv 2506.00103), by its digest and a public implementation: threshold
/// 0.6 at N = 16, no normalisation.
#[derive(Debug, Clone, Copy)]
struct Brpo {
    /// Drawn where it is not given.
    reference: Option<usize>,
    threshold: f64,
    seed: u64,
}

impl Brpo {
    fn of(settings: &Settings) -> Result<Self, SettingsError> {
        let drawn = settings.get("reference").is_none_or(|text| text == "drawn");
        let expected = "drawn, or the number of an item from 0";
        let reference = if drawn { None } else { Some(settings.number("reference", 0, expected, |_| true)?) };
        Ok(Self { reference, threshold: share(settings, "threshold", 0.6)?, seed: settings.seed })
    }

    fn draw(&self, group: u64, candidates: &[usize]) -> Option<usize> {
        let mut rng = Draw::Seeded { seed: self.seed, group }.rng(REFERENCE_DRAW)?;
        (!candidates.is_empty()).then(|| candidates[rng.random_range(0..candidates.len())])
    }

    /// The rewards of items by how they compare with the reference, which compares as nothing. Unknown
    /// ones are NaN and stay so.
    fn rewards(&self, compared: &[Compared]) -> Vec<f64> {
        let reward = |compared: &Compared| match compared {
            Compared::Unknown => f64::NAN,
            Compared::Reference => 0.0,
            Compared::Above => 1.0,
            Compared::Equal | Compared::Below => -1.0,
        };
        let mut rewards: Vec<f64> = compared.iter().map(reward).collect();
        let known = rewards.iter().filter(|reward| !reward.is_nan());
        let (count, sum) = known.fold((0.0, 0.0), |(count, sum), reward| (count + 1.0, sum + reward));
        let differs = compared.iter().any(|compared| matches!(compared, Compared::Above | Compared::Below));
        if !differs || f64::abs(sum) / count > self.threshold {
            rewards.iter_mut().filter(|reward| !reward.is_nan()).for_each(|reward| *reward = 0.0);
        }
        rewards
    }
}

/// How an item compares with the reference.
#[derive(Debug, Clone, Copy)]
enum Compared {
    Unknown,
    Reference,
    Above,
    Equal,
    Below,
}

impl From<Ordering> for Compared {
    fn from(ordering: Ordering) -> Self {
        match ordering {
            Ordering::Greater => Self::Above,
            Ordering::Equal => Self::Equal,
            Ordering::Less => Self::Below,
        }
    }
}

impl RewardRule for Brpo {
    /// The reference's number counts all samples of the group.
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let members = samples.groups.members();
        let smallest = members.iter().map(<[usize]>::len).filter(|&items| items > 0).min();
        if let (Some(item), Some(items)) = (self.reference, smallest.filter(|&items| self.reference >= Some(items))) {
            return Err(RewardError::NoSuchItem { reward: BRPO, item, items });
        }
        let scores = samples.scores;
        let mut rewards = vec![f64::NAN; samples.len()];
        for (group, members) in (0..).zip(members.iter()) {
            let known: Vec<usize> = members.iter().copied().filter(|&sample| scores[sample].is_finite()).collect();
            let reference = self.reference.map(|item| members.get(item).copied());
            let reference = reference.unwrap_or_else(|| self.draw(group, &known));
            let Some(reference) = reference.filter(|&sample| scores[sample].is_finite()) else { continue };
            let compared = |&sample: &usize| match scores[sample].partial_cmp(&scores[reference]) {
                _ if sample == reference => Compared::Reference,
                ordering => ordering.map_or(Compared::Unknown, Compared::from),
            };
            let of_group = self.rewards(&known.iter().map(compared).collect::<Vec<_>>());
            known.iter().zip(of_group).for_each(|(&sample, reward)| rewards[sample] = reward);
        }
        Ok(rewards)
    }

    fn of_contest(&self, contest: &Contest<'_>) -> Result<Vec<f64>, RewardError> {
        let items = contest.standing.values.len();
        if let Some(item) = self.reference.filter(|&item| item >= items) {
            return Err(RewardError::NoSuchItem { reward: BRPO, item, items });
        }
        let pairs = Pairs::of(contest);
        let known = |item: usize| contest.standing.values[item].is_some();
        let met_all =
            |&item: &usize| known(item) && (0..items).all(|j| j == item || !known(j) || pairs.share(j, item).is_some());
        let drawn = || self.draw(contest.group, &(0..items).filter(met_all).collect::<Vec<_>>());
        let Some(reference) = self.reference.or_else(drawn) else { return Ok(vec![f64::NAN; items]) };
        let compared = |item: usize| match pairs.share(item, reference) {
            _ if !known(item) => Compared::Unknown,
            _ if item == reference => Compared::Reference,
            share => share.and_then(|share| share.partial_cmp(&0.5)).map_or(Compared::Unknown, Compared::from),
        };
        Ok(self.rewards(&(0..items).map(compared).collect::<Vec<_>>()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    Included,
    LeftOut,
}

#[derive(Debug, Clone, Copy)]
enum Output {
    Payoff,
    Rate,
    LogRatio,
}

/// The expected win rate p against samples of the same policy: the mean of P(i beats j) over the group.
///
/// Of scores u, `P = sigmoid(u_i − u_j)`. Of matches it is the share of the weight that i took from j, and
/// the mean is over the opponents that i met. SPPO's mean includes the item itself, with 1/2; DNO's
/// doesn't. The payoff p − 1/2 sums to 0 over a group where all met. A group of one has p = 1/2.
///
/// # Source
/// Wu et al. 2024, SPPO (arXiv 2405.00675), code `scripts/compute_prob.py` and `trainer.py`: the loss is
/// (log-ratio − (p − 1/2)/beta)², beta 0.001. Rosset et al. 2024, DNO (arXiv 2404.03715):
/// r(x, y) = E P(y beats y').
#[derive(Debug, Clone, Copy)]
struct ExpectedWinRate {
    own: Own,
    output: Output,
    beta: f64,
}

impl ExpectedWinRate {
    fn of(settings: &Settings, own: Own) -> Result<Self, SettingsError> {
        let (payoff, rate) = (("payoff", Output::Payoff), ("rate", Output::Rate));
        let ratio = ("log-ratio", Output::LogRatio);
        let outputs = if own == Own::Included { [payoff, rate, ratio] } else { [rate, payoff, ratio] };
        Ok(Self { own, output: settings.choice("output", &outputs)?, beta: positive(settings, "beta", 0.001)? })
    }

    /// Of the sum of chances against so many others.
    fn reward(self, sum: f64, others: f64) -> f64 {
        let rate = match self.own {
            Own::Included => (sum + 0.5) / (others + 1.0),
            Own::LeftOut if others > 0.0 => sum / others,
            Own::LeftOut => 0.5,
        };
        match self.output {
            Output::Rate => rate,
            Output::Payoff => rate - 0.5,
            Output::LogRatio => (rate - 0.5) / self.beta,
        }
    }
}

impl RewardRule for ExpectedWinRate {
    /// O(Σ N²) over the groups.
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let scores = samples.scores;
        let chance = |i: usize, j: usize| if i == j { 0.0 } else { logistic(scores[i] - scores[j]) };
        Ok(by_group(samples, |_, known| {
            let others = known.len() as f64 - 1.0;
            known.iter().map(|&i| self.reward(known.iter().map(|&j| chance(i, j)).sum(), others)).collect()
        }))
    }

    fn of_contest(&self, contest: &Contest<'_>) -> Result<Vec<f64>, RewardError> {
        let mut sums = vec![(0.0, 0.0); contest.standing.values.len()];
        for pair in &Pairs::of(contest).pairs {
            for (item, share) in [(pair.low, pair.share), (pair.high, 1.0 - pair.share)] {
                let (sum, others) = &mut sums[item];
                *sum += share;
                *others += 1.0;
            }
        }
        Ok(sums.into_iter().map(|(sum, others)| self.reward(sum, others)).collect())
    }
}

/// Who met whom, sorted.
struct Pairs {
    pairs: Vec<Met>,
}

#[derive(Clone, Copy)]
struct Met {
    low: usize,
    high: usize,
    /// The low item's share of the weight.
    share: f64,
}

impl Pairs {
    fn of(contest: &Contest<'_>) -> Self {
        let mut matches: Vec<(usize, usize, f64, f64)> = contest
            .matches()
            .map(|played| {
                let (left, right) = (played.game.left as usize, played.game.right as usize);
                let share = played.result.outcome.share();
                let (low, high, share) = if left < right { (left, right, share) } else { (right, left, 1.0 - share) };
                (low, high, share, played.weight)
            })
            .collect();
        matches.sort_by_key(|&(low, high, ..)| (low, high));
        let met = |pair: &[(usize, usize, f64, f64)]| {
            let weight: f64 = pair.iter().map(|&(.., weight)| weight).sum();
            let won: f64 = pair.iter().map(|&(.., share, weight)| share * weight).sum();
            Met { low: pair[0].0, high: pair[0].1, share: won / weight }
        };
        Self { pairs: matches.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).map(met).collect() }
    }

    /// The share that `i` took from `j`, if they met.
    fn share(&self, i: usize, j: usize) -> Option<f64> {
        let key = (i.min(j), i.max(j));
        let place = self.pairs.binary_search_by_key(&key, |pair| (pair.low, pair.high)).ok()?;
        let share = self.pairs[place].share;
        Some(if i < j { share } else { 1.0 - share })
    }
}
