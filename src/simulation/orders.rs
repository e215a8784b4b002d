//! Random orders of items: what tasks or voters think of them, in simulated evaluations.

use rand::RngExt;

use crate::metrics::kendall_distance;
use crate::random::{Purpose, stream};

/// Orders around that of the items' numbers, with the probability `φ^d / Z` at Kendall's distance d from
/// it.
///
/// # Source
/// Mallows 1957; drawn by repeated insertion (Doignon, Pekeč and Regenwetter 2004).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mallows {
    /// The number of items.
    pub items: usize,
    /// The dispersion φ, from 0 (one order) to 1 (all alike).
    pub dispersion: f64,
}

impl Mallows {
    fn power(&self, exponent: usize) -> f64 {
        self.dispersion.powf(exponent as f64)
    }

    /// The normaliser Z: the product of 1 + φ + … + φ^(i−1) for i from 1 to the number of items.
    pub fn normaliser(&self) -> f64 {
        (1..=self.items).map(|i| (0..i).map(|power| self.power(power)).sum::<f64>()).product()
    }

    /// The probability of an order, from the top down.
    ///
    /// # Panics
    /// If it is not one of all items.
    pub fn probability(&self, order: &[usize]) -> f64 {
        let centre: Vec<usize> = (0..self.items).collect();
        self.power(kendall_distance(order, &centre)) / self.normaliser()
    }

    /// The mean of Kendall's distance to the centre: that of each insertion.
    pub fn expected_distance(&self) -> f64 {
        let of_insertion = |i: usize| {
            let weights = (0..i).map(|moved| self.power(moved));
            let (mean, all) = weights
                .enumerate()
                .fold((0.0, 0.0), |(mean, all), (moved, weight)| (mean + moved as f64 * weight, all + weight));
            mean / all
        };
        (1..=self.items).map(of_insertion).sum()
    }

    /// Order number `trial` of a seed, from the top down. O(n²).
    pub fn draw(&self, seed: u64, trial: u64) -> Vec<usize> {
        let mut rng = stream(seed, Purpose::TaskOrders, trial);
        let mut order = Vec::with_capacity(self.items);
        for item in 0..self.items {
            // Item i goes above `moved` of those before it with a weight of φ^moved.
            let all: f64 = (0..=item).map(|moved| self.power(moved)).sum();
            let mut left = rng.random::<f64>() * all;
            let mut moved = 0;
            while moved < item {
                left -= self.power(moved);
                if left < 0.0 {
                    break;
                }
                moved += 1;
            }
            order.insert(item - moved, item);
        }
        order
    }
}

/// Orders in which the item of each place is drawn from those left in proportion to its worth.
///
/// # Source
/// Luce 1959; Plackett 1975; drawn as the order of log worths with Gumbel noise (Yellott 1977).
#[derive(Debug, Clone, PartialEq)]
pub struct PlackettLuceOrders {
    /// One worth an item, all above 0.
    pub worths: Vec<f64>,
}

impl PlackettLuceOrders {
    /// The probability of an order, from the top down.
    ///
    /// # Panics
    /// If it has an item that there is not.
    pub fn probability(&self, order: &[usize]) -> f64 {
        let worth = |item: &usize| self.worths[*item];
        let chance = |place: usize| worth(&order[place]) / order[place..].iter().map(worth).sum::<f64>();
        (0..order.len()).map(chance).product()
    }

    /// Order number `trial` of a seed, from the top down. O(n log n).
    pub fn draw(&self, seed: u64, trial: u64) -> Vec<usize> {
        let mut rng = stream(seed, Purpose::TaskOrders, trial);
        let noisy: Vec<f64> = self
            .worths
            .iter()
            .map(|worth| worth.ln() - (-rng.random::<f64>().max(f64::MIN_POSITIVE).ln()).ln())
            .collect();
        let mut order: Vec<usize> = (0..noisy.len()).collect();
        order.sort_by(|&a, &b| noisy[b].total_cmp(&noisy[a]));
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each order of three items is drawn, against its probability.
    fn assert_frequencies(draw: impl Fn(u64) -> Vec<usize>, probability: impl Fn(&[usize]) -> f64) {
        const DRAWS: u64 = 20_000;
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let share = (0..DRAWS).filter(|&trial| draw(trial) == order).count() as f64 / DRAWS as f64;
            let expected = probability(&order);
            let error = (expected * (1.0 - expected) / DRAWS as f64).sqrt();
            assert!((share - expected).abs() < 4.0 * error, "{order:?}: {share} instead of {expected}");
        }
    }

    #[test]
    fn orders_are_drawn_with_their_probabilities() {
        let mallows = Mallows { items: 3, dispersion: 0.4 };
        assert_frequencies(|trial| mallows.draw(3, trial), |order| mallows.probability(order));
        let plackett_luce = PlackettLuceOrders { worths: vec![3.0, 1.0, 0.5] };
        assert_frequencies(|trial| plackett_luce.draw(3, trial), |order| plackett_luce.probability(order));
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "these values are exact")]
    fn without_dispersion_there_is_one_order() {
        let one = Mallows { items: 5, dispersion: 0.0 };
        assert_eq!((one.draw(1, 1), one.expected_distance()), (vec![0, 1, 2, 3, 4], 0.0));
        assert_eq!(Mallows { items: 4, dispersion: 1.0 }.expected_distance(), 3.0);
    }
}
