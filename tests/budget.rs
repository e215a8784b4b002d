//! Simulated budgets: what they promise, and what the guide tells of them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use palio::data::table::ScoreTable;
use palio::models::Kemeny;
use palio::simulation::budget::{
    BudgetError, BudgetResult, BudgetStudy, Noise, RANKERS, RankerPlan, SamplerPlan, SummaryRow, Target, Top, WORLDS,
    WorldPlan,
};
use palio::simulation::samplers::SAMPLERS;

fn study(worlds: &[&str], samplers: &[&str], rankers: &[&str]) -> BudgetStudy {
    BudgetStudy {
        worlds: worlds.iter().map(|label| WorldPlan::parse(label).expect("a world")).collect(),
        samplers: samplers.iter().map(|label| SamplerPlan::parse(label).expect("a sampler")).collect(),
        rankers: rankers.iter().map(|label| RankerPlan::parse(label, 0).expect("a ranker")).collect(),
        items: 6,
        tasks: 10,
        comparisons: 300,
        trials: 16,
        ..BudgetStudy::default()
    }
}

fn run(study: &BudgetStudy) -> BudgetResult {
    study.run(&|_| true).expect("a study that can be made")
}

fn row<'a>(result: &'a BudgetResult, world: &str, sampler: &str, ranker: &str) -> &'a SummaryRow {
    let found = |row: &&SummaryRow| row.world == world && row.sampler == sampler && row.ranker == ranker;
    result.summary.iter().find(found).unwrap_or_else(|| panic!("{world}, {sampler}, {ranker}"))
}

#[test]
fn every_world_sampler_and_ranker_goes_together() {
    let worlds: Vec<&str> = WORLDS.iter().map(|entry| entry.name).collect();
    let samplers: Vec<&str> = SAMPLERS.iter().map(|entry| entry.name).collect();
    let rankers: Vec<&str> =
        RANKERS.iter().map(|entry| entry.name).chain(["kemeny", "schulze", "stv", "melo"]).collect();
    let study = BudgetStudy { comparisons: 40, trials: 2, ..study(&worlds, &samplers, &rankers) };
    let result = run(&study);
    assert_eq!(result.summary.len(), worlds.len() * samplers.len() * rankers.len());
    assert_eq!(result.curves.len(), 40 * result.summary.len());
    for point in &result.curves {
        let shares = [point.error, point.kendall, point.top_k, point.reached];
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{point:?}");
    }
}

#[test]
fn the_result_depends_on_the_seed_and_not_on_threads_or_on_how_trials_fall_into_blocks() {
    let study = || study(&["mallows:0.5", "cyclic"], &["uniform", "d-optimal", "nash"], &["elo", "soft-condorcet"]);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| run(&study()))
    };
    let alone = on(1);
    assert_eq!(alone, on(3));
    assert_ne!(alone, run(&BudgetStudy { seed: 1, ..study() }));
}

#[test]
fn a_method_s_rows_don_t_depend_on_the_others() {
    let all = run(&study(&["mallows:0.5", "bradley-terry"], &["uniform", "ucb"], &["elo", "copeland"]));
    let one = run(&study(&["bradley-terry"], &["ucb"], &["copeland"]));
    let of_all: Vec<_> = all
        .curves
        .iter()
        .filter(|it| {
            (it.world.as_str(), it.sampler.as_str(), it.ranker.as_str()) == ("bradley-terry", "ucb", "copeland")
        })
        .collect();
    assert_eq!(of_all, one.curves.iter().collect::<Vec<_>>());
}

#[test]
fn a_world_without_noise_is_ranked_without_error() {
    let study = study(
        &["mallows:0:noise=0", "plackett-luce:0:noise=0"],
        &["uniform", "round-robin", "least-played"],
        &["uniform-averaging", "elo:online=false", "soft-condorcet", "copeland", "kemeny"],
    );
    for row in run(&study).summary {
        assert!(row.final_error <= 0.0, "{row:?}");
        assert!(row.samples_to_target.is_some_and(|samples| samples < 300), "{row:?}");
    }
}

