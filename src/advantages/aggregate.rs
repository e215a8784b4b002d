//! From a match history to a standing.

mod bracket;
mod margin;
mod shares;
mod strengths;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::ranks::{RankTies, merge_close, ranks};
use crate::tournaments::{History, MatchResult, Played, PointsSettings, Rules, arenarl, placings};

/// How matches become a standing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregation {
    /// How far an item came in its bracket.
    Bracket,
    /// The share of matches won, ties counting half.
    #[default]
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

impl Aggregation {
    /// The name in `--aggregate`.
    pub fn name(self) -> &'static str {
        AGGREGATIONS.iter().find(|entry| entry.aggregation == self).map_or("", |entry| entry.name)
    }
}

/// A registered aggregation.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct AggregationEntry {
    /// The name in `--aggregate`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// What its values are.
    pub units: &'static str,
    /// Which it is.
    #[serde(skip)]
    pub aggregation: Aggregation,
}

/// Every aggregation, in the order in which they are shown.
pub const AGGREGATIONS: &[AggregationEntry] = &[
    AggregationEntry {
        name: "bracket",
        summary: "how far an item came in its bracket",
        units: "items that came less far",
        aggregation: Aggregation::Bracket,
    },
    AggregationEntry {
        name: "win-rate",
        summary: "the share of matches won, ties counting half",
        units: "0 to 1",
        aggregation: Aggregation::WinRate,
    },
    AggregationEntry {
        name: "copeland",
        summary: "opponents beaten more often than not, minus those lost to",
        units: "opponents",
        aggregation: Aggregation::Copeland,
    },
    AggregationEntry {
        name: "mean-score",
        summary: "the mean of the judge's scores",
        units: "the judge's",
        aggregation: Aggregation::MeanScore,
    },
    AggregationEntry {
        name: "margin",
        summary: "least-squares ratings of score margins (Massey)",
        units: "the judge's, mean 0",
        aggregation: Aggregation::Margin,
    },
    AggregationEntry {
        name: "bradley-terry",
        summary: "Bradley-Terry strengths",
        units: "log-odds, mean 0",
        aggregation: Aggregation::BradleyTerry,
    },
    AggregationEntry {
        name: "points",
        summary: "points with tie-breaks, byes included",
        units: "points",
        aggregation: Aggregation::Points,
    },
];

impl AggregationEntry {
    /// The aggregation of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        AGGREGATIONS.iter().find(|entry| entry.name == name)
    }
}

/// An aggregation with what it needs to know.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AggregateSettings {
    /// Which aggregation.
    pub aggregation: Aggregation,
    /// Whether published code is followed where it differs.
    pub rules: Rules,
    /// What rank equal items have.
    pub ties: RankTies,
    /// Values are rounded to so many decimals, halves to even, before anything is made of them: 3 in
    /// Pref-GRPO, none elsewhere.
    pub decimals: Option<u8>,
    /// What points are made of, and what decides between equal ones.
    #[serde(default, skip_serializing_if = "is_default")]
    pub points: PointsSettings,
}

/// Settings that nobody changed are left out of what is written down.
fn is_default(points: &PointsSettings) -> bool {
    *points == PointsSettings::default()
}

impl AggregateSettings {
    /// An aggregation under the standard rules, with shared best ranks and without rounding.
    pub fn new(aggregation: Aggregation) -> Self {
        Self { aggregation, ..Self::default() }
    }
}

/// The standing of the items of one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// What was made of the matches.
    pub aggregation: Aggregation,
    /// What the aggregation gives each item, higher being better; `None` where it is unknown.
    pub values: Vec<Option<f64>>,
    /// The rank of each item, 1 for the best, tie-breaks included; equal ones share the best or the
    /// mean of their places, as the settings say.
    pub ranks: Vec<Option<f64>>,
}

/// The standing that the matches played make.
///
/// Items that played no match with a result are unknown, and so are withdrawn ones; matches against
/// the latter still count for their opponents. Under [`Rules::Standard`] a group in which no match is
/// decisive has all its known items equal, whatever the aggregation: neither the order of the items
/// nor scores within a judge's tie make a spread.
///
/// Weights count for all aggregations but the bracket and the points. Values that differ by rounding
/// alone (of the arithmetic, or of the fit) are made equal. O(matches + items log items) for
/// `win-rate` and `mean-score`, O(matches log matches) for `copeland`, O(matches + items³) for `margin`
/// and for each iteration of `bradley-terry`.
pub fn aggregate(history: &History, settings: &AggregateSettings) -> Standing {
    let aggregation = settings.aggregation;
    let ranked = match aggregation {
        Aggregation::Bracket => ranked_exactly(bracket::bracket(history, settings.rules)),
        Aggregation::Points => ranked_by_points(history, settings),
        Aggregation::WinRate => ranked(shares::win_rate(history), ROUNDING),
        Aggregation::MeanScore => ranked(shares::mean_score(history), SUMMED * largest_score(history)),
        Aggregation::Copeland => ranked(shares::copeland(history), 0.0),
        Aggregation::Margin => ranked(margin::margins(history), margin_tolerance(history)),
        Aggregation::BradleyTerry => ranked(strengths::strengths(history), FITTED),
    };
    let Ranked { mut values, mut places } = ranked;
    mask(history, &mut values, &mut places);
    if settings.rules == Rules::Standard && !matches(history).any(|played| is_decisive(&played)) {
        level(&mut values, &mut places);
    }
    if let Some(decimals) = settings.decimals {
        round(&mut values, decimals);
        if aggregation != Aggregation::Points {
            places.clone_from(&values);
        }
    }
    let known = |values: &[f64]| values.iter().map(|value| (!value.is_nan()).then_some(*value)).collect();
    Standing { aggregation, ranks: ranks(&places, settings.ties), values: known(&values) }
}

