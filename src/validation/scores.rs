//! One rule by which all raters are scored on the comparisons that were held out.

use serde::Serialize;

use super::calibration::Statement;
use crate::data::graph::PreferenceGraph;
use crate::metrics::{SUREST, brier, log_loss};
use crate::models::Fitted;

/// How ties that were held out are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TieScore {
    /// They are left out, and counted. A rater that tells ties apart is asked for the probability of a win
    /// given that there is a winner; any other for its expected share, whatever it made of ties.
    #[default]
    Decisive,
    /// As half a win for both: the cross-entropy of expected shares, at least ln 2 a tie.
    Half,
    /// As an outcome of its own, by the probabilities of win, tie and loss: only for raters that tell ties
    /// apart.
    ThreeWay,
}

/// What a rater says of the low item of a pair against the high one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forecast {
    /// The expected share.
    share: f64,
    /// The probability of a tie, where the rater has one.
    tie: Option<f64>,
}

/// What a forecast is worth beside one outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scored {
    log_loss: f64,
    brier: f64,
    /// 1 if the outcome that was called likeliest came, with a share of it where several were.
    correct: f64,
    /// Whether what happened was called impossible.
    is_surprise: bool,
    /// The probability by which calibration is judged.
    stated: f64,
}

/// Sums over the comparisons that one fold holds out, weighted.
#[derive(Debug, Clone, Default)]
pub(super) struct FoldScore {
    pub(super) weight: f64,
    pub(super) log_loss: f64,
    pub(super) brier: f64,
    pub(super) correct: f64,
    /// The number of comparisons that were called impossible.
    pub(super) surprises: f64,
    /// The number of comparisons of which the rater said nothing.
    pub(super) unanswered: f64,
    pub(super) statements: Vec<Statement>,
}

/// Probabilities closer than this are equally likely.
const EQUAL: f64 = 1e-12;

impl TieScore {
    /// Whether comparisons in which the low item took `share` are scored.
    #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
    pub(super) fn scores(self, share: f64) -> bool {
        self != Self::Decisive || share != 0.5
    }

    fn score(self, forecast: Forecast, share: f64) -> Scored {
        if let (Self::ThreeWay, Some(tie)) = (self, forecast.tie) {
            return three_way(forecast.share, tie, share);
        }
        let stated = match (self, forecast.tie) {
            (Self::Decisive, Some(tie)) if tie < 1.0 => ((forecast.share - 0.5 * tie) / (1.0 - tie)).clamp(0.0, 1.0),
            _ => forecast.share,
        };
        let lead = stated - 0.5;
        let correct = if lead.abs() <= EQUAL || (share - 0.5).abs() <= EQUAL {
            0.5
        } else {
            f64::from(u8::from((lead > 0.0) == (share > 0.5)))
        };
        let likelihood = if share > 0.5 { stated } else { 1.0 - stated };
        Scored {
            log_loss: log_loss(stated, share),
            brier: brier(stated, share),
            correct,
            is_surprise: (share - 0.5).abs() > EQUAL && likelihood < SUREST,
            stated,
        }
    }
}

/// Scores over win, tie and loss. A share between is scored as a win and a loss in its proportion.
#[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
fn three_way(expected: f64, tie: f64, share: f64) -> Scored {
    let probabilities = [expected - 0.5 * tie, tie, 1.0 - expected - 0.5 * tie];
    let outcome = if share == 0.5 { [0.0, 1.0, 0.0] } else { [share, 0.0, 1.0 - share] };
    let likeliest = probabilities.iter().fold(0.0_f64, |most, &p| most.max(p));
    let is_likeliest = probabilities.map(|p| p >= likeliest - EQUAL);
    let called = is_likeliest.iter().filter(|it| **it).count() as f64;
    let mut scored = Scored { log_loss: 0.0, brier: 0.0, correct: 0.0, is_surprise: false, stated: expected };
    for ((p, happened), is_likeliest) in probabilities.into_iter().zip(outcome).zip(is_likeliest) {
        if happened > 0.0 {
            scored.log_loss -= happened * p.clamp(SUREST, 1.0).ln();
            scored.is_surprise |= p < SUREST;
        }
        // Half the sum of squares, so that without ties it is the score of two outcomes.
        scored.brier += 0.5 * (p - happened).powi(2);
        scored.correct += if is_likeliest { happened / called } else { 0.0 };
    }
    scored
}

