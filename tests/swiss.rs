//! Properties of simulated Swiss rounds, one sentence a test.

#[path = "common/small_tournaments.rs"]
mod small_tournaments;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use palio::data::{Comparison, ItemId, Log, Outcome};
use palio::simulation::swiss_rounds::{
    Bye, Eliminate, GridSums, Holes, Majorities, Moments, Order, Part, Simulation, SwissError, SwissSettings,
    SwissStandings, SwissSums, TieRule, WinTensor, exact,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::Value;

use small_tournaments::{Small, small, small_of, small_of_all_kinds, strict, tied};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

static ONE_THREAD: LazyLock<ThreadPool> = LazyLock::new(|| pool(1));
static THREE_THREADS: LazyLock<ThreadPool> = LazyLock::new(|| pool(3));

/// Equal up to rounding.
fn same(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-12, "{found} instead of {expected} at {place}");
    }
}

fn same_moments(found: &Moments, expected: &Moments) {
    let squares = |moments: &Moments| moments.std_dev.iter().map(|deviation| deviation.powi(2)).collect::<Vec<_>>();
    // What is no number is -1.
    let opponents =
        |moments: &Moments| moments.mean_opponent_score.iter().map(|score| score.unwrap_or(-1.0)).collect::<Vec<_>>();
    same(&found.expected_score, &expected.expected_score);
    same(&squares(found), &squares(expected));
    same(&found.rank_probability, &expected.rank_probability);
    same(&found.survival, &expected.survival);
    same(&found.meetings, &expected.meetings);
    same(&opponents(found), &opponents(expected));
}

mod sampling {
    use super::*;

    const RUNS: u64 = 20_000;
    const CASES: u32 = 160;

    /// By Bernstein's inequality a mean is further off than [`Variable::allows`] with a probability of
    /// at most 2 exp(-this), whatever its distribution. There are fewer than 200 comparisons a case and
    /// 192 cases in all: together they fail with a probability below 10^-6 where nothing is wrong.
    const DOUBT: f64 = 26.0;

    /// A number that each of the tournaments has, independent of those of the others.
    #[derive(Debug, Clone, Copy)]
    struct Variable {
        mean: f64,
        variance: f64,
        /// No value is further from the mean.
        reach: f64,
    }

    impl Variable {
        /// One that is 1 with a probability and else 0.
        fn chance(probability: f64) -> Self {
            let p = probability.clamp(0.0, 1.0);
            Self { mean: p, variance: p * (1.0 - p), reach: p.max(1.0 - p) }
        }

        /// How far the mean over all runs may be off.
        fn allows(self) -> f64 {
            // With a variance of rounding errors it is the same in all tournaments.
            if self.variance < 1e-14 {
                return 1e-9;
            }
            let (runs, half) = (RUNS as f64, self.reach * DOUBT / 3.0);
            (half + (half.powi(2) + 2.0 * self.variance * runs * DOUBT).sqrt()) / runs
        }

        fn check(self, what: &str, found: f64) {
            let off = (found - self.mean).abs();
            assert!(off <= self.allows(), "{what}: {found} instead of {}, {} allowed", self.mean, self.allows());
        }
    }

    /// The points of a model, whose tournaments have some rounds.
    fn points(moments: &Moments, model: usize, rounds: usize) -> Variable {
        let (mean, deviation) = (moments.expected_score[model], moments.std_dev[model]);
        Variable { mean, variance: deviation.powi(2), reach: mean.max(rounds as f64 - mean) }
    }

    /// The squared distance of the points from their mean.
    fn squared(points: Variable) -> Variable {
        let (mean, most) = (points.variance, points.reach.powi(2));
        // Of all variables from 0 to `most` with this mean, one that has no value between varies most.
        Variable { mean, variance: mean * (most - mean), reach: most }
    }

    /// What the opponents' points are above their mean, summed over the meetings of a tournament: 0 on
    /// average. Before the round of number k nobody has more than k points.
    fn above_mean(mean: f64, rounds: usize) -> Variable {
        let most: f64 = (0..rounds).map(|points| (points as f64 - mean).max(0.0)).sum();
        let least = mean * rounds as f64;
        Variable { mean: 0.0, variance: most * least, reach: most.max(least) }
    }

