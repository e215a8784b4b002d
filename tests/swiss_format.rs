//! The Swiss system: what each round must keep to, checked against a matching of its own.

use std::collections::BTreeMap;

use palio::settings::Settings;
use palio::tournaments::{Draw, Field, History, Match, MatchResult, PointsSettings, TopologyEntry, Tournament, points};
use petgraph::graph::{NodeIndex, UnGraph};
use proptest::prelude::*;
use rustworkx_core::max_weight_matching::max_weight_matching;

type Answer = Option<MatchResult>;

fn settings(pairs: &[&str]) -> Settings {
    Settings::parse(pairs).expect("settings")
}

fn tournament(field: Field, pairs: &[&str]) -> Tournament {
    Tournament::new("swiss", &settings(pairs), field).expect("a tournament")
}

fn drawn(items: u32) -> Field {
    Field::new(items, Draw::Seeded { seed: 7, group: items.into() })
}

/// The rounds that everyone can play without meeting anyone twice.
fn full_rounds(items: u32) -> u32 {
    items - 1 + items % 2
}

/// Plays to the end.
fn play(tournament: &mut Tournament, judge: impl Fn(Match) -> Answer) {
    let mut round = 0;
    while !tournament.is_over() {
        let matches = tournament.next_matches();
        assert!(!matches.is_empty(), "a tournament that isn't over gives matches");
        round += 1;
        for game in matches {
            assert_eq!(game.round, round);
            tournament.report(game.id, judge(game)).expect("a report");
        }
    }
}

/// The lower index is the better item.
#[expect(clippy::unnecessary_wraps, reason = "a judge as any other")]
fn noiseless(game: Match) -> Answer {
    Some(if game.left < game.right { MatchResult::LEFT } else { MatchResult::RIGHT })
}

#[expect(clippy::unnecessary_wraps, reason = "a judge as any other")]
fn all_tied(_: Match) -> Answer {
    Some(MatchResult::TIE)
}

/// Answers that are all over, and the same whoever is left; each 11th is missing.
fn erratic(game: Match) -> Answer {
    let (low, high) = (game.left.min(game.right), game.left.max(game.right));
    let low_result = match (low * 31 + high * 17 + game.round * 7) % 11 {
        0..=3 => MatchResult::LEFT,
        4..=7 => MatchResult::RIGHT,
        8 => MatchResult::TIE,
        9 => MatchResult::from_scores(0.25, 0.75, 0.0),
        _ => return None,
    };
    Some(if game.left == low { low_result } else { low_result.mirrored() })
}

/// Matches and bye of one round.
#[derive(Debug, Default)]
struct Round {
    games: Vec<Match>,
    byes: Vec<u32>,
}

fn rounds(history: &History) -> BTreeMap<u32, Round> {
    let mut rounds: BTreeMap<u32, Round> = BTreeMap::new();
    for game in history.played().map(|played| played.game).chain(history.unanswered()) {
        rounds.entry(game.round).or_default().games.push(game);
    }
    for bye in history.byes() {
        rounds.entry(bye.round).or_default().byes.push(bye.item);
    }
    rounds
}

/// What went before a round.
struct Past {
    met: Vec<Vec<bool>>,
    byes: Vec<u32>,
}

impl Past {
    fn new(items: usize) -> Self {
        Self { met: vec![vec![false; items]; items], byes: vec![0; items] }
    }

    fn add(&mut self, round: &Round) {
        for game in &round.games {
            let (left, right) = (game.left as usize, game.right as usize);
            (self.met[left][right], self.met[right][left]) = (true, true);
        }
        for &item in &round.byes {
            self.byes[item as usize] += 1;
        }
    }

