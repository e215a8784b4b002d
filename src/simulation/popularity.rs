//! Popularity: which pairs of items a synthetic log compares, and how often.

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use rand_distr::Distribution;
use rand_distr::weighted::WeightedAliasIndex;

use super::settings::GenerateError;

/// How often items are compared. Popularity says nothing of strength: both are drawn apart.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Popularity {
    /// Every pair is equally likely.
    #[default]
    Uniform,
    /// Item `k`, counted from 0, has the weight `(k + 1)^-exponent`; the exponent is at least 0 and at
    /// most 4. Arenas' logs have exponents of about 1.
    Zipf(f64),
}

impl Popularity {
    const DEFAULT_EXPONENT: f64 = 1.0;
    /// Steeper weights leave so little to the other items that drawing a second one takes long.
    const MAX_EXPONENT: f64 = 4.0;

    pub(super) fn validate(self) -> Result<(), GenerateError> {
        match self {
            Self::Zipf(exponent) if !(0.0..=Self::MAX_EXPONENT).contains(&exponent) => {
                Err(GenerateError::Exponent(exponent))
            }
            Self::Zipf(_) | Self::Uniform => Ok(()),
        }
    }

    fn weight(self, item: usize) -> f64 {
        match self {
            Self::Uniform => 1.0,
            Self::Zipf(exponent) => ((item + 1) as f64).powf(-exponent),
        }
    }
}

impl fmt::Display for Popularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => f.write_str("uniform"),
            Self::Zipf(exponent) => write!(f, "zipf:{exponent}"),
        }
    }
}

impl FromStr for Popularity {
    type Err = GenerateError;

    /// Reads `uniform`, `zipf` (exponent 1) or `zipf:EXPONENT`.
    fn from_str(text: &str) -> Result<Self, GenerateError> {
        let unknown = || GenerateError::UnknownPopularity(text.to_owned());
        let popularity = match text.split_once(':') {
            None if text == "uniform" => Self::Uniform,
            None if text == "zipf" => Self::Zipf(Self::DEFAULT_EXPONENT),
            Some(("zipf", exponent)) => Self::Zipf(exponent.parse().map_err(|_| unknown())?),
            _ => return Err(unknown()),
        };
        popularity.validate()?;
        Ok(popularity)
    }
}

/// Draws pairs of distinct items: the first by popularity, the second by popularity among the others.
#[derive(Debug, Clone)]
pub(super) struct PairSampler {
    items: WeightedAliasIndex<f64>,
}

impl PairSampler {
    /// The sampler over `items` items, at least two, for a valid popularity. O(items).
    pub(super) fn new(items: usize, popularity: Popularity) -> Self {
        let weights = (0..items).map(|item| popularity.weight(item)).collect();
        let items = WeightedAliasIndex::new(weights).expect("weights are positive, finite and at most 1");
        Self { items }
    }

    /// Two distinct items, the one drawn first in front. O(1) expected: a second item equal to the
    /// first is drawn again, about 13 times at the steepest popularity.
    #[inline]
    pub(super) fn draw(&self, rng: &mut impl Rng) -> [usize; 2] {
        let first = self.items.sample(rng);
        loop {
            let second = self.items.sample(rng);
            if second != first {
                return [first, second];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn a_popularity_is_read_from_its_own_words() {
        assert_eq!("zipf".parse::<Popularity>().ok(), Some(Popularity::Zipf(1.0)));
        for popularity in [Popularity::Uniform, Popularity::Zipf(1.2)] {
            assert_eq!(popularity.to_string().parse::<Popularity>().ok(), Some(popularity));
        }
        for text in ["pareto", "zipf:", "zipf:steep", "uniform:1"] {
            let message = text.parse::<Popularity>().unwrap_err().to_string();
            assert!(message.contains(text) && message.contains("zipf:1.2"), "{message}");
        }
        for text in ["zipf:nan", "zipf:-1", "zipf:4.1"] {
            let message = text.parse::<Popularity>().unwrap_err().to_string();
            assert!(message.contains("from 0 to 4"), "{message}");
        }
    }

    /// Over 3 items with weights 1, 1/2 and 1/3 the first item is drawn by weight, and the ordered pair
    /// (i, j) has probability `w_i w_j / (1 - w_i)` with weights that sum to 1.
    #[test]
    fn ordered_pairs_have_the_probabilities_of_draws_without_replacement() {
        let draws = 200_000;
        let sampler = PairSampler::new(3, Popularity::Zipf(1.0));
        let mut rng = stream(5, Purpose::Generate, 0);
        let mut counts = [[0.0; 3]; 3];
        for _ in 0..draws {
            let [first, second] = sampler.draw(&mut rng);
            counts[first][second] += 1.0;
        }
        let weights = [6.0 / 11.0, 3.0 / 11.0, 2.0 / 11.0];
        for (i, row) in counts.iter().enumerate() {
            for (j, &count) in row.iter().enumerate() {
                let p = if i == j { 0.0 } else { weights[i] * weights[j] / (1.0 - weights[i]) };
                let expected = p * f64::from(draws);
                assert!((count - expected).abs() <= 4.0 * (expected * (1.0 - p)).sqrt(), "{i} {j}: {count}");
            }
        }
    }

    #[test]
    fn two_items_at_the_steepest_popularity_are_still_two() {
        let sampler = PairSampler::new(2, Popularity::Zipf(4.0));
        let mut rng = stream(5, Purpose::Generate, 0);
        assert!((0..1_000).all(|_| matches!(sampler.draw(&mut rng), [0, 1] | [1, 0])));
    }
}
