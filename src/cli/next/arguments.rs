//! The arguments of `palio next`, and what they mean.

use anyhow::{Context, bail};
use clap::ValueEnum;
use palio::data::Items;
use palio::models::{BradleyTerry, Settings, TieRule};
use palio::simulation::next::{Goal, NextSettings, SeparationSettings, Truth};
use palio::simulation::samplers::{SAMPLERS, SamplerEntry};
use palio::uncertainty::{RankRule, RankSettings};
use serde::Serialize;

use crate::cli::input::InputArgs;
use crate::cli::names::find_item;

/// Choose the comparisons to buy next, each with its reason in numbers, and tell how many it takes
///
/// The gain of a comparison is the information that its outcome is expected to give about the two ratings, in nats,
/// once those before it are made; at most ln 2 = 0.693. The probability is the left item's expected share, as palio
/// predict has it. Where the log does not connect all items, the first comparisons join them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NextArgs {
    /// How many comparisons to choose; no pair is chosen twice, or where the log has tasks none twice on the same
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) count: u32,

    /// What chooses them, with its settings, such as d-optimal:precision=0.5; palio methods lists samplers
    #[arg(long, value_name = "NAME[:KEY=VALUE]…", default_value = "d-optimal")]
    pub(super) sampler: String,

    /// An item whose comparisons are worth more, by this factor [default: 5]; may be given several times
    #[arg(long, value_name = "ITEM[=FACTOR]")]
    pub(super) favour: Vec<String>,

    /// An item that is compared no more; may be given several times
    #[arg(long, value_name = "ITEM")]
    pub(super) retire: Vec<String>,

    #[command(flatten)]
    pub(super) until: UntilArgs,

    #[command(flatten)]
    pub(super) input: InputArgs,
}

/// A question about the board that more comparisons are to settle.
#[derive(Debug, Clone, Serialize, clap::Args)]
#[command(next_help_heading = "How many it takes")]
pub(super) struct UntilArgs {
    /// Simulate how many more comparisons it takes until rank intervals tell apart: "separable 3" the top 3 from all
    /// others, "separable neighbours" each row from the next, "separable neighbours 3" the first 3 rows so; json has
    /// it in full, and other formats than table and json tell it on stderr
    #[arg(long, value_name = "GOAL")]
    #[serde(serialize_with = "as_text")]
    pub(super) until: Option<Goal>,

    /// What is held true in simulated futures
    #[arg(long, value_name = "WHAT", default_value = "posterior", requires = "until")]
    truth: TruthArg,

    /// How many futures are simulated, 10 or more
    #[arg(long, value_name = "N", default_value_t = 200, requires = "until", value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub(super) trials: u32,

    /// A future ends after so many more comparisons [default: 100 times those of the log, from 1000 to ten million]
    #[arg(long, value_name = "N", requires = "until", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    most: Option<u64>,

    /// How ties enter the boards
    #[arg(long, value_name = "RULE", default_value = "half", requires = "until")]
    ties: TiesArg,

    /// Level of the rank intervals
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, requires = "until", value_parser = level)]
    level: f64,

    /// Column whose rows belong together: auto (the task, if there are 30 or more), none, or a column
    #[arg(long, value_name = "COLUMN", default_value = "auto", requires = "until")]
    pub(super) cluster: String,
}

