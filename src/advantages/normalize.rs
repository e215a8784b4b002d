//! From rewards to advantages.

mod groups;
mod moments;

use serde::{Deserialize, Serialize};

pub use self::groups::Groups;
use self::moments::{Moments, batch_moments, group_moments};

/// What is taken out of the rewards of a group, and what they are divided by. n is the number of known
/// rewards of the group, std their standard deviation with `ddof`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalizer {
    /// (r − mean) / (std + eps): GRPO.
    #[default]
    ZScore,
    /// r − mean: Dr. GRPO.
    MeanCentred,
    /// r − mean of the others, which is n/(n−1) (r − mean): RLOO.
    LeaveOneOut,
    /// (r − mean) / (std of all samples + eps): TRL's `scale_rewards="batch"`.
    Batch,
    /// (r − mean of all samples) / (std of all samples + eps), whatever the group.
    Global,
    /// Only the best of a group has any: (best − second) / (std + eps).
    PassAtK,
    /// r − Σ length r / Σ length: OPO. Needs lengths.
    LengthWeighted,
    /// (samples / samples with a reward that is not 0) (r − mean): GPG, whose `f_norm` is 1 here.
    Gpg,
    /// The reward itself.
    None,
}

/// What a group has for advantages that has too few known rewards for a deviation: one, or no more
/// than `ddof`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Singleton {
    /// Zero: it has nothing to be better than.
    #[default]
    Zero,
    /// Its reward.
    Raw,
    /// Its reward over 1 + eps, as if the mean were 0 and the deviation 1: verl's GRPO.
    RawOverOnePlusEps,
}

/// The advantage of a sample whose reward is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// NaN: the trainer masks the sample.
    #[default]
    Mask,
    /// Zero, as in TRL.
    Zero,
}

/// How the rewards of groups become advantages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Normalization {
    /// What is taken out.
    pub normalizer: Normalizer,
    /// Added to the deviation.
    pub eps: f64,
    /// Taken from the number of samples in the variance: 1 for the unbiased one.
    pub ddof: u32,
    /// The rule for groups of one.
    pub singleton: Singleton,
    /// The least variance of a group: 1e-6 in verl's vectorised GRPO, none elsewhere.
    pub variance_floor: Option<f64>,
    /// The rule for samples without a reward.
    pub missing: Missing,
    /// Advantages are limited to plus and minus this.
    pub clip: Option<f64>,
}

impl Default for Normalization {
    fn default() -> Self {
        Self {
            normalizer: Normalizer::default(),
            eps: 1e-6,
            ddof: 1,
            singleton: Singleton::default(),
            variance_floor: None,
            missing: Missing::default(),
            clip: None,
        }
    }
}

/// Rewards up to this size have squares that can be summed.
const LARGEST: f64 = 1e150;

/// Why rewards can't be normalised.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NormalizeError {
    /// Not one group for each reward.
    #[error("{rewards} rewards and the groups of {ids} samples; give one group a reward")]
    Groups {
        /// The number of rewards.
        rewards: usize,
        /// The number of samples that have a group.
        ids: usize,
    },
    /// Not one length for each reward, or none at all.
    #[error("length-weighted takes one length a reward; there are {rewards} rewards and {lengths} lengths (--length)")]
    Lengths {
        /// The number of rewards.
        rewards: usize,
        /// The number of lengths.
        lengths: usize,
    },
    /// A length that weighs nothing or is not known.
    #[error("sample {sample} has the length {length}; length-weighted takes lengths above 0")]
    Length {
        /// The sample, from 0.
        sample: usize,
        /// Its length.
        length: f64,
    },
    /// A reward whose square is no number any more.
    #[error("sample {sample} has the reward {reward:e}; normalised are rewards up to {LARGEST:e}: scale them first")]
    TooLarge {
        /// The sample, from 0.
        sample: usize,
        /// Its reward.
        reward: f64,
    },
    /// A setting out of its range.
    #[error("{name}={value}: {name} takes a finite number of 0 or more")]
    Setting {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
    },
}

