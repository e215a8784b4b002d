//! The exact distribution of a tournament, without sampling.

mod buckets;
mod budget;
mod hash;
mod leaving;
mod levels;
mod standings;
#[cfg(test)]
mod tests;
mod totals;

use self::buckets::Buckets;
use self::budget::Budget;
pub use self::budget::ExactError;
use self::hash::Map;
use self::leaving::Leaving;
use self::standings::{Layout, Packed, Standings, bits};
use self::totals::Totals;
use super::moments::Moments;
use super::rules::Rules;
use super::tensor::WinTensor;

/// What the tournaments of a schedule come to on average, computed without sampling. `schedule` names
/// the benchmark of each round, counted from 0; a benchmark may come more than once.
///
/// # Method
/// The probabilities of all joint standings (the points of every model, and who is active) go from
/// round to round. In each of them the buckets play independently of each other, and what the members
/// of a bucket gain does not depend on the points they have, so that it is worked out once for each
/// set of members. Models that are out and below everyone who plays have their final rank; they are
/// written down and forgotten, so that standings that differ in them alone become one.
///
/// # Errors
/// Standings take 128 bits, a digit of a few bits for each model and never more than 64 models; a round
/// may keep 2,000,000 of them; all rounds together may take 15,000,000 steps. That is about 2 seconds
/// and 300 MB, and the limits are checked on the way. What is beyond them is an [`ExactError`], and so
/// is a schedule that does not fit the tensor or the rules.
///
/// # Complexity
/// O(standings × outcomes of their buckets) for each round: exponential in the models, while more
/// rounds lead to smaller buckets and in the end to few new standings. Where no scores tie and nobody
/// is eliminated, 10 models over 38 rounds, 14 over 5, 16 over 3, 17 over 2 and 24 over 1 are in reach.
/// Ties under [`TieRule::Half`](super::TieRule::Half) and meetings that are drawn by chance cost more.
///
/// # Example
/// ```
/// use palio::simulation::swiss_rounds::{Bye, Rules, Shortfall, TieRule, WinTensor, exact};
///
/// // One of three models has the bye, and the best of them wins if it is another one.
/// let tensor = WinTensor::from_scores(&[vec![0.9, 0.7, 0.4]], TieRule::Lose)?;
/// let rules = Rules { eliminate: vec![0], shortfall: Shortfall::Stop, bye: Bye::Nothing };
/// let moments = exact(&tensor, &[0], &rules)?;
/// assert!((moments.expected_score[0] - 2.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Competitive Swiss-System Dynamics, arXiv 2512.21010. The paper samples; what it leaves open is in
/// [`Rules`] and [`TieRule`](super::TieRule).
pub fn exact(tensor: &WinTensor, schedule: &[usize], rules: &Rules) -> Result<Moments, ExactError> {
    check(tensor, schedule, rules)?;
    let mut field = Field::new(tensor, schedule, rules)?;
    let mut weights = Weights::from_iter([(field.layout.start(), 1.0)]);
    for round in 0..schedule.len().saturating_sub(1) {
        weights = field.play(round, weights)?;
        if rules.eliminate[round] > 0 {
            weights = field.eliminate(round, weights)?;
        }
    }
    field.finish(weights)?;
    Ok(field.totals.moments())
}

fn check(tensor: &WinTensor, schedule: &[usize], rules: &Rules) -> Result<(), ExactError> {
    let (rounds, benchmarks) = (schedule.len(), tensor.benchmarks());
    if rules.eliminate.len() != rounds {
        return Err(ExactError::OtherRounds { rounds, eliminations: rules.eliminate.len() });
    }
    match schedule.iter().position(|&benchmark| benchmark >= benchmarks) {
        Some(round) => Err(ExactError::UnknownBenchmark { round: round + 1, benchmark: schedule[round], benchmarks }),
        None => Ok(()),
    }
}

/// Standings and their probabilities, in the order in which they were found first.
type Weights = Map<Packed, f64>;

/// All tournaments at once.
struct Field<'a> {
    tensor: &'a WinTensor,
    schedule: &'a [usize],
    rules: &'a Rules,
    layout: Layout,
    budget: Budget,
    totals: Totals,
    /// The standings that are looked at.
    now: Standings,
}

impl<'a> Field<'a> {
    fn new(tensor: &'a WinTensor, schedule: &'a [usize], rules: &'a Rules) -> Result<Self, ExactError> {
        let (models, rounds) = (tensor.models(), schedule.len());
        let too_many = ExactError::TooManyModels { models, rounds };
        if models > u64::BITS as usize {
            return Err(too_many);
        }
        let most = most_halves(tensor, schedule, rules);
        let layout = Layout::new(models, most).ok_or(too_many)?;
        let totals = Totals::new(models, rounds, most);
        let (budget, mut now) = (Budget::new(), Standings::of(models));
        layout.read(layout.start(), &mut now);
        Ok(Self { tensor, schedule, rules, layout, budget, totals, now })
    }

    /// Plays a round.
    fn play(&mut self, round: usize, weights: Weights) -> Result<Weights, ExactError> {
        let mut seating = self.start(round);
        let mut played = Weights::default();
        for (packed, weight) in weights {
            self.seat(round, packed, weight, &mut seating)?;
            // All that follow from the same standings differ.
            self.budget.fits(seating.outcomes)?;
            seating.play(weight, &mut |packed, weight| {
                *played.entry(packed).or_insert(0.0) += weight;
            });
            self.budget.fits(played.len())?;
        }
        Ok(played)
    }

