//! The arguments of `palio swiss`, and what they mean together.

use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::ValueEnum;
use palio::data::Items;
use palio::data::read::{Shape, TableOptions};
use palio::simulation::swiss_rounds::{Bye, Eliminate, Order, Shortfall, SwissSettings, TieRule};

use crate::cli::input::ReadingArgs;

/// Rank models by simulated Swiss tournaments over benchmarks
///
/// Each benchmark is a round. Models with equal points are paired at random, and the higher score wins the point.
/// The expected points over many tournaments need no weights for the benchmarks.
#[derive(Debug, clap::Args)]
pub(crate) struct SwissArgs {
    /// Tables of models and benchmarks, long or wide, or a log of comparisons with a task column: CSV, TSV or JSON
    /// lines, .gz or .zst, or - for stdin
    #[arg(required = true, value_name = "TABLE")]
    pub(super) inputs: Vec<PathBuf>,

    /// How many tournaments are played
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(super) runs: u64,

    /// How many models leave after each round: one number, or one for each round
    #[arg(long, value_name = "N,…", default_value = "0")]
    pub(super) eliminate: String,

    /// What happens where the lowest bucket is smaller than that
    #[arg(long, value_name = "RULE", default_value = "stop")]
    pub(super) shortfall: ShortfallArg,

    /// What equal scores are worth to each
    #[arg(long, value_name = "RULE", default_value = "lose")]
    pub(super) ties: TiesArg,

    /// Points of a model without an opponent
    #[arg(long, value_name = "POINTS", default_value = "0")]
    pub(super) bye: ByeArg,

    /// Order of the benchmarks: as-given, shuffle:N for N random orders, or their names
    #[arg(long, value_name = "NAMES", default_value = "as-given")]
    pub(super) order: String,

    /// Benchmarks on which lower is better; without names all of them
    #[arg(long, value_name = "NAMES", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(super) lower_is_better: Option<String>,

    /// What a missing score means; a table with holes needs it
    #[arg(long, value_name = "RULE")]
    pub(super) missing: Option<MissingArg>,

    /// Elimination numbers over which the slope of each score is told, such as 0..=5
    #[arg(long, value_name = "A..=B")]
    pub(super) sensitivity: Option<String>,

    /// Samples of the benchmarks, drawn with replacement, for rank ranges; each has a hundredth of the runs; 0 for none
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(super) resample: u32,

    /// Level of rank ranges
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    pub(super) level: f64,

    /// Compute expected scores exactly, where the table is small enough
    #[arg(long, conflicts_with = "partial")]
    pub(super) exact: bool,

    /// Play only these of the runs, counted from 0, and write their sums; palio merge puts parts together
    #[arg(long, value_name = "A..B", requires = "partial")]
    pub(super) trials: Option<String>,

    /// Write whole-number sums instead of a result
    #[arg(long, requires = "trials")]
    pub(super) partial: bool,

    #[command(flatten)]
    pub(super) table: TableArgs,

    #[command(flatten)]
    pub(super) reading: ReadingArgs,
}

