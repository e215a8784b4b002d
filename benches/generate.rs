//! How fast synthetic logs are written: a small arena and one with many items and all columns.

use std::hint::black_box;
use std::io;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use palio::simulation::{GenerateSettings, Generator, Popularity};

const ROWS: u64 = 1_000_000;

fn settings(items: usize) -> GenerateSettings {
    GenerateSettings { items, comparisons: ROWS, popularity: Popularity::Zipf(1.0), ..Default::default() }
}

fn write_csv(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate/write_csv");
    group.throughput(Throughput::Elements(ROWS)).sample_size(10);
    let labelled = GenerateSettings { judges: 12, tasks: 400, task_effect: 0.4, ..settings(20) };
    let cases =
        [("20 items", settings(20)), ("20 items, judges and tasks", labelled), ("50,000 items", settings(50_000))];
    for (name, settings) in cases {
        let generator = Generator::new(settings).expect("valid settings");
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| generator.write_csv(&mut io::sink()).expect("a sink takes everything"));
        });
    }
    group.finish();
}

fn log(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate/log");
    group.throughput(Throughput::Elements(ROWS)).sample_size(10);
    let generator = Generator::new(settings(20)).expect("valid settings");
    group.bench_function("20 items", |bencher| bencher.iter(|| black_box(generator.log())));
    group.finish();
}

criterion_group!(benches, write_csv, log);
criterion_main!(benches);
