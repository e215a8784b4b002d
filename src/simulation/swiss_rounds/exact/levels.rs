//! Buckets where a meeting's points depend on nothing but whose score is higher.

use std::cmp::Reverse;

use super::buckets::Outcome;
use super::budget::{Budget, ExactError};
use super::hash::Map;
use super::standings::{Layout, Packed, bits};
use crate::simulation::swiss_rounds::rules::HALVES;
use crate::simulation::swiss_rounds::tensor::Level;

/// The levels of the models, and how to find what a bucket of them ends with.
///
/// The members are taken from the highest level down. Each falls to one that waits for it, or waits
/// itself for a lower or an equal one, so that the number of pairings with the same gains is a product
/// of numbers of waiting members. Gains are far fewer than pairings: where no scores tie, the Catalan
/// number of h instead of (2h - 1)!! for a bucket of 2h.
#[derive(Debug)]
pub(super) struct ByLevel {
    levels: Vec<Level>,
    layout: Layout,
}

/// Where the pairing of a bucket stands when some of its members were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Taken {
    gains: Packed,
    /// Members of higher levels who wait for a lower one.
    above: u32,
    /// Members of the present level who wait for a lower one.
    level: u32,
    /// Members of the present level who wait for an equal one.
    equal: u32,
    /// Whether somebody is still to have the bye.
    bye: bool,
}

/// In how many ways it can have come to that.
type Ways = Map<Taken, f64>;

/// A member that is to be taken.
#[derive(Debug, Clone, Copy)]
struct Next {
    /// What it adds to the standings where it wins, where it ties and where it has the bye.
    win: Packed,
    tie: Packed,
    bye: Packed,
    /// How many members come after it: all, and those of its level.
    after: u32,
    after_in_level: u32,
}

impl ByLevel {
    pub(super) fn new(levels: &[Level], layout: Layout) -> Self {
        Self { levels: levels.to_vec(), layout }
    }

    /// The outcomes of a bucket.
    pub(super) fn outcomes(
        &self,
        members: u64,
        byes: &[Packed],
        budget: &mut Budget,
    ) -> Result<Vec<Outcome>, ExactError> {
        let mut ways = Ways::from_iter([(Taken::nobody(members), 1.0)]);
        for next in self.order(members, byes) {
            // Each of them goes on in at most five ways.
            budget.spend(5 * ways.len())?;
            ways = next.taken(&ways);
            budget.fits(ways.len())?;
        }
        let all: f64 = ways.values().sum();
        Ok(ways.into_iter().map(|(end, ways)| Outcome { gains: end.gains, probability: ways / all }).collect())
    }

    /// The members from the highest level down.
    fn order(&self, members: u64, byes: &[Packed]) -> Vec<Next> {
        let mut order: Vec<usize> = bits(members).collect();
        order.sort_by_key(|&model| Reverse(self.levels[model].floor));
        let floor = |model: usize| self.levels[model].floor;
        let after = |place: usize| order[place + 1..].iter();
        let next = |(place, &model): (usize, &usize)| Next {
            win: self.layout.gain(model, HALVES),
            tie: self.layout.gain(model, self.levels[model].against(self.levels[model])),
            bye: byes[model],
            after: after(place).count() as u32,
            after_in_level: after(place).filter(|&&other| floor(other) == floor(model)).count() as u32,
        };
        order.iter().enumerate().map(next).collect()
    }
}

impl Next {
    /// All ways to take this member after the others were.
    fn taken(self, ways: &Ways) -> Ways {
        let mut taken = Ways::default();
        for (&before, &ways) in ways {
            for (factor, after) in self.choices(before) {
                if factor > 0 && after.can_end(self.after, self.after_in_level) {
                    *taken.entry(after.at_end_of_level(self.after_in_level)).or_insert(0.0) += f64::from(factor) * ways;
                }
            }
        }
        taken
    }

    /// What this member can do, and in how many ways.
    fn choices(self, before: Taken) -> [(u32, Taken); 5] {
        let gains = before.gains;
        let (win, tie, bye) = (gains + self.win, gains + self.tie, gains + self.bye);
        [
            (before.above, Taken { above: before.above.saturating_sub(1), ..before }),
            (before.equal, Taken { equal: before.equal.saturating_sub(1), gains: tie, ..before }),
            (1, Taken { level: before.level + 1, gains: win, ..before }),
            (1, Taken { equal: before.equal + 1, gains: tie, ..before }),
            (u32::from(before.bye), Taken { bye: false, gains: bye, ..before }),
        ]
    }
}

impl Taken {
    fn nobody(members: u64) -> Self {
        Self { gains: 0, above: 0, level: 0, equal: 0, bye: members.count_ones() % 2 == 1 }
    }

    /// Whether everybody who waits can still be met, and the bye be had, by those who come after.
    fn can_end(self, after: u32, after_in_level: u32) -> bool {
        let needed = self.above + self.level + self.equal + u32::from(self.bye);
        needed <= after && self.equal <= after_in_level && self.level <= after - after_in_level
    }

    /// The same where the next member is of a lower level.
    fn at_end_of_level(self, after_in_level: u32) -> Self {
        if after_in_level > 0 {
            return self;
        }
        Self { above: self.above + self.level, level: 0, ..self }
    }
}
