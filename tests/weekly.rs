//! A board from week to week: what moved, new items on a board that stays, anchors, names.

use std::path::{Path, PathBuf};

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;

const VOTES: &str = "fixtures/votes.csv";

/// Exit code, stdout and stderr of a run.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = cargo_bin_cmd!("palio").args(args).output().expect("palio runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

fn json(args: &[&str]) -> Value {
    let (_, out, err) = run(&[args, &["--format", "json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"))
}

fn refused(args: &[&str]) -> String {
    let (code, out, err) = run(args);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    err
}

/// A directory with a file of that text, and the file's path.
fn file(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    std::fs::write(&path, text).expect("a file");
    let shown = path.display().to_string();
    (directory, shown)
}

fn item<'r>(report: &'r Value, name: &str) -> &'r Value {
    let items = report["items"].as_array().expect("items");
    items.iter().find(|item| item["item"] == name).unwrap_or_else(|| panic!("no {name}: {items:?}"))
}

fn number(item: &Value, key: &str) -> f64 {
    item[key].as_f64().unwrap_or_else(|| panic!("no {key}: {item}"))
}

/// The board of a run in a format, as a file.
fn board(args: &[&str], name: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let path: PathBuf = directory.path().join(name);
    let shown = path.display().to_string();
    let (code, _, err) = run(&[&["rank", VOTES, "-o", &shown], args].concat());
    assert_eq!(code, 0, "{err}");
    (directory, shown)
}

#[test]
fn what_moved_is_told_from_every_form_of_a_board() {
    let first = ["--until", "2025-02-15", "--center", "1200"];
    for (name, more) in [("b.json", &[][..]), ("b.csv", &[]), ("b.csv", &["--columns", "arena"])] {
        let (_kept, path) = board(&[&first, more].concat(), name);
        let report = json(&["rank", VOTES, "--since", "2025-02-15", "--previous", &path]);
        let moves = &report["previous"];
        let items = moves["items"].as_array().expect("moves");
        assert_eq!(items.len(), 5, "{name}");
        // The centre of then does not matter: ratings are compared up to the median change.
        assert!((number(moves, "shift") + 200.0).abs() < 100.0, "{moves}");
        assert!(items.iter().any(|it| number(it, "change").abs() < 1e-9));
        for it in items {
            let now = number(item(&report, it["item"].as_str().unwrap()), "rating");
            assert!((now - number(it, "rating")).abs() < 1e-9);
            let beyond = number(it, "change").abs() > 1.959_963_984_540_054 * number(it, "std_error");
            assert_eq!(it["beyond"], beyond);
        }
        assert_eq!(report["input"][1]["path"].as_str(), Some(path.as_str()));
    }
}

#[test]
fn a_change_beyond_both_intervals_is_told_from_one_within() {
    let text =
        "item,rating,std_error\namber,1300,5\nbirch,1060,20\ncedar,1110,20\ndune,900,20\nelm,850,20\nfir,1000,9\n";
    let (_kept, path) = file("b.csv", text);
    let (code, out, _) = run(&["rank", VOTES, "--previous", &path]);
    assert_eq!(code, 0);
    let told: Vec<&str> = out.lines().skip_while(|line| !line.starts_with("since ")).collect();
    assert!(told.iter().any(|line| line.trim_start().starts_with("amber  down")), "{out}");
    assert!(out.contains("changed beyond their 95% intervals, which carry the errors of both boards:"), "{out}");
    // Whether the boards share comparisons is not known, so no number is said to be what chance alone would give.
    assert!(
        out.contains("intervals are as if the boards rested on different comparisons") && !out.contains("by chance")
    );
    assert!(out.contains("changed within them, the most ") && out.contains("gone: 1 (fir)"), "{out}");
}

#[test]
fn boards_are_compared_with_those_of_their_names() {
    let boards = ["--board", "code=is_code", "--board", "german=language = 'German'"];
    let (_kept, path) = board(&boards[..2], "b.csv");
    let report = json(&[&["rank", VOTES, "--previous", &path], &boards[..]].concat());
    assert_eq!(report["boards"][0]["previous"]["items"].as_array().map(Vec::len), Some(5));
    assert!(
        report["boards"][0]["previous"]["items"].as_array().unwrap().iter().all(|it| number(it, "change").abs() < 1e-6)
    );
    assert!(report["boards"][1]["previous"].is_null());
    let warning = &report["warnings"][0];
    assert_eq!(warning["code"], "no-previous-board");
    assert!(warning["message"].as_str().unwrap().starts_with("german: "), "{warning}");
}

