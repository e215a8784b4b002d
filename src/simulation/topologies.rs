//! Which topology pays for a given judge: groups of known quality, played by every topology and
//! ranked by every aggregation.
//!
//! ```
//! use palio::simulation::topologies::TopologyStudy;
//! use palio::tournaments::JudgeModel;
//!
//! let judge = JudgeModel { noise: 0.5, ..JudgeModel::default() };
//! let study = TopologyStudy { items: 8, trials: 400, judge, ..TopologyStudy::default() };
//! let rows = study.run(&|_| true)?.rows;
//! let tau = |name: &str| rows.iter().find(|row| row.topology == name && row.is_own).map(|row| row.kendall_tau.mean);
//! assert!(tau("round-robin") > tau("anchor"));
//! # Ok::<(), palio::simulation::topologies::StudyError>(())
//! ```

mod group;
mod sums;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use self::group::SimulatedGroup;
pub use self::sums::Mean;
pub(super) use self::sums::Moments;
use self::sums::{AggregationSums, ScheduleSums};
use crate::advantages::{
    AGGREGATIONS, AggregateSettings, Aggregation, AggregationEntry, Contest, Reward, RewardError, aggregate,
};
use crate::metrics::{correlation, kendall_tau};
use crate::settings::Settings;
use crate::tournaments::{JudgeModel, JudgeModelError, TOPOLOGIES, TopologyEntry, TournamentError};

/// The most items of a group that is simulated: the judge's answers to all pairs are kept.
pub const MAX_ITEMS: u32 = 2_048;

/// What is simulated.
///
/// In each trial the items' strengths are standard normal. Every topology plays the same items, in an
/// order that says nothing of their strengths, before a judge of the given kind that is asked in both
/// orders. A pair that meets again has the answer that it had, as it has where questions are never
/// asked twice. Quantile rewards with mean ties are made of each aggregation's standing; that they are
/// centred and scaled to advantages changes no correlation.
#[derive(Debug, Clone)]
pub struct TopologyStudy {
    /// How many items a group has, from 2 to [`MAX_ITEMS`].
    pub items: u32,
    /// How many groups are simulated.
    pub trials: u64,
    /// The judge. Strengths have standard deviation 1, so its noise is in units of that.
    pub judge: JudgeModel,
    /// The topologies with their settings.
    pub schedules: Vec<Schedule>,
    /// The aggregations. That of brackets is left out where there is none.
    pub aggregations: Vec<Aggregation>,
    /// The seed.
    pub seed: u64,
}

/// A topology with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The topology's name.
    pub topology: String,
    /// Its settings.
    pub settings: Settings,
}

impl Default for TopologyStudy {
    /// Every topology with its own settings and every aggregation, on 2,000 groups of 16.
    fn default() -> Self {
        let schedule =
            |entry: &TopologyEntry| Schedule { topology: entry.name.to_owned(), settings: Settings::default() };
        Self {
            items: 16,
            trials: 2_000,
            judge: JudgeModel::default(),
            schedules: TOPOLOGIES.iter().map(schedule).collect(),
            aggregations: AGGREGATIONS.iter().map(|entry| entry.aggregation).collect(),
            seed: 0,
        }
    }
}

