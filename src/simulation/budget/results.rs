//! Sums over trials, and what they say.

use serde::Serialize;

use super::super::topologies::Moments;
use super::BudgetStudy;
use crate::structure::Note;

/// A world with a sampler that chooses so many comparisons at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) world: usize,
    pub(super) sampler: usize,
    pub(super) batch: u64,
}

/// How far an order is from the truth.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Errors {
    /// The generalised ranking error.
    pub(super) error: f64,
    /// Kendall's distance, as a share of all pairs.
    pub(super) kendall: f64,
    /// The share of the true top k that is missed.
    pub(super) top_k: f64,
}

/// One cell's trials so far: checkpoint × ranker.
#[derive(Debug, Clone)]
pub(super) struct Accumulated {
    rankers: usize,
    points: Vec<PointSums>,
    /// Ranker × trial: the mean of the error along the budget.
    averages: Vec<Vec<f64>>,
    /// One a ranker: fits at checkpoints that had not converged.
    failures: Vec<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct PointSums {
    error: Moments,
    kendall: Moments,
    top_k: Moments,
    /// Trials whose error is not above the target.
    reached: u64,
}

impl Accumulated {
    pub(super) fn new(rankers: usize, checkpoints: usize) -> Self {
        Self {
            rankers,
            points: vec![PointSums::default(); rankers * checkpoints],
            averages: vec![Vec::new(); rankers],
            failures: vec![0; rankers],
        }
    }

    /// Adds the errors of a trial, checkpoint × ranker, after those of an order that knows nothing. Between two
    /// checkpoints the error of the results that have come is taken to fall evenly from batch to batch.
    pub(super) fn add_trial(&mut self, start: Errors, errors: &[Errors], checkpoints: &[u64], batch: u64, target: f64) {
        for (sums, errors) in self.points.iter_mut().zip(errors) {
            sums.error.add(errors.error);
            sums.kendall.add(errors.kendall);
            sums.top_k.add(errors.top_k);
            sums.reached += u64::from(errors.error <= target + ROUNDING);
        }
        let all = checkpoints.last().copied().unwrap_or(1) as f64;
        for (ranker, averages) in self.averages.iter_mut().enumerate() {
            let (mut sum, mut before, mut known) = (0.0, 0, start.error);
            for (at, &checkpoint) in checkpoints.iter().enumerate() {
                let next = errors[at * self.rankers + ranker].error;
                sum += sum_between(known, next, checkpoint - before, batch);
                (before, known) = (checkpoint, next);
            }
            averages.push(sum / all);
        }
    }

    /// Adds the fits of a trial that had not converged, one number a ranker.
    pub(super) fn add_failures(&mut self, failures: &[u64]) {
        for (sum, failures) in self.failures.iter_mut().zip(failures) {
            *sum += failures;
        }
    }

    /// Adds the trials after these.
    pub(super) fn add(&mut self, part: Self) {
        for (sums, part) in self.points.iter_mut().zip(part.points) {
            sums.error.merge(part.error);
            sums.kendall.merge(part.kendall);
            sums.top_k.merge(part.top_k);
            sums.reached += part.reached;
        }
        for (averages, part) in self.averages.iter_mut().zip(part.averages) {
            averages.extend(part);
        }
        self.add_failures(&part.failures);
    }
}

/// The errors after each of `made` comparisons, summed, of which whole batches come in turn and the last may be
/// short. After m of n batches the error is E(m) = known + (next − known) m/n; a batch that is waited for leaves
/// that of the one before.
fn sum_between(known: f64, next: f64, made: u64, batch: u64) -> f64 {
    let n = made.div_ceil(batch) as f64;
    let (batch, short) = (batch as f64, (made.next_multiple_of(batch) - made) as f64);
    let step = (next - known) / n;
    let waiting = n * known + step * n * (n - 1.0) / 2.0;
    let come = n * known + step * n * (n + 1.0) / 2.0;
    (batch - 1.0) * waiting + come - short * (known + step * (n - 1.0))
}

/// Errors are sums of a few fractions: this much is rounding.
const ROUNDING: f64 = 1e-12;

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BudgetResult {
    /// How many trials each cell of the grid has: fewer than asked for, if the study was stopped.
    pub trials: u64,
    /// Errors along the budget, by world, sampler, batch and ranker, in the order of the study.
    pub curves: Vec<CurvePoint>,
    /// One row for each of these.
    pub summary: Vec<SummaryRow>,
}

/// The error after a number of comparisons: means over trials with their standard errors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The world.
    pub world: String,
    /// The sampler.
    pub sampler: String,
    /// The ranker.
    pub ranker: String,
    /// How many comparisons are chosen before their results come.
    pub batch: u64,
    /// How many comparisons were made.
    pub samples: u64,
    /// How many batches they are: how often somebody had to wait.
    pub rounds: u64,
    /// What they cost.
    pub cost: f64,
    /// The generalised ranking error GRE(k).
    pub error: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Kendall's distance to the true order, as a share of all pairs: `K_n`.
    pub kendall: f64,
    /// Its standard error.
    pub kendall_error: f64,
    /// The share of the true top k that is missed.
    pub top_k: f64,
    /// Its standard error.
    pub top_k_error: f64,
    /// The share of trials whose ranking error is not above the target.
    pub reached: f64,
}

