//! Self-play on a table: what direct preference methods iterate, in their exact form, and the points they
//! tend to.
//!
//! SPPO, DNO and GPO are one map, [`exponential_weights`], on different games: of win probabilities `P − ½`
//! for the first two, with their learning rate; of scores `s(i > j)`, in logits, for general preference
//! optimisation, with rate 1/β. Their averages tend to an equilibrium of that game, found directly by
//! [`Equilibrium`](super::Equilibrium); the games and so the limits differ. Their last iterates cycle.
//! Nash-MD's last iterate converges, to [`nash_md_fixed_point`].
//!
//! # Source
//! Wu et al. 2024 (SPPO); Rosset et al. 2024 (DNO); Zhang et al. 2024 (GPO, arXiv 2410.02197, section 5);
//! Munos et al. 2024 (Nash-MD).

use nalgebra::{DMatrix, DVector};

use super::payoffs::{PayoffError, Payoffs};
use crate::models::Convergence;

/// What an iteration came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Iterates {
    /// The last policy, `π_T`.
    pub last: Vec<f64>,
    /// The mean of the policies played, `π_0` to `π_{T−1}`.
    pub average: Vec<f64>,
}

/// `steps` steps of `π ← π exp(rate · A π) / Z` from `start`. A shift of all payoffs, as between P and
/// P − ½, changes nothing. O(items²) a step.
///
/// # Errors
/// If `start` is no policy, the rate is not finite, or there are no steps.
pub fn exponential_weights(payoffs: &Payoffs, start: &[f64], rate: f64, steps: u64) -> Result<Iterates, PayoffError> {
    finite("rate", rate)?;
    iterate(payoffs, start, steps, |policy, _| {
        let mut logs = policy.map(f64::ln);
        logs += DVector::from_vec(payoffs.mean_against(policy)) * rate;
        logs
    })
}

/// `steps` steps of Nash-MD from `start`: with the mixture `m ∝ π^(1−ητ) μ^(ητ)`, `π ← m exp(η A m) / Z`, μ being
/// the reference, τ the temperature of its regularisation and `η = 2 / (τ (t + 2))` at step t from 0.
/// The distance to the fixed point falls as 1/(τ² T). O(items²) a step.
///
/// # Errors
/// If `start` or the reference is no policy, the temperature is not above 0, or there are no steps.
pub fn nash_md(
    payoffs: &Payoffs,
    reference: &[f64],
    temperature: f64,
    start: &[f64],
    steps: u64,
) -> Result<Iterates, PayoffError> {
    let log_reference = log_reference(payoffs, reference)?;
    let temperature = positive("temperature", temperature)?;
    iterate(payoffs, start, steps, |policy, step| {
        let share = 2.0 / (step as f64 + 2.0);
        let mixed = mixture(policy, &log_reference, share);
        let rate = share / temperature;
        let mut logs = mixed.map(f64::ln);
        logs += DVector::from_vec(payoffs.mean_against(&mixed)) * rate;
        logs
    })
}

/// The policy to which Nash-MD tends: `π ∝ μ exp(A π / τ)`.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedPoint {
    /// The policy.
    pub policy: Vec<f64>,
    /// The largest difference between the policy and what the map makes of it.
    pub residual: f64,
    /// `gradient_norm` is the largest error in the logarithms.
    pub convergence: Convergence,
}

/// The smallest temperature relative to the largest payoff for which a fixed point is searched directly;
/// for smaller ones it is approached by halving.
const EASY_TEMPERATURE: f64 = 0.25;
const FIXED_POINT_TOLERANCE: f64 = 1e-12;
const MAX_ITERATIONS: u32 = 200;

/// Solves `π ∝ μ exp(A π / τ)`, which has one solution, by Newton on `z = A π(z) / τ` with `π ∝ μ eᶻ`. Its Jacobian
/// `I − A D / τ`, D being the positive semidefinite derivative of π, is never singular as A is skew. Small
/// temperatures are approached by halving. O(items³) an iteration, a few for each halving.
///
/// # Errors
/// If the reference is no policy, or the temperature is not above 0.
pub fn nash_md_fixed_point(payoffs: &Payoffs, reference: &[f64], temperature: f64) -> Result<FixedPoint, PayoffError> {
    let log_reference = log_reference(payoffs, reference)?;
    let temperature = positive("temperature", temperature)?;
    let easy = if payoffs.is_empty() { 0.0 } else { EASY_TEMPERATURE * payoffs.matrix.amax() };
    let mut now = temperature.max(easy);
    let mut z = DVector::zeros(payoffs.len());
    let mut iterations = 0;
    loop {
        let last = now <= temperature;
        let (found, used) = newton(payoffs, &log_reference, now, z, MAX_ITERATIONS - iterations);
        z = found;
        iterations += used;
        if last || iterations >= MAX_ITERATIONS {
            break;
        }
        let next = (0.5 * now).max(temperature);
        // The solution moves along with Aπ/τ.
        z *= now / next;
        now = next;
    }
    let policy = softmax(&(&z + &log_reference));
    let image = softmax(&(DVector::from_vec(payoffs.mean_against(&policy)) / temperature + &log_reference));
    let error = map_error(payoffs, &log_reference, temperature, &z);
    let residual = largest(&(&policy - image));
    let left = largest(&error);
    Ok(FixedPoint {
        policy: policy.iter().copied().collect(),
        residual,
        convergence: Convergence {
            converged: left <= rounding(payoffs, temperature, &z),
            iterations,
            gradient_norm: Some(left),
        },
    })
}

