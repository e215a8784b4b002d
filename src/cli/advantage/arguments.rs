//! The arguments of `palio advantage`, and what they mean together.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::ValueEnum;
use palio::advantages::{
    AGGREGATIONS, AdvantageError, AdvantageSettings, AggregateSettings, AggregationEntry, Column, Normalizer,
    PresetEntry, RankTies, Reads, Reward, Singleton,
};
use palio::data::read::{NoScore, NumberOption, SampleOptions};
use palio::models::Settings;
use palio::tournaments::Rules;

use crate::cli::input::ReadingArgs;

/// Turn comparisons or scores inside groups of samples into advantages
///
/// Reads scores (a table with columns such as group, item and score) or comparisons (a log with a group column), makes
/// a reward of each sample, and normalises the rewards in each group. Groups may have any size and any name, and their
/// rows need not stand together; results come in the order of the input. A sample without a score is masked: it has no
/// advantage and counts nowhere.
#[derive(Debug, clap::Args)]
pub(crate) struct AdvantageArgs {
    /// Tables of scores or logs of comparisons: CSV, TSV or JSON lines, .gz or .zst, or - for stdin. The result is
    /// written as the input is, unless --format or the extension of --output says otherwise
    #[arg(required = true, value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) steps: StepArgs,

    #[command(flatten)]
    pub(super) samples: SampleArgs,

    /// Take all rows for one group, called all
    #[arg(long, conflicts_with = "group", help_heading = "Reading scores")]
    pub(super) one_group: bool,

    #[command(flatten)]
    pub(super) reading: ReadingArgs,
}

/// How comparisons or scores become advantages.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "From comparisons or scores to advantages")]
pub(in crate::cli) struct StepArgs {
    /// Settings of published code, such as grpo-verl, grpo-trl, rloo or arenarl; the options below override them
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) preset: Option<String>,

    /// How comparisons become a standing: bracket, win-rate, copeland, mean-score, margin, bradley-terry or points
    /// [default: win-rate]
    #[arg(long, value_name = "NAME")]
    aggregate: Option<String>,

    /// Whether points and brackets are as they should be, or as published code has them [default: standard]
    #[arg(long, value_name = "RULES")]
    pub(in crate::cli) rules: Option<RulesArg>,

    /// Which rank equal samples have: the best of the places they share, or the mean [default: min]
    #[arg(long, value_name = "RULE")]
    rank_ties: Option<RankTiesArg>,

    /// How a score or a standing becomes a reward [default: value, the score or standing itself]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) reward: Option<String>,

    /// A setting of the reward, such as beta=0.25, or in tournament of the topology; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(in crate::cli) set: Vec<String>,

    /// What is taken out of the rewards of a group, and what they are divided by [default: z-score]
    #[arg(long, value_name = "RULE")]
    normalize: Option<NormalizeArg>,

    /// Added to the standard deviation [default: 0.000001]
    #[arg(long, value_name = "X")]
    eps: Option<f64>,

    /// Taken from the number of samples in the variance [default: 1, for the unbiased one]
    #[arg(long, value_name = "N")]
    ddof: Option<u32>,

    /// Limit advantages to plus and minus this
    #[arg(long, value_name = "X")]
    clip: Option<f64>,

    /// What a group with a single reward has for an advantage [default: zero]
    #[arg(long, value_name = "RULE")]
    singleton: Option<SingletonArg>,
}

/// Where scores and what belongs to them stand.
#[derive(Debug, Clone, serde::Serialize, clap::Args)]
#[command(next_help_heading = "Reading scores")]
pub(super) struct SampleArgs {
    /// Column of the sample's name [default: item, item_id, sample, sample_id or response_id, or else its index in the
    /// group]
    #[arg(long, value_name = "COLUMN")]
    item: Option<String>,
    /// Column of the score [default: score, reward or value]
    #[arg(long, value_name = "COLUMN")]
    score: Option<String>,
    #[serde(flatten)]
    #[command(flatten)]
    pub(super) columns: ColumnArgs,
}

