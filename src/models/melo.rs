//! mElo: Elo with a few further coordinates an item for what is cyclic.

use super::bradley_terry::logistic;
use super::elo::one_by_one;
use super::{Convergence, Evidence, FitError, Fitted, Laws, Mirror, Needs, Note, Rater, RaterEntry, Setting, Units};
use crate::data::{ItemId, Log};
use crate::random::{Purpose, SimRng, stream};
use crate::structure::Identification;
use rand_distr::{Distribution, StandardNormal};

const NAME: &str = "melo";

pub(super) const ENTRY: RaterEntry = RaterEntry {
    name: NAME,
    summary: "mElo: Elo with vectors that learn cycles, from a seeded start, updated in the order of the log; depends on both",
    needs: Needs::Rows,
    units: Units::LogOdds,
    laws: Laws { mirror: Mirror::Free, doubling_changes_nothing: false, dominated_ranks_last: false },
    has_covariance: false,
    settings: &[
        Setting { name: "dimension", default: "2", summary: "coordinates of a vector, an even number; 0 is Elo" },
        Setting { name: "rating_rate", default: "0.0921", summary: "log-odds that a certain surprise moves a rating" },
        Setting { name: "vector_rate", default: "0.1", summary: "the same for vectors, in units of the opponent's" },
        Setting { name: "spread", default: "0.1", summary: "deviation of the seeded coordinates at the start" },
    ],
    build: |settings| {
        let usual = MultidimensionalElo::default();
        let amount = |x: f64| x.is_finite() && x >= 0.0;
        let number = |name, default| settings.number(name, default, "a number of 0 or more", amount);
        Ok(Box::new(MultidimensionalElo {
            dimension: settings
                .number("dimension", usual.dimension, "an even number from 0 to 64", |d| d <= 64 && d % 2 == 0)?,
            rating_rate: number("rating_rate", usual.rating_rate)?,
            vector_rate: number("vector_rate", usual.vector_rate)?,
            spread: number("spread", usual.spread)?,
            seed: settings.seed,
        }))
    },
};

/// mElo₂ₖ, online. Unit: natural log-odds.
///
/// `P(i beats j) = σ(r_i − r_j + Σ_l (a_il b_jl − b_il a_jl))` with k pairs of coordinates (a, b) an item. After each
/// comparison, with δ what the left item scored above that, times its weight, r moves by ± rate · δ and
/// `c_i` by rate · δ · Ω `c_j`, `c_j` by −rate · δ · Ω `c_i`, both from the old values, `Ω = [[0, 1], [−1, 0]]` on each pair.
///
/// An item's coordinates start as seeded normal numbers, drawn in the order in which items first appear.
/// The rating shown is the mean log-odds of an item against all that were compared: unlike r it depends
/// on the predictions alone and not on where the vectors are centred.
///
/// # Source
/// Balduzzi et al. 2018, section 3. The default rate of ratings is 16 Elo points, 16 ln 10 / 400.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultidimensionalElo {
    /// The coordinates of a vector, 2k.
    pub dimension: usize,
    /// How far a certain surprise moves a rating, in log-odds.
    pub rating_rate: f64,
    /// How far it moves a vector, in units of the opponent's.
    pub vector_rate: f64,
    /// The standard deviation of coordinates at the start. At 0 they never leave it.
    pub spread: f64,
    /// The seed of the start, and of the order of counted rows.
    pub seed: u64,
}

impl Default for MultidimensionalElo {
    fn default() -> Self {
        Self { dimension: 2, rating_rate: 0.0921, vector_rate: 0.1, spread: 0.1, seed: 0 }
    }
}

/// Ratings and vectors after the last comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct MeloState {
    /// r, one an item.
    pub ratings: Vec<f64>,
    /// The vectors one after the other, as pairs (a, b).
    pub vectors: Vec<f64>,
    /// The coordinates of each.
    pub dimension: usize,
}

impl MeloState {
    /// The coordinates of an item.
    pub fn vector(&self, item: ItemId) -> &[f64] {
        &self.vectors[item.index() * self.dimension..][..self.dimension]
    }

