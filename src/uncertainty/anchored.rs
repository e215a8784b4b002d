//! Errors of ratings that have an origin.

use nalgebra::DMatrix;

use super::clusters::Clusters;
use super::covariance::{CovarianceKind, FEW_UNITS, few_clusters};
use super::estimate::{OUTSIDE, rows_of};
use super::{ClusterSummary, Spread, Uncertainty};
use crate::data::ItemId;
use crate::data::graph::PreferenceGraph;
use crate::models::anchored::AnchoredFit;
use crate::models::{Fitted, bradley_terry};
use crate::structure::Note;

/// The covariance of ratings with an origin: H⁻¹ if the model holds, H⁻¹ (J + P) H⁻¹ in the sandwich, where H
/// is the curvature of log-likelihood and priors, J the sum of the squared scores (summed within clusters first) and
/// P the priors' precisions. Ratings that stay have no error: it is that of the others given them. With clusters J
/// has the factor G/(G−1), and intervals use t with G−1 degrees of freedom. An item that fewer than [`FEW_UNITS`]
/// clusters or comparisons tell of has at least the model's error. O(items³ + pairs + comparisons in clusters).
pub fn anchored_covariance(
    fitted: &AnchoredFit,
    graph: &PreferenceGraph,
    kind: CovarianceKind,
    clusters: Option<&Clusters>,
) -> Uncertainty {
    let items = graph.items().len();
    let members = fitted.identification().members.clone();
    let free: Vec<ItemId> = members.iter().copied().filter(|&item| fitted.precision(item).is_finite()).collect();
    let known =
        Conditional { fitted, graph, row: rows_of(&free, items), is_member: fitted.identification().flags(items) };
    let Some(bread) = known.curvature(&free).cholesky().map(|factor| factor.inverse()) else {
        let message = "the curvature of the likelihood is singular: no interval was computed";
        return Uncertainty { notes: vec![Note::new("intervals-skipped", message)], ..Uncertainty::unknown(items) };
    };
    let (mut summary, mut notes) = (None, Vec::new());
    let covariance = match kind {
        CovarianceKind::Fisher => bread,
        CovarianceKind::Sandwich => {
            let outer = known.outer_products(free.len(), clusters);
            if let Some(clusters) = clusters {
                let found =
                    ClusterSummary { column: clusters.column.clone(), clusters: outer.clusters, design_effect: None };
                notes.extend(few_clusters(&found));
                summary = Some(found);
            }
            sandwich(&bread, outer, &free, fitted)
        }
    };
    let places = rows_of(&free, items);
    let full = DMatrix::from_fn(members.len(), members.len(), |i, j| {
        let (i, j) = (places[members[i].index()], places[members[j].index()]);
        if i == OUTSIDE || j == OUTSIDE { 0.0 } else { covariance[(i, j)] }
    });
    let degrees_of_freedom = summary.as_ref().map(|found| (found.clusters.max(2) - 1) as f64);
    let found = Uncertainty::new(items, members, Spread::Covariance(full));
    Uncertainty { degrees_of_freedom, clusters: summary, notes, ..found }
}

/// The sums of squared scores, and how many comparisons or clusters tell of each item.
struct Outer {
    sum: DMatrix<f64>,
    units: Vec<f64>,
    clusters: usize,
}

fn sandwich(bread: &DMatrix<f64>, outer: Outer, free: &[ItemId], fitted: &AnchoredFit) -> DMatrix<f64> {
    let mut middle = outer.sum;
    for (place, &item) in free.iter().enumerate() {
        middle[(place, place)] += fitted.precision(item);
    }
    let mut found = bread * middle * bread;
    for (place, &units) in outer.units.iter().enumerate() {
        if units < FEW_UNITS {
            found[(place, place)] = found[(place, place)].max(bread[(place, place)]);
        }
    }
    found
}

/// The likelihood over the free items, given the others.
struct Conditional<'a> {
    fitted: &'a AnchoredFit,
    graph: &'a PreferenceGraph,
    row: Vec<usize>,
    is_member: Vec<bool>,
}