/// Scores a fit on what was held out from it. A pair of which it says nothing counts as a coin's throw.
/// O(cells). `None` where the rule asks for ties and the rater doesn't tell them apart.
pub(super) fn score(fitted: &dyn Fitted, test: &PreferenceGraph, rule: TieScore) -> Option<FoldScore> {
    let mut found = FoldScore::default();
    for (cell, sum) in test.cells().iter().zip(test.sums()) {
        if sum.weight <= 0.0 || !rule.scores(cell.share) {
            continue;
        }
        let pair = test.pairs()[cell.pair as usize];
        let known = fitted.probability(pair.low, pair.high).filter(|share| share.is_finite());
        let tie = fitted.tie_probability(pair.low, pair.high).filter(|tie| tie.is_finite());
        if rule == TieScore::ThreeWay && tie.is_none() {
            return None;
        }
        let forecast = Forecast { share: known.unwrap_or(0.5), tie };
        let scored = rule.score(forecast, cell.share);
        found.weight += sum.weight;
        found.log_loss += sum.weight * scored.log_loss;
        found.brier += sum.weight * scored.brier;
        found.correct += sum.weight * scored.correct;
        found.surprises += if scored.is_surprise { sum.count } else { 0.0 };
        found.unanswered += if known.is_none() { sum.count } else { 0.0 };
        found.statements.push(Statement { probability: scored.stated, share: cell.share, weight: sum.weight });
    }
    Some(found)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is right counts 0, one half or 1")]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const DAVIDSON: Forecast = Forecast { share: 0.7, tie: Some(0.2) };

    #[test]
    fn a_decisive_comparison_is_judged_by_the_chance_of_a_win_given_a_winner() {
        let scored = TieScore::Decisive.score(DAVIDSON, 1.0);
        assert_relative_eq!(scored.stated, 0.6 / 0.8, epsilon = 1e-15);
        assert_relative_eq!(scored.log_loss, -(0.75_f64.ln()), epsilon = 1e-15);
        assert_relative_eq!(TieScore::Half.score(DAVIDSON, 1.0).log_loss, -(0.7_f64.ln()), epsilon = 1e-15);
    }

    #[test]
    fn three_outcomes_are_scored_by_their_own_probabilities() {
        let scored = TieScore::ThreeWay.score(DAVIDSON, 0.5);
        assert_relative_eq!(scored.log_loss, -(0.2_f64.ln()), epsilon = 1e-15);
        assert_relative_eq!(scored.brier, 0.5 * (0.36 + 0.64 + 0.04), epsilon = 1e-15);
        assert_eq!(scored.correct, 0.0);
        assert_eq!(TieScore::ThreeWay.score(DAVIDSON, 1.0).correct, 1.0);
        // Without ties it is the score of two outcomes.
        let plain = Forecast { share: 0.7, tie: Some(0.0) };
        for share in [0.0, 1.0] {
            let (three, two) = (TieScore::ThreeWay.score(plain, share), TieScore::Half.score(plain, share));
            assert_relative_eq!(three.log_loss, two.log_loss, epsilon = 1e-12);
            assert_relative_eq!(three.brier, two.brier, epsilon = 1e-15);
            assert_eq!(three.correct, two.correct);
        }
    }

    #[test]
    fn who_calls_nobody_ahead_is_half_right() {
        let coin = Forecast { share: 0.5, tie: None };
        assert_eq!(TieScore::Decisive.score(coin, 1.0).correct, 0.5);
        assert_eq!(TieScore::Half.score(Forecast { share: 0.9, tie: None }, 0.5).correct, 0.5);
        let thirds = Forecast { share: 0.5, tie: Some(1.0 / 3.0) };
        assert_relative_eq!(TieScore::ThreeWay.score(thirds, 1.0).correct, 1.0 / 3.0, epsilon = 1e-15);
    }

    #[test]
    fn what_was_called_impossible_costs_much_and_not_infinitely_much() {
        let sure = Forecast { share: 1.0, tie: None };
        let scored = TieScore::Decisive.score(sure, 0.0);
        assert!(scored.is_surprise && scored.log_loss.is_finite() && scored.log_loss > 20.0);
        assert!(!TieScore::Decisive.score(sure, 1.0).is_surprise);
    }
}
