//! α-Rank: how much of the time each item holds a population that better items invade.

use std::cmp::Ordering;

use nalgebra::DMatrix;

use super::payoffs::{Game, PAYOFF, Payoff, PayoffError, PayoffSettings, Payoffs, SMOOTHING, UNMET};
use crate::data::graph::PreferenceGraph;
use crate::models::{
    Convergence, Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, Rater, RaterEntry, Setting, Settings,
    SettingsError, Units,
};
use crate::structure::Identification;

const NAME: &str = "alpha-rank";

pub(in crate::models) const ENTRY: RaterEntry = RaterEntry {
    name: NAME,
    summary: "α-Rank: the share of time in which an item holds a population that its betters invade; sums to 1",
    needs: Needs::Counts,
    units: Units::Probability,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[
        Setting { name: "payoff", default: "probability", summary: PAYOFF },
        SMOOTHING,
        UNMET,
        Setting {
            name: "alpha",
            default: "sweep",
            summary: "strength of selection: a number above 0, sweep (doubled until nothing moves) or infinite",
        },
        Setting { name: "population", default: "50", summary: "individuals of the population, with a finite alpha" },
        Setting { name: "epsilon", default: "0.01", summary: "chance of a worse item's invasion, with infinite alpha" },
    ],
    build: |settings| {
        let usual = AlphaRank::default();
        Ok(Box::new(AlphaRank {
            payoffs: PayoffSettings::read(settings, usual.payoffs.payoff)?,
            selection: Selection::read(settings)?,
            population: settings.number("population", usual.population, "a whole number from 2", |m: u32| m >= 2)?,
        }))
    },
};

const EPSILON: f64 = 0.01;

/// The items of a log beyond which α-Rank is refused: 500 take seconds for each α of a sweep.
pub const ALPHA_RANK_ITEM_LIMIT: usize = 500;

/// How strongly a better item is selected.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Selection {
    /// α from where selection is weak, doubled until no mass moves by more than 1e-9.
    #[default]
    Sweep,
    /// This α, relative to the payoffs.
    Finite {
        /// α.
        alpha: f64,
    },
    /// The limit in which a better item always invades, an equal one half the time, and a worse one with
    /// a small chance that keeps the ranking unique.
    Infinite {
        /// That chance.
        epsilon: f64,
    },
}

impl Selection {
    /// From `alpha` and, where that is infinite, `epsilon`.
    fn read(settings: &Settings) -> Result<Self, SettingsError> {
        let infinite = settings.get("alpha") == Some("infinite");
        if let Some(value) = settings.get("epsilon").filter(|_| !infinite) {
            let expected = "a value only with alpha=infinite".to_owned();
            return Err(SettingsError::Value { name: "epsilon".to_owned(), value: value.to_owned(), expected });
        }
        match settings.get("alpha") {
            None | Some("sweep") => Ok(Self::Sweep),
            Some(_) if infinite => {
                let within = |x: f64| x > 0.0 && x < 0.5;
                Ok(Self::Infinite {
                    epsilon: settings.number("epsilon", EPSILON, "a number between 0 and 0.5", within)?,
                })
            }
            Some(_) => {
                let positive = |x: f64| x > 0.0 && x.is_finite();
                Ok(Self::Finite {
                    alpha: settings.number("alpha", 1.0, "a number above 0, sweep or infinite", positive)?,
                })
            }
        }
    }
}

/// α-Rank of a single population. Unit: a probability; they sum to 1.
///
/// A population of one item meets a mutant of another one, any of them equally likely. With
/// `u = α (A_rs − A_sr)` mutant r takes over a population of m individuals of s with probability
/// `(1 − e⁻ᵘ) / (1 − e⁻ᵐᵘ)`, or 1/m where they are even. The rating is the stationary distribution of that
/// chain: with strong selection all of it lies on the top cycle of the majority graph.
///
/// # Source
/// Omidshafiei et al. 2019; Rowland et al. 2019 for infinite α. Equal to `OpenSpiel`'s `alpharank` where that
/// does not underflow: here all is computed in logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlphaRank {
    /// How counts become payoffs.
    pub payoffs: PayoffSettings,
    /// How strongly a better item is selected.
    pub selection: Selection,
    /// The individuals of the population, with a finite α.
    pub population: u32,
}

impl Default for AlphaRank {
    fn default() -> Self {
        Self { payoffs: PayoffSettings::of(Payoff::Probability), selection: Selection::default(), population: 50 }
    }
}

/// The stationary distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct AlphaRanking {
    /// The mass of each item.
    pub masses: Vec<f64>,
    /// The α it belongs to; none where it is infinite.
    pub alpha: Option<f64>,
    /// Iterations are those of a sweep.
    pub convergence: Convergence,
}

/// A mass that moves by no more than this at twice the α has settled.
const SETTLED: f64 = 1e-9;
const MAX_DOUBLINGS: u32 = 60;

