//! `palio generate`: a synthetic log as CSV.

use palio::simulation::{GenerateSettings, Generator, Popularity, World};

use super::output::{Format, Output};
use super::{Ended, Global};

/// Write a synthetic log of comparisons whose truth is known, as CSV
#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArgs {
    /// How many items there are, 2 or more
    #[arg(long, value_name = "N", default_value_t = 20)]
    items: usize,

    /// How many comparisons to write
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    comparisons: u64,

    /// Probability that equal items tie, from 0 up to but not including 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    ties: f64,

    /// Law of the outcomes: bradley-terry, cyclic (with rock-paper-scissors) or rao-kupper (close items tie more)
    #[arg(long, default_value_t = World::BradleyTerry)]
    world: World,

    /// How many judges there are; 0 for no judge column
    #[arg(long, value_name = "N", default_value_t = 0)]
    judges: usize,

    /// How many tasks there are; 0 for no task column
    #[arg(long, value_name = "N", default_value_t = 0)]
    tasks: usize,

    /// How often items are compared: uniform, zipf or zipf:EXPONENT with an exponent from 0 to 4
    #[arg(long, default_value_t = Popularity::Uniform)]
    popularity: Popularity,

    /// Standard deviation of the items' strengths, in log-odds
    #[arg(long, value_name = "LOG-ODDS", default_value_t = 1.0)]
    spread: f64,

    /// Standard deviation of each task's effect on each item, in log-odds
    #[arg(long, value_name = "LOG-ODDS", default_value_t = 0.0)]
    task_effect: f64,

    /// Standard deviation of each judge's effect on each item, in log-odds
    #[arg(long, value_name = "LOG-ODDS", default_value_t = 0.0)]
    judge_effect: f64,

    /// What the left item gains by its side, in log-odds; negative favours the right
    #[arg(long, value_name = "LOG-ODDS", default_value_t = 0.0, allow_negative_numbers = true)]
    position_bias: f64,
}

impl GenerateArgs {
    fn settings(&self, seed: u64) -> GenerateSettings {
        GenerateSettings {
            items: self.items,
            comparisons: self.comparisons,
            ties: self.ties,
            world: self.world,
            judges: self.judges,
            tasks: self.tasks,
            popularity: self.popularity,
            spread: self.spread,
            task_effect: self.task_effect,
            judge_effect: self.judge_effect,
            position_bias: self.position_bias,
            seed,
            ..GenerateSettings::default()
        }
    }
}

/// Writes the log that the arguments and the seed stand for.
pub(super) fn run(args: &GenerateArgs, global: &Global) -> anyhow::Result<Ended> {
    if !matches!(Format::of(global, Format::Csv)?, Format::Csv) {
        anyhow::bail!("generate writes CSV only; name the output .csv, or give --format csv");
    }
    let generator = Generator::new(args.settings(global.seed))?;
    Output::open(global)?.write_with(|out| Ok(generator.write_csv(&mut { out })?))?;
    Ok(Ended::Well)
}
