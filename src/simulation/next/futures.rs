//! Simulated futures of a log: what may be true, and the comparisons that would be bought and won then.

use nalgebra::{DMatrix, DVector};
use rand_distr::{Binomial, Distribution, StandardNormal};
use serde::Serialize;

use super::NextError;
use crate::data::graph::{CellSum, PreferenceGraph, Tally};
use crate::data::{Comparison, ItemId, Outcome};
use crate::models::{BradleyTerry, Fitted, Rater, TieRule};
use crate::random::SimRng;
use crate::simulation::samplers::{Choice, Counts};
use crate::uncertainty::{CovarianceKind, covariance_among};

/// What is held true in a simulated future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    /// Ratings drawn from what the log leaves possible: the normal approximation around the fit.
    #[default]
    Posterior,
    /// The fit itself, as if it were exact. Items that look far apart by luck stay so, and too few comparisons are
    /// promised.
    Estimate,
}

/// What the log leaves possible.
#[derive(Debug)]
pub(super) struct World {
    ratings: DVector<f64>,
    /// Of the covariance of the ratings.
    factor: DMatrix<f64>,
    tie_parameter: f64,
}

impl World {
    /// The Davidson fit of a graph under a normal prior of this precision, where the design effect of the log's
    /// clusters says that so many of its comparisons know as much as one: it widens what the log tells, and not the
    /// prior. So does what a comparison [typically weighs](PreferenceGraph::typical_weight).
    ///
    /// # Errors
    /// Where nothing tells how far the items are apart.
    pub(super) fn of(graph: &PreferenceGraph, precision: f64, design_effect: f64) -> Result<Self, NextError> {
        let unit = design_effect * graph.typical_weight();
        let rater = BradleyTerry { ties: TieRule::Davidson, penalty: precision * unit, ..BradleyTerry::default() };
        let fitted: Box<dyn Fitted> = rater.fit(graph.into(), None)?;
        let nu = fitted.parameters().iter().find(|(name, _)| *name == "nu").and_then(|(_, value)| *value);
        let (Some(tie_parameter), Some(likelihood)) = (nu, fitted.likelihood()) else {
            return Err(NextError::NoSpread);
        };
        let all: Vec<ItemId> = (0..graph.items().len() as u32).map(ItemId).collect();
        let errors = covariance_among(likelihood, graph, &all, CovarianceKind::Fisher, None).widened(unit);
        if errors.members().len() < all.len() {
            return Err(NextError::NoSpread);
        }
        let factor = errors.factor_of(&all).ok_or(NextError::NoSpread)?;
        Ok(Self { ratings: DVector::from_column_slice(fitted.ratings()), factor, tie_parameter })
    }

    /// Ratings that may be true, in log-odds.
    pub(super) fn draw(&self, truth: Truth, rng: &mut SimRng) -> DVector<f64> {
        match truth {
            Truth::Estimate => self.ratings.clone(),
            Truth::Posterior => {
                let normal = DVector::from_fn(self.ratings.len(), |_, _| StandardNormal.sample(rng));
                &self.ratings + &self.factor * normal
            }
        }
    }

    /// How many of `count` comparisons an item this far ahead loses, ties and wins.
    pub(super) fn outcomes(&self, ahead: f64, count: u64, rng: &mut SimRng) -> Outcomes {
        let chances = TieRule::Davidson.probabilities(ahead, self.tie_parameter);
        let wins = binomial(count, chances.win, rng);
        let rest = chances.tie + chances.loss;
        let ties = if rest > 0.0 { binomial(count - wins, chances.tie / rest, rng) } else { 0 };
        Outcomes { losses: count - wins - ties, ties, wins }
    }
}

fn binomial(count: u64, share: f64, rng: &mut SimRng) -> u64 {
    Binomial::new(count, share.clamp(0.0, 1.0)).map_or(0, |law| law.sample(rng))
}

/// What comparisons of a pair came to, for its low item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcomes {
    pub(super) losses: u64,
    pub(super) ties: u64,
    pub(super) wins: u64,
}

impl Outcomes {
    /// The share of the low item.
    pub(super) fn share(self) -> f64 {
        (self.wins as f64 + 0.5 * self.ties as f64) / (self.losses + self.ties + self.wins) as f64
    }

    /// Adds them to counts, as scheduled and as results.
    pub(super) fn record(self, counts: &mut Counts, choice: Choice) {
        for (count, share) in self.each() {
            for _ in 0..count {
                counts.schedule(choice);
                counts.record(choice, share);
            }
        }
    }

    fn each(self) -> [(u64, f64); 3] {
        [(self.losses, 0.0), (self.ties, 0.5), (self.wins, 1.0)]
    }
}

/// The comparisons of a log with room for any outcome of any pair.
#[derive(Debug)]
pub(super) struct Ledger {
    graph: PreferenceGraph,
    /// For each pair, numbered as of [`Counts`], its cells of a loss, a tie and a win of the low item.
    cells: Vec<[usize; 3]>,
    /// What a new comparison weighs: what those of the log typically do.
    weight: f64,
}

impl Ledger {
    /// Of a log's graph. O(items²).
    pub(super) fn of(graph: &PreferenceGraph) -> Self {
        let items = graph.items().len();
        let mut tally = Tally::new(graph.items().clone());
        for cell in graph.cells() {
            let pair = graph.pairs()[cell.pair as usize];
            if let Some(outcome) = Outcome::from_share(cell.share) {
                tally.add(Comparison::new(pair.low, pair.high, outcome));
            }
        }
        let ids = || (0..items as u32).map(ItemId);
        for low in ids() {
            for high in ids().skip(low.index() + 1) {
                for outcome in [Outcome::Right, Outcome::Tie, Outcome::Left] {
                    tally.add(Comparison::new(low, high, outcome));
                }
            }
        }
        let roomy = PreferenceGraph::from_tally(tally);
        let mut sums = vec![CellSum::default(); roomy.cells().len()];
        for (cell, sum) in graph.cells().iter().zip(graph.sums()) {
            let place = roomy.pairs().binary_search(&graph.pairs()[cell.pair as usize]);
            if let Some(at) = place.ok().and_then(|pair| roomy.cell_index(pair, cell.share)) {
                sums[at] = *sum;
            }
        }
        let cell = |pair, share| roomy.cell_index(pair, share).unwrap_or_default();
        let cells = (0..roomy.pairs().len()).map(|pair| [0.0, 0.5, 1.0].map(|share| cell(pair, share))).collect();
        Self { cells, weight: graph.typical_weight(), graph: roomy.with_sums(sums) }
    }

    /// What the log has, to be added to.
    pub(super) fn sums(&self) -> Vec<CellSum> {
        self.graph.sums().to_vec()
    }

    /// Adds comparisons of a pair.
    pub(super) fn add(&self, sums: &mut [CellSum], pair: usize, outcomes: Outcomes) {
        for (&cell, (count, _)) in self.cells[pair].iter().zip(outcomes.each()) {
            let (sum, count) = (&mut sums[cell], count as f64);
            sum.count += count;
            sum.weight += count * self.weight;
            sum.weight_squared += count * self.weight * self.weight;
        }
    }

    /// The graph of these sums.
    pub(super) fn graph(&self, sums: &[CellSum]) -> PreferenceGraph {
        self.graph.with_sums(sums.to_vec())
    }
}
