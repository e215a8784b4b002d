//! Exact moments against a tournament played by hand, every way it can go.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::simulation::swiss_rounds::rules::{Bye, Shortfall, TieRule};
use crate::simulation::swiss_rounds::tensor::Worth;

/// What a benchmark is made of.
#[derive(Debug, Clone)]
enum Benchmark {
    Scores(Vec<f64>, TieRule),
    Chances(Vec<f64>),
    Points(Vec<u8>),
    PairChances(Vec<f64>),
}

#[derive(Debug, Clone)]
struct Game {
    models: usize,
    benchmarks: Vec<Benchmark>,
    absent: Vec<Vec<bool>>,
    schedule: Vec<usize>,
    rules: Rules,
}

impl Benchmark {
    /// Probability and half points of each way in which a meeting can end.
    fn endings(&self, models: usize, i: usize, j: usize) -> Vec<(f64, u32, u32)> {
        match self {
            Self::Scores(scores, ties) => {
                let (of_i, of_j) = (scores[i], scores[j]);
                let tie = [(TieRule::Lose, 0), (TieRule::Half, 1), (TieRule::Win, 2)];
                let tie = tie.iter().find(|(rule, _)| rule == ties).unwrap().1;
                vec![match (of_i.is_nan(), of_j.is_nan()) {
                    (true, true) => (1.0, 0, 0),
                    (true, false) => (1.0, 0, 2),
                    (false, true) => (1.0, 2, 0),
                    _ if of_i > of_j => (1.0, 2, 0),
                    _ if of_i < of_j => (1.0, 0, 2),
                    _ => (1.0, tie, tie),
                }]
            }
            Self::Chances(p) => vec![
                (p[i] * p[j], 2, 2),
                (p[i] * (1.0 - p[j]), 2, 0),
                ((1.0 - p[i]) * p[j], 0, 2),
                ((1.0 - p[i]) * (1.0 - p[j]), 0, 0),
            ],
            Self::Points(halves) => vec![(1.0, halves[i * models + j].into(), halves[j * models + i].into())],
            Self::PairChances(p) => vec![(p[i * models + j], 2, 0), (1.0 - p[i * models + j], 0, 2)],
        }
    }

    fn worth(&self) -> Worth {
        match self {
            Self::Scores(scores, ties) => tensor(std::slice::from_ref(scores), *ties).worth(0).clone(),
            Self::Chances(p) => tensor(std::slice::from_ref(p), TieRule::Bernoulli).worth(0).clone(),
            Self::Points(halves) => Worth::Pairs(halves.clone()),
            Self::PairChances(p) => Worth::PairChances(p.clone()),
        }
    }
}

impl Game {
    fn tensor(&self) -> WinTensor {
        let worth = self.benchmarks.iter().map(Benchmark::worth).collect();
        WinTensor::from_parts(self.models, worth, self.absent.clone())
    }

    fn plays(&self, round: usize, model: usize) -> bool {
        let absent = &self.absent[self.schedule[round]];
        absent.is_empty() || !absent[model]
    }
}

/// One way in which a tournament can go.
#[derive(Debug, Clone)]
struct Course {
    probability: f64,
    halves: Vec<u32>,
    active: Vec<bool>,
    /// After each round.
    survivors: Vec<Vec<bool>>,
    met: Vec<u32>,
    met_halves: Vec<u32>,
}

/// All courses, one for each pairing, ending and elimination.
fn courses(game: &Game) -> Vec<Course> {
    let n = game.models;
    let start = Course {
        probability: 1.0,
        halves: vec![0; n],
        active: vec![true; n],
        survivors: Vec::new(),
        met: vec![0; n],
        met_halves: vec![0; n],
    };
    let mut courses = vec![start];
    for round in 0..game.schedule.len() {
        let mut next = Vec::new();
        for course in courses {
            let waiting: Vec<usize> =
                (0..n).filter(|&model| course.active[model] && game.plays(round, model)).collect();
            let before = course.halves.clone();
            pair(game, round, &before, &waiting, course, &mut next);
        }
        courses = next.iter().flat_map(|course| eliminated(game, round, course)).collect();
    }
    courses
}