impl Normalization {
    /// With this normaliser, and everything else as by default.
    pub fn new(normalizer: Normalizer) -> Self {
        Self { normalizer, ..Self::default() }
    }

    fn check(&self, rewards: &[f64], groups: &Groups, length: Option<&[f64]>) -> Result<(), NormalizeError> {
        let settings = [("eps", Some(self.eps)), ("variance_floor", self.variance_floor), ("clip", self.clip)];
        for (name, value) in settings.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            // A limit may be infinite: none.
            if value.is_nan() || value < 0.0 || (name != "clip" && value.is_infinite()) {
                return Err(NormalizeError::Setting { name, value });
            }
        }
        let (rewards_given, ids) = (rewards.len(), groups.ids().len());
        if rewards_given != ids {
            return Err(NormalizeError::Groups { rewards: rewards_given, ids });
        }
        let too_large = |reward: &f64| reward.is_finite() && reward.abs() > LARGEST;
        if let Some(sample) = rewards.iter().position(too_large).filter(|_| self.normalizer != Normalizer::None) {
            return Err(NormalizeError::TooLarge { sample, reward: rewards[sample] });
        }
        if self.normalizer != Normalizer::LengthWeighted {
            return Ok(());
        }
        let length = length.unwrap_or_default();
        if length.len() != rewards_given {
            return Err(NormalizeError::Lengths { rewards: rewards_given, lengths: length.len() });
        }
        let usable =
            |sample: usize| !rewards[sample].is_finite() || (length[sample] > 0.0 && length[sample].is_finite());
        match (0..rewards_given).find(|&sample| !usable(sample)) {
            Some(sample) => Err(NormalizeError::Length { sample, length: length[sample] }),
            None => Ok(()),
        }
    }

    /// The divisor that belongs to a variance.
    fn scale(&self, variance: f64) -> f64 {
        variance.max(self.variance_floor.unwrap_or(0.0)).sqrt() + self.eps
    }

    /// The advantage in a group too small for a deviation.
    fn lone(&self, reward: f64) -> f64 {
        match self.singleton {
            Singleton::Zero => 0.0,
            Singleton::Raw => reward,
            Singleton::RawOverOnePlusEps => reward / (1.0 + self.eps),
        }
    }
}

/// The advantage of each sample, in their order. `length` is read by
/// [`LengthWeighted`](Normalizer::LengthWeighted) only: one a sample, in any unit.
///
/// Rewards that are not finite are unknown: they count nowhere, and [`Missing`] is the rule for them.
/// Groups whose known rewards are all equal get exactly 0 under every normaliser that takes a mean of
/// the group out. Variances are in two passes, around the first reward of the group. O(n + groups).
///
/// # Errors
/// If there is not one group (and one length, where needed) for each reward, a reward is beyond 1e150, or
/// a setting is negative or not finite.
///
/// # Source
/// verl b178a3c `core_algos.py` (GRPO, Dr. GRPO, RLOO, pass@k, OPO, GPG), trl f2cd577 `GRPOTrainer`,
/// `OpenRLHF` 3c3be62, slime 624b824. They compute in float32, here it is f64.
pub fn normalize(
    rewards: &[f64],
    groups: &Groups,
    length: Option<&[f64]>,
    settings: &Normalization,
) -> Result<Vec<f64>, NormalizeError> {
    settings.check(rewards, groups, length)?;
    let weights = length.filter(|_| settings.normalizer == Normalizer::LengthWeighted);
    let mut advantages = match settings.normalizer {
        Normalizer::None => rewards.to_vec(),
        Normalizer::Global => global(rewards, settings),
        Normalizer::PassAtK => pass_at_k(rewards, groups, settings),
        _ => by_group(rewards, groups, weights, settings),
    };
    finish(&mut advantages, rewards, settings);
    Ok(advantages)
}

