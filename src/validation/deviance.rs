//! The deviance test: do comparisons fit one ladder of strengths, or is there more in them than that?

mod chance;
mod clustering;
mod ladder;

use rayon::prelude::*;
use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF, StudentsT};

pub use self::chance::Range;
use self::chance::{Chance, Replicate};
pub use self::clustering::Clustering;
use self::ladder::{Fit, Table};
use crate::data::graph::PreferenceGraph;
use crate::models::FitError;
use crate::models::bradley_terry::DENSE_LIMIT;
use crate::random::{Purpose, stream};
use crate::structure::hodge::Flow;
use crate::structure::triads::Triads;
use crate::uncertainty::Clusters;

/// Below this expected count of some outcome of some pair the χ² distribution is not relied on.
pub const LEAST_EXPECTED_COUNT: f64 = 5.0;
/// A pair decided once fits any ladder that has its items in either order: its deviance depends on the
/// fit alone, and logs drawn from a fit spread more than those of the truth. With fewer decided
/// comparisons a pair than this, on average, nothing is tested. Of 150 flat and 150 steep ladders of 12 items,
/// a test at 5 % refused 56 and 9 % at one comparison a pair, 11 and 7 % at two, 6 and 5 % at three, 9 and
/// 4 % at six.
pub const LEAST_COMPARISONS_A_PAIR: f64 = 3.0;
/// From this many logs on the share of them beyond the deviance is its p-value; of fewer, which is all
/// that a large log has time for, the mean and deviation are taken.
const COUNTED_FROM: usize = 99;
/// Fewer logs than this are not drawn: they say nothing.
pub const FEWEST_LOGS: u32 = 20;
/// Elementary steps, about, that all logs together may take: a second or two of one core.
const STEPS: f64 = 4e9;
/// The same for the fewest logs, where these take longer: a quarter of a minute.
const MOST_STEPS: f64 = 6e10;

/// How the test is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DevianceSettings {
    /// Logs to draw from the fitted ladder. Fewer are drawn where so many would take long, which is
    /// reckoned from the numbers of items and pairs.
    pub resamples: u32,
    /// The seed; log `k` uses stream `k` of it.
    pub seed: u64,
}

impl Default for DevianceSettings {
    fn default() -> Self {
        Self { resamples: 1000, seed: 0 }
    }
}

/// Where a p-value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestMethod {
    /// The χ² distribution: every outcome of every pair is expected [`LEAST_EXPECTED_COUNT`] times.
    ChiSquared,
    /// The share of logs drawn from the fitted ladder whose deviance is as large, the log itself counted.
    Bootstrap,
    /// The mean and standard deviation of the deviance of a few drawn logs, with the t distribution.
    BootstrapMoments,
    /// None: there is nothing to test, pairs were decided too seldom, win shares are no counts, or drawing
    /// logs would take too long.
    None,
}

