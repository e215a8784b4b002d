//! The arguments of `palio tournament`, and what they mean together.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::ValueEnum;
use palio::advantages::{AGGREGATIONS, AggregateSettings, Aggregation, AggregationEntry, RewardEntry};
use palio::data::read::RecordOptions;
use palio::judges::{LineSettings, OnFailure, Orders, PlaySettings};
use palio::models::Settings;
use palio::tournaments::{TOPOLOGIES, TopologyEntry, TournamentError};

use super::Steps;
use super::compare::CompareArgs;
use crate::cli::Global;
use crate::cli::advantage::{ColumnArgs, RulesArg, StepArgs};

/// What differs from the same options of `palio advantage`: the defaults.
const AGGREGATE: &str = "How matches become a standing: bracket (eliminations only), win-rate, copeland, mean-score, \
    margin, bradley-terry or points [default: the preset's, or else the topology's own: win-rate for round-robin and \
    circular, mean-score for anchor, bracket for eliminations, points for swiss]";
const REWARD: &str = "How a standing becomes a reward [default: the preset's, or else quantile with ties=mean: 1 for the \
    first and 0 for the last, evenly between, equal ranks sharing their mean]";
const NORMALIZE: &str = "What is taken out of the rewards of a group, and what they are divided by [default: the preset's, \
    or else z-score]";

/// Play one tournament a group before a judge, and turn it into advantages
///
/// A judge program reads one JSON line a question, {"id","group","round","left":{…},"right":{…}}, and writes one JSON
/// line an answer in any order: {"id", "scores":[7.5,3]} or "winner":"left|right|tie", "grade":"A>>B" or "error":"why";
/// "usage" and "cost" are added up. With --journal a run that was stopped or killed asks only what is missing.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("aggregate", |arg| arg.help(AGGREGATE)),
    mut_arg("reward", |arg| arg.help(REWARD)),
    mut_arg("normalize", |arg| arg.help(NORMALIZE))
)]
pub(crate) struct TournamentArgs {
    /// Items in groups: JSON lines, CSV or TSV with the columns group and item, and anything else for the judge; or -
    /// for stdin
    #[arg(required_unless_present = "compare_topologies", value_name = "ITEMS")]
    pub(super) items: Vec<PathBuf>,

    /// Which matches are played: round-robin, circular, anchor, seeded-single-elimination, double-elimination or swiss;
    /// palio methods tells their matches, rounds and settings
    #[arg(long, value_name = "NAME", default_value = "round-robin")]
    pub(super) topology: String,

    /// Column of a known score, higher for the better, to seed eliminations and swiss by
    #[arg(long, value_name = "COLUMN")]
    pub(super) seeds_by: Option<String>,

    /// Play only the groups in which this score is the same for all items; the others take it for their reward
    #[arg(long, value_name = "COLUMN")]
    pub(super) only_constant: Option<String>,

    /// Items of a group that have this column equal tie without a call
    #[arg(long, value_name = "COLUMN")]
    pub(super) dedupe: Option<String>,

    /// Play no more than this many matches; groups are served in the order of the input, and items that are left
    /// without a match are masked
    #[arg(long, value_name = "N")]
    pub(super) max_matches: Option<u64>,

    /// Tell how many matches, calls and sequential rounds there would be, and make no call
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Write the matches to this file: CSV, or JSON lines by its extension
    #[arg(long, value_name = "FILE")]
    pub(super) matches: Option<PathBuf>,

    #[command(flatten)]
    pub(super) judge: JudgeArgs,

    #[command(flatten)]
    pub(super) steps: StepArgs,

    #[command(flatten)]
    pub(super) compare: CompareArgs,

    /// Column of the group [default: group, group_id or uid]
    #[arg(long, value_name = "COLUMN", help_heading = "Reading items")]
    group: Option<String>,

    /// Take all items for one group, called all
    #[arg(long, conflicts_with = "group", help_heading = "Reading items")]
    one_group: bool,

    /// Column of the item's name [default: item, item_id, sample, sample_id or response_id, or else its index in the
    /// group]
    #[arg(long, value_name = "COLUMN", help_heading = "Reading items")]
    item: Option<String>,

    #[command(flatten, next_help_heading = "Reading items")]
    pub(super) columns: ColumnArgs,
}

/// Who judges, and how it is asked.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The judge")]
pub(super) struct JudgeArgs {
    /// A program that answers lines, run by sh -c
    #[arg(long, value_name = "COMMAND")]
    pub(super) judge_command: Option<String>,

    /// Write questions to stdout and read answers from stdin; the result goes to --output
    #[arg(long)]
    pub(super) judge_stdio: bool,

    /// A log of comparisons that is looked up by item, and by group where it has groups
    #[arg(long, value_name = "LOG")]
    pub(super) judge_log: Option<PathBuf>,

    /// A simulated judge: a JSON file with scores (a number for each item) or score_column, and noise, law, offset,
    /// position_bias, tie_margin, cycle
    #[arg(long, value_name = "FILE")]
    pub(super) judge_model: Option<PathBuf>,

