//! Bradley-Terry where something is known of items before the log is read: ratings that stay as they are, and normal
//! priors. So ratings have an origin, and no mean item is needed.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::bradley_terry::{DENSE_LIMIT, logistic, softplus};
use super::{Convergence, FitError, Fitted, Note};
use crate::data::ItemId;
use crate::data::graph::{PairSums, PreferenceGraph};
use crate::structure::{Connectivity, Identification, Status};

/// What is known of an item before the log is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    /// The item.
    pub item: String,
    /// Its rating, in natural log-odds.
    pub rating: f64,
    /// The standard deviation of a normal prior around it, in natural log-odds; 0 if the rating stays as it is.
    pub deviation: f64,
}

/// Settings of the fit. Ties count as half a win for both.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnchoredBradleyTerry {
    /// What is known. Items that the graph has not are left out.
    pub priors: Vec<Prior>,
}

/// Ratings with an origin, in natural log-odds.
#[derive(Debug, Clone)]
pub struct AnchoredFit {
    ratings: Vec<f64>,
    /// For each item what is known of it, as the precision of its prior: 0 nothing, infinite if it stays.
    precisions: Vec<f64>,
    pairs: PairSums,
    convergence: Convergence,
    identification: Identification,
    notes: Vec<Note>,
}

/// The ridge that holds items back that the data don't identify.
const FALLBACK_PENALTY: f64 = 0.1;
/// The largest component of the gradient left, as a share of the weight.
const TOLERANCE: f64 = 1e-12;
const MOST_ITERATIONS: u32 = 200;

impl AnchoredBradleyTerry {
    /// The ratings under which log and priors together are most probable: the maximum of the Bradley-Terry
    /// log-likelihood (ties as half wins) minus Σ (r − m)²/2s² over the items with a prior, those without a
    /// deviation being held. O(items³ + pairs) an iteration of Newton's method, of which there are 4 to 10.
    ///
    /// An item that nothing is known of is identified where wins lead from it to items of which something is known
    /// and back, for then the likelihood has a maximum. Others are held back by a penalty of 0.1, towards the mean
    /// of the known items, once these are fitted without them, and have no error.
    ///
    /// # Errors
    /// If more items move than a dense matrix is made for, or no item of the graph is known.
    pub fn fit(&self, graph: &PreferenceGraph) -> Result<AnchoredFit, FitError> {
        let items = graph.items().len();
        let (mut means, mut precisions) = (vec![0.0; items], vec![0.0; items]);
        for prior in &self.priors {
            if let Some(item) = graph.items().get(&prior.item) {
                means[item.index()] = prior.rating;
                precisions[item.index()] = if prior.deviation > 0.0 { prior.deviation.powi(-2) } else { f64::INFINITY };
            }
        }
        let known: Vec<usize> = (0..items).filter(|&item| precisions[item] > 0.0).collect();
        if known.is_empty() {
            return Err(FitError::NothingKnown { items });
        }
        let free = precisions.iter().filter(|precision| precision.is_finite()).count();
        if free > DENSE_LIMIT {
            return Err(FitError::TooManyFree { items: free, limit: DENSE_LIMIT });
        }
        let identification = identify(graph, &known);
        let middle = known.iter().map(|&item| means[item]).sum::<f64>() / known.len() as f64;
        let identified = identification.flags(items);
        let (mut pulls, mut targets) = (precisions.clone(), means);
        for item in (0..items).filter(|&item| precisions[item] <= 0.0) {
            targets[item] = middle;
            if !identified[item] {
                pulls[item] = FALLBACK_PENALTY;
            }
        }
        let pairs = graph.pair_sums();
        let weight = graph.weight();
        // What an item without an estimate did says nothing of the others: these are fitted alone, and it given them.
        let held = |stays: &dyn Fn(usize) -> bool| -> Vec<f64> {
            pulls.iter().enumerate().map(|(item, &pull)| if stays(item) { f64::INFINITY } else { pull }).collect()
        };
        let of_members = among(&pairs, &identified);
        let first = held(&|item| !identified[item]);
        let problem = Problem { pairs: &of_members, pulls: &first, targets: &targets, weight };
        let (mut ratings, mut convergence) = problem.maximise();
        if identified.contains(&false) {
            let others = held(&|item| identified[item]);
            let problem = Problem { pairs: &pairs, pulls: &others, targets: &ratings, weight };
            let (all, found) = problem.maximise();
            ratings = all;
            convergence.converged &= found.converged;
        }
        let notes = notes(graph, &identified);
        Ok(AnchoredFit { ratings, precisions, pairs, convergence, identification, notes })
    }
}

