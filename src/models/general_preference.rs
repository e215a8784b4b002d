//! General preference embeddings: ratings and, where the data speak for them, cycles.
//!
//! The model is `s_ij = r_i − r_j + Σ_l (a_il b_jl − b_il a_jl)` in log-odds, fitted to counts by penalised
//! maximum likelihood. Without blocks it is Bradley-Terry with a ridge; with ⌊n/2⌋ of them it can hold any
//! table of log-odds, and the penalty alone decides how many it uses.
//!
//! # Source
//! Zhang et al. 2025, "Beyond Bradley-Terry Models: A General Preference Model for Language Model
//! Alignment"; the same family as Balduzzi et al. 2018 (mElo) and Chen and Joachims 2016 (Blade-Chest inner).

mod disc;
mod embedding;
mod errors;
mod newton;
mod problem;
mod schur;
mod selection;
mod start;

use std::str::FromStr;
use std::sync::OnceLock;

pub use self::disc::Disc;
pub use self::embedding::{BlockReading, Canonical, Embedding, EmbeddingError, Gate, Point, Split, probability_at};
use self::errors::Curvature;
use self::newton::Optimum;
use self::problem::{Pairs, Problem, Slope};
pub use self::selection::{Candidate, Choice, Search};
use super::bradley_terry::logistic;
use super::{Convergence, Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, Rater, RaterEntry, Setting, Units};
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::structure::Identification;
use crate::structure::hodge::Flow;

pub(super) const ENTRY: RaterEntry = RaterEntry {
    name: "general-preference",
    summary: "general preference embedding: Bradley-Terry ratings plus as many cyclic blocks as predict held-out comparisons",
    needs: Needs::Counts,
    units: Units::LogOdds,
    laws: Laws { mirror: Mirror::Reflects, doubling_changes_nothing: false, dominated_ranks_last: false },
    has_covariance: false,
    settings: &[
        Setting {
            name: "dimension",
            default: "auto",
            summary: "coordinates an item beside its rating, two a block; 0 is Bradley-Terry; auto: by cross-validation",
        },
        Setting {
            name: "penalty",
            default: "auto",
            summary: "ridge λ in λ/2 Σ |v|² on the coordinates; auto: by cross-validation",
        },
        Setting {
            name: "rating_penalty",
            default: "auto",
            summary: "ridge λ in λ/2 Σ r² on the ratings; auto: by cross-validation",
        },
        Setting { name: "transitive", default: "true", summary: "whether there are ratings beside the blocks" },
        Setting {
            name: "fold_by",
            default: "comparison",
            summary: "what cross-validation holds out: comparison, or the values of a label column such as judge or task",
        },
    ],
    build: |settings| {
        let amount = |name| {
            let accepts = |x: AutoOr<f64>| x.0.is_none_or(|x| x.is_finite() && x >= 0.0);
            settings.number(name, AutoOr(None), "auto, or a number of 0 or more", accepts).map(|found| found.0)
        };
        let even = |x: AutoOr<usize>| x.0.is_none_or(|x| x.is_multiple_of(2));
        let dimension = settings.number("dimension", AutoOr(None), "auto, or an even number of 0 or more", even)?;
        let fold_by = settings.get("fold_by").filter(|column| *column != "comparison");
        Ok(Box::new(GeneralPreference {
            dimension: dimension.0,
            penalty: amount("penalty")?,
            rating_penalty: amount("rating_penalty")?,
            transitive: settings.choice("transitive", &[("true", true), ("false", false)])?,
            fold_by: fold_by.map(str::to_owned),
            seed: settings.seed,
        }))
    },
};

/// A number, or what the data say.
#[derive(Debug, Clone, Copy)]
struct AutoOr<T>(Option<T>);

impl<T: FromStr> FromStr for AutoOr<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == "auto" { Ok(Self(None)) } else { text.parse().map(|number| Self(Some(number))) }
    }
}

