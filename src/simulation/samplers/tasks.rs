//! Which task a pair meets on, for samplers that choose pairs.

use rand::{Rng, RngExt};

use super::{Counts, TaskRule, largest};
use crate::settings::{Setting, Settings, SettingsError};

/// The setting of samplers that choose pairs.
pub(super) const TASKS: Setting =
    Setting { name: "tasks", default: "uniform", summary: "the task of a pair: uniform, or balanced (met least on)" };

/// The rule that the settings name, or else the one given.
pub(super) fn of(settings: &Settings, usual: &'static str) -> Result<Box<dyn TaskRule>, SettingsError> {
    let choices = if usual == "balanced" {
        [("balanced", true), ("uniform", false)]
    } else {
        [("uniform", false), ("balanced", true)]
    };
    Ok(if settings.choice(TASKS.name, &choices)? { Box::new(Balanced) } else { Box::new(Uniform) })
}

/// Any task, all alike.
#[derive(Debug)]
pub(super) struct Uniform;

impl TaskRule for Uniform {
    fn task(&mut self, counts: &Counts, _pair: usize, rng: &mut dyn Rng) -> usize {
        rng.random_range(0..counts.tasks())
    }
}

/// The task on which the pair has met least, of these the one with the fewest comparisons, then by lot.
#[derive(Debug)]
struct Balanced;

impl TaskRule for Balanced {
    fn task(&mut self, counts: &Counts, pair: usize, rng: &mut dyn Rng) -> usize {
        let all = counts.on_all_tasks() + 1.0;
        let met = |task: usize| f64::from(counts.pair_on(pair, task)) + f64::from(counts.on_task(task)) / (2.0 * all);
        largest((0..counts.tasks()).map(|task| -met(task)), rng).unwrap_or(0)
    }
}
