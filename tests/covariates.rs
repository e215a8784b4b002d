//! Covariates: fits against an independent implementation, what their intervals cover, how they are read, and what is
//! said of those that can't be used.

use std::fmt::Write as _;

use assert_cmd::cargo::cargo_bin_cmd;
use palio::data::graph::PreferenceGraph;
use palio::data::read::{Comparisons, CovariateColumn, Dialect, ReadOptions, read_bytes};
use palio::data::{Comparison, ItemId, Log, Outcome};
use palio::models::{BradleyTerry, CovariateSettings, Evidence, FitError, Fitted, Rater, Standardize, TieRule, Units};
use palio::uncertainty::{BootstrapSettings, Clusters, CovarianceKind, Uncertainty, bootstrap, covariance};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use serde::Deserialize;

/// What `tests/generators/covariates.py` writes.
#[derive(Deserialize)]
struct Fixture {
    rows: Vec<Row>,
    fits: Vec<Expected>,
}

#[derive(Deserialize)]
struct Row {
    left: u32,
    right: u32,
    share: f64,
    weight: f64,
    cluster: u32,
    x: [f64; 2],
}

#[derive(Debug, Deserialize)]
struct Expected {
    ties: String,
    side: bool,
    standardize: String,
    penalty: f64,
    weighted: bool,
    clustered: bool,
    /// The least number of comparisons of weights by pair.
    least: Option<f64>,
    ratings: Vec<f64>,
    tie_parameter: Option<f64>,
    coefficients: Vec<f64>,
    log_likelihood: f64,
    rating_errors: Vec<f64>,
    coefficient_errors: Vec<f64>,
}

impl Fixture {
    fn read() -> Self {
        let path = format!("{}/fixtures/covariates.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).expect("the fixture")).expect("its shape")
    }

    fn log(&self, weighted: bool) -> Log {
        let items = 1 + self.rows.iter().map(|row| row.left.max(row.right)).max().expect("rows");
        let mut log = Log::new((0..items).map(|item| item.to_string()).collect());
        for row in &self.rows {
            let outcome = Outcome::from_share(row.share).expect("a share");
            let plain = Comparison::new(ItemId(row.left), ItemId(row.right), outcome);
            log.push(Comparison { weight: if weighted { row.weight } else { 1.0 }, ..plain });
        }
        for (place, name) in ["x", "y"].into_iter().enumerate() {
            log.add_covariate(name, &self.rows.iter().map(|row| row.x[place]).collect::<Vec<f64>>());
        }
        log.add_labels("cluster", self.rows.iter().map(|row| row.cluster.to_string()));
        log
    }
}

impl Expected {
    fn rater(&self) -> BradleyTerry {
        let ties = match self.ties.as_str() {
            "half" => TieRule::Half,
            "drop" => TieRule::Drop,
            "davidson" => TieRule::Davidson,
            _ => TieRule::RaoKupper,
        };
        let standardize = match self.standardize.as_str() {
            "z-score" => Standardize::ZScore,
            "scale" => Standardize::Scale,
            _ => Standardize::None,
        };
        let covariates = CovariateSettings { penalty: self.penalty, standardize, side_advantage: self.side };
        BradleyTerry { ties, covariates, ..BradleyTerry::default() }
    }
}

struct Fit {
    graph: PreferenceGraph,
    fitted: Box<dyn Fitted>,
}

impl Fit {
    fn new(rater: &BradleyTerry, log: &Log) -> Self {
        let graph = PreferenceGraph::from_log(log);
        let fitted = rater.fit(Evidence { graph: &graph, rows: Some(log), ballots: None }, None).expect("a fit");
        Self { graph, fitted }
    }

    fn coefficients(&self) -> Vec<f64> {
        self.fitted.covariates().iter().filter_map(|it| it.coefficient).collect()
    }

    fn errors(&self, clusters: Option<&Clusters>) -> Uncertainty {
        covariance(&*self.fitted, &self.graph, CovarianceKind::Sandwich, clusters)
    }
}

fn close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance, "{what}: {found} instead of {expected}");
    }
}

#[test]
fn fits_are_those_of_an_independent_implementation() {
    let fixture = Fixture::read();
    for expected in &fixture.fits {
        let log = fixture.log(expected.weighted);
        let enters = |outcome| expected.ties != "drop" || outcome != Outcome::Tie;
        let log = match expected.least {
            Some(least) => log.reweighted_by_pair(least, enters),
            None => log,
        };
        let fit = Fit::new(&expected.rater(), &log);
        assert!(fit.fitted.convergence().converged, "{expected:?}");
        assert!(fit.fitted.covariates().iter().all(|it| it.identified), "{expected:?}");
        close("ratings", fit.fitted.ratings(), &expected.ratings, 1e-8);
        // The generator has the side last.
        let side_first = |values: &[f64]| {
            let mut values = values.to_vec();
            values.rotate_right(usize::from(expected.side));
            values
        };
        close("coefficients", &fit.coefficients(), &side_first(&expected.coefficients), 1e-8);
        let parameter = fit.fitted.parameters().into_iter().find(|(name, _)| *name == "nu" || *name == "eta");
        let parameter = parameter.and_then(|(_, value)| value);
        close("tie parameter", parameter.as_slice(), expected.tie_parameter.as_slice(), 1e-8);
        close("likelihood", fit.fitted.log_likelihood().as_slice(), &[expected.log_likelihood], 1e-8);
        let clusters = log.labels("cluster").filter(|_| expected.clustered);
        let clusters = clusters.map(|labels| Clusters::for_fit(&*fit.fitted, &log, labels, &fit.graph));
        let errors = fit.errors(clusters.as_ref());
        let of_ratings: Vec<f64> = (0..5).map(|item| errors.std_error(ItemId(item)).expect("an error")).collect();
        close("errors of ratings", &of_ratings, &expected.rating_errors, 1e-8);
        close("errors of coefficients", errors.coefficient_errors(), &side_first(&expected.coefficient_errors), 1e-8);
    }
}