/// What a reward or a normalisation may need beside scores or matches.
#[derive(Debug, Clone, Default, serde::Serialize, clap::Args)]
pub(in crate::cli) struct ColumnArgs {
    /// Column of the sample's length
    #[arg(long, value_name = "COLUMN")]
    length: Option<String>,
    /// Column of the mean log-probability of the sample's tokens
    #[arg(long, value_name = "COLUMN")]
    logprob: Option<String>,
    /// Columns of what a sample is held against, such as rewards of reference answers
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    reference: Vec<String>,
    /// Columns of further scores
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    criteria: Vec<String>,
}

/// Whose rules are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RulesArg {
    /// Right for every number of items
    Standard,
    /// As in ArenaRL's published code
    Arenarl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RankTiesArg {
    /// 1, 2, 2, 4
    Min,
    /// 1, 2.5, 2.5, 4
    Mean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NormalizeArg {
    /// (r − mean) / (deviation + eps): GRPO
    ZScore,
    /// r − mean: Dr. GRPO
    MeanCentred,
    /// r − mean of the others: RLOO
    LeaveOneOut,
    /// (r − mean) / (deviation of all samples + eps)
    Batch,
    /// (r − mean of all samples) / (deviation of all samples + eps)
    Global,
    /// Only the best has any: its lead / (deviation + eps)
    PassAtK,
    /// r − mean weighted by --length: OPO
    LengthWeighted,
    /// r − mean, times the share of samples with a reward other than 0, inverted: GPG
    Gpg,
    /// The reward itself
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SingletonArg {
    /// 0
    Zero,
    /// The reward
    Raw,
    /// The reward over 1 + eps, as in verl
    RawOverOnePlusEps,
}

impl StepArgs {
    /// The three steps: those of the preset where no option says otherwise.
    pub(in crate::cli) fn settings(&self, seed: u64) -> anyhow::Result<AdvantageSettings> {
        let preset = self.preset()?;
        let mut settings = preset.map_or_else(|| Ok(AdvantageSettings::default()), |preset| preset.settings(seed))?;
        settings.aggregate = self.aggregate_settings(settings.aggregate)?;
        settings.reward = self.reward(preset, seed)?;
        self.change(&mut settings);
        Ok(settings)
    }

    /// The preset that was named.
    pub(in crate::cli) fn preset(&self) -> anyhow::Result<Option<&'static PresetEntry>> {
        let find =
            |name: &String| PresetEntry::find(name).ok_or_else(|| AdvantageError::Unknown { name: name.clone() });
        Ok(self.preset.as_ref().map(find).transpose()?)
    }

    /// What rank equal samples have.
    pub(in crate::cli) fn rank_ties(&self) -> RankTies {
        match self.rank_ties {
            Some(RankTiesArg::Mean) => RankTies::Mean,
            Some(RankTiesArg::Min) | None => RankTies::Min,
        }
    }

    /// An option that was given that says how comparisons are aggregated.
    pub(super) fn aggregates(&self) -> Option<&'static str> {
        let aggregate = self.aggregate.as_ref().map(|_| "--aggregate");
        aggregate.or_else(|| self.rules.map(|_| "--rules"))
    }

    /// How matches are aggregated where something was said about it; else it is left to the topology.
    fn aggregate_settings(&self, preset: Option<AggregateSettings>) -> anyhow::Result<Option<AggregateSettings>> {
        let named = self.aggregate.as_ref().map(|name| {
            let known = || AGGREGATIONS.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ");
            let entry = AggregationEntry::find(name);
            entry.with_context(|| format!("no aggregation is called '{name}'; there are: {}", known()))
        });
        let named = named.transpose()?.map(|entry| AggregateSettings::new(entry.aggregation));
        let Some(mut settings) = named.or(preset) else {
            return Ok(None);
        };
        self.rules_and_ties(&mut settings);
        Ok(Some(settings))
    }

    /// Sets what is the same for every aggregation.
    pub(in crate::cli) fn rules_and_ties(&self, settings: &mut AggregateSettings) {
        settings.ties = self.rank_ties();
        settings.rules = match self.rules {
            Some(RulesArg::Arenarl) => Rules::ArenaRl,
            Some(RulesArg::Standard) | None => Rules::Standard,
        };
    }

    /// The reward; settings of the preset's own reward hold unless others are given.
    fn reward(&self, preset: Option<&PresetEntry>, seed: u64) -> anyhow::Result<Reward> {
        let mut settings = Settings::parse(&self.set)?;
        settings.seed = seed;
        let name = self.reward.as_deref().or(preset.map(|preset| preset.reward)).unwrap_or("value");
        let own = preset.filter(|preset| preset.reward == name).map_or(&[][..], |preset| preset.reward_settings);
        for (key, value) in own {
            if settings.get(key).is_none() {
                settings.set(key, value);
            }
        }
        Ok(Reward::new(name, &settings)?)
    }

    /// Overrides the normalisation with what was given.
    fn change(&self, settings: &mut AdvantageSettings) {
        let normalize = &mut settings.normalize;
        if let Some(rule) = self.normalize {
            normalize.normalizer = rule.normalizer();
        }
        normalize.eps = self.eps.unwrap_or(normalize.eps);
        normalize.ddof = self.ddof.unwrap_or(normalize.ddof);
        normalize.clip = self.clip.or(normalize.clip);
        if let Some(rule) = self.singleton {
            normalize.singleton = match rule {
                SingletonArg::Zero => Singleton::Zero,
                SingletonArg::Raw => Singleton::Raw,
                SingletonArg::RawOverOnePlusEps => Singleton::RawOverOnePlusEps,
            };
        }
    }
}

