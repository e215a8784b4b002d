//! Held-out scores against closed forms, plain loops, a known truth and scikit-learn.

use palio::data::folds::{FoldSettings, Folds};
use palio::data::graph::PreferenceGraph;
use palio::data::{Comparison, ItemId, Items, Log, Outcome};
use palio::models::{
    Convergence, CovariateSettings, Elo, Evidence, FitError, Fitted, Needs, RaterEntry, Settings, Standardize, TieRule,
    WinRate,
};
use palio::structure::Identification;
use palio::uncertainty::{CovarianceKind, Uncertainty, covariance};
use palio::validation::{
    Candidate, Crossval, CrossvalError, Matchup, MethodScore, TieScore, crossval, predict, predicting_raters,
};
use palio::{BradleyTerry, Rater, read_log};
use proptest::prelude::*;
use serde_json::Value;

const BRADLEY_TERRY: BradleyTerry = BradleyTerry {
    ties: TieRule::Half,
    penalty: 0.0,
    pseudo_count: 0.0,
    covariates: CovariateSettings { penalty: 1.0, standardize: Standardize::ZScore, side_advantage: false },
};

fn log(items: usize, rows: &[(u32, u32, Outcome)]) -> Log {
    let mut log = Log::new((0..items).map(|i| format!("item {i}")).collect());
    for &(left, right, outcome) in rows {
        log.push(Comparison::new(ItemId(left), ItemId(right), outcome));
    }
    log
}

fn counts<'a>(name: &'a str, rater: &'a dyn Rater) -> Candidate<'a> {
    Candidate { name, rater, needs: Needs::Counts }
}

fn settings(folds: usize) -> FoldSettings {
    FoldSettings { folds, ..FoldSettings::default() }
}