/// A world, a sampler and a ranker.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SummaryRow {
    /// The world.
    pub world: String,
    /// The sampler.
    pub sampler: String,
    /// The ranker.
    pub ranker: String,
    /// How many comparisons are chosen before their results come.
    pub batch: u64,
    /// The mean of GRE(k) along the budget: AGRE(k).
    pub average_error: f64,
    /// Its standard error.
    pub std_error: f64,
    /// How far that is above the lowest one of the world: a mean of paired differences.
    pub behind_best: f64,
    /// The standard error of the difference; 0 for the lowest one itself.
    pub behind_best_error: f64,
    /// GRE(k) at the end of the budget.
    pub final_error: f64,
    /// Its standard error.
    pub final_std_error: f64,
    /// The comparisons after which, at every later checkpoint too, the target is met; none where it is not
    /// met within the budget.
    pub samples_to_target: Option<u64>,
    /// The lower end of its 95 % interval for the number of trials: from here on the target may be met, by a score
    /// test of the share of trials at each checkpoint. None where it is refused at the end of the budget.
    pub samples_to_target_low: Option<u64>,
    /// The upper end: from here on it is known to be met. None where that is not within the budget, or no share of so
    /// few trials shows it: none of however many shows a probability of 1.
    pub samples_to_target_high: Option<u64>,
    /// The batches that those are.
    pub rounds_to_target: Option<u64>,
    /// What they cost.
    pub cost_to_target: Option<f64>,
    /// Fits of the ranker at checkpoints, over all trials, that had not converged.
    pub unconverged_fits: u64,
}

impl BudgetResult {
    pub(super) fn of(study: &BudgetStudy, cells: &[Cell], accumulated: &[Accumulated], trials: u64) -> Self {
        let mut result = Self { trials, curves: Vec::new(), summary: Vec::new() };
        for world in 0..study.worlds.len() {
            let of_world = || cells.iter().zip(accumulated).filter(|(cell, _)| cell.world == world);
            let best = of_world().flat_map(|(_, sums)| &sums.averages).min_by(|a, b| mean(a).total_cmp(&mean(b)));
            for (cell, sums) in of_world() {
                for ranker in 0..study.rankers.len() {
                    let curve = curve(study, cell, sums, ranker);
                    result.summary.push(SummaryRow {
                        unconverged_fits: sums.failures[ranker],
                        ..summary(study, &curve, &sums.averages[ranker], best)
                    });
                    result.curves.extend(curve);
                }
            }
        }
        result
    }

    /// What the reader must know: which rankers had fits that did not converge, and whether there are too few trials
    /// to show that the target of the study is met.
    pub fn notes(&self, study: &BudgetStudy) -> Vec<Note> {
        let mut rankers: Vec<&str> = self.summary.iter().map(|row| row.ranker.as_str()).collect();
        rankers.sort_unstable();
        rankers.dedup();
        let failed = |ranker: &str| -> u64 {
            self.summary.iter().filter(|row| row.ranker == ranker).map(|row| row.unconverged_fits).sum()
        };
        let note = |(ranker, failures): (&str, u64)| {
            let message = format!("{ranker}: {failures} of its fits along the budgets had not converged");
            Note::new("not-converged", message)
        };
        let failures = rankers.into_iter().map(|ranker| (ranker, failed(ranker))).filter(|(_, failures)| *failures > 0);
        failures.map(note).chain(self.too_few_trials(study.target.probability)).collect()
    }

