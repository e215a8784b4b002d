//! How an evaluation spends its budget: worlds whose true order is known, samplers that choose the
//! comparisons, and rankers that make an order of the results, held against the truth along the way.
//!
//! One sequence of comparisons serves all rankers. Samplers see counts and never rows; rankers that learn
//! comparison by comparison do so at each, and all errors are computed at up to 100 checkpoints along the
//! budget. In a trial all methods meet the same world, and the first, second and any further meeting of a pair
//! on a task comes out the same whichever method asks for it and when, so that differences between methods are paired.
//!
//! ```
//! use palio::simulation::budget::{BudgetStudy, RankerPlan, SamplerPlan, WorldPlan};
//!
//! let study = BudgetStudy {
//!     worlds: vec![WorldPlan::parse("mallows:0.3")?],
//!     samplers: vec![SamplerPlan::parse("uniform")?],
//!     rankers: vec![RankerPlan::parse("uniform-averaging", 0)?, RankerPlan::parse("bradley-terry", 0)?],
//!     comparisons: 400,
//!     trials: 40,
//!     ..BudgetStudy::default()
//! };
//! let result = study.run(&|_| true)?;
//! let [averaging, ladder] = result.summary.as_slice() else { panic!("two rankers") };
//! assert!(averaging.average_error < ladder.average_error);
//! # Ok::<(), palio::simulation::budget::BudgetError>(())
//! ```
//!
//! # Source
//! Lanctot, Larson, Gemp and Kaisers 2026, "Active Evaluation of General Agents" (arXiv 2601.07651), as far as
//! secondary texts tell; what they leave open is a named setting of a world, a sampler or a ranker.

mod plans;
mod rankers;
mod results;
mod trial;
mod worlds;

use rayon::prelude::*;

pub use self::plans::{BudgetError, SamplerPlan};
pub use self::rankers::{RANKERS, RankerEntry, RankerPlan};
use self::results::{Accumulated, Cell};
pub use self::results::{BudgetResult, CurvePoint, SummaryRow};
use self::trial::Trials;
pub use self::worlds::{Noise, WORLDS, WorldEntry, WorldPlan};
use super::samplers::MOST_BELIEVED;

/// What is simulated: every world with every sampler, every size of a batch and every ranker.
#[derive(Debug)]
pub struct BudgetStudy {
    /// The worlds.
    pub worlds: Vec<WorldPlan>,
    /// The samplers.
    pub samplers: Vec<SamplerPlan>,
    /// The rankers.
    pub rankers: Vec<RankerPlan>,
    /// How many items synthetic worlds have, 2 or more.
    pub items: usize,
    /// How many tasks synthetic worlds have.
    pub tasks: usize,
    /// The budget: how many comparisons are made.
    pub comparisons: u64,
    /// Latency: how many comparisons are chosen before their results come together, 1 or more.
    pub batches: Vec<u64>,
    /// How many times each world is drawn and played.
    pub trials: u64,
    /// The k of the ranking error.
    pub top: Top,
    /// How many checkpoints there are at most.
    pub checkpoints: u64,
    /// When an order is good enough.
    pub target: Target,
    /// What a comparison costs, in whatever currency.
    pub cost: f64,
    /// The seed.
    pub seed: u64,
}

/// Which k the generalised ranking error GRE(k) has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Top {
    /// This one.
    Of(usize),
    /// The mean over all of them.
    All,
}

/// An error, and how sure it is to be that it is not exceeded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// The ranking error.
    pub error: f64,
    /// The share of trials.
    pub probability: f64,
}

impl Default for BudgetStudy {
    /// Nothing to simulate yet, of 8 items on 50 tasks: 2,000 comparisons in 200 trials.
    fn default() -> Self {
        Self {
            worlds: Vec::new(),
            samplers: Vec::new(),
            rankers: Vec::new(),
            items: 8,
            tasks: 50,
            comparisons: 2_000,
            batches: vec![1],
            trials: 200,
            top: Top::Of(3),
            checkpoints: 100,
            target: Target { error: 0.1, probability: 0.9 },
            cost: 1.0,
            seed: 0,
        }
    }
}

/// Trials that one thread plays in a row, and those that are begun together.
const BLOCK: u64 = 8;
const WAVE: u64 = 8 * BLOCK;
/// A trial of more comparisons takes many seconds.
const MOST_COMPARISONS: u64 = 10_000_000;