/// With a covariate that does nothing to speak of, all is as without it.
#[test]
fn a_covariate_under_a_heavy_penalty_changes_nothing() {
    let fixture = Fixture::read();
    let log = fixture.log(true);
    let covariates = CovariateSettings { penalty: 1e15, ..CovariateSettings::default() };
    for ties in [TieRule::Half, TieRule::Drop, TieRule::Davidson, TieRule::RaoKupper] {
        let rater = BradleyTerry { ties, covariates, ..BradleyTerry::default() };
        let with = Fit::new(&rater, &log);
        let without = rater.fit((&PreferenceGraph::from_log(&log)).into(), None).expect("a fit");
        close("ratings", with.fitted.ratings(), without.ratings(), 1e-9);
        close("likelihood", with.fitted.log_likelihood().as_slice(), without.log_likelihood().as_slice(), 1e-9);
    }
}

#[test]
fn exchanged_sides_change_nothing_if_no_difference_stays_none() {
    let fixture = Fixture::read();
    let mut exchanged = Log::new((0..5).map(|item| item.to_string()).collect());
    let log = fixture.log(false);
    let mut columns = [Vec::new(), Vec::new()];
    for (place, row) in log.rows().enumerate() {
        let turn = place % 3 == 0;
        let turned = Comparison { left: row.right, right: row.left, outcome: row.outcome.mirrored(), ..row };
        exchanged.push(if turn { turned } else { row });
        for (column, value) in columns.iter_mut().zip(log.covariates().row(place)) {
            column.push(if turn { -value } else { *value });
        }
    }
    for (name, column) in ["x", "y"].into_iter().zip(&columns) {
        exchanged.add_covariate(name, column);
    }
    let covariates = CovariateSettings { standardize: Standardize::Scale, ..CovariateSettings::default() };
    let rater = BradleyTerry { covariates, ..BradleyTerry::default() };
    let (one, other) = (Fit::new(&rater, &log), Fit::new(&rater, &exchanged));
    close("ratings", one.fitted.ratings(), other.fitted.ratings(), 1e-12);
    close("coefficients", &one.coefficients(), &other.coefficients(), 1e-12);
}

#[test]
fn what_says_nothing_is_left_out_and_told() {
    let fixture = Fixture::read();
    let mut log = fixture.log(false);
    let rows = log.len();
    log.add_covariate("always", &vec![0.1; rows]);
    // Whatever an item is known for, its rating has already.
    let known_for: Vec<f64> =
        fixture.rows.iter().map(|row| f64::from(row.left * row.left) - f64::from(row.right * row.right)).collect();
    log.add_covariate("size", &known_for);
    let twice: Vec<f64> = fixture.rows.iter().map(|row| 2.0 * row.x[0] - 3.0 * row.x[1] + 1.0).collect();
    log.add_covariate("twice", &twice);
    let fit = Fit::new(&BradleyTerry::default(), &log);
    let plain = Fit::new(&BradleyTerry::default(), &fixture.log(false));
    let fitted = fit.fitted.covariates();
    let told: Vec<bool> = fitted.iter().map(|it| it.coefficient.is_some()).collect();
    assert_eq!(told, [true, true, false, false, false]);
    close("coefficients", &fit.coefficients(), &plain.coefficients(), 1e-9);
    let notes = fit.fitted.notes();
    let codes: Vec<&str> = notes.iter().map(|note| &*note.code).collect();
    assert_eq!(codes, ["covariate-left-out"; 3]);
    assert!(notes[0].message.starts_with("the covariate always is 0.1"), "{}", notes[0].message);
    assert!(notes[1].message.starts_with("the covariate size follows from"), "{}", notes[1].message);
    assert_eq!(fit.errors(None).coefficient_errors().len(), 2);
}

#[test]
fn the_side_needs_rows_and_pseudo_counts_have_no_covariates() {
    let fixture = Fixture::read();
    let log = fixture.log(false);
    let graph = PreferenceGraph::from_log(&log);
    let covariates = CovariateSettings { side_advantage: true, ..CovariateSettings::default() };
    let side = BradleyTerry { covariates, ..BradleyTerry::default() };
    assert_eq!(side.fit((&graph).into(), None).unwrap_err(), FitError::NeedsSides);
    let pseudo = BradleyTerry { pseudo_count: 1.0, ..BradleyTerry::default() };
    let error = pseudo.fit(Evidence { graph: &graph, rows: Some(&log), ballots: None }, None).unwrap_err();
    assert_eq!(error, FitError::PseudoCountWithCovariates);
}

