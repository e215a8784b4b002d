//! Closed forms, and the same numbers by both ways of solving.

use super::*;
use crate::data::graph::{PairSums, Tally};
use crate::data::{Comparison, Outcome};

/// A graph of pairs that met as often as told.
fn graph(items: usize, pairs: impl IntoIterator<Item = (usize, usize, f64)>) -> PreferenceGraph {
    let mut tally = Tally::new((0..items).map(|i| i.to_string()).collect());
    for (i, j, count) in pairs {
        let row = Comparison::new(ItemId(i as u32), ItemId(j as u32), Outcome::Left);
        tally.add(Comparison { count, ..row });
    }
    PreferenceGraph::from_tally(tally)
}

fn id(item: usize) -> ItemId {
    ItemId(item as u32)
}

fn chain(items: usize) -> PreferenceGraph {
    graph(items, (1..items).map(|i| (i - 1, i, 1.0)))
}

fn cycle(items: usize) -> PreferenceGraph {
    graph(items, (0..items).map(|i| (i, (i + 1) % items, 1.0)))
}

fn star(items: usize) -> PreferenceGraph {
    graph(items, (1..items).map(|i| (0, i, 1.0)))
}

fn complete(items: usize) -> PreferenceGraph {
    graph(items, (0..items).flat_map(|i| (i + 1..items).map(move |j| (i, j, 1.0))))
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} is not {expected}");
}

#[test]
fn a_chain_adds_up_and_a_cycle_is_two_chains_side_by_side() {
    let n = 12;
    let (open, closed) = (Resistance::of(&chain(n), 1, 0), Resistance::of(&cycle(n), 1, 0));
    for i in 0..n {
        for j in 0..n {
            let apart = i.abs_diff(j) as f64;
            close(open.between(id(i), id(j)), apart, 1e-12);
            close(closed.between(id(i), id(j)), apart * (n as f64 - apart) / n as f64, 1e-12);
        }
    }
    assert_eq!(open.worst().expect("a pair").pair, Pair { low: ItemId(0), high: ItemId(11) });
}

#[test]
fn all_pairs_of_a_complete_graph_are_alike_and_the_ends_of_a_star_are_two_wires_apart() {
    let n = 9;
    let (every, star) = (Resistance::of(&complete(n), 100, 0), Resistance::of(&star(n), 100, 0));
    assert_eq!(every.worst_connected.len(), 36);
    for found in &every.worst_connected {
        close(found.resistance, 2.0 / n as f64, 1e-12);
    }
    // Equal pairs stand in the order of the items, whatever rounding says.
    assert!(every.worst_connected.is_sorted_by(|a, b| a.pair < b.pair));
    close(star.between(id(0), id(5)), 1.0, 1e-12);
    close(star.between(id(4), id(5)), 2.0, 1e-12);
    assert_eq!(star.by_item[0].map(|it| (it * 1e9).round()), Some(1e9));
}

#[test]
fn comparisons_are_conductances_and_rows_of_weight_zero_are_no_wires() {
    // Two wires of 2 and 3 in a row, beside one of 1: 1 / (1 + 1/(1/2 + 1/3)).
    let found = Resistance::of(&graph(3, [(0, 1, 2.0), (1, 2, 3.0), (2, 0, 1.0)]), 3, 0);
    close(found.between(id(0), id(2)), 1.0 / (1.0 + 6.0 / 5.0), 1e-12);
    assert_eq!((found.comparisons.to_bits(), found.connected_pairs), (6.0_f64.to_bits(), 3));
    let mut tally = Tally::new(["x", "y"].into_iter().collect());
    tally.add(Comparison { weight: 0.0, ..Comparison::new(ItemId(0), ItemId(1), Outcome::Left) });
    let none = Resistance::of(&PreferenceGraph::from_tally(tally), 1, 0);
    assert_eq!((none.infinite_pairs, none.mean()), (1, None));
}

#[test]
fn nothing_ties_items_that_never_met() {
    let found = Resistance::of(&graph(6, [(0, 1, 1.0), (1, 2, 1.0), (3, 4, 4.0)]), 9, 0);
    assert_eq!((found.connected_pairs, found.infinite_pairs), (4, 11));
    assert!(found.between(id(0), id(3)).is_infinite() && found.between(id(5), id(4)).is_infinite());
    assert_eq!((found.mean(), found.worst()), (None, None));
    close(found.mean_connected.expect("pairs"), (1.0 + 1.0 + 2.0 + 0.25) / 4.0, 1e-12);
    assert_eq!(found.worst_connected[0].pair, Pair { low: ItemId(0), high: ItemId(2) });
    assert_eq!((found.by_item[5], found.by_item[3].is_some()), (None, true));
    for items in [0, 1] {
        let none = Resistance::of(&graph(items, []), 3, 0);
        assert_eq!((none.mean_connected, none.worst_connected.len(), none.infinite_pairs), (None, 0, 0));
    }
}

