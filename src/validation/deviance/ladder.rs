//! Decided comparisons by pair, the ladder fitted to them, and logs drawn from it.

use rand_distr::{Binomial, Distribution};

use super::LEAST_COMPARISONS_A_PAIR;
use crate::data::graph::{CellSum, PairSums, PreferenceGraph};
use crate::models::bradley_terry::{logistic, softplus};
use crate::models::{BradleyTerry, FitError, Rater, TieRule};
use crate::random::SimRng;
use crate::structure::{Connectivity, Identification, Status};

/// Makes the level of each strong component unique, and moves no deviance by more than rounding.
const ANCHOR_PENALTY: f64 = 1e-6;

/// The comparisons of a log by pair.
#[derive(Debug)]
pub(super) struct Table {
    /// Decided comparisons only, with room for either winner of each pair.
    decisive: PreferenceGraph,
    /// The same with the ties.
    full: PreferenceGraph,
    sums: PairSums,
    /// For each pair the decided comparisons that it counts as.
    sizes: Vec<u64>,
    /// For each pair what one of its comparisons weighs.
    weights: Vec<f64>,
    /// Σw²/Σw over decided comparisons: what one weighs, 1 where nothing is weighted.
    pub(super) weight_scale: f64,
    /// Whether some comparison has a weight other than one.
    pub(super) is_weighted: bool,
    /// Whether some outcome is a share, neither won nor tied.
    pub(super) has_shares: bool,
}

/// A log drawn from a ladder.
pub(super) struct Drawn {
    pub(super) decisive: PreferenceGraph,
    pub(super) full: PreferenceGraph,
}

impl Table {
    pub(super) fn new(graph: &PreferenceGraph) -> Self {
        let sums = graph.pair_sums();
        let without_ties = PairSums { ties: vec![0.0; sums.ties.len()], ..sums.clone() };
        let mut squares = vec![0.0; sums.low.len()];
        let (mut is_weighted, mut has_shares) = (false, false);
        for (cell, sum) in graph.cells().iter().zip(graph.sums()) {
            #[expect(clippy::float_cmp, reason = "a tie is exactly one half, and a weight that is none exactly one")]
            if cell.share != 0.5 {
                squares[cell.pair as usize] += sum.weight_squared;
                has_shares |= sum.weight > 0.0 && cell.share != 0.0 && cell.share != 1.0;
                is_weighted |= sum.weight != sum.count;
            }
        }
        let size = |(pair, squares): (usize, &f64)| {
            let weight = sums.low_wins[pair] + sums.high_wins[pair];
            if weight > 0.0 { (weight * weight / squares).round().max(1.0) as u64 } else { 0 }
        };
        let weight: f64 = (0..squares.len()).map(|pair| sums.low_wins[pair] + sums.high_wins[pair]).sum();
        let weight_scale = if weight > 0.0 { squares.iter().sum::<f64>() / weight } else { 1.0 };
        Self {
            weight_scale,
            decisive: PreferenceGraph::from_pair_sums(graph.items().clone(), &without_ties),
            full: PreferenceGraph::from_pair_sums(graph.items().clone(), &sums),
            sizes: squares.iter().enumerate().map(size).collect(),
            weights: graph
                .counts_a_weight()
                .into_iter()
                .map(|count| if count > 0.0 { 1.0 / count } else { 1.0 })
                .collect(),
            sums,
            is_weighted,
            has_shares,
        }
    }

    pub(super) fn decisive(&self) -> &PreferenceGraph {
        &self.decisive
    }

    pub(super) fn full(&self) -> &PreferenceGraph {
        &self.full
    }

    /// The deviance where every decided comparison was a fair coin's.
    pub(super) fn deviance_of_equals(&self) -> f64 {
        (0..self.sums.low.len()).map(|pair| of_pair(self.sums.low_wins[pair], self.sums.high_wins[pair], 0.0)).sum()
    }

    /// The decided comparisons of a tested pair: their harmonic mean, since a pair that was decided once says
    /// nothing of a ladder's fit, however often others were.
    pub(super) fn comparisons_a_pair(&self, fit: &Fit) -> Option<f64> {
        let tested = self.sizes.iter().zip(&fit.within).filter(|(size, within)| **within && **size > 0);
        let (inverse, pairs) =
            tested.fold((0.0, 0.0), |(sum, pairs), (&size, _)| (sum + 1.0 / size as f64, pairs + 1.0));
        (pairs > 0.0).then(|| pairs / inverse)
    }

    /// The low item's chance.
    pub(super) fn chance(&self, fit: &Fit, pair: usize) -> f64 {
        logistic(fit.difference(self, pair))
    }

    /// The variance of a pair's points at its chance, one comparison weighing 1; 0 of a pair that isn't tested.
    pub(super) fn variance(&self, fit: &Fit, pair: usize) -> f64 {
        let weight = self.sums.low_wins[pair] + self.sums.high_wins[pair];
        let chance = self.chance(fit, pair);
        if fit.within[pair] { weight * chance * (1.0 - chance) } else { 0.0 }
    }

    /// The decided comparisons of all tested pairs.
    pub(super) fn tested_comparisons(&self, fit: &Fit) -> f64 {
        self.sizes.iter().zip(&fit.within).filter(|(_, within)| **within).map(|(&size, _)| size as f64).sum()
    }

    /// Whether there is a loop of pairs to test, and enough comparisons of known error.
    pub(super) fn is_testable(&self, fit: &Fit) -> bool {
        let enough = self.comparisons_a_pair(fit).is_some_and(|comparisons| comparisons >= LEAST_COMPARISONS_A_PAIR);
        fit.degrees_of_freedom > 0 && enough && !self.has_shares
    }

