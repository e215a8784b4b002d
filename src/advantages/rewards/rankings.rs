//! Metrics of rankings, as rewards of samples that rank candidates.

use std::sync::Arc;

use super::{Reads, RewardEntry, RewardError, RewardRule};
use crate::advantages::ranks::descending;
use crate::advantages::{Column, Samples};
use crate::settings::{Setting, Settings, SettingsError};

const NDCG: &str = "ndcg";
const MRR: &str = "mrr";
const RECALL: &str = "recall";
const RBO: &str = "rbo";

/// The candidates that count are those on the first k places.
const K: Setting = Setting { name: "k", default: "all", summary: "how many places count" };
const NEEDS: &[Column] = &[Column::Criteria, Column::Reference];

pub(super) const NDCG_ENTRY: RewardEntry = RewardEntry {
    name: NDCG,
    summary: "NDCG@k of the order in which a sample's criteria put candidates whose relevances are the references",
    reads: Reads::Columns,
    needs: NEEDS,
    rare: true,
    settings: &[K],
    build: |settings| Ok(Arc::new(Ranking::new(NDCG, places(settings)?, ndcg))),
};

pub(super) const MRR_ENTRY: RewardEntry = RewardEntry {
    name: MRR,
    summary: "1 over the place of the first candidate with a relevance above 0",
    reads: Reads::Columns,
    needs: NEEDS,
    rare: true,
    settings: &[K],
    build: |settings| Ok(Arc::new(Ranking::new(MRR, places(settings)?, reciprocal_rank))),
};

pub(super) const RECALL_ENTRY: RewardEntry = RewardEntry {
    name: RECALL,
    summary: "the share of candidates with a relevance above 0 that are on the first k places",
    reads: Reads::Columns,
    needs: NEEDS,
    rare: true,
    settings: &[K],
    build: |settings| Ok(Arc::new(Ranking::new(RECALL, places(settings)?, recall))),
};

pub(super) const RBO_ENTRY: RewardEntry = RewardEntry {
    name: RBO,
    summary: "rank-biased overlap of a sample's order of candidates with the references' order",
    reads: Reads::Columns,
    needs: NEEDS,
    rare: true,
    settings: &[Setting { name: "p", default: "0.9", summary: "how deep it looks: 1 counts all depths alike" }],
    build: |settings| {
        let p = settings.number("p", 0.9, "a number above 0 and up to 1", |p: f64| p > 0.0 && p <= 1.0)?;
        Ok(Arc::new(Ranking::new(RBO, p, rank_biased_overlap)))
    },
};

fn places(settings: &Settings) -> Result<usize, SettingsError> {
    if settings.get("k").is_none_or(|text| text == "all") {
        return Ok(usize::MAX);
    }
    settings.number("k", usize::MAX, "all, or a whole number above 0", |k| k > 0)
}

/// A metric of each sample's own ranking: criterion c is the score that the sample gives candidate c, and
/// reference column c the candidate's true relevance.
#[derive(Debug, Clone, Copy)]
struct Ranking<P> {
    name: &'static str,
    parameter: P,
    metric: fn(&[f64], &[f64], P) -> f64,
}

impl<P: Copy> Ranking<P> {
    fn new(name: &'static str, parameter: P, metric: fn(&[f64], &[f64], P) -> f64) -> Self {
        Self { name, parameter, metric }
    }
}

impl<P: Copy + std::fmt::Debug + Send + Sync> RewardRule for Ranking<P> {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let reward = self.name;
        let (scores, relevance) = (samples.columns.criteria(reward)?, samples.columns.references(reward)?);
        let (found, expected) = (scores.len(), relevance.len());
        if found != expected {
            let (column, setting) = (Column::Criteria, "reference columns");
            return Err(RewardError::Columns { reward, column, found, setting, expected });
        }
        let row = |columns: &[&[f64]], sample: usize| columns.iter().map(|column| column[sample]).collect::<Vec<f64>>();
        let metric = |sample| (self.metric)(&row(scores, sample), &row(relevance, sample), self.parameter);
        Ok((0..samples.len()).map(metric).collect())
    }
}

/// Calls `each` with the first place (from 0) and the candidates of every group of equal scores, the
/// highest first. Candidates without a score are not ranked.
fn each_tie(scores: &[f64], mut each: impl FnMut(usize, &[usize])) {
    let order = descending(scores);
    let mut first = 0;
    #[expect(clippy::float_cmp, reason = "equal scores share their places")]
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        each(first, tied);
        first += tied.len();
    }
}