    fn check(small: &Small, moments: &Moments) {
        let sums = small.with(|settings| settings.runs = RUNS).play_all();
        let standings = SwissStandings::from_sums(&small.context(), &sums);
        let rounds = small.rounds();
        for row in &standings.items {
            let model: usize = row.item.parse().expect("a number");
            let points = points(moments, model, rounds);
            points.check("points", row.expected_score);
            // Found around the sample's mean and for one run less.
            let spread = row.std_dev.powi(2) * (RUNS as f64 - 1.0) / RUNS as f64;
            squared(points).check("variance", spread + (row.expected_score - points.mean).powi(2));
            let ranks = &moments.rank_probability[model * small.models()..];
            for (&found, &expected) in row.rank_probability.iter().zip(ranks) {
                Variable::chance(expected).check("rank", found);
            }
            for (&found, &expected) in row.survival.iter().zip(&moments.survival[model * rounds..]) {
                Variable::chance(expected).check("survival", found);
            }
            check_opponents(moments, &sums, model, rounds);
        }
    }

    fn check_opponents(moments: &Moments, sums: &SwissSums, model: usize, rounds: usize) {
        let (points, meetings) = (sums.main.opponents[model] as f64 / 2.0, sums.main.meetings[model] as f64);
        match moments.mean_opponent_score[model] {
            None => assert!(meetings == 0.0, "model {model} meets nobody"),
            Some(mean) => above_mean(mean, rounds).check("opponents", (points - mean * meetings) / RUNS as f64),
        }
    }

    proptest! {
        #![proptest_config(cases(CASES))]

        /// Sampled tournaments come to what all tournaments come to.
        #[test]
        fn sampling_agrees_with_the_exact_answer(small in small()) {
            if let Ok(moments) = small.exact() {
                check(&small, &moments);
            }
        }
    }

    proptest! {
        #![proptest_config(cases(32))]

        /// In a single round a model meets each of the others with the same chance, or has the bye.
        #[test]
        fn in_one_round_a_model_scores_the_share_that_it_beats(
            scores in (2..=9_usize).prop_flat_map(|models| prop_oneof![strict(models), tied(models)]),
            seed: u64,
        ) {
            let settings = SwissSettings { runs: RUNS, samples: 0, seed, ..SwissSettings::default() };
            let small = Small { scores: vec![scores], ties: TieRule::Lose, holes: Holes::Lose, settings };
            let (scores, models) = (&small.scores[0], small.models());
            let meets = if models.is_multiple_of(2) { models - 1 } else { models };
            let beaten = |score: &f64| scores.iter().filter(|&other| other < score).count();
            let shares: Vec<f64> = scores.iter().map(|score| beaten(score) as f64 / meets as f64).collect();
            same(&small.exact().expect("a small table").expected_score, &shares);
            for row in small.standings().items {
                let share = shares[row.item.parse::<usize>().expect("a number")];
                Variable::chance(share).check("points", row.expected_score);
            }
        }
    }
}

mod tournaments {
    use super::*;

    /// In how many rounds of the only tournament of the sums each model was active.
    fn rounds_active(sums: &SwissSums, rounds: usize) -> Vec<u64> {
        let left = |eliminated: &[u64]| eliminated.iter().position(|&number| number > 0);
        sums.main.eliminated.chunks(rounds).map(|of_model| left(of_model).map_or(rounds, |at| at + 1) as u64).collect()
    }

    fn with_last_elimination(small: &Small, number: u32) -> Small {
        let mut list = small.simulated(|simulation| simulation.rules().eliminate.clone());
        *list.last_mut().expect("a round") = number;
        small.with(|settings| settings.eliminate = Eliminate::List(list))
    }

