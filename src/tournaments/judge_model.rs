//! A judge whose errors are known: what tournaments are tried on.

use rand::Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};
use serde::{Deserialize, Serialize};

use super::history::MatchResult;
use crate::random::{Purpose, stream};

/// What is true of an item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// How good it is, in the units of the judge's scores.
    pub strength: f64,
    /// Where it stands on the circle of [`JudgeModel::cycle`], in turns.
    #[serde(default)]
    pub turn: f64,
}

/// The law of the error in a score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseLaw {
    /// Gumbel errors of scale `noise`: in one order the left item wins with probability
    /// `1 / (1 + exp(-(s_left - s_right) / noise))`, which is the Bradley-Terry model.
    #[default]
    BradleyTerry,
    /// Normal errors of standard deviation `noise` (Thurstone's case V).
    Normal,
}

/// How a simulated judge scores two items that are shown to it, one first.
///
/// In one call the first item's score is its strength, plus half the position bias, plus half the
/// cycle's part, plus an offset that both share, plus an error of its own; the second item's has the
/// bias and the cycle with the other sign. The cycle's part is `cycle × sin(2π (t_first − t_second))`:
/// items a third of a turn apart beat each other in a circle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JudgeModel {
    /// Scale of the error in each score.
    pub noise: f64,
    /// The law of that error.
    pub law: NoiseLaw,
    /// Standard deviation of a normal offset that the two scores of one call share.
    pub offset: f64,
    /// How far the first item is ahead by being first.
    pub position_bias: f64,
    /// Scores of one match that differ by no more than this are a tie.
    pub tie_margin: f64,
    /// How far items are ahead in a circle.
    pub cycle: f64,
}

impl Default for JudgeModel {
    /// A Bradley-Terry judge of scale 1 without further faults.
    fn default() -> Self {
        Self { noise: 1.0, law: NoiseLaw::default(), offset: 0.0, position_bias: 0.0, tie_margin: 0.0, cycle: 0.0 }
    }
}

/// A number of a judge model that can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{name} is {value}; give a finite number{}", if *.signed { "" } else { " that is not negative" })]
pub struct JudgeModelError {
    /// Which number.
    pub name: &'static str,
    /// What it is.
    pub value: f64,
    /// Whether it may be negative.
    signed: bool,
}