    /// Whether all can be paired without rematch, the bye going to one of those who may have it.
    fn allows_fresh_pairing(&self, may_sit_out: impl Fn(usize) -> bool) -> bool {
        let items = self.met.len();
        let mut graph = UnGraph::<(), ()>::with_capacity(items + 1, items * items);
        for _ in 0..items + items % 2 {
            graph.add_node(());
        }
        for a in 0..items {
            for b in (a + 1..items).filter(|&b| !self.met[a][b]) {
                graph.add_edge(NodeIndex::new(a), NodeIndex::new(b), ());
            }
            if items % 2 == 1 && may_sit_out(a) {
                graph.add_edge(NodeIndex::new(a), NodeIndex::new(items), ());
            }
        }
        let matched = max_weight_matching(&graph, true, |_| Ok::<_, ()>(1), false).expect("weights of 1");
        2 * matched.len() == items + items % 2
    }
}

/// Checks every round of a history against a matching of what went before. Returns the rematches.
fn check_rounds(history: &History, context: &str) -> usize {
    let items = history.items();
    let mut past = Past::new(items);
    let mut rematches = 0;
    let mut next_id = 0;
    for (number, round) in rounds(history) {
        let mut seen = vec![false; items];
        for &item in round.games.iter().flat_map(|game| [&game.left, &game.right]).chain(&round.byes) {
            assert!(!std::mem::replace(&mut seen[item as usize], true), "{context}: {item} once in round {number}");
        }
        assert!(seen.iter().all(|&seen| seen), "{context}: all are in round {number}");
        let mut ids: Vec<u32> = round.games.iter().map(|game| game.id).collect();
        ids.sort_unstable();
        assert_eq!(ids, (next_id..next_id + ids.len() as u32).collect::<Vec<_>>(), "{context}: numbers go on");
        next_id += ids.len() as u32;
        let again = round.games.iter().filter(|game| past.met[game.left as usize][game.right as usize]).count();
        if again > 0 {
            assert!(!past.allows_fresh_pairing(|_| true), "{context}: round {number} could do without rematch");
        }
        rematches += again;
        let fewest = past.byes.iter().min().copied().unwrap_or(0);
        for &item in round.byes.iter().filter(|&&item| past.byes[item as usize] > fewest) {
            let other = again == 0 && past.allows_fresh_pairing(|it| past.byes[it] == fewest);
            assert!(!other, "{context}: {item} has one more bye in round {number} than another could have");
        }
        past.add(&round);
    }
    rematches
}

#[test]
fn nobody_meets_twice_while_a_pairing_without_rematch_exists() {
    for items in 2..=65 {
        let given = format!("rounds={}", full_rounds(items));
        for (name, judge) in [("noiseless", noiseless as fn(Match) -> Answer), ("erratic", erratic), ("tied", all_tied)]
        {
            // Full rounds of large fields take the exact matching most of the time: one judge is enough.
            if items > 24 && items % 3 != name.len() as u32 % 3 {
                continue;
            }
            let mut tournament = tournament(drawn(items), &[&given]);
            play(&mut tournament, judge);
            check_rounds(tournament.history(), &format!("{items} items, {name}"));
        }
    }
}

#[test]
fn usual_rounds_have_no_rematch_and_no_second_bye() {
    for items in 2..=65 {
        for pairing in ["pairing=fold", "pairing=adjacent", "pairing=random"] {
            for judge in [noiseless, erratic, all_tied] {
                let mut tournament = tournament(drawn(items), &[pairing]);
                play(&mut tournament, judge);
                assert_eq!(check_rounds(tournament.history(), &format!("{items} items, {pairing}")), 0);
                let mut byes: Vec<u32> = tournament.history().byes().iter().map(|bye| bye.item).collect();
                byes.sort_unstable();
                assert!(byes.windows(2).all(|pair| pair[0] != pair[1]), "{items} items: {byes:?}");
            }
        }
    }
}

