//! Profiles and voting rules as users of the library and of the command line meet them.

use assert_cmd::cargo::cargo_bin_cmd;
use palio::data::graph::PreferenceGraph;
use palio::data::profile::Profile;
use palio::data::{ItemId, Items};
use palio::models::kemeny::KemenyOrder;
use palio::models::voting::StvRound;
use palio::models::{Evidence, RaterEntry, Settings, SoftCondorcet, Stv};
use palio::simulation::orders::Mallows;
use palio::structure::feedback_arcs::{FeedbackArcs, Search};
use palio::uncertainty::{BootstrapSettings, bootstrap};
use serde_json::Value;

/// 2 voters with ada > bob > cleo and 3 with cleo > ada > bob: cleo is the Condorcet winner, ada that of
/// Borda's rule.
const PREFLIB: &str = "# NUMBER ALTERNATIVES: 3\n# NUMBER VOTERS: 5\n# ALTERNATIVE NAME 1: ada\n\
                       # ALTERNATIVE NAME 2: bob\n# ALTERNATIVE NAME 3: cleo\n2: 1,2,3\n3: 3,1,2\n";

struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs `palio` in a folder with a file of this name.
fn run(name: &str, content: &str, args: &[&str]) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), content).expect("a file");
    let output = cargo_bin_cmd!("palio").current_dir(folder.path()).args(args).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code().expect("an exit code"), out: text(output.stdout), err: text(output.stderr) }
}

