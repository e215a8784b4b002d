//! The topologies of the published code of `ArenaRL` in the group vectors, match by match: who met whom
//! in which order, with which scores, and which advantages came of it.
//!
//! Rewards and advantages are computed here from their formulas, so that a difference is one of the
//! topologies or of their standings, and once more by the preset, as a user gets them.

use palio::advantages::{
    AdvantageSettings, AggregateSettings, Aggregation, AggregationEntry, Contest, Groups, RankTies, aggregate,
    normalize, ranks,
};
use palio::settings::Settings;
use palio::tournaments::{
    Draw, Field, History, Match, MatchResult, Played, Rules, Stage, TopologyEntry, Tournament, arenarl,
};
use serde_json::Value;

use crate::Check;
use crate::close::{assert_close, numbers};
use crate::shared::Shared;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("round_robin", |shared| check(shared, "arenarl.round_robin", 4)),
    ("anchor", |shared| check(shared, "arenarl.anchor", 2)),
    ("single_elimination", |shared| check(shared, "arenarl.single_elimination", 7)),
    ("double_elimination", |shared| check(shared, "arenarl.double_elimination", 3)),
    ("swiss", |shared| check(shared, "arenarl.swiss", 5)),
    ("swiss_that_credits_others", swiss_that_credits_others),
    ("bracket_orders", bracket_orders),
    ("comparison_counts", comparison_counts),
];

/// The topology's name and the name of its method in the vectors.
const NAMES: [(&str, &str); 5] = [
    ("round-robin", "round_robin"),
    ("anchor", "anchor"),
    ("seeded-single-elimination", "single_elimination"),
    ("double-elimination", "double_elimination"),
    ("swiss", "swiss"),
];

/// The cases of this method.
fn cases(shared: &Shared, method: &str) -> Vec<Value> {
    let vectors = shared.json("vectors/groups.json");
    let cases = vectors["cases"].as_array().expect("cases");
    cases.iter().filter(|case| case["method"] == method).cloned().collect()
}

fn topology(method: &str) -> &'static str {
    let named =
        |&&(_, name): &&(&str, &str)| method.strip_prefix("arenarl.").is_some_and(|rest| rest.starts_with(name));
    NAMES.iter().find(named).expect("a topology").0
}

/// The scores that the case's judge gives to both sides.
fn judge(inputs: &Value, game: Match) -> [f64; 2] {
    let (left, right) = (game.left as usize, game.right as usize);
    if let Some(quality) = inputs["item_score"].as_array() {
        return [left, right].map(|item| quality[item].as_f64().expect("a score"));
    }
    let pairs = inputs["scores"].as_array().expect("scores of pairs");
    let of = |first: usize, second: usize| {
        let pair = pairs.iter().find(|pair| pair[0] == first && pair[1] == second)?;
        Some([&pair[2], &pair[3]].map(|score| score.as_f64().expect("a score")))
    };
    let mirrored = || of(right, left).map(|[right, left]| [left, right]);
    of(left, right).or_else(mirrored).unwrap_or_else(|| panic!("no scores of {left} and {right}"))
}

fn played(topology: &str, settings: &[String], items: u32, judge: impl Fn(Match) -> [f64; 2]) -> History {
    let settings = Settings::parse(settings).expect("pairs");
    let field = Field::new(items, Draw::AsGiven);
    let mut tournament = Tournament::new(topology, &settings, field).expect("a tournament");
    while !tournament.is_over() {
        for game in tournament.next_matches() {
            let [left, right] = judge(game);
            tournament.report(game.id, Some(MatchResult::from_scores(left, right, 0.0))).expect("a report");
        }
    }
    tournament.history().clone()
}

fn played_case(case: &Value) -> (&'static str, History) {
    let (inputs, topology) = (&case["inputs"], topology(case["method"].as_str().expect("a method")));
    let mut settings = vec!["rules=arenarl".to_owned()];
    settings.extend(inputs["max_num_rounds"].as_u64().map(|rounds| format!("rounds={rounds}")));
    let items = inputs["n"].as_u64().expect("a size") as u32;
    (topology, played(topology, &settings, items, |game| judge(inputs, game)))
}