/// The pairs of which both items are members.
fn among(pairs: &PairSums, is_member: &[bool]) -> PairSums {
    let mut found = PairSums::default();
    for pair in 0..pairs.low.len() {
        if is_member[pairs.low[pair] as usize] && is_member[pairs.high[pair] as usize] {
            found.low.push(pairs.low[pair]);
            found.high.push(pairs.high[pair]);
            found.low_wins.push(pairs.low_wins[pair]);
            found.high_wins.push(pairs.high_wins[pair]);
            found.ties.push(pairs.ties[pair]);
        }
    }
    found
}

/// Which items are known or have a finite estimate.
fn identify(graph: &PreferenceGraph, known: &[usize]) -> Identification {
    let items = graph.items().len();
    let connectivity = Connectivity::of(graph.wins());
    let (down, up) = (reached(graph, known, false), reached(graph, known, true));
    let members: Vec<ItemId> =
        (0..items).filter(|&item| down[item] && up[item]).map(|item| ItemId(item as u32)).collect();
    let status = if members.len() == items { Status::Identified } else { Status::PartiallyIdentified };
    Identification {
        status,
        members,
        components: connectivity.components,
        strong_components: connectivity.strong_components.len(),
        ties_unbounded: false,
    }
}

/// The items to which wins lead from these, or from which they lead to these.
fn reached(graph: &PreferenceGraph, from: &[usize], backwards: bool) -> Vec<bool> {
    let mut next = vec![Vec::new(); graph.items().len()];
    let wins = graph.wins();
    for arc in wins.raw_edges() {
        let (winner, loser) = (arc.source().index(), arc.target().index());
        let (one, other) = if backwards { (loser, winner) } else { (winner, loser) };
        next[one].push(other);
    }
    let mut seen = vec![false; next.len()];
    let mut open = from.to_vec();
    while let Some(item) = open.pop() {
        if !std::mem::replace(&mut seen[item], true) {
            open.extend(next[item].iter().copied().filter(|&other| !seen[other]));
        }
    }
    seen
}

fn notes(graph: &PreferenceGraph, identified: &[bool]) -> Vec<Note> {
    let others: Vec<ItemId> = graph
        .items()
        .iter()
        .enumerate()
        .filter(|&(item, _)| !identified[item])
        .map(|(item, _)| ItemId(item as u32))
        .collect();
    if others.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "no finite estimate for {} of {} items, which only won, only lost, or never met the known ones: {}; they are held \
         back by a penalty of {FALLBACK_PENALTY}, and have no interval",
        others.len(),
        graph.items().len(),
        graph.items().listed(&others, |_| "")
    );
    vec![Note::new("not-identified", message)]
}

/// A log-likelihood with a pull on each item.
struct Problem<'a> {
    pairs: &'a PairSums,
    /// For each item the precision with which it is drawn to its target; infinite if it stays there.
    pulls: &'a [f64],
    targets: &'a [f64],
    /// Of all comparisons.
    weight: f64,
}

impl Problem<'_> {
    fn maximise(&self) -> (Vec<f64>, Convergence) {
        let free: Vec<usize> = (0..self.pulls.len()).filter(|&item| self.pulls[item].is_finite()).collect();
        let mut row = vec![usize::MAX; self.pulls.len()];
        for (place, &item) in free.iter().enumerate() {
            row[item] = place;
        }
        let mut ratings = self.targets.to_vec();
        let mut value = self.value(&ratings);
        for iteration in 0..MOST_ITERATIONS {
            let (gradient, curvature) = self.derivatives(&ratings, &free, &row);
            let size = gradient.amax();
            let scale = self.weight + self.pulls.iter().filter(|pull| pull.is_finite()).sum::<f64>();
            let done = |converged| Convergence { converged, iterations: iteration, gradient_norm: Some(size) };
            if free.is_empty() || size <= TOLERANCE * scale.max(1.0) {
                return (ratings, done(true));
            }
            let Some(factor) = factor(curvature, size) else { return (ratings, done(false)) };
            let step = factor.solve(&gradient);
            let at = |share: f64| {
                let mut moved = ratings.clone();
                free.iter().zip(step.iter()).for_each(|(&item, step)| moved[item] += share * step);
                moved
            };
            // Near the maximum the value is flat but for rounding, and the whole step is right.
            let slack = 1e-13 * value.abs();
            let shares = (0..40).map(|halvings| 0.5_f64.powi(halvings));
            let better = shares.map(at).find(|moved| self.value(moved) >= value - slack);
            let Some(better) = better else { return (ratings, done(false)) };
            value = self.value(&better);
            ratings = better;
        }
        (ratings, Convergence { converged: false, iterations: MOST_ITERATIONS, gradient_norm: None })
    }

    fn value(&self, ratings: &[f64]) -> f64 {
        let pull = |item: usize| {
            let off = ratings[item] - self.targets[item];
            if self.pulls[item].is_finite() { 0.5 * self.pulls[item] * off * off } else { 0.0 }
        };
        log_likelihood(self.pairs, ratings) - (0..ratings.len()).map(pull).sum::<f64>()
    }

    /// Gradient, and negative second derivatives, over the free items.
    fn derivatives(&self, ratings: &[f64], free: &[usize], row: &[usize]) -> (DVector<f64>, DMatrix<f64>) {
        let n = free.len();
        let (mut gradient, mut curvature) = (DVector::zeros(n), DMatrix::zeros(n, n));
        for pair in 0..self.pairs.low.len() {
            let (low, high) = (self.pairs.low[pair] as usize, self.pairs.high[pair] as usize);
            let (points, weight) = points(self.pairs, pair);
            let share = logistic(ratings[low] - ratings[high]);
            let (score, bend) = (points - weight * share, weight * share * (1.0 - share));
            let (i, j) = (row[low], row[high]);
            if i != usize::MAX {
                gradient[i] += score;
                curvature[(i, i)] += bend;
            }
            if j != usize::MAX {
                gradient[j] -= score;
                curvature[(j, j)] += bend;
            }
            if i != usize::MAX && j != usize::MAX {
                curvature[(i, j)] -= bend;
                curvature[(j, i)] -= bend;
            }
        }
        for (place, &item) in free.iter().enumerate() {
            gradient[place] -= self.pulls[item] * (ratings[item] - self.targets[item]);
            curvature[(place, place)] += self.pulls[item];
        }
        (gradient, curvature)
    }
}

