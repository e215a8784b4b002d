//! Simulated budgets on a real table: what the guide tells of them.

use palio::data::read::{TableOptions, read_table};
use palio::models::Kemeny;
use palio::simulation::budget::{BudgetStudy, Noise, RankerPlan, SamplerPlan, SummaryRow, WorldPlan};

use crate::Check;
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("the_readme_tells_the_errors_on_atari_agents", the_readme_tells_the_errors_on_atari_agents),
    ("the_readme_tells_what_samplers_do_on_atari_agents", the_readme_tells_what_samplers_do_on_atari_agents),
    ("soft_condorcet_is_below_elo_on_atari_agents", soft_condorcet_is_below_elo_on_atari_agents),
];

const RANKERS: [&str; 5] =
    ["uniform-averaging", "elo", "elo:online=false", "soft-condorcet", "soft-condorcet:online=true"];

const SAMPLERS: [&str; 5] = ["uniform", "round-robin", "proportional-representation", "ucb", "nash"];

/// What rankers make of the comparisons that samplers choose.
fn rows(shared: &Shared, samplers: &[&str], rankers: &[&str], trials: u64) -> Vec<SummaryRow> {
    let table = read_table(&[shared.path("data/atari_agents/agent57_table.csv")], &TableOptions::default());
    let table = table.expect("a table").table;
    let study = BudgetStudy {
        worlds: vec![WorldPlan::of_table("agent57", &table, &Noise::Constant(0.1), &Kemeny).expect("a world")],
        samplers: samplers.iter().map(|label| SamplerPlan::parse(label).expect("a sampler")).collect(),
        rankers: rankers.iter().map(|label| RankerPlan::parse(label, 0).expect("a ranker")).collect(),
        trials,
        ..BudgetStudy::default()
    };
    study.run(&|_| true).expect("a study").summary
}

fn guide() -> String {
    std::fs::read_to_string("docs/budgets.md").expect("docs/budgets.md")
}

/// Holds the last column of a table of the guide against these rows.
fn assert_told(head: &str, found: &[SummaryRow], label: impl Fn(&SummaryRow) -> &str) {
    let guide = guide();
    let table: Vec<&str> = guide.lines().skip_while(|line| !line.starts_with(head)).skip(2).take(5).collect();
    for (line, row) in table.iter().zip(found) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells[0].trim_matches('`'), label(row));
        let told: Vec<f64> = cells[4].split('±').map(|it| it.trim().parse().expect("a number")).collect();
        let (off, allowed) = ((told[0] - row.average_error).abs(), 4.0 * told[1].hypot(row.std_error));
        assert!(off < allowed, "{}: told {told:?}, found {} ± {}", label(row), row.average_error, row.std_error);
    }
}

fn the_readme_tells_the_errors_on_atari_agents(shared: &Shared) {
    assert_told("| ranker", &rows(shared, &["uniform"], &RANKERS, 60), |row| &row.ranker);
}

fn the_readme_tells_what_samplers_do_on_atari_agents(shared: &Shared) {
    assert_told("| sampler", &rows(shared, &SAMPLERS, &["elo:online=false"], 60), |row| &row.sampler);
}

/// As many trials as the guide's, whose numbers these are.
fn soft_condorcet_is_below_elo_on_atari_agents(shared: &Shared) {
    let rows = rows(shared, &["uniform"], &["elo:online=false", "soft-condorcet"], 200);
    let [elo, soft] = rows.as_slice() else { panic!("two rankers") };
    assert!(soft.behind_best.abs() <= 0.0, "soft-condorcet has the lowest error");
    assert!(elo.behind_best > 3.0 * elo.behind_best_error, "{} ± {}", elo.behind_best, elo.behind_best_error);
    let guide = guide().split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        format!("{:.4} against {:.4}", soft.average_error, elo.average_error),
        format!("difference of {:.4} ± {:.4}", elo.behind_best, elo.behind_best_error),
        format!("{:.3} against {:.3} at the end", soft.final_error, elo.final_error),
    ] {
        assert!(guide.contains(&told), "the guide does not say {told}");
    }
}
