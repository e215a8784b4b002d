//! How a judge did.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

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

/// A share with its 95 % interval (Wilson), perhaps less one half.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// The low end of its interval.
    pub low: f64,
    /// The high end.
    pub high: f64,
    /// Of how many observations.
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
    /// Of the calls that are not ties, the share that who was shown first won, less one half. Where
    /// matches are asked in both orders, of those answered in both; `None` without such calls.
    pub position_bias: Option<Estimate>,
    /// The share of comparisons in which both orders say the same of the items; `None` without such.
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
    fn share(count: u64, n: u64, offset: f64) -> Option<Self> {
        if n == 0 {
            return None;
        }
        let (total, share) = (n as f64, count as f64 / n as f64);
        let centre = (share + Z * Z / (2.0 * total)) / (1.0 + Z * Z / total);
        let half = Z / (1.0 + Z * Z / total) * (share * (1.0 - share) / total + Z * Z / (4.0 * total * total)).sqrt();
        let [low, high] = [centre - half, centre + half].map(|end| end.clamp(0.0, 1.0) - offset);
        Some(Self { value: share - offset, low, high, n })
    }
}

#[derive(Debug, Default)]
struct Counts {
    first_won: u64,
    decisive: u64,
    agreed: u64,
    pairs: u64,
}

impl Counts {
    fn call(&mut self, answer: &Answer) {
        match answer.judgment.outcome() {
            Outcome::Left => self.first_won += 1,
            Outcome::Right => {}
            Outcome::Tie | Outcome::Share(_) => return,
        }
        self.decisive += 1;
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
        for calls in matches {
            for call in calls {
                let fresh = seen.insert(call.key);
                let known = answers.get(&call.key);
                report.count(known, fresh);
                let answer = known.and_then(|it| it.as_ref().ok()).filter(|answer| fresh && !answer.mirrored);
                let Some(answer) = answer else { continue };
                let of_repeat = || calls.iter().filter(|other| other.repeat == call.repeat);
                if of_repeat().count() == 1 {
                    counts.call(answer);
                } else if let Some(other) = of_repeat().find(|other| other.swapped && !call.swapped) {
                    let Some(Ok(other)) = answers.get(&other.key) else { continue };
                    if !other.mirrored {
                        counts.call(answer);
                        counts.call(other);
                        counts.pairs += 1;
                        counts.agreed += u64::from(answer.judgment.outcome() == other.judgment.mirrored().outcome());
                    }
                }
            }
        }
        report.position_bias = Estimate::share(counts.first_won, counts.decisive, 0.5);
        report.self_consistency = Estimate::share(counts.agreed, counts.pairs, 0.0);
        report
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
    use super::*;

    #[test]
    fn intervals_are_those_of_wilson() {
        // statsmodels proportion_confint(8, 10, method="wilson").
        let found = Estimate::share(8, 10, 0.0).unwrap();
        assert!((found.low - 0.490_162_5).abs() < 1e-6 && (found.high - 0.943_317_8).abs() < 1e-6, "{found:?}");
        assert_eq!(Estimate::share(0, 0, 0.5), None);
    }
}
