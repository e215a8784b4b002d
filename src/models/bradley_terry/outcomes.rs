//! What one comparison can end in, as a function of the difference d of two log-strengths: the
//! probabilities of win, tie and loss, and their derivatives.

use crate::models::CellScore;

/// How ties enter the likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TieRule {
    /// A tie is half a win for both sides: the rule of the public arenas.
    #[default]
    Half,
    /// Davidson (1970): P(tie) is proportional to nu times the geometric mean of the strengths.
    Davidson,
    /// Rao and Kupper (1967): a side wins only if it is ahead by a threshold eta.
    RaoKupper,
    /// Ties are left out.
    Drop,
}

/// Probabilities of the three outcomes, seen from the item whose strength comes first; they sum to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutcomeProbabilities {
    /// That it wins.
    pub win: f64,
    /// That neither wins.
    pub tie: f64,
    /// That it loses.
    pub loss: f64,
}

impl OutcomeProbabilities {
    /// The expected share: a tie is half.
    pub fn share(self) -> f64 {
        self.win + 0.5 * self.tie
    }
}

impl TieRule {
    /// The probabilities at a difference of log-strengths (natural units), with the rule's own tie
    /// parameter: `nu >= 0` for Davidson, `eta >= 0` for Rao-Kupper. The other rules ignore it.
    ///
    /// # Source
    /// Davidson 1970, eq. 2.4; Rao and Kupper 1967, eq. 2.1 with theta = e^eta.
    pub fn probabilities(self, difference: f64, parameter: f64) -> OutcomeProbabilities {
        match self {
            Self::Half | Self::Drop => {
                let win = logistic(difference);
                OutcomeProbabilities { win, tie: 0.0, loss: logistic(-difference) }
            }
            Self::Davidson => {
                // Divided by the larger of the two exponentials, so that nothing overflows.
                let small = (-difference.abs()).exp();
                let tie = parameter * (-difference.abs() / 2.0).exp();
                let total = 1.0 + small + tie;
                let (win, loss) = if difference >= 0.0 { (1.0, small) } else { (small, 1.0) };
                OutcomeProbabilities { win: win / total, tie: tie / total, loss: loss / total }
            }
            Self::RaoKupper => {
                let (win, loss) = (logistic(difference - parameter), logistic(-difference - parameter));
                OutcomeProbabilities { win, tie: (2.0 * parameter).exp_m1() * win * loss, loss }
            }
        }
    }

    /// The tie parameter at which two equal items tie with probability `share`.
    pub(super) fn parameter_at(self, share: f64) -> f64 {
        let share = share.clamp(1e-9, 1.0 - 1e-9);
        match self {
            Self::Davidson => 2.0 * share / (1.0 - share),
            Self::RaoKupper => (share.ln_1p() - (-share).ln_1p()).max(1e-9),
            Self::Half | Self::Drop => 0.0,
        }
    }

    /// By how much a step of the logarithm of the tie parameter moves the lead from which on a win is more probable
    /// than a tie (of Davidson), or with which a win is as probable as not (of Rao and Kupper).
    pub(super) fn threshold_step(self, parameter: f64, log_step: f64) -> f64 {
        match self {
            Self::Half | Self::Drop => 0.0,
            Self::Davidson => 2.0 * log_step,
            Self::RaoKupper => parameter * log_step,
        }
    }

    /// Log-likelihood of one comparison in which the first item took `share`.
    pub(super) fn log_probability(self, share: f64, difference: f64, parameter: f64) -> f64 {
        #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
        let tied = share == 0.5;
        let (win, loss) = match self {
            Self::Half | Self::Drop => {
                let rest = (-difference.abs()).exp().ln_1p();
                (difference.min(0.0) - rest, (-difference).min(0.0) - rest)
            }
            Self::RaoKupper => (-softplus(parameter - difference), -softplus(parameter + difference)),
            Self::Davidson => {
                let small = (-difference.abs()).exp();
                let tie = parameter * (-difference.abs() / 2.0).exp();
                let rest = (small + tie).ln_1p();
                (difference.min(0.0) - rest, (-difference).min(0.0) - rest)
            }
        };
        match self {
            Self::Davidson if tied => parameter.ln() + 0.5 * (win + loss),
            Self::RaoKupper if tied => (2.0 * parameter).exp_m1().ln() + win + loss,
            _ => share * win + (1.0 - share) * loss,
        }
    }

    /// First derivatives of [`log_probability`](Self::log_probability) with respect to the
    /// difference and to the logarithm of the parameter.
    pub(super) fn score(self, share: f64, difference: f64, parameter: f64) -> CellScore {
        #[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
        let tied = f64::from(u8::from(share == 0.5));
        let at = Point::new(self, difference, parameter);
        let weights = Outcomes { low: share * (1.0 - tied), high: (1.0 - share) * (1.0 - tied), ties: tied };
        let found = match self {
            Self::Half | Self::Drop => {
                return CellScore { difference: share - at.probabilities.win, parameter: 0.0 };
            }
            Self::Davidson => at.davidson(weights),
            Self::RaoKupper => at.rao_kupper(weights),
        };
        CellScore { difference: found.score, parameter: found.parameter_score }
    }

