//! General preference embeddings: one fit by items, pairs and blocks, the choice of all settings, and
//! `HodgeRank`'s decomposition.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use palio::data::graph::{PreferenceGraph, Tally};
use palio::data::{Comparison, ItemId, Outcome};
use palio::models::GeneralPreference;
use palio::structure::hodge::Flow;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution, StandardNormal};

/// Ratings and two blocks of standard normals; `games` comparisons of each of `pairs` pairs, drawn among
/// all.
fn graph(items: u32, pairs: usize, games: u64) -> PreferenceGraph {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let truth: Vec<[f64; 5]> = (0..items).map(|_| std::array::from_fn(|_| StandardNormal.sample(&mut rng))).collect();
    let all = items as usize * (items as usize - 1) / 2;
    let share = pairs as f64 / all as f64;
    let mut tally = Tally::new((0..items).map(|item| item.to_string()).collect());
    for i in 0..items {
        for j in i + 1..items {
            if rng.random_range(0.0..1.0) >= share {
                continue;
            }
            let (a, b) = (truth[i as usize], truth[j as usize]);
            let score = a[4] - b[4] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3] - a[3] * b[2];
            let won = Binomial::new(games, 1.0 / (1.0 + (-score).exp())).expect("a chance").sample(&mut rng);
            for (outcome, count) in [(Outcome::Left, won), (Outcome::Right, games - won)] {
                if count > 0 {
                    tally.add(Comparison { count: count as f64, ..Comparison::new(ItemId(i), ItemId(j), outcome) });
                }
            }
        }
    }
    PreferenceGraph::from_tally(tally)
}

fn model(blocks: usize) -> GeneralPreference {
    GeneralPreference {
        dimension: Some(2 * blocks),
        penalty: Some(1.0),
        rating_penalty: Some(0.1),
        ..GeneralPreference::default()
    }
}

fn fits(c: &mut Criterion) {
    let mut group = c.benchmark_group("general-preference/items, pairs, blocks");
    group.sample_size(10);
    for (items, pairs) in [(8, 28), (20, 190), (43, 903), (100, 4_950), (300, 44_850), (1_000, 100_000)] {
        let graph = graph(items, pairs, 20);
        for blocks in 0..=3 {
            let name = BenchmarkId::from_parameter(format!("{items}, {pairs}, {blocks}"));
            group.bench_with_input(name, &graph, |b, graph| {
                b.iter(|| {
                    let fitted = model(blocks).fit_embedding(graph.into()).expect("a fit");
                    assert!(palio::Fitted::convergence(&fitted).gradient_norm.is_some_and(|norm| norm <= 1e-9));
                    fitted
                });
            });
        }
    }
    group.finish();
}

fn choices(c: &mut Criterion) {
    let mut group = c.benchmark_group("general-preference/auto");
    group.sample_size(10);
    for items in [8, 20, 43] {
        let graph = graph(items, items as usize * (items as usize - 1) / 2, 40);
        group.bench_with_input(BenchmarkId::from_parameter(items), &graph, |b, graph| {
            b.iter(|| GeneralPreference::default().fit_embedding(graph.into()).expect("a fit"));
        });
    }
    group.finish();
}

fn hodge(c: &mut Criterion) {
    let mut group = c.benchmark_group("hodge/items, pairs");
    group.sample_size(10);
    for (items, pairs) in [(43, 903), (100, 4_950), (100, 1_000), (1_000, 20_000), (1_000, 100_000)] {
        let flow = Flow::log_odds(&graph(items, pairs, 20));
        let name = BenchmarkId::from_parameter(format!("{items}, {pairs}"));
        group.bench_with_input(name, &flow, |b, flow| b.iter(|| flow.decompose()));
    }
    group.finish();
}

criterion_group!(benches, fits, choices, hodge);
criterion_main!(benches);