#[test]
fn a_previous_board_with_other_items_has_its_message() {
    let (_kept, path) = file("b.csv", "item,rating\noak,1000\npine,1100\n");
    let err = refused(&["rank", VOTES, "--previous", &path]);
    assert!(err.contains("none of its 2 items (oak, pine) is rated here, where there are 5 (cedar, "), "{err}");
    assert!(err.contains("--rename FILE"), "{err}");
    let (code, _, err) = run(&["rank", VOTES, "--previous", "/nowhere/board.csv"]);
    assert_eq!(code, 1, "{err}");
    let (_kept, path) = file("b.csv", "a,b\n1,2\n");
    assert!(refused(&["rank", VOTES, "--fixed", &path]).contains("no column for the items"));
}

#[test]
fn items_of_a_fixed_board_stay_and_new_ones_get_errors() {
    let without = ["--where", "model_a != 'elm' and model_b != 'elm'", "--center", "1100"];
    let (_kept, path) = board(&without, "b.json");
    let before: Value = serde_json::from_slice(&std::fs::read(Path::new(&path)).unwrap()).unwrap();
    let report = json(&["rank", VOTES, "--fixed", &path]);
    for old in before["items"].as_array().unwrap() {
        let now = item(&report, old["item"].as_str().unwrap());
        for key in ["rating", "std_error", "low", "high"] {
            assert!((number(now, key) - number(old, key)).abs() < 1e-9, "{key}: {now} and {old}");
        }
    }
    let (placed, all) = (item(&report, "elm"), json(&["rank", VOTES]));
    // The fit of all, moved to where the board has the others.
    let others = ["amber", "birch", "cedar", "dune"];
    let mean = |report: &Value| others.iter().map(|name| number(item(report, name), "rating")).sum::<f64>() / 4.0;
    let expected = number(item(&all, "elm"), "rating") - mean(&all) + mean(&report);
    assert!(number(placed, "low") < expected && expected < number(placed, "high"), "{placed}");
    assert!(number(placed, "std_error") > 1.0);
    assert_eq!(report["settings"]["fixed"].as_str(), Some(path.as_str()));
    assert_eq!(report["settings"]["center"], Value::Null);
}

#[test]
fn items_of_a_fixed_board_that_the_log_lacks_are_shown_too() {
    let (_kept, path) = file("b.csv", "item,rating,low,high\namber,1100,1090,1110\noak,1500,1490,1510\n");
    let report = json(&["rank", VOTES, "--fixed", &path]);
    assert_eq!(item(&report, "oak")["rank"], 1);
    assert_eq!(item(&report, "oak")["low"], 1490.0);
    assert_eq!(report["items"].as_array().map(Vec::len), Some(6));
    let (_, out, _) = run(&["rank", VOTES, "--fixed", &path]);
    assert!(out.contains("1500 ±10"), "{out}");
}

#[test]
fn an_anchor_with_a_deviation_gives_way_as_far_as_it_is_uncertain() {
    let plain = json(&["rank", VOTES, "--anchor", "birch=1000"]);
    let gap = number(item(&plain, "amber"), "rating") - 1000.0;
    let rating = |deviation: &str| {
        let anchor = format!("amber={}+-{deviation}", 1000.0 + gap + 100.0);
        let report = json(&["rank", VOTES, "--anchor", "birch=1000", "--anchor", &anchor]);
        assert_eq!(item(&report, "birch")["rating"], 1000.0);
        assert_eq!(item(&report, "birch")["std_error"], 0.0);
        number(item(&report, "amber"), "rating") - 1000.0 - gap
    };
    let (tight, loose) = (rating("1"), rating("1000"));
    assert!(tight > 90.0 && loose.abs() < 2.0 && loose > 0.0, "{tight} {loose}");
    let moved = json(&["rank", VOTES, "--anchor", "birch=1000", "--anchor", "amber=1300"]);
    assert_eq!(item(&moved, "amber")["rating"], 1300.0);
}

