//! Topologies tried on groups of known quality: what is said of them in the guide and in the docs.

use std::sync::OnceLock;

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

/// Every study of the guide's first table, by its group size and noise. Made once for all tests.
fn studies() -> &'static [(u32, f64, StudyResult)] {
    static STUDIES: OnceLock<Vec<(u32, f64, StudyResult)>> = OnceLock::new();
    STUDIES.get_or_init(|| {
        let cases = [8, 16].into_iter().flat_map(|items| [0.5, 1.0, 2.0].map(|noise| (items, noise)));
        cases.map(|(items, noise)| (items, noise, run(&study(items, noise)))).collect()
    })
}

/// The cells of the guide's table whose head begins so, row by row; the first is the topology.
fn readme_table(head: &str) -> Vec<Vec<String>> {
    let readme = std::fs::read_to_string("docs/tournaments.md").expect("docs/tournaments.md");
    let lines = readme.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<String>> =
        rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect();
    assert_eq!(rows.len(), 6, "six topologies under {head}");
    rows
}

/// Whether a number that the guide gives to three places, from many trials, is that of a row.
fn assert_told(told: &str, row: &StudyRow) {
    let number: f64 = told.parse().expect("a number");
    let tau = row.kendall_tau;
    let (off, allowed) = ((number - tau.mean).abs(), 4.0 * tau.std_error.hypot(0.002));
    assert!(off < allowed, "{} with {:?}: {told} and {}", row.topology, row.aggregation, tau.mean);
}

#[test]
fn the_readme_tells_what_a_study_finds() {
    for row in readme_table("| N = 8 / 16") {
        for (place, (_, noise, result)) in studies().iter().enumerate() {
            let (column, side) = (3 + place % 3, place / 3);
            let told: Vec<&str> = row[column].split(" / ").collect();
            assert_told(told[side], own(result, &row[0]));
            let calls: Vec<f64> = row[1].split(" / ").map(|calls| calls.parse().expect("calls")).collect();
            let found = own(result, &row[0]).calls.mean;
            assert!((calls[side] - found).abs() < 1.0, "{} at {noise}: {found} calls", row[0]);
        }
    }
    let (_, _, result) = &studies()[4];
    for row in readme_table("| | own") {
        assert_told(&row[1], own(result, &row[0]));
        let named = ["points", "win-rate", "copeland", "bradley-terry", "margin", "mean-score"];
        for (told, name) in row[2..].iter().zip(named) {
            let found = result.rows.iter().find(|it| it.topology == row[0] && it.aggregation.name() == name);
            assert_told(told, found.expect("a row"));
        }
    }
}

#[test]
fn seeded_single_elimination_is_above_the_cheaper_schedules_and_round_robin_above_all() {
    for (items, noise, result) in studies() {
        let single = own(result, "seeded-single-elimination");
        for other in ["anchor", "swiss", "double-elimination"] {
            let above = errors_above(single, own(result, other));
            let enough = if *noise < 2.0 { 2.0 } else { -2.0 };
            assert!(above > enough, "{items} items, noise {noise}: {above} errors above {other}");
        }
        assert!(single.calls.mean <= own(result, "double-elimination").calls.mean);
        for row in result.rows.iter().filter(|row| row.is_own && row.topology != "round-robin") {
            let above = errors_above(own(result, "round-robin"), row);
            assert!(above > 2.0, "{items} items, noise {noise}: {above} errors above {}", row.topology);
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
