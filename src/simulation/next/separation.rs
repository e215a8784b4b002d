//! How many more comparisons it takes until a board tells apart what it is asked to: power analysis by
//! simulation.

use rayon::prelude::*;
use serde::Serialize;

use super::futures::{Ledger, Truth, World};
use super::goal::Goal;
use super::joins::{can_connect, joins};
use super::{NextError, NextSettings, PRIOR_PRECISION, belief, set_worths};
use crate::data::graph::PreferenceGraph;
use crate::models::bradley_terry::DENSE_LIMIT;
use crate::models::{BradleyTerry, Fitted, Rater};
use crate::random::{Purpose, stream};
use crate::simulation::samplers::{Choice, Counts};
use crate::uncertainty::{CovarianceKind, RankSettings, Uncertainty, covariance};

/// How futures are simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeparationSettings {
    /// What is to be told apart.
    pub goal: Goal,
    /// What is held true.
    pub truth: Truth,
    /// How many futures; 0 counts as 1.
    pub trials: u32,
    /// A future ends after this many comparisons.
    pub most: u64,
    /// How the board is fitted.
    pub rater: BradleyTerry,
    /// How its ranks are told apart.
    pub ranks: RankSettings,
}

/// How many more comparisons it takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Separation {
    /// What is to be told apart, as `--until` takes it.
    pub goal: String,
    /// What was held true.
    pub truth: Truth,
    /// Futures that were simulated.
    pub trials: u32,
    /// Those in which the goal was met.
    pub reached: u32,
    /// Those of them in which it was met wrongly: some of what the board tells apart is not so in truth.
    pub wrong: u32,
    /// The comparisons after which a future ended without it.
    pub most: u64,
    /// Whether the board of the log meets it already.
    pub met_now: bool,
    /// More comparisons until the goal is met for the first time.
    pub needed: Needed,
    /// The share of futures in which it has been met, by the number of comparisons bought.
    pub curve: Vec<CurvePoint>,
}

/// The law of the number of comparisons; `None` where too many futures never met the goal to tell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Needed {
    /// Half of the futures need no more.
    pub median: Option<u64>,
    /// The lower end of the median's 95 % interval, for the number of futures.
    pub median_low: Option<u64>,
    /// The upper end.
    pub median_high: Option<u64>,
    /// One in ten needs no more.
    pub decile: Option<u64>,
    /// Nine in ten need no more.
    pub ninth_decile: Option<u64>,
    /// The mean, where all futures met the goal.
    pub mean: Option<f64>,
    /// Its standard error.
    pub std_error: Option<f64>,
}

/// A point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Comparisons bought.
    pub comparisons: u64,
    /// The share of futures that have met the goal by then.
    pub share: f64,
    /// Its standard error, for the number of futures.
    pub std_error: f64,
}

/// A look at the board comes after so many more comparisons than the one before had, as a share: numbers of
/// comparisons are known to within it.
const BETWEEN_LOOKS: f64 = 0.15;
/// The first look comes after this share of the log's comparisons, or after a batch if that is more.
const FIRST_LOOK: f64 = 0.01;
/// Choices of the sampler between two looks, or as many as there are items if that is more; where more
/// comparisons lie between them, each choice is bought several times.
const CHOICES_A_LOOK: u64 = 32;

/// Futures that are begun together.
const WAVE: u32 = 16;