#[test]
fn a_board_as_priors_is_news_added_to_what_was_known() {
    let (_kept, path) = board(&["--until", "2025-02-15", "--cluster", "none"], "b.json");
    let report = json(&["rank", VOTES, "--since", "2025-02-15", "--priors", &path, "--cluster", "none"]);
    let all = json(&["rank", VOTES, "--cluster", "none"]);
    let mean = |report: &Value| {
        let items = report["items"].as_array().unwrap();
        items.iter().map(|item| number(item, "rating")).sum::<f64>() / items.len() as f64
    };
    for name in ["amber", "birch", "cedar", "dune", "elm"] {
        let one = number(item(&report, name), "rating") - mean(&report);
        let other = number(item(&all, name), "rating") - mean(&all);
        // Independent normal priors are not quite the first half's likelihood.
        assert!((one - other).abs() < 8.0, "{name} {one} {other}");
    }
}

#[test]
fn items_are_hidden_and_renamed_after_the_fit() {
    let (_kept, hidden) = file("hide.txt", "# not public\ndune\nnobody\n");
    let (_also, renamed) = file("names.csv", "amber,Amber 2\n");
    let report = json(&["rank", VOTES, "--hide", &hidden, "--rename", &renamed]);
    let all = json(&["rank", VOTES]);
    assert_eq!(report["items"].as_array().map(Vec::len), Some(4));
    assert_eq!(report["hidden"], 1);
    assert_eq!(item(&report, "Amber 2")["rating"], item(&all, "amber")["rating"]);
    assert_eq!(report["warnings"][0]["code"], "unknown-names");
    let (_kept, renamed) = file("names.csv", "amber,elm\n");
    assert!(refused(&["rank", VOTES, "--rename", &renamed]).contains("both as \"elm\""));
    let (_kept, renamed) = file("names.csv", "amber\n");
    assert!(refused(&["rank", VOTES, "--rename", &renamed]).contains("is not two names"));
}

#[test]
fn the_columns_of_the_public_leaderboards_are_written_and_read_again() {
    let args = ["rank", VOTES, "--board", "code=is_code", "--columns", "arena", "--publish-date", "2025-03-01"];
    let (code, out, _) = run(&args);
    assert_eq!(code, 0);
    let header =
        "model_name,rating,rating_lower,rating_upper,variance,vote_count,rank,category,leaderboard_publish_date";
    assert_eq!(out.lines().next(), Some(header));
    assert!(out.lines().nth(1).unwrap().ends_with(",1,code,2025-03-01"), "{out}");
    let (_, out, _) = run(&[&args[..], &["--format", "jsonl"]].concat());
    let row: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(row["category"], "code");
    assert!(refused(&[&args[..], &["--format", "json"]].concat()).contains("goes with --format csv or jsonl"));
    assert!(refused(&["rank", VOTES, "--publish-date", "2025-03-01"]).contains("goes with --columns arena"));
}

#[test]
fn known_ratings_go_with_what_they_can_be_told_to() {
    let anchors = ["rank", VOTES, "--anchor", "amber=1000", "--anchor", "elm=900"];
    for (more, part) in [
        (&["--method", "elo"][..], "elo has units of its own"),
        (&["--ties", "davidson"], "--ties half or drop"),
        (&["--set", "penalty=1"], "no penalty"),
        (&["--interval", "bootstrap"], "--interval sandwich, fisher or none"),
        (&["--center", "1"], "cannot be used with"),
    ] {
        let err = refused(&[&anchors[..], more].concat());
        assert!(err.contains(part), "{more:?}: {err}");
    }
    let err = refused(&["rank", VOTES, "--anchor", "oak=1000+-50"]);
    assert!(err.contains("none of the 5 items of the log is one whose rating is given"), "{err}");
    let (_kept, path) = file("b.csv", "item,rating\namber,1000\n");
    assert!(refused(&["rank", VOTES, "--priors", &path]).contains("gives no standard error, variance or interval"));
}

/// The log, with an item's name and another one that it is shown by.
const NAMES: &str = "amber,Amber 2\nelm,Elm 1\n";

