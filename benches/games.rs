//! Equilibria and α-Rank by the number of items, on random games and on games with many equilibria.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use palio::models::games::{Equilibrium, Payoffs, Selection, alpha_rank};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Payoffs between −1 and 1 for a share of all pairs, and 0 for the rest.
fn game(items: usize, met: f64) -> Payoffs {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut rows = vec![vec![0.0; items]; items];
    let pairs = (0..items).flat_map(|i| (0..i).map(move |j| (i, j)));
    for (i, j) in pairs.filter(|_| rng.random::<f64>() < met).collect::<Vec<_>>() {
        let payoff = rng.random_range(-1.0..1.0);
        (rows[i][j], rows[j][i]) = (payoff, -payoff);
    }
    Payoffs::from_scores(&rows).expect("a game")
}

fn equilibria(c: &mut Criterion) {
    let mut group = c.benchmark_group("games/equilibrium");
    group.sample_size(10);
    for items in [20, 100, 300] {
        for (name, met) in [("all pairs", 1.0), ("a tenth of the pairs", 0.1)] {
            let payoffs = game(items, met);
            group.bench_with_input(BenchmarkId::new(name, items), &payoffs, |b, game| b.iter(|| Equilibrium::of(game)));
        }
    }
    group.finish();
}

fn alpha_ranks(c: &mut Criterion) {
    let mut group = c.benchmark_group("games/alpha-rank");
    group.sample_size(10);
    for items in [20, 100, 300] {
        let payoffs = game(items, 1.0);
        for (name, selection) in [("alpha 1", Selection::Finite { alpha: 1.0 }), ("sweep", Selection::Sweep)] {
            group.bench_with_input(BenchmarkId::new(name, items), &payoffs, |b, game| {
                b.iter(|| alpha_rank(game, selection, 50).expect("settings in range"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, equilibria, alpha_ranks);
criterion_main!(benches);