#[test]
fn rounds_beyond_all_opponents_bring_as_few_rematches_as_can_be() {
    for items in [2, 3, 4, 5, 8] {
        let rounds = 3 * full_rounds(items);
        let mut tournament = tournament(drawn(items), &[&format!("rounds={rounds}")]);
        play(&mut tournament, noiseless);
        let mut met = BTreeMap::new();
        for played in tournament.history().played() {
            *met.entry((played.game.left.min(played.game.right), played.game.left.max(played.game.right)))
                .or_insert(0) += 1;
        }
        // The last pairing may not be the one that evens all out, but nobody is far behind.
        let counts: Vec<u32> = met.into_values().collect();
        assert_eq!(counts.iter().sum::<u32>(), items / 2 * rounds);
        assert!(counts.iter().all(|count| (2..=4).contains(count)), "{items} items: {counts:?}");
    }
}

#[test]
fn there_are_as_many_matches_and_rounds_as_its_size_says() {
    let entry = TopologyEntry::find("swiss").expect("registered");
    for items in 0..=65 {
        for given in [None, Some("rounds=1"), Some("rounds=7"), Some("rounds=log2")] {
            let settings = settings(given.as_slice());
            let size = (entry.size)(items, &settings).expect("a size");
            assert_eq!(size.matches.start(), size.matches.end());
            let mut tournament = Tournament::new("swiss", &settings, drawn(items)).expect("a tournament");
            play(&mut tournament, erratic);
            let rounds = rounds(tournament.history());
            let matches: usize = rounds.values().map(|round| round.games.len()).sum();
            assert_eq!(*size.matches.start(), matches as u64, "{items} items, {given:?}");
            assert_eq!(*size.rounds.start() as usize, rounds.len(), "{items} items, {given:?}");
            assert_eq!(size.rounds.start(), size.rounds.end());
        }
        if items > 1 {
            let size = (entry.size)(items, &Settings::default()).expect("a size");
            assert_eq!(*size.rounds.start(), f64::from(items).log2().ceil() as u32);
        }
    }
}

#[test]
fn a_noiseless_judge_puts_the_best_first() {
    for items in 2..=65_u32 {
        for pairs in [&["pairing=fold"][..], &["pairing=adjacent"], &["pairing=random"], &["exact=true"]] {
            let mut tournament = tournament(drawn(items), pairs);
            play(&mut tournament, noiseless);
            let rows = points(tournament.history(), &PointsSettings { tie_breaks: Vec::new(), ..Default::default() });
            let first: Vec<usize> = (0..items as usize).filter(|&item| rows[item].rank == Some(1)).collect();
            assert_eq!(first[0], 0, "{items} items, {pairs:?}");
            // Elsewhere the last two who never lost may be kept apart, so that others don't meet again.
            if items.is_power_of_two() {
                assert_eq!(first.len(), 1, "{items} items, {pairs:?}");
            }
        }
    }
}

#[test]
fn all_tied_judge_gives_equal_ranks_whoever_had_a_bye() {
    for items in 1..=33 {
        let mut tournament = tournament(drawn(items), &[]);
        play(&mut tournament, all_tied);
        let rows = points(tournament.history(), &PointsSettings::default());
        assert!(rows.iter().all(|row| row.rank == Some(1)), "{items} items");
    }
}

#[test]
fn the_first_round_folds_the_given_order() {
    let first_round = |field: Field, pairs: &[&str]| -> Vec<[u32; 2]> {
        let matches = tournament(field, pairs).next_matches();
        matches.iter().map(|game| [game.left.min(game.right), game.left.max(game.right)]).collect()
    };
    let as_given = |items| Field::new(items, Draw::AsGiven);
    assert_eq!(first_round(as_given(8), &[]), [[0, 4], [1, 5], [2, 6], [3, 7]]);
    assert_eq!(first_round(as_given(7), &[]), [[0, 3], [1, 4], [2, 5]]);
    assert_eq!(first_round(as_given(6), &["pairing=adjacent"]), [[0, 1], [2, 3], [4, 5]]);
    let scored = Field { scores: vec![0.1, 0.9, 0.5, 0.7], ..as_given(4) };
    assert_eq!(first_round(scored.clone(), &["seeds=given"]), [[1, 2], [0, 3]]);
    assert_eq!(first_round(scored, &[]), [[0, 2], [1, 3]]);
}

