use super::*;
use crate::data::graph::Tally;
use crate::data::{Comparison, ItemId, Log, Outcome};

/// A graph of rows left, right, how often left won.
fn graph(items: usize, rows: &[(u32, u32, f64)]) -> PreferenceGraph {
    weighted(items, rows, 1.0)
}

fn weighted(items: usize, rows: &[(u32, u32, f64)], weight: f64) -> PreferenceGraph {
    let mut tally = Tally::new((0..items).map(|i| i.to_string()).collect());
    for &(left, right, count) in rows {
        let row = Comparison::new(ItemId(left), ItemId(right), Outcome::Left);
        tally.add(Comparison { count, weight, ..row });
    }
    PreferenceGraph::from_tally(tally)
}

fn tested(graph: &PreferenceGraph, resamples: u32) -> Deviance {
    Deviance::test(graph, None, DevianceSettings { resamples, seed: 3 }, &|| {}).expect("a fit")
}

/// Three items that beat each other in a circle, `wins` to `losses` each.
fn circle(wins: f64, losses: f64) -> Vec<(u32, u32, f64)> {
    [(0, 1), (1, 2), (2, 0)].iter().flat_map(|&(i, j)| [(i, j, wins), (j, i, losses)]).collect()
}

#[test]
fn a_pure_circle_leaves_all_its_deviance_to_the_ladder() {
    let found = tested(&graph(3, &circle(30.0, 10.0)), 200);
    // The ladder is flat: 3 pairs of 40 games, 30 to 10 against one half.
    let of_pair = 2.0 * (30.0 * 1.5_f64.ln() + 10.0 * 0.5_f64.ln());
    assert!((found.deviance - 3.0 * of_pair).abs() < 1e-9);
    assert!((found.deviance_of_equals - found.deviance).abs() < 1e-9);
    assert_eq!((found.degrees_of_freedom, found.ladder_dimensions), (1, 2));
    assert_eq!(found.method, TestMethod::ChiSquared);
    assert!(found.p_value.unwrap() < 1e-6);
    assert!(found.explained().unwrap().share <= 0.0);
}

#[test]
fn an_item_that_only_won_is_fitted_exactly() {
    let inside = circle(3.0, 2.0);
    let with = [inside.clone(), vec![(3, 0, 5.0), (3, 1, 4.0)]].concat();
    let (alone, with) = (tested(&graph(3, &inside), 0), tested(&graph(4, &with), 0));
    assert!((alone.deviance - with.deviance).abs() < 1e-7, "{} {}", alone.deviance, with.deviance);
    assert_eq!((alone.degrees_of_freedom, with.degrees_of_freedom), (1, 1));
    assert_eq!((alone.ladder_dimensions, with.ladder_dimensions), (2, 3));
}

#[test]
fn groups_that_never_met_are_tested_each_by_itself() {
    let far: Vec<(u32, u32, f64)> = circle(4.0, 1.0).into_iter().map(|(i, j, n)| (i + 3, j + 3, n)).collect();
    let both = tested(&graph(6, &[circle(3.0, 2.0), far.clone()].concat()), 0);
    let (near, far) = (tested(&graph(3, &circle(3.0, 2.0)), 0), tested(&graph(6, &far), 0));
    assert!((both.deviance - near.deviance - far.deviance).abs() < 1e-7);
    assert_eq!((both.degrees_of_freedom, both.ladder_dimensions), (2, 4));
}

#[test]
fn without_a_loop_there_is_nothing_to_test() {
    let found = tested(&graph(3, &[(0, 1, 3.0), (1, 0, 2.0), (1, 2, 3.0), (2, 1, 1.0)]), 200);
    assert_eq!((found.degrees_of_freedom, found.p_value, found.method), (0, None, TestMethod::None));
    assert!(found.deviance.abs() < 1e-9 && found.resamples == 0 && found.explained().is_none());
}

#[test]
fn ties_do_not_enter() {
    let mut tally = Tally::new((0..3).map(|i| i.to_string()).collect());
    for (left, right, count) in circle(7.0, 3.0) {
        tally.add(Comparison { count, ..Comparison::new(ItemId(left), ItemId(right), Outcome::Left) });
    }
    let decided = tested(&PreferenceGraph::from_tally(tally.clone()), 300);
    tally.add(Comparison { count: 50.0, ..Comparison::new(ItemId(0), ItemId(1), Outcome::Tie) });
    let tied = tested(&PreferenceGraph::from_tally(tally), 300);
    assert_eq!((decided.deviance, decided.p_value), (tied.deviance, tied.p_value));
}

