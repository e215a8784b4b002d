//! Payoff matrices: what one item gets from meeting another, from counts or as given.

use nalgebra::{DMatrix, DVector};

use crate::data::ItemId;
use crate::data::graph::{PreferenceGraph, margin};
use crate::models::bradley_terry::{BradleyTerry, logistic};
use crate::models::{FitError, Rater, Setting, Settings, SettingsError};
use crate::structure::Note;

/// What an item gets from meeting another one. The games differ, and so do their equilibria: with the
/// same number of comparisons for each pair probabilities and margins have the same ones, the others
/// have not.
///
/// With w and l for the weight that i won from j and lost to it, ties being half of each:
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Payoff {
    /// The smoothed logit `ln((w + c) / (l + c))`, c being the smoothing: Balduzzi et al. 2018.
    #[default]
    Logits,
    /// `w / (w + l) − ½`, unsmoothed: the von Neumann winner of Dudík et al. 2015.
    Probability,
    /// `w − l`: the maximal lotteries of Kreweras 1965 and Fishburn 1984.
    Margin,
    /// The sign of `w − l`: the bipartisan set of Laffond, Laslier and Le Breton 1993.
    Sign,
}

/// What is taken for a pair that never met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unmet {
    /// A payoff of 0, as if it had been even.
    #[default]
    Even,
    /// What [`BradleyTerry`] with its defaults predicts. For logits and probabilities: a pair that did
    /// not vote has no margin to predict.
    BradleyTerry,
}

/// How counts become payoffs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PayoffSettings {
    /// The payoff.
    pub payoff: Payoff,
    /// What is added to wins and losses before logits are taken. With 0 a pair that one side won
    /// throughout has no logit, and is an error.
    pub smoothing: f64,
    /// What is taken for a pair that never met.
    pub unmet: Unmet,
}

impl Default for PayoffSettings {
    fn default() -> Self {
        Self::of(Payoff::default())
    }
}

/// The settings of raters on payoffs; the first value of each is its default for logits.
pub(super) const PAYOFF: &str = "logits, probability (less one half), margin (of votes) or sign (of the margin)";
pub(super) const SMOOTHING: Setting =
    Setting { name: "smoothing", default: "0.5", summary: "added to wins and losses before logits are taken" };
pub(super) const UNMET: Setting = Setting {
    name: "unmet",
    default: "even",
    summary: "pairs that never met: even (payoff 0) or bradley-terry (as it predicts)",
};

impl PayoffSettings {
    /// This payoff with the defaults of the rest.
    pub fn of(payoff: Payoff) -> Self {
        Self { payoff, smoothing: 0.5, unmet: Unmet::Even }
    }

    /// From `payoff`, `smoothing` and `unmet`, with a payoff of its own for each rater.
    pub(super) fn read(settings: &Settings, default: Payoff) -> Result<Self, SettingsError> {
        let payoffs = [
            ("logits", Payoff::Logits),
            ("probability", Payoff::Probability),
            ("margin", Payoff::Margin),
            ("sign", Payoff::Sign),
        ];
        let payoff = settings.get("payoff").map_or(Ok(default), |_| settings.choice("payoff", &payoffs))?;
        let usual = Self::of(payoff);
        let amount = |x: f64| x.is_finite() && x >= 0.0;
        let smoothing = settings.number("smoothing", usual.smoothing, "a number of 0 or more", amount)?;
        let fills: &[(&str, Unmet)] = match payoff {
            Payoff::Logits | Payoff::Probability => &[("even", Unmet::Even), ("bradley-terry", Unmet::BradleyTerry)],
            Payoff::Margin | Payoff::Sign => &[("even", Unmet::Even)],
        };
        Ok(Self { payoff, smoothing, unmet: settings.choice("unmet", fills)? })
    }
}

