//! Samplers after the best item: upper confidence bounds and double Thompson sampling.

use rand::Rng;
use rand_distr::{Beta, Distribution};

use super::tasks::{self, TASKS};
use super::{Chooses, Counts, PairRule, Sampler, SamplerEntry, largest};
use crate::settings::{Setting, Settings, SettingsError};

pub(super) const UCB: SamplerEntry = SamplerEntry {
    name: "ucb",
    summary: "the two items whose mean share has the highest upper confidence bounds",
    chooses: Chooses::Pairs,
    settings: &[
        TASKS,
        Setting { name: "exploration", default: "2", summary: "c in the bound: mean share + √(c ln t / n)" },
    ],
    holds_belief: false,
    build: |settings| {
        let rule = Ucb { exploration: positive(settings, "exploration", 2.0)?, ..Ucb::default() };
        Ok(Sampler::new(Box::new(rule), tasks::of(settings, "uniform")?))
    },
};

pub(super) const DOUBLE_THOMPSON: SamplerEntry = SamplerEntry {
    name: "double-thompson",
    summary: "double Thompson sampling for dueling bandits: the likely best item against its most uncertain rival",
    chooses: Chooses::Pairs,
    settings: &[
        TASKS,
        Setting { name: "alpha", default: "0.51", summary: "α in the bounds: share ± √(α ln t / n), above 0.5" },
    ],
    holds_belief: false,
    build: |settings| {
        let rule = DoubleThompson { alpha: positive(settings, "alpha", 0.51)?, rows: Vec::new(), wins: Vec::new() };
        Ok(Sampler::new(Box::new(rule), tasks::of(settings, "uniform")?))
    },
};

fn positive(settings: &Settings, name: &str, default: f64) -> Result<f64, SettingsError> {
    settings.number(name, default, "a number above 0", |x: f64| x.is_finite() && x > 0.0)
}

/// The open pair with the largest sum of both items' bounds, times its worth: of open pairs all alike the two
/// items with the highest.
///
/// # Source
/// UCB1 of Auer, Cesa-Bianchi and Fischer 2002, an item's reward being its share. How `BasicUCB` of arXiv
/// 2601.07651 makes a pair of it is not told in what we could read: that it is the upper two is our choice.
#[derive(Debug, Default)]
struct Ucb {
    exploration: f64,
    /// One an item: its bound, and its results.
    bounds: Vec<f64>,
    played: Vec<f64>,
}

impl PairRule for Ucb {
    fn pair(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<usize> {
        let spread = self.exploration * counts.total().max(1.0).ln();
        for column in [&mut self.bounds, &mut self.played] {
            column.clear();
            column.resize(counts.items(), 0.0);
        }
        for pair in 0..counts.pairs() {
            let [i, j] = counts.ends(pair);
            self.bounds[i] += counts.low_points(pair);
            self.bounds[j] += counts.high_points(pair);
            self.played[i] += counts.played(pair);
            self.played[j] += counts.played(pair);
        }
        for (item, bound) in self.bounds.iter_mut().enumerate() {
            let mean = if self.played[item] > 0.0 { *bound / self.played[item] } else { 0.5 };
            let n = counts.of_item(item);
            *bound = if n > 0.0 { mean + (spread / n).sqrt() } else { NEVER_COMPARED };
        }
        let bounds = &self.bounds;
        let sum = |pair: usize| {
            let (worth, [i, j]) = (counts.worth(pair), counts.ends(pair));
            if worth > 0.0 { worth * (bounds[i] + bounds[j]) } else { f64::NAN }
        };
        largest((0..counts.pairs()).map(sum), rng)
    }
}

/// Above the bound of any item that was compared.
const NEVER_COMPARED: f64 = 1e9;

/// Two draws from the posterior (a Beta law a pair): the first chooses among items that could still be a
/// Copeland winner, the second its opponent among those it does not clearly beat.
///
/// # Source
/// Wu and Liu 2016, "Double Thompson Sampling for Dueling Bandits" (NIPS), without its second tie rule. An item
/// never meets itself here: where that would be the choice, the comparison is with the best of the others.
#[derive(Debug)]
struct DoubleThompson {
    alpha: f64,
    /// Shares drawn of each item against each.
    rows: Vec<f64>,
    /// One an item: how many it beats.
    wins: Vec<f64>,
}

/// Results of item `i` against item `j`.
struct Duel {
    won: f64,
    lost: f64,
    bound: f64,
}

impl DoubleThompson {
    fn duel(&self, counts: &Counts, i: usize, j: usize) -> Duel {
        let pair = counts.pair(i, j);
        let points = [counts.low_points(pair), counts.high_points(pair)];
        let [won, lost] = if i < j { points } else { [points[1], points[0]] };
        let n = counts.scheduled(pair);
        let bound = if n > 0.0 { (self.alpha * counts.total().max(1.0).ln() / n).sqrt() } else { f64::INFINITY };
        Duel { won, lost, bound }
    }

