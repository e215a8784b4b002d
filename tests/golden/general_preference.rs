//! The cases of the preference vectors on cycles: `HodgeRank` and general preference embeddings, each
//! at its own tolerance.

use palio::data::ItemId;
use palio::data::graph::PreferenceGraph;
use palio::models::general_preference::{
    Canonical, Disc, Embedding, FittedGeneralPreference, Gate, Point, Split, penalised_loss, probability_at,
};
use palio::models::{BradleyTerry, Fitted, GeneralPreference};
use palio::structure::hodge::{Flow, FlowEdge};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, numbers};
use crate::fitting::{all_items, fit};
use crate::preference::{Case, each};
use crate::shared::graph_of_matrices;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("hodge", |shared| each(shared, "hodge", hodge)),
    ("gpm_score", |shared| each(shared, "gpm_score", gpm_score)),
    ("gpm_gate", |shared| each(shared, "gpm_gate", gpm_gate)),
    ("gpm_embed", |shared| each(shared, "gpm_embed", gpm_embed)),
    ("canonical", |shared| each(shared, "canonical", canonical)),
    ("disc", |shared| each(shared, "disc", disc)),
    ("gpm_grad", |shared| each(shared, "gpm_grad", gpm_grad)),
    ("gpm_fit", |shared| each(shared, "gpm_fit", gpm_fit)),
    ("gpm_se", |shared| each(shared, "gpm_se", gpm_se)),
    ("gpm_cv", |shared| each(shared, "gpm_cv", gpm_cv)),
    ("gpm_cyclic_accuracy", |shared| each(shared, "gpm_cyclic_accuracy", gpm_cyclic_accuracy)),
];

/// The vectors' pairs in their order; ours are sorted.
fn hodge(case: &Case<'_>) {
    let edges: Vec<[u32; 2]> = serde_json::from_value(case.input["edges"].clone()).unwrap();
    let values = numbers(&case.input["Y"]).into_iter().zip(numbers(&case.input["w"]));
    let given = edges.iter().zip(values).map(|(&[from, to], (value, weight))| FlowEdge {
        from: ItemId(from),
        to: ItemId(to),
        value,
        weight,
    });
    let flow = Flow::new(case.input["n"].as_u64().unwrap() as usize, given).unwrap();
    let found = flow.decompose();
    assert!(found.converged);
    let place = |&[low, high]: &[u32; 2]| {
        flow.pairs().iter().position(|pair| (pair.low.0, pair.high.0) == (low, high)).expect("the pair")
    };
    let in_their_order = |part: &[f64]| edges.iter().map(|edge| part[place(edge)]).collect::<Vec<_>>();
    case.holds("s", &found.potentials);
    case.holds("gradient", &in_their_order(&found.gradient));
    case.holds("curl", &in_their_order(&found.curl));
    case.holds("harmonic", &in_their_order(&found.harmonic));
    let curls = flow.curls();
    let triangles: Vec<[u32; 3]> = curls.iter().map(|curl| curl.items.map(|item| item.0)).collect();
    assert_eq!(serde_json::to_value(&triangles).unwrap(), case.expected["triangles"]);
    let expected = case.expected["triangle_curl"].as_array().unwrap();
    assert_eq!(curls.len(), expected.len());
    if !curls.is_empty() {
        case.holds("triangle_curl", &curls.iter().map(|curl| curl.curl).collect::<Vec<_>>());
    }
    let norm = |name: &str| case.expected["norms"][name].as_f64().unwrap();
    let norms = found.norms;
    let parts = [norms.total, norms.gradient, norms.curl, norms.harmonic];
    assert_close("norms", &parts, &["total", "gradient", "curl", "harmonic"].map(norm), case.tolerance);
    let dimension = |name: &str| case.expected["dim"][name].as_u64().map(|dimension| dimension as usize);
    assert_eq!(Some(found.dimensions.pairs), dimension("edges"));
    assert_eq!(Some(found.dimensions.gradient), dimension("gradient"));
    assert_eq!(found.dimensions.curl, dimension("curl"));
    assert_ne!(case.expected["dim"], Value::Null);
}

/// The numbers of a matrix, row by row.
fn rows(matrix: &Value) -> Vec<f64> {
    matrix.as_array().expect("rows").iter().flat_map(numbers).collect()
}

/// Vectors without ratings.
fn embedding(matrix: &Value) -> Embedding {
    let (items, columns) = (matrix.as_array().unwrap().len(), matrix[0].as_array().unwrap().len());
    Embedding::new(vec![0.0; items], rows(matrix), columns / 2).unwrap()
}

