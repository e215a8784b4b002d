//! Simulated budgets on a real table: what the guide tells of them.

use palio::data::read::{TableOptions, read_table};
use palio::models::Kemeny;
use palio::simulation::budget::{BudgetStudy, Noise, RankerPlan, SamplerPlan, SummaryRow, WorldPlan};

use crate::Check;
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("the_readme_tells_the_errors_on_atari_agents", the_readme_tells_the_errors_on_atari_agents),
    ("soft_condorcet_is_below_elo_on_atari_agents", soft_condorcet_is_below_elo_on_atari_agents),
];

const RANKERS: [&str; 5] =
    ["uniform-averaging", "elo", "elo:online=false", "soft-condorcet", "soft-condorcet:online=true"];

/// What rankers make of uniform comparisons.
fn rows(shared: &Shared, rankers: &[&str], trials: u64) -> Vec<SummaryRow> {
    let table = read_table(&[shared.path("data/atari_agents/agent57_table.csv")], &TableOptions::default());
    let table = table.expect("a table").table;
    let study = BudgetStudy {
        worlds: vec![WorldPlan::of_table("agent57", &table, &Noise::Constant(0.1), &Kemeny).expect("a world")],
        samplers: vec![SamplerPlan::parse("uniform").expect("a sampler")],
        rankers: rankers.iter().map(|label| RankerPlan::parse(label, 0).expect("a ranker")).collect(),
        trials,
        ..BudgetStudy::default()
    };
    study.run(&|_| true).expect("a study").summary
}

fn the_readme_tells_the_errors_on_atari_agents(shared: &Shared) {
    let readme = std::fs::read_to_string("docs/budgets.md").expect("docs/budgets.md");
    let table: Vec<&str> = readme.lines().skip_while(|line| !line.starts_with("| ranker")).skip(2).take(5).collect();
    for (line, row) in table.iter().zip(rows(shared, &RANKERS, 60)) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells[0].trim_matches('`'), row.ranker);
        let told: Vec<f64> = cells[4].split('±').map(|it| it.trim().parse().expect("a number")).collect();
        let (off, allowed) = ((told[0] - row.average_error).abs(), 4.0 * told[1].hypot(row.std_error));
        assert!(off < allowed, "{}: told {told:?}, found {} ± {}", row.ranker, row.average_error, row.std_error);
    }
}

/// As many trials as the guide's: of 60 the paired difference is 2.8 standard errors.
fn soft_condorcet_is_below_elo_on_atari_agents(shared: &Shared) {
    let rows = rows(shared, &["elo:online=false", "soft-condorcet"], 200);
    let elo = &rows[0];
    assert!(rows[1].behind_best.abs() <= 0.0, "soft-condorcet has the lowest error");
    assert!(elo.behind_best > 3.0 * elo.behind_best_error, "{} ± {}", elo.behind_best, elo.behind_best_error);
}
