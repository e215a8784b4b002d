//! The number of blocks and the penalties, by how well they predict held-out comparisons.

use rayon::prelude::*;
use serde::Serialize;

use super::GeneralPreference;
use super::problem::{Pairs, Problem};
use crate::data::folds::{Fold, FoldError, FoldMean, FoldSettings, Folds, NO_DIFFERENCE};
use crate::data::graph::{Pair, PreferenceGraph};
use crate::models::{Evidence, FitError};
use crate::structure::hodge::Flow;
use crate::structure::{Connectivity, Note};

/// What is tried.
const PENALTIES: [f64; 6] = [0.03, 0.1, 0.3, 1.0, 3.0, 10.0];
const RATING_PENALTIES: [f64; 4] = [0.01, 0.1, 0.3, 1.0];
const MOST_BLOCKS: usize = 4;
const FOLDS: usize = 10;
/// What is tried where there are more items than this, so that it takes minutes at most.
const MANY_ITEMS: usize = 120;
const FEW_PENALTIES: [f64; 3] = [0.1, 1.0, 10.0];
const FEW_RATING_PENALTIES: [f64; 2] = [0.1, 1.0];
const FEW_BLOCKS: usize = 1;
const FEW_FOLDS: usize = 5;
/// What is taken where nothing can be held out.
const PLAIN_PENALTY: f64 = 1.0;
const PLAIN_RATING_PENALTY: f64 = 0.1;
/// Fits on folds stop at a gradient of this by component, or of this share of the weight: far below what a
/// log loss tells.
const FOLD_TOLERANCE: f64 = 1e-5;
const FOLD_TOLERANCE_SHARE: f64 = 1e-8;

/// A model of the family.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Choice {
    /// The number of blocks.
    pub blocks: usize,
    /// λ of the coordinates.
    pub penalty: f64,
    /// λ of the ratings.
    pub rating_penalty: f64,
}

/// One number of blocks at its best penalties.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The model.
    pub choice: Choice,
    /// The mean over folds of the held-out log loss a comparison, in nats.
    pub log_loss: f64,
    /// How much more that is than the best candidate's.
    pub excess: f64,
    /// The standard error of that difference, paired by fold; 0 for the best.
    pub std_error: f64,
    /// The penalties at an end of what was tried that are better than their neighbour by more than rounding.
    pub at_the_edge: Vec<&'static str>,
    #[serde(skip)]
    by_fold: Vec<f64>,
}

/// A cross-validation: each number of blocks at its best penalties, up to one that is worse than an
/// earlier one by more than its error.
///
/// # Source
/// The one-standard-error rule is Breiman et al.'s 1984, with the error of the paired difference: folds
/// differ far more than models do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Search {
    /// By number of blocks, from the fewest.
    pub candidates: Vec<Candidate>,
    /// The index of the candidate with the least log loss.
    pub best: usize,
    /// The index of the one chosen: the fewest blocks within one standard error of the best.
    pub chosen: usize,
    /// Whether more blocks than were tried could be fitted.
    pub more_blocks_exist: bool,
    /// The weight of what each fold holds out.
    #[serde(skip)]
    weights: Vec<f64>,
}

impl Search {
    /// The model chosen.
    pub fn choice(&self) -> Choice {
        self.candidates[self.chosen].choice
    }

    /// The model without blocks, if it was a candidate.
    pub(super) fn without_blocks(&self) -> Option<Choice> {
        self.candidates.iter().map(|candidate| candidate.choice).find(|choice| choice.blocks == 0)
    }

    pub(super) fn edge_note(&self) -> Option<Note> {
        let chosen = &self.candidates[self.chosen];
        let Choice { blocks, penalty, rating_penalty } = chosen.choice;
        let last = self.chosen + 1 == self.candidates.len() && self.more_blocks_exist && self.candidates.len() > 1;
        let value = |name: &&str| format!("{name} {}", if *name == "penalty" { penalty } else { rating_penalty });
        let edges: Vec<String> = chosen.at_the_edge.iter().map(value).collect();
        let message = match (last, edges.is_empty()) {
            (true, _) => format!(
                "cross-validation chose {blocks} blocks, the most it tries; dimension={} and more can be asked for",
                2 * blocks + 2
            ),
            (false, false) => format!(
                "cross-validation chose {}, an end of what it tries, and the log loss still falls there; --set tries beyond",
                edges.join(" and ")
            ),
            (false, true) => return None,
        };
        Some(Note::new("grid-edge", message))
    }

    /// Finds the best candidate, how far the others are from it, and the one to choose.
    fn choose(&mut self) {
        for place in 0..self.candidates.len() {
            if self.candidates[place].log_loss < self.candidates[self.best].log_loss {
                self.best = place;
            }
        }
        let reference = self.candidates[self.best].by_fold.clone();
        for candidate in &mut self.candidates {
            let differences: Vec<f64> = candidate.by_fold.iter().zip(&reference).map(|(a, b)| a - b).collect();
            let found = weighted(&differences, &self.weights);
            candidate.excess = found.mean;
            candidate.std_error = found.std_error.unwrap_or(0.0);
        }
        let near = |candidate: &Candidate| candidate.excess <= candidate.std_error.max(NO_DIFFERENCE);
        self.chosen = self.candidates.iter().position(near).unwrap_or(self.best);
    }
}

