use super::*;
use crate::data::graph::PairSums;
use crate::models::{BradleyTerry, Kemeny};

fn drawn(label: &str, items: usize, tasks: usize, trial: u64) -> Drawn {
    WorldPlan::parse(label).expect("a world").draw(items, tasks, 5, trial)
}

/// The share that item `i` takes of item `j` in many comparisons on a task.
fn share(world: &Drawn, counts: &Counts, i: usize, j: usize, task: usize) -> f64 {
    let (mut rng, mut counts) = (stream(1, Purpose::BudgetScores, 0), counts.clone());
    let choice = Choice { pair: counts.pair(i, j), task };
    let mut meet = |_| {
        counts.schedule(choice);
        world.sample(&counts, choice, &mut rng).share
    };
    let low = (0..20_000).map(&mut meet).sum::<f64>() / 20_000.0;
    if i < j { low } else { 1.0 - low }
}

#[test]
fn a_meeting_comes_out_the_same_whatever_was_compared_before() {
    let world = drawn("mallows:0.5", 4, 3, 2);
    let all = |order: &[Choice]| {
        let (mut counts, mut rng) = (Counts::new(4, 3).unwrap(), stream(1, Purpose::BudgetScores, 0));
        let mut found = std::collections::BTreeMap::new();
        for &choice in order {
            counts.schedule(choice);
            let sample = world.sample(&counts, choice, &mut rng);
            found.insert((choice.pair, choice.task, counts.pair_on(choice.pair, choice.task)), sample.scores);
        }
        found.into_iter().map(|(meeting, scores)| (meeting, scores.map(f64::to_bits))).collect::<Vec<_>>()
    };
    let mut order: Vec<Choice> = (0..54).map(|it| Choice { pair: it % 6, task: it / 6 % 3 }).collect();
    let forward = all(&order);
    order.reverse();
    assert_eq!(forward, all(&order));
    let mut scores: Vec<_> = forward.iter().map(|(_, scores)| scores).collect();
    scores.sort_unstable();
    scores.dedup();
    assert_eq!(scores.len(), 54, "each meeting has luck of its own");
}

#[test]
fn without_dispersion_each_task_has_the_true_order() {
    for label in ["mallows:0:noise=0", "plackett-luce:0:noise=0"] {
        let world = drawn(label, 6, 4, 3);
        let counts = Counts::new(6, 4).unwrap();
        for task in 0..4 {
            for above in 0..6 {
                for below in above + 1..6 {
                    let found = share(&world, &counts, world.truth[above], world.truth[below], task);
                    assert!((found - 1.0).abs() < 1e-12, "{label}: {above} and {below}");
                }
            }
        }
    }
}

#[test]
fn task_orders_are_as_far_from_the_truth_as_mallows_says() {
    use crate::metrics::normalised_kendall_distance;
    use crate::simulation::orders::Mallows;
    let (mut sum, tasks) = (0.0, 4_000);
    let world = drawn("mallows:0.5:noise=0", 8, tasks, 1);
    let Law::Scores { means, .. } = &world.law else { panic!("scores") };
    for scores in means.chunks(8) {
        let mut order: Vec<usize> = (0..8).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        sum += normalised_kendall_distance(&order, &world.truth) / tasks as f64;
    }
    let expected = Mallows { items: 8, dispersion: 0.5 }.expected_distance() / 28.0;
    assert!((sum - expected).abs() < 0.005, "{sum} and {expected}");
}

#[test]
fn neighbours_are_told_apart_as_the_noise_allows() {
    // Two places one apart, each with noise 1: Φ(1/√2).
    let world = drawn("mallows:0", 3, 1, 2);
    let found = share(&world, &Counts::new(3, 1).unwrap(), world.truth[0], world.truth[1], 0);
    assert!((found - 0.7602).abs() < 0.012, "{found}");
}

