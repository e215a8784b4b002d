//! Sums over the rows of a design, in chunks of fixed size that are put together in their order, so that the
//! number of threads changes no digit.

use std::ops::Range;

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::super::super::Bordered;
use super::super::newton::{Point, Problem, Slope};
use super::super::outcomes::{Outcomes, PairDerivatives, TieRule, logistic};
use super::{CHUNK, Design};
use crate::data::graph::PairSums;

/// The sums of one chunk.
struct Sums {
    first_pair: usize,
    /// For each pair from the first on: score, curvature, and the cross derivative with each shared parameter.
    pairs: Vec<f64>,
    gradient: Vec<f64>,
    /// The lower triangle, row by row.
    corner: Vec<f64>,
}

/// The sums of rows with so many covariates.
struct FixedSums<const WIDTH: usize> {
    score: f64,
    curvature: f64,
    parameter_score: f64,
    parameter_curvature: f64,
    /// Of the difference and the tie parameter.
    parameter_cross: f64,
    /// Of the difference and each covariate.
    cross: [f64; WIDTH],
    gradient: [f64; WIDTH],
    /// Of the tie parameter and each covariate.
    parameter_with: [f64; WIDTH],
    /// The lower triangle is filled.
    corner: [[f64; WIDTH]; WIDTH],
}

impl<const WIDTH: usize> FixedSums<WIDTH> {
    fn new() -> Self {
        Self {
            score: 0.0,
            curvature: 0.0,
            parameter_score: 0.0,
            parameter_curvature: 0.0,
            parameter_cross: 0.0,
            cross: [0.0; WIDTH],
            gradient: [0.0; WIDTH],
            parameter_with: [0.0; WIDTH],
            corner: [[0.0; WIDTH]; WIDTH],
        }
    }

    #[inline]
    fn add(&mut self, found: &PairDerivatives, values: &[f64; WIDTH]) {
        self.score += found.score;
        self.curvature += found.curvature;
        self.parameter_score += found.parameter_score;
        self.parameter_curvature += found.parameter_curvature;
        self.parameter_cross += found.cross;
        for (k, value) in values.iter().enumerate() {
            let curved = found.curvature * value;
            self.cross[k] += curved;
            self.gradient[k] += found.score * value;
            self.parameter_with[k] += found.cross * value;
            for (corner, other) in self.corner[k].iter_mut().zip(&values[..=k]) {
                *corner += curved * other;
            }
        }
    }
}

impl Sums {
    fn new(first_pair: usize, pairs: usize, shared: usize) -> Self {
        Self {
            first_pair,
            pairs: vec![0.0; pairs * (2 + shared)],
            gradient: vec![0.0; shared],
            corner: vec![0.0; shared * (shared + 1) / 2],
        }
    }

    /// Adds the sums of some rows of a pair.
    fn add<const WIDTH: usize>(&mut self, pair: usize, has_parameter: bool, rows: &FixedSums<WIDTH>) {
        let first = usize::from(has_parameter);
        let shared = WIDTH + first;
        let of_pair = &mut self.pairs[(pair - self.first_pair) * (2 + shared)..][..2 + shared];
        of_pair[0] += rows.score;
        of_pair[1] += rows.curvature;
        if has_parameter {
            of_pair[2] += rows.parameter_cross;
            self.gradient[0] += rows.parameter_score;
            self.corner[0] += rows.parameter_curvature;
        }
        let mut triangle = first * (first + 1) / 2;
        for k in 0..WIDTH {
            of_pair[2 + first + k] += rows.cross[k];
            self.gradient[first + k] += rows.gradient[k];
            if has_parameter {
                self.corner[triangle] += rows.parameter_with[k];
            }
            let corner = &mut self.corner[triangle + first..][..=k];
            corner.iter_mut().zip(&rows.corner[k]).for_each(|(sum, of_rows)| *sum += of_rows);
            triangle += first + k + 1;
        }
    }
}

impl Design {
    fn chunks(&self) -> Vec<Range<usize>> {
        (0..self.len()).step_by(CHUNK).map(|start| start..self.len().min(start + CHUNK)).collect()
    }

