//! Covariates of a fit: how they enter, and what became of each.

use serde::Serialize;

/// How covariates enter a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CovariateSettings {
    /// The ridge λ of λ/2 Σ β², β being log-odds a unit of the covariate as it is fitted; never on ratings. Above
    /// 0 an estimate exists wherever there is one without covariates. (arena-rank's `reg` is λ a comparison,
    /// FastChat's is λ, and on ratings too.)
    pub penalty: f64,
    /// What is done to the values first.
    pub standardize: Standardize,
    /// Whether being on the left is a covariate of its own: the first position, or playing at home.
    pub side_advantage: bool,
}

impl Default for CovariateSettings {
    fn default() -> Self {
        Self { penalty: 1.0, standardize: Standardize::default(), side_advantage: false }
    }
}

/// What is done to the values of a covariate before the fit, over the comparisons that enter it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standardize {
    /// Their mean is taken off and they are divided by their standard deviation (that of a population): the rule
    /// of the public arenas. Ratings are then at the mean difference, and exchanging the sides of single rows
    /// changes them.
    #[default]
    ZScore,
    /// They are divided by their root mean square: no difference stays none, and sides don't matter.
    Scale,
    /// Nothing.
    None,
}

/// What a fit made of a covariate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedCovariate {
    /// Its name; `side` for the advantage of the left side.
    pub name: String,
    /// Log-odds for the left item a unit of the covariate as it was fitted. `None` where it was left out, for
    /// the log says nothing of it.
    pub coefficient: Option<f64>,
    /// What was taken off its values.
    pub mean: f64,
    /// What they were then divided by.
    pub scale: f64,
    /// Whether the log holds the coefficient. Else it left the covariate out, or the covariate tells outcomes
    /// without a fault: no coefficient is then large enough for the log, and only the ridge holds it.
    pub identified: bool,
}

/// A covariate and whether it enters the fit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) name: String,
    pub(super) mean: f64,
    pub(super) scale: f64,
    /// What the fit divides values by that are wanted as they are, their root mean square: so that no tolerance
    /// depends on their unit. Coefficients are told without.
    pub(super) unit: f64,
    pub(super) left_out: Option<LeftOut>,
}

/// Why a covariate does not enter the fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum LeftOut {
    /// It has this value in all comparisons.
    Constant(f64),
    /// The ratings and the covariates before it make up for it in all comparisons.
    Explained,
}

impl Term {
    /// Of a covariate with these moments.
    pub(super) fn new(name: &str, moments: Moments, standardize: Standardize) -> Self {
        let (mean, scale, unit) = match standardize {
            Standardize::ZScore => (moments.mean, moments.deviation(), 1.0),
            Standardize::Scale => (0.0, moments.root_mean_square(), 1.0),
            Standardize::None => (0.0, 1.0, moments.root_mean_square()),
        };
        // Rounding leaves a little spread to a constant.
        let spread = if standardize == Standardize::ZScore { moments.deviation() } else { moments.largest };
        let is_constant = spread <= CONSTANT * moments.largest;
        let left_out = is_constant.then_some(LeftOut::Constant(moments.last));
        let or_one = |divisor: f64| if is_constant { 1.0 } else { divisor };
        Self { name: name.to_owned(), mean, scale: or_one(scale), unit: or_one(unit), left_out }
    }

    /// That of the left side, which is 1 everywhere.
    pub(super) fn side() -> Self {
        Self { name: "side".to_owned(), mean: 0.0, scale: 1.0, unit: 1.0, left_out: None }
    }

    pub(super) fn is_fitted(&self) -> bool {
        self.left_out.is_none()
    }

    /// Why it was left out, in a sentence.
    pub(super) fn note(&self) -> Option<String> {
        let name = &self.name;
        Some(match self.left_out? {
            LeftOut::Constant(value) => format!(
                "the covariate {name} is {value} in all comparisons, from which nothing can be told; it was left out of the fit"
            ),
            LeftOut::Explained => format!(
                "the covariate {name} follows from who is compared and the covariates before it, so the log can't tell its \
                 effect from theirs; it was left out of the fit"
            ),
        })
    }
}

/// A spread below this share of the largest value is rounding.
const CONSTANT: f64 = 1e-12;

/// Moments of a covariate over comparisons.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    total: f64,
    mean: f64,
    /// The sum of the squared differences from the mean.
    squares: f64,
    /// The largest absolute value.
    largest: f64,
    /// The last of the values, which a constant is without rounding.
    last: f64,
}

impl Moments {
    fn deviation(self) -> f64 {
        if self.total > 0.0 { (self.squares / self.total).sqrt() } else { 0.0 }
    }

    fn root_mean_square(self) -> f64 {
        self.mean.hypot(self.deviation())
    }

    /// Of values, each so many times.
    pub(super) fn of(values: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let (mut total, mut sum, mut largest, mut last) = (0.0, 0.0, 0.0_f64, 0.0);
        for (value, count) in values.clone() {
            total += count;
            sum += count * value;
            largest = largest.max(value.abs());
            last = value;
        }
        let mean = if total > 0.0 { sum / total } else { 0.0 };
        let squares = values.map(|(value, count)| count * (value - mean) * (value - mean)).sum();
        Self { total, mean, squares, largest, last }
    }

    /// Of these and further values.
    ///
    /// # Source
    /// Chan, Golub and `LeVeque` 1979.
    pub(super) fn with(self, further: Self) -> Self {
        let total = self.total + further.total;
        if further.total <= 0.0 || self.total <= 0.0 {
            return if further.total > 0.0 { further } else { self };
        }
        let (apart, share) = (further.mean - self.mean, further.total / total);
        Self {
            total,
            mean: self.mean + share * apart,
            squares: self.squares + further.squares + self.total * share * apart * apart,
            largest: self.largest.max(further.largest),
            last: further.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f64]) -> Moments {
        Moments::of(values.iter().map(|&value| (value, 1.0)))
    }

    #[test]
    fn a_constant_is_left_out_whatever_its_rounding() {
        let constant = moments(&[0.1; 7]);
        assert_eq!(Term::new("x", constant, Standardize::ZScore).left_out, Some(LeftOut::Constant(0.1)));
        // Not centred, a constant is the advantage of a side.
        assert!(Term::new("x", constant, Standardize::Scale).is_fitted());
        assert!(!Term::new("x", moments(&[0.0; 3]), Standardize::None).is_fitted());
    }

    #[test]
    fn moments_of_parts_are_those_of_all() {
        let values = [3.0, -1.5, 1e3, 0.25, 7.0, 7.0];
        for cut in 0..=values.len() {
            let (all, parts) = (moments(&values), moments(&values[..cut]).with(moments(&values[cut..])));
            assert!((all.mean - parts.mean).abs() < 1e-12 && (all.deviation() - parts.deviation()).abs() < 1e-10);
            assert_eq!((all.largest, all.last), (parts.largest, parts.last));
        }
    }

    #[test]
    fn the_scale_is_the_deviation_or_the_root_mean_square() {
        let found = moments(&[1.0, 3.0]);
        let of = |standardize| Term::new("x", found, standardize);
        assert_eq!((of(Standardize::ZScore).mean, of(Standardize::ZScore).scale), (2.0, 1.0));
        assert!(of(Standardize::Scale).mean.abs() <= 0.0);
        assert!((of(Standardize::Scale).scale - 5.0_f64.sqrt()).abs() < 1e-15);
    }
}