/// What the logarithms can be exact to: A π cancels, and is then divided by the temperature.
fn rounding(payoffs: &Payoffs, temperature: f64, z: &DVector<f64>) -> f64 {
    let payoff = if payoffs.is_empty() { 0.0 } else { payoffs.matrix.amax() };
    (16.0 * f64::EPSILON * payoff / temperature).max(FIXED_POINT_TOLERANCE) * (1.0 + largest(z))
}

/// Newton on `z − A π(z) / τ` with the step halved until the error shrinks.
fn newton(
    payoffs: &Payoffs,
    log_reference: &DVector<f64>,
    temperature: f64,
    mut z: DVector<f64>,
    most: u32,
) -> (DVector<f64>, u32) {
    let n = z.len();
    for used in 0..most {
        let error = map_error(payoffs, log_reference, temperature, &z);
        let size = error.norm();
        if size <= 0.1 * FIXED_POINT_TOLERANCE {
            return (z, used);
        }
        let policy = softmax(&(&z + log_reference));
        let mean = DVector::from_vec(payoffs.mean_against(&policy));
        let mut jacobian: DMatrix<f64> = DMatrix::identity(n, n);
        for column in 0..n {
            for row in 0..n {
                jacobian[(row, column)] -= (payoffs.get(row, column) - mean[row]) * policy[column] / temperature;
            }
        }
        let Some(step) = jacobian.lu().solve(&-error) else { return (z, used) };
        let mut length = 1.0;
        loop {
            let there = &z + &step * length;
            let shrunk = map_error(payoffs, log_reference, temperature, &there).norm();
            if shrunk <= (1.0 - 1e-4 * length) * size {
                z = there;
                break;
            }
            length *= 0.5;
            if length < 1e-6 {
                return (z, used);
            }
        }
    }
    (z, most)
}

fn map_error(payoffs: &Payoffs, log_reference: &DVector<f64>, temperature: f64, z: &DVector<f64>) -> DVector<f64> {
    let policy = softmax(&(z + log_reference));
    z - DVector::from_vec(payoffs.mean_against(&policy)) / temperature
}

/// Repeats `logs(π, step)`, the logarithms of the next policy up to a constant.
fn iterate(
    payoffs: &Payoffs,
    start: &[f64],
    steps: u64,
    mut logs: impl FnMut(&DVector<f64>, u64) -> DVector<f64>,
) -> Result<Iterates, PayoffError> {
    let mut policy = payoffs.normalised(start)?;
    if steps == 0 {
        return Err(PayoffError::OutOfRange { name: "steps", value: "0".to_owned(), expected: "1 or more" });
    }
    let mut sum = DVector::zeros(policy.len());
    for step in 0..steps {
        sum += &policy;
        policy = softmax(&logs(&policy, step));
    }
    let last = policy.iter().copied().collect();
    Ok(Iterates { last, average: sum.iter().map(|mass| mass / steps as f64).collect() })
}

/// `π^(1−share) μ^share`, normalised.
fn mixture(policy: &DVector<f64>, log_reference: &DVector<f64>, share: f64) -> DVector<f64> {
    softmax(&policy.zip_map(log_reference, |p, reference| {
        // The first step, of share 1, is the reference whatever the start.
        let own = if share < 1.0 { (1.0 - share) * p.ln() } else { 0.0 };
        own + share * reference
    }))
}

fn softmax(logs: &DVector<f64>) -> DVector<f64> {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights = logs.map(|log| (log - most).exp());
    let sum = weights.sum();
    weights / sum
}

fn log_reference(payoffs: &Payoffs, reference: &[f64]) -> Result<DVector<f64>, PayoffError> {
    Ok(payoffs.normalised(reference)?.map(f64::ln))
}

fn largest(vector: &DVector<f64>) -> f64 {
    vector.iter().fold(0.0, |most, x| most.max(x.abs()))
}

fn finite(name: &'static str, value: f64) -> Result<f64, PayoffError> {
    let expected = "a finite number";
    value.is_finite().then_some(value).ok_or_else(|| PayoffError::OutOfRange {
        name,
        value: value.to_string(),
        expected,
    })
}

fn positive(name: &'static str, value: f64) -> Result<f64, PayoffError> {
    let expected = "a finite number above 0";
    let good = value.is_finite() && value > 0.0;
    good.then_some(value).ok_or_else(|| PayoffError::OutOfRange { name, value: value.to_string(), expected })
}

