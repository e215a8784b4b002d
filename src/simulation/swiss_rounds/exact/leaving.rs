//! Who is eliminated after a round.

use super::standings::Standings;
use crate::simulation::swiss_rounds::rules::{Rules, Shortfall};

/// The models that leave, as far as they are not drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Leaving {
    /// These leave.
    pub(super) certain: u64,
    /// Some of these leave, each as likely as the others.
    bucket: u64,
    /// How many of them.
    drawn: u32,
}

impl Leaving {
    /// Who leaves the standings after a round that some of the active models played.
    pub(super) fn after(rules: &Rules, round: usize, standings: &Standings, played: u64) -> Self {
        let mut number = rules.eliminate[round];
        if rules.shortfall == Shortfall::KeepLast {
            number = number.min(standings.active.count_ones().saturating_sub(1));
        }
        let (mut certain, mut rest) = (0, played);
        while rest != 0 {
            let bucket = standings.lowest(rest);
            let size = bucket.count_ones();
            if size > number {
                return Self { certain, bucket, drawn: number };
            }
            certain |= bucket;
            number -= size;
            rest = if rules.shortfall == Shortfall::Cascade { rest & !bucket } else { 0 };
        }
        Self { certain, ..Self::default() }
    }

    /// The probability that a model stays.
    pub(super) fn stays(self, model: usize) -> f64 {
        if self.certain >> model & 1 == 1 {
            0.0
        } else if self.bucket >> model & 1 == 1 {
            let size = self.bucket.count_ones();
            f64::from(size - self.drawn) / f64::from(size)
        } else {
            1.0
        }
    }

    /// How many sets of models can be those that leave.
    pub(super) fn ways(self) -> usize {
        let size = u128::from(self.bucket.count_ones());
        let ways = (0..u128::from(self.drawn)).fold(1, |ways, place| ways * (size - place) / (place + 1));
        usize::try_from(ways).unwrap_or(usize::MAX)
    }

    /// Visits each of these sets.
    pub(super) fn each(self, visit: &mut impl FnMut(u64)) {
        draw(self.bucket, self.drawn, self.certain, visit);
    }
}

/// Visits the sets that `number` members of a bucket make together with those that are `taken`.
fn draw(bucket: u64, number: u32, taken: u64, visit: &mut impl FnMut(u64)) {
    if number == 0 {
        visit(taken);
    } else if bucket.count_ones() >= number {
        let first = bucket & bucket.wrapping_neg();
        draw(bucket ^ first, number - 1, taken | first, visit);
        draw(bucket ^ first, number, taken, visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::swiss_rounds::rules::Bye;

    /// Buckets of two models, three and one, of which the first model sits out.
    fn leaving(number: u32, shortfall: Shortfall) -> Leaving {
        let standings = Standings { halves: vec![0, 0, 1, 1, 1, 4], active: 0b11_1111, out: 0 };
        let rules = Rules { eliminate: vec![number], shortfall, bye: Bye::Nothing };
        Leaving::after(&rules, 0, &standings, 0b11_1110)
    }

    #[test]
    fn the_lowest_bucket_leaves_or_some_of_it() {
        let drawn = leaving(2, Shortfall::Cascade);
        assert_eq!(drawn, Leaving { certain: 0b10, bucket: 0b1_1100, drawn: 1 });
        assert_eq!((drawn.ways(), drawn.stays(0), drawn.stays(1)), (3, 1.0, 0.0));
        assert!((drawn.stays(2) - 2.0 / 3.0).abs() < 1e-15);
        let mut sets = Vec::new();
        drawn.each(&mut |set| sets.push(set));
        assert_eq!(sets, [0b110, 0b1010, 0b1_0010]);
    }

    #[test]
    fn a_shortfall_ends_where_its_rule_says() {
        assert_eq!(leaving(9, Shortfall::Stop).certain, 0b10);
        assert_eq!(leaving(9, Shortfall::Cascade).certain, 0b11_1110);
        assert_eq!(leaving(9, Shortfall::KeepLast).certain, 0b10);
        assert_eq!(leaving(9, Shortfall::Stop).ways(), 1);
    }

    #[test]
    fn the_last_model_stays_and_one_of_an_equal_rest_is_drawn() {
        let standings = Standings { halves: vec![3, 3, 3], active: 0b111, out: 0 };
        let rules = Rules { eliminate: vec![5], shortfall: Shortfall::KeepLast, bye: Bye::Nothing };
        let found = Leaving::after(&rules, 0, &standings, 0b111);
        assert_eq!(found, Leaving { certain: 0, bucket: 0b111, drawn: 2 });
    }
}