/// A log of three items in which `lead` is 1 where the left won and -1 where it lost, but for the rows in `faults`.
fn told_by_a_lead(faults: &[u32]) -> Log {
    let mut log = Log::new(["a", "b", "c"].into_iter().collect());
    let mut lead = Vec::new();
    for round in 0..60_u32 {
        let (left, right) = (round % 3, (round + 1) % 3);
        let won = (round / 3) % 2 == 0;
        log.push(Comparison::new(ItemId(left), ItemId(right), if won { Outcome::Left } else { Outcome::Right }));
        lead.push(if won == faults.contains(&round) { -1.0 } else { 1.0 });
    }
    log.add_covariate("lead", &lead);
    log
}

fn penalised(penalty: f64) -> BradleyTerry {
    let covariates = CovariateSettings { penalty, ..CovariateSettings::default() };
    BradleyTerry { covariates, ..BradleyTerry::default() }
}

fn separates(fit: &Fit) -> Option<String> {
    fit.fitted.notes().into_iter().find(|note| note.code == "covariate-separates").map(|note| note.message)
}

#[test]
fn a_covariate_that_tells_all_outcomes_has_no_estimate_and_leaves_none_to_ratings() {
    let log = told_by_a_lead(&[]);
    for penalty in [1.0, 1e-9, 0.0] {
        let fit = Fit::new(&penalised(penalty), &log);
        assert!(fit.fitted.convergence().converged, "{penalty}");
        let coefficient = fit.coefficients()[0];
        assert!(coefficient > 2.0 && coefficient < 30.0, "{penalty}: {coefficient}");
        assert!(!fit.fitted.covariates()[0].identified);
        let told = separates(&fit).expect("a note");
        assert!(told.starts_with("the covariate lead tells outcomes without a fault"), "{told}");
        assert!(fit.fitted.identification().members.is_empty());
        let errors = fit.errors(None);
        assert!(errors.coefficient_errors().is_empty() && errors.std_error(ItemId(0)).is_none());
    }
}

/// One outcome that it tells wrong between two items their ratings make up for: all three grow together.
#[test]
fn an_outcome_that_ratings_make_up_for_leaves_no_estimate() {
    for penalty in [1.0, 0.0] {
        let fit = Fit::new(&penalised(penalty), &told_by_a_lead(&[17]));
        assert!(separates(&fit).is_some());
        assert!(fit.fitted.identification().members.is_empty());
    }
}

/// Two outcomes that it tells wrong, one each way, are enough for finite estimates, large as they are.
#[test]
fn a_covariate_that_tells_all_outcomes_but_two_has_an_estimate() {
    for penalty in [1.0, 0.0] {
        let fit = Fit::new(&penalised(penalty), &told_by_a_lead(&[2, 17]));
        assert_eq!(separates(&fit), None);
        assert!(fit.fitted.covariates()[0].identified);
        assert_eq!(fit.errors(None).coefficient_errors().len(), 1);
    }
}

#[test]
fn a_covariate_of_one_row_has_no_estimate_and_ratings_keep_theirs() {
    let fixture = Fixture::read();
    let mut log = fixture.log(false);
    let row = fixture.rows.iter().position(|row| row.share > 0.9).expect("a win");
    let lone: Vec<f64> = (0..log.len()).map(|at| if at == row { 45.0 } else { 0.0 }).collect();
    log.add_covariate("lone", &lone);
    for (ties, penalty) in
        [(TieRule::Half, 0.0), (TieRule::Half, 1.0), (TieRule::Davidson, 0.0), (TieRule::RaoKupper, 1.0)]
    {
        let covariates = CovariateSettings { penalty, standardize: Standardize::Scale, side_advantage: false };
        let fit = Fit::new(&BradleyTerry { ties, covariates, ..BradleyTerry::default() }, &log);
        let held: Vec<bool> = fit.fitted.covariates().iter().map(|it| it.identified).collect();
        assert_eq!(held, [true, true, false], "{ties:?}");
        assert!(separates(&fit).is_some_and(|told| told.starts_with("the covariate lone tells")));
        assert_eq!(fit.fitted.identification().members.len(), 5);
        let errors = fit.errors(None);
        assert_eq!(errors.coefficient_errors().len(), 2);
        assert!((0..5).all(|item| errors.std_error(ItemId(item)).is_some_and(|error| error < 1.0)));
    }
}

/// Where `a` meets `b` the covariate is always 1, so whatever its effect is, the rating of `a` makes up for it; and it
/// tells who won between `a` and `c`.
fn told_with_a_rating(with_champion: bool) -> Log {
    let mut log = Log::new(["a", "b", "c", "champion"].into_iter().take(3 + usize::from(with_champion)).collect());
    let mut told = Vec::new();
    let mut push = |left: u32, right: u32, won: bool, value: f64| {
        log.push(Comparison::new(ItemId(left), ItemId(right), if won { Outcome::Left } else { Outcome::Right }));
        told.push(value);
    };
    for round in 0..20 {
        let won = round % 2 == 0;
        push(0, 1, won, 1.0);
        push(1, 2, won, 0.0);
        push(0, 2, won, if won { 2.0 } else { -2.0 });
        if with_champion {
            push(3, round % 3, true, 0.0);
        }
    }
    log.add_covariate("told", &told);
    log
}