/// Settings of a general preference fit.
///
/// What is `None` is chosen by ten-fold cross-validation: the fewest blocks whose held-out log loss is
/// within one standard error, paired by fold, of the best number's.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneralPreference {
    /// Coordinates an item, two a block. More than the items are capped: they could add nothing.
    pub dimension: Option<usize>,
    /// λ in λ/2 Σ |v|². Without it pairs in which one side won all have no finite log-odds. Summed over both
    /// coordinates it is λ times the sum of the σ.
    pub penalty: Option<f64>,
    /// λ in λ/2 Σ r².
    pub rating_penalty: Option<f64>,
    /// Whether there are ratings beside the blocks.
    pub transitive: bool,
    /// A label column of the log whose values are held out whole; `None`: single comparisons.
    pub fold_by: Option<String>,
    /// The seed of the folds.
    pub seed: u64,
}

impl Default for GeneralPreference {
    fn default() -> Self {
        Self { dimension: None, penalty: None, rating_penalty: None, transitive: true, fold_by: None, seed: 0 }
    }
}

/// A fitted general preference embedding.
#[derive(Debug)]
pub struct FittedGeneralPreference {
    canonical: Canonical,
    problem: Problem,
    optimum: Optimum,
    search: Option<Search>,
    identification: Identification,
    notes: Vec<Note>,
    /// Σw²/Σw: the variance of a weighted count over the count, so that errors don't depend on the unit of
    /// weights.
    weight_scale: f64,
    /// Found when first asked for.
    curvature: OnceLock<Curvature>,
}

/// The objective of a fit at an embedding.
#[derive(Debug, Clone, PartialEq)]
pub struct PenalisedLoss {
    /// The negative log-likelihood and the penalties.
    pub value: f64,
    /// Its derivative by rating, one an item.
    pub rating_gradient: Vec<f64>,
    /// Its derivative by coordinate: item by item a₁, b₁, a₂, b₂, …
    pub vector_gradient: Vec<f64>,
}

/// What a fit to `graph` minimises, at `embedding`: the negative log-likelihood with
/// `penalty/2 Σ |v|² + rating_penalty/2 Σ r²`. O(pairs × blocks).
///
/// # Panics
/// If the embedding has not the items of the graph.
pub fn penalised_loss(
    graph: &PreferenceGraph,
    embedding: &Embedding,
    penalty: f64,
    rating_penalty: f64,
) -> PenalisedLoss {
    assert_eq!(embedding.items(), graph.items().len(), "one vector an item");
    let (items, blocks) = (embedding.items(), embedding.blocks());
    let problem = Problem { items, blocks, has_ratings: true, penalty, rating_penalty, pairs: Pairs::of(graph) };
    let mut slope = Slope::default();
    problem.evaluate(&problem.unknowns_of(embedding), &mut slope);
    let gradient = problem.embedding(&slope.gradient);
    PenalisedLoss {
        value: slope.objective,
        rating_gradient: gradient.ratings().to_vec(),
        vector_gradient: gradient.coordinates().to_vec(),
    }
}

impl Rater for GeneralPreference {
    /// O(pairs × blocks) a product, some hundred products a fit; about a thousand small fits where
    /// settings are chosen by cross-validation. The start is deterministic and `start` is not used.
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        self.fit_embedding(evidence).map(|fitted| Box::new(fitted) as Box<dyn Fitted>)
    }

    fn label_column(&self) -> Option<&str> {
        self.fold_by.as_deref()
    }

    fn with_choices_of(&self, fitted: &dyn Fitted) -> Option<Box<dyn Rater>> {
        let parameters = fitted.parameters();
        let value = |name: &str| parameters.iter().find(|(known, _)| *known == name).and_then(|(_, value)| *value);
        Some(Box::new(Self {
            dimension: Some(value("dimension")? as usize),
            penalty: value("penalty").or(self.penalty).or(Some(0.0)),
            rating_penalty: value("rating_penalty").or(self.rating_penalty).or(Some(0.0)),
            ..self.clone()
        }))
    }
}

