//! Soft Condorcet optimisation: ratings in a box that make the fewest votes on pairs softly wrong.

mod descent;
mod online;

use self::descent::{Bounds, Margins};
use super::bradley_terry::{BradleyTerry, DENSE_LIMIT, logistic};
use super::voting::{Copeland, Optimum, ordered};
use super::{
    Convergence, Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, Rater, RaterEntry, Setting, Units, Wins,
};
use crate::data::graph::PreferenceGraph;
use crate::settings::{Settings, SettingsError};

pub(super) const ENTRY: RaterEntry = RaterEntry {
    name: "soft-condorcet",
    summary: "Soft Condorcet: the least sum of sigmoids of votes on pairs, in a box; a Condorcet winner is on top",
    needs: Needs::Counts,
    units: Units::Own,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[
        Setting { name: "lower", default: "-5", summary: "the lowest rating" },
        Setting { name: "upper", default: "5", summary: "the highest rating" },
        Setting {
            name: "temperature",
            default: "1",
            summary: "the scale of the sigmoid; the box should not be wider than some 30 of it, or the loss is flat",
        },
        Setting { name: "online", default: "false", summary: "true: one ballot, or comparison, a step, at random" },
        Setting { name: "steps", default: "10000", summary: "how many steps, with online=true" },
        Setting { name: "rate", default: "0.01", summary: "the learning rate, with online=true" },
    ],
    build: |settings| Ok(Box::new(SoftCondorcet::from_settings(settings)?)),
};

/// The sigmoid loss `Σ N(a, b) σ((θ_b − θ_a) / τ)` over the votes for a over b, in a box.
///
/// # Source
/// Lanctot, Larson, Kaisers and others 2024, arXiv 2411.00119; `OpenSpiel`'s
/// `soft_condorcet_optimization`. Ties cancel, so that the loss depends on the margins of the pairs only.
/// It is not convex; a Condorcet winner is at the upper bound in each of its minima (Theorem 1). Plain
/// gradient descent, as there, hardly moves where the sigmoid is flat, so that its ratings depend on the
/// number of steps; here the minimum itself is found, by projected Newton steps from the orders of Borda,
/// Bradley-Terry and Copeland, in a box where it is well defined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoftCondorcet {
    /// The lowest rating.
    pub lower: f64,
    /// The highest rating.
    pub upper: f64,
    /// The scale τ of the sigmoid.
    pub temperature: f64,
    /// Stochastic steps in place of the minimum.
    pub online: Option<OnlineSteps>,
}

/// Stochastic gradient descent: a ballot a step, drawn with replacement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnlineSteps {
    /// How many steps.
    pub steps: u32,
    /// The learning rate.
    pub rate: f64,
    /// The seed of the draws.
    pub seed: u64,
}

impl Default for SoftCondorcet {
    fn default() -> Self {
        Self { lower: -5.0, upper: 5.0, temperature: 1.0, online: None }
    }
}

/// A minimum of the loss, or where stochastic steps ended.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftCondorcetFit {
    /// One rating an item, within the box.
    pub ratings: Vec<f64>,
    /// The loss, summed over the votes.
    pub loss: f64,
    /// How the minimisation ended; the gradient's norm is that of its projection, as a share of all votes.
    pub convergence: Convergence,
    /// Whether the starts agree on the minimum and none of them had to be broken free of a symmetry; `None`
    /// after stochastic steps, which don't look for others.
    pub unique: Option<bool>,
}

/// Wider boxes than this many temperatures have a flat loss.
const WIDEST: f64 = 30.0;
/// Boxes wider than this many temperatures are refused: there the sigmoid is a step.
const MOST_TEMPERATURES: f64 = 1e6;
/// Bounds beyond this, and temperatures below its inverse, are refused: their squares must be numbers.
const LARGEST: f64 = 1e100;

