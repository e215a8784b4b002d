//! Samplers: which comparison to buy next. They see counts of pairs and tasks, and never rows.
//!
//! A [`Sampler`] is a rule that chooses a pair and one that chooses the task it meets on. [`SAMPLERS`]
//! names the usual ones; the task rule of one that chooses pairs, and the pair rule of one that chooses
//! tasks, is a setting. What is under way counts as scheduled, so that a batch whose results come together
//! is not the same pair over and over.
//!
//! ```
//! use palio::settings::Settings;
//! use palio::simulation::samplers::{Counts, SamplerEntry};
//! use rand::SeedableRng;
//!
//! let mut counts = Counts::new(4, 10)?;
//! let entry = SamplerEntry::find("d-optimal").expect("a sampler");
//! let mut sampler = entry.sampler(&Settings::default())?;
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! for _ in 0..6 {
//!     let choice = sampler.pick(&counts, &mut rng).expect("an open pair");
//!     counts.schedule(choice);
//!     // … ask for the comparison …
//!     let low_items_share = 1.0;
//!     counts.record(choice, low_items_share);
//!     sampler.told(&counts, choice, low_items_share);
//! }
//! assert_eq!(counts.total(), 6.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bandits;
mod belief;
mod counts;
mod designs;
mod even;
mod gain;
mod nash;
mod representation;
mod tasks;
mod tree;

use std::fmt::Debug;

use rand::{Rng, RngExt};
use serde::Serialize;

pub use self::belief::Belief;
pub use self::counts::{Choice, Counts, CountsError};
pub use self::gain::information_gain;
use crate::settings::{Setting, Settings, SettingsError};

/// A rule that chooses the pair of the next comparison.
pub trait PairRule: Debug + Send {
    /// The next pair, an index as of [`Counts::ends`]; `None` where no pair is open. It is taken as
    /// scheduled.
    fn pair(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<usize>;

    /// Hears that the low item of `pair` took `share`, which the counts include.
    fn told(&mut self, _counts: &Counts, _pair: usize, _share: f64) {}
}

/// A rule that chooses the task on which a pair meets.
pub trait TaskRule: Debug + Send {
    /// The task of the next comparison, given its pair. It is taken as scheduled.
    fn task(&mut self, counts: &Counts, pair: usize, rng: &mut dyn Rng) -> usize;

    /// Hears the share of the low item, which the counts include.
    fn told(&mut self, _counts: &Counts, _choice: Choice, _share: f64) {}
}

/// What chooses the next comparison: a rule for the pair and one for its task.
#[derive(Debug)]
pub struct Sampler {
    pairs: Box<dyn PairRule>,
    tasks: Box<dyn TaskRule>,
}

impl Sampler {
    /// Of two rules.
    pub fn new(pairs: Box<dyn PairRule>, tasks: Box<dyn TaskRule>) -> Self {
        Self { pairs, tasks }
    }

    /// The next comparison, which the caller adds to the counts with [`Counts::schedule`]; `None` where
    /// no pair is open. Nothing is allocated but what a rule keeps from one pick to the next.
    pub fn pick(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<Choice> {
        let pair = self.pairs.pair(counts, rng)?;
        Some(Choice { pair, task: self.tasks.task(counts, pair, rng) })
    }

    /// Tells the share that the low item took, after [`Counts::record`].
    pub fn told(&mut self, counts: &Counts, choice: Choice, share: f64) {
        self.pairs.told(counts, choice.pair, share);
        self.tasks.told(counts, choice, share);
    }
}

/// What a sampler is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chooses {
    /// Nothing by design.
    Nothing,
    /// The pair.
    Pairs,
    /// The task.
    Tasks,
}

/// A registered sampler.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SamplerEntry {
    /// The name in `--samplers` and `--sampler`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// What it chooses with care; the rest is left to the setting `tasks` or `pairs`.
    pub chooses: Chooses,
    /// Its settings.
    pub settings: &'static [Setting],
    /// Whether it holds what it believes of the items as a dense matrix, and inverts it: up to [`MOST_BELIEVED`] items.
    #[serde(skip)]
    pub holds_belief: bool,
    #[serde(skip)]
    build: fn(&Settings) -> Result<Sampler, SettingsError>,
}

/// More items than this are not believed anything of: it would be a dense matrix, inverted over and over.
pub const MOST_BELIEVED: usize = 1_500;

/// Every sampler, in the order in which they are shown.
pub const SAMPLERS: &[SamplerEntry] = &[
    even::UNIFORM,
    even::ROUND_ROBIN,
    even::LEAST_PLAYED,
    bandits::UCB,
    bandits::DOUBLE_THOMPSON,
    designs::D_OPTIMAL,
    designs::VARIANCE_PROPORTIONAL,
    tree::ENTRY,
    representation::ENTRY,
    nash::ENTRY,
];

impl SamplerEntry {
    /// The sampler of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        SAMPLERS.iter().find(|entry| entry.name == name)
    }

    /// The sampler with these settings. Those that rest on a Bradley-Terry fit make their own from the counts.
    ///
    /// # Errors
    /// If a setting is not one of this sampler's, or its value is not one it takes.
    pub fn sampler(&self, settings: &Settings) -> Result<Sampler, SettingsError> {
        settings.check(self.name, self.settings)?;
        (self.build)(settings)
    }
}

/// An index of the largest value, equal ones by lot; `None` where all are NaN or there is none. NaN is no
/// candidate.
fn largest(values: impl Iterator<Item = f64>, rng: &mut dyn Rng) -> Option<usize> {
    let (mut best, mut found, mut equals) = (f64::NEG_INFINITY, None, 0_u32);
    for (index, value) in values.enumerate() {
        if value > best || (found.is_none() && value >= best) {
            (best, found, equals) = (value, Some(index), 1);
        } else if value >= best {
            equals += 1;
            if rng.random_range(0..equals) == 0 {
                found = Some(index);
            }
        }
    }
    found
}

/// An index drawn in proportion to weights of 0 or more; `None` where they are all 0.
fn in_proportion(weights: impl Iterator<Item = f64> + Clone, rng: &mut dyn Rng) -> Option<usize> {
    let all: f64 = weights.clone().sum();
    let mut left = rng.random::<f64>() * all;
    let mut last = None;
    for (index, weight) in weights.enumerate().filter(|&(_, weight)| weight > 0.0) {
        last = Some(index);
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests;
