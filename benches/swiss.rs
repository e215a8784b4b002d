//! Swiss rounds over benchmarks: cost by the number of models and of eliminations.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use palio::simulation::swiss_rounds::{Eliminate, Simulation, SwissSettings, TieRule, WinTensor};

const ROUNDS: usize = 38;

/// Scores with a trend over models and noise, from a linear congruential generator.
fn scores(models: usize) -> Vec<Vec<f64>> {
    let mut state = 1_u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut score = move |model: usize| 3.0 * model as f64 / models as f64 + 4.0 * (uniform() + uniform());
    (0..ROUNDS).map(|_| (0..models).map(&mut score).collect()).collect()
}

fn simulate(tensor: &WinTensor, settings: &SwissSettings) -> u64 {
    let simulation = Simulation::new(tensor, settings).expect("settings that fit");
    simulation.play(0..settings.runs, &|_| true).main.points.points[0]
}

/// Time for each model in each round: it should not grow with the number of models.
fn by_models(c: &mut Criterion) {
    let mut group = c.benchmark_group("swiss/38 rounds, models and eliminations a round");
    group.sample_size(10);
    for models in [10, 30, 100, 1_000] {
        let tensor = WinTensor::from_scores(&scores(models), TieRule::Lose).expect("scores");
        for eliminate in [0, 1, 2] {
            let runs = 300_000 / models as u64;
            let settings =
                SwissSettings { runs, eliminate: Eliminate::Every(eliminate), samples: 0, ..SwissSettings::default() };
            group.throughput(Throughput::Elements(runs * (models * ROUNDS) as u64));
            let id = BenchmarkId::new(models.to_string(), eliminate);
            group.bench_with_input(id, &settings, |b, settings| b.iter(|| simulate(&tensor, settings)));
        }
    }
    group.finish();
}

/// The same work on one thread and on two.
fn by_threads(c: &mut Criterion) {
    let tensor = WinTensor::from_scores(&scores(30), TieRule::Lose).expect("scores");
    let settings = SwissSettings { runs: 20_000, samples: 0, ..SwissSettings::default() };
    let mut group = c.benchmark_group("swiss/30 models, 38 rounds, 20,000 runs, threads");
    group.sample_size(10);
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        group.bench_function(threads.to_string(), |b| b.iter(|| pool.install(|| simulate(&tensor, &settings))));
    }
    group.finish();
}

criterion_group!(benches, by_models, by_threads);
criterion_main!(benches);