fn check(shared: &Shared, method: &str, at_least: usize) {
    let cases = cases(shared, method);
    assert!(cases.len() >= at_least, "{} cases of {method}", cases.len());
    for case in cases {
        let (topology, history) = played_case(&case);
        let (id, outputs) = (&case["id"], &case["outputs"]);
        if let Some(expected) = outputs["matches"].as_array() {
            let expected: Vec<Vec<f64>> = expected.iter().map(numbers).collect();
            assert_eq!(matches(&history), expected, "matches of {id}");
        }
        if let Some(comparisons) = outputs["comparisons"].as_u64() {
            assert_eq!(history.played().count() as u64, comparisons, "comparisons of {id}");
        }
        let tolerance = case["tolerance"].as_f64().expect("a tolerance");
        let expected = numbers(&outputs["advantage"]);
        assert_close(&format!("advantages of {id}"), &advantages(topology, &history), &expected, tolerance);
        assert_close(&format!("preset of {id}"), &preset_advantages(topology, &history), &expected, tolerance);
    }
}

/// Left, right and their scores, in the order of the calls.
fn matches(history: &History) -> Vec<Vec<f64>> {
    let row = |played: Played| {
        let [left, right] = played.result.scores;
        vec![f64::from(played.game.left), f64::from(played.game.right), left, right]
    };
    history.played().map(row).collect()
}

fn advantages(topology: &str, history: &History) -> Vec<f64> {
    z_scores(&match topology {
        "round-robin" => scaled_by_the_last_rank(&wins(history)),
        "anchor" => scaled_by_the_last_rank(&raw_scores(history)),
        "swiss" => quantiles_of_tie_groups(&arenarl::swiss_standing(history)),
        _ => quantiles(history),
    })
}

/// By the topology's own aggregation and the preset.
fn preset_advantages(topology: &str, history: &History) -> Vec<f64> {
    let preset = AdvantageSettings::preset("arenarl").expect("a preset");
    let own = AggregationEntry::find(TopologyEntry::find(topology).expect("an entry").aggregation);
    let own = AggregateSettings::new(own.expect("an aggregation").aggregation);
    let standing = aggregate(history, &AggregateSettings { rules: Rules::ArenaRl, ..own });
    let rewards = preset.reward.of_standing(&Contest::new(history, &standing)).expect("rewards");
    normalize(&rewards, &Groups::blocks(rewards.len(), rewards.len()), None, &preset.normalize).expect("advantages")
}

fn z_scores(rewards: &[f64]) -> Vec<f64> {
    let n = rewards.len() as f64;
    let mean = rewards.iter().sum::<f64>() / n;
    let variance = rewards.iter().map(|reward| (reward - mean).powi(2)).sum::<f64>() / (n - 1.0);
    rewards.iter().map(|reward| (reward - mean) / (variance.sqrt() + 1e-6)).collect()
}

/// 1 for the best and 0 for the last, by rank.
fn quantiles(history: &History) -> Vec<f64> {
    let settings = AggregateSettings { rules: Rules::ArenaRl, ..AggregateSettings::new(Aggregation::Bracket) };
    let standing = aggregate(history, &settings);
    let last = history.items() as f64 - 1.0;
    standing.ranks.iter().map(|rank| 1.0 - (rank.expect("a rank") - 1.0) / last).collect()
}

fn scaled_by_the_last_rank(values: &[f64]) -> Vec<f64> {
    let ranks: Vec<f64> = ranks(values, RankTies::Min).into_iter().map(|rank| rank.expect("a rank")).collect();
    let last = ranks.iter().copied().fold(1.0, f64::max);
    ranks.iter().map(|rank| if last > 1.0 { (last - rank) / (last - 1.0) } else { 0.0 }).collect()
}

