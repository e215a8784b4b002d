//! What many tournaments add up to: whole numbers only, so that parts give the same sums in any
//! order and on any number of threads.

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::rules::HALVES;
use super::settings::MOST_RUNS;

/// Sums of points over tournaments on one schedule, in half points.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointSums {
    /// How many tournaments.
    pub runs: u64,
    /// For each model the sum of its half points.
    pub points: Vec<u64>,
    /// For each model the sum of the squares of its half points.
    pub squares: Vec<u64>,
}

/// Sums of everything that is told of a tournament.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Points.
    #[serde(flatten)]
    pub points: PointSums,
    /// How often each model had each competition rank: models × models, model-major.
    pub ranks: Vec<u64>,
    /// How often each model was eliminated after each round: models × rounds, model-major.
    pub eliminated: Vec<u64>,
    /// How often each model met another.
    pub meetings: Vec<u64>,
    /// The half points of each model's opponents when they met, summed over meetings.
    pub opponents: Vec<u64>,
}

/// A part whose sums no tournaments can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its {0} can't come from tournaments")]
pub struct DamagedPart(pub(super) &'static str);

/// Adds to each number the one in the same place.
pub(super) fn add(to: &mut [u64], numbers: &[u64]) {
    debug_assert_eq!(to.len(), numbers.len());
    for (to, number) in to.iter_mut().zip(numbers) {
        *to += number;
    }
}

impl PointSums {
    pub(super) fn new(models: usize) -> Self {
        Self { runs: 0, points: vec![0; models], squares: vec![0; models] }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        add(&mut self.points, &other.points);
        add(&mut self.squares, &other.squares);
    }

    /// Adds one tournament's half points.
    pub(super) fn note(&mut self, halves: &[u32]) {
        self.runs += 1;
        for ((sum, square), &halves) in self.points.iter_mut().zip(&mut self.squares).zip(halves) {
            let halves = u64::from(halves);
            *sum += halves;
            *square += halves * halves;
        }
    }

    /// Whether `runs` tournaments of up to `most` half points each can add up to these sums.
    pub(super) fn check(&self, models: usize, most: u64, runs: Option<u64>) -> Result<(), DamagedPart> {
        let whole = self.points.len() == models && self.squares.len() == models;
        let known = runs.is_none_or(|runs| self.runs == runs) && self.runs <= MOST_RUNS;
        let possible = |(&sum, &square): (&u64, &u64)| {
            let (runs, sum, square) = (u128::from(self.runs), u128::from(sum), u128::from(square));
            sum * sum <= runs * square && square <= sum * u128::from(most)
        };
        let sound = whole && known && self.points.iter().zip(&self.squares).all(possible);
        if sound { Ok(()) } else { Err(DamagedPart("points")) }
    }

    /// The standard deviation of each model's points, 0 where there is one tournament only.
    pub(super) fn std_devs(&self) -> Vec<f64> {
        let runs = self.runs as f64;
        let deviation = |(&sum, &square): (&u64, &u64)| {
            // Whole numbers first: the difference of large squares keeps all its digits.
            let spread = u128::from(self.runs) * u128::from(square) - u128::from(sum) * u128::from(sum);
            (spread as f64 / (runs * (runs - 1.0).max(1.0))).sqrt() / f64::from(HALVES)
        };
        self.points.iter().zip(&self.squares).map(deviation).collect()
    }

    /// The mean points of each model.
    pub(super) fn means(&self) -> Vec<f64> {
        let halves = (self.runs * u64::from(HALVES)) as f64;
        self.points.iter().map(|&points| points as f64 / halves).collect()
    }
}

impl Sums {
    pub(super) fn new(models: usize, rounds: usize) -> Self {
        Self {
            points: PointSums::new(models),
            ranks: vec![0; models * models],
            eliminated: vec![0; models * rounds],
            meetings: vec![0; models],
            opponents: vec![0; models],
        }
    }

    /// Whether `runs` tournaments of this many models and rounds can add up to these sums.
    pub(super) fn check(&self, models: usize, rounds: usize, runs: u64) -> Result<(), DamagedPart> {
        let most = u64::from(HALVES) * rounds as u64;
        self.points.check(models, most, Some(runs))?;
        let each_run_once = |counts: &[u64]| total(counts) == u128::from(runs);
        if self.ranks.len() != models * models || !self.ranks.chunks(models).all(each_run_once) {
            return Err(DamagedPart("ranks"));
        }
        let no_run_twice = |counts: &[u64]| total(counts) <= u128::from(runs);
        if self.eliminated.len() != models * rounds || !self.eliminated.chunks(rounds).all(no_run_twice) {
            return Err(DamagedPart("eliminations"));
        }
        let meetings = |&number: &u64| u128::from(number) <= u128::from(runs) * rounds as u128;
        if self.meetings.len() != models || !self.meetings.iter().all(meetings) {
            return Err(DamagedPart("meetings"));
        }
        let points = |(&points, &meetings): (&u64, &u64)| u128::from(points) <= u128::from(meetings) * u128::from(most);
        if self.opponents.len() != models || !self.opponents.iter().zip(&self.meetings).all(points) {
            return Err(DamagedPart("opponents' points"));
        }
        Ok(())
    }

    /// The lengths of all parts.
    pub(super) fn shape(&self) -> [usize; 6] {
        let points = &self.points;
        [
            points.points.len(),
            points.squares.len(),
            self.ranks.len(),
            self.eliminated.len(),
            self.meetings.len(),
            self.opponents.len(),
        ]
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.points.add(&other.points);
        add(&mut self.ranks, &other.ranks);
        add(&mut self.eliminated, &other.eliminated);
        add(&mut self.meetings, &other.meetings);
        add(&mut self.opponents, &other.opponents);
    }

    /// Adds the tournament that was just played, whose half points are `halves`.
    pub(super) fn note(&mut self, field: &Field<'_>, halves: &[u32], above: &mut Vec<u32>) {
        self.points.note(halves);
        let models = halves.len();
        let rounds = self.eliminated.len() / models;
        let unit = field.halves_per_unit() as u64;
        count_above(halves, above);
        for (model, &halves) in halves.iter().enumerate() {
            self.ranks[model * models + above[halves as usize] as usize] += 1;
        }
        for gone in field.gone() {
            self.eliminated[gone.member.model() * rounds + gone.round] += 1;
        }
        let active = field.active().flat_map(|(_, members)| members).copied();
        for member in active.chain(field.gone().iter().map(|gone| gone.member)) {
            self.meetings[member.model()] += member.meetings();
            self.opponents[member.model()] += unit * member.opponents_points();
        }
    }
}

fn total(counts: &[u64]) -> u128 {
    counts.iter().map(|&count| u128::from(count)).sum()
}

/// For each number of half points, how many models have more.
fn count_above(halves: &[u32], above: &mut Vec<u32>) {
    let most = halves.iter().copied().max().unwrap_or(0) as usize;
    above.clear();
    above.resize(most + 1, 0);
    for &halves in halves {
        above[halves as usize] += 1;
    }
    let mut sum = 0;
    for count in above.iter_mut().rev() {
        sum += std::mem::replace(count, sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_one_more_than_the_number_of_models_above() {
        let mut above = Vec::new();
        count_above(&[4, 1, 4, 0], &mut above);
        assert_eq!(above, [3, 2, 2, 2, 0]);
    }
}
