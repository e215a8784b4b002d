//! From a standing or scores to rewards.
//!
//! A newcomer adds a reward with one file in `rewards` that implements [`RewardRule`], and one line in
//! [`REWARDS`].

mod bell;
mod criteria;
mod likelihood;
mod pairs;
mod par;
mod quantile;
mod rankings;
mod scaling;
mod settings;
mod sums;
mod value;
mod wildbench;

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::bell::{Spread, fidelity};
pub use self::criteria::{hierarchy, pareto_layers};
pub use self::likelihood::{Lipo, lipo};
pub use self::rankings::{ndcg, rank_biased_overlap, recall, reciprocal_rank};
pub use self::wildbench::{Grade, LengthMargin, LengthRule, TASK_WEIGHTS, TaskWeight, task_macro, tie_beyond_length};

use super::aggregate::Standing;
use super::columns::{Column, Contest, Samples};
use super::normalize::Groups;
use crate::settings::{Setting, Settings, SettingsError};
use crate::tournaments::History;

/// A way to make rewards.
pub trait RewardRule: Debug + Send + Sync {
    /// The reward of each sample, in their order; NaN where it is unknown.
    ///
    /// # Errors
    /// If a column is missing that the rule needs.
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError>;

    /// The reward of each item of one group whose items met; NaN where it is unknown. Unless a rule
    /// says more, the values of the standing are the scores.
    ///
    /// # Errors
    /// If a column is missing that the rule needs, or the rule compares groups with each other.
    fn of_contest(&self, contest: &Contest<'_>) -> Result<Vec<f64>, RewardError> {
        let groups = Groups::new(vec![0; contest.standing.values.len()]);
        let scores = known_or_nan(&contest.standing.values);
        self.of_scores(&Samples { groups: &groups, scores: &scores, columns: contest.columns })
    }
}

/// What a reward is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// Scores, or the values of a standing in their place.
    Scores,
    /// The ranks of a standing, or those of scores.
    Ranks,
    /// The matches themselves, or what the scores say of each pair of samples.
    Matches,
    /// The columns of the samples, whatever their scores.
    Columns,
    /// Scores of several groups, so that it can't be made of one group's matches.
    AllGroups,
}

/// A registered reward.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RewardEntry {
    /// The name in `--reward`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// What it is made of.
    pub reads: Reads,
    /// The columns it can't do without.
    pub needs: &'static [Column],
    /// Whether it is left out of the short help.
    pub rare: bool,
    /// Its settings.
    pub settings: &'static [Setting],
    /// Makes it from settings, which may have unknown ones among them: use [`Reward::new`].
    #[serde(skip)]
    pub build: fn(&Settings) -> Result<Arc<dyn RewardRule>, SettingsError>,
}

/// Every reward, in the order in which they are shown.
pub const REWARDS: &[RewardEntry] = &[
    value::ENTRY,
    quantile::ENTRY,
    quantile::RANK_OVER_N,
    pairs::BRPO_ENTRY,
    pairs::SPPO,
    pairs::DNO,
    wildbench::ENTRY,
    par::ENTRY,
    par::LOG_SIGMOID_ENTRY,
    sums::WEIGHTED_ENTRY,
    sums::NORMALIZED_ENTRY,
    sums::FLEX_ENTRY,
    criteria::HIERARCHY_ENTRY,
    criteria::PARETO_ENTRY,
    likelihood::UNLIKELINESS_ENTRY,
    likelihood::LIPO_ENTRY,
    bell::BELL_ENTRY,
    bell::FIDELITY_ENTRY,
    value::TIERS,
    value::CLIP,
    scaling::MARGIN,
    scaling::DIFFICULTY,
    rankings::NDCG_ENTRY,
    rankings::MRR_ENTRY,
    rankings::RECALL_ENTRY,
    rankings::RBO_ENTRY,
];

impl RewardEntry {
    /// The reward of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        REWARDS.iter().find(|entry| entry.name == name)
    }
}

/// A reward of the registry with its settings. The default is `value`: the score, or the standing's
/// value, itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "NamedReward", into = "NamedReward")]
pub struct Reward {
    entry: &'static RewardEntry,
    settings: Settings,
    rule: Arc<dyn RewardRule>,
}

/// A reward as text.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct NamedReward {
    name: String,
    #[serde(default)]
    settings: Settings,
}