#[test]
fn exact_matching_folds_score_groups_as_the_search_does() {
    for items in [4, 7, 8, 16, 31, 64] {
        let field = Field::new(items, Draw::AsGiven);
        for pairing in ["pairing=fold", "pairing=adjacent"] {
            let first = |exact| tournament(field.clone(), &[pairing, exact]).next_matches();
            assert_eq!(first("exact=true"), first("exact=false"), "{items} items, {pairing}");
        }
    }
}

#[test]
fn sides_are_even_in_usual_rounds() {
    for items in 2..=65 {
        for judge in [noiseless, erratic, all_tied] {
            let mut tournament = tournament(drawn(items), &[]);
            play(&mut tournament, judge);
            let mut balance = vec![0_i32; items as usize];
            for round in rounds(tournament.history()).values() {
                for game in &round.games {
                    balance[game.left as usize] += 1;
                    balance[game.right as usize] -= 1;
                }
                assert!(balance.iter().all(|it| it.abs() <= 3), "{items} items: {balance:?}");
            }
        }
    }
}

/// The state before the last round of a history: who met whom, and points with byes counting 1.
fn before_last_round(history: &History) -> (Past, Vec<f64>, Round) {
    let mut rounds = rounds(history);
    let (last, last_round) = rounds.pop_last().expect("a round");
    let mut past = Past::new(history.items());
    for round in rounds.values() {
        past.add(round);
    }
    let mut points: Vec<f64> = past.byes.iter().map(|&byes| f64::from(byes)).collect();
    for played in history.played().filter(|played| played.game.round < last) {
        points[played.game.left as usize] += played.result.outcome.share();
        points[played.game.right as usize] += 1.0 - played.result.outcome.share();
    }
    (past, points, last_round)
}

/// The points apart of the pairs of the last round.
fn points_apart(history: &History) -> f64 {
    let (_, points, last) = before_last_round(history);
    last.games.iter().map(|game| f64::abs(points[game.left as usize] - points[game.right as usize])).sum()
}

#[test]
fn the_search_pairs_nearly_as_closely_as_the_exact_matching() {
    let (mut searched, mut exact, mut equal, mut all) = (0.0, 0.0, 0, 0);
    for items in 4..=40 {
        for rounds in 2..=6.min(full_rounds(items) - 1) {
            let mut first = tournament(drawn(items), &[&format!("rounds={rounds}")]);
            play(&mut first, erratic);
            let apart = points_apart(first.history());
            let best = least_apart(first.history());
            assert!(apart >= best - 1e-9, "{items} items, {rounds} rounds: {apart} < {best}");
            searched += apart;
            exact += best;
            equal += usize::from((apart - best).abs() < 1e-9);
            all += 1;
        }
    }
    assert!(searched <= 1.05 * exact, "{searched} points apart, {exact} at best");
    assert!(equal * 20 >= all * 19, "{equal} of {all} rounds are at their best");
}

/// The least points apart of a pairing of the last round without rematch, with the same bye.
fn least_apart(history: &History) -> f64 {
    let (past, points, last) = before_last_round(history);
    let out = last.byes.first().map(|&item| item as usize);
    let mut graph = UnGraph::<(), i128>::default();
    for _ in 0..history.items() {
        graph.add_node(());
    }
    for a in (0..history.items()).filter(|&a| Some(a) != out) {
        for b in (a + 1..history.items()).filter(|&b| Some(b) != out && !past.met[a][b]) {
            let apart = (f64::abs(points[a] - points[b]) * 4.0).round() as i128;
            graph.add_edge(NodeIndex::new(a), NodeIndex::new(b), 10_000 - apart);
        }
    }
    let matched = max_weight_matching(&graph, true, |edge| Ok::<_, ()>(*edge.weight()), true).expect("weights");
    assert_eq!(2 * matched.len(), history.items() - usize::from(out.is_some()));
    matched.iter().map(|&(a, b)| f64::abs(points[a] - points[b])).sum()
}

