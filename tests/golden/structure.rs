//! The cases of the preference vectors on the structure of majorities, and facts of real logs.

use std::path::Path;

use palio::data::graph::PreferenceGraph;
use palio::data::{Comparison, ItemId, Log, Outcome};
use palio::structure::cycles::elementary_cycles;
use palio::structure::dominance::Dominance;
use palio::structure::ensemble::{Ensemble, JudgeArcs};
use palio::structure::feedback_arcs::{FeedbackArcs, Search, WeightedArc};
use palio::structure::hodge::Flow;
use palio::structure::triads::Triads;
use palio::uncertainty::Clusters;
use palio::validation::deviance::{Deviance, DevianceSettings, TestMethod};
use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value;

use crate::Check;
use crate::close::numbers;
use crate::preference::{Case, each};
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("smith_schwartz", |shared| each(shared, "smith_schwartz", smith_schwartz)),
    ("triads", |shared| each(shared, "triads", triads)),
    ("cycles", |shared| each(shared, "cycles", cycles)),
    ("mfas", |shared| each(shared, "mfas", mfas)),
    ("ged", |shared| each(shared, "ged", ged)),
    ("bt_gof", |shared| each(shared, "bt_gof", bt_gof)),
    ("circles_of_real_logs", circles_of_real_logs),
    ("clusters_of_a_real_log", clusters_of_a_real_log),
];

/// A digraph with an arc for each positive entry of a matrix.
fn digraph(matrix: &Value) -> DiGraph<ItemId, f64> {
    let rows: Vec<Vec<f64>> = matrix.as_array().expect("a matrix").iter().map(numbers).collect();
    let mut digraph = DiGraph::new();
    for item in 0..rows.len() {
        digraph.add_node(ItemId(item as u32));
    }
    for (from, row) in rows.iter().enumerate() {
        for (to, &weight) in row.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            digraph.add_edge(NodeIndex::new(from), NodeIndex::new(to), weight);
        }
    }
    digraph
}

fn matrix(digraph: &DiGraph<ItemId, f64>) -> Vec<f64> {
    let entry = |from: usize, to: usize| digraph.find_edge(NodeIndex::new(from), NodeIndex::new(to));
    let n = digraph.node_count();
    let cells = (0..n).flat_map(|from| (0..n).map(move |to| (from, to)));
    cells.map(|(from, to)| entry(from, to).map_or(0.0, |arc| digraph[arc])).collect()
}

fn ids(value: &Value) -> Vec<ItemId> {
    value.as_array().expect("a list").iter().map(|id| ItemId(id.as_u64().expect("an id") as u32)).collect()
}

/// A log in which i beats j as often as the margin says, and a margin of 0 is a tie.
fn graph_of_margins(margins: &Value) -> PreferenceGraph {
    let rows: Vec<Vec<f64>> = margins.as_array().expect("a matrix").iter().map(numbers).collect();
    let mut log = Log::new((0..rows.len()).map(|item| item.to_string()).collect());
    for (i, row) in rows.iter().enumerate() {
        for (j, &margin) in row.iter().enumerate().skip(i + 1) {
            let outcome = Outcome::from_share(0.5 + 0.5 * margin.clamp(-1.0, 1.0)).expect("an outcome");
            let row = Comparison::new(ItemId(i as u32), ItemId(j as u32), outcome);
            log.push(Comparison { count: margin.abs().max(1.0), ..row });
        }
    }
    PreferenceGraph::from_log(&log)
}

fn smith_schwartz(case: &Case<'_>) {
    let found = Dominance::of(&graph_of_margins(&case.input["margins"]));
    assert_eq!(found.smith(), ids(&case.expected["smith"]));
    assert_eq!(found.schwartz, ids(&case.expected["schwartz"]));
    assert_eq!(found.condorcet_winner.is_some(), found.smith().len() == 1);
}

fn triads(case: &Case<'_>) {
    let majority = digraph(&case.input["adj"]);
    let edges = majority.edge_indices().map(|arc| {
        let (from, to) = majority.edge_endpoints(arc).expect("an arc");
        palio::structure::hodge::FlowEdge { from: majority[from], to: majority[to], value: 1.0, weight: 1.0 }
    });
    let found = Triads::of(&Flow::new(majority.node_count(), edges).expect("a flow"));
    case.holds("scores", &found.scores.iter().map(|&score| score as f64).collect::<Vec<_>>());
    case.holds("d", &[found.cyclic as f64]);
    case.holds("expected_d", &[found.expected()]);
    let consistence = found.consistence.expect("every pair is decided");
    case.holds("d_max", &[consistence.most]);
    case.holds("zeta", &[consistence.zeta]);
    case.holds("df", &[consistence.degrees_of_freedom.expect("more than 4 items")]);
    case.holds("chi2", &[consistence.chi_squared.expect("more than 4 items")]);
}

fn cycles(case: &Case<'_>) {
    let edges: Vec<[usize; 2]> = serde_json::from_value(case.input["edges"].clone()).expect("edges");
    let n = edges.iter().flatten().max().expect("an edge") + 1;
    let mut digraph = DiGraph::new();
    for item in 0..n {
        digraph.add_node(ItemId(item as u32));
    }
    for [from, to] in edges {
        digraph.add_edge(NodeIndex::new(from), NodeIndex::new(to), 1.0);
    }
    let found = elementary_cycles(&digraph, 100);
    let expected: Vec<Vec<ItemId>> = case.expected["cycles"].as_array().expect("cycles").iter().map(ids).collect();
    assert_eq!(found.cycles, expected);
    assert!(found.complete);
    assert_eq!(found.cycles.len() as u64, case.expected["count"].as_u64().expect("a count"));
    let cut = elementary_cycles(&digraph, found.cycles.len() - 1);
    assert_eq!((cut.cycles.len(), cut.complete), (found.cycles.len() - 1, false));
}