/// Why numbers are no game or no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayoffError {
    /// Rows of different lengths, or not as many as a row has entries where that is asked.
    #[error("row {row} has {found} entries and {expected} were expected")]
    Shape {
        /// The row, from 0.
        row: usize,
        /// Its entries.
        found: usize,
        /// Those it should have.
        expected: usize,
    },
    /// NaN or infinite.
    #[error("the entry in row {row}, column {column} is {value}; give a finite number")]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The number.
        value: String,
    },
    /// What i gets of j is not what j loses to i.
    #[error(
        "the entries at ({row}, {column}) and back add up to {sum} and not to {expected}: what one side gets the other loses"
    )]
    NotSkew {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// What they add up to.
        sum: String,
        /// What they should add up to.
        expected: &'static str,
    },
    /// A policy is one probability an item, of positive sum.
    #[error("a policy over {items} items is {items} numbers of 0 or more with a positive sum; got {found}")]
    NotAPolicy {
        /// The items.
        items: usize,
        /// What was given, in words.
        found: String,
    },
    /// A setting out of range.
    #[error("{name} is {value}: it must be {expected}")]
    OutOfRange {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
}

/// A symmetric zero-sum game: A with `A_ij = −A_ji`, the payoff of item i against item j, in the units of
/// what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Payoffs {
    pub(super) matrix: DMatrix<f64>,
}

/// How far `A_ij + A_ji` may be from 0, in units of the largest entry: rounding in what was given.
const SKEW_TOLERANCE: f64 = 1e-9;

impl Payoffs {
    /// From payoffs or scores, row by row: logits, margins, scores `s(i > j)`. Rounding in skewness is
    /// taken out. O(items²).
    ///
    /// # Errors
    /// If the rows are not square, not finite, or not skew.
    pub fn from_scores(rows: &[Vec<f64>]) -> Result<Self, PayoffError> {
        let matrix = square(rows)?;
        let allowed = SKEW_TOLERANCE * matrix.amax().max(f64::MIN_POSITIVE);
        for row in 0..rows.len() {
            for column in 0..=row {
                let sum = matrix[(row, column)] + matrix[(column, row)];
                if sum.abs() > allowed {
                    return Err(PayoffError::NotSkew { row, column, sum: sum.to_string(), expected: "0" });
                }
            }
        }
        Ok(Self { matrix: (&matrix - matrix.transpose()) * 0.5 })
    }

    /// From win probabilities `P(i > j)`, row by row, with one half on the diagonal: the game `P − ½`.
    /// O(items²).
    ///
    /// # Errors
    /// If the rows are not square, not finite, or `P_ij + P_ji` is not 1.
    pub fn from_probabilities(rows: &[Vec<f64>]) -> Result<Self, PayoffError> {
        let centred: Vec<Vec<f64>> = rows.iter().map(|row| row.iter().map(|p| p - 0.5).collect()).collect();
        // Bounds hold of the difference from one half, so the largest entry is at most that.
        Self::from_scores(&centred).map_err(|error| match error {
            PayoffError::NotSkew { row, column, .. } => {
                let sum = (rows[row][column] + rows[column][row]).to_string();
                PayoffError::NotSkew { row, column, sum, expected: "1" }
            }
            other => other,
        })
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.matrix.nrows()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.matrix.is_empty()
    }

    /// What item i gets of item j.
    ///
    /// # Panics
    /// If there are no such items.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.matrix[(i, j)]
    }

    /// `A p`: what each item gets on average of opponents drawn by `policy`. O(items²).
    ///
    /// # Errors
    /// If the policy is not one number of 0 or more an item, with a positive sum; it is divided by that.
    pub fn against(&self, policy: &[f64]) -> Result<Vec<f64>, PayoffError> {
        Ok(self.mean_against(&self.normalised(policy)?))
    }

    /// How much the best answer gets against `policy`: 0 at an equilibrium and nowhere else. O(items²).
    ///
    /// # Errors
    /// As [`against`](Self::against).
    pub fn exploitability(&self, policy: &[f64]) -> Result<f64, PayoffError> {
        Ok(self.against(policy)?.into_iter().fold(0.0, f64::max))
    }

    pub(super) fn mean_against(&self, policy: &DVector<f64>) -> Vec<f64> {
        (&self.matrix * policy).iter().copied().collect()
    }

    /// The policy as a distribution.
    pub(super) fn normalised(&self, policy: &[f64]) -> Result<DVector<f64>, PayoffError> {
        let refused = |found: String| PayoffError::NotAPolicy { items: self.len(), found };
        if policy.len() != self.len() {
            return Err(refused(format!("{} numbers", policy.len())));
        }
        if let Some(wrong) = policy.iter().find(|p| !(p.is_finite() && **p >= 0.0)) {
            return Err(refused(wrong.to_string()));
        }
        let sum: f64 = policy.iter().sum();
        let is_sum = policy.is_empty() || (sum > 0.0 && sum.is_finite());
        if !is_sum {
            return Err(refused(format!("a sum of {sum}")));
        }
        Ok(DVector::from_iterator(policy.len(), policy.iter().map(|p| p / sum)))
    }
}