/// How the columns of a table are understood.
#[derive(Debug, Clone, serde::Serialize, clap::Args)]
#[command(next_help_heading = "Reading a table")]
pub(super) struct TableArgs {
    /// Whether a row is one score or all scores of a model [default: long if it has the columns of one]
    #[arg(long, value_name = "SHAPE")]
    shape: Option<ShapeArg>,
    /// Column of the model [default: model and its like; in a wide table else the first]
    #[arg(long, value_name = "COLUMN")]
    model: Option<String>,
    /// Column of the benchmark in a long table [default: benchmark and its like]
    #[arg(long, value_name = "COLUMN")]
    benchmark: Option<String>,
    /// Column of the score in a long table [default: score and its like]
    #[arg(long, value_name = "COLUMN")]
    score: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
enum ShapeArg {
    /// A row for each score
    Long,
    /// A row for each model
    Wide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ShortfallArg {
    /// The bucket leaves, and nobody else in that round
    Stop,
    /// The next bucket loses members too
    Cascade,
    /// The bucket leaves, but the last model of all stays
    KeepLast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TiesArg {
    /// Nothing
    Lose,
    /// Half a point
    Half,
    /// A point
    Win,
    /// Scores are probabilities of a point, and points are drawn
    Bernoulli,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ByeArg {
    #[value(name = "0")]
    Nothing,
    #[value(name = "0.5")]
    Half,
    #[value(name = "1")]
    Point,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MissingArg {
    /// It loses to any score
    Lose,
    /// The model sits that round out
    Skip,
    /// The largest block without holes is played, the rest left out
    Complete,
}

impl TableArgs {
    pub(super) fn options(&self) -> TableOptions {
        TableOptions {
            shape: self.shape.map(|shape| match shape {
                ShapeArg::Long => Shape::Long,
                ShapeArg::Wide => Shape::Wide,
            }),
            model: self.model.clone(),
            benchmark: self.benchmark.clone(),
            score: self.score.clone(),
        }
    }
}

impl ByeArg {
    pub(super) fn points(self) -> f64 {
        match self {
            Self::Nothing => 0.0,
            Self::Half => 0.5,
            Self::Point => 1.0,
        }
    }
}

impl TiesArg {
    pub(super) fn rule(self) -> TieRule {
        match self {
            Self::Lose => TieRule::Lose,
            Self::Half => TieRule::Half,
            Self::Win => TieRule::Win,
            Self::Bernoulli => TieRule::Bernoulli,
        }
    }
}

impl SwissArgs {
    /// The settings for a tournament on these benchmarks.
    pub(super) fn settings(&self, benchmarks: &Items, seed: u64) -> anyhow::Result<SwissSettings> {
        Ok(SwissSettings {
            runs: self.runs,
            eliminate: eliminate(&self.eliminate)?,
            shortfall: match self.shortfall {
                ShortfallArg::Stop => Shortfall::Stop,
                ShortfallArg::Cascade => Shortfall::Cascade,
                ShortfallArg::KeepLast => Shortfall::KeepLast,
            },
            bye: match self.bye {
                ByeArg::Nothing => Bye::Nothing,
                ByeArg::Half => Bye::Half,
                ByeArg::Point => Bye::Point,
            },
            order: order(&self.order, benchmarks)?,
            sensitivity: self.sensitivity.as_deref().map(grid).transpose()?,
            samples: self.resample,
            level: self.level,
            seed,
        })
    }

    /// The trials to play.
    pub(super) fn trials(&self) -> anyhow::Result<Range<u64>> {
        let Some(text) = &self.trials else { return Ok(0..self.runs) };
        let ends = text.split_once("..").and_then(|(start, end)| Some((start.parse().ok()?, end.parse().ok()?)));
        let (start, end) =
            ends.with_context(|| format!("--trials '{text}' is not of the form A..B, such as 0..50000"))?;
        if start >= end || end > self.runs {
            bail!("--trials {text}: give a range with trials in it, from 0 up to --runs {}", self.runs);
        }
        Ok(start..end)
    }
}

fn eliminate(text: &str) -> anyhow::Result<Eliminate> {
    let numbers: Result<Vec<u32>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    let numbers = numbers.with_context(|| {
        format!("--eliminate '{text}': give a number such as 1, or one for each round such as 1,1,0")
    })?;
    Ok(if let [number] = numbers[..] { Eliminate::Every(number) } else { Eliminate::List(numbers) })
}

fn order(text: &str, benchmarks: &Items) -> anyhow::Result<Order> {
    if text == "as-given" {
        return Ok(Order::AsGiven);
    }
    if let Some(number) = text.strip_prefix("shuffle:") {
        let number = number.parse().ok().filter(|&number| number > 0);
        return Ok(Order::Shuffle(number.with_context(|| format!("--order {text}: give a number, as in shuffle:20"))?));
    }
    Ok(Order::Listed(named(text, benchmarks, "--order")?))
}

/// The benchmarks that a list names, by index.
pub(super) fn named(list: &str, benchmarks: &Items, option: &str) -> anyhow::Result<Vec<usize>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(list.as_bytes());
    let names =
        reader.records().next().transpose().with_context(|| format!("{option} '{list}' is no list of names"))?;
    let mut indices = Vec::new();
    for name in names.iter().flatten() {
        let index = benchmarks.get(name).with_context(|| {
            let known: Vec<&str> = benchmarks.iter().collect();
            format!("{option} names '{name}', which is no benchmark here; there are: {}", known.join(", "))
        })?;
        if indices.contains(&index.index()) {
            bail!("{option} names '{name}' twice; name each benchmark once");
        }
        indices.push(index.index());
    }
    Ok(indices)
}

fn grid(text: &str) -> anyhow::Result<RangeInclusive<u32>> {
    let ends = text.split_once("..=").and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let (first, last) =
        ends.with_context(|| format!("--sensitivity '{text}' is not of the form A..=B, such as 0..=5"))?;
    Ok(first..=last)
}
