//! Tasks by proportional representation: those compared on should rank items as all tasks do.

use rand::Rng;

use super::even::{PAIRS, pairs_of};
use super::{Choice, Chooses, Counts, Sampler, SamplerEntry, TaskRule, largest};
use crate::settings::Setting;

pub(super) const ENTRY: SamplerEntry = SamplerEntry {
    name: "proportional-representation",
    summary: "the task that makes the places of items on the tasks compared on most like those on all tasks",
    chooses: Chooses::Tasks,
    settings: &[
        PAIRS,
        Setting {
            name: "shrink",
            default: "2",
            summary: "comparisons that an item's mean share over all tasks counts for, in its share on one",
        },
    ],
    holds_belief: false,
    build: |settings| {
        let shrink = settings.number("shrink", 2.0, "a number above 0", |x: f64| x.is_finite() && x > 0.0)?;
        let rule = Representation { shrink, orders: None };
        Ok(Sampler::new(pairs_of(settings)?, Box::new(rule)))
    },
};

/// The task after which the shares of tasks (weighed by comparisons) that put an item among the first r are
/// nearest to those of all tasks, over all items and all r, by squares; equal ones by fewest comparisons, then
/// by lot. A task's order of the items is estimated from its own results, shrunk to the items' mean shares.
///
/// # Source
/// Positional proportionality of Procaccia, Schiffer, Wang and Zhang 2025, "Metritocracy" (arXiv 2506.09813),
/// made greedy and online; how arXiv 2601.07651 does that is not told in what we could read.
#[derive(Debug)]
struct Representation {
    shrink: f64,
    orders: Option<Orders>,
}

/// Where each task puts each item, and what that adds up to.
#[derive(Debug)]
struct Orders {
    items: usize,
    /// Task × item: its place, from 0.
    place: Vec<u32>,
    /// Item × cutoff: how many tasks have it among the first `cutoff + 1`, and how many comparisons are on
    /// such tasks.
    all: Vec<f64>,
    chosen: Vec<f64>,
    /// Item × place: what a task costs that puts it there.
    cost: Vec<f64>,
    /// Each item's points and results on all tasks.
    points: Vec<f64>,
    played: Vec<f64>,
    sorted: Vec<(f64, u32)>,
}

impl Orders {
    /// All tasks alike, in the order of the counts so far.
    fn new(counts: &Counts, shrink: f64) -> Self {
        let (items, tasks) = (counts.items(), counts.tasks());
        let mut orders = Self {
            items,
            place: vec![0; items * tasks],
            all: vec![0.0; items * items],
            chosen: vec![0.0; items * items],
            cost: vec![0.0; items * items],
            points: vec![0.0; items],
            played: vec![0.0; items],
            sorted: Vec::with_capacity(items),
        };
        for task in 0..tasks {
            for item in 0..items {
                orders.points[item] += counts.points_on(task)[item];
                orders.played[item] += counts.played_on(task)[item];
            }
        }
        for task in 0..tasks {
            orders.sort(counts, task, shrink);
            orders.enter(task, 1.0, f64::from(counts.on_task(task)));
        }
        orders
    }

    /// Adds a task's order to the sums, or with negative numbers takes it away.
    fn enter(&mut self, task: usize, weight: f64, comparisons: f64) {
        for item in 0..self.items {
            let place = self.place[task * self.items + item] as usize;
            for cutoff in item * self.items + place..(item + 1) * self.items {
                self.all[cutoff] += weight;
                self.chosen[cutoff] += comparisons;
            }
        }
    }

    /// Estimates a task's order.
    fn sort(&mut self, counts: &Counts, task: usize, shrink: f64) {
        let (points, played) = (counts.points_on(task), counts.played_on(task));
        self.sorted.clear();
        for item in 0..self.items {
            let mean = (self.points[item] + 0.5) / (self.played[item] + 1.0);
            self.sorted.push(((points[item] + shrink * mean) / (played[item] + shrink), item as u32));
        }
        self.sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (place, &(_, item)) in self.sorted.iter().enumerate() {
            self.place[task * self.items + item as usize] = place as u32;
        }
    }

    /// What it costs to put an item at a place: from the last cutoff back, what it is over its share.
    fn price(&mut self, counts: &Counts) {
        let share = (counts.on_all_tasks() + 1.0) / counts.tasks() as f64;
        for item in 0..self.items {
            let mut cost = 0.0;
            for cutoff in (item * self.items..(item + 1) * self.items).rev() {
                cost += self.chosen[cutoff] - share * self.all[cutoff];
                self.cost[cutoff] = cost;
            }
        }
    }
}

impl TaskRule for Representation {
    /// O(items² + items × tasks).
    fn task(&mut self, counts: &Counts, _pair: usize, rng: &mut dyn Rng) -> usize {
        let shrink = self.shrink;
        let orders = self.orders.get_or_insert_with(|| Orders::new(counts, shrink));
        orders.price(counts);
        let (items, least) = (orders.items, 1.0 / (2.0 * (counts.on_all_tasks() + 1.0)));
        let cost = |task: usize| {
            let places = &orders.place[task * items..][..items];
            let cost: f64 = places.iter().enumerate().map(|(item, &at)| orders.cost[item * items + at as usize]).sum();
            // Rounding is no reason, the number of comparisons is.
            (cost * 1e6).round() / 1e6 + least * f64::from(counts.on_task(task)) * 1e-6
        };
        let task = largest((0..counts.tasks()).map(|task| -cost(task)), rng).unwrap_or(0);
        orders.enter(task, 0.0, 1.0);
        task
    }

    /// O(items²).
    fn told(&mut self, counts: &Counts, choice: Choice, share: f64) {
        let shrink = self.shrink;
        let orders = self.orders.get_or_insert_with(|| Orders::new(counts, shrink));
        let comparisons = f64::from(counts.on_task(choice.task));
        let [low, high] = counts.items_of(choice);
        for (item, share) in [(low, share), (high, 1.0 - share)] {
            orders.points[item] += share;
            orders.played[item] += 1.0;
        }
        orders.enter(choice.task, -1.0, -comparisons);
        orders.sort(counts, choice.task, shrink);
        orders.enter(choice.task, 1.0, comparisons);
    }
}
