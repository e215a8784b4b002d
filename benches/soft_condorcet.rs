//! Rank aggregation: Soft Condorcet on 100 items and 10,000 ballots of 7, Kemeny on dense components, and
//! the counting of ballots that both begin with.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use palio::data::ItemId;
use palio::data::profile::Profile;
use palio::models::kemeny::KemenyOrder;
use palio::models::{Evidence, PlackettLuce, Rater, SoftCondorcet};
use palio::simulation::orders::{Mallows, PlackettLuceOrders};

/// Ballots of 7 of 100 items, whose worths fall by a factor of 50 from the first to the last.
fn ballots_of_seven() -> Profile {
    const ITEMS: usize = 100;
    let mut profile = Profile::new((0..ITEMS).map(|item| format!("item {item}")).collect());
    for ballot in 0..10_000_u64 {
        let few = PlackettLuceOrders { worths: vec![1.0; ITEMS] }.draw(1, ballot);
        let few = &few[..7];
        let worths = few.iter().map(|&item| 50.0_f64.powf(-(item as f64) / ITEMS as f64)).collect();
        let order = PlackettLuceOrders { worths }.draw(2, ballot);
        let places: Vec<[ItemId; 1]> = order.iter().map(|&place| [ItemId(few[place] as u32)]).collect();
        profile.push(&places, 1.0).expect("a ballot");
    }
    profile
}

/// Complete orders so dispersed that the majorities of all items are one strong component.
fn dispersed(items: usize, dispersion: f64, voters: u64) -> Profile {
    let mallows = Mallows { items, dispersion };
    let mut profile = Profile::new((0..items).map(|item| format!("item {item}")).collect());
    for voter in 0..voters {
        let places: Vec<[ItemId; 1]> = mallows.draw(3, voter).iter().map(|&item| [ItemId(item as u32)]).collect();
        profile.push(&places, 1.0).expect("a ballot");
    }
    profile
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("aggregation");
    group.sample_size(10);
    let profile = ballots_of_seven();
    let graph = profile.graph();
    group.bench_function("count 10,000 ballots of 7", |bencher| bencher.iter(|| black_box(&profile).graph()));
    let rule = SoftCondorcet::default();
    group.bench_function("soft-condorcet, 100 items", |bencher| {
        bencher.iter(|| rule.solve(black_box(&graph).into()).expect("a minimum"));
    });
    let evidence = Evidence { ballots: Some(&profile), ..(&graph).into() };
    group.bench_function("plackett-luce, 100 items", |bencher| {
        bencher.iter(|| PlackettLuce::default().fit(black_box(evidence), None).expect("a fit"));
    });
    for (name, profile) in
        [("kemeny, 20 items, dense", dispersed(20, 0.999, 15)), ("kemeny, 40 items", dispersed(40, 0.93, 25))]
    {
        let graph = profile.graph();
        let found = KemenyOrder::of(&graph);
        println!("{name}: distance {}, bound {}", found.distance, found.bound);
        group.bench_function(name, |bencher| bencher.iter(|| KemenyOrder::of(black_box(&graph))));
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