#[test]
fn errors_fall_along_the_budget_and_their_mean_is_that_of_the_curve() {
    let study = BudgetStudy { comparisons: 80, ..study(&["mallows:0.3"], &["uniform"], &["uniform-averaging"]) };
    let result = run(&study);
    let (first, last) = (&result.curves[0], &result.curves[79]);
    assert!(first.error > 3.0 * last.error, "{} and {}", first.error, last.error);
    let mean = result.curves.iter().map(|point| point.error).sum::<f64>() / 80.0;
    assert!((result.summary[0].average_error - mean).abs() < 1e-12);
    assert!(result.summary[0].behind_best.abs() <= 0.0);
}

#[test]
fn the_target_is_met_where_it_stays_met() {
    let target = Target { error: 0.2, probability: 0.75 };
    let result =
        run(&BudgetStudy { target, cost: 0.5, ..study(&["mallows:0.3"], &["uniform"], &["uniform-averaging"]) });
    let samples = result.summary[0].samples_to_target.expect("met");
    assert_eq!(result.summary[0].cost_to_target, Some(0.5 * samples as f64));
    for point in &result.curves {
        assert!(point.samples < samples || point.reached >= 0.75, "{point:?}");
        assert!((point.cost - 0.5 * point.samples as f64).abs() < 1e-12);
    }
    let before = result.curves.iter().rev().find(|point| point.samples < samples).expect("a point");
    assert!(before.reached < 0.75);
}

#[test]
fn latency_costs_rounds_less_and_samples_more() {
    let study = BudgetStudy {
        batches: vec![1, 50],
        trials: 64,
        ..study(&["bradley-terry:2:task_effect=0"], &["d-optimal"], &["bradley-terry"])
    };
    let result = run(&study);
    let [one, many] = result.summary.as_slice() else { panic!("two batches") };
    assert_eq!((one.batch, many.batch), (1, 50));
    let ends: Vec<(u64, u64)> =
        result.curves.iter().filter(|point| point.batch == 50).map(|point| (point.samples, point.rounds)).collect();
    assert_eq!(ends, [(50, 1), (100, 2), (150, 3), (200, 4), (250, 5), (300, 6)]);
    // While results are awaited the order is the one before.
    assert!(many.average_error > one.average_error, "{one:?} {many:?}");
    assert!(one.final_error <= many.final_error + 3.0 * one.final_std_error.hypot(many.final_std_error));
}

#[test]
fn top_all_is_the_mean_over_every_k() {
    let of = |top: Top| run(&BudgetStudy { top, ..study(&["mallows:0.7"], &["uniform"], &["elo"]) }).curves;
    let each: Vec<_> = (1..=6).map(|top| of(Top::Of(top))).collect();
    for (at, point) in of(Top::All).iter().enumerate() {
        let mean = each.iter().map(|curve| curve[at].error).sum::<f64>() / 6.0;
        assert!((point.error - mean).abs() < 1e-12);
        assert!((point.kendall - each[5][at].error).abs() < 1e-12, "GRE(m) is Kendall's distance");
    }
}

#[test]
fn a_table_is_a_world() {
    let scores = (0..12).map(|cell| f64::from(cell % 3) + 0.1 * f64::from(cell / 3 % 2)).collect();
    let benchmarks = ["w", "x", "y", "z"].into_iter().collect();
    let table = ScoreTable::new(["low", "middle", "high"].into_iter().collect(), benchmarks, scores).expect("a table");
    let world = WorldPlan::of_table("t", &table, &Noise::Constant(0.2), &Kemeny).expect("a world");
    let study =
        BudgetStudy { worlds: vec![world], top: Top::Of(2), ..study(&[], &["uniform"], &["uniform-averaging"]) };
    let summary = &run(&study).summary[0];
    assert!(summary.final_error <= 0.0 && summary.average_error > 0.0, "{summary:?}");
}