    /// Derivatives of the log-likelihood of a pair whose comparisons ended with these weights.
    pub(super) fn derivatives(self, weights: Outcomes, difference: f64, parameter: f64) -> PairDerivatives {
        match self {
            Self::Half | Self::Drop => {
                let win = logistic(difference);
                let low = weights.low + 0.5 * weights.ties;
                let total = weights.low + weights.high + weights.ties;
                PairDerivatives {
                    score: low - total * win,
                    curvature: total * win * (1.0 - win),
                    ..PairDerivatives::default()
                }
            }
            Self::Davidson => Point::new(self, difference, parameter).davidson(weights),
            Self::RaoKupper => Point::new(self, difference, parameter).rao_kupper(weights),
        }
    }
}

/// The weights of a pair's comparisons by outcome.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcomes {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ties: f64,
}

/// First derivatives and negative second derivatives with respect to the difference d and the
/// logarithm of the tie parameter.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PairDerivatives {
    pub(super) score: f64,
    pub(super) curvature: f64,
    pub(super) parameter_score: f64,
    pub(super) parameter_curvature: f64,
    pub(super) cross: f64,
}

struct Point {
    probabilities: OutcomeProbabilities,
    parameter: f64,
}

impl Point {
    fn new(rule: TieRule, difference: f64, parameter: f64) -> Self {
        Self { probabilities: rule.probabilities(difference, parameter), parameter }
    }

    /// An exponential family with sufficient statistics wins + ties/2 and ties, in log nu.
    fn davidson(&self, weights: Outcomes) -> PairDerivatives {
        let OutcomeProbabilities { win, tie, loss } = self.probabilities;
        let lead = 0.5 * (win - loss);
        let total = weights.low + weights.high + weights.ties;
        PairDerivatives {
            score: 0.5 * (weights.low - weights.high) - total * lead,
            curvature: total * (0.25 * (win + loss) - lead * lead),
            parameter_score: weights.ties - total * tie,
            parameter_curvature: total * tie * (1.0 - tie),
            cross: -total * tie * lead,
        }
    }

    /// Concave in (d, eta). In log eta the term of the second derivative that is proportional to
    /// the first is left out: it vanishes at the optimum and would spoil concavity elsewhere.
    fn rao_kupper(&self, weights: Outcomes) -> PairDerivatives {
        let OutcomeProbabilities { win, loss, .. } = self.probabilities;
        let eta = self.parameter;
        let (low, high) = (weights.low + weights.ties, weights.high + weights.ties);
        let (win_variance, loss_variance) = (low * win * (1.0 - win), high * loss * (1.0 - loss));
        let gap = -(-2.0 * eta).exp_m1();
        let eta_score = weights.ties * 2.0 / gap - low * (1.0 - win) - high * (1.0 - loss);
        let eta_curvature = win_variance + loss_variance + weights.ties * 4.0 * (1.0 - gap) / (gap * gap);
        PairDerivatives {
            score: low * (1.0 - win) - high * (1.0 - loss),
            curvature: win_variance + loss_variance,
            parameter_score: eta * eta_score,
            parameter_curvature: eta * eta * eta_curvature,
            cross: eta * (loss_variance - win_variance),
        }
    }
}

/// 1 / (1 + e^-x).
pub(crate) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// ln(1 + e^x) without overflow.
pub(crate) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const RULES: [TieRule; 3] = [TieRule::Half, TieRule::Davidson, TieRule::RaoKupper];

    #[test]
    fn probabilities_sum_to_one_and_mirror() {
        for rule in RULES {
            for difference in [-800.0, -3.0, 0.0, 0.7, 800.0] {
                let there = rule.probabilities(difference, 0.4);
                let back = rule.probabilities(-difference, 0.4);
                assert_relative_eq!(there.win + there.tie + there.loss, 1.0, epsilon = 1e-12);
                assert_relative_eq!(there.win, back.loss, epsilon = 1e-15);
                assert_relative_eq!(there.tie, back.tie, epsilon = 1e-15);
            }
        }
    }

    #[test]
    fn the_log_probability_is_the_logarithm_of_the_probability() {
        for rule in [TieRule::Davidson, TieRule::RaoKupper] {
            let at = rule.probabilities(0.9, 0.6);
            assert_relative_eq!(rule.log_probability(1.0, 0.9, 0.6), at.win.ln(), epsilon = 1e-14);
            assert_relative_eq!(rule.log_probability(0.5, 0.9, 0.6), at.tie.ln(), epsilon = 1e-14);
            assert_relative_eq!(rule.log_probability(0.0, 0.9, 0.6), at.loss.ln(), epsilon = 1e-14);
        }
    }

    #[test]
    fn scores_are_the_slopes_of_the_log_probability() {
        let step = 1e-6;
        for rule in RULES {
            for share in [0.0, 0.5, 1.0, 0.3] {
                for difference in [-1.3, 0.2, 2.0] {
                    let (parameter, found) = (0.6_f64, rule.score(share, difference, 0.6));
                    let slope = rule.log_probability(share, difference + step, parameter)
                        - rule.log_probability(share, difference - step, parameter);
                    assert_relative_eq!(found.difference, slope / (2.0 * step), epsilon = 1e-8);
                    let along = |by: f64| rule.log_probability(share, difference, parameter * by.exp());
                    let slope = (along(step) - along(-step)) / (2.0 * step);
                    assert_relative_eq!(found.parameter, slope, epsilon = 1e-8);
                }
            }
        }
    }

    #[test]
    fn equal_items_tie_as_often_as_asked() {
        for rule in [TieRule::Davidson, TieRule::RaoKupper] {
            let parameter = rule.parameter_at(0.3);
            assert_relative_eq!(rule.probabilities(0.0, parameter).tie, 0.3, epsilon = 1e-12);
        }
    }
}