/// How far the comparisons are from any Bradley-Terry ladder, and how far chance alone would take them.
///
/// Ties are left out: given that a comparison was decided, Davidson's model with ties is Bradley-Terry.
/// Where no maximum exists because some items only won against others, the ladder fits those pairs
/// exactly, and what is tested are the pairs inside the strong components of the graph of wins. Weights
/// enter: a pair counts as (Σw)²/Σw² comparisons. Comparisons that share a task say less than as many that
/// are independent: given such clusters, the deviance is divided by their design effect ([`Clustering`])
/// before it is held against chance.
///
/// # Source
/// The likelihood-ratio test against the saturated model, which has one probability a pair: its
/// deviance has E − n + c degrees of freedom (E pairs, n items, c components).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deviance {
    /// 2 (log-likelihood of the saturated model − that of the ladder).
    pub deviance: f64,
    /// E − n + c; 0 where no loop of decided pairs can be tested.
    pub degrees_of_freedom: usize,
    /// The probability of a deviance as large if one ladder were true.
    pub p_value: Option<f64>,
    /// Where the p-value comes from.
    pub method: TestMethod,
    /// The decided comparisons of a tested pair, their harmonic mean.
    pub comparisons_a_pair: Option<f64>,
    /// The p-value by the χ² distribution, valid or not; `None` without degrees of freedom.
    pub chi_squared_p_value: Option<f64>,
    /// The smallest expected count of an outcome of a tested pair.
    pub least_expected_count: Option<f64>,
    /// Of all comparisons being decided by fair coins: what a ladder of equal items leaves.
    pub deviance_of_equals: f64,
    /// The dimensions of a ladder: items − components.
    pub ladder_dimensions: usize,
    /// Logs drawn from the fitted ladder.
    pub resamples: usize,
    /// Their deviances; without logs its mean is the degrees of freedom, where χ² holds.
    pub chance_deviance: Option<Range>,
    /// The share of the log-odds that no ladder carries, in those logs.
    pub chance_cyclicity: Option<Range>,
    /// The cyclic triads of those logs.
    pub chance_triads: Option<Range>,
    /// Whether the ladder's fit converged.
    pub converged: bool,
    /// Σw²/Σw over decided comparisons: what one weighs in the deviances, 1 where nothing is weighted.
    pub weight_scale: f64,
    /// Whether the log has win shares, which are no counts and have no known error.
    pub has_shares: bool,
    /// The decided comparisons of all tested pairs.
    pub tested_comparisons: f64,
    /// How comparisons were clustered, where they were.
    pub cluster: Option<Clustering>,
}

impl Deviance {
    /// Fits one ladder and tests it. `clusters` are of the log of this graph. `progress` is called after each
    /// log drawn.
    ///
    /// O(resamples × (pairs + a fit from a near start + the triangles of pairs)), bounded as
    /// [`DevianceSettings::resamples`] says.
    ///
    /// # Errors
    /// If the ladder can't be fitted.
    pub fn test(
        graph: &PreferenceGraph,
        clusters: Option<&Clusters>,
        settings: DevianceSettings,
        progress: &(dyn Fn() + Sync),
    ) -> Result<Self, FitError> {
        let table = Table::new(graph);
        let fit = Fit::of(table.decisive(), None)?;
        let replicates = draw(&table, &fit, settings, progress)?;
        let chance = (!replicates.is_empty()).then(|| Chance::of(&replicates));
        let cluster = clusters.map(|clusters| Clustering::of(graph, &table, &fit, clusters));
        let independent = fit.deviance / cluster.as_ref().and_then(|it| it.design_effect).unwrap_or(1.0);
        let (p_value, method) = p_value(&table, &fit, independent, &replicates);
        Ok(Self {
            deviance: fit.deviance,
            degrees_of_freedom: fit.degrees_of_freedom,
            p_value,
            method,
            comparisons_a_pair: table.comparisons_a_pair(&fit),
            chi_squared_p_value: chi_squared(fit.deviance, fit.degrees_of_freedom),
            least_expected_count: fit.least_expected_count,
            deviance_of_equals: table.deviance_of_equals(),
            ladder_dimensions: table.ladder_dimensions(),
            resamples: replicates.len(),
            chance_deviance: chance.map(|chance| chance.deviance),
            chance_cyclicity: chance.map(|chance| chance.cyclicity),
            chance_triads: chance.map(|chance| chance.triads),
            converged: fit.converged,
            weight_scale: table.weight_scale,
            has_shares: table.has_shares,
            tested_comparisons: table.tested_comparisons(&fit),
            cluster,
        })
    }

    /// The p-value for people, such as `p = 0.043`, or `p ≤ 0.001` where no drawn log was as far off.
    pub fn p_value_text(&self) -> Option<String> {
        let p_value = self.p_value?;
        let least = 1.0 / (self.resamples + 1) as f64;
        Some(if self.method == TestMethod::Bootstrap && p_value <= least {
            format!("p ≤ {}", two_digits(least))
        } else if p_value < 0.0001 {
            "p < 0.0001".to_owned()
        } else {
            format!("p = {}", two_digits(p_value))
        })
    }

