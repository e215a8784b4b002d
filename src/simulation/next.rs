//! The comparisons to buy next, given a log: a batch by any sampler, and how many more it takes until a
//! question about the board is settled.
//!
//! ```
//! use palio::PreferenceGraph;
//! use palio::simulation::next::{NextBatch, NextSettings};
//! use palio::simulation::{GenerateSettings, Generator};
//!
//! let settings = GenerateSettings { items: 6, comparisons: 200, seed: 1, ..Default::default() };
//! let log = Generator::new(settings)?.log();
//! let batch = NextBatch::choose(&PreferenceGraph::from_log(&log), None, &NextSettings::default())?;
//! assert_eq!(batch.comparisons.len(), 10);
//! assert!(batch.comparisons.iter().all(|it| it.gain > 0.0 && it.probability < 1.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod futures;
mod goal;
mod joins;
mod separation;

use std::collections::BTreeSet;

use rand::RngExt;
use serde::Serialize;

pub use self::futures::Truth;
pub use self::goal::{Goal, GoalError};
use self::joins::joins;
pub use self::separation::{CurvePoint, Needed, Separation, SeparationSettings};
use super::samplers::{Belief, Choice, Chooses, Counts, CountsError, MOST_BELIEVED, SAMPLERS, Sampler, SamplerEntry};
use crate::data::graph::{Pair, PreferenceGraph};
use crate::data::{ItemId, Labels, Log};
use crate::models::bradley_terry::DENSE_LIMIT;
use crate::models::{BradleyTerry, FitError, Fitted, Rater};
use crate::random::{Purpose, SimRng, stream};
use crate::settings::{Settings, SettingsError};
use crate::structure::Note;

/// More items than this are not planned for: what is believed of them is a dense matrix.
pub const MOST_ITEMS: usize = MOST_BELIEVED;

/// The precision of the prior under which gains are expected: ratings are normal with variance 10 in log-odds.
/// It is the default of the samplers that have one.
const PRIOR_PRECISION: f64 = 0.1;

/// How the next comparisons are chosen.
#[derive(Debug, Clone)]
pub struct NextSettings {
    /// How many.
    pub count: usize,
    /// The rule.
    pub sampler: &'static SamplerEntry,
    /// Its settings.
    pub set: Settings,
    /// What a comparison with each item is worth, one an item: more than 1 favours it, 0 retires it, and the worth
    /// of a pair is the product. Empty for 1 each.
    pub worth: Vec<f64>,
    /// The seed of what the sampler draws, and of sides.
    pub seed: u64,
}

impl Default for NextSettings {
    fn default() -> Self {
        let sampler = SamplerEntry::find("d-optimal").unwrap_or(&SAMPLERS[0]);
        Self { count: 10, sampler, set: Settings::default(), worth: Vec::new(), seed: 0 }
    }
}

