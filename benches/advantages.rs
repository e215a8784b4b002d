//! Advantages of 1.6 million samples in 100,000 groups of 16, from bytes to bytes in memory, and their
//! normalisation alone.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use palio::advantages::{AdvantageSettings, Groups, Normalization, Samples, normalize};
use palio::data::read::{SampleOptions, read_samples_bytes};
use palio::data::samples::SampleTable;
use palio::report::AdvantageTable;

const GROUPS: usize = 100_000;
const SIZE: usize = 16;

/// The score of a sample: six decimals that look like any.
fn score(sample: usize) -> f64 {
    ((sample * 7919 + sample / SIZE * 104_729) % 1_000_003) as f64 / 1e6
}

fn csv() -> String {
    let mut text = "group,item,score\n".to_owned();
    for sample in 0..GROUPS * SIZE {
        let (group, item) = (sample / SIZE, sample % SIZE);
        writeln!(text, "prompt-{group:06},{item},{:.6}", score(sample)).expect("a string takes all");
    }
    text
}

fn read(text: &str) -> SampleTable {
    read_samples_bytes("samples.csv", text.as_bytes(), &SampleOptions::default()).expect("the table is good").samples
}

/// All but the ranks, which only the command line makes.
fn written(text: &str) -> Vec<u8> {
    let samples = read(text);
    let groups = Groups::new(samples.group_ids().to_vec());
    let known = Samples::new(&groups, samples.scores());
    let advantages = AdvantageSettings::default().of_scores(&known).expect("scores are enough");
    let scores = samples.scores().to_vec();
    let table = AdvantageTable::of_samples(samples, scores.clone(), scores, advantages);
    let mut bytes = Vec::with_capacity(100 * GROUPS * SIZE);
    table.write_csv(&mut bytes).expect("memory takes all");
    bytes
}

fn advantages(criterion: &mut Criterion) {
    let text = csv();
    let rewards: Vec<f64> = (0..GROUPS * SIZE).map(score).collect();
    let groups = Groups::blocks(rewards.len(), SIZE);
    let settings = Normalization::default();
    let mut group = criterion.benchmark_group("advantages");
    group.throughput(Throughput::Elements((GROUPS * SIZE) as u64)).sample_size(10);
    group.bench_function("read", |bencher| bencher.iter(|| read(black_box(&text))));
    group.bench_function("read, normalise, write", |bencher| bencher.iter(|| written(black_box(&text))));
    group.bench_function("normalise", |bencher| {
        bencher.iter(|| normalize(black_box(&rewards), &groups, None, &settings).expect("settings are good"));
    });
    group.finish();
}

criterion_group!(benches, advantages);
criterion_main!(benches);
