//! Cyclic triads: triples of items whose majorities run in a circle, and Kendall's coefficient of
//! consistence.

use std::collections::BTreeMap;

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::hodge::{Flow, Triangle};
use crate::data::ItemId;

/// Up to this many items the test of consistency is exact.
pub const EXACT_TRIAD_ITEMS: usize = 8;

/// How many triples of items run in a circle.
///
/// # Source
/// Kendall and Babington Smith 1940, "On the method of paired comparisons".
#[derive(Debug, Clone, PartialEq)]
pub struct Triads {
    /// For each item the number of items it has a majority over.
    pub scores: Vec<usize>,
    /// The triples of which each pair has a majority.
    pub triples: u64,
    /// All other triples: those with a pair that is tied or never met.
    pub skipped: u64,
    /// The triples that run in a circle, d.
    pub cyclic: u64,
    /// How consistent the majorities are, where every pair of items has one.
    pub consistence: Option<Consistence>,
}

/// Kendall's coefficient, and its test against coin flips.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Consistence {
    /// The most cyclic triads that so many items can have.
    pub most: f64,
    /// ζ = 1 − d / most: 1 where majorities make an order, 0 where they go round as often as can be.
    pub zeta: f64,
    /// Kendall's χ², for more than 4 items.
    pub chi_squared: Option<f64>,
    /// Its degrees of freedom, not whole in general.
    pub degrees_of_freedom: Option<f64>,
    /// The probability of at most as many cyclic triads if a fair coin decided every pair: exact up to
    /// [`EXACT_TRIAD_ITEMS`] items, of the χ² above.
    pub p_value: f64,
}

impl Triads {
    /// The triads of the signs of a flow, such as [`Flow::margins`]; a pair whose value is 0 is tied.
    /// O(Σ over pairs of the pairs of their items).
    pub fn of(flow: &Flow) -> Self {
        let items = flow.items();
        let mut scores = vec![0; items];
        for (pair, &value) in flow.pairs().iter().zip(flow.values()) {
            if value != 0.0 {
                scores[if value > 0.0 { pair.low.index() } else { pair.high.index() }] += 1;
            }
        }
        let (mut triples, mut cyclic) = (0, 0);
        flow.each_triangle(|triangle| {
            let signs = Signs::of(flow, triangle);
            triples += u64::from(signs.decided());
            cyclic += u64::from(signs.cyclic());
        });
        let all = combinations(items as u64, 3);
        let decided: usize = scores.iter().sum();
        let complete = decided as u64 == combinations(items as u64, 2) && items > 2;
        Self {
            consistence: complete.then(|| consistence(items, cyclic)),
            skipped: all - triples,
            scores,
            triples,
            cyclic,
        }
    }

    /// The cyclic triads that fair coins would make on average.
    pub fn expected(&self) -> f64 {
        self.triples as f64 / 4.0
    }
}

/// Calls `visit` with each triple that runs in a circle, in the order in which each has a majority over
/// the next and the last over the first, from its lowest id on, and with the smallest absolute value of
/// its pairs.
pub(super) fn each_cyclic_triad(flow: &Flow, mut visit: impl FnMut([ItemId; 3], f64)) {
    flow.each_triangle(|triangle| {
        let signs = Signs::of(flow, triangle);
        if signs.cyclic() {
            let [i, j, k] =
                [flow.pairs()[triangle.ij].low, flow.pairs()[triangle.ij].high, flow.pairs()[triangle.ik].high];
            let weakest = signs.0.iter().fold(f64::INFINITY, |least, value| least.min(value.abs()));
            visit(if signs.0[0] > 0.0 { [i, j, k] } else { [i, k, j] }, weakest);
        }
    });
}

/// The values of a triangle i < j < k on ij, jk and ik.
struct Signs([f64; 3]);

impl Signs {
    fn of(flow: &Flow, Triangle { ij, jk, ik }: Triangle) -> Self {
        Self([flow.values()[ij], flow.values()[jk], flow.values()[ik]])
    }

    fn decided(&self) -> bool {
        self.0.iter().all(|value| *value != 0.0)
    }

    fn cyclic(&self) -> bool {
        let [ij, jk, ik] = self.0;
        (ij > 0.0 && jk > 0.0 && ik < 0.0) || (ij < 0.0 && jk < 0.0 && ik > 0.0)
    }
}

fn combinations(n: u64, k: u64) -> u64 {
    // In 128 bits: the product before the division is six times as large as the result.
    let product = (0..k).fold(1, |product, i| product * u128::from(n.saturating_sub(i)) / u128::from(i + 1));
    u64::try_from(product).unwrap_or(u64::MAX)
}