fn run(candidates: &[Candidate<'_>], folds: Folds<'_>, ties: TieScore) -> Crossval {
    crossval(candidates, &[folds], ties, &|| ()).expect("scores")
}

fn scores(rater: &dyn Rater, folds: Folds<'_>, ties: TieScore) -> MethodScore {
    run(&[counts("rater", rater)], folds, ties).methods.remove(0)
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

/// A small generator for tests: `SplitMix64`.
struct Uniform(u64);

impl Uniform {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Comparisons of random pairs by strengths that are known.
fn simulated(strengths: &[f64], comparisons: usize, seed: u64) -> Log {
    let mut uniform = Uniform(seed);
    let items = strengths.len();
    let row = |_| {
        let left = (uniform.next() * items as f64) as usize;
        let right = (left + 1 + (uniform.next() * (items - 1) as f64) as usize) % items;
        let won = uniform.next() < logistic(strengths[left] - strengths[right]);
        (left as u32, right as u32, if won { Outcome::Left } else { Outcome::Right })
    };
    log(items, &(0..comparisons).map(row).collect::<Vec<_>>())
}

#[test]
fn leaving_one_out_of_two_items_has_a_closed_form() {
    // With w wins and l losses, the fit without one win gives the winner (w−1)/(n−1).
    let (w, l) = (7, 4);
    let rows: Vec<_> = (0..w + l).map(|i| (0, 1, if i < w { Outcome::Left } else { Outcome::Right })).collect();
    let graph = PreferenceGraph::from_log(&log(2, &rows));
    let found =
        scores(&BRADLEY_TERRY, Folds::of_comparisons(&graph, settings(rows.len())).unwrap(), TieScore::Decisive);
    let (w, l, n) = (f64::from(w), f64::from(l), f64::from(w + l));
    let (win, loss) = (-((w - 1.0) / (n - 1.0)).ln(), -((l - 1.0) / (n - 1.0)).ln());
    let mean = (w * win + l * loss) / n;
    close(found.log_loss, mean, 1e-12);
    // Each fold is one comparison, so that the error is that of a mean of n numbers.
    let variance = (w * (win - mean).powi(2) + l * (loss - mean).powi(2)) / (n - 1.0);
    close(found.std_error.unwrap(), (variance / n).sqrt(), 1e-12);
    close(found.brier, (w * (l / (n - 1.0)).powi(2) + l * (w / (n - 1.0)).powi(2)) / n, 1e-12);
    // Without it, its side is still ahead in the one case and the other side in the other.
    close(found.accuracy, w / n, 1e-15);
}

#[test]
fn elo_is_replayed_without_what_is_held_out() {
    let rows: Vec<_> = (0..60_u32)
        .map(|i| (i % 4, (i + 1 + i / 7) % 4, if i * i % 5 < 3 { Outcome::Left } else { Outcome::Right }))
        .filter(|(left, right, _)| left != right)
        .collect();
    let log = log(4, &rows);
    let graph = PreferenceGraph::from_log(&log);
    let elo = Elo { k: 20.0, ..Elo::default() };
    let candidate = Candidate { name: "elo", rater: &elo, needs: Needs::Rows };
    let found = run(&[candidate], Folds::of_rows(&log, &graph, settings(rows.len())).unwrap(), TieScore::Decisive);
    let expected = |left: f64, right: f64| 1.0 / (1.0 + 10_f64.powf((right - left) / 400.0));
    let mut losses = Vec::new();
    for held in 0..rows.len() {
        let mut ratings = [1000.0; 4];
        for (_, &(left, right, outcome)) in rows.iter().enumerate().filter(|(row, _)| *row != held) {
            let (left, right) = (left as usize, right as usize);
            let change = 20.0 * (outcome.share() - expected(ratings[left], ratings[right]));
            ratings[left] += change;
            ratings[right] -= change;
        }
        let (left, right, outcome) = rows[held];
        let p = expected(ratings[left as usize], ratings[right as usize]);
        losses.push(if outcome == Outcome::Left { -p.ln() } else { -(1.0 - p).ln() });
    }
    close(found.methods[0].log_loss, losses.iter().sum::<f64>() / losses.len() as f64, 1e-12);
}

#[test]
fn scikit_learn_finds_the_same_scores_judge_by_judge() {
    let log = read_log("fixtures/arena.csv").expect("the fixture");
    let graph = PreferenceGraph::from_log(&log);
    let labels = log.labels("judge").expect("judges");
    let found =
        scores(&BRADLEY_TERRY, Folds::of_labels(&log, labels, &graph, settings(12)).unwrap(), TieScore::Decisive);
    let text = std::fs::read_to_string("fixtures/crossval_judges.json").expect("the fixture");
    let fixture: Value = serde_json::from_str(&text).expect("JSON");
    let expected = fixture["folds"].as_array().expect("folds");
    assert_eq!(found.folds.len(), expected.len());
    // Folds are in a drawn order: no two have the same loss.
    let number = |fold: &Value, key: &str| fold[key].as_f64().expect("a number");
    for fold in &found.folds {
        let loss = fold.log_loss.expect("a loss");
        let nearest = expected.iter().min_by(|a, b| {
            let distance = |fold: &Value| (number(fold, "log_loss") - loss).abs();
            distance(a).total_cmp(&distance(b))
        });
        let nearest = nearest.expect("a fold");
        close(loss, number(nearest, "log_loss"), 1e-12);
        close(fold.weight, number(nearest, "comparisons"), 0.0);
        close(fold.brier.expect("a score"), number(nearest, "brier"), 1e-12);
        close(fold.accuracy.expect("a share"), number(nearest, "accuracy"), 1e-12);
    }
}

#[test]
fn errors_are_those_of_fold_sums_and_differences_are_paired() {
    let log = simulated(&[1.0, 0.3, 0.0, -0.6, -0.7], 900, 4);
    let graph = PreferenceGraph::from_log(&log);
    let strong = BradleyTerry { penalty: 30.0, ..BRADLEY_TERRY };
    let elo = Elo { k: 16.0, ..Elo::default() };
    let candidates = [
        counts("plain", &BRADLEY_TERRY),
        counts("shrunk", &strong),
        Candidate { name: "elo", rater: &elo, needs: Needs::Rows },
    ];
    let found = run(&candidates, Folds::of_rows(&log, &graph, settings(7)).unwrap(), TieScore::Decisive);
    // 900 is no multiple of 7: folds differ in size.
    let weights: Vec<f64> = found.methods[0].folds.iter().map(|fold| fold.weight).collect();
    close(weights.iter().sum(), 900.0, 0.0);
    let error = |sums: &[f64]| {
        let (total, all): (f64, f64) = (sums.iter().sum(), weights.iter().sum());
        let squares: f64 = sums.iter().zip(&weights).map(|(sum, weight)| (sum - total / all * weight).powi(2)).sum();
        (7.0 / 6.0 * squares).sqrt() / all
    };
    let sums = |method: usize| -> Vec<f64> {
        found.methods[method].folds.iter().map(|fold| fold.weight * fold.log_loss.unwrap()).collect()
    };
    for method in 0..3 {
        close(found.methods[method].std_error.unwrap(), error(&sums(method)), 1e-12);
    }
    assert_eq!(found.differences.len(), 3);
    for (difference, (a, b)) in found.differences.iter().zip([(0, 1), (0, 2), (1, 2)]) {
        let apart: Vec<f64> = sums(a).iter().zip(sums(b)).map(|(a, b)| a - b).collect();
        close(difference.log_loss, found.methods[a].log_loss - found.methods[b].log_loss, 1e-12);
        close(difference.std_error.unwrap(), error(&apart), 1e-12);
    }
    let there = found.difference("shrunk", "plain").unwrap();
    close(there.log_loss, -found.differences[0].log_loss, 0.0);
}

/// A rater that knows the truth.
#[derive(Debug, Clone)]
struct Oracle(Vec<f64>);

#[derive(Debug)]
struct Known(Vec<f64>, Identification);

impl Rater for Oracle {
    fn fit(&self, evidence: Evidence<'_>, _: Option<&[f64]>) -> Result<Box<dyn Fitted>, FitError> {
        Ok(Box::new(Known(self.0.clone(), Identification::unconditional(evidence.graph))))
    }
}

impl Fitted for Known {
    fn ratings(&self) -> &[f64] {
        &self.0
    }
    fn convergence(&self) -> Convergence {
        Convergence::CLOSED_FORM
    }
    fn identification(&self) -> &Identification {
        &self.1
    }
    fn share_at(&self, difference: f64) -> Option<f64> {
        Some(logistic(difference))
    }
}

#[test]
fn the_truth_is_calibrated_and_a_fit_loses_to_it_what_its_parameters_cost() {
    let strengths: Vec<f64> = (0..10).map(|i| 0.35 * f64::from(i) - 1.6).collect();
    let oracle = Oracle(strengths.clone());
    let doubled = Oracle(strengths.iter().map(|strength| 2.0 * strength).collect());
    let candidates = [counts("truth", &oracle), counts("fit", &BRADLEY_TERRY), counts("too sure", &doubled)];
    let (comparisons, seeds) = (4000, 12);
    let mut excess = 0.0;
    for seed in 0..seeds {
        let log = simulated(&strengths, comparisons, seed);
        let graph = PreferenceGraph::from_log(&log);
        let found = run(&candidates, Folds::of_comparisons(&graph, settings(10)).unwrap(), TieScore::Decisive);
        let [truth, fit, sure] = &found.methods[..] else { panic!("three methods") };
        // The standard error of the slope is about 0.035.
        close(truth.calibration.slope.unwrap(), 1.0, 0.14);
        close(fit.calibration.slope.unwrap(), 1.0, 0.14);
        close(sure.calibration.slope.unwrap(), 0.5, 0.07);
        // Ten bins of some 400 comparisons: 0.8 of a standard deviation of 0.022 each.
        assert!(truth.calibration.expected_error < 0.035, "{}", truth.calibration.expected_error);
        assert!(sure.calibration.expected_error > 0.05);
        assert_eq!(found.best, "truth");
        excess += fit.log_loss - truth.log_loss;
    }
    // Nine parameters fitted to nine tenths of the comparisons cost 9 / (2 · 3600) nats each.
    close(excess / seeds as f64, 9.0 / 7200.0, 0.0004);
}

#[test]
fn a_rater_scores_the_same_in_any_company() {
    let log = read_log("fixtures/arena.csv").expect("the fixture");
    let graph = PreferenceGraph::from_log(&log);
    let elo = Elo::default();
    let alone = scores(&BRADLEY_TERRY, Folds::of_comparisons(&graph, settings(5)).unwrap(), TieScore::Decisive);
    let candidates = [Candidate { name: "elo", rater: &elo, needs: Needs::Rows }, counts("rater", &BRADLEY_TERRY)];
    let found = run(&candidates, Folds::of_rows(&log, &graph, settings(5)).unwrap(), TieScore::Decisive);
    assert_eq!(found.methods[1], alone);
}

#[test]
fn exchanging_left_and_right_or_winners_and_losers_changes_no_score() {
    let rows: Vec<_> = simulated(&[0.8, 0.1, -0.9, 0.0], 60, 2).rows().collect();
    let of = |change: fn(Comparison) -> Comparison| {
        let mut log = Log::new((0..4).map(|i| format!("item {i}")).collect::<Items>());
        for &row in &rows {
            log.push(change(row));
        }
        let graph = PreferenceGraph::from_log(&log);
        // One out at a time, so that the draw of folds doesn't matter.
        scores(&BRADLEY_TERRY, Folds::of_comparisons(&graph, settings(60)).unwrap(), TieScore::Decisive)
    };
    let plain = of(|row| row);
    let changes: [fn(Comparison) -> Comparison; 3] = [
        |row| Comparison { left: row.right, right: row.left, outcome: row.outcome.mirrored(), ..row },
        |row| Comparison { outcome: row.outcome.mirrored(), ..row },
        // Other names: the ids in the opposite order.
        |row| Comparison { left: ItemId(3 - row.left.0), right: ItemId(3 - row.right.0), ..row },
    ];
    for change in changes {
        let changed = of(change);
        close(changed.log_loss, plain.log_loss, 1e-9);
        close(changed.std_error.unwrap(), plain.std_error.unwrap(), 1e-9);
        close(changed.brier, plain.brier, 1e-9);
        close(changed.accuracy, plain.accuracy, 1e-9);
        close(changed.calibration.slope.unwrap(), plain.calibration.slope.unwrap(), 1e-6);
        close(changed.calibration.expected_error, plain.calibration.expected_error, 1e-9);
    }
}

#[test]
fn ties_are_left_out_or_half_or_an_outcome() {
    let mut rows: Vec<_> = (0..40_u32).map(|i| (i % 3, (i + 1) % 3, Outcome::Left)).collect();
    rows.extend((0..30_u32).map(|i| (i % 3, (i + 2) % 3, [Outcome::Left, Outcome::Tie][i as usize % 2])));
    let graph = PreferenceGraph::from_log(&log(3, &rows));
    let davidson = BradleyTerry { ties: TieRule::Davidson, ..BRADLEY_TERRY };
    let folds = || Folds::of_comparisons(&graph, settings(10)).unwrap();
    let of = |rule| run(&[counts("davidson", &davidson)], folds(), rule);
    let (decisive, half, three) = (of(TieScore::Decisive), of(TieScore::Half), of(TieScore::ThreeWay));
    assert_eq!((decisive.held_out.scored, decisive.held_out.ties), (55.0, 15.0));
    assert_eq!((half.held_out.scored, three.held_out.scored), (70.0, 70.0));
    close(half.held_out.floor, 15.0 * 2_f64.ln() / 70.0, 1e-15);
    close(decisive.held_out.floor + three.held_out.floor, 0.0, 0.0);
    // By hand: win, tie and loss of each fold's own fit.
    let mut loss = 0.0;
    for fold in folds().iter() {
        let fitted = davidson.fit((&fold.train).into(), None).unwrap();
        let nu = fitted.parameters()[0].1.unwrap();
        for (cell, sum) in fold.test.cells().iter().zip(fold.test.sums()) {
            let pair = fold.test.pairs()[cell.pair as usize];
            let d = fitted.ratings()[pair.low.index()] - fitted.ratings()[pair.high.index()];
            let weights = [(d / 2.0).exp(), nu, (-d / 2.0).exp()];
            let happened = weights[2 - (2.0 * cell.share) as usize];
            loss -= sum.weight * (happened / weights.iter().sum::<f64>()).ln();
        }
    }
    close(three.methods[0].log_loss, loss / 70.0, 1e-10);
    let error = crossval(&[counts("plain", &BRADLEY_TERRY)], &[folds()], TieScore::ThreeWay, &|| ()).unwrap_err();
    assert!(matches!(error, CrossvalError::NoTieProbability { .. }), "{error}");
}

#[test]
fn the_first_within_one_standard_error_of_the_lowest_is_the_best() {
    let log = simulated(&[0.9, 0.2, -0.4, -0.7], 600, 8);
    let graph = PreferenceGraph::from_log(&log);
    let almost = BradleyTerry { penalty: 1e-7, ..BRADLEY_TERRY };
    let strong = BradleyTerry { penalty: 300.0, ..BRADLEY_TERRY };
    let folds = || Folds::of_comparisons(&graph, settings(10)).unwrap();
    let order = |names: [&'static str; 3]| {
        let rater = |name| -> &dyn Rater {
            match name {
                "plain" => &BRADLEY_TERRY,
                "almost" => &almost,
                _ => &strong,
            }
        };
        run(&names.map(|name| counts(name, rater(name))), folds(), TieScore::Decisive).best
    };
    // Two that differ by nothing: the first listed. One that is clearly worse: never.
    assert_eq!(order(["strong", "plain", "almost"]), "plain");
    assert_eq!(order(["strong", "almost", "plain"]), "almost");
}

#[test]
fn repetitions_average_losses_and_variances() {
    let log = simulated(&[0.9, 0.2, -0.4, -0.7], 300, 8);
    let graph = PreferenceGraph::from_log(&log);
    let folds = |repeat| Folds::of_comparisons(&graph, FoldSettings { repeat, ..settings(10) }).unwrap();
    let one = [counts("rater", &BRADLEY_TERRY)];
    let single: Vec<MethodScore> =
        (0..3).map(|repeat| run(&one, folds(repeat), TieScore::Decisive).methods.remove(0)).collect();
    let repetitions: Vec<Folds<'_>> = (0..3).map(folds).collect();
    let all = crossval(&one, &repetitions, TieScore::Decisive, &|| ()).unwrap();
    close(all.methods[0].log_loss, single.iter().map(|it| it.log_loss).sum::<f64>() / 3.0, 1e-12);
    let variance = single.iter().map(|it| it.std_error.unwrap().powi(2)).sum::<f64>() / 3.0;
    close(all.methods[0].std_error.unwrap(), variance.sqrt(), 1e-12);
    close(all.held_out.scored, 300.0, 0.0);
}

#[test]
fn what_cannot_be_scored_is_told() {
    let graph = PreferenceGraph::from_log(&log(2, &[(0, 1, Outcome::Tie), (1, 0, Outcome::Tie)]));
    let folds = || [Folds::of_comparisons(&graph, settings(2)).unwrap()];
    let error = |rater: &dyn Rater| {
        crossval(&[counts("x", rater)], &folds(), TieScore::Decisive, &|| ()).unwrap_err().to_string()
    };
    let known: Vec<&str> = predicting_raters().iter().map(|entry| entry.name).collect();
    for name in ["bradley-terry", "general-preference", "elo", "melo"] {
        assert!(known.contains(&name), "{name}");
    }
    assert!(!known.contains(&"win-rate"));
    assert!(error(&WinRate::default()).contains(&known.join(", ")));
    assert!(error(&BRADLEY_TERRY).starts_with("all 2 comparisons held out are ties"));
    assert!(matches!(crossval(&[], &folds(), TieScore::Half, &|| ()), Err(CrossvalError::Nothing)));
    let elo = Elo::default();
    let candidate = Candidate { name: "elo", rater: &elo, needs: Needs::Rows };
    let error = crossval(&[candidate], &folds(), TieScore::Half, &|| ()).unwrap_err();
    assert!(matches!(error, CrossvalError::Fit { .. }), "{error}");
}

#[test]
fn newcomers_and_unidentified_fits_are_told() {
    // Item 2 is in one comparison, which one fold holds out.
    let mut rows: Vec<_> = (0..19_u32).map(|i| (0, 1, [Outcome::Left, Outcome::Right][i as usize % 2])).collect();
    rows.push((0, 2, Outcome::Left));
    let graph = PreferenceGraph::from_log(&log(3, &rows));
    let folds = Folds::of_comparisons(&graph, settings(20)).unwrap();
    let found = run(&[counts("bt", &BRADLEY_TERRY)], folds, TieScore::Decisive);
    let note = |code: &str| found.notes.iter().find(|note| note.code == code).expect("a note").message.clone();
    assert!(note("unseen-items").starts_with("1 of 20 held-out comparisons"), "{}", note("unseen-items"));
    assert!(note("not-identified").contains("in 20 of 20 folds"), "{}", note("not-identified"));
}

#[test]
fn a_prediction_and_its_mirror_image_sum_to_one_with_their_intervals() {
    let log = simulated(&[0.9, 0.2, -0.4, -0.7], 400, 3);
    let graph = PreferenceGraph::from_log(&log);
    let fitted = BRADLEY_TERRY.fit((&graph).into(), None).unwrap();
    let errors = covariance(&*fitted, &graph, CovarianceKind::Sandwich, None);
    let all = Matchup::all(4).flat_map(|it| [it, Matchup { left: it.right, right: it.left }]);
    let found = predict(&graph, &*fitted, &errors, all, 0.9);
    assert_eq!(found.len(), 12);
    for pair in found.chunks(2) {
        let (there, back) = (&pair[0], &pair[1]);
        close(there.probability.unwrap() + back.probability.unwrap(), 1.0, 1e-15);
        close(there.low.unwrap() + back.high.unwrap(), 1.0, 1e-12);
        assert!(there.low < there.probability && there.probability < there.high);
        close(there.met, back.met, 0.0);
    }
    let met: f64 = found.iter().map(|it| it.met).sum();
    close(met, 800.0, 0.0);
}

/// A fit whose predictions are no differences of ratings: stone, scissors, paper.
#[derive(Debug)]
struct Cyclic(Identification);

impl Fitted for Cyclic {
    fn ratings(&self) -> &[f64] {
        &[0.0; 3]
    }
    fn convergence(&self) -> Convergence {
        Convergence::CLOSED_FORM
    }
    fn identification(&self) -> &Identification {
        &self.0
    }
    fn probability(&self, i: ItemId, j: ItemId) -> Option<f64> {
        Some([0.5, 0.8, 0.2][(j.index() + 3 - i.index()) % 3])
    }
    fn log_odds_error(&self, i: ItemId, j: ItemId) -> Option<f64> {
        (i != j).then_some(0.3)
    }
}

#[test]
fn predictions_with_an_error_of_their_own_have_intervals_on_log_odds() {
    let graph =
        PreferenceGraph::from_log(&log(3, &[(0, 1, Outcome::Left), (1, 2, Outcome::Left), (2, 0, Outcome::Left)]));
    let fitted = Cyclic(Identification::unconditional(&graph));
    let unknown = Uncertainty::unknown(3);
    for pair in predict(&graph, &fitted, &unknown, Matchup::all(3), 0.95) {
        let middle = if pair.right == "item 2" && pair.left == "item 0" { 0.25_f64.ln() } else { 4_f64.ln() };
        // The quantile of the normal distribution: 1.959963984540054.
        close(pair.low.unwrap(), logistic(middle - 0.3 * 1.959_963_984_540_054), 1e-12);
        close(pair.high.unwrap(), logistic(middle + 0.3 * 1.959_963_984_540_054), 1e-12);
    }
    let unwanted = Uncertainty::unwanted(3);
    assert!(predict(&graph, &fitted, &unwanted, Matchup::all(3), 0.95).iter().all(|pair| pair.low.is_none()));
}

#[test]
fn every_registered_rater_that_predicts_can_be_compared() {
    let log = read_log("fixtures/arena.csv").expect("the fixture");
    let graph = PreferenceGraph::from_log(&log);
    let entries: Vec<&RaterEntry> = predicting_raters();
    let raters: Vec<_> = entries.iter().map(|entry| entry.rater(&Settings::default()).unwrap()).collect();
    let pairs = entries.iter().zip(&raters);
    let candidates: Vec<Candidate<'_>> =
        pairs.map(|(entry, rater)| Candidate { name: entry.name, rater: &**rater, needs: entry.needs }).collect();
    let found = run(&candidates, Folds::of_rows(&log, &graph, settings(3)).unwrap(), TieScore::Half);
    for (method, entry) in found.methods.iter().zip(&entries) {
        assert!(method.log_loss < 2_f64.ln(), "{} is worse than a coin: {method:?}", entry.name);
    }
}

/// Rows between four items: whole counts, weights, and shares of any kind.
fn any_rows() -> impl Strategy<Value = Vec<Comparison>> {
    let share = prop_oneof![Just(0.0), Just(0.5), Just(1.0), Just(0.25)];
    let weight = prop_oneof![4 => Just(1.0), 1 => 0.0..3.0_f64];
    let row =
        (0..4_u32, 1..4_u32, share, 0..40_u32, weight).prop_map(|(left, ahead, share, count, weight)| Comparison {
            left: ItemId(left),
            right: ItemId((left + ahead) % 4),
            outcome: Outcome::from_share(share).expect("a share"),
            count: f64::from(count),
            weight,
        });
    prop::collection::vec(row, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folds_hold_out_every_comparison_once_and_rows_follow_counts(rows in any_rows(), folds in 2..12_usize, seed in 0..9_u64) {
        let mut log = log(4, &[]);
        for &row in &rows {
            log.push(row);
        }
        let graph = PreferenceGraph::from_log(&log);
        let settings = FoldSettings { folds, seed, repeat: 0 };
        prop_assume!(graph.comparisons() >= folds as f64);
        let (by_count, by_row) =
            (Folds::of_comparisons(&graph, settings).unwrap(), Folds::of_rows(&log, &graph, settings).unwrap());
        let mut held = vec![0.0; graph.cells().len()];
        for index in 0..folds {
            let (one, other) = (by_count.fold(index), by_row.fold(index));
            let trained = PreferenceGraph::from_log(&by_row.train_rows(index).expect("rows"));
            prop_assert_eq!(trained.records(), other.train.records());
            prop_assert!((trained.weight() - other.train.weight()).abs() < 1e-9);
            for (cell, all) in graph.sums().iter().enumerate() {
                prop_assert!((one.test.sums()[cell].count - other.test.sums()[cell].count).abs() < 1e-12);
                for fold in [&one, &other] {
                    let (train, test) = (fold.train.sums()[cell], fold.test.sums()[cell]);
                    prop_assert!((train.count + test.count - all.count).abs() < 1e-12);
                    prop_assert!((train.weight + test.weight - all.weight).abs() < 1e-9);
                    prop_assert!((train.weight_squared + test.weight_squared - all.weight_squared).abs() < 1e-9);
                }
                held[cell] += one.test.sums()[cell].count;
            }
        }
        prop_assert_eq!(held, graph.sums().iter().map(|sum| sum.count).collect::<Vec<_>>());
    }
}