    proptest! {
        #![proptest_config(cases(128))]

        /// Where no scores tie every meeting gives one point, and nobody has more than a point for each
        /// round in which it was active.
        #[test]
        fn without_ties_every_meeting_gives_a_point(small in small_of(strict)) {
            let small = small.with(|settings| settings.bye = Bye::Nothing);
            prop_assume!(small.ties != TieRule::Bernoulli);
            let rounds = small.rounds();
            for trial in 0..10 {
                let sums = small.play(trial..trial + 1);
                let (halves, meetings) = (&sums.main.points.points, &sums.main.meetings);
                let active = rounds_active(&sums, rounds);
                // Each point is two halves, and each meeting is counted by both sides.
                prop_assert_eq!(halves.iter().sum::<u64>(), meetings.iter().sum::<u64>());
                for ((&halves, &meetings), &active) in halves.iter().zip(meetings).zip(&active) {
                    prop_assert!(halves <= 2 * meetings && meetings <= active);
                }
                let pairs = |round| active.iter().filter(|&&rounds| rounds > round).count() as u64 / 2;
                let most: u64 = (0..rounds as u64).map(pairs).sum();
                let total = halves.iter().sum::<u64>() / 2;
                prop_assert!(pairs(0) <= total && total <= most, "{total} points of {most}");
            }
        }

        /// Probabilities are those of one thing that happens, who left does not come back, and intervals
        /// hold the rank; of any part too, of which small ones have nothing played on samples.
        #[test]
        fn standings_are_consistent(small in small_of_all_kinds(), start in prop_oneof![Just(0), 0..19_u64]) {
            let sums = small.play(start..small.settings.runs);
            let standings = SwissStandings::from_sums(&small.context(), &sums);
            let models = small.models();
            let sampled = sums.beside.samples.iter().filter(|sample| sample.runs > 0).count();
            prop_assert_eq!(standings.samples, sampled);
            prop_assert!(start > 0 || sampled == small.settings.samples as usize);
            for (place, row) in standings.items.iter().enumerate() {
                let better = standings.items.iter().filter(|other| other.expected_score > row.expected_score + 1e-12);
                prop_assert_eq!(row.rank, 1 + better.count());
                prop_assert!(place == 0 || standings.items[place - 1].rank <= row.rank);
                prop_assert_eq!((row.rank_best.is_some(), row.rank_worst.is_some()), (sampled > 0, sampled > 0));
                prop_assert!(row.rank_best.is_none_or(|best| 1 <= best && best <= row.rank));
                prop_assert!(row.rank_worst.is_none_or(|worst| row.rank <= worst && worst <= models));
                same(&[row.rank_probability.iter().sum(), row.rank_probability[0]], &[1.0, row.win_probability]);
                prop_assert!(row.survival.is_sorted_by(|before, after| before >= after) && row.survival[0] <= 1.0);
            }
            // Someone is first, and where points are equal fewer models have the lower ranks.
            for ranks in 1..=models {
                let reached = standings.items.iter().flat_map(|row| &row.rank_probability[..ranks]);
                prop_assert!(reached.sum::<f64>() >= ranks as f64 - 1e-9);
            }
        }
    }

    // Exact answers take longer.
    proptest! {
        #![proptest_config(cases(64))]

        /// The order of the models does not matter.
        #[test]
        fn relabelling_the_models_permutes_the_moments(
            (small, order) in small().prop_flat_map(|small| {
                let order = (0..small.models()).collect::<Vec<_>>();
                (Just(small), Just(order).prop_shuffle())
            }),
        ) {
            let permuted = |column: &Vec<f64>| order.iter().map(|&model| column[model]).collect::<Vec<_>>();
            let other = Small { scores: small.scores.iter().map(permuted).collect(), ..small.clone() };
            let (Ok(found), Ok(expected)) = (other.exact(), small.exact()) else { return Ok(()) };
            let rows = |numbers: &[f64], width: usize| {
                order.iter().flat_map(|&model| numbers[model * width..][..width].to_vec()).collect::<Vec<_>>()
            };
            same_moments(&found, &Moments {
                expected_score: permuted(&expected.expected_score),
                std_dev: permuted(&expected.std_dev),
                rank_probability: rows(&expected.rank_probability, small.models()),
                survival: rows(&expected.survival, small.rounds()),
                meetings: permuted(&expected.meetings),
                mean_opponent_score: order.iter().map(|&model| expected.mean_opponent_score[model]).collect(),
            });
        }

        /// Nobody plays after the last round, so that it does not matter who leaves then.
        #[test]
        fn elimination_after_the_last_round_changes_no_score(small in small(), number in 1..10_u32) {
            let small = small.with(|settings| settings.runs = 50);
            let [all, fewer] = [0, number].map(|number| with_last_elimination(&small, number));
            if let (Ok(all), Ok(fewer)) = (all.exact(), fewer.exact()) {
                same(&fewer.expected_score, &all.expected_score);
            }
            let [all, fewer] = [all, fewer].map(|small| small.play_all());
            prop_assert_eq!(all.main.points, fewer.main.points);
            prop_assert_eq!(all.main.ranks, fewer.main.ranks);
            prop_assert_eq!(all.main.meetings, fewer.main.meetings);
        }
    }
}

mod sums {
    use super::*;

    /// Consecutive parts of all trials, cut at these places.
    fn parts(small: &Small, cuts: &[u64]) -> Vec<Part> {
        let mut ends: Vec<u64> = cuts.iter().map(|cut| cut % small.settings.runs).filter(|&cut| cut > 0).collect();
        ends.extend([0, small.settings.runs]);
        ends.sort_unstable();
        ends.dedup();
        ends.windows(2).map(|ends| small.part(ends[0]..ends[1])).collect()
    }