fn consistence(items: usize, cyclic: u64) -> Consistence {
    let n = items as f64;
    let most = if items % 2 == 1 { n * (n * n - 1.0) / 24.0 } else { n * (n * n - 4.0) / 24.0 };
    let freedom = (items > 4).then(|| n * (n - 1.0) * (n - 2.0) / (n - 4.0).powi(2));
    let triples = combinations(items as u64, 3) as f64;
    let chi_squared = freedom.map(|nu| 8.0 / (n - 4.0) * (triples / 4.0 - cyclic as f64 + 0.5) + nu);
    let approximate = || {
        let (nu, chi_squared) = freedom.zip(chi_squared)?;
        Some(ChiSquared::new(nu).ok()?.sf(chi_squared.max(0.0)))
    };
    let exact = || exact_p_value(items, cyclic);
    Consistence {
        most,
        zeta: 1.0 - cyclic as f64 / most,
        chi_squared,
        degrees_of_freedom: freedom,
        p_value: if items <= EXACT_TRIAD_ITEMS { exact() } else { approximate().unwrap_or_else(exact) },
    }
}

/// The share of all tournaments of `items` items with at most `cyclic` cyclic triads.
///
/// d = C(n,3) − Σ C(s,2) depends on the scores alone, so tournaments are counted by their sorted scores,
/// one item more at a time: O(score sequences × 2ⁿ⁻¹), 59 sequences of 7 items.
fn exact_p_value(items: usize, cyclic: u64) -> f64 {
    let mut tournaments: BTreeMap<Vec<usize>, f64> = BTreeMap::from([(Vec::new(), 1.0)]);
    for present in 0..items {
        let mut larger = BTreeMap::new();
        for (scores, count) in &tournaments {
            for beaten in 0..1_usize << present {
                let mut next: Vec<usize> =
                    scores.iter().enumerate().map(|(item, score)| score + (1 - (beaten >> item & 1))).collect();
                next.push(beaten.count_ones() as usize);
                next.sort_unstable();
                *larger.entry(next).or_insert(0.0) += count;
            }
        }
        tournaments = larger;
    }
    let triples = combinations(items as u64, 3);
    let triads = |scores: &[usize]| triples - scores.iter().map(|&s| combinations(s as u64, 2)).sum::<u64>();
    let all: f64 = tournaments.values().sum();
    tournaments.iter().filter(|(scores, _)| triads(scores) <= cyclic).map(|(_, count)| count).sum::<f64>() / all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure::hodge::FlowEdge;

    fn flow(items: usize, arcs: &[(u32, u32)]) -> Flow {
        let edge = |&(from, to): &(u32, u32)| FlowEdge { from: ItemId(from), to: ItemId(to), value: 1.0, weight: 1.0 };
        Flow::new(items, arcs.iter().map(edge)).expect("a flow")
    }

    #[test]
    fn the_exact_test_is_that_of_all_tournaments() {
        // Of 2^6 tournaments of 4 items 24 have no cyclic triad, 16 have one and 24 two.
        for (cyclic, share) in [(0, 24.0), (1, 40.0), (2, 64.0)] {
            assert!((exact_p_value(4, cyclic) - share / 64.0).abs() < 1e-15);
        }
        // Kendall and Babington Smith: P(d ≤ 4) for 6 items is .398.
        assert!((exact_p_value(6, 4) - 0.398).abs() < 5e-4);
        assert!((exact_p_value(8, 20) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_approximation_of_six_items_is_as_poor_as_is_said() {
        let found = consistence(6, 4);
        let approximate = ChiSquared::new(found.degrees_of_freedom.unwrap()).unwrap().sf(found.chi_squared.unwrap());
        assert!((approximate - 0.208).abs() < 1e-3, "{approximate}");
        assert!((found.p_value - 0.398).abs() < 5e-4);
    }

    #[test]
    fn a_pair_that_never_met_leaves_its_triples_out() {
        let found = Triads::of(&flow(4, &[(0, 1), (1, 2), (2, 0), (0, 3), (1, 3)]));
        assert_eq!((found.triples, found.skipped, found.cyclic), (2, 2, 1));
        assert_eq!((found.scores.clone(), found.consistence), (vec![2, 2, 1, 0], None));
    }

    #[test]
    fn two_items_have_no_triad_and_no_test() {
        let found = Triads::of(&flow(2, &[(0, 1)]));
        assert_eq!((found.triples, found.skipped, found.consistence), (0, 0, None));
    }

    #[test]
    fn a_circle_begins_at_its_first_item() {
        let mut found = Vec::new();
        each_cyclic_triad(&flow(3, &[(2, 1), (1, 0), (0, 2)]), |items, weakest| found.push((items, weakest)));
        assert_eq!(found, [([ItemId(0), ItemId(2), ItemId(1)], 1.0)]);
    }
}