#[test]
fn a_board_made_with_other_names_is_fixed_and_prior_and_previous_by_them() {
    let (_names, names) = file("names.csv", NAMES);
    let without = ["--where", "model_a != 'elm' and model_b != 'elm'"];
    let (_kept, path) = board(&[&without[..], &["--rename", &names]].concat(), "b.json");
    let (_plain, plain) = board(&without, "b.json");
    let placed = json(&["rank", VOTES, "--fixed", &path, "--rename", &names]);
    let expected = json(&["rank", VOTES, "--fixed", &plain]);
    assert_eq!(item(&placed, "Amber 2")["rating"], item(&expected, "amber")["rating"]);
    assert_eq!(item(&placed, "Elm 1")["rating"], item(&expected, "elm")["rating"]);
    assert_eq!((placed["fixed"]["staying"].as_u64(), placed["fixed"]["new"][0].as_str()), (Some(4), Some("Elm 1")));
    assert_eq!(placed["items"].as_array().map(Vec::len), Some(5));
    for option in ["--priors", "--previous"] {
        let one = json(&["rank", VOTES, option, &path, "--rename", &names]);
        let other = json(&["rank", VOTES, option, &plain]);
        assert_eq!(item(&one, "Amber 2")["rating"], item(&other, "amber")["rating"], "{option}");
        assert_eq!(one["warnings"], other["warnings"]);
    }
    let moves = json(&["rank", VOTES, "--previous", &plain, "--rename", &names]);
    assert_eq!(
        (&moves["previous"]["new"], &moves["previous"]["gone"]),
        (&serde_json::json!(["Elm 1"]), &serde_json::json!([]))
    );
}

#[test]
fn names_of_priors_that_the_log_lacks_are_told() {
    let (_kept, path) = file("b.csv", "item,rating,std_error\namber,1100,9\noak,900,9\n");
    let report = json(&["rank", VOTES, "--priors", &path]);
    let warning = report["warnings"].as_array().unwrap().iter().find(|it| it["code"] == "unknown-names").unwrap();
    assert_eq!(warning["message"], "names of --priors that the log has not: 1 such as \"oak\"");
}

#[test]
fn an_anchor_on_an_item_of_the_fixed_board_or_twice_on_one_item_is_refused() {
    let (_kept, path) = board(&["--where", "model_a != 'elm' and model_b != 'elm'"], "b.json");
    let err = refused(&["rank", VOTES, "--fixed", &path, "--anchor", "amber=1500+-5"]);
    assert!(err.contains("--anchor amber: the board of --fixed has this item"), "{err}");
    assert_eq!(run(&["rank", VOTES, "--fixed", &path, "--anchor", "elm=900+-5"]).0, 0);
    let err = refused(&["rank", VOTES, "--anchor", "amber=1", "--anchor", "amber=2000"]);
    assert!(err.contains("--anchor amber: two ratings for one item"), "{err}");
}

#[test]
fn boards_in_log_odds_and_in_elo_points_go_together_and_others_do_not() {
    let first = ["--until", "2025-02-15"];
    let (_elo, elo) = board(&first, "b.json");
    let (_odds, odds) = board(&[&first[..], &["--scale", "log-odds"]].concat(), "b.json");
    let changes = |path: &str| -> Vec<f64> {
        let report = json(&["rank", VOTES, "--previous", path]);
        report["previous"]["items"].as_array().unwrap().iter().map(|it| number(it, "change")).collect()
    };
    for (one, other) in changes(&elo).into_iter().zip(changes(&odds)) {
        assert!((one - other).abs() < 1e-6, "{one} {other}");
    }
    let (_share, share) = board(&[&first[..], &["--scale", "win-rate"]].concat(), "b.json");
    let err = refused(&["rank", VOTES, "--previous", &share]);
    assert!(err.contains("its ratings are win rates against the mean item, and those here Elo points"), "{err}");
    assert_eq!(run(&["rank", VOTES, "--previous", &share, "--scale", "win-rate"]).0, 0);
    let (_own, own) = board(&[&first[..], &["--method", "elo"]].concat(), "b.json");
    let err = refused(&["rank", VOTES, "--fixed", &own]);
    assert!(err.contains("its ratings are units of elo, and those here Elo points"), "{err}");
}

