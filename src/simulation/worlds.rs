//! Worlds: how likely each outcome of a pair is, given what is true of its items.

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::settings::{GenerateError, GenerateSettings};
use crate::random::{Purpose, SimRng, stream};

/// The law that the outcomes of a synthetic log follow.
///
/// Strengths `r` are normal log-odds with mean 0; `sigma` is the logistic function and
/// `s_ij = r_i - r_j` unless the world says otherwise. Ties are rare or frequent as
/// [`GenerateSettings::ties`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum World {
    /// `i` wins a comparison that isn't tied with probability `sigma(s_ij)`; a tie is as likely for
    /// every pair. Source: Bradley and Terry, *Biometrika* 39 (1952), 324-345.
    #[default]
    BradleyTerry,
    /// As Bradley-Terry with one rock-paper-scissors block: `s_ij = r_i - r_j + (a_i b_j - b_i a_j)`,
    /// where `a` and `b` are standard normal and centred, so that `r` is still the mean of `s` over
    /// opponents. At spread 1 the cyclic part varies as much as `r_i - r_j`; at spread 0 nothing but
    /// cycles is left. The point `(a_i, b_i)` beats those within half a turn counter-clockwise of it.
    /// Source: Zhang et al., arXiv 2410.02197, definition 4.3 (one block, sign of their code).
    Cyclic,
    /// `i` wins with probability `sigma(s_ij - eta)`, loses with `sigma(-s_ij - eta)` and ties
    /// otherwise, so that close pairs tie more often than uneven ones.
    /// Source: Rao and Kupper, *JASA* 62 (1967), 194-204, with `eta = ln theta`.
    RaoKupper,
}

impl World {
    /// Every world, in the order in which help lists them.
    pub const ALL: [Self; 3] = [Self::BradleyTerry, Self::Cyclic, Self::RaoKupper];

    /// The name that [`FromStr`] takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::BradleyTerry => "bradley-terry",
            Self::Cyclic => "cyclic",
            Self::RaoKupper => "rao-kupper",
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for World {
    type Err = GenerateError;

    fn from_str(name: &str) -> Result<Self, GenerateError> {
        let found = Self::ALL.into_iter().find(|world| world.name() == name);
        found.ok_or_else(|| GenerateError::UnknownWorld(name.to_owned()))
    }
}

// Blocks of rows count up from 0; what is true of items, tasks and judges has the last block numbers,
// so that asking for tasks, or for more rows, changes no strength.
const STRENGTHS: u64 = (1 << 48) - 1;
const CYCLE: u64 = (1 << 48) - 2;
pub(super) const TASK_EFFECTS: u64 = (1 << 48) - 3;
pub(super) const JUDGE_EFFECTS: u64 = (1 << 48) - 4;

/// What is true of the items: everything that decides an outcome but the task, the judge and the side.
#[derive(Debug, Clone)]
pub(super) struct Truth {
    /// One log-odds strength an item, mean 0.
    pub(super) strengths: Vec<f64>,
    /// One point `[a, b]` an item, mean 0; empty in a world without cycles.
    cycle: Vec<[f64; 2]>,
    ties: Ties,
}

#[derive(Debug, Clone, Copy)]
enum Ties {
    /// Every comparison ties with this probability.
    Constant(f64),
    /// A comparison ties where neither side is ahead by this threshold (Rao-Kupper's eta, log-odds).
    Threshold(f64),
}

/// The chances of one comparison; the right item has what is left of 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chances {
    pub(super) left: f64,
    pub(super) tie: f64,
}

impl Truth {
    /// Draws the truth of valid settings. O(items).
    pub(super) fn draw(settings: &GenerateSettings) -> Self {
        let mut rng = stream(settings.seed, Purpose::Generate, STRENGTHS);
        let strengths = centred_normals(settings.items, settings.spread, &mut rng);
        let cycle = match settings.world {
            World::Cyclic => draw_cycle(settings),
            World::BradleyTerry | World::RaoKupper => Vec::new(),
        };
        let ties = match settings.world {
            World::BradleyTerry | World::Cyclic => Ties::Constant(settings.ties),
            // Equal items tie with 1 - 2 sigma(-eta) = tanh(eta / 2), which is solved for eta.
            World::RaoKupper => Ties::Threshold(2.0 * settings.ties.atanh()),
        };
        Self { strengths, cycle, ties }
    }

    /// `s_ij`: how far item `i` is ahead of item `j`, in log-odds.
    #[inline]
    pub(super) fn log_odds(&self, i: usize, j: usize) -> f64 {
        let ahead = self.strengths[i] - self.strengths[j];
        if self.cycle.is_empty() {
            return ahead;
        }
        let ([a_i, b_i], [a_j, b_j]) = (self.cycle[i], self.cycle[j]);
        ahead + (a_i * b_j - b_i * a_j)
    }