fn mfas(case: &Case<'_>) {
    let digraph = digraph(&case.input["M"]);
    let exact = FeedbackArcs::of(&digraph, Search::Best);
    assert!(exact.exact);
    assert_eq!(exact.order, ids(&case.expected["exact_order_lex"]));
    case.holds("exact_back_weight", &[exact.weight]);
    let greedy = FeedbackArcs::of(&digraph, Search::Greedy);
    assert_eq!(greedy.order, ids(&case.expected["eades_order"]));
    case.holds("eades_back_weight", &[greedy.weight]);
}

fn ged(case: &Case<'_>) {
    let graphs: Vec<DiGraph<ItemId, f64>> =
        case.input["judges"].as_array().expect("judges").iter().map(digraph).collect();
    let items = graphs[0].node_count();
    let judges: Vec<Vec<WeightedArc>> = graphs.iter().map(WeightedArc::all).collect();
    let of = |arcs, search| Ensemble::of(items, &judges, arcs, search);
    case.holds("net_graph", &matrix(&of(JudgeArcs::Net, Search::Greedy).summed));
    case.holds("sum_graph", &matrix(&of(JudgeArcs::Each, Search::Greedy).summed));
    for (name, arcs) in [("net", JudgeArcs::Net), ("raw_sum", JudgeArcs::Each)] {
        let expected = &case.expected[name];
        if expected.is_null() {
            continue;
        }
        let found = of(arcs, Search::Greedy);
        let within = Case { input: case.input, expected, tolerance: case.tolerance };
        assert_eq!(found.feedback.order, ids(&expected["order"]), "{name}");
        assert_eq!(found.ranking, ids(&expected["ranking"]), "{name}");
        within.holds("removed", &[found.feedback.weight]);
        within.holds("dag", &matrix(&found.acyclic));
        within.holds("desc", &found.descendants.iter().map(|&below| below as f64).collect::<Vec<_>>());
    }
    let exact = of(JudgeArcs::Net, Search::Best);
    assert!(exact.feedback.exact);
    case.holds("exact_removed", &[exact.feedback.weight]);
}

fn bt_gof(case: &Case<'_>) {
    let settings = DevianceSettings { resamples: 1000, seed: 1 };
    let found = Deviance::test(&case.graph(), None, settings, &|| {}).expect("a fit");
    case.holds("deviance", &[found.deviance]);
    case.holds("df", &[found.degrees_of_freedom as f64]);
    let p_value = found.chi_squared_p_value.expect("degrees of freedom");
    case.holds("p", &[p_value]);
    // Some expected counts are small, so drawn logs have the last word.
    assert_eq!((found.method, found.resamples), (TestMethod::Bootstrap, 1000));
    // 20,000 logs drawn in numpy from the ladder of the second case give 0.1409.
    let expected = if found.degrees_of_freedom == 3 { 0.1409 } else { p_value };
    let bootstrapped = found.p_value.expect("a p-value");
    assert!((bootstrapped - expected).abs() < 0.001 + 4.0 * (expected / 1000.0).sqrt(), "{bootstrapped}");
}

/// The largest strong component of the majorities and its three-cycles, as the notes beside the logs tell.
fn circles_of_real_logs(shared: &Shared) {
    for (file, largest, three_cycles) in [
        ("blotto_generated/blotto_10_3.csv", 63, 4060),
        ("blotto_generated/blotto_5_3.csv", 18, 58),
        ("evalica_food/battles.csv", 4, 2),
        ("evalica_simple/battles.csv", 1, 0),
        ("lmarena_20240329/pairs_full.csv", 10, 18),
        ("mt_bench/battles.csv", 1, 0),
        ("pokemon_types/pairs.csv", 17, 42),
        ("roshambo_bots/pairs.csv", 43, 1002),
        ("football_international/battles.csv.gz", 292, 3947),
        ("tcec_chess/battles.csv", 201, 818),
        ("vicuna_gpt4/battles.csv", 1, 0),
    ] {
        let path = shared.path("data").join(Path::new(file));
        let log = palio::read_log(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        let graph = PreferenceGraph::from_log(&log);
        let components = Dominance::of(&graph).strong_components;
        let found = components.iter().map(Vec::len).max().expect("an item");
        assert_eq!((found, Triads::of(&Flow::margins(&graph)).cyclic), (largest, three_cycles), "{file}");
    }
}

/// Computed in numpy from the decisive votes: residuals of the ladder, summed by cluster, projected on what no
/// ladder carries (a dense projection by the pseudo-inverse), their squares as a multiple of those of single
/// votes. 160 tasks have 0.9846 and count as 1.
fn clusters_of_a_real_log(shared: &Shared) {
    let log = palio::read_log(shared.path("data/mt_bench/battles.csv")).expect("a log");
    let graph = PreferenceGraph::from_log(&log);
    for (column, clusters, expected) in [("judge", 66, 1.306_407_494_471_97), ("task", 160, 1.0)] {
        let grouped = Clusters::new(&log, log.labels(column).expect("labels"), &graph);
        let settings = DevianceSettings { resamples: 0, seed: 1 };
        let found = Deviance::test(&graph, Some(&grouped), settings, &|| {}).expect("a fit");
        let cluster = found.cluster.expect("clusters");
        assert_eq!(cluster.clusters, clusters, "{column}");
        let effect = cluster.design_effect.expect("an effect");
        assert!((effect - expected).abs() < 1e-7, "{column}: {effect}");
    }
}
