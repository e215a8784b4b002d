//! Whole groups: played before a simulated judge, ranked, rewarded and normalised.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use palio::advantages::{
    AggregateSettings, AggregationEntry, Contest, Groups, Normalization, Reward, aggregate, normalize,
};
use palio::settings::Settings;
use palio::simulation::topologies::SimulatedGroup;
use palio::tournaments::{JudgeModel, TOPOLOGIES, TopologyEntry};
use rayon::prelude::*;

/// Groups of one iteration; multiply its time by ten for 100,000.
const GROUPS: u64 = 10_000;
const BLOCK: u64 = 100;
const ITEMS: u32 = 16;

fn advantages(entry: &TopologyEntry) -> Vec<f64> {
    let aggregation = AggregationEntry::find(entry.aggregation).expect("an aggregation").aggregation;
    let settings = AggregateSettings::new(aggregation);
    let quantile = Reward::new("quantile", &Settings::default()).expect("a reward");
    let block = |block: u64| {
        let mut group = SimulatedGroup::new(entry.name, &Settings::default(), ITEMS, JudgeModel::default(), 0)
            .expect("a topology with its defaults");
        let mut rewards = Vec::with_capacity((BLOCK * u64::from(ITEMS)) as usize);
        for trial in block * BLOCK..(block + 1) * BLOCK {
            group.play(trial).expect("a tournament that ends");
            let standing = aggregate(group.history(), &settings);
            rewards.extend(quantile.of_standing(&Contest::new(group.history(), &standing)).expect("rewards"));
        }
        let groups = Groups::new((0..rewards.len() as u32).map(|sample| sample / ITEMS).collect());
        normalize(&rewards, &groups, None, &Normalization::default()).expect("advantages")
    };
    (0..GROUPS / BLOCK).into_par_iter().map(block).collect::<Vec<_>>().concat()
}

fn groups(criterion: &mut Criterion) {
    let mut bench = criterion.benchmark_group("10,000 groups of 16");
    bench.throughput(Throughput::Elements(GROUPS)).sample_size(10);
    for entry in TOPOLOGIES {
        bench.bench_function(BenchmarkId::from_parameter(entry.name), |b| b.iter(|| advantages(entry)));
    }
    bench.finish();
}

criterion_group!(benches, groups);
criterion_main!(benches);