    proptest! {
        #![proptest_config(cases(128))]

        /// Parts that were written, read and merged are the whole.
        #[test]
        fn parts_merge_into_the_whole(small in small_of_all_kinds(), cuts in vec(any::<u64>(), 0..4)) {
            let read = |part: Part| {
                let read: Part = serde_json::from_str(&serde_json::to_string(&part).expect("JSON")).expect("a part");
                assert_eq!(read, part);
                read.sums
            };
            let merge = |sums: SwissSums, next: SwissSums| sums.merge(next).expect("they fit");
            let merged = parts(&small, &cuts).into_iter().map(read).reduce(merge);
            prop_assert_eq!(merged, Some(small.play_all()));
        }

        /// Parts that do not follow each other come back as they were.
        #[test]
        fn a_gap_or_an_overlap_is_not_merged(small in small_of_all_kinds(), at in 1..19_u64) {
            let (first, second) = (small.play(0..at), small.play(at..20));
            for (first, second) in [(&second, &first), (&first, &first), (&first, &small.play(at + 1..at + 2))] {
                let (back, other) = *first.clone().merge(second.clone()).expect_err("they do not fit");
                prop_assert_eq!((&back, &other), (first, second));
            }
        }

        /// What is played beside can be played alone.
        #[test]
        fn orders_and_samples_need_no_main_tournaments(small in small_of_all_kinds(), end in 1..20_u64) {
            let alone = small.simulated(|simulation| simulation.play_beside(&(0..end), &|_| true));
            let sums = small.play(0..end);
            prop_assert_eq!(&alone.samples, &sums.beside.samples);
            if let Order::Shuffle(orders) = small.settings.order {
                prop_assert_eq!(sums.beside.orders.len(), orders as usize);
                let runs: u64 = sums.beside.orders.iter().map(|order| order.runs).sum();
                prop_assert_eq!(runs, end);
                let points = |model: usize| sums.beside.orders.iter().map(|order| order.points[model]).sum::<u64>();
                prop_assert_eq!((0..small.models()).map(points).collect::<Vec<_>>(), sums.main.points.points);
            } else {
                prop_assert_eq!(&alone.orders, &sums.beside.orders);
            }
        }

        /// The number of tournaments that is announced is that which progress counts.
        #[test]
        fn progress_counts_all_tournaments(small in small_of_all_kinds(), start in 0..10_u64) {
            let (trials, played) = (start..small.settings.runs, AtomicU64::new(0));
            let announced = small.simulated(|simulation| {
                simulation.play(trials.clone(), &|more| {
                    played.fetch_add(more, Ordering::Relaxed);
                    true
                });
                simulation.tournaments(&trials)
            });
            prop_assert_eq!(played.into_inner(), announced);
        }

        /// What is beside comes last: where progress ends it, the main tournaments are all there.
        #[test]
        fn main_tournaments_come_before_those_beside(small in small_of_all_kinds()) {
            let stopped = small.simulated(|simulation| simulation.play(0..small.settings.runs, &|_| false));
            prop_assert!(stopped.beside.samples.is_empty());
            prop_assert_eq!(stopped.beside.orders.is_empty(), !small.context().shuffled);
            let part = Part { context: small.context(), sums: stopped };
            prop_assert_eq!(part.check(), Ok(()));
            prop_assert_eq!(&part.sums, &SwissSums { beside: part.sums.beside.clone(), ..small.play_all() });
        }

        /// At the number that leaves anyway the grid has the main tournaments, whether they say it once
        /// or once a round.
        #[test]
        fn the_grid_holds_the_main_tournaments(small in small_of_all_kinds(), number in 0..3_u32, by_round: bool) {
            let rounds = small.rounds();
            let list = Eliminate::List(vec![number; rounds]);
            let small = small.with(|settings| {
                settings.eliminate = if by_round { list } else { Eliminate::Every(number) };
                settings.sensitivity = Some(0..=2);
            });
            let sums = small.play_all();
            let grid = sums.grid.as_ref().expect("a grid");
            prop_assert_eq!(&grid.eliminate, &[0, 1, 2]);
            prop_assert_eq!(&grid.points[number as usize], &sums.main.points.points);
            let standings = SwissStandings::from_sums(&small.context(), &sums);
            for row in &standings.items {
                let point = &standings.sensitivity[number as usize];
                prop_assert_eq!(point.expected_score[&row.item].to_bits(), row.expected_score.to_bits());
            }
        }
    }

