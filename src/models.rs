//! Raters: methods that turn comparisons into one number an item.
//!
//! A newcomer adds a method with one file here, one line in [`RATERS`] and one golden fixture; the
//! command line, the property tests and the benches loop over the registry.

pub mod bradley_terry;
pub mod elo;
mod fenchel_young;
pub mod games;
pub mod general_preference;
mod hodge;
pub mod kemeny;
pub mod melo;
mod plackett_luce;
pub mod soft_condorcet;
mod spectral;
pub mod tsp_rank;
pub mod voting;
mod win_rate;

use std::fmt::Debug;

use nalgebra::DMatrix;
use serde::Serialize;

pub use self::bradley_terry::{BradleyTerry, CovariateSettings, FittedCovariate, Standardize, TieRule};
pub use self::elo::Elo;
pub use self::fenchel_young::FenchelYoung;
pub use self::games::{AlphaRank, MaximalLottery, NashAveraging};
pub use self::general_preference::GeneralPreference;
pub use self::hodge::HodgeRank;
pub use self::kemeny::Kemeny;
pub use self::melo::MultidimensionalElo;
pub use self::plackett_luce::PlackettLuce;
pub use self::soft_condorcet::SoftCondorcet;
pub use self::spectral::{Eigenvector, PageRank};
pub use self::tsp_rank::TspRank;
pub use self::voting::{Approval, Copeland, IterativeMaximalLottery, Minimax, Plurality, RankedPairs, Schulze, Stv};
pub use self::win_rate::{Average, WinRate, Wins};
use crate::data::graph::PreferenceGraph;
use crate::data::profile::Profile;
use crate::data::{ItemId, Log};
pub use crate::settings::{Setting, Settings, SettingsError};
use crate::structure::Identification;
pub use crate::structure::Note;

/// What a rater may look at.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Pair counts and the graph over them.
    pub graph: &'a PreferenceGraph,
    /// The rows in order, for raters that need them.
    pub rows: Option<&'a Log>,
    /// The ballots, for raters that need them: over the items of the graph, in its order.
    pub ballots: Option<&'a Profile>,
}

impl<'a> From<&'a PreferenceGraph> for Evidence<'a> {
    fn from(graph: &'a PreferenceGraph) -> Self {
        Self { graph, rows: None, ballots: None }
    }
}

impl<'a> Evidence<'a> {
    /// Ballots with their pair counts: `graph` is [`Profile::graph`] of the same profile. Raters of ballots
    /// refuse ballots over other items than the graph's.
    pub fn of_ballots(graph: &'a PreferenceGraph, ballots: &'a Profile) -> Self {
        Self { ballots: Some(ballots), ..graph.into() }
    }
}

/// A rating method with its settings.
pub trait Rater: Debug + Send + Sync {
    /// Rates the items of `evidence`, starting where the method is iterative from the ratings
    /// `start` (one an item, in the method's own units).
    ///
    /// # Errors
    /// Where the method can't be applied to such data at all. Data that can't identify a rating
    /// are no error: they are told by [`Fitted::identification`].
    fn fit(&self, evidence: Evidence<'_>, start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError>;

    /// A label column of the log's rows that it reads, such as judge or task; then the evidence must have rows
    /// with it, though counts are all that it needs otherwise.
    fn label_column(&self) -> Option<&str> {
        None
    }

    /// Whether it counts ballots by themselves, so that one with a single item says something.
    fn counts_ballots(&self) -> bool {
        false
    }

    /// Whether it reads rows though its registry entry says that counts are enough: settings may ask for what
    /// only rows have.
    fn reads_rows(&self) -> bool {
        false
    }

    /// This rater with what it chose from the data held as in `fitted`: for refits on resampled evidence.
    /// `None` where there is nothing to choose.
    fn with_choices_of(&self, _fitted: &dyn Fitted) -> Option<Box<dyn Rater>> {
        None
    }
}

/// What a fit found. Items are indexed as in the graph that was fitted.
pub trait Fitted: Debug + Send + Sync {
    /// One rating an item, in the units of the method's registry entry.
    fn ratings(&self) -> &[f64];

