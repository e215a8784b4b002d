//! Comparisons one by one with their covariates, as a struct of arrays sorted by pair: covariates differ
//! from row to row, so that counts by pair don't suffice.

mod order;
mod sums;

use rayon::prelude::*;

use self::order::{NOWHERE, Order};
pub(super) use self::sums::row_derivatives;
use super::covariates::{CovariateSettings, LeftOut, Moments, Standardize, Term};
use crate::data::graph::{PairSums, PreferenceGraph};
use crate::data::{ItemId, Log};

/// A covariate of whose curvature no more than this share is its own follows from the others.
pub(super) const OWN_SHARE: f64 = 1e-7;
/// Rows that are worked on by one task: fixed, so that the number of threads changes no sum.
const CHUNK: usize = 1 << 13;

/// The comparisons of a log that enter a fit. 16 bytes and 8 for each covariate a comparison, 32 where they have
/// weights and counts.
#[derive(Debug, Clone)]
pub(super) struct Design {
    pub(super) terms: Vec<Term>,
    /// For each pair the place of its first row, and the number of rows at the end.
    first_row: Vec<u32>,
    /// The pair of each row.
    pairs: Vec<u32>,
    /// The share that the pair's low item took.
    shares: Vec<f64>,
    /// Of single comparisons; empty where all are 1.
    weights: Vec<f64>,
    /// How many equal comparisons a row stands for; empty where all are 1.
    counts: Vec<f64>,
    /// Row by row those that are fitted, standardised and seen from the low item.
    values: Vec<f64>,
    width: usize,
    /// The largest absolute value of each.
    largest: Vec<f64>,
    /// 1 where the low item was on the left and −1 elsewhere: for as long as it is open whether covariates follow from
    /// that, and empty where that does not matter.
    sides: Vec<i8>,
    /// For each row of the log its place here, or [`NOWHERE`].
    places: Vec<u32>,
}

impl Design {
    /// The rows of `log` that have a cell in `graph`, and a weight. The side is a covariate, the first, where
    /// it was asked for. O(rows × covariates).
    pub(super) fn new(log: &Log, graph: &PreferenceGraph, settings: &CovariateSettings) -> Self {
        let Order { first_row, rows, pairs, places } = Order::new(log, graph);
        let terms = terms(log, &places, settings);
        let width = terms.iter().filter(|term| term.is_fitted()).count();
        let is_low = |row: u32| log.left[row as usize] < log.right[row as usize];
        let share = |&row: &u32| {
            let share = log.share(row as usize);
            if is_low(row) { share } else { 1.0 - share }
        };
        let side = |&row: &u32| if is_low(row) { 1 } else { -1 };
        let column = |of: &[f64]| -> Vec<f64> {
            if of.is_empty() { Vec::new() } else { rows.par_iter().map(|&row| of[row as usize]).collect() }
        };
        let mut design = Self {
            shares: rows.par_iter().map(share).collect(),
            weights: column(&log.weights),
            counts: column(&log.counts),
            values: vec![0.0; rows.len() * width],
            largest: vec![0.0; width],
            sides: if follows_from_sides(settings) { rows.par_iter().map(side).collect() } else { Vec::new() },
            terms,
            width,
            places,
            first_row,
            pairs,
        };
        if width > 0 {
            design.fill(log, &rows);
        }
        design
    }

    /// Takes over the covariates of the rows at each place.
    fn fill(&mut self, log: &Log, rows: &[u32]) {
        let (terms, width) = (&self.terms, self.width);
        let fitted: Vec<(Option<usize>, &Term)> = (0..terms.len())
            .zip(terms)
            .filter(|(_, term)| term.is_fitted())
            // Before those of the log may stand that of the side.
            .map(|(place, term)| ((place + log.covariates().names().len()).checked_sub(terms.len()), term))
            .collect();
        let scales: Vec<f64> = fitted.iter().map(|(_, term)| 1.0 / (term.scale * term.unit)).collect();
        let fill = |(values, rows): (&mut [f64], &[u32])| {
            let mut largest = vec![0.0_f64; width];
            for (own, &row) in values.chunks_exact_mut(width).zip(rows) {
                let row = row as usize;
                let raw = log.covariates().values_of(row);
                let sign = if log.left[row] < log.right[row] { 1.0 } else { -1.0 };
                for (((value, largest), (place, term)), scale) in
                    own.iter_mut().zip(&mut largest).zip(&fitted).zip(&scales)
                {
                    let raw = place.map_or(1.0, |place| raw[place]);
                    *value = sign * (raw - term.mean) * scale;
                    *largest = largest.max(value.abs());
                }
            }
            largest
        };
        let parts = self.values.par_chunks_mut(CHUNK * width).zip(rows.par_chunks(CHUNK)).map(fill);
        for part in parts.collect::<Vec<_>>() {
            self.largest.iter_mut().zip(part).for_each(|(largest, of)| *largest = largest.max(of));
        }
    }

    /// The same rows, those of weight 0 that are not between `members`, sorted by id.
    pub(super) fn among(&self, pairs: &PairSums, members: &[ItemId]) -> Self {
        let is_member = |item: u32| members.binary_search(&ItemId(item)).is_ok();
        let among: Vec<bool> =
            pairs.low.iter().zip(&pairs.high).map(|(&low, &high)| is_member(low) && is_member(high)).collect();
        let weight = |place| if among[self.pair(place)] { self.weight(place) } else { 0.0 };
        Self { weights: (0..self.len()).map(weight).collect(), ..self.clone() }
    }

