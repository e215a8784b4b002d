//! What to buy next: a batch by size of the board, simulated futures, and resistances of graphs.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use palio::PreferenceGraph;
use palio::models::{BradleyTerry, Rater};
use palio::simulation::next::{Goal, NextBatch, NextSettings, Separation, SeparationSettings, Truth};
use palio::simulation::{GenerateSettings, Generator, Popularity};
use palio::structure::resistance::{Resistance, shapes};
use palio::uncertainty::{CovarianceKind, RankSettings, covariance};

fn graph(items: usize, comparisons: u64) -> PreferenceGraph {
    let settings =
        GenerateSettings { items, comparisons, popularity: Popularity::Zipf(0.5), seed: 1, ..Default::default() };
    PreferenceGraph::from_log(&Generator::new(settings).expect("valid settings").log())
}

fn batches(c: &mut Criterion) {
    let mut group = c.benchmark_group("next/batch of 50, items");
    group.sample_size(10);
    for (items, comparisons) in [(20, 20_000), (130, 100_000), (1_000, 400_000)] {
        let graph = graph(items, comparisons);
        let settings = NextSettings { count: 50, ..NextSettings::default() };
        group.bench_with_input(BenchmarkId::from_parameter(items), &graph, |b, graph| {
            b.iter(|| NextBatch::choose(graph, None, &settings).expect("a batch"));
        });
    }
    group.finish();
}

fn futures(c: &mut Criterion) {
    let graph = graph(20, 2_000);
    let settings = NextSettings::default();
    let ranks = RankSettings { draws: 0, ..RankSettings::default() };
    let wanted = SeparationSettings {
        goal: Goal::Top(3),
        truth: Truth::Posterior,
        trials: 20,
        most: 100_000,
        rater: BradleyTerry::default(),
        ranks,
    };
    let fitted = wanted.rater.fit((&graph).into(), None).expect("a fit");
    let errors = covariance(&*fitted, &graph, CovarianceKind::Sandwich, None);
    let mut group = c.benchmark_group("next/until");
    group.sample_size(10);
    group.bench_function("20 futures of 20 items", |b| {
        b.iter(|| Separation::simulate(&graph, &*fitted, &errors, &settings, wanted, &|_| true).expect("futures"));
    });
    group.finish();
}

fn resistances(c: &mut Criterion) {
    let mut group = c.benchmark_group("next/resistance of items");
    group.sample_size(10);
    for (items, comparisons) in [(130, 100_000), (600, 100_000), (3_000, 300_000)] {
        let graph = graph(items, comparisons);
        group.bench_with_input(BenchmarkId::from_parameter(items), &graph, |b, graph| {
            b.iter(|| Resistance::of(graph, 5, 0));
        });
    }
    group.bench_function("shapes of 130 items", |b| b.iter(|| shapes(130, 1e5, 4, 0)));
    group.finish();
}

criterion_group!(benches, batches, futures, resistances);
criterion_main!(benches);
