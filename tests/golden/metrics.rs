//! The metrics and the generators of random orders of the evaluation vectors: scipy, scikit-learn, the
//! scripts of benchmarks, and closed forms.

use palio::metrics::{
    EqualScores, Gain, ImportanceRank, Interval, PairWeight, TiesPrompt, agreement_with_confidence, correlation, dcg,
    kendall_distance, kendall_tau, kendall_tau_c, ndcg, normalised_kendall_distance, ranking_error, separability,
    somers_d, spearman, ties_score, top_k_error, weighted_tau,
};
use palio::simulation::orders::{Mallows, PlackettLuceOrders};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, numbers};
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("metrics", |shared| each(shared, "metrics", metric)),
    ("active_evaluation", |shared| each(shared, "active_eval_metrics", ranking_errors)),
    ("generators", |shared| each(shared, "generators", generator)),
];

fn each(shared: &Shared, group: &str, check: fn(&str, &Value, &Value, f64)) {
    let file = shared.json("vectors/evaluation.json");
    let cases: Vec<&Value> = file["vectors"].as_array().unwrap().iter().filter(|case| case["group"] == group).collect();
    assert!(!cases.is_empty());
    for case in cases {
        check(case["id"].as_str().unwrap(), &case["input"], &case["output"], case["tolerance"].as_f64().unwrap());
    }
}

/// Holds numbers against those of these names; the case may have further words, but no other number.
fn holds(id: &str, output: &Value, found: &[(&str, f64)], tolerance: f64) {
    for (name, found) in found {
        let expected = output[*name].as_f64().unwrap_or_else(|| panic!("{id} has no {name}"));
        assert_close(&format!("{id} {name}"), &[*found], &[expected], tolerance);
    }
    let known = |name: &String| found.iter().any(|(known, _)| known == name);
    let other = output.as_object().unwrap().iter().find(|(name, value)| value.is_number() && !known(name));
    assert!(other.is_none(), "{id}: {other:?} is not held against anything");
}

fn metric(id: &str, input: &Value, output: &Value, tolerance: f64) {
    let list = |name: &str| numbers(&input[name]);
    let found: Vec<(&str, f64)> = match id {
        "corr_notie" | "corr_ties" => {
            let (x, y) = (list("x"), list("y"));
            let tau = |rank, pair| weighted_tau(&x, &y, rank, pair).unwrap();
            vec![
                ("kendall_tau_b", kendall_tau(&x, &y).unwrap()),
                ("kendall_tau_c", kendall_tau_c(&x, &y).unwrap()),
                ("spearman", spearman(&x, &y).unwrap()),
                ("pearson", correlation(&x, &y).unwrap()),
                ("weightedtau_default", tau(ImportanceRank::Both, PairWeight::Sum)),
                ("weightedtau_rank_false", tau(ImportanceRank::Place, PairWeight::Sum)),
                ("weightedtau_additive_false", tau(ImportanceRank::Both, PairWeight::Product)),
                ("somersd", somers_d(&x, &y).unwrap()),
            ]
        }
        "ndcg" | "ndcg_tied_scores" => {
            let (relevance, scores) = (list("relevance"), list("scores"));
            let of = |top, gain, equal| ndcg(&relevance, &scores, top, gain, equal).unwrap();
            let gains = |name: &'static str, value: f64| (!output[name].is_null()).then_some((name, value));
            let all = [
                gains("dcg", dcg(&relevance, &scores, None, Gain::Linear, EqualScores::Averaged)),
                gains("ndcg", of(None, Gain::Linear, EqualScores::Averaged)),
                gains("ndcg_at3", of(Some(3), Gain::Linear, EqualScores::Averaged)),
                gains("ndcg_exp", of(None, Gain::Exponential, EqualScores::Averaged)),
                gains("ndcg_ignore_ties", of(None, Gain::Linear, EqualScores::AsListed)),
            ];
            all.into_iter().flatten().collect()
        }
        "arena_hard_separability" => {
            let intervals = |name: &str| -> Vec<Interval> {
                let of = |interval: &Value| [0, 1].map(|end| interval[end].as_f64().unwrap());
                input[name].as_object().unwrap().values().map(of).collect()
            };
            let (benchmark, arena) = (intervals("bench_ci"), intervals("arena_ci"));
            let found = agreement_with_confidence(&benchmark, &arena).unwrap();
            vec![
                ("separability", separability(&benchmark).unwrap()),
                ("agreement_with_confidence", found.agreement),
                ("pairs_considered", found.pairs as f64),
            ]
        }
        "rewardbench2_ties" => {
            let prompts = input["ref"].as_object().unwrap().keys();
            let scores = |kind: &str, key: &String| numbers(&input[kind][key]["scores"]);
            let lists: Vec<(Vec<f64>, Vec<f64>, usize)> = prompts
                .map(|key| {
                    let correct = input["tied"][key]["num_correct"].as_u64().unwrap() as usize;
                    (scores("ref", key), scores("tied", key), correct)
                })
                .collect();
            let prompts: Vec<TiesPrompt<'_>> = lists
                .iter()
                .map(|(reference, tied, correct)| TiesPrompt { reference, tied, correct: *correct })
                .collect();
            let found = ties_score(&prompts).unwrap();
            vec![
                ("ref_accuracy", found.reference_accuracy),
                ("tied_accuracy", found.tied_accuracy),
                ("correctness_preferred", found.preferred),
                ("correctness_preferred_hard", found.preferred_hard),
                ("margin_score", found.margin),
                ("overall", found.overall),
            ]
        }
        other => panic!("no metric for {other}"),
    };
    holds(id, output, &found, tolerance);
}