/// What cannot be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// Groups too small or too large.
    #[error("a group of {items} items can't be simulated; give 2 to {MAX_ITEMS}")]
    Items {
        /// How many were asked for.
        items: u32,
    },
    /// None or one.
    #[error("too few trials; give 2 or more, so that there are standard errors")]
    Trials,
    /// A judge that can't be.
    #[error(transparent)]
    Judge(#[from] JudgeModelError),
    /// A topology that can't be played.
    #[error(transparent)]
    Tournament(#[from] TournamentError),
    /// A reward that can't be made.
    #[error(transparent)]
    Reward(#[from] RewardError),
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StudyResult {
    /// How many groups were simulated: fewer than asked for, if the study was stopped.
    pub trials: u64,
    /// One row for each topology and aggregation, in the order of the study.
    pub rows: Vec<StudyRow>,
}

/// A topology with an aggregation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StudyRow {
    /// The topology's name.
    pub topology: String,
    /// Its settings.
    #[serde(skip_serializing_if = "Settings::is_empty")]
    pub settings: Settings,
    /// The aggregation.
    pub aggregation: Aggregation,
    /// The judge's noise.
    pub noise: f64,
    /// Whether the aggregation is the one that belongs to the topology.
    pub is_own: bool,
    /// Matches of a group.
    pub matches: Mean,
    /// Judge calls of a group: two for each pair that met.
    pub calls: Mean,
    /// Sequential rounds of a group.
    pub rounds: Mean,
    /// Kendall's tau-b of the standing with the true order; 0 where the standing orders nobody.
    pub kendall_tau: Mean,
    /// Correlation of the advantages with those of the true order; 0 where all advantages are equal.
    pub advantage_correlation: Mean,
    /// The share of groups in which the best item has the highest advantage, shared ones in parts.
    pub best_first: Mean,
}

impl TopologyStudy {
    /// Simulates, on all threads of the current rayon pool. `progress` is told how many trials were
    /// added, and may say that it is enough. The result depends on the settings and the number of
    /// trials alone. O(trials × matches) for each topology, and what each aggregation takes.
    ///
    /// # Errors
    /// If the settings are not ones that can be simulated.
    pub fn run(&self, progress: &(dyn Fn(u64) -> bool + Sync)) -> Result<StudyResult, StudyError> {
        self.check()?;
        let mut sums: Vec<ScheduleSums> = self.schedules.iter().map(|schedule| self.no_sums(schedule)).collect();
        let mut trials = 0;
        while trials < self.trials && (trials == 0 || progress(0)) {
            let end = self.trials.min(trials + WAVE);
            let blocks: Vec<(u64, u64)> =
                (trials..end).step_by(BLOCK as usize).map(|from| (from, end.min(from + BLOCK))).collect();
            let parts: Vec<Vec<ScheduleSums>> = blocks
                .into_par_iter()
                .map(|(from, to)| {
                    let part = self.block(from, to);
                    progress(to - from);
                    part
                })
                .collect::<Result<_, StudyError>>()?;
            for part in parts {
                sums.iter_mut().zip(part).for_each(|(sum, part)| sum.add(&part));
            }
            trials = end;
        }
        Ok(StudyResult { trials, rows: self.rows(&sums) })
    }

    fn check(&self) -> Result<(), StudyError> {
        if !(2..=MAX_ITEMS).contains(&self.items) {
            return Err(StudyError::Items { items: self.items });
        }
        if self.trials < 2 {
            return Err(StudyError::Trials);
        }
        Ok(self.judge.check()?)
    }

    /// The aggregations that a topology's histories can have.
    fn aggregations(&self, schedule: &Schedule) -> impl Iterator<Item = Aggregation> {
        let own = own_aggregation(schedule);
        self.aggregations.iter().copied().filter(move |&it| it != Aggregation::Bracket || own == Some(it))
    }

    fn no_sums(&self, schedule: &Schedule) -> ScheduleSums {
        ScheduleSums::new(self.aggregations(schedule).count())
    }

    /// The trials `from..to`, schedule by schedule.
    fn block(&self, from: u64, to: u64) -> Result<Vec<ScheduleSums>, StudyError> {
        let mut quantile = Settings::default();
        quantile.set("ties", "mean");
        let quantile = Reward::new("quantile", &quantile)?;
        let mut parts = Vec::with_capacity(self.schedules.len());
        for schedule in &self.schedules {
            let mut group =
                SimulatedGroup::new(&schedule.topology, &schedule.settings, self.items, self.judge, self.seed)?;
            let aggregations: Vec<AggregateSettings> =
                self.aggregations(schedule).map(AggregateSettings::new).collect();
            let mut sums = self.no_sums(schedule);
            for trial in from..to {
                group.play(trial)?;
                sums.add_group(&group);
                let truth = group.true_rewards();
                for (sum, settings) in sums.aggregations.iter_mut().zip(&aggregations) {
                    measure(&group, &truth, settings, &quantile, sum)?;
                }
            }
            parts.push(sums);
        }
        Ok(parts)
    }

    fn rows(&self, sums: &[ScheduleSums]) -> Vec<StudyRow> {
        let mut rows = Vec::new();
        for (schedule, sums) in self.schedules.iter().zip(sums) {
            let own = own_aggregation(schedule);
            for (aggregation, sum) in self.aggregations(schedule).zip(&sums.aggregations) {
                rows.push(StudyRow {
                    topology: schedule.topology.clone(),
                    settings: schedule.settings.clone(),
                    aggregation,
                    noise: self.judge.noise,
                    is_own: own == Some(aggregation),
                    matches: sums.matches.mean(),
                    calls: sums.calls.mean(),
                    rounds: sums.rounds.mean(),
                    kendall_tau: sum.tau.mean(),
                    advantage_correlation: sum.correlation.mean(),
                    best_first: sum.best_first.mean(),
                });
            }
        }
        rows
    }
}

/// Trials that one thread plays in a row, and those between two questions whether it is enough.
const BLOCK: u64 = 64;
const WAVE: u64 = 64 * BLOCK;

/// The aggregation that belongs to the topology.
fn own_aggregation(schedule: &Schedule) -> Option<Aggregation> {
    let entry = TopologyEntry::find(&schedule.topology)?;
    AggregationEntry::find(entry.aggregation).map(|entry| entry.aggregation)
}

/// Holds one aggregation of one group against the truth.
fn measure(
    group: &SimulatedGroup,
    truth: &[f64],
    settings: &AggregateSettings,
    quantile: &Reward,
    sum: &mut AggregationSums,
) -> Result<(), StudyError> {
    let standing = aggregate(group.history(), settings);
    let rewards = quantile.of_standing(&Contest::new(group.history(), &standing))?;
    sum.tau.add(kendall_tau(&rewards, group.strengths()).unwrap_or(0.0));
    sum.correlation.add(correlation(&rewards, truth).unwrap_or(0.0));
    let highest = rewards.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    #[expect(clippy::float_cmp, reason = "rewards of equal ranks are equal")]
    let first: Vec<usize> = (0..rewards.len()).filter(|&item| rewards[item] == highest).collect();
    let best_is_first = first.iter().any(|&item| truth[item] >= 1.0);
    sum.best_first.add(if best_is_first { 1.0 / first.len() as f64 } else { 0.0 });
    Ok(())
}