#[test]
fn a_start_that_leads_nowhere_changes_no_rating() {
    let (_kept, path) = file("b.csv", "item,rating\namber,1e300\nbirch,-1e300\ncedar,1e308\ndune,0\nelm,1\n");
    let (started, plain) = (json(&["rank", VOTES, "--previous", &path]), json(&["rank", VOTES]));
    assert_eq!(started["fit"]["converged"], true);
    for name in ["amber", "birch", "cedar", "dune", "elm"] {
        let apart = number(item(&started, name), "rating") - number(item(&plain, name), "rating");
        assert!(apart.abs() < 1e-6, "{name} {apart}");
    }
}

#[test]
fn a_fixed_board_without_errors_is_taken_as_exact_and_this_is_told() {
    let without = ["--where", "model_a != 'elm' and model_b != 'elm'"];
    let (_kept, path) = board(&without, "b.csv");
    let (_bare, bare) = file("bare.csv", &ratings_only(&path));
    let error = |path: &str| number(item(&json(&["rank", VOTES, "--fixed", path]), "elm"), "std_error");
    assert!(error(&path) > 1.05 * error(&bare), "{} {}", error(&path), error(&bare));
    let (_, out, err) = run(&["rank", VOTES, "--fixed", &path]);
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("4 stay as they are, new: 1 (elm)"), "{out}");
    assert!(
        words.contains("intervals of new items carry the errors of the board's ratings, as if independent"),
        "{out}"
    );
    assert!(!err.contains("board-without-errors"), "{err}");
    let (_, out, err) = run(&["rank", VOTES, "--fixed", &bare]);
    assert!(out.contains("they take 4 ratings as exact"), "{out}");
    assert!(err.contains("gives no error of 4 of its 4 items") && err.contains("[board-without-errors]"), "{err}");
}

/// The items and ratings of a board in palio's columns.
fn ratings_only(path: &str) -> String {
    let text = std::fs::read_to_string(path).expect("a board");
    let columns: Vec<&str> = text.lines().next().expect("a header").split(',').collect();
    let place = |name| columns.iter().position(|&column| column == name).expect("a column");
    let (item, rating) = (place("item"), place("rating"));
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        format!("{},{}\n", fields[item], fields[rating])
    };
    text.lines().map(line).collect()
}

#[test]
fn an_item_hidden_now_is_not_gone() {
    let (_kept, path) = board(&[], "b.json");
    let (_hidden, hidden) = file("hide.txt", "dune\n");
    let report = json(&["rank", VOTES, "--previous", &path, "--hide", &hidden]);
    let (moves, none) = (&report["previous"], serde_json::json!([]));
    assert_eq!((&moves["gone"], &moves["hidden"]), (&none, &serde_json::json!(["dune"])));
    let (_, out, _) = run(&["rank", VOTES, "--previous", &path, "--hide", &hidden]);
    assert!(out.contains("hidden now: 1 (dune)") && !out.contains("gone"), "{out}");
}

#[test]
fn a_previous_board_without_errors_says_nothing_of_chance() {
    let (_kept, path) = file("b.csv", "item,rating\namber,1300\nbirch,1060\ncedar,1110\n");
    let report = json(&["rank", VOTES, "--previous", &path]);
    assert!(report["previous"]["items"].as_array().unwrap().iter().all(|it| it["beyond"].is_null()));
    let (_, out, _) = run(&["rank", VOTES, "--previous", &path]);
    assert!(out.contains("without an error on one board or both, so that chance can't be told: 3"), "{out}");
}

#[test]
fn one_board_without_a_common_item_is_told_and_the_others_are_compared() {
    let (_kept, path) = file("b.csv", "item,rating,category\namber,1100,code\nbirch,1000,code\noak,1,rest\n");
    let boards = ["--board", "code=is_code", "--board", "rest=not is_code"];
    let report = json(&[&["rank", VOTES, "--previous", &path], &boards[..]].concat());
    assert_eq!(report["boards"][0]["previous"]["items"].as_array().map(Vec::len), Some(2));
    assert!(report["boards"][1]["previous"].is_null());
    let warning = &report["warnings"].as_array().unwrap().iter().find(|it| it["code"] == "nothing-in-common").unwrap();
    assert!(warning["message"].as_str().unwrap().starts_with("rest: --previous "), "{warning}");
}