impl JudgeModel {
    /// Refuses numbers that no judge can have.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<(), JudgeModelError> {
        let numbers = [
            ("noise", self.noise, false),
            ("offset", self.offset, false),
            ("position_bias", self.position_bias, true),
            ("tie_margin", self.tie_margin, false),
            ("cycle", self.cycle, true),
        ];
        match numbers.into_iter().find(|&(_, value, signed)| !value.is_finite() || (value < 0.0 && !signed)) {
            None => Ok(()),
            Some((name, value, signed)) => Err(JudgeModelError { name, value, signed }),
        }
    }

    /// The scores of one call, that of the first item first. A question that is asked again, with the
    /// same seed and number, has the same answer.
    pub fn call(&self, first: Quality, second: Quality, seed: u64, question: u64) -> [f64; 2] {
        self.draw(first, second, &mut stream(seed, Purpose::JudgeAnswers, question))
    }

    /// The scores of one call with the next draws of `rng`.
    #[inline]
    pub(crate) fn draw(&self, first: Quality, second: Quality, rng: &mut impl Rng) -> [f64; 2] {
        let mut lead = 0.5 * self.position_bias;
        if self.cycle != 0.0 {
            lead += 0.5 * self.cycle * (std::f64::consts::TAU * (first.turn - second.turn)).sin();
        }
        let mut scores = [first.strength + lead, second.strength - lead];
        if self.noise > 0.0 {
            for score in &mut scores {
                *score += self.noise * self.error(rng);
            }
        }
        if self.offset > 0.0 {
            let shared: f64 = StandardNormal.sample(rng);
            for score in &mut scores {
                *score += self.offset * shared;
            }
        }
        scores
    }

    /// A match that is judged in both orders: the scores of each item added up.
    pub(crate) fn judge_both_orders(&self, left: Quality, right: Quality, rng: &mut impl Rng) -> MatchResult {
        let [left_first, right_second] = self.draw(left, right, rng);
        let [right_first, left_second] = self.draw(right, left, rng);
        MatchResult::from_scores(left_first + left_second, right_first + right_second, self.tie_margin)
    }

    #[inline]
    fn error(&self, rng: &mut impl Rng) -> f64 {
        match self.law {
            NoiseLaw::Normal => StandardNormal.sample(rng),
            // Minus the logarithm of an exponential variable is a standard Gumbel one.
            NoiseLaw::BradleyTerry => {
                let exponential: f64 = Exp1.sample(rng);
                -exponential.ln()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: u64 = 40_000;

    fn quality(strength: f64) -> Quality {
        Quality { strength, turn: 0.0 }
    }

    /// The share of calls in which the first item has the higher score, and its standard error.
    fn wins_of_the_first(model: &JudgeModel, first: Quality, second: Quality) -> (f64, f64) {
        let won = (0..CALLS).filter(|&question| {
            let [first, second] = model.call(first, second, 7, question);
            first > second
        });
        let share = won.count() as f64 / CALLS as f64;
        (share, (share * (1.0 - share) / CALLS as f64).sqrt())
    }

    fn assert_share(model: &JudgeModel, first: Quality, second: Quality, expected: f64) {
        let (share, error) = wins_of_the_first(model, first, second);
        assert!((share - expected).abs() < 4.0 * error, "{share} ± {error} is not {expected}");
    }

    #[test]
    fn gumbel_errors_make_a_bradley_terry_judge() {
        let model = JudgeModel { noise: 0.5, offset: 3.0, ..JudgeModel::default() };
        assert_share(&model, quality(0.6), quality(0.1), 1.0 / (1.0 + (-1.0f64).exp()));
    }

    #[test]
    fn normal_errors_make_a_thurstone_judge() {
        // Phi(1 / sqrt 2), from tables of the normal law.
        let model = JudgeModel { law: NoiseLaw::Normal, ..JudgeModel::default() };
        assert_share(&model, quality(1.0), quality(0.0), 0.760_249_94);
    }

    #[test]
    fn the_first_item_gains_by_the_bias() {
        let model = JudgeModel { position_bias: 1.0, ..JudgeModel::default() };
        assert_share(&model, quality(0.0), quality(0.0), 1.0 / (1.0 + (-1.0f64).exp()));
        assert_share(&model, quality(-1.0), quality(0.0), 0.5);
    }

    #[test]
    fn items_a_third_of_a_turn_apart_beat_each_other_in_a_circle() {
        let model = JudgeModel { noise: 0.0, cycle: 1.0, ..JudgeModel::default() };
        let item = |third: u32| Quality { strength: 0.0, turn: f64::from(third) / 3.0 };
        for third in 0..3 {
            let [first, second] = model.call(item((third + 1) % 3), item(third), 0, 0);
            assert!(first > second + 0.8);
        }
    }

    #[test]
    fn the_same_question_has_the_same_answer() {
        let model = JudgeModel::default();
        let ask = |question| model.call(quality(0.0), quality(0.0), 3, question);
        assert_eq!(ask(5).map(f64::to_bits), ask(5).map(f64::to_bits));
        assert_ne!(ask(5).map(f64::to_bits), ask(6).map(f64::to_bits));
    }

    #[test]
    fn numbers_that_no_judge_has_are_refused() {
        let error = JudgeModel { noise: -1.0, ..JudgeModel::default() }.check().unwrap_err();
        assert_eq!(error.to_string(), "noise is -1; give a finite number that is not negative");
        assert!(JudgeModel { position_bias: f64::NAN, ..JudgeModel::default() }.check().is_err());
        assert!(JudgeModel { position_bias: -1.0, ..JudgeModel::default() }.check().is_ok());
    }
}
