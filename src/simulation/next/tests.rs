use petgraph::unionfind::UnionFind;

use super::*;
use crate::data::{Comparison, Outcome};
use crate::models::bradley_terry::logistic;
use crate::simulation::samplers::information_gain;
use crate::simulation::{GenerateSettings, Generator};
use crate::uncertainty::{CovarianceKind, RankRule, RankSettings, covariance};

/// A log of pairs with wins for either side.
fn log(items: usize, pairs: &[(u32, u32, f64, f64)]) -> Log {
    let mut log = Log::new((0..items).map(|i| format!("item {i}")).collect());
    for &(i, j, wins, losses) in pairs {
        for (count, outcome) in [(wins, Outcome::Left), (losses, Outcome::Right)] {
            if count > 0.0 {
                log.push(Comparison { count, ..Comparison::new(ItemId(i), ItemId(j), outcome) });
            }
        }
    }
    log
}

fn graph(items: usize, pairs: &[(u32, u32, f64, f64)]) -> PreferenceGraph {
    PreferenceGraph::from_log(&log(items, pairs))
}

fn generated(items: usize, comparisons: u64) -> Log {
    let settings = GenerateSettings { items, comparisons, seed: 3, ..GenerateSettings::default() };
    Generator::new(settings).expect("settings").log()
}

fn settings(sampler: &str, count: usize) -> NextSettings {
    NextSettings { count, sampler: SamplerEntry::find(sampler).expect("a sampler"), ..NextSettings::default() }
}

fn chosen(graph: &PreferenceGraph, settings: &NextSettings) -> NextBatch {
    NextBatch::choose(graph, None, settings).expect("a batch")
}

fn codes(batch: &NextBatch) -> Vec<&str> {
    batch.notes.iter().map(|note| &*note.code).collect()
}

/// The two names in one order.
fn pair(it: &NextComparison) -> (String, String) {
    let (a, b) = (it.left.clone(), it.right.clone());
    if a < b { (a, b) } else { (b, a) }
}

#[test]
fn no_sampler_chooses_a_pair_twice() {
    let graph = PreferenceGraph::from_log(&generated(7, 300));
    for entry in SAMPLERS.iter().filter(|entry| entry.chooses != Chooses::Tasks) {
        let batch = chosen(&graph, &settings(entry.name, 21));
        let pairs: BTreeSet<_> = batch.comparisons.iter().map(pair).collect();
        assert_eq!((pairs.len(), batch.comparisons.len()), (21, 21), "{}", entry.name);
        assert!(batch.notes.is_empty(), "{}", entry.name);
        let short = chosen(&graph, &settings(entry.name, 25));
        assert_eq!((short.comparisons.len(), codes(&short)), (21, vec!["batch-short"]), "{}", entry.name);
        assert_eq!(batch, chosen(&graph, &settings(entry.name, 21)), "{}", entry.name);
    }
}

#[test]
fn the_first_comparisons_join_what_nothing_connects() {
    // Groups {0, 1, 2}, {3, 4} and {5}.
    let graph = graph(6, &[(0, 1, 2.0, 1.0), (1, 2, 2.0, 1.0), (3, 4, 1.0, 3.0)]);
    for sampler in ["uniform", "d-optimal", "information-gain-tree", "least-played"] {
        let batch = chosen(&graph, &settings(sampler, 5));
        let joins: Vec<bool> = batch.comparisons.iter().map(|it| it.joins).collect();
        assert_eq!(joins, [true, true, false, false, false], "{sampler}");
        let mut groups = UnionFind::<u32>::new(6);
        for met in graph.pairs() {
            groups.union(met.low.0, met.high.0);
        }
        let id = |name: &str| graph.items().get(name).expect("an item").0;
        for it in &batch.comparisons[..2] {
            assert!(groups.union(id(&it.left), id(&it.right)), "{sampler}: {it:?} joins nothing");
            assert!(it.met <= 0.0);
        }
        assert!(batch.notes.is_empty());
        let short = chosen(&graph, &settings(sampler, 1));
        assert_eq!(codes(&short), ["still-disconnected"], "{sampler}");
    }
}