/// The first who waits has the bye or meets one of those with the same points.
fn pair(game: &Game, round: usize, before: &[u32], waiting: &[usize], course: Course, done: &mut Vec<Course>) {
    let Some(&i) = waiting.first() else { return done.push(course) };
    let bucket: Vec<usize> = waiting.iter().copied().filter(|&j| before[j] == before[i]).collect();
    let odd = bucket.len() % 2 == 1;
    let choices = if odd { bucket.len() } else { bucket.len() - 1 };
    for &j in &bucket {
        let rest: Vec<usize> = waiting.iter().copied().filter(|&other| other != i && other != j).collect();
        let mut course = course.clone();
        course.probability /= choices as f64;
        if i == j {
            if odd {
                course.halves[i] += [0, 1, 2][game.rules.bye as usize];
                pair(game, round, before, &rest, course, done);
            }
            continue;
        }
        for model in [i, j] {
            course.met[model] += 1;
            course.met_halves[model] += before[i];
        }
        for (probability, to_i, to_j) in game.benchmarks[game.schedule[round]].endings(game.models, i, j) {
            let mut course = course.clone();
            course.probability *= probability;
            course.halves[i] += to_i;
            course.halves[j] += to_j;
            pair(game, round, before, &rest, course, done);
        }
    }
}

/// Every set of as many as must leave, in which nobody has more points than one who stays.
fn eliminated(game: &Game, round: usize, course: &Course) -> Vec<Course> {
    let played: Vec<usize> =
        (0..game.models).filter(|&model| course.active[model] && game.plays(round, model)).collect();
    let points = |model: &usize| course.halves[*model];
    let lowest = played.iter().map(points).min();
    let in_lowest = played.iter().filter(|model| Some(points(model)) == lowest).count();
    let active = course.active.iter().filter(|&&active| active).count();
    let number = (game.rules.eliminate[round] as usize).min(match game.rules.shortfall {
        Shortfall::Stop => in_lowest,
        Shortfall::Cascade => played.len(),
        Shortfall::KeepLast => in_lowest.min(active.max(1) - 1),
    });
    let leaves = |set: u32, model: usize| set >> model & 1 == 1;
    let sets: Vec<u32> = (0..1 << game.models)
        .filter(|&set: &u32| set.count_ones() as usize == number)
        .filter(|&set| (0..game.models).all(|model| !leaves(set, model) || played.contains(&model)))
        .filter(|&set| {
            let out = played.iter().filter(|&&model| leaves(set, model)).map(points).max();
            let stay = played.iter().filter(|&&model| !leaves(set, model)).map(points).min();
            out.is_none() || stay.is_none() || out <= stay
        })
        .collect();
    let after = |&set: &u32| {
        let mut course = course.clone();
        course.probability /= sets.len() as f64;
        (0..game.models).filter(|&model| leaves(set, model)).for_each(|model| course.active[model] = false);
        course.survivors.push(course.active.clone());
        course
    };
    sets.iter().map(after).collect()
}

/// The moments by adding up courses, with variances instead of deviations.
fn by_hand(game: &Game) -> Moments {
    let (n, rounds) = (game.models, game.schedule.len());
    let courses = courses(game);
    let mean = |of: &dyn Fn(&Course) -> f64| courses.iter().map(|course| course.probability * of(course)).sum::<f64>();
    let score = |course: &Course, model: usize| f64::from(course.halves[model]) / 2.0;
    let expected_score: Vec<f64> = (0..n).map(|model| mean(&|course| score(course, model))).collect();
    let variance = |model: usize| mean(&|course| (score(course, model) - expected_score[model]).powi(2));
    let rank = |course: &Course, model: usize| course.halves.iter().filter(|&&h| h > course.halves[model]).count();
    let is = |yes: bool| if yes { 1.0 } else { 0.0 };
    let opponents = |model: usize| {
        let met = mean(&|course| f64::from(course.met[model]));
        (met > 0.0).then(|| mean(&|course| f64::from(course.met_halves[model]) / 2.0) / met)
    };
    Moments {
        std_dev: (0..n).map(variance).collect(),
        rank_probability: (0..n * n).map(|at| mean(&|course| is(rank(course, at / n) == at % n))).collect(),
        survival: (0..n * rounds).map(|at| mean(&|course| is(course.survivors[at % rounds][at / rounds]))).collect(),
        meetings: (0..n).map(|model| mean(&|course| f64::from(course.met[model]))).collect(),
        mean_opponent_score: (0..n).map(opponents).collect(),
        expected_score,
    }
}

fn same(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
    }
}

fn variances(moments: &Moments) -> Vec<f64> {
    moments.std_dev.iter().map(|deviation| deviation.powi(2)).collect()
}