#[test]
fn a_rating_that_makes_up_for_an_effect_without_an_estimate_has_none() {
    for with_champion in [false, true] {
        for penalty in [1.0, 0.0] {
            let covariates = CovariateSettings { penalty, standardize: Standardize::None, side_advantage: false };
            let rater = BradleyTerry { covariates, ..BradleyTerry::default() };
            let fit = Fit::new(&rater, &told_with_a_rating(with_champion));
            assert!(separates(&fit).is_some_and(|told| told.starts_with("the covariate told tells")));
            assert_eq!(fit.fitted.identification().members, [ItemId(1), ItemId(2)], "{with_champion}");
            assert!(fit.errors(None).std_error(ItemId(1)).is_some());
        }
    }
}

/// It is -1, 0 or 1 with the outcome, so that coefficient and tie parameter grow together.
#[test]
fn a_covariate_that_tells_ties_too_has_no_estimate() {
    for ties in [TieRule::Half, TieRule::Davidson, TieRule::RaoKupper] {
        let mut log = Log::new(["a", "b", "c"].into_iter().collect());
        let mut told = Vec::new();
        for round in 0..90_u32 {
            let (left, right) = (round % 3, (round + 1) % 3);
            let (outcome, value) =
                [(Outcome::Left, 1.0), (Outcome::Tie, 0.0), (Outcome::Right, -1.0)][round as usize / 3 % 3];
            log.push(Comparison::new(ItemId(left), ItemId(right), outcome));
            told.push(value);
        }
        log.add_covariate("told", &told);
        let fit = Fit::new(&BradleyTerry { ties, ..penalised(1.0) }, &log);
        assert!(separates(&fit).is_some(), "{ties:?}");
        assert!(!fit.fitted.covariates()[0].identified, "{ties:?}");
    }
}

/// Small logs, covariates with heavy tails, strong effects, and ridges of all sizes.
#[test]
fn what_has_an_estimate_is_never_said_to_have_none() {
    for seed in 0..200_u64 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut log = Log::new((0..6).map(|item| item.to_string()).collect());
        let mut columns = vec![Vec::new(); 3];
        let rows = if seed % 2 == 0 { 60 } else { 600 };
        let strength = [0.0, 1.0, 3.0][seed as usize % 3];
        for row in 0..rows {
            let left = rng.random_range(0..6);
            let right = (left + rng.random_range(1..6)) % 6;
            let normal: f64 = StandardNormal.sample(&mut rng);
            let values = [normal, normal.powi(5), f64::from(rng.random_range(0..3_u8)) - 1.0];
            let odds = (strength * (values[0] + values[2])).exp();
            let won = rng.random::<f64>() < odds / (1.0 + odds);
            // Each row twice with both outcomes once in a while: nothing is told without a fault then.
            let outcomes: &[bool] = if row % 4 == 0 { &[true, false] } else { std::slice::from_ref(&won) };
            for &won in outcomes {
                let outcome = if won { Outcome::Left } else { Outcome::Right };
                log.push(Comparison::new(ItemId(left), ItemId(right), outcome));
                columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            }
        }
        columns.iter().zip(["x", "y", "z"]).for_each(|(column, name)| log.add_covariate(name, column));
        for penalty in [0.0, 1e-6, 1.0, 1e4] {
            assert_eq!(separates(&Fit::new(&penalised(penalty), &log)), None, "seed {seed}, penalty {penalty}");
        }
    }
}

#[test]
fn units_of_covariates_change_nothing_but_their_coefficients() {
    let fixture = Fixture::read();
    let covariates = CovariateSettings { penalty: 0.0, standardize: Standardize::None, side_advantage: false };
    let rater = BradleyTerry { covariates, ..BradleyTerry::default() };
    let in_units = |unit: f64| {
        let mut log = fixture.log(false).clone();
        let column: Vec<f64> = fixture.rows.iter().map(|row| row.x[0] * row.x[1] * unit).collect();
        log.add_covariate("both", &column);
        Fit::new(&rater, &log)
    };
    let plain = in_units(1.0);
    for unit in [1.7e12, 1e-9] {
        let fit = in_units(unit);
        let convergence = fit.fitted.convergence();
        assert!(convergence.converged && convergence.iterations < 20, "{convergence:?}");
        close("ratings", fit.fitted.ratings(), plain.fitted.ratings(), 1e-10);
        close("coefficients", &[fit.coefficients()[2] * unit], &plain.coefficients()[2..], 1e-10);
        let error = |fit: &Fit| fit.errors(None).coefficient_errors()[2];
        close("errors", &[error(&fit) * unit], &[error(&plain)], 1e-10);
    }
}

