//! Five grades against baselines, with a margin of length.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Reads, RewardEntry, RewardError, RewardRule};
use crate::advantages::{Column, Contest, Samples};
use crate::settings::{Setting, Settings, SettingsError};
use crate::tournaments::MatchResult;

const NAME: &str = "wildbench";

pub(super) const ENTRY: RewardEntry = RewardEntry {
    name: NAME,
    summary: "five grades from 1 (much better) to −1; a slight win by a much longer answer is a tie",
    reads: Reads::Matches,
    needs: &[],
    rare: false,
    settings: &[Setting {
        name: "length_margin",
        default: "none",
        summary: "a slight winner longer than the loser by more than this ties; none, or 500 characters in WildBench",
    }],
    build: |settings| Ok(Arc::new(WildBench::of(settings)?)),
};

/// How a judge grades an answer against a baseline's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Much better: 1.
    MuchBetter,
    /// Slightly better: 1/2.
    Better,
    /// As good: 0.
    Tie,
    /// Slightly worse: −1/2.
    Worse,
    /// Much worse: −1.
    MuchWorse,
}

/// What a length margin does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LengthRule {
    /// A slight win becomes a tie where the winner is longer by more than the margin: WB-Reward.
    SlightWins,
    /// Any result becomes a tie where the lengths differ by more than the margin: WB-Elo.
    AnyResult,
}

/// A margin of length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LengthMargin {
    /// Lengths that differ by exactly this still count; in the units of the lengths.
    pub margin: f64,
    /// What it does.
    pub rule: LengthRule,
}

impl Grade {
    /// The grade as a reward from −1 to 1.
    pub fn reward(self) -> f64 {
        match self {
            Self::MuchBetter => 1.0,
            Self::Better => 0.5,
            Self::Tie => 0.0,
            Self::Worse => -0.5,
            Self::MuchWorse => -1.0,
        }
    }
}

impl LengthMargin {
    /// The reward from −1 to 1 that is left of one, after the lengths of the answer and of the baseline's
    /// were looked at. Unknown lengths leave it as it is.
    ///
    /// # Source
    /// WildBench, `leaderboard/data_dir/_create_tables.py` and `leaderboard/wb_elo.py`: both compare
    /// with a strict "longer than".
    pub fn apply(self, reward: f64, own: f64, other: f64) -> f64 {
        let tied = match self.rule {
            LengthRule::AnyResult => (own - other).abs() > self.margin,
            LengthRule::SlightWins if reward > 0.0 => reward < 1.0 && own > other + self.margin,
            LengthRule::SlightWins => reward > -1.0 && other > own + self.margin,
        };
        if tied { 0.0 } else { reward }
    }
}

/// The result of a match, made a tie where the two lengths differ by more than `margin`, as WB-Elo has
/// it before it rates.
pub fn tie_beyond_length(result: MatchResult, lengths: [f64; 2], margin: f64) -> MatchResult {
    if (lengths[0] - lengths[1]).abs() > margin {
        return MatchResult { outcome: MatchResult::TIE.outcome, ..result };
    }
    result
}

/// The mean reward of categories of tasks by weight: Σ w r / Σ w over the categories whose reward is
/// known; NaN where there is none.
///
/// # Source
/// WildBench's task-macro reward, with [`TASK_WEIGHTS`].
pub fn task_macro(rewards: &[f64], weights: &[f64]) -> f64 {
    let known = rewards.iter().zip(weights).filter(|(reward, _)| !reward.is_nan());
    let (sum, weight) = known.fold((0.0, 0.0), |(sum, all), (reward, weight)| (sum + weight * reward, all + weight));
    sum / weight
}

/// `WildBench`'s categories of tasks and their weights.
pub const TASK_WEIGHTS: [TaskWeight; 5] = [
    TaskWeight { category: "Creative Tasks", weight: 0.5 },
    TaskWeight { category: "Planning & Reasoning", weight: 1.25 },
    TaskWeight { category: "Math & Data Analysis", weight: 1.0 },
    TaskWeight { category: "Information/Advice seeking", weight: 0.75 },
    TaskWeight { category: "Coding & Debugging", weight: 1.25 },
];

