//! How a judge did.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::JudgeError;
use super::answer::{Answer, Failure};
use super::question::Key;
use crate::data::Outcome;

/// One call of a match.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) key: Key,
    /// The items in the order in which they are shown.
    pub(super) shown: [u32; 2],
    /// Whether the match's right item is shown first.
    pub(super) swapped: bool,
    pub(super) repeat: u32,
}

/// A mean with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// The low end of its interval.
    pub low: f64,
    /// The high end.
    pub high: f64,
    /// Of how many observations, which are taken as independent.
    pub n: u64,
}

/// What the answers tell of the judge. It depends on the answers alone, whether they were asked for in this
/// run or stood in a journal.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct JudgeReport {
    /// Different questions that the result rests on.
    pub calls: u64,
    /// Those of them that stayed without an answer.
    pub failures: u64,
    /// How often questions were asked again.
    pub retried: u64,
    /// How often an answer served once more.
    pub reused: u64,
    /// How often who is shown first wins, a tie being half a win, less one half; `None` without calls that
    /// tell. Where matches are asked in both orders, `n` counts matches with answers in both, and the
    /// interval is Tango's for pairs; where in one, `n` counts calls, and it is Wilson's. Items with equal
    /// records tell nothing, since both orders are one call.
    pub position_bias: Option<Estimate>,
    /// How often both orders of a match say the same of its items, with Wilson's interval; `n` counts
    /// matches with answers in both. `None` without such.
    pub self_consistency: Option<Estimate>,
    /// Sums of what calls used, by name.
    pub usage: BTreeMap<String, f64>,
    /// The sum of what calls cost, if the judge told.
    pub cost: Option<f64>,
    /// Why the first question without an answer has none.
    #[serde(skip)]
    pub first_failure: Option<String>,
}

/// The 97.5 % point of the normal law.
const Z: f64 = 1.959_963_984_540_054;

impl Estimate {
    /// A share of `n` with Wilson's interval (1927), less `offset`; `None` of nothing.
    fn share(count: f64, n: u64, offset: f64) -> Option<Self> {
        if n == 0 {
            return None;
        }
        let (total, share) = (n as f64, count / n as f64);
        let centre = (share + Z * Z / (2.0 * total)) / (1.0 + Z * Z / total);
        let half = Z / (1.0 + Z * Z / total) * (share * (1.0 - share) / total + Z * Z / (4.0 * total * total)).sqrt();
        let [low, high] = [centre - half, centre + half].map(|end| end.clamp(0.0, 1.0) - offset);
        Some(Self { value: share - offset, low, high, n })
    }

    /// Half the difference of two shares of `n` pairs, of which `up` speak for the first alone and `down`
    /// for the second alone; `None` of nothing.
    ///
    /// The interval is the score interval for paired proportions: the differences that a score test does
    /// not refuse, which at 0 is the usual test of discordant pairs. It depends on `up`, `down` and `n` only, so that it is
    /// the same whichever item of a match is called the left one, and it has a width where no pair is
    /// discordant. Pairs in part discordant, by a tie or by repeats that differ, count as a part, which
    /// makes it somewhat too wide.
    ///
    /// # Source
    /// Tango (1998), Statistics in Medicine 17: 891-908.
    fn half_difference(up: f64, down: f64, n: u64) -> Option<Self> {
        /// Halvings that exhaust the digits of an f64 in an interval of length 1.
        const HALVINGS: u32 = 60;
        if n == 0 {
            return None;
        }
        let value = (up - down) / n as f64;
        let end = |bound: f64| {
            let (mut inside, mut outside) = (value, bound);
            for _ in 0..HALVINGS {
                let middle = f64::midpoint(inside, outside);
                if tango(up, down, n as f64, middle).abs() <= Z { inside = middle } else { outside = middle }
            }
            inside / 2.0
        };
        Some(Self { value: value / 2.0, low: end(-1.0), high: end(1.0), n })
    }
}

/// Tango's statistic of the hypothesis that the difference is `delta`, with the share of pairs that speak
/// for the second alone estimated under it.
fn tango(up: f64, down: f64, n: f64, delta: f64) -> f64 {
    let (a, b) = (2.0 * n, (2.0 * n - up + down) * delta - up - down);
    let c = -down * delta * (1.0 - delta);
    let second = ((b * b - 4.0 * a * c).max(0.0).sqrt() - b) / (2.0 * a);
    let variance = (n * (2.0 * second + delta * (1.0 - delta))).max(0.0);
    let difference = up - down - n * delta;
    if difference == 0.0 { 0.0 } else { difference / variance.sqrt() }
}