impl Rater for SoftCondorcet {
    /// O(pairs + items³) an iteration, 10 to 50 of them from each of six starts; online O(places²) a step.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        let found = self.solve(evidence)?;
        let mut notes = Vec::new();
        if let (Some(online), false) = (self.online, found.convergence.converged) {
            let message = format!(
                "{} stochastic steps lead towards a minimum and not to it: the slope left is {:.1e} of all votes; more steps \
                 or another rate may come nearer, and online=false finds it",
                online.steps,
                found.convergence.gradient_norm.unwrap_or(f64::NAN)
            );
            notes.push(Note::new("online-steps", message));
        }
        if found.unique == Some(false) {
            let message = "the loss has several minima as low as this one: other ratings are as good";
            notes.push(Note::new("several-optima", message));
        }
        if (self.upper - self.lower) / self.temperature > WIDEST {
            let message = format!(
                "the box is {} temperatures wide, and the loss flat in most of it: ratings mean little beyond their order; give a \
                 smaller box or a higher temperature",
                (self.upper - self.lower) / self.temperature
            );
            notes.push(Note::new("flat-loss", message));
        }
        let mut fit = ordered(evidence.graph, found.ratings, notes);
        fit.convergence = found.convergence;
        Ok(Box::new(Optimum { fit, parameters: vec![("loss", Some(found.loss))], log_likelihood: None }))
    }
}

impl SoftCondorcet {
    fn from_settings(settings: &Settings) -> Result<Self, SettingsError> {
        let lower = settings.number("lower", -5.0, "a finite number, of at most 1e100", |x: f64| x.abs() <= LARGEST)?;
        let above = |upper: f64| upper <= LARGEST && upper > lower;
        let upper = settings.number("upper", 5.0, "a finite number above lower, and at most 1e100", above)?;
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let scale = |x: f64| (1.0 / LARGEST..=LARGEST).contains(&x) && (upper - lower) / x <= MOST_TEMPERATURES;
        let expected = "a number above 0, no less than a millionth of the width of the box and at most 1e100";
        let temperature = settings.number("temperature", 1.0, expected, scale)?;
        if !scale(temperature) {
            return Err(SettingsError::Value {
                name: "upper".to_owned(),
                value: upper.to_string(),
                expected: format!("a number so near lower={lower} that the box is no wider than 1e6 temperatures of 1"),
            });
        }
        let online = settings.choice("online", &[("false", false), ("true", true)])?;
        let steps = OnlineSteps {
            steps: settings.number("steps", 10_000, "a whole number", |_| true)?,
            rate: settings.number("rate", 0.01, "a number above 0", positive)?,
            seed: settings.seed,
        };
        Ok(Self { lower, upper, temperature, online: online.then_some(steps) })
    }

    /// The ratings, and what is known of them.
    ///
    /// # Errors
    /// If there are more than [`DENSE_LIMIT`] items, unless the steps are online.
    pub fn solve(&self, evidence: Evidence<'_>) -> Result<SoftCondorcetFit, FitError> {
        let items = evidence.graph.items().len();
        let bounds = Bounds { lower: self.lower, upper: self.upper, temperature: self.temperature };
        let margins = Margins::of(&evidence.graph.pair_sums(), items);
        if let Some(steps) = self.online {
            let ratings = online::ratings(self, steps, &evidence)?;
            let loss = self.loss(evidence.graph, &ratings);
            let convergence = margins.convergence(bounds, &ratings, steps.steps);
            return Ok(SoftCondorcetFit { ratings, loss, convergence, unique: None });
        }
        if items > DENSE_LIMIT {
            return Err(FitError::TooManyItems { method: ENTRY.name, items, limit: DENSE_LIMIT });
        }
        let found = margins.minimum(bounds, &self.starts(evidence)?);
        let loss = self.loss(evidence.graph, &found.ratings);
        Ok(SoftCondorcetFit { loss, ..found })
    }

    /// Where to begin: the orders of three rules, across the box and across a part of it.
    fn starts(&self, evidence: Evidence<'_>) -> Result<Vec<Vec<f64>>, FitError> {
        let counts: Evidence<'_> = evidence.graph.into();
        let middle = f64::midpoint(self.lower, self.upper);
        let width = self.upper - self.lower;
        let mut starts = Vec::new();
        for rater in [&Wins as &dyn Rater, &BradleyTerry::default(), &Copeland] {
            let places = centred_places(rater.fit(counts, None)?.ratings());
            for width in [width, width.min(4.0 * self.temperature)] {
                starts.push(places.iter().map(|place| middle + width * place).collect());
            }
        }
        Ok(starts)
    }

