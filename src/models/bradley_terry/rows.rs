//! The likelihood of a fit with covariates, row by row.

use super::FittedBradleyTerry;
use super::covariates::Term;
use super::design::{Design, row_derivatives};
use super::outcomes::PairDerivatives;
use crate::data::ItemId;
use crate::models::{Bordered, Direction, RowLikelihood, RowScore, ScoreProducts};

/// A score below this is zero but for rounding.
const NO_SCORE: f64 = 1e-9;

/// The most that the likelihood of a comparison bends with its log-odds, under any rule for ties: that of a tie under Rao
/// and Kupper's is the sum of two variances of at most 1/4.
const MOST_CURVATURE: f64 = 0.5;

/// A fit that covariates entered, and its rows.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    fit: &'a FittedBradleyTerry,
    design: &'a Design,
    /// The places of the coefficients that the log holds: errors are those of a fit that takes the others for known.
    held: Vec<usize>,
}

impl FittedBradleyTerry {
    /// The rows, if covariates entered the fit.
    pub(super) fn with_covariates(&self) -> Option<Rows<'_>> {
        let design = self.design.as_ref().filter(|design| design.width() > 0)?;
        Some(Rows { fit: self, design, held: (0..design.width()).filter(|&place| self.holds(place)).collect() })
    }
}

impl Rows<'_> {
    pub(super) fn log_likelihood(&self) -> f64 {
        let Self { fit, design, .. } = self;
        let difference = |pair| fit.point.difference(&fit.pairs, pair);
        design.log_likelihood(fit.rule, fit.tie_parameter(), difference, &fit.point.coefficients)
    }

    /// The derivatives of the log-likelihood of one comparison of the row at a place, and of weight `weight`.
    fn derivatives(&self, base: f64, place: usize, weight: f64) -> PairDerivatives {
        let at = base + self.design.effect(place, &self.fit.point.coefficients);
        row_derivatives(self.fit.rule, self.design.share(place), weight, at, self.fit.tie_parameter())
    }

    /// The sums over rows between members, of what the log holds.
    fn summed(&self, members: &[bool], each: impl Fn(f64, usize) -> PairDerivatives + Sync) -> (Vec<f64>, Bordered) {
        let fit = self.fit;
        let pairs = &fit.pairs;
        let is_member = |item: u32| members[item as usize];
        let difference = |pair: usize| {
            let among = is_member(pairs.low[pair]) && is_member(pairs.high[pair]);
            among.then(|| fit.point.difference(pairs, pair))
        };
        let (score, sum) = self.design.bordered(fit.has_parameter, pairs, difference, each);
        (score, self.held_of(sum))
    }

    /// What the log holds of it.
    fn held_of(&self, sum: Bordered) -> Bordered {
        if self.held.len() == self.design.width() {
            return sum;
        }
        let first = usize::from(self.fit.has_parameter);
        let kept: Vec<usize> = (0..first).chain(self.held.iter().map(|place| first + place)).collect();
        sum.with_shared(&kept)
    }

    /// The covariate at a place of those that the log holds.
    fn term(&self, place: usize) -> Option<&Term> {
        self.design.fitted().nth(self.held[place])
    }

    /// What the fitted coefficients' covariates add to the change of a row's log-odds.
    fn moved(&self, place: usize, coefficients: &[f64]) -> f64 {
        let values = self.design.values(place);
        self.held.iter().zip(coefficients).map(|(&held, by)| values[held] * by).sum()
    }
}

