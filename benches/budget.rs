//! Simulated budgets: the grid that benches/README.md times, and the cost of each sampler and ranker.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use palio::simulation::budget::{BudgetResult, BudgetStudy, RANKERS, RankerPlan, SamplerPlan, WorldPlan};
use palio::simulation::samplers::SAMPLERS;

fn study(worlds: &[&str], samplers: &[&str], rankers: &[&str], trials: u64) -> BudgetStudy {
    BudgetStudy {
        worlds: worlds.iter().map(|label| WorldPlan::parse(label).expect("a world")).collect(),
        samplers: samplers.iter().map(|label| SamplerPlan::parse(label).expect("a sampler")).collect(),
        rankers: rankers.iter().map(|label| RankerPlan::parse(label, 0).expect("a ranker")).collect(),
        trials,
        ..BudgetStudy::default()
    }
}

fn run(study: &BudgetStudy) -> BudgetResult {
    study.run(&|_| true).expect("a study that can be made")
}

const WORLDS: [&str; 4] = ["mallows:0.3", "mallows:0.7", "plackett-luce:1", "bradley-terry"];
const USUAL: [&str; 6] =
    ["uniform", "round-robin", "ucb", "d-optimal", "information-gain-tree", "proportional-representation"];
const RANKED: [&str; 6] =
    ["uniform-averaging", "elo", "elo:online=false", "soft-condorcet", "soft-condorcet:online=true", "copeland"];

/// 4 worlds × 6 samplers × 6 rankers × 2,000 comparisons, a hundredth of the 200 trials.
fn grid(c: &mut Criterion) {
    let study = study(&WORLDS, &USUAL, &RANKED, 2);
    let mut group = c.benchmark_group("budget");
    group.sample_size(10);
    group.bench_function("4 worlds, 6 samplers, 6 rankers, 2,000 comparisons, 2 trials", |b| b.iter(|| run(&study)));
    group.finish();
}

/// Time for a comparison, with the ranker that costs least.
fn samplers(c: &mut Criterion) {
    let mut group = c.benchmark_group("budget/2,000 comparisons, 4 trials, by sampler");
    group.sample_size(10);
    for entry in SAMPLERS {
        let study = study(&["mallows:0.5"], &[entry.name], &["uniform-averaging"], 4);
        group.throughput(Throughput::Elements(4 * 2_000));
        group.bench_with_input(BenchmarkId::from_parameter(entry.name), &study, |b, study| b.iter(|| run(study)));
    }
    group.finish();
}

/// Time for a comparison with 100 checkpoints, by the sampler that costs least.
fn rankers(c: &mut Criterion) {
    let mut group = c.benchmark_group("budget/2,000 comparisons, 4 trials, by ranker");
    group.sample_size(10);
    let others = ["elo:online=false", "soft-condorcet:online=true", "bradley-terry", "copeland", "kemeny"];
    for label in RANKERS.iter().map(|entry| entry.name).chain(others) {
        let study = study(&["mallows:0.5"], &["uniform"], &[label], 4);
        group.throughput(Throughput::Elements(4 * 2_000));
        group.bench_with_input(BenchmarkId::from_parameter(label), &study, |b, study| b.iter(|| run(study)));
    }
    group.finish();
}

criterion_group!(benches, grid, samplers, rankers);
criterion_main!(benches);
