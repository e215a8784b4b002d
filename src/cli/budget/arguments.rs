//! The arguments of `palio budget`, and what they mean.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use palio::data::graph::PreferenceGraph;
use palio::data::read::{Comparisons, Input, Keep, ReadOptions, TableOptions, read_table};
use palio::models::{Needs, Rater, Settings};
use palio::simulation::budget::{BudgetStudy, Noise, RankerPlan, SamplerPlan, Target, Top, WorldPlan};
use palio::structure::Note;
use serde_json::{Value, json};

use crate::cli::input::{self, InputArgs, ReadingArgs};
use crate::cli::rating::find_rater;

/// Simulate an evaluation: how good a ranking is after so many comparisons, by sampler and ranker
///
/// In each trial a world is drawn whose true order of the items is known. A sampler chooses, comparison by
/// comparison, the task and the two items; each comparison shows a score of both, and the higher one wins. Each ranker
/// makes an order of what it has seen, whose error is the generalised ranking error GRE(k): a mix of how much of the
/// true top k is missed and how far these are from their true order. The table shows its mean along the budget, AGRE(k),
/// with standard errors over trials, and after how many comparisons the target is met; json, jsonl and csv have the
/// curves: error with its standard error, Kendall's distance to the true order as a share of all pairs, the share of the
/// true top k that is missed, and the share of trials in which the target is met. All methods meet the same worlds, and
/// the n-th meeting of a pair on a task comes out the same in all of them, so that their differences are paired.
///
/// `palio methods` lists worlds, samplers and rankers with their settings.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, mut_arg(SCORES_DECIDE, |it| it.long("log-scores")))]
pub(crate) struct BudgetArgs {
    /// Worlds with their settings: mallows, plackett-luce, bradley-terry, cyclic [default: mallows:0.3, unless --scores
    /// or --log is given]
    #[arg(long, visible_alias = "world", value_name = "NAME[:VALUE][:KEY=VALUE]…,…", value_delimiter = ',')]
    worlds: Vec<String>,

    /// A table of scores (model × benchmark) as a world of its own, each benchmark a task
    #[arg(id = "table", long = "scores", value_name = "TABLE")]
    scores: Option<PathBuf>,

    /// How much scores of --scores vary from one evaluation to the next: a standard deviation in units of the range of
    /// a benchmark's scores, a table of standard deviations in their own units, or residual (what is left without the
    /// means of models and benchmarks: an upper bound) [default: 0.1]
    #[arg(long, value_name = "X|TABLE|residual", requires = "table", allow_negative_numbers = true)]
    noise: Option<String>,

    /// A log of comparisons, or PrefLib's ballots, as a world of its own: its rows are drawn again, pair by pair
    #[arg(long, value_name = "LOG")]
    log: Option<PathBuf>,

    /// The rater whose order is the truth of --scores and --log [default: kemeny for a table, bradley-terry for a log]
    #[arg(long, value_name = "RATER")]
    truth: Option<String>,

    /// How many items the worlds of --worlds have [default: 8]
    #[arg(long, value_name = "N")]
    items: Option<usize>,

    /// How many tasks they have [default: 50]
    #[arg(long, value_name = "N")]
    tasks: Option<usize>,

    /// Samplers with their settings
    #[arg(long, value_name = "NAME[:KEY=VALUE]…,…", value_delimiter = ',', default_value = "uniform,d-optimal")]
    samplers: Vec<String>,