impl BudgetStudy {
    /// Simulates, on all threads of the current rayon pool. `progress` is told how many trials of one world
    /// with one sampler were added, and may say that it is enough: then what is under way is dropped, and the trials
    /// count that all methods have made. The result depends on the settings and the number of trials alone.
    /// O(worlds × samplers × trials × comparisons), and what rankers take at the checkpoints.
    ///
    /// # Errors
    /// If the settings are not ones that can be simulated, a ranker can't be applied, or it was stopped before two
    /// trials of all methods were made.
    pub fn run(&self, progress: &(dyn Fn(u64) -> bool + Sync)) -> Result<BudgetResult, BudgetError> {
        self.check()?;
        let cells = self.cells();
        let mut accumulated: Vec<Accumulated> =
            cells.iter().map(|cell| Accumulated::new(self.rankers.len(), self.checkpoints_of(cell).len())).collect();
        let mut trials = 0;
        let goes_on = &|| progress(0);
        while trials < self.trials {
            let end = self.trials.min(trials + WAVE);
            let starts = (trials..end).step_by(BLOCK as usize);
            let blocks: Vec<(u64, usize)> =
                starts.flat_map(|from| (0..cells.len()).map(move |cell| (from, cell))).collect();
            let parts: Vec<Option<Accumulated>> = blocks
                .into_par_iter()
                .map(|(from, cell)| {
                    let to = end.min(from + BLOCK);
                    let part = Trials::new(self, &cells[cell])?.play(from..to, goes_on)?;
                    progress(if part.is_some() { to - from } else { 0 });
                    Ok(part)
                })
                .collect::<Result<_, BudgetError>>()?;
            let whole = parts.chunks(cells.len()).take_while(|parts| parts.iter().all(Option::is_some)).count() as u64;
            for (place, part) in parts.into_iter().flatten().take(whole as usize * cells.len()).enumerate() {
                accumulated[place % cells.len()].add(part);
            }
            let done = end.min(trials + whole * BLOCK);
            let is_stopped = done < end;
            trials = done;
            if is_stopped {
                break;
            }
        }
        if trials < 2 {
            return Err(BudgetError::Stopped);
        }
        Ok(BudgetResult::of(self, &cells, &accumulated, trials))
    }

    /// How many trials of one world with one sampler there are in all.
    pub fn work(&self) -> u64 {
        (self.cells().len() as u64).saturating_mul(self.trials)
    }

    /// Worlds with samplers and batches, in the order of the result.
    fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for world in 0..self.worlds.len() {
            for sampler in 0..self.samplers.len() {
                cells.extend(self.batches.iter().map(|&batch| Cell { world, sampler, batch }));
            }
        }
        cells
    }

    /// After how many comparisons errors are computed: at the ends of batches, the denser the earlier, since
    /// errors fall most at first. Of few comparisons after each.
    fn checkpoints_of(&self, cell: &Cell) -> Vec<u64> {
        let all = u128::from(self.comparisons);
        let count = u128::from(self.checkpoints).min(all);
        let at = |number: u128| if count == all { number } else { (all * number * number).div_ceil(count * count) };
        let batch = u128::from(cell.batch);
        let mut ends: Vec<u64> = (1..=count).map(|number| at(number).next_multiple_of(batch).min(all) as u64).collect();
        ends.dedup();
        ends
    }

    fn check(&self) -> Result<(), BudgetError> {
        let empty = [("world", self.worlds.len()), ("sampler", self.samplers.len()), ("ranker", self.rankers.len())];
        if let Some((what, _)) = empty.into_iter().find(|(_, count)| *count == 0) {
            return Err(BudgetError::Nothing { what });
        }
        if self.comparisons == 0 {
            return Err(BudgetError::Comparisons);
        }
        if self.comparisons > MOST_COMPARISONS {
            return Err(BudgetError::TooManyComparisons { comparisons: self.comparisons, most: MOST_COMPARISONS });
        }
        if self.trials < 2 {
            return Err(BudgetError::Trials { trials: self.trials });
        }
        if self.batches.is_empty() || self.batches.contains(&0) {
            return Err(BudgetError::Batch);
        }
        if self.checkpoints == 0 {
            return Err(BudgetError::Checkpoints);
        }
        let Target { error, probability } = self.target;
        if !((0.0..=1.0).contains(&error) && probability > 0.0 && probability <= 1.0) {
            return Err(BudgetError::Target { error, probability });
        }
        if !(self.cost.is_finite() && self.cost >= 0.0) {
            return Err(BudgetError::Cost { cost: self.cost });
        }
        for world in &self.worlds {
            let (items, tasks) = world.size(self.items, self.tasks);
            if items < 2 {
                return Err(BudgetError::Items { items });
            }
            if tasks == 0 {
                return Err(BudgetError::Tasks);
            }
            if let Some(sampler) = self.samplers.iter().find(|it| it.holds_belief() && items > MOST_BELIEVED) {
                return Err(BudgetError::TooManyItems { sampler: sampler.label().to_owned(), items });
            }
            if let Top::Of(top) = self.top
                && !(1..=items).contains(&top)
            {
                return Err(BudgetError::Top { top, items, world: world.label().to_owned() });
            }
        }
        self.check_labels()
    }

    /// Every label once, or rows could not be told apart.
    fn check_labels(&self) -> Result<(), BudgetError> {
        let worlds: Vec<&str> = self.worlds.iter().map(WorldPlan::label).collect();
        let samplers: Vec<&str> = self.samplers.iter().map(SamplerPlan::label).collect();
        let rankers: Vec<&str> = self.rankers.iter().map(RankerPlan::label).collect();
        let batches: Vec<String> = self.batches.iter().map(u64::to_string).collect();
        let batches: Vec<&str> = batches.iter().map(String::as_str).collect();
        for (what, labels) in [("world", worlds), ("sampler", samplers), ("ranker", rankers), ("batch", batches)] {
            if let Some(at) = (1..labels.len()).find(|&at| labels[..at].contains(&labels[at])) {
                return Err(BudgetError::Twice { what, label: labels[at].to_owned() });
            }
        }
        Ok(())
    }
}