#[test]
fn a_cyclic_world_without_spread_is_nothing_but_cycles() {
    let world = drawn("cyclic:2:spread=0:task_effect=0", 5, 1, 4);
    let counts = Counts::new(5, 1).unwrap();
    let Law::Odds { strengths, points } = &world.law else { panic!("odds") };
    assert!(strengths.iter().all(|strength| strength.abs() < 1e-12));
    let ahead = points[1][0] * points[3][1] - points[1][1] * points[3][0];
    let found = share(&world, &counts, 1, 3, 0);
    assert!((found - logistic(ahead)).abs() < 0.012, "{found} and {}", logistic(ahead));
}

#[test]
fn the_order_of_a_ladder_is_that_of_its_strengths() {
    let world = drawn("bradley-terry:2:task_effect=0", 6, 3, 7);
    let Law::Odds { strengths, .. } = &world.law else { panic!("odds") };
    for pair in world.truth.windows(2) {
        assert!(strengths[pair[0]] > strengths[pair[1]]);
    }
}

fn table() -> ScoreTable {
    let scores = vec![30.0, 20.0, 10.0, 0.9, 0.5, 0.1, 5.0, 5.0, 5.0];
    ScoreTable::new(["a", "b", "c"].into_iter().collect(), ["x", "y", "z"].into_iter().collect(), scores).unwrap()
}