    /// How many covariates are fitted.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Those covariates that are fitted.
    pub(super) fn fitted(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().filter(|term| term.is_fitted())
    }

    /// The ridge on each coefficient as it is fitted, given that on coefficients as they are told.
    pub(super) fn ridges(&self, penalty: f64) -> Vec<f64> {
        self.fitted().map(|term| penalty / (term.unit * term.unit)).collect()
    }

    /// The most that a step changes the log-odds of a row by each coefficient.
    pub(super) fn reaches(&self, step: &[f64]) -> Vec<f64> {
        self.largest.iter().zip(step).map(|(x, s)| x * s.abs()).collect()
    }

    /// The largest weight of a single comparison.
    pub(super) fn largest_weight(&self) -> f64 {
        if self.weights.is_empty() { 1.0 } else { self.weights.iter().copied().fold(0.0, f64::max) }
    }

    /// The number of rows of the log.
    pub(super) fn log_rows(&self) -> usize {
        self.places.len()
    }

    /// The number of rows that enter the fit.
    pub(super) fn len(&self) -> usize {
        self.shares.len()
    }

    /// The place of a row of the log, if it enters the fit.
    pub(super) fn place(&self, row: usize) -> Option<usize> {
        self.places.get(row).filter(|&&place| place != NOWHERE).map(|&place| place as usize)
    }

    /// The pair of the row at a place.
    pub(super) fn pair(&self, place: usize) -> usize {
        self.pairs[place] as usize
    }

    pub(super) fn share(&self, place: usize) -> f64 {
        self.shares[place]
    }

    pub(super) fn weight(&self, place: usize) -> f64 {
        self.weights.get(place).copied().unwrap_or(1.0)
    }

    pub(super) fn count(&self, place: usize) -> f64 {
        self.counts.get(place).copied().unwrap_or(1.0)
    }

    /// The covariates of the row at a place.
    #[inline]
    pub(super) fn values(&self, place: usize) -> &[f64] {
        &self.values[place * self.width..][..self.width]
    }

    /// What the covariates of a row add to its log-odds.
    #[inline]
    pub(super) fn effect(&self, place: usize, coefficients: &[f64]) -> f64 {
        self.values(place).iter().zip(coefficients).map(|(x, b)| x * b).sum()
    }

    /// The same rows without the covariates that have too little of their own, by the share of each; where
    /// [`sides`](Self::sides) are looked at, theirs comes first.
    ///
    /// A covariate that follows from the ratings and the side is left out even where the side is not fitted: with
    /// its mean taken off it would stand for the side, and under a wrong name.
    pub(super) fn settled(mut self, own_shares: &[f64]) -> Self {
        let first = own_shares.len() - self.width;
        self.sides = Vec::new();
        let kept: Vec<usize> = (0..self.width).filter(|place| own_shares[first + place] > OWN_SHARE).collect();
        let fitted = self.terms.iter_mut().filter(|term| term.is_fitted()).enumerate();
        let explained = fitted.filter(|(place, _)| !kept.contains(place));
        explained.for_each(|(_, term)| term.left_out = Some(LeftOut::Explained));
        if kept.len() < self.width {
            // Values move to the front, where none is still to be read.
            for (to, from) in (0..self.len()).flat_map(|row| kept.iter().map(move |place| (row, place))).enumerate() {
                self.values[to] = self.values[from.0 * self.width + from.1];
            }
            self.values.truncate(self.shares.len() * kept.len());
            self.largest = kept.iter().map(|&place| self.largest[place]).collect();
            self.width = kept.len();
        }
        self
    }
}

/// Whether covariates may follow from the side of each row though the side is not fitted: with a mean taken off.
fn follows_from_sides(settings: &CovariateSettings) -> bool {
    !settings.side_advantage && settings.standardize == Standardize::ZScore
}

/// That of the side, if it is fitted, and the covariates of the log, over its rows that have a place.
fn terms(log: &Log, places: &[u32], settings: &CovariateSettings) -> Vec<Term> {
    let covariates = log.covariates();
    let width = covariates.names().len();
    let of_chunk = |chunk: usize| {
        let rows = chunk * CHUNK..log.len().min((chunk + 1) * CHUNK);
        let used: Vec<usize> = rows.filter(|&row| places[row] != NOWHERE).collect();
        let count = |row: usize| log.counts.get(row).copied().unwrap_or(1.0);
        let of = |place: usize| Moments::of(used.iter().map(|&row| (covariates.row(row)[place], count(row))));
        (0..width).map(of).collect::<Vec<Moments>>()
    };
    let parts: Vec<Vec<Moments>> = (0..log.len().div_ceil(CHUNK)).into_par_iter().map(of_chunk).collect();
    let moments = |place: usize| parts.iter().map(|part| part[place]).fold(Moments::default(), Moments::with);
    let term = |(place, name): (usize, &String)| Term::new(name, moments(place), settings.standardize);
    let own = covariates.names().iter().enumerate().map(term);
    settings.side_advantage.then(Term::side).into_iter().chain(own).collect()
}
