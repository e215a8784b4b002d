//! Who plays, and everything about it that is drawn at random.

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::TournamentError;
use crate::random::{Purpose, SimRng, stream};

/// The items of one tournament.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// How many there are; they are numbered from 0.
    pub items: u32,
    /// Scores known beforehand, by which topologies with `seeds=given` seed: one an item, higher is
    /// better; empty if there are none.
    pub scores: Vec<f64>,
    /// How random draws are made.
    pub draw: Draw,
}

/// How the random draws of a tournament are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Draw {
    /// Nothing is shuffled.
    AsGiven,
    /// By a seed, and a number that is the group's own and does not depend on other groups.
    Seeded {
        /// The seed.
        seed: u64,
        /// The group's number, such as a hash of its name.
        group: u64,
    },
}

impl Draw {
    /// Shuffles `order` for a purpose inside the tournament, mostly a round: the same for the same one.
    pub fn shuffle(self, purpose: u32, order: &mut [u32]) {
        if let Some(mut rng) = self.rng(purpose) {
            order.shuffle(&mut rng);
        }
    }

    /// The generator of one purpose; none where nothing is drawn.
    pub(crate) fn rng(self, purpose: u32) -> Option<SimRng> {
        match self {
            Self::AsGiven => None,
            Self::Seeded { seed, group } => {
                // An odd factor keeps the purposes of one group apart, and those of groups all over.
                let trial = group.wrapping_add(u64::from(purpose).wrapping_mul(0x9E37_79B9_7F4A_7C15));
                Some(stream(seed, Purpose::GroupDraws, trial))
            }
        }
    }
}

impl Field {
    /// A field without known scores.
    pub fn new(items: u32, draw: Draw) -> Self {
        Self { items, scores: Vec::new(), draw }
    }

    pub(super) fn check(&self) -> Result<(), TournamentError> {
        let complete = self.scores.len() == self.items as usize && self.scores.iter().all(|score| score.is_finite());
        if complete || self.scores.is_empty() {
            return Ok(());
        }
        Err(TournamentError::Scores { items: self.items, scores: self.scores.len() })
    }
}