/// How far apart values may be that are equal: sums in another order and solutions of linear equations
/// as a share of what goes into them, shares of matches, and fits in log-odds.
const SUMMED: f64 = 64.0 * f64::EPSILON;
const SOLVED: f64 = 1e-9;
const ROUNDING: f64 = 1e-12;
const FITTED: f64 = 1e-7;

/// Values, and what the items are ranked by: NaN where unknown, higher being better.
#[derive(Debug)]
struct Ranked {
    values: Vec<f64>,
    places: Vec<f64>,
}

/// Ranked by the values themselves.
fn ranked(mut values: Vec<f64>, tolerance: f64) -> Ranked {
    merge_close(&mut values, tolerance);
    ranked_exactly(values)
}

/// Ranked by the values themselves, which are free of rounding.
fn ranked_exactly(values: Vec<f64>) -> Ranked {
    Ranked { places: values.clone(), values }
}

/// Points are the values, and ranks tell the tie-breaks too.
fn ranked_by_points(history: &History, settings: &AggregateSettings) -> Ranked {
    if settings.rules == Rules::ArenaRl {
        let standing = arenarl::swiss_standing(history);
        let mut sorted = standing.clone();
        sorted.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
        let up_to = |of: &[f64; 2]| sorted.partition_point(|other| other <= of) as f64;
        return Ranked {
            places: standing.iter().map(up_to).collect(),
            values: standing.iter().map(|&[points, _]| points).collect(),
        };
    }
    let mut played = vec![false; history.items()];
    for game in matches(history).map(|played| played.game) {
        played[game.left as usize] = true;
        played[game.right as usize] = true;
    }
    let mut ranked = Ranked { values: vec![f64::NAN; played.len()], places: vec![f64::NAN; played.len()] };
    for (item, placing) in placings(history, &settings.points).iter().enumerate().filter(|&(item, _)| played[item]) {
        ranked.values[item] = placing.points;
        ranked.places[item] = placing.rank.map_or(f64::NAN, |rank| -f64::from(rank));
    }
    ranked
}

/// The matches that count: those with a weight.
pub(super) fn matches(history: &History) -> impl Iterator<Item = Played> + Clone {
    history.played().filter(|played| played.weight > 0.0)
}

fn largest_score(history: &History) -> f64 {
    matches(history).flat_map(|played| played.result.scores).fold(0.0, |largest, score| largest.max(score.abs()))
}

/// Margins are differences, so that large scores leave rounding in small ones.
fn margin_tolerance(history: &History) -> f64 {
    let margins = matches(history).map(|Played { result: MatchResult { scores: [left, right], .. }, .. }| left - right);
    let largest = margins.fold(0.0, |largest: f64, margin| largest.max(margin.abs()));
    (SOLVED * largest).max(SUMMED * largest_score(history))
}

#[expect(clippy::float_cmp, reason = "a tie is exactly one half")]
fn is_decisive(played: &Played) -> bool {
    played.result.outcome.share() != 0.5
}

/// Makes withdrawn items unknown.
fn mask(history: &History, values: &mut [f64], places: &mut [f64]) {
    for item in (0..values.len()).filter(|&item| history.is_withdrawn(item as u32)) {
        values[item] = f64::NAN;
        places[item] = f64::NAN;
    }
}

/// Gives all known items their mean.
fn level(values: &mut [f64], places: &mut [f64]) {
    let known = values.iter().filter(|value| !value.is_nan());
    let (count, sum) = known.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    values.iter_mut().filter(|value| !value.is_nan()).for_each(|value| *value = sum / count);
    places.iter_mut().filter(|place| !place.is_nan()).for_each(|place| *place = 0.0);
}

/// Rounds the decimal number that the value is, exactly, as Python's `round` does.
fn round(values: &mut [f64], decimals: u8) {
    for value in values.iter_mut().filter(|value| value.is_finite()) {
        *value = format!("{value:.*}", usize::from(decimals)).parse().unwrap_or(*value);
    }
}
