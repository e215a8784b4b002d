//! Properties of aggregations, rewards and normalisations, and ranking metrics by hand, one sentence a
//! test.

use palio::advantages::{
    AGGREGATIONS, AdvantageSettings, AggregateSettings, Aggregation, Column, Columns, Contest, Groups, Missing,
    Normalization, NormalizeError, Normalizer, PRESETS, REWARDS, Reads, Reward, RewardError, Samples, Singleton,
    Standing, aggregate, ndcg, normalize, pareto_layers, rank_biased_overlap, recall, reciprocal_rank,
};
use palio::data::Outcome;
use palio::settings::Settings;
use palio::tournaments::{Draw, Field, History, Match, MatchResult, Played, Rules, Stage, TOPOLOGIES, Tournament};
use proptest::collection::vec;
use proptest::prelude::*;

const ALL: &[Normalizer] = &[
    Normalizer::ZScore,
    Normalizer::MeanCentred,
    Normalizer::LeaveOneOut,
    Normalizer::Batch,
    Normalizer::Global,
    Normalizer::PassAtK,
    Normalizer::LengthWeighted,
    Normalizer::Gpg,
];

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let same = found.is_nan() && expected.is_nan();
        assert!(same || (found - expected).abs() <= tolerance, "{found} instead of {expected} at {place}");
    }
}

fn one_group(rewards: &[f64], settings: &Normalization) -> Vec<f64> {
    let lengths = vec![2.0; rewards.len()];
    normalize(rewards, &Groups::blocks(rewards.len(), rewards.len()), Some(&lengths), settings).expect("advantages")
}

fn reward(name: &str, settings: &[&str]) -> Reward {
    Reward::new(name, &Settings::parse(settings).expect("pairs")).unwrap_or_else(|error| panic!("{error}"))
}

fn of_one_group(reward: &Reward, scores: &[f64], columns: Columns<'_>) -> Vec<f64> {
    let groups = Groups::blocks(scores.len(), scores.len());
    reward.of_scores(&Samples::new(&groups, scores).with(columns)).expect("rewards")
}

fn history(items: u32, matches: impl IntoIterator<Item = (u32, u32, MatchResult, f64)>) -> History {
    let mut history = History::new(items);
    for (left, right, result, weight) in matches {
        let game = Match { id: 0, round: 1, stage: Stage::Main, left, right };
        history.push(Played { game, result, weight }).expect("two items of the group");
    }
    history
}

fn known(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}

fn standing(history: &History, aggregation: Aggregation) -> Standing {
    aggregate(history, &AggregateSettings::new(aggregation))
}

/// A tournament of everyone against everyone whose results a judge gives; `None` where it can't.
fn round_robin(items: u32, judge: impl Fn(u32, u32) -> Option<MatchResult>) -> History {
    played("round-robin", items, judge)
}

fn played(topology: &str, items: u32, judge: impl Fn(u32, u32) -> Option<MatchResult>) -> History {
    let field = Field::new(items, Draw::AsGiven);
    let mut tournament = Tournament::new(topology, &Settings::default(), field).expect("a tournament");
    while !tournament.is_over() {
        for game in tournament.next_matches() {
            tournament.report(game.id, judge(game.left, game.right)).expect("a report");
        }
    }
    tournament.history().clone()
}

type Row = (u32, u32, MatchResult, f64);

/// Matches of 2 to 7 items, of any outcome and weight, and a relabelling of the items.
fn matches() -> impl Strategy<Value = (u32, Vec<Row>, Vec<u32>)> {
    (2..8_u32).prop_flat_map(|items| {
        let result = (0..=4_u32, -3.0..3.0_f64, -3.0..3.0_f64).prop_map(|(quarters, left, right)| MatchResult {
            outcome: Outcome::from_share(f64::from(quarters) / 4.0).expect("a share"),
            scores: [left, right],
        });
        let sides = (0..items, 1..items).prop_map(move |(left, step)| (left, (left + step) % items));
        let row =
            (sides, result, 0.5..2.0_f64).prop_map(|((left, right), result, weight)| (left, right, result, weight));
        let names = Just((0..items).collect::<Vec<u32>>()).prop_shuffle();
        (Just(items), vec(row, 0..20), names)
    })
}