    /// The first item: of those that may beat most others the one that does so in a draw.
    fn first(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<usize> {
        let items = counts.items();
        self.rows.clear();
        self.rows.resize(items * items, 0.5);
        self.wins.clear();
        self.wins.resize(items, 0.0);
        // What was never compared and can't be is no reason to hope.
        let is_known = |pair: usize| counts.worth(pair) > 0.0 || counts.scheduled(pair) > 0.0;
        for pair in (0..counts.pairs()).filter(|&pair| is_known(pair)) {
            let [i, j] = counts.ends(pair);
            let duel = self.duel(counts, i, j);
            let share = duel.draw(rng);
            (self.rows[i * items + j], self.rows[j * items + i]) = (share, 1.0 - share);
            self.wins[i] += f64::from(u8::from(duel.share() + duel.bound > 0.5));
            self.wins[j] += f64::from(u8::from(1.0 - duel.share() + duel.bound > 0.5));
        }
        let most = self.wins.iter().copied().fold(0.0, f64::max);
        let beaten = |item: usize| {
            let is_open = (0..items).any(|other| other != item && counts.worth(counts.pair(item, other)) > 0.0);
            if self.wins[item] < most || !is_open {
                return f64::NAN;
            }
            self.rows[item * items..][..items].iter().filter(|&&share| share > 0.5).count() as f64
        };
        let found = largest((0..items).map(beaten), rng);
        // All candidates may be closed to comparisons: then anyone who is not.
        found.or_else(|| (0..counts.pairs()).find(|&pair| counts.worth(pair) > 0.0).map(|pair| counts.ends(pair)[0]))
    }
}

impl Duel {
    /// The share of what was played; one half where nothing was, or 0/0 is taken as 1 as in the source.
    fn share(&self) -> f64 {
        let n = self.won + self.lost;
        if n > 0.0 { self.won / n } else { 0.5 }
    }

    /// A draw from its Beta posterior.
    fn draw(&self, rng: &mut dyn Rng) -> f64 {
        Beta::new(self.won + 1.0, self.lost + 1.0).map_or(0.5, |beta| beta.sample(rng))
    }
}

impl PairRule for DoubleThompson {
    fn pair(&mut self, counts: &Counts, rng: &mut dyn Rng) -> Option<usize> {
        let first = self.first(counts, rng)?;
        self.wins.clear();
        for other in 0..counts.items() {
            let drawn = if other == first || counts.worth(counts.pair(first, other)) <= 0.0 {
                f64::NAN
            } else {
                let duel = self.duel(counts, other, first);
                let is_uncertain = duel.share() - duel.bound <= 0.5;
                // Clear winners over the first come last, but are there.
                if is_uncertain { duel.draw(rng) + 1.0 } else { duel.draw(rng) }
            };
            self.wins.push(drawn);
        }
        let other = largest(self.wins.iter().copied(), rng)?;
        Some(counts.pair(first, other))
    }
}