fn check(game: &Game) {
    let found = exact(&game.tensor(), &game.schedule, &game.rules).unwrap();
    let expected = by_hand(game);
    same(&found.expected_score, &expected.expected_score);
    same(&variances(&found), &expected.std_dev);
    same(&found.rank_probability, &expected.rank_probability);
    same(&found.survival, &expected.survival);
    same(&found.meetings, &expected.meetings);
    let known = |moments: &Moments| moments.mean_opponent_score.iter().map(Option::is_some).collect::<Vec<_>>();
    assert_eq!(known(&found), known(&expected));
    let numbers = |moments: &Moments| moments.mean_opponent_score.iter().flatten().copied().collect::<Vec<_>>();
    same(&numbers(&found), &numbers(&expected));
}

fn tensor(columns: &[Vec<f64>], ties: TieRule) -> WinTensor {
    WinTensor::from_scores(columns, ties).unwrap()
}

fn rules(eliminate: &[u32]) -> Rules {
    Rules { eliminate: eliminate.to_vec(), shortfall: Shortfall::Stop, bye: Bye::Nothing }
}

fn ties() -> impl Strategy<Value = TieRule> {
    prop::sample::select(vec![TieRule::Lose, TieRule::Half, TieRule::Win])
}

/// Few different scores, so that they tie often, and a hole now and then.
fn scores(models: usize) -> impl Strategy<Value = Benchmark> {
    let score = prop_oneof![8 => (0..4_u8).prop_map(f64::from), 1 => Just(f64::NAN)];
    (vec(score, models), ties()).prop_map(|(scores, ties)| Benchmark::Scores(scores, ties))
}

fn certain(models: usize) -> BoxedStrategy<Benchmark> {
    let points = vec(0..=2_u8, models * models).prop_map(Benchmark::Points);
    prop_oneof![3 => scores(models), 1 => points].boxed()
}

fn drawn(models: usize) -> BoxedStrategy<Benchmark> {
    let chance = || prop_oneof![1 => Just(0.0), 1 => Just(1.0), 6 => 0.0..1.0_f64];
    let pairs = move |chances: Vec<f64>| {
        let of = |i: usize, j: usize| if i < j { chances[i * models + j] } else { 1.0 - chances[j * models + i] };
        Benchmark::PairChances((0..models * models).map(|at| of(at / models, at % models)).collect())
    };
    let chances = vec(chance(), models).prop_map(Benchmark::Chances);
    prop_oneof![chances, vec(chance(), models * models).prop_map(pairs), certain(models)].boxed()
}

fn some_rules(models: usize, rounds: usize) -> impl Strategy<Value = Rules> {
    let shortfall = prop::sample::select(vec![Shortfall::Stop, Shortfall::Cascade, Shortfall::KeepLast]);
    let bye = prop::sample::select(vec![Bye::Nothing, Bye::Half, Bye::Point]);
    let eliminate = vec(prop_oneof![Just(0), Just(1), 0..=models as u32 + 1], rounds);
    (eliminate, shortfall, bye).prop_map(|(eliminate, shortfall, bye)| Rules { eliminate, shortfall, bye })
}