impl NormalizeArg {
    fn normalizer(self) -> Normalizer {
        match self {
            Self::ZScore => Normalizer::ZScore,
            Self::MeanCentred => Normalizer::MeanCentred,
            Self::LeaveOneOut => Normalizer::LeaveOneOut,
            Self::Batch => Normalizer::Batch,
            Self::Global => Normalizer::Global,
            Self::PassAtK => Normalizer::PassAtK,
            Self::LengthWeighted => Normalizer::LengthWeighted,
            Self::Gpg => Normalizer::Gpg,
            Self::None => Normalizer::None,
        }
    }
}

impl SampleArgs {
    /// What to read of samples for a reward that reads this; where their group stands is left open.
    pub(super) fn options(&self, reads: Reads) -> SampleOptions {
        let numbers =
            self.columns.named().map(|(column, name)| NumberOption { column: name.clone(), option: column.option() });
        SampleOptions {
            item: self.item.clone(),
            score: self.score.clone(),
            no_score: if reads == Reads::Columns { NoScore::Missing } else { NoScore::Refuse },
            numbers: numbers.collect(),
            ..SampleOptions::default()
        }
    }

    /// Refuses columns that a log of comparisons doesn't have.
    pub(super) fn refuse_for_a_log(&self) -> anyhow::Result<()> {
        match self.columns.named().next() {
            Some((column, _)) => {
                bail!("{} goes with scores; comparisons say nothing of a single sample", column.option())
            }
            None => Ok(()),
        }
    }
}

impl ColumnArgs {
    /// The columns that were named, in the order of [`Column`].
    pub(in crate::cli) fn named(&self) -> impl Iterator<Item = (Column, &String)> {
        let length = self.length.iter().map(|name| (Column::Length, name));
        let logprob = self.logprob.iter().map(|name| (Column::LogProb, name));
        let reference = self.reference.iter().map(|name| (Column::Reference, name));
        let criteria = self.criteria.iter().map(|name| (Column::Criteria, name));
        length.chain(logprob).chain(reference).chain(criteria)
    }
}