    /// What the journal knows the judge by: change it when the judge changes [default: the command]
    #[arg(long, value_name = "NAME")]
    pub(super) judge_id: Option<String>,

    /// Keep every answer in this file, and ask nothing that it has
    #[arg(long, value_name = "FILE")]
    pub(super) journal: Option<PathBuf>,

    /// Columns that the judge is shown of an item, and no others; what is not shown may change without a question being
    /// asked again [default: all columns]
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', conflicts_with_all = ["judge_log", "judge_model"])]
    pub(super) show: Vec<String>,

    /// In which order items are shown: both ways, of which a match needs an answer each, or one that the seed draws
    #[arg(long, value_name = "ORDERS", default_value = "both")]
    orders: OrdersArg,

    /// How often each order is asked
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeats: u32,

    /// Scores of a match that differ by no more than this are a tie
    #[arg(long, value_name = "M", default_value_t = 0.0)]
    margin: f64,

    /// How many questions the judge may have at a time without an answer
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: u32,

    /// Seconds without an answer after which the judge is taken to hang and a question is asked again
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    timeout: f64,

    /// How often a question is asked again
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=1000))]
    retries: u32,

    /// Seconds before a question is asked again, doubled each time
    #[arg(long, value_name = "SECONDS", hide = true)]
    retry_pause: Option<f64>,

    /// Ask no more questions a minute than this
    #[arg(long, value_name = "N")]
    rpm: Option<f64>,

    /// What becomes of a match that has no answer in one of its orders; with --rules arenarl, as in its code, one order
    /// is enough
    #[arg(long, value_name = "WHAT", default_value = "mask")]
    on_failure: OnFailureArg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OrdersArg {
    Both,
    One,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnFailureArg {
    /// It has no result, and who depends on it no reward
    Mask,
    /// It is a tie
    Tie,
    /// The run ends with an error
    Abort,
}

impl TournamentArgs {
    /// The topology that was named.
    pub(super) fn entry(&self) -> anyhow::Result<&'static TopologyEntry> {
        let unknown = || TournamentError::Unknown { name: self.topology.clone() };
        Ok(TopologyEntry::find(&self.topology).ok_or_else(unknown)?)
    }

    /// Where group and item stand.
    pub(super) fn record_options(&self) -> RecordOptions {
        RecordOptions { group: self.group.clone(), one_group: self.one_group, item: self.item.clone() }
    }

    /// How groups are played.
    pub(super) fn play_settings(&self, seed: u64) -> anyhow::Result<PlaySettings> {
        let entry = self.entry()?;
        let judge = &self.judge;
        if !(judge.margin.is_finite() && judge.margin >= 0.0) {
            bail!("--margin is {}; give a finite number that is not negative", judge.margin);
        }
        let own = self.steps.set.iter().filter(|pair| is_of(entry, pair));
        let mut settings = Settings::parse(own)?;
        settings.seed = seed;
        if self.steps.rules == Some(RulesArg::Arenarl) {
            settings.set("rules", "arenarl");
        }
        if self.seeds_by.is_some() && settings.get("seeds").is_none() {
            refuse_without_seeds(entry)?;
            settings.set("seeds", "given");
        }
        entry.topology(&settings)?;
        Ok(PlaySettings {
            settings,
            seed,
            orders: if judge.orders == OrdersArg::Both { Orders::Both } else { Orders::One },
            repeats: judge.repeats,
            margin: judge.margin,
            max_matches: self.max_matches,
            on_failure: match judge.on_failure {
                OnFailureArg::Mask => OnFailure::Mask,
                OnFailureArg::Tie => OnFailure::Tie,
                OnFailureArg::Abort => OnFailure::Abort,
            },
            ..PlaySettings::new(&self.topology)
        })
    }

    /// How matches become advantages: by the topology's own aggregation, and by quantiles with mean
    /// ranks, unless options or a preset say otherwise.
    pub(super) fn advantage_settings(&self, seed: u64) -> anyhow::Result<Steps> {
        let entry = self.entry()?;
        let mut steps = self.steps.clone();
        steps.set.retain(|pair| !is_of(entry, pair));
        if steps.preset.is_none() && steps.reward.is_none() {
            steps.reward = Some("quantile".to_owned());
            if !steps.set.iter().any(|pair| pair.starts_with("ties=")) {
                steps.set.push("ties=mean".to_owned());
            }
        }
        let reward = steps.reward.as_deref().or(steps.preset()?.map(|preset| preset.reward)).unwrap_or("value");
        if let Some(reward) = RewardEntry::find(reward) {
            refuse_unknown(&steps.set, entry, reward)?;
        }
        let advantages = steps.settings(seed)?;
        let own = AggregationEntry::find(entry.aggregation).map(|it| it.aggregation).unwrap_or_default();
        let aggregation = advantages.aggregate.clone().unwrap_or_else(|| {
            let mut usual = AggregateSettings::new(own);
            steps.rules_and_ties(&mut usual);
            usual
        });
        if aggregation.aggregation == Aggregation::Bracket && own != Aggregation::Bracket {
            bail!("--aggregate bracket: {} has no bracket; {}", entry.name, instead_of_a_bracket());
        }
        Ok(Steps { advantages, aggregation })
    }
}