    /// The log-odds of i against j. O(dimension).
    pub fn log_odds(&self, i: ItemId, j: ItemId) -> f64 {
        self.ratings[i.index()] - self.ratings[j.index()] + cross(self.vector(i), self.vector(j))
    }

    /// Takes in one comparison in which `left` scored `share`; `rates` are multiplied by the comparison's
    /// weight beforehand. O(dimension).
    pub fn update(&mut self, left: ItemId, right: ItemId, share: f64, rates: MeloRates) {
        let surprise = share - logistic(self.log_odds(left, right));
        self.ratings[left.index()] += rates.rating * surprise;
        self.ratings[right.index()] -= rates.rating * surprise;
        let step = rates.vector * surprise;
        for l in (0..self.dimension).step_by(2) {
            let (i, j) = (left.index() * self.dimension + l, right.index() * self.dimension + l);
            let (a_i, b_i, a_j, b_j) = (self.vectors[i], self.vectors[i + 1], self.vectors[j], self.vectors[j + 1]);
            self.vectors[i] += step * b_j;
            self.vectors[i + 1] -= step * a_j;
            self.vectors[j] -= step * b_i;
            self.vectors[j + 1] += step * a_i;
        }
    }
}

/// How far a certain surprise moves what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeloRates {
    /// Ratings, in log-odds.
    pub rating: f64,
    /// Vectors, in units of the opponent's.
    pub vector: f64,
}

fn cross(left: &[f64], right: &[f64]) -> f64 {
    let pairs = left.chunks_exact(2).zip(right.chunks_exact(2));
    pairs.map(|(c, d)| c[0] * d[1] - c[1] * d[0]).sum()
}

/// A fit of [`MultidimensionalElo`].
#[derive(Debug, Clone)]
pub struct MeloFit {
    /// What the log left behind.
    pub state: MeloState,
    ratings: Vec<f64>,
    identification: Identification,
    notes: Vec<Note>,
}

impl MultidimensionalElo {
    /// The fit with its vectors. O(rows × dimension).
    ///
    /// # Errors
    /// Without rows, or with counts that are not whole.
    pub fn play(&self, evidence: Evidence<'_>) -> Result<MeloFit, FitError> {
        let rows = evidence.rows.ok_or(FitError::NeedsRows { method: NAME })?;
        let mut identification = Identification::by_connection(evidence.graph);
        let mut notes = identification.notes(evidence.graph);
        let log = one_by_one(rows, NAME, self.seed, &mut notes)?;
        let state = self.replay(&log);
        let ratings = mean_log_odds(&state);
        identification.members.retain(|member| ratings[member.index()].is_finite());
        if ratings.iter().any(|rating| !rating.is_finite()) {
            let message = "ratings grew beyond all numbers; take a smaller vector_rate, or weights near 1";
            notes.push(Note::new("diverged", message));
        }
        Ok(MeloFit { state, ratings, identification, notes })
    }

    fn replay(&self, log: &Log) -> MeloState {
        let n = log.items().len();
        let mut state =
            MeloState { ratings: vec![0.0; n], vectors: vec![0.0; n * self.dimension], dimension: self.dimension };
        let mut seen = vec![false; n];
        let mut draws = stream(self.seed, Purpose::MeloVectors, 0);
        for row in log.rows() {
            for item in [row.left, row.right] {
                if !std::mem::replace(&mut seen[item.index()], true) {
                    self.start(&mut state, item, &mut draws);
                }
            }
            let rates = MeloRates { rating: self.rating_rate * row.weight, vector: self.vector_rate * row.weight };
            state.update(row.left, row.right, row.outcome.share(), rates);
        }
        state
    }

    fn start(&self, state: &mut MeloState, item: ItemId, draws: &mut SimRng) {
        for coordinate in &mut state.vectors[item.index() * self.dimension..][..self.dimension] {
            let normal: f64 = StandardNormal.sample(draws);
            *coordinate = self.spread * normal;
        }
    }
}