#[test]
fn only_ties_have_no_deviance() {
    let mut tally = Tally::new((0..3).map(|i| i.to_string()).collect());
    for (left, right) in [(0, 1), (1, 2), (2, 0)] {
        tally.add(Comparison::new(ItemId(left), ItemId(right), Outcome::Tie));
    }
    let found = tested(&PreferenceGraph::from_tally(tally), 50);
    assert_eq!((found.deviance, found.degrees_of_freedom, found.p_value), (0.0, 0, None));
}

#[test]
fn shares_have_no_known_error() {
    let mut tally = Tally::new((0..3).map(|i| i.to_string()).collect());
    for (left, right) in [(0, 1), (1, 2), (2, 0)] {
        tally.add(Comparison::new(ItemId(left), ItemId(right), Outcome::Share(0.7)));
    }
    let found = tested(&PreferenceGraph::from_tally(tally), 50);
    assert!(found.has_shares && found.p_value.is_none() && found.resamples == 0);
}

#[test]
fn equal_weights_scale_the_deviance_and_not_the_p_value() {
    let (plain, weighted) = (graph(3, &circle(7.0, 3.0)), weighted(3, &circle(7.0, 3.0), 4.0));
    let (plain, weighted) = (tested(&plain, 500), tested(&weighted, 500));
    assert!((weighted.deviance - 4.0 * plain.deviance).abs() < 1e-9);
    // 3.5 of 10 games are expected of each: drawn logs decide both, and they are the same ones.
    assert_eq!((plain.method, weighted.method), (TestMethod::ChiSquared, TestMethod::Bootstrap));
    let (plain, weighted) = (plain.p_value.unwrap(), weighted.p_value.unwrap());
    assert!((plain - weighted).abs() < 0.03, "{plain} {weighted}");
}

#[test]
fn the_unit_of_weights_changes_no_share_that_the_ladder_carries() {
    let pairs = [(0, 1, 30.0, 5.0), (1, 2, 28.0, 9.0), (0, 2, 33.0, 2.0), (2, 3, 20.0, 9.0), (0, 3, 31.0, 3.0)];
    let rows: Vec<(u32, u32, f64)> = pairs.iter().flat_map(|&(i, j, won, lost)| [(i, j, won), (j, i, lost)]).collect();
    let share = |weight| tested(&weighted(4, &rows, weight), 200).explained().expect("a test");
    let (heavy, light) = (share(100.0), share(0.01));
    assert!((heavy.share - light.share).abs() < 1e-6 && (heavy.at_least - light.at_least).abs() < 1e-6);
    assert!(heavy.share > 0.5, "{heavy:?}");
}

#[test]
fn few_logs_give_their_moments_and_no_logs_no_p_value() {
    let sparse = graph(3, &circle(2.0, 1.0));
    assert_eq!(tested(&sparse, 50).method, TestMethod::BootstrapMoments);
    let none = tested(&sparse, 0);
    assert_eq!((none.method, none.p_value, none.resamples), (TestMethod::None, None, 0));
    assert!(none.explained().is_none());
}

/// Of logs that a ladder made, as many are found not to fit one as the level says.
#[test]
fn p_values_of_true_ladders_are_uniform() {
    use rand::RngExt;
    let strengths = [1.2, 0.7, 0.1, -0.4, -1.0];
    let mut p_values: Vec<f64> = (0..80)
        .map(|log| {
            let mut rng = stream(11, Purpose::Generate, log);
            let mut rows = Vec::new();
            for i in 0..5_u32 {
                for j in i + 1..5 {
                    let chance = crate::models::bradley_terry::logistic(strengths[i as usize] - strengths[j as usize]);
                    let wins = (0..6).filter(|_| rng.random_bool(chance)).count() as f64;
                    rows.extend([(i, j, wins), (j, i, 6.0 - wins)]);
                }
            }
            rows.retain(|row| row.2 > 0.0);
            tested(&graph(5, &rows), 99).p_value.unwrap()
        })
        .collect();
    p_values.sort_by(f64::total_cmp);
    // Kolmogorov's distance: beyond 1.63 / √80 = 0.182 in one of 100 such tests.
    let distance = (0..80).map(|k| (p_values[k] - (k as f64 + 0.5) / 80.0).abs()).fold(0.0, f64::max);
    assert!(distance < 0.182, "{distance}");
}