const EXAMPLES: &str = "Examples:
  palio next arena.csv --count 50 --sampler information-gain-tree --format csv
  palio next arena.csv --favour new-model --retire old-model
  palio next arena.csv --until \"separable 3\" --sampler d-optimal";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum TruthArg {
    /// Ratings drawn from what the log leaves possible
    Posterior,
    /// The fit, as if it were exact: promises too few
    Estimate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum TiesArg {
    /// As half a win for both
    Half,
    /// By Davidson's model
    Davidson,
    /// By Rao and Kupper's model
    RaoKupper,
    /// Not at all
    Drop,
}

fn level(text: &str) -> Result<f64, String> {
    let level: f64 = text.parse().map_err(|_| "give a number".to_owned())?;
    if level > 0.0 && level <= 0.9999 { Ok(level) } else { Err("give a share above 0, and at most 0.9999".to_owned()) }
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn as_text<S: serde::Serializer>(goal: &Option<Goal>, to: S) -> Result<S::Ok, S::Error> {
    goal.map(|goal| goal.to_string()).serialize(to)
}

/// What FastChat's arena did for new models.
const FAVOUR: f64 = 5.0;
const LEAST_MOST: f64 = 1_000.0;
const MOST_MOST: f64 = 1e7;
/// Above this many items ranks are told by overlap, as palio rank does.
const SIMULTANEOUS_ITEMS: usize = 500;

/// The sampler that was asked for, and its settings.
pub(super) struct Chosen {
    pub(super) entry: &'static SamplerEntry,
    pub(super) set: Settings,
}

impl Chosen {
    /// Of a text such as `d-optimal:precision=0.5`, checked.
    pub(super) fn of(text: &str, seed: u64) -> anyhow::Result<Self> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let entry = SamplerEntry::find(name).with_context(|| {
            let known: Vec<&str> = SAMPLERS.iter().map(|entry| entry.name).collect();
            format!("there is no sampler '{name}'; there are: {}", known.join(", "))
        })?;
        let mut set = Settings::parse(parts).with_context(|| format!("--sampler {text}"))?;
        set.seed = seed;
        entry.sampler(&set).with_context(|| format!("--sampler {text}"))?;
        Ok(Self { entry, set })
    }

    /// All settings, as they were given or by default.
    pub(super) fn resolved(&self) -> serde_json::Map<String, serde_json::Value> {
        let value = |name: &str, default: &str| self.set.get(name).unwrap_or(default).to_owned();
        self.entry.settings.iter().map(|it| (it.name.to_owned(), value(it.name, it.default).into())).collect()
    }
}

impl NextArgs {
    pub(super) fn settings(&self, chosen: &Chosen, items: &Items, seed: u64) -> anyhow::Result<NextSettings> {
        Ok(NextSettings {
            count: self.count as usize,
            sampler: chosen.entry,
            set: chosen.set.clone(),
            worth: self.worth(items)?,
            seed,
        })
    }

    /// What comparisons with each item are worth.
    fn worth(&self, items: &Items) -> anyhow::Result<Vec<f64>> {
        let mut worth = vec![1.0; items.len()];
        for text in &self.favour {
            let (name, factor) = favoured(text, items)?;
            let item = find_item(items, name).context("--favour")?;
            #[expect(clippy::float_cmp, reason = "exactly one is the default")]
            if std::mem::replace(&mut worth[item.index()], factor) != 1.0 {
                bail!("--favour names '{name}' twice; give one factor");
            }
        }
        for name in &self.retire {
            let item = find_item(items, name).context("--retire")?;
            let was_favoured = std::mem::replace(&mut worth[item.index()], 0.0);
            #[expect(clippy::float_cmp, reason = "exactly one is the default")]
            if was_favoured != 1.0 && was_favoured > 0.0 {
                bail!("'{name}' is to be favoured and retired; decide for one");
            }
        }
        Ok(worth)
    }
}

/// A name, which may hold an equals sign itself, and a factor.
fn favoured<'a>(text: &'a str, items: &Items) -> anyhow::Result<(&'a str, f64)> {
    let Some((name, factor)) = text.rsplit_once('=').filter(|_| items.get(text).is_none()) else {
        return Ok((text, FAVOUR));
    };
    match factor.parse() {
        Ok(factor) if factor > 0.0 && f64::is_finite(factor) => Ok((name, factor)),
        _ => bail!("--favour '{text}': '{factor}' is not a factor above 0; --retire leaves an item out"),
    }
}

impl UntilArgs {
    pub(super) fn rater(&self) -> BradleyTerry {
        let ties = match self.ties {
            TiesArg::Half => TieRule::Half,
            TiesArg::Davidson => TieRule::Davidson,
            TiesArg::RaoKupper => TieRule::RaoKupper,
            TiesArg::Drop => TieRule::Drop,
        };
        BradleyTerry { ties, ..BradleyTerry::default() }
    }

    pub(super) fn settings(&self, goal: Goal, items: usize, comparisons: f64, seed: u64) -> SeparationSettings {
        let rule = if items > SIMULTANEOUS_ITEMS { RankRule::Overlap } else { RankRule::Simultaneous };
        SeparationSettings {
            goal,
            truth: match self.truth {
                TruthArg::Posterior => Truth::Posterior,
                TruthArg::Estimate => Truth::Estimate,
            },
            trials: self.trials,
            most: self.most.unwrap_or((100.0 * comparisons).clamp(LEAST_MOST, MOST_MOST) as u64),
            rater: self.rater(),
            // As many as the level needs: a board is tested thousands of times.
            ranks: RankSettings { rule, level: self.level, draws: 0, seed },
        }
    }
}