#[test]
fn the_retired_are_left_alone_and_the_favoured_come_first() {
    let graph = PreferenceGraph::from_log(&generated(8, 400));
    let with = |worth: Vec<f64>, count| NextSettings { worth, ..settings("d-optimal", count) };
    let mut worth = vec![1.0; 8];
    worth[2] = 0.0;
    worth[5] = 5.0;
    let batch = chosen(&graph, &with(worth, 6));
    let names = |name: &str| batch.comparisons.iter().filter(|it| it.left == name || it.right == name).count();
    let [retired, favoured] = [2, 5].map(|item| names(graph.items().name(ItemId(item))));
    assert_eq!((retired, favoured), (0, 6));
    let mut one_left = vec![0.0; 8];
    one_left[3] = 1.0;
    let error = NextBatch::choose(&graph, None, &with(one_left, 3)).unwrap_err();
    assert_eq!(error, NextError::NothingOpen { open: 1, items: 8 });
}

#[test]
fn the_gain_of_two_level_items_is_that_of_their_posterior() {
    let n = 6.0;
    let graph = graph(2, &[(0, 1, n / 2.0, n / 2.0)]);
    let batch = chosen(&graph, &settings("uniform", 1));
    // Ratings with precision λ each, and the information n/4 on their difference: variance 2 / (λ + n/2).
    let expected = information_gain(0.0, 2.0 / (PRIOR_PRECISION + n / 2.0));
    let found = &batch.comparisons[0];
    assert!((found.gain - expected).abs() < 1e-12, "{} and {expected}", found.gain);
    assert!((found.probability - 0.5).abs() < 1e-9 && (found.met - n).abs() < 1e-12);
}

#[test]
fn probabilities_are_those_of_the_fit_whichever_side_is_drawn() {
    let graph = PreferenceGraph::from_log(&generated(6, 500));
    let fitted = BradleyTerry::default().fit((&graph).into(), None).expect("a fit");
    let batch = chosen(&graph, &settings("uniform", 15));
    let id = |name: &str| graph.items().get(name).expect("an item");
    for it in &batch.comparisons {
        let expected = fitted.probability(id(&it.left), id(&it.right)).expect("a probability");
        assert!((it.probability - expected).abs() < 1e-12);
        assert!(it.gain > 0.0 && it.gain < 2.0_f64.ln());
    }
    let turned = batch.comparisons.iter().filter(|it| id(&it.left) > id(&it.right)).count();
    assert!((1..15).contains(&turned), "sides are drawn");
}

#[test]
fn a_pair_comes_again_on_another_task_only() {
    let mut log = log(3, &[(0, 1, 1.0, 0.0), (1, 2, 1.0, 0.0), (0, 2, 1.0, 0.0), (0, 1, 0.0, 1.0)]);
    log.add_labels("task", ["add", "", "multiply", "add"]);
    let labels = log.labels("task").expect("labels");
    let graph = PreferenceGraph::from_log(&log);
    let choose = |sampler, count| NextBatch::choose(&graph, Some((&log, labels)), &settings(sampler, count));
    for sampler in ["uniform", "d-optimal", "proportional-representation", "nash"] {
        let batch = choose(sampler, 7).expect("a batch");
        let all: BTreeSet<_> = batch.comparisons.iter().map(|it| (pair(it), it.task.clone())).collect();
        assert_eq!((batch.comparisons.len(), all.len(), codes(&batch)), (6, 6, vec!["batch-short"]), "{sampler}");
        assert!(all.iter().all(|(_, task)| matches!(task.as_deref(), Some("add" | "multiply"))), "{sampler}");
        let first: BTreeSet<_> = batch.comparisons[..3].iter().map(pair).collect();
        assert_eq!(first.len(), 3, "{sampler}: all pairs before one comes again");
    }
    let error = NextBatch::choose(&graph, None, &settings("nash", 1)).unwrap_err();
    assert_eq!(error, NextError::NeedsTasks { sampler: "nash" });
}