    /// Whether and how the fit converged.
    fn convergence(&self) -> Convergence;

    /// Which of the ratings the data identify.
    fn identification(&self) -> &Identification;

    /// The log-likelihood at the ratings, for methods that have one.
    fn log_likelihood(&self) -> Option<f64> {
        None
    }

    /// Further fitted parameters, such as a tie parameter. `None` where the data hold none.
    fn parameters(&self) -> Vec<(&'static str, Option<f64>)> {
        Vec::new()
    }

    /// The covariates, whether they entered the fit or not.
    fn covariates(&self) -> Vec<FittedCovariate> {
        Vec::new()
    }

    /// Whether predictions depend on differences of ratings alone; else [`share_at`](Self::share_at) holds
    /// against the mean item only.
    fn predicts_by_differences(&self) -> bool {
        true
    }

    /// The expected share at a difference of ratings, ties being half, for methods that predict.
    fn share_at(&self, _difference: f64) -> Option<f64> {
        None
    }

    /// The expected share of item `i` against item `j`, ties being half, for methods that predict.
    fn probability(&self, i: ItemId, j: ItemId) -> Option<f64> {
        self.share_at(self.ratings()[i.index()] - self.ratings()[j.index()])
    }

    /// The probability of a tie between items `i` and `j`, for methods that tell ties apart.
    fn tie_probability(&self, _i: ItemId, _j: ItemId) -> Option<f64> {
        None
    }

    /// The standard error of the log-odds of `i` against `j`, for methods whose predictions are no
    /// differences of ratings. Others have it from their covariance.
    fn log_odds_error(&self, _i: ItemId, _j: ItemId) -> Option<f64> {
        None
    }

    /// The standard error of the share of `i` against `j`, from that of the log-odds by their slope.
    fn probability_error(&self, i: ItemId, j: ItemId) -> Option<f64> {
        let share = self.probability(i, j)?;
        Some(share * (1.0 - share) * self.log_odds_error(i, j)?)
    }

    /// The embedding in canonical form, for methods whose scores may go round in circles.
    fn embedding(&self) -> Option<&general_preference::Canonical> {
        None
    }

    /// The cross-validation that chose among models, for methods that choose by one.
    fn search(&self) -> Option<&general_preference::Search> {
        None
    }

    /// The likelihood around the fit, for methods with a covariance.
    fn likelihood(&self) -> Option<&dyn Likelihood> {
        None
    }

    /// What the user must know of the fit, beside its convergence and identification.
    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
}

/// A fit without a likelihood: what the simpler methods return.
#[derive(Debug, Clone)]
struct PlainFit {
    ratings: Vec<f64>,
    convergence: Convergence,
    identification: Identification,
    notes: Vec<Note>,
    /// Log-odds a unit of rating, for methods that predict.
    log_odds: Option<f64>,
}

impl PlainFit {
    fn boxed(
        graph: &PreferenceGraph,
        ratings: Vec<f64>,
        convergence: Convergence,
        identification: Identification,
    ) -> Box<dyn Fitted> {
        Box::new(Self { ratings, convergence, notes: identification.notes(graph), identification, log_odds: None })
    }
}

impl Fitted for PlainFit {
    fn ratings(&self) -> &[f64] {
        &self.ratings
    }

    fn convergence(&self) -> Convergence {
        self.convergence
    }

    fn identification(&self) -> &Identification {
        &self.identification
    }

    fn share_at(&self, difference: f64) -> Option<f64> {
        Some(bradley_terry::logistic(self.log_odds? * difference))
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

/// How an iterative fit ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Convergence {
    /// Whether the method's own criterion was met.
    pub converged: bool,
    /// Iterations used; 0 for methods in closed form.
    pub iterations: u32,
    /// The largest component of the gradient left, for methods that have one.
    pub gradient_norm: Option<f64>,
}

impl Convergence {
    /// Of a method without iterations.
    pub const CLOSED_FORM: Self = Self { converged: true, iterations: 0, gradient_norm: None };
}

/// A log-likelihood over differences of ratings and at most one further parameter, around its fit:
/// what Fisher and sandwich covariances are made of.
pub trait Likelihood: Debug {
    /// The negative second derivatives, pair by pair.
    fn curvature(&self) -> Curvature;