impl Conditional<'_> {
    /// The rows of a pair's items, [`OUTSIDE`] for one that stays; `None` if one of them is no member.
    fn rows(&self, pair: u32) -> Option<(usize, usize)> {
        let pair = self.graph.pairs()[pair as usize];
        let (low, high) = (pair.low.index(), pair.high.index());
        (self.is_member[low] && self.is_member[high]).then(|| (self.row[low], self.row[high]))
    }

    fn expected(&self, pair: u32) -> f64 {
        let pair = self.graph.pairs()[pair as usize];
        let ratings = self.fitted.ratings();
        bradley_terry::logistic(ratings[pair.low.index()] - ratings[pair.high.index()])
    }

    fn curvature(&self, free: &[ItemId]) -> DMatrix<f64> {
        let mut curvature = DMatrix::zeros(free.len(), free.len());
        for (cell, sum) in self.graph.cells().iter().zip(self.graph.sums()) {
            let Some((i, j)) = self.rows(cell.pair) else { continue };
            let share = self.expected(cell.pair);
            add_square(&mut curvature, i, j, sum.weight * share * (1.0 - share));
        }
        for (place, &item) in free.iter().enumerate() {
            curvature[(place, place)] += self.fitted.precision(item);
        }
        curvature
    }

    fn outer_products(&self, free: usize, clusters: Option<&Clusters>) -> Outer {
        let mut found = Outer { sum: DMatrix::zeros(free, free), units: vec![0.0; free], clusters: 0 };
        let Some(clusters) = clusters else {
            for (cell, sum) in self.graph.cells().iter().zip(self.graph.sums()) {
                let Some((i, j)) = self.rows(cell.pair) else { continue };
                let score = cell.share - self.expected(cell.pair);
                add_square(&mut found.sum, i, j, sum.weight_squared * score * score);
                for place in [i, j].into_iter().filter(|&place| place != OUTSIDE) {
                    found.units[place] += sum.count;
                }
            }
            return found;
        };
        let mut scores = vec![0.0; free];
        for cluster in 0..clusters.len() {
            let (mut touched, mut is_used) = (Vec::new(), false);
            for (cell, weight) in clusters.comparisons(cluster) {
                let cell = self.graph.cells()[cell];
                let Some((i, j)) = self.rows(cell.pair) else { continue };
                is_used |= weight > 0.0;
                let score = weight * (cell.share - self.expected(cell.pair));
                for (place, score) in [(i, score), (j, -score)] {
                    if place != OUTSIDE {
                        scores[place] += score;
                        touched.push(place);
                    }
                }
            }
            touched.sort_unstable();
            touched.dedup();
            for &i in &touched {
                found.units[i] += 1.0;
                for &j in &touched {
                    found.sum[(i, j)] += scores[i] * scores[j];
                }
            }
            for place in touched {
                scores[place] = 0.0;
            }
            found.clusters += usize::from(is_used);
        }
        let g = found.clusters as f64;
        if g > 1.0 {
            found.sum *= g / (g - 1.0);
        }
        found
    }
}

/// Adds a square of the difference of two rows, of which one may stay.
fn add_square(matrix: &mut DMatrix<f64>, i: usize, j: usize, value: f64) {
    for place in [i, j].into_iter().filter(|&place| place != OUTSIDE) {
        matrix[(place, place)] += value;
    }
    if i != OUTSIDE && j != OUTSIDE {
        matrix[(i, j)] -= value;
        matrix[(j, i)] -= value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Comparison, Items, Log, Outcome};
    use crate::models::anchored::{AnchoredBradleyTerry, Prior};

    #[test]
    fn against_one_that_stays_the_error_is_that_of_a_share() {
        let mut log = Log::new(["x", "y"].into_iter().collect::<Items>());
        for row in 0..40 {
            let outcome = if row % 4 == 0 { Outcome::Right } else { Outcome::Left };
            log.push(Comparison::new(ItemId(0), ItemId(1), outcome));
        }
        let graph = PreferenceGraph::from_log(&log);
        let stays = Prior { item: "y".to_owned(), rating: 0.3, deviation: 0.0 };
        let fitted = AnchoredBradleyTerry { priors: vec![stays] }.fit(&graph).unwrap();
        for kind in [CovarianceKind::Fisher, CovarianceKind::Sandwich] {
            let found = anchored_covariance(&fitted, &graph, kind, None);
            let expected = (1.0 / (40.0 * 0.75 * 0.25_f64)).sqrt();
            approx::assert_abs_diff_eq!(found.std_error(ItemId(0)).unwrap(), expected, epsilon = 1e-9);
            assert_eq!(found.std_error(ItemId(1)), Some(0.0));
            // Clusters of one comparison each are no clusters, but for the factor.
            log.add_labels("own", (0..40).map(|row| row.to_string()));
            let clusters = Clusters::new(&log, log.labels("own").unwrap(), &graph);
            let found = anchored_covariance(&fitted, &graph, CovarianceKind::Sandwich, Some(&clusters));
            let expected = expected * (40.0_f64 / 39.0).sqrt();
            approx::assert_abs_diff_eq!(found.std_error(ItemId(0)).unwrap(), expected, epsilon = 1e-9);
        }
    }
}
