//! Elo: ratings that move with each comparison, in the order of the log.

use std::borrow::Cow;

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::{
    Convergence, Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, PlainFit, Rater, RaterEntry, Setting, Units,
};
use crate::data::{CODE_SHARE, Log};
use crate::random::{Purpose, stream};
use crate::structure::Identification;

pub(super) const ENTRY: RaterEntry = RaterEntry {
    name: "elo",
    summary: "Elo, updated comparison by comparison in the order of the log; depends on that order",
    needs: Needs::Rows,
    units: Units::Points,
    laws: Laws { mirror: Mirror::Reflects, doubling_changes_nothing: false, dominated_ranks_last: false },
    has_covariance: false,
    settings: &[
        Setting { name: "k", default: "4", summary: "points that a certain surprise moves" },
        Setting { name: "start", default: "1000", summary: "the rating of a new item" },
        Setting { name: "base", default: "10", summary: "odds at a lead of one scale" },
        Setting { name: "scale", default: "400", summary: "points at which the odds are base to 1" },
        Setting { name: "orders", default: "1", summary: "1: the log's order; N: the mean over N seeded orders" },
    ],
    build: |settings| {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let elo = Elo::default();
        Ok(Box::new(Elo {
            k: settings.number("k", elo.k, "a number above 0", positive)?,
            start: settings.number("start", elo.start, "a number", f64::is_finite)?,
            base: settings.number("base", elo.base, "a number above 1", |x: f64| x.is_finite() && x > 1.0)?,
            scale: settings.number("scale", elo.scale, "a number above 0", positive)?,
            orders: settings
                .number("orders", elo.orders, "a whole number from 1 to 100000", |n| (1..=100_000).contains(&n))?,
            seed: settings.seed,
        }))
    },
};

/// Elo. Units: points.
///
/// After each comparison the left item's rating moves by `k · weight · (share − expected)` and the
/// right one's by the opposite, with `expected = 1 / (1 + base^((right − left) / scale))`.
///
/// # Source
/// Elo 1978; equal to FastChat's `compute_elo` and evalica's `elo` on unweighted logs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elo {
    /// Points that a certain surprise moves.
    pub k: f64,
    /// The rating of a new item.
    pub start: f64,
    /// Odds at a lead of one scale.
    pub base: f64,
    /// Points at which the odds are `base` to 1.
    pub scale: f64,
    /// 1 to play the log in its order, N to average over N seeded orders.
    pub orders: u32,
    /// The seed of the orders, and of the order of counted rows.
    pub seed: u64,
}

impl Default for Elo {
    fn default() -> Self {
        Self { k: 4.0, start: 1000.0, base: 10.0, scale: 400.0, orders: 1, seed: 0 }
    }
}

const NAME: &str = "elo";

impl Rater for Elo {
    /// O(rows × orders); orders run in parallel.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let rows = evidence.rows.ok_or(FitError::NeedsRows { method: NAME })?;
        let identification = Identification::by_connection(evidence.graph);
        let mut notes = identification.notes(evidence.graph);
        let log = one_by_one(rows, NAME, self.seed, &mut notes)?;
        Ok(Box::new(PlainFit {
            ratings: self.rate(&log),
            convergence: Convergence::CLOSED_FORM,
            identification,
            notes,
            log_odds: Some(self.base.ln() / self.scale),
        }))
    }
}

/// The log as single comparisons: counted rows as so many, in a seeded order, with a note.
pub(super) fn one_by_one<'a>(
    log: &'a Log,
    method: &'static str,
    seed: u64,
    notes: &mut Vec<Note>,
) -> Result<Cow<'a, Log>, FitError> {
    if !log.is_counted() {
        return Ok(Cow::Borrowed(log));
    }
    notes.push(Note::new(
        "counts-expanded",
        "the log gives counts and no order: they were replayed one by one in a seeded order",
    ));
    let not_whole = |count: f64| FitError::NotWholeCounts { method, count: count.to_string() };
    let mut rows = log.singles().map_err(not_whole)?;
    rows.shuffle(&mut stream(seed, Purpose::Orders, 0));
    Ok(Cow::Owned(log.select_singles(&rows)))
}

impl Elo {
    fn rate(&self, log: &Log) -> Vec<f64> {
        if self.orders == 1 {
            return self.replay(log, 0..log.len());
        }
        let replay = |order: u32| self.replay(log, self.order(log.len(), u64::from(order)).into_iter());
        let runs: Vec<Vec<f64>> = (1..=self.orders).into_par_iter().map(replay).collect();
        let mean = |item: usize| runs.iter().map(|run| run[item]).sum::<f64>() / runs.len() as f64;
        (0..log.items().len()).map(mean).collect()
    }

    /// The hot loop: two loads, one exponential and two stores a comparison.
    fn replay(&self, log: &Log, order: impl Iterator<Item = usize>) -> Vec<f64> {
        const SHARES: [f64; 3] = [0.0, 0.5, 1.0];
        let log_odds = self.base.ln() / self.scale;
        let mut ratings = vec![self.start; log.items().len()];
        let plain = log.weights.is_empty() && log.shares.is_empty();
        for row in order {
            let (left, right) = (log.left[row] as usize, log.right[row] as usize);
            let expected = 1.0 / (1.0 + (log_odds * (ratings[right] - ratings[left])).exp());
            let code = log.codes[row];
            let (share, weight) = if plain {
                (SHARES[usize::from(code)], 1.0)
            } else {
                let share = if code == CODE_SHARE { log.shares[row] } else { SHARES[usize::from(code)] };
                (share, log.weights.get(row).copied().unwrap_or(1.0))
            };
            let change = self.k * weight * (share - expected);
            ratings[left] += change;
            ratings[right] -= change;
        }
        ratings
    }

    /// The numbers below `rows` in the order of a seeded stream.
    fn order(&self, rows: usize, stream_number: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..rows).collect();
        order.shuffle(&mut stream(self.seed, Purpose::Orders, stream_number));
        order
    }
}
