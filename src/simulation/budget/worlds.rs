//! What is true, and what a comparison shows of it.

mod synthetic;
mod tables;

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

use self::synthetic::{BRADLEY_TERRY, CYCLIC, MALLOWS, PLACKETT_LUCE, Synthetic};
pub use self::tables::Noise;
use self::tables::{LogWorld, TableWorld};
use super::super::samplers::{Choice, Counts};
use super::plans::{BudgetError, parsed, unknown, wrong};
use crate::data::graph::PreferenceGraph;
use crate::data::table::ScoreTable;
use crate::models::Rater;
use crate::models::bradley_terry::logistic;
use crate::random::{Purpose, SimRng, stream};
use crate::settings::{Setting, Settings, SettingsError};
use crate::structure::Note;

/// A registered world.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct WorldEntry {
    /// The name in `--world`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Its settings; the first may be given without its name.
    pub settings: &'static [Setting],
    #[serde(skip)]
    build: fn(&Settings) -> Result<Synthetic, SettingsError>,
}

/// Every synthetic world, in the order in which they are shown.
pub const WORLDS: &[WorldEntry] = &[MALLOWS, PLACKETT_LUCE, BRADLEY_TERRY, CYCLIC];

/// A world that can be drawn.
#[derive(Debug, Clone)]
pub struct WorldPlan {
    label: String,
    source: Source,
    notes: Vec<Note>,
}

#[derive(Debug, Clone)]
enum Source {
    Synthetic(Synthetic),
    Table(TableWorld),
    Log(LogWorld),
}

impl WorldPlan {
    /// From a name with settings, such as `mallows:0.3` or `mallows:dispersion=0.3:noise=2`.
    ///
    /// # Errors
    /// If there is no such world, or it has no such setting.
    pub fn parse(label: &str) -> Result<Self, BudgetError> {
        let name = label.split(':').next().unwrap_or_default();
        let entry = WORLDS.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| unknown("world", name, WORLDS.iter().map(|entry| entry.name)))?;
        let (_, settings) = parsed(label, 0, entry.settings.first())?;
        let build = || {
            settings.check(entry.name, entry.settings)?;
            (entry.build)(&settings)
        };
        let source = Source::Synthetic(build().map_err(|error| wrong(label, error))?);
        Ok(Self { label: label.to_owned(), source, notes: Vec::new() })
    }

    /// A table of scores with normal noise around them. Each benchmark's scores are scaled to run from 0 to 1.
    /// The true order is that of `truth` when each benchmark is a vote, equal scores being ties: Kemeny's order
    /// in the source.
    ///
    /// # Errors
    /// If the table has holes, the noise is no deviation, or `truth` can't be applied.
    pub fn of_table(label: &str, table: &ScoreTable, noise: &Noise, truth: &dyn Rater) -> Result<Self, BudgetError> {
        let mut notes = Vec::new();
        let source = Source::Table(TableWorld::new(label, table, noise, truth, &mut notes)?);
        Ok(Self { label: label.to_owned(), source, notes })
    }

    /// A log whose comparisons are drawn with replacement from those of the same pair, by weight: a pair with one
    /// comparison comes out like it every time. Pairs that are not in it can't be compared; there is one task. The true order is that of `truth` on the whole log.
    ///
    /// # Errors
    /// If the log is empty, or `truth` can't be applied.
    pub fn of_log(label: &str, graph: &PreferenceGraph, truth: &dyn Rater) -> Result<Self, BudgetError> {
        let mut notes = Vec::new();
        let source = Source::Log(LogWorld::new(label, graph, truth, &mut notes)?);
        Ok(Self { label: label.to_owned(), source, notes })
    }

    /// What the reader must know of its truth.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// As it was written.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The items and tasks it has; those given, if it is synthetic.
    pub(super) fn size(&self, items: usize, tasks: usize) -> (usize, usize) {
        match &self.source {
            Source::Synthetic(_) => (items, tasks),
            Source::Table(table) => (table.items(), table.tasks()),
            Source::Log(log) => (log.items(), 1),
        }
    }

    /// The world of a trial. The items are numbered anew, so that no order of theirs tells the truth.
    pub(super) fn draw(&self, items: usize, tasks: usize, seed: u64, trial: u64) -> Drawn {
        let (items, tasks) = self.size(items, tasks);
        let mut rng = stream(seed, Purpose::BudgetWorlds, trial);
        let mut names: Vec<usize> = (0..items).collect();
        names.shuffle(&mut rng);
        let (truth, law) = match &self.source {
            Source::Synthetic(world) => world.draw(&names, tasks, seed, trial, &mut rng),
            Source::Table(world) => world.draw(&names),
            Source::Log(world) => world.draw(&names),
        };
        Drawn { items, truth, law }
    }
}

