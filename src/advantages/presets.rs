//! The three steps together, and those that published code takes.

use serde::{Deserialize, Serialize};

use super::aggregate::{AggregateSettings, Aggregation};
use super::columns::Samples;
use super::normalize::{Missing, Normalization, NormalizeError, Normalizer, Singleton, normalize};
use super::rewards::{Reward, RewardError};
use crate::settings::Settings;

/// How comparisons or scores become advantages. The default: the score (or win rate) itself, its
/// z-score in the group with eps 1e-6 and ddof 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AdvantageSettings {
    /// How matches become a standing; `None` for the aggregation that belongs to the topology.
    pub aggregate: Option<AggregateSettings>,
    /// How a standing or scores become rewards.
    pub reward: Reward,
    /// How rewards become advantages.
    pub normalize: Normalization,
}

/// Why there are no advantages.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AdvantageError {
    /// No preset of this name.
    #[error("no preset is called '{name}'; there are: {}", names())]
    Unknown {
        /// The name given.
        name: String,
    },
    /// The rewards can't be made.
    #[error(transparent)]
    Reward(#[from] RewardError),
    /// The rewards can't be normalised.
    #[error(transparent)]
    Normalize(#[from] NormalizeError),
}

/// Settings that published code uses.
#[derive(Debug, Clone, Serialize)]
pub struct PresetEntry {
    /// The name in `--preset`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The code or paper that it is read from.
    pub source: &'static str,
    /// The aggregation; that of the topology where there is none.
    pub aggregation: Option<Aggregation>,
    /// The name of the reward.
    pub reward: &'static str,
    /// The settings of the reward.
    pub reward_settings: &'static [(&'static str, &'static str)],
    /// The normalisation.
    pub normalize: Normalization,
    /// To how many decimals values are rounded, if they are.
    pub decimals: Option<u8>,
}

/// Every preset, in the order in which they are shown.
pub const PRESETS: &[PresetEntry] = &[
    PresetEntry {
        name: "arenarl",
        summary: "ArenaRL: quantiles of ranks, z-score",
        source: "qqr 8653a9a; arXiv 2601.06487",
        aggregation: None,
        reward: "quantile",
        reward_settings: &[],
        normalize: z_score(1e-6),
        decimals: None,
    },
    PresetEntry {
        name: "pref-grpo",
        summary: "Pref-GRPO: win rates with 3 decimals, z-score, limited to ±5",
        source: "Pref-GRPO 3e787f6, unifiedreward_think.py and dispatcher.py",
        aggregation: Some(Aggregation::WinRate),
        reward: "value",
        reward_settings: &[],
        normalize: Normalization { clip: Some(5.0), ..z_score(1e-8) },
        decimals: Some(3),
    },
    PresetEntry {
        name: "brpo",
        summary: "BRPO: better or worse than a reference of the group, skewed groups dropped",
        source: "arXiv 2506.00103 (Writing-Zero)",
        aggregation: Some(Aggregation::WinRate),
        reward: "brpo",
        reward_settings: &[("threshold", "0.6")],
        normalize: as_is(),
        decimals: None,
    },
    PresetEntry {
        name: "grpo-verl",
        summary: "GRPO as in verl",
        source: "verl b178a3c, core_algos.py compute_grpo_outcome_advantage",
        aggregation: None,
        reward: "value",
        reward_settings: &[],
        normalize: Normalization { singleton: Singleton::RawOverOnePlusEps, ..z_score(1e-6) },
        decimals: None,
    },
    PresetEntry {
        name: "grpo-trl",
        summary: "GRPO as in TRL: criteria summed by weight, unknown ones left out",
        source: "trl f2cd577, GRPOTrainer",
        aggregation: None,
        reward: "weighted-sum",
        reward_settings: &[("missing", "skip")],
        normalize: Normalization { missing: Missing::Zero, ..z_score(1e-4) },
        decimals: None,
    },
    PresetEntry {
        name: "dr-grpo",
        summary: "Dr. GRPO: less the mean",
        source: "verl b178a3c, core_algos.py compute_grpo_outcome_advantage(norm_adv_by_std_in_grpo=False)",
        aggregation: None,
        reward: "value",
        reward_settings: &[],
        normalize: raw_singletons(Normalizer::MeanCentred),
        decimals: None,
    },
    PresetEntry {
        name: "rloo",
        summary: "RLOO: less the mean of the others",
        source: "verl b178a3c, core_algos.py compute_rloo_outcome_advantage",
        aggregation: None,
        reward: "value",
        reward_settings: &[],
        normalize: raw_singletons(Normalizer::LeaveOneOut),
        decimals: None,
    },
    PresetEntry {
        name: "opo",
        summary: "OPO: less the mean weighted by length",
        source: "verl b178a3c, core_algos.py compute_opo_outcome_advantage",
        aggregation: None,
        reward: "value",
        reward_settings: &[],
        normalize: raw_singletons(Normalizer::LengthWeighted),
        decimals: None,
    },
    PresetEntry {
        name: "pass-at-k",
        summary: "GRPO pass@k: only the best has any, by its lead",
        source: "verl b178a3c, core_algos.py compute_grpo_passk_outcome_advantage",
        aggregation: None,
        reward: "value",
        reward_settings: &[],
        normalize: with(Normalizer::PassAtK, 1e-6),
        decimals: None,
    },
    PresetEntry {
        name: "openrlhf",
        summary: "OpenRLHF's group_norm",
        source: "OpenRLHF 3c3be62",
        aggregation: None,
        reward: "value",
        reward_settings: &[],
        normalize: z_score(1e-9),
        decimals: None,
    },
    PresetEntry {
        name: "slime",
        summary: "slime's GRPO",
        source: "slime 624b824",
        aggregation: None,
        reward: "value",
        reward_settings: &[],
        normalize: z_score(1e-6),
        decimals: None,
    },
    PresetEntry {
        name: "sppo",
        summary: "SPPO: expected win rate in the group, itself included, less a half",
        source: "SPPO, scripts/compute_prob.py; arXiv 2405.00675",
        aggregation: None,
        reward: "sppo",
        reward_settings: &[],
        normalize: as_is(),
        decimals: None,
    },
    PresetEntry {
        name: "par",
        summary: "PAR: chance of being better than reference answers, z-score",
        source: "PAR b8caf40; arXiv 2502.18770",
        aggregation: None,
        reward: "par",
        reward_settings: &[],
        normalize: z_score(1e-8),
        decimals: None,
    },
    PresetEntry {
        name: "wildbench",
        summary: "WildBench's WB-Reward with its length margin",
        source: "WildBench, leaderboard/data_dir/_create_tables.py; arXiv 2406.04770",
        aggregation: None,
        reward: "wildbench",
        reward_settings: &[("length_margin", "500")],
        normalize: as_is(),
        decimals: None,
    },
];

const fn with(normalizer: Normalizer, eps: f64) -> Normalization {
    Normalization {
        normalizer,
        eps,
        ddof: 1,
        singleton: Singleton::Zero,
        variance_floor: None,
        missing: Missing::Mask,
        clip: None,
    }
}

const fn z_score(eps: f64) -> Normalization {
    with(Normalizer::ZScore, eps)
}

const fn as_is() -> Normalization {
    with(Normalizer::None, 0.0)
}

const fn raw_singletons(normalizer: Normalizer) -> Normalization {
    Normalization { singleton: Singleton::Raw, ..with(normalizer, 0.0) }
}

impl PresetEntry {
    /// The preset of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|entry| entry.name == name)
    }

    /// The three steps; `seed` is that of rewards that draw at random.
    ///
    /// # Errors
    /// If the reward doesn't take its settings, which a test excludes.
    pub fn settings(&self, seed: u64) -> Result<AdvantageSettings, RewardError> {
        let mut settings = Settings::default();
        settings.seed = seed;
        for (name, value) in self.reward_settings {
            settings.set(name, value);
        }
        let aggregate = self
            .aggregation
            .map(|aggregation| AggregateSettings { decimals: self.decimals, ..AggregateSettings::new(aggregation) });
        let reward = Reward::new(self.reward, &settings)?;
        Ok(AdvantageSettings { aggregate, reward, normalize: self.normalize.clone() })
    }
}

impl AdvantageSettings {
    /// The preset of this name, with seed 0.
    ///
    /// # Errors
    /// If there is no such preset.
    pub fn preset(name: &str) -> Result<Self, AdvantageError> {
        let entry = PresetEntry::find(name).ok_or_else(|| AdvantageError::Unknown { name: name.to_owned() })?;
        Ok(entry.settings(0)?)
    }

    /// The advantage of each sample, in their order: its reward, normalised.
    ///
    /// # Errors
    /// If a column is missing that the reward or the normalisation needs.
    pub fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, AdvantageError> {
        let rewards = self.reward.of_scores(samples)?;
        Ok(normalize(&rewards, samples.groups, samples.columns.length, &self.normalize)?)
    }
}

fn names() -> String {
    PRESETS.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ")
}