/// Normalised discounted cumulative gain at k: Σ (2^rel − 1)/log2(place + 1) over the first k places, over
/// the same of the best order. Equal scores have the mean over their orders. Candidates without a score
/// are not ranked, ones without a relevance have 0, which is also the least. NaN where nothing is relevant.
///
/// # Source
/// Järvelin and Kekäläinen 2002, with the gains of Burges et al. 2005; the rule for ties is that of
/// `McSherry` and Najork 2008.
pub fn ndcg(scores: &[f64], relevance: &[f64], k: usize) -> f64 {
    let gain = |candidate: usize| relevance.get(candidate).map_or(0.0, |&rel| rel.max(0.0).exp2() - 1.0);
    let discount = |place: usize| if place < k { 1.0 / (place as f64 + 2.0).log2() } else { 0.0 };
    let dcg = |scores: &[f64]| {
        let mut sum = 0.0;
        each_tie(scores, |first, tied| {
            let gains: f64 = tied.iter().map(|&candidate| gain(candidate)).sum();
            let discounts: f64 = (first..first + tied.len()).map(discount).sum();
            sum += gains * discounts / tied.len() as f64;
        });
        sum
    };
    let best = dcg(relevance);
    if best > 0.0 { dcg(scores) / best } else { f64::NAN }
}

fn is_relevant(relevance: &[f64], candidate: usize) -> bool {
    relevance.get(candidate).is_some_and(|&rel| rel > 0.0)
}

/// 1 over the place of the first relevant candidate, 0 if it is beyond k or not ranked; the mean over the
/// orders of equal scores. NaN where nothing is relevant.
///
/// # Source
/// Voorhees 1999; for ties the exact expectation.
pub fn reciprocal_rank(scores: &[f64], relevance: &[f64], k: usize) -> f64 {
    if !(0..relevance.len()).any(|candidate| is_relevant(relevance, candidate)) {
        return f64::NAN;
    }
    let (mut mean, mut none_yet) = (0.0, 1.0);
    each_tie(scores, |first, tied| {
        let relevant = tied.iter().filter(|&&candidate| is_relevant(relevance, candidate)).count() as f64;
        for place in 0..tied.len() {
            let chance = (relevant / (tied.len() - place) as f64).min(1.0);
            if first + place < k {
                mean += none_yet * chance / (first + place + 1) as f64;
            }
            none_yet *= 1.0 - chance;
        }
    });
    mean
}

/// The share of the relevant candidates that are on the first k places; the mean over the orders of equal
/// scores. NaN where nothing is relevant.
pub fn recall(scores: &[f64], relevance: &[f64], k: usize) -> f64 {
    let all = (0..relevance.len()).filter(|&candidate| is_relevant(relevance, candidate)).count() as f64;
    let mut found = 0.0;
    each_tie(scores, |first, tied| {
        let relevant = tied.iter().filter(|&&candidate| is_relevant(relevance, candidate)).count() as f64;
        let inside = k.saturating_sub(first).min(tied.len()) as f64;
        found += relevant * inside / tied.len() as f64;
    });
    if all > 0.0 { found / all } else { f64::NAN }
}

/// Rank-biased overlap of the order by `scores` with the order by `reference`, extrapolated beyond the
/// candidates: `A_n p^n + (1 − p)/p Σ A_d p^d`, where `A_d` is the agreement of the first d places, 2 |both| /
/// (|one| + |other|). With p = 1 it is the mean of `A_d` (average overlap). Equal scores all stand on the best
/// of their places. The candidates are those with a reference; ones without a score come last together.
/// NaN without candidates. O(n²).
///
/// # Source
/// Webber, Moffat and Zobel 2010, equation 30 (`RBO_EXT` of lists of one length) and section 4.4 (ties).
pub fn rank_biased_overlap(scores: &[f64], reference: &[f64], p: f64) -> f64 {
    let candidates: Vec<usize> = (0..reference.len()).filter(|&candidate| !reference[candidate].is_nan()).collect();
    let tops = |values: &dyn Fn(usize) -> f64| {
        let values: Vec<f64> = candidates.iter().map(|&candidate| values(candidate)).collect();
        let mut tops = vec![0; values.len()];
        each_tie(&values, |first, tied| tied.iter().for_each(|&candidate| tops[candidate] = first + 1));
        tops
    };
    let score = |candidate: usize| scores.get(candidate).copied().filter(|score| !score.is_nan());
    let one = tops(&|candidate| score(candidate).unwrap_or(f64::NEG_INFINITY));
    let other = tops(&|candidate| reference[candidate]);
    let agreement = |depth: usize| {
        let within = |tops: &[usize]| tops.iter().filter(|&&top| top <= depth).count();
        let both = one.iter().zip(&other).filter(|&(&a, &b)| a.max(b) <= depth).count();
        2.0 * both as f64 / (within(&one) + within(&other)) as f64
    };
    let n = candidates.len();
    #[expect(clippy::float_cmp, reason = "exactly one is the limit")]
    if n == 0 || p == 1.0 {
        return (1..=n).map(agreement).sum::<f64>() / n as f64;
    }
    let (mut sum, mut power) = (0.0, 1.0);
    for depth in 1..=n {
        sum += agreement(depth) * power * (1.0 - p);
        power *= p;
    }
    sum + agreement(n) * power
}