    /// Rankers with their settings: uniform-averaging, elo and soft-condorcet (online=true or false), any rater
    #[arg(
        long,
        value_name = "NAME[:KEY=VALUE]…,…",
        value_delimiter = ',',
        default_value = "uniform-averaging,elo,bradley-terry,soft-condorcet"
    )]
    rankers: Vec<String>,

    /// How many comparisons there are
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    budget: u64,

    /// Latency: how many comparisons are chosen before their results come together; a list is held against each other
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1")]
    batch: Vec<u64>,

    /// How often each world is drawn and played
    #[arg(long, value_name = "N", default_value_t = 200)]
    trials: u64,

    /// The k of the ranking error, or all for the mean over every k
    #[arg(long, value_name = "K|all", default_value = "3", value_parser = top)]
    top: Top,

    /// The ranking error that is good enough
    #[arg(long, value_name = "ERROR", default_value_t = 0.1, allow_negative_numbers = true)]
    target: f64,

    /// In what share of trials it must not be exceeded
    #[arg(long, value_name = "SHARE", default_value_t = 0.9, allow_negative_numbers = true)]
    probability: f64,

    /// What a comparison costs
    #[arg(long, value_name = "X", default_value_t = 1.0, allow_negative_numbers = true)]
    cost: f64,

    /// How many points a curve has at most: at each batch rankers are fitted, and between two the error is taken to fall
    /// evenly, so that few make the mean along the budget coarse
    #[arg(long, value_name = "N", default_value_t = 100)]
    checkpoints: u64,

    #[command(flatten)]
    reading: ReadingArgs,
}

/// Defaults of options that are refused where they change nothing.
const ITEMS: usize = 8;
const TASKS: usize = 50;
const NOISE: &str = "0.1";

const EXAMPLES: &str = "Examples:
  palio budget --worlds mallows:0.3,mallows:0.7 --samplers uniform,round-robin,proportional-representation
  palio budget --scores benchmarks.csv --noise 0.1 --rankers elo:online=false,soft-condorcet,kemeny --top 3
  palio budget --log arena.csv --samplers uniform,d-optimal,information-gain-tree --batch 1,100 --budget 20000
  palio budget --worlds cyclic --target 0.05 --probability 0.95 --cost 0.02 -o curves.csv";

/// The flag of a log's reader whose name here is that of a table.
const SCORES_DECIDE: &str = "scores";

fn top(text: &str) -> Result<Top, String> {
    if text == "all" {
        return Ok(Top::All);
    }
    text.parse().map(Top::Of).map_err(|_| "give a whole number, or all".to_owned())
}

/// What is simulated, and what it was read from.
pub(super) struct Plan {
    pub(super) study: BudgetStudy,
    pub(super) inputs: Vec<Input>,
    pub(super) notes: Vec<Note>,
}

impl BudgetArgs {
    /// Reads tables and logs, and finds what is named.
    pub(super) fn plan(&self, seed: u64) -> anyhow::Result<Plan> {
        let (mut inputs, mut notes) = (Vec::new(), Vec::new());
        let mut worlds: Vec<WorldPlan> =
            self.worlds.iter().map(|label| WorldPlan::parse(label)).collect::<Result<_, _>>()?;
        if self.scores.is_none() && self.log.is_none() {
            if self.truth.is_some() {
                bail!("--truth goes with --scores or --log; other worlds know theirs");
            }
            if worlds.is_empty() {
                worlds.push(WorldPlan::parse("mallows:0.3")?);
            }
        }
        self.check_use(!worlds.is_empty())?;
        if let Some(path) = &self.scores {
            worlds.push(self.table_world(path, &mut inputs)?);
        }
        if let Some(path) = &self.log {
            worlds.push(self.log_world(path, &mut inputs, &mut notes)?);
        }
        let study = BudgetStudy {
            worlds,
            samplers: self.samplers.iter().map(|label| SamplerPlan::parse(label)).collect::<Result<_, _>>()?,
            rankers: self.rankers.iter().map(|label| RankerPlan::parse(label, seed)).collect::<Result<_, _>>()?,
            items: self.items.unwrap_or(ITEMS),
            tasks: self.tasks.unwrap_or(TASKS),
            comparisons: self.budget,
            batches: self.batch.clone(),
            trials: self.trials,
            top: self.top,
            checkpoints: self.checkpoints,
            target: Target { error: self.target, probability: self.probability },
            cost: self.cost,
            seed,
        };
        notes.extend(study.worlds.iter().flat_map(|world| world.notes().iter().cloned()));
        Ok(Plan { study, inputs, notes })
    }