/// What calls say of the judge.
#[derive(Debug, Default)]
struct Counts {
    /// Calls of matches asked in one order, and how many of them who was shown first won.
    singles: u64,
    first_won: f64,
    /// Matches with answers in both orders: the parts of them in which who was shown first won both, who
    /// was shown second won both, and both orders agree.
    matches: u64,
    to_first: f64,
    to_second: f64,
    agreed: f64,
}

/// Half a win for a tie.
fn share_of_first(answer: &Answer) -> f64 {
    match answer.judgment.outcome() {
        Outcome::Left => 1.0,
        Outcome::Right => 0.0,
        Outcome::Tie | Outcome::Share(_) => 0.5,
    }
}

impl Counts {
    /// Counts a match of which each repeat has these answers in both orders. Repeats of a match are no more
    /// independent than its orders, so the match counts once, by their mean.
    fn pairs(&mut self, pairs: &[[&Answer; 2]]) {
        let mean =
            |of: &dyn Fn([&Answer; 2]) -> f64| pairs.iter().map(|&pair| of(pair)).sum::<f64>() / pairs.len() as f64;
        let lean = |[one, other]: [&Answer; 2]| share_of_first(one) + share_of_first(other) - 1.0;
        let agree = |[one, other]: [&Answer; 2]| one.judgment.outcome() == other.judgment.mirrored().outcome();
        if !pairs.is_empty() {
            self.matches += 1;
            self.to_first += mean(&|pair| lean(pair).max(0.0));
            self.to_second += mean(&|pair| (-lean(pair)).max(0.0));
            self.agreed += mean(&|pair| f64::from(u8::from(agree(pair))));
        }
    }

    fn position_bias(&self) -> Option<Estimate> {
        let paired = Estimate::half_difference(self.to_first, self.to_second, self.matches);
        paired.or_else(|| Estimate::share(self.first_won, self.singles, 0.5))
    }
}

