use super::*;
use crate::random::{Purpose, SimRng, stream};

fn rng(trial: u64) -> SimRng {
    stream(7, Purpose::BudgetChoices, trial)
}

fn sampler(name: &str, settings: &[&str]) -> Sampler {
    let entry = SamplerEntry::find(name).expect("a sampler");
    entry.sampler(&Settings::parse(settings).expect("settings")).expect("its settings")
}

/// Picks `count` comparisons, each of which the low item wins with the probability that `share` gives.
fn play(
    sampler: &mut Sampler,
    counts: &mut Counts,
    count: usize,
    rng: &mut SimRng,
    share: impl Fn(Choice, [usize; 2]) -> f64,
) -> Vec<Choice> {
    let mut choices = Vec::new();
    for _ in 0..count {
        let choice = sampler.pick(counts, rng).expect("an open pair");
        counts.schedule(choice);
        let won = f64::from(u8::from(rng.random::<f64>() < share(choice, counts.items_of(choice))));
        counts.record(choice, won);
        sampler.told(counts, choice, won);
        choices.push(choice);
    }
    choices
}

/// A ladder: item 0 is the best, and each is one log-odds ahead of the next.
fn ladder(_: Choice, [low, high]: [usize; 2]) -> f64 {
    1.0 / (1.0 + (low as f64 - high as f64).exp())
}

#[test]
fn every_sampler_picks_open_pairs_and_tasks_that_there_are() {
    for entry in SAMPLERS {
        for items in [2, 3, 7] {
            let mut counts = Counts::new(items, 4).unwrap();
            if items > 2 {
                counts.set_worth(counts.pair(1, 2), 0.0);
            }
            let mut sampler = sampler(entry.name, &[]);
            for choice in play(&mut sampler, &mut counts, 200, &mut rng(1), ladder) {
                assert!(counts.worth(choice.pair) > 0.0 && choice.task < 4, "{}", entry.name);
            }
            assert!((counts.total() - 200.0).abs() < 1e-12);
        }
    }
}

#[test]
fn where_no_pair_is_open_nothing_is_picked() {
    for entry in SAMPLERS {
        let mut counts = Counts::new(3, 2).unwrap();
        (0..3).for_each(|pair| counts.set_worth(pair, 0.0));
        assert_eq!(sampler(entry.name, &[]).pick(&counts, &mut rng(2)), None, "{}", entry.name);
    }
}

#[test]
fn the_same_stream_picks_the_same_comparisons() {
    for entry in SAMPLERS {
        let picked = || {
            let mut counts = Counts::new(5, 3).unwrap();
            play(&mut sampler(entry.name, &[]), &mut counts, 60, &mut rng(3), ladder)
        };
        assert_eq!(picked(), picked(), "{}", entry.name);
    }
}

#[test]
fn pairs_are_numbered_row_by_row() {
    let counts = Counts::new(6, 1).unwrap();
    for pair in 0..counts.pairs() {
        let [low, high] = counts.ends(pair);
        assert_eq!((counts.pair(low, high), counts.pair(high, low)), (pair, pair));
    }
    assert_eq!((counts.ends(0), counts.ends(5), counts.ends(14)), ([0, 1], [1, 2], [4, 5]));
}

#[test]
fn a_round_robin_meets_each_pair_once_a_turn_and_each_item_once_a_round() {
    for items in [6, 7] {
        let mut counts = Counts::new(items, 3).unwrap();
        let pairs = counts.pairs();
        let choices = play(&mut sampler("round-robin", &[]), &mut counts, 3 * pairs, &mut rng(4), ladder);
        for round in choices.chunks(items / 2).take(items) {
            let mut seen: Vec<usize> = round.iter().flat_map(|choice| counts.items_of(*choice)).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), items / 2 * 2);
        }
        // In as many turns as there are tasks each pair meets on each.
        for pair in 0..pairs {
            assert_eq!([0, 1, 2].map(|task| counts.pair_on(pair, task)), [1, 1, 1]);
        }
    }
}

#[test]
fn least_played_keeps_pairs_within_one_comparison() {
    let mut counts = Counts::new(5, 3).unwrap();
    let mut sampler = sampler("least-played", &[]);
    for _ in 0..33 {
        play(&mut sampler, &mut counts, 1, &mut rng(5), ladder);
        let played: Vec<f64> = (0..counts.pairs()).map(|pair| counts.scheduled(pair)).collect();
        let most = played.iter().copied().fold(0.0, f64::max);
        assert!(played.iter().all(|&count| most - count <= 1.0));
    }
}

#[test]
fn an_uneven_worth_favours_a_pair() {
    for name in ["uniform", "least-played", "d-optimal", "variance-proportional"] {
        let mut counts = Counts::new(4, 1).unwrap();
        counts.set_worth(2, 4.0);
        play(&mut sampler(name, &[]), &mut counts, 180, &mut rng(6), |_, _| 0.5);
        assert!(counts.scheduled(2) > 1.5 * 30.0, "{name}: {} of 180", counts.scheduled(2));
    }
}

