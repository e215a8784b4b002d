use super::*;
use crate::data::graph::Tally;
use crate::data::{Comparison, Outcome};

fn edge(from: u32, to: u32, value: f64, weight: f64) -> FlowEdge {
    FlowEdge { from: ItemId(from), to: ItemId(to), value, weight }
}

/// Numbers without a pattern, the same in every run.
fn scrambled(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A flow on a graph with gaps, of weights that differ by a factor of up to 100.
fn sparse_flow(items: u32, share: f64, seed: u64) -> Flow {
    let mut next = scrambled(seed);
    let mut edges = Vec::new();
    for i in 0..items {
        for j in i + 1..items {
            if next() < share {
                edges.push(edge(i, j, 4.0 * next() - 2.0, 100.0_f64.powf(next())));
            }
        }
    }
    Flow::new(items as usize, edges).expect("a flow")
}

fn dot(flow: &Flow, a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).zip(flow.weights()).map(|((a, b), w)| w * a * b).sum()
}

#[test]
fn the_parts_are_orthogonal_and_add_up() {
    for (items, share) in [(8, 1.0), (12, 0.5), (30, 0.25), (40, 0.12), (20, 0.08)] {
        let flow = sparse_flow(items, share, 7 + u64::from(items));
        let found = flow.decompose();
        assert!(found.converged);
        let tolerance = 1e-9 * found.norms.total;
        let parts = [&found.gradient, &found.curl, &found.harmonic];
        for (place, a) in parts.iter().enumerate() {
            for b in &parts[place + 1..] {
                assert!(dot(&flow, a, b).abs() < tolerance, "{items} items, {share}");
            }
        }
        let Norms { total, gradient, curl, harmonic } = found.norms;
        assert!((total - gradient - curl - harmonic).abs() < tolerance);
        flow.each_triangle(|t| {
            let round = found.harmonic[t.ij] + found.harmonic[t.jk] - found.harmonic[t.ik];
            assert!(round.abs() < 1e-9, "a harmonic flow has no curl");
        });
    }
}

#[test]
fn the_rank_of_the_triangles_is_that_of_their_matrix() {
    for (items, share) in [(6, 1.0), (9, 0.6), (14, 0.4), (25, 0.25), (25, 0.4)] {
        let flow = sparse_flow(items, share, 100 + u64::from(items));
        let mut rows = Vec::new();
        flow.each_triangle(|t| {
            let mut row = vec![0.0; flow.pairs().len()];
            (row[t.ij], row[t.jk], row[t.ik]) = (1.0, 1.0, -1.0);
            rows.push(nalgebra::RowDVector::from_vec(row));
        });
        let rank = nalgebra::DMatrix::from_rows(&rows).rank(1e-9);
        let found = flow.decompose().dimensions;
        assert_eq!(found.curl, Some(rank));
        let expected = found.pairs - found.gradient - rank;
        assert_eq!(found.harmonic, Some(expected), "{items} items, {share}");
    }
}

#[test]
fn each_component_has_mean_zero() {
    let flow = Flow::new(6, [edge(0, 2, 2.0, 1.0), edge(4, 1, 1.0, 3.0), edge(1, 5, 1.0, 3.0)]).expect("a flow");
    let found = flow.gradient();
    assert_eq!(found.components, 3);
    let expected = [1.0, 0.0, -1.0, 0.0, 1.0, -1.0];
    assert!(found.potentials.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14), "{found:?}");
    assert!(found.cyclicity() < 1e-15);
}

#[test]
fn large_and_small_solves_agree() {
    // A tree of differences on more items than are solved for densely, with a few loops.
    let items = DENSE_ITEMS as u32 + 50;
    let mut next = scrambled(3);
    let truth: Vec<f64> = (0..items).map(|_| next()).collect();
    let edges = (0..items).flat_map(|i| [(i, (i + 1) % items), (i, (i + 7) % items)]);
    let flow = Flow::new(
        items as usize,
        edges.map(|(i, j)| edge(i, j, truth[i as usize] - truth[j as usize], 0.5 + f64::from(i % 5))),
    );
    let found = flow.expect("a flow").gradient();
    let mean = truth.iter().sum::<f64>() / f64::from(items);
    assert!(found.converged);
    assert!(found.potentials.iter().zip(&truth).all(|(s, t)| (s - (t - mean)).abs() < 1e-9));
}