    /// Whether the tested pairs were decided too seldom for a test.
    pub fn is_seldom_decided(&self) -> bool {
        self.comparisons_a_pair.is_some_and(|comparisons| comparisons < LEAST_COMPARISONS_A_PAIR)
    }

    /// How much of what the comparisons say beyond chance one ladder carries; `None` where nothing can be
    /// tested.
    ///
    /// The ladder takes `deviance_of_equals − deviance` off the deviance, of which chance alone would give
    /// one a dimension; what is left is more than chance by the deviance less its mean in drawn logs, or
    /// its degrees of freedom. Of m comparisons of a pair one is spent on fitting its own share in the
    /// saturated model, so that amount stands for m / (m − 1) times as much. The bound takes both where 5 %
    /// of chance would put them, with the variances of noncentral χ². Deviances are taken in units of what
    /// one comparison weighs, so that the unit of weights changes nothing, and divided by the design effect.
    pub fn explained(&self) -> Option<Explained> {
        let comparisons = self.comparisons_a_pair.filter(|&comparisons| comparisons > 1.0)?;
        let (seen, scale) = ((comparisons - 1.0) / comparisons, self.weight_scale);
        let clustered = scale * self.design_effect();
        let chance = match (self.chance_deviance, self.method) {
            (Some(chance), _) => (chance.mean / scale, (chance.std_dev / scale).powi(2)),
            (None, TestMethod::ChiSquared) => (self.degrees_of_freedom as f64, 2.0 * self.degrees_of_freedom as f64),
            (None, _) => return None,
        };
        let ladder = Beyond::of((self.deviance_of_equals - self.deviance) / clustered, {
            let dimensions = self.ladder_dimensions as f64;
            (dimensions, 2.0 * dimensions)
        });
        let rest = Beyond::of(self.deviance / clustered, chance);
        let share = |ladder: f64, rest: f64| if ladder > 0.0 { ladder / (ladder + rest) } else { 0.0 };
        Some(Explained {
            share: share(ladder.amount, rest.amount / seen),
            at_least: share(ladder.low, rest.high / seen),
            misfit_at_most: ((rest.amount + rest.error) / seen * self.design_effect()
                / (4.0 * self.tested_comparisons))
                .sqrt(),
        })
    }

    /// What chance adds to the deviance by clusters, as a multiple of what it adds to independent comparisons.
    fn design_effect(&self) -> f64 {
        self.cluster.as_ref().and_then(|cluster| cluster.design_effect).unwrap_or(1.0)
    }

    /// How many logs of so many `asked` are drawn of a graph.
    pub fn logs_drawn(graph: &PreferenceGraph, asked: u32) -> u32 {
        let steps = steps(graph);
        let fewest = FEWEST_LOGS.min(asked);
        let possible = (STEPS / steps).min(f64::from(asked)) as u32;
        if f64::from(fewest) * steps > MOST_STEPS { 0 } else { possible.max(fewest) }
    }
}

