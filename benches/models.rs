//! Fits: every rater of the registry on one log, and Bradley-Terry by size and tie rule.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use palio::data::Log;
use palio::data::profile::Profile;
use palio::models::{Evidence, RATERS, Settings, TieRule};
use palio::simulation::{GenerateSettings, Generator, Popularity};
use palio::{BradleyTerry, PreferenceGraph, Rater};

fn log(items: usize, comparisons: u64) -> Log {
    let settings =
        GenerateSettings { items, comparisons, popularity: Popularity::Zipf(0.5), seed: 1, ..Default::default() };
    Generator::new(settings).expect("valid settings").log()
}

fn raters(c: &mut Criterion) {
    let log = log(100, 100_000);
    let (graph, ballots) = (PreferenceGraph::from_log(&log), Profile::from_log(&log));
    let mut group = c.benchmark_group("raters/100 items, 100,000 comparisons");
    // General preference embeddings choose their settings by cross-validation and have a bench of their own.
    for entry in RATERS.iter().filter(|entry| entry.name != "general-preference") {
        let rater = entry.rater(&Settings::default()).expect("defaults are valid");
        let evidence = Evidence { graph: &graph, rows: Some(&log), ballots: Some(&ballots) };
        group.bench_function(entry.name, |b| b.iter(|| rater.fit(evidence, None).expect("a fit")));
    }
    group.finish();
}

fn tie_rules(c: &mut Criterion) {
    let graph = PreferenceGraph::from_log(&log(100, 100_000));
    let mut group = c.benchmark_group("bradley-terry/ties");
    for (name, ties) in [("half", TieRule::Half), ("davidson", TieRule::Davidson), ("rao-kupper", TieRule::RaoKupper)] {
        let rater = BradleyTerry { ties, ..BradleyTerry::default() };
        group.bench_function(name, |b| b.iter(|| rater.fit((&graph).into(), None).expect("a fit")));
    }
    group.finish();
}

fn sizes(c: &mut Criterion) {
    let mut group = c.benchmark_group("bradley-terry/items");
    group.sample_size(10);
    for (items, comparisons) in [(100, 100_000), (700, 100_000), (1_000, 100_000), (10_000, 1_000_000)] {
        let graph = PreferenceGraph::from_log(&log(items, comparisons));
        let rater = BradleyTerry::default();
        group.bench_with_input(BenchmarkId::from_parameter(items), &graph, |b, graph| {
            b.iter(|| rater.fit(graph.into(), None).expect("a fit"));
        });
    }
    group.finish();
}

criterion_group!(benches, raters, tie_rules, sizes);
criterion_main!(benches);