    /// Plays the last round, if there is one. What it ends with is written down and not kept.
    fn finish(&mut self, weights: Weights) -> Result<(), ExactError> {
        let Some(round) = self.schedule.len().checked_sub(1) else {
            self.totals.end(self.now.active, &self.now, 1.0);
            return Ok(());
        };
        let mut seating = self.start(round);
        for (packed, weight) in weights {
            self.seat(round, packed, weight, &mut seating)?;
            seating.play(weight, &mut |packed, weight| {
                self.layout.read(packed, &mut self.now);
                if self.rules.eliminate[round] > 0 {
                    self.leave(round, weight);
                }
                self.totals.end(self.now.active | self.now.out, &self.now, weight);
            });
        }
        Ok(())
    }

    fn start(&mut self, round: usize) -> Seating {
        self.budget.start(round);
        if self.rules.eliminate[round] == 0 {
            self.totals.all_survive(round);
        }
        let buckets = Buckets::new(self.tensor, self.schedule[round], self.rules.bye.halves(), self.layout);
        Seating { buckets, sets: Vec::new(), packed: 0, places: Vec::new(), outcomes: 0 }
    }

    /// Puts the active models of some standings into their buckets.
    fn seat(&mut self, round: usize, packed: Packed, weight: f64, seating: &mut Seating) -> Result<(), ExactError> {
        self.layout.read(packed, &mut self.now);
        seating.packed = self.settle(packed, weight);
        seating.outcomes = 1;
        seating.places.clear();
        self.now.buckets(self.playing(round), &mut seating.sets);
        for &bucket in &seating.sets {
            if bucket.is_power_of_two() {
                seating.packed += seating.buckets.bye(bucket.trailing_zeros() as usize);
                continue;
            }
            self.totals.play(bucket, &self.now, weight);
            let place = seating.buckets.find(bucket, &mut self.budget)?;
            seating.places.push(place);
            seating.outcomes = seating.outcomes.saturating_mul(seating.buckets.count(place));
        }
        // To find the buckets takes as long as to visit four standings.
        self.budget.spend(seating.outcomes.saturating_add(4))
    }

    /// Eliminates after a round.
    fn eliminate(&mut self, round: usize, weights: Weights) -> Result<Weights, ExactError> {
        let mut kept = Weights::default();
        for (packed, weight) in weights {
            self.layout.read(packed, &mut self.now);
            let leaving = self.leave(round, weight);
            self.budget.spend(leaving.ways())?;
            self.budget.fits(leaving.ways())?;
            let weight = weight / leaving.ways() as f64;
            leaving.each(&mut |gone| {
                let packed = self.layout.without(packed, gone);
                self.layout.read(packed, &mut self.now);
                let packed = self.settle(packed, weight);
                if self.now.active != 0 {
                    *kept.entry(packed).or_insert(0.0) += weight;
                }
            });
            self.budget.fits(kept.len())?;
        }
        Ok(kept)
    }

    /// Who leaves the present standings after a round; who stays is written down.
    fn leave(&mut self, round: usize, weight: f64) -> Leaving {
        let leaving = Leaving::after(self.rules, round, &self.now, self.playing(round));
        for model in bits(self.now.active & !leaving.certain) {
            self.totals.survives(model, round, weight * leaving.stays(model));
        }
        leaving
    }

    /// Writes down whose rank is certain in the present standings, and forgets it.
    fn settle(&mut self, packed: Packed, weight: f64) -> Packed {
        let certain = self.now.certain();
        self.totals.end(certain, &self.now, weight);
        self.now.out &= !certain;
        self.layout.settled(packed, certain)
    }

    /// The active models that don't sit a round out.
    fn playing(&self, round: usize) -> u64 {
        let benchmark = self.schedule[round];
        if !self.tensor.has_absent(benchmark) {
            return self.now.active;
        }
        let here = |&model: &usize| !self.tensor.sits_out(benchmark, model);
        bits(self.now.active).filter(here).fold(0, |set, model| set | 1 << model)
    }
}

/// Standings whose buckets are about to play.
struct Seating {
    buckets: Buckets,
    /// The members of each bucket.
    sets: Vec<u64>,
    /// The standings, with the byes of those who are alone in a bucket.
    packed: Packed,
    /// Where the outcomes of the other buckets are.
    places: Vec<usize>,
    /// How many standings follow.
    outcomes: usize,
}

impl Seating {
    /// Visits the standings that follow, and their weights.
    fn play(&self, weight: f64, visit: &mut impl FnMut(Packed, f64)) {
        self.buckets.play(&self.places, self.packed, weight, visit);
    }
}

/// The half points that nobody can exceed.
fn most_halves(tensor: &WinTensor, schedule: &[usize], rules: &Rules) -> u64 {
    let models = 0..tensor.models();
    let pairs = || models.clone().flat_map(|first| models.clone().map(move |second| (first, second)));
    let most_on = |benchmark| {
        let endings = pairs().filter(|(first, second)| first != second).flat_map(|(first, second)| {
            tensor.endings(benchmark, first, second).into_iter().flat_map(|ending| ending.halves)
        });
        u64::from(endings.max().unwrap_or(0).max(rules.bye.halves()))
    };
    let most: Vec<u64> = (0..tensor.benchmarks()).map(most_on).collect();
    schedule.iter().map(|&benchmark| most[benchmark]).sum()
}