#[test]
fn the_seed_decides_and_threads_do_not() {
    let sparse = graph(3, &circle(3.0, 1.0));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| tested(&sparse, 150))
    };
    assert_eq!(on(1), on(3));
    let other = Deviance::test(&sparse, None, DevianceSettings { resamples: 150, seed: 4 }, &|| {}).unwrap();
    assert_ne!(on(1).chance_deviance, other.chance_deviance);
}

/// A log of rows left, right, cluster, each won by left and standing `copies` times in its cluster.
fn clustered(rows: &[(u32, u32, usize)], copies: usize) -> (Log, PreferenceGraph) {
    let items = 1 + rows.iter().map(|row| row.0.max(row.1)).max().unwrap_or_default();
    let mut log = Log::new((0..items).map(|i| i.to_string()).collect());
    let mut labels = Vec::new();
    for &(left, right, cluster) in rows {
        for _ in 0..copies {
            log.push(Comparison::new(ItemId(left), ItemId(right), Outcome::Left));
            labels.push(cluster.to_string());
        }
    }
    log.add_labels("task", labels);
    let graph = PreferenceGraph::from_log(&log);
    (log, graph)
}

fn clustered_test((log, graph): &(Log, PreferenceGraph), resamples: u32) -> Deviance {
    let clusters = Clusters::new(log, log.labels("task").unwrap(), graph);
    Deviance::test(graph, Some(&clusters), DevianceSettings { resamples, seed: 3 }, &|| {}).expect("a fit")
}

/// Forty votes on each pair of four items, each with a task of its own.
fn votes() -> Vec<(u32, u32, usize)> {
    let pairs = [(0, 1, 25), (0, 2, 29), (0, 3, 32), (1, 2, 24), (1, 3, 27), (2, 3, 26)];
    let votes = pairs.iter().flat_map(|&(i, j, wins)| (0..40).map(move |k| if k < wins { (i, j) } else { (j, i) }));
    votes.enumerate().map(|(task, (i, j))| (i, j, task)).collect()
}

#[test]
fn tasks_of_one_vote_each_take_nothing_off_the_deviance() {
    let found = clustered_test(&clustered(&votes(), 1), 0);
    let cluster = found.cluster.as_ref().unwrap();
    // 240 / 239 is the correction for the number of clusters.
    assert!((cluster.design_effect.unwrap() - 240.0 / 239.0).abs() < 1e-9, "{cluster:?}");
    assert_eq!((cluster.column.as_str(), cluster.clusters), ("task", 240));
}

#[test]
fn votes_given_thrice_count_once_where_they_share_a_task() {
    let once = clustered_test(&clustered(&votes(), 1), 0);
    let thrice = clustered_test(&clustered(&votes(), 3), 0);
    assert!((thrice.deviance - 3.0 * once.deviance).abs() < 1e-8);
    assert!((thrice.design_effect() - 3.0 * once.design_effect()).abs() < 1e-7);
    assert_eq!((once.method, thrice.method), (TestMethod::ChiSquared, TestMethod::ChiSquared));
    assert!((once.p_value.unwrap() - thrice.p_value.unwrap()).abs() < 1e-9);
    let (once, thrice) = (once.explained().unwrap(), thrice.explained().unwrap());
    assert!((once.misfit_at_most - thrice.misfit_at_most).abs() < 0.02 * once.misfit_at_most, "{once:?} {thrice:?}");
}

/// Of logs that a ladder made, with tasks whose votes are all the same, no more are refused than the level says.
#[test]
fn p_values_of_true_ladders_with_tasks_are_uniform() {
    use rand::RngExt;
    let strengths = [0.8, 0.3, -0.2, -0.9];
    let mut p_values: Vec<f64> = (0..100)
        .map(|log| {
            let mut rng = stream(12, Purpose::Generate, log);
            // In a task every pair is decided once, and its answer is given four times.
            let rows: Vec<(u32, u32, usize)> = (0..60)
                .flat_map(|task| (0..4_u32).flat_map(move |i| (i + 1..4).map(move |j| (i, j, task))))
                .map(|(i, j, task)| {
                    let chance = crate::models::bradley_terry::logistic(strengths[i as usize] - strengths[j as usize]);
                    if rng.random_bool(chance) { (i, j, task) } else { (j, i, task) }
                })
                .collect();
            clustered_test(&clustered(&rows, 4), 0).p_value.unwrap()
        })
        .collect();
    p_values.sort_by(f64::total_cmp);
    // Kolmogorov's distance: beyond 1.63 / √100 in one of 100 such tests.
    let distance = (0..100).map(|k| (p_values[k] - (k as f64 + 0.5) / 100.0).abs()).fold(0.0, f64::max);
    assert!(distance < 0.163, "{distance}");
}
