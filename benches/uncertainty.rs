//! Errors and rank intervals around one fit.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use palio::data::ItemId;
use palio::models::{Evidence, Units};
use palio::simulation::{GenerateSettings, Generator};
use palio::uncertainty::{
    BootstrapSettings, Clusters, CovarianceKind, RankSettings, bootstrap, covariance, rank_intervals,
};
use palio::{BradleyTerry, PreferenceGraph, Rater};

fn errors(c: &mut Criterion) {
    let settings = GenerateSettings { items: 100, comparisons: 200_000, tasks: 2_000, seed: 1, ..Default::default() };
    let log = Generator::new(settings).expect("valid settings").log();
    let graph = PreferenceGraph::from_log(&log);
    let rater = BradleyTerry::default();
    let fitted = rater.fit((&graph).into(), None).expect("a fit");
    let mut group = c.benchmark_group("errors/100 items, 200,000 comparisons");
    group.sample_size(10);
    for (name, kind) in [("fisher", CovarianceKind::Fisher), ("sandwich", CovarianceKind::Sandwich)] {
        group.bench_function(name, |b| b.iter(|| covariance(&*fitted, &graph, kind, None)));
    }
    group.bench_function("clustered", |b| {
        b.iter(|| {
            let clusters = Clusters::new(&log, log.labels("task").expect("tasks"), &graph);
            covariance(&*fitted, &graph, CovarianceKind::Sandwich, Some(&clusters))
        });
    });
    let settings = BootstrapSettings { resamples: 100, seed: 0, units: Units::LogOdds };
    group.bench_function("bootstrap, 100 refits", |b| {
        b.iter(|| bootstrap(&rater, Evidence::from(&graph), &*fitted, None, settings, &|| ()).expect("refits"));
    });
    group.finish();
}

fn ranks(c: &mut Criterion) {
    let mut group = c.benchmark_group("simultaneous ranks/items");
    group.sample_size(10);
    for items in [20, 100, 300] {
        let settings = GenerateSettings { items, comparisons: 100_000, seed: 1, ..Default::default() };
        let graph = PreferenceGraph::from_log(&Generator::new(settings).expect("valid settings").log());
        let fitted = BradleyTerry::default().fit((&graph).into(), None).expect("a fit");
        let errors = covariance(&*fitted, &graph, CovarianceKind::Sandwich, None);
        let ids: Vec<ItemId> = (0..items as u32).map(ItemId).collect();
        group.bench_with_input(BenchmarkId::from_parameter(items), &errors, |b, errors| {
            b.iter(|| rank_intervals(&ids, fitted.ratings(), errors, RankSettings::default()));
        });
    }
    group.finish();
}

criterion_group!(benches, errors, ranks);
criterion_main!(benches);
