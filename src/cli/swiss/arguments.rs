//! The arguments of `palio swiss`, and what they mean together.

use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::ValueEnum;
use palio::data::read::{Shape, TableOptions};
use palio::data::{ItemId, Items};
use palio::simulation::swiss_rounds::{Bye, Eliminate, Order, Shortfall, SwissSettings, TieRule};

use crate::cli::input::ReadingArgs;

/// Rank models by simulated Swiss tournaments over benchmarks
///
/// Each benchmark is a round. Models with equal points form a bucket, in which pairs are drawn at random; in each
/// pair the higher score wins a point, and one model of an odd bucket has a bye. Models are ranked by their mean
/// points over many tournaments, so that nobody has to choose weights for the benchmarks.
#[derive(Debug, clap::Args)]
pub(crate) struct SwissArgs {
    /// Tables of models and benchmarks, long or wide, or a log of comparisons with a task column: CSV, TSV or JSON
    /// lines, .gz or .zst, or - for stdin
    #[arg(required = true, value_name = "TABLE")]
    pub(super) inputs: Vec<PathBuf>,

    /// How many tournaments are played
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(super) runs: u64,

    /// How many models of the lowest bucket leave after each round: one number, or one for each round
    #[arg(long, value_name = "N,…", default_value = "0", allow_negative_numbers = true)]
    pub(super) eliminate: String,

    /// What happens where the lowest bucket has fewer models than are to leave
    #[arg(long, value_name = "RULE", default_value = "stop")]
    pub(super) shortfall: ShortfallArg,

    /// What a meeting of equal scores is worth to each of the two
    #[arg(long, value_name = "RULE", default_value = "lose")]
    pub(super) ties: TiesArg,

    /// Points for a bye: a round without an opponent
    #[arg(long, value_name = "POINTS", default_value = "0")]
    pub(super) bye: ByeArg,

    /// Order of the benchmarks: as-given, shuffle:N for N random orders, or names such as math,code; what is not named
    /// is not played
    #[arg(long, value_name = "ORDER", default_value = "as-given")]
    pub(super) order: String,

    /// Lower scores are better: on all benchmarks, or with =NAMES, such as --lower-is-better=latency,cost, on these
    #[expect(
        clippy::option_option,
        reason = "not given, given alone, given with names: an empty list is none of these"
    )]
    #[arg(long, value_name = "NAMES", num_args = 0..=1, require_equals = true)]
    pub(super) lower_is_better: Option<Option<String>>,

    /// What a missing score means; a table with holes is refused without it
    #[arg(long, value_name = "RULE")]
    pub(super) missing: Option<MissingArg>,

    /// Play with every elimination number from A to B too, such as 0..=5, and tell the slope of each model's points
    /// over it
    #[arg(long, value_name = "A..=B")]
    pub(super) sensitivity: Option<String>,

    /// How many samples of the benchmarks, drawn with replacement, give the ranges of ranks; a hundredth of the runs is
    /// played on each; 0 for no ranges
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(super) resample: u32,

    /// Level of the ranges of ranks
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    pub(super) level: f64,

    /// Compute expected points exactly instead of sampling, where the table is small enough
    #[arg(long, conflicts_with_all = ["partial", "trials"])]
    pub(super) exact: bool,

    /// Play only the runs from number A up to B, without B, counted from 0; such as 0..50000 and, elsewhere,
    /// 50000..100000
    #[arg(long, value_name = "A..B", requires = "partial")]
    pub(super) trials: Option<String>,

    /// Write the sums of --trials, which palio merge puts together, instead of a result
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
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
    /// The order of these benchmarks.
    pub(super) fn order(&self, benchmarks: &Items) -> anyhow::Result<Order> {
        order(&self.order, benchmarks)
    }

    /// The settings for a tournament in this order.
    pub(super) fn settings(&self, order: Order, seed: u64) -> anyhow::Result<SwissSettings> {
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
            order,
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
    let numbers: Option<Vec<u32>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
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
    // A list from a file may have a name on each line.
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(list.as_bytes());
    let mut indices = Vec::new();
    for names in reader.records() {
        for name in &names.with_context(|| format!("{option} '{list}' is no list of names"))? {
            let index = place(name, benchmarks).with_context(|| {
                let known: Vec<&str> = benchmarks.iter().map(str::trim).collect();
                format!("{option} names '{}', which is no benchmark here; there are: {}", name.trim(), known.join(", "))
            })?;
            if indices.contains(&index) {
                bail!("{option} names '{}' twice; name each benchmark once", name.trim());
            }
            indices.push(index);
        }
    }
    if indices.is_empty() {
        bail!("{option} names no benchmark; give names with commas between them");
    }
    Ok(indices)
}

/// The benchmark of this name, if need be with other white space around it.
fn place(name: &str, benchmarks: &Items) -> Option<usize> {
    let exact = benchmarks.get(name).map(ItemId::index);
    exact.or_else(|| benchmarks.iter().position(|benchmark| benchmark.trim() == name.trim()))
}

fn grid(text: &str) -> anyhow::Result<RangeInclusive<u32>> {
    let ends = text.split_once("..=").and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let (first, last) =
        ends.with_context(|| format!("--sensitivity '{text}' is not of the form A..=B, such as 0..=5"))?;
    Ok(first..=last)
}