#[test]
fn a_study_that_is_stopped_has_as_many_trials_of_all_methods() {
    let study = || BudgetStudy { trials: 1_000_000, ..study(&["mallows:0.3"], &["uniform", "ucb"], &["elo"]) };
    let played = AtomicU64::new(0);
    let stopped = study().run(&|more| played.fetch_add(more, Ordering::Relaxed) + more < 600).expect("a study");
    assert!(stopped.trials >= 64 && stopped.trials < 1_000, "{}", stopped.trials);
    let whole = BudgetStudy { trials: stopped.trials, ..study() };
    assert_eq!(stopped, run(&whole), "as if no more had been asked for");
}

/// A trial of ten million comparisons takes many seconds, and a stop must not wait for it.
#[test]
fn a_study_is_stopped_inside_a_trial() {
    let study = BudgetStudy { comparisons: 10_000_000, ..study(&["mallows:0.3"], &["d-optimal"], &["elo"]) };
    let asked = AtomicU64::new(0);
    let error = study.run(&|_| asked.fetch_add(1, Ordering::Relaxed) < 20).expect_err("nothing to tell");
    assert_eq!(error, BudgetError::Stopped);
    assert!(asked.load(Ordering::Relaxed) < 100, "it asks no more once it is told to stop");
}

#[test]
fn where_the_target_is_met_is_known_to_within_the_number_of_trials() {
    let target = Target { error: 0.15, probability: 0.8 };
    let of = |trials| {
        let study = study(&["mallows:0.3"], &["uniform"], &["uniform-averaging"]);
        run(&BudgetStudy { target, trials, ..study }).summary.remove(0)
    };
    let (few, many) = (of(40), of(640));
    for row in [&few, &many] {
        let ends =
            [row.samples_to_target_low, row.samples_to_target, row.samples_to_target_high].map(|it| it.expect("met"));
        assert!(ends[0] <= ends[1] && ends[1] <= ends[2] && ends[0] < ends[2], "{ends:?}");
    }
    let width = |row: &SummaryRow| row.samples_to_target_high.unwrap() - row.samples_to_target_low.unwrap();
    assert!(width(&many) < width(&few), "{} and {}", width(&many), width(&few));
    let true_one = many.samples_to_target.unwrap();
    assert!(few.samples_to_target_low.unwrap() <= true_one && true_one <= few.samples_to_target_high.unwrap());
}

#[test]
fn too_few_trials_to_show_that_a_target_is_met_are_told() {
    let of = |trials, probability| {
        let target = Target { error: 0.5, probability };
        let study = BudgetStudy { target, trials, ..study(&["mallows:0.1"], &["uniform"], &["uniform-averaging"]) };
        let result = run(&study);
        let message = result.notes(&study).first().map(|note| note.message.clone());
        (message, result.summary[0].samples_to_target_high)
    };
    // z² 0.9/0.1 = 34.6: of 34 trials that all meet it a share of 0.9 is not refused.
    let (message, high) = of(34, 0.9);
    assert!(message.is_some_and(|it| it.contains("34 trials can't show") && it.contains("takes 35 or more")));
    assert_eq!(high, None);
    let (message, high) = of(35, 0.9);
    assert!(message.is_none() && high.is_some(), "{message:?} {high:?}");
    let (message, high) = of(40, 1.0);
    assert!(message.is_some_and(|it| it.contains("nor can any number")) && high.is_none());
}

#[test]
fn fits_that_did_not_converge_are_told() {
    let mut result = run(&study(&["cyclic"], &["uniform"], &["elo", "bradley-terry"]));
    let notes = |result: &BudgetResult| result.notes(&study(&["cyclic"], &["uniform"], &["elo", "bradley-terry"]));
    let codes = |result: &BudgetResult| notes(result).iter().map(|note| note.code.to_string()).collect::<Vec<_>>();
    assert!(!codes(&result).contains(&"not-converged".to_owned()));
    result.summary[1].unconverged_fits = 3;
    assert_eq!(notes(&result)[0].message, "bradley-terry: 3 of its fits along the budgets had not converged");
}