#[test]
fn goals_are_read_and_checked() {
    let parsed = |text: &str| text.parse::<Goal>();
    assert_eq!(parsed("separable 3"), Ok(Goal::Top(3)));
    assert_eq!(parsed(" separable  neighbors"), Ok(Goal::Neighbours(None)));
    assert_eq!(parsed("separable neighbours 2"), Ok(Goal::Neighbours(Some(2))));
    for text in ["separable 3", "separable neighbours", "separable neighbours 2"] {
        assert_eq!(parsed(text).expect("a goal").to_string(), text);
    }
    for text in ["", "separable", "separable 0", "separable -1", "top 3", "separable 3 4"] {
        assert!(matches!(parsed(text), Err(GoalError::Unknown { .. })), "{text}");
    }
    assert_eq!(Goal::Top(3).check(4), Ok(()));
    assert!(Goal::Top(4).check(4).is_err() && Goal::Neighbours(None).check(1).is_err());
}

/// Simulated futures of a log.
fn separation(graph: &PreferenceGraph, goal: Goal, truth: Truth, trials: u32, most: u64) -> Separation {
    let ranks = RankSettings { rule: RankRule::Simultaneous, level: 0.95, draws: 0, seed: 1 };
    let wanted = SeparationSettings { goal, truth, trials, most, rater: BradleyTerry::default(), ranks };
    let fitted = wanted.rater.fit(graph.into(), None).expect("a fit");
    let errors = covariance(&*fitted, graph, CovarianceKind::Sandwich, None);
    Separation::simulate(graph, &*fitted, &errors, &settings("least-played", 10), wanted, &|_| true).expect("futures")
}

/// The share of futures of one pair that stood at `won` of `played`, and goes on with this chance, in which it was
/// told apart at one of these looks: exactly, state by state, at a critical value.
fn told_apart(won: usize, played: usize, chance: f64, looks: &[u64], critical: f64) -> Vec<f64> {
    let mut states = vec![0.0; won + 1];
    states[won] = 1.0;
    let (mut n, mut absorbed) = (played, 0.0);
    let mut shares = Vec::new();
    for &look in looks {
        while n < played + look as usize {
            let mut next = vec![0.0; states.len() + 1];
            for (wins, mass) in states.iter().enumerate() {
                next[wins] += mass * (1.0 - chance);
                next[wins + 1] += mass * chance;
            }
            (states, n) = (next, n + 1);
        }
        for (wins, mass) in states.iter_mut().enumerate() {
            let p = wins as f64 / n as f64;
            // The log-odds over their standard error; 0 or 1 has none.
            if (p / (1.0 - p)).ln().abs() * (n as f64 * p * (1.0 - p)).sqrt() > critical {
                absorbed += std::mem::take(mass);
            }
        }
        shares.push(absorbed);
    }
    shares
}

#[test]
fn futures_of_one_pair_are_those_of_a_random_walk() {
    let graph = graph(2, &[(0, 1, 30.0, 20.0)]);
    let found = separation(&graph, Goal::Top(1), Truth::Estimate, 500, 400);
    // The truth: (30 − 50 σ(d)) = λ d / 2, by bisection.
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let d = f64::midpoint(low, high);
        if 30.0 - 50.0 * logistic(d) > PRIOR_PRECISION * d / 2.0 { low = d } else { high = d }
    }
    let looks: Vec<u64> = found.curve[1..].iter().map(|point| point.comparisons).collect();
    assert_eq!(looks[..4], [10, 12, 14, 17]);
    // The critical value 1.96 is simulated from 2,000 draws, with a standard error of 0.042: three of them each way.
    let least = told_apart(30, 50, logistic(low), &looks, 1.96 + 0.125);
    let most = told_apart(30, 50, logistic(low), &looks, 1.96 - 0.125);
    for ((point, least), most) in found.curve[1..].iter().zip(least).zip(most) {
        let error = |share: f64| (share * (1.0 - share) / 500.0).sqrt();
        let allowed = least - 4.0 * error(least)..most + 4.0 * error(most);
        assert!(allowed.contains(&point.share), "{point:?} and {least} to {most}");
    }
    let needed = found.needed;
    let (low, median, high) = (needed.median_low, needed.median, needed.median_high);
    assert!(low <= median && median <= high && needed.decile <= low && high <= needed.ninth_decile);
}

