//! The minimum by dynamic programming over subsets.

use super::Local;

/// Up to this many items of a strong component the minimum is computed exactly.
pub const EXACT_ITEMS: usize = 20;
/// Bits of a subset that one table of weights covers.
const HALF: usize = EXACT_ITEMS / 2;
/// Weights that differ by no more than this share of all weights are equal: what rounding leaves.
const ROUNDING: f64 = 1e-12;

/// About how many steps the order of so many items takes.
pub(super) fn steps(items: usize) -> f64 {
    if items > 1 { (items as f64).exp2() * items as f64 } else { 0.0 }
}

/// The order of least weight upwards; of equal ones the first by number.
pub(super) fn order(local: &Local) -> Vec<usize> {
    let n = local.len();
    let weights: Vec<Incoming> = local.into.iter().map(|arcs| Incoming::new(arcs)).collect();
    // least[s]: the least weight upwards among the items of s, put in order.
    let mut least = vec![0.0; 1 << n];
    for set in 1..1_usize << n {
        let first = |item: usize| weights[item].from(set) + least[set & !(1 << item)];
        least[set] = members(set).map(first).fold(f64::INFINITY, f64::min);
    }
    let tolerance = ROUNDING * local.into.iter().flatten().map(|arc| arc.1).sum::<f64>();
    let mut order = Vec::with_capacity(n);
    let mut rest = (1 << n) - 1;
    while rest != 0 {
        let is_best = |&item: &usize| weights[item].from(rest) + least[rest & !(1 << item)] <= least[rest] + tolerance;
        let Some(item) = members(rest).find(is_best) else { break };
        order.push(item);
        rest &= !(1 << item);
    }
    order
}

fn members(set: usize) -> impl Iterator<Item = usize> {
    (0..usize::BITS as usize).filter(move |item| set >> item & 1 == 1).take(set.count_ones() as usize)
}

/// What leads to an item from the members of a set, as the sum of two table entries.
struct Incoming {
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Incoming {
    fn new(arcs: &[(usize, f64)]) -> Self {
        let table = |from: usize| {
            let mut sums = vec![0.0; 1 << HALF];
            for set in 1..1_usize << HALF {
                let lowest = set.trailing_zeros() as usize;
                let weight = arcs.iter().find(|arc| arc.0 == from + lowest).map_or(0.0, |arc| arc.1);
                sums[set] = sums[set & (set - 1)] + weight;
            }
            sums
        };
        Self { low: table(0), high: table(HALF) }
    }

    fn from(&self, set: usize) -> f64 {
        self.low[set & ((1 << HALF) - 1)] + self.high[set >> HALF]
    }
}