    proptest! {
        #![proptest_config(cases(8))]

        /// One thread and three give the same sums, of more trials than one thread takes at a time.
        #[test]
        fn threads_change_nothing(small in small_of_all_kinds()) {
            let small = small.with(|settings| settings.runs = 30_000);
            prop_assert_eq!(ONE_THREAD.install(|| small.play_all()), THREE_THREADS.install(|| small.play_all()));
        }

        /// Where progress says so the simulation stops, and its sums are those of the trials it has.
        #[test]
        fn a_stopped_simulation_has_the_sums_of_fewer_trials(small in small_of_all_kinds(), calls in 1..4_u64) {
            let small = small.with(|settings| settings.runs = 200_000);
            let left = AtomicU64::new(calls);
            let stopped = small.simulated(|simulation| {
                simulation.play(5..small.settings.runs, &|_| left.fetch_sub(1, Ordering::Relaxed) > 1)
            });
            prop_assert!(stopped.trials.start == 5 && stopped.trials.end < small.settings.runs);
            prop_assert!(stopped.beside.samples.is_empty());
            let part = Part { context: small.context(), sums: stopped };
            prop_assert_eq!(part.check(), Ok(()));
            prop_assert!(SwissStandings::from_sums(&part.context, &part.sums).partial);
            let played = small.play(part.sums.trials.clone());
            let shuffled = part.context.shuffled;
            let orders = if shuffled { played.beside.orders.clone() } else { Vec::new() };
            prop_assert_eq!(&part.sums.beside.orders, &orders);
            prop_assert_eq!(&part.sums, &SwissSums { beside: part.sums.beside.clone(), ..played });
        }
    }
}

mod majorities {
    use super::*;

    type Row = (Comparison, u32);

    fn tensor(models: usize, rows: &[Row], ties: TieRule) -> WinTensor {
        let mut log = Log::new((0..models).map(|model| model.to_string()).collect());
        for &(row, _) in rows {
            log.push(row);
        }
        log.add_labels("task", rows.iter().map(|(_, task)| task.to_string()));
        Majorities::of(&log, log.labels("task").expect("tasks"), ties).expect("a tensor").tensor
    }

    /// Outcomes and amounts that have few digits, so that sums of them have no rounding errors.
    fn rows(models: usize) -> impl Strategy<Value = Vec<Row>> {
        let shares = select(vec![0.0, 0.25, 0.5, 0.75, 1.0]);
        let (n, amounts) = (models as u32, select(vec![0.5, 1.0, 2.0]));
        let row = (0..n, 1..n, shares, amounts, 0..3_u32).prop_map(move |(left, step, share, count, task)| {
            let outcome = Outcome::from_share(share).expect("a share");
            (Comparison { count, ..Comparison::new(ItemId(left), ItemId((left + step) % n), outcome) }, task)
        });
        vec(row, 1..60)
    }

    /// Each pair once on each benchmark, won by the higher score.
    fn rows_of_scores(scores: &[Vec<f64>]) -> Vec<Row> {
        let mut rows = Vec::new();
        for (task, column) in scores.iter().enumerate() {
            for (left, score) in column.iter().enumerate() {
                for (right, other) in column.iter().enumerate().skip(left + 1) {
                    let outcome = match score.total_cmp(other) {
                        std::cmp::Ordering::Greater => Outcome::Left,
                        std::cmp::Ordering::Less => Outcome::Right,
                        std::cmp::Ordering::Equal => Outcome::Tie,
                    };
                    rows.push((Comparison::new(ItemId(left as u32), ItemId(right as u32), outcome), task as u32));
                }
            }
        }
        rows
    }

    fn ties() -> impl Strategy<Value = TieRule> {
        select(vec![TieRule::Lose, TieRule::Half, TieRule::Win, TieRule::Bernoulli])
    }

    proptest! {
        #![proptest_config(cases(128))]

        /// Which side a model was on does not matter.
        #[test]
        fn the_mirror_has_the_same_sums(
            (models, rows) in (2..=9_usize).prop_flat_map(|models| (Just(models), rows(models))),
            ties in ties(),
            seed: u64,
        ) {
            let mirror = |&(row, task): &Row| {
                let outcome = row.outcome.mirrored();
                (Comparison { left: row.right, right: row.left, outcome, ..row }, task)
            };
            let mirrored: Vec<Row> = rows.iter().map(mirror).collect();
            let settings =
                SwissSettings { runs: 200, samples: 2, sensitivity: Some(0..=1), seed, ..SwissSettings::default() };
            let [found, expected] = [mirrored, rows].map(|rows| {
                let tensor = tensor(models, &rows, ties);
                Simulation::new(&tensor, &settings).expect("settings that fit").play(0..200, &|_| true)
            });
            prop_assert_eq!(found, expected);
        }

        /// A log in which each pair met once on each benchmark is the table of scores that decided who won.
        #[test]
        fn a_log_of_higher_scores_is_the_table(
            small in prop_oneof![small_of(strict).boxed(), small_of(tied).boxed()],
            ties in select(vec![TieRule::Lose, TieRule::Half, TieRule::Win]),
        ) {
            let small = Small { ties, ..small.with(|settings| settings.runs = 200) };
            let tensor = tensor(small.models(), &rows_of_scores(&small.scores), ties);
            let simulation = Simulation::new(&tensor, &small.settings).expect("settings that fit");
            prop_assert_eq!(simulation.play(0..200, &|_| true), small.play_all());
            let found = exact(simulation.tensor(), simulation.rounds(), simulation.rules());
            if let (Ok(found), Ok(expected)) = (found, small.exact()) {
                same_moments(&found, &expected);
            }
        }
    }
}

