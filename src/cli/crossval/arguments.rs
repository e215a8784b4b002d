//! The arguments of `palio crossval`, and what they mean.

use anyhow::{Context, bail};
use clap::ValueEnum;
use palio::data::read::Role;
use palio::models::{Rater, RaterEntry, Settings};
use palio::validation::Candidate;
use serde_json::{Map, Value};

use crate::cli::input::InputArgs;
use crate::cli::rating::{find_rater, resolved};

/// Compare raters by what they say of comparisons that they have not seen
///
/// Each fold of the comparisons is predicted by a fit to all others, and the predictions are scored by one rule
/// for all raters: the log loss of the winner's probability, in nats (a coin's throw: 0.6931). Standard errors are
/// over folds; those of differences are paired, so that a fold that is hard for all raters cancels. The best is
/// the first listed within one standard error of the lowest loss: list the simpler rater first.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CrossvalArgs {
    /// Raters with their settings, such as elo:k=8:orders=10, the simpler ones first
    #[arg(long, value_name = "NAME[:KEY=VALUE]…,…", default_value = "bradley-terry,elo")]
    pub(super) methods: String,

    /// The number of folds; as many as comparisons leave one out at a time
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(super) folds: usize,

    /// What is held out together: comparison (each by itself; of ballots each ballot), judge, task, another
    /// column, or time (each stretch is predicted from all that came before)
    #[arg(long, value_name = "WHAT", default_value = "comparison")]
    pub(super) fold_by: String,

    /// How often folds are drawn anew; scores are the mean, which depends less on the draw
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) repeats: u32,

    /// How ties that are held out are scored
    #[arg(long, value_name = "RULE", default_value = "decisive")]
    pub(super) tie_score: TieScoreArg,

    #[command(flatten)]
    pub(super) input: InputArgs,
}

const EXAMPLES: &str = "Examples:
  palio crossval arena.csv --methods bradley-terry,bradley-terry:ties=davidson,elo:k=8
  palio crossval arena.csv --fold-by judge
  palio crossval arena.csv --methods bradley-terry:ties=davidson --tie-score three-way";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TieScoreArg {
    /// Not at all. Who tells ties apart is asked who wins if somebody does; who counts them as half is
    /// asked for the share, which is nearer one half
    Decisive,
    /// As half a win for both: no prediction costs less than ln 2 there
    Half,
    /// As an outcome of their own, for raters that tell ties apart
    ThreeWay,
}

/// What is held out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FoldBy {
    Comparison,
    Role(Role),
    Column(String),
    Time,
}

impl FoldBy {
    pub(super) fn of(text: &str) -> Self {
        match text {
            "comparison" => Self::Comparison,
            "judge" => Self::Role(Role::Judge),
            "task" => Self::Role(Role::Task),
            "time" => Self::Time,
            column => Self::Column(column.to_owned()),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Comparison => "comparison",
            Self::Role(role) => role.name(),
            Self::Column(column) => column,
            Self::Time => "time",
        }
    }
}

/// A rater as it was asked for.
pub(super) struct Method {
    /// As it was written.
    pub(super) label: String,
    pub(super) entry: &'static RaterEntry,
    settings: Settings,
    rater: Box<dyn Rater>,
}

impl Method {
    pub(super) fn candidate(&self) -> Candidate<'_> {
        Candidate { name: &self.label, rater: &*self.rater, needs: self.entry.needs }
    }

    pub(super) fn settings(&self) -> Map<String, Value> {
        resolved(self.entry, &self.settings)
    }
}

/// The raters of a list such as `bradley-terry,elo:k=8`.
pub(super) fn methods(list: &str, seed: u64) -> anyhow::Result<Vec<Method>> {
    let mut found: Vec<Method> = Vec::new();
    for label in list.split(',').map(str::trim) {
        if label.is_empty() {
            bail!("--methods {list}: a method is missing between the commas");
        }
        if found.iter().any(|method| method.label == label) {
            bail!("--methods {list}: {label} is there twice; give each one once");
        }
        let mut parts = label.split(':');
        let entry = find_rater(parts.next().unwrap_or_default())?;
        let mut settings = Settings::parse(parts).with_context(|| format!("--methods {label}"))?;
        settings.seed = seed;
        let rater = entry.rater(&settings).with_context(|| format!("--methods {label}"))?;
        found.push(Method { label: label.to_owned(), entry, settings, rater });
    }
    Ok(found)
}