/// An order as places in the true one.
fn order(names: &Value, truth: &Value) -> Vec<usize> {
    let truth = truth.as_array().unwrap();
    names.as_array().unwrap().iter().map(|name| truth.iter().position(|other| other == name).unwrap()).collect()
}

fn ranking_errors(id: &str, input: &Value, output: &Value, tolerance: f64) {
    let truth: Vec<usize> = order(&input["truth"], &input["truth"]);
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let errors = |order: &[usize]| -> Vec<f64> { (1..=truth.len()).map(|k| ranking_error(order, &truth, k)).collect() };
    if let Value::Array(rankings) = &input["rankings"] {
        let rankings: Vec<Vec<usize>> = rankings.iter().map(|names| order(names, &input["truth"])).collect();
        let k = input["k"].as_u64().unwrap() as usize;
        let at_k = mean(rankings.iter().map(|order| ranking_error(order, &truth, k)).collect());
        let over_k = mean(rankings.iter().map(|order| mean(errors(order))).collect());
        return holds(id, output, &[("AGRE_k3", at_k), ("AGRE_mean_over_k", over_k)], tolerance);
    }
    let order = order(&input["ranking"], &input["truth"]);
    let top: Vec<f64> = (1..=truth.len()).map(|k| top_k_error(&order, &truth, k)).collect();
    assert_close(id, &top, &numbers(&output["IDE"]), tolerance);
    assert_close(id, &errors(&order), &numbers(&output["GRE"]), tolerance);
    let found = [
        ("K_d", kendall_distance(&order, &truth) as f64),
        ("K_n", normalised_kendall_distance(&order, &truth)),
        ("GRE_mean_over_k", mean(errors(&order))),
    ];
    holds(id, output, &found, tolerance);
}

fn generator(id: &str, input: &Value, output: &Value, tolerance: f64) {
    if let Value::Array(_) = &input["worths"] {
        let worths = numbers(&input["worths"]);
        let pair = PlackettLuceOrders { worths: worths[..2].to_vec() }.probability(&[0, 1]);
        holds(id, output, &[("pairwise_0_beats_1", pair)], tolerance);
        let orders = PlackettLuceOrders { worths };
        return probabilities(id, output, |order| orders.probability(order), tolerance);
    }
    let items = input["m"].as_u64().unwrap() as usize;
    let mallows = Mallows { items, dispersion: input["phi"].as_f64().unwrap() };
    let pairs = (items * (items - 1) / 2) as f64;
    let all = [
        ("Z", mallows.normaliser()),
        ("expected_kendall", mallows.expected_distance()),
        ("expected_normalised", mallows.expected_distance() / pairs),
    ];
    let found: Vec<(&str, f64)> = all.into_iter().filter(|(name, _)| !output[*name].is_null()).collect();
    holds(id, output, &found, tolerance);
    if output["prob"].is_object() {
        probabilities(id, output, |order| mallows.probability(order), tolerance);
    }
}

fn probabilities(id: &str, output: &Value, probability: impl Fn(&[usize]) -> f64, tolerance: f64) {
    for (digits, expected) in output["prob"].as_object().unwrap() {
        let order: Vec<usize> = digits.chars().map(|digit| digit.to_digit(10).unwrap() as usize).collect();
        assert_close(&format!("{id} {digits}"), &[probability(&order)], &[expected.as_f64().unwrap()], tolerance);
    }
}