/// A world whose truth is drawn.
#[derive(Debug, Clone)]
pub(super) struct Drawn {
    items: usize,
    /// The items from the best down.
    pub(super) truth: Vec<usize>,
    law: Law,
}

/// What a comparison shows.
#[derive(Debug, Clone)]
pub(super) enum Law {
    /// Task × item: scores are normal with these means and deviations; the higher one wins.
    Scores { means: Vec<f64>, deviations: Vec<f64> },
    /// Task × item: log-odds of wins are differences of these, and where there are points `[a, b]`, one an
    /// item, plus `aᵢbⱼ − bᵢaⱼ`.
    Odds { strengths: Vec<f64>, points: Vec<[f64; 2]> },
    /// Pair: the low item's chances to win, and those of a tie; NaN where the pair can't be compared.
    Outcomes { chances: Vec<[f64; 2]> },
}

/// What a comparison showed of the low and the high item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// Their scores; their shares, in worlds without scores.
    pub(super) scores: [f64; 2],
    /// The low item's share: 1, 0, or one half.
    pub(super) share: f64,
}

impl Sample {
    fn of_share(share: f64) -> Self {
        Self { scores: [share, 1.0 - share], share }
    }
}

impl Drawn {
    /// Closes the pairs that can't be compared.
    pub(super) fn open(&self, counts: &mut Counts) {
        if let Law::Outcomes { chances } = &self.law {
            for (pair, [win, _]) in chances.iter().enumerate() {
                if win.is_nan() {
                    counts.set_worth(pair, 0.0);
                }
            }
        }
    }

    /// Makes a comparison that was scheduled. Its luck is that of the pair's meeting of this number on the task,
    /// whatever else was compared.
    #[inline]
    pub(super) fn sample(&self, counts: &Counts, choice: Choice, rng: &mut SimRng) -> Sample {
        rng.set_word_pos(meeting(counts, choice));
        let [low, high] = counts.items_of(choice);
        let base = choice.task * self.items;
        match &self.law {
            Law::Scores { means, deviations } => {
                let scores = [base + low, base + high].map(|cell| {
                    let noise: f64 = StandardNormal.sample(rng);
                    means[cell] + deviations[cell] * noise
                });
                Sample { scores, share: share_of(scores) }
            }
            Law::Odds { strengths, points } => {
                let mut ahead = strengths[base + low] - strengths[base + high];
                if !points.is_empty() {
                    let ([a, b], [c, d]) = (points[low], points[high]);
                    ahead += a * d - b * c;
                }
                Sample::of_share(f64::from(u8::from(rng.random::<f64>() < logistic(ahead))))
            }
            Law::Outcomes { chances } => {
                let [win, tie] = chances[choice.pair];
                let luck = rng.random::<f64>();
                let share = if luck < win {
                    1.0
                } else if luck < win + tie {
                    0.5
                } else {
                    0.0
                };
                Sample::of_share(share)
            }
        }
    }
}

/// Where in a trial's stream the luck of the pair's latest meeting on the task stands: each meeting has a block of 16
/// words, and few need more than 4.
fn meeting(counts: &Counts, choice: Choice) -> u128 {
    const WORDS: u128 = 16;
    /// More than a budget has comparisons.
    const MOST_MEETINGS: u128 = 1 << 24;
    let cell = choice.pair * counts.tasks() + choice.task;
    (cell as u128 * MOST_MEETINGS + u128::from(counts.pair_on(choice.pair, choice.task))) * WORDS
}

/// A vote for the higher score; a tie of equal ones.
fn share_of([low, high]: [f64; 2]) -> f64 {
    if low > high {
        1.0
    } else if low < high {
        0.0
    } else {
        0.5
    }
}

#[cfg(test)]
mod tests;