/// Why there is nothing to buy, or to plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NextError {
    /// Beliefs about so many items don't fit.
    #[error("{items} items are too many to plan for: it works up to {MOST_ITEMS}; leave some out of the log")]
    TooManyItems {
        /// The items of the log.
        items: usize,
    },
    /// Errors in closed form are not computed for so many items.
    #[error("{items} items are too many to simulate boards of: it works up to {limit}; leave some out of the log", limit = DENSE_LIMIT)]
    TooManyItemsToSimulate {
        /// The items of the log.
        items: usize,
    },
    /// A sampler of tasks without tasks.
    #[error("{sampler} chooses tasks, and the log has no column of tasks; name it, or take another sampler")]
    NeedsTasks {
        /// The sampler.
        sampler: &'static str,
    },
    /// No two items are left to compare.
    #[error("no two items are left to compare: {open} of {items} are not retired")]
    NothingOpen {
        /// Items that may be compared.
        open: usize,
        /// All items.
        items: usize,
    },
    /// It was stopped before there was a future.
    #[error("stopped before a wave of futures was simulated, so there is nothing to tell of them")]
    Stopped,
    /// A goal that no comparison can bring nearer.
    #[error(
        "'{goal}' can't be met: groups of items never met, and those that may be compared don't connect them; retire fewer"
    )]
    Unreachable {
        /// The goal.
        goal: String,
    },
    /// A goal that this log can't have.
    #[error(transparent)]
    Goal(#[from] GoalError),
    /// Nothing tells how the items differ.
    #[error("the log has only ties, or one outcome over and over, so there is no fit to simulate from")]
    NoSpread,
    /// Too few or too many cells to count.
    #[error(transparent)]
    Counts(#[from] CountsError),
    /// A setting of the sampler.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The items can't be rated.
    #[error(transparent)]
    Fit(#[from] FitError),
}

/// A comparison to buy, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextComparison {
    /// The item to show on the left: a side drawn by lot.
    pub left: String,
    /// The item to show on the right.
    pub right: String,
    /// The task; `None` where the log has none.
    pub task: Option<String>,
    /// The information that its outcome is expected to give about the difference of the two, in nats, once the
    /// comparisons before it in the batch are made. At most ln 2.
    pub gain: f64,
    /// The share that the left item is expected to take, as of the log: that of its Bradley-Terry fit.
    pub probability: f64,
    /// How often the two met in the log.
    pub met: f64,
    /// How often they did on this task; `None` where the log has no tasks.
    pub met_on_task: Option<u32>,
    /// Whether it joins items that nothing connected before.
    pub joins: bool,
}

/// Comparisons to buy next.
#[derive(Debug, Clone, PartialEq)]
pub struct NextBatch {
    /// In the order in which they were chosen. No pair is there twice; where there are tasks and more comparisons
    /// than open pairs, none on the same task. A sampler that chooses pairs has them meet on tasks that are new to them
    /// while there are some.
    pub comparisons: Vec<NextComparison>,
    /// What the reader must know.
    pub notes: Vec<Note>,
}

impl NextBatch {
    /// Chooses the next comparisons of a log with these pair counts, on the tasks of the log where it is given
    /// with its column of tasks.
    ///
    /// Where comparisons don't connect all items that are not retired, the first of the batch join the groups, each
    /// by the most informative pair; then the sampler chooses among the pairs that are not in the batch yet. What
    /// was chosen counts as under way. O(items³ + count × items²) for most samplers.
    ///
    /// # Errors
    /// If nothing can be compared, the sampler can't be made, or the items are too many.
    pub fn choose(
        graph: &PreferenceGraph,
        tasks: Option<(&Log, &Labels)>,
        settings: &NextSettings,
    ) -> Result<Self, NextError> {
        let sampler = settings.sampler.sampler(&settings.set)?;
        let mut batch = Batch::new(graph, tasks, settings, sampler)?;
        let mut missing = 0;
        for pair in joins(graph, &batch.counts, &batch.belief, &mut batch.rng) {
            if batch.is_full() {
                missing += 1;
            } else {
                batch.join(pair);
            }
        }
        while !batch.is_full() && batch.pick() {}
        Ok(Self { notes: batch.notes(missing), comparisons: batch.chosen })
    }
}

/// The worth of a pair.
fn worth(settings: &NextSettings, [low, high]: [usize; 2]) -> f64 {
    let of = |item: usize| settings.worth.get(item).copied().unwrap_or(1.0);
    of(low) * of(high)
}

/// Gives each pair of the counts its worth.
///
/// # Errors
/// If all pairs are closed.
fn set_worths(counts: &mut Counts, settings: &NextSettings) -> Result<(), NextError> {
    for pair in 0..counts.pairs() {
        counts.set_worth(pair, worth(settings, counts.ends(pair)));
    }
    if (0..counts.pairs()).all(|pair| counts.worth(pair) <= 0.0) {
        let items = counts.items();
        let open = (0..items).filter(|&item| settings.worth.get(item).is_none_or(|worth| *worth > 0.0)).count();
        return Err(NextError::NothingOpen { open, items });
    }
    Ok(())
}

/// What is believed of the items of these counts, under a prior wide enough for any log.
fn belief(counts: &Counts) -> Belief {
    let mut belief = Belief::prior(counts.items(), PRIOR_PRECISION);
    belief.refit(counts);
    belief
}

/// A batch that is being chosen.
struct Batch<'a> {
    graph: &'a PreferenceGraph,
    settings: &'a NextSettings,
    sampler: Sampler,
    counts: Counts,
    belief: Belief,
    fitted: Box<dyn Fitted>,
    /// The names of the tasks, where the log has them.
    tasks: Option<Vec<&'a str>>,
    /// Why there are no tasks though the log has some.
    left_out: Option<CountsError>,
    taken: BTreeSet<(usize, usize)>,
    rng: SimRng,
    sides: SimRng,
    chosen: Vec<NextComparison>,
}