fn gpm_score(case: &Case<'_>) {
    let found = match &case.input["V"] {
        Value::Null => {
            let parts = numbers(&case.input["z_re"]).into_iter().zip(numbers(&case.input["z_im"]));
            let vectors: Vec<f64> = parts.flat_map(|(a, b)| [a, b]).collect();
            Embedding::new(vec![0.0; vectors.len() / 2], vectors, 1).unwrap()
        }
        matrix => embedding(matrix),
    };
    let scores = found.scores();
    case.holds("S", &scores);
    let temperature = case.input["tau"].as_f64().unwrap_or(1.0);
    case.holds("P", &scores.iter().map(|score| probability_at(*score, temperature)).collect::<Vec<_>>());
}

fn gpm_gate(case: &Case<'_>) {
    let logits = numbers(&case.input["gate_logits"]);
    case.holds("align_code", &Gate::Softmax.scales(&logits));
    case.holds("reward_train_code_times_k", &Gate::ScaledSoftmax { width: 1.0 }.scales(&logits));
}

fn gpm_embed(case: &Case<'_>) {
    let scores = rows(&case.input["P"]);
    let items = case.input["P"].as_array().unwrap().len();
    let units = Embedding::of_unit_vectors(&scores, items).unwrap();
    case.holds("V", units.coordinates());
    case.holds("reconstruct", &units.scores());
    case.holds("reconstruct", &Embedding::of_scores(&scores, items).unwrap().scores());
}

/// Holds a canonical form against the expected one, where the case has it.
fn holds_canonical(found: &Canonical, expected: &Value, tolerance: f64) {
    if let Some(ratings) = expected.get("r") {
        assert_close("r", &found.ratings, &numbers(ratings), tolerance);
    }
    assert_close("sigma", &found.sigmas, &numbers(&expected["sigma"]), tolerance);
    assert_close("V", found.embedding.coordinates(), &rows(&expected["V"]), tolerance);
}

fn canonical(case: &Case<'_>) {
    let scores = rows(&case.input["S"]);
    let embedding = Embedding::of_scores(&scores, case.input["S"].as_array().unwrap().len()).unwrap();
    for (name, split) in [("centered", Split::Ratings), ("uncentered", Split::None)] {
        let found = embedding.canonical(split);
        holds_canonical(&found, &case.expected[name], case.tolerance);
        assert_close("the same scores", &found.embedding.scores(), &scores, 1e-12);
    }
}

fn disc(case: &Case<'_>) {
    let points: Vec<Point> =
        rows(&case.input["V"]).chunks_exact(2).map(|point| Point { a: point[0], b: point[1] }).collect();
    let found = Disc::of(&points);
    case.holds("max_angular_gap", &[found.largest_gap]);
    assert_eq!(case.expected["transitive"], found.transitive);
    assert_eq!(case.expected["has_3cycle"], found.has_three_cycle);
    case.holds("skill", found.skill.as_deref().unwrap_or_default());
    case.holds("consistency", found.consistency.as_deref().unwrap_or_default());
    assert_eq!(case.expected["skill"].is_null(), found.skill.is_none());
}

fn gpm_grad(case: &Case<'_>) {
    let vectors = rows(&case.input["V"]);
    let embedding = Embedding::new(numbers(&case.input["r"]), vectors, 1).unwrap();
    let [penalty, rating_penalty] = ["lam", "lam_r"].map(|name| case.input[name].as_f64().unwrap());
    let found = penalised_loss(&case.graph(), &embedding, penalty, rating_penalty);
    case.holds("objective", &[found.value]);
    case.holds("grad_r", &found.rating_gradient);
    case.holds("grad_V", &found.vector_gradient);
}

/// The model of a case, fitted.
fn fitted(case: &Case<'_>, graph: &PreferenceGraph, blocks: u64) -> FittedGeneralPreference {
    let settings = GeneralPreference {
        dimension: Some(2 * blocks as usize),
        penalty: case.input["lam"].as_f64(),
        rating_penalty: Some(case.input["lam_r"].as_f64().unwrap_or(0.0)),
        transitive: case.input["use_r"].as_bool().unwrap_or(true),
        ..GeneralPreference::default()
    };
    let fitted = settings.fit_embedding(graph.into()).unwrap();
    assert!(fitted.convergence().converged, "{:?}", fitted.convergence());
    fitted
}

fn scores(fitted: &dyn Fitted) -> Vec<f64> {
    fitted.embedding().expect("an embedding").embedding.scores()
}