    /// Calls `each` with a pair and the rows of a chunk that are its, pair by pair.
    fn each_pair(&self, chunk: &Range<usize>, mut each: impl FnMut(usize, Range<usize>)) {
        let mut pair = self.pair(chunk.start);
        let mut start = chunk.start;
        while start < chunk.end {
            let end = chunk.end.min(self.first_row[pair + 1] as usize);
            if end > start {
                each(pair, start..end);
            }
            start = end;
            pair += 1;
        }
    }

    /// The sums by pair and over all of what `each` says of a row, for the pairs that have a difference.
    pub(in super::super) fn bordered(
        &self,
        has_parameter: bool,
        pairs: &PairSums,
        difference: impl Fn(usize) -> Option<f64> + Sync,
        each: impl Fn(f64, usize) -> PairDerivatives + Sync,
    ) -> (Vec<f64>, Bordered) {
        let (score, slope) = self.summed(has_parameter, pairs.low.len(), difference, each);
        let Slope { curvature: difference, cross, corner, .. } = slope;
        (score, Bordered { low: pairs.low.clone(), high: pairs.high.clone(), difference, cross, corner, penalty: 0.0 })
    }

    /// First and second derivatives at a point, without penalties on ratings: the scores of the pairs, and the rest.
    pub(in super::super) fn slope(&self, problem: &Problem<'_>, at: &Point) -> (Vec<f64>, Slope) {
        let parameter = at.log_parameter.exp();
        let pairs = problem.pairs;
        let difference = |pair: usize| Some(at.difference(pairs, pair));
        let derivatives = |base: f64, row: usize| {
            let total = self.weight(row) * self.count(row);
            row_derivatives(problem.rule, self.shares[row], total, base + self.effect(row, &at.coefficients), parameter)
        };
        let (score, mut slope) = self.summed(problem.has_parameter, pairs.low.len(), difference, derivatives);
        let first = usize::from(problem.has_parameter);
        for (place, (coefficient, ridge)) in at.coefficients.iter().zip(problem.ridges).enumerate() {
            slope.shared_gradient[first + place] -= ridge * coefficient;
            slope.corner[(first + place, first + place)] += ridge;
        }
        (score, slope)
    }

    /// The curvature of least squares with the rows' weights, in ratings and covariates.
    pub(in super::super) fn gram(&self, pairs: usize) -> Slope {
        self.gram_of(pairs, |_| 0.0, |_, _| true)
    }

    /// The same of those rows that `keep` accepts by the difference of their pair and their place.
    pub(in super::super) fn gram_of(
        &self,
        pairs: usize,
        difference: impl Fn(usize) -> f64 + Sync,
        keep: impl Fn(f64, usize) -> bool + Sync,
    ) -> Slope {
        let weighted = |base: f64, row: usize| PairDerivatives {
            curvature: if keep(base, row) { self.weight(row) * self.count(row) } else { 0.0 },
            ..PairDerivatives::default()
        };
        self.summed(false, pairs, |pair| Some(difference(pair)), weighted).1
    }

    /// The weights by pair of those rows that `keep` accepts by the difference of their pair and their place.
    pub(in super::super) fn pair_sums(
        &self,
        pairs: &PairSums,
        difference: impl Fn(usize) -> f64,
        keep: impl Fn(f64, usize) -> bool,
    ) -> PairSums {
        let zeros = || vec![0.0; pairs.low.len()];
        let (low, high) = (pairs.low.clone(), pairs.high.clone());
        let mut sums = PairSums { low, high, low_wins: zeros(), high_wins: zeros(), ties: zeros() };
        for row in 0..self.len() {
            let pair = self.pair(row);
            if keep(difference(pair), row) {
                let Outcomes { low, high, ties } = outcomes(self.shares[row], self.weight(row) * self.count(row));
                sums.low_wins[pair] += low;
                sums.high_wins[pair] += high;
                sums.ties[pair] += ties;
            }
        }
        sums
    }