impl GeneralPreference {
    /// The settings as given, where nothing is to be chosen, or can be.
    pub(super) fn given(&self, most: usize) -> Choice {
        Choice {
            blocks: self.dimension.map_or(0, |dimension| (dimension / 2).min(most)),
            penalty: self.penalty.unwrap_or(PLAIN_PENALTY),
            rating_penalty: self.rating_penalty.unwrap_or(PLAIN_RATING_PENALTY),
        }
    }

    /// Cross-validation of what is not given; `None` where all is, or where nothing can be held out, with
    /// a note. The same result for any number of threads.
    pub(super) fn search(
        &self,
        evidence: Evidence<'_>,
        most: usize,
        notes: &mut Vec<Note>,
    ) -> Result<Option<Search>, FitError> {
        let graph = evidence.graph;
        let grid = self.grid(graph, most);
        if grid.blocks.len() * grid.penalties.len() * grid.rating_penalties.len() == 1 {
            return Ok(None);
        }
        let most_folds = if grid.is_coarse { FEW_FOLDS } else { FOLDS };
        let settings = FoldSettings {
            folds: most_folds.min(graph.comparisons() as usize),
            seed: self.seed,
            ..FoldSettings::default()
        };
        notes.extend(grid.is_coarse.then(coarse_note));
        let folds = match &self.fold_by {
            None => Folds::of_comparisons(graph, settings),
            Some(column) => {
                let rows = evidence.rows.and_then(|log| log.labels(column).map(|labels| (log, labels)));
                let (log, labels) = rows.ok_or_else(|| FitError::NoFoldColumn { column: column.clone() })?;
                Folds::of_labels(log, labels, graph, settings)
            }
        };
        match folds {
            Ok(folds) => Ok(Some(self.validate(&folds, &grid, most))),
            Err(error) => {
                notes.push(self.not_validated(&error, most));
                Ok(None)
            }
        }
    }

    fn not_validated(&self, error: &FoldError, most: usize) -> Note {
        let Choice { blocks, penalty, rating_penalty } = self.given(most);
        let message = format!(
            "no cross-validation ({error}): dimension {}, penalty {penalty} and rating_penalty {rating_penalty} were taken",
            2 * blocks
        );
        Note::new("not-validated", message)
    }

    fn grid(&self, graph: &PreferenceGraph, most: usize) -> Grid {
        // Without them ratings fit all there is, the better the farther apart, and what blocks add is noise.
        let loops = loops_within_strong_components(graph);
        let is_coarse = graph.items().len() > MANY_ITEMS;
        let most = match (loops == 0 && self.transitive, is_coarse) {
            (true, _) => 0,
            (false, true) => most.min(FEW_BLOCKS),
            (false, false) => most.min(MOST_BLOCKS),
        };
        let (penalties, rating_penalties) = if is_coarse {
            (&FEW_PENALTIES[..], &FEW_RATING_PENALTIES[..])
        } else {
            (&PENALTIES[..], &RATING_PENALTIES[..])
        };
        let blocks: Vec<usize> = match self.dimension {
            Some(_) => vec![self.given(graph.items().len() / 2).blocks],
            None => (0..=most).collect(),
        };
        let has_blocks = blocks.last().is_some_and(|&blocks| blocks > 0);
        let or_all = |given: Option<f64>, matters: bool, all: &[f64], plain| match given {
            Some(value) => vec![value],
            None if matters => all.to_vec(),
            None => vec![plain],
        };
        Grid {
            blocks,
            penalties: or_all(self.penalty, has_blocks, penalties, PLAIN_PENALTY),
            rating_penalties: or_all(self.rating_penalty, self.transitive, rating_penalties, PLAIN_RATING_PENALTY),
            is_coarse,
        }
    }

    /// Numbers of blocks from the fewest, until one is worse than an earlier one by more than its error.
    fn validate(&self, folds: &Folds<'_>, grid: &Grid, most: usize) -> Search {
        let prepared: Vec<HeldOut> =
            (0..folds.len()).into_par_iter().map(|index| HeldOut::new(folds.fold(index))).collect();
        let weights = prepared.iter().map(|held| held.test.weight()).collect();
        let mut search = Search { candidates: Vec::new(), best: 0, chosen: 0, more_blocks_exist: false, weights };
        for &blocks in &grid.blocks {
            let losses: Vec<Vec<f64>> = prepared.par_iter().map(|held| self.losses(held, blocks, grid)).collect();
            search.candidates.push(grid.candidate(blocks, &losses, &search.weights));
            search.choose();
            let last = &search.candidates[search.candidates.len() - 1];
            if last.excess > last.std_error.max(NO_DIFFERENCE) {
                return search;
            }
            search.more_blocks_exist = self.dimension.is_none() && blocks == MOST_BLOCKS && most > MOST_BLOCKS;
        }
        search
    }