mod parts {
    use super::*;

    type Damage = fn(&mut Part);

    /// Each makes a part of one that no tournaments give.
    const DAMAGES: &[(&str, Damage)] = &[
        ("no trials", |part| part.sums.trials.end = part.sums.trials.start),
        ("trials that run back", |part| part.sums.trials.start = part.sums.trials.end + 1),
        ("too many trials", |part| part.sums.trials.end = part.context.runs + 1),
        ("no runs", |part| part.context.runs = 0),
        ("other runs", |part| part.sums.main.points.runs += 1),
        ("a model less", |part| shorten(&mut part.context.items)),
        ("no model", |part| part.context.items.clear()),
        ("a round more", |part| part.context.rounds.push("x".to_owned())),
        ("no round", |part| part.context.rounds.clear()),
        ("a mean less", |part| shorten(&mut part.context.mean_scores)),
        ("an elimination less", |part| shorten(&mut part.context.eliminate)),
        ("a level above one", |part| part.context.level = 3.0),
        ("a level below zero", |part| part.context.level = -3.0),
        ("points of fewer models", |part| shorten(&mut part.sums.main.points.points)),
        ("more points than rounds", |part| part.sums.main.points.points[0] = u64::MAX),
        ("squares of fewer models", |part| shorten(&mut part.sums.main.points.squares)),
        ("squares of more points", |part| part.sums.main.points.squares[0] = u64::MAX),
        ("squares of fewer points", |part| {
            part.sums.main.points.points[0] += 1;
            part.sums.main.points.squares[0] = 0;
        }),
        ("ranks of fewer models", |part| shorten(&mut part.sums.main.ranks)),
        ("a rank more", |part| part.sums.main.ranks[0] += 1),
        ("ranks beyond counting", |part| part.sums.main.ranks.fill(u64::MAX)),
        ("eliminations of fewer rounds", |part| shorten(&mut part.sums.main.eliminated)),
        ("eliminations of more runs", |part| part.sums.main.eliminated[0] = part.sums.main.points.runs + 1),
        ("eliminations beyond counting", |part| part.sums.main.eliminated.fill(u64::MAX)),
        ("meetings of fewer models", |part| shorten(&mut part.sums.main.meetings)),
        ("meetings of more rounds", |part| part.sums.main.meetings[0] = u64::MAX),
        ("opponents of fewer models", |part| shorten(&mut part.sums.main.opponents)),
        ("opponents with more points", |part| part.sums.main.opponents[0] = u64::MAX),
        ("an order of fewer models", |part| shorten(&mut part.sums.beside.orders[0].points)),
        ("an order of more points", |part| part.sums.beside.orders[0].points[0] = u64::MAX),
        ("a sample of fewer models", |part| shorten(&mut part.sums.beside.samples[0].squares)),
        ("a sample of more runs", |part| part.sums.beside.samples[0].runs = u64::MAX),
        ("a number less than points", |part| shorten(&mut grid(part).eliminate)),
        ("points of fewer numbers", |part| shorten(&mut grid(part).points)),
        ("a grid of fewer models", |part| shorten(&mut grid(part).points[0])),
        ("a grid of more points", |part| grid(part).points[0][0] = u64::MAX),
        ("slopes of fewer models", |part| shorten(&mut grid(part).slopes)),
        ("slopes too steep", |part| grid(part).slopes[0] = i64::MIN),
        ("squares of fewer slopes", |part| shorten(&mut grid(part).slope_squares)),
        ("squares of steeper slopes", |part| grid(part).slope_squares[0] = u64::MAX),
        ("a grid of nothing", |part| shorten_grid(part, 0)),
        ("a grid of one number", |part| shorten_grid(part, 1)),
    ];

    fn shorten<T>(list: &mut Vec<T>) {
        list.pop();
    }

    fn grid(part: &mut Part) -> &mut GridSums {
        part.sums.grid.as_mut().expect("a grid")
    }

    /// A grid of few numbers that fit together, and whose slopes are level.
    fn shorten_grid(part: &mut Part, numbers: usize) {
        let grid = grid(part);
        grid.eliminate.truncate(numbers);
        grid.points.truncate(numbers);
        grid.slopes.fill(0);
        grid.slope_squares.fill(0);
    }

