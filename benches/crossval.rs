//! Cross-validation: folds of counts and of rows, and Bradley-Terry fitted to all of them.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use palio::data::folds::{FoldSettings, Folds};
use palio::data::graph::CellSum;
use palio::models::Needs;
use palio::simulation::{GenerateSettings, Generator, Popularity};
use palio::validation::{Candidate, TieScore, crossval};
use palio::{BradleyTerry, PreferenceGraph};

/// 100 items, and so many comparisons in cells of 100,000 generated ones.
fn graph(times: u64) -> PreferenceGraph {
    let settings = GenerateSettings {
        items: 100,
        comparisons: 100_000,
        popularity: Popularity::Zipf(0.5),
        ties: 0.2,
        seed: 1,
        ..Default::default()
    };
    let graph = PreferenceGraph::from_log(&Generator::new(settings).expect("valid settings").log());
    let sums = graph.sums().iter().map(|sum| {
        let count = sum.count * times as f64;
        CellSum { count, weight: count, weight_squared: count }
    });
    graph.with_sums(sums.collect())
}

fn folds(c: &mut Criterion) {
    let mut group = c.benchmark_group("ten folds of the counts of 100 items");
    for times in [1, 100] {
        let graph = graph(times);
        let comparisons = format!("{} comparisons", graph.comparisons());
        group.bench_with_input(BenchmarkId::from_parameter(comparisons), &graph, |b, graph| {
            b.iter(|| Folds::of_comparisons(graph, FoldSettings::default()).expect("folds").len());
        });
    }
    group.finish();
}

fn scores(c: &mut Criterion) {
    let mut group = c.benchmark_group("bradley-terry in ten folds");
    group.sample_size(10);
    for times in [1, 100] {
        let graph = graph(times);
        let comparisons = format!("{} comparisons of 100 items", graph.comparisons());
        group.bench_with_input(BenchmarkId::from_parameter(comparisons), &graph, |b, graph| {
            let rater = BradleyTerry::default();
            let candidate = Candidate { name: "bradley-terry", rater: &rater, needs: Needs::Counts };
            b.iter(|| {
                let folds = Folds::of_comparisons(graph, FoldSettings::default()).expect("folds");
                crossval(&[candidate], &[folds], TieScore::Decisive, &|| ()).expect("scores").methods[0].log_loss
            });
        });
    }
    group.finish();
}

criterion_group!(benches, folds, scores);
criterion_main!(benches);