/// Items scored against a pool of samples: what general preference optimisation learns from.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolScores {
    /// `s(i > μ) = (1/K) Σ_k s(i > k)`, the item itself included with 0.
    pub scores: Vec<f64>,
    /// The item of the highest score, the first of equal ones; none in an empty pool.
    pub chosen: Option<usize>,
    /// The item of the lowest score, the first of equal ones.
    pub rejected: Option<usize>,
}

impl PoolScores {
    /// The mean over the pool of each item's payoff: of scores `s(i > j)` the mean score, of `P − ½` the
    /// mean win probability less one half. O(items²).
    ///
    /// # Source
    /// Zhang et al. 2024, equation 5.2. Their published ranker averages `s(i > j) − s(j > i)`, so that its
    /// `max_logits` and stored probabilities are twice these.
    pub fn of(payoffs: &Payoffs) -> Self {
        let n = payoffs.len();
        let scores: Vec<f64> = payoffs.matrix.row_iter().map(|row| row.sum() / n as f64).collect();
        let first_of = |best: f64| scores.iter().position(|score| score.total_cmp(&best).is_eq());
        Self {
            chosen: first_of(scores.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            rejected: first_of(scores.iter().copied().fold(f64::INFINITY, f64::min)),
            scores,
        }
    }

    /// The target of equation 5.3 for `ln(π / π_t)`, up to ln Z, which the method sets to 0: `s(i > μ) / β`.
    pub fn targets(&self, beta: f64) -> Vec<f64> {
        self.scores.iter().map(|score| score / beta).collect()
    }
}

/// The mean probability `(1/K) Σ_k σ(s(i > k) / τ)` with which each item beats the members of a pool of
/// scores, itself included with one half. It is not σ of the mean score. O(items²).
///
/// # Errors
/// If the temperature τ is not above 0.
pub fn mean_win_probabilities(scores: &Payoffs, temperature: f64) -> Result<Vec<f64>, PayoffError> {
    let temperature = positive("temperature", temperature)?;
    let n = scores.len() as f64;
    let mean = |row: usize| {
        (0..scores.len()).map(|k| crate::models::bradley_terry::logistic(scores.get(row, k) / temperature)).sum::<f64>()
            / n
    };
    Ok((0..scores.len()).map(mean).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::games::Equilibrium;

    fn game() -> Payoffs {
        Payoffs::from_probabilities(&[vec![0.5, 0.9, 0.2], vec![0.1, 0.5, 0.7], vec![0.8, 0.3, 0.5]]).unwrap()
    }

    #[test]
    fn the_fixed_point_goes_from_the_reference_to_the_equilibrium() {
        let reference = [0.2, 0.5, 0.3];
        let at = |temperature| nash_md_fixed_point(&game(), &reference, temperature).unwrap();
        let off = |policy: &[f64], target: &[f64]| {
            policy.iter().zip(target).fold(0.0_f64, |most, (x, y)| most.max((x - y).abs()))
        };
        assert!(off(&at(1e6).policy, &reference) < 1e-6);
        let equilibrium = Equilibrium::of(&game()).probabilities;
        for (temperature, near) in [(1e-2, 0.1), (1e-4, 1e-3), (1e-6, 1e-5)] {
            let found = at(temperature);
            assert!(found.convergence.converged && found.residual < 1e-9, "{found:?}");
            assert!(off(&found.policy, &equilibrium) < near, "{temperature}: {found:?} and not {equilibrium:?}");
        }
    }

    #[test]
    fn an_item_that_the_reference_excludes_stays_out() {
        let found = nash_md_fixed_point(&game(), &[1.0, 1.0, 0.0], 0.5).unwrap();
        assert!(found.convergence.converged);
        assert_eq!(found.policy[2].to_bits(), 0);
        let run = nash_md(&game(), &[1.0, 1.0, 0.0], 0.5, &[0.0, 1.0, 1.0], 50).unwrap();
        assert!(run.last.iter().all(|mass| mass.is_finite()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let start = [1.0; 3];
        assert!(exponential_weights(&game(), &start, f64::NAN, 1).is_err());
        assert!(exponential_weights(&game(), &start, 1.0, 0).is_err());
        assert!(nash_md(&game(), &[1.0; 2], 0.1, &start, 1).is_err());
        let refused = nash_md_fixed_point(&game(), &start, 0.0).unwrap_err();
        assert_eq!(refused.to_string(), "temperature is 0: it must be a finite number above 0");
        assert!(mean_win_probabilities(&game(), -1.0).is_err());
    }

    #[test]
    fn an_empty_pool_has_nothing_to_choose() {
        let nobody = Payoffs::from_scores(&[]).unwrap();
        assert_eq!(PoolScores::of(&nobody), PoolScores { scores: Vec::new(), chosen: None, rejected: None });
        assert!(nash_md_fixed_point(&nobody, &[], 1.0).unwrap().convergence.converged);
        assert!(exponential_weights(&nobody, &[], 1.0, 3).unwrap().last.is_empty());
    }
}