impl JudgeReport {
    /// The report of the calls of each match, in the order of the matches.
    pub(super) fn of<'c>(
        matches: impl Iterator<Item = &'c [Call]>,
        answers: &HashMap<Key, Result<Answer, Failure>>,
    ) -> Self {
        let mut report = Self::default();
        let mut counts = Counts::default();
        let mut seen = HashSet::new();
        // What a log says of the other order says nothing of this one.
        let answer = |key: Key| answers.get(&key)?.as_ref().ok().filter(|answer| !answer.mirrored);
        for calls in matches {
            let mut pairs = Vec::new();
            for call in calls {
                let fresh = seen.insert(call.key);
                report.count(answers.get(&call.key), fresh);
                let Some(one) = answer(call.key).filter(|_| fresh) else { continue };
                let other = calls.iter().find(|it| it.repeat == call.repeat && it.swapped != call.swapped);
                match other {
                    None => {
                        counts.singles += 1;
                        counts.first_won += share_of_first(one);
                    }
                    Some(other) if other.swapped && other.key != call.key => {
                        pairs.extend(answer(other.key).map(|other| [one, other]));
                    }
                    Some(_) => {}
                }
            }
            counts.pairs(&pairs);
        }
        report.position_bias = counts.position_bias();
        report.self_consistency = Estimate::share(counts.agreed, counts.matches, 0.0);
        report
    }

    /// The error of a judge that was asked and answered nothing: what came of it says nothing of the items.
    pub(super) fn silence(&self) -> Option<JudgeError> {
        let reason = self.first_failure.clone().filter(|_| self.failures == self.calls)?;
        Some(JudgeError::Silent { questions: self.calls, reason })
    }

    fn count(&mut self, answer: Option<&Result<Answer, Failure>>, fresh: bool) {
        if !fresh {
            self.reused += 1;
            return;
        }
        self.calls += 1;
        match answer {
            Some(Ok(answer)) => {
                self.retried += u64::from(answer.tries.saturating_sub(1));
                for (name, value) in &answer.usage {
                    *self.usage.entry(name.clone()).or_default() += value;
                }
                if let Some(cost) = answer.cost {
                    *self.cost.get_or_insert(0.0) += cost;
                }
            }
            Some(Err(failure)) => {
                self.failures += 1;
                self.retried += u64::from(failure.tries.saturating_sub(1));
                self.first_failure.get_or_insert_with(|| failure.reason.clone());
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::Judgment;
    use super::*;

    #[test]
    fn intervals_are_those_of_wilson() {
        // statsmodels proportion_confint(8, 10, method="wilson").
        let found = Estimate::share(8.0, 10, 0.0).unwrap();
        assert!((found.low - 0.490_162_5).abs() < 1e-6 && (found.high - 0.943_317_8).abs() < 1e-6, "{found:?}");
        assert_eq!(Estimate::share(0.0, 0, 0.5), None);
    }

    #[test]
    fn intervals_of_pairs_are_those_of_tango() {
        // From the definition, with the likelihood maximised numerically (scipy minimize_scalar and brentq).
        for (up, down, n, low, high) in [
            (12.0, 2.0, 50, 0.061_112_41, 0.344_708_75),
            (3.0, 0.0, 10, -0.060_792_64, 0.603_221_85),
            (5.0, 3.0, 20, -0.187_898_07, 0.372_340_66),
            (1.5, 0.5, 6, -0.347_964_04, 0.597_482_76),
        ] {
            let found = Estimate::half_difference(up, down, n).unwrap();
            let near = |found: f64, expected: f64| (2.0 * found - expected).abs() < 1e-6;
            assert!(near(found.low, low) && near(found.high, high), "{up} {down} {n}: {found:?}");
            let mirrored = Estimate::half_difference(down, up, n).unwrap();
            assert!((mirrored.low + found.high).abs() < 1e-12 && (mirrored.high + found.low).abs() < 1e-12);
        }
        assert_eq!(Estimate::half_difference(0.0, 0.0, 0), None);
    }

    #[test]
    fn pairs_that_all_say_the_same_have_intervals_in_closed_form() {
        for n in [1_u64, 3, 100, 1_000_000] {
            let z2 = Z * Z / n as f64;
            let none = Estimate::half_difference(0.0, 0.0, n).unwrap();
            let end = z2 / (1.0 + z2) / 2.0;
            assert!((none.high - end).abs() < 1e-9 && (none.low + end).abs() < 1e-9 && none.value == 0.0, "{none:?}");
            let all = Estimate::half_difference(n as f64, 0.0, n).unwrap();
            let low = (1.0 - z2) / (1.0 + z2) / 2.0;
            assert!((all.low - low).abs() < 1e-9 && (all.high - 0.5).abs() < 1e-12, "{n}: {all:?}");
        }
    }

    /// The report of matches of which each has these answers of the two orders, by repeat; equal keys are
    /// one call.
    fn report(matches: &[&[[(u32, Judgment); 2]]]) -> JudgeReport {
        let key = |number: u32| Key::new("", [0, 0], number);
        let (mut answers, mut calls) = (HashMap::new(), Vec::new());
        for repeats in matches {
            let mut of_match = Vec::new();
            for (repeat, orders) in (0..).zip(*repeats) {
                for (&(number, judgment), swapped) in orders.iter().zip([false, true]) {
                    answers.insert(key(number), Ok(Answer::new(judgment)));
                    of_match.push(Call { key: key(number), shown: [0, 1], swapped, repeat });
                }
            }
            calls.push(of_match);
        }
        JudgeReport::of(calls.iter().map(Vec::as_slice), &answers)
    }

    const FIRST: Judgment = Judgment::Share(1.0);
    const SECOND: Judgment = Judgment::Share(0.0);
    const TIE: Judgment = Judgment::Share(0.5);

    #[test]
    fn equal_records_say_nothing_of_position_or_consistency() {
        let found = report(&[&[[(0, FIRST), (0, FIRST)]], &[[(1, FIRST), (2, SECOND)]]]);
        assert_eq!((found.calls, found.reused), (3, 1));
        let (bias, agreement) = (found.position_bias.unwrap(), found.self_consistency.unwrap());
        assert_eq!((bias.value, bias.n, agreement.value, agreement.n), (0.0, 1, 1.0, 1));
        let alone = report(&[&[[(0, FIRST), (0, FIRST)]]]);
        assert_eq!((alone.position_bias, alone.self_consistency), (None, None));
    }

    #[test]
    fn a_match_counts_once_by_the_mean_of_its_repeats() {
        let biased = [[(0, FIRST), (1, FIRST)], [(2, FIRST), (3, SECOND)]];
        let found = report(&[&biased, &[[(4, FIRST), (5, TIE)]]]);
        let (bias, agreement) = (found.position_bias.unwrap(), found.self_consistency.unwrap());
        // Leans of 1 and 0, and of a half: half the mean of ½ and ½.
        assert_eq!((bias.value, bias.n), (0.25, 2));
        assert_eq!((agreement.value, agreement.n), (0.25, 2));
    }
}