    /// What happens to one place of a JSON text.
    #[derive(Debug, Clone)]
    enum Change {
        Becomes(Value),
        LosesOne,
        GainsOne,
    }

    impl Change {
        fn make(&self, value: &mut Value) {
            match (self, value) {
                (Self::Becomes(other), value) => *value = other.clone(),
                (Self::LosesOne, Value::Array(list)) => shorten(list),
                (Self::GainsOne, Value::Array(list)) => list.extend(list.last().cloned()),
                (Self::LosesOne, Value::Number(number)) => {
                    *number = number.as_u64().unwrap_or_default().saturating_sub(1).into();
                }
                (Self::GainsOne, Value::Number(number)) => {
                    *number = number.as_u64().unwrap_or_default().saturating_add(1).into();
                }
                (Self::LosesOne | Self::GainsOne, _) => {}
            }
        }

        /// Goes down to a member of each list and object, and changes what is there.
        fn make_at(&self, path: &[usize], value: &mut Value) {
            let Some((&at, rest)) = path.split_first() else { return self.make(value) };
            match value {
                Value::Array(list) if !list.is_empty() => {
                    let place = at % list.len();
                    self.make_at(rest, &mut list[place]);
                }
                Value::Object(members) if !members.is_empty() => {
                    let place = at % members.len();
                    self.make_at(rest, members.values_mut().nth(place).expect("a member"));
                }
                _ => self.make(value),
            }
        }
    }

    fn changes() -> impl Strategy<Value = (Vec<usize>, Change)> {
        let values = [
            "0",
            "1",
            "2",
            "40",
            "-1",
            "0.5",
            "4294967296",
            "18446744073709551615",
            "-9e99",
            "null",
            "[]",
            "\"x\"",
            "true",
        ];
        let values = values.map(|text| serde_json::from_str(text).expect("JSON"));
        let becomes = select(values.to_vec()).prop_map(Change::Becomes);
        let change = prop_oneof![3 => becomes, 1 => Just(Change::LosesOne), 1 => Just(Change::GainsOne)];
        (vec(0..60_usize, 1..6), change)
    }

    proptest! {
        #![proptest_config(cases(128))]

        /// Whatever is played passes, and what no tournaments give does not.
        #[test]
        fn damaged_parts_are_refused_and_no_others(small in small_of_all_kinds(), start in 0..19_u64) {
            let small = small.with(|settings| {
                settings.samples = settings.samples.max(1);
                settings.sensitivity = Some(0..=2);
            });
            let part = small.part(start..20);
            prop_assert_eq!(part.check(), Ok(()));
            for (what, damage) in DAMAGES {
                let mut damaged = part.clone();
                damage(&mut damaged);
                let Err(error) = damaged.check() else { panic!("a part with {what} passes") };
                prop_assert!(error.to_string().ends_with(" can't come from tournaments"), "{error}");
            }
        }
    }

    proptest! {
        #![proptest_config(cases(1024))]

        /// A part that was changed by hand is refused, or makes standings all the same.
        #[test]
        fn no_part_makes_a_panic(small in small_of_all_kinds(), start in 0..19_u64, changes in vec(changes(), 1..4)) {
            let part = small.part(start..20);
            let mut json = serde_json::to_value(&part).expect("JSON");
            for (path, change) in &changes {
                change.make_at(path, &mut json);
            }
            let Ok(changed) = serde_json::from_value::<Part>(json) else { return Ok(()) };
            if changed.check().is_ok() {
                let standings = SwissStandings::from_sums(&changed.context, &changed.sums);
                standings.notes(&changed.context);
                serde_json::to_string(&standings).expect("JSON");
                for row in &standings.items {
                    prop_assert!(row.expected_score.is_finite() && row.std_dev.is_finite());
                    prop_assert!(row.rank_worst.is_none_or(|worst| worst <= standings.items.len()));
                }
                let _either = changed.sums.merge(part.sums);
            }
        }
    }
}

mod settings {
    use super::*;

    fn refused(tensor: &WinTensor, change: impl FnOnce(&mut SwissSettings)) -> SwissError {
        let mut settings = SwissSettings::default();
        change(&mut settings);
        let error = Simulation::new(tensor, &settings).expect_err("they do not fit");
        assert_eq!(settings.validate(tensor).map_err(|error| error.to_string()), Err(error.to_string()));
        error
    }

    fn table(models: usize, benchmarks: usize) -> WinTensor {
        let column = (0..models).map(|model| model as f64).collect::<Vec<_>>();
        WinTensor::from_scores(&vec![column; benchmarks], TieRule::Lose).expect("scores")
    }

