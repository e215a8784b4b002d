//! Laws of tournaments, over every topology that is registered and its settings.

use std::collections::BTreeSet;

use palio::advantages::{AggregateSettings, Aggregation, aggregate};
use palio::data::Outcome;
use palio::settings::Settings;
use palio::tournaments::{
    Draw, Field, History, Match, MatchResult, Played, Rules, Stage, TopologyEntry, Tournament, TournamentState,
};
use proptest::prelude::*;

/// What is played: the name, and settings other than the defaults.
type Format = (&'static str, &'static [&'static str]);

const FORMATS: &[Format] = &[
    ("round-robin", &[]),
    ("round-robin", &["rules=arenarl"]),
    ("circular", &[]),
    ("anchor", &[]),
    ("seeded-single-elimination", &[]),
    ("seeded-single-elimination", &["seeds=given"]),
    ("seeded-single-elimination", &["seeds=none"]),
    ("seeded-single-elimination", &["rules=arenarl"]),
    ("double-elimination", &[]),
    ("double-elimination", &["seeds=given"]),
    ("double-elimination", &["reset=false"]),
    ("double-elimination", &["rules=arenarl"]),
    ("swiss", &[]),
    ("swiss", &["rules=arenarl"]),
];

const SINGLE: &str = "seeded-single-elimination";
const DOUBLE: &str = "double-elimination";

fn is_bracket((name, _): Format) -> bool {
    name == SINGLE || name == DOUBLE
}

fn rules((_, settings): Format) -> Rules {
    if settings.contains(&"rules=arenarl") { Rules::ArenaRl } else { Rules::Standard }
}

/// A number from 0 below 1 that looks random and depends on the arguments alone.
fn noise(seed: u64, numbers: &[u32]) -> f64 {
    let mix = |state: u64, number: u64| {
        let mixed = (state ^ number).wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB) ^ (mixed >> 32)
    };
    let state = numbers.iter().fold(mix(seed, 1), |state, &number| mix(state, number.into()));
    (state >> 11) as f64 / (1_u64 << 53) as f64
}

/// The qualities of items in an order that looks random: 0 to N−1.
fn qualities(items: u32, seed: u64) -> Vec<f64> {
    let mut order: Vec<u32> = (0..items).collect();
    order.sort_by(|&a, &b| noise(seed, &[a]).total_cmp(&noise(seed, &[b])));
    let mut qualities = vec![0.0; items as usize];
    for (quality, &item) in order.iter().enumerate() {
        qualities[item as usize] = quality as f64;
    }
    qualities
}

fn drawn(items: u32, seed: u64) -> Field {
    Field { scores: qualities(items, seed), ..Field::new(items, Draw::Seeded { seed, group: 7 }) }
}

fn tournament((name, settings): Format, field: Field) -> Tournament {
    Tournament::new(name, &Settings::parse(settings).expect("pairs"), field).expect("a tournament")
}

/// A tournament that is played to its end, all that is open at a time, and how often that was so.
struct Course {
    history: History,
    steps: u32,
}

fn play(format: Format, field: Field, judge: impl Fn(Match) -> Option<MatchResult>) -> Course {
    let mut tournament = tournament(format, field);
    let mut steps = 0;
    while !tournament.is_over() {
        let matches = tournament.next_matches();
        assert!(!matches.is_empty(), "{format:?}: open matches were given out");
        for game in matches {
            tournament.report(game.id, judge(game)).expect("a report");
        }
        steps += 1;
    }
    Course { history: tournament.history().clone(), steps }
}

fn noiseless(qualities: &[f64]) -> impl Fn(Match) -> Option<MatchResult> {
    move |game| Some(MatchResult::from_scores(qualities[game.left as usize], qualities[game.right as usize], 0.0))
}

/// Any result, ties among them, by pair and round.
fn erratic(seed: u64) -> impl Fn(Match) -> Option<MatchResult> {
    move |game| {
        let score = |item| (5.0 * noise(seed, &[game.round, game.id, item])).floor() / 10.0;
        Some(MatchResult::from_scores(score(game.left), score(game.right), 0.1))
    }
}

/// As erratic, without ties.
fn decisive(seed: u64) -> impl Fn(Match) -> Option<MatchResult> {
    move |game| Some(if noise(seed, &[game.round, game.id]) < 0.5 { MatchResult::LEFT } else { MatchResult::RIGHT })
}

fn failing(seed: u64, share: f64) -> impl Fn(Match) -> Option<MatchResult> {
    move |game| if noise(seed, &[game.id, 99]) < share { None } else { erratic(seed)(game) }
}

fn bracket_ranks(history: &History, rules: Rules) -> Vec<Option<f64>> {
    aggregate(history, &AggregateSettings { rules, ..AggregateSettings::new(Aggregation::Bracket) }).ranks
}

fn losses(history: &History) -> Vec<u32> {
    let mut losses = vec![0; history.items()];
    for played in history.played().filter(|played| played.game.stage != Stage::Seeding) {
        let loser = if played.result.outcome == Outcome::Left { played.game.right } else { played.game.left };
        losses[loser as usize] += 1;
    }
    losses
}

/// All that a history says.
fn content(history: &History) -> impl PartialEq + std::fmt::Debug + use<> {
    let played: Vec<Played> = history.played().collect();
    let unanswered: Vec<Match> = history.unanswered().collect();
    let withdrawn: Vec<bool> = (0..history.items() as u32).map(|item| history.is_withdrawn(item)).collect();
    (played, unanswered, history.byes().to_vec(), withdrawn)
}

#[test]
fn matches_and_rounds_are_as_many_as_the_entry_says() {
    for &format in FORMATS {
        let entry = TopologyEntry::find(format.0).expect("an entry");
        let settings = Settings::parse(format.1).expect("pairs");
        for items in 0..=65 {
            let size = (entry.size)(items, &settings).expect("a size");
            for seed in 0..4 {
                let Course { history, steps } = play(format, drawn(items, seed), decisive(seed));
                let matches = history.played().count() as u64;
                let rounds = history.played().map(|played| played.game.round).max().unwrap_or(0);
                assert!(size.matches.contains(&matches), "{format:?}, {items}: {matches} not in {size:?}");
                assert!(size.rounds.contains(&rounds), "{format:?}, {items}: round {rounds} not in {size:?}");
                assert!(steps <= rounds, "{format:?}, {items}: {steps} steps and {rounds} rounds");
                assert!(steps == rounds || format.0 == DOUBLE, "{format:?}, {items}: {steps} steps, {rounds} rounds");
                let ids: Vec<u32> = history.played().map(|played| played.game.id).collect();
                assert_eq!(ids, (0..matches as u32).collect::<Vec<_>>(), "{format:?}, {items}: numbers without gaps");
            }
        }
    }
}

#[test]
fn both_ends_of_the_size_of_a_double_elimination_are_met() {
    for items in 2..=65 {
        let matches = |seed| play((DOUBLE, &[]), drawn(items, seed), decisive(seed)).history.played().count() as u32;
        let seen: BTreeSet<u32> = (0..40).map(matches).collect();
        assert_eq!(seen, [2 * items - 2, 2 * items - 1].into(), "{items} items");
    }
}

#[test]
fn byes_of_standard_brackets_go_to_the_top_seeds_in_the_first_round() {
    for items in 2..=65_u32 {
        let field = drawn(items, items.into());
        let free = items.next_power_of_two() - items;
        let mut seeds: Vec<u32> = (0..items).collect();
        seeds.sort_by(|&a, &b| field.scores[b as usize].total_cmp(&field.scores[a as usize]));
        let expected: BTreeSet<u32> = seeds[..free as usize].iter().copied().collect();
        for format in [(SINGLE, &["seeds=given"] as &[_]), (DOUBLE, &["seeds=given"])] {
            let history = play(format, field.clone(), decisive(1)).history;
            let first = history.byes().iter().filter(|bye| bye.round == 1).map(|bye| bye.item);
            assert_eq!(first.collect::<BTreeSet<u32>>(), expected, "{format:?} of {items}");
            let later: Vec<_> = history.byes().iter().filter(|bye| bye.round > 1).collect();
            let places = items.next_power_of_two();
            assert!(later.is_empty() || format.0 == DOUBLE && free > 0, "{format:?} of {items}: {later:?}");
            assert!(later.iter().all(|bye| bye.round <= 3), "{format:?} of {items}: {later:?}");
            assert!(later.len() <= places as usize / 2, "{format:?} of {items}: {later:?}");
        }
    }
}

#[test]
fn a_judge_without_noise_puts_the_best_first() {
    for &format in FORMATS.iter().filter(|&&format| is_bracket(format)) {
        for items in 2..=65 {
            let qualities = qualities(items, 5);
            let history = play(format, drawn(items, 6), noiseless(&qualities)).history;
            let ranks = bracket_ranks(&history, rules(format));
            let best = qualities.iter().position(|&quality| quality as u32 == items - 1).expect("a best one");
            let first: Vec<usize> = (0..items as usize).filter(|&item| ranks[item] == Some(1.0)).collect();
            assert_eq!(first, [best], "{format:?} of {items}: {ranks:?}");
            assert!(ranks.iter().all(Option::is_some), "{format:?} of {items}");
        }
    }
}

#[test]
fn a_judge_without_noise_orders_a_round_robin_by_wins() {
    for settings in [&[] as &[_], &["rules=arenarl"]] {
        for items in 2..=65 {
            let qualities = qualities(items, 8);
            let history = play(("round-robin", settings), drawn(items, 0), noiseless(&qualities)).history;
            let mut wins = vec![0.0; items as usize];
            for played in history.played() {
                let left = played.result.outcome == Outcome::Left;
                wins[if left { played.game.left } else { played.game.right } as usize] += 1.0;
            }
            assert_eq!(wins, qualities, "{items} items");
        }
    }
}

#[test]
fn a_judge_without_noise_orders_an_anchor_tournament_by_scores() {
    for items in 2..=65 {
        let qualities = qualities(items, 9);
        let history = play(("anchor", &[]), drawn(items, 0), noiseless(&qualities)).history;
        let scores: Vec<f64> = history.played().map(|played| played.result.scores[0]).collect();
        assert_eq!(scores, qualities[1..], "everyone but the anchor, by number");
    }
}

#[test]
fn everyone_but_the_winner_of_a_double_elimination_loses_twice() {
    for items in 2..=65 {
        for seed in 0..10 {
            let history = play((DOUBLE, &[]), drawn(items, seed), decisive(seed)).history;
            let (losses, ranks) = (losses(&history), bracket_ranks(&history, Rules::Standard));
            let winner = ranks.iter().position(|&rank| rank == Some(1.0)).expect("a winner");
            let resets = history.played().filter(|played| played.game.stage == Stage::Reset).count() as u32;
            for (item, &lost) in losses.iter().enumerate() {
                let expected = if item == winner { lost.min(1) } else { 2 };
                assert_eq!(lost, expected, "item {item} of {items}, seed {seed}");
            }
            assert!(losses[winner] <= resets, "the winner lost once only where there was a reset");
        }
    }
}

#[test]
fn without_a_reset_who_loses_the_grand_final_may_have_lost_once() {
    let mut once = 0;
    for items in 2..=65 {
        for seed in 0..10 {
            let history = play((DOUBLE, &["reset=false"]), drawn(items, seed), decisive(seed)).history;
            let (losses, ranks) = (losses(&history), bracket_ranks(&history, Rules::Standard));
            for (item, &lost) in losses.iter().enumerate() {
                match ranks[item] {
                    Some(1.0) => assert!(lost <= 1),
                    Some(2.0) => {
                        assert!((1..=2).contains(&lost));
                        once += u32::from(lost == 1);
                    }
                    _ => assert_eq!(lost, 2, "item {item} of {items}, seed {seed}"),
                }
            }
            assert!(history.played().all(|played| played.game.stage != Stage::Reset));
        }
    }
    assert!(once > 0);
}

#[test]
fn rules_agree_on_the_matches_of_a_power_of_two_without_ties() {
    for items in [2, 4, 8, 16, 32, 64] {
        for seed in 0..10 {
            let qualities = qualities(items, seed);
            let games = |settings| -> Vec<Played> {
                play((SINGLE, settings), Field::new(items, Draw::AsGiven), noiseless(&qualities))
                    .history
                    .played()
                    .collect()
            };
            assert_eq!(games(&[]), games(&["rules=arenarl"]), "{items} items, seed {seed}");
        }
    }
}

#[test]
fn nobody_meets_again_in_the_first_losers_rounds() {
    for items in 5..=65_u32 {
        // Of 16 places on, three rounds are free of them, and of 32 on four.
        let free = items.next_power_of_two().ilog2() - 1;
        for seed in 0..60 {
            let history = play((DOUBLE, &[]), drawn(items, seed), decisive(seed)).history;
            let mut met = BTreeSet::new();
            let mut games: Vec<Match> = history.played().map(|played| played.game).collect();
            games.sort_by_key(|game| (game.round, game.id));
            for game in games {
                let new = met.insert([game.left.min(game.right), game.left.max(game.right)]);
                let early = game.stage == Stage::Losers && game.round <= 1 + free;
                assert!(new || !early, "{items} items, seed {seed}: {game:?}");
            }
        }
    }
}

#[test]
fn a_judge_that_ties_all_gives_everyone_the_same_rank() {
    for &format in FORMATS.iter().filter(|&&format| is_bracket(format) && rules(format) == Rules::Standard) {
        for items in 2..=65 {
            let same = |_: Match| Some(MatchResult::from_scores(7.1, 7.1, 0.0));
            let near = |game: Match| Some(MatchResult { scores: erratic(3)(game)?.scores, ..MatchResult::TIE });
            for history in [
                play(format, drawn(items, 1), same).history,
                play(format, drawn(items, 1), near).history,
                play(format, drawn(items, 1), |_| Some(MatchResult::TIE)).history,
            ] {
                let ranks = bracket_ranks(&history, Rules::Standard);
                assert!(ranks.iter().all(|&rank| rank == Some(1.0)), "{format:?} of {items}: {ranks:?}");
            }
        }
    }
}

#[test]
fn one_decisive_match_costs_its_loser_alone() {
    for items in [4, 8, 16] {
        let judge = |game: Match| {
            let scores = if game.left == 0 && game.round == 1 { [7.1, 7.0] } else { [7.1, 7.1] };
            Some(MatchResult::from_scores(scores[0], scores[1], 0.0))
        };
        let field = Field::new(items, Draw::AsGiven);
        let history = play((SINGLE, &["seeds=none"]), field, judge).history;
        let ranks = bracket_ranks(&history, Rules::Standard);
        let last = ranks.iter().filter(|&&rank| rank == Some(f64::from(items))).count();
        assert_eq!((last, ranks[items as usize - 1]), (1, Some(f64::from(items))), "{ranks:?}");
        assert!(ranks.iter().filter(|&&rank| rank == Some(1.0)).count() == items as usize - 1, "{ranks:?}");
    }
}

#[test]
fn the_higher_mean_goes_on_from_a_tied_match() {
    // Everyone ties in the bracket; in the seeding the last item is best, then the others in order.
    let score = |item: u32| if item == 3 { 9.0 } else { 5.0 - f64::from(item) };
    let judge = |game: Match| match game.stage {
        Stage::Seeding => Some(MatchResult::from_scores(score(game.left), score(game.right), 0.0)),
        _ => Some(MatchResult::TIE),
    };
    let history = play((SINGLE, &[]), Field::new(4, Draw::AsGiven), judge).history;
    let bracket: Vec<[u32; 2]> = history.played().skip(3).map(|played| [played.game.left, played.game.right]).collect();
    assert_eq!(bracket, [[3, 2], [0, 1], [3, 0]]);
    let ranks = bracket_ranks(&history, Rules::Standard);
    assert_eq!(ranks, [Some(2.0), Some(3.0), Some(4.0), Some(1.0)], "the means are evidence");
}

#[test]
fn who_has_no_seeding_answer_is_seeded_last_and_not_withdrawn() {
    let judge = |game: Match| {
        let unanswered = game.stage == Stage::Seeding && game.left == 1;
        (!unanswered).then(|| MatchResult::from_scores((game.left + 1).into(), (game.right + 1).into(), 0.0))
    };
    let history = play((SINGLE, &[]), Field::new(4, Draw::AsGiven), judge).history;
    let first: Vec<[u32; 2]> = history
        .played()
        .filter(|played| played.game.round == 2)
        .map(|played| [played.game.left, played.game.right])
        .collect();
    assert_eq!(first, [[3, 1], [2, 0]]);
    assert!(!history.is_withdrawn(1));
    assert!(bracket_ranks(&history, Rules::Standard).iter().all(Option::is_some));
}

#[test]
fn an_unanswered_match_withdraws_both_and_the_next_opponent_walks_over() {
    let judge = |game: Match| (game.round > 1 || game.left > 0).then_some(MatchResult::LEFT);
    let history = play((SINGLE, &["seeds=none"]), Field::new(4, Draw::AsGiven), judge).history;
    assert_eq!(bracket_ranks(&history, Rules::Standard), [None, Some(1.0), Some(2.0), None]);
    let byes: Vec<[u32; 2]> = history.byes().iter().map(|bye| [bye.round, bye.item]).collect();
    assert_eq!(byes, [[2, 1]]);
    assert!(history.is_withdrawn(0) && history.is_withdrawn(3));
}

#[test]
fn the_winner_of_a_walkover_grand_final_stands_first() {
    let judge = |game: Match| (game.stage != Stage::Losers || game.round < 5).then_some(MatchResult::LEFT);
    let history = play((DOUBLE, &[]), Field::new(8, Draw::AsGiven), judge).history;
    assert_eq!(bracket_ranks(&history, Rules::Standard)[0], Some(1.0));
    assert_eq!(history.byes().last().map(|bye| (bye.round, bye.item)), Some((6, 0)));
}

#[test]
fn what_the_published_code_does_not_have_is_refused() {
    let refused = [(SINGLE, "seeds=given"), (SINGLE, "seeds=none"), (DOUBLE, "seeds=given"), (DOUBLE, "reset=true")];
    for (name, setting) in refused {
        let settings = Settings::parse(["rules=arenarl", setting]).expect("pairs");
        let error = Tournament::new(name, &settings, Field::new(4, Draw::AsGiven)).expect_err("refused").to_string();
        assert!(error.starts_with(setting) && error.contains("under rules=arenarl"), "{error}");
    }
}

#[test]
fn what_is_no_result_or_no_match_of_the_group_is_refused_and_changes_nothing() {
    let game = Match { id: 0, round: 1, stage: Stage::Main, left: 0, right: 1 };
    let good = Played { game, result: MatchResult::LEFT, weight: 1.0 };
    let with = |outcome, scores, weight| Played { result: MatchResult { outcome, scores }, weight, ..good };
    let refused = [
        Played { game: Match { right: 3, ..game }, ..good },
        Played { game: Match { right: 0, ..game }, ..good },
        Played { game: Match { left: u32::MAX, ..game }, ..good },
        with(Outcome::Share(1.5), [1.0, 0.0], 1.0),
        with(Outcome::Share(f64::NAN), [1.0, 0.0], 1.0),
        with(Outcome::Left, [f64::INFINITY, 0.0], 1.0),
        with(Outcome::Left, [1.0, 0.0], -1.0),
        with(Outcome::Left, [1.0, 0.0], f64::NAN),
    ];
    let mut history = History::new(3);
    history.push(good).expect("a match of the group");
    for played in refused {
        history.push(played).expect_err("refused");
        assert_eq!(history.played().count(), 1, "{played:?}");
    }
    let mut tournament = tournament(("anchor", &[]), Field::new(2, Draw::AsGiven));
    for played in &refused[3..6] {
        tournament.report(0, Some(played.result)).expect_err("refused");
        assert!(!tournament.is_over() || tournament.history().open() == 1);
    }
}

#[test]
fn a_tournament_of_too_many_matches_is_refused_before_it_takes_memory() {
    for &format in FORMATS {
        let settings = Settings::parse(format.1).expect("pairs");
        let error = Tournament::new(format.0, &settings, Field::new(u32::MAX, Draw::AsGiven)).expect_err("refused");
        assert!(error.to_string().contains("is limited to 33554432"), "{format:?}: {error}");
    }
    let rounds = Settings::parse(["rounds=4000000000"]).expect("pairs");
    let error = Tournament::new("swiss", &rounds, Field::new(16, Draw::AsGiven)).expect_err("refused").to_string();
    assert!(error.starts_with("swiss of 16 items has up to 32000000000 matches"), "{error}");
}

fn formats() -> impl Strategy<Value = Format> {
    prop::sample::select(FORMATS)
}

proptest! {
    #[test]
    fn reports_in_any_order_make_the_same_history(
        (format, items, seed, order) in (formats(), 2..=65_u32, any::<u64>(), any::<u64>()),
        share in prop_oneof![Just(0.0), 0.0..0.5],
    ) {
        let judge = failing(seed, share);
        let in_turn = play(format, drawn(items, seed), &judge).history;
        let mut shuffled = tournament(format, drawn(items, seed));
        let mut open = shuffled.next_matches();
        while !open.is_empty() {
            let place = noise(order, &[open.len() as u32, open[0].id]) * open.len() as f64;
            let game = open.swap_remove(place as usize);
            shuffled.report(game.id, judge(game)).expect("a report");
            shuffled.take_matches(&mut open);
        }
        prop_assert!(shuffled.is_over());
        prop_assert_eq!(content(shuffled.history()), content(&in_turn));
    }

    #[test]
    fn a_tournament_that_was_written_down_goes_on_as_it_would_have(
        (format, items, seed) in (formats(), 2..=20_u32, any::<u64>()),
        (until, share) in (0..60_usize, prop_oneof![Just(0.0), 0.0..0.3]),
    ) {
        let judge = failing(seed, share);
        let mut there = tournament(format, drawn(items, seed));
        let mut open = there.next_matches();
        for step in 0..until {
            if open.is_empty() { break }
            let game = open.swap_remove(step * 7 % open.len());
            there.report(game.id, judge(game)).expect("a report");
            there.take_matches(&mut open);
        }
        let text = serde_json::to_string(&there.state()).expect("JSON");
        let state: TournamentState = serde_json::from_str(&text).expect("a state");
        let mut resumed = Tournament::resume(state).expect("a tournament");
        open.sort_by_key(|game| game.id);
        prop_assert_eq!(resumed.next_matches(), open);
        prop_assert_eq!(content(resumed.history()), content(there.history()));
    }

    #[test]
    fn unanswered_matches_never_keep_a_tournament_from_its_end(
        (format, items, seed) in (formats(), 2..=65_u32, any::<u64>()),
        share in prop_oneof![0.0..1.0, Just(1.0)],
    ) {
        let history = play(format, drawn(items, seed), failing(seed, share)).history;
        let entry = TopologyEntry::find(format.0).expect("an entry");
        let size = (entry.size)(items, &Settings::parse(format.1).expect("pairs")).expect("a size");
        let all = history.played().count() + history.unanswered().count();
        prop_assert!(all as u64 <= *size.matches.end());
        if is_bracket(format) {
            let ranks = bracket_ranks(&history, rules(format));
            for game in history.unanswered().filter(|game| game.stage != Stage::Seeding) {
                prop_assert_eq!([ranks[game.left as usize], ranks[game.right as usize]], [None, None]);
            }
        }
    }

    #[test]
    fn a_restart_is_as_good_as_a_new_tournament(
        (format, first, second, seed) in (formats(), 0..=33_u32, 0..=33_u32, any::<u64>()),
    ) {
        let mut tournament = tournament(format, drawn(first, seed));
        for items in [second, second, first] {
            tournament.restart(drawn(items, seed ^ 1)).expect("a restart");
            while !tournament.is_over() {
                for game in tournament.next_matches() {
                    tournament.report(game.id, erratic(seed)(game)).expect("a report");
                }
            }
            let new = play(format, drawn(items, seed ^ 1), erratic(seed)).history;
            prop_assert_eq!(content(tournament.history()), content(&new));
        }
    }

    /// Walkovers aside, matches with rounds and stages say all that the standing needs.
    #[test]
    fn a_bracket_read_back_from_its_log_has_the_same_ranks(
        (format, items, seed) in (formats(), 2..=65_u32, any::<u64>()),
    ) {
        prop_assume!(is_bracket(format));
        let history = play(format, drawn(items, seed), erratic(seed)).history;
        let mut log = History::new(items);
        history.played().for_each(|played| log.push(played).expect("a match of the group"));
        prop_assert_eq!(bracket_ranks(&log, rules(format)), bracket_ranks(&history, rules(format)));
    }

    #[test]
    fn ranks_of_a_bracket_are_competition_ranks(
        (format, items, seed) in (formats(), 2..=65_u32, any::<u64>()),
        share in prop_oneof![Just(0.0), 0.0..0.5],
    ) {
        prop_assume!(is_bracket(format));
        let ranks = bracket_ranks(&play(format, drawn(items, seed), failing(seed, share)).history, rules(format));
        let mut known: Vec<f64> = ranks.into_iter().flatten().collect();
        known.sort_by(f64::total_cmp);
        for (place, &rank) in known.iter().enumerate() {
            let better = known.iter().filter(|&&other| other < rank).count();
            prop_assert_eq!(Some(rank), Some(better as f64 + 1.0));
            prop_assert!(rules(format) == Rules::Standard || better == place);
        }
    }
}