/// Rewards of several groups of any size, some of them unknown.
fn batches() -> impl Strategy<Value = (Vec<f64>, Vec<u32>)> {
    let reward = prop_oneof![6 => -5.0..5.0_f64, 2 => Just(0.1), 1 => Just(f64::NAN)];
    vec((reward, 0..4_u32), 1..30).prop_map(|rows| rows.into_iter().unzip())
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn z_scores_have_mean_zero_and_deviation_one(rewards in vec(-5.0..5.0_f64, 3..20)) {
        let settings = Normalization { eps: 0.0, ..Normalization::default() };
        let found = one_group(&rewards, &settings);
        let n = found.len() as f64;
        let squares: f64 = found.iter().map(|advantage| advantage * advantage).sum();
        prop_assert!(found.iter().sum::<f64>().abs() < 1e-9);
        prop_assert!((squares / (n - 1.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn adding_a_constant_to_a_group_changes_nothing(rewards in vec(-5.0..5.0_f64, 2..20), shift in -9.0..9.0_f64) {
        let shifted: Vec<f64> = rewards.iter().map(|reward| reward + shift).collect();
        for &normalizer in ALL.iter().filter(|&&normalizer| normalizer != Normalizer::Gpg) {
            let settings = Normalization { variance_floor: Some(1e-6), ..Normalization::new(normalizer) };
            assert_near(&one_group(&shifted, &settings), &one_group(&rewards, &settings), 1e-6);
        }
    }

    #[test]
    fn leave_one_out_is_n_over_n_less_one_times_centred(rewards in vec(-5.0..5.0_f64, 2..20)) {
        let n = rewards.len() as f64;
        let centred = one_group(&rewards, &Normalization::new(Normalizer::MeanCentred));
        let expected: Vec<f64> = centred.iter().map(|advantage| advantage * n / (n - 1.0)).collect();
        assert_near(&one_group(&rewards, &Normalization::new(Normalizer::LeaveOneOut)), &expected, 1e-12);
    }

    #[test]
    fn equal_lengths_make_the_length_weighted_baseline_the_mean(rewards in vec(-5.0..5.0_f64, 2..20)) {
        let centred = one_group(&rewards, &Normalization::new(Normalizer::MeanCentred));
        assert_near(&one_group(&rewards, &Normalization::new(Normalizer::LengthWeighted)), &centred, 1e-12);
    }

    #[test]
    fn unknown_samples_change_nothing_for_the_others((rewards, ids) in batches()) {
        let lengths = vec![3.0; rewards.len()];
        let keep: Vec<usize> = (0..rewards.len()).filter(|&sample| !rewards[sample].is_nan()).collect();
        let pick = |values: &[f64]| keep.iter().map(|&sample| values[sample]).collect::<Vec<f64>>();
        let fewer = Groups::new(keep.iter().map(|&sample| ids[sample]).collect());
        for &normalizer in ALL {
            let settings = Normalization::new(normalizer);
            let found = normalize(&rewards, &Groups::new(ids.clone()), Some(&lengths), &settings).expect("advantages");
            let expected = normalize(&pick(&rewards), &fewer, Some(&pick(&lengths)), &settings).expect("advantages");
            prop_assert_eq!(pick(&found), expected);
            prop_assert!(found.iter().zip(&rewards).all(|(found, reward)| found.is_nan() == reward.is_nan()));
        }
    }

    #[test]
    fn constant_groups_get_exactly_zero(reward in -5.0..5.0_f64, n in 2..20_usize, eps in prop_oneof![Just(0.0), Just(1e-6)]) {
        for &normalizer in ALL {
            let found = one_group(&vec![reward; n], &Normalization { eps, ..Normalization::new(normalizer) });
            prop_assert!(found.iter().all(|&advantage| advantage == 0.0), "{normalizer:?} {found:?}");
        }
    }

    #[test]
    fn advantages_of_a_strict_order_depend_on_the_number_only(
        order in (2..12_usize).prop_flat_map(|n| Just((0..n).collect::<Vec<usize>>()).prop_shuffle()),
        steps in vec(0.1..9.0_f64, 12),
    ) {
        let mut scores = vec![0.0; order.len()];
        let mut score = 0.0;
        for (&item, step) in order.iter().zip(&steps) {
            score += step;
            scores[item] = score;
        }
        let settings = AdvantageSettings::preset("arenarl").expect("a preset");
        let groups = Groups::blocks(order.len(), order.len());
        let found = settings.of_scores(&Samples::new(&groups, &scores)).expect("advantages");
        let n = order.len() as f64;
        let deviation = (n * (n + 1.0) / 12.0).sqrt() / (n - 1.0) + 1e-6;
        for (place, &item) in order.iter().enumerate() {
            let expected = (place as f64 / (n - 1.0) - 0.5) / deviation;
            prop_assert!((found[item] - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn relabelling_items_permutes_every_aggregation((items, rows, names) in matches()) {
        let renamed = rows.iter().map(|&(left, right, result, weight)| {
            (names[left as usize], names[right as usize], result, weight)
        });
        let (one, other) = (history(items, rows.clone()), history(items, renamed));
        for entry in AGGREGATIONS {
            let (one, other) = (standing(&one, entry.aggregation), standing(&other, entry.aggregation));
            let moved = |values: &[Option<f64>]| names.iter().map(|&name| values[name as usize]).collect::<Vec<_>>();
            assert_near(&known(&moved(&other.values)), &known(&one.values), 1e-6);
            if entry.aggregation != Aggregation::BradleyTerry {
                prop_assert_eq!(moved(&other.ranks), one.ranks, "{}", entry.name);
            }
        }
    }

    #[test]
    fn showing_every_pair_the_other_way_round_changes_no_aggregation((items, rows, _) in matches()) {
        let mirrored = rows.iter().map(|&(left, right, result, weight)| (right, left, result.mirrored(), weight));
        let (one, other) = (history(items, rows.clone()), history(items, mirrored));
        for entry in AGGREGATIONS.iter().filter(|entry| entry.aggregation != Aggregation::Bracket) {
            let (one, other) = (standing(&one, entry.aggregation), standing(&other, entry.aggregation));
            assert_near(&known(&other.values), &known(&one.values), 1e-6);
        }
    }

    #[test]
    fn items_without_a_match_are_unknown_and_the_others_are_not((items, rows, _) in matches()) {
        let history = history(items, rows.clone());
        let plays = |item: u32| rows.iter().any(|&(left, right, ..)| left == item || right == item);
        for entry in AGGREGATIONS {
            let found = standing(&history, entry.aggregation);
            for item in 0..items {
                prop_assert_eq!(found.values[item as usize].is_some(), plays(item), "{} {}", entry.name, item);
                prop_assert_eq!(found.ranks[item as usize].is_some(), plays(item), "{} {}", entry.name, item);
            }
        }
    }

    #[test]
    fn margins_recover_noiseless_differences(
        qualities in vec(-5.0..5.0_f64, 2..9),
        shifts in vec(-2.0..2.0_f64, 40),
    ) {
        let n = qualities.len() as u32;
        let found = round_robin(n, |left, right| {
            // What the judge adds to both scores of a call takes no part.
            let shift = shifts[(left * n + right) as usize % shifts.len()];
            Some(MatchResult::from_scores(qualities[left as usize] + shift, qualities[right as usize] + shift, 0.0))
        });
        let mean = qualities.iter().sum::<f64>() / f64::from(n);
        let expected: Vec<f64> = qualities.iter().map(|quality| quality - mean).collect();
        assert_near(&known(&standing(&found, Aggregation::Margin).values), &expected, 1e-7);
    }

    #[test]
    fn payoffs_and_margins_scaled_sum_to_zero(scores in vec(-5.0..5.0_f64, 1..12)) {
        for name in ["sppo", "margin-scaled"] {
            let found = of_one_group(&reward(name, &[]), &scores, Columns::default());
            prop_assert!(found.iter().sum::<f64>().abs() < 1e-9, "{} {:?}", name, found);
        }
    }

    #[test]
    fn a_point_is_never_in_a_layer_before_one_that_dominates_it(points in vec((0..4_u32, 0..4_u32), 1..15)) {
        let value = |point: usize, k: usize| f64::from(if k == 0 { points[point].0 } else { points[point].1 });
        let layers = pareto_layers(points.len(), 2, value);
        for a in 0..points.len() {
            for b in 0..points.len() {
                let (p, q) = (points[a], points[b]);
                if p != q && p.0 >= q.0 && p.1 >= q.1 {
                    prop_assert!(layers[a] < layers[b]);
                }
            }
        }
        prop_assert!(layers.contains(&0));
    }

    #[test]
    fn every_reward_leaves_other_groups_and_unknown_samples_alone(
        scores in vec(prop_oneof![5 => -2.0..2.0_f64, 1 => Just(f64::NAN)], 12),
        other in vec(-2.0..2.0_f64, 12),
    ) {
        let groups = Groups::blocks(12, 4);
        let columns = |values: &[f64]| -> Vec<f64> { values.to_vec() };
        for entry in REWARDS.iter().filter(|entry| entry.name != "fidelity") {
            let reward = Reward::new(entry.name, &Settings::default()).expect("defaults");
            let changed: Vec<f64> = (0..12).map(|i| if i < 4 { scores[i] } else { other[i] }).collect();
            let of = |scores: &[f64]| {
                let criteria = columns(scores);
                let columns = Columns {
                    length: Some(&other),
                    logprob: Some(&other),
                    reference: &[&other],
                    criteria: &[&criteria],
                };
                reward.of_scores(&Samples::new(&groups, scores).with(columns)).expect("rewards")
            };
            let (one, two) = (of(&scores), of(&changed));
            for sample in 0..4 {
                prop_assert!(one[sample].to_bits() == two[sample].to_bits(), "{}", entry.name);
                if scores[sample].is_nan() && !["ndcg", "mrr", "recall", "rbo"].contains(&entry.name) {
                    prop_assert!(one[sample].is_nan(), "{}", entry.name);
                }
            }
        }
    }
}

/// Every step that matches can have, with the settings by which it has no advantage of its own where
/// nothing is known: normalised rewards, and presets as they are.
fn steps() -> Vec<(String, AdvantageSettings)> {
    let of_matches = |entry: &&palio::advantages::RewardEntry| entry.reads != Reads::AllGroups;
    let plain = |entry: &palio::advantages::RewardEntry| {
        (entry.name.to_owned(), AdvantageSettings { reward: reward(entry.name, &[]), ..AdvantageSettings::default() })
    };
    let preset = |entry: &palio::advantages::PresetEntry| {
        (format!("preset {}", entry.name), entry.settings(0).expect("settings"))
    };
    REWARDS.iter().filter(of_matches).map(plain).chain(PRESETS.iter().map(preset)).collect()
}

#[test]
fn all_tied_judge_gives_zeros() {
    let tie = |left: u32, right: u32| Some(MatchResult::from_scores(f64::from(left), f64::from(right), 100.0));
    for items in [2, 3, 4, 5, 6, 7, 8, 9, 16, 17] {
        let same = vec![0.5; items as usize];
        let columns = Columns { length: Some(&same), logprob: Some(&same), reference: &[&same], criteria: &[&same] };
        for entry in TOPOLOGIES {
            let history = played(entry.name, items, tie);
            for aggregation in
                AGGREGATIONS.iter().filter(|other| other.name != "bracket" || entry.aggregation == "bracket")
            {
                let standing = standing(&history, aggregation.aggregation);
                assert_eq!(known(&standing.ranks), vec![1.0; items as usize], "{} {}", aggregation.name, entry.name);
                for (name, steps) in steps() {
                    let contest = Contest::new(&history, &standing).with(columns);
                    let rewards = steps.reward.of_standing(&contest).expect("rewards");
                    let found = one_group(&rewards, &steps.normalize);
                    let case = format!("{} of {items}, {}, {name}: {found:?}", entry.name, aggregation.name);
                    // Nobody can be BRPO's reference where no item met all others.
                    let unknown = name.ends_with("brpo") && found.iter().all(|advantage| advantage.is_nan());
                    assert!(unknown || found.iter().all(|&advantage| advantage == 0.0), "{case}");
                }
            }
        }
    }
}

#[test]
fn large_scores_keep_margins_apart_and_equal_ones_together() {
    let apart = [
        (0, 1, MatchResult::from_scores(1e9 + 1e-3, 1e9, 0.0), 1.0),
        (1, 2, MatchResult::from_scores(1e9, 1e9 - 1e-3, 0.0), 1.0),
    ];
    assert_eq!(known(&standing(&history(3, apart), Aggregation::Margin).ranks), [1.0, 2.0, 3.0]);
    assert_eq!(known(&standing(&history(3, apart), Aggregation::MeanScore).ranks), [1.0, 2.0, 3.0]);
    let score = |item: u32| 0.1 + 0.2 * f64::from(item / 2);
    let equal = round_robin(8, |left, right| Some(MatchResult::from_scores(score(left), score(right), 0.0)));
    assert_eq!(known(&standing(&equal, Aggregation::Margin).ranks), [7.0, 7.0, 5.0, 5.0, 3.0, 3.0, 1.0, 1.0]);
}

#[test]
fn a_light_part_is_rated_beside_a_heavy_one() {
    let result = |left: f64, right: f64| MatchResult::from_scores(left, right, 0.0);
    let rows = [(0, 1, result(4.0, 2.0), 1e12), (2, 3, result(0.0, 6.0), 1e-6), (3, 4, result(3.0, 3.0), 1e-6)];
    let found = standing(&history(5, rows), Aggregation::Margin);
    assert_near(&known(&found.values), &[1.0, -1.0, -4.0, 2.0, 2.0], 1e-9);
}

#[test]
fn published_rules_let_scores_within_a_tie_count() {
    let history = played("anchor", 3, |left, _| Some(MatchResult::from_scores(f64::from(left), 1.5, 5.0)));
    let settings = AggregateSettings { rules: Rules::ArenaRl, ..AggregateSettings::new(Aggregation::MeanScore) };
    assert_eq!(known(&aggregate(&history, &settings).ranks), [2.0, 3.0, 1.0]);
    assert_eq!(known(&standing(&history, Aggregation::MeanScore).ranks), [1.0; 3]);
}

#[test]
fn withdrawn_items_are_unknown_and_their_opponents_keep_their_results() {
    let history = played("anchor", 4, |left, _| (left != 2).then_some(MatchResult::LEFT));
    let found = standing(&history, Aggregation::WinRate);
    assert_eq!(found.values, [Some(0.0), Some(1.0), None, Some(1.0)]);
    assert_eq!(found.ranks, [Some(3.0), Some(1.0), None, Some(1.0)]);
    let quantiles = reward("quantile", &[]).of_standing(&Contest::new(&history, &found)).expect("rewards");
    assert_near(&quantiles, &[0.0, 1.0, f64::NAN, 1.0], 0.0);
}

#[test]
fn copeland_counts_opponents_and_not_matches() {
    let rows =
        [(0, 1, MatchResult::LEFT), (1, 0, MatchResult::RIGHT), (0, 2, MatchResult::RIGHT), (1, 2, MatchResult::TIE)];
    let history = history(3, rows.map(|(left, right, result)| (left, right, result, 1.0)));
    assert_eq!(known(&standing(&history, Aggregation::Copeland).values), [0.0, -1.0, 1.0]);
}

#[test]
fn parts_that_never_met_are_rated_around_their_own_mean() {
    let rows =
        [(0, 1, MatchResult::from_scores(4.0, 2.0, 0.0), 1.0), (2, 3, MatchResult::from_scores(0.0, 6.0, 0.0), 1.0)];
    let found = standing(&history(4, rows), Aggregation::Margin);
    assert_near(&known(&found.values), &[1.0, -1.0, -3.0, 3.0], 1e-12);
}

#[test]
fn an_undefeated_item_has_a_finite_strength() {
    let history = round_robin(4, |left, right| Some(if left < right { MatchResult::LEFT } else { MatchResult::RIGHT }));
    let found = standing(&history, Aggregation::BradleyTerry);
    assert_eq!(known(&found.ranks), [1.0, 2.0, 3.0, 4.0]);
    assert!(known(&found.values).iter().all(|strength| strength.is_finite()));
}

#[test]
fn a_history_without_items_or_matches_has_an_empty_or_unknown_standing() {
    for entry in AGGREGATIONS {
        assert!(standing(&History::new(0), entry.aggregation).values.is_empty());
        assert_eq!(standing(&History::new(2), entry.aggregation).values, [None, None], "{}", entry.name);
    }
}

#[test]
fn rewards_that_are_no_binary_fraction_leave_no_rest_in_a_constant_group() {
    assert_eq!(one_group(&[0.1; 3], &Normalization { eps: 1e-9, ..Normalization::default() }), [0.0; 3]);
}

#[test]
fn groups_of_one_follow_the_rule() {
    let of = |singleton| one_group(&[3.0], &Normalization { singleton, eps: 0.5, ..Normalization::default() })[0];
    assert_near(&[of(Singleton::Zero), of(Singleton::Raw), of(Singleton::RawOverOnePlusEps)], &[0.0, 3.0, 2.0], 0.0);
    let raw = Normalization { singleton: Singleton::Raw, ..Normalization::new(Normalizer::LeaveOneOut) };
    assert_near(&one_group(&[3.0], &raw), &[3.0], 0.0);
}

#[test]
fn missing_rewards_are_masked_or_zero() {
    let rewards = [1.0, f64::NAN, 0.0, f64::INFINITY];
    let zero = Normalization { missing: Missing::Zero, ..Normalization::new(Normalizer::MeanCentred) };
    assert_near(&one_group(&rewards, &zero), &[0.5, 0.0, -0.5, 0.0], 0.0);
    let mask = Normalization::new(Normalizer::MeanCentred);
    assert_near(&one_group(&rewards, &mask), &[0.5, f64::NAN, -0.5, f64::NAN], 0.0);
}

#[test]
fn a_floor_keeps_near_constant_groups_small() {
    let rewards = [1.0, 1.0 + 1e-9];
    let plain = one_group(&rewards, &Normalization { eps: 0.0, ..Normalization::default() });
    let floored =
        one_group(&rewards, &Normalization { eps: 0.0, variance_floor: Some(1e-6), ..Normalization::default() });
    assert!(plain[1] > 0.7 && floored[1] < 1e-6);
}

#[test]
fn what_can_not_be_normalised_is_refused() {
    let groups = Groups::blocks(2, 2);
    let plain = Normalization::default();
    assert_eq!(normalize(&[1.0], &groups, None, &plain), Err(NormalizeError::Groups { rewards: 1, ids: 2 }));
    let weighted = Normalization::new(Normalizer::LengthWeighted);
    let found = normalize(&[1.0, 2.0], &groups, None, &weighted);
    assert_eq!(found, Err(NormalizeError::Lengths { rewards: 2, lengths: 0 }));
    let found = normalize(&[1.0, 2.0], &groups, Some(&[1.0, 0.0]), &weighted);
    assert_eq!(found, Err(NormalizeError::Length { sample: 1, length: 0.0 }));
    let found = normalize(&[1.0, -1e200], &groups, None, &plain);
    assert_eq!(found, Err(NormalizeError::TooLarge { sample: 1, reward: -1e200 }));
    assert_eq!(normalize(&[1.0, -1e200], &groups, None, &Normalization::new(Normalizer::None)), Ok(vec![1.0, -1e200]));
    for eps in [f64::NAN, f64::INFINITY, -1.0] {
        let found = normalize(&[1.0, 2.0], &groups, None, &Normalization { eps, ..Normalization::default() });
        assert!(found.expect_err("refused").to_string().contains("takes a finite number of 0 or more"), "{eps}");
    }
}

#[test]
fn every_reward_says_which_column_it_lacks() {
    let groups = Groups::blocks(2, 2);
    for entry in REWARDS {
        let reward = Reward::new(entry.name, &Settings::default()).expect("defaults");
        let found = reward.of_scores(&Samples::new(&groups, &[1.0, 0.0]));
        match entry.needs {
            [] => assert!(found.is_ok(), "{}", entry.name),
            needs => {
                let Err(RewardError::Column { reward, column }) = found else { panic!("{}: {found:?}", entry.name) };
                assert!(reward == entry.name && needs.contains(&column));
            }
        }
    }
    let found = reward("par", &[]).of_scores(&Samples::new(&groups, &[1.0, 0.0]));
    let message = found.expect_err("no reference").to_string();
    assert!(message.contains("--reference"), "{message}");
}

#[test]
fn unknown_names_and_settings_are_refused_with_the_known_ones() {
    let unknown = Reward::new("sparkle", &Settings::default()).expect_err("no such reward").to_string();
    assert!(unknown.contains("unlikeliness"), "{unknown}");
    let settings = Settings::parse(["shine=1"]).expect("a pair");
    let unknown = Reward::new("par", &settings).expect_err("no such setting").to_string();
    assert!(unknown.contains("length_penalty"), "{unknown}");
    let unknown = AdvantageSettings::preset("sparkle").expect_err("no such preset").to_string();
    assert!(unknown.contains("pref-grpo"), "{unknown}");
}

#[test]
fn a_column_of_another_length_is_refused() {
    let (groups, short) = (Groups::blocks(2, 2), [1.0]);
    let columns = Columns { reference: &[&short], ..Columns::default() };
    let found = reward("par", &[]).of_scores(&Samples::new(&groups, &[1.0, 2.0]).with(columns));
    assert_eq!(found, Err(RewardError::Uneven { column: Column::Reference, found: 1, samples: 2 }));
}

#[test]
fn presets_and_their_settings_survive_being_written_down() {
    let names =
        "arenarl pref-grpo brpo grpo-verl grpo-trl dr-grpo rloo opo pass-at-k openrlhf slime sppo par wildbench";
    assert_eq!(PRESETS.iter().map(|entry| entry.name).collect::<Vec<_>>().join(" "), names);
    for entry in PRESETS {
        let settings = AdvantageSettings::preset(entry.name).expect("a preset");
        let text = serde_json::to_string(&settings).expect("text");
        assert_eq!(serde_json::from_str::<AdvantageSettings>(&text).expect("settings"), settings, "{text}");
    }
}

#[test]
fn brpo_draws_its_reference_by_the_seed_and_the_group() {
    let scores: Vec<f64> = (0..64).map(f64::from).collect();
    let groups = Groups::blocks(64, 16);
    let brpo = reward("brpo", &["threshold=1"]);
    let found = brpo.of_scores(&Samples::new(&groups, &scores)).expect("rewards");
    assert_eq!(found, brpo.of_scores(&Samples::new(&groups, &scores)).expect("rewards"));
    let reference = |group: usize| (0..16).find(|item| found[group * 16 + item] == 0.0).expect("a reference");
    assert!((1..4).any(|group| reference(group) != reference(0)));
}

#[test]
fn a_hierarchy_asks_the_next_criterion_within_the_margin() {
    let (safety, quality) = ([0.9, 0.85, 0.2], [1.0, 2.0, 9.0]);
    let columns = Columns { criteria: &[&safety, &quality], ..Columns::default() };
    let found = of_one_group(&reward("hierarchy", &["margins=0.1"]), &[0.0; 3], columns);
    assert_near(&found, &[0.5, 1.0, 0.0], 0.0);
}

#[test]
fn guards_come_before_what_is_summed() {
    let (safe, style, facts) = ([1.0, 0.0, f64::NAN, 1.0], [0.5, 1.0, 1.0, f64::NAN], [0.25, 1.0, 1.0, 1.0]);
    let columns = Columns { criteria: &[&safe, &style, &facts], ..Columns::default() };
    let sum = |settings: &[&str]| of_one_group(&reward("weighted-sum", settings), &[0.0; 4], columns);
    assert_near(&sum(&["guards=1", "weights=2,4", "failed=-1"]), &[2.0, -1.0, f64::NAN, f64::NAN], 0.0);
    assert_near(&sum(&["guards=1", "missing=skip"]), &[0.75, 0.0, f64::NAN, 1.0], 0.0);
}

#[test]
fn pareto_fronts_come_before_what_they_dominate() {
    let (a, b) = ([3.0, 1.0, 1.0, 0.0, f64::NAN], [1.0, 3.0, 1.0, 0.0, 9.0]);
    let columns = Columns { criteria: &[&a, &b], ..Columns::default() };
    assert_near(&of_one_group(&reward("pareto", &[]), &[0.0; 5], columns), &[1.0, 1.0, 0.5, 0.0, f64::NAN], 0.0);
}

#[test]
fn tiers_and_limits_are_steps_and_bounds() {
    let scores = [-1.0, 0.2, 0.5, 3.0, f64::NAN];
    let tiers = of_one_group(&reward("tiers", &["at=0.2,0.6", "values=0,0.4,1"]), &scores, Columns::default());
    assert_near(&tiers, &[0.0, 0.4, 0.4, 1.0, f64::NAN], 0.0);
    let clipped = of_one_group(&reward("clip", &["low=0", "high=1"]), &scores, Columns::default());
    assert_near(&clipped, &[0.0, 0.2, 0.5, 1.0, f64::NAN], 0.0);
    let settings = Settings::parse(["at=0.6,0.2"]).expect("a pair");
    assert!(Reward::new("tiers", &settings).is_err(), "thresholds ascend");
}

#[test]
fn hard_groups_keep_more_of_their_rewards() {
    let groups = Groups::blocks(8, 4);
    let scores = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0];
    let found = reward("difficulty-scaled", &[]).of_scores(&Samples::new(&groups, &scores)).expect("rewards");
    assert_near(&found, &[0.75, 0.0, 0.0, 0.0, 0.25, 0.25, 0.25, 0.0], 1e-15);
}

#[test]
fn fidelity_compares_groups_and_is_refused_within_one() {
    let groups = Groups::blocks(4, 2);
    let (scores, truth) = ([3.0, 3.2, 1.0, 1.2], [4.0, 4.0, 2.0, 2.0]);
    let columns = Columns { reference: &[&truth], ..Columns::default() };
    let right = reward("fidelity", &[]).of_scores(&Samples::new(&groups, &scores).with(columns)).expect("rewards");
    let swapped = [2.0, 2.0, 4.0, 4.0];
    let columns = Columns { reference: &[&swapped], ..Columns::default() };
    let wrong = reward("fidelity", &[]).of_scores(&Samples::new(&groups, &scores).with(columns)).expect("rewards");
    assert!(
        right.iter().all(|&reward| reward > 0.99) && wrong.iter().all(|&reward| reward < 0.1),
        "{right:?} {wrong:?}"
    );
    let history = round_robin(2, |_, _| Some(MatchResult::LEFT));
    let standing = standing(&history, Aggregation::WinRate);
    let found = reward("fidelity", &[]).of_standing(&Contest::new(&history, &standing));
    assert_eq!(found, Err(RewardError::AllGroups { reward: "fidelity" }));
}

/// Manning, Raghavan and Schütze, Introduction to Information Retrieval, section 8.4, and the example
/// of Wikipedia's article on discounted cumulative gain (documents of relevance 3, 2, 3, 0, 1, 2), whose
/// exponential form is DCG = 7 + 3/log2 3 + 7/2 + 1/log2 6 + 3/log2 7, and the ideal one
/// 7 + 7/log2 3 + 3/2 + 3/log2 5 + 1/log2 6.
#[test]
fn ndcg_is_that_of_the_textbook() {
    let scores = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
    let relevance = [3.0, 2.0, 3.0, 0.0, 1.0, 2.0];
    let log2 = f64::log2;
    let dcg = 7.0 + 3.0 / log2(3.0) + 3.5 + 1.0 / log2(6.0) + 3.0 / log2(7.0);
    let ideal = 7.0 + 7.0 / log2(3.0) + 1.5 + 3.0 / log2(5.0) + 1.0 / log2(6.0);
    assert_near(&[ndcg(&scores, &relevance, usize::MAX)], &[dcg / ideal], 1e-15);
    let cut = (7.0 + 3.0 / log2(3.0)) / (7.0 + 7.0 / log2(3.0));
    assert_near(&[ndcg(&scores, &relevance, 2)], &[cut], 1e-15);
    assert!(ndcg(&scores, &[0.0; 6], 3).is_nan());
    // Of two equal scores either may come first.
    let tied = f64::midpoint(1.0, 1.0 / log2(3.0));
    assert_near(&[ndcg(&[1.0, 1.0], &[1.0, 0.0], 9)], &[tied], 1e-15);
}

/// The example of Wikipedia's article on the mean reciprocal rank: the right answer stands third, second
/// and first, and the mean is 11/18.
#[test]
fn reciprocal_ranks_are_those_of_the_textbook() {
    let scores = [3.0, 2.0, 1.0];
    let of = |relevance: [f64; 3]| reciprocal_rank(&scores, &relevance, usize::MAX);
    let ranks = [of([0.0, 0.0, 1.0]), of([0.0, 1.0, 0.0]), of([1.0, 0.0, 0.0])];
    assert_near(&[ranks.iter().sum::<f64>() / 3.0], &[11.0 / 18.0], 1e-15);
    assert_near(&[reciprocal_rank(&scores, &[0.0, 0.0, 1.0], 2)], &[0.0], 0.0);
    // One relevant among three equal ones: the mean of 1, 1/2 and 1/3.
    assert_near(&[reciprocal_rank(&[1.0; 3], &[0.0, 1.0, 0.0], 9)], &[11.0 / 18.0], 1e-15);
    // Two of three: it is first with 2/3 and second with 1/3.
    assert_near(&[reciprocal_rank(&[1.0; 3], &[1.0, 1.0, 0.0], 9)], &[5.0 / 6.0], 1e-15);
}

#[test]
fn recall_is_the_share_of_the_relevant_that_is_found() {
    let scores = [5.0, 4.0, f64::NAN, 2.0];
    assert_near(&[recall(&scores, &[1.0, 0.0, 1.0, 1.0], 2)], &[1.0 / 3.0], 1e-15);
    assert_near(&[recall(&scores, &[1.0, 0.0, 1.0, 1.0], usize::MAX)], &[2.0 / 3.0], 1e-15);
    assert_near(&[recall(&[1.0; 4], &[1.0, 0.0, 0.0, 0.0], 1)], &[0.25], 1e-15);
}

/// Webber, Moffat and Zobel 2010: the average overlap of abc with acb is (1 + 1/2 + 1)/3, and by equation
/// 30 its RBO with p = 0.9 is 0.9³ + 0.1/0.9 (0.9 + 0.81/2 + 0.729).
#[test]
fn rank_biased_overlap_is_that_of_its_definition() {
    let (one, other) = ([3.0, 2.0, 1.0], [3.0, 1.0, 2.0]);
    assert_near(&[rank_biased_overlap(&one, &other, 1.0)], &[2.5 / 3.0], 1e-15);
    assert_near(&[rank_biased_overlap(&one, &other, 0.9)], &[0.729 + 0.1 / 0.9 * (0.9 + 0.405 + 0.729)], 1e-15);
    assert_near(&[rank_biased_overlap(&one, &one, 0.9)], &[1.0], 1e-15);
    assert!(rank_biased_overlap(&[], &[], 0.9).is_nan());
}

#[test]
fn rankings_are_rewards_of_columns() {
    let (first, second) = ([2.0, 0.0], [1.0, 1.0]);
    let (relevant, not) = ([1.0, 1.0], [0.0, 0.0]);
    let columns = Columns { criteria: &[&first, &second], reference: &[&relevant, &not], ..Columns::default() };
    assert_near(&of_one_group(&reward("mrr", &[]), &[0.0; 2], columns), &[1.0, 0.5], 0.0);
    assert_near(&of_one_group(&reward("recall", &["k=1"]), &[0.0; 2], columns), &[1.0, 0.0], 0.0);
}
