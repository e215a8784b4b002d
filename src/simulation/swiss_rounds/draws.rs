//! Random numbers for the hot loop: whole numbers below a bound from 16 random bits each.

#![expect(clippy::inline_always, reason = "a call for each draw would cost as much as the draw")]

use rand::Rng;

use crate::random::SimRng;

/// As many 16-bit words as the generator makes in one go.
const WORDS: usize = 128;

/// The random numbers of one tournament.
#[derive(Debug)]
pub(super) struct Draws {
    rng: SimRng,
    words: [u16; WORDS],
    next: usize,
}

impl Draws {
    pub(super) fn new(rng: SimRng) -> Self {
        Self { rng, words: [0; WORDS], next: WORDS }
    }

    #[inline(always)]
    fn word(&mut self) -> u32 {
        if self.next >= WORDS {
            self.refill();
        }
        let word = self.words[self.next];
        self.next += 1;
        u32::from(word)
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        let mut bytes = [0; 2 * WORDS];
        self.rng.fill_bytes(&mut bytes);
        for (word, bytes) in self.words.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *word = u16::from_le_bytes(*bytes);
        }
        self.next = 0;
    }

    /// A whole number below `bound`, each with exactly the same probability (Lemire 2019, "Fast
    /// random integer generation in an interval", algorithm 5, with words of 16 bits). `bound` is
    /// from 1 to 65,535.
    #[inline(always)]
    pub(super) fn below(&mut self, bound: u32) -> usize {
        const LOW: u32 = 0xFFFF;
        let mut product = self.word() * bound;
        if product & LOW < bound {
            let surplus = (LOW + 1 - bound) % bound;
            while product & LOW < surplus {
                product = self.word() * bound;
            }
        }
        (product >> 16) as usize
    }

    /// True with this probability, to the 64th bit; more bits are drawn only while they matter.
    #[inline]
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        const WHOLE: f64 = 18_446_744_073_709_551_616.0;
        if probability >= 1.0 {
            return true;
        }
        let threshold = (probability * WHOLE) as u64;
        for shift in [48, 32, 16, 0] {
            let digit = (threshold >> shift) as u32 & 0xFFFF;
            let word = self.word();
            if word != digit {
                return word < digit;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn numbers_below_a_bound_are_equally_likely() {
        let mut draws = Draws::new(stream(1, Purpose::SwissTrials, 0));
        for bound in [1, 2, 3, 7, 30, 1000] {
            let each = 2_000;
            let mut counts = vec![0_u32; bound as usize];
            for _ in 0..each * bound {
                counts[draws.below(bound)] += 1;
            }
            let chi2: f64 = counts.iter().map(|&n| (f64::from(n) - f64::from(each)).powi(2) / f64::from(each)).sum();
            let freedom = f64::from(bound - 1);
            assert!(chi2 <= freedom + 5.0 * (2.0 * freedom).sqrt(), "{bound}: {chi2}");
        }
    }

    #[test]
    fn large_bounds_reject_what_would_favour_some() {
        // Without rejection every second number below 40,000 would come twice as often or not.
        let mut draws = Draws::new(stream(2, Purpose::SwissTrials, 0));
        let even = (0..100_000).filter(|_| draws.below(40_001).is_multiple_of(2)).count();
        assert!((even as f64 - 50_000.0).abs() < 5.0 * 158.0, "{even}");
    }

    #[test]
    fn chances_are_met() {
        let mut draws = Draws::new(stream(3, Purpose::SwissTrials, 0));
        assert!((0..1_000).all(|_| draws.chance(1.0) && !draws.chance(0.0)));
        for p in [0.5, 0.1, 1.0 / 65_536.0 + 0.25] {
            let hits = (0..100_000).filter(|_| draws.chance(p)).count() as f64;
            assert!((hits - 1e5 * p).abs() < 5.0 * (1e5 * p * (1.0 - p)).sqrt(), "{p}: {hits}");
        }
    }
}