impl<'a> Batch<'a> {
    fn new(
        graph: &'a PreferenceGraph,
        tasks: Option<(&Log, &'a Labels)>,
        settings: &'a NextSettings,
        sampler: Sampler,
    ) -> Result<Self, NextError> {
        let items = graph.items().len();
        if items > MOST_ITEMS {
            return Err(NextError::TooManyItems { items });
        }
        let Counted { counts, tasks, left_out } = Counted::of(graph, tasks)?;
        if settings.sampler.chooses == Chooses::Tasks && tasks.is_none() {
            return Err(left_out.map_or(NextError::NeedsTasks { sampler: settings.sampler.name }, NextError::Counts));
        }
        let mut batch = Self {
            belief: belief(&counts),
            fitted: BradleyTerry::default().fit(graph.into(), None)?,
            graph,
            settings,
            sampler,
            counts,
            tasks,
            left_out,
            taken: BTreeSet::new(),
            rng: stream(settings.seed, Purpose::NextBatch, 0),
            sides: stream(settings.seed, Purpose::NextBatch, 1),
            chosen: Vec::with_capacity(settings.count.min(1 << 20)),
        };
        set_worths(&mut batch.counts, settings)?;
        Ok(batch)
    }

    fn is_full(&self) -> bool {
        self.chosen.len() >= self.settings.count
    }

    /// Takes a pair that joins two groups, on the task that was used least.
    fn join(&mut self, pair: usize) {
        let task = self.spare_task(pair).unwrap_or(0);
        self.take(Choice { pair, task }, true);
    }

    /// Takes what the sampler picks; `false` where nothing is left.
    fn pick(&mut self) -> bool {
        let mut choice = self.sampler.pick(&self.counts, &mut self.rng);
        if choice.is_none() && self.reopen() {
            choice = self.sampler.pick(&self.counts, &mut self.rng);
        }
        let Some(mut choice) = choice else { return false };
        let is_taken = self.taken.contains(&(choice.pair, choice.task));
        if is_taken || self.is_old(choice) {
            match self.spare_task(choice.pair) {
                Some(task) => choice.task = task,
                None if is_taken => return false,
                None => {}
            }
        }
        self.take(choice, false);
        true
    }

    /// Whether the log has the pair on this task already, and the task was not chosen with care.
    fn is_old(&self, choice: Choice) -> bool {
        let cares = self.settings.sampler.chooses == Chooses::Tasks;
        self.tasks.is_some() && !cares && self.counts.pair_on(choice.pair, choice.task) > 0
    }

    /// Of the tasks that the batch does not have this pair on the one on which the pair met least, and of these
    /// the one with the fewest comparisons.
    fn spare_task(&self, pair: usize) -> Option<usize> {
        let spare = (0..self.counts.tasks()).filter(|&task| !self.taken.contains(&(pair, task)));
        spare.min_by_key(|&task| (self.counts.pair_on(pair, task), self.counts.on_task(task)))
    }

    /// Once all open pairs are in the batch, those that are not there on all tasks are open again.
    fn reopen(&mut self) -> bool {
        let mut is_open = false;
        for pair in 0..self.counts.pairs() {
            let used = self.taken.range((pair, 0)..(pair + 1, 0)).count();
            if used < self.counts.tasks() {
                let worth = worth(self.settings, self.counts.ends(pair));
                self.counts.set_worth(pair, worth);
                is_open |= worth > 0.0;
            }
        }
        is_open
    }

    fn take(&mut self, choice: Choice, joins: bool) {
        let [low, high] = self.counts.items_of(choice);
        let gain = self.belief.gain(low, high);
        let (low_id, high_id) = (ItemId(low as u32), ItemId(high as u32));
        let (left, right) = if self.sides.random::<bool>() { (low_id, high_id) } else { (high_id, low_id) };
        let name = |item: ItemId| self.graph.items().name(item).to_owned();
        self.chosen.push(NextComparison {
            left: name(left),
            right: name(right),
            task: self.tasks.as_ref().map(|names| names[choice.task].to_owned()),
            gain,
            probability: self.fitted.probability(left, right).unwrap_or(0.5),
            met: self.met(low_id, high_id),
            met_on_task: self.tasks.as_ref().map(|_| self.counts.pair_on(choice.pair, choice.task)),
            joins,
        });
        self.belief.schedule(low, high);
        self.counts.schedule(choice);
        self.counts.set_worth(choice.pair, 0.0);
        self.taken.insert((choice.pair, choice.task));
    }

    /// Comparisons of two items in the log.
    fn met(&self, low: ItemId, high: ItemId) -> f64 {
        let Ok(pair) = self.graph.pairs().binary_search(&Pair { low, high }) else { return 0.0 };
        let cells = self.graph.cells().iter().zip(self.graph.sums());
        let start = self.graph.cells().partition_point(|cell| (cell.pair as usize) < pair);
        cells.skip(start).take_while(|(cell, _)| cell.pair as usize == pair).map(|(_, sum)| sum.count).sum()
    }

    fn notes(&self, missing: usize) -> Vec<Note> {
        let mut notes = Vec::new();
        if let Some(error) = &self.left_out {
            notes.push(Note::new("tasks-left-out", format!("no task is named: {error}")));
        }
        if missing > 0 {
            let message = format!(
                "to connect all items takes {missing} more than these; until then ratings can't be compared across groups"
            );
            notes.push(Note::new("still-disconnected", message));
        }
        if !self.is_full() {
            let message = format!(
                "of the {} comparisons asked for there are {} without taking one twice",
                self.settings.count,
                self.chosen.len()
            );
            notes.push(Note::new("batch-short", message));
        }
        notes
    }
}

/// Counts, and the names of their tasks where the log has some.
struct Counted<'a> {
    counts: Counts,
    tasks: Option<Vec<&'a str>>,
    /// Why there are no tasks though the log has some.
    left_out: Option<CountsError>,
}

impl<'a> Counted<'a> {
    fn of(graph: &PreferenceGraph, tasks: Option<(&Log, &'a Labels)>) -> Result<Self, NextError> {
        let named = |labels: &'a Labels| labels.names.iter().filter(|name| !name.is_empty());
        let Some((log, labels)) = tasks.filter(|(_, labels)| named(labels).next().is_some()) else {
            return Ok(Self { counts: Counts::of_graph(graph)?, tasks: None, left_out: None });
        };
        match Counts::of_log(log, labels) {
            Ok(counts) => Ok(Self { counts, tasks: Some(named(labels).collect()), left_out: None }),
            Err(error @ CountsError::Size { .. }) => {
                Ok(Self { counts: Counts::of_graph(graph)?, tasks: None, left_out: Some(error) })
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
