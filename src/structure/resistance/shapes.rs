//! What schedules of a known shape would give with the same items and comparisons.

use serde::Serialize;

use super::regular::random_regular;
use super::solve::Network;
use super::{DENSE_ITEMS, Resistance};
use crate::random::{Purpose, stream};

/// A shape of schedule, its comparisons spread evenly over its pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Every pair meets: a round robin, and the smallest mean there is.
    Complete,
    /// A random connected graph in which every item meets equally many others.
    RandomRegular,
    /// One item, the anchor, meets every other.
    Star,
    /// A balanced binary tree, in which each item meets two below it.
    Tree,
    /// Each item meets the next.
    Chain,
}

impl Shape {
    /// The shape in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete graph",
            Self::RandomRegular => "random regular graph",
            Self::Star => "star",
            Self::Tree => "balanced binary tree",
            Self::Chain => "chain",
        }
    }
}

/// The effective resistances of a shape, in 1/comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ShapeResistance {
    /// The shape.
    pub shape: Shape,
    /// Pairs that meet.
    pub pairs: usize,
    /// The mean over all pairs; of random graphs the mean over those drawn.
    pub mean: f64,
    /// That of the worst pair; of random graphs the mean over those drawn.
    pub worst: f64,
    /// Whether these are closed forms or solved for; otherwise estimates from random graphs.
    pub exact: bool,
    /// How many random graphs were drawn; 0 for the other shapes.
    pub graphs: usize,
}

/// A tenth of a billion steps of factorising for random graphs, and no fewer than two of them.
const DRAWING_STEPS: f64 = 1e8;
const MOST_GRAPHS: usize = 20;
const FEWEST_GRAPHS: usize = 2;
/// A random graph of fewer neighbours an item need not be connected.
const LEAST_DEGREE: usize = 3;

/// What the shapes would give with this many items and comparisons, smallest mean first; nothing for fewer
/// than two items or no comparisons. In random regular graphs each item meets `degree` others, at least 3 and at most
/// all, and one more where both numbers are odd. O(items³) for a few random graphs, else O(items).
///
/// # Source
/// With N comparisons of n items: complete graph (n−1)/N for every pair; star 2(n−1)²/(nN), at worst 2(n−1)/N;
/// chain (n²−1)/(3N), at worst (n−1)²/N; a tree (n−1)/N times its mean and longest distance, by its Wiener index.
pub fn shapes(items: usize, comparisons: f64, degree: usize, seed: u64) -> Vec<ShapeResistance> {
    if items < 2 || comparisons.is_nan() || comparisons <= 0.0 {
        return Vec::new();
    }
    let n = items as f64;
    // What one comparison's share of a tree's wire has as resistance.
    let wire = (n - 1.0) / comparisons;
    let of = |shape, pairs, mean, worst| ShapeResistance { shape, pairs, mean, worst, exact: true, graphs: 0 };
    let tree = Distances::of_binary_tree(items);
    let star_worst = if items > 2 { 2.0 * wire } else { wire };
    let mut found = vec![
        of(Shape::Complete, items * (items - 1) / 2, wire, wire),
        regular(items, comparisons, degree, seed),
        of(Shape::Star, items - 1, 2.0 * wire * (n - 1.0) / n, star_worst),
        of(Shape::Tree, items - 1, wire * tree.mean, wire * tree.longest),
        of(Shape::Chain, items - 1, wire * (n + 1.0) / 3.0, wire * (n - 1.0)),
    ];
    found.sort_by(|a, b| a.mean.total_cmp(&b.mean));
    found
}

/// Distances between the items of a tree, in wires.
struct Distances {
    mean: f64,
    longest: f64,
}

impl Distances {
    /// Item k has item (k−1)/2 above it.
    fn of_binary_tree(items: usize) -> Self {
        let mut size = vec![1_usize; items];
        let (mut depth, mut longest) = (vec![0_usize; items], 0);
        let mut wiener = 0.0;
        for item in (1..items).rev() {
            let above = (item - 1) / 2;
            // A wire is passed by every path between the items below it and the others.
            wiener += (size[item] * (items - size[item])) as f64;
            size[above] += size[item];
            longest = longest.max(depth[above] + depth[item] + 1);
            depth[above] = depth[above].max(depth[item] + 1);
        }
        Self { mean: wiener / (items * (items - 1) / 2) as f64, longest: longest as f64 }
    }
}

fn regular(items: usize, comparisons: f64, degree: usize, seed: u64) -> ShapeResistance {
    let degree = degree.clamp(LEAST_DEGREE.min(items - 1), items - 1);
    // The number of ends of pairs is even, and with an odd number of items n − 1 is even too.
    let degree = degree + (degree * items) % 2;
    let pairs = items * degree / 2;
    let found = ShapeResistance {
        shape: Shape::RandomRegular,
        pairs,
        mean: (items - 1) as f64 / comparisons,
        worst: (items - 1) as f64 / comparisons,
        exact: true,
        graphs: 0,
    };
    if degree + 1 == items {
        return found;
    }
    let steps = (items.min(DENSE_ITEMS) as f64).powi(3);
    let graphs = ((DRAWING_STEPS / steps) as usize).clamp(FEWEST_GRAPHS, MOST_GRAPHS);
    let (mut mean, mut worst) = (0.0, 0.0);
    for number in 0..graphs as u64 {
        let mut rng = stream(seed, Purpose::RegularGraphs, number);
        let flow = random_regular(items, degree, comparisons / pairs as f64, &mut rng);
        let drawn = Resistance::of_network(Network::new(flow), 1, seed);
        mean += drawn.mean().unwrap_or(f64::NAN) / graphs as f64;
        worst += drawn.worst().map_or(f64::NAN, |it| it.resistance) / graphs as f64;
    }
    ShapeResistance { mean, worst, exact: false, graphs, ..found }
}