#[test]
fn the_largest_curls_are_those_of_all_triangles() {
    let flow = sparse_flow(25, 0.7, 5);
    let mut all = flow.curls();
    assert_eq!(all.len() as u64, flow.triangles());
    all.sort_by(|a, b| b.curl.abs().total_cmp(&a.curl.abs()).then(a.items.cmp(&b.items)));
    for count in [0, 1, 5, 40, all.len() + 3] {
        assert_eq!(flow.largest_curls(count), all[..count.min(all.len())]);
    }
    let errors = |it: &TriangleCurl| it.curl.abs() / it.std_error.expect("an error");
    all.sort_by(|a, b| errors(b).total_cmp(&errors(a)).then(a.items.cmp(&b.items)));
    for count in [0, 1, 5, 40, all.len() + 3] {
        assert_eq!(flow.clearest_curls(count), all[..count.min(all.len())]);
    }
}

#[test]
fn counts_become_log_odds_and_differences_of_shares() {
    let mut tally = Tally::new(["a", "b", "c"].into_iter().map(str::to_owned).collect());
    let mut add = |left, right, outcome, count| {
        tally.add(Comparison { count, ..Comparison::new(ItemId(left), ItemId(right), outcome) });
    };
    add(0, 1, Outcome::Left, 6.0);
    add(1, 0, Outcome::Left, 1.0);
    add(0, 1, Outcome::Tie, 3.0);
    add(2, 1, Outcome::Tie, 0.0);
    let graph = PreferenceGraph::from_tally(tally);
    let flow = Flow::log_odds(&graph);
    assert_eq!(flow.pairs().len(), 1, "a pair without comparisons has no flow");
    assert!((flow.values()[0] - (8.0_f64 / 3.0).ln()).abs() < 1e-15);
    assert!((flow.weights()[0] - 1.0 / (1.0 / 8.0 + 1.0 / 3.0)).abs() < 1e-15);
    let flow = Flow::win_rate_difference(&graph);
    assert!((flow.values()[0] - 0.5).abs() < 1e-15 && (flow.weights()[0] - 10.0).abs() < 1e-15);
}

#[test]
fn flows_that_are_none_are_refused() {
    let of = |edges: &[FlowEdge]| Flow::new(3, edges.iter().copied()).unwrap_err().to_string();
    assert!(of(&[edge(1, 1, 1.0, 1.0)]).contains("different ones"));
    assert!(of(&[edge(0, 3, 1.0, 1.0)]).contains("of 3"));
    assert!(of(&[edge(0, 1, f64::NAN, 1.0)]).contains("NaN"));
    assert!(of(&[edge(0, 1, 1.0, 0.0)]).contains("positive weight"));
    assert!(of(&[edge(0, 1, 1.0, 1.0), edge(1, 0, 1.0, 1.0)]).contains("twice"));
}

#[test]
fn nothing_has_no_parts() {
    for items in [0, 1, 3] {
        let found = Flow::new(items, []).expect("a flow").decompose();
        assert_eq!((found.potentials, found.norms.cyclicity()), (vec![0.0; items], 0.0));
        assert_eq!(found.dimensions.harmonic, Some(0));
    }
}

#[test]
fn the_unit_of_weights_moves_no_log_odds() {
    let weighted = |weight: f64| {
        let mut tally = Tally::new((0..3).map(|i| i.to_string()).collect());
        for (left, right, count) in [(0, 1, 6.0), (1, 0, 2.0), (1, 2, 5.0), (2, 1, 4.0), (0, 2, 3.0)] {
            let row = Comparison::new(ItemId(left), ItemId(right), Outcome::Left);
            tally.add(Comparison { count, weight, ..row });
        }
        Flow::log_odds_of_independent(&PreferenceGraph::from_tally(tally))
    };
    let (light, heavy) = (weighted(1.0), weighted(100.0));
    for (light, heavy) in light.values().iter().chain(light.weights()).zip(heavy.values().iter().chain(heavy.weights()))
    {
        assert!((light - heavy).abs() < 1e-12, "{light} {heavy}");
    }
}
