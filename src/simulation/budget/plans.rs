//! Worlds, samplers and rankers as they are written, such as `mallows:0.3` and `elo:k=8`.

use super::super::samplers::{CountsError, MOST_BELIEVED, SAMPLERS, Sampler, SamplerEntry};
use crate::models::FitError;
use crate::settings::{Setting, Settings, SettingsError};

/// What can't be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// A list is empty.
    #[error("there is no {what} to simulate; name one or more")]
    Nothing {
        /// A list of what it is.
        what: &'static str,
    },
    /// No budget.
    #[error("a budget of 0 comparisons buys none; give 1 or more")]
    Comparisons,
    /// More than can be played.
    #[error("a budget of {comparisons} comparisons takes too long to play; give {most} or less")]
    TooManyComparisons {
        /// The budget.
        comparisons: u64,
        /// The most there may be.
        most: u64,
    },
    /// Too few trials.
    #[error("from {trials} trials no standard error can be told; give 2 or more")]
    Trials {
        /// How many were asked for.
        trials: u64,
    },
    /// Batches of nothing.
    #[error("a batch has 1 comparison or more")]
    Batch,
    /// A curve without a point.
    #[error("a curve has 1 checkpoint or more")]
    Checkpoints,
    /// A target that is no share.
    #[error(
        "a target of {error} with probability {probability}: give an error from 0 to 1, and a probability above 0 and up to 1"
    )]
    Target {
        /// The error.
        error: f64,
        /// The probability.
        probability: f64,
    },
    /// A cost that is none.
    #[error("a comparison can't cost {cost}; give a number of 0 or more")]
    Cost {
        /// The cost.
        cost: f64,
    },
    /// It was stopped before there was a result.
    #[error("stopped before two trials of every method were made, so there is nothing to tell")]
    Stopped,
    /// Beliefs about so many items don't fit.
    #[error(
        "{sampler} holds what it believes of {items} items as a matrix, and works up to {MOST_BELIEVED} of them; take \
         another sampler, such as uniform or least-played"
    )]
    TooManyItems {
        /// The sampler.
        sampler: String,
        /// How many items there would be.
        items: usize,
    },
    /// Nothing to rank.
    #[error("a comparison needs two items, and there would be {items}; give 2 or more")]
    Items {
        /// How many there would be.
        items: usize,
    },
    /// Nothing to compare on.
    #[error("a comparison needs a task, and there would be none; give 1 or more")]
    Tasks,
    /// A k that is out of range.
    #[error("there is no top {top} among the {items} items of {world}; give a number from 1 to {items}")]
    Top {
        /// The k.
        top: usize,
        /// How many items there are.
        items: usize,
        /// The world.
        world: String,
    },
    /// One that is not registered.
    #[error("there is no {what} '{name}'; there are: {known}")]
    Unknown {
        /// A list of what it is.
        what: &'static str,
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// The same twice.
    #[error("the {what} {label} is there twice; give each one once")]
    Twice {
        /// A list of what it is.
        what: &'static str,
        /// Its label.
        label: String,
    },
    /// A setting that can't be used.
    #[error("{label}: {error}")]
    Setting {
        /// As it was written.
        label: String,
        /// What is wrong.
        error: SettingsError,
    },
    /// A ranker that can't be applied.
    #[error("{label}: {error}")]
    Fit {
        /// The ranker as it was written.
        label: String,
        /// What is wrong.
        error: FitError,
    },
    /// More pairs and tasks than are counted.
    #[error(transparent)]
    Counts(#[from] CountsError),
    /// A table with holes.
    #[error(
        "the table {label} has {holes} holes, and any model may be compared on any benchmark; its largest part without a \
         hole has {models} models and {benchmarks} benchmarks: cut it to those, or complete it"
    )]
    Holes {
        /// The world.
        label: String,
        /// How many.
        holes: usize,
        /// Models without a hole.
        models: usize,
        /// Benchmarks without a hole.
        benchmarks: usize,
    },
    /// Deviations that don't go with the scores.
    #[error(
        "the deviations for {label} say nothing of '{model}' on '{benchmark}'; give a number of 0 or more for each model and \
         benchmark of the table"
    )]
    Deviation {
        /// The world.
        label: String,
        /// The model.
        model: String,
        /// The benchmark.
        benchmark: String,
    },
    /// A noise that is none.
    #[error(
        "the noise is {noise}; give a standard deviation of 0 or more, in units of the range of a benchmark's scores"
    )]
    Noise {
        /// The noise.
        noise: f64,
    },
    /// Too small a table to estimate noise from.
    #[error("from {models} models on {benchmarks} benchmarks no noise can be estimated; give it as a number")]
    NoEstimate {
        /// How many models.
        models: usize,
        /// How many benchmarks.
        benchmarks: usize,
    },
    /// A log without comparisons.
    #[error("the log {label} has no comparisons to draw from")]
    EmptyLog {
        /// The world.
        label: String,
    },
}

/// Something as it was written: its name, and settings. A first part that is not of the form `key=value`
/// sets `first`.
pub(super) fn parsed(label: &str, seed: u64, first: Option<&Setting>) -> Result<(String, Settings), BudgetError> {
    let mut parts = label.split(':').peekable();
    let name = parts.next().unwrap_or_default().to_owned();
    let positional = match (first, parts.peek()) {
        (Some(setting), Some(value)) if !value.contains('=') => {
            let value = (*value).to_owned();
            parts.next();
            Some((setting.name, value))
        }
        _ => None,
    };
    let mut settings = Settings::parse(parts).map_err(|error| wrong(label, error))?;
    if let Some((name, value)) = positional {
        settings.set(name, value.trim());
    }
    settings.seed = seed;
    Ok((name, settings))
}

/// A setting of something that can't be used.
pub(super) fn wrong(label: &str, error: SettingsError) -> BudgetError {
    BudgetError::Setting { label: label.to_owned(), error }
}

/// One that is not registered.
pub(super) fn unknown<'a>(what: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> BudgetError {
    BudgetError::Unknown { what, name: name.to_owned(), known: known.collect::<Vec<_>>().join(", ") }
}

/// A sampler with its settings.
#[derive(Debug, Clone)]
pub struct SamplerPlan {
    label: String,
    entry: &'static SamplerEntry,
    settings: Settings,
}

impl SamplerPlan {
    /// From a name with settings, such as `ucb:exploration=1`.
    ///
    /// # Errors
    /// If there is no such sampler, or it has no such setting.
    pub fn parse(label: &str) -> Result<Self, BudgetError> {
        let (name, settings) = parsed(label, 0, None)?;
        let entry = SamplerEntry::find(&name)
            .ok_or_else(|| unknown("sampler", &name, SAMPLERS.iter().map(|entry| entry.name)))?;
        let plan = Self { label: label.to_owned(), entry, settings };
        plan.sampler().map(|_| plan)
    }

    /// As it was written.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether it works for some number of items only.
    pub(super) fn holds_belief(&self) -> bool {
        self.entry.holds_belief
    }

    /// A new one, which has seen nothing.
    pub(super) fn sampler(&self) -> Result<Sampler, BudgetError> {
        self.entry.sampler(&self.settings).map_err(|error| wrong(&self.label, error))
    }
}