/// Up to `models` models and `rounds` rounds on benchmarks of a kind.
fn games(
    models: usize,
    rounds: usize,
    benchmark: fn(usize) -> BoxedStrategy<Benchmark>,
) -> impl Strategy<Value = Game> {
    (0..=models, 0..=rounds).prop_flat_map(move |(models, rounds)| {
        let absent = prop_oneof![2 => Just(Vec::new()), 1 => vec(prop::bool::weighted(0.3), models)];
        let benchmarks = vec((benchmark(models), absent), rounds);
        let schedule = vec(0..rounds.max(1), rounds);
        (benchmarks, schedule, some_rules(models, rounds)).prop_map(move |(benchmarks, schedule, rules)| {
            let (benchmarks, absent) = benchmarks.into_iter().unzip();
            Game { models, benchmarks, absent, schedule, rules }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_course_of_a_tournament_counts(game in games(6, 3, certain)) {
        check(&game);
    }

    #[test]
    fn points_that_are_drawn_count_by_their_probability(game in prop_oneof![games(5, 2, drawn), games(4, 3, drawn)]) {
        check(&game);
    }

    #[test]
    fn larger_buckets_and_later_settling_are_as_by_hand(game in prop_oneof![games(8, 2, certain), games(5, 5, certain)]) {
        check(&game);
    }

    #[test]
    fn orders_of_scores_pair_as_all_pairs_do(column in scores(9), bye in some_rules(9, 1)) {
        let halves: Vec<u8> = (0..81).map(|at| column.endings(9, at / 9, at % 9)[0].1 as u8).collect();
        let moments = |benchmark: &Benchmark| {
            let tensor = WinTensor::from_parts(9, vec![benchmark.worth()], vec![Vec::new()]);
            exact(&tensor, &[0, 0], &Rules { eliminate: vec![1, 0], ..bye.clone() }).unwrap()
        };
        let (by_level, by_pair) = (moments(&column), moments(&Benchmark::Points(halves)));
        same(&by_level.expected_score, &by_pair.expected_score);
        same(&variances(&by_level), &variances(&by_pair));
        same(&by_level.rank_probability, &by_pair.rank_probability);
        same(&by_level.survival, &by_pair.survival);
    }

    #[test]
    fn probabilities_sum_to_one(game in games(6, 4, certain)) {
        let found = exact(&game.tensor(), &game.schedule, &game.rules).unwrap();
        for ranks in found.rank_probability.chunks(game.models.max(1)) {
            same(&[ranks.iter().sum()], &[1.0]);
        }
        for rounds in found.survival.chunks(game.schedule.len().max(1)) {
            prop_assert!(rounds.is_sorted_by(|before, after| *after <= before + 1e-14));
        }
    }

    #[test]
    fn other_names_change_nothing_else(game in games(5, 3, certain), by in 1..5_usize) {
        // The column of scores of each benchmark is turned, and so is who sits out.
        let turned = |list: &[bool]| { let mut list = list.to_vec(); list.rotate_left(by % game.models.max(1)); list };
        let n = game.models;
        let from = |model: usize| (model + by) % n;
        let benchmarks = game.benchmarks.iter().map(|benchmark| match benchmark {
            Benchmark::Scores(scores, ties) => Benchmark::Scores((0..n).map(|m| scores[from(m)]).collect(), *ties),
            Benchmark::Points(halves) => {
                Benchmark::Points((0..n * n).map(|at| halves[from(at / n) * n + from(at % n)]).collect())
            }
            Benchmark::Chances(_) | Benchmark::PairChances(_) => unreachable!("certain benchmarks only"),
        });
        let absent = game.absent.iter().map(|list| if list.is_empty() { Vec::new() } else { turned(list) });
        let other = Game { benchmarks: benchmarks.collect(), absent: absent.collect(), ..game.clone() };
        let of = |game: &Game| exact(&game.tensor(), &game.schedule, &game.rules).unwrap();
        let (found, turned) = (of(&game), of(&other));
        for model in 0..n {
            same(&[turned.expected_score[model]], &[found.expected_score[from(model)]]);
            same(&turned.rank_probability[model * n..][..n], &found.rank_probability[from(model) * n..][..n]);
        }
    }

    #[test]
    fn elimination_after_the_last_round_changes_no_score(game in games(6, 3, certain), number in 1..7_u32) {
        prop_assume!(!game.schedule.is_empty());
        let with = |number: u32| {
            let mut rules = game.rules.clone();
            *rules.eliminate.last_mut().unwrap() = number;
            exact(&game.tensor(), &game.schedule, &rules).unwrap()
        };
        let (found, other) = (with(0), with(number));
        prop_assert_eq!(&found.expected_score, &other.expected_score);
        prop_assert_eq!(&found.rank_probability, &other.rank_probability);
    }
}

/// Scores without ties, in another order on every benchmark.
fn strict(models: usize, rounds: usize) -> WinTensor {
    let score = |model: usize, round: usize| ((model + 1) * (2 * round + 3) * 40_503 % 65_537) as f64;
    let column = |round| (0..models).map(|model| score(model, round)).collect();
    tensor(&(0..rounds).map(column).collect::<Vec<_>>(), TieRule::Lose)
}

#[test]
fn in_a_single_round_a_model_wins_against_the_share_that_it_beats() {
    for models in 1..=12 {
        let column = (0..models).map(|model| model as f64).collect();
        let found = exact(&tensor(&[column], TieRule::Lose), &[0], &rules(&[0])).unwrap();
        let meets = if models % 2 == 0 { models - 1 } else { models };
        let expected: Vec<f64> = (0..models).map(|beaten| beaten as f64 / meets as f64).collect();
        same(&found.expected_score, &expected);
        assert_eq!(found.mean_opponent_score, vec![(models > 1).then_some(0.0); models]);
    }
}

#[test]
fn without_ties_every_meeting_gives_a_point() {
    // Four models: two meetings, then one in each of two buckets, then one among the two of one point.
    let found = exact(&strict(4, 3), &[0, 1, 2], &rules(&[0, 0, 0])).unwrap();
    same(&[found.expected_score.iter().sum()], &[5.0]);
    // A model has no more points than it plays rounds.
    for (score, rounds) in found.expected_score.iter().zip(found.survival.chunks(3)) {
        assert!(*score <= rounds.iter().sum());
    }
}

#[test]
fn a_field_can_become_empty_and_the_rounds_after_it_do_nothing() {
    let scores = strict(4, 4);
    let empty =
        exact(&scores, &[0, 1, 2, 3], &Rules { shortfall: Shortfall::Cascade, ..rules(&[4, 1, 1, 1]) }).unwrap();
    let first = exact(&scores, &[0], &rules(&[0])).unwrap();
    same(&empty.expected_score, &first.expected_score);
    same(&empty.rank_probability, &first.rank_probability);
    assert_eq!(empty.survival, vec![0.0; 16]);
    let kept = Rules { shortfall: Shortfall::KeepLast, ..rules(&[4, 4, 4, 4]) };
    let kept = exact(&scores, &[0, 1, 2, 3], &kept).unwrap();
    same(&[kept.survival.iter().skip(3).step_by(4).sum()], &[1.0]);
}

#[test]
fn nobody_one_model_and_no_round_have_an_answer() {
    let none = exact(&tensor(&[], TieRule::Lose), &[], &rules(&[])).unwrap();
    assert_eq!(none.expected_score, Vec::<f64>::new());
    let nobody = exact(&tensor(&[vec![]], TieRule::Lose), &[0], &rules(&[3])).unwrap();
    assert_eq!(nobody.survival, Vec::<f64>::new());
    let alone =
        exact(&tensor(&[vec![0.5]], TieRule::Lose), &[0, 0], &Rules { bye: Bye::Half, ..rules(&[0, 1]) }).unwrap();
    assert_eq!((alone.expected_score, alone.std_dev), (vec![1.0], vec![0.0]));
    assert_eq!((alone.rank_probability, alone.survival), (vec![1.0], vec![1.0, 0.0]));
    assert_eq!(alone.mean_opponent_score, [None]);
    let unplayed = exact(&strict(3, 1), &[], &rules(&[])).unwrap();
    assert_eq!(unplayed.expected_score, [0.0; 3]);
    assert_eq!(unplayed.rank_probability, [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
}

fn refused(tensor: &WinTensor, schedule: &[usize], eliminate: &[u32]) -> String {
    exact(tensor, schedule, &rules(eliminate)).unwrap_err().to_string()
}

#[test]
fn what_is_too_large_is_refused() {
    let models = refused(&strict(65, 1), &[0], &[0]);
    assert!(models.starts_with("65 models over 1 rounds are too large"), "{models}");
    let wide = refused(&strict(29, 38), &[0; 38], &[0; 38]);
    assert!(wide.starts_with("29 models over 38 rounds are too large"), "{wide}");
    let equal = |models: usize| tensor(&[vec![0.0; models], vec![0.0; models]], TieRule::Lose);
    let steps = refused(&equal(40), &[0, 1], &[20, 0]);
    assert!(steps.contains("more than 15000000 steps up to round 1;"), "{steps}");
    let standings = refused(&equal(24), &[0, 1], &[12, 0]);
    assert!(standings.contains("in round 1 it goes through more than 2000000 standings"), "{standings}");
    for message in [models, wide, steps, standings] {
        assert!(message.ends_with("leave out --exact, so that tournaments are sampled"), "{message}");
    }
}

#[test]
fn limits_are_checked_on_the_way() {
    let pairs = Benchmark::Points(vec![1; 40 * 40]).worth();
    let pairs = WinTensor::from_parts(40, vec![pairs], vec![Vec::new()]);
    assert!(refused(&pairs, &[0], &[0]).contains("steps up to round 1;"));
    let schedule: Vec<usize> = (0..16).collect();
    assert!(exact(&strict(16, 16), &schedule, &rules(&[1; 16])).is_err());
}

#[test]
fn many_rounds_of_few_models_have_an_answer() {
    let schedule: Vec<usize> = (0..38).collect();
    let found = exact(&strict(8, 38), &schedule, &rules(&[0; 38])).unwrap();
    same(&[found.rank_probability.iter().sum()], &[8.0]);
    assert_eq!(found.survival, vec![1.0; 8 * 38]);
}

#[test]
fn a_schedule_that_does_not_fit_is_refused() {
    let unknown = refused(&strict(3, 2), &[0, 2], &[0, 0]);
    assert_eq!(unknown, "round 2 is on benchmark 2, but there are 2, counted from 0");
    let short = refused(&strict(3, 2), &[0, 1], &[0]);
    assert_eq!(short, "there are 2 rounds, but 1 numbers of models to eliminate: give one a round");
}