/// Why rewards can't be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RewardError {
    /// No reward of this name.
    #[error("no reward is called '{name}'; there are: {}", names())]
    Unknown {
        /// The name given.
        name: String,
    },
    /// A setting that can't be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A column that is not there.
    #[error("the reward {reward} needs a column that was not named; name it with {}", column.option())]
    Column {
        /// The reward.
        reward: &'static str,
        /// What the column is.
        column: Column,
    },
    /// More columns than the reward has settings for, or fewer.
    #[error("the reward {reward} has {found} columns of {} and {expected} {setting}; give one for each", column.option())]
    Columns {
        /// The reward.
        reward: &'static str,
        /// What the columns are.
        column: Column,
        /// How many there are.
        found: usize,
        /// What they must be as many as.
        setting: &'static str,
        /// How many of those there are.
        expected: usize,
    },
    /// A column with more or fewer values than there are samples.
    #[error("a column of {} has {found} values for {samples} samples; give one a sample", column.option())]
    Uneven {
        /// What the column is.
        column: Column,
        /// How many values it has.
        found: usize,
        /// How many samples there are.
        samples: usize,
    },
    /// Not one group for each sample.
    #[error("{samples} scores and the groups of {ids} samples; give one group a score")]
    Groups {
        /// The number of scores.
        samples: usize,
        /// The number of samples that have a group.
        ids: usize,
    },
    /// A standing of other items than those of the history.
    #[error("a history of {items} items and a standing of {places}; give the standing that was made of the history")]
    Standing {
        /// The items of the history.
        items: usize,
        /// The items of the standing.
        places: usize,
    },
    /// A reward that compares groups, asked of one.
    #[error("the reward {reward} compares groups with each other, and matches are of one group; give it scores")]
    AllGroups {
        /// The reward.
        reward: &'static str,
    },
    /// An item that the group doesn't have.
    #[error("the reward {reward} has the reference item {item}, and a group has {items} items; items count from 0")]
    NoSuchItem {
        /// The reward.
        reward: &'static str,
        /// The item.
        item: usize,
        /// How many items the group has.
        items: usize,
    },
}

fn names() -> String {
    REWARDS.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ")
}

impl Reward {
    /// The reward of this name with these settings.
    ///
    /// # Errors
    /// If there is no such reward, a setting is not one of its, or a value not one it takes.
    pub fn new(name: &str, settings: &Settings) -> Result<Self, RewardError> {
        let entry = RewardEntry::find(name).ok_or_else(|| RewardError::Unknown { name: name.to_owned() })?;
        settings.check(name, entry.settings)?;
        Ok(Self { entry, settings: settings.clone(), rule: (entry.build)(settings)? })
    }

    /// The registry's entry.
    pub fn entry(&self) -> &'static RewardEntry {
        self.entry
    }

    /// The settings that it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The reward of each sample, in their order; NaN where it is unknown.
    ///
    /// # Errors
    /// If a column is missing that the reward needs, or columns are of other lengths than the scores.
    pub fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        samples.check()?;
        self.rule.of_scores(samples)
    }

    /// The reward of each item of one group; NaN where it is unknown, as it is for an item that the
    /// standing doesn't know.
    ///
    /// # Errors
    /// If a column is missing that the reward needs, columns are of other lengths than the standing, or
    /// the reward compares groups with each other.
    pub fn of_standing(&self, contest: &Contest<'_>) -> Result<Vec<f64>, RewardError> {
        contest.check()?;
        let mut rewards = self.rule.of_contest(contest)?;
        for (reward, value) in rewards.iter_mut().zip(&contest.standing.values) {
            if value.is_none() {
                *reward = f64::NAN;
            }
        }
        Ok(rewards)
    }
}

impl Default for Reward {
    fn default() -> Self {
        let settings = Settings::default();
        Self { entry: &REWARDS[0], rule: Arc::new(value::Value), settings }
    }
}

impl PartialEq for Reward {
    fn eq(&self, other: &Self) -> bool {
        self.entry.name == other.entry.name && self.settings == other.settings
    }
}

impl TryFrom<NamedReward> for Reward {
    type Error = RewardError;

    fn try_from(named: NamedReward) -> Result<Self, RewardError> {
        Self::new(&named.name, &named.settings)
    }
}

impl From<Reward> for NamedReward {
    fn from(reward: Reward) -> Self {
        Self { name: reward.entry.name.to_owned(), settings: reward.settings }
    }
}

/// The rewards of one group of which nothing is known but its matches.
///
/// # Errors
/// As [`Reward::of_standing`].
pub fn reward(history: &History, standing: &Standing, reward: &Reward) -> Result<Vec<f64>, RewardError> {
    reward.of_standing(&Contest::new(history, standing))
}

fn known_or_nan(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}

/// A function of each group's known scores, written to their samples' places; the others stay NaN.
fn by_group(samples: &Samples<'_>, mut of_group: impl FnMut(u64, &[usize]) -> Vec<f64>) -> Vec<f64> {
    let mut rewards = vec![f64::NAN; samples.len()];
    let mut known = Vec::new();
    for (group, members) in (0..).zip(samples.groups.members().iter()) {
        known.clear();
        known.extend(members.iter().copied().filter(|&sample| samples.scores[sample].is_finite()));
        for (&sample, reward) in known.iter().zip(of_group(group, &known)) {
            rewards[sample] = reward;
        }
    }
    rewards
}