/// The stationary distribution of α-Rank on a game. O(items³), times the doublings of a sweep, some fifteen.
///
/// # Errors
/// If α or ε is out of range, or the population has fewer than two individuals.
pub fn alpha_rank(payoffs: &Payoffs, selection: Selection, population: u32) -> Result<AlphaRanking, PayoffError> {
    let refused = |name, value: f64, expected| PayoffError::OutOfRange { name, value: value.to_string(), expected };
    if population < 2 {
        return Err(refused("population", f64::from(population), "2 or more"));
    }
    match selection {
        Selection::Finite { alpha } if !(alpha > 0.0 && alpha.is_finite()) => {
            Err(refused("alpha", alpha, "a number above 0"))
        }
        Selection::Infinite { epsilon } if !(epsilon > 0.0 && epsilon < 0.5) => {
            Err(refused("epsilon", epsilon, "between 0 and 0.5"))
        }
        Selection::Finite { alpha } => Ok(AlphaRanking {
            masses: at(payoffs, alpha, population),
            alpha: Some(alpha),
            convergence: Convergence::CLOSED_FORM,
        }),
        Selection::Infinite { epsilon } => Ok(AlphaRanking {
            masses: stationary(rates(payoffs, |u| match u.partial_cmp(&0.0) {
                Some(Ordering::Greater) => (-epsilon).ln_1p(),
                Some(Ordering::Less) => epsilon.ln(),
                Some(Ordering::Equal) | None => 0.5_f64.ln(),
            })),
            alpha: None,
            convergence: Convergence::CLOSED_FORM,
        }),
        Selection::Sweep => Ok(sweep(payoffs, population)),
    }
}

fn at(payoffs: &Payoffs, alpha: f64, population: u32) -> Vec<f64> {
    stationary(rates(payoffs, |u| log_fixation(alpha * u, population)))
}

fn sweep(payoffs: &Payoffs, population: u32) -> AlphaRanking {
    let largest = if payoffs.is_empty() { 0.0 } else { 2.0 * payoffs.matrix.amax() };
    let weakest = 1.0 / f64::from(population);
    let mut alpha = if largest > 0.0 { weakest / largest } else { 1.0 };
    let mut masses = at(payoffs, alpha, population);
    for iterations in 1..=MAX_DOUBLINGS {
        let stronger = at(payoffs, 2.0 * alpha, population);
        let moved = masses.iter().zip(&stronger).fold(0.0_f64, |most, (x, y)| most.max((x - y).abs()));
        alpha *= 2.0;
        masses = stronger;
        if moved <= SETTLED {
            let convergence = Convergence { converged: true, iterations, gradient_norm: None };
            return AlphaRanking { masses, alpha: Some(alpha), convergence };
        }
    }
    let convergence = Convergence { converged: false, iterations: MAX_DOUBLINGS, gradient_norm: None };
    AlphaRanking { masses, alpha: Some(alpha), convergence }
}

/// The logarithm of the probability that one mutant takes over a population, `selection` being α times what
/// it gets of the others less what they get of it.
pub fn log_fixation(selection: f64, population: u32) -> f64 {
    let m = f64::from(population);
    let log_of_rest = |x: f64| (-(-x).exp_m1()).ln();
    let (u, v) = (selection, -selection);
    if u > 0.0 {
        log_of_rest(u) - log_of_rest(m * u)
    } else if u < 0.0 {
        // (e^v − 1) / (e^mv − 1) without overflow.
        v - m * v + log_of_rest(v) - log_of_rest(m * v)
    } else {
        -m.ln()
    }
}

/// Logarithms of the chain's rates, from row to column, up to a common factor: the mutant is the column.
fn rates(payoffs: &Payoffs, log_rate: impl Fn(f64) -> f64) -> DMatrix<f64> {
    DMatrix::from_fn(payoffs.len(), payoffs.len(), |resident, mutant| {
        log_rate(payoffs.get(mutant, resident) - payoffs.get(resident, mutant))
    })
}

/// The stationary distribution of a chain with these logarithms of rates, by elimination without
/// subtractions, so that each mass is as good as the rates however small it is. O(n³).
///
/// # Source
/// Grassmann, Taksar and Heyman 1985.
fn stationary(mut logs: DMatrix<f64>) -> Vec<f64> {
    let n = logs.nrows();
    for k in (1..n).rev() {
        let out = log_sum((0..k).map(|j| logs[(k, j)]));
        for i in 0..k {
            logs[(i, k)] -= out;
        }
        for j in 0..k {
            let back = logs[(k, j)];
            for i in 0..k {
                logs[(i, j)] = log_add(logs[(i, j)], logs[(i, k)] + back);
            }
        }
    }
    let mut masses: Vec<f64> = Vec::with_capacity(n);
    for k in 0..n {
        masses.push(if k == 0 { 0.0 } else { log_sum((0..k).map(|i| masses[i] + logs[(i, k)])) });
    }
    let total = log_sum(masses.iter().copied());
    masses.iter().map(|mass| (mass - total).exp()).collect()
}

