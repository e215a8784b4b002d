//! Samplers that go where the variance is: D-optimal, and in proportion to how an interval shrinks.

use rand::Rng;

use super::belief::Followed;
use super::tasks::{self, TASKS};
use super::{Chooses, Counts, PairRule, Sampler, SamplerEntry, in_proportion, largest};
use crate::settings::{Setting, Settings, SettingsError};

/// The prior of a belief that follows the counts.
pub(super) const PRECISION: Setting = Setting {
    name: "precision",
    default: "0.1",
    summary: "of the prior: ratings are normal with variance 1 / precision, in log-odds",
};

/// The precision that the settings name.
pub(super) fn precision(settings: &Settings) -> Result<f64, SettingsError> {
    settings.number(PRECISION.name, 0.1, "a number above 0", |x: f64| x.is_finite() && x > 0.0)
}

pub(super) const D_OPTIMAL: SamplerEntry = SamplerEntry {
    name: "d-optimal",
    summary: "the pair whose comparison makes the determinant of the ratings' information grow most",
    chooses: Chooses::Pairs,
    settings: &[
        TASKS,
        PRECISION,
        Setting {
            name: "refit",
            default: "0",
            summary: "results between fits, with steps between; 0: as many as items",
        },
    ],
    holds_belief: true,
    build: |settings| {
        let refit = settings.number("refit", 0, "a whole number", |_: u32| true)?;
        let belief = Followed::new(precision(settings)?, refit);
        Ok(Sampler::new(Box::new(DOptimal { belief }), tasks::of(settings, "uniform")?))
    },
};

pub(super) const VARIANCE_PROPORTIONAL: SamplerEntry = SamplerEntry {
    name: "variance-proportional",
    summary: "a pair by lot, in proportion to how much one more comparison narrows the interval of its share",
    chooses: Chooses::Pairs,
    settings: &[TASKS],
    holds_belief: false,
    build: |settings| Ok(Sampler::new(Box::new(VarianceProportional), tasks::of(settings, "uniform")?)),
};

/// The pair with the largest `w p(1 − p) dᵀΣd`, w being its worth.
///
/// # Source
/// The D-criterion of Kiefer and Wolfowitz 1959 for the Bradley-Terry model, greedily.
#[derive(Debug)]
struct DOptimal {
    belief: Followed,
}

impl PairRule for DOptimal {
    fn pair(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<usize> {
        let belief = self.belief.now(counts);
        let gain = |pair: usize| {
            let (worth, [i, j]) = (counts.worth(pair), counts.ends(pair));
            if worth > 0.0 { worth * belief.determinant_gain(i, j) } else { f64::NAN }
        };
        let pair = largest((0..counts.pairs()).map(gain), rng)?;
        let [i, j] = counts.ends(pair);
        belief.schedule(i, j);
        Some(pair)
    }

    fn told(&mut self, counts: &Counts, pair: usize, share: f64) {
        self.belief.told(counts, pair, share);
    }
}

/// In proportion to `√(v/n) − √(v/(n+1))` with `v = p(1 − p)`.
///
/// # Source
/// Chiang et al. 2024, "Chatbot Arena" (arXiv 2403.04132), section 5. There p is the mean of what a pair
/// has so far; here two results are added to it, one each way, and one to n, so that pairs that have not
/// met have a chance too. Estimates from such a sample should weigh each comparison by 1 / its probability
/// where items don't follow a ladder.
#[derive(Debug)]
struct VarianceProportional;

impl PairRule for VarianceProportional {
    fn pair(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<usize> {
        let weight = |pair: usize| {
            let p = (counts.low_points(pair) + 1.0) / (counts.played(pair) + 2.0);
            let n = counts.scheduled(pair) + 1.0;
            let v = p * (1.0 - p);
            counts.worth(pair) * ((v / n).sqrt() - (v / (n + 1.0)).sqrt())
        };
        in_proportion((0..counts.pairs()).map(weight), rng)
    }
}