#[test]
fn unanswered_matches_count_as_met_and_never_hang_it() {
    for items in 2..=20 {
        let mut tournament = tournament(drawn(items), &[&format!("rounds={}", full_rounds(items))]);
        play(&mut tournament, |_| None);
        assert_eq!(tournament.history().played().count(), 0);
        check_rounds(tournament.history(), &format!("{items} items"));
        assert!((0..items).all(|item| !tournament.history().is_withdrawn(item)));
    }
}

#[test]
fn a_tournament_restarts_in_used_memory_as_in_new() {
    let mut used = tournament(drawn(33), &[]);
    play(&mut used, erratic);
    for items in [16, 40, 0, 1, 5] {
        used.restart(drawn(items)).expect("a field");
        play(&mut used, erratic);
        let mut fresh = tournament(drawn(items), &[]);
        play(&mut fresh, erratic);
        assert_eq!(used.state(), fresh.state());
        assert!(used.history().played().eq(fresh.history().played()));
    }
}

#[test]
fn settings_that_cannot_be_used_are_refused_with_what_can() {
    let entry = TopologyEntry::find("swiss").expect("registered");
    for (given, expected) in [
        ("rounds=0", "rounds=0: rounds takes a whole number from 1, or log2"),
        ("rounds=-1", "rounds=-1: rounds takes a whole number from 1, or log2"),
        ("pairing=slide", "pairing=slide: pairing takes fold, adjacent, random"),
        ("exact=maybe", "exact=maybe: exact takes false, true"),
        ("bye=2", "bye=2: bye takes 1, 0.5, 0"),
        ("colour=white", "swiss has no setting 'colour'; it has: rules, rounds, pairing, exact, seeds, bye"),
    ] {
        let refused = entry.topology(&settings(&[given])).expect_err("refused");
        assert_eq!(refused.to_string(), expected);
    }
    let refused = entry.topology(&settings(&["rules=arenarl", "exact=true"])).expect_err("refused").to_string();
    assert_eq!(refused, "exact=true: exact takes no value with rules=arenarl, which pairs greedily after a shuffle");
}

/// What a tournament left: the state that is written down, and the history.
fn remains(tournament: &Tournament) -> String {
    let history = tournament.history();
    let played: Vec<_> = history.played().collect();
    let unanswered: Vec<_> = history.unanswered().collect();
    let state = serde_json::to_string(&tournament.state()).expect("a state");
    format!("{state}\n{played:?}\n{unanswered:?}\n{:?}", history.byes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reports_in_any_order_give_the_same_history(items in 2_u32..40, picks in prop::collection::vec(0_usize..1000, 400)) {
        let mut in_order = tournament(drawn(items), &[]);
        play(&mut in_order, erratic);
        let mut mixed = tournament(drawn(items), &[]);
        let mut open = Vec::new();
        let mut picks = picks.into_iter().cycle();
        while !mixed.is_over() {
            mixed.take_matches(&mut open);
            let game = open.swap_remove(picks.next().unwrap_or(0) % open.len());
            mixed.report(game.id, erratic(game)).expect("a report");
        }
        prop_assert_eq!(remains(&mixed), remains(&in_order));
    }

    #[test]
    fn a_tournament_that_was_written_down_goes_on_as_it_would_have(items in 2_u32..40, stop in 0_usize..100) {
        let mut whole = tournament(drawn(items), &["pairing=random"]);
        play(&mut whole, erratic);
        let mut part = tournament(drawn(items), &["pairing=random"]);
        let mut open = Vec::new();
        for _ in 0..stop {
            part.take_matches(&mut open);
            let Some(game) = open.pop() else { break };
            part.report(game.id, erratic(game)).expect("a report");
        }
        let written = serde_json::to_string(&part.state()).expect("a state");
        let mut resumed = Tournament::resume(serde_json::from_str(&written).expect("a state")).expect("a tournament");
        while !resumed.is_over() {
            for game in resumed.next_matches() {
                resumed.report(game.id, erratic(game)).expect("a report");
            }
        }
        prop_assert_eq!(remains(&resumed), remains(&whole));
    }
}
