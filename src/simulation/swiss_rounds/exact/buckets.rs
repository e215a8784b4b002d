//! What the members of a bucket gain in a round, over all ways to pair them.

use super::budget::{Budget, ExactError};
use super::hash::Map;
use super::levels::ByLevel;
use super::standings::{Layout, Packed, bits};
use crate::simulation::swiss_rounds::rules::TieRule;
use crate::simulation::swiss_rounds::tensor::{Level, WinTensor, Worth};

/// Gains that a bucket can end with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    /// What is added to the standings.
    pub(super) gains: Packed,
    pub(super) probability: f64,
}

/// The buckets of one benchmark. What a bucket's members gain depends on who they are and not on the
/// points they have, so each set of members is worked out once.
#[derive(Debug)]
pub(super) struct Buckets {
    pairing: Pairing,
    /// What a bye adds to the standings, by model.
    byes: Vec<Packed>,
    /// Where the outcomes of a set of members are.
    places: Map<u64, usize>,
    outcomes: Vec<Vec<Outcome>>,
}

/// How outcomes are found.
#[derive(Debug)]
enum Pairing {
    /// The outcomes of every meeting, model-major.
    ByPair(Vec<Vec<Outcome>>),
    /// Only the order of scores matters.
    ByLevel(ByLevel),
}

impl Buckets {
    pub(super) fn new(tensor: &WinTensor, benchmark: usize, bye: u32, layout: Layout) -> Self {
        let models = 0..tensor.models();
        let pairing = match tensor.worth(benchmark) {
            Worth::Levels(levels) => Pairing::ByLevel(ByLevel::new(levels, layout)),
            Worth::Order(order) => {
                let levels: Vec<Level> = order.iter().map(|&rank| Level::new(rank, TieRule::Lose)).collect();
                Pairing::ByLevel(ByLevel::new(&levels, layout))
            }
            Worth::Pairs(_) | Worth::Chances(_) | Worth::PairChances(_) => {
                Pairing::ByPair(meetings(tensor, benchmark, layout))
            }
        };
        let byes = models.map(|model| layout.gain(model, bye)).collect();
        Self { pairing, byes, places: Map::default(), outcomes: Vec::new() }
    }

    /// Finds the outcomes of a bucket. They are at the place that is returned.
    pub(super) fn find(&mut self, members: u64, budget: &mut Budget) -> Result<usize, ExactError> {
        if let Some(&place) = self.places.get(&members) {
            return Ok(place);
        }
        let outcomes = match &self.pairing {
            Pairing::ByLevel(levels) => levels.outcomes(members, &self.byes, budget)?,
            Pairing::ByPair(_) => self.pair_by_pair(members, budget)?,
        };
        budget.keep(outcomes.len())?;
        self.outcomes.push(outcomes);
        self.places.insert(members, self.outcomes.len() - 1);
        Ok(self.outcomes.len() - 1)
    }

    /// What a bye adds to the standings.
    pub(super) fn bye(&self, model: usize) -> Packed {
        self.byes[model]
    }

    /// How many outcomes there are at a place.
    pub(super) fn count(&self, place: usize) -> usize {
        self.outcomes[place].len()
    }

    /// Visits all standings that follow where the buckets at some places play, and their weights.
    pub(super) fn play(&self, places: &[usize], from: Packed, weight: f64, visit: &mut impl FnMut(Packed, f64)) {
        let Some((&first, rest)) = places.split_first() else { return visit(from, weight) };
        for outcome in &self.outcomes[first] {
            self.play(rest, from + outcome.gains, weight * outcome.probability, visit);
        }
    }

    /// One member meets each of the others, or has the bye, equally often; the rest are a smaller
    /// bucket.
    fn pair_by_pair(&mut self, members: u64, budget: &mut Budget) -> Result<Vec<Outcome>, ExactError> {
        let size = members.count_ones();
        let mut merged = Merged::default();
        if size == 0 {
            merged.insert(0, 1.0);
        } else if size % 2 == 1 {
            for model in bits(members) {
                let rest = self.find(members & !(1 << model), budget)?;
                let bye = Outcome { gains: self.byes[model], probability: 1.0 / f64::from(size) };
                self.add(&mut merged, bye, rest, budget)?;
            }
        } else {
            let first = members.trailing_zeros() as usize;
            for second in bits(members).skip(1) {
                let rest = self.find(members & !(1 << first | 1 << second), budget)?;
                for place in 0..self.meeting(first, second).len() {
                    let Outcome { gains, probability } = self.meeting(first, second)[place];
                    let ending = Outcome { gains, probability: probability / f64::from(size - 1) };
                    self.add(&mut merged, ending, rest, budget)?;
                }
            }
        }
        Ok(merged.into_iter().map(|(gains, probability)| Outcome { gains, probability }).collect())
    }

    fn meeting(&self, first: usize, second: usize) -> &[Outcome] {
        match &self.pairing {
            Pairing::ByPair(meetings) => &meetings[first * self.byes.len() + second],
            Pairing::ByLevel(_) => &[],
        }
    }

    /// Adds the outcomes at a place, after one that is independent of them.
    fn add(&self, to: &mut Merged, first: Outcome, rest: usize, budget: &mut Budget) -> Result<(), ExactError> {
        // To find the place takes as long as a few outcomes.
        budget.spend(self.outcomes[rest].len().saturating_add(4))?;
        for outcome in &self.outcomes[rest] {
            *to.entry(first.gains + outcome.gains).or_insert(0.0) += first.probability * outcome.probability;
        }
        budget.fits(to.len())
    }
}

/// Probabilities of gains, in the order in which they were found first.
type Merged = Map<Packed, f64>;

fn meetings(tensor: &WinTensor, benchmark: usize, layout: Layout) -> Vec<Vec<Outcome>> {
    let models = tensor.models();
    let pairs = (0..models).flat_map(|first| (0..models).map(move |second| (first, second)));
    let of = |(first, second)| {
        let endings = tensor.endings(benchmark, first, second).into_iter();
        let outcome = endings.map(|ending| Outcome {
            gains: layout.gain(first, ending.halves[0]) + layout.gain(second, ending.halves[1]),
            probability: ending.probability,
        });
        outcome.collect()
    };
    pairs.map(of).collect()
}
