//! Sufficient statistics of comparisons: what a sampler may look at.

use crate::data::graph::{PreferenceGraph, typical_weight};
use crate::data::{Labels, Log};

/// A comparison to make: a pair and a task, as of the [`Counts`] it was chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The pair's index.
    pub pair: usize,
    /// The task's index.
    pub task: usize,
}

/// Counts by pair, by pair and task, and by item and task.
///
/// Pairs are numbered (0, 1), (0, 2), …, (1, 2), …: the low item first. Memory is O(items² × tasks).
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    items: usize,
    tasks: usize,
    ends: Vec<[u32; 2]>,
    /// One a pair: how much it is worth to compare, 0 if it is closed.
    worth: Vec<f64>,
    /// How many pairs are worth something other than 1.
    uneven: usize,
    total: f64,
    results: f64,
    scheduled: Vec<f64>,
    played: Vec<f64>,
    low_points: Vec<f64>,
    /// One an item.
    of_item: Vec<f64>,
    /// Results and points of an item, and comparisons scheduled of a pair, task by task.
    played_on: Vec<f64>,
    points_on: Vec<f64>,
    pair_on: Vec<u32>,
    on_task: Vec<u32>,
    on_all_tasks: f64,
}

/// Why there are no counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CountsError {
    /// Nothing to compare.
    #[error("a comparison needs two items, and there would be {items}; give 2 or more")]
    Items {
        /// How many there would be.
        items: usize,
    },
    /// Nothing to compare them on.
    #[error("a comparison needs a task, and there would be none; give 1 or more")]
    Tasks,
    /// More than are kept.
    #[error(
        "the pairs of {items} items on {tasks} tasks are more than {MOST_CELLS}, which is as many as are counted; give fewer items or tasks"
    )]
    Size {
        /// The number of items.
        items: usize,
        /// The number of tasks.
        tasks: usize,
    },
}

/// The most pairs × tasks that are counted.
const MOST_CELLS: usize = 1 << 27;

impl Counts {
    /// No comparisons of `items` items on `tasks` tasks; all pairs are open.
    ///
    /// # Errors
    /// For fewer than two items or no task, and for more than 2²⁷ pairs × tasks.
    pub fn new(items: usize, tasks: usize) -> Result<Self, CountsError> {
        if items < 2 {
            return Err(CountsError::Items { items });
        }
        if tasks == 0 {
            return Err(CountsError::Tasks);
        }
        let pairs = items.saturating_mul(items - 1) / 2;
        if pairs.saturating_mul(tasks) > MOST_CELLS {
            return Err(CountsError::Size { items, tasks });
        }
        let ends = (0..items as u32).flat_map(|low| (low + 1..items as u32).map(move |high| [low, high])).collect();
        Ok(Self {
            items,
            tasks,
            ends,
            worth: vec![1.0; pairs],
            uneven: 0,
            total: 0.0,
            results: 0.0,
            scheduled: vec![0.0; pairs],
            played: vec![0.0; pairs],
            low_points: vec![0.0; pairs],
            of_item: vec![0.0; items],
            played_on: vec![0.0; items * tasks],
            points_on: vec![0.0; items * tasks],
            pair_on: vec![0; pairs * tasks],
            on_task: vec![0; tasks],
            on_all_tasks: 0.0,
        })
    }

    /// The comparisons of a graph, as if made on one task. For its pair a comparison counts by its weight relative to
    /// the [typical one](PreferenceGraph::typical_weight), so that the scale of weights does not matter and all of them
    /// count for as many as they know; a tie is half a point for both. O(items² + cells).
    ///
    /// # Errors
    /// As of [`new`](Self::new).
    pub fn of_graph(graph: &PreferenceGraph) -> Result<Self, CountsError> {
        let mut counts = Self::new(graph.items().len(), 1)?;
        let typical = graph.typical_weight();
        for (cell, sum) in graph.cells().iter().zip(graph.sums()) {
            let ends = graph.pairs()[cell.pair as usize];
            let pair = counts.pair(ends.low.index(), ends.high.index());
            counts.add(pair, cell.share, sum.weight / typical);
            if sum.weight > 0.0 {
                counts.add_on(pair, 0, cell.share, sum.count);
            }
        }
        Ok(counts)
    }

    /// The comparisons of a log on its tasks: the values of `labels`, in their order, without the empty one. For
    /// its pair a comparison counts by its weight as of [`of_graph`](Self::of_graph); on its task it counts as one, if it
    /// weighs anything. Rows without a task count for their pair and on no task. O(items² × tasks + rows).
    ///
    /// # Errors
    /// As of [`new`](Self::new).
    ///
    /// # Panics
    /// If `labels` are not of this log.
    pub fn of_log(log: &Log, labels: &Labels) -> Result<Self, CountsError> {
        let empty = labels.names.get("").map(|id| id.0);
        let mut counts = Self::new(log.items().len(), labels.names.len() - usize::from(empty.is_some()))?;
        let (weight, squared) = log.rows().fold((0.0, 0.0), |(weight, squared), row| {
            (weight + row.count * row.weight, squared + row.count * row.weight * row.weight)
        });
        let typical = typical_weight(weight, squared);
        for (row, &label) in log.rows().zip(&labels.ids) {
            let pair = counts.pair(row.left.index(), row.right.index());
            let share = row.outcome.share();
            let share = if row.left < row.right { share } else { 1.0 - share };
            let after_empty = u32::from(empty.is_some_and(|empty| label > empty));
            counts.add(pair, share, row.count * row.weight / typical);
            if Some(label) != empty && row.weight > 0.0 {
                counts.add_on(pair, (label - after_empty) as usize, share, row.count);
            }
        }
        Ok(counts)
    }