#[test]
fn a_goal_that_is_met_needs_nothing_and_one_too_far_is_told() {
    let apart = graph(3, &[(0, 1, 90.0, 10.0), (1, 2, 60.0, 40.0), (0, 2, 95.0, 5.0)]);
    let found = separation(&apart, Goal::Top(1), Truth::Posterior, 20, 100);
    assert!(found.met_now && found.reached == 20);
    assert_eq!((found.needed.median, found.needed.ninth_decile), (Some(0), Some(0)));
    let near = graph(3, &[(0, 1, 51.0, 49.0), (1, 2, 50.0, 49.0), (0, 2, 50.0, 49.0)]);
    let found = separation(&near, Goal::Neighbours(None), Truth::Estimate, 20, 100);
    assert_eq!((found.reached, found.needed.median, found.needed.mean), (0, None, None));
}

#[test]
fn what_may_be_true_takes_longer_than_the_fit_promises() {
    let graph = graph(3, &[(0, 1, 22.0, 18.0), (1, 2, 24.0, 16.0), (0, 2, 26.0, 14.0)]);
    let of = |truth| separation(&graph, Goal::Top(1), truth, 120, 20_000);
    let (posterior, estimate) = (of(Truth::Posterior), of(Truth::Estimate));
    // Without a ninth decile more than a tenth never got there.
    let last = |found: &Separation| found.needed.ninth_decile.unwrap_or(u64::MAX);
    assert!(last(&posterior) > last(&estimate), "{posterior:?}");
    assert_eq!(of(Truth::Posterior), posterior);
}

#[test]
fn a_log_in_parts_is_joined_before_it_is_told_apart() {
    let graph = graph(4, &[(0, 1, 9.0, 3.0), (2, 3, 3.0, 9.0)]);
    let found = separation(&graph, Goal::Top(1), Truth::Posterior, 20, 20_000);
    assert!(!found.met_now && found.reached > 0, "{found:?}");
}

#[test]
fn only_ties_tell_nothing_to_simulate_from() {
    let mut log = Log::new(["x", "y"].into_iter().collect());
    log.push(Comparison::new(ItemId(0), ItemId(1), Outcome::Tie));
    let graph = PreferenceGraph::from_log(&log);
    let ranks = RankSettings::default();
    let wanted = SeparationSettings {
        goal: Goal::Top(1),
        truth: Truth::Posterior,
        trials: 2,
        most: 10,
        rater: BradleyTerry::default(),
        ranks,
    };
    let fitted = wanted.rater.fit((&graph).into(), None).expect("a fit");
    let errors = covariance(&*fitted, &graph, CovarianceKind::Sandwich, None);
    let found = Separation::simulate(&graph, &*fitted, &errors, &settings("uniform", 1), wanted, &|_| true);
    assert_eq!(found.unwrap_err(), NextError::NoSpread);
}

#[test]
fn clusters_widen_what_the_log_tells_and_not_the_prior() {
    use super::futures::World;
    use crate::random::stream;
    // One pair with many comparisons, and an item that nothing is known of.
    let graph = graph(3, &[(0, 1, 400.0, 400.0)]);
    let spread = |design_effect: f64| {
        let world = World::of(&graph, 0.1, design_effect).expect("a world");
        let draws: Vec<_> = (0..4_000)
            .map(|trial| world.draw(Truth::Posterior, &mut stream(1, Purpose::FutureTruths, trial)))
            .collect();
        let variance = |i: usize, j: usize| draws.iter().map(|it| (it[i] - it[j]).powi(2)).sum::<f64>() / 4_000.0;
        [variance(0, 1), variance(0, 2)]
    };
    let (plain, clustered) = (spread(1.0), spread(4.0));
    // 1/(1600/4/2) of the log; 10 + 5 of the prior of one item and of two level ones.
    assert!((clustered[0] / plain[0] / 4.0 - 1.0).abs() < 0.1, "{plain:?} and {clustered:?}");
    assert!((clustered[1] / plain[1] - 1.0).abs() < 0.1, "{plain:?} and {clustered:?}");
}