/// `(1/n) Σ_j s_ij`, which is `r_i` with the vectors centred, less the mean of r. Items that never met anyone have
/// neither rating nor vector and are no opponents. O(n × dimension).
fn mean_log_odds(state: &MeloState) -> Vec<f64> {
    let n = state.ratings.len();
    let plays = |item: usize| {
        let vector = &state.vectors[item * state.dimension..][..state.dimension];
        state.ratings[item] != 0.0 || vector.iter().any(|coordinate| *coordinate != 0.0)
    };
    let players = (0..n).filter(|&item| plays(item)).count().max(1) as f64;
    let mean_rating = state.ratings.iter().sum::<f64>() / players;
    let mut centre = vec![0.0; state.dimension];
    for vector in state.vectors.chunks_exact(state.dimension.max(1)) {
        centre.iter_mut().zip(vector).for_each(|(sum, coordinate)| *sum += coordinate / players);
    }
    let of = |item: usize| state.ratings[item] - mean_rating + cross(state.vector(ItemId(item as u32)), &centre);
    (0..n).map(|item| if plays(item) { of(item) } else { 0.0 }).collect()
}

impl Rater for MultidimensionalElo {
    fn fit(&self, evidence: Evidence<'_>, _start: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        Ok(Box::new(self.play(evidence)?))
    }
}

impl Fitted for MeloFit {
    fn ratings(&self) -> &[f64] {
        &self.ratings
    }

    fn convergence(&self) -> Convergence {
        Convergence::CLOSED_FORM
    }

    fn identification(&self) -> &Identification {
        &self.identification
    }

    /// By ratings alone: right against the mean item, to which vectors add nothing on average.
    fn share_at(&self, difference: f64) -> Option<f64> {
        Some(logistic(difference))
    }

    fn predicts_by_differences(&self) -> bool {
        false
    }

    fn probability(&self, i: ItemId, j: ItemId) -> Option<f64> {
        Some(logistic(self.state.log_odds(i, j)))
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::graph::PreferenceGraph;
    use crate::data::{Comparison, Outcome};

    /// Item k beats item k + 1 of three, in turns.
    fn cycle(rows: u32) -> (Log, PreferenceGraph) {
        let mut log = Log::new(["a", "b", "c"].into_iter().collect());
        for row in 0..rows {
            let (left, right) = (ItemId(row % 3), ItemId((row + 1) % 3));
            log.push(Comparison::new(left, right, Outcome::Left));
        }
        let graph = PreferenceGraph::from_log(&log);
        (log, graph)
    }

    fn play(rater: &MultidimensionalElo, rows: u32) -> MeloFit {
        let (log, graph) = cycle(rows);
        rater.play(Evidence { rows: Some(&log), ..Evidence::from(&graph) }).unwrap()
    }

    #[test]
    fn vectors_learn_a_cycle_that_ratings_can_not() {
        let fitted = play(&MultidimensionalElo::default(), 3_000);
        let plain = play(&MultidimensionalElo { dimension: 0, ..MultidimensionalElo::default() }, 3_000);
        for item in 0..3 {
            let beats_next = |fit: &MeloFit| fit.probability(ItemId(item), ItemId((item + 1) % 3)).unwrap();
            assert!(beats_next(&fitted) > 0.9, "{}", beats_next(&fitted));
            assert!(beats_next(&plain) < 0.6);
        }
    }

    #[test]
    fn the_rating_is_the_mean_of_the_log_odds_against_all() {
        let rater = MultidimensionalElo { dimension: 4, ..MultidimensionalElo::default() };
        let fitted = play(&rater, 100);
        for item in 0..3 {
            let mean = (0..3).map(|other| fitted.state.log_odds(ItemId(item), ItemId(other))).sum::<f64>() / 3.0;
            approx::assert_relative_eq!(fitted.ratings()[item as usize], mean, epsilon = 1e-14);
        }
    }

    #[test]
    fn rates_that_are_too_large_are_told_of() {
        let fitted = play(&MultidimensionalElo { vector_rate: 1e200, ..MultidimensionalElo::default() }, 30);
        assert!(fitted.identification().members.is_empty());
        assert!(fitted.notes().iter().any(|note| note.code == "diverged"));
    }
}