impl GeneralPreference {
    /// The fit with its embedding.
    ///
    /// # Errors
    /// If folds are to be of a column that the evidence does not have.
    pub fn fit_embedding(&self, evidence: Evidence<'_>) -> Result<FittedGeneralPreference, FitError> {
        let graph = evidence.graph;
        let most = graph.items().len() / 2;
        let mut notes: Vec<Note> = self.capped(graph, most).into_iter().collect();
        let search = self.search(evidence, most, &mut notes)?;
        let (flow, pairs) = (Flow::log_odds(graph), Pairs::of(graph));
        let fit = |choice: Choice| {
            let problem = self.problem(graph, pairs.clone(), choice);
            let first = problem.minimise(problem.deterministic_start(&flow));
            let second = problem.start_from_wider(&flow, most).map(|start| problem.minimise(start));
            let better = second.filter(|second| second.slope.objective < first.slope.objective - LOWER);
            FittedGeneralPreference::of(graph, problem, better.unwrap_or(first))
        };
        let mut fitted = fit(search.as_ref().map_or_else(|| self.given(most), Search::choice));
        // Blocks that the penalty emptied are none.
        let flat = search.as_ref().and_then(Search::without_blocks);
        if let Some(flat) = flat.filter(|_| fitted.blocks() > 0 && fitted.canonical.is_flat()) {
            fitted = fit(flat);
        }
        notes.append(&mut fitted.notes);
        notes.extend(search.as_ref().and_then(Search::edge_note));
        Ok(FittedGeneralPreference { search, notes, ..fitted })
    }

    /// The fit that a search from `start` leads to, with as many blocks as it has and the penalties of the
    /// settings, or else plain ones. Where there are fewer blocks than ⌊items/2⌋ the objective may have
    /// several minima, and this tells whether another is better than that of
    /// [`fit_embedding`](Self::fit_embedding).
    ///
    /// # Panics
    /// If `start` has not the items of the graph.
    pub fn fit_from(&self, graph: &PreferenceGraph, start: &Embedding) -> FittedGeneralPreference {
        assert_eq!(start.items(), graph.items().len(), "one vector an item");
        let choice = Choice { blocks: start.blocks(), ..self.given(0) };
        let problem = self.problem(graph, Pairs::of(graph), choice);
        let optimum = problem.minimise(problem.unknowns_of(start));
        FittedGeneralPreference::of(graph, problem, optimum)
    }

    fn capped(&self, graph: &PreferenceGraph, most: usize) -> Option<Note> {
        let dimension = self.dimension.filter(|dimension| dimension / 2 > most)?;
        let message = format!(
            "dimension {dimension}: {} items need no more than {}, which was fitted and has the same scores",
            graph.items().len(),
            2 * most
        );
        Some(Note::new("dimension-capped", message))
    }

    fn problem(&self, graph: &PreferenceGraph, pairs: Pairs, choice: Choice) -> Problem {
        Problem {
            items: graph.items().len(),
            blocks: choice.blocks,
            has_ratings: self.transitive,
            penalty: choice.penalty,
            rating_penalty: choice.rating_penalty,
            pairs,
        }
    }
}

fn data_notes(graph: &PreferenceGraph, problem: &Problem, canonical: &Canonical) -> Vec<Note> {
    let mut notes = Vec::new();
    let (items, pairs) = (graph.items().len(), &problem.pairs);
    let possible = items * items.saturating_sub(1) / 2;
    if problem.blocks > 0 && pairs.len() < possible && pairs.len() > 0 {
        let message = format!(
            "{} of {possible} pairs never met: their log-odds rest on what the blocks say of others",
            possible - pairs.len()
        );
        notes.push(Note::new("unseen-pairs", message));
    }
    let one_sided = (0..pairs.len()).filter(|&pair| pairs.won[pair] <= 0.0 || pairs.lost[pair] <= 0.0).count();
    let unpenalised = problem.blocks > 0 && problem.penalty <= 0.0;
    if unpenalised && one_sided > 0 {
        let message = format!(
            "{one_sided} pairs have a side that won nothing, so that without a penalty no finite estimate need exist; set penalty"
        );
        notes.push(Note::new("separable", message));
    }
    let degenerate = canonical.degenerate.iter().filter(|same| **same).count();
    if degenerate > 0 {
        let message =
            format!("{degenerate} blocks share their σ with another: their planes are arbitrary, the log-odds are not");
        notes.push(Note::new("degenerate-blocks", message));
    }
    notes
}