    /// Refuses options that would change nothing.
    fn check_use(&self, has_synthetic: bool) -> anyhow::Result<()> {
        if self.items.is_some() && !has_synthetic {
            bail!("--items is for --worlds; a table or a log has the items that it has");
        }
        if self.tasks.is_some() && !has_synthetic {
            bail!("--tasks is for --worlds; a table or a log has the tasks that it has");
        }
        match self.reading.first_given() {
            Some(option) if self.log.is_none() => {
                let option = if option == "--scores" { "--log-scores" } else { &option };
                bail!("{option} says how --log is read, and there is none")
            }
            _ => Ok(()),
        }
    }

    fn table_world(&self, path: &Path, inputs: &mut Vec<Input>) -> anyhow::Result<WorldPlan> {
        let reading = read_table(&[path], &TableOptions::default())?;
        inputs.extend(reading.inputs);
        let noise = self.noise.as_deref().unwrap_or(NOISE);
        let noise = match (noise.parse(), noise) {
            (Ok(deviation), _) => Noise::Constant(deviation),
            (_, "residual") => Noise::Residual,
            (_, table) if Path::new(table).exists() => {
                let deviations = read_table(&[table], &TableOptions::default())?;
                inputs.extend(deviations.inputs);
                Noise::Table(deviations.table)
            }
            (_, other) => bail!("--noise {other}: neither a number nor residual, and there is no such file"),
        };
        Ok(WorldPlan::of_table(&label(path), &reading.table, &noise, &*self.truth("kemeny")?)?)
    }

    fn log_world(&self, path: &Path, inputs: &mut Vec<Input>, notes: &mut Vec<Note>) -> anyhow::Result<WorldPlan> {
        let input = InputArgs { logs: vec![path.to_owned()], reading: self.reading.clone() };
        let reading = input.read(ReadOptions { keep: Keep::Counts, ..ReadOptions::default() })?;
        notes.extend(input::notes(&self.reading, &reading));
        inputs.extend(reading.inputs);
        let graph = match reading.comparisons {
            Comparisons::Counts(tally) => PreferenceGraph::from_tally(tally),
            Comparisons::Rows(log) => PreferenceGraph::from_log(&log),
        };
        Ok(WorldPlan::of_log(&label(path), &graph, &*self.truth("bradley-terry")?)?)
    }

    fn truth(&self, usual: &str) -> anyhow::Result<Box<dyn Rater>> {
        let name = self.truth.as_deref().unwrap_or(usual);
        let entry = find_rater(name).context("--truth")?;
        if matches!(entry.needs, Needs::Rows | Needs::Ballots) {
            bail!(
                "--truth {name} reads more than the counts of pairs, which are all that it has here; take another rater"
            );
        }
        Ok(entry.rater(&Settings::default())?)
    }

    /// All that changes a number.
    pub(super) fn settings(&self, study: &BudgetStudy) -> Value {
        let worlds: Vec<&str> = study.worlds.iter().map(WorldPlan::label).collect();
        let top = match self.top {
            Top::Of(top) => json!(top),
            Top::All => json!("all"),
        };
        json!({
            "worlds": worlds,
            "scores": self.scores,
            "noise": self.scores.as_ref().map(|_| self.noise.as_deref().unwrap_or(NOISE)),
            "log": self.log,
            "reading": self.log.as_ref().map(|_| &self.reading),
            "truth": self.truth,
            "items": study.items,
            "tasks": study.tasks,
            "samplers": self.samplers,
            "rankers": self.rankers,
            "budget": self.budget,
            "batch": self.batch,
            "trials": self.trials,
            "top": top,
            "target": self.target,
            "probability": self.probability,
            "cost": self.cost,
            "checkpoints": self.checkpoints,
            "seed": study.seed,
        })
    }
}

/// A file's world is called by its name without extensions.
fn label(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("-");
    name.split('.').next().unwrap_or(name).to_owned()
}
