//! Worlds by a law: task orders around a true one, and ladders with and without cycles.

use rand_distr::{Distribution, StandardNormal};

use super::{Law, WorldEntry};
use crate::random::SimRng;
use crate::settings::{Setting, Settings, SettingsError};
use crate::simulation::orders::{Mallows, PlackettLuceOrders};

const NOISE: Setting = Setting {
    name: "noise",
    default: "1",
    summary: "standard deviation of a score, where an item's mean on a task is 1 above that of the next",
};
const SPREAD: Setting =
    Setting { name: "spread", default: "1", summary: "standard deviation of the strengths, in log-odds" };
const TASK_EFFECT: Setting = Setting {
    name: "task_effect",
    default: "0.5",
    summary: "standard deviation of each task's effect on each item, in log-odds",
};

pub(super) const MALLOWS: WorldEntry = WorldEntry {
    name: "mallows",
    summary: "each task has an order of its own, with probability φ^d at Kendall's distance d from the true one",
    settings: &[Setting { name: "dispersion", default: "0.3", summary: "φ: 0 for one order, 1 for any" }, NOISE],
    build: |settings| {
        let share = |x: f64| (0.0..=1.0).contains(&x);
        let dispersion = settings.number("dispersion", 0.3, "a number from 0 to 1", share)?;
        Ok(Synthetic::Mallows { dispersion, noise: amount(settings, &NOISE, 1.0)? })
    },
};

pub(super) const PLACKETT_LUCE: WorldEntry = WorldEntry {
    name: "plackett-luce",
    summary: "each task's order is that of the true places with Gumbel noise of its own",
    settings: &[
        Setting {
            name: "dispersion",
            default: "1",
            summary: "the scale of the Gumbel noise, in places; 0 for one order",
        },
        NOISE,
    ],
    build: |settings| {
        let dispersion = amount(settings, &PLACKETT_LUCE.settings[0], 1.0)?;
        Ok(Synthetic::PlackettLuce { dispersion, noise: amount(settings, &NOISE, 1.0)? })
    },
};

pub(super) const BRADLEY_TERRY: WorldEntry = WorldEntry {
    name: "bradley-terry",
    summary: "wins with the log-odds of normal strengths, to which each task adds effects of its own",
    settings: &[SPREAD, TASK_EFFECT],
    build: |settings| {
        let (spread, task_effect) = (amount(settings, &SPREAD, 1.0)?, amount(settings, &TASK_EFFECT, 0.5)?);
        Ok(Synthetic::Odds { spread, task_effect, cycle: 0.0 })
    },
};

const CYCLE: Setting =
    Setting { name: "cycle", default: "1", summary: "size of the cyclic part; at 1 as large as that of spread 1" };

pub(super) const CYCLIC: WorldEntry = WorldEntry {
    name: "cyclic",
    summary: "as bradley-terry with rock-paper-scissors; the true order is that of the mean log-odds against all",
    settings: &[CYCLE, SPREAD, TASK_EFFECT],
    build: |settings| {
        let (spread, task_effect) = (amount(settings, &SPREAD, 1.0)?, amount(settings, &TASK_EFFECT, 0.5)?);
        Ok(Synthetic::Odds { spread, task_effect, cycle: amount(settings, &CYCLE, 1.0)? })
    },
};

fn amount(settings: &Settings, setting: &Setting, default: f64) -> Result<f64, SettingsError> {
    settings.number(setting.name, default, "a number of 0 or more", |x: f64| x.is_finite() && x >= 0.0)
}

/// A world by a law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Synthetic {
    /// Source: Mallows 1957; that scores are normal around the places of a task's order is our choice.
    Mallows { dispersion: f64, noise: f64 },
    /// Source: Plackett 1975; Luce 1959.
    PlackettLuce { dispersion: f64, noise: f64 },
    /// Source: Bradley and Terry 1952; the cyclic part as in [`World::Cyclic`](crate::simulation::World).
    Odds { spread: f64, task_effect: f64, cycle: f64 },
}

impl Synthetic {
    /// The true order and the law of items with these names, the first of which is the best one in worlds of
    /// orders.
    pub(super) fn draw(
        self,
        names: &[usize],
        tasks: usize,
        seed: u64,
        trial: u64,
        rng: &mut SimRng,
    ) -> (Vec<usize>, Law) {
        let items = names.len();
        let order_number = |task: usize| trial * tasks as u64 + task as u64;
        match self {
            Self::Mallows { dispersion, noise } => {
                let law = Mallows { items, dispersion };
                (names.to_vec(), scores_of_orders(names, tasks, noise, |task| law.draw(seed, order_number(task))))
            }
            Self::PlackettLuce { dispersion, noise } => {
                let worths = (0..items).map(|place| (-(place as f64) / dispersion).exp()).collect();
                let law = PlackettLuceOrders { worths };
                let order = |task| {
                    if dispersion > 0.0 { law.draw(seed, order_number(task)) } else { (0..items).collect() }
                };
                (names.to_vec(), scores_of_orders(names, tasks, noise, order))
            }
            Self::Odds { spread, task_effect, cycle } => {
                let means = centred_normals(items, spread, rng);
                let mut truth: Vec<usize> = (0..items).collect();
                truth.sort_by(|&a, &b| means[b].total_cmp(&means[a]));
                let points = if cycle > 0.0 {
                    let (a, b) = (centred_normals(items, 1.0, rng), centred_normals(items, cycle, rng));
                    a.into_iter().zip(b).map(|(a, b)| [a, b]).collect()
                } else {
                    Vec::new()
                };
                let mut strengths = Vec::with_capacity(items * tasks);
                for _ in 0..tasks {
                    strengths.extend(means.iter().map(|mean| {
                        let effect: f64 = StandardNormal.sample(rng);
                        mean + task_effect * effect
                    }));
                }
                (truth, Law::Odds { strengths, points })
            }
        }
    }
}

/// Scores by the places of each task's order: 1 more a place.
fn scores_of_orders(names: &[usize], tasks: usize, noise: f64, mut order: impl FnMut(usize) -> Vec<usize>) -> Law {
    let items = names.len();
    let mut means = vec![0.0; items * tasks];
    for task in 0..tasks {
        for (place, true_place) in order(task).into_iter().enumerate() {
            means[task * items + names[true_place]] = (items - 1 - place) as f64;
        }
    }
    Law::Scores { means, deviations: vec![noise; items * tasks] }
}

/// Normal draws less their mean.
fn centred_normals(count: usize, deviation: f64, rng: &mut SimRng) -> Vec<f64> {
    let draws: Vec<f64> = (0..count).map(|_| StandardNormal.sample(rng)).collect();
    let mean = draws.iter().sum::<f64>() / count as f64;
    draws.into_iter().map(|draw| deviation * (draw - mean)).collect()
}