#[test]
fn shapes_have_the_resistances_of_their_graphs() {
    for n in [2, 3, 4, 5, 8, 13, 40] {
        let comparisons = 120.0;
        let binary = graph(n, (1..n).map(|i| ((i - 1) / 2, i, 1.0)));
        let told = shapes(n, comparisons, 5, 7);
        assert!(told.is_sorted_by(|a, b| a.mean <= b.mean));
        for (shape, graph) in
            [(Shape::Complete, complete(n)), (Shape::Star, star(n)), (Shape::Tree, binary), (Shape::Chain, chain(n))]
        {
            let unit = Resistance::of(&graph, 1, 0);
            let told = told.iter().find(|it| it.shape == shape).expect("the shape");
            let per_wire = told.pairs as f64 / comparisons;
            assert_eq!(told.pairs, graph.pairs().len(), "{shape:?} of {n}");
            close(told.mean, unit.mean().expect("pairs") * per_wire, 1e-12);
            close(told.worst, unit.worst().expect("pairs").resistance * per_wire, 1e-12);
        }
        let regular = told.iter().find(|it| it.shape == Shape::RandomRegular).expect("the shape");
        assert!(regular.mean >= told[0].mean * (1.0 - 1e-9) && regular.worst >= regular.mean * (1.0 - 1e-9));
    }
    assert!(shapes(1, 10.0, 3, 0).is_empty() && shapes(5, 0.0, 3, 0).is_empty());
}

#[test]
fn random_regular_graphs_come_near_what_theory_says_of_large_ones() {
    // The spectral measure of the infinite tree of degree d (McKay 1981) gives a mean of
    // 2 (d − 1) / (d (d − 2)) a wire; each of the nd/2 wires has 2N/(nd) comparisons.
    let (n, degree, comparisons) = (200.0, 4.0, 1_000.0);
    let told = shapes(200, comparisons, 4, 3);
    let regular = told.iter().find(|it| it.shape == Shape::RandomRegular).expect("the shape");
    assert_eq!((regular.pairs, regular.exact), (400, false));
    close(regular.mean, n / comparisons * (degree - 1.0) / (degree - 2.0), 0.04);
}

#[test]
fn large_graphs_are_estimated_with_an_error_and_single_pairs_are_solved_for() {
    let n = DENSE_ITEMS + 101;
    for (graph, mean, worst) in [
        (star(n), 2.0 * (n as f64 - 1.0) / n as f64, 2.0),
        (cycle(n), (n as f64 + 1.0) / 6.0, (n / 2) as f64 * n.div_ceil(2) as f64 / n as f64),
    ] {
        let found = Resistance::of(&graph, 3, 11);
        assert!(!found.is_exact());
        let (estimate, error) = (found.mean().expect("a mean"), found.mean_error.expect("an error"));
        assert!((estimate - mean).abs() < 4.0 * error && error < 0.1 * mean, "{estimate} ± {error}, not {mean}");
        let told = found.worst().expect("a pair");
        // Another pair may be a little worse, never better than what is told of this one.
        assert!(told.resistance <= worst * (1.0 + 1e-9) && told.resistance >= 0.98 * worst, "{told:?}, not {worst}");
        close(found.between(told.pair.low, told.pair.high), told.resistance, 1e-9);
        assert_eq!(found.by_item.iter().flatten().count(), n);
    }
}

#[test]
fn both_ways_of_solving_agree() {
    let sums = PairSums {
        low: vec![0, 0, 1, 2, 4],
        high: vec![1, 2, 3, 3, 5],
        low_wins: vec![2.0, 1e-3, 4.0, 1e3, 1.0],
        high_wins: vec![1.0, 0.0, 0.0, 5.0, 0.0],
        ties: vec![0.0; 5],
    };
    let graph = PreferenceGraph::from_pair_sums((0..6).map(|i| i.to_string()).collect(), &sums);
    let exact = Resistance::of(&graph, 4, 0);
    let estimated = Resistance::estimated(network(&graph), 4, 0);
    assert!(exact.is_exact() && !estimated.is_exact());
    assert_eq!(exact.worst_connected.len(), estimated.worst_connected.len());
    for (one, other) in exact.worst_connected.iter().zip(&estimated.worst_connected) {
        assert_eq!(one.pair, other.pair);
        close(one.resistance, other.resistance, 1e-9);
    }
    let (mean, error) = (estimated.mean_connected.expect("pairs"), estimated.mean_error.expect("an error"));
    assert!((mean - exact.mean_connected.expect("pairs")).abs() < 4.0 * error);
}
