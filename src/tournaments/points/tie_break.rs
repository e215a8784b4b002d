//! The tie-breaks and the rules of unplayed rounds, by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::settings::SettingsError;

/// What decides among items of equal points. Higher is better in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TieBreak {
    /// The sum of the opponents' points, each as often as it was met (FIDE C.07, 8.1).
    Buchholz,
    /// Buchholz without the lowest opponent (14.1).
    #[serde(rename = "buchholz-cut-1")]
    BuchholzCut1,
    /// Buchholz without the two lowest opponents (14.2).
    #[serde(rename = "buchholz-cut-2")]
    BuchholzCut2,
    /// Buchholz without the lowest opponent and the highest (14.3).
    #[serde(rename = "buchholz-median-1")]
    BuchholzMedian1,
    /// The sum of the opponents' points, each times the share won of it (9.1).
    SonnebornBerger,
    /// The shares won of the other tied items, each opponent counting once. It decides only if all tied
    /// items have met; items that are still tied then are compared by the matches among themselves
    /// (6.1). The rule for tied items of whom one is first whatever the missing matches give (6.2) is
    /// not taken.
    DirectEncounter,
    /// Matches won, by weight: those with a share over one half. Byes don't count (7.2).
    Wins,
    /// The sum of the points after each round (7.5).
    Progressive,
    /// The judge's scores for the item minus those for its opponents, by weight.
    ScoreMargin,
}

/// What the rounds that an item didn't play count, in tie-breaks that look at opponents: byes, and
/// matches that nobody could answer, which give no points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Unplayed {
    /// FIDE since 2023 (C.07, 16): a round not played is a match against an opponent who has as many
    /// points in the end as the item itself; the item's points count for others as they are, bye
    /// included, since it was there to play.
    #[default]
    #[serde(rename = "dummy-2023")]
    Dummy2023,
    /// FIDE from 2009 to 2023: a round not played is a match against an opponent who had as many points
    /// before that round, whom the result counts against, and who has half a point in each round after
    /// it; for others, an item's rounds not played count half a point each.
    #[serde(rename = "virtual-2009")]
    Virtual2009,
    /// A round not played is no match; the item's points count for others as they are.
    #[serde(rename = "ignore")]
    Ignore,
}

impl TieBreak {
    /// Every tie-break, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Buchholz,
        Self::BuchholzCut1,
        Self::BuchholzCut2,
        Self::BuchholzMedian1,
        Self::SonnebornBerger,
        Self::DirectEncounter,
        Self::Wins,
        Self::Progressive,
        Self::ScoreMargin,
    ];

    /// Its name in settings and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Buchholz => "buchholz",
            Self::BuchholzCut1 => "buchholz-cut-1",
            Self::BuchholzCut2 => "buchholz-cut-2",
            Self::BuchholzMedian1 => "buchholz-median-1",
            Self::SonnebornBerger => "sonneborn-berger",
            Self::DirectEncounter => "direct-encounter",
            Self::Wins => "wins",
            Self::Progressive => "progressive",
            Self::ScoreMargin => "score-margin",
        }
    }
}

impl Unplayed {
    /// Every rule, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Dummy2023, Self::Virtual2009, Self::Ignore];

    /// Its name in settings and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dummy2023 => "dummy-2023",
            Self::Virtual2009 => "virtual-2009",
            Self::Ignore => "ignore",
        }
    }
}

impl fmt::Display for TieBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Unplayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TieBreak {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        by_name("tie-break", text, &Self::ALL, Self::name)
    }
}

impl FromStr for Unplayed {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        by_name("unplayed", text, &Self::ALL, Self::name)
    }
}

fn by_name<T: Copy>(setting: &str, text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, SettingsError> {
    all.iter().copied().find(|&it| name(it) == text).ok_or_else(|| SettingsError::Value {
        name: setting.to_owned(),
        value: text.to_owned(),
        expected: all.iter().map(|&it| name(it)).collect::<Vec<_>>().join(", "),
    })
}