#[test]
fn how_many_it_takes_does_not_hang_on_the_scale_of_weights() {
    let until = |scale: f64, empty: usize| {
        let mut weighted = Log::new((0..3).map(|item| item.to_string()).collect());
        for row in 0..90_u32 {
            let outcome = if row % 3 == 0 { Outcome::Right } else { Outcome::Left };
            let row = Comparison::new(ItemId(row % 3), ItemId((row + 1) % 3), outcome);
            weighted.push(Comparison { weight: scale, ..row });
        }
        for _ in 0..empty {
            weighted.push(Comparison { weight: 0.0, ..Comparison::new(ItemId(0), ItemId(1), Outcome::Left) });
        }
        let graph = PreferenceGraph::from_log(&weighted);
        let rater = BradleyTerry::default();
        let fitted = rater.fit((&graph).into(), None).expect("a fit");
        let errors = covariance(&*fitted, &graph, CovarianceKind::Sandwich, None);
        let ranks = RankSettings { rule: RankRule::Simultaneous, level: 0.9, draws: 0, seed: 1 };
        let wanted =
            SeparationSettings { goal: Goal::Top(1), truth: Truth::Posterior, trials: 32, most: 20_000, rater, ranks };
        let found = Separation::simulate(&graph, &*fitted, &errors, &settings("d-optimal", 5), wanted, &|_| true);
        let gain = chosen(&graph, &settings("d-optimal", 1)).comparisons[0].gain;
        (found.expect("futures").needed.median.expect("a median"), gain)
    };
    let (median, gain) = until(1.0, 0);
    for (scale, empty) in [(1024.0, 0), (1.0 / 1024.0, 0), (1.0, 360)] {
        let found = until(scale, empty);
        assert!((found.1 - gain).abs() < 1e-9, "{} and {gain}", found.1);
        // Rows that weigh nothing move the looks, which are 15 % apart.
        let ratio = found.0 as f64 / median as f64;
        assert!((0.8..1.25).contains(&ratio), "{} and {median} at {scale}", found.0);
    }
}

#[test]
fn a_simulation_is_stopped_between_looks() {
    let graph = PreferenceGraph::from_log(&generated(5, 100));
    let rater = BradleyTerry::default();
    let fitted = rater.fit((&graph).into(), None).expect("a fit");
    let errors = covariance(&*fitted, &graph, CovarianceKind::Sandwich, None);
    let ranks = RankSettings { rule: RankRule::Simultaneous, level: 0.99, draws: 0, seed: 1 };
    let goal = Goal::Neighbours(None);
    let wanted = SeparationSettings { goal, truth: Truth::Posterior, trials: 4_000, most: 3_000, rater, ranks };
    let simulate = |progress: &(dyn Fn(u32) -> bool + Sync)| {
        Separation::simulate(&graph, &*fitted, &errors, &settings("uniform", 5), wanted, progress)
    };
    assert_eq!(simulate(&|_| false).unwrap_err(), NextError::Stopped);
    let played = std::sync::atomic::AtomicU32::new(0);
    let count = |more| played.fetch_add(more, std::sync::atomic::Ordering::Relaxed) + more < 40;
    let some = simulate(&count).expect("two waves");
    assert_eq!(some.trials, 32);
    let whole = SeparationSettings { trials: 32, ..wanted };
    let all = Separation::simulate(&graph, &*fitted, &errors, &settings("uniform", 5), whole, &|_| true);
    assert_eq!(some, all.expect("futures"));
}