    /// The sums by pair and over all of what `each` says of a row, given the difference of its pair; without the
    /// pairs that have none.
    fn summed(
        &self,
        has_parameter: bool,
        pairs: usize,
        difference: impl Fn(usize) -> Option<f64> + Sync,
        each: impl Fn(f64, usize) -> PairDerivatives + Sync,
    ) -> (Vec<f64>, Slope) {
        let shared = self.width + usize::from(!self.sides.is_empty()) + usize::from(has_parameter);
        let of_chunk = |chunk: &Range<usize>| self.sums_of(chunk, has_parameter, &difference, &each);
        let parts: Vec<Sums> = self.chunks().par_iter().map(of_chunk).collect();
        let mut score = vec![0.0; pairs];
        let mut slope = Slope {
            curvature: vec![0.0; pairs],
            cross: vec![0.0; pairs * shared],
            shared_gradient: vec![0.0; shared],
            ..Slope::default()
        };
        let mut corner = vec![0.0; shared * (shared + 1) / 2];
        let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        for part in parts {
            for (offset, sums) in part.pairs.chunks_exact(2 + shared).enumerate() {
                let pair = part.first_pair + offset;
                score[pair] += sums[0];
                slope.curvature[pair] += sums[1];
                add(&mut slope.cross[pair * shared..][..shared], &sums[2..]);
            }
            add(&mut slope.shared_gradient, &part.gradient);
            add(&mut corner, &part.corner);
        }
        slope.corner = DMatrix::from_fn(shared, shared, |i, j| {
            let (i, j) = (i.max(j), i.min(j));
            corner[i * (i + 1) / 2 + j]
        });
        (score, slope)
    }

    fn sums_of(
        &self,
        chunk: &Range<usize>,
        has_parameter: bool,
        difference: &impl Fn(usize) -> Option<f64>,
        each: &impl Fn(f64, usize) -> PairDerivatives,
    ) -> Sums {
        // Loops over a few covariates are several times faster where their number is known beforehand.
        match self.width + usize::from(!self.sides.is_empty()) {
            1 => self.fixed_sums::<1>(chunk, has_parameter, difference, each),
            2 => self.fixed_sums::<2>(chunk, has_parameter, difference, each),
            3 => self.fixed_sums::<3>(chunk, has_parameter, difference, each),
            4 => self.fixed_sums::<4>(chunk, has_parameter, difference, each),
            5 => self.fixed_sums::<5>(chunk, has_parameter, difference, each),
            width => self.any_sums(width, chunk, has_parameter, difference, each),
        }
    }

    /// The covariates of a row, that of the side first where it is looked at.
    #[inline]
    fn put_values(&self, row: usize, into: &mut [f64]) {
        if let Some(&side) = self.sides.get(row) {
            into[0] = f64::from(side);
            into[1..].copy_from_slice(self.values(row));
        } else {
            into.copy_from_slice(self.values(row));
        }
    }

    #[inline]
    fn fixed_sums<const WIDTH: usize>(
        &self,
        chunk: &Range<usize>,
        has_parameter: bool,
        difference: &impl Fn(usize) -> Option<f64>,
        each: &impl Fn(f64, usize) -> PairDerivatives,
    ) -> Sums {
        let (first_pair, last_pair) = (self.pair(chunk.start), self.pair(chunk.end - 1));
        let mut sums = Sums::new(first_pair, last_pair + 1 - first_pair, WIDTH + usize::from(has_parameter));
        self.each_pair(chunk, |pair, rows| {
            let Some(base) = difference(pair) else { return };
            let mut of_pair = FixedSums::<WIDTH>::new();
            let mut values = [0.0; WIDTH];
            for row in rows {
                self.put_values(row, &mut values);
                of_pair.add(&each(base, row), &values);
            }
            sums.add(pair, has_parameter, &of_pair);
        });
        sums
    }

    fn any_sums(
        &self,
        width: usize,
        chunk: &Range<usize>,
        has_parameter: bool,
        difference: &impl Fn(usize) -> Option<f64>,
        each: &impl Fn(f64, usize) -> PairDerivatives,
    ) -> Sums {
        let first = usize::from(has_parameter);
        let shared = width + first;
        let (first_pair, last_pair) = (self.pair(chunk.start), self.pair(chunk.end - 1));
        let mut sums = Sums::new(first_pair, last_pair + 1 - first_pair, shared);
        let mut values = vec![0.0; width];
        self.each_pair(chunk, |pair, rows| {
            let Some(base) = difference(pair) else { return };
            let of_pair = &mut sums.pairs[(pair - first_pair) * (2 + shared)..][..2 + shared];
            for row in rows {
                let found = each(base, row);
                of_pair[0] += found.score;
                of_pair[1] += found.curvature;
                self.put_values(row, &mut values);
                if has_parameter {
                    of_pair[2] += found.cross;
                    sums.gradient[0] += found.parameter_score;
                    sums.corner[0] += found.parameter_curvature;
                }
                let mut triangle = first * (first + 1) / 2;
                for (at, (k, &value)) in (first..).zip(values.iter().enumerate()) {
                    let curved = found.curvature * value;
                    of_pair[2 + at] += curved;
                    sums.gradient[at] += found.score * value;
                    if has_parameter {
                        sums.corner[triangle] += found.cross * value;
                    }
                    for (corner, other) in sums.corner[triangle + first..].iter_mut().zip(&values[..=k]) {
                        *corner += curved * other;
                    }
                    triangle += at + 1;
                }
            }
        });
        sums
    }