#[test]
fn small_weights_are_weights() {
    let fixture = Fixture::read();
    let with = |factor: f64| {
        let mut log = Log::new((0..5).map(|item| item.to_string()).collect());
        for row in fixture.log(true).rows() {
            log.push(Comparison { weight: row.weight * factor, ..row });
        }
        log.add_covariate("x", &fixture.rows.iter().map(|row| row.x[0]).collect::<Vec<f64>>());
        Fit::new(&penalised(0.0), &log)
    };
    let (plain, small) = (with(1.0), with(1e-10));
    close("coefficients", &small.coefficients(), &plain.coefficients(), 1e-9);
    let (errors, expected) = (small.errors(None), plain.errors(None));
    assert_eq!(errors.notes, expected.notes);
    close("errors", errors.coefficient_errors(), expected.coefficient_errors(), 1e-9);
}

/// Residuals of the one cluster in which a covariate varies sum to nothing.
#[test]
fn a_coefficient_that_one_cluster_tells_has_at_least_the_models_error() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut log = Log::new((0..5).map(|item| item.to_string()).collect());
    let (mut own, mut everywhere, mut cluster) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..1_000_u32 {
        let left = rng.random_range(0..5);
        let outcome = if rng.random::<bool>() { Outcome::Left } else { Outcome::Right };
        log.push(Comparison::new(ItemId(left), ItemId((left + rng.random_range(1..5)) % 5), outcome));
        let value: f64 = StandardNormal.sample(&mut rng);
        own.push(if row % 50 == 7 { value } else { 0.0 });
        everywhere.push(value);
        cluster.push((row % 50).to_string());
    }
    log.add_covariate("own", &own);
    log.add_covariate("everywhere", &everywhere);
    log.add_labels("cluster", cluster);
    let fit = Fit::new(&BradleyTerry::default(), &log);
    let labels = log.labels("cluster").expect("labels");
    let clusters = Clusters::for_fit(&*fit.fitted, &log, labels, &fit.graph);
    let errors = fit.errors(Some(&clusters));
    let model = covariance(&*fit.fitted, &fit.graph, CovarianceKind::Fisher, None);
    let ratio = |place: usize| errors.coefficient_errors()[place] / model.coefficient_errors()[place];
    assert!(ratio(0) > 1.0 - 1e-12 && ratio(0) < 1.5, "{}", ratio(0));
    assert!((0.7..1.4).contains(&ratio(1)), "{}", ratio(1));
    let told = errors.notes.iter().find(|note| note.code == "few-comparisons").expect("a note");
    assert!(told.message.contains("tell the effect of own, so"), "{}", told.message);
}

/// What a planted log is like beside its rule for ties.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Planted {
    /// Ties as the rule has them.
    Plain,
    /// A fifth of the comparisons are tied, whoever is compared.
    Tied,
    /// Weights between 0.5 and 2.
    Weighted,
    /// Every comparison is told twice, and the two are a cluster.
    Twice,
    /// Errors are those of the model.
    Fisher,
}

/// How many of the intervals of each coefficient hold it, in logs of 10 items and 2,000 comparisons: that of the side,
/// and three that were planted.
fn coverage(logs: u64, rule: TieRule, planted: Planted) -> Vec<f64> {
    const ITEMS: u32 = 10;
    const EFFECTS: [f64; 3] = [0.4, -0.2, 0.0];
    const SIDE: f64 = 0.15;
    const TIE: f64 = 0.6;
    let one = |seed: u64| -> Vec<bool> {
        let mut rng = ChaCha8Rng::seed_from_u64(1000 + seed);
        let strengths: Vec<f64> = (0..ITEMS).map(|_| StandardNormal.sample(&mut rng)).collect();
        let mut log = Log::new((0..ITEMS).map(|item| item.to_string()).collect());
        let mut columns = vec![Vec::new(); EFFECTS.len()];
        for _ in 0..2_000 {
            let left = rng.random_range(0..ITEMS);
            let right = (left + rng.random_range(1..ITEMS)) % ITEMS;
            let lead = strengths[left as usize] - strengths[right as usize];
            // Stronger items write longer answers, so the covariate is not independent of who is compared.
            let own: Vec<f64> = EFFECTS.iter().map(|_| rng.sample::<f64, _>(StandardNormal) + 0.3 * lead).collect();
            let swayed = lead + SIDE + own.iter().zip(EFFECTS).map(|(x, b)| x * b).sum::<f64>();
            let at = match rule {
                TieRule::Half | TieRule::Drop => rule.probabilities(swayed, 0.0),
                _ => rule.probabilities(swayed, TIE),
            };
            let drawn: f64 = rng.random();
            let outcome = match drawn {
                _ if planted == Planted::Tied && rng.random_range(0..5) == 0 => Outcome::Tie,
                u if u < at.win => Outcome::Left,
                u if u < at.win + at.tie => Outcome::Tie,
                _ => Outcome::Right,
            };
            let weight = if planted == Planted::Weighted { rng.random_range(0.5..2.0) } else { 1.0 };
            for _ in 0..if planted == Planted::Twice { 2 } else { 1 } {
                log.push(Comparison { weight, ..Comparison::new(ItemId(left), ItemId(right), outcome) });
                columns.iter_mut().zip(&own).for_each(|(column, &value)| column.push(value));
            }
        }
        for (column, name) in columns.iter().zip(["first", "second", "none"]) {
            log.add_covariate(name, column);
        }
        let covariates =
            CovariateSettings { standardize: Standardize::None, side_advantage: true, ..CovariateSettings::default() };
        let fit = Fit::new(&BradleyTerry { ties: rule, covariates, ..BradleyTerry::default() }, &log);
        let errors = match planted {
            Planted::Fisher => covariance(&*fit.fitted, &fit.graph, CovarianceKind::Fisher, None),
            Planted::Twice => {
                log.add_labels("vote", (0..log.len()).map(|row| (row / 2).to_string()));
                let labels = log.labels("vote").expect("labels");
                fit.errors(Some(&Clusters::for_fit(&*fit.fitted, &log, labels, &fit.graph)))
            }
            _ => fit.errors(None),
        };
        let truth = std::iter::once(SIDE).chain(EFFECTS);
        let found = fit.coefficients().into_iter().zip(errors.coefficient_errors());
        let holds = |((found, error), truth): ((f64, &f64), f64)| {
            let (low, high) = errors.coefficient_interval(found, *error, 0.95);
            (low..=high).contains(&truth)
        };
        found.zip(truth).map(|it| holds((it.0, it.1))).collect()
    };
    let all: Vec<Vec<bool>> = (0..logs).into_par_iter().map(one).collect();
    let held = |place: usize| all.iter().filter(|log| log[place]).count();
    (0..=EFFECTS.len()).map(|place| held(place) as f64 / logs as f64).collect()
}