/// Normalisers that are a deviation from the group's mean, times a factor of the group's own.
fn by_group(rewards: &[f64], groups: &Groups, weights: Option<&[f64]>, settings: &Normalization) -> Vec<f64> {
    let needs_variance = settings.normalizer == Normalizer::ZScore;
    let moments = group_moments(rewards, groups, weights, needs_variance);
    let batch = match settings.normalizer {
        Normalizer::Batch => {
            let all = batch_moments(rewards);
            1.0 / settings.scale(all.variance(settings.ddof).unwrap_or(0.0))
        }
        Normalizer::Gpg => {
            let known = rewards.iter().filter(|reward| reward.is_finite());
            let nonzero = known.clone().filter(|&&reward| reward != 0.0).count();
            known.count() as f64 / nonzero.max(1) as f64
        }
        _ => 1.0,
    };
    let factor = |group: &Moments| match settings.normalizer {
        Normalizer::ZScore => 1.0 / settings.scale(group.variance(settings.ddof).unwrap_or(0.0)),
        Normalizer::LeaveOneOut => group.count / (group.count - 1.0),
        _ => batch,
    };
    let least = if needs_variance { f64::from(settings.ddof.max(1)) } else { 1.0 };
    let factors: Vec<f64> = moments.iter().map(factor).collect();
    let advantage = |(&id, &reward): (&u32, &f64)| {
        let (group, factor) = (&moments[id as usize], factors[id as usize]);
        let deviation = group.deviation(reward);
        if group.count <= least {
            let gpg = if settings.normalizer == Normalizer::Gpg { batch } else { 1.0 };
            gpg * settings.lone(reward)
        } else if deviation == 0.0 {
            0.0
        } else {
            deviation * factor
        }
    };
    groups.ids().iter().zip(rewards).map(advantage).collect()
}

fn global(rewards: &[f64], settings: &Normalization) -> Vec<f64> {
    let all = batch_moments(rewards);
    let Some(variance) = all.variance(settings.ddof) else {
        return rewards.iter().map(|&reward| settings.lone(reward)).collect();
    };
    let scale = settings.scale(variance);
    let advantage = |&reward: &f64| {
        let deviation = all.deviation(reward);
        if deviation == 0.0 { 0.0 } else { deviation / scale }
    };
    rewards.iter().map(advantage).collect()
}

fn pass_at_k(rewards: &[f64], groups: &Groups, settings: &Normalization) -> Vec<f64> {
    let moments = group_moments(rewards, groups, None, true);
    let mut advantages = vec![0.0; rewards.len()];
    // The sample that is best so far, and the second best reward.
    let mut best: Vec<Option<(usize, f64)>> = vec![None; groups.len()];
    for (sample, (&id, &reward)) in groups.ids().iter().zip(rewards).enumerate() {
        if reward.is_finite() {
            let top = &mut best[id as usize];
            *top = Some(match *top {
                None => (sample, f64::NEG_INFINITY),
                Some((leader, _)) if reward > rewards[leader] => (sample, rewards[leader]),
                Some((leader, second)) => (leader, second.max(reward)),
            });
        }
    }
    for (group, top) in moments.iter().zip(best) {
        let Some((leader, second)) = top else { continue };
        advantages[leader] = match group.variance(settings.ddof) {
            None => settings.lone(rewards[leader]),
            Some(_) if rewards[leader] <= second => 0.0,
            Some(variance) => (rewards[leader] - second) / settings.scale(variance),
        };
    }
    advantages
}

/// The rules for unknown rewards and for limits.
fn finish(advantages: &mut [f64], rewards: &[f64], settings: &Normalization) {
    let missing = match settings.missing {
        Missing::Mask => f64::NAN,
        Missing::Zero => 0.0,
    };
    for (advantage, reward) in advantages.iter_mut().zip(rewards) {
        if !reward.is_finite() {
            *advantage = missing;
        } else if let Some(limit) = settings.clip {
            *advantage = advantage.clamp(-limit, limit);
        }
    }
}