/// The factor of the curvature; where outcomes are so sure that it has none, that of one under which a step is no longer
/// than a few log-odds.
fn factor(curvature: DMatrix<f64>, gradient: f64) -> Option<Cholesky<f64, Dyn>> {
    const LONGEST_STEP: f64 = 4.0;
    let n = curvature.nrows();
    Cholesky::new(curvature.clone())
        .or_else(|| Cholesky::new(curvature + DMatrix::from_diagonal_element(n, n, gradient / LONGEST_STEP)))
}

/// What the low item of a pair took, ties being half, and all weight.
fn points(pairs: &PairSums, pair: usize) -> (f64, f64) {
    let (won, lost, tied) = (pairs.low_wins[pair], pairs.high_wins[pair], pairs.ties[pair]);
    (won + 0.5 * tied, won + lost + tied)
}

fn log_likelihood(pairs: &PairSums, ratings: &[f64]) -> f64 {
    let of_pair = |pair: usize| {
        let difference = ratings[pairs.low[pair] as usize] - ratings[pairs.high[pair] as usize];
        let (points, weight) = points(pairs, pair);
        points * difference - weight * softplus(difference)
    };
    (0..pairs.low.len()).map(of_pair).sum()
}

impl AnchoredFit {
    /// What is known of an item, as the precision of its prior: 0 nothing, infinite if its rating stays.
    pub(crate) fn precision(&self, item: ItemId) -> f64 {
        self.precisions[item.index()]
    }
}

impl Fitted for AnchoredFit {
    fn ratings(&self) -> &[f64] {
        &self.ratings
    }

    fn convergence(&self) -> Convergence {
        self.convergence
    }

    fn identification(&self) -> &Identification {
        &self.identification
    }

    fn log_likelihood(&self) -> Option<f64> {
        Some(log_likelihood(&self.pairs, &self.ratings))
    }

    fn share_at(&self, difference: f64) -> Option<f64> {
        Some(logistic(difference))
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BradleyTerry, Rater};
    use super::*;
    use crate::data::{Comparison, Items, Log, Outcome};

    fn graph(items: usize, rows: &[(u32, u32, usize)]) -> PreferenceGraph {
        let mut log = Log::new((0..items).map(|item| item.to_string()).collect::<Items>());
        for &(winner, loser, times) in rows {
            for _ in 0..times {
                log.push(Comparison::new(ItemId(winner), ItemId(loser), Outcome::Left));
            }
        }
        PreferenceGraph::from_log(&log)
    }

    fn prior(item: usize, rating: f64, deviation: f64) -> Prior {
        Prior { item: item.to_string(), rating, deviation }
    }

    const ROUND: &[(u32, u32, usize)] =
        &[(0, 1, 7), (1, 0, 4), (1, 2, 6), (2, 1, 3), (2, 3, 5), (3, 2, 4), (0, 3, 9), (3, 0, 2)];