/// The rows as a matrix with as many columns as the first row.
pub(super) fn rectangle(rows: &[Vec<f64>]) -> Result<DMatrix<f64>, PayoffError> {
    of_width(rows, rows.first().map_or(0, Vec::len))
}

fn square(rows: &[Vec<f64>]) -> Result<DMatrix<f64>, PayoffError> {
    of_width(rows, rows.len())
}

fn of_width(rows: &[Vec<f64>], expected: usize) -> Result<DMatrix<f64>, PayoffError> {
    for (row, entries) in rows.iter().enumerate() {
        if entries.len() != expected {
            return Err(PayoffError::Shape { row, found: entries.len(), expected });
        }
        if let Some(column) = entries.iter().position(|entry| !entry.is_finite()) {
            return Err(PayoffError::NotFinite { row, column, value: entries[column].to_string() });
        }
    }
    Ok(DMatrix::from_fn(rows.len(), expected, |i, j| rows[i][j]))
}

/// The game that a log is.
#[derive(Debug, Clone, PartialEq)]
pub struct Game {
    /// The payoffs, one row a player.
    pub payoffs: Payoffs,
    /// The items that play: all that were compared at all, or all where none was.
    pub players: Vec<ItemId>,
    /// The pairs of players that never met.
    pub unmet: usize,
}

impl Game {
    /// The game of a log's counts. O(items² + pairs), and a Bradley-Terry fit where unmet pairs ask for one.
    ///
    /// # Errors
    /// If there are more than `limit` players, or a pair has no logit.
    pub fn of(
        graph: &PreferenceGraph,
        settings: PayoffSettings,
        method: &'static str,
        limit: usize,
    ) -> Result<Self, FitError> {
        let sums = graph.pair_sums();
        let (low, high) = (index_of(&sums.low), index_of(&sums.high));
        let met = |pair: usize| sums.low_wins[pair] + sums.high_wins[pair] + sums.ties[pair] > 0.0;
        let players = players(graph, (0..low.len()).filter(|&pair| met(pair)).flat_map(|pair| [low[pair], high[pair]]));
        let n = players.len();
        if n > limit {
            return Err(FitError::TooManyItems { method, items: n, limit });
        }
        let mut place = vec![usize::MAX; graph.items().len()];
        players.iter().enumerate().for_each(|(at, item)| place[item.index()] = at);
        let mut matrix = unmet_payoffs(graph, settings, &players)?;
        let mut unmet = n * n.saturating_sub(1) / 2;
        for pair in (0..low.len()).filter(|&pair| met(pair)) {
            let half = 0.5 * sums.ties[pair];
            let points = (sums.low_wins[pair] + half, sums.high_wins[pair] + half);
            let payoff = settings.payoff_of(points.0, points.1);
            if !payoff.is_finite() {
                let name = |item: usize| graph.items().name(ItemId(item as u32)).to_owned();
                let (winner, loser) = if payoff > 0.0 { (low[pair], high[pair]) } else { (high[pair], low[pair]) };
                return Err(FitError::OneSided { method, winner: name(winner), loser: name(loser) });
            }
            let (i, j) = (place[low[pair]], place[high[pair]]);
            (matrix[(i, j)], matrix[(j, i)]) = (payoff, -payoff);
            unmet -= 1;
        }
        Ok(Self { payoffs: Payoffs { matrix }, players, unmet })
    }