    /// The loss, summed over the votes; a tie is half a vote each way.
    ///
    /// # Panics
    /// If there is not one rating an item.
    pub fn loss(&self, graph: &PreferenceGraph, ratings: &[f64]) -> f64 {
        let pairs = graph.pair_sums();
        let of_pair = |pair: usize| {
            let difference = ratings[pairs.low[pair] as usize] - ratings[pairs.high[pair] as usize];
            let wrong = logistic(-difference / self.temperature);
            let half = pairs.ties[pair] / 2.0;
            (pairs.low_wins[pair] + half) * wrong + (pairs.high_wins[pair] + half) * (1.0 - wrong)
        };
        (0..pairs.low.len()).map(of_pair).sum()
    }

    /// The derivatives of [`loss`](Self::loss) by the ratings. Gradient descent in the manner of
    /// `OpenSpiel` divides them by the number of ballots.
    ///
    /// # Panics
    /// If there is not one rating an item.
    pub fn gradient(&self, graph: &PreferenceGraph, ratings: &[f64]) -> Vec<f64> {
        let pairs = graph.pair_sums();
        let mut gradient = vec![0.0; ratings.len()];
        for pair in 0..pairs.low.len() {
            let (low, high) = (pairs.low[pair] as usize, pairs.high[pair] as usize);
            let wrong = logistic((ratings[high] - ratings[low]) / self.temperature);
            let pull = (pairs.low_wins[pair] - pairs.high_wins[pair]) * wrong * (1.0 - wrong) / self.temperature;
            gradient[low] -= pull;
            gradient[high] += pull;
        }
        gradient
    }
}

/// Places from −½ for the lowest to ½ for the highest; equal items have their mean place.
fn centred_places(ratings: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = ratings.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = (ratings.len() as f64 - 1.0).max(1.0);
    let place = |rating: f64| {
        let near = 1e-9 * rating.abs().max(1.0);
        let below = sorted.partition_point(|&other| other < rating - near);
        let not_above = sorted.partition_point(|&other| other <= rating + near);
        (below + not_above - 1) as f64 / 2.0 / last - 0.5
    };
    ratings.iter().map(|&rating| place(rating)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ItemId;
    use crate::data::profile::Profile;

    fn graph() -> PreferenceGraph {
        let mut profile = Profile::new(["a", "b", "c"].into_iter().collect());
        for (order, count) in [([0, 1, 2], 2.0), ([2, 0, 1], 3.0)] {
            profile.push(&order.map(|item| [ItemId(item)]), count).unwrap();
        }
        profile.graph()
    }

    #[test]
    fn a_box_in_which_no_slope_is_a_number_is_refused() {
        for given in [
            &["temperature=1e-170"][..],
            &["temperature=1e-7"],
            &["temperature=nan"],
            &["temperature=inf"],
            &["lower=-1e308", "upper=1e308"],
            &["upper=1e7"],
            &["lower=nan"],
        ] {
            let settings = Settings::parse(given).unwrap();
            assert!(SoftCondorcet::from_settings(&settings).is_err(), "{given:?}");
        }
        let wide = Settings::parse(["lower=-1e8", "upper=1e8", "temperature=1e7"]).unwrap();
        assert!(SoftCondorcet::from_settings(&wide).is_ok());
    }

    #[test]
    fn a_slope_that_is_no_number_ends_the_descent() {
        for (lower, upper, temperature) in [(-5.0, 5.0, 1e-170), (-1e308, 1e308, 1.0), (-5.0, 5.0, f64::NAN)] {
            let rule = SoftCondorcet { lower, upper, temperature, online: None };
            let found = rule.solve((&graph()).into()).unwrap();
            assert_eq!(found.ratings.len(), 3, "{temperature}");
        }
    }

    #[test]
    fn stochastic_steps_say_how_far_from_a_minimum_they_ended() {
        let online = |steps| {
            let steps = OnlineSteps { steps, rate: 0.01, seed: 1 };
            SoftCondorcet { online: Some(steps), ..SoftCondorcet::default() }
        };
        let early = online(10).solve((&graph()).into()).unwrap();
        assert!(!early.convergence.converged && early.convergence.gradient_norm.unwrap() > 1e-3);
        assert_eq!((early.unique, early.convergence.iterations), (None, 10));
        let fitted = online(10).fit((&graph()).into(), None).unwrap();
        assert!(fitted.notes().iter().any(|note| note.code == "online-steps"), "{:?}", fitted.notes());
        let late = online(1_000_000).solve((&graph()).into()).unwrap();
        assert!(late.convergence.gradient_norm < early.convergence.gradient_norm);
    }
}