    /// Items less the groups of them that decided comparisons connect.
    pub(super) fn ladder_dimensions(&self) -> usize {
        let components = Identification::by_strong_connection(&self.decisive).components;
        self.decisive.items().len().saturating_sub(components)
    }

    /// A log of as many comparisons of each pair, as many of them tied, with winners drawn from the
    /// ladder; pairs that it fits exactly keep theirs.
    pub(super) fn drawn(&self, fit: &Fit, rng: &mut SimRng) -> Drawn {
        let low_wins: Vec<f64> = (0..self.sizes.len())
            .map(|pair| {
                let weight = self.sums.low_wins[pair] + self.sums.high_wins[pair];
                let chance = self.chance(fit, pair);
                match Binomial::new(self.sizes[pair], chance) {
                    Ok(wins) if fit.within[pair] => wins.sample(rng) as f64 / self.sizes[pair].max(1) as f64 * weight,
                    _ => self.sums.low_wins[pair],
                }
            })
            .collect();
        let with = |graph: &PreferenceGraph| {
            let cells = graph.cells().iter().map(|cell| {
                let pair = cell.pair as usize;
                let weight = self.sums.low_wins[pair] + self.sums.high_wins[pair];
                let sum = match cell.share {
                    1.0 => low_wins[pair],
                    0.0 => weight - low_wins[pair],
                    _ => self.sums.ties[pair],
                };
                CellSum::of(sum / self.weights[pair], self.weights[pair])
            });
            graph.with_sums(cells.collect())
        };
        Drawn { decisive: with(&self.decisive), full: with(&self.full) }
    }
}

/// One ladder, fitted to the pairs inside the strong components of the graph of wins. All other pairs
/// went one way only, and the likelihood is largest where the ladder gives them no other chance.
#[derive(Debug)]
pub(super) struct Fit {
    /// Log-odds, comparable inside strong components.
    pub(super) ratings: Vec<f64>,
    pub(super) deviance: f64,
    pub(super) degrees_of_freedom: usize,
    pub(super) least_expected_count: Option<f64>,
    pub(super) converged: bool,
    /// For each pair whether it was decided inside a strong component.
    within: Vec<bool>,
}

impl Fit {
    pub(super) fn of(decisive: &PreferenceGraph, start: Option<&[f64]>) -> Result<Self, FitError> {
        let items = decisive.items().len();
        let (within, strong_components) = inside_strong_components(decisive);
        let ladder = |penalty| BradleyTerry { ties: TieRule::Half, penalty, ..BradleyTerry::default() };
        let fitted = if strong_components > 1 {
            let sums = decisive.cells().iter().zip(decisive.sums());
            let inside = sums.map(|(cell, &sum)| if within[cell.pair as usize] { sum } else { CellSum::default() });
            ladder(ANCHOR_PENALTY).fit((&decisive.with_sums(inside.collect())).into(), start)?
        } else {
            ladder(0.0).fit(decisive.into(), start)?
        };
        let mut fit = Self {
            ratings: fitted.ratings().to_vec(),
            deviance: 0.0,
            degrees_of_freedom: 0,
            least_expected_count: None,
            converged: fitted.convergence().converged,
            within,
        };
        let sums = decisive.pair_sums();
        let mut pairs = 0;
        for pair in (0..sums.low.len()).filter(|&pair| fit.within[pair]) {
            let difference = fit.ratings[sums.low[pair] as usize] - fit.ratings[sums.high[pair] as usize];
            let (wins, losses) = (sums.low_wins[pair], sums.high_wins[pair]);
            let expected = (wins + losses) * logistic(-difference.abs());
            fit.deviance += of_pair(wins, losses, difference);
            fit.least_expected_count = Some(fit.least_expected_count.map_or(expected, |least| least.min(expected)));
            pairs += 1;
        }
        fit.degrees_of_freedom = pairs + strong_components - items;
        Ok(fit)
    }

    fn difference(&self, table: &Table, pair: usize) -> f64 {
        self.ratings[table.sums.low[pair] as usize] - self.ratings[table.sums.high[pair] as usize]
    }
}

/// For each pair whether it was decided and both items are in one strong component, and the number of
/// those components.
fn inside_strong_components(decisive: &PreferenceGraph) -> (Vec<bool>, usize) {
    let sums = decisive.pair_sums();
    let decided = |pair: usize| sums.low_wins[pair] + sums.high_wins[pair] > 0.0;
    let pairs = 0..sums.low.len();
    if Identification::by_strong_connection(decisive).status == Status::Identified {
        return (pairs.map(decided).collect(), usize::from(!decisive.items().is_empty()));
    }
    let components = Connectivity::of(decisive.wins()).strong_components;
    let mut component_of = vec![0; decisive.items().len()];
    for (place, component) in components.iter().enumerate() {
        for item in component {
            component_of[item.index()] = place;
        }
    }
    let together = |pair: usize| component_of[sums.low[pair] as usize] == component_of[sums.high[pair] as usize];
    (pairs.map(|pair| decided(pair) && together(pair)).collect(), components.len())
}

/// Twice what a pair's log-likelihood lacks to that of its own share, at a difference of log-odds.
fn of_pair(wins: f64, losses: f64, difference: f64) -> f64 {
    let n = wins + losses;
    let term = |count: f64, difference: f64| {
        if count > 0.0 { count * ((count / n).ln() + softplus(-difference)) } else { 0.0 }
    };
    2.0 * (term(wins, difference) + term(losses, -difference))
}