#[test]
fn samplers_that_hold_beliefs_have_a_limit_of_items() {
    let study = |sampler| BudgetStudy {
        items: 1_501,
        tasks: 1,
        comparisons: 3,
        trials: 2,
        ..study(&["mallows:0.3"], &[sampler], &["elo"])
    };
    let error = study("d-optimal").run(&|_| true).expect_err("too many");
    assert!(error.to_string().starts_with("d-optimal holds what it believes of 1501 items"), "{error}");
    assert!(study("least-played").run(&|_| true).is_ok());
}

#[test]
fn studies_that_can_t_be_made_are_refused() {
    let plain = || study(&["mallows:0.3"], &["uniform"], &["elo"]);
    let message = |study: BudgetStudy| study.run(&|_| true).expect_err("an error").to_string();
    assert_eq!(
        message(BudgetStudy { comparisons: 0, ..plain() }),
        "a budget of 0 comparisons buys none; give 1 or more"
    );
    let one = message(BudgetStudy { items: 1, top: Top::Of(1), ..plain() });
    assert_eq!(one, "a comparison needs two items, and there would be 1; give 2 or more");
    assert_eq!(
        message(BudgetStudy { trials: 1, ..plain() }),
        "from 1 trials no standard error can be told; give 2 or more"
    );
    assert!(message(BudgetStudy { tasks: 0, ..plain() }).starts_with("a comparison needs a task"));
    assert_eq!(message(BudgetStudy { batches: vec![0], ..plain() }), "a batch has 1 comparison or more");
    assert_eq!(message(BudgetStudy { checkpoints: 0, ..plain() }), "a curve has 1 checkpoint or more");
    let twice = message(BudgetStudy { batches: vec![1, 5, 1], ..plain() });
    assert_eq!(twice, "the batch 1 is there twice; give each one once");
    let never = Target { error: 0.1, probability: 0.0 };
    assert!(message(BudgetStudy { target: never, ..plain() }).contains("a probability above 0"));
    assert!(message(BudgetStudy { cost: f64::NAN, ..plain() }).starts_with("a comparison can't cost NaN"));
    let top = message(BudgetStudy { top: Top::Of(7), ..plain() });
    assert_eq!(top, "there is no top 7 among the 6 items of mallows:0.3; give a number from 1 to 6");
    let twice = message(study(&["mallows:0.3", "mallows:0.3"], &["uniform"], &["elo"]));
    assert_eq!(twice, "the world mallows:0.3 is there twice; give each one once");
    assert_eq!(message(study(&["cyclic"], &[], &["elo"])), "there is no sampler to simulate; name one or more");
    let target = Target { error: 2.0, probability: 0.5 };
    assert!(message(BudgetStudy { target, ..plain() }).starts_with("a target of 2 with probability 0.5"));
    assert!(matches!(SamplerPlan::parse("dart"), Err(BudgetError::Unknown { what: "sampler", .. })));
    let ranker = RankerPlan::parse("eloo", 0).expect_err("an error").to_string();
    assert!(
        ranker.starts_with("there is no ranker 'eloo'; there are: uniform-averaging, elo, soft-condorcet, bradley")
    );
    let setting = RankerPlan::parse("elo:speed=3", 0).expect_err("an error").to_string();
    assert_eq!(setting, "elo:speed=3: elo has no setting 'speed'; it has: online, k, base, scale, smoothing");
}

/// Worlds, samplers and rankers of the guide's table.
const TOLD_WORLDS: [&str; 3] = ["mallows:0.3", "mallows:0.7", "mallows:0.9"];
const TOLD_RANKERS: [&str; 5] =
    ["uniform-averaging", "elo", "elo:online=false", "soft-condorcet", "soft-condorcet:online=true"];
