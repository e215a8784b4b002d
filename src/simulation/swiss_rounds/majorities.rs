//! The win tensor of a log of comparisons: who won more often on each task.

use crate::data::{Labels, Log};

use super::rules::{HALVES, TieRule};
use super::settings::SwissError;
use super::tensor::{WinTensor, Worth};

/// The most bytes of a tensor of pairs.
const MOST_BYTES: usize = 1 << 30;
/// Shares of wins that differ by less are equal.
const EQUAL: f64 = 1e-12;

/// The win tensor of a log, and what the log left open.
#[derive(Debug)]
pub struct Majorities {
    /// The tensor: models are the log's items, benchmarks its tasks, in first-seen order.
    pub tensor: WinTensor,
    /// The name of each benchmark.
    pub tasks: Vec<String>,
    /// For each benchmark the pairs of models that never met there: ties.
    pub pairs_not_met: Vec<u64>,
    /// Rows without a task, which say nothing here.
    pub rows_without_task: u64,
}

impl Majorities {
    /// Counts who won more of the comparisons of each pair on each task, by count times weight and
    /// with ties as half wins; or, with [`TieRule::Bernoulli`], the share of them.
    ///
    /// A pair that never met on a task is a tie there, or an even chance. O(rows + items² × tasks)
    /// time and memory.
    pub fn of(log: &Log, tasks: &Labels, ties: TieRule) -> Result<Self, SwissError> {
        let models = log.items().len();
        let rows = tasks.rows();
        let named: Vec<(&str, &[u32])> = tasks
            .names
            .iter()
            .zip(&rows)
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, rows)| (name, &rows[..]))
            .collect();
        let bytes = if ties == TieRule::Bernoulli { size_of::<f64>() } else { size_of::<u8>() };
        if models.saturating_mul(models).saturating_mul(named.len()).saturating_mul(bytes) > MOST_BYTES {
            return Err(SwissError::TooLarge { models, rounds: named.len() });
        }
        let counted: u64 = named.iter().map(|(_, rows)| rows.len() as u64).sum();
        let mut wins = vec![0.0; models * models];
        let (mut benchmarks, mut pairs_not_met) = (Vec::with_capacity(named.len()), Vec::with_capacity(named.len()));
        for (_, rows) in &named {
            count_wins(log, rows, &mut wins);
            let worth = Pairs { models, wins: &wins };
            pairs_not_met.push(worth.not_met());
            benchmarks.push(worth.worth(ties));
        }
        let absent = vec![Vec::new(); benchmarks.len()];
        Ok(Self {
            tensor: WinTensor::from_parts(models, benchmarks, absent),
            tasks: named.iter().map(|(name, _)| (*name).to_owned()).collect(),
            pairs_not_met,
            rows_without_task: log.len() as u64 - counted,
        })
    }
}

/// Sums the wins of each item over each other in these rows, ties as halves.
fn count_wins(log: &Log, rows: &[u32], wins: &mut [f64]) {
    let models = log.items().len();
    wins.fill(0.0);
    for &row in rows {
        let row = log.row(row as usize);
        let (left, right, weight) = (row.left.index(), row.right.index(), row.count * row.weight);
        if left == right {
            continue;
        }
        let share = row.outcome.share();
        wins[left * models + right] += weight * share;
        wins[right * models + left] += weight * (1.0 - share);
    }
}

/// Wins on one task, models × models.
struct Pairs<'a> {
    models: usize,
    wins: &'a [f64],
}

impl Pairs<'_> {
    /// Wins of each model over each other and the other's over it, model-major.
    fn both(&self) -> impl Iterator<Item = (f64, f64)> {
        let n = self.models;
        (0..n * n).map(move |cell| (self.wins[cell], self.wins[cell % n * n + cell / n]))
    }

    fn not_met(&self) -> u64 {
        let empty = self.both().filter(|&(wins, losses)| wins + losses <= 0.0).count();
        // The diagonal is empty too, and each pair is seen from both sides.
        ((empty - self.models) / 2) as u64
    }

    fn worth(&self, ties: TieRule) -> Worth {
        let tie = match ties {
            TieRule::Lose => 0,
            TieRule::Half => HALVES / 2,
            TieRule::Win => HALVES,
            TieRule::Bernoulli => {
                let share = |(wins, losses): (f64, f64)| if wins + losses > 0.0 { wins / (wins + losses) } else { 0.5 };
                return Worth::PairChances(self.both().map(share).collect());
            }
        };
        let halves = |(wins, losses): (f64, f64)| match wins - losses {
            // Sums of weights carry rounding errors, which decide nothing.
            near if near.abs() <= EQUAL * (wins + losses) => tie as u8,
            more if more > 0.0 => HALVES as u8,
            _ => 0,
        };
        let mut halves: Vec<u8> = self.both().map(halves).collect();
        // Nobody meets itself: what stands there would look like a tie.
        halves.iter_mut().step_by(self.models + 1).for_each(|own| *own = 0);
        Worth::Pairs(halves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Comparison, ItemId, Outcome};

    fn log() -> (Log, Labels) {
        let mut log = Log::new(["a", "b", "c"].into_iter().collect());
        let rows = [(0, 1, Outcome::Left), (1, 0, Outcome::Right), (1, 0, Outcome::Left), (0, 2, Outcome::Tie)];
        for (left, right, outcome) in rows.into_iter().chain([(2, 1, Outcome::Left)]) {
            log.push(Comparison::new(ItemId(left), ItemId(right), outcome));
        }
        log.add_labels("task", ["x", "x", "x", "x", ""]);
        let labels = log.labels("task").expect("tasks").clone();
        (log, labels)
    }

    #[test]
    fn the_majority_takes_the_task_and_the_rest_are_ties() {
        let (log, labels) = log();
        let found = Majorities::of(&log, &labels, TieRule::Half).expect("a tensor");
        assert_eq!((&found.pairs_not_met[..], found.rows_without_task), (&[1][..], 1));
        assert_eq!(found.tasks, ["x"]);
        let Worth::Pairs(halves) = found.tensor.worth(0) else { panic!("pairs") };
        assert_eq!(halves, &[0, 2, 1, 0, 0, 1, 1, 1, 0]);
    }

    #[test]
    fn shares_are_chances() {
        let (log, labels) = log();
        let found = Majorities::of(&log, &labels, TieRule::Bernoulli).expect("a tensor");
        let Worth::PairChances(chances) = found.tensor.worth(0) else { panic!("chances") };
        assert!((chances[1] - 2.0 / 3.0).abs() < 1e-15 && (chances[3] - 1.0 / 3.0).abs() < 1e-15);
        assert_eq!(&chances[5..6], [0.5]);
    }
}