impl Separation {
    /// Simulates futures of a log whose board is `fitted` with these errors: comparisons are chosen by the sampler,
    /// won as the truth has it, and the board is fitted and tested anew at looks that lie 15 % apart, the first
    /// after a batch of `settings.count` or a hundredth of the log. The log's own comparisons stay in all futures.
    /// Groups that nothing connects are joined first.
    ///
    /// Outcomes are Davidson's, so that ties are as frequent as in the log. The truth is the fit under a normal prior
    /// of variance 10 in log-odds, or is drawn from its normal approximation. Clusters are not simulated: the variances
    /// that the log and the bought comparisons leave are multiplied by the log's design effect. A repeated look meets a
    /// goal by chance more often than a single one would, and at times what is told apart is not so in truth:
    /// those futures are counted.
    ///
    /// Between two looks the sampler chooses 32 times, or as many times as there are items; where more comparisons than
    /// that lie between them each choice is bought several times, and told to the sampler together.
    ///
    /// `progress` is told how many futures were added, and may say that it is enough: then what is under way is dropped.
    /// O(trials × looks × (items³ + items² × choices)).
    ///
    /// # Errors
    /// If the goal needs more items, nothing can be compared, or there is no fit to simulate from.
    ///
    /// # Source
    /// Predictive power, or assurance: Spiegelhalter and Freedman 1986; O'Hagan, Stevens and Campbell 2005. With the
    /// truth held at the estimate, conditional power.
    pub fn simulate(
        graph: &PreferenceGraph,
        fitted: &dyn Fitted,
        uncertainty: &Uncertainty,
        settings: &NextSettings,
        wanted: SeparationSettings,
        progress: &(dyn Fn(u32) -> bool + Sync),
    ) -> Result<Self, NextError> {
        let wanted = SeparationSettings { trials: wanted.trials.max(1), ..wanted };
        let items = graph.items().len();
        if items > DENSE_LIMIT {
            return Err(NextError::TooManyItemsToSimulate { items });
        }
        wanted.goal.check(items)?;
        let met_now = wanted.goal.is_met(fitted.ratings(), uncertainty, wanted.ranks);
        let looks = if met_now { Vec::new() } else { looks(first_look(settings.count, graph), wanted.most) };
        let futures: Vec<Option<Met>> = if met_now {
            let world = World::of(graph, PRIOR_PRECISION, design_effect(uncertainty))?;
            let met = |trial: u32| {
                let truth =
                    world.draw(wanted.truth, &mut stream(settings.seed, Purpose::FutureTruths, u64::from(trial)));
                Some(Met { after: 0, is_true: wanted.goal.is_true(fitted.ratings(), truth.as_slice()) })
            };
            (0..wanted.trials).map(met).collect()
        } else {
            Planner::new(graph, fitted, uncertainty, settings, wanted, &looks)?.futures(progress)?
        };
        if futures.is_empty() {
            return Err(NextError::Stopped);
        }
        let wanted = SeparationSettings { trials: futures.len() as u32, ..wanted };
        Ok(Self::summary(wanted, met_now, &looks, &futures))
    }

    fn summary(wanted: SeparationSettings, met_now: bool, looks: &[u64], futures: &[Option<Met>]) -> Self {
        let trials = futures.len() as f64;
        let mut met: Vec<u64> = futures.iter().flatten().map(|met| met.after).collect();
        met.sort_unstable();
        let by = |comparisons: u64| met.partition_point(|&needed| needed <= comparisons) as f64 / trials;
        let point = |comparisons: u64| {
            let share = by(comparisons);
            CurvePoint { comparisons, share, std_error: (share * (1.0 - share) / trials).sqrt() }
        };
        let last = looks.iter().position(|&look| by(look) >= 1.0).map_or(looks.len(), |last| last + 1);
        Self {
            goal: wanted.goal.to_string(),
            truth: wanted.truth,
            trials: wanted.trials,
            reached: met.len() as u32,
            wrong: futures.iter().flatten().filter(|met| !met.is_true).count() as u32,
            most: wanted.most,
            met_now,
            needed: Needed::of(&met, wanted.trials as usize),
            curve: std::iter::once(0).chain(looks[..last].iter().copied()).map(point).collect(),
        }
    }
}

/// How a future ended.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Played {
    Met(Met),
    NotMet,
    Stopped,
}

/// A future in which the goal was met.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Met {
    /// The comparisons bought by then.
    after: u64,
    /// Whether what is told apart is so in truth.
    is_true: bool,
}

impl Needed {
    /// Of the sorted numbers of those trials that met the goal.
    fn of(met: &[u64], trials: usize) -> Self {
        let n = trials as f64;
        // The smallest number by which the share is reached.
        let quantile = |share: f64| met.get(((share * n).ceil() as usize).max(1) - 1).copied();
        // Ranks between which the median lies, by the normal approximation of the binomial law.
        let half = 0.98 * n.sqrt();
        let low = (n / 2.0 - half).floor().max(0.0) as usize;
        let high = (n / 2.0 + half).ceil() as usize;
        let mean = (met.len() == trials && trials > 0).then(|| met.iter().sum::<u64>() as f64 / n);
        let std_error = mean.filter(|_| trials > 1).map(|mean| {
            let squares: f64 = met.iter().map(|&needed| (needed as f64 - mean).powi(2)).sum();
            (squares / (n - 1.0) / n).sqrt()
        });
        Self {
            median: quantile(0.5),
            median_low: met.get(low).copied(),
            median_high: met.get(high.min(trials.saturating_sub(1))).copied(),
            decile: quantile(0.1),
            ninth_decile: quantile(0.9),
            mean,
            std_error,
        }
    }
}

/// A batch, or a hundredth of the log if that is more: fewer change little.
fn first_look(count: usize, graph: &PreferenceGraph) -> u64 {
    (count as f64).max(graph.comparisons() * FIRST_LOOK) as u64
}

/// The numbers of comparisons after which the board is looked at.
fn looks(first: u64, most: u64) -> Vec<u64> {
    let mut looks = Vec::new();
    let mut next = first.clamp(1, most.max(1));
    while next < most {
        looks.push(next);
        next += ((next as f64 * BETWEEN_LOOKS).ceil() as u64).max(1);
    }
    looks.push(most.max(1));
    looks
}