const TOLD_SAMPLERS: [&str; 5] = ["uniform", "round-robin", "proportional-representation", "ucb", "nash"];

/// What the guide tells, with fewer trials. Made once for all tests.
fn told() -> &'static BudgetResult {
    static RESULT: OnceLock<BudgetResult> = OnceLock::new();
    RESULT.get_or_init(|| {
        run(&BudgetStudy {
            items: 8,
            tasks: 50,
            comparisons: 2_000,
            trials: 48,
            ..study(&TOLD_WORLDS, &TOLD_SAMPLERS, &TOLD_RANKERS)
        })
    })
}

/// The cells of a table of the guide, row by row, by what its head begins with.
fn readme_table(head: &str) -> Vec<Vec<String>> {
    let readme = std::fs::read_to_string("docs/budgets.md").expect("docs/budgets.md");
    let lines = readme.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect())
        .collect()
}

/// A number with its error, such as `0.0123 ± 0.0004`.
fn number(cell: &str) -> [f64; 2] {
    let numbers: Vec<f64> = cell.replace('−', "-").split('±').map(|it| it.trim().parse().expect("a number")).collect();
    [numbers[0], numbers[1]]
}

/// Whether two estimates agree, each with its standard error.
fn assert_near(what: &str, told: [f64; 2], found: [f64; 2]) {
    let off = (told[0] - found[0]).abs();
    assert!(off < 4.0 * told[1].hypot(found[1]) + 1e-4, "{what}: told {told:?}, found {found:?}");
}

#[test]
fn the_readme_tells_what_rankers_do_on_the_same_comparisons() {
    let rows = readme_table("| ranker");
    assert_eq!(rows.len(), TOLD_RANKERS.len());
    for (cells, ranker) in rows.iter().zip(TOLD_RANKERS) {
        assert_eq!(cells[0], ranker);
        for (cell, world) in cells[1..].iter().zip(TOLD_WORLDS) {
            let found = row(told(), world, "uniform", ranker);
            assert_near(&format!("{ranker} on {world}"), number(cell), [found.average_error, found.std_error]);
        }
    }
}

#[test]
fn the_readme_tells_what_samplers_do_for_elo() {
    let rows = readme_table("| sampler");
    assert_eq!(rows.len(), TOLD_SAMPLERS.len());
    for (cells, sampler) in rows.iter().zip(TOLD_SAMPLERS) {
        assert_eq!(cells[0], sampler);
        for (cell, world) in cells[1..].iter().zip(TOLD_WORLDS) {
            let found = row(told(), world, sampler, "elo:online=false");
            assert_near(&format!("{sampler} on {world}"), number(cell), [found.average_error, found.std_error]);
        }
    }
}

#[test]
fn the_readme_tells_how_soft_condorcet_is_misled_by_uneven_choices() {
    let readme = std::fs::read_to_string("docs/budgets.md").expect("docs/budgets.md");
    for (ranker, said) in [("soft-condorcet", "0.1472"), ("soft-condorcet:online=true", "0.5084")] {
        assert!(readme.contains(said), "{said}");
        let found = row(told(), "mallows:0.3", "ucb", ranker);
        let told = said.parse().expect("a number");
        assert_near(ranker, [told, found.std_error / 2.0], [found.average_error, found.std_error]);
    }
}

/// The mean along the budget is that of the errors after every comparison, however few are computed.
#[test]
fn few_checkpoints_tell_the_same_mean_as_all_of_them() {
    for batch in [1, 2, 20] {
        let of = |checkpoints| {
            let study = study(&["mallows:0.3"], &["uniform"], &["uniform-averaging"]);
            let study = BudgetStudy { comparisons: 600, batches: vec![batch], checkpoints, trials: 100, ..study };
            run(&study).summary[0].average_error
        };
        let (few, all) = (of(60), of(600));
        assert!((few - all).abs() < 0.04 * all, "{batch}: {few} and {all}");
    }
}
