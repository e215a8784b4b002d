//! Rewards that look at how likely a sample was.

use std::sync::Arc;

use super::settings::{positive, share};
use super::{Reads, RewardEntry, RewardError, RewardRule, by_group};
use crate::advantages::{Column, Samples};
use crate::models::bradley_terry::{logistic, softplus};
use crate::settings::Setting;

const UNLIKELINESS: &str = "unlikeliness";
const LIPO: &str = "lipo";

pub(super) const UNLIKELINESS_ENTRY: RewardEntry = RewardEntry {
    name: UNLIKELINESS,
    summary: "the score, less of it the likelier the sample was in its group",
    reads: Reads::Scores,
    needs: &[Column::LogProb],
    rare: true,
    settings: &[
        Setting { name: "beta", default: "0.25", summary: "what the likeliest sample would lose if ranks reached N" },
        Setting { name: "uniform", default: "drop", summary: "drop (zeros) or keep groups whose scores are all equal" },
    ],
    build: |settings| {
        let keep = settings.choice("uniform", &[("drop", false), ("keep", true)])?;
        Ok(Arc::new(Unlikeliness { beta: share(settings, "beta", 0.25)?, keep_uniform: keep }))
    },
};

pub(super) const LIPO_ENTRY: RewardEntry = RewardEntry {
    name: LIPO,
    summary: "the descent direction of the LiPO-λ loss: scores are labels, log-ratios to a reference are ranked",
    reads: Reads::Scores,
    needs: &[Column::LogProb, Column::Reference],
    rare: true,
    settings: &[Setting { name: "beta", default: "0.05", summary: "of s = beta (logprob − reference)" }],
    build: |settings| Ok(Arc::new(LipoWeights { beta: positive(settings, "beta", 0.05)? })),
};

/// The unlikeliness reward r' = r (1 − beta k/N): k is the rank of the sample's mean log-probability,
/// from 0 for the least likely of its group; of equal ones the earlier is the less likely. Samples
/// without a log-probability are unknown.
///
/// # Source
/// He et al. 2025, Rewarding the Unlikely (arXiv 2506.02355), code ca1cff0 `ray_lean_trainer.py`. The
/// paper writes r (1 − beta (N − rank)/N) with rank 0 the most likely, which is beta/N less for each. Its
/// groups that are all right or all wrong are dropped; so are those here whose scores are all equal.
#[derive(Debug, Clone, Copy)]
struct Unlikeliness {
    beta: f64,
    keep_uniform: bool,
}

impl RewardRule for Unlikeliness {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let (scores, logprob) = (samples.scores, samples.columns.logprob(UNLIKELINESS)?);
        let known: Vec<f64> =
            scores.iter().zip(logprob).map(|(&score, lp)| if lp.is_nan() { f64::NAN } else { score }).collect();
        Ok(by_group(&Samples { scores: &known, ..*samples }, |_, members| {
            #[expect(clippy::float_cmp, reason = "a uniform group has one score")]
            let uniform = members.windows(2).all(|pair| scores[pair[0]] == scores[pair[1]]);
            if uniform && !self.keep_uniform && members.len() > 1 {
                return vec![0.0; members.len()];
            }
            let mut order: Vec<usize> = (0..members.len()).collect();
            order.sort_by(|&a, &b| logprob[members[a]].total_cmp(&logprob[members[b]]));
            let mut rewards = vec![0.0; members.len()];
            for (rank, place) in order.into_iter().enumerate() {
                rewards[place] = scores[members[place]] * (1.0 - self.beta * rank as f64 / members.len() as f64);
            }
            rewards
        }))
    }
}

/// What the LiPO-λ loss is made of, for one list.
#[derive(Debug, Clone, PartialEq)]
pub struct Lipo {
    /// The rank of each s, 1 for the highest; of equal ones the earlier first.
    pub ranks: Vec<usize>,
    /// What each pair counts: row i and column j hold Δ where i has the higher label, else 0.
    pub deltas: Vec<Vec<f64>>,
    /// The loss.
    pub loss: f64,
    /// −dL/ds for each: what a descent step adds to s. They sum to 0.
    pub weights: Vec<f64>,
}

/// LiPO-λ of labels ψ (higher is better) and log-ratios s:
///
/// ```text
/// L = Σ over ψ_i > ψ_j of Δ_ij log(1 + exp(−(s_i − s_j)))
/// Δ_ij = |G_i − G_j| |1/D(τ_i) − 1/D(τ_j)|,  G = 2^ψ − 1,  D(τ) = ln(1 + τ),  τ the rank of s
/// ```
///
/// Δ is held fixed in the derivative. O(n²); lists of different lengths are cut to the shorter.
///
/// # Source
/// Liu et al. 2024, `LiPO` (arXiv 2402.01878), after `LambdaLoss`.
pub fn lipo(labels: &[f64], s: &[f64]) -> Lipo {
    let n = labels.len().min(s.len());
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| s[b].total_cmp(&s[a]));
    let mut places = vec![0; n];
    order.into_iter().enumerate().for_each(|(rank, item)| places[item] = rank + 1);
    let gain = |item: usize| labels[item].exp2() - 1.0;
    let discount = |item: usize| 1.0 / (1.0 + places[item] as f64).ln();
    let mut found = Lipo { ranks: places.clone(), deltas: vec![vec![0.0; n]; n], loss: 0.0, weights: vec![0.0; n] };
    for i in 0..n {
        for j in (0..n).filter(|&j| labels[i] > labels[j]) {
            let delta = (gain(i) - gain(j)).abs() * (discount(i) - discount(j)).abs();
            let step = delta * logistic(s[j] - s[i]);
            found.deltas[i][j] = delta;
            found.loss += delta * softplus(s[j] - s[i]);
            found.weights[i] += step;
            found.weights[j] -= step;
        }
    }
    found
}

/// The weights of [`lipo`] within each group, of s = beta (logprob − reference log-probability).
#[derive(Debug, Clone, Copy)]
struct LipoWeights {
    beta: f64,
}

impl RewardRule for LipoWeights {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let (logprob, reference) = (samples.columns.logprob(LIPO)?, samples.columns.references(LIPO)?[0]);
        let ratio = |sample: usize| self.beta * (logprob[sample] - reference[sample]);
        let unknown = |(sample, &score): (usize, &f64)| if ratio(sample).is_finite() { score } else { f64::NAN };
        let labels: Vec<f64> = samples.scores.iter().enumerate().map(unknown).collect();
        Ok(by_group(&Samples { scores: &labels, ..*samples }, |_, members| {
            let of_group = |values: &dyn Fn(usize) -> f64| members.iter().map(|&i| values(i)).collect::<Vec<f64>>();
            lipo(&of_group(&|i| labels[i]), &of_group(&ratio)).weights
        }))
    }
}