/// The share of directed pairs with comparisons whose winner has the better chance, one half being half.
fn accuracy(fitted: &dyn Fitted, graph: &PreferenceGraph) -> f64 {
    let majority = graph.majority();
    let right = |arc: petgraph::graph::EdgeIndex| {
        let (winner, loser) = majority.edge_endpoints(arc).expect("an arc");
        let chance = fitted.probability(majority[winner], majority[loser]).expect("a probability");
        if (chance - 0.5).abs() < 1e-9 { 0.5 } else { f64::from(u8::from(chance > 0.5)) }
    };
    majority.edge_indices().map(right).sum::<f64>() / majority.edge_count() as f64
}

fn gpm_fit(case: &Case<'_>) {
    let graph = case.graph();
    let found = fitted(case, &graph, case.input["k"].as_u64().unwrap());
    let at = |i, j| found.embedding().unwrap().embedding.log_odds(ItemId(i), ItemId(j));
    for (name, i, j) in [("S12", 0, 1), ("S23", 1, 2), ("S31", 2, 0)] {
        case.holds(name, &[at(i, j)]);
    }
    case.holds("S", &scores(&found));
    case.holds("r", found.ratings());
    case.holds("objective", &[found.objective()]);
    case.holds("nll", &[-found.log_likelihood().unwrap()]);
    case.holds("accuracy", &[accuracy(&found, &graph)]);
    case.holds("canonical_r", found.ratings());
    let canonical = found.embedding().unwrap();
    let expected = |name: &str| {
        case.expected.get(name).map(|value| if name == "canonical_sigma" { numbers(value) } else { rows(value) })
    };
    // A block that the penalty emptied is listed in the vectors as no block, and here with a σ of 0.
    if let Some(sigmas) = expected("canonical_sigma") {
        let kept = sigmas.len();
        assert_close("sigma", &canonical.sigmas[..kept], &sigmas, case.tolerance);
        assert!(canonical.sigmas[kept..].iter().all(|sigma| *sigma < 1e-6));
        if let Some(vectors) = expected("canonical_V") {
            let all = canonical.embedding.coordinates().chunks_exact(2 * canonical.sigmas.len());
            let found: Vec<f64> = all.flat_map(|vector| vector[..2 * kept].to_vec()).collect();
            assert_close("V", &found, &vectors, case.tolerance);
        }
    }
}

fn gpm_se(case: &Case<'_>) {
    let graph = case.graph();
    let found = fitted(case, &graph, case.input["k"].as_u64().unwrap());
    let error = |i: ItemId, j: ItemId| found.log_odds_error(i, j).unwrap_or(0.0);
    if let Some(variance) = case.expected.get("var_s01").and_then(Value::as_f64) {
        case.holds("S01", &[scores(&found)[1]]);
        assert_close("variance", &[error(ItemId(0), ItemId(1)).powi(2)], &[variance], case.tolerance);
        return;
    }
    case.holds("S", &scores(&found));
    let items = all_items(&graph);
    let errors: Vec<f64> =
        items.iter().flat_map(|&i| items.iter().map(move |&j| (i, j))).map(|(i, j)| error(i, j)).collect();
    case.holds("SE", &errors);
    // By the slope of the logistic function.
    let share = found.probability(ItemId(0), ItemId(4)).unwrap();
    let expected = share * (1.0 - share) * error(ItemId(0), ItemId(4));
    assert_close("share", &[found.probability_error(ItemId(0), ItemId(4)).unwrap()], &[expected], 1e-15);
}

fn gpm_cv(case: &Case<'_>) {
    let train = graph_of_matrices(&case.input["W_train"], &Value::Null);
    let held_out = rows(&case.input["W_test"]);
    let n = train.items().len();
    for blocks in case.input["ks"].as_array().unwrap().iter().map(|k| k.as_u64().unwrap()) {
        let found = fitted(case, &train, blocks);
        let loss = |(place, count): (usize, &f64)| {
            let [i, j] = [place / n, place % n].map(|item| ItemId(item as u32));
            -count * found.probability(i, j).unwrap().ln()
        };
        let loss = held_out.iter().enumerate().map(loss).sum::<f64>() / held_out.iter().sum::<f64>();
        let expected = case.expected["heldout_logloss"][blocks.to_string()].as_f64().unwrap();
        assert_close("held-out log loss", &[loss], &[expected], case.tolerance);
    }
}

fn gpm_cyclic_accuracy(case: &Case<'_>) {
    let graph = case.graph();
    let bradley_terry = fit(&BradleyTerry::default(), &graph);
    case.holds("bt_ratings", bradley_terry.ratings());
    case.holds("bt_accuracy", &[accuracy(&*bradley_terry, &graph)]);
    let found = fitted(case, &graph, case.input["k"].as_u64().unwrap());
    case.holds("gpm_accuracy", &[accuracy(&found, &graph)]);
    case.holds("gpm_P_edge", &[found.probability(ItemId(0), ItemId(1)).unwrap()]);
}
