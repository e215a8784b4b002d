//! Samplers that don't look at results: uniform, round robin, least played.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::tasks::{self, TASKS};
use super::{Chooses, Counts, PairRule, Sampler, SamplerEntry, in_proportion, largest};
use crate::settings::{Setting, Settings, SettingsError};

pub(super) const UNIFORM: SamplerEntry = SamplerEntry {
    name: "uniform",
    summary: "any pair on any task, all alike",
    chooses: Chooses::Nothing,
    settings: &[TASKS],
    holds_belief: false,
    build: |settings| Ok(Sampler::new(Box::new(Uniform), tasks::of(settings, "uniform")?)),
};

const BALANCED_TASKS: Setting = Setting { default: "balanced", ..TASKS };

pub(super) const ROUND_ROBIN: SamplerEntry = SamplerEntry {
    name: "round-robin",
    summary: "every pair in turn by the circle method, each time on the task it has met on least",
    chooses: Chooses::Pairs,
    settings: &[BALANCED_TASKS],
    holds_belief: false,
    build: |settings| Ok(Sampler::new(Box::new(RoundRobin::default()), tasks::of(settings, "balanced")?)),
};

pub(super) const LEAST_PLAYED: SamplerEntry = SamplerEntry {
    name: "least-played",
    summary: "the pair with the fewest comparisons, on the task it has met on least",
    chooses: Chooses::Pairs,
    settings: &[BALANCED_TASKS],
    holds_belief: false,
    build: |settings| Ok(Sampler::new(Box::new(LeastPlayed), tasks::of(settings, "balanced")?)),
};

/// The setting of samplers that choose tasks.
pub(super) const PAIRS: Setting =
    Setting { name: "pairs", default: "uniform", summary: "the pair on a task: uniform, or least-played" };

/// The rule for pairs that the settings name.
pub(super) fn pairs_of(settings: &Settings) -> Result<Box<dyn PairRule>, SettingsError> {
    let least = settings.choice(PAIRS.name, &[("uniform", false), ("least-played", true)])?;
    Ok(if least { Box::new(LeastPlayed) } else { Box::new(Uniform) })
}

/// Any open pair, in proportion to its worth.
#[derive(Debug)]
struct Uniform;

impl PairRule for Uniform {
    fn pair(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<usize> {
        if counts.is_even() {
            return Some(rng.random_range(0..counts.pairs()));
        }
        in_proportion((0..counts.pairs()).map(|pair| counts.worth(pair)), rng)
    }
}

/// The open pair with the fewest comparisons for its worth, equal ones by lot.
#[derive(Debug)]
struct LeastPlayed;

impl PairRule for LeastPlayed {
    fn pair(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<usize> {
        let turn = |pair: usize| match counts.worth(pair) {
            worth if worth > 0.0 => -(counts.scheduled(pair) + 1.0) / worth,
            _ => f64::NAN,
        };
        largest((0..counts.pairs()).map(turn), rng)
    }
}

/// All pairs in turn, round by round of the circle method, over items in an order drawn at first.
#[derive(Debug, Default)]
struct RoundRobin {
    order: Vec<u32>,
    next: usize,
}

impl PairRule for RoundRobin {
    fn pair(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<usize> {
        if self.order.is_empty() {
            self.order = circle(counts, rng);
        }
        let turns = self.order.len();
        let open = (0..turns).find(|turn| counts.worth(self.order[(self.next + turn) % turns] as usize) > 0.0)?;
        let at = (self.next + open) % turns;
        self.next = (at + 1) % turns;
        Some(self.order[at] as usize)
    }
}

/// Rounds in which everyone plays once (but one, if the items are odd in number): item `last` stays, the
/// others go round.
fn circle(counts: &Counts, rng: &mut dyn Rng) -> Vec<u32> {
    let items = counts.items();
    let mut names: Vec<usize> = (0..items).collect();
    names.shuffle(rng);
    let seats = items + items % 2;
    let last = seats - 1;
    let mut order = Vec::with_capacity(counts.pairs());
    for round in 0..last {
        for step in 0..seats / 2 {
            let one = (round + step) % last;
            let other = if step == 0 { last } else { (round + last - step) % last };
            if one < items && other < items {
                order.push(counts.pair(names[one], names[other]) as u32);
            }
        }
    }
    order
}
