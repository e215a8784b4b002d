//! The Soft Condorcet cases of the evaluation vectors: minima by an independent multi-start solver,
//! gradient descent step by step, and the Fenchel-Young loss.

use palio::models::soft_condorcet::OnlineSteps;
use palio::models::{Evidence, FenchelYoung, Rater, SoftCondorcet};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, centred, numbers};
use crate::voting::{Case, each_case};

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("minimum", |shared| each_case(shared, "sco_sigmoid_global", minimum)),
    ("gradient_descent", |shared| each_case(shared, "sco_sigmoid_gd", gradient_descent)),
    ("fenchel_young", |shared| each_case(shared, "sco_fenchel_young", fenchel_young)),
];

fn settings(case: &Case<'_>) -> SoftCondorcet {
    let number = |name: &str| case.input[name].as_f64().unwrap();
    SoftCondorcet { lower: number("lb"), upper: number("ub"), temperature: number("temperature"), online: None }
}

fn minimum(case: &Case<'_>) {
    let rule = settings(case);
    let found = rule.solve((&case.graph).into()).unwrap();
    let number = |name: &str| case.output[name].as_f64().unwrap();
    assert!(found.convergence.converged, "{}: {:?}", case.id, found.convergence);
    assert_close(&case.what("loss"), &[found.loss], &[number("min_loss_sum")], case.tolerance("loss"));
    assert_eq!(found.unique, Some(case.output["unique"] == true), "{}", case.id);
    let expected = numbers(&case.output["ratings"]);
    assert_close(&case.what("ratings"), &found.ratings, &expected, case.tolerance("ratings"));
    let middle = vec![f64::midpoint(rule.lower, rule.upper); expected.len()];
    let there = rule.loss(&case.graph, &middle);
    assert_close(&case.what("middle"), &[there], &[number("loss_at_midpoint")], case.tolerance("loss"));
}

fn gradient_descent(case: &Case<'_>) {
    let rule = settings(case);
    if case.input["batch_size"].is_number() {
        return one_ballot(case, rule);
    }
    let voters = case.profile.voters();
    let mean = |at: &[f64]| -> Vec<f64> { rule.gradient(&case.graph, at).iter().map(|part| part / voters).collect() };
    let at = numbers(&case.input["ratings_for_gradient"]);
    let expected = numbers(&case.output["gradient_at_given_ratings_f64"]);
    assert_close(&case.what("gradient"), &mean(&at), &expected, case.tolerance("f64"));
    let loss = case.output["loss_sum_at_given"].as_f64().unwrap();
    assert_close(&case.what("loss"), &[rule.loss(&case.graph, &at)], &[loss], case.tolerance("f64"));
    let rate = case.input["lr"].as_f64().unwrap();
    let mut ratings = vec![0.0; at.len()];
    for step in 1..=1000 {
        for (rating, part) in ratings
            .clone()
            .iter()
            .zip(mean(&ratings))
            .enumerate()
            .map(|(at, (r, g))| (at, r - rate * g))
            .collect::<Vec<_>>()
        {
            ratings[rating] = part.clamp(rule.lower, rule.upper);
        }
        if let Value::Array(expected) = &case.output["ratings_after_f64"][step.to_string()] {
            let expected = numbers(&Value::Array(expected.clone()));
            assert_close(&case.what(&format!("after {step}")), &ratings, &expected, case.tolerance("f64"));
        }
    }
    let single = numbers(&case.output["openspiel_f32_after_1000"]);
    assert_close(&case.what("OpenSpiel"), &ratings, &single, case.tolerance("openspiel_f32"));
}

/// With one ballot each sample is that ballot.
fn one_ballot(case: &Case<'_>, rule: SoftCondorcet) {
    let number = |name: &str| case.input[name].as_f64().unwrap();
    let online = OnlineSteps { steps: number("iterations") as u32, rate: number("lr"), seed: 0 };
    let rule = SoftCondorcet { online: Some(online), ..rule };
    let found = rule.solve(Evidence { ballots: Some(&case.profile), ..(&case.graph).into() }).unwrap();
    let expected = crate::close::by_item(&case.output["ratings"], case.profile.items());
    assert_close(&case.what("ratings"), &found.ratings, &expected, case.tolerance("default"));
}

fn fenchel_young(case: &Case<'_>) {
    let rule = FenchelYoung { scale: case.input["sigma"].as_f64().unwrap() };
    let at = numbers(&case.input["ratings_for_gradient"]);
    let voters = case.profile.voters();
    let mean: Vec<f64> = rule.gradient(&case.graph, &at).iter().map(|part| part / voters).collect();
    let expected = numbers(&case.output["expected_gradient_exact"]);
    assert_close(&case.what("gradient"), &mean, &expected, case.tolerance("gradient"));
    let sampled = numbers(&case.output["openspiel_mc_gradient_mean"]);
    let errors = numbers(&case.output["mc_se"]);
    for ((mean, sampled), error) in mean.iter().zip(sampled).zip(errors) {
        assert!((mean - sampled).abs() < 4.0 * error, "{}", case.id);
    }
    let fitted = rule.fit((&case.graph).into(), None).unwrap();
    for name in ["unconstrained_minimiser_centered", "bt_mle_scaled_from_elo_mm_centered"] {
        let expected = numbers(&case.output[name]);
        assert_close(&case.what(name), &centred(fitted.ratings().to_vec()), &expected, case.tolerance("minimiser"));
    }
}