    #[test]
    fn known_ratings_far_apart_are_met_between() {
        // 0 stays 200 log-odds above 1, and 2 has won and lost once against each: it is half way.
        let rows = [(0, 2, 1), (2, 0, 1), (1, 2, 1), (2, 1, 1)];
        let far =
            AnchoredBradleyTerry { priors: vec![prior(0, 100.0, 0.0), prior(1, -100.0, 0.0), prior(2, 95.0, 100.0)] };
        let found = far.fit(&graph(3, &rows)).unwrap();
        assert!(found.convergence().converged, "{:?}", found.convergence());
        let none = AnchoredBradleyTerry { priors: vec![prior(0, 100.0, 0.0), prior(1, -100.0, 0.0)] };
        let found = none.fit(&graph(3, &[(0, 2, 3), (2, 0, 1), (1, 2, 1), (2, 1, 1)])).unwrap();
        assert!(found.ratings()[2].abs() <= 100.0, "{:?}", found.ratings());
    }

    #[test]
    fn an_item_without_an_estimate_says_nothing_of_the_others() {
        let even = [(0, 1, 10), (1, 0, 10)];
        let alone = AnchoredBradleyTerry { priors: vec![prior(0, 0.0, 0.0)] }.fit(&graph(3, &even)).unwrap();
        for game in [(1, 2, 3), (2, 1, 200)] {
            let rows = [even[0], even[1], game];
            let found = AnchoredBradleyTerry { priors: vec![prior(0, 0.0, 0.0)] }.fit(&graph(3, &rows)).unwrap();
            assert!(found.convergence().converged && !found.identification().flags(3)[2]);
            approx::assert_abs_diff_eq!(found.ratings()[1], alone.ratings()[1], epsilon = 1e-9);
            let ahead = found.ratings()[2] - found.ratings()[1];
            assert!(if game.0 == 2 { ahead > 1.0 } else { ahead < -0.2 }, "{ahead}");
        }
    }

    #[test]
    fn one_rating_that_stays_only_moves_the_others() {
        let graph = graph(4, ROUND);
        let plain = BradleyTerry::default().fit((&graph).into(), None).unwrap();
        let found = AnchoredBradleyTerry { priors: vec![prior(2, 1.5, 0.0)] }.fit(&graph).unwrap();
        assert!(found.convergence().converged);
        for item in 0..4 {
            let expected = plain.ratings()[item] - plain.ratings()[2] + 1.5;
            approx::assert_abs_diff_eq!(found.ratings()[item], expected, epsilon = 1e-9);
        }
        approx::assert_abs_diff_eq!(found.log_likelihood().unwrap(), plain.log_likelihood().unwrap(), epsilon = 1e-9);
    }

    #[test]
    fn against_ratings_that_stay_the_share_is_what_was_won() {
        // Two opponents at 0 and one comparison more won than lost of 4: logit(5/8) for all together.
        let graph = graph(3, &[(0, 1, 3), (1, 0, 2), (0, 2, 2), (2, 0, 1)]);
        let found = AnchoredBradleyTerry { priors: vec![prior(1, 0.0, 0.0), prior(2, 0.0, 0.0)] }.fit(&graph).unwrap();
        approx::assert_abs_diff_eq!(found.ratings()[0], (5.0_f64 / 3.0).ln(), epsilon = 1e-12);
    }

    #[test]
    fn a_prior_weighs_as_its_precision_says() {
        let graph = graph(2, &[(0, 1, 3), (1, 0, 1)]);
        let found = AnchoredBradleyTerry { priors: vec![prior(1, 0.0, 0.0), prior(0, -1.0, 0.5)] }.fit(&graph).unwrap();
        // At the maximum the score of the comparisons is the pull of the prior.
        let rating = found.ratings()[0];
        approx::assert_abs_diff_eq!(3.0 - 4.0 * logistic(rating), (rating + 1.0) / 0.25, epsilon = 1e-9);
    }

    #[test]
    fn an_item_that_only_won_is_not_identified_unless_it_has_a_prior() {
        let graph = graph(3, &[(0, 1, 3), (1, 2, 2), (2, 1, 2)]);
        let found = AnchoredBradleyTerry { priors: vec![prior(1, 0.0, 0.0)] }.fit(&graph).unwrap();
        assert_eq!(found.identification().members, [ItemId(1), ItemId(2)]);
        assert!(found.ratings()[0].is_finite() && found.notes()[0].message.contains("for 1 of 3 items"));
        let found = AnchoredBradleyTerry { priors: vec![prior(1, 0.0, 0.0), prior(0, 0.0, 1.0)] }.fit(&graph).unwrap();
        assert_eq!(found.identification().status, Status::Identified);
    }

    #[test]
    fn without_a_known_item_there_is_no_origin() {
        let graph = graph(2, &[(0, 1, 1)]);
        let error = AnchoredBradleyTerry { priors: vec![prior(7, 0.0, 0.0)] }.fit(&graph).unwrap_err();
        assert!(error.to_string().contains("none of the 2 items"), "{error}");
    }
}