#[test]
fn days_are_days_and_votes_are_whole() {
    let args = ["rank", VOTES, "--columns", "arena", "--publish-date"];
    let (code, out, _) = run(&[&args[..], &["2025-03-01"]].concat());
    assert_eq!(code, 0);
    let votes = out.lines().nth(1).unwrap().split(',').nth(5).unwrap();
    assert!(votes.parse::<u32>().is_ok(), "{votes}");
    assert!(refused(&[&args[..], &["gestern"]].concat()).contains("--publish-date gestern: this is no day"));
}

#[test]
fn the_board_that_is_compared_with_is_told() {
    let (_kept, path) = file("b.csv", "item,rating,category\namber,1100,overall\nbirch,1000,overall\noak,1,code\n");
    let (_, out, _) = run(&["rank", VOTES, "--previous", &path]);
    assert!(
        out.split_whitespace().collect::<Vec<_>>().join(" ").contains("b.csv, board overall: 2 items on both boards"),
        "{out}"
    );
}

#[test]
fn last_weeks_board_is_what_another_fit_makes_of_its_votes() {
    let report = json(&["rank", VOTES, "--until", "2025-02-22", "--interval", "fisher"]);
    let text = std::fs::read_to_string("fixtures/last_week.csv").expect("a board");
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let value = |place: usize| fields[place].parse::<f64>().expect("a number");
        let row = item(&report, fields[0]);
        for (key, expected) in [("rating", value(1)), ("low", value(2)), ("high", value(3)), ("comparisons", value(5))]
        {
            assert!((number(row, key) - expected).abs() < 2e-5, "{} {key}", fields[0]);
        }
        assert!((number(row, "std_error") - value(4).sqrt()).abs() < 1e-6);
    }
}

#[test]
fn ratings_that_were_given_are_told_apart_without_doubt() {
    let anchors = ["cedar=1300", "birch=1200", "amber=1100", "dune=700", "elm=500"];
    let args: Vec<&str> = ["rank", VOTES].into_iter().chain(anchors.iter().flat_map(|it| ["--anchor", it])).collect();
    let report = json(&args);
    for (place, row) in report["items"].as_array().expect("items").iter().enumerate() {
        assert_eq!((&row["rank_best"], &row["rank_worst"]), (&(place + 1).into(), &(place + 1).into()), "{row}");
    }
    let level = json(&["rank", VOTES, "--anchor", "cedar=1300", "--anchor", "elm=1300"]);
    assert_eq!(
        item(&level, "cedar")["tied_with"].as_array().map(Vec::len),
        item(&level, "elm")["tied_with"].as_array().map(Vec::len)
    );
    let two = json(&["rank", VOTES, "--anchor", "cedar=1300", "--anchor", "elm=500"]);
    assert!(number(item(&two, "cedar"), "rank_worst") < number(item(&two, "elm"), "rank_best"), "{two}");
}

#[test]
fn a_csv_board_on_another_scale_is_refused() {
    let (_elo, elo) = board(&[], "elo.csv");
    let (_odds, odds) = board(&["--scale", "log-odds"], "odds.csv");
    for option in ["--previous", "--fixed", "--priors"] {
        let err = refused(&["rank", VOTES, option, &odds]);
        assert!(err.contains("seem to be log-odds or shares; give --scale log-odds"), "{option}: {err}");
        let err = refused(&["rank", VOTES, "--scale", "log-odds", option, &elo]);
        assert!(err.contains("seem to be Elo points"), "{option}: {err}");
    }
}

#[test]
fn rows_of_a_board_are_no_votes() {
    let (_kept, path) = board(&["--until", "2025-02-15"], "b.json");
    let (_, out, _) = run(&["rank", VOTES, "--since", "2025-02-15", "--previous", &path]);
    assert!(out.starts_with("600 rows · "), "{out}");
}

#[test]
fn priors_are_told_on_the_board() {
    let (_, out, _) = run(&["rank", VOTES, "--priors", "fixtures/last_week.csv"]);
    assert!(out.contains("priors from the board fixtures/last_week.csv, as if independent of this log"), "{out}");
    let (_, out, _) = run(&["rank", VOTES, "--anchor", "cedar=1100±20"]);
    assert!(out.contains("priors from 1 --anchor with ±"), "{out}");
}