/// 2,000 logs, of which a share of 95 % has a standard error of half a percent: 500 would leave one coefficient in
/// twenty outside of 93 to 97 % though all were right.
#[test]
fn intervals_cover_planted_coefficients() {
    for (rule, planted) in [
        (TieRule::Half, Planted::Plain),
        (TieRule::Davidson, Planted::Plain),
        (TieRule::RaoKupper, Planted::Plain),
        (TieRule::Drop, Planted::Tied),
        (TieRule::Half, Planted::Weighted),
        (TieRule::Half, Planted::Twice),
        (TieRule::Half, Planted::Fisher),
    ] {
        let shares = coverage(2_000, rule, planted);
        println!("{rule:?} {planted:?}: {shares:?}");
        assert!(shares.iter().all(|share| (0.93..=0.97).contains(share)), "{rule:?} {planted:?}: {shares:?}");
    }
}

fn options(covariates: &str) -> ReadOptions {
    let covariates = CovariateColumn::parse_list(covariates).expect("covariates");
    ReadOptions { covariates, ..ReadOptions::default() }
}

fn covariates_of(name: &str, text: &str, options: &ReadOptions) -> Vec<Vec<f64>> {
    let reading = read_bytes(name, text.as_bytes(), options).expect("a log");
    let Comparisons::Rows(log) = reading.comparisons else { panic!("rows are kept") };
    (0..log.len()).map(|row| log.covariates().row(row).to_vec()).collect()
}

const HEAD: &str = "model_a,model_b,winner,len_a,len_b,lead,dash-ed\n";

#[test]
fn a_formula_is_a_column_a_difference_or_a_relative_one() {
    let text = format!("{HEAD}x,y,a,30,10,-1.5,7\ny,x,tie,0,0, 2e1 ,8\n");
    let formulas = "len_a-len_b, d=len_{a,b}, r=relative(len_{a,b}), lead, dash-ed, m=dash-ed-lead";
    let found = covariates_of("log.csv", &text, &options(formulas));
    assert_eq!(found, [vec![20.0, 20.0, 0.5, -1.5, 7.0, 8.5], vec![0.0, 0.0, 0.0, 20.0, 8.0, -12.0]]);
}

