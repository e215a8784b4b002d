//! Failure sensitivity: what eliminating more models does to a model's expected score.

use serde::{Deserialize, Serialize};

use super::parts::GridSums;
use super::rules::HALVES;

/// How far from the field's loss a model's loss must be for a word, as a share of it.
pub const FAR: f64 = 0.1;

/// Expected scores over a grid of elimination numbers, and their slopes.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivity {
    /// The elimination numbers.
    pub eliminate: Vec<u32>,
    /// For each of them the expected score of each model.
    pub expected_scores: Vec<Vec<f64>>,
    /// For each model the least-squares slope of its expected score over the elimination number, in
    /// points.
    pub slopes: Vec<f64>,
    /// The standard errors of the slopes, from slopes of single trials; 0 where they are exact.
    pub errors: Vec<Option<f64>>,
}

/// What failure sensitivity says of a model.
///
/// With more eliminations everyone scores less, the strong most: a slope alone tells who is strong.
/// So a model's slope is held against the field's: all slopes together are so many points lost for
/// each point of all expected scores at the lowest elimination number, and a model like all others
/// loses that share of its own. A word needs a difference of more than [`FAR`] of that loss, and of
/// more than two standard errors; and it goes to the upper half at the lowest elimination number
/// only, since below it a model has little to lose and early rounds decide what.
///
/// # Source
/// The words are those of the paper (arXiv 2512.21010), which gives no threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    /// It loses less of its score than the field does.
    #[serde(rename = "robust generalist")]
    RobustGeneralist,
    /// It loses more of its score than the field does.
    #[serde(rename = "aggressive specialist")]
    AggressiveSpecialist,
}

impl Sensitivity {
    /// The slopes that sums over `runs` trials estimate.
    pub(super) fn from_sums(grid: &GridSums, runs: u64) -> Self {
        let (runs, squares) = (runs as f64, sum_of_squares(grid.eliminate.len()));
        let error = |(&sum, &square): (&i64, &u64)| {
            let mean = sum as f64 / runs;
            let variance = (square as f64 - runs * mean * mean) / (runs - 1.0);
            (runs > 1.0).then(|| variance.max(0.0).sqrt() / runs.sqrt() / squares)
        };
        let mean = |points: &Vec<u64>| points.iter().map(|&sum| sum as f64 / (runs * f64::from(HALVES))).collect();
        Self {
            eliminate: grid.eliminate.clone(),
            expected_scores: grid.points.iter().map(mean).collect(),
            slopes: grid.slopes.iter().map(|&sum| sum as f64 / runs / squares).collect(),
            errors: grid.slopes.iter().zip(&grid.slope_squares).map(error).collect(),
        }
    }

    /// The slopes of expected scores that are known exactly, for elimination numbers one apart.
    ///
    /// `expected_scores` has one list over all models for each elimination number.
    pub fn from_exact(eliminate: Vec<u32>, expected_scores: Vec<Vec<f64>>) -> Self {
        let models = expected_scores.first().map_or(0, Vec::len);
        let slope = |model: usize| {
            let scores = expected_scores.iter().zip(distances(eliminate.len()));
            let sum: f64 = scores.map(|(scores, distance)| distance * scores[model]).sum();
            2.0 * sum / sum_of_squares(eliminate.len())
        };
        let slopes = (0..models).map(slope).collect();
        Self { slopes, errors: vec![Some(0.0); models], eliminate, expected_scores }
    }

    /// What the slopes say of each model.
    pub fn profiles(&self) -> Vec<Option<Profile>> {
        let Some(scores) = self.expected_scores.first() else { return Vec::new() };
        let share = self.slopes.iter().sum::<f64>() / scores.iter().sum::<f64>();
        let middle = {
            let mut sorted = scores.clone();
            sorted.sort_by(f64::total_cmp);
            sorted[scores.len() / 2]
        };
        let profile = |model: usize| {
            let (expected, slope) = (share * scores[model], self.slopes[model]);
            let least = (2.0 * self.errors[model]?).max(FAR * expected.abs());
            match slope - expected {
                _ if scores[model] < middle => None,
                less if less > least => Some(Profile::RobustGeneralist),
                more if -more > least => Some(Profile::AggressiveSpecialist),
                _ => None,
            }
        };
        (0..scores.len()).map(profile).collect()
    }
}

/// Twice the distances of the places of a grid from its middle.
fn distances(places: usize) -> impl Iterator<Item = f64> {
    (0..places).map(move |place| 2.0 * place as f64 - (places as f64 - 1.0))
}

fn sum_of_squares(places: usize) -> f64 {
    distances(places).map(|distance| distance * distance).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_to_those_who_lose_unlike_the_field() {
        // Points at 0, 1 and 2 eliminations: the field loses a fifth of its points each time.
        let scores = vec![vec![10.0, 10.0, 10.0, 2.0], vec![9.0, 8.0, 7.0, 1.6], vec![8.0, 6.0, 4.0, 1.2]];
        let sensitivity = Sensitivity::from_exact(vec![0, 1, 2], scores);
        assert_eq!(
            sensitivity.slopes.iter().map(|slope| (slope * 1e9).round() / 1e9).collect::<Vec<_>>(),
            [-1.0, -2.0, -3.0, -0.4]
        );
        let words = [Some(Profile::RobustGeneralist), None, Some(Profile::AggressiveSpecialist), None];
        assert_eq!(sensitivity.profiles(), words);
    }

    #[test]
    fn who_never_scores_has_no_profile() {
        let sensitivity = Sensitivity::from_exact(vec![0, 1], vec![vec![0.0, 0.0], vec![0.0, 0.0]]);
        assert_eq!(sensitivity.profiles(), [None, None]);
    }
}