    /// The chances of a comparison whose left item is ahead by `s` log-odds.
    #[inline]
    pub(super) fn chances(&self, s: f64) -> Chances {
        match self.ties {
            Ties::Constant(tie) => Chances { left: (1.0 - tie) * logistic(s), tie },
            Ties::Threshold(eta) => {
                let (left, right) = (logistic(s - eta), logistic(-s - eta));
                Chances { left, tie: 1.0 - left - right }
            }
        }
    }
}

impl Chances {
    /// The expected share of the left item, a tie counting one half.
    pub(super) fn share(self) -> f64 {
        self.left + 0.5 * self.tie
    }
}

/// One standard normal point an item, the points' mean moved to the origin.
fn draw_cycle(settings: &GenerateSettings) -> Vec<[f64; 2]> {
    let mut rng = stream(settings.seed, Purpose::Generate, CYCLE);
    let a = centred_normals(settings.items, 1.0, &mut rng);
    let b = centred_normals(settings.items, 1.0, &mut rng);
    a.into_iter().zip(b).map(|(a, b)| [a, b]).collect()
}

fn centred_normals(count: usize, deviation: f64, rng: &mut SimRng) -> Vec<f64> {
    let values = normals(count, deviation, rng);
    let mean = values.iter().sum::<f64>() / count as f64;
    values.into_iter().map(|value| value - mean).collect()
}

/// Normal draws with mean 0 and the given standard deviation.
pub(super) fn normals(count: usize, deviation: f64, rng: &mut impl Rng) -> Vec<f64> {
    let draws = (0..count).map(|_| -> f64 { StandardNormal.sample(rng) });
    draws.map(|draw| deviation * draw).collect()
}

#[inline]
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    fn truth(world: World, ties: f64) -> Truth {
        Truth::draw(&GenerateSettings { world, ties, items: 7, seed: 3, ..Default::default() })
    }

    #[test]
    fn a_world_is_read_from_its_own_name() {
        for world in World::ALL {
            assert_eq!(world.to_string().parse::<World>().ok(), Some(world));
        }
        let message = "elo".parse::<World>().unwrap_err().to_string();
        assert_eq!(message, "there is no world `elo`: choose one of bradley-terry, cyclic, rao-kupper");
    }

    #[test]
    fn strengths_are_the_mean_log_odds_against_all_items_in_every_world() {
        for world in World::ALL {
            let truth = truth(world, 0.2);
            for i in 0..7 {
                let mean = (0..7).map(|j| truth.log_odds(i, j)).sum::<f64>() / 7.0;
                assert_abs_diff_eq!(mean, truth.strengths[i], epsilon = 1e-14);
            }
        }
    }

    #[test]
    fn log_odds_change_sign_with_the_sides() {
        let truth = truth(World::Cyclic, 0.0);
        assert!(truth.log_odds(1, 4).abs() > 0.0);
        assert_abs_diff_eq!(truth.log_odds(1, 4), -truth.log_odds(4, 1), epsilon = 1e-15);
    }

    #[test]
    fn a_point_beats_what_lies_counter_clockwise_of_it() {
        let third = std::f64::consts::TAU / 3.0;
        let cycle = (0..3).map(|k| [(third * f64::from(k)).cos(), (third * f64::from(k)).sin()]).collect();
        let truth = Truth { strengths: vec![0.0; 3], cycle, ties: Ties::Constant(0.0) };
        for i in 0..3 {
            assert_abs_diff_eq!(truth.log_odds(i, (i + 1) % 3), third.sin(), epsilon = 1e-14);
        }
    }

    #[test]
    fn equal_items_tie_as_often_as_asked() {
        for world in World::ALL {
            for ties in [0.0, 0.2, 0.75, 0.999] {
                let chances = truth(world, ties).chances(0.0);
                assert_abs_diff_eq!(chances.tie, ties, epsilon = 1e-14);
                assert_abs_diff_eq!(chances.share(), 0.5, epsilon = 1e-14);
            }
        }
    }

    #[test]
    fn uneven_items_tie_less_in_rao_kuppers_world_only() {
        assert_abs_diff_eq!(truth(World::BradleyTerry, 0.3).chances(2.0).tie, 0.3);
        // P(tie) = (e^(2 eta) - 1) P(win) P(loss), the paper's own form.
        let chances = truth(World::RaoKupper, 0.3).chances(2.0);
        let eta = (1.3_f64 / 0.7).ln();
        let loss = logistic(-2.0 - eta);
        assert_abs_diff_eq!(chances.tie, ((2.0 * eta).exp() - 1.0) * chances.left * loss, epsilon = 1e-14);
        assert!(chances.tie < 0.3);
    }
}