/// Whether a pair `key=value` is a setting of the topology.
fn is_of(entry: &TopologyEntry, pair: &str) -> bool {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name).trim();
    entry.settings.iter().any(|setting| setting.name == name)
}

/// What goes where the aggregation of brackets doesn't.
fn instead_of_a_bracket() -> String {
    let bracket = Aggregation::Bracket;
    let others = AGGREGATIONS.iter().filter(|it| it.aggregation != bracket).map(|it| it.name).collect::<Vec<_>>();
    let brackets = TOPOLOGIES.iter().filter(|it| it.aggregation == bracket.name()).map(|it| it.name);
    format!("give {}, or --topology {}", others.join(", "), brackets.collect::<Vec<_>>().join(" or "))
}

/// Refuses a topology that takes no seeds.
fn refuse_without_seeds(entry: &TopologyEntry) -> anyhow::Result<()> {
    let has_seeds = |entry: &TopologyEntry| entry.settings.iter().any(|setting| setting.name == "seeds");
    if has_seeds(entry) {
        return Ok(());
    }
    let others = TOPOLOGIES.iter().filter(|other| has_seeds(other)).map(|other| other.name).collect::<Vec<_>>();
    bail!("--seeds-by: {} has no seeds; leave it out, or give --topology one of: {}", entry.name, others.join(", "))
}

/// Refuses a setting that neither the topology nor the reward has.
fn refuse_unknown(set: &[String], topology: &TopologyEntry, reward: &RewardEntry) -> anyhow::Result<()> {
    let names = |settings: &[palio::settings::Setting]| {
        let names: Vec<&str> = settings.iter().map(|setting| setting.name).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    for name in set.iter().filter_map(|pair| pair.split_once('=')).map(|(name, _)| name.trim()) {
        if !reward.settings.iter().any(|setting| setting.name == name) {
            bail!(
                "no setting is called '{name}'; the topology {} has: {}; the reward {} has: {}",
                topology.name,
                names(topology.settings),
                reward.name,
                names(reward.settings)
            );
        }
    }
    Ok(())
}

/// Seconds that an answer may take: a person may be asked, and a judge that hangs is to be found out.
const TIMEOUTS: RangeInclusive<f64> = 0.001..=2_592_000.0;

/// Questions a minute: below one a day nothing seems to happen, and above a thousand million there is no limit.
const RATES: RangeInclusive<f64> = 0.000_69..=1e9;

impl JudgeArgs {
    /// Refuses no judge and several.
    pub(super) fn check(&self, items: &[PathBuf], global: &Global) -> anyhow::Result<()> {
        let given = [
            ("--judge-command", self.judge_command.is_some()),
            ("--judge-stdio", self.judge_stdio),
            ("--judge-log", self.judge_log.is_some()),
            ("--judge-model", self.judge_model.is_some()),
        ];
        let given: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
        match given.as_slice() {
            [] => bail!(
                "a tournament needs a judge: give --judge-command, --judge-stdio, --judge-log or --judge-model; --dry-run goes without"
            ),
            [_] => {}
            [first, second, ..] => bail!("{first} and {second} are two judges; give one"),
        }
        if self.judge_stdio && global.output.is_none() {
            bail!("--judge-stdio writes questions to stdout, so the result needs a file: give --output");
        }
        if self.judge_stdio && items.iter().any(|path| path.as_os_str() == "-") {
            bail!("--judge-stdio reads answers from stdin, so the items can't come from there: give a file");
        }
        Ok(())
    }

    /// How a judge that reads lines is asked.
    pub(super) fn line_settings(&self) -> anyhow::Result<LineSettings> {
        if !TIMEOUTS.contains(&self.timeout) {
            let (least, most) = (TIMEOUTS.start(), TIMEOUTS.end());
            bail!("--timeout is {}; give from {least} to {most} seconds, which is 30 days", self.timeout);
        }
        let timeout = Duration::from_secs_f64(self.timeout);
        if let Some(rpm) = self.rpm.filter(|rpm| !RATES.contains(rpm)) {
            bail!("--rpm is {rpm}; give from 0.0007, a question a day, to 1000000000 questions a minute");
        }
        let concurrency = self.concurrency as usize;
        let mut pause = LineSettings::default().pause;
        if let Some(given) = self.retry_pause {
            let Ok(given) = Duration::try_from_secs_f64(given) else {
                bail!("--retry-pause is {given}; give a number of seconds that is not negative");
            };
            pause = given;
        }
        Ok(LineSettings { concurrency, timeout, retries: self.retries, per_minute: self.rpm, pause })
    }
}