    /// What the reader of a board must know of its pairs.
    pub(super) fn notes(&self, settings: PayoffSettings) -> Option<Note> {
        (self.unmet > 0).then(|| {
            let pairs = self.players.len() * (self.players.len() - 1) / 2;
            let taken = match settings.unmet {
                Unmet::Even if matches!(settings.payoff, Payoff::Margin | Payoff::Sign) => {
                    "were taken as even, which favours items that met few others"
                }
                Unmet::Even => {
                    "were taken as even, which favours items that met few others; unmet=bradley-terry takes what that predicts"
                }
                Unmet::BradleyTerry => "have the payoff that bradley-terry predicts",
            };
            Note::new("unmet-pairs", format!("{} of {pairs} pairs never met and {taken}", self.unmet))
        })
    }

    /// Values of the players as values of all items, `absent` for the others.
    pub(super) fn spread(&self, values: &[f64], items: usize, absent: f64) -> Vec<f64> {
        let mut all = vec![absent; items];
        self.players.iter().zip(values).for_each(|(player, value)| all[player.index()] = *value);
        all
    }
}

impl PayoffSettings {
    /// Antisymmetric to the last bit, so that a tie is exactly 0 and clones are alike.
    fn payoff_of(self, won: f64, lost: f64) -> f64 {
        let margin = margin(won, lost);
        match self.payoff {
            Payoff::Logits => (won + self.smoothing).ln() - (lost + self.smoothing).ln(),
            Payoff::Probability => margin / (2.0 * (won + lost)),
            Payoff::Margin => margin,
            Payoff::Sign if margin > 0.0 => 1.0,
            Payoff::Sign if margin < 0.0 => -1.0,
            Payoff::Sign => 0.0,
        }
    }
}

fn index_of(ids: &[u32]) -> Vec<usize> {
    ids.iter().map(|&id| id as usize).collect()
}

/// The items compared at all, or all where none was.
fn players(graph: &PreferenceGraph, seen: impl Iterator<Item = usize>) -> Vec<ItemId> {
    let mut plays = vec![false; graph.items().len()];
    seen.for_each(|item| plays[item] = true);
    let none = !plays.contains(&true);
    (0..plays.len()).filter(|&item| none || plays[item]).map(|item| ItemId(item as u32)).collect()
}