    /// Whether comparisons in which the low item took `share` enter the likelihood at all.
    fn uses(&self, _share: f64) -> bool {
        true
    }

    /// The derivatives of the log-likelihood of one comparison of each cell of `graph`: zero for
    /// those that don't enter.
    fn cell_scores(&self, graph: &PreferenceGraph) -> Vec<CellScore>;

    /// The comparisons one by one, for fits with covariates, in which those of one cell differ. Then what this
    /// trait says of pairs and cells is that without them.
    fn rows(&self) -> Option<Box<dyn RowLikelihood + '_>> {
        None
    }
}

/// A log-likelihood over differences of ratings and parameters that all comparisons share: first that of ties, if
/// it was fitted, and then the coefficients of covariates.
pub trait RowLikelihood: Debug + Send + Sync {
    /// How many shared parameters are coefficients.
    fn covariates(&self) -> usize;

    /// The name of the covariate of a coefficient.
    fn name(&self, place: usize) -> &str;

    /// What a coefficient is divided by to be told: the fit may have units of its own.
    fn unit(&self, place: usize) -> f64;

    /// The number of rows of the log, whether they enter or not.
    fn rows(&self) -> usize;

    /// Writes into `by` the information of one comparison of a row along each of `directions`, its curvature times
    /// the squared change of its log-odds, and says how many comparisons the row stands for: none if it does not
    /// enter, or not between members.
    fn information(&self, row: usize, members: &[bool], directions: &[Direction], by: &mut [f64]) -> f64;

    /// For each of `directions` a number that the information of no comparison between items exceeds, for each unit of
    /// its weight.
    fn most_information(&self, directions: &[Direction]) -> Vec<f64>;

    /// The largest weight of a comparison.
    fn largest_weight(&self) -> f64;

    /// What a ridge adds to the curvature for every rating.
    fn penalty(&self) -> f64;

    /// Whether the tie parameter is one of the shared parameters.
    fn has_parameter(&self) -> bool;

    /// The negative second derivatives of the comparisons between items of which `members` is true. The ridge on
    /// coefficients is left out: what it holds up is not known.
    fn curvature(&self, members: &[bool]) -> Bordered;

    /// The sum of w² s sᵀ over the same comparisons, s being the score of one of them.
    fn outer_products(&self, members: &[bool]) -> ScoreProducts;

    /// The score of one comparison of a row of the log, if it enters the likelihood. `shared` gets the derivatives
    /// with respect to the shared parameters.
    fn score(&self, row: usize, shared: &mut [f64]) -> Option<RowScore>;
}

/// A direction in the space of ratings and coefficients.
#[derive(Debug, Clone, Default)]
pub struct Direction {
    /// For each item of the graph.
    pub ratings: Vec<f64>,
    /// For each coefficient, in the units of the fit.
    pub coefficients: Vec<f64>,
}

/// The first derivative of the log-likelihood of one comparison with respect to the difference of its items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowScore {
    /// The lower item.
    pub low: ItemId,
    /// The higher item.
    pub high: ItemId,
    /// With respect to `r_low − r_high`.
    pub difference: f64,
}

/// A symmetric matrix over ratings and shared parameters that is a sum over pairs of items.
#[derive(Debug, Clone, Default)]
pub struct Bordered {
    /// The lower item of each pair.
    pub low: Vec<u32>,
    /// The higher item of each pair.
    pub high: Vec<u32>,
    /// For each pair what it has of the difference, twice.
    pub difference: Vec<f64>,
    /// For each pair what it has of the difference and each shared parameter.
    pub cross: Vec<f64>,
    /// All of two shared parameters.
    pub corner: DMatrix<f64>,
    /// What a ridge adds for every rating.
    pub penalty: f64,
}