    /// The held-out log loss of each point of the grid, rating penalties outside. A fit begins where that
    /// of the next smaller penalty ended: from larger penalties blocks would start empty.
    fn losses(&self, held: &HeldOut, blocks: usize, grid: &Grid) -> Vec<f64> {
        let choice = Choice { blocks, penalty: grid.penalties[0], rating_penalty: grid.rating_penalties[0] };
        let mut problem = self.problem(&held.fold.train, held.train.clone(), choice);
        let tolerance = FOLD_TOLERANCE.max(FOLD_TOLERANCE_SHARE * held.train.weight());
        let mut outer = problem.deterministic_start(&held.flow);
        let mut losses = Vec::new();
        for &rating_penalty in &grid.rating_penalties {
            let mut start = outer.clone();
            for (place, &penalty) in grid.penalties_of(blocks).iter().enumerate() {
                problem.penalty = penalty;
                problem.rating_penalty = rating_penalty;
                start = problem.minimise_to(start, tolerance).x;
                losses.push(held.log_loss(&problem, &start));
                if place == 0 {
                    outer.clone_from(&start);
                }
            }
        }
        losses
    }
}

/// Independent loops of pairs inside the strong components of the graph of points taken: what could
/// contradict a ladder. All other pairs went one way only.
fn loops_within_strong_components(graph: &PreferenceGraph) -> usize {
    let components = Connectivity::of(graph.wins()).strong_components;
    let mut component_of = vec![0; graph.items().len()];
    for (place, component) in components.iter().enumerate() {
        for item in component {
            component_of[item.index()] = place;
        }
    }
    let flow = Flow::log_odds(graph);
    let inside = |pair: &&Pair| component_of[pair.low.index()] == component_of[pair.high.index()];
    flow.pairs().iter().filter(inside).count() + components.len() - graph.items().len()
}

/// What is tried.
struct Grid {
    blocks: Vec<usize>,
    penalties: Vec<f64>,
    rating_penalties: Vec<f64>,
    /// Whether less is tried, since there are many items.
    is_coarse: bool,
}

fn coarse_note() -> Note {
    let message = format!(
        "with more than {MANY_ITEMS} items cross-validation tries dimension {} at most, a coarser grid of penalties and {FEW_FOLDS} folds; dimension, penalty and rating_penalty can be set",
        2 * FEW_BLOCKS
    );
    Note::new("coarse-search", message)
}

impl Grid {
    /// Without blocks there is nothing for the penalty to act on.
    fn penalties_of(&self, blocks: usize) -> &[f64] {
        if blocks == 0 { &self.penalties[..1] } else { &self.penalties }
    }

    /// The best penalties for `blocks`, from the losses of the folds at each point of the grid.
    fn candidate(&self, blocks: usize, folds: &[Vec<f64>], weights: &[f64]) -> Candidate {
        let penalties = self.penalties_of(blocks);
        let points = penalties.len() * self.rating_penalties.len();
        let at = |point: usize| folds.iter().map(|fold| fold[point]).collect::<Vec<f64>>();
        let means: Vec<f64> = (0..points).map(|point| weighted(&at(point), weights).mean).collect();
        let best = (0..points).reduce(|best, it| if means[it] < means[best] { it } else { best }).unwrap_or(0);
        let (across, along) = (best / penalties.len(), best % penalties.len());
        let ends_at_edge = |place: usize, count: usize, step: usize| {
            if count < 2 {
                return false;
            }
            let inward = match place {
                0 => best + step,
                last if last + 1 == count => best - step,
                _ => return false,
            };
            means[inward] - means[best] > NO_DIFFERENCE
        };
        Candidate {
            choice: Choice { blocks, penalty: penalties[along], rating_penalty: self.rating_penalties[across] },
            log_loss: means[best],
            excess: 0.0,
            std_error: 0.0,
            at_the_edge: [
                ("penalty", ends_at_edge(along, penalties.len(), 1)),
                ("rating_penalty", ends_at_edge(across, self.rating_penalties.len(), penalties.len())),
            ]
            .into_iter()
            .filter_map(|(name, at_edge)| at_edge.then_some(name))
            .collect(),
            by_fold: folds.iter().map(|fold| fold[best]).collect(),
        }
    }
}

/// The mean over all that was held out, of one mean a fold.
fn weighted(means: &[f64], weights: &[f64]) -> FoldMean {
    FoldMean::of(means.iter().zip(weights).map(|(mean, &weight)| (mean * weight, weight)))
}

/// A fold, read once for all fits on it.
struct HeldOut {
    fold: Fold,
    train: Pairs,
    test: Pairs,
    flow: Flow,
}

impl HeldOut {
    fn new(fold: Fold) -> Self {
        let (train, test, flow) = (Pairs::of(&fold.train), Pairs::of(&fold.test), Flow::log_odds(&fold.train));
        Self { fold, train, test, flow }
    }

    /// The mean log loss of what is held out, in nats.
    fn log_loss(&self, problem: &Problem, x: &[f64]) -> f64 {
        problem.loss_of(&self.test, x) / self.test.weight().max(f64::MIN_POSITIVE)
    }
}