    #[test]
    fn a_tournament_needs_two_models_and_a_benchmark() {
        for models in [0, 1] {
            assert_eq!(refused(&table(models, 2), |_| {}), SwissError::TooFewModels(models));
        }
        assert_eq!(
            refused(&table(3, 2), |settings| settings.order = Order::Listed(Vec::new())),
            SwissError::NoBenchmark
        );
        let one = refused(&table(1, 1), |_| {}).to_string();
        assert_eq!(one, "a tournament needs two models, but there is 1: give a table of two or more");
    }

    #[test]
    fn an_order_names_benchmarks_that_are_there_and_none_twice() {
        let listed =
            |listed: &[usize]| refused(&table(3, 2), |settings| settings.order = Order::Listed(listed.to_vec()));
        assert_eq!(listed(&[0, 2]), SwissError::UnknownBenchmark(2));
        assert_eq!(listed(&[usize::MAX]), SwissError::UnknownBenchmark(usize::MAX));
        assert_eq!(listed(&[1, 0, 1]), SwissError::RepeatedBenchmark(1));
    }

    #[test]
    fn an_elimination_list_has_a_number_for_each_round() {
        let list =
            |found: usize| refused(&table(3, 2), |settings| settings.eliminate = Eliminate::List(vec![1; found]));
        for found in [0, 1, 3] {
            assert_eq!(list(found), SwissError::EliminationList { found, rounds: 2 });
        }
        let listed = refused(&table(3, 2), |settings| {
            settings.order = Order::Listed(vec![1]);
            settings.eliminate = Eliminate::List(vec![1, 1]);
        });
        assert_eq!(listed, SwissError::EliminationList { found: 2, rounds: 1 });
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        type Change = fn(&mut SwissSettings);
        let cases: [(&str, Change); 12] = [
            ("the number of runs 0 is out of range: give 1 to 2^32", |it| it.runs = 0),
            ("the number of runs 4294967297 is out of range: give 1 to 2^32", |it| it.runs = (1 << 32) + 1),
            ("the number of samples 65537 is out of range: give 0 to 65536", |it| it.samples = 65_537),
            ("the number of orders 0 is out of range", |it| it.order = Order::Shuffle(0)),
            ("the number of orders 65537 is out of range", |it| it.order = Order::Shuffle(65_537)),
            ("the number of orders 11 is out of range: give 1 to 65536, no more than runs", |it| {
                it.order = Order::Shuffle(11);
                it.runs = 10;
            }),
            ("the level 0.4 is out of range: give 0.5 to 0.9999", |it| it.level = 0.4),
            ("the level 1 is out of range", |it| it.level = 1.0),
            ("the level NaN is out of range", |it| it.level = f64::NAN),
            ("sensitivity needs two elimination numbers or more, and at most 1,000", |it| it.sensitivity = Some(1..=1)),
            ("sensitivity needs two elimination numbers or more, and at most 1,000", |it| {
                it.sensitivity = Some(0..=u32::MAX);
            }),
            ("the number of runs with this sensitivity 4294967296 is out of range", |it| {
                it.sensitivity = Some(0..=999);
                it.runs = 1 << 32;
            }),
        ];
        for (words, change) in cases {
            let message = refused(&table(3, 2), change).to_string();
            assert!(message.starts_with(words), "{message}");
        }
        let backwards = refused(&table(3, 2), |it| it.sensitivity = Some(std::ops::RangeInclusive::new(2, 0)));
        assert_eq!(backwards, SwissError::Grid);
    }

    #[test]
    fn the_largest_numbers_in_range_are_taken() {
        let largest = SwissSettings {
            runs: 1 << 32,
            samples: 65_536,
            level: 0.9999,
            order: Order::Shuffle(65_536),
            ..SwissSettings::default()
        };
        assert_eq!(largest.validate(&table(3, 2)), Ok(()));
        let grid = SwissSettings { sensitivity: Some(u32::MAX - 999..=u32::MAX), ..SwissSettings::default() };
        assert_eq!(grid.validate(&table(3, 2)), Ok(()));
    }

    #[test]
    fn too_many_models_or_rounds_are_refused_before_they_fill_the_memory() {
        let many = refused(&table(65_536, 1), |_| {});
        assert_eq!(many, SwissError::TooMany { what: "models", count: 65_536 });
        let large = refused(&table(20_000, 1), |_| {});
        assert_eq!(large, SwissError::TooLarge { models: 20_000, rounds: 1 });
        let rounds = refused(&table(2, 65_536), |_| {});
        assert_eq!(rounds, SwissError::TooMany { what: "rounds", count: 65_536 });
    }
}