/// How much a category of tasks counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TaskWeight {
    /// The category.
    pub category: &'static str,
    /// Its weight.
    pub weight: f64,
}

/// WB-Reward: 1, 1/2, 0, −1/2, −1 for the five grades against a baseline, after the length margin; the
/// mean over several baselines.
///
/// Of columns, each criterion holds the grade against one baseline as such a number, and the reference
/// column in the same place the length of the baseline's answer; without criteria the score is the one
/// grade. Unknown grades are left out of the mean. Of matches, a share s is the grade 2s − 1, so that
/// shares of 1, 3/4, 1/2, 1/4 and 0 are the five grades, and the mean is over the matches of an item by
/// weight; both lengths are the items'.
///
/// # Source
/// Lin et al. 2024, `WildBench` (arXiv 2406.04770), `_create_tables.py`. Its overall mean divides by all
/// items, those without a grade included; here what is unknown counts nowhere.
#[derive(Debug, Clone, Copy)]
struct WildBench {
    margin: Option<LengthMargin>,
}

impl WildBench {
    /// As in its source, a negative margin is none.
    fn of(settings: &Settings) -> Result<Self, SettingsError> {
        if settings.get("length_margin").is_none_or(|text| text == "none") {
            return Ok(Self { margin: None });
        }
        let margin = settings.number("length_margin", 500.0, "none, or a number", |x: f64| !x.is_nan())?;
        let rule = LengthRule::SlightWins;
        Ok(Self { margin: (margin >= 0.0).then_some(LengthMargin { margin, rule }) })
    }
}

impl RewardRule for WildBench {
    fn of_scores(&self, samples: &Samples<'_>) -> Result<Vec<f64>, RewardError> {
        let columns = samples.columns;
        let only = [samples.scores];
        let grades = if columns.criteria.is_empty() { &only[..] } else { columns.criteria };
        let lengths = match self.margin {
            Some(margin) => Some((margin, columns.length(NAME)?, columns.references(NAME)?)),
            None => None,
        };
        if let Some((.., references)) = lengths.filter(|(.., references)| references.len() != grades.len()) {
            let (found, expected) = (references.len(), grades.len());
            let (column, setting) = (Column::Reference, "columns of grades");
            return Err(RewardError::Columns { reward: NAME, column, found, setting, expected });
        }
        let reward = |sample: usize| {
            let of_baseline = |(baseline, grades): (usize, &&[f64])| match lengths {
                Some((margin, own, others)) => margin.apply(grades[sample], own[sample], others[baseline][sample]),
                None => grades[sample],
            };
            let known = grades.iter().enumerate().map(of_baseline).filter(|grade| !grade.is_nan());
            let (count, sum) = known.fold((0.0, 0.0), |(count, sum), grade| (count + 1.0, sum + grade));
            sum / count
        };
        Ok((0..samples.len()).map(reward).collect())
    }

    fn of_contest(&self, contest: &Contest<'_>) -> Result<Vec<f64>, RewardError> {
        let lengths = match self.margin {
            Some(margin) => Some((margin, contest.columns.length(NAME)?)),
            None => None,
        };
        let mut sums = vec![(0.0, 0.0); contest.standing.values.len()];
        for played in contest.matches() {
            let (left, right) = (played.game.left as usize, played.game.right as usize);
            let grade = 2.0 * played.result.outcome.share() - 1.0;
            let grade = lengths.map_or(grade, |(margin, length)| margin.apply(grade, length[left], length[right]));
            for (item, grade) in [(left, grade), (right, -grade)] {
                let (sum, weight) = &mut sums[item];
                *sum += played.weight * grade;
                *weight += played.weight;
            }
        }
        Ok(sums.into_iter().map(|(sum, weight)| sum / weight).collect())
    }
}