    /// All of fewer than z² p / (1 − p) trials may meet the target by chance where a share p does.
    fn too_few_trials(&self, probability: f64) -> Option<Note> {
        let least = (Z * Z * probability / (1.0 - probability)).ceil();
        let asked_for = self.summary.iter().any(|row| row.samples_to_target_low.is_some());
        if !asked_for || (self.trials as f64) >= least {
            return None;
        }
        let what = format!("{} trials can't show that a target is met in {}% of all", self.trials, 100.0 * probability);
        let message = if least.is_finite() {
            format!("{what}, so to target has no upper ends; that takes {least} or more")
        } else {
            format!("{what}, nor can any number, so to target has no upper ends")
        };
        Some(Note::new("few-trials", message))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn curve(study: &BudgetStudy, cell: &Cell, sums: &Accumulated, ranker: usize) -> Vec<CurvePoint> {
    let points = sums.points.iter().skip(ranker).step_by(sums.rankers);
    let trials = sums.averages[ranker].len() as f64;
    let point = |(samples, point): (u64, &PointSums)| {
        let [error, kendall, top_k] = [point.error, point.kendall, point.top_k].map(Moments::mean);
        CurvePoint {
            world: study.worlds[cell.world].label().to_owned(),
            sampler: study.samplers[cell.sampler].label().to_owned(),
            ranker: study.rankers[ranker].label().to_owned(),
            batch: cell.batch,
            samples,
            rounds: samples.div_ceil(cell.batch),
            cost: study.cost * samples as f64,
            error: error.mean,
            std_error: error.std_error,
            kendall: kendall.mean,
            kendall_error: kendall.std_error,
            top_k: top_k.mean,
            top_k_error: top_k.std_error,
            reached: point.reached as f64 / trials,
        }
    };
    study.checkpoints_of(cell).into_iter().zip(points).map(point).collect()
}

/// The row of a curve, which has a point at least.
fn summary(study: &BudgetStudy, curve: &[CurvePoint], averages: &[f64], best: Option<&Vec<f64>>) -> SummaryRow {
    let last = &curve[curve.len() - 1];
    let wanted = study.target.probability;
    let met = met_from(curve, wanted);
    // The shares that a score test at 5 % does not refuse are those within this of the wanted one.
    let doubt = Z * (wanted * (1.0 - wanted) / averages.len() as f64).sqrt();
    let [mut average, mut behind] = [Moments::default(); 2];
    for (trial, value) in averages.iter().enumerate() {
        average.add(*value);
        behind.add(value - best.map_or(*value, |best| best[trial]));
    }
    let (average, behind) = (average.mean(), behind.mean());
    SummaryRow {
        world: last.world.clone(),
        sampler: last.sampler.clone(),
        ranker: last.ranker.clone(),
        batch: last.batch,
        average_error: average.mean,
        std_error: average.std_error,
        behind_best: behind.mean,
        behind_best_error: behind.std_error,
        final_error: last.error,
        final_std_error: last.std_error,
        samples_to_target: met.map(|point| point.samples),
        samples_to_target_low: met_from(curve, wanted - doubt).map(|point| point.samples),
        samples_to_target_high: met_from(curve, wanted + doubt).filter(|_| wanted < 1.0).map(|point| point.samples),
        rounds_to_target: met.map(|point| point.rounds),
        cost_to_target: met.map(|point| point.cost),
        unconverged_fits: 0,
    }
}

/// The 97.5 % point of the normal law.
const Z: f64 = 1.959_963_984_540_054;

/// The point from which on the target is met in at least this share of trials.
fn met_from(curve: &[CurvePoint], share: f64) -> Option<&CurvePoint> {
    let short_of = curve.iter().rposition(|point| point.reached < share);
    curve.get(short_of.map_or(0, |at| at + 1))
}

#[cfg(test)]
mod tests {
    use super::sum_between;

    /// The same comparison by comparison.
    fn one_by_one(known: f64, next: f64, made: u64, batch: u64) -> f64 {
        let batches = made.div_ceil(batch) as f64;
        let come = |samples: u64| if samples == made { batches } else { (samples / batch) as f64 };
        (1..=made).map(|samples| known + (next - known) * come(samples) / batches).sum()
    }

    #[test]
    fn errors_between_checkpoints_are_summed_over_each_comparison() {
        for (made, batch) in [(1, 1), (20, 1), (20, 2), (20, 5), (20, 20), (23, 5), (7, 100), (1, 3)] {
            let (found, expected) = (sum_between(0.4, 0.1, made, batch), one_by_one(0.4, 0.1, made, batch));
            assert!((found - expected).abs() < 1e-12, "{made} by {batch}: {found} and {expected}");
        }
    }
}