#[test]
fn a_table_is_scaled_and_its_true_order_is_that_of_its_votes() {
    let plan = WorldPlan::of_table("t", &table(), &Noise::Constant(0.0), &Kemeny).unwrap();
    assert_eq!(plan.size(8, 50), (3, 3));
    let world = plan.draw(8, 50, 0, 9);
    let Law::Scores { means, .. } = &world.law else { panic!("scores") };
    let of = |place: usize, benchmark: usize| means[benchmark * 3 + world.truth[place]];
    for (benchmark, expected) in [[1.0, 0.5, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 0.0]].into_iter().enumerate() {
        for (place, expected) in expected.into_iter().enumerate() {
            assert!((of(place, benchmark) - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn noise_is_a_number_a_residual_or_a_table() {
    let deviations = |noise: Noise| {
        let plan = WorldPlan::of_table("t", &table(), &noise, &Kemeny).unwrap();
        let Law::Scores { deviations, .. } = plan.draw(0, 0, 0, 0).law else { panic!("scores") };
        deviations
    };
    assert!(deviations(Noise::Constant(0.2)).iter().all(|it| (it - 0.2).abs() < 1e-15));
    // Scaled scores are 1 ½ 0, 1 ½ 0, 0 0 0: residuals ±1/6 and ∓1/3 about model and benchmark means.
    let squares: f64 = 4.0 / 36.0 + 2.0 / 9.0;
    assert!(deviations(Noise::Residual).iter().all(|it| (it - (squares / 4.0).sqrt()).abs() < 1e-12));
    let given = deviations(Noise::Table(table()));
    let mut sorted = given.clone();
    sorted.sort_by(f64::total_cmp);
    assert!((sorted[8] - 5.0).abs() < 1e-12 && (sorted[0] - 0.125).abs() < 1e-12, "{sorted:?}");
    let error = |noise: Noise| WorldPlan::of_table("t", &table(), &noise, &Kemeny).unwrap_err().to_string();
    assert!(error(Noise::Constant(-1.0)).starts_with("the noise is -1; give a standard deviation of 0 or more"));
    let partial = table().select(&[0, 1], &[0, 1, 2]);
    assert!(error(Noise::Table(partial)).starts_with("the deviations for t say nothing of 'c' on 'x'"));
}

#[test]
fn tables_with_holes_and_logs_without_comparisons_are_refused() {
    let mut scores = vec![1.0; 6];
    scores[4] = f64::NAN;
    let holes =
        ScoreTable::new(["a", "b", "c"].into_iter().collect(), ["x", "y"].into_iter().collect(), scores).unwrap();
    let error = WorldPlan::of_table("t", &holes, &Noise::Residual, &Kemeny).unwrap_err().to_string();
    assert!(error.starts_with("the table t has 1 holes") && error.contains("cut it to those"), "{error}");
    let empty = PreferenceGraph::from_pair_sums(["a", "b"].into_iter().collect(), &PairSums::default());
    let error = WorldPlan::of_log("l", &empty, &BradleyTerry::default()).unwrap_err().to_string();
    assert_eq!(error, "the log l has no comparisons to draw from");
}

#[test]
fn a_log_is_drawn_again_pair_by_pair() {
    let sums = PairSums {
        low: vec![0, 1],
        high: vec![1, 2],
        low_wins: vec![6.0, 1.0],
        high_wins: vec![2.0, 1.0],
        ties: vec![2.0, 0.0],
    };
    let graph = PreferenceGraph::from_pair_sums(["a", "b", "c"].into_iter().collect(), &sums);
    let plan = WorldPlan::of_log("l", &graph, &BradleyTerry::default()).unwrap();
    for trial in 0..6 {
        let world = plan.draw(8, 50, 0, trial);
        let mut counts = Counts::new(3, 1).unwrap();
        world.open(&mut counts);
        let [best, second, last] = [0, 1, 2].map(|place| world.truth[place]);
        assert!(counts.worth(counts.pair(best, last)) <= 0.0);
        let found = share(&world, &counts, best, second, 0);
        assert!((found - 0.7).abs() < 0.012, "trial {trial}: {found}");
    }
}

#[test]
fn worlds_are_read_by_name_and_settings() {
    assert_eq!(WorldPlan::parse("mallows:0.7:noise=2").unwrap().label(), "mallows:0.7:noise=2");
    let error = |label: &str| WorldPlan::parse(label).unwrap_err().to_string();
    assert_eq!(error("urn"), "there is no world 'urn'; there are: mallows, plackett-luce, bradley-terry, cyclic");
    assert_eq!(error("mallows:2"), "mallows:2: dispersion=2: dispersion takes a number from 0 to 1");
    assert_eq!(error("mallows:x=2"), "mallows:x=2: mallows has no setting 'x'; it has: dispersion, noise");
}

#[test]
fn what_is_not_known_of_the_truth_is_told() {
    let world = |rows: &[(u32, u32, f64, f64)]| {
        let sums = PairSums {
            low: rows.iter().map(|it| it.0).collect(),
            high: rows.iter().map(|it| it.1).collect(),
            low_wins: rows.iter().map(|it| it.2).collect(),
            high_wins: rows.iter().map(|it| it.3).collect(),
            ties: vec![0.0; rows.len()],
        };
        let graph = PreferenceGraph::from_pair_sums(["a", "b", "c", "d"].into_iter().collect(), &sums);
        WorldPlan::of_log("log", &graph, &BradleyTerry::default()).expect("a world")
    };
    let codes = |world: &WorldPlan| world.notes().iter().map(|note| note.code.to_string()).collect::<Vec<_>>();
    let parts = world(&[(0, 1, 3.0, 2.0), (2, 3, 4.0, 1.0)]);
    assert!(codes(&parts).contains(&"disconnected".to_owned()), "{:?}", parts.notes());
    let level = world(&[(0, 1, 5.0, 5.0), (1, 2, 3.0, 1.0), (0, 2, 3.0, 1.0), (2, 3, 3.0, 2.0)]);
    assert_eq!(codes(&level), ["truth-tied"]);
    assert!(
        level.notes()[0].message.contains("1 neighbours by their place in the file, a and b"),
        "{:?}",
        level.notes()
    );
    let sure = world(&[(0, 1, 5.0, 4.0), (1, 2, 3.0, 1.0), (2, 3, 3.0, 2.0), (0, 3, 1.0, 0.0)]);
    assert_eq!(codes(&sure), ["sure-outcomes"]);
    let plain = world(&[(0, 1, 5.0, 3.0), (1, 2, 3.0, 1.0), (0, 2, 3.0, 1.0), (2, 3, 3.0, 2.0)]);
    assert!(plain.notes().is_empty(), "{:?}", plain.notes());
}
