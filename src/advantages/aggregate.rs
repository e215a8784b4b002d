//! From a match history to a standing.

mod bracket;

use serde::{Deserialize, Serialize};

use super::ranks::{RankTies, ranks};
use crate::tournaments::{History, Rules};

/// How matches become a standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregation {
    /// How far an item came in its bracket.
    Bracket,
    /// The share of matches won, ties counting half.
    WinRate,
    /// Opponents beaten more often than not, minus those lost to.
    Copeland,
    /// The mean of the judge's scores.
    MeanScore,
    /// Least-squares ratings of score margins (Massey).
    Margin,
    /// Bradley-Terry strengths.
    BradleyTerry,
    /// Points with tie-breaks, byes included.
    Points,
}

/// A registered aggregation.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct AggregationEntry {
    /// The name in `--aggregate`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Which it is.
    #[serde(skip)]
    pub aggregation: Aggregation,
}

/// Every aggregation, in the order in which they are shown.
pub const AGGREGATIONS: &[AggregationEntry] = &[AggregationEntry {
    name: "win-rate",
    summary: "the share of matches won, ties counting half",
    aggregation: Aggregation::WinRate,
}];

/// An aggregation with what it needs to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AggregateSettings {
    /// Which aggregation.
    pub aggregation: Aggregation,
    /// Whether published code is followed where it differs.
    pub rules: Rules,
}

/// The standing of the items of one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// What the aggregation gives each item, higher being better; `None` where it is unknown.
    pub values: Vec<Option<f64>>,
    /// The rank of each item, 1 for the best, equal ones sharing the best of their places; tie-breaks
    /// included.
    pub ranks: Vec<Option<f64>>,
}

/// The standing that the matches played make.
pub fn aggregate(history: &History, settings: &AggregateSettings) -> Standing {
    if settings.aggregation == Aggregation::Bracket {
        let ranks = bracket::bracket(history, settings.rules);
        return Standing { values: ranks.iter().map(|rank| rank.map(|rank| -rank)).collect(), ranks };
    }
    let mut sums = vec![(0.0, 0.0); history.items()];
    for played in history.played() {
        let share = played.result.outcome.share();
        for (item, share) in [(played.game.left, share), (played.game.right, 1.0 - share)] {
            let sum = &mut sums[item as usize];
            *sum = (sum.0 + played.weight * share, sum.1 + played.weight);
        }
    }
    let values: Vec<f64> = sums.iter().map(|&(won, all)| won / all).collect();
    Standing {
        ranks: ranks(&values, RankTies::Min),
        values: values.into_iter().map(|value| (!value.is_nan()).then_some(value)).collect(),
    }
}
