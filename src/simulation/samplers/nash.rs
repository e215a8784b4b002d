//! Tasks as an opponent of the items chooses them.

use rand::{Rng, RngExt};

use super::even::{PAIRS, pairs_of};
use super::{Chooses, Counts, Sampler, SamplerEntry, TaskRule, in_proportion};
use crate::models::games::AgentsAgainstTasks;
use crate::settings::Setting;

pub(super) const ENTRY: SamplerEntry = SamplerEntry {
    name: "nash",
    summary: "tasks as nature draws them in the game of items against tasks, on the shares so far",
    chooses: Chooses::Tasks,
    settings: &[
        PAIRS,
        Setting { name: "explore", default: "0.1", summary: "the share of comparisons on any task, all alike" },
        Setting { name: "growth", default: "1.5", summary: "the game is solved again when comparisons grew by this" },
    ],
    holds_belief: false,
    build: |settings| {
        let rule = Nash {
            explore: settings.number("explore", 0.1, "a number from 0 to 1", |x: f64| (0.0..=1.0).contains(&x))?,
            growth: settings.number("growth", 1.5, "a number above 1", |x: f64| x.is_finite() && x > 1.0)?,
            solve_at: 0.0,
            nature: Vec::new(),
        };
        Ok(Sampler::new(pairs_of(settings)?, Box::new(rule)))
    },
};

/// Nature's part of the equilibrium of highest entropy between items, which choose who plays, and nature,
/// which chooses the task; scores are shares on the task so far. Solved first when there are as many results as
/// tasks, and then each time that the comparisons have grown by a factor.
///
/// # Source
/// Balduzzi et al. 2018, section 4, as a chooser of tasks: Lanctot et al. 2026, arXiv 2601.07651.
#[derive(Debug)]
struct Nash {
    explore: f64,
    growth: f64,
    solve_at: f64,
    nature: Vec<f64>,
}

impl TaskRule for Nash {
    fn task(&mut self, counts: &Counts, _pair: usize, rng: &mut dyn Rng) -> usize {
        if self.solve_at <= 0.0 {
            self.solve_at = counts.tasks() as f64;
        }
        if counts.total() >= self.solve_at {
            self.solve_at = counts.total() * self.growth;
            self.nature = nature(counts);
        }
        let drawn = (rng.random::<f64>() >= self.explore).then(|| in_proportion(self.nature.iter().copied(), rng));
        drawn.flatten().unwrap_or_else(|| rng.random_range(0..counts.tasks()))
    }
}

/// How nature draws tasks; empty where no game tells.
fn nature(counts: &Counts) -> Vec<f64> {
    // One half where nothing is known, and two results of weight one half to begin with.
    let share = |item: usize, task: usize| (counts.points_on(task)[item] + 0.5) / (counts.played_on(task)[item] + 1.0);
    let scores: Vec<Vec<f64>> =
        (0..counts.items()).map(|item| (0..counts.tasks()).map(|task| share(item, task)).collect()).collect();
    AgentsAgainstTasks::of(&scores).map_or_else(|_| Vec::new(), |game| game.tasks)
}
