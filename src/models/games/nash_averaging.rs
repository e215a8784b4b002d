//! Nash averaging and maximal lotteries: two readings of one equilibrium.

use super::payoffs::{Game, PAYOFF, Payoff, PayoffSettings, SMOOTHING, UNMET};
use super::{Equilibrium, ITEM_LIMIT};
use crate::data::graph::PreferenceGraph;
use crate::models::{
    Convergence, Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, Rater, RaterEntry, Setting, Units,
};
use crate::structure::Identification;

const NASH: &str = "nash-averaging";
const LOTTERY: &str = "maximal-lottery";

pub(in crate::models) const NASH_AVERAGING: RaterEntry = RaterEntry {
    name: NASH,
    summary: "payoff against the equilibrium of highest entropy: 0 for the items it plays and others that do as well, less for the rest; copies of an item change nothing",
    needs: Needs::Counts,
    units: Units::Payoff,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: false, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[Setting { name: "payoff", default: "logits", summary: PAYOFF }, SMOOTHING, UNMET],
    build: |settings| {
        Ok(Box::new(NashAveraging {
            payoffs: PayoffSettings::read(settings, NashAveraging::default().payoffs.payoff)?,
        }))
    },
};

pub(in crate::models) const MAXIMAL_LOTTERY: RaterEntry = RaterEntry {
    name: LOTTERY,
    summary: "the lottery that no other beats on average, of highest entropy where there are several; with payoff=logits the weights of nash-averaging",
    needs: Needs::Counts,
    units: Units::Probability,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: true, dominated_ranks_last: true },
    has_covariance: false,
    settings: &[Setting { name: "payoff", default: "margin", summary: PAYOFF }, SMOOTHING, UNMET],
    build: |settings| {
        let usual = MaximalLottery::default().payoffs.payoff;
        Ok(Box::new(MaximalLottery { payoffs: PayoffSettings::read(settings, usual)? }))
    },
};

/// Nash averaging. Unit: that of the payoffs, log-odds by default; at most 0.
///
/// The rating of an item is `(A p)_i`, its mean payoff against p, the equilibrium of highest entropy of the
/// game in which two players each choose an item. All items that p plays are rated 0 and share the first
/// rank; p itself is [`GameFit::equilibrium`]. Adding a copy of an item, or an item that others dominate,
/// moves no rating.
///
/// Payoffs are smoothed logits of the counts, pairs that never met are even unless told otherwise, and an
/// item without comparisons does not play. The equilibrium jumps where the payoffs cross a boundary: the
/// bootstrap shows how near the log is to one.
///
/// # Source
/// Balduzzi, Tuyls, Pérolat and Graepel 2018, whose payoffs are raw logits.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NashAveraging {
    /// How counts become payoffs.
    pub payoffs: PayoffSettings,
}

/// The maximal lottery. Unit: a probability; they sum to 1.
///
/// The equilibrium of the game of vote margins: the lottery over items that is preferred to any other by
/// an expected majority. With an odd number of voters of full orders it is the only one; where there
/// are several, the one of highest entropy is given. It chooses a Condorcet winner for sure, and plays
/// the essential set.
///
/// # Source
/// Kreweras 1965; Fishburn 1984; Brandl, Brandt and Seedig 2016. Laffond et al. 1997 for the uniqueness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaximalLottery {
    /// How counts become payoffs.
    pub payoffs: PayoffSettings,
}

impl Default for MaximalLottery {
    fn default() -> Self {
        Self { payoffs: PayoffSettings::of(Payoff::Margin) }
    }
}

/// An equilibrium with the ratings read from it.
#[derive(Debug, Clone)]
pub struct GameFit {
    /// The game: payoffs among the items that play.
    pub game: Game,
    /// Its equilibrium, in the order of [`Game::players`].
    pub equilibrium: Equilibrium,
    ratings: Vec<f64>,
    identification: Identification,
    notes: Vec<Note>,
}

impl NashAveraging {
    /// The fit with its equilibrium. O(items³) an iteration, some twenty of them; up to [`ITEM_LIMIT`] items.
    ///
    /// # Errors
    /// If there are more items than that, or smoothing is 0 and one side won all comparisons of a pair.
    pub fn solve(&self, graph: &PreferenceGraph) -> Result<GameFit, FitError> {
        GameFit::of(graph, self.payoffs, NASH, |it| (&it.payoffs, f64::NAN))
    }
}

impl MaximalLottery {
    /// The fit with its equilibrium; costs and errors as of [`NashAveraging::solve`].
    ///
    /// # Errors
    /// If there are more than [`ITEM_LIMIT`] items, or logits were asked for and there is none.
    pub fn solve(&self, graph: &PreferenceGraph) -> Result<GameFit, FitError> {
        GameFit::of(graph, self.payoffs, LOTTERY, |it| (&it.probabilities, 0.0))
    }
}

impl Rater for NashAveraging {
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        Ok(Box::new(self.solve(evidence.graph)?))
    }
}

impl Rater for MaximalLottery {
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        Ok(Box::new(self.solve(evidence.graph)?))
    }
}

impl GameFit {
    /// `read` gives the players' ratings and that of items that don't play.
    fn of(
        graph: &PreferenceGraph,
        settings: PayoffSettings,
        method: &'static str,
        read: fn(&Equilibrium) -> (&[f64], f64),
    ) -> Result<Self, FitError> {
        let game = Game::of(graph, settings, method, ITEM_LIMIT)?;
        let equilibrium = Equilibrium::of(&game.payoffs);
        // Log-odds of a pair that went one way are as large as the smoothing lets them be.
        let (identification, mut notes) = if settings.payoff == Payoff::Logits {
            let found = Identification::by_strong_connection(graph);
            let notes = found.notes_held_by(graph, "their payoffs are held by the smoothing alone");
            (found, notes)
        } else {
            let found = Identification::by_connection(graph);
            let notes = found.notes(graph);
            (found, notes)
        };
        notes.extend(game.notes(settings));
        let (values, absent) = read(&equilibrium);
        // What the solve leaves of a payoff of 0 is no payoff.
        let values: Vec<f64> = values.iter().map(|&value| if value.abs() < 1e-12 { 0.0 } else { value }).collect();
        let ratings = game.spread(&values, graph.items().len(), absent);
        Ok(Self { game, equilibrium, ratings, identification, notes })
    }
}

impl Fitted for GameFit {
    fn ratings(&self) -> &[f64] {
        &self.ratings
    }

    fn convergence(&self) -> Convergence {
        self.equilibrium.convergence
    }

    fn identification(&self) -> &Identification {
        &self.identification
    }

    /// The number of items that the equilibrium plays.
    fn parameters(&self) -> Vec<(&'static str, Option<f64>)> {
        vec![("support", Some(self.equilibrium.support.iter().filter(|plays| **plays).count() as f64))]
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}