#[test]
fn a_batch_of_the_tree_connects_all_items() {
    let mut counts = Counts::new(8, 2).unwrap();
    let mut sampler = sampler("information-gain-tree", &[]);
    for batch in 0..20 {
        let choices = play(&mut sampler, &mut counts, 7, &mut rng(7), ladder);
        let mut group: Vec<usize> = (0..8).collect();
        for choice in &choices {
            let [low, high] = counts.items_of(*choice).map(|item| group[item]);
            assert_ne!(low, high, "a cycle in batch {batch}");
            group.iter_mut().filter(|it| **it == high).for_each(|it| *it = low);
        }
    }
}

#[test]
fn d_optimal_spreads_a_batch_over_pairs_whose_results_are_not_known() {
    let mut counts = Counts::new(6, 1).unwrap();
    let mut sampler = sampler("d-optimal", &[]);
    for _ in 0..10 {
        let choice = sampler.pick(&counts, &mut rng(8)).unwrap();
        assert!(counts.scheduled(choice.pair) <= 0.0);
        counts.schedule(choice);
    }
}

#[test]
fn d_optimal_looks_at_near_items_more_than_at_far_ones() {
    let mut counts = Counts::new(6, 1).unwrap();
    play(&mut sampler("d-optimal", &[]), &mut counts, 600, &mut rng(9), ladder);
    let of = |i, j| counts.scheduled(counts.pair(i, j));
    assert!(of(2, 3) > 2.0 * of(0, 5), "{} and {}", of(2, 3), of(0, 5));
}

#[test]
fn bandits_compare_the_best_item_most() {
    for name in ["ucb", "double-thompson"] {
        let mut counts = Counts::new(6, 1).unwrap();
        play(&mut sampler(name, &[]), &mut counts, 2_000, &mut rng(10), ladder);
        for item in 1..6 {
            assert!(counts.of_item(0) > counts.of_item(item), "{name}: item {item}");
        }
        assert!(counts.of_item(0) > 2.0 * counts.of_item(5), "{name}");
    }
}

#[test]
fn variance_proportional_draws_by_how_much_an_interval_shrinks() {
    let mut counts = Counts::new(3, 1).unwrap();
    // Pair 0 has met often and always ended alike, pair 1 seldom.
    for (pair, results) in [(0, [1.0; 8].as_slice()), (1, &[1.0, 0.0])] {
        for &share in results {
            counts.schedule(Choice { pair, task: 0 });
            counts.record(Choice { pair, task: 0 }, share);
        }
    }
    let shrinks = |p: f64, n: f64| (p * (1.0 - p) / n).sqrt() - (p * (1.0 - p) / (n + 1.0)).sqrt();
    let weights = [shrinks(0.9, 9.0), shrinks(0.5, 3.0), shrinks(0.5, 1.0)];
    let mut sampler = sampler("variance-proportional", &[]);
    let mut random = rng(11);
    let mut drawn = [0.0; 3];
    for _ in 0..30_000 {
        drawn[sampler.pick(&counts, &mut random).unwrap().pair] += 1.0 / 30_000.0;
    }
    for pair in 0..3 {
        let expected = weights[pair] / weights.iter().sum::<f64>();
        assert!((drawn[pair] - expected).abs() < 0.012, "{pair}: {} and {expected}", drawn[pair]);
    }
}

#[test]
fn proportional_representation_spreads_comparisons_over_tasks_as_they_rank() {
    // On tasks 0 to 7 the items are in one order, on 8 and 9 in the opposite one.
    let share = |choice: Choice, [low, high]: [usize; 2]| {
        let better = if choice.task < 8 { low < high } else { low > high };
        if better { 0.95 } else { 0.05 }
    };
    let mut counts = Counts::new(4, 10).unwrap();
    play(&mut sampler("proportional-representation", &[]), &mut counts, 1_000, &mut rng(12), share);
    let opposite = f64::from(counts.on_task(8) + counts.on_task(9)) / 1_000.0;
    assert!((opposite - 0.2).abs() < 0.02, "{opposite}");
}

#[test]
fn nash_draws_the_tasks_on_which_the_best_do_worst() {
    // All items are alike but on task 2, where those that win elsewhere lose.
    let share = |choice: Choice, [low, _]: [usize; 2]| match (choice.task, low) {
        (2, 0) => 0.02,
        (_, 0) => 0.98,
        _ => 0.5,
    };
    let mut counts = Counts::new(3, 5).unwrap();
    play(&mut sampler("nash", &[]), &mut counts, 2_000, &mut rng(13), share);
    let most = (0..5).max_by_key(|&task| counts.on_task(task));
    assert_eq!(most, Some(2));
}