/// A probability in two significant digits, without zeros at the end.
fn two_digits(probability: f64) -> String {
    let digits = (1.0 - probability.max(1e-9).log10().floor()).max(2.0) as usize;
    format!("{probability:.digits$}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The share of what comparisons say beyond chance that one ladder carries.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Explained {
    /// From 0 to 1.
    pub share: f64,
    /// It is likely (95 %) no less than this.
    pub at_least: f64,
    /// How far the win probability of a tested pair is off the ladder's: likely (95 %) no more than this, as
    /// the root mean square over comparisons. A deviance is Σ n Δp² / (p (1 − p)), and p (1 − p) ≤ 1/4. Less
    /// deviance than chance makes is no sign of a better fit.
    pub misfit_at_most: f64,
}

/// A deviance less what chance alone gives, never below 0, and its likely (95 %) bounds.
struct Beyond {
    amount: f64,
    error: f64,
    low: f64,
    high: f64,
}

impl Beyond {
    fn of(deviance: f64, (mean, variance): (f64, f64)) -> Self {
        const QUANTILE: f64 = 1.644_853_626_951_472_2;
        let amount = (deviance - mean).max(0.0);
        let error = QUANTILE * (variance + 4.0 * amount).sqrt();
        Self { amount, error, low: (deviance - mean - error).max(0.0), high: (deviance - mean + error).max(0.0) }
    }
}

/// Elementary steps of one log, about: a few dense factorisations, passes over pairs, and the merging of
/// neighbours that finds triangles.
fn steps(graph: &PreferenceGraph) -> f64 {
    let (items, pairs) = (graph.items().len() as f64, graph.pairs().len() as f64);
    let solves = if items <= DENSE_LIMIT as f64 { items.powi(3) / 2.0 } else { 1000.0 * pairs };
    let triangles = 6.0 * pairs * pairs / items.max(1.0);
    1000.0 + solves + 1000.0 * pairs + triangles
}

fn draw(
    table: &Table,
    fit: &Fit,
    settings: DevianceSettings,
    progress: &(dyn Fn() + Sync),
) -> Result<Vec<Replicate>, FitError> {
    if !table.is_testable(fit) {
        return Ok(Vec::new());
    }
    let logs = Deviance::logs_drawn(table.full(), settings.resamples);
    let one = |number: u32| -> Result<Replicate, FitError> {
        let mut rng = stream(settings.seed, Purpose::LadderLogs, u64::from(number));
        let drawn = table.drawn(fit, &mut rng);
        let refit = Fit::of(&drawn.decisive, Some(&fit.ratings))?;
        progress();
        Ok(Replicate {
            deviance: refit.deviance,
            cyclicity: Flow::log_odds_of_independent(&drawn.full).gradient().cyclicity(),
            triads: Triads::of(&Flow::margins(&drawn.full)).cyclic as f64,
        })
    };
    (0..logs).into_par_iter().map(one).collect()
}

fn chi_squared(deviance: f64, degrees_of_freedom: usize) -> Option<f64> {
    Some(ChiSquared::new(degrees_of_freedom as f64).ok()?.sf(deviance.max(0.0)))
}

/// The chance of so large a `deviance`, what clusters add to it taken off.
fn p_value(table: &Table, fit: &Fit, deviance: f64, replicates: &[Replicate]) -> (Option<f64>, TestMethod) {
    if !table.is_testable(fit) {
        return (None, TestMethod::None);
    }
    if !table.is_weighted && fit.least_expected_count.is_some_and(|least| least >= LEAST_EXPECTED_COUNT) {
        return (chi_squared(deviance, fit.degrees_of_freedom), TestMethod::ChiSquared);
    }
    if replicates.len() >= COUNTED_FROM {
        // What rounding may tell apart of two equal logs is no difference.
        let least = deviance - 1e-9 * deviance.max(1.0);
        let beyond = replicates.iter().filter(|replicate| replicate.deviance >= least).count();
        return (Some((beyond + 1) as f64 / (replicates.len() + 1) as f64), TestMethod::Bootstrap);
    }
    match by_moments(deviance, replicates) {
        Some(p_value) => (Some(p_value), TestMethod::BootstrapMoments),
        None => (None, TestMethod::None),
    }
}

/// The chance that one more log has so large a deviance, if deviances are normal.
fn by_moments(deviance: f64, replicates: &[Replicate]) -> Option<f64> {
    let n = replicates.len() as f64;
    let t = StudentsT::new(0.0, 1.0, n - 1.0).ok()?;
    let drawn = Range::of(replicates.iter().map(|replicate| replicate.deviance).collect());
    (drawn.std_dev > 0.0).then(|| t.sf((deviance - drawn.mean) / (drawn.std_dev * (1.0 + 1.0 / n).sqrt())))
}

#[cfg(test)]
mod tests;