#[test]
fn what_moved_is_told_beside_formats_without_a_place_for_it() {
    for format in ["markdown", "csv", "jsonl"] {
        let (_, out, err) = run(&["rank", VOTES, "--previous", "fixtures/last_week.csv", "--format", format]);
        assert!(err.contains("since fixtures/last_week.csv, board overall: 5 items on both boards"), "{format}: {err}");
        assert!(!out.contains("on both boards"), "{format}: {out}");
        let fixed = ["rank", VOTES, "--fixed", "fixtures/last_week_without_elm.csv", "--format", format];
        assert!(run(&fixed).2.contains("4 stay as they are, new: 1 (elm)"), "{format}");
    }
}

#[test]
fn items_are_hidden_by_the_names_that_are_shown_too() {
    let (_names, names) = file("names.csv", "amber,Amber 7B\n");
    let (_hide, hide) = file("hide.txt", "Amber 7B\n");
    let (code, out, err) = run(&["rank", VOTES, "--rename", &names, "--hide", &hide, "--strict"]);
    assert!(code == 0 && !out.contains("Amber") && out.contains("items hidden: 1"), "{out}{err}");
}

#[test]
fn what_is_not_identified_is_not_published_as_if_it_were() {
    let (_, out, _) = run(&["rank", "fixtures/undefeated.csv", "--columns", "arena", "--publish-date", "2025-01-01"]);
    let row = out.lines().find(|line| line.starts_with("Ada,")).expect("Ada");
    assert!(row.starts_with("Ada,,,,,") && row.ends_with(",,overall,2025-01-01"), "{row}");
    let (_, out, _) = run(&["rank", "fixtures/undefeated.csv", "--format", "markdown"]);
    assert!(out.contains(") not identified |"), "{out}");
}

#[test]
fn caps_are_given_one_by_one() {
    let err = refused(&["rank", VOTES, "--max-per", "user:3,language:50"]);
    assert!(err.contains("give --max-per once for each"), "{err}");
}

#[test]
fn what_stays_is_shown_at_the_level_that_is_asked_for() {
    let args = ["rank", VOTES, "--fixed", "fixtures/last_week_without_elm.csv"];
    let at = |level: &str| {
        let report = json(&[&args[..], &["--level", level]].concat());
        let cedar = item(&report, "cedar");
        (number(cedar, "high") - number(cedar, "low")) / number(cedar, "std_error")
    };
    // Twice the normal quantiles (scipy.stats.norm.ppf): 0.95 and 0.5.
    assert!((at("0.95") - 2.0 * 1.959_963_985).abs() < 1e-6 && (at("0.5") - 2.0 * 0.674_489_750).abs() < 1e-6);
}

#[test]
fn a_board_that_stays_loses_nobody_to_a_least_number_of_comparisons() {
    let (_kept, log) = file("y.csv", "model_a,model_b,winner\nelm,cedar,a\ncedar,elm,a\nelm,cedar,a\nash,cedar,b\n");
    let fixed = "fixtures/last_week_without_elm.csv";
    let report = json(&["rank", &log, "--fixed", fixed, "--min-comparisons", "3"]);
    let names: Vec<&str> = report["items"].as_array().unwrap().iter().filter_map(|it| it["item"].as_str()).collect();
    for name in ["cedar", "birch", "amber", "dune", "elm"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(!names.contains(&"ash"), "{names:?}");
}

#[test]
fn what_sways_comparisons_is_refused_for_ballots() {
    for option in [&["--covariates", "x=x"][..], &["--style-control"], &["--side-advantage"], &["--reweight", "pair:1"]]
    {
        let err = refused(&[&["rank", "fixtures/tennessee.soc"], option].concat());
        assert!(err.contains("the input holds ballots"), "{option:?}: {err}");
    }
}

#[test]
fn an_interval_that_ends_before_it_begins_is_refused() {
    let (_kept, path) = file("b.csv", "model_name,rating,rating_lower,rating_upper\namber,1000,1100,900\n");
    let err = refused(&["rank", VOTES, "--fixed", &path]);
    assert!(err.contains("line 2: the interval from 1100 to 900 ends before it begins"), "{err}");
}