    /// The log-likelihood, where all rows' differences are as told.
    pub(in super::super) fn log_likelihood(
        &self,
        rule: TieRule,
        parameter: f64,
        difference: impl Fn(usize) -> f64 + Sync,
        coefficients: &[f64],
    ) -> f64 {
        let of_chunk = |chunk: &Range<usize>| {
            let mut sum = 0.0;
            self.each_pair(chunk, |pair, rows| {
                let base = difference(pair);
                for row in rows {
                    let at = base + self.effect(row, coefficients);
                    sum += self.weight(row) * self.count(row) * rule.log_probability(self.shares[row], at, parameter);
                }
            });
            sum
        };
        let parts: Vec<f64> = self.chunks().par_iter().map(of_chunk).collect();
        parts.iter().sum()
    }

    /// By how much, in log-odds, a direction moves the row that it moves the most towards another outcome than its own;
    /// the direction's logarithm of a parameter being the step of the threshold beyond which a lead is a win.
    pub(in super::super) fn worst_told(&self, pairs: &PairSums, direction: &Point) -> f64 {
        let threshold = direction.log_parameter;
        let of_chunk = |chunk: &Range<usize>| {
            let mut worst = 0.0_f64;
            self.each_pair(chunk, |pair, rows| {
                let base = direction.difference(pairs, pair);
                for row in rows.filter(|&row| self.weight(row) > 0.0) {
                    let lead = base + self.effect(row, &direction.coefficients);
                    let Outcomes { low, high, .. } = outcomes(self.shares[row], 1.0);
                    worst = worst.max(match (low > 0.0, high > 0.0) {
                        (true, false) => threshold.max(0.0) - lead,
                        (false, true) => threshold.max(0.0) + lead,
                        (true, true) => lead.abs(),
                        (false, false) => lead.abs() - threshold,
                    });
                }
            });
            worst
        };
        let parts: Vec<f64> = self.chunks().par_iter().map(of_chunk).collect();
        parts.into_iter().fold(0.0, f64::max)
    }

    /// The most that a step of the coefficients changes the log-odds of a row; no more than a bound of it if that
    /// is small.
    pub(in super::super) fn longest_change(&self, step: &[f64]) -> f64 {
        const SMALL: f64 = 1.0;
        let bound: f64 = self.largest.iter().zip(step).map(|(x, s)| x * s.abs()).sum();
        if bound <= SMALL {
            return bound;
        }
        let of_chunk = |chunk: &Range<usize>| chunk.clone().map(|row| self.effect(row, step).abs()).fold(0.0, f64::max);
        let parts: Vec<f64> = self.chunks().par_iter().map(of_chunk).collect();
        parts.into_iter().fold(0.0, f64::max)
    }
}

/// Derivatives of the log-likelihood of a row of total weight `total`.
#[inline]
pub(in super::super) fn row_derivatives(
    rule: TieRule,
    share: f64,
    total: f64,
    difference: f64,
    parameter: f64,
) -> PairDerivatives {
    if matches!(rule, TieRule::Half | TieRule::Drop) {
        // Without a question whether it is a tie, which could not be guessed.
        let win = logistic(difference);
        return PairDerivatives {
            score: total * (share - win),
            curvature: total * win * (1.0 - win),
            ..PairDerivatives::default()
        };
    }
    rule.derivatives(outcomes(share, total), difference, parameter)
}

/// What a row of total weight `total` gives its outcomes.
#[inline]
fn outcomes(share: f64, total: f64) -> Outcomes {
    #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
    if share == 0.5 {
        Outcomes { low: 0.0, high: 0.0, ties: total }
    } else {
        Outcomes { low: share * total, high: (1.0 - share) * total, ties: 0.0 }
    }
}