fn quantiles_of_tie_groups(standing: &[[f64; 2]]) -> Vec<f64> {
    // Buchholz is a sum of halves below N², so that it never outweighs half a point here.
    let scale = 2.0 * (standing.len() as f64 + 1.0).powi(2);
    let values: Vec<f64> = standing.iter().map(|[points, buchholz]| points * scale + buchholz).collect();
    let last = standing.len() as f64 - 1.0;
    ranks(&values, RankTies::Mean).into_iter().map(|rank| 1.0 - (rank.expect("a rank") - 1.0) / last).collect()
}

fn wins(history: &History) -> Vec<f64> {
    let mut wins = vec![0.0; history.items()];
    for played in history.played() {
        let share = played.result.outcome.share();
        wins[played.game.left as usize] += share;
        wins[played.game.right as usize] += 1.0 - share;
    }
    wins
}

/// The challengers' scores, and the mean of the anchor's.
fn raw_scores(history: &History) -> Vec<f64> {
    let mut scores = vec![0.0; history.items()];
    let challengers = history.items() as f64 - 1.0;
    for played in history.played() {
        let [left, right] = played.result.scores;
        scores[played.game.left as usize] += left;
        scores[played.game.right as usize] += right / challengers;
    }
    scores
}

/// The shipped Swiss tournament credits points to others than who won them. Credited right, the very
/// same matches have the item that won all of its own in front, and not the advantages that shipped.
fn swiss_that_credits_others(shared: &Shared) {
    let demo = cases(shared, "arenarl.swiss(as shipped, DO NOT REPRODUCE)");
    let [case] = &demo[..] else { panic!("one case") };
    let mut history = History::new(8);
    for (row, round) in case["outputs"]["matches"].as_array().expect("matches").iter().zip((4..).map(|row| row / 4)) {
        let [left, right, left_score, right_score] = numbers(row)[..] else { panic!("four numbers") };
        let game = Match { id: 0, round, stage: Stage::Main, left: left as u32, right: right as u32 };
        let result = MatchResult::from_scores(left_score, right_score, 0.0);
        history.push(Played { game, result, weight: 1.0 }).expect("two items of the group");
    }
    let right = advantages("swiss", &history);
    let shipped = numbers(&case["outputs"]["advantage"]);
    assert!(right.iter().zip(&shipped).any(|(right, shipped)| (right - shipped).abs() > 0.1), "{right:?}");
    assert_eq!(ranks(&right, RankTies::Min)[7], Some(1.0), "the best item won all its matches: {right:?}");
    assert!(shipped[6] > shipped[5] && right[6] < right[5], "two points are less than three");
}

/// First matches, seen from a judge whose scores make every seed the item's number.
fn bracket_orders(shared: &Shared) {
    let orders = cases(shared, "arenarl.single_elimination.bracket");
    let orders = orders[0]["outputs"]["order_of_seeds_0based"].as_object().expect("orders");
    assert_eq!(orders.len(), 16);
    for (items, expected) in orders.iter().filter(|(items, _)| *items != "1") {
        let items: u32 = items.parse().expect("a number");
        let quality = |item: u32| f64::from(items - item);
        let history = played("seeded-single-elimination", &["rules=arenarl".to_owned()], items, |game| {
            [quality(game.left), quality(game.right)]
        });
        let first = history.played().filter(|played| played.game.round == 2);
        let mut order: Vec<u32> = first.flat_map(|played| [played.game.left, played.game.right]).collect();
        order.extend(history.byes().iter().filter(|bye| bye.round == 2).map(|bye| bye.item));
        let expected: Vec<u32> = numbers(expected).into_iter().map(|seed| seed as u32).collect();
        assert_eq!(order, expected, "{items} items");
    }
}

fn comparison_counts(shared: &Shared) {
    let counts = cases(shared, "arenarl.counts");
    let counts = counts[0]["outputs"]["comparisons"].as_object().expect("counts");
    assert_eq!(counts.len(), 15);
    for (items, expected) in counts {
        let items: u32 = items.parse().expect("a number");
        for (topology, method) in NAMES {
            let scores = |game: Match| [f64::from(game.left), f64::from(game.right)];
            let history = played(topology, &["rules=arenarl".to_owned()], items, scores);
            assert_eq!(history.played().count() as u64, expected[method], "{topology} of {items}");
        }
    }
}