/// The payoffs of all pairs as if none had met.
fn unmet_payoffs(
    graph: &PreferenceGraph,
    settings: PayoffSettings,
    players: &[ItemId],
) -> Result<DMatrix<f64>, FitError> {
    let n = players.len();
    if settings.unmet == Unmet::Even {
        return Ok(DMatrix::zeros(n, n));
    }
    let fitted = BradleyTerry::default().fit(graph.into(), None)?;
    let ratings: Vec<f64> = players.iter().map(|item| fitted.ratings()[item.index()]).collect();
    Ok(DMatrix::from_fn(n, n, |i, j| {
        let difference = ratings[i] - ratings[j];
        match settings.payoff {
            Payoff::Logits => difference,
            // Of the half that rounds the same both ways.
            Payoff::Probability => 0.5 * (logistic(difference) - logistic(-difference)),
            Payoff::Margin | Payoff::Sign => 0.0,
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::graph::Tally;
    use crate::data::{Comparison, Outcome};

    fn graph(items: usize, counts: &[(u32, u32, f64)]) -> PreferenceGraph {
        let mut tally = Tally::new((0..items).map(|item| item.to_string()).collect());
        for &(left, right, count) in counts {
            let row = Comparison::new(ItemId(left), ItemId(right), Outcome::Left);
            tally.add(Comparison { count, ..row });
        }
        PreferenceGraph::from_tally(tally)
    }

    fn game(counts: &[(u32, u32, f64)], settings: PayoffSettings) -> Result<Game, FitError> {
        Game::of(&graph(4, counts), settings, "test", 100)
    }

    #[test]
    fn each_payoff_is_what_its_name_says() {
        let counts = [(0, 1, 6.0), (1, 0, 2.0), (2, 0, 1.0)];
        for (payoff, smoothing, expected) in [
            (Payoff::Logits, 0.5, (6.5_f64 / 2.5).ln()),
            (Payoff::Probability, 0.5, 0.25),
            (Payoff::Margin, 0.5, 4.0),
            (Payoff::Sign, 0.5, 1.0),
        ] {
            let settings = PayoffSettings { smoothing, ..PayoffSettings::of(payoff) };
            let found = game(&counts, settings).unwrap();
            assert_eq!((found.players.len(), found.unmet), (3, 1), "item 3 does not play, and 1 and 2 never met");
            approx::assert_relative_eq!(found.payoffs.get(0, 1), expected, epsilon = 1e-15);
            assert_eq!(found.payoffs.get(0, 1).to_bits(), (-found.payoffs.get(1, 0)).to_bits());
            assert_eq!(found.payoffs.get(1, 2).to_bits(), 0);
        }
    }

    #[test]
    fn unmet_pairs_may_have_what_bradley_terry_predicts() {
        let counts = [(0, 1, 3.0), (1, 0, 1.0), (1, 2, 3.0), (2, 1, 1.0)];
        for (payoff, expected) in [(Payoff::Logits, 9.0_f64.ln()), (Payoff::Probability, 0.4)] {
            let settings = PayoffSettings { unmet: Unmet::BradleyTerry, ..PayoffSettings::of(payoff) };
            let found = Game::of(&graph(3, &counts), settings, "test", 100).unwrap();
            approx::assert_relative_eq!(found.payoffs.get(0, 2), expected, epsilon = 1e-9);
            assert_eq!(found.unmet, 1);
        }
        let refused =
            PayoffSettings::read(&Settings::parse(["payoff=margin", "unmet=bradley-terry"]).unwrap(), Payoff::Margin);
        assert_eq!(refused.unwrap_err().to_string(), "unmet=bradley-terry: unmet takes even");
    }

    #[test]
    fn a_one_sided_pair_has_no_raw_logit() {
        let settings = PayoffSettings { smoothing: 0.0, ..PayoffSettings::default() };
        let refused = game(&[(0, 1, 3.0), (1, 2, 3.0), (2, 1, 1.0)], settings).unwrap_err();
        assert!(refused.to_string().contains("'0' won all comparisons with '1'"), "{refused}");
    }

    #[test]
    fn more_items_than_the_limit_are_refused() {
        let counts = [(0, 1, 1.0), (1, 2, 1.0)];
        let of = |limit| Game::of(&graph(4, &counts), PayoffSettings::default(), "test", limit);
        assert!(of(3).is_ok(), "item 3 does not play");
        assert_eq!(of(2).unwrap_err(), FitError::TooManyItems { method: "test", items: 3, limit: 2 });
    }

    #[test]
    fn what_is_no_game_is_refused() {
        let rows = |rows: [[f64; 2]; 2]| rows.map(Vec::from);
        let message = |error: PayoffError| error.to_string();
        assert!(message(Payoffs::from_scores(&[vec![0.0, 1.0]]).unwrap_err()).contains("row 0 has 2 entries and 1"));
        let found = Payoffs::from_scores(&rows([[0.0, 1.0], [1.0, 0.0]])).unwrap_err();
        assert!(message(found).contains("add up to 2 and not to 0"));
        let found = Payoffs::from_probabilities(&rows([[0.5, 0.7], [0.2, 0.5]])).unwrap_err();
        assert!(message(found).contains("and not to 1"));
        assert!(Payoffs::from_scores(&rows([[0.0, f64::NAN], [0.0, 0.0]])).is_err());
        let game = Payoffs::from_scores(&rows([[0.0, 1.0], [-1.0, 0.0]])).unwrap();
        assert!(message(game.against(&[1.0]).unwrap_err()).contains("got 1 numbers"));
        assert!(game.against(&[1.0, -1.0]).is_err() && game.against(&[0.0, 0.0]).is_err());
        assert_eq!(game.exploitability(&[0.0, 2.0]).unwrap().to_bits(), 1.0_f64.to_bits());
    }
}
