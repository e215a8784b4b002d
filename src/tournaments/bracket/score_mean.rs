//! The mean of scores, so exact that equal evidence is seen to be equal.

/// A mean that doesn't depend on the order of its scores, and is the score itself where all are the
/// same: the sum keeps what rounding would lose (Knuth's two-sum), and so does the division.
///
/// A plain sum would not do: three times 0.1 makes more than three tenths, so that of two items that a
/// judge never told apart the one with more matches would be the better.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ScoreMean {
    high: f64,
    low: f64,
    count: u32,
}

impl ScoreMean {
    /// Adds a score.
    pub(crate) fn add(&mut self, score: f64) {
        let high = self.high + score;
        let added = high - self.high;
        self.low += (self.high - (high - added)) + (score - added);
        self.high = high;
        self.count += 1;
    }

    /// The mean as a single score.
    pub(crate) fn as_one_score(self) -> Self {
        self.value().map_or(self, |mean| Self { high: mean, low: 0.0, count: 1 })
    }

    /// The mean, or `None` without scores.
    pub(crate) fn value(self) -> Option<f64> {
        match self.count {
            0 => None,
            1 => Some(self.high),
            count => {
                let count = f64::from(count);
                let mean = self.high / count;
                Some(mean + (mean.mul_add(-count, self.high) + self.low) / count)
            }
        }
    }
}

/// A whole number that is less for higher scores, in their total order: what sorts compare fastest.
pub(crate) fn descending_key(score: f64) -> u64 {
    let bits = score.to_bits();
    if bits >> 63 == 0 { !bits & (u64::MAX >> 1) } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_descend_as_scores_ascend() {
        let scores = [f64::NEG_INFINITY, -2.5, -1e-300, -0.0, 0.0, 1e-300, 2.5, f64::INFINITY, f64::NAN];
        assert!(scores.is_sorted_by(|a, b| a.total_cmp(b).is_lt() && descending_key(*a) > descending_key(*b)));
    }

    fn mean(scores: impl IntoIterator<Item = f64>) -> f64 {
        let mut mean = ScoreMean::default();
        scores.into_iter().for_each(|score| mean.add(score));
        mean.value().expect("scores")
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the mean is exact")]
    fn the_mean_of_one_score_many_times_is_that_score() {
        for tenths in 1..=200 {
            let score = f64::from(tenths) / 10.0;
            for times in 1..=40 {
                assert_eq!(mean(std::iter::repeat_n(score, times)), score, "{times} times {score}");
            }
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the mean is exact")]
    fn the_mean_does_not_depend_on_the_order() {
        let scores = [0.1, 14.2, 6.3, 9.9, 0.7, 3.3, 12.2];
        let (there, back) = (mean(scores), mean(scores.into_iter().rev()));
        assert_eq!(there, back);
        assert_eq!(mean([0.3, 0.1, 0.2]), mean([0.1, 0.2, 0.3]));
    }

    #[test]
    fn there_is_no_mean_without_scores() {
        assert_eq!(ScoreMean::default().value(), None);
    }
}