impl RowLikelihood for Rows<'_> {
    fn covariates(&self) -> usize {
        self.held.len()
    }

    fn name(&self, place: usize) -> &str {
        self.term(place).map_or("", |term| &term.name)
    }

    fn unit(&self, place: usize) -> f64 {
        self.term(place).map_or(1.0, |term| term.unit)
    }

    fn rows(&self) -> usize {
        self.design.log_rows()
    }

    fn information(&self, row: usize, members: &[bool], directions: &[Direction], by: &mut [f64]) -> f64 {
        let pairs = &self.fit.pairs;
        let among = |place: &usize| {
            let pair = self.design.pair(*place);
            members[pairs.low[pair] as usize] && members[pairs.high[pair] as usize]
        };
        let Some(place) = self.design.place(row).filter(among) else { return 0.0 };
        let pair = self.design.pair(place);
        let base = self.fit.point.difference(pairs, pair);
        let curvature = self.derivatives(base, place, self.design.weight(place)).curvature;
        for (by, direction) in by.iter_mut().zip(directions) {
            let ratings = direction.ratings[pairs.low[pair] as usize] - direction.ratings[pairs.high[pair] as usize];
            let change = ratings + self.moved(place, &direction.coefficients);
            *by = curvature * change * change;
        }
        self.design.count(place)
    }

    fn most_information(&self, directions: &[Direction]) -> Vec<f64> {
        let pairs = self.fit.pairs.low.iter().zip(&self.fit.pairs.high);
        let most = |direction: &Direction| {
            let apart = |(&low, &high): (&u32, &u32)| {
                (direction.ratings[low as usize] - direction.ratings[high as usize]).abs()
            };
            let mut step = vec![0.0; self.design.width()];
            self.held.iter().zip(&direction.coefficients).for_each(|(&place, &by)| step[place] = by);
            let reach = pairs.clone().map(apart).fold(0.0, f64::max) + self.design.reaches(&step).iter().sum::<f64>();
            MOST_CURVATURE * reach * reach
        };
        directions.iter().map(most).collect()
    }

    fn largest_weight(&self) -> f64 {
        self.design.largest_weight()
    }

    fn penalty(&self) -> f64 {
        self.fit.penalty
    }

    fn has_parameter(&self) -> bool {
        self.fit.has_parameter
    }

    fn curvature(&self, members: &[bool]) -> Bordered {
        if let Some(slope) = self.fit.slope.as_ref().filter(|_| members.iter().all(|&is_member| is_member)) {
            let pairs = &self.fit.pairs;
            let sum = Bordered {
                low: pairs.low.clone(),
                high: pairs.high.clone(),
                difference: slope.curvature.clone(),
                cross: slope.cross.clone(),
                corner: slope.corner.clone(),
                penalty: self.fit.penalty,
            };
            return self.held_of(sum);
        }
        let total = |place| self.design.weight(place) * self.design.count(place);
        let (_, sum) = self.summed(members, |base, place| self.derivatives(base, place, total(place)));
        Bordered { penalty: self.fit.penalty, ..sum }
    }

    fn outer_products(&self, members: &[bool]) -> ScoreProducts {
        let products = |base, place| {
            let weight = self.design.weight(place);
            let found = self.derivatives(base, place, weight);
            let count = self.design.count(place);
            PairDerivatives {
                // Counted where the score is not zero.
                score: if found.score.abs() > NO_SCORE * weight { count } else { 0.0 },
                curvature: count * found.score * found.score,
                cross: count * found.score * found.parameter_score,
                parameter_curvature: count * found.parameter_score * found.parameter_score,
                ..PairDerivatives::default()
            }
        };
        let (counts, sum) = self.summed(members, products);
        ScoreProducts { sum, counts }
    }

    fn score(&self, row: usize, shared: &mut [f64]) -> Option<RowScore> {
        let place = self.design.place(row)?;
        let pair = self.design.pair(place);
        let pairs = &self.fit.pairs;
        let found = self.derivatives(self.fit.point.difference(pairs, pair), place, 1.0);
        let (parameter, coefficients) = shared.split_at_mut(usize::from(self.fit.has_parameter));
        parameter.fill(found.parameter_score);
        let values = self.design.values(place);
        for (shared, &held) in coefficients.iter_mut().zip(&self.held) {
            *shared = found.score * values[held];
        }
        Some(RowScore { low: ItemId(pairs.low[pair]), high: ItemId(pairs.high[pair]), difference: found.score })
    }
}