    /// Adds comparisons of this weight in which the low item took `share`.
    fn add(&mut self, pair: usize, share: f64, weight: f64) {
        self.scheduled[pair] += weight;
        self.played[pair] += weight;
        self.low_points[pair] += share * weight;
        self.total += weight;
        self.results += weight;
        for item in self.ends(pair) {
            self.of_item[item] += weight;
        }
    }

    /// Adds so many comparisons on a task.
    fn add_on(&mut self, pair: usize, task: usize, share: f64, count: f64) {
        let cell = &mut self.pair_on[pair * self.tasks + task];
        *cell = cell.saturating_add(count.round() as u32);
        self.on_task[task] = self.on_task[task].saturating_add(count.round() as u32);
        self.on_all_tasks += count;
        let [low, high] = self.ends(pair);
        for (item, share) in [(low, share), (high, 1.0 - share)] {
            self.played_on[task * self.items + item] += count;
            self.points_on[task * self.items + item] += share * count;
        }
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.items
    }

    /// The number of tasks.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// The number of pairs.
    pub fn pairs(&self) -> usize {
        self.ends.len()
    }

    /// The low and the high item of a pair.
    pub fn ends(&self, pair: usize) -> [usize; 2] {
        self.ends[pair].map(|item| item as usize)
    }

    /// The pair of two different items, in either order.
    pub fn pair(&self, one: usize, other: usize) -> usize {
        Self::index_of(self.items, one, other)
    }

    /// The number of a pair among those of `items` items.
    pub(in crate::simulation) fn index_of(items: usize, one: usize, other: usize) -> usize {
        let (low, high) = if one < other { (one, other) } else { (other, one) };
        low * (2 * items - low - 1) / 2 + high - low - 1
    }

    /// The items of a choice, the low one first.
    pub fn items_of(&self, choice: Choice) -> [usize; 2] {
        self.ends(choice.pair)
    }

    /// How much a comparison of the pair is worth: 1 unless told otherwise, 0 if it is closed.
    pub fn worth(&self, pair: usize) -> f64 {
        self.worth[pair]
    }

    /// Whether every pair is worth 1.
    pub fn is_even(&self) -> bool {
        self.uneven == 0
    }

    /// Sets what a comparison of the pair is worth: more than 1 favours it, 0 closes it. A number below 0,
    /// or NaN, closes it too. O(1).
    pub fn set_worth(&mut self, pair: usize, worth: f64) {
        let is_uneven = |worth: f64| usize::from((worth - 1.0).abs() > 0.0);
        let old = std::mem::replace(&mut self.worth[pair], worth.max(0.0));
        self.uneven = self.uneven - is_uneven(old) + is_uneven(self.worth[pair]);
    }

    /// All comparisons made or under way.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The results that are known.
    pub fn results(&self) -> f64 {
        self.results
    }

    /// All comparisons made or under way on any task, each as one whatever its weight.
    pub fn on_all_tasks(&self) -> f64 {
        self.on_all_tasks
    }

    /// Those of a pair.
    pub fn scheduled(&self, pair: usize) -> f64 {
        self.scheduled[pair]
    }

    /// Those of an item.
    pub fn of_item(&self, item: usize) -> f64 {
        self.of_item[item]
    }

    /// Those on a task.
    pub fn on_task(&self, task: usize) -> u32 {
        self.on_task[task]
    }

    /// Those of a pair on a task.
    pub fn pair_on(&self, pair: usize, task: usize) -> u32 {
        self.pair_on[pair * self.tasks + task]
    }

    /// The results of a pair that are known.
    pub fn played(&self, pair: usize) -> f64 {
        self.played[pair]
    }

    /// The points of the low item among them, a tie being half.
    pub fn low_points(&self, pair: usize) -> f64 {
        self.low_points[pair]
    }

    /// The points of the high item among them.
    pub fn high_points(&self, pair: usize) -> f64 {
        self.played[pair] - self.low_points[pair]
    }

    /// The results of each item on a task.
    pub fn played_on(&self, task: usize) -> &[f64] {
        &self.played_on[task * self.items..][..self.items]
    }

    /// The points of each item on a task.
    pub fn points_on(&self, task: usize) -> &[f64] {
        &self.points_on[task * self.items..][..self.items]
    }

    /// Adds a comparison whose result is not known yet. O(1).
    pub fn schedule(&mut self, choice: Choice) {
        self.total += 1.0;
        self.scheduled[choice.pair] += 1.0;
        self.pair_on[choice.pair * self.tasks + choice.task] += 1;
        self.on_task[choice.task] += 1;
        self.on_all_tasks += 1.0;
        for item in self.ends[choice.pair] {
            self.of_item[item as usize] += 1.0;
        }
    }

    /// Adds the result of a scheduled comparison: the low item's share. O(1).
    pub fn record(&mut self, choice: Choice, share: f64) {
        self.results += 1.0;
        self.played[choice.pair] += 1.0;
        self.low_points[choice.pair] += share;
        let [low, high] = self.ends(choice.pair);
        for (item, share) in [(low, share), (high, 1.0 - share)] {
            self.played_on[choice.task * self.items + item] += 1.0;
            self.points_on[choice.task * self.items + item] += share;
        }
    }
}
