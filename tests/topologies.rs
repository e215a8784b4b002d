//! Topologies tried on groups of known quality: what is said of them in the README and in the docs.

use palio::advantages::Aggregation;
use palio::simulation::topologies::{Schedule, StudyError, StudyResult, StudyRow, TopologyStudy};
use palio::tournaments::{JudgeModel, NoiseLaw};

/// Groups a study is made of: enough for the differences told here to be many standard errors.
const TRIALS: u64 = 3_000;

fn study(items: u32, noise: f64) -> TopologyStudy {
    let judge = JudgeModel { noise, law: NoiseLaw::Normal, ..JudgeModel::default() };
    TopologyStudy { items, trials: TRIALS, judge, ..TopologyStudy::default() }
}

fn run(study: &TopologyStudy) -> StudyResult {
    study.run(&|_| true).expect("a study that can be made")
}

fn own<'a>(result: &'a StudyResult, topology: &str) -> &'a StudyRow {
    let found = result.rows.iter().find(|row| row.topology == topology && row.is_own);
    found.unwrap_or_else(|| panic!("{topology} with its own aggregation"))
}

fn with<'a>(result: &'a StudyResult, topology: &str, aggregation: Aggregation) -> &'a StudyRow {
    let found = result.rows.iter().find(|row| row.topology == topology && row.aggregation == aggregation);
    found.unwrap_or_else(|| panic!("{topology} with {aggregation:?}"))
}

/// How many standard errors the rank correlation of the first is above that of the second, taken as
/// independent, which for groups of the same items is too many errors rather than too few.
fn errors_above(first: &StudyRow, second: &StudyRow) -> f64 {
    let (a, b) = (first.kendall_tau, second.kendall_tau);
    (a.mean - b.mean) / a.std_error.hypot(b.std_error)
}

#[test]
fn seeded_single_elimination_is_above_the_cheaper_schedules_and_round_robin_above_all() {
    for items in [8, 16] {
        for noise in [0.5, 1.0, 2.0] {
            let result = run(&study(items, noise));
            let single = own(&result, "seeded-single-elimination");
            for other in ["anchor", "swiss", "double-elimination"] {
                let above = errors_above(single, own(&result, other));
                let enough = if noise < 2.0 { 2.0 } else { -2.0 };
                assert!(above > enough, "{items} items, noise {noise}: {above} errors above {other}");
            }
            assert!(single.calls.mean <= own(&result, "double-elimination").calls.mean);
            for row in result.rows.iter().filter(|row| row.is_own && row.topology != "round-robin") {
                let above = errors_above(own(&result, "round-robin"), row);
                assert!(above > 2.0, "{items} items, noise {noise}: {above} errors above {}", row.topology);
            }
        }
    }
}

#[test]
fn scores_averaged_tell_more_than_places_in_a_bracket() {
    let result = run(&study(16, 1.0));
    for topology in ["seeded-single-elimination", "double-elimination", "round-robin", "swiss"] {
        let above = errors_above(with(&result, topology, Aggregation::MeanScore), own(&result, topology));
        assert!(above > 10.0, "{topology}: {above}");
    }
}

#[test]
fn margins_take_out_an_offset_that_the_scores_of_a_call_share() {
    let mut study = study(16, 1.0);
    study.judge.offset = 1.5;
    let result = run(&study);
    for topology in ["seeded-single-elimination", "double-elimination"] {
        let margin = with(&result, topology, Aggregation::Margin);
        for other in [Aggregation::MeanScore, Aggregation::BradleyTerry, Aggregation::Bracket] {
            let above = errors_above(margin, with(&result, topology, other));
            assert!(above > 2.0, "{topology}, {other:?}: {above}");
        }
    }
}

#[test]
fn a_judge_without_errors_leaves_the_true_order_to_a_round_robin_and_the_best_first_to_all() {
    let judge = JudgeModel { noise: 0.0, ..JudgeModel::default() };
    for items in [2, 5, 8, 13] {
        let study = TopologyStudy { items, trials: 100, judge, ..TopologyStudy::default() };
        let result = run(&study);
        let all = own(&result, "round-robin");
        assert_eq!((all.kendall_tau.mean, all.kendall_tau.std_error), (1.0, 0.0));
        assert!((all.advantage_correlation.mean - 1.0).abs() < 1e-12);
        for topology in ["seeded-single-elimination", "double-elimination", "swiss"] {
            assert!(own(&result, topology).best_first.mean >= 1.0, "{topology} of {items}");
        }
    }
}

#[test]
fn a_study_depends_on_its_seed_and_not_on_threads() {
    let study = TopologyStudy { trials: 300, ..study(6, 1.0) };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| run(&study))
    };
    let alone = on(1);
    assert_eq!(alone, on(3));
    assert_ne!(alone, run(&TopologyStudy { seed: 1, ..study }));
}

#[test]
fn a_topology_s_rows_don_t_depend_on_the_others() {
    let all = run(&TopologyStudy { trials: 200, ..study(6, 1.0) });
    let schedule =
        Schedule { topology: "double-elimination".to_owned(), settings: palio::settings::Settings::default() };
    let one = run(&TopologyStudy { trials: 200, schedules: vec![schedule], ..study(6, 1.0) });
    let rows = |result: &StudyResult| -> Vec<StudyRow> {
        result.rows.iter().filter(|row| row.topology == "double-elimination").cloned().collect()
    };
    assert_eq!(rows(&all), rows(&one));
}

#[test]
fn a_study_that_is_stopped_tells_how_far_it_came() {
    let study = TopologyStudy { trials: 1_000_000, ..study(4, 1.0) };
    let result = study.run(&|_| false).expect("a study");
    assert!(result.trials > 0 && result.trials < 1_000_000);
}

#[test]
fn studies_that_can_t_be_made_are_refused() {
    let error = |study: TopologyStudy| study.run(&|_| true).expect_err("an error");
    assert_eq!(error(TopologyStudy { items: 1, ..study(1, 1.0) }), StudyError::Items { items: 1 });
    assert_eq!(error(TopologyStudy { trials: 1, ..study(4, 1.0) }), StudyError::Trials);
    assert!(matches!(error(study(4, -1.0)), StudyError::Judge(_)));
    let unknown = Schedule { topology: "ladder".to_owned(), settings: palio::settings::Settings::default() };
    let message = error(TopologyStudy { schedules: vec![unknown], ..study(4, 1.0) }).to_string();
    assert!(message.starts_with("no topology is called 'ladder'; there are: round-robin"), "{message}");
}
