//! The rules of a tournament, each of which the paper leaves open or fixes to one value.

use serde::Serialize;

/// Points are counted in halves, so that sums are exact.
pub(crate) const HALVES: u32 = 2;

/// What a meeting of equal scores is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TieRule {
    /// Nothing to either: a point takes a higher score. The paper's "i beats j", read literally.
    #[default]
    Lose,
    /// Half a point to both.
    Half,
    /// A point to both.
    Win,
    /// Points are drawn: a model wins its point with the probability that the cell names.
    Bernoulli,
}

/// What happens where the lowest bucket holds fewer models than are to be eliminated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shortfall {
    /// The bucket is eliminated, and no more in this round.
    #[default]
    Stop,
    /// The next bucket goes on losing models until the number is reached.
    Cascade,
    /// As `Stop`, but one model always stays.
    KeepLast,
}

/// What a model without an opponent gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Bye {
    /// Nothing, as in the paper.
    #[default]
    #[serde(rename = "0")]
    Nothing,
    /// Half a point.
    #[serde(rename = "0.5")]
    Half,
    /// A point.
    #[serde(rename = "1")]
    Point,
}

impl Bye {
    /// Its worth in half points.
    pub(crate) fn halves(self) -> u32 {
        self as u32
    }
}

/// How a tournament is played, beside its schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How many models leave after each round, one number a round.
    pub eliminate: Vec<u32>,
    /// What happens where the lowest bucket is smaller than that.
    pub shortfall: Shortfall,
    /// What a model without an opponent gets.
    pub bye: Bye,
}

impl Rules {
    /// The same rules, but that this many models leave after every round.
    #[must_use]
    pub fn with_every(&self, number: u32) -> Self {
        Self { eliminate: vec![number; self.eliminate.len()], ..self.clone() }
    }
}