/// A minimum is another, and not the same with other rounding, if it is lower by this.
const LOWER: f64 = 1e-6;
fn identification_notes(graph: &PreferenceGraph, identification: &Identification, rating_penalty: f64) -> Vec<Note> {
    let held = if rating_penalty <= 0.0 {
        "without a rating_penalty what is printed for them is where the search stopped"
    } else {
        "the penalty alone holds what is not identified"
    };
    identification.notes_held_by(graph, held)
}

impl FittedGeneralPreference {
    fn of(graph: &PreferenceGraph, problem: Problem, optimum: Optimum) -> Self {
        let canonical = problem.canonical(&optimum.x);
        let identification = Identification::by_strong_connection(graph);
        let mut notes = identification_notes(graph, &identification, problem.rating_penalty);
        notes.extend(data_notes(graph, &problem, &canonical));
        let (weight, squared) =
            graph.sums().iter().fold((0.0, 0.0), |sums, cell| (sums.0 + cell.weight, sums.1 + cell.weight_squared));
        let weight_scale = if weight > 0.0 { squared / weight } else { 1.0 };
        let (search, curvature) = (None, OnceLock::new());
        Self { canonical, problem, optimum, search, identification, notes, weight_scale, curvature }
    }

    /// The blocks: the number of them that was fitted.
    pub fn blocks(&self) -> usize {
        self.problem.blocks
    }

    /// The cross-validation, where there was one.
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// The penalised negative log-likelihood that was minimised.
    pub fn objective(&self) -> f64 {
        self.optimum.slope.objective
    }
}

/// Names of as many σ as are told as parameters; [`Canonical::sigmas`] has all.
const SIGMA_NAMES: [&str; 8] = ["sigma_1", "sigma_2", "sigma_3", "sigma_4", "sigma_5", "sigma_6", "sigma_7", "sigma_8"];

impl Fitted for FittedGeneralPreference {
    /// The mean scores: natural log-odds against the mean item, with mean 0.
    fn ratings(&self) -> &[f64] {
        &self.canonical.ratings
    }

    fn convergence(&self) -> Convergence {
        self.optimum.convergence
    }

    fn identification(&self) -> &Identification {
        &self.identification
    }

    /// Without the penalties.
    fn log_likelihood(&self) -> Option<f64> {
        Some(-self.problem.negative_log_likelihood(&self.optimum.x))
    }

    fn parameters(&self) -> Vec<(&'static str, Option<f64>)> {
        let mut parameters = vec![("dimension", Some(2.0 * self.problem.blocks as f64))];
        parameters.extend((self.problem.blocks > 0).then_some(("penalty", Some(self.problem.penalty))));
        parameters.extend(self.problem.has_ratings.then_some(("rating_penalty", Some(self.problem.rating_penalty))));
        let sigmas = SIGMA_NAMES.iter().zip(&self.canonical.sigmas);
        parameters.extend(sigmas.map(|(name, sigma)| (*name, Some(*sigma))));
        parameters
    }

    /// By ratings alone: right against the mean item, which no block touches.
    fn share_at(&self, difference: f64) -> Option<f64> {
        Some(logistic(difference))
    }

    fn predicts_by_differences(&self) -> bool {
        false
    }

    fn probability(&self, i: ItemId, j: ItemId) -> Option<f64> {
        Some(logistic(self.canonical.embedding.log_odds(i, j)))
    }

    /// √(gᵀ H⁺ g), g being the derivative of the log-odds and H that of the penalised objective, twice: the
    /// same for every embedding with these scores. The first call takes H apart, O(unknowns³), up to 320
    /// unknowns; above, each call is a solve.
    /// Variances are times Σw²/Σw, which is 1 where nothing is weighted.
    fn log_odds_error(&self, i: ItemId, j: ItemId) -> Option<f64> {
        let Optimum { x, slope, .. } = &self.optimum;
        let curvature = self.curvature.get_or_init(|| Curvature::at(&self.problem, x, slope));
        let variance = curvature.variance(&self.problem, x, slope, i.index(), j.index())?;
        (i != j && self.optimum.convergence.converged).then(|| (self.weight_scale * variance.max(0.0)).sqrt())
    }

    fn embedding(&self) -> Option<&Canonical> {
        Some(&self.canonical)
    }

    fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}