#[test]
fn settings_of_other_samplers_are_refused() {
    let build = |name: &str, setting: &str| {
        let settings = Settings::parse([setting]).expect("a setting");
        SamplerEntry::find(name).expect("a sampler").sampler(&settings).map(|_| ()).map_err(|it| it.to_string())
    };
    assert_eq!(build("uniform", "tasks=balanced"), Ok(()));
    assert_eq!(build("uniform", "alpha=1").unwrap_err(), "uniform has no setting 'alpha'; it has: tasks");
    assert_eq!(build("ucb", "exploration=-1").unwrap_err(), "exploration=-1: exploration takes a number above 0");
}

#[test]
fn counts_of_a_graph_are_those_of_its_pairs() {
    use crate::data::graph::{PairSums, PreferenceGraph};
    let sums = PairSums {
        low: vec![0, 1],
        high: vec![2, 2],
        low_wins: vec![3.0, 1.0],
        high_wins: vec![1.0, 0.0],
        ties: vec![0.0, 1.0],
    };
    let graph = PreferenceGraph::from_pair_sums(["a", "b", "c"].into_iter().collect(), &sums);
    let counts = Counts::of_graph(&graph).unwrap();
    assert_eq!([0, 1, 2].map(|pair| counts.played(pair)).to_vec(), [0.0, 4.0, 2.0]);
    assert_eq!([0, 1, 2].map(|pair| counts.low_points(pair)).to_vec(), [0.0, 3.0, 1.5]);
    assert_eq!([0, 1, 2].map(|item| counts.of_item(item)).to_vec(), [4.0, 2.0, 6.0]);
    assert_eq!(Counts::new(1, 4).unwrap_err(), CountsError::Items { items: 1 });
    assert_eq!(Counts::new(4, 0).unwrap_err(), CountsError::Tasks);
    assert!(Counts::new(60_000, 10).unwrap_err().to_string().contains("give fewer items or tasks"));
}

/// A log of four items on three tasks, one of which has most of the comparisons, with rows without a task.
fn weighted(scale: f64) -> crate::data::Log {
    use crate::data::{Comparison, ItemId, Log, Outcome};
    let mut log = Log::new((0..4).map(|item| item.to_string()).collect());
    for row in 0..60_u32 {
        let outcome = if row % 3 == 0 { Outcome::Right } else { Outcome::Left };
        let weight = scale * f64::from(1 + row % 2);
        log.push(Comparison { weight, ..Comparison::new(ItemId(row % 3), ItemId(row % 3 + 1), outcome) });
    }
    let task = |row: usize| ["x", "x", "x", "y", "z", ""][row % 6];
    log.add_labels("task", (0..60).map(task));
    log
}

#[test]
fn the_scale_of_weights_changes_no_choice() {
    for entry in SAMPLERS {
        let choices = |scale: f64| {
            let log = weighted(scale);
            let mut counts = Counts::of_log(&log, log.labels("task").expect("labels")).unwrap();
            play(&mut sampler(entry.name, &[]), &mut counts, 40, &mut rng(3), ladder)
        };
        assert_eq!(choices(1.0), choices(1024.0), "{}", entry.name);
    }
}

#[test]
fn tasks_are_chosen_evenly_whatever_rows_weigh_and_whether_they_have_one() {
    for name in ["proportional-representation", "round-robin", "least-played"] {
        let log = weighted(1000.0);
        let mut counts = Counts::of_log(&log, log.labels("task").expect("labels")).unwrap();
        // Of weights 1 and 2 in equal parts 60 know as much as 54, by Kish's (Σw)² / Σw².
        assert!((counts.on_all_tasks() - 50.0).abs() < 1e-12 && (counts.total() - 54.0).abs() < 1e-9);
        // Outcomes that don't hang on the task: all tasks should end with as many comparisons.
        play(&mut sampler(name, &[]), &mut counts, 400, &mut rng(5), |_, _| 0.5);
        let on: Vec<u32> = (0..3).map(|task| counts.on_task(task)).collect();
        assert!(on.iter().all(|&count| (120..=180).contains(&count)), "{name}: {on:?}");
    }
}

#[test]
fn what_can_t_be_compared_gives_double_thompson_no_hope() {
    // Item 3 may meet item 0 alone, and loses: it is no candidate for the many that it can't meet.
    let mut counts = Counts::new(8, 1).unwrap();
    for other in (1..8).filter(|&other| other != 3) {
        counts.set_worth(counts.pair(3, other), 0.0);
    }
    let choices = play(&mut sampler("double-thompson", &[]), &mut counts, 600, &mut rng(9), ladder);
    let with_it = choices.iter().filter(|choice| counts.items_of(**choice).contains(&3)).count();
    assert!(with_it < 100, "{with_it} of 600");
}