fn log_sum(logs: impl Iterator<Item = f64>) -> f64 {
    logs.fold(f64::NEG_INFINITY, log_add)
}

/// ln(eˣ + eʸ); of terms that are too far apart the larger.
fn log_add(x: f64, y: f64) -> f64 {
    let (high, low) = if x > y { (x, y) } else { (y, x) };
    if low - high > -37.0 { high + (low - high).exp().ln_1p() } else { high }
}

/// A ranking of the items of a log.
#[derive(Debug, Clone)]
pub struct AlphaRankFit {
    /// The game: payoffs among the items that play.
    pub game: Game,
    /// Its stationary distribution, in the order of [`Game::players`].
    pub ranking: AlphaRanking,
    ratings: Vec<f64>,
    identification: Identification,
    notes: Vec<Note>,
}

impl AlphaRank {
    /// The fit with its stationary distribution; up to [`ALPHA_RANK_ITEM_LIMIT`] items. Costs as of [`alpha_rank`].
    ///
    /// # Errors
    /// If there are more items than that, logits without smoothing were asked for and a pair has none, or
    /// the settings are out of the range of [`alpha_rank`].
    pub fn solve(&self, graph: &PreferenceGraph) -> Result<AlphaRankFit, FitError> {
        let game = Game::of(graph, self.payoffs, NAME, ALPHA_RANK_ITEM_LIMIT)?;
        let ranking = alpha_rank(&game.payoffs, self.selection, self.population)?;
        let identification = Identification::by_connection(graph);
        let mut notes = identification.notes(graph);
        notes.extend(game.notes(self.payoffs));
        let ratings = game.spread(&ranking.masses, graph.items().len(), 0.0);
        Ok(AlphaRankFit { game, ranking, ratings, identification, notes })
    }
}

impl Rater for AlphaRank {
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        Ok(Box::new(self.solve(evidence.graph)?))
    }
}

impl Fitted for AlphaRankFit {
    fn ratings(&self) -> &[f64] {
        &self.ratings
    }

    fn convergence(&self) -> Convergence {
        self.ranking.convergence
    }

    fn identification(&self) -> &Identification {
        &self.identification
    }

    /// The α that the masses belong to.
    fn parameters(&self) -> Vec<(&'static str, Option<f64>)> {
        self.ranking.alpha.map(|alpha| ("alpha", Some(alpha))).into_iter().collect()
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn fixation_is_one_in_m_where_all_are_even_and_near_it() {
        for (selection, expected) in [(0.0, 1.0 / 50.0), (1e-12, 1.0 / 50.0), (-1e-12, 1.0 / 50.0)] {
            assert_relative_eq!(log_fixation(selection, 50).exp(), expected, max_relative = 1e-9);
        }
        let u = 0.4_f64;
        assert_relative_eq!(log_fixation(u, 50).exp(), (1.0 - (-u).exp()) / (1.0 - (-50.0 * u).exp()), epsilon = 1e-15);
        assert_relative_eq!(log_fixation(-u, 50).exp(), u.exp_m1() / (50.0 * u).exp_m1(), max_relative = 1e-12);
        assert_relative_eq!(log_fixation(-40.0, 50), -49.0 * 40.0, epsilon = 1e-9);
    }

    #[test]
    fn masses_below_the_smallest_number_are_no_trouble() {
        // 0 beats 1 and both beat 2 by so much that rates back underflow by hundreds of orders.
        let rows = [vec![0.0, 9.0, 9.0], vec![-9.0, 0.0, 9.0], vec![-9.0, -9.0, 0.0]];
        let found = alpha_rank(&Payoffs::from_scores(&rows).unwrap(), Selection::Finite { alpha: 5.0 }, 50).unwrap();
        assert_eq!(found.masses, [1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_sweep_ends_on_the_top_cycle() {
        let rows = [
            vec![0.0, 0.2, -0.1, 0.3],
            vec![-0.2, 0.0, 0.1, 0.3],
            vec![0.1, -0.1, 0.0, 0.05],
            vec![-0.3, -0.3, -0.05, 0.0],
        ];
        let game = Payoffs::from_scores(&rows).unwrap();
        let swept = alpha_rank(&game, Selection::Sweep, 50).unwrap();
        assert!(swept.convergence.converged);
        for mass in &swept.masses[..3] {
            assert_relative_eq!(*mass, 1.0 / 3.0, epsilon = 1e-8);
        }
        assert!(swept.masses[3] < 1e-8);
        assert!(alpha_rank(&game, Selection::Finite { alpha: f64::NAN }, 50).is_err());
        assert!(alpha_rank(&game, Selection::Infinite { epsilon: 0.0 }, 50).is_err());
        assert!(alpha_rank(&game, Selection::Sweep, 1).is_err());
    }
}
