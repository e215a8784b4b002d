//! Comparisons one by one with their covariates, as a struct of arrays sorted by pair: covariates differ
//! from row to row, so that counts by pair don't suffice.

mod sums;

pub(super) use self::sums::row_derivatives;
use super::covariates::{CovariateSettings, LeftOut, Moments, Standardize, Term};
use crate::data::graph::{CellFinder, PairSums, PreferenceGraph};
use crate::data::{ItemId, Log};

/// The place of a row that does not enter the fit.
const NOWHERE: u32 = u32::MAX;
/// A covariate of whose curvature no more than this share is its own follows from the others.
pub(super) const OWN_SHARE: f64 = 1e-7;

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
    /// For each row of the log its place here, or [`NOWHERE`].
    places: Vec<u32>,
}

impl Design {
    /// The rows of `log` that have a cell in `graph`, and a weight. The side is a covariate, the first, where
    /// it was asked for, and where a mean that is taken off stands for it. O(rows × covariates).
    pub(super) fn new(log: &Log, graph: &PreferenceGraph, settings: &CovariateSettings) -> Self {
        let pairs = pairs_of_rows(log, graph);
        let terms = terms(log, &pairs, settings);
        let width = terms.iter().filter(|term| term.is_fitted()).count();
        let mut first_row = vec![0_u32; graph.pairs().len() + 1];
        for &pair in pairs.iter().filter(|&&pair| pair != NOWHERE) {
            first_row[pair as usize + 1] += 1;
        }
        for pair in 0..graph.pairs().len() {
            first_row[pair + 1] += first_row[pair];
        }
        let rows = first_row[graph.pairs().len()] as usize;
        let mut sorted = Vec::with_capacity(rows);
        for (pair, bounds) in first_row.windows(2).enumerate() {
            sorted.resize(bounds[1] as usize, pair as u32);
        }
        let column = |there: bool| if there { vec![1.0; rows] } else { Vec::new() };
        let mut design = Self {
            terms,
            shares: vec![0.0; rows],
            weights: column(!log.weights.is_empty()),
            counts: column(log.is_counted()),
            values: vec![0.0; rows * width],
            width,
            largest: vec![0.0; width],
            places: pairs,
            first_row,
            pairs: sorted,
        };
        design.fill(log);
        design
    }

    /// Puts every row in its place. `places` holds pairs before, and places after.
    fn fill(&mut self, log: &Log) {
        let mut next = self.first_row.clone();
        let mut places = std::mem::take(&mut self.places);
        for (row, place) in places.iter_mut().enumerate().filter(|(_, place)| **place != NOWHERE) {
            let slot = &mut next[*place as usize];
            *place = *slot;
            *slot += 1;
            let at = *place as usize;
            let left_is_low = log.left[row] < log.right[row];
            let share = log.share(row);
            self.shares[at] = if left_is_low { share } else { 1.0 - share };
            if let Some(weight) = self.weights.get_mut(at) {
                *weight = log.weights[row];
            }
            if let Some(count) = self.counts.get_mut(at) {
                *count = log.counts[row];
            }
            let sign = if left_is_low { 1.0 } else { -1.0 };
            let covariates = log.covariates();
            let raw = if covariates.is_empty() { &[][..] } else { covariates.row(row) };
            // Before those of the log may stand that of the side.
            let raw = std::iter::repeat_n(&1.0, self.terms.len() - raw.len()).chain(raw);
            let fitted = self.terms.iter().zip(raw).filter(|(term, _)| term.is_fitted());
            let own = &mut self.values[at * self.width..][..self.width];
            for ((value, largest), (term, raw)) in own.iter_mut().zip(&mut self.largest).zip(fitted) {
                *value = sign * (raw - term.mean) / (term.scale * term.unit);
                *largest = largest.max(value.abs());
            }
        }
        self.places = places;
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

    /// The same rows without the covariates that have too little of their own, by the share of each, and without
    /// the side if it was not asked for.
    ///
    /// A covariate that follows from the ratings and the side is left out even where the side is not fitted: with
    /// its mean taken off it would stand for the side, and under a wrong name.
    pub(super) fn settled(mut self, own_shares: &[f64], settings: &CovariateSettings) -> Self {
        let drops_side = has_side(settings) && !settings.side_advantage;
        let mut kept: Vec<bool> = own_shares.iter().map(|&share| share > OWN_SHARE).collect();
        if let Some(side) = kept.first_mut().filter(|_| drops_side) {
            *side = false;
        }
        let fitted = self.terms.iter_mut().filter(|term| term.is_fitted());
        fitted.zip(&kept).filter(|(_, kept)| !**kept).for_each(|(term, _)| term.left_out = Some(LeftOut::Explained));
        if drops_side {
            self.terms.remove(0);
        }
        if kept.contains(&false) {
            let keep = |values: &[f64]| -> Vec<f64> {
                values.iter().zip(kept.iter().cycle()).filter(|(_, kept)| **kept).map(|(value, _)| *value).collect()
            };
            (self.values, self.largest) = (keep(&self.values), keep(&self.largest));
            self.width = self.largest.len();
        }
        self
    }
}

/// Whether the side is a covariate before it is known which of them say something.
fn has_side(settings: &CovariateSettings) -> bool {
    settings.side_advantage || settings.standardize == Standardize::ZScore
}

/// For each row the index of its pair, or [`NOWHERE`] if it does not enter.
fn pairs_of_rows(log: &Log, graph: &PreferenceGraph) -> Vec<u32> {
    let finder = CellFinder::new(graph);
    let enters = |row: usize| log.weights.get(row).is_none_or(|&weight| weight > 0.0);
    let pair = |row| finder.cell_of(log, row).filter(|_| enters(row)).map(|cell| graph.cells()[cell as usize].pair);
    (0..log.len()).map(|row| pair(row).unwrap_or(NOWHERE)).collect()
}

/// That of the side, if it is looked at, and the covariates of the log.
fn terms(log: &Log, pairs: &[u32], settings: &CovariateSettings) -> Vec<Term> {
    let covariates = log.covariates();
    let count = |row: usize| log.counts.get(row).copied().unwrap_or(1.0);
    let used = || (0..log.len()).filter(|&row| pairs[row] != NOWHERE);
    let term = |(place, name): (usize, &String)| {
        let moments = Moments::of(used().map(|row| (covariates.row(row)[place], count(row))));
        Term::new(name, moments, settings.standardize)
    };
    let own = covariates.names().iter().enumerate().map(term);
    has_side(settings).then(Term::side).into_iter().chain(own).collect()
}