#[test]
fn an_object_of_numbers_counts_as_their_sum() {
    let row = |heads: &str| {
        format!(
            r#"{{"model_a":"x","model_b":"y","winner":"model_a","m":{{"head_a":{heads},"head_b":{{"h1":1}},"n_a":4,"n_b":1}}}}"#
        )
    };
    let text = [row(r#"{"h1":2,"h2":1}"#), row(r#"{"h1":"2","h7":5.5}"#), row("{}"), row("9")].join("\n");
    let found = covariates_of("log.jsonl", &text, &options("h=m.head_{a,b},n=m.n_{a,b}"));
    assert_eq!(found, [[2.0, 3.0], [6.5, 3.0], [-1.0, 3.0], [8.0, 3.0]]);
    // The first row's may be empty.
    let text = [row("{}"), row(r#"{"h1":2,"h2":1}"#)].join("\n");
    assert_eq!(covariates_of("log.jsonl", &text, &options("h=m.head_{a,b}")), [[-1.0], [2.0]]);
    let told = read_bytes("log.jsonl", text.as_bytes(), &options("m.tail")).expect_err("no such column").to_string();
    assert!(told.contains("`m.head_a`"), "{told}");
    // The columns of a struct are all there is to it.
    let flat = "model_a,model_b,winner,m.head_a.h1,m.head_a.h2,m.head_b\nx,y,a,2,1,1\n";
    assert_eq!(covariates_of("log.csv", flat, &options("h=m.head_{a,b}")), [[2.0]]);
}

#[test]
fn style_is_read_from_what_arenas_publish() {
    let path = format!("{}/fixtures/style.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the fixture");
    let style =
        ReadOptions { covariates: CovariateColumn::style(), from: Some(Dialect::Lmarena), ..ReadOptions::default() };
    let found = covariates_of("style.jsonl", &text, &style);
    assert!(found.len() > 100);
    assert!(found.iter().flatten().all(|value| (-1.0..=1.0).contains(value)));
}

#[test]
fn the_second_of_two_games_has_the_other_sign() {
    let row = r#"{"uid":"q","model":"m","judge":"j","n_a":5,"n_b":2,"games":[{"score":"A>B"},{"score":"A>B"}]}"#;
    assert_eq!(covariates_of("log.jsonl", row, &options("n=n_{a,b}")), [[3.0], [-3.0]]);
}

#[test]
fn bad_covariates_have_their_messages() {
    let error = |name: &str, text: &str, formulas: &str| {
        read_bytes(name, text.as_bytes(), &options(formulas)).expect_err("the log is bad").to_string()
    };
    let csv = format!("{HEAD}x,y,a,30,10,1,7\ny,x,tie,0,0,much,8\n");
    assert_eq!(
        error("log.csv", &csv, "lead"),
        "log.csv, line 3: column `lead` holds \"much\", which is no finite number, as a covariate has in every row (and none \
         beyond 1e100); write it like 1, 0.5 or 2e-3 (--skip-bad-rows leaves such rows out)"
    );
    for bad in ["", "inf", "NaN"] {
        let csv = format!("{HEAD}x,y,a,{bad},10,1,7\n");
        assert!(error("log.csv", &csv, "n=len_{a,b}").contains(&format!("column `len_a` holds {bad:?}")), "{bad}");
    }
    assert_eq!(
        error("log.csv", &csv, "n=size_{a,b}"),
        "log.csv has no column for the covariate n (`size_a`); its columns are `model_a`, `model_b`, `winner`, `len_a`, \
         `len_b`, `lead`, `dash-ed`; name the right one with --covariates"
    );
    let csv = format!("{HEAD}x,y,a,30,-10,1,7\n");
    assert_eq!(
        error("log.csv", &csv, "n=relative(len_{a,b})"),
        "log.csv, line 2: `len_a` is 30 and `len_b` is -10: a relative difference is of amounts of 0 or more; take the plain \
         difference, without relative( ) (--skip-bad-rows leaves such rows out)"
    );
    let json = |rest: &str| format!(r#"{{"model_a":"x","model_b":"y","winner":"tie","m":{{"n_a":1,"n_b":{rest}}}}}"#);
    assert!(error("log.jsonl", &json("2"), "n=m.k_{a,b}").contains("`m.n_a`, `m.n_b`"));
    let two = [json("2"), json("null")].join("\n");
    assert!(error("log.jsonl", &two, "n=m.n_{a,b}").starts_with("log.jsonl, line 2: the object has no `m.n_b`"));
    let two = [json("2"), json(r#"{"g":1,"h":"x"}"#)].join("\n");
    let told = error("log.jsonl", &two, "n=m.n_{a,b}");
    assert!(told.contains(r#"column `m.n_b.h` holds "\"x\"", which is no finite number"#), "{told}");
}

fn run(args: &[&str], stdin: &str) -> (i32, String, String) {
    let output = cargo_bin_cmd!("palio").args(args).write_stdin(stdin).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

/// A log in which the longer answer mostly wins.
fn swayed() -> String {
    let mut text = "model_a,model_b,winner,len_a,len_b,task,same\n".to_owned();
    for i in 0..400_u32 {
        let (left, right) = (i % 4, (i + 1 + i / 4 % 3) % 4);
        let (a, b) = (10 + i * 7919 % 97, 10 + i * 104_729 % 89);
        let winner = if i % 11 == 0 {
            "tie"
        } else if (a > b) == (i % 5 > 0) {
            "model_a"
        } else {
            "model_b"
        };
        let _ = writeln!(text, "m{left},m{right},{winner},{a},{b},t{},3", i % 40);
    }
    text
}

#[test]
fn the_board_tells_covariates_with_errors_and_their_settings() {
    let log = swayed();
    let args = ["rank", "-", "--covariates", "len=len_{a,b}", "--side-advantage", "--reweight", "pair:20"];
    let (code, out, err) = run(&[&args[..], &["--format", "json"]].concat(), &log);
    assert_eq!(code, 0, "{err}");
    let found: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let covariates = found["fit"]["covariates"].as_array().expect("covariates");
    let names: Vec<&str> = covariates.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["side", "len"]);
    assert!(covariates[1]["low"].as_f64() > Some(0.0));
    assert_eq!(found["settings"]["covariates"][0], "len=len_{a,b}");
    assert_eq!(found["settings"]["reweight"]["least"], 20.0);
    assert_eq!(found["settings"]["set"]["side_advantage"], "true");
    assert_eq!(found["fit"]["cluster"]["column"], "task");
    let (_, table, _) = run(&args, &log);
    assert!(table.contains("log-odds a unit") && table.contains("\n side "), "{table}");
    assert!(table.contains("controlled for side, len · reweighted by pair (at least 20)"), "{table}");
    let (_, markdown, _) = run(&[&args[..], &["--format", "markdown"]].concat(), &log);
    assert!(markdown.contains("\n\n| covariate | log-odds a unit | low | high | a unit is |\n"), "{markdown}");
    assert!(markdown.contains("\n| len | "), "{markdown}");
    for format in ["csv", "jsonl"] {
        let (code, _, err) = run(&[&args[..], &["--format", format, "--strict"]].concat(), &log);
        assert_eq!(code, 0, "{err}");
        assert!(err.contains("the effects of side, len are in --format json, table and markdown"), "{err}");
    }
}

#[test]
fn every_thread_count_gives_the_same_bytes() {
    let log = swayed();
    let rows = log.split_once('\n').expect("a header").1.to_owned();
    // More rows than one task sums.
    let log = log + &rows.repeat(60);
    let args = ["rank", "-", "--covariates", "len=relative(len_{a,b}),len_a", "--format", "json"];
    for more in [&["--ties", "davidson"][..], &["--cluster", "none"], &["--side-advantage", "--reweight", "pair:9"]] {
        let bytes = |threads: &str| run(&[&args[..], more, &["--threads", threads]].concat(), &log).1;
        assert!(!bytes("1").is_empty());
        assert_eq!(bytes("1"), bytes("3"), "{more:?}");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let log = swayed();
    for (args, part) in [
        (
            &["--covariates", "len_{a,b}", "--method", "elo"][..],
            "--covariates goes with --method bradley-terry, not with elo",
        ),
        (&["--reweight", "pair", "--method", "elo"], "--reweight goes with --method bradley-terry"),
        (&["--side-advantage", "--interval", "bootstrap"], "--side-advantage does not go with --interval bootstrap"),
        (
            &["--set", "side_advantage=true", "--interval", "bootstrap"],
            "side_advantage does not go with --interval bootstrap",
        ),
        (&["--set", "side_advantage=false", "--side-advantage"], "contradict each other"),
        (&["--set", "covariate_penalty=2"], "covariate_penalty is of covariates, and there are none"),
        (&["--covariates", "n=len_{a}"], "braces hold the names of both sides"),
        (&["--covariates", "n=len_a,n=len_b"], "two covariates are called 'n'"),
        (&["--covariates", "n=lem_{a,b}"], "its columns are `model_a`"),
        (&["--style-control"], "conv_metadata.sum_assistant_a_tokens"),
        (&["--reweight", "item"], "write pair, or pair:MIN"),
        (&["--reweight", "pair:0"], "1 or more"),
        (&["--covariates", "len_{a,b}", "--set", "pseudo_count=1"], "pseudo_count does not go with covariates"),
    ] {
        let (code, out, err) = run(&[&["rank", "-"], args].concat(), &log);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(part), "{args:?}: {err}");
    }
    let (code, _, err) = run(&["rank", "-", "--covariates", "same"], &log);
    assert_eq!(code, 0);
    assert!(err.contains("the covariate same is 3 in all comparisons"), "{err}");
    let (code, _, err) = run(&["crossval", "-", "--methods", "bradley-terry:side_advantage=true"], &log);
    assert_eq!(code, 2);
    assert!(err.contains("side_advantage needs to know"), "{err}");
}

#[test]
fn predictions_say_that_they_are_on_neutral_ground() {
    let args = ["predict", "-", "m0", "m1", "--set"];
    let (code, _, err) = run(&[&args[..], &["side_advantage=true"]].concat(), &swayed());
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("at-neutral-side") || err.contains("on neutral ground"), "{err}");
    let (code, _, err) = run(&[&args[..], &["standardize=none"]].concat(), &swayed());
    assert_eq!(code, 2);
    assert!(err.contains("standardize is of covariates"), "{err}");
}

#[test]
fn the_side_of_rows_that_count_is_told_to_be_that_of_the_column() {
    let log = "model_a,model_b,wins_a,wins_b\nx,y,5,3\ny,z,4,4\nz,x,2,6\n";
    let (code, _, err) = run(&["rank", "-", "--side-advantage"], log);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("rows count several comparisons"), "{err}");
}

/// A log in which the same item is always on the left says nothing of the side.
#[test]
fn without_a_side_to_tell_the_bootstrap_refits_without_it() {
    let mut log = Log::new(["a", "b", "c"].into_iter().collect());
    for round in 0..60_u32 {
        let outcome = if round % 7 < 4 { Outcome::Left } else { Outcome::Right };
        log.push(Comparison::new(ItemId(0), ItemId(1 + round % 2), outcome));
    }
    let covariates = CovariateSettings { side_advantage: true, ..CovariateSettings::default() };
    let rater = BradleyTerry { covariates, ..BradleyTerry::default() };
    let fit = Fit::new(&rater, &log);
    assert!(fit.coefficients().is_empty());
    let settings = BootstrapSettings { resamples: 20, seed: 1, units: Units::LogOdds };
    let evidence = Evidence { graph: &fit.graph, rows: None, ballots: None };
    let found = bootstrap(&rater, evidence, &*fit.fitted, None, settings, &|| ()).expect("refits");
    assert!(found.std_error(ItemId(1)).is_some());
}