/// By how much clusters widen errors.
fn design_effect(uncertainty: &Uncertainty) -> f64 {
    uncertainty.clusters.as_ref().and_then(|it| it.design_effect).unwrap_or(1.0)
}

/// What all futures share.
struct Planner<'a> {
    settings: &'a NextSettings,
    wanted: SeparationSettings,
    looks: &'a [u64],
    world: World,
    ledger: Ledger,
    counts: Counts,
    /// Pairs that are bought first.
    joins: Vec<usize>,
    /// Where fits begin.
    ratings: Vec<f64>,
    design_effect: f64,
}

impl<'a> Planner<'a> {
    fn new(
        graph: &PreferenceGraph,
        fitted: &dyn Fitted,
        uncertainty: &Uncertainty,
        settings: &'a NextSettings,
        wanted: SeparationSettings,
        looks: &'a [u64],
    ) -> Result<Self, NextError> {
        // A setting that is refused is told before the work.
        settings.sampler.sampler(&settings.set)?;
        let mut counts = Counts::of_graph(graph)?;
        set_worths(&mut counts, settings)?;
        let design_effect = design_effect(uncertainty);
        if !can_connect(graph, &counts) {
            return Err(NextError::Unreachable { goal: wanted.goal.to_string() });
        }
        let mut rng = stream(settings.seed, Purpose::NextBatch, 0);
        Ok(Self {
            world: World::of(graph, PRIOR_PRECISION, design_effect)?,
            ledger: Ledger::of(graph),
            joins: joins(graph, &counts, &belief(&counts), &mut rng),
            counts,
            settings,
            wanted,
            looks,
            ratings: fitted.ratings().to_vec(),
            design_effect,
        })
    }

    /// What all futures come to, or those of the waves that were done when it was enough.
    fn futures(&self, progress: &(dyn Fn(u32) -> bool + Sync)) -> Result<Vec<Option<Met>>, NextError> {
        let mut futures = Vec::with_capacity(self.wanted.trials as usize);
        while futures.len() < self.wanted.trials as usize {
            let from = futures.len() as u32;
            let wave = from..self.wanted.trials.min(from.saturating_add(WAVE));
            let played: Vec<Played> =
                wave.into_par_iter().map(|trial| self.future(trial.into(), progress)).collect::<Result<_, _>>()?;
            if played.contains(&Played::Stopped) {
                break;
            }
            futures.extend(played.into_iter().map(|played| match played {
                Played::Met(met) => Some(met),
                Played::NotMet | Played::Stopped => None,
            }));
        }
        Ok(futures)
    }

    /// When the goal is met first in this future.
    fn future(&self, trial: u64, progress: &(dyn Fn(u32) -> bool + Sync)) -> Result<Played, NextError> {
        let rng = |purpose| stream(self.settings.seed, purpose, trial);
        let truth = self.world.draw(self.wanted.truth, &mut rng(Purpose::FutureTruths));
        let mut sampler = self.settings.sampler.sampler(&self.settings.set)?;
        let (mut choices, mut outcomes) = (rng(Purpose::FutureChoices), rng(Purpose::FutureOutcomes));
        let (mut counts, mut sums) = (self.counts.clone(), self.ledger.sums());
        let mut joins = self.joins.iter();
        let mut ratings = self.ratings.clone();
        let mut bought = 0;
        for &look in self.looks {
            let size = (look - bought).div_ceil(CHOICES_A_LOOK.max(counts.items() as u64));
            while bought < look {
                let next = joins.next().map(|&pair| Choice { pair, task: 0 });
                let Some(choice) = next.or_else(|| sampler.pick(&counts, &mut choices)) else {
                    progress(1);
                    return Ok(Played::NotMet);
                };
                let [low, high] = counts.items_of(choice);
                let count = size.min(look - bought);
                let found = self.world.outcomes(truth[low] - truth[high], count, &mut outcomes);
                self.ledger.add(&mut sums, choice.pair, found);
                found.record(&mut counts, choice);
                sampler.told(&counts, choice, found.share());
                bought += count;
            }
            if !progress(0) {
                return Ok(Played::Stopped);
            }
            let graph = self.ledger.graph(&sums);
            let fitted = self.wanted.rater.fit((&graph).into(), Some(&ratings))?;
            ratings.copy_from_slice(fitted.ratings());
            if self.is_met(&graph, &*fitted) {
                let is_true = self.wanted.goal.is_true(fitted.ratings(), truth.as_slice());
                progress(1);
                return Ok(Played::Met(Met { after: look, is_true }));
            }
        }
        progress(1);
        Ok(Played::NotMet)
    }

    fn is_met(&self, graph: &PreferenceGraph, fitted: &dyn Fitted) -> bool {
        let errors = covariance(fitted, graph, CovarianceKind::Sandwich, None).widened(self.design_effect);
        self.wanted.goal.is_met(fitted.ratings(), &errors, self.wanted.ranks)
    }
}