/// Items with their ratings, from the top down.
fn board(name: &str, content: &str, args: &[&str]) -> Vec<(String, f64)> {
    let ran = run(name, content, &[&["rank", name, "--format", "json"], args].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: Value = serde_json::from_str(&ran.out).expect("JSON");
    let row = |row: &Value| (row["item"].as_str().unwrap().to_owned(), row["rating"].as_f64().unwrap());
    json["items"].as_array().unwrap().iter().map(row).collect()
}

fn named(pairs: &[(&str, f64)]) -> Vec<(String, f64)> {
    pairs.iter().map(|&(name, rating)| (name.to_owned(), rating)).collect()
}

#[test]
fn a_preflib_file_is_known_by_its_name() {
    let order = named(&[("cleo", 2.0), ("ada", 1.0), ("bob", 0.0)]);
    for method in ["kemeny", "schulze", "ranked-pairs", "copeland", "stv"] {
        assert_eq!(board("x.soi", PREFLIB, &["--method", method]), order, "{method}");
    }
    let borda = named(&[("ada", 7.0), ("cleo", 6.0), ("bob", 2.0)]);
    assert_eq!(board("x.soc", PREFLIB, &["--method", "borda"]), borda);
    let plurality = named(&[("cleo", 3.0), ("ada", 2.0), ("bob", 0.0)]);
    assert_eq!(board("x.toc", PREFLIB, &["--method", "plurality"]), plurality);
    let soft = board("x.soi", PREFLIB, &["--method", "soft-condorcet"]);
    assert_eq!((&*soft[0].0, soft[0].1, &*soft[2].0, soft[2].1), ("cleo", 5.0, "bob", -5.0));
}

#[test]
fn rankings_are_read_when_asked_for() {
    let csv = "ranking,count\nada>bob>cleo,2\ncleo>ada>bob,3\n";
    let kemeny = named(&[("cleo", 2.0), ("ada", 1.0), ("bob", 0.0)]);
    assert_eq!(board("x.csv", csv, &["--as", "ballots", "--method", "kemeny"]), kemeny);
    let table = "model,x,y,z\nada,3,3,2\nbob,2,1,1\ncleo,1,2,3\n";
    let kemeny = named(&[("ada", 2.0), ("cleo", 1.0), ("bob", 0.0)]);
    assert_eq!(board("x.csv", table, &["--as", "scores", "--method", "kemeny"]), kemeny);
}

#[test]
fn unranked_items_are_below_the_others_when_that_is_said() {
    let csv = "ranking\nada > bob\nada > bob\ncleo > bob\n";
    let unknown = board("x.csv", csv, &["--as", "ballots", "--method", "borda"]);
    assert_eq!(unknown, named(&[("ada", 2.0), ("cleo", 1.0), ("bob", 0.0)]));
    let last = board("x.csv", csv, &["--as", "ballots", "--unranked", "last", "--method", "borda"]);
    assert_eq!(last, named(&[("ada", 4.0), ("bob", 3.0), ("cleo", 2.0)]));
}

#[test]
fn a_log_is_ballots_of_two_to_rules_that_need_ballots() {
    let log = "model_a,model_b,winner\na,b,model_a\nb,c,model_a\na,c,tie\n";
    assert_eq!(board("x.csv", log, &["--method", "plurality"]), named(&[("a", 1.5), ("b", 1.0), ("c", 0.5)]));
}

#[test]
fn ballots_are_what_the_bootstrap_resamples() {
    let args = ["rank", "x.soi", "--method", "copeland", "--interval", "bootstrap", "--resamples", "200"];
    let ran = run(
        "x.soi",
        &PREFLIB.replace("VOTERS: 5", "VOTERS: 50").replace("2: 1", "20: 1").replace("3: 3", "30: 3"),
        &[&args[..], &["--format", "json"]].concat(),
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: Value = serde_json::from_str(&ran.out).expect("JSON");
    // Of 50 voters 30 have cleo first, and in one resample of ten or so no more than half.
    assert_eq!(json["items"][0]["item"], "cleo");
    assert!(json["items"][0]["low"].as_f64().unwrap() < 2.0);
    assert_eq!(json["settings"]["ballots"]["unranked"], "unknown");
    let refused = run("x.soi", PREFLIB, &["rank", "x.soi", "--interval", "fisher"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("not independent"), "{}", refused.err);
}

/// An election of 60 voters: 24 like ada best, and 36 cleo.
fn election() -> String {
    PREFLIB.replace("VOTERS: 5", "VOTERS: 60").replace("2: 1,2,3", "24: 1,2,3").replace("3: 3,1,2", "36: 3,1,2")
}

#[test]
fn errors_of_ballots_are_clustered_by_ballot() {
    // Every second pair of a chain follows from the others.
    let json = |args: &[&str]| -> Value {
        let ran = run("x.soi", &election(), &[args, &["--format", "json"]].concat());
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
        serde_json::from_str(&ran.out).expect("JSON")
    };
    let penalised = ["rank", "x.soi", "--set", "penalty=0.1"];
    let board = json(&penalised);
    assert_eq!(board["fit"]["cluster"]["column"], "ballot");
    assert_eq!(board["fit"]["cluster"]["clusters"], 60);
    // As comparisons the ballots are clusters too.
    let pairs = json(&[&penalised[..], &["--as", "comparisons", "--cluster", "ballot"]].concat());
    assert_eq!(board["fit"]["cluster"]["clusters"], pairs["fit"]["cluster"]["clusters"]);
    for (of_ballots, of_pairs) in board["items"].as_array().unwrap().iter().zip(pairs["items"].as_array().unwrap()) {
        for number in ["rating", "low", "high"] {
            let [ballots, pairs] = [of_ballots, of_pairs].map(|row| row[number].as_f64().unwrap());
            assert!((ballots - pairs).abs() < 1e-9, "{number}: {ballots} against {pairs}");
        }
    }
}

#[test]
fn ballots_are_predicted_cross_validated_and_inspected() {
    let told = |args: &[&str]| {
        let ran = run("x.soi", &election(), args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
        ran.out
    };
    let predicted = told(&["predict", "x.soi", "cleo", "ada", "--set", "penalty=0.1", "--format", "json"]);
    let predicted: Value = serde_json::from_str(&predicted).expect("JSON");
    let share = predicted["pairs"][0]["probability"].as_f64().unwrap();
    assert!((0.4..0.6).contains(&share) && predicted["pairs"][0]["low"].as_f64().unwrap() < share, "{predicted}");
    let lines = told(&["crossval", "x.soi", "--methods", "bradley-terry,plackett-luce", "--folds", "5"]);
    assert!(lines.starts_with("180 comparisons held out in 5 folds by ballot"), "{lines}");
    // A ballot of three is two choices to Plackett-Luce, and three comparisons to Bradley-Terry.
    let json = told(
        &[
            &["crossval", "x.soi", "--methods", "bradley-terry:penalty=0.1,plackett-luce:penalty=0.1"][..],
            &["--folds", "5", "--format", "json"],
        ]
        .concat(),
    );
    let compared: Value = serde_json::from_str(&json).expect("JSON");
    let losses: Vec<f64> =
        compared["methods"].as_array().unwrap().iter().map(|it| it["log_loss"].as_f64().unwrap()).collect();
    assert!((losses[0] - losses[1]).abs() > 1e-4, "{losses:?}");
    let inspected: Value = serde_json::from_str(&told(&["inspect", "x.soi", "--format", "json"])).expect("JSON");
    assert_eq!(inspected["input"][0]["rows"], 2);
    assert!(inspected["warnings"][0]["message"].as_str().unwrap().contains("ballots were taken"));
}

/// Ballots with one item each: nothing is compared, and all is said.
const VOTES: &str = "ranking,count\na,30\nb,31\nc,29\n";

#[test]
fn ballots_with_one_item_are_votes() {
    for method in ["plurality", "approval", "stv"] {
        let found = board("x.csv", VOTES, &["--as", "ballots", "--method", method]);
        let order: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(order, ["b", "a", "c"], "{method}");
        let ran = run("x.csv", VOTES, &["rank", "x.csv", "--as", "ballots", "--method", method, "--strict"]);
        assert_eq!((ran.code, &*ran.err), (0, ""), "{method}");
        assert!(ran.out.starts_with("0 comparisons of 3 items on 90 ballots · identified"), "{}", ran.out);
    }
    let bootstrap =
        ["rank", "x.csv", "--as", "ballots", "--method", "plurality", "--interval", "bootstrap", "--format", "json"];
    let ran = run("x.csv", VOTES, &bootstrap);
    let json: Value = serde_json::from_str(&ran.out).expect("JSON");
    // The share of b is 31/90 of 90 votes: a binomial count.
    let (found, expected) = (json["items"][0]["std_error"].as_f64().unwrap(), (31.0_f64 * 59.0 / 90.0).sqrt());
    assert!((found / expected - 1.0).abs() < 0.1, "{found} and {expected}");
}

#[test]
fn votes_of_one_item_don_t_disarm_the_guard_of_rules_on_pairs() {
    let few = "ranking,count\na>b>c,1\nb>a>c,1\n";
    let many = format!("{few}a,200\nc,150\nb,30\n");
    for method in ["kemeny", "schulze", "copeland", "borda"] {
        for csv in [few, &many] {
            let args = ["rank", "x.csv", "--as", "ballots", "--method", method, "--interval", "bootstrap"];
            let ran = run("x.csv", csv, &args);
            assert!(ran.err.contains("fewer than 5 values of ballot"), "{method}: {}", ran.err);
        }
    }
}

#[test]
fn the_scale_of_weights_elects_nobody() {
    for scale in [0.01, 1.0, 100.0] {
        let csv = format!("ranking,weight\na > b,{}\nc,{}\nd,{}\n", 0.6 * scale, 0.25 * scale, 0.15 * scale);
        let found = board("x.csv", &csv, &["--as", "ballots", "--method", "stv", "--set", "winners=2"]);
        let order: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        // a has 0.6 of which a third stays: 0.27 for b against 0.25 and 0.15; d and then c are taken out.
        assert_eq!(order, ["a", "b", "c", "d"], "{scale}");
    }
}

#[test]
fn a_surplus_that_hangs_on_the_order_of_ballots_is_warned_of() {
    let rows = ["Y,2", "W > Y,10", "W > X,9"];
    let elected = |rows: &[&str], more: &[&str]| {
        let csv = format!("ranking,votes\n{}\n", rows.join("\n"));
        let args = [&["rank", "x.csv", "--as", "ballots", "--method", "stv", "--set", "winners=2"], more].concat();
        let ran = run("x.csv", &csv, &[args.as_slice(), &["--format", "json"]].concat());
        let json: Value = serde_json::from_str(&ran.out).expect("JSON");
        let names: Vec<String> =
            json["items"].as_array().unwrap()[..2].iter().map(|it| it["item"].as_str().unwrap().to_owned()).collect();
        assert_eq!(
            (&json["fit"]["parameters"]["seats"], &json["fit"]["parameters"]["quota"]),
            (&2.0.into(), &8.0.into())
        );
        (names, ran.err.contains("[ballot-order]"))
    };
    let turned = [rows[2], rows[1], rows[0]];
    let named = |names: [&str; 2], warned: bool| (names.map(str::to_owned).to_vec(), warned);
    assert_eq!(elected(&rows, &[]), named(["W", "X"], true));
    assert_eq!(elected(&turned, &[]), named(["W", "Y"], true));
    // By hand: 11 of 19 pass on, 5.79 to Y and 5.21 to X.
    for rows in [&rows, &turned] {
        assert_eq!(elected(rows, &["--set", "surplus=shared"]), named(["W", "Y"], false));
    }
}

#[test]
fn items_that_few_ballots_rank_are_warned_of() {
    let csv = "ranking,votes\na>b>c,40\nb>c>a,30\nc>a>b,20\ne>a,1\n";
    for method in ["minimax", "copeland", "kemeny", "schulze", "ranked-pairs"] {
        let ran = run("x.csv", csv, &["rank", "x.csv", "--as", "ballots", "--method", method]);
        assert!(ran.err.contains("2 of 6 pairs never met"), "{method}: {}", ran.err);
    }
}

#[test]
fn two_columns_of_counts_are_no_guess() {
    let ran = run("x.csv", "ranking,votes,weight\na > b,3,1\n", &["rank", "x.csv", "--as", "ballots"]);
    assert!(
        ran.code == 2 && ran.err.contains("how much a ballot counts: votes, weight; name one with --count"),
        "{}",
        ran.err
    );
    let named =
        run("x.csv", "ranking,votes,weight\na > b,3,1\n", &["rank", "x.csv", "--as", "ballots", "--count", "votes"]);
    assert_eq!(named.code, 0, "{}", named.err);
}

#[test]
fn exhausted_votes_go_to_nobody_by_the_order_of_the_file() {
    let of = |csv: &str, unranked: &str| {
        let args = ["--as", "ballots", "--method", "stv", "--set", "winners=1", "--unranked", unranked];
        board("x.csv", csv, &args).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let turned = "ranking,count\nc,29\nb,31\na,30\n";
    for csv in [VOTES, turned] {
        for unranked in ["unknown", "last"] {
            assert_eq!(of(csv, unranked), ["b", "a", "c"], "{unranked}");
        }
    }
    // Of a tie for the first place both have half: 4 + 3 against 5 + 3, and 2 for cleo, all of whose votes go to ada.
    let shared = "ranking,count\nada,4\nbob,5\nada=bob,6\ncleo>ada,2\n";
    assert_eq!(of(shared, "unknown"), ["ada", "bob", "cleo"]);
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (args, message) in [
        (&["rank", "x.soi", "--by", "judge"][..], "--by is for comparisons"),
        (&["rank", "x.soi", "--winner", "w"], "--winner is for comparisons"),
        (&["rank", "x.soi", "--method", "elo"], "ballots have none"),
        (&["rank", "x.soi", "--cluster", "judge"], "--cluster judge"),
        (&["rank", "x.soi", "--method", "stv", "--set", "winners=3"], "there are 3 items"),
        (&["rank", "x.soi", "--method", "soft-condorcet", "--set", "upper=-9"], "a finite number above lower"),
        (&["rank", "x.soi", "--as", "comparisons", "--ranking", "r"], "say --as ballots"),
        (&["rank", "x.soi", "--as", "ballots", "--equal-scores", "table-order"], "say --as scores"),
        (&["rank", "x.soi", "--as", "scores", "--item", "i"], "--item is for rankings"),
        (&["predict", "x.soi", "--winner", "w"], "--winner is for comparisons"),
        (&["predict", "x.soi", "--method", "elo"], "ballots have none"),
        (&["crossval", "x.soi"], "elo replays comparisons in order"),
        (&["crossval", "x.soi", "--methods", "bradley-terry", "--fold-by", "day"], "no column day"),
        (&["crossval", "x.soi", "--methods", "bradley-terry", "--fold-by", "time"], "ballots have no time"),
        (&["inspect", "x.soi", "--judge", "j"], "--judge is for comparisons"),
    ] {
        let ran = run("x.soi", PREFLIB, args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(message), "{args:?}: {}", ran.err);
    }
    let damaged = run("x.soi", &PREFLIB.replace("3: 3,1,2", "3: 3,1,3"), &["rank", "x.soi"]);
    assert!(damaged.err.contains("x.soi, line 7: \"cleo\" is ranked twice"), "{}", damaged.err);
}

/// Complete orders of many voters.
fn dispersed(items: usize, dispersion: f64, voters: u64) -> Profile {
    let mut profile = Profile::new((0..items).map(|item| item.to_string()).collect::<Items>());
    let mallows = Mallows { items, dispersion };
    for voter in 0..voters {
        let places: Vec<[ItemId; 1]> = mallows.draw(1, voter).iter().map(|&item| [ItemId(item as u32)]).collect();
        profile.push(&places, 1.0).expect("a ballot");
    }
    profile
}

/// The votes against an order.
fn distance(graph: &PreferenceGraph, order: &[usize]) -> f64 {
    let pairs = graph.pair_sums();
    let place = |item: u32| order.iter().position(|&other| other == item as usize).unwrap();
    let against = |pair: usize| {
        if place(pairs.low[pair]) < place(pairs.high[pair]) { pairs.high_wins[pair] } else { pairs.low_wins[pair] }
    };
    (0..pairs.low.len()).map(against).sum()
}

fn each_order(order: &mut Vec<usize>, from: usize, each: &mut impl FnMut(&[usize])) {
    if from == order.len() {
        return each(order);
    }
    for at in from..order.len() {
        order.swap(from, at);
        each_order(order, from + 1, each);
        order.swap(from, at);
    }
}

#[test]
fn no_order_is_nearer_to_the_ballots_than_kemenys() {
    for (dispersion, voters) in [(0.5, 9), (0.9, 8), (0.99, 7), (1.0, 6)] {
        let graph = dispersed(7, dispersion, voters).graph();
        let found = KemenyOrder::of(&graph);
        let mut best = Vec::new();
        each_order(&mut (0..7).collect(), 0, &mut |order| best.push((distance(&graph, order), order.to_vec())));
        let least = best.iter().map(|(distance, _)| *distance).fold(f64::INFINITY, f64::min);
        best.retain(|(distance, _)| *distance <= least);
        let first = best.iter().map(|(_, order)| order).min().unwrap();
        let order: Vec<usize> = found.order.iter().map(|item| item.index()).collect();
        assert_eq!((&order, found.distance, found.bound), (first, least, least));
        assert_eq!(found.unique, Some(best.len() == 1));
    }
}

#[test]
#[expect(clippy::float_cmp, reason = "these values are exact")]
fn a_proof_can_beat_the_local_search_it_begins_with() {
    let mut beaten = 0;
    for voters in 5..25 {
        let graph = dispersed(24, 0.98, voters).graph();
        let found = KemenyOrder::of(&graph);
        let pairs = graph.pair_sums();
        let unavoidable: f64 = pairs.low_wins.iter().zip(&pairs.high_wins).map(|(low, high)| low.min(*high)).sum();
        let local = FeedbackArcs::of(&graph.majority(), Search::Best).weight + unavoidable;
        let order: Vec<usize> = found.order.iter().map(|item| item.index()).collect();
        assert_eq!(distance(&graph, &order), found.distance);
        assert!(found.distance <= local && found.bound <= found.distance);
        beaten += usize::from(found.bound == found.distance && found.distance < local);
    }
    assert!(beaten > 0, "the local search found the best order each time");
}

#[test]
#[expect(clippy::float_cmp, reason = "these values are exact")]
fn a_bound_stands_where_there_is_no_proof() {
    let graph = dispersed(80, 0.999, 5).graph();
    let found = KemenyOrder::of(&graph);
    assert!(found.bound < found.distance && found.bound > 0.0);
    let order: Vec<usize> = found.order.iter().map(|item| item.index()).collect();
    assert_eq!(distance(&graph, &order), found.distance);
}

#[test]
#[expect(clippy::float_cmp, reason = "these values are exact")]
fn a_condorcet_winner_is_at_the_top_of_the_box() {
    let graph = dispersed(12, 0.8, 25).graph();
    let winner = palio::structure::dominance::Dominance::of(&graph).condorcet_winner.expect("a Condorcet winner");
    for (lower, upper) in [(-5.0, 5.0), (0.0, 3.0)] {
        let rule = SoftCondorcet { lower, upper, ..SoftCondorcet::default() };
        let found = rule.solve((&graph).into()).expect("a minimum");
        assert_eq!(found.ratings[winner.index()], upper);
        assert!(found.convergence.converged && found.ratings.iter().all(|rating| (lower..=upper).contains(rating)));
        // Nothing near is lower.
        for item in 0..12 {
            for by in [-1e-3, 1e-3] {
                let mut near = found.ratings.clone();
                near[item] = (near[item] + by).clamp(lower, upper);
                assert!(rule.loss(&graph, &near) >= found.loss - 1e-12);
            }
        }
    }
}

#[test]
fn a_symmetric_cycle_has_no_only_minimum() {
    let mut profile = Profile::new(["a", "b", "c"].into_iter().collect());
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
        profile.push(&order.map(|item| [ItemId(item)]), 1.0).expect("a ballot");
    }
    let graph = profile.graph();
    let found = SoftCondorcet::default().solve((&graph).into()).expect("a minimum");
    assert_eq!(found.unique, Some(false));
    assert!(found.loss < SoftCondorcet::default().loss(&graph, &[0.0; 3]));
}

#[test]
fn elected_items_keep_their_quota_and_pass_on_the_rest() {
    let mut profile = Profile::new(["a", "b", "c", "d"].into_iter().collect());
    let ballot = |ids: &[u32]| ids.iter().map(|&id| [ItemId(id)]).collect::<Vec<_>>();
    profile.push(&ballot(&[0, 1]), 5.0).expect("a ballot");
    profile.push(&ballot(&[2, 3]), 3.0).expect("a ballot");
    profile.push(&ballot(&[3]), 1.0).expect("a ballot");
    let rounds = Stv { winners: Some(2), ..Stv::default() }.rounds(&profile).expect("rounds");
    let round =
        |item, votes, elected, tied| StvRound { item: ItemId(item), votes, elected, tied, by_ballot_order: false };
    // The quota is ⌊9 / 3 + 1⌋ = 4.
    let expected = [
        round(0, 5.0, true, false),
        round(3, 1.0, false, true),
        round(1, 1.0, false, false),
        round(2, 3.0, false, false),
    ];
    assert_eq!(rounds, expected);
}

#[test]
fn resampled_ballots_spread_what_comparisons_would_not() {
    // Each ballot is a chain, so that its pairs agree: their errors are larger than independent pairs have.
    let profile = dispersed(4, 0.9, 40);
    let graph = profile.graph();
    let entry = RaterEntry::find("bradley-terry").expect("it is registered");
    let rater = entry.rater(&Settings::default()).expect("defaults");
    let settings = BootstrapSettings { resamples: 200, seed: 1, units: entry.units };
    let error = |evidence: Evidence<'_>| {
        let fitted = rater.fit(evidence, None).expect("a fit");
        bootstrap(&*rater, evidence, &*fitted, None, settings, &|| {})
            .expect("a bootstrap")
            .std_error(ItemId(0))
            .unwrap()
    };
    let pairs = error((&graph).into());
    let ballots = error(Evidence { ballots: Some(&profile), ..(&graph).into() });
    assert!(ballots > 1.1 * pairs, "{ballots} against {pairs}");
}