impl Bordered {
    /// Only those of the shared parameters that stand at the places `kept`.
    pub(crate) fn with_shared(mut self, kept: &[usize]) -> Self {
        let shared = self.corner.nrows();
        let rows = (0..self.difference.len()).flat_map(|pair| kept.iter().map(move |place| pair * shared + place));
        self.cross = rows.map(|at| self.cross[at]).collect();
        self.corner = DMatrix::from_fn(kept.len(), kept.len(), |i, j| self.corner[(kept[i], kept[j])]);
        self
    }
}

/// The sum of the outer products of the scores of comparisons.
#[derive(Debug, Clone, Default)]
pub struct ScoreProducts {
    /// The sum.
    pub sum: Bordered,
    /// For each pair how many comparisons have a score that is not zero.
    pub counts: Vec<f64>,
}

/// Negative second derivatives of a log-likelihood: for each pair with respect to the difference
/// `d = r_low − r_high` and, where there is one, the further parameter.
#[derive(Debug, Clone, Default)]
pub struct Curvature {
    /// The lower item of each pair.
    pub low: Vec<u32>,
    /// The higher item of each pair.
    pub high: Vec<u32>,
    /// With respect to the difference, twice.
    pub difference: Vec<f64>,
    /// With respect to the difference and the parameter; empty where there is no parameter.
    pub cross: Vec<f64>,
    /// With respect to the parameter, twice; empty where there is no parameter.
    pub parameter: Vec<f64>,
    /// What a ridge adds for every rating.
    pub penalty: f64,
}

/// First derivatives of the log-likelihood of one comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CellScore {
    /// With respect to the difference `r_low − r_high`.
    pub difference: f64,
    /// With respect to the further parameter; 0 where there is none.
    pub parameter: f64,
}

/// Why a method can't be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The method replays comparisons in order and got only counts.
    #[error("{method} needs the comparisons one by one, in order; read the log with its rows kept")]
    NeedsRows {
        /// The method's name.
        method: &'static str,
    },
    /// The method reads ballots and got comparisons only.
    #[error("{method} needs ballots; give a profile, such as a PrefLib file or rankings")]
    NeedsBallots {
        /// The method's name.
        method: &'static str,
    },
    /// Ballots and pair counts over different items.
    #[error(
        "the ballots are over {ballots} items and the pair counts over {graph}, or others; give counts of these ballots"
    )]
    OtherItems {
        /// The items of the ballots.
        ballots: usize,
        /// The items of the graph.
        graph: usize,
    },
    /// More winners than an election can have.
    #[error("winners={winners}: there are {items} items, and fewer of them can be elected; give a lower number")]
    TooManyWinners {
        /// How many are to be elected.
        winners: usize,
        /// The items of the profile.
        items: usize,
    },
    /// Counts can't be replayed one by one.
    #[error(
        "{method} replays single comparisons, and a row of the log counts {count} of them; give whole counts, of at most 2^28 comparisons in all"
    )]
    NotWholeCounts {
        /// The method's name.
        method: &'static str,
        /// The count, as a number.
        count: String,
    },
    /// Folds by a column that the evidence does not have.
    #[error("fold_by={column}: the log has no such column among its rows; give fold_by=comparison, or a label column")]
    NoFoldColumn {
        /// The column asked for.
        column: String,
    },
    /// The side's advantage was asked for of evidence without rows.
    #[error(
        "side_advantage needs to know who was on the left in each row; palio rank and predict keep that, held-out counts do not"
    )]
    NeedsSides,
    /// Pseudo counts have no covariates.
    #[error("pseudo_count does not go with covariates, which pseudo counts have none of; use penalty")]
    PseudoCountWithCovariates,
    /// Pseudo counts are added to every pair of items, and there are too many of those.
    #[error("pseudo_count works up to {limit} items and there are {items}; use penalty, which needs no pairs")]
    TooManyPseudoPairs {
        /// The items of the log.
        items: usize,
        /// The limit.
        limit: usize,
    },
    /// The cost of the method grows with the cube of the items, and there are too many of them.
    #[error("{method} works up to {limit} items and there are {items}; rate fewer of them, or use another method")]
    TooManyItems {
        /// The method's name.
        method: &'static str,
        /// The items of the log.
        items: usize,
        /// The limit.
        limit: usize,
    },
    /// A pair without a logit.
    #[error(
        "'{winner}' won all comparisons with '{loser}', which have no finite logit; {method} needs smoothing above 0"
    )]
    OneSided {
        /// The method's name.
        method: &'static str,
        /// The item that won.
        winner: String,
        /// The item that lost.
        loser: String,
    },
    /// A setting of a method on games that is out of range.
    #[error(transparent)]
    Game(#[from] games::PayoffError),
}

