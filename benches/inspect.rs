//! Inspections: the whole of it by size, and its parts on one log.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use palio::PreferenceGraph;
use palio::simulation::{GenerateSettings, Generator, Popularity};
use palio::structure::cycles::{CycleLimits, Cycles};
use palio::structure::dominance::Dominance;
use palio::structure::feedback_arcs::{FeedbackArcs, Search};
use palio::structure::hodge::Flow;
use palio::structure::triads::Triads;
use palio::validation::inspection::{Inspection, InspectionSettings};

fn graph(items: usize, comparisons: u64) -> PreferenceGraph {
    let settings =
        GenerateSettings { items, comparisons, popularity: Popularity::Zipf(0.5), seed: 1, ..Default::default() };
    PreferenceGraph::from_log(&Generator::new(settings).expect("valid settings").log())
}

fn sizes(c: &mut Criterion) {
    let mut group = c.benchmark_group("inspect/items");
    group.sample_size(10);
    for (items, comparisons) in [(20, 20_000), (130, 100_000), (1_000, 400_000)] {
        let graph = graph(items, comparisons);
        group.bench_with_input(BenchmarkId::from_parameter(items), &graph, |b, graph| {
            b.iter(|| Inspection::of(graph, None, InspectionSettings::default(), &|| {}).expect("a fit"));
        });
    }
    group.finish();
}

fn parts(c: &mut Criterion) {
    let graph = graph(1_000, 400_000);
    let majority = graph.majority();
    let mut group = c.benchmark_group("inspect/1,000 items, 400,000 comparisons");
    group.sample_size(10);
    group.bench_function("dominance", |b| b.iter(|| Dominance::of(&graph)));
    group.bench_function("triads", |b| b.iter(|| Triads::of(&Flow::margins(&graph))));
    group.bench_function("cycles", |b| b.iter(|| Cycles::of(&graph, CycleLimits::default())));
    group.bench_function("feedback arcs", |b| b.iter(|| FeedbackArcs::of(&majority, Search::Best)));
    group.finish();
}

criterion_group!(benches, sizes, parts);
criterion_main!(benches);
