//! Tournaments of one group under every topology, with a judge that knows the order.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use palio::settings::Settings;
use palio::tournaments::{Draw, Field, Match, MatchResult, TOPOLOGIES, Tournament};

/// Plays a tournament of `items` in the memory of the last one.
fn play(tournament: &mut Tournament, items: u32, open: &mut Vec<Match>) -> u32 {
    tournament.restart(Field::new(items, Draw::AsGiven)).expect("a field without scores");
    let mut played = 0;
    while !tournament.is_over() {
        tournament.take_matches(open);
        for game in open.drain(..) {
            let result = if game.left < game.right { MatchResult::LEFT } else { MatchResult::RIGHT };
            tournament.report(game.id, Some(result)).expect("an open match");
            played += 1;
        }
    }
    played
}

fn topologies(c: &mut Criterion) {
    for entry in TOPOLOGIES {
        let mut group = c.benchmark_group(format!("tournaments/{}", entry.name));
        for items in (2..=10).map(|power| 1 << power) {
            let field = Field::new(items, Draw::AsGiven);
            let mut tournament = Tournament::new(entry.name, &Settings::default(), field).expect("a topology");
            let mut open = Vec::new();
            let matches = play(&mut tournament, items, &mut open);
            group.throughput(Throughput::Elements(matches.into()));
            group.bench_function(BenchmarkId::from_parameter(items), |b| {
                b.iter(|| play(&mut tournament, items, &mut open));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, topologies);
criterion_main!(benches);