/// What a rater's numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Units {
    /// Natural log-odds, with mean 0: scales, centres and anchors apply.
    LogOdds,
    /// Elo points around the method's own start.
    Points,
    /// A share between 0 and 1.
    Share,
    /// A number of comparisons.
    Count,
    /// A number of items: those below, or beaten.
    Items,
    /// A weight of ballots or comparisons, which a defeat makes negative.
    Votes,
    /// The method's own scale, which its description or its settings say.
    Own,
    /// A weight in a unit vector.
    Weight,
    /// A probability of a distribution over the items.
    Probability,
    /// A mean payoff against an equilibrium, at most 0, in the units of the payoffs.
    Payoff,
}

/// What a rater needs of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// Pair counts.
    Counts,
    /// The rows in order.
    Rows,
    /// Whole ballots; a comparison is a ballot of two items.
    Ballots,
}

/// What exchanging winners and losers everywhere does to the ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mirror {
    /// They are reflected at their centre.
    Reflects,
    /// Nothing that can be said in general.
    Free,
}

/// Laws that a rater keeps, tested as properties. That the names of items and the number of threads
/// don't matter is a law for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Laws {
    /// What exchanging winners and losers does.
    pub mirror: Mirror,
    /// Every comparison counted twice leaves the ratings as they are, unless they fell back to a penalty.
    pub doubling_changes_nothing: bool,
    /// An item that never won, and lost to each other item at least as often as anyone did, ranks last.
    /// (Losing to each is not enough where ratings fall back to a penalty: one that lost to the same
    /// items hundreds of times, and won against it, can end lower.)
    pub dominated_ranks_last: bool,
}

/// A registered rater.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RaterEntry {
    /// The name in `--method`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// What it needs of the log.
    pub needs: Needs,
    /// What its numbers mean.
    pub units: Units,
    /// The laws it keeps.
    pub laws: Laws,
    /// Whether it has a covariance, and so Fisher and sandwich intervals.
    pub has_covariance: bool,
    /// Its settings.
    pub settings: &'static [Setting],
    /// Makes the rater from settings.
    #[serde(skip)]
    pub build: fn(&Settings) -> Result<Box<dyn Rater>, SettingsError>,
}

/// Every rater, in the order in which they are shown.
pub const RATERS: &[RaterEntry] = &[
    bradley_terry::ENTRY,
    general_preference::ENTRY,
    hodge::ENTRY,
    elo::ENTRY,
    win_rate::WIN_RATE,
    win_rate::WINS,
    spectral::EIGENVECTOR,
    spectral::PAGERANK,
    games::NASH_AVERAGING,
    games::MAXIMAL_LOTTERY,
    games::ALPHA_RANK,
    melo::ENTRY,
    voting::BORDA,
    voting::COPELAND,
    voting::PLURALITY,
    voting::APPROVAL,
    voting::SCHULZE,
    voting::RANKED_PAIRS,
    voting::MINIMAX,
    voting::STV,
    voting::ITERATIVE_MAXIMAL_LOTTERY,
    kemeny::ENTRY,
    soft_condorcet::ENTRY,
    fenchel_young::ENTRY,
    tsp_rank::ENTRY,
    plackett_luce::ENTRY,
];

impl RaterEntry {
    /// The rater of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        RATERS.iter().find(|entry| entry.name == name)
    }

    /// The rater with these settings.
    ///
    /// # Errors
    /// If a setting is not one of this rater's, or its value is not one it takes.
    pub fn rater(&self, settings: &Settings) -> Result<Box<dyn Rater>, SettingsError> {
        settings.check(self.name, self.settings)?;
        (self.build)(settings)
    }
}
